/* Painted lines, after Kang, Lee and Chui's flow-based difference of Gaussians (2007): a filter
 * across the flow, then smoothing along it. Part of fused_isa.c.
 *
 * Across, the line's tone C (a Gaussian of 1.1 px) is compared with that of either side, L and R
 * (Gaussians 2 to 8 px off), each over its known pixels alone:
 *     e = (min(L, R) - C) min(1, 2 w_L) min(1, 2 w_R)
 * Where the plain difference takes the mean of both sides, and so sees a line along every edge, a
 * painted contour has to be darker than both. e is signed until it has been smoothed along the
 * flow, so that noise cancels; then tanh. Twice along, a straight stretch each time at its own
 * pixel's direction, follows a curve. What is smoothed along the flow runs a few pixels into a
 * hole.
 *
 * Directions come in 32 steps, one for each cell of 2 px, so that its pixels share their taps: two
 * neighbours, values and weights, are one load of four floats. */
#ifndef KZ_FUSED_LINE_H
#define KZ_FUSED_LINE_H

#include "feature/fused_sweep.inc.h"

enum { BINS = 32, ACROSS = 3, SIDE_FROM = 2, SIDE = 7, ALONG = 6 };
#define LINE_GAIN 14.0f
#define LINE_NOISE 0.016f
#define TENSOR_NOISE 2e-4f /* squared luma a px: flatter than this has no direction */

typedef float pair2 __attribute__((vector_size(16), aligned(4), may_alias));

struct taps {
  int across[BINS][2 * ACROSS + 1], left[BINS][SIDE], right[BINS][SIDE], along[BINS][2 * ALONG + 1];
  float across_k[2 * ACROSS + 1], side_k[SIDE], along_k[2 * ALONG + 1];
};

static void gaussian(int n, float centre, float sigma, float *k) {
  float sum = 0;
  for (int i = 0; i < n; i++) {
    float d = (i - centre) / sigma;
    sum += k[i] = expf(-0.5f * d * d);
  }
  for (int i = 0; i < n; i++) k[i] /= sum;
}

/* In floats, from a pixel's pair to the one t px off in direction (c, s). */
static int offset(const struct kz__fused_space *space, float c, float s, int t) {
  return 2 * ((int)lrintf(s * t) * (int)space->stride + (int)lrintf(c * t));
}

static void make_taps(const struct kz__fused_space *space, struct taps *t) {
  for (int b = 0; b < BINS; b++) {
    float angle = 3.14159265f * b / BINS, c = cosf(angle), s = sinf(angle);
    for (int i = -ACROSS; i <= ACROSS; i++) t->across[b][i + ACROSS] = offset(space, -s, c, i);
    for (int i = 0; i < SIDE; i++) {
      t->left[b][i] = offset(space, -s, c, i + SIDE_FROM);
      t->right[b][i] = offset(space, -s, c, -i - SIDE_FROM);
    }
    for (int i = -ALONG; i <= ALONG; i++) t->along[b][i + ALONG] = offset(space, c, s, i);
  }
  gaussian(2 * ACROSS + 1, ACROSS, 1.1f, t->across_k);
  gaussian(SIDE, 4.5f - SIDE_FROM, 1.8f, t->side_k);
  gaussian(2 * ALONG + 1, ALONG, 2.8f, t->along_k);
}

/* atan2(s, c) / (2 pi), in turns, -1/2 to 1/2; within 1e-4. */
INLINE float turns(float s, float c) {
  float as = fabsf(s), ac = fabsf(c);
  float most = as > ac ? as : ac, least = as > ac ? ac : as;
  float r = least / (most > 1e-20f ? most : 1e-20f), q = r * r;
  float t = r * (0.15841592f + q * (-0.04594521f + q * 0.01262587f));
  t = as > ac ? 0.25f - t : t;
  t = c < 0 ? 0.5f - t : t;
  return s < 0 ? -t : t;
}

/* The filled tensor becomes gradient magnitude and coherence by direction, in place; the direction
 * along the structure (theta, half of the angle here) goes to the bins. */
static void read_tensor(const struct kz__fused_space *s) {
  size_t count = (size_t)s->hw * s->hh;
  float *restrict xx = plane(&s->tensor[0], 0), *restrict xy = plane(&s->tensor[0], 1);
  float *restrict yy = plane(&s->tensor[0], 2);
  uint8_t *restrict bins = s->bins;
  for (size_t i = 0; i < count; i++) {
    float c = yy[i] - xx[i], d = -2 * xy[i], trace = xx[i] + yy[i];
    int turn = (int)(turns(d, c) * BINS + (BINS + 0.5f));
    bins[i] = (uint8_t)(turn & (BINS - 1));
    xx[i] = 4 * sqrtf(trace > 0 ? trace : 0.0f);
    xy[i] = c / (trace + TENSOR_NOISE);
    yy[i] = d / (trace + TENSOR_NOISE);
  }
}

static void tensor_field(const struct kz__fused_space *s) {
  float *v = row_buffer(s, 1);
  for (int p = 0; p < 4; p++)
    for (int k = 0; k < 2; k++) smooth5(s->hw, s->hh, plane(&s->tensor[0], p), s->half, v);
  fill_grid(s, s->tensor, KZ__FUSED_LEVELS, 3);
  read_tensor(s);
}

INLINE pair2 gather(int n, const float *p, const int *at, const float *k) {
  pair2 sum = {0};
  for (int i = 0; i < n; i++) sum += *(const pair2 *)(p + at[i]) * k[i];
  return sum;
}

INLINE float positive(float v) { return v > 1e-6f ? v : 1e-6f; }

/* Row y of the ridge's pairs. */
static void cross_row(const struct kz__fused_space *s, const struct taps *t, int y) {
  float *c = row_buffer(s, 0), *l = row_buffer(s, 2), *r = row_buffer(s, 4);
  ptrdiff_t at = ((y + KZ__FUSED_PAD) * s->stride + KZ__FUSED_PAD) * 2;
  const float *tone = s->tone + at;
  const uint8_t *bins = s->bins + (size_t)(y / 2) * s->hw;
  float *restrict ridge = s->ridge + at;
  for (int x = 0; x < s->hw; x++) {
    const float *p = tone + 4 * x;
    *(pair2 *)(c + 4 * x) = gather(2 * ACROSS + 1, p, t->across[bins[x]], t->across_k);
    *(pair2 *)(l + 4 * x) = gather(SIDE, p, t->left[bins[x]], t->side_k);
    *(pair2 *)(r + 4 * x) = gather(SIDE, p, t->right[bins[x]], t->side_k);
  }
  for (int x = 0; x < s->w; x++) {
    float wl = l[2 * x + 1], wr = r[2 * x + 1], known = tone[2 * x + 1];
    float a = l[2 * x] / positive(wl), b = r[2 * x] / positive(wr);
    float sure = (wl < 0.5f ? 2 * wl : 1.0f) * (wr < 0.5f ? 2 * wr : 1.0f);
    float e = ((a < b ? a : b) - c[2 * x] / positive(c[2 * x + 1])) * sure;
    ridge[2 * x] = known > 0 ? e : 0.0f;
    ridge[2 * x + 1] = known;
  }
}

/* Sums along the flow of row y of a pair plane. */
static void along_pairs(const struct kz__fused_space *s, const struct taps *t, int y,
                        const float *pairs, float *e) {
  const float *p = pairs + ((y + KZ__FUSED_PAD) * s->stride + KZ__FUSED_PAD) * 2;
  const uint8_t *bins = s->bins + (size_t)(y / 2) * s->hw;
  for (int x = 0; x < s->hw; x++)
    *(pair2 *)(e + 4 * x) = gather(2 * ALONG + 1, p + 4 * x, t->along[bins[x]], t->along_k);
}

/* Along the flow once: from the ridge to the plane that held the tone, whose margins are clear. */
static void smooth_along(const struct kz__fused_space *s, const struct taps *t) {
  float *e = row_buffer(s, 0);
  for (int y = 0; y < s->h; y++) {
    float *to = s->tone + ((y + KZ__FUSED_PAD) * s->stride + KZ__FUSED_PAD) * 2;
    along_pairs(s, t, y, s->ridge, e);
    memcpy(to, e, (size_t)s->w * 2 * sizeof *e);
  }
}

/* Row y of the line channel. Row buffers 0 and 1. */
static void along_row(const struct kz__fused_space *s, const struct taps *t, int y,
                      float *restrict line) {
  float *e = row_buffer(s, 0);
  along_pairs(s, t, y, s->tone, e);
  for (int x = 0; x < s->w; x++) {
    float w = e[2 * x + 1];
    float v = LINE_GAIN * (e[2 * x] / (w > 0.35f ? w : 0.35f) - LINE_NOISE);
    v = v > 0 ? v : 0.0f;
    v = v < 3 ? v : 3.0f;
    line[x] = v * (27 + v * v) / (27 + 9 * v * v); /* tanh within 0.025, 1 at 3 */
  }
}

static void cross_flow(const struct kz__fused_space *s, const struct taps *t) {
  clear_margins(s, s->ridge);
  for (int y = 0; y < s->h; y++) cross_row(s, t, y);
  smooth_along(s, t);
}

#endif
