/* Products of matrices against the reference backend; Muon's steps against what they stand for:
 * orthogonal, in the gradient's own singular directions, whatever its size. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "nn/muon.h"

static void fill(struct kz_rng *rng, enum kz_dtype t, int64_t count, void *to) {
  for (int64_t i = 0; i < count; i++) {
    float v = kz_rng_normal(rng);
    if (t == KZ_F32)
      ((float *)to)[i] = v;
    else
      ((kz_bf16 *)to)[i] = kz_f32_to_bf16(v);
  }
}

static void product(const struct kz_backend *be, const struct kz_matmul_desc *d, const void *a,
                    const void *b, void *c) {
  struct kz_matmul *m = NULL;
  struct kz_err err = {0};
  if (be->matmul_new(d, &m, &err)) fail_msg("%s", err.msg);
  void *scratch = be->alloc(be->matmul_scratch_size(m));
  if (be->matmul(m, a, b, c, scratch, &err)) fail_msg("%s", err.msg);
  be->free(scratch);
  be->matmul_free(m);
}

static void check_product(int m, int n, int k, bool at, bool bt, enum kz_dtype t) {
  const struct kz_backend *cpu = kz_backend_cpu(2), *ref = kz_backend_reference();
  const struct kz_matmul_desc f32 = {m, n, k, at, bt, KZ_F32}, d = {m, n, k, at, bt, t};
  struct kz_rng rng;
  float *a = ref->alloc((size_t)m * k * 4), *b = ref->alloc((size_t)k * n * 4);
  float *want = ref->alloc((size_t)m * n * 4), *got = ref->alloc((size_t)m * n * 4);
  void *x = ref->alloc((size_t)m * k * 4), *y = ref->alloc((size_t)k * n * 4);
  void *z = ref->alloc((size_t)m * n * 4);
  kz_rng_init(&rng, 7);
  fill(&rng, t, (int64_t)m * k, x);
  fill(&rng, t, (int64_t)k * n, y);
  cpu->kernels->convert(t, KZ_F32, (int64_t)m * k, x, a);
  cpu->kernels->convert(t, KZ_F32, (int64_t)k * n, y, b);
  product(ref, &f32, a, b, want);
  product(cpu, &d, x, y, z);
  cpu->kernels->convert(t, KZ_F32, (int64_t)m * n, z, got);
  double rounding = t == KZ_F32 ? 0 : 1. / 256; /* of the result; sums are f32 in both */
  for (int i = 0; i < m * n; i++)
    if (!(fabs((double)got[i] - want[i]) <= rounding * fabs(want[i]) + 4e-6 * (sqrt(k) + 3)))
      fail_msg("%d x %d x %d, %d%d, dtype %d: [%d] is %g, not %g", m, n, k, at, bt, (int)t, i,
               (double)got[i], (double)want[i]);
  void *all[] = {a, b, want, got, x, y, z};
  for (int i = 0; i < 7; i++) ref->free(all[i]);
}

static void test_products(void **state) {
  static const int shapes[][3] = {{1, 1, 1}, {33, 33, 70}, {64, 576, 64}, {50, 7, 129}};
  (void)state;
  for (enum kz_dtype t = KZ_F32; t <= KZ_BF16; t++) {
    if (t == KZ_BF16 && !kz_cpu_has_bf16()) continue;
    for (int i = 0; i < 4; i++)
      for (int v = 0; v < 4; v++)
        check_product(shapes[i][0], shapes[i][1], shapes[i][2], v & 1, v & 2, t);
  }
}

/* One matrix [rows, cols] and one vector; the gradient is given, momentum starts at zero. */
struct bench {
  struct kz_paramset set;
  struct kz_muon *muon;
  struct kz_adamw step;
  int rows, cols;
};

static void open_bench(struct bench *b, const struct kz_backend *be, int rows, int cols,
                       enum kz_dtype t) {
  struct kz_err err = {0};
  *b = (struct bench){.rows = rows, .cols = cols};
  kz_paramset_init(&b->set, be);
  assert_int_equal(kz_paramset_declare(&b->set, "v", 1, (int[]){5}, 5, KZ_INIT_ZERO, &err), 0);
  assert_int_equal(
      kz_paramset_declare(&b->set, "w", 2, (int[]){rows, cols}, cols, KZ_INIT_ZERO, &err), 1);
  assert_int_equal(kz_paramset_allocate(&b->set, true, &err), 0);
  if (kz_muon_new(&b->set, t, &b->muon, &err)) fail_msg("%s", err.msg);
  b->step = (struct kz_adamw){.count = b->set.count, .rate = .1f, .beta1 = .9f, .beta2 = .99f,
                              .eps = 1e-12f, .correction1 = .1f, .correction2 = .01f,
                              .grad_scale = 1, .ema_rate = 1, .w = b->set.data, .m = b->set.m,
                              .v = b->set.v, .ema = b->set.ema, .g = b->set.grad};
}

static void close_bench(struct bench *b) {
  kz_muon_free(b->muon);
  kz_paramset_release(&b->set);
}

static float *matrix(const struct bench *b, float *flat) { return flat + b->set.info[1].offset; }

static void update_turn(struct bench *b, int64_t step, int interval) {
  struct kz_err err = {0};
  const struct kz_muon_turn turn = {.momentum = .95, .step = step, .interval = interval};
  if (kz_muon_update(b->muon, &b->step, &turn, &err)) fail_msg("%s", err.msg);
}

static void update(struct bench *b) { update_turn(b, 0, 1); }

/* The step of the matrix without its scale: O in w = -rate 0.2 sqrt(max) O. */
static double step_at(const struct bench *b, int i, int j) {
  double scale = -.1 * .2 * sqrt(b->rows > b->cols ? b->rows : b->cols);
  return matrix(b, b->set.data)[i * b->cols + j] / scale;
}

/* Rows (of a wide matrix; columns of a tall one) come out nearly orthonormal. */
static void check_orthogonal(int rows, int cols, enum kz_dtype t, float size) {
  struct bench b;
  struct kz_rng rng;
  open_bench(&b, kz_backend_cpu(2), rows, cols, t);
  kz_rng_init(&rng, 11);
  float *g = matrix(&b, b.set.grad);
  for (int i = 0; i < rows * cols; i++) g[i] = size * kz_rng_normal(&rng);
  double along = 0, norm = 0;
  float *copy = malloc((size_t)(rows * cols) * sizeof *copy);
  assert_non_null(copy);
  memcpy(copy, g, (size_t)(rows * cols) * sizeof *copy);
  update(&b);
  bool tall = rows > cols;
  int n = tall ? cols : rows, m = tall ? rows : cols;
  for (int i = 0; i < n; i++)
    for (int j = 0; j <= i; j++) {
      double dot = 0;
      for (int k = 0; k < m; k++)
        dot += tall ? step_at(&b, k, i) * step_at(&b, k, j) : step_at(&b, i, k) * step_at(&b, j, k);
      if (i == j ? !(dot > .4 && dot < 1.5) : !(fabs(dot) < .35))
        fail_msg("%d x %d, size %g: row %d times row %d is %g", rows, cols, (double)size, i, j,
                 dot);
    }
  for (int i = 0; i < rows * cols; i++) {
    along += step_at(&b, i / cols, i % cols) * copy[i];
    norm += (double)copy[i] * copy[i];
    assert_true(g[i] == 0);
    assert_true(matrix(&b, b.set.ema)[i] == matrix(&b, b.set.data)[i]);
  }
  assert_true(along > .5 * sqrt(norm)); /* downhill */
  free(copy);
  close_bench(&b);
}

static void test_orthogonal(void **state) {
  (void)state;
  for (enum kz_dtype t = KZ_F32; t <= KZ_BF16; t++) {
    if (t == KZ_BF16 && !kz_cpu_has_bf16()) continue;
    check_orthogonal(32, 288, t, 1);
    check_orthogonal(96, 40, t, 1);
    check_orthogonal(48, 400, t, 1e-5f);
    check_orthogonal(48, 400, t, 1e4f);
  }
}

/* A diagonal gradient keeps its directions: large and small entries become steps of one size. */
static void test_diagonal(void **state) {
  (void)state;
  const struct kz_backend *backends[] = {kz_backend_reference(), kz_backend_cpu(1)};
  for (int k = 0; k < 2; k++) {
    struct bench b;
    open_bench(&b, backends[k], 32, 64, KZ_F32);
    for (int i = 0; i < 32; i++) matrix(&b, b.set.grad)[i * 64 + i] = i % 2 ? -2.f : .05f;
    update(&b);
    for (int i = 0; i < 32; i++)
      for (int j = 0; j < 64; j++) {
        double o = step_at(&b, i, j) * (i % 2 ? -1 : 1);
        if (i == j ? !(o > .6 && o < 1.25) : !(fabs(o) < 1e-6)) fail_msg("[%d, %d]: %g", i, j, o);
      }
    close_bench(&b);
  }
}

/* Where nothing flows back (a layer behind zero weights) nothing moves and nothing breaks; the
 * vector beside it takes AdamW's step. */
static void test_silent(void **state) {
  (void)state;
  struct bench b;
  open_bench(&b, kz_backend_cpu(1), 32, 64, KZ_F32);
  for (int i = 0; i < 5; i++) b.set.grad[i] = (float)(i + 1);
  b.set.data[b.set.info[1].offset] = 3;
  update(&b);
  for (int i = 0; i < 5; i++) assert_true(fabsf(b.set.data[i] + .1f) < 1e-5f);
  for (int i = 0; i < 32 * 64; i++)
    assert_true(matrix(&b, b.set.data)[i] == (i == 0 ? 3.f : 0.f));
  close_bench(&b);
}

/* With an interval of three a matrix moves once in three updates, three times as far; the vector
 * moves at each, and momentum gathers at each. */
static void test_interval(void **state) {
  (void)state;
  struct bench every, third;
  open_bench(&every, kz_backend_cpu(1), 32, 64, KZ_F32);
  open_bench(&third, kz_backend_cpu(1), 32, 64, KZ_F32);
  third.step.ema_rate = .1f;
  for (int step = 1; step <= 3; step++) {
    struct bench *all[] = {&every, &third};
    for (int k = 0; k < 2; k++) {
      for (int i = 0; i < 32; i++) matrix(all[k], all[k]->set.grad)[i * 65] = 1 + i % 3;
      all[k]->set.grad[0] = 1;
      float before = all[k]->set.data[0];
      update_turn(all[k], step, k ? 3 : 1);
      assert_true(all[k]->set.data[0] < before);
    }
    float w = matrix(&third, third.set.data)[0], e = matrix(&third, third.set.ema)[0];
    float v = matrix(&every, every.set.data)[0];
    if (step < 3)
      assert_true(w == 0 && e == 0);
    else
      assert_true(v < 0 && fabsf(w / v - 1) < .25f && fabsf(e / w - .271f) < 1e-4f);
  }
  assert_memory_equal(every.set.m, third.set.m, (size_t)third.set.count * sizeof(float));
  close_bench(&every);
  close_bench(&third);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_products),
                                     cmocka_unit_test(test_orthogonal),
                                     cmocka_unit_test(test_diagonal),
                                     cmocka_unit_test(test_silent),
                                     cmocka_unit_test(test_interval)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
