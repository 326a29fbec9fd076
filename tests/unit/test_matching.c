/* The matching loss against the same sums written plainly in f64, and its gradient against
 * differences of those; regions at the border, whole, of one pixel; what it must be zero for. */
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

#include "model/matching.h"

enum { MOST = 40, PIXELS = MOST * MOST };

struct scene {
  int n;
  float x[3 * PIXELS], target[3 * PIXELS], diff[3 * PIXELS];
  uint8_t hole[PIXELS];
  struct kz_matching m;
  float scale;
};

static double plain_smooth(double square, double eps) { return sqrt(square + eps * eps) - eps; }

static bool in_region(const struct scene *s, int y, int x) {
  for (int i = -s->m.ring; i <= s->m.ring; i++)
    for (int j = -s->m.ring; j <= s->m.ring; j++)
      if (y + i >= 0 && y + i < s->n && x + j >= 0 && x + j < s->n &&
          s->hole[(y + i) * s->n + x + j])
        return true;
  return false;
}

/* The scene in f64: its region, and the picture that is judged. */
struct plain {
  int n;
  double count, e[3 * PIXELS], l[2][PIXELS]; /* luminance of target and of the judged picture */
  bool r[PIXELS];
};

static void plain_init(struct plain *p, const struct scene *s, const double *x) {
  p->n = s->n;
  p->count = 0;
  for (int i = 0; i < s->n * s->n; i++) {
    const double by[3] = {0.299, 0.587, 0.114};
    p->r[i] = in_region(s, i / s->n, i % s->n);
    p->count += p->r[i];
    p->l[0][i] = p->l[1][i] = 0;
    for (int c = 0; c < 3; c++) {
      double t = (double)s->target[3 * i + c];
      p->e[3 * i + c] = p->r[i] ? x[3 * i + c] - t : 0;
      p->l[0][i] += by[c] * t;
      p->l[1][i] += by[c] * (t + p->e[3 * i + c]);
    }
  }
}

static double plain_gradient(const struct plain *p) {
  double sum = 0;
  for (int y = 0; y < p->n; y++)
    for (int x = 0; x < p->n; x++)
      for (int way = 0; way < 2; way++) {
        int a = y * p->n + x, b = way ? a + p->n : a + 1;
        if ((way ? y : x) + 1 >= p->n || !p->r[a] || !p->r[b]) continue;
        for (int c = 0; c < 3; c++)
          sum += plain_smooth(pow(p->e[3 * b + c] - p->e[3 * a + c], 2), 1 / 512.0);
      }
  return sum / (6 * p->count);
}

static int inside(int i, int n) { return i < 0 ? 0 : i >= n ? n - 1 : i; }

static void plain_products(const struct plain *p, int which, int y, int x, double to[3]) {
  const double *l = p->l[which];
  double gx = (l[y * p->n + inside(x + 1, p->n)] - l[y * p->n + inside(x - 1, p->n)]) / 2;
  double gy = (l[inside(y + 1, p->n) * p->n + x] - l[inside(y - 1, p->n) * p->n + x]) / 2;
  to[0] = gx * gx;
  to[1] = gx * gy;
  to[2] = gy * gy;
}

static double plain_structure(const struct plain *p) {
  static const double by[5] = {1, 4, 6, 4, 1};
  double sum = 0;
  for (int y = 0; y < p->n; y++)
    for (int x = 0; x < p->n; x++) {
      double v[3] = {0}, a[3], b[3];
      if (!p->r[y * p->n + x]) continue;
      for (int i = -2; i <= 2; i++)
        for (int j = -2; j <= 2; j++) {
          if (y + i < 0 || y + i >= p->n || x + j < 0 || x + j >= p->n) continue;
          plain_products(p, 0, y + i, x + j, a);
          plain_products(p, 1, y + i, x + j, b);
          for (int k = 0; k < 3; k++) v[k] += by[i + 2] * by[j + 2] / 256 * (b[k] - a[k]);
        }
      sum += plain_smooth(v[0] * v[0] + 2 * v[1] * v[1] + v[2] * v[2], 1 / 8192.0);
    }
  return sum / p->count;
}

static double plain_colour(const struct plain *p) {
  double sum = 0;
  for (int side = 4; side <= 8; side += 4)
    for (int y = 0; y < p->n; y += side)
      for (int x = 0; x < p->n; x += side)
        for (int c = 0; c < 3; c++) {
          double e = 0, count = 0;
          for (int i = y; i < y + side && i < p->n; i++)
            for (int j = x; j < x + side && j < p->n; j++) {
              e += p->e[3 * (i * p->n + j) + c];
              count += p->r[i * p->n + j];
            }
          if (count > 0) sum += e * e / count;
        }
  return sum / (6 * p->count);
}

static double plain_loss(const struct scene *s, const double *x, double parts[3]) {
  static struct plain p;
  plain_init(&p, s, x);
  parts[0] = parts[1] = parts[2] = 0;
  if (p.count == 0) return 0;
  parts[0] = plain_gradient(&p);
  parts[1] = plain_structure(&p);
  parts[2] = plain_colour(&p);
  return (double)s->scale * ((double)s->m.gradient * parts[0] + (double)s->m.structure * parts[1] +
                             (double)s->m.colour * parts[2]);
}

static double loss_of(struct scene *s, double parts[3]) {
  float *scratch = malloc(kz_matching_scratch(s->n) * sizeof *scratch);
  assert_non_null(scratch);
  memset(scratch, 0xff, kz_matching_scratch(s->n) * sizeof *scratch); /* NaN, to be overwritten */
  double loss = kz_matching_loss(&s->m, s->n, s->x, s->target, s->hole, s->scale, s->diff, parts,
                                 scratch);
  free(scratch);
  return loss;
}

/* Smooth waves with some noise, and an x that is off by the same order. */
static void scene_init(struct scene *s, int n, int ring, uint64_t seed) {
  struct kz_rng rng;
  kz_rng_init(&rng, seed);
  memset(s, 0, sizeof *s);
  s->n = n;
  s->m = (struct kz_matching){.gradient = 0.7f, .structure = 3, .colour = 1.3f, .ring = ring};
  s->scale = 0.6f;
  for (int i = 0; i < n * n; i++)
    for (int c = 0; c < 3; c++) {
      float wave = sinf((float)(i % n) * 0.4f + (float)c) * cosf((float)(i / n) * 0.23f);
      s->target[3 * i + c] = 0.6f * wave + 0.1f * kz_rng_normal(&rng);
      s->x[3 * i + c] = 0.5f * wave + 0.2f * kz_rng_normal(&rng);
    }
}

static void dig(struct scene *s, int x0, int y0, int x1, int y1) {
  for (int y = y0; y < y1; y++)
    for (int x = x0; x < x1; x++) s->hole[y * s->n + x] = 255;
}

/* Value, parts and every tenth derivative or so. */
static void check(struct scene *s) {
  static double x[3 * PIXELS];
  const double h = 1e-5;
  double parts[3], want[3], loss;
  const int count = 3 * s->n * s->n;
  memset(s->diff, 0, sizeof s->diff);
  for (int i = 0; i < count; i++) x[i] = (double)s->x[i];
  loss = loss_of(s, parts);
  double whole = plain_loss(s, x, want), largest = 0;
  for (int i = 0; i < 3; i++) assert_true(fabs(parts[i] - want[i]) <= 2e-6 * want[i] + 1e-9);
  assert_true(fabs(loss - whole) <= 2e-6 * whole + 1e-9);
  for (int i = 0; i < count; i++) largest = fmax(largest, fabs((double)s->diff[i]));
  for (int i = 0; i < count; i += count > 300 ? 1 + i % 19 : 1) {
    double ignore[3], up, down;
    x[i] += h;
    up = plain_loss(s, x, ignore);
    x[i] -= 2 * h;
    down = plain_loss(s, x, ignore);
    x[i] += h;
    double by = (up - down) / (2 * h), bound = 1e-4 * largest + 1e-8;
    if (fabs(by - (double)s->diff[i]) > bound)
      print_error("size %d, value %d: %.8g, by differences %.8g\n", s->n, i, (double)s->diff[i],
                  by);
    assert_true(fabs(by - (double)s->diff[i]) <= bound);
  }
}

static void test_gradient_inside(void **state) {
  (void)state;
  static struct scene s;
  scene_init(&s, 24, 2, 1);
  dig(&s, 7, 9, 15, 14);
  check(&s);
  scene_init(&s, 21, 0, 2); /* not a multiple of the blocks; no ring */
  dig(&s, 5, 6, 9, 18);
  dig(&s, 13, 2, 20, 4);
  check(&s);
}

static void test_gradient_at_the_border(void **state) {
  (void)state;
  static struct scene s;
  for (int side = 0; side < 4; side++) {
    scene_init(&s, 18, 1, 3 + (uint64_t)side);
    dig(&s, side == 1 ? 14 : 0, side == 3 ? 15 : 0, side == 0 ? 3 : 18, side == 2 ? 4 : 18);
    check(&s);
  }
  scene_init(&s, 19, 3, 8); /* ragged, corners */
  for (int i = 0; i < 19 * 19; i++) s.hole[i] = i * 7 % 31 == 0;
  s.hole[0] = s.hole[18] = s.hole[18 * 19] = s.hole[18 * 19 + 18] = 1;
  s.m.ring = 0;
  check(&s);
}

static void test_gradient_whole_and_one(void **state) {
  (void)state;
  static struct scene s;
  for (int n = 1; n <= 12; n += n < 4 ? 1 : 4) {
    scene_init(&s, n, 2, 20 + (uint64_t)n);
    dig(&s, 0, 0, n, n);
    check(&s);
  }
  for (int ring = 0; ring < 30; ring += 1 + 4 * ring) {
    scene_init(&s, 17, ring, 40);
    s.hole[8 * 17 + 5] = 1;
    check(&s);
  }
}

/* Nothing to say where nothing is wrong; and no hole, no loss. */
static void test_zero(void **state) {
  (void)state;
  static struct scene s;
  double parts[3] = {1, 1, 1};
  scene_init(&s, 32, 2, 50);
  dig(&s, 3, 4, 30, 20);
  memcpy(s.x, s.target, sizeof s.x);
  assert_true(loss_of(&s, parts) == 0);
  for (int i = 0; i < 3; i++) assert_true(parts[i] == 0);
  for (int i = 0; i < 3 * 32 * 32; i++) assert_true(s.diff[i] == 0);
  scene_init(&s, 32, 2, 51);
  parts[0] = parts[1] = parts[2] = 1;
  assert_true(loss_of(&s, parts) == 0);
  for (int i = 0; i < 3; i++) assert_true(parts[i] == 0);
  for (int i = 0; i < 3 * 32 * 32; i++) assert_true(s.diff[i] == 0);
}

/* diff is added to, in the hole and its ring and nowhere else; what x is elsewhere is nothing. */
static void test_only_in_the_region(void **state) {
  (void)state;
  static struct scene s, other;
  scene_init(&s, 36, 3, 60);
  dig(&s, 10, 12, 14, 30);
  other = s;
  for (int i = 0; i < 3 * 36 * 36; i++) {
    other.diff[i] = 5;
    if (!in_region(&s, i / 3 / 36, i / 3 % 36)) other.x[i] = i % 2 ? NAN : INFINITY;
  }
  assert_true(loss_of(&s, NULL) == loss_of(&other, NULL));
  int moved = 0;
  for (int i = 0; i < 3 * 36 * 36; i++) {
    bool in = in_region(&s, i / 3 / 36, i / 3 % 36);
    assert_true(in || (s.diff[i] == 0 && other.diff[i] == 5));
    assert_true(fabsf(other.diff[i] - 5 - s.diff[i]) < 2e-6f);
    moved += in && s.diff[i] != 0;
  }
  assert_int_equal(moved, 3 * 10 * 24);
}

static void test_linear_in_scale(void **state) {
  (void)state;
  static struct scene s, twice;
  scene_init(&s, 28, 2, 70);
  dig(&s, 4, 4, 20, 24);
  twice = s;
  twice.scale = 2 * s.scale;
  assert_true(loss_of(&twice, NULL) == 2 * loss_of(&s, NULL));
  for (int i = 0; i < 3 * 28 * 28; i++) assert_true(twice.diff[i] == 2 * s.diff[i]);
}

/* Each weight brings its own term; a term without weight costs nothing and is still reported. */
static void test_weights(void **state) {
  (void)state;
  static struct scene s;
  double all[3], some[3], sum = 0;
  scene_init(&s, 26, 1, 80);
  dig(&s, 2, 5, 22, 17);
  const struct kz_matching m = s.m;
  double whole = loss_of(&s, all);
  for (int i = 0; i < 3; i++) {
    s.m = (struct kz_matching){.ring = m.ring};
    *(i == 0 ? &s.m.gradient : i == 1 ? &s.m.structure : &s.m.colour) =
        i == 0 ? m.gradient : i == 1 ? m.structure : m.colour;
    double with = loss_of(&s, some);
    assert_true(with > 0 && with == loss_of(&s, NULL));
    for (int k = 0; k < 3; k++) assert_true(some[k] == all[k]);
    sum += with;
  }
  assert_true(fabs(sum - whole) < 1e-12);
}

/* The same hole in a larger crop of the same wall: the same means. */
static void test_not_by_the_crop(void **state) {
  (void)state;
  static struct scene large, small;
  double a[3], b[3];
  scene_init(&large, 40, 2, 90);
  dig(&large, 15, 17, 24, 23);
  small = large;
  small.n = 24;
  for (int y = 0; y < 24; y++)
    for (int x = 0; x < 24; x++) {
      const int to = y * 24 + x, from = (y + 8) * 40 + x + 8;
      small.hole[to] = large.hole[from];
      memcpy(small.x + 3 * to, large.x + 3 * from, 3 * sizeof(float));
      memcpy(small.target + 3 * to, large.target + 3 * from, 3 * sizeof(float));
    }
  loss_of(&large, a);
  loss_of(&small, b);
  for (int i = 0; i < 3; i++) assert_true(a[i] > 0 && fabs(a[i] - b[i]) < 1e-6 * a[i]);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_gradient_inside),
      cmocka_unit_test(test_gradient_at_the_border),
      cmocka_unit_test(test_gradient_whole_and_one),
      cmocka_unit_test(test_zero),
      cmocka_unit_test(test_only_in_the_region),
      cmocka_unit_test(test_linear_in_scale),
      cmocka_unit_test(test_weights),
      cmocka_unit_test(test_not_by_the_crop),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
