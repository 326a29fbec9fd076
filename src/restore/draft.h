/* Damaged pixels while they are sampled, and how tiles read from them and add to them. */
#ifndef KZ_RESTORE_DRAFT_H
#define KZ_RESTORE_DRAFT_H

#include "restore/repair.h"

#define KZ__IN 7 /* channels that the network reads: x_t (3), coarse fill (3), mask (1) */

/* Arrays over the damaged pixels in the order of `holes`; pixels in [-1, 1]. */
struct kz__draft {
  const struct kz__holes *holes; /* borrowed */
  float *x;      /* [count, 3] x_t; at the end the result */
  float *coarse; /* [count, 3] */
  float *x0;     /* [count, 3] weighted sum of the tiles' estimates, then their mean */
  float *x0_prev; /* [count, 3] the mean of the step before; NULL for samplers without history */
  float *weight; /* [count] sum of weights */
};
int kz__draft_init(struct kz__draft *c, const struct kz__holes *h, bool history,
                    struct kz_err *err);
void kz__draft_release(struct kz__draft *c);

/* x = standard normal noise that depends only on the seed and the pixel's place. */
void kz__draft_noise(struct kz__draft *c, uint64_t seed);

/* One tile as the network reads it, in [size_y, size_x, 7]. `load` fetches the known pixels and
 * the coarse fill (rgb: scratch [extent_y, extent_x, 3]); `update` only the changing x_t. What lies
 * past the image mirrors it, all channels alike. */
int kz__tile_load(const struct kz__draft *c, const struct kz__tiles *t, int i,
                  const struct kz__known *known, float *rgb, float *in, struct kz_err *err);
void kz__tile_update(const struct kz__draft *c, const struct kz__tiles *t, int i, float *in);

/* Estimates of one step: begin, add every tile's x0 [size_y, size_x, 3] (clamped to [-1, 1]),
 * finish. wx, wy: scratch [extent]. Adding refuses what is not a number. */
void kz__draft_begin(struct kz__draft *c);
int kz__draft_add(struct kz__draft *c, const struct kz__tiles *t, int i, const float *x0,
                   float *wx, float *wy, struct kz_err *err);
void kz__draft_finish(struct kz__draft *c);

#endif
