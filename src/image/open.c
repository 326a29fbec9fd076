/* An image file, read region by region.
 *
 * libvips decodes lazily. A tiled TIFF is decoded tile by tile where it is asked for; anything
 * else is decoded whole when the first pixel is asked for, into memory if it is small and, over
 * libvips' threshold of 100 MB, into a temporary file (TMPDIR, deleted on close), so that memory
 * stays bounded. kz_image_open asks for that first pixel: a damaged file is refused there and not
 * after an hour of computing. Only a large tiled TIFF is not read through; its errors come from
 * the read that meets them.
 *
 * Regions belong to one thread, so every read makes its own. */
#include <stdlib.h>
#include <string.h>

#include "image/vips_io.h"

enum { STRIP_BYTES = 4 << 20 };
static const double untiled_limit = 8.0 * (1 << 30); /* B, to a temporary file */
static const double memory_limit = 1.0 * (1 << 30);  /* B, where the decoder holds it all */
static const double check_limit = 256.0 * (1 << 20); /* B, tiled TIFFs read through at open */

static bool flagged(VipsImage *im, const char *field) {
  int value = 0;
  return vips_image_get_typeof(im, field) && !vips_image_get_int(im, field, &value) && value;
}

/* Interlaced PNG and progressive JPEG: nothing is known until all is read. WebP: libwebp. */
static bool decoder_holds_all(const struct kz_image *im) {
  return im->format == KZ_FORMAT_WEBP || flagged(im->vips, "interlaced") ||
         flagged(im->vips, "jpeg-multiscan");
}

/* Decode to find damage: one pixel of what is decoded whole, every strip of a small tiled TIFF. */
static int check_decodes(struct kz_image *im, struct kz_err *err) {
  VipsImage *v = im->vips;
  double bytes = kz__decoded_bytes(v);
  if (!im->tiled && bytes > (decoder_holds_all(im) ? memory_limit : untiled_limit))
    return kz_err_set(err, KZ_ERANGE,
                      "%s: %d x %d px is %.1f GB to decode at once; convert it to a tiled TIFF",
                      im->path, v->Xsize, v->Ysize, bytes / 1e9);
  if (im->tiled && bytes > check_limit) return 0;
  VipsRegion *region = vips_region_new(v);
  int width = im->tiled ? v->Xsize : 1, height = im->tiled ? v->Ysize : 1, rc = 0;
  for (int y = 0; y < height && !rc; y += 128) {
    VipsRect r = {0, y, width, VIPS_MIN(128, height - y)};
    if (vips_region_prepare(region, &r))
      rc = kz__vips_fail(err, KZ_EFORMAT, "%s: cannot decode this %s file", im->path,
                         kz__formats[im->format].name);
  }
  g_object_unref(region);
  return rc;
}

int kz_image_open(const char *path, struct kz_image **out, struct kz_err *err) {
  int rc = KZ_ENOMEM;
  struct kz_image *im = calloc(1, sizeof *im);
  if (im) im->path = strdup(path);
  if (!im || !im->path) {
    kz_err_set(err, KZ_ENOMEM, "%s: no memory to open it", path);
    goto out;
  }
  rc = kz__format_of_file(path, &im->format, err);
  if (rc) goto out;
  rc = kz__load(path, im->format, VIPS_ACCESS_RANDOM, &im->vips, err);
  if (rc) goto out;
  im->tiled = im->format == KZ_FORMAT_TIFF &&
              (vips_foreign_flags("tiffload", path) & VIPS_FOREIGN_PARTIAL);
  im->pages = 1;
  im->compression = -1;
  if (im->format == KZ_FORMAT_TIFF) {
    im->compression = kz__tiff_compression(path);
    kz__tiff_levels(path, im->vips, &im->pyramid, &im->subifds, &im->pages);
  }
  rc = kz__colour_new(im->vips, path, &im->colour, err);
  if (!rc) rc = check_decodes(im, err);
out:
  if (rc)
    kz_image_close(im);
  else
    *out = im;
  return rc;
}

void kz_image_close(struct kz_image *im) {
  if (!im) return;
  if (im->vips) g_object_unref(im->vips);
  kz__colour_free(im->colour);
  free(im->path);
  free(im->record);
  free(im);
}

void kz_image_get_info(const struct kz_image *im, struct kz_image_info *info) {
  kz__describe(im->vips, im->colour, info);
  info->pyramid = im->pyramid;
  info->pages = im->pages;
}

int kz_image_same_size(const struct kz_image *im, const struct kz_image *other, const char *what,
                       struct kz_err *err) {
  const VipsImage *a = im->vips, *b = other->vips;
  if (a->Xsize == b->Xsize && a->Ysize == b->Ysize) return 0;
  return kz_err_set(err, KZ_ESHAPE,
                    "%s is %d x %d but the %s %s is %d x %d: they must be of one size", im->path,
                    a->Xsize, a->Ysize, what, other->path, b->Xsize, b->Ysize);
}

/* ---- reading ---- */

/* Sample i of a row of any depth; integers in [0,1]. */
static inline float sample(const void *row, int bits, size_t i) {
  if (bits == 32) return ((const float *)row)[i];
  return bits == 16 ? ((const uint16_t *)row)[i] / 65535.0f : ((const uint8_t *)row)[i] / 255.0f;
}

static inline float luminance(const void *row, int bits, int bands, size_t at) {
  if (bands < 3) return sample(row, bits, at);
  return 0.2126f * sample(row, bits, at) + 0.7152f * sample(row, bits, at + 1) +
         0.0722f * sample(row, bits, at + 2);
}

/* `bits` is a constant where this is inlined, so that the loops have no branch on it. */
static inline void row_to_floats(const void *row, int bits, int bands, int colours, int w,
                                 float *dst) {
  for (int x = 0; x < w; x++)
    for (int c = 0; c < colours; c++)
      dst[(size_t)x * colours + c] = sample(row, bits, (size_t)x * bands + c);
}

static inline void row_to_mask(const void *row, int bits, int bands, int w, uint8_t *dst) {
  bool alpha = bands == 2 || bands == 4;
  for (int x = 0; x < w; x++) {
    size_t at = (size_t)x * bands;
    bool set = luminance(row, bits, bands, at) > 0.5f;
    if (alpha && sample(row, bits, at + bands - 1) <= 0.5f) set = false;
    dst[x] = set ? 255 : 0;
  }
}

struct rows {
  struct kz_image *im;
  int bits;
  float *line;   /* for rgb: a row of colours without alpha */
  float *rgb;    /* either this */
  uint8_t *mask; /* or this */
};

static void take_row(const struct rows *s, const void *row, int w, size_t at) {
  int bands = s->im->vips->Bands, colours = kz__colour_bands(s->im->colour);
  if (s->rgb) {
    if (s->bits == 8) row_to_floats(row, 8, bands, colours, w, s->line);
    if (s->bits == 16) row_to_floats(row, 16, bands, colours, w, s->line);
    if (s->bits == 32) row_to_floats(row, 32, bands, colours, w, s->line);
    kz__colour_to_srgb(s->im->colour, s->line, w, s->rgb + 3 * at);
  } else {
    if (s->bits == 8) row_to_mask(row, 8, bands, w, s->mask + at);
    if (s->bits == 16) row_to_mask(row, 16, bands, w, s->mask + at);
    if (s->bits == 32) row_to_mask(row, 32, bands, w, s->mask + at);
  }
}

/* The rectangle's rows, top to bottom. */
static int read_rows(const struct rows *s, VipsRect want, struct kz_err *err) {
  VipsImage *v = s->im->vips;
  int strip = (int)(STRIP_BYTES / ((double)want.width * (double)VIPS_IMAGE_SIZEOF_PEL(v)));
  strip = VIPS_CLIP(16, strip, want.height);
  VipsRegion *region = vips_region_new(v);
  int rc = 0;
  for (int y = 0; y < want.height && !rc; y += strip) {
    VipsRect r = {want.left, want.top + y, want.width, VIPS_MIN(strip, want.height - y)};
    if (vips_region_prepare(region, &r)) {
      rc = kz__vips_fail(err, KZ_EFORMAT, "%s: cannot decode rows %d to %d", s->im->path, r.top,
                         r.top + r.height - 1);
      break;
    }
    for (int i = 0; i < r.height; i++)
      take_row(s, VIPS_REGION_ADDR(region, r.left, r.top + i), r.width,
               (size_t)(y + i) * want.width);
  }
  g_object_unref(region);
  return rc;
}

static int check_inside(const struct kz_image *im, VipsRect want, struct kz_err *err) {
  const VipsImage *v = im->vips;
  if (want.left < 0 || want.top < 0 || want.width < 1 || want.height < 1 ||
      want.left > v->Xsize - want.width || want.top > v->Ysize - want.height)
    return kz_err_set(err, KZ_ERANGE, "%s: rectangle %d x %d at %d, %d leaves the %d x %d image",
                      im->path, want.width, want.height, want.left, want.top, v->Xsize, v->Ysize);
  return 0;
}

int kz_image_read_rgb(struct kz_image *im, int x, int y, int w, int h, float *dst,
                      struct kz_err *err) {
  VipsRect want = {x, y, w, h};
  struct rows s = {.im = im, .bits = kz__bits_of(im->vips), .rgb = dst};
  int rc = check_inside(im, want, err);
  if (rc) return rc;
  s.line = malloc((size_t)w * (size_t)kz__colour_bands(im->colour) * sizeof *s.line);
  if (!s.line) return kz_err_set(err, KZ_ENOMEM, "%s: no memory for %d px", im->path, w);
  rc = read_rows(&s, want, err);
  free(s.line);
  return rc;
}

int kz_image_read_mask(struct kz_image *im, int x, int y, int w, int h, uint8_t *dst,
                       struct kz_err *err) {
  VipsRect want = {x, y, w, h};
  struct rows s = {.im = im, .bits = kz__bits_of(im->vips), .mask = dst};
  if (im->vips->Type == VIPS_INTERPRETATION_CMYK)
    return kz_err_set(err, KZ_EUNSUPPORTED, "%s: a mask of CMYK inks; save it as grey or RGB",
                      im->path);
  int rc = check_inside(im, want, err);
  return rc ? rc : read_rows(&s, want, err);
}
