/* metrics.csv is plain text, appended to and flushed row by row, so that it can be plotted while
 * training runs. A run killed after its last checkpoint has rows for steps that will be done again:
 * on resuming they are cut off first, so that each step stands there once; and rows of a run from
 * before the last columns were there get empty ones. A row that cannot be written (disk full) is
 * said once and does not stop the training. */
#include "train_log.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <kizil/image.h>

#include "cli.h"

/* Columns are only ever added at the end: the header of an older run is the beginning of this. */
static const char header[] = "step,seconds,loss,rate,gradient_norm,pixels_per_second,waited,crop,"
                             "batch,hole_psnr,perceptual\n";
enum { PATH_ROOM = 4096, TEXT_LIMIT = 1 << 30 };

/* ---- text files ---- */

int kz_text_read(const char *path, char **text, struct kz_err *err) {
  FILE *f = fopen(path, "rb");
  if (!f)
    return kz_err_set(err, errno == ENOENT ? KZ_ENOENT : KZ_EIO, "'%s': %s", path,
                      strerror(errno));
  char *all = NULL;
  size_t length = 0, room = 0, got = 1;
  int code = 0;
  while (!code && got) {
    if (length + 1 >= room) {
      room = room ? room * 2 : 4096;
      char *more = room <= TEXT_LIMIT ? realloc(all, room) : NULL;
      if (!more) {
        code = kz_err_set(err, KZ_ENOMEM, "'%s': too large to read", path);
        break;
      }
      all = more;
    }
    got = fread(all + length, 1, room - length - 1, f);
    length += got;
  }
  if (!code && ferror(f)) code = kz_err_set(err, KZ_EIO, "'%s': %s", path, strerror(errno));
  fclose(f);
  if (code) {
    free(all);
    return code;
  }
  all[length] = 0;
  *text = all;
  return 0;
}

int kz_text_write(const char *path, const char *text, size_t length, struct kz_err *err) {
  char beside[PATH_ROOM];
  if (snprintf(beside, sizeof beside, "%s.part", path) >= (int)sizeof beside)
    return kz_err_set(err, KZ_ERANGE, "'%s': the name is too long", path);
  FILE *f = fopen(beside, "wb");
  if (!f) return kz_err_set(err, KZ_EIO, "'%s': %s", beside, strerror(errno));
  bool written = fwrite(text, 1, length, f) == length;
  if (fclose(f)) written = false;
  if (written && !rename(beside, path)) return 0;
  int code = kz_err_set(err, KZ_EIO, "'%s': %s", path, strerror(errno));
  unlink(beside);
  return code;
}

/* ---- metrics ---- */

/* Keep the header and the rows up to `step`; a broken last line goes. In place; the new length. */
static size_t cut_rows(char *text, int64_t step) {
  char *to = text;
  for (char *line = text, *end; (end = strchr(line, '\n')); line = end + 1) {
    char *digits;
    long long row = strtoll(line, &digits, 10);
    bool is_row = digits != line && *digits == ',';
    if (is_row ? row > step : line != text) continue;
    size_t length = (size_t)(end + 1 - line);
    memmove(to, line, length);
    to += length;
  }
  return (size_t)(to - text);
}

/* How many of the header's columns a file lacks; -1 if it begins with no header of a run. */
static int missing_columns(const char *text) {
  size_t n = strcspn(text, "\n");
  if (text[n] != '\n' || n < sizeof "step,seconds" || strncmp(text, header, n)) return -1;
  if (header[n] != ',' && header[n] != '\n') return -1;
  int missing = 0;
  for (const char *c = header + n; *c; c++) missing += *c == ',';
  return missing;
}

/* The rows of a run that had `missing` columns less, with them; a broken last line goes. NULL: no
 * memory. */
static char *widen(const char *text, int missing) {
  size_t lines = 0;
  for (const char *at = text; (at = strchr(at, '\n')); at++) lines++;
  char *wide = malloc(strlen(text) + lines * (size_t)missing + sizeof header), *to = wide;
  if (!wide) return NULL;
  to = stpcpy(to, header);
  text = strchr(text, '\n') + 1;
  for (const char *end; (end = strchr(text, '\n')); text = end + 1) {
    to = mempcpy(to, text, (size_t)(end - text));
    for (int i = 0; i < missing; i++) *to++ = ',';
    *to++ = '\n';
  }
  *to = 0;
  return wide;
}

static int cut_metrics(const char *path, int64_t step, struct kz_err *err) {
  char *text = NULL;
  struct kz_err why;
  int code = kz_text_read(path, &text, &why);
  if (code == KZ_ENOENT) return kz_text_write(path, header, sizeof header - 1, err);
  if (code) return kz_err_set(err, code, "%s", why.msg);
  int missing = missing_columns(text);
  if (missing > 0) {
    char *wide = widen(text, missing);
    free(text);
    text = wide;
    if (!text) return kz_err_set(err, KZ_ENOMEM, "'%s': too large to read", path);
  }
  if (missing < 0)
    code = kz_err_set(err, KZ_EFORMAT, "'%s' does not begin with the header of a training run; "
                      "move it away", path);
  if (!code) code = kz_text_write(path, text, cut_rows(text, step), err);
  free(text);
  return code;
}

int kz_train_log_open(struct kz_train_log *log, const char *out, bool resume, int64_t step,
                      struct kz_err *err) {
  char path[PATH_ROOM];
  *log = (struct kz_train_log){
      .out = out, .seconds = resume ? -1 : 0, .since = kz_cli_now()};
  if (snprintf(path, sizeof path, "%s/metrics.csv", out) >= (int)sizeof path)
    return kz_err_set(err, KZ_ERANGE, "'%s': the name is too long", out);
  int code = resume ? cut_metrics(path, step, err)
                    : kz_text_write(path, header, sizeof header - 1, err);
  if (code) return code;
  log->metrics = fopen(path, "ab");
  if (!log->metrics) return kz_err_set(err, KZ_EIO, "'%s': %s", path, strerror(errno));
  return 0;
}

void kz_train_log_close(struct kz_train_log *log) {
  if (log->metrics) fclose(log->metrics);
  log->metrics = NULL;
}

static void flush_row(struct kz_train_log *log) {
  if (!fflush(log->metrics) && !ferror(log->metrics)) return;
  clearerr(log->metrics);
  if (!log->failed) kz_cli_warn("'%s/metrics.csv': %s", log->out, strerror(errno));
  log->failed = true;
}

void kz_train_log_report(struct kz_train_log *log, const struct kz_train_progress *p) {
  log->seconds = p->seconds;
  log->since = kz_cli_now();
  fprintf(log->metrics, "%lld,%.3f,%.6g,%.6g,%.6g,%.0f,%.4f,%d,%d,,", (long long)p->step,
          p->seconds, p->loss, p->rate, p->gradient_norm, p->pixels_per_second, p->waited,
          p->crop, p->batch);
  if (p->perceptual >= 0) fprintf(log->metrics, "%.6g", p->perceptual);
  fputc('\n', log->metrics);
  flush_row(log);
}

void kz_train_log_validated(struct kz_train_log *log, int64_t step, double hole_psnr) {
  char seconds[32] = "";
  if (log->seconds >= 0)
    snprintf(seconds, sizeof seconds, "%.3f", log->seconds + kz_cli_now() - log->since);
  fprintf(log->metrics, "%lld,%s,,,,,,,,%.4f,\n", (long long)step, seconds, hole_psnr);
  flush_row(log);
}

/* ---- previews ---- */

static bool preview_path(const struct kz_train_log *log, int64_t step, char path[PATH_ROOM]) {
  return snprintf(path, PATH_ROOM, "%s/preview-%lld.png", log->out, (long long)step) < PATH_ROOM;
}

/* The oldest of the recent ones leaves their rank; every tenth of those stays as a landmark. */
static void retire_oldest(struct kz_train_log *log) {
  char path[PATH_ROOM];
  if (log->older++ % KZ_TRAIN_LOG_LANDMARK && preview_path(log, log->recent[0], path))
    unlink(path);
  memmove(log->recent, log->recent + 1, sizeof log->recent - sizeof *log->recent);
  log->recents--;
}

void kz_train_log_preview(struct kz_train_log *log, int64_t step, int width, int height,
                          const uint8_t *rgb) {
  struct kz_pixels pixels = {width, height, 3, (uint8_t *)rgb};
  struct kz_err err;
  char path[PATH_ROOM];
  if (!preview_path(log, step, path)) return;
  if (kz_pixels_save(&pixels, path, &err)) {
    if (!log->failed) kz_cli_warn("%s", err.msg);
    log->failed = true;
    return;
  }
  if (log->recents && log->recent[log->recents - 1] == step) return;
  if (log->recents == KZ_TRAIN_LOG_RECENT) retire_oldest(log);
  log->recent[log->recents++] = step;
}
