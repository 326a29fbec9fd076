/* Where several fills of the same damage disagree, and which of them to look at first. */
#ifndef KZ_RESTORE_DOUBT_H
#define KZ_RESTORE_DOUBT_H

#include <kizil/candidates.h>

#include "restore/evidence.h"
#include "restore/repair.h"

/* Fills of one damage, in the order of their numbers. */
struct kz__fills {
  const struct kz__holes *holes; /* borrowed */
  int count;
  uint16_t *rgb;  /* [count, holes->count, 3] sRGB */
  float *linear;  /* [65536] light of a sample */
};
int kz__fills_init(struct kz__fills *f, const struct kz__holes *h, int count, struct kz_err *err);
void kz__fills_release(struct kz__fills *f);
uint16_t *kz__fills_at(const struct kz__fills *f, int k, int64_t pixel);

/* doubt [holes->count]: the standard deviation (n - 1) over the fills, delta E. */
void kz__fills_doubt(const struct kz__fills *f, float *doubt);
/* Mean and 95th percentile of each region. */
int kz__regions_doubt(struct kz__regions *g, const struct kz__holes *h, const float *doubt,
                      struct kz_err *err);
/* off_mean, step, score and rank, over the regions that are filled; all 0, ranked by number, if
 * none is. */
int kz__fills_rank(const struct kz__fills *f, const struct kz__regions *g,
                   const struct kz__known *known, struct kz_candidate *list, struct kz_err *err);

/* Pictures as large as the image, of which only the damage is in memory. */
int kz__doubt_save(const struct kz__holes *h, const float *doubt, const char *path,
                   struct kz_err *err);
int kz__heat_save(const struct kz__holes *h, const float *doubt, const char *path,
                  struct kz_err *err);
/* White where `h` is, 1 bit. */
int kz__holes_save(const struct kz__holes *h, const char *path, struct kz_err *err);

#endif
