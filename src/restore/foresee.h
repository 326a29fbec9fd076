/* What a restoration would take, without the network. */
#ifndef KZ_RESTORE_FORESEE_H
#define KZ_RESTORE_FORESEE_H

#include <kizil/candidates.h>

#include "restore/sample.h"

struct kz__forecast {
  int width, height;
  int64_t damaged;       /* px */
  int regions, unfilled; /* by what is known around them */
  int tiles;
  int64_t calls;         /* of the network, all candidates together */
  double megapixels;     /* that it computes in them */
};
/* Every refusal of kz__candidates that comes before the network. */
int kz__foresee(const struct kz__denoise *denoise, const struct kz_candidates_job *job,
                const struct kz_restore_options *options,
                const struct kz_candidates_options *candidates, struct kz__forecast *out,
                struct kz_err *err);
/* The same with the network of a restorer, which is not called. */
int kz__restorer_foresee(struct kz_restorer *r, const struct kz_candidates_job *job,
                         const struct kz_restore_options *options,
                         const struct kz_candidates_options *candidates,
                         struct kz__forecast *out, struct kz_err *err);

#endif
