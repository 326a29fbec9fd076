/* Nothing is done with files that are not the recorded ones: what came of it would be of no
 * record. */
#include "restoration/recorded.h"

#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "record/field.h"

static const struct kz_record_file *file_of(const struct kz_record *r, enum kz__given which) {
  switch (which) {
  case KZ__SOURCE: return &r->files.source;
  case KZ__MASK: return &r->files.mask;
  case KZ__POLICY: return &r->files.policy;
  case KZ__LINES: return &r->files.lines;
  default: return &r->files.model;
  }
}

static const char *moved_to(const struct kz_record_places *p, enum kz__given which) {
  if (!p) return NULL;
  switch (which) {
  case KZ__SOURCE: return p->source;
  case KZ__MASK: return p->mask;
  case KZ__POLICY: return p->policy;
  case KZ__LINES: return p->lines;
  default: return p->model;
  }
}

int kz__recorded_check(const struct kz_record_file *file, const char *path, struct kz_err *err) {
  char hex[65];
  if (!kz_file_exists(path))
    return kz_err_set(err, KZ_ENOENT, "%s is not there; say where it is now", path);
  int code = kz__record_hash(path, hex, err);
  if (code || !strcmp(hex, file->sha256)) return code;
  return kz_err_set(err, KZ_EBACKEND,
                    "%s is not the file of the record: its SHA-256 is %.12s..., not %.12s...", path,
                    hex, file->sha256);
}

static int find_files(struct kz__recorded *c, const struct kz_record_places *places,
                      enum kz__given checked, struct kz_err *err) {
  int code = 0;
  for (int i = 0; i < KZ__GIVEN && !code; i++) {
    const struct kz_record_file *file = file_of(&c->record, i);
    const char *now = moved_to(places, i);
    if (!file->path) continue;
    c->files[i] = now ? strdup(now) : kz_record_path(c->place, file->path);
    if (!c->files[i]) return kz_err_set(err, KZ_ENOMEM, "%s: no memory for its files", c->place);
    if (i < (int)checked) code = kz__recorded_check(file, c->files[i], err);
  }
  return code;
}

/* The record's regions have to be those of the plan that its files give today. */
static int check_regions(const struct kz__recorded *c, struct kz_err *err) {
  const struct kz_record *r = &c->record;
  const struct kz_treat_plan *plan = &c->damage.plan;
  if (r->width != plan->rows.width || r->height != plan->rows.height)
    return kz_err_set(err, KZ_EBACKEND, "%s: is of %lld x %lld px, the photograph of %d x %d",
                      c->place, (long long)r->width, (long long)r->height, plan->rows.width,
                      plan->rows.height);
  if (r->region_count != plan->region_count)
    return kz_err_set(err, KZ_EBACKEND, "%s: has %lld regions, its mask gives %lld: this version "
                      "of kizil grooms masks otherwise, or the record was changed", c->place,
                      (long long)r->region_count, (long long)plan->region_count);
  for (int64_t i = 0; i < r->region_count; i++) {
    const struct kz_record_region *a = &r->regions[i];
    const struct kz_treat_region *b = &plan->regions[i];
    if (a->x != b->x || a->y != b->y || a->width != b->width || a->height != b->height ||
        a->pixels != b->area)
      return kz_err_set(err, KZ_EBACKEND, "%s: region %lld is not the one that its mask gives: "
                        "this version of kizil grooms masks otherwise, or the record was changed",
                        c->place, (long long)i + 1);
  }
  return 0;
}

int kz__recorded_open(struct kz__recorded *c, const char *path,
                      const struct kz_record_places *places, enum kz__given checked,
                      struct kz_err *err) {
  bool sealed;
  *c = (struct kz__recorded){.place = path};
  int code = kz_record_read(&c->record, path, &sealed, err);
  if (code) return code;
  if (!sealed)
    code = kz_err_set(err, KZ_EBACKEND, "%s: was changed after it was written: its seal does not "
                      "fit", path);
  if (!code) code = find_files(c, places, checked, err);
  c->planned = c->record.region_count > 0;
  if (!code && c->planned) {
    code = kz__damage_read(&c->damage, c->files[KZ__SOURCE], c->files[KZ__MASK],
                           c->files[KZ__POLICY], &c->record.treatment, err);
    if (!code) code = check_regions(c, err);
  }
  if (code) kz__recorded_release(c);
  return code;
}

void kz__recorded_release(struct kz__recorded *c) {
  for (int i = 0; i < KZ__GIVEN; i++) free(c->files[i]);
  kz__damage_release(&c->damage);
  kz_record_release(&c->record);
  *c = (struct kz__recorded){0};
}

int kz__recorded_candidate(const struct kz_record *r) {
  for (int k = 0; k < r->candidate_count; k++) {
    const struct kz_record_file *file = &r->candidates[k].file;
    if (file->path && !strcmp(file->path, r->files.result.path) &&
        !strcmp(file->sha256, r->files.result.sha256))
      return k;
  }
  return -1;
}

static int spare(const struct kz__recorded *c, const struct kz_record_file *file, const char *path,
                 const char *what, struct kz_err *err) {
  if (!file->path) return 0;
  char *place = kz_record_path(c->place, file->path);
  if (!place) return kz_err_set(err, KZ_ENOMEM, "%s: no memory for its files", c->place);
  int code = 0;
  if (kz_same_file(place, path))
    code = kz_err_set(err, KZ_EEXIST, "%s: would overwrite %s; choose another name", path, what);
  free(place);
  return code;
}

int kz__recorded_spare(const struct kz__recorded *c, const char *path, struct kz_err *err) {
  static const char *const what[KZ__GIVEN] = {"the photograph", "the mask", "the policy",
                                              "the drawing", "the model"};
  const struct kz_record *r = &c->record;
  for (int i = 0; i < KZ__GIVEN; i++)
    if (c->files[i] && kz_same_file(c->files[i], path))
      return kz_err_set(err, KZ_EEXIST, "%s: would overwrite %s; choose another name", path,
                        what[i]);
  if (kz_same_file(c->place, path))
    return kz_err_set(err, KZ_EEXIST, "%s: would overwrite the record; choose another name", path);
  int code = 0;
  for (int k = 0; k < r->candidate_count && !code; k++)
    code = spare(c, &r->candidates[k].file, path, "a candidate", err);
  if (!code) code = spare(c, &r->files.result, path, "the recorded result", err);
  if (!code) code = spare(c, &r->files.filled, path, "the picture of what was filled", err);
  return code ? code : spare(c, &r->files.doubt, path, "the map of doubt", err);
}
