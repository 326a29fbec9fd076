/* The guides of a training crop: a line drawing as a hand might give it, and a caption. */
#ifndef KZ_DATASET_GUIDES_H
#define KZ_DATASET_GUIDES_H

#include <stdint.h>

#include <kizil/caption.h>
#include <kizil/rng.h>

/* Scratch for one thread. Start with {0}. */
struct kz__guide_maker {
  int size;
  float *rgb, *scratch;
  uint8_t *bytes;
};
int kz__guide_maker_resize(struct kz__guide_maker *m, int size, struct kz_err *err);
void kz__guide_maker_release(struct kz__guide_maker *m);

/* rgb [size, size, 3] -> drawn, valid [size, size]: the true lines of the crop, with outlines
 * of its shapes in half of all draws, roughened, where they are shown. Allocates nothing. */
void kz__guide_lines(struct kz__guide_maker *m, struct kz_rng *rng, const uint8_t *rgb,
                     uint8_t *drawn, uint8_t *valid);
/* A caption as a user might write it: now with what is known of the picture (`facts` by enum
 * kz_language, each may be NULL), now without; colours of the whole crop, of what `mask` leaves of
 * it, or none; English or Chinese. */
void kz__guide_caption(struct kz_rng *rng, const struct kz_caption_facts *const facts[2], int size,
                       const uint8_t *rgb, const uint8_t *mask, char text[KZ_CAPTION_MOST]);

#endif
