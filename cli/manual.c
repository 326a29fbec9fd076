/* Manual pages from what --help is printed from, so that neither can know what the other does not.
 * Pages are written for any man(7) reader: no macros beyond TH, SH, PP, TP, nf, fi. They carry no
 * date, as the same source gives the same page. */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "main.h"

/* ---- text that roff leaves alone ---- */

static void put(const char *text, int length) {
  for (int i = 0; i < length; i++) {
    if ((text[i] == '.' || text[i] == '\'') && i == 0)
      printf("\\&%c", text[i]);
    else if (text[i] == '\\')
      printf("\\e");
    else if (text[i] == '-')
      printf("\\-");
    else
      putchar(text[i]);
  }
}

static void put_line(const char *text) {
  put(text, (int)strlen(text));
  putchar('\n');
}

/* "-o, --output FILE": what is typed is bold, what is replaced is slanted. */
static void put_term(const char *text) {
  while (*text) {
    int length = (int)strcspn(text, " ,");
    printf(text[0] == '-' ? "\\fB" : "\\fI");
    put(text, length);
    printf("\\fR");
    for (text += length; *text == ' ' || *text == ','; text++) putchar(*text);
  }
  putchar('\n');
}

/* Paragraphs as in --help: lines that start with a space stay lines, others flow. */
static void put_notes(const char *notes) {
  bool verbatim = false;
  for (const char *line = notes, *next; *line; line = next) {
    int length = (int)strcspn(line, "\n");
    next = line + length + (line[length] == '\n');
    if (verbatim != (line[0] == ' ')) {
      if (!verbatim)
        printf(".PP\n.nf\n");
      else
        printf(length ? ".fi\n.PP\n" : ".fi\n"); /* an empty line says .PP itself, below */
      verbatim = !verbatim;
    }
    if (!length && *next != ' ' && *next) {
      printf(".PP\n");
    } else if (length) {
      put(line, length);
      putchar('\n');
    }
  }
  if (verbatim) printf(".fi\n");
}

/* ---- parts of a page ---- */

static void begin(const char *name, const char *summary) {
  char page[128];
  snprintf(page, sizeof page, "kizil%s%s", name ? "-" : "", name ? name : "");
  for (char *c = page; *c; c++)
    if (*c == ' ') *c = '-';
  printf(".TH \"");
  for (const char *c = page; *c; c++) putchar(toupper((unsigned char)*c));
  printf("\" 1 \"\" \"kizil %s\" \"kizil\"\n.SH NAME\n", KZ_VERSION);
  put(page, (int)strlen(page));
  printf(" \\- ");
  put_line(summary);
}

static void put_entry(const char *term, const char *help) {
  printf(".TP\n");
  put_term(term);
  put_line(help);
}

static void put_option(const struct kz_cli_option *o) {
  char term[160];
  char letter[8] = "";
  if (o->letter) snprintf(letter, sizeof letter, "-%c, ", o->letter);
  snprintf(term, sizeof term, "%s--%s%s%s", letter, o->name, o->text ? " " : "",
           o->text ? o->value : "");
  put_entry(term, o->help);
}

/* A parameter's term and help by way of a stream in memory: both are written, not returned. */
static int put_param(const struct kz_param *q) {
  char *text[2] = {NULL, NULL};
  size_t size;
  int status = KZ_EXIT_FAILURE;
  for (int i = 0; i < 2; i++) {
    FILE *to = open_memstream(&text[i], &size);
    if (!to) goto out;
    (i ? kz_param_explain : kz_param_term)(q, to);
    if (fclose(to)) goto out;
  }
  put_entry(text[0], text[1]);
  status = KZ_EXIT_OK;
out:
  free(text[0]);
  free(text[1]);
  return status;
}

static void put_arguments(const struct kz_cli_parser *p) {
  const struct kz_cli_positional *a = p->positionals;
  if (!(a && a->name) && !p->rest) return;
  printf(".SH ARGUMENTS\n");
  for (; a && a->name; a++) put_entry(a->name, a->help);
  if (p->rest) put_entry(p->rest->name, p->rest->help);
}

static int put_synopsis(const struct kz_cli_parser *p) {
  char *line = NULL;
  size_t size;
  FILE *to = open_memstream(&line, &size);
  if (!to) return KZ_EXIT_FAILURE;
  kz_cli_usage_line(p, to);
  int failed = fclose(to);
  if (!failed) {
    int named = (int)(strlen("kizil ") + strlen(p->command->name));
    printf(".SH SYNOPSIS\n\\fB");
    put(line, named);
    printf("\\fR");
    put_line(line + named);
  }
  free(line);
  return failed ? KZ_EXIT_FAILURE : KZ_EXIT_OK;
}

/* ---- pages ---- */

int kz_cli_manual(const struct kz_cli_parser *p) {
  int status;
  begin(p->command->name, p->command->summary);
  status = put_synopsis(p);
  if (p->notes) {
    printf(".SH DESCRIPTION\n");
    put_notes(p->notes);
  }
  put_arguments(p);
  printf(".SH OPTIONS\n");
  for (const struct kz_cli_option *o = p->options; o && o->name; o++) put_option(o);
  for (const struct kz_cli_table *t = p->tables; t->params; t++)
    for (const struct kz_param *q = t->params; q->name && !status; q++) status = put_param(q);
  put_entry("-h, --help", "show this");
  printf(".SH SEE ALSO\n");
  if (strchr(p->command->name, ' '))
    printf("\\fBkizil\\-%.*s\\fR(1),\n", (int)strcspn(p->command->name, " "), p->command->name);
  printf("\\fBkizil\\fR(1)\n");
  return status;
}

int kz_cli_manual_index(const struct kz_cli_index *index) {
  const char *before = index->name ? index->name : "", *dash = index->name ? "\\-" : "";
  begin(index->name, index->summary);
  printf(".SH SYNOPSIS\n\\fBkizil%s%s\\fR ", index->name ? " " : "", before);
  put_line(index->usage);
  if (index->notes) {
    printf(".SH DESCRIPTION\n");
    put_notes(index->notes);
  }
  printf(".SH COMMANDS\n");
  for (int i = 0; index->commands[i]; i++) {
    printf(".TP\n\\fB%s\\fR\n", kz_cli_short_name(index->commands[i]));
    put_line(index->commands[i]->summary);
  }
  printf(".SH SEE ALSO\n");
  for (int i = 0; index->commands[i]; i++)
    printf("\\fBkizil\\-%s%s%s\\fR(1)%s\n", before, dash, kz_cli_short_name(index->commands[i]),
           index->commands[i + 1] ? "," : "");
  return KZ_EXIT_OK;
}
