/* Halving and doubling, for holes that are filled coarse to fine. Only rectangles that are asked
 * for are ever made, a few rows at a time: a half of a half of a half is eight rows of the image
 * for each of its own, and none of them is held. */
#include "restore/levels.h"

#include <stdlib.h>
#include <string.h>

#define ROWS 32    /* of the half picture, made at once */
#define WINDOW 512 /* px, enlarged at once */

static int least(int a, int b) { return a < b ? a : b; }

/* How many pixels of an axis pixel p of the half one stands for: 2, at an odd end 1. */
static int stands_for(int p, int length) { return least(2, length - 2 * p); }

int kz__holes_halve(const struct kz__holes *h, struct kz__holes *half, struct kz_err *err) {
  const int width = (h->width + 1) / 2, height = (h->height + 1) / 2;
  uint8_t *row = malloc((size_t)width);
  int code = kz__holes_init(half, width, height, err);
  if (!code && !row) code = kz_err_set(err, KZ_ENOMEM, "no memory for a row of %d px", width);
  for (int y = 0; y < height && !code; y++) {
    const int rows = stands_for(y, h->height);
    memset(row, 0, (size_t)width);
    for (int r = h->row[2 * y]; r < h->row[2 * y + rows]; r++)
      for (int x = h->runs[r].x; x < h->runs[r].x + h->runs[r].len; x++) row[x / 2]++;
    for (int x = 0; x < width; x++) row[x] = 2 * row[x] > rows * stands_for(x, h->width);
    code = kz__holes_add_row(half, y, row, err);
  }
  free(row);
  if (code) kz__holes_release(half);
  return code;
}

/* ---- reading ---- */

/* The part of an axis that [at, at + n) of the half one stands for. */
static void whole_range(int at, int n, int length, int *from, int *count) {
  *from = 2 * at;
  *count = least(2 * n, length - 2 * at);
}

/* rgb [h, w, 3] from `from` [fh, fw, 3] and its mask (1: damaged). */
static void average(const float *from, const uint8_t *mask, int fw, int fh, int w, int h,
                    float *rgb) {
  for (int y = 0; y < h; y++)
    for (int x = 0; x < w; x++, rgb += 3) {
      float sum[3] = {0};
      int known = 0;
      for (int v = 2 * y; v < least(2 * y + 2, fh); v++)
        for (int u = 2 * x; u < least(2 * x + 2, fw); u++) {
          const size_t p = (size_t)v * fw + u;
          if (mask[p]) continue;
          for (int k = 0; k < 3; k++) sum[k] += from[p * 3 + k];
          known++;
        }
      for (int k = 0; k < 3; k++) rgb[k] = known ? sum[k] / (float)known : 0;
    }
}

int kz__half_read(void *self, int x, int y, int w, int h, float *rgb, struct kz_err *err) {
  const struct kz__half *half = self;
  const struct kz__holes *holes = half->holes;
  int fx, fw, code = 0;
  whole_range(x, w, holes->width, &fx, &fw);
  float *from = malloc((size_t)fw * 2 * ROWS * 3 * sizeof *from);
  uint8_t *mask = malloc((size_t)fw * 2 * ROWS);
  if (!from || !mask)
    code = kz_err_set(err, KZ_ENOMEM, "no memory to halve rows of %d px", fw);
  for (int at = 0; at < h && !code; at += ROWS) {
    const int rows = least(ROWS, h - at);
    int fy, fh;
    whole_range(y + at, rows, holes->height, &fy, &fh);
    code = half->known->read(half->known->self, fx, fy, fw, fh, from, err);
    if (code) break;
    memset(mask, 0, (size_t)fw * fh);
    struct kz__span s;
    for (kz__span_start(&s, holes, fx, fy, fw, fh); kz__span_next(&s);)
      memset(mask + (size_t)(s.y - fy) * fw + (s.x - fx), 1, (size_t)s.len);
    average(from, mask, fw, fh, w, rows, rgb + (size_t)at * w * 3);
  }
  free(from);
  free(mask);
  return code;
}

int kz__half_read_drawn(void *self, int x, int y, int w, int h, uint8_t *drawn,
                        struct kz_err *err) {
  const struct kz__half *half = self;
  int fx, fw, code = 0;
  whole_range(x, w, half->holes->width, &fx, &fw);
  uint8_t *from = malloc((size_t)fw * 2 * ROWS);
  if (!from) return kz_err_set(err, KZ_ENOMEM, "no memory to halve rows of %d px", fw);
  memset(drawn, 0, (size_t)w * h);
  for (int at = 0; at < h && !code; at += ROWS) {
    int fy, fh;
    whole_range(y + at, least(ROWS, h - at), half->holes->height, &fy, &fh);
    code = half->drawn->read(half->drawn->self, fx, fy, fw, fh, from, err);
    for (int v = 0; v < fh && !code; v++)
      for (int u = 0; u < fw; u++)
        drawn[(size_t)(at + v / 2) * w + u / 2] |= from[(size_t)v * fw + u];
  }
  free(from);
  return code;
}

/* ---- enlarging ---- */

/* A rectangle of the half picture. */
struct piece {
  int x, y, w, h;
  float *rgb;
};

/* Pixel p lies between pixels lo and lo + 1 of the half axis, a quarter away from the nearer one;
 * past the end the last one counts. */
static void between(int p, int at, int count, int *lo, int *hi, float *share) {
  *lo = (p + 1) / 2 - 1 - at;
  *hi = least(*lo + 1, count - 1);
  *share = p & 1 ? 0.25f : 0.75f;
  if (*lo < 0) *lo = 0;
}

static void enlarge_span(struct kz__repair *c, const struct kz__span *s, const struct piece *p) {
  int top, bottom, left, right;
  float v, u;
  between(s->y, p->y, p->h, &top, &bottom, &v);
  const float *above = p->rgb + (size_t)top * p->w * 3, *below = p->rgb + (size_t)bottom * p->w * 3;
  float *to = c->x + s->first * 3;
  for (int n = 0; n < s->len; n++, to += 3) {
    between(s->x + n, p->x, p->w, &left, &right, &u);
    for (int k = 0; k < 3; k++) {
      float a = above[left * 3 + k] * (1 - u) + above[right * 3 + k] * u;
      float b = below[left * 3 + k] * (1 - u) + below[right * 3 + k] * u;
      to[k] = (a * (1 - v) + b * v) * 2 - 1;
    }
  }
}

/* What of the half axis pixels [at, end) lie between. */
static void half_range(int at, int end, int length, int *from, int *count) {
  *from = at ? (at + 1) / 2 - 1 : 0;
  *count = least(end / 2 + 1, (length + 1) / 2) - *from;
}

static int enlarge_core(struct kz__repair *c, const struct kz__tiles *t, int i,
                        const struct kz__known *half, struct piece *p, struct kz_err *err) {
  const struct kz__tile *tile = &t->list[i];
  int x = kz__axis_core(&t->ax, tile->ix), right = kz__axis_core(&t->ax, tile->ix + 1);
  int y = kz__axis_core(&t->ay, tile->iy), bottom = kz__axis_core(&t->ay, tile->iy + 1);
  half_range(x, right, t->ax.length, &p->x, &p->w);
  half_range(y, bottom, t->ay.length, &p->y, &p->h);
  int code = half->read(half->self, p->x, p->y, p->w, p->h, p->rgb, err);
  struct kz__span s;
  for (kz__span_start(&s, c->holes, x, y, right - x, bottom - y); !code && kz__span_next(&s);)
    enlarge_span(c, &s, p);
  return code;
}

int kz__repair_enlarge(struct kz__repair *c, const struct kz__known *half, struct kz_err *err) {
  struct kz__tiles t;
  int code = kz__tiles_plan(&t, c->holes, WINDOW, 0, err);
  if (code) return code;
  struct piece p = {.rgb = malloc(((size_t)kz__axis_extent(&t.ax) / 2 + 3) *
                                  ((size_t)kz__axis_extent(&t.ay) / 2 + 3) * 3 * sizeof(float))};
  if (!p.rgb) code = kz_err_set(err, KZ_ENOMEM, "no memory to enlarge %d px", WINDOW);
  for (int i = 0; i < t.count && !code; i++) code = enlarge_core(c, &t, i, half, &p, err);
  free(p.rgb);
  kz__tiles_release(&t);
  return code;
}
