/* Facts from a list beside the pictures. A list names pictures by paths as they were where it was
 * made, so as much of the end of a path is compared as both have: "murals/train/a.jpg" is looked
 * for as that, as "train/a.jpg" and as "a.jpg", and the first of these that names anything counts.
 * If it names pictures that differ, nothing is taken: to choose one would put one picture's words
 * on another. All of a list is taken in one transaction. */
#include "catalogue/fact_meta.h"

#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "catalogue/listing.h"
#include "catalogue/show.h"

struct place {
  const char *name; /* last component, in `path` */
  char *path;
  int64_t image;
};

struct meta {
  struct kz_catalogue *c;
  const char *path; /* the list's */
  const char *root; /* where its files are, exactly; NULL: wherever their names' ends say */
  char *source;     /* "sidecar PATH" */
  const struct kz_catalogue_host *host;
  struct kz_catalogue_told *told;
  struct place *places; /* by name */
  int count, room;
  sqlite3_stmt *insert, *by_hash;
};

static int no_memory(const struct meta *m, struct kz_err *err) {
  return kz_err_set(err, KZ_ENOMEM, "%s: no memory to read it", m->path);
}

static void complain(const struct meta *m, const struct kz__listed *r, const char *what) {
  const char *name = r->file ? r->file : r->sha256 ? r->sha256 : "";
  char *shown = kz__show(name, strlen(name));
  char *text = shown ? kz_format("%s: line %d: '%s' %s", m->path, r->line, shown, what) : NULL;
  if (text && m->host && m->host->failed) m->host->failed(m->host->user, text);
  free(shown);
  free(text);
}

/* ---- which picture ---- */

static const char *last_component(const char *path) {
  const char *slash = strrchr(path, '/');
  return slash ? slash + 1 : path;
}

static int by_name(const void *a, const void *b) {
  return strcmp(((const struct place *)a)->name, ((const struct place *)b)->name);
}

static int add_place(struct meta *m, sqlite3_stmt *s, struct kz_err *err) {
  if (m->count == m->room) {
    int room = m->room ? 2 * m->room : 1024;
    struct place *grown = realloc(m->places, (size_t)room * sizeof *grown);
    if (!grown) return no_memory(m, err);
    m->places = grown;
    m->room = room;
  }
  const void *bytes = sqlite3_column_blob(s, 0);
  char *path = strndup(bytes ? bytes : "", (size_t)sqlite3_column_bytes(s, 0));
  if (!path) return no_memory(m, err);
  m->places[m->count++] = (struct place){last_component(path), path, sqlite3_column_int64(s, 1)};
  return 0;
}

static int load_places(struct meta *m, struct kz_err *err) {
  sqlite3_stmt *s = NULL;
  int code = kz__db_prepare(m->c, "SELECT path, image FROM file WHERE image IS NOT NULL", &s, err);
  while (code >= 0 && (code = kz__db_step(m->c, s, err)) == 1) code = add_place(m, s, err);
  sqlite3_finalize(s);
  if (!code && m->count) qsort(m->places, (size_t)m->count, sizeof *m->places, by_name);
  return code;
}

static bool ends_with(const char *path, const char *end) {
  size_t n = strlen(path), k = strlen(end);
  if (k > n || strcmp(path + n - k, end)) return false;
  return k == n || end[0] == '/' || path[n - k - 1] == '/';
}

/* Images whose path ends so (or is that): 0, 1 (*image is it), or 2 for more. */
static int images_at(const struct meta *m, const char *end, int64_t *image) {
  const char *name = last_component(end);
  int low = 0, high = m->count, found = 0;
  while (low < high) {
    int middle = low + (high - low) / 2;
    if (strcmp(m->places[middle].name, name) < 0) low = middle + 1;
    else high = middle;
  }
  for (; low < m->count && !strcmp(m->places[low].name, name); low++) {
    if (m->root ? strcmp(m->places[low].path, end) : !ends_with(m->places[low].path, end)) continue;
    if (found && m->places[low].image == *image) continue;
    *image = m->places[low].image;
    found = found ? 2 : 1;
  }
  return found;
}

static int images_by_path(const struct meta *m, const char *file, int64_t *image) {
  while (!strncmp(file, "./", 2)) file += 2;
  for (const char *end = file; end; end = strchr(end, '/')) {
    if (end != file) end++;
    if (!*end) return 0;
    int found = images_at(m, end, image);
    if (found) return found;
  }
  return 0;
}

/* By the real path of what the list names, from its root. */
static int images_at_root(const struct meta *m, const char *file, int64_t *image) {
  char *real = kz__meta_real(m->root, file);
  int found = real ? images_at(m, real, image) : 0;
  free(real);
  return found;
}

static int images_by_hash(const struct meta *m, const char *sha256, int64_t *image,
                          struct kz_err *err) {
  sqlite3_bind_text(m->by_hash, 1, sha256, -1, SQLITE_STATIC);
  int code = kz__db_step(m->c, m->by_hash, err);
  if (code == 1) *image = sqlite3_column_int64(m->by_hash, 0);
  sqlite3_reset(m->by_hash);
  return code;
}

/* ---- one record ---- */

static int put(struct meta *m, int64_t image, const char *key, const char *value,
               struct kz_err *err) {
  char *shown = kz__listing_utf8(value) ? NULL : kz__show(value, strlen(value));
  sqlite3_bind_int64(m->insert, 1, image);
  sqlite3_bind_text(m->insert, 2, key, -1, SQLITE_STATIC);
  sqlite3_bind_text(m->insert, 3, shown ? shown : value, -1, SQLITE_STATIC);
  sqlite3_bind_text(m->insert, 4, m->source, -1, SQLITE_STATIC);
  int code = kz__db_run(m->c, m->insert, err);
  free(shown);
  if (!code) m->told->facts++;
  return code;
}

/* A list with a root means the files there: with other content they are not what it speaks of. */
static const char *why_not(const struct meta *m, const struct kz__listed *r, int found) {
  char *real = m->root && r->file ? kz__meta_real(m->root, r->file) : NULL;
  bool there = real;
  free(real);
  if (found) return "names pictures that differ";
  if (m->root && r->file && *r->file && !there) return "is not there";
  if (there && r->sha256 && *r->sha256) return "has other content than the list says";
  return "names no picture of the catalogue";
}

static int take_record(void *user, const struct kz__listed *r, struct kz_err *err) {
  struct meta *m = user;
  int64_t image = 0;
  bool hashed = r->sha256 && *r->sha256;
  int found = 0, code = 0;
  m->told->lines++;
  if (hashed) found = images_by_hash(m, r->sha256, &image, err);
  if (found < 0) return found;
  if (!found && r->file && *r->file && !m->root) found = images_by_path(m, r->file, &image);
  if (!found && r->file && *r->file && m->root && !hashed)
    found = images_at_root(m, r->file, &image);
  if (found != 1) {
    complain(m, r, why_not(m, r, found));
    if (found) m->told->unclear++;
    else m->told->unknown++;
    return 0;
  }
  m->told->used++;
  for (int i = 0; i < r->count && !code; i++)
    if (*r->values[i]) code = put(m, image, r->keys[i], r->values[i], err);
  return code;
}

/* ---- all of it ---- */

static int forget(const struct meta *m, struct kz_err *err) {
  sqlite3_stmt *s = NULL;
  int code = kz__db_prepare(m->c, "DELETE FROM fact WHERE source = ?1", &s, err);
  if (!code) {
    sqlite3_bind_text(s, 1, m->source, -1, SQLITE_STATIC);
    code = kz__db_run(m->c, s, err);
  }
  sqlite3_finalize(s);
  return code;
}

static int take(struct meta *m, struct kz_err *err) {
  int code = load_places(m, err);
  if (!code) code = forget(m, err);
  if (!code)
    code = kz__db_prepare(m->c,
                          "INSERT OR REPLACE INTO fact(image, key, value, source)"
                          " VALUES(?1, ?2, ?3, ?4)",
                          &m->insert, err);
  if (!code)
    code = kz__db_prepare(m->c, "SELECT id FROM image WHERE sha256 = ?1", &m->by_hash, err);
  return code ? code : kz__listing_read(m->path, take_record, m, err);
}

char *kz__meta_real(const char *root, const char *file) {
  char *path = file[0] == '/' ? strdup(file) : kz_format("%s/%s", root, file);
  char *real = path ? realpath(path, NULL) : NULL;
  free(path);
  return real;
}

char *kz__meta_source(const char *path) {
  char *real = realpath(path, NULL), *shown = real ? kz__show(real, strlen(real)) : NULL;
  char *source = shown ? kz_format("sidecar %s", shown) : NULL;
  free(shown);
  free(real);
  return source;
}

int kz__meta_at(struct kz_catalogue *c, const char *path, const char *root,
                const struct kz_catalogue_host *host, struct kz_catalogue_told *told,
                struct kz_err *err) {
  *told = (struct kz_catalogue_told){0};
  struct meta m = {.c = c, .path = path, .root = root, .host = host, .told = told};
  int code = 0;
  if (!kz_file_exists(path)) return kz_err_set(err, KZ_ENOENT, "%s: no such list", path);
  m.source = kz__meta_source(path);
  code = m.source ? kz__db_begin(c, err) : no_memory(&m, err);
  if (!code) code = kz__db_end(c, take(&m, err), err);
  sqlite3_finalize(m.insert);
  sqlite3_finalize(m.by_hash);
  for (int i = 0; i < m.count; i++) free(m.places[i].path);
  free(m.places);
  free(m.source);
  return code;
}

int kz_catalogue_meta(struct kz_catalogue *c, const char *path,
                      const struct kz_catalogue_host *host, struct kz_catalogue_told *told,
                      struct kz_err *err) {
  return kz__meta_at(c, path, NULL, host, told, err);
}
