/* kizil study: a blind page for experts, or what their answers say. */
#include <stdio.h>
#include <stdlib.h>

#include <kizil/image.h>
#include <kizil/study.h>

#include "cli.h"

struct args {
  const char *list, *key, *out;
  const char **answers; /* [count] */
  int count;
  struct kz_study_options o;
};

static const char notes[] =
    "LIST.csv names its columns in the first line: original, mask, if you like group, and a\n"
    "column for each method with the paths of its results. Relative paths start from the current\n"
    "folder. Every picture is shown with every two methods' results. Give FOLDER/page to the\n"
    "raters, whole (they open index.html, no network needed), and keep FOLDER/key.json, which\n"
    "tells which result is whose. Each rater sends back a file answers-CODE.json.\n"
    "\n"
    "--key takes these files and tells, for each pair of methods and group, which is preferred,\n"
    "with intervals, and how far raters agree with each other and with themselves.\n"
    "\n"
    "  kizil study --list results.csv -o study --title \"Cave 17\"\n"
    "  kizil study --key study/key.json answers-*.json -o outcome.json\n"
    "\n"
    "Exit status: 0 done, 1 something failed, 2 wrong usage, 130 interrupted.";

static bool stop(void *user) {
  (void)user;
  return kz_cli_interrupted();
}

static void progress(void *user, int done, int total) {
  kz_cli_progress(user, "%d of %d pictures", done, total);
}

static int make(const struct args *a, struct kz_err *err) {
  struct kz_cli_progress line = {0};
  struct kz_study_made made;
  const struct kz_study_host host = {.user = &line, .stop = stop, .progress = progress};
  int code = kz_image_startup("kizil", 0, err);
  if (!code) code = kz_study_make(a->list, a->out, &a->o, &host, &made, err);
  kz_cli_progress_end(&line);
  if (!code)
    printf("%d pictures, %d methods: %d trials, %d of them repeats\n"
           "for the raters: %s/page (they open index.html)\n"
           "for you alone:  %s/key.json (tells which result is whose)\n", made.pictures,
           made.methods, made.trials, made.repeats, a->out, a->out);
  kz_image_shutdown();
  return code;
}

static int analyse(const struct args *a, struct kz_err *err) {
  struct kz_study_analysis *s = NULL;
  int code = kz_study_analyse(a->key, a->answers, a->count, &a->o, &s, err);
  if (!code && a->out) code = kz_study_analysis_write(s, a->out, err);
  char *text = code ? NULL : kz_study_analysis_table(s);
  if (!code && !text) code = kz_err_set(err, KZ_ENOMEM, "no memory for the table");
  if (text) fputs(text, stdout);
  free(text);
  kz_study_analysis_free(s);
  return code;
}

static int check_usage(const struct args *a) {
  if (!!a->list == !!a->key)
    return kz_cli_usage("give either --list LIST.csv or --key KEY.json ANSWERS.json...");
  if (a->list && a->count) return kz_cli_usage("one argument too many: '%s'", a->answers[0]);
  if (a->list && !a->out) return kz_cli_usage("-o FOLDER is missing");
  if (a->key && !a->count) return kz_cli_usage("--key needs files of answers");
  return -1;
}

static int run_with(struct args *a, int argc, char **argv) {
  struct kz_err err = {0};
  const struct kz_cli_rest rest = {.name = "ANSWERS.json", .texts = a->answers, .count = &a->count,
                                   .help = "with --key: what raters sent back"};
  const struct kz_cli_option options[] = {
      {.name = "list", .value = "LIST.csv", .text = &a->list, .help = "pictures and results"},
      {.name = "key", .value = "KEY.json", .text = &a->key, .help = "the study to analyse"},
      {.name = "output", .letter = 'o', .value = "FOLDER", .text = &a->out,
       .help = "where to write (with --key a JSON file, or nothing)"},
      {0}};
  const struct kz_cli_parser parser = {.command = &kz_cmd_study,
                                       .rest = &rest,
                                       .options = options,
                                       .tables = {{kz_study_params, &a->o}},
                                       .notes = notes};
  int status = kz_cli_parse(&parser, argc, argv);
  if (status >= 0) return status;
  status = check_usage(a);
  if (status < 0) {
    kz_cli_catch_interrupts();
    int code = a->list ? make(a, &err) : analyse(a, &err);
    status = code ? kz_cli_fail(&err) : KZ_EXIT_OK;
    if (code == KZ_EINTR) status = KZ_EXIT_INTERRUPTED;
  }
  kz_cli_release(&parser);
  return status;
}

static int run(int argc, char **argv) {
  struct args a = {.answers = calloc((size_t)argc, sizeof *a.answers)};
  struct kz_err err;
  if (!a.answers) {
    kz_err_set(&err, KZ_ENOMEM, "no memory for %d arguments", argc);
    return kz_cli_fail(&err);
  }
  int status = run_with(&a, argc, argv);
  free(a.answers);
  return status;
}

const struct kz_command kz_cmd_study = {"study", "ask experts, blind, which result they prefer",
                                        run};
