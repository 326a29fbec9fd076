/* Inks that show a colour. */
#ifndef KZ_IMAGE_INK_H
#define KZ_IMAGE_INK_H

#include <lcms2.h>

/* Improve `ink` (C, M, Y, K in percent), which shows nearly `srgb` by the transform `show`
 * (TYPE_CMYK_FLT to TYPE_RGB_FLT), until it shows it or no nearer inks are found. */
void kz__ink_refine(cmsHTRANSFORM show, const float srgb[3], float ink[4]);

#endif
