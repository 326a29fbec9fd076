/* How much of a painting is gone: an estimate for picking training pictures, not a detector. What
 * is bare is plaster: light, with little colour, and rough, where a painted white ground is smooth.
 * Each cell of a 64 x 64 map is judged by the mean luma Y, chroma C = max - min and roughness
 * R = min(|2 Y(x) - Y(x - 1) - Y(x + 1)|, 16) of a few of its rows, where 16 keeps a drawn line
 * from looking like a rough cell:
 *     light = ramp(Y, 90, 130)   pale = 1 - ramp(C, 24, 56)   rough = ramp(R, 5, 12)
 *     damage = light pale rough
 *
 * Roughness depends on how many pixels the picture has, so means of k x k pixels are what is
 * looked at, k such that the short side has between 320 and 640 of them. */
#include <string.h>

#include "screen/parts.h"

enum { SIDE = KZ_SCREEN_MAP, ROWS = 3, ROUGHEST = 16, LEAST = 320 };

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

/* The means of k x k pixels from row y on, n of them; k > 1. */
static void reduce(const struct kz__screen *s, int y, int k, int n, uint8_t *rgb, uint8_t *luma) {
  const size_t w = (size_t)s->w;
  const uint32_t area = (uint32_t)k * (uint32_t)k;
  for (int x = 0; x < n; x++) {
    uint32_t sum[3] = {0}, light = 0;
    for (int j = 0; j < k; j++) {
      size_t at = (size_t)(y + j) * w + (size_t)x * (size_t)k;
      for (int i = 0; i < k; i++, at++) {
        light += s->luma[at];
        for (int c = 0; c < 3; c++) sum[c] += s->rgb[3 * at + (size_t)c];
      }
    }
    luma[x] = (uint8_t)((light + area / 2) / area);
    for (int c = 0; c < 3; c++) rgb[3 * x + c] = (uint8_t)((sum[c] + area / 2) / area);
  }
}

static void add(int n, const uint8_t *restrict a, uint16_t *restrict sums) {
  for (int x = 0; x < n; x++) sums[x] = (uint16_t)(sums[x] + a[x]);
}

/* At most ROWS of them before the cells are summed. */
static void add_row(struct kz__screen *s, int y, int k) {
  const int n = s->w / k;
  const size_t at = (size_t)y * (size_t)s->w;
  const uint8_t *rgb = k > 1 ? s->row[3] : s->rgb + 3 * at;
  const uint8_t *luma = k > 1 ? s->row[2] : s->luma + at;
  if (k > 1) reduce(s, y, k, n, s->row[3], s->row[2]);
  chroma(n, rgb, s->row[0]);
  roughness(n, luma, s->row[1]);
  add(n, luma, s->tall[0]);
  add(n, s->row[0], s->tall[1]);
  add(n, s->row[1], s->tall[2]);
}

struct columns {
  int from[SIDE], to[SIDE];
};

/* Means of the three over the cells of a row of cells; empties the sums. */
static void sum_cells(struct kz__screen *s, const struct columns *c, int n, int rows,
                      float means[3][SIDE]) {
  for (int j = 0; j < 3; j++) {
    for (int i = 0; i < SIDE; i++) {
      uint32_t sum = 0;
      for (int x = c->from[i]; x < c->to[i]; x++) sum += s->tall[j][x];
      means[j][i] = (float)sum / ((float)rows * (float)(c->to[i] - c->from[i]));
    }
    memset(s->tall[j], 0, (size_t)n * sizeof *s->tall[j]);
  }
}

void kz__screen_damage(struct kz__screen *s, double *values, uint8_t *map) {
  const int least = s->w < s->h ? s->w : s->h, k = least < LEAST ? 1 : least / LEAST;
  const int n = s->w / k;
  struct columns columns;
  float means[3][SIDE];
  double total = 0;
  for (int i = 0; i < SIDE; i++) extent(i, n, &columns.from[i], &columns.to[i]);
  for (int j = 0; j < 3; j++) memset(s->tall[j], 0, (size_t)n * sizeof *s->tall[j]);
  for (int cell = 0; cell < SIDE; cell++) {
    int top, end, rows = 0;
    extent(cell, s->h / k, &top, &end);
    int step = (end - top + ROWS - 1) / ROWS;
    for (int y = top + step / 2 < end ? top + step / 2 : top; y < end; y += step, rows++)
      add_row(s, y * k, k);
    sum_cells(s, &columns, n, rows, means);
    for (int i = 0; i < SIDE; i++) {
      float light = ramp(means[0][i], 90, 130);
      float pale = 1 - ramp(means[1][i], 24, 56);
      float rough = ramp(means[2][i], 5, 12);
      float damage = light * pale * rough;
      total += damage;
      map[cell * SIDE + i] = (uint8_t)(255 * damage + 0.5f);
    }
  }
  values[KZ__DAMAGE_SHARE] = 100 * total / (SIDE * SIDE);
}
