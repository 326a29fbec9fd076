/* Cutting one crop: against plain pixel copies and area averaging in floating point. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "dataset/cutter.h"

static struct kz_pixels ramp(int width, int height) {
  struct kz_pixels p;
  struct kz_err err;
  assert_int_equal(kz_pixels_init(&p, width, height, 3, &err), 0);
  for (int i = 0; i < width * height * 3; i++) p.data[i] = (uint8_t)((i * 7919u) >> 5);
  return p;
}

static void turns_and_flips_put_pixels_where_they_belong(void **state) {
  (void)state;
  enum { N = 16 };
  struct kz_pixels p = ramp(40, 30);
  struct kz__cutter cutter = {0};
  struct kz_err err;
  uint8_t crop[N * N * 3];
  assert_int_equal(kz__cutter_resize(&cutter, N, &err), 0);
  for (int k = 0; k < 8; k++) {
    struct kz__cut cut = {.x = 5, .y = 3, .window = N, .transpose = k & 1, .flip_x = k & 2,
                          .flip_y = (k & 1) && (k & 4)};
    kz__cutter_cut(&cutter, &p, &cut, crop);
    for (int y = 0; y < N; y++)
      for (int x = 0; x < N; x++) {
        int row = cut.flip_y ? N - 1 - y : y, column = cut.flip_x ? N - 1 - x : x;
        int from_x = cut.transpose ? row : column, from_y = cut.transpose ? column : row;
        const uint8_t *want = p.data + 3 * ((3 + from_y) * 40 + 5 + from_x);
        assert_memory_equal(crop + 3 * (y * N + x), want, 3);
      }
  }
  kz__cutter_release(&cutter);
  kz_pixels_release(&p);
}

/* Against area averaging in floating point: within the rounding of two passes of 8-bit weights. */
static void reducing_is_area_averaging(void **state) {
  (void)state;
  enum { N = 32 };
  struct kz_pixels p = ramp(60, 50);
  struct kz__cutter cutter = {0};
  struct kz_err err;
  uint8_t crop[N * N * 3];
  assert_int_equal(kz__cutter_resize(&cutter, N, &err), 0);
  for (int window = N + 1; window <= 48; window++) {
    struct kz__cut cut = {.x = 60 - window, .y = 50 - window, .window = window};
    double s = (double)window / N;
    kz__cutter_cut(&cutter, &p, &cut, crop);
    for (int i = 0; i < N * N * 3; i++) {
      int channel = i % 3, x = i / 3 % N, y = i / 3 / N;
      double sum = 0;
      for (int v = (int)(y * s); v < window && v < (y + 1) * s; v++)
        for (int u = (int)(x * s); u < window && u < (x + 1) * s; u++)
          sum += (fmin(v + 1, (y + 1) * s) - fmax(v, y * s)) *
                 (fmin(u + 1, (x + 1) * s) - fmax(u, x * s)) *
                 p.data[3 * ((cut.y + v) * 60 + cut.x + u) + channel];
      assert_true(fabs(sum / (s * s) - crop[i]) < 4);
    }
  }
  kz__cutter_release(&cutter);
  kz_pixels_release(&p);
}

static void recolouring_is_mild_and_keeps_greys(void **state) {
  (void)state;
  enum { N = 16 };
  struct kz_pixels p = ramp(N, N);
  struct kz__cutter cutter = {0};
  struct kz_err err;
  struct kz_rng rng;
  uint8_t crop[N * N * 3];
  int drawn = 0;
  kz_rng_init(&rng, 5);
  memset(p.data, 100, N * N * 3 / 2); /* half grey */
  assert_int_equal(kz__cutter_resize(&cutter, N, &err), 0);
  for (int k = 0; k < 400; k++) {
    struct kz__cut cut;
    kz__cut_draw(&cut, &rng, N, N, N);
    assert_int_equal(cut.window, N);
    if (!cut.recolour) continue;
    drawn++;
    cut.transpose = cut.flip_x = cut.flip_y = false;
    kz__cutter_cut(&cutter, &p, &cut, crop);
    assert_in_range(crop[0], 91, 109);
    assert_true(crop[0] == crop[1] && crop[1] == crop[2]);
    for (int i = 0; i < N * N * 3; i++) assert_true(abs(crop[i] - p.data[i]) < 60);
  }
  assert_in_range(drawn, 150, 250);
  kz__cutter_release(&cutter);
  kz_pixels_release(&p);
}

static void drawn_windows_stay_inside(void **state) {
  (void)state;
  struct kz_rng rng;
  int larger = 0, turned = 0;
  kz_rng_init(&rng, 6);
  for (int k = 0; k < 2000; k++) {
    struct kz__cut cut;
    int width = 64 + (int)kz_rng_below(&rng, 80), height = 64 + (int)kz_rng_below(&rng, 80);
    kz__cut_draw(&cut, &rng, width, height, 64);
    assert_true(cut.window >= 64 && cut.window <= 96);
    assert_true(cut.x >= 0 && cut.x + cut.window <= width);
    assert_true(cut.y >= 0 && cut.y + cut.window <= height);
    larger += cut.window > 64;
    turned += cut.transpose;
    kz__cut_draw_plain(&cut, &rng, width, height, 64);
    assert_true(cut.x >= 0 && cut.x + 64 <= width && cut.y >= 0 && cut.y + 64 <= height);
    assert_true(cut.window == 64 && !cut.transpose && !cut.flip_x && !cut.recolour);
  }
  assert_in_range(larger, 700, 1050);
  assert_in_range(turned, 400, 600);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(turns_and_flips_put_pixels_where_they_belong),
      cmocka_unit_test(reducing_is_area_averaging),
      cmocka_unit_test(recolouring_is_mild_and_keeps_greys),
      cmocka_unit_test(drawn_windows_stay_inside),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
