/* LPIPS as a measure: both networks against published figures where the trained weights are at
 * hand, against the training loss by random weights elsewhere, and what is refused. */
#include "../golden/harness.h"

#include <kizil/image.h>

#include "model/lpips.h"
#include "model/perceptual.h"
#include "perceptual_fixture.h"

static char dir[64], weights[96];

static int setup(void **state) {
  struct kz_err err = {0};
  (void)state;
  snprintf(dir, sizeof dir, "/tmp/kizil-lpips-XXXXXX");
  if (!mkdtemp(dir)) return -1;
  snprintf(weights, sizeof weights, "%s/random.safetensors", dir);
  return perceptual_write(weights, &err);
}

static int teardown(void **state) {
  (void)state;
  unlink(weights);
  return rmdir(dir);
}

static uint8_t *draw(uint32_t seed, int w, int h) {
  uint8_t *rgb = malloc((size_t)w * (size_t)h * 3);
  assert_non_null(rgb);
  for (int y = 0; y < h; y++)
    for (int x = 0; x < w; x++)
      for (int c = 0; c < 3; c++) {
        int at = (y * w + x) * 3 + c;
        float v = .6f * sinf(.2f * (float)(x * (c + 1)) + .3f * (float)y + (float)seed) +
                  .3f * noise_at(seed, (uint32_t)at);
        rgb[at] = (uint8_t)lrintf(127.5f + 127.5f * v);
      }
  return rgb;
}

static double compare(struct kz_lpips *l, int w, int h, const uint8_t *a, const uint8_t *b,
                      float *pooled) {
  struct kz_err err = {0};
  double d = -1;
  assert_ok(kz_lpips_compare(l, w, h, a, b, &d, pooled, &err));
  return d;
}

/* The measure is the training loss of the same pair; sizes change in between and come back. */
static void test_as_the_loss(void **state) {
  static const int size[4][2] = {{48, 64}, {32, 32}, {48, 64}, {50, 34}};
  static const float scale[1] = {1};
  struct kz_lpips *l = NULL;
  struct kz_err err = {0};
  (void)state;
  assert_ok(kz_lpips_open(weights, kz_backend_cpu(2), &l, &err));
  assert_string_equal(kz_lpips_name(l), "squeeze");
  assert_int_equal(kz_lpips_channels(l), 512);
  for (uint32_t k = 0; k < 4; k++) {
    int w = size[k][0], h = size[k][1], values = w * h * 3;
    uint8_t *a = draw(k, w, h), *b = draw(20 + k, w, h);
    float *target = malloc((size_t)values * 3 * sizeof *target);
    assert_non_null(target);
    float *x = target + values, *diff = x + values;
    for (int i = 0; i < values; i++)
      target[i] = (float)a[i] / 127.5f - 1, x[i] = (float)b[i] / 127.5f - 1;
    struct kz_perceptual *p = NULL;
    double want;
    assert_ok(kz_perceptual_new(weights, kz_backend_cpu(1), KZ_F32, 1, h, w, &p, &err));
    assert_ok(kz_perceptual_loss(p, target, x, scale, &want, diff, &err));
    double got = compare(l, w, h, a, b, NULL);
    if (!(want > .01 && fabs(got / want - 1) < 1e-4)) fail_msg("%g, the loss %g", got, want);
    assert_true(compare(l, w, h, a, a, NULL) == 0);
    kz_perceptual_free(p);
    free(target);
    free(a);
    free(b);
  }
  kz_lpips_close(l);
}

/* Odd sides: the last row and column count only if a kernel reaches them. */
static void test_odd_sides(void **state) {
  struct kz_lpips *l = NULL;
  struct kz_err err = {0};
  float pooled[2 * 512], again[2 * 512];
  (void)state;
  assert_ok(kz_lpips_open(weights, kz_backend_cpu(1), &l, &err));
  uint8_t *a = draw(1, 33, 33), *b = draw(2, 33, 33), *cut[2];
  double odd = compare(l, 33, 33, a, b, pooled);
  for (int k = 0; k < 2; k++) {
    const uint8_t *from = k ? b : a; /* 34 x 34: a 16th step of stride 2 would need 35 */
    cut[k] = malloc(34 * 34 * 3);
    assert_non_null(cut[k]);
    for (int y = 0; y < 34; y++)
      for (int x = 0; x < 34; x++)
        memcpy(cut[k] + 3 * (y * 34 + x), from + 3 * ((y % 33) * 33 + x % 33), 3);
  }
  assert_true(compare(l, 34, 34, cut[0], cut[1], again) == odd);
  assert_memory_equal(pooled, again, sizeof pooled);
  for (int k = 0; k < 2; k++) free(cut[k]);
  a[3 * (16 * 33 + 32)] ^= 128; /* in the last column */
  assert_true(compare(l, 33, 33, a, b, NULL) != odd);
  free(a);
  free(b);
  kz_lpips_close(l);
}

static struct kz_pixels load_picture(const char *name) {
  struct kz_pixels p;
  struct kz_err err = {0};
  const char *path = shared_path(name);
  assert_non_null(path);
  assert_ok(kz_pixels_load(path, 0, 0, &p, &err));
  assert_int_equal(p.channels, 3);
  return p;
}

static void check_published(const char *file, const char *name, const double want[2],
                            double tolerance) {
  static const char *const others[2] = {"models/ex_p0.png", "models/ex_p1.png"};
  struct kz_lpips *l = NULL;
  struct kz_err err = {0};
  assert_ok(kz_image_startup("test", 1, &err));
  assert_ok(kz_lpips_open(file, kz_backend_cpu(2), &l, &err));
  assert_string_equal(kz_lpips_name(l), name);
  struct kz_pixels target = load_picture("models/ex_ref.png");
  for (int i = 0; i < 2; i++) {
    struct kz_pixels x = load_picture(others[i]);
    double got = compare(l, x.width, x.height, target.data, x.data, NULL);
    if (!(fabs(got - want[i]) < tolerance))
      fail_msg("%s, %s: %.6f, published %.6f", name, others[i], got, want[i]);
    kz_pixels_release(&x);
  }
  kz_pixels_release(&target);
  kz_lpips_close(l);
}

static void test_published(void **state) {
  static const double alex[2] = {.7218808457255363, .13756556063890457}, squeeze[2] = {.711, .1479};
  char path[1024];
  (void)state;
  const char *file = shared_path("models/lpips_alex_v0.1.safetensors");
  if (!file) skip();
  snprintf(path, sizeof path, "%s", file);
  check_published(path, "alex", alex, 1e-5);
  file = shared_path("models/lpips_squeeze_v0.1.safetensors");
  if (!file) return;
  snprintf(path, sizeof path, "%s", file);
  check_published(path, "squeeze", squeeze, 1e-4);
}

static void test_refusals(void **state) {
  static struct perceptual_weights w;
  struct kz_lpips *l = NULL;
  struct kz_err err = {0};
  double d;
  char path[128];
  (void)state;
  snprintf(path, sizeof path, "%s/bad.safetensors", dir);
  assert_int_equal(kz_lpips_open(path, kz_backend_cpu(1), &l, &err), KZ_ENOENT);
  assert_non_null(strstr(err.msg, path));
  perceptual_fill(&w);
  w.count -= 2; /* lin5, lin6 */
  assert_int_equal(kz_safetensors_save(path, w.tensor, w.count, NULL, 0, &err), 0);
  assert_int_equal(kz_lpips_open(path, kz_backend_cpu(1), &l, &err), KZ_EFORMAT);
  assert_non_null(strstr(err.msg, "tensor 'lin5.weight' is missing"));
  w.count = 2;
  assert_int_equal(kz_safetensors_save(path, w.tensor, w.count, NULL, 0, &err), 0);
  assert_int_equal(kz_lpips_open(path, kz_backend_cpu(1), &l, &err), KZ_EFORMAT);
  assert_non_null(strstr(err.msg, "not LPIPS weights over AlexNet"));
  w.count = PERCEPTUAL_TENSORS;
  perceptual_release(&w);
  unlink(path);
  assert_null(l);
  assert_ok(kz_lpips_open(weights, kz_backend_cpu(1), &l, &err));
  uint8_t *a = draw(1, 40, 40);
  assert_int_equal(kz_lpips_compare(l, 40, 31, a, a, &d, NULL, &err), KZ_ESHAPE);
  assert_non_null(strstr(err.msg, "40 x 31 px"));
  assert_true(compare(l, 40, 40, a, a, NULL) == 0);
  free(a);
  kz_lpips_close(l);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_as_the_loss),
      cmocka_unit_test(test_odd_sides),
      cmocka_unit_test(test_published),
      cmocka_unit_test(test_refusals),
  };
  return cmocka_run_group_tests_name("lpips", tests, setup, teardown);
}
