/* Originals for test_metadata.sh, results laid over them, and their samples as libtiff reads them.
 *   metadata_fixture make FILE BITS BANDS PROFILE OPTIONS   noise; PROFILE: libvips' name, or none;
 *                                                           OPTIONS: libvips', in brackets
 *   metadata_fixture lay SOURCE RESULT                      a square at 40, 30, marked as restored
 *   metadata_fixture samples TIFF                           the first page's, raw, to the output */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <tiffio.h>
#include <vips/vips.h>

#include <kizil/image.h>

enum { WIDTH = 150, HEIGHT = 120, LEFT = 40, TOP = 30, SIDE = 32 };

static int fail(const char *what) {
  fprintf(stderr, "metadata_fixture: %s\n", what);
  return 1;
}

static VipsImage *noise(int bits, int bands) {
  size_t count = (size_t)WIDTH * HEIGHT * (size_t)bands, size = (size_t)bits / 8;
  uint8_t *p = malloc(count * size);
  uint32_t state = (uint32_t)(bits + bands);
  if (!p) return NULL;
  for (size_t i = 0; i < count; i++) {
    uint16_t v = (uint16_t)((state = state * 1664525u + 1013904223u) >> 12);
    float f = (float)v / 30000 - 0.5f;
    memcpy(p + i * size, bits == 32 ? (void *)&f : (void *)&v, size);
  }
  VipsBandFormat format = bits == 32 ? VIPS_FORMAT_FLOAT
                          : bits == 16 ? VIPS_FORMAT_USHORT : VIPS_FORMAT_UCHAR;
  VipsImage *im = vips_image_new_from_memory_copy(p, count * size, WIDTH, HEIGHT, bands, format);
  free(p);
  if (im && bands > 2) im->Type = bits == 32 ? VIPS_INTERPRETATION_scRGB : VIPS_INTERPRETATION_sRGB;
  if (im && bands < 3) im->Type = VIPS_INTERPRETATION_B_W;
  if (im && bits == 16)
    im->Type = bands > 2 ? VIPS_INTERPRETATION_RGB16 : VIPS_INTERPRETATION_GREY16;
  return im;
}

static int make(char **a) {
  VipsImage *im = noise((int)strtol(a[1], NULL, 10), (int)strtol(a[2], NULL, 10));
  VipsBlob *blob = NULL;
  char *name = g_strdup_printf("%s%s", a[0], a[4]);
  size_t size;
  if (!im) return fail("no memory");
  if (!strcmp(a[3], "cmyk")) im->Type = VIPS_INTERPRETATION_CMYK;
  if (strcmp(a[3], "none")) {
    if (vips_profile_load(a[3], &blob, NULL)) return fail(vips_error_buffer());
    const void *data = vips_blob_get(blob, &size);
    vips_image_set_blob_copy(im, VIPS_META_ICC_NAME, data, size);
    vips_area_unref(VIPS_AREA(blob));
  }
  int failed = vips_image_write_to_file(im, name, NULL);
  g_object_unref(im);
  g_free(name);
  return failed ? fail(vips_error_buffer()) : 0;
}

static int lay(const char *source, const char *result) {
  static float rgb[SIDE * SIDE * 3];
  static uint8_t mask[SIDE * SIDE];
  struct kz_patch patch = {LEFT, TOP, SIDE, SIDE, rgb, mask};
  struct kz_image_marks marks = {.generated = true, .record = "a result.json"};
  struct kz_image *im = NULL;
  struct kz_err err = {0};
  for (int i = 0; i < SIDE * SIDE * 3; i++) rgb[i] = 0.4f;
  memset(mask, 255, sizeof mask);
  int code = kz_image_open(source, &im, &err);
  if (!code) code = kz_image_set_marks(im, &marks, &err);
  if (!code) code = kz_image_write_patched(im, &patch, 1, result, true, &err);
  kz_image_close(im);
  return code ? fail(err.msg) : 0;
}

static int samples(const char *path) {
  TIFF *t = TIFFOpen(path, "r");
  uint32_t w, h, tw, th;
  if (!t) return fail("libtiff cannot open it");
  bool tiled = TIFFIsTiled(t);
  TIFFGetField(t, TIFFTAG_IMAGEWIDTH, &w);
  TIFFGetField(t, TIFFTAG_IMAGELENGTH, &h);
  size_t line = TIFFScanlineSize(t), pixel = line / w;
  uint8_t *all = calloc(h, line), *tile = tiled ? malloc((size_t)TIFFTileSize(t)) : NULL;
  bool ok = all && (tile || !tiled);
  for (uint32_t y = 0; ok && !tiled && y < h; y++)
    ok = TIFFReadScanline(t, all + y * line, y, 0) > 0;
  if (ok && tiled) {
    TIFFGetField(t, TIFFTAG_TILEWIDTH, &tw);
    TIFFGetField(t, TIFFTAG_TILELENGTH, &th);
    for (uint32_t y = 0; ok && y < h; y += th)
      for (uint32_t x = 0; ok && x < w; x += tw) {
        ok = TIFFReadTile(t, tile, x, y, 0, 0) > 0;
        for (uint32_t i = 0; i < th && y + i < h; i++)
          memcpy(all + (y + i) * line + x * pixel, tile + i * tw * pixel,
                 (x + tw < w ? tw : w - x) * pixel);
      }
  }
  if (ok) ok = fwrite(all, line, h, stdout) == h;
  free(all);
  free(tile);
  TIFFClose(t);
  return ok ? 0 : fail("libtiff cannot read it");
}

int main(int argc, char **argv) {
  struct kz_err err = {0};
  if (kz_image_startup("metadata_fixture", 1, &err)) return fail(err.msg);
  int status = 2;
  if (argc == 7 && !strcmp(argv[1], "make")) status = make(argv + 2);
  if (argc == 4 && !strcmp(argv[1], "lay")) status = lay(argv[2], argv[3]);
  if (argc == 3 && !strcmp(argv[1], "samples")) status = samples(argv[2]);
  kz_image_shutdown();
  return status;
}
