/* What a catalogue tells of itself, as lines of text for people: every figure is a query, so that
 * anyone with SQLite's own program can ask the same. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "catalogue/db.h"
#include "catalogue/show.h"
#include "catalogue/verdict.h"

/* ---- text ---- */

struct text {
  const struct kz_catalogue *c;
  FILE *f;
  char *data;
  size_t size;
  const char *heading; /* of the rows to come, if any do */
  int code;            /* the first error; later calls do nothing */
  struct kz_err *err;
};

static int text_init(struct text *t, const struct kz_catalogue *c, struct kz_err *err) {
  *t = (struct text){.c = c, .err = err};
  t->f = open_memstream(&t->data, &t->size);
  if (!t->f) return kz_err_set(err, KZ_ENOMEM, "%s: no memory to tell of it", c->path);
  return 0;
}

static int text_take(struct text *t, char **text) {
  if (fclose(t->f) && !t->code)
    t->code = kz_err_set(t->err, KZ_ENOMEM, "%s: no memory to tell of it", t->c->path);
  if (t->code)
    free(t->data);
  else
    *text = t->data;
  return t->code;
}

typedef void print_row(struct text *t, sqlite3_stmt *s);

static void heading(struct text *t, const char *text) { t->heading = text; }

static int each(struct text *t, const char *sql, int64_t image, print_row *print) {
  sqlite3_stmt *s = NULL;
  int rows = 0;
  if (t->code) return 0;
  t->code = kz__db_prepare(t->c, sql, &s, t->err);
  if (!t->code && sqlite3_bind_parameter_count(s)) sqlite3_bind_int64(s, 1, image);
  while (t->code >= 0 && (t->code = kz__db_step(t->c, s, t->err)) == 1) {
    if (!rows++ && t->heading) fprintf(t->f, "\n%s\n", t->heading);
    print(t, s);
  }
  sqlite3_finalize(s);
  t->heading = NULL;
  return rows;
}

/* A column as text that does a terminal no harm. */
static void show(struct text *t, sqlite3_stmt *s, int column) {
  const void *bytes = sqlite3_column_blob(s, column);
  size_t size = (size_t)sqlite3_column_bytes(s, column);
  char *shown = kz__show(bytes ? bytes : "", size);
  fputs(shown ? shown : "?", t->f);
  free(shown);
}

static long long number(sqlite3_stmt *s, int column) {
  return (long long)sqlite3_column_int64(s, column);
}

/* ---- the whole ---- */

static void print_count(struct text *t, sqlite3_stmt *s) {
  fprintf(t->f, "  %-16s %8lld", sqlite3_column_text(s, 0), number(s, 1));
  if (sqlite3_column_count(s) > 2 && sqlite3_column_type(s, 2) != SQLITE_NULL) {
    fputs("  ", t->f);
    show(t, s, 2);
  }
  fputc('\n', t->f);
}

static void print_threshold(struct text *t, sqlite3_stmt *s) {
  fprintf(t->f, "  %-16s %8g%s\n", sqlite3_column_text(s, 0), sqlite3_column_double(s, 1),
          sqlite3_column_type(s, 2) == SQLITE_NULL ? "" : "  set here");
}

int kz_catalogue_tell(struct kz_catalogue *c, char **text, struct kz_err *err) {
  struct text t;
  int code = text_init(&t, c, err);
  if (code) return code;
  fprintf(t.f, "catalogue\n");
  each(&t,
       "SELECT 'images', count(*), printf('%.1f MB', coalesce(sum(bytes), 0) / 1e6) FROM image"
       " UNION ALL SELECT 'in', count(*), NULL FROM chosen"
       " UNION ALL SELECT 'files', count(*), NULL FROM file"
       " UNION ALL SELECT 'gone', sum(gone), 'files no longer where they were' FROM file"
       "  HAVING sum(gone) > 0"
       " UNION ALL SELECT 'unreadable', count(*), 'files' FROM file WHERE error IS NOT NULL"
       "  HAVING count(*) > 0"
       " UNION ALL SELECT 'reviews', count(*), NULL FROM review",
       0, print_count);
  heading(&t, "out, by reason (an image may have several)");
  each(&t,
       "SELECT v.measure, count(*), CASE WHEN count(DISTINCT r.image) THEN"
       " count(DISTINCT r.image) || ' of them overruled' END FROM verdict v"
       " LEFT JOIN last_review r ON r.image = v.image AND r.verdict = 'in'"
       " GROUP BY v.measure ORDER BY 2 DESC, 1",
       0, print_count);
  heading(&t, "thresholds (of measures not named here: as built in)");
  each(&t,
       "SELECT measure, value, 'set' FROM threshold UNION ALL SELECT 'overlap', ?1 / 1.0, NULL"
       " WHERE NOT EXISTS(SELECT 1 FROM threshold WHERE measure = 'overlap') ORDER BY 1",
       (int64_t)KZ_CATALOGUE_OVERLAP, print_threshold);
  heading(&t, "formats");
  each(&t,
       "SELECT coalesce(format, 'none'), count(*), NULL FROM image GROUP BY 1 ORDER BY 2 DESC, 1",
       0, print_count);
  heading(&t, "facts (images that have one)");
  each(&t, "SELECT key, count(DISTINCT image), NULL FROM fact GROUP BY key ORDER BY 2 DESC, 1", 0,
       print_count);
  heading(&t, "runs");
  each(&t,
       "SELECT command, id, started || CASE WHEN ended IS NULL THEN ' (did not end)' ELSE"
       " ' to ' || ended END FROM (SELECT * FROM run ORDER BY id DESC LIMIT 5)",
       0, print_count);
  return text_take(&t, text);
}

/* ---- one image ---- */

static void print_image(struct text *t, sqlite3_stmt *s) {
  fprintf(t->f, "image %lld: %s\n  sha256       %s\n  bytes        %lld\n", number(s, 0),
          sqlite3_column_int(s, 13) ? "in" : "out", sqlite3_column_text(s, 1), number(s, 2));
  if (sqlite3_column_type(s, 3) != SQLITE_NULL)
    fprintf(t->f, "  format       %s\n", sqlite3_column_text(s, 3));
  if (sqlite3_column_type(s, 4) != SQLITE_NULL)
    fprintf(t->f, "  size         %lld x %lld px, %lld bands of %lld bits%s, %lld frame%s\n",
            number(s, 4), number(s, 5), number(s, 6), number(s, 7),
            sqlite3_column_int(s, 8) ? " (float)" : "", number(s, 9),
            number(s, 9) == 1 ? "" : "s");
  if (sqlite3_column_int(s, 11) > 1) fprintf(t->f, "  orientation  %lld\n", number(s, 11));
  if (sqlite3_column_type(s, 10) != SQLITE_NULL)
    fprintf(t->f, "  profile      %s\n", sqlite3_column_text(s, 10));
  if (sqlite3_column_type(s, 12) != SQLITE_NULL) {
    fputs("  error        ", t->f);
    show(t, s, 12);
    fputc('\n', t->f);
  }
}

static void print_file(struct text *t, sqlite3_stmt *s) {
  fputs("  file         ", t->f);
  show(t, s, 0);
  fputs(sqlite3_column_int(s, 1) ? " (gone)\n" : "\n", t->f);
}

static void print_fact(struct text *t, sqlite3_stmt *s) {
  fputs("  ", t->f);
  show(t, s, 0);
  fputs(" = ", t->f);
  show(t, s, 1);
  fputs("  (", t->f);
  show(t, s, 2);
  fputs(")\n", t->f);
}

static void print_score(struct text *t, sqlite3_stmt *s) {
  const char *name = (const char *)sqlite3_column_text(s, 0);
  int i = kz__measure_find(t->c->measuring, name);
  fprintf(t->f, "  %-16s ", name);
  if (sqlite3_column_type(s, 1) == SQLITE_NULL)
    fputs("not defined", t->f);
  else
    fprintf(t->f, "%10.4g", sqlite3_column_double(s, 1));
  if (i >= 0) fprintf(t->f, " %s", t->c->measuring->measures[i]->unit);
  fputc('\n', t->f);
}

static void print_verdict(struct text *t, sqlite3_stmt *s) {
  fprintf(t->f, "  %-16s ", sqlite3_column_text(s, 0));
  show(t, s, 1);
  fputc('\n', t->f);
}

static void print_review(struct text *t, sqlite3_stmt *s) {
  fprintf(t->f, "  %s image %lld %s by ", sqlite3_column_text(s, 0), number(s, 1),
          sqlite3_column_text(s, 2));
  show(t, s, 3);
  fputs(": ", t->f);
  show(t, s, 4);
  fputc('\n', t->f);
}

int kz_catalogue_tell_image(struct kz_catalogue *c, int64_t image, char **text,
                            struct kz_err *err) {
  struct text t;
  int code = text_init(&t, c, err);
  if (code) return code;
  int rows = each(&t,
                  "SELECT id, sha256, bytes, format, width, height, bands, bits, is_float, frames,"
                  " profile, orientation, error, id IN (SELECT id FROM chosen) FROM image"
                  " WHERE id = ?1",
                  image, print_image);
  if (!rows && !t.code)
    t.code = kz_err_set(err, KZ_ENOENT, "%s: no image %lld", c->path, (long long)image);
  each(&t, "SELECT path, gone FROM file WHERE image = ?1 ORDER BY path", image, print_file);
  heading(&t, "reasons against it");
  each(&t, "SELECT measure, reason FROM verdict WHERE image = ?1 ORDER BY 1", image,
       print_verdict);
  heading(&t, "reviews");
  each(&t, "SELECT at, image, verdict, who, reason FROM review WHERE image = ?1 ORDER BY id DESC",
       image, print_review);
  heading(&t, "shows the same as");
  each(&t,
       "SELECT 'image ' || CASE a WHEN ?1 THEN b ELSE a END, kind || printf(', %.0f %% of the"
       " smaller', 100 * smaller) FROM pair WHERE a = ?1 OR b = ?1 ORDER BY a, b",
       image, print_verdict);
  heading(&t, "cleaning");
  each(&t,
       "SELECT kind, CASE WHEN applied THEN 'applied' ELSE 'noted' END || coalesce(printf("
       "' %.2f', confidence), '') || coalesce(' ' || params, '') || CASE WHEN decision IN"
       " ('given', 'none') THEN ' (by ' || who || ': ' || reason || ')' ELSE '' END FROM cleaning"
       " WHERE image = ?1 ORDER BY 1",
       image, print_verdict);
  heading(&t, "part");
  each(&t, "SELECT part, '' FROM split WHERE image = ?1", image, print_verdict);
  heading(&t, "captions");
  each(&t, "SELECT language, text, source FROM caption WHERE image = ?1 ORDER BY 1, 3", image,
       print_fact);
  heading(&t, "facts");
  each(&t, "SELECT key, value, source FROM fact WHERE image = ?1 ORDER BY key, source", image,
       print_fact);
  heading(&t, "scores");
  each(&t, "SELECT measure, value FROM score WHERE image = ?1 ORDER BY 1", image, print_score);
  return text_take(&t, text);
}

int kz_catalogue_reviews(struct kz_catalogue *c, char **text, struct kz_err *err) {
  struct text t;
  int code = text_init(&t, c, err);
  if (code) return code;
  each(&t, "SELECT at, image, verdict, who, reason FROM review ORDER BY id DESC", 0,
       print_review);
  return text_take(&t, text);
}
