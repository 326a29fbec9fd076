/* Every op against PyTorch: outputs and all gradients, f32 and bf16. The golden
 * file is made by tests/golden/make_ops.py; a case here is a row of op_cases. */
#include "../golden/harness.h"
#include "../golden/op_cases.h"

struct fixture {
  struct kz_safetensors *golden;
  const struct kz_backend *backend;
};

struct run {
  const struct fixture *f;
  const struct op_case *c;
  enum kz_dtype dtype;
  struct kz_paramset params;
  struct kz_graph *g;
  kz_var x[4], y;
  int bad; /* comparisons that failed, each printed */
};

static float *golden_of(const struct run *r, const char *key, size_t *count) {
  char name[128];
  snprintf(name, sizeof name, "%s/%s", r->c->name, key);
  return golden_floats(r->f->golden, name, count);
}

static void compare(struct run *r, const char *key, enum kz_dtype t, const void *got,
                    size_t got_count, double bound) {
  size_t count;
  float *want = golden_of(r, key, &count);
  double e = INFINITY;
  if (got && got_count == count) e = relative_error(t, got, want, count);
  if (!(e <= bound)) {
    print_error("%s %s %s: relative error %.2e, at most %.0e (%zu of %zu values)\n",
                r->dtype == KZ_F32 ? "f32" : "bf16", r->c->name, key, e, bound,
                got ? got_count : 0, count);
    r->bad++;
  }
  free(want);
}

static void fill(struct run *r, const char *key, enum kz_dtype t, void *dst, size_t room,
                 bool index) {
  size_t count;
  float *v = golden_of(r, key, &count);
  assert_non_null(dst);
  assert_int_equal(count, room);
  for (size_t i = 0; i < count; i++) {
    if (index) ((int32_t *)dst)[i] = (int32_t)v[i];
    else put_at(t, dst, i, v[i]);
  }
  free(v);
}

static void build(struct run *r) {
  struct kz_err err = {0};
  struct kz_graph_options o = {.backend = r->f->backend, .params = &r->params,
                               .dtype = r->dtype, .train = true};
  kz_paramset_init(&r->params, r->f->backend);
  assert_ok(kz_graph_new(&o, &r->g, &err));
  for (int i = 0; i < r->c->inputs; i++) {
    char name[16];
    snprintf(name, sizeof name, "x%d", i);
    bool index = r->c->index && i == 0;
    r->x[i] = kz_graph_input(r->g, name, index ? KZ_F32 : r->dtype, r->c->dims[i], !index);
  }
  r->y = r->c->build(r->g, r->x);
  kz_graph_output(r->g, r->y);
  assert_ok(kz_graph_finish(r->g, &err));
}

static void load_params(struct run *r) {
  for (int i = 0; i < r->params.len; i++) {
    char key[128];
    snprintf(key, sizeof key, "p.%s", r->params.info[i].name);
    fill(r, key, KZ_F32, r->params.data + r->params.info[i].offset,
         (size_t)r->params.info[i].count, false);
  }
  r->params.version++;
}

static size_t count_of(const struct run *r, kz_var v) {
  return kz_dims_count(kz_graph_dims(r->g, v));
}

static void load_values(struct run *r) {
  for (int i = 0; i < r->c->inputs; i++) {
    char key[16];
    snprintf(key, sizeof key, "x%d", i);
    fill(r, key, kz_graph_dtype(r->g, r->x[i]), kz_graph_data(r->g, r->x[i]),
         count_of(r, r->x[i]), r->c->index && i == 0);
  }
}

static void check_gradients(struct run *r, double bound) {
  for (int i = 0; i < r->c->inputs; i++) {
    char key[16];
    if (r->c->index && i == 0) continue;
    snprintf(key, sizeof key, "dx%d", i);
    compare(r, key, kz_graph_dtype(r->g, r->x[i]), kz_graph_diff(r->g, r->x[i]),
            count_of(r, r->x[i]), bound);
  }
  for (int i = 0; i < r->params.len; i++) {
    char key[128];
    snprintf(key, sizeof key, "dp.%s", r->params.info[i].name);
    compare(r, key, KZ_F32, r->params.grad + r->params.info[i].offset,
            (size_t)r->params.info[i].count, bound);
  }
}

static int run_case(const struct fixture *f, const struct op_case *c, enum kz_dtype t,
                    double forward, double backward) {
  struct kz_err err = {0};
  struct run r = {.f = f, .c = c, .dtype = t};
  build(&r);
  load_params(&r);
  for (int pass = 0; pass < 2; pass++) { /* twice: a run must not depend on the one before */
    load_values(&r);
    assert_ok(kz_graph_forward(r.g, &err));
    enum kz_dtype yt = kz_graph_dtype(r.g, r.y);
    compare(&r, "y", yt, kz_graph_data(r.g, r.y), count_of(&r, r.y), forward);
    memset(r.params.grad, 0, sizeof(float) * (size_t)r.params.count);
    fill(&r, "dy", yt, kz_graph_diff(r.g, r.y), count_of(&r, r.y), false);
    assert_ok(kz_graph_backward(r.g, &err));
    check_gradients(&r, backward);
  }
  kz_graph_free(r.g);
  kz_paramset_release(&r.params);
  return r.bad;
}

static void run_all(const struct fixture *f, enum kz_dtype t, double forward, double backward) {
  int bad = 0;
  for (int i = 0; i < OP_CASE_COUNT; i++)
    bad += run_case(f, &op_cases[i], t, forward, backward);
  assert_int_equal(bad, 0);
}

static void test_f32(void **state) { run_all(*state, KZ_F32, 2e-5, 1e-4); }

static void test_bf16(void **state) {
  if (!kz_cpu_has_bf16()) skip();
  run_all(*state, KZ_BF16, 1.5e-2, 3e-2);
}

/* A second backward pass without clearing adds to the parameters' gradients. */
static void test_accumulates(void **state) {
  struct kz_err err = {0};
  struct run r = {.f = *state, .c = &op_cases[0], .dtype = KZ_F32};
  build(&r);
  load_params(&r);
  load_values(&r);
  for (int i = 0; i < 2; i++) {
    assert_ok(kz_graph_forward(r.g, &err));
    fill(&r, "dy", KZ_F32, kz_graph_diff(r.g, r.y), count_of(&r, r.y), false);
    assert_ok(kz_graph_backward(r.g, &err));
  }
  for (int64_t i = 0; i < r.params.count; i++) r.params.grad[i] /= 2;
  check_gradients(&r, 1e-4);
  assert_int_equal(r.bad, 0);
  kz_graph_free(r.g);
  kz_paramset_release(&r.params);
}

/* The table and the file hold the same cases: one added on one side only is noticed. */
static void test_table_complete(void **state) {
  const struct fixture *f = *state;
  int cases = 0;
  for (int i = 0; i < kz_safetensors_count(f->golden); i++) {
    const char *name = kz_safetensors_at(f->golden, i)->name, *slash = strchr(name, '/');
    assert_non_null(slash);
    if (strcmp(slash, "/y") == 0) cases++;
  }
  assert_int_equal(cases, OP_CASE_COUNT);
}

static int setup(void **state) {
  static struct fixture f;
  struct kz_err err = {0};
  f.backend = kz_backend_cpu(2);
  if (kz_safetensors_open(source_path("tests/golden/ops.safetensors"), &f.golden, &err)) {
    print_error("%s\n", err.msg);
    return -1;
  }
  *state = &f;
  return 0;
}

static int teardown(void **state) {
  kz_safetensors_close(((struct fixture *)*state)->golden);
  return 0;
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_table_complete),
      cmocka_unit_test(test_f32),
      cmocka_unit_test(test_bf16),
      cmocka_unit_test(test_accumulates),
  };
  return cmocka_run_group_tests_name("ops_golden", tests, setup, teardown);
}
