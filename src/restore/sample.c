/* The sampling loop. Tiles are blended at every step, not at the end: at each step all tiles give
 * their estimate of the clean picture, the draft takes the weighted mean, and one step of the
 * sampler moves the whole draft. Neighbouring tiles thus see each other's work from the second
 * step on and agree on what they paint (Bar-Tal et al., MultiDiffusion, 2023). */
#include "restore/sample.h"

#include <stdlib.h>
#include <string.h>

#include "diffusion/sampler.h"
#include "restore/groups.h"

/* Tiles are kept as the network reads them if all fit into this; beyond, they are read from the
 * image again at each step. */
#define KEEP_BYTES ((size_t)192 << 20)

struct loop {
  struct kz__draft *draft;
  const struct kz__tiles *tiles;
  struct kz__means *means;
  int first, steps;
  int views;     /* mirrored copies whose answers are averaged; more than 1 only with one step */
  int batch;     /* tiles a call */
  size_t pixels; /* of a tile */
  bool keep;    /* `in` holds every tile, not one batch */
  float *in, *x0, *rgb, *t, *wx, *wy;
  float *features; /* beside `in`; NULL if the network takes none */
  struct kz__featurer featurer;
};

static void loop_release(struct loop *l) {
  free(l->in);
  free(l->x0);
  free(l->rgb);
  free(l->t);
  free(l->wx);
  free(l->wy);
  free(l->features);
  kz__featurer_release(&l->featurer);
}

/* Features take the same places as tiles do. */
static int features_init(struct loop *l, size_t places, struct kz_err *err) {
  const struct kz__tiles *t = l->tiles;
  if (!l->means->denoise->structure) return 0;
  l->features = malloc(places * l->pixels * KZ_FUSED * sizeof *l->features);
  if (!l->features)
    return kz_err_set(err, KZ_ENOMEM, "no memory for the features of %d tiles", t->count);
  memset(l->features, 0, places * l->pixels * KZ_FUSED * sizeof *l->features);
  return kz__featurer_init(&l->featurer, t->ax.size, t->ay.size, err);
}

static int loop_init(struct loop *l, struct kz_err *err) {
  const struct kz__tiles *t = l->tiles;
  const struct kz__denoise *d = l->means->denoise;
  int code = d->bind(d->self, t->ay.size, t->ax.size, t->count, &l->batch, err);
  if (code) return code;
  l->pixels = (size_t)t->ax.size * t->ay.size;
  size_t calls = ((size_t)t->count + l->batch - 1) / l->batch, tile = l->pixels * sizeof(float);
  size_t channels = KZ__IN + (d->structure ? KZ_FUSED : 0);
  l->keep = calls * l->batch * tile * channels <= KEEP_BYTES;
  size_t places = (l->keep ? calls : 1) * l->batch;
  l->in = calloc(places, tile * KZ__IN);
  l->x0 = malloc(l->batch * tile * 3);
  l->rgb = malloc(tile * 3);
  l->t = malloc((size_t)l->batch * sizeof *l->t);
  l->wx = malloc((size_t)t->ax.size * sizeof *l->wx);
  l->wy = malloc((size_t)t->ay.size * sizeof *l->wy);
  if (l->in && l->x0 && l->rgb && l->t && l->wx && l->wy) return features_init(l, places, err);
  return kz_err_set(err, KZ_ENOMEM, "no memory for %d tiles of %d x %d", t->count, t->ax.size,
                    t->ay.size);
}

static int features_of(struct loop *l, int i, struct kz__view view, const float *in,
                       float *features, struct kz_err *err) {
  if (!features) return 0;
  return kz__tile_features(&l->featurer, l->tiles, i, l->means->drawn, view, in, features, err);
}

/* Tile i into place `in`, with its features. */
static int load(struct loop *l, int i, float *in, float *features, struct kz_err *err) {
  int code = kz__tile_load(l->draft, l->tiles, i, l->means->known, l->rgb, in, err);
  return code ? code : features_of(l, i, kz__view_at(0), in, features, err);
}

/* Places of a call. */
struct places {
  int first, count; /* tiles */
  float *in, *features;
};

static struct places places_of(const struct loop *l, int first) {
  size_t at = l->keep ? (size_t)first * l->pixels : 0;
  int rest = l->tiles->count - first;
  return (struct places){.first = first,
                         .count = rest < l->batch ? rest : l->batch,
                         .in = l->in + at * KZ__IN,
                         .features = l->features ? l->features + at * KZ_FUSED : NULL};
}

static int fill_places(struct loop *l, const struct places *p, int step, struct kz_err *err) {
  int code = 0;
  for (int k = 0; k < p->count && !code; k++) {
    float *in = p->in + k * l->pixels * KZ__IN;
    if (step == l->first || !l->keep)
      code = load(l, p->first + k, in, p->features ? p->features + k * l->pixels * KZ_FUSED : NULL,
                  err);
    else
      kz__tile_update(l->draft, l->tiles, p->first + k, in);
  }
  return code;
}

/* From the view before to this one. */
static int turn_places(struct loop *l, const struct places *p, int view, struct kz_err *err) {
  const struct kz__view to = kz__view_at(view), from = kz__view_at(view - 1);
  const struct kz__view by = {to.x != from.x, to.y != from.y};
  int code = 0;
  for (int k = 0; k < p->count && !code; k++) {
    float *in = p->in + k * l->pixels * KZ__IN;
    kz__view_turn(by, l->tiles->ax.size, l->tiles->ay.size, KZ__IN, in);
    code = features_of(l, p->first + k, to, in,
                       p->features ? p->features + k * l->pixels * KZ_FUSED : NULL, err);
  }
  return code;
}

/* One call of the network. Places left over in the last batch keep what they held; what the network
 * makes of it is not used. */
static int estimate(struct loop *l, const struct places *p, struct kz__view view,
                    struct kz_err *err) {
  const struct kz__denoise *d = l->means->denoise;
  int code = d->run(d->self, l->batch, p->in, p->features, l->t, l->x0, err);
  for (int k = 0; k < p->count && !code; k++) {
    float *x0 = l->x0 + k * l->pixels * 3;
    kz__view_turn(view, l->tiles->ax.size, l->tiles->ay.size, 3, x0);
    code = kz__draft_add(l->draft, l->tiles, p->first + k, x0, l->wx, l->wy, err);
  }
  return code;
}

/* Tiles `first` and on, as many as a batch holds, in all views. */
static int call(struct loop *l, int step, int first, struct kz_err *err) {
  const struct places p = places_of(l, first);
  for (int k = 0; k < l->batch; k++) l->t[k] = (float)kz_sampler_time(step, l->steps);
  int code = fill_places(l, &p, step, err);
  for (int v = 0; v < l->views && !code; v++) {
    if (v) code = turn_places(l, &p, v, err);
    if (!code) code = estimate(l, &p, kz__view_at(v), err);
  }
  return code;
}

static int one_step(struct loop *l, int step, struct kz_err *err) {
  const struct kz_restore_host *host = l->means->host;
  const int count = l->tiles->count;
  kz__draft_begin(l->draft);
  for (int first = 0; first < count; first += l->batch) {
    int code = kz__stopped(host, err);
    if (!code) code = call(l, step, first, err);
    if (code) return code;
    l->means->done += first + l->batch < count ? l->batch : count - first;
    if (host && host->progress) host->progress(host->self, l->means->done, l->means->total);
  }
  kz__draft_finish(l->draft);
  return 0;
}

/* What the draft is at the time of the first step: noise, over the start unless at t = 1. */
static void begin(struct loop *l, const float *start) {
  struct kz__draft *c = l->draft;
  double t = kz_sampler_time(l->first, l->steps);
  float alpha = (float)kz_schedule_alpha(t), sigma = (float)kz_schedule_sigma(t);
  kz__draft_noise(c, (uint64_t)l->means->options->seed ^ (uint64_t)l->means->level << 56);
  for (int64_t i = 0; l->first && i < c->holes->count * 3; i++)
    c->x[i] = alpha * start[i] + sigma * c->x[i];
}

static int run_steps(struct loop *l, struct kz_err *err) {
  struct kz__draft *c = l->draft;
  const struct kz_sampler *sampler = kz_samplers[l->means->options->sampler];
  for (int i = l->first; i < l->steps; i++) {
    int code = one_step(l, i, err);
    if (code) return code;
    sampler->step(i, l->steps, c->holes->count * 3, c->x, c->x0, i > l->first ? c->x0_prev : NULL);
    if (!c->x0_prev) continue;
    float *swap = c->x0_prev;
    c->x0_prev = c->x0;
    c->x0 = swap;
  }
  return 0;
}

/* One group, from what the repair holds and back into it. `coarse` is a repair like c. */
static int sample_group(struct kz__repair *c, const struct kz__repair *coarse,
                        const struct kz__tiles *tiles, const struct kz__holes *holes, int first,
                        int steps, struct kz__means *m, struct kz_err *err) {
  struct kz__draft draft = {0};
  struct loop l = {.draft = &draft, .tiles = tiles, .means = m, .first = first, .steps = steps,
                   .views = steps == 1 ? (int)m->options->views : 1};
  struct kz__repair part = {.holes = holes};
  int code = kz__draft_init(&draft, holes, c->history, err);
  if (!code) code = loop_init(&l, err);
  if (!code) {
    part.x = draft.coarse;
    kz__repair_give(coarse, &part);
    part.x = draft.x0; /* not in use yet */
    kz__repair_give(c, &part);
    begin(&l, draft.x0);
    code = run_steps(&l, err);
  }
  if (!code) {
    part.x = draft.x;
    kz__repair_take(c, &part);
  }
  loop_release(&l);
  kz__draft_release(&draft);
  return code;
}

int kz__sample(struct kz__repair *c, const struct kz__tiles *tiles, int first, int steps,
               struct kz__means *m, struct kz_err *err) {
  struct kz__groups groups = {0};
  struct kz__repair coarse = *c; /* in the place of the result, unless that is needed to begin */
  int code = first ? kz__repair_init(&coarse, c->holes, false, err) : 0;
  if (!code) code = kz__repair_coarse(&coarse, m->known, m->host, err);
  if (!code) code = kz__groups_init(&groups, c->holes, tiles, err);
  for (int i = 0; i < tiles->count && !code;) {
    struct kz__tiles part;
    struct kz__holes holes;
    code = kz__groups_get(&groups, i, &part, &holes, err);
    if (code) break;
    code = sample_group(c, &coarse, &part, &holes, first, steps, m, err);
    kz__holes_release(&holes);
    i += part.count;
  }
  kz__groups_release(&groups);
  if (first) kz__repair_release(&coarse);
  return code;
}
