/* Which kernels this processor gets. The builds need what x86-64-v2, v3 and v4 name; gcc's cpu
 * checks also ask the operating system whether it saves the wide registers. */
#include <string.h>

#include "tensor/kernels_private.h"

static bool has_v2(void) {
  return __builtin_cpu_supports("sse4.2") && __builtin_cpu_supports("ssse3") &&
         __builtin_cpu_supports("popcnt");
}

static bool has_v3(void) {
  return has_v2() && __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") &&
         __builtin_cpu_supports("bmi") && __builtin_cpu_supports("bmi2");
}

static bool has_v4(void) {
  return has_v3() && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
         __builtin_cpu_supports("avx512cd") && __builtin_cpu_supports("avx512dq") &&
         __builtin_cpu_supports("avx512vl");
}

static bool has_v4_bf16(void) { return has_v4() && __builtin_cpu_supports("avx512bf16"); }

bool kz_cpu_has_bf16(void) { return has_v4_bf16(); }

const struct kz_kernels *kz_kernels_get(const char *limit) {
  static const struct {
    const struct kz_kernels *table;
    bool (*has)(void);
  } builds[] = {
      {&kz__kernels_avx512bf16, has_v4_bf16},
      {&kz__kernels_avx512, has_v4},
      {&kz__kernels_avx2, has_v3},
      {&kz__kernels_sse42, has_v2},
  };
  for (size_t i = 0; i < sizeof builds / sizeof *builds; i++) {
    if (limit && strcmp(limit, builds[i].table->isa)) continue;
    if (builds[i].has()) return builds[i].table;
    if (limit) return NULL;
  }
  return NULL;
}

/* Slots of chunk sums (a sample each when threads share samples, else a thread each), coefficients
 * of each thread, partial sums of each block: see kernels_norm.inc.h. */
size_t kz_norm_scratch(int n, int c, int threads) {
  size_t t = threads < 1 ? 1 : (size_t)threads, slots = 4 * t;
  if ((size_t)n < slots) slots = (size_t)n;
  if (slots < t) slots = t;
  return (slots * (2 * KZ__NORM_CHUNKS + 1) + t * 6 + 2 * KZ__NORM_BLOCKS) * (size_t)c;
}

size_t kz_attention_scratch(int d, int tq, int tk, int threads) {
  size_t dp = ((size_t)d + 15) & ~(size_t)15, tkp = ((size_t)tk + 15) & ~(size_t)15;
  size_t one = 6 * dp * tkp + 5 * KZ__ATTN_TQ * dp + 4 * KZ__ATTN_TQ * KZ__ATTN_TK +
               2 * KZ__ATTN_TQ;
  (void)tq;
  return one * (threads < 1 ? 1 : (size_t)threads);
}
