/* kizil verify: what the record of a result says, proved or not. The findings are the output, good
 * or bad, one a line; only what keeps the command from looking is an error message. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <kizil/image.h>
#include <kizil/record.h>

#include "cli.h"
#include "replay.h"

struct args {
  const char *result, *record;
  struct kz_record_places now;
  bool again, schema;
  struct kz_cli_progress progress;
};

static const char notes[] =
    "The record of a restoration lies beside the result, as RESULT.json. Checked are: the seal of\n"
    "the record; that source, mask, line drawing, model and result are the files it speaks of, by\n"
    "their SHA-256; and that every sample of the result outside the mask is that of the source.\n"
    "What was moved since is looked for where the options say. The seal finds what was changed by\n"
    "accident; whoever changes a record on purpose can seal it anew, so keep one out of reach.\n"
    "With --again the result is also made anew, in $TMPDIR, and compared byte for byte, as 'kizil\n"
    "replay' does; this takes as long as the restoration did.\n"
    "\n"
    "  kizil verify restored.tif\n"
    "  kizil verify restored.tif --record archive/restored.json --model models/base.safetensors\n"
    "  kizil verify restored.tif --again\n"
    "  kizil verify --schema >record.schema.json\n"
    "\n"
    "Exit status: 0 all is proved, 1 something is wrong, missing or unreadable, 2 wrong usage,\n"
    "130 interrupted.";

static void show_progress(void *self, int done, int total) {
  struct args *a = self;
  kz_cli_progress(&a->progress, "%s: comparing, %d %%", a->result, (int)(100.0 * done / total));
}

static bool asked_to_stop(void *self) {
  (void)self;
  return kz_cli_interrupted();
}

static int print_schema(void) {
  char *schema = kz_record_schema();
  const struct kz_err err = {KZ_ENOMEM, "no memory for the schema"};
  if (!schema) return kz_cli_fail(&err);
  puts(schema);
  free(schema);
  return KZ_EXIT_OK;
}

/* Returns how many findings are not good ones. */
static int print_report(const struct kz_record_report *report) {
  static const char *const states[] = {
      [KZ_STATE_PROVED] = "proved", [KZ_STATE_WRONG] = "WRONG", [KZ_STATE_UNKNOWN] = "unknown"};
  int bad = 0;
  for (int c = 0; c < KZ_CHECKS; c++) {
    const struct kz_record_finding *f = &report->findings[c];
    if (f->state == KZ_STATE_ABSENT) continue;
    bad += f->state != KZ_STATE_PROVED;
    printf("%-8s %-8s %s\n", kz_record_check_name(c), states[f->state], f->text);
  }
  if (report->outside > 1)
    printf("%lld pixels differ outside the mask\n", (long long)report->outside);
  fflush(stdout);
  return bad;
}

/* Make the result anew in a folder of its own, and tell; the status that ends the command, or -1. */
static int make_again(const struct args *a, const char *record, int *bad) {
  const char *parent = getenv("TMPDIR"), *slash = strrchr(a->result, '/');
  struct kz_restoration_replay result;
  struct kz_err err;
  char folder[4096], out[8192];
  snprintf(folder, sizeof folder, "%s/kizil-again-XXXXXX", parent && *parent ? parent : "/tmp");
  if (!mkdtemp(folder)) {
    kz_err_set(&err, KZ_EIO, "%s: cannot be made, to make the result again in", folder);
    return kz_cli_fail(&err);
  }
  snprintf(out, sizeof out, "%s/%s", folder, slash ? slash + 1 : a->result);
  const int status = kz_cli_replay(record, &a->now, out, false, &result);
  unlink(out);
  rmdir(folder);
  if (status) return status;
  if (result.same)
    printf("again    proved   %s was made again, byte for byte\n", a->result);
  else
    printf("again    WRONG    %s\n", result.text);
  *bad += !result.same;
  return -1;
}

static int conclude(int bad) {
  if (bad)
    printf("not proved: %d finding%s\n", bad, bad == 1 ? "" : "s");
  else
    printf("proved\n");
  return bad ? KZ_EXIT_FAILURE : KZ_EXIT_OK;
}

static int verify(struct args *a, const char *record) {
  const struct kz_restore_host host = {a, show_progress, asked_to_stop};
  struct kz_record_report report;
  struct kz_err err;
  if (!a->record && access(record, F_OK)) {
    kz_err_set(&err, KZ_ENOENT, "there is no record %s; name it with --record FILE", record);
    return kz_cli_fail(&err);
  }
  a->now.result = a->result;
  int code = kz_image_startup("kizil", 1, &err);
  if (code) return kz_cli_fail(&err);
  code = kz_record_verify(record, &a->now, &host, &report, &err);
  kz_cli_progress_end(&a->progress);
  int status = -1, bad = 0;
  if (code) status = code == KZ_EINTR ? KZ_EXIT_INTERRUPTED : kz_cli_fail(&err);
  if (!code) bad = print_report(&report);
  if (!code && a->again && bad)
    printf("again    unknown  not tried, since not all is as recorded\n");
  else if (!code && a->again)
    status = make_again(a, record, &bad);
  if (status < 0) status = conclude(bad);
  kz_image_shutdown();
  return status;
}

static int run(int argc, char **argv) {
  struct args a = {0};
  const struct kz_cli_positional positionals[] = {
      {"RESULT", &a.result, "restored picture", true}, {0}};
  const struct kz_cli_option options[] = {
      {.name = "record", .value = "FILE", .text = &a.record, .help = "its record (RESULT.json)"},
      {.name = "source", .value = "FILE", .text = &a.now.source,
       .help = "where the photograph is now"},
      {.name = "mask", .value = "FILE", .text = &a.now.mask, .help = "where the mask is now"},
      {.name = "filled", .value = "FILE", .text = &a.now.filled,
       .help = "where the image of what was filled is now"},
      {.name = "lines", .value = "FILE", .text = &a.now.lines, .help = "where the drawing is now"},
      {.name = "policy", .value = "FILE", .text = &a.now.policy, .help = "where the policy is now"},
      {.name = "model", .value = "FILE", .text = &a.now.model, .help = "where the model is now"},
      {.name = "again", .flag = &a.again, .help = "make the result anew, too, and compare"},
      {.name = "schema", .flag = &a.schema, .help = "print the JSON Schema of records instead"},
      {0}};
  const struct kz_cli_parser parser = {.command = &kz_cmd_verify, .positionals = positionals,
                                       .options = options, .notes = notes};
  int status = kz_cli_parse(&parser, argc, argv);
  if (status >= 0) return status;
  if (a.schema) return a.result ? kz_cli_usage("--schema is of all records; leave RESULT out")
                                : print_schema();
  if (!a.result) return kz_cli_usage("give a RESULT");
  kz_cli_catch_interrupts();
  char *beside = a.record ? NULL : kz_record_place(a.result);
  const struct kz_err none = {KZ_ENOMEM, "no memory for a name"};
  status = a.record || beside ? verify(&a, a.record ? a.record : beside) : kz_cli_fail(&none);
  free(beside);
  return status;
}

const struct kz_command kz_cmd_verify = {
    "verify", "prove from its record what a restoration changed", run};
