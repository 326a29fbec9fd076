/* The command-line parser: positionals, text and flag options, and parameter tables, all from
 * descriptions, so that --help cannot disagree with what is accepted. */
#include "cli.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "main.h"

static const struct kz_cli_positional no_positionals[1];
static const struct kz_cli_option no_options[1];
enum { MAX_OPTIONS = 32 };

struct parse {
  const struct kz_cli_parser *p;
  const struct kz_cli_positional *next; /* positional to fill */
  const struct kz_cli_option *options;
  bool seen[MAX_OPTIONS]; /* by position in options */
  int argc, at;
  char **argv;
};

/* ---- help ---- */

static const struct kz_cli_positional *positionals_of(const struct kz_cli_parser *p) {
  return p->positionals ? p->positionals : no_positionals;
}

static const struct kz_cli_option *options_of(const struct kz_cli_parser *p) {
  return p->options ? p->options : no_options;
}

void kz_cli_usage_line(const struct kz_cli_parser *p, FILE *to) {
  fprintf(to, "kizil %s", p->command->name);
  for (const struct kz_cli_positional *a = positionals_of(p); a->name; a++)
    fprintf(to, a->optional ? " [%s]" : " %s", a->name);
  if (p->rest) fprintf(to, " [%s...]", p->rest->name);
  for (const struct kz_cli_option *o = options_of(p); o->name; o++) {
    if (!o->required) continue;
    if (o->letter)
      fprintf(to, " -%c %s", o->letter, o->value);
    else
      fprintf(to, " --%s %s", o->name, o->value);
  }
  fputs(" [OPTION...]", to);
}

static void print_option(const struct kz_cli_option *o) {
  int width = printf("  ");
  if (o->letter) width += printf("-%c, ", o->letter);
  width += printf("--%s%s%s", o->name, o->text ? " " : "", o->text ? o->value : "");
  printf("%*s%s\n", width < 24 ? 24 - width : 1, "", o->help);
}

static void print_help(const struct kz_cli_parser *p) {
  printf("usage: ");
  kz_cli_usage_line(p, stdout);
  printf("\n\n%s\n", p->command->summary);
  if (positionals_of(p)->name || p->rest) printf("\n");
  for (const struct kz_cli_positional *a = positionals_of(p); a->name; a++)
    printf("  %-21s %s\n", a->name, a->help);
  if (p->rest) printf("  %-21s %s\n", p->rest->name, p->rest->help);
  printf("\noptions:\n");
  for (const struct kz_cli_option *o = options_of(p); o->name; o++) print_option(o);
  for (const struct kz_cli_table *t = p->tables; t->params; t++) kz_params_help(t->params, stdout);
  printf("  -h, --help            show this\n");
  if (p->notes) printf("\n%s\n", p->notes);
}

/* ---- one argument ---- */

static const struct kz_cli_table *table_with(const struct kz_cli_parser *p, const char *name) {
  for (const struct kz_cli_table *t = p->tables; t->params; t++)
    if (kz_param_find(t->params, name)) return t;
  return NULL;
}

static const struct kz_cli_option *find_option(const struct parse *s, const char *name) {
  for (const struct kz_cli_option *o = s->options; o->name; o++)
    if (!strcmp(o->name, name)) return o;
  return NULL;
}

static void consider(const char *candidate, const char *name, const char **nearest, int *least) {
  int distance = kz_name_distance(candidate, name);
  if (distance > *least) return;
  *least = distance - 1;
  *nearest = candidate;
}

static int unknown_option(const struct parse *s, const char *name) {
  const char *nearest = NULL;
  int least = (int)strlen(name) / 2;
  for (const struct kz_cli_option *o = s->options; o->name; o++)
    consider(o->name, name, &nearest, &least);
  for (const struct kz_cli_table *t = s->p->tables; t->params; t++)
    for (const struct kz_param *q = t->params; q->name; q++)
      consider(q->name, name, &nearest, &least);
  consider("help", name, &nearest, &least);
  if (nearest) return kz_cli_usage("no option '--%s'; did you mean '--%s'?", name, nearest);
  return kz_cli_usage("no option '--%s'", name);
}

/* The value of an option: after '=', or the next argument, which may start with a dash only if it
 * looks like a number or is "-" itself. */
static const char *take_value(struct parse *s, const char *attached) {
  if (attached) return attached;
  if (s->at + 1 >= s->argc) return NULL;
  const char *next = s->argv[s->at + 1];
  bool dashed = next[0] == '-' && next[1] && !strchr(".0123456789", next[1]);
  if (dashed) return NULL;
  s->at++;
  return next;
}

static int apply_option(struct parse *s, const struct kz_cli_option *o, const char *shown,
                        const char *attached, bool negated) {
  s->seen[o - s->options] = true;
  if (o->flag) {
    if (attached) return kz_cli_usage("%s takes no value", shown);
    *o->flag = !negated;
    return -1;
  }
  const char *value = negated ? NULL : take_value(s, attached);
  if (negated) return kz_cli_usage("--no-%s: only a flag can be negated", o->name);
  if (!value) return kz_cli_usage("%s needs a value: %s", shown, o->value);
  if (!*value) return kz_cli_usage("%s: the value is empty", shown);
  *o->text = value;
  if (o->each) o->each[(*o->count)++] = value;
  return -1;
}

static int apply_param(struct parse *s, const struct kz_cli_table *t, const char *name,
                       const char *attached, bool negated) {
  const struct kz_param *q = kz_param_find(t->params, name);
  const char *value;
  struct kz_err err;
  if (q->type == KZ_PARAM_BOOL)
    value = negated ? "no" : attached ? attached : "yes";
  else
    value = negated ? NULL : take_value(s, attached);
  if (negated && (attached || q->type != KZ_PARAM_BOOL))
    return kz_cli_usage("--no-%s: only a flag can be negated, and it takes no value", name);
  if (!value) return kz_cli_usage("--%s needs a value", name);
  if (kz_params_set(t->params, t->options, name, value, &err)) return kz_cli_usage("--%s", err.msg);
  return -1;
}

static int parse_long(struct parse *s, const char *text) {
  char name[64];
  size_t len = strcspn(text, "=");
  const char *attached = text[len] ? text + len + 1 : NULL;
  if (len >= sizeof name) return kz_cli_usage("no option '--%s'", text);
  memcpy(name, text, len);
  name[len] = '\0';
  if (!strcmp(name, "help")) {
    if (attached)
      return kz_cli_help_form(s->p, attached, s->argc - s->at - 1, s->argv + s->at + 1);
    print_help(s->p);
    return KZ_EXIT_OK;
  }
  bool negated = false;
  const char *known = name;
  if (!find_option(s, known) && !table_with(s->p, known) && !strncmp(name, "no-", 3)) {
    known += 3;
    negated = true;
  }
  const struct kz_cli_option *o = find_option(s, known);
  const struct kz_cli_table *t = table_with(s->p, known);
  char shown[80];
  snprintf(shown, sizeof shown, "--%s", known);
  if (o) return apply_option(s, o, shown, attached, negated);
  if (t) return apply_param(s, t, known, attached, negated);
  return unknown_option(s, name);
}

static int parse_letter(struct parse *s, const char *text) {
  char shown[3] = {'-', text[0], '\0'};
  if (text[0] == 'h') {
    print_help(s->p);
    return KZ_EXIT_OK;
  }
  for (const struct kz_cli_option *o = s->options; o->name; o++)
    if (o->letter == text[0])
      return apply_option(s, o, shown, text[1] ? text + 1 + (text[1] == '=') : NULL, false);
  return kz_cli_usage("no option '-%c'", text[0]);
}

static int parse_positional(struct parse *s, const char *text) {
  const struct kz_cli_rest *rest = s->p->rest;
  if (!s->next->name && !rest) return kz_cli_usage("'%s' is one argument too many", text);
  if (!*text) return kz_cli_usage("%s is empty", s->next->name ? s->next->name : rest->name);
  if (!s->next->name) {
    rest->texts[(*rest->count)++] = text;
    return -1;
  }
  *s->next->text = text;
  s->next++;
  return -1;
}

/* ---- the line ---- */

static int apply_environment(const struct kz_cli_parser *p) {
  const char *threads = getenv("KIZIL_THREADS");
  const struct kz_cli_table *t = threads && *threads ? table_with(p, "threads") : NULL;
  struct kz_err err;
  if (t && kz_params_set(t->params, t->options, "threads", threads, &err))
    return kz_cli_usage("KIZIL_THREADS: %s", err.msg);
  return -1;
}

static int check_complete(const struct parse *s) {
  if (s->next->name && !s->next->optional) return kz_cli_usage("%s is missing", s->next->name);
  for (const struct kz_cli_option *o = s->options; o->name; o++)
    if (o->required && !s->seen[o - s->options])
      return kz_cli_usage("--%s %s is missing", o->name, o->value);
  return -1;
}

static int parse_line(struct parse *s) {
  bool only_positionals = false;
  int status = -1;
  for (s->at = 1; s->at < s->argc && status < 0; s->at++) {
    const char *text = s->argv[s->at];
    if (only_positionals || text[0] != '-' || !text[1])
      status = parse_positional(s, text);
    else if (!strcmp(text, "--"))
      only_positionals = true;
    else if (text[1] == '-')
      status = parse_long(s, text + 2);
    else
      status = parse_letter(s, text + 1);
  }
  return status < 0 ? check_complete(s) : status;
}

int kz_cli_parse(const struct kz_cli_parser *p, int argc, char **argv) {
  struct parse s = {
      .p = p, .next = positionals_of(p), .options = options_of(p), .argc = argc, .argv = argv};
  int status = -1;
  if (!p->keep) {
    for (const struct kz_cli_table *t = p->tables; t->params; t++)
      kz_params_defaults(t->params, t->options);
    status = apply_environment(p);
  }
  if (status < 0) status = parse_line(&s);
  if (status >= 0) kz_cli_release(p);
  return status;
}

void kz_cli_release(const struct kz_cli_parser *p) {
  for (const struct kz_cli_table *t = p->tables; t->params; t++)
    kz_params_release(t->params, t->options);
}
