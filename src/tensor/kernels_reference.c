/* The reference kernels: the formulas of kernels.h as plain loops, one thread, sums in f64. Every
 * table is tested against these, so they are written to be read, not to be fast. This file has the
 * numeric ones and the table; kernels_reference_shape.c those that move pixels. */
#include <math.h>

#include "tensor/kernels_reference.h"

static double act_of(enum kz_act act, double z) {
  switch (act) {
  case KZ_ACT_SILU: return z / (1 + exp(-z));
  case KZ_ACT_GELU: return 0.5 * z * (1 + erf(z * M_SQRT1_2));
  case KZ_ACT_RELU: return z < 0 ? 0 : z;
  default: return z;
  }
}

static double act_slope_of(enum kz_act act, double z) {
  double s = 1 / (1 + exp(-z));
  switch (act) {
  case KZ_ACT_SILU: return s + z * s * (1 - s);
  case KZ_ACT_GELU:
    return 0.5 * (1 + erf(z * M_SQRT1_2)) + z * exp(-z * z / 2) / sqrt(2 * M_PI);
  case KZ_ACT_RELU: return z > 0;
  default: return 1;
  }
}

/* The scale (1 + film) of channel i of sample s. */
static double film_scale(const struct kz_norm *a, int s, int i) {
  return a->film ? 1.0 + kz__ref_get(a->dtype, a->film, (int64_t)s * 2 * a->c + i) : 1.0;
}

static double film_shift(const struct kz_norm *a, int s, int i) {
  return a->film ? kz__ref_get(a->dtype, a->film, (int64_t)s * 2 * a->c + a->c + i) : 0.0;
}

static void norm_statistics(const struct kz_norm *a, int s, int g) {
  const int per = a->c / a->groups;
  const double count = (double)per * a->hw;
  double mean = 0, var = 0;
  for (int p = 0; p < a->hw; p++)
    for (int i = g * per; i < (g + 1) * per; i++)
      mean += kz__ref_get(a->dtype, a->src, ((int64_t)s * a->hw + p) * a->c + i) / count;
  for (int p = 0; p < a->hw; p++)
    for (int i = g * per; i < (g + 1) * per; i++) {
      double d = kz__ref_get(a->dtype, a->src, ((int64_t)s * a->hw + p) * a->c + i) - mean;
      var += d * d / count;
    }
  a->mean[(int64_t)s * a->groups + g] = (float)mean;
  a->rstd[(int64_t)s * a->groups + g] = (float)(1 / sqrt(var + a->eps));
}

static void norm_forward(const struct kz_norm *a) {
  const int per = a->c / a->groups;
  for (int s = 0; s < a->n; s++)
    for (int g = 0; g < a->groups; g++) {
      const int64_t group = (int64_t)s * a->groups + g;
      norm_statistics(a, s, g);
      for (int p = 0; p < a->hw; p++)
        for (int i = g * per; i < (g + 1) * per; i++) {
          int64_t at = ((int64_t)s * a->hw + p) * a->c + i;
          double xhat = (kz__ref_get(a->dtype, a->src, at) - a->mean[group]) * a->rstd[group];
          double z = (xhat * a->gamma[i] + a->beta[i]) * film_scale(a, s, i) + film_shift(a, s, i);
          kz__ref_set(a->dtype, a->dst, at, act_of(a->act, z));
        }
    }
}

struct point {
  int64_t at;
  double xhat, y, dz;
};

static struct point norm_point(const struct kz_norm *a, int s, int p, int i) {
  const int64_t group = (int64_t)s * a->groups + i / (a->c / a->groups);
  struct point r = {.at = ((int64_t)s * a->hw + p) * a->c + i};
  r.xhat = (kz__ref_get(a->dtype, a->src, r.at) - a->mean[group]) * a->rstd[group];
  r.y = r.xhat * a->gamma[i] + a->beta[i];
  r.dz = kz__ref_get(a->dtype, a->diff_dst, r.at) *
         act_slope_of(a->act, r.y * film_scale(a, s, i) + film_shift(a, s, i));
  return r;
}

static void norm_backward_group(const struct kz_norm *a, int s, int g) {
  const int per = a->c / a->groups;
  const double count = (double)per * a->hw, rstd = a->rstd[(int64_t)s * a->groups + g];
  double m1 = 0, m2 = 0;
  for (int i = g * per; i < (g + 1) * per; i++) {
    double gamma = 0, beta = 0, scale = 0, shift = 0;
    for (int p = 0; p < a->hw; p++) {
      struct point r = norm_point(a, s, p, i);
      double dy = r.dz * film_scale(a, s, i);
      gamma += dy * r.xhat;
      beta += dy;
      scale += r.dz * r.y;
      shift += r.dz;
    }
    m1 += beta * a->gamma[i] / count;
    m2 += gamma * a->gamma[i] / count;
    a->diff_gamma[i] += (float)gamma;
    a->diff_beta[i] += (float)beta;
    if (!a->diff_film) continue;
    kz__ref_set(a->dtype, a->diff_film, (int64_t)s * 2 * a->c + i, scale);
    kz__ref_set(a->dtype, a->diff_film, (int64_t)s * 2 * a->c + a->c + i, shift);
  }
  for (int p = 0; p < a->hw; p++)
    for (int i = g * per; i < (g + 1) * per; i++) {
      struct point r = norm_point(a, s, p, i);
      double dy = r.dz * film_scale(a, s, i);
      kz__ref_put(a->dtype, a->diff_src, r.at, rstd * (dy * a->gamma[i] - m1 - r.xhat * m2),
                  a->accumulate);
    }
}

static void norm_backward(const struct kz_norm *a) {
  for (int s = 0; s < a->n; s++)
    for (int g = 0; g < a->groups; g++) norm_backward_group(a, s, g);
}

/* The score of query i and key j. */
static double score(const struct kz_attention *a, int s, int h, int i, int j) {
  double dot = 0;
  for (int x = 0; x < a->d; x++)
    dot += kz__ref_get(a->dtype, a->q, s * a->q_batch + i * a->q_stride + h * a->d + x) *
           kz__ref_get(a->dtype, a->k, s * a->k_batch + j * a->k_stride + h * a->d + x);
  return dot * a->scale;
}

/* Where head h of output token i begins. */
static int64_t out_at(const struct kz_attention *a, int s, int h, int i) {
  return ((int64_t)s * a->tq + i) * a->heads * a->d + (int64_t)h * a->d;
}

static void attention_query(const struct kz_attention *a, int s, int h, int i) {
  double top = -INFINITY, sum = 0;
  for (int j = 0; j < a->tk; j++) top = fmax(top, score(a, s, h, i, j));
  for (int j = 0; j < a->tk; j++) sum += exp(score(a, s, h, i, j) - top);
  const double lse = top + log(sum);
  a->lse[((int64_t)s * a->heads + h) * a->tq + i] = (float)lse;
  for (int x = 0; x < a->d; x++) {
    double o = 0;
    for (int j = 0; j < a->tk; j++)
      o += exp(score(a, s, h, i, j) - lse) *
           kz__ref_get(a->dtype, a->v, s * a->v_batch + j * a->v_stride + h * a->d + x);
    kz__ref_set(a->dtype, a->dst, out_at(a, s, h, i) + x, o);
  }
}

static void attention_forward(const struct kz_attention *a) {
  for (int s = 0; s < a->n; s++)
    for (int h = 0; h < a->heads; h++)
      for (int i = 0; i < a->tq; i++) attention_query(a, s, h, i);
}

/* The probability p of pair (i, j) and the gradient ds of its score. */
static void pair_diff(const struct kz_attention *a, int s, int h, int i, int j, double *p,
                      double *ds) {
  double dp = 0, delta = 0;
  for (int x = 0; x < a->d; x++) {
    double g = kz__ref_get(a->dtype, a->diff_dst, out_at(a, s, h, i) + x);
    dp += g * kz__ref_get(a->dtype, a->v, s * a->v_batch + j * a->v_stride + h * a->d + x);
    delta += g * kz__ref_get(a->dtype, a->dst, out_at(a, s, h, i) + x);
  }
  *p = exp(score(a, s, h, i, j) - a->lse[((int64_t)s * a->heads + h) * a->tq + i]);
  *ds = *p * (dp - delta);
}

static void diff_query(const struct kz_attention *a, int s, int h, int i) {
  const int64_t q = s * a->q_batch + i * a->q_stride + h * a->d;
  double sum[1024] = {0}, p, ds;
  for (int j = 0; j < a->tk; j++) {
    pair_diff(a, s, h, i, j, &p, &ds);
    for (int x = 0; x < a->d; x++)
      sum[x] += ds * a->scale *
                kz__ref_get(a->dtype, a->k, s * a->k_batch + j * a->k_stride + h * a->d + x);
  }
  for (int x = 0; x < a->d; x++) kz__ref_set(a->dtype, a->diff_q, q + x, sum[x]);
}

static void diff_key(const struct kz_attention *a, int s, int h, int j) {
  const int64_t k = s * a->k_batch + j * a->k_stride + h * a->d;
  const int64_t v = s * a->v_batch + j * a->v_stride + h * a->d;
  double dk[1024] = {0}, dv[1024] = {0}, p, ds;
  for (int i = 0; i < a->tq; i++) {
    pair_diff(a, s, h, i, j, &p, &ds);
    for (int x = 0; x < a->d; x++) {
      dk[x] += ds * a->scale *
               kz__ref_get(a->dtype, a->q, s * a->q_batch + i * a->q_stride + h * a->d + x);
      dv[x] += p * kz__ref_get(a->dtype, a->diff_dst, out_at(a, s, h, i) + x);
    }
  }
  for (int x = 0; x < a->d; x++) {
    kz__ref_set(a->dtype, a->diff_k, k + x, dk[x]);
    kz__ref_set(a->dtype, a->diff_v, v + x, dv[x]);
  }
}

static void attention_backward(const struct kz_attention *a) {
  for (int s = 0; s < a->n; s++)
    for (int h = 0; h < a->heads; h++) {
      for (int i = 0; i < a->tq; i++) diff_query(a, s, h, i);
      for (int j = 0; j < a->tk; j++) diff_key(a, s, h, j);
    }
}

static void act_forward(enum kz_act act, enum kz_dtype t, int64_t count, const void *src,
                        void *dst) {
  for (int64_t i = 0; i < count; i++) kz__ref_set(t, dst, i, act_of(act, kz__ref_get(t, src, i)));
}

static void act_backward(enum kz_act act, enum kz_dtype t, int64_t count, const void *src,
                         const void *diff_dst, void *diff_src, bool accumulate) {
  for (int64_t i = 0; i < count; i++)
    kz__ref_put(t, diff_src, i,
                kz__ref_get(t, diff_dst, i) * act_slope_of(act, kz__ref_get(t, src, i)),
                accumulate);
}

static void softmax_forward(enum kz_dtype t, int64_t rows, int c, const void *src, void *dst) {
  for (int64_t r = 0; r < rows; r++) {
    double top = -INFINITY, sum = 0;
    for (int i = 0; i < c; i++) top = fmax(top, kz__ref_get(t, src, r * c + i));
    for (int i = 0; i < c; i++) sum += exp(kz__ref_get(t, src, r * c + i) - top);
    for (int i = 0; i < c; i++)
      kz__ref_set(t, dst, r * c + i, exp(kz__ref_get(t, src, r * c + i) - top) / sum);
  }
}

static void softmax_backward(enum kz_dtype t, int64_t rows, int c, const void *dst,
                             const void *diff_dst, void *diff_src, bool accumulate) {
  for (int64_t r = 0; r < rows; r++) {
    double dot = 0;
    for (int64_t i = r * c; i < (r + 1) * c; i++)
      dot += kz__ref_get(t, dst, i) * kz__ref_get(t, diff_dst, i);
    for (int64_t i = r * c; i < (r + 1) * c; i++)
      kz__ref_put(t, diff_src, i, kz__ref_get(t, dst, i) * (kz__ref_get(t, diff_dst, i) - dot),
                  accumulate);
  }
}

static void add(enum kz_dtype t, int64_t count, const void *a, const void *b, void *dst) {
  for (int64_t i = 0; i < count; i++)
    kz__ref_set(t, dst, i, kz__ref_get(t, a, i) + kz__ref_get(t, b, i));
}

static void mul(enum kz_dtype t, int64_t count, const void *a, const void *b, void *dst) {
  for (int64_t i = 0; i < count; i++)
    kz__ref_set(t, dst, i, kz__ref_get(t, a, i) * kz__ref_get(t, b, i));
}

static void mul_add(enum kz_dtype t, int64_t count, const void *a, const void *b, void *dst) {
  for (int64_t i = 0; i < count; i++)
    kz__ref_put(t, dst, i, kz__ref_get(t, a, i) * kz__ref_get(t, b, i), true);
}

static double loss(enum kz_dtype t, int64_t rows, int c, float l1, float l2, double norm,
                   const void *pred, const float *target, const float *weight, void *diff) {
  double total = 0;
  for (int64_t r = 0; r < rows; r++)
    for (int64_t i = r * c; i < (r + 1) * c; i++) {
      double e = kz__ref_get(t, pred, i) - target[i];
      total += weight[r] * (l1 * fabs(e) + l2 * e * e) / norm;
      if (diff)
        kz__ref_set(t, diff, i, weight[r] * (l1 * ((e > 0) - (e < 0)) + 2 * l2 * e) / norm);
    }
  return total;
}

static double sum_squares(int64_t count, const float *x) {
  double s = 0;
  for (int64_t i = 0; i < count; i++) s += (double)x[i] * x[i];
  return s;
}

static double sum(int64_t count, const float *x) {
  double s = 0;
  for (int64_t i = 0; i < count; i++) s += x[i];
  return s;
}

static void adamw(const struct kz_adamw *a) {
  for (int64_t i = 0; i < a->count; i++) {
    double g = (double)a->g[i] * a->grad_scale;
    double m = a->beta1 * (double)a->m[i] + (1.0 - a->beta1) * g;
    double v = a->beta2 * (double)a->v[i] + (1.0 - a->beta2) * g * g;
    double w = a->w[i] * (1 - (double)a->rate * a->decay);
    w -= a->rate * (m / a->correction1) / (sqrt(v / a->correction2) + a->eps);
    a->m[i] = (float)m;
    a->v[i] = (float)v;
    a->w[i] = (float)w;
    if (a->ema && a->ema_rate != 0) a->ema[i] += (float)(a->ema_rate * (w - a->ema[i]));
    a->g[i] = 0;
  }
}

static void momentum(const struct kz_momentum *a) {
  for (int64_t i = 0; i < a->count; i++) {
    double g = (1 - (double)a->beta) * a->grad_scale * a->g[i], m = a->beta * (double)a->m[i] + g;
    a->m[i] = (float)m;
    a->g[i] = 0;
    kz__ref_set(a->dtype, a->dst, i, a->beta * m + g);
  }
}

static void descent(const struct kz_descent *a) {
  for (int64_t i = 0; i < a->count; i++) {
    double w = a->w[i] * (1 - (double)a->decay) - a->rate * kz__ref_get(a->dtype, a->u, i);
    a->w[i] = (float)w;
    if (a->ema && a->ema_rate != 0) a->ema[i] += (float)(a->ema_rate * (w - a->ema[i]));
  }
}

static void combine(enum kz_dtype t, int n, float identity, float linear, float square,
                    const void *a, const void *b, void *dst) {
  for (int64_t i = 0; i < (int64_t)n * n; i++) {
    double v = linear * kz__ref_get(t, a, i) + square * kz__ref_get(t, b, i);
    kz__ref_set(t, dst, i, i % (n + 1) == 0 ? v + identity : v);
  }
}

/* Box-Muller on a hash of (seed, counter): blocks of 32 from 16 counters, cosines then sines. */
static void normal(uint64_t seed, uint64_t offset, int64_t count, float *dst) {
  for (int64_t i = 0; i < count; i++) {
    uint64_t place = offset + (uint64_t)i, counter = (place >> 5) * 16 + (place & 15);
    uint64_t h = kz__mix(kz__mix(seed) + (counter + 1) * 0x9e3779b97f4a7c15u);
    double radius = sqrt(-2 * log(((double)(h >> 33) + 0.5) * 0x1p-31));
    double angle = 2 * M_PI * (double)(h & 0xffffffu) * 0x1p-24;
    dst[i] = (float)(radius * (place & 16 ? sin(angle) : cos(angle)));
  }
}

const struct kz_kernels *kz_kernels_reference(void) {
  static const struct kz_kernels table = {
      .isa = "reference",
      .norm_forward = norm_forward,
      .norm_backward = norm_backward,
      .attention_forward = attention_forward,
      .attention_backward = attention_backward,
      .act_forward = act_forward,
      .act_backward = act_backward,
      .softmax_forward = softmax_forward,
      .softmax_backward = softmax_backward,
      .add = add,
      .mul = mul,
      .mul_add = mul_add,
      .film_forward = kz__ref_film_forward,
      .film_backward = kz__ref_film_backward,
      .copy_rows = kz__ref_copy_rows,
      .nearest_forward = kz__ref_nearest_forward,
      .nearest_backward = kz__ref_nearest_backward,
      .bilinear_forward = kz__ref_bilinear_forward,
      .bilinear_backward = kz__ref_bilinear_backward,
      .max_pool_forward = kz__ref_max_pool_forward,
      .max_pool_backward = kz__ref_max_pool_backward,
      .space_to_depth = kz__ref_space_to_depth,
      .depth_to_space = kz__ref_depth_to_space,
      .mean_forward = kz__ref_mean_forward,
      .mean_backward = kz__ref_mean_backward,
      .embedding_forward = kz__ref_embedding_forward,
      .embedding_backward = kz__ref_embedding_backward,
      .loss = loss,
      .convert = kz__ref_convert,
      .fill = kz__ref_fill,
      .sum_squares = sum_squares,
      .sum = sum,
      .adamw = adamw,
      .momentum = momentum,
      .descent = descent,
      .combine = combine,
      .normal = normal,
  };
  return &table;
}
