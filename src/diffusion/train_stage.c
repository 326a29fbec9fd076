/* The network at one shape. A run has two shapes, one after the other, and a third for
 * validation; all share their parameters by name. */
#include "diffusion/train.h"

int kz__stage_init(struct kz__stage *s, struct kz_paramset *params, const struct kz_fedr_config *c,
                   enum kz_dtype dtype, bool train, int n, int size, struct kz_err *err) {
  const struct kz_graph_options o = {
      .backend = params->backend, .params = params, .dtype = dtype, .train = train};
  *s = (struct kz__stage){0};
  int code = kz_graph_new(&o, &s->graph, err);
  if (code) return code;
  kz_fedr_inputs(s->graph, c, n, size, size, &s->net);
  kz_fedr_build(s->graph, c, &s->net);
  code = kz_graph_finish(s->graph, err);
  if (!code) kz_fedr_ready(s->graph, &s->net);
  if (!code) code = kz__prepare_init(&s->prepare, params->backend, n, size, err);
  if (code) kz__stage_release(s);
  return code;
}

struct kz__inputs kz__stage_inputs(const struct kz__stage *s) {
  const struct kz_fedr *net = &s->net;
  return (struct kz__inputs){
      .in = kz_graph_data(s->graph, net->x),
      .time = kz_graph_data(s->graph, net->time),
      .features = net->features ? kz_graph_data(s->graph, net->features) : NULL,
      .text = net->text ? kz_graph_data(s->graph, net->text) : NULL};
}

void kz__stage_release(struct kz__stage *s) {
  kz_graph_free(s->graph);
  kz__perceptual_release(&s->perceptual);
  kz__prepare_release(&s->prepare);
  *s = (struct kz__stage){0};
}
