/* What the memory plan promises: the same results with or without a backward
 * pass, whatever the run before left in the buffers, and no allocation inside a
 * step. */
#include "../golden/harness.h"

#include "../allocations.h"
#include "chains.h"
#include "model/fedr.h"

static void step(struct case_graph *b) {
  struct kz_err err = {0};
  assert_ok(kz_graph_forward(b->g, &err));
  set_diff(b);
  assert_ok(kz_graph_backward(b->g, &err));
}

/* Output, input gradients and parameter gradients of one run, as bytes. */
static unsigned char *snapshot(struct case_graph *b, size_t *len) {
  size_t item = kz_dtype_size(kz_graph_dtype(b->g, b->y)), at = 0;
  size_t out = value_count(b, b->y) * item, in = 0;
  for (int i = b->c->index; i < b->c->inputs; i++)
    in += value_count(b, b->x[i]) * kz_dtype_size(kz_graph_dtype(b->g, b->x[i]));
  unsigned char *s = malloc(out + in + sizeof(float) * (size_t)b->params.count + 1);
  assert_non_null(s);
  memcpy(s, kz_graph_data(b->g, b->y), out);
  at = out;
  for (int i = b->c->index; i < b->c->inputs; i++) {
    size_t n = value_count(b, b->x[i]) * kz_dtype_size(kz_graph_dtype(b->g, b->x[i]));
    memcpy(s + at, kz_graph_diff(b->g, b->x[i]), n);
    at += n;
  }
  memcpy(s + at, b->params.grad, sizeof(float) * (size_t)b->params.count);
  *len = at + sizeof(float) * (size_t)b->params.count;
  return s;
}

static void clear_gradients(struct case_graph *b) {
  memset(b->params.grad, 0, sizeof(float) * (size_t)b->params.count);
}

static void fill_nan(struct case_graph *b) {
  for (int i = b->c->index; i < b->c->inputs; i++)
    for (size_t j = 0; j < value_count(b, b->x[i]); j++)
      put_at(kz_graph_dtype(b->g, b->x[i]), kz_graph_data(b->g, b->x[i]), j, NAN);
}

/* A run whose every value is NaN leaves no trace in the run after it. */
static void poison(const struct op_case *c, enum kz_dtype t) {
  struct case_graph b;
  size_t len, len2;
  build_case(&b, c, t, true);
  set_params(&b);
  set_values(&b);
  step(&b);
  unsigned char *first = snapshot(&b, &len);
  fill_nan(&b);
  step(&b);
  clear_gradients(&b);
  set_values(&b);
  step(&b);
  unsigned char *again = snapshot(&b, &len2);
  assert_int_equal(len, len2);
  if (memcmp(first, again, len)) fail_msg("%s: a run with NaN changed the one after it", c->name);
  free(first);
  free(again);
  release_case(&b);
}

static void test_poison(void **state) {
  (void)state;
  for (int t = KZ_F32; t <= (kz_cpu_has_bf16() ? KZ_BF16 : KZ_F32); t++) {
    for (int i = 0; i < OP_CASE_COUNT; i++) poison(&op_cases[i], (enum kz_dtype)t);
    for (int i = 0; i < CHAIN_CASE_COUNT; i++) poison(&chain_cases[i], (enum kz_dtype)t);
  }
}

/* A plan without a backward pass shares more, and must give the same values. */
static void test_train_or_not(void **state) {
  (void)state;
  struct kz_err err = {0};
  for (int i = 0; i < CHAIN_CASE_COUNT; i++) {
    struct case_graph a, b;
    build_case(&a, &chain_cases[i], KZ_F32, true);
    build_case(&b, &chain_cases[i], KZ_F32, false);
    set_params(&a);
    set_params(&b);
    set_values(&a);
    set_values(&b);
    assert_ok(kz_graph_forward(a.g, &err));
    assert_ok(kz_graph_forward(b.g, &err));
    double e = relative_error(KZ_F32, kz_graph_data(b.g, b.y), kz_graph_data(a.g, a.y),
                              value_count(&a, a.y));
    if (!(e < 1e-6)) fail_msg("%s: outputs differ by %.1e", chain_cases[i].name, e);
    release_case(&a);
    release_case(&b);
  }
}

static kz_var build_fedr(struct kz_graph *g, const kz_var *x) {
  static const struct kz_fedr_config c = {
      .width = {16, 16, 32, 32}, .heads = 4, .groups = 8, .time_width = 48};
  struct kz_fedr net = {.x = x[0], .time = x[1]};
  return kz_fedr_build(g, &c, &net);
}

static const struct op_case fedr_case = {
    "fedr", build_fedr, 2, {{2, 64, 32, KZ_FEDR_IN}, {2, 1, 1, KZ_FEDR_TIME}}, false};

/* Most buffers of a network share storage, or the plan does nothing. */
static void test_plan_shares(void **state) {
  (void)state;
  struct case_graph use, train;
  struct kz_graph_stats u, t;
  build_case(&use, &fedr_case, KZ_F32, false);
  build_case(&train, &fedr_case, KZ_F32, true);
  kz_graph_get_stats(use.g, &u);
  kz_graph_get_stats(train.g, &t);
  assert_true(u.planned_bytes > 0 && u.planned_bytes * 3 < u.unshared_bytes);
  assert_true(t.planned_bytes * 4 < t.unshared_bytes * 3);
  assert_true(u.planned_bytes < t.planned_bytes);
  assert_true(u.flops > 0 && fabs(u.flops - t.flops) < 1);
  release_case(&use);
  release_case(&train);
}

static void adamw(struct kz_paramset *p, const struct kz_kernels *k, int at) {
  struct kz_adamw a = {.count = p->count, .rate = 1e-3f, .beta1 = 0.9f, .beta2 = 0.999f,
                       .eps = 1e-8f, .decay = 0.01f, .ema_rate = 0.01f, .w = p->data, .m = p->m,
                       .v = p->v, .ema = p->ema, .g = p->grad};
  a.correction1 = 1 - powf(a.beta1, (float)at);
  a.correction2 = 1 - powf(a.beta2, (float)at);
  a.grad_scale = 1 / (1 + (float)k->sum_squares(p->count, p->grad));
  k->adamw(&a);
  p->version++;
}

/* `steps` of training, and as many of use, with the counter on after the first of each. */
static int count_case(const struct op_case *c, enum kz_dtype t, int steps) {
  struct case_graph b;
  const struct kz_kernels *k = kz_backend_cpu(2)->kernels;
  build_case(&b, c, t, true);
  set_params(&b);
  set_values(&b);
  counted = 0;
  largest_new = 0;
  for (int i = 0; i < steps; i++) {
    armed = i > 0;
    step(&b);
    adamw(&b.params, k, i + 1);
    armed = 0;
  }
  release_case(&b);
  if (counted) print_error("%s: %d allocations in %d steps\n", c->name, counted, steps - 1);
  if (largest_new > SMALL) print_error("%s: oneDNN allocated %zu bytes\n", c->name, largest_new);
  return counted + (largest_new > SMALL);
}

static void test_no_allocation(void **state) {
  (void)state;
  int bad = 0;
  void *frames[4];
  if (!COUNTS) skip(); /* the sanitiser has taken malloc's place already */
  backtrace(frames, 4); /* loads what it needs before counting */
  for (int i = 0; i < CHAIN_CASE_COUNT; i++) bad += count_case(&chain_cases[i], KZ_F32, 3);
  bad += count_case(&fedr_case, KZ_F32, 3);
  assert_int_equal(bad, 0);
}

static void test_no_allocation_bf16(void **state) {
  (void)state;
  int bad = 0;
  if (!COUNTS || !kz_cpu_has_bf16()) skip();
  for (int i = 0; i < CHAIN_CASE_COUNT; i++) bad += count_case(&chain_cases[i], KZ_BF16, 3);
  assert_int_equal(bad, 0);
}

/* The counter counts. */
static void test_counter(void **state) {
  (void)state;
  if (!COUNTS) skip();
  counted = 0;
  armed = 1;
  void *volatile p = malloc(10), *volatile q = calloc(2, 3);
  armed = 0;
  free(p);
  free(q);
  assert_int_equal(counted, 2);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_poison),        cmocka_unit_test(test_train_or_not),
      cmocka_unit_test(test_plan_shares),   cmocka_unit_test(test_counter),
      cmocka_unit_test(test_no_allocation), cmocka_unit_test(test_no_allocation_bf16),
  };
  return cmocka_run_group_tests_name("memory", tests, NULL, NULL);
}
