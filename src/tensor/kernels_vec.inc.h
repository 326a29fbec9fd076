/* The vector layer of the kernels: one native vector type, loads and stores of f32 and bf16, and
 * the way work is split over threads. Part of kernels_isa.c, which is compiled once for each
 * instruction set, so everything here is static; the only intrinsics are those gcc's vector
 * extensions cannot say. `t` is a compile-time constant wherever it is passed: one source serves
 * both types. Vectors have the native width: gcc turns wider ones into memory traffic. */
#ifndef KZ_KERNELS_VEC_H
#define KZ_KERNELS_VEC_H

#include <immintrin.h>
#include <omp.h>

#include "tensor/kernels_private.h"

#pragma GCC diagnostic ignored "-Wpsabi"

#if defined(__AVX512F__)
#define VL 16
#elif defined(__AVX2__)
#define VL 8
#else
#define VL 4
#endif

#define INLINE static inline __attribute__((always_inline))

typedef float vf __attribute__((vector_size(4 * VL)));
typedef int32_t vi __attribute__((vector_size(4 * VL)));
typedef uint32_t vu __attribute__((vector_size(4 * VL)));
typedef uint16_t vh __attribute__((vector_size(2 * VL)));
typedef float vf_mem __attribute__((vector_size(4 * VL), aligned(4), may_alias));
typedef uint16_t vh_mem __attribute__((vector_size(2 * VL), aligned(2), may_alias));

INLINE vf vset(float x) {
  return x - (vf){0}; /* a broadcast; keeps -0 and NaN */
}

INLINE vf vmin(vf a, vf b) {
#if VL == 16
  return (vf)_mm512_min_ps((__m512)a, (__m512)b);
#elif VL == 8
  return (vf)_mm256_min_ps((__m256)a, (__m256)b);
#else
  return (vf)_mm_min_ps((__m128)a, (__m128)b);
#endif
}

INLINE vf vmax(vf a, vf b) {
#if VL == 16
  return (vf)_mm512_max_ps((__m512)a, (__m512)b);
#elif VL == 8
  return (vf)_mm256_max_ps((__m256)a, (__m256)b);
#else
  return (vf)_mm_max_ps((__m128)a, (__m128)b);
#endif
}

INLINE vf vselect(vi mask, vf a, vf b) { return (vf)(((vi)a & mask) | ((vi)b & ~mask)); }
INLINE vf vabs(vf x) { return (vf)((vi)x & 0x7fffffff); }

INLINE vf vsqrt(vf x) {
#if VL == 16
  return (vf)_mm512_sqrt_ps((__m512)x);
#elif VL == 8
  return (vf)_mm256_sqrt_ps((__m256)x);
#else
  return (vf)_mm_sqrt_ps((__m128)x);
#endif
}

/* 1 / x to 14 bits where there is an instruction for it, else exactly. */
INLINE vf vrecip_fast(vf x) {
#if VL == 16
  return (vf)_mm512_rcp14_ps((__m512)x);
#else
  return 1.0f / x;
#endif
}

INLINE float vhsum(vf v) {
#if VL == 16
  return _mm512_reduce_add_ps((__m512)v);
#endif
  float s[VL];
  memcpy(s, &v, sizeof s);
  for (int w = VL / 2; w; w /= 2)
    for (int i = 0; i < w; i++) s[i] += s[i + w];
  return s[0];
}

INLINE float vhmax(vf v) {
#if VL == 16
  return _mm512_reduce_max_ps((__m512)v);
#endif
  float s[VL];
  memcpy(s, &v, sizeof s);
  for (int w = VL / 2; w; w /= 2)
    for (int i = 0; i < w; i++) s[i] = s[i] > s[i + w] ? s[i] : s[i + w];
  return s[0];
}

INLINE double vhsum_f64(vf v) {
  float s[VL];
  double d = 0;
  memcpy(s, &v, sizeof s);
  for (int i = 0; i < VL; i++) d += s[i];
  return d;
}

/* bf16 <-> f32. Stores round to nearest even and keep NaN. */
INLINE vf from_bf16(vh h) {
#if VL == 16 /* one permutation of words, odd places filled, instead of widening and shifting */
  const __m512i odd = _mm512_set_epi32(
      0xf0000, 0xe0000, 0xd0000, 0xc0000, 0xb0000, 0xa0000, 0x90000, 0x80000, 0x70000, 0x60000,
      0x50000, 0x40000, 0x30000, 0x20000, 0x10000, 0);
  return (vf)_mm512_maskz_permutexvar_epi16(0xaaaaaaaau, odd, _mm512_castsi256_si512((__m256i)h));
#elif VL == 8
  return (vf)((vu)_mm256_cvtepu16_epi32((__m128i)h) << 16);
#else
  return (vf)(__builtin_convertvector(h, vu) << 16);
#endif
}

INLINE vh to_bf16(vf x) {
#if defined(__AVX512BF16__)
  return (vh)_mm512_cvtneps_pbh((__m512)x);
#else
  vu u = (vu)x;
  vu nan = (vu)(x != x);
  u = (u + 0x7fffu + ((u >> 16) & 1u)) >> 16;
  u = (u & ~nan) | (nan & 0x7fc0u);
#if VL == 16
  return (vh)_mm512_cvtepi32_epi16((__m512i)u);
#elif VL == 8
  __m256i p = _mm256_packus_epi32((__m256i)u, (__m256i)u);
  return (vh)_mm256_castsi256_si128(_mm256_permute4x64_epi64(p, 0xd8));
#else
  __m128i p = _mm_packus_epi32((__m128i)u, (__m128i)u);
  vh h;
  memcpy(&h, &p, sizeof h);
  return h;
#endif
#endif
}

/* Whole vectors at element i. */
INLINE vf ld(enum kz_dtype t, const void *p, int64_t i) {
  if (t == KZ_F32) return *(const vf_mem *)((const float *)p + i);
  return from_bf16(*(const vh_mem *)((const kz_bf16 *)p + i));
}

INLINE void st(enum kz_dtype t, void *p, int64_t i, vf v) {
  if (t == KZ_F32)
    *(vf_mem *)((float *)p + i) = v;
  else
    *(vh_mem *)((kz_bf16 *)p + i) = to_bf16(v);
}

/* The first n lanes, n < VL: what a row or an array ends with. Missing lanes read as 0. */
#if VL == 16
INLINE vf ld_tail_f32(const float *p, int n) {
  return (vf)_mm512_maskz_loadu_ps((__mmask16)((1u << n) - 1), p);
}

INLINE vf ld_tail_bf16(const kz_bf16 *p, int n) {
  return from_bf16((vh)_mm256_maskz_loadu_epi16((__mmask16)((1u << n) - 1), p));
}

INLINE void st_tail_f32(float *p, int n, vf v) {
  _mm512_mask_storeu_ps(p, (__mmask16)((1u << n) - 1), (__m512)v);
}

INLINE void st_tail_bf16(kz_bf16 *p, int n, vf v) {
  _mm256_mask_storeu_epi16(p, (__mmask16)((1u << n) - 1), (__m256i)to_bf16(v));
}
#else
static __attribute__((noinline)) vf ld_tail_f32(const float *p, int n) {
  float b[VL] = {0};
  vf v;
  for (int i = 0; i < n; i++) b[i] = p[i];
  memcpy(&v, b, sizeof v);
  return v;
}

static __attribute__((noinline)) vf ld_tail_bf16(const kz_bf16 *p, int n) {
  kz_bf16 b[VL] = {0};
  vh v;
  for (int i = 0; i < n; i++) b[i] = p[i];
  memcpy(&v, b, sizeof v);
  return from_bf16(v);
}

static __attribute__((noinline)) void st_tail_f32(float *p, int n, vf v) {
  float b[VL];
  memcpy(b, &v, sizeof b);
  for (int i = 0; i < n; i++) p[i] = b[i];
}

static __attribute__((noinline)) void st_tail_bf16(kz_bf16 *p, int n, vf v) {
  vh h = to_bf16(v);
  kz_bf16 b[VL];
  memcpy(b, &h, sizeof b);
  for (int i = 0; i < n; i++) p[i] = b[i];
}
#endif

INLINE vf ldn(enum kz_dtype t, const void *p, int64_t i, int n) {
  if (__builtin_expect(n == VL, 1)) return ld(t, p, i);
  return t == KZ_F32 ? ld_tail_f32((const float *)p + i, n)
                     : ld_tail_bf16((const kz_bf16 *)p + i, n);
}

INLINE void stn(enum kz_dtype t, void *p, int64_t i, int n, vf v) {
  if (__builtin_expect(n == VL, 1)) {
    st(t, p, i, v);
  } else if (t == KZ_F32) {
    st_tail_f32((float *)p + i, n, v);
  } else {
    st_tail_bf16((kz_bf16 *)p + i, n, v);
  }
}

/* One element, for loops that are not worth a vector. */
INLINE float ld1(enum kz_dtype t, const void *p, int64_t i) {
  return t == KZ_F32 ? ((const float *)p)[i] : kz_bf16_to_f32(((const kz_bf16 *)p)[i]);
}

INLINE void st1(enum kz_dtype t, void *p, int64_t i, float v) {
  if (t == KZ_F32)
    ((float *)p)[i] = v;
  else
    ((kz_bf16 *)p)[i] = kz_f32_to_bf16(v);
}

/* Element i's address. */
INLINE void *at(enum kz_dtype t, const void *p, int64_t i) {
  return (char *)(uintptr_t)p + i * (int64_t)kz_dtype_size(t);
}

INLINE int lanes(int64_t i, int64_t end) { return end - i < VL ? (int)(end - i) : VL; }

/* Splitting: [0, count) in one contiguous range a thread, bounds at multiples of `unit`. A range
 * function must give the same bytes however it is cut at units. Serial when the work (count times
 * `cost` elements) is small, or when the caller is a parallel region already. */
typedef void range_fn(const void *args, int64_t begin, int64_t end);

static int thread_count(int64_t work) {
  return work < 16384 || omp_in_parallel() ? 1 : omp_get_max_threads();
}

static int64_t cut(int64_t count, int64_t unit, int part, int parts) {
  int64_t units = (count + unit - 1) / unit;
  int64_t at_unit = units * part / parts;
  return at_unit * unit < count ? at_unit * unit : count;
}

static void split(int64_t count, int64_t unit, int64_t cost, range_fn *fn, const void *args) {
  int threads = thread_count(count * cost);
  if (threads < 2) {
    fn(args, 0, count);
    return;
  }
#pragma omp parallel num_threads(threads)
  {
    int part = omp_get_thread_num(), parts = omp_get_num_threads();
    int64_t begin = cut(count, unit, part, parts), end = cut(count, unit, part + 1, parts);
    if (begin < end) fn(args, begin, end);
  }
}

/* Bind a constant dtype: calls `call` with T standing for it. */
#define WITH_DTYPE(t, call) \
  do { \
    if ((t) == KZ_F32) { \
      const enum kz_dtype T = KZ_F32; \
      call; \
    } else { \
      const enum kz_dtype T = KZ_BF16; \
      call; \
    } \
  } while (0)

#endif
