/* Pictures through views: what is kept, turned, brought to sRGB and multiplied, against pixels laid
 * down one by one and numbers worked out by hand; every format that a data set takes; and what is
 * refused. */
#include "image_fixture.h"

#include <math.h>
#include <sys/resource.h>

static struct kz_pixels load_view(const char *name, struct kz_view view, int short_side,
                                  int at_least) {
  struct kz_pixels p = {0};
  struct kz_err err = {0};
  if (kz_pixels_load_view(in_folder(name), &view, short_side, at_least, &p, &err))
    fail_msg("%s", err.msg);
  assert_int_equal(p.channels, 3);
  return p;
}

static void expect_refused(const char *name, struct kz_view view, int short_side, int code,
                           const char *words) {
  struct kz_pixels p = {0};
  struct kz_err err = {0};
  int rc = kz_pixels_load_view(in_folder(name), &view, short_side, 0, &p, &err);
  if (rc != code) fail_msg("%s: %d, not %d: %s", name, rc, code, err.msg);
  if (!strstr(err.msg, words)) fail_msg("'%s' lacks '%s'", err.msg, words);
  assert_non_null(strstr(err.msg, name));
  assert_null(p.data);
}

static void assert_same(const struct kz_pixels *a, const struct kz_pixels *b) {
  assert_int_equal(a->width, b->width);
  assert_int_equal(a->height, b->height);
  assert_memory_equal(a->data, b->data, 3 * (size_t)a->width * (size_t)a->height);
}

/* One colour everywhere. */
static void make_colour(const char *name, int w, int h, int r, int g, int b) {
  struct kz_pixels p;
  struct kz_err err = {0};
  assert_int_equal(kz_pixels_init(&p, w, h, 3, &err), 0);
  for (int i = 0; i < w * h; i++)
    p.data[3 * i] = (uint8_t)r, p.data[3 * i + 1] = (uint8_t)g, p.data[3 * i + 2] = (uint8_t)b;
  assert_int_equal(kz_pixels_save(&p, in_folder(name), &err), 0);
  kz_pixels_release(&p);
}

static const uint8_t *at(const struct kz_pixels *p, int x, int y) {
  return p->data + 3 * ((size_t)y * (size_t)p->width + (size_t)x);
}

/* ---- what is kept, and how it is turned ---- */

/* Where stored pixel (x, y) of w x h belongs by EXIF's table of where row 0 and column 0 are. */
static void upright(int orientation, int w, int h, int x, int y, int *u, int *v) {
  switch (orientation) {
    case 2: *u = w - 1 - x, *v = y; break;         /* top, right */
    case 3: *u = w - 1 - x, *v = h - 1 - y; break; /* bottom, right */
    case 4: *u = x, *v = h - 1 - y; break;         /* bottom, left */
    case 5: *u = y, *v = x; break;                 /* left, top */
    case 6: *u = h - 1 - y, *v = x; break;         /* right, top */
    case 7: *u = h - 1 - y, *v = w - 1 - x; break; /* right, bottom */
    case 8: *u = y, *v = w - 1 - x; break;         /* left, bottom */
    default: *u = x, *v = y;
  }
}

static void test_crop_and_turn(void **state) {
  (void)state;
  enum { CX = 11, CY = 7, CW = 53, CH = 31 };
  for (int in_file = 0; in_file <= 8; in_file += 4)
    for (int wanted = 0; wanted <= 8; wanted++) {
      void *samples = make_samples(W, H, 3, 8, 5);
      VipsImage *v = make_vips(samples, W, H, 3, 8);
      if (in_file) vips_image_set_int(v, VIPS_META_ORIENTATION, in_file);
      save_vips(v, "turned.tif", "");
      g_object_unref(v);
      struct kz_pixels p = load_view("turned.tif", (struct kz_view){CX, CY, CW, CH, .orientation =
                                     wanted}, 0, 0);
      int turn = wanted ? wanted : in_file;
      assert_int_equal(p.width, turn > 4 ? CH : CW);
      assert_int_equal(p.height, turn > 4 ? CW : CH);
      for (int y = 0; y < CH; y++)
        for (int x = 0; x < CW; x++) {
          int to_x, to_y;
          upright(turn, CW, CH, x, y, &to_x, &to_y);
          const uint8_t *want = (uint8_t *)samples + 3 * ((y + CY) * W + x + CX);
          assert_memory_equal(at(&p, to_x, to_y), want, 3);
        }
      kz_pixels_release(&p);
      free(samples);
    }
}

/* Reducing and enlarging go by what is kept, and see nothing of what is not. */
static void test_scale_of_what_is_kept(void **state) {
  (void)state;
  struct kz_err err = {0};
  struct kz_view view = {.x = 90, .y = 40, .w = 200, .h = 100};
  make_file("whole.png", "", 400, 300, 3, 8, false);
  struct kz_pixels cut = load_view("whole.png", view, 0, 0);
  assert_int_equal(kz_pixels_save(&cut, in_folder("part.png"), &err), 0);
  kz_pixels_release(&cut);
  for (int i = 0; i < 3; i++) {
    int short_side = i == 0 ? 50 : 0, at_least = i == 1 ? 130 : 0;
    struct kz_pixels a = load_view("whole.png", view, short_side, at_least), b = {0};
    assert_int_equal(kz_pixels_load(in_folder("part.png"), short_side, at_least, &b, &err), 0);
    assert_int_equal(a.height, i == 0 ? 50 : i == 1 ? 130 : 100);
    assert_same(&a, &b);
    kz_pixels_release(&a);
    kz_pixels_release(&b);
  }
}

/* Nothing asked for gives what kz_pixels_load gives, with every kind of file. */
static void test_empty_view(void **state) {
  (void)state;
  for (int i = 0; i < KINDS; i++) {
    struct kz_pixels a = {0}, b;
    struct kz_err err = {0};
    int width = 0, height = 0;
    make_file(kinds[i].name, kinds[i].options, W, H, kinds[i].bands, kinds[i].bits, i % 2);
    assert_int_equal(kz_pixels_load(in_folder(kinds[i].name), 40, 0, &a, &err), 0);
    b = load_view(kinds[i].name, (struct kz_view){.w = W, .h = H}, 40, 0);
    assert_same(&a, &b);
    assert_int_equal(kz_pixels_probe(in_folder(kinds[i].name), &width, &height, &err), 0);
    assert_int_equal(width, W);
    assert_int_equal(height, H);
    kz_pixels_release(&a);
    kz_pixels_release(&b);
  }
}

/* ---- colours ---- */

static void test_gains(void **state) {
  (void)state;
  static const int rows[][4] = {/* value, by 0.5, 1.25, 2 of its light: IEC 61966-2-1 by hand */
                                {40, 26, 45, 58}, {128, 92, 142, 176}, {200, 146, 221, 255},
                                {250, 184, 255, 255}};
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    make_colour("flat.png", 9, 5, rows[i][0], rows[i][0], rows[i][0]);
    struct kz_pixels p = load_view("flat.png", (struct kz_view){.gain = {0.5, 1.25, 2}}, 0, 0);
    for (int c = 0; c < 3; c++) assert_int_equal(at(&p, 8, 4)[c], rows[i][1 + c]);
    kz_pixels_release(&p);
    p = load_view("flat.png", (struct kz_view){.gain = {1, 1, 1}}, 0, 0);
    assert_int_equal(at(&p, 3, 3)[1], rows[i][0]);
    kz_pixels_release(&p);
  }
}

static void make_profiled(const char *name, const int rgb[3], int bands, int bits,
                          const void *profile, size_t size) {
  VipsImage *v;
  uint16_t samples[20 * 20 * 3];
  for (int i = 0; i < 400 * bands; i++) {
    if (bits == 16) samples[i] = (uint16_t)(rgb[i % bands] * 257);
    else ((uint8_t *)samples)[i] = (uint8_t)rgb[i % bands];
  }
  v = make_vips(samples, 20, 20, bands, bits);
  if (profile) vips_image_set_blob_copy(v, VIPS_META_ICC_NAME, profile, size);
  save_vips(v, name, "");
  g_object_unref(v);
}

static void expect_colour(const char *name, bool to_srgb, const double want[3], double near) {
  struct kz_pixels p = load_view(name, (struct kz_view){.to_srgb = to_srgb}, 0, 0);
  for (int c = 0; c < 3; c++)
    if (fabs(at(&p, 4, 4)[c] - want[c]) > near)
      fail_msg("%s: channel %d is %d, not %g", name, c, at(&p, 4, 4)[c], want[c]);
  kz_pixels_release(&p);
}

/* Display P3 has sRGB's curve and white and primaries of its own: a matrix says what must come. */
static void test_profile(void **state) {
  (void)state;
  static const struct {
    int from[3];
    double to[3];
  } colours[] = {{{200, 100, 50}, {214.9, 92.61, 30.95}},
                 {{128, 128, 128}, {128, 128, 128}},
                 {{30, 40, 120}, {27.26, 40.37, 124.8}},
                 {{60, 140, 90}, {0, 142.21, 84.97}}}; /* red lies outside sRGB */
  VipsBlob *blob = NULL;
  size_t size;
  assert_int_equal(vips_profile_load("p3", &blob, NULL), 0);
  const void *profile = vips_blob_get(blob, &size);
  for (size_t i = 0; i < sizeof colours / sizeof *colours; i++) {
    double same[3];
    for (int c = 0; c < 3; c++) same[c] = colours[i].from[c];
    for (int bits = 8; bits <= 16; bits += 8) {
      make_profiled("p3.tif", colours[i].from, 3, bits, profile, size);
      expect_colour("p3.tif", false, same, 0);
      expect_colour("p3.tif", true, colours[i].to, 2);
    }
    make_profiled("bare.tif", colours[i].from, 3, 8, NULL, 0);
    expect_colour("bare.tif", true, same, 0);
    make_profiled("broken.tif", colours[i].from, 3, 8, profile, 200);
    expect_colour("broken.tif", true, same, 0);
    make_profiled("junk.tif", colours[i].from, 3, 8, "no profile at all", 17);
    expect_colour("junk.tif", true, same, 0);
    same[1] = same[2] = same[0];
    make_profiled("grey.tif", colours[i].from, 1, 8, profile, size); /* of three colours */
    expect_colour("grey.tif", true, same, 0);
  }
  vips_area_unref(VIPS_AREA(blob));
}

/* ---- formats ---- */

/* Mean difference of the two pictures' samples. */
static double difference(const struct kz_pixels *a, const struct kz_pixels *b) {
  double sum = 0;
  int count = a->width * a->height * 3;
  assert_int_equal(a->width, b->width);
  assert_int_equal(a->height, b->height);
  for (int i = 0; i < count; i++) sum += abs(a->data[i] - b->data[i]);
  return sum / count;
}

/* A smooth picture, which lossy formats keep nearly. */
static VipsImage *make_smooth(int w, int h, int shift) {
  uint8_t *p = malloc(3 * (size_t)w * (size_t)h);
  assert_non_null(p);
  for (int y = 0; y < h; y++)
    for (int x = 0; x < w; x++)
      for (int c = 0; c < 3; c++)
        p[3 * (y * w + x) + c] = (uint8_t)(120 + 60 * sin((x + shift) * 0.05 + y * 0.03 * c));
  VipsImage *v = make_vips(p, w, h, 3, 8);
  free(p);
  return v;
}

static void test_formats(void **state) {
  (void)state;
  static const struct {
    const char *saver, *name, *options;
    double near;
  } files[] = {{"jpegsave", "f.jpg", "[Q=95]", 2},      {"pngsave", "f.png", "", 0},
               {"tiffsave", "f.tif", "", 0},            {"webpsave", "f.webp", "[lossless]", 0},
               {"heifsave", "f.heic", "[Q=90]", 3},     {"heifsave", "f.avif", "[Q=90]", 3},
               {"jxlsave", "f.jxl", "[lossless]", 0}};
  VipsImage *v = make_smooth(200, 120, 0);
  save_vips(v, "f.png", "");
  struct kz_view view = {.x = 20, .y = 10, .w = 100, .h = 80, .orientation = 6};
  struct kz_pixels want = load_view("f.png", view, 40, 0);
  int tried = 0;
  for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
    char path[512];
    struct kz_err err = {0};
    int width = 0, height = 0;
    snprintf(path, sizeof path, "%s%s", in_folder(files[i].name), files[i].options);
    if (!vips_type_find("VipsOperation", files[i].saver) ||
        vips_image_write_to_file(v, path, NULL)) {
      print_message("# no encoder for %s\n", files[i].name);
      vips_error_clear();
      continue;
    }
    tried++;
    assert_int_equal(kz_pixels_probe(in_folder(files[i].name), &width, &height, &err), 0);
    assert_int_equal(width, 200);
    assert_int_equal(height, 120);
    struct kz_pixels got = load_view(files[i].name, view, 40, 0);
    double d = difference(&got, &want);
    if (d > files[i].near) fail_msg("%s differs by %g", files[i].name, d);
    kz_pixels_release(&got);
  }
  assert_true(tried >= 4);
  kz_pixels_release(&want);
  g_object_unref(v);
}

static void test_first_frame(void **state) {
  (void)state;
  VipsImage *frames[2] = {make_smooth(60, 40, 0), make_smooth(60, 40, 50)}, *both = NULL;
  VipsImage *copy = NULL;
  assert_int_equal(vips_arrayjoin(frames, &both, 2, "across", 1, NULL), 0);
  assert_int_equal(vips_copy(both, &copy, NULL), 0);
  vips_image_set_int(copy, VIPS_META_PAGE_HEIGHT, 40);
  save_vips(copy, "moving.webp", "[lossless]");
  save_vips(frames[0], "still.png", "");
  struct kz_pixels a = load_view("moving.webp", (struct kz_view){0}, 0, 0);
  struct kz_pixels b = load_view("still.png", (struct kz_view){0}, 0, 0);
  assert_same(&a, &b);
  kz_pixels_release(&a);
  kz_pixels_release(&b);
  g_object_unref(frames[0]);
  g_object_unref(frames[1]);
  g_object_unref(both);
  g_object_unref(copy);
}

/* Floating point is linear light; values outside 0 to 1 are cut. */
static void test_float(void **state) {
  (void)state;
  static const float light[] = {0.2158605f, 0.5f, -3};
  static const double want[] = {128, 187.5, 0};
  float samples[16 * 16 * 3];
  for (int bands = 1; bands <= 3; bands += 2) {
    for (int i = 0; i < 256 * bands; i++) samples[i] = light[i % bands];
    VipsImage *v = vips_image_new_from_memory_copy(samples, 1024 * (size_t)bands, 16, 16, bands,
                                                   VIPS_FORMAT_FLOAT);
    assert_non_null(v);
    save_vips(v, "light.tif", "");
    g_object_unref(v);
    struct kz_pixels p = load_view("light.tif", (struct kz_view){0}, 0, 0);
    for (int c = 0; c < 3; c++)
      assert_true(fabs(at(&p, 7, 7)[c] - want[bands == 1 ? 0 : c]) <= 1);
    kz_pixels_release(&p);
  }
}

/* Ink, not light: none is white, all black is dark, and a blue-green takes red away. */
static void test_cmyk(void **state) {
  (void)state;
  static const uint8_t inks[][4] = {{0, 0, 0, 0}, {0, 0, 0, 255}, {255, 0, 0, 0}};
  const char *names[] = {"ink.tif", "ink.jpg"};
  for (int i = 0; i < 6; i++) {
    uint8_t samples[24 * 24 * 4];
    for (int j = 0; j < 24 * 24; j++) memcpy(samples + 4 * j, inks[i / 2], 4);
    VipsImage *v = make_vips(samples, 24, 24, 4, 8);
    v->Type = VIPS_INTERPRETATION_CMYK;
    save_vips(v, names[i % 2], "");
    g_object_unref(v);
    for (int to_srgb = 0; to_srgb < 2; to_srgb++) {
      struct kz_pixels p = load_view(names[i % 2], (struct kz_view){.to_srgb = to_srgb}, 0, 0);
      const uint8_t *c = at(&p, 11, 11);
      if (i < 2) assert_true(c[0] > 245 && c[1] > 245 && c[2] > 245);
      else if (i < 4) assert_true(c[0] < 70 && c[1] < 70 && c[2] < 70);
      else assert_true(c[0] < c[1] - 60 && c[0] < c[2] - 60);
      kz_pixels_release(&p);
    }
  }
}

/* ---- refusals and size ---- */

static void test_bad_views(void **state) {
  (void)state;
  make_file("a.png", "", 100, 60, 3, 8, false);
  static const struct kz_view leaving[] = {{.x = 60, .w = 41, .h = 10}, {.y = -1, .w = 5, .h = 5},
                                           {.w = 101, .h = 60},         {.w = 10, .h = 0},
                                           {.y = 1, .w = 100, .h = 60}, {.w = -1, .h = -1},
                                           {.x = 2147483647, .w = 1, .h = 1}};
  for (size_t i = 0; i < sizeof leaving / sizeof *leaving; i++)
    expect_refused("a.png", leaving[i], 0, KZ_ERANGE, "leaves the picture of 100 x 60");
  expect_refused("a.png", (struct kz_view){.orientation = 9}, 0, KZ_ERANGE, "orientation 9");
  expect_refused("a.png", (struct kz_view){.gain = {1, 0, 1}}, 0, KZ_ERANGE, "no gain");
  expect_refused("a.png", (struct kz_view){.gain = {NAN, 1, 1}}, 0, KZ_ERANGE, "no gain");
  expect_refused("a.png", (struct kz_view){.gain = {1, 1, INFINITY}}, 0, KZ_ERANGE, "no gain");
  struct kz_pixels p = load_view("a.png", (struct kz_view){.x = 99, .y = 59, .w = 1, .h = 1}, 0, 0);
  assert_int_equal(p.width, 1);
  kz_pixels_release(&p);
  int w, h;
  struct kz_err err = {0};
  write_bytes(in_folder("words.jpg"), "not a picture", 13);
  assert_int_equal(kz_pixels_probe(in_folder("words.jpg"), &w, &h, &err), KZ_EFORMAT);
  assert_int_equal(kz_pixels_probe(in_folder("none.jpg"), &w, &h, &err), KZ_ENOENT);
}

static long peak_kib(void) {
  struct rusage u;
  getrusage(RUSAGE_SELF, &u);
  return u.ru_maxrss;
}

/* 120 megapixels are too many to hand out, but not to reduce, and reducing holds little of them. */
static void test_large(void **state) {
  (void)state;
  VipsImage *black = NULL, *grey = NULL;
  struct kz_pixels p;
  assert_int_equal(vips_black(&black, 12000, 10000, NULL), 0);
  assert_int_equal(vips_linear1(black, &grey, 1, 77, "uchar", TRUE, NULL), 0);
  save_vips(grey, "large.png", "[compression=1]");
  g_object_unref(black);
  g_object_unref(grey);
  long before = peak_kib();
  expect_refused("large.png", (struct kz_view){0}, 0, KZ_ERANGE, "100 megapixels");
  p = load_view("large.png", (struct kz_view){0}, 100, 0);
  assert_int_equal(p.width, 120);
  assert_int_equal(at(&p, 60, 50)[0], 77);
  kz_pixels_release(&p);
  p = load_view("large.png", (struct kz_view){.x = 11000, .y = 9000, .w = 500, .h = 300}, 0, 0);
  assert_int_equal(p.width, 500);
  kz_pixels_release(&p);
  assert_true(peak_kib() - before < 60 << 10); /* KiB: 60 MiB */
}

/* An interlaced file must be held whole by its decoder. */
static void test_held_by_the_decoder(void **state) {
  (void)state;
  make_file("held.png", "[interlace]", 64, 64, 3, 8, false);
  claim_side("held.png", 20000);
  expect_refused("held.png", (struct kz_view){0}, 64, KZ_ERANGE, "1.2 GB to decode at once");
  claim_side("held.png", 30000);
  expect_refused("held.png", (struct kz_view){0}, 64, KZ_ERANGE, "500 megapixels");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_crop_and_turn),
      cmocka_unit_test(test_scale_of_what_is_kept),
      cmocka_unit_test(test_empty_view),
      cmocka_unit_test(test_gains),
      cmocka_unit_test(test_profile),
      cmocka_unit_test(test_formats),
      cmocka_unit_test(test_first_frame),
      cmocka_unit_test(test_float),
      cmocka_unit_test(test_cmyk),
      cmocka_unit_test(test_bad_views),
      cmocka_unit_test(test_large),
      cmocka_unit_test(test_held_by_the_decoder),
  };
  return cmocka_run_group_tests(tests, fixture_setup, fixture_teardown);
}
