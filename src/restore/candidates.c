/* One restoration or several. All fills are made before any file is written: which regions are
 * filled follows from where the fills disagree. */
#include "restore/candidates.h"

#include <math.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "restore/candidates_files.h"
#include "restore/doubt.h"
#include "restore/task.h"

#define SEED_TOP ((int64_t)1 << 53)

/* Limits, beside what held-out photographs of 256 px show with 20 and 40 % damage and the default
 * model (177 and 33 regions): known around 0.5 or more for 19 of 20 (least 0.29) and 0.43 (least
 * 0.16), disagreement at most 9.6, its rank correlation with true error by region 0.83 and 0.66. */
#define FIELD(f) offsetof(struct kz_candidates_options, f)
const struct kz_param kz_candidates_params[] = {
    {"candidates", KZ_PARAM_INT, FIELD(count), 0, 0, KZ_CANDIDATES_MOST, NULL, NULL, "",
     "restorations that differ by their seed, 2 or more; 0: one"},
    {"ring", KZ_PARAM_INT, FIELD(ring), 16, 1, 256, NULL, NULL, "px",
     "how far around a region known pixels are counted"},
    {"least-known", KZ_PARAM_FLOAT, FIELD(least_known), 0.1, 0, 1, NULL, NULL, "",
     "share of the ring; a region with less is conjecture"},
    {"most-distance", KZ_PARAM_FLOAT, FIELD(most_distance), 128, 0, 100000, NULL, NULL, "px",
     "from the inmost pixel to a known one; more is conjecture; 0: no limit"},
    {"most-doubt", KZ_PARAM_FLOAT, FIELD(most_doubt), 12, 0, 200, NULL, NULL, "delta E",
     "mean disagreement of a region; more is conjecture; 0: no limit"},
    {"allow-conjecture", KZ_PARAM_BOOL, FIELD(allow_conjecture), 0, 0, 1, NULL, NULL, "",
     "fill regions that are conjecture, too"},
    {0}};

/* The work on one image. */
struct work {
  const struct kz_candidates_job *job;
  const struct kz_candidates_options *o;
  const struct kz_restore_host *host;
  int count; /* restorations, 1 at least */
  struct kz__task task;
  struct kz__fills fills;
  struct kz__regions regions;
  struct kz__outputs outputs;
  float *doubt;            /* NULL for one restoration */
  struct kz__holes filled; /* the damage of the regions that are filled */
  int turn;                /* candidate being made, from 0 */
};

void kz_candidates_release(struct kz_candidates *c) {
  for (int k = 0; k < c->count; k++) free(c->list[k].path);
  free(c->list);
  free(c->regions);
  free(c->region_of);
  *c = (struct kz_candidates){0};
}

const char *kz_conjecture_name(int i) {
  static const char *const names[] = {"few known pixels around", "far from known pixels",
                                      "candidates disagree"};
  return i >= 0 && i < (int)(sizeof names / sizeof *names) ? names[i] : NULL;
}

int64_t kz_candidate_seed(int64_t seed, int k) {
  const int64_t next = seed + k - 1;
  return next > SEED_TOP ? next - SEED_TOP - 1 : next;
}

char *kz_candidate_path(const char *out, int k) {
  const char *name = strrchr(out, '/'), *dot = strrchr(name ? name : out, '.');
  const size_t head = dot ? (size_t)(dot - out) : strlen(out), size = strlen(out) + 16;
  char *path = malloc(size);
  if (path) snprintf(path, size, "%.*s-%d%s", (int)head, out, k, out + head);
  return path;
}

/* ---- checks ---- */

int kz__candidates_check(const struct kz_candidates_job *job,
                         const struct kz_candidates_options *o, struct kz_err *err) {
  if (o->count < 0 || o->count > KZ_CANDIDATES_MOST)
    return kz_err_set(err, KZ_ERANGE, "%lld candidates: give 2 to %d", (long long)o->count,
                      KZ_CANDIDATES_MOST);
  if (o->count < 2 && (job->doubt || job->heat))
    return kz_err_set(err, KZ_ERANGE, "%s: one restoration has nothing to disagree with; ask for "
                      "2 candidates or more", job->doubt ? job->doubt : job->heat);
  if (o->ring < 1 || o->ring > 256)
    return kz_err_set(err, KZ_ERANGE, "ring is %lld px: give 1 to 256", (long long)o->ring);
  if (!(o->least_known >= 0 && o->least_known <= 1))
    return kz_err_set(err, KZ_ERANGE, "least-known is %g: give 0 to 1", o->least_known);
  if (!(o->most_distance >= 0) || !(o->most_doubt >= 0))
    return kz_err_set(err, KZ_ERANGE, "most-distance is %g, most-doubt %g: give 0 or more",
                      o->most_distance, o->most_doubt);
  return 0;
}

/* ---- the work ---- */

static void show_progress(void *self, int done, int total) {
  const struct work *w = self;
  w->host->progress(w->host->self, w->turn * total + done, w->count * total);
}

static bool asked_to_stop(void *self) {
  const struct work *w = self;
  return w->host->stop && w->host->stop(w->host->self);
}

static int make_fills(struct work *w, struct kz_err *err) {
  const struct kz__holes *h = &w->task.holes;
  const struct kz_restore_host host = {
      w, w->host && w->host->progress ? show_progress : NULL, w->host ? asked_to_stop : NULL};
  int code = kz__fills_init(&w->fills, h, w->count, err);
  for (; w->turn < w->count && !code; w->turn++) {
    code = kz__task_fill(&w->task, w->outputs.list[w->turn].seed, &host, err);
    uint16_t *to = kz__fills_at(&w->fills, w->turn, 0);
    for (int64_t i = 0; i < h->count * 3 && !code; i++) to[i] = kz__fill_to(w->task.canvas.x[i]);
  }
  return code;
}

/* Regions of thin damage, and all of them with one step, get one call whatever the seed. */
static int mark_sampled(struct work *w, struct kz_err *err) {
  const struct kz_restore_options *o = w->task.options;
  const struct kz__holes *h = &w->task.holes;
  struct kz__holes thin, wide;
  for (int i = 0; i < w->regions.count; i++) w->regions.list[i].sampled = o->steps > 1;
  if (o->steps == 1) return 0;
  int code = kz__holes_split(h, (int)o->thin, &thin, &wide, err);
  if (code) return code;
  for (int i = 0, r = 0; i < thin.run_count; i++) {
    while (h->runs[r].y != thin.runs[i].y || h->runs[r].x != thin.runs[i].x) r++;
    w->regions.list[w->regions.of_run[r]].sampled = false;
  }
  kz__holes_release(&thin);
  kz__holes_release(&wide);
  return 0;
}

/* What can be told of the regions before anything is painted. */
static int look(struct work *w, struct kz_err *err) {
  int filled = 0, code = kz__regions_find(&w->regions, &w->task.holes, (int)w->o->ring, err);
  if (code) return code;
  for (int i = 0; i < w->regions.count; i++) {
    struct kz_region *r = &w->regions.list[i];
    r->doubt = r->doubt_95 = NAN;
    kz__region_decide(r, w->o);
    filled += r->filled;
  }
  if (filled) return mark_sampled(w, err);
  return kz_err_set(err, KZ_ERANGE, "%s: nothing is filled: each of the %d regions of damage is "
                    "conjecture (the first has %.0f %% known around it, and its inmost pixel is "
                    "%.0f px from a known one); --allow-conjecture fills them all the same",
                    w->job->image, w->regions.count, 100 * w->regions.list[0].known,
                    w->regions.list[0].distance);
}

/* What only the fills can tell. */
static int weigh(struct work *w, struct kz_err *err) {
  const struct kz__holes *h = &w->task.holes;
  const struct kz__known known = kz__task_known(&w->task);
  if (w->count == 1) {
    w->outputs.list[0].rank = 1;
    return 0;
  }
  w->doubt = malloc((size_t)h->count * sizeof *w->doubt);
  if (!w->doubt)
    return kz_err_set(err, KZ_ENOMEM, "no memory for the doubt of %lld damaged pixels",
                      (long long)h->count);
  kz__fills_doubt(&w->fills, w->doubt);
  int code = kz__regions_doubt(&w->regions, h, w->doubt, err);
  for (int i = 0; i < w->regions.count && !code; i++) kz__region_decide(&w->regions.list[i], w->o);
  return code ? code
              : kz__fills_rank(&w->fills, &w->regions, &known, w->outputs.list, err);
}

/* ---- files ---- */

static int find_filled(struct work *w, struct kz_err *err) {
  const struct kz__holes *h = &w->task.holes;
  int code = kz__holes_init(&w->filled, h->width, h->height, err);
  for (int y = 0; y < h->height && !code; y++) {
    for (int r = h->row[y]; r < h->row[y + 1] && !code; r++)
      if (w->regions.list[w->regions.of_run[r]].filled)
        code = kz__holes_add_run(&w->filled, h->runs[r].x, y, h->runs[r].len, err);
    if (!code) kz__holes_end_row(&w->filled, y);
  }
  return code;
}

/* Candidate k, unpacked into the canvas in the order of what is filled. */
static int write_candidate(struct work *w, int k, struct kz_err *err) {
  const struct kz__holes *h = &w->task.holes;
  const struct kz__finish finish = {.style = w->job->style,
                                    .record = w->job->records ? w->job->records[k] : NULL};
  float *to = w->task.canvas.x;
  for (int r = 0; r < h->run_count; r++) {
    if (!w->regions.list[w->regions.of_run[r]].filled) continue;
    const uint16_t *from = kz__fills_at(&w->fills, k, h->runs[r].first);
    for (int i = 0; i < h->runs[r].len * 3; i++) *to++ = kz__fill_from(from[i]);
  }
  return kz__task_write(&w->task, &w->filled, w->task.canvas.x, &finish, w->outputs.list[k].path,
                        err);
}

static int write_file(struct work *w, int i, struct kz_err *err) {
  const struct kz__output *file = &w->outputs.files[i];
  switch (file->what) {
  case KZ__OUTPUT_DOUBT: return kz__doubt_save(&w->task.holes, w->doubt, file->path, err);
  case KZ__OUTPUT_HEAT: return kz__heat_save(&w->task.holes, w->doubt, file->path, err);
  case KZ__OUTPUT_FILLED: return kz__holes_save(&w->filled, file->path, err);
  case KZ__OUTPUT_PICTURE: break;
  }
  return write_candidate(w, i, err);
}

static int write_files(struct work *w, struct kz_err *err) {
  int code = find_filled(w, err), written = 0;
  while (written < w->outputs.file_count && !code) {
    code = kz__stopped(w->host, err);
    if (!code) code = write_file(w, written, err);
    if (!code) written++;
  }
  while (code && written > 0) unlink(w->outputs.files[--written].path);
  return code;
}

/* Which region each region of the plan lies in: it is connected, so its first pixel tells. */
static int find_places(const struct work *w, int **out, struct kz_err *err) {
  const struct kz_treat_plan *plan = w->job->plan;
  const struct kz__holes *h = &w->task.holes;
  if (!plan) return 0;
  int *place = malloc(((size_t)plan->region_count + 1) * sizeof *place);
  if (!place)
    return kz_err_set(err, KZ_ENOMEM, "no memory for %lld regions", (long long)plan->region_count);
  for (int64_t i = 0; i < plan->region_count; i++) place[i] = -1;
  for (int y = 0; y < plan->rows.height; y++)
    for (int64_t r = plan->rows.row[y]; r < plan->rows.row[y + 1]; r++) {
      const struct kz_treat_run *run = &plan->rows.runs[r];
      if (plan->regions[run->id].decision == KZ_RESTORE && place[run->id] < 0)
        place[run->id] = w->regions.of_run[kz__holes_find(h, y, run->x)];
    }
  *out = place;
  return 0;
}

static void hand_over(struct work *w, int *region_of, struct kz_candidates *out) {
  *out = (struct kz_candidates){.list = w->outputs.list, .count = w->count,
                                .regions = w->regions.list, .region_count = w->regions.count,
                                .region_of = region_of, .stats = kz__task_stats(&w->task)};
  for (int i = 0; i < out->region_count; i++) {
    out->conjecture += out->regions[i].conjecture != 0;
    out->unfilled += !out->regions[i].filled;
  }
  w->outputs.list = NULL;
  w->regions.list = NULL;
}

static void work_release(struct work *w) {
  free(w->doubt);
  kz__outputs_release(&w->outputs);
  kz__holes_release(&w->filled);
  kz__regions_release(&w->regions);
  kz__fills_release(&w->fills);
  kz__task_release(&w->task);
}

int kz__candidates(const struct kz__denoise *denoise, const struct kz_candidates_job *job,
                   const struct kz_restore_options *options,
                   const struct kz_candidates_options *candidates,
                   const struct kz_restore_host *host, struct kz_candidates *out,
                   struct kz_err *err) {
  struct work w = {.job = job, .o = candidates, .host = host};
  const struct kz__source source = {.image = job->image, .mask = job->mask, .plan = job->plan};
  const char *pictures[KZ_CANDIDATES_MOST + 1] = {0};
  int *region_of = NULL;
  int code = kz__candidates_check(job, candidates, err);
  if (code) return code;
  w.count = candidates->count > 1 ? (int)candidates->count : 1;
  code = kz__outputs_name(&w.outputs, job, options, w.count, err);
  for (int k = 0; k < w.count && !code; k++) pictures[k] = w.outputs.list[k].path;
  if (!code) code = kz__task_open(&w.task, denoise, &source, pictures, options, err);
  if (!code) code = look(&w, err);
  if (!code) code = make_fills(&w, err);
  if (!code) code = weigh(&w, err);
  if (!code) code = find_places(&w, &region_of, err);
  if (!code) code = write_files(&w, err);
  if (code)
    free(region_of);
  else
    hand_over(&w, region_of, out);
  work_release(&w);
  return code;
}

int kz_restorer_candidates(struct kz_restorer *r, const struct kz_candidates_job *job,
                           const struct kz_restore_options *options,
                           const struct kz_candidates_options *candidates,
                           const struct kz_restore_host *host, struct kz_candidates *out,
                           struct kz_err *err) {
  const struct kz__denoise denoise = kz__restorer_denoise(r, options);
  return kz__candidates(&denoise, job, options, candidates, host, out, err);
}
