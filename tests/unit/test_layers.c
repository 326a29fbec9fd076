/* Files with layers, read back by others than wrote them: OpenRaster by libarchive and libvips (and
 * where they are, by Python's zipfile and OpenCV), pages by libvips. */
#include "image_fixture.h"

#include <archive.h>
#include <archive_entry.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include <kizil/layers.h>

#include "layers/zip.h"

/* ---- what is written ---- */

static const struct source {
  const char *original, *result;
  int bands, bits;
} sources[] = {
    {"a_rgb16.tif", "b_rgb16.tif", 3, 16},
    {"a_rgb8.png", "b_rgb8.png", 3, 8},
    {"a_ga16.png", "b_ga16.png", 2, 16},
    {"a_rgba8.png", "b_rgba8.png", 4, 8},
    {"a_g8.tif", "b_g8.tif", 1, 8},
    {"a_rgb16.png", "b_rgb16.png", 3, 16},
};
enum { SOURCES = sizeof sources / sizeof sources[0] };

static uint8_t the_mask[W * H];

static void make_mask(void) {
  for (int y = 0; y < H; y++)
    for (int x = 0; x < W; x++)
      the_mask[y * W + x] = (x - 40) * (x - 40) + (y - 30) * (y - 30) < 300 || x > 90 ? 255 : 0;
  VipsImage *im = make_vips(the_mask, W, H, 1, 8);
  save_vips(im, "mask.png", "");
  g_object_unref(im);
}

static void make_one(const char *name, int bands, int bits, uint32_t seed) {
  void *samples = make_samples(W, H, bands, bits, seed);
  VipsImage *im = make_vips(samples, W, H, bands, bits);
  add_metadata(im);
  save_vips(im, name, "");
  g_object_unref(im);
  free(samples);
}

static int setup(void **state) {
  if (fixture_setup(state)) return -1;
  make_mask();
  make_one("doubt.png", 1, 16, 99);
  for (int i = 0; i < SOURCES; i++) {
    make_one(sources[i].original, sources[i].bands, sources[i].bits, 5);
    make_one(sources[i].result, sources[i].bands, sources[i].bits, 6);
  }
  return 0;
}

static void write_ok(const struct source *s, bool doubt, const char *name) {
  struct kz_err err = {0};
  char original[256], result[256], mask[256], disagreement[256];
  snprintf(original, sizeof original, "%s", in_folder(s->original));
  snprintf(result, sizeof result, "%s", in_folder(s->result));
  snprintf(mask, sizeof mask, "%s", in_folder("mask.png"));
  snprintf(disagreement, sizeof disagreement, "%s", in_folder("doubt.png"));
  const struct kz_layers_files files = {original, result, mask, doubt ? disagreement : NULL};
  if (kz_layers_write_files(&files, in_folder(name), true, &err)) fail_msg("%s", err.msg);
}

/* ---- pixels ---- */

/* `im` must hold the samples of the file `name`; with `cut`, 0 beside the mask, and an alpha. */
static void compare(VipsImage *im, const char *name, bool cut) {
  VipsImage *header;
  size_t size;
  void *want = decode(name, &header), *got = vips_image_write_to_memory(im, &size);
  int from = header->Bands, to = cut && from % 2 ? from + 1 : from;
  int bits = header->BandFmt == VIPS_FORMAT_USHORT ? 16 : 8, top = bits == 16 ? 65535 : 255;
  assert_non_null(got);
  assert_int_equal(im->Xsize, W);
  assert_int_equal(im->Ysize, H);
  assert_int_equal(im->Bands, to);
  assert_int_equal(im->BandFmt, header->BandFmt);
  for (size_t i = 0; i < W * H; i++)
    for (int c = 0; c < to; c++) {
      double v = c < from ? sample_at(want, bits, i * from + c) : top;
      if (cut && !the_mask[i]) v = 0;
      if (sample_at(got, bits, i * to + c) != v)
        fail_msg("%s: sample %d of px %zu is %g, not %g", name, c, i,
                 sample_at(got, bits, i * to + c), v);
    }
  const void *p, *q;
  size_t n, m;
  if (!strcmp(name, "mask.png")) goto out;
  assert_int_equal(vips_image_get_blob(header, VIPS_META_ICC_NAME, &p, &n), 0);
  assert_int_equal(vips_image_get_blob(im, VIPS_META_ICC_NAME, &q, &m), 0);
  assert_int_equal(n, m);
  assert_memory_equal(p, q, n);
out:
  g_free(got);
  g_free(want);
  g_object_unref(header);
}

/* ---- OpenRaster ---- */

struct member {
  char name[64];
  char *data;
  size_t size;
};

/* All members in the archive's order; their number. */
static int read_zip(const char *name, struct member *m, int most) {
  struct archive *a = archive_read_new();
  struct archive_entry *entry;
  int count = 0;
  archive_read_support_format_zip(a);
  assert_int_equal(archive_read_open_filename(a, in_folder(name), 10240), ARCHIVE_OK);
  while (archive_read_next_header(a, &entry) == ARCHIVE_OK) {
    assert_true(count < most);
    m[count] = (struct member){.size = (size_t)archive_entry_size(entry)};
    snprintf(m[count].name, sizeof m->name, "%s", archive_entry_pathname(entry));
    m[count].data = malloc(m[count].size + 1);
    assert_int_equal(archive_read_data(a, m[count].data, m[count].size), m[count].size);
    m[count].data[m[count].size] = 0;
    count++;
  }
  if (archive_errno(a)) fail_msg("%s", archive_error_string(a)); /* the CRC too */
  archive_read_free(a);
  return count;
}

static void compare_member(const struct member *m, const char *name, bool cut) {
  VipsImage *im = vips_image_new_from_buffer(m->data, m->size, "", NULL);
  if (!im) fail_msg("%s: %s", m->name, vips_error_buffer());
  compare(im, name, cut);
  g_object_unref(im);
}

static void check_ora(const struct source *s) {
  static const char *const names[] = {"mimetype", "stack.xml", "data/layer0.png",
                                      "data/layer1.png", "data/layer2.png", "data/layer3.png",
                                      "mergedimage.png", "Thumbnails/thumbnail.png"};
  struct member m[8];
  size_t size;
  write_ok(s, true, "out.ora");
  char *bytes = read_whole(in_folder("out.ora"), &size);
  assert_memory_equal(bytes, "PK\3\4", 4);
  assert_memory_equal(bytes + 8, "\0\0", 2); /* stored */
  assert_memory_equal(bytes + 30, "mimetypeimage/openraster", 24);
  free(bytes);
  assert_int_equal(read_zip("out.ora", m, 8), 8);
  for (int i = 0; i < 8; i++) assert_string_equal(m[i].name, names[i]);
  assert_non_null(strstr(m[1].data, "w=\"97\" h=\"61\" xres=\"254\" yres=\"254\""));
  const char *top = strstr(m[1].data, "name=\"disagreement\" src=\"data/layer0.png\"");
  const char *low = strstr(m[1].data, "name=\"original\" src=\"data/layer3.png\"");
  assert_true(top && low && top < low);
  compare_member(&m[2], "doubt.png", false);
  compare_member(&m[3], "mask.png", false);
  compare_member(&m[4], s->result, true);
  compare_member(&m[5], s->original, false);
  compare_member(&m[6], s->result, false);
  VipsImage *thumb = vips_image_new_from_buffer(m[7].data, m[7].size, "", NULL);
  assert_non_null(thumb);
  assert_int_equal(thumb->BandFmt, VIPS_FORMAT_UCHAR);
  assert_true(thumb->Xsize <= 256 && thumb->Ysize <= 256);
  g_object_unref(thumb);
  for (int i = 0; i < 8; i++) free(m[i].data);
}

static void test_openraster(void **state) {
  (void)state;
  for (int i = 0; i < SOURCES; i++) check_ora(&sources[i]);
}

static void test_same_bytes(void **state) {
  (void)state;
  static const char *const names[][2] = {{"one.ora", "two.ora"}, {"one.tif", "two.tif"}};
  for (int i = 0; i < 2; i++) {
    size_t n, m;
    write_ok(&sources[0], true, names[i][0]);
    write_ok(&sources[0], true, names[i][1]);
    char *a = read_whole(in_folder(names[i][0]), &n), *b = read_whole(in_folder(names[i][1]), &m);
    assert_int_equal(n, m);
    assert_memory_equal(a, b, n);
    free(a);
    free(b);
  }
}

/* A reader that shares no code with us. */
static void test_python(void **state) {
  (void)state;
  static const char script[] =
      "import sys, zipfile, xml.etree.ElementTree as et\n"
      "try: import cv2, numpy as np\n"
      "except ImportError: sys.exit(77)\n"
      "f = sys.argv[1]\n"
      "z = zipfile.ZipFile(f + '/out.ora')\n"
      "assert z.testzip() is None\n"
      "i = z.infolist()\n"
      "assert i[0].filename == 'mimetype' and i[0].compress_type == 0 and not i[0].extra\n"
      "assert z.read('mimetype') == b'image/openraster'\n"
      "root = et.fromstring(z.read('stack.xml'))\n"
      "assert (root.tag, root.get('w'), root.get('h')) == ('image', '97', '61')\n"
      "layers = root.find('stack').findall('layer')\n"
      "assert [l.get('name') for l in layers] == ['mask', 'fill', 'original']\n"
      "assert [l.get('visibility') for l in layers] == ['hidden', 'visible', 'visible']\n"
      "px = lambda b: cv2.imdecode(np.frombuffer(b, np.uint8), cv2.IMREAD_UNCHANGED)\n"
      "of = lambda n: cv2.imread(f + '/' + n, cv2.IMREAD_UNCHANGED)\n"
      "m, fill, orig = (px(z.read(l.get('src'))) for l in layers)\n"
      "a, b, mask = of('a_rgb16.png'), of('b_rgb16.png'), of('mask.png')\n"
      "assert orig.dtype == np.uint16 and (orig == a).all() and (m == mask).all()\n"
      "assert (px(z.read('mergedimage.png')) == b).all()\n"
      "assert (fill[..., 3] == np.where(mask > 0, 65535, 0)).all()\n"
      "assert (fill[..., :3] == np.where(mask[..., None] > 0, b, 0)).all()\n"
      "ok, pages = cv2.imreadmulti(f + '/out.tif', [], cv2.IMREAD_UNCHANGED)\n"
      "assert ok and len(pages) == 4 and (pages[0] == b).all() and (pages[1] == a).all()\n";
  char command[256];
  write_bytes(in_folder("read.py"), script, sizeof script - 1);
  write_ok(&sources[SOURCES - 1], false, "out.ora");
  write_ok(&sources[SOURCES - 1], false, "out.tif");
  snprintf(command, sizeof command, "LD_PRELOAD= /usr/bin/python3 %s/read.py %s", folder, folder);
  int rc = system(command);
  if (WEXITSTATUS(rc) == 77 || WEXITSTATUS(rc) == 127) skip();
  assert_int_equal(rc, 0);
}

/* 64-bit fields, which no test has the room to need. */
static void test_zip64(void **state) {
  (void)state;
  struct kz__zip z;
  struct kz_err err;
  struct member m[2];
  assert_int_equal(kz__zip_open(&z, in_folder("wide.zip"), &err), 0);
  z.wide_from = 0;
  for (int i = 0; i < 2; i++) {
    assert_int_equal(kz__zip_begin(&z, i ? "second" : "first", true, &err), 0);
    assert_int_equal(kz__zip_write(&z, "some bytes", (size_t)5 + i), 0);
    assert_int_equal(kz__zip_end(&z, &err), 0);
  }
  assert_int_equal(kz__zip_commit(&z, &err), 0);
  assert_int_equal(read_zip("wide.zip", m, 2), 2);
  assert_string_equal(m[0].name, "first");
  assert_string_equal(m[0].data, "some ");
  assert_string_equal(m[1].data, "some b");
  free(m[0].data);
  free(m[1].data);
  char command[256];
  snprintf(command, sizeof command,
           "LD_PRELOAD= /usr/bin/python3 -c \"import zipfile,sys; z=zipfile.ZipFile('%s/wide.zip');"
           " sys.exit(z.testzip() is not None or z.read('second') != b'some b')\"", folder);
  int rc = system(command);
  if (WEXITSTATUS(rc) != 127) assert_int_equal(rc, 0);
}

/* ---- pages ---- */

static void test_pages(void **state) {
  (void)state;
  static const char *const names[] = {"result", "original", "fill", "mask", "disagreement"};
  for (int i = 0; i < SOURCES; i++) {
    const struct source *s = &sources[i];
    size_t size;
    write_ok(s, true, "out.tif");
    char *bytes = read_whole(in_folder("out.tif"), &size);
    for (int page = 0; page < 5; page++) {
      VipsImage *im = NULL;
      int pages = 0;
      if (vips_tiffload(in_folder("out.tif"), &im, "page", page, NULL))
        fail_msg("page %d: %s", page, vips_error_buffer());
      assert_int_equal(vips_image_get_int(im, "n-pages", &pages), 0);
      assert_int_equal(pages, 5);
      assert_true(im->Xres > 9.9 && im->Xres < 10.1);
      compare(im, page == 1 ? s->original : page == 3 ? "mask.png" : page == 4 ? "doubt.png"
                                                                               : s->result,
              page == 2);
      assert_non_null(memmem(bytes, size, names[page], strlen(names[page]) + 1));
      g_object_unref(im);
    }
    free(bytes);
  }
}

/* Floats are shown as sRGB of 8 bits: linear 1/2 is 188, and 0 stays 0 beside the mask. */
static void test_floats(void **state) {
  (void)state;
  struct kz_err err = {0};
  float *samples = malloc(sizeof(float) * 3 * W * H);
  assert_non_null(samples);
  for (int i = 0; i < 3 * W * H; i++) samples[i] = 0.5f;
  VipsImage *im = vips_image_new_from_memory(samples, sizeof(float) * 3 * W * H, W, H, 3,
                                             VIPS_FORMAT_FLOAT);
  im->Type = VIPS_INTERPRETATION_scRGB;
  save_vips(im, "float.tif", "");
  g_object_unref(im);
  free(samples);
  struct kz_image *source = NULL, *mask = NULL;
  if (kz_image_open(in_folder("float.tif"), &source, &err)) fail_msg("%s", err.msg);
  if (kz_image_open(in_folder("mask.png"), &mask, &err)) fail_msg("%s", err.msg);
  const struct kz_layer layer = {.name = "fill", .image = source, .mask = mask};
  if (kz_layers_write(&layer, 1, NULL, in_folder("float_out.tif"), true, &err))
    fail_msg("%s", err.msg);
  uint8_t *got = decode("float_out.tif", &im);
  assert_int_equal(im->Bands, 4);
  assert_int_equal(im->BandFmt, VIPS_FORMAT_UCHAR);
  for (int i = 0; i < W * H; i++)
    for (int c = 0; c < 4; c++)
      assert_int_equal(got[4 * i + c], !the_mask[i] ? 0 : c == 3 ? 255 : 188);
  g_free(got);
  g_object_unref(im);
  kz_image_close(source);
  kz_image_close(mask);
}

/* ---- refusals ---- */

static void refuse(const struct kz_layers_files *files, const char *name, bool overwrite, int code,
                   const char *word) {
  struct kz_err err = {0};
  int before = count_files("");
  assert_int_equal(kz_layers_write_files(files, in_folder(name), overwrite, &err), code);
  if (!strstr(err.msg, word)) fail_msg("'%s' does not say '%s'", err.msg, word);
  assert_int_equal(count_files(""), before);
}

static void test_refused(void **state) {
  (void)state;
  struct kz_err err;
  make_file("small.png", "", W - 1, H, 1, 8, false);
  char original[256], result[256], mask[256], other[256];
  snprintf(original, sizeof original, "%s/a_g8.tif", folder);
  snprintf(result, sizeof result, "%s/b_g8.tif", folder);
  snprintf(mask, sizeof mask, "%s/mask.png", folder);
  snprintf(other, sizeof other, "%s/small.png", folder);
  const struct kz_layers_files good = {original, result, mask, NULL};
  struct kz_layers_files bad = good;
  refuse(&good, "x.png", true, KZ_EUNSUPPORTED, ".ora or .tif");
  refuse(&good, "a_g8.tif", true, KZ_EEXIST, "its own source");
  refuse(&good, "b_g8.tif", false, KZ_EEXIST, "is there already");
  bad.mask = other;
  refuse(&bad, "x.ora", true, KZ_ESHAPE, "one size");
  snprintf(other, sizeof other, "%s/none.png", folder);
  refuse(&bad, "x.ora", true, KZ_ENOENT, "none.png");
  refuse(&good, "nowhere/x.ora", true, KZ_ENOENT, "nowhere");
  refuse(&good, "nowhere/x.tif", true, KZ_ENOENT, "nowhere");
  struct kz_image *im = NULL;
  assert_int_equal(kz_image_open(good.original, &im, &err), 0);
  struct kz_layer layer = {.name = "\xff", .image = im};
  assert_int_equal(kz_layers_write(&layer, 1, im, in_folder("x.ora"), true, &err), KZ_EFORMAT);
  layer.name = "a\nb";
  assert_int_equal(kz_layers_write(&layer, 1, im, in_folder("x.ora"), true, &err), KZ_EFORMAT);
  layer.name = "\"<\xe5\x86\x85&>";
  assert_int_equal(kz_layers_write(&layer, 1, NULL, in_folder("x.ora"), true, &err), KZ_ERANGE);
  assert_int_equal(kz_layers_write(&layer, 0, im, in_folder("x.ora"), true, &err), KZ_ERANGE);
  assert_int_equal(kz_layers_write(&layer, 1, im, in_folder("x.ora"), true, &err), 0);
  struct member m[8];
  int count = read_zip("x.ora", m, 8);
  assert_non_null(strstr(m[1].data, "name=\"&quot;&lt;\xe5\x86\x85&amp;&gt;\""));
  for (int i = 0; i < count; i++) free(m[i].data);
  kz_image_close(im);
}

/* A disk that is full: nothing is left, and the message says so. */
static void test_full_disk(void **state) {
  (void)state;
  struct kz__zip z;
  struct kz_err err = {0};
  assert_int_equal(kz__zip_open(&z, in_folder("full.zip"), &err), 0);
  FILE *full = fopen("/dev/full", "wb");
  if (!full) skip();
  fclose(z.file.f);
  z.file.f = full;
  assert_int_equal(kz__zip_begin(&z, "a", false, &err), 0);
  char block[4096] = {0};
  for (int i = 0; i < 256; i++) kz__zip_write(&z, block, sizeof block);
  assert_int_equal(kz__zip_end(&z, &err), KZ_EIO);
  assert_non_null(strstr(err.msg, "full.zip: cannot write"));
  kz__zip_abort(&z);
  assert_int_equal(count_files("full"), 0);
}

/* The same of whole files, at any point where room may end. */
static void test_no_room(void **state) {
  (void)state;
  struct rlimit before, less;
  static const char *const names[] = {"room.ora", "room.tif"};
  char original[256], result[256], mask[256];
  snprintf(original, sizeof original, "%s/a_rgb16.png", folder);
  snprintf(result, sizeof result, "%s/b_rgb16.png", folder);
  snprintf(mask, sizeof mask, "%s/mask.png", folder);
  const struct kz_layers_files files = {original, result, mask, NULL};
  assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
  signal(SIGXFSZ, SIG_IGN);
  for (int i = 0; i < 2; i++)
    for (rlim_t room = 0; room < 60000; room += 9001) {
      struct kz_err err = {0};
      less = before;
      less.rlim_cur = room;
      assert_int_equal(setrlimit(RLIMIT_FSIZE, &less), 0);
      int rc = kz_layers_write_files(&files, in_folder(names[i]), true, &err);
      assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
      if (rc != KZ_EIO) fail_msg("%s in %d bytes: %d, %s", names[i], (int)room, rc, err.msg);
      assert_int_equal(count_files("room"), 0);
    }
  signal(SIGXFSZ, SIG_DFL);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_openraster), cmocka_unit_test(test_same_bytes),
      cmocka_unit_test(test_python),     cmocka_unit_test(test_zip64),
      cmocka_unit_test(test_pages),      cmocka_unit_test(test_floats),
      cmocka_unit_test(test_refused),    cmocka_unit_test(test_full_disk),
      cmocka_unit_test(test_no_room),
  };
  return cmocka_run_group_tests(tests, setup, fixture_teardown);
}
