/* Map, policy, grooming, answers: the same steps for restoring, for picking among candidates and
 * for making again, so that region 7 is region 7 in all three. */
#include "restoration/plan.h"

#include <stdlib.h>

#include <kizil/image.h>

static int load_policy(struct kz_policy *policy, const char *path, struct kz_err *err) {
  if (path) return kz_policy_load(policy, path, err);
  kz_policy_defaults(policy);
  return 0;
}

static int read_map(struct kz__damage *d, const char *image, const char *mask,
                    const struct kz_policy *policy, const struct kz_treat_options *options,
                    struct kz_err *err) {
  struct kz_image_info info;
  struct kz_image *im = NULL;
  int code = kz_image_open(image, &im, err);
  if (code) return code;
  kz_image_get_info(im, &info);
  kz_image_close(im);
  const struct kz_treat_source source = {.format = options->format, .width = info.width,
                                         .height = info.height, .picture = image,
                                         .mask_class = KZ_UNCLASSIFIED};
  return kz_treat_map_load(&d->map, mask, &source, policy, err);
}

static int answer(struct kz__damage *d, const struct kz_treat_options *options,
                  struct kz_err *err) {
  struct kz_treat_plan *plan = &d->plan;
  d->asked = calloc((size_t)plan->region_count + 1, sizeof *d->asked);
  if (!d->asked)
    return kz_err_set(err, KZ_ENOMEM, "no memory for %lld regions", (long long)plan->region_count);
  d->exact = d->map.format == KZ_TREAT_MASK && !plan->dropped && !plan->filled && !plan->dilated;
  for (int64_t i = 0; i < plan->region_count; i++) {
    struct kz_treat_region *r = &plan->regions[i];
    d->asked[i] = r->decision == KZ_ASK;
    if (d->asked[i]) r->decision = options->asked;
    d->exact &= r->decision == KZ_RESTORE;
  }
  return 0;
}

int kz__damage_read(struct kz__damage *d, const char *image, const char *mask, const char *policy,
                    const struct kz_treat_options *options, struct kz_err *err) {
  struct kz_policy p;
  *d = (struct kz__damage){0};
  int code = load_policy(&p, policy, err);
  if (code) return code;
  for (int c = 0; c < KZ_DAMAGE_CLASSES; c++) d->said[c] = p.rule[c].decision;
  code = read_map(d, image, mask, &p, options, err);
  if (!code) code = kz_treat_apply(&d->plan, &d->map, &p, options, err);
  if (!code) code = answer(d, options, err);
  kz_policy_release(&p);
  if (code) kz__damage_release(d);
  return code;
}

void kz__damage_release(struct kz__damage *d) {
  kz_treat_map_release(&d->map);
  kz_treat_plan_release(&d->plan);
  free(d->asked);
  *d = (struct kz__damage){0};
}
