/* Places that stand out: extrema of a difference of blurs, in place and over scales, on a pyramid
 * of steps of 2^(1/3); each turned into the direction in which it grows brighter, and described by
 * 256 comparisons of two of 47 points on rings around it.
 *
 * Planes are 16-bit integers, luma with four bits behind the point, and a blur is 1 4 6 4 1 each
 * way, which just fits: so a pass is a few vector instructions for eight pixels. A level is made
 * of the one below after a blur, so that all levels are about equally soft. The strongest are
 * taken, but none beside a stronger one: a part of a picture then has those of the whole. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "near/pattern.h"
#include "near/private.h"

enum { LEVELS = 6, MARGIN = KZ__NEAR_REACH + 2, LEAST = 2 * MARGIN + 4, MOST = 8192 };
#define WEAKEST 24   /* difference of blurs that counts: 1.5 of 255 */
#define STRAIGHT 8.0f /* ratio of curvatures from which on it is a line and no place */
#define APART 0.035f  /* of the picture's size: nothing is taken so close to a stronger one */

struct level {
  int w, h;
  uint16_t *luma, *soft; /* soft: blurred once */
  int16_t *diff;         /* luma less itself blurred twice */
};

struct peak {
  float x, y;           /* in its level */
  float base_x, base_y; /* in the first */
  int level, strength;
};

struct space {
  int count;
  struct level level[LEVELS];
  uint16_t *row, *across, *twice; /* across: where each sample of a row lies in the level below */
  uint8_t *flags;
  struct peak *peak;
  int peaks;
};

/* ---- planes ---- */

static int level_size(int n, int level) { return (int)lrint(n * pow(2.0, -level / 3.0)); }

static size_t round_up(size_t bytes) { return (bytes + 63) & ~(size_t)63; }

/* From scratch, at `at`; scratch may be NULL where only the size is asked for. */
static void *take(char *scratch, size_t *at, size_t bytes) {
  void *p = scratch ? scratch + *at : NULL;
  *at += round_up(bytes);
  return p;
}

static size_t lay_out(struct space *s, int w, int h, char *scratch) {
  size_t at = 0;
  memset(s, 0, sizeof *s);
  for (int i = 0; i < LEVELS; i++) {
    struct level *l = &s->level[i];
    l->w = level_size(w, i);
    l->h = level_size(h, i);
    if (l->w < LEAST || l->h < LEAST) break;
    size_t bytes = (size_t)l->w * (size_t)l->h * sizeof *l->luma;
    l->luma = take(scratch, &at, bytes);
    l->soft = take(scratch, &at, bytes);
    l->diff = take(scratch, &at, bytes);
    s->count++;
  }
  s->row = take(scratch, &at, (size_t)(w + 8) * sizeof *s->row);
  s->across = take(scratch, &at, (size_t)w * sizeof *s->across);
  s->twice = take(scratch, &at, (size_t)w * (size_t)h * sizeof *s->twice);
  s->flags = take(scratch, &at, (size_t)w + 8);
  s->peak = take(scratch, &at, MOST * sizeof *s->peak);
  return at;
}

size_t kz__near_locals_scratch(int lw, int lh) {
  struct space s;
  return lay_out(&s, lw, lh, NULL);
}

static int within(int v, int lo, int hi) { return v < lo ? lo : v > hi ? hi : v; }

static void blur_down(int w, const uint16_t *restrict a, const uint16_t *restrict b,
                      const uint16_t *restrict c, const uint16_t *restrict d,
                      const uint16_t *restrict e, uint16_t *restrict to) {
  for (int x = 0; x < w; x++)
    to[x] = (uint16_t)((uint16_t)(a[x] + e[x] + 4 * (b[x] + d[x]) + 6 * c[x] + 8) >> 4);
}

static void blur_across(int w, const uint16_t *restrict from, uint16_t *restrict to) {
  for (int x = 0; x < w; x++)
    to[x] = (uint16_t)((uint16_t)(from[x] + from[x + 4] + 4 * (from[x + 1] + from[x + 3]) +
                                  6 * from[x + 2] + 8) >> 4);
}

static void blur(int w, int h, const uint16_t *from, uint16_t *to, uint16_t *row) {
  for (int y = 0; y < h; y++) {
    const uint16_t *r[5];
    for (int k = 0; k < 5; k++) r[k] = from + (size_t)within(y + k - 2, 0, h - 1) * (size_t)w;
    blur_down(w, r[0], r[1], r[2], r[3], r[4], row + 2);
    row[0] = row[1] = row[2];
    row[w + 2] = row[w + 3] = row[w + 1];
    blur_across(w, row, to + (size_t)y * (size_t)w);
  }
}

/* Where sample i of n lies among `of`, in sixteenths. */
static int position(int i, int n, int of) {
  return within(((2 * i + 1) * of * 16 + n) / (2 * n) - 8, 0, 16 * (of - 1));
}

static void mix_rows(int w, const uint16_t *restrict a, const uint16_t *restrict b, int f,
                     uint16_t *restrict to) {
  for (int x = 0; x < w; x++) to[x] = (uint16_t)((uint16_t)(a[x] * (16 - f) + b[x] * f) >> 4);
}

static void mix_along(int w, const uint16_t *restrict row, const uint16_t *restrict across,
                      uint16_t *restrict to) {
  for (int x = 0; x < w; x++) {
    const uint16_t *r = row + (across[x] >> 4);
    int f = across[x] & 15;
    to[x] = (uint16_t)((r[0] * (16 - f) + r[1] * f) >> 4);
  }
}

static void reduce(const struct level *from, const struct level *to, uint16_t *across,
                   uint16_t *row) {
  for (int x = 0; x < to->w; x++) across[x] = (uint16_t)position(x, to->w, from->w);
  for (int y = 0; y < to->h; y++) {
    int p = position(y, to->h, from->h), k = p >> 4;
    const uint16_t *a = from->soft + (size_t)k * (size_t)from->w;
    mix_rows(from->w, a, k + 1 < from->h ? a + from->w : a, p & 15, row);
    row[from->w] = row[from->w - 1];
    mix_along(to->w, row, across, to->luma + (size_t)y * (size_t)to->w);
  }
}

static void build(struct space *s, const uint16_t *picture) {
  for (int i = 0; i < s->count; i++) {
    struct level *l = &s->level[i];
    size_t n = (size_t)l->w * (size_t)l->h;
    const uint16_t *luma = l->luma, *twice = s->twice;
    int16_t *diff = l->diff;
    if (i) reduce(l - 1, l, s->across, s->row);
    else blur(l->w, l->h, picture, l->luma, s->row);
    blur(l->w, l->h, l->luma, l->soft, s->row);
    blur(l->w, l->h, l->soft, s->twice, s->row);
    for (size_t k = 0; k < n; k++) diff[k] = (int16_t)(luma[k] - twice[k]);
  }
}

/* ---- extrema ---- */

static int16_t more(int16_t a, int16_t b) { return a > b ? a : b; }
static int16_t less(int16_t a, int16_t b) { return a < b ? a : b; }

/* Flag what is above (below) all eight about it; of equals, the last. */
static void flag_row(int w, const int16_t *restrict p, const int16_t *restrict c,
                     const int16_t *restrict n, uint8_t *restrict flags) {
  for (int x = 0; x < w; x++) {
    int16_t hi = more(more(more(p[x - 1], p[x]), more(p[x + 1], c[x - 1])),
                      more(more(n[x - 1], n[x]), more(n[x + 1], c[x + 1])));
    int16_t lo = less(less(less(p[x - 1], p[x]), less(p[x + 1], c[x - 1])),
                      less(less(n[x - 1], n[x]), less(n[x + 1], c[x + 1])));
    flags[x] = (uint8_t)(((c[x] > hi) & (c[x] > WEAKEST)) | ((c[x] < lo) & (c[x] < -WEAKEST)));
  }
}

/* Whether |v|, of that sign, is above all nine of another level about the same place. */
static bool beats(const struct level *from, int x, int y, int v, const struct level *l) {
  int cx = within((2 * x + 1) * l->w / (2 * from->w), 1, l->w - 2);
  int cy = within((2 * y + 1) * l->h / (2 * from->h), 1, l->h - 2);
  for (int j = -1; j <= 1; j++) {
    const int16_t *row = l->diff + (size_t)(cy + j) * (size_t)l->w + cx;
    for (int i = -1; i <= 1; i++)
      if (v > 0 ? row[i] > v : row[i] < v) return false;
  }
  return true;
}

/* Not on a line: Harris and Stephens' ratio of curvatures, as Lowe (2004) has it. */
static bool refine(const int16_t *d, ptrdiff_t w, float *dx, float *dy) {
  float gx = 0.5f * (float)(d[1] - d[-1]), gy = 0.5f * (float)(d[w] - d[-w]);
  float xx = (float)(d[1] + d[-1] - 2 * d[0]), yy = (float)(d[w] + d[-w] - 2 * d[0]);
  float xy = 0.25f * (float)(d[w + 1] + d[-w - 1] - d[w - 1] - d[1 - w]);
  float det = xx * yy - xy * xy, trace = xx + yy;
  if (det <= 0 || trace * trace * STRAIGHT >= (STRAIGHT + 1) * (STRAIGHT + 1) * det) return false;
  *dx = fmaxf(-0.5f, fminf(0.5f, (xy * gy - yy * gx) / det));
  *dy = fmaxf(-0.5f, fminf(0.5f, (xy * gx - xx * gy) / det));
  return true;
}

static void consider(struct space *s, int i, int x, int y) {
  const struct level *l = &s->level[i];
  const int16_t *d = l->diff + (size_t)y * (size_t)l->w + x;
  float dx, dy;
  if (s->peaks == MOST || !refine(d, l->w, &dx, &dy)) return;
  if (i > 0 && !beats(l, x, y, *d, l - 1)) return;
  if (i + 1 < s->count && !beats(l, x, y, *d, l + 1)) return;
  float px = (float)x + dx, py = (float)y + dy, scale = (float)s->level[0].w / (float)l->w;
  s->peak[s->peaks++] = (struct peak){px, py, (px + 0.5f) * scale, (py + 0.5f) * scale, i,
                                      abs(*d) * (4 + i)};
}

static void find(struct space *s) {
  for (int i = 0; i < s->count; i++) {
    const struct level *l = &s->level[i];
    int n = l->w - 2 * MARGIN;
    for (int y = MARGIN; y < l->h - MARGIN; y++) {
      const int16_t *c = l->diff + (size_t)y * (size_t)l->w + MARGIN;
      flag_row(n, c - l->w, c, c + l->w, s->flags);
      memset(s->flags + n, 0, 8);
      for (int x = 0; x < n; x += 8) {
        uint64_t eight;
        memcpy(&eight, s->flags + x, sizeof eight);
        for (int k = 0; eight && k < 8; k++)
          if (s->flags[x + k]) consider(s, i, x + k + MARGIN, y);
      }
    }
  }
}

/* ---- description ---- */

/* The direction from the darker to the brighter side: of the centroid of luma in a disc. */
static int direction(const struct level *l, int x, int y) {
  int32_t mx = 0, my = 0;
  for (int j = -KZ__NEAR_DISC; j <= KZ__NEAR_DISC; j++) {
    const uint16_t *row = l->soft + (size_t)(y + j) * (size_t)l->w + x;
    int half = kz__near_disc[j < 0 ? -j : j];
    int32_t sum = 0, moment = 0;
    for (int i = -half; i <= half; i++) {
      sum += row[i];
      moment += row[i] * i;
    }
    mx += moment;
    my += sum * j;
  }
  return (int)lrint(atan2((double)my, (double)mx) * (64 / 3.14159265358979323846)) & 127;
}

static void describe(const struct level *l, float x, float y, int angle, uint64_t bits[4]) {
  uint16_t value[KZ__NEAR_POINTS];
  float c = cosf((float)angle * (3.14159265f / 64)), s = sinf((float)angle * (3.14159265f / 64));
  for (int i = 0; i < KZ__NEAR_POINTS; i++) {
    float px = x + c * kz__near_point[i][0] - s * kz__near_point[i][1];
    float py = y + s * kz__near_point[i][0] + c * kz__near_point[i][1];
    value[i] = l->soft[(size_t)(int)(py + 0.5f) * (size_t)l->w + (size_t)(int)(px + 0.5f)];
  }
  for (int k = 0; k < 2; k++)
    for (int i = 0; i < 64; i++) {
      const uint8_t *p = kz__near_pair[64 * k + i];
      bits[k] |= (uint64_t)(value[p[0]] < value[p[1]]) << i;
      bits[k + 2] |= (uint64_t)(value[kz__near_mirror[p[0]]] < value[kz__near_mirror[p[1]]]) << i;
    }
}

/* Take the strongest that is left; what is close to it goes. */
static int strongest(struct space *s, float reach, struct peak *best) {
  int at = 0, kept = 0;
  for (int i = 1; i < s->peaks; i++)
    if (s->peak[i].strength > s->peak[at].strength) at = i;
  *best = s->peak[at];
  for (int i = 0; i < s->peaks; i++) {
    float dx = s->peak[i].base_x - best->base_x, dy = s->peak[i].base_y - best->base_y;
    if (dx * dx + dy * dy > reach * reach) s->peak[kept++] = s->peak[i];
  }
  return s->peaks = kept;
}

static uint16_t placed(float v, int n) {
  return (uint16_t)within((int)((v + 0.5f) * 2048.0f / (float)n), 0, 2047);
}

int kz__near_locals(int lw, int lh, const uint16_t *luma, struct kz_near_local to[KZ_NEAR_LOCALS],
                    void *scratch) {
  struct space s;
  int count = 0;
  lay_out(&s, lw, lh, scratch);
  build(&s, luma);
  find(&s);
  float reach = APART * sqrtf((float)lw * (float)lh);
  while (s.peaks > 0 && count < KZ_NEAR_LOCALS) {
    struct peak p;
    strongest(&s, reach, &p);
    const struct level *l = &s.level[p.level];
    struct kz_near_local *out = &to[count++];
    int angle = direction(l, (int)(p.x + 0.5f), (int)(p.y + 0.5f));
    *out = (struct kz_near_local){.x = placed(p.x, l->w), .y = placed(p.y, l->h),
                                  .scale = (uint8_t)p.level, .angle = (uint8_t)angle};
    describe(l, p.x, p.y, angle, out->bits);
  }
  return count;
}
