/* The images that are in, one after the other, as exports, captions, pages and training see them.
 *
 * One reading transaction holds from the first visit to the last, so that all are of one state
 * whatever another process adds meanwhile. A visitor may ask the catalogue for more, but what it
 * wants to write it collects for afterwards: SQLite refuses to turn an old state into a new one. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "catalogue/clean.h"
#include "catalogue/db.h"

/* The caption of a list is a fact, one by hand or made a row of its own. */
static const char chosen_sql[] =
    "SELECT i.id, i.sha256, i.format, i.bytes, i.width, i.height, d.map, s.part,"
    " (SELECT text FROM caption c WHERE c.image = i.id AND language = 'en' AND source <> 'made'),"
    " (SELECT text FROM caption c WHERE c.image = i.id AND language = 'en' AND source = 'made'),"
    " (SELECT text FROM caption c WHERE c.image = i.id AND language = 'zh' AND source <> 'made'),"
    " (SELECT text FROM caption c WHERE c.image = i.id AND language = 'zh' AND source = 'made'),"
    " i.orientation FROM chosen JOIN image i USING(id) LEFT JOIN damage d ON d.image = i.id"
    " LEFT JOIN split s ON s.image = i.id"
    " WHERE ?1 IS NULL OR s.part = ?1 ORDER BY i.sha256";
enum column { ID, SHA, FORMAT, BYTES, WIDTH, HEIGHT, MAP, PART, CAPTION, TURN = CAPTION + 4 };

/* Of several that tell the same, a person comes before a list, a list before the file itself. */
static const char fact_sql[] =
    "SELECT key, value, source FROM fact WHERE image = ?1 ORDER BY key,"
    " CASE WHEN source GLOB 'hand *' THEN 0 WHEN source = 'exif' THEN 2 ELSE 1 END, source";

static const char path_sql[] = "SELECT path FROM file WHERE image = ?1 AND NOT gone ORDER BY path";

struct visiting {
  struct kz_catalogue *c;
  sqlite3_stmt *chosen, *facts, *paths;
  struct kz_catalogue_fact *fact;
  int count, room;
  char *path;
};

static int no_memory(const struct visiting *v, struct kz_err *err) {
  return kz_err_set(err, KZ_ENOMEM, "%s: no memory for what is known of an image", v->c->path);
}

static void forget_facts(struct visiting *v) {
  for (int i = 0; i < v->count; i++) free((char *)v->fact[i].key); /* all three texts in one */
  v->count = 0;
}

/* One block holds key, value and source, each with its end. */
static int keep_fact(struct visiting *v, struct kz_err *err) {
  char *text[3], *block;
  size_t size[3];
  if (v->count == v->room) {
    int room = v->room ? 2 * v->room : 16;
    struct kz_catalogue_fact *grown = realloc(v->fact, (size_t)room * sizeof *grown);
    if (!grown) return no_memory(v, err);
    v->fact = grown;
    v->room = room;
  }
  for (int i = 0; i < 3; i++) size[i] = (size_t)sqlite3_column_bytes(v->facts, i) + 1;
  block = malloc(size[0] + size[1] + size[2]);
  if (!block) return no_memory(v, err);
  for (int i = 0; i < 3; i++) {
    text[i] = i ? text[i - 1] + size[i - 1] : block;
    memcpy(text[i], sqlite3_column_text(v->facts, i), size[i]);
  }
  v->fact[v->count++] = (struct kz_catalogue_fact){text[0], text[1], text[2]};
  return 0;
}

static int gather_facts(struct visiting *v, int64_t image, struct kz_err *err) {
  int code = 0;
  forget_facts(v);
  sqlite3_bind_int64(v->facts, 1, image);
  while (code >= 0 && (code = kz__db_step(v->c, v->facts, err)) == 1) {
    const char *key = (const char *)sqlite3_column_text(v->facts, 0);
    bool known = v->count && !strcmp(v->fact[v->count - 1].key, key);
    if (!known) code = keep_fact(v, err);
  }
  sqlite3_reset(v->facts);
  return code;
}

static const char *told(const struct visiting *v, const char *key) {
  for (int i = 0; i < v->count; i++)
    if (!strcmp(v->fact[i].key, key)) return v->fact[i].value;
  return NULL;
}

static const char *text_at(sqlite3_stmt *s, int column) {
  return (const char *)sqlite3_column_text(s, column);
}

/* Of several files the first that is there: one may have been moved, and only its new folder been
 * added since. Paths are bytes, without an end of their own in the database. */
static int take_path(struct visiting *v, int64_t image, struct kz_err *err) {
  int code = 0;
  char *first = NULL;
  free(v->path);
  v->path = NULL;
  sqlite3_bind_int64(v->paths, 1, image);
  while (!v->path && (code = kz__db_step(v->c, v->paths, err)) == 1) {
    char *path = kz_format("%.*s", sqlite3_column_bytes(v->paths, 0),
                           (const char *)sqlite3_column_blob(v->paths, 0));
    if (!path) {
      code = no_memory(v, err);
      break;
    }
    if (!access(path, F_OK)) v->path = path;
    else if (!first) first = path;
    else free(path);
  }
  sqlite3_reset(v->paths);
  if (v->path) free(first);
  else v->path = first;
  return code < 0 ? code : 0;
}

static int fill(struct visiting *v, struct kz_catalogue_entry *e, struct kz_err *err) {
  static const char *const caption_keys[] = {"caption", "caption-zh"};
  sqlite3_stmt *s = v->chosen;
  *e = (struct kz_catalogue_entry){.image = sqlite3_column_int64(s, ID),
                                   .bytes = sqlite3_column_int64(s, BYTES),
                                   .width = sqlite3_column_int(s, WIDTH),
                                   .height = sqlite3_column_int(s, HEIGHT),
                                   .orientation = sqlite3_column_int(s, TURN)};
  int code = take_path(v, e->image, err);
  if (!code) code = gather_facts(v, e->image, err);
  if (!code) code = kz__clean_view(v->c, e->image, &e->view, err);
  if (code) return code;
  e->sha256 = text_at(s, SHA);
  e->path = v->path;
  e->format = text_at(s, FORMAT);
  if (sqlite3_column_bytes(s, MAP) == KZ_CATALOGUE_MAP * KZ_CATALOGUE_MAP)
    e->damage = sqlite3_column_blob(s, MAP);
  e->part = text_at(s, PART);
  for (int i = 0; i < 2; i++) {
    const char *by_hand = text_at(s, CAPTION + 2 * i), *listed = told(v, caption_keys[i]);
    e->caption[i] = by_hand ? by_hand : listed ? listed : text_at(s, CAPTION + 2 * i + 1);
    e->caption_made[i] = !by_hand && !listed && e->caption[i];
  }
  e->facts = v->fact;
  e->fact_count = v->count;
  return 0;
}

int kz_catalogue_each(struct kz_catalogue *c, const char *part, kz_catalogue_visitor visit,
                      void *user, struct kz_err *err) {
  struct visiting v = {.c = c};
  struct kz_catalogue_entry entry;
  int code = kz__db_prepare(c, chosen_sql, &v.chosen, err);
  if (!code) code = kz__db_prepare(c, fact_sql, &v.facts, err);
  if (!code) code = kz__db_prepare(c, path_sql, &v.paths, err);
  if (!code && part) sqlite3_bind_text(v.chosen, 1, part, -1, SQLITE_STATIC);
  while (!code && (code = kz__db_step(c, v.chosen, err)) == 1) {
    code = fill(&v, &entry, err);
    if (!code) code = visit(user, &entry, err);
  }
  forget_facts(&v);
  free(v.fact);
  free(v.path);
  sqlite3_finalize(v.chosen);
  sqlite3_finalize(v.facts);
  sqlite3_finalize(v.paths);
  return code;
}
