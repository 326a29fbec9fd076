/* Max pooling. Both passes gather, so threads take rows of what they write and need no atomics:
 * forward notes which pixel of a window won, backward asks each window over a pixel whether it was
 * this one. */
#ifndef KZ_KERNELS_POOL_H
#define KZ_KERNELS_POOL_H

#include "tensor/kernels_vec.inc.h"

typedef uint8_t vb __attribute__((vector_size(VL)));

INLINE vi ld_bytes(const uint8_t *p, int n) {
  vb b = {0};
  memcpy(&b, p, (size_t)n);
#if VL == 16 /* gcc 12 widens bytes one by one */
  return (vi)_mm512_cvtepu8_epi32((__m128i)b);
#elif VL == 8
  int64_t whole;
  memcpy(&whole, &b, sizeof whole);
  return (vi)_mm256_cvtepu8_epi32(_mm_cvtsi64_si128(whole));
#else
  int32_t whole;
  memcpy(&whole, &b, sizeof whole);
  return (vi)_mm_cvtepu8_epi32(_mm_cvtsi32_si128(whole));
#endif
}

INLINE void st_bytes(uint8_t *p, int n, vi v) {
#if VL == 16
  vb b = (vb)_mm512_cvtepi32_epi8((__m512i)v);
#else
  vb b = __builtin_convertvector(v, vb);
#endif
  memcpy(p, &b, (size_t)n);
}

struct pool_args {
  enum kz_dtype t;
  struct kz_dims d; /* of the large side */
  int kernel, stride, oh, ow;
  const void *src;
  void *dst;
  const uint8_t *winner;
  uint8_t *note;
  bool accumulate;
};

/* Channels i .. i + n - 1 of the window at (oy, ox). */
INLINE void pool_window(enum kz_dtype t, const struct pool_args *a, int64_t sample, int oy, int ox,
                        int i, int n) {
  const int k = a->kernel, h = a->d.h, w = a->d.w, c = a->d.c;
  const int y0 = oy * a->stride, x0 = ox * a->stride;
  const int rows = h - y0 < k ? h - y0 : k, columns = w - x0 < k ? w - x0 : k;
  vf most = vset(-INFINITY);
  vi won = {0};
  for (int ky = 0; ky < rows; ky++)
    for (int kx = 0; kx < columns; kx++) {
      vf v = ldn(t, a->src, ((sample * h + y0 + ky) * w + x0 + kx) * c + i, n);
      vi better = (v > most) | (v != v);
      most = vselect(better, v, most);
      won = (won & ~better) | (better & (ky * k + kx));
    }
  const int64_t to = ((sample * a->oh + oy) * a->ow + ox) * c + i;
  stn(t, a->dst, to, n, most);
  if (a->note) st_bytes(a->note + to, n, won);
}

INLINE void pool_row(enum kz_dtype t, const struct pool_args *a, int64_t row) {
  const int c = a->d.c;
  for (int ox = 0; ox < a->ow; ox++) {
    int i = 0;
    for (; i + VL <= c; i += VL) pool_window(t, a, row / a->oh, (int)(row % a->oh), ox, i, VL);
    if (i < c) pool_window(t, a, row / a->oh, (int)(row % a->oh), ox, i, c - i);
  }
}

static void max_pool_forward_range(const void *args, int64_t begin, int64_t end) {
  const struct pool_args *a = args;
  for (int64_t row = begin; row < end; row++) WITH_DTYPE(a->t, pool_row(T, a, row));
}

static void max_pool_forward(enum kz_dtype t, struct kz_dims d, int kernel, int stride, int oh,
                             int ow, const void *src, void *dst, uint8_t *winner) {
  struct pool_args a = {.t = t, .d = d, .kernel = kernel, .stride = stride, .oh = oh, .ow = ow,
                        .src = src, .dst = dst, .note = winner};
  split((int64_t)d.n * oh, 1, (int64_t)ow * d.c * kernel * kernel, max_pool_forward_range, &a);
}

/* The windows [first, last) along one side that reach position p. */
struct reach {
  int first, last;
};

INLINE struct reach pool_reach(int p, int kernel, int stride, int count) {
  int end = p / stride + 1;
  return (struct reach){p < kernel ? 0 : (p - kernel) / stride + 1, end < count ? end : count};
}

/* Channels i .. i + n - 1 of the gradient at (y, x). */
INLINE void pool_pixel_diff(enum kz_dtype t, const struct pool_args *a, int64_t sample, int y,
                            int x, struct reach ys, struct reach xs, int i, int n) {
  const int k = a->kernel, c = a->d.c;
  const int64_t to = ((sample * a->d.h + y) * a->d.w + x) * c + i;
  vf sum = {0};
  for (int oy = ys.first; oy < ys.last; oy++)
    for (int ox = xs.first; ox < xs.last; ox++) {
      const int64_t from = ((sample * a->oh + oy) * a->ow + ox) * c + i;
      vi mine = ld_bytes(a->winner + from, n) == (y - oy * a->stride) * k + x - ox * a->stride;
      sum += (vf)((vi)ldn(t, a->src, from, n) & mine);
    }
  if (a->accumulate) sum += ldn(t, a->dst, to, n);
  stn(t, a->dst, to, n, sum);
}

INLINE void pool_row_diff(enum kz_dtype t, const struct pool_args *a, int64_t row) {
  const int c = a->d.c, y = (int)(row % a->d.h);
  const int64_t sample = row / a->d.h;
  const struct reach ys = pool_reach(y, a->kernel, a->stride, a->oh);
  for (int x = 0; x < a->d.w; x++) {
    const struct reach xs = pool_reach(x, a->kernel, a->stride, a->ow);
    int i = 0;
    for (; i + VL <= c; i += VL) pool_pixel_diff(t, a, sample, y, x, ys, xs, i, VL);
    if (i < c) pool_pixel_diff(t, a, sample, y, x, ys, xs, i, c - i);
  }
}

static void max_pool_backward_range(const void *args, int64_t begin, int64_t end) {
  const struct pool_args *a = args;
  for (int64_t row = begin; row < end; row++) WITH_DTYPE(a->t, pool_row_diff(T, a, row));
}

static void max_pool_backward(enum kz_dtype t, struct kz_dims d, int kernel, int stride, int oh,
                              int ow, const void *diff_dst, const uint8_t *winner, void *diff_src,
                              bool accumulate) {
  struct pool_args a = {.t = t, .d = d, .kernel = kernel, .stride = stride, .oh = oh, .ow = ow,
                        .src = diff_dst, .dst = diff_src, .winner = winner,
                        .accumulate = accumulate};
  split((int64_t)d.n * d.h, 1, 4 * (int64_t)d.w * d.c, max_pool_backward_range, &a);
}

#endif
