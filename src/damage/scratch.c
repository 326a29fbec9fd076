/* Scratches: a bunch of thin, nearly parallel, slightly curved lines, as from
 * a tool or a hand; each skips where it lost contact with the wall. */
#include <math.h>
#include <stddef.h>

#include "damage/generator.h"

enum { STEP = 12 };

struct options {
  int64_t lines;
  double width, length, curve, gap;
};
_Static_assert(sizeof(struct options) <= KZ__OPTIONS_MAX, "options");

#define FIELD(f) offsetof(struct options, f)
static const struct kz_param params[] = {
    {.name = "lines", .type = KZ_PARAM_INT, .offset = FIELD(lines),
     .def = 3, .min = 1, .max = 7, .unit = "", .help = "lines in a bunch"},
    {.name = "width", .type = KZ_PARAM_FLOAT, .offset = FIELD(width),
     .def = 1.5, .min = 1, .max = 4, .unit = "px", .help = "width of a line"},
    {.name = "length", .type = KZ_PARAM_FLOAT, .offset = FIELD(length),
     .def = 110, .min = 20, .max = 260, .unit = "px", .help = "length of a line"},
    {.name = "curve", .type = KZ_PARAM_FLOAT, .offset = FIELD(curve),
     .def = 0.03, .min = 0, .max = 0.12, .unit = "rad", .help = "turn every 12 px"},
    {.name = "gap", .type = KZ_PARAM_FLOAT, .offset = FIELD(gap),
     .def = 0.08, .min = 0, .max = 0.3, .unit = "", .help = "chance that 12 px are skipped"},
    {.name = NULL},
};
#undef FIELD

static void line(const struct options *o, struct kz_rng *rng, struct kz__canvas *c,
                 struct kz__point at, float angle, float turn) {
  float left = (float)o->length * kz_rng_range(rng, 0.5f, 1.0f);
  float radius = 0.5f * fmaxf(1.0f, (float)o->width * kz_rng_range(rng, 0.7f, 1.1f));
  for (; left > 0 && !c->closed; left -= STEP) {
    float step = fminf(left, STEP);
    struct kz__point to = {at.x + step * cosf(angle), at.y + step * sinf(angle)};
    if (kz_rng_uniform(rng) >= (float)o->gap) kz__capsule(c, at, to, radius);
    angle += turn + 0.01f * kz_rng_normal(rng);
    at = to;
  }
}

static void paint(const void *options, struct kz_rng *rng, struct kz__canvas *c) {
  const struct options *o = options;
  struct kz__point start = kz__somewhere(rng, c);
  float angle = kz_rng_range(rng, 0, 6.2831853f), turn = (float)o->curve * kz_rng_normal(rng);
  float co = cosf(angle), si = sinf(angle), across = 0;
  for (int64_t i = 0; i < o->lines && !c->closed; i++) {
    float along = 0.15f * (float)o->length * kz_rng_normal(rng);
    struct kz__point at = {start.x + along * co - across * si, start.y + along * si + across * co};
    line(o, rng, c, at, angle + 0.05f * kz_rng_normal(rng), turn);
    across += (float)o->width + kz_rng_range(rng, 3.0f, 14.0f);
  }
}

static void draw(const void *options, struct kz_rng *rng, int width, int height, uint8_t *mask) {
  struct kz__canvas c;
  kz__canvas_init(&c, width, height, mask);
  paint(options, rng, &c);
}

const struct kz__generator kz__scratch = {
    .public = {"scratch", "bunches of thin scratches", params, sizeof(struct options), draw},
    .paint = paint,
};
