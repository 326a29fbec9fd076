/* Free-form strokes: thick polylines with round joints, and ellipses. Not a
 * class of damage on a wall, but what inpainting is trained and judged on. */
#include <math.h>
#include <stddef.h>

#include "damage/generator.h"

_Static_assert(sizeof(struct kz__stroke_options) <= KZ__OPTIONS_MAX, "options");

static const float shortest = 10, smallest = 6; /* px: segment, half axis */

#define FIELD(f) offsetof(struct kz__stroke_options, f)
static const struct kz_param params[] = {
    {.name = "width", .type = KZ_PARAM_FLOAT, .offset = FIELD(width),
     .def = 12, .min = 4, .max = 22, .unit = "px", .help = "breadth of a stroke"},
    {.name = "length", .type = KZ_PARAM_FLOAT, .offset = FIELD(length),
     .def = 45, .min = 12, .max = 60, .unit = "px", .help = "longest straight piece"},
    {.name = "bend", .type = KZ_PARAM_FLOAT, .offset = FIELD(bend),
     .def = 0.6, .min = 0.1, .max = 1.2, .unit = "rad", .help = "turn at a joint"},
    {.name = "blob", .type = KZ_PARAM_FLOAT, .offset = FIELD(blob),
     .def = 0.33, .min = 0, .max = 1, .unit = "", .help = "chance of an ellipse instead"},
    {.name = "blob-size", .type = KZ_PARAM_FLOAT, .offset = FIELD(blob_size),
     .def = 40, .min = 8, .max = 48, .unit = "px", .help = "longest half axis of an ellipse"},
    {.name = "segments", .type = KZ_PARAM_INT, .offset = FIELD(segments),
     .def = 7, .min = 3, .max = 12, .unit = "", .help = "straight pieces in a stroke"},
    {.name = NULL},
};
#undef FIELD

static void paint(const void *options, struct kz_rng *rng, struct kz__canvas *c) {
  const struct kz__stroke_options *o = options;
  struct kz__point at = kz__somewhere(rng, c);
  float angle = kz_rng_range(rng, 0, 6.2831853f);
  if (kz_rng_uniform(rng) < (float)o->blob) {
    float rx = kz_rng_range(rng, smallest, (float)o->blob_size);
    float ry = kz_rng_range(rng, smallest, (float)o->blob_size);
    kz__ellipse(c, at, rx, ry, angle);
    return;
  }
  for (int64_t i = 0; i < o->segments && !c->closed; i++) {
    angle += (float)o->bend * kz_rng_normal(rng);
    float length = kz_rng_range(rng, shortest, (float)o->length);
    struct kz__point to = {at.x + length * cosf(angle), at.y + length * sinf(angle)};
    kz__capsule(c, at, to, 0.5f * (float)o->width);
    at = to;
  }
}

static void draw(const void *options, struct kz_rng *rng, int width, int height, uint8_t *mask) {
  struct kz__canvas c;
  kz__canvas_init(&c, width, height, mask);
  paint(options, rng, &c);
}

const struct kz__generator kz__stroke = {
    .public = {"stroke", "free-form strokes and ellipses, as inpainting is judged on", params,
               sizeof(struct kz__stroke_options), draw},
    .paint = paint,
};
