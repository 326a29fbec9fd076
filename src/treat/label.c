/* Connected parts of runs: each run is joined with those of the row above that it touches, in a
 * forest whose roots are the parts' first runs, so numbers come out in raster order. */
#include <limits.h>
#include <stdlib.h>

#include "treat/parts.h"

static int root_of(int *parent, int i) {
  while (parent[i] != i) {
    parent[i] = parent[parent[i]];
    i = parent[i];
  }
  return i;
}

static void join(int *parent, int a, int b) {
  a = root_of(parent, a);
  b = root_of(parent, b);
  if (a < b)
    parent[b] = a;
  else
    parent[a] = b;
}

/* `reach` 1: runs touch over corners too. */
static void join_rows(const struct kz_treat_rows *rows, int y, int reach, int *parent) {
  int64_t above = rows->row[y - 1], above_end = rows->row[y];
  for (int64_t i = rows->row[y]; i < rows->row[y + 1]; i++) {
    const struct kz_treat_run *run = &rows->runs[i], *a = rows->runs;
    while (above < above_end && a[above].x + a[above].len + reach <= run->x) above++;
    for (int64_t k = above; k < above_end && a[k].x < run->x + run->len + reach; k++)
      if (a[k].id == run->id) join(parent, (int)i, (int)k);
  }
}

int kz__label(const struct kz_treat_rows *rows, bool diagonal, int **label, int *count,
              struct kz_err *err) {
  int n = (int)rows->run_count; /* kz__rows_add sees to it that this holds them */
  int *parent = malloc(((size_t)n + 1) * sizeof *parent);
  *count = 0;
  if (!parent) return kz_err_set(err, KZ_ENOMEM, "no memory for the parts of %d runs", n);
  for (int i = 0; i < n; i++) parent[i] = i;
  for (int y = 1; y < rows->height; y++) join_rows(rows, y, diagonal, parent);
  /* Parents come before what hangs on them, so theirs are numbers already: -1 - number. */
  for (int i = 0; i < n; i++) parent[i] = parent[i] == i ? -1 - (*count)++ : parent[parent[i]];
  for (int i = 0; i < n; i++) parent[i] = -1 - parent[i];
  *label = parent;
  return 0;
}
