/* From gradients to weights: rate, clipping, optimiser, moving average. */
#include <math.h>

#include "diffusion/train.h"

#define EMA_RAMP 10 /* the average forgets fast at first: decay <= s / (s + 10) */

/* Warm-up times cosine. */
double kz__update_rate(const struct kz_train_options *o, int64_t step, double done) {
  double warm = o->warmup > 0 ? fmin(1, (double)(step + 1) / (double)o->warmup) : 1;
  return o->rate * warm * (o->rate_final + (1 - o->rate_final) * (1 + cos(M_PI * done)) / 2);
}

int kz__update(struct kz__run *r, double done, struct kz_err *err) {
  const struct kz_train_options *o = r->o;
  const struct kz_kernels *k = r->backend->kernels;
  double t = (double)r->step + 1, scale = 1 / (double)o->accumulate;
  double norm = sqrt(k->sum_squares(r->params.count, r->params.grad)) * scale;
  int code = 0;
  if (!isfinite(norm))
    return kz_err_set(err, KZ_ERANGE,
                      "step %lld: the gradient is not finite; resume with a lower rate",
                      (long long)r->step);
  if (o->clip > 0 && norm > o->clip) scale *= o->clip / norm;
  const struct kz_adamw a = {
      .count = r->params.count,
      .rate = (float)kz__update_rate(o, r->step, done),
      .beta1 = (float)o->beta1,
      .beta2 = (float)o->beta2,
      .eps = (float)o->epsilon,
      .decay = (float)o->decay,
      .correction1 = (float)(1 - pow(o->beta1, t)),
      .correction2 = (float)(1 - pow(o->beta2, t)),
      .grad_scale = (float)scale,
      .ema_rate = (float)(1 - fmin(o->ema, t / (t + EMA_RAMP))),
      .w = r->params.data,
      .m = r->params.m,
      .v = r->params.v,
      .ema = r->params.ema,
      .g = r->params.grad};
  const struct kz_muon_turn turn = {
      .momentum = o->momentum, .step = r->step, .interval = (int)o->muon_interval};
  if (r->muon)
    code = kz_muon_update(r->muon, &a, &turn, err);
  else
    k->adamw(&a);
  r->params.version++;
  r->norm_sum += norm;
  return code;
}
