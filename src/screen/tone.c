/* The luma plane, and what its histogram tells: exposure and contrast.
 *
 * Too much light shows in clipped pixels: scans and paintings leave the top levels empty. Too
 * little clips nothing, so it is read from how far below white the brightest pixels lie, in stops
 * of a 2.2 gamma: a well exposed picture of whatever subject has something light in it. */
#include <math.h>
#include <string.h>

#include "screen/parts.h"

enum { CLIPPED = 250, SAMPLED = 100000 };

static void to_luma(size_t n, const uint8_t *restrict rgb, uint8_t *restrict luma) {
  for (size_t i = 0; i < n; i++) {
    unsigned y = 77u * rgb[3 * i] + 150u * rgb[3 * i + 1] + 29u * rgb[3 * i + 2] + 128u;
    luma[i] = (uint8_t)((uint16_t)y >> 8);
  }
}

/* Four tables take turns, so that equal neighbours do not wait for each other. */
static void count_tones(struct kz__screen *s) {
  uint32_t t[4][256];
  const int step = kz__screen_step(s, SAMPLED);
  memset(t, 0, sizeof t);
  s->counted = 0;
  for (int y = step / 2; y < s->h; y += step) {
    const uint8_t *row = s->luma + (size_t)y * (size_t)s->w;
    int x = 0;
    for (; x + 4 <= s->w; x += 4) {
      t[0][row[x]]++;
      t[1][row[x + 1]]++;
      t[2][row[x + 2]]++;
      t[3][row[x + 3]]++;
    }
    for (; x < s->w; x++) t[0][row[x]]++;
    s->counted += (uint32_t)s->w;
  }
  for (int i = 0; i < 256; i++) s->histogram[i] = t[0][i] + t[1][i] + t[2][i] + t[3][i];
}

/* The tone that `share` of the pixels do not exceed. */
static int percentile(const struct kz__screen *s, double share) {
  uint64_t sum = 0;
  for (int i = 0; i < 256; i++)
    if ((double)(sum += s->histogram[i]) >= share * s->counted) return i;
  return 255;
}

void kz__screen_tone(struct kz__screen *s, double *values) {
  to_luma((size_t)s->w * (size_t)s->h, s->rgb, s->luma);
  count_tones(s);
  uint64_t clipped = 0;
  for (int i = CLIPPED; i < 256; i++) clipped += s->histogram[i];
  int top = percentile(s, 0.995);
  values[KZ__EXPOSURE_HIGH] = 100.0 * (double)clipped / s->counted;
  values[KZ__EXPOSURE_LOW] = 2.2 * log2(255.0 / (top > 0 ? top : 1));
  values[KZ__CONTRAST] = percentile(s, 0.95) - percentile(s, 0.05);
}
