/* An original mural to try things on, painted by the program itself after motifs of Kizil's
 * caves: lozenge mountains, a seated figure with halo and mandorla, attendants, lotus flowers,
 * ribbons, a border of pearls. Not a copy of any wall. */
#ifndef KIZIL_SAMPLE_H
#define KIZIL_SAMPLE_H

#include <stdint.h>

#include <kizil/err.h>
#include <kizil/image.h>
#include <kizil/param.h>

struct kz_sample_options {
  int64_t seed;
  double wear; /* 0 fresh to 1 rubbed */
};
extern const struct kz_param kz_sample_params[];

enum { KZ_SAMPLE_MIN = 64, KZ_SAMPLE_MAX = 8192 }; /* side, px */

/* Paint into `out` (RGB; release with kz_pixels_release). Same options, width and height: same
 * bytes. The composition is laid out for 3:2 and scales with the height. KZ_ERANGE for a side
 * outside KZ_SAMPLE_MIN..KZ_SAMPLE_MAX, KZ_ENOMEM. Thread-safe. */
int kz_sample_paint(const struct kz_sample_options *options, int width, int height,
                    struct kz_pixels *out, struct kz_err *err);

#endif
