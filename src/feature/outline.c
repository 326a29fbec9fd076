/* Edges of colour, drawn as a pen would.
 *
 *   smooth    the picture in opponent colours (a linear fit to CIELAB over murals, within 2 units:
 *             a straight map lets smoothing come after it), by a normalised Gaussian of 1.5 px
 *   contrast  Di Zenzo's tensor of their gradients (1986), summed over 3 x 3 px; with its
 *             eigenvalues p and q the contrast of the edge is sqrt(p - q), so that what has no
 *             direction has none, in units of a step between two colours
 *   surround  less the mean contrast around (Grigorescu, Petkov and Westenberg, 2003): an edge by
 *             itself keeps its contrast, one among many, as in texture, loses half of it
 *   thin      ridges of the contrast, at a fraction of a pixel, away from lines and rims
 *   join      ridges into strokes: long enough, strong enough somewhere (Canny's hysteresis, 1986)
 *   ink       strokes of 1.5 px, smooth edged
 *
 * Loops over rows of planes are written to be vectorised; from the ridges on only the few pixels
 * that matter are touched. */
#include "feature/outline.h"

#include <math.h>
#include <stdbool.h>
#include <string.h>

enum {
  TAPS = 4,     /* to either side, of the Gaussian */
  SURROUND = 8, /* half a side of the square around */
  CLEAR = 3,    /* px between a line that is there and an outline */
  BODY = 6,     /* px from the edge of a painted stroke to the line that stands for it */
  INKED = 140,  /* a line that is there; fainter ones have less contrast than an outline */
  EXTENT = 12,  /* px, height or width of the shortest stroke */
  STRONG = 4,   /* pixels of a stroke that reach the threshold */
  PLANES = 9,
  ROWS = 3,
  PAD = 16      /* of a row */
};
#define SIGMA 1.5f
#define RIM 0.8f         /* share of the Gaussian that must be known, about a pixel and the next:
                          * ridges are 2 px from a straight rim */
#define WEAK 0.5f        /* of the threshold, where a stroke ends */
#define CROWD 0.8f       /* how much of the contrast around is taken off */
#define LONE 0.22f       /* the contrast around an edge by itself, of its own: 3.8 px of 17 */
#define HALF_WIDTH 0.75f /* of a stroke */

struct outline {
  const struct kz_outline_input *in;
  int w, h;
  float *colour[3], *known;      /* opponent colours, holes zero */
  float *smooth[3], *share;      /* smoothed; share of the Gaussian that is known */
  float *rows;                   /* ROWS of w + 2 PAD */
  float kernel[2 * TAPS + 1];
  /* once the colours are smoothed, in their place: */
  float *xx, *xy, *yy;           /* tensor */
  float *contrast, *nx, *ny;     /* and the direction across the edge, to the darker side */
  float *judged;                 /* 1 where enough is known, else 0 */
  float *around, *top;           /* mean contrast; where the ridge is, px across from its pixel */
  uint8_t *near, *state;         /* line nearby; what a pixel is on the way to strokes */
  int *stack;
};

static size_t plane_size(int w, int h) { return ((size_t)w * h + 15) / 16 * 16; }

size_t kz_outline_scratch(int w, int h) {
  return PLANES * plane_size(w, h) + ROWS * ((size_t)w + 2 * PAD);
}

static void lay_out(struct outline *o, float *scratch) {
  size_t n = plane_size(o->w, o->h);
  float *p[PLANES];
  for (int k = 0; k < PLANES; k++) p[k] = scratch + n * k;
  for (int k = 0; k < 3; k++) o->colour[k] = p[k];
  for (int k = 0; k < 3; k++) o->smooth[k] = p[3 + k];
  o->known = p[6];
  o->share = p[7];
  o->rows = scratch + PLANES * n;
  o->xx = p[0];
  o->xy = p[1];
  o->yy = p[2];
  o->contrast = p[8];
  o->judged = p[2];
  o->nx = p[4];
  o->ny = p[5];
  o->around = o->top = p[0];
  o->state = (uint8_t *)p[1];
  o->near = o->state + n;
  o->stack = (int *)p[2];
}

static float *row_of(const struct outline *o, int k) {
  return o->rows + (size_t)k * (o->w + 2 * PAD) + PAD;
}

/* ---- smooth ---- */

/* Linear fit to CIELAB of sRGB in [-1, 1]; a and b count for less than L, as in a drawing. */
static void load(struct outline *o) {
  const size_t count = (size_t)o->w * o->h;
  const float *restrict rgb = o->in->rgb, *restrict mask = o->in->mask;
  float *restrict l = o->colour[0], *restrict a = o->colour[1], *restrict b = o->colour[2];
  for (size_t i = 0; i < count; i++) {
    const float red = rgb[3 * i], green = rgb[3 * i + 1], blue = rgb[3 * i + 2];
    l[i] = 16.05f * red + 27.89f * green + 5.03f * blue;
    a[i] = 0.7f * (49.46f * red - 73.35f * green + 21.83f * blue);
    b[i] = 0.7f * (25.04f * red + 37.45f * green - 64.11f * blue);
  }
  if (!mask) return;
  float *restrict known = o->known;
  for (size_t i = 0; i < count; i++) {
    const bool k = mask[i] < 0.5f;
    known[i] = k ? 1 : 0;
    l[i] = k ? l[i] : 0;
    a[i] = k ? a[i] : 0;
    b[i] = k ? b[i] : 0;
  }
}

/* Outside the picture is nothing: the kernel's part inside counts as the whole. */
static float inside(const struct outline *o, int at, int end) {
  float sum = 0;
  for (int k = -TAPS; k <= TAPS; k++)
    if (at + k >= 0 && at + k < end) sum += o->kernel[k + TAPS];
  return 1 / sum;
}

/* Arguments with `restrict` are what makes the compiler sure enough to vectorise. */
static void smooth_down(int w, const float *const r[2 * TAPS + 1], const float *k, float scale,
                        float *restrict v) {
  const float *r0 = r[0], *r1 = r[1], *r2 = r[2], *r3 = r[3], *r4 = r[4];
  const float *r5 = r[5], *r6 = r[6], *r7 = r[7], *r8 = r[8];
  const float k0 = scale * k[0], k1 = scale * k[1], k2 = scale * k[2], k3 = scale * k[3];
  const float k4 = scale * k[4];
  for (int x = 0; x < w; x++)
    v[x] = k0 * (r0[x] + r8[x]) + k1 * (r1[x] + r7[x]) + k2 * (r2[x] + r6[x]) +
           k3 * (r3[x] + r5[x]) + k4 * r4[x];
}

static void smooth_along(int w, const float *v, const float *k, const float *scale,
                         float *restrict d) {
  const float k0 = k[0], k1 = k[1], k2 = k[2], k3 = k[3], k4 = k[4];
  for (int x = 0; x < w; x++)
    d[x] = scale[x] * (k0 * (v[x - 4] + v[x + 4]) + k1 * (v[x - 3] + v[x + 3]) +
                       k2 * (v[x - 2] + v[x + 2]) + k3 * (v[x - 1] + v[x + 1]) + k4 * v[x]);
}

static void smooth_plane(struct outline *o, const float *src, float *dst) {
  const int w = o->w, h = o->h;
  float *v = row_of(o, 0), *scale = row_of(o, 1), *zero = row_of(o, 2);
  for (int x = 0; x < w; x++) scale[x] = inside(o, x, w);
  memset(zero, 0, (size_t)w * sizeof *zero);
  memset(v - PAD, 0, ((size_t)w + 2 * PAD) * sizeof *v);
  for (int y = 0; y < h; y++) {
    const float *r[2 * TAPS + 1];
    for (int j = -TAPS; j <= TAPS; j++)
      r[j + TAPS] = y + j >= 0 && y + j < h ? src + (ptrdiff_t)(y + j) * w : zero;
    smooth_down(w, r, o->kernel, inside(o, y, h), v);
    smooth_along(w, v, o->kernel, scale, dst + (size_t)y * w);
  }
}
_Static_assert(TAPS == 4, "smooth_down and smooth_along are written out");

static void smooth(struct outline *o) {
  const size_t count = (size_t)o->w * o->h;
  float sum = 0;
  for (int k = -TAPS; k <= TAPS; k++) {
    const float t = (float)k / SIGMA;
    sum += o->kernel[k + TAPS] = expf(-0.5f * t * t);
  }
  for (int k = 0; k <= 2 * TAPS; k++) o->kernel[k] /= sum;
  for (int c = 0; c < 3; c++) smooth_plane(o, o->colour[c], o->smooth[c]);
  if (!o->in->mask) return;
  smooth_plane(o, o->known, o->share);
  const float *restrict share = o->share;
  for (int c = 0; c < 3; c++) {
    float *restrict s = o->smooth[c];
    for (size_t i = 0; i < count; i++) s[i] /= share[i] > 0.01f ? share[i] : 0.01f;
  }
}

/* ---- contrast ---- */

struct rows { /* of a plane: above, here, below */
  const float *up, *at, *down;
};

static struct rows rows_of(const struct outline *o, const float *plane, int y) {
  const float *at = plane + (size_t)y * o->w;
  return (struct rows){y > 0 ? at - o->w : at, at, y + 1 < o->h ? at + o->w : at};
}

static void tensor_row(int w, struct rows l, struct rows a, struct rows b, float *restrict xx,
                       float *restrict xy, float *restrict yy) {
  for (int x = 1; x + 1 < w; x++) {
    const float lx = l.at[x + 1] - l.at[x - 1], ly = l.down[x] - l.up[x];
    const float ax = a.at[x + 1] - a.at[x - 1], ay = a.down[x] - a.up[x];
    const float bx = b.at[x + 1] - b.at[x - 1], by = b.down[x] - b.up[x];
    xx[x] = lx * lx + ax * ax + bx * bx;
    xy[x] = lx * ly + ax * ay + bx * by;
    yy[x] = ly * ly + ay * ay + by * by;
  }
  xx[0] = xy[0] = yy[0] = xx[w - 1] = xy[w - 1] = yy[w - 1] = 0;
}

static void sum_rows(int w, struct rows p, float *restrict v) {
  for (int x = 0; x < w; x++) v[x] = p.up[x] + 2 * p.at[x] + p.down[x];
}

/* The greater of v and nothing, without a branch. */
static inline float positive(float v) { return 0.5f * (v + fabsf(v)); }

/* Eigenvalues of the tensor summed over 3 x 3, from sums of three rows. A step of height e,
 * smoothed, has the gradient e / (sqrt(2 pi) sigma) in the middle. */
static void contrast_row(int w, const float *xx, const float *xy, const float *yy, struct rows luma,
                         float *restrict contrast, float *restrict nx, float *restrict ny) {
  const float scale = 0.5f * 2.5066f * SIGMA;
  for (int x = 1; x + 1 < w; x++) {
    const float p = (xx[x - 1] + 2 * xx[x] + xx[x + 1]) * 0.0625f;
    const float q = (yy[x - 1] + 2 * yy[x] + yy[x + 1]) * 0.0625f;
    const float r = (xy[x - 1] + 2 * xy[x] + xy[x + 1]) * 0.0625f;
    const float gap = sqrtf((p - q) * (p - q) + 4 * r * r), turn = 0.5f * (p - q) / (gap + 1e-12f);
    const float cosine = sqrtf(positive(0.5f + turn));
    const float sine = copysignf(sqrtf(positive(0.5f - turn)), r);
    const float lighter = cosine * (luma.at[x + 1] - luma.at[x - 1]) +
                          sine * (luma.down[x] - luma.up[x]);
    const float sign = copysignf(1, -lighter);
    contrast[x] = scale * sqrtf(gap);
    nx[x] = sign * cosine;
    ny[x] = sign * sine;
  }
  contrast[0] = contrast[w - 1] = 0;
}

static void find_contrast(struct outline *o) {
  const size_t count = (size_t)o->w * o->h;
  const int w = o->w;
  float *xx = row_of(o, 0), *xy = row_of(o, 1), *yy = row_of(o, 2);
  for (int y = 0; y < o->h; y++) {
    const size_t at = (size_t)y * w;
    tensor_row(w, rows_of(o, o->smooth[0], y), rows_of(o, o->smooth[1], y),
               rows_of(o, o->smooth[2], y), o->xx + at, o->xy + at, o->yy + at);
  }
  memset(o->contrast, 0, (size_t)w * sizeof *o->contrast);
  memset(o->contrast + (size_t)(o->h - 1) * w, 0, (size_t)w * sizeof *o->contrast);
  for (int y = 1; y + 1 < o->h; y++) {
    const size_t at = (size_t)y * w;
    sum_rows(w, rows_of(o, o->xx, y), xx);
    sum_rows(w, rows_of(o, o->xy, y), xy);
    sum_rows(w, rows_of(o, o->yy, y), yy);
    contrast_row(w, xx, xy, yy, rows_of(o, o->smooth[0], y), o->contrast + at, o->nx + at,
                 o->ny + at);
  }
  if (!o->in->mask) return;
  float *restrict contrast = o->contrast;
  const float *restrict share = o->share, *restrict known = o->known;
  float *restrict judged = o->judged;
  for (size_t i = 0; i < count; i++) {
    judged[i] = share[i] >= RIM ? known[i] : 0;
    contrast[i] = judged[i] > 0 ? contrast[i] : 0;
  }
}

/* ---- surround ---- */

/* Row y of the means, from the sums of its columns. */
static void mean_row(int w, int rows, const float *column, float *restrict mean) {
  float sum = 0;
  for (int x = 0; x < SURROUND && x < w; x++) sum += column[x];
  for (int x = 0; x < w; x++) {
    const int left = x > SURROUND ? x - SURROUND : 0;
    const int right = x + SURROUND < w ? x + SURROUND : w - 1;
    if (x + SURROUND < w) sum += column[x + SURROUND];
    if (x > SURROUND) sum -= column[x - SURROUND - 1];
    mean[x] = sum / (float)(rows * (right - left + 1));
  }
}

/* Means of the square around, by running sums. */
static void mean_plane(struct outline *o, const float *src, float *mean) {
  const int w = o->w, h = o->h;
  float *restrict column = row_of(o, 0);
  memset(column, 0, (size_t)w * sizeof *column);
  for (int y = 0; y < SURROUND && y < h; y++)
    for (int x = 0; x < w; x++) column[x] += src[(size_t)y * w + x];
  for (int y = 0; y < h; y++) {
    const float *here = src + (size_t)y * w;
    const ptrdiff_t in = (ptrdiff_t)SURROUND * w, out = -in - w;
    const int top = y > SURROUND ? y - SURROUND : 0, low = y + SURROUND < h ? y + SURROUND : h - 1;
    if (y + SURROUND < h)
      for (int x = 0; x < w; x++) column[x] += here[x + in];
    if (y > SURROUND)
      for (int x = 0; x < w; x++) column[x] -= here[x + out];
    mean_row(w, low - top + 1, column, mean + (size_t)y * w);
  }
}

static void take_surround_off(struct outline *o) {
  const size_t count = (size_t)o->w * o->h;
  float *restrict contrast = o->contrast, *restrict around = o->around;
  mean_plane(o, contrast, around);
  if (o->in->mask) { /* of what is judged alone; a pixel that is counts itself */
    const float *restrict judged = o->smooth[0];
    mean_plane(o, o->judged, o->smooth[0]);
    for (size_t i = 0; i < count; i++) around[i] /= judged[i] > 0.003f ? judged[i] : 0.003f;
  }
  for (size_t i = 0; i < count; i++)
    contrast[i] = positive(contrast[i] - CROWD * around[i]) * (1 / (1 - CROWD * LONE));
}

/* ---- thin ---- */

/* near: the strongest line within CLEAR px. `state` is to spare. */
static void spread_lines(struct outline *o, const uint8_t *line) {
  const int w = o->w, h = o->h;
  for (int y = 0; y < h; y++) {
    const uint8_t *p = line + (size_t)y * w;
    uint8_t *restrict d = o->state + (size_t)y * w;
    memcpy(d, p, (size_t)w);
    for (int k = 1; k <= CLEAR && k < w; k++) {
      for (int x = 0; x < w - k; x++) d[x] = d[x] > p[x + k] ? d[x] : p[x + k];
      for (int x = k; x < w; x++) d[x] = d[x] > p[x - k] ? d[x] : p[x - k];
    }
  }
  for (int y = 0; y < h; y++) {
    uint8_t *restrict d = o->near + (size_t)y * w;
    memcpy(d, o->state + (size_t)y * w, (size_t)w);
    for (int k = -CLEAR; k <= CLEAR; k++) {
      if (y + k < 0 || y + k >= h) continue;
      const uint8_t *p = o->state + (size_t)(y + k) * w;
      for (int x = 0; x < w; x++) d[x] = d[x] > p[x] ? d[x] : p[x];
    }
  }
}

enum { NOTHING, RIDGE, SURE, STROKE }; /* SURE: a ridge that reaches the threshold */

/* One pixel on from p in direction (cx, cy), bilinearly. */
static float beyond(const float *p, ptrdiff_t stride, float cx, float cy) {
  const ptrdiff_t sx = cx < 0 ? -1 : 1, sy = cy < 0 ? -stride : stride;
  const float ax = fabsf(cx), ay = fabsf(cy);
  const float near = p[0] + (p[sx] - p[0]) * ax, far = p[sy] + (p[sy + sx] - p[sy]) * ax;
  return near + (far - near) * ay;
}

/* Whether the edge is that of a painted stroke, whose line is there on the darker side. */
static bool edge_of_line(const struct outline *o, const uint8_t *line, int x, int y) {
  const size_t i = (size_t)y * o->w + x;
  for (int k = 1; k <= BODY; k++) {
    const int u = x + (int)lrintf((float)k * o->nx[i]), v = y + (int)lrintf((float)k * o->ny[i]);
    if (u < 0 || v < 0 || u >= o->w || v >= o->h) return false;
    if (line[(size_t)v * o->w + u] >= INKED) return true;
  }
  return false;
}

/* Where a neighbour is not judged, contrast ends without having been highest. */
static bool judged_around(const struct outline *o, size_t i) {
  if (!o->in->mask) return true;
  for (int dy = -1; dy <= 1; dy++) {
    const float *p = o->judged + i + (ptrdiff_t)dy * o->w;
    if (p[-1] == 0 || p[0] == 0 || p[1] == 0) return false;
  }
  return true;
}

static void thin(struct outline *o, const uint8_t *line) {
  const int w = o->w, h = o->h;
  const float weak = WEAK * o->in->threshold;
  memset(o->state, NOTHING, (size_t)w * h);
  for (int y = 2; y + 2 < h; y++)
    for (int x = 2; x + 2 < w; x++) {
      const size_t i = (size_t)y * w + x;
      const float c = o->contrast[i];
      if (c < weak || o->near[i] >= INKED || !judged_around(o, i)) continue;
      const float a = beyond(o->contrast + i, w, -o->nx[i], -o->ny[i]);
      const float b = beyond(o->contrast + i, w, o->nx[i], o->ny[i]);
      if (c < a || c <= b || edge_of_line(o, line, x, y)) continue;
      o->state[i] = c >= o->in->threshold ? SURE : RIDGE;
      o->top[i] = 0.5f * (b - a) / (2 * c - a - b);
    }
}

/* ---- join ---- */

struct stroke {
  int count, sure; /* pixels; how many reach the threshold */
  int left, right, top, low;
};

static void add_to_stroke(struct outline *o, struct stroke *t, int i) {
  const int x = i % o->w, y = i / o->w;
  t->sure += o->state[i] == SURE;
  t->left = x < t->left ? x : t->left;
  t->right = x > t->right ? x : t->right;
  t->top = y < t->top ? y : t->top;
  t->low = y > t->low ? y : t->low;
  o->state[i] = STROKE;
  o->stack[t->count++] = i;
}

/* The stroke that ridge pixel i belongs to; the stack then holds its pixels. */
static struct stroke collect(struct outline *o, int i) {
  const int w = o->w, step[8] = {-w - 1, -w, -w + 1, -1, 1, w - 1, w, w + 1};
  struct stroke t = {0, 0, w, 0, o->h, 0};
  add_to_stroke(o, &t, i);
  for (int done = 0; done < t.count; done++)
    for (int k = 0; k < 8; k++) {
      const int q = o->stack[done] + step[k]; /* ridges keep off the border */
      if (o->state[q] == RIDGE || o->state[q] == SURE) add_to_stroke(o, &t, q);
    }
  return t;
}

static bool is_drawn(const struct stroke *t) {
  const int wide = t->right - t->left + 1, high = t->low - t->top + 1;
  return t->sure >= STRONG && (wide > high ? wide : high) >= EXTENT;
}

/* ---- ink ---- */

static void ink(struct outline *o, int i, uint8_t *line) {
  const float nx = o->nx[i], ny = o->ny[i], top = o->top[i];
  const float c = o->contrast[i] / o->in->threshold;
  const float full = 255 * (c < 1 ? c : 1);
  for (int dy = -1; dy <= 1; dy++)
    for (int dx = -1; dx <= 1; dx++) {
      uint8_t *p = line + i + dy * o->w + dx;
      const float far = fabsf((float)dx * nx + (float)dy * ny - top);
      const float cover = HALF_WIDTH + 0.5f - far;
      if (cover <= 0) continue;
      const uint8_t tone = (uint8_t)(full * (cover < 1 ? cover : 1) + 0.5f);
      if (tone > *p) *p = tone;
    }
}

void kz_outline_draw(const struct kz_outline_input *in, uint8_t *line, float *scratch) {
  struct outline o = {.in = in, .w = in->w, .h = in->h};
  if (o.w < 3 || o.h < 3) return; /* all border */
  lay_out(&o, scratch);
  load(&o);
  smooth(&o);
  find_contrast(&o);
  take_surround_off(&o);
  spread_lines(&o, line);
  thin(&o, line);
  for (int i = 0; i < o.w * o.h; i++) {
    if (o.state[i] != RIDGE && o.state[i] != SURE) continue;
    const struct stroke t = collect(&o, i);
    for (int k = 0; k < t.count && is_drawn(&t); k++) ink(&o, o.stack[k], line);
  }
}
