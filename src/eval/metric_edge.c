/* Whether lines go on where they should: edges of the result against edges of the original, in the
 * hole. Edges are Canny's (1986): luma blurred by a Gaussian of deviation 1.4 px; gradient by
 * Sobel's operator, in levels a pixel; kept where it is largest along its direction (one of four)
 * and at least LOW, in a connected run that somewhere reaches HIGH.
 *
 *   precision = share of the result's edge pixels in the hole with an edge of the original within
 *   1 px (eight neighbours); recall the other way round; F1 = 2 PR / (P + R)
 * Undefined if neither has an edge in the hole; 0 if one has none. */
#include <stdlib.h>
#include <string.h>

#include "eval/metric.h"

enum { RADIUS = 4, WINDOW = 2 * RADIUS + 1 };
static const float LOW = 4, HIGH = 8, DEVIATION = 1.4f; /* levels a pixel; px */
enum { NONE, WEAK, EDGE };

struct edges {
  int w, h;
  float *blurred, *size; /* [h, w]: luma, gradient's length */
  uint8_t *direction;    /* 0: along x, 1: along x = y, 2: along y, 3: along x = -y */
  uint8_t *kind;         /* NONE, WEAK, EDGE */
  int32_t *stack;
};

static int limit(int i, int n) { return i < 0 ? 0 : i >= n ? n - 1 : i; }

/* Sideways into `size`, then downwards into `blurred`. */
static void blur(struct edges *e, const uint8_t *grey) {
  float k[WINDOW], sum = 0;
  for (int i = 0; i < WINDOW; i++)
    sum += k[i] = expf(-(float)((i - RADIUS) * (i - RADIUS)) / (2 * DEVIATION * DEVIATION));
  for (int i = 0; i < WINDOW; i++) k[i] /= sum;
  for (int y = 0; y < e->h; y++)
    for (int x = 0; x < e->w; x++) {
      float v = 0;
      for (int i = 0; i < WINDOW; i++)
        v += k[i] * grey[(size_t)y * (size_t)e->w + (size_t)limit(x + i - RADIUS, e->w)];
      e->size[(size_t)y * (size_t)e->w + (size_t)x] = v;
    }
  memset(e->blurred, 0, (size_t)e->w * (size_t)e->h * sizeof *e->blurred);
  for (int y = 0; y < e->h; y++) {
    float *dst = e->blurred + (size_t)y * (size_t)e->w;
    for (int i = 0; i < WINDOW; i++) {
      const float *src = e->size + (size_t)limit(y + i - RADIUS, e->h) * (size_t)e->w;
      for (int x = 0; x < e->w; x++) dst[x] += k[i] * src[x];
    }
  }
}

/* Which neighbours lie across the edge: by tan 22.5 and tan 67.5 degrees. */
static uint8_t direction(float gx, float gy) {
  float ax = fabsf(gx), ay = fabsf(gy);
  if (ay <= .41421356f * ax) return 0;
  if (ay >= 2.41421356f * ax) return 2;
  return gx * gy > 0 ? 1 : 3;
}

static void differentiate(struct edges *e) {
  for (int y = 0; y < e->h; y++) {
    const float *up = e->blurred + (size_t)limit(y - 1, e->h) * (size_t)e->w;
    const float *at = e->blurred + (size_t)y * (size_t)e->w;
    const float *down = e->blurred + (size_t)limit(y + 1, e->h) * (size_t)e->w;
    for (int x = 0; x < e->w; x++) {
      int l = limit(x - 1, e->w), r = limit(x + 1, e->w);
      float gx = (up[r] + 2 * at[r] + down[r] - up[l] - 2 * at[l] - down[l]) / 8;
      float gy = (down[l] + 2 * down[x] + down[r] - up[l] - 2 * up[x] - up[r]) / 8;
      size_t i = (size_t)y * (size_t)e->w + (size_t)x;
      e->size[i] = sqrtf(gx * gx + gy * gy);
      e->direction[i] = direction(gx, gy);
    }
  }
}

static float size_at(const struct edges *e, int x, int y) {
  if (x < 0 || y < 0 || x >= e->w || y >= e->h) return 0;
  return e->size[(size_t)y * (size_t)e->w + (size_t)x];
}

/* Of two equal neighbours the second is kept, so that a step between two pixels is one line. */
static void thin(struct edges *e) {
  static const int step[4][2] = {{1, 0}, {1, 1}, {0, 1}, {1, -1}};
  for (int y = 0; y < e->h; y++)
    for (int x = 0; x < e->w; x++) {
      size_t i = (size_t)y * (size_t)e->w + (size_t)x;
      const int *d = step[e->direction[i]];
      float v = e->size[i];
      e->kind[i] = v >= LOW && v >= size_at(e, x - d[0], y - d[1]) &&
                           v > size_at(e, x + d[0], y + d[1])
                       ? WEAK : NONE;
    }
}

/* From every strong pixel through weak ones. */
static void connect(struct edges *e) {
  const int64_t n = (int64_t)e->w * e->h;
  for (int64_t i = 0; i < n; i++) {
    int64_t top = 0;
    if (e->kind[i] != WEAK || e->size[i] < HIGH) continue;
    e->kind[i] = EDGE;
    e->stack[top++] = (int32_t)i;
    while (top > 0) {
      int32_t at = e->stack[--top];
      int x = at % e->w, y = at / e->w;
      for (int k = 0; k < 9; k++) {
        int nx = x + k % 3 - 1, ny = y + k / 3 - 1;
        if (nx < 0 || ny < 0 || nx >= e->w || ny >= e->h) continue;
        int32_t next = ny * e->w + nx;
        if (e->kind[next] != WEAK) continue;
        e->kind[next] = EDGE;
        e->stack[top++] = next;
      }
    }
  }
}

static int find_edges(struct edges *e, const struct kz_pixels *grey, struct kz_err *err) {
  const size_t n = (size_t)grey->width * (size_t)grey->height;
  *e = (struct edges){.w = grey->width, .h = grey->height};
  e->blurred = malloc(n * sizeof *e->blurred);
  e->size = malloc(n * sizeof *e->size);
  e->direction = malloc(n);
  e->kind = malloc(n);
  e->stack = malloc(n * sizeof *e->stack);
  if (!e->blurred || !e->size || !e->direction || !e->kind || !e->stack)
    return kz_err_set(err, KZ_ENOMEM, "no memory for the edges of %d x %d px", e->w, e->h);
  blur(e, grey->data);
  differentiate(e);
  thin(e);
  connect(e);
  return 0;
}

static void release(struct edges *e) {
  free(e->blurred);
  free(e->size);
  free(e->direction);
  free(e->kind);
  free(e->stack);
}

static bool edge_near(const struct edges *e, int64_t i) {
  int x = (int)(i % e->w), y = (int)(i / e->w);
  for (int k = 0; k < 9; k++) {
    int nx = x + k % 3 - 1, ny = y + k / 3 - 1;
    if (nx >= 0 && ny >= 0 && nx < e->w && ny < e->h &&
        e->kind[(size_t)ny * (size_t)e->w + (size_t)nx] == EDGE)
      return true;
  }
  return false;
}

/* Edge pixels of `a` in the hole, and how many of them have one of `b` near. */
static void match(const struct kz__scene *s, const struct edges *a, const struct edges *b,
                  int64_t *all, int64_t *matched) {
  const int64_t n = (int64_t)a->w * a->h;
  *all = *matched = 0;
  for (int64_t i = 0; i < n; i++) {
    if (a->kind[i] != EDGE || !kz__is_hole(s, i)) continue;
    ++*all;
    *matched += edge_near(b, i);
  }
}

static int measure(const struct kz__scene *s, double *value, struct kz_err *err) {
  struct edges e[2] = {{0}, {0}};
  int64_t all[2], matched[2];
  int code = find_edges(&e[0], &s->grey[0], err);
  if (!code) code = find_edges(&e[1], &s->grey[1], err);
  if (code) goto out;
  match(s, &e[0], &e[1], &all[0], &matched[0]);
  match(s, &e[1], &e[0], &all[1], &matched[1]);
  double recall = all[0] ? (double)matched[0] / (double)all[0] : 0;
  double precision = all[1] ? (double)matched[1] / (double)all[1] : 0;
  *value = precision + recall > 0 ? 2 * precision * recall / (precision + recall) : 0;
  if (!all[0] && !all[1]) *value = NAN;
out:
  release(&e[0]);
  release(&e[1]);
  return code;
}

const struct kz_eval_metric kz__metric_edge_f1 = {
    .name = "edge-f1", .unit = "",
    .help = "edges in the hole against the original's: F1, 1 px of tolerance",
    .higher_is_better = true, .digits = 4, .measure = measure};
