/* Group and layer normalisation, fused with film and activation. Formulas:
 * kernels.h, struct kz_norm. Backward recomputes what lies between the saved
 * mean and rstd and the result. */
#include "nn/node.h"
#include "nn/ops.h"

enum { GROUPS, ACT, ROWS }; /* n->arg */
enum { STATISTICS, SCRATCH }; /* scratch ends with room for gradients nobody asked for */

static struct kz_norm describe(const struct kz_graph *g, const struct kz_node *n)
{
  struct kz_dims d = kz__dims(g, n->in[0]);
  int count = d.n, hw = d.h * d.w;
  if (n->arg[ROWS]) count *= hw, hw = 1;
  struct kz_norm a = {.dtype = kz__value(g, n->in[0])->dtype, .n = count, .hw = hw, .c = d.c,
                      .groups = n->arg[GROUPS], .eps = 1e-5f, .act = n->arg[ACT]};
  if (!g->memory) return a; /* only sizes are asked for */
  a.src = kz__data(g, n->in[0]);
  a.film = kz__data(g, n->in[1]);
  a.gamma = kz__weight(g, n, 0);
  a.beta = kz__weight(g, n, 1);
  a.mean = kz__temp_data(g, n, STATISTICS);
  a.rstd = a.mean + (size_t)count * a.groups;
  a.scratch = kz__temp_data(g, n, SCRATCH);
  a.dst = kz__data(g, n->out);
  return a;
}

/* Floats for the parameters' gradients in a frozen graph: the kernel always makes them. */
static size_t unwanted(const struct kz_graph *g, const struct kz_node *n)
{
  return kz__learns(g) ? 0 : 2 * (size_t)kz__dims(g, n->in[0]).c;
}

static int prepare(struct kz_graph *g, struct kz_node *n, struct kz_err *err)
{
  struct kz_norm a = describe(g, n);
  size_t scratch = (kz_norm_scratch(a.n, a.c, g->be->threads()) + unwanted(g, n)) * sizeof(float);
  int rc = kz__temp(g, n, STATISTICS, (size_t)2 * a.n * a.groups * sizeof(float), KZ_SPAN_BOTH,
                    err);
  return rc ? rc : kz__temp(g, n, SCRATCH, scratch, KZ_SPAN_BOTH, err);
}

static int forward(struct kz_graph *g, struct kz_node *n, struct kz_err *err)
{
  (void)err;
  struct kz_norm a = describe(g, n);
  g->be->kernels->norm_forward(&a);
  return 0;
}

static int backward(struct kz_graph *g, struct kz_node *n, struct kz_err *err)
{
  (void)err;
  struct kz_norm a = describe(g, n);
  a.diff_dst = kz__diff(g, n->out);
  a.diff_src = kz__diff_in(g, n, 0);
  a.accumulate = n->add_in[0];
  a.diff_film = kz__diff_in(g, n, 1);
  bool learns = kz__learns(g);
  float *bin = a.scratch + kz_norm_scratch(a.n, a.c, g->be->threads());
  a.diff_gamma = learns ? kz__weight_diff(g, n, 0) : bin;
  a.diff_beta = learns ? kz__weight_diff(g, n, 1) : bin + a.c;
  g->be->kernels->norm_backward(&a);
  return 0;
}

static const struct kz_op norm = {.name = "normalisation", .keeps_in = 3, .overwrites = 2, .prepare = prepare,
                                  .forward = forward, .backward = backward};

static kz_var build(struct kz_graph *g, const char *name, kz_var x, kz_var film, int groups,
                    enum kz_act act, int rows)
{
  struct kz_dims d = kz__dims(g, x);
  struct kz_node *n = kz__node(g, &norm, KZ_IN(x, film, KZ_NONE), d, kz__value(g, x)->dtype);
  if (!n) return KZ_NONE;
  memcpy(n->arg, (int[]){groups, (int)act, rows}, 3 * sizeof(int));
  kz__param(g, n, name, "weight", 1, &d.c, 0, KZ_INIT_ONE);
  kz__param(g, n, name, "bias", 1, &d.c, 0, KZ_INIT_ZERO);
  return n->out;
}

kz_var kz_group_norm(struct kz_graph *g, const char *name, kz_var x, int groups, kz_var film,
                     enum kz_act act)
{
  if (!kz__building(g)) return KZ_NONE;
  struct kz_dims d = kz__dims(g, x), f = kz_graph_dims(g, film);
  if (groups < 1 || d.c % groups)
    return kz__fail(g, KZ_ESHAPE, "group norm '%s': %d channels do not make %d groups", name, d.c,
                    groups);
  if (film != KZ_NONE && (f.n != d.n || f.h != 1 || f.w != 1 || f.c != 2 * d.c))
    return kz__fail(g, KZ_ESHAPE, "group norm '%s': film is [%d,%d,%d,%d], wanted [%d,1,1,%d]",
                    name, f.n, f.h, f.w, f.c, d.n, 2 * d.c);
  return build(g, name, x, film, groups, act, 0);
}

kz_var kz_layer_norm(struct kz_graph *g, const char *name, kz_var x)
{
  return kz__building(g) ? build(g, name, x, KZ_NONE, 1, KZ_ACT_NONE, 1) : KZ_NONE;
}
