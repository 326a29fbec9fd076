/* The pixel loss: weighted |e| and e^2, other weights at t = 1 than elsewhere. */
#include "diffusion/train.h"

/* Pixel loss of samples [first, last) of the batch, and, if it is wanted, its gradient by the
 * output. */
static double pixel_loss(const struct kz__run *r, int first, int last, double l1, double l2,
                         double norm, bool diff) {
  const struct kz__stage *s = &r->stage;
  const struct kz__prepare *p = &s->prepare;
  enum kz_dtype t = kz_graph_dtype(s->graph, s->net.out);
  int64_t pixels = (int64_t)p->size * p->size, at = first * pixels;
  size_t bytes = (size_t)at * 3 * kz_dtype_size(t);
  if (first == last) return 0;
  return r->backend->kernels->loss(t, (last - first) * pixels, 3, (float)l1, (float)l2, norm,
                                   (char *)kz_graph_data(s->graph, s->net.out) + bytes,
                                   p->target + 3 * at, p->weight + at,
                                   diff ? (char *)kz_graph_diff(s->graph, s->net.out) + bytes
                                        : NULL);
}

/* The same for the first `pure` samples with relative weights: the gradient is that of the mean over
 * samples of log(loss_i + KZ__LEAST_LOSS), at the scale of the plain loss. PSNR is such a logarithm; with
 * it crops that are easy are worked on as much as those that are not (compare Chen et al., Simple
 * baselines for image restoration, 2022). Returns the plain loss. */
static double relative_loss(const struct kz__run *r, int pure, double norm) {
  const struct kz__prepare *p = &r->stage.prepare;
  const double l1 = r->o->pure_l1_weight, l2 = r->o->pure_l2_weight;
  double plain = 0, weight = 0, inverse = 0;
  for (int i = 0; i < pure; i++) {
    double own = pixel_loss(r, i, i + 1, l1, l2, 3 * p->weight_sum[i], false);
    plain += own * 3 * p->weight_sum[i] / norm;
    weight += p->weight_sum[i];
    p->relative[i] = 1 / (own + KZ__LEAST_LOSS);
    inverse += p->relative[i];
  }
  for (int i = 0; i < pure; i++)
    pixel_loss(r, i, i + 1, l1, l2,
               norm * p->weight_sum[i] * inverse / (weight * p->relative[i]), true);
  return plain;
}

double kz__pixel_gradient(const struct kz__run *r, int pure, double norm) {
  const struct kz_train_options *o = r->o;
  double loss = o->pure_relative
                    ? relative_loss(r, pure, norm)
                    : pixel_loss(r, 0, pure, o->pure_l1_weight, o->pure_l2_weight, norm, true);
  return loss + pixel_loss(r, pure, r->stage.prepare.n, o->l1_weight, o->l2_weight, norm, true);
}
