/* Masks of blots, and the sizes of picture that the tests of restore try. */
#ifndef MASK_FIXTURE_H
#define MASK_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <kizil/rng.h>

#include "restore/holes.h"

static const int sizes[][2] = {{2, 1}, {31, 17}, {256, 256}, {257, 300}, {700, 500}, {1300, 40}};
enum { SIZES = sizeof sizes / sizeof *sizes };

/* Blots over a share of the picture, at its border too. */
static inline uint8_t *make_mask(int w, int h, double share, uint64_t seed) {
  uint8_t *mask = calloc((size_t)w * h, 1);
  struct kz_rng rng;
  assert_non_null(mask);
  kz_rng_init(&rng, seed);
  int64_t want = (int64_t)(share * w * h), got = 0;
  if (want < 1) want = 1;
  while (got < want) {
    int x0 = kz_rng_int(&rng, -10, w - 1), y0 = kz_rng_int(&rng, -10, h - 1);
    int side = kz_rng_int(&rng, 1, w < 64 ? 4 : 40);
    for (int y = y0 < 0 ? 0 : y0; y < y0 + side && y < h; y++)
      for (int x = x0 < 0 ? 0 : x0; x < x0 + side && x < w && got < want; x++)
        if (!mask[(size_t)y * w + x]) mask[(size_t)y * w + x] = 255, got++;
  }
  return mask;
}

static inline void make_holes(struct kz__holes *h, const uint8_t *mask, int w, int height) {
  struct kz_err err;
  assert_int_equal(kz__holes_init(h, w, height, &err), 0);
  for (int y = 0; y < height; y++)
    assert_int_equal(kz__holes_add_row(h, y, mask + (size_t)y * w, &err), 0);
}

#endif
