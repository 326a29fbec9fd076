/* How much of a painting is gone: an estimate for picking training pictures, not a detector. What
 * is bare is plaster: light, with little colour, and rough, where a painted white ground is smooth.
 * Each cell of a 64 x 64 map is judged by the mean luma Y, chroma C = max - min and roughness
 * R = min(|2 Y(x) - Y(x - 1) - Y(x + 1)|, 16) of a few of its rows, where 16 keeps a drawn line
 * from looking like a rough cell:
 *     light = ramp(Y, 90, 130)   pale = 1 - ramp(C, 24, 56)   rough = ramp(R, 5, 12)
 *     damage = light pale rough */
#include <string.h>

#include "screen/parts.h"

enum { SIDE = KZ_SCREEN_MAP, ROWS = 3, ROUGHEST = 16 };

static float ramp(float v, float from, float to) {
  v = (v - from) / (to - from);
  return v < 0 ? 0 : v > 1 ? 1 : v;
}

static void chroma(int n, const uint8_t *restrict p, uint8_t *restrict out) {
  for (int x = 0; x < n; x++) {
    uint8_t r = p[3 * x], g = p[3 * x + 1], b = p[3 * x + 2];
    uint8_t low = r < g ? r : g, high = r > g ? r : g;
    low = low < b ? low : b;
    high = high > b ? high : b;
    out[x] = (uint8_t)(high - low);
  }
}

static void roughness(int n, const uint8_t *restrict p, uint8_t *restrict out) {
  for (int x = 1; x + 1 < n; x++) {
    int d = 2 * p[x] - p[x - 1] - p[x + 1];
    d = d < 0 ? -d : d;
    out[x] = (uint8_t)(d < ROUGHEST ? d : ROUGHEST);
  }
  out[0] = n > 2 ? out[1] : 0;
  out[n - 1] = n > 2 ? out[n - 2] : 0;
}

/* The pixels of cell i of a side of n: at least one. */
static void extent(int i, int n, int *from, int *to) {
  *from = (int)((int64_t)i * n / SIDE);
  *to = (int)((int64_t)(i + 1) * n / SIDE);
  if (*to == *from) *to = *from + 1;
}

static void add_row(struct kz__screen *s, int y) {
  const uint8_t *luma = s->luma + (size_t)y * (size_t)s->w;
  const uint8_t *rows[3] = {luma, s->row[0], s->row[1]};
  chroma(s->w, s->rgb + 3 * (size_t)y * (size_t)s->w, s->row[0]);
  roughness(s->w, luma, s->row[1]);
  for (int k = 0; k < 3; k++)
    for (int i = 0; i < SIDE; i++) {
      int from, to;
      uint32_t sum = 0;
      extent(i, s->w, &from, &to);
      for (int x = from; x < to; x++) sum += rows[k][x];
      s->part.cells[k][i] += sum;
    }
}

void kz__screen_damage(struct kz__screen *s, double *values, uint8_t *map) {
  double total = 0;
  for (int cell = 0; cell < SIDE; cell++) {
    int top, end, rows = 0, from, to;
    extent(cell, s->h, &top, &end);
    int step = (end - top + ROWS - 1) / ROWS;
    memset(s->part.cells, 0, sizeof s->part.cells);
    for (int y = top + step / 2 < end ? top + step / 2 : top; y < end; y += step, rows++)
      add_row(s, y);
    for (int i = 0; i < SIDE; i++) {
      extent(i, s->w, &from, &to);
      float each = 1 / ((float)rows * (float)(to - from));
      float light = ramp(s->part.cells[0][i] * each, 90, 130);
      float pale = 1 - ramp(s->part.cells[1][i] * each, 24, 56);
      float rough = ramp(s->part.cells[2][i] * each, 5, 12);
      float damage = light * pale * rough;
      total += damage;
      map[cell * SIDE + i] = (uint8_t)(255 * damage + 0.5f);
    }
  }
  values[KZ__DAMAGE_SHARE] = 100 * total / (SIDE * SIDE);
}
