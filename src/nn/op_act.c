/* Elementwise activations, and softmax over channels. */
#include "nn/node.h"
#include "nn/ops.h"

static int act_forward(struct kz_graph *g, struct kz_node *n, struct kz_err *err)
{
  (void)err;
  const struct kz_value *x = kz__value(g, n->in[0]);
  g->be->kernels->act_forward(n->arg[0], x->dtype, (int64_t)kz_dims_count(x->dims), x->data,
                              kz__data(g, n->out));
  return 0;
}

static int act_backward(struct kz_graph *g, struct kz_node *n, struct kz_err *err)
{
  (void)err;
  const struct kz_value *x = kz__value(g, n->in[0]);
  if (!n->diff_in[0]) return 0;
  g->be->kernels->act_backward(n->arg[0], x->dtype, (int64_t)kz_dims_count(x->dims), x->data,
                               kz__diff(g, n->out), kz__diff_in(g, n, 0), n->add_in[0]);
  return 0;
}

static const struct kz_op act = {.name = "activation", .keeps_in = 1, .forward = act_forward,
                                 .backward = act_backward};

/* ReLU's slope shows in its result, so that its input need not be kept. */
static int relu_backward(struct kz_graph *g, struct kz_node *n, struct kz_err *err)
{
  (void)err;
  const struct kz_value *y = kz__value(g, n->out);
  if (n->diff_in[0])
    g->be->kernels->act_backward(KZ_ACT_RELU, y->dtype, (int64_t)kz_dims_count(y->dims), y->data,
                                 kz__diff(g, n->out), kz__diff_in(g, n, 0), n->add_in[0]);
  return 0;
}

static const struct kz_op relu = {.name = "relu", .keeps_out = true, .forward = act_forward,
                                  .backward = relu_backward};

kz_var kz_activate(struct kz_graph *g, kz_var x, enum kz_act kind)
{
  if (!kz__building(g)) return KZ_NONE;
  struct kz_node *n = kz__node(g, kind == KZ_ACT_RELU ? &relu : &act, KZ_IN(x, KZ_NONE, KZ_NONE), kz__dims(g, x),
                               kz__value(g, x)->dtype);
  if (!n) return KZ_NONE;
  n->arg[0] = (int)kind;
  return n->out;
}

/* p = exp(x) / sum exp(x);  diff_x = p (diff_p - sum(diff_p p)) */
static int softmax_forward(struct kz_graph *g, struct kz_node *n, struct kz_err *err)
{
  (void)err;
  const struct kz_value *x = kz__value(g, n->in[0]);
  g->be->kernels->softmax_forward(x->dtype, (int64_t)kz_dims_count(x->dims) / x->dims.c,
                                  x->dims.c, x->data, kz__data(g, n->out));
  return 0;
}

static int softmax_backward(struct kz_graph *g, struct kz_node *n, struct kz_err *err)
{
  (void)err;
  const struct kz_value *x = kz__value(g, n->in[0]);
  if (!n->diff_in[0]) return 0;
  g->be->kernels->softmax_backward(x->dtype, (int64_t)kz_dims_count(x->dims) / x->dims.c,
                                   x->dims.c, kz__data(g, n->out), kz__diff(g, n->out),
                                   kz__diff_in(g, n, 0), n->add_in[0]);
  return 0;
}

static const struct kz_op softmax = {.name = "softmax", .keeps_out = true,
                                     .forward = softmax_forward, .backward = softmax_backward};

kz_var kz_softmax(struct kz_graph *g, kz_var x)
{
  if (!kz__building(g)) return KZ_NONE;
  struct kz_node *n = kz__node(g, &softmax, KZ_IN(x, KZ_NONE, KZ_NONE), kz__dims(g, x),
                               kz__value(g, x)->dtype);
  return n ? n->out : KZ_NONE;
}
