/* How good is it now? Crops that training never sees, through the averaged weights, which
 * are copied into a parameter set of their own: the run's weights are not touched, so
 * that a validated run and an unvalidated one train the same bytes. */
#include <math.h>
#include <stdlib.h>

#include "diffusion/train.h"

/* Held-out noise must not be the training noise of the same index. */
#define JUDGE_SEED 0x6a756467656b7a6cull

void kz__judge_release(struct kz__judge *j) {
  kz__stage_release(&j->stage);
  kz_paramset_release(&j->params);
  free(j->x);
  free(j->x0);
  free(j->x0_prev);
  free(j->sheet);
  *j = (struct kz__judge){0};
}

static int init(struct kz__run *r, struct kz_err *err) {
  struct kz__judge *j = &r->judge;
  int size = (int)r->o->crop_large;
  size_t values = (size_t)KZ__JUDGE_CROPS * (size_t)size * (size_t)size * 3;
  kz_paramset_init(&j->params, r->backend);
  int code = kz__stage_init(&j->stage, &j->params, &r->config, r->dtype, false, KZ__JUDGE_CROPS,
                            size, err);
  if (code) goto out;
  j->x = malloc(values * sizeof(float));
  j->x0 = malloc(values * sizeof(float));
  j->x0_prev = malloc(values * sizeof(float));
  j->sheet = malloc(values * 4);
  if (!j->x || !j->x0 || !j->x0_prev || !j->sheet)
    code = kz_err_set(err, KZ_ENOMEM, "out of memory for validation");
out:
  if (code) kz__judge_release(j);
  return code;
}

/* Batch `index` of the held-out crops, at t = 1, ready to run. */
static int fetch(struct kz__run *r, int64_t index, struct kz_batch *b, struct kz_err *err) {
  struct kz__judge *j = &r->judge;
  int code = j->stage.graph ? 0 : init(r, err);
  if (code) return code;
  if (index == 0) { /* the first of a series: the average has moved on since the last one */
    memcpy(j->params.data, r->params.ema, (size_t)r->params.count * sizeof(float));
    j->params.version++;
  }
  const struct kz__recipe recipe = {.config = &r->config,
                                    .seed = (uint64_t)r->o->seed ^ JUDGE_SEED,
                                    .index = (uint64_t)index,
                                    .pure_noise_share = 1};
  code = r->host->held_out(r->host->self, index, KZ__JUDGE_CROPS, (int)r->o->crop_large, b, err);
  if (code) return code;
  const struct kz__inputs to = kz__stage_inputs(&j->stage);
  kz__prepare_batch(&j->stage.prepare, b, &recipe, &to);
  return 0;
}

/* x0, clamped. */
static int estimate(struct kz__run *r, float *x0, struct kz_err *err) {
  struct kz__stage *s = &r->judge.stage;
  int code = kz_graph_forward(s->graph, err);
  if (code) return code;
  int64_t pixels = (int64_t)KZ__JUDGE_CROPS * s->prepare.size * s->prepare.size;
  kz_fedr_estimate(pixels, kz_graph_data(s->graph, s->net.x),
                   kz_graph_data(s->graph, s->net.out), x0);
  for (int64_t k = 0; k < 3 * pixels; k++) x0[k] = fminf(fmaxf(x0[k], -1), 1);
  return 0;
}

/* PSNR over the hole of one crop; values in levels of 0 to 255. */
static double hole_psnr(int64_t pixels, const float *x0, const uint8_t *rgb, const uint8_t *mask) {
  double sum = 0;
  int64_t count = 0;
  for (int64_t p = 0; p < pixels; p++) {
    if (!mask[p]) continue;
    for (int c = 0; c < 3; c++) {
      double e = 127.5 * (x0[3 * p + c] + 1) - rgb[3 * p + c];
      sum += e * e;
    }
    count += 3;
  }
  return 10 * log10(255. * 255. * (double)count / fmax(sum, 1e-9));
}

int kz__judge_validate(struct kz__run *r, double *psnr, struct kz_err *err) {
  struct kz__judge *j = &r->judge;
  struct kz_batch b;
  double sum = 0;
  for (int index = 0; index < KZ__JUDGE_BATCHES; index++) {
    int code = fetch(r, index, &b, err);
    if (!code) code = estimate(r, j->x0, err);
    if (code) return code;
    int64_t pixels = (int64_t)b.size * b.size;
    for (int i = 0; i < KZ__JUDGE_CROPS; i++)
      sum += hole_psnr(pixels, j->x0 + 3 * pixels * i, b.rgb + 3 * pixels * i,
                       b.mask + pixels * i);
  }
  *psnr = sum / (KZ__JUDGE_BATCHES * KZ__JUDGE_CROPS);
  return 0;
}

/* Column `column` of row `row` of the sheet, from values in [-1, 1]; hole pixels of `blank` are
 * white. */
static void draw(struct kz__judge *j, int row, int column, int stride, const float *values,
                 const float *blank) {
  int size = j->stage.prepare.size;
  for (int y = 0; y < size; y++) {
    uint8_t *d = j->sheet + (((size_t)row * size + y) * 4 * size + (size_t)column * size) * 3;
    for (int x = 0; x < size; x++) {
      int64_t p = ((int64_t)row * size + y) * size + x;
      for (int c = 0; c < 3; c++) {
        float v = blank && blank[7 * p] > 0 ? 1 : values[stride * p + c];
        d[3 * x + c] = (uint8_t)lrintf(fminf(fmaxf(127.5f * (v + 1), 0), 255));
      }
    }
  }
}

/* Put x into the hole of the network's input, for time t. */
static void set_input(struct kz__run *r, double t) {
  struct kz__judge *j = &r->judge;
  float *in = kz_graph_data(j->stage.graph, j->stage.net.x);
  float *time = kz_graph_data(j->stage.graph, j->stage.net.time);
  int64_t pixels = (int64_t)KZ__JUDGE_CROPS * j->stage.prepare.size * j->stage.prepare.size;
  for (int64_t p = 0; p < pixels; p++)
    for (int c = 0; in[7 * p + 6] > 0 && c < 3; c++) in[7 * p + c] = j->x[3 * p + c];
  kz_fedr_precondition(&r->config, (float)t, pixels, in);
  for (int i = 0; i < KZ__JUDGE_CROPS; i++)
    kz_fedr_time_features((float)t, time + (size_t)i * KZ_FEDR_TIME);
}

static int sample(struct kz__run *r, struct kz_err *err) {
  struct kz__judge *j = &r->judge;
  const struct kz_sampler *sampler = kz_samplers[0];
  int64_t values = 3ll * KZ__JUDGE_CROPS * j->stage.prepare.size * j->stage.prepare.size;
  memcpy(j->x, j->stage.prepare.noise, (size_t)values * sizeof(float));
  for (int i = 0; i < KZ__PREVIEW_CALLS; i++) {
    set_input(r, kz_sampler_time(i, KZ__PREVIEW_CALLS));
    int code = estimate(r, j->x0, err);
    if (code) return code;
    sampler->step(i, KZ__PREVIEW_CALLS, values, j->x, j->x0, i ? j->x0_prev : NULL);
    float *swap = j->x0;
    j->x0 = j->x0_prev;
    j->x0_prev = swap;
  }
  return 0;
}

int kz__judge_preview(struct kz__run *r, struct kz_err *err) {
  struct kz__judge *j = &r->judge;
  struct kz_batch b;
  int code = fetch(r, 0, &b, err);
  if (!code) code = sample(r, err);
  if (code) return code;
  const float *in = kz_graph_data(j->stage.graph, j->stage.net.x);
  int64_t values = 3ll * b.count * b.size * b.size;
  for (int64_t p = 0; p < values / 3; p++) /* known pixels as they are */
    for (int c = 0; !(in[7 * p + 6] > 0) && c < 3; c++) j->x[3 * p + c] = in[7 * p + 3 + c];
  for (int64_t k = 0; k < values; k++) j->x0[k] = (float)b.rgb[k] / 127.5f - 1;
  for (int row = 0; row < KZ__JUDGE_CROPS; row++) {
    draw(j, row, 0, 7, in + 3, in + 6);
    draw(j, row, 1, 7, in + 3, NULL);
    draw(j, row, 2, 3, j->x, NULL);
    draw(j, row, 3, 3, j->x0, NULL);
  }
  r->host->preview(r->host->self, r->step, 4 * b.size, KZ__JUDGE_CROPS * b.size, j->sheet);
  return 0;
}
