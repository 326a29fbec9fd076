/* The palette by k-means. The sample is kept as one array for each coordinate and distances are
 * taken centre by centre over all points, which the compiler turns into vector code; lightness is
 * scaled beforehand, so that the distance is plain everywhere. Clusters are kept as sums, so that
 * two of them are joined by adding. */
#include "feature/palette.h"

#include <math.h>
#include <string.h>

enum { SAMPLE = 4096, FEW = 64, ROUNDS = 12 };

#define NEAR 24.0f /* weighted distance within which two colours of one pigment are one colour */

struct sample {
  int n;
  float l[SAMPLE], a[SAMPLE], b[SAMPLE]; /* l times KZ_PALETTE_LIGHTNESS */
  float x[SAMPLE], y[SAMPLE];
  float least[SAMPLE]; /* squared distance to the nearest centre */
  int32_t label[SAMPLE];
};

struct cluster {
  double n, l, a, b, x, y, xx, yy; /* sums over its points */
};

/* ---- colour ---- */

static float linear(int byte) {
  float v = (float)byte / 255.0f;
  return v <= 0.04045f ? v / 12.92f : powf((v + 0.055f) / 1.055f, 2.4f);
}

static float lab_f(float t) {
  return t > 216.0f / 24389.0f ? cbrtf(t) : (24389.0f / 27.0f * t + 16.0f) / 116.0f;
}

/* sRGB's own matrix (IEC 61966-2-1), its rows divided by the white point D65. */
static void lab_from_linear(float r, float g, float b, float lab[3]) {
  float fx = lab_f(0.4339499f * r + 0.3762098f * g + 0.1898403f * b);
  float fy = lab_f(0.2126729f * r + 0.7151522f * g + 0.0721750f * b);
  float fz = lab_f(0.0177566f * r + 0.1094680f * g + 0.8727755f * b);
  lab[0] = 116.0f * fy - 16.0f;
  lab[1] = 500.0f * (fx - fy);
  lab[2] = 200.0f * (fy - fz);
}

void kz_lab_from_srgb(const uint8_t rgb[3], float lab[3]) {
  lab_from_linear(linear(rgb[0]), linear(rgb[1]), linear(rgb[2]), lab);
}

/* ---- the sample ---- */

static void gather(int w, int h, const uint8_t *rgb, const uint8_t *mask, int step,
                   const float table[256], struct sample *s) {
  int64_t nx = (w + step - 1) / step, ny = (h + step - 1) / step;
  s->n = 0;
  for (int64_t j = 0; j < ny; j++)
    for (int64_t i = 0; i < nx && s->n < SAMPLE; i++) {
      int64_t x = (2 * i + 1) * w / (2 * nx), y = (2 * j + 1) * h / (2 * ny), at = y * w + x;
      float lab[3];
      if (mask && mask[at]) continue;
      lab_from_linear(table[rgb[3 * at]], table[rgb[3 * at + 1]], table[rgb[3 * at + 2]], lab);
      s->l[s->n] = KZ_PALETTE_LIGHTNESS * lab[0];
      s->a[s->n] = lab[1];
      s->b[s->n] = lab[2];
      s->x[s->n] = ((float)x + 0.5f) / (float)w;
      s->y[s->n++] = ((float)y + 0.5f) / (float)h;
    }
}

/* The coarsest grid that gives SAMPLE points; where hardly any of them is known, finer ones. */
static void gather_known(int w, int h, const uint8_t *rgb, const uint8_t *mask, struct sample *s) {
  float table[256];
  int step = (int)sqrt((double)w * h / SAMPLE);
  for (int i = 0; i < 256; i++) table[i] = linear(i);
  if (step < 1) step = 1;
  while ((int64_t)((w + step - 1) / step) * ((h + step - 1) / step) > SAMPLE) step++;
  gather(w, h, rgb, mask, step, table, s);
  while (s->n < FEW && step > 1) {
    step /= 2;
    gather(w, h, rgb, mask, step, table, s);
  }
}

/* ---- clusters ---- */

/* The choice by masks of bits, because gcc leaves `closer ? label : ...` a branch. */
static void measure(struct sample *restrict s, float l, float a, float b, int32_t label) {
  const int n = s->n;
  for (int i = 0; i < n; i++) {
    float dl = s->l[i] - l, da = s->a[i] - a, db = s->b[i] - b;
    float d = dl * dl + da * da + db * db;
    int32_t closer = -(int32_t)(d < s->least[i]);
    s->label[i] ^= (s->label[i] ^ label) & closer;
    s->least[i] = d < s->least[i] ? d : s->least[i];
  }
}

static void forget(struct sample *s) {
  for (int i = 0; i < s->n; i++) s->least[i] = 1e30f;
}

/* k-means++ (Arthur and Vassilvitskii, 2007): each centre is a point drawn by its squared distance
 * to those before it. Returns how many there are: fewer than k if the picture has fewer colours. */
static int seed(struct sample *s, int k, struct kz_rng *rng, float centres[][3]) {
  int chosen = (int)kz_rng_below(rng, (uint32_t)s->n), count = 0;
  forget(s);
  for (;;) {
    float *c = centres[count];
    c[0] = s->l[chosen], c[1] = s->a[chosen], c[2] = s->b[chosen];
    measure(s, c[0], c[1], c[2], count++);
    if (count == k) return count;
    double total = 0;
    for (int i = 0; i < s->n; i++) total += (double)s->least[i];
    if (total <= 0) return count;
    double left = (double)kz_rng_uniform(rng) * total;
    for (chosen = 0; chosen < s->n - 1; chosen++) {
      left -= (double)s->least[chosen];
      if (left < 0) break;
    }
    while (s->least[chosen] <= 0) chosen--; /* rounding may have led past the last that differs */
  }
}

static void sum_up(const struct sample *s, int k, struct cluster *clusters) {
  memset(clusters, 0, (size_t)k * sizeof *clusters);
  for (int i = 0; i < s->n; i++) {
    struct cluster *c = &clusters[s->label[i]];
    double x = (double)s->x[i], y = (double)s->y[i];
    c->n++;
    c->l += (double)s->l[i];
    c->a += (double)s->a[i];
    c->b += (double)s->b[i];
    c->x += x;
    c->y += y;
    c->xx += x * x;
    c->yy += y * y;
  }
}

/* Lloyd's rounds, until no centre moves. An empty cluster stays empty. */
static void settle(struct sample *s, int k, float centres[][3], struct cluster *clusters) {
  for (int round = 0; round < ROUNDS; round++) {
    float moved = 0;
    forget(s);
    for (int j = 0; j < k; j++) measure(s, centres[j][0], centres[j][1], centres[j][2], j);
    sum_up(s, k, clusters);
    for (int j = 0; j < k; j++) {
      const struct cluster *c = &clusters[j];
      if (c->n <= 0) continue;
      const float now[3] = {(float)(c->l / c->n), (float)(c->a / c->n), (float)(c->b / c->n)};
      for (int i = 0; i < 3; i++) moved = fmaxf(moved, fabsf(now[i] - centres[j][i]));
      memcpy(centres[j], now, sizeof now);
    }
    if (moved < 0.01f) break;
  }
}

static void lab_of(const struct cluster *c, float lab[3]) {
  lab[0] = (float)(c->l / c->n) / KZ_PALETTE_LIGHTNESS;
  lab[1] = (float)(c->a / c->n);
  lab[2] = (float)(c->b / c->n);
}

static int same_colour(const struct cluster *p, const struct cluster *q) {
  double l = p->l / p->n - q->l / q->n, a = p->a / p->n - q->a / q->n, b = p->b / p->n - q->b / q->n;
  float of_p[3], of_q[3];
  lab_of(p, of_p);
  lab_of(q, of_q);
  return sqrt(l * l + a * a + b * b) < (double)NEAR &&
         kz_pigment_nearest(of_p) == kz_pigment_nearest(of_q);
}

/* Drop what is empty and join what is one colour; returns how many are left. The mean of two
 * colours that are nearest to one pigment is nearest to it as well, so joining ends. */
static int join(struct cluster *c, int k) {
  for (int i = 0; i < k;) {
    int other = 0;
    while (c[i].n > 0 && other < i && !same_colour(&c[other], &c[i])) other++;
    if (c[i].n > 0 && other == i) {
      i++;
      continue;
    }
    struct cluster gone = c[i];
    c[i] = c[--k];
    if (gone.n <= 0) continue;
    c[other] = (struct cluster){c[other].n + gone.n, c[other].l + gone.l, c[other].a + gone.a,
                                c[other].b + gone.b, c[other].x + gone.x, c[other].y + gone.y,
                                c[other].xx + gone.xx, c[other].yy + gone.yy};
    i = 0; /* its mean has moved: look again */
  }
  return k;
}

static float deviation(double sum, double squares, double n) {
  double mean = sum / n, variance = squares / n - mean * mean;
  return variance > 0 ? (float)sqrt(variance) : 0.0f;
}

void kz_palette_find(int w, int h, const uint8_t *rgb, const uint8_t *mask, int k,
                     struct kz_rng *rng, struct kz_palette *palette) {
  struct sample s;
  struct cluster clusters[KZ_PALETTE_MOST];
  float centres[KZ_PALETTE_MOST][3];
  *palette = (struct kz_palette){0};
  gather_known(w, h, rgb, mask, &s);
  if (!s.n) return;
  k = k < 1 ? 1 : k > KZ_PALETTE_MOST ? KZ_PALETTE_MOST : k;
  k = seed(&s, k, rng, centres);
  settle(&s, k, centres, clusters);
  k = join(clusters, k);
  for (int i = 0; i < k; i++) {
    const struct cluster *c = &clusters[i];
    struct kz_palette_colour colour = {.share = (float)(c->n / s.n),
                                       .x = (float)(c->x / c->n),
                                       .y = (float)(c->y / c->n),
                                       .spread_x = deviation(c->x, c->xx, c->n),
                                       .spread_y = deviation(c->y, c->yy, c->n)};
    int at = palette->count++;
    lab_of(c, colour.lab);
    colour.pigment = kz_pigment_nearest(colour.lab);
    for (; at > 0 && palette->colours[at - 1].share < colour.share; at--)
      palette->colours[at] = palette->colours[at - 1];
    palette->colours[at] = colour;
  }
}
