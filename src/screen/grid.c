/* JPEG blocks: steps between neighbours, summed along each column and each row, clipped so that
 * edges of the painting do not drown them. A grid of 8 px shows as every eighth sum above the ones
 * beside it. Its phase is found, for a crop moves it. The ones two beside count as well, because
 * enlarging by 2 makes steps large and small in turn. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "screen/parts.h"

enum { MOST = 16, BATCH = 65535 / MOST, GRID = 8, LEAST = 3 * GRID };

static void add_steps(int n, const uint8_t *restrict a, uint16_t *restrict sums) {
  for (int x = 0; x < n; x++) {
    uint8_t d = a[x] > a[x + 1] ? (uint8_t)(a[x] - a[x + 1]) : (uint8_t)(a[x + 1] - a[x]);
    sums[x] = (uint16_t)(sums[x] + (d < MOST ? d : MOST));
  }
}

static uint32_t sum_steps(int n, const uint8_t *restrict a, const uint8_t *restrict b) {
  uint32_t sum = 0;
  for (int from = 0; from < n; from += BATCH) {
    uint16_t part = 0;
    const int end = n - from < BATCH ? n : from + BATCH;
    for (int x = from; x < end; x++) {
      uint8_t d = a[x] > b[x] ? (uint8_t)(a[x] - b[x]) : (uint8_t)(b[x] - a[x]);
      part = (uint16_t)(part + (d < MOST ? d : MOST));
    }
    sum += part;
  }
  return sum;
}

/* The grid's steps over those beside it, for the phase where this is largest. d [n]: sums, of
 * `lines` steps each. */
static double ratio(int n, const uint32_t *d, int lines) {
  const double quiet = 0.05 * lines; /* so that a constant picture has 1 */
  double best = 1;
  if (n < LEAST) return NAN;
  for (int phase = 0; phase < GRID; phase++) {
    double on = 0, next = 0, second = 0;
    for (int x = phase < 2 ? phase + GRID : phase; x + 2 < n; x += GRID) {
      on += d[x] + quiet;
      next += 0.5 * ((double)d[x - 1] + d[x + 1]) + quiet;
      second += 0.5 * ((double)d[x - 2] + d[x + 2]) + quiet;
    }
    double here = on / (next > second ? next : second);
    best = here > best ? here : best;
  }
  return best;
}

static void flush(int n, uint16_t *restrict sums, uint32_t *restrict columns) {
  for (int x = 0; x < n; x++) columns[x] += sums[x];
  memset(sums, 0, (size_t)n * sizeof *sums);
}

void kz__screen_grid(struct kz__screen *s, double *values) {
  const int w = s->w, h = s->h;
  uint32_t *across = s->columns, *down = s->columns + w;
  memset(across, 0, (size_t)w * sizeof *across);
  memset(s->sums, 0, (size_t)w * sizeof *s->sums);
  for (int y = 0; y < h; y++) {
    const uint8_t *row = s->luma + (size_t)y * (size_t)w;
    add_steps(w - 1, row, s->sums);
    if (y % BATCH == BATCH - 1) flush(w, s->sums, across);
    if (y + 1 < h) down[y] = sum_steps(w, row, row + w);
  }
  flush(w, s->sums, across);
  double a = ratio(w - 1, across, h), b = ratio(h - 1, down, w);
  values[KZ__JPEG_BLOCK] = isnan(a) ? b : isnan(b) ? a : sqrt(a * b);
}
