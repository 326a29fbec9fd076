/* Flaking: a cluster of angular scales where the paint layer has come off in
 * chips. Scales are irregular polygons, denser towards the cluster's middle. */
#include <math.h>
#include <stddef.h>

#include "damage/generator.h"

struct options {
  int64_t scales;
  double size, spread, stretch;
};
_Static_assert(sizeof(struct options) <= KZ__OPTIONS_MAX, "options");

#define FIELD(f) offsetof(struct options, f)
static const struct kz_param params[] = {
    {.name = "scales", .type = KZ_PARAM_INT, .offset = FIELD(scales),
     .def = 22, .min = 4, .max = 45, .unit = "", .help = "scales in a cluster"},
    {.name = "size", .type = KZ_PARAM_FLOAT, .offset = FIELD(size),
     .def = 10, .min = 3, .max = 18, .unit = "px", .help = "largest radius of a scale"},
    {.name = "spread", .type = KZ_PARAM_FLOAT, .offset = FIELD(spread),
     .def = 55, .min = 15, .max = 100, .unit = "px", .help = "radius of the cluster"},
    {.name = "stretch", .type = KZ_PARAM_FLOAT, .offset = FIELD(stretch),
     .def = 1.5, .min = 1, .max = 3, .unit = "", .help = "length over breadth of the cluster"},
    {.name = NULL},
};
#undef FIELD

static void scale(struct kz_rng *rng, struct kz__canvas *c, struct kz__point at, float size) {
  struct kz__point p[7];
  int n = kz_rng_int(rng, 4, 7);
  float turn = kz_rng_range(rng, 0, 6.2831853f), flat = kz_rng_range(rng, 0.55f, 1.0f);
  float co = cosf(turn), si = sinf(turn);
  for (int i = 0; i < n; i++) {
    float a = ((float)i + kz_rng_range(rng, -0.3f, 0.3f)) * 6.2831853f / (float)n;
    float r = size * kz_rng_range(rng, 0.6f, 1.1f), x = r * cosf(a), y = flat * r * sinf(a);
    p[i] = (struct kz__point){at.x + x * co - y * si, at.y + x * si + y * co};
  }
  kz__polygon(c, p, n);
}

static void paint(const void *options, struct kz_rng *rng, struct kz__canvas *c) {
  const struct options *o = options;
  struct kz__point middle = kz__somewhere(rng, c);
  float axis = kz_rng_range(rng, 0, 3.1415927f), co = cosf(axis), si = sinf(axis);
  float along = 0.5f * (float)o->spread, across = along / (float)o->stretch;
  for (int64_t i = 0; i < o->scales && !c->closed; i++) {
    float u = along * kz_rng_normal(rng), v = across * kz_rng_normal(rng);
    struct kz__point at = {middle.x + u * co - v * si, middle.y + u * si + v * co};
    float away = sqrtf(u * u + v * v) / (float)o->spread;
    float size = (float)o->size * kz_rng_range(rng, 0.35f, 1.0f) / (1.0f + 0.7f * away);
    scale(rng, c, at, fmaxf(size, 1.2f));
  }
}

static void draw(const void *options, struct kz_rng *rng, int width, int height, uint8_t *mask) {
  struct kz__canvas c;
  kz__canvas_init(&c, width, height, mask);
  paint(options, rng, &c);
}

const struct kz__generator kz__flaking = {
    .public = {"flaking", "clusters of angular scales of lost paint", params,
               sizeof(struct options), draw},
    .paint = paint,
};
