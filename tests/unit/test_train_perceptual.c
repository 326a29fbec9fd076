/* Training with the perceptual loss: its gradient by the network's output, what is reported, that
 * a run that is stopped and resumed gives the bytes of one that is not. */
#include "../golden/harness.h"

#include "base/file.h"
#include "diffusion/train.h"
#include "perceptual_fixture.h"

#define SIDE 32
#define COUNT 4
#define MAX_REPORTS 8

static char dir[64], weights[96];
static uint8_t rgb[COUNT * 64 * 64 * 3], mask[COUNT * 64 * 64];

struct world {
  bool still; /* the same batch every time */
  int64_t stop_at, steps;
  double loss[MAX_REPORTS], perceptual[MAX_REPORTS];
  int reports;
};

static int next(void *self, int64_t index, int count, int size, struct kz_batch *b,
                struct kz_err *err) {
  const struct world *w = self;
  (void)err;
  assert_true((size_t)count * (size_t)size * (size_t)size <= sizeof mask);
  for (int i = 0; i < count; i++)
    for (int y = 0; y < size; y++)
      for (int x = 0; x < size; x++) {
        int p = (i * size + y) * size + x, dx = x - size / 2, dy = y - size / 2;
        double phase = (w->still ? 0 : (double)index) + i;
        for (int c = 0; c < 3; c++)
          rgb[3 * p + c] = (uint8_t)(128 + 70 * sin(phase + .4 * x * (c + 1) + .3 * y) +
                                     30 * noise_at(3, (uint32_t)(3 * p + c)));
        mask[p] = dx * dx + dy * dy < size * size / 9 ? 255 : 0;
      }
  *b = (struct kz_batch){.count = count, .size = size, .rgb = rgb, .mask = mask};
  return 0;
}

static void on_report(void *self, const struct kz_train_progress *p) {
  struct world *w = self;
  assert_true(w->reports < MAX_REPORTS);
  w->loss[w->reports] = p->loss;
  w->perceptual[w->reports++] = p->perceptual;
}

static bool stop(void *self) {
  struct world *w = self;
  return ++w->steps == w->stop_at;
}

static struct kz_train_options small_options(int64_t steps, int threads) {
  struct kz_train_options o;
  kz_params_defaults(kz_train_params, &o);
  for (int i = 0; i < 4; i++) o.width[i] = 16;
  o.structure[0] = o.detail = 0;
  o.crop_small = SIDE;
  o.batch_small = COUNT;
  o.crop_large = 64;
  o.batch_large = 2;
  o.minutes = o.checkpoint_minutes = 0;
  o.steps = steps;
  o.rate = 3e-3;
  o.warmup = 4;
  o.threads = threads;
  o.precision = KZ_PRECISION_F32;
  o.perceptual = weights;
  return o;
}

static int train(const char *name, const struct kz_train_options *o, struct world *w, bool resume,
                 struct kz_err *err) {
  const struct kz_train_host host = {
      .self = w, .next = next, .report = on_report, .stop = stop};
  char *out = kz_format("%s/%s", dir, name);
  assert_non_null(out);
  int code = kz_train(o, &host, out, resume, err);
  free(out);
  return code;
}

static int setup(void **state) {
  struct kz_err err = {0};
  (void)state;
  snprintf(dir, sizeof dir, "/tmp/kizil-train-XXXXXX");
  if (!mkdtemp(dir)) return -1;
  snprintf(weights, sizeof weights, "%s/random.safetensors", dir);
  return perceptual_write(weights, &err);
}

static int teardown(void **state) {
  char *command = kz_format("rm -rf '%s'", dir);
  (void)state;
  int code = command ? system(command) : -1;
  free(command);
  return code;
}

/* A stage with a batch in it, and an output that is not zero. */
static void fill_stage(struct kz__run *r, struct kz_batch *b, const struct kz__recipe *recipe) {
  struct world w = {.still = true};
  struct kz__stage *s = &r->stage;
  struct kz_err err = {0};
  struct kz_rng rng;
  kz_paramset_init(&r->params, r->backend);
  assert_ok(kz__stage_init(s, &r->params, &r->config, KZ_F32, true, COUNT, SIDE, &err));
  kz_rng_init(&rng, 2);
  kz_paramset_randomise(&r->params, &rng);
  assert_ok(kz__perceptual_init(r, &err));
  assert_ok(next(&w, 0, COUNT, SIDE, b, &err));
  memset(mask + SIDE * SIDE, 0, SIDE * SIDE); /* the second sample is whole */
  const struct kz__inputs to = kz__stage_inputs(s);
  kz__prepare_batch(&s->prepare, b, recipe, &to);
  assert_ok(kz_graph_forward(s->graph, &err));
  float *out = kz_graph_data(s->graph, s->net.out);
  for (uint32_t i = 0; i < COUNT * SIDE * SIDE * 3; i++) out[i] = .3f * noise_at(8, i);
}

static double loss_of(struct kz__run *r, const struct kz_batch *b) {
  struct kz_err err = {0};
  double loss = 0;
  float *diff = kz_graph_diff(r->stage.graph, r->stage.net.out);
  memset(diff, 0, sizeof *diff * COUNT * SIDE * SIDE * 3);
  assert_ok(kz__perceptual_gradient(&r->stage, b, .5, &loss, &err));
  return loss;
}

/* Against differences; zero outside the hole and for pure noise; half of it, as the weight says. */
static void test_gradient(void **state) {
  enum { VALUES = COUNT * SIDE * SIDE * 3, SAMPLE = VALUES / COUNT };
  static float grad[VALUES], base[VALUES];
  static const float at[4] = {1, -1, 2, -2}, step = 2e-4f;
  struct kz_train_options o = small_options(1, 2);
  struct kz__run r = {.o = &o, .backend = kz_backend_cpu(2), .dtype = KZ_F32};
  const struct kz__recipe recipe = {.config = &r.config, .seed = 5, .pure_noise_share = .25};
  struct kz_batch b;
  double loss[4], got = 0, length = 0;
  (void)state;
  kz_fedr_config_defaults(&r.config);
  for (int i = 0; i < 4; i++) r.config.width[i] = 16;
  fill_stage(&r, &b, &recipe);
  float *out = kz_graph_data(r.stage.graph, r.stage.net.out);
  assert_true(loss_of(&r, &b) > 0);
  memcpy(grad, kz_graph_diff(r.stage.graph, r.stage.net.out), sizeof grad);
  memcpy(base, out, sizeof base);
  for (int i = 0; i < VALUES; i++) {
    if (i < 2 * SAMPLE || !mask[i / 3]) assert_true(grad[i] == 0);
    else length += (double)grad[i] * grad[i];
    got += noise_at(9, (uint32_t)i) < 0 ? -(double)grad[i] : (double)grad[i];
  }
  for (int k = 0; k < 4; k++) {
    for (int i = 0; i < VALUES; i++)
      out[i] = base[i] + (noise_at(9, (uint32_t)i) < 0 ? -step : step) * at[k];
    loss[k] = loss_of(&r, &b);
  }
  double want = .5 * (8 * (loss[0] - loss[1]) - (loss[2] - loss[3])) / (12.0 * step);
  if (!(length > 0 && fabs(got - want) <= .06 * sqrt(length)))
    fail_msg("along a direction %g, by differences %g (length %g)", got, want, sqrt(length));
  kz__stage_release(&r.stage);
  kz_paramset_release(&r.params);
}

/* On one batch over and over both losses fall; before its time the second is not there. */
static void test_learns(void **state) {
  struct world w = {.still = true};
  struct kz_err err = {0};
  struct kz_train_options o = small_options(120, 2);
  (void)state;
  o.small_share = 1;
  o.perceptual_from = 1. / 3;
  o.perceptual_weight = 1;
  assert_ok(train("learns", &o, &w, false, &err));
  assert_int_equal(w.reports, 6);
  assert_true(w.perceptual[0] < 0 && w.perceptual[1] < 0);
  if (!(w.perceptual[5] < .8 * w.perceptual[2] && w.perceptual[5] > 0))
    fail_msg("perceptual loss %g -> %g", w.perceptual[2], w.perceptual[5]);
  if (!(w.loss[5] < w.loss[1])) fail_msg("loss %g -> %g", w.loss[1], w.loss[5]);
}

static void assert_same_weights(const char *one, const char *other) {
  struct kz_err err = {0};
  struct kz_safetensors *s[2] = {NULL, NULL};
  const char *const names[2] = {one, other};
  for (int i = 0; i < 2; i++) {
    char *path = kz_format("%s/%s/last.safetensors", dir, names[i]);
    assert_non_null(path);
    assert_ok(kz_safetensors_open(path, &s[i], &err));
    free(path);
  }
  for (int i = 0; i < kz_safetensors_count(s[0]); i++) {
    const struct kz_st_tensor *x = kz_safetensors_at(s[0], i);
    const struct kz_st_tensor *y = kz_safetensors_find(s[1], x->name);
    if (!y || x->bytes != y->bytes || memcmp(x->data, y->data, x->bytes))
      fail_msg("%s differs", x->name);
  }
  kz_safetensors_close(s[0]);
  kz_safetensors_close(s[1]);
}

/* Stopped before the loss comes in, after it, and in the second stage. */
static void test_stop_and_resume(void **state) {
  struct world w = {0}, v = {0}, u = {0};
  struct kz_err err = {0};
  struct kz_train_options o = small_options(12, 2);
  (void)state;
  o.small_share = .7;
  o.perceptual_from = .4;
  o.accumulate = 2;
  assert_ok(train("whole", &o, &w, false, &err));
  assert_true(w.perceptual[w.reports - 1] > 0);
  static const int64_t stops[3] = {2, 2 + 5, 2 + 5 + 3};
  for (int i = 0; i < 3; i++) {
    v.stop_at = stops[i];
    assert_int_equal(train("parts", &o, &v, i > 0, &err), KZ_EINTR);
  }
  v.stop_at = 0;
  assert_ok(train("parts", &o, &v, true, &err));
  assert_same_weights("whole", "parts");

  o.perceptual_weight = 0; /* switched off: not the same weights, and no file is asked for */
  o.perceptual = "/nowhere";
  assert_ok(train("plain", &o, &u, false, &err));
  assert_true(u.perceptual[u.reports - 1] < 0 && u.loss[0] != w.loss[0]);
}

static void test_refusals(void **state) {
  struct world w = {0};
  struct kz_err err = {0};
  struct kz_train_options o = small_options(2, 1);
  (void)state;
  o.perceptual = "/nowhere/lpips.safetensors";
  assert_int_equal(train("refused", &o, &w, false, &err), KZ_ENOENT);
  assert_non_null(strstr(err.msg, "perceptual: /nowhere/lpips.safetensors: cannot open"));
  char *config = kz_format("%s/plain/last.safetensors", dir);
  assert_non_null(config);
  o.perceptual = config;
  assert_int_equal(train("refused", &o, &w, false, &err), KZ_EFORMAT);
  assert_non_null(strstr(err.msg, "tensor 'features.0.weight' is missing"));
  assert_int_equal(w.steps, 0);
  free(config);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_gradient),
      cmocka_unit_test(test_learns),
      cmocka_unit_test(test_stop_and_resume),
      cmocka_unit_test(test_refusals),
  };
  return cmocka_run_group_tests_name("train_perceptual", tests, setup, teardown);
}
