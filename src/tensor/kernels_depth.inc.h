/* Space-to-depth and back, global means, tables of rows. */
#ifndef KZ_KERNELS_DEPTH_H
#define KZ_KERNELS_DEPTH_H

#include "tensor/kernels_vec.inc.h"

struct depth_args {
  enum kz_dtype src_t, dst_t;
  struct kz_dims d; /* of the spatial tensor */
  int b;
  const void *src;
  void *dst;
  bool accumulate;
};

enum { DEPTH_STAGE = 2048 }; /* a block of more channels goes element by element */

/* One block between the spatial tensor, from pixel `flat`, and its deep vector in f32, where
 * (ch * b + dy) * b + dx is the place. */
INLINE void depth_read(enum kz_dtype t, int b, const struct depth_args *a, int64_t flat,
                       float *deep) {
  const int c = a->d.c;
  for (int dy = 0; dy < b; dy++, flat += (int64_t)a->d.w * c)
    for (int ch = 0; ch < c; ch++)
      for (int dx = 0; dx < b; dx++)
        deep[(ch * b + dy) * b + dx] = ld1(t, a->src, flat + dx * c + ch);
}

INLINE void depth_write(enum kz_dtype t, int b, const struct depth_args *a, int64_t flat,
                        const float *deep) {
  const int c = a->d.c;
  for (int dy = 0; dy < b; dy++, flat += (int64_t)a->d.w * c)
    for (int ch = 0; ch < c; ch++)
      for (int dx = 0; dx < b; dx++) {
        const int64_t to = flat + dx * c + ch;
        float v = deep[(ch * b + dy) * b + dx];
        st1(t, a->dst, to, a->accumulate ? v + ld1(t, a->dst, to) : v);
      }
}

/* The deep side by vectors, through a block of f32. */
INLINE void depth_staged(enum kz_dtype src_t, enum kz_dtype dst_t, bool to_depth, int b,
                         const struct depth_args *a, int64_t deep, int64_t flat) {
  float stage[DEPTH_STAGE];
  const int count = a->d.c * b * b;
  if (to_depth) depth_read(src_t, b, a, flat, stage);
  for (int i = 0; i < count; i += VL) {
    int n = lanes(i, count);
    if (to_depth) {
      vf v = ldn(KZ_F32, stage, i, n);
      if (a->accumulate) v += ldn(dst_t, a->dst, deep + i, n);
      stn(dst_t, a->dst, deep + i, n, v);
    } else {
      stn(KZ_F32, stage, i, n, ldn(src_t, a->src, deep + i, n));
    }
  }
  if (!to_depth) depth_write(dst_t, b, a, flat, stage);
}

INLINE void depth_direct(enum kz_dtype src_t, enum kz_dtype dst_t, bool to_depth,
                         const struct depth_args *a, int64_t deep, int64_t flat) {
  const int b = a->b, c = a->d.c;
  for (int i = 0; i < c * b * b; i++) {
    const int64_t spatial = flat + (int64_t)(i / b % b) * a->d.w * c + i % b * c + i / b / b;
    const int64_t from = to_depth ? spatial : deep + i, to = to_depth ? deep + i : spatial;
    float v = ld1(src_t, a->src, from);
    st1(dst_t, a->dst, to, a->accumulate ? v + ld1(dst_t, a->dst, to) : v);
  }
}

/* Tasks are rows of blocks. */
INLINE void depth_row(enum kz_dtype src_t, enum kz_dtype dst_t, bool to_depth,
                      const struct depth_args *a, int64_t row) {
  const int b = a->b, c = a->d.c, w = a->d.w;
  for (int x = 0; x < w / b; x++) {
    const int64_t deep = (row * (w / b) + x) * c * b * b;
    const int64_t flat = (row * b * w + (int64_t)x * b) * c;
    if (c * b * b > DEPTH_STAGE)
      depth_direct(src_t, dst_t, to_depth, a, deep, flat);
    else if (b == 4)
      depth_staged(src_t, dst_t, to_depth, 4, a, deep, flat);
    else
      depth_staged(src_t, dst_t, to_depth, b, a, deep, flat);
  }
}

#define WITH_DTYPES(src_t, dst_t, fn, ...) \
  do { \
    if ((src_t) == KZ_F32 && (dst_t) == KZ_F32) \
      fn(KZ_F32, KZ_F32, __VA_ARGS__); \
    else if ((src_t) == KZ_F32) \
      fn(KZ_F32, KZ_BF16, __VA_ARGS__); \
    else if ((dst_t) == KZ_F32) \
      fn(KZ_BF16, KZ_F32, __VA_ARGS__); \
    else \
      fn(KZ_BF16, KZ_BF16, __VA_ARGS__); \
  } while (0)

static void to_depth_range(const void *args, int64_t begin, int64_t end) {
  const struct depth_args *a = args;
  for (int64_t r = begin; r < end; r++) WITH_DTYPES(a->src_t, a->dst_t, depth_row, true, a, r);
}

static void to_space_range(const void *args, int64_t begin, int64_t end) {
  const struct depth_args *a = args;
  for (int64_t r = begin; r < end; r++) WITH_DTYPES(a->src_t, a->dst_t, depth_row, false, a, r);
}

static void space_to_depth(enum kz_dtype src_t, enum kz_dtype dst_t, struct kz_dims d, int b,
                           const void *src, void *dst, bool accumulate) {
  struct depth_args a = {src_t, dst_t, d, b, src, dst, accumulate};
  split((int64_t)d.n * (d.h / b), 1, (int64_t)d.w * d.c * b, to_depth_range, &a);
}

static void depth_to_space(enum kz_dtype src_t, enum kz_dtype dst_t, struct kz_dims d, int b,
                           const void *src, void *dst, bool accumulate) {
  struct depth_args a = {src_t, dst_t, d, b, src, dst, accumulate};
  split((int64_t)d.n * (d.h / b), 1, (int64_t)d.w * d.c * b, to_space_range, &a);
}

struct mean_args {
  enum kz_dtype t;
  int hw, c;
  const void *src;
  void *dst;
  bool accumulate;
};

/* One sample and one vector of channels. */
INLINE void mean_column(enum kz_dtype t, const struct mean_args *a, int64_t sample, int i) {
  const int c = a->c, n = lanes(i, c);
  vf total = {0};
  for (int r = 0; r < a->hw;) {
    int stop = r + 256 < a->hw ? r + 256 : a->hw;
    vf s = {0};
    for (; r < stop; r++) s += ldn(t, a->src, (sample * a->hw + r) * c + i, n);
    total += s;
  }
  stn(t, a->dst, sample * c + i, n, total * (1.0f / (float)a->hw));
}

static void mean_forward_range(const void *args, int64_t begin, int64_t end) {
  const struct mean_args *a = args;
  const int columns = (a->c + VL - 1) / VL;
  for (int64_t i = begin; i < end; i++)
    WITH_DTYPE(a->t, mean_column(T, a, i / columns, (int)(i % columns) * VL));
}

static void mean_forward(enum kz_dtype t, int n, int hw, int c, const void *src, void *dst) {
  struct mean_args a = {t, hw, c, src, dst, false};
  split((int64_t)n * ((c + VL - 1) / VL), 1, (int64_t)hw * VL, mean_forward_range, &a);
}

INLINE void mean_row_diff(enum kz_dtype t, const struct mean_args *a, int64_t row) {
  const int c = a->c;
  const float scale = 1.0f / (float)a->hw;
  for (int i = 0; i < c; i += VL) {
    int n = lanes(i, c);
    vf d = ldn(t, a->src, row / a->hw * c + i, n) * scale;
    if (a->accumulate) d += ldn(t, a->dst, row * c + i, n);
    stn(t, a->dst, row * c + i, n, d);
  }
}

static void mean_backward_range(const void *args, int64_t begin, int64_t end) {
  const struct mean_args *a = args;
  for (int64_t r = begin; r < end; r++) WITH_DTYPE(a->t, mean_row_diff(T, a, r));
}

static void mean_backward(enum kz_dtype t, int n, int hw, int c, const void *diff_dst,
                          void *diff_src, bool accumulate) {
  struct mean_args a = {t, hw, c, diff_dst, diff_src, accumulate};
  split((int64_t)n * hw, 1, c, mean_backward_range, &a);
}

struct table_args {
  enum kz_dtype t;
  int64_t rows;
  int c;
  const float *table;
  const int32_t *index;
  const void *src;
  void *dst;
};

static void embedding_forward_range(const void *args, int64_t begin, int64_t end) {
  const struct table_args *a = args;
  for (int64_t r = begin; r < end; r++)
    for (int i = 0; i < a->c; i += VL) {
      int n = lanes(i, a->c);
      vf v = ldn(KZ_F32, a->table, (int64_t)a->index[r] * a->c + i, n);
      WITH_DTYPE(a->t, stn(T, a->dst, r * a->c + i, n, v));
    }
}

static void embedding_forward(enum kz_dtype t, int64_t rows, int c, const float *table,
                              const int32_t *index, void *dst) {
  struct table_args a = {.t = t, .c = c, .table = table, .index = index, .dst = dst};
  split(rows, 1, c, embedding_forward_range, &a);
}

/* Threads take columns: a row of the table may be hit by many indices. */
static void embedding_backward_range(const void *args, int64_t begin, int64_t end) {
  const struct table_args *a = args;
  float *diff = a->dst;
  for (int64_t r = 0; r < a->rows; r++)
    for (int64_t i = begin; i < end; i += VL) {
      int n = lanes(i, end);
      int64_t to = (int64_t)a->index[r] * a->c + i;
      vf d = ldn(KZ_F32, diff, to, n);
      WITH_DTYPE(a->t, d += ldn(T, a->src, r * a->c + i, n));
      stn(KZ_F32, diff, to, n, d);
    }
}

static void embedding_backward(enum kz_dtype t, int64_t rows, int c, const int32_t *index,
                               const void *diff_dst, float *diff_table) {
  struct table_args a = {t, rows, c, NULL, index, diff_dst, diff_table};
  split(c, 16, rows, embedding_backward_range, &a);
}

#endif
