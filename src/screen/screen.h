/* How good a picture is as a photograph: size, sharpness, exposure, compression, enlargement, what
 * lies over it, and how much of the painting is gone. Arithmetic on decoded pixels only: no file,
 * no memory of its own. What is too much is for the caller to say; thresholds are proposals. */
#ifndef KZ_SCREEN_H
#define KZ_SCREEN_H

#include <stddef.h>
#include <stdint.h>

#define KZ_SCREEN_MAP 64

struct kz_screen_picture {
  int w, h;           /* >= 1 */
  const uint8_t *rgb; /* [h, w, 3], as decoded; orientation need not be applied */
  int bits;           /* of the file; 0: not known */
};

struct kz_screen_measure {
  const char *name;   /* "short-side" */
  const char *unit;   /* "px", "%", "dB", "" */
  const char *help;   /* one line */
  double threshold;   /* proposed */
  int sense;          /* +1: fails above the threshold; -1: fails below */
  const char *reason; /* a format with one %g, the value: "blurred: edges are %g px wide" */
};

/* NULL-ended; the order is that of the values. */
extern const struct kz_screen_measure *const kz_screen_measures[];
int kz_screen_count(void);
/* Bytes. */
size_t kz_screen_scratch(int w, int h);
/* All values. NaN: cannot be told of this picture (no edges, smaller than a tile), and never fails.
 * damage, of the picture cut into 64 x 64 cells, row by row: 0 sound to 255 bare; a picture of less
 * than 64 px repeats cells. One thread, no allocation; same pixels, same values. */
void kz_screen_measure_all(const struct kz_screen_picture *p, double *values,
                           uint8_t damage[KZ_SCREEN_MAP * KZ_SCREEN_MAP], void *scratch);

#endif
