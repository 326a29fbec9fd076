/* A draft holds damaged pixels only; known ones are read from the image whenever a tile needs
 * them, which also puts them back clean before every call of the network. */
#include "restore/draft.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <kizil/rng.h>

int kz__draft_init(struct kz__draft *c, const struct kz__holes *h, bool history,
                    struct kz_err *err) {
  *c = (struct kz__draft){.holes = h};
  size_t bytes = (size_t)h->count * 3 * sizeof(float);
  c->x = malloc(bytes);
  c->coarse = malloc(bytes);
  c->x0 = malloc(bytes);
  c->weight = malloc((size_t)h->count * sizeof(float));
  if (history) c->x0_prev = malloc(bytes);
  if (!c->x || !c->coarse || !c->x0 || !c->weight || (history && !c->x0_prev)) {
    kz__draft_release(c);
    return kz_err_set(err, KZ_ENOMEM, "no memory for %lld damaged pixels (%lld MiB)",
                      (long long)h->count, (long long)(h->count * (history ? 52 : 40) >> 20));
  }
  return 0;
}

void kz__draft_release(struct kz__draft *c) {
  free(c->x);
  free(c->coarse);
  free(c->x0);
  free(c->x0_prev);
  free(c->weight);
  *c = (struct kz__draft){0};
}

void kz__draft_noise(struct kz__draft *c, uint64_t seed) {
  const struct kz__holes *h = c->holes;
  for (int r = 0; r < h->run_count; r++) {
    const struct kz__run *run = &h->runs[r];
    float *x = c->x + run->first * 3;
    for (int i = 0; i < run->len; i++, x += 3) {
      struct kz_rng rng;
      kz_rng_init_stream(&rng, seed, (uint64_t)run->y << 32 | (uint32_t)(run->x + i));
      for (int k = 0; k < 3; k++) x[k] = kz_rng_normal(&rng);
    }
  }
}

/* Mirror what the image has into what sticks out past it: pixel -1 - p is pixel p again. */
static void mirror(const struct kz__tiles *t, float *in) {
  int w = kz__axis_extent(&t->ax), h = kz__axis_extent(&t->ay);
  size_t row = (size_t)t->ax.size * KZ__IN;
  if (w < t->ax.size)
    for (int y = 0; y < h; y++)
      for (int x = w; x < t->ax.size; x++) {
        int from = x % (2 * w) < w ? x % w : w - 1 - x % w;
        memcpy(in + y * row + (size_t)x * KZ__IN, in + y * row + (size_t)from * KZ__IN,
               KZ__IN * sizeof *in);
      }
  for (int y = h; y < t->ay.size; y++) {
    int from = y % (2 * h) < h ? y % h : h - 1 - y % h;
    memcpy(in + y * row, in + from * row, row * sizeof *in);
  }
}

int kz__tile_load(const struct kz__draft *c, const struct kz__tiles *t, int i,
                  const struct kz__known *known, float *rgb, float *in, struct kz_err *err) {
  const struct kz__tile *tile = &t->list[i];
  int w = kz__axis_extent(&t->ax), h = kz__axis_extent(&t->ay);
  int code = known->read(known->self, tile->x, tile->y, w, h, rgb, err);
  if (code) return code;
  for (int y = 0; y < h; y++) {
    float *p = in + (size_t)y * t->ax.size * KZ__IN;
    const float *k = rgb + (size_t)y * w * 3;
    for (int x = 0; x < w; x++, p += KZ__IN, k += 3) {
      for (int ch = 0; ch < 3; ch++) p[ch] = p[ch + 3] = k[ch] * 2 - 1;
      p[6] = 0;
    }
  }
  struct kz__span s;
  for (kz__span_start(&s, c->holes, tile->x, tile->y, w, h); kz__span_next(&s);) {
    float *p = in + ((size_t)(s.y - tile->y) * t->ax.size + (s.x - tile->x)) * KZ__IN;
    for (int64_t n = s.first; n < s.first + s.len; n++, p += KZ__IN) {
      memcpy(p + 3, c->coarse + n * 3, 3 * sizeof *p);
      p[6] = 1;
    }
  }
  kz__tile_update(c, t, i, in);
  return 0;
}

void kz__tile_update(const struct kz__draft *c, const struct kz__tiles *t, int i, float *in) {
  const struct kz__tile *tile = &t->list[i];
  struct kz__span s;
  kz__span_start(&s, c->holes, tile->x, tile->y, kz__axis_extent(&t->ax), kz__axis_extent(&t->ay));
  while (kz__span_next(&s)) {
    float *p = in + ((size_t)(s.y - tile->y) * t->ax.size + (s.x - tile->x)) * KZ__IN;
    for (int64_t n = s.first; n < s.first + s.len; n++, p += KZ__IN)
      memcpy(p, c->x + n * 3, 3 * sizeof *p);
  }
  mirror(t, in);
}

void kz__draft_begin(struct kz__draft *c) {
  memset(c->x0, 0, (size_t)c->holes->count * 3 * sizeof *c->x0);
  memset(c->weight, 0, (size_t)c->holes->count * sizeof *c->weight);
}

int kz__draft_add(struct kz__draft *c, const struct kz__tiles *t, int i, const float *x0,
                   float *wx, float *wy, struct kz_err *err) {
  const struct kz__tile *tile = &t->list[i];
  kz__axis_weights(&t->ax, tile->ix, wx);
  kz__axis_weights(&t->ay, tile->iy, wy);
  bool finite = true;
  struct kz__span s;
  kz__span_start(&s, c->holes, tile->x, tile->y, kz__axis_extent(&t->ax), kz__axis_extent(&t->ay));
  while (kz__span_next(&s)) {
    int dx = s.x - tile->x, dy = s.y - tile->y;
    const float *e = x0 + ((size_t)dy * t->ax.size + dx) * 3;
    float *sum = c->x0 + s.first * 3, *weight = c->weight + s.first;
    for (int n = 0; n < s.len; n++) {
      float w = wx[dx + n] * wy[dy];
      for (int k = 0; k < 3; k++) {
        finite &= isfinite(e[n * 3 + k]) != 0;
        sum[n * 3 + k] += w * fminf(fmaxf(e[n * 3 + k], -1), 1);
      }
      weight[n] += w;
    }
  }
  if (!finite)
    return kz_err_set(err, KZ_EBACKEND,
                      "the network gave values that are not numbers for the tile at %d, %d: the "
                      "model may be damaged",
                      tile->x, tile->y);
  return 0;
}

void kz__draft_finish(struct kz__draft *c) {
  for (int64_t n = 0; n < c->holes->count; n++) {
    float scale = c->weight[n] > 0 ? 1 / c->weight[n] : 0; /* no tile: thin damage is asked for */
    for (int k = 0; k < 3; k++) c->x0[n * 3 + k] *= scale;
  }
}
