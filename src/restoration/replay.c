/* The same steps from the same files, and then the same bytes; where they are others, what is known
 * of the reasons. Everything is made under hidden names beside OUT, in the format that the recorded
 * pictures have, since what a format drops or rounds is part of what came after it. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "base/file.h"
#include "image/vips_io.h"
#include "record/field.h"
#include "record/pixels.h"
#include "restoration/recorded.h"
#include "restore/sample.h"

struct replay {
  struct kz__recorded from;
  struct kz_restore_options o;       /* strings are its own */
  struct kz_candidates_options c;
  const char *out;
  char *recorded;                    /* the result of the record, as it lies now */
  char *tmp, *pictures[KZ_CANDIDATES_MOST]; /* what is made: name, and names of each */
  int count;
  int direct;                        /* the picture that is the result; -1: it was put together */
};

/* ---- before ---- */

static int check_model(const struct replay *p, const struct kz_restorer *r, struct kz_err *err) {
  const char *hash = kz_model_hash(kz__restorer_model(r));
  const struct kz_record_file *model = &p->from.record.files.model;
  if (!strcmp(hash, model->sha256)) return 0;
  return kz_err_set(err, KZ_EBACKEND, "the model that was loaded is not %s of the record: its "
                    "SHA-256 is %.12s..., not %.12s...", model->path, hash, model->sha256);
}

static int check_record(const struct replay *p, struct kz_err *err) {
  const struct kz_record *r = &p->from.record;
  enum kz_format was, is;
  if (p->direct < 0 && !p->from.planned)
    return kz_err_set(err, KZ_EFORMAT, "%s: lists no regions, so that what was taken from which "
                      "candidate is not known", p->from.place);
  if (r->candidate_count > KZ_CANDIDATES_MOST || (p->count > 1 && p->count != r->candidate_count))
    return kz_err_set(err, KZ_EFORMAT, "%s: lists %lld candidates where %d were asked for",
                      p->from.place, (long long)r->candidate_count, p->count);
  int code = kz__format_of_name(r->files.result.path, &was, err);
  if (!code) code = kz__format_of_name(p->out, &is, err);
  if (!code && was != is)
    code = kz_err_set(err, KZ_EUNSUPPORTED, "%s: the recorded result is a %s; only another one can "
                      "be the same", p->out, kz__formats[was].name);
  return code;
}

static int check_output(const struct replay *p, bool overwrite, struct kz_err *err) {
  struct kz_image *im = NULL;
  int code = kz__recorded_spare(&p->from, p->out, err);
  if (!code && p->recorded && kz_same_file(p->recorded, p->out))
    code = kz_err_set(err, KZ_EEXIST, "%s: would overwrite the recorded result; choose another "
                      "name", p->out);
  if (!code) code = kz_image_open(p->from.files[KZ__SOURCE], &im, err);
  if (!code) code = kz_image_can_write(im, p->out, overwrite, err);
  kz_image_close(im);
  return code;
}

/* Names of what is made: the suffix is that of the recorded pictures. */
static int name_pictures(struct replay *p, struct kz_err *err) {
  const struct kz_record *r = &p->from.record;
  const char *like = p->direct >= 0 ? r->files.result.path : r->candidates[0].file.path;
  const char *dot = like ? strrchr(like, '.') : NULL;
  char *named = kz_format("%s%s", p->out, dot ? dot : "");
  p->tmp = named ? kz_temp_beside(named) : NULL;
  free(named);
  for (int k = 0; k < p->count && p->tmp; k++) {
    p->pictures[k] = p->count > 1 ? kz_candidate_path(p->tmp, k + 1) : strdup(p->tmp);
    if (!p->pictures[k]) break;
  }
  return p->tmp && p->pictures[p->count - 1]
             ? 0
             : kz_err_set(err, KZ_ENOMEM, "%s: no memory for its names", p->out);
}

static int begin(struct replay *p, const struct kz_record_places *places, struct kz_err *err) {
  const struct kz_record *r = &p->from.record;
  int code = kz_record_options(r, p->from.place, &p->o, err);
  if (code) return code;
  p->o.overwrite = true; /* of hidden names */
  if (!p->o.threads) p->o.threads = r->machine.threads; /* "all" were so many */
  if (p->from.files[KZ__LINES])
    code = kz_params_set(kz_restore_params, &p->o, "lines", p->from.files[KZ__LINES], err);
  p->c = r->evidence;
  p->count = p->c.count > 1 ? (int)p->c.count : 1;
  p->direct = p->count > 1 ? kz__recorded_candidate(r) : 0;
  p->recorded = places && places->result ? strdup(places->result)
                                         : kz_record_path(p->from.place, r->files.result.path);
  if (!code && !p->recorded)
    code = kz_err_set(err, KZ_ENOMEM, "%s: no memory for its result", p->from.place);
  if (!code) code = check_record(p, err);
  return code ? code : name_pictures(p, err);
}

/* ---- making ---- */

/* The record as the result's metadata name it: only where it lies beside the result. */
static const char *pointer_of(const struct kz__recorded *c) {
  const char *slash = strrchr(c->place, '/');
  if (strchr(c->record.files.result.path, '/')) return NULL;
  return slash ? slash + 1 : c->place;
}

static int make_pictures(struct replay *p, struct kz_restorer *r,
                         const struct kz_restore_host *host, struct kz_err *err) {
  const char *records[KZ_CANDIDATES_MOST] = {0};
  struct kz_candidates made;
  const struct kz_candidates_job job = {
      .image = p->from.files[KZ__SOURCE], .mask = p->from.files[KZ__MASK],
      .plan = p->from.planned ? &p->from.damage.plan : NULL, .style = &p->from.record.style,
      .out = p->tmp, .records = records};
  if (p->direct >= 0) records[p->direct] = pointer_of(&p->from);
  int code = kz_restorer_candidates(r, &job, &p->o, &p->c, host, &made, err);
  if (!code) kz_candidates_release(&made);
  return code;
}

/* The regions of the record, from the candidates that it says. */
static int put_together(const struct replay *p, bool overwrite, struct kz_err *err) {
  const struct kz_record *r = &p->from.record;
  int code = 0, *taken = malloc((size_t)r->region_count * sizeof *taken);
  if (!taken) return kz_err_set(err, KZ_ENOMEM, "%s: no memory for its regions", p->from.place);
  for (int64_t i = 0; i < r->region_count && !code; i++) {
    const struct kz_record_region *g = &r->regions[i];
    const bool filled = g->outcome == KZ_RECORD_FILLED || g->outcome == KZ_RECORD_ALLOWED;
    taken[i] = filled && g->candidate < p->count ? (int)g->candidate : -1;
    if (filled && g->candidate >= p->count)
      code = kz_err_set(err, KZ_EFORMAT, "%s: region %lld is of candidate %lld, of %d",
                        p->from.place, (long long)i + 1, (long long)g->candidate + 1, p->count);
  }
  const struct kz__assembly a = {
      .source = p->from.files[KZ__SOURCE], .plan = &p->from.damage.plan, .taken = taken,
      .pictures = p->pictures, .count = p->count, .record = pointer_of(&p->from)};
  if (!code) code = kz__assemble(&a, p->out, overwrite, err);
  free(taken);
  return code;
}

static int make(struct replay *p, struct kz_restorer *r, bool overwrite,
                const struct kz_restore_host *host, struct kz_err *err) {
  int code = make_pictures(p, r, host, err);
  if (!code && p->direct >= 0)
    code = kz_rename_into(p->pictures[p->direct], p->out, err);
  else if (!code)
    code = put_together(p, overwrite, err);
  for (int k = 0; k < p->count; k++) unlink(p->pictures[k]);
  return code;
}

/* ---- after ---- */

static void __attribute__((format(printf, 2, 3)))
add(struct kz_restoration_replay *to, const char *fmt, ...) {
  const size_t n = strlen(to->text);
  va_list args;
  va_start(args, fmt);
  vsnprintf(to->text + n, sizeof to->text - n, fmt, args);
  va_end(args);
}

/* What of the recorded result is another: its pixels, or only what is around them. */
static int compare_pixels(const struct replay *p, const struct kz_restore_host *host,
                          struct kz_restoration_replay *to, struct kz_err *err) {
  const struct kz_record *r = &p->from.record;
  struct kz_record_report report = {.first_x = -1, .first_y = -1};
  struct kz_err problem;
  if (kz__recorded_check(&r->files.result, p->recorded, &problem)) {
    add(to, "the bytes are others than the recorded ones; there is nothing to compare them with: "
        "%s", problem.msg);
    return 0;
  }
  char *filled = r->files.filled.path ? kz_record_path(p->from.place, r->files.filled.path)
                                      : strdup(p->from.files[KZ__MASK]);
  if (!filled) return kz_err_set(err, KZ_ENOMEM, "%s: no memory for a name", p->out);
  int code = kz__record_compare(p->recorded, filled, p->out, host, &report, err);
  free(filled);
  if (code) return code;
  const long long pixels = (long long)(report.changed + report.outside);
  if (pixels)
    add(to, "%lld pixel%s of %s differ%s from the recorded result", pixels, pixels == 1 ? "" : "s",
        p->out, pixels == 1 ? "s" : "");
  else if (report.findings[KZ_CHECK_PIXELS].state == KZ_STATE_PROVED)
    add(to, "all pixels are the recorded ones, but not the bytes around them (metadata, or how the "
        "file is packed)");
  else
    add(to, "the bytes are others than the recorded ones; %s",
        report.findings[KZ_CHECK_PIXELS].text);
  return 0;
}

static void tell_change(struct kz_restoration_replay *to, int *found, const char *what,
                        const char *was, const char *is) {
  if (was && is && !strcmp(was, is)) return;
  add(to, "%s %s was %s, is %s", (*found)++ ? "," : ";", what, was ? was : "not said",
      is ? is : "unknown");
}

static const char *version_of(const struct kz_record *r, const char *name) {
  for (int64_t i = 0; i < r->software_count; i++)
    if (!strcmp(r->software[i].name, name)) return r->software[i].version;
  return NULL;
}

/* What of program, machine and libraries is another than the record says. */
static int compare_machines(const struct replay *p, struct kz_restoration_replay *to,
                            struct kz_err *err) {
  const struct kz_record *was = &p->from.record;
  struct kz_record is;
  char threads[2][24];
  int found = 0;
  kz_record_init(&is);
  is.options.threads = p->o.threads;
  int code = kz__record_machine(&is, err);
  if (code) goto out;
  snprintf(threads[0], sizeof threads[0], "%lld", (long long)was->machine.threads);
  snprintf(threads[1], sizeof threads[1], "%lld", (long long)is.machine.threads);
  tell_change(to, &found, "kizil", was->kizil, KZ_VERSION);
  tell_change(to, &found, "processor", was->machine.processor, is.machine.processor);
  tell_change(to, &found, "instructions", was->machine.instructions, is.machine.instructions);
  tell_change(to, &found, "threads", threads[0], threads[1]);
  for (int64_t i = 0; i < is.software_count; i++)
    tell_change(to, &found, is.software[i].name, version_of(was, is.software[i].name),
                is.software[i].version);
  if (!found) add(to, "; program, processor and libraries are the recorded ones");
out:
  kz_record_release(&is);
  return code;
}

static int compare(const struct replay *p, const struct kz_restore_host *host,
                   struct kz_restoration_replay *to, struct kz_err *err) {
  char hex[65];
  *to = (struct kz_restoration_replay){0};
  int code = kz_file_sha256(p->out, hex, err);
  if (code) return code;
  to->same = !strcmp(hex, p->from.record.files.result.sha256);
  if (to->same) return 0;
  code = compare_pixels(p, host, to, err);
  return code ? code : compare_machines(p, to, err);
}

static void release(struct replay *p) {
  for (int k = 0; k < KZ_CANDIDATES_MOST; k++) free(p->pictures[k]);
  free(p->tmp);
  free(p->recorded);
  kz_params_release(kz_restore_params, &p->o);
  kz__recorded_release(&p->from);
}

int kz_restoration_replay(struct kz_restorer *r, const char *record,
                          const struct kz_record_places *places, const char *out, bool overwrite,
                          const struct kz_restore_host *host,
                          struct kz_restoration_replay *result, struct kz_err *err) {
  struct replay p = {.out = out};
  kz_params_defaults(kz_restore_params, &p.o);
  int code = kz__recorded_open(&p.from, record, places, KZ__GIVEN, err);
  if (!code) code = check_model(&p, r, err);
  if (!code) code = begin(&p, places, err);
  if (!code) code = check_output(&p, overwrite, err);
  if (!code) code = make(&p, r, overwrite, host, err);
  if (!code) {
    code = compare(&p, host, result, err);
    if (code) unlink(out);
  }
  release(&p);
  return code;
}
