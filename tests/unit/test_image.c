/* Images as they should be: every format and depth, read, patched and written, with every sample
 * outside the mask and all metadata kept. Files are made and checked with libvips directly. */
#include "image_fixture.h"

#include <math.h>

static struct kz_image *open_ok(const char *name) {
  struct kz_image *im = NULL;
  struct kz_err err = {0};
  int rc = kz_image_open(in_folder(name), &im, &err);
  if (rc) fail_msg("%s", err.msg);
  return im;
}

/* Two patches that touch corners and cross strips; masks of noise. */
static void make_patches(struct kz_patch p[2]) {
  p[0] = (struct kz_patch){.x = 40, .y = 13, .w = 57, .h = 48};
  p[1] = (struct kz_patch){.x = 0, .y = 0, .w = 40, .h = 20};
  uint32_t seed = 7;
  for (int k = 0; k < 2; k++) {
    size_t count = (size_t)p[k].w * p[k].h;
    p[k].rgb = malloc(3 * count * sizeof(float));
    p[k].mask = malloc(count);
    assert_non_null(p[k].rgb);
    assert_non_null(p[k].mask);
    for (size_t i = 0; i < 3 * count; i++)
      p[k].rgb[i] = (float)(noise(&seed) % 120000) / 100000.0f - 0.1f;
    for (size_t i = 0; i < count; i++) p[k].mask[i] = noise(&seed) % 3 ? 0 : 255;
    p[k].rgb[0] = NAN;
    p[k].mask[0] = 255;
  }
}

static void free_patches(struct kz_patch p[2]) {
  for (int k = 0; k < 2; k++) {
    free(p[k].rgb);
    free(p[k].mask);
  }
}

static double clamp01(double v) { return v > 0 ? (v < 1 ? v : 1) : 0; }

/* The value that sample (x, y, c) must have, or -1 where no patch sets it. */
static double patched_value(const struct kz_patch p[2], int x, int y, int c, int bands, int top) {
  for (int k = 0; k < 2; k++) {
    int u = x - p[k].x, v = y - p[k].y;
    if (u < 0 || v < 0 || u >= p[k].w || v >= p[k].h || !p[k].mask[v * p[k].w + u]) continue;
    const float *q = p[k].rgb + 3 * (v * p[k].w + u);
    if (bands % 2 == 0 && c == bands - 1) return -1;
    return top * clamp01(bands < 3 ? 0.2126 * q[0] + 0.7152 * q[1] + 0.0722 * q[2] : q[c]);
  }
  return -1;
}

/* WebP stores no colour where alpha is 0. */
static bool hidden(const struct file_kind *k, const char *out, const void *samples, size_t pixel) {
  return strstr(out, ".webp") && k->bands == 4 && ((const uint8_t *)samples)[4 * pixel + 3] == 0;
}

static void compare(const struct file_kind *k, const char *out, const void *before,
                    const void *after, const struct kz_patch p[2]) {
  int top = k->bits == 16 ? 65535 : 255, replaced = 0;
  for (int y = 0; y < H; y++)
    for (int x = 0; x < W; x++)
      for (int c = 0; c < k->bands; c++) {
        size_t i = ((size_t)y * W + x) * k->bands + c;
        if (c < 3 && hidden(k, out, before, (size_t)y * W + x)) continue;
        double want = patched_value(p, x, y, c, k->bands, top), got = sample_at(after, k->bits, i);
        if (want < 0 && got != sample_at(before, k->bits, i))
          fail_msg("%s: sample %d,%d,%d was %g, is %g", k->name, x, y, c,
                   sample_at(before, k->bits, i), got);
        if (want >= 0 && fabs(got - want) > 0.51)
          fail_msg("%s: patched sample %d,%d,%d is %g, not %g", k->name, x, y, c, got, want);
        replaced += want >= 0;
      }
  assert_true(replaced > 1000);
}

static bool ends(const char *name, const char *suffix) {
  size_t n = strlen(name), m = strlen(suffix);
  return n >= m && !strcmp(name + n - m, suffix);
}

/* TIFF output has ICC, XMP, resolution and orientation, but no EXIF; PNG's libvips cannot see. */
static void compare_metadata(const char *name, VipsImage *a, VipsImage *b) {
  const void *p, *q;
  size_t n, m;
  assert_int_equal(vips_image_get_blob(a, VIPS_META_ICC_NAME, &p, &n), 0);
  if (vips_image_get_blob(b, VIPS_META_ICC_NAME, &q, &m)) fail_msg("%s: no ICC profile", name);
  assert_int_equal(n, m);
  assert_memory_equal(p, q, n);
  if (vips_image_get_blob(b, VIPS_META_XMP_NAME, &q, &m)) fail_msg("%s: no XMP", name);
  assert_true(m >= sizeof xmp_packet - 1 && !memcmp(q, xmp_packet, sizeof xmp_packet - 1));
  /* WebP has no field for the resolution but EXIF's. */
  if (!strstr(name, ".webp") && fabs(a->Xres - b->Xres) > 0.01)
    fail_msg("%s: resolution %g, was %g", name, b->Xres, a->Xres);
  if (!ends(name, ".png")) /* libvips does not read it there; see test_exif_through_png */
    assert_int_equal(vips_image_get_orientation(a), vips_image_get_orientation(b));
  const char *s = NULL, *t = NULL;
  bool carries = ends(name, ".webp") || ends(name, ".jpg");
  if (carries && vips_image_get_typeof(a, "exif-ifd0-ImageDescription")) {
    assert_int_equal(vips_image_get_string(a, "exif-ifd0-ImageDescription", &s), 0);
    if (vips_image_get_string(b, "exif-ifd0-ImageDescription", &t)) fail_msg("%s: no EXIF", name);
    assert_string_equal(s, t);
  }
}

static void round_trip(const struct file_kind *k, const char *suffix) {
  char name[64];
  struct kz_err err = {0};
  struct kz_patch p[2];
  VipsImage *before_im, *after_im;
  snprintf(name, sizeof name, "out_%s%s", k->name, suffix);
  struct kz_image *im = open_ok(k->name);
  make_patches(p);
  int rc = kz_image_write_patched(im, p, 2, in_folder(name), false, &err);
  if (rc) fail_msg("%s: %s", k->name, err.msg);
  void *before = decode(k->name, &before_im), *after = decode(name, &after_im);
  assert_int_equal(after_im->Xsize, W);
  assert_int_equal(after_im->Ysize, H);
  assert_int_equal(after_im->Bands, k->bands);
  assert_int_equal(after_im->BandFmt, before_im->BandFmt);
  compare(k, name, before, after, p);
  compare_metadata(name, before_im, after_im);
  g_free(before);
  g_free(after);
  g_object_unref(before_im);
  g_object_unref(after_im);
  free_patches(p);
  kz_image_close(im);
}

static void test_round_trips(void **state) {
  (void)state;
  for (int i = 0; i < KINDS; i++) {
    const struct file_kind *k = &kinds[i];
    make_file(k->name, k->options, W, H, k->bands, k->bits, true);
    struct kz_image *im = open_ok(k->name);
    struct kz_image_info info;
    kz_image_get_info(im, &info);
    assert_int_equal(info.width, W);
    assert_int_equal(info.height, H);
    assert_int_equal(info.bands, k->bands);
    assert_int_equal(info.bits, k->bits);
    assert_int_equal(info.alpha, k->bands % 2 == 0);
    kz_image_close(im);
    round_trip(k, ".png");
    round_trip(k, ".TIF");
    if (k->bits == 8 && k->bands > 2) round_trip(k, ".webp");
  }
  assert_int_equal(count_files("tmp"), 0);
}

/* JPEG cannot keep bits, but must stay near, keep metadata and bands. */
static void test_jpeg_out(void **state) {
  (void)state;
  for (int bands = 1; bands <= 3; bands += 2) {
    char name[32];
    struct kz_err err = {0};
    snprintf(name, sizeof name, "smooth%d.jpg", bands);
    VipsImage *im, *source, *back;
    uint8_t *p = malloc((size_t)W * H * bands);
    assert_non_null(p);
    for (int i = 0; i < W * H * bands; i++) p[i] = (uint8_t)(60 + i / bands % W + i / bands / W);
    im = make_vips(p, W, H, bands, 8);
    add_metadata(im);
    save_vips(im, "smooth.tif", "");
    struct kz_image *src = open_ok("smooth.tif");
    assert_int_equal(kz_image_write_patched(src, NULL, 0, in_folder(name), false, &err), 0);
    uint8_t *got = decode(name, &back);
    g_free(decode("smooth.tif", &source));
    assert_int_equal(back->Bands, bands);
    for (int i = 0; i < W * H * bands; i++) assert_true(abs(got[i] - p[i]) < 12);
    compare_metadata(name, source, back);
    g_object_unref(im);
    g_object_unref(source);
    g_object_unref(back);
    g_free(got);
    free(p);
    kz_image_close(src);
  }
}

static void copy_to(const char *from, const char *to) {
  struct kz_err err = {0};
  struct kz_image *im = open_ok(from);
  if (kz_image_write_patched(im, NULL, 0, in_folder(to), true, &err)) fail_msg("%s", err.msg);
  kz_image_close(im);
}

/* EXIF and orientation survive formats whose EXIF libvips does not write. */
static void test_exif_through_png(void **state) {
  (void)state;
  VipsImage *a, *b;
  make_file("phone.jpg", "", W, H, 3, 8, true);
  copy_to("phone.jpg", "phone1.png");
  copy_to("phone1.png", "phone2.png");
  copy_to("phone2.png", "phone.webp");
  copy_to("phone2.png", "back.jpg");
  struct kz_pixels p = {0};
  struct kz_err err = {0};
  assert_int_equal(kz_pixels_load(in_folder("phone2.png"), 0, 0, &p, &err), 0);
  assert_int_equal(p.width, H);
  kz_pixels_release(&p);
  g_free(decode("phone.jpg", &a));
  const char *names[] = {"back.jpg", "phone.webp"};
  for (int i = 0; i < 2; i++) {
    g_free(decode(names[i], &b));
    assert_int_equal(vips_image_get_orientation(b), 6);
    compare_metadata(names[i], a, b);
    g_object_unref(b);
  }
  g_object_unref(a);
}

static void test_lossless(void **state) {
  (void)state;
  bool yes = false;
  struct kz_err err = {0};
  assert_int_equal(kz_image_lossless("a.PNG", &yes, &err), 0);
  assert_true(yes);
  assert_int_equal(kz_image_lossless("a.jpeg", &yes, &err), 0);
  assert_false(yes);
  assert_int_equal(kz_image_lossless("a.webp", &yes, &err), 0);
  assert_true(yes);
  assert_int_equal(kz_image_lossless("/x.d/a", &yes, &err), KZ_EUNSUPPORTED);
  assert_non_null(strstr(err.msg, ".png, .jpg, .tif or .webp"));
}

static void test_read_rgb(void **state) {
  (void)state;
  for (int i = 0; i < KINDS; i++) {
    const struct file_kind *k = &kinds[i];
    make_file(k->name, k->options, W, H, k->bands, k->bits, false);
    struct kz_image *im = open_ok(k->name);
    VipsImage *header;
    struct kz_err err = {0};
    float got[13 * 17 * 3];
    void *raw = decode(k->name, &header);
    assert_int_equal(kz_image_read_rgb(im, 20, 31, 13, 17, got, &err), 0);
    for (int y = 0; y < 17; y++)
      for (int x = 0; x < 13; x++)
        for (int c = 0; c < 3; c++) {
          size_t at = ((size_t)(y + 31) * W + x + 20) * k->bands + (k->bands < 3 ? 0 : c);
          double want = sample_at(raw, k->bits, at) / (k->bits == 16 ? 65535.0 : 255.0);
          assert_true(fabs(got[(y * 13 + x) * 3 + c] - want) < 1e-7);
        }
    g_free(raw);
    g_object_unref(header);
    kz_image_close(im);
  }
}

static void test_read_outside(void **state) {
  (void)state;
  struct kz_err err = {0};
  float dst[3];
  make_file("r.png", "", W, H, 3, 8, false);
  struct kz_image *im = open_ok("r.png");
  assert_int_equal(kz_image_read_rgb(im, W, 0, 1, 1, dst, &err), KZ_ERANGE);
  assert_non_null(strstr(err.msg, "97 x 61"));
  assert_int_equal(kz_image_read_rgb(im, -1, 0, 1, 1, dst, &err), KZ_ERANGE);
  assert_int_equal(kz_image_read_rgb(im, 0, 0, 0, 1, dst, &err), KZ_ERANGE);
  assert_int_equal(kz_image_read_rgb(im, 0, 1, 1, H, dst, &err), KZ_ERANGE);
  assert_int_equal(kz_image_read_rgb(im, W - 1, H - 1, 1, 1, dst, &err), 0);
  kz_image_close(im);
}

static void check_mask(const char *name, const void *samples, int w, int bands, int bits,
                       const uint8_t *want) {
  VipsImage *v = make_vips(samples, w, 1, bands, bits);
  struct kz_err err = {0};
  uint8_t got[8];
  save_vips(v, name, "");
  g_object_unref(v);
  struct kz_image *im = open_ok(name);
  assert_int_equal(kz_image_read_mask(im, 0, 0, w, 1, got, &err), 0);
  assert_memory_equal(got, want, (size_t)w);
  kz_image_close(im);
}

static void test_read_mask(void **state) {
  (void)state;
  const uint8_t grey[] = {0, 127, 128, 255};
  const uint16_t deep[] = {0, 32767, 32768, 65535};
  const uint8_t want[] = {0, 0, 255, 255};
  const uint8_t rgb[] = {255, 0, 0, 0, 255, 0, 0, 0, 255, 128, 128, 128};
  const uint8_t green[] = {0, 255, 0, 255};
  const uint8_t alpha[] = {255, 255, 255, 127, 255, 128, 0, 255};
  const uint8_t seen[] = {255, 0, 255, 0};
  check_mask("m1.png", grey, 4, 1, 8, want);
  check_mask("m2.tif", deep, 4, 1, 16, want);
  check_mask("m3.png", rgb, 4, 3, 8, green);
  check_mask("m4.png", alpha, 4, 2, 8, seen);
}

/* A large mask comes in strips. */
static void test_read_mask_strips(void **state) {
  (void)state;
  enum { BW = 3000, BH = 1900 };
  uint8_t *p = malloc((size_t)BW * BH), *got = malloc((size_t)BW * BH);
  struct kz_err err = {0};
  assert_non_null(p);
  assert_non_null(got);
  for (int i = 0; i < BW * BH; i++) p[i] = (uint8_t)((i / 7 % 3) ? 0 : 255);
  VipsImage *v = make_vips(p, BW, BH, 1, 8);
  save_vips(v, "big.png", "[compression=1]");
  g_object_unref(v);
  struct kz_image *im = open_ok("big.png");
  assert_int_equal(kz_image_read_mask(im, 0, 0, BW, BH, got, &err), 0);
  assert_memory_equal(got, p, (size_t)BW * BH);
  kz_image_close(im);
  free(p);
  free(got);
}

/* Palette and 1-bit files are read, and written, as 8 bits. */
static void test_palette(void **state) {
  (void)state;
  struct kz_err err = {0};
  struct kz_image_info info;
  const char *names[] = {"palette.png", "bit.png", "bit.tif"};
  const char *options[] = {"[palette]", "[bitdepth=1]", "[bitdepth=1,compression=none]"};
  for (int i = 0; i < 3; i++) {
    make_file(names[i], options[i], 64, 48, i ? 1 : 3, 8, false);
    struct kz_image *im = open_ok(names[i]);
    kz_image_get_info(im, &info);
    assert_int_equal(info.bits, 8);
    assert_int_equal(info.bands, i ? 1 : 3);
    VipsImage *a, *b;
    char out[32];
    for (int f = 0; f < 2; f++) {
      snprintf(out, sizeof out, "palette_%d.%s", i, f ? "tif" : "png");
      int rc = kz_image_write_patched(im, NULL, 0, in_folder(out), false, &err);
      if (rc) fail_msg("%s", err.msg);
      void *p = decode(names[i], &a), *q = decode(out, &b);
      assert_int_equal(b->Bands, info.bands);
      assert_memory_equal(p, q, (size_t)64 * 48 * info.bands);
      g_free(p);
      g_free(q);
      g_object_unref(a);
      g_object_unref(b);
    }
    kz_image_close(im);
  }
}

/* libvips would take the brackets for options. */
static void test_odd_names(void **state) {
  (void)state;
  struct kz_err err = {0};
  struct kz_pixels p;
  make_file("plain.png", "", 20, 10, 3, 8, false);
  assert_int_equal(rename(in_folder("plain.png"), in_folder("a b[1].png[Q=3]")), 0);
  struct kz_image *im = open_ok("a b[1].png[Q=3]");
  assert_int_equal(
      kz_image_write_patched(im, NULL, 0, in_folder("[bigtiff] \xc3\xa9.tif"), false, &err), 0);
  kz_image_close(im);
  assert_int_equal(kz_pixels_load(in_folder("[bigtiff] \xc3\xa9.tif"), 0, 0, &p, &err), 0);
  assert_int_equal(p.width, 20);
  kz_pixels_release(&p);
}

/* A JPEG named .png is a JPEG. */
static void test_content_over_name(void **state) {
  (void)state;
  make_file("real.jpg", "", 20, 10, 3, 8, false);
  assert_int_equal(rename(in_folder("real.jpg"), in_folder("real.png")), 0);
  struct kz_image *im = open_ok("real.png");
  kz_image_close(im);
}

static void test_one_pixel(void **state) {
  (void)state;
  struct kz_err err = {0};
  const char *names[] = {"1.png", "1.tif", "1.jpg", "1.webp"};
  for (int i = 0; i < 4; i++) {
    char out[32];
    float rgb[3] = {1, 0.5f, 0}, got[3];
    uint8_t mask = 255;
    struct kz_patch p = {0, 0, 1, 1, rgb, &mask};
    make_file(names[i], "", 1, 1, 3, 8, false);
    struct kz_image *im = open_ok(names[i]);
    snprintf(out, sizeof out, "one_%d.png", i);
    assert_int_equal(kz_image_write_patched(im, &p, 1, in_folder(out), false, &err), 0);
    kz_image_close(im);
    im = open_ok(out);
    assert_int_equal(kz_image_read_rgb(im, 0, 0, 1, 1, got, &err), 0);
    for (int c = 0; c < 3; c++) assert_true(fabsf(got[c] - rgb[c]) < 0.003f);
    kz_image_close(im);
  }
}

/* Patches in many strips: a tall image, a patch a row, given in reverse order. */
static void test_many_patches(void **state) {
  (void)state;
  enum { TH = 700 };
  struct kz_err err = {0};
  struct kz_patch *p = calloc(TH, sizeof *p);
  float *rgb = malloc(sizeof(float) * 3 * TH * 2);
  uint8_t *mask = malloc((size_t)TH * 2);
  VipsImage *a, *b;
  assert_true(p && rgb && mask);
  make_file("tall.png", "", 9, TH, 3, 8, false);
  for (int i = 0; i < TH; i++) {
    int y = TH - 1 - i;
    p[i] = (struct kz_patch){y % 8, y, 2, 1, rgb + 6 * i, mask + 2 * i};
    for (int c = 0; c < 6; c++) rgb[6 * i + c] = (float)(y % 256) / 255.0f;
    mask[2 * i] = 0;
    mask[2 * i + 1] = 1; /* anything but 0 replaces */
  }
  struct kz_image *im = open_ok("tall.png");
  assert_int_equal(kz_image_write_patched(im, p, TH, in_folder("tall_out.png"), true, &err), 0);
  uint8_t *before = decode("tall.png", &a), *after = decode("tall_out.png", &b);
  for (int y = 0; y < TH; y++)
    for (int x = 0; x < 9 * 3; x++) {
      int want = x / 3 == y % 8 + 1 ? y % 256 : before[y * 27 + x];
      assert_int_equal(after[y * 27 + x], want);
    }
  g_object_unref(a);
  g_object_unref(b);
  g_free(before);
  g_free(after);
  kz_image_close(im);
  free(p);
  free(rgb);
  free(mask);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_round_trips),      cmocka_unit_test(test_jpeg_out),
      cmocka_unit_test(test_exif_through_png), cmocka_unit_test(test_lossless),
      cmocka_unit_test(test_read_rgb),         cmocka_unit_test(test_read_outside),
      cmocka_unit_test(test_read_mask),        cmocka_unit_test(test_read_mask_strips),
      cmocka_unit_test(test_palette),          cmocka_unit_test(test_odd_names),
      cmocka_unit_test(test_content_over_name), cmocka_unit_test(test_one_pixel),
      cmocka_unit_test(test_many_patches),
  };
  return cmocka_run_group_tests(tests, fixture_setup, fixture_teardown);
}
