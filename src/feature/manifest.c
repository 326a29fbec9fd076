/* A list of pictures: the records point into the text of the file, which the CSV reader has cut
 * into fields, and are sorted by name once, so that a look-up is a binary search. Pictures are known
 * by the last component of their path, because the folder is another one on another machine. Two
 * lines with one name are refused unless they say the same: to take either would put one picture's
 * words on another. */
#include <kizil/caption.h>

#include <stdlib.h>
#include <string.h>

#include <kizil/csv.h>

enum column { FILE_NAME, SUBJECT, KIND, PERIOD, SITE, CAPTION, COLUMNS };
static const char *const column_names[COLUMNS] = {"file",   "subject", "kind",
                                                  "period", "site",    "caption"};

struct entry {
  const char *name; /* last component of the path */
  int line;
  struct kz_caption_facts facts;
};

struct kz_manifest {
  struct kz_csv csv; /* what the entries point into */
  struct entry *entries;
  int count, cap;
};

static const char *last_component(const char *path) {
  const char *slash = strrchr(path, '/');
  return slash ? slash + 1 : path;
}

static int by_name(const void *a, const void *b) {
  const struct entry *x = a, *y = b;
  int order = strcmp(x->name, y->name);
  return order ? order : (x->line > y->line) - (x->line < y->line);
}

static int same_text(const char *a, const char *b) { return !strcmp(a ? a : "", b ? b : ""); }

static int same_facts(const struct kz_caption_facts *a, const struct kz_caption_facts *b) {
  return same_text(a->subject, b->subject) && same_text(a->kind, b->kind) &&
         same_text(a->period, b->period) && same_text(a->site, b->site) &&
         same_text(a->caption, b->caption);
}

static int read_header(struct kz_manifest *m, const char *path, int column[COLUMNS],
                       struct kz_err *err) {
  struct kz_csv_record r;
  if (!kz_csv_next(&m->csv, &r))
    return kz_err_set(err, KZ_EFORMAT, "%s: empty; its first line must name the columns", path);
  if (r.problem) return kz_err_set(err, KZ_EFORMAT, "%s:%d: %s", path, r.line, r.problem);
  for (int i = 0; i < COLUMNS; i++) {
    column[i] = -1;
    for (int j = 0; j < r.count; j++) {
      if (strcmp(r.fields[j], column_names[i])) continue;
      if (column[i] >= 0)
        return kz_err_set(err, KZ_EFORMAT, "%s:%d: two columns '%s'", path, r.line,
                          column_names[i]);
      column[i] = j;
    }
  }
  if (column[FILE_NAME] < 0)
    return kz_err_set(err, KZ_EFORMAT,
                      "%s: no column 'file' in the first line; of subject, kind, period, site and "
                      "caption any may be there",
                      path);
  return 0;
}

static int add(struct kz_manifest *m, const struct entry *e, const char *path,
               struct kz_err *err) {
  if (m->count == m->cap) {
    int cap = m->cap ? 2 * m->cap : 256;
    struct entry *grown = realloc(m->entries, (size_t)cap * sizeof *grown);
    if (!grown) return kz_err_set(err, KZ_ENOMEM, "%s: no memory for %d entries", path, cap);
    m->entries = grown;
    m->cap = cap;
  }
  m->entries[m->count++] = *e;
  return 0;
}

static const char *field(const struct kz_csv_record *r, int column) {
  return column >= 0 && column < r->count ? r->fields[column] : NULL;
}

static int read_entries(struct kz_manifest *m, const char *path, const int column[COLUMNS],
                        struct kz_err *err) {
  struct kz_csv_record r;
  while (kz_csv_next(&m->csv, &r)) {
    if (r.problem) return kz_err_set(err, KZ_EFORMAT, "%s:%d: %s", path, r.line, r.problem);
    const char *file = field(&r, column[FILE_NAME]);
    struct entry e = {.name = file ? last_component(file) : "",
                      .line = r.line,
                      .facts = {field(&r, column[SUBJECT]), field(&r, column[KIND]),
                                field(&r, column[PERIOD]), field(&r, column[SITE]),
                                field(&r, column[CAPTION])}};
    if (!*e.name) return kz_err_set(err, KZ_EFORMAT, "%s:%d: names no file", path, r.line);
    int code = add(m, &e, path, err);
    if (code) return code;
  }
  return 0;
}

/* Sort, and leave one of those that say the same. */
static int sort(struct kz_manifest *m, const char *path, struct kz_err *err) {
  int kept = 0;
  if (m->count) qsort(m->entries, (size_t)m->count, sizeof *m->entries, by_name);
  for (int i = 0; i < m->count; i++) {
    const struct entry *e = &m->entries[i], *last = kept ? &m->entries[kept - 1] : NULL;
    if (!last || strcmp(last->name, e->name)) {
      m->entries[kept++] = *e;
    } else if (!same_facts(&last->facts, &e->facts)) {
      return kz_err_set(err, KZ_EFORMAT,
                        "%s:%d: '%s' is in line %d already and is said to be something else; "
                        "pictures are known by their file name without its folder",
                        path, e->line, e->name, last->line);
    }
  }
  m->count = kept;
  return 0;
}

int kz_manifest_load(const char *path, struct kz_manifest **out, struct kz_err *err) {
  int column[COLUMNS], code;
  struct kz_manifest *m = calloc(1, sizeof *m);
  if (!m) return kz_err_set(err, KZ_ENOMEM, "%s: no memory for a list", path);
  code = kz_csv_load(&m->csv, path, err);
  if (!code) code = read_header(m, path, column, err);
  if (!code) code = read_entries(m, path, column, err);
  if (!code) code = sort(m, path, err);
  if (code) kz_manifest_free(m);
  else *out = m;
  return code;
}

void kz_manifest_free(struct kz_manifest *m) {
  if (!m) return;
  kz_csv_release(&m->csv);
  free(m->entries);
  free(m);
}

int kz_manifest_count(const struct kz_manifest *m) { return m->count; }

const struct kz_caption_facts *kz_manifest_find(const struct kz_manifest *m, const char *path) {
  const char *name = last_component(path);
  int low = 0, high = m->count;
  while (low < high) {
    int middle = low + (high - low) / 2, order = strcmp(m->entries[middle].name, name);
    if (!order) return &m->entries[middle].facts;
    if (order < 0) low = middle + 1;
    else high = middle;
  }
  return NULL;
}
