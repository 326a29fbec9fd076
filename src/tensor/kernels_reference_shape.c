/* The reference kernels that move pixels, pool, look up and convert: plain loops. */
#include <math.h>

#include "tensor/kernels_reference.h"

/* Half precision by its definition: sign, 5 bits of exponent, 10 of fraction. */
static double half_value(uint16_t h) {
  int e = h >> 10 & 31, m = h & 1023;
  double v = e == 0 ? ldexp(m, -24) : e == 31 ? (m ? NAN : INFINITY) : ldexp(1024 + m, e - 25);
  return h & 0x8000 ? -v : v;
}

/* The nearest half: scaled so that its unit is 1, rounded to even. */
static uint16_t half_bits(double v) {
  uint16_t sign = signbit(v) ? 0x8000 : 0;
  if (isnan(v)) return (uint16_t)(sign | 0x7e00);
  v = fabs(v);
  if (v >= 65520) return (uint16_t)(sign | 0x7c00);
  int e = v < 0x1p-14 ? -14 : ilogb(v);
  int units = (int)nearbyint(ldexp(v, 10 - e)); /* 0..2048; 1024 and up: normal */
  return (uint16_t)(sign | (units + ((e + 14) << 10)));
}

double kz__ref_get(enum kz_dtype t, const void *p, int64_t i) {
  if (t == KZ_F32) return ((const float *)p)[i];
  if (t == KZ_BF16) return kz_bf16_to_f32(((const kz_bf16 *)p)[i]);
  return half_value(((const uint16_t *)p)[i]);
}

void kz__ref_set(enum kz_dtype t, void *p, int64_t i, double v) {
  if (t == KZ_F32)
    ((float *)p)[i] = (float)v;
  else if (t == KZ_BF16)
    ((kz_bf16 *)p)[i] = kz_f32_to_bf16((float)v);
  else
    ((uint16_t *)p)[i] = half_bits(v);
}

void kz__ref_put(enum kz_dtype t, void *p, int64_t i, double v, bool accumulate) {
  kz__ref_set(t, p, i, accumulate ? v + kz__ref_get(t, p, i) : v);
}

void kz__ref_film_forward(enum kz_dtype t, int n, int hw, int c, const void *src,
                          const void *film, void *dst) {
  for (int64_t at = 0; at < (int64_t)n * hw * c; at++) {
    int64_t f = at / c / hw * 2 * c + at % c;
    kz__ref_set(t, dst, at,
                kz__ref_get(t, src, at) * (1 + kz__ref_get(t, film, f)) +
                    kz__ref_get(t, film, f + c));
  }
}

void kz__ref_film_backward(enum kz_dtype t, int n, int hw, int c, const void *src,
                           const void *film, const void *diff_dst, void *diff_src,
                           bool accumulate, void *diff_film) {
  for (int s = 0; s < n; s++)
    for (int i = 0; i < c; i++) {
      int64_t f = (int64_t)s * 2 * c + i;
      double scale = 0, shift = 0;
      for (int p = 0; p < hw; p++) {
        int64_t at = ((int64_t)s * hw + p) * c + i;
        double d = kz__ref_get(t, diff_dst, at);
        scale += d * kz__ref_get(t, src, at);
        shift += d;
        kz__ref_put(t, diff_src, at, d * (1 + kz__ref_get(t, film, f)), accumulate);
      }
      if (!diff_film) continue;
      kz__ref_set(t, diff_film, f, scale);
      kz__ref_set(t, diff_film, f + c, shift);
    }
}

void kz__ref_copy_rows(enum kz_dtype t, int64_t rows, int c, const void *src, int64_t src_stride,
                       void *dst, int64_t dst_stride, bool accumulate) {
  for (int64_t r = 0; r < rows; r++)
    for (int i = 0; i < c; i++)
      kz__ref_put(t, dst, r * dst_stride + i, kz__ref_get(t, src, r * src_stride + i), accumulate);
}

void kz__ref_nearest_forward(enum kz_dtype t, struct kz_dims d, int f, const void *src, void *dst,
                             int64_t stride) {
  for (int64_t y = 0; y < (int64_t)d.n * d.h * f; y++)
    for (int x = 0; x < d.w * f; x++)
      for (int i = 0; i < d.c; i++)
        kz__ref_set(t, dst, (y * d.w * f + x) * stride + i,
                    kz__ref_get(t, src, (y / f * d.w + x / f) * d.c + i));
}

void kz__ref_nearest_backward(enum kz_dtype t, struct kz_dims d, int f, const void *diff_dst,
                              int64_t stride, void *diff_src, bool accumulate) {
  for (int64_t y = 0; y < (int64_t)d.n * d.h; y++)
    for (int x = 0; x < d.w; x++)
      for (int i = 0; i < d.c; i++) {
        double s = 0;
        for (int k = 0; k < f * f; k++)
          s += kz__ref_get(t, diff_dst,
                           ((y * f + k / f) * d.w * f + x * f + k % f) * stride + i);
        kz__ref_put(t, diff_src, (y * d.w + x) * d.c + i, s, accumulate);
      }
}

/* The two inputs and the weight of the second that output i of `out` reads, of `in`. */
static void taps(int i, int in, int out, int at[2], double part[2]) {
  double x = fmax((i + 0.5) * in / out - 0.5, 0);
  at[0] = (int)x < in - 1 ? (int)x : in - 1;
  at[1] = at[0] + 1 < in ? at[0] + 1 : at[0];
  part[1] = x - at[0];
  part[0] = 1 - part[1];
}

void kz__ref_bilinear_forward(enum kz_dtype t, struct kz_dims d, int oh, int ow, const void *src,
                              void *dst) {
  int y[2], x[2];
  double v[2], u[2];
  for (int64_t s = 0; s < d.n; s++)
    for (int oy = 0; oy < oh; oy++)
      for (int ox = 0; ox < ow; ox++) {
        taps(oy, d.h, oh, y, v);
        taps(ox, d.w, ow, x, u);
        for (int i = 0; i < d.c; i++) {
          double sum = 0;
          for (int k = 0; k < 4; k++)
            sum += v[k / 2] * u[k % 2] *
                   kz__ref_get(t, src, ((s * d.h + y[k / 2]) * d.w + x[k % 2]) * d.c + i);
          kz__ref_set(t, dst, ((s * oh + oy) * ow + ox) * d.c + i, sum);
        }
      }
}

/* Column by column of the adjoint: all of one input's readers. */
void kz__ref_bilinear_backward(enum kz_dtype t, struct kz_dims d, int oh, int ow,
                               const void *diff_dst, void *diff_src, bool accumulate) {
  int y[2], x[2];
  double v[2], u[2];
  for (int64_t at = 0; at < (int64_t)kz_dims_count(d); at++) {
    const int i = (int)(at % d.c), iw = (int)(at / d.c % d.w), ih = (int)(at / d.c / d.w % d.h);
    const int64_t s = at / d.c / d.w / d.h;
    double sum = 0;
    for (int oy = 0; oy < oh; oy++)
      for (int ox = 0; ox < ow; ox++) {
        taps(oy, d.h, oh, y, v);
        taps(ox, d.w, ow, x, u);
        double weight = ((y[0] == ih ? v[0] : 0) + (y[1] == ih ? v[1] : 0)) *
                        ((x[0] == iw ? u[0] : 0) + (x[1] == iw ? u[1] : 0));
        sum += weight * kz__ref_get(t, diff_dst, ((s * oh + oy) * ow + ox) * d.c + i);
      }
    kz__ref_put(t, diff_src, at, sum, accumulate);
  }
}

/* Where element `at` of the spatial tensor lies in the deep one. */
static int64_t deep_at(struct kz_dims d, int b, int64_t at) {
  const int64_t ch = at % d.c, x = at / d.c % d.w, y = at / d.c / d.w; /* y: over the batch too */
  return ((y / b * (d.w / b) + x / b) * d.c + ch) * b * b + y % b * b + x % b;
}

void kz__ref_max_pool_forward(enum kz_dtype t, struct kz_dims d, int kernel, int stride, int oh,
                              int ow, const void *src, void *dst, uint8_t *winner) {
  for (int64_t at = 0; at < (int64_t)d.n * oh * ow * d.c; at++) {
    int c = (int)(at % d.c), x = (int)(at / d.c % ow), y = (int)(at / d.c / ow % oh), won = 0;
    int64_t sample = at / d.c / ow / oh;
    double most = -INFINITY;
    for (int k = 0; k < kernel * kernel; k++) {
      int sy = y * stride + k / kernel, sx = x * stride + k % kernel;
      if (sy >= d.h || sx >= d.w) continue;
      double v = kz__ref_get(t, src, ((sample * d.h + sy) * d.w + sx) * d.c + c);
      if (v > most || isnan(v)) most = v, won = k;
    }
    kz__ref_set(t, dst, at, most);
    if (winner) winner[at] = (uint8_t)won;
  }
}

void kz__ref_max_pool_backward(enum kz_dtype t, struct kz_dims d, int kernel, int stride, int oh,
                               int ow, const void *diff_dst, const uint8_t *winner,
                               void *diff_src, bool accumulate) {
  for (int64_t at = 0; at < (int64_t)kz_dims_count(d); at++) {
    int c = (int)(at % d.c), x = (int)(at / d.c % d.w), y = (int)(at / d.c / d.w % d.h);
    int64_t sample = at / d.c / d.w / d.h;
    double sum = 0;
    for (int oy = 0; oy < oh; oy++)
      for (int ox = 0; ox < ow; ox++) {
        int ky = y - oy * stride, kx = x - ox * stride;
        int64_t from = ((sample * oh + oy) * ow + ox) * d.c + c;
        if (ky >= 0 && ky < kernel && kx >= 0 && kx < kernel && winner[from] == ky * kernel + kx)
          sum += kz__ref_get(t, diff_dst, from);
      }
    kz__ref_put(t, diff_src, at, sum, accumulate);
  }
}

void kz__ref_space_to_depth(enum kz_dtype src_t, enum kz_dtype dst_t, struct kz_dims d, int b,
                            const void *src, void *dst, bool accumulate) {
  for (int64_t at = 0; at < (int64_t)kz_dims_count(d); at++)
    kz__ref_put(dst_t, dst, deep_at(d, b, at), kz__ref_get(src_t, src, at), accumulate);
}

void kz__ref_depth_to_space(enum kz_dtype src_t, enum kz_dtype dst_t, struct kz_dims d, int b,
                            const void *src, void *dst, bool accumulate) {
  for (int64_t at = 0; at < (int64_t)kz_dims_count(d); at++)
    kz__ref_put(dst_t, dst, at, kz__ref_get(src_t, src, deep_at(d, b, at)), accumulate);
}

void kz__ref_mean_forward(enum kz_dtype t, int n, int hw, int c, const void *src, void *dst) {
  for (int s = 0; s < n; s++)
    for (int i = 0; i < c; i++) {
      double sum = 0;
      for (int p = 0; p < hw; p++) sum += kz__ref_get(t, src, ((int64_t)s * hw + p) * c + i);
      kz__ref_set(t, dst, (int64_t)s * c + i, sum / hw);
    }
}

void kz__ref_mean_backward(enum kz_dtype t, int n, int hw, int c, const void *diff_dst,
                           void *diff_src, bool accumulate) {
  for (int64_t at = 0; at < (int64_t)n * hw * c; at++)
    kz__ref_put(t, diff_src, at, kz__ref_get(t, diff_dst, at / c / hw * c + at % c) / hw,
                accumulate);
}

void kz__ref_embedding_forward(enum kz_dtype t, int64_t rows, int c, const float *table,
                               const int32_t *index, void *dst) {
  for (int64_t at = 0; at < rows * c; at++)
    kz__ref_set(t, dst, at, table[(int64_t)index[at / c] * c + at % c]);
}

void kz__ref_embedding_backward(enum kz_dtype t, int64_t rows, int c, const int32_t *index,
                                const void *diff_dst, float *diff_table) {
  for (int64_t at = 0; at < rows * c; at++)
    diff_table[(int64_t)index[at / c] * c + at % c] += (float)kz__ref_get(t, diff_dst, at);
}

void kz__ref_convert(enum kz_dtype src_t, enum kz_dtype dst_t, int64_t count, const void *src,
                     void *dst) {
  for (int64_t i = 0; i < count; i++) kz__ref_set(dst_t, dst, i, kz__ref_get(src_t, src, i));
}

void kz__ref_fill(enum kz_dtype t, int64_t count, float value, void *dst) {
  for (int64_t i = 0; i < count; i++) kz__ref_set(t, dst, i, value);
}
