/* A third loss: gradients, structure and low-passed colour of the estimate, in the hole and on the
 * ring around it (model/matching.h).
 *
 *   x_hat = coarse fill + out, everywhere: on the ring the network is judged by what it would paint
 *   loss = sum_i w(t_i) loss_i / n,  w(t) = min(1, 2 (1 - t))
 * At t = 1 the answer should be a mean and stays one (train_perceptual.c says why). Samples are
 * independent: threads take samples. */
#include <math.h>
#include <omp.h>

#include "diffusion/train.h"

#define RING 2 /* px */

int kz__match_init(struct kz__run *r, struct kz_err *err) {
  struct kz__match *m = &r->stage.match;
  const struct kz__prepare *p = &r->stage.prepare;
  size_t values = 3 * (size_t)p->size * (size_t)p->size * (size_t)p->threads;
  if (m->x) return 0;
  m->backend = r->backend;
  m->target = r->backend->alloc(values * sizeof *m->target);
  m->x = r->backend->alloc(values * sizeof *m->x);
  m->diff = r->backend->alloc(values * sizeof *m->diff);
  m->scratch = r->backend->alloc((size_t)p->threads * kz_matching_scratch(p->size) *
                                 sizeof *m->scratch);
  m->sum = r->backend->alloc((size_t)p->n * sizeof *m->sum);
  if (m->target && m->x && m->diff && m->scratch && m->sum) return 0;
  kz__match_release(m);
  return kz_err_set(err, KZ_ENOMEM, "out of memory for the matching loss");
}

void kz__match_release(struct kz__match *m) {
  void *buffers[] = {m->target, m->x, m->diff, m->scratch, m->sum};
  for (size_t i = 0; i < sizeof buffers / sizeof *buffers; i++)
    if (buffers[i]) m->backend->free(buffers[i]);
  *m = (struct kz__match){0};
}

/* Sample i: its loss without the weight, and its gradient by the output. */
static double match_sample(struct kz__run *r, const struct kz_batch *b, int i, int thread) {
  struct kz__stage *s = &r->stage;
  const struct kz__match *m = &s->match;
  const struct kz_train_options *o = r->o;
  const int64_t pixels = (int64_t)b->size * b->size, first = i * pixels;
  const enum kz_dtype t = kz_graph_dtype(s->graph, s->net.out);
  const float *in = kz_graph_data(s->graph, s->net.x);
  const void *out = kz_graph_data(s->graph, s->net.out);
  void *diff_out = kz_graph_diff(s->graph, s->net.out);
  float *x = m->x + 3 * pixels * thread, *target = m->target + 3 * pixels * thread;
  float *diff = m->diff + 3 * pixels * thread;
  const float weight = (float)(o->matching_weight * fmin(1, 2 * (1 - s->prepare.t[i])) / b->count);
  const struct kz_matching terms = {.gradient = (float)o->matching_gradient,
                                    .structure = (float)o->matching_structure,
                                    .colour = (float)o->matching_colour,
                                    .ring = RING};
  if (weight <= 0) return 0;
  for (int64_t k = 0; k < 3 * pixels; k++) {
    x[k] = in[KZ_FEDR_IN * (first + k / 3) + 3 + k % 3] + kz__get(t, out, 3 * first + k);
    target[k] = (float)b->rgb[3 * first + k] * (1 / 127.5f) - 1;
    diff[k] = 0;
  }
  double loss = kz_matching_loss(&terms, b->size, x, target, b->mask + first, weight, diff, NULL,
                                 m->scratch + (size_t)thread * kz_matching_scratch(b->size));
  for (int64_t k = 0; k < 3 * pixels; k++)
    if (diff[k] != 0) kz__add_to(t, diff_out, 3 * first + k, diff[k]);
  return loss / o->matching_weight;
}

void kz__match_gradient(struct kz__run *r, const struct kz_batch *b, double *loss) {
  double *sum = r->stage.match.sum;
  if (r->stage.prepare.threads == 1) { /* a region of one thread would allocate its team */
    for (int i = 0; i < b->count; i++) sum[i] = match_sample(r, b, i, 0);
  } else {
#pragma omp parallel for schedule(static) num_threads(r->stage.prepare.threads)
    for (int i = 0; i < b->count; i++) sum[i] = match_sample(r, b, i, omp_get_thread_num());
  }
  for (int i = 0; i < b->count; i++) *loss += sum[i];
}
