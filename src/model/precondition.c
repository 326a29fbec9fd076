/* What stands between the noise and the network.
 *
 * In a hole the coarse fill C is a prior for the clean picture: x0 ~ N(C, s^2), s measured on
 * mural photographs. With x_t = alpha x0 + sigma eps the best linear estimate of x0 is
 *   B = C + a (x_t - alpha C),   a = alpha s^2 / (alpha^2 s^2 + sigma^2)
 * which is C itself at t = 1 and x_t at t = 0 (compare Karras et al., 2022, section 5). The
 * network is given D = (B - C) / s: at most of unit size, and silent where the noise says nothing.
 * It corrects the coarse fill:  x0 = C + out.
 *
 * Why: with x_t itself as input the network must first learn to ignore unit noise near t = 1, and
 * after 1,000 steps still gave back the coarse fill there. A run with this input left that plateau
 * sooner, but its learning rate was higher too: what the input alone gains has not been measured.
 * Correcting B instead of C leaves the noise of B in the picture until it is learned
 * to be taken out, and after 1,600 steps samples were still grainy. */
#include <math.h>

#include "model/fedr.h"

#define SPREAD 0.25f /* s, in [-1, 1]: the coarse fill's error in holes, about 18 dB */

void kz_fedr_precondition(const struct kz_fedr_config *c, float t, int64_t pixels, float *in) {
  if (c->input != KZ_FEDR_POSTERIOR) return;
  float alpha = cosf(t * (float)M_PI_2), sigma = sinf(t * (float)M_PI_2);
  float gain = alpha * SPREAD / (alpha * alpha * SPREAD * SPREAD + sigma * sigma);
  for (int64_t p = 0; p < pixels; p++, in += KZ_FEDR_IN)
    for (int k = 0; k < 3; k++) in[k] = in[6] > 0 ? gain * (in[k] - alpha * in[3 + k]) : 0;
}

void kz_fedr_estimate(int64_t pixels, const float *in, const float *out, float *x0) {
  for (int64_t p = 0; p < pixels; p++)
    for (int k = 0; k < 3; k++) x0[3 * p + k] = in[KZ_FEDR_IN * p + 3 + k] + out[3 * p + k];
}
