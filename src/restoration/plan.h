/* What is damaged and what is to be done about it, as a job says it. */
#ifndef KZ_RESTORATION_PLAN_H
#define KZ_RESTORATION_PLAN_H

#include <kizil/restoration.h>

struct kz__damage {
  struct kz_treat_map map;   /* as it was given */
  struct kz_treat_plan plan; /* groomed, with decisions; what is asked has been answered */
  enum kz_decision said[KZ_DAMAGE_CLASSES]; /* by the policy, of each class */
  bool *asked;               /* [plan.region_count] the policy asked, whatever the answer was */
  bool exact; /* `mask` is an image, and all that it marks is to be restored */
};
/* Init. `image` (a path; the name of the picture in COCO), `mask` and `policy` (NULL: the default)
 * as in kz_restoration_job. */
int kz__damage_read(struct kz__damage *d, const char *image, const char *mask, const char *policy,
                    const struct kz_treat_options *options, struct kz_err *err);
void kz__damage_release(struct kz__damage *d);

#endif
