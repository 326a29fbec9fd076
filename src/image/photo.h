/* Photographs of any kind: every format that a data set takes, decoded strictly, and their way to
 * plain samples. Restoring has a stricter door (vips_io.h): it must write what it read. */
#ifndef KZ_IMAGE_PHOTO_H
#define KZ_IMAGE_PHOTO_H

#include <stdbool.h>
#include <stddef.h>

#include <vips/vips.h>

#include <kizil/image.h>

/* A file's content: in memory, or by its descriptor. */
struct kz__photo_source {
  const char *path;
  int fd;
  const void *data; /* NULL: read from fd */
  size_t size;
};

struct kz__photo_format {
  const char *name, *suffix; /* "JPEG", "jpg" */
  const char *loader;        /* libvips' operation */
  const char *whole_at;      /* metadata that says that the decoder holds all; NULL: always */
  double held;               /* bytes a pixel that it then holds, */
  double held_band;          /* and times the size of a pixel */
};

/* By its first bytes; NULL: none of them. */
const struct kz__photo_format *kz__photo_format_of(const struct kz__photo_source *from);
/* Read the header. `format` is set as soon as it is known. KZ_EUNSUPPORTED for what is no picture
 * of ours, KZ_EFORMAT for a broken one; messages do not name the file. */
int kz__photo_load(const struct kz__photo_source *from, const struct kz__photo_format **format,
                   VipsImage **out, struct kz_err *err);
/* Bytes that the decoder of a loaded picture itself holds, beside a few rows. */
double kz__photo_held(const VipsImage *im, const struct kz__photo_format *format);
/* To 8 or 16 bits, grey or RGB, perhaps with alpha: CMYK, CIELAB, XYZ by their meaning, floating
 * point as linear light. With by_profile also by the ICC profile in the file (relative
 * colorimetric, black point compensated) to sRGB of 8 bits; without a profile that fits its samples
 * they are taken as they are. Lazy; `im` stays the caller's. */
int kz__photo_plain(VipsImage *im, bool by_profile, VipsImage **out, struct kz_err *err);

#endif
