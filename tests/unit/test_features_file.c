/* kz_features_file and what it reads: tiles against the whole picture, the pages and their
 * description, drawings of every kind of file, stops and failures that leave nothing. */
#include <math.h>

#include "image_fixture.h"

#include <kizil/feature.h>
#include <kizil/rng.h>

#include "feature/drawing.h"
#include "feature/fused.h"
#include "feature/outline.h"

static struct kz_features_options defaults(void) {
  struct kz_features_options o = {0};
  kz_params_defaults(kz_features_params, &o);
  kz_params_defaults(kz_line_params, &o);
  kz_params_defaults(kz_palette_params, &o);
  o.threads = 2;
  return o;
}

static void save(const struct kz_pixels *p, const char *name) {
  struct kz_err err;
  if (kz_pixels_save(p, in_folder(name), &err)) fail_msg("%s", err.msg);
}

/* A picture with stripes and grain, blots for a mask, strokes for a drawing. */
static void make_inputs(int w, int h) {
  struct kz_pixels a, m, l;
  struct kz_err err;
  struct kz_rng rng;
  kz_rng_init(&rng, 6);
  assert_int_equal(kz_pixels_init(&a, w, h, 3, &err), 0);
  assert_int_equal(kz_pixels_init(&m, w, h, 1, &err), 0);
  assert_int_equal(kz_pixels_init(&l, w, h, 1, &err), 0);
  for (int y = 0; y < h; y++)
    for (int x = 0; x < w; x++) {
      size_t i = (size_t)y * w + x;
      float v = 130 + 60 * sinf((float)x * 0.03f) * cosf((float)y * 0.02f);
      if ((x + y / 2) % 61 < 4) v -= 90;
      for (int c = 0; c < 3; c++)
        a.data[3 * i + c] = (uint8_t)(fmaxf(v - 20 * c, 0) + kz_rng_int(&rng, 0, 8));
      m.data[i] = (x / 90 * 7 + y / 70 * 3) % 11 == 0 && x % 90 < 60 ? 255 : 0;
      l.data[i] = (x + y) % 40 < 3 ? 30 : 255;
    }
  save(&a, "a.png");
  save(&m, "m.png");
  save(&l, "l.png");
  kz_pixels_release(&a);
  kz_pixels_release(&m);
  kz_pixels_release(&l);
}

/* The channels of the whole picture at once. */
static float *whole(int w, int h) {
  size_t n = (size_t)w * h;
  float *rgb = malloc(3 * n * sizeof *rgb), *mask = malloc(n * sizeof *mask);
  float *out = malloc(KZ_FUSED * n * sizeof *out);
  float *scratch = malloc(kz_fused_scratch(w, h) * sizeof *scratch);
  uint8_t *bytes = malloc(n), *drawn = malloc(n), *valid = malloc(n);
  struct kz_image *a, *m, *l;
  struct kz_err err;
  assert_true(rgb && mask && out && scratch && bytes && drawn && valid);
  assert_int_equal(kz_image_open(in_folder("a.png"), &a, &err), 0);
  assert_int_equal(kz_image_open(in_folder("m.png"), &m, &err), 0);
  assert_int_equal(kz_image_open(in_folder("l.png"), &l, &err), 0);
  assert_int_equal(kz_image_read_rgb(a, 0, 0, w, h, rgb, &err), 0);
  assert_int_equal(kz_image_read_mask(m, 0, 0, w, h, bytes, &err), 0);
  assert_int_equal(kz_drawing_read(l, 0, 0, w, h, drawn, &err), 0);
  for (size_t i = 0; i < 3 * n; i++) rgb[i] = 2 * rgb[i] - 1;
  for (size_t i = 0; i < n; i++) mask[i] = bytes[i] ? 1 : 0;
  memset(valid, 255, n);
  struct kz_fused_input in = {w, h, rgb, mask, drawn, valid};
  kz_fused_compute(&in, out, scratch);
  kz_image_close(a);
  kz_image_close(m);
  kz_image_close(l);
  free(rgb);
  free(mask);
  free(scratch);
  free(bytes);
  free(drawn);
  free(valid);
  return out;
}

static VipsImage *page(const char *name, int number) {
  VipsImage *im = NULL;
  if (vips_tiffload(in_folder(name), &im, "page", number, NULL))
    fail_msg("%s", vips_error_buffer());
  return im;
}

static void compare_page(int channel, int w, int h, const float *fused) {
  const struct kz_feature *f = &kz_features[channel];
  VipsImage *im = page("out.tif", channel);
  size_t size, off = 0;
  assert_int_equal(im->Xsize, w);
  assert_int_equal(im->Ysize, h);
  assert_int_equal(im->BandFmt, VIPS_FORMAT_USHORT);
  uint16_t *v = vips_image_write_to_memory(im, &size);
  assert_non_null(v);
  for (size_t i = 0; i < (size_t)w * h; i++) {
    double want = (fused[i * KZ_FUSED + channel] - f->min) / (f->max - f->min) * 65535;
    want = fmin(fmax(want, 0), 65535);
    off += fabs(v[i] - want) > 1.6; /* half a step and 1e-5 of the range */
  }
  assert_int_equal(off, 0);
  g_free(v);
  g_object_unref(im);
}

static void test_tiles_are_as_the_whole(void **state) {
  (void)state;
  enum { W = 1610, H = 830 }; /* three tiles by two bands */
  struct kz_features_options o = defaults();
  struct kz_features_stats stats;
  struct kz_err err;
  make_inputs(W, H);
  if (kz_features_file(in_folder("a.png"), in_folder("m.png"), in_folder("l.png"),
                       in_folder("out"), &o, NULL, &stats, &err))
    fail_msg("%s", err.msg);
  assert_int_equal(stats.width, W);
  assert_int_equal(stats.height, H);
  assert_true(stats.damaged > 0.03 && stats.damaged < 0.2);
  assert_true(strlen(stats.palette) > 4);
  float *fused = whole(W, H);
  for (int c = 0; c < KZ_FUSED; c++) compare_page(c, W, H, fused);
  free(fused);
  VipsImage *im = page("out.tif", 0);
  const char *text;
  int pages;
  assert_int_equal(vips_image_get_int(im, VIPS_META_N_PAGES, &pages), 0);
  assert_int_equal(pages, KZ_FEATURES);
  assert_int_equal(vips_image_get_string(im, VIPS_META_IMAGEDESCRIPTION, &text), 0);
  for (const struct kz_feature *f = kz_features; f->name; f++)
    assert_non_null(strstr(text, f->name));
  g_object_unref(im);
  assert_int_equal(count_files("out"), 3);
  empty_folder();
}

static void test_palette_page(void **state) {
  (void)state;
  enum { W = 120, H = 90 };
  struct kz_features_options o = defaults();
  struct kz_features_stats stats;
  struct kz_pixels a, m;
  struct kz_err err;
  assert_int_equal(kz_pixels_init(&a, W, H, 3, &err), 0);
  assert_int_equal(kz_pixels_init(&m, W, H, 1, &err), 0);
  for (int i = 0; i < W * H; i++) { /* two thirds cinnabar, a third malachite, holes of another */
    const uint8_t red[3] = {168, 74, 66}, green[3] = {104, 150, 124}, blue[3] = {0, 0, 255};
    m.data[i] = i / W < 10 ? 255 : 0;
    memcpy(a.data + 3 * i, m.data[i] ? blue : i % W < 80 ? red : green, 3);
  }
  save(&a, "a.png");
  save(&m, "m.png");
  assert_int_equal(kz_features_file(in_folder("a.png"), in_folder("m.png"), NULL,
                                    in_folder("out.TIF"), &o, NULL, &stats, &err), 0);
  assert_string_equal(stats.palette, "cinnabar 67 %, malachite 33 %");
  VipsImage *im = page("out.tif", KZ_FUSED);
  size_t size;
  uint16_t *v = vips_image_write_to_memory(im, &size);
  for (int i = 0; i < W * H; i++)
    assert_int_equal((v[i] * 8 + 32767) / 65535, m.data[i] ? 0 : i % W < 80 ? 1 : 2);
  g_free(v);
  g_object_unref(im);
  kz_pixels_release(&a);
  kz_pixels_release(&m);
  empty_folder();
}

/* Sizes down to one pixel, all of it a hole, 16 bits and alpha. */
static void test_any_picture(void **state) {
  (void)state;
  static const int sides[][2] = {{1, 1}, {1, 70}, {90, 1}, {33, 20}};
  struct kz_features_options o = defaults();
  struct kz_features_stats stats;
  struct kz_err err;
  o.overwrite = true;
  for (int k = 0; k < 4; k++) {
    struct kz_pixels m;
    int w = sides[k][0], h = sides[k][1];
    make_file("a.png", "", w, h, 1 + k, k % 2 ? 16 : 8, false);
    assert_int_equal(kz_pixels_init(&m, w, h, 1, &err), 0);
    memset(m.data, 255, (size_t)w * h);
    save(&m, "m.png");
    kz_pixels_release(&m);
    if (kz_features_file(in_folder("a.png"), NULL, in_folder("a.png"), in_folder("out.png"), &o,
                         NULL, &stats, &err))
      fail_msg("%s", err.msg);
    assert_true(stats.damaged == 0 && stats.palette[0]);
    if (kz_features_file(in_folder("a.png"), in_folder("m.png"), NULL, in_folder("out.png"), &o,
                         NULL, &stats, &err))
      fail_msg("%s", err.msg);
    assert_true(stats.damaged == 1);
    assert_string_equal(stats.palette, "");
  }
  empty_folder();
}

/* ---- drawings ---- */

/* Discs of another colour, some with a dark contour; holes that cut them. */
static void make_discs(int w, int h, float *rgb, float *mask) {
  struct kz_pixels a, m;
  struct kz_err err;
  assert_int_equal(kz_pixels_init(&a, w, h, 3, &err), 0);
  assert_int_equal(kz_pixels_init(&m, w, h, 1, &err), 0);
  for (int i = 0; i < w * h; i++) {
    int x = i % w, y = i / w;
    float far = hypotf((float)(x % 97) - 48, (float)(y % 97) - 48) - 30;
    bool contour = (x / 97 + y / 97) % 3 == 0 && fabsf(far) < 2;
    const uint8_t ground[3] = {150, 120, 90}, disc[3] = {70, 140, 130}, ink[3] = {40, 30, 30};
    memcpy(a.data + 3 * i, contour ? ink : far < 0 ? disc : ground, 3);
    m.data[i] = y % 150 > 120 && x % 130 > 70 ? 255 : 0;
    mask[i] = m.data[i] ? 1 : 0;
    for (int c = 0; c < 3; c++) rgb[3 * i + c] = 2 * (a.data[3 * i + c] / 255.0f) - 1;
  }
  save(&a, "a.png");
  save(&m, "m.png");
  kz_pixels_release(&a);
  kz_pixels_release(&m);
}

/* The drawing of the whole picture at once, over what kz_features_file left of it by tiles. */
static void compare_drawing(int w, int h, const float *rgb, const float *mask, float outline,
                            const char *name) {
  size_t n = (size_t)w * h, need = kz_fused_scratch(w, h), more = kz_outline_scratch(w, h);
  float *fused = malloc(KZ_FUSED * n * sizeof *fused);
  float *scratch = malloc((need > more ? need : more) * sizeof *scratch);
  uint8_t *line = malloc(n);
  struct kz_fused_input in = {.w = w, .h = h, .rgb = rgb, .mask = mask};
  struct kz_outline_input edges = {w, h, rgb, mask, outline};
  VipsImage *im;
  assert_true(fused && scratch && line);
  uint8_t *drawing = decode(name, &im);
  assert_int_equal(im->Bands, 1);
  assert_int_equal(im->BandFmt, VIPS_FORMAT_UCHAR);
  kz_fused_compute(&in, fused, scratch);
  for (size_t i = 0; i < n; i++) {
    float v = (fused[i * KZ_FUSED + KZ_FUSED_LINE] - 0.1f) / 0.9f;
    line[i] = v < 0 || mask[i] > 0 ? 0 : (uint8_t)(255 * v + 0.5f);
  }
  if (outline > 0) kz_outline_draw(&edges, line, scratch);
  int dark = 0;
  for (size_t i = 0; i < n; i++) {
    if (mask[i] > 0) assert_int_equal(drawing[i], 255);
    if (abs(drawing[i] - (255 - line[i])) > 2) fail_msg("%d and %d", drawing[i], 255 - line[i]);
    dark += drawing[i] < 100;
  }
  int least = outline > 0 ? 28000 : 15000, most = outline > 0 ? 42000 : 22000;
  if (dark < least || dark > most) fail_msg("%d", dark);
  g_object_unref(im);
  g_free(drawing);
  free(fused);
  free(scratch);
  free(line);
}

static void test_drawing_is_written(void **state) {
  (void)state;
  enum { W = 1000, H = 820 }; /* two tiles by two bands */
  struct kz_features_options o = defaults();
  struct kz_err err;
  char path[256];
  float *rgb = malloc(W * H * 3 * sizeof *rgb), *mask = malloc(W * H * sizeof *mask);
  assert_true(rgb && mask);
  make_discs(W, H, rgb, mask);
  snprintf(path, sizeof path, "%s", in_folder("drawn.png"));
  o.drawing = path;
  o.overwrite = true;
  for (int k = 0; k < 2; k++) {
    o.outline = k ? 0 : 16;
    if (kz_features_file(in_folder("a.png"), in_folder("m.png"), NULL, in_folder("out"), &o, NULL,
                         NULL, &err))
      fail_msg("%s", err.msg);
    assert_int_equal(count_files(""), 6);
    compare_drawing(W, H, rgb, mask, (float)o.outline, "drawn.png");
  }
  free(rgb);
  free(mask);
  empty_folder();
}

static void test_drawing_refused(void **state) {
  (void)state;
  static const struct {
    const char *name;
    int code;
    const char *says;
  } cases[] = {{"drawn.jpg", KZ_EUNSUPPORTED, "written as .png"},
               {"drawn.xyz", KZ_EUNSUPPORTED, "xyz"},
               {"out.png", KZ_EEXIST, "written twice"},
               {"out-sheet.png", KZ_EEXIST, "written twice"},
               {"m.png", KZ_EEXIST, "overwrite an input"},
               {"a.png", KZ_EEXIST, "its own source"},
               {"there.png", KZ_EEXIST, "--overwrite"}};
  struct kz_features_options o = defaults();
  char path[256];
  make_inputs(64, 50);
  write_bytes(in_folder("there.png"), "kept", 4);
  for (size_t k = 0; k < sizeof cases / sizeof *cases; k++) {
    struct kz_err err = {0};
    snprintf(path, sizeof path, "%s", in_folder(cases[k].name));
    o.drawing = path;
    if (kz_features_file(in_folder("a.png"), in_folder("m.png"), NULL, in_folder("out"), &o, NULL,
                         NULL, &err) != cases[k].code ||
        !strstr(err.msg, cases[k].says))
      fail_msg("%s: %s", cases[k].name, err.msg);
    assert_int_equal(count_files(""), 4);
  }
  empty_folder();
}

static void test_drawing_read(void **state) {
  (void)state;
  for (size_t k = 0; k < 16; k++) { /* the PNGs and TIFFs of the fixture */
    const struct file_kind *f = &kinds[k];
    struct kz_image *im;
    struct kz_err err;
    VipsImage *header;
    uint8_t drawn[20 * 30];
    make_file(f->name, f->options, W, H, f->bands, f->bits, false);
    void *samples = decode(f->name, &header);
    assert_int_equal(kz_image_open(in_folder(f->name), &im, &err), 0);
    assert_int_equal(kz_drawing_read(im, 50, 7, 20, 30, drawn, &err), 0);
    for (int i = 0; i < 600; i++) {
      size_t at = ((size_t)(7 + i / 20) * W + 50 + i % 20) * f->bands;
      double top = f->bits == 16 ? 65535 : 255, least = 1, alpha = 1;
      for (int c = 0; c < (f->bands < 3 ? 1 : 3); c++)
        least = fmin(least, sample_at(samples, f->bits, at + c) / top);
      if (f->bands % 2 == 0) alpha = sample_at(samples, f->bits, at + f->bands - 1) / top;
      assert_true(fabs(drawn[i] - 255 * alpha * (1 - least)) < 0.51);
    }
    assert_int_equal(kz_drawing_read(im, W - 19, 0, 20, 1, drawn, &err), KZ_ERANGE);
    assert_non_null(strstr(err.msg, "97 x 61"));
    kz_image_close(im);
    g_object_unref(header);
    g_free(samples);
  }
  empty_folder();
}

/* ---- refusals ---- */

struct watch {
  int done, total, stop_after;
};

static void on_progress(void *self, int done, int total) {
  struct watch *w = self;
  w->done = done;
  w->total = total;
}

static bool on_stop(void *self) {
  struct watch *w = self;
  return w->done >= w->stop_after;
}

static void test_stop_and_progress(void **state) {
  (void)state;
  struct kz_features_options o = defaults();
  struct watch watch = {.stop_after = 2};
  const struct kz_features_host host = {&watch, on_progress, on_stop};
  struct kz_err err = {0};
  o.threads = 1;
  make_inputs(780, 1600);
  assert_int_equal(kz_features_file(in_folder("a.png"), NULL, NULL, in_folder("out"), &o, &host,
                                    NULL, &err), KZ_EINTR);
  assert_string_equal(err.msg, "stopped");
  assert_int_equal(watch.done, 2);
  assert_int_equal(watch.total, 6);
  assert_int_equal(count_files(""), 3); /* the inputs */
  watch.stop_after = 99;
  assert_int_equal(kz_features_file(in_folder("a.png"), NULL, NULL, in_folder("out"), &o, &host,
                                    NULL, &err), 0);
  assert_int_equal(watch.done, 6);
  assert_int_equal(count_files(""), 6);
  empty_folder();
}

static void test_refusals(void **state) {
  (void)state;
  struct kz_features_options o = defaults();
  struct kz_err err = {0};
  make_inputs(64, 50);
  make_file("other.png", "", 63, 50, 1, 8, false);
  char a[256], m[256], other[256];
  snprintf(a, sizeof a, "%s", in_folder("a.png"));
  snprintf(m, sizeof m, "%s", in_folder("m.png"));
  snprintf(other, sizeof other, "%s", in_folder("other.png"));
  assert_int_equal(kz_features_file(a, other, NULL, in_folder("out"), &o, NULL, NULL, &err),
                   KZ_ESHAPE);
  assert_non_null(strstr(err.msg, "63 x 50"));
  assert_int_equal(kz_features_file(a, m, other, in_folder("out"), &o, NULL, NULL, &err),
                   KZ_ESHAPE);
  assert_non_null(strstr(err.msg, "drawing"));
  assert_int_equal(kz_features_file(a, m, NULL, in_folder("none/out"), &o, NULL, NULL, &err),
                   KZ_EIO);
  assert_int_equal(kz_features_file(a, m, NULL, in_folder(""), &o, NULL, NULL, &err), KZ_ERANGE);
  write_bytes(in_folder("out.png"), "kept", 4);
  assert_int_equal(kz_features_file(a, m, NULL, in_folder("out"), &o, NULL, NULL, &err),
                   KZ_EEXIST);
  assert_non_null(strstr(err.msg, "out.png"));
  assert_int_equal(count_files("out"), 1);
  assert_int_equal(count_files(""), 5);
  empty_folder();
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_tiles_are_as_the_whole),
      cmocka_unit_test(test_palette_page),
      cmocka_unit_test(test_any_picture),
      cmocka_unit_test(test_drawing_read),
      cmocka_unit_test(test_drawing_is_written),
      cmocka_unit_test(test_drawing_refused),
      cmocka_unit_test(test_stop_and_progress),
      cmocka_unit_test(test_refusals),
  };
  return cmocka_run_group_tests(tests, fixture_setup, fixture_teardown);
}
