/* Nearest-neighbour enlargement and bilinear resizing (half-pixel centres);
 * backward is the adjoint: each source pixel gathers what it gave. */
#include "nn/node.h"
#include "nn/ops.h"

static int nearest_forward(struct kz_graph *g, struct kz_node *n, struct kz_err *err)
{
  (void)err;
  const struct kz_value *x = kz__value(g, n->in[0]);
  g->be->kernels->nearest_forward(x->dtype, x->dims, n->arg[0], x->data, kz__data(g, n->out),
                                  x->dims.c);
  return 0;
}

static int nearest_backward(struct kz_graph *g, struct kz_node *n, struct kz_err *err)
{
  (void)err;
  const struct kz_value *x = kz__value(g, n->in[0]);
  if (n->diff_in[0])
    g->be->kernels->nearest_backward(x->diff_dtype, x->dims, n->arg[0], kz__diff(g, n->out),
                                     x->dims.c, kz__diff_in(g, n, 0), n->add_in[0]);
  return 0;
}

static const struct kz_op nearest = {.name = "nearest", .forward = nearest_forward,
                                     .backward = nearest_backward};

kz_var kz_resize_nearest(struct kz_graph *g, kz_var x, int factor)
{
  if (!kz__building(g)) return KZ_NONE;
  if (factor < 1) return kz__fail(g, KZ_ERANGE, "nearest resize: factor %d", factor);
  struct kz_dims d = kz__dims(g, x);
  struct kz_node *n = kz__node(g, &nearest, KZ_IN(x, KZ_NONE, KZ_NONE),
                               (struct kz_dims){d.n, d.h * factor, d.w * factor, d.c},
                               kz__value(g, x)->dtype);
  if (!n) return KZ_NONE;
  n->arg[0] = factor;
  return n->out;
}

static int bilinear_forward(struct kz_graph *g, struct kz_node *n, struct kz_err *err)
{
  (void)err;
  const struct kz_value *x = kz__value(g, n->in[0]), *y = kz__value(g, n->out);
  g->be->kernels->bilinear_forward(x->dtype, x->dims, y->dims.h, y->dims.w, x->data, y->data);
  return 0;
}

static int bilinear_backward(struct kz_graph *g, struct kz_node *n, struct kz_err *err)
{
  (void)err;
  const struct kz_value *x = kz__value(g, n->in[0]), *y = kz__value(g, n->out);
  if (n->diff_in[0])
    g->be->kernels->bilinear_backward(x->diff_dtype, x->dims, y->dims.h, y->dims.w,
                                      kz__diff(g, n->out), kz__diff_in(g, n, 0), n->add_in[0]);
  return 0;
}

static const struct kz_op bilinear = {.name = "bilinear", .forward = bilinear_forward,
                                      .backward = bilinear_backward};

kz_var kz_resize_bilinear(struct kz_graph *g, kz_var x, int oh, int ow)
{
  if (!kz__building(g)) return KZ_NONE;
  if (oh < 1 || ow < 1) return kz__fail(g, KZ_ERANGE, "bilinear resize: to %d x %d", oh, ow);
  struct kz_dims d = kz__dims(g, x);
  struct kz_node *n = kz__node(g, &bilinear, KZ_IN(x, KZ_NONE, KZ_NONE),
                               (struct kz_dims){d.n, oh, ow, d.c}, kz__value(g, x)->dtype);
  return n ? n->out : KZ_NONE;
}
