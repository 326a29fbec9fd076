/* Descriptive tags of TIFFs, written into small and big ones and read by libtiff; and of TIFFs that
 * are damaged in any byte. */
#include "image_fixture.h"

#include <tiffio.h>

#include "image/tags.h"

enum { SIDE = 40 };

/* A TIFF by libtiff with all kinds of tags: text, numbers, an EXIF and a GPS directory. */
static void make_described(const char *name, const char *mode) {
  uint64_t exif = 0, gps = 0;
  uint8_t row[SIDE * 3] = {0};
  const double place[3] = {41, 46.5, 12.25};
  TIFF *t = TIFFOpen(in_folder(name), mode);
  assert_non_null(t);
  TIFFFreeDirectory(t); /* which making another does not */
  TIFFCreateEXIFDirectory(t);
  TIFFSetField(t, EXIFTAG_EXPOSURETIME, 0.004);
  TIFFSetField(t, EXIFTAG_DATETIMEORIGINAL, "2021:05:06 07:08:09");
  assert_int_equal(TIFFWriteCustomDirectory(t, &exif), 1);
  TIFFFreeDirectory(t);
  TIFFCreateGPSDirectory(t);
  TIFFSetField(t, GPSTAG_LATITUDEREF, "N");
  TIFFSetField(t, GPSTAG_LATITUDE, place);
  assert_int_equal(TIFFWriteCustomDirectory(t, &gps), 1);
  TIFFFreeDirectory(t);
  TIFFCreateDirectory(t);
  TIFFSetField(t, TIFFTAG_IMAGEWIDTH, SIDE);
  TIFFSetField(t, TIFFTAG_IMAGELENGTH, 1);
  TIFFSetField(t, TIFFTAG_BITSPERSAMPLE, 8);
  TIFFSetField(t, TIFFTAG_SAMPLESPERPIXEL, 3);
  TIFFSetField(t, TIFFTAG_PHOTOMETRIC, PHOTOMETRIC_RGB);
  TIFFSetField(t, TIFFTAG_PLANARCONFIG, PLANARCONFIG_CONTIG);
  TIFFSetField(t, TIFFTAG_MAKE, "Phase One");
  TIFFSetField(t, TIFFTAG_ARTIST, "A");
  TIFFSetField(t, TIFFTAG_XRESOLUTION, 318.5);
  TIFFSetField(t, TIFFTAG_YRESOLUTION, 318.5);
  TIFFSetField(t, TIFFTAG_RESOLUTIONUNIT, RESUNIT_INCH);
  TIFFSetField(t, TIFFTAG_ORIENTATION, ORIENTATION_RIGHTTOP);
  TIFFSetField(t, TIFFTAG_EXIFIFD, exif);
  TIFFSetField(t, TIFFTAG_GPSIFD, gps);
  assert_int_equal(TIFFWriteScanline(t, row, 0, 0), 1);
  TIFFClose(t);
}

/* What make_described wrote is there. */
static void check_described(const char *name) {
  char *text = NULL;
  float number = 0;
  float resolution = 0;
  uint16_t orientation = 0;
  uint64_t at = 0;
  TIFF *t = TIFFOpen(in_folder(name), "r");
  assert_non_null(t);
  assert_int_equal(TIFFGetField(t, TIFFTAG_MAKE, &text), 1);
  assert_string_equal(text, "Phase One");
  assert_int_equal(TIFFGetField(t, TIFFTAG_ARTIST, &text), 1);
  assert_string_equal(text, "A");
  assert_int_equal(TIFFGetField(t, TIFFTAG_XRESOLUTION, &resolution), 1);
  assert_true(resolution == 318.5f);
  TIFFGetField(t, TIFFTAG_ORIENTATION, &orientation);
  assert_int_equal(orientation, ORIENTATION_RIGHTTOP);
  assert_int_equal(TIFFGetField(t, TIFFTAG_EXIFIFD, &at), 1);
  uint64_t gps = 0;
  assert_int_equal(TIFFGetField(t, TIFFTAG_GPSIFD, &gps), 1);
  assert_int_equal(TIFFReadEXIFDirectory(t, at), 1);
  assert_int_equal(TIFFGetField(t, EXIFTAG_EXPOSURETIME, &number), 1);
  assert_true(number > 0.00399f && number < 0.00401f);
  assert_int_equal(TIFFReadGPSDirectory(t, gps), 1);
  assert_int_equal(TIFFGetField(t, GPSTAG_LATITUDEREF, &text), 1);
  assert_string_equal(text, "N");
  TIFFClose(t);
}

/* Either order of bytes and either size of offsets, into small and big ones, as they are and as
 * pyramids, whose pixels and smaller copies stay. */
static void test_carried(void **state) {
  (void)state;
  const char *const modes[] = {"wl", "wb", "wl8", "wb8"};
  const char *const targets[] = {"[compression=lzw]", "[bigtiff]",
                                 "[tile,tile_width=16,tile_height=16,pyramid]",
                                 "[tile,tile_width=16,tile_height=16,pyramid,subifd,bigtiff]"};
  for (int i = 0; i < 4; i++)
    for (int k = 0; k < 4; k++) {
      size_t size;
      VipsImage *a, *b;
      make_described("from.tif", modes[i]);
      make_file("into.tif", targets[k], 64, 48, 3, 8, false);
      void *before = decode("into.tif", &a);
      uint8_t *exif = kz__tags_of_tiff(in_folder("from.tif"), &size);
      assert_non_null(exif);
      assert_int_equal(kz__tags_into_tiff(in_folder("into.tif"), exif, size, true), 0);
      check_described("into.tif");
      void *after = decode("into.tif", &b);
      assert_memory_equal(before, after, (size_t)64 * 48 * 3);
      int pages = 0;
      vips_image_get_int(b, VIPS_META_N_PAGES, &pages);
      assert_int_equal(pages > 1, k == 2);
      g_object_unref(a);
      g_object_unref(b);
      g_free(before);
      g_free(after);
      free(exif);
    }
}

/* Nothing to carry: the resolution that libvips made up goes, all else stays. */
static void test_nothing(void **state) {
  (void)state;
  float resolution;
  make_file("into.tif", "", 64, 48, 3, 8, false);
  assert_int_equal(kz__tags_into_tiff(in_folder("into.tif"), NULL, 0, false), 0);
  TIFF *t = TIFFOpen(in_folder("into.tif"), "r");
  assert_int_equal(TIFFGetField(t, TIFFTAG_XRESOLUTION, &resolution), 1);
  TIFFClose(t);
  assert_int_equal(kz__tags_into_tiff(in_folder("into.tif"), NULL, 0, true), 0);
  t = TIFFOpen(in_folder("into.tif"), "r");
  assert_int_equal(TIFFGetField(t, TIFFTAG_XRESOLUTION, &resolution), 0);
  TIFFClose(t);
}

/* Any byte changed, and cut anywhere: some tags or none, and no read beyond. */
static void test_damaged(void **state) {
  (void)state;
  static const unsigned char others[] = {0, 1, 0x7f, 0xff};
  const char *const modes[] = {"wl", "wb8"};
  for (int i = 0; i < 2; i++) {
    size_t n, size;
    make_described("from.tif", modes[i]);
    char *data = read_whole(in_folder("from.tif"), &n);
    for (size_t at = 0; at < n; at++) {
      char kept = data[at];
      for (size_t k = 0; k < sizeof others; k++) {
        data[at] = (char)others[k];
        write_bytes(in_folder("bad.tif"), data, n);
        free(kz__tags_of_tiff(in_folder("bad.tif"), &size));
      }
      data[at] = kept;
      write_bytes(in_folder("bad.tif"), data, at);
      free(kz__tags_of_tiff(in_folder("bad.tif"), &size));
    }
    free(data);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_carried), cmocka_unit_test(test_nothing),
      cmocka_unit_test(test_damaged),
  };
  return cmocka_run_group_tests(tests, fixture_setup, fixture_teardown);
}
