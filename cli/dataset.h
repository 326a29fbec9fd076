/* The subcommands of `kizil dataset`: each is a command of its own, in cli/dataset_<name>.c, named
 * "dataset <name>" in messages and help. */
#ifndef KZ_CLI_DATASET_H
#define KZ_CLI_DATASET_H

#include "cli.h"

extern const struct kz_command kz_dataset_init, kz_dataset_add, kz_dataset_screen,
    kz_dataset_review, kz_dataset_clean, kz_dataset_split,
    kz_dataset_caption, kz_dataset_info, kz_dataset_export, kz_dataset_import,
    kz_dataset_report;

enum { KZ_EXIT_INTERRUPTED = 130 };

#endif
