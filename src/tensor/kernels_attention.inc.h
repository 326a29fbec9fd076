/* Attention with an online softmax, forward and backward, one head of one sample at a time: its
 * keys and values are packed once, then tiles of queries run over tiles of keys, so that scores
 * never take more than a tile.
 *
 * All products are one register-blocked loop over 32-bit words. A word is a float or, where the
 * processor multiplies bf16 (`DOT`), a pair of bf16 along the summed dimension. Operands come as
 *   rows     [i, k / pair]   pairs of neighbours in a row (the broadcast side)
 *   columns  [k / pair, i]   their transpose (the vector side)
 *   pairs    [k / pair, i]   row k of a row-major matrix interleaved with row k + 1
 * and for floats `rows` and `pairs` are the plain matrix. */
#ifndef KZ_KERNELS_ATTENTION_H
#define KZ_KERNELS_ATTENTION_H

#include "tensor/kernels_math.inc.h"

enum { GEMM_ROWS = 4, GEMM_COLS = VL == 16 ? 4 : 2 };

#if defined(__AVX512BF16__)
#define HAS_DOT true
INLINE vf dot_words(vf acc, vf a, vf b) {
  return (vf)_mm512_dpbf16_ps((__m512)acc, (__m512bh)a, (__m512bh)b);
}
#else
#define HAS_DOT false
INLINE vf dot_words(vf acc, vf a, vf b) { return acc + a * b; }
#endif

/* C[rows, nv vectors] (+)= A B; A's word (i, k) is at i * ai + k * ak. */
INLINE void gemm_block(bool dot, int rows, int nv, int depth, const float *A, int64_t ai,
                       int64_t ak, const float *B, int64_t ldb, float *C, int64_t ldc,
                       bool accumulate) {
  vf acc[GEMM_ROWS][GEMM_COLS];
  for (int i = 0; i < rows; i++)
    for (int j = 0; j < nv; j++)
      acc[i][j] = accumulate ? ld(KZ_F32, C, i * ldc + j * VL) : (vf){0};
  for (int k = 0; k < depth; k++) {
    vf b[GEMM_COLS];
    for (int j = 0; j < nv; j++) b[j] = ld(KZ_F32, B, k * ldb + j * VL);
    for (int i = 0; i < rows; i++) {
      vf a = vset(A[i * ai + k * ak]);
      for (int j = 0; j < nv; j++)
        acc[i][j] = dot ? dot_words(acc[i][j], a, b[j]) : acc[i][j] + a * b[j];
    }
  }
  for (int i = 0; i < rows; i++)
    for (int j = 0; j < nv; j++) st(KZ_F32, C, i * ldc + j * VL, acc[i][j]);
}

INLINE void gemm_columns(bool dot, int nv, int m, int depth, const float *A, int64_t ai,
                         int64_t ak, const float *B, int64_t ldb, float *C, int64_t ldc,
                         bool accumulate) {
  int i = 0;
  for (; i + GEMM_ROWS <= m; i += GEMM_ROWS)
    gemm_block(dot, GEMM_ROWS, nv, depth, A + i * ai, ai, ak, B, ldb, C + i * ldc, ldc,
               accumulate);
  for (; i < m; i++)
    gemm_block(dot, 1, nv, depth, A + i * ai, ai, ak, B, ldb, C + i * ldc, ldc, accumulate);
}

/* C[m, n] (+)= A[m, depth] B[depth, n]; n is a multiple of VL; depth counts words. */
INLINE void gemm_t(bool dot, int m, int n, int depth, const float *A, int64_t ai, int64_t ak,
                   const float *B, int64_t ldb, float *C, int64_t ldc, bool accumulate) {
  int j = 0;
  for (; j + GEMM_COLS * VL <= n; j += GEMM_COLS * VL)
    gemm_columns(dot, GEMM_COLS, m, depth, A, ai, ak, B + j, ldb, C + j, ldc, accumulate);
  if (GEMM_COLS == 4 && n - j == 3 * VL)
    gemm_columns(dot, GEMM_COLS - 1, m, depth, A, ai, ak, B + j, ldb, C + j, ldc, accumulate);
  else
    for (; j < n; j += VL)
      gemm_columns(dot, 1, m, depth, A, ai, ak, B + j, ldb, C + j, ldc, accumulate);
}

static void gemm(bool dot, int m, int n, int depth, const float *A, int64_t ai, int64_t ak,
                 const float *B, int64_t ldb, float *C, int64_t ldc, bool accumulate) {
  if (HAS_DOT && dot)
    gemm_t(true, m, n, depth, A, ai, ak, B, ldb, C, ldc, accumulate);
  else
    gemm_t(false, m, n, depth, A, ai, ak, B, ldb, C, ldc, accumulate);
}

/* One thread's memory. dp, tkp: d and tk rounded up to whole vectors of any build. */
struct attn_work {
  bool dot;
  int pair, dp, tkp, dw;     /* dw = dp / pair, the words of a row */
  float *kt, *vt;            /* columns [dw, tkp] */
  float *k, *v;              /* pairs [tkp / pair, dp] */
  float *dk, *dv;            /* [tkp, dp] f32; dk is also the room to transpose from */
  float *q, *g;              /* rows [TQ, dw]: queries, gradient of the output */
  float *q_pairs, *g_pairs;  /* pairs [TQ / pair, dp] */
  float *o;                  /* [TQ, dp]: output, or gradient of the queries */
  float *s, *ds;             /* [TQ, TK]: scores, gradients; then rows of words in place */
  float *s_pairs, *ds_pairs; /* pairs [TQ / pair, TK] */
  float *top, *sum;          /* [TQ] */
};

static struct attn_work attn_work(const struct kz_attention *a, int part) {
  struct attn_work w = {.dp = (a->d + 15) & ~15, .tkp = (a->tk + 15) & ~15};
  const size_t keys = (size_t)w.dp * w.tkp, tile = (size_t)KZ__ATTN_TQ * w.dp;
  const size_t scores = KZ__ATTN_TQ * KZ__ATTN_TK;
  w.dot = HAS_DOT && a->dtype == KZ_BF16;
  w.pair = w.dot ? 2 : 1;
  w.dw = w.dp / w.pair;
  w.kt = a->scratch + kz_attention_scratch(a->d, a->tq, a->tk, 1) * (size_t)part;
  w.vt = w.kt + keys;
  w.k = w.vt + keys;
  w.v = w.k + keys;
  w.dk = w.v + keys;
  w.dv = w.dk + keys;
  w.q = w.dv + keys;
  w.g = w.q + tile;
  w.q_pairs = w.dot ? w.g + tile : w.q;
  w.g_pairs = w.dot ? w.g + 2 * tile : w.g;
  w.o = w.g + 3 * tile;
  w.s = w.o + tile;
  w.ds = w.s + scores;
  w.s_pairs = w.dot ? w.ds + scores : w.s;
  w.ds_pairs = w.dot ? w.ds + 2 * scores : w.ds;
  w.top = w.ds + 3 * scores;
  w.sum = w.top + KZ__ATTN_TQ;
  return w;
}

/* Where a head's matrix begins and its row stride, in elements. */
struct matrix {
  const void *data;
  int64_t from, stride;
};

/* rows [rows, dw], zeros beyond d. */
INLINE void pack_rows_t(enum kz_dtype t, int rows, int d, const struct attn_work *w,
                        struct matrix m, float *out) {
  for (int r = 0; r < rows; r++, m.from += m.stride, out += w->dw) {
    if (w->dot) {
      memset(out, 0, sizeof(float) * (size_t)w->dw);
      memcpy(out, at(t, m.data, m.from), (size_t)d * kz_dtype_size(t));
      continue;
    }
    int i = 0;
    for (; i < d; i += VL) st(KZ_F32, out, i, ldn(t, m.data, m.from + i, lanes(i, d)));
    for (; i < w->dp; i += VL) st(KZ_F32, out, i, (vf){0});
  }
}

static void pack_rows(enum kz_dtype t, int rows, int d, const struct attn_work *w,
                      struct matrix m, float *out) {
  WITH_DTYPE(t, pack_rows_t(T, rows, d, w, m, out));
}

/* Two vectors of bf16 values, as the low and the high halves of words. */
INLINE vf interleave(vf low, vf high) {
#if VL == 16
  __m512i a = _mm512_cvtepu16_epi32((__m256i)to_bf16(low));
  __m512i b = _mm512_cvtepu16_epi32((__m256i)to_bf16(high));
  return (vf)_mm512_or_si512(a, _mm512_slli_epi32(b, 16));
#else
  (void)high;
  return low;
#endif
}

/* pairs [ceil(rows / pair), dp], zeros beyond rows and d. */
static void pack_pairs(enum kz_dtype t, int rows, int d, const struct attn_work *w,
                       struct matrix m, float *out) {
  if (!w->dot) {
    pack_rows(t, rows, d, w, m, out);
    return;
  }
  for (int r = 0; r < rows; r += 2, m.from += 2 * m.stride, out += w->dp)
    for (int i = 0; i < w->dp; i += VL) {
      int n = i < d ? lanes(i, d) : 0;
      vf low = n ? ldn(KZ_BF16, m.data, m.from + i, n) : (vf){0};
      vf high = n && r + 1 < rows ? ldn(KZ_BF16, m.data, m.from + m.stride + i, n) : (vf){0};
      st(KZ_F32, out, i, interleave(low, high));
    }
}

/* columns [dw, tkp], by blocks of 4 x 4 words; zeros beyond rows and d. */
static void pack_columns(enum kz_dtype t, int rows, int d, const struct attn_work *w,
                         struct matrix m, float *out) {
  const int dw = w->dw, tkp = w->tkp;
  pack_rows(t, rows, d, w, m, w->dk);
  memset(w->dk + (size_t)rows * dw, 0, sizeof(float) * (size_t)(tkp - rows) * dw);
  for (int r = 0; r < tkp; r += 4)
    for (int i = 0; i < dw; i += 4) {
      const float *from = w->dk + (size_t)r * dw + i;
      float *to = out + (size_t)i * tkp + r;
      __m128 x = _mm_loadu_ps(from), y = _mm_loadu_ps(from + dw);
      __m128 z = _mm_loadu_ps(from + 2 * dw), u = _mm_loadu_ps(from + 3 * dw);
      _MM_TRANSPOSE4_PS(x, y, z, u);
      _mm_storeu_ps(to, x);
      _mm_storeu_ps(to + tkp, y);
      _mm_storeu_ps(to + 2 * tkp, z);
      _mm_storeu_ps(to + 3 * tkp, u);
    }
}

/* m = rows [rows, dp] * scale, or * 1 / sum of each row. */
static void unpack_rows(enum kz_dtype t, int rows, int d, int dp, const float *src, float scale,
                        const float *sum, void *dst, int64_t to, int64_t stride) {
  for (int r = 0; r < rows; r++) {
    float f = sum ? 1.0f / sum[r] : scale;
    for (int i = 0; i < d; i += VL)
      WITH_DTYPE(t, stn(T, dst, to + r * stride + i, lanes(i, d),
                        ld(KZ_F32, src, (int64_t)r * dp + i) * f));
  }
}

/* A vector of a row of words: as it is, or rounded to bf16 in half the room. Reading is ahead of
 * writing, so a row can be packed in place. */
INLINE void st_words(bool dot, float *row, int j, vf v) {
  if (dot)
    st(KZ_BF16, row, j, v);
  else
    st(KZ_F32, row, j, v);
}

static void mask_tail(float *row, int nk) {
  for (int j = nk; j < ((nk + VL - 1) & -VL); j++) row[j] = -1e30f;
}

/* Scores to exp(scale score - top), with top and sum carried on and `o` scaled to the new top. */
INLINE void softmax_tile(bool fast, bool dot, float scale, const struct attn_work *w, int nq,
                         int nk) {
  for (int r = 0; r < nq; r++) {
    float *s = w->s + (size_t)r * KZ__ATTN_TK;
    vf best = vset(-1e30f), total = {0};
    mask_tail(s, nk);
    for (int j = 0; j < nk; j += VL) best = vmax(best, ld(KZ_F32, s, j));
    float top = vhmax(best) * scale;
    if (top < w->top[r]) top = w->top[r];
    const float keep = w->top[r] < -1e29f ? 0 : expf(w->top[r] - top);
    for (int j = 0; j < nk; j += VL) {
      vf p = vexp(fast, ld(KZ_F32, s, j) * scale - top);
      total += p;
      st_words(dot, s, j, p);
    }
    w->sum[r] = w->sum[r] * keep + vhsum(total);
    w->top[r] = top;
    if (keep == 1.0f) continue;
    for (int64_t i = (int64_t)r * w->dp; i < (int64_t)(r + 1) * w->dp; i += VL)
      st(KZ_F32, w->o, i, ld(KZ_F32, w->o, i) * keep);
  }
}

static struct matrix query_matrix(const struct kz_attention *a, int sample, int head, int q0) {
  return (struct matrix){a->q, sample * a->q_batch + q0 * a->q_stride + (int64_t)head * a->d,
                         a->q_stride};
}

static struct matrix key_matrix(const struct kz_attention *a, int sample, int head) {
  return (struct matrix){a->k, sample * a->k_batch + (int64_t)head * a->d, a->k_stride};
}

static struct matrix value_matrix(const struct kz_attention *a, int sample, int head) {
  return (struct matrix){a->v, sample * a->v_batch + (int64_t)head * a->d, a->v_stride};
}

/* dst and diff_dst. */
static struct matrix out_matrix(const struct kz_attention *a, const void *data, int sample,
                                int head, int q0) {
  const int64_t row = (int64_t)a->heads * a->d;
  return (struct matrix){data, ((int64_t)sample * a->tq + q0) * row + (int64_t)head * a->d, row};
}

/* The first of a tile's entries in lse. */
static float *lse_at(const struct kz_attention *a, int sample, int head, int q0) {
  return a->lse + ((int64_t)sample * a->heads + head) * a->tq + q0;
}

static void attention_tile(const struct kz_attention *a, const struct attn_work *w, int sample,
                           int head, int q0) {
  const int nq = a->tq - q0 < KZ__ATTN_TQ ? a->tq - q0 : KZ__ATTN_TQ, dp = w->dp;
  const struct matrix out = out_matrix(a, a->dst, sample, head, q0);
  float *lse = lse_at(a, sample, head, q0);
  pack_rows(a->dtype, nq, a->d, w, query_matrix(a, sample, head, q0), w->q);
  memset(w->o, 0, sizeof(float) * nq * dp);
  for (int r = 0; r < nq; r++) w->top[r] = -1e30f, w->sum[r] = 0;
  for (int k0 = 0; k0 < a->tk; k0 += KZ__ATTN_TK) {
    const int nk = a->tk - k0 < KZ__ATTN_TK ? a->tk - k0 : KZ__ATTN_TK;
    gemm(w->dot, nq, (nk + VL - 1) & -VL, w->dw, w->q, w->dw, 1, w->kt + k0, w->tkp, w->s,
         KZ__ATTN_TK, false);
    if (a->dtype == KZ_F32)
      softmax_tile(false, false, a->scale, w, nq, nk);
    else
      softmax_tile(true, HAS_DOT, a->scale, w, nq, nk);
    gemm(w->dot, nq, dp, (nk + w->pair - 1) / w->pair, w->s, KZ__ATTN_TK, 1,
         w->v + (size_t)(k0 / w->pair) * dp, dp, w->o, dp, true);
  }
  unpack_rows(a->dtype, nq, a->d, dp, w->o, 0, w->sum, a->dst, out.from, out.stride);
  for (int r = 0; r < nq; r++) lse[r] = w->top[r] + logf(w->sum[r]);
}

/* Tasks are tiles of queries, head after head; a range packs a head's keys when it comes to it. */
static void attention_forward_range(const struct kz_attention *a, const struct attn_work *w,
                                    int64_t begin, int64_t end) {
  const int tiles = (a->tq + KZ__ATTN_TQ - 1) / KZ__ATTN_TQ;
  for (int64_t i = begin; i < end; i++) {
    int sample = (int)(i / tiles / a->heads), head = (int)(i / tiles % a->heads);
    if (i == begin || i % tiles == 0) {
      pack_columns(a->dtype, a->tk, a->d, w, key_matrix(a, sample, head), w->kt);
      pack_pairs(a->dtype, a->tk, a->d, w, value_matrix(a, sample, head), w->v);
    }
    attention_tile(a, w, sample, head, (int)(i % tiles) * KZ__ATTN_TQ);
  }
}

/* p and its gradient for a row; p = exp(scale s - lse), ds = p (dp - delta). */
INLINE void pair_diff(bool fast, float scale, const struct attn_work *w, int r, int j, vf *p,
                      vf *ds) {
  const int64_t i = (int64_t)r * KZ__ATTN_TK + j;
  *p = vexp(fast, ld(KZ_F32, w->s, i) * scale - w->top[r]);
  *ds = *p * (ld(KZ_F32, w->ds, i) - w->sum[r]);
}

/* Scores and their gradients become s_pairs (p), ds_pairs and rows of ds. */
INLINE void softmax_tile_diff(bool fast, bool dot, float scale, const struct attn_work *w, int nq,
                              int nk) {
  for (int r = 0; r < nq; r++) mask_tail(w->s + (size_t)r * KZ__ATTN_TK, nk);
  for (int r = 0; r < nq; r += dot ? 2 : 1) {
    float *ds = w->ds + (size_t)r * KZ__ATTN_TK;
    const int64_t pairs = (int64_t)(dot ? r / 2 : r) * KZ__ATTN_TK;
    for (int j = 0; j < nk; j += VL) {
      vf p, d, p1 = {0}, d1 = {0};
      pair_diff(fast, scale, w, r, j, &p, &d);
      if (dot && r + 1 < nq) pair_diff(fast, scale, w, r + 1, j, &p1, &d1);
      st_words(dot, ds, j, d);
      st(KZ_F32, w->s_pairs, pairs + j, dot ? interleave(p, p1) : p);
      if (!dot) continue;
      st_words(dot, ds + KZ__ATTN_TK, j, d1);
      st(KZ_F32, w->ds_pairs, pairs + j, interleave(d, d1));
    }
  }
}

/* top = lse, sum = row sums of diff_dst * dst; queries and output gradients packed; o = 0. */
static void attention_diff_open(const struct kz_attention *a, const struct attn_work *w,
                                int sample, int head, int q0, int nq) {
  const struct matrix q = query_matrix(a, sample, head, q0);
  const struct matrix out = out_matrix(a, a->dst, sample, head, q0);
  const struct matrix g = out_matrix(a, a->diff_dst, sample, head, q0);
  const float *lse = lse_at(a, sample, head, q0);
  pack_rows(a->dtype, nq, a->d, w, q, w->q);
  pack_rows(a->dtype, nq, a->d, w, g, w->g);
  if (w->dot) {
    pack_pairs(a->dtype, nq, a->d, w, q, w->q_pairs);
    pack_pairs(a->dtype, nq, a->d, w, g, w->g_pairs);
  }
  for (int r = 0; r < nq; r++) {
    const int64_t at_row = out.from + r * out.stride;
    vf dot = {0};
    for (int i = 0; i < a->d; i += VL) {
      int n = lanes(i, a->d);
      WITH_DTYPE(a->dtype,
                 dot += ldn(T, out.data, at_row + i, n) * ldn(T, g.data, at_row + i, n));
    }
    w->sum[r] = vhsum(dot);
    w->top[r] = lse[r];
  }
  memset(w->o, 0, sizeof(float) * nq * w->dp);
}

static void attention_diff_tile(const struct kz_attention *a, const struct attn_work *w,
                                int sample, int head, int q0) {
  const int nq = a->tq - q0 < KZ__ATTN_TQ ? a->tq - q0 : KZ__ATTN_TQ;
  const int dp = w->dp, wq = (nq + w->pair - 1) / w->pair;
  const struct matrix q = query_matrix(a, sample, head, q0);
  attention_diff_open(a, w, sample, head, q0, nq);
  for (int k0 = 0; k0 < a->tk; k0 += KZ__ATTN_TK) {
    const int nk = a->tk - k0 < KZ__ATTN_TK ? a->tk - k0 : KZ__ATTN_TK;
    const int cols = (nk + VL - 1) & -VL;
    const size_t from = (size_t)k0 * dp;
    gemm(w->dot, nq, cols, w->dw, w->q, w->dw, 1, w->kt + k0, w->tkp, w->s, KZ__ATTN_TK, false);
    gemm(w->dot, nq, cols, w->dw, w->g, w->dw, 1, w->vt + k0, w->tkp, w->ds, KZ__ATTN_TK, false);
    if (a->dtype == KZ_F32)
      softmax_tile_diff(false, false, a->scale, w, nq, nk);
    else
      softmax_tile_diff(true, HAS_DOT, a->scale, w, nq, nk);
    gemm(w->dot, nq, dp, (nk + w->pair - 1) / w->pair, w->ds, KZ__ATTN_TK, 1,
         w->k + from / w->pair, dp, w->o, dp, true);
    gemm(w->dot, nk, dp, wq, w->ds_pairs, 1, KZ__ATTN_TK, w->q_pairs, dp, w->dk + from, dp, true);
    gemm(w->dot, nk, dp, wq, w->s_pairs, 1, KZ__ATTN_TK, w->g_pairs, dp, w->dv + from, dp, true);
  }
  unpack_rows(a->dtype, nq, a->d, dp, w->o, a->scale, NULL, a->diff_q, q.from, q.stride);
}

/* Tasks are heads. */
static void attention_backward_range(const struct kz_attention *a, const struct attn_work *w,
                                     int64_t begin, int64_t end) {
  for (int64_t i = begin; i < end; i++) {
    const int sample = (int)(i / a->heads), head = (int)(i % a->heads);
    const struct matrix k = key_matrix(a, sample, head), v = value_matrix(a, sample, head);
    pack_columns(a->dtype, a->tk, a->d, w, k, w->kt);
    pack_columns(a->dtype, a->tk, a->d, w, v, w->vt);
    pack_pairs(a->dtype, a->tk, a->d, w, k, w->k);
    memset(w->dk, 0, sizeof(float) * w->dp * w->tkp);
    memset(w->dv, 0, sizeof(float) * w->dp * w->tkp);
    for (int q0 = 0; q0 < a->tq; q0 += KZ__ATTN_TQ) attention_diff_tile(a, w, sample, head, q0);
    unpack_rows(a->dtype, a->tk, a->d, w->dp, w->dk, a->scale, NULL, a->diff_k, k.from, k.stride);
    unpack_rows(a->dtype, a->tk, a->d, w->dp, w->dv, 1, NULL, a->diff_v, v.from, v.stride);
  }
}

static void attention_run(const struct kz_attention *a, int64_t tasks,
                          void (*range)(const struct kz_attention *, const struct attn_work *,
                                        int64_t, int64_t)) {
  const int threads = thread_count((int64_t)a->n * a->heads * a->tq * a->tk * a->d / 32);
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
