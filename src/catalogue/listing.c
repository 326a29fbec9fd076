/* One reader for the lists of others and for those that kizil wrote itself. All kinds come down to
 * pairs of key and text, and one function (`hand_on`) decides what the pairs mean. */
#include "catalogue/listing.h"

#include <errno.h>
#include <glib.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/file.h"
#include "base/utf8.h"

enum { LONGEST_KEY = 64, JSON_LIMIT = 64 << 20 };

struct reading {
  const char *path;
  kz__listing_visit *visit;
  void *user;
};

/* A record as it was read. */
struct pairs {
  int line, count;
  const char *keys[KZ_CSV_FIELDS], *values[KZ_CSV_FIELDS];
};

bool kz__listing_utf8(const char *text) {
  uint32_t code;
  for (int step; *text; text += step)
    if (!(step = kz_utf8_step(text, &code))) return false;
  return true;
}

/* ---- what pairs mean ---- */

static const char *find(const struct pairs *p, const char *key) {
  for (int i = 0; i < p->count; i++)
    if (!strcmp(p->keys[i], key)) return p->values[i];
  return NULL;
}

/* Keys of kizil's own lists that are no facts. */
static bool is_measured(const char *key) {
  static const char *const names[] = {"file-base64", "bytes", "format",      "width", "height",
                                      "crop",        "srgb",  "orientation", "gains", "review",
                                      "review-by",   "review-reason"};
  for (size_t i = 0; i < sizeof names / sizeof *names; i++)
    if (!strcmp(key, names[i])) return true;
  return !strncmp(key, "score:", 6);
}

static void add_fact(struct kz__listed *r, const char *key, const char *value) {
  r->keys[r->count] = key;
  r->values[r->count++] = value;
}

static void take_facts(const struct pairs *p, bool ours, struct kz__listed *r) {
  const char *part = ours ? find(p, "part") : NULL;
  if (part && !*part) part = NULL;
  for (int i = 0; i < p->count; i++) {
    const char *key = p->keys[i];
    if (!strcmp(key, "file") || !strcmp(key, "sha256")) continue;
    if (ours && (is_measured(key) || !strcmp(key, "part"))) continue;
    if (part && !strcmp(key, "split")) continue;
    add_fact(r, key, p->values[i]);
  }
  if (part) add_fact(r, "split", part);
}

/* A name that is not UTF-8, byte by byte; malloc'd. */
static char *decode(const char *base64) {
  gsize size = 0;
  guchar *bytes = g_base64_decode(base64, &size);
  char *name = bytes ? strndup((const char *)bytes, size) : NULL;
  g_free(bytes);
  return name;
}

static int hand_on(const struct reading *l, const struct pairs *p, struct kz_err *err) {
  struct kz__listed r = {.line = p->line, .file = find(p, "file"), .sha256 = find(p, "sha256")};
  bool ours = r.ours = r.sha256 && find(p, "srgb");
  const char *exact = ours ? find(p, "file-base64") : NULL;
  char *name = exact && *exact ? decode(exact) : NULL;
  if (exact && *exact && !name)
    return kz_err_set(err, KZ_ENOMEM, "%s: no memory to read it", l->path);
  if (name) r.file = name;
  if (ours) {
    r.review = find(p, "review");
    r.who = find(p, "review-by");
    r.reason = find(p, "review-reason");
  }
  take_facts(p, ours, &r);
  int code = l->visit(l->user, &r, err);
  free(name);
  return code;
}

/* ---- CSV ---- */

static int check_columns(const struct reading *l, const struct kz_csv_record *r,
                         struct kz_err *err) {
  bool named = false;
  for (int i = 0; i < r->count; i++) {
    const char *name = r->fields[i];
    if (!strcmp(name, "file") || !strcmp(name, "sha256")) named = true;
    if (!*name || strlen(name) > LONGEST_KEY || !kz__listing_utf8(name))
      return kz_err_set(err, KZ_EFORMAT, "%s: column %d has no usable name", l->path, i + 1);
    for (int j = 0; j < i; j++)
      if (!strcmp(name, r->fields[j]))
        return kz_err_set(err, KZ_EFORMAT, "%s: two columns '%s'", l->path, name);
  }
  if (named) return 0;
  return kz_err_set(err, KZ_EFORMAT, "%s: no column 'file' or 'sha256' in the first line",
                    l->path);
}

static int take_csv_record(const struct reading *l, const struct kz_csv_record *columns,
                           const struct kz_csv_record *r, struct kz_err *err) {
  struct pairs p = {.line = r->line, .count = r->count};
  if (r->problem)
    return kz_err_set(err, KZ_EFORMAT, "%s: line %d: %s", l->path, r->line, r->problem);
  if (r->count > columns->count)
    return kz_err_set(err, KZ_EFORMAT, "%s: line %d: %d fields under %d columns", l->path, r->line,
                      r->count, columns->count);
  for (int i = 0; i < r->count; i++) {
    p.keys[i] = columns->fields[i];
    p.values[i] = r->fields[i];
  }
  return hand_on(l, &p, err);
}

static int read_csv(const struct reading *l, struct kz_err *err) {
  struct kz_csv csv;
  struct kz_csv_record columns, r;
  int code = kz_csv_load(&csv, l->path, err);
  if (code) return code;
  if (!kz_csv_next(&csv, &columns))
    code = kz_err_set(err, KZ_EFORMAT, "%s: empty; its first line must name the columns", l->path);
  else if (columns.problem)
    code = kz_err_set(err, KZ_EFORMAT, "%s: line %d: %s", l->path, columns.line, columns.problem);
  else
    code = check_columns(l, &columns, err);
  while (!code && kz_csv_next(&csv, &r)) code = take_csv_record(l, &columns, &r, err);
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

static int take_object(const struct reading *l, const char *name, json_t *object, int number,
                       struct kz_err *err) {
  char numbers[KZ_CSV_FIELDS][32];
  struct pairs p = {.line = number};
  const char *key;
  json_t *v;
  if (!json_is_object(object))
    return kz_err_set(err, KZ_EFORMAT, "%s: entry %d is no object", l->path, number);
  if (name && !json_object_get(object, "file")) {
    p.keys[0] = "file";
    p.values[p.count++] = name;
  }
  json_object_foreach(object, key, v) {
    if (p.count == KZ_CSV_FIELDS)
      return kz_err_set(err, KZ_EFORMAT, "%s: entry %d has more than %d facts", l->path, number,
                        KZ_CSV_FIELDS);
    const char *text = value_text(v, numbers[p.count], sizeof numbers[0]);
    bool name_wanted = !strcmp(key, "file") || !strcmp(key, "sha256");
    if (!text || !*key || strlen(key) > LONGEST_KEY) continue;
    if (name_wanted && !json_is_string(v)) continue;
    p.keys[p.count] = key;
    p.values[p.count++] = text;
  }
  if (find(&p, "file") || find(&p, "sha256")) return hand_on(l, &p, err);
  return kz_err_set(err, KZ_EFORMAT, "%s: entry %d has neither 'file' nor 'sha256'", l->path,
                    number);
}

static int read_json(const struct reading *l, struct kz_err *err) {
  char *text = NULL;
  size_t size, i;
  json_error_t why;
  const char *key;
  json_t *all = NULL, *v;
  int number = 0, code = kz_file_read(l->path, JSON_LIMIT, &text, &size, err);
  if (code) return code;
  all = json_loadb(text, size, JSON_REJECT_DUPLICATES, &why);
  free(text);
  if (!all) return kz_err_set(err, KZ_EFORMAT, "%s: line %d: %s", l->path, why.line, why.text);
  if (json_is_array(all)) {
    json_array_foreach(all, i, v) {
      if (!code) code = take_object(l, NULL, v, ++number, err);
    }
  } else { /* an object: jansson takes nothing else at the top */
    json_object_foreach(all, key, v) {
      if (!code) code = take_object(l, key, v, ++number, err);
    }
  }
  json_decref(all);
  return code;
}

static int take_line(const struct reading *l, const char *text, size_t size, int number,
                     struct kz_err *err) {
  json_error_t why;
  if (strspn(text, " \t\r\n") == size) return 0;
  json_t *object = json_loadb(text, size, JSON_REJECT_DUPLICATES, &why);
  if (!object) return kz_err_set(err, KZ_EFORMAT, "%s: line %d: %s", l->path, number, why.text);
  int code = take_object(l, NULL, object, number, err);
  json_decref(object);
  return code;
}

static int read_lines(const struct reading *l, struct kz_err *err) {
  char *text = NULL;
  size_t room = 0;
  int code = 0;
  FILE *f = fopen(l->path, "rbe");
  if (!f)
    return kz_err_set(err, errno == ENOENT ? KZ_ENOENT : KZ_EIO, "%s: %s", l->path,
                      strerror(errno));
  for (int number = 1; !code; number++) {
    ssize_t n = getline(&text, &room, f);
    if (n < 0) break;
    code = take_line(l, text, (size_t)n, number, err);
  }
  if (!code && !feof(f))
    code = kz_err_set(err, KZ_EIO, "%s: cannot read: %s", l->path, strerror(errno));
  free(text);
  fclose(f);
  return code;
}

int kz__listing_read(const char *path, kz__listing_visit *visit, void *user, struct kz_err *err) {
  const struct reading l = {path, visit, user};
  const char *dot = strrchr(path, '.');
  if (dot && !strcasecmp(dot, ".json")) return read_json(&l, err);
  if (dot && (!strcasecmp(dot, ".jsonl") || !strcasecmp(dot, ".ndjson")))
    return read_lines(&l, err);
  return read_csv(&l, err);
}
