/* Guides are drawn anew for each crop from the crop itself, so that they fit it whatever was done to
 * it: a turned crop has turned lines, and a recoloured one is described by its own colours. */
#include "dataset/guides.h"

#include <math.h>
#include <stdlib.h>

#include "feature/fused.h"
#include "feature/outline.h"
#include "feature/sketch.h"

/* Shares of captions. */
#define WITH_FACTS 0.7f
#define LOST 0.5f             /* the writer knows what was there, and says so; of the others: */
#define COLOURS_OF_ALL 0.6f   /* colours of the whole crop */
#define COLOURS_OF_REST 0.25f /* of what is known, as restoring writes it by itself; else none */
#define CHINESE 0.3f
/* Share of drawings that outline shapes too, as one hand does and another does not. */
#define OUTLINED 0.5f

static size_t scratch_size(int size) {
  size_t line = kz_fused_scratch(size, size), outline = kz_outline_scratch(size, size);
  return line > outline ? line : outline;
}

int kz__guide_maker_resize(struct kz__guide_maker *m, int size, struct kz_err *err) {
  if (m->size == size) return 0;
  kz__guide_maker_release(m);
  m->rgb = malloc((size_t)size * (size_t)size * 3 * sizeof *m->rgb);
  m->scratch = malloc(scratch_size(size) * sizeof *m->scratch);
  m->bytes = malloc(kz_sketch_scratch(size, size));
  if (!m->rgb || !m->scratch || !m->bytes) {
    kz__guide_maker_release(m);
    return kz_err_set(err, KZ_ENOMEM, "no memory for the guides of crops of %d px", size);
  }
  m->size = size;
  return 0;
}

void kz__guide_maker_release(struct kz__guide_maker *m) {
  free(m->rgb);
  free(m->scratch);
  free(m->bytes);
  *m = (struct kz__guide_maker){0};
}

void kz__guide_lines(struct kz__guide_maker *m, struct kz_rng *rng, const uint8_t *rgb,
                     uint8_t *drawn, uint8_t *valid) {
  for (int i = 0; i < m->size * m->size * 3; i++) m->rgb[i] = (float)rgb[i] * (1 / 127.5f) - 1;
  kz_fused_line(m->size, m->size, m->rgb, NULL, drawn, m->scratch);
  float outlined = kz_rng_uniform(rng) / OUTLINED; /* below 1: how detailed */
  if (outlined < 1) {
    float range = KZ_OUTLINE_SPARSE / KZ_OUTLINE_DETAILED;
    const struct kz_outline_input in = {
        .w = m->size, .h = m->size, .rgb = m->rgb,
        .threshold = KZ_OUTLINE_DETAILED * powf(range, outlined)};
    kz_outline_draw(&in, drawn, m->scratch);
  }
  kz_sketch_roughen(rng, m->size, m->size, drawn, valid, m->bytes);
}

void kz__guide_caption(struct kz_rng *rng, const struct kz_caption_facts *const facts[2], int size,
                       const uint8_t *rgb, const uint8_t *mask, char text[KZ_CAPTION_MOST]) {
  float what = kz_rng_uniform(rng), language = kz_rng_uniform(rng), colours = kz_rng_uniform(rng);
  float lost = kz_rng_uniform(rng);
  enum kz_language tongue = language < CHINESE ? KZ_LANGUAGE_ZH : KZ_LANGUAGE_EN;
  struct kz_caption_facts said = {0};
  if (facts[tongue] && what < WITH_FACTS) said = *facts[tongue];
  said.lost = lost < LOST;
  if (!said.lost && colours < COLOURS_OF_ALL)
    mask = NULL;
  else if (!said.lost && colours >= COLOURS_OF_ALL + COLOURS_OF_REST)
    rgb = mask = NULL;
  kz_caption_write(text, tongue, &said, size, size, rgb, mask);
}
