/* kizil: finds the command and runs it. The table below is the list of commands. */
#include <stdio.h>
#include <string.h>

#include "cli.h"
#include "main.h"

static const struct kz_command *const commands[] = {
    &kz_cmd_caption,
    &kz_cmd_damage,
    &kz_cmd_dataset,
    &kz_cmd_eval,
    &kz_cmd_features,
    &kz_cmd_page,
    &kz_cmd_pick,
    &kz_cmd_replay,
    &kz_cmd_restore,
    &kz_cmd_sample,
    &kz_cmd_sheet,
    &kz_cmd_study,
    &kz_cmd_train,
    &kz_cmd_verify,
    NULL,
};

static const struct kz_cli_index kizil = {
    .usage = "COMMAND [ARGUMENT...]",
    .summary = "restores damaged wall paintings on screen",
    .commands = commands,
    .notes = "'kizil COMMAND --help' tells more; 'kizil --version' names the version."};

static int print_help(void) {
  printf("usage: kizil %s\n\n%s\n\ncommands:\n", kizil.usage, kizil.summary);
  for (int i = 0; commands[i]; i++)
    printf("  %-10s %s\n", commands[i]->name, commands[i]->summary);
  printf("  %-10s %s\n\n%s\n", "help", "show this, or the help of a command", kizil.notes);
  return KZ_EXIT_OK;
}

static int print_version(void) {
  printf("kizil %s\n", KZ_VERSION);
  return KZ_EXIT_OK;
}

static const struct kz_command *find_command(const char *name) {
  for (int i = 0; commands[i]; i++)
    if (!strcmp(commands[i]->name, name)) return commands[i];
  return NULL;
}

static int unknown_command(const char *name) {
  const char *nearest = NULL;
  int least = (int)strlen(name) / 2 + 1; /* further off is no help */
  for (int i = 0; commands[i]; i++) {
    int distance = kz_name_distance(commands[i]->name, name);
    if (distance > least) continue;
    least = distance - 1;
    nearest = commands[i]->name;
  }
  if (nearest) return kz_cli_usage("no command '%s'; did you mean '%s'?", name, nearest);
  return kz_cli_usage("no command '%s'", name);
}

static int run_command(int argc, char **argv) {
  const struct kz_command *command = find_command(argv[0]);
  if (!command) return unknown_command(argv[0]);
  kz_cli_set_command(command->name);
  int status = command->run(argc, argv);
  if (fflush(stdout) || ferror(stdout)) {
    fprintf(stderr, "kizil %s: cannot write to standard output\n", command->name);
    return status ? status : KZ_EXIT_FAILURE;
  }
  return status;
}

/* kizil help [COMMAND] */
static int help_on(int argc, char **argv) {
  if (argc == 0) return print_help();
  char *with_help[] = {argv[0], "--help", NULL};
  return run_command(2, with_help);
}

int main(int argc, char **argv) {
  if (argc < 2) {
    kz_cli_usage("no command given");
    return KZ_EXIT_USAGE;
  }
  const char *first = argv[1];
  int status = kz_cli_index_form(&kizil, argc, argv);
  if (status >= 0) return status;
  if (!strcmp(first, "--help") || !strcmp(first, "-h")) return print_help();
  if (!strcmp(first, "--version") || !strcmp(first, "-V")) return print_version();
  if (!strcmp(first, "help")) return help_on(argc - 2, argv + 2);
  if (first[0] == '-') return kz_cli_usage("no option '%s' before a command", first);
  return run_command(argc - 1, argv + 1);
}
