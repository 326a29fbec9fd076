/* Pictures done by workers, each a thread with a restorer of its own over one model, because one
 * picture does not keep two processors busy: decoding, coarse fills and encoding have one thread.
 * How many threads a picture gets follows from --jobs and --threads alone, never from how many
 * pictures are left, because the last bits of a fill depend on it: a batch that is resumed makes the
 * files of the unbroken one. */
#include "restore_list.h"

#include <math.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <kizil/image.h>
#include <kizil/model.h>

enum { MOST_JOBS = 256, DEFAULT_JOBS = 8, SHOWN = 3 };

struct crew;

struct worker {
  struct crew *crew;
  pthread_t thread;
  struct kz_restorer *restorer;
  struct kz_cli_picture *picture; /* being done; NULL: none */
  double share;                   /* of it that is done */
  double rate;                    /* megapixels a second of the network; dry run only */
};

struct crew {
  const struct kz_cli_batch *b;
  struct kz_model *model;
  struct kz_cli_pictures pictures;
  struct kz_restoration_options options; /* those of the batch, with a worker's threads */
  pthread_mutex_t mutex;                 /* guards what follows, and what is printed */
  int next;                              /* picture to look at */
  struct worker *workers;
  int count;                             /* workers */
  bool counted;                          /* `total` is known */
  double total, finished;                /* megapixels of pictures */
  double start;
  struct kz_cli_progress progress;
  struct kz_cli_tally tally;
  struct kz_err err;                     /* that no worker can go on from; code 0: none */
};

/* ---- how many at once ---- */

static int processors(void) {
  cpu_set_t set;
  int n = sched_getaffinity(0, sizeof set, &set) ? 1 : CPU_COUNT(&set);
  return n > 0 ? n : 1;
}

/* -1: it is no number of jobs. */
static int jobs_of(const char *text) {
  char *end;
  long n = strtol(text, &end, 10);
  return end == text || *end || n < 1 || n > MOST_JOBS ? -1 : (int)n;
}

static void share_out(struct crew *c) {
  int64_t *threads = &c->options.restore.threads;
  int all = *threads > 0 ? (int)*threads : processors();
  int jobs = c->b->jobs ? jobs_of(c->b->jobs) : all < DEFAULT_JOBS ? all : DEFAULT_JOBS;
  if (!c->b->list) jobs = 1;
  if (c->b->list) *threads = all / jobs > 1 ? all / jobs : 1;
  c->tally.jobs = jobs;
  c->tally.threads = (int)*threads;
}

/* ---- progress ---- */

/* How long what is left will take if it goes on as it went; "" while that is not known. */
static const char *time_left(const struct crew *c, char text[64]) {
  char duration[32];
  double done = c->finished, elapsed = kz_cli_now() - c->start;
  for (int i = 0; i < c->count; i++)
    if (c->workers[i].picture) done += c->workers[i].share * c->workers[i].picture->megapixels;
  text[0] = '\0';
  if (c->counted && done > 0 && elapsed > 1)
    snprintf(text, 64, ", %s left",
             kz_cli_duration(elapsed * fmax(0, c->total - done) / done, duration));
  return text;
}

/* "wall.tif 40 %, vault.tif 7 %, 2 more": what the workers are at, short enough for a line. */
static void name_work(const struct crew *c, char *text, size_t size) {
  int named = 0;
  size_t used = 0;
  text[0] = '\0';
  for (int i = 0; i < c->count && used < size; i++) {
    const struct kz_cli_picture *p = c->workers[i].picture;
    if (!p || named++ >= SHOWN) continue;
    const char *slash = strrchr(p->job.image, '/');
    used += (size_t)snprintf(text + used, size - used, "%s%s %d %%", used ? ", " : "",
                             slash ? slash + 1 : p->job.image, (int)(100 * c->workers[i].share));
  }
  if (named > SHOWN && used < size) snprintf(text + used, size - used, ", %d more", named - SHOWN);
}

static void show_progress(void *self, int done, int total) {
  struct worker *w = self;
  struct crew *c = w->crew;
  char left[64], now[200];
  pthread_mutex_lock(&c->mutex);
  w->share = (double)done / total;
  name_work(c, now, sizeof now);
  int settled = c->pictures.count - c->tally.count[KZ_CLI_WAITING];
  kz_cli_progress(&c->progress, "%d of %d: %s%s", settled, c->pictures.count, now,
                  time_left(c, left));
  pthread_mutex_unlock(&c->mutex);
}

static bool asked_to_stop(void *self) {
  (void)self;
  return kz_cli_interrupted();
}

/* Only a line that is on a terminal is in the way. */
static void make_way(struct crew *c) {
  if (c->progress.width) kz_cli_progress_end(&c->progress);
}

static double size_of(const char *image) {
  struct kz_image_info info;
  return image && !kz_image_probe(image, &info, NULL) ? 1e-6 * info.width * info.height : 0;
}

/* The sizes of all pictures, from their headers, while the workers work. */
static void count_ahead(struct crew *c) {
  for (int i = 0; i < c->pictures.count && !kz_cli_interrupted(); i++) {
    struct kz_cli_picture *p = &c->pictures.all[i];
    double size = size_of(p->job.image);
    pthread_mutex_lock(&c->mutex);
    if (p->standing == KZ_CLI_WAITING || p->standing == KZ_CLI_DONE) c->total += size;
    if (p->standing == KZ_CLI_DONE) c->finished += size;
    p->megapixels = size;
    pthread_mutex_unlock(&c->mutex);
  }
  pthread_mutex_lock(&c->mutex);
  c->counted = true;
  pthread_mutex_unlock(&c->mutex);
}

/* ---- one picture ---- */

static struct kz_restoration_options options_of(const struct crew *c,
                                                const struct kz_cli_picture *p) {
  struct kz_restoration_options o = c->options;
  if (p->lines) o.restore.lines = p->lines;
  if (p->text) o.restore.text = p->text;
  return o;
}

/* A picture takes its new standing; under the mutex. */
static void settle(struct crew *c, struct worker *w, enum kz_cli_standing standing) {
  struct kz_cli_picture *p = w->picture;
  p->standing = standing;
  c->tally.count[KZ_CLI_WAITING]--;
  c->tally.count[standing]++;
  if (standing == KZ_CLI_DONE)
    c->finished += p->megapixels;
  else
    c->total -= p->megapixels;
}

static void fail(struct crew *c, struct worker *w, const struct kz_err *err) {
  settle(c, w, KZ_CLI_FAILED);
  if (kz_cli_picture_fails(w->picture, err->msg, &c->err)) return;
  kz_cli_tell_undone(c->b, w->picture);
}

static void make(struct crew *c, struct worker *w) {
  const struct kz_restoration_options o = options_of(c, w->picture);
  const struct kz_restore_host host = {w, show_progress, asked_to_stop};
  struct kz_record record;
  struct kz_err err;
  int code = kz_restoration_make(w->restorer, &w->picture->job, &o, &host, &record, &err);
  pthread_mutex_lock(&c->mutex);
  make_way(c);
  if (!code) {
    settle(c, w, KZ_CLI_DONE);
    for (int64_t i = 0; i < record.region_count; i++)
      c->tally.unfilled += record.regions[i].outcome == KZ_RECORD_UNFILLED ||
                           record.regions[i].outcome == KZ_RECORD_CONJECTURE;
    c->tally.calls += record.figures.calls;
    kz_cli_tell_made(c->b, w->picture, &record);
  } else if (code != KZ_EINTR) {
    fail(c, w, &err);
  }
  w->picture = NULL;
  pthread_mutex_unlock(&c->mutex);
  if (!code) kz_record_release(&record);
}

static void foresee(struct crew *c, struct worker *w) {
  const struct kz_restoration_options o = options_of(c, w->picture);
  struct kz_restoration_forecast f;
  struct kz_err err;
  int code = kz_restoration_foresee(w->restorer, &w->picture->job, &o, &f, &err);
  pthread_mutex_lock(&c->mutex);
  if (!code) {
    settle(c, w, KZ_CLI_DONE);
    c->tally.unfilled += f.unfilled;
    c->tally.calls += f.calls;
    c->tally.megapixels += f.megapixels;
    kz_cli_tell_planned(c->b, w->picture, &f, f.megapixels / w->rate);
  } else {
    fail(c, w, &err);
  }
  w->picture = NULL;
  pthread_mutex_unlock(&c->mutex);
}

/* ---- workers ---- */

static bool take(struct crew *c, struct worker *w) {
  pthread_mutex_lock(&c->mutex);
  while (c->next < c->pictures.count && c->pictures.all[c->next].standing != KZ_CLI_WAITING)
    c->next++;
  if (c->next < c->pictures.count && !c->err.code && !kz_cli_interrupted()) {
    w->picture = &c->pictures.all[c->next++];
    w->share = 0;
  }
  pthread_mutex_unlock(&c->mutex);
  return w->picture != NULL;
}

static void *work(void *self) {
  struct worker *w = self;
  struct crew *c = w->crew;
  struct kz_err err;
  int code = kz_restorer_new(c->model, &w->restorer, &err);
  if (!code && c->b->dry_run)
    code = kz_restorer_rate(w->restorer, &c->options.restore, &w->rate, &err);
  pthread_mutex_lock(&c->mutex);
  c->tally.rate += w->rate;
  if (code) c->err = err;
  pthread_mutex_unlock(&c->mutex);
  while (take(c, w)) c->b->dry_run ? foresee(c, w) : make(c, w);
  kz_restorer_free(w->restorer);
  return NULL;
}

/* What is known of pictures before any is done. */
static void look_around(struct crew *c) {
  int renamed = 0;
  for (int i = 0; i < c->pictures.count; i++) {
    struct kz_cli_picture *p = &c->pictures.all[i];
    if (c->b->list) p->standing = kz_cli_standing_of(p, &c->options);
    c->tally.count[p->standing]++;
    if (p->standing != KZ_CLI_WAITING) kz_cli_tell_undone(c->b, p);
    const char *from = c->b->masks ? strrchr(p->job.image, '.') : NULL;
    renamed += from && strcmp(from, strrchr(p->job.out, '.'));
  }
  if (renamed)
    kz_cli_warn("%d picture%s in a format that changes pixels: the results are PNG, or TIFF for "
                "CMYK", renamed, renamed == 1 ? " is" : "s are");
}

static int run_workers(struct crew *c, struct kz_err *err) {
  int started = 0, wanted = c->tally.jobs, waiting = c->tally.count[KZ_CLI_WAITING];
  if (wanted > waiting) wanted = waiting;
  c->workers = calloc((size_t)wanted + 1, sizeof *c->workers);
  if (!c->workers) return kz_err_set(err, KZ_ENOMEM, "no memory for %d workers", wanted);
  pthread_mutex_lock(&c->mutex);
  for (; started < wanted; started++) {
    c->workers[started].crew = c;
    if (pthread_create(&c->workers[started].thread, NULL, work, &c->workers[started])) break;
  }
  c->count = started;
  pthread_mutex_unlock(&c->mutex);
  if (!c->b->dry_run) count_ahead(c);
  for (int i = 0; i < started; i++) pthread_join(c->workers[i].thread, NULL);
  if (wanted && !started)
    return kz_err_set(err, KZ_EIO, "the system gives no threads for --jobs %d", wanted);
  if (c->err.code) *err = c->err;
  return c->err.code;
}

/* ---- the batch ---- */

int kz_cli_batch_check(const struct kz_cli_batch *b) {
  const struct kz_restoration_job *j = &b->common;
  struct stat st;
  if (!b->list && b->masks)
    return kz_cli_usage("--masks goes with --batch FOLDER; one picture has --mask");
  if (!b->list && b->jobs) return kz_cli_usage("--jobs goes with --batch");
  if (!b->list) return -1;
  if (b->jobs && jobs_of(b->jobs) < 0)
    return kz_cli_usage("--jobs %s: give a number from 1 to %d", b->jobs, MOST_JOBS);
  if (!b->masks && !stat(b->list, &st) && S_ISDIR(st.st_mode))
    return kz_cli_usage("--batch %s: a folder of pictures needs --masks FOLDER and -o FOLDER",
                        b->list);
  if (b->masks && !b->out)
    return kz_cli_usage("--batch FOLDER --masks FOLDER needs a folder for the results, -o FOLDER");
  if (j->image || j->mask || j->record || (!b->masks && b->out))
    return kz_cli_usage("--batch takes images, masks, outputs and records from its list; leave "
                        "IMAGE, --mask, --output and --record out");
  if (j->layers || j->page || j->doubt || j->heat)
    return kz_cli_usage("--layers, --report, --doubt and --heat name one file; leave them out with "
                        "--batch ('kizil page' makes a page of many records)");
  return -1;
}

static int finish(struct crew *c) {
  c->tally.interrupted = kz_cli_interrupted() && c->tally.count[KZ_CLI_WAITING];
  c->tally.seconds = kz_cli_now() - c->start;
  if (c->b->dry_run) c->tally.seconds = c->tally.rate ? c->tally.megapixels / c->tally.rate : 0;
  kz_cli_progress_end(&c->progress);
  if (c->b->list || c->b->json) kz_cli_tell_summary(c->b, &c->pictures, &c->tally);
  if (c->tally.interrupted) return KZ_EXIT_INTERRUPTED;
  return c->tally.count[KZ_CLI_FAILED] ? KZ_EXIT_FAILURE : KZ_EXIT_OK;
}

int kz_cli_batch_run(const struct kz_cli_batch *b, struct kz_model *model) {
  struct crew c = {.b = b, .model = model, .options = *b->options, .start = kz_cli_now()};
  struct kz_err err;
  int status;
  pthread_mutex_init(&c.mutex, NULL);
  int code = kz_cli_pictures_load(&c.pictures, b, &err);
  if (!code) {
    share_out(&c);
    look_around(&c);
    code = run_workers(&c, &err);
  }
  status = code ? kz_cli_fail(&err) : finish(&c);
  free(c.workers);
  kz_cli_pictures_release(&c.pictures);
  pthread_mutex_destroy(&c.mutex);
  return status;
}
