/* kizil dataset: finds the subcommand and runs it, as main.c does with commands. */
#include <stdio.h>
#include <string.h>

#include "dataset.h"
#include "main.h"

static const struct kz_command *const subcommands[] = {
    &kz_dataset_init,
    &kz_dataset_add,
    &kz_dataset_screen,
    &kz_dataset_review,
    &kz_dataset_clean,
    &kz_dataset_split,
    &kz_dataset_caption,
    &kz_dataset_import,
    &kz_dataset_report,
    &kz_dataset_export,
    &kz_dataset_info,
    NULL,
};

static const char summary[] = "gather images into a catalogue, screen, review and export them";

static const struct kz_cli_index dataset = {
    .name = "dataset",
    .usage = "SUBCOMMAND CATALOGUE [ARGUMENT...]",
    .summary = summary,
    .commands = subcommands,
    .notes = "The catalogue is one SQLite file that knows every image that was offered, what was\n"
             "measured of it, and why it is in or out. Images stay where they are.\n\n"
             "  kizil dataset init murals.db\n"
             "  kizil dataset add murals.db photographs scans --meta list.csv\n"
             "  kizil dataset screen murals.db\n"
             "  kizil dataset info murals.db\n\n"
             "'kizil dataset SUBCOMMAND --help' tells more."};

static int print_help(void) {
  printf("usage: kizil dataset %s\n\n%s\n\nsubcommands:\n", dataset.usage, summary);
  for (int i = 0; subcommands[i]; i++)
    printf("  %-10s %s\n", kz_cli_short_name(subcommands[i]), subcommands[i]->summary);
  printf("\noptions:\n  -h, --help            show this, or the help of a subcommand\n\n%s\n",
         dataset.notes);
  return KZ_EXIT_OK;
}

static int unknown_subcommand(const char *name) {
  const char *nearest = NULL;
  int least = (int)strlen(name) / 2 + 1;
  for (int i = 0; subcommands[i]; i++) {
    int distance = kz_name_distance(kz_cli_short_name(subcommands[i]), name);
    if (distance > least) continue;
    least = distance - 1;
    nearest = kz_cli_short_name(subcommands[i]);
  }
  if (nearest) return kz_cli_usage("no subcommand '%s'; did you mean '%s'?", name, nearest);
  return kz_cli_usage("no subcommand '%s'", name);
}

static int run(int argc, char **argv) {
  if (argc < 2) return kz_cli_usage("no subcommand given");
  if (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-h")) return print_help();
  int status = kz_cli_index_form(&dataset, argc, argv);
  if (status >= 0) return status;
  for (int i = 0; subcommands[i]; i++) {
    if (strcmp(kz_cli_short_name(subcommands[i]), argv[1])) continue;
    kz_cli_set_command(subcommands[i]->name);
    return subcommands[i]->run(argc - 1, argv + 1);
  }
  return unknown_subcommand(argv[1]);
}

const struct kz_command kz_cmd_dataset = {"dataset", summary, run};
