/* What a folder of real files holds that it should not: each is taken in with a clear verdict, or
 * reported; nothing is lost, nothing falls over. */
#include "catalogue_fixture.h"

#include <vips/vips.h>

/* Smooth and grainy, so that every decoder has work on every row. */
static VipsImage *scene(int w, int h, int bands) {
  struct kz_pixels p;
  struct kz_err err = {0};
  uint32_t seed = 3;
  assert_ok(kz_pixels_init(&p, w, h, bands, &err));
  for (int i = 0; i < w * h * bands; i++) {
    seed = seed * 1664525u + 1013904223u;
    p.data[i] = (uint8_t)(100 + 60 * sin(i * .01) + (double)(seed >> 27));
  }
  VipsImage *im = vips_image_new_from_memory_copy(p.data, (size_t)(w * h * bands), w, h, bands,
                                                  VIPS_FORMAT_UCHAR);
  kz_pixels_release(&p);
  assert_non_null(im);
  im->Type = bands < 3 ? VIPS_INTERPRETATION_B_W : VIPS_INTERPRETATION_sRGB;
  return im;
}

/* Takes the image over. */
static void save(VipsImage *im, const char *name, const char *options) {
  char path[600];
  assert_non_null(im);
  snprintf(path, sizeof path, "%s%s", in_folder(name), options);
  if (vips_image_write_to_file(im, path, NULL)) fail_msg("%s", vips_error_buffer());
  g_object_unref(im);
}

static struct kz_catalogue *catalogue;
static struct kz_catalogue_added added;

static int begin(void **state) {
  if (clean_folder(state) || mkdir(in_folder("p"), 0700)) return -1;
  catalogue = open_catalogue("bad.db");
  return 0;
}

static int end(void **state) {
  (void)state;
  kz_catalogue_close(catalogue);
  return 0;
}

static void add_all(void) {
  struct kz_err err = {0};
  assert_ok(add_to(catalogue, in_folder("p"), NULL, NULL, &added, &err));
}

/* What the catalogue says of a file in p: a column of its image. */
static const char *of(const char *name, const char *column) {
  char sql[400];
  snprintf(sql, sizeof sql,
           "SELECT %s FROM image i JOIN file f ON f.image = i.id WHERE f.path = CAST('%s/p/%s' AS"
           " BLOB)",
           column, folder, name);
  return ask_text(catalogue, sql);
}

static void expect_error(const char *name, const char *words) {
  const char *error = of(name, "coalesce(i.error, 'none')");
  if (!strstr(error, words)) fail_msg("%s: '%s' lacks '%s'", name, error, words);
  assert_string_equal(of(name, "(SELECT measure FROM verdict v WHERE v.image = i.id)"), "decode");
}

static void expect(const char *name, const char *column, const char *wanted) {
  const char *got = of(name, column);
  if (strcmp(got, wanted)) fail_msg("%s: %s is '%s', not '%s'", name, column, got, wanted);
}

static void test_no_pictures(void **state) {
  (void)state;
  write_file(in_folder("p/empty.png"), "", 0);
  write_file(in_folder("p/text.jpg"), "This is not a picture.\n", 23);
  write_file(in_folder("p/two.tif"), "II", 2);
  write_file(in_folder("p/magic.png"), "\x89PNG\r\n\x1a\n and nothing", 20);
  write_file(in_folder("p/magic.jpg"), "\xff\xd8\xff\xe0 and nothing", 16);
  write_file(in_folder("p/magic.webp"), "RIFF\xff\xff\0\0WEBPVP8 zzzzzzzzz", 25);
  write_file(in_folder("p/magic.avif"), "\0\0\0\x1c" "ftypavif\0\0\0\0avifmif1miaf", 28);
  write_file(in_folder("p/magic.jxl"), "\xff\x0azzzzzzzzzzzzzzzzzzz", 20);
  add_all();
  expect_error("empty.png", "empty");
  expect_error("text.jpg", "not a JPEG, PNG");
  expect_error("two.tif", "not a JPEG, PNG");
  expect_error("magic.png", "cannot decode this PNG");
  expect_error("magic.jpg", "cannot decode this JPEG");
  expect_error("magic.webp", "cannot decode this WebP");
  expect_error("magic.avif", "AVIF");
  expect_error("magic.jxl", "JPEG XL");
  assert_int_equal(added.broken, 8);
  assert_int_equal(ask(catalogue, "SELECT count(*) FROM chosen"), 0);
}

/* At every tenth of its length; the last piece lacks only the end. */
static void test_truncated(void **state) {
  (void)state;
  static const char *const names[] = {"a.jpg", "b.png", "c.tif", "d.webp", "e.avif", "f.jxl"};
  char name[64];
  int made = 0;
  for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
    if ((i == 4 && !vips_type_find("VipsOperation", "heifsave_file")) ||
        (i == 5 && !vips_type_find("VipsOperation", "jxlsave_file")))
      continue;
    save(scene(120, 90, 3), names[i], "");
    size_t size;
    char *data = read_file(in_folder(names[i]), &size);
    for (int tenth = 1; tenth <= 10; tenth++) {
      snprintf(name, sizeof name, "p/%d%s", tenth, names[i]);
      write_file(in_folder(name), data, size * (size_t)tenth / 10);
    }
    free(data);
    made++;
  }
  add_all();
  assert_int_equal(added.total.images, 10 * made);
  for (size_t i = 0; i < sizeof names / sizeof *names; i++)
    for (int tenth = 1; tenth <= 10; tenth++) {
      snprintf(name, sizeof name, "%d%s", tenth, names[i]);
      if (!*of(name, "id")) continue;
      if (tenth == 10) expect(name, "coalesce(i.error, 'none')", "none");
      else expect_error(name, "decode");
    }
  /* The reasons are the same in another order of threads: they are libvips' own, one file's. */
  struct kz_err err = {0};
  struct kz_catalogue *again = open_catalogue("again.db");
  struct kz_catalogue_add_options o = {.threads = 8};
  const char *what[] = {in_folder("p")};
  assert_ok(kz_catalogue_add(again, what, 1, &o, NULL, &added, &err));
  char *a = dump(catalogue), *b = dump(again);
  assert_string_equal(a, b);
  free(a);
  free(b);
  kz_catalogue_close(again);
}

static uint32_t crc_of(const unsigned char *p, size_t n) {
  uint32_t c = 0xffffffffu;
  for (size_t i = 0; i < n; i++) {
    c ^= p[i];
    for (int k = 0; k < 8; k++) c = c & 1 ? 0xedb88320u ^ (c >> 1) : c >> 1;
  }
  return ~c;
}

static void put_be(unsigned char *p, uint32_t v, int bytes) {
  for (int i = 0; i < bytes; i++) p[i] = (unsigned char)(v >> 8 * (bytes - 1 - i));
}

/* Small files that claim to be large, and one that is. */
static void test_large(void **state) {
  (void)state;
  size_t size, i;
  save(scene(40, 30, 3), "x.png", "");
  unsigned char *data = read_file(in_folder("x.png"), &size);
  put_be(data + 16, 100000, 4);
  put_be(data + 20, 100000, 4);
  put_be(data + 29, crc_of(data + 12, 17), 4);
  write_file(in_folder("p/claim.png"), data, size);
  free(data);

  save(scene(40, 30, 3), "x.jpg", "[interlace]");
  data = read_file(in_folder("x.jpg"), &size);
  i = 2; /* to the frame's header */
  while (i + 9 < size && data[i + 1] != 0xc2) i += 2 + (size_t)(data[i + 2] << 8 | data[i + 3]);
  assert_true(i + 9 < size);
  put_be(data + i + 5, 12000, 2);
  put_be(data + i + 7, 12000, 2);
  write_file(in_folder("p/progressive.jpg"), data, size);
  put_be(data + i + 5, 65000, 2);
  put_be(data + i + 7, 65000, 2);
  write_file(in_folder("p/claim.jpg"), data, size);
  free(data);

  VipsImage *black;
  assert_int_equal(vips_black(&black, 9001, 7003, "bands", 3, NULL), 0);
  save(black, "p/bomb.png", "[compression=9]");
  add_all();
  expect_error("claim.png", "too large to decode: 100000 x 100000");
  expect_error("claim.jpg", "too large to decode: 65000 x 65000");
  expect_error("progressive.jpg", "too large to decode: 12000 x 12000 px of JPEG");
  /* Decoded in strips and averaged down: the damage map holds the factor. */
  expect("bomb.png", "coalesce(i.error, 'none')", "none");
  expect("bomb.png", "width || ' ' || height", "9001 7003");
  expect("bomb.png", "(SELECT value FROM score WHERE image = i.id AND measure = 'short-side')",
         "7003.0");
  expect("bomb.png", "(SELECT hex(substr(map, 1, 1)) FROM damage WHERE image = i.id)", "02");
}

/* Files over 32 MiB are not held in memory: those here are small ones with a long tail. */
static void test_long_files(void **state) {
  (void)state;
  static const char *const names[] = {"a.jpg", "b.png", "c.tif", "d.webp"};
  char short_name[16], long_name[16];
  struct kz_err err = {0};
  struct stat st;
  for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
    size_t size;
    snprintf(short_name, sizeof short_name, "p/s%s", names[i]);
    snprintf(long_name, sizeof long_name, "p/l%s", names[i]);
    save(scene(300, 200, 3), short_name, "");
    void *data = read_file(in_folder(short_name), &size);
    write_file(in_folder(long_name), data, size);
    assert_int_equal(truncate(in_folder(long_name), (33 << 20) + 7), 0);
    free(data);
  }
  assert_ok(add_to(catalogue, in_folder("p"), in_folder("copies"), NULL, &added, &err));
  assert_int_equal(added.total.images, 8);
  assert_int_equal(added.broken, 0);
  /* Two of each picture, in all that was measured. */
  assert_int_equal(ask(catalogue, "SELECT count(*) FROM (SELECT value, count(*) n FROM score JOIN"
                                  " image i ON i.id = image WHERE measure = 'mean'"
                                  " GROUP BY format, value HAVING n = 2)"), 4);
  char path[600], hex[100];
  snprintf(hex, sizeof hex, "%s", of("la.jpg", "sha256"));
  snprintf(path, sizeof path, "%s/copies/%.2s/%s.jpg", folder, hex, hex);
  assert_int_equal(stat(path, &st), 0);
  assert_int_equal(st.st_size, (33 << 20) + 7);
}

static VipsImage *in_space(VipsInterpretation space) {
  VipsImage *im = scene(60, 40, 3), *made = NULL;
  assert_int_equal(vips_colourspace(im, &made, space, NULL), 0);
  g_object_unref(im);
  return made;
}

static VipsImage *as_format(VipsBandFormat format, double scale) {
  VipsImage *im = scene(60, 40, 3), *scaled = NULL, *made = NULL;
  assert_int_equal(vips_linear1(im, &scaled, scale, 0, NULL), 0);
  assert_int_equal(vips_cast(scaled, &made, format, NULL), 0);
  g_object_unref(im);
  g_object_unref(scaled);
  return made;
}

static VipsImage *frames_of(int count) {
  VipsImage *im = scene(60, 40 * count, 3), *made = NULL;
  assert_int_equal(vips_copy(im, &made, NULL), 0);
  g_object_unref(im);
  vips_image_set_int(made, VIPS_META_PAGE_HEIGHT, 40);
  return made;
}

/* Kinds that are no fault: means of what they show agree with the plain picture's. */
static void test_kinds(void **state) {
  (void)state;
  static const char mean[] =
      "printf('%d', 0.5 + (SELECT value FROM score WHERE image = i.id AND measure = 'mean'))";
  static const struct {
    const char *name, *is; /* bands, bits, float, frames */
    int off;               /* that the mean may be */
  } kinds[] = {{"plain.png", "3 8 0 1", 0}, {"cmyk.jpg", "4 8 0 1", 8},
               {"deep.png", "3 16 0 1", 1}, {"deep.tif", "3 16 0 1", 1},
               {"grey.png", "1 8 0 1", 60}, {"alpha.png", "4 8 0 1", 1},
               {"lab.tif", "3 32 1 1", 3},  {"float.tif", "3 32 1 1", 3},
               {"whole.tif", "3 32 0 1", 2}, {"pages.tif", "3 8 0 3", 9},
               {"moving.webp", "3 8 0 3", 9}, {"dot.png", "3 8 0 1", 200}};
  save(scene(60, 40, 3), "p/plain.png", "");
  save(in_space(VIPS_INTERPRETATION_CMYK), "p/cmyk.jpg", "[Q=100]");
  save(in_space(VIPS_INTERPRETATION_RGB16), "p/deep.png", "");
  save(in_space(VIPS_INTERPRETATION_RGB16), "p/deep.tif", "");
  save(in_space(VIPS_INTERPRETATION_LAB), "p/lab.tif", "");
  save(in_space(VIPS_INTERPRETATION_scRGB), "p/float.tif", "");
  save(as_format(VIPS_FORMAT_UINT, 16777216.), "p/whole.tif", "");
  save(scene(60, 40, 1), "p/grey.png", "");
  VipsImage *im = scene(60, 40, 3), *alpha = NULL;
  assert_int_equal(vips_bandjoin_const1(im, &alpha, 9, NULL), 0);
  g_object_unref(im);
  save(alpha, "p/alpha.png", "");
  save(frames_of(3), "p/pages.tif", "");
  save(frames_of(3), "p/moving.webp", "[lossless]");
  save(scene(1, 1, 3), "p/dot.png", "");
  add_all();
  int plain = (int)strtol(of("plain.png", mean), NULL, 10);
  for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
    expect(kinds[i].name, "coalesce(i.error, 'none')", "none");
    expect(kinds[i].name, "bands || ' ' || bits || ' ' || is_float || ' ' || frames", kinds[i].is);
    int off = abs((int)strtol(of(kinds[i].name, mean), NULL, 10) - plain);
    if (off > kinds[i].off) fail_msg("%s: mean is off by %d", kinds[i].name, off);
  }
  expect("dot.png", "(SELECT reason FROM verdict WHERE image = i.id)",
         "too small: 1 px (less than 16)");
}

static void test_metadata(void **state) {
  (void)state;
  static const char camera[] = "(SELECT value || '/' || source FROM fact WHERE image = i.id AND"
                               " key = 'camera')";
  VipsImage *im = scene(60, 40, 3), *made = NULL;
  assert_int_equal(vips_copy(im, &made, NULL), 0);
  vips_image_set_string(made, "exif-ifd0-Make", "Phase One");
  vips_image_set_string(made, "exif-ifd0-Model", "IQ4 (150) (cut off by libvips)");
  vips_image_set_string(made, "exif-ifd2-DateTimeOriginal", "2019:05:01 10:00:00");
  vips_image_set_int(made, VIPS_META_ORIENTATION, 6);
  g_object_unref(im);
  save(made, "p/a.jpg", "[profile=p3]");
  save(scene(60, 40, 3), "p/b.jpg", "[profile=srgb]");
  save(scene(60, 40, 3), "p/c.jpg", "");
  add_all();
  expect("a.jpg", camera, "Phase One IQ4 (150)/exif");
  expect("a.jpg", "(SELECT value FROM fact WHERE image = i.id AND key = 'date')",
         "2019:05:01 10:00:00");
  expect("a.jpg", "orientation", "6");
  expect("b.jpg", "orientation", "1");
  expect("b.jpg", camera, "");
  assert_true(strlen(of("a.jpg", "profile")) > 2);
  assert_true(strstr(of("b.jpg", "profile"), "sRGB") != NULL);
  expect("c.jpg", "coalesce(profile, 'none')", "none");
}

/* Bytes changed at random, and lengths: whatever comes of it, nothing falls over. */
static void test_garbled(void **state) {
  (void)state;
  static const char *const names[] = {"a.jpg", "b.png", "c.tif", "d.webp"};
  char name[64];
  uint32_t seed = 11;
  for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
    size_t size;
    save(scene(60, 40, 3), names[i], "");
    char *data = read_file(in_folder(names[i]), &size);
    for (int n = 0; n < 20; n++) {
      char *copy = malloc(size);
      assert_non_null(copy);
      memcpy(copy, data, size);
      for (int k = 0; k < 6; k++) {
        seed = seed * 1664525u + 1013904223u;
        copy[12 + (seed >> 8) % (k < 3 ? 200 : size - 12)] ^= (char)(1 << (seed & 7));
      }
      snprintf(name, sizeof name, "p/%d%s", n, names[i]);
      write_file(in_folder(name), copy, size);
      free(copy);
    }
    free(data);
  }
  add_all();
  assert_int_equal(added.total.images, 80);
  assert_true(added.broken > 10 && added.broken < 80);
}

static void test_unreadable(void **state) {
  (void)state;
  if (geteuid() != 0) skip(); /* as root: what a user may not read */
  struct kz_err err = {0};
  char words[600];
  make_picture("p/good.png", 20, 20, 1);
  make_picture("p/secret.png", 20, 20, 2);
  mkdir(in_folder("p/closed"), 0700);
  make_picture("p/closed/in.png", 20, 20, 3);
  add_all();
  assert_int_equal(added.total.images, 3);
  make_picture("p/new-secret.png", 20, 20, 4);
  chmod(in_folder("p/secret.png"), 0);
  chmod(in_folder("p/new-secret.png"), 0);
  chmod(in_folder("p/closed"), 0);
  chmod(in_folder("p"), 0755);
  chmod(folder, 0755);
  assert_int_equal(seteuid(65534), 0);
  int code = add_to(catalogue, in_folder("p"), NULL, NULL, &added, &err);
  assert_int_equal(seteuid(0), 0);
  assert_ok(code);
  assert_int_equal(added.unreadable, 2); /* the new file, the folder */
  assert_int_equal(added.gone, 0);
  snprintf(words, sizeof words, "%s",
           ask_text(catalogue, "SELECT error FROM file WHERE image IS NULL"));
  assert_non_null(strstr(words, "Permission denied"));
  chmod(in_folder("p/new-secret.png"), 0600);
  add_all();
  assert_int_equal(added.total.images, 1);
  assert_int_equal(ask(catalogue, "SELECT count(*) FROM file WHERE error IS NOT NULL"), 0);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(test_no_pictures, begin, end),
      cmocka_unit_test_setup_teardown(test_truncated, begin, end),
      cmocka_unit_test_setup_teardown(test_large, begin, end),
      cmocka_unit_test_setup_teardown(test_long_files, begin, end),
      cmocka_unit_test_setup_teardown(test_kinds, begin, end),
      cmocka_unit_test_setup_teardown(test_metadata, begin, end),
      cmocka_unit_test_setup_teardown(test_garbled, begin, end),
      cmocka_unit_test_setup_teardown(test_unreadable, begin, end),
  };
  return cmocka_run_group_tests_name("catalogue_bad", tests, catalogue_setup, catalogue_teardown);
}
