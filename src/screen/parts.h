/* What the measures of src/screen share. Each part is one file; screen.c calls them in turn. */
#ifndef KZ_SCREEN_PARTS_H
#define KZ_SCREEN_PARTS_H

#include "screen/screen.h"

enum kz__screen_value { /* the order of kz_screen_measures */
  KZ__SHORT_SIDE,
  KZ__SHARPNESS,
  KZ__MOTION,
  KZ__EXPOSURE_HIGH,
  KZ__EXPOSURE_LOW,
  KZ__CONTRAST,
  KZ__JPEG_BLOCK,
  KZ__MOIRE,
  KZ__UPSCALE,
  KZ__TEXT_OVERLAY,
  KZ__FLAT,
  KZ__COLOURS,
  KZ__DAMAGE_SHARE,
  KZ__SCREEN_VALUES
};

#define KZ__TILE 128     /* px a side of a spectrum's tile; a power of 2 */
#define KZ__BANDS 24     /* of radial frequency, up to 0.5 cycles a px */
#define KZ__POWERS 1024  /* bins of power, sixteen to a factor of two */
#define KZ__DIRECTIONS 4 /* of lines: along rows, columns, the two diagonals */
#define KZ__HEIGHTS 32   /* bins of an edge's height */
#define KZ__WIDTHS 128   /* bins of its width, an eighth of a px each */
#define KZ__TEXT_CELLS 32

/* Scratch, laid out by screen.c. Parts run one after the other, so they share the rest. */
struct kz__screen {
  int w, h;
  const uint8_t *rgb;
  uint8_t *luma; /* [h, w] */
  int left, top, right, bottom; /* what is inside of plain margins: [left, right), [top, bottom) */
  uint32_t histogram[256], counted;
  union {
    struct {
      float re[KZ__TILE * KZ__TILE], im[KZ__TILE * KZ__TILE], power[KZ__TILE * KZ__TILE];
      float cosine[KZ__TILE], sine[KZ__TILE], window[KZ__TILE];
      uint32_t count[KZ__BANDS][KZ__POWERS];
    } spectrum;
    uint32_t edges[KZ__DIRECTIONS][KZ__HEIGHTS][KZ__WIDTHS];
    struct {
      uint32_t strokes[2][KZ__TEXT_CELLS][KZ__TEXT_CELLS]; /* black, white */
      uint32_t toned[2][KZ__TEXT_CELLS];                   /* pixels of the tone, by band */
    } text;
    uint32_t colours[1024]; /* a bit for each of 32,768 */
  } part;
  uint32_t *columns;  /* [w + h] */
  uint16_t *sums;     /* [w] */
  uint16_t *tall[3];  /* [w] each: sums of a few rows */
  uint8_t *row[4];    /* [w] each; the last [3 w] */
};

void kz__screen_tone(struct kz__screen *s, double *values);
void kz__screen_edges(struct kz__screen *s, double *values);
void kz__screen_grid(struct kz__screen *s, double *values);
void kz__screen_spectrum(struct kz__screen *s, double *values);
void kz__screen_drawn(struct kz__screen *s, double *values);
void kz__screen_damage(struct kz__screen *s, double *values, uint8_t *map);

/* Lines apart, so that about `pixels` are looked at, on 32 lines or more each way. */
static inline int kz__screen_step(const struct kz__screen *s, int pixels) {
  int most = (s->w < s->h ? s->w : s->h) / 32;
  double step = (double)s->w * s->h / pixels;
  step = step < most ? step : most;
  return step < 1 ? 1 : (int)(step + 0.5);
}

#endif
