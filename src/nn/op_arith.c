/* Sums, products, film (scale and shift a channel), global mean. */
#include "nn/node.h"
#include "nn/ops.h"

static int64_t count_of(const struct kz_value *v) { return (int64_t)kz_dims_count(v->dims); }

static bool same(struct kz_graph *g, const char *what, kz_var a, kz_var b)
{
  const struct kz_value *x = kz__value(g, a), *y = kz__value(g, b);
  bool ok = !memcmp(&x->dims, &y->dims, sizeof x->dims) && x->dtype == y->dtype;
  if (!ok)
    kz__fail(g, KZ_ESHAPE, "%s: [%d,%d,%d,%d] and [%d,%d,%d,%d] differ", what, x->dims.n,
             x->dims.h, x->dims.w, x->dims.c, y->dims.n, y->dims.h, y->dims.w, y->dims.c);
  return ok;
}

static int add_forward(struct kz_graph *g, struct kz_node *n, struct kz_err *err)
{
  (void)err;
  const struct kz_value *a = kz__value(g, n->in[0]);
  g->be->kernels->add(a->dtype, count_of(a), a->data, kz__data(g, n->in[1]), kz__data(g, n->out));
  return 0;
}

static int add_backward(struct kz_graph *g, struct kz_node *n, struct kz_err *err)
{
  (void)err;
  for (int i = 0; i < 2; i++) {
    const struct kz_value *x = kz__value(g, n->in[i]);
    int c = x->dims.c;
    if (n->diff_in[i])
      g->be->kernels->copy_rows(x->diff_dtype, count_of(x) / c, c, kz__diff(g, n->out), c,
                                kz__diff_in(g, n, i), c, n->add_in[i]);
  }
  return 0;
}

static const struct kz_op add = {.name = "add", .forward = add_forward, .backward = add_backward};

kz_var kz_add(struct kz_graph *g, kz_var a, kz_var b)
{
  if (!kz__building(g) || !same(g, "add", a, b)) return KZ_NONE;
  struct kz_node *n = kz__node(g, &add, KZ_IN(a, b, KZ_NONE), kz__dims(g, a),
                               kz__value(g, a)->dtype);
  return n ? n->out : KZ_NONE;
}

/* y = a b;  diff_a = diff_y b,  diff_b = diff_y a */
static int mul_forward(struct kz_graph *g, struct kz_node *n, struct kz_err *err)
{
  (void)err;
  const struct kz_value *a = kz__value(g, n->in[0]);
  g->be->kernels->mul(a->dtype, count_of(a), a->data, kz__data(g, n->in[1]), kz__data(g, n->out));
  return 0;
}

static int mul_backward(struct kz_graph *g, struct kz_node *n, struct kz_err *err)
{
  (void)err;
  const struct kz_kernels *k = g->be->kernels;
  for (int i = 0; i < 2; i++) {
    const struct kz_value *x = kz__value(g, n->in[i]);
    if (!n->diff_in[i]) continue;
    (n->add_in[i] ? k->mul_add : k->mul)(x->diff_dtype, count_of(x), kz__diff(g, n->out),
                                         kz__data(g, n->in[1 - i]), kz__diff_in(g, n, i));
  }
  return 0;
}

static const struct kz_op mul = {.name = "multiply", .keeps_in = 3, .forward = mul_forward,
                                 .backward = mul_backward};

kz_var kz_multiply(struct kz_graph *g, kz_var a, kz_var b)
{
  if (!kz__building(g) || !same(g, "multiply", a, b)) return KZ_NONE;
  struct kz_node *n = kz__node(g, &mul, KZ_IN(a, b, KZ_NONE), kz__dims(g, a),
                               kz__value(g, a)->dtype);
  return n ? n->out : KZ_NONE;
}

/* y = x (1 + scale) + shift;  diff_x = diff_y (1 + scale),
 * diff_scale = sum_hw diff_y x,  diff_shift = sum_hw diff_y */
static int film_forward(struct kz_graph *g, struct kz_node *n, struct kz_err *err)
{
  (void)err;
  const struct kz_value *x = kz__value(g, n->in[0]);
  g->be->kernels->film_forward(x->dtype, x->dims.n, x->dims.h * x->dims.w, x->dims.c, x->data,
                               kz__data(g, n->in[1]), kz__data(g, n->out));
  return 0;
}

static int film_backward(struct kz_graph *g, struct kz_node *n, struct kz_err *err)
{
  (void)err;
  const struct kz_value *x = kz__value(g, n->in[0]);
  g->be->kernels->film_backward(x->dtype, x->dims.n, x->dims.h * x->dims.w, x->dims.c, x->data,
                                kz__data(g, n->in[1]), kz__diff(g, n->out),
                                kz__diff_in(g, n, 0), n->add_in[0],
                                kz__diff_in(g, n, 1));
  return 0;
}

static const struct kz_op film = {.name = "film", .keeps_in = 3, .overwrites = 2, .forward = film_forward,
                                  .backward = film_backward};

kz_var kz_film(struct kz_graph *g, kz_var x, kz_var f)
{
  if (!kz__building(g)) return KZ_NONE;
  struct kz_dims d = kz__dims(g, x), e = kz__dims(g, f);
  if (e.n != d.n || e.h != 1 || e.w != 1 || e.c != 2 * d.c)
    return kz__fail(g, KZ_ESHAPE, "film: [%d,%d,%d,%d] for [%d,%d,%d,%d], wanted [%d,1,1,%d]", e.n,
                    e.h, e.w, e.c, d.n, d.h, d.w, d.c, d.n, 2 * d.c);
  struct kz_node *n = kz__node(g, &film, KZ_IN(x, f, KZ_NONE), d,
                               kz__value(g, x)->dtype);
  return n ? n->out : KZ_NONE;
}

static int mean_forward(struct kz_graph *g, struct kz_node *n, struct kz_err *err)
{
  (void)err;
  const struct kz_value *x = kz__value(g, n->in[0]);
  g->be->kernels->mean_forward(x->dtype, x->dims.n, x->dims.h * x->dims.w, x->dims.c, x->data,
                               kz__data(g, n->out));
  return 0;
}

static int mean_backward(struct kz_graph *g, struct kz_node *n, struct kz_err *err)
{
  (void)err;
  const struct kz_value *x = kz__value(g, n->in[0]);
  if (n->diff_in[0])
    g->be->kernels->mean_backward(x->diff_dtype, x->dims.n, x->dims.h * x->dims.w, x->dims.c,
                                  kz__diff(g, n->out), kz__diff_in(g, n, 0), n->add_in[0]);
  return 0;
}

static const struct kz_op mean = {.name = "global-mean", .forward = mean_forward,
                                  .backward = mean_backward};

kz_var kz_global_mean(struct kz_graph *g, kz_var x)
{
  if (!kz__building(g)) return KZ_NONE;
  struct kz_dims d = kz__dims(g, x);
  struct kz_node *n = kz__node(g, &mean, KZ_IN(x, KZ_NONE, KZ_NONE),
                               (struct kz_dims){d.n, 1, 1, d.c}, kz__value(g, x)->dtype);
  return n ? n->out : KZ_NONE;
}
