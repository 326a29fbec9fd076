/* The mixture of three branches with weights of each position: what an adaptive convolution ends
 * with. A row is a position; its three weights are read once. */
#ifndef KZ_KERNELS_MIX_H
#define KZ_KERNELS_MIX_H

#include "tensor/kernels_math.inc.h"

INLINE void mix_forward_body(enum kz_dtype t, const struct kz_mix *a, int64_t begin, int64_t end) {
  for (int64_t r = begin; r < end; r++) {
    vf w[KZ_MIX];
    for (int k = 0; k < KZ_MIX; k++) w[k] = vset(ld1(t, a->weights, r * KZ_MIX + k));
    for (int64_t i = r * a->c, stop = i + a->c; i < stop; i += VL) {
      int n = lanes(i, stop);
      vf s = w[0] * ldn(t, a->src[0], i, n);
      for (int k = 1; k < KZ_MIX; k++) s += w[k] * ldn(t, a->src[k], i, n);
      stn(t, a->dst, i, n, s);
    }
  }
}

/* diff_src_k = w_k diff_dst,  diff_w_k = sum_c diff_dst src_k */
INLINE void mix_backward_body(enum kz_dtype t, const struct kz_mix *a, int64_t begin,
                              int64_t end) {
  for (int64_t r = begin; r < end; r++) {
    for (int k = 0; k < KZ_MIX; k++) {
      vf w = vset(ld1(t, a->weights, r * KZ_MIX + k)), sum = {0};
      for (int64_t i = r * a->c, stop = i + a->c; i < stop; i += VL) {
        int n = lanes(i, stop);
        vf d = ldn(t, a->diff_dst, i, n);
        sum += d * ldn(t, a->src[k], i, n);
        if (!a->diff_src[k]) continue;
        vf to = w * d;
        if (a->accumulate[k]) to += ldn(t, a->diff_src[k], i, n);
        stn(t, a->diff_src[k], i, n, to);
      }
      if (a->diff_weights) st1(t, a->diff_weights, r * KZ_MIX + k, vhsum(sum));
    }
  }
}

static void mix_forward_range(const void *args, int64_t begin, int64_t end) {
  const struct kz_mix *a = args;
  WITH_DTYPE(a->dtype, mix_forward_body(T, a, begin, end));
}

static void mix_backward_range(const void *args, int64_t begin, int64_t end) {
  const struct kz_mix *a = args;
  WITH_DTYPE(a->dtype, mix_backward_body(T, a, begin, end));
}

static void mix_forward(const struct kz_mix *a) {
  split(a->rows, 1, KZ_MIX * a->c, mix_forward_range, a);
}

static void mix_backward(const struct kz_mix *a) {
  split(a->rows, 1, KZ_MIX * a->c, mix_backward_range, a);
}

#endif
