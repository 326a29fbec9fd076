/* Synthetic wall paintings for the tests of near duplicates: soft strokes and discs in seeded
 * places and colours, and what happens to pictures. */
#ifndef NEAR_FIXTURE_H
#define NEAR_FIXTURE_H

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <kizil/rng.h>

#include "near/near.h"

struct picture {
  int w, h;
  uint8_t *rgb;
};

static inline struct picture picture_new(int w, int h) {
  struct picture p = {w, h, malloc((size_t)w * (size_t)h * 3)};
  assert_non_null(p.rgb);
  return p;
}

static inline struct picture picture_flat(int w, int h, int value) {
  struct picture p = picture_new(w, h);
  memset(p.rgb, value, (size_t)w * (size_t)h * 3);
  return p;
}

static inline void dab(struct picture *p, struct kz_rng *rng) {
  float size = (float)(p->w < p->h ? p->w : p->h);
  float cx = kz_rng_range(rng, 0, (float)p->w), cy = kz_rng_range(rng, 0, (float)p->h);
  float a = kz_rng_range(rng, 0.02f, 0.09f) * size, b = a * kz_rng_range(rng, 0.3f, 1);
  float turn = kz_rng_range(rng, 0, 3.14f), c = cosf(turn), s = sinf(turn);
  uint8_t colour[3];
  for (int i = 0; i < 3; i++) colour[i] = (uint8_t)kz_rng_int(rng, 20, 235);
  int x0 = (int)fmaxf(cx - a - 2, 0), x1 = (int)fminf(cx + a + 2, (float)p->w - 1);
  int y0 = (int)fmaxf(cy - a - 2, 0), y1 = (int)fminf(cy + a + 2, (float)p->h - 1);
  for (int y = y0; y <= y1; y++)
    for (int x = x0; x <= x1; x++) {
      float dx = (float)x - cx, dy = (float)y - cy;
      float u = (c * dx + s * dy) / a, v = (c * dy - s * dx) / b;
      float cover = fminf(fmaxf((1 - sqrtf(u * u + v * v)) * b, 0), 1);
      uint8_t *to = p->rgb + 3 * ((size_t)y * (size_t)p->w + (size_t)x);
      for (int i = 0; i < 3; i++)
        to[i] = (uint8_t)((1 - cover) * (float)to[i] + cover * (float)colour[i] + 0.5f);
    }
}

static inline struct picture picture_painted(int w, int h, uint64_t seed) {
  struct picture p = picture_flat(w, h, 150);
  struct kz_rng rng;
  kz_rng_init(&rng, seed);
  for (int i = 0; i < 260; i++) dab(&p, &rng);
  return p;
}

/* b = a through x' = m0 x + m1 y + m2, y' = m3 x + m4 y + m5, from px of b to px of a. */
static inline struct picture picture_through(const struct picture *a, int w, int h,
                                             const float m[6]) {
  struct picture p = picture_new(w, h);
  for (int y = 0; y < h; y++)
    for (int x = 0; x < w; x++) {
      float fx = (float)x + 0.5f, fy = (float)y + 0.5f;
      float u = m[0] * fx + m[1] * fy + m[2] - 0.5f, v = m[3] * fx + m[4] * fy + m[5] - 0.5f;
      u = fminf(fmaxf(u, 0), (float)a->w - 1.001f);
      v = fminf(fmaxf(v, 0), (float)a->h - 1.001f);
      int i = (int)u, j = (int)v;
      float p0 = u - (float)i, p1 = v - (float)j;
      const uint8_t *q = a->rgb + 3 * ((size_t)j * (size_t)a->w + (size_t)i);
      size_t line = 3 * (size_t)a->w;
      for (int k = 0; k < 3; k++)
        p.rgb[3 * ((size_t)y * (size_t)w + (size_t)x) + (size_t)k] =
            (uint8_t)((1 - p1) * ((1 - p0) * (float)q[k] + p0 * (float)q[k + 3]) +
                      p1 * ((1 - p0) * (float)q[line + (size_t)k] +
                            p0 * (float)q[line + 3 + (size_t)k]) + 0.5f);
    }
  return p;
}

static inline void picture_noise(struct picture *p, int most, uint64_t seed) {
  struct kz_rng rng;
  kz_rng_init(&rng, seed);
  for (size_t i = 0; i < (size_t)p->w * (size_t)p->h * 3; i++) {
    int v = p->rgb[i] + kz_rng_int(&rng, -most, most);
    p->rgb[i] = (uint8_t)(v < 0 ? 0 : v > 255 ? 255 : v);
  }
}

/* Takes the picture. The scratch is as large as asked for and no larger, for the sanitizer. */
static inline struct kz_near_print print_of(struct picture p) {
  struct kz_near_print print;
  void *scratch = malloc(kz_near_scratch(p.w, p.h));
  assert_non_null(scratch);
  kz_near_make(p.w, p.h, p.rgb, &print, scratch);
  free(scratch);
  free(p.rgb);
  return print;
}

#endif
