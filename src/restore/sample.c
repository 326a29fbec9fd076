/* The sampling loop. Tiles are blended at every step, not at the end: at each step all tiles give
 * their estimate of the clean picture, the canvas takes the weighted mean, and one step of the
 * sampler moves the whole canvas. Neighbouring tiles thus see each other's work from the second
 * step on and agree on what they paint (Bar-Tal et al., MultiDiffusion, 2023). */
#include "restore/sample.h"

#include <stdlib.h>
#include <string.h>

#include "diffusion/sampler.h"

/* Tiles are kept as the network reads them if all fit into this; beyond, they are read from the
 * image again at each step. */
#define KEEP_BYTES ((size_t)192 << 20)

struct loop {
  struct kz__repair *canvas;
  const struct kz__tiles *tiles;
  const struct kz__means *means;
  int steps;
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
  int code = kz__tile_load(l->canvas, l->tiles, i, l->means->known, l->rgb, in, err);
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
    if (step == 0 || !l->keep)
      code = load(l, p->first + k, in, p->features ? p->features + k * l->pixels * KZ_FUSED : NULL,
                  err);
    else
      kz__tile_update(l->canvas, l->tiles, p->first + k, in);
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
    code = kz__repair_add(l->canvas, l->tiles, p->first + k, x0, l->wx, l->wy, err);
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
  const int count = l->tiles->count, before = l->means->done + step * count;
  kz__repair_begin(l->canvas);
  for (int first = 0; first < count; first += l->batch) {
    int code = kz__stopped(host, err);
    if (!code) code = call(l, step, first, err);
    if (code) return code;
    int done = first + l->batch < count ? first + l->batch : count;
    if (host && host->progress) host->progress(host->self, before + done, l->means->total);
  }
  kz__repair_finish(l->canvas);
  return 0;
}

int kz__sample(struct kz__repair *c, const struct kz__tiles *tiles, int steps,
               const struct kz__means *m, struct kz_err *err) {
  struct loop l = {.canvas = c, .tiles = tiles, .means = m, .steps = steps,
                   .views = steps == 1 ? (int)m->options->views : 1};
  const struct kz_sampler *sampler = kz_samplers[m->options->sampler];
  int code = loop_init(&l, err);
  if (code) goto out;
  code = kz__repair_coarse(c, m->known, m->host, err);
  if (code) goto out;
  kz__repair_noise(c, (uint64_t)m->options->seed);
  for (int i = 0; i < steps; i++) {
    code = one_step(&l, i, err);
    if (code) goto out;
    sampler->step(i, steps, c->holes->count * 3, c->x, c->x0, i ? c->x0_prev : NULL);
    if (!c->x0_prev) continue;
    float *swap = c->x0_prev;
    c->x0_prev = c->x0;
    c->x0 = swap;
  }
out:
  loop_release(&l);
  return code;
}
