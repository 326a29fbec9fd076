/* Which regions are shown closely. A wall may have thousands, a reader looks at a dozen: in turn
 * the largest of those that are conjecture or were left, the largest of those that were filled,
 * and those on which candidates disagree most. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "page/page.h"

enum { SMALL = 128, MIDDLE = 256, LARGE = 512, STEP = 128, TURNS = 3 };

/* ---- windows ---- */

static int clip(int v, int lo, int hi) { return v < lo ? lo : v > hi ? hi : v; }

static int side_for(int64_t longest) {
  const int64_t wanted = longest + longest / 2;
  return wanted <= SMALL ? SMALL : wanted <= MIDDLE ? MIDDLE : LARGE;
}

/* How much there is to see in a window: fill, and more of it where candidates disagree. */
static double weight_of(const struct kz__scene *s, const uint8_t *taken, int x, int y, int w,
                        int h) {
  const int64_t W = s->entry->r.width, H = s->entry->r.height;
  const int x0 = (int)((int64_t)x * s->width / W), x1 = (int)((int64_t)(x + w - 1) * s->width / W);
  const int y0 = (int)((int64_t)y * s->height / H),
            y1 = (int)((int64_t)(y + h - 1) * s->height / H);
  double sum = 0;
  for (int j = y0; j <= y1; j++)
    for (int i = x0; i <= x1; i++) {
      const size_t at = (size_t)j * s->width + i;
      if (taken && taken[at]) continue;
      sum += s->cover[at] * (s->heat ? 1 + s->heat[at] / 5 : 1);
    }
  return sum;
}

/* Of the windows that begin in a box at multiples of STEP, the one with most to see; its weight. */
static double find_window(const struct kz__scene *s, const uint8_t *taken, struct kz__box box,
                          struct kz__zoom *z) {
  const int W = (int)s->entry->r.width, H = (int)s->entry->r.height;
  double best = -1;
  const int last_x = box.w > z->w ? box.x + box.w - z->w : box.x;
  const int last_y = box.h > z->h ? box.y + box.h - z->h : box.y;
  for (int y = box.y;; y = y + STEP < last_y ? y + STEP : last_y) {
    for (int x = box.x;; x = x + STEP < last_x ? x + STEP : last_x) {
      const int wx = clip(x, 0, W - z->w), wy = clip(y, 0, H - z->h);
      const double weight = weight_of(s, taken, wx, wy, z->w, z->h);
      if (weight > best) best = weight, z->x = wx, z->y = wy;
      if (x == last_x) break;
    }
    if (y == last_y) break;
  }
  return best;
}

static void frame(const struct kz__scene *s, struct kz__zoom *z) {
  const struct kz_record_region *g = z->region;
  const int W = (int)s->entry->r.width, H = (int)s->entry->r.height;
  const int side = side_for(g->width > g->height ? g->width : g->height);
  z->w = side < W ? side : W;
  z->h = side < H ? side : H;
  z->part = g->width > z->w || g->height > z->h;
  z->x = clip((int)(g->x + g->width / 2) - z->w / 2, 0, W - z->w);
  z->y = clip((int)(g->y + g->height / 2) - z->h / 2, 0, H - z->h);
  if (z->part && s->cover && g->outcome != KZ_RECORD_UNFILLED && g->outcome != KZ_RECORD_CONJECTURE)
    find_window(s, NULL, (struct kz__box){(int)g->x, (int)g->y, (int)g->width, (int)g->height}, z);
}

/* ---- order ---- */

struct ranked {
  double key; /* the largest first; negative: not at all */
  int64_t at;
};

static int by_key(const void *a, const void *b) {
  const struct ranked *x = a, *y = b;
  if (x->key != y->key) return x->key < y->key ? 1 : -1;
  return (x->at > y->at) - (x->at < y->at);
}

/* What counts when it is the turn of the special, the large, the doubtful. */
static double key_for(const struct kz_record_region *g, int turn) {
  const bool filled = g->outcome == KZ_RECORD_FILLED;
  const double area = (double)g->pixels;
  if (turn == 0) return filled ? -1 : g->outcome == KZ_RECORD_UNFILLED ? area : area + 1e12;
  if (turn == 1) return filled ? area : -1;
  return filled && g->disagreement > 0 ? g->disagreement : -1;
}

/* A region that is seen whole in a window which is there already is not shown again. */
static bool seen(const struct kz__zoom *list, int count, const struct kz__zoom *z) {
  const struct kz_record_region *g = z->region;
  for (int i = 0; i < count; i++) {
    const struct kz__zoom *o = &list[i];
    if (o->number == z->number) return true;
    if (o->w <= z->w && g->x >= o->x && g->y >= o->y && g->x + g->width <= o->x + o->w &&
        g->y + g->height <= o->y + o->h && o->region->outcome == g->outcome)
      return true;
  }
  return false;
}

static int choose_listed(const struct kz__scene *s, int most, struct kz__zoom *list,
                         struct kz_err *err) {
  const struct kz_record *r = &s->entry->r;
  const size_t n = (size_t)r->region_count;
  struct ranked *order = malloc(TURNS * n * sizeof *order);
  int64_t next[TURNS] = {0};
  int count = 0, idle = 0;
  if (!order) return kz_err_set(err, KZ_ENOMEM, "%s: no memory for its regions", s->entry->path);
  for (int t = 0; t < TURNS; t++) {
    for (size_t i = 0; i < n; i++)
      order[(size_t)t * n + i] = (struct ranked){key_for(&r->regions[i], t), (int64_t)i};
    qsort(order + (size_t)t * n, n, sizeof *order, by_key);
  }
  for (int t = 0; count < most && idle < TURNS; t = (t + 1) % TURNS) {
    bool took = false;
    while (!took && next[t] < (int64_t)n) {
      const struct ranked *k = &order[(size_t)t * n + (size_t)next[t]++];
      if (k->key < 0) {
        next[t] = (int64_t)n;
        break;
      }
      struct kz__zoom z = {.region = &r->regions[k->at], .number = k->at};
      frame(s, &z);
      if (seen(list, count, &z)) continue;
      list[count++] = z;
      took = true;
    }
    idle = took ? 0 : idle + 1;
  }
  free(order);
  return count;
}

/* A record without regions: where most is filled. */
static int choose_by_fill(const struct kz__scene *s, int most, struct kz__zoom *list,
                          struct kz_err *err) {
  const int W = (int)s->entry->r.width, H = (int)s->entry->r.height;
  uint8_t *taken = calloc((size_t)s->width * s->height, 1);
  int count = 0;
  if (!taken) return kz_err_set(err, KZ_ENOMEM, "%s: no memory for its fill", s->entry->path);
  while (count < most) {
    struct kz__zoom z = {.number = count};
    z.w = W < MIDDLE ? W : MIDDLE;
    z.h = H < MIDDLE ? H : MIDDLE;
    if (find_window(s, taken, (struct kz__box){0, 0, W, H}, &z) <= 0) break;
    for (int y = 0; y < s->height; y++)
      for (int x = 0; x < s->width; x++) {
        const int64_t px = (int64_t)x * W / s->width, py = (int64_t)y * H / s->height;
        if (px >= z.x && px < z.x + z.w && py >= z.y && py < z.y + z.h)
          taken[(size_t)y * s->width + x] = 1;
      }
    list[count++] = z;
  }
  free(taken);
  return count;
}

int kz__folio_choose(const struct kz__scene *s, int most, struct kz__zoom **out,
                     struct kz_err *err) {
  *out = NULL;
  if (most < 1 || (!s->source.image && !s->result.image)) return 0;
  if (!s->entry->r.region_count && !s->cover) return 0;
  struct kz__zoom *list = calloc((size_t)most, sizeof *list);
  if (!list) return kz_err_set(err, KZ_ENOMEM, "%s: no memory for regions", s->entry->path);
  int count = s->entry->r.region_count ? choose_listed(s, most, list, err)
                                       : choose_by_fill(s, most, list, err);
  if (count < 1) {
    free(list);
    return count;
  }
  *out = list;
  return count;
}
