/* A scene is a kernel's operands: buffers of random numbers. It is cloned for each table and each
 * thread count, the kernel runs on each clone, and every buffer (so also those it should not have
 * touched) is compared with the reference's; thread counts must agree to the byte. */
#ifndef TEST_KERNELS_SCENE_H
#define TEST_KERNELS_SCENE_H

#include <math.h>
#include <omp.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "tensor/kernels.h"

struct buffer {
  enum kz_dtype t;
  int64_t count;
  void *data;
};

enum { MAX_BUFFERS = 16 };

struct scene {
  enum kz_dtype t;
  int n, hw, c, groups, heads, tk;
  int i0, i1;                 /* whatever else the kernel asks for */
  bool accumulate, film, in_place;
  int threads;                /* run with 1 to this many; 0: 2 */
  enum kz_act act;
  double result;              /* what the kernel returned */
  float *scratch;             /* not compared */
  int buffers;
  struct buffer b[MAX_BUFFERS];
};

typedef void scene_fn(const struct kz_kernels *k, struct scene *s);

static const char *const all_isas[] = {"sse4.2", "avx2", "avx512", "avx512-bf16"};

/* A new buffer of uniform numbers in [low, high). */
static inline void scene_add(struct scene *s, enum kz_dtype t, int64_t count, float low,
                             float high) {
  static uint64_t state = 88172645463325252u;
  struct buffer *b = &s->b[s->buffers++];
  assert_true(s->buffers <= MAX_BUFFERS);
  *b = (struct buffer){t, count, malloc((size_t)count * kz_dtype_size(t) + 1)};
  assert_non_null(b->data);
  for (int64_t i = 0; i < count; i++) {
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    float v = low + (high - low) * (float)(state >> 40) * 0x1p-24f;
    if (t == KZ_F32)
      ((float *)b->data)[i] = v;
    else
      ((kz_bf16 *)b->data)[i] = kz_f32_to_bf16(v);
  }
}

static inline struct scene scene_clone(const struct scene *s) {
  struct scene r = *s;
  for (int i = 0; i < s->buffers; i++) {
    size_t bytes = (size_t)s->b[i].count * kz_dtype_size(s->b[i].t);
    r.b[i].data = malloc(bytes + 1);
    assert_non_null(r.b[i].data);
    memcpy(r.b[i].data, s->b[i].data, bytes);
  }
  return r;
}

static inline void scene_free(struct scene *s) {
  for (int i = 0; i < s->buffers; i++) free(s->b[i].data);
}

static inline double buffer_get(const struct buffer *b, int64_t i) {
  return b->t == KZ_F32 ? (double)((const float *)b->data)[i]
                        : (double)kz_bf16_to_f32(((const kz_bf16 *)b->data)[i]);
}

/* Each element within a part of itself plus a part of the buffer's largest (of 1, if all are
 * small: what cancels exactly on paper need not here). */
static inline void buffer_compare(const struct buffer *a, const struct buffer *want, double rel,
                                  double floor, const char *where, int index) {
  double most = 1;
  for (int64_t i = 0; i < want->count; i++) most = fmax(most, fabs(buffer_get(want, i)));
  for (int64_t i = 0; i < want->count; i++) {
    double x = buffer_get(a, i), y = buffer_get(want, i);
    if (!(fabs(x - y) <= rel * fabs(y) + floor * most))
      fail_msg("%s: buffer %d, element %ld: %.9g, reference %.9g (largest %.3g)", where, index,
               (long)i, x, y, most);
  }
}

static inline void scene_compare(const struct scene *a, const struct scene *want,
                                 const char *where) {
  for (int i = 0; i < want->buffers; i++) {
    if (want->b[i].t == KZ_BF16) /* one rounding apart */
      buffer_compare(&a->b[i], &want->b[i], 0.009, 0.004, where, i);
    else if (want->t == KZ_BF16) /* f32 sums of values with a fast exponential */
      buffer_compare(&a->b[i], &want->b[i], 4e-4, 4e-4, where, i);
    else
      buffer_compare(&a->b[i], &want->b[i], 8e-6, 8e-6, where, i);
  }
  if (!(fabs(a->result - want->result) <= 1e-5 * fabs(want->result)))
    fail_msg("%s: returned %.12g, reference %.12g", where, a->result, want->result);
}

/* Runs, compares, frees the scene. */
static inline void scene_check(struct scene *s, scene_fn *run, const char *name) {
  struct scene want = scene_clone(s);
  char where[200];
  run(kz_kernels_reference(), &want);
  for (size_t i = 0; i < sizeof all_isas / sizeof *all_isas; i++) {
    const struct kz_kernels *k = kz_kernels_get(all_isas[i]);
    if (!k) continue;
    struct scene first = scene_clone(s);
    for (int threads = 1; threads <= (s->threads ? s->threads : 2); threads++) {
      struct scene got = scene_clone(s);
      omp_set_num_threads(threads);
      run(k, &got);
      snprintf(where, sizeof where, "%s, %s, %s, n %d hw %d c %d groups %d, %d threads", name,
               k->isa, s->t == KZ_F32 ? "f32" : "bf16", s->n, s->hw, s->c, s->groups, threads);
      scene_compare(&got, &want, where);
      if (threads == 1) {
        scene_free(&first);
        first = got;
        continue;
      }
      for (int b = 0; b < s->buffers; b++)
        if (memcmp(first.b[b].data, got.b[b].data,
                   (size_t)s->b[b].count * kz_dtype_size(s->b[b].t)))
          fail_msg("%s: buffer %d differs from one thread's", where, b);
      assert_true(first.result == got.result);
      scene_free(&got);
    }
    scene_free(&first);
  }
  scene_free(&want);
  scene_free(s);
}

#endif
