/* kz_pixels: photographs of every kind as 8-bit RGB, upright, at the size asked for, from several
 * threads at once; and saved again. */
#include "image_fixture.h"

#include <math.h>
#include <pthread.h>

static struct kz_pixels load_ok(const char *name, int short_side, int at_least) {
  struct kz_pixels p = {0};
  struct kz_err err = {0};
  if (kz_pixels_load(in_folder(name), short_side, at_least, &p, &err)) fail_msg("%s", err.msg);
  assert_int_equal(p.channels, 3);
  return p;
}

static void test_pixels_depths(void **state) {
  (void)state;
  for (int i = 0; i < KINDS; i++) {
    const struct file_kind *k = &kinds[i];
    make_file(k->name, k->options, W, H, k->bands, k->bits, false);
    struct kz_pixels p = load_ok(k->name, 0, 0);
    VipsImage *header;
    void *raw = decode(k->name, &header);
    assert_int_equal(p.width, W);
    assert_int_equal(p.height, H);
    for (int j = 0; j < W * H * 3; j++) {
      size_t at = (size_t)(j / 3) * k->bands + (k->bands < 3 ? 0 : j % 3);
      double want = sample_at(raw, k->bits, at) / (k->bits == 16 ? 257.0 : 1.0);
      if (fabs(p.data[j] - want) > 0.5001) fail_msg("%s: %d for %g", k->name, p.data[j], want);
    }
    g_free(raw);
    g_object_unref(header);
    kz_pixels_release(&p);
    assert_null(p.data);
  }
}

static void test_pixels_sizes(void **state) {
  (void)state;
  make_file("wide.jpg", "", 640, 301, 3, 8, false);
  struct kz_pixels p = load_ok("wide.jpg", 100, 64);
  assert_int_equal(p.height, 100);
  assert_int_equal(p.width, 213);
  kz_pixels_release(&p);
  p = load_ok("wide.jpg", 440, 440);
  assert_int_equal(p.height, 440);
  assert_int_equal(p.width, 936);
  kz_pixels_release(&p);
  p = load_ok("wide.jpg", 301, 0);
  assert_int_equal(p.height, 301);
  kz_pixels_release(&p);
}

/* Reduction averages: a fine checkerboard becomes its mean, not one of its colours. */
static void test_pixels_lanczos(void **state) {
  (void)state;
  enum { N = 512 };
  uint8_t *p = malloc((size_t)N * N);
  assert_non_null(p);
  for (int i = 0; i < N * N; i++) p[i] = (i / N + i) % 2 ? 200 : 100;
  VipsImage *v = make_vips(p, N, N, 1, 8);
  save_vips(v, "check.png", "");
  g_object_unref(v);
  free(p);
  struct kz_pixels small = load_ok("check.png", 64, 0);
  for (int y = 4; y < 60; y++)
    for (int x = 4; x < 60; x++) assert_true(abs(small.data[(y * 64 + x) * 3 + 1] - 150) < 4);
  kz_pixels_release(&small);
}

static void test_pixels_orientation(void **state) {
  (void)state;
  uint8_t p[40 * 20];
  for (int i = 0; i < 40 * 20; i++) p[i] = i % 40 < 20 ? 250 : 10;
  for (int orientation = 1; orientation <= 8; orientation++) {
    VipsImage *v = make_vips(p, 40, 20, 1, 8);
    vips_image_set_int(v, VIPS_META_ORIENTATION, orientation);
    save_vips(v, "turned.jpg", "");
    g_object_unref(v);
    struct kz_pixels got = load_ok("turned.jpg", orientation % 2 ? 0 : 10, 0);
    bool upright = orientation < 5;
    assert_int_equal(got.width > got.height, upright);
    /* Where the left half went: 1, 4 left; 2, 3 right; 5, 6 top; 7, 8 bottom. */
    bool first = orientation == 1 || orientation == 4 || orientation == 5 || orientation == 6;
    assert_int_equal(got.data[3 * ((size_t)got.width * 2 + 2)] > 128, first);
    kz_pixels_release(&got);
    struct kz_image *im = NULL; /* kz_image_open turns nothing */
    struct kz_image_info info;
    struct kz_err err = {0};
    assert_int_equal(kz_image_open(in_folder("turned.jpg"), &im, &err), 0);
    kz_image_get_info(im, &info);
    assert_int_equal(info.width, 40);
    kz_image_close(im);
  }
}

static void test_pixels_save(void **state) {
  (void)state;
  struct kz_err err = {0};
  for (int channels = 1; channels <= 3; channels += 2) {
    struct kz_pixels p = {0};
    assert_int_equal(kz_pixels_init(&p, 33, 21, channels, &err), 0);
    for (int i = 0; i < 33 * 21 * channels; i++) p.data[i] = (uint8_t)(i * 7);
    const char *names[] = {"s.png", "s.tiff", "s.webp"};
    for (int f = 0; f < 3; f++) {
      assert_int_equal(kz_pixels_save(&p, in_folder(names[f]), &err), 0);
      struct kz_pixels q = load_ok(names[f], 0, 0);
      assert_int_equal(q.width, 33);
      for (int i = 0; i < 33 * 21 * 3; i++)
        assert_int_equal(q.data[i], p.data[channels == 1 ? i / 3 : i]);
      kz_pixels_release(&q);
    }
    assert_int_equal(kz_pixels_save(&p, in_folder("s.jpg"), &err), 0);
    kz_pixels_release(&p);
  }
  assert_int_equal(count_files("tmp"), 0);
}

/* Background decoders call from threads of their own, good files and bad ones side by side. */
static void *load_many(void *failures) {
  struct kz_err err = {0};
  struct kz_pixels p = {0};
  for (int i = 0; i < 12; i++) {
    bool bad = i % 3 == 2;
    int rc = kz_pixels_load(in_folder(bad ? "half.jpg" : "whole.jpg"), 50, 0, &p, &err);
    if (rc != (bad ? KZ_EFORMAT : 0) || (bad && !strstr(err.msg, "half.jpg")))
      ++*(int *)failures;
    kz_pixels_release(&p);
  }
  return NULL;
}

static void test_pixels_from_threads(void **state) {
  (void)state;
  enum { THREADS = 3 };
  pthread_t threads[THREADS];
  int failures[THREADS] = {0};
  static char bytes[1 << 20];
  make_file("whole.jpg", "", 200, 300, 3, 8, false);
  FILE *f = fopen(in_folder("whole.jpg"), "rb");
  assert_non_null(f);
  size_t size = fread(bytes, 1, sizeof bytes, f);
  fclose(f);
  write_bytes(in_folder("half.jpg"), bytes, size / 2);
  for (int i = 0; i < THREADS; i++)
    assert_int_equal(pthread_create(&threads[i], NULL, load_many, &failures[i]), 0);
  for (int i = 0; i < THREADS; i++) {
    assert_int_equal(pthread_join(threads[i], NULL), 0);
    assert_int_equal(failures[i], 0);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_pixels_depths),      cmocka_unit_test(test_pixels_sizes),
      cmocka_unit_test(test_pixels_lanczos),     cmocka_unit_test(test_pixels_orientation),
      cmocka_unit_test(test_pixels_save),        cmocka_unit_test(test_pixels_from_threads),
  };
  return cmocka_run_group_tests(tests, fixture_setup, fixture_teardown);
}
