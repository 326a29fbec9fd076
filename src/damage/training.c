/* The distribution of masks that FEDR is trained on: a fifth thin cracks, a
 * bit over half free-form strokes in five classes of coverage, the rest
 * mixtures of all kinds. Figures have the sizes they have on a 256 px picture;
 * a smaller mask is a window of a 256 px one, so that the network sees the
 * same damage whichever crop it is trained with. */
#include <math.h>
#include <stddef.h>
#include <string.h>

#include "damage/generator.h"

enum { SIDE = 256, WINDOWS = 4 };

static double thin_cracks(struct kz_rng *rng, int width, int height, uint8_t *mask) {
  struct kz__canvas c;
  double area = (double)width * height;
  int walks = (int)lround(kz_rng_int(rng, 3, 7) * fmax(1.0, area / (SIDE * SIDE)));
  memset(mask, 0, (size_t)width * (size_t)height);
  kz__canvas_init(&c, width, height, mask);
  c.limit = (int64_t)(0.5 * area);
  for (int i = 0; i < walks; i++) {
    struct kz__crack_options o = {.bend = 0.35, .kink = 0.05, .branch = 0.01};
    o.width = kz_rng_int(rng, 1, 3);
    o.length = 6.0 * kz_rng_int(rng, 15, 59);
    kz__crack.paint(&o, rng, &c);
  }
  kz__canvas_fill_up(&c, rng, 1);
  return (double)c.count / area;
}

static double strokes(struct kz_rng *rng, int width, int height, uint8_t *mask) {
  static const struct { double lo, hi; } class[5] = {
      {0.02, 0.12}, {0.1, 0.2}, {0.2, 0.3}, {0.3, 0.4}, {0.4, 0.55}};
  struct kz__canvas c;
  double area = (double)width * height;
  unsigned k = kz_rng_below(rng, 5);
  float where = kz_rng_uniform(rng); /* even: large holes are as frequent as small ones */
  int64_t lo = (int64_t)ceil(class[k].lo * area), hi = (int64_t)floor(class[k].hi * area);
  int64_t target = lo + (int64_t)((double)(hi - lo) * where);
  int64_t figures = 256 + (int64_t)(area / 32);
  memset(mask, 0, (size_t)width * (size_t)height);
  kz__canvas_init(&c, width, height, mask);
  c.limit = hi;
  for (; c.count < target && figures > 0; figures--) {
    struct kz__stroke_options o = {
        .length = 45, .bend = 0.6, .blob = 1.0 / 3.0, .blob_size = 40};
    o.width = kz_rng_int(rng, 4, 21);
    o.segments = kz_rng_int(rng, 3, 11);
    c.closed = false;
    kz__stroke.paint(&o, rng, &c);
  }
  kz__canvas_fill_up(&c, rng, lo);
  return (double)c.count / area;
}

static double mixture(struct kz_rng *rng, int width, int height, uint8_t *mask) {
  struct kz_damage_mix mix;
  kz_damage_mix_defaults(&mix);
  float u = kz_rng_uniform(rng);
  mix.min_cover = 0.01 + 0.44 * u * u;
  mix.max_cover = fmin(0.6, 1.25 * mix.min_cover + 0.03);
  return kz_damage_mix_draw(&mix, rng, width, height, mask);
}

static double draw(struct kz_rng *rng, int width, int height, uint8_t *mask) {
  float which = kz_rng_uniform(rng);
  if (which < 0.2f) return thin_cracks(rng, width, height, mask);
  if (which < 0.75f) return strokes(rng, width, height, mask);
  return mixture(rng, width, height, mask);
}

/* Copy a window; returns its damaged pixels. */
static int64_t cut(const uint8_t *from, int x, int y, int width, int height, uint8_t *mask) {
  int64_t count = 0;
  for (int i = 0; i < height; i++) {
    const uint8_t *row = from + (size_t)(y + i) * SIDE + x;
    memcpy(mask + (size_t)i * (size_t)width, row, (size_t)width);
    for (int j = 0; j < width; j++) count += row[j] != 0;
  }
  return count;
}

/* A window that came out empty gets a small hole, a full one a small rest. */
static int64_t mend(struct kz_rng *rng, int64_t count, int width, int height, uint8_t *mask) {
  int64_t n = (int64_t)width * height;
  if (count == 0) {
    struct kz__canvas c;
    kz__canvas_init(&c, width, height, mask);
    c.limit = n > 1 ? n - 1 : 1;
    kz__canvas_fill_up(&c, rng, 1 + n / 64);
    return c.count;
  }
  if (count < n || n == 1) return count;
  int64_t rest = 1 + n / 64, from = kz_rng_below(rng, (uint32_t)(n - rest + 1));
  memset(mask + from, 0, (size_t)rest);
  return n - rest;
}

double kz_damage_training_draw(struct kz_rng *rng, int width, int height, uint8_t *mask) {
  uint8_t whole[SIDE * SIDE];
  if (width > SIDE || height > SIDE || (width == SIDE && height == SIDE))
    return draw(rng, width, height, mask);
  int64_t n = (int64_t)width * height, count = 0;
  draw(rng, SIDE, SIDE, whole);
  for (int i = 0; i < WINDOWS && (count == 0 || count == n); i++) {
    int x = kz_rng_int(rng, 0, SIDE - width), y = kz_rng_int(rng, 0, SIDE - height);
    count = cut(whole, x, y, width, height, mask);
  }
  return (double)mend(rng, count, width, height, mask) / (double)n;
}
