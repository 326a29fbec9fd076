/* Which unit goes where. Largest first: what is placed last must be small, to fill up what is left.
 * A unit goes to one of the parts that have room for it, by lot, a part's chance being the room
 * that it has; where there is room nowhere, to the part that lacks most. Always to fill what lacks
 * most would put every large unit into training and test on small ones only.
 *
 * A draw costs little, so many are made; sizes count first, then how evenly periods are spread.
 * Nothing here depends on anything but contents, facts and the seed. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <kizil/rng.h>

#include "catalogue/split.h"

enum { DRAWS = 256, OWN = -1, NONE = -2 };

struct unit {
  int first;  /* its first image, which is its name */
  int images; /* that are to be placed */
  uint64_t lot;
};

struct drawing {
  const struct kz__split_draw *d;
  struct unit *units; /* those to be placed, largest first */
  int count;
  double want[KZ_CATALOGUE_PARTS]; /* images */
  double have[KZ_CATALOGUE_PARTS]; /* before the draw */
  int *period, periods; /* by image; -1: not known */
  int *tally;           /* [periods, parts]: scratch */
  int *placed, *best;   /* by a unit's first image */
};

/* ---- units ---- */

static int by_size(const void *a, const void *b) {
  const struct unit *x = a, *y = b;
  if (x->images != y->images) return y->images - x->images;
  if (x->lot != y->lot) return x->lot < y->lot ? -1 : 1;
  return x->first - y->first;
}

/* Sizes of what a unit has to be placed; a unit that has a part already keeps it. */
static void make_units(struct drawing *w, int *images) {
  const struct kz__split_draw *d = w->d;
  const struct kz__split *s = d->split;
  struct kz_rng lots;
  int total = 0;
  kz_rng_init(&lots, (uint64_t)d->seed);
  for (int i = 0; i < s->count; i++) {
    int unit = s->images[i].unit;
    if (d->fixed[i] == NONE) continue;
    total++;
    if (d->fixed[i] == OWN) images[unit]++;
    else w->have[d->fixed[i]]++;
    if (d->fixed[i] >= 0 && (w->best[unit] < 0 || d->fixed[i] < w->best[unit]))
      w->best[unit] = d->fixed[i];
  }
  for (int i = 0; i < s->count; i++) {
    uint64_t lot = kz_rng_u64(&lots);
    if (!images[i]) continue;
    if (w->best[i] >= 0) w->have[w->best[i]] += images[i];
    else w->units[w->count++] = (struct unit){i, images[i], lot};
  }
  for (int p = 0; p < KZ_CATALOGUE_PARTS; p++) w->want[p] = d->share[p] * total;
  if (w->count) qsort(w->units, (size_t)w->count, sizeof *w->units, by_size);
}

/* ---- one draw ---- */

/* Where a part that is asked for would stay empty, the last units go there: -1 if there is none. */
static int empty_part(const struct drawing *w, const double *have, int left) {
  int empty = 0, first = -1;
  for (int p = 0; p < KZ_CATALOGUE_PARTS; p++) {
    if (w->want[p] <= 0 || have[p] > 0) continue;
    empty++;
    if (first < 0 || w->want[p] > w->want[first]) first = p;
  }
  return left <= empty ? first : -1;
}

static int choose(const struct drawing *w, const double *have, int images, struct kz_rng *rng) {
  double room[KZ_CATALOGUE_PARTS], total = 0;
  int lacks_most = 0;
  for (int p = 0; p < KZ_CATALOGUE_PARTS; p++) {
    double lack = w->want[p] - have[p];
    room[p] = lack >= images ? lack : 0;
    total += room[p];
    if (lack > w->want[lacks_most] - have[lacks_most]) lacks_most = p;
  }
  double at = kz_rng_uniform(rng) * total;
  for (int p = 0; p < KZ_CATALOGUE_PARTS && total > 0; p++) {
    if (room[p] > 0 && at < room[p]) return p;
    at -= room[p];
  }
  return lacks_most;
}

static void draw(struct drawing *w, uint64_t turn, double *have) {
  struct kz_rng rng;
  kz_rng_init_stream(&rng, (uint64_t)w->d->seed, turn);
  memcpy(have, w->have, sizeof w->have);
  for (int i = 0; i < w->count; i++) {
    const struct unit *u = &w->units[i];
    int part = empty_part(w, have, w->count - i);
    if (part < 0) part = choose(w, have, u->images, &rng);
    w->placed[u->first] = part;
    have[part] += u->images;
  }
}

/* ---- the best ---- */

static int part_of(const struct drawing *w, const int *placed, int i) {
  int fixed = w->d->fixed[i];
  return fixed == OWN ? placed[w->d->split->images[i].unit] : fixed == NONE ? -1 : fixed;
}

/* How far the parts' sizes are off, in whole images: below that nothing can be done. Squares, so
 * that what is lacking is lacking evenly. */
static double error_of(const struct drawing *w, const double *have) {
  double error = 0;
  for (int p = 0; p < KZ_CATALOGUE_PARTS; p++)
    error += (have[p] - w->want[p]) * (have[p] - w->want[p]);
  return floor(sqrt(error / 2));
}

/* Images by which the periods' shares are off. */
static double unevenness_of(struct drawing *w) {
  const struct kz__split *s = w->d->split;
  double sum = 0;
  memset(w->tally, 0, (size_t)w->periods * KZ_CATALOGUE_PARTS * sizeof *w->tally);
  for (int i = 0; i < s->count; i++) {
    int part = part_of(w, w->placed, i);
    if (part >= 0 && w->period[i] >= 0) w->tally[w->period[i] * KZ_CATALOGUE_PARTS + part]++;
  }
  for (int t = 0; t < w->periods; t++) {
    const int *tally = w->tally + t * KZ_CATALOGUE_PARTS;
    int all = 0;
    for (int p = 0; p < KZ_CATALOGUE_PARTS; p++) all += tally[p];
    for (int p = 0; p < KZ_CATALOGUE_PARTS; p++) sum += fabs(tally[p] - w->d->share[p] * all);
  }
  return sum;
}

static void draw_best(struct drawing *w) {
  size_t size = (size_t)w->d->split->count * sizeof *w->best;
  double least = INFINITY, flattest = INFINITY;
  memcpy(w->placed, w->best, size); /* units that have a part */
  for (int turn = 0; turn < DRAWS; turn++) {
    double have[KZ_CATALOGUE_PARTS];
    draw(w, (uint64_t)turn, have);
    double error = error_of(w, have);
    if (error > least) continue;
    double unevenness = unevenness_of(w);
    if (error == least && unevenness >= flattest) continue;
    least = error;
    flattest = unevenness;
    memcpy(w->best, w->placed, size);
  }
}

int kz__split_draw(const struct kz__split_draw *d, int *part, struct kz_err *err) {
  const struct kz__split *s = d->split;
  size_t n = (size_t)s->count + 1;
  struct drawing w = {.d = d};
  int *images = calloc(n, sizeof *images);
  int code = 0;
  w.units = calloc(n, sizeof *w.units);
  w.period = calloc(n, sizeof *w.period);
  w.placed = calloc(n, sizeof *w.placed);
  w.best = calloc(n, sizeof *w.best);
  w.tally = calloc(n * KZ_CATALOGUE_PARTS, sizeof *w.tally);
  if (!images || !w.units || !w.period || !w.placed || !w.best || !w.tally) {
    code = kz_err_set(err, KZ_ENOMEM, "%s: no memory for %d images", s->c->path, s->count);
    goto out;
  }
  w.periods = kz__split_number(s, offsetof(struct kz__split_image, period), w.period, err);
  if (w.periods < 0) {
    code = w.periods;
    goto out;
  }
  for (int i = 0; i < s->count; i++) w.best[i] = -1;
  make_units(&w, images);
  draw_best(&w);
  for (int i = 0; i < s->count; i++) part[i] = part_of(&w, w.best, i);
out:
  free(images);
  free(w.units);
  free(w.period);
  free(w.placed);
  free(w.best);
  free(w.tally);
  return code;
}
