/* Facts from a list beside the pictures. A list names pictures by paths as they were where it was
 * made, so as much of the end of a path is compared as both have: "murals/train/a.jpg" is looked
 * for as that, as "train/a.jpg" and as "a.jpg", and the first of these that names anything counts.
 * If it names pictures that differ, nothing is taken: to choose one would put one picture's words
 * on another. All of a list is taken in one transaction. */
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <kizil/csv.h>

#include "base/file.h"
#include "base/utf8.h"
#include "catalogue/db.h"
#include "catalogue/show.h"

enum { LONGEST_KEY = 64, LIST_LIMIT = 64 << 20 };

struct place {
  const char *name; /* last component, in `path` */
  char *path;
  int64_t image;
};

struct meta {
  struct kz_catalogue *c;
  const char *path; /* the list's */
  char *source;     /* "sidecar PATH" */
  const struct kz_catalogue_host *host;
  struct kz_catalogue_told *told;
  struct place *places; /* by name */
  int count, room;
  sqlite3_stmt *insert, *by_hash;
};

/* One line: the picture, and pairs of key and value. */
struct record {
  int line;
  const char *file, *sha256;
  const char *keys[KZ_CSV_FIELDS];
  const char *values[KZ_CSV_FIELDS];
  int count;
};

static int no_memory(const struct meta *m, struct kz_err *err) {
  return kz_err_set(err, KZ_ENOMEM, "%s: no memory to read it", m->path);
}

static void complain(const struct meta *m, const struct record *r, const char *what) {
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

/* Images whose path ends so: 0, 1 (*image is it), or 2 for more. */
static int images_at(const struct meta *m, const char *end, int64_t *image) {
  const char *name = last_component(end);
  int low = 0, high = m->count, found = 0;
  while (low < high) {
    int middle = low + (high - low) / 2;
    if (strcmp(m->places[middle].name, name) < 0) low = middle + 1;
    else high = middle;
  }
  for (; low < m->count && !strcmp(m->places[low].name, name); low++) {
    if (!ends_with(m->places[low].path, end)) continue;
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

static int images_by_hash(const struct meta *m, const char *sha256, int64_t *image,
                          struct kz_err *err) {
  sqlite3_bind_text(m->by_hash, 1, sha256, -1, SQLITE_STATIC);
  int code = kz__db_step(m->c, m->by_hash, err);
  if (code == 1) *image = sqlite3_column_int64(m->by_hash, 0);
  sqlite3_reset(m->by_hash);
  return code;
}

/* ---- one record ---- */

static bool is_utf8(const char *text) {
  uint32_t code;
  int step;
  for (; *text; text += step)
    if (!(step = kz_utf8_step(text, &code))) return false;
  return true;
}

static int put(struct meta *m, int64_t image, const char *key, const char *value,
               struct kz_err *err) {
  char *shown = is_utf8(value) ? NULL : kz__show(value, strlen(value));
  sqlite3_bind_int64(m->insert, 1, image);
  sqlite3_bind_text(m->insert, 2, key, -1, SQLITE_STATIC);
  sqlite3_bind_text(m->insert, 3, shown ? shown : value, -1, SQLITE_STATIC);
  sqlite3_bind_text(m->insert, 4, m->source, -1, SQLITE_STATIC);
  int code = kz__db_run(m->c, m->insert, err);
  free(shown);
  if (!code) m->told->facts++;
  return code;
}

static int take_record(struct meta *m, const struct record *r, struct kz_err *err) {
  int64_t image = 0;
  int found = 0, code = 0;
  m->told->lines++;
  if (r->sha256 && *r->sha256) found = images_by_hash(m, r->sha256, &image, err);
  if (found < 0) return found;
  if (!found && r->file && *r->file) found = images_by_path(m, r->file, &image);
  if (found != 1) {
    complain(m, r, found ? "names pictures that differ" : "names no picture of the catalogue");
    if (found) m->told->unclear++;
    else m->told->unknown++;
    return 0;
  }
  m->told->used++;
  for (int i = 0; i < r->count && !code; i++)
    if (*r->values[i]) code = put(m, image, r->keys[i], r->values[i], err);
  return code;
}

/* ---- CSV ---- */

struct columns {
  const char *names[KZ_CSV_FIELDS];
  int count, file, sha256;
};

static int check_columns(const struct meta *m, const struct kz_csv_record *r, struct columns *k,
                         struct kz_err *err) {
  k->count = r->count;
  k->file = k->sha256 = -1;
  for (int i = 0; i < r->count; i++) {
    k->names[i] = r->fields[i];
    if (!strcmp(r->fields[i], "file")) k->file = i;
    if (!strcmp(r->fields[i], "sha256")) k->sha256 = i;
    if (!*r->fields[i] || strlen(r->fields[i]) > LONGEST_KEY || !is_utf8(r->fields[i]))
      return kz_err_set(err, KZ_EFORMAT, "%s: column %d has no usable name", m->path, i + 1);
    for (int j = 0; j < i; j++)
      if (!strcmp(r->fields[i], r->fields[j]))
        return kz_err_set(err, KZ_EFORMAT, "%s: two columns '%s'", m->path, r->fields[i]);
  }
  if (k->file >= 0 || k->sha256 >= 0) return 0;
  return kz_err_set(err, KZ_EFORMAT, "%s: no column 'file' or 'sha256' in the first line",
                    m->path);
}

static int take_csv_record(struct meta *m, const struct columns *k,
                           const struct kz_csv_record *r, struct kz_err *err) {
  struct record one = {.line = r->line};
  if (r->problem)
    return kz_err_set(err, KZ_EFORMAT, "%s: line %d: %s", m->path, r->line, r->problem);
  if (r->count > k->count)
    return kz_err_set(err, KZ_EFORMAT, "%s: line %d: %d fields under %d columns", m->path, r->line,
                      r->count, k->count);
  for (int i = 0; i < r->count; i++) {
    if (i == k->file) one.file = r->fields[i];
    else if (i == k->sha256) one.sha256 = r->fields[i];
    else {
      one.keys[one.count] = k->names[i];
      one.values[one.count++] = r->fields[i];
    }
  }
  return take_record(m, &one, err);
}

static int take_csv(struct meta *m, struct kz_err *err) {
  struct kz_csv csv;
  struct kz_csv_record r;
  struct columns k = {.count = 0};
  int code = kz_csv_load(&csv, m->path, err);
  if (code) return code;
  if (!kz_csv_next(&csv, &r))
    code = kz_err_set(err, KZ_EFORMAT, "%s: empty; its first line must name the columns", m->path);
  else if (r.problem)
    code = kz_err_set(err, KZ_EFORMAT, "%s: line %d: %s", m->path, r.line, r.problem);
  else
    code = check_columns(m, &r, &k, err);
  while (!code && kz_csv_next(&csv, &r)) code = take_csv_record(m, &k, &r, err);
  kz_csv_release(&csv);
  return code;
}

/* ---- JSON ---- */

/* A number as text; what is neither text nor number nor truth is passed over. */
static const char *value_text(json_t *v, char *buffer, size_t size) {
  if (json_is_string(v)) return json_string_value(v);
  if (json_is_true(v) || json_is_false(v)) return json_is_true(v) ? "yes" : "no";
  if (json_is_integer(v)) snprintf(buffer, size, "%lld", (long long)json_integer_value(v));
  else if (json_is_real(v)) snprintf(buffer, size, "%.15g", json_real_value(v));
  else return NULL;
  return buffer;
}

static int take_object(struct meta *m, const char *name, json_t *object, int number,
                       struct kz_err *err) {
  char numbers[KZ_CSV_FIELDS][32];
  struct record one = {.line = number, .file = name};
  const char *key;
  json_t *v;
  if (!json_is_object(object))
    return kz_err_set(err, KZ_EFORMAT, "%s: entry %d is no object", m->path, number);
  json_object_foreach(object, key, v) {
    const char *text = one.count < KZ_CSV_FIELDS
                           ? value_text(v, numbers[one.count], sizeof numbers[0])
                           : NULL;
    if (!text || !*key || strlen(key) > LONGEST_KEY) continue;
    if (!strcmp(key, "file")) one.file = json_string_value(v);
    else if (!strcmp(key, "sha256")) one.sha256 = json_string_value(v);
    else {
      one.keys[one.count] = key;
      one.values[one.count++] = text;
    }
  }
  if (!one.file && !one.sha256)
    return kz_err_set(err, KZ_EFORMAT, "%s: entry %d has neither 'file' nor 'sha256'", m->path,
                      number);
  return take_record(m, &one, err);
}

static int take_json(struct meta *m, struct kz_err *err) {
  char *text = NULL;
  size_t size, i;
  json_error_t why;
  const char *key;
  json_t *all = NULL, *v;
  int number = 0, code = kz_file_read(m->path, LIST_LIMIT, &text, &size, err);
  if (code) return code;
  all = json_loadb(text, size, JSON_REJECT_DUPLICATES, &why);
  free(text);
  if (!all) return kz_err_set(err, KZ_EFORMAT, "%s: line %d: %s", m->path, why.line, why.text);
  if (json_is_array(all)) {
    json_array_foreach(all, i, v) {
      if (!code) code = take_object(m, NULL, v, ++number, err);
    }
  } else { /* an object: jansson takes nothing else at the top */
    json_object_foreach(all, key, v) {
      if (!code) code = take_object(m, key, v, ++number, err);
    }
  }
  json_decref(all);
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
  const char *dot = strrchr(m->path, '.');
  int code = load_places(m, err);
  if (!code) code = forget(m, err);
  if (!code)
    code = kz__db_prepare(m->c,
                          "INSERT OR REPLACE INTO fact(image, key, value, source)"
                          " VALUES(?1, ?2, ?3, ?4)",
                          &m->insert, err);
  if (!code)
    code = kz__db_prepare(m->c, "SELECT id FROM image WHERE sha256 = ?1", &m->by_hash, err);
  if (code) return code;
  return dot && !strcasecmp(dot, ".json") ? take_json(m, err) : take_csv(m, err);
}

int kz_catalogue_meta(struct kz_catalogue *c, const char *path,
                      const struct kz_catalogue_host *host, struct kz_catalogue_told *told,
                      struct kz_err *err) {
  *told = (struct kz_catalogue_told){0};
  struct meta m = {.c = c, .path = path, .host = host, .told = told};
  char *real = realpath(path, NULL), *shown = NULL;
  int code = 0;
  if (!real) {
    code = kz_err_set(err, KZ_ENOENT, "%s: no such list", path);
    goto out;
  }
  shown = kz__show(real, strlen(real));
  m.source = shown ? kz_format("sidecar %s", shown) : NULL;
  code = m.source ? kz__db_begin(c, err) : no_memory(&m, err);
  if (!code) code = kz__db_end(c, take(&m, err), err);
out:
  sqlite3_finalize(m.insert);
  sqlite3_finalize(m.by_hash);
  for (int i = 0; i < m.count; i++) free(m.places[i].path);
  free(m.places);
  free(m.source);
  free(shown);
  free(real);
  return code;
}
