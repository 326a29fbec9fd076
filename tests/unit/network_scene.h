/* What the tests of the whole network share: a graph with its inputs and weights as
 * tests/golden/make_network.py makes them, one step of training, and comparisons with what that
 * script stored. */
#ifndef KZ_TEST_NETWORK_SCENE_H
#define KZ_TEST_NETWORK_SCENE_H

#include "../golden/harness.h"

#include "model/fedr.h"

struct net {
  const struct kz_backend *backend;
  struct kz_safetensors *golden;
  struct kz_paramset params;
  struct kz_graph *g;
  struct kz_dims in; /* [n, h, w, 7] */
  struct kz_fedr fedr;
  kz_var y;
  float *target, *weight;
  double norm; /* of the loss */
};

static void make_noise(uint32_t seed, size_t count, float *dst) {
  for (size_t i = 0; i < count; i++) dst[i] = noise_at(seed, (uint32_t)i);
}

/* As inputs() and guided() in make_network.py. */
static void set_inputs(struct net *t)
{
  size_t rows = (size_t)t->in.n * t->in.h * t->in.w;
  float *times = kz_graph_data(t->g, t->fedr.time);
  make_noise(1001, rows * KZ_FEDR_IN, kz_graph_data(t->g, t->fedr.x));
  for (int i = 0; i < t->in.n; i++)
    kz_fedr_time_features((noise_at(1004, (uint32_t)i) + 1) / 2, times + i * KZ_FEDR_TIME);
  make_noise(1002, rows * 3, t->target);
  make_noise(1003, rows, t->weight);
  t->norm = 0;
  for (size_t i = 0; i < rows; i++) {
    t->weight[i] += 1;
    t->norm += 3.0 * t->weight[i];
  }
  if (t->fedr.features != KZ_NONE)
    make_noise(1005, rows * KZ_FEDR_FEATURES, kz_graph_data(t->g, t->fedr.features));
  for (int i = 0; t->fedr.text != KZ_NONE && i < t->in.n * KZ_FEDR_TOKENS; i++)
    ((int32_t *)kz_graph_data(t->g, t->fedr.text))[i] = i * 7 % KZ_FEDR_ROWS;
}

/* `golden`: a file in tests/golden. */
static void net_init(struct net *t, const struct kz_fedr_config *c, struct kz_dims in,
                     enum kz_dtype dtype, bool train, const char *golden)
{
  struct kz_err err = {0};
  char path[64];
  memset(t, 0, sizeof *t);
  t->backend = kz_backend_cpu(2);
  t->in = in;
  snprintf(path, sizeof path, "tests/golden/%s.safetensors", golden);
  assert_ok(kz_safetensors_open(source_path(path), &t->golden, &err));
  kz_paramset_init(&t->params, t->backend);
  struct kz_graph_options o = {.backend = t->backend, .params = &t->params, .dtype = dtype,
                               .train = train};
  assert_ok(kz_graph_new(&o, &t->g, &err));
  kz_fedr_inputs(t->g, c, in.n, in.h, in.w, &t->fedr);
  t->y = kz_fedr_build(t->g, c, &t->fedr);
  assert_ok(kz_graph_finish(t->g, &err));
  kz_fedr_ready(t->g, &t->fedr);
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
  bool scale = strstr(name, ".weight") != NULL; /* of a norm: only those are of one dimension */
  int fan = 1;
  for (int i = 1; i < info->rank; i++) fan *= info->shape[i];
  for (int64_t i = 0; i < info->count; i++) {
    float v = noise_at(seed, (uint32_t)i);
    if (info->rank > 1) w[i] = v * (1 / sqrtf((float)fan));
    else w[i] = scale ? 1 + v / 4 : v / 8;
  }
}

/* `prefix`: of what the golden file holds of this network. */
static void narrow_weights(struct net *t, const char *prefix) {
  char key[128];
  snprintf(key, sizeof key, "%snames", prefix);
  const struct kz_st_tensor *names = kz_safetensors_find(t->golden, key);
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

/* The gradient that put_quantised() of make_network.py stored, or NULL; caller frees. */
static float *golden_gradient(struct net *t, const char *prefix, const struct kz_paraminfo *info)
{
  char name[128];
  snprintf(name, sizeof name, "%sd.%s", prefix, info->name);
  const struct kz_st_tensor *q = kz_safetensors_find(t->golden, name);
  if (!q) return NULL;
  float *g = malloc(sizeof(float) * (size_t)info->count);
  assert_non_null(g);
  assert_int_equal(q->bytes, 2 * info->count);
  snprintf(name, sizeof name, "%sd.%s.top", prefix, info->name);
  float top = (float)golden_scalar(t, name, 0);
  for (int64_t i = 0; i < info->count; i++) {
    int16_t v;
    memcpy(&v, (const char *)q->data + 2 * i, 2);
    g[i] = v * (top / 32767);
  }
  return g;
}

/* The output: largest error in f32, cosine in bf16. */
static void check_output(struct net *t, const char *prefix, bool exact)
{
  char name[64];
  size_t count;
  const float *got = kz_graph_data(t->g, t->y);
  snprintf(name, sizeof name, "%sy", prefix);
  float *y = golden_floats(t->golden, name, &count);
  assert_int_equal(count, kz_dims_count(kz_graph_dims(t->g, t->y)));
  if (exact)
    assert_true(relative_error(KZ_F32, got, y, count) < 1e-4);
  else
    assert_true(cosine(got, y, count) > 0.999);
  free(y);
}

/* Gradients that the file has, all of which must be near: in f32 to `bound` of the largest, in bf16
 * by a cosine above `bound`. Returns how many there were. */
static int check_gradients(struct net *t, const char *prefix, bool exact, double bound)
{
  int bad = 0, seen = 0;
  for (int i = 0; i < t->params.len; i++) {
    const struct kz_paraminfo *info = &t->params.info[i];
    const float *got = t->params.grad + info->offset;
    float *want = golden_gradient(t, prefix, info);
    if (!want) continue;
    seen++;
    double e = exact ? relative_error(KZ_F32, got, want, (size_t)info->count)
                     : cosine(got, want, (size_t)info->count);
    if (exact ? !(e < bound) : !(e > bound)) {
      print_error("gradient of %s: %s %.3g\n", info->name, exact ? "relative error" : "cosine", e);
      bad++;
    }
    free(want);
  }
  assert_int_equal(bad, 0);
  return seen;
}

/* Forward and backward of narrow weights against the golden file. Returns the gradients seen. */
static int check_narrow(struct net *t, const char *prefix, bool exact, double bound)
{
  char name[64];
  narrow_weights(t, prefix);
  double loss = net_step(t);
  check_output(t, prefix, exact);
  snprintf(name, sizeof name, "%sloss", prefix);
  assert_true(fabs(loss / golden_scalar(t, name, 0) - 1) < (exact ? 1e-5 : 1e-2));
  return check_gradients(t, prefix, exact, bound);
}

#endif
