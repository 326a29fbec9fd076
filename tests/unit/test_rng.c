/* The generator: published values, streams, ranges, moments. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include <kizil/rng.h>

/* xoshiro256++ from state {1, 2, 3, 4}: the authors' reference program. */
static void test_reference_values(void **state) {
  (void)state;
  static const uint64_t expected[] = {41943041u, 58720359u, 3588806011781223u,
                                      3591011842654386u, 9228616714210784205u,
                                      9973669472204895162u};
  struct kz_rng rng = {{1, 2, 3, 4}};
  for (size_t i = 0; i < sizeof expected / sizeof *expected; i++)
    assert_true(kz_rng_u64(&rng) == expected[i]);
}

/* splitmix64 from 0: the first four outputs of its reference program. */
static void test_seeding(void **state) {
  (void)state;
  struct kz_rng rng;
  kz_rng_init(&rng, 0);
  assert_true(rng.s[0] == 0xe220a8397b1dcdafu);
  assert_true(rng.s[1] == 0x6e789e6aa1b965f4u);
  assert_true(rng.s[2] == 0x06c45d188009454fu);
  assert_true(rng.s[3] == 0xf88bb8a8724c81ecu);
}

static void test_same_seed_same_numbers(void **state) {
  (void)state;
  struct kz_rng a, b;
  kz_rng_init_stream(&a, 7, 9);
  kz_rng_init_stream(&b, 7, 9);
  for (int i = 0; i < 100; i++) assert_true(kz_rng_u64(&a) == kz_rng_u64(&b));
}

static void test_streams_differ(void **state) {
  (void)state;
  enum { SIDE = 40 };
  uint64_t first[SIDE * SIDE];
  for (int i = 0; i < SIDE * SIDE; i++) {
    struct kz_rng rng;
    kz_rng_init_stream(&rng, (uint64_t)(i / SIDE), (uint64_t)(i % SIDE));
    first[i] = kz_rng_u64(&rng);
  }
  for (int i = 0; i < SIDE * SIDE; i++)
    for (int j = 0; j < i; j++) assert_true(first[i] != first[j]);
}

static void test_below_is_even(void **state) {
  (void)state;
  enum { N = 7, DRAWS = 70000 };
  int seen[N] = {0};
  struct kz_rng rng;
  kz_rng_init(&rng, 1);
  for (int i = 0; i < DRAWS; i++) {
    uint32_t v = kz_rng_below(&rng, N);
    assert_true(v < N);
    seen[v]++;
  }
  double chi2 = 0, expected = DRAWS / (double)N;
  for (int i = 0; i < N; i++) chi2 += (seen[i] - expected) * (seen[i] - expected) / expected;
  assert_true(chi2 < 22.5); /* 6 degrees of freedom: p = 0.001 */
  assert_int_equal(kz_rng_below(&rng, 1), 0);
}

/* With n = 3 * 2^30 a plain modulo would draw the lower third twice as often. */
static void test_below_without_bias(void **state) {
  (void)state;
  enum { DRAWS = 30000 };
  int low = 0;
  struct kz_rng rng;
  kz_rng_init(&rng, 2);
  for (int i = 0; i < DRAWS; i++) low += kz_rng_below(&rng, 3u << 30) < (1u << 30);
  assert_true(abs(low - DRAWS / 3) < 4 * 82); /* four standard deviations */
}

static void test_int_covers_its_range(void **state) {
  (void)state;
  int seen[5] = {0};
  struct kz_rng rng;
  kz_rng_init(&rng, 3);
  for (int i = 0; i < 1000; i++) {
    int v = kz_rng_int(&rng, -2, 2);
    assert_in_range(v + 2, 0, 4);
    seen[v + 2]++;
  }
  for (int i = 0; i < 5; i++) assert_true(seen[i] > 100);
  assert_int_equal(kz_rng_int(&rng, 9, 9), 9);
  bool negative = false, positive = false; /* the whole range of int must not overflow */
  for (int i = 0; i < 64; i++) {
    int v = kz_rng_int(&rng, INT32_MIN, INT32_MAX);
    negative |= v < 0;
    positive |= v > 0;
  }
  assert_true(negative && positive);
}

static void test_uniform_and_range(void **state) {
  (void)state;
  enum { DRAWS = 100000 };
  double sum = 0;
  struct kz_rng rng;
  kz_rng_init(&rng, 4);
  for (int i = 0; i < DRAWS; i++) {
    float u = kz_rng_uniform(&rng);
    assert_true(u >= 0 && u < 1);
    sum += u;
  }
  assert_true(fabs(sum / DRAWS - 0.5) < 4 * 0.2887 / sqrt(DRAWS));
  for (int i = 0; i < DRAWS; i++) { /* so narrow that rounding would reach hi */
    float r = kz_rng_range(&rng, 1.0f, 1.0f + 0x1p-22f);
    assert_true(r >= 1.0f && r < 1.0f + 0x1p-22f);
  }
  assert_true(kz_rng_range(&rng, 3.0f, 3.0f) == 3.0f);
}

static void test_normal_moments(void **state) {
  (void)state;
  enum { DRAWS = 200000 };
  double sum = 0, squares = 0, fourth = 0;
  struct kz_rng rng;
  kz_rng_init(&rng, 5);
  for (int i = 0; i < DRAWS; i++) {
    double v = kz_rng_normal(&rng);
    assert_true(isfinite(v));
    sum += v;
    squares += v * v;
    fourth += v * v * v * v;
  }
  assert_true(fabs(sum / DRAWS) < 4 / sqrt(DRAWS));
  assert_true(fabs(squares / DRAWS - 1) < 4 * sqrt(2.0 / DRAWS));
  assert_true(fabs(fourth / DRAWS - 3) < 4 * sqrt(96.0 / DRAWS));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_reference_values),
      cmocka_unit_test(test_seeding),
      cmocka_unit_test(test_same_seed_same_numbers),
      cmocka_unit_test(test_streams_differ),
      cmocka_unit_test(test_below_is_even),
      cmocka_unit_test(test_below_without_bias),
      cmocka_unit_test(test_int_covers_its_range),
      cmocka_unit_test(test_uniform_and_range),
      cmocka_unit_test(test_normal_moments),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
