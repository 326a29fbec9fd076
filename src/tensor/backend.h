/* A backend computes: memory, convolutions (with everything that is one: linear
 * layers are 1 x 1), matrix products, and the vector kernels. The CPU backend is oneDNN plus our
 * kernels; a CUDA backend is written against this same table, so no type of
 * either appears above it. */
#ifndef KZ_BACKEND_H
#define KZ_BACKEND_H

#include <kizil/err.h>

#include "tensor/kernels.h"

/* One convolution at one shape (names as in oneDNN). */
struct kz_conv_desc {
  int mb, ic, oc, ih, iw, kh, kw;
  int stride, dilation, pad, groups; /* dilation 1 = dense; pad on every side */
  enum kz_dtype dtype;               /* of src, weights and their diffs */
  enum kz_dtype dst_dtype;           /* of dst; its diff has `dtype` */
  bool bias, residual;               /* dst = conv(src) (+ bias) (+ residual) */
  bool backward_data, backward_weights; /* make these plans too */
};

struct kz_conv; /* a plan; opaque */

/* One product of matrices, c [m, n] = a [m, k] b [k, n], rows packed. A transposed factor is stored
 * the other way round: a as [k, m], b as [n, k]. */
struct kz_matmul_desc {
  int m, n, k;
  bool a_transposed, b_transposed;
  enum kz_dtype dtype; /* of all three; sums are f32 */
};

struct kz_matmul; /* a plan; opaque */

struct kz_backend {
  const char *name;
  const struct kz_kernels *kernels;

  int (*threads)(void); /* that kernels will use when called from this thread */
  void *(*alloc)(size_t bytes); /* 64-byte aligned, zeroed; NULL: no memory */
  void (*free)(void *p);

  int (*conv_new)(const struct kz_conv_desc *desc, struct kz_conv **out, struct kz_err *err);
  void (*conv_free)(struct kz_conv *conv);
  /* Bytes of: packed weights for forward and for backward-data; scratch of forward (and packing)
   * and of the backward passes. */
  size_t (*conv_packed_size)(const struct kz_conv *conv, bool backward);
  size_t (*conv_scratch_size)(const struct kz_conv *conv, bool backward);
  /* Lay out f32 weights [oc, ic/groups, kh, kw] for forward, and for backward if `bwd` is not NULL. */
  int (*conv_pack)(struct kz_conv *conv, const float *weights, void *fwd, void *bwd, void *scratch,
                   struct kz_err *err);
  /* dst may alias neither src nor residual. `residual` has dst's shape and dst_dtype. */
  int (*conv_forward)(struct kz_conv *conv, const void *src, const void *packed, const float *bias,
                      const void *residual, void *dst, void *scratch, struct kz_err *err);
  /* diff_src is overwritten. */
  int (*conv_backward_data)(struct kz_conv *conv, const void *diff_dst, const void *packed,
                            void *diff_src, void *scratch, struct kz_err *err);
  /* diff_weights [oc, ic/groups, kh, kw] and diff_bias [oc], f32, always added to. */
  int (*conv_backward_weights)(struct kz_conv *conv, const void *src, const void *diff_dst,
                               float *diff_weights, float *diff_bias, void *scratch,
                               struct kz_err *err);

  int (*matmul_new)(const struct kz_matmul_desc *desc, struct kz_matmul **out, struct kz_err *err);
  void (*matmul_free)(struct kz_matmul *matmul);
  size_t (*matmul_scratch_size)(const struct kz_matmul *matmul); /* bytes */
  /* c may alias neither a nor b; a and b may be the same. */
  int (*matmul)(struct kz_matmul *matmul, const void *a, const void *b, void *c, void *scratch,
                struct kz_err *err);
};

/* The CPU backend; a static, needs no release. `threads` 0: all processors; holds for the calling
 * thread. The environment variable KIZIL_ISA limits the vector kernels ("sse42", "avx2", ...). */
const struct kz_backend *kz_backend_cpu(int threads);
/* Plain loops, one thread, f32 only: what the tests compare the others with. */
const struct kz_backend *kz_backend_reference(void);

#endif
