/* Attention with an online softmax, forward and backward, one head of one sample at a time: its
 * keys and values are packed to f32 once (transposed where a product needs it), then tiles of
 * queries run over tiles of keys, so that scores never take more than a tile. All products are one
 * register-blocked loop, rows of B as vectors. Queries carry the scale. */
#ifndef KZ_KERNELS_ATTENTION_H
#define KZ_KERNELS_ATTENTION_H

#include "tensor/kernels_math.inc.h"

enum { GEMM_ROWS = 4, GEMM_COLS = VL == 16 ? 4 : 2 };

/* C[rows, nv vectors] (+)= A B; A's element (i, k) is at i * ai + k * ak. */
INLINE void gemm_block(int rows, int nv, int depth, const float *A, int64_t ai, int64_t ak,
                       const float *B, int64_t ldb, float *C, int64_t ldc, bool accumulate) {
  vf acc[GEMM_ROWS][GEMM_COLS];
  for (int i = 0; i < rows; i++)
    for (int j = 0; j < nv; j++)
      acc[i][j] = accumulate ? ld(KZ_F32, C, i * ldc + j * VL) : (vf){0};
  for (int k = 0; k < depth; k++) {
    vf b[GEMM_COLS];
    for (int j = 0; j < nv; j++) b[j] = ld(KZ_F32, B, k * ldb + j * VL);
    for (int i = 0; i < rows; i++) {
      vf a = vset(A[i * ai + k * ak]);
      for (int j = 0; j < nv; j++) acc[i][j] += a * b[j];
    }
  }
  for (int i = 0; i < rows; i++)
    for (int j = 0; j < nv; j++) st(KZ_F32, C, i * ldc + j * VL, acc[i][j]);
}

INLINE void gemm_columns(int nv, int m, int depth, const float *A, int64_t ai, int64_t ak,
                         const float *B, int64_t ldb, float *C, int64_t ldc, bool accumulate) {
  int i = 0;
  for (; i + GEMM_ROWS <= m; i += GEMM_ROWS)
    gemm_block(GEMM_ROWS, nv, depth, A + i * ai, ai, ak, B, ldb, C + i * ldc, ldc, accumulate);
  for (; i < m; i++)
    gemm_block(1, nv, depth, A + i * ai, ai, ak, B, ldb, C + i * ldc, ldc, accumulate);
}

/* C[m, n] (+)= A[m, depth] B[depth, n]; n is a multiple of VL. */
static void gemm(int m, int n, int depth, const float *A, int64_t ai, int64_t ak, const float *B,
                 int64_t ldb, float *C, int64_t ldc, bool accumulate) {
  int j = 0;
  for (; j + GEMM_COLS * VL <= n; j += GEMM_COLS * VL)
    gemm_columns(GEMM_COLS, m, depth, A, ai, ak, B + j, ldb, C + j, ldc, accumulate);
  switch ((n - j) / VL) {
  case 3:
    gemm_columns(GEMM_COLS < 3 ? 1 : 3, m, depth, A, ai, ak, B + j, ldb, C + j, ldc, accumulate);
    break;
  case 2: gemm_columns(2, m, depth, A, ai, ak, B + j, ldb, C + j, ldc, accumulate); break;
  case 1: gemm_columns(1, m, depth, A, ai, ak, B + j, ldb, C + j, ldc, accumulate); break;
  default: break;
  }
}

/* One thread's memory. dp, tkp: d and tk rounded up to whole vectors of any build. */
struct attn_work {
  int dp, tkp;
  float *kt, *vt;      /* [dp, tkp] */
  float *k, *v;        /* [tkp, dp]; in backward v is the gradient of v */
  float *dk;           /* [tkp, dp] */
  float *q, *o, *g;    /* [TQ, dp]: queries, output or gradient of queries, gradient of output */
  float *s, *ds;       /* [TQ, TK]: scores or probabilities, their gradients */
  float *top, *sum;    /* [TQ] */
};

static struct attn_work attn_work(const struct kz_attention *a, int part) {
  struct attn_work w = {.dp = (a->d + 15) & ~15, .tkp = (a->tk + 15) & ~15};
  size_t keys = (size_t)w.dp * w.tkp, tile = (size_t)KZ__ATTN_TQ * w.dp;
  w.kt = a->scratch + kz_attention_scratch(a->d, a->tq, a->tk, 1) * (size_t)part;
  w.vt = w.kt + keys;
  w.k = w.vt + keys;
  w.v = w.k + keys;
  w.dk = w.v + keys;
  w.q = w.dk + keys;
  w.o = w.q + tile;
  w.g = w.o + tile;
  w.s = w.g + tile;
  w.ds = w.s + KZ__ATTN_TQ * KZ__ATTN_TK;
  w.top = w.ds + KZ__ATTN_TQ * KZ__ATTN_TK;
  w.sum = w.top + KZ__ATTN_TQ;
  return w;
}

/* rows [rows, dp] = src * scale, zeros beyond d. */
INLINE void pack_rows_t(enum kz_dtype t, int rows, int d, int dp, const void *src, int64_t from,
                        int64_t stride, float scale, float *out) {
  for (int r = 0; r < rows; r++, from += stride, out += dp) {
    int i = 0;
    for (; i < d; i += VL) st(KZ_F32, out, i, ldn(t, src, from + i, lanes(i, d)) * scale);
    for (; i < dp; i += VL) st(KZ_F32, out, i, (vf){0});
  }
}

static void pack_rows(enum kz_dtype t, int rows, int d, int dp, const void *src, int64_t from,
                      int64_t stride, float scale, float *out) {
  WITH_DTYPE(t, pack_rows_t(T, rows, d, dp, src, from, stride, scale, out));
}

/* columns [dp, tkp] = the transpose of packed rows [tkp, dp], of which `rows` are filled. */
static void pack_columns(const struct attn_work *w, int rows, float *packed, float *columns) {
  const int dp = w->dp, tkp = w->tkp;
  memset(packed + (size_t)rows * dp, 0, sizeof(float) * (size_t)(tkp - rows) * dp);
  for (int r = 0; r < tkp; r += 4)
    for (int i = 0; i < dp; i += 4) {
      const float *from = packed + (size_t)r * dp + i;
      float *to = columns + (size_t)i * tkp + r;
      __m128 a = _mm_loadu_ps(from), b = _mm_loadu_ps(from + dp);
      __m128 c = _mm_loadu_ps(from + 2 * dp), d = _mm_loadu_ps(from + 3 * dp);
      _MM_TRANSPOSE4_PS(a, b, c, d);
      _mm_storeu_ps(to, a);
      _mm_storeu_ps(to + tkp, b);
      _mm_storeu_ps(to + 2 * tkp, c);
      _mm_storeu_ps(to + 3 * tkp, d);
    }
}

/* dst (row stride `stride`) = rows [rows, dp] * scale, or * 1 / sum of each row. */
static void unpack_rows(enum kz_dtype t, int rows, int d, int dp, const float *src, float scale,
                        const float *sum, void *dst, int64_t to, int64_t stride) {
  for (int r = 0; r < rows; r++) {
    float f = sum ? 1.0f / sum[r] : scale;
    for (int i = 0; i < d; i += VL)
      WITH_DTYPE(t, stn(T, dst, to + r * stride + i, lanes(i, d),
                        ld(KZ_F32, src, (int64_t)r * dp + i) * f));
  }
}

/* Scores to exp(score - top), with top and sum carried on and `o` scaled to the new top. */
INLINE void softmax_tile(bool fast, const struct attn_work *w, int nq, int nk) {
  for (int r = 0; r < nq; r++) {
    float *s = w->s + (size_t)r * KZ__ATTN_TK;
    const int end = (nk + VL - 1) / VL * VL;
    vf best = vset(w->top[r]), total = {0};
    for (int j = nk; j < end; j++) s[j] = -1e30f;
    for (int j = 0; j < end; j += VL) best = vmax(best, ld(KZ_F32, s, j));
    const float top = vhmax(best), keep = w->top[r] < -1e29f ? 0 : expf(w->top[r] - top);
    for (int j = 0; j < end; j += VL) {
      vf p = vexp(fast, ld(KZ_F32, s, j) - top);
      total += p;
      st(KZ_F32, s, j, p);
    }
    w->sum[r] = w->sum[r] * keep + vhsum(total);
    w->top[r] = top;
    if (keep != 1.0f)
      for (int i = 0; i < w->dp; i += VL)
        st(KZ_F32, w->o, (int64_t)r * w->dp + i, ld(KZ_F32, w->o, (int64_t)r * w->dp + i) * keep);
  }
}

static void attention_tile(const struct kz_attention *a, const struct attn_work *w, int sample,
                           int head, int q0) {
  const int nq = a->tq - q0 < KZ__ATTN_TQ ? a->tq - q0 : KZ__ATTN_TQ, dp = w->dp;
  const int64_t at_q = sample * a->q_batch + q0 * a->q_stride + (int64_t)head * a->d;
  pack_rows(a->dtype, nq, a->d, dp, a->q, at_q, a->q_stride, a->scale, w->q);
  memset(w->o, 0, sizeof(float) * nq * dp);
  for (int r = 0; r < nq; r++) w->top[r] = -1e30f, w->sum[r] = 0;
  for (int k0 = 0; k0 < a->tk; k0 += KZ__ATTN_TK) {
    int nk = a->tk - k0 < KZ__ATTN_TK ? a->tk - k0 : KZ__ATTN_TK;
    gemm(nq, (nk + VL - 1) / VL * VL, a->d, w->q, dp, 1, w->kt + k0, w->tkp, w->s, KZ__ATTN_TK,
         false);
    if (a->dtype == KZ_F32)
      softmax_tile(false, w, nq, nk);
    else
      softmax_tile(true, w, nq, nk);
    gemm(nq, dp, nk, w->s, KZ__ATTN_TK, 1, w->v + (size_t)k0 * dp, dp, w->o, dp, true);
  }
  const int64_t row = (int64_t)a->heads * a->d;
  unpack_rows(a->dtype, nq, a->d, dp, w->o, 0, w->sum, a->dst,
              ((int64_t)sample * a->tq + q0) * row + (int64_t)head * a->d, row);
  for (int r = 0; r < nq; r++)
    a->lse[((int64_t)sample * a->heads + head) * a->tq + q0 + r] = w->top[r] + logf(w->sum[r]);
}

/* Tasks are tiles of queries, head after head; a range packs a head's keys when it comes to it. */
static void attention_forward_range(const struct kz_attention *a, const struct attn_work *w,
                                    int64_t begin, int64_t end) {
  const int tiles = (a->tq + KZ__ATTN_TQ - 1) / KZ__ATTN_TQ;
  for (int64_t i = begin; i < end; i++) {
    int sample = (int)(i / tiles / a->heads), head = (int)(i / tiles % a->heads);
    if (i == begin || i % tiles == 0) {
      int64_t k = sample * a->k_batch + (int64_t)head * a->d;
      int64_t v = sample * a->v_batch + (int64_t)head * a->d;
      pack_rows(a->dtype, a->tk, a->d, w->dp, a->k, k, a->k_stride, 1, w->k);
      pack_columns(w, a->tk, w->k, w->kt);
      pack_rows(a->dtype, a->tk, a->d, w->dp, a->v, v, a->v_stride, 1, w->v);
    }
    attention_tile(a, w, sample, head, (int)(i % tiles) * KZ__ATTN_TQ);
  }
}

/* Gradients: s becomes p, ds its gradient before the softmax's own scale. */
INLINE void softmax_tile_diff(bool fast, const struct attn_work *w, int nq, int nk) {
  for (int r = 0; r < nq; r++) {
    float *s = w->s + (size_t)r * KZ__ATTN_TK, *ds = w->ds + (size_t)r * KZ__ATTN_TK;
    for (int j = 0; j < nk; j += VL) {
      vf p = vexp(fast, ld(KZ_F32, s, j) - w->top[r]);
      st(KZ_F32, s, j, p);
      st(KZ_F32, ds, j, p * (ld(KZ_F32, ds, j) - w->sum[r]));
    }
  }
}

/* top = lse, sum = row sums of diff_dst * dst, q and g packed. */
static void attention_diff_open(const struct kz_attention *a, const struct attn_work *w,
                                int sample, int head, int q0, int nq) {
  const int64_t row = (int64_t)a->heads * a->d;
  const int64_t out = ((int64_t)sample * a->tq + q0) * row + (int64_t)head * a->d;
  const int64_t at_q = sample * a->q_batch + q0 * a->q_stride + (int64_t)head * a->d;
  pack_rows(a->dtype, nq, a->d, w->dp, a->q, at_q, a->q_stride, a->scale, w->q);
  pack_rows(a->dtype, nq, a->d, w->dp, a->diff_dst, out, row, 1, w->g);
  pack_rows(a->dtype, nq, a->d, w->dp, a->dst, out, row, 1, w->o);
  for (int r = 0; r < nq; r++) {
    vf dot = {0};
    for (int i = 0; i < w->dp; i += VL)
      dot += ld(KZ_F32, w->g, (int64_t)r * w->dp + i) * ld(KZ_F32, w->o, (int64_t)r * w->dp + i);
    w->sum[r] = vhsum(dot);
    w->top[r] = a->lse[((int64_t)sample * a->heads + head) * a->tq + q0 + r];
  }
  memset(w->o, 0, sizeof(float) * nq * w->dp);
}

static void attention_diff_tile(const struct kz_attention *a, const struct attn_work *w,
                                int sample, int head, int q0) {
  const int nq = a->tq - q0 < KZ__ATTN_TQ ? a->tq - q0 : KZ__ATTN_TQ, dp = w->dp;
  attention_diff_open(a, w, sample, head, q0, nq);
  for (int k0 = 0; k0 < a->tk; k0 += KZ__ATTN_TK) {
    const int nk = a->tk - k0 < KZ__ATTN_TK ? a->tk - k0 : KZ__ATTN_TK;
    const int cols = (nk + VL - 1) / VL * VL;
    const size_t from = (size_t)k0 * dp;
    gemm(nq, cols, a->d, w->q, dp, 1, w->kt + k0, w->tkp, w->s, KZ__ATTN_TK, false);
    gemm(nq, cols, a->d, w->g, dp, 1, w->vt + k0, w->tkp, w->ds, KZ__ATTN_TK, false);
    if (a->dtype == KZ_F32)
      softmax_tile_diff(false, w, nq, nk);
    else
      softmax_tile_diff(true, w, nq, nk);
    gemm(nq, dp, nk, w->ds, KZ__ATTN_TK, 1, w->k + from, dp, w->o, dp, true);
    gemm(nk, dp, nq, w->ds, 1, KZ__ATTN_TK, w->q, dp, w->dk + from, dp, true);
    gemm(nk, dp, nq, w->s, 1, KZ__ATTN_TK, w->g, dp, w->v + from, dp, true);
  }
  const int64_t at_q = sample * a->q_batch + q0 * a->q_stride + (int64_t)head * a->d;
  unpack_rows(a->dtype, nq, a->d, dp, w->o, a->scale, NULL, a->diff_q, at_q, a->q_stride);
}

/* Tasks are heads. */
static void attention_backward_range(const struct kz_attention *a, const struct attn_work *w,
                                     int64_t begin, int64_t end) {
  for (int64_t i = begin; i < end; i++) {
    int sample = (int)(i / a->heads), head = (int)(i % a->heads);
    int64_t k = sample * a->k_batch + (int64_t)head * a->d;
    int64_t v = sample * a->v_batch + (int64_t)head * a->d;
    pack_rows(a->dtype, a->tk, a->d, w->dp, a->v, v, a->v_stride, 1, w->v);
    pack_columns(w, a->tk, w->v, w->vt);
    pack_rows(a->dtype, a->tk, a->d, w->dp, a->k, k, a->k_stride, 1, w->k);
    pack_columns(w, a->tk, w->k, w->kt);
    memset(w->dk, 0, sizeof(float) * w->dp * w->tkp);
    memset(w->v, 0, sizeof(float) * w->dp * w->tkp);
    for (int q0 = 0; q0 < a->tq; q0 += KZ__ATTN_TQ) attention_diff_tile(a, w, sample, head, q0);
    unpack_rows(a->dtype, a->tk, a->d, w->dp, w->dk, 1, NULL, a->diff_k, k, a->k_stride);
    unpack_rows(a->dtype, a->tk, a->d, w->dp, w->v, 1, NULL, a->diff_v, v, a->v_stride);
  }
}

static void attention_run(const struct kz_attention *a, int64_t tasks,
                          void (*range)(const struct kz_attention *, const struct attn_work *,
                                        int64_t, int64_t)) {
  int threads = thread_count((int64_t)a->n * a->heads * a->tq * a->tk * a->d / 8);
  if (threads < 2) { /* not by an if clause: libgomp allocates a team when its size changes */
    struct attn_work w = attn_work(a, 0);
    range(a, &w, 0, tasks);
    return;
  }
#pragma omp parallel num_threads(threads)
  {
    int part = omp_get_thread_num(), parts = omp_get_num_threads();
    struct attn_work w = attn_work(a, part);
    range(a, &w, cut(tasks, 1, part, parts), cut(tasks, 1, part + 1, parts));
  }
}

static void attention_forward(const struct kz_attention *a) {
  int64_t tiles = (a->tq + KZ__ATTN_TQ - 1) / KZ__ATTN_TQ;
  attention_run(a, tiles * a->n * a->heads, attention_forward_range);
}

static void attention_backward(const struct kz_attention *a) {
  attention_run(a, (int64_t)a->n * a->heads, attention_backward_range);
}

#endif
