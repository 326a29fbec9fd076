/* Files are recognised by their first bytes and handed to that format's loader by name, as in
 * vips_io.c; from memory or a descriptor, because the bytes that were hashed are the ones that
 * shall be decoded. The figures for memory are libvips 8.14's and its decoders': progressive JPEG
 * keeps two bytes a sample, interlaced PNG all samples, libwebp and libheif the picture twice,
 * libjxl planes of floats.
 *
 * Of an animation the first frame counts. Colours are libvips' business up to 8 or 16 bits of grey
 * or RGB; from there on, callers know all there is. */
#include "image/photo.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "image/vips_io.h"

enum { JPEG, PNG, TIFF, WEBP, HEIC, AVIF, JXL };

static const struct kz__photo_format formats[] = {
    [JPEG] = {"JPEG", "jpg", "jpegload_source", "jpeg-multiscan", 0, 2},
    [PNG] = {"PNG", "png", "pngload_source", "interlaced", 0, 1},
    [TIFF] = {"TIFF", "tif", "tiffload_source", "no-such-field", 0, 0},
    [WEBP] = {"WebP", "webp", "webpload_source", NULL, 8, 0},
    [HEIC] = {"HEIC", "heic", "heifload_source", NULL, 8, 0},
    [AVIF] = {"AVIF", "avif", "heifload_source", NULL, 8, 0},
    [JXL] = {"JPEG XL", "jxl", "jxlload_source", NULL, 20, 1},
};

static const struct kz__photo_format *of_brand(const unsigned char *b, size_t n) {
  static const char *const heif[] = {"heic", "heix", "heim", "heis",
                                     "hevc", "hevx", "mif1", "msf1"};
  if (n < 12 || memcmp(b + 4, "ftyp", 4)) return NULL;
  if (!memcmp(b + 8, "avif", 4) || !memcmp(b + 8, "avis", 4)) return &formats[AVIF];
  for (size_t i = 0; i < sizeof heif / sizeof *heif; i++)
    if (!memcmp(b + 8, heif[i], 4)) return &formats[HEIC];
  return NULL;
}

const struct kz__photo_format *kz__photo_format_of(const struct kz__photo_source *from) {
  static const unsigned char box[12] = {0, 0, 0, 12, 'J', 'X', 'L', ' ', 13, 10, 0x87, 10};
  unsigned char head[12];
  const unsigned char *b = from->data;
  size_t n = from->size;
  if (!b) {
    ssize_t got = pread(from->fd, head, sizeof head, 0);
    b = head;
    n = got > 0 ? (size_t)got : 0;
  }
  if (n >= 3 && !memcmp(b, "\xff\xd8\xff", 3)) return &formats[JPEG];
  if (n >= 8 && !memcmp(b, "\x89PNG\r\n\x1a\n", 8)) return &formats[PNG];
  if (n >= 4 && (!memcmp(b, "II*\0", 4) || !memcmp(b, "MM\0*", 4) || !memcmp(b, "II+\0", 4) ||
                 !memcmp(b, "MM\0+", 4)))
    return &formats[TIFF];
  if (n >= 12 && !memcmp(b, "RIFF", 4) && !memcmp(b + 8, "WEBP", 4)) return &formats[WEBP];
  if (n >= 2 && !memcmp(b, "\xff\x0a", 2)) return &formats[JXL];
  if (n >= sizeof box && !memcmp(b, box, sizeof box)) return &formats[JXL];
  return of_brand(b, n);
}

int kz__photo_load(const struct kz__photo_source *from, const struct kz__photo_format **format,
                    VipsImage **out, struct kz_err *err) {
  if (!from->size) return kz_err_set(err, KZ_EUNSUPPORTED, "the file is empty");
  const struct kz__photo_format *f = *format = kz__photo_format_of(from);
  if (!f)
    return kz_err_set(err, KZ_EUNSUPPORTED,
                      "not a JPEG, PNG, TIFF, WebP, HEIC, AVIF or JPEG XL picture");
  if (!vips_type_find("VipsOperation", f->loader))
    return kz_err_set(err, KZ_EUNSUPPORTED, "libvips here has no decoder for %s", f->name);
  if (!from->data) lseek(from->fd, 0, SEEK_SET);
  VipsSource *source = from->data ? vips_source_new_from_memory(from->data, from->size)
                                  : vips_source_new_from_descriptor(from->fd);
  int failed = !source || vips_call(f->loader, source, out, "access", VIPS_ACCESS_SEQUENTIAL,
                                    "fail_on", VIPS_FAIL_ON_ERROR, NULL);
  if (source) g_object_unref(source);
  if (failed) return kz__vips_fail(err, KZ_EFORMAT, "cannot decode this %s file", f->name);
  if (f == &formats[PNG]) kz__png_read_exif(from->path, *out);
  return 0;
}

double kz__photo_held(const VipsImage *im, const struct kz__photo_format *f) {
  double pixels = (double)im->Xsize * im->Ysize;
  int flag = 0;
  if (f->whole_at && vips_image_get_typeof((VipsImage *)im, f->whole_at))
    vips_image_get_int((VipsImage *)im, f->whole_at, &flag);
  if (f->whole_at && !flag) return 0;
  return pixels * (f->held + f->held_band * im->Bands * (double)VIPS_IMAGE_SIZEOF_ELEMENT(im));
}

/* ---- colours ---- */

/* Replace the image by one made from it. */
static int next(VipsImage **im, int failed, VipsImage **made) {
  if (failed) return -1;
  g_object_unref(*im);
  *im = *made;
  *made = NULL;
  return 0;
}

/* Floating point is linear light from 0 to 1, unless it says what else it is. */
static int from_float(VipsImage **im) {
  VipsImage *t = NULL;
  int bands = (*im)->Bands;
  VipsInterpretation type = (*im)->Type;
  if (type == VIPS_INTERPRETATION_LAB || type == VIPS_INTERPRETATION_XYZ) return 0;
  if (bands != 3 && next(im, vips_extract_band(*im, &t, 0, "n", bands < 3 ? 1 : 3, NULL), &t))
    return -1;
  VipsImage *three[3] = {*im, *im, *im};
  if (bands < 3 && next(im, vips_bandjoin(three, &t, 3, NULL), &t)) return -1;
  return next(im, vips_copy(*im, &t, "interpretation", VIPS_INTERPRETATION_scRGB, NULL), &t);
}

static bool is_plain(const VipsImage *im) {
  switch (im->Type) {
    case VIPS_INTERPRETATION_CMYK:
    case VIPS_INTERPRETATION_LAB:
    case VIPS_INTERPRETATION_LABQ:
    case VIPS_INTERPRETATION_LABS:
    case VIPS_INTERPRETATION_XYZ:
    case VIPS_INTERPRETATION_scRGB: return false;
    default: return im->Coding == VIPS_CODING_NONE;
  }
}

static bool has_bytes_or_words(const VipsImage *im) {
  return im->BandFmt == VIPS_FORMAT_UCHAR || im->BandFmt == VIPS_FORMAT_USHORT;
}

/* A profile that is broken, or another model's than the samples', is as none. */
static void through_profile(VipsImage **im) {
  VipsImage *t = NULL;
  bool device = is_plain(*im) || (*im)->Type == VIPS_INTERPRETATION_CMYK;
  if (!device || !has_bytes_or_words(*im)) return;
  if (!vips_image_get_typeof(*im, VIPS_META_ICC_NAME)) return;
  if (next(im, vips_icc_transform(*im, &t, "srgb", "embedded", TRUE, "intent",
                                  VIPS_INTENT_RELATIVE, "black_point_compensation", TRUE, "depth",
                                  8, NULL), &t))
    vips_error_clear();
}

int kz__photo_plain(VipsImage *from, bool by_profile, VipsImage **out, struct kz_err *err) {
  VipsImage *im = from, *t = NULL;
  VipsBandFormat samples = im->BandFmt;
  int failed = 0;
  bool real = samples == VIPS_FORMAT_FLOAT || samples == VIPS_FORMAT_DOUBLE;
  if (vips_band_format_iscomplex(samples) || (is_plain(im) && !real && im->Bands > 4))
    return kz_err_set(err, KZ_EUNSUPPORTED, "cannot decode this: %d bands of %s samples",
                      im->Bands, vips_enum_nick(VIPS_TYPE_BAND_FORMAT, samples));
  g_object_ref(im);
  if (real) failed = from_float(&im);
  if (by_profile && !failed) through_profile(&im);
  if (!failed && !is_plain(im))
    failed = next(&im, vips_colourspace(im, &t, VIPS_INTERPRETATION_sRGB, NULL), &t);
  else if (!failed && !has_bytes_or_words(im))
    failed = next(&im, vips_cast(im, &t, VIPS_FORMAT_UCHAR, "shift", TRUE, NULL), &t);
  if (!failed && !has_bytes_or_words(im))
    failed = next(&im, vips_cast(im, &t, VIPS_FORMAT_UCHAR, NULL), &t);
  if (failed) {
    g_object_unref(im);
    return kz__vips_fail(err, KZ_EFORMAT, "cannot decode these colours");
  }
  *out = im;
  return 0;
}
