/* Evidence by region, from runs alone: a crack that winds over the whole wall has bounds as large
 * as the wall, so nothing here is ever drawn as a picture.
 *
 * The ring: in each row, what the region's runs of the rows around reach, as a sorted list of
 * intervals; what lies in their union, in the image and under no damage, is known.
 *
 * Distance: the exact Euclidean transform, columns then rows (Felzenszwalb and Huttenlocher, 2012).
 * First g, the distance along the column; then along the row
 *   d2(x) = min over x' of (x - x')^2 + g(x')^2
 * as a lower envelope of parabolas. Pixels at both ends of a run are known (g = 0), and beyond them
 * nothing is nearer, so that each run is solved by itself. Outside the image nothing is known. */
#include "restore/evidence.h"

#include <limits.h>
#include <math.h>
#include <stdlib.h>

#define NOTHING INT_MAX /* no known pixel along the column */

void kz__regions_release(struct kz__regions *g) {
  free(g->list);
  free(g->of_run);
  free(g->runs);
  free(g->first);
  *g = (struct kz__regions){0};
}

/* ---- regions ---- */

/* Number the parts, and count the runs of region i in first[i + 1]. */
static void number_parts(struct kz__regions *g, const struct kz__holes *h) {
  for (int r = 0; r < h->run_count; r++) { /* a part's first run comes before its others */
    const int part = g->of_run[r];
    g->of_run[r] = part == r ? g->count++ : g->of_run[part];
    g->first[g->of_run[r] + 1]++;
  }
}

static void add_run(struct kz_region *to, const struct kz__run *run) {
  if (!to->area) *to = (struct kz_region){.x = run->x, .y = run->y, .width = run->len, .height = 1};
  const int end = to->x + to->width, run_end = run->x + run->len;
  if (run->x < to->x) to->x = run->x;
  to->width = (run_end > end ? run_end : end) - to->x;
  to->height = run->y - to->y + 1;
  to->area += run->len;
}

static int group_runs(struct kz__regions *g, const struct kz__holes *h, struct kz_err *err) {
  const size_t runs = (size_t)h->run_count + 1;
  g->of_run = malloc(runs * sizeof *g->of_run);
  g->runs = malloc(runs * sizeof *g->runs);
  g->first = calloc(runs, sizeof *g->first);
  if (!g->of_run || !g->runs || !g->first)
    return kz_err_set(err, KZ_ENOMEM, "no memory for the regions of %d runs", h->run_count);
  kz__holes_parts(h, g->of_run);
  number_parts(g, h);
  g->list = calloc((size_t)g->count + 1, sizeof *g->list);
  if (!g->list) return kz_err_set(err, KZ_ENOMEM, "no memory for %d regions", g->count);
  for (int i = 0; i < g->count; i++) g->first[i + 1] += g->first[i];
  for (int r = h->run_count - 1; r >= 0; r--) /* first[i + 1] goes from the end to the start of i */
    g->runs[--g->first[g->of_run[r] + 1]] = r;
  for (int i = 0; i < g->count; i++) g->first[i] = g->first[i + 1];
  g->first[g->count] = h->run_count;
  for (int r = 0; r < h->run_count; r++) add_run(&g->list[g->of_run[r]], &h->runs[r]);
  return 0;
}

/* ---- the ring ---- */

struct interval {
  int x, end;
};

struct ring {
  const struct kz__holes *h;
  const int *runs; /* of the region */
  int count, width;
  struct interval *reach;
  int cap;
};

static int by_start(const void *a, const void *b) {
  const struct interval *p = a, *q = b;
  return (p->x > q->x) - (p->x < q->x);
}

/* Pixels of the image in [x, end) of row y that are not damaged; 0 outside. */
static int64_t known_between(const struct kz__holes *h, int y, int x, int end) {
  if (x < 0) x = 0;
  if (end > h->width) end = h->width;
  if (y < 0 || y >= h->height || x >= end) return 0;
  int64_t known = end - x;
  struct kz__span s;
  for (kz__span_start(&s, h, x, y, end - x, 1); kz__span_next(&s);) known -= s.len;
  return known;
}

/* Row y, which the region's runs from[0] to from[n - 1] reach: add to what is around and known. */
static int ring_row(struct ring *r, const int *from, int n, int y, int64_t *around, int64_t *known,
                    struct kz_err *err) {
  if (n > r->cap) {
    int cap = n > INT_MAX / 2 ? n : n * 2;
    struct interval *grown = realloc(r->reach, (size_t)cap * sizeof *grown);
    if (!grown) return kz_err_set(err, KZ_ENOMEM, "no memory for the ring of a region");
    r->reach = grown;
    r->cap = cap;
  }
  for (int i = 0; i < n; i++) {
    const struct kz__run *run = &r->h->runs[from[i]];
    r->reach[i] = (struct interval){run->x - r->width, run->x + run->len + r->width};
  }
  qsort(r->reach, (size_t)n, sizeof *r->reach, by_start);
  for (int i = 0; i < n;) {
    int x = r->reach[i].x, end = r->reach[i].end;
    for (i++; i < n && r->reach[i].x <= end; i++)
      if (r->reach[i].end > end) end = r->reach[i].end;
    *around += end - x;
    *known += known_between(r->h, y, x, end);
  }
  return 0;
}

/* Share of known pixels around the region; its own pixels do not count. */
static int ring_share(struct ring *r, const struct kz_region *g, double *share,
                      struct kz_err *err) {
  int64_t around = -g->area, known = 0;
  int from = 0, to = 0;
  for (int y = g->y - r->width; y < g->y + g->height + r->width; y++) {
    while (to < r->count && r->h->runs[r->runs[to]].y <= y + r->width) to++;
    while (r->h->runs[r->runs[from]].y < y - r->width) from++;
    int code = ring_row(r, r->runs + from, to - from, y, &around, &known, err);
    if (code) return code;
  }
  *share = around > 0 ? (double)known / (double)around : 0;
  return 0;
}

static int count_rings(struct kz__regions *g, const struct kz__holes *h, int width,
                       struct kz_err *err) {
  struct ring r = {.h = h, .width = width};
  int code = 0;
  for (int i = 0; i < g->count && !code; i++) {
    r.runs = g->runs + g->first[i];
    r.count = g->first[i + 1] - g->first[i];
    code = ring_share(&r, &g->list[i], &g->list[i].known, err);
  }
  free(r.reach);
  return code;
}

/* ---- distance ---- */

/* Steps to the known pixel above, then the nearer of above and below. g [count]; up [width]. */
static void along_columns(const struct kz__holes *h, int *g, int *up) {
  for (int x = 0; x < h->width; x++) up[x] = -1; /* last known row */
  for (int y = 0, x = 0; y < h->height; y++, x = 0) {
    for (int r = h->row[y]; r < h->row[y + 1]; r++) {
      const struct kz__run *run = &h->runs[r];
      for (; x < run->x; x++) up[x] = y;
      for (int i = 0; i < run->len; i++, x++) g[run->first + i] = up[x] < 0 ? NOTHING : y - up[x];
    }
    for (; x < h->width; x++) up[x] = y;
  }
  for (int x = 0; x < h->width; x++) up[x] = -1;
  for (int y = h->height - 1; y >= 0; y--) {
    int x = 0;
    for (int r = h->row[y]; r < h->row[y + 1]; r++) {
      const struct kz__run *run = &h->runs[r];
      for (; x < run->x; x++) up[x] = y;
      for (int i = 0; i < run->len; i++, x++)
        if (up[x] >= 0 && up[x] - y < g[run->first + i]) g[run->first + i] = up[x] - y;
    }
    for (; x < h->width; x++) up[x] = y;
  }
}

struct envelope {
  int *at;      /* where each parabola of the envelope stands */
  int64_t *sq;  /* its g^2 */
  double *from; /* where it begins to be the least */
  int count;
};

static void envelope_add(struct envelope *e, int x, int64_t sq) {
  double from = -INFINITY;
  for (; e->count > 0; e->count--) {
    const int p = e->at[e->count - 1];
    from = ((double)(sq + (int64_t)x * x) - (double)(e->sq[e->count - 1] + (int64_t)p * p)) /
           (2.0 * (x - p));
    if (from > e->from[e->count - 1]) break;
    from = -INFINITY;
  }
  e->at[e->count] = x;
  e->sq[e->count] = sq;
  e->from[e->count++] = from;
}

/* The largest squared distance of a run's pixels; g: of its pixels. */
static int64_t along_run(const struct kz__holes *h, const struct kz__run *run, const int *g,
                         struct envelope *e) {
  int64_t most = 0;
  e->count = 0;
  if (run->x > 0) envelope_add(e, -1, 0);
  for (int i = 0; i < run->len; i++)
    if (g[i] != NOTHING) envelope_add(e, i, (int64_t)g[i] * g[i]);
  if (run->x + run->len < h->width) envelope_add(e, run->len, 0);
  for (int i = 0, k = 0; i < run->len; i++) {
    while (k + 1 < e->count && e->from[k + 1] < i) k++;
    const int64_t dx = i - e->at[k], d = dx * dx + e->sq[k];
    if (d > most) most = d;
  }
  return most;
}

static int measure_distances(struct kz__regions *g, const struct kz__holes *h, struct kz_err *err) {
  const size_t most = (size_t)h->width + 2;
  struct envelope e = {.at = malloc(most * sizeof *e.at),
                       .sq = malloc(most * sizeof *e.sq),
                       .from = malloc(most * sizeof *e.from)};
  int *along = malloc(((size_t)h->count + 1) * sizeof *along), *up = malloc(most * sizeof *up);
  int code = 0;
  if (!e.at || !e.sq || !e.from || !along || !up) {
    code = kz_err_set(err, KZ_ENOMEM, "no memory for the distances of %lld damaged pixels",
                      (long long)h->count);
    goto out;
  }
  along_columns(h, along, up);
  for (int r = 0; r < h->run_count; r++) {
    struct kz_region *to = &g->list[g->of_run[r]];
    to->distance = fmax(to->distance,
                        sqrt((double)along_run(h, &h->runs[r], along + h->runs[r].first, &e)));
  }
out:
  free(e.at);
  free(e.sq);
  free(e.from);
  free(along);
  free(up);
  return code;
}

int kz__regions_find(struct kz__regions *g, const struct kz__holes *h, int ring,
                     struct kz_err *err) {
  *g = (struct kz__regions){0};
  int code = group_runs(g, h, err);
  if (!code) code = count_rings(g, h, ring, err);
  if (!code) code = measure_distances(g, h, err);
  if (code) kz__regions_release(g);
  return code;
}

void kz__region_decide(struct kz_region *r, const struct kz_candidates_options *o) {
  r->conjecture = 0;
  if (r->known < o->least_known) r->conjecture |= KZ_CONJECTURE_FEW_KNOWN;
  if (o->most_distance > 0 && r->distance > o->most_distance) r->conjecture |= KZ_CONJECTURE_FAR;
  if (o->most_doubt > 0 && r->sampled && r->doubt > o->most_doubt)
    r->conjecture |= KZ_CONJECTURE_DISAGREE;
  r->filled = !r->conjecture || o->allow_conjecture;
}
