/* Kernels that reduce or draw: sums, the loss, softmax, normals. Sums over a whole array go through
 * a fixed number of blocks added in order, so that the result is the same for any thread count. */
#ifndef KZ_KERNELS_REDUCE_H
#define KZ_KERNELS_REDUCE_H

#include "tensor/kernels_math.inc.h"

enum { SUM_BLOCKS = 64 };

struct sum_args {
  int64_t count;
  const float *x;
  bool square;
  double *partial; /* [SUM_BLOCKS] */
};

/* f32 within 16 vectors, f64 beyond. */
INLINE double sum_body(bool square, const float *x, int64_t begin, int64_t end) {
  double total = 0;
  for (int64_t i = begin; i < end;) {
    int64_t stop = i + 16 * VL < end ? i + 16 * VL : end;
    vf s = {0};
    for (; i < stop; i += VL) {
      vf v = ldn(KZ_F32, x, i, lanes(i, end));
      s += square ? v * v : v;
    }
    total += vhsum_f64(s);
  }
  return total;
}

static void sum_range(const void *args, int64_t begin, int64_t end) {
  const struct sum_args *a = args;
  for (int64_t b = begin; b < end; b++) {
    int64_t from = cut(a->count, 64, (int)b, SUM_BLOCKS);
    int64_t to = cut(a->count, 64, (int)b + 1, SUM_BLOCKS);
    a->partial[b] = a->square ? sum_body(true, a->x, from, to) : sum_body(false, a->x, from, to);
  }
}

static double sum_blocks(const struct sum_args *a) {
  double total = 0;
  split(SUM_BLOCKS, 1, a->count / SUM_BLOCKS, sum_range, a);
  for (int b = 0; b < SUM_BLOCKS; b++) total += a->partial[b];
  return total;
}

static double sum_squares(int64_t count, const float *x) {
  double partial[SUM_BLOCKS];
  return sum_blocks(&(struct sum_args){count, x, true, partial});
}

static double sum(int64_t count, const float *x) {
  double partial[SUM_BLOCKS];
  return sum_blocks(&(struct sum_args){count, x, false, partial});
}

struct loss_args {
  enum kz_dtype t;
  int64_t rows;
  int c;
  float l1, l2;
  double norm;
  const void *pred;
  const float *target, *weight;
  void *diff;
  double *partial; /* [SUM_BLOCKS] */
};

/* Elements [begin, end) with one weight each: weight(i) = w[i - begin], padded to whole vectors. */
INLINE double loss_run(enum kz_dtype t, const struct loss_args *a, int64_t begin, int64_t end,
                       const float *w) {
  const float scale = (float)(1.0 / a->norm);
  vf s = {0};
  for (int64_t i = begin; i < end; i += VL) {
    int n = lanes(i, end);
    vf e = ldn(t, a->pred, i, n) - ldn(KZ_F32, a->target, i, n), v = ld(KZ_F32, w, i - begin);
    s += v * (a->l1 * vabs(e) + a->l2 * e * e);
    if (a->diff) {
      vf sign = (vf)(((vi)vset(1.0f) | ((vi)e & INT32_MIN)) & (e != 0));
      stn(t, a->diff, i, n, (v * scale) * (a->l1 * sign + (2.0f * a->l2) * e));
    }
  }
  return vhsum_f64(s);
}

/* Rows are often narrower than a vector (three colours), so weights are spread to elements, a few
 * hundred at a time. */
INLINE double loss_body(enum kz_dtype t, const struct loss_args *a, int64_t begin, int64_t end) {
  enum { SPREAD = 512 };
  float w[SPREAD + VL] = {0};
  double total = 0;
  for (int64_t i = begin * a->c, stop = end * a->c, row = begin, left = a->c; i < stop;) {
    int n = stop - i < SPREAD ? (int)(stop - i) : SPREAD;
    for (int j = 0; j < n;) {
      int run = left < n - j ? (int)left : n - j;
      float v = a->weight[row];
      for (int k = 0; k < run; k++) w[j + k] = v;
      j += run;
      left -= run;
      if (left == 0) left = a->c, row++;
    }
    total += loss_run(t, a, i, i + n, w);
    i += n;
  }
  return total;
}

static void loss_range(const void *args, int64_t begin, int64_t end) {
  const struct loss_args *a = args;
  for (int64_t b = begin; b < end; b++) {
    int64_t from = cut(a->rows, 1, (int)b, SUM_BLOCKS);
    int64_t to = cut(a->rows, 1, (int)b + 1, SUM_BLOCKS);
    WITH_DTYPE(a->t, a->partial[b] = loss_body(T, a, from, to));
  }
}

static double loss(enum kz_dtype t, int64_t rows, int c, float l1, float l2, double norm,
                   const void *pred, const float *target, const float *weight, void *diff) {
  double partial[SUM_BLOCKS], total = 0;
  struct loss_args a = {t, rows, c, l1, l2, norm, pred, target, weight, diff, partial};
  split(SUM_BLOCKS, 1, rows * c / SUM_BLOCKS, loss_range, &a);
  for (int b = 0; b < SUM_BLOCKS; b++) total += partial[b];
  return total / norm;
}

struct softmax_args {
  enum kz_dtype t;
  int c;
  bool accumulate;
  const void *a, *b;
  void *dst;
};

INLINE void softmax_row(enum kz_dtype t, int64_t base, int c, const void *src, void *dst) {
  vf top = vset(-__builtin_inff()), total = {0};
  float most = -__builtin_inff();
  int whole = c - c % VL;
  for (int i = 0; i < whole; i += VL) top = vmax(top, ld(t, src, base + i));
  most = vhmax(top);
  for (int i = whole; i < c; i++) {
    float v = ld1(t, src, base + i);
    most = v > most ? v : most;
  }
  for (int i = 0; i < whole; i += VL) total += vexp(false, ld(t, src, base + i) - most);
  float sum = vhsum(total);
  if (whole < c) {
    vf e = vexp(false, ldn(t, src, base + whole, c - whole) - most);
    for (int i = 0; i < c - whole; i++) sum += e[i];
  }
  float scale = 1.0f / sum;
  for (int i = 0; i < c; i += VL) {
    int n = lanes(i, c);
    stn(t, dst, base + i, n, vexp(false, ldn(t, src, base + i, n) - most) * scale);
  }
}

static void softmax_forward_range(const void *args, int64_t begin, int64_t end) {
  const struct softmax_args *a = args;
  for (int64_t r = begin; r < end; r++)
    WITH_DTYPE(a->t, softmax_row(T, r * a->c, a->c, a->a, a->dst));
}

static void softmax_forward(enum kz_dtype t, int64_t rows, int c, const void *src, void *dst) {
  struct softmax_args a = {.t = t, .c = c, .a = src, .dst = dst};
  split(rows, 1, 4 * (int64_t)c, softmax_forward_range, &a);
}

INLINE void softmax_row_diff(enum kz_dtype t, int64_t base, const struct softmax_args *a) {
  vf dot = {0};
  for (int i = 0; i < a->c; i += VL) {
    int n = lanes(i, a->c);
    dot += ldn(t, a->a, base + i, n) * ldn(t, a->b, base + i, n);
  }
  float inner = vhsum(dot);
  for (int i = 0; i < a->c; i += VL) {
    int n = lanes(i, a->c);
    vf d = ldn(t, a->a, base + i, n) * (ldn(t, a->b, base + i, n) - inner);
    if (a->accumulate) d += ldn(t, a->dst, base + i, n);
    stn(t, a->dst, base + i, n, d);
  }
}

static void softmax_backward_range(const void *args, int64_t begin, int64_t end) {
  const struct softmax_args *a = args;
  for (int64_t r = begin; r < end; r++) WITH_DTYPE(a->t, softmax_row_diff(T, r * a->c, a));
}

static void softmax_backward(enum kz_dtype t, int64_t rows, int c, const void *dst,
                             const void *diff_dst, void *diff_src, bool accumulate) {
  struct softmax_args a = {t, c, accumulate, dst, diff_dst, diff_src};
  split(rows, 1, 2 * (int64_t)c, softmax_backward_range, &a);
}

/* Normals come in blocks of 32: 16 counters, each hashed to a radius and an angle; the cosines
 * are elements 0 to 15 and the sines 16 to 31, whatever the vector length. */
struct normal_args {
  uint64_t seed, offset;
  float *dst;
};

static void normal_block(uint64_t key, uint64_t block, float out[32]) {
  float radius[16], turn[16];
  for (uint64_t i = 0; i < 16; i++) {
    uint64_t h = kz__mix(key + (block * 16 + i + 1) * 0x9e3779b97f4a7c15u);
    radius[i] = ((float)(int32_t)(h >> 33) + 0.5f) * 0x1p-31f;
    turn[i] = (float)(int32_t)(h & 0xffffffu) * 0x1p-24f;
  }
  for (int i = 0; i < 16; i += VL) {
    vf sine, cosine, r = vsqrt(-2.0f * vlog(ld(KZ_F32, radius, i)));
    vsincos_turn(ld(KZ_F32, turn, i), &sine, &cosine);
    st(KZ_F32, out, i, vselect(r > 0, r, (vf){0}) * cosine);
    st(KZ_F32, out, i + 16, vselect(r > 0, r, (vf){0}) * sine);
  }
}

static void normal_range(const void *args, int64_t begin, int64_t end) {
  const struct normal_args *a = args;
  const uint64_t key = kz__mix(a->seed);
  for (int64_t i = begin; i < end;) {
    uint64_t place = a->offset + (uint64_t)i;
    int first = (int)(place & 31), n = 32 - first < end - i ? 32 - first : (int)(end - i);
    float block[32];
    normal_block(key, place >> 5, block);
    memcpy(a->dst + i, block + first, (size_t)n * sizeof(float));
    i += n;
  }
}

static void normal(uint64_t seed, uint64_t offset, int64_t count, float *dst) {
  split(count, 32, 8, normal_range, &(struct normal_args){seed, offset, dst});
}

#endif
