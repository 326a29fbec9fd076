/* Bands: a strip with uneven edges right across the picture, as from water
 * running down, a lost plaster course or a shelf once fixed to the wall. */
#include <math.h>
#include <stddef.h>

#include "damage/generator.h"

struct options {
  double width, tilt, ragged, sway;
};
_Static_assert(sizeof(struct options) <= KZ__OPTIONS_MAX, "options");

#define FIELD(f) offsetof(struct options, f)
static const struct kz_param params[] = {
    {.name = "width", .type = KZ_PARAM_FLOAT, .offset = FIELD(width),
     .def = 18, .min = 4, .max = 44, .unit = "px", .help = "mean breadth"},
    {.name = "tilt", .type = KZ_PARAM_FLOAT, .offset = FIELD(tilt),
     .def = 0.1, .min = 0, .max = 0.35, .unit = "rad", .help = "largest lean off an axis"},
    {.name = "ragged", .type = KZ_PARAM_FLOAT, .offset = FIELD(ragged),
     .def = 0.12, .min = 0, .max = 0.3, .unit = "", .help = "unevenness, share of the breadth"},
    {.name = "sway", .type = KZ_PARAM_FLOAT, .offset = FIELD(sway),
     .def = 4, .min = 0, .max = 14, .unit = "px", .help = "how far the middle wanders"},
    {.name = NULL},
};
#undef FIELD

static void paint(const void *options, struct kz_rng *rng, struct kz__canvas *c) {
  const struct options *o = options;
  struct kz__point p[KZ__POLYGON_MAX], at = kz__somewhere(rng, c);
  float reach = (float)(c->width + c->height) * 0.75f, half = 0.5f * (float)o->width;
  float angle = (kz_rng_uniform(rng) < 0.5f ? 0.0f : 1.5707963f) +
                (float)o->tilt * kz_rng_range(rng, -1.0f, 1.0f);
  float co = cosf(angle), si = sinf(angle), sway = 0, edge[2] = {0, 0};
  int n = (int)fminf(fmaxf(reach / 8.0f, 4.0f), KZ__POLYGON_MAX / 2.0f);
  for (int i = 0; i < n; i++) {
    float u = reach * (2.0f * (float)i / (float)(n - 1) - 1.0f);
    sway = 0.92f * sway + 0.4f * (float)o->sway * kz_rng_normal(rng);
    for (int k = 0; k < 2; k++) {
      edge[k] = 0.7f * edge[k] + (float)o->ragged * half * kz_rng_normal(rng);
      float breadth = fmaxf(half + edge[k], 0.15f * half), v = sway + (k ? breadth : -breadth);
      p[k ? 2 * n - 1 - i : i] =
          (struct kz__point){at.x + u * co - v * si, at.y + u * si + v * co};
    }
  }
  kz__polygon(c, p, 2 * n);
}

static void draw(const void *options, struct kz_rng *rng, int width, int height, uint8_t *mask) {
  struct kz__canvas c;
  kz__canvas_init(&c, width, height, mask);
  paint(options, rng, &c);
}

const struct kz__generator kz__band = {
    .public = {"band", "uneven strips right across the picture", params, sizeof(struct options),
               draw},
    .paint = paint,
};
