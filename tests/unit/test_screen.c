/* Measures of a picture: each moves the right way under a defect made here, hardly moves when the
 * picture is mirrored or turned, and is exact where the answer is known; odd sizes; nothing is read
 * or written outside (every buffer is exactly as large as promised, under AddressSanitizer). */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <kizil/rng.h>

#include "screen/screen.h"

enum { VALUES = 32, SIDE = 320, MAP = KZ_SCREEN_MAP * KZ_SCREEN_MAP };

struct picture {
  int w, h;
  uint8_t *rgb;
};

struct result {
  double value[VALUES];
  uint8_t map[MAP];
};

static int index_of(const char *name) {
  for (int i = 0; kz_screen_measures[i]; i++)
    if (!strcmp(kz_screen_measures[i]->name, name)) return i;
  fail_msg("no measure of the name %s", name);
  return -1;
}

static double get(const struct result *r, const char *name) { return r->value[index_of(name)]; }

static bool fails(const struct result *r, const char *name) {
  int i = index_of(name);
  return (r->value[i] - kz_screen_measures[i]->threshold) * kz_screen_measures[i]->sense > 0;
}

static struct picture make(int w, int h) {
  struct picture p = {w, h, malloc(3 * (size_t)w * (size_t)h)};
  assert_non_null(p.rgb);
  return p;
}

static uint8_t *at(const struct picture *p, int x, int y) {
  x = x < 0 ? 0 : x < p->w ? x : p->w - 1;
  y = y < 0 ? 0 : y < p->h ? y : p->h - 1;
  return p->rgb + 3 * ((size_t)y * (size_t)p->w + (size_t)x);
}

static uint8_t level(double v) { return (uint8_t)(v < 0 ? 0 : v > 255 ? 255 : v + 0.5); }

/* Washes, round shapes with sharp rims, grain. */
static struct picture paint(int w, int h, uint64_t seed) {
  struct picture p = make(w, h);
  struct kz_rng rng;
  kz_rng_init(&rng, seed);
  for (int y = 0; y < h; y++)
    for (int x = 0; x < w; x++) {
      double wash = 140 + 40 * sin(x * 0.033 + y * 0.012) + 30 * cos(y * 0.041);
      double ring = sqrt((x % 57 - 28.3) * (x % 57 - 28.3) + (y % 43 - 21.2) * (y % 43 - 21.2));
      double ink = ring < 14.5 ? 1 : ring < 15.5 ? 15.5 - ring : 0;
      int grain = (int)kz_rng_int(&rng, -4, 4);
      for (int c = 0; c < 3; c++)
        at(&p, x, y)[c] = level((1 - ink) * (wash - 30 * c) + ink * (50 + 20 * c) + grain);
    }
  return p;
}

static struct result measure(const struct picture *p) {
  struct result r;
  const size_t bytes = kz_screen_scratch(p->w, p->h);
  void *scratch = malloc(bytes);
  assert_non_null(scratch);
  memset(scratch, 0xa5, bytes);
  memset(&r, 0xff, sizeof r);
  struct kz_screen_picture in = {.w = p->w, .h = p->h, .rgb = p->rgb, .bits = 8};
  kz_screen_measure_all(&in, r.value, r.map, scratch);
  free(scratch);
  return r;
}

static struct result measure_and_free(struct picture p) {
  struct result r = measure(&p);
  free(p.rgb);
  return r;
}

/* ---- defects ---- */

/* Gaussian along one direction. */
static struct picture blur_along(const struct picture *p, double sigma, int dx, int dy) {
  struct picture out = make(p->w, p->h);
  const int reach = (int)(3 * sigma + 1);
  for (int y = 0; y < p->h; y++)
    for (int x = 0; x < p->w; x++)
      for (int c = 0; c < 3; c++) {
        double sum = 0, weights = 0;
        for (int k = -reach; k <= reach; k++) {
          double weight = exp(-k * k / (2 * sigma * sigma));
          sum += weight * at(p, x + k * dx, y + k * dy)[c];
          weights += weight;
        }
        at(&out, x, y)[c] = level(sum / weights);
      }
  return out;
}

static struct picture blur(const struct picture *p, double sigma) {
  struct picture a = blur_along(p, sigma, 1, 0), b = blur_along(&a, sigma, 0, 1);
  free(a.rgb);
  return b;
}

/* Each block of 8 takes `share` of its mean. The grid starts at x0, y0. */
static struct picture blocks(const struct picture *p, int x0, int y0, double share) {
  struct picture out = make(p->w, p->h);
  for (int y = 0; y < p->h; y++)
    for (int x = 0; x < p->w; x++)
      for (int c = 0; c < 3; c++) {
        double sum = 0;
        for (int j = 0; j < 64; j++)
          sum += at(p, x - (x - x0 + 8) % 8 + j % 8, y - (y - y0 + 8) % 8 + j / 8)[c];
        at(&out, x, y)[c] = level(share * sum / 64 + (1 - share) * at(p, x, y)[c]);
      }
  return out;
}

static struct picture light(const struct picture *p, double gain, double offset) {
  struct picture out = make(p->w, p->h);
  for (size_t i = 0; i < 3 * (size_t)p->w * (size_t)p->h; i++)
    out.rgb[i] = level(gain * p->rgb[i] + offset);
  return out;
}

/* Bilinear, twice as large. */
static struct picture enlarge(const struct picture *p) {
  struct picture out = make(2 * p->w, 2 * p->h);
  for (int y = 0; y < out.h; y++)
    for (int x = 0; x < out.w; x++)
      for (int c = 0; c < 3; c++) {
        int u = (x + 1) / 2 - 1, v = (y + 1) / 2 - 1;
        double a = x % 2 ? 0.25 : 0.75, b = y % 2 ? 0.25 : 0.75;
        at(&out, x, y)[c] = level(
            (1 - b) * ((1 - a) * at(p, u, v)[c] + a * at(p, u + 1, v)[c]) +
            b * ((1 - a) * at(p, u, v + 1)[c] + a * at(p, u + 1, v + 1)[c]));
      }
  return out;
}

/* Dots of a screen at about 40 degrees. */
static struct picture halftone(const struct picture *p) {
  struct picture out = make(p->w, p->h);
  for (int y = 0; y < p->h; y++)
    for (int x = 0; x < p->w; x++)
      for (int c = 0; c < 3; c++)
        at(&out, x, y)[c] = level(at(p, x, y)[c] + 30 * cos(1.2 * x + 1.0 * y) *
                                                       cos(1.0 * x - 1.2 * y));
  return out;
}

static struct picture letter(const struct picture *p) {
  struct picture out = light(p, 1, 0);
  for (int y = p->h / 2; y < p->h / 2 + 14; y++)
    for (int x = 20; x < p->w * 2 / 3; x++)
      if (x % 7 < 3) memset(at(&out, x, y), 255, 3);
  return out;
}

/* What turns the picture: 1 mirrored, 2 upside down, 4 rows for columns. */
static struct picture turn(const struct picture *p, int how) {
  struct picture out = how & 4 ? make(p->h, p->w) : make(p->w, p->h);
  for (int y = 0; y < out.h; y++)
    for (int x = 0; x < out.w; x++) {
      int u = how & 4 ? y : x, v = how & 4 ? x : y;
      memcpy(at(&out, x, y), at(p, how & 1 ? p->w - 1 - u : u, how & 2 ? p->h - 1 - v : v), 3);
    }
  return out;
}

/* ---- tests ---- */

static void test_descriptors(void **state) {
  (void)state;
  int n = 0;
  for (; kz_screen_measures[n]; n++) {
    const struct kz_screen_measure *m = kz_screen_measures[n];
    assert_true(m->name && m->unit && m->help && (m->sense == 1 || m->sense == -1));
    assert_int_equal(index_of(m->name), n); /* no name twice */
    const char *value = strstr(m->reason, "%g");
    assert_non_null(value);
    for (const char *c = m->reason; (c = strchr(c, '%')); c += 2)
      assert_true(c == value || c[1] == '%');
  }
  assert_int_equal(n, kz_screen_count());
  assert_true(n <= VALUES);
}

static void test_sound_picture_passes(void **state) {
  (void)state;
  struct result r = measure_and_free(paint(SIDE, SIDE, 1));
  for (int i = 0; kz_screen_measures[i]; i++) {
    assert_false(isnan(r.value[i]));
    if (fails(&r, kz_screen_measures[i]->name))
      fail_msg("%s is %g", kz_screen_measures[i]->name, r.value[i]);
  }
}

static void test_blur(void **state) {
  (void)state;
  struct picture p = paint(SIDE, SIDE, 2);
  struct result r = measure(&p);
  double before = get(&r, "sharpness");
  assert_true(before < 2.5);
  for (int sigma = 1; sigma <= 4; sigma++) {
    r = measure_and_free(blur(&p, sigma));
    double now = get(&r, "sharpness"), expected = sqrt(2 * M_PI) * sigma;
    assert_true(now > before + 0.3);
    /* A rim of a pixel under a Gaussian: the formula's width, less what the lines' other side and
     * whole levels cut off. */
    assert_true(now > 0.7 * expected && now < 1.3 * expected);
    assert_int_equal(fails(&r, "sharpness"), sigma >= 2);
    assert_false(fails(&r, "motion"));
    before = now;
  }
  free(p.rgb);
}

static void test_motion(void **state) {
  (void)state;
  static const int way[][2] = {{1, 0}, {0, 1}, {1, 1}, {1, -1}};
  struct picture p = paint(SIDE, SIDE, 3);
  struct result sound = measure(&p);
  for (int i = 0; i < 4; i++) {
    struct result r = measure_and_free(blur_along(&p, 4, way[i][0], way[i][1]));
    assert_true(get(&r, "motion") > 1.5 * get(&sound, "motion"));
    assert_true(fails(&r, "motion"));
  }
  free(p.rgb);
}

static void test_exposure(void **state) {
  (void)state;
  struct picture p = paint(SIDE, SIDE, 4);
  struct result sound = measure(&p);
  struct result high = measure_and_free(light(&p, 1.9, 0)); /* two stops of a 2.2 gamma */
  struct result low = measure_and_free(light(&p, 0.53, 0));
  struct result grey = measure_and_free(light(&p, 0.1, 120));
  assert_true(fails(&high, "exposure-high") && !fails(&low, "exposure-high"));
  assert_true(fails(&low, "exposure-low") && !fails(&high, "exposure-low"));
  assert_true(fabs(get(&low, "exposure-low") - get(&sound, "exposure-low") - 2) < 0.2);
  assert_true(fails(&grey, "contrast") && !fails(&sound, "contrast"));
  assert_true(fabs(get(&grey, "contrast") - 0.1 * get(&sound, "contrast")) <= 2);
  free(p.rgb);
}

static void test_blocks_at_every_phase(void **state) {
  (void)state;
  struct picture p = paint(SIDE, SIDE, 5);
  struct result sound = measure(&p);
  for (int phase = 0; phase < 8; phase++) {
    struct result weak = measure_and_free(blocks(&p, phase, 7 - phase, 0.3));
    struct result strong = measure_and_free(blocks(&p, phase, 7 - phase, 0.8));
    assert_true(get(&weak, "jpeg-block") > get(&sound, "jpeg-block"));
    assert_true(get(&strong, "jpeg-block") > get(&weak, "jpeg-block"));
    assert_true(fails(&strong, "jpeg-block"));
  }
  free(p.rgb);
}

static void test_enlarging_and_moire(void **state) {
  (void)state;
  struct picture p = paint(SIDE, SIDE, 6);
  struct result sound = measure(&p);
  struct result large = measure_and_free(enlarge(&p)), dots = measure_and_free(halftone(&p));
  assert_true(get(&large, "upscale") > get(&sound, "upscale") + 5);
  assert_false(fails(&large, "jpeg-block")); /* steps large and small in turn are no grid of 8 */
  assert_true(get(&dots, "moire") > get(&sound, "moire") + 10);
  assert_true(fails(&dots, "moire"));
  free(p.rgb);
}

static void test_not_painted(void **state) {
  (void)state;
  struct picture p = paint(SIDE, SIDE, 7), page = make(SIDE, SIDE);
  struct result sound = measure(&p), text = measure_and_free(letter(&p));
  memset(page.rgb, 250, 3 * SIDE * SIDE);
  for (int y = 0; y < SIDE; y++)
    for (int x = 0; x < SIDE; x++)
      if (x / 40 % 2 && y / 40 % 2) at(&page, x, y)[0] = (uint8_t)(y / 40 * 20);
  struct result r = measure_and_free(page);
  assert_true(get(&sound, "text-overlay") == 0 && fails(&text, "text-overlay"));
  assert_true(fails(&r, "flat") && fails(&r, "colours"));
  assert_true(get(&r, "colours") == 5);
  free(p.rgb);
}

/* Brush strokes of ink on white paper: neither they nor the white between them are text laid over,
 * nor is the paper too much light; a line of white text on the same picture in tones is found. */
static void test_ink_on_paper(void **state) {
  (void)state;
  struct picture p = make(SIDE, SIDE), dim = make(SIDE, SIDE), dense = make(SIDE, SIDE);
  struct kz_rng rng;
  kz_rng_init(&rng, 14);
  for (int y = 0; y < SIDE; y++)
    for (int x = 0; x < SIDE; x++) {
      int grain = (int)kz_rng_int(&rng, 0, 3);
      bool ink = y / 40 % 3 && (x + y / 3) % 32 < 7;
      memset(at(&p, x, y), ink ? 2 + grain : 252 + grain, 3);
      memset(at(&dim, x, y), ink ? 30 + grain : 150 + grain, 3);
      memset(at(&dense, x, y), (x + y / 3) % 11 < 4 ? 2 + grain : 252 + grain, 3);
    }
  struct result r = measure(&p), text = measure_and_free(letter(&dim));
  assert_false(fails(&r, "text-overlay") || fails(&r, "exposure-high"));
  r = measure_and_free(dense); /* the white between strokes is all over it */
  assert_false(fails(&r, "text-overlay"));
  assert_true(fails(&text, "text-overlay"));
  free(p.rgb);
  free(dim.rgb);
}

/* The right half is rough, light and grey; the map says where. */
static void test_damage(void **state) {
  (void)state;
  struct picture p = paint(SIDE, SIDE, 8);
  struct kz_rng rng;
  kz_rng_init(&rng, 9);
  for (int y = 0; y < SIDE; y++)
    for (int x = 0; x < SIDE; x++) {
      uint8_t *q = at(&p, x, y);
      if (x < SIDE / 2) q[0] = 200, q[1] = 90, q[2] = 60;
      else memset(q, (int)kz_rng_int(&rng, 160, 220), 3);
    }
  struct result r = measure_and_free(p);
  double right = 0;
  for (int i = 0; i < MAP; i++) {
    bool bare = i % KZ_SCREEN_MAP >= KZ_SCREEN_MAP / 2;
    assert_true(bare ? r.map[i] > 0 : r.map[i] == 0);
    right += bare ? r.map[i] : 0;
  }
  assert_true(right / (MAP / 2) > 230);
  assert_true(fabs(get(&r, "damage-share") - 50) < 4);
}

/* As many pixels again show the same painting, so the map says the same of it. */
static void test_damage_of_a_large_picture(void **state) {
  (void)state;
  struct picture p = make(330, 350), large = make(990, 1050);
  struct kz_rng rng;
  kz_rng_init(&rng, 15);
  for (int y = 0; y < p.h; y++)
    for (int x = 0; x < p.w; x++) {
      uint8_t *q = at(&p, x, y);
      if ((x / 60 + y / 70) % 2) q[0] = 200, q[1] = 90, q[2] = 60;
      else memset(q, (int)kz_rng_int(&rng, 160, 200), 3);
    }
  for (int y = 0; y < large.h; y++)
    for (int x = 0; x < large.w; x++) memcpy(at(&large, x, y), at(&p, x / 3, y / 3), 3);
  struct result a = measure_and_free(p), b = measure_and_free(large);
  assert_memory_equal(a.map, b.map, MAP);
  assert_true(get(&a, "damage-share") > 20 && get(&a, "damage-share") == get(&b, "damage-share"));
}

static void test_turned_and_mirrored(void **state) {
  (void)state;
  struct picture sharp = paint(SIDE, SIDE - 40, 10), p = blocks(&sharp, 0, 0, 0.5);
  struct result first = measure(&p);
  for (int how = 1; how < 8; how++) {
    struct result r = measure_and_free(turn(&p, how));
    for (int i = 0; kz_screen_measures[i]; i++) {
      double a = first.value[i], b = r.value[i];
      if (fabs(a - b) > 0.12 * fabs(a) + 1)
        fail_msg("%s is %g, turned %g", kz_screen_measures[i]->name, a, b);
    }
    assert_true(fabs(get(&r, "jpeg-block") - get(&first, "jpeg-block")) < 0.02);
  }
  free(p.rgb);
  free(sharp.rgb);
}

static void test_constant(void **state) {
  (void)state;
  static const int levels[] = {0, 1, 128, 255};
  for (int i = 0; i < 4; i++) {
    struct picture p = make(200, 150);
    memset(p.rgb, levels[i], 3 * 200 * 150);
    struct result r = measure_and_free(p);
    assert_true(get(&r, "short-side") == 150);
    assert_true(isnan(get(&r, "sharpness")) && isnan(get(&r, "motion")));
    assert_true(isnan(get(&r, "moire")) && isnan(get(&r, "upscale")));
    assert_true(get(&r, "exposure-high") == 0); /* white paper is not clipped */
    assert_true(get(&r, "contrast") == 0 && get(&r, "jpeg-block") == 1);
    assert_true(get(&r, "flat") == 100 && get(&r, "colours") == 1);
    assert_true(get(&r, "text-overlay") == 0 && get(&r, "damage-share") == 0);
  }
  struct picture white = make(64, 64);
  memset(white.rgb, 255, 3 * 64 * 64);
  struct result r = measure_and_free(white);
  assert_true(get(&r, "exposure-low") == 0);
}

static void test_any_size(void **state) {
  (void)state;
  static const int sizes[][2] = {{1, 1},   {2, 2},   {3, 1000},  {1000, 3},  {1, 700},
                                 {700, 1}, {63, 65}, {65, 63},  {128, 128}, {127, 400},
                                 {129, 257}, {5000, 40}};
  for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
    struct picture p = paint(sizes[i][0], sizes[i][1], 11);
    struct result a = measure(&p), b = measure(&p);
    assert_memory_equal(a.map, b.map, MAP);
    for (int k = 0; kz_screen_measures[k]; k++) {
      assert_true(isnan(a.value[k]) ? isnan(b.value[k]) : a.value[k] == b.value[k]);
      assert_false(isinf(a.value[k]));
    }
    assert_true(get(&a, "short-side") == (p.w < p.h ? p.w : p.h));
    assert_int_equal(isnan(get(&a, "upscale")), p.w < 128 || p.h < 128);
    free(p.rgb);
  }
}

/* White paper round a picture, and grey round that, changes neither exposure nor flatness. */
static void test_margins(void **state) {
  (void)state;
  struct picture p = paint(200, 180, 13), page = make(340, 400);
  struct result inside = measure(&p);
  memset(page.rgb, 240, 3 * 340 * 400);
  for (int y = 60; y < 340; y++) memset(at(&page, 20, y), 255, 3 * 300);
  for (int y = 0; y < 180; y++) memcpy(at(&page, 70, 110 + y), at(&p, 0, y), 3 * 200);
  struct result r = measure_and_free(page);
  assert_true(get(&r, "exposure-high") == get(&inside, "exposure-high"));
  assert_true(fabs(get(&r, "contrast") - get(&inside, "contrast")) <= 2);
  assert_true(fabs(get(&r, "flat") - get(&inside, "flat")) < 0.5);
  free(p.rgb);
}

/* Scratch may start anywhere. */
static void test_unaligned_scratch(void **state) {
  (void)state;
  struct picture p = paint(150, 140, 12);
  struct result first = measure(&p), r;
  struct kz_screen_picture in = {.w = p.w, .h = p.h, .rgb = p.rgb, .bits = 8};
  for (size_t shift = 1; shift < 16; shift += 6) {
    uint8_t *scratch = malloc(kz_screen_scratch(p.w, p.h) + shift);
    assert_non_null(scratch);
    memset(&r, 0xff, sizeof r);
    kz_screen_measure_all(&in, r.value, r.map, scratch + shift);
    assert_memory_equal(r.map, first.map, MAP);
    for (int k = 0; kz_screen_measures[k]; k++) assert_true(r.value[k] == first.value[k]);
    free(scratch);
  }
  free(p.rgb);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_descriptors),
      cmocka_unit_test(test_sound_picture_passes),
      cmocka_unit_test(test_blur),
      cmocka_unit_test(test_motion),
      cmocka_unit_test(test_exposure),
      cmocka_unit_test(test_blocks_at_every_phase),
      cmocka_unit_test(test_enlarging_and_moire),
      cmocka_unit_test(test_not_painted),
      cmocka_unit_test(test_ink_on_paper),
      cmocka_unit_test(test_damage),
      cmocka_unit_test(test_damage_of_a_large_picture),
      cmocka_unit_test(test_turned_and_mirrored),
      cmocka_unit_test(test_constant),
      cmocka_unit_test(test_any_size),
      cmocka_unit_test(test_margins),
      cmocka_unit_test(test_unaligned_scratch),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
