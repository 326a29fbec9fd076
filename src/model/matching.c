/* The conditional matching loss, forward and backward by hand.
 *
 * R is the hole and its ring, N its pixels, r its indicator; the ring is a square of 2 ring + 1
 * grown around each pixel of the hole. e = r (x - target), so the picture that is judged is
 * z = target + e: the model's in R and the truth elsewhere, which no gradient leaves.
 * |v| is smooth: |v|_E = sqrt(v^2 + E^2) - E, d|v|_E / dv = v / sqrt(v^2 + E^2); each E is a power
 * of two, so that |0|_E is 0 to the last bit.
 *
 * Gradient, p and q neighbours in a row or in a column, both in R, E = 2^-9:
 *   G = 1/6N sum over p, q and colours of |e_q - e_p|_E
 *   dG/de_p = 1/6N sum over its q of (e_p - e_q) / sqrt((e_p - e_q)^2 + E^2)
 *
 * Structure, with l = 0.299 red + 0.587 green + 0.114 blue, g = (l(+1) - l(-1)) / 2 in x and in y
 * (edges replicated), products P = (gx gx, gx gy, gy gy), and S the binomial 1 4 6 4 1 both ways
 * (nothing beyond the edge), E = 2^-13:
 *   J(l) = S P(l),  v = J(l_z) - J(l_target) = S (P(l_z) - P(l_target))
 *   T = 1/N sum over R of |v|_E of Frobenius, sqrt(v0^2 + 2 v1^2 + v2^2 + E^2) - E: turning a
 *   picture turns J, and T stays
 *   u = r (v0, 2 v1, v2) / (N sqrt(..)),  a = S u  (S is its own adjoint)
 *   dT/dgx = 2 a0 gx + a1 gy,  dT/dgy = a1 gx + 2 a2 gy  (g of z)
 *   dT/dl(p) = half of dT/dgx(p-1) - dT/dgx(p+1) + the same in y; replicating l at the edge turns
 *   into reading -dT/dg of the edge beyond it
 *   dT/de = dT/dl (0.299, 0.587, 0.114) r
 *
 * Colour, over the blocks b of 4 x 4 and of 8 x 8 px, n_b their pixels in R, s_b e's sum there:
 *   C = 1/6N sum over b and colours of s_b^2 / n_b  (each pixel counts by its block's mean)
 *   dC/de = 1/6N 2 s_b / n_b, summed over the two blocks that a pixel is in
 *
 * All is planes and long rows of floats, colours interleaved, so that the compiler turns every loop
 * into vectors, for several instruction sets. Products are not fused with sums (-std=c11), so that
 * each gives the same bytes. Sums run down columns in f32, then along the row in f64. Rows beyond
 * the region's reach are not visited. */
#include "model/matching.h"

#include <math.h>
#include <stdbool.h>
#include <string.h>

#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__)
#define FAST __attribute__((target_clones("avx512f", "avx2", "default")))
#define INDEPENDENT _Pragma("GCC ivdep")
#else
#define FAST
#define INDEPENDENT
#endif

enum { PAD = 2, PLANES = 8, ROWS = 8, SMALL = 4, LARGE = 8 };
static const float gradient_eps = 0x1p-9f, structure_eps = 0x1p-13f;

struct work {
  int n, stride;   /* of the crop; of a padded plane */
  int top, bottom; /* rows that hold pixels of the region */
  double count;    /* N */
  uint8_t *region; /* [n, n] 0 or not */
  float *e, *w;    /* [n, n, 3]; w is r, once a colour */
  float *plane[PLANES];
  float *row; /* ROWS of 3 stride */
  float *diff;
};

enum { LT, LE, H, G = H + 3 }; /* planes: l_target, l_e; differences; their adjoints */

size_t kz_matching_scratch(int size) {
  size_t n = (size_t)size, padded = n + 2 * PAD;
  return 6 * n * n + PLANES * padded * padded + ROWS * 3 * padded + (2 * n * n + 3) / 4;
}

static void lay_out(struct work *k, int size, float *scratch) {
  size_t n = (size_t)size, padded = n + 2 * PAD;
  k->n = size;
  k->stride = size + 2 * PAD;
  k->e = scratch;
  k->w = k->e + 3 * n * n;
  float *at = k->w + 3 * n * n;
  for (int i = 0; i < PLANES; i++, at += padded * padded) k->plane[i] = at;
  k->row = at;
  k->region = (uint8_t *)(at + ROWS * 3 * padded);
}

static float *row_of(const struct work *k, int i) {
  return k->row + (size_t)i * 3 * (size_t)k->stride;
}

static float *plane_at(const struct work *k, int plane, int y) {
  return k->plane[plane] + (size_t)(y + PAD) * (size_t)k->stride + PAD;
}

static int at_least(int a, int b) { return a > b ? a : b; }
static int at_most(int a, int b) { return a < b ? a : b; }

/* Non-zero where the hole is, or is within `ring` px: along rows, then across them. */
static void grow_along(int n, int ring, const uint8_t *hole, uint8_t *to) {
  for (int y = 0; y < n; y++) {
    const uint8_t *s = hole + (size_t)y * n;
    uint8_t *d = to + (size_t)y * n;
    memcpy(d, s, (size_t)n);
    for (int i = 1; i <= ring; i++) {
      INDEPENDENT
      for (int x = 0; x < n - i; x++) d[x] |= s[x + i];
      INDEPENDENT
      for (int x = i; x < n; x++) d[x] |= s[x - i];
    }
  }
}

static void grow_across(int n, int ring, const uint8_t *from, uint8_t *to) {
  for (int y = 0; y < n; y++) {
    uint8_t *d = to + (size_t)y * n;
    memcpy(d, from + (size_t)y * n, (size_t)n);
    for (int i = at_least(-ring, -y); i <= ring && y + i < n; i++) {
      const uint8_t *s = from + (size_t)(y + i) * n;
      INDEPENDENT
      for (int x = 0; x < n; x++) d[x] |= s[x];
    }
  }
}

static void find_region(struct work *k, const uint8_t *hole, int ring) {
  const int n = k->n;
  int64_t count = 0;
  ring = at_most(at_least(ring, 0), n);
  uint8_t *rows = k->region + (size_t)n * n;
  grow_along(n, ring, hole, rows);
  grow_across(n, ring, rows, k->region);
  k->top = n;
  k->bottom = 0;
  for (int y = 0; y < n; y++) {
    const uint8_t *r = k->region + (size_t)y * n;
    int here = 0;
    for (int x = 0; x < n; x++) here += r[x] != 0;
    if (here && k->top > y) k->top = y;
    if (here) k->bottom = y + 1;
    count += here;
  }
  k->count = (double)count;
}

FAST static void differ(struct work *k, const float *x, const float *target) {
  const int n = k->n;
  for (int y = k->top; y < k->bottom; y++) {
    const uint8_t *r = k->region + (size_t)y * n;
    const size_t at = (size_t)y * 3 * n;
    float *w = k->w + at, *e = k->e + at;
    INDEPENDENT
    for (int i = 0; i < n; i++) w[3 * i] = w[3 * i + 1] = w[3 * i + 2] = r[i] ? 1 : 0;
    INDEPENDENT
    for (int i = 0; i < 3 * n; i++) e[i] = w[i] > 0 ? x[at + i] - target[at + i] : 0;
  }
}

static double sum_of(const float *v, int count) {
  double sum = 0;
  for (int i = 0; i < count; i++) sum += (double)v[i];
  return sum;
}

/* The pairs of e and of the `step` values after it: |.| to sum, the derivative to d. */
static inline __attribute__((always_inline)) void pairs(int count, const float *e, const float *w,
                                                        int64_t step, float *sum, float *d) {
  const float eps = gradient_eps;
  INDEPENDENT
  for (int i = 0; i < count; i++) {
    float both = w[i] * w[i + step], v = e[i + step] - e[i], q = sqrtf(v * v + eps * eps);
    sum[i] += both * (q - eps);
    d[i] = both * v / q;
  }
}

/* Returns 6N G, adds f 6N dG/de to diff. */
FAST static double gradient(struct work *k, float f) {
  const int n = k->n, width = 3 * n;
  float *sum = row_of(k, 0), *left = row_of(k, 1), *above = row_of(k, 2), *below = row_of(k, 3);
  memset(sum, 0, (size_t)(4 * 3 * k->stride) * sizeof *sum);
  for (int y = k->top; y < k->bottom; y++) {
    const size_t at = (size_t)y * (size_t)width;
    const float *e = k->e + at, *w = k->w + at;
    float *diff = k->diff + at;
    pairs(width - 3, e, w, 3, sum, left + 3);
    if (y + 1 < k->bottom)
      pairs(width, e, w, width, sum, below);
    else
      memset(below, 0, (size_t)width * sizeof *below);
    INDEPENDENT
    for (int i = 0; i < width; i++)
      diff[i] += f * ((left[i] - left[i + 3]) + (above[i] - below[i]));
    float *turn = above;
    above = below;
    below = turn;
  }
  return sum_of(sum, width);
}

/* l of the target and of e as far as the differences reach, edges replicated. */
FAST static void luminance(struct work *k, const float *target) {
  const int n = k->n, from = at_least(k->top - 2, 0), to = at_most(k->bottom + 2, n);
  for (int y = from; y < to; y++) {
    const float *t = target + (size_t)y * 3 * n, *e = k->e + (size_t)y * 3 * n;
    float *lt = plane_at(k, LT, y), *le = plane_at(k, LE, y);
    const bool inside = y >= k->top && y < k->bottom;
    INDEPENDENT
    for (int i = 0; i < n; i++)
      lt[i] = 0.299f * t[3 * i] + 0.587f * t[3 * i + 1] + 0.114f * t[3 * i + 2];
    if (inside) {
      INDEPENDENT
      for (int i = 0; i < n; i++)
        le[i] = 0.299f * e[3 * i] + 0.587f * e[3 * i + 1] + 0.114f * e[3 * i + 2];
    } else {
      memset(le, 0, (size_t)n * sizeof *le);
    }
    lt[-1] = lt[0];
    le[-1] = le[0];
    lt[n] = lt[n - 1];
    le[n] = le[n - 1];
  }
  const size_t bytes = (size_t)(n + 2) * sizeof(float);
  for (int i = LT; i <= LE; i++) {
    if (from == 0) memcpy(plane_at(k, i, -1) - 1, plane_at(k, i, 0) - 1, bytes);
    if (to == n) memcpy(plane_at(k, i, n) - 1, plane_at(k, i, n - 1) - 1, bytes);
  }
}

/* to = s smoothed along the row; s has two zeros at either end. */
static inline __attribute__((always_inline)) void smooth_along(int n, const float *s, float *to) {
  INDEPENDENT
  for (int i = 0; i < n; i++)
    to[i] = (s[i - 2] + s[i + 2]) * 0.0625f + (s[i - 1] + s[i + 1]) * 0.25f + s[i] * 0.375f;
}

/* Pixel i of a plane smoothed across rows; s is its middle row. */
static inline __attribute__((always_inline)) float smooth_across(const float *s, int64_t i,
                                                                 int64_t row) {
  return (s[i - 2 * row] + s[i + 2 * row]) * 0.0625f + (s[i - row] + s[i + row]) * 0.25f +
         s[i] * 0.375f;
}

/* H = P(l_z) - P(l_target), smoothed along the rows. */
FAST static void products(struct work *k) {
  const int n = k->n;
  const int64_t row = k->stride;
  float *d0 = row_of(k, 0) + PAD, *d1 = row_of(k, 1) + PAD, *d2 = row_of(k, 2) + PAD;
  memset(row_of(k, 0), 0, (size_t)(3 * 3 * k->stride) * sizeof(float));
  for (int y = at_least(k->top - 1, 0); y < at_most(k->bottom + 1, n); y++) {
    const float *t = plane_at(k, LT, y), *e = plane_at(k, LE, y);
    INDEPENDENT
    for (int i = 0; i < n; i++) {
      float tx = 0.5f * (t[i + 1] - t[i - 1]), ty = 0.5f * (t[i + row] - t[i - row]);
      float ex = 0.5f * (e[i + 1] - e[i - 1]), ey = 0.5f * (e[i + row] - e[i - row]);
      d0[i] = ex * (2 * tx + ex);
      d1[i] = tx * ey + ex * (ty + ey);
      d2[i] = ey * (2 * ty + ey);
    }
    smooth_along(n, d0, plane_at(k, H, y));
    smooth_along(n, d1, plane_at(k, H + 1, y));
    smooth_along(n, d2, plane_at(k, H + 2, y));
  }
}

/* From H: returns N T, and G = N u smoothed along the rows. */
FAST static double compare(struct work *k) {
  const int n = k->n;
  const int64_t row = k->stride;
  const float eps = structure_eps;
  float *u0 = row_of(k, 0) + PAD, *u1 = row_of(k, 1) + PAD, *u2 = row_of(k, 2) + PAD;
  float *sum = row_of(k, 3);
  memset(row_of(k, 0), 0, (size_t)(4 * 3 * k->stride) * sizeof(float));
  for (int y = k->top; y < k->bottom; y++) {
    const float *h0 = plane_at(k, H, y), *h1 = plane_at(k, H + 1, y), *h2 = plane_at(k, H + 2, y);
    const uint8_t *region = k->region + (size_t)y * n;
    INDEPENDENT
    for (int i = 0; i < n; i++) {
      float v0 = smooth_across(h0, i, row), v1 = smooth_across(h1, i, row);
      float v2 = smooth_across(h2, i, row), r = region[i] ? 1.f : 0.f;
      float q = sqrtf(v0 * v0 + 2 * (v1 * v1) + v2 * v2 + eps * eps), f = r / q;
      sum[i] += r * (q - eps);
      u0[i] = f * v0;
      u1[i] = f * 2 * v1;
      u2[i] = f * v2;
    }
    smooth_along(n, u0, plane_at(k, G, y));
    smooth_along(n, u1, plane_at(k, G + 1, y));
    smooth_along(n, u2, plane_at(k, G + 2, y));
  }
  return sum_of(sum, n);
}

/* From G: N dT/dg into planes H and H + 1, minus the edge beyond each edge. */
FAST static void back_products(struct work *k) {
  const int n = k->n, from = at_least(k->top - 1, 0), to = at_most(k->bottom + 1, n);
  const int64_t row = k->stride;
  for (int y = from; y < to; y++) {
    const float *t = plane_at(k, LT, y), *e = plane_at(k, LE, y);
    const float *g0 = plane_at(k, G, y), *g1 = plane_at(k, G + 1, y), *g2 = plane_at(k, G + 2, y);
    float *dx = plane_at(k, H, y), *dy = plane_at(k, H + 1, y);
    INDEPENDENT
    for (int i = 0; i < n; i++) {
      float gx = 0.5f * ((t[i + 1] + e[i + 1]) - (t[i - 1] + e[i - 1]));
      float gy = 0.5f * ((t[i + row] + e[i + row]) - (t[i - row] + e[i - row]));
      float a1 = smooth_across(g1, i, row);
      dx[i] = 2 * (smooth_across(g0, i, row) * gx) + a1 * gy;
      dy[i] = 2 * (smooth_across(g2, i, row) * gy) + a1 * gx;
    }
    dx[-1] = -dx[0];
    dx[n] = -dx[n - 1];
  }
  float *first = plane_at(k, H + 1, 0), *last = plane_at(k, H + 1, n - 1);
  for (int i = 0; i < n && from == 0; i++) first[i - row] = -first[i];
  for (int i = 0; i < n && to == n; i++) last[i + row] = -last[i];
}

/* Adds f N dT/de to diff. */
FAST static void back_luminance(struct work *k, float f) {
  const int n = k->n;
  const int64_t row = k->stride;
  float *d = row_of(k, 0);
  for (int y = k->top; y < k->bottom; y++) {
    const float *dx = plane_at(k, H, y), *dy = plane_at(k, H + 1, y);
    const float *w = k->w + (size_t)y * 3 * n;
    float *diff = k->diff + (size_t)y * 3 * n;
    INDEPENDENT
    for (int i = 0; i < n; i++)
      d[i] = 0.5f * f * w[3 * i] * ((dx[i - 1] - dx[i + 1]) + (dy[i - row] - dy[i + row]));
    INDEPENDENT
    for (int i = 0; i < n; i++) {
      diff[3 * i] += 0.299f * d[i];
      diff[3 * i + 1] += 0.587f * d[i];
      diff[3 * i + 2] += 0.114f * d[i];
    }
  }
}

/* Returns N T, adds f N dT/de to diff. */
static double structure(struct work *k, const float *target, float f) {
  memset(k->plane[H], 0, (size_t)6 * (size_t)k->stride * (size_t)k->stride * sizeof(float));
  luminance(k, target);
  products(k);
  double sum = compare(k);
  back_products(k);
  back_luminance(k, f);
  return sum;
}

/* Sums of e and of r over the blocks of a band of SMALL rows from y, four floats a block. */
FAST static void block_sums(struct work *k, int y, float *blocks) {
  const int n = k->n, width = 3 * n;
  float *e = row_of(k, 6), *w = row_of(k, 7);
  memset(e, 0, (size_t)(2 * 3 * k->stride) * sizeof *e);
  for (int i = at_least(y, k->top); i < at_most(y + SMALL, k->bottom); i++) {
    const size_t at = (size_t)i * (size_t)width;
    INDEPENDENT
    for (int j = 0; j < width; j++) e[j] += k->e[at + j];
    INDEPENDENT
    for (int j = 0; j < width; j++) w[j] += k->w[at + j];
  }
  for (int x = 0; x < n; x += SMALL, blocks += 4) {
    blocks[0] = blocks[1] = blocks[2] = blocks[3] = 0;
    for (int i = 3 * x; i < at_most(3 * (x + SMALL), width); i += 3) {
      for (int c = 0; c < 3; c++) blocks[c] += e[i + c];
      blocks[3] += w[i];
    }
  }
}

/* s / n of a block, per colour; returns s^2 / n summed over colours. */
static double block_means(const float block[4], float mean[3]) {
  double sum = 0;
  for (int c = 0; c < 3; c++) {
    mean[c] = block[3] > 0 ? block[c] / block[3] : 0;
    sum += (double)block[c] * (double)mean[c];
  }
  return sum;
}

/* f (means of the two blocks) of each pixel of a band, added to diff. */
FAST static void back_blocks(struct work *k, int y, const float *means, float f) {
  const int n = k->n, width = 3 * n;
  float *row = row_of(k, 6);
  for (int x = 0; x < n; x++)
    for (int c = 0; c < 3; c++) row[3 * x + c] = f * means[x / SMALL * 3 + c];
  for (int i = at_least(y, k->top); i < at_most(y + SMALL, k->bottom); i++) {
    const size_t at = (size_t)i * (size_t)width;
    INDEPENDENT
    for (int j = 0; j < width; j++) k->diff[at + j] += k->w[at + j] * row[j];
  }
}

/* A band of LARGE rows from y. Blocks are laid out as [2 bands, blocks, 4], their means as
 * [2 bands, blocks, 3]; a large block is four of the small ones, where they are there. */
static double colour_band(struct work *k, int y, float f) {
  const int across = (k->n + SMALL - 1) / SMALL;
  float *sums = row_of(k, 0), *means = row_of(k, 3), large[4], mean[3];
  double sum = 0;
  for (int b = 0; b < 2; b++) block_sums(k, y + b * SMALL, sums + b * across * 4);
  for (int i = 0; i < 2 * across; i++) sum += block_means(sums + 4 * i, means + 3 * i);
  for (int x = 0; x < across; x += 2) {
    const int here = at_most(2, across - x);
    memset(large, 0, sizeof large);
    for (int i = 0; i < 2 * here; i++)
      for (int c = 0; c < 4; c++) large[c] += sums[4 * (i / here * across + x + i % here) + c];
    sum += block_means(large, mean);
    for (int i = 0; i < 2 * here; i++)
      for (int c = 0; c < 3; c++) means[3 * (i / here * across + x + i % here) + c] += mean[c];
  }
  for (int b = 0; b < 2; b++) back_blocks(k, y + b * SMALL, means + b * across * 3, f);
  return sum;
}

/* Returns 6N C, adds f 6N dC/de to diff. */
static double colour(struct work *k, float f) {
  double sum = 0;
  for (int y = k->top / LARGE * LARGE; y < k->bottom; y += LARGE)
    sum += colour_band(k, y, 2 * f);
  return sum;
}

double kz_matching_loss(const struct kz_matching *m, int size, const float *x, const float *target,
                        const uint8_t *hole, float scale, float *diff, double parts[3],
                        float *scratch) {
  struct work k = {.diff = diff};
  const float weight[3] = {m->gradient, m->structure, m->colour};
  double part[3] = {0}, loss = 0;
  lay_out(&k, size, scratch);
  find_region(&k, hole, m->ring);
  if (parts) memcpy(parts, part, sizeof part);
  if (k.count == 0) return 0;
  differ(&k, x, target);
  for (int i = 0; i < 3; i++) {
    const double by = i == 1 ? k.count : 6 * k.count, f = (double)scale * (double)weight[i] / by;
    if (f == 0 && !parts) continue;
    part[i] = i == 0   ? gradient(&k, (float)f)
              : i == 1 ? structure(&k, target, (float)f)
                       : colour(&k, (float)f);
    part[i] /= by;
    loss += (double)scale * (double)weight[i] * part[i];
  }
  if (parts) memcpy(parts, part, sizeof part);
  return loss;
}
