/* The sample mural: the same seed paints the same bytes, other seeds and sizes paint others, and
 * what is painted is a picture: many colours, structure everywhere, no flat field. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <kizil/sample.h>

#include "sample/noise.h"

static struct kz_pixels paint(int64_t seed, double wear, int w, int h) {
  struct kz_sample_options o;
  struct kz_pixels p = {0};
  struct kz_err err;
  kz_params_defaults(kz_sample_params, &o);
  o.seed = seed;
  o.wear = wear;
  assert_int_equal(kz_sample_paint(&o, w, h, &p, &err), 0);
  assert_int_equal(p.width, w);
  assert_int_equal(p.height, h);
  assert_int_equal(p.channels, 3);
  return p;
}

static size_t bytes(const struct kz_pixels *p) {
  return (size_t)p->width * (size_t)p->height * 3;
}

static void test_deterministic(void **state) {
  (void)state;
  struct kz_pixels a = paint(5, 0.25, 240, 160), b = paint(5, 0.25, 240, 160);
  struct kz_pixels c = paint(6, 0.25, 240, 160), d = paint(5, 0.9, 240, 160);
  size_t differ = 0;
  assert_memory_equal(a.data, b.data, bytes(&a));
  for (size_t i = 0; i < bytes(&a); i++) differ += a.data[i] != c.data[i];
  assert_true(differ > bytes(&a) / 2);
  assert_int_not_equal(memcmp(a.data, d.data, bytes(&a)), 0);
  kz_pixels_release(&a);
  kz_pixels_release(&b);
  kz_pixels_release(&c);
  kz_pixels_release(&d);
}

/* Every block of 24 x 24 pixels holds contrast, and the picture all four families of pigment. */
static void test_not_flat(void **state) {
  (void)state;
  struct kz_pixels p = paint(1, 0.25, 384, 256);
  int green = 0, blue = 0, red = 0, white = 0, total = 384 * 256;
  for (int by = 0; by + 24 <= 256; by += 24)
    for (int bx = 0; bx + 24 <= 384; bx += 24) {
      int least = 255, most = 0;
      for (int y = by; y < by + 24; y++)
        for (int x = bx; x < bx + 24; x++) {
          int g = p.data[(y * 384 + x) * 3 + 1];
          if (g < least) least = g;
          if (g > most) most = g;
        }
      assert_true(most - least > 20);
    }
  for (int i = 0; i < total; i++) {
    int r = p.data[3 * i], g = p.data[3 * i + 1], b = p.data[3 * i + 2];
    green += g > r + 12 && g > b + 4;
    blue += b > r + 20 && b > g + 8;
    red += r > g + 40 && r > b + 40;
    white += r > 165 && g > 155 && b > 130;
  }
  assert_true(green > total / 40 && blue > total / 40 && red > total / 20 && white > total / 40);
  kz_pixels_release(&p);
}

static void test_sizes(void **state) {
  (void)state;
  static const int size[][2] = {{64, 64}, {65, 301}, {700, 70}, {333, 222}};
  for (size_t i = 0; i < sizeof size / sizeof size[0]; i++) {
    struct kz_pixels p = paint(2, 0, size[i][0], size[i][1]);
    kz_pixels_release(&p);
  }
}

static void test_refusals(void **state) {
  (void)state;
  static const int size[][2] = {{63, 64}, {64, 63}, {8193, 64}, {64, 8193}, {0, 0}, {-5, 64}};
  struct kz_sample_options o = {.seed = 1};
  for (size_t i = 0; i < sizeof size / sizeof size[0]; i++) {
    struct kz_pixels p = {0};
    struct kz_err err = {0};
    assert_int_equal(kz_sample_paint(&o, size[i][0], size[i][1], &p, &err), KZ_ERANGE);
    assert_int_equal(err.code, KZ_ERANGE);
    assert_non_null(strstr(err.msg, "64 to 8192"));
    assert_null(p.data);
  }
}

static void test_noise(void **state) {
  (void)state;
  float least = 9, most = -9, before = kz__noise(3, -20, 0.3f);
  for (int i = 1; i < 4000; i++) {
    float v = kz__noise(3, -20 + (float)i * 0.01f, 0.3f), s = kz__noise_sum(3, v * 9, 2, 5);
    assert_true(v >= -1 && v <= 1 && s >= -1.2f && s <= 1.2f);
    assert_true(v - before < 0.05f && before - v < 0.05f); /* smooth, at cell borders too */
    before = v;
    least = v < least ? v : least;
    most = v > most ? v : most;
  }
  assert_true(least < -0.5f && most > 0.5f);
  assert_true(kz__noise(3, 1.5f, 2.5f) != kz__noise(4, 1.5f, 2.5f));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_deterministic), cmocka_unit_test(test_not_flat),
      cmocka_unit_test(test_sizes),         cmocka_unit_test(test_refusals),
      cmocka_unit_test(test_noise),
  };
  return cmocka_run_group_tests_name("sample", tests, NULL, NULL);
}
