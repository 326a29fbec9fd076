/* Intervals and the Frechet distance against what theory says. */
#include "eval_fixture.h"

#include "eval/frechet.h"
#include "eval/metric.h"
#include "eval/stats.h"

enum { N = 200 };

static struct kz__stat summarise(const double *value, const int *unit, int count, double ceiling,
                                 uint64_t seed) {
  const struct kz__sample s = {value, unit, count, ceiling};
  const struct kz__resampling r = {.seed = seed, .stream = 3, .resamples = 2000};
  struct kz__stat st;
  struct kz_err err = {0};
  assert_ok(kz__summarise(&s, &r, &st, &err));
  return st;
}

static void near_(double got, double want, double tolerance, const char *what) {
  if (!(fabs(got - want) <= tolerance)) fail_msg("%s: %.9g, should be %.9g", what, got, want);
}

/* For the mean of many independent values the interval is mean +- 1.96 sd / sqrt(n). */
static void test_interval(void **state) {
  double value[N], mean = 0, squares = 0;
  int unit[N];
  (void)state;
  for (int i = 0; i < N; i++) {
    value[i] = noise_at(5, (uint32_t)i);
    unit[i] = i;
    mean += value[i] / N;
  }
  for (int i = 0; i < N; i++) squares += (value[i] - mean) * (value[i] - mean);
  double sd = sqrt(squares / (N - 1)), half = 1.96 * sd / sqrt(N);
  struct kz__stat st = summarise(value, unit, N, 0, 7);
  assert_true(st.n == N && st.units == N && st.capped == 0);
  near_(st.mean, mean, 1e-12, "mean");
  near_(st.sd, sd, 1e-12, "sd");
  near_(st.lo, mean - half, .08 * half, "lower end");
  near_(st.hi, mean + half, .08 * half, "upper end");
  struct kz__stat again = summarise(value, unit, N, 0, 7), other = summarise(value, unit, N, 0, 8);
  assert_true(again.lo == st.lo && again.hi == st.hi);
  assert_true(other.lo != st.lo || other.hi != st.hi);
}

/* The same picture five times is one witness: the interval is that of the pictures. */
static void test_units(void **state) {
  double value[5 * 40], alone[40];
  int unit[5 * 40], own[40];
  (void)state;
  for (int i = 0; i < 5 * 40; i++) {
    unit[i] = i % 40;
    value[i] = alone[i % 40] = noise_at(6, (uint32_t)(i % 40));
    own[i % 40] = i % 40;
  }
  struct kz__stat five = summarise(value, unit, 200, 0, 1), one = summarise(alone, own, 40, 0, 1);
  assert_true(five.n == 200 && five.units == 40 && one.units == 40);
  near_(five.lo, one.lo, 1e-12, "lower end");
  near_(five.hi, one.hi, 1e-12, "upper end");
}

static void test_odd_values(void **state) {
  const double value[5] = {30, NAN, INFINITY, 20, 140};
  const int unit[5] = {0, 1, 2, 3, 4};
  (void)state;
  struct kz__stat st = summarise(value, unit, 5, 100, 0);
  assert_true(st.n == 4 && st.capped == 2 && st.units == 4);
  near_(st.mean, (30 + 100 + 20 + 100) / 4., 1e-12, "capped mean");
  assert_true(st.lo >= 20 && st.hi <= 100 && st.lo < st.mean && st.mean < st.hi);
  st = summarise(value, unit, 2, 0, 0); /* one that is defined */
  assert_true(st.n == 1 && st.mean == 30 && isnan(st.sd) && isnan(st.lo) && isnan(st.hi));
  st = summarise(value + 1, unit, 1, 0, 0);
  assert_true(st.n == 0 && isnan(st.mean));
  st = summarise(value, unit, 0, 0, 0);
  assert_true(st.n == 0 && isnan(st.mean));
}

/* Diagonal covariances: sum (m1 - m2)^2 + (s1 - s2)^2. */
static void test_diagonal(void **state) {
  enum { D = 12 };
  double m[2][D], s[2][D * D], want = 0, got;
  struct kz_err err = {0};
  (void)state;
  memset(s, 0, sizeof s);
  for (uint32_t i = 0; i < D; i++) {
    double a = 1 + noise_at(1, i), b = i == 5 ? 0 : 1 + noise_at(2, i);
    for (uint32_t k = 0; k < 2; k++) m[k][i] = noise_at(3 + k, i);
    s[0][i * D + i] = a * a;
    s[1][i * D + i] = b * b;
    want += (m[0][i] - m[1][i]) * (m[0][i] - m[1][i]) + (a - b) * (a - b);
  }
  assert_ok(kz__frechet_gaussians(D, m[0], s[0], m[1], s[1], &got, &err));
  near_(got, want, 1e-9, "diagonal");
  assert_ok(kz__frechet_gaussians(D, m[0], s[0], m[0], s[0], &got, &err));
  near_(got, 0, 1e-9, "equal");
}

/* Two by two: tr((AB)^(1/2)) = sqrt(tr(AB) + 2 sqrt(det A det B)). */
static void test_two_by_two(void **state) {
  const double zero[2] = {0, 0}, a[4] = {2, .7, .7, 1}, b[4] = {1.5, -.4, -.4, .9};
  double trace = a[0] * b[0] + 2 * a[1] * b[1] + a[3] * b[3], got;
  double det = (a[0] * a[3] - a[1] * a[1]) * (b[0] * b[3] - b[1] * b[1]);
  struct kz_err err = {0};
  (void)state;
  assert_ok(kz__frechet_gaussians(2, zero, a, zero, b, &got, &err));
  near_(got, a[0] + a[3] + b[0] + b[3] - 2 * sqrt(trace + 2 * sqrt(det)), 1e-10, "2 x 2");
}

static void test_singular_values(void **state) {
  /* columns of a rotation scaled by 3 and 2, and a row of zeros */
  double m[3 * 2] = {3 * .6, -2 * .8, 3 * .8, 2 * .6, 0, 0};
  (void)state;
  near_(kz__nuclear_norm(3, 2, m), 5, 1e-12, "3 + 2");
}

static void fill(float *x, uint32_t seed, int n, int d, float scale, float shift) {
  for (int i = 0; i < n * d; i++) /* noise of variance 1/3, mixed a little along each row */
    x[i] = shift + scale * (noise_at(seed, (uint32_t)i) +
                            .5f * noise_at(seed, (uint32_t)(i - i % d)));
}

/* Few pictures and many features, or the other way round: the two ways agree, and as the samples
 * grow they come near what the distributions say. */
static void test_samples(void **state) {
  enum { D = 6, MANY = 4000 };
  static float x[MANY * D], y[MANY * D], wide[2][5 * 8];
  struct kz__features f = {.n = MANY, .d = D, .original = x, .result = y};
  struct kz_err err = {0};
  double got, again;
  (void)state;
  fill(x, 1, MANY, D, 1, 0);
  fill(y, 2, MANY, D, 2, .5f);
  assert_ok(kz__frechet(&f, &got, &err));
  /* means .5 apart; y's covariance is four times x's: tr(S) + tr(4 S) - 2 tr(2 S) = tr(S), which is
   * D (1/3 + 1/12), and 1/3 more for the first, which is mixed with itself */
  near_(got, D * .25 + D * (1 / 3. + 1 / 12.) + 1 / 3., .15, "of samples");
  f = (struct kz__features){.n = 5, .d = 4, .original = x, .result = y};
  assert_ok(kz__frechet(&f, &got, &err));
  for (int i = 0; i < 5; i++) /* the same with features that are always zero: now n <= d */
    for (int c = 0; c < 8; c++) {
      wide[0][8 * i + c] = c < 4 ? x[4 * i + c] : 0;
      wide[1][8 * i + c] = c < 4 ? y[4 * i + c] : 0;
    }
  f = (struct kz__features){.n = 5, .d = 8, .original = wide[0], .result = wide[1]};
  assert_ok(kz__frechet(&f, &again, &err));
  near_(again, got, 1e-9, "by rows and by covariance");
  f.n = 1;
  assert_ok(kz__frechet(&f, &got, &err));
  assert_true(isnan(got));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_interval),   cmocka_unit_test(test_units),
      cmocka_unit_test(test_odd_values), cmocka_unit_test(test_diagonal),
      cmocka_unit_test(test_two_by_two), cmocka_unit_test(test_singular_values),
      cmocka_unit_test(test_samples),
  };
  return cmocka_run_group_tests_name("eval_stats", tests, eval_setup, eval_teardown);
}
