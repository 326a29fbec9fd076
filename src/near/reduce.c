/* From RGB to a small luma. Rows are added up in 16 bits as they are, three samples to a pixel,
 * with weights that sum to 256, because that is one pass over the picture in plain vector code and
 * all that a large one costs; luma is taken of the sums. Along a row, the mean over a box with
 * broken ends is a difference of running sums. A box is never narrower than a pixel, so that
 * enlarging interpolates. */
#include <math.h>
#include <string.h>

#include "near/private.h"

/* A box's two ends: the pixel that each falls into, and how far. */
struct box {
  int k0, k1;
  float f0, f1;
};

static int within(int v, int lo, int hi) { return v < lo ? lo : v > hi ? hi : v; }

void kz__near_size(int w, int h, int *lw, int *lh) {
  double s = (double)KZ__NEAR_SIDE / sqrt((double)w * (double)h);
  s = fmin(s, (double)KZ__NEAR_LONGEST / (w > h ? w : h));
  *lw = within((int)lrint(w * s), 1, KZ__NEAR_LONGEST);
  *lh = within((int)lrint(h * s), 1, KZ__NEAR_LONGEST);
}

/* Box i of the n_dst that n_src pixels are divided into. */
static void ends(int n_src, int n_dst, int i, double *lo, double *hi) {
  double ratio = (double)n_src / n_dst, middle = (i + 0.5) * ratio;
  double half = fmax(ratio, 1.0) / 2;
  *lo = middle - half;
  *hi = middle + half;
}

static struct box box_at(int n_src, int n_dst, int i) {
  double lo, hi;
  struct box b;
  ends(n_src, n_dst, i, &lo, &hi);
  b.k0 = within((int)floor(lo), 0, n_src - 1);
  b.k1 = within((int)floor(hi), 0, n_src - 1);
  b.f0 = (float)(lo - b.k0); /* below 0 or above 1 where the box hangs over the end: the end's */
  b.f1 = (float)(hi - b.k1); /* pixel goes on */
  return b;
}

static void add_row(size_t n, const uint8_t *restrict row, unsigned weight,
                    uint16_t *restrict sums) {
  for (size_t i = 0; i < n; i++) sums[i] = (uint16_t)(sums[i] + row[i] * weight);
}

/* Weighted rows of box i; weights are rounded so that they sum to 256. */
static void gather_rows(int w, int h, const uint8_t *rgb, int n, int i, uint16_t *sums) {
  double lo, hi;
  int before = 0;
  size_t samples = (size_t)w * 3;
  ends(h, n, i, &lo, &hi);
  memset(sums, 0, samples * sizeof *sums);
  for (int k = (int)floor(lo); before < 256; k++) {
    int now = within((int)lrint(256 * (k + 1 - lo) / (hi - lo)), before, 256);
    if (now > before)
      add_row(samples, rgb + (size_t)within(k, 0, h - 1) * samples, (unsigned)(now - before), sums);
    before = now;
  }
}

static void luma_of_sums(int w, const uint16_t *restrict sums, uint16_t *restrict luma) {
  for (int x = 0; x < w; x++)
    luma[x] = (uint16_t)((77u * sums[3 * x] + 150u * sums[3 * x + 1] + 29u * sums[3 * x + 2]) >> 8);
}

/* running[k]: sum of row[0 .. k - 1], modulo 2^32. */
static void run_up(int w, const uint16_t *row, uint32_t *running) {
  uint32_t sum = 0;
  for (int x = 0; x < w; x++) {
    running[x] = sum;
    sum += row[x];
  }
}

static float mean_of(const struct box *b, const uint16_t *row, const uint32_t *running,
                     float scale) {
  return ((float)(running[b->k1] - running[b->k0]) + b->f1 * (float)row[b->k1] -
          b->f0 * (float)row[b->k0]) * scale;
}

/* sums [w, 3], row [w], running [w] and the boxes of a row. */
size_t kz__near_reduce_work(int w) {
  size_t n = (size_t)(w > KZ__NEAR_LONGEST ? w : KZ__NEAR_LONGEST);
  return 2 * n + n + n + (size_t)KZ__NEAR_LONGEST * (sizeof(struct box) / sizeof(uint32_t));
}

static float box_scale(int n_src, int n_dst, float scale) {
  return scale / (n_src > n_dst ? (float)n_src / (float)n_dst : 1.0f);
}

void kz__near_reduce(int w, int h, const uint8_t *rgb, int lw, int lh, uint16_t *luma,
                     uint32_t *work) {
  struct box *boxes = (struct box *)work;
  uint32_t *running = work + KZ__NEAR_LONGEST * (sizeof(struct box) / sizeof(uint32_t));
  uint16_t *row = (uint16_t *)(running + w), *sums = row + w;
  float scale = box_scale(w, lw, 1.0f / 16);
  for (int x = 0; x < lw; x++) boxes[x] = box_at(w, lw, x);
  for (int y = 0; y < lh; y++, luma += lw) {
    gather_rows(w, h, rgb, lh, y, sums);
    luma_of_sums(w, sums, row);
    run_up(w, row, running);
    for (int x = 0; x < lw; x++)
      luma[x] = (uint16_t)(mean_of(&boxes[x], row, running, scale) + 0.5f);
  }
}

void kz__near_shrink(int w, int h, const uint16_t *luma, int n, float *small, uint32_t *work) {
  struct box *boxes = (struct box *)work;
  uint32_t *running = work + KZ__NEAR_LONGEST * (sizeof(struct box) / sizeof(uint32_t));
  uint16_t *row = (uint16_t *)(running + w);
  float scale = box_scale(w, n, 1.0f);
  for (int x = 0; x < n; x++) boxes[x] = box_at(w, n, x);
  for (int y = 0; y < n; y++, small += n) {
    double lo, hi;
    int before = 0;
    ends(h, n, y, &lo, &hi);
    memset(row, 0, (size_t)w * sizeof *row);
    for (int k = (int)floor(lo); before < 16; k++) { /* 16 x KZ__NEAR_WHITE is the most it holds */
      int now = within((int)lrint(16 * (k + 1 - lo) / (hi - lo)), before, 16);
      const uint16_t *from = luma + (size_t)within(k, 0, h - 1) * (size_t)w;
      if (now > before)
        for (int x = 0; x < w; x++) row[x] = (uint16_t)(row[x] + from[x] * (now - before));
      before = now;
    }
    run_up(w, row, running);
    for (int x = 0; x < n; x++) small[x] = mean_of(&boxes[x], row, running, scale / 16);
  }
}
