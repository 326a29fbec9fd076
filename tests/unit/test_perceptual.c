/* The perceptual distance: against published figures where the trained weights are at hand, its
 * gradient against differences, batches against single pairs, and files that are not its own. */
#include "../golden/harness.h"

#include <kizil/image.h>

#include "model/perceptual.h"
#include "perceptual_fixture.h"

static char dir[64], weights[96];

static int setup(void **state) {
  struct kz_err err = {0};
  (void)state;
  snprintf(dir, sizeof dir, "/tmp/kizil-perceptual-XXXXXX");
  if (!mkdtemp(dir)) return -1;
  snprintf(weights, sizeof weights, "%s/random.safetensors", dir);
  return perceptual_write(weights, &err);
}

static int teardown(void **state) {
  (void)state;
  unlink(weights);
  return rmdir(dir);
}

/* A smooth picture with some grain: neither flat nor pure noise. */
static void draw(uint32_t seed, int size, float *rgb) {
  for (int y = 0; y < size; y++)
    for (int x = 0; x < size; x++)
      for (int c = 0; c < 3; c++) {
        int at = (y * size + x) * 3 + c;
        rgb[at] = .6f * sinf(.2f * (float)(x * (c + 1)) + .3f * (float)y + (float)seed) +
                  .3f * noise_at(seed, (uint32_t)at);
      }
}

struct pairs {
  int n, size;
  size_t values; /* of one picture */
  float *target, *x, *diff;
};

static struct pairs make_pairs(int n, int size) {
  struct pairs p = {.n = n, .size = size, .values = 3 * (size_t)size * (size_t)size};
  p.target = malloc(p.values * (size_t)n * sizeof(float));
  p.x = malloc(p.values * (size_t)n * sizeof(float));
  p.diff = malloc(p.values * (size_t)n * sizeof(float));
  assert_true(p.target && p.x && p.diff);
  for (int i = 0; i < n; i++) {
    draw(10u + (uint32_t)i, size, p.target + p.values * (size_t)i);
    draw(50u + (uint32_t)i, size, p.x + p.values * (size_t)i);
  }
  return p;
}

static void free_pairs(struct pairs *p) {
  free(p->target);
  free(p->x);
  free(p->diff);
}

static struct kz_perceptual *open_loss(int threads, enum kz_dtype t, int n, int size) {
  struct kz_perceptual *p = NULL;
  struct kz_err err = {0};
  assert_ok(kz_perceptual_new(weights, kz_backend_cpu(threads), t, n, size, size, &p, &err));
  return p;
}

static double loss_of(struct kz_perceptual *p, const struct pairs *d, const float *scale) {
  struct kz_err err = {0};
  double loss = -1;
  assert_ok(kz_perceptual_loss(p, d->target, d->x, scale, &loss, d->diff, &err));
  return loss;
}

static void test_gradient(void **state) {
  enum { DIRECTIONS = 3 };
  static const float at[4] = {1, -1, 2, -2}, scale[2] = {1, .25f}, step = 2e-4f;
  (void)state;
  struct kz_perceptual *p = open_loss(2, KZ_F32, 2, 48);
  struct pairs d = make_pairs(2, 48);
  size_t count = 2 * d.values;
  float *grad = malloc(count * sizeof *grad), *base = malloc(count * sizeof *base);
  assert_true(grad && base);
  assert_true(loss_of(p, &d, scale) > .01);
  memcpy(grad, d.diff, count * sizeof *grad);
  memcpy(base, d.x, count * sizeof *base);
  for (uint32_t u = 0; u < DIRECTIONS; u++) {
    double loss[4], got = 0, length = 0;
    for (int k = 0; k < 4; k++) {
      for (size_t i = 0; i < count; i++)
        d.x[i] = base[i] + (noise_at(70 + u, (uint32_t)i) < 0 ? -step : step) * at[k];
      loss[k] = loss_of(p, &d, scale);
    }
    for (size_t i = 0; i < count; i++) {
      got += noise_at(70 + u, (uint32_t)i) < 0 ? -(double)grad[i] : (double)grad[i];
      length += (double)grad[i] * grad[i];
    }
    double want = (8 * (loss[0] - loss[1]) - (loss[2] - loss[3])) / (12.0 * step);
    if (!(fabs(got - want) <= .06 * sqrt(length)))
      fail_msg("along a direction %g, by differences %g (length %g)", got, want, sqrt(length));
  }
  free(grad);
  free(base);
  free_pairs(&d);
  kz_perceptual_free(p);
}

/* Small steps against the gradient bring the pictures together, and equal ones have no distance. */
static void test_descent(void **state) {
  static const float scale[1] = {1};
  (void)state;
  struct kz_perceptual *p = open_loss(1, KZ_F32, 1, 32);
  struct pairs d = make_pairs(1, 32);
  double first = loss_of(p, &d, scale), last = first;
  for (int k = 0; k < 10; k++) {
    double length = 0;
    for (size_t i = 0; i < d.values; i++) length += (double)d.diff[i] * d.diff[i];
    for (size_t i = 0; i < d.values; i++) d.x[i] -= (float)(.5 / sqrt(length)) * d.diff[i];
    last = loss_of(p, &d, scale);
  }
  if (!(last < .9 * first)) fail_msg("%g -> %g", first, last);
  memcpy(d.x, d.target, d.values * sizeof *d.x);
  assert_true(loss_of(p, &d, scale) == 0);
  for (size_t i = 0; i < d.values; i++) assert_true(d.diff[i] == 0);
  free_pairs(&d);
  kz_perceptual_free(p);
}

/* A batch that does not fill its last chunk is the sum of its pairs; pairs at scale 0 are not
 * looked at and change nothing. */
static void test_batch(void **state) {
  enum { N = 37, SIZE = 32 }; /* more than one chunk, and no multiple */
  float scale[N];
  (void)state;
  struct kz_perceptual *all = open_loss(2, KZ_F32, N, SIZE), *one = open_loss(1, KZ_F32, 1, SIZE);
  struct pairs d = make_pairs(N, SIZE);
  for (int i = 0; i < N; i++) scale[i] = i < 33 && i % 5 ? 0 : .1f * (float)(i + 1);
  double sum = 0, loss = loss_of(all, &d, scale);
  for (int i = 0; i < N; i++) {
    float *part = malloc(d.values * sizeof *part);
    size_t at = d.values * (size_t)i;
    struct pairs single = {1, SIZE, d.values, d.target + at, d.x + at, part};
    assert_non_null(part);
    sum += loss_of(one, &single, &scale[i]);
    assert_true(relative_error(KZ_F32, d.diff + at, part, d.values) < 1e-4);
    free(part);
  }
  assert_true(fabs(loss / sum - 1) < 1e-5);
  assert_true(loss_of(all, &d, scale) == loss); /* nothing is left over from a run */
  memset(scale, 0, sizeof scale);
  assert_true(loss_of(all, &d, scale) == 0);
  for (size_t i = 0; i < N * d.values; i++) assert_true(d.diff[i] == 0);
  free_pairs(&d);
  kz_perceptual_free(all);
  kz_perceptual_free(one);
}

static void test_bf16(void **state) {
  static const float scale[2] = {1, 1};
  (void)state;
  if (!kz_cpu_has_bf16()) skip();
  struct kz_perceptual *full = open_loss(2, KZ_F32, 2, 64), *half = open_loss(2, KZ_BF16, 2, 64);
  struct pairs d = make_pairs(2, 64), e = make_pairs(2, 64);
  double want = loss_of(full, &d, scale), got = loss_of(half, &e, scale);
  assert_true(fabs(got / want - 1) < .02);
  assert_true(cosine(d.diff, e.diff, 2 * d.values) > .95);
  free_pairs(&d);
  free_pairs(&e);
  kz_perceptual_free(full);
  kz_perceptual_free(half);
}

static float *load_picture(const char *name) {
  struct kz_pixels p;
  struct kz_err err = {0};
  const char *path = shared_path(name);
  assert_non_null(path);
  assert_ok(kz_pixels_load(path, 0, 0, &p, &err));
  assert_true(p.width == 64 && p.height == 64 && p.channels == 3);
  float *rgb = malloc(64 * 64 * 3 * sizeof *rgb);
  assert_non_null(rgb);
  for (int i = 0; i < 64 * 64 * 3; i++) rgb[i] = (float)p.data[i] / 127.5f - 1;
  kz_pixels_release(&p);
  return rgb;
}

static void test_published(void **state) {
  static const char *const others[2] = {"models/ex_p0.png", "models/ex_p1.png"};
  static const double want[2] = {.7110, .1479};
  static const float scale[1] = {1};
  struct kz_err err = {0};
  char path[1024];
  (void)state;
  const char *file = shared_path("models/lpips_squeeze_v0.1.safetensors");
  if (!file) skip();
  snprintf(path, sizeof path, "%s", file);
  assert_ok(kz_image_startup("test", 1, &err));
  float *target = load_picture("models/ex_ref.png"), *diff = malloc(64 * 64 * 3 * sizeof *diff);
  assert_non_null(diff);
  for (int t = KZ_F32; t <= (kz_cpu_has_bf16() ? KZ_BF16 : KZ_F32); t++) {
    struct kz_perceptual *p = NULL;
    assert_ok(kz_perceptual_new(path, kz_backend_cpu(2), (enum kz_dtype)t, 1, 64, 64, &p, &err));
    for (int i = 0; i < 2; i++) {
      float *x = load_picture(others[i]);
      double loss;
      assert_ok(kz_perceptual_loss(p, target, x, scale, &loss, diff, &err));
      if (!(fabs(loss - want[i]) < (t == KZ_F32 ? 1e-4 : 5e-3)))
        fail_msg("%s: %.5f, published %.4f", others[i], loss, want[i]);
      free(x);
    }
    kz_perceptual_free(p);
  }
  free(target);
  free(diff);
}

static void test_refusals(void **state) {
  static struct perceptual_weights w;
  struct kz_perceptual *p = NULL;
  struct kz_err err = {0};
  const struct kz_backend *b = kz_backend_cpu(1);
  char path[128];
  (void)state;
  snprintf(path, sizeof path, "%s/bad.safetensors", dir);
  assert_int_equal(kz_perceptual_new(path, b, KZ_F32, 1, 32, 32, &p, &err), KZ_ENOENT);
  assert_non_null(strstr(err.msg, path));
  assert_int_equal(kz_perceptual_check(weights, &err), 0);
  assert_int_equal(kz_perceptual_new(weights, b, KZ_F32, 1, 32, 33, &p, &err), KZ_ESHAPE);
  assert_non_null(strstr(err.msg, "33 x 32 px"));

  perceptual_fill(&w);
  w.count -= 2; /* lin5, lin6 */
  assert_int_equal(kz_safetensors_save(path, w.tensor, w.count, NULL, 0, &err), 0);
  assert_int_equal(kz_perceptual_check(path, &err), KZ_EFORMAT);
  assert_non_null(strstr(err.msg, "tensor 'lin5.weight' is missing"));
  assert_non_null(strstr(err.msg, path));
  w.count += 2;
  w.tensor[4].shape[0] = 32, w.tensor[4].shape[1] *= 2; /* features.3.expand1x1.weight */
  assert_int_equal(kz_safetensors_save(path, w.tensor, w.count, NULL, 0, &err), 0);
  assert_int_equal(kz_perceptual_new(path, b, KZ_F32, 1, 32, 32, &p, &err), KZ_EFORMAT);
  assert_non_null(strstr(err.msg, "'features.3.expand1x1.weight' is not F32 [64,16,1,1]"));
  assert_null(p);
  perceptual_release(&w);
  unlink(path);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_gradient),  cmocka_unit_test(test_descent),
      cmocka_unit_test(test_batch),     cmocka_unit_test(test_bf16),
      cmocka_unit_test(test_published), cmocka_unit_test(test_refusals),
  };
  return cmocka_run_group_tests_name("perceptual", tests, setup, teardown);
}
