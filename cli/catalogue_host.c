/* How the subcommands of `kizil dataset` answer the library while it works: one line of progress,
 * the first faults by name, the rest by number. */
#include "dataset.h"

enum { SHOWN = 20 };

bool kz_dataset_stop(void *user) {
  (void)user;
  return kz_cli_interrupted();
}

void kz_dataset_failed(void *user, const char *message) {
  struct kz_dataset_session *s = user;
  if (++s->failed > SHOWN) return;
  kz_cli_progress_end(&s->progress);
  kz_cli_warn("%s", message);
}

void kz_dataset_session_end(struct kz_dataset_session *s, const char *what) {
  kz_cli_progress_end(&s->progress);
  if (s->failed > SHOWN) kz_cli_warn("%lld more %s", (long long)(s->failed - SHOWN), what);
  s->failed = 0;
}
