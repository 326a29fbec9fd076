/* What a shell may offer for the word at the cursor. The shells' own scripts (completion/) hold no
 * names: they ask the program, which knows its tables, so they cannot fall behind. Nothing is said
 * where a file is wanted; shells then offer files. */
#include <stdio.h>
#include <string.h>

#include "main.h"

const char *kz_cli_short_name(const struct kz_command *c) {
  const char *space = strrchr(c->name, ' ');
  return space ? space + 1 : c->name;
}

static void offer(const char *before, const char *name, const char *word, const char *help) {
  char whole[96];
  snprintf(whole, sizeof whole, "%s%s", before, name);
  if (!strncmp(whole, word, strlen(word))) printf("%s\t%s\n", whole, help);
}

static void offer_options(const struct kz_cli_parser *p, const char *word) {
  for (const struct kz_cli_option *o = p->options; o && o->name; o++)
    offer("--", o->name, word, o->help);
  for (const struct kz_cli_table *t = p->tables; t->params; t++)
    for (const struct kz_param *q = t->params; q->name; q++) {
      char negated[160];
      snprintf(negated, sizeof negated, "not: %s", q->help);
      offer("--", q->name, word, q->help);
      bool useful = q->def != 0 || !strncmp(word, "--no-", 5); /* what is off is seldom negated */
      if (q->type == KZ_PARAM_BOOL && useful) offer("--no-", q->name, word, negated);
    }
  offer("--", "help", word, "show help");
}

static const struct kz_param *find_param(const struct kz_cli_parser *p, const char *name) {
  const struct kz_param *found = NULL;
  for (const struct kz_cli_table *t = p->tables; t->params && !found; t++)
    found = kz_param_find(t->params, name);
  return found;
}

static const struct kz_cli_option *find_text_option(const struct kz_cli_parser *p,
                                                    const char *shown) {
  for (const struct kz_cli_option *o = p->options; o && o->name; o++) {
    bool letter = o->letter && shown[1] == o->letter && !shown[2];
    if (o->text && (letter || (shown[1] == '-' && !strcmp(shown + 2, o->name)))) return o;
  }
  return NULL;
}

/* Whether the word after `shown` is its value; if so, names that it may be are offered. */
static bool offer_value(const struct kz_cli_parser *p, const char *shown, const char *word) {
  if (shown[0] != '-' || !shown[1]) return false;
  if (find_text_option(p, shown)) return true;
  const struct kz_param *q = shown[1] == '-' ? find_param(p, shown + 2) : NULL;
  if (!q || q->type == KZ_PARAM_BOOL) return false;
  for (int i = 0; q->type == KZ_PARAM_CHOICE && q->choices[i]; i++)
    offer("", q->choices[i], word, q->help);
  return true;
}

void kz_cli_complete(const struct kz_cli_parser *p, int count, char **words) {
  if (count < 1) return;
  const char *word = words[count - 1];
  for (int i = 0; i < count - 1; i++)
    if (!strcmp(words[i], "--")) return;
  if (count > 1 && offer_value(p, words[count - 2], word)) return;
  if (word[0] == '-') offer_options(p, word);
}

void kz_cli_complete_index(const struct kz_cli_index *index, const char *word) {
  for (int i = 0; index->commands[i]; i++)
    offer("", kz_cli_short_name(index->commands[i]), word, index->commands[i]->summary);
  offer("--", "help", word, "show help");
  if (!index->name) offer("--", "version", word, "name the version");
}

/* ---- which form ---- */

int kz_cli_help_form(const struct kz_cli_parser *p, const char *form, int count, char **words) {
  if (!strcmp(form, "roff")) return kz_cli_manual(p);
  if (strcmp(form, "complete")) return kz_cli_usage("--help takes no value");
  kz_cli_complete(p, count, words);
  return KZ_EXIT_OK;
}

int kz_cli_index_form(const struct kz_cli_index *index, int argc, char **argv) {
  if (argc < 2 || strncmp(argv[1], "--help=", 7)) return -1;
  if (!strcmp(argv[1] + 7, "roff")) return kz_cli_manual_index(index);
  if (strcmp(argv[1] + 7, "complete")) return kz_cli_usage("--help takes no value");
  if (argc == 3) kz_cli_complete_index(index, argv[2]);
  for (int i = 0; argc > 3 && index->commands[i]; i++) {
    const struct kz_command *c = index->commands[i];
    if (strcmp(kz_cli_short_name(c), argv[2])) continue;
    char *name = argv[2]; /* COMMAND --help=complete WORD... */
    argv[2] = argv[1];
    argv[1] = name;
    kz_cli_set_command(c->name);
    return c->run(argc - 1, argv + 1);
  }
  return KZ_EXIT_OK;
}
