/* Between a file's samples and sRGB, both ways. */
#ifndef KZ_IMAGE_COLOUR_H
#define KZ_IMAGE_COLOUR_H

#include <vips/vips.h>

#include <kizil/image.h>

struct kz__colour; /* read only once made: any number of threads */

/* For the samples of `im`, by its header. KZ_ENOMEM; KZ_EBACKEND: no profile for CMYK at all. */
int kz__colour_new(VipsImage *im, const char *path, struct kz__colour **out, struct kz_err *err);
void kz__colour_free(struct kz__colour *c);
enum kz_colour kz__colour_kind(const struct kz__colour *c);
bool kz__colour_profile_unused(const struct kz__colour *c);
/* Bands that are colour: 1, 3 or 4. */
int kz__colour_bands(const struct kz__colour *c);
/* device [n, bands] to srgb [n, 3] and back, all in [0,1] and NaN as 0; device may be read outside
 * of that. Full ink is 1. */
void kz__colour_to_srgb(const struct kz__colour *c, const float *device, int n, float *srgb);
void kz__colour_from_srgb(const struct kz__colour *c, const float *srgb, int n, float *device);

#endif
