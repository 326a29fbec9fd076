/* A list taken in with its pictures. It is read three times: for the files to add, for the facts,
 * and for what persons said; each is one pass over a text, and the parts of the catalogue that
 * already do these things stay as they are. */
#include <dirent.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "catalogue/fact_meta.h"
#include "catalogue/listing.h"
#include "catalogue/more.h"
#include "catalogue/show.h"
#include "catalogue/walk.h"

#define FIELD(name) offsetof(struct kz_catalogue_import_options, name)
const struct kz_param kz_catalogue_import_params[] = {
    {.name = "split", .type = KZ_PARAM_BOOL, .offset = FIELD(split), .def = 1, .max = 1,
     .unit = "", .help = "take the parts that the list names"},
    {.name = "threads", .type = KZ_PARAM_INT, .offset = FIELD(threads), .max = 1024, .unit = "",
     .help = "threads that read, decode and measure; 0: all processors, at most 2"},
    {0}};

struct import {
  struct kz_catalogue *c;
  const char *list;
  char *root;
  const struct kz_catalogue_host *host;
  struct kz_catalogue_imported *done;
  char **paths; /* real, of listed files that are there; sorted once all are known */
  int count, room;
  bool parts;   /* the list names some */
  bool ours;    /* kizil wrote it: it leaves out what was not in */
  struct kz__more more;
  sqlite3_stmt *by_hash;
};

static int no_memory(const struct import *m, struct kz_err *err) {
  return kz_err_set(err, KZ_ENOMEM, "%s: no memory to import it", m->list);
}

/* ---- the files ---- */

static int keep(struct import *m, char *path, struct kz_err *err) {
  if (m->count == m->room) {
    int room = m->room ? 2 * m->room : 1024;
    char **grown = realloc(m->paths, (size_t)room * sizeof *grown);
    if (!grown) {
      free(path);
      return no_memory(m, err);
    }
    m->paths = grown;
    m->room = room;
  }
  m->paths[m->count++] = path;
  return 0;
}

static int take_file(void *user, const struct kz__listed *r, struct kz_err *err) {
  struct import *m = user;
  if (r->ours) m->ours = true;
  for (int i = 0; i < r->count; i++)
    if (!strcmp(r->keys[i], "split") && *r->values[i]) m->parts = true;
  char *real = r->file && *r->file ? kz__meta_real(m->root, r->file) : NULL;
  return real ? keep(m, real, err) : 0; /* what is not there is told with the facts */
}

static int by_text(const void *a, const void *b) {
  return strcmp(*(char *const *)a, *(char *const *)b);
}

/* In order of path, each once. */
static void sort_paths(struct import *m) {
  int kept = 0;
  if (m->count) qsort(m->paths, (size_t)m->count, sizeof *m->paths, by_text);
  for (int i = 0; i < m->count; i++) {
    if (kept && !strcmp(m->paths[kept - 1], m->paths[i])) free(m->paths[i]);
    else m->paths[kept++] = m->paths[i];
  }
  m->count = kept;
}

static int add_files(struct import *m, const struct kz_catalogue_import_options *o,
                     struct kz_err *err) {
  const struct kz_catalogue_add_options add = {.threads = o->threads};
  int code = kz__listing_read(m->list, take_file, m, err);
  if (code) return code;
  sort_paths(m);
  if (!m->count) return 0;
  return kz_catalogue_add(m->c, (const char *const *)m->paths, m->count, &add, m->host,
                          &m->done->added, err);
}

/* ---- what is not listed ---- */

static int look_beside(struct import *m, const char *folder, struct kz_err *err) {
  DIR *d = opendir(folder);
  const struct dirent *e;
  int code = 0;
  while (d && !code && (e = readdir(d))) {
    if (e->d_name[0] == '.' || !kz__walk_takes(e->d_name)) continue;
    char *real = kz__meta_real(folder, e->d_name);
    bool listed = !real || bsearch(&real, m->paths, (size_t)m->count, sizeof *m->paths, by_text);
    char *shown = listed ? NULL : kz__show(real, strlen(real));
    char *text = shown ? kz_format("%s: is not in the list", shown) : NULL;
    if (!listed && !text) code = no_memory(m, err);
    if (!listed) m->done->unlisted++;
    if (text && m->host && m->host->failed) m->host->failed(m->host->user, text);
    free(text);
    free(shown);
    free(real);
  }
  if (d) closedir(d);
  return code;
}

/* Paths are sorted, but a folder's files may stand apart, with those of folders in it between. */
static int look_beside_all(struct import *m, struct kz_err *err) {
  struct import folders = {.list = m->list};
  int code = 0;
  for (int i = 0; i < m->count && !code; i++) {
    size_t n = (size_t)(strrchr(m->paths[i], '/') - m->paths[i]);
    const char *last = folders.count ? folders.paths[folders.count - 1] : "";
    if (strlen(last) == n + 1 && !strncmp(last, m->paths[i], n + 1)) continue;
    char *folder = strndup(m->paths[i], n + 1);
    code = folder ? keep(&folders, folder, err) : no_memory(m, err);
  }
  sort_paths(&folders);
  for (int i = 0; i < folders.count && !code; i++) code = look_beside(m, folders.paths[i], err);
  for (int i = 0; i < folders.count; i++) free(folders.paths[i]);
  free(folders.paths);
  return code;
}

/* ---- what persons said ---- */

static int image_of(struct import *m, const char *sha256, int64_t *image, struct kz_err *err) {
  sqlite3_bind_text(m->by_hash, 1, sha256, -1, SQLITE_STATIC);
  int code = kz__db_step(m->c, m->by_hash, err);
  if (code == 1) *image = sqlite3_column_int64(m->by_hash, 0);
  sqlite3_reset(m->by_hash);
  return code;
}

static bool same(const char *a, const char *b) { return a && b && !strcmp(a, b); }

static int take_review(void *user, const struct kz__listed *r, struct kz_err *err) {
  struct import *m = user;
  struct kz__word word;
  int64_t image = 0;
  bool in = same(r->review, "in");
  if ((!in && !same(r->review, "out")) || !r->who || !r->reason) return 0;
  int code = image_of(m, r->sha256, &image, err);
  if (code < 1) return code;
  code = kz__more_review(&m->more, image, &word, err);
  bool known = same(word.verdict, r->review) && same(word.who, r->who) &&
               same(word.reason, r->reason);
  sqlite3_reset(m->more.review); /* or it would read on while the next call writes */
  if (code || known) return code;
  code = kz_catalogue_review(m->c, image, in, r->reason, r->who, err);
  if (!code) m->done->reviews++;
  return code;
}

static int take_reviews(struct import *m, struct kz_err *err) {
  int code = kz__more_open(m->c, &m->more, err);
  if (!code)
    code = kz__db_prepare(m->c, "SELECT id FROM image WHERE sha256 = ?1 AND error IS NULL",
                          &m->by_hash, err);
  if (!code) code = kz__listing_read(m->list, take_review, m, err);
  sqlite3_finalize(m->by_hash);
  kz__more_close(&m->more);
  return code;
}

/* ---- all of it ---- */

static int set_parts(struct import *m, const char *source, struct kz_err *err) {
  static const char *const steps[] = {
      "DELETE FROM split WHERE image IN"
      " (SELECT image FROM fact WHERE key = 'split' AND source = ?1)",
      "INSERT INTO split(image, part) SELECT image, value FROM fact WHERE key = 'split'"
      " AND source = ?1 AND value IN ('train', 'val', 'test')"
      " AND image IN (SELECT id FROM chosen)"};
  int code = 0;
  for (int i = 0; i < 2 && !code; i++) {
    sqlite3_stmt *s = NULL;
    code = kz__db_prepare(m->c, steps[i], &s, err);
    if (!code) sqlite3_bind_text(s, 1, source, -1, SQLITE_STATIC);
    if (!code) code = kz__db_run(m->c, s, err);
    sqlite3_finalize(s);
  }
  if (code) return code;
  m->done->parted = sqlite3_changes(m->c->db);
  return kz_catalogue_check_split(m->c, NULL, err);
}

/* Of this list's images only: those that it does not name keep the part they have, or none. */
static int take_parts(struct import *m, struct kz_err *err) {
  char *source = kz__meta_source(m->list);
  int code = source ? kz__db_begin(m->c, err) : no_memory(m, err);
  if (!code) code = kz__db_end(m->c, set_parts(m, source, err), err);
  if (code) m->done->parted = 0;
  if (code == KZ_EFORMAT) kz_err_prefix(err, "%s: its parts are not taken", m->list);
  free(source);
  return code;
}

static int find_root(struct import *m, const char *root, struct kz_err *err) {
  const char *slash = strrchr(m->list, '/');
  char *folder = root ? strdup(root)
                 : slash ? strndup(m->list, (size_t)(slash + 1 - m->list))
                         : strdup(".");
  m->root = folder ? realpath(folder, NULL) : NULL;
  int code = m->root ? 0 : kz_err_set(err, KZ_ENOENT, "%s: no such folder", folder ? folder : "");
  free(folder);
  return code;
}

int kz_catalogue_import(struct kz_catalogue *c, const struct kz_catalogue_import_options *o,
                        const struct kz_catalogue_host *host,
                        struct kz_catalogue_imported *imported, struct kz_err *err) {
  struct import m = {.c = c, .list = o->list, .host = host, .done = imported};
  *imported = (struct kz_catalogue_imported){0};
  int code = find_root(&m, o->root, err);
  if (!code) code = add_files(&m, o, err);
  if (!code) code = kz__meta_at(c, o->list, m.root, host, &imported->told, err);
  if (!code) code = take_reviews(&m, err);
  if (!code && !m.ours) code = look_beside_all(&m, err);
  if (!code && o->split && m.parts) code = take_parts(&m, err);
  for (int i = 0; i < m.count; i++) free(m.paths[i]);
  free(m.paths);
  free(m.root);
  return code;
}
