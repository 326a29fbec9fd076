/* What the files of this module share: the formats, and libvips' loaders, savers and errors behind
 * functions of one shape. */
#ifndef KZ_VIPS_IO_H
#define KZ_VIPS_IO_H

#include <stdbool.h>

#include <vips/vips.h>

#include <kizil/image.h>

#include "image/colour.h"

enum kz_format { KZ_FORMAT_PNG, KZ_FORMAT_JPEG, KZ_FORMAT_TIFF, KZ_FORMAT_WEBP, KZ_FORMAT_COUNT };

struct kz_format_info {
  const char *name;
  const char *suffixes[3]; /* with the dot, lower case, NULL-terminated */
  bool lossless;           /* as this module writes it */
  bool deep;               /* holds 16 bits a sample */
  bool real;               /* holds floats */
  bool inks;               /* holds CMYK, */
  bool ink_alpha;          /* and alpha with it */
  bool alpha;
  int max_side;            /* px; 0: no limit that matters here */
};
extern const struct kz_format_info kz__formats[KZ_FORMAT_COUNT];

struct kz_image {
  VipsImage *vips;
  char *path;
  enum kz_format format;
  struct kz__colour *colour;
  bool tiled; /* a tiled TIFF: regions are decoded as they are asked for */
  int compression; /* a TIFF's, where it loses nothing: VipsForeignTiffCompression; else -1 */
  bool pyramid, subifds; /* a TIFF whose further pages, or sub-directories, are it made smaller */
  int pages;
  bool generated; /* marks, see kz_image_set_marks */
  char *record;   /* a URI reference, or NULL */
};

struct kz__save_options {
  bool tiled, pyramid, subifds; /* TIFF */
  bool resolution;              /* TIFF: none but what EXIF tells */
  int compression;              /* TIFF: VipsForeignTiffCompression; -1: LZW, or Deflate if large */
};

/* What the header says, of a file whose pixels may not be wanted. */
void kz__describe(VipsImage *im, const struct kz__colour *c, struct kz_image_info *info);
int kz__bits_of(const VipsImage *im); /* 8, 16, or 32: float */
/* Bands that are colour; one more is alpha. */
int kz__colours_of(const VipsImage *im);
/* How a TIFF is compressed, as kz__save_options says it; -1 where samples are not kept. */
int kz__tiff_compression(const char *path);
/* Whether a TIFF holds smaller copies of its first page, and where; its number of pages. */
void kz__tiff_levels(const char *path, VipsImage *im, bool *pyramid, bool *subifds, int *pages);
/* Whether it has XMP that cannot be added to. */
bool kz__xmp_unread(VipsImage *im);
/* Give `out`, which is to be written, the marks of `im`; 0, or -1 with libvips' error. */
int kz__mark(const struct kz_image *im, enum kz_format format, VipsImage *out);
/* Bytes of the decoded image. */
double kz__decoded_bytes(const VipsImage *im);
/* Format by the file's first bytes (never by its name). */
int kz__format_of_file(const char *path, enum kz_format *format, struct kz_err *err);
/* Format by suffix, any case. */
int kz__format_of_name(const char *path, enum kz_format *format, struct kz_err *err);
/* Read the header; pixels are decoded later. Refuses sample formats, colour models and band counts
 * that kizil does not do. */
int kz__load(const char *path, enum kz_format format, VipsAccess access, VipsImage **out,
             struct kz_err *err);
/* Bring IPTC into the form that the format has; 0, or -1 with libvips' error. */
int kz__iptc_fit(VipsImage *im, enum kz_format format);
/* Write all pixels to `path` at once, by `format`. Leaves a partial file on failure. `im` must be
 * the caller's alone: its metadata may be changed. */
int kz__save(VipsImage *im, enum kz_format format, const char *path,
             const struct kz__save_options *options);
/* Where the pixels of what is written come from, as vips_image_generate takes it. */
struct kz__generator {
  VipsStartFn start;
  VipsGenerateFn generate;
  VipsStopFn stop;
  void *a, *b;
  const char *unread; /* set (atomically) by `generate`: what it could not decode */
};
/* Write an image of im's size, bands, format and metadata, marked as `im` is, with these pixels;
 * kz_image_write_patched says what else holds. */
int kz__image_write(struct kz_image *im, struct kz__generator *pixels, const char *path,
                    bool overwrite, struct kz_err *err);
enum { KZ__EXIF_PREFIX = 6 }; /* "Exif\0\0", which libvips' field begins with or not */
/* The image's EXIF without its prefix, the image's own; NULL: none. */
const uint8_t *kz__exif_of(VipsImage *im, size_t *size);
/* The image's XMP, the image's own; NULL: none. */
const char *kz__xmp_of(VipsImage *im, size_t *size);
/* PNG with EXIF and XMP: set EXIF on an image just loaded; write both. */
void kz__png_read_exif(const char *path, VipsImage *im);
int kz__png_save(VipsImage *im, const char *path);
/* Fill err with the formatted text and libvips' reason, and clear libvips' buffer. */
int kz__vips_fail(struct kz_err *err, int code, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

#endif
