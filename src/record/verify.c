/* What a record says of files, checked. Every check is made whatever became of the others: who asks
 * wants to know all that is wrong, not the first of it. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include <kizil/image.h>

#include "record/field.h"
#include "record/pixels.h"

static const char *const names[KZ_CHECKS] = {"record", "source", "mask",   "filled", "lines",
                                             "policy", "model",  "result", "pixels"};

const char *kz_record_check_name(enum kz_record_check check) { return names[check]; }

static void __attribute__((format(printf, 3, 4)))
find(struct kz_record_finding *f, enum kz_record_state state, const char *fmt, ...) {
  va_list args;
  va_start(args, fmt);
  vsnprintf(f->text, sizeof f->text, fmt, args);
  va_end(args);
  f->state = state;
}

/* Whether the file at `path` is the one that the record means. */
static void check_file(const struct kz_record_file *file, const char *path,
                       struct kz_record_finding *f) {
  struct kz_err err;
  char hex[65];
  if (!kz_file_exists(path))
    find(f, KZ_STATE_UNKNOWN, "%s is not there; say where it is now", path);
  else if (kz__record_hash(path, hex, &err))
    find(f, KZ_STATE_UNKNOWN, "%s", err.msg);
  else if (strcmp(hex, file->sha256))
    find(f, KZ_STATE_WRONG,
         "%s is not the file of the record: its SHA-256 is %.12s..., not %.12s...", path, hex,
         file->sha256);
  else
    find(f, KZ_STATE_PROVED, "%s", path);
}

static void check_seal(const char *path, bool sealed, struct kz_record_finding *f) {
  if (sealed)
    find(f, KZ_STATE_PROVED, "%s", path);
  else
    find(f, KZ_STATE_WRONG, "%s was changed after it was written: its seal does not fit", path);
}

/* A result in a format that changes every pixel a little cannot be judged by its pixels. */
static int check_pixels(const struct kz_record *r, char *const path[KZ_CHECKS],
                        const struct kz_restore_host *host, struct kz_record_report *report,
                        struct kz_err *err) {
  const char *mask = path[r->files.filled.path ? KZ_CHECK_FILLED : KZ_CHECK_MASK];
  struct kz_record_finding *f = &report->findings[KZ_CHECK_PIXELS];
  bool lossless = true;
  const char *const needed[] = {path[KZ_CHECK_SOURCE], mask, path[KZ_CHECK_RESULT]};
  for (int i = 0; i < 3; i++)
    if (!kz_file_exists(needed[i])) {
      find(f, KZ_STATE_UNKNOWN, "nothing to compare: %s is not there", needed[i]);
      return 0;
    }
  if (!kz_image_lossless(needed[2], &lossless, NULL) && !lossless) {
    find(f, KZ_STATE_UNKNOWN, "%s: this format changes pixels everywhere, so that only those under "
         "the mask were cannot be shown; PNG and TIFF can", needed[2]);
    return 0;
  }
  return kz__record_compare(needed[0], mask, needed[2], host, report, err);
}

static void judge(struct kz_record_report *report) {
  report->proved = true;
  for (int c = 0; c < KZ_CHECKS; c++) {
    enum kz_record_state state = report->findings[c].state;
    if (state != KZ_STATE_ABSENT && state != KZ_STATE_PROVED) report->proved = false;
  }
}

int kz_record_verify(const char *record, const struct kz_record_places *places,
                     const struct kz_restore_host *host, struct kz_record_report *report,
                     struct kz_err *err) {
  static const struct kz_record_places none;
  const struct kz_record_places *now = places ? places : &none;
  struct kz_record r;
  char *path[KZ_CHECKS] = {0};
  bool sealed;
  *report = (struct kz_record_report){.first_x = -1, .first_y = -1};
  int code = kz_record_read(&r, record, &sealed, err);
  if (code) return code;
  const struct kz_record_file *const files[KZ_CHECKS] = {
      NULL, &r.files.source, &r.files.mask, &r.files.filled, &r.files.lines, &r.files.policy,
      &r.files.model, &r.files.result, NULL};
  const char *const given[KZ_CHECKS] = {NULL, now->source, now->mask, now->filled, now->lines,
                                        now->policy, now->model, now->result, NULL};
  check_seal(record, sealed, &report->findings[KZ_CHECK_RECORD]);
  for (int c = KZ_CHECK_SOURCE; c <= KZ_CHECK_RESULT; c++) {
    if (!files[c]->path) continue;
    path[c] = given[c] ? strdup(given[c]) : kz_record_path(record, files[c]->path);
    if (!path[c]) {
      code = kz_err_set(err, KZ_ENOMEM, "no memory for a name");
      goto out;
    }
    if (host && host->stop && host->stop(host->self)) {
      code = kz_err_set(err, KZ_EINTR, "interrupted");
      goto out;
    }
    check_file(files[c], path[c], &report->findings[c]);
  }
  code = check_pixels(&r, path, host, report, err);
  judge(report);
out:
  for (int c = 0; c < KZ_CHECKS; c++) free(path[c]);
  kz_record_release(&r);
  return code;
}
