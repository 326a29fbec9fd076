/* A person's word against the verdicts. Reviews are only ever added: who changes their mind, or
 * another's, adds one, and the last counts. The tables' triggers keep it so for other programs. */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"
#include "catalogue/db.h"
#include "catalogue/show.h"

enum { SHORTEST_HASH = 8 };

/* ---- finding ---- */

/* Images that a query with one parameter gives: 0, 1 (*image is it), 2 for more. */
static int look_up(struct kz_catalogue *c, const char *sql, const char *text, bool blob,
                   int64_t *image, struct kz_err *err) {
  sqlite3_stmt *s = NULL;
  int found = 0, code = kz__db_prepare(c, sql, &s, err);
  if (!code && blob) sqlite3_bind_blob(s, 1, text, (int)strlen(text), SQLITE_STATIC);
  if (!code && !blob) sqlite3_bind_text(s, 1, text, -1, SQLITE_STATIC);
  while (code >= 0 && found < 2 && (code = kz__db_step(c, s, err)) == 1) {
    *image = sqlite3_column_int64(s, 0);
    found++;
  }
  sqlite3_finalize(s);
  return code < 0 ? code : found;
}

static bool is_number(const char *text) {
  size_t n = strspn(text, "0123456789");
  return n && n < 19 && !text[n];
}

static bool is_hash(const char *text) {
  size_t n = strspn(text, "0123456789abcdef");
  return n >= SHORTEST_HASH && n <= 64 && !text[n];
}

int kz_catalogue_find(struct kz_catalogue *c, const char *name, int64_t *image,
                      struct kz_err *err) {
  static const char by_path[] = "SELECT image FROM file WHERE path = ?1 AND image IS NOT NULL";
  char *real = realpath(name, NULL);
  int found = 0;
  if (real) found = look_up(c, by_path, real, true, image, err);
  if (!found) found = look_up(c, by_path, name, true, image, err);
  if (!found && is_number(name))
    found = look_up(c, "SELECT id FROM image WHERE id = CAST(?1 AS INTEGER)", name, false, image,
                    err);
  if (!found && is_hash(name))
    found = look_up(c, "SELECT id FROM image WHERE sha256 >= ?1 AND sha256 <= ?1 || 'g'", name,
                    false, image, err);
  free(real);
  if (found < 0 || found == 1) return found < 0 ? found : 0;
  char *shown = kz__show(name, strlen(name));
  kz_err_set(err, KZ_ENOENT, "%s: %s '%s'; name it by path, number or SHA-256", c->path,
             found ? "several images are" : "no image is", shown ? shown : "");
  free(shown);
  return KZ_ENOENT;
}

/* ---- reviewing ---- */

static bool is_text(const char *text) {
  uint32_t code;
  int step;
  if (!text || !*text) return false;
  for (; *text; text += step)
    if (!(step = kz_utf8_step(text, &code)) || code < ' ') return false;
  return true;
}

int kz_catalogue_review(struct kz_catalogue *c, int64_t image, bool in, const char *reason,
                        const char *who, struct kz_err *err) {
  sqlite3_stmt *s = NULL;
  if (!is_text(reason) || !is_text(who))
    return kz_err_set(err, KZ_ERANGE, "a review needs a reason and a name, each a line of text");
  int code = kz__db_prepare(c, "SELECT error FROM image WHERE id = ?1", &s, err);
  if (!code) {
    sqlite3_bind_int64(s, 1, image);
    code = kz__db_step(c, s, err);
    if (!code) code = kz_err_set(err, KZ_ENOENT, "%s: no image %lld", c->path, (long long)image);
    if (code == 1 && in && sqlite3_column_text(s, 0))
      code = kz_err_set(err, KZ_EFORMAT, "%s: image %lld cannot be taken in: %s", c->path,
                        (long long)image, (const char *)sqlite3_column_text(s, 0));
  }
  sqlite3_finalize(s);
  if (code < 0) return code;
  s = NULL;
  code = kz__db_prepare(c,
                        "INSERT INTO review(image, verdict, reason, who, at) VALUES(?1, ?2, ?3,"
                        " ?4, strftime('%Y-%m-%dT%H:%M:%SZ', 'now'))",
                        &s, err);
  if (!code) {
    sqlite3_bind_int64(s, 1, image);
    sqlite3_bind_text(s, 2, in ? "in" : "out", -1, SQLITE_STATIC);
    sqlite3_bind_text(s, 3, reason, -1, SQLITE_STATIC);
    sqlite3_bind_text(s, 4, who, -1, SQLITE_STATIC);
    code = kz__db_run(c, s, err);
  }
  sqlite3_finalize(s);
  return code;
}
