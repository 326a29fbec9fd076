/* The coarse fill of a hole, fast enough to run in every training step.
 *
 * A pixel of the pyramid is four floats: red, green, blue, weight (1 known, 0 not). That is one
 * SSE register, so that every step below, averaging, dividing by the weight, enlarging, is a few
 * instructions a pixel on any x86-64 machine, without shuffling channels apart. The vector type is
 * gcc's generic one: no intrinsics, and any other processor compiles it as well.
 *
 * Down, level k to k+1, over each 2 x 2 block (the sums are over known pixels only, because
 * unknown ones are stored as zeros):
 *     x' = sum x / sum w,  w' = [sum w > 0]
 * Up, level k+1 to k, in the holes only:
 *     x = bilinear(x'),    weights 3/4, 1/4 each way, edges replicated
 *
 * Levels are halved, rounding up, until both sides are at most 2. The last row or column of an odd
 * level stands for itself twice: the same as padding by replication. A cell of the coarsest level
 * with nothing known under it is 0, as in the trial (the middle of the range that the network
 * sees).
 *
 * Cost: 4/3 of a pass down and as much up; 0.05 ms for 128 x 128 on one core. */
#include "bridge/coarse.h"

#include <stdbool.h>
#include <string.h>

enum { MAX_LEVELS = 32, LANES = 4 };

/* Loaded from and stored to float arrays of any alignment. */
typedef float pixel __attribute__((vector_size(16), aligned(4), may_alias));
typedef int lanes __attribute__((vector_size(16)));

struct level {
  int w, h;
  float *px; /* [h, w, 4] */
};

static int halved(int n) { return (n + 1) / 2; }

size_t kz_coarse_scratch(int w, int h) {
  size_t count = (size_t)halved(w) * LANES; /* one row, enlarged downwards only */
  while (w > 2 || h > 2) {
    w = halved(w);
    h = halved(h);
    count += (size_t)w * h * LANES;
  }
  return count;
}

static inline pixel splat(float v) { return (pixel){v, v, v, v}; }

/* (r, g, b, 1) where known, zeros in the hole whatever is stored there. Reads a fourth float
 * beyond the pixel unless it is the image's last. */
static inline pixel load_known(const float *rgb, const float *mask, size_t i, bool last) {
  pixel v;
  if (last)
    v = (pixel){rgb[3 * i], rgb[3 * i + 1], rgb[3 * i + 2], 1};
  else
    v = *(const pixel *)(rgb + 3 * i);
  v[3] = 1;
  int known = -(mask[i] < 0.5f);
  return (pixel)((lanes)v & (lanes){known, known, known, known});
}

/* A block's sum becomes its mean over the known pixels; the weight becomes 0 or 1. */
static inline pixel normalise(pixel sum) {
  float w = sum[3] > 1e-6f ? sum[3] : 1e-6f;
  return sum / splat(w);
}

/* The image itself to the first level. */
static void reduce_image(int w, int h, const float *rgb, const float *mask,
                         const struct level *dst) {
  size_t last = (size_t)w * h - 1;
  for (int y = 0; y < dst->h; y++) {
    size_t r0 = (size_t)2 * y * w, r1 = 2 * y + 1 < h ? r0 + w : r0;
    pixel *out = (pixel *)(dst->px + (size_t)y * dst->w * LANES);
    for (int x = 0; x < w / 2; x++) {
      size_t a = r0 + 2 * x, b = r1 + 2 * x;
      out[x] = normalise(load_known(rgb, mask, a, false) + load_known(rgb, mask, b, false) +
                         load_known(rgb, mask, a + 1, a + 1 == last) +
                         load_known(rgb, mask, b + 1, b + 1 == last));
    }
    if (w % 2)
      out[dst->w - 1] = normalise(load_known(rgb, mask, r0 + w - 1, r0 + w - 1 == last) +
                                  load_known(rgb, mask, r1 + w - 1, r1 + w - 1 == last));
  }
}

static void reduce(const struct level *src, const struct level *dst) {
  for (int y = 0; y < dst->h; y++) {
    const pixel *a = (const pixel *)(src->px + (size_t)2 * y * src->w * LANES);
    const pixel *b = 2 * y + 1 < src->h ? a + src->w : a;
    pixel *out = (pixel *)(dst->px + (size_t)y * dst->w * LANES);
    for (int x = 0; x < src->w / 2; x++)
      out[x] = normalise(a[2 * x] + b[2 * x] + a[2 * x + 1] + b[2 * x + 1]);
    if (src->w % 2) out[dst->w - 1] = normalise(a[src->w - 1] + b[src->w - 1]);
  }
}

/* Row y of a level twice as high as src, at src's width. */
static void enlarge_rows(const struct level *src, int y, pixel *row) {
  int near = y / 2, far = y % 2 ? near + 1 : near - 1;
  if (far < 0) far = 0;
  if (far >= src->h) far = src->h - 1;
  const pixel *a = (const pixel *)(src->px + (size_t)near * src->w * LANES);
  const pixel *b = (const pixel *)(src->px + (size_t)far * src->w * LANES);
  for (int x = 0; x < src->w; x++) row[x] = a[x] * splat(0.75f) + b[x] * splat(0.25f);
}

/* Column x of a row enlarged from n columns. */
static inline pixel enlarge_column(const pixel *row, int n, int x) {
  int near = x / 2, far = x % 2 ? near + 1 : near - 1;
  if (far < 0) far = 0;
  if (far >= n) far = n - 1;
  return row[near] * splat(0.75f) + row[far] * splat(0.25f);
}

static inline pixel choose(bool known, pixel a, pixel b) {
  int k = -(int)known;
  lanes m = {k, k, k, k};
  return (pixel)(((lanes)a & m) | ((lanes)b & ~m));
}

/* Fill dst's unknown pixels from the coarser src. */
static void fill_level(const struct level *src, const struct level *dst, pixel *row) {
  for (int y = 0; y < dst->h; y++) {
    pixel *out = (pixel *)(dst->px + (size_t)y * dst->w * LANES);
    enlarge_rows(src, y, row);
    int last = dst->w - 1;
    out[0] = choose(out[0][3] > 0, out[0], enlarge_column(row, src->w, 0));
    for (int i = 0; i < (last - 1) / 2; i++) {
      pixel p = row[i], q = row[i + 1];
      pixel *o = out + 2 * i + 1;
      o[0] = choose(o[0][3] > 0, o[0], p * splat(0.75f) + q * splat(0.25f));
      o[1] = choose(o[1][3] > 0, o[1], p * splat(0.25f) + q * splat(0.75f));
    }
    for (int x = last > 0 ? 2 * ((last - 1) / 2) + 1 : 1; x <= last; x++)
      out[x] = choose(out[x][3] > 0, out[x], enlarge_column(row, src->w, x));
  }
}

static inline void put3(float *dst, pixel v) {
  dst[0] = v[0];
  dst[1] = v[1];
  dst[2] = v[2];
}

/* The image's own row: known pixels as they are, holes from `row`. Stores run one float over a
 * pixel, so columns go left to right, and the row's last ones are stored exactly. */
static void fill_image_row(int w, int n, const float *rgb, const float *mask, const pixel *row,
                           float *fill) {
  int pairs = (w - 2) / 2; /* of columns 1, 2, 3, ... that leave one or two at the end */
  put3(fill, mask[0] < 0.5f ? (pixel){rgb[0], rgb[1], rgb[2], 0} : enlarge_column(row, n, 0));
  for (int i = 0; i < pairs; i++) {
    pixel p = row[i], q = row[i + 1];
    const float *s = rgb + 6 * i + 3, *m = mask + 2 * i + 1;
    pixel a = *(const pixel *)s, b = *(const pixel *)(s + 3);
    *(pixel *)(fill + 6 * i + 3) =
        choose(m[0] < 0.5f, a, p * splat(0.75f) + q * splat(0.25f));
    *(pixel *)(fill + 6 * i + 6) =
        choose(m[1] < 0.5f, b, p * splat(0.25f) + q * splat(0.75f));
  }
  for (int x = 2 * pairs + 1; x < w; x++) {
    const float *s = rgb + 3 * x;
    put3(fill + 3 * x,
         mask[x] < 0.5f ? (pixel){s[0], s[1], s[2], 0} : enlarge_column(row, n, x));
  }
}

/* Up to 2 x 2: there is no coarser level; what is unknown is zero. */
static void fill_tiny(int w, int h, const float *rgb, const float *mask, float *fill) {
  for (int i = 0; i < w * h; i++)
    for (int c = 0; c < 3; c++) fill[3 * i + c] = mask[i] < 0.5f ? rgb[3 * i + c] : 0;
}

void kz_coarse_fill(int w, int h, const float *rgb, const float *mask, float *fill,
                    float *scratch) {
  if (w <= 2 && h <= 2) {
    fill_tiny(w, h, rgb, mask, fill);
    return;
  }
  struct level levels[MAX_LEVELS];
  int count = 0;
  pixel *row = (pixel *)scratch;
  float *next = scratch + (size_t)halved(w) * LANES;
  for (int lw = w, lh = h; lw > 2 || lh > 2; count++) {
    lw = halved(lw);
    lh = halved(lh);
    levels[count] = (struct level){lw, lh, next};
    next += (size_t)lw * lh * LANES;
    if (count == 0)
      reduce_image(w, h, rgb, mask, &levels[0]);
    else
      reduce(&levels[count - 1], &levels[count]);
  }
  for (int k = count - 1; k > 0; k--) fill_level(&levels[k], &levels[k - 1], row);
  for (int y = 0; y < h; y++) {
    size_t at = (size_t)y * w;
    enlarge_rows(&levels[0], y, row);
    fill_image_row(w, levels[0].w, rgb + 3 * at, mask + at, row, fill + 3 * at);
  }
}
