/* DPM-Solver++ (2M) (Lu et al., 2022, algorithm 2), data prediction, with
 * lambda = log(alpha / sigma), h_i = lambda_{i+1} - lambda_i, r = h_{i-1} / h_i:
 *   D = (1 + 1/(2r)) x0_i - 1/(2r) x0_{i-1}
 *   x' = sigma_{i+1} / sigma_i x - alpha_{i+1} (exp(-h_i) - 1) D
 * alpha_{i+1} exp(-h_i) = sigma_{i+1} / sigma_i alpha_i, so x' is DDIM's step with D for
 * x0 and needs no exponential that could overflow. The first step has no earlier
 * estimate and the last has h = infinity: both are of first order, D = x0_i, which
 * makes the last land on x0 itself. At t = 1 lambda is -infinity: where h_0 is wanted,
 * the first time is held a tenth of a step below 1, however many steps there are. */
#include <math.h>

#include "diffusion/sampler_list.h"

static double lambda(int i, int steps) {
  double t = i == 0 ? 1 - 0.1 / steps : kz_sampler_time(i, steps);
  return log(kz_schedule_alpha(t) / kz_schedule_sigma(t));
}

static void step(int i, int steps, int64_t count, float *x, const float *x0,
                 const float *x0_prev) {
  double t = kz_sampler_time(i, steps), next = kz_sampler_time(i + 1, steps);
  double ratio = kz_schedule_sigma(next) / kz_schedule_sigma(t);
  double k0 = kz_schedule_alpha(next) - ratio * kz_schedule_alpha(t);
  float kx = (float)ratio;
  if (!x0_prev || i == 0 || i + 1 == steps) {
    float k = (float)k0;
#pragma omp parallel for simd schedule(static)
    for (int64_t j = 0; j < count; j++) x[j] = kx * x[j] + k * x0[j];
    return;
  }
  double here = lambda(i, steps);
  double r = (here - lambda(i - 1, steps)) / (lambda(i + 1, steps) - here);
  float now = (float)(k0 * (1 + 0.5 / r)), before = (float)(-k0 * 0.5 / r);
#pragma omp parallel for simd schedule(static)
  for (int64_t j = 0; j < count; j++) x[j] = kx * x[j] + now * x0[j] + before * x0_prev[j];
}

const struct kz_sampler kz__sampler_dpmpp2m = {
    .info = KZ__DPMPP2M_INFO, .history = 1, .step = step};
