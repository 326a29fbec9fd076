/* The pictures come first, then what is made from them; what fails takes everything with it. */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <kizil/page.h>

#include "base/file.h"
#include "restoration/products.h"
#include "restoration/plan.h"
#include "restoration/say.h"
#include "restore/foresee.h"

void kz_restoration_defaults(struct kz_restoration_options *o) {
  kz_params_defaults(kz_restore_params, &o->restore);
  kz_params_defaults(kz_candidates_params, &o->candidates);
  kz_params_defaults(kz_style_params, &o->style);
  kz_params_defaults(kz_treat_params, &o->treat);
}

/* One restoration under way. */
struct work {
  const struct kz_restoration_job *job;
  const struct kz_restoration_options *o;
  const struct kz_restore_host *host;
  struct kz__damage damage;
  struct kz__products names;
  struct kz_candidates_job pictures;
  struct kz_candidates made;
  struct kz_record record;
  bool painted;               /* pictures and maps are there, and `made` is */
  bool filled;                /* so is names.filled, to stay */
  bool layers;                /* so is the file with layers */
};

/* ---- before ---- */

/* Why nothing is to be restored. */
static int check_damage(const struct kz__damage *d, const char *mask, struct kz_err *err) {
  int64_t asked = 0;
  if (kz_treat_plan_count(&d->plan)) return 0;
  if (!d->map.rows.run_count)
    return kz_err_set(err, KZ_ERANGE,
                      "%s: the mask is empty, so there is nothing to restore; white marks damage",
                      mask);
  if (!d->plan.region_count)
    return kz_err_set(err, KZ_ERANGE, "%s: only specks are marked, so there is nothing to restore; "
                      "--no-drop-specks keeps them", mask);
  for (int64_t i = 0; i < d->plan.region_count; i++) asked += d->asked[i];
  if (asked)
    return kz_err_set(err, KZ_ERANGE, "%s: the policy asks about all that it does not leave (%lld "
                      "regions); --asked restore says yes", mask, (long long)asked);
  return kz_err_set(err, KZ_ERANGE, "%s: the policy leaves all of the %lld regions as they are, so "
                    "there is nothing to restore", mask, (long long)d->plan.region_count);
}

static int begin(struct work *w, struct kz_err *err) {
  const struct kz_restoration_job *job = w->job;
  int code = kz__products_make(&w->names, job, w->o, err);
  if (!code)
    code = kz__damage_read(&w->damage, job->image, job->mask, job->policy, &w->o->treat, err);
  if (!code) code = check_damage(&w->damage, job->mask, err);
  if (code) return code;
  w->pictures = (struct kz_candidates_job){
      .image = job->image, .mask = job->mask, .plan = &w->damage.plan, .style = &w->o->style,
      .out = job->out, .records = w->names.pointers, .doubt = w->names.doubt, .heat = job->heat,
      .filled = w->names.filled};
  return 0;
}

/* ---- after ---- */

static int best_of(const struct kz_candidates *c) {
  for (int k = 0; k < c->count; k++)
    if (c->list[k].rank == 1) return k;
  return 0;
}

/* The record of the first result. */
static int say(struct work *w, struct kz_err *err) {
  const struct kz_restoration_job *job = w->job;
  const char *place = w->names.records[0];
  const struct kz_record_inputs inputs = {
      .source = job->image, .mask = job->mask, .result = w->made.list[0].path,
      .model = job->model, .filled = w->filled ? w->names.filled : NULL,
      .policy = job->policy, .doubt = w->names.doubt, .options = &w->o->restore,
      .evidence = &w->o->candidates, .style = &w->o->style, .treatment = &w->o->treat,
      .stats = &w->made.stats};
  int code = kz_record_make(&w->record, &inputs, place, err);
  if (!code) code = kz__say_damage(&w->record, &w->damage, &w->made, err);
  if (!code) code = kz__say_candidates(&w->record, &w->made, place, err);
  if (!code) code = kz_record_say(&w->record.people.who, job->who, err);
  if (!code) code = kz_record_say(&w->record.people.organisation, job->organisation, err);
  return code ? code : kz_record_say(&w->record.people.why, job->why, err);
}

/* Of each result, the best last, which is what the caller gets. */
static int write_records(struct work *w, struct kz_err *err) {
  const int best = best_of(&w->made);
  int code = 0;
  for (int i = 1; i <= w->made.count && !code; i++) {
    const int k = (best + i) % w->made.count;
    if (w->made.count > 1) code = kz__say_result(&w->record, k, err);
    if (!code && w->names.records[k]) code = kz_record_write(&w->record, w->names.records[k], err);
  }
  return code;
}

static int write_layers(struct work *w, struct kz_err *err) {
  const struct kz_layers_files files = {.original = w->job->image,
                                        .result = w->made.list[best_of(&w->made)].path,
                                        .mask = w->names.filled,
                                        .disagreement = w->names.doubt};
  if (!w->job->layers) return 0;
  int code = kz_layers_write_files(&files, w->job->layers, w->o->restore.overwrite, err);
  w->layers = !code;
  return code;
}

/* The best is the one that the page shows, the others stand beside it. */
static int write_page(struct work *w, struct kz_err *err) {
  const char *records[KZ_CANDIDATES_MOST];
  struct kz_page_options o;
  if (!w->job->page) return 0;
  for (int k = 0; k < w->made.count; k++)
    records[k] = w->names.records[(best_of(&w->made) + k) % w->made.count];
  kz_params_defaults(kz_page_params, &o);
  o.overwrite = w->o->restore.overwrite;
  o.check = true;
  int code = kz_page_write(records, w->made.count, w->job->page, &o, w->host, err);
  kz_params_release(kz_page_params, &o);
  return code;
}

static void remove_all(struct work *w) {
  if (!w->painted) return;
  for (int k = 0; k < w->names.count; k++) {
    unlink(w->names.results[k]);
    if (w->names.records[k]) unlink(w->names.records[k]);
  }
  if (w->names.doubt) unlink(w->names.doubt);
  if (w->job->heat) unlink(w->job->heat);
  if (w->filled) unlink(w->names.filled);
  if (w->layers) unlink(w->job->layers);
}

static void release(struct work *w) {
  if (w->painted) kz_candidates_release(&w->made);
  kz__damage_release(&w->damage);
  kz__products_release(&w->names);
  kz_record_release(&w->record);
}

int kz_restoration_make(struct kz_restorer *r, const struct kz_restoration_job *job,
                        const struct kz_restoration_options *options,
                        const struct kz_restore_host *host, struct kz_record *out,
                        struct kz_err *err) {
  struct work w = {.job = job, .o = options, .host = host};
  kz_record_init(&w.record);
  int code = begin(&w, err);
  if (!code)
    code = kz_restorer_candidates(r, &w.pictures, &options->restore, &options->candidates, host,
                                  &w.made, err);
  w.painted = w.filled = !code;
  if (!code) code = write_layers(&w, err);
  if (w.painted && w.names.filled && (job->unrecorded || (w.damage.exact && !w.made.unfilled))) {
    unlink(w.names.filled);
    w.filled = false;
  }
  w.filled &= w.names.filled != NULL;
  if (!code) code = say(&w, err);
  if (!code) code = write_records(&w, err);
  if (!code) code = write_page(&w, err);
  if (code) remove_all(&w);
  if (!code && out) {
    *out = w.record;
    kz_record_init(&w.record);
  }
  release(&w);
  return code;
}

int kz_restoration_foresee(struct kz_restorer *r, const struct kz_restoration_job *job,
                           const struct kz_restoration_options *options,
                           struct kz_restoration_forecast *out, struct kz_err *err) {
  struct work w = {.job = job, .o = options};
  struct kz__forecast f;
  kz_record_init(&w.record);
  int code = begin(&w, err);
  if (!code)
    code = kz__restorer_foresee(r, &w.pictures, &options->restore, &options->candidates, &f, err);
  if (!code) {
    *out = (struct kz_restoration_forecast){
        .width = f.width, .height = f.height, .restored = f.damaged, .tiles = f.tiles,
        .calls = f.calls, .megapixels = f.megapixels, .regions = w.damage.plan.region_count,
        .unfilled = f.unfilled};
    for (int c = 0; c < KZ_DAMAGE_CLASSES; c++) out->damaged += w.damage.map.area[c];
    for (int64_t i = 0; i < w.damage.plan.region_count; i++)
      out->unfilled += w.damage.plan.regions[i].decision != KZ_RESTORE;
  }
  release(&w);
  return code;
}
