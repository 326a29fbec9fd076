/* Gradients against finite differences, every op and some chains, odd shapes.
 *
 * The loss is L = <r, y> with random r, summed in f64. For a leaf (an input or a
 * parameter) with gradient g and a random direction u of +-1,
 *   <g, u> = dL/de at e = 0 = (8 (L(h) - L(-h)) - (L(2h) - L(-2h))) / 12 h + O(h^4),
 * and they may differ by a thousandth of |g| (a wrong g makes them differ by about
 * the error's own length). */
#include "../golden/harness.h"

#include "chains.h"

#define STEP 0.01f
#define DIRECTIONS 3

struct leaf {
  float *value;
  const float *grad;
  size_t count;
  const char *name;
};

static double loss_of(struct case_graph *b) {
  struct kz_err err = {0};
  double sum = 0;
  assert_ok(kz_graph_forward(b->g, &err));
  const float *y = kz_graph_data(b->g, b->y);
  for (size_t i = 0; i < value_count(b, b->y); i++) sum += (double)y[i] * noise_at(30, (uint32_t)i);
  return sum;
}

static void move(struct case_graph *b, const struct leaf *l, const float *base, uint32_t seed,
                 float step) {
  set_values(b);
  for (size_t i = 0; i < l->count; i++)
    l->value[i] = base[i] + (noise_at(seed, (uint32_t)i) < 0 ? -step : step);
  b->params.version++;
}

static int check_direction(struct case_graph *b, const struct leaf *l, const float *base,
                           const float *grad, uint32_t seed) {
  static const float at[4] = {1, -1, 2, -2};
  double loss[4], want, got = 0, length = 0;
  for (int i = 0; i < 4; i++) {
    move(b, l, base, seed, at[i] * STEP);
    loss[i] = loss_of(b);
  }
  want = (8 * (loss[0] - loss[1]) - (loss[2] - loss[3])) / (12.0 * STEP);
  for (size_t i = 0; i < l->count; i++) {
    got += noise_at(seed, (uint32_t)i) < 0 ? -(double)grad[i] : (double)grad[i];
    length += (double)grad[i] * grad[i];
  }
  if (fabs(got - want) <= 1e-3 * sqrt(length) + 1e-4) return 0;
  print_error("%s, gradient of %s: along a direction %.6g, by differences %.6g (length %.4g)\n",
              b->c->name, l->name, got, want, sqrt(length));
  return 1;
}

static int check_leaf(struct case_graph *b, const struct leaf *l) {
  int bad = 0;
  set_values(b);
  float *base = malloc(l->count * sizeof(float)), *grad = malloc(l->count * sizeof(float));
  assert_true(base && grad && l->value && l->grad);
  memcpy(base, l->value, l->count * sizeof(float));
  memcpy(grad, l->grad, l->count * sizeof(float));
  for (uint32_t d = 0; d < DIRECTIONS; d++) bad += check_direction(b, l, base, grad, 900 + d);
  memcpy(l->value, base, l->count * sizeof(float));
  b->params.version++;
  free(base);
  free(grad);
  return bad;
}

static int check_case(const struct op_case *c) {
  struct case_graph b;
  struct kz_err err = {0};
  int bad = 0;
  build_case(&b, c, KZ_F32, true);
  set_params(&b);
  set_values(&b);
  assert_ok(kz_graph_forward(b.g, &err));
  set_diff(&b);
  assert_ok(kz_graph_backward(b.g, &err));
  static const char *const names[] = {"x0", "x1", "x2", "x3"};
  for (int i = c->index ? 1 : 0; i < c->inputs; i++) {
    struct leaf l = {kz_graph_data(b.g, b.x[i]), kz_graph_diff(b.g, b.x[i]),
                     value_count(&b, b.x[i]), names[i]};
    bad += check_leaf(&b, &l);
  }
  for (int i = 0; i < b.params.len; i++) {
    const struct kz_paraminfo *p = &b.params.info[i];
    struct leaf l = {b.params.data + p->offset, b.params.grad + p->offset, (size_t)p->count,
                     p->name};
    bad += check_leaf(&b, &l);
  }
  release_case(&b);
  return bad;
}

static void test_ops(void **state) {
  (void)state;
  int bad = 0;
  for (int i = 0; i < OP_CASE_COUNT; i++) bad += check_case(&op_cases[i]);
  assert_int_equal(bad, 0);
}

static void test_chains(void **state) {
  (void)state;
  int bad = 0;
  for (int i = 0; i < CHAIN_CASE_COUNT; i++) bad += check_case(&chain_cases[i]);
  assert_int_equal(bad, 0);
}

/* The check itself notices a gradient that is wrong in one place. */
static void test_notices(void **state) {
  (void)state;
  struct case_graph b;
  struct kz_err err = {0};
  int bad = 0;
  build_case(&b, &op_cases[0], KZ_F32, true);
  set_params(&b);
  set_values(&b);
  assert_ok(kz_graph_forward(b.g, &err));
  set_diff(&b);
  assert_ok(kz_graph_backward(b.g, &err));
  size_t count = value_count(&b, b.x[0]);
  float *grad = malloc(count * sizeof(float)), *base = malloc(count * sizeof(float));
  assert_true(grad && base);
  memcpy(grad, kz_graph_diff(b.g, b.x[0]), count * sizeof(float));
  memcpy(base, kz_graph_data(b.g, b.x[0]), count * sizeof(float));
  struct leaf l = {kz_graph_data(b.g, b.x[0]), grad, count, "(spoilt on purpose)"};
  grad[count / 2] += 0.5f;
  for (uint32_t d = 0; d < DIRECTIONS; d++) bad += check_direction(&b, &l, base, grad, 900 + d);
  assert_int_equal(bad, DIRECTIONS);
  free(grad);
  free(base);
  release_case(&b);
}

/* A frozen graph gives its inputs the same gradients, and its parameters none. */
static int check_frozen(const struct op_case *c) {
  struct case_graph b[2];
  struct kz_err err = {0};
  int bad = 0;
  for (int k = 0; k < 2; k++) {
    build_case_as(&b[k], c, KZ_F32, true, k);
    set_params(&b[k]);
    set_values(&b[k]);
    assert_ok(kz_graph_forward(b[k].g, &err));
    if (kz_graph_diff(b[k].g, b[k].y)) set_diff(&b[k]);
    assert_ok(kz_graph_backward(b[k].g, &err));
  }
  const struct kz_paramset *p = &b[1].params;
  assert_true(p->data && !p->grad && !p->m && !p->v && !p->ema);
  for (int i = c->index; i < c->inputs; i++)
    if (memcmp(kz_graph_diff(b[0].g, b[0].x[i]), kz_graph_diff(b[1].g, b[1].x[i]),
               value_count(&b[0], b[0].x[i]) * sizeof(float))) {
      print_error("%s: frozen, the gradient of x%d is another\n", c->name, i);
      bad++;
    }
  for (int k = 0; k < 2; k++) release_case(&b[k]);
  return bad;
}

static void test_frozen(void **state) {
  (void)state;
  int bad = 0;
  for (int i = 0; i < OP_CASE_COUNT; i++) bad += check_frozen(&op_cases[i]);
  for (int i = 0; i < CHAIN_CASE_COUNT; i++) bad += check_frozen(&chain_cases[i]);
  assert_int_equal(bad, 0);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_ops),
      cmocka_unit_test(test_chains),
      cmocka_unit_test(test_notices),
      cmocka_unit_test(test_frozen),
  };
  return cmocka_run_group_tests_name("grad", tests, NULL, NULL);
}
