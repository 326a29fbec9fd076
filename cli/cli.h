/* What the commands share: the table of commands, a parser driven by tables, a progress line,
 * interruption, error reports. Commands wire the library together through include/kizil only and
 * do no arithmetic of their own.
 *
 * A command is one file, cmd_<name>.c, which defines `const struct kz_command kz_cmd_<name>`; it
 * needs a declaration below, a line in main.c's table and one in cli/meson.build. Its shape:
 *
 *   struct args { const char *image, *out; bool force; struct kz_restore_options o; };
 *
 *   static int run(int argc, char **argv) {
 *     struct args a = {0};
 *     const struct kz_cli_positional positionals[] = {
 *         {"IMAGE", &a.image, "photograph to restore", false}, {0}};
 *     const struct kz_cli_option options[] = {
 *         {.name = "output", .letter = 'o', .value = "FILE", .text = &a.out, .required = true,
 *          .help = "where to write"},
 *         {.name = "force", .flag = &a.force, .help = "replace files that are there"}, {0}};
 *     const struct kz_cli_parser parser = {
 *         .command = &kz_cmd_restore, .positionals = positionals, .options = options,
 *         .tables = {{kz_restore_params, &a.o}}};
 *     int status = kz_cli_parse(&parser, argc, argv);
 *     if (status >= 0) return status;       // --help was printed, or the usage was wrong
 *     struct kz_err err;
 *     if (work(&a, &err)) { status = kz_cli_fail(&err); goto out; }
 *     status = 0;
 *   out:
 *     kz_cli_release(&parser);              // strings in the tables
 *     return status;
 *   }
 */
#ifndef KZ_CLI_H
#define KZ_CLI_H

#include <stdbool.h>

#include <kizil/err.h>
#include <kizil/param.h>

/* Exit statuses. */
enum { KZ_EXIT_OK = 0, KZ_EXIT_FAILURE = 1, KZ_EXIT_USAGE = 2, KZ_EXIT_INTERRUPTED = 130 };

struct kz_command {
  const char *name;    /* "restore" */
  const char *summary; /* one line, for `kizil --help` */
  int (*run)(int argc, char **argv); /* argv[0] is the command's name; returns the exit status */
};

extern const struct kz_command kz_cmd_caption, kz_cmd_damage, kz_cmd_dataset, kz_cmd_eval,
    kz_cmd_features, kz_cmd_page, kz_cmd_pick, kz_cmd_replay, kz_cmd_restore, kz_cmd_sample,
    kz_cmd_sheet, kz_cmd_study, kz_cmd_train, kz_cmd_verify;

/* ---- parsing ---- */

/* An argument without a dash. Ends with a NULL name; those that are optional come last. */
struct kz_cli_positional {
  const char *name; /* "IMAGE" */
  const char **text; /* points into argv afterwards; untouched if the argument is absent */
  const char *help;
  bool optional;
};

/* Arguments without a dash after the positionals, any number. */
struct kz_cli_rest {
  const char *name;   /* "FILE" */
  const char **texts; /* room for all of argv; point into it afterwards */
  int *count;
  const char *help;
};

/* An option that is not in a parameter table: text or flag. Ends with a NULL name. Written
 * `--name value`, `--name=value`, `-o value`; flags `--name`, `--no-name`. */
struct kz_cli_option {
  const char *name;  /* "mask" */
  char letter;       /* 'o' for -o, or 0 */
  const char *value; /* what stands for the value in the help: "FILE"; text options only */
  const char *help;
  const char **text; /* exactly one of text and flag is set; text points into argv afterwards */
  bool *flag;
  bool required;
  const char **each; /* of a text option that may be given again: every value, room for all of argv */
  int *count;        /* of these */
};

/* A parameter table and the struct it describes: `--name value` or `--name=value` for each entry,
 * `--name`, `--no-name` for BOOL. Ends with NULL params. */
struct kz_cli_table {
  const struct kz_param *params;
  void *options;
};

struct kz_cli_parser {
  const struct kz_command *command;
  const struct kz_cli_positional *positionals; /* may be NULL */
  const struct kz_cli_rest *rest;              /* may be NULL: none are taken */
  const struct kz_cli_option *options;         /* may be NULL */
  struct kz_cli_table tables[6];
  const char *notes; /* paragraphs after the options in --help: examples; may be NULL */
  /* Do not reset the tables to their defaults first: for a second pass of the command line over
   * values that came from a configuration file. */
  bool keep;
};

/* Parse. Tables get their defaults (and KIZIL_THREADS for "threads"), then what the line says.
 * Returns -1 to go on, or the exit status: 0 when --help was printed, 2 after a usage error
 * (reported on stderr, tables released). */
int kz_cli_parse(const struct kz_cli_parser *p, int argc, char **argv);
/* Free the strings in the tables. */
void kz_cli_release(const struct kz_cli_parser *p);

/* ---- reports ---- */

/* Print "kizil COMMAND: message" on stderr; return 1. */
int kz_cli_fail(const struct kz_err *err);
/* The same for a wrong use, with a pointer to --help; return 2. */
int kz_cli_usage(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
/* The same without ending: "kizil COMMAND: warning: ...". */
void kz_cli_warn(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* A line on stderr that replaces itself on a terminal (at most ten times a second); elsewhere a
 * plain line about every ten seconds. Start with {0}. */
struct kz_cli_progress {
  double shown; /* when the last line was shown */
  int width;    /* of the line on the terminal */
};
void kz_cli_progress(struct kz_cli_progress *p, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
/* Take the line away (terminal), so that something else can be printed. */
void kz_cli_progress_end(struct kz_cli_progress *p);

/* "1 h 04 min", "3 min 20 s", "2.4 s"; returns buf. */
const char *kz_cli_duration(double seconds, char buf[32]);
double kz_cli_now(void); /* monotonic seconds */

/* ---- the process ---- */

/* From now on the first SIGINT or SIGTERM sets a flag, the second ends the process. */
void kz_cli_catch_interrupts(void);
bool kz_cli_interrupted(void);

/* The default model: $KIZIL_MODEL, or models/kizil-base.safetensors beside the program's folder
 * (a build tree), or the installed one. Returns buf, holding the place it should be at if it is
 * nowhere. */
const char *kz_cli_default_model(char *buf, int size);

#endif
