/* kizil eval: scores of a list of results, or what two such runs differ by. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <kizil/eval.h>
#include <kizil/image.h>

#include "cli.h"

enum { SHOWN = 20 };

struct args {
  const char *pairs, *out, *compare, *with;
  struct kz_eval_options o;
};

struct session {
  struct kz_cli_progress progress;
  int failed;
};

static const char about[] =
    "LIST.csv names its columns in the first line: original, mask, result and, if you like,\n"
    "group. Relative paths start from the current directory. The folder gets scores.csv (a row\n"
    "for each pair), scores.json (those, and means with 95 % intervals) and index.html (plots,\n"
    "worst and best pairs). A pair that cannot be measured is reported and the rest goes on.\n"
    "\n"
    "--compare takes the scores.csv of two runs over the same originals and masks and tells, for\n"
    "each figure and group, by how much B differs from A, with an interval; -o is then JSON.\n"
    "\n"
    "figures (* with --lpips only):\n";

static const char examples[] =
    "\n"
    "  kizil eval --pairs list.csv -o out/scores --lpips lpips_alex.safetensors\n"
    "  kizil eval --compare old/scores.csv new/scores.csv\n"
    "\n"
    "Exit status: 0 done, 1 something failed, 2 wrong usage, 130 interrupted.";

/* The metrics tell of themselves. NULL: no memory. */
static char *make_notes(void) {
  char *text = NULL;
  size_t size;
  FILE *f = open_memstream(&text, &size);
  if (!f) return NULL;
  fputs(about, f);
  for (int i = 0; kz_eval_metrics[i]; i++) {
    const struct kz_eval_metric *m = kz_eval_metrics[i];
    fprintf(f, "  %-14s%c %s%s%s\n", m->name, m->network ? '*' : ' ', m->help,
            *m->unit ? ", " : "", m->unit);
  }
  fputs(examples, f);
  if (!fclose(f)) return text;
  free(text);
  return NULL;
}

/* ---- host ---- */

static bool stop(void *user) {
  (void)user;
  return kz_cli_interrupted();
}

static void progress(void *user, int done, int total) {
  struct session *s = user;
  kz_cli_progress(&s->progress, "%d of %d pairs", done, total);
}

static void failed(void *user, const char *message) {
  struct session *s = user;
  kz_cli_progress_end(&s->progress);
  if (s->failed++ < SHOWN) kz_cli_warn("%s", message);
}

/* ---- work ---- */

static int print_text(char *text, struct kz_err *err) {
  if (!text) return kz_err_set(err, KZ_ENOMEM, "no memory for the table");
  fputs(text, stdout);
  free(text);
  return 0;
}

static int measure(const struct args *a, struct session *s, struct kz_err *err) {
  const struct kz_eval_host host = {
      .user = s, .stop = stop, .progress = progress, .failed = failed};
  struct kz_eval *e = NULL;
  int code = kz_image_startup("kizil", 0, err);
  if (!code) code = kz_eval_load(a->pairs, &e, err);
  if (!code) code = kz_eval_can_write(e, a->out, err);
  if (!code) code = kz_eval_run(e, &a->o, &host, err);
  kz_cli_progress_end(&s->progress);
  if (s->failed > SHOWN)
    kz_cli_warn("%d more pairs could not be measured", s->failed - SHOWN);
  if (!code && kz_eval_failures(e) == kz_eval_pairs(e))
    code = kz_err_set(err, KZ_EFORMAT, "%s: no pair could be measured", a->pairs);
  if (!code) code = kz_eval_write(e, a->out, err);
  if (!code) code = print_text(kz_eval_table(e), err);
  if (!code && kz_eval_failures(e))
    code = kz_err_set(err, KZ_EFORMAT, "%d of %d pairs could not be measured",
                      kz_eval_failures(e), kz_eval_pairs(e));
  kz_eval_free(e);
  kz_image_shutdown();
  return code;
}

static int compare(const struct args *a, struct kz_err *err) {
  struct kz_eval_comparison *c = NULL;
  int code = kz_eval_compare(a->compare, a->with, &a->o, &c, err);
  if (!code && a->out) code = kz_eval_comparison_write(c, a->out, err);
  if (!code) code = print_text(kz_eval_comparison_table(c), err);
  kz_eval_comparison_free(c);
  return code;
}

static int check_usage(const struct args *a) {
  if (!!a->pairs == !!a->compare)
    return kz_cli_usage("give either --pairs LIST.csv or --compare A.csv B.csv");
  if (a->pairs && a->with) return kz_cli_usage("one argument too many: '%s'", a->with);
  if (a->compare && !a->with) return kz_cli_usage("--compare needs two files: A.csv B.csv");
  if (a->pairs && !a->out) return kz_cli_usage("-o FOLDER is missing");
  if (a->compare && a->o.lpips) return kz_cli_usage("--lpips goes with --pairs");
  return -1;
}

static int run(int argc, char **argv) {
  struct args a = {0};
  struct session s = {0};
  struct kz_err err = {0};
  const struct kz_cli_positional positionals[] = {
      {"B.csv", &a.with, "with --compare: the second run", true}, {0}};
  const struct kz_cli_option options[] = {
      {.name = "pairs", .value = "LIST.csv", .text = &a.pairs, .help = "what to measure"},
      {.name = "output", .letter = 'o', .value = "FOLDER", .text = &a.out,
       .help = "where to write (with --compare a JSON file, or nothing)"},
      {.name = "compare", .value = "A.csv", .text = &a.compare, .help = "the first of two runs"},
      {0}};
  char *notes = make_notes();
  const struct kz_cli_parser parser = {.command = &kz_cmd_eval,
                                       .positionals = positionals,
                                       .options = options,
                                       .tables = {{kz_eval_params, &a.o}},
                                       .notes = notes};
  int status = kz_cli_parse(&parser, argc, argv);
  free(notes);
  if (status >= 0) return status;
  status = check_usage(&a);
  if (status < 0) {
    kz_cli_catch_interrupts();
    int code = a.pairs ? measure(&a, &s, &err) : compare(&a, &err);
    status = code ? kz_cli_fail(&err) : KZ_EXIT_OK;
    if (code == KZ_EINTR) status = KZ_EXIT_INTERRUPTED;
  }
  kz_cli_release(&parser);
  return status;
}

const struct kz_command kz_cmd_eval = {"eval", "score restorations, or compare two runs of scores",
                                       run};
