/* Schedule and samplers against closed forms: for Gaussian x0 the probability-flow
 * equation has an exact solution, x_t = alpha mu + sqrt(alpha^2 s^2 + sigma^2) z. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "diffusion/sampler.h"

#define COUNT 37
#define MU 0.3
#define SPREAD 0.5

static double deviation(double t) {
  double a = kz_schedule_alpha(t), s = kz_schedule_sigma(t);
  return sqrt(a * a * SPREAD * SPREAD + s * s);
}

/* E[x0 | x_t] for x0 ~ N(MU, SPREAD^2). */
static double mean_x0(double x, double t) {
  double a = kz_schedule_alpha(t), d = deviation(t);
  return MU + a * SPREAD * SPREAD / (d * d) * (x - a * MU);
}

/* Largest error of a sampler at the end of the walk. */
static double walk_error(const struct kz_sampler *s, int steps) {
  float x[COUNT], buffers[2][COUNT], z[COUNT];
  for (int k = 0; k < COUNT; k++) x[k] = z[k] = (float)(k - COUNT / 2) / 10;
  for (int i = 0; i < steps; i++) {
    double t = kz_sampler_time(i, steps);
    for (int k = 0; k < COUNT; k++) buffers[i & 1][k] = (float)mean_x0(x[k], t);
    s->step(i, steps, COUNT, x, buffers[i & 1], i ? buffers[~i & 1] : NULL);
  }
  double worst = 0;
  for (int k = 0; k < COUNT; k++) worst = fmax(worst, fabs(x[k] - (MU + SPREAD * z[k])));
  return worst;
}

static void test_schedule(void **state) {
  (void)state;
  assert_true(kz_schedule_alpha(0) == 1 && kz_schedule_sigma(0) == 0);
  assert_true(kz_schedule_alpha(1) == 0 && kz_schedule_sigma(1) == 1);
  for (int i = 0; i <= 100; i++) {
    double a = kz_schedule_alpha(i / 100.), s = kz_schedule_sigma(i / 100.);
    assert_true(fabs(a * a + s * s - 1) < 1e-12);
    assert_true(i == 0 || a < kz_schedule_alpha((i - 1) / 100.));
  }
  assert_true(fabs(kz_schedule_alpha(.5) - M_SQRT1_2) < 1e-12);
  assert_true(kz_sampler_time(0, 8) == 1 && kz_sampler_time(8, 8) == 0);
  assert_true(fabs(kz_sampler_time(2, 8) - sqrt(.75 * .75 * .75)) < 1e-15);
}

static void test_registry(void **state) {
  (void)state;
  const struct kz_sampler_info *list = kz_sampler_list();
  int n = 0;
  for (; kz_samplers[n]; n++) {
    assert_string_equal(list[n].name, kz_samplers[n]->info.name);
    assert_true(strlen(list[n].help) > 0);
  }
  assert_null(list[n].name);
  assert_int_equal(n, 2);
  assert_string_equal(list[0].name, "ddim");
  assert_string_equal(list[1].name, "dpm++2m");
}

/* One call gives the estimate itself, whatever the noise; so does the last of many. */
static void test_lands_on_x0(void **state) {
  (void)state;
  const int steps[] = {1, 2, 8};
  for (int s = 0; kz_samplers[s]; s++)
    for (int k = 0; k < 3; k++) {
      float x[COUNT], x0[COUNT], prev[COUNT];
      for (int i = 0; i < COUNT; i++) {
        x[i] = 100.f * (float)i - 50;
        x0[i] = sinf((float)i);
        prev[i] = 7;
      }
      kz_samplers[s]->step(steps[k] - 1, steps[k], COUNT, x, x0, steps[k] > 1 ? prev : NULL);
      assert_memory_equal(x, x0, sizeof x);
    }
}

/* All mass at one point: every sampler is exact at every step, since D is that point. */
static void test_point_mass(void **state) {
  (void)state;
  for (int s = 0; kz_samplers[s]; s++) {
    float x[COUNT], x0[COUNT], z[COUNT];
    for (int i = 0; i < COUNT; i++) {
      x[i] = z[i] = cosf((float)i);
      x0[i] = (float)i / COUNT - .5f;
    }
    for (int i = 0; i < 10; i++) {
      kz_samplers[s]->step(i, 10, COUNT, x, x0, i ? x0 : NULL);
      double t = kz_sampler_time(i + 1, 10);
      for (int k = 0; k < COUNT; k++)
        assert_true(fabs(x[k] - (kz_schedule_alpha(t) * x0[k] + kz_schedule_sigma(t) * z[k])) <
                    2e-6);
    }
  }
}

static void test_gaussian(void **state) {
  (void)state;
  double ddim = walk_error(kz_samplers[0], 40), ddim2 = walk_error(kz_samplers[0], 160);
  double dpm = walk_error(kz_samplers[1], 40), dpm2 = walk_error(kz_samplers[1], 160);
  assert_true(ddim < 0.05 && dpm < 0.01);
  assert_true(ddim / ddim2 > 3.2 && ddim / ddim2 < 5); /* first order: 4 */
  assert_true(dpm < ddim / 4);
  assert_true(dpm / dpm2 > 6); /* more than first order */
  assert_true(walk_error(kz_samplers[1], 8) < walk_error(kz_samplers[0], 8) / 2);
  assert_true(walk_error(kz_samplers[1], 1000) < 1e-3); /* many steps stay finite */
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_schedule),   cmocka_unit_test(test_registry),
      cmocka_unit_test(test_lands_on_x0), cmocka_unit_test(test_point_mass),
      cmocka_unit_test(test_gaussian),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
