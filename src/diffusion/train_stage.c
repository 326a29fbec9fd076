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
  s->in = kz_graph_input(s->graph, "x", KZ_F32, (struct kz_dims){n, size, size, KZ_FEDR_IN}, false);
  s->time = kz_graph_input(s->graph, "t", KZ_F32, (struct kz_dims){n, 1, 1, KZ_FEDR_TIME}, false);
  s->out = kz_fedr_build(s->graph, c, s->in, s->time);
  kz_graph_output(s->graph, s->out);
  code = kz_graph_finish(s->graph, err);
  if (!code) code = kz__prepare_init(&s->prepare, params->backend, n, size, err);
  if (code) kz__stage_release(s);
  return code;
}

void kz__stage_release(struct kz__stage *s) {
  kz_graph_free(s->graph);
  kz__perceptual_release(&s->perceptual);
  kz__prepare_release(&s->prepare);
  *s = (struct kz__stage){0};
}
