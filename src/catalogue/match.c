/* Duplicates: prints out of the database, pairs and groups back into it.
 *
 * Two groupings are stored. `grp` links everything that shows something in common, for splits: no
 * two of a group may be on different sides. `best` is the image that stays for this one: a better
 * one that shows all of it, or more of the smaller of the two than the threshold `overlap` allows.
 * Views that share less both stay, because each has something that the other has not; along a wall
 * they would else leave one picture of it. */
#include <stdlib.h>

#include "base/file.h"
#include "catalogue/clean.h"
#include "catalogue/db.h"
#include "catalogue/measure.h"
#include "near/near.h"

static const unsigned all_kinds = (1u << KZ_NEAR_KINDS) - 1;

static const char prints_sql[] =
    "SELECT p.image, p.print, i.width, i.height,"
    " EXISTS(SELECT 1 FROM clean k WHERE k.image = i.id AND k.kind IN ('crop', 'card')) OR"
    " EXISTS(SELECT 1 FROM clean_review k WHERE k.image = i.id),"
    " -1e12 * (SELECT count(*) FROM verdict v WHERE v.image = i.id AND measure <> 'duplicate')"
    " + CASE (SELECT verdict FROM last_review r WHERE r.image = i.id)"
    "   WHEN 'in' THEN 1e15 WHEN 'out' THEN -1e15 ELSE 0 END"
    " FROM print p JOIN image i ON i.id = p.image WHERE p.version = ?1 AND i.error IS NULL"
    " AND EXISTS(SELECT 1 FROM file f WHERE f.image = i.id AND NOT f.gone) ORDER BY i.sha256";
enum column { IMAGE, PRINT, WIDTH, HEIGHT, CUT, STANDING };

struct matching {
  struct kz_catalogue *c;
  struct kz_near_set *set;
  int64_t *image;  /* by number in the set */
  double *quality; /* the best of a group has the highest */
  int *group, *stays;
  int count, room;
  struct kz_near_pairs pairs;
};

static int no_memory(const struct matching *m, struct kz_err *err) {
  return kz_err_set(err, KZ_ENOMEM, "%s: no memory for %d prints", m->c->path, m->room);
}

static int make_room(struct matching *m, struct kz_err *err) {
  if (m->count < m->room) return 0;
  m->room = m->room ? 2 * m->room : 1024;
  int64_t *image = realloc(m->image, (size_t)m->room * sizeof *image);
  if (image) m->image = image;
  double *quality = realloc(m->quality, (size_t)m->room * sizeof *quality);
  if (quality) m->quality = quality;
  return image && quality ? 0 : no_memory(m, err);
}

/* A frame makes no picture better: what counts is what cleaning keeps. Few have one, and the view of
 * an image is a query of its own. */
static int kept_area(const struct matching *m, sqlite3_stmt *row, double *area,
                     struct kz_err *err) {
  struct kz_view v = {0};
  int code = 0;
  if (sqlite3_column_int(row, CUT))
    code = kz__clean_view(m->c, sqlite3_column_int64(row, IMAGE), &v, err);
  *area = v.w ? 1.0 * v.w * v.h
              : 1.0 * sqlite3_column_int(row, WIDTH) * sqlite3_column_int(row, HEIGHT);
  return code;
}

/* In the order of contents, so that the result does not depend on who was added first. Better is
 * what a person took in, what nothing speaks against, what is larger. */
static int load(struct matching *m, struct kz_err *err) {
  sqlite3_stmt *s = NULL;
  int code = kz__db_prepare(m->c, prints_sql, &s, err);
  if (!code) sqlite3_bind_int(s, 1, m->c->measuring->print_version);
  while (code >= 0 && (code = kz__db_step(m->c, s, err)) == 1) {
    const void *print = sqlite3_column_blob(s, PRINT);
    double area = 0;
    code = make_room(m, err);
    if (!code)
      code = kz_near_set_add_packed(m->set, print, (size_t)sqlite3_column_bytes(s, PRINT), err);
    if (!code) code = kept_area(m, s, &area, err);
    if (code) break;
    m->image[m->count] = sqlite3_column_int64(s, IMAGE);
    m->quality[m->count++] = area + sqlite3_column_double(s, STANDING);
  }
  sqlite3_finalize(s);
  return code;
}

/* ---- storing ---- */

static int store_pairs(const struct matching *m, struct kz_err *err) {
  sqlite3_stmt *s = NULL;
  int code = kz__db_prepare(m->c,
                            "INSERT OR REPLACE INTO pair(a, b, kind, overlap, correlation, smaller)"
                            " VALUES(?1, ?2, ?3, ?4, ?5, ?6)",
                            &s, err);
  for (int i = 0; i < m->pairs.count && !code; i++) {
    const struct kz_near_pair *p = &m->pairs.pair[i];
    int64_t a = m->image[p->a], b = m->image[p->b];
    sqlite3_bind_int64(s, 1, a < b ? a : b);
    sqlite3_bind_int64(s, 2, a < b ? b : a);
    sqlite3_bind_text(s, 3, kz_near_kind_names[p->kind], -1, SQLITE_STATIC);
    sqlite3_bind_double(s, 4, p->overlap);
    sqlite3_bind_double(s, 5, p->correlation);
    sqlite3_bind_double(s, 6, p->of_a > p->of_b ? p->of_a : p->of_b);
    code = kz__db_run(m->c, s, err);
  }
  sqlite3_finalize(s);
  return code;
}

/* An image that nothing is like has no row. */
static int store_groups(const struct matching *m, int64_t *groups, struct kz_err *err) {
  sqlite3_stmt *s = NULL;
  int code = kz__db_prepare(m->c, "INSERT INTO grp(image, grp, best) VALUES(?1, ?2, ?3)", &s, err);
  bool *linked = calloc((size_t)m->count + 1, sizeof *linked);
  if (!linked && !code) code = no_memory(m, err);
  *groups = 0;
  for (int i = 0; i < m->count && !code; i++)
    if (m->group[i] != i) linked[i] = linked[m->group[i]] = true;
  for (int i = 0; i < m->count && !code; i++) {
    if (!linked[i]) continue;
    *groups += m->group[i] == i;
    sqlite3_bind_int64(s, 1, m->image[i]);
    sqlite3_bind_int64(s, 2, m->image[m->group[i]]);
    sqlite3_bind_int64(s, 3, m->image[m->stays[i]]);
    code = kz__db_run(m->c, s, err);
  }
  free(linked);
  sqlite3_finalize(s);
  return code;
}

static int store(const struct matching *m, int64_t *groups, struct kz_err *err) {
  int code = kz__db_begin(m->c, err);
  if (code) return code;
  code = kz__db_exec(m->c, "DELETE FROM pair; DELETE FROM grp", err);
  if (!code) code = store_pairs(m, err);
  if (!code) code = store_groups(m, groups, err);
  return kz__db_end(m->c, code, err);
}

/* ---- all of it ---- */

/* The search's progress in the words of the catalogue's host. */
struct relay {
  const struct kz_catalogue_host *host;
  struct kz_catalogue_progress progress;
  double began;
};

static bool stop(void *user) {
  const struct relay *r = user;
  return r->host && r->host->stop && r->host->stop(r->host->user);
}

static void progress(void *user, int done, int total) {
  struct relay *r = user;
  r->progress.done = done;
  r->progress.found = total;
  r->progress.seconds = kz_now() - r->began;
  if (r->host && r->host->progress) r->host->progress(r->host->user, &r->progress);
}

static int overlap_threshold(const struct kz_catalogue *c, double *percent, struct kz_err *err) {
  sqlite3_stmt *s = NULL;
  int code = kz__db_prepare(c, "SELECT value FROM threshold WHERE measure = 'overlap'", &s, err);
  *percent = KZ_CATALOGUE_OVERLAP;
  if (!code && (code = kz__db_step(c, s, err)) == 1) *percent = sqlite3_column_double(s, 0);
  sqlite3_finalize(s);
  return code < 0 ? code : 0;
}

static int group(struct matching *m, struct kz_err *err) {
  double overlap;
  m->group = calloc((size_t)m->count + 1, sizeof *m->group);
  m->stays = calloc((size_t)m->count + 1, sizeof *m->stays);
  if (!m->group || !m->stays) return no_memory(m, err);
  int code = kz_near_groups(&m->pairs, all_kinds, m->count, m->quality, m->group, err);
  if (!code) code = overlap_threshold(m->c, &overlap, err);
  if (code) return code;
  return kz_near_stays(&m->pairs, overlap / 100, m->count, m->quality, m->stays, err);
}

int kz_catalogue_match(struct kz_catalogue *c, const struct kz_catalogue_host *host,
                       struct kz_catalogue_matched *matched, struct kz_err *err) {
  struct matching m = {.c = c};
  struct relay relay = {.host = host, .began = kz_now()};
  const struct kz_near_host near = {.user = &relay, .stop = stop, .progress = progress};
  *matched = (struct kz_catalogue_matched){0};
  int code = kz_near_set_new(&m.set, err);
  if (!code) code = load(&m, err);
  if (!code) code = kz_near_search(m.set, 0, &near, &m.pairs, err);
  if (!code) code = group(&m, err);
  if (!code) code = store(&m, &matched->groups, err);
  matched->images = m.count;
  matched->pairs = m.pairs.count;
  matched->seconds = kz_now() - relay.began;
  kz_near_pairs_release(&m.pairs);
  kz_near_set_free(m.set);
  free(m.image);
  free(m.quality);
  free(m.group);
  free(m.stays);
  return code;
}
