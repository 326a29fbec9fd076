/* Group normalisation with film and SiLU, forward and backward, in two passes over a sample while
 * it is in the second-level cache: one gathers sums for each channel, one applies
 *
 *   forward    gather  S = sum (x - x0), Q = sum (x - x0)^2     x0: the sample's first row, so that
 *              apply   u = x - M, dst = act(u A + B)            a mean far from 0 costs no accuracy
 *   backward   gather  S = sum dz, Q = sum dz u                 dz = diff_dst act'(u A + B)
 *              apply   diff_src = dz A + u P + R
 *
 *   with, for each channel, M = mean_g, A = rstd gamma (1 + scale), B = beta (1 + scale) + shift,
 *   dy = dz (1 + scale), xhat = u rstd, P = -rstd^2 mean_g(dy gamma xhat),
 *   R = -rstd mean_g(dy gamma).
 *
 * A thread takes whole samples; when there are too few of them, threads share a sample's chunks of
 * rows with a barrier between the passes. Both ways add in the same order. */
#ifndef KZ_KERNELS_NORM_H
#define KZ_KERNELS_NORM_H

#include "tensor/kernels_math.inc.h"

enum { NORM_M, NORM_A, NORM_B, NORM_P, NORM_R, NORM_COEF = 6 /* and one row of room */ };
enum { GATHER_ROWS = 64 }; /* rows summed in f32 registers at a time */

struct norm_job {
  const struct kz_norm *a;
  int chunks, blocks;
  float *slots;   /* [slot][shift, then chunks of S and Q][c] */
  float *coef;    /* [thread][NORM_COEF][c] */
  float *partial; /* [block][2][c]: diff_gamma, diff_beta */
};

struct norm_pass {
  void (*open)(const struct norm_job *job, int sample, float *coef);
  void (*gather)(const struct norm_job *job, int sample, int chunk, float *slot,
                 const float *coef);
  /* `owner`: one thread a sample, which writes what belongs to the sample. */
  void (*close)(const struct norm_job *job, int sample, const float *slot, float *coef,
                bool owner, float *partial);
  void (*apply)(const struct norm_job *job, int sample, int chunk, const float *coef);
};

static int chunk_row(const struct norm_job *job, int chunk) {
  return (int)((int64_t)job->a->hw * chunk / job->chunks);
}

static int block_start(const struct norm_job *job, int block) {
  return (int)((int64_t)job->a->n * block / job->blocks);
}

static void norm_whole(const struct norm_job *job, const struct norm_pass *p, int part,
                       int parts) {
  const int c = job->a->c;
  float *coef = job->coef + (size_t)part * NORM_COEF * c;
  float *slot = job->slots + (size_t)part * (2 * KZ__NORM_CHUNKS + 1) * c;
  int first = (int)cut(job->blocks, 1, part, parts);
  int last = (int)cut(job->blocks, 1, part + 1, parts);
  for (int b = first; b < last; b++) {
    float *partial = job->partial + (size_t)b * 2 * c;
    for (int i = 0; i < 2 * c; i++) partial[i] = 0;
    for (int s = block_start(job, b); s < block_start(job, b + 1); s++) {
      p->open(job, s, coef);
      for (int k = 0; k < job->chunks; k++) p->gather(job, s, k, slot, coef);
      p->close(job, s, slot, coef, true, partial);
      for (int k = 0; k < job->chunks; k++) p->apply(job, s, k, coef);
    }
  }
}

/* Sharing: blocks == n, a slot a sample. */
static void norm_shared(const struct norm_job *job, const struct norm_pass *p, int part,
                        int parts) {
  const int c = job->a->c;
  const size_t slot_size = (size_t)(2 * KZ__NORM_CHUNKS + 1) * c;
  float *coef = job->coef + (size_t)part * NORM_COEF * c;
  int64_t tasks = (int64_t)job->a->n * job->chunks;
  int64_t begin = cut(tasks, 1, part, parts), end = cut(tasks, 1, part + 1, parts);
  for (int64_t i = begin; i < end; i++) {
    int s = (int)(i / job->chunks), k = (int)(i % job->chunks);
    if (i == begin || k == 0) p->open(job, s, coef);
    p->gather(job, s, k, job->slots + s * slot_size, coef);
  }
#pragma omp barrier
  for (int64_t i = begin; i < end; i++) {
    int s = (int)(i / job->chunks), k = (int)(i % job->chunks);
    if (i == begin || k == 0) {
      float *partial = job->partial + (size_t)s * 2 * c;
      if (k == 0)
        for (int j = 0; j < 2 * c; j++) partial[j] = 0;
      p->close(job, s, job->slots + s * slot_size, coef, k == 0, partial);
    }
    p->apply(job, s, k, coef);
  }
}

/* How to cut the work, by shape; then both passes in one parallel region. */
static void norm_run(struct norm_job *job, const struct norm_pass *p) {
  const struct kz_norm *a = job->a;
  const int64_t most = (int64_t)a->hw * a->c / 4096;
  int threads = thread_count((int64_t)a->n * a->hw * a->c / 3);
  bool share = threads > 1 && a->n < 4 * threads && a->n <= KZ__NORM_BLOCKS && a->n % threads;
  int slots = threads;
  job->chunks = a->n < 32 ? KZ__NORM_CHUNKS : 1;
  if (a->n > 1 && job->chunks > 32 / a->n) job->chunks = a->n < 32 ? 32 / a->n : 1;
  if (job->chunks > most) job->chunks = most < 1 ? 1 : (int)most;
  if (job->chunks > a->hw) job->chunks = a->hw;
  job->blocks = a->n < KZ__NORM_BLOCKS ? a->n : KZ__NORM_BLOCKS;
  if (share && a->n > threads) slots = a->n;
  job->slots = a->scratch;
  job->coef = job->slots + (size_t)slots * (2 * KZ__NORM_CHUNKS + 1) * a->c;
  job->partial = job->coef + (size_t)threads * NORM_COEF * a->c;
  if (threads < 2) { /* not by an if clause: libgomp allocates a team when its size changes */
    norm_whole(job, p, 0, 1);
    return;
  }
#pragma omp parallel num_threads(threads)
  {
    int part = omp_get_thread_num(), parts = omp_get_num_threads();
    if (share)
      norm_shared(job, p, part, parts);
    else
      norm_whole(job, p, part, parts);
  }
}

/* M, A, B of a sample, from the mean and rstd of each channel's group, found in M and A. */
INLINE void sample_coef(enum kz_dtype t, const struct kz_norm *a, int sample, float *coef) {
  const int c = a->c;
  const int64_t film = (int64_t)sample * 2 * c;
  for (int i = 0; i < c; i += VL) {
    int n = lanes(i, c);
    vf k = ldn(KZ_F32, coef, NORM_A * c + i, n) * ldn(KZ_F32, a->gamma, i, n);
    vf b = ldn(KZ_F32, a->beta, i, n);
    if (a->film) {
      vf scale = 1.0f + ldn(t, a->film, film + i, n);
      k *= scale;
      b = b * scale + ldn(t, a->film, film + c + i, n);
    }
    stn(KZ_F32, coef, NORM_A * c + i, n, k);
    stn(KZ_F32, coef, NORM_B * c + i, n, b);
  }
}

static void spread_group(const struct kz_norm *a, int group, float mean, float rstd,
                         float *coef) {
  const int c = a->c, per = c / a->groups;
  for (int i = group * per; i < (group + 1) * per; i++) {
    coef[NORM_M * c + i] = mean;
    coef[NORM_A * c + i] = rstd;
  }
}

/* Both sums of every channel over a slot's chunks, into rows of coef. */
static void slot_sums(const struct norm_job *job, const float *slot, float *S, float *Q) {
  const int c = job->a->c;
  for (int i = 0; i < c; i += VL) {
    int n = lanes(i, c);
    vf s = {0}, q = {0};
    for (int k = 0; k < job->chunks; k++) {
      s += ldn(KZ_F32, slot, (int64_t)(1 + 2 * k) * c + i, n);
      q += ldn(KZ_F32, slot, (int64_t)(2 + 2 * k) * c + i, n);
    }
    stn(KZ_F32, S, i, n, s);
    stn(KZ_F32, Q, i, n, q);
  }
}

/* ---- forward ---- */

/* The sample's first row, to subtract. */
static void forward_open(const struct norm_job *job, int sample, float *coef) {
  const struct kz_norm *a = job->a;
  for (int i = 0; i < a->c; i++)
    coef[NORM_M * a->c + i] = ld1(a->dtype, a->src, (int64_t)sample * a->hw * a->c + i);
}

/* nb whole vectors of channels from `col` (or n < VL lanes of one) over rows [r0, r1). */
INLINE void forward_sums(enum kz_dtype t, int nb, int n, const void *src, int c, int col, int r0,
                         int r1, const float *shift, float *S, float *Q) {
  vf x0[4], s[4], q[4];
  for (int j = 0; j < nb; j++) {
    x0[j] = ldn(KZ_F32, shift, col + j * VL, n);
    s[j] = q[j] = (vf){0};
  }
  for (int r = r0; r < r1; r++)
    for (int j = 0; j < nb; j++) {
      vf d = ldn(t, src, (int64_t)r * c + col + j * VL, n) - x0[j];
      s[j] += d;
      q[j] += d * d;
    }
  for (int j = 0; j < nb; j++) {
    stn(KZ_F32, S, col + j * VL, n, s[j] + ldn(KZ_F32, S, col + j * VL, n));
    stn(KZ_F32, Q, col + j * VL, n, q[j] + ldn(KZ_F32, Q, col + j * VL, n));
  }
}

INLINE void forward_gather_t(enum kz_dtype t, const struct norm_job *job, int sample, int chunk,
                             float *slot, const float *coef) {
  const struct kz_norm *a = job->a;
  const int c = a->c, end = chunk_row(job, chunk + 1);
  const void *src = at(t, a->src, (int64_t)sample * a->hw * c);
  const float *shift = coef + NORM_M * c;
  float *S = slot + (size_t)(1 + 2 * chunk) * c, *Q = S + c;
  for (int i = 0; i < c; i++) S[i] = Q[i] = 0;
  for (int r = chunk_row(job, chunk); r < end; r += GATHER_ROWS) {
    int stop = r + GATHER_ROWS < end ? r + GATHER_ROWS : end, col = 0;
    for (; col + 4 * VL <= c; col += 4 * VL)
      forward_sums(t, 4, VL, src, c, col, r, stop, shift, S, Q);
    for (; col + VL <= c; col += VL) forward_sums(t, 1, VL, src, c, col, r, stop, shift, S, Q);
    if (col < c) forward_sums(t, 1, c - col, src, c, col, r, stop, shift, S, Q);
  }
  if (chunk == 0)
    for (int i = 0; i < c; i++) slot[i] = shift[i];
}

static void forward_gather(const struct norm_job *job, int sample, int chunk, float *slot,
                           const float *coef) {
  WITH_DTYPE(job->a->dtype, forward_gather_t(T, job, sample, chunk, slot, coef));
}

/* Combine channels to groups in f64 (Chan et al., 1983). */
static void forward_close(const struct norm_job *job, int sample, const float *slot, float *coef,
                          bool owner, float *partial) {
  const struct kz_norm *a = job->a;
  const int c = a->c, per = c / a->groups;
  const double rows = a->hw, inv = 1.0 / rows;
  float *S = coef + NORM_P * c, *Q = coef + NORM_R * c;
  (void)partial;
  slot_sums(job, slot, S, Q);
  for (int g = 0; g < a->groups; g++) {
    double mean = 0, m2 = 0;
    for (int i = g * per; i < (g + 1) * per; i++) mean += slot[i] + S[i] * inv;
    mean /= per;
    for (int i = g * per; i < (g + 1) * per; i++) {
      double d = slot[i] + S[i] * inv - mean;
      m2 += Q[i] - S[i] * (S[i] * inv) + rows * d * d;
    }
    double var = m2 > 0 ? m2 / (rows * per) : 0;
    float rstd = (float)(1.0 / __builtin_sqrt(var + a->eps));
    spread_group(a, g, (float)mean, rstd, coef);
    if (owner) {
      a->mean[(int64_t)sample * a->groups + g] = (float)mean;
      a->rstd[(int64_t)sample * a->groups + g] = rstd;
    }
  }
  WITH_DTYPE(a->dtype, sample_coef(T, a, sample, coef));
}

INLINE void forward_apply_t(enum kz_dtype t, enum kz_act act, const struct kz_norm *a,
                            int64_t first, int64_t last, const float *coef) {
  const int c = a->c;
  const float *M = coef + NORM_M * c, *A = coef + NORM_A * c, *B = coef + NORM_B * c;
  for (int64_t r = first; r < last; r++)
    for (int i = 0; i < c; i += VL) {
      int n = lanes(i, c);
      vf u = ldn(t, a->src, r * c + i, n) - ldn(KZ_F32, M, i, n);
      vf z = u * ldn(KZ_F32, A, i, n) + ldn(KZ_F32, B, i, n);
      stn(t, a->dst, r * c + i, n, act_value(act, t == KZ_BF16, z));
    }
}

static void forward_apply(const struct norm_job *job, int sample, int chunk, const float *coef) {
  const struct kz_norm *a = job->a;
  int64_t first = (int64_t)sample * a->hw + chunk_row(job, chunk);
  int64_t last = (int64_t)sample * a->hw + chunk_row(job, chunk + 1);
  if (a->act == KZ_ACT_SILU)
    WITH_DTYPE(a->dtype, forward_apply_t(T, KZ_ACT_SILU, a, first, last, coef));
  else
    WITH_DTYPE(a->dtype, forward_apply_t(T, KZ_ACT_NONE, a, first, last, coef));
}

static void norm_forward(const struct kz_norm *a) {
  static const struct norm_pass pass = {forward_open, forward_gather, forward_close,
                                        forward_apply};
  norm_run(&(struct norm_job){.a = a}, &pass);
}

/* ---- backward ---- */

static void backward_open(const struct norm_job *job, int sample, float *coef) {
  const struct kz_norm *a = job->a;
  for (int g = 0; g < a->groups; g++) {
    int64_t i = (int64_t)sample * a->groups + g;
    spread_group(a, g, a->mean[i], a->rstd[i], coef);
  }
  WITH_DTYPE(a->dtype, sample_coef(T, a, sample, coef));
}

/* With SiLU and without `accumulate` dz is kept in diff_src for the second pass. */
static bool keeps_dz(const struct kz_norm *a) { return a->act == KZ_ACT_SILU && !a->accumulate; }

INLINE void backward_sums(enum kz_dtype t, enum kz_act act, bool keep, int nb, int n,
                          const struct kz_norm *a, int col, int64_t r0, int64_t r1,
                          const float *coef, float *S, float *Q) {
  const int c = a->c;
  vf m[2], k[2], b[2], s[2], q[2];
  for (int j = 0; j < nb; j++) {
    m[j] = ldn(KZ_F32, coef + NORM_M * c, col + j * VL, n);
    k[j] = ldn(KZ_F32, coef + NORM_A * c, col + j * VL, n);
    b[j] = ldn(KZ_F32, coef + NORM_B * c, col + j * VL, n);
    s[j] = q[j] = (vf){0};
  }
  for (int64_t r = r0; r < r1; r++)
    for (int j = 0; j < nb; j++) {
      vf u = ldn(t, a->src, r * c + col + j * VL, n) - m[j];
      vf dz = ldn(t, a->diff_dst, r * c + col + j * VL, n);
      if (act != KZ_ACT_NONE) dz *= act_slope(act, t == KZ_BF16, u * k[j] + b[j]);
      if (keep) stn(t, a->diff_src, r * c + col + j * VL, n, dz);
      s[j] += dz;
      q[j] += dz * u;
    }
  for (int j = 0; j < nb; j++) {
    stn(KZ_F32, S, col + j * VL, n, s[j] + ldn(KZ_F32, S, col + j * VL, n));
    stn(KZ_F32, Q, col + j * VL, n, q[j] + ldn(KZ_F32, Q, col + j * VL, n));
  }
}

INLINE void backward_gather_t(enum kz_dtype t, enum kz_act act, bool keep, const struct kz_norm *a,
                              int64_t first, int64_t last, const float *coef, float *S, float *Q) {
  for (int64_t r = first; r < last; r += GATHER_ROWS) {
    int64_t stop = r + GATHER_ROWS < last ? r + GATHER_ROWS : last;
    int col = 0;
    for (; col + 2 * VL <= a->c; col += 2 * VL)
      backward_sums(t, act, keep, 2, VL, a, col, r, stop, coef, S, Q);
    for (; col < a->c; col += VL)
      backward_sums(t, act, keep, 1, lanes(col, a->c), a, col, r, stop, coef, S, Q);
  }
}

static void backward_gather(const struct norm_job *job, int sample, int chunk, float *slot,
                            const float *coef) {
  const struct kz_norm *a = job->a;
  int64_t first = (int64_t)sample * a->hw + chunk_row(job, chunk);
  int64_t last = (int64_t)sample * a->hw + chunk_row(job, chunk + 1);
  float *S = slot + (size_t)(1 + 2 * chunk) * a->c, *Q = S + a->c;
  for (int i = 0; i < a->c; i++) S[i] = Q[i] = 0;
  if (a->act != KZ_ACT_SILU)
    WITH_DTYPE(a->dtype, backward_gather_t(T, KZ_ACT_NONE, false, a, first, last, coef, S, Q));
  else if (a->accumulate)
    WITH_DTYPE(a->dtype, backward_gather_t(T, KZ_ACT_SILU, false, a, first, last, coef, S, Q));
  else
    WITH_DTYPE(a->dtype, backward_gather_t(T, KZ_ACT_SILU, true, a, first, last, coef, S, Q));
}

/* A sample's share of the gradients of gamma and beta, and those of its film; Q = sum dz xhat. */
INLINE void backward_params(enum kz_dtype t, const struct kz_norm *a, int sample, const float *S,
                            const float *Q, float *partial) {
  const int c = a->c;
  const int64_t film = (int64_t)sample * 2 * c;
  for (int i = 0; i < c; i += VL) {
    int n = lanes(i, c);
    vf s = ldn(KZ_F32, S, i, n), q = ldn(KZ_F32, Q, i, n), scale = vset(1.0f);
    if (a->film) scale += ldn(t, a->film, film + i, n);
    stn(KZ_F32, partial, i, n, ldn(KZ_F32, partial, i, n) + scale * q);
    stn(KZ_F32, partial, c + i, n, ldn(KZ_F32, partial, c + i, n) + scale * s);
    if (!a->diff_film) continue;
    stn(t, a->diff_film, film + i, n,
        ldn(KZ_F32, a->gamma, i, n) * q + ldn(KZ_F32, a->beta, i, n) * s);
    stn(t, a->diff_film, film + c + i, n, s);
  }
}

static void backward_close(const struct norm_job *job, int sample, const float *slot, float *coef,
                           bool owner, float *partial) {
  const struct kz_norm *a = job->a;
  const int c = a->c, per = c / a->groups;
  const double count = (double)a->hw * per;
  const float *A = coef + NORM_A * c;
  float *P = coef + NORM_P * c, *R = coef + NORM_R * c;
  backward_open(job, sample, coef);
  slot_sums(job, slot, R, P);
  for (int g = 0; g < a->groups; g++)
    for (int i = g * per; i < (g + 1) * per; i++) P[i] *= a->rstd[(int64_t)sample * a->groups + g];
  if (owner) WITH_DTYPE(a->dtype, backward_params(T, a, sample, R, P, partial));
  for (int g = 0; g < a->groups; g++) {
    double s1 = 0, s2 = 0; /* rstd * sums of dy gamma, dy gamma xhat over the group */
    for (int i = g * per; i < (g + 1) * per; i++) {
      s1 += (double)A[i] * R[i];
      s2 += (double)A[i] * P[i];
    }
    const float p = (float)(-a->rstd[(int64_t)sample * a->groups + g] * s2 / count);
    const float r = (float)(-s1 / count);
    for (int i = g * per; i < (g + 1) * per; i++) {
      P[i] = p;
      R[i] = r;
    }
  }
}

INLINE void backward_apply_t(enum kz_dtype t, enum kz_act act, bool accumulate, const void *diff,
                             const struct kz_norm *a, int64_t first, int64_t last,
                             const float *coef) {
  const int c = a->c;
  const float *M = coef + NORM_M * c, *A = coef + NORM_A * c, *B = coef + NORM_B * c;
  const float *P = coef + NORM_P * c, *R = coef + NORM_R * c;
  for (int64_t r = first; r < last; r++)
    for (int i = 0; i < c; i += VL) {
      int n = lanes(i, c);
      vf u = ldn(t, a->src, r * c + i, n) - ldn(KZ_F32, M, i, n);
      vf dz = ldn(t, diff, r * c + i, n), k = ldn(KZ_F32, A, i, n);
      if (act != KZ_ACT_NONE) dz *= act_slope(act, t == KZ_BF16, u * k + ldn(KZ_F32, B, i, n));
      vf d = dz * k + (u * ldn(KZ_F32, P, i, n) + ldn(KZ_F32, R, i, n));
      if (accumulate) d += ldn(t, a->diff_src, r * c + i, n);
      stn(t, a->diff_src, r * c + i, n, d);
    }
}

static void backward_apply(const struct norm_job *job, int sample, int chunk, const float *coef) {
  const struct kz_norm *a = job->a;
  const int64_t first = (int64_t)sample * a->hw + chunk_row(job, chunk);
  const int64_t last = (int64_t)sample * a->hw + chunk_row(job, chunk + 1);
  const void *g = keeps_dz(a) ? a->diff_src : a->diff_dst; /* kept: dz, no activation left */
  if (!a->accumulate)
    WITH_DTYPE(a->dtype, backward_apply_t(T, KZ_ACT_NONE, false, g, a, first, last, coef));
  else if (a->act == KZ_ACT_SILU)
    WITH_DTYPE(a->dtype, backward_apply_t(T, KZ_ACT_SILU, true, g, a, first, last, coef));
  else
    WITH_DTYPE(a->dtype, backward_apply_t(T, KZ_ACT_NONE, true, g, a, first, last, coef));
}

static void norm_backward(const struct kz_norm *a) {
  static const struct norm_pass pass = {backward_open, backward_gather, backward_close,
                                        backward_apply};
  struct norm_job job = {.a = a};
  norm_run(&job, &pass);
  for (int i = 0; i < a->c; i++) {
    float gamma = 0, beta = 0;
    for (int b = 0; b < job.blocks; b++) {
      gamma += job.partial[(size_t)b * 2 * a->c + i];
      beta += job.partial[(size_t)b * 2 * a->c + a->c + i];
    }
    a->diff_gamma[i] += gamma;
    a->diff_beta[i] += beta;
  }
}

#endif
