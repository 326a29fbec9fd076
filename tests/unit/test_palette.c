/* Colours of known pictures: their CIELAB, names, shares and places; that a hole counts for nothing,
 * that the same seed gives the same palette, that the heap is left alone, and odd sizes. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../allocations.h"
#include "feature/palette.h"

enum { W = 120, H = 80 };

static const uint8_t red[3] = {176, 68, 60}, blue[3] = {80, 116, 144}, white[3] = {235, 226, 216};

static uint8_t *picture(int w, int h) {
  uint8_t *rgb = malloc((size_t)w * (size_t)h * 3);
  assert_non_null(rgb);
  return rgb;
}

static void fill(uint8_t *rgb, int w, int x0, int y0, int x1, int y1, const uint8_t colour[3]) {
  for (int y = y0; y < y1; y++)
    for (int x = x0; x < x1; x++) memcpy(rgb + 3 * (y * w + x), colour, 3);
}

static struct kz_palette find(int w, int h, const uint8_t *rgb, const uint8_t *mask, int k) {
  struct kz_palette palette;
  struct kz_rng rng;
  kz_rng_init(&rng, 7);
  kz_palette_find(w, h, rgb, mask, k, &rng, &palette);
  return palette;
}

static void assert_near(float a, double b, double tolerance) {
  if (!(fabs((double)a - b) <= tolerance)) fail_msg("%g, not %g +- %g", (double)a, b, tolerance);
}

static void test_lab(void **state) {
  (void)state;
  static const struct {
    uint8_t rgb[3];
    double lab[3];
  } known[] = {{{255, 255, 255}, {100, 0, 0}},
               {{0, 0, 0}, {0, 0, 0}},
               {{255, 0, 0}, {53.24, 80.09, 67.20}},
               {{0, 255, 0}, {87.73, -86.18, 83.18}},
               {{0, 0, 255}, {32.30, 79.19, -107.86}},
               {{128, 128, 128}, {53.59, 0, 0}},
               {{3, 3, 3}, {0.82, 0, 0}}};
  for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
    float lab[3];
    kz_lab_from_srgb(known[i].rgb, lab);
    for (int j = 0; j < 3; j++) assert_near(lab[j], known[i].lab[j], 0.03);
  }
}

static void test_pigments_are_told_apart(void **state) {
  (void)state;
  int count = 0;
  for (const struct kz_pigment *p = kz_pigments; p->name; p++, count++) {
    assert_ptr_equal(kz_pigment_nearest(p->lab), p);
    assert_true(*p->name && *p->chinese && *p->colour && *p->colour_chinese);
    for (const struct kz_pigment *q = kz_pigments; q < p; q++) {
      assert_string_not_equal(p->name, q->name);
      assert_string_not_equal(p->chinese, q->chinese);
    }
  }
  assert_true(count >= 20);
  const float far_off[3] = {500, -900, 900};
  assert_non_null(kz_pigment_nearest(far_off));
}

static void test_shares_and_places(void **state) {
  (void)state;
  uint8_t *rgb = picture(W, H);
  fill(rgb, W, 0, 0, W, H, white);
  fill(rgb, W, 0, 0, W / 4, H, red);             /* a quarter, at left */
  fill(rgb, W, W / 2, H / 2, W, H * 3 / 4, blue); /* an eighth, lower right */
  struct kz_palette p = find(W, H, rgb, NULL, 8);
  assert_int_equal(p.count, 3);
  assert_near(p.colours[0].share, 0.625, 0.02);
  assert_string_equal(p.colours[0].pigment->colour, "white");
  assert_near(p.colours[1].share, 0.25, 0.02);
  assert_string_equal(p.colours[1].pigment->colour, "red");
  assert_near(p.colours[1].x, 0.125, 0.01);
  assert_near(p.colours[1].y, 0.5, 0.01);
  assert_near(p.colours[1].spread_x, 0.25 / sqrt(12), 0.01);
  assert_near(p.colours[1].spread_y, 1 / sqrt(12), 0.01);
  assert_near(p.colours[2].share, 0.125, 0.02);
  assert_string_equal(p.colours[2].pigment->colour, "blue");
  assert_near(p.colours[2].x, 0.75, 0.01);
  assert_near(p.colours[2].y, 0.625, 0.02);
  float lab[3];
  kz_lab_from_srgb(blue, lab);
  for (int j = 0; j < 3; j++) assert_near(p.colours[2].lab[j], (double)lab[j], 0.01);
  free(rgb);
}

static uint8_t *noisy(int w, int h, uint64_t seed) {
  struct kz_rng rng;
  uint8_t *rgb = picture(w, h);
  kz_rng_init(&rng, seed);
  for (int i = 0; i < w * h * 3; i++)
    rgb[i] = (uint8_t)(kz_rng_below(&rng, 90) + (i % 3 == 0 && i < w * h ? 150 : 40));
  return rgb;
}

/* What the hole holds is not looked at; what is around it is counted alone. */
static void test_hole(void **state) {
  (void)state;
  uint8_t *a = noisy(W, H, 1), *b = noisy(W, H, 1), *mask = calloc(1, W * H);
  assert_non_null(mask);
  for (int i = 0; i < W * H; i++) mask[i] = i % W > 30 && i % W < 90 && i / W > 10 ? 1 + i % 255 : 0;
  for (int i = 0; i < W * H; i++)
    if (mask[i]) b[3 * i] = 255, b[3 * i + 1] = (uint8_t)i, b[3 * i + 2] = 0;
  struct kz_palette p = find(W, H, a, mask, 6), q = find(W, H, b, mask, 6);
  assert_true(p.count > 1);
  assert_memory_equal(&p, &q, sizeof p);
  q = find(W, H, a, NULL, 6);
  assert_memory_not_equal(&p, &q, sizeof p);
  free(a);
  free(b);
  free(mask);
}

static void test_same_seed_same_palette(void **state) {
  (void)state;
  uint8_t *rgb = noisy(W, H, 3);
  struct kz_palette p = find(W, H, rgb, NULL, 8), q = find(W, H, rgb, NULL, 8);
  float total = 0;
  assert_memory_equal(&p, &q, sizeof p);
  for (int i = 0; i < p.count; i++) {
    total += p.colours[i].share;
    assert_true(i == 0 || p.colours[i].share <= p.colours[i - 1].share);
    assert_ptr_equal(p.colours[i].pigment, kz_pigment_nearest(p.colours[i].lab));
  }
  assert_near(total, 1, 1e-5);
  free(rgb);
}

static void test_nothing_known(void **state) {
  (void)state;
  enum { SIDE = 300 };
  uint8_t *rgb = noisy(SIDE, SIDE, 4), *mask = malloc(SIDE * SIDE);
  assert_non_null(mask);
  memset(mask, 255, SIDE * SIDE);
  assert_int_equal(find(SIDE, SIDE, rgb, mask, 8).count, 0);
  mask[SIDE * 137 + 11] = 0; /* one pixel, between the points of any coarse grid */
  memcpy(rgb + 3 * (SIDE * 137 + 11), blue, 3);
  struct kz_palette p = find(SIDE, SIDE, rgb, mask, 8);
  assert_int_equal(p.count, 1);
  assert_near(p.colours[0].share, 1, 0);
  assert_string_equal(p.colours[0].pigment->colour, "blue");
  assert_near(p.colours[0].x, 11.5 / SIDE, 1e-6);
  assert_near(p.colours[0].spread_x, 0, 1e-6);
  free(rgb);
  free(mask);
}

static void test_sizes_and_counts(void **state) {
  (void)state;
  static const int sizes[][2] = {{1, 1}, {1, 9000}, {9000, 1}, {3, 5001}, {64, 64}, {65, 64}};
  for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
    int w = sizes[i][0], h = sizes[i][1];
    uint8_t *rgb = picture(w, h);
    fill(rgb, w, 0, 0, w, h, red);
    struct kz_palette p = find(w, h, rgb, NULL, 8); /* eight are asked for, one is there */
    assert_int_equal(p.count, 1);
    assert_near(p.colours[0].x, 0.5, 0.01);
    assert_near(p.colours[0].y, 0.5, 0.01);
    free(rgb);
  }
  uint8_t *rgb = noisy(W, H, 5);
  assert_int_equal(find(W, H, rgb, NULL, 1).count, 1);
  assert_int_equal(find(W, H, rgb, NULL, -3).count, 1);
  assert_true(find(W, H, rgb, NULL, 1000).count <= KZ_PALETTE_MOST);
  free(rgb);
}

static void test_heap_untouched(void **state) {
  (void)state;
#if COUNTS
  uint8_t *rgb = noisy(W, H, 6);
  struct kz_palette p;
  struct kz_rng rng;
  kz_rng_init(&rng, 1);
  counted = 0;
  armed = 1;
  kz_palette_find(W, H, rgb, NULL, 8, &rng, &p);
  armed = 0;
  assert_int_equal(counted, 0);
  free(rgb);
#else
  skip();
#endif
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_lab),
      cmocka_unit_test(test_pigments_are_told_apart),
      cmocka_unit_test(test_shares_and_places),
      cmocka_unit_test(test_hole),
      cmocka_unit_test(test_same_seed_same_palette),
      cmocka_unit_test(test_nothing_known),
      cmocka_unit_test(test_sizes_and_counts),
      cmocka_unit_test(test_heap_untouched),
  };
  return cmocka_run_group_tests_name("palette", tests, NULL, NULL);
}
