/* One pass over the rows of the picture: everything that needs its pixels themselves. Part of
 * fused_isa.c. Row buffers stay in the first-level cache; what goes to memory is the smoothed luma
 * (a pair of floats a pixel) and the sums of cells. Values in holes are replaced by zero before
 * anything is computed with them: they may be anything, not-a-number too. */
#ifndef KZ_FUSED_SWEEP_H
#define KZ_FUSED_SWEEP_H

#include <math.h>
#include <stdbool.h>

#include "feature/fused_grid.inc.h"

enum { /* row buffers */
  ROW_LUMA,                   /* 3, in turn: luma, zero in holes */
  ROW_KNOWN = ROW_LUMA + 3,   /* 3: 1 known, 0 hole */
  ROW_TONE = ROW_KNOWN + 3,   /* 2: smoothed luma */
  ROW_SUM = ROW_TONE + 2,     /* vertical sums of luma, of weights */
  ROW_ENERGY = ROW_SUM + 2,   /* of four rows: energy, weight */
  ROW_COLOUR = ROW_ENERGY + 2, /* of eight rows: red, green, blue, weight */
  ROW_EVEN = ROW_COLOUR + 4,  /* products of derivatives between two rows: xx, xy, yy, weight */
  ROW_ODD = ROW_EVEN + 4,
  ROW_ODDER = ROW_ODD + 4,
  ROW_FREE = ROW_ODDER + 4
};

struct sweep {
  const struct kz_fused_input *in;
  const struct kz__fused_space *s;
  bool all; /* not the line alone */
  float *luma[3], *known[3], *tone[2];
  float *even[4], *odd[4], *odder[4]; /* odder: the odd row before */
};

static void load_row(const struct sweep *z, int y, float *restrict luma, float *restrict known) {
  int w = z->s->w;
  const float *restrict rgb = z->in->rgb + (size_t)y * w * 3;
  if (z->in->mask) {
    const float *restrict m = z->in->mask + (size_t)y * w;
    for (int x = 0; x < w; x++) known[x] = m[x] < 0.5f ? 1.0f : 0.0f;
  } else {
    for (int x = 0; x < w; x++) known[x] = 1;
  }
  for (int x = 0; x < w; x++) {
    float v = 0.1495f * rgb[3 * x] + 0.2935f * rgb[3 * x + 1] + 0.057f * rgb[3 * x + 2] + 0.5f;
    luma[x] = known[x] > 0 ? v : 0.0f;
  }
}

static void add_colours(const struct sweep *z, int y, const float *restrict known) {
  int w = z->s->w;
  const float *restrict rgb = z->in->rgb + (size_t)y * w * 3;
  float *restrict r = row_buffer(z->s, ROW_COLOUR), *restrict g = row_buffer(z->s, ROW_COLOUR + 1);
  float *restrict b = row_buffer(z->s, ROW_COLOUR + 2);
  float *restrict n = row_buffer(z->s, ROW_COLOUR + 3);
  for (int x = 0; x < w; x++) {
    bool k = known[x] > 0;
    r[x] += k ? rgb[3 * x] : 0.0f;
    g[x] += k ? rgb[3 * x + 1] : 0.0f;
    b[x] += k ? rgb[3 * x + 2] : 0.0f;
    n[x] += known[x];
  }
}

static float linear(float v) {
  if (v <= 0.04045f) return v > 0 ? v / 12.92f : 0;
  return powf((v + 0.055f) / 1.055f, 2.4f);
}

static float lab_curve(float t) {
  return t > 216.0f / 24389 ? cbrtf(t) : t * (24389.0f / 27 / 116) + 16.0f / 116;
}

/* sRGB in [-1, 1] to CIELAB (D65) as the channels have it. */
static void layout_colour(const float rgb[3], float lab[3]) {
  float r = linear(rgb[0] * 0.5f + 0.5f), g = linear(rgb[1] * 0.5f + 0.5f);
  float b = linear(rgb[2] * 0.5f + 0.5f);
  float x = lab_curve((0.4124564f * r + 0.3575761f * g + 0.1804375f * b) / 0.95047f);
  float y = lab_curve(0.2126729f * r + 0.7151522f * g + 0.0721750f * b);
  float v = lab_curve((0.0193339f * r + 0.1191920f * g + 0.9503041f * b) / 1.08883f);
  lab[0] = (116 * y - 16 - 50) / 50;
  lab[1] = 500 * (x - y) / 50;
  lab[2] = 200 * (y - v) / 50;
}

INLINE float sum_of(int n, const float *p) {
  float sum = 0;
  for (int i = 0; i < n; i++) sum += p[i];
  return sum;
}

/* Eight rows' sums to a row of cells: CIELAB of the mean colour, by its weight. Buffers beyond the
 * picture's width hold zeros. */
static void flush_colours(const struct kz__fused_space *s, int y) {
  const struct kz__grid *g = &s->colour[0];
  size_t at = (size_t)(y / 8) * g->w;
  float *sums[4];
  for (int p = 0; p < 4; p++) sums[p] = row_buffer(s, ROW_COLOUR + p);
  for (int x = 0; x < g->w; x++) {
    float n = sum_of(8, sums[3] + 8 * x), rgb[3], lab[3] = {0, 0, 0};
    for (int p = 0; p < 3; p++) rgb[p] = sum_of(8, sums[p] + 8 * x) / (n > 0 ? n : 1);
    if (n > 0) layout_colour(rgb, lab);
    for (int p = 0; p < 3; p++) plane(g, p)[at + x] = lab[p] * (n / 64);
    plane(g, 3)[at + x] = n / 64;
  }
  for (int p = 0; p < 4; p++) memset(sums[p], 0, (size_t)s->w * sizeof(float));
}

/* Four rows' energies to a row of cells. */
static void flush_energy(const struct kz__fused_space *s, int y) {
  const struct kz__grid *g = &s->texture[0];
  float *e = row_buffer(s, ROW_ENERGY), *n = row_buffer(s, ROW_ENERGY + 1);
  float *restrict fine = plane(g, 0) + (size_t)(y / 4) * g->w;
  float *restrict weight = plane(g, 2) + (size_t)(y / 4) * g->w;
  for (int x = 0; x < g->w; x++) {
    fine[x] = sum_of(4, e + 4 * x) * 0.0625f;
    weight[x] = sum_of(4, n + 4 * x) * 0.0625f;
  }
  memset(e, 0, (size_t)s->w * sizeof(float));
  memset(n, 0, (size_t)s->w * sizeof(float));
}

static void sum_rows(int w, const float *a, const float *b, const float *c, float *restrict v) {
  for (int x = 0; x < w; x++) v[x] = a[x] + 2 * b[x] + c[x];
}

/* 3 x 3 binomial normalised smoothing of row y, known pixels only; its pairs; the energy of what
 * smoothing took away. */
static void smooth_row(const struct sweep *z, int y) {
  const struct kz__fused_space *s = z->s;
  int a = (y + 2) % 3, b = y % 3, c = (y + 1) % 3, w = s->w;
  float *v = row_buffer(s, ROW_SUM), *n = row_buffer(s, ROW_SUM + 1);
  const float *restrict luma = z->luma[b], *restrict known = z->known[b];
  float *restrict tone = z->tone[y % 2];
  float *restrict pair = s->tone + ((y + KZ__FUSED_PAD) * s->stride + KZ__FUSED_PAD) * 2;
  sum_rows(w, z->luma[a], luma, z->luma[c], v);
  sum_rows(w, z->known[a], known, z->known[c], n);
  for (int x = 0; x < w; x++) {
    float sum = v[x - 1] + 2 * v[x] + v[x + 1], weight = n[x - 1] + 2 * n[x] + n[x + 1];
    float mean = sum / (weight > 1 ? weight : 1.0f);
    tone[x] = known[x] > 0 ? mean : 0.0f;
  }
  for (int x = 0; x < w; x++) {
    pair[2 * x] = tone[x];
    pair[2 * x + 1] = known[x];
  }
  if (!z->all) return;
  float *restrict e = row_buffer(s, ROW_ENERGY), *restrict k = row_buffer(s, ROW_ENERGY + 1);
  for (int x = 0; x < w; x++) {
    float d = luma[x] - tone[x];
    e[x] += d * d;
    k[x] += known[x];
  }
}

/* Products of derivatives between rows y and y + 1, where the four pixels around are known. */
static void derive_row(const struct sweep *z, int y, float *const q[4]) {
  const float *restrict a = z->tone[y % 2], *restrict c = z->tone[(y + 1) % 2];
  const float *restrict k = z->known[y % 3], *restrict l = z->known[(y + 1) % 3];
  float *restrict xx = q[0], *restrict xy = q[1], *restrict yy = q[2], *restrict n = q[3];
  for (int x = 0; x < z->s->w - 1; x++) {
    float known = k[x] * k[x + 1] * (l[x] * l[x + 1]);
    float d = a[x + 1] - c[x], e = c[x + 1] - a[x];
    float dx = (d + e) * 0.5f * known, dy = (e - d) * 0.5f * known;
    xx[x] = dx * dx;
    xy[x] = dx * dy;
    yy[x] = dy * dy;
    n[x] = known;
  }
}

/* Row j of the tensor's cells from the derivative rows 2j - 1, 2j, 2j + 1: [1 2 1] both ways. */
static void flush_tensor(const struct sweep *z, int j, float *const a[4], float *const b[4],
                         float *const c[4]) {
  const struct kz__grid *g = &z->s->tensor[0];
  float *v = row_buffer(z->s, ROW_SUM);
  for (int p = 0; p < 4; p++) {
    float *restrict d = plane(g, p) + (size_t)j * g->w;
    sum_rows(z->s->w, a[p], b[p], c[p], v);
    v[-1] = v[z->s->w] = 0;
    for (int x = 0; x < g->w; x++)
      d[x] = (v[2 * x - 1] + 2 * v[2 * x] + v[2 * x + 1]) * 0.0625f;
  }
}

/* Row y has come: derivatives above it, and a row of cells whenever an odd one is there. */
static void extend_tensor(struct sweep *z, int y) {
  if (y % 2) {
    derive_row(z, y - 1, z->even);
  } else if (y) {
    derive_row(z, y - 1, z->odd);
    flush_tensor(z, y / 2 - 1, z->odder, z->even, z->odd);
    for (int p = 0; p < 4; p++) {
      float *t = z->odder[p];
      z->odder[p] = z->odd[p];
      z->odd[p] = t;
    }
  }
}

static void clear4(const struct kz__fused_space *s, float *const q[4]) {
  for (int p = 0; p < 4; p++) memset(q[p] - 1, 0, (size_t)(s->w + 2) * sizeof(float));
}

static void finish_tensor(struct sweep *z) {
  int h = z->s->h;
  clear4(z->s, z->odd);
  if (h % 2) clear4(z->s, z->even);
  flush_tensor(z, (h - 1) / 2, z->odder, z->even, z->odd);
}

/* Two rows, y and the one above, to a row of half-size cells: sum of smoothed luma and weight. What
 * smoothing took away would else come back here as coarse. */
static void halve_rows(const struct sweep *z, int y) {
  const struct kz__fused_space *s = z->s;
  float *v = row_buffer(s, ROW_SUM), *n = row_buffer(s, ROW_SUM + 1);
  const float *a = z->tone[(y - 1) % 2], *b = z->tone[y % 2];
  const float *k = z->known[(y - 1) % 3], *l = z->known[y % 3];
  float *restrict sum = s->half + (size_t)(y / 2) * s->hw;
  float *restrict weight = sum + (size_t)s->hw * s->hh;
  for (int x = 0; x < s->w; x++) v[x] = a[x] + b[x];
  for (int x = 0; x < s->w; x++) n[x] = k[x] + l[x];
  v[s->w] = n[s->w] = 0;
  for (int x = 0; x < s->hw; x++) {
    sum[x] = (v[2 * x] + v[2 * x + 1]) * 0.25f;
    weight[x] = (n[2 * x] + n[2 * x + 1]) * 0.25f;
  }
}

/* The band one octave down: half-size cells against its smoothing, into the texture's cells. */
static void add_coarse_energy(const struct kz__fused_space *s) {
  const struct kz__grid *g = &s->texture[0];
  float *v = row_buffer(s, ROW_SUM), *n = row_buffer(s, ROW_SUM + 1);
  float *restrict e = row_buffer(s, ROW_ENERGY), *zero = row_buffer(s, ROW_LUMA);
  const float *sum = s->half, *weight = s->half + (size_t)s->hw * s->hh;
  int w = s->hw, h = s->hh;
  memset(zero, 0, (size_t)w * sizeof *zero);
  memset(e, 0, (size_t)(w + 1) * sizeof *e);
  v[-1] = n[-1] = v[w] = n[w] = 0;
  for (int y = 0; y < h; y++) {
    size_t at = (size_t)y * w;
    sum_rows(w, y ? sum + at - w : zero, sum + at, y + 1 < h ? sum + at + w : zero, v);
    sum_rows(w, y ? weight + at - w : zero, weight + at, y + 1 < h ? weight + at + w : zero, n);
    for (int x = 0; x < w; x++) {
      float k = weight[at + x], near = n[x - 1] + 2 * n[x] + n[x + 1];
      float mean = (v[x - 1] + 2 * v[x] + v[x + 1]) / (near > 0.25f ? near : 0.25f);
      float d = sum[at + x] / (k > 0.25f ? k : 0.25f) - mean;
      e[x] += k * d * d;
    }
    if (y % 2 == 0 && y + 1 < h) continue;
    float *restrict coarse = plane(g, 1) + (size_t)(y / 2) * g->w;
    for (int x = 0; x < g->w; x++) coarse[x] = (e[2 * x] + e[2 * x + 1]) * 0.25f;
    memset(e, 0, (size_t)w * sizeof *e);
  }
}

static void start_sweep(struct sweep *z, const struct kz_fused_input *in,
                        const struct kz__fused_space *s, bool all) {
  *z = (struct sweep){.in = in, .s = s, .all = all};
  memset(s->rows, 0,
         (size_t)ROW_FREE * (s->w + 2 * KZ__FUSED_ROW_PAD) * sizeof *s->rows);
  for (int k = 0; k < 3; k++) z->luma[k] = row_buffer(s, ROW_LUMA + k);
  for (int k = 0; k < 3; k++) z->known[k] = row_buffer(s, ROW_KNOWN + k);
  for (int k = 0; k < 2; k++) z->tone[k] = row_buffer(s, ROW_TONE + k);
  for (int p = 0; p < 4; p++) {
    z->even[p] = row_buffer(s, ROW_EVEN + p);
    z->odd[p] = row_buffer(s, ROW_ODD + p);
    z->odder[p] = row_buffer(s, ROW_ODDER + p);
  }
}

/* The margins of a pair plane; the inside is about to be written. */
static void clear_margins(const struct kz__fused_space *s, float *pairs) {
  size_t stride = (size_t)s->stride * 2, left = 2 * KZ__FUSED_PAD, inside = (size_t)s->w * 2;
  size_t rows = (size_t)(s->h + s->h % 2 + 2 * KZ__FUSED_PAD);
  for (size_t y = 0; y < rows; y++) {
    float *p = pairs + y * stride;
    if (y < KZ__FUSED_PAD || y >= KZ__FUSED_PAD + (size_t)s->h) {
      memset(p, 0, stride * sizeof *p);
    } else {
      memset(p, 0, left * sizeof *p);
      memset(p + left + inside, 0, (stride - left - inside) * sizeof *p);
    }
  }
}

static void sweep_picture(const struct kz_fused_input *in, const struct kz__fused_space *s,
                          bool all) {
  struct sweep z;
  start_sweep(&z, in, s, all);
  clear_margins(s, s->tone);
  for (int y = 0; y <= s->h; y++) { /* row y is loaded, row y - 1 is worked on */
    float *luma = z.luma[y % 3], *known = z.known[y % 3];
    if (y < s->h) {
      load_row(&z, y, luma, known);
      if (all) add_colours(&z, y, known);
      if (all && (y % 8 == 7 || y + 1 == s->h)) flush_colours(s, y);
    } else {
      memset(luma, 0, (size_t)s->w * sizeof *luma);
      memset(known, 0, (size_t)s->w * sizeof *known);
    }
    if (!y) continue;
    smooth_row(&z, y - 1);
    extend_tensor(&z, y - 1);
    if (all && y % 2 == 0) halve_rows(&z, y - 1);
    if (all && ((y - 1) % 4 == 3 || y == s->h)) flush_energy(s, y - 1);
  }
  finish_tensor(&z);
  if (!all) return;
  if (s->h % 2) { /* the last row, with nothing below */
    memset(z.tone[s->h % 2], 0, (size_t)s->w * sizeof(float));
    halve_rows(&z, s->h);
  }
  add_coarse_energy(s);
}

#endif
