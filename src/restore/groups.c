/* Parts of the damage that a tile shows together are joined; what is joined is a group. */
#include "restore/groups.h"

#include <stdlib.h>
#include <string.h>

/* The first run of the joined parts that tile i shows. */
static int join_shown(const struct kz__holes *h, const struct kz__tiles *t, int i, int *part) {
  struct kz__span s;
  int shown = -1;
  kz__span_start(&s, h, t->list[i].x, t->list[i].y, kz__axis_extent(&t->ax),
                 kz__axis_extent(&t->ay));
  while (kz__span_next(&s)) {
    int run = s.run - 1; /* the walk is one run ahead */
    if (shown >= 0) kz__parts_join(part, shown, run);
    shown = run;
  }
  return shown;
}

/* Number the groups in the order of their first tiles. shown [count]: a run of each tile;
 * number [run_count]: of each root, -1 at the start. Returns how many groups there are. */
static int number_groups(struct kz__groups *g, const int *shown, int *part, int *number) {
  int groups = 0;
  for (int i = 0; i < g->tiles.count; i++) {
    int root = kz__parts_root(part, shown[i]);
    if (number[root] < 0) number[root] = groups++;
    g->group[i] = number[root];
  }
  return groups;
}

/* Tiles in the order of their groups: a counting sort keeps the order within each. */
static int sort_tiles(struct kz__groups *g, int groups, struct kz_err *err) {
  const int count = g->tiles.count;
  int *at = calloc((size_t)groups + 1, sizeof *at);
  int *group = calloc((size_t)count + 1, sizeof *group);
  struct kz__tile *list = calloc((size_t)count + 1, sizeof *list);
  int code = 0;
  if (!at || !group || !list) {
    code = kz_err_set(err, KZ_ENOMEM, "no memory to sort %d tiles", count);
    goto out;
  }
  for (int i = 0; i < count; i++) at[g->group[i] + 1]++;
  for (int k = 0; k < groups; k++) at[k + 1] += at[k];
  for (int i = 0; i < count; i++) {
    int to = at[g->group[i]]++;
    list[to] = g->tiles.list[i];
    group[to] = g->group[i];
  }
  memcpy(g->tiles.list, list, (size_t)count * sizeof *list);
  memcpy(g->group, group, (size_t)count * sizeof *group);
out:
  free(at);
  free(group);
  free(list);
  return code;
}

static void link_runs(struct kz__groups *g, int *part, const int *number) {
  for (int r = g->holes->run_count - 1; r >= 0; r--) {
    int group = number[kz__parts_root(part, r)];
    if (group < 0) continue; /* no tile shows it */
    g->next[r] = g->first[group];
    g->first[group] = r;
  }
}

int kz__groups_init(struct kz__groups *g, const struct kz__holes *h, const struct kz__tiles *tiles,
                    struct kz_err *err) {
  size_t count = (size_t)tiles->count + 1, runs = (size_t)h->run_count + 1;
  int *part = malloc(runs * sizeof *part), *number = malloc(runs * sizeof *number);
  int *shown = malloc(count * sizeof *shown), code = 0;
  *g = (struct kz__groups){.holes = h,
                           .tiles = *tiles,
                           .group = malloc(count * sizeof *g->group),
                           .first = malloc(count * sizeof *g->first),
                           .next = malloc(runs * sizeof *g->next)};
  g->tiles.list = malloc(count * sizeof *g->tiles.list);
  if (!part || !number || !shown || !g->group || !g->first || !g->next || !g->tiles.list) {
    code = kz_err_set(err, KZ_ENOMEM, "no memory to group %d tiles", tiles->count);
    goto out;
  }
  memcpy(g->tiles.list, tiles->list, (size_t)tiles->count * sizeof *tiles->list);
  memset(number, -1, runs * sizeof *number);
  memset(g->first, -1, count * sizeof *g->first);
  kz__holes_parts(h, part);
  for (int i = 0; i < tiles->count; i++) shown[i] = join_shown(h, tiles, i, part);
  int groups = number_groups(g, shown, part, number);
  link_runs(g, part, number);
  code = sort_tiles(g, groups, err);
out:
  free(part);
  free(number);
  free(shown);
  if (code) kz__groups_release(g);
  return code;
}

void kz__groups_release(struct kz__groups *g) {
  free(g->tiles.list);
  free(g->group);
  free(g->first);
  free(g->next);
  *g = (struct kz__groups){0};
}

int kz__groups_get(const struct kz__groups *g, int from, struct kz__tiles *tiles,
                   struct kz__holes *holes, struct kz_err *err) {
  const struct kz__holes *h = g->holes;
  *tiles = g->tiles;
  tiles->list = g->tiles.list + from;
  tiles->count = 0;
  while (from + tiles->count < g->tiles.count && g->group[from + tiles->count] == g->group[from])
    tiles->count++;
  int code = kz__holes_init(holes, h->width, h->height, err), run = g->first[g->group[from]];
  for (int y = 0; y < h->height && !code; y++) {
    for (; run >= 0 && h->runs[run].y == y && !code; run = g->next[run])
      code = kz__holes_add_run(holes, h->runs[run].x, y, h->runs[run].len, err);
    kz__holes_end_row(holes, y);
  }
  if (code) kz__holes_release(holes);
  return code;
}
