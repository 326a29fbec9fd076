/* What stands between the noise and the network.
 *
 * In a hole the coarse fill C is a prior for the clean picture: x0 ~ N(C, s^2), s measured on
 * mural photographs. With x_t = alpha x0 + sigma eps the best linear estimate of x0 is
 *   B = C + a (x_t - alpha C),   a = alpha s^2 / (alpha^2 s^2 + sigma^2)
 * which is C itself at t = 1 and x_t at t = 0 (the preconditioning of Karras et al., 2022, around
 * a mean that is not zero). The network is given D = (B - C) / s, at most of unit size and
 * silent where the noise says nothing, and corrects B:  x0 = B + out.
 *
 * Why: with x_t itself as input the network must first learn to ignore unit noise near t = 1; after
 * 1,000 steps it still gave back the coarse fill there. */
#include <math.h>
#include <omp.h>

#include "model/fedr.h"

#define BLOCK 4096   /* pixels a thread takes at a time */
#define SPREAD 0.25f /* s, in [-1, 1]: the coarse fill's error in holes, about 18 dB */

void kz_fedr_precondition(const struct kz_fedr_config *c, float t, int64_t pixels, float *in) {
  if (c->prediction != KZ_FEDR_POSTERIOR) return;
  float alpha = cosf(t * (float)M_PI_2), sigma = sinf(t * (float)M_PI_2);
  float gain = alpha * SPREAD / (alpha * alpha * SPREAD * SPREAD + sigma * sigma);
  for (int64_t p = 0; p < pixels; p++, in += KZ_FEDR_IN)
    for (int k = 0; k < 3; k++) in[k] = in[6] > 0 ? gain * (in[k] - alpha * in[3 + k]) : 0;
}

static void estimate(float spread, int64_t pixels, const float *in, const float *out, float *x0) {
  for (int64_t p = 0; p < pixels; p++)
    for (int k = 0; k < 3; k++)
      x0[3 * p + k] = in[KZ_FEDR_IN * p + 3 + k] + spread * in[KZ_FEDR_IN * p + k] +
                      (out ? out[3 * p + k] : 0);
}

void kz_fedr_estimate(const struct kz_fedr_config *c, int64_t pixels, const float *in,
                      const float *out, float *x0) {
  float spread = c->prediction == KZ_FEDR_POSTERIOR ? SPREAD : 0;
  if (omp_in_parallel()) { /* a sample to a thread already */
    estimate(spread, pixels, in, out, x0);
    return;
  }
#pragma omp parallel for schedule(static)
  for (int64_t first = 0; first < pixels; first += BLOCK) {
    int64_t count = pixels - first < BLOCK ? pixels - first : BLOCK;
    estimate(spread, count, in + KZ_FEDR_IN * first, out ? out + 3 * first : NULL, x0 + 3 * first);
  }
}
