/* Grids of cells: sums of values over the known pixels of a cell with the share that is known,
 * smoothed, and filled from coarser cells. Part of fused_isa.c.
 *
 * With S the smoothed sums, W the smoothed weights, T the filled values, C the coarser level's
 * values enlarged bilinearly:
 *     T = (S + a C) / (W + a),  a = TRUST (1 - W)
 * so that a cell seen whole keeps its own value and an unseen one takes the coarser's, without a
 * step between. The coarsest level is T = S / W times W^2 / (W^2 + FADE^2): what nothing near tells
 * fades to zero. */
#ifndef KZ_FUSED_GRID_H
#define KZ_FUSED_GRID_H

#include <string.h>

#include "feature/fused_private.h"

#define INLINE static inline __attribute__((always_inline))
#define TRUST 0.2f
#define FADE 0.05f

static float *plane(const struct kz__grid *g, int p) {
  return g->data + (size_t)p * g->w * g->h;
}

/* Row buffer k of the scratch memory; columns -ROW_PAD to w + ROW_PAD - 1 may be touched. */
INLINE float *row_buffer(const struct kz__fused_space *s, int k) {
  return s->rows + (size_t)k * (s->w + 2 * KZ__FUSED_ROW_PAD) + KZ__FUSED_ROW_PAD;
}

/* [1 4 6 4 1] / 16 both ways over one plane; nothing beyond its border. spare: a plane; v: a row
 * with room for 2 more on either side. */
static void smooth5(int w, int h, float *restrict p, float *restrict spare, float *restrict v) {
  static const float zeros[1];
  memcpy(spare, p, (size_t)w * h * sizeof *p);
  v[-2] = v[-1] = v[w] = v[w + 1] = 0;
  for (int y = 0; y < h; y++) {
    const float *row[5];
    ptrdiff_t step[5];
    float *restrict d = p + (size_t)y * w;
    for (int k = 0; k < 5; k++) {
      int at = y + k - 2, in = at >= 0 && at < h;
      row[k] = in ? spare + (size_t)at * w : zeros;
      step[k] = in;
    }
    if (step[0] && step[1] && step[3] && step[4]) {
      const float *a = row[0], *b = row[1], *c = row[2], *e = row[3], *f = row[4];
      for (int x = 0; x < w; x++)
        v[x] = (a[x] + f[x]) * 0.0625f + (b[x] + e[x]) * 0.25f + c[x] * 0.375f;
    } else {
      for (int x = 0; x < w; x++)
        v[x] = (row[0][x * step[0]] + row[4][x * step[4]]) * 0.0625f +
               (row[1][x * step[1]] + row[3][x * step[3]]) * 0.25f + row[2][x] * 0.375f;
    }
    for (int x = 0; x < w; x++)
      d[x] = (v[x - 2] + v[x + 2]) * 0.0625f + (v[x - 1] + v[x + 1]) * 0.25f + v[x] * 0.375f;
  }
}

/* Means over 2 x 2 cells; what lies beyond the border counts as nothing. */
static void reduce_plane(const struct kz__grid *src, const struct kz__grid *dst, int p) {
  int half = src->w / 2;
  for (int y = 0; y < dst->h; y++) {
    const float *a = plane(src, p) + (size_t)2 * y * src->w;
    const float *b = a + src->w;
    float *restrict d = plane(dst, p) + (size_t)y * dst->w;
    if (2 * y + 1 < src->h) {
      for (int x = 0; x < half; x++)
        d[x] = 0.25f * ((a[2 * x] + b[2 * x]) + (a[2 * x + 1] + b[2 * x + 1]));
      if (src->w % 2) d[half] = 0.25f * (a[2 * half] + b[2 * half]);
    } else {
      for (int x = 0; x < half; x++) d[x] = 0.25f * (a[2 * x] + a[2 * x + 1]);
      if (src->w % 2) d[half] = 0.25f * a[2 * half];
    }
  }
}

/* Row y of a plane at twice its height and width, n columns of it into out; v: a row to spare. */
static void enlarge_row(const struct kz__grid *g, int p, int y, int n, float *restrict out,
                        float *restrict v) {
  int near = y / 2, far = y % 2 ? near + 1 : near - 1;
  if (far < 0) far = 0;
  if (far >= g->h) far = g->h - 1;
  const float *a = plane(g, p) + (size_t)near * g->w, *b = plane(g, p) + (size_t)far * g->w;
  for (int x = 0; x < g->w; x++) v[x] = 0.75f * a[x] + 0.25f * b[x];
  v[-1] = v[0];
  v[g->w] = v[g->w - 1];
  for (int x = 0; x < n / 2; x++) {
    out[2 * x] = 0.75f * v[x] + 0.25f * v[x - 1];
    out[2 * x + 1] = 0.75f * v[x] + 0.25f * v[x + 1];
  }
  if (n % 2) out[n - 1] = 0.75f * v[n / 2] + 0.25f * v[n / 2 - 1];
}

static void settle_coarsest(const struct kz__grid *g, int values) {
  size_t count = (size_t)g->w * g->h;
  const float *w = plane(g, values);
  for (int p = 0; p < values; p++) {
    float *restrict v = plane(g, p);
    for (size_t i = 0; i < count; i++) v[i] *= w[i] / (w[i] * w[i] + FADE * FADE);
  }
}

/* Values of levels[0] from its smoothed sums; the weights stay. Row buffers 0 and 1. */
static void fill_grid(const struct kz__fused_space *s, const struct kz__grid *levels, int count,
                      int values) {
  float *c = row_buffer(s, 0), *v = row_buffer(s, 1);
  int last = count - 1;
  for (int k = 0; k < last; k++)
    for (int p = 0; p <= values; p++) reduce_plane(&levels[k], &levels[k + 1], p);
  for (int p = 0; p <= values; p++)
    smooth5(levels[last].w, levels[last].h, plane(&levels[last], p), s->half, v);
  settle_coarsest(&levels[last], values);
  for (int k = last - 1; k >= 0; k--) {
    const struct kz__grid *g = &levels[k];
    for (int y = 0; y < g->h; y++) {
      const float *w = plane(g, values) + (size_t)y * g->w;
      for (int p = 0; p < values; p++) {
        float *restrict t = plane(g, p) + (size_t)y * g->w;
        enlarge_row(&levels[k + 1], p, y, g->w, c, v);
        for (int x = 0; x < g->w; x++) {
          float a = TRUST * (1 - w[x]) + 1e-6f;
          t[x] = (t[x] + a * c[x]) / (w[x] + a);
        }
      }
    }
  }
}

/* One interval between cell centres, f pixels. */
INLINE void spread(int f, float a, float b, float *restrict out) {
  float d = (b - a) * (1.0f / f), at = a + 0.5f * d;
  for (int j = 0; j < f; j++) out[j] = at + d * j;
}

/* Row y of the picture from a plane of cells of f px (a constant), bilinearly. out may be written
 * up to f px beyond either end; v: a row to spare. */
INLINE void enlarge_to_row(int f, const struct kz__grid *g, int p, int y, float *restrict out,
                           float *restrict v) {
  int at = y - f / 2, j = at >= 0 ? at / f : -1, k = j + 1;
  float t = (at - j * f + 0.5f) / f;
  if (j < 0) j = 0;
  if (k >= g->h) k = g->h - 1;
  const float *a = plane(g, p) + (size_t)j * g->w, *b = plane(g, p) + (size_t)k * g->w;
  for (int x = 0; x < g->w; x++) v[x] = a[x] + t * (b[x] - a[x]);
  v[-1] = v[0];
  v[g->w] = v[g->w - 1];
  for (int x = -1; x < g->w; x++) spread(f, v[x], v[x + 1], out + f * x + f / 2);
}

#endif
