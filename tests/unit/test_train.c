/* Training: the loss falls, a killed run goes on as if nothing had happened, the files are good.
 *
 * The killed run is this program again (argument "--victim"), so that SIGKILL is real. */
#include <math.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/file.h"
#include "diffusion/train.h"

#define MAX_CROPS (8 * 64 * 64)
#define MAX_REPORTS 8

/* Pictures anybody could restore: smooth colours that move with the index; a disc is missing. */
struct world {
  uint8_t rgb[MAX_CROPS * 3], mask[MAX_CROPS];
  uint8_t drawn[MAX_CROPS], valid[MAX_CROPS];
  char captions[8 * KZ_CAPTION_MOST];
  bool guides;
  int64_t stop_at, kill_at, steps;
  double loss[MAX_REPORTS], psnr;
  int reports, validations, previews, preview_width, preview_height;
  bool fail;
};

/* Lines and words that change with the index. */
static void add_guides(struct world *w, int64_t index, struct kz_batch *b) {
  for (int p = 0; p < b->count * b->size * b->size; p++) {
    w->valid[p] = p % b->size < b->size / 2 ? 255 : 0;
    w->drawn[p] = w->valid[p] && (p + index) % 7 == 0 ? 255 : 0;
  }
  for (int i = 0; i < b->count; i++)
    snprintf(w->captions + i * KZ_CAPTION_MOST, KZ_CAPTION_MOST, "picture %lld of a disc",
             (long long)(index * b->count + i));
  b->drawn = w->drawn;
  b->drawn_valid = w->valid;
  b->captions = w->captions;
}

static int next(void *self, int64_t index, int count, int size, struct kz_batch *b,
                struct kz_err *err) {
  struct world *w = self;
  if (w->fail) return kz_err_set(err, KZ_EIO, "the stream broke");
  if (w->kill_at && index == w->kill_at) raise(SIGKILL);
  assert_true((int64_t)count * size * size <= MAX_CROPS);
  for (int i = 0; i < count; i++)
    for (int y = 0; y < size; y++)
      for (int x = 0; x < size; x++) {
        int64_t p = ((int64_t)i * size + y) * size + x;
        double phase = (double)(index * count + i);
        for (int c = 0; c < 3; c++)
          w->rgb[3 * p + c] =
              (uint8_t)(128 + 100 * sin(phase + .08 * x * (c + 1) + .05 * y * (3 - c)));
        int dx = x - size / 2 - (int)(index + i) % 5, dy = y - size / 2;
        w->mask[p] = dx * dx + dy * dy < size * size / 9 ? 255 : 0;
      }
  *b = (struct kz_batch){.count = count, .size = size, .rgb = w->rgb, .mask = w->mask};
  if (w->guides) add_guides(w, index, b);
  return 0;
}

static int held_out(void *self, int64_t index, int count, int size, struct kz_batch *b,
                    struct kz_err *err) {
  struct world *w = self;
  int64_t kill_at = w->kill_at;
  w->kill_at = 0;
  int code = next(w, 1000 + index, count, size, b, err);
  w->kill_at = kill_at;
  return code;
}

static void on_report(void *self, const struct kz_train_progress *p) {
  struct world *w = self;
  if (w->reports < MAX_REPORTS) w->loss[w->reports] = p->loss;
  w->reports++;
  assert_true(p->gradient_norm > 0 && p->rate > 0 && p->pixels_per_second > 0 && p->step > 0);
  assert_true(p->seconds > 0 && p->remaining >= 0);
}

static void on_validated(void *self, int64_t step, double psnr) {
  struct world *w = self;
  assert_true(step > 0);
  w->validations++;
  w->psnr = psnr;
}

static void on_preview(void *self, int64_t step, int width, int height, const uint8_t *rgb) {
  struct world *w = self;
  (void)step;
  w->previews++;
  w->preview_width = width;
  w->preview_height = height;
  int size = width / 4;
  const uint8_t *middle = rgb + ((size_t)(size / 2) * (size_t)width + (size_t)size / 2) * 3;
  assert_true(middle[0] == 255 && middle[1] == 255); /* damage shows white */
  const uint8_t *restored = rgb + 2 * size * 3, *original = rgb + 3 * size * 3;
  assert_memory_equal(restored, original, (size_t)size / 8 * 3); /* known pixels stay */
}

static bool stop(void *self) {
  struct world *w = self;
  w->steps++;
  return w->stop_at && w->steps == w->stop_at;
}

static struct kz_train_host host_of(struct world *w) {
  return (struct kz_train_host){.self = w, .next = next, .held_out = held_out,
                                .report = on_report, .validated = on_validated,
                                .preview = on_preview, .stop = stop};
}

static struct kz_train_options small_options(int64_t steps) {
  struct kz_train_options o;
  kz_params_defaults(kz_train_params, &o);
  for (int i = 0; i < 4; i++) o.width[i] = 16;
  o.structure[0] = o.detail = 0;
  o.crop_small = 32;
  o.batch_small = 6;
  o.crop_large = 64;
  o.batch_large = 2;
  o.minutes = 0;
  o.steps = steps;
  o.rate = 3e-3;
  o.warmup = 4;
  o.threads = 1;
  o.precision = KZ_PRECISION_F32;
  return o;
}

static char dir[64];

static char *in_dir(const char *run, const char *name) {
  char *p = kz_format("%s/%s/%s", dir, run, name);
  assert_non_null(p);
  return p;
}

static int train(const char *run, struct kz_train_options o, struct world *w, bool resume,
                 struct kz_err *err) {
  struct kz_train_host host = host_of(w);
  char *out = kz_format("%s/%s", dir, run);
  int code = kz_train(&o, &host, out, resume, err);
  free(out);
  return code;
}

static int setup(void **state) {
  (void)state;
  snprintf(dir, sizeof dir, "/tmp/kizil-train-XXXXXX");
  return mkdtemp(dir) ? 0 : -1;
}

static int teardown(void **state) {
  (void)state;
  char *command = kz_format("rm -rf '%s'", dir);
  int code = system(command);
  free(command);
  return code;
}

/* Tensors and step of two runs, bit for bit. */
static void assert_same_run(const char *run_a, const char *run_b) {
  struct kz_err err = {0};
  struct kz_safetensors *a = NULL, *b = NULL;
  char *path_a = in_dir(run_a, "last.safetensors"), *path_b = in_dir(run_b, "last.safetensors");
  if (kz_safetensors_open(path_a, &a, &err) || kz_safetensors_open(path_b, &b, &err))
    fail_msg("%s", err.msg);
  assert_string_equal(kz_safetensors_meta(a, "step"), kz_safetensors_meta(b, "step"));
  assert_int_equal(kz_safetensors_count(a), kz_safetensors_count(b));
  for (int i = 0; i < kz_safetensors_count(a); i++) {
    const struct kz_st_tensor *x = kz_safetensors_at(a, i);
    const struct kz_st_tensor *y = kz_safetensors_find(b, x->name);
    assert_non_null(y);
    assert_int_equal(x->bytes, y->bytes);
    if (memcmp(x->data, y->data, x->bytes)) fail_msg("%s differs", x->name);
  }
  kz_safetensors_close(a);
  kz_safetensors_close(b);
  free(path_a);
  free(path_b);
}

static void test_learns(void **state) {
  (void)state;
  static struct world w;
  struct kz_err err = {0};
  struct kz_train_options o = small_options(120);
  o.preview_minutes = 1000;
  o.checkpoint_minutes = 0;
  if (train("learns", o, &w, false, &err)) fail_msg("%s", err.msg);
  assert_int_equal(w.reports, 6);
  const double *loss = w.loss; /* four reports on small crops, two on large ones */
  if (!(loss[3] < loss[0] / 2)) fail_msg("loss %g -> %g", loss[0], loss[3]);
  if (!(loss[5] < loss[4] * .9)) fail_msg("large crops: loss %g -> %g", loss[4], loss[5]);
  assert_int_equal(w.validations, 1);
  assert_true(w.psnr > 12 && w.psnr < 60);
  assert_int_equal(w.previews, 1);
  assert_true(w.preview_width == 256 && w.preview_height == 256);

  /* The folder is a run now. */
  assert_int_equal(train("learns", o, &w, false, &err), KZ_EEXIST);
  assert_non_null(strstr(err.msg, "learns"));
  char *config = in_dir("learns", "config.json");
  struct kz_train_options read = small_options(1);
  assert_int_equal(kz_params_load(kz_train_params, &read, config, &err), 0);
  assert_true(read.steps == 120 && read.crop_small == 32 && read.rate == 3e-3);
  free(config);
}

/* model.safetensors restores: its estimate beats the coarse fill that it corrects. */
static void test_model_of_run(void **state) {
  (void)state;
  static struct world w;
  static float in[64 * 64 * 7], x0[64 * 64 * 3];
  static const char *const files[] = {"model.safetensors", "best.safetensors", "last.safetensors"};
  struct kz_err err = {0};
  struct kz_batch b;
  for (int f = 0; f < 3; f++) {
    struct kz_model *m = NULL;
    struct kz_denoiser *d = NULL;
    struct kz__prepare p;
    float time[KZ_FEDR_TIME], t = 1;
    double coarse = 0, restored = 0;
    struct kz_fedr_config plain = {.input = KZ_FEDR_NOISY}; /* a denoiser takes x_t as it is */
    const struct kz__recipe recipe = {.config = &plain, .seed = 3, .pure_noise_share = 1};
    char *path = in_dir("learns", files[f]);
    if (kz_model_load(path, KZ_PRECISION_F32, &m, &err)) fail_msg("%s", err.msg);
    assert_int_equal(strlen(kz_model_hash(m)), 64);
    assert_int_equal(kz_denoiser_new(m, 1, 48, 64, 2, &d, &err), KZ_ESHAPE);
    if (kz_denoiser_new(m, 1, 64, 64, 2, &d, &err)) fail_msg("%s", err.msg);
    assert_int_equal(kz__prepare_init(&p, kz_backend_cpu(2), 1, 64, &err), 0);
    assert_int_equal(held_out(&w, 3, 1, 64, &b, &err), 0);
    kz__prepare_batch(&p, &b, &recipe, &(struct kz__inputs){.in = in, .time = time});
    assert_int_equal(kz_denoiser_run(d, in, &t, NULL, x0, &err), 0);
    for (int k = 0; k < 64 * 64; k++)
      for (int c = 0; b.mask[k] && c < 3; c++) {
        double truth = b.rgb[3 * k + c] / 127.5 - 1;
        coarse += pow(in[7 * k + 3 + c] - truth, 2);
        restored += pow(x0[3 * k + c] - truth, 2);
      }
    if (!(restored < coarse)) fail_msg("%s: %g, coarse fill %g", files[f], restored, coarse);
    kz__prepare_release(&p);
    kz_denoiser_free(d);
    kz_model_free(m);
    free(path);
  }
}

/* A run begun from a model starts where that ended; another network or no file is refused, and
 * nothing is left of the attempt. */
static void test_init(void **state) {
  (void)state;
  static struct world w;
  struct kz_err err = {0};
  struct kz_safetensors *a = NULL, *b = NULL;
  struct kz_train_options o = small_options(1);
  char *model = in_dir("learns", "model.safetensors"), *made = in_dir("begun", "model.safetensors");
  o.init = model;
  o.rate = 1e-8; /* the least there is */
  if (train("begun", o, &w, false, &err)) fail_msg("%s", err.msg);
  if (kz_safetensors_open(model, &a, &err) || kz_safetensors_open(made, &b, &err))
    fail_msg("%s", err.msg);
  for (int i = 0; i < kz_safetensors_count(a); i++) {
    const struct kz_st_tensor *x = kz_safetensors_at(a, i), *y = kz_safetensors_find(b, x->name);
    int64_t differ = 0;
    assert_non_null(y);
    assert_int_equal(x->bytes, y->bytes);
    for (size_t k = 0; k < x->bytes; k += 2)
      differ += memcmp((const char *)x->data + k, (const char *)y->data + k, 2) != 0;
    if (differ > 4 + (int64_t)x->bytes / 50) fail_msg("%s: %lld differ", x->name, (long long)differ);
  }
  kz_safetensors_close(a);
  kz_safetensors_close(b);
  o.width[2] = 32;
  assert_int_equal(train("other", o, &w, false, &err), KZ_ERANGE);
  assert_non_null(strstr(err.msg, "model.safetensors"));
  assert_non_null(strstr(err.msg, "width-3"));
  o.init = "/nowhere/model.safetensors";
  assert_true(train("none", o, &w, false, &err) < 0);
  assert_non_null(strstr(err.msg, "/nowhere/model.safetensors"));
  free(model);
  free(made);
}

/* Stopped in either stage, resumed: the same bytes as the run nobody stopped. */
static void check_stop_and_resume(struct kz_train_options o, const char *whole,
                                  const char *parts) {
  struct world *w = calloc(1, sizeof *w), *v = calloc(1, sizeof *v);
  struct kz_err err = {0};
  assert_true(w && v);
  o.small_share = .5;
  o.accumulate = 2;
  o.checkpoint_minutes = 1e-9; /* every step: judging must not disturb training */
  if (train(whole, o, w, false, &err)) fail_msg("%s", err.msg);
  assert_int_equal(w->validations, 15);
  v->stop_at = 3;
  assert_int_equal(train(parts, o, v, false, &err), KZ_EINTR);
  assert_non_null(strstr(err.msg, "step 3"));
  v->stop_at = 3 + 7;
  assert_int_equal(train(parts, o, v, true, &err), KZ_EINTR);
  v->stop_at = 0;
  assert_int_equal(train(parts, o, v, true, &err), 0);
  assert_same_run(whole, parts);
  free(w);
  free(v);
}

static void test_stop_and_resume(void **state) {
  (void)state;
  check_stop_and_resume(small_options(14), "whole", "parts");
}

/* Muon learns what AdamW learns, and resumes as well. */
static void test_muon(void **state) {
  (void)state;
  static struct world w;
  struct kz_err err = {0};
  struct kz_train_options o = small_options(80);
  for (int i = 0; i < 4; i++) o.width[i] = 32; /* filters that Muon takes */
  o.optimiser = KZ_OPTIMISER_MUON;
  o.small_share = 1;
  if (train("muon", o, &w, false, &err)) fail_msg("%s", err.msg);
  if (!(w.loss[3] < w.loss[0] / 2)) fail_msg("loss %g -> %g", w.loss[0], w.loss[3]);
  o.steps = 14;
  check_stop_and_resume(o, "muon-whole", "muon-parts");
}

static struct kz_train_options guided_options(int64_t steps) {
  struct kz_train_options o = small_options(steps);
  for (int i = 0; i < 4; i++) o.structure[i] = 16;
  o.text = o.detail = 16;
  o.text_layers = 1;
  return o;
}

/* With guides the loss falls as well, and a stopped run resumes. */
static void test_guided(void **state) {
  (void)state;
  static struct world w;
  struct kz_err err = {0};
  struct kz_train_options o = guided_options(80);
  w.guides = true;
  o.small_share = 1;
  if (train("guided", o, &w, false, &err)) fail_msg("%s", err.msg);
  if (!(w.loss[3] < w.loss[0] / 2)) fail_msg("loss %g -> %g", w.loss[0], w.loss[3]);
  check_stop_and_resume(guided_options(14), "guided-whole", "guided-parts");
}

/* Guides added to a network that has none change nothing at first: its weights are taken over, and
 * what is new ends in zeros. Left out again they leave what was there. */
static void test_guides_added(void **state) {
  (void)state;
  static struct world w;
  static float in[64 * 64 * 7], x0[3][64 * 64 * 3], features[64 * 64 * KZ_FEDR_FEATURES];
  struct kz_err err = {0};
  struct kz_train_options o = guided_options(1), less = small_options(1);
  char *path[3] = {in_dir("learns", "model.safetensors"), in_dir("grown", "model.safetensors"),
                   in_dir("shorn", "model.safetensors")};
  o.init = path[0];
  less.init = path[1];
  o.rate = less.rate = 1e-8;
  if (train("grown", o, &w, false, &err)) fail_msg("%s", err.msg);
  if (train("shorn", less, &w, false, &err)) fail_msg("%s", err.msg);
  for (int i = 0; i < 64 * 64 * 7; i++) in[i] = i % 7 == 6 ? (i / 7) % 3 == 0 : sinf((float)i);
  for (int i = 0; i < 64 * 64 * KZ_FEDR_FEATURES; i++) features[i] = cosf((float)i);
  for (int f = 0; f < 3; f++) {
    struct kz_model *m = NULL;
    struct kz_denoiser *d = NULL;
    const struct kz_guides guides = {.features = features, .structure = 1};
    const float t = .7f;
    if (kz_model_load(path[f], KZ_PRECISION_F32, &m, &err)) fail_msg("%s", err.msg);
    if (kz_denoiser_new(m, 1, 64, 64, 2, &d, &err)) fail_msg("%s", err.msg);
    assert_int_equal(kz_model_has_structure(m), f == 1);
    assert_int_equal(kz_denoiser_run(d, in, &t, &guides, x0[f], &err), 0);
    kz_denoiser_free(d);
    kz_model_free(m);
    free(path[f]);
  }
  for (int i = 0; i < 64 * 64 * 3; i++) {
    assert_true(fabsf(x0[0][i] - x0[1][i]) < 2e-3f);
    assert_true(fabsf(x0[0][i] - x0[2][i]) < 2e-3f);
  }
}

/* The relative loss at t = 1: its gradient is that of the mean logarithm of each crop's loss, against
 * differences; the value reported is the plain loss. */
static void test_relative_loss(void **state) {
  (void)state;
  enum { N = 4, S = 32, VALUES = N * S * S * 3, PURE = 2 };
  static struct world w;
  static float grad[VALUES];
  static const float at[5] = {0, 1, -1, 2, -2}, step = 1e-3f;
  struct kz_train_options o = small_options(1);
  struct kz__run r = {.o = &o, .backend = kz_backend_cpu(2), .dtype = KZ_F32};
  const struct kz__recipe recipe = {.config = &r.config, .seed = 5, .pure_noise_share = .5,
                                    .known_weight = .05};
  struct kz_err err = {0};
  struct kz_batch b;
  double value[5], got = 0, length = 0, scale = 0;
  kz_fedr_config_defaults(&r.config);
  for (int i = 0; i < 4; i++) r.config.width[i] = 16;
  kz_paramset_init(&r.params, r.backend);
  assert_int_equal(kz__stage_init(&r.stage, &r.params, &r.config, KZ_F32, true, N, S, &err), 0);
  assert_int_equal(next(&w, 0, N, S, &b, &err), 0);
  const struct kz__inputs to = kz__stage_inputs(&r.stage);
  const struct kz__prepare *p = &r.stage.prepare;
  double norm = kz__prepare_batch(&r.stage.prepare, &b, &recipe, &to);
  float *out = kz_graph_data(r.stage.graph, r.stage.net.out);
  float *diff = kz_graph_diff(r.stage.graph, r.stage.net.out);
  for (int k = 0; k < 5; k++) {
    double weight = 0, inverse = 0, plain, reported;
    for (int i = 0; i < VALUES; i++)
      out[i] = p->target[i] + (i < VALUES / N ? .1f : .4f) * sinf(12.9f * (float)i) +
               (cosf(7.1f * (float)i) < 0 ? -step : step) * at[k];
    o.pure_relative = false;
    plain = kz__pixel_gradient(&r, PURE, norm);
    o.pure_relative = true;
    reported = kz__pixel_gradient(&r, PURE, norm);
    assert_true(fabs(reported / plain - 1) < 1e-5);
    if (k == 0) memcpy(grad, diff, sizeof grad);
    value[k] = 0;
    for (int i = 0; i < PURE; i++) {
      double loss = 0;
      for (int j = i * VALUES / N; j < (i + 1) * VALUES / N; j++)
        loss += o.pure_l2_weight * p->weight[j / 3] * pow((double)out[j] - p->target[j], 2);
      loss = loss / (3 * p->weight_sum[i]) + KZ__LEAST_LOSS;
      value[k] += log(loss);
      weight += p->weight_sum[i];
      inverse += 1 / loss;
    }
    if (k == 0) scale = 3 * weight / (norm * inverse);
  }
  for (int i = 0; i < PURE * VALUES / N; i++) {
    got += cosf(7.1f * (float)i) < 0 ? -(double)grad[i] : (double)grad[i];
    length += (double)grad[i] * grad[i];
  }
  double want = scale * (8 * (value[1] - value[2]) - (value[3] - value[4])) / (12.0 * step);
  if (!(length > 0 && fabs(got - want) <= .01 * sqrt(length)))
    fail_msg("along a direction %g, by differences %g (length %g)", got, want, sqrt(length));
  kz__stage_release(&r.stage);
  kz_paramset_release(&r.params);
}

static struct kz_train_options victim_options(void) {
  struct kz_train_options o = small_options(7);
  o.checkpoint_minutes = 1e-9;
  o.precision = KZ_PRECISION_AUTO;
  o.threads = 2;
  o.batch_small = 3; /* uneven */
  return o;
}

static const char *program;

static void test_kill_and_resume(void **state) {
  (void)state;
  static struct world w;
  struct kz_err err = {0};
  pid_t child = fork();
  assert_true(child >= 0);
  if (child == 0) {
    execl(program, program, "--victim", dir, (char *)NULL);
    _exit(99);
  }
  int status = 0;
  assert_int_equal(waitpid(child, &status, 0), child);
  assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
  if (train("killed", victim_options(), &w, true, &err)) fail_msg("%s", err.msg);
  if (train("unkilled", victim_options(), &w, false, &err)) fail_msg("%s", err.msg);
  assert_same_run("unkilled", "killed");
}

static int victim(const char *where) {
  static struct world w;
  struct kz_err err = {0};
  snprintf(dir, sizeof dir, "%s", where);
  w.kill_at = 5;
  return train("killed", victim_options(), &w, false, &err) ? 1 : 2;
}

static void test_refusals(void **state) {
  (void)state;
  static struct world w;
  struct kz_err err = {0};
  struct kz_train_options o = small_options(2);
  assert_int_equal(train("absent", o, &w, true, &err), KZ_ENOENT);
  assert_non_null(strstr(err.msg, "last.safetensors"));
  o.width[2] = 24;
  assert_int_equal(train("bad", o, &w, false, &err), KZ_ERANGE);
  assert_non_null(strstr(err.msg, "width-3: 24"));
  o = small_options(2);
  o.crop_large = 40;
  assert_int_equal(train("bad", o, &w, false, &err), KZ_ERANGE);
  assert_non_null(strstr(err.msg, "crop-large: 40"));
  o = small_options(2);
  o.width[0] = 32;
  assert_int_equal(train("learns", o, &w, true, &err), KZ_ERANGE);
  assert_non_null(strstr(err.msg, "width-1: the file has 16"));
  w.fail = true;
  assert_int_equal(train("broken", small_options(2), &w, false, &err), KZ_EIO);
  assert_string_equal(err.msg, "the stream broke");
  w.fail = false;
  assert_int_equal(train("broken", small_options(2), &w, false, &err), 0); /* holds no run yet */
}

/* The same batch with the other input: how far the best linear estimate lies from the coarse fill,
 * in units of 0.25. The target stays. `x` is the plain input. */
static void test_posterior(struct kz__prepare *p, const struct kz_batch *b,
                           const struct kz__recipe *r, struct kz_fedr_config *config,
                           const float *x) {
  static float in[6 * 32 * 32 * 7], time[6 * KZ_FEDR_TIME];
  int64_t pixels = (int64_t)p->size * p->size;
  config->input = KZ_FEDR_POSTERIOR;
  kz__prepare_batch(p, b, r, &(struct kz__inputs){.in = in, .time = time});
  for (int64_t k = 0; k < p->n * pixels; k++)
    for (int c = 0; c < 3; c++) {
      double t = p->t[k / pixels], a = kz_schedule_alpha(t), s = kz_schedule_sigma(t);
      double v = .25 * .25, coarse = x[7 * k + 3 + c], xt = x[7 * k + c];
      double implied = b->mask[k] ? a * v / (a * a * v + s * s) * (xt - a * coarse) : 0;
      assert_true(fabs(.25 * in[7 * k + c] - implied) < 2e-5);
      assert_true(fabs(coarse + p->target[3 * k + c] - (b->rgb[3 * k + c] / 127.5 - 1)) < 3e-5);
      if (t == 1) assert_true(fabs(in[7 * k + c]) < 1e-6); /* silent: nothing but noise */
    }
}

/* What a batch is turned into, against the definitions. */
static void test_prepare(void **state) {
  (void)state;
  enum { N = 6, S = 32, P = S * S };
  static struct world w;
  static float in[N * P * 7], again[N * P * 7], time[N * KZ_FEDR_TIME];
  struct kz__prepare p;
  struct kz_batch b;
  struct kz_err err = {0};
  struct kz_fedr_config config;
  const struct kz__recipe r = {.config = &config, .seed = 9, .index = 4,
                               .pure_noise_share = 1. / 3, .known_weight = .05,
                               .border_weight = .5};
  kz_fedr_config_defaults(&config);
  config.input = KZ_FEDR_NOISY; /* input and target by their plain definitions */
  assert_int_equal(next(&w, 4, N, S, &b, &err), 0);
  assert_int_equal(kz__prepare_init(&p, kz_backend_cpu(2), N, S, &err), 0);
  struct kz__inputs to = {.in = in, .time = time};
  double norm = kz__prepare_batch(&p, &b, &r, &to), sum = 0, eps2 = 0, holes = 0;
  assert_true(p.t[0] == 1 && p.t[1] == 1 && p.t[2] < 1 && p.t[5] < 1 && p.t[2] != p.t[3]);
  for (int k = 0; k < N * P; k++) {
    int i = k / P, x = k % S, y = k / S % S;
    bool hole = b.mask[k], near = false;
    for (int dy = -2; dy <= 2; dy++)
      for (int dx = -2; dx <= 2; dx++)
        if (x + dx >= 0 && x + dx < S && y + dy >= 0 && y + dy < S && !b.mask[k + dy * S + dx])
          near = true;
    assert_true(fabs(p.weight[k] - (hole ? near ? 1.5 : 1 : .05)) < 1e-6);
    sum += p.weight[k];
    assert_true(in[7 * k + 6] == (hole ? 1 : 0));
    double a = kz_schedule_alpha(p.t[i]), s = kz_schedule_sigma(p.t[i]);
    for (int c = 0; c < 3; c++) {
      double x0 = b.rgb[3 * k + c] / 127.5 - 1, xt = in[7 * k + c], coarse = in[7 * k + 3 + c];
      assert_true(fabs(p.target[3 * k + c] + coarse - x0) < 1e-5);
      if (!hole) assert_true(fabs(xt - x0) < 1e-6 && fabs(coarse - x0) < 1e-6);
      if (hole && s > .1) eps2 += pow((xt - a * x0) / s, 2), holes++;
    }
  }
  assert_true(fabs(norm / (3 * sum) - 1) < 1e-6);
  assert_true(fabs(eps2 / holes - 1) < .1); /* unit noise */
  float features[KZ_FEDR_TIME];
  kz_fedr_time_features(p.t[3], features);
  assert_memory_equal(features, time + 3 * KZ_FEDR_TIME, sizeof features);
  to.in = again;
  assert_true(kz__prepare_batch(&p, &b, &r, &to) == norm);
  assert_memory_equal(in, again, sizeof in);
  test_posterior(&p, &b, &r, &config, in);
  kz__prepare_release(&p);
}

int main(int argc, char **argv) {
  if (argc == 3 && !strcmp(argv[1], "--victim")) return victim(argv[2]);
  program = argv[0];
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_prepare),         cmocka_unit_test(test_learns),
      cmocka_unit_test(test_model_of_run),
      cmocka_unit_test(test_init),    cmocka_unit_test(test_stop_and_resume),
      cmocka_unit_test(test_guided), cmocka_unit_test(test_guides_added),
      cmocka_unit_test(test_relative_loss),
      cmocka_unit_test(test_muon),
      cmocka_unit_test(test_kill_and_resume), cmocka_unit_test(test_refusals),
  };
  return cmocka_run_group_tests(tests, setup, teardown);
}
