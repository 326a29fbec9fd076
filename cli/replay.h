/* A recorded result made again, for the commands that do so. */
#ifndef KZ_REPLAY_H
#define KZ_REPLAY_H

#include <kizil/restoration.h>

/* Load the recorded model (or places->model) and make the result again as `out`; errors are
 * reported. The exit status: 0 with *result, 1, 130 interrupted. libvips has been started. */
int kz_cli_replay(const char *record, const struct kz_record_places *places, const char *out,
                  bool overwrite, struct kz_restoration_replay *result);

#endif
