/* Scores as files and as lines of text. Numbers are written with all the digits that a reader of
 * the files may want, in the C locale (jansson and printf under LC_NUMERIC "C", which the program
 * never changes). An infinite PSNR is "inf", an undefined figure an empty cell or null. */
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "eval/eval.h"

static const char *const names[] = {"scores.csv", "scores.json", "index.html"};
enum { CSV, JSON, PAGE, FILES };

const char *kz__value_text(double v, int digits, char buf[32]) {
  if (isnan(v)) buf[0] = 0;
  else if (isinf(v)) snprintf(buf, 32, v > 0 ? "inf" : "-inf");
  else snprintf(buf, 32, "%.*f", digits, v);
  return buf;
}

/* ---- where to ---- */

static bool is_input(const struct kz_eval *e, const char *path) {
  if (kz_same_file(path, e->path)) return true;
  if (!kz_file_exists(path)) return false;
  for (int i = 0; i < e->table.count; i++) {
    const struct kz__row *r = &e->table.rows[i];
    if (!r->problem && (kz_same_file(path, r->original) || kz_same_file(path, r->mask) ||
                        kz_same_file(path, r->result)))
      return true;
  }
  return false;
}

/* The nearest folder above that exists, into `path` itself. */
static void existing_above(char *path) {
  while (!kz_file_exists(path)) {
    char *slash = strrchr(path, '/');
    if (!slash || slash == path) {
      memcpy(path, slash ? "/" : ".", 2);
      return;
    }
    *slash = 0;
  }
}

int kz_eval_can_write(const struct kz_eval *e, const char *folder, struct kz_err *err) {
  struct stat st;
  char *above = strdup(folder);
  int code = 0;
  if (!above) return kz_err_set(err, KZ_ENOMEM, "%s: out of memory", folder);
  existing_above(above);
  if (stat(above, &st) || !S_ISDIR(st.st_mode))
    code = kz_err_set(err, KZ_EEXIST, "%s: %s is there and is no folder", folder, above);
  else if (access(above, W_OK | X_OK))
    code = kz_err_set(err, KZ_EIO, "%s: cannot write in %s", folder, above);
  free(above);
  for (int i = 0; i < FILES && !code; i++) {
    char *path = kz_format("%s/%s", folder, names[i]);
    if (!path) code = kz_err_set(err, KZ_ENOMEM, "%s: out of memory", folder);
    else if (is_input(e, path))
      code = kz_err_set(err, KZ_EEXIST, "%s: would write over a file of the list; choose another "
                        "folder", path);
    free(path);
  }
  return code;
}

/* ---- CSV ---- */

static void put_field(FILE *f, const char *text) {
  if (!strpbrk(text, ",\"\r\n")) {
    fputs(text, f);
    return;
  }
  fputc('"', f);
  for (; *text; text++) {
    if (*text == '"') fputc('"', f);
    fputc(*text, f);
  }
  fputc('"', f);
}

static bool is_column(const struct kz_eval *e, int m) {
  return e->table.has[m] && kz_eval_metrics[m]->measure;
}

static int write_csv(const struct kz_eval *e, const char *path, struct kz_err *err) {
  struct kz_atomic_file a;
  char buf[32];
  int code = kz_atomic_open(&a, path, err);
  if (code) return code;
  fputs("original,mask,result,group", a.f);
  for (int m = 0; kz_eval_metrics[m]; m++)
    if (is_column(e, m)) fprintf(a.f, ",%s", kz_eval_metrics[m]->name);
  fputc('\n', a.f);
  for (int i = 0; i < e->table.count; i++) {
    const struct kz__row *r = &e->table.rows[i];
    if (!r->done) continue;
    const char *text[4] = {r->original, r->mask, r->result, r->group ? r->group : ""};
    for (int k = 0; k < 4; k++) {
      if (k) fputc(',', a.f);
      put_field(a.f, text[k]);
    }
    for (int m = 0; kz_eval_metrics[m]; m++)
      if (is_column(e, m)) fprintf(a.f, ",%s", kz__value_text(r->value[m], 8, buf));
    fputc('\n', a.f);
  }
  return kz_atomic_commit(&a, err);
}

/* ---- JSON ---- */

static json_t *number(double v) {
  if (isnan(v)) return json_null();
  return isinf(v) ? json_string(v > 0 ? "inf" : "-inf") : json_real(v);
}

static json_t *text_json(const char *text) {
  json_t *t = json_string(text);
  return t ? t : json_string("(not UTF-8)");
}

static json_t *metric_json(const struct kz_eval_metric *d) {
  return json_pack("{s:s, s:s, s:s, s:s}", "name", d->name, "unit", d->unit, "better",
                   d->higher_is_better ? "higher" : "lower", "help", d->help);
}

static json_t *stat_json(const struct kz__stat *s) {
  json_t *o = json_pack("{s:i, s:o, s:o}", "n", s->n, "mean", number(s->mean), "sd", number(s->sd));
  if (!isnan(s->lo)) json_object_set_new(o, "interval", json_pack("[f, f]", s->lo, s->hi));
  if (s->capped) json_object_set_new(o, "capped", json_integer(s->capped));
  return o;
}

static json_t *groups_json(const struct kz_eval *e) {
  json_t *list = json_array();
  for (int g = 0; g <= e->table.group_count; g++) {
    json_t *scores = json_object();
    int pairs = 0;
    for (int i = 0; i < e->table.count; i++)
      pairs += kz__table_in(&e->table, &e->table.rows[i], g);
    for (int m = 0; kz_eval_metrics[m]; m++)
      if (e->table.has[m])
        json_object_set_new(scores, kz_eval_metrics[m]->name, stat_json(kz__stat_of(e, g, m)));
    json_array_append_new(list, json_pack("{s:o, s:i, s:o}", "name",
                                          text_json(kz__table_group(&e->table, g)), "pairs", pairs,
                                          "scores", scores));
  }
  return list;
}

static json_t *rows_json(const struct kz_eval *e) {
  json_t *list = json_array();
  for (int i = 0; i < e->table.count; i++) {
    const struct kz__row *r = &e->table.rows[i];
    if (!r->done) continue;
    json_t *o = json_pack("{s:o, s:o, s:o}", "original", text_json(r->original), "mask",
                          text_json(r->mask), "result", text_json(r->result));
    if (r->group) json_object_set_new(o, "group", text_json(r->group));
    for (int m = 0; kz_eval_metrics[m]; m++)
      if (is_column(e, m)) json_object_set_new(o, kz_eval_metrics[m]->name, number(r->value[m]));
    json_array_append_new(list, o);
  }
  return list;
}

static json_t *failures_json(const struct kz_eval *e) {
  json_t *list = json_array();
  for (int i = 0; i < e->table.count; i++)
    if (!e->table.rows[i].done)
      json_array_append_new(list, text_json(e->message[i] ? e->message[i] : "out of memory"));
  return list;
}

static json_t *eval_json(const struct kz_eval *e) {
  json_t *metrics = json_array();
  for (int m = 0; kz_eval_metrics[m]; m++)
    if (e->table.has[m]) json_array_append_new(metrics, metric_json(kz_eval_metrics[m]));
  json_t *o = json_pack("{s:s, s:o, s:i, s:o, s:I, s:I}", "kizil", KZ_VERSION, "list",
                        text_json(e->path), "pairs", e->table.count - e->failures, "failed",
                        failures_json(e), "seed", (json_int_t)e->o.seed, "resamples",
                        (json_int_t)e->o.resamples);
  if (e->lpips)
    json_object_set_new(o, "lpips", json_pack("{s:s, s:o, s:s}", "network", e->network, "file",
                                              text_json(e->lpips), "sha256", e->sha256));
  json_object_set_new(o, "metrics", metrics);
  json_object_set_new(o, "groups", groups_json(e));
  json_object_set_new(o, "scores", rows_json(e));
  return o;
}

static int write_json(const struct kz_eval *e, const char *path, struct kz_err *err) {
  json_t *o = eval_json(e);
  char *text = o ? json_dumps(o, JSON_INDENT(1) | JSON_REAL_PRECISION(9)) : NULL;
  int code = text ? kz_file_write(path, text, strlen(text), err)
                  : kz_err_set(err, KZ_ENOMEM, "%s: out of memory", path);
  free(text);
  json_decref(o);
  return code;
}

int kz_eval_write(const struct kz_eval *e, const char *folder, struct kz_err *err) {
  static int (*const writers[FILES])(const struct kz_eval *, const char *, struct kz_err *) = {
      [CSV] = write_csv, [JSON] = write_json, [PAGE] = kz__page_write};
  int code = kz_eval_can_write(e, folder, err);
  if (!code) code = kz_mkdirs(folder, err);
  for (int i = 0; i < FILES && !code; i++) {
    char *path = kz_format("%s/%s", folder, names[i]);
    code = path ? writers[i](e, path, err) : kz_err_set(err, KZ_ENOMEM, "out of memory");
    free(path);
  }
  return code;
}

/* ---- text ---- */

static void table_line(FILE *f, const char *group, const struct kz_eval_metric *d,
                       const struct kz__stat *s) {
  char mean[32], sd[32], lo[32], hi[32], interval[80] = "";
  if (!isnan(s->lo))
    snprintf(interval, sizeof interval, "[%s, %s]", kz__value_text(s->lo, d->digits, lo),
             kz__value_text(s->hi, d->digits, hi));
  fprintf(f, "%-12s %-14s %10s %-6s  %-22s %9s %6d\n", group, d->name,
          isnan(s->mean) ? "-" : kz__value_text(s->mean, d->digits, mean), d->unit, interval,
          kz__value_text(s->sd, d->digits, sd), s->n);
}

char *kz_eval_table(const struct kz_eval *e) {
  char *text = NULL;
  size_t size;
  int capped = 0;
  FILE *f = open_memstream(&text, &size);
  if (!f) return NULL;
  fprintf(f, "%-12s %-14s %10s %-6s  %-22s %9s %6s\n", "group", "metric", "mean", "",
          "95 % interval", "SD", "n");
  for (int g = 0; g <= e->table.group_count; g++) {
    const char *name = kz__table_group(&e->table, g);
    for (int m = 0; kz_eval_metrics[m]; m++) {
      if (!e->table.has[m]) continue;
      const struct kz__stat *s = kz__stat_of(e, g, m);
      table_line(f, name, kz_eval_metrics[m], s);
      capped += g == e->table.group_count ? s->capped : 0;
      name = "";
    }
  }
  if (capped) fprintf(f, "PSNR above 100 dB, infinity too, counts as 100 dB in means.\n");
  if (fclose(f)) {
    free(text);
    return NULL;
  }
  return text;
}
