/* Kernels that move pixels: copies between strides, resizing, space-to-depth, pooling, film,
 * tables. Work is split over rows of the destination (of the adjoint's destination in backward),
 * so no two threads write one place and sums have one order. */
#ifndef KZ_KERNELS_SHAPE_H
#define KZ_KERNELS_SHAPE_H

#include "tensor/kernels_vec.inc.h"

struct copy_args {
  enum kz_dtype t;
  int c;
  const void *src;
  int64_t src_stride;
  void *dst;
  int64_t dst_stride;
  bool accumulate;
};

/* dst[i..i+c) (+)= src[j..j+c) */
INLINE void copy_row(enum kz_dtype t, int c, const void *src, int64_t j, void *dst, int64_t i,
                     bool accumulate) {
  if (!accumulate) {
    memcpy(at(t, dst, i), at(t, src, j), (size_t)c * kz_dtype_size(t));
    return;
  }
  for (int k = 0; k < c; k += VL) {
    int n = lanes(k, c);
    stn(t, dst, i + k, n, ldn(t, dst, i + k, n) + ldn(t, src, j + k, n));
  }
}

/* 4 bytes a row: a call of memcpy for each costs four times as much. */
INLINE void copy_short(const struct copy_args *a, size_t bytes, int64_t begin, int64_t end) {
  for (int64_t r = begin; r < end; r++)
    memcpy(at(a->t, a->dst, r * a->dst_stride), at(a->t, a->src, r * a->src_stride), bytes);
}

static void copy_rows_range(const void *args, int64_t begin, int64_t end) {
  const struct copy_args *a = args;
  const size_t bytes = (size_t)a->c * kz_dtype_size(a->t);
  if (!a->accumulate && bytes == 4) {
    copy_short(a, 4, begin, end);
    return;
  }
  for (int64_t r = begin; r < end; r++)
    WITH_DTYPE(a->t, copy_row(T, a->c, a->src, r * a->src_stride, a->dst, r * a->dst_stride,
                              a->accumulate));
}

static void copy_rows(enum kz_dtype t, int64_t rows, int c, const void *src, int64_t src_stride,
                      void *dst, int64_t dst_stride, bool accumulate) {
  struct copy_args a = {t, c, src, src_stride, dst, dst_stride, accumulate};
  split(rows, 1, c, copy_rows_range, &a);
}

/* Film: dst = src * (1 + scale) + shift. */
struct film_args {
  enum kz_dtype t;
  int n, hw, c;
  const void *src, *film, *diff_dst;
  void *dst, *diff_film;
  bool accumulate;
};

INLINE void film_forward_body(enum kz_dtype t, const struct film_args *a, int64_t begin,
                              int64_t end) {
  const int c = a->c;
  for (int64_t r = begin; r < end; r++) {
    const int64_t film = r / a->hw * 2 * c;
    for (int i = 0; i < c; i += VL) {
      int n = lanes(i, c);
      vf s = 1.0f + ldn(t, a->film, film + i, n);
      stn(t, a->dst, r * c + i, n,
          ldn(t, a->src, r * c + i, n) * s + ldn(t, a->film, film + c + i, n));
    }
  }
}

static void film_forward_range(const void *args, int64_t begin, int64_t end) {
  const struct film_args *a = args;
  WITH_DTYPE(a->t, film_forward_body(T, a, begin, end));
}

static void film_forward(enum kz_dtype t, int n, int hw, int c, const void *src, const void *film,
                         void *dst) {
  struct film_args a = {.t = t, .n = n, .hw = hw, .c = c, .src = src, .film = film, .dst = dst};
  split((int64_t)n * hw, 1, c, film_forward_range, &a);
}

/* One sample and one vector of channels: tasks are cut over both, so n = 1 is parallel too. */
INLINE void film_backward_column(enum kz_dtype t, const struct film_args *a, int64_t sample,
                                 int i) {
  const int c = a->c, n = lanes(i, c);
  const int64_t film = sample * 2 * c + i;
  vf s = 1.0f + ldn(t, a->film, film, n), ds = {0}, db = {0};
  for (int64_t p = sample * a->hw * c + i, r = 0; r < a->hw; r++, p += c) {
    vf d = ldn(t, a->diff_dst, p, n);
    ds += d * ldn(t, a->src, p, n);
    db += d;
    if (a->accumulate)
      stn(t, a->dst, p, n, d * s + ldn(t, a->dst, p, n));
    else
      stn(t, a->dst, p, n, d * s);
  }
  if (!a->diff_film) return;
  stn(t, a->diff_film, film, n, ds);
  stn(t, a->diff_film, film + c, n, db);
}

static void film_backward_range(const void *args, int64_t begin, int64_t end) {
  const struct film_args *a = args;
  const int columns = (a->c + VL - 1) / VL;
  for (int64_t i = begin; i < end; i++)
    WITH_DTYPE(a->t, film_backward_column(T, a, i / columns, (int)(i % columns) * VL));
}

static void film_backward(enum kz_dtype t, int n, int hw, int c, const void *src, const void *film,
                          const void *diff_dst, void *diff_src, bool accumulate,
                          void *diff_film) {
  struct film_args a = {t, n, hw, c, src, film, diff_dst, diff_src, diff_film, accumulate};
  split((int64_t)n * ((c + VL - 1) / VL), 1, (int64_t)hw * VL, film_backward_range, &a);
}

/* Nearest: tasks are rows of pixels of the small tensor, both ways. */
struct nearest_args {
  enum kz_dtype t;
  struct kz_dims d;
  int factor;
  const void *src;
  void *dst;
  int64_t stride; /* between pixels of the large tensor */
  bool accumulate;
};

static void nearest_forward_range(const void *args, int64_t begin, int64_t end) {
  const struct nearest_args *a = args;
  const int w = a->d.w, c = a->d.c, f = a->factor;
  for (int64_t row = begin; row < end; row++)
    for (int dy = 0; dy < f; dy++)
      for (int x = 0; x < w * f; x++)
        WITH_DTYPE(a->t, copy_row(T, c, a->src, (row * w + x / f) * c, a->dst,
                                  ((row * f + dy) * w * f + x) * a->stride, false));
}

static void nearest_forward(enum kz_dtype t, struct kz_dims d, int factor, const void *src,
                            void *dst, int64_t dst_stride) {
  struct nearest_args a = {t, d, factor, src, dst, dst_stride, false};
  split((int64_t)d.n * d.h, 1, (int64_t)d.w * d.c * factor * factor, nearest_forward_range, &a);
}

INLINE void nearest_backward_pixel(enum kz_dtype t, int f, const struct nearest_args *a,
                                   int64_t row, int x) {
  const int c = a->d.c;
  const int64_t to = (row * a->d.w + x) * c, line = a->d.w * f * a->stride;
  const int64_t from = row * f * line + x * f * a->stride;
  for (int i = 0; i < c; i += VL) {
    int n = lanes(i, c);
    vf s = {0};
    for (int dy = 0; dy < f; dy++)
      for (int dx = 0; dx < f; dx++)
        s += ldn(t, a->src, from + dy * line + dx * a->stride + i, n);
    if (a->accumulate) s += ldn(t, a->dst, to + i, n);
    stn(t, a->dst, to + i, n, s);
  }
}

static void nearest_backward_range(const void *args, int64_t begin, int64_t end) {
  const struct nearest_args *a = args;
  for (int64_t row = begin; row < end; row++)
    for (int x = 0; x < a->d.w; x++) {
      if (a->factor == 2)
        WITH_DTYPE(a->t, nearest_backward_pixel(T, 2, a, row, x));
      else
        WITH_DTYPE(a->t, nearest_backward_pixel(T, a->factor, a, row, x));
    }
}

static void nearest_backward(enum kz_dtype t, struct kz_dims d, int factor, const void *diff_dst,
                             int64_t diff_dst_stride, void *diff_src, bool accumulate) {
  struct nearest_args a = {t, d, factor, diff_dst, diff_src, diff_dst_stride, accumulate};
  split((int64_t)d.n * d.h, 1, (int64_t)d.w * d.c * factor * factor, nearest_backward_range, &a);
}

/* Bilinear, half-pixel centres. Output i reads from `low` and low + 1 (clamped) with weight
 * `part` on the second. */
struct bilinear_args {
  enum kz_dtype t;
  struct kz_dims d;
  int oh, ow;
  const void *src;
  void *dst;
  bool accumulate;
};

struct tap {
  int low, high;
  float part;
};

static struct tap tap_at(int i, int in, int out) {
  float x = ((float)i + 0.5f) * ((float)in / (float)out) - 0.5f;
  if (x < 0) x = 0;
  int low = (int)x;
  if (low > in - 1) low = in - 1;
  return (struct tap){low, low < in - 1 ? low + 1 : low, x - (float)low};
}

INLINE void bilinear_pixel(enum kz_dtype t, const struct bilinear_args *a, int64_t row, int x) {
  const int w = a->d.w, c = a->d.c;
  const int64_t base = row / a->oh * a->d.h, to = (row * a->ow + x) * c;
  struct tap v = tap_at((int)(row % a->oh), a->d.h, a->oh), u = tap_at(x, w, a->ow);
  const int64_t p00 = ((base + v.low) * w + u.low) * c, p01 = ((base + v.low) * w + u.high) * c;
  const int64_t p10 = ((base + v.high) * w + u.low) * c, p11 = ((base + v.high) * w + u.high) * c;
  for (int i = 0; i < c; i += VL) {
    int n = lanes(i, c);
    vf top = (1 - u.part) * ldn(t, a->src, p00 + i, n) + u.part * ldn(t, a->src, p01 + i, n);
    vf low = (1 - u.part) * ldn(t, a->src, p10 + i, n) + u.part * ldn(t, a->src, p11 + i, n);
    stn(t, a->dst, to + i, n, (1 - v.part) * top + v.part * low);
  }
}

static void bilinear_forward_range(const void *args, int64_t begin, int64_t end) {
  const struct bilinear_args *a = args;
  for (int64_t row = begin; row < end; row++)
    for (int x = 0; x < a->ow; x++) WITH_DTYPE(a->t, bilinear_pixel(T, a, row, x));
}

static void bilinear_forward(enum kz_dtype t, struct kz_dims d, int oh, int ow, const void *src,
                             void *dst) {
  struct bilinear_args a = {t, d, oh, ow, src, dst, false};
  split((int64_t)d.n * oh, 1, 4 * (int64_t)ow * d.c, bilinear_forward_range, &a);
}

/* The weight with which output i reads input j. */
static float tap_weight(struct tap p, int j) {
  return (p.low == j ? 1 - p.part : 0) + (p.high == j ? p.part : 0);
}

/* The outputs that may read input j: a superset [first, last). */
static void tap_outputs(int j, int in, int out, int *first, int *last) {
  double scale = (double)out / in;
  *first = (int)(((double)j - 0.5) * scale - 1.5);
  *last = (int)(((double)j + 1.5) * scale + 1.5);
  if (*first < 0) *first = 0;
  if (j == in - 1 || *last > out) *last = out;
}

/* Gathers, for one input pixel, over the outputs that read it. */
INLINE void bilinear_pixel_diff(enum kz_dtype t, const struct bilinear_args *a, int64_t row,
                                int x) {
  const int w = a->d.w, c = a->d.c, y = (int)(row % a->d.h);
  const int64_t base = row / a->d.h * a->oh, to = (row * w + x) * c;
  int y0, y1, x0, x1;
  tap_outputs(y, a->d.h, a->oh, &y0, &y1);
  tap_outputs(x, w, a->ow, &x0, &x1);
  for (int i = 0; i < c; i += VL) {
    int n = lanes(i, c);
    vf s = {0};
    for (int oy = y0; oy < y1; oy++) {
      float v = tap_weight(tap_at(oy, a->d.h, a->oh), y);
      if (v == 0) continue;
      for (int ox = x0; ox < x1; ox++) {
        float u = v * tap_weight(tap_at(ox, w, a->ow), x);
        if (u != 0) s += u * ldn(t, a->src, ((base + oy) * a->ow + ox) * c + i, n);
      }
    }
    if (a->accumulate) s += ldn(t, a->dst, to + i, n);
    stn(t, a->dst, to + i, n, s);
  }
}

static void bilinear_backward_range(const void *args, int64_t begin, int64_t end) {
  const struct bilinear_args *a = args;
  for (int64_t row = begin; row < end; row++)
    for (int x = 0; x < a->d.w; x++) WITH_DTYPE(a->t, bilinear_pixel_diff(T, a, row, x));
}

static void bilinear_backward(enum kz_dtype t, struct kz_dims d, int oh, int ow,
                              const void *diff_dst, void *diff_src, bool accumulate) {
  struct bilinear_args a = {t, d, oh, ow, diff_dst, diff_src, accumulate};
  split((int64_t)d.n * d.h, 1, 4 * (int64_t)ow * d.c * ((oh + d.h - 1) / d.h),
        bilinear_backward_range, &a);
}

#endif
