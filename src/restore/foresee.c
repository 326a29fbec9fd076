/* A restoration up to its first call of the network. */
#include "restore/foresee.h"

#include <math.h>

#include "restore/candidates_files.h"
#include "restore/evidence.h"
#include "restore/task.h"

static int count_regions(const struct kz__holes *h, const struct kz_candidates_options *o,
                         struct kz__forecast *f, struct kz_err *err) {
  struct kz__regions g;
  int code = kz__regions_find(&g, h, (int)o->ring, err);
  if (code) return code;
  f->regions = g.count;
  for (int i = 0; i < g.count; i++) {
    g.list[i].doubt = NAN;
    kz__region_decide(&g.list[i], o);
    f->unfilled += !g.list[i].filled;
  }
  kz__regions_release(&g);
  return 0;
}

static int count_calls(const struct kz__holes *h, const struct kz_restore_options *o,
                       struct kz__forecast *f, struct kz_err *err) {
  struct kz__effort effort;
  int code = kz__fill_foresee(h, o, &effort, err);
  if (code) return code;
  f->tiles = (int)effort.tiles;
  f->calls = effort.calls;
  f->megapixels = effort.megapixels;
  return 0;
}

int kz__foresee(const struct kz__denoise *denoise, const struct kz_candidates_job *job,
                const struct kz_restore_options *options,
                const struct kz_candidates_options *candidates, struct kz__forecast *out,
                struct kz_err *err) {
  const struct kz__source source = {.image = job->image, .mask = job->mask, .plan = job->plan};
  const char *pictures[KZ_CANDIDATES_MOST + 1] = {0};
  const int count = candidates->count > 1 ? (int)candidates->count : 1;
  struct kz__outputs outputs;
  struct kz__task task = {0};
  *out = (struct kz__forecast){0};
  int code = kz__candidates_check(job, candidates, err);
  if (code) return code;
  code = kz__outputs_name(&outputs, job, options, count, err);
  for (int k = 0; k < count && !code; k++) pictures[k] = outputs.list[k].path;
  if (!code) code = kz__task_open(&task, denoise, &source, pictures, options, err);
  if (!code) code = count_regions(&task.holes, candidates, out, err);
  if (!code) code = count_calls(&task.holes, options, out, err);
  if (!code) {
    out->width = task.holes.width;
    out->height = task.holes.height;
    out->damaged = task.holes.count;
    out->calls *= count;
    out->megapixels *= count;
  }
  kz__task_release(&task);
  kz__outputs_release(&outputs);
  return code;
}

int kz__restorer_foresee(struct kz_restorer *r, const struct kz_candidates_job *job,
                         const struct kz_restore_options *options,
                         const struct kz_candidates_options *candidates,
                         struct kz__forecast *out, struct kz_err *err) {
  const struct kz__denoise denoise = kz__restorer_denoise(r, options);
  return kz__foresee(&denoise, job, options, candidates, out, err);
}
