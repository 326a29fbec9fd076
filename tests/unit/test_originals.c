/* Originals as they come: formats by depth by profile by alpha. Each is made with libvips, patched
 * by us and decoded by libvips again: every sample outside the mask has its bits, the profile its
 * bytes, and what is inside shows the colour that was asked for, as libvips' own colour transforms
 * see it, within one level of 255. */
#include "image_fixture.h"

#include <math.h>

#include <tiffio.h>

enum { SIDE = 96, PX = 24, PY = 17, PW = 40, PH = 35 };

static const struct original {
  const char *name, *options, *out, *profile; /* profile: libvips' name, or NULL */
  int colours, bits;
  bool alpha;
} originals[] = {
    {"1.tif", "", ".tif", "p3", 3, 8, false},
    {"2.tif", "[tile,compression=lzw]", ".tif", "p3", 3, 16, false},
    {"3.tif", "[compression=deflate]", ".png", "p3", 3, 16, false},
    {"4.tif", "[bigtiff]", ".tif", "p3", 3, 16, true},
    {"5.tif", "", ".tif", "p3", 3, 8, true},
    {"6.tif", "", ".tif", NULL, 3, 32, false},
    {"7.tif", "[tile,compression=deflate,predictor=float]", ".tif", NULL, 3, 32, true},
    {"8.tif", "", ".tif", "p3", 3, 32, false},
    {"9.tif", "", ".tif", NULL, 1, 32, false},
    {"10.tif", "", ".tif", NULL, 1, 32, true},
    {"11.tif", "", ".tif", "cmyk", 4, 8, false},
    {"12.tif", "[tile,compression=lzw]", ".tif", "cmyk", 4, 16, false},
    {"13.tif", "", ".tif", "cmyk", 4, 8, true},
    {"14.tif", "[bigtiff,compression=deflate]", ".tif", "cmyk", 4, 16, true},
    {"15.tif", "", ".tif", NULL, 4, 8, false},
    {"16.jpg", "[Q=92]", ".tif", "cmyk", 4, 8, false},
    {"17.jpg", "[Q=92]", ".png", "p3", 3, 8, false},
    {"18.jpg", "[Q=92]", ".webp", "p3", 3, 8, false},
    {"19.tif", "[compression=jpeg,Q=92]", ".tif", "p3", 3, 8, false},
    {"20.png", "", ".png", "p3", 3, 16, true},
    {"21.png", "", ".tif", "p3", 3, 8, true},
    {"22.webp", "[lossless]", ".webp", "p3", 3, 8, false},
    {"23.tif", "[tile,tile_width=16,tile_height=16,pyramid]", ".tif", "p3", 3, 16, false},
    {"24.png", "", ".png", NULL, 1, 16, true},
    {"25.tif", "", ".tif", "srgb", 3, 16, false},
};
enum { ORIGINALS = sizeof originals / sizeof originals[0] };

static const char iptc[] = "\x1c\x02\x05\x00\x0eMural of a cave";

static void set_profile(VipsImage *im, const char *name) {
  VipsBlob *blob = NULL;
  size_t size;
  assert_int_equal(vips_profile_load(name, &blob, NULL), 0);
  const void *data = vips_blob_get(blob, &size);
  vips_image_set_blob_copy(im, VIPS_META_ICC_NAME, data, size);
  vips_area_unref(VIPS_AREA(blob));
}

/* Noise over all of the range; floats beyond it too, with an infinity and a NaN. */
static void make_original(const struct original *k) {
  int bands = k->colours + k->alpha;
  size_t count = (size_t)SIDE * SIDE * bands;
  VipsImage *im;
  void *samples = k->bits == 32 ? malloc(count * sizeof(float))
                                : make_samples(SIDE, SIDE, bands, k->bits, 77);
  assert_non_null(samples);
  if (k->bits == 32) {
    uint32_t seed = 5;
    float *f = samples;
    for (size_t i = 0; i < count; i++) f[i] = (float)(noise(&seed) % 300000) / 1e5f - 1;
    f[0] = NAN, f[1] = INFINITY, f[2] = -0.0f;
    im = vips_image_new_from_memory_copy(samples, count * sizeof *f, SIDE, SIDE, bands,
                                         VIPS_FORMAT_FLOAT);
    im->Type = k->colours == 1 ? VIPS_INTERPRETATION_B_W : VIPS_INTERPRETATION_scRGB;
  } else {
    im = make_vips(samples, SIDE, SIDE, bands, k->bits);
  }
  if (k->colours == 4) im->Type = VIPS_INTERPRETATION_CMYK;
  if (k->profile) set_profile(im, k->profile);
  vips_image_set_blob_copy(im, VIPS_META_XMP_NAME, xmp_packet, sizeof xmp_packet - 1);
  char record[4 * (sizeof iptc - 1)] = {0};
  memcpy(record, iptc, sizeof iptc - 1);
  vips_image_set_blob_copy(im, VIPS_META_IPTC_NAME, record, sizeof record);
  save_vips(im, k->name, k->options);
  g_object_unref(im);
  free(samples);
}

/* Colours that wall paint has: of low chroma, so that every profile here can hold them. */
static void make_patch(struct kz_patch *p) {
  size_t n = (size_t)PW * PH;
  uint32_t seed = 3;
  *p = (struct kz_patch){.x = PX, .y = PY, .w = PW, .h = PH, .rgb = malloc(n * 3 * sizeof(float)),
                         .mask = malloc(n)};
  assert_non_null(p->rgb);
  assert_non_null(p->mask);
  for (size_t i = 0; i < n; i++) {
    float grey = 0.3f + (float)(noise(&seed) % 400) / 1000;
    for (int c = 0; c < 3; c++)
      p->rgb[3 * i + c] = grey + (float)(noise(&seed) % 120) / 1000 - 0.06f;
    p->mask[i] = noise(&seed) % 3 ? 255 : 0;
  }
}

static bool in_mask(const struct kz_patch *p, int x, int y) {
  return x >= p->x && y >= p->y && x < p->x + p->w && y < p->y + p->h &&
         p->mask[(y - p->y) * p->w + x - p->x];
}

/* What the file shows, as 16-bit sRGB, by libvips. */
static uint16_t *seen_by_libvips(const struct original *k, VipsImage *im) {
  VipsImage *t[6] = {0};
  size_t size;
  int n = 0;
  t[n++] = im;
  g_object_ref(im);
  assert_int_equal(vips_extract_band(t[0], &t[1], 0, "n", k->colours, NULL), 0);
  n = 2;
  if (k->bits == 32 && k->profile) { /* libvips' profiles take no floats: 16 bits hold as much */
    assert_int_equal(vips_linear1(t[1], &t[2], 65535, 0.5, NULL), 0);
    assert_int_equal(vips_cast(t[2], &t[3], VIPS_FORMAT_USHORT, NULL), 0);
    n = 4;
    t[n - 1]->Type = VIPS_INTERPRETATION_RGB16;
  } else if (k->bits == 32 && k->colours == 1) {
    VipsImage *three[3] = {t[1], t[1], t[1]};
    assert_int_equal(vips_bandjoin(three, &t[2], 3, NULL), 0);
    assert_int_equal(vips_copy(t[2], &t[3], "interpretation", VIPS_INTERPRETATION_scRGB, NULL), 0);
    n = 4;
  }
  bool by_profile = k->profile || k->colours == 4;
  if (by_profile)
    assert_int_equal(vips_icc_transform(t[n - 1], &t[n], "srgb", "embedded", TRUE,
                                        "input_profile", k->profile ? k->profile : "cmyk", "intent",
                                        VIPS_INTENT_RELATIVE, "black_point_compensation", TRUE,
                                        "depth", 16, NULL), 0);
  else if (k->bits == 32)
    assert_int_equal(vips_colourspace(t[n - 1], &t[n], VIPS_INTERPRETATION_RGB16, NULL), 0);
  else
    assert_int_equal(vips_copy(t[n - 1], &t[n], NULL), 0);
  uint16_t *seen = vips_image_write_to_memory(t[n], &size);
  assert_non_null(seen);
  assert_int_equal(t[n]->BandFmt, VIPS_FORMAT_USHORT);
  for (int i = 0; i <= n; i++) g_object_unref(t[i]);
  return seen;
}

/* Largest distance inside, in levels of 255; luminance of what is grey. */
static double worst_inside(const struct original *k, const uint16_t *seen, int bands,
                           const struct kz_patch *p) {
  double worst = 0;
  for (int i = 0; i < PW * PH; i++) {
    const float *q = p->rgb + 3 * (size_t)i;
    if (!p->mask[i]) continue;
    const uint16_t *s = seen + (size_t)((PY + i / PW) * SIDE + PX + i % PW) * bands;
    for (int c = 0; c < 3; c++) {
      double want = q[c];
      if (k->colours == 1 && k->bits == 32) { /* the luminance of linear light */
        double y = 0;
        const double weight[] = {0.2126, 0.7152, 0.0722};
        for (int j = 0; j < 3; j++) y += weight[j] * pow((q[j] + 0.055) / 1.055, 2.4);
        want = 1.055 * pow(y, 1 / 2.4) - 0.055;
      } else if (k->colours == 1) {
        want = 0.2126 * q[0] + 0.7152 * q[1] + 0.0722 * q[2];
      }
      worst = fmax(worst, fabs(s[bands < 3 ? 0 : c] / 65535.0 - want) * 255);
    }
  }
  return worst;
}

static int differing_outside(const uint8_t *a, const uint8_t *b, const VipsImage *im, bool alpha,
                             const struct kz_patch *p) {
  size_t pixel = VIPS_IMAGE_SIZEOF_PEL(im), sample = VIPS_IMAGE_SIZEOF_ELEMENT(im);
  int differ = 0;
  for (int i = 0; i < SIDE * SIDE; i++) {
    bool set = in_mask(p, i % SIDE, i / SIDE);
    size_t from = set ? pixel - (alpha ? sample : 0) : 0; /* in the mask alpha is still kept */
    differ += memcmp(a + i * pixel + from, b + i * pixel + from, pixel - from) != 0;
  }
  return differ;
}

static void same_blob(const char *name, VipsImage *a, VipsImage *b, const char *field) {
  const void *p, *q;
  size_t n, m;
  if (!vips_image_get_typeof(a, field)) return;
  assert_int_equal(vips_image_get_blob(a, field, &p, &n), 0);
  if (vips_image_get_blob(b, field, &q, &m)) fail_msg("%s: %s is lost", name, field);
  if (n != m || memcmp(p, q, n))
    fail_msg("%s: %s of %zu bytes is not as it was, %zu bytes", name, field, n, m);
}

/* libvips writes a quarter of what it is given, when the original was made too. */
static void iptc_is_in(const char *name) {
  size_t size;
  char *data = read_whole(in_folder(name), &size);
  if (!memmem(data, size, iptc, sizeof iptc - 1)) fail_msg("%s: IPTC is lost", name);
  free(data);
}

static struct kz_image *open_ok(const char *name) {
  struct kz_image *im = NULL;
  struct kz_err err = {0};
  if (kz_image_open(in_folder(name), &im, &err)) fail_msg("%s", err.msg);
  return im;
}

/* Largest distance inside, as kz_image_read_rgb sees the result; 0 for what is grey. */
static double read_back(const struct original *k, const char *out, const struct kz_patch *p) {
  float *rgb = malloc((size_t)PW * PH * 3 * sizeof *rgb);
  struct kz_err err = {0};
  double worst = 0;
  assert_non_null(rgb);
  struct kz_image *im = open_ok(out);
  if (kz_image_read_rgb(im, PX, PY, PW, PH, rgb, &err)) fail_msg("%s", err.msg);
  for (int i = 0; i < PW * PH * 3 && k->colours > 1; i++)
    if (p->mask[i / 3]) worst = fmax(worst, fabs((double)rgb[i] - p->rgb[i]) * 255);
  kz_image_close(im);
  free(rgb);
  return worst;
}

static enum kz_colour expected_colour(const struct original *k) {
  if (k->profile) return strcmp(k->profile, "srgb") ? KZ_COLOUR_PROFILE : KZ_COLOUR_SRGB;
  if (k->colours == 4) return KZ_COLOUR_CMYK;
  return k->bits == 32 ? KZ_COLOUR_LINEAR : KZ_COLOUR_SRGB;
}

static void check_info(const struct original *k, const struct kz_image *im) {
  struct kz_image_info info, probed;
  struct kz_err err = {0};
  kz_image_get_info(im, &info);
  assert_int_equal(kz_image_probe(in_folder(k->name), &probed, &err), 0);
  assert_int_equal(info.bands, k->colours + k->alpha);
  assert_int_equal(info.bits, k->bits);
  assert_int_equal(info.alpha, k->alpha);
  assert_int_equal(info.cmyk, k->colours == 4);
  assert_int_equal(info.colour, expected_colour(k));
  assert_false(info.profile_unused);
  assert_int_equal(info.pyramid, strstr(k->options, "pyramid") != NULL);
  assert_int_equal(info.pages, 1);
  assert_int_equal(probed.colour, info.colour);
  assert_int_equal(probed.bits, info.bits);
  assert_int_equal(probed.pyramid, info.pyramid);
}

static void test_matrix(void **state) {
  (void)state;
  struct kz_patch p;
  double worst = 0;
  make_patch(&p);
  for (int i = 0; i < ORIGINALS; i++) {
    const struct original *k = &originals[i];
    struct kz_err err = {0};
    VipsImage *a, *b;
    char out[64];
    snprintf(out, sizeof out, "out_%d%s", i, k->out);
    make_original(k);
    struct kz_image *im = open_ok(k->name);
    check_info(k, im);
    if (kz_image_write_patched(im, &p, 1, in_folder(out), false, &err)) fail_msg("%s", err.msg);
    kz_image_close(im);
    void *before = decode(k->name, &a), *after = decode(out, &b);
    assert_int_equal(a->Bands, b->Bands);
    assert_int_equal(a->BandFmt, b->BandFmt);
    if (k->colours == 4) assert_int_equal(b->Type, VIPS_INTERPRETATION_CMYK);
    int differ = differing_outside(before, after, a, k->alpha, &p);
    if (differ) fail_msg("%s: %d pixels outside the mask differ", k->name, differ);
    same_blob(k->name, a, b, VIPS_META_ICC_NAME);
    same_blob(k->name, a, b, VIPS_META_XMP_NAME);
    if (strstr(k->name, ".tif") && !strcmp(k->out, ".tif")) iptc_is_in(out);
    uint16_t *seen = k->bits == 8 && !k->profile && k->colours < 4 ? NULL : seen_by_libvips(k, b);
    double off = seen ? worst_inside(k, seen, k->colours == 1 && k->bits < 32 ? 1 : 3, &p) : 0;
    double back = read_back(k, out, &p);
    print_message("%s: %.3f levels at worst, %.3f read back\n", k->name, off, back);
    /* 8 bits round. */
    if (back > (k->bits > 8 ? 0.1 : 1))
      fail_msg("%s: a colour inside is read back %.2f levels off", k->name, back);
    /* For inks, libvips has a coarse table made: see the reading back. Near sRGB is as sRGB. */
    bool near = k->profile && !strcmp(k->profile, "srgb");
    if (off > (k->colours == 4 || near ? 1.5 : 1))
      fail_msg("%s: a colour inside is off by %.2f levels", k->name, off);
    worst = fmax(worst, off);
    g_free(seen);
    g_free(before);
    g_free(after);
    g_object_unref(a);
    g_object_unref(b);
  }
  free(p.rgb);
  free(p.mask);
}

/* What a format cannot hold is refused before anything is computed. */
static void test_refused(void **state) {
  (void)state;
  const struct {
    int original;
    const char *to, *words;
  } cases[] = {{6, "r.png", "floating-point"}, {6, "r.jpg", "floating-point"},
               {11, "r.png", "CMYK inks"},     {11, "r.webp", "CMYK inks"},
               {13, "r.jpg", "CMYK and alpha"}, {12, "r.jpg", "16 bits"}};
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    struct kz_err err = {0};
    const struct original *k = &originals[cases[i].original - 1];
    make_original(k);
    struct kz_image *im = open_ok(k->name);
    assert_int_equal(kz_image_can_write(im, in_folder(cases[i].to), true, &err), KZ_EUNSUPPORTED);
    if (!strstr(err.msg, cases[i].words)) fail_msg("'%s' lacks '%s'", err.msg, cases[i].words);
    kz_image_close(im);
    assert_int_equal(count_files("r."), 0);
  }
}

static void test_mask_of_inks(void **state) {
  (void)state;
  struct kz_err err = {0};
  uint8_t one;
  make_original(&originals[10]);
  struct kz_image *im = open_ok(originals[10].name);
  assert_int_equal(kz_image_read_mask(im, 0, 0, 1, 1, &one, &err), KZ_EUNSUPPORTED);
  assert_non_null(strstr(err.msg, "mask of CMYK inks"));
  kz_image_close(im);
}

/* A profile of another model, and one of rubbish: told, kept in the file, and not used. */
static void test_unfit_profile(void **state) {
  (void)state;
  for (int i = 0; i < 2; i++) {
    struct kz_image_info info;
    struct kz_err err = {0};
    float got[3];
    const uint8_t samples[] = {10, 20, 30};
    VipsImage *v = make_vips(samples, 1, 1, 3, 8), *a, *b;
    if (i)
      vips_image_set_blob_copy(v, VIPS_META_ICC_NAME, "no profile at all", 17);
    else
      set_profile(v, "cmyk");
    save_vips(v, "unfit.tif", "");
    g_object_unref(v);
    struct kz_image *im = open_ok("unfit.tif");
    kz_image_get_info(im, &info);
    assert_true(info.profile_unused);
    assert_int_equal(info.colour, KZ_COLOUR_SRGB);
    assert_int_equal(kz_image_read_rgb(im, 0, 0, 1, 1, got, &err), 0);
    for (int c = 0; c < 3; c++) assert_true(fabsf(got[c] * 255 - samples[c]) < 1e-4f);
    if (kz_image_write_patched(im, NULL, 0, in_folder("unfit_out.tif"), true, &err))
      fail_msg("%s", err.msg);
    kz_image_close(im);
    g_free(decode("unfit.tif", &a));
    g_free(decode("unfit_out.tif", &b));
    same_blob("unfit.tif", a, b, VIPS_META_ICC_NAME);
    g_object_unref(a);
    g_object_unref(b);
  }
}

/* The mean of a level of a TIFF; -1: there is none. */
static double level_mean(const char *name, const char *where, int number) {
  VipsImage *im = NULL;
  double mean = -1;
  if (!vips_tiffload(in_folder(name), &im, where, number, NULL)) vips_avg(im, &mean, NULL);
  if (im) g_object_unref(im);
  vips_error_clear();
  return mean;
}

/* The smaller copies show what the patched picture shows. */
static void test_pyramid(void **state) {
  (void)state;
  const char *options[] = {"[tile,tile_width=16,tile_height=16,pyramid]",
                           "[tile,tile_width=16,tile_height=16,pyramid,subifd]"};
  const char *where[] = {"page", "subifd"};
  enum { N = 1024 };
  float *rgb = malloc(sizeof *rgb * 3 * N * N);
  uint8_t *mask = malloc((size_t)N * N);
  assert_true(rgb && mask);
  for (size_t i = 0; i < (size_t)3 * N * N; i++) rgb[i] = 0.2f;
  memset(mask, 255, (size_t)N * N);
  for (int i = 0; i < 2; i++) {
    struct kz_err err = {0};
    struct kz_image_info info;
    struct kz_patch p = {0, 0, N, N, rgb, mask};
    make_file("pyramid.tif", options[i], N, N, 3, 8, false);
    struct kz_image *im = open_ok("pyramid.tif");
    kz_image_get_info(im, &info);
    assert_true(info.pyramid);
    if (kz_image_write_patched(im, &p, 1, in_folder("pyramid_out.tif"), true, &err))
      fail_msg("%s", err.msg);
    kz_image_close(im);
    im = open_ok("pyramid_out.tif");
    kz_image_get_info(im, &info);
    assert_int_equal(info.width, N);
    assert_true(info.pyramid);
    kz_image_close(im);
    assert_true(fabs(level_mean("pyramid_out.tif", where[i], !i) - 51) < 0.01);
  }
  free(rgb);
  free(mask);
}

/* Of a document the first page counts, and it is told that there are others. */
static void test_pages(void **state) {
  (void)state;
  struct kz_image_info info;
  struct kz_err err = {0};
  void *samples = make_samples(40, 90, 3, 8, 1);
  VipsImage *v = make_vips(samples, 40, 90, 3, 8);
  vips_image_set_int(v, VIPS_META_PAGE_HEIGHT, 30);
  save_vips(v, "pages.tif", "");
  g_object_unref(v);
  free(samples);
  struct kz_image *im = open_ok("pages.tif");
  kz_image_get_info(im, &info);
  assert_int_equal(info.height, 30);
  assert_int_equal(info.pages, 3);
  assert_false(info.pyramid);
  if (kz_image_write_patched(im, NULL, 0, in_folder("first.tif"), true, &err))
    fail_msg("%s", err.msg);
  kz_image_close(im);
  im = open_ok("first.tif");
  kz_image_get_info(im, &info);
  assert_int_equal(info.height, 30);
  assert_int_equal(info.pages, 1);
  kz_image_close(im);
}

static int compression_of(const char *name) {
  uint16_t scheme = 0;
  TIFF *file = TIFFOpen(in_folder(name), "r");
  assert_non_null(file);
  assert_true(TIFFGetFieldDefaulted(file, TIFFTAG_COMPRESSION, &scheme));
  TIFFClose(file);
  return scheme;
}

/* A TIFF is compressed as its original, if that loses nothing. */
static void test_compression(void **state) {
  (void)state;
  static const struct {
    const char *options;
    int expected;
  } cases[] = {{"", COMPRESSION_NONE},
               {"[compression=lzw,tile]", COMPRESSION_LZW},
               {"[compression=deflate]", COMPRESSION_ADOBE_DEFLATE},
               {"[compression=packbits]", COMPRESSION_PACKBITS},
               {"[compression=jpeg,Q=90]", COMPRESSION_LZW}};
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    float rgb[3] = {0.5f, 0.5f, 0.5f};
    uint8_t mask = 255;
    const struct kz_patch patch = {.x = 3, .y = 4, .w = 1, .h = 1, .rgb = rgb, .mask = &mask};
    struct kz_image *im;
    struct kz_err err;
    make_file("in.tif", cases[i].options, 64, 48, 3, 8, false);
    if (kz_image_open(in_folder("in.tif"), &im, &err)) fail_msg("%s", err.msg);
    if (kz_image_write_patched(im, &patch, 1, in_folder("out.tif"), true, &err))
      fail_msg("%s", err.msg);
    kz_image_close(im);
    assert_int_equal(compression_of("out.tif"), cases[i].expected);
  }
  empty_folder();
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_matrix),  cmocka_unit_test(test_refused),
      cmocka_unit_test(test_mask_of_inks), cmocka_unit_test(test_unfit_profile),
      cmocka_unit_test(test_pyramid), cmocka_unit_test(test_pages),
      cmocka_unit_test(test_compression),
  };
  return cmocka_run_group_tests(tests, fixture_setup, fixture_teardown);
}
