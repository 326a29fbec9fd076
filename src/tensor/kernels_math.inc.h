/* Vector exp, log, sigmoid, the normal distribution function, sine and cosine: minimax polynomials
 * fitted to f32. `fast` (a compile-time constant) is for results that are stored as bf16: about
 * 1e-4 relative where the full versions give 1e-7. */
#ifndef KZ_KERNELS_MATH_H
#define KZ_KERNELS_MATH_H

#include "tensor/kernels_vec.inc.h"

/* 2^r for r in [-1/2, 1/2]. */
INLINE vf exp2_poly(bool fast, vf r) {
  if (fast) {
    vf p = 5.517162719e-02f * r + 2.426111432e-01f;
    p = p * r + 6.932609953e-01f;
    return p * r + 9.999280725e-01f;
  }
  vf p = 1.534580792e-04f * r + 1.339993157e-03f;
  p = p * r + 9.618488976e-03f;
  p = p * r + 5.550328776e-02f;
  p = p * r + 2.402264689e-01f;
  p = p * r + 6.931472057e-01f;
  return p * r + 1.000000001f;
}

/* e^x, finite x. Below about -87 it is 0 or the smallest normal, above 88 the largest power or inf;
 * the fast AVX-512 form needs no clamp because scalef saturates and x log2 e - n is 0 far out. */
INLINE vf vexp(bool fast, vf x) {
  const float log2e = 1.44269504f, log2e_low = 1.92596303e-8f;
  if (VL < 16 || !fast) x = vmin(vmax(x, vset(-87.0f)), vset(88.0f));
#if VL == 16
  vf s = x * log2e;
  vf n = (vf)_mm512_roundscale_ps((__m512)s, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
  vf r = fast ? s - n : (x * log2e - n) + x * log2e_low;
  return (vf)_mm512_scalef_ps((__m512)exp2_poly(fast, r), (__m512)n);
#else
  const float magic = 12582912.0f; /* 1.5 * 2^23: adding it rounds to an integer */
  vf m = x * log2e + magic;
  vf n = m - magic;
  vf r = fast ? x * log2e - n : (x * log2e - n) + x * log2e_low;
  return (vf)((vi)exp2_poly(fast, r) + ((vi)m << 23));
#endif
}

INLINE vf vsigmoid(bool fast, vf z) {
  vf d = 1.0f + vexp(fast, -z);
  return fast ? vrecip_fast(d) : 1.0f / d;
}

/* Natural logarithm of positive, normal x. */
INLINE vf vlog(vf x) {
  vi u = (vi)x - 0x3f3504f3; /* sqrt(1/2): the mantissa lands in [sqrt(1/2), sqrt(2)) */
  vf e = __builtin_convertvector(u >> 23, vf);
  vf f = (vf)((u & 0x007fffff) + 0x3f3504f3) - 1.0f;
  vf p = 6.746614265e-02f * f - 1.167564818e-01f;
  p = p * f + 1.188817215e-01f;
  p = p * f - 1.240559031e-01f;
  p = p * f + 1.421955124e-01f;
  p = p * f - 1.666799573e-01f;
  p = p * f + 2.000211871e-01f;
  p = p * f - 2.500000960e-01f;
  p = p * f + 3.333331260e-01f;
  vf f2 = f * f;
  vf r = p * (f * f2) - 0.5f * f2 + e * 1.42860677e-6f; /* ln 2 = 0.693145752 + this */
  return (r + f) + e * 0.693145752f;
}

/* sin(2 pi u), cos(2 pi u) for u in [0, 1]. */
INLINE void vsincos_turn(vf u, vf *sine, vf *cosine) {
  vi q = __builtin_convertvector(u * 4.0f + 0.5f, vi);
  vf r = u * 4.0f - __builtin_convertvector(q, vf), r2 = r * r;
  vf s = 1.581952864e-04f * r2 - 4.681260746e-03f;
  s = s * r2 + 7.969258186e-02f;
  s = s * r2 - 6.459640961e-01f;
  s = (s * r2 + 1.570796327f) * r;
  vf c = 9.036330591e-04f * r2 - 2.086007209e-02f;
  c = c * r2 + 2.536692041e-01f;
  c = c * r2 - 1.233700541f;
  c = c * r2 + 1.0f;
  vi odd = -(q & 1);
  *sine = (vf)((vi)vselect(odd, c, s) ^ ((q & 2) << 30));
  *cosine = (vf)((vi)vselect(odd, s, c) ^ (((q + 1) & 2) << 30));
}

/* The normal distribution function Phi(x) = (1 + erf(x / sqrt 2)) / 2 and its density, from one
 * exponential (Abramowitz and Stegun 7.1.26: 1.5e-7 absolute). */
INLINE void vnormal_cdf(bool fast, vf x, vf *cdf, vf *pdf) {
  vf a = vmin(vabs(x) * 0.707106781f, vset(16.0f));
  vf e = vexp(fast, -(a * a));
  vf k = 1.0f / (0.3275911f * a + 1.0f);
  vf p = 1.061405429f * k - 1.453152027f;
  p = p * k + 1.421413741f;
  p = p * k - 0.284496736f;
  p = p * k + 0.254829592f;
  vf tail = 0.5f * p * k * e;
  *cdf = vselect(x > 0, 1.0f - tail, tail);
  *pdf = e * 0.398942280f;
}

/* act(z), and act(z) with its derivative. */
INLINE vf act_value(enum kz_act act, bool fast, vf z) {
  if (act == KZ_ACT_SILU) return z * vsigmoid(fast, z);
  if (act == KZ_ACT_GELU) {
    vf cdf, pdf;
    vnormal_cdf(fast, z, &cdf, &pdf);
    return z * cdf;
  }
  if (act == KZ_ACT_RELU) return vmax(vset(0), z); /* in this order NaN stays */
  return z;
}

INLINE vf act_slope(enum kz_act act, bool fast, vf z) {
  if (act == KZ_ACT_SILU) {
    vf s = vsigmoid(fast, z);
    return s + z * s * (1.0f - s);
  }
  if (act == KZ_ACT_GELU) {
    vf cdf, pdf;
    vnormal_cdf(fast, z, &cdf, &pdf);
    return cdf + z * pdf;
  }
  if (act == KZ_ACT_RELU) return vselect(z > 0, vset(1), vset(0));
  return vset(1.0f);
}

#endif
