/* Cracks: random walks of short straight steps whose direction drifts, kinks
 * now and then, and branches. A branch is thinner and shorter than its parent,
 * as where plaster splits; branches wait on a small fixed stack. */
#include <math.h>
#include <stddef.h>

#include "damage/generator.h"

enum { STEP = 6, BRANCHES = 16 };

_Static_assert(sizeof(struct kz__crack_options) <= KZ__OPTIONS_MAX, "options");

#define FIELD(f) offsetof(struct kz__crack_options, f)
static const struct kz_param params[] = {
    {.name = "width", .type = KZ_PARAM_FLOAT, .offset = FIELD(width),
     .def = 2, .min = 1, .max = 6, .unit = "px", .help = "width where it starts"},
    {.name = "length", .type = KZ_PARAM_FLOAT, .offset = FIELD(length),
     .def = 200, .min = 30, .max = 400, .unit = "px", .help = "length of the main crack"},
    {.name = "bend", .type = KZ_PARAM_FLOAT, .offset = FIELD(bend),
     .def = 0.35, .min = 0.1, .max = 0.6, .unit = "rad", .help = "drift of direction a step"},
    {.name = "kink", .type = KZ_PARAM_FLOAT, .offset = FIELD(kink),
     .def = 0.05, .min = 0, .max = 0.15, .unit = "", .help = "chance of a sharp turn a step"},
    {.name = "branch", .type = KZ_PARAM_FLOAT, .offset = FIELD(branch),
     .def = 0.04, .min = 0, .max = 0.12, .unit = "", .help = "chance of a branch a step"},
    {.name = NULL},
};
#undef FIELD

struct walk {
  struct kz__point at;
  float angle, width, left; /* rad, px, px still to go */
};

/* Take one walk to its end, pushing the branches that leave it. */
static void follow(const struct kz__crack_options *o, struct kz_rng *rng, struct kz__canvas *c,
                   struct walk w, struct walk *stack, int *top) {
  float width = w.width;
  for (; w.left > 0 && !c->closed; w.left -= STEP) {
    struct kz__point to;
    w.angle += (float)o->bend * kz_rng_normal(rng);
    to.x = w.at.x + STEP * cosf(w.angle);
    to.y = w.at.y + STEP * sinf(w.angle);
    kz__capsule(c, w.at, to, 0.5f * width);
    w.at = to;
    float chance = kz_rng_uniform(rng), turn = kz_rng_uniform(rng) < 0.5f ? -1.0f : 1.0f;
    if (chance < (float)o->kink) {
      w.angle += turn;
    } else if (chance < (float)(o->kink + o->branch) && *top < BRANCHES && w.left > 4 * STEP) {
      stack[(*top)++] = (struct walk){w.at, w.angle + turn * kz_rng_range(rng, 0.4f, 1.2f),
                                      fmaxf(1.0f, 0.7f * width), 0.6f * w.left};
    }
    /* The rim is not parallel: the width wanders around the walk's own. */
    width = fmaxf(1.0f, width + 0.12f * w.width * kz_rng_normal(rng));
    width += 0.3f * (w.width - width);
  }
}

static void paint(const void *options, struct kz_rng *rng, struct kz__canvas *c) {
  const struct kz__crack_options *o = options;
  struct walk stack[BRANCHES];
  int top = 1;
  stack[0] = (struct walk){kz__somewhere(rng, c), kz_rng_range(rng, 0, 6.2831853f),
                           (float)o->width, (float)o->length};
  while (top > 0 && !c->closed) {
    struct walk w = stack[--top];
    follow(o, rng, c, w, stack, &top);
  }
}

static void draw(const void *options, struct kz_rng *rng, int width, int height, uint8_t *mask) {
  struct kz__canvas c;
  kz__canvas_init(&c, width, height, mask);
  paint(options, rng, &c);
}

const struct kz__generator kz__crack = {
    .public = {"crack", "branching cracks in the plaster", params,
               sizeof(struct kz__crack_options), draw},
    .paint = paint,
};
