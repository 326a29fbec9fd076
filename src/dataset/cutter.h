/* One crop: where it is taken from, how it is varied, and the cutting itself. */
#ifndef KZ_DATASET_CUTTER_H
#define KZ_DATASET_CUTTER_H

#include <stdbool.h>
#include <stdint.h>

#include <kizil/err.h>
#include <kizil/image.h>
#include <kizil/rng.h>

struct kz__cut {
  int x, y, window;           /* square of the picture, px; window >= the crop's size */
  bool transpose, flip_x, flip_y; /* applied in this order */
  bool recolour;
  int colour[3]; /* circulant matrix in 1/4096: r' = [0] r + [1] g + [2] b, g' = [2] r + ... */
};

/* Draw the variation of a training crop: a quarter of the crops turned by 90 degrees, half of them
 * mirrored, half taken from a window up to 1.5 times as wide and reduced, half with brightness,
 * saturation and hue shifted by up to 8 % (hue: of the sixth of the circle from red to yellow, so
 * 4.8 degrees). The picture must be at least `size` wide and high. */
void kz__cut_draw(struct kz__cut *cut, struct kz_rng *rng, int width, int height, int size);
/* A plain crop near the middle: within the middle half of where it could lie. */
void kz__cut_draw_plain(struct kz__cut *cut, struct kz_rng *rng, int width, int height, int size);

/* Scratch for one thread. Start with {0}. */
struct kz__cutter {
  int size;
  uint8_t *tall; /* one row of the window, reduced vertically */
  uint8_t *row;  /* one row of the crop */
  struct kz__tap *taps;
};
int kz__cutter_resize(struct kz__cutter *c, int size, struct kz_err *err);
void kz__cutter_release(struct kz__cutter *c);
/* dst [size, size, 3]; 3-channel pixels. Allocates nothing. */
void kz__cutter_cut(struct kz__cutter *c, const struct kz_pixels *from, const struct kz__cut *cut,
                    uint8_t *dst);

#endif
