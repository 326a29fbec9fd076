/* The subcommands of `kizil dataset`: each is a command of its own, in cli/dataset_<name>.c, named
 * "dataset <name>" in messages and help. */
#ifndef KZ_CLI_DATASET_H
#define KZ_CLI_DATASET_H

#include <stdint.h>

#include "cli.h"

extern const struct kz_command kz_dataset_init, kz_dataset_add, kz_dataset_screen,
    kz_dataset_review, kz_dataset_clean, kz_dataset_split,
    kz_dataset_caption, kz_dataset_info, kz_dataset_export, kz_dataset_import,
    kz_dataset_report;

/* For struct kz_catalogue_host, whose `user` is a session; {0} at the start. */
struct kz_dataset_session {
  struct kz_cli_progress progress;
  int64_t failed;
};
bool kz_dataset_stop(void *user);
void kz_dataset_failed(void *user, const char *message);
/* Take the progress away and say how many `what` were not named. */
void kz_dataset_session_end(struct kz_dataset_session *s, const char *what);

#endif
