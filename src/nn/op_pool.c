/* Max pooling. Forward notes which pixel of each window won, one byte a value;
 * backward needs nothing else, so neither input nor output is kept for it. */
#include "nn/node.h"
#include "nn/ops.h"

enum { KERNEL, STRIDE }; /* n->arg */
enum { WINNER };

static int prepare(struct kz_graph *g, struct kz_node *n, struct kz_err *err)
{
  size_t count = kz_dims_count(kz__dims(g, n->out));
  return n->backward ? kz__temp(g, n, WINNER, count, KZ_SPAN_BOTH, err) : 0;
}

static int forward(struct kz_graph *g, struct kz_node *n, struct kz_err *err)
{
  (void)err;
  const struct kz_value *x = kz__value(g, n->in[0]), *y = kz__value(g, n->out);
  g->be->kernels->max_pool_forward(x->dtype, x->dims, n->arg[KERNEL], n->arg[STRIDE], y->dims.h,
                                   y->dims.w, x->data, y->data, kz__temp_data(g, n, WINNER));
  return 0;
}

static int backward(struct kz_graph *g, struct kz_node *n, struct kz_err *err)
{
  (void)err;
  const struct kz_value *x = kz__value(g, n->in[0]), *y = kz__value(g, n->out);
  if (n->diff_in[0])
    g->be->kernels->max_pool_backward(x->diff_dtype, x->dims, n->arg[KERNEL], n->arg[STRIDE],
                                      y->dims.h, y->dims.w, kz__diff(g, n->out),
                                      kz__temp_data(g, n, WINNER), kz__diff_in(g, n, 0),
                                      n->add_in[0]);
  return 0;
}

static const struct kz_op max_pool = {.name = "max-pool", .prepare = prepare, .forward = forward,
                                      .backward = backward};

/* Windows along one side; every one begins inside. */
static int windows(int size, int kernel, int stride, bool ceil_mode)
{
  int count = (size - kernel + (ceil_mode ? stride - 1 : 0)) / stride + 1;
  return (count - 1) * stride >= size ? count - 1 : count;
}

kz_var kz_max_pool(struct kz_graph *g, kz_var x, int kernel, int stride, bool ceil_mode)
{
  if (!kz__building(g)) return KZ_NONE;
  struct kz_dims d = kz__dims(g, x);
  if (kernel < 1 || kernel > 16 || stride < 1 || d.h < kernel || d.w < kernel)
    return kz__fail(g, KZ_ESHAPE, "max pool: kernel %d (1 to 16), stride %d do not fit input "
                    "[%d,%d,%d,%d]", kernel, stride, d.n, d.h, d.w, d.c);
  struct kz_dims to = {d.n, windows(d.h, kernel, stride, ceil_mode),
                       windows(d.w, kernel, stride, ceil_mode), d.c};
  struct kz_node *n = kz__node(g, &max_pool, KZ_IN(x, KZ_NONE, KZ_NONE), to,
                               kz__value(g, x)->dtype);
  if (!n) return KZ_NONE;
  n->arg[KERNEL] = kernel;
  n->arg[STRIDE] = stride;
  return n->out;
}
