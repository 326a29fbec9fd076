/* Parts of the damage: runs that touch, corners included, are joined row by row (union-find). */
#include "restore/holes.h"

int kz__parts_root(int *parent, int run) {
  while (parent[run] != run) run = parent[run] = parent[parent[run]];
  return run;
}

/* The earlier root stays, so that the order of joining does not show. */
void kz__parts_join(int *parent, int a, int b) {
  a = kz__parts_root(parent, a);
  b = kz__parts_root(parent, b);
  if (a < b) parent[b] = a;
  if (b < a) parent[a] = b;
}

static void join_row(const struct kz__holes *h, int y, int *parent) {
  int above = h->row[y - 1], end = h->row[y];
  for (int r = h->row[y]; r < h->row[y + 1]; r++) {
    const struct kz__run *run = &h->runs[r];
    while (above < end && h->runs[above].x + h->runs[above].len < run->x) above++;
    for (int a = above; a < end && h->runs[a].x <= run->x + run->len; a++) kz__parts_join(parent, a, r);
  }
}

void kz__holes_parts(const struct kz__holes *h, int *part) {
  for (int r = 0; r < h->run_count; r++) part[r] = r;
  for (int y = 1; y < h->height; y++) join_row(h, y, part);
  for (int r = 0; r < h->run_count; r++) part[r] = kz__parts_root(part, r);
}
