/* What a batch says: a line for each picture and a summary, in words or as JSON. A line is put
 * together before it is written, so that it stays whole whoever reads along. The names in the JSON
 * are promised by docs/restoring.md. */
#include "restore_list.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <kizil/image.h>

enum { FAILURES_SHOWN = 20 };

/* ---- JSON ---- */

/* Bytes of the UTF-8 character at `s`, 0 if it is none. */
static int utf8_length(const unsigned char *s) {
  int n = s[0] < 0x80 ? 1 : s[0] < 0xc2 ? 0 : s[0] < 0xe0 ? 2 : s[0] < 0xf0 ? 3 : s[0] < 0xf5 ? 4 : 0;
  for (int i = 1; i < n; i++)
    if ((s[i] & 0xc0) != 0x80) return 0;
  bool overlong = (s[0] == 0xe0 && s[1] < 0xa0) || (s[0] == 0xf0 && s[1] < 0x90);
  bool beyond = (s[0] == 0xed && s[1] > 0x9f) || (s[0] == 0xf4 && s[1] > 0x8f);
  return overlong || beyond ? 0 : n;
}

/* File names are bytes: what is no UTF-8 becomes U+FFFD. */
static void put_string(FILE *to, const char *text) {
  const unsigned char *s = (const unsigned char *)text;
  fputc('"', to);
  while (*s) {
    int n = utf8_length(s);
    if (n == 0)
      fputs("\\ufffd", to);
    else if (*s == '"' || *s == '\\')
      fprintf(to, "\\%c", *s);
    else if (*s < 0x20)
      fprintf(to, "\\u%04x", *s);
    else
      fwrite(s, 1, (size_t)n, to);
    s += n ? n : 1;
  }
  fputc('"', to);
}

static void put_text(FILE *to, const char *name, const char *text) {
  if (!text) return;
  fprintf(to, ",\"%s\":", name);
  put_string(to, text);
}

static void put_whole(FILE *to, const char *name, int64_t value) {
  fprintf(to, ",\"%s\":%lld", name, (long long)value);
}

static void put_number(FILE *to, const char *name, double value) {
  fprintf(to, ",\"%s\":%.6g", name, value);
}

/* ---- lines ---- */

struct line {
  char *text;
  size_t size;
  FILE *to; /* NULL: no memory, and the line is not written */
};

/* `l` stays where it is until its end. */
static void line_begin(struct line *l) {
  *l = (struct line){0};
  l->to = open_memstream(&l->text, &l->size);
}

static void line_end(struct line *l) {
  if (l->to && !fclose(l->to)) fwrite(l->text, 1, l->size, stdout);
  fflush(stdout);
  free(l->text);
}

static void object_begin(struct line *l, const char *status, const struct kz_cli_picture *p) {
  line_begin(l);
  if (!l->to) return;
  fprintf(l->to, "{\"status\":\"%s\"", status);
  if (!p) return;
  if (p->line) put_whole(l->to, "line", p->line);
  put_text(l->to, "picture", p->job.image);
  put_text(l->to, "mask", p->job.mask);
  put_text(l->to, "output", p->job.out);
}

static void object_end(struct line *l) {
  if (l->to) fputs("}\n", l->to);
  line_end(l);
}

static void put_record_place(FILE *to, const struct kz_restoration_job *job) {
  char *beside = job->record || job->unrecorded ? NULL : kz_record_place(job->out);
  if (!job->unrecorded) put_text(to, "record", job->record ? job->record : beside);
  free(beside);
}

static const char *plural(int64_t n) { return n == 1 ? "" : "s"; }

/* ---- pictures ---- */

static int64_t unfilled_of(const struct kz_record *r) {
  int64_t n = 0;
  for (int64_t i = 0; i < r->region_count; i++)
    n += r->regions[i].outcome == KZ_RECORD_UNFILLED || r->regions[i].outcome == KZ_RECORD_CONJECTURE;
  return n;
}

static void put_candidates(FILE *to, const struct kz_record *r, const char *out) {
  if (!r->candidate_count) return;
  fputs(",\"candidates\":[", to);
  for (int64_t k = 0; k < r->candidate_count; k++) {
    char *path = kz_candidate_path(out, (int)k + 1);
    fprintf(to, "%s{\"output\":", k ? "," : "");
    put_string(to, path ? path : "");
    put_whole(to, "seed", r->candidates[k].seed);
    put_whole(to, "rank", r->candidates[k].rank);
    put_number(to, "score", r->candidates[k].score);
    fputc('}', to);
    free(path);
  }
  fputc(']', to);
}

static void made_as_json(const struct kz_cli_picture *p, const struct kz_record *r) {
  struct line l;
  object_begin(&l, "restored", p);
  if (l.to) {
    if (!r->candidate_count) put_record_place(l.to, &p->job);
    put_whole(l.to, "width", r->width);
    put_whole(l.to, "height", r->height);
    put_number(l.to, "damaged", r->figures.damaged);
    put_whole(l.to, "regions", r->region_count);
    put_whole(l.to, "unfilled", unfilled_of(r));
    put_whole(l.to, "tiles", r->figures.tiles);
    put_whole(l.to, "calls", r->figures.calls);
    put_number(l.to, "seconds", r->figures.seconds);
    put_candidates(l.to, r, p->job.out);
  }
  object_end(&l);
}

void kz_cli_tell_made(const struct kz_cli_batch *b, const struct kz_cli_picture *picture,
                      const struct kz_record *r) {
  const int64_t tiles = r->figures.tiles, calls = r->figures.calls, unfilled = unfilled_of(r);
  char duration[32];
  if (b->json) {
    made_as_json(picture, r);
    return;
  }
  struct line l;
  line_begin(&l);
  if (l.to) {
    fprintf(l.to, "%lld x %lld, %.2f %% damaged, %lld tile%s, %lld call%s, ", (long long)r->width,
            (long long)r->height, 100 * r->figures.damaged, (long long)tiles, plural(tiles),
            (long long)calls, plural(calls));
    if (unfilled)
      fprintf(l.to, "%lld region%s left unfilled, ", (long long)unfilled, plural(unfilled));
    fprintf(l.to, "%s: %s\n", kz_cli_duration(r->figures.seconds, duration), picture->job.out);
  }
  line_end(&l);
}

static void planned_as_json(const struct kz_cli_batch *b, const struct kz_cli_picture *p,
                            const struct kz_restoration_forecast *f, double seconds) {
  struct line l;
  object_begin(&l, "planned", p);
  if (l.to) {
    put_record_place(l.to, &p->job);
    put_whole(l.to, "width", f->width);
    put_whole(l.to, "height", f->height);
    put_number(l.to, "damaged", (double)f->damaged / ((double)f->width * f->height));
    put_whole(l.to, "regions", f->regions);
    put_whole(l.to, "unfilled", f->unfilled);
    put_whole(l.to, "tiles", f->tiles);
    put_whole(l.to, "calls", f->calls);
    put_number(l.to, "megapixels", f->megapixels);
    put_number(l.to, "seconds", seconds);
    fprintf(l.to, ",\"replaces\":%s", kz_cli_replaces(p, b->options) ? "true" : "false");
  }
  object_end(&l);
}

void kz_cli_tell_planned(const struct kz_cli_batch *b, const struct kz_cli_picture *picture,
                         const struct kz_restoration_forecast *f, double seconds) {
  char duration[32];
  if (b->json) {
    planned_as_json(b, picture, f, seconds);
    return;
  }
  struct line l;
  line_begin(&l);
  if (l.to) {
    fprintf(l.to, "%d x %d, %.2f %% damaged in %lld region%s", f->width, f->height,
            100.0 * (double)f->damaged / ((double)f->width * f->height), (long long)f->regions,
            plural(f->regions));
    if (f->unfilled) fprintf(l.to, " (%lld left unfilled)", (long long)f->unfilled);
    fprintf(l.to, ", %d tile%s, %lld call%s, about %s: would write %s%s\n", f->tiles,
            plural(f->tiles), (long long)f->calls, plural(f->calls),
            kz_cli_duration(seconds, duration), picture->job.out,
            kz_cli_replaces(picture, b->options) ? ", replacing what is there" : "");
  }
  line_end(&l);
}

/* "list.csv: line 3: " or, where the message does not name the picture, "wall.tif: ". */
static void put_place(FILE *to, const struct kz_cli_batch *b, const struct kz_cli_picture *p) {
  if (p->line)
    fprintf(to, "%s: line %d: ", b->list, p->line);
  else if (p->job.image && !strstr(p->problem, p->job.image))
    fprintf(to, "%s: ", p->job.image);
}

static void put_message(struct kz_err *err, const struct kz_cli_batch *b,
                        const struct kz_cli_picture *p) {
  FILE *to = fmemopen(err->msg, sizeof err->msg, "w");
  if (to) {
    put_place(to, b, p);
    fputs(p->problem, to);
    fclose(to);
  }
  err->msg[sizeof err->msg - 1] = '\0';
}

static void warn_of(const struct kz_cli_batch *b, const struct kz_cli_picture *p) {
  struct kz_err err = {0};
  switch (p->standing) {
  case KZ_CLI_FAILED:
    put_message(&err, b, p);
    kz_cli_fail(&err);
    break;
  case KZ_CLI_UNRECORDED:
    kz_cli_warn("%s: is there without its record, as a run leaves it that was killed between the "
                "two; remove it, or give --overwrite, to make both", p->job.out);
    break;
  case KZ_CLI_UNMASKED:
    kz_cli_warn("%s: no mask of that name in %s; skipped", p->job.image, b->masks);
    break;
  default: break;
  }
}

void kz_cli_tell_undone(const struct kz_cli_batch *b, const struct kz_cli_picture *picture) {
  static const char *const reasons[KZ_CLI_STANDINGS] = {[KZ_CLI_THERE] = "output-exists",
                                                        [KZ_CLI_UNRECORDED] = "record-missing",
                                                        [KZ_CLI_UNMASKED] = "no-mask"};
  warn_of(b, picture);
  if (!b->json) return;
  bool failed = picture->standing == KZ_CLI_FAILED;
  struct line l;
  object_begin(&l, failed ? "failed" : "skipped", picture);
  if (l.to) {
    put_text(l.to, "reason", reasons[picture->standing]);
    if (failed) put_text(l.to, "message", picture->problem);
  }
  object_end(&l);
}

/* ---- the summary ---- */

static double per(double count, double seconds) { return seconds > 0 ? count / seconds : 0; }

static void summary_as_json(const struct kz_cli_batch *b, const struct kz_cli_pictures *p,
                            const struct kz_cli_tally *t) {
  struct line l;
  object_begin(&l, "summary", NULL);
  if (l.to) {
    put_whole(l.to, "pictures", p->count);
    put_whole(l.to, b->dry_run ? "planned" : "restored", t->count[KZ_CLI_DONE]);
    put_whole(l.to, "skipped", t->count[KZ_CLI_THERE] + t->count[KZ_CLI_UNRECORDED] +
                                   t->count[KZ_CLI_UNMASKED]);
    put_whole(l.to, "output-exists", t->count[KZ_CLI_THERE]);
    put_whole(l.to, "record-missing", t->count[KZ_CLI_UNRECORDED]);
    put_whole(l.to, "no-mask", t->count[KZ_CLI_UNMASKED]);
    put_whole(l.to, "failed", t->count[KZ_CLI_FAILED]);
    put_whole(l.to, "left", t->count[KZ_CLI_WAITING]);
    put_whole(l.to, "unfilled", t->unfilled);
    put_whole(l.to, "calls", t->calls);
    put_number(l.to, "seconds", t->seconds);
    if (b->dry_run) {
      put_number(l.to, "megapixels", t->megapixels);
      put_number(l.to, "megapixels-per-second", t->rate);
    } else {
      put_number(l.to, "calls-per-second", per((double)t->calls, t->seconds));
      put_number(l.to, "pictures-per-minute", per(60.0 * t->count[KZ_CLI_DONE], t->seconds));
    }
    put_whole(l.to, "jobs", t->jobs);
    put_whole(l.to, "threads", t->threads);
    fprintf(l.to, ",\"interrupted\":%s", t->interrupted ? "true" : "false");
  }
  object_end(&l);
}

static void put_failures(FILE *to, const struct kz_cli_batch *b, const struct kz_cli_pictures *p) {
  int shown = 0, failed = 0;
  for (int i = 0; i < p->count; i++) {
    if (p->all[i].standing != KZ_CLI_FAILED || failed++ >= FAILURES_SHOWN) continue;
    fputs(shown++ ? "                         " : "  failed                 ", to);
    put_place(to, b, &p->all[i]);
    fprintf(to, "%s\n", p->all[i].problem);
  }
  if (failed > shown) fprintf(to, "                         and %d more\n", failed - shown);
}

static void put_counts(FILE *to, const struct kz_cli_batch *b, const struct kz_cli_tally *t) {
  fprintf(to, "%d %s, %d skipped (output exists), %d failed, ", t->count[KZ_CLI_DONE],
          b->dry_run ? "would be restored" : "restored",
          t->count[KZ_CLI_THERE] + t->count[KZ_CLI_UNRECORDED], t->count[KZ_CLI_FAILED]);
  if (t->count[KZ_CLI_UNMASKED]) fprintf(to, "%d without a mask, ", t->count[KZ_CLI_UNMASKED]);
}

void kz_cli_tell_summary(const struct kz_cli_batch *b, const struct kz_cli_pictures *p,
                         const struct kz_cli_tally *t) {
  char duration[32];
  if (b->json) {
    summary_as_json(b, p, t);
    return;
  }
  struct line l;
  line_begin(&l);
  if (l.to) {
    put_counts(l.to, b, t);
    fprintf(l.to, "%s%s%s\n", b->dry_run ? "about " : "", kz_cli_duration(t->seconds, duration),
            t->interrupted ? "; interrupted, the same command goes on from here" : "");
    if (t->count[KZ_CLI_UNRECORDED])
      fprintf(l.to, "  without their record   %d of those skipped\n", t->count[KZ_CLI_UNRECORDED]);
    fprintf(l.to, "  regions left unfilled  %lld\n", (long long)t->unfilled);
    if (b->dry_run)
      fprintf(l.to, "  network calls          %lld, %.1f megapixels at %.2f a second (measured now)\n",
              (long long)t->calls, t->megapixels, t->rate);
    else
      fprintf(l.to, "  network calls          %lld, %.1f a second\n"
                    "  pictures a minute      %.1f\n", (long long)t->calls,
              per((double)t->calls, t->seconds), per(60.0 * t->count[KZ_CLI_DONE], t->seconds));
    put_failures(l.to, b, p);
  }
  line_end(&l);
}
