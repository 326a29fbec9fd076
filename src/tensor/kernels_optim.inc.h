/* Kernels of the optimisers: each one pass over weights, gradients and state. */
#ifndef KZ_KERNELS_OPTIM_H
#define KZ_KERNELS_OPTIM_H

#include "tensor/kernels_vec.inc.h"

INLINE void adamw_body(const struct kz_adamw *a, bool ema, int64_t begin, int64_t end) {
  const float step = a->rate / a->correction1, keep = 1.0f - a->rate * a->decay;
  const float root = 1.0f / a->correction2, one1 = 1.0f - a->beta1, one2 = 1.0f - a->beta2;
  for (int64_t i = begin; i < end; i += VL) {
    int n = lanes(i, end);
    vf g = ldn(KZ_F32, a->g, i, n) * a->grad_scale, w = ldn(KZ_F32, a->w, i, n);
    vf m = a->beta1 * ldn(KZ_F32, a->m, i, n) + one1 * g;
    vf v = a->beta2 * ldn(KZ_F32, a->v, i, n) + one2 * g * g;
    w = w * keep - step * m / (vsqrt(v * root) + a->eps);
    stn(KZ_F32, a->m, i, n, m);
    stn(KZ_F32, a->v, i, n, v);
    stn(KZ_F32, a->w, i, n, w);
    stn(KZ_F32, a->g, i, n, vset(0));
    if (ema) {
      vf e = ldn(KZ_F32, a->ema, i, n);
      stn(KZ_F32, a->ema, i, n, e + a->ema_rate * (w - e));
    }
  }
}

static void adamw_range(const void *args, int64_t begin, int64_t end) {
  const struct kz_adamw *a = args;
  if (a->ema && a->ema_rate != 0)
    adamw_body(a, true, begin, end);
  else
    adamw_body(a, false, begin, end);
}

static void adamw(const struct kz_adamw *a) { split(a->count, 64, 4, adamw_range, a); }

INLINE void momentum_body(enum kz_dtype t, const struct kz_momentum *a, int64_t begin,
                          int64_t end) {
  const float one = (1.0f - a->beta) * a->grad_scale;
  for (int64_t i = begin; i < end; i += VL) {
    int n = lanes(i, end);
    vf g = ldn(KZ_F32, a->g, i, n) * one;
    vf m = a->beta * ldn(KZ_F32, a->m, i, n) + g;
    stn(KZ_F32, a->m, i, n, m);
    stn(KZ_F32, a->g, i, n, vset(0));
    stn(t, a->dst, i, n, a->beta * m + g);
  }
}

static void momentum_range(const void *args, int64_t begin, int64_t end) {
  const struct kz_momentum *a = args;
  WITH_DTYPE(a->dtype, momentum_body(T, a, begin, end));
}

static void momentum(const struct kz_momentum *a) { split(a->count, 64, 2, momentum_range, a); }

INLINE void descent_body(enum kz_dtype t, const struct kz_descent *a, int64_t begin, int64_t end) {
  const float keep = 1.0f - a->decay;
  for (int64_t i = begin; i < end; i += VL) {
    int n = lanes(i, end);
    vf w = keep * ldn(KZ_F32, a->w, i, n) - a->rate * ldn(t, a->u, i, n);
    stn(KZ_F32, a->w, i, n, w);
    if (!a->ema || a->ema_rate == 0) continue;
    vf e = ldn(KZ_F32, a->ema, i, n);
    stn(KZ_F32, a->ema, i, n, e + a->ema_rate * (w - e));
  }
}

static void descent_range(const void *args, int64_t begin, int64_t end) {
  const struct kz_descent *a = args;
  WITH_DTYPE(a->dtype, descent_body(T, a, begin, end));
}

static void descent(const struct kz_descent *a) { split(a->count, 64, 2, descent_range, a); }

struct combine_args {
  enum kz_dtype t;
  int n;
  float linear, square;
  const void *a, *b;
  void *dst;
};

INLINE void combine_body(enum kz_dtype t, const struct combine_args *x, int64_t begin,
                         int64_t end) {
  for (int64_t i = begin; i < end; i += VL) {
    int n = lanes(i, end);
    stn(t, x->dst, i, n, x->linear * ldn(t, x->a, i, n) + x->square * ldn(t, x->b, i, n));
  }
}

static void combine_range(const void *args, int64_t begin, int64_t end) {
  const struct combine_args *x = args;
  WITH_DTYPE(x->t, combine_body(T, x, begin, end));
}

/* The diagonal again, from a and b, so that bf16 rounds it once. */
static void combine(enum kz_dtype t, int n, float identity, float linear, float square,
                    const void *a, const void *b, void *dst) {
  const struct combine_args args = {t, n, linear, square, a, b, dst};
  split((int64_t)n * n, 64, 2, combine_range, &args);
  for (int64_t i = 0; i < n; i++) {
    int64_t at = i * n + i;
    st1(t, dst, at, identity + linear * ld1(t, a, at) + square * ld1(t, b, at));
  }
}

#endif
