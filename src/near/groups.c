/* Groups by union and find. The root of a group is always its best, so that no second look is
 * needed; paths are halved on the way. */
#include <stdlib.h>

#include "near/near.h"

static int root_of(int *group, int i) {
  while (group[i] != i) {
    group[i] = group[group[i]];
    i = group[i];
  }
  return i;
}

int kz_near_groups(const struct kz_near_pairs *p, unsigned kinds, int n, const double *quality,
                   int *group, struct kz_err *err) {
  for (int i = 0; i < n; i++) group[i] = i;
  for (int k = 0; k < p->count; k++) {
    const struct kz_near_pair *pair = &p->pair[k];
    if (pair->a < 0 || pair->a >= n || pair->b < 0 || pair->b >= n)
      return kz_err_set(err, KZ_ERANGE, "a pair of %d and %d among %d pictures", pair->a, pair->b,
                        n);
    if (!(kinds >> pair->kind & 1)) continue;
    int a = root_of(group, pair->a), b = root_of(group, pair->b);
    int best = quality[a] > quality[b] || (!(quality[b] > quality[a]) && a < b) ? a : b;
    group[a] = group[b] = best;
  }
  for (int i = 0; i < n; i++) group[i] = root_of(group, i);
  return 0;
}

void kz_near_pairs_release(struct kz_near_pairs *p) {
  free(p->pair);
  *p = (struct kz_near_pairs){0};
}
