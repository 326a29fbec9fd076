/* From files to a file: what is outside the mask, what is inside, what is refused. A function
 * stands in for the network, but for the last tests, which run a small one with random weights. */
#include "image_fixture.h"

#include <math.h>
#include <sys/stat.h>

#include "base/file.h"
#include "diffusion/sampler.h"
#include "restore/sample.h"
#include "tiny_model.h"

/* A network that paints everything one colour, (0.5, 0, -0.5) in [-1, 1], or fails. */
struct painter {
  size_t pixels;
  int calls, fail_at; /* fail_at > 0: that call fails */
};
static int painter_bind(void *self, int h, int w, int tiles, int *batch, struct kz_err *err) {
  struct painter *p = self;
  (void)tiles, (void)err;
  p->pixels = (size_t)h * w;
  *batch = 1;
  return 0;
}
static int painter_run(void *self, int n, const float *in, const float *features,
                       const float *t, float *x0, struct kz_err *err) {
  (void)features;
  struct painter *p = self;
  (void)in, (void)t;
  if (++p->calls == p->fail_at) return kz_err_set(err, KZ_EBACKEND, "out of paint");
  for (size_t i = 0; i < (size_t)n * p->pixels * 3; i++) x0[i] = 0.5f - 0.5f * (float)(i % 3);
  return 0;
}

static const struct kz_restore_options plain = {.steps = 2, .views = 1, .tile = 256, .overlap = 64,
                                               .guidance_text = 1, .guidance_structure = 1};

static int paint(const char *image, const char *mask, const char *out,
                 const struct kz_restore_options *o, struct kz_restore_stats *stats,
                 struct kz_err *err) {
  struct painter p = {0};
  const struct kz__denoise denoise = {.self = &p, .bind = painter_bind, .run = painter_run};
  return kz__restore(&denoise, in_folder(image), in_folder(mask), in_folder(out), o, NULL, stats,
                     err);
}

/* A mask of diagonal stripes, one pixel in five. */
static bool striped(int x, int y) { return (x + 2 * y) % 5 == 0; }

static void make_mask(const char *name, int w, int h, int mode) { /* 0 stripes, 1 empty, 2 full */
  struct kz_pixels m;
  struct kz_err err;
  assert_int_equal(kz_pixels_init(&m, w, h, 1, &err), 0);
  for (int y = 0; y < h; y++)
    for (int x = 0; x < w; x++)
      m.data[(size_t)y * w + x] = mode == 2 || (mode == 0 && striped(x, y)) ? 255 : 0;
  if (kz_pixels_save(&m, in_folder(name), &err)) fail_msg("%s", err.msg);
  kz_pixels_release(&m);
}

/* All samples of a file as unsigned 16-bit numbers [h, w, bands]; the caller frees. */
static uint16_t *load(const char *name, int *bands, int *bits) {
  VipsImage *im = vips_image_new_from_file(in_folder(name), NULL);
  if (!im) fail_msg("%s", vips_error_buffer());
  size_t size, count = (size_t)im->Xsize * im->Ysize * im->Bands;
  void *data = vips_image_write_to_memory(im, &size);
  uint16_t *out = malloc(count * 2);
  assert_non_null(data);
  *bands = im->Bands;
  *bits = im->BandFmt == VIPS_FORMAT_USHORT ? 16 : 8;
  for (size_t i = 0; i < count; i++)
    out[i] = *bits == 16 ? ((uint16_t *)data)[i] : ((uint8_t *)data)[i];
  g_free(data);
  g_object_unref(im);
  return out;
}

/* Outside the mask bit for bit, inside the painter's colour; alpha is kept everywhere. */
static void check_painted(const char *before, const char *after, int w, int h) {
  static const double rgb[3] = {0.75, 0.5, 0.25};
  int bands, bits, bands2, bits2;
  uint16_t *a = load(before, &bands, &bits), *b = load(after, &bands2, &bits2);
  assert_int_equal(bands, bands2);
  assert_int_equal(bits, bits2);
  int top = bits == 16 ? 65535 : 255;
  double grey = 0.2126 * rgb[0] + 0.7152 * rgb[1] + 0.0722 * rgb[2];
  for (int y = 0; y < h; y++)
    for (int x = 0; x < w; x++)
      for (int k = 0; k < bands; k++) {
        size_t i = ((size_t)y * w + x) * bands + k;
        bool alpha = bands % 2 == 0 && k == bands - 1;
        if (alpha || !striped(x, y))
          assert_int_equal(a[i], b[i]);
        else
          assert_true(fabs(b[i] - (bands < 3 ? grey : rgb[k]) * top) <= 1);
      }
  free(a);
  free(b);
}

static void outside_the_mask_nothing_changes(void **state) {
  (void)state;
  static const int sizes[][2] = {{31, 17}, {256, 256}, {257, 300}, {700, 500}};
  static const char *const suffixes[] = {"png", "tif"};
  for (int s = 0; s < 4; s++)
    for (int bands = 1; bands <= 4; bands++)
      for (int bits = 8; bits <= 16; bits += 8)
        for (int f = 0; f < 2; f++) {
          int w = sizes[s][0], h = sizes[s][1];
          if (s == 3 && (bands != 3 || f == 0)) continue; /* large: one kind will do */
          char image[64], out[64];
          struct kz_err err;
          struct kz_restore_stats stats;
          snprintf(image, sizeof image, "image.%s", suffixes[f]);
          snprintf(out, sizeof out, "out.%s", suffixes[f]);
          make_file(image, "", w, h, bands, bits, false);
          make_mask("mask.png", w, h, 0);
          if (paint(image, "mask.png", out, &plain, &stats, &err)) fail_msg("%s", err.msg);
          check_painted(image, out, w, h);
          assert_true(stats.width == w && stats.height == h && stats.seconds >= 0);
          assert_true(fabs(stats.damaged - 0.2) < 0.02);
          if (s < 3) assert_int_equal(stats.tiles, 1);
          assert_int_equal(count_files(""), 3);
          empty_folder();
        }
}

static void profile_and_metadata_stay(void **state) {
  (void)state;
  struct kz_err err;
  make_file("image.tif", "", 80, 60, 3, 16, true);
  make_mask("mask.png", 80, 60, 0);
  if (paint("image.tif", "mask.png", "out.tif", &plain, NULL, &err)) fail_msg("%s", err.msg);
  VipsImage *im = vips_image_new_from_file(in_folder("out.tif"), NULL);
  const void *profile, *packet;
  size_t size;
  assert_non_null(im);
  assert_int_equal(vips_image_get_blob(im, VIPS_META_ICC_NAME, &profile, &size), 0);
  assert_true(size > 100);
  assert_int_equal(vips_image_get_blob(im, VIPS_META_XMP_NAME, &packet, &size), 0);
  g_object_unref(im);
  empty_folder();
}

/* ---- refusals: the code, words of the message, and nothing left behind ---- */

static void refused(const char *image, const char *mask, const char *out,
                    const struct kz_restore_options *o, int code, const char *words) {
  struct kz_err err = {0};
  int before = count_files("");
  assert_int_equal(paint(image, mask, out, o, NULL, &err), code);
  assert_int_equal(err.code, code);
  if (!strstr(err.msg, words)) fail_msg("\"%s\" does not say \"%s\"", err.msg, words);
  assert_int_equal(count_files(""), before);
}

static void masks_that_do_not_fit_are_refused(void **state) {
  (void)state;
  make_file("image.png", "", 64, 48, 3, 8, false);
  make_mask("other.png", 48, 64, 0);
  make_mask("empty.png", 64, 48, 1);
  make_mask("full.png", 64, 48, 2);
  refused("image.png", "other.png", "out.png", &plain, KZ_ESHAPE, "64 x 48");
  refused("image.png", "other.png", "out.png", &plain, KZ_ESHAPE, "48 x 64");
  refused("image.png", "empty.png", "out.png", &plain, KZ_ERANGE, "white marks damage");
  refused("image.png", "full.png", "out.png", &plain, KZ_ERANGE, "black what is sound");
  make_file("one.png", "", 1, 1, 3, 8, false);
  make_mask("one_full.png", 1, 1, 2);
  refused("one.png", "one_full.png", "out.png", &plain, KZ_ERANGE, "full");
  empty_folder();
}

static void files_that_cannot_be_read_are_refused(void **state) {
  (void)state;
  make_file("image.png", "", 64, 48, 3, 8, false);
  make_mask("mask.png", 64, 48, 0);
  write_bytes(in_folder("text.png"), "not an image", 12);
  struct kz_err err = {0};
  int code = paint("nothing.png", "mask.png", "out.png", &plain, NULL, &err);
  assert_true(code < 0 && strstr(err.msg, "nothing.png"));
  code = paint("image.png", "nothing.png", "out.png", &plain, NULL, &err);
  assert_true(code < 0 && strstr(err.msg, "nothing.png"));
  code = paint("text.png", "mask.png", "out.png", &plain, NULL, &err);
  assert_true(code < 0 && strstr(err.msg, "text.png"));
  code = paint("image.png", "text.png", "out.png", &plain, NULL, &err);
  assert_true(code < 0 && strstr(err.msg, "text.png"));
  assert_int_equal(count_files("out"), 0);
  assert_int_equal(count_files(""), 3);
  empty_folder();
}

static void outputs_that_would_destroy_are_refused(void **state) {
  (void)state;
  struct kz_restore_options over = plain;
  struct kz_err err;
  over.overwrite = true;
  make_file("image.png", "", 64, 48, 3, 8, false);
  make_mask("mask.png", 64, 48, 0);
  write_bytes(in_folder("there.png"), "mine", 4);
  assert_int_equal(symlink(in_folder("image.png"), in_folder("link.png")), 0);
  refused("image.png", "mask.png", "image.png", &over, KZ_EEXIST, "image.png");
  refused("image.png", "mask.png", "link.png", &over, KZ_EEXIST, "link.png");
  refused("image.png", "mask.png", "mask.png", &over, KZ_EEXIST, "the mask");
  refused("image.png", "mask.png", "there.png", &plain, KZ_EEXIST, "is there already");
  refused("image.png", "mask.png", "out.xyz", &plain, KZ_EUNSUPPORTED, "out.xyz");
  refused("image.png", "mask.png", "no/such/out.png", &plain, KZ_EIO, "no/such");
  struct stat st;
  assert_int_equal(stat(in_folder("there.png"), &st), 0);
  assert_int_equal(st.st_size, 4);
  if (paint("image.png", "mask.png", "there.png", &over, NULL, &err)) fail_msg("%s", err.msg);
  check_painted("image.png", "there.png", 64, 48);
  empty_folder();
}

static void options_out_of_range_are_refused(void **state) {
  (void)state;
  struct kz_restore_options o = plain;
  make_file("image.png", "", 64, 48, 3, 8, false);
  make_mask("mask.png", 64, 48, 0);
  o.tile = 100;
  refused("image.png", "mask.png", "out.png", &o, KZ_ERANGE, "multiple of 32");
  o = plain, o.overlap = 129;
  refused("image.png", "mask.png", "out.png", &o, KZ_ERANGE, "half a tile");
  o = plain, o.tile = 0, o.overlap = 129;
  refused("image.png", "mask.png", "out.png", &o, KZ_ERANGE, "half a tile");
  o = plain, o.steps = 0;
  refused("image.png", "mask.png", "out.png", &o, KZ_ERANGE, "steps");
  o = plain, o.sampler = 2;
  refused("image.png", "mask.png", "out.png", &o, KZ_ERANGE, "sampler");
  empty_folder();
}

static void a_network_that_fails_leaves_nothing(void **state) {
  (void)state;
  make_file("image.png", "", 64, 48, 3, 8, false);
  make_mask("mask.png", 64, 48, 0);
  struct painter p = {.fail_at = 2};
  const struct kz__denoise denoise = {.self = &p, .bind = painter_bind, .run = painter_run};
  struct kz_err err = {0};
  assert_int_equal(kz__restore(&denoise, in_folder("image.png"), in_folder("mask.png"),
                               in_folder("out.png"), &plain, NULL, NULL, &err),
                   KZ_EBACKEND);
  assert_string_equal(err.msg, "out of paint");
  assert_int_equal(count_files(""), 2);
  empty_folder();
}

static void parameters_name_the_samplers(void **state) {
  (void)state;
  struct kz_restore_options o;
  const struct kz_param *p = kz_param_find(kz_restore_params, "sampler");
  const struct kz_sampler_info *list = kz_sampler_list();
  assert_non_null(p);
  int i = 0;
  for (; list[i].name; i++) assert_string_equal(p->choices[i], list[i].name);
  assert_null(p->choices[i]);
  assert_int_equal((int)p->max, i - 1);
  kz_params_defaults(kz_restore_params, &o);
  assert_true(o.tile == 0 && o.overlap <= 128 && o.steps >= 1 && o.seed == 0);
}

/* ---- end to end ---- */

static uint8_t *bytes_of(const char *name, size_t *size) {
  char *data;
  struct kz_err err;
  assert_int_equal(kz_file_read(in_folder(name), 1 << 24, &data, size, &err), 0);
  return (uint8_t *)data;
}

static struct kz_model *tiny_model(enum kz_precision precision) {
  struct kz_model *m = NULL;
  struct kz_err err;
  if (tiny_model_write(in_folder("model.safetensors"), 3, &err)) fail_msg("%s", err.msg);
  if (kz_model_load(in_folder("model.safetensors"), precision, &m, &err)) fail_msg("%s", err.msg);
  return m;
}

static void same_seed_gives_same_bytes(void **state) {
  (void)state;
  static const char *const outs[] = {"a.png", "b.png", "c.png"};
  struct kz_model *m = tiny_model(KZ_PRECISION_AUTO);
  struct kz_restore_options o = plain;
  struct kz_err err;
  size_t size[3];
  uint8_t *bytes[3];
  make_file("image.png", "", 450, 100, 3, 8, false);
  make_mask("mask.png", 450, 100, 0);
  for (int i = 0; i < 3; i++) {
    o.seed = i / 2;
    if (kz_restore_file(m, in_folder("image.png"), in_folder("mask.png"), in_folder(outs[i]), &o,
                        NULL, NULL, &err))
      fail_msg("%s", err.msg);
    bytes[i] = bytes_of(outs[i], &size[i]);
  }
  assert_int_equal(size[0], size[1]);
  assert_memory_equal(bytes[0], bytes[1], size[0]);
  assert_true(size[0] != size[2] || memcmp(bytes[0], bytes[2], size[0]));
  for (int i = 0; i < 3; i++) free(bytes[i]);
  kz_model_free(m);
  empty_folder();
}

/* A restorer that has seen other sizes gives what a fresh one gives. */
static void a_restorer_keeps_nothing_of_an_image(void **state) {
  (void)state;
  static const int sizes[][2] = {{90, 60}, {64, 64}, {300, 280}, {90, 60}};
  struct kz_model *m = tiny_model(KZ_PRECISION_F32);
  struct kz_restorer *r = NULL;
  struct kz_err err;
  assert_int_equal(kz_restorer_new(m, &r, &err), 0);
  for (int i = 0; i < 4; i++) {
    size_t a, b;
    make_file("image.png", "", sizes[i][0], sizes[i][1], 3, 8, false);
    make_mask("mask.png", sizes[i][0], sizes[i][1], 0);
    if (kz_restorer_run(r, in_folder("image.png"), in_folder("mask.png"), in_folder("kept.png"),
                        &plain, NULL, NULL, &err))
      fail_msg("%s", err.msg);
    if (kz_restore_file(m, in_folder("image.png"), in_folder("mask.png"), in_folder("fresh.png"),
                        &plain, NULL, NULL, &err))
      fail_msg("%s", err.msg);
    uint8_t *kept = bytes_of("kept.png", &a), *fresh = bytes_of("fresh.png", &b);
    assert_int_equal(a, b);
    assert_memory_equal(kept, fresh, a);
    free(kept);
    free(fresh);
    unlink(in_folder("kept.png"));
    unlink(in_folder("fresh.png"));
  }
  kz_restorer_free(r);
  kz_model_free(m);
  empty_folder();
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(outside_the_mask_nothing_changes),
      cmocka_unit_test(profile_and_metadata_stay),
      cmocka_unit_test(masks_that_do_not_fit_are_refused),
      cmocka_unit_test(files_that_cannot_be_read_are_refused),
      cmocka_unit_test(outputs_that_would_destroy_are_refused),
      cmocka_unit_test(options_out_of_range_are_refused),
      cmocka_unit_test(a_network_that_fails_leaves_nothing),
      cmocka_unit_test(parameters_name_the_samplers),
      cmocka_unit_test(same_seed_gives_same_bytes),
      cmocka_unit_test(a_restorer_keeps_nothing_of_an_image),
  };
  return cmocka_run_group_tests(tests, fixture_setup, fixture_teardown);
}
