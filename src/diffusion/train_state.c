/* A run on disk. last.safetensors is all there is to a run: weights, moments, average, and
 * in its metadata the step, from which every random number follows (no generator state
 * is kept between steps). model.safetensors is for use, best.safetensors the model that did
 * best on held-out crops. Each is replaced whole, so that a kill at any moment leaves the
 * one before. */
#include <math.h>
#include <stdlib.h>

#include "base/file.h"
#include "diffusion/train.h"

#define RUN_FORMAT "kizil-run-1"
#define MODEL_FORMAT "kizil-model-1"

static char *path_of(const struct kz__run *r, const char *name) {
  return kz_format("%s/%s", r->out, name);
}

int kz__state_refuse(const struct kz__run *r, struct kz_err *err) {
  static const char *const names[] = {"last.safetensors", "model.safetensors"};
  for (int i = 0; i < 2; i++) {
    char *path = path_of(r, names[i]);
    bool there = path && kz_file_exists(path);
    free(path);
    if (there)
      return kz_err_set(err, KZ_EEXIST,
                        "%s: holds a run already (%s); resume it, or name another folder", r->out,
                        names[i]);
  }
  return 0;
}

int kz__state_write_config(const struct kz__run *r, struct kz_err *err) {
  char *path = path_of(r, "config.json"), *json = kz_params_to_json(kz_train_params, r->o);
  int code = path && json ? kz_file_write(path, json, strlen(json), err)
                          : kz_err_set(err, KZ_ENOMEM, "%s: out of memory", r->out);
  free(path);
  free(json);
  return code;
}

/* The average at half precision, under `name`. */
static int save_model(const struct kz__run *r, const char *name, const struct kz_st_meta *meta,
                      int count, struct kz_err *err) {
  char *path = path_of(r, name);
  int code = path ? kz_weights_save(&r->params, path, KZ_ST_F16, meta, count, err)
                  : kz_err_set(err, KZ_ENOMEM, "%s: out of memory", r->out);
  free(path);
  return code;
}

static int save_all(struct kz__run *r, double psnr, struct kz_err *err) {
  int code = 0;
  bool better = psnr > r->best;
  if (better) r->best = psnr;
  char *path = path_of(r, "last.safetensors");
  char *config = kz_params_to_json(kz_train_params, r->o);
  char *fedr = kz_fedr_config_to_json(&r->config);
  char *step = kz_format("%lld", (long long)r->step);
  char *seconds = kz_format("%.3f", kz__run_seconds(r));
  char *best = kz_format("%.6f", r->best), *now = kz_format("%.6f", psnr);
  if (!path || !config || !fedr || !step || !seconds || !best || !now) {
    code = kz_err_set(err, KZ_ENOMEM, "%s: out of memory", r->out);
    goto out;
  }
  const struct kz_st_meta run[] = {{"format", RUN_FORMAT}, {"fedr", fedr},       {"step", step},
                                   {"seconds", seconds},   {"config", config}, {"best-psnr", best}};
  const struct kz_st_meta model[] = {{"format", MODEL_FORMAT}, {"fedr", fedr}, {"step", step},
                                     {"seconds", seconds},     {"held-out-psnr", now}};
  int model_meta = psnr >= 0 ? 5 : 4; /* without a figure where none was measured */
  code = kz_checkpoint_save(&r->params, path, run, 6, err);
  if (!code) code = save_model(r, "model.safetensors", model, model_meta, err);
  if (!code && better) code = save_model(r, "best.safetensors", model, model_meta, err);
out:
  free(path);
  free(config);
  free(fedr);
  free(step);
  free(seconds);
  free(best);
  free(now);
  return code;
}

int kz__state_save(struct kz__run *r, bool validate, struct kz_err *err) {
  double psnr = -1;
  int code = 0;
  validate = validate && kz__has_judge(r);
  if (validate) code = kz__judge_validate(r, &psnr, err);
  if (!code) code = save_all(r, psnr, err);
  if (!code && validate && r->host->validated)
    r->host->validated(r->host->self, r->step, psnr);
  return code;
}

/* A number of the metadata. */
static int read_number(const struct kz_safetensors *s, const char *key, double *value,
                       struct kz_err *err) {
  const char *text = kz_safetensors_meta(s, key);
  char *end = NULL;
  double v = text ? strtod(text, &end) : 0;
  if (!text || end == text || *end || !isfinite(v))
    return kz_err_set(err, KZ_EFORMAT, "__metadata__.%s: '%.40s' is not a number", key,
                      text ? text : "");
  *value = v;
  return 0;
}

/* The file's core must be the run's; guides may be new, or be left out. What the network reads (an
 * older one may differ) is the file's. */
static int match_network(struct kz__run *r, const struct kz_safetensors *s, struct kz_err *err) {
  const char *fedr = kz_safetensors_meta(s, "fedr");
  struct kz_fedr_config c;
  if (!fedr) return kz_err_set(err, KZ_EFORMAT, "__metadata__.fedr: missing");
  int code = kz_fedr_config_from_json(&c, fedr, "__metadata__.fedr", err);
  if (code) return code;
  for (int i = 0; i < 4; i++)
    if (c.width[i] != r->config.width[i])
      return kz_err_set(err, KZ_ERANGE, "width-%d: the file has %d, asked for is %d", i + 1,
                        c.width[i], r->config.width[i]);
  r->config.input = c.input;
  return 0;
}

static int load_meta(struct kz__run *r, const struct kz_safetensors *s, struct kz_err *err) {
  const char *format = kz_safetensors_meta(s, "format");
  double step = 0;
  if (!format || strcmp(format, RUN_FORMAT))
    return kz_err_set(err, KZ_EFORMAT, "__metadata__.format: '%.40s' is not " RUN_FORMAT,
                      format ? format : "");
  int code = match_network(r, s, err);
  if (code) return code;
  if ((code = read_number(s, "step", &step, err)) != 0) return code;
  if ((code = read_number(s, "seconds", &r->seconds, err)) != 0) return code;
  if ((code = read_number(s, "best-psnr", &r->best, err)) != 0) return code;
  if (step < 0 || step > 1e15 || step != floor(step) || r->seconds < 0)
    return kz_err_set(err, KZ_EFORMAT, "__metadata__.step or .seconds: out of range");
  r->step = (int64_t)step;
  return 0;
}

int kz__state_load(struct kz__run *r, struct kz_err *err) {
  struct kz_safetensors *s = NULL;
  char *path = path_of(r, "last.safetensors");
  int code = path ? kz_safetensors_open(path, &s, err)
                  : kz_err_set(err, KZ_ENOMEM, "%s: out of memory", r->out);
  if (code) goto out;
  if ((code = load_meta(r, s, err)) == 0) code = kz_checkpoint_load(&r->params, s, true, err);
  if (code) kz_err_prefix(err, "%s", path);
out:
  kz_safetensors_close(s);
  free(path);
  return code;
}

int kz__state_init(struct kz__run *r, struct kz_err *err) {
  struct kz_safetensors *s = NULL;
  struct kz_paramset *p = &r->params;
  int code = kz_safetensors_open(r->o->init, &s, err);
  if (code) return code;
  if ((code = match_network(r, s, err)) == 0) code = kz_checkpoint_adopt(p, s, err);
  kz_safetensors_close(s);
  if (code) {
    kz_err_prefix(err, "%s", r->o->init);
    return code;
  }
  memcpy(p->ema, p->data, (size_t)p->count * sizeof *p->data); /* gradient and moments are 0 */
  return 0;
}
