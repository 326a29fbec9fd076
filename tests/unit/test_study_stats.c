/* The figures of a study against published ones, and against what is known of fair coins. */
#include "../golden/harness.h"

#include <kizil/rng.h>

#include "eval/study_stats.h"

static void test_wilson(void **state) {
  double lo, hi;
  (void)state;
  kz__wilson(8, 10, &lo, &hi);
  assert_true(fabs(lo - .4901625) < 1e-6 && fabs(hi - .9433178) < 1e-6);
  kz__wilson(0, 10, &lo, &hi);
  assert_true(lo == 0 && fabs(hi - .2775328) < 1e-6);
  kz__wilson(10, 10, &lo, &hi);
  assert_true(fabs(lo - .7224672) < 1e-6 && hi == 1);
  kz__wilson(0, 0, &lo, &hi);
  assert_true(isnan(lo) && isnan(hi));
}

/* Of many shares of fair coins, some 95 % have an interval that holds one half. */
static void test_coverage(void **state) {
  enum { TIMES = 2000, COINS = 40 };
  struct kz_rng rng;
  int held = 0;
  (void)state;
  kz_rng_init(&rng, 3);
  for (int i = 0; i < TIMES; i++) {
    int heads = 0;
    double lo, hi;
    for (int k = 0; k < COINS; k++) heads += (int)kz_rng_below(&rng, 2);
    kz__wilson(heads, COINS, &lo, &hi);
    held += lo <= .5 && .5 <= hi;
  }
  assert_in_range(held, TIMES * 93 / 100, TIMES * 98 / 100);
}

static void test_median(void **state) {
  double odd[] = {3, 1, 2}, even[] = {4, 1, 3, 2}, one[] = {7};
  (void)state;
  assert_true(kz__median(odd, 3) == 2 && kz__median(even, 4) == 2.5 && kz__median(one, 1) == 7);
}

/* The worked example of Fleiss (1971) as it is usually printed: 14 raters, 10 subjects. */
static const int fleiss[10][5] = {{0, 0, 0, 0, 14}, {0, 2, 6, 4, 2}, {0, 0, 3, 5, 6},
                                  {0, 3, 9, 2, 0},  {2, 2, 8, 1, 1}, {7, 7, 0, 0, 0},
                                  {3, 2, 6, 3, 0},  {2, 5, 3, 2, 2}, {6, 5, 2, 1, 0},
                                  {0, 2, 2, 3, 7}};
static const int units[12] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11};
static const struct kz__resampling draws = {.seed = 1, .stream = 0, .resamples = 500};

static void test_kappa(void **state) {
  struct kz_err err = {0};
  struct kz__agreement k;
  struct kz__ratings t = {10, 5, 1, &fleiss[0][0], NULL, units};
  (void)state;
  assert_ok(kz__agree(&t, &draws, &k, &err));
  assert_int_equal(k.subjects, 10);
  assert_int_equal(k.ratings, 140);
  assert_true(fabs(k.observed - .37802) < 1e-5 && fabs(k.kappa - .20993) < 1e-5);
  assert_true(k.lo < k.kappa && k.kappa < k.hi && k.lo > -.1 && k.hi < .6);
}

/* Subjects rated once are passed over; strata have their own chance. */
static void test_kappa_general(void **state) {
  struct kz_err err = {0};
  struct kz__agreement k;
  const int counts[][2] = {{3, 0}, {1, 0}, {0, 2}, {2, 2}, {0, 0}, {4, 1}};
  struct kz__ratings t = {6, 2, 1, &counts[0][0], NULL, units};
  (void)state;
  assert_ok(kz__agree(&t, &draws, &k, &err));
  /* shares 9 of 14 and 5 of 14; agreement (1 + 1 + 1/3 + 3/5) / 4 */
  const double observed = (2 + 1. / 3 + .6) / 4, chance = (81 + 25) / 196.;
  assert_int_equal(k.subjects, 4);
  assert_int_equal(k.ratings, 14);
  assert_true(fabs(k.observed - observed) < 1e-12);
  assert_true(fabs(k.kappa - (observed - chance) / (1 - chance)) < 1e-12);
  /* One stratum all for its first method, one all for its second: by chance too. */
  const int one[][2] = {{3, 0}, {3, 0}, {0, 3}, {0, 3}}, stratum[] = {0, 0, 1, 1};
  struct kz__ratings split = {4, 2, 2, &one[0][0], stratum, units};
  assert_ok(kz__agree(&split, &draws, &k, &err));
  assert_true(k.observed == 1 && isnan(k.kappa) && isnan(k.lo));
  split.strata = 1, split.stratum = NULL;
  assert_ok(kz__agree(&split, &draws, &k, &err));
  assert_true(k.kappa == 1);
  struct kz__ratings none = {2, 2, 1, &counts[4][0], NULL, units};
  none.subjects = 1;
  assert_ok(kz__agree(&none, &draws, &k, &err));
  assert_true(k.subjects == 0 && isnan(k.observed) && isnan(k.kappa));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_wilson), cmocka_unit_test(test_coverage), cmocka_unit_test(test_median),
      cmocka_unit_test(test_kappa), cmocka_unit_test(test_kappa_general)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
