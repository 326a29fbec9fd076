/* Space-to-depth and back, global means, tables of rows.
 *
 * Space-to-depth goes by groups of blocks side by side. What is long on one side (b lines of a
 * group) and on the other (a group's deep vectors) is read and written by whole vectors; the
 * shuffle between is gathered from a stage of f32 that stays in the cache, with places worked out
 * once a thread. */
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

/* Places in the stage, in the order in which they are written. */
struct depth_plan {
  int blocks, line, count; /* of a group: blocks, elements of one of its b lines, of all */
  int32_t place[DEPTH_STAGE + 16];
};

INLINE vf depth_gather(const float *stage, const int32_t *place) {
#if VL == 16
  return (vf)_mm512_i32gather_ps(_mm512_loadu_si512(place), stage, 4);
#elif VL == 8
  return (vf)_mm256_i32gather_ps(stage, _mm256_loadu_si256((const __m256i *)place), 4);
#else
  return (vf){stage[place[0]], stage[place[1]], stage[place[2]], stage[place[3]]};
#endif
}

/* Element (ch, dy, dx) of block k: at (dy, k, dx, ch) of the spatial side, at (k, ch, dy, dx) of
 * the deep one. */
static void depth_plan(struct depth_plan *p, const struct depth_args *a, bool to_depth) {
  const int b = a->b, c = a->d.c, most = DEPTH_STAGE / (c * b * b), all = a->d.w / b;
  p->blocks = most < all ? most : all;
  p->line = p->blocks * b * c;
  p->count = p->line * b;
  memset(p->place + p->count, 0, 16 * sizeof *p->place);
  for (int k = 0, deep = 0; k < p->blocks; k++)
    for (int ch = 0; ch < c; ch++)
      for (int dy = 0; dy < b; dy++)
        for (int dx = 0; dx < b; dx++, deep++) {
          int flat = dy * p->line + (k * b + dx) * c + ch;
          p->place[to_depth ? deep : flat] = to_depth ? flat : deep;
        }
}

/* count elements in f32, or from f32 at `place`; `place` NULL: as they stand. */
INLINE void depth_move(enum kz_dtype src_t, enum kz_dtype dst_t, const void *src, int64_t from,
                       const int32_t *place, void *dst, int64_t to, int64_t count,
                       bool accumulate) {
  for (int64_t i = 0; i < count; i += VL) {
    int n = lanes(i, count);
    vf v = place ? depth_gather(src, place + i) : ldn(src_t, src, from + i, n);
    if (accumulate) v += ldn(dst_t, dst, to + i, n);
    stn(dst_t, dst, to + i, n, v);
  }
}

/* `blocks` blocks from deep element `deep`, spatial element `flat`. */
INLINE void depth_group(enum kz_dtype src_t, enum kz_dtype dst_t, bool to_depth,
                        const struct depth_args *a, const struct depth_plan *p, int blocks,
                        int64_t deep, int64_t flat) {
  float stage[DEPTH_STAGE];
  const int b = a->b, line = blocks * b * a->d.c;
  const int64_t stride = (int64_t)a->d.w * a->d.c;
  if (!to_depth)
    depth_move(src_t, KZ_F32, a->src, deep, NULL, stage, 0, line * b, false);
  for (int dy = 0; dy < b; dy++) {
    if (to_depth)
      depth_move(src_t, KZ_F32, a->src, flat + dy * stride, NULL, stage, dy * p->line, line, false);
    else
      depth_move(KZ_F32, dst_t, stage, 0, p->place + dy * p->line, a->dst, flat + dy * stride,
                 line, a->accumulate);
  }
  if (to_depth)
    depth_move(KZ_F32, dst_t, stage, 0, p->place, a->dst, deep, line * b, a->accumulate);
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
INLINE void depth_rows(enum kz_dtype src_t, enum kz_dtype dst_t, bool to_depth,
                       const struct depth_args *a, int64_t begin, int64_t end) {
  const int b = a->b, c = a->d.c, w = a->d.w, all = w / b;
  const int64_t row = (int64_t)w * b * c; /* elements, on either side */
  struct depth_plan p;
  if (b == 1) {
    depth_move(src_t, dst_t, a->src, begin * row, NULL, a->dst, begin * row, (end - begin) * row,
               a->accumulate);
    return;
  }
  const bool staged = c * b * b <= DEPTH_STAGE;
  if (staged) depth_plan(&p, a, to_depth);
  for (int64_t r = begin; r < end; r++)
    for (int x = 0; x < all; x += staged ? p.blocks : 1) {
      const int64_t deep = r * row + (int64_t)x * c * b * b, flat = r * row + (int64_t)x * b * c;
      if (staged)
        depth_group(src_t, dst_t, to_depth, a, &p, all - x < p.blocks ? all - x : p.blocks, deep,
                    flat);
      else
        depth_direct(src_t, dst_t, to_depth, a, deep, flat);
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
  WITH_DTYPES(a->src_t, a->dst_t, depth_rows, true, a, begin, end);
}

static void to_space_range(const void *args, int64_t begin, int64_t end) {
  const struct depth_args *a = args;
  WITH_DTYPES(a->src_t, a->dst_t, depth_rows, false, a, begin, end);
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
