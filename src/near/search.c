/* The search: possible pairs, each looked at until one way of lying is found. */
#include <stdlib.h>
#include <string.h>

#include "near/private.h"

const char *const kz_near_kind_names[KZ_NEAR_KINDS] = {
    "same", "re-encoded", "resized", "turned", "mirrored", "cropped", "overlapping"};

static int keep(struct kz_near_pairs *p, int *room, const struct kz_near_pair *pair,
                struct kz_err *err) {
  if (p->count == *room) {
    int more = *room ? *room * 2 : 64;
    struct kz_near_pair *grown = realloc(p->pair, (size_t)more * sizeof *grown);
    if (!grown) return kz_err_set(err, KZ_ENOMEM, "no memory for %d pairs", more);
    p->pair = grown;
    *room = more;
  }
  p->pair[p->count++] = *pair;
  return 0;
}

/* Items are ordered by pair, and in a pair by how. Locals are asked once, whatever the turn; the
 * rest of a pair that is found is passed over. */
static int look(const struct kz_near_set *s, const struct kz__near_list *l,
                const struct kz_near_host *host, struct kz_near_pairs *out, struct kz_err *err) {
  int room = 0, code = 0;
  uint64_t found = UINT64_MAX, tried = UINT64_MAX;
  for (size_t i = 0; !code && i < l->count; i++) {
    uint64_t item = l->item[i];
    int how = kz__near_maybe_how(item), a = (int)(item >> 38);
    int b = (int)(item >> 12 & (KZ__NEAR_MOST - 1));
    struct kz_near_pair pair = {.a = a, .b = b};
    if (i % 4096 == 0 &&
        kz__near_tell(host, KZ__NEAR_STEPS + (int)(i * (100 - KZ__NEAR_STEPS) / l->count)))
      return kz_err_set(err, KZ_EINTR, "stopped");
    if (item >> 12 == found || (how >= KZ__NEAR_PLAIN && item >> 10 == tried)) continue;
    if (how >= KZ__NEAR_PLAIN) tried = item >> 10;
    if (!kz__near_verify(kz__near_set_get(s, a), kz__near_set_get(s, b), how, &pair)) continue;
    found = item >> 12;
    code = keep(out, &room, &pair, err);
  }
  kz__near_tell(host, 100);
  return code;
}

int kz_near_search(const struct kz_near_set *s, int since, const struct kz_near_host *host,
                   struct kz_near_pairs *out, struct kz_err *err) {
  struct kz__near_list list = {0};
  struct kz_near_pairs pairs = {0};
  int code = kz__near_candidates(s, since, host, &list, err);
  if (!code) code = look(s, &list, host, &pairs, err);
  free(list.item);
  if (code) kz_near_pairs_release(&pairs);
  else *out = pairs;
  return code;
}

bool kz_near_compare(const struct kz_near_print *a, const struct kz_near_print *b,
                     struct kz_near_pair *pair) {
  uint64_t block_a[KZ_NEAR_PACKED / 8], block_b[KZ_NEAR_PACKED / 8];
  struct kz__near_view va, vb;
  kz__near_view_init(&va, a, block_a);
  kz__near_view_init(&vb, b, block_b);
  pair->a = 0;
  pair->b = 1;
  for (int way = 0; a->global && b->global && way < KZ__NEAR_WAYS; way++)
    if (kz__near_verify(&va, &vb, way, pair)) return true;
  return kz__near_verify(&va, &vb, KZ__NEAR_PLAIN, pair) ||
         kz__near_verify(&va, &vb, KZ__NEAR_MIRROR, pair);
}
