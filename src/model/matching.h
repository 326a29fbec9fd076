/* The conditional matching loss: what of a restored crop should match the truth besides its pixels.
 *
 * With e = x_hat - x inside the hole and on its border ring (known pixels within `ring` px, where
 * x_hat is the network's own output, so that it learns to run on smoothly):
 *   gradient   mean |D e| over horizontal and vertical differences (e's, since D is linear)
 *   structure  mean |J(x_hat) - J(x)|, J the structure tensor of luminance, smoothed 5 x 5
 *   colour     mean |P e|^2 at 4 x and 8 x 8 averages (low-passed colour)
 * A sample's part is weighted by its noise level through `scale`. */
#ifndef KZ_MATCHING_H
#define KZ_MATCHING_H

#include <stddef.h>
#include <stdint.h>

struct kz_matching {
  float gradient, structure, colour; /* weights of the three terms */
  int ring;                          /* px */
};

/* One sample: x, target [size, size, 3] in [-1, 1], hole [size, size] non-zero = hole.
 * Returns scale * (weighted terms, each a mean over hole and ring) and adds d/dx to diff
 * [size, size, 3] (only in hole and ring). parts[3], if not NULL, receives the unscaled, unweighted
 * means. scratch: kz_matching_scratch(size) floats. One thread, no allocation. An empty hole: 0. */
size_t kz_matching_scratch(int size);
double kz_matching_loss(const struct kz_matching *m, int size, const float *x, const float *target,
                        const uint8_t *hole, float scale, float *diff, double parts[3],
                        float *scratch);

#endif
