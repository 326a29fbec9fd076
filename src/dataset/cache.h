/* Decoded images, as many as fit, shared by the threads that cut crops from them. */
#ifndef KZ_DATASET_CACHE_H
#define KZ_DATASET_CACHE_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include <kizil/image.h>

#include "dataset/list.h"

enum kz__entry_state { KZ__ABSENT, KZ__LOADING, KZ__READY, KZ__BAD };

struct kz__entry {
  enum kz__entry_state state;
  bool seen;  /* was decoded before: it may not go bad any more */
  int target; /* length of the short side */
  int pins;   /* threads that read `pixels`; they stay while > 0 */
  uint64_t used; /* when it was pinned last */
  struct kz_pixels pixels;
};

struct kz__cache {
  pthread_mutex_t lock;
  pthread_cond_t changed; /* an entry was loaded, went bad or was unpinned */
  const struct kz__list *list;
  struct kz__log *log;
  struct kz__entry *entries; /* one for each item of the list */
  int short_side;
  int bad;
  int64_t bytes, limit;
  uint64_t clock;
};

int kz__cache_init(struct kz__cache *c, const struct kz__list *list, struct kz__log *log,
                   int short_side, int64_t limit, struct kz_err *err);
void kz__cache_release(struct kz__cache *c);

/* Borrow image i, its short side at least `at_least` px, until kz__cache_unpin. Decodes it if need
 * be, waits if another thread is doing so; `bytes` over the limit drop what was used longest ago.
 * Returns 0; 1 if the image cannot be decoded (logged, and so for ever after); KZ_ENOMEM; or the
 * decoder's code if an image that was decoded before is so no more. */
int kz__cache_pin(struct kz__cache *c, int i, int at_least, const struct kz_pixels **pixels,
                  struct kz_err *err);
void kz__cache_unpin(struct kz__cache *c, int i);

/* Whether image i is absent and would fit without dropping another. */
bool kz__cache_wants(struct kz__cache *c, int i, int at_least);
/* Images not known to be bad. */
int kz__cache_usable(struct kz__cache *c);

#endif
