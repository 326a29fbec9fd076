/* kizil train: a folder of pictures, a catalogue or a list in, a trained network out.
 *
 * Wires two streams of crops (training, held out) into the training loop, which knows nothing of
 * pictures. A setting comes from its default, then the configuration file, then the command line;
 * the line is therefore parsed twice: once to find the file, once more over what the file said. A
 * resumed run takes the settings it was started with, which lie beside its checkpoint: config.json
 * (written by the training loop) and data.json (written here), and refuses others, because the
 * steps it has done would not be those of the run it would then claim to be. */
#include <errno.h>
#include <limits.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <kizil/data.h>
#include <kizil/diffusion.h>
#include <kizil/image.h>

#include "cli.h"
#include "train_log.h"

enum { MAX_PARAMS = 96, SKIPPED_SHOWN = 5 };

struct data_options {
  const char *images, *manifest;
  int64_t short_side, cache, data_threads;
  double held_out;
};

/* One struct and one table for all of it, so that one configuration file may hold all of it. */
struct settings {
  struct kz_train_options train;
  struct data_options data;
};

#define AT(field) offsetof(struct data_options, field)
static const struct kz_param data_params[] = {
    {.name = "images", .type = KZ_PARAM_STRING, .offset = AT(images),
     .help = "pictures to learn from: a folder with its subfolders, a catalogue of kizil dataset "
             "that is split, or a list it exported"},
    {.name = "manifest", .type = KZ_PARAM_STRING, .offset = AT(manifest),
     .help = "CSV list of what is known of them (file, subject, kind, period, site, caption), for "
             "captions"},
    {.name = "short-side", .type = KZ_PARAM_INT, .offset = AT(short_side), .def = 440, .min = 64,
     .max = 4096, .unit = "px", .help = "reduce pictures with a longer short side to this"},
    {.name = "held-out", .type = KZ_PARAM_FLOAT, .offset = AT(held_out), .def = 0.05, .min = 0,
     .max = 0.9, .help = "share of a folder's pictures kept for validation, chosen by name; a "
                          "catalogue's split says it itself, 0: no validation"},
    {.name = "cache", .type = KZ_PARAM_INT, .offset = AT(cache), .def = 2048, .min = 0,
     .max = 1 << 20, .unit = "MiB", .help = "decoded pictures kept in memory"},
    {.name = "data-threads", .type = KZ_PARAM_INT, .offset = AT(data_threads), .def = 1, .min = 1,
     .max = 64, .help = "threads that decode and cut in the background"},
    {0}};

/* What may differ from the run that is resumed: nothing that shows in its numbers up to here. Of
 * `perceptual` the place of the file, but not whether there is one. */
static const char *const resumable[] = {
    "minutes", "steps", "checkpoint-minutes", "preview-minutes", "threads", "images",
    "cache",   "data-threads", "perceptual",  "init", "manifest", NULL};

struct train {
  const char *out, *config;
  bool resume;
  struct settings settings, saved; /* `saved`: of the run that is resumed, without strings */
  bool saved_perceptual;           /* which had a file for that */
  struct kz_param table[MAX_PARAMS]; /* data_params, then kz_train_params */
  struct kz_stream *stream, *held_out;
  struct kz_manifest *manifest;
  struct kz_train_log log;
  bool started;
  int64_t last_step;
  double hole_psnr; /* 0: none yet */
  struct kz_cli_progress progress;
};

/* ---- settings ---- */

static void join_tables(struct kz_param *table) {
  int n = 0;
  for (const struct kz_param *p = data_params; p->name && n < MAX_PARAMS - 1; p++) {
    table[n] = *p;
    table[n++].offset += offsetof(struct settings, data);
  }
  for (const struct kz_param *p = kz_train_params; p->name && n < MAX_PARAMS - 1; p++) {
    table[n] = *p;
    table[n++].offset += offsetof(struct settings, train);
  }
  table[n] = (struct kz_param){0};
}

static int load_run(const char *out, struct settings *s, struct kz_err *err) {
  char path[PATH_MAX];
  snprintf(path, sizeof path, "%s/config.json", out);
  int code = kz_params_load(kz_train_params, &s->train, path, err);
  if (code == KZ_ENOENT)
    return kz_err_set(err, code, "there is no run to resume in '%s': config.json is missing", out);
  if (code) return code;
  snprintf(path, sizeof path, "%s/data.json", out);
  return kz_params_load(data_params, &s->data, path, err);
}

static bool same_value(const struct kz_param *p, const void *a, const void *b) {
  const char *x = (const char *)a + p->offset, *y = (const char *)b + p->offset;
  if (p->type == KZ_PARAM_INT) return *(const int64_t *)x == *(const int64_t *)y;
  if (p->type == KZ_PARAM_FLOAT) return *(const double *)x == *(const double *)y;
  if (p->type == KZ_PARAM_BOOL) return *(const bool *)x == *(const bool *)y;
  if (p->type == KZ_PARAM_CHOICE) return *(const int *)x == *(const int *)y;
  const char *s = *(const char *const *)x, *t = *(const char *const *)y;
  return s == t || (s && t && !strcmp(s, t));
}

static bool given(const char *text) { return text && *text; }

/* 0, or the exit status after saying which setting may not change. */
static int check_resumable(const struct train *t) {
  if (given(t->settings.train.perceptual) != t->saved_perceptual)
    return kz_cli_usage("--perceptual: a run that is resumed keeps its losses; the file may only "
                        "have moved");
  for (const struct kz_param *p = t->table; p->name; p++) {
    bool may_change = false;
    for (int i = 0; resumable[i]; i++) may_change |= !strcmp(resumable[i], p->name);
    if (!may_change && !same_value(p, &t->settings, &t->saved))
      return kz_cli_usage("--%s cannot be changed when a run is resumed; minutes, steps, "
                          "checkpoint-minutes, preview-minutes, threads, images, cache, "
                          "data-threads, perceptual, init and manifest can", p->name);
  }
  return 0;
}

/* The second pass of the command line, over the file's settings. -1 to go on, or exit status. */
static int apply_files(struct train *t, struct kz_cli_parser *parser, int argc, char **argv) {
  struct kz_err err;
  if (!t->config && !t->resume) return -1;
  if (t->config && t->resume)
    return kz_cli_usage("--resume takes the settings of the run; --config does not go with it");
  kz_cli_release(parser);
  kz_params_defaults(t->table, &t->settings);
  int code = t->resume ? load_run(t->out, &t->settings, &err)
                       : kz_params_load(t->table, &t->settings, t->config, &err);
  if (code) return kz_cli_fail(&err);
  memcpy(&t->saved, &t->settings, sizeof t->saved);
  t->saved.data.images = t->saved.data.manifest = NULL;
  t->saved.train.perceptual = t->saved.train.init = NULL;
  t->saved_perceptual = given(t->settings.train.perceptual);
  parser->keep = true;
  int status = kz_cli_parse(parser, argc, argv);
  if (status < 0 && t->resume && check_resumable(t)) status = KZ_EXIT_USAGE;
  return status;
}

/* The settings of a run name folders and files in full: it may be resumed from elsewhere. */
static int make_full(struct train *t, const char *name, const char *path, struct kz_err *err) {
  char *full = given(path) ? realpath(path, NULL) : NULL;
  int code = full ? kz_params_set(t->table, &t->settings, name, full, err) : 0;
  free(full);
  return code;
}

static int save_data_settings(struct train *t, struct kz_err *err) {
  char path[PATH_MAX], *json = NULL;
  int code = make_full(t, "images", t->settings.data.images, err);
  if (!code) code = make_full(t, "manifest", t->settings.data.manifest, err);
  if (!code) {
    json = kz_params_to_json(data_params, &t->settings.data);
    if (!json) code = kz_err_set(err, KZ_ENOMEM, "no memory for the settings");
  }
  snprintf(path, sizeof path, "%s/data.json", t->out);
  if (!code) code = kz_text_write(path, json, strlen(json), err);
  free(json);
  return code;
}

/* ---- what the training loop asks for ---- */

/* The run's folder holds a digest of its pictures: one that goes on knows whether they changed. */
static void pictures_path(const struct train *t, char path[PATH_MAX]) {
  snprintf(path, PATH_MAX, "%s/pictures.txt", t->out);
}

static void compare_pictures(const struct train *t) {
  char path[PATH_MAX], then[65] = "", *text = NULL;
  struct kz_err none;
  int count = 0, now;
  pictures_path(t, path);
  if (!t->resume || kz_text_read(path, &text, &none)) return; /* runs of old have none */
  kz_stream_images(t->stream, &now);
  if (sscanf(text, "%d pictures, %64[0-9a-f]", &count, then) == 2 &&
      strcmp(then, kz_stream_identity(t->stream)))
    kz_cli_warn("the pictures are not those the run has had so far (%d then, %d now, or others, or "
                "otherwise cleaned): it goes on with these, as no unbroken run would", count, now);
  free(text);
}

static int save_pictures(const struct train *t, struct kz_err *err) {
  char path[PATH_MAX], text[128];
  int count;
  kz_stream_images(t->stream, &count);
  int length = snprintf(text, sizeof text, "%d pictures, %s\n", count,
                        kz_stream_identity(t->stream));
  pictures_path(t, path);
  return kz_text_write(path, text, (size_t)length, err);
}

/* The first request tells which step a resumed run goes on from, and that the folder is there. */
static int start_log(struct train *t, int64_t index, struct kz_err *err) {
  int64_t accumulate = t->settings.train.accumulate > 0 ? t->settings.train.accumulate : 1;
  t->started = true;
  t->last_step = index / accumulate;
  int code = save_data_settings(t, err);
  if (!code) code = save_pictures(t, err);
  return code ? code : kz_train_log_open(&t->log, t->out, t->resume, t->last_step, err);
}

static int next(void *self, int64_t index, int count, int size, struct kz_batch *batch,
                struct kz_err *err) {
  struct train *t = self;
  int code = t->started ? 0 : start_log(t, index, err);
  return code ? code : kz_stream_next(t->stream, index, count, size, batch, err);
}

static int next_held_out(void *self, int64_t index, int count, int size, struct kz_batch *batch,
                         struct kz_err *err) {
  struct train *t = self;
  return kz_stream_next(t->held_out, index, count, size, batch, err);
}

static double waited(void *self) { return kz_stream_waited(((struct train *)self)->stream); }

static void report(void *self, const struct kz_train_progress *p) {
  struct train *t = self;
  char left[32] = "?", held_out[48] = "", perceptual[48] = "";
  t->last_step = p->step;
  if (t->log.metrics) kz_train_log_report(&t->log, p);
  if (p->remaining >= 0) kz_cli_duration(p->remaining, left);
  if (t->hole_psnr > 0)
    snprintf(held_out, sizeof held_out, ", held out %.2f dB", t->hole_psnr);
  if (p->perceptual >= 0)
    snprintf(perceptual, sizeof perceptual, ", perceptual %.4f", p->perceptual);
  kz_cli_progress(&t->progress,
                  "step %lld, loss %.4f%s%s, rate %.2e, %d x %d px, %.2f Mpx/s (%.1f crops of "
                  "256/s), %s left, waited %.1f s",
                  (long long)p->step, p->loss, perceptual, held_out, p->rate, p->batch, p->crop,
                  p->pixels_per_second / 1e6, p->pixels_per_second / 65536, left, p->waited);
}

static void validated(void *self, int64_t step, double hole_psnr) {
  struct train *t = self;
  t->hole_psnr = hole_psnr;
  t->last_step = step;
  if (t->log.metrics) kz_train_log_validated(&t->log, step, hole_psnr);
}

static void preview(void *self, int64_t step, int width, int height, const uint8_t *rgb) {
  struct train *t = self;
  kz_train_log_preview(&t->log, step, width, height, rgb);
}

static bool stop(void *self) {
  (void)self;
  return kz_cli_interrupted();
}

/* ---- the command ---- */

static void say_skipped(const char *skipped) {
  int shown = 0, all = 0;
  for (const char *line = skipped, *end; (end = strchr(line, '\n')); line = end + 1, all++)
    if (shown < SKIPPED_SHOWN) {
      kz_cli_warn("skipped %.*s", (int)(end - line), line);
      shown++;
    }
  if (all > shown) kz_cli_warn("skipped %d more", all - shown);
}

static void say_told(const struct kz_stream *s) {
  if (s && *kz_stream_told(s)) fprintf(stderr, "%s\n", kz_stream_told(s));
}

static int open_streams(struct train *t, struct kz_err *err) {
  const struct data_options *d = &t->settings.data;
  struct kz_stream_options o;
  struct kz_err why;
  int held_out = 0, code = 0;
  kz_stream_options_defaults(&o);
  o.guides = t->settings.train.structure[0] > 0 || t->settings.train.text > 0;
  if (o.guides && given(d->manifest) && (code = kz_manifest_load(d->manifest, &t->manifest, err)))
    return code;
  o.manifest = t->manifest;
  o.images = d->images;
  o.short_side = (int)d->short_side;
  o.held_out = d->held_out;
  o.threads = (int)d->data_threads;
  o.cache_bytes = d->cache << 20;
  o.seed = (uint64_t)t->settings.train.seed;
  code = kz_stream_open(&o, &t->stream, err);
  if (code) return code;
  int usable = kz_stream_images(t->stream, NULL);
  say_skipped(kz_stream_skipped(t->stream));
  o.held_out_only = 1;
  o.threads = 1;
  o.seed = 0; /* the same crops for every run */
  code = d->held_out > 0 ? kz_stream_open(&o, &t->held_out, &why) : 0;
  if (code && code != KZ_ENOENT) return kz_err_set(err, code, "%s", why.msg);
  if (code) kz_cli_warn("no validation: %s", why.msg);
  if (t->held_out) held_out = kz_stream_images(t->held_out, NULL);
  say_told(t->stream);
  say_told(t->held_out);
  compare_pictures(t);
  fprintf(stderr, "%d images to train on, %d held out\n", usable, held_out);
  return 0;
}

static int finish(struct train *t, int code, const struct kz_err *err) {
  char took[32];
  kz_cli_progress_end(&t->progress);
  if (t->started) say_skipped(kz_stream_skipped(t->stream));
  if (code == KZ_EINTR) {
    fprintf(stderr, "stopped, checkpoint written; go on with: kizil train --resume --out '%s'\n",
            t->out);
    return KZ_EXIT_INTERRUPTED;
  }
  if (code) return kz_cli_fail(err);
  fprintf(stderr, "trained %lld steps in %s: %s/model.safetensors\n", (long long)t->last_step,
          kz_cli_duration(t->log.seconds, took), t->out);
  return KZ_EXIT_OK;
}

static int train(struct train *t) {
  struct kz_err err;
  struct kz_train_host host = {t, next, NULL, waited, report, validated, preview, stop};
  int code = make_full(t, "perceptual", t->settings.train.perceptual, &err);
  if (!code) code = kz_image_startup("kizil", 1, &err);
  if (!code) code = open_streams(t, &err);
  if (code) return kz_cli_fail(&err);
  if (t->held_out) host.held_out = next_held_out;
  kz_cli_catch_interrupts();
  code = kz_train(&t->settings.train, &host, t->out, t->resume, &err);
  int status = finish(t, code, &err);
  kz_train_log_close(&t->log);
  return status;
}

static int run(int argc, char **argv) {
  struct train *t = calloc(1, sizeof *t);
  if (!t) return KZ_EXIT_FAILURE;
  join_tables(t->table);
  const struct kz_cli_option options[] = {
      {.name = "out", .letter = 'o', .value = "DIR", .text = &t->out, .required = true,
       .help = "folder of the run: checkpoint, model, metrics, previews"},
      {.name = "config", .value = "FILE", .text = &t->config,
       .help = "JSON file of settings; the command line goes over it"},
      {.name = "resume", .flag = &t->resume, .help = "go on with the run in --out"},
      {0}};
  struct kz_cli_parser parser = {
      .command = &kz_cmd_train, .options = options, .tables = {{t->table, &t->settings}},
      .notes = "  kizil train --images photos --out run --minutes 60\n"
               "  kizil train --images murals.db --out run --minutes 60\n"
               "  kizil train --resume --out run --minutes 120\n\n"
               "Ctrl-C stops after the step at hand and leaves a checkpoint."};
  int status = kz_cli_parse(&parser, argc, argv);
  if (status < 0) status = apply_files(t, &parser, argc, argv);
  if (status < 0 && !t->settings.data.images) {
    status = kz_cli_usage("--images is missing: a folder of pictures to learn from, a catalogue or "
                          "a list");
  } else if (status < 0) {
    status = train(t);
  }
  kz_stream_close(t->held_out);
  kz_stream_close(t->stream);
  kz_manifest_free(t->manifest);
  kz_cli_release(&parser);
  free(t);
  return status;
}

const struct kz_command kz_cmd_train = {
    "train", "train a network on a folder of pictures or a catalogue", run};
