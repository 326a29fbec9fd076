/* The tile plan: arithmetic on one axis, then the product of two, less what is sound. Evenly
 * spread tiles give wider overlaps than a fixed stride with a last tile pushed back would. */
#include "restore/tiles.h"

#include <math.h>
#include <stdlib.h>

void kz__axis_plan(struct kz__axis *a, int length, int tile, int overlap) {
  *a = (struct kz__axis){.length = length, .size = tile, .count = 1, .ramp = overlap};
  if (length <= tile + tile / 2) {
    a->size = (length + KZ__TILE_MULTIPLE - 1) / KZ__TILE_MULTIPLE * KZ__TILE_MULTIPLE;
    return;
  }
  int stride = tile - overlap;
  a->count = (length - overlap + stride - 1) / stride;
}

int kz__axis_at(const struct kz__axis *a, int i) {
  if (a->count == 1) return 0;
  int gaps = a->count - 1;
  return (int)(((int64_t)i * (a->length - a->size) + gaps / 2) / gaps);
}

int kz__axis_core(const struct kz__axis *a, int i) {
  if (i == 0) return 0;
  if (i == a->count) return a->length;
  return (kz__axis_at(a, i - 1) + a->size + kz__axis_at(a, i)) / 2;
}

int kz__axis_extent(const struct kz__axis *a) {
  return a->size < a->length ? a->size : a->length;
}

void kz__axis_weights(const struct kz__axis *a, int i, float *w) {
  int extent = kz__axis_extent(a);
  for (int p = 0; p < extent; p++) {
    double d = a->ramp;
    if (i > 0) d = fmin(d, p + 0.5);
    if (i < a->count - 1) d = fmin(d, extent - p - 0.5);
    double s = d < a->ramp ? sin(M_PI / 2 * d / a->ramp) : 1;
    w[p] = (float)(s * s);
  }
}

static bool core_damaged(const struct kz__tiles *t, const struct kz__holes *h, int ix, int iy) {
  int x = kz__axis_core(&t->ax, ix), y = kz__axis_core(&t->ay, iy);
  return kz__holes_any(h, x, y, kz__axis_core(&t->ax, ix + 1) - x,
                       kz__axis_core(&t->ay, iy + 1) - y);
}

/* ---- tiles that neighbours make up for ---- */

struct grid {
  const struct kz__holes *holes;
  struct kz__tiles *tiles;
  bool *kept; /* [ay.count, ax.count] */
  int margin; /* px from a tile's rim, within which it is not relied on; none at the image's rim */
};

static bool spans(const struct kz__axis *a, int i, int margin, int from, int end) {
  const int at = kz__axis_at(a, i), rim = at + kz__axis_extent(a);
  return from >= at + (i > 0 ? margin : 0) && end <= rim - (i < a->count - 1 ? margin : 0);
}

/* Whether a kept neighbour of tile (ix, iy) shows all of the span. */
static bool shown_beside(const struct grid *g, int ix, int iy, const struct kz__span *s) {
  const struct kz__axis *ax = &g->tiles->ax, *ay = &g->tiles->ay;
  for (int v = iy > 0 ? iy - 1 : 0; v <= iy + 1 && v < ay->count; v++)
    for (int u = ix > 0 ? ix - 1 : 0; u <= ix + 1 && u < ax->count; u++)
      if ((u != ix || v != iy) && g->kept[(size_t)v * ax->count + u] &&
          spans(ax, u, g->margin, s->x, s->x + s->len) && spans(ay, v, g->margin, s->y, s->y + 1))
        return true;
  return false;
}

static bool made_up_for(const struct grid *g, const struct kz__tile *t) {
  const struct kz__axis *ax = &g->tiles->ax, *ay = &g->tiles->ay;
  const int x = kz__axis_core(ax, t->ix), y = kz__axis_core(ay, t->iy);
  struct kz__span s;
  kz__span_start(&s, g->holes, x, y, kz__axis_core(ax, t->ix + 1) - x,
                 kz__axis_core(ay, t->iy + 1) - y);
  while (kz__span_next(&s))
    if (!shown_beside(g, t->ix, t->iy, &s)) return false;
  return true;
}

int kz__tiles_thin_out(struct kz__tiles *t, const struct kz__holes *h, int overlap,
                       struct kz_err *err) {
  struct grid g = {.holes = h, .tiles = t, .margin = overlap / 4,
                   .kept = calloc((size_t)t->ax.count * t->ay.count, sizeof *g.kept)};
  int count = 0;
  if (!g.kept) return kz_err_set(err, KZ_ENOMEM, "no memory for a plan of %d tiles", t->count);
  for (int i = 0; i < t->count; i++)
    g.kept[(size_t)t->list[i].iy * t->ax.count + t->list[i].ix] = true;
  for (int i = 0; i < t->count; i++) {
    const struct kz__tile tile = t->list[i];
    if (made_up_for(&g, &tile))
      g.kept[(size_t)tile.iy * t->ax.count + tile.ix] = false;
    else
      t->list[count++] = tile;
  }
  t->count = count;
  free(g.kept);
  return 0;
}

int kz__tiles_plan(struct kz__tiles *t, const struct kz__holes *h, int tile, int overlap,
                   struct kz_err *err) {
  *t = (struct kz__tiles){0};
  kz__axis_plan(&t->ax, h->width, tile, overlap);
  kz__axis_plan(&t->ay, h->height, tile, overlap);
  t->list = calloc((size_t)t->ax.count * t->ay.count, sizeof *t->list);
  if (!t->list)
    return kz_err_set(err, KZ_ENOMEM, "no memory for a plan of %d x %d tiles", t->ax.count,
                      t->ay.count);
  for (int iy = 0; iy < t->ay.count; iy++)
    for (int ix = 0; ix < t->ax.count; ix++)
      if (core_damaged(t, h, ix, iy))
        t->list[t->count++] = (struct kz__tile){
            .ix = ix, .iy = iy, .x = kz__axis_at(&t->ax, ix), .y = kz__axis_at(&t->ay, iy)};
  return 0;
}

void kz__tiles_release(struct kz__tiles *t) {
  free(t->list);
  *t = (struct kz__tiles){0};
}

/* The network's time goes by pixels: a 512 px tile takes what four of 256 px take, to a few percent
 * (bench/bench_restore.py), and what they paint scores the same. */
static int64_t cost(const struct kz__tiles *t) {
  return (int64_t)t->count * t->ax.size * t->ay.size;
}

int kz__tiles_choose(struct kz__tiles *t, const struct kz__holes *h, int overlap,
                     struct kz_err *err) {
  static const int sizes[] = {512, 384, 256};
  *t = (struct kz__tiles){0};
  for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
    struct kz__tiles other;
    int code = kz__tiles_plan(&other, h, sizes[i], overlap, err);
    if (!code) code = kz__tiles_thin_out(&other, h, overlap, err);
    if (code) {
      kz__tiles_release(&other);
      kz__tiles_release(t);
      return code;
    }
    if (!t->list || cost(&other) * 10 < cost(t) * 9) {
      kz__tiles_release(t);
      *t = other;
    } else {
      kz__tiles_release(&other);
    }
  }
  return 0;
}
