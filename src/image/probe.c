/* What a file's header tells, without its pixels: a folder of thousands is listed in seconds. */
#include <stdlib.h>

#include <tiffio.h>

#include "image/vips_io.h"

int kz__colours_of(const VipsImage *im) {
  if (im->Type == VIPS_INTERPRETATION_CMYK) return 4;
  return im->Bands < 3 ? 1 : 3;
}

int kz__bits_of(const VipsImage *im) {
  if (im->BandFmt == VIPS_FORMAT_FLOAT) return 32;
  return im->BandFmt == VIPS_FORMAT_USHORT ? 16 : 8;
}

void kz__describe(VipsImage *im, const struct kz__colour *c, struct kz_image_info *info) {
  *info = (struct kz_image_info){.width = im->Xsize,
                                 .height = im->Ysize,
                                 .bands = im->Bands,
                                 .bits = kz__bits_of(im),
                                 .alpha = im->Bands > kz__colours_of(im),
                                 .cmyk = im->Type == VIPS_INTERPRETATION_CMYK,
                                 .colour = kz__colour_kind(c),
                                 .profile_unused = kz__colour_profile_unused(c),
                                 .xmp_unread = kz__xmp_unread(im),
                                 .pages = 1};
}

/* ---- pages of a TIFF ---- */

/* Whether `small` is `im` at half its size, to either side. */
static bool is_half(const VipsImage *im, const VipsImage *small) {
  return small->Bands == im->Bands && abs(2 * small->Xsize - im->Xsize) <= 1 &&
         abs(2 * small->Ysize - im->Ysize) <= 1;
}

static bool level_is_half(const char *path, const VipsImage *im, const char *where, int number) {
  VipsImage *small = NULL;
  bool half = !vips_tiffload(path, &small, where, number, NULL) && is_half(im, small);
  if (small) g_object_unref(small);
  vips_error_clear();
  return half;
}

static int field(VipsImage *im, const char *name) {
  int value = 0;
  if (vips_image_get_typeof(im, name)) vips_image_get_int(im, name, &value);
  return value;
}

int kz__tiff_compression(const char *path) {
  uint16_t scheme = 0;
  TIFF *file = TIFFOpen(path, "r");
  if (!file) return -1;
  TIFFGetFieldDefaulted(file, TIFFTAG_COMPRESSION, &scheme);
  TIFFClose(file);
  switch (scheme) {
    case COMPRESSION_NONE: return VIPS_FOREIGN_TIFF_COMPRESSION_NONE;
    case COMPRESSION_LZW: return VIPS_FOREIGN_TIFF_COMPRESSION_LZW;
    case COMPRESSION_PACKBITS: return VIPS_FOREIGN_TIFF_COMPRESSION_PACKBITS;
    case COMPRESSION_DEFLATE:
    case COMPRESSION_ADOBE_DEFLATE: return VIPS_FOREIGN_TIFF_COMPRESSION_DEFLATE;
    default: return -1;
  }
}

void kz__tiff_levels(const char *path, VipsImage *im, bool *pyramid, bool *subifds, int *pages) {
  int n = field(im, VIPS_META_N_PAGES);
  *subifds = field(im, VIPS_META_N_SUBIFDS) > 0 && level_is_half(path, im, "subifd", 0);
  *pyramid = *subifds || (n > 1 && level_is_half(path, im, "page", 1));
  *pages = *pyramid && !*subifds ? 1 : VIPS_MAX(n, 1);
}

int kz_image_probe(const char *path, struct kz_image_info *info, struct kz_err *err) {
  VipsImage *im = NULL;
  struct kz__colour *colour = NULL;
  enum kz_format format;
  int rc = kz__format_of_file(path, &format, err);
  if (!rc) rc = kz__load(path, format, VIPS_ACCESS_SEQUENTIAL, &im, err);
  if (!rc) rc = kz__colour_new(im, path, &colour, err);
  if (rc) goto out;
  kz__describe(im, colour, info);
  if (format == KZ_FORMAT_TIFF) {
    bool subifds;
    kz__tiff_levels(path, im, &info->pyramid, &subifds, &info->pages);
  }
out:
  kz__colour_free(colour);
  if (im) g_object_unref(im);
  return rc;
}
