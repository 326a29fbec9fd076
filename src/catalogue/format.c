/* Files are recognised by their first bytes and handed to that format's loader by name, as in
 * src/image; here from memory or a descriptor, because the bytes that were hashed are the ones that
 * shall be decoded. The figures for memory are libvips 8.14's and its decoders': progressive JPEG
 * keeps two bytes a sample, interlaced PNG all samples, libwebp and libheif the picture twice,
 * libjxl planes of floats. */
#include "catalogue/format.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "image/vips_io.h"

static const struct kz__format jpeg = {"JPEG", "jpg", "jpegload_source", "jpeg-multiscan", 0, 2};
static const struct kz__format png = {"PNG", "png", "pngload_source", "interlaced", 0, 1};
static const struct kz__format tiff = {"TIFF", "tif", "tiffload_source", "no-such-field", 0, 0};
static const struct kz__format webp = {"WebP", "webp", "webpload_source", NULL, 8, 0};
static const struct kz__format heic = {"HEIC", "heic", "heifload_source", NULL, 8, 0};
static const struct kz__format avif = {"AVIF", "avif", "heifload_source", NULL, 8, 0};
static const struct kz__format jxl = {"JPEG XL", "jxl", "jxlload_source", NULL, 20, 1};

static const struct kz__format *of_brand(const unsigned char *b, size_t n) {
  static const char *const heif[] = {"heic", "heix", "heim", "heis",
                                     "hevc", "hevx", "mif1", "msf1"};
  if (n < 12 || memcmp(b + 4, "ftyp", 4)) return NULL;
  if (!memcmp(b + 8, "avif", 4) || !memcmp(b + 8, "avis", 4)) return &avif;
  for (size_t i = 0; i < sizeof heif / sizeof *heif; i++)
    if (!memcmp(b + 8, heif[i], 4)) return &heic;
  return NULL;
}

const struct kz__format *kz__format_of(const struct kz__content *from) {
  static const unsigned char box[12] = {0, 0, 0, 12, 'J', 'X', 'L', ' ', 13, 10, 0x87, 10};
  unsigned char head[12];
  const unsigned char *b = from->data;
  size_t n = from->size;
  if (!b) {
    ssize_t got = pread(from->fd, head, sizeof head, 0);
    b = head;
    n = got > 0 ? (size_t)got : 0;
  }
  if (n >= 3 && !memcmp(b, "\xff\xd8\xff", 3)) return &jpeg;
  if (n >= 8 && !memcmp(b, "\x89PNG\r\n\x1a\n", 8)) return &png;
  if (n >= 4 && (!memcmp(b, "II*\0", 4) || !memcmp(b, "MM\0*", 4) || !memcmp(b, "II+\0", 4) ||
                 !memcmp(b, "MM\0+", 4)))
    return &tiff;
  if (n >= 12 && !memcmp(b, "RIFF", 4) && !memcmp(b + 8, "WEBP", 4)) return &webp;
  if (n >= 2 && !memcmp(b, "\xff\x0a", 2)) return &jxl;
  if (n >= sizeof box && !memcmp(b, box, sizeof box)) return &jxl;
  return of_brand(b, n);
}

int kz__format_load(const struct kz__content *from, const struct kz__format **format,
                    VipsImage **out, struct kz_err *err) {
  if (!from->size) return kz_err_set(err, KZ_EUNSUPPORTED, "the file is empty");
  const struct kz__format *f = *format = kz__format_of(from);
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
  if (f == &png) kz__png_read_exif(from->path, *out);
  return 0;
}

/* ---- profile ---- */

static uint32_t be32(const unsigned char *p) {
  return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

/* Printable ASCII of a text of `step` bytes a character. */
static void plain_text(const unsigned char *p, size_t count, size_t step, char *to, size_t size) {
  size_t used = 0;
  for (size_t i = 0; i < count && used + 1 < size; i++) {
    unsigned char c = p[i * step + step - 1];
    if (!c) break;
    to[used++] = (char)(c >= ' ' && c < 127 ? c : '?');
  }
  to[used] = 0;
}

/* ICC.1: 'desc' of version 2 (length, ASCII) or 'mluc' of version 4 (first record, UTF-16). */
static void profile_name(const unsigned char *p, size_t size, char *to, size_t room) {
  snprintf(to, room, "unnamed");
  uint32_t tags = size >= 132 ? be32(p + 128) : 0;
  for (uint32_t i = 0; i < tags && 132 + 12 * ((size_t)i + 1) <= size; i++) {
    const unsigned char *tag = p + 132 + 12 * (size_t)i;
    size_t at = be32(tag + 4), n = be32(tag + 8);
    if (memcmp(tag, "desc", 4) || at > size || n > size - at || n < 28) continue;
    const unsigned char *d = p + at;
    if (!memcmp(d, "desc", 4)) {
      size_t length = be32(d + 8);
      if (length <= n - 12) plain_text(d + 12, length, 1, to, room);
    } else if (!memcmp(d, "mluc", 4) && be32(d + 8) >= 1) {
      size_t length = be32(d + 20), from = be32(d + 24);
      if (from <= n && length <= n - from) plain_text(d + from, length / 2, 2, to, room);
    }
    return;
  }
}

/* ---- header ---- */

void kz__format_tell(VipsImage *im, struct kz__picture_info *info) {
  const void *profile;
  size_t size;
  info->width = im->Xsize;
  info->height = im->Ysize;
  info->bands = im->Bands;
  info->bits = 8 * (int)vips_format_sizeof(im->BandFmt);
  info->is_float = vips_band_format_isfloat(im->BandFmt);
  info->frames = vips_image_get_n_pages(im);
  info->orientation = vips_image_get_orientation(im);
  info->profile[0] = 0;
  if (vips_image_get_typeof(im, VIPS_META_ICC_NAME) &&
      !vips_image_get_blob(im, VIPS_META_ICC_NAME, &profile, &size))
    profile_name(profile, size, info->profile, sizeof info->profile);
}
