/* Pairs and their values, as rows: what a list becomes when it is measured, and what is read back
 * of it to be compared. Text points into the file's, which the table owns. */
#ifndef KZ_EVAL_TABLE_H
#define KZ_EVAL_TABLE_H

#include <stdbool.h>

#include <kizil/csv.h>

#include "eval/metric.h"

struct kz__row {
  int line; /* in the list */
  const char *original, *mask, *result, *group; /* NULL if the row has a problem */
  const char *problem;                          /* of the list's syntax */
  bool done;                                    /* measured, or read */
  int in_group;                                 /* index of its group, -1 without groups */
  int unit;                                     /* index of its original */
  double value[KZ__METRICS];                    /* NaN: undefined */
};

struct kz__table {
  const char *path;
  struct kz_csv csv;
  struct kz__row *rows;
  int count, cap;
  const char **groups; /* in order of appearance; none if there is no such column */
  int group_count;
  bool has[KZ__METRICS]; /* columns that there are, of scores */
};

/* Columns original, mask, result (unless `scores`), group; with `scores` also the metrics'. Rows
 * with problems are kept. `path` must outlive the table. */
int kz__table_load(struct kz__table *t, const char *path, bool scores, struct kz_err *err);
void kz__table_release(struct kz__table *t);
/* Name of group g; of g = group_count, which stands for all rows: "all". */
const char *kz__table_group(const struct kz__table *t, int g);
bool kz__table_in(const struct kz__table *t, const struct kz__row *r, int g);

#endif
