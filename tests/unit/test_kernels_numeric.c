/* Sums, the loss, the optimisers, normals, conversion, and which table is chosen. */
#include "test_kernels_scene.h"

static void run_loss(const struct kz_kernels *k, struct scene *s) {
  s->result = k->loss(s->t, s->n, s->c, 0.5f, 1.5f, 37.0, s->b[0].data, s->b[1].data,
                      s->b[2].data, s->film ? s->b[3].data : NULL);
}

static void test_loss(void **state) {
  static const int widths[] = {1, 3, 16, 17, 48};
  (void)state;
  for (enum kz_dtype t = KZ_F32; t <= KZ_BF16; t++)
    for (int i = 0; i < 10; i++) {
      struct scene s = {.t = t, .n = i < 5 ? 7 : 3000, .c = widths[i % 5], .film = i != 3};
      scene_add(&s, t, (int64_t)s.n * s.c, -1, 1);
      scene_add(&s, KZ_F32, (int64_t)s.n * s.c, -1, 1);
      scene_add(&s, KZ_F32, s.n, 0, 1);
      scene_add(&s, t, (int64_t)s.n * s.c, -1, 1);
      scene_check(&s, run_loss, "loss");
    }
}

/* At e = 0 the gradient of |e| is 0. */
static void test_loss_at_zero(void **state) {
  const float x[3] = {1, -2, 0}, weight[3] = {1, 1, 1};
  float diff[3] = {5, 5, 5};
  (void)state;
  for (size_t i = 0; i < sizeof all_isas / sizeof *all_isas; i++) {
    const struct kz_kernels *k = kz_kernels_get(all_isas[i]);
    if (!k) continue;
    assert_true(k->loss(KZ_F32, 3, 1, 1, 1, 1, x, x, weight, diff) == 0);
    for (int j = 0; j < 3; j++) assert_true(diff[j] == 0);
  }
}

static void run_sum(const struct kz_kernels *k, struct scene *s) {
  s->result = s->i0 ? k->sum_squares(s->b[0].count, s->b[0].data)
                    : k->sum(s->b[0].count, s->b[0].data);
}

static void test_sums(void **state) {
  static const int counts[] = {1, 17, 63, 1000, 123457};
  (void)state;
  for (int i = 0; i < 10; i++) {
    struct scene s = {.n = counts[i / 2], .i0 = i & 1};
    scene_add(&s, KZ_F32, s.n, -0.5f, 1);
    scene_check(&s, run_sum, "sum");
  }
}

static void run_adamw(const struct kz_kernels *k, struct scene *s) {
  struct kz_adamw a = {.count = s->n, .rate = 1e-2f, .beta1 = 0.9f, .beta2 = 0.99f, .eps = 1e-8f,
                       .decay = 0.1f, .correction1 = 0.19f, .correction2 = 0.02f,
                       .grad_scale = 0.7f, .ema_rate = s->film ? 0.01f : 0,
                       .w = s->b[0].data, .m = s->b[1].data, .v = s->b[2].data,
                       .ema = s->accumulate ? NULL : s->b[3].data, .g = s->b[4].data};
  k->adamw(&a);
}

static void test_adamw(void **state) {
  (void)state;
  for (int v = 0; v < 8; v++) {
    struct scene s = {.n = v < 4 ? 37 : 20001, .film = v & 1, .accumulate = v & 2};
    for (int b = 0; b < 5; b++) scene_add(&s, KZ_F32, s.n, b == 2 ? 0 : -1, 1);
    scene_check(&s, run_adamw, "adamw");
  }
}

static void run_momentum(const struct kz_kernels *k, struct scene *s) {
  struct kz_momentum a = {.count = s->n, .beta = 0.95f, .grad_scale = 0.7f, .m = s->b[0].data,
                          .g = s->b[1].data, .dtype = s->t, .dst = s->b[2].data};
  k->momentum(&a);
}

static void run_descent(const struct kz_kernels *k, struct scene *s) {
  struct kz_descent a = {.count = s->n, .rate = 0.3f, .decay = 0.01f,
                         .ema_rate = s->film ? 0.1f : 0, .dtype = s->t, .u = s->b[2].data,
                         .w = s->b[0].data, .ema = s->accumulate ? NULL : s->b[1].data};
  k->descent(&a);
}

static void test_momentum_and_descent(void **state) {
  (void)state;
  for (enum kz_dtype t = KZ_F32; t <= KZ_BF16; t++)
    for (int v = 0; v < 8; v++) {
      struct scene s = {.t = t, .n = v < 4 ? 37 : 20001, .film = v & 1, .accumulate = v & 2};
      scene_add(&s, KZ_F32, s.n, -1, 1);
      scene_add(&s, KZ_F32, s.n, -1, 1);
      scene_add(&s, t, s.n, -1, 1);
      struct scene again = scene_clone(&s);
      scene_check(&s, run_momentum, "momentum");
      scene_check(&again, run_descent, "descent");
    }
}

static void run_combine(const struct kz_kernels *k, struct scene *s) {
  k->combine(s->t, s->n, 3.5f, -4.75f, 2, s->b[0].data, s->b[1].data, s->b[2].data);
}

static void test_combine(void **state) {
  static const int sizes[] = {1, 17, 64, 200};
  (void)state;
  for (enum kz_dtype t = KZ_F32; t <= KZ_BF16; t++)
    for (int i = 0; i < 4; i++) {
      struct scene s = {.t = t, .n = sizes[i]};
      for (int b = 0; b < 3; b++) scene_add(&s, t, (int64_t)s.n * s.n, -1, 1);
      scene_check(&s, run_combine, "combine");
    }
}

static void run_normal(const struct kz_kernels *k, struct scene *s) {
  k->normal(1234567, (uint64_t)s->i0, s->b[0].count, s->b[0].data);
}

/* Against the reference at any offset, and moments: mean 0, variance 1, skew 0, kurtosis 3. */
static void test_normal(void **state) {
  static const int offsets[] = {0, 1, 16, 31, 32, 1000003};
  enum { COUNT = 400000 };
  double moment[5] = {0};
  (void)state;
  for (int i = 0; i < 12; i++) {
    struct scene s = {.i0 = offsets[i / 2], .n = i & 1 ? 21 : 5000};
    scene_add(&s, KZ_F32, s.n, 0, 1);
    scene_check(&s, run_normal, "normal");
  }
  float *x = malloc(sizeof(float) * COUNT), most = 0;
  assert_non_null(x);
  kz_kernels_get(NULL)->normal(7, 0, COUNT, x);
  for (int i = 0; i < COUNT; i++) {
    for (int p = 1; p <= 4; p++) moment[p] += pow(x[i], p) / COUNT;
    most = fmaxf(most, fabsf(x[i]));
  }
  free(x);
  assert_true(fabs(moment[1]) < 0.007 && fabs(moment[2] - 1) < 0.01);
  assert_true(fabs(moment[3]) < 0.02 && fabs(moment[4] - 3) < 0.06);
  assert_true(most > 4 && most < 7);
}

/* Element i is a function of (seed, offset + i) alone; seeds differ. */
static void test_normal_position(void **state) {
  float whole[300], part[300], other[300];
  const struct kz_kernels *k = kz_kernels_get(NULL);
  int same = 0;
  (void)state;
  k->normal(99, 5000, 300, whole);
  for (int i = 0; i < 300; i += 7) {
    k->normal(99, 5000 + (uint64_t)i, 300 - i, part);
    assert_memory_equal(part, whole + i, sizeof(float) * (size_t)(300 - i));
  }
  k->normal(100, 5000, 300, other);
  for (int i = 0; i < 300; i++) same += whole[i] == other[i];
  assert_true(same < 3);
}

/* Every half there is goes to f32 and back; f32 to half and bf16 as the reference rounds. */
static void test_convert(void **state) {
  enum { COUNT = 65536 };
  uint16_t *half = malloc(2 * COUNT), *back = malloc(2 * COUNT), *want = malloc(2 * COUNT);
  float *f = malloc(4 * COUNT), *g = malloc(4 * COUNT);
  const struct kz_kernels *ref = kz_kernels_reference();
  (void)state;
  assert_true(half && back && want && f && g);
  for (size_t i = 0; i < sizeof all_isas / sizeof *all_isas; i++) {
    const struct kz_kernels *k = kz_kernels_get(all_isas[i]);
    if (!k) continue;
    for (int j = 0; j < COUNT; j++) half[j] = (uint16_t)j;
    k->convert(KZ_F16, KZ_F32, COUNT, half, f);
    ref->convert(KZ_F16, KZ_F32, COUNT, half, g);
    k->convert(KZ_F32, KZ_F16, COUNT, f, back);
    for (int j = 0; j < COUNT; j++) {
      if (isnan(g[j])) {
        assert_true(isnan(f[j]) && (back[j] & 0x7c00) == 0x7c00 && (back[j] & 0x3ff));
      } else {
        assert_true(f[j] == g[j] && signbit(f[j]) == signbit(g[j]));
        assert_int_equal(back[j], half[j]);
      }
    }
    for (int j = 0; j < COUNT; j++) { /* magnitudes from below half's smallest to its largest */
      double fraction = (unsigned)j * 40503u % COUNT / 65536.0;
      f[j] = (float)((j & 1 ? -1 : 1) * ldexp(1 + fraction, j % 44 - 27));
    }
    f[0] = INFINITY, f[1] = -INFINITY, f[2] = 65519.9f, f[3] = 65520.0f, f[4] = 0x1p-25f;
    for (enum kz_dtype t = KZ_BF16; t <= KZ_F16; t++) {
      k->convert(KZ_F32, t, COUNT, f, back);
      ref->convert(KZ_F32, t, COUNT, f, want);
      for (int j = 0; j < COUNT; j++) assert_int_equal(back[j], want[j]);
    }
    f[0] = NAN;
    k->convert(KZ_F32, KZ_BF16, 17, f, back);
    assert_true(isnan(kz_bf16_to_f32(back[0])));
    k->convert(KZ_F16, KZ_BF16, 31744, half, back);
    ref->convert(KZ_F16, KZ_BF16, 31744, half, want);
    k->convert(KZ_BF16, KZ_F16, 31744, back, half);
    ref->convert(KZ_BF16, KZ_F16, 31744, want, back);
    assert_memory_equal(half, back, 2 * 31744);
  }
  free(half), free(back), free(want), free(f), free(g);
}

static void test_dispatch(void **state) {
  const struct kz_kernels *best = kz_kernels_get(NULL);
  (void)state;
  assert_non_null(best);
  assert_ptr_equal(kz_kernels_get(best->isa), best);
  assert_ptr_equal(kz_kernels_get("sse4.2")->isa, kz_kernels_get("sse4.2")->isa);
  assert_string_equal(kz_kernels_get("sse4.2")->isa, "sse4.2");
  assert_null(kz_kernels_get("sse9"));
  assert_null(kz_kernels_get(""));
  assert_int_equal(kz_cpu_has_bf16(), kz_kernels_get("avx512-bf16") != NULL);
  for (size_t i = 0; i < sizeof all_isas / sizeof *all_isas; i++) {
    const struct kz_kernels *k = kz_kernels_get(all_isas[i]);
    if (!k) continue;
    assert_string_equal(k->isa, all_isas[i]);
    void (*slot[sizeof *k / sizeof(void (*)(void))])(void); /* no kernel is missing */
    memcpy(slot, k, sizeof *k);
    for (size_t j = 1; j < sizeof slot / sizeof *slot; j++) assert_true(slot[j] != NULL);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_loss),    cmocka_unit_test(test_loss_at_zero),
      cmocka_unit_test(test_sums),    cmocka_unit_test(test_adamw),
      cmocka_unit_test(test_momentum_and_descent), cmocka_unit_test(test_combine),
      cmocka_unit_test(test_normal),  cmocka_unit_test(test_normal_position),
      cmocka_unit_test(test_convert), cmocka_unit_test(test_dispatch),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
