/* What finds commands and what tells of them: main.c and cmd_dataset.c, the parser (options.c), and
 * help in forms for other programs (manual.c, complete.c). `--help=roff` writes a manual page,
 * `--help=complete WORD...` what the last word may become; the build makes the pages with the one,
 * shells ask the other. Both are made from the tables that --help prints. */
#ifndef KZ_MAIN_H
#define KZ_MAIN_H

#include <stdio.h>

#include "cli.h"

/* Name the command that messages start with; NULL for none. */
void kz_cli_set_command(const char *name);

/* A command that is made of commands: kizil itself and kizil dataset. */
struct kz_cli_index {
  const char *name;    /* "dataset"; NULL: kizil itself */
  const char *usage;   /* what follows the name: "COMMAND [ARGUMENT...]" */
  const char *summary; /* one line */
  const struct kz_command *const *commands; /* NULL-ended */
  const char *notes;   /* paragraphs; may be NULL */
};

/* "add" of "dataset add". */
const char *kz_cli_short_name(const struct kz_command *c);

/* "kizil COMMAND ARGUMENT..." without an end of line. */
void kz_cli_usage_line(const struct kz_cli_parser *p, FILE *to);

/* If argv[1] asks for help in a form, give it and return the exit status; -1 if it does not. */
int kz_cli_index_form(const struct kz_cli_index *index, int argc, char **argv);
/* The same for one command; `words` are those that follow --help=FORM. */
int kz_cli_help_form(const struct kz_cli_parser *p, const char *form, int count, char **words);

/* A manual page on standard output. */
int kz_cli_manual(const struct kz_cli_parser *p);
int kz_cli_manual_index(const struct kz_cli_index *index);

/* What the last of `words` may become, "word<TAB>what it is" by line; nothing where a file is
 * wanted. */
void kz_cli_complete(const struct kz_cli_parser *p, int count, char **words);
void kz_cli_complete_index(const struct kz_cli_index *index, const char *word);

#endif
