/* What surrounds a painting in a photograph or scan and is not the painting: frames, margins of a
 * page, colour cards; and the colour of the light, where something neutral shows it. Arithmetic on
 * decoded pixels only: no file, no memory of its own. What is found are proposals, each with how
 * sure it is; nothing is changed.
 *
 * A painted border, a plain ground or a dark corner are the painting's own: to cut into a painting
 * is worse than to leave a frame. */
#ifndef KZ_CLEAN_H
#define KZ_CLEAN_H

#include <stddef.h>
#include <stdint.h>

struct kz_clean_rect {
  int x, y, w, h; /* px; w = 0: none */
};

enum kz_clean_side { KZ_CLEAN_TOP = 1, KZ_CLEAN_BOTTOM = 2, KZ_CLEAN_LEFT = 4, KZ_CLEAN_RIGHT = 8 };

/* Where a cast was read from. */
enum kz_clean_neutral { KZ_CLEAN_NO_NEUTRAL, KZ_CLEAN_GREYS, KZ_CLEAN_MARGIN };

struct kz_clean_found {
  struct {
    struct kz_clean_rect keep; /* w = 0: there is nothing to cut away */
    double confidence;         /* 0 to 1 */
    unsigned sides;            /* enum kz_clean_side, or-ed */
    uint8_t rgb[3];            /* what was cut away, on its widest side */
  } crop;
  struct {
    struct kz_clean_rect at;   /* w = 0: there is none */
    struct kz_clean_rect keep; /* the picture without it; w = 0: it does not lie at an edge */
    double confidence;
    int patches;
  } card;
  struct {
    enum kz_clean_neutral from;
    double gain[3]; /* on linear light; the luminance of grey stays */
    double confidence;
  } cast;
};

/* Bytes. */
size_t kz_clean_scratch(int w, int h);
/* rgb [h, w, 3], w and h >= 1. One thread, no allocation; same pixels, same findings. */
void kz_clean_propose(int w, int h, const uint8_t *rgb, struct kz_clean_found *out, void *scratch);

#endif
