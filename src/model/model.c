/* A loaded model, and a model bound to a shape.
 *
 * Loading builds the smallest possible network and drops it: the builder is the one
 * place that knows which parameters there are, so a model file is checked against
 * the code that will run it, when it is opened and not when the first tile is due. */
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "model/fedr.h"
#include "nn/checkpoint.h"

struct kz_model {
  struct kz_fedr_config config;
  enum kz_dtype dtype;
  struct kz_paramset params;
  char hash[65];
};

struct kz_denoiser {
  struct kz_graph *graph;
  struct kz_fedr net;
  struct kz_fedr_config config;
  int n;
  int64_t pixels; /* of one sample */
  float *sum;     /* [n, h, w, 3] of guided estimates; made when it is first needed */
};

/* A forward network over the model's parameters for n crops of h x w; not finished. */
static int build(struct kz_model *m, const struct kz_backend *backend, int n, int h, int w,
                 struct kz_denoiser *d, struct kz_err *err) {
  const struct kz_graph_options o = {
      .backend = backend, .params = &m->params, .dtype = m->dtype, .train = false};
  int code = kz_graph_new(&o, &d->graph, err);
  if (code) return code;
  kz_fedr_inputs(d->graph, &m->config, n, h, w, &d->net);
  kz_fedr_build(d->graph, &m->config, &d->net);
  d->config = m->config;
  d->n = n;
  d->pixels = (int64_t)h * w;
  return 0;
}

/* Declare every parameter of the configured network and make room for them. */
static int declare(struct kz_model *m, struct kz_err *err) {
  struct kz_denoiser probe = {0};
  int code = build(m, m->params.backend, 1, KZ_FEDR_MULTIPLE, KZ_FEDR_MULTIPLE, &probe, err);
  if (!code && probe.net.out == KZ_NONE) code = kz_graph_finish(probe.graph, err);
  if (!code) code = kz_paramset_allocate(&m->params, false, err);
  kz_graph_free(probe.graph);
  return code;
}

static int read_config(struct kz_model *m, const struct kz_safetensors *s, const char *path,
                       struct kz_err *err) {
  const char *format = kz_safetensors_meta(s, "format"), *fedr = kz_safetensors_meta(s, "fedr");
  if (!format || (strcmp(format, "kizil-model-1") && strcmp(format, "kizil-run-1")))
    return kz_err_set(err, KZ_EFORMAT,
                      "%s: __metadata__.format: '%.40s' is not kizil-model-1 (not a kizil model?)",
                      path, format ? format : "");
  if (!fedr)
    return kz_err_set(err, KZ_EFORMAT, "%s: __metadata__.fedr: missing", path);
  int code = kz_fedr_config_from_json(&m->config, fedr, "__metadata__.fedr", err);
  if (code) kz_err_prefix(err, "%s", path);
  return code;
}

int kz_model_load(const char *path, enum kz_precision precision, struct kz_model **out,
                  struct kz_err *err) {
  struct kz_safetensors *s = NULL;
  struct kz_model *m = calloc(1, sizeof *m);
  if (!m) return kz_err_set(err, KZ_ENOMEM, "%s: out of memory", path);
  kz_paramset_init(&m->params, kz_backend_cpu(0));
  bool bf16 = precision == KZ_PRECISION_AUTO ? kz_cpu_has_bf16() : precision == KZ_PRECISION_BF16;
  m->dtype = bf16 ? KZ_BF16 : KZ_F32;
  int code = kz_safetensors_open(path, &s, err);
  if (code) goto out;
  if ((code = read_config(m, s, path, err)) != 0) goto out;
  if ((code = declare(m, err)) == 0) code = kz_checkpoint_load(&m->params, s, false, err);
  if (code) {
    kz_err_prefix(err, "%s", path);
    goto out;
  }
  code = kz_file_sha256(path, m->hash, err);
out:
  kz_safetensors_close(s);
  if (code)
    kz_model_free(m);
  else
    *out = m;
  return code;
}

void kz_model_free(struct kz_model *m) {
  if (!m) return;
  kz_paramset_release(&m->params);
  free(m);
}

const char *kz_model_hash(const struct kz_model *m) { return m->hash; }

int kz_denoiser_new(struct kz_model *m, int n, int h, int w, int threads, struct kz_denoiser **out,
                    struct kz_err *err) {
  if (n < 1 || h < 1 || w < 1 || h % KZ_FEDR_MULTIPLE || w % KZ_FEDR_MULTIPLE)
    return kz_err_set(err, KZ_ESHAPE, "denoiser: %d x %d x %d is not a batch of multiples of %d",
                      n, h, w, KZ_FEDR_MULTIPLE);
  struct kz_denoiser *d = calloc(1, sizeof *d);
  if (!d) return kz_err_set(err, KZ_ENOMEM, "denoiser: out of memory");
  int code = build(m, kz_backend_cpu(threads), n, h, w, d, err);
  if (!code) code = kz_graph_finish(d->graph, err);
  if (!code) kz_fedr_ready(d->graph, &d->net);
  if (code)
    kz_denoiser_free(d);
  else
    *out = d;
  return code;
}

void kz_denoiser_free(struct kz_denoiser *d) {
  if (!d) return;
  kz_graph_free(d->graph);
  free(d->sum);
  free(d);
}

bool kz_model_has_structure(const struct kz_model *m) { return m->config.structure[0] > 0; }
bool kz_model_has_text(const struct kz_model *m) { return m->config.text > 0; }

/* A caption for every sample, or the empty one. */
static void set_text(struct kz_denoiser *d, const int32_t *tokens) {
  int32_t *to = kz_graph_data(d->graph, d->net.text);
  for (int i = 0; i < d->n; i++, to += KZ_FEDR_TOKENS) {
    memset(to, 0, KZ_FEDR_TOKENS * sizeof *to);
    if (tokens)
      memcpy(to, tokens, KZ_FEDR_TOKENS * sizeof *to);
    else
      to[0] = KZ_FEDR_BEGIN, to[1] = KZ_FEDR_END;
  }
}

static void set_features(struct kz_denoiser *d, const float *features) {
  size_t bytes = (size_t)d->n * (size_t)d->pixels * KZ_FEDR_FEATURES * sizeof *features;
  float *to = kz_graph_data(d->graph, d->net.features);
  if (features)
    memcpy(to, features, bytes);
  else
    memset(to, 0, bytes);
}

/* x0 = (with first: 0, else x0) + weight e(features, tokens) */
static int add_estimate(struct kz_denoiser *d, const float *features, const int32_t *tokens,
                        float weight, bool first, float *x0, struct kz_err *err) {
  const int64_t pixels = d->n * d->pixels;
  if (d->net.features) set_features(d, features);
  if (d->net.text) set_text(d, tokens);
  int code = kz_graph_forward(d->graph, err);
  if (code) return code;
  const float *in = kz_graph_data(d->graph, d->net.x); /* the last layer is kept in f32 */
  float *estimate = first && weight == 1 ? x0 : d->sum;
  kz_fedr_estimate(pixels, in, kz_graph_data(d->graph, d->net.out), estimate);
  for (int64_t i = 0; estimate != x0 && i < 3 * pixels; i++)
    x0[i] = (first ? 0 : x0[i]) + weight * estimate[i];
  return 0;
}

/* The terms of struct kz_guides, those of weight 0 left out. */
static int estimate_all(struct kz_denoiser *d, const struct kz_guides *g, float *x0,
                        struct kz_err *err) {
  const float *f = d->net.features ? g->features : NULL;
  const int32_t *t = d->net.text ? g->tokens : NULL;
  const float s = f ? g->structure : 0, m = t ? g->text : 0;
  const struct { const float *features; const int32_t *tokens; float weight; } terms[3] = {
      {f, t, f || t ? (t ? m : s) : 1}, {f, NULL, t && f ? s - m : 0},
      {NULL, NULL, f ? 1 - s : t ? 1 - m : 0}};
  bool first = true, one = terms[1].weight == 0 && terms[2].weight == 0;
  if (!one && !d->sum) d->sum = malloc((size_t)d->n * (size_t)d->pixels * 3 * sizeof *d->sum);
  if (!one && !d->sum) return kz_err_set(err, KZ_ENOMEM, "denoiser: out of memory");
  for (int i = 0; i < 3; i++) {
    if (terms[i].weight == 0) continue;
    int code = add_estimate(d, terms[i].features, terms[i].tokens, terms[i].weight, first, x0, err);
    if (code) return code;
    first = false;
  }
  return 0;
}

int kz_denoiser_run(struct kz_denoiser *d, const float *in, const float *t,
                    const struct kz_guides *guides, float *x0, struct kz_err *err) {
  static const struct kz_guides none = {0};
  float *to = kz_graph_data(d->graph, d->net.x), *time = kz_graph_data(d->graph, d->net.time);
  int64_t count = d->pixels * KZ_FEDR_IN;
  for (int i = 0; i < d->n; i++) {
    memcpy(to + i * count, in + i * count, (size_t)count * sizeof *in);
    kz_fedr_precondition(&d->config, t[i], d->pixels, to + i * count);
    kz_fedr_time_features(t[i], time + (size_t)i * KZ_FEDR_TIME);
  }
  return estimate_all(d, guides ? guides : &none, x0, err);
}
