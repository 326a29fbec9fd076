/* The whole network against PyTorch (tests/golden/make_network.py): outputs, all
 * parameter gradients, ten steps of AdamW; and the full-size network with the
 * trial's trained weights, where they are at hand. */
#include "../golden/harness.h"

#include "model/fedr.h"
#include "nn/checkpoint.h"

static const struct kz_fedr_config narrow = {
    .width = {16, 16, 32, 32}, .heads = 4, .groups = 8, .time_width = 48, .input = 0};

struct net {
  const struct kz_backend *backend;
  struct kz_safetensors *golden;
  struct kz_paramset params;
  struct kz_graph *g;
  struct kz_dims in; /* [n, h, w, 7] */
  kz_var x, time, y;
  float *target, *weight;
  double norm; /* of the loss */
};

static const char *golden_file(bool full) {
  return source_path(full ? "tests/golden/trial.safetensors" : "tests/golden/network.safetensors");
}

static void make_noise(uint32_t seed, size_t count, float *dst) {
  for (size_t i = 0; i < count; i++) dst[i] = noise_at(seed, (uint32_t)i);
}

static void set_inputs(struct net *t) {
  size_t rows = (size_t)t->in.n * t->in.h * t->in.w;
  float *features = kz_graph_data(t->g, t->time);
  make_noise(1001, rows * KZ_FEDR_IN, kz_graph_data(t->g, t->x));
  for (int i = 0; i < t->in.n; i++)
    kz_fedr_time_features((noise_at(1004, (uint32_t)i) + 1) / 2, features + i * KZ_FEDR_TIME);
  make_noise(1002, rows * 3, t->target);
  make_noise(1003, rows, t->weight);
  t->norm = 0;
  for (size_t i = 0; i < rows; i++) {
    t->weight[i] += 1;
    t->norm += 3.0 * t->weight[i];
  }
}

static void net_init(struct net *t, const struct kz_fedr_config *c, struct kz_dims in,
                     enum kz_dtype dtype, bool train, bool full) {
  struct kz_err err = {0};
  memset(t, 0, sizeof *t);
  t->backend = kz_backend_cpu(2);
  t->in = in;
  assert_ok(kz_safetensors_open(golden_file(full), &t->golden, &err));
  kz_paramset_init(&t->params, t->backend);
  struct kz_graph_options o = {.backend = t->backend, .params = &t->params, .dtype = dtype,
                               .train = train};
  assert_ok(kz_graph_new(&o, &t->g, &err));
  t->x = kz_graph_input(t->g, "x", KZ_F32, in, false);
  t->time = kz_graph_input(t->g, "time", KZ_F32, (struct kz_dims){in.n, 1, 1, KZ_FEDR_TIME}, false);
  struct kz_fedr fedr = {.x = t->x, .time = t->time};
  t->y = kz_fedr_build(t->g, c, &fedr);
  assert_ok(kz_graph_finish(t->g, &err));
  struct kz_dims d = kz_graph_dims(t->g, t->y);
  assert_true(d.n == in.n && d.h == in.h && d.w == in.w && d.c == 3);
  assert_int_equal(kz_graph_dtype(t->g, t->y), KZ_F32);
  t->target = malloc(sizeof(float) * kz_dims_count(d));
  t->weight = malloc(sizeof(float) * kz_dims_count(d) / 3);
  assert_true(t->target && t->weight);
  set_inputs(t);
}

static void net_release(struct net *t) {
  kz_graph_free(t->g);
  kz_paramset_release(&t->params);
  kz_safetensors_close(t->golden);
  free(t->target);
  free(t->weight);
}

/* As weight_of() in make_network.py. */
static void narrow_weight(struct kz_paramset *p, const char *name, uint32_t seed) {
  int index = kz_paramset_find(p, name);
  if (index < 0) fail_msg("the network has no parameter %s", name);
  const struct kz_paraminfo *info = &p->info[index];
  float *w = p->data + info->offset;
  bool norm = strstr(name, ".n.") || strstr(name, ".n1.") || strstr(name, ".n2.") ||
              strncmp(name, "o.0.", 4) == 0;
  bool scale = norm && strstr(name, "weight");
  int fan = 1;
  for (int i = 1; i < info->rank; i++) fan *= info->shape[i];
  for (int64_t i = 0; i < info->count; i++) {
    float v = noise_at(seed, (uint32_t)i);
    if (info->rank > 1) w[i] = v * (1 / sqrtf((float)fan));
    else w[i] = scale ? 1 + v / 4 : v / 8;
  }
}

static void narrow_weights(struct net *t) {
  const struct kz_st_tensor *names = kz_safetensors_find(t->golden, "names");
  assert_non_null(names);
  char *text = strndup(names->data, names->bytes), *save = NULL;
  int count = 0;
  for (char *n = strtok_r(text, "\n", &save); n; n = strtok_r(NULL, "\n", &save))
    narrow_weight(&t->params, n, (uint32_t)++count);
  assert_int_equal(count, t->params.len);
  t->params.version++;
  free(text);
}

/* Forward, loss, backward; gradients are added to the set's. */
static double net_step(struct net *t) {
  struct kz_err err = {0};
  assert_ok(kz_graph_forward(t->g, &err));
  double loss = t->backend->kernels->loss(
      KZ_F32, (int64_t)t->in.n * t->in.h * t->in.w, 3, 0.5f, 1, t->norm,
      kz_graph_data(t->g, t->y), t->target, t->weight, kz_graph_diff(t->g, t->y));
  assert_ok(kz_graph_backward(t->g, &err));
  return loss;
}

static double golden_scalar(struct net *t, const char *name, int i) {
  size_t count;
  float *v = golden_floats(t->golden, name, &count);
  double s = v[i];
  free(v);
  return s;
}

/* The gradient that put_quantised() of make_network.py stored; caller frees. */
static float *golden_gradient(struct net *t, const struct kz_paraminfo *info) {
  char name[128];
  snprintf(name, sizeof name, "d.%s.top", info->name);
  float top = (float)golden_scalar(t, name, 0);
  snprintf(name, sizeof name, "d.%s", info->name);
  const struct kz_st_tensor *q = kz_safetensors_find(t->golden, name);
  float *g = malloc(sizeof(float) * (size_t)info->count);
  assert_true(q && g);
  assert_int_equal(q->bytes, 2 * info->count);
  for (int64_t i = 0; i < info->count; i++) {
    int16_t v;
    memcpy(&v, (const char *)q->data + 2 * i, 2);
    g[i] = v * (top / 32767);
  }
  return g;
}

static void test_narrow_f32(void **state) {
  (void)state;
  struct net t;
  size_t count;
  int bad = 0;
  net_init(&t, &narrow, (struct kz_dims){2, 32, 64, 7}, KZ_F32, true, false);
  narrow_weights(&t);
  double loss = net_step(&t);
  float *y = golden_floats(t.golden, "y", &count);
  assert_true(relative_error(KZ_F32, kz_graph_data(t.g, t.y), y, count) < 1e-4);
  assert_true(fabs(loss / golden_scalar(&t, "loss", 0) - 1) < 1e-5);
  for (int i = 0; i < t.params.len; i++) {
    const struct kz_paraminfo *info = &t.params.info[i];
    float *want = golden_gradient(&t, info);
    double e = relative_error(KZ_F32, t.params.grad + info->offset, want, (size_t)info->count);
    if (!(e < 1e-4)) {
      print_error("gradient of %s: relative error %.2e\n", info->name, e);
      bad++;
    }
    free(want);
  }
  assert_int_equal(bad, 0);
  free(y);
  net_release(&t);
}

static void test_narrow_bf16(void **state) {
  (void)state;
  if (!kz_cpu_has_bf16()) skip();
  struct net t;
  size_t count;
  int bad = 0;
  net_init(&t, &narrow, (struct kz_dims){2, 32, 64, 7}, KZ_BF16, true, false);
  narrow_weights(&t);
  double loss = net_step(&t);
  float *y = golden_floats(t.golden, "y", &count);
  assert_true(cosine(kz_graph_data(t.g, t.y), y, count) > 0.999);
  assert_true(fabs(loss / golden_scalar(&t, "loss", 0) - 1) < 1e-2);
  for (int i = 0; i < t.params.len; i++) {
    const struct kz_paraminfo *info = &t.params.info[i];
    float *want = golden_gradient(&t, info);
    double c = cosine(t.params.grad + info->offset, want, (size_t)info->count);
    if (!(c > 0.99)) {
      print_error("gradient of %s: cosine %.4f\n", info->name, c);
      bad++;
    }
    free(want);
  }
  assert_int_equal(bad, 0);
  free(y);
  net_release(&t);
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
  net_init(&t, &narrow, (struct kz_dims){2, 32, 64, 7}, dtype, true, false);
  narrow_weights(&t);
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
  size_t count;
  net_init(&t, &narrow, (struct kz_dims){2, 32, 64, 7}, KZ_F32, false, false);
  narrow_weights(&t);
  assert_ok(kz_graph_forward(t.g, &err));
  float *y = golden_floats(t.golden, "y", &count);
  assert_true(relative_error(KZ_F32, kz_graph_data(t.g, t.y), y, count) < 1e-4);
  assert_null(kz_graph_diff(t.g, t.y));
  free(y);
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
  net_init(&t, &c, (struct kz_dims){1, 128, 96, 7}, dtype, true, true);
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
  net_init(&t, &narrow, (struct kz_dims){1, 32, 32, 7}, KZ_F32, false, false);
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
