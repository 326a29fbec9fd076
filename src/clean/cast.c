/* The colour of the light, read from what is grey.
 *
 * Of the patches of a card those are grey that have one chromaticity in common, from light to dark:
 * no two of its colours have, and a light that is not white moves all greys alike. Light paper and
 * light frames may be grey or may not; what they tell is noted for a person to judge. Nothing is
 * guessed from the painting itself: walls are ochre. */
#include <math.h>

#include "clean/parts.h"

enum { LIGHT = 150, SATURATED = 60 };
static const double alike = 0.09; /* in the logarithm of a ratio of channels */

static double linear(uint8_t v) {
  double c = v / 255.0;
  return c <= 0.04045 ? c / 12.92 : pow((c + 0.055) / 1.055, 2.4);
}

static double luminance(const double c[3]) {
  return 0.2126 * c[0] + 0.7152 * c[1] + 0.0722 * c[2];
}

/* Gains that make the colour grey and leave its luminance. */
static bool gains(const double c[3], double gain[3]) {
  double y = luminance(c);
  bool felt = false;
  for (int i = 0; i < 3; i++) {
    gain[i] = y / c[i];
    felt = felt || fabs(gain[i] - 1) > 0.025;
  }
  return felt;
}

struct grey {
  double light[3], ratio[2], y;
};

/* Patches that are neither black nor clipped; how many. */
static int list_greys(const struct kz__card *card, struct grey *g) {
  int n = 0;
  for (int i = 0; i < card->count; i++) {
    const uint8_t *p = card->member[i].rgb;
    for (int c = 0; c < 3; c++) g[n].light[c] = linear(p[c]);
    g[n].y = luminance(g[n].light);
    bool clipped = p[0] > 250 || p[1] > 250 || p[2] > 250;
    if (clipped || g[n].y < 0.02 || p[0] < 12 || p[1] < 12 || p[2] < 12) continue;
    g[n].ratio[0] = log(g[n].light[0] / g[n].light[1]);
    g[n].ratio[1] = log(g[n].light[2] / g[n].light[1]);
    n++;
  }
  return n;
}

static bool match(const struct grey *a, const struct grey *b) {
  return fabs(a->ratio[0] - b->ratio[0]) <= alike && fabs(a->ratio[1] - b->ratio[1]) <= alike;
}

/* The largest set of one chromaticity: how many, their light together, and its span. */
static int largest(const struct grey *g, int n, double light[3], double *span) {
  int most = 0;
  for (int i = 0; i < n; i++) {
    double low = 1e9, high = 0, sum[3] = {0};
    int count = 0;
    for (int j = 0; j < n; j++) {
      if (!match(&g[i], &g[j])) continue;
      low = g[j].y < low ? g[j].y : low;
      high = g[j].y > high ? g[j].y : high;
      for (int c = 0; c < 3; c++) sum[c] += g[j].light[c];
      count++;
    }
    if (count < most || (count == most && high / low <= *span)) continue;
    most = count;
    *span = high / low;
    for (int c = 0; c < 3; c++) light[c] = sum[c];
  }
  return most;
}

static bool from_card(const struct kz__card *card, struct kz_clean_found *out) {
  struct grey g[KZ__MEMBERS];
  double light[3], span = 0;
  int n = list_greys(card, g), count = largest(g, n, light, &span);
  if (count < 4 || span < 3) return false;
  out->cast.confidence = card->confidence * (count >= 6 ? 1 : count == 5 ? 0.85 : 0.65);
  /* A white light is an answer too: no margin is asked then. */
  if (gains(light, out->cast.gain)) out->cast.from = KZ_CLEAN_GREYS;
  return true;
}

static void from_margin(struct kz_clean_found *out) {
  const uint8_t *p = out->crop.rgb;
  double light[3];
  int low = p[0] < p[1] ? p[0] : p[1], high = p[0] > p[1] ? p[0] : p[1];
  low = p[2] < low ? p[2] : low;
  high = p[2] > high ? p[2] : high;
  if (!out->crop.keep.w || low < LIGHT || high > 252 || high - low > SATURATED) return;
  for (int c = 0; c < 3; c++) light[c] = linear(p[c]);
  if (!gains(light, out->cast.gain)) return;
  out->cast.from = KZ_CLEAN_MARGIN;
  out->cast.confidence = 0.3 * out->crop.confidence;
}

void kz__clean_cast(const struct kz__card *card, struct kz_clean_found *out) {
  if (!card->at.w || !from_card(card, out)) from_margin(out);
  if (out->cast.from == KZ_CLEAN_NO_NEUTRAL)
    for (int c = 0; c < 3; c++) out->cast.gain[c] = 0;
}
