/* Three branches mixed with weights of each position. Formulas: kernels.h, struct kz_mix; with
 * weights that a small network makes of the picture itself this is a convolution whose field of
 * view adapts from place to place. */
#include "nn/node.h"
#include "nn/ops.h"

static struct kz_mix describe(const struct kz_graph *g, const struct kz_node *n)
{
  const struct kz_value *out = kz__value(g, n->out);
  struct kz_mix a = {.dtype = out->dtype, .c = out->dims.c, .weights = kz__data(g, n->in[0]),
                     .rows = (int64_t)out->dims.n * out->dims.h * out->dims.w, .dst = out->data};
  for (int k = 0; k < KZ_MIX; k++) a.src[k] = kz__data(g, n->in[1 + k]);
  return a;
}

static int forward(struct kz_graph *g, struct kz_node *n, struct kz_err *err)
{
  (void)err;
  struct kz_mix a = describe(g, n);
  g->be->kernels->mix_forward(&a);
  return 0;
}

static int backward(struct kz_graph *g, struct kz_node *n, struct kz_err *err)
{
  (void)err;
  struct kz_mix a = describe(g, n);
  a.diff_dst = kz__diff(g, n->out);
  a.diff_weights = kz__diff_in(g, n, 0);
  for (int k = 0; k < KZ_MIX; k++) {
    a.diff_src[k] = kz__diff_in(g, n, 1 + k);
    a.accumulate[k] = n->add_in[1 + k];
  }
  g->be->kernels->mix_backward(&a);
  return 0;
}

static const struct kz_op mix = {.name = "mix", .keeps_in = 15, .overwrites = 1,
                                 .forward = forward, .backward = backward};

kz_var kz_mix_branches(struct kz_graph *g, kz_var weights, kz_var a, kz_var b, kz_var c)
{
  if (!kz__building(g)) return KZ_NONE;
  struct kz_dims w = kz__dims(g, weights), d = kz__dims(g, a), e = kz__dims(g, b),
                 f = kz__dims(g, c);
  if (memcmp(&d, &e, sizeof d) || memcmp(&d, &f, sizeof d) || w.n != d.n || w.h != d.h ||
      w.w != d.w || w.c != KZ_MIX)
    return kz__fail(g, KZ_ESHAPE, "mix: branches of [%d,%d,%d,%d] must be of one shape, weights "
                    "[%d,%d,%d,%d] of theirs with %d channels", d.n, d.h, d.w, d.c, w.n, w.h, w.w,
                    w.c, KZ_MIX);
  struct kz_node *n = kz__node(g, &mix, KZ_IN(weights, a, b, c), d, kz__value(g, a)->dtype);
  return n ? n->out : KZ_NONE;
}
