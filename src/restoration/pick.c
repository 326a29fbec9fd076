/* A choice among candidates becomes a result. Nothing is computed: what a person looked at and
 * chose is what is written, so the candidates have to be the files that were recorded. */
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "record/field.h"
#include "restoration/recorded.h"
#include "restore/doubt.h"

struct pick {
  const struct kz_restoration_choice *choice;
  struct kz__recorded from;
  int *taken;                         /* [region_count] candidate; -1: as it was */
  char *pictures[KZ_CANDIDATES_MOST]; /* of candidates that are taken from */
  const char *out;
  char *record, *filled;              /* beside it; filled NULL: the mask says it */
};

/* ---- what is chosen ---- */

static int check_record(const struct pick *p, struct kz_err *err) {
  const struct kz_record *r = &p->from.record;
  const char *place = p->from.place;
  const bool regions = p->choice->count > 0, styled = r->style.style != KZ_STYLE_PLAIN;
  if (r->candidate_count < 2 || r->candidate_count > KZ_CANDIDATES_MOST || !p->from.planned)
    return kz_err_set(err, KZ_EFORMAT, "%s: has no candidates to choose from; kizil restore "
                      "--candidates makes them", place);
  if (kz__recorded_candidate(r) < 0)
    return kz_err_set(err, KZ_EFORMAT, "%s: is of a choice that was made already; choose anew by "
                      "the record of a candidate", place);
  if (p->choice->whole < 0 || p->choice->whole >= r->candidate_count)
    return kz_err_set(err, KZ_ERANGE, "%s: there is no candidate %d; there are 1 to %lld", place,
                      p->choice->whole + 1, (long long)r->candidate_count);
  if (regions && styled)
    return kz_err_set(err, KZ_EUNSUPPORTED, "%s: the candidates are styled, which goes on from "
                      "region to region; take one whole, or make candidates with --style plain",
                      place);
  return 0;
}

static bool is_filled(const struct kz_record_region *r) {
  return r->outcome == KZ_RECORD_FILLED || r->outcome == KZ_RECORD_ALLOWED;
}

static int decide(struct pick *p, struct kz_err *err) {
  const struct kz_restoration_choice *c = p->choice;
  const struct kz_record *r = &p->from.record;
  const char *place = p->from.place;
  p->taken = malloc((size_t)r->region_count * sizeof *p->taken);
  if (!p->taken) return kz_err_set(err, KZ_ENOMEM, "%s: no memory for its regions", place);
  for (int64_t i = 0; i < r->region_count; i++)
    p->taken[i] = is_filled(&r->regions[i]) ? c->whole : -1;
  for (int i = 0; i < c->count; i++) {
    const int64_t at = c->regions[i];
    if (at < 0 || at >= r->region_count)
      return kz_err_set(err, KZ_ERANGE, "%s: there is no region %lld; there are 1 to %lld", place,
                        (long long)at + 1, (long long)r->region_count);
    if (c->taken[i] < -1 || c->taken[i] >= r->candidate_count)
      return kz_err_set(err, KZ_ERANGE, "%s: region %lld: there is no candidate %d; there are 1 to "
                        "%lld", place, (long long)at + 1, c->taken[i] + 1,
                        (long long)r->candidate_count);
    if (c->taken[i] >= 0 && !is_filled(&r->regions[at]))
      return kz_err_set(err, KZ_ERANGE, "%s: region %lld was left as it was in all candidates%s%s",
                        place, (long long)at + 1, r->regions[at].conjecture ? ": " : "",
                        r->regions[at].conjecture ? r->regions[at].conjecture : "");
    for (int k = 0; k < i; k++)
      if (c->regions[k] == at)
        return kz_err_set(err, KZ_ERANGE, "%s: region %lld is named twice", place,
                          (long long)at + 1);
    p->taken[at] = c->taken[i];
  }
  for (int64_t i = 0; i < r->region_count; i++)
    if (p->taken[i] >= 0) return 0;
  return kz_err_set(err, KZ_ERANGE, "%s: every region is left as it was, so there is no result",
                    place);
}

/* ---- files ---- */

static int find_pictures(struct pick *p, struct kz_err *err) {
  const struct kz_record *r = &p->from.record;
  int code = 0;
  for (int64_t i = 0; i < r->region_count && !code; i++) {
    const int k = p->taken[i];
    if (k < 0 || p->pictures[k]) continue;
    const struct kz_record_file *file = &r->candidates[k].file;
    if (!file->path)
      return kz_err_set(err, KZ_EFORMAT, "%s: does not say where candidate %d is", p->from.place,
                        k + 1);
    p->pictures[k] = kz_record_path(p->from.place, file->path);
    if (!p->pictures[k]) return kz_err_set(err, KZ_ENOMEM, "%s: no memory", p->from.place);
    code = kz__recorded_check(file, p->pictures[k], err);
  }
  return code;
}

/* Whether the mask still says what is filled: it did, and nothing is left that it marks. */
static bool mask_tells(const struct pick *p) {
  const struct kz_record *r = &p->from.record;
  for (int64_t i = 0; i < r->region_count; i++)
    if (p->taken[i] < 0 && is_filled(&r->regions[i])) return false;
  return !r->files.filled.path;
}

static int name_files(struct pick *p, bool overwrite, struct kz_err *err) {
  p->record = kz_record_place(p->out);
  if (!mask_tells(p) && !(p->filled = kz_format("%s.filled.png", p->out)))
    return kz_err_set(err, KZ_ENOMEM, "%s: no memory for its names", p->out);
  if (!p->record) return kz_err_set(err, KZ_ENOMEM, "%s: no memory for its names", p->out);
  const char *const files[] = {p->out, p->record, p->filled};
  int code = 0;
  for (int i = 0; i < 3 && !code; i++) {
    if (!files[i]) continue;
    code = kz__recorded_spare(&p->from, files[i], err);
    if (!code && !overwrite && kz_file_exists(files[i]))
      code = kz_err_set(err, KZ_EEXIST, "%s: is there already; --overwrite replaces it", files[i]);
  }
  return code;
}

static int write_picture(const struct pick *p, bool overwrite, struct kz_err *err) {
  const char *slash = strrchr(p->record, '/');
  const struct kz__assembly a = {
      .source = p->from.files[KZ__SOURCE], .plan = &p->from.damage.plan, .taken = p->taken,
      .pictures = p->pictures, .count = (int)p->from.record.candidate_count,
      .record = slash ? slash + 1 : p->record};
  return kz__assemble(&a, p->out, overwrite, err);
}

static int write_filled(const struct pick *p, struct kz_err *err) {
  struct kz_treat_plan plan = p->from.damage.plan;
  struct kz__holes h;
  if (!p->filled) return 0;
  for (int64_t i = 0; i < plan.region_count; i++)
    plan.regions[i].decision = p->taken[i] >= 0 ? KZ_RESTORE : KZ_LEAVE;
  int code = kz__holes_plan(&h, &plan, err);
  if (code) return code;
  code = kz__holes_save(&h, p->filled, err);
  kz__holes_release(&h);
  return code;
}

/* ---- the record ---- */

static size_t folder_length(const char *path) {
  const char *slash = strrchr(path, '/');
  return slash ? (size_t)(slash - path) + 1 : 0;
}

/* A file that is not there any more keeps its name, in full where the record moves away from it. */
static int name_lost(const char *from, const char *to, const char *path, char **out,
                     struct kz_err *err) {
  const size_t n = folder_length(from);
  char folder[PATH_MAX], *near = n ? strndup(from, n) : strdup(".");
  const bool known = near && realpath(near, folder);
  const bool stays = *path == '/' || (n == folder_length(to) && !memcmp(from, to, n));
  free(near);
  *out = stays || !known ? strdup(path) : kz_format("%s/%s", folder, path);
  return *out ? 0 : kz_err_set(err, KZ_ENOMEM, "no memory for the record");
}

/* The same file as the record at `to` names it. */
static int move_file(struct kz_record_file *f, const char *from, const char *to,
                     struct kz_err *err) {
  char *named = NULL;
  if (!f->path) return 0;
  char *now = kz_record_path(from, f->path);
  if (!now) return kz_err_set(err, KZ_ENOMEM, "no memory for the record");
  int code = kz_file_exists(now) ? kz__record_relative(to, now, &named, err)
                                 : name_lost(from, to, f->path, &named, err);
  free(now);
  if (code) return code;
  free(f->path);
  f->path = named;
  return 0;
}

static int move_files(struct kz_record *r, const char *from, const char *to, struct kz_err *err) {
  struct kz_record_file *const files[] = {&r->files.source, &r->files.mask, &r->files.policy,
                                          &r->files.lines, &r->files.model, &r->files.doubt};
  int code = 0;
  for (size_t i = 0; i < sizeof files / sizeof *files && !code; i++)
    code = move_file(files[i], from, to, err);
  for (int64_t k = 0; k < r->candidate_count && !code; k++)
    code = move_file(&r->candidates[k].file, from, to, err);
  if (!code && r->files.lines.path)
    code = kz_params_set(kz_restore_params, &r->options, "lines", r->files.lines.path, err);
  return code;
}

static int say_regions(struct pick *p, struct kz_err *err) {
  struct kz_record *r = &p->from.record;
  int code = 0;
  for (int64_t i = 0; i < r->region_count && !code; i++) {
    struct kz_record_region *g = &r->regions[i];
    g->candidate = p->taken[i] >= 0 ? p->taken[i] : p->choice->whole;
    if (p->taken[i] >= 0 || !is_filled(g)) continue;
    g->outcome = KZ_RECORD_UNFILLED;
    code = kz_record_say(&g->note, "filled in the candidates, left as it was by choice", err);
  }
  return code;
}

static int write_record(struct pick *p, struct kz_err *err) {
  struct kz_record *r = &p->from.record;
  int code = move_files(r, p->from.place, p->record, err);
  if (!code) code = say_regions(p, err);
  if (!code) code = kz_record_say_file(&r->files.result, p->out, p->record, err);
  if (!code && p->filled) code = kz_record_say_file(&r->files.filled, p->filled, p->record, err);
  if (!code) code = kz_record_say(&r->people.reviewer, p->choice->reviewer, err);
  if (!code) code = kz_record_say(&r->people.decision, p->choice->decision, err);
  if (!code) code = kz__record_time(&r->time, err);
  return code ? code : kz_record_write(r, p->record, err);
}

static void release(struct pick *p) {
  for (int k = 0; k < KZ_CANDIDATES_MOST; k++) free(p->pictures[k]);
  free(p->taken);
  free(p->record);
  free(p->filled);
  kz__recorded_release(&p->from);
}

int kz_restoration_pick(const char *record, const struct kz_restoration_choice *choice,
                        const char *out, bool overwrite, struct kz_err *err) {
  struct pick p = {.choice = choice, .out = out};
  int code = kz__recorded_open(&p.from, record, NULL, KZ__POLICY + 1, err);
  if (code) return code;
  code = check_record(&p, err);
  if (!code) code = decide(&p, err);
  if (!code) code = find_pictures(&p, err);
  if (!code) code = name_files(&p, overwrite, err);
  if (code) goto out;
  code = write_picture(&p, overwrite, err);
  if (code) goto out;
  code = write_filled(&p, err);
  if (!code) code = write_record(&p, err);
  if (code) {
    unlink(out);
    if (p.filled) unlink(p.filled);
  }
out:
  release(&p);
  return code;
}
