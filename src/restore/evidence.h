/* Regions of the damage, and what each of them has to go by. */
#ifndef KZ_RESTORE_EVIDENCE_H
#define KZ_RESTORE_EVIDENCE_H

#include <kizil/candidates.h>

#include "restore/holes.h"

struct kz__regions {
  struct kz_region *list;
  int count;
  int *of_run; /* [run_count]: the region of each run */
  int *runs;   /* [run_count]: runs by region, in raster order within one */
  int *first;  /* [count + 1]: region i's runs are runs[first[i]] to runs[first[i + 1] - 1] */
};
/* Regions with bounds, area, share of known pixels within `ring` px, and distance. The mask is not
 * full. */
int kz__regions_find(struct kz__regions *g, const struct kz__holes *h, int ring,
                     struct kz_err *err);
/* Which of the limits the region's figures are beyond (a doubt of NaN is beyond none), and so
 * whether it is filled. */
void kz__region_decide(struct kz_region *r, const struct kz_candidates_options *o);
void kz__regions_release(struct kz__regions *g);

#endif
