/* Rows to the database. A batch is collected first and written in one short transaction, so that
 * two processes that add at once never wait long for each other. A row whose content another worker
 * is still decoding waits here for the row that brings it. */
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "catalogue/add.h"
#include "catalogue/clean.h"
#include "catalogue/show.h"
#include "catalogue/verdict.h"

enum { BATCH = 64 };
static const double oldest = 1.0; /* s */

enum statement {
  IMAGE,
  FIND,
  PLACE,
  UNREADABLE,
  FACT,
  SCORE,
  MAP,
  PRINT,
  CLEAN,
  VERDICT,
  STATEMENTS
};

static const char *const sql_of[STATEMENTS] = {
    [IMAGE] = "INSERT INTO image(sha256, bytes, format, width, height, bands, bits, is_float,"
              " frames, profile, orientation, error, added) VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8,"
              " ?9, ?10, ?11, ?12, strftime('%Y-%m-%dT%H:%M:%SZ', 'now'))"
              " ON CONFLICT(sha256) DO NOTHING",
    [FIND] = "SELECT id FROM image WHERE sha256 = ?1",
    [PLACE] = "INSERT INTO file(path, image, size, mtime_ns, inode) VALUES(?1, ?2, ?3, ?4, ?5)"
              " ON CONFLICT(path) DO UPDATE SET image = ?2, size = ?3, mtime_ns = ?4, inode = ?5,"
              " gone = 0, error = NULL",
    /* What was known of the file stays: it may become readable again as it was. */
    [UNREADABLE] = "INSERT INTO file(path, size, mtime_ns, inode, error)"
                   " VALUES(?1, ?3, ?4, ?5, ?6) ON CONFLICT(path) DO UPDATE SET error = ?6,"
                   " gone = 0",
    [FACT] = "INSERT OR REPLACE INTO fact(image, key, value, source) VALUES(?1, ?2, ?3, 'exif')",
    [SCORE] = "INSERT INTO score(image, measure, value) VALUES(?1, ?2, ?3)",
    [MAP] = "INSERT INTO damage(image, map) VALUES(?1, ?2)",
    [PRINT] = "INSERT INTO print(image, version, print) VALUES(?1, ?2, ?3)",
    [CLEAN] = KZ__CLEAN_SQL,
    [VERDICT] = KZ__VERDICT_SQL,
};

/* For measuring again: the same values; what follows from them goes. */
static const char replace_image[] =
    "UPDATE image SET bytes = ?2, format = ?3, width = ?4, height = ?5, bands = ?6, bits = ?7,"
    " is_float = ?8, frames = ?9, profile = ?10, orientation = ?11, error = ?12"
    " WHERE sha256 = ?1";
static const char *const forget_sql[] = {
    "DELETE FROM fact WHERE image = ?1 AND source = 'exif'",
    "DELETE FROM score WHERE image = ?1",
    "DELETE FROM damage WHERE image = ?1",
    "DELETE FROM print WHERE image = ?1",
    "DELETE FROM clean WHERE image = ?1",
    "DELETE FROM verdict WHERE image = ?1 AND measure <> 'duplicate'",
};
enum { FORGET = sizeof forget_sql / sizeof *forget_sql };

struct kz__writer {
  struct kz_catalogue *c;
  bool again;
  sqlite3_stmt *forget[FORGET];
  const struct kz_catalogue_host *host;
  struct kz_catalogue_added *added;
  sqlite3_stmt *statement[STATEMENTS];
  struct kz__thresholds thresholds;
  int measures;
  struct kz__row **rows; /* the batch, after those that wait */
  int count, waiting, room;
  double since; /* the first of the batch came */
};

int kz__writer_new(struct kz_catalogue *c, bool again, const struct kz_catalogue_host *host,
                   struct kz_catalogue_added *added, struct kz__writer **out, struct kz_err *err) {
  struct kz__writer *w = calloc(1, sizeof *w);
  if (!w) return kz_err_set(err, KZ_ENOMEM, "%s: no memory to add to it", c->path);
  w->c = c;
  w->again = again;
  w->host = host;
  w->added = added;
  w->measures = kz__measure_count(c->measuring);
  int code = kz__thresholds_load(c, &w->thresholds, err);
  for (int i = 0; i < STATEMENTS && !code; i++)
    code = kz__db_prepare(c, i == IMAGE && again ? replace_image : sql_of[i], &w->statement[i],
                          err);
  for (int i = 0; i < FORGET && again && !code; i++)
    code = kz__db_prepare(c, forget_sql[i], &w->forget[i], err);
  if (code)
    kz__writer_free(w);
  else
    *out = w;
  return code;
}

void kz__writer_free(struct kz__writer *w) {
  if (!w) return;
  for (int i = 0; i < STATEMENTS; i++) sqlite3_finalize(w->statement[i]);
  for (int i = 0; i < FORGET; i++) sqlite3_finalize(w->forget[i]);
  for (int i = 0; i < w->count; i++) kz__row_free(w->rows[i]);
  free(w->rows);
  free(w);
}

/* ---- one row ---- */

static void bind_text(sqlite3_stmt *s, int at, const char *text) {
  sqlite3_bind_text(s, at, text, -1, SQLITE_STATIC); /* NULL stays NULL */
}

static int put_image(struct kz__writer *w, const struct kz__row *r, struct kz_err *err) {
  const struct kz__picture_info *p = &r->info;
  sqlite3_stmt *s = w->statement[IMAGE];
  bind_text(s, 1, r->hex);
  sqlite3_bind_int64(s, 2, r->bytes);
  bind_text(s, 3, p->format);
  if (p->width) { /* the header could be read */
    const int numbers[] = {p->width, p->height, p->bands, p->bits, p->is_float, p->frames};
    for (int i = 0; i < 6; i++) sqlite3_bind_int(s, 4 + i, numbers[i]);
    bind_text(s, 10, *p->profile ? p->profile : NULL);
    sqlite3_bind_int(s, 11, p->orientation);
  }
  bind_text(s, 12, r->error);
  return kz__db_run(w->c, s, err);
}

static int put_facts(struct kz__writer *w, int64_t image, const struct kz__facts *f,
                     struct kz_err *err) {
  int code = 0;
  for (int i = 0; i < f->count && !code; i++) {
    sqlite3_stmt *s = w->statement[FACT];
    sqlite3_bind_int64(s, 1, image);
    bind_text(s, 2, f->fact[i].key);
    bind_text(s, 3, f->fact[i].value);
    code = kz__db_run(w->c, s, err);
  }
  return code;
}

static int put_scores(struct kz__writer *w, int64_t image, const struct kz__measured *m,
                      struct kz_err *err) {
  int code = 0;
  for (int i = 0; i < w->measures && !code; i++) {
    const struct kz_screen_measure *measure = w->c->measuring->measures[i];
    sqlite3_stmt *s = w->statement[SCORE];
    sqlite3_bind_int64(s, 1, image);
    bind_text(s, 2, measure->name);
    sqlite3_bind_double(s, 3, m->values[i]); /* NaN becomes NULL */
    code = kz__db_run(w->c, s, err);
    if (!code)
      code = kz__verdict_put(w->c, w->statement[VERDICT], image, measure,
                             w->thresholds.value[i], m->values[i], err);
  }
  return code;
}

static int put_blobs(struct kz__writer *w, int64_t image, const struct kz__measured *m,
                     struct kz_err *err) {
  sqlite3_stmt *map = w->statement[MAP], *print = w->statement[PRINT];
  sqlite3_bind_int64(map, 1, image);
  sqlite3_bind_blob(map, 2, m->map, sizeof m->map, SQLITE_STATIC);
  int code = kz__db_run(w->c, map, err);
  if (code || !m->print_size) return code;
  sqlite3_bind_int64(print, 1, image);
  sqlite3_bind_int(print, 2, w->c->measuring->print_version);
  sqlite3_bind_blob(print, 3, m->print, (int)m->print_size, SQLITE_STATIC);
  return kz__db_run(w->c, print, err);
}

/* 1: *image is the content's, 0: there is none. */
static int find_image(struct kz__writer *w, const char *hex, int64_t *image, struct kz_err *err) {
  sqlite3_stmt *find = w->statement[FIND];
  bind_text(find, 1, hex);
  int there = kz__db_step(w->c, find, err);
  if (there == 1) *image = sqlite3_column_int64(find, 0);
  sqlite3_reset(find);
  return there;
}

static int forget(struct kz__writer *w, int64_t image, struct kz_err *err) {
  int code = 0;
  for (int i = 0; i < FORGET && w->again && !code; i++) {
    sqlite3_bind_int64(w->forget[i], 1, image);
    code = kz__db_run(w->c, w->forget[i], err);
  }
  return code;
}

/* An image that another process was faster to add is only a path for us; one that is to be measured
 * again and whose file has changed meanwhile is not known, and left to `add`. */
static int put_new(struct kz__writer *w, const struct kz__row *r, bool *fresh,
                   struct kz_err *err) {
  int64_t image = 0;
  int code = put_image(w, r, err);
  *fresh = !code && sqlite3_changes(w->c->db) == 1;
  if (code || !*fresh) return code;
  code = find_image(w, r->hex, &image, err);
  if (code >= 0) code = forget(w, image, err);
  if (!code) code = put_facts(w, image, &r->facts, err);
  if (!code && r->error)
    return kz__verdict_put_error(w->c, w->statement[VERDICT], image, r->error, err);
  if (!code) code = put_scores(w, image, &r->measured, err);
  if (!code) code = put_blobs(w, image, &r->measured, err);
  if (!code)
    code = kz__clean_put(w->c, w->statement[CLEAN], image, &r->info, &r->measured.clean, err);
  return code;
}

static int put_place(struct kz__writer *w, enum statement which, const struct kz__found *f,
                     int64_t image, const char *error, struct kz_err *err) {
  sqlite3_stmt *s = w->statement[which];
  sqlite3_bind_blob(s, 1, f->path, (int)strlen(f->path), SQLITE_STATIC);
  if (which == PLACE) sqlite3_bind_int64(s, 2, image);
  sqlite3_bind_int64(s, 3, f->size);
  sqlite3_bind_int64(s, 4, f->mtime_ns);
  sqlite3_bind_int64(s, 5, f->inode);
  if (which == UNREADABLE) bind_text(s, 6, error);
  return kz__db_run(w->c, s, err);
}

/* 1: written, 0: its content is not there yet. */
static int put_row(struct kz__writer *w, const struct kz__row *r, bool *fresh,
                   struct kz_err *err) {
  int code = 0;
  *fresh = false;
  if (r->unreadable) {
    code = put_place(w, UNREADABLE, r->file, 0, r->error, err);
    return code ? code : 1;
  }
  if (r->is_new) code = put_new(w, r, fresh, err);
  if (code) return code;
  int64_t image = 0;
  int there = find_image(w, r->hex, &image, err);
  if (there <= 0) return there < 0 || !w->again ? there : 1;
  code = put_place(w, PLACE, r->file, image, NULL, err);
  if (!code && r->copy) code = put_place(w, PLACE, r->copy, image, NULL, err);
  return code ? code : 1;
}

/* ---- a batch ---- */

static void say(struct kz__writer *w, const struct kz__row *r) {
  if (!w->host || !w->host->failed || !r->error) return;
  char *name = kz__show(r->file->path, strlen(r->file->path));
  char *text = name ? kz_format("%s: %s", name, r->error) : NULL;
  if (text) w->host->failed(w->host->user, text);
  free(name);
  free(text);
}

/* After the commit: what is written is counted and told. */
static void settle(struct kz__writer *w, const struct kz__row *r, bool fresh) {
  struct kz_catalogue_added *a = w->added;
  if (r->unreadable)
    a->unreadable++;
  else if (!fresh)
    a->again++;
  if (fresh) a->total.images++;
  if (fresh && r->error) a->broken++;
  if (fresh || r->unreadable) say(w, r);
}

enum outcome { WAITS, WRITTEN, FRESH };

static int write_rows(struct kz__writer *w, char *outcome, struct kz_err *err) {
  int code = kz__db_begin(w->c, err);
  if (code) return code;
  for (int i = 0; i < w->count && code >= 0; i++) {
    bool fresh;
    code = put_row(w, w->rows[i], &fresh, err);
    outcome[i] = (char)(code != 1 ? WAITS : fresh ? FRESH : WRITTEN);
  }
  /* What waited for a row of this batch that came after it. */
  for (int i = 0; i < w->count && code >= 0; i++) {
    bool fresh;
    if (outcome[i] != WAITS) continue;
    code = put_row(w, w->rows[i], &fresh, err);
    if (code == 1) outcome[i] = WRITTEN;
  }
  return kz__db_end(w->c, code < 0 ? code : 0, err);
}

int kz__writer_flush(struct kz__writer *w, struct kz_err *err) {
  if (w->count == 0) return 0;
  char *outcome = calloc((size_t)w->count, 1);
  if (!outcome) return kz_err_set(err, KZ_ENOMEM, "%s: no memory to add to it", w->c->path);
  int code = write_rows(w, outcome, err), kept = 0;
  for (int i = 0; i < w->count && !code; i++) {
    if (outcome[i] == WAITS) {
      w->rows[kept++] = w->rows[i];
      continue;
    }
    settle(w, w->rows[i], outcome[i] == FRESH);
    kz__row_free(w->rows[i]);
  }
  if (!code) w->count = w->waiting = kept;
  free(outcome);
  return code;
}

int kz__writer_add(struct kz__writer *w, struct kz__row *row, struct kz_err *err) {
  if (w->count == w->room) {
    int room = w->room ? 2 * w->room : BATCH;
    struct kz__row **grown = realloc(w->rows, (size_t)room * sizeof *grown);
    if (!grown) {
      kz__row_free(row);
      return kz_err_set(err, KZ_ENOMEM, "%s: no memory to add to it", w->c->path);
    }
    w->rows = grown;
    w->room = room;
  }
  if (w->count == w->waiting) w->since = kz_now();
  w->rows[w->count++] = row;
  return w->count - w->waiting >= BATCH ? kz__writer_flush(w, err) : 0;
}

int kz__writer_tick(struct kz__writer *w, struct kz_err *err) {
  bool due = w->count > w->waiting && kz_now() - w->since >= oldest;
  return due ? kz__writer_flush(w, err) : 0;
}
