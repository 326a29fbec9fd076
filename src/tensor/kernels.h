/* The vector kernels: everything that is not a convolution or a matrix product.
 *
 * One table of functions for each instruction set, from one source compiled
 * several times; kz_kernels_get() picks at run time. Every kernel:
 *  - takes activations as [n, hw, c], packed, f32 or bf16 (`dtype`), computes in f32;
 *  - is parallel inside (OpenMP, the caller's thread count) and gives the same bytes for the same
 *    thread count; never allocates (scratch is passed in where needed);
 *  - with `accumulate`, adds to its destination instead of overwriting it;
 *  - allows dst == src where it says "in place".
 * Parameters, statistics and their gradients are f32. */
#ifndef KZ_KERNELS_H
#define KZ_KERNELS_H

#include <stdbool.h>
#include <stdint.h>

#include "tensor/tensor.h"

enum kz_act { KZ_ACT_NONE, KZ_ACT_SILU, KZ_ACT_GELU, KZ_ACT_RELU };

/* Group normalisation (Wu and He, 2018), optional film (scale and shift a sample and channel,
 * Perez et al., 2018), optional SiLU:
 *   xhat = (src - mean_g) * rstd_g,  y = xhat * gamma + beta,
 *   z = y * (1 + film[:, 0:c]) + film[:, c:2c]  (z = y without film),  dst = act(z)
 * groups = 1 with hw = 1 rows is layer norm over c: pass n = rows, hw = 1. */
struct kz_norm {
  enum kz_dtype dtype; /* of src, dst, film and their diffs */
  int n, hw, c, groups;
  float eps;
  enum kz_act act;     /* NONE or SILU */
  const void *src;     /* [n, hw, c] */
  const float *gamma, *beta; /* [c] */
  const void *film;    /* [n, 2c] or NULL */
  float *mean, *rstd;  /* [n, groups]; written by forward, read by backward */
  void *dst;           /* [n, hw, c]; in place allowed in forward */
  /* backward only */
  const void *diff_dst;
  void *diff_src;
  bool accumulate;           /* of diff_src */
  float *diff_gamma, *diff_beta; /* [c], always accumulated */
  void *diff_film;           /* [n, 2c] or NULL; overwritten */
  float *scratch;            /* f32, kz_norm_scratch() elements */
};
size_t kz_norm_scratch(int n, int c, int threads);

/* Attention over heads: q [n, tq, heads*d], k and v [n, tk, heads*d], given as pointers with a row
 * stride so that one [n, t, 3*heads*d] projection can hold all three.
 *   s = q k^T * scale, p = softmax(s), dst = p v
 * lse [n, heads, tq]: log of the row sums, for backward, which recomputes p tile by tile
 * (Dao et al., 2022). Never holds more than a tile of scores. Strides in elements. */
struct kz_attention {
  enum kz_dtype dtype;
  int n, heads, d, tq, tk;
  float scale;
  const void *q, *k, *v;
  int64_t q_stride, k_stride, v_stride; /* between tokens */
  int64_t q_batch, k_batch, v_batch;    /* between samples */
  void *dst;                            /* [n, tq, heads*d] */
  float *lse;
  /* backward only */
  const void *diff_dst; /* [n, tq, heads*d] */
  void *diff_q, *diff_k, *diff_v; /* strides as q, k, v; overwritten */
  float *scratch; /* kz_attention_scratch() elements */
};
size_t kz_attention_scratch(int d, int tq, int tk, int threads);

/* AdamW (Loshchilov and Hutter, 2019, algorithm 2) fused with gradient scaling (clipping) and the
 * moving average, over flat arrays: one read and one write of each. */
struct kz_adamw {
  int64_t count;
  float rate, beta1, beta2, eps, decay;
  float correction1, correction2; /* 1 - beta^t */
  float grad_scale;               /* clip factor times 1/accumulation */
  float ema_rate;                 /* ema += ema_rate (w - ema); 0: leave */
  float *w, *m, *v, *ema;
  float *g; /* read, then set to zero */
};

/* What Muon does around its matrix products (nn/muon.h): Nesterov momentum of the gradient, and the
 * step along a matrix that was made from it, with decay and moving average as in AdamW. */
struct kz_momentum {
  int64_t count;
  float beta, grad_scale;
  float *m;             /* m = beta m + (1 - beta) g */
  float *g;             /* read, then set to zero */
  enum kz_dtype dtype;
  void *dst;            /* beta m + (1 - beta) g */
};
struct kz_descent {
  int64_t count;
  float rate, decay;    /* w = w (1 - decay) - rate u */
  float ema_rate;       /* ema += ema_rate (w - ema); 0: leave */
  enum kz_dtype dtype;  /* of u */
  const void *u;
  float *w, *ema;
};

struct kz_kernels {
  const char *isa; /* "sse4.2", "avx2", "avx512", "avx512-bf16" */

  void (*norm_forward)(const struct kz_norm *a);
  void (*norm_backward)(const struct kz_norm *a);
  void (*attention_forward)(const struct kz_attention *a);
  void (*attention_backward)(const struct kz_attention *a);


  /* dst = act(src); in place allowed. diff_src (+)= diff_dst * act'(src); with ReLU, src may be the
   * result as well: one is positive where the other is. */
  void (*act_forward)(enum kz_act act, enum kz_dtype t, int64_t count, const void *src, void *dst);
  void (*act_backward)(enum kz_act act, enum kz_dtype t, int64_t count, const void *src,
                       const void *diff_dst, void *diff_src, bool accumulate);
  /* Rows of c: dst = softmax(src). diff_src (+)= dst * (diff_dst - sum(diff_dst * dst)). */
  void (*softmax_forward)(enum kz_dtype t, int64_t rows, int c, const void *src, void *dst);
  void (*softmax_backward)(enum kz_dtype t, int64_t rows, int c, const void *dst,
                           const void *diff_dst, void *diff_src, bool accumulate);
  /* dst = a + b; dst = a * b; in place allowed. */
  void (*add)(enum kz_dtype t, int64_t count, const void *a, const void *b, void *dst);
  void (*mul)(enum kz_dtype t, int64_t count, const void *a, const void *b, void *dst);
  /* dst += a * b. */
  void (*mul_add)(enum kz_dtype t, int64_t count, const void *a, const void *b, void *dst);
  /* dst [n, hw, c] = src * (1 + film[:, :c]) + film[:, c:]; film [n, 2c]. */
  void (*film_forward)(enum kz_dtype t, int n, int hw, int c, const void *src, const void *film,
                       void *dst);
  void (*film_backward)(enum kz_dtype t, int n, int hw, int c, const void *src, const void *film,
                        const void *diff_dst, void *diff_src, bool accumulate, void *diff_film);


  /* Copy `rows` rows of `c` elements between row strides (elements): concat and slice of channels.
   * accumulate: dst += src. */
  void (*copy_rows)(enum kz_dtype t, int64_t rows, int c, const void *src, int64_t src_stride,
                    void *dst, int64_t dst_stride, bool accumulate);
  /* Nearest enlargement by an integer factor, [n,h,w,c] -> [n,h*f,w*f,c], and its adjoint
   * (sum over each f x f block). dst_stride / diff stride: elements between pixels of the large
   * tensor (>= c), so that it can be a channel slice of a concatenation. */
  void (*nearest_forward)(enum kz_dtype t, struct kz_dims src_dims, int factor, const void *src,
                          void *dst, int64_t dst_stride);
  void (*nearest_backward)(enum kz_dtype t, struct kz_dims src_dims, int factor,
                           const void *diff_dst, int64_t diff_dst_stride, void *diff_src,
                           bool accumulate);
  /* Bilinear resize to (oh, ow), half-pixel centres (PyTorch align_corners=False), and its adjoint
   * (diff_src is overwritten or added to). */
  void (*bilinear_forward)(enum kz_dtype t, struct kz_dims src_dims, int oh, int ow,
                           const void *src, void *dst);
  void (*bilinear_backward)(enum kz_dtype t, struct kz_dims src_dims, int oh, int ow,
                            const void *diff_dst, void *diff_src, bool accumulate);
  /* Largest value of each kernel x kernel window, [n,h,w,c] -> [n,oh,ow,c], windows `stride` apart
   * from the corner; the last may hang over the edge and ends there. winner [n,oh,ow,c]: which
   * pixel of the window it is, ky * kernel + kx, the first if there are several (kernel <= 16);
   * may be NULL in forward. Backward gives each gradient to the winner. */
  void (*max_pool_forward)(enum kz_dtype t, struct kz_dims src_dims, int kernel, int stride, int oh,
                           int ow, const void *src, void *dst, uint8_t *winner);
  void (*max_pool_backward)(enum kz_dtype t, struct kz_dims src_dims, int kernel, int stride,
                            int oh, int ow, const void *diff_dst, const uint8_t *winner,
                            void *diff_src, bool accumulate);
  /* Space to depth by `b` in PyTorch's pixel_unshuffle order: src [n, h, w, c] (src_t) ->
   * dst [n, h/b, w/b, c*b*b] (dst_t), channel = (ch*b + dy)*b + dx. depth_to_space is the inverse
   * (dims are those of the *spatial* tensor [n,h,w,c] in both). accumulate adds. */
  void (*space_to_depth)(enum kz_dtype src_t, enum kz_dtype dst_t, struct kz_dims spatial, int b,
                         const void *src, void *dst, bool accumulate);
  void (*depth_to_space)(enum kz_dtype src_t, enum kz_dtype dst_t, struct kz_dims spatial, int b,
                         const void *src, void *dst, bool accumulate);
  /* Global mean over hw: [n, hw, c] -> [n, c], and its adjoint. */
  void (*mean_forward)(enum kz_dtype t, int n, int hw, int c, const void *src, void *dst);
  void (*mean_backward)(enum kz_dtype t, int n, int hw, int c, const void *diff_dst,
                        void *diff_src, bool accumulate);
  /* Rows of a table: dst [rows, c] = table[index[r]] ; diff_table += (f32, rows in order). */
  void (*embedding_forward)(enum kz_dtype t, int64_t rows, int c, const float *table,
                            const int32_t *index, void *dst);
  void (*embedding_backward)(enum kz_dtype t, int64_t rows, int c, const int32_t *index,
                             const void *diff_dst, float *diff_table);

  /* Weighted loss: e = pred - target; sum over all of weight * (l1 |e| + l2 e^2) / norm, where
   * weight [rows] applies to `c` elements each. Writes diff (dtype t) if not NULL; returns the
   * loss. pred and diff in t, target and weight f32. Sums in a fixed order, f64. */
  double (*loss)(enum kz_dtype t, int64_t rows, int c, float l1, float l2, double norm,
                 const void *pred, const float *target, const float *weight, void *diff);

  void (*convert)(enum kz_dtype src_t, enum kz_dtype dst_t, int64_t count, const void *src,
                  void *dst); /* f32, bf16, f16 in any pairing */
  void (*fill)(enum kz_dtype t, int64_t count, float value, void *dst);
  double (*sum_squares)(int64_t count, const float *x); /* fixed order, f64 sums */
  double (*sum)(int64_t count, const float *x);
  void (*adamw)(const struct kz_adamw *a);
  void (*momentum)(const struct kz_momentum *a);
  void (*descent)(const struct kz_descent *a);
  /* dst = identity * I + linear * a + square * b, all [n, n]; dst is neither. */
  void (*combine)(enum kz_dtype t, int n, float identity, float linear, float square, const void *a,
                  const void *b, void *dst);
  /* Standard normals by a counter-based generator (hash of seed and position, Box-Muller): element
   * i depends only on (seed, offset + i). */
  void (*normal)(uint64_t seed, uint64_t offset, int64_t count, float *dst);
};

/* The best table for this processor; `limit` (NULL: none) names a lower one, for tests and the
 * environment variable KIZIL_ISA. NULL if `limit` is unknown or not available here. */
const struct kz_kernels *kz_kernels_get(const char *limit);
/* The plain reference loops: no vector tricks, one thread; what every table is tested against. */
const struct kz_kernels *kz_kernels_reference(void);
/* True where bf16 products are native (avx512_bf16 or amx_bf16). */
bool kz_cpu_has_bf16(void);

#endif
