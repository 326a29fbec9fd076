/* Blur, by the width of edges: along a line, a stretch where every step rises or every step falls
 * is an edge of height A; with m its steepest step, A / m is its width in px. For a step blurred by
 * a Gaussian this is sqrt(2 pi) sigma, and a texture's contrast cancels.
 *
 * Washes are wide edges in any painting, so the strongest third of the edges is taken, and of these
 * the width that a quarter are below: a picture in focus has sharp lines somewhere. Motion makes
 * edges wide along one direction only, so widths are told apart by the direction of the lines. A
 * sample of lines is enough, whatever the size. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "screen/parts.h"

enum { SAMPLED = 14000, LEAST_HEIGHT = 24, LEAST_EDGES = 12 };

typedef uint32_t table[KZ__HEIGHTS][KZ__WIDTHS];

static void count_edge(table t, int height, int steepest) {
  if (height < LEAST_HEIGHT) return;
  int width = 8 * height / steepest;
  t[height / 8][width < KZ__WIDTHS ? width : KZ__WIDTHS - 1]++;
}

/* One line of n pixels, `stride` bytes apart. */
static void follow(const uint8_t *p, int n, ptrdiff_t stride, table t) {
  int height = 0, steepest = 1, sign = 0, before = p[0];
  for (int i = 1; i < n; i++) {
    p += stride;
    int d = *p - before, now = (d > 0) - (d < 0), size = abs(d);
    before = *p;
    if (now != sign) {
      count_edge(t, height, steepest);
      height = 0;
      steepest = 1;
      sign = now;
    }
    height += size;
    steepest = size > steepest ? size : steepest;
  }
  count_edge(t, height, steepest);
}

static void follow_diagonals(struct kz__screen *s, int step) {
  const int w = s->w, h = s->h;
  for (int64_t at = step / 2 - (int64_t)h + 1; at < w; at += step) { /* x - y along the line */
    int x = at > 0 ? (int)at : 0, y = at < 0 ? (int)-at : 0;
    int n = w - x < h - y ? w - x : h - y;
    const uint8_t *row = s->luma + (size_t)y * (size_t)w;
    follow(row + x, n, (ptrdiff_t)w + 1, s->part.edges[2]);
    follow(row + w - 1 - x, n, (ptrdiff_t)w - 1, s->part.edges[3]);
  }
}

/* The width that a quarter of the strongest third are below, px; NaN without edges. */
static double width(table *first, int tables) {
  uint64_t total = 0, kept = 0, sum = 0;
  uint32_t at[KZ__WIDTHS] = {0};
  for (int t = 0; t < tables; t++)
    for (int i = 0; i < KZ__HEIGHTS; i++)
      for (int k = 0; k < KZ__WIDTHS; k++) total += first[t][i][k];
  if (total < LEAST_EDGES) return NAN;
  for (int i = KZ__HEIGHTS - 1; i >= 0 && 3 * kept < total; i--)
    for (int t = 0; t < tables; t++)
      for (int k = 0; k < KZ__WIDTHS; k++) {
        at[k] += first[t][i][k];
        kept += first[t][i][k];
      }
  for (int k = 0; k < KZ__WIDTHS; k++) {
    if (4 * (sum + at[k]) >= kept) return (k + (kept / 4.0 - (double)sum) / at[k]) / 8;
    sum += at[k];
  }
  return KZ__WIDTHS / 8.0;
}

void kz__screen_edges(struct kz__screen *s, double *values) {
  const double diagonal[KZ__DIRECTIONS] = {1, 1, M_SQRT2, M_SQRT2};
  double least = INFINITY, most = 0;
  int known = 0;
  memset(s->part.edges, 0, sizeof s->part.edges);
  const int step = kz__screen_step(s, SAMPLED);
  for (int y = step / 2; y < s->h; y += step)
    follow(s->luma + (size_t)y * (size_t)s->w, s->w, 1, s->part.edges[0]);
  for (int x = step / 2; x < s->w; x += step)
    follow(s->luma + x, s->h, s->w, s->part.edges[1]);
  follow_diagonals(s, step);
  values[KZ__SHARPNESS] = width(s->part.edges, 2);
  for (int i = 0; i < KZ__DIRECTIONS; i++) {
    double v = width(&s->part.edges[i], 1) * diagonal[i];
    if (isnan(v)) continue;
    known++;
    least = v < least ? v : least;
    most = v > most ? v : most;
  }
  if (known == KZ__DIRECTIONS) values[KZ__MOTION] = most / least;
}
