/* Rough drawings: the same bytes from the same seed, nothing drawn where the drawing does not count
 * or far from a true line, the shares of where it counts, and pictures of a pixel or a row. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "feature/sketch.h"

enum { W = 90, H = 70, REACH = 3 + 1 + 2 }; /* displacement, interpolation, thickness */

struct drawing {
  int w, h;
  uint8_t *truth, *line, *valid, *scratch;
};

static void drawing_init(struct drawing *d, int w, int h) {
  const size_t count = (size_t)w * (size_t)h;
  *d = (struct drawing){.w = w, .h = h};
  d->truth = calloc(count, 1);
  d->line = malloc(count);
  d->valid = malloc(count);
  d->scratch = malloc(kz_sketch_scratch(w, h) + 1);
  assert_true(d->truth && d->line && d->valid && d->scratch);
}

static void drawing_release(struct drawing *d) {
  free(d->truth);
  free(d->line);
  free(d->valid);
  free(d->scratch);
}

/* `slip` moves the scratch off any alignment. */
static void roughen(struct drawing *d, uint64_t seed, int slip) {
  struct kz_rng rng;
  const size_t count = (size_t)d->w * (size_t)d->h;
  kz_rng_init(&rng, seed);
  memcpy(d->line, d->truth, count);
  memset(d->valid, 7, count); /* to be overwritten */
  memset(d->scratch, (int)(seed * 37 + 5) & 255, kz_sketch_scratch(d->w, d->h) + 1);
  kz_sketch_roughen(&rng, d->w, d->h, d->line, d->valid, d->scratch + slip);
}

/* Two rings, a long stroke, a weak one, flecks. */
static void draw_truth(struct drawing *d) {
  for (int i = 0; i < d->w * d->h; i++) {
    const float x = (float)(i % d->w), y = (float)(i / d->w);
    const float left = fabsf(hypotf(x - 25, y - 30) - 16);
    const float right = fabsf(hypotf(x - 66, y - 38) - 22);
    const float ink = fmaxf(1.6f - fminf(left, right), 1.5f - fabsf(y - 8 - x / 12));
    d->truth[i] = (uint8_t)(255 * fminf(fmaxf(ink, 0), 1));
    if (i % d->w == 3) d->truth[i] = 90;
    if (i % 613 == 0) d->truth[i] = 200;
  }
}

static void test_same_seed_same_bytes(void **state) {
  (void)state;
  struct drawing a, b;
  int differ = 0;
  drawing_init(&a, W, H);
  drawing_init(&b, W, H);
  draw_truth(&a);
  draw_truth(&b);
  for (uint64_t seed = 0; seed < 40; seed++) {
    roughen(&a, seed, 0);
    memset(b.scratch, 99, kz_sketch_scratch(W, H));
    roughen(&b, seed, 1);
    assert_memory_equal(a.line, b.line, W * H);
    assert_memory_equal(a.valid, b.valid, W * H);
    roughen(&b, seed + 1, 0);
    differ += memcmp(a.line, b.line, W * H) || memcmp(a.valid, b.valid, W * H);
  }
  assert_true(differ > 20); /* of 40; two draws in a row may both be nowhere */
  drawing_release(&a);
  drawing_release(&b);
}

static bool near_truth(const struct drawing *d, int x, int y) {
  for (int i = y - REACH; i <= y + REACH; i++)
    for (int j = x - REACH; j <= x + REACH; j++)
      if (i >= 0 && i < d->h && j >= 0 && j < d->w && d->truth[i * d->w + j]) return true;
  return false;
}

static void test_bounds(void **state) {
  (void)state;
  struct drawing d;
  bool moved = false, thick = false, thin = false;
  int ink = 0;
  drawing_init(&d, W, H);
  draw_truth(&d);
  for (int i = 0; i < W * H; i++) ink += d.truth[i] >= 128;
  for (uint64_t seed = 0; seed < 400; seed++) {
    int here = 0, all = 0;
    roughen(&d, seed, 0);
    for (int i = 0; i < W * H; i++) {
      assert_true(d.valid[i] == 0 || d.valid[i] == 255);
      assert_true(d.valid[i] || !d.line[i]);
      all += d.valid[i] != 0;
      here += d.line[i] >= 128;
      if (!d.line[i] || d.truth[i]) continue;
      moved = true;
      assert_true(near_truth(&d, i % W, i / W));
    }
    thick |= here > ink * 3 / 2;
    thin |= all == W * H && here > 0 && here < ink * 3 / 4;
  }
  assert_true(moved && thick && thin);
  drawing_release(&d);
}

/* Nowhere, everywhere, in part: about a third each; the true drawing now and then. */
static void test_shares(void **state) {
  (void)state;
  enum { DRAWS = 3000 };
  struct drawing d;
  int nowhere = 0, everywhere = 0, untouched = 0;
  drawing_init(&d, 40, 32);
  for (int i = 0; i < 40 * 32; i++) d.truth[i] = i % 9 == 0 ? (uint8_t)(i % 200) : 0;
  for (uint64_t seed = 0; seed < DRAWS; seed++) {
    int shown = 0, same = 1;
    roughen(&d, seed, 0);
    for (int i = 0; i < 40 * 32; i++) {
      shown += d.valid[i] != 0;
      same &= !d.valid[i] || d.line[i] == d.truth[i];
    }
    nowhere += shown == 0;
    everywhere += shown == 40 * 32;
    untouched += shown > 0 && same;
  }
  assert_in_range(nowhere, DRAWS * 26 / 100, DRAWS * 34 / 100);
  assert_in_range(everywhere, DRAWS * 24 / 100, DRAWS * 38 / 100);
  assert_in_range(untouched, DRAWS * 9 / 100, DRAWS * 19 / 100);
  drawing_release(&d);
}

static void test_small(void **state) {
  (void)state;
  static const int sides[][2] = {{1, 1},   {2, 1}, {1, 2}, {1, 300},
                                 {300, 1}, {7, 9}, {8, 8}, {17, 3}};
  for (size_t k = 0; k < sizeof sides / sizeof *sides; k++) {
    struct drawing d;
    drawing_init(&d, sides[k][0], sides[k][1]);
    const int count = d.w * d.h;
    for (int fill = 0; fill < 3; fill++) { /* none, every other pixel, all */
      int most = 0;
      for (int i = 0; i < count; i++) d.truth[i] = fill == 2 || (fill && i % 2 == 0) ? 255 : 0;
      for (uint64_t seed = 0; seed < 60; seed++) {
        int ink = 0;
        roughen(&d, seed, (int)(seed & 1));
        for (int i = 0; i < count; i++) {
          assert_true(d.valid[i] || !d.line[i]);
          ink += d.line[i] != 0;
        }
        if (most < ink) most = ink;
      }
      assert_true(fill == 0 ? most == 0 : most > 0);
    }
    drawing_release(&d);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_same_seed_same_bytes),
      cmocka_unit_test(test_bounds),
      cmocka_unit_test(test_shares),
      cmocka_unit_test(test_small),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
