/* Damage synthesis: bounds on coverage for many seeds and sizes, the same seed gives the same
 * bytes, spans stay inside the mask, shapes are what they say, parameters do what they say. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include <kizil/damage.h>

#include "damage/generator.h"
#include "damage/raster.h"

enum { GUARD = 64, BIG = 300 };

static const int sizes[][2] = {{1, 1},   {1, 2},  {2, 1},     {3, 3},     {1, 300},   {300, 1},
                               {7, 5},   {17, 31}, {128, 128}, {128, 256}, {255, 257}, {256, 256},
                               {300, 200}};
enum { SIZES = sizeof sizes / sizeof sizes[0] };

/* A mask on the heap with guard bytes on both sides, so that plain builds see strays too. */
static uint8_t *guarded(int w, int h) {
  size_t n = (size_t)w * (size_t)h;
  uint8_t *p = malloc(n + 2 * GUARD);
  assert_non_null(p);
  memset(p, 0x5a, n + 2 * GUARD);
  return p + GUARD;
}

static void check_guard(uint8_t *mask, int w, int h) {
  size_t n = (size_t)w * (size_t)h;
  for (int i = 0; i < GUARD; i++) {
    assert_int_equal(mask[-1 - i], 0x5a);
    assert_int_equal(mask[n + (size_t)i], 0x5a);
  }
  free(mask - GUARD);
}

static int64_t count(const uint8_t *mask, int w, int h) {
  int64_t n = 0;
  for (int64_t i = 0; i < (int64_t)w * h; i++) {
    assert_true(mask[i] == 0 || mask[i] == 255);
    n += mask[i] == 255;
  }
  return n;
}

static void neither_empty_nor_full(const uint8_t *mask, int w, int h, double cover) {
  int64_t n = (int64_t)w * h, set = count(mask, w, h);
  assert_true(set > 0);
  if (n > 1) assert_true(set < n);
  assert_true(fabs(cover - (double)set / (double)n) < 1e-9);
}

static void test_training_sizes(void **state) {
  (void)state;
  struct kz_rng rng;
  for (int s = 0; s < SIZES; s++) {
    int w = sizes[s][0], h = sizes[s][1];
    for (uint64_t seed = 0; seed < 150; seed++) {
      uint8_t *mask = guarded(w, h);
      kz_rng_init_stream(&rng, 11, seed);
      double cover = kz_damage_training_draw(&rng, w, h, mask);
      neither_empty_nor_full(mask, w, h, cover);
      if (w >= 255 && h >= 255) assert_true(cover <= 0.6);
      check_guard(mask, w, h);
    }
  }
}

static void test_training_distribution(void **state) {
  (void)state;
  static uint8_t mask[256 * 256];
  struct kz_rng rng;
  int thin = 0, wide = 0, total = 1500;
  double sum = 0;
  clock_t start = clock();
  for (int i = 0; i < total; i++) {
    kz_rng_init_stream(&rng, 3, (uint64_t)i);
    double cover = kz_damage_training_draw(&rng, 256, 256, mask);
    sum += cover;
    thin += cover < 0.05;
    wide += cover > 0.3;
  }
  double ms = 1e3 * (double)(clock() - start) / CLOCKS_PER_SEC / total;
  print_message("training mask of 256 x 256: %.3f ms, mean coverage %.3f\n", ms, sum / total);
  assert_true(sum / total > 0.12 && sum / total < 0.3);
  assert_true(thin > total / 5 && thin < total / 2);
  assert_true(wide > total / 8 && wide < total / 2);
}

static void test_mix_bounds(void **state) {
  (void)state;
  static const double bound[][2] = {{0.001, 0.001}, {0.01, 0.02}, {0.02, 0.3}, {0.2, 0.2},
                                    {0.4, 0.55},    {0.85, 0.9}};
  struct kz_rng rng;
  for (size_t b = 0; b < sizeof bound / sizeof bound[0]; b++) {
    for (uint64_t seed = 0; seed < 40; seed++) {
      struct kz_damage_mix mix;
      uint8_t *mask = guarded(160, 120);
      kz_damage_mix_defaults(&mix);
      mix.min_cover = bound[b][0];
      mix.max_cover = bound[b][1];
      kz_rng_init_stream(&rng, 5, seed);
      double cover = kz_damage_mix_draw(&mix, &rng, 160, 120, mask), pixel = 1.0 / (160 * 120);
      neither_empty_nor_full(mask, 160, 120, cover);
      assert_true(cover >= mix.min_cover - 1e-9);
      assert_true(cover <= mix.max_cover + pixel);
      check_guard(mask, 160, 120);
    }
  }
}

static void test_mix_sizes(void **state) {
  (void)state;
  struct kz_rng rng;
  struct kz_damage_mix mix;
  kz_damage_mix_defaults(&mix);
  for (int s = 0; s < SIZES; s++) {
    int w = sizes[s][0], h = sizes[s][1];
    for (uint64_t seed = 0; seed < 60; seed++) {
      uint8_t *mask = guarded(w, h);
      kz_rng_init_stream(&rng, 6, seed);
      neither_empty_nor_full(mask, w, h, kz_damage_mix_draw(&mix, &rng, w, h, mask));
      check_guard(mask, w, h);
    }
  }
}

/* Only the generator with a weight is used: a mixture of cracks has no thick middle. */
static void test_mix_weights(void **state) {
  (void)state;
  static uint8_t a[256 * 256], b[256 * 256];
  struct kz_rng rng, copy;
  struct kz_damage_mix mix = {.min_cover = 0.02, .max_cover = 0.3};
  mix.weight[KZ__CRACK] = 2;
  for (uint64_t seed = 0; seed < 20; seed++) {
    kz_rng_init(&rng, seed);
    double cover = kz_damage_mix_draw(&mix, &rng, 256, 256, a);
    if (cover > 0.1) continue; /* a dense net has thick knots */
    for (int y = 8; y < 248; y++)
      for (int x = 8; x < 248; x++) {
        int64_t full = 1;
        for (int k = -8; full && k <= 8; k++)
          full = a[y * 256 + x + k] && a[(y + k) * 256 + x] && a[(y + k) * 256 + x + k];
        assert_false(full);
      }
  }
  /* All weights 0: anything goes, and it is the same again for the same state. */
  memset(mix.weight, 0, sizeof mix.weight);
  kz_rng_init(&rng, 1);
  copy = rng;
  kz_damage_mix_draw(&mix, &rng, 256, 256, a);
  kz_damage_mix_draw(&mix, &copy, 256, 256, b);
  assert_memory_equal(a, b, sizeof a);
}

static void test_deterministic(void **state) {
  (void)state;
  static uint8_t a[128 * 128], b[128 * 128];
  struct kz_rng one, two;
  int different = 0;
  kz_rng_init(&one, 42);
  two = one;
  for (int i = 0; i < 50; i++) {
    kz_damage_training_draw(&one, 128, 128, a);
    memset(b, i & 1 ? 255 : 7, sizeof b); /* what was there must not matter */
    kz_damage_training_draw(&two, 128, 128, b);
    assert_memory_equal(a, b, sizeof a);
    assert_memory_equal(&one, &two, sizeof one);
    kz_damage_training_draw(&one, 128, 128, b);
    two = one;
    different += memcmp(a, b, sizeof a) != 0;
  }
  assert_true(different >= 49);
}

static void test_descriptors(void **state) {
  (void)state;
  static const char *const names[] = {"crack", "flaking", "loss", "scratch", "band", "stroke"};
  const struct kz_damage *const *list = kz_damage_list();
  for (int i = 0; i < KZ__GENERATORS; i++) {
    assert_non_null(list[i]);
    assert_string_equal(list[i]->name, names[i]);
    assert_ptr_equal(kz_damage_find(names[i]), list[i]);
    assert_ptr_equal(&kz__generators[i]->public, list[i]);
    assert_true(list[i]->help && *list[i]->help);
    assert_true(list[i]->options_size <= KZ__OPTIONS_MAX);
    for (const struct kz_param *p = list[i]->params; p->name; p++) {
      assert_true(p->type == KZ_PARAM_FLOAT || p->type == KZ_PARAM_INT);
      assert_true(p->min < p->max);
      assert_true(p->def >= p->min && p->def <= p->max);
      assert_true(p->offset + sizeof(double) <= list[i]->options_size);
      assert_true(p->help && *p->help && p->unit);
    }
  }
  assert_null(list[KZ__GENERATORS]);
  assert_null(kz_damage_find("graffiti"));
  assert_null(kz_damage_find(""));
}

/* At every corner of its range each parameter draws inside the mask, adds only, and what a
 * generator draws for the whole range is within it. */
static void test_parameter_ranges(void **state) {
  (void)state;
  _Alignas(max_align_t) char options[KZ__OPTIONS_MAX];
  for (int i = 0; i < KZ__GENERATORS; i++) {
    const struct kz_damage *d = kz_damage_list()[i];
    for (const struct kz_param *p = d->params; p->name; p++)
      for (int end = 0; end < 2; end++) {
        struct kz_rng rng;
        uint8_t *mask = guarded(BIG, 90);
        int64_t whole = (int64_t)(end ? p->max : p->min);
        double real = end ? p->max : p->min;
        kz_params_defaults(d->params, options);
        if (p->type == KZ_PARAM_INT) memcpy(options + p->offset, &whole, sizeof whole);
        else memcpy(options + p->offset, &real, sizeof real);
        memset(mask, 0, BIG * 90);
        mask[BIG * 45] = 255;
        int64_t before = 1;
        for (uint64_t seed = 0; seed < 20; seed++) {
          kz_rng_init(&rng, seed);
          d->draw(options, &rng, BIG, 90, mask);
          int64_t now = count(mask, BIG, 90);
          assert_true(now >= before && mask[BIG * 45] == 255);
          before = now;
        }
        assert_true(before > 20);
        check_guard(mask, BIG, 90);
      }
    struct kz_rng rng;
    kz_rng_init(&rng, 9);
    for (int k = 0; k < 100; k++) {
      kz__options_draw(d->params, &rng, options);
      for (const struct kz_param *p = d->params; p->name; p++) {
        int64_t whole;
        double v;
        memcpy(&v, options + p->offset, sizeof v);
        memcpy(&whole, options + p->offset, sizeof whole);
        if (p->type == KZ_PARAM_INT) v = (double)whole;
        assert_true(v >= p->min - 1e-6 && v <= p->max + 1e-6);
      }
    }
  }
}

/* More of a size gives more damage. */
static int64_t cover_at(const struct kz_damage *d, const char *name, bool most) {
  static uint8_t mask[512 * 512];
  _Alignas(max_align_t) char options[KZ__OPTIONS_MAX];
  int64_t sum = 0;
  const struct kz_param *p = kz_param_find(d->params, name);
  assert_non_null(p);
  double real = most ? p->max : p->min;
  kz_params_defaults(d->params, options);
  assert_int_equal(p->type, KZ_PARAM_FLOAT);
  memcpy(options + p->offset, &real, sizeof real);
  for (uint64_t seed = 0; seed < 12; seed++) {
    struct kz_rng rng;
    kz_rng_init(&rng, seed);
    memset(mask, 0, sizeof mask);
    d->draw(options, &rng, 512, 512, mask);
    sum += count(mask, 512, 512);
  }
  return sum;
}

static void test_parameters_matter(void **state) {
  (void)state;
  static const char *const sizes_of[][2] = {{"crack", "width"},  {"crack", "length"},
                                            {"flaking", "size"}, {"loss", "size"},
                                            {"scratch", "width"}, {"scratch", "length"},
                                            {"band", "width"},   {"stroke", "width"}};
  for (size_t i = 0; i < sizeof sizes_of / sizeof sizes_of[0]; i++) {
    const struct kz_damage *d = kz_damage_find(sizes_of[i][0]);
    assert_true(cover_at(d, sizes_of[i][1], true) > 3 * cover_at(d, sizes_of[i][1], false) / 2);
  }
}

/* ---- rasteriser ---- */

static float segment_distance(float px, float py, struct kz__point a, struct kz__point b) {
  float dx = b.x - a.x, dy = b.y - a.y, n = dx * dx + dy * dy;
  float t = n > 0 ? ((px - a.x) * dx + (py - a.y) * dy) / n : 0;
  t = fminf(fmaxf(t, 0), 1);
  return hypotf(px - a.x - t * dx, py - a.y - t * dy);
}

static void test_capsule_reference(void **state) {
  (void)state;
  enum { W = 70, H = 50 };
  struct kz_rng rng;
  kz_rng_init(&rng, 4);
  for (int k = 0; k < 400; k++) {
    uint8_t *mask = guarded(W, H);
    struct kz__canvas c;
    struct kz__point a = {kz_rng_range(&rng, -30, W + 30), kz_rng_range(&rng, -30, H + 30)};
    struct kz__point b = {kz_rng_range(&rng, -30, W + 30), kz_rng_range(&rng, -30, H + 30)};
    if (k % 5 == 0) b.x = a.x;
    if (k % 7 == 0) b.y = a.y;
    float r = kz_rng_range(&rng, 0.5f, 14);
    memset(mask, 0, W * H);
    kz__canvas_init(&c, W, H, mask);
    kz__capsule(&c, a, b, r);
    assert_int_equal(c.count, count(mask, W, H));
    for (int y = 0; y < H; y++)
      for (int x = 0; x < W; x++) {
        float d = segment_distance((float)x, (float)y, a, b);
        if (d < r - 1e-3f) assert_int_equal(mask[y * W + x], 255);
        if (d > r + 1e-3f) assert_int_equal(mask[y * W + x], 0);
      }
    check_guard(mask, W, H);
  }
}

static void test_ellipse_reference(void **state) {
  (void)state;
  enum { W = 64, H = 64 };
  struct kz_rng rng;
  kz_rng_init(&rng, 8);
  for (int k = 0; k < 200; k++) {
    uint8_t *mask = guarded(W, H);
    struct kz__canvas c;
    struct kz__point m = {kz_rng_range(&rng, -20, W + 20), kz_rng_range(&rng, -20, H + 20)};
    float rx = kz_rng_range(&rng, 1, 30), ry = kz_rng_range(&rng, 1, 30);
    float angle = kz_rng_range(&rng, -4, 4);
    memset(mask, 0, W * H);
    kz__canvas_init(&c, W, H, mask);
    kz__ellipse(&c, m, rx, ry, angle);
    for (int y = 0; y < H; y++)
      for (int x = 0; x < W; x++) {
        float dx = (float)x - m.x, dy = (float)y - m.y;
        float u = (dx * cosf(angle) + dy * sinf(angle)) / rx;
        float v = (dy * cosf(angle) - dx * sinf(angle)) / ry, q = u * u + v * v;
        if (q < 0.99f) assert_int_equal(mask[y * W + x], 255);
        if (q > 1.01f) assert_int_equal(mask[y * W + x], 0);
      }
    check_guard(mask, W, H);
  }
}

static bool inside(const struct kz__point *p, int n, float x, float y) {
  bool in = false;
  for (int i = 0, j = n - 1; i < n; j = i++)
    if ((p[i].y > y) != (p[j].y > y) &&
        x < p[i].x + (y - p[i].y) * (p[j].x - p[i].x) / (p[j].y - p[i].y))
      in = !in;
  return in;
}

static void test_polygon_reference(void **state) {
  (void)state;
  enum { W = 61, H = 47 };
  struct kz_rng rng;
  kz_rng_init(&rng, 12);
  for (int k = 0; k < 200; k++) {
    uint8_t *mask = guarded(W, H);
    struct kz__canvas c;
    struct kz__point p[KZ__POLYGON_MAX];
    int n = k == 0 ? KZ__POLYGON_MAX : kz_rng_int(&rng, 3, 20);
    for (int i = 0; i < n; i++)
      p[i] = (struct kz__point){kz_rng_range(&rng, -20, W + 20), kz_rng_range(&rng, -20, H + 20)};
    memset(mask, 0, W * H);
    kz__canvas_init(&c, W, H, mask);
    kz__polygon(&c, p, n);
    int wrong = 0; /* sums of slopes may differ from the formula at a rim */
    for (int y = 0; y < H; y++)
      for (int x = 0; x < W; x++)
        wrong += inside(p, n, (float)x, (float)y) != (mask[y * W + x] == 255);
    assert_true(wrong <= 4);
    check_guard(mask, W, H);
  }
}

/* Near the limit a shape is drawn whole or not at all. */
static void test_limit(void **state) {
  (void)state;
  static uint8_t mask[100 * 100];
  struct kz__canvas c;
  memset(mask, 0, sizeof mask);
  kz__canvas_init(&c, 100, 100, mask);
  c.limit = 400;
  kz__ellipse(&c, (struct kz__point){50, 50}, 11, 11, 0); /* 377 px, box 529 */
  assert_false(c.closed);
  int64_t first = c.count;
  assert_true(first > 360 && first <= 400);
  kz__ellipse(&c, (struct kz__point){50, 50}, 10, 10, 0); /* nothing new: allowed */
  assert_false(c.closed);
  kz__capsule(&c, (struct kz__point){0, 0}, (struct kz__point){99, 0}, 1);
  assert_true(c.closed);
  assert_int_equal(c.count, first);
  assert_int_equal(count(mask, 100, 100), first);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_training_sizes),    cmocka_unit_test(test_training_distribution),
      cmocka_unit_test(test_mix_bounds),        cmocka_unit_test(test_mix_sizes),
      cmocka_unit_test(test_mix_weights),       cmocka_unit_test(test_deterministic),
      cmocka_unit_test(test_descriptors),       cmocka_unit_test(test_parameter_ranges),
      cmocka_unit_test(test_parameters_matter), cmocka_unit_test(test_capsule_reference),
      cmocka_unit_test(test_ellipse_reference), cmocka_unit_test(test_polygon_reference),
      cmocka_unit_test(test_limit),
  };
  return cmocka_run_group_tests_name("damage", tests, NULL, NULL);
}
