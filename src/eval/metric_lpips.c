/* How different the pictures look, by a network (see model/lpips.h). The deepest features are left
 * behind for the group's Frechet distance. */
#include "eval/metric.h"

static int measure(const struct kz__scene *s, double *value, struct kz_err *err) {
  const int w = s->original.width, h = s->original.height;
  *value = NAN;
  if (w < KZ_LPIPS_MIN || h < KZ_LPIPS_MIN) return 0;
  return kz_lpips_compare(s->net, w, h, s->original.data, s->result.data, value, s->pooled, err);
}

const struct kz_eval_metric kz__metric_lpips = {
    .name = "lpips", .unit = "",
    .help = "perceptual distance, LPIPS v0.1, whole picture; from 32 x 32 px",
    .network = true, .digits = 4, .measure = measure};
