/* Reading a list. Wrong heads are refused; wrong rows are kept with their problem, because one bad
 * row of a thousand must not cost the others their scores. */
#include "eval/table.h"

#include <stdlib.h>
#include <string.h>

enum { ORIGINAL, MASK, RESULT, GROUP, KEYS };
static const char *const keys[KEYS] = {"original", "mask", "result", "group"};
static const char no_group[] = "(none)";

struct head {
  int fields, key[KEYS], metric[KZ__METRICS]; /* field of each; -1: none */
};

static int *place_of(struct head *h, const char *name, bool scores) {
  for (int k = 0; k < KEYS; k++)
    if (!strcmp(name, keys[k])) return &h->key[k];
  int m = scores ? kz__metric_index(name) : -1;
  return m >= 0 ? &h->metric[m] : NULL;
}

static int read_head(struct kz__table *t, struct head *h, bool scores, struct kz_err *err) {
  struct kz_csv_record r;
  memset(h, -1, sizeof *h);
  if (!kz_csv_next(&t->csv, &r))
    return kz_err_set(err, KZ_EFORMAT, "%s: the list is empty; its first line names the columns: "
                      "original,mask,result", t->path);
  if (r.problem) return kz_err_set(err, KZ_EFORMAT, "%s: line %d: %s", t->path, r.line, r.problem);
  h->fields = r.count;
  for (int f = 0; f < r.count; f++) {
    int *place = place_of(h, r.fields[f], scores);
    if (!place) continue;
    if (*place >= 0)
      return kz_err_set(err, KZ_EFORMAT, "%s: line %d: two columns \"%s\"", t->path, r.line,
                        r.fields[f]);
    *place = f;
  }
  for (int k = 0; k < (scores ? RESULT : GROUP); k++)
    if (h->key[k] < 0)
      return kz_err_set(err, KZ_EFORMAT, "%s: line %d: no column \"%s\"; the first line names the "
                        "columns: %s", t->path, r.line, keys[k],
                        scores ? "original,mask and metrics, as in scores.csv"
                               : "original,mask,result and, if you like, group");
  for (int m = 0; m < KZ__METRICS; m++) t->has[m] = h->metric[m] >= 0;
  return 0;
}

/* "", a number, or "inf". */
static bool read_value(const char *text, double *value) {
  char *end;
  *value = NAN;
  if (!*text) return true;
  *value = strtod(text, &end);
  return !*end && !isnan(*value);
}

static void read_row(struct kz__row *row, const struct kz_csv_record *r, const struct head *h) {
  *row = (struct kz__row){.line = r->line, .problem = r->problem, .in_group = -1};
  for (int m = 0; m < KZ__METRICS; m++) row->value[m] = NAN;
  if (row->problem) return;
  if (r->count < h->fields) row->problem = "fewer fields than the first line names";
  if (r->count > h->fields) row->problem = "more fields than the first line names; quote commas";
  if (row->problem) return;
  row->original = r->fields[h->key[ORIGINAL]];
  row->mask = r->fields[h->key[MASK]];
  row->result = h->key[RESULT] >= 0 ? r->fields[h->key[RESULT]] : "-";
  row->group = h->key[GROUP] >= 0 ? r->fields[h->key[GROUP]] : NULL;
  if (row->group && !*row->group) row->group = no_group;
  if (!*row->original || !*row->mask || !*row->result)
    row->problem = "original, mask or result is empty";
  for (int m = 0; m < KZ__METRICS; m++)
    if (h->metric[m] >= 0 && !read_value(r->fields[h->metric[m]], &row->value[m]))
      row->problem = "a score is no number";
}

static int grow(void *list, int count, int *cap, size_t size, const char *path,
                struct kz_err *err) {
  if (count < *cap) return 0;
  int wanted = *cap ? *cap * 2 : 64;
  void *grown = realloc(*(void **)list, (size_t)wanted * size);
  if (!grown) return kz_err_set(err, KZ_ENOMEM, "%s: no memory for the list", path);
  *(void **)list = grown;
  *cap = wanted;
  return 0;
}

static int name_groups(struct kz__table *t, struct kz_err *err) {
  int cap = 0;
  for (int i = 0; i < t->count; i++) {
    struct kz__row *r = &t->rows[i];
    if (r->problem || !r->group) continue;
    for (r->in_group = 0; r->in_group < t->group_count; r->in_group++)
      if (!strcmp(t->groups[r->in_group], r->group)) break;
    if (r->in_group < t->group_count) continue;
    int code = grow(&t->groups, t->group_count, &cap, sizeof *t->groups, t->path, err);
    if (code) return code;
    t->groups[t->group_count++] = r->group;
  }
  return 0;
}

static int by_original(const void *a, const void *b) {
  const struct kz__row *const *x = a, *const *y = b;
  return strcmp((*x)->original, (*y)->original);
}

static int number_units(struct kz__table *t, struct kz_err *err) {
  struct kz__row **sorted = malloc((t->count > 0 ? (size_t)t->count : 1) * sizeof *sorted);
  if (!sorted) return kz_err_set(err, KZ_ENOMEM, "%s: no memory for %d rows", t->path, t->count);
  int n = 0;
  for (int i = 0; i < t->count; i++)
    if (!t->rows[i].problem) sorted[n++] = &t->rows[i];
  qsort(sorted, (size_t)n, sizeof *sorted, by_original);
  for (int i = 0; i < n; i++) {
    bool same = i && !strcmp(sorted[i - 1]->original, sorted[i]->original);
    sorted[i]->unit = i ? sorted[i - 1]->unit + !same : 0;
  }
  free(sorted);
  return 0;
}

int kz__table_load(struct kz__table *t, const char *path, bool scores, struct kz_err *err) {
  struct kz_csv_record r;
  struct head h;
  *t = (struct kz__table){.path = path};
  int code = kz_csv_load(&t->csv, path, err);
  if (code) return code;
  code = read_head(t, &h, scores, err);
  while (!code && kz_csv_next(&t->csv, &r)) {
    code = grow(&t->rows, t->count, &t->cap, sizeof *t->rows, path, err);
    if (!code) read_row(&t->rows[t->count++], &r, &h);
  }
  if (!code && !t->count) code = kz_err_set(err, KZ_EFORMAT, "%s: the list has no rows", path);
  if (!code) code = name_groups(t, err);
  if (!code) code = number_units(t, err);
  if (code) kz__table_release(t);
  return code;
}

void kz__table_release(struct kz__table *t) {
  kz_csv_release(&t->csv);
  free(t->rows);
  free(t->groups);
  *t = (struct kz__table){0};
}

const char *kz__table_group(const struct kz__table *t, int g) {
  return g < t->group_count ? t->groups[g] : "all";
}

bool kz__table_in(const struct kz__table *t, const struct kz__row *r, int g) {
  return r->done && (g == t->group_count || r->in_group == g);
}
