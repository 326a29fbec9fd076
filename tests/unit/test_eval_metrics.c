/* Each metric against what it should be: sums by hand, plain formulas, pictures whose answer is
 * known, and what is undefined. */
#include "eval_fixture.h"

#include "eval/metric.h"

enum { W = 40, H = 30 };

static struct kz__scene scene;

/* Two equal pictures with a hole of 20 x 10 px at (10, 8), through files as the run does it. */
static struct kz__scene *load(struct kz_pixels mask) {
  struct kz_err err = {0};
  eval_save(eval_picture(3, W, H), "a.png");
  eval_save(eval_picture(3, W, H), "b.png");
  eval_save(mask, "m.png");
  char a[256], m[256], b[256];
  snprintf(a, sizeof a, "%s", in_dir("a.png"));
  snprintf(m, sizeof m, "%s", in_dir("m.png"));
  snprintf(b, sizeof b, "%s", in_dir("b.png"));
  assert_ok(kz__scene_load(&scene, a, m, b, &err));
  return &scene;
}

static double value(const struct kz__scene *s, const char *name) {
  const struct kz_eval_metric *m = kz_eval_metric_find(name);
  struct kz_err err = {0};
  double v = -1;
  assert_non_null(m);
  assert_ok(m->measure(s, &v, &err));
  return v;
}

static bool in_hole(int x, int y) { return x >= 10 && x < 30 && y >= 8 && y < 18; }

/* Change every channel of a pixel by `by`, in the direction that fits. */
static void change(struct kz__scene *s, int x, int y, int by) {
  for (int k = 0; k < 3; k++) {
    uint8_t *p = &s->result.data[3 * (y * W + x) + k];
    *p = (uint8_t)(*p > 127 ? *p - by : *p + by);
  }
}

static void near_(double got, double want, double tolerance, const char *what) {
  if (!(fabs(got - want) <= tolerance)) fail_msg("%s: %.9g, should be %.9g", what, got, want);
}

static void test_descriptors(void **state) {
  int count = 0;
  (void)state;
  for (; kz_eval_metrics[count]; count++) {
    const struct kz_eval_metric *d = kz_eval_metrics[count];
    assert_ptr_equal(kz_eval_metric_find(d->name), d);
    assert_true(!d->measure != !d->of_group);
    assert_true(strlen(d->help) > 10 && d->unit && d->digits <= 6);
    assert_true(!d->of_group || d->network);
  }
  assert_int_equal(count, 9);
  assert_null(kz_eval_metric_find("beauty"));
}

static void test_equal_pictures(void **state) {
  (void)state;
  struct kz__scene *s = load(eval_mask(W, H, 10, 8, 30, 18));
  assert_int_equal(s->damaged, 200);
  assert_true(isinf(value(s, "psnr")) && isinf(value(s, "hole-psnr")));
  near_(value(s, "ssim"), 1, 1e-12, "ssim");
  assert_true(value(s, "border-rmse") == 0 && value(s, "border-jump") == 0);
  assert_true(value(s, "outside-max") == 0 && value(s, "edge-f1") == 1);
  kz__scene_release(s);
}

static void test_psnr_by_hand(void **state) {
  (void)state;
  struct kz__scene *s = load(eval_mask(W, H, 10, 8, 30, 18));
  for (int y = 8; y < 18; y++)
    for (int x = 10; x < 30; x++) change(s, x, y, 5);
  near_(value(s, "hole-psnr"), 20 * log10(255. / 5), 1e-9, "hole-psnr");
  near_(value(s, "psnr"), 20 * log10(255. / 5) + 10 * log10(W * H / 200.), 1e-9, "psnr");
  near_(value(s, "outside-max"), 0, 0, "outside-max");
  change(s, 0, 0, 9);
  near_(value(s, "outside-max"), 9, 0, "outside-max");
  near_(value(s, "hole-psnr"), 20 * log10(255. / 5), 1e-9, "hole-psnr");
  near_(value(s, "border-rmse"), 5, 1e-9, "border-rmse of an even error");
  kz__scene_release(s);
}

/* SSIM straight from its definition: 121 products for each pixel. */
static double plain_ssim(const struct kz__scene *s) {
  double sum = 0, weight = 0, g[11];
  for (int i = 0; i < 11; i++) weight += g[i] = exp(-(i - 5) * (i - 5) / 4.5);
  for (int y = 0; y < H; y++)
    for (int x = 0; x < W; x++) {
      double ma = 0, mb = 0, aa = 0, bb = 0, ab = 0;
      for (int j = -5; j <= 5; j++)
        for (int i = -5; i <= 5; i++) {
          int u = abs(x + i), v = abs(y + j);
          if (u >= W) u = 2 * W - 2 - u;
          if (v >= H) v = 2 * H - 2 - v;
          double k = g[i + 5] * g[j + 5] / (weight * weight);
          double p = s->grey[0].data[v * W + u], q = s->grey[1].data[v * W + u];
          ma += k * p, mb += k * q, aa += k * p * p, bb += k * q * q, ab += k * p * q;
        }
      sum += (2 * ma * mb + 6.5025) * (2 * (ab - ma * mb) + 58.5225) /
             ((ma * ma + mb * mb + 6.5025) * (aa - ma * ma + bb - mb * mb + 58.5225));
    }
  return sum / (W * H);
}

static void test_ssim(void **state) {
  (void)state;
  struct kz__scene *s = load(eval_mask(W, H, 10, 8, 30, 18));
  for (int i = 0; i < W * H; i++) {
    if (in_hole(i % W, i / W)) s->grey[1].data[i] = (uint8_t)(40 + 150 * (i % 7 == 0));
    assert_true(abs(s->grey[0].data[i] - (int)lrint(.299 * s->original.data[3 * i] +
                                                    .587 * s->original.data[3 * i + 1] +
                                                    .114 * s->original.data[3 * i + 2])) <= 1);
  }
  double got = value(s, "ssim");
  assert_true(got < .95);
  near_(got, plain_ssim(s), 1e-10, "ssim");
  kz__scene_release(s);
}

/* Pictures smaller than the window: mirrored more than once. */
static void test_small(void **state) {
  struct kz_err err = {0};
  char a[256], m[256];
  (void)state;
  for (int w = 1; w <= 4; w += 3) {
    eval_save(eval_picture(1, w, 1), "tiny.png");
    eval_save(eval_mask(w, 1, 0, 0, 1, 1), "tiny-m.png");
    snprintf(a, sizeof a, "%s", in_dir("tiny.png"));
    snprintf(m, sizeof m, "%s", in_dir("tiny-m.png"));
    struct kz__scene s;
    assert_ok(kz__scene_load(&s, a, m, a, &err));
    near_(value(&s, "ssim"), 1, 1e-9, "ssim of a tiny picture");
    assert_true(isinf(value(&s, "psnr")));
    assert_true(isnan(value(&s, "edge-f1")));
    assert_true(isnan(value(&s, "outside-max")) == (w == 1));
    s.net = NULL; /* not asked below 32 px */
    assert_true(isnan(value(&s, "lpips")));
    kz__scene_release(&s);
  }
}

/* Only the rim's errors count: 3 px deep, and a jump at one side of the border alone. */
static void test_border(void **state) {
  (void)state;
  struct kz__scene *s = load(eval_mask(W, H, 10, 8, 30, 18));
  for (int y = 11; y < 15; y++) /* what is left of 20 x 10 px within 3 px of the border */
    for (int x = 13; x < 27; x++) change(s, x, y, 50);
  assert_true(value(s, "border-rmse") == 0 && value(s, "border-jump") == 0);
  change(s, 12, 12, 30); /* the third pixel in; 200 - 14 * 4 are in the rim */
  near_(value(s, "border-rmse"), 30 / sqrt(144), 1e-9, "border-rmse");
  assert_true(value(s, "border-jump") == 0);
  kz__scene_release(s);

  s = load(eval_mask(W, H, 10, 8, 30, 18));
  memset(s->original.data, 100, 3 * W * H);
  memset(s->result.data, 100, 3 * W * H);
  memset(&s->result.data[3 * (12 * W + 10)], 112, 3); /* of 60 steps across, one is of 12 */
  near_(value(s, "border-jump"), 12. / 60, 1e-9, "border-jump");
  memset(&s->original.data[3 * (12 * W + 10)], 90, 3); /* there was one of 10 */
  near_(value(s, "border-jump"), 2. / 60, 1e-9, "border-jump over a step");
  kz__scene_release(s);
}

/* A vertical step at column `at` of both picture and grey. */
static void draw_step(struct kz_pixels *grey, int at, int height) {
  for (int i = 0; i < W * H; i++) grey->data[i] = (uint8_t)(i % W >= at ? 60 + height : 60);
}

static void test_edges(void **state) {
  (void)state;
  struct kz__scene *s = load(eval_mask(W, H, 10, 8, 30, 18));
  draw_step(&s->grey[0], 20, 100);
  draw_step(&s->grey[1], 20, 100);
  near_(value(s, "edge-f1"), 1, 0, "same edge");
  draw_step(&s->grey[1], 21, 100);
  near_(value(s, "edge-f1"), 1, 0, "1 px beside");
  draw_step(&s->grey[1], 23, 100);
  near_(value(s, "edge-f1"), 0, 0, "3 px beside");
  draw_step(&s->grey[1], 20, 0);
  near_(value(s, "edge-f1"), 0, 0, "no edge");
  draw_step(&s->grey[1], 20, 6); /* under the threshold */
  near_(value(s, "edge-f1"), 0, 0, "a faint edge");
  draw_step(&s->grey[0], 20, 0);
  assert_true(isnan(value(s, "edge-f1")));
  /* The right edge, and one more that should not be: half of what is found is right. */
  draw_step(&s->grey[0], 15, 100);
  draw_step(&s->grey[1], 15, 100);
  for (int i = 0; i < W * H; i++)
    if (i % W >= 25) s->grey[1].data[i] = 60;
  near_(value(s, "edge-f1"), 2 * .5 / 1.5, 1e-9, "an edge too many");
  kz__scene_release(s);
}

/* A step that is level for the whole picture but damaged only outside: not counted. */
static void test_undefined(void **state) {
  (void)state;
  struct kz__scene *s = load(eval_mask(W, H, 0, 0, 0, 0));
  assert_int_equal(s->damaged, 0);
  assert_true(isnan(value(s, "hole-psnr")) && isnan(value(s, "border-rmse")));
  assert_true(isnan(value(s, "border-jump")) && isnan(value(s, "edge-f1")));
  assert_true(isinf(value(s, "psnr")) && value(s, "outside-max") == 0);
  kz__scene_release(s);
  s = load(eval_mask(W, H, 0, 0, W, H));
  assert_true(isnan(value(s, "border-rmse")) && isnan(value(s, "outside-max")));
  assert_true(isinf(value(s, "hole-psnr")));
  kz__scene_release(s);
}

static void test_refusals(void **state) {
  struct kz_err err = {0};
  char a[256], m[256], b[256];
  (void)state;
  eval_save(eval_picture(3, W, H), "a.png");
  eval_save(eval_picture(3, W + 1, H), "b.png");
  eval_save(eval_mask(W, H - 1, 0, 0, 2, 2), "m.png");
  snprintf(a, sizeof a, "%s", in_dir("a.png"));
  snprintf(m, sizeof m, "%s", in_dir("m.png"));
  snprintf(b, sizeof b, "%s", in_dir("b.png"));
  assert_int_equal(kz__scene_load(&scene, a, m, a, &err), KZ_ESHAPE);
  assert_non_null(strstr(err.msg, "40 x 29 px"));
  assert_null(scene.original.data);
  eval_save(eval_mask(W, H, 0, 0, 2, 2), "m.png");
  assert_int_equal(kz__scene_load(&scene, a, m, b, &err), KZ_ESHAPE);
  assert_non_null(strstr(err.msg, "41 x 30 px"));
  assert_int_equal(kz__scene_load(&scene, a, m, "/none.png", &err), KZ_ENOENT);
  assert_non_null(strstr(err.msg, "/none.png"));
  assert_null(scene.grey[0].data);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_descriptors), cmocka_unit_test(test_equal_pictures),
      cmocka_unit_test(test_psnr_by_hand), cmocka_unit_test(test_ssim),
      cmocka_unit_test(test_small),        cmocka_unit_test(test_border),
      cmocka_unit_test(test_edges),        cmocka_unit_test(test_undefined),
      cmocka_unit_test(test_refusals),
  };
  return cmocka_run_group_tests_name("eval_metrics", tests, eval_setup, eval_teardown);
}
