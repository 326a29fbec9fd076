/* Images as they should not be: each fault gives its code and a message that names the file, leaves
 * nothing in the folder, and says nothing on stderr (which is a file while these tests run). */
#include "image_fixture.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>

static int real_stderr = -1;
static char stderr_path[64];

static int faults_setup(void **state) {
  snprintf(stderr_path, sizeof stderr_path, "/tmp/kizil_stderr_XXXXXX");
  int fd = mkstemp(stderr_path);
  if (fd < 0) return -1;
  fflush(stderr);
  real_stderr = dup(2);
  dup2(fd, 2);
  close(fd);
  return fixture_setup(state);
}

static int faults_teardown(void **state) {
  int rc = fixture_teardown(state);
  fflush(stderr);
  dup2(real_stderr, 2);
  close(real_stderr);
  /* What failed asserts wrote, if any. */
  FILE *f = fopen(stderr_path, "rb");
  for (int c; f && (c = fgetc(f)) != EOF;) fputc(c, stderr);
  if (f) fclose(f);
  unlink(stderr_path);
  return rc;
}

static void assert_silent(void) {
  struct stat st;
  fflush(stderr);
  assert_int_equal(stat(stderr_path, &st), 0);
  assert_int_equal(st.st_size, 0);
}

/* Opening for restoring is refused; loading for training may take it. */
static void expect_refused(const char *name, int code, const char *words) {
  struct kz_image *im = NULL;
  struct kz_err err = {0};
  int rc = kz_image_open(in_folder(name), &im, &err);
  if (rc != code) fail_msg("%s: opening gives %d, not %d: %s", name, rc, code, err.msg);
  assert_null(im);
  assert_non_null(strstr(err.msg, name));
  if (!strstr(err.msg, words)) fail_msg("'%s' lacks '%s'", err.msg, words);
  assert_silent();
}

static void expect_open(const char *name, int code, const char *words) {
  struct kz_err err = {0};
  struct kz_pixels p = {0};
  expect_refused(name, code, words);
  int rc = kz_pixels_load(in_folder(name), 0, 0, &p, &err);
  if (rc != code) fail_msg("%s: loading gives %d, not %d: %s", name, rc, code, err.msg);
  assert_null(p.data);
  assert_silent();
}

static void test_not_images(void **state) {
  (void)state;
  char noise_bytes[5000];
  for (size_t i = 0; i < sizeof noise_bytes; i++) noise_bytes[i] = (char)(i * i * 31);
  write_bytes(in_folder("text.jpg"), "This is not a picture at all.\n", 30);
  write_bytes(in_folder("short.png"), "hi", 2);
  write_bytes(in_folder("empty.tif"), "", 0);
  write_bytes(in_folder("noise.webp"), noise_bytes, sizeof noise_bytes);
  expect_open("text.jpg", KZ_EFORMAT, "not a PNG, JPEG, TIFF or WebP");
  expect_open("short.png", KZ_EFORMAT, "not a PNG, JPEG, TIFF or WebP");
  expect_open("empty.tif", KZ_EFORMAT, "empty");
  expect_open("noise.webp", KZ_EFORMAT, "not a PNG");
  expect_open("absent.png", KZ_ENOENT, "No such file");
  assert_int_equal(mkdir(in_folder("folder.png"), 0700), 0);
  expect_open("folder.png", KZ_EIO, "directory");
  rmdir(in_folder("folder.png"));
}

/* The right first bytes and rubbish after. */
static void test_magic_only(void **state) {
  (void)state;
  const struct {
    const char *name, *magic;
    size_t size;
  } fakes[] = {{"f.png", "\x89PNG\r\n\x1a\n", 8},
               {"f.jpg", "\xff\xd8\xff\xe0", 4},
               {"f.tif", "II*\0", 4},
               {"m.tif", "MM\0*", 4},
               {"b.tif", "II+\0\x08\0\0\0", 8},
               {"f.webp", "RIFF\xff\xff\0\0WEBP", 12}};
  for (size_t i = 0; i < sizeof fakes / sizeof fakes[0]; i++) {
    char bytes[400];
    uint32_t seed = 5;
    for (size_t j = 0; j < sizeof bytes; j++) bytes[j] = (char)noise(&seed);
    memcpy(bytes, fakes[i].magic, fakes[i].size);
    write_bytes(in_folder(fakes[i].name), bytes, sizeof bytes);
    expect_open(fakes[i].name, KZ_EFORMAT, "cannot decode this");
  }
}

/* Open and read all rows; 0 or the first error. */
static int read_through(const char *path, struct kz_err *err) {
  struct kz_image *im = NULL;
  struct kz_image_info info;
  int rc = kz_image_open(path, &im, err);
  if (rc) return rc;
  kz_image_get_info(im, &info);
  uint8_t *mask = malloc((size_t)info.width * info.height);
  assert_non_null(mask);
  rc = kz_image_read_mask(im, 0, 0, info.width, info.height, mask, err);
  free(mask);
  kz_image_close(im);
  return rc;
}

static void test_truncated(void **state) {
  (void)state;
  const char *files[][2] = {
      {"t8.png", ""},           {"ti.png", "[interlace]"},
      {"t.jpg", "[Q=90]"},      {"tp.jpg", "[interlace]"},
      {"strip.tif", ""},        {"lzw.tif", "[compression=lzw]"},
      {"tile.tif", "[tile,tile_width=32,tile_height=32,compression=deflate]"},
      {"t.webp", "[lossless]"}, {"l.webp", ""},
  };
  for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
    size_t size;
    struct kz_err err = {0};
    struct kz_pixels p = {0};
    make_file(files[i][0], files[i][1], 150, 130, 3, 8, false);
    char *data = read_whole(in_folder(files[i][0]), &size);
    assert_int_equal(read_through(in_folder(files[i][0]), &err), 0);
    for (int tenth = 0; tenth < 10; tenth++) {
      const char *path = in_folder("cut");
      write_bytes(path, data, size * (size_t)tenth / 10);
      int rc = read_through(path, &err);
      if (rc != KZ_EFORMAT) fail_msg("%s cut at %d/10 gives %d", files[i][0], tenth, rc);
      assert_non_null(strstr(err.msg, "cut"));
      assert_int_equal(kz_pixels_load(path, 64, 0, &p, &err), KZ_EFORMAT);
      assert_non_null(strstr(err.msg, "cut"));
    }
    free(data);
  }
  assert_silent();
}

/* A tiled TIFF too large to be read through at open, damaged in the middle: the error comes from
 * the read and from the write, and nothing is written. */
static void test_damaged_tile(void **state) {
  (void)state;
  enum { N = 9600 };
  VipsImage *black = NULL, *deep = NULL;
  struct kz_image *im = NULL;
  struct kz_err err = {0};
  size_t size;
  assert_int_equal(vips_black(&black, N, N, "bands", 3, NULL), 0);
  assert_int_equal(vips_linear1(black, &deep, 1, 77, "uchar", TRUE, NULL), 0);
  save_vips(deep, "damaged.tif", "[tile,compression=deflate]");
  g_object_unref(black);
  g_object_unref(deep);
  char *data = read_whole(in_folder("damaged.tif"), &size);
  memset(data + size / 2, 0xee, 3000);
  write_bytes(in_folder("damaged.tif"), data, size);
  free(data);
  assert_int_equal(kz_image_open(in_folder("damaged.tif"), &im, &err), 0);
  uint8_t *mask = malloc((size_t)N * N);
  assert_non_null(mask);
  assert_int_equal(kz_image_read_mask(im, 0, 0, N, N, mask, &err), KZ_EFORMAT);
  assert_non_null(strstr(err.msg, "damaged.tif: cannot decode rows"));
  free(mask);
  assert_int_equal(kz_image_write_patched(im, NULL, 0, in_folder("result.tif"), false, &err),
                   KZ_EFORMAT);
  assert_non_null(strstr(err.msg, "damaged.tif"));
  assert_int_equal(count_files("result"), 0);
  kz_image_close(im);
  assert_silent();
}

static long peak_kib(void) {
  struct rusage u;
  getrusage(RUSAGE_SELF, &u);
  return u.ru_maxrss;
}

static void test_huge_claims(void **state) {
  (void)state;
  struct kz_image *im = NULL;
  struct kz_err err = {0};
  struct kz_pixels p = {0};
  make_file("huge.png", "", 64, 64, 3, 8, false);
  claim_side("huge.png", 100000);
  make_file("big.png", "", 64, 64, 3, 8, false);
  claim_side("big.png", 40000);
  long before = peak_kib();
  expect_open("huge.png", KZ_ERANGE, "100000 x 100000");
  assert_int_equal(kz_image_open(in_folder("big.png"), &im, &err), KZ_EFORMAT);
  assert_int_equal(kz_pixels_load(in_folder("big.png"), 0, 0, &p, &err), KZ_ERANGE);
  assert_non_null(strstr(err.msg, "500 megapixels"));
  assert_true(peak_kib() - before < 200 << 10); /* KiB: 200 MiB */
  assert_silent();
}

static void test_enlarged_too_much(void **state) {
  (void)state;
  struct kz_err err = {0};
  struct kz_pixels p = {0};
  make_file("thread.png", "", 3000, 1, 3, 8, false);
  assert_int_equal(kz_pixels_load(in_folder("thread.png"), 0, 256, &p, &err), KZ_ERANGE);
  assert_non_null(strstr(err.msg, "enlarged"));
}

/* Every sample format and colour model that is not restored, with advice. */
static void test_unsupported(void **state) {
  (void)state;
  const struct {
    VipsBandFormat format;
    const char *words;
  } formats[] = {{VIPS_FORMAT_UINT, "32-bit integer"},
                 {VIPS_FORMAT_SHORT, "signed 16-bit"},
                 {VIPS_FORMAT_CHAR, "signed 8-bit"}};
  for (size_t i = 0; i < sizeof formats / sizeof formats[0]; i++) {
    VipsImage *black = NULL, *cast = NULL;
    assert_int_equal(vips_black(&black, 20, 20, "bands", 3, NULL), 0);
    assert_int_equal(vips_cast(black, &cast, formats[i].format, NULL), 0);
    save_vips(cast, "format.tif", "");
    expect_refused("format.tif", KZ_EUNSUPPORTED, formats[i].words);
    g_object_unref(black);
    g_object_unref(cast);
  }
  VipsImage *black = NULL, *lab = NULL;
  assert_int_equal(vips_black(&black, 20, 20, "bands", 3, NULL), 0);
  assert_int_equal(vips_copy(black, &lab, "interpretation", VIPS_INTERPRETATION_LAB, NULL), 0);
  save_vips(lab, "lab.tif", "");
  expect_refused("lab.tif", KZ_EUNSUPPORTED, "CIELAB colours; convert it");
  g_object_unref(black);
  g_object_unref(lab);
  make_file("five.tif", "", 20, 20, 5, 8, false);
  expect_open("five.tif", KZ_EUNSUPPORTED, "5 bands");
}

/* ---- writing ---- */

static struct kz_image *open_ok(const char *name) {
  struct kz_image *im = NULL;
  struct kz_err err = {0};
  if (kz_image_open(in_folder(name), &im, &err)) fail_msg("%s", err.msg);
  return im;
}

static void expect_write(const char *from, const char *to, bool overwrite, int code,
                         const char *words) {
  struct kz_err err = {0};
  struct kz_image *im = open_ok(from);
  int files = count_files("");
  int rc = kz_image_can_write(im, in_folder(to), overwrite, &err);
  if (rc != code) fail_msg("%s to %s: asking gives %d, not %d", from, to, rc, code);
  rc = kz_image_write_patched(im, NULL, 0, in_folder(to), overwrite, &err);
  if (rc != code) fail_msg("%s to %s gives %d, not %d: %s", from, to, rc, code, err.msg);
  if (!strstr(err.msg, words)) fail_msg("'%s' lacks '%s'", err.msg, words);
  assert_non_null(strstr(err.msg, to));
  assert_int_equal(count_files(""), files);
  kz_image_close(im);
  assert_silent();
}

static void test_write_refusals(void **state) {
  (void)state;
  empty_folder();
  make_file("src.png", "", 30, 20, 3, 8, false);
  make_file("deep.png", "", 30, 20, 3, 16, false);
  make_file("alpha.png", "", 30, 20, 4, 8, false);
  make_file("wide.png", "", 16500, 2, 3, 8, false);
  make_file("there.png", "", 5, 5, 3, 8, false);
  size_t n, m;
  char *before = read_whole(in_folder("src.png"), &n);
  assert_int_equal(symlink("src.png", in_folder("sym.png")), 0);
  assert_int_equal(link(in_folder("src.png"), in_folder("hard.png")), 0);
  expect_write("src.png", "src.png", true, KZ_EEXIST, "own source");
  expect_write("src.png", "sym.png", true, KZ_EEXIST, "own source");
  expect_write("src.png", "hard.png", true, KZ_EEXIST, "own source");
  expect_write("src.png", "there.png", false, KZ_EEXIST, "there already");
  expect_write("src.png", "x.bmp", false, KZ_EUNSUPPORTED, "must end in");
  expect_write("src.png", "noname", false, KZ_EUNSUPPORTED, "must end in");
  expect_write("deep.png", "x.jpg", false, KZ_EUNSUPPORTED, "16 bits");
  expect_write("deep.png", "x.webp", false, KZ_EUNSUPPORTED, "16 bits");
  expect_write("alpha.png", "x.jpeg", false, KZ_EUNSUPPORTED, "alpha band");
  expect_write("wide.png", "x.webp", false, KZ_EUNSUPPORTED, "16383");
  expect_write("src.png", "no/where.png", false, KZ_EIO, "folder is missing");
  char *after = read_whole(in_folder("src.png"), &m);
  assert_int_equal(n, m);
  assert_memory_equal(before, after, n);
  free(before);
  free(after);
}

static void test_overwrite(void **state) {
  (void)state;
  struct kz_err err = {0};
  make_file("a.png", "", 30, 20, 3, 8, false);
  make_file("b.png", "", 7, 7, 3, 8, false);
  struct kz_image *im = open_ok("a.png"), *back;
  struct kz_image_info info;
  assert_int_equal(kz_image_write_patched(im, NULL, 0, in_folder("b.png"), true, &err), 0);
  back = open_ok("b.png");
  kz_image_get_info(back, &info);
  assert_int_equal(info.width, 30);
  kz_image_close(back);
  kz_image_close(im);
}

static void test_patch_outside(void **state) {
  (void)state;
  struct kz_err err = {0};
  float rgb[12] = {0};
  uint8_t mask[4] = {0};
  make_file("p.png", "", 30, 20, 3, 8, false);
  struct kz_image *im = open_ok("p.png");
  struct kz_patch p = {29, 0, 2, 2, rgb, mask};
  assert_int_equal(kz_image_write_patched(im, &p, 1, in_folder("po.png"), false, &err),
                   KZ_ERANGE);
  assert_non_null(strstr(err.msg, "30 x 20"));
  p.x = -1;
  assert_int_equal(kz_image_write_patched(im, &p, 1, in_folder("po.png"), false, &err),
                   KZ_ERANGE);
  assert_int_equal(count_files("po.png"), 0);
  kz_image_close(im);
}

/* The system refuses the write after some bytes, as a full disc does. */
static void test_write_fails_midway(void **state) {
  (void)state;
  const char *names[] = {"full.png", "full.tif", "full.jpg", "full.webp"};
  struct rlimit old, small;
  struct kz_err err = {0};
  empty_folder();
  make_file("source.png", "", 400, 400, 3, 8, false);
  struct kz_image *im = open_ok("source.png");
  assert_int_equal(getrlimit(RLIMIT_FSIZE, &old), 0);
  small = old;
  small.rlim_cur = 20000;
  void (*handler)(int) = signal(SIGXFSZ, SIG_IGN);
  for (int i = 0; i < 4; i++) {
    struct kz_pixels p = {0};
    assert_int_equal(kz_pixels_init(&p, 400, 400, 3, &err), 0);
    uint32_t seed = 3;
    for (int j = 0; j < 400 * 400 * 3; j++) p.data[j] = (uint8_t)noise(&seed);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
    int a = kz_image_write_patched(im, NULL, 0, in_folder(names[i]), false, &err);
    int b = kz_pixels_save(&p, in_folder(names[i]), &err);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &old), 0);
    if (a != KZ_EIO || b != KZ_EIO) fail_msg("%s: %d, %d", names[i], a, b);
    assert_non_null(strstr(err.msg, names[i]));
    assert_int_equal(count_files(""), 1);
    kz_pixels_release(&p);
  }
  signal(SIGXFSZ, handler);
  kz_image_close(im);
  assert_silent();
}

static void test_pixels_faults(void **state) {
  (void)state;
  struct kz_err err = {0};
  struct kz_pixels p = {0};
  assert_int_equal(kz_pixels_init(&p, 0, 5, 3, &err), KZ_ERANGE);
  assert_int_equal(kz_pixels_init(&p, 5, 5, 9, &err), KZ_ERANGE);
  assert_null(p.data);
  assert_int_equal(kz_pixels_init(&p, 5, 5, 2, &err), 0);
  assert_int_equal(kz_pixels_save(&p, in_folder("two.png"), &err), KZ_ERANGE);
  kz_pixels_release(&p);
  assert_int_equal(kz_pixels_init(&p, 5, 5, 3, &err), 0);
  assert_int_equal(kz_pixels_save(&p, in_folder("a.xyz"), &err), KZ_EUNSUPPORTED);
  assert_int_equal(kz_pixels_save(&p, in_folder("no/a.png"), &err), KZ_EIO);
  assert_non_null(strstr(err.msg, "no/a.png"));
  kz_pixels_release(&p);
  kz_pixels_release(&p);
  kz_pixels_release(NULL);
  kz_image_close(NULL);
  assert_silent();
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_not_images),     cmocka_unit_test(test_magic_only),
      cmocka_unit_test(test_truncated),      cmocka_unit_test(test_damaged_tile),
      cmocka_unit_test(test_huge_claims),    cmocka_unit_test(test_enlarged_too_much),
      cmocka_unit_test(test_unsupported),    cmocka_unit_test(test_write_refusals),
      cmocka_unit_test(test_overwrite),      cmocka_unit_test(test_patch_outside),
      cmocka_unit_test(test_write_fails_midway), cmocka_unit_test(test_pixels_faults),
  };
  return cmocka_run_group_tests(tests, faults_setup, faults_teardown);
}
