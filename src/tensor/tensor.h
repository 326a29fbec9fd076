/* What a tensor is here: a dtype, up to four dimensions, a pointer.
 *
 * Activations are always rank 4 and channels-last: [n, h, w, c], packed.
 * Tokens are [n, 1, t, c], vectors [n, 1, 1, c]. Parameters keep PyTorch's
 * order ([oc, ic, kh, kw], [out, in], [c]) and are f32 masters. */
#ifndef KZ_TENSOR_H
#define KZ_TENSOR_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

enum kz_dtype { KZ_F32, KZ_BF16, KZ_F16 /* files only */ };

struct kz_dims {
  int n, h, w, c;
};

static inline size_t kz_dtype_size(enum kz_dtype t) { return t == KZ_F32 ? 4 : 2; }
static inline size_t kz_dims_count(struct kz_dims d) { return (size_t)d.n * d.h * d.w * d.c; }

typedef uint16_t kz_bf16;

static inline float kz_bf16_to_f32(kz_bf16 v) {
  uint32_t u = (uint32_t)v << 16;
  float f;
  memcpy(&f, &u, 4);
  return f;
}

/* Round to nearest even; NaN stays NaN. */
static inline kz_bf16 kz_f32_to_bf16(float f) {
  uint32_t u;
  memcpy(&u, &f, 4);
  if ((u & 0x7fffffffu) > 0x7f800000u) return (kz_bf16)((u >> 16) | 0x40u);
  return (kz_bf16)((u + 0x7fffu + ((u >> 16) & 1u)) >> 16);
}

#endif
