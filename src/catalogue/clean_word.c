/* A person's word on what is found, and the thresholds of those who have none. */
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"
#include "catalogue/clean.h"

/* ---- thresholds ---- */

int kz__clean_find(const char *name) {
  for (int i = 0; kz_catalogue_clean_kinds[i].name; i++)
    if (!strcmp(kz_catalogue_clean_kinds[i].name, name)) return i;
  return -1;
}

static int unknown_kind(const char *name, struct kz_err *err) {
  char known[100] = "";
  size_t used = 0;
  for (int i = 0; i < KZ_CATALOGUE_CLEAN_KINDS; i++)
    used += (size_t)snprintf(known + used, sizeof known - used, "%s%s", i ? ", " : "",
                             kz_catalogue_clean_kinds[i].name);
  return kz_err_set(err, KZ_ENOENT, "cleaning knows no '%s'; there are %s", name, known);
}

static int put_threshold(const struct kz_catalogue *c, const char *kind, double value,
                         struct kz_err *err) {
  sqlite3_stmt *s = NULL;
  int code = kz__db_prepare(c,
                            isnan(value)
                                ? "DELETE FROM threshold WHERE measure = 'clean-' || ?1"
                                : "INSERT INTO threshold(measure, value) VALUES('clean-' || ?1, ?2)"
                                  " ON CONFLICT(measure) DO UPDATE SET value = ?2",
                            &s, err);
  if (!code) {
    sqlite3_bind_text(s, 1, kind, -1, SQLITE_STATIC);
    if (!isnan(value)) sqlite3_bind_double(s, 2, value);
    code = kz__db_run(c, s, err);
  }
  sqlite3_finalize(s);
  return code;
}

static int apply(const struct kz_catalogue *c, const char *kind, double value,
                 struct kz_err *err) {
  sqlite3_stmt *s = NULL;
  int code = kz__db_prepare(c, "UPDATE clean SET applied = confidence >= ?2 WHERE kind = ?1", &s,
                            err);
  if (!code) {
    sqlite3_bind_text(s, 1, kind, -1, SQLITE_STATIC);
    sqlite3_bind_double(s, 2, value);
    code = kz__db_run(c, s, err);
  }
  sqlite3_finalize(s);
  return code;
}

int kz_catalogue_set_cleaning(struct kz_catalogue *c, const char *kind, double confidence,
                              struct kz_err *err) {
  int i = kz__clean_find(kind);
  if (i < 0) return unknown_kind(kind, err);
  if (confidence < 0 || isinf(confidence))
    return kz_err_set(err, KZ_ERANGE, "%s: confidence goes from 0 to 1; more than 1 applies none",
                      kind);
  int code = kz__db_begin(c, err);
  if (code) return code;
  code = put_threshold(c, kind, confidence, err);
  if (!code)
    code = apply(c, kind, isnan(confidence) ? kz_catalogue_clean_kinds[i].threshold : confidence,
                 err);
  return kz__db_end(c, code, err);
}

/* ---- words ---- */

static bool is_text(const char *text) {
  uint32_t code;
  int step;
  if (!text || !*text) return false;
  for (; *text; text += step)
    if (!(step = kz_utf8_step(text, &code)) || code < ' ') return false;
  return true;
}

/* The size of an image that can be decoded. */
static int ask_size(const struct kz_catalogue *c, int64_t image, int *w, int *h,
                    struct kz_err *err) {
  sqlite3_stmt *s = NULL;
  int code = kz__db_prepare(c, "SELECT width, height, error FROM image WHERE id = ?1", &s, err);
  if (!code) {
    sqlite3_bind_int64(s, 1, image);
    code = kz__db_step(c, s, err);
    if (!code) code = kz_err_set(err, KZ_ENOENT, "%s: no image %lld", c->path, (long long)image);
    if (code == 1 && sqlite3_column_text(s, 2))
      code = kz_err_set(err, KZ_EFORMAT, "%s: image %lld cannot be decoded: %s", c->path,
                        (long long)image, (const char *)sqlite3_column_text(s, 2));
    if (code == 1) {
      *w = sqlite3_column_int(s, 0);
      *h = sqlite3_column_int(s, 1);
      code = 0;
    }
  }
  sqlite3_finalize(s);
  return code;
}

static int given_json(const char *kind, const struct kz_view *v, int w, int h, json_t **out,
                      struct kz_err *err) {
  if (!strcmp(kind, "crop")) {
    if (v->x < 0 || v->y < 0 || v->w < 1 || v->h < 1 || v->w > w - v->x || v->h > h - v->y)
      return kz_err_set(err, KZ_ERANGE,
                        "the crop of %d x %d px at %d, %d leaves the picture of %d x %d px", v->w,
                        v->h, v->x, v->y, w, h);
    *out = json_pack("{s:i, s:i, s:i, s:i}", "x", v->x, "y", v->y, "w", v->w, "h", v->h);
  } else if (!strcmp(kind, "cast")) {
    for (int i = 0; i < 3; i++)
      if (!(v->gain[i] >= 0.05 && v->gain[i] <= 20))
        return kz_err_set(err, KZ_ERANGE, "the gain %g is not from 0.05 to 20", v->gain[i]);
    *out = json_pack("{s:[f, f, f], s:s}", "gain", v->gain[0], v->gain[1], v->gain[2], "from",
                     "hand");
  } else if (!strcmp(kind, "orientation")) {
    if (v->orientation < 1 || v->orientation > 8)
      return kz_err_set(err, KZ_ERANGE, "the orientation %d is not from 1 to 8, EXIF's numbers",
                        v->orientation);
    *out = json_pack("{s:i}", "orientation", v->orientation);
  } else {
    return kz_err_set(err, KZ_ERANGE, "a %s cannot be given; it is taken as found, or not", kind);
  }
  return *out ? 0 : kz_err_set(err, KZ_ENOMEM, "no memory for what is said");
}

/* What was found becomes what is said, so that it holds if measuring again finds something else. */
static int found_text(const struct kz_catalogue *c, int64_t image, const char *kind, char **out,
                      struct kz_err *err) {
  sqlite3_stmt *s = NULL;
  int code = kz__db_prepare(c, "SELECT params FROM clean WHERE image = ?1 AND kind = ?2", &s, err);
  if (!code) {
    sqlite3_bind_int64(s, 1, image);
    sqlite3_bind_text(s, 2, kind, -1, SQLITE_STATIC);
    code = kz__db_step(c, s, err);
    if (!code)
      code = kz_err_set(err, KZ_ENOENT, "%s: no %s was found in image %lld", c->path, kind,
                        (long long)image);
    if (code == 1) {
      *out = strdup((const char *)sqlite3_column_text(s, 0));
      code = *out ? 0 : kz_err_set(err, KZ_ENOMEM, "no memory for what is said");
    }
  }
  sqlite3_finalize(s);
  return code;
}

static int add_word(const struct kz_catalogue *c, int64_t image, const char *kind,
                    enum kz_catalogue_clean_word word, const char *params, const char *reason,
                    const char *who, struct kz_err *err) {
  static const char *const decision[] = {"none", "given", "given", "default"};
  sqlite3_stmt *s = NULL;
  int code = kz__db_prepare(c,
                            "INSERT INTO clean_review(image, kind, decision, params, reason, who,"
                            " at) VALUES(?1, ?2, ?3, ?4, ?5, ?6,"
                            " strftime('%Y-%m-%dT%H:%M:%SZ', 'now'))",
                            &s, err);
  if (!code) {
    sqlite3_bind_int64(s, 1, image);
    const char *const texts[] = {kind, decision[word], params, reason, who};
    for (int i = 0; i < 5; i++) sqlite3_bind_text(s, 2 + i, texts[i], -1, SQLITE_STATIC);
    code = kz__db_run(c, s, err);
  }
  sqlite3_finalize(s);
  return code;
}

int kz_catalogue_clean(struct kz_catalogue *c, int64_t image, enum kz_catalogue_clean_kind_id kind,
                       enum kz_catalogue_clean_word word, const struct kz_view *given,
                       const char *reason, const char *who, struct kz_err *err) {
  const char *name = kz_catalogue_clean_kinds[kind].name;
  int w = 0, h = 0;
  char *params = NULL;
  json_t *o = NULL;
  if (!is_text(reason) || !is_text(who))
    return kz_err_set(err, KZ_ERANGE, "it needs a reason and a name, each a line of text");
  int code = ask_size(c, image, &w, &h, err);
  if (!code && word == KZ_CATALOGUE_CLEAN_FOUND) code = found_text(c, image, name, &params, err);
  if (!code && word == KZ_CATALOGUE_CLEAN_GIVEN) {
    code = given_json(name, given, w, h, &o, err);
    if (!code && !(params = json_dumps(o, JSON_COMPACT | JSON_REAL_PRECISION(6))))
      code = kz_err_set(err, KZ_ENOMEM, "no memory for what is said");
  }
  if (!code) code = add_word(c, image, name, word, params, reason, who, err);
  json_decref(o);
  free(params);
  return code;
}
