/* The palette of a picture: k-means in CIELAB over its known pixels, each colour named after the
 * nearest traditional pigment of Asian wall painting. */
#ifndef KZ_PALETTE_H
#define KZ_PALETTE_H

#include <stdint.h>

#include <kizil/rng.h>

#define KZ_PALETTE_MOST 8
#define KZ_PALETTE_LIGHTNESS 0.6f /* weight of a difference in L against one in a or b */

struct kz_pigment {
  const char *name;    /* "cinnabar" */
  const char *chinese; /* "朱砂" */
  const char *colour;  /* the plain word: "red" */
  const char *colour_chinese; /* "红" */
  float lab[3];        /* CIELAB, D65, of a typical painted, aged surface */
};
/* Terminated by a NULL name. */
extern const struct kz_pigment kz_pigments[];
/* Nearest by CIE76 distance with L weighted as above; never NULL. */
const struct kz_pigment *kz_pigment_nearest(const float lab[3]);

struct kz_palette_colour {
  float lab[3];
  float share;   /* of the known pixels */
  float x, y;    /* centroid, 0 to 1 of width and height */
  float spread_x, spread_y; /* standard deviation about it; 0.29 all over the picture */
  const struct kz_pigment *pigment;
};
struct kz_palette {
  int count; /* 1 to KZ_PALETTE_MOST, by falling share; 0: nothing is known */
  struct kz_palette_colour colours[KZ_PALETTE_MOST];
};

/* sRGB bytes -> CIELAB (D65). */
void kz_lab_from_srgb(const uint8_t rgb[3], float lab[3]);

/* rgb [h, w, 3] sRGB, mask [h, w] non-zero = hole, or NULL. A sample of at most 4096 known pixels on
 * a regular grid is clustered (k-means++ from `rng`, at most 12 rounds; near clusters of one pigment
 * are joined). No allocation, about 1 ms; callable from any thread. */
void kz_palette_find(int w, int h, const uint8_t *rgb, const uint8_t *mask, int k,
                     struct kz_rng *rng, struct kz_palette *palette);

#endif
