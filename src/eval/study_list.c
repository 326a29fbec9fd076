/* Rows and methods of a study, and its list. Unlike a list that is only measured, one with a wrong
 * row is refused: a study that lacks a picture is noticed when its raters have gone home. Only the
 * files' headers are read here, so that a long list is refused at once. */
#include "eval/study.h"

#include <stdlib.h>
#include <string.h>

#include <kizil/image.h>

#include "base/utf8.h"

static const char no_group[] = "(none)";

void kz__study_release(struct kz__study *s) {
  kz_csv_release(&s->csv);
  json_decref(s->key);
  free(s->path);
  free(s->rows);
  free(s->groups);
  free(s->trials);
  *s = (struct kz__study){0};
}

const char *kz__study_group(const struct kz__study *s, int g) {
  return g < s->group_count ? s->groups[g] : "all";
}

int kz__study_pair(const struct kz__study *s, int a, int b) {
  int lo = a < b ? a : b, hi = a < b ? b : a;
  return lo * (2 * s->method_count - lo - 1) / 2 + hi - lo - 1;
}

int kz__study_add_row(struct kz__study *s, const struct kz__study_row *row, struct kz_err *err) {
  if (s->count == s->cap) {
    int cap = s->cap ? 2 * s->cap : 64;
    struct kz__study_row *grown = realloc(s->rows, (size_t)cap * sizeof *grown);
    if (!grown) return kz_err_set(err, KZ_ENOMEM, "%s: no memory for %d pictures", s->path, cap);
    s->rows = grown;
    s->cap = cap;
  }
  s->rows[s->count++] = *row;
  return 0;
}

int kz__study_number(struct kz__study *s, struct kz_err *err) {
  int units = 0;
  s->groups = calloc((size_t)s->count + 1, sizeof *s->groups);
  if (!s->groups) return kz_err_set(err, KZ_ENOMEM, "%s: no memory for its groups", s->path);
  for (int i = 0; i < s->count; i++) {
    struct kz__study_row *r = &s->rows[i];
    r->in_group = r->group ? 0 : -1;
    for (; r->group && r->in_group < s->group_count; r->in_group++)
      if (!strcmp(s->groups[r->in_group], r->group)) break;
    if (r->in_group == s->group_count) s->groups[s->group_count++] = r->group;
    r->unit = -1;
    for (int k = 0; k < i && r->unit < 0; k++)
      if (!strcmp(s->rows[k].original, r->original)) r->unit = s->rows[k].unit;
    if (r->unit < 0) r->unit = units++;
  }
  return 0;
}

/* ---- head ---- */

enum { ORIGINAL, MASK, GROUP, KEYS };
static const char *const keys[KEYS] = {"original", "mask", "group"};

struct head {
  int fields, key[KEYS], method[KZ__METHODS]; /* field of each; -1: none */
};

static int key_of(const char *name) {
  for (int k = 0; k < KEYS; k++)
    if (!strcmp(keys[k], name)) return k;
  return -1;
}

static int check_head(const struct kz__study *s, const struct head *h, int line,
                      struct kz_err *err) {
  static const char columns[] = "the first line names the columns: original,mask, group if you "
                                "like, and a column for each method";
  if (h->key[ORIGINAL] < 0 || h->key[MASK] < 0)
    return kz_err_set(err, KZ_EFORMAT, "%s: line %d: no column \"%s\"; %s", s->path, line,
                      keys[h->key[ORIGINAL] < 0 ? ORIGINAL : MASK], columns);
  if (s->method_count < 2)
    return kz_err_set(err, KZ_EFORMAT, "%s: line %d: %s; to compare takes two; %s", s->path, line,
                      s->method_count ? "only one method's column" : "no method's column", columns);
  return 0;
}

/* What can be told of a record without the head. JSON, which the key is, must be UTF-8. */
static const char *problem_of(const struct kz_csv_record *r) {
  if (r->problem) return r->problem;
  for (int f = 0; f < r->count; f++)
    for (const char *p = r->fields[f]; *p;) {
      uint32_t code;
      int n = kz_utf8_step(p, &code);
      if (!n) return "is not UTF-8";
      p += n;
    }
  return NULL;
}

static int read_head(struct kz__study *s, struct head *h, struct kz_err *err) {
  struct kz_csv_record r;
  memset(h, -1, sizeof *h);
  if (!kz_csv_next(&s->csv, &r))
    return kz_err_set(err, KZ_EFORMAT, "%s: the list is empty; its first line names the columns: "
                      "original,mask and a column for each method", s->path);
  if (problem_of(&r))
    return kz_err_set(err, KZ_EFORMAT, "%s: line %d: %s", s->path, r.line, problem_of(&r));
  h->fields = r.count;
  for (int f = 0; f < r.count; f++) {
    int key = key_of(r.fields[f]);
    if (!*r.fields[f])
      return kz_err_set(err, KZ_EFORMAT, "%s: line %d: column %d has no name", s->path, r.line,
                        f + 1);
    for (int k = 0; k < f; k++)
      if (!strcmp(r.fields[k], r.fields[f]))
        return kz_err_set(err, KZ_EFORMAT, "%s: line %d: two columns \"%s\"", s->path, r.line,
                          r.fields[f]);
    if (key < 0 && s->method_count == KZ__METHODS)
      return kz_err_set(err, KZ_ERANGE, "%s: line %d: more than %d methods", s->path, r.line,
                        KZ__METHODS);
    if (key >= 0) {
      h->key[key] = f;
    } else {
      h->method[s->method_count] = f;
      s->methods[s->method_count++] = r.fields[f];
    }
  }
  return check_head(s, h, r.line, err);
}

/* ---- rows ---- */

static int read_row(struct kz__study *s, const struct kz_csv_record *r, const struct head *h,
                    struct kz_err *err) {
  struct kz__study_row row = {.line = r->line};
  const char *problem = problem_of(r);
  if (!problem && r->count < h->fields) problem = "fewer fields than the first line names";
  if (!problem && r->count > h->fields)
    problem = "more fields than the first line names; quote commas";
  if (problem) return kz_err_set(err, KZ_EFORMAT, "%s: line %d: %s", s->path, r->line, problem);
  row.original = r->fields[h->key[ORIGINAL]];
  row.mask = r->fields[h->key[MASK]];
  if (h->key[GROUP] >= 0) row.group = r->fields[h->key[GROUP]];
  if (row.group && !*row.group) row.group = no_group;
  for (int m = 0; m < s->method_count; m++) row.result[m] = r->fields[h->method[m]];
  for (int m = -2; m < s->method_count; m++) {
    const char *path = m < 0 ? m < -1 ? row.original : row.mask : row.result[m];
    const char *column = m < 0 ? keys[m + 2] : s->methods[m];
    if (!*path)
      return kz_err_set(err, KZ_EFORMAT, "%s: line %d, column \"%s\": empty", s->path, r->line,
                        column);
  }
  for (int i = 0; i < s->count; i++)
    if (!strcmp(s->rows[i].original, row.original) && !strcmp(s->rows[i].mask, row.mask))
      return kz_err_set(err, KZ_EFORMAT, "%s: lines %d and %d are one picture, %s with %s", s->path,
                        s->rows[i].line, row.line, row.original, row.mask);
  return kz__study_add_row(s, &row, err);
}

static int check_size(const struct kz__study *s, const struct kz__study_row *r, const char *path,
                      const char *column, struct kz_image_info *like, struct kz_err *err) {
  struct kz_image_info info;
  int code = kz_image_probe(path, &info, err);
  if (code) return kz_err_prefix(err, "%s: line %d, column \"%s\"", s->path, r->line, column);
  if (!like->width) *like = info;
  if (info.width == like->width && info.height == like->height) return 0;
  return kz_err_set(err, KZ_ESHAPE, "%s: line %d, column \"%s\": %s is %d x %d px, the original "
                    "%s %d x %d: they must be of one size", s->path, r->line, column, path,
                    info.width, info.height, r->original, like->width, like->height);
}

static int check_row(const struct kz__study *s, struct kz__study_row *r, struct kz_err *err) {
  struct kz_image_info like = {0};
  int code = check_size(s, r, r->original, keys[ORIGINAL], &like, err);
  if (!code) code = check_size(s, r, r->mask, keys[MASK], &like, err);
  for (int m = 0; m < s->method_count && !code; m++)
    code = check_size(s, r, r->result[m], s->methods[m], &like, err);
  r->width = like.width, r->height = like.height;
  return code;
}

int kz__study_load_list(struct kz__study *s, const char *path, struct kz_err *err) {
  struct kz_csv_record r;
  struct head h;
  *s = (struct kz__study){.path = strdup(path)};
  if (!s->path) return kz_err_set(err, KZ_ENOMEM, "%s: no memory for the list", path);
  int code = kz_csv_load(&s->csv, path, err);
  if (!code) code = read_head(s, &h, err);
  while (!code && kz_csv_next(&s->csv, &r)) {
    code = read_row(s, &r, &h, err);
    if (!code && s->count > KZ__SHOWINGS / kz__study_pairs(s))
      code = kz_err_set(err, KZ_ERANGE, "%s: more than %d trials; nobody can answer so many", path,
                        KZ__SHOWINGS);
  }
  if (!code && !s->count) code = kz_err_set(err, KZ_EFORMAT, "%s: the list has no rows", path);
  if (!code) code = kz__study_number(s, err);
  for (int i = 0; i < s->count && !code; i++) code = check_row(s, &s->rows[i], err);
  if (code) kz__study_release(s);
  return code;
}
