/* What cleaning found, as lines of text for people. */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "catalogue/clean.h"
#include "catalogue/show.h"

struct telling {
  const struct kz_catalogue *c;
  FILE *f;
  sqlite3_stmt *s;
};

static void show_column(const struct telling *t, int column) {
  const void *bytes = sqlite3_column_blob(t->s, column);
  char *shown = kz__show(bytes ? bytes : "", (size_t)sqlite3_column_bytes(t->s, column));
  fputs(shown ? shown : "?", t->f);
  free(shown);
}

/* ---- counts ---- */

static int tell_counts(struct telling *t, struct kz_err *err) {
  fprintf(t->f, "%-12s %8s %8s %8s %10s\n", "cleaning", "found", "applied", "by hand", "threshold");
  int code = kz__db_prepare(t->c,
                            "SELECT count(*), total(applied), sum(coalesce(decision, 'default') <>"
                            " 'default'), (SELECT value FROM threshold WHERE measure = 'clean-' ||"
                            " ?1) FROM cleaning WHERE kind = ?1",
                            &t->s, err);
  for (int i = 0; i < KZ_CATALOGUE_CLEAN_KINDS && !code; i++) {
    const struct kz_catalogue_clean_kind *k = &kz_catalogue_clean_kinds[i];
    sqlite3_bind_text(t->s, 1, k->name, -1, SQLITE_STATIC);
    code = kz__db_step(t->c, t->s, err);
    if (code < 0) break;
    bool set = sqlite3_column_type(t->s, 3) != SQLITE_NULL;
    fprintf(t->f, "%-12s %8lld %8lld %8lld %10g  %s\n", k->name,
            (long long)sqlite3_column_int64(t->s, 0), (long long)sqlite3_column_int64(t->s, 1),
            (long long)sqlite3_column_int64(t->s, 2),
            set ? sqlite3_column_double(t->s, 3) : k->threshold, k->help);
    sqlite3_reset(t->s);
    code = 0;
  }
  sqlite3_finalize(t->s);
  t->s = NULL;
  return code;
}

/* ---- findings ---- */

static void tell_rect(FILE *f, json_t *o) {
  int x = 0, y = 0, w = 0, h = 0;
  json_unpack(o, "{s:i, s:i, s:i, s:i}", "x", &x, "y", &y, "w", &w, "h", &h);
  fprintf(f, "%d x %d px at %d, %d", w, h, x, y);
}

static const char *text_of(json_t *o, const char *key) {
  const char *text = json_string_value(json_object_get(o, key));
  return text ? text : "?";
}

/* "keeps 480 x 370 px at 10, 12; cuts top left" */
static void tell_params(FILE *f, const char *kind, json_t *o) {
  json_t *part = json_object_get(o, "sides"), *one;
  size_t i;
  if (!strcmp(kind, "crop")) {
    fputs("keeps ", f);
    tell_rect(f, o);
    if (part) fputs("; cuts", f);
    json_array_foreach(part, i, one) {
      if (json_is_string(one)) fprintf(f, " %s", json_string_value(one));
    }
  } else if (!strcmp(kind, "card")) {
    tell_rect(f, o);
    fprintf(f, ", %d patches%s", (int)json_integer_value(json_object_get(o, "patches")),
            json_object_get(o, "keep") ? "" : ", not at an edge");
  } else if (!strcmp(kind, "cast")) {
    double g[3] = {0};
    json_unpack(o, "{s:[F, F, F]}", "gain", &g[0], &g[1], &g[2]);
    fprintf(f, "gains %.3g %.3g %.3g, from %s", g[0], g[1], g[2],
            text_of(o, "from"));
  } else if (!strcmp(kind, "orientation")) {
    fprintf(f, "%d", (int)json_integer_value(json_object_get(o, "orientation")));
  } else {
    fputs(text_of(o, "profile"), f);
  }
}

enum column { IMAGE, PATH, KIND, PARAMS, CONFIDENCE, APPLIED, DECISION, WHO, REASON };

static void tell_one(struct telling *t) {
  const char *kind = (const char *)sqlite3_column_text(t->s, KIND);
  const char *params = (const char *)sqlite3_column_text(t->s, PARAMS);
  const char *decision = (const char *)sqlite3_column_text(t->s, DECISION);
  json_t *o = params ? json_loads(params, 0, NULL) : NULL;
  fprintf(t->f, "  %-12s %s ", kind, sqlite3_column_int(t->s, APPLIED) ? "applied" : "noted  ");
  if (sqlite3_column_type(t->s, CONFIDENCE) != SQLITE_NULL)
    fprintf(t->f, "%5.2f  ", sqlite3_column_double(t->s, CONFIDENCE));
  else
    fputs("    -  ", t->f);
  if (o) tell_params(t->f, kind, o);
  json_decref(o);
  if (decision && strcmp(decision, "default")) {
    fprintf(t->f, "%s%s by ", params ? "; " : "", strcmp(decision, "none") ? "said" : "refused");
    show_column(t, WHO);
    fputs(": ", t->f);
    show_column(t, REASON);
  }
  fprintf(t->f, "  [%lld] ", (long long)sqlite3_column_int64(t->s, IMAGE));
  show_column(t, PATH);
  fputc('\n', t->f);
}

static int tell_findings(struct telling *t, const char *kind, struct kz_err *err) {
  int code = kz__db_prepare(t->c,
                            "SELECT k.image, (SELECT min(path) FROM file f WHERE f.image = k.image"
                            " AND NOT f.gone), k.kind, k.params, k.confidence, k.applied,"
                            " k.decision, k.who, k.reason FROM cleaning k WHERE ?1 IS NULL OR"
                            " k.kind = ?1 ORDER BY k.kind, k.confidence, k.image",
                            &t->s, err);
  if (!code && kind) sqlite3_bind_text(t->s, 1, kind, -1, SQLITE_STATIC);
  if (!code) fputs("\nwhat was found, the least sure first; [number] path\n", t->f);
  while (code >= 0 && (code = kz__db_step(t->c, t->s, err)) == 1) tell_one(t);
  sqlite3_finalize(t->s);
  return code;
}

int kz_catalogue_tell_cleaning(struct kz_catalogue *c, const char *kind, char **text,
                               struct kz_err *err) {
  struct telling t = {.c = c};
  char *data = NULL;
  size_t size;
  t.f = open_memstream(&data, &size);
  if (!t.f) return kz_err_set(err, KZ_ENOMEM, "%s: no memory to tell of it", c->path);
  int code = tell_counts(&t, err);
  if (!code) code = tell_findings(&t, kind, err);
  if (fclose(t.f) && !code)
    code = kz_err_set(err, KZ_ENOMEM, "%s: no memory to tell of it", c->path);
  if (code)
    free(data);
  else
    *text = data;
  return code;
}
