/* Verdicts are only rows that say why an image is out, with a reason a person can read. They are a
 * function of what is stored: errors, scores, thresholds and groups of duplicates; so they can be
 * made anew in a moment when a threshold changes. */
#include "catalogue/verdict.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- thresholds ---- */

int kz__thresholds_load(const struct kz_catalogue *c, struct kz__thresholds *t,
                        struct kz_err *err) {
  const struct kz__measuring *m = c->measuring;
  int count = kz__measure_count(m);
  for (int i = 0; i < count; i++) t->value[i] = m->measures[i]->threshold;
  sqlite3_stmt *s = NULL;
  int code = kz__db_prepare(c, "SELECT measure, value FROM threshold", &s, err);
  while (code >= 0 && (code = kz__db_step(c, s, err)) == 1) {
    int i = kz__measure_find(m, (const char *)sqlite3_column_text(s, 0));
    if (i >= 0) t->value[i] = sqlite3_column_double(s, 1); /* another version's measure: kept */
  }
  sqlite3_finalize(s);
  return code;
}

static int unknown_measure(const struct kz_catalogue *c, const char *name, struct kz_err *err) {
  char known[600] = "";
  size_t used = 0;
  for (int i = 0; i < kz__measure_count(c->measuring) && used < sizeof known - 1; i++) {
    int n = snprintf(known + used, sizeof known - used, "%s%s", i ? ", " : "",
                     c->measuring->measures[i]->name);
    used += (size_t)n;
  }
  return kz_err_set(err, KZ_ENOENT, "no measure '%s'; there are %s, overlap", name, known);
}

int kz_catalogue_set_threshold(struct kz_catalogue *c, const char *measure, double value,
                               struct kz_err *err) {
  bool overlap = !strcmp(measure, "overlap");
  if (!overlap && kz__measure_find(c->measuring, measure) < 0)
    return unknown_measure(c, measure, err);
  if (isinf(value))
    return kz_err_set(err, KZ_ERANGE, "the threshold of '%s' must be a number", measure);
  if (overlap && (value < 0 || value > 100))
    return kz_err_set(err, KZ_ERANGE, "the threshold of 'overlap' is a percentage, 0 to 100");
  sqlite3_stmt *s = NULL;
  int code = kz__db_prepare(c,
                            isnan(value) ? "DELETE FROM threshold WHERE measure = ?1"
                                         : "INSERT INTO threshold(measure, value) VALUES(?1, ?2)"
                                           " ON CONFLICT(measure) DO UPDATE SET value = ?2",
                            &s, err);
  if (!code) {
    sqlite3_bind_text(s, 1, measure, -1, SQLITE_STATIC);
    if (!isnan(value)) sqlite3_bind_double(s, 2, value);
    code = kz__db_run(c, s, err);
  }
  sqlite3_finalize(s);
  return code;
}

/* ---- one verdict ---- */

bool kz__fails(const struct kz_screen_measure *m, double threshold, double value) {
  return m->sense > 0 ? value > threshold : value < threshold;
}

/* To three digits, as "%g" of a reason would show six. */
static double rounded(double v) {
  char text[32];
  snprintf(text, sizeof text, "%.3g", v);
  return strtod(text, NULL);
}

static int put(const struct kz_catalogue *c, sqlite3_stmt *insert, int64_t image,
               const char *measure, const char *reason, struct kz_err *err) {
  sqlite3_bind_int64(insert, 1, image);
  sqlite3_bind_text(insert, 2, measure, -1, SQLITE_STATIC);
  sqlite3_bind_text(insert, 3, reason, -1, SQLITE_TRANSIENT);
  return kz__db_run(c, insert, err);
}

int kz__verdict_put(const struct kz_catalogue *c, sqlite3_stmt *insert, int64_t image,
                    const struct kz_screen_measure *m, double threshold, double value,
                    struct kz_err *err) {
  char reason[300];
  if (!kz__fails(m, threshold, value)) return 0;
  int n = snprintf(reason, sizeof reason, m->reason, rounded(value));
  if (n > 0 && n < (int)sizeof reason)
    snprintf(reason + n, sizeof reason - (size_t)n, " (%s %g)",
             m->sense > 0 ? "more than" : "less than", threshold);
  return put(c, insert, image, m->name, reason, err);
}

int kz__verdict_put_error(const struct kz_catalogue *c, sqlite3_stmt *insert, int64_t image,
                          const char *error, struct kz_err *err) {
  return put(c, insert, image, "decode", error, err);
}

/* ---- all of them ---- */

static int judge_errors(const struct kz_catalogue *c, struct kz_err *err) {
  return kz__db_exec(c,
                     "DELETE FROM verdict;"
                     "INSERT INTO verdict(image, measure, reason)"
                     " SELECT id, 'decode', error FROM image WHERE error IS NOT NULL;"
                     "INSERT INTO verdict(image, measure, reason)"
                     " SELECT g.image, 'duplicate', 'duplicate of image ' || g.best ||"
                     " CASE WHEN p.kind IS NULL THEN '' WHEN p.kind = 'overlapping'"
                     "  THEN printf(' (overlap %.0f %%)', 100 * p.smaller)"
                     "  ELSE ' (' || p.kind || ')' END FROM grp g LEFT JOIN pair p"
                     " ON p.a = min(g.image, g.best) AND p.b = max(g.image, g.best)"
                     " WHERE g.best <> g.image;",
                     err);
}

static int judge_scores(const struct kz_catalogue *c, const struct kz__thresholds *t,
                        sqlite3_stmt *insert, struct kz_err *err) {
  const struct kz__measuring *m = c->measuring;
  sqlite3_stmt *s = NULL;
  int code = kz__db_prepare(c,
                            "SELECT image, measure, value FROM score WHERE value IS NOT NULL",
                            &s, err);
  while (code >= 0 && (code = kz__db_step(c, s, err)) == 1) {
    int i = kz__measure_find(m, (const char *)sqlite3_column_text(s, 1));
    if (i < 0) continue;
    code = kz__verdict_put(c, insert, sqlite3_column_int64(s, 0), m->measures[i], t->value[i],
                           sqlite3_column_double(s, 2), err);
  }
  sqlite3_finalize(s);
  return code;
}

int kz_catalogue_judge(struct kz_catalogue *c, struct kz_err *err) {
  struct kz__thresholds t;
  sqlite3_stmt *insert = NULL;
  int code = kz__db_begin(c, err);
  if (code) return code;
  code = kz__thresholds_load(c, &t, err);
  if (!code) code = kz__db_prepare(c, KZ__VERDICT_SQL, &insert, err);
  if (!code) code = judge_errors(c, err);
  if (!code) code = judge_scores(c, &t, insert, err);
  sqlite3_finalize(insert);
  return kz__db_end(c, code, err);
}
