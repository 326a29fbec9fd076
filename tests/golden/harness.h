/* What the engine's tests share: finding files, moving floats in and out of a
 * graph whatever its dtype, comparing, and numbers that PyTorch's scripts and C
 * make alike. Everything is static inline, so that a test stays one file. */
#ifndef KZ_TEST_HARNESS_H
#define KZ_TEST_HARNESS_H

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "nn/graph.h"
#include "nn/safetensors.h"

#define HARNESS_UNUSED __attribute__((unused))

/* A path under the source root; static buffer. */
static HARNESS_UNUSED const char *source_path(const char *rest) {
  static char path[1024];
  const char *root = getenv("KIZIL_SOURCE");
  snprintf(path, sizeof path, "%s/%s", root ? root : ".", rest);
  return path;
}

/* A path under the shared folder (KIZIL_SHARED, else ../shared), or NULL if it is not there. */
static HARNESS_UNUSED const char *shared_path(const char *rest) {
  static char path[1024];
  const char *shared = getenv("KIZIL_SHARED"), *root = getenv("KIZIL_SOURCE");
  if (shared) snprintf(path, sizeof path, "%s/%s", shared, rest);
  else snprintf(path, sizeof path, "%s/../shared/%s", root ? root : ".", rest);
  return access(path, R_OK) == 0 ? path : NULL;
}

/* Element `i` of stream `seed`: a hash (murmur3's finaliser), in [-1, 1), exact in f32. The same
 * function is in tests/golden/make_network.py. */
static inline float noise_at(uint32_t seed, uint32_t i) {
  uint32_t h = i * 0x9e3779b1u + seed * 0x85ebca77u + 0x165667b1u;
  h ^= h >> 16;
  h *= 0x85ebca6bu;
  h ^= h >> 13;
  h *= 0xc2b2ae35u;
  h ^= h >> 16;
  return (float)(int32_t)(h >> 8) / 8388608.0f - 1.0f;
}

/* Storage of any dtype, element by element. */
static inline float get_at(enum kz_dtype t, const void *p, size_t i) {
  return t == KZ_F32 ? ((const float *)p)[i] : kz_bf16_to_f32(((const kz_bf16 *)p)[i]);
}
static inline void put_at(enum kz_dtype t, void *p, size_t i, float v) {
  if (t == KZ_F32) ((float *)p)[i] = v;
  else ((kz_bf16 *)p)[i] = kz_f32_to_bf16(v);
}

/* An F32 tensor of a golden file as aligned floats; the test fails if it is not there. Caller frees. */
static HARNESS_UNUSED float *golden_floats(const struct kz_safetensors *s, const char *name,
                                           size_t *count) {
  const struct kz_st_tensor *t = kz_safetensors_find(s, name);
  if (!t) fail_msg("golden file has no tensor %s", name);
  assert_int_equal(t->dtype, KZ_ST_F32);
  float *f = malloc(t->bytes + 4);
  assert_non_null(f);
  memcpy(f, t->data, t->bytes);
  *count = t->bytes / 4;
  return f;
}

/* Largest difference over the largest reference value. */
static HARNESS_UNUSED double relative_error(enum kz_dtype t, const void *got, const float *want,
                                            size_t count) {
  double worst = 0, largest = 1e-30;
  for (size_t i = 0; i < count; i++) {
    double g = get_at(t, got, i), d = fabs(g - want[i]);
    if (!(d <= 1e30)) return INFINITY; /* NaN too */
    if (d > worst) worst = d;
    if (fabs(want[i]) > largest) largest = fabs(want[i]);
  }
  return worst / largest;
}

static HARNESS_UNUSED double cosine(const float *a, const float *b, size_t count) {
  double ab = 0, aa = 0, bb = 0;
  for (size_t i = 0; i < count; i++) {
    ab += (double)a[i] * b[i];
    aa += (double)a[i] * a[i];
    bb += (double)b[i] * b[i];
  }
  return ab / (sqrt(aa * bb) + 1e-300);
}

/* Fails the test with the engine's own message. */
#define assert_ok(call)                                                        \
  do {                                                                         \
    int code_ = (call);                                                        \
    if (code_) fail_msg("%s: %d %s", #call, code_, err.msg);                   \
  } while (0)

#endif
