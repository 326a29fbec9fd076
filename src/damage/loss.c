/* Loss of paint or plaster: a smooth blob with a ragged rim. The radius is a
 * sum of a few low harmonics (the outline one sees from afar) times a jitter
 * that remembers its neighbour (the crumbling edge; independent jitter would
 * make spikes). Some sit on the picture's border, where real
 * walls lose plaster first. */
#include <math.h>
#include <stddef.h>

#include "damage/generator.h"

enum { HARMONICS = 5 };

struct options {
  double size, stretch, lobes, ragged, border;
};
_Static_assert(sizeof(struct options) <= KZ__OPTIONS_MAX, "options");

#define FIELD(f) offsetof(struct options, f)
static const struct kz_param params[] = {
    {.name = "size", .type = KZ_PARAM_FLOAT, .offset = FIELD(size),
     .def = 28, .min = 6, .max = 60, .unit = "px", .help = "mean radius"},
    {.name = "stretch", .type = KZ_PARAM_FLOAT, .offset = FIELD(stretch),
     .def = 1.4, .min = 1, .max = 3, .unit = "", .help = "length over breadth"},
    {.name = "lobes", .type = KZ_PARAM_FLOAT, .offset = FIELD(lobes),
     .def = 0.25, .min = 0, .max = 0.5, .unit = "", .help = "depth of the outline's bays"},
    {.name = "ragged", .type = KZ_PARAM_FLOAT, .offset = FIELD(ragged),
     .def = 0.04, .min = 0, .max = 0.09, .unit = "", .help = "roughness of the rim"},
    {.name = "border", .type = KZ_PARAM_FLOAT, .offset = FIELD(border),
     .def = 0.25, .min = 0, .max = 0.5, .unit = "", .help = "chance to sit on the border"},
    {.name = NULL},
};
#undef FIELD

static struct kz__point place(const struct options *o, struct kz_rng *rng,
                              const struct kz__canvas *c) {
  struct kz__point p = kz__somewhere(rng, c);
  if (kz_rng_uniform(rng) >= (float)o->border) return p;
  switch (kz_rng_below(rng, 4)) {
    case 0: p.x = 0; break;
    case 1: p.x = (float)(c->width - 1); break;
    case 2: p.y = 0; break;
    default: p.y = (float)(c->height - 1); break;
  }
  return p;
}

static void paint(const void *options, struct kz_rng *rng, struct kz__canvas *c) {
  const struct options *o = options;
  struct kz__point p[KZ__POLYGON_MAX], at = place(o, rng, c);
  float depth[HARMONICS], phase[HARMONICS], rim = 0, s = sqrtf((float)o->stretch);
  float turn = kz_rng_range(rng, 0, 3.1415927f), co = cosf(turn), si = sinf(turn);
  int n = (int)fminf(fmaxf((float)o->size * 2.2f, 14.0f), (float)KZ__POLYGON_MAX);
  for (int k = 0; k < HARMONICS; k++) {
    depth[k] = (float)o->lobes * kz_rng_normal(rng) / (float)(k + 1);
    phase[k] = kz_rng_range(rng, 0, 6.2831853f);
  }
  for (int i = 0; i < n; i++) {
    float a = (float)i * 6.2831853f / (float)n, r = 1.0f;
    for (int k = 0; k < HARMONICS; k++) r += depth[k] * cosf((float)(k + 2) * a + phase[k]);
    rim = 0.6f * rim + (float)o->ragged * kz_rng_normal(rng);
    r = fmaxf(r, 0.25f);
    float crumb = fmaxf(rim, -0.2f) / s; /* not stretched, or the tips would fray */
    float x = (float)o->size * (r * s + crumb) * cosf(a);
    float y = (float)o->size * (r / s + crumb) * sinf(a);
    p[i] = (struct kz__point){at.x + x * co - y * si, at.y + x * si + y * co};
  }
  kz__polygon(c, p, n);
}

static void draw(const void *options, struct kz_rng *rng, int width, int height, uint8_t *mask) {
  struct kz__canvas c;
  kz__canvas_init(&c, width, height, mask);
  paint(options, rng, &c);
}

const struct kz__generator kz__loss = {
    .public = {"loss", "patches of lost paint or plaster with ragged rims", params,
               sizeof(struct options), draw},
    .paint = paint,
};
