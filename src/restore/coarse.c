/* The coarse fill of a large image, in windows. A fill depends on what its window shows, so
 * neighbouring windows disagree inside a large hole; they overlap by half and are blended with the
 * tiles' raised cosine, and the fill stays without steps at bounded memory. */
#include "bridge/coarse.h"

#include <stdlib.h>
#include <string.h>

#include "restore/repair.h"

#define WINDOW 768   /* px; an axis up to half as much again is one window */
#define FAINT 0.02f  /* weight under which a window's rim is not trusted alone */

struct window {
  int w, h;
  float *rgb, *mask, *fill, *scratch, *wx, *wy;
  float *weight; /* [count] of the repair: sum of the windows' weights */
};

static void window_release(struct window *b) {
  free(b->rgb);
  free(b->mask);
  free(b->fill);
  free(b->scratch);
  free(b->wx);
  free(b->wy);
  free(b->weight);
  *b = (struct window){0};
}

static int window_init(struct window *b, int w, int h, int64_t damaged, struct kz_err *err) {
  size_t count = (size_t)w * h;
  *b = (struct window){.w = w, .h = h};
  b->rgb = malloc(count * 3 * sizeof(float));
  b->mask = malloc(count * sizeof(float));
  b->fill = malloc(count * 3 * sizeof(float));
  b->scratch = malloc(kz_coarse_scratch(w, h) * sizeof(float));
  b->wx = malloc((size_t)w * sizeof(float));
  b->wy = malloc((size_t)h * sizeof(float));
  b->weight = calloc((size_t)damaged + 1, sizeof(float));
  if (b->rgb && b->mask && b->fill && b->scratch && b->wx && b->wy && b->weight) return 0;
  window_release(b);
  return kz_err_set(err, KZ_ENOMEM, "no memory for the coarse fill of %d x %d pixels", w, h);
}

/* Fill one window and add it to the sums. A window that knows nothing adds nothing. */
static int window_add(struct window *b, struct kz__repair *c, const struct kz__tiles *t, int i,
                      const struct kz__known *known, struct kz_err *err) {
  const struct kz__tile *at = &t->list[i];
  size_t count = (size_t)b->w * b->h, damaged = 0;
  int code = known->read(known->self, at->x, at->y, b->w, b->h, b->rgb, err);
  if (code) return code;
  for (size_t p = 0; p < count * 3; p++) b->rgb[p] = b->rgb[p] * 2 - 1;
  memset(b->mask, 0, count * sizeof *b->mask);
  struct kz__span s;
  for (kz__span_start(&s, c->holes, at->x, at->y, b->w, b->h); kz__span_next(&s);) {
    float *m = b->mask + (size_t)(s.y - at->y) * b->w + (s.x - at->x);
    for (int n = 0; n < s.len; n++) m[n] = 1;
    damaged += (size_t)s.len;
  }
  if (damaged == count) return 0;
  kz_coarse_fill(b->w, b->h, b->rgb, b->mask, b->fill, b->scratch);
  kz__axis_weights(&t->ax, at->ix, b->wx);
  kz__axis_weights(&t->ay, at->iy, b->wy);
  for (kz__span_start(&s, c->holes, at->x, at->y, b->w, b->h); kz__span_next(&s);) {
    int dx = s.x - at->x, dy = s.y - at->y;
    const float *f = b->fill + ((size_t)dy * b->w + dx) * 3;
    for (int n = 0; n < s.len; n++) {
      float w = b->wx[dx + n] * b->wy[dy];
      for (int k = 0; k < 3; k++) c->x[(s.first + n) * 3 + k] += w * f[n * 3 + k];
      b->weight[s.first + n] += w;
    }
  }
  return 0;
}

/* Divide by the weights. Deep in a hole wider than a window nothing is known and the weight is 0:
 * there the mean of the rest stands in, with a weight that fades out where theirs rises. */
static void settle(struct kz__repair *c, const float *weight) {
  double sum[3] = {0}, total = 0;
  for (int64_t n = 0; n < c->holes->count; n++) {
    for (int k = 0; k < 3; k++) sum[k] += c->x[n * 3 + k];
    total += weight[n];
  }
  for (int64_t n = 0; n < c->holes->count && total > 0; n++) {
    float w = weight[n], rest = w < FAINT ? FAINT - w : 0;
    for (int k = 0; k < 3; k++)
      c->x[n * 3 + k] = (c->x[n * 3 + k] + rest * (float)(sum[k] / total)) / (w + rest);
  }
}

int kz__repair_coarse(struct kz__repair *c, const struct kz__known *known,
                      const struct kz_restore_host *host, struct kz_err *err) {
  struct kz__tiles t = {0};
  struct window b = {0};
  int code = kz__tiles_plan(&t, c->holes, WINDOW, WINDOW / 2, err);
  if (code) goto out;
  code = window_init(&b, kz__axis_extent(&t.ax), kz__axis_extent(&t.ay), c->holes->count, err);
  if (code) goto out;
  memset(c->x, 0, (size_t)c->holes->count * 3 * sizeof *c->x);
  for (int i = 0; i < t.count; i++) {
    code = kz__stopped(host, err);
    if (!code) code = window_add(&b, c, &t, i, known, err);
    if (code) goto out;
  }
  settle(c, b.weight);
out:
  window_release(&b);
  kz__tiles_release(&t);
  return code;
}
