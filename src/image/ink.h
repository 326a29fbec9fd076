/* Inks that show a colour. */
#ifndef KZ_IMAGE_INK_H
#define KZ_IMAGE_INK_H

#include <lcms2.h>

#include "image/show.h"

struct kz__inks; /* any number of threads */

/* For the inks (TYPE_CMYK_FLT) that `show` shows as sRGB;
 * `from` goes the other way, coarsely. Both stay the caller's. NULL: no memory. */
struct kz__inks *kz__inks_new(const struct kz__show *show, cmsHTRANSFORM from);
void kz__inks_free(struct kz__inks *t);
/* ink [n, 4], C, M, Y, K in percent, of srgb [n, 3] in [0,1]: shown to 0.05 levels of 255, or
 * the nearest that was met. The first call makes a table, a quarter of a second. */
void kz__inks_of(struct kz__inks *t, const float *srgb, int n, float *ink);

#endif
