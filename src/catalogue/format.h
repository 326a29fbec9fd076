/* What a file of the catalogue tells about itself. */
#ifndef KZ_CATALOGUE_FORMAT_H
#define KZ_CATALOGUE_FORMAT_H

#include <vips/vips.h>

#include "catalogue/add.h"

/* Size, samples, frames, orientation, profile. */
void kz__format_tell(VipsImage *im, struct kz__picture_info *info);

#endif
