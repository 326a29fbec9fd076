/* What a picture's file tells about itself in its header, and what its ICC profile is called. */
#include "catalogue/format.h"

#include <stdio.h>
#include <string.h>

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
