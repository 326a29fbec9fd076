/* Exact Euclidean distances, capped at 127 px: from a hole's pixel to the nearest known one, from a
 * known pixel to the nearest hole. Part of fused_isa.c.
 *
 * Columns first: how far up or down is the nearest, g, by two running counts. Then along the row
 *     d2(x) = min over k of g(x + k)^2 + k^2
 * by trying every k: in 16-bit integers, 32 pixels to a vector, that beats the envelope of
 * parabolas, because a stretch of 64 px stops as soon as k^2 is more than its largest d2. */
#ifndef KZ_FUSED_DISTANCE_H
#define KZ_FUSED_DISTANCE_H

#include <stdbool.h>

#include "feature/fused_grid.inc.h"

enum { REACH = KZ__FUSED_REACH, STRETCH = 64 };

/* One row further: 0 at a pixel looked for, else one more than its neighbour's. */
INLINE void count_on(int w, const float *restrict mask, bool hole, const uint8_t *before,
                     uint8_t *now) {
  for (int x = 0; x < w; x++) {
    uint8_t next = before[x] < REACH ? (uint8_t)(before[x] + 1) : REACH;
    bool here = (mask[x] < 0.5f) != hole;
    now[x] = here ? 0 : next;
  }
}

/* below[0]: px down to the next known pixel; below[1]: to the next hole. */
static void look_below(const struct kz_fused_input *in, const struct kz__fused_space *s) {
  size_t w = (size_t)s->w;
  uint8_t *far = (uint8_t *)row_buffer(s, 0);
  memset(far, REACH, w);
  for (int y = s->h - 1; y >= 0; y--)
    for (int k = 0; k < 2; k++) {
      uint8_t *now = s->below[k] + (size_t)y * w;
      count_on(s->w, in->mask + (size_t)y * w, k, y + 1 < s->h ? now + w : far, now);
    }
}

/* What a row keeps while the rows above are counted. */
struct distance {
  uint8_t *above[2];  /* [w] */
  uint16_t *square[2]; /* g^2, REACH^2 for REACH px beyond either end */
  uint16_t *found;    /* d2 */
};

static void start_distance(const struct kz__fused_space *s, int first, struct distance *d) {
  size_t width = (size_t)s->w + 2 * KZ__FUSED_ROW_PAD;
  for (int k = 0; k < 2; k++) {
    d->above[k] = (uint8_t *)row_buffer(s, first + k);
    memset(d->above[k], REACH, (size_t)s->w);
    d->square[k] = (uint16_t *)(row_buffer(s, first + 2 + k) - KZ__FUSED_ROW_PAD);
    for (size_t x = 0; x < width; x++) d->square[k][x] = REACH * REACH;
    d->square[k] += KZ__FUSED_ROW_PAD;
  }
  d->found = (uint16_t *)row_buffer(s, first + 4);
}

INLINE void try_offset(int n, const uint16_t *restrict g, int k, uint16_t *restrict best) {
  uint16_t kk = (uint16_t)(k * k);
  for (int x = 0; x < n; x++) {
    uint16_t a = g[x - k], b = g[x + k];
    uint16_t c = (uint16_t)((a < b ? a : b) + kk);
    best[x] = c < best[x] ? c : best[x];
  }
}

/* d2 of a stretch, n px of it wanted, from one kind's g^2. */
static void search(int n, const uint16_t *g, uint16_t *best) {
  memcpy(best, g, STRETCH * sizeof *best);
  for (int k = 1; k < REACH;) {
    uint16_t most = 0;
    for (int x = 0; x < n; x++) most = best[x] > most ? best[x] : most;
    if (k * k >= most) return;
    for (int end = k + 8; k < end && k < REACH; k++) try_offset(STRETCH, g, k, best);
  }
}

static void square_row(int w, const uint8_t *restrict above, const uint8_t *restrict below,
                       uint16_t *restrict square) {
  for (int x = 0; x < w; x++) {
    uint16_t g = above[x] < below[x] ? above[x] : below[x];
    square[x] = (uint16_t)(g * g);
  }
}

static bool all_zero(int n, const uint16_t *g) {
  uint16_t any = 0;
  for (int x = 0; x < n; x++) any |= g[x];
  return !any;
}

/* log2(x), x >= 1, within 2.1e-6. */
INLINE float log2_of(float x) {
  int32_t u;
  memcpy(&u, &x, 4);
  int32_t e = (u >> 23) - 127;
  u = (u & 0x007fffff) | 0x3f800000;
  float m;
  memcpy(&m, &u, 4);
  m -= 1;
  float p = -0.026457288f;
  p = p * m + 0.123451025f;
  p = p * m - 0.279537649f;
  p = p * m + 0.458270570f;
  p = p * m - 0.718281869f;
  p = p * m + 1.442553142f;
  return e + p * m;
}

static void distance_row(const struct kz_fused_input *in, const struct kz__fused_space *s,
                         struct distance *d, int y, float *restrict out) {
  const float *restrict mask = in->mask + (size_t)y * s->w;
  for (int k = 0; k < 2; k++) {
    count_on(s->w, mask, k, d->above[k], d->above[k]);
    square_row(s->w, d->above[k], s->below[k] + (size_t)y * s->w, d->square[k]);
  }
  for (int x0 = 0; x0 < s->w; x0 += STRETCH) {
    int n = s->w - x0 < STRETCH ? s->w - x0 : STRETCH;
    uint16_t *known = d->square[0] + x0, *hole = d->square[1] + x0;
    uint16_t best[2][STRETCH] = {{0}}, largest = REACH * REACH;
    if (!all_zero(n, known)) search(n, known, best[0]);
    if (!all_zero(n, hole)) search(n, hole, best[1]);
    for (int x = 0; x < n; x++) { /* to its own kind a pixel's distance is 0 */
      uint16_t v = (uint16_t)(best[0][x] + best[1][x]);
      d->found[x0 + x] = v < largest ? v : largest;
    }
  }
  for (int x = 0; x < s->w; x++) {
    float v = 0.125f * log2_of(1 + sqrtf((float)d->found[x]));
    out[x] = mask[x] < 0.5f ? -v : v;
  }
}

#endif
