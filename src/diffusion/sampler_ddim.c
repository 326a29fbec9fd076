/* DDIM with eta = 0 (Song et al., 2021, equation 12), for an x0 estimate:
 *   eps = (x - alpha_i x0) / sigma_i,  x' = alpha_{i+1} x0 + sigma_{i+1} eps
 * which is one multiply-add for each of x and x0. In the last step sigma' = 0 and
 * alpha' = 1: x' is x0 bit for bit. */
#include "diffusion/sampler_list.h"

static void step(int i, int steps, int64_t count, float *x, const float *x0,
                 const float *x0_prev) {
  (void)x0_prev;
  double t = kz_sampler_time(i, steps), next = kz_sampler_time(i + 1, steps);
  double ratio = kz_schedule_sigma(next) / kz_schedule_sigma(t);
  float kx = (float)ratio;
  float k0 = (float)(kz_schedule_alpha(next) - ratio * kz_schedule_alpha(t));
#pragma omp parallel for simd schedule(static)
  for (int64_t k = 0; k < count; k++) x[k] = kx * x[k] + k0 * x0[k];
}

const struct kz_sampler kz__sampler_ddim = {.info = KZ__DDIM_INFO, .history = 0, .step = step};
