/* Regions of the record are those of the plan, each of one class; evidence is that of the connected
 * damage they lie in, for a hole is no better known where its class changes. */
#include "restoration/say.h"

#include <stdio.h>
#include <string.h>

static int no_memory(struct kz_err *err) {
  return kz_err_set(err, KZ_ENOMEM, "no memory for the record");
}

static int say_classes(struct kz_record *r, const struct kz__damage *d, struct kz_err *err) {
  for (int c = 0; c < KZ_DAMAGE_CLASSES; c++) {
    if (!d->map.area[c]) continue;
    struct kz_record_class *to = kz_record_add_class(r);
    if (!to) return no_memory(err);
    to->policy = (int)d->said[c]; /* enum kz_record_policy has the same order */
    to->pixels = d->map.area[c];
    int code = kz_record_say(&to->id, kz_damage_classes[c].id, err);
    if (code) return code;
  }
  return 0;
}

static int say_evidence(struct kz_record_region *to, const struct kz_region *g,
                        struct kz_err *err) {
  char why[200] = "";
  to->known = g->known;
  to->distance = g->distance;
  to->disagreement = g->doubt;
  to->outcome = !g->filled       ? KZ_RECORD_CONJECTURE
                : g->conjecture ? KZ_RECORD_ALLOWED
                                : KZ_RECORD_FILLED;
  for (int i = 0; kz_conjecture_name(i); i++)
    if (g->conjecture >> i & 1)
      snprintf(why + strlen(why), sizeof why - strlen(why), "%s%s", *why ? ", " : "",
               kz_conjecture_name(i));
  return kz_record_say(&to->conjecture, why, err);
}

static int say_region(struct kz_record_region *to, const struct kz_treat_region *from, bool asked,
                      const struct kz_region *evidence, struct kz_err *err) {
  to->x = from->x;
  to->y = from->y;
  to->width = from->width;
  to->height = from->height;
  to->pixels = from->area;
  to->policy = asked ? KZ_RECORD_ASK : (int)from->decision;
  to->outcome = KZ_RECORD_UNFILLED;
  int code = kz_record_say(&to->damage, kz_damage_classes[from->cls].id, err);
  return code || !evidence ? code : say_evidence(to, evidence, err);
}

int kz__say_damage(struct kz_record *r, const struct kz__damage *d, const struct kz_candidates *c,
                   struct kz_err *err) {
  int code = say_classes(r, d, err);
  for (int64_t i = 0; i < d->plan.region_count && !code; i++) {
    const int in = c->region_of[i];
    struct kz_record_region *to = kz_record_add_region(r);
    if (!to) return no_memory(err);
    code = say_region(to, &d->plan.regions[i], d->asked[i], in < 0 ? NULL : &c->regions[in], err);
  }
  return code;
}

int kz__say_candidates(struct kz_record *r, const struct kz_candidates *c, const char *record,
                       struct kz_err *err) {
  int code = 0;
  for (int k = 0; k < c->count && c->count > 1 && !code; k++) {
    struct kz_record_candidate *to = kz_record_add_candidate(r);
    if (!to) return no_memory(err);
    to->seed = c->list[k].seed;
    to->rank = c->list[k].rank;
    to->score = c->list[k].score;
    code = kz_record_say_file(&to->file, c->list[k].path, record, err);
  }
  return code;
}

int kz__say_result(struct kz_record *r, int k, struct kz_err *err) {
  const struct kz_record_file *from = &r->candidates[k].file;
  int code = kz_record_say(&r->files.result.path, from->path, err);
  if (!code) code = kz_record_say(&r->files.result.sha256, from->sha256, err);
  for (int64_t i = 0; i < r->region_count; i++) r->regions[i].candidate = k;
  return code;
}
