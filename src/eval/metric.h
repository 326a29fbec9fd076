/* What a metric sees: a pair of pictures with their mask, or the features of a group. A metric is a
 * file with a `struct kz_eval_metric` and a line in registry.c. */
#ifndef KZ_EVAL_METRIC_H
#define KZ_EVAL_METRIC_H

#include <math.h>

#include <kizil/eval.h>
#include <kizil/image.h>

#include "model/lpips.h"

enum { KZ__METRICS = 16 }; /* room for */

/* All of one size; the pictures RGB, the mask 255 where damaged. */
struct kz__scene {
  struct kz_pixels original, mask, result;
  struct kz_pixels grey[2];    /* luma of original and result, 8-bit */
  int64_t damaged;             /* pixels */
  struct kz_lpips *net;        /* for metrics that need one, else NULL */
  float *pooled;               /* NULL, or [2, channels]: where LPIPS leaves the deepest features */
};

/* Load, check the sizes, count, make grey. On failure nothing is held. */
int kz__scene_load(struct kz__scene *s, const char *original, const char *mask, const char *result,
                   struct kz_err *err);
void kz__scene_release(struct kz__scene *s);

static inline bool kz__is_hole(const struct kz__scene *s, int64_t i) {
  return s->mask.data[i] > 127;
}

/* Rows of pooled features, [n, d] each. */
struct kz__features {
  int n, d;
  const float *original, *result;
};

int kz__metric_index(const char *name); /* in kz_eval_metrics; -1 */

extern const struct kz_eval_metric kz__metric_psnr, kz__metric_hole_psnr, kz__metric_ssim,
    kz__metric_lpips, kz__metric_border_rmse, kz__metric_border_jump, kz__metric_edge_f1,
    kz__metric_frechet, kz__metric_outside;

#endif
