/* Only what is asked for every image of a data set has a statement of its own here; questions about
 * the data set as a whole are in tally.c. */
#include "catalogue/more.h"

#include <stdlib.h>
#include <string.h>

static int names(const struct kz_catalogue *c, const char *sql, struct kz__names *out,
                 struct kz_err *err) {
  sqlite3_stmt *s = NULL;
  *out = (struct kz__names){0};
  int code = kz__db_prepare(c, sql, &s, err);
  while (code >= 0 && (code = kz__db_step(c, s, err)) == 1) {
    char **grown = realloc(out->name, ((size_t)out->count + 1) * sizeof *grown);
    if (grown) out->name = grown;
    if (grown) grown[out->count] = strdup((const char *)sqlite3_column_text(s, 0));
    if (!grown || !grown[out->count]) {
      code = kz_err_set(err, KZ_ENOMEM, "%s: no memory for its names", c->path);
      break;
    }
    out->count++;
  }
  sqlite3_finalize(s);
  if (code) kz__names_release(out);
  return code;
}

int kz__names_of_facts(const struct kz_catalogue *c, struct kz__names *out, struct kz_err *err) {
  return names(c, "SELECT DISTINCT key FROM fact WHERE image IN (SELECT id FROM chosen) ORDER BY 1",
               out, err);
}

int kz__names_of_measures(const struct kz_catalogue *c, struct kz__names *out,
                          struct kz_err *err) {
  return names(c, "SELECT DISTINCT measure FROM score ORDER BY 1", out, err);
}

void kz__names_release(struct kz__names *n) {
  for (int i = 0; i < n->count; i++) free(n->name[i]);
  free(n->name);
  *n = (struct kz__names){0};
}

int kz__more_open(struct kz_catalogue *c, struct kz__more *out, struct kz_err *err) {
  *out = (struct kz__more){.c = c};
  int code = kz__db_prepare(c,
                            "SELECT measure, value FROM score WHERE image = ?1"
                            " AND value IS NOT NULL ORDER BY measure",
                            &out->scores, err);
  if (!code)
    code = kz__db_prepare(c,
                          "SELECT verdict, reason, who FROM review WHERE image = ?1"
                          " ORDER BY id DESC LIMIT 1",
                          &out->review, err);
  if (code) kz__more_close(out);
  return code;
}

void kz__more_close(struct kz__more *m) {
  sqlite3_finalize(m->scores);
  sqlite3_finalize(m->review);
  *m = (struct kz__more){0};
}

int kz__more_scores(struct kz__more *m, int64_t image, kz__score_visit *visit, void *user,
                    struct kz_err *err) {
  int code;
  sqlite3_bind_int64(m->scores, 1, image);
  while ((code = kz__db_step(m->c, m->scores, err)) == 1) {
    code = visit(user, (const char *)sqlite3_column_text(m->scores, 0),
                 sqlite3_column_double(m->scores, 1), err);
    if (code) break;
  }
  sqlite3_reset(m->scores);
  return code;
}

int kz__more_review(struct kz__more *m, int64_t image, struct kz__word *word, struct kz_err *err) {
  *word = (struct kz__word){0};
  sqlite3_reset(m->review);
  sqlite3_bind_int64(m->review, 1, image);
  int code = kz__db_step(m->c, m->review, err);
  if (code == 1)
    *word = (struct kz__word){(const char *)sqlite3_column_text(m->review, 0),
                              (const char *)sqlite3_column_text(m->review, 1),
                              (const char *)sqlite3_column_text(m->review, 2)};
  return code < 0 ? code : 0;
}
