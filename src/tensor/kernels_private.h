/* What the kernels, their reference and the dispatcher share. */
#ifndef KZ_KERNELS_PRIVATE_H
#define KZ_KERNELS_PRIVATE_H

#include "tensor/kernels.h"

/* One table for each build of kernels_isa.c. */
extern const struct kz_kernels kz__kernels_sse42, kz__kernels_avx2, kz__kernels_avx512,
    kz__kernels_avx512bf16;

/* Group normalisation's scratch, in floats. A sample is cut into at most KZ__NORM_CHUNKS row ranges
 * and a batch into at most KZ__NORM_BLOCKS sample ranges, by shape alone, so that sums do not
 * depend on the number of threads. */
enum { KZ__NORM_CHUNKS = 16, KZ__NORM_BLOCKS = 64 };

/* Attention's tiles: queries and keys of one tile of scores. */
enum { KZ__ATTN_TQ = 64, KZ__ATTN_TK = 256 };

/* A 64-bit finaliser (Stafford's mix 13): every input bit reaches every output bit. */
static inline uint64_t kz__mix(uint64_t x) {
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
  x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
  return x ^ (x >> 31);
}

#endif
