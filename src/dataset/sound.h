/* Training crops that keep away from what is lost: the network shall learn paintings. */
#ifndef KZ_DATASET_SOUND_H
#define KZ_DATASET_SOUND_H

#include "dataset/cutter.h"
#include "dataset/list.h"

/* Mean of the damage map, 0 to 1, under a square of the picture as it was decoded, width x height
 * px upright. 0 where the picture has no map. */
double kz__sound_damage(const struct kz__item *item, int width, int height,
                        const struct kz__cut *cut);
/* kz__cut_draw, up to eight times: the first cut whose damage is small, else the least damaged of
 * them. Of a picture without a map the first. */
void kz__sound_draw(struct kz__cut *cut, struct kz_rng *rng, const struct kz__item *item, int width,
                    int height, int size);

#endif
