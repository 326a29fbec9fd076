/* What a damage generator looks like inside the module: the public descriptor,
 * and a painter over a canvas that counts and limits. */
#ifndef KZ_GENERATOR_H
#define KZ_GENERATOR_H

#include <kizil/damage.h>

#include "damage/raster.h"

/* Options of any generator fit here. */
enum { KZ__OPTIONS_MAX = 64 };

struct kz__generator {
  struct kz_damage public;
  /* One figure somewhere on the canvas; stops when the canvas closes. */
  void (*paint)(const void *options, struct kz_rng *rng, struct kz__canvas *c);
};

enum {
  KZ__CRACK,
  KZ__FLAKING,
  KZ__LOSS,
  KZ__SCRATCH,
  KZ__BAND,
  KZ__STROKE,
  KZ__GENERATORS
};

extern const struct kz__generator kz__crack, kz__flaking, kz__loss, kz__scratch, kz__band,
    kz__stroke;
/* By the numbers above; the same order as kz_damage_list. */
extern const struct kz__generator *const kz__generators[KZ__GENERATORS];

struct kz__crack_options {
  double width, length, bend, kink, branch;
};

struct kz__stroke_options {
  double width, length, bend, blob, blob_size;
  int64_t segments;
};

/* Where a figure starts: anywhere on the canvas. */
struct kz__point kz__somewhere(struct kz_rng *rng, const struct kz__canvas *c);
/* Each parameter uniform within its range. */
void kz__options_draw(const struct kz_param *table, struct kz_rng *rng, void *options);
/* Small discs, then single pixels, until at least `least` pixels are set; count ends at or under
 * the canvas's limit, which is at least `least`. */
void kz__canvas_fill_up(struct kz__canvas *c, struct kz_rng *rng, int64_t least);

#endif
