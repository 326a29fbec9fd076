/* The training loop.
 *
 * A step is a function of (options, step, weights): batch, noise, rate and stage follow from the
 * number of the step, so a run that is killed and resumed from its last checkpoint gives, bit
 * for bit and at the same thread count, what the unbroken run gives. That holds for a run
 * whose length is set in steps; one set in minutes reads the clock for its rate and its
 * stage, resumes where the clock stood, and is as good but not the same. */
#include <math.h>

#include "base/file.h"
#include "diffusion/train.h"

#define REPORT_EVERY 20

double kz__run_seconds(const struct kz__run *r) { return r->seconds + kz_now() - r->started; }

/* How much of the run is done, 0 to 1; without a limit it never ends. */
static double fraction(const struct kz__run *r) {
  double f = 0;
  if (r->o->steps > 0) f = (double)r->step / (double)r->o->steps;
  if (r->o->minutes > 0) f = fmax(f, kz__run_seconds(r) / (60 * r->o->minutes));
  return fmin(f, 1);
}

static int check_options(const struct kz_train_options *o, struct kz_err *err) {
  const int64_t crops[2] = {o->crop_small, o->crop_large};
  for (int i = 0; i < 4; i++)
    if (o->width[i] < 16 || o->width[i] > 1024 || o->width[i] % 16)
      return kz_err_set(err, KZ_ERANGE, "width-%d: %lld is not a multiple of 16 from 16 to 1024",
                        i + 1, (long long)o->width[i]);
  for (int i = 0; i < 2; i++)
    if (crops[i] < 32 || crops[i] > 1024 || crops[i] % KZ_FEDR_MULTIPLE)
      return kz_err_set(err, KZ_ERANGE, "%s: %lld is not a multiple of %d from 32 to 1024",
                        i ? "crop-large" : "crop-small", (long long)crops[i], KZ_FEDR_MULTIPLE);
  if (o->batch_small < 1 || o->batch_large < 1 || o->accumulate < 1)
    return kz_err_set(err, KZ_ERANGE, "batch-small, batch-large and accumulate: at least 1");
  if (!kz__perceptual_wanted(o, 1)) return 0;
  int code = kz_perceptual_check(o->perceptual, err);
  if (code) kz_err_prefix(err, "perceptual");
  return code;
}

static int enter_stage(struct kz__run *r, int number, struct kz_err *err) {
  if (r->stage_number == number) return 0;
  bool small = number == 1;
  kz__stage_release(&r->stage); /* before the next is made: only one fits a small machine */
  r->stage_number = 0;
  int code = kz__stage_init(&r->stage, &r->params, &r->config, r->dtype, true,
                            (int)(small ? r->o->batch_small : r->o->batch_large),
                            (int)(small ? r->o->crop_small : r->o->crop_large), err);
  if (!code) r->stage_number = number;
  return code;
}

/* Losses (the perceptual one if it is in use) and gradient of batch `index`, added to what is
 * there. */
static int gradient(struct kz__run *r, int64_t index, double *loss, double *perceptual,
                    struct kz_err *err) {
  struct kz__stage *s = &r->stage;
  struct kz__prepare *p = &s->prepare;
  const struct kz_train_options *o = r->o;
  const struct kz__recipe recipe = {.config = &r->config,
                                    .seed = (uint64_t)o->seed,
                                    .index = (uint64_t)index,
                                    .pure_noise_share = o->pure_noise_share,
                                    .known_weight = o->known_weight,
                                    .border_weight = o->border_weight,
                                    .balance = o->balance,
                                    .structure_drop = o->structure_drop,
                                    .text_drop = o->text_drop};
  struct kz_batch b;
  int code = r->host->next(r->host->self, index, p->n, p->size, &b, err);
  if (code) return code;
  const struct kz__inputs to = kz__stage_inputs(s);
  double norm = kz__prepare_batch(p, &b, &recipe, &to);
  if ((code = kz_graph_forward(s->graph, err)) != 0) return code;
  *loss += kz__pixel_gradient(r, kz__prepare_pure(&recipe, p->n), norm);
  if (s->perceptual.net)
    code = kz__perceptual_gradient(s, &b, o->perceptual_weight, perceptual, err);
  if (code) return code;
  return kz_graph_backward(s->graph, err);
}

static int train_step(struct kz__run *r, double done, struct kz_err *err) {
  double start = kz_now(), loss = 0, perceptual = 0, batches = (double)r->o->accumulate;
  int code = enter_stage(r, done < r->o->small_share ? 1 : 2, err);
  if (!code && kz__perceptual_wanted(r->o, done)) code = kz__perceptual_init(r, err);
  for (int64_t k = 0; k < r->o->accumulate && !code; k++)
    code = gradient(r, r->step * r->o->accumulate + k, &loss, &perceptual, err);
  if (!code) code = kz__update(r, done, err);
  if (code) return code;
  r->step++;
  r->steps_since++;
  r->loss_sum += loss / batches;
  r->perceptual_sum += perceptual / batches;
  r->perceptual_since += r->stage.perceptual.net != NULL;
  r->pixels += batches * r->stage.prepare.n * r->stage.prepare.size * r->stage.prepare.size;
  r->busy += kz_now() - start;
  return 0;
}

/* Seconds left, by whichever limit comes first. */
static double remaining(const struct kz__run *r, double seconds) {
  double left = -1;
  if (r->o->minutes > 0) left = fmax(0, 60 * r->o->minutes - seconds);
  if (r->o->steps > 0 && r->steps_since > 0) {
    double by_steps = (double)(r->o->steps - r->step) * r->busy / (double)r->steps_since;
    left = left < 0 ? by_steps : fmin(left, by_steps);
  }
  return left;
}

static void report(struct kz__run *r, double done) {
  if (!r->steps_since) return;
  double seconds = kz__run_seconds(r), n = (double)r->steps_since;
  const struct kz_train_progress p = {
      .step = r->step,
      .loss = r->loss_sum / n,
      .perceptual =
          r->perceptual_since ? r->perceptual_sum / (double)r->perceptual_since : -1,
      .rate = kz__update_rate(r->o, r->step - 1, done),
      .gradient_norm = r->norm_sum / n,
      .seconds = seconds,
      .remaining = remaining(r, seconds),
      .pixels_per_second = r->pixels / fmax(r->busy, 1e-9),
      .waited = r->host->waited ? r->host->waited(r->host->self) : 0,
      .crop = r->stage.prepare.size,
      .batch = r->stage.prepare.n};
  if (r->host->report) r->host->report(r->host->self, &p);
  r->loss_sum = r->perceptual_sum = r->norm_sum = r->busy = r->pixels = 0;
  r->steps_since = r->perceptual_since = 0;
}

/* True once every `minutes`, counting from *last. */
static bool due(double minutes, double *last) {
  double now = kz_now();
  if (minutes <= 0 || now - *last < 60 * minutes) return false;
  *last = now;
  return true;
}

static int loop(struct kz__run *r, struct kz_err *err) {
  double saved = kz_now(), previewed = saved, done;
  bool preview = kz__has_judge(r) && r->host->preview;
  int code = 0;
  while (!code && (done = fraction(r)) < 1) {
    if ((code = train_step(r, done, err)) != 0) break;
    if (r->step % REPORT_EVERY == 0) report(r, done);
    if (r->host->stop && r->host->stop(r->host->self)) {
      report(r, done);
      code = kz__state_save(r, false, err);
      if (!code)
        code = kz_err_set(err, KZ_EINTR, "stopped at step %lld; resume to go on from %s",
                          (long long)r->step, r->out);
      return code;
    }
    if (due(r->o->checkpoint_minutes, &saved)) code = kz__state_save(r, true, err);
    if (!code && preview && due(r->o->preview_minutes, &previewed))
      code = kz__judge_preview(r, err);
  }
  if (code) return code;
  report(r, 1);
  code = kz__state_save(r, true, err);
  if (!code && preview && r->o->preview_minutes > 0) code = kz__judge_preview(r, err);
  return code;
}

/* Build the network, then fill it: from the last checkpoint, from a model, or at random. */
static int start(struct kz__run *r, bool resume, struct kz_err *err) {
  struct kz_rng rng;
  /* Any stage declares all parameters; the first one is most likely the one that is needed. */
  int code = enter_stage(r, r->o->small_share > 0 ? 1 : 2, err);
  if (code) return code;
  if (resume) return kz__state_load(r, err);
  kz_rng_init_stream(&rng, (uint64_t)r->o->seed, UINT64_MAX);
  kz_paramset_randomise(&r->params, &rng); /* what the model to begin from lacks stays so */
  return r->o->init && *r->o->init ? kz__state_init(r, err) : 0;
}

static void set_network(struct kz_fedr_config *c, const struct kz_train_options *o) {
  kz_fedr_config_defaults(c);
  for (int i = 0; i < 4; i++) {
    c->width[i] = (int)o->width[i];
    c->structure[i] = o->structure[0] ? (int)o->structure[i] : 0;
  }
  c->text = (int)o->text;
  c->text_layers = (int)o->text_layers;
  c->detail = (int)o->detail;
}

int kz_train(const struct kz_train_options *o, const struct kz_train_host *host, const char *out,
             bool resume, struct kz_err *err) {
  struct kz__run r = {.o = o, .host = host, .out = out, .best = -1, .started = kz_now()};
  bool bf16 = o->precision == KZ_PRECISION_AUTO ? kz_cpu_has_bf16()
                                                : o->precision == KZ_PRECISION_BF16;
  int code = check_options(o, err);
  if (code) return code;
  r.backend = kz_backend_cpu((int)o->threads);
  r.dtype = bf16 ? KZ_BF16 : KZ_F32;
  set_network(&r.config, o);
  if ((code = kz_fedr_config_check(&r.config, "network", err)) != 0) return code;
  kz_paramset_init(&r.params, r.backend);
  if (!resume && (code = kz__state_refuse(&r, err)) != 0) goto out;
  if ((code = start(&r, resume, err)) != 0) goto out;
  if (o->optimiser == KZ_OPTIMISER_MUON &&
      (code = kz_muon_new(&r.params, r.dtype, &r.muon, err)) != 0)
    goto out;
  if ((code = kz_mkdirs(out, err)) != 0) goto out;
  if ((code = kz__state_write_config(&r, err)) != 0) goto out;
  r.started = kz_now();
  code = loop(&r, err);
out:
  kz__stage_release(&r.stage);
  kz__judge_release(&r.judge);
  kz_muon_free(r.muon);
  kz_paramset_release(&r.params);
  return code;
}
