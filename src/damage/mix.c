/* Mixtures: figures are added until the wanted coverage is reached. A mask
 * uses up to three kinds of damage, because a wall usually suffers from few
 * things at once. The canvas refuses what would go over the upper bound, and
 * kz__canvas_fill_up closes what the generators could not, so that the bounds
 * hold for every size and seed. */
#include <math.h>
#include <stddef.h>
#include <string.h>

#include "damage/generator.h"

enum { KINDS = 3, STALLED = 24, DISCS = 64 };

_Static_assert(sizeof ((struct kz_damage_mix *)0)->weight / sizeof(double) >= KZ__GENERATORS,
               "a weight for each generator");

#define FIELD(f) offsetof(struct kz_damage_mix, f)
#define WEIGHT(i, kind, value)                                                               \
  {.name = "weight-" kind, .type = KZ_PARAM_FLOAT,                                           \
   .offset = FIELD(weight) + (i) * sizeof(double), .def = value, .min = 0, .max = 100,       \
   .unit = "", .help = "share of " kind " in the mixture"}
const struct kz_param kz_damage_mix_params[] = {
    {.name = "min-cover", .type = KZ_PARAM_FLOAT, .offset = FIELD(min_cover),
     .def = 0.02, .min = 0.001, .max = 0.9, .unit = "", .help = "least share of damaged pixels"},
    {.name = "max-cover", .type = KZ_PARAM_FLOAT, .offset = FIELD(max_cover),
     .def = 0.3, .min = 0.001, .max = 0.9, .unit = "", .help = "largest share of damaged pixels"},
    WEIGHT(KZ__CRACK, "crack", 1),
    WEIGHT(KZ__FLAKING, "flaking", 1),
    WEIGHT(KZ__LOSS, "loss", 1),
    WEIGHT(KZ__SCRATCH, "scratch", 0.5),
    WEIGHT(KZ__BAND, "band", 0.3),
    WEIGHT(KZ__STROKE, "stroke", 0.5),
    {.name = NULL},
};
#undef WEIGHT
#undef FIELD

void kz_damage_mix_defaults(struct kz_damage_mix *mix) {
  memset(mix, 0, sizeof *mix);
  kz_params_defaults(kz_damage_mix_params, mix);
}

struct kz__point kz__somewhere(struct kz_rng *rng, const struct kz__canvas *c) {
  struct kz__point p;
  p.x = kz_rng_range(rng, 0, (float)c->width) - 0.5f;
  p.y = kz_rng_range(rng, 0, (float)c->height) - 0.5f;
  return p;
}

void kz__options_draw(const struct kz_param *table, struct kz_rng *rng, void *options) {
  for (const struct kz_param *p = table; p->name; p++) {
    char *field = (char *)options + p->offset;
    if (p->type == KZ_PARAM_FLOAT) {
      double real = kz_rng_range(rng, (float)p->min, (float)p->max);
      memcpy(field, &real, sizeof real);
    } else if (p->type == KZ_PARAM_INT) {
      int64_t whole = kz_rng_int(rng, (int)p->min, (int)p->max);
      memcpy(field, &whole, sizeof whole);
    }
  }
}

void kz__canvas_fill_up(struct kz__canvas *c, struct kz_rng *rng, int64_t least) {
  for (int i = 0; i < DISCS && c->count < least; i++) {
    float radius = sqrtf((float)(least - c->count)) * kz_rng_range(rng, 0.2f, 0.55f);
    struct kz__point at = kz__somewhere(rng, c);
    kz__ellipse(c, at, fmaxf(radius, 0.75f), fmaxf(radius, 0.75f), 0);
  }
  int64_t n = (int64_t)c->width * c->height;
  int64_t i = (int64_t)((double)kz_rng_uniform(rng) * (double)n);
  for (; c->count < least; i = (i + 1) % n) {
    c->count += c->mask[i] == 0;
    c->mask[i] = 255;
  }
}

/* A generator by weight; any, if all weights are 0. */
static const struct kz__generator *pick(const struct kz_damage_mix *mix, struct kz_rng *rng) {
  double sum = 0;
  for (int i = 0; i < KZ__GENERATORS; i++) sum += mix->weight[i];
  if (!(sum > 0)) return kz__generators[kz_rng_below(rng, KZ__GENERATORS)];
  double at = kz_rng_uniform(rng) * sum;
  int last = 0;
  for (int i = 0; i < KZ__GENERATORS; i++) {
    if (mix->weight[i] <= 0) continue;
    last = i;
    if (at < mix->weight[i]) break;
    at -= mix->weight[i];
  }
  return kz__generators[last];
}

/* The coverage bounds as pixel counts, 1 <= lo <= hi < n (n = 1: one damaged pixel). */
static void bounds(const struct kz_damage_mix *mix, int64_t n, int64_t *lo, int64_t *hi) {
  int64_t most = n > 1 ? n - 1 : 1;
  *lo = (int64_t)ceil(mix->min_cover * (double)n);
  *hi = (int64_t)floor(mix->max_cover * (double)n);
  if (*lo < 1) *lo = 1;
  if (*lo > most) *lo = most;
  if (*hi > most) *hi = most;
  if (*hi < *lo) *hi = *lo;
}

double kz_damage_mix_draw(const struct kz_damage_mix *mix, struct kz_rng *rng, int width,
                          int height, uint8_t *mask) {
  _Alignas(max_align_t) char options[KZ__OPTIONS_MAX];
  const struct kz__generator *kind[KINDS];
  struct kz__canvas c;
  int64_t n = (int64_t)width * height, lo, hi;
  memset(mask, 0, (size_t)n);
  kz__canvas_init(&c, width, height, mask);
  bounds(mix, n, &lo, &hi);
  c.limit = hi;
  float skew = kz_rng_uniform(rng);
  int64_t target = lo + (int64_t)((double)(hi - lo) * skew * skew);
  int kinds = kz_rng_int(rng, 1, KINDS);
  for (int i = 0; i < kinds; i++) kind[i] = pick(mix, rng);
  int64_t figures = 256 + n / 32;
  for (int stalled = 0; c.count < target && stalled < STALLED && figures > 0; figures--) {
    const struct kz__generator *g = kind[kz_rng_below(rng, (uint32_t)kinds)];
    int64_t before = c.count;
    kz__options_draw(g->public.params, rng, options);
    c.closed = false;
    g->paint(options, rng, &c);
    stalled = c.count > before ? 0 : stalled + 1;
  }
  kz__canvas_fill_up(&c, rng, lo);
  return (double)c.count / (double)n;
}
