/* A second loss: how different the restored crop looks (LPIPS), for sharpness where the pixel loss
 * alone would blur.
 *
 *   x_hat = coarse fill + out in the hole, the clean crop x outside
 *   loss = sum_i w(t_i) distance(x_i, x_hat_i) / sum_i share of sample i that is hole
 *   w(t) = min(1, 2 (1 - t))
 * The distance is a mean over the crop to which only the hole adds, so divided by the hole's share
 * it is one for each pixel of hole, as the pixel loss is. At t = 1 the answer should be a mean and
 * stays one; the less noise, the more of the picture is decided and the more it should look like
 * one. Its gradient is added to what the pixel loss left at the network's output, in the hole. */
#include <math.h>
#include <omp.h>

#include "diffusion/train.h"

bool kz__perceptual_wanted(const struct kz_train_options *o, double done) {
  return o->perceptual && *o->perceptual && o->perceptual_weight > 0 && done >= o->perceptual_from;
}

int kz__perceptual_init(struct kz__run *r, struct kz_err *err) {
  struct kz__perceptual *p = &r->stage.perceptual;
  const struct kz__prepare *shape = &r->stage.prepare;
  size_t values = 3 * (size_t)shape->n * (size_t)shape->size * (size_t)shape->size;
  if (p->net) return 0;
  p->backend = r->backend;
  p->target = r->backend->alloc(values * sizeof *p->target);
  p->x = r->backend->alloc(values * sizeof *p->x);
  p->diff = r->backend->alloc(values * sizeof *p->diff);
  p->scale = r->backend->alloc((size_t)shape->n * sizeof *p->scale);
  int code = p->target && p->x && p->diff && p->scale
                 ? kz_perceptual_new(r->o->perceptual, r->backend, r->dtype, shape->n, shape->size,
                                     shape->size, &p->net, err)
                 : kz_err_set(err, KZ_ENOMEM, "out of memory for the perceptual loss");
  if (code) kz__perceptual_release(p);
  return code;
}

void kz__perceptual_release(struct kz__perceptual *p) {
  void *buffers[] = {p->target, p->x, p->diff, p->scale};
  for (size_t i = 0; i < sizeof buffers / sizeof *buffers; i++)
    if (buffers[i]) p->backend->free(buffers[i]);
  kz_perceptual_free(p->net);
  *p = (struct kz__perceptual){0};
}

typedef void sample_fn(struct kz__stage *s, const struct kz_batch *b, int i);

/* The clean crop, the restored one, and for now the hole's share as the scale. */
static void compose(struct kz__stage *s, const struct kz_batch *b, int i) {
  struct kz__perceptual *p = &s->perceptual;
  const int64_t pixels = (int64_t)b->size * b->size, first = i * pixels;
  const enum kz_dtype t = kz_graph_dtype(s->graph, s->net.out);
  const float *in = kz_graph_data(s->graph, s->net.x);
  const void *out = kz_graph_data(s->graph, s->net.out);
  int64_t hole = 0;
  for (int64_t k = first; k < first + pixels; k++) {
    hole += b->mask[k] != 0;
    for (int c = 0; c < 3; c++) {
      float clean = (float)b->rgb[3 * k + c] * (1 / 127.5f) - 1;
      p->target[3 * k + c] = clean;
      p->x[3 * k + c] =
          b->mask[k] ? in[KZ_FEDR_IN * k + 3 + c] + kz__get(t, out, 3 * k + c) : clean;
    }
  }
  p->scale[i] = (float)hole / (float)pixels;
}

static void add_gradient(struct kz__stage *s, const struct kz_batch *b, int i) {
  const struct kz__perceptual *p = &s->perceptual;
  const int64_t pixels = (int64_t)b->size * b->size, first = i * pixels;
  const enum kz_dtype t = kz_graph_dtype(s->graph, s->net.out);
  void *diff = kz_graph_diff(s->graph, s->net.out);
  if (p->scale[i] == 0) return;
  for (int64_t k = first; k < first + pixels; k++)
    for (int c = 0; b->mask[k] && c < 3; c++) kz__add_to(t, diff, 3 * k + c, p->diff[3 * k + c]);
}

static void each_sample(struct kz__stage *s, const struct kz_batch *b, sample_fn *f) {
  if (s->prepare.threads == 1) { /* a region of one thread would allocate its team each time */
    for (int i = 0; i < b->count; i++) f(s, b, i);
  } else {
#pragma omp parallel for schedule(static) num_threads(s->prepare.threads)
    for (int i = 0; i < b->count; i++) f(s, b, i);
  }
}

int kz__perceptual_gradient(struct kz__stage *s, const struct kz_batch *b, double weight,
                            double *loss, struct kz_err *err) {
  struct kz__perceptual *p = &s->perceptual;
  double share = 0, sum = 0;
  each_sample(s, b, compose);
  for (int i = 0; i < b->count; i++) share += p->scale[i];
  for (int i = 0; i < b->count; i++)
    p->scale[i] = share > 0 ? (float)(weight * fmin(1, 2 * (1 - s->prepare.t[i])) / share) : 0;
  int code = kz_perceptual_loss(p->net, p->target, p->x, p->scale, &sum, p->diff, err);
  if (code) return code;
  each_sample(s, b, add_gradient);
  *loss += sum / weight;
  return 0;
}
