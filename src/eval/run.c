/* Measuring. Pairs go through in small lots: their files are read and plain metrics computed in
 * parallel, a pair a thread; then the network, which is parallel inside, sees them one after the
 * other. Nothing larger than a lot's pictures is held. */
#include <omp.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "eval/eval.h"
#include "eval/frechet.h"

#define FIELD(f) offsetof(struct kz_eval_options, f)
const struct kz_param kz_eval_params[] = {
    {.name = "seed", .type = KZ_PARAM_INT, .offset = FIELD(seed), .def = 0, .min = 0,
     .max = 9007199254740992.0, .unit = "", .help = "of the resampling behind the intervals"},
    {.name = "resamples", .type = KZ_PARAM_INT, .offset = FIELD(resamples), .def = 2000, .min = 100,
     .max = 100000, .unit = "", .help = "bootstrap samples for each interval"},
    {.name = "cases", .type = KZ_PARAM_INT, .offset = FIELD(cases), .def = 12, .min = 0, .max = 12,
     .unit = "", .help = "worst and best pairs shown on the page"},
    {.name = "threads", .type = KZ_PARAM_INT, .offset = FIELD(threads), .def = 0, .min = 0,
     .max = 1024, .unit = "", .help = "threads, 0 for all processors"},
    {.name = "lpips", .type = KZ_PARAM_STRING, .offset = FIELD(lpips),
     .help = "LPIPS weights over AlexNet or SqueezeNet (safetensors)"},
    {0}};
#undef FIELD

int kz_eval_load(const char *list, struct kz_eval **out, struct kz_err *err) {
  struct kz_eval *e = calloc(1, sizeof *e);
  if (!e || !(e->path = strdup(list))) {
    free(e);
    return kz_err_set(err, KZ_ENOMEM, "%s: no memory for the list", list);
  }
  int code = kz__table_load(&e->table, e->path, false, err);
  if (code) kz_eval_free(e);
  else *out = e;
  return code;
}

static void forget_run(struct kz_eval *e) {
  for (int i = 0; e->message && i < e->table.count; i++) free(e->message[i]);
  free(e->message);
  free(e->lpips);
  free(e->pooled);
  free(e->stat);
  e->message = NULL, e->lpips = NULL, e->pooled = NULL, e->stat = NULL;
  e->failures = e->channels = 0;
  e->network[0] = e->sha256[0] = 0;
}

void kz_eval_free(struct kz_eval *e) {
  if (!e) return;
  forget_run(e);
  kz__table_release(&e->table);
  free(e->path);
  free(e);
}

int kz_eval_failures(const struct kz_eval *e) { return e->failures; }
int kz_eval_pairs(const struct kz_eval *e) { return e->table.count; }

/* ---- pairs ---- */

struct lot {
  struct kz_eval *e;
  int first, count;
  struct kz__scene *scene; /* [count]; empty where the pair failed */
};

/* Keeps the reason with the row; without memory for it a row fails without one. */
static void fail(struct kz_eval *e, int i, const char *reason) {
  e->table.rows[i].done = false;
  e->message[i] = kz_format("%s: line %d: %s", e->path, e->table.rows[i].line, reason);
}

static int measure(const struct kz__scene *s, bool network, double *value, struct kz_err *err) {
  for (int m = 0; kz_eval_metrics[m]; m++) {
    const struct kz_eval_metric *d = kz_eval_metrics[m];
    if (!d->measure || d->network != network) continue;
    int code = d->measure(s, &value[m], err);
    if (code) return code;
  }
  return 0;
}

static void read_pair(struct lot *l, int k) {
  struct kz__row *r = &l->e->table.rows[l->first + k];
  struct kz__scene *s = &l->scene[k];
  struct kz_err err = {0};
  *s = (struct kz__scene){0};
  r->done = false;
  if (r->problem) {
    fail(l->e, l->first + k, r->problem);
    return;
  }
  int code = kz__scene_load(s, r->original, r->mask, r->result, &err);
  if (!code) code = measure(s, false, r->value, &err);
  r->done = !code;
  if (!code) return;
  kz__scene_release(s);
  fail(l->e, l->first + k, err.msg);
}

static void look_at_pair(struct lot *l, int k, struct kz_lpips *net) {
  struct kz_eval *e = l->e;
  struct kz__scene *s = &l->scene[k];
  struct kz__row *r = &e->table.rows[l->first + k];
  struct kz_err err = {0};
  s->net = net;
  s->pooled = e->pooled + (size_t)(l->first + k) * 2 * (size_t)e->channels;
  s->pooled[0] = NAN;                 /* until the network has seen it */
  if (measure(s, true, r->value, &err)) fail(e, l->first + k, err.msg);
  if (!s->damaged) s->pooled[0] = NAN; /* nothing was restored */
}

static void run_lot(struct lot *l, struct kz_lpips *net, int threads) {
#pragma omp parallel for schedule(dynamic, 1) num_threads(threads)
  for (int k = 0; k < l->count; k++) read_pair(l, k);
  for (int k = 0; k < l->count; k++) {
    if (net && l->e->table.rows[l->first + k].done) look_at_pair(l, k, net);
    kz__scene_release(&l->scene[k]);
  }
}

static int run_pairs(struct kz_eval *e, const struct kz_eval_host *h, struct kz_lpips *net,
                     struct kz_err *err) {
  int threads = e->o.threads ? (int)e->o.threads : omp_get_num_procs(), code = 0;
  int size = 2 * threads < e->table.count ? 2 * threads : e->table.count;
  struct lot l = {.e = e, .scene = calloc((size_t)size, sizeof *l.scene)};
  if (!l.scene) return kz_err_set(err, KZ_ENOMEM, "no memory for %d pictures", size);
  for (; l.first < e->table.count && !code; l.first += l.count) {
    l.count = e->table.count - l.first < size ? e->table.count - l.first : size;
    if (h->stop && h->stop(h->user)) {
      code = kz_err_set(err, KZ_EINTR, "stopped after %d of %d pairs; nothing is written", l.first,
                        e->table.count);
      break;
    }
    run_lot(&l, net, threads);
    for (int i = l.first; i < l.first + l.count; i++) {
      if (e->table.rows[i].done) continue;
      e->failures++;
      if (h->failed) h->failed(h->user, e->message[i] ? e->message[i] : "out of memory");
    }
    if (h->progress) h->progress(h->user, l.first + l.count, e->table.count);
  }
  free(l.scene);
  return code;
}

/* ---- groups ---- */

static int summarise(struct kz_eval *e, int group, int metric, double *value, int *unit,
                     struct kz_err *err) {
  struct kz__sample s = {.value = value, .unit = unit,
                         .ceiling = kz_eval_metrics[metric]->ceiling};
  struct kz__resampling r = {.seed = (uint64_t)e->o.seed, .resamples = (int)e->o.resamples,
                             .stream = (uint64_t)(group * KZ__METRICS + metric)};
  for (int i = 0; i < e->table.count; i++) {
    const struct kz__row *row = &e->table.rows[i];
    if (!kz__table_in(&e->table, row, group)) continue;
    value[s.count] = row->value[metric];
    unit[s.count++] = row->unit;
  }
  return kz__summarise(&s, &r, kz__stat_of(e, group, metric), err);
}

/* A figure of the group's features, without an interval. */
static int of_group(struct kz_eval *e, int group, int metric, struct kz_err *err) {
  struct kz__stat *st = kz__stat_of(e, group, metric);
  const size_t d = (size_t)e->channels, rows = (size_t)e->table.count;
  struct kz__features f = {.d = e->channels};
  *st = (struct kz__stat){.mean = NAN, .sd = NAN, .lo = NAN, .hi = NAN};
  if (!e->pooled) return 0;
  float *both = malloc(2 * rows * d * sizeof *both);
  if (!both) return kz_err_set(err, KZ_ENOMEM, "no memory for the features of %zu pictures", rows);
  for (int i = 0; i < e->table.count; i++) {
    const float *p = e->pooled + (size_t)i * 2 * d;
    if (!kz__table_in(&e->table, &e->table.rows[i], group) || isnan(p[0])) continue;
    memcpy(both + (size_t)f.n * d, p, d * sizeof *p);
    memcpy(both + (rows + (size_t)f.n) * d, p + d, d * sizeof *p);
    f.n++;
  }
  f.original = both, f.result = both + rows * d;
  int code = kz_eval_metrics[metric]->of_group(&f, &st->mean, err);
  if (!code && !isnan(st->mean)) st->n = st->units = f.n;
  free(both);
  return code;
}

static int run_groups(struct kz_eval *e, struct kz_err *err) {
  const size_t count = (size_t)e->table.count;
  double *value = malloc(count * sizeof *value);
  int *unit = malloc(count * sizeof *unit), code = 0;
  e->stat = calloc((size_t)(e->table.group_count + 1) * KZ__METRICS, sizeof *e->stat);
  if (!value || !unit || !e->stat)
    code = kz_err_set(err, KZ_ENOMEM, "%s: no memory for the scores of %zu pairs", e->path, count);
  for (int g = 0; g <= e->table.group_count && !code; g++)
    for (int m = 0; kz_eval_metrics[m] && !code; m++) {
      if (!e->table.has[m]) continue;
      code = kz_eval_metrics[m]->measure ? summarise(e, g, m, value, unit, err)
                                         : of_group(e, g, m, err);
    }
  free(value);
  free(unit);
  return code;
}

/* ---- all ---- */

static int open_network(struct kz_eval *e, struct kz_lpips **net, struct kz_err *err) {
  const struct kz_backend *cpu = kz_backend_cpu((int)e->o.threads);
  if (!e->o.lpips || !*e->o.lpips) return 0;
  int code = kz_lpips_open(e->o.lpips, cpu, net, err);
  if (!code) code = kz_file_sha256(e->o.lpips, e->sha256, err);
  if (code) return code;
  e->channels = kz_lpips_channels(*net);
  snprintf(e->network, sizeof e->network, "%s", kz_lpips_name(*net));
  e->lpips = strdup(e->o.lpips);
  e->pooled = malloc((size_t)e->table.count * 2 * (size_t)e->channels * sizeof *e->pooled);
  if (!e->lpips || !e->pooled)
    return kz_err_set(err, KZ_ENOMEM, "no memory for the features of %d pictures", e->table.count);
  return 0;
}

int kz_eval_run(struct kz_eval *e, const struct kz_eval_options *o,
                const struct kz_eval_host *host, struct kz_err *err) {
  static const struct kz_eval_host alone = {0};
  struct kz_lpips *net = NULL;
  forget_run(e);
  e->o = *o;
  e->message = calloc((size_t)e->table.count, sizeof *e->message);
  int code = e->message ? open_network(e, &net, err)
                        : kz_err_set(err, KZ_ENOMEM, "%s: no memory for messages", e->path);
  for (int m = 0; kz_eval_metrics[m]; m++) e->table.has[m] = net || !kz_eval_metrics[m]->network;
  if (!code) code = run_pairs(e, host ? host : &alone, net, err);
  kz_lpips_close(net);
  if (!code) code = run_groups(e, err);
  e->o.lpips = NULL; /* the caller's */
  if (code) forget_run(e);
  return code;
}
