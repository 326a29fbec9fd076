/* What sampling knows about the damaged pixels, and how tiles read from it and add to it. */
#ifndef KZ_RESTORE_REPAIR_H
#define KZ_RESTORE_REPAIR_H

#include <kizil/restore.h>

#include "restore/tiles.h"

#define KZ__IN 7 /* channels that the network reads: x_t (3), coarse fill (3), mask (1) */

/* Where known pixels come from: an image, or a test. */
struct kz__known {
  void *self;
  /* The rectangle as [h, w, 3] in [0, 1]; values of damaged pixels are ignored. */
  int (*read)(void *self, int x, int y, int w, int h, float *rgb, struct kz_err *err);
};

/* Arrays over the damaged pixels in the order of `holes`; pixels in [-1, 1]. */
struct kz__repair {
  const struct kz__holes *holes; /* borrowed */
  float *x;      /* [count, 3] x_t; at the end the result */
  float *coarse; /* [count, 3] */
  float *x0;     /* [count, 3] weighted sum of the tiles' estimates, then their mean */
  float *x0_prev; /* [count, 3] the mean of the step before; NULL for samplers without history */
  float *weight; /* [count] sum of weights */
};
int kz__repair_init(struct kz__repair *c, const struct kz__holes *h, bool history,
                    struct kz_err *err);
void kz__repair_release(struct kz__repair *c);

/* KZ_EINTR if the host (or NULL) wants to stop. */
int kz__stopped(const struct kz_restore_host *host, struct kz_err *err);

/* x = standard normal noise that depends only on the seed and the pixel's place. */
void kz__repair_noise(struct kz__repair *c, uint64_t seed);
/* coarse = normalised-convolution fill, in overlapping windows that are blended like tiles; one
 * window for images up to 1152 px a side. The host, or NULL, is asked whether to stop. */
int kz__repair_coarse(struct kz__repair *c, const struct kz__known *known,
                      const struct kz_restore_host *host, struct kz_err *err);

/* One tile as the network reads it, in [size_y, size_x, 7]. `load` fetches the known pixels and
 * the coarse fill (rgb: scratch [extent_y, extent_x, 3]); `update` only the changing x_t. What lies
 * past the image mirrors it, all channels alike. */
int kz__tile_load(const struct kz__repair *c, const struct kz__tiles *t, int i,
                  const struct kz__known *known, float *rgb, float *in, struct kz_err *err);
void kz__tile_update(const struct kz__repair *c, const struct kz__tiles *t, int i, float *in);

/* Estimates of one step: begin, add every tile's x0 [size_y, size_x, 3] (clamped to [-1, 1]),
 * finish. wx, wy: scratch [extent]. Adding refuses what is not a number. */
void kz__repair_begin(struct kz__repair *c);
int kz__repair_add(struct kz__repair *c, const struct kz__tiles *t, int i, const float *x0,
                   float *wx, float *wy, struct kz_err *err);
void kz__repair_finish(struct kz__repair *c);

#endif
