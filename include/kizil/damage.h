/* Damage synthesis: seeded generators that draw masks which look like what happens to wall
 * paintings. Each generator is a const descriptor with typed parameters. */
#ifndef KIZIL_DAMAGE_H
#define KIZIL_DAMAGE_H

#include <stdint.h>

#include <kizil/err.h>
#include <kizil/param.h>
#include <kizil/rng.h>

struct kz_damage {
  const char *name;             /* "crack", "flaking", "loss", "scratch", "band", "stroke" */
  const char *help;             /* one line; which damage class of the field it imitates */
  const struct kz_param *params;
  size_t options_size;
  /* Add damage to mask [height, width] (255 = damage; what is set stays set). */
  void (*draw)(const void *options, struct kz_rng *rng, int width, int height, uint8_t *mask);
};

/* All generators, NULL-terminated. */
const struct kz_damage *const *kz_damage_list(void);
const struct kz_damage *kz_damage_find(const char *name);

/* A mixture: draws generators until the coverage lies in [min_cover, max_cover]. */
struct kz_damage_mix {
  double min_cover, max_cover; /* share of pixels, 0.001 to 0.9 */
  double weight[8];            /* by position in kz_damage_list; relative, >= 0 */
};
extern const struct kz_param kz_damage_mix_params[];
void kz_damage_mix_defaults(struct kz_damage_mix *mix);
/* Clears and fills mask [height, width]; parameters of each generator are drawn at random within
 * their ranges. The result is never empty and never full. Same rng state, same bytes. Fast: about
 * 0.2 ms for 256 x 256. Thread-safe. Returns the coverage. */
double kz_damage_mix_draw(const struct kz_damage_mix *mix, struct kz_rng *rng, int width,
                          int height, uint8_t *mask);
/* The training distribution of masks (FEDR): a fifth thin cracks, else mixtures at 2 to 60 %. */
double kz_damage_training_draw(struct kz_rng *rng, int width, int height, uint8_t *mask);

#endif
