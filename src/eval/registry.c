/* The list of metrics, in the order of columns and tables. */
#include <string.h>

#include "eval/metric.h"

const struct kz_eval_metric *const kz_eval_metrics[] = {
    &kz__metric_psnr,        &kz__metric_hole_psnr, &kz__metric_ssim,    &kz__metric_lpips,
    &kz__metric_border_rmse, &kz__metric_border_jump, &kz__metric_edge_f1, &kz__metric_frechet,
    &kz__metric_outside,     NULL,
};
_Static_assert(sizeof kz_eval_metrics / sizeof *kz_eval_metrics - 1 <= KZ__METRICS,
               "more metrics than rows have room for");

int kz__metric_index(const char *name) {
  for (int i = 0; kz_eval_metrics[i]; i++)
    if (!strcmp(kz_eval_metrics[i]->name, name)) return i;
  return -1;
}

const struct kz_eval_metric *kz_eval_metric_find(const char *name) {
  int i = kz__metric_index(name);
  return i < 0 ? NULL : kz_eval_metrics[i];
}
