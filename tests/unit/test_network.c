/* The whole network against PyTorch (tests/golden/make_network.py): outputs, all
 * parameter gradients, ten steps of AdamW; and the full-size network with the
 * trial's trained weights, where they are at hand. */
#include "network_scene.h"

#include "nn/checkpoint.h"

static const struct kz_fedr_config narrow = {
    .width = {16, 16, 32, 32}, .heads = 4, .groups = 8, .time_width = 48, .input = 0};

static void check(enum kz_dtype dtype, double bound)
{
  struct net t;
  net_init(&t, &narrow, (struct kz_dims){2, 32, 64, 7}, dtype, true, "network");
  assert_int_equal(check_narrow(&t, "", dtype == KZ_F32, bound), t.params.len);
  net_release(&t);
}

static void test_narrow_f32(void **state) {
  (void)state;
  check(KZ_F32, 1e-4);
}

static void test_narrow_bf16(void **state) {
  (void)state;
  if (!kz_cpu_has_bf16()) skip();
  check(KZ_BF16, 0.99);
}

/* What training does after a backward pass: clip to norm 1, AdamW. Returns the norm. */
static double update(struct net *t, int step) {
  const struct kz_kernels *k = t->backend->kernels;
  struct kz_paramset *p = &t->params;
  double norm = sqrt(k->sum_squares(p->count, p->grad));
  struct kz_adamw a = {.count = p->count, .rate = 1e-3f, .beta1 = 0.9f, .beta2 = 0.999f,
                       .eps = 1e-8f, .decay = 0.01f, .w = p->data, .m = p->m, .v = p->v,
                       .ema = p->ema, .g = p->grad};
  a.correction1 = 1 - powf(a.beta1, (float)step);
  a.correction2 = 1 - powf(a.beta2, (float)step);
  a.grad_scale = norm > 1 ? (float)(1 / norm) : 1;
  k->adamw(&a);
  p->version++;
  return norm;
}

static void check_curve(enum kz_dtype dtype, double bound, double norm_bound) {
  struct net t;
  net_init(&t, &narrow, (struct kz_dims){2, 32, 64, 7}, dtype, true, "network");
  narrow_weights(&t, "");
  for (int step = 0; step < 10; step++) {
    double loss = net_step(&t), norm = update(&t, step + 1);
    double want = golden_scalar(&t, "curve", step), want_norm = golden_scalar(&t, "norms", step);
    if (!(fabs(loss / want - 1) < bound) || !(fabs(norm / want_norm - 1) < norm_bound))
      fail_msg("step %d: loss %.6f, PyTorch's %.6f; gradient norm %.5f, PyTorch's %.5f", step,
               loss, want, norm, want_norm);
  }
  net_release(&t);
}

static void test_curve_f32(void **state) {
  (void)state;
  check_curve(KZ_F32, 1e-3, 1e-2);
}

static void test_curve_bf16(void **state) {
  (void)state;
  if (!kz_cpu_has_bf16()) skip();
  check_curve(KZ_BF16, 2e-2, 1e-1);
}

/* The graph for use computes what the graph for training computes. */
static void test_inference_same(void **state) {
  (void)state;
  struct kz_err err = {0};
  struct net t;
  net_init(&t, &narrow, (struct kz_dims){2, 32, 64, 7}, KZ_F32, false, "network");
  narrow_weights(&t, "");
  assert_ok(kz_graph_forward(t.g, &err));
  check_output(&t, "", true);
  assert_null(kz_graph_diff(t.g, t.y));
  net_release(&t);
}

/* `want`: norm, largest value, eight entries spread over the tensor. */
static int check_sampled(const struct kz_paraminfo *info, const float *g, const float *want,
                         double bound) {
  double norm = 0, worst;
  for (int64_t i = 0; i < info->count; i++) norm += (double)g[i] * g[i];
  worst = fabs(sqrt(norm) / want[0] - 1);
  for (int64_t i = 0; i < 8; i++) {
    double d = fabs(g[i * (info->count / 8)] - want[2 + i]) / want[1];
    if (!(d <= worst)) worst = d;
  }
  if (worst < bound) return 0;
  print_error("gradient of %s: norm %.6g, PyTorch's %.6g; relative error %.1e\n", info->name,
              sqrt(norm), want[0], worst);
  return 1;
}

static void check_trial(enum kz_dtype dtype, double out_bound, double grad_bound) {
  const char *path = shared_path("trial/trial.safetensors");
  struct kz_safetensors *weights = NULL;
  struct kz_err err = {0};
  struct kz_fedr_config c;
  struct net t;
  size_t count;
  int bad = 0;
  if (!path) skip();
  kz_fedr_config_defaults(&c);
  net_init(&t, &c, (struct kz_dims){1, 128, 96, 7}, dtype, true, "trial");
  assert_ok(kz_safetensors_open(path, &weights, &err));
  assert_ok(kz_checkpoint_load(&t.params, weights, false, &err));
  double loss = net_step(&t);
  assert_true(fabs(loss / golden_scalar(&t, "loss", 0) - 1) < out_bound);
  float *want = golden_floats(t.golden, "y", &count), got[512];
  assert_true(count < 512);
  for (size_t i = 0; i < count; i++) got[i] = ((float *)kz_graph_data(t.g, t.y))[i * 179];
  double e = relative_error(KZ_F32, got, want, count);
  if (!(e < out_bound)) fail_msg("output: relative error %.2e", e);
  free(want);
  for (int i = 0; i < t.params.len; i++) {
    char name[128];
    snprintf(name, sizeof name, "d.%s", t.params.info[i].name);
    want = golden_floats(t.golden, name, &count);
    assert_int_equal(count, 10);
    bad += check_sampled(&t.params.info[i], t.params.grad + t.params.info[i].offset, want,
                         grad_bound);
    free(want);
  }
  assert_int_equal(bad, 0);
  kz_safetensors_close(weights);
  net_release(&t);
}

static void test_trial_f32(void **state) {
  (void)state;
  check_trial(KZ_F32, 1e-4, 2e-4);
}

static void test_trial_bf16(void **state) {
  (void)state;
  if (!kz_cpu_has_bf16()) skip();
  check_trial(KZ_BF16, 5e-2, 2e-1);
}

/* A parameter that a file lacks, or that another network has, is named. */
static void test_trial_misfit(void **state) {
  (void)state;
  const char *path = shared_path("trial/trial.safetensors");
  struct kz_safetensors *weights = NULL;
  struct kz_err err = {0};
  struct net t;
  if (!path) skip();
  net_init(&t, &narrow, (struct kz_dims){1, 32, 32, 7}, KZ_F32, false, "network");
  assert_ok(kz_safetensors_open(path, &weights, &err));
  assert_true(kz_checkpoint_load(&t.params, weights, false, &err) < 0);
  assert_non_null(strstr(err.msg, "weight"));
  kz_safetensors_close(weights);
  net_release(&t);
}

/* Sizes the network cannot take are an error of kz_graph_finish, not a crash. */
static void test_bad_size(void **state) {
  (void)state;
  struct kz_err err = {0};
  struct kz_paramset params;
  struct kz_graph *g = NULL;
  const struct kz_backend *backend = kz_backend_cpu(2);
  kz_paramset_init(&params, backend);
  struct kz_graph_options o = {.backend = backend, .params = &params, .dtype = KZ_F32};
  assert_ok(kz_graph_new(&o, &g, &err));
  struct kz_fedr fedr;
  kz_fedr_inputs(g, &narrow, 1, 32, 40, &fedr);
  kz_fedr_build(g, &narrow, &fedr);
  assert_int_equal(kz_graph_finish(g, &err), KZ_ESHAPE);
  assert_true(strlen(err.msg) > 0);
  kz_graph_free(g);
  kz_paramset_release(&params);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_narrow_f32), cmocka_unit_test(test_narrow_bf16),
      cmocka_unit_test(test_inference_same), cmocka_unit_test(test_curve_f32),
      cmocka_unit_test(test_curve_bf16), cmocka_unit_test(test_trial_f32),
      cmocka_unit_test(test_trial_bf16), cmocka_unit_test(test_trial_misfit),
      cmocka_unit_test(test_bad_size),
  };
  return cmocka_run_group_tests_name("network", tests, NULL, NULL);
}
