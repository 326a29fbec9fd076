/* What src/clean finds in pictures whose frames, cards and light are known, and what it leaves
 * alone. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "clean/clean.h"

struct picture {
  int w, h;
  uint8_t *rgb;
};

static uint32_t state;

static int noise(int range) {
  state = state * 1664525u + 1013904223u;
  return range ? (int)((state >> 16) % (2 * (unsigned)range + 1)) - range : 0;
}

static uint8_t clip(double v) { return (uint8_t)(v < 0 ? 0 : v > 255 ? 255 : v + 0.5); }

static uint8_t *at(const struct picture *p, int x, int y) {
  return p->rgb + 3 * (y * p->w + x);
}

static struct picture blank(int w, int h, int r, int g, int b, int grain) {
  struct picture p = {w, h, malloc(3 * (size_t)w * (size_t)h)};
  assert_non_null(p.rgb);
  for (int i = 0; i < w * h; i++) {
    p.rgb[3 * i] = clip(r + noise(grain));
    p.rgb[3 * i + 1] = clip(g + noise(grain));
    p.rgb[3 * i + 2] = clip(b + noise(grain));
  }
  return p;
}

/* Ochre ground with washes, strokes and grain, as a wall has. */
static void paint_wall(const struct picture *p, int x0, int y0, int w, int h) {
  for (int y = y0; y < y0 + h; y++)
    for (int x = x0; x < x0 + w; x++) {
      double wash = 22 * sin(x * 0.05 + y * 0.031) + 16 * cos(y * 0.07 - x * 0.02);
      bool stroke = (x + y / 2 + (int)(9 * sin(y * 0.05))) % 29 < 4;
      int grain = noise(12);
      at(p, x, y)[0] = clip((stroke ? 70 : 180 + wash) + grain);
      at(p, x, y)[1] = clip((stroke ? 40 : 130 + wash) + grain);
      at(p, x, y)[2] = clip((stroke ? 35 : 90 + wash) + grain);
    }
}

static void fill(const struct picture *p, int x0, int y0, int w, int h, const uint8_t rgb[3],
                 int grain) {
  for (int y = y0; y < y0 + h; y++)
    for (int x = x0; x < x0 + w; x++)
      for (int c = 0; c < 3; c++) at(p, x, y)[c] = clip(rgb[c] + noise(grain));
}

static struct kz_clean_found find(const struct picture *p) {
  struct kz_clean_found found;
  size_t size = kz_clean_scratch(p->w, p->h);
  uint8_t *scratch = malloc(size);
  assert_non_null(scratch);
  memset(scratch, 0xa5, size);
  kz_clean_propose(p->w, p->h, p->rgb, &found, scratch);
  free(scratch);
  return found;
}

static void assert_rect(const struct kz_clean_rect *r, int x, int y, int w, int h, int slack) {
  if (abs(r->x - x) > slack || abs(r->y - y) > slack || abs(r->x + r->w - x - w) > slack ||
      abs(r->y + r->h - y - h) > slack)
    fail_msg("%d x %d at %d, %d; not %d x %d at %d, %d", r->w, r->h, r->x, r->y, w, h, x, y);
}

/* ---- frames ---- */

static void test_frames(void **unused) {
  (void)unused;
  static const struct {
    int rgb[3], grain, left, top, right, bottom;
  } frames[] = {
      {{255, 255, 255}, 0, 20, 30, 25, 35}, {{0, 0, 0}, 1, 20, 30, 25, 35},
      {{242, 242, 242}, 0, 90, 0, 90, 0},   {{60, 90, 200}, 3, 8, 8, 8, 8},
      {{200, 60, 50}, 2, 0, 40, 0, 40},     {{255, 255, 255}, 1, 0, 0, 0, 22},
  };
  for (size_t i = 0; i < sizeof frames / sizeof *frames; i++) {
    const int w = 300, h = 240, l = frames[i].left, t = frames[i].top;
    const int *c = frames[i].rgb;
    struct picture p = blank(w + l + frames[i].right, h + t + frames[i].bottom, c[0], c[1], c[2],
                             frames[i].grain);
    paint_wall(&p, l, t, w, h);
    struct kz_clean_found f = find(&p);
    assert_rect(&f.crop.keep, l, t, w, h, 1);
    assert_true(f.crop.confidence > 0.8);
    unsigned sides = (t ? KZ_CLEAN_TOP : 0) | (frames[i].bottom ? KZ_CLEAN_BOTTOM : 0) |
                     (l ? KZ_CLEAN_LEFT : 0) | (frames[i].right ? KZ_CLEAN_RIGHT : 0);
    assert_int_equal(f.crop.sides, sides);
    for (int k = 0; k < 3; k++) assert_true(abs(f.crop.rgb[k] - c[k]) <= 2);
    free(p.rgb);
  }
}

/* A dark frame, a cream mat, a black rule: one inside of the other. */
static void test_nested_frames(void **unused) {
  (void)unused;
  struct picture p = blank(400, 360, 20, 24, 30, 1);
  fill(&p, 15, 15, 370, 330, (const uint8_t[]){225, 218, 200}, 2);
  fill(&p, 60, 62, 281, 237, (const uint8_t[]){15, 15, 15}, 0);
  paint_wall(&p, 62, 64, 277, 233);
  struct kz_clean_found f = find(&p);
  assert_rect(&f.crop.keep, 62, 64, 277, 233, 1);
  assert_true(f.crop.confidence > 0.8);
  free(p.rgb);
}

/* Paper with a line of letters below the picture and a number above it. */
static void test_page(void **unused) {
  (void)unused;
  struct picture p = blank(420, 500, 246, 240, 226, 4);
  paint_wall(&p, 50, 60, 320, 300);
  for (int i = 0; i < 30; i++) /* letters of 6 x 9 px */
    fill(&p, 54 + 10 * i, 385, 6, 9, (const uint8_t[]){50, 48, 46}, 2);
  fill(&p, 205, 20, 6, 9, (const uint8_t[]){60, 60, 60}, 0);
  struct kz_clean_found f = find(&p);
  assert_rect(&f.crop.keep, 50, 60, 320, 300, 1);
  assert_true(f.crop.confidence > 0.7);
  /* The paper's tint is noted, not more. */
  assert_int_equal(f.cast.from, KZ_CLEAN_MARGIN);
  assert_true(f.cast.confidence < 0.5 && f.cast.gain[2] > 1 && f.cast.gain[0] < 1);
  free(p.rgb);
}

/* ---- what is the painting's own ---- */

static void assert_left_alone(const struct picture *p) {
  struct kz_clean_found f = find(p);
  if (f.crop.keep.w && f.crop.confidence >= 0.5)
    fail_msg("cut to %d x %d at %d, %d, %.2f", f.crop.keep.w, f.crop.keep.h, f.crop.keep.x,
             f.crop.keep.y, f.crop.confidence);
  assert_true(f.card.confidence < 0.5);
  assert_int_not_equal(f.cast.from, KZ_CLEAN_GREYS);
}

static void test_own_ground(void **unused) {
  (void)unused;
  struct picture p = blank(400, 300, 0, 0, 0, 0);
  paint_wall(&p, 0, 0, 400, 300);
  assert_left_alone(&p); /* painted to its edges */
  free(p.rgb);
  /* Plain plaster, uneven by light, with a figure of no straight side. */
  p = blank(400, 300, 0, 0, 0, 0);
  for (int y = 0; y < 300; y++)
    for (int x = 0; x < 400; x++) {
      double light = 190 + 25 * sin(x * 0.011) + 18 * cos(y * 0.017), d = hypot(x - 200, y - 150);
      bool figure = d < 80 + 25 * sin(6 * atan2(y - 150, x - 200));
      for (int c = 0; c < 3; c++)
        at(&p, x, y)[c] = clip((figure ? 70 + 30 * c : light - 22 * c) + noise(9));
    }
  assert_left_alone(&p);
  free(p.rgb);
  /* A painted border: a band of red as uneven as paint is. */
  p = blank(400, 300, 0, 0, 0, 0);
  for (int y = 0; y < 300; y++)
    for (int x = 0; x < 400; x++) {
      double worn = 16 * sin(x * 0.23 + y * 0.11) + 12 * sin(y * 0.31 - x * 0.05) + noise(14);
      at(&p, x, y)[0] = clip(150 + worn);
      at(&p, x, y)[1] = clip(50 + worn);
      at(&p, x, y)[2] = clip(40 + worn);
    }
  paint_wall(&p, 30, 30, 340, 240);
  assert_left_alone(&p);
  free(p.rgb);
}

/* A round painting on white is not cut into; and what is nothing but white stays whole. */
static void test_round_and_empty(void **unused) {
  (void)unused;
  struct picture p = blank(300, 300, 255, 255, 255, 0), wall = blank(300, 300, 0, 0, 0, 0);
  assert_left_alone(&p);
  paint_wall(&wall, 0, 0, 300, 300);
  for (int y = 0; y < 300; y++)
    for (int x = 0; x < 300; x++)
      if (hypot(x - 150, y - 150) < 120) memcpy(at(&p, x, y), at(&wall, x, y), 3);
  struct kz_clean_found f = find(&p);
  if (f.crop.keep.w && f.crop.confidence >= 0.5) {
    assert_true(f.crop.keep.x <= 33 && f.crop.keep.y <= 33);
    assert_true(f.crop.keep.x + f.crop.keep.w >= 267 && f.crop.keep.y + f.crop.keep.h >= 267);
  }
  free(p.rgb);
  free(wall.rgb);
}

static void test_small(void **unused) {
  (void)unused;
  static const int sizes[][2] = {{1, 1}, {1, 500}, {500, 1}, {7, 3}, {3, 7}, {23, 400}, {25, 25},
                                 {2000, 2}, {513, 513}, {1025, 9}};
  for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
    struct picture p = blank(sizes[i][0], sizes[i][1], 128, 128, 128, 100);
    struct kz_clean_found f = find(&p);
    assert_int_equal(f.card.at.w, 0);
    free(p.rgb);
  }
}

/* ---- cards ---- */

static const uint8_t patches[24][3] = {
    {115, 82, 68},   {194, 150, 130}, {98, 122, 157},  {87, 108, 67},   {133, 128, 177},
    {103, 189, 170}, {214, 126, 44},  {80, 91, 166},   {193, 90, 99},   {94, 60, 108},
    {157, 188, 64},  {224, 163, 46},  {56, 61, 150},   {70, 148, 73},   {175, 54, 60},
    {231, 199, 31},  {187, 86, 149},  {8, 133, 161},   {243, 243, 242}, {200, 200, 200},
    {160, 160, 160}, {122, 122, 121}, {85, 85, 85},    {52, 52, 52}};

static double linear(double v) {
  v /= 255;
  return v <= 0.04045 ? v / 12.92 : pow((v + 0.055) / 1.055, 2.4);
}

static double encoded(double v) {
  return 255 * (v <= 0.0031308 ? 12.92 * v : 1.055 * pow(v, 1 / 2.4) - 0.055);
}

/* The card at (x, y) in 6 columns of `size` px under light of a colour. */
static void lay_card(const struct picture *p, int x, int y, int size, const double light[3]) {
  int gap = size / 6;
  uint8_t rgb[3];
  fill(p, x, y, 6 * (size + gap) + gap, 4 * (size + gap) + gap, (const uint8_t[]){28, 28, 28}, 2);
  for (int i = 0; i < 24; i++) {
    for (int c = 0; c < 3; c++) rgb[c] = clip(encoded(linear(patches[i][c]) * light[c]));
    fill(p, x + gap + i % 6 * (size + gap), y + gap + i / 6 * (size + gap), size, size, rgb, 2);
  }
}

static void test_card(void **unused) {
  (void)unused;
  const double light[3] = {1, 0.9, 0.65};
  struct picture p = blank(480, 420, 0, 0, 0, 0);
  paint_wall(&p, 0, 0, 480, 420);
  lay_card(&p, 150, 320, 18, light); /* 129 x 87 px */
  struct kz_clean_found f = find(&p);
  assert_true(f.card.confidence > 0.8);
  assert_true(f.card.patches >= 18);
  assert_rect(&f.card.at, 150, 320, 129, 87, 6);
  assert_int_equal(f.card.keep.x, 0);
  assert_int_equal(f.card.keep.y, 0);
  assert_int_equal(f.card.keep.w, 480);
  assert_true(abs(f.card.keep.h - 320) <= 6);
  /* What the light took is given back, and grey keeps its luminance. */
  assert_int_equal(f.cast.from, KZ_CLEAN_GREYS);
  assert_true(f.cast.confidence > 0.8);
  double y = 0.2126 * light[0] + 0.7152 * light[1] + 0.0722 * light[2];
  for (int c = 0; c < 3; c++) assert_true(fabs(f.cast.gain[c] * light[c] / y - 1) < 0.03);
  free(p.rgb);
}

/* In the middle a card is seen and nothing is cut; in white light nothing is to be undone. */
static void test_card_in_the_middle(void **unused) {
  (void)unused;
  const double white[3] = {1, 1, 1};
  struct picture p = blank(480, 420, 0, 0, 0, 0);
  paint_wall(&p, 0, 0, 480, 420);
  lay_card(&p, 170, 165, 18, white);
  struct kz_clean_found f = find(&p);
  assert_true(f.card.confidence > 0.8);
  assert_int_equal(f.card.keep.w, 0);
  assert_int_equal(f.crop.keep.w, 0);
  assert_int_equal(f.cast.from, KZ_CLEAN_NO_NEUTRAL);
  free(p.rgb);
}

/* A strip of greys on white, and a frame found in what is left without it. */
static void test_grey_scale_in_a_margin(void **unused) {
  (void)unused;
  struct picture p = blank(480, 420, 40, 40, 40, 1);
  paint_wall(&p, 30, 30, 420, 300);
  for (int i = 0; i < 12; i++) {
    uint8_t v = clip(encoded(0.85 * pow(10, -0.13 * i)));
    fill(&p, 60 + 24 * i, 360, 24, 30, (const uint8_t[]){v, v, v}, 1);
  }
  struct kz_clean_found f = find(&p);
  assert_true(f.card.confidence >= 0.6);
  assert_true(f.card.at.y >= 328 && f.card.at.y + f.card.at.h <= 420);
  assert_rect(&f.crop.keep, 30, 30, 420, 300, 2);
  free(p.rgb);
}

/* Of two colours in turn it is a border, however even. */
static void test_chequers(void **unused) {
  (void)unused;
  struct picture p = blank(480, 420, 0, 0, 0, 0);
  paint_wall(&p, 0, 0, 480, 420);
  for (int i = 0; i < 20; i++)
    fill(&p, 24 * i, 380, 22, 22,
         i % 2 ? (const uint8_t[]){190, 60, 40} : (const uint8_t[]){30, 90, 120}, 2);
  struct kz_clean_found f = find(&p);
  assert_true(f.card.confidence < 0.5);
  free(p.rgb);
}

/* The same in a picture of 3 x the size: px are the picture's. */
static void test_large(void **unused) {
  (void)unused;
  const double light[3] = {0.8, 1, 0.9};
  struct picture p = blank(1500, 1290, 250, 250, 250, 1);
  paint_wall(&p, 60, 45, 1380, 1200);
  lay_card(&p, 500, 1020, 54, light);
  struct kz_clean_found f = find(&p);
  assert_true(f.card.confidence > 0.8);
  assert_true(abs(f.card.at.y - 1020) <= 12);
  assert_int_equal(f.crop.keep.x, 60);
  assert_int_equal(f.crop.keep.y, 45);
  assert_int_equal(f.crop.keep.w, 1380);
  assert_true(abs(f.crop.keep.y + f.crop.keep.h - 1020) <= 12);
  free(p.rgb);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_frames),
      cmocka_unit_test(test_nested_frames),
      cmocka_unit_test(test_page),
      cmocka_unit_test(test_own_ground),
      cmocka_unit_test(test_round_and_empty),
      cmocka_unit_test(test_small),
      cmocka_unit_test(test_card),
      cmocka_unit_test(test_card_in_the_middle),
      cmocka_unit_test(test_grey_scale_in_a_margin),
      cmocka_unit_test(test_chequers),
      cmocka_unit_test(test_large),
  };
  state = 1;
  return cmocka_run_group_tests(tests, NULL, NULL);
}
