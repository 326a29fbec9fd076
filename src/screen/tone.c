/* The luma plane, and what its histogram tells: exposure and contrast.
 *
 * Too much light shows in clipped pixels, but white paper is white too. Paper is white in wide
 * stretches and in all channels at once; clipping leaves small spots of white, and colours of which
 * one channel is full and the others are not. These are counted, as a share of all but the wide
 * white; but a strong colour may have a full channel as well, so they count for at most twice as
 * much as there is white of any kind. Too little light clips nothing, so it is read from how far
 * below white the brightest pixels lie, in stops of a 2.2 gamma: a well exposed picture of whatever
 * subject has something light in it. */
#include <math.h>
#include <stdbool.h>
#include <string.h>

#include "screen/parts.h"

enum { CLIPPED = 250, SAMPLED = 100000, PLAIN = 8 };
enum { FULL = 253, COLOURED = 12, SPOTS = 20, LIGHTS = 50000 }; /* spots: a 20th of the width */
#define LEAST_PAINTED 0.02

static void to_luma(size_t n, const uint8_t *restrict rgb, uint8_t *restrict luma) {
  for (size_t i = 0; i < n; i++) {
    unsigned y = 77u * rgb[3 * i] + 150u * rgb[3 * i + 1] + 29u * rgb[3 * i + 2] + 128u;
    luma[i] = (uint8_t)((uint16_t)y >> 8);
  }
}

/* Whether n pixels, `stride` apart, are of one tone. */
static bool plain(const uint8_t *p, int n, size_t stride) {
  uint8_t low = 255, high = 0;
  for (int i = 0; i < n; i++, p += stride) {
    low = *p < low ? *p : low;
    high = *p > high ? *p : high;
    if (high - low > PLAIN) return false;
  }
  return true;
}

/* White paper round a painting is no clipping. Margins inside of margins are taken away too; if
 * nothing is left, all is the picture. */
static void find_margins(struct kz__screen *s) {
  const size_t w = (size_t)s->w;
  s->left = s->top = 0;
  s->right = s->w;
  s->bottom = s->h;
  for (int again = 0; again < 3; again++) {
    const uint8_t *p = s->luma;
    for (; s->top < s->bottom && plain(p + (size_t)s->top * w + s->left, s->right - s->left, 1);)
      s->top++;
    for (; s->top < s->bottom &&
           plain(p + (size_t)(s->bottom - 1) * w + s->left, s->right - s->left, 1);)
      s->bottom--;
    for (; s->left < s->right && plain(p + (size_t)s->top * w + s->left, s->bottom - s->top, w);)
      s->left++;
    for (; s->left < s->right &&
           plain(p + (size_t)s->top * w + s->right - 1, s->bottom - s->top, w);)
      s->right--;
  }
  if (s->left >= s->right || s->top >= s->bottom) {
    s->left = s->top = 0;
    s->right = s->w;
    s->bottom = s->h;
  }
}

/* Four tables take turns, so that equal neighbours do not wait for each other. */
static void count_tones(struct kz__screen *s) {
  uint32_t t[4][256];
  const int step = kz__screen_step(s, SAMPLED);
  memset(t, 0, sizeof t);
  s->counted = 0;
  for (int y = s->top + step / 2 % (s->bottom - s->top); y < s->bottom; y += step) {
    const uint8_t *row = s->luma + (size_t)y * (size_t)s->w;
    int x = s->left;
    for (; x + 4 <= s->right; x += 4) {
      t[0][row[x]]++;
      t[1][row[x + 1]]++;
      t[2][row[x + 2]]++;
      t[3][row[x + 3]]++;
    }
    for (; x < s->right; x++) t[0][row[x]]++;
    s->counted += (uint32_t)(s->right - s->left);
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

/* Pixels with one channel full, of luma below white. */
static uint32_t count_full(int n, const uint8_t *restrict p, const uint8_t *restrict luma) {
  uint32_t count = 0;
  for (int x = 0; x < n; x++) {
    uint8_t r = p[3 * x], g = p[3 * x + 1], b = p[3 * x + 2];
    uint8_t low = r < g ? r : g, high = r > g ? r : g;
    low = low < b ? low : b;
    high = high > b ? high : b;
    count += (high >= FULL) & (high - low > COLOURED) & (luma[x] < CLIPPED);
  }
  return count;
}

/* White pixels: *all of them, and those in stretches of at most `widest` that end on both sides. */
static uint32_t count_spots(int n, const uint8_t *luma, int widest, uint64_t *all) {
  uint32_t count = 0;
  for (int x = 0; x < n;) {
    int from = x;
    while (x < n && luma[x] >= CLIPPED) x++;
    *all += (uint32_t)(x - from);
    if (from && x < n && x - from <= widest) count += (uint32_t)(x - from);
    while (x < n && luma[x] < CLIPPED) x++;
  }
  return count;
}

static double share_clipped(const struct kz__screen *s) {
  const int step = kz__screen_step(s, LIGHTS), n = s->right - s->left;
  const int widest = n / SPOTS > 1 ? n / SPOTS : 1;
  uint64_t spots = 0, full = 0, white = 0, all = 0;
  for (int y = s->top + step / 2 % (s->bottom - s->top); y < s->bottom; y += step) {
    size_t at = (size_t)y * (size_t)s->w + (size_t)s->left;
    full += count_full(n, s->rgb + 3 * at, s->luma + at);
    spots += count_spots(n, s->luma + at, widest, &white);
    all += (uint64_t)n;
  }
  double painted = (double)(all - (white - spots)), least = LEAST_PAINTED * (double)all;
  double clipped = (double)(spots + full) / (painted > least ? painted : least);
  double most = 2 * (double)white / (double)all;
  return 100 * (clipped < most ? clipped : most);
}

void kz__screen_tone(struct kz__screen *s, double *values) {
  to_luma((size_t)s->w * (size_t)s->h, s->rgb, s->luma);
  find_margins(s);
  count_tones(s);
  int top = percentile(s, 0.995);
  values[KZ__EXPOSURE_HIGH] = share_clipped(s);
  values[KZ__EXPOSURE_LOW] = 2.2 * log2(255.0 / (top > 0 ? top : 1));
  values[KZ__CONTRAST] = percentile(s, 0.95) - percentile(s, 0.05);
}
