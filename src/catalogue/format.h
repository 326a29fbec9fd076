/* The formats a catalogue takes, and what a file of one tells about itself. */
#ifndef KZ_CATALOGUE_FORMAT_H
#define KZ_CATALOGUE_FORMAT_H

#include <vips/vips.h>

#include "catalogue/add.h"

struct kz__format {
  const char *name, *suffix; /* "JPEG", "jpg" */
  const char *loader;        /* libvips' operation */
  const char *whole_at;      /* metadata that says that the decoder holds all; NULL: always */
  double held;               /* bytes a pixel that it then holds, */
  double held_band;          /* and times the size of a pixel */
};

/* By its first bytes; NULL: none of them. */
const struct kz__format *kz__format_of(const struct kz__content *from);
/* Read the header. `format` is set as soon as it is known. */
int kz__format_load(const struct kz__content *from, const struct kz__format **format,
                    VipsImage **out, struct kz_err *err);
/* Size, samples, frames, orientation, profile. */
void kz__format_tell(VipsImage *im, struct kz__picture_info *info);

#endif
