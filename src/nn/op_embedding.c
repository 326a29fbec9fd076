/* Rows of a learned table by index; backward adds each row's gradient to its
 * table row, in order. Indices are int32 in a 4-byte input. */
#include "nn/node.h"
#include "nn/ops.h"

static int forward(struct kz_graph *g, struct kz_node *n, struct kz_err *err)
{
  struct kz_dims d = kz__dims(g, n->out);
  const int32_t *index = kz__data(g, n->in[0]);
  int64_t rows = (int64_t)d.n * d.h * d.w;
  for (int64_t i = 0; i < rows; i++)
    if (index[i] < 0 || index[i] >= n->arg[0])
      return kz_err_set(err, KZ_ERANGE, "embedding: index %d at %lld, table of %d rows", index[i],
                        (long long)i, n->arg[0]);
  g->be->kernels->embedding_forward(g->o.dtype, rows, d.c, kz__weight(g, n, 0), index,
                                    kz__data(g, n->out));
  return 0;
}

static int backward(struct kz_graph *g, struct kz_node *n, struct kz_err *err)
{
  (void)err;
  struct kz_dims d = kz__dims(g, n->out);
  if (!kz__learns(g)) return 0;
  g->be->kernels->embedding_backward(g->o.dtype, (int64_t)d.n * d.h * d.w, d.c,
                                     kz__data(g, n->in[0]), kz__diff(g, n->out),
                                     kz__weight_diff(g, n, 0));
  return 0;
}

static const struct kz_op embedding = {.name = "embedding", .keeps_in = 1, .forward = forward,
                                       .backward = backward};

kz_var kz_embedding(struct kz_graph *g, const char *name, kz_var index, int rows, int c)
{
  if (!kz__building(g)) return KZ_NONE;
  struct kz_dims d = kz__dims(g, index);
  if (d.c != 1 || kz__value(g, index)->dtype != KZ_F32)
    return kz__fail(g, KZ_ESHAPE, "embedding '%s': indices must be [n,h,w,1] of 4 bytes", name);
  d.c = c;
  struct kz_node *n = kz__node(g, &embedding, KZ_IN(index, KZ_NONE, KZ_NONE), d, g->o.dtype);
  if (!n) return KZ_NONE;
  n->arg[0] = rows;
  kz__param(g, n, name, "weight", 2, (int[]){rows, c}, c, KZ_INIT_NORMAL);
  return n->out;
}
