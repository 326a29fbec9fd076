/* Two runs, pair by pair. A pair is known by its original and its mask, as they are written in the
 * lists; the group is the first file's. */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "eval/eval.h"

struct kz_eval_comparison {
  char *path[2];
  struct kz__table table[2]; /* a's rows are `done` where b has them too */
  int pairs, alone[2];       /* in both; in one only */
  int64_t seed, resamples;
  struct kz__stat *stat;     /* [groups + 1][KZ__METRICS] of b - a */
  double *mean;              /* the same, [2] each: of a and b over the same pairs */
};

/* ---- matching ---- */

static int by_pair(const void *a, const void *b) {
  const struct kz__row *const *x = a, *const *y = b;
  int order = strcmp((*x)->original, (*y)->original);
  return order ? order : strcmp((*x)->mask, (*y)->mask);
}

static int sort_rows(struct kz__table *t, struct kz__row **sorted, struct kz_err *err) {
  for (int i = 0; i < t->count; i++) {
    if (t->rows[i].problem)
      return kz_err_set(err, KZ_EFORMAT, "%s: line %d: %s", t->path, t->rows[i].line,
                        t->rows[i].problem);
    sorted[i] = &t->rows[i];
  }
  qsort(sorted, (size_t)t->count, sizeof *sorted, by_pair);
  for (int i = 1; i < t->count; i++)
    if (!by_pair(&sorted[i - 1], &sorted[i])) {
      int a = sorted[i - 1]->line, b = sorted[i]->line;
      return kz_err_set(err, KZ_EFORMAT, "%s: lines %d and %d are one pair, %s with %s", t->path,
                        a < b ? a : b, a < b ? b : a, sorted[i]->original, sorted[i]->mask);
    }
  return 0;
}

/* partner[i]: row of b that belongs to row i of a, or NULL. */
static int match(struct kz_eval_comparison *c, const struct kz__row **partner,
                 struct kz_err *err) {
  struct kz__table *a = &c->table[0], *b = &c->table[1];
  struct kz__row **x = malloc((size_t)a->count * sizeof *x);
  struct kz__row **y = malloc((size_t)b->count * sizeof *y);
  int code = 0;
  if (!x || !y) {
    code = kz_err_set(err, KZ_ENOMEM, "no memory for %d rows", a->count + b->count);
    goto out;
  }
  code = sort_rows(a, x, err);
  if (!code) code = sort_rows(b, y, err);
  for (int i = 0, k = 0; !code && i < a->count;) {
    int order = k < b->count ? by_pair(&x[i], &y[k]) : -1;
    if (!order) {
      x[i]->done = true;
      partner[x[i] - a->rows] = y[k];
      c->pairs++;
    }
    i += order <= 0;
    k += order >= 0;
  }
  c->alone[0] = a->count - c->pairs, c->alone[1] = b->count - c->pairs;
  if (!code && !c->pairs)
    code = kz_err_set(err, KZ_EFORMAT, "%s and %s have no pair of original and mask in common; "
                      "names must be written alike in both", a->path, b->path);
out:
  free(x);
  free(y);
  return code;
}

static bool is_compared(const struct kz_eval_comparison *c, int m) {
  return c->table[0].has[m] && c->table[1].has[m];
}

/* ---- differences ---- */

static double capped(double v, double ceiling) {
  return ceiling > 0 && v > ceiling ? ceiling : v;
}

static int differ(struct kz_eval_comparison *c, const struct kz__row *const *partner, int g, int m,
                  double *value, int *unit, struct kz_err *err) {
  const struct kz__table *a = &c->table[0];
  struct kz__sample s = {.value = value, .unit = unit};
  const struct kz__resampling r = {.seed = (uint64_t)c->seed, .resamples = (int)c->resamples,
                                   .stream = (uint64_t)(g * KZ__METRICS + m)};
  double sum[2] = {0, 0}, ceiling = kz_eval_metrics[m]->ceiling;
  for (int i = 0; i < a->count; i++) {
    if (!kz__table_in(a, &a->rows[i], g)) continue;
    double x = capped(a->rows[i].value[m], ceiling), y = capped(partner[i]->value[m], ceiling);
    if (isnan(x) || isnan(y)) continue;
    sum[0] += x;
    sum[1] += y;
    value[s.count] = y - x;
    unit[s.count++] = a->rows[i].unit;
  }
  int at = g * KZ__METRICS + m;
  for (int k = 0; k < 2; k++) c->mean[2 * at + k] = s.count ? sum[k] / s.count : NAN;
  return kz__summarise(&s, &r, &c->stat[at], err);
}

static int compare(struct kz_eval_comparison *c, struct kz_err *err) {
  const size_t rows = (size_t)c->table[0].count;
  const size_t cells = (size_t)(c->table[0].group_count + 1) * KZ__METRICS;
  const struct kz__row **partner = calloc(rows, sizeof *partner);
  double *value = malloc(rows * sizeof *value);
  int *unit = malloc(rows * sizeof *unit), code = 0, metrics = 0;
  c->stat = calloc(cells, sizeof *c->stat);
  c->mean = calloc(cells, 2 * sizeof *c->mean);
  if (!partner || !value || !unit || !c->stat || !c->mean)
    code = kz_err_set(err, KZ_ENOMEM, "no memory for %zu pairs", rows);
  if (!code) code = match(c, partner, err);
  for (int m = 0; kz_eval_metrics[m]; m++) metrics += is_compared(c, m);
  if (!code && !metrics)
    code = kz_err_set(err, KZ_EFORMAT, "%s and %s have no column of scores in common", c->path[0],
                      c->path[1]);
  for (int g = 0; g <= c->table[0].group_count && !code; g++)
    for (int m = 0; kz_eval_metrics[m] && !code; m++)
      if (is_compared(c, m)) code = differ(c, partner, g, m, value, unit, err);
  free(partner);
  free(value);
  free(unit);
  return code;
}

int kz_eval_compare(const char *a, const char *b, const struct kz_eval_options *o,
                    struct kz_eval_comparison **out, struct kz_err *err) {
  struct kz_eval_comparison *c = calloc(1, sizeof *c);
  if (!c) return kz_err_set(err, KZ_ENOMEM, "no memory to compare %s with %s", a, b);
  c->seed = o->seed;
  c->resamples = o->resamples;
  int code = 0;
  for (int k = 0; k < 2 && !code; k++) {
    c->path[k] = strdup(k ? b : a);
    code = c->path[k] ? kz__table_load(&c->table[k], c->path[k], true, err)
                      : kz_err_set(err, KZ_ENOMEM, "no memory to compare %s with %s", a, b);
  }
  if (!code) code = compare(c, err);
  if (code) kz_eval_comparison_free(c);
  else *out = c;
  return code;
}

void kz_eval_comparison_free(struct kz_eval_comparison *c) {
  if (!c) return;
  for (int k = 0; k < 2; k++) {
    kz__table_release(&c->table[k]);
    free(c->path[k]);
  }
  free(c->stat);
  free(c->mean);
  free(c);
}

/* ---- telling ---- */

/* +1: b is better, -1: a is, 0: the interval holds zero, or there is none. */
static int verdict(const struct kz_eval_metric *d, const struct kz__stat *s) {
  int sign = s->lo > 0 ? 1 : s->hi < 0 ? -1 : 0;
  return d->higher_is_better ? sign : -sign;
}

static const char *verdict_text(int v) {
  return v > 0 ? "B better" : v < 0 ? "A better" : "undecided";
}

static void put_line(FILE *f, const struct kz_eval_comparison *c, const char *group, int g, int m) {
  const struct kz_eval_metric *d = kz_eval_metrics[m];
  const int at = g * KZ__METRICS + m, digits = d->digits ? d->digits : 2;
  const struct kz__stat *s = &c->stat[at];
  char a[32], b[32], interval[80] = "";
  if (isnan(s->mean)) return;
  if (!isnan(s->lo)) snprintf(interval, sizeof interval, "[%+.*f, %+.*f]", digits, s->lo, digits,
                              s->hi);
  fprintf(f, "%-12s %-12s %-6s %10s %10s  %+9.*f  %-20s %-9s %6d\n", group, d->name, d->unit,
          kz__value_text(c->mean[2 * at], digits, a),
          kz__value_text(c->mean[2 * at + 1], digits, b), digits, s->mean, interval,
          verdict_text(verdict(d, s)), s->n);
}

char *kz_eval_comparison_table(const struct kz_eval_comparison *c) {
  char *text = NULL;
  size_t size;
  FILE *f = open_memstream(&text, &size);
  if (!f) return NULL;
  fprintf(f, "A %s\nB %s\n%d pairs in both", c->path[0], c->path[1], c->pairs);
  if (c->alone[0] || c->alone[1])
    fprintf(f, "; %d in A only and %d in B only, passed over", c->alone[0], c->alone[1]);
  fprintf(f, "\n\n%-12s %-12s %-6s %10s %10s  %9s  %-20s %-9s %6s\n", "group", "metric", "", "A",
          "B", "B - A", "95 % interval", "", "n");
  for (int g = 0; g <= c->table[0].group_count; g++) {
    const char *name = kz__table_group(&c->table[0], g);
    for (int m = 0; kz_eval_metrics[m]; m++) {
      if (!is_compared(c, m)) continue;
      put_line(f, c, name, g, m);
      name = "";
    }
  }
  fprintf(f, "\nundecided: the mean difference's interval holds 0, or there are too few pairs.\n");
  if (fclose(f)) {
    free(text);
    return NULL;
  }
  return text;
}

static json_t *number(double v) { return isnan(v) ? json_null() : json_real(v); }

static json_t *score_json(const struct kz_eval_comparison *c, int at, int m) {
  static const char *const better[] = {"a", "undecided", "b"};
  const struct kz_eval_metric *d = kz_eval_metrics[m];
  const struct kz__stat *s = &c->stat[at];
  json_t *o = json_pack("{s:i, s:o, s:o, s:o, s:o}", "n", s->n, "a", number(c->mean[2 * at]), "b",
                        number(c->mean[2 * at + 1]), "difference", number(s->mean), "sd",
                        number(s->sd));
  if (!isnan(s->lo)) json_object_set_new(o, "interval", json_pack("[f, f]", s->lo, s->hi));
  json_object_set_new(o, "better", json_string(better[verdict(d, s) + 1]));
  return o;
}

static json_t *text_json(const char *text) {
  json_t *t = json_string(text);
  return t ? t : json_string("(not UTF-8)");
}

char *kz_eval_comparison_json(const struct kz_eval_comparison *c) {
  json_t *groups = json_array();
  for (int g = 0; g <= c->table[0].group_count; g++) {
    json_t *scores = json_object();
    for (int m = 0; kz_eval_metrics[m]; m++)
      if (is_compared(c, m))
        json_object_set_new(scores, kz_eval_metrics[m]->name,
                            score_json(c, g * KZ__METRICS + m, m));
    json_array_append_new(groups, json_pack("{s:o, s:o}", "name",
                                            text_json(kz__table_group(&c->table[0], g)), "scores",
                                            scores));
  }
  json_t *o = json_pack("{s:s, s:o, s:o, s:i, s:i, s:i, s:I, s:I, s:o}", "kizil", KZ_VERSION, "a",
                        text_json(c->path[0]), "b", text_json(c->path[1]), "pairs", c->pairs,
                        "a_only", c->alone[0], "b_only", c->alone[1], "seed", (json_int_t)c->seed,
                        "resamples", (json_int_t)c->resamples, "groups", groups);
  char *text = o ? json_dumps(o, JSON_INDENT(1) | JSON_REAL_PRECISION(9)) : NULL;
  json_decref(o);
  return text;
}

int kz_eval_comparison_write(const struct kz_eval_comparison *c, const char *path,
                             struct kz_err *err) {
  for (int k = 0; k < 2; k++)
    if (kz_same_file(path, c->path[k]))
      return kz_err_set(err, KZ_EEXIST, "%s: would write over %s; choose another name", path,
                        c->path[k]);
  char *text = kz_eval_comparison_json(c);
  int code = text ? kz_file_write(path, text, strlen(text), err)
                  : kz_err_set(err, KZ_ENOMEM, "%s: out of memory", path);
  free(text);
  return code;
}
