/* Attention: softmax(q k^T / sqrt(d)) v over heads, self and cross. Formulas and
 * tiling: kernels.h, struct kz_attention. The projections that make q, k and v
 * are the model's own layers; here they arrive side by side in one tensor. */
#include <math.h>

#include "nn/node.h"
#include "nn/ops.h"

enum { HEADS, SELF }; /* n->arg */
enum { LSE, SCRATCH };

static void describe(const struct kz_graph *g, const struct kz_node *n, struct kz_attention *a)
{
  bool self = n->arg[SELF];
  struct kz_dims o = kz__dims(g, n->out), kv = kz__dims(g, n->in[self ? 0 : 1]);
  *a = (struct kz_attention){.dtype = g->o.dtype, .n = o.n, .heads = n->arg[HEADS],
                             .d = o.c / n->arg[HEADS], .tq = o.h * o.w, .tk = kv.h * kv.w};
  a->scale = 1.f / sqrtf((float)a->d);
  a->q_stride = self ? kv.c : o.c;
  a->k_stride = a->v_stride = kv.c;
  a->q_batch = a->q_stride * a->tq;
  a->k_batch = a->v_batch = a->k_stride * a->tk;
  if (!g->memory) return; /* only sizes are asked for */
  size_t step = (size_t)o.c * kz_dtype_size(a->dtype);
  const char *q = kz__data(g, n->in[0]), *k = self ? q + step : kz__data(g, n->in[1]);
  a->q = q;
  a->k = k;
  a->v = k + step;
  a->dst = kz__data(g, n->out);
  a->lse = kz__temp_data(g, n, LSE);
  a->scratch = kz__temp_data(g, n, SCRATCH);
}

static int prepare(struct kz_graph *g, struct kz_node *n, struct kz_err *err)
{
  struct kz_attention a;
  describe(g, n, &a);
  int rc = kz__temp(g, n, LSE, (size_t)a.n * a.heads * a.tq * sizeof(float), KZ_SPAN_BOTH, err);
  size_t scratch = kz_attention_scratch(a.d, a.tq, a.tk, g->be->threads()) * sizeof(float);
  return rc ? rc : kz__temp(g, n, SCRATCH, scratch, KZ_SPAN_BOTH, err);
}

static int forward(struct kz_graph *g, struct kz_node *n, struct kz_err *err)
{
  (void)err;
  struct kz_attention a;
  describe(g, n, &a);
  g->be->kernels->attention_forward(&a);
  return 0;
}

static int backward(struct kz_graph *g, struct kz_node *n, struct kz_err *err)
{
  (void)err;
  struct kz_attention a;
  describe(g, n, &a);
  bool self = n->arg[SELF];
  size_t step = (size_t)kz__dims(g, n->out).c * kz_dtype_size(a.dtype);
  char *q = kz__diff_in(g, n, 0), *k = self ? q + step : kz__diff_in(g, n, 1);
  a.diff_dst = kz__diff(g, n->out);
  a.diff_q = q;
  a.diff_k = k;
  a.diff_v = k + step;
  g->be->kernels->attention_backward(&a);
  return 0;
}

static double flops(const struct kz_graph *g, const struct kz_node *n)
{
  struct kz_dims o = kz__dims(g, n->out), kv = kz__dims(g, n->in[n->arg[SELF] ? 0 : 1]);
  return 4. * o.n * o.h * o.w * kv.h * kv.w * o.c;
}

static const struct kz_op attention = {.name = "attention", .keeps_in = 3, .overwrites = 3, .keeps_out = true,
                                       .prepare = prepare, .forward = forward,
                                       .backward = backward, .flops = flops};

static kz_var build(struct kz_graph *g, kz_var q, kz_var kv, int heads, int c)
{
  struct kz_dims d = kz__dims(g, q);
  d.c = c;
  struct kz_node *n = kz__node(g, &attention, KZ_IN(q, kv, KZ_NONE), d, g->o.dtype);
  if (!n) return KZ_NONE;
  n->arg[HEADS] = heads;
  n->arg[SELF] = kv == KZ_NONE;
  return n->out;
}

kz_var kz_self_attention(struct kz_graph *g, kz_var qkv, int heads)
{
  if (!kz__building(g)) return KZ_NONE;
  struct kz_dims d = kz__dims(g, qkv);
  if (heads < 1 || d.c % (3 * heads))
    return kz__fail(g, KZ_ESHAPE, "self-attention: %d channels are not 3 x %d heads", d.c, heads);
  return build(g, qkv, KZ_NONE, heads, d.c / 3);
}

kz_var kz_cross_attention(struct kz_graph *g, kz_var q, kz_var kv, int heads)
{
  if (!kz__building(g)) return KZ_NONE;
  struct kz_dims d = kz__dims(g, q), k = kz__dims(g, kv);
  if (heads < 1 || d.c % heads || k.c != 2 * d.c || k.n != d.n)
    return kz__fail(g, KZ_ESHAPE, "cross-attention: queries [%d,%d,%d,%d] and keys with values "
                    "[%d,%d,%d,%d] do not fit (%d heads)", d.n, d.h, d.w, d.c, k.n, k.h, k.w, k.c,
                    heads);
  return build(g, q, kv, heads, d.c);
}
