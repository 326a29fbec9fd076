/* The colour that samples show. */
#ifndef KZ_IMAGE_SHOW_H
#define KZ_IMAGE_SHOW_H

#include <stdbool.h>

#include <lcms2.h>

enum { KZ__ENCODED = 9 * 128 + 1 };

struct kz__show { /* read only once made: any number of threads */
  cmsHTRANSFORM to_xyz; /* floats, relative to D50; NULL: there is none */
  float to_linear[3][3];
  float encoded[KZ__ENCODED]; /* sRGB's curve over octaves from 2^-9 to 1, 128 steps each */
};

/* By a profile, whose samples have `format` (floats). false: it has no such way. */
bool kz__show_init(struct kz__show *s, cmsContext context, cmsHPROFILE profile,
                   cmsUInt32Number format);
void kz__show_release(struct kz__show *s);
/* srgb [n, 3] of n pixels of the profile's samples; beyond [0,1] where sRGB cannot show them. */
void kz__show_samples(const struct kz__show *s, const float *samples, int n, float *srgb);

#endif
