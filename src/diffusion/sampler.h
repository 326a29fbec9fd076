/* The noise schedule and the samplers, as equations over plain arrays.
 *
 * x_t = alpha(t) x0 + sigma(t) eps, t in [0, 1], cosine schedule
 * alpha = cos(pi t / 2), sigma = sin(pi t / 2) (Nichol and Dhariwal, 2021). */
#ifndef KZ_SAMPLER_H
#define KZ_SAMPLER_H

#include <stdint.h>

#include <kizil/diffusion.h>

double kz_schedule_alpha(double t);
double kz_schedule_sigma(double t);

/* A sampler walks from t = 1 to 0 in `steps` network calls. */
struct kz_sampler {
  struct kz_sampler_info info;
  int history; /* earlier x0 estimates it needs: 0 (DDIM) or 1 (2M) */
  /* One step i of `steps`: x (at time t_i) becomes x at t_{i+1}, elementwise over `count`;
   * x0 is the clamped estimate at t_i, x0_prev the one before (NULL at i = 0). */
  void (*step)(int i, int steps, int64_t count, float *x, const float *x0, const float *x0_prev);
};
extern const struct kz_sampler *const kz_samplers[]; /* NULL-terminated, order of kz_sampler_list */
double kz_sampler_time(int i, int steps); /* t_i */

#endif
