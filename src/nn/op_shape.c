/* Moving values about without arithmetic: casts, space to depth and back,
 * concatenation, slices, enlargement. Each backward is the inverse movement,
 * adding where several places read one value. */
#include "nn/node.h"
#include "nn/ops.h"

static int64_t rows_of(struct kz_dims d) { return (int64_t)d.n * d.h * d.w; }

/* ---- cast: x in another dtype (space to depth by 1 converts and can add) ---- */

static int cast_forward(struct kz_graph *g, struct kz_node *n, struct kz_err *err)
{
  (void)err;
  const struct kz_value *x = kz__value(g, n->in[0]), *y = kz__value(g, n->out);
  g->be->kernels->space_to_depth(x->dtype, y->dtype, x->dims, 1, x->data, y->data, false);
  return 0;
}

static int cast_backward(struct kz_graph *g, struct kz_node *n, struct kz_err *err)
{
  (void)err;
  const struct kz_value *x = kz__value(g, n->in[0]), *y = kz__value(g, n->out);
  if (n->diff_in[0])
    g->be->kernels->depth_to_space(y->diff_dtype, x->diff_dtype, x->dims, 1, kz__diff(g, n->out),
                                   kz__diff_in(g, n, 0), n->add_in[0]);
  return 0;
}

static const struct kz_op cast = {.name = "cast", .forward = cast_forward,
                                  .backward = cast_backward};

kz_var kz__cast(struct kz_graph *g, kz_var x)
{
  if (!kz__building(g) || kz__value(g, x)->dtype == g->o.dtype) return x;
  struct kz_node *n = kz__node(g, &cast, KZ_IN(x, KZ_NONE, KZ_NONE), kz__dims(g, x), g->o.dtype);
  return n ? n->out : KZ_NONE;
}

/* ---- space to depth, depth to space ---- */

static int s2d_forward(struct kz_graph *g, struct kz_node *n, struct kz_err *err)
{
  (void)err;
  const struct kz_value *x = kz__value(g, n->in[0]), *y = kz__value(g, n->out);
  g->be->kernels->space_to_depth(x->dtype, y->dtype, x->dims, n->arg[0], x->data, y->data, false);
  return 0;
}

static int s2d_backward(struct kz_graph *g, struct kz_node *n, struct kz_err *err)
{
  (void)err;
  const struct kz_value *x = kz__value(g, n->in[0]), *y = kz__value(g, n->out);
  if (n->diff_in[0])
    g->be->kernels->depth_to_space(y->diff_dtype, x->diff_dtype, x->dims, n->arg[0],
                                   kz__diff(g, n->out), kz__diff_in(g, n, 0), n->add_in[0]);
  return 0;
}

static const struct kz_op s2d = {.name = "space-to-depth", .forward = s2d_forward,
                                 .backward = s2d_backward};

kz_var kz_space_to_depth(struct kz_graph *g, kz_var x, int b)
{
  if (!kz__building(g)) return KZ_NONE;
  struct kz_dims d = kz__dims(g, x);
  if (b < 1 || d.h % b || d.w % b)
    return kz__fail(g, KZ_ESHAPE, "space to depth: %d x %d is not a multiple of %d", d.h, d.w, b);
  struct kz_node *n = kz__node(g, &s2d, KZ_IN(x, KZ_NONE, KZ_NONE),
                               (struct kz_dims){d.n, d.h / b, d.w / b, d.c * b * b}, g->o.dtype);
  if (!n) return KZ_NONE;
  n->arg[0] = b;
  return n->out;
}

static int d2s_forward(struct kz_graph *g, struct kz_node *n, struct kz_err *err)
{
  (void)err;
  const struct kz_value *x = kz__value(g, n->in[0]), *y = kz__value(g, n->out);
  g->be->kernels->depth_to_space(x->dtype, y->dtype, y->dims, n->arg[0], x->data, y->data, false);
  return 0;
}

static int d2s_backward(struct kz_graph *g, struct kz_node *n, struct kz_err *err)
{
  (void)err;
  const struct kz_value *x = kz__value(g, n->in[0]), *y = kz__value(g, n->out);
  if (n->diff_in[0])
    g->be->kernels->space_to_depth(y->diff_dtype, x->diff_dtype, y->dims, n->arg[0],
                                   kz__diff(g, n->out), kz__diff_in(g, n, 0), n->add_in[0]);
  return 0;
}

static const struct kz_op d2s = {.name = "depth-to-space", .forward = d2s_forward,
                                 .backward = d2s_backward};

kz_var kz_depth_to_space(struct kz_graph *g, kz_var x, int b)
{
  if (!kz__building(g)) return KZ_NONE;
  struct kz_dims d = kz__dims(g, x);
  if (b < 1 || d.c % (b * b))
    return kz__fail(g, KZ_ESHAPE, "depth to space: %d channels are not a multiple of %d", d.c,
                    b * b);
  struct kz_node *n = kz__node(g, &d2s, KZ_IN(x, KZ_NONE, KZ_NONE),
                               (struct kz_dims){d.n, d.h * b, d.w * b, d.c / (b * b)},
                               kz__value(g, x)->dtype);
  if (!n) return KZ_NONE;
  n->arg[0] = b;
  return n->out;
}

/* ---- concatenation, the smaller enlarged; slice ---- */

static char *channel(void *base, int c, enum kz_dtype t)
{
  return (char *)base + (size_t)c * kz_dtype_size(t);
}

static int concat_forward(struct kz_graph *g, struct kz_node *n, struct kz_err *err)
{
  (void)err;
  const struct kz_kernels *k = g->be->kernels;
  int at = 0, c = kz__dims(g, n->out).c;
  for (int i = 0; i < 2; i++) {
    const struct kz_value *x = kz__value(g, n->in[i]);
    char *y = channel(kz__data(g, n->out), at, x->dtype);
    if (n->arg[i] == 1)
      k->copy_rows(x->dtype, rows_of(x->dims), x->dims.c, x->data, x->dims.c, y, c, false);
    else
      k->nearest_forward(x->dtype, x->dims, n->arg[i], x->data, y, c);
    at += x->dims.c;
  }
  return 0;
}

static int concat_backward(struct kz_graph *g, struct kz_node *n, struct kz_err *err)
{
  (void)err;
  const struct kz_kernels *k = g->be->kernels;
  int at = 0, c = kz__dims(g, n->out).c;
  for (int i = 0; i < 2; i++) {
    const struct kz_value *x = kz__value(g, n->in[i]);
    char *dy = channel(kz__diff(g, n->out), at, x->diff_dtype);
    void *dx = kz__diff_in(g, n, i);
    at += x->dims.c;
    if (!n->diff_in[i]) continue;
    if (n->arg[i] == 1)
      k->copy_rows(x->diff_dtype, rows_of(x->dims), x->dims.c, dy, c, dx, x->dims.c, n->add_in[i]);
    else
      k->nearest_backward(x->diff_dtype, x->dims, n->arg[i], dy, c, dx, n->add_in[i]);
  }
  return 0;
}

static const struct kz_op concat = {.name = "concat", .forward = concat_forward,
                                    .backward = concat_backward};

kz_var kz_concat(struct kz_graph *g, kz_var a, kz_var b)
{
  if (!kz__building(g)) return KZ_NONE;
  struct kz_dims x = kz__dims(g, a), y = kz__dims(g, b);
  int h = x.h > y.h ? x.h : y.h, w = x.w > y.w ? x.w : y.w, fx = h / x.h, fy = h / y.h;
  if (x.n != y.n || fx * x.h != h || fx * x.w != w || fy * y.h != h || fy * y.w != w ||
      kz__value(g, a)->dtype != kz__value(g, b)->dtype)
    return kz__fail(g, KZ_ESHAPE, "concat: [%d,%d,%d,%d] and [%d,%d,%d,%d] do not fit", x.n, x.h,
                    x.w, x.c, y.n, y.h, y.w, y.c);
  struct kz_node *n = kz__node(g, &concat, KZ_IN(a, b, KZ_NONE),
                               (struct kz_dims){x.n, h, w, x.c + y.c}, kz__value(g, a)->dtype);
  if (!n) return KZ_NONE;
  n->arg[0] = fx;
  n->arg[1] = fy;
  return n->out;
}

static int slice_forward(struct kz_graph *g, struct kz_node *n, struct kz_err *err)
{
  (void)err;
  const struct kz_value *x = kz__value(g, n->in[0]), *y = kz__value(g, n->out);
  g->be->kernels->copy_rows(x->dtype, rows_of(x->dims), y->dims.c,
                            channel(x->data, n->arg[0], x->dtype), x->dims.c, y->data, y->dims.c,
                            false);
  return 0;
}

static int slice_backward(struct kz_graph *g, struct kz_node *n, struct kz_err *err)
{
  (void)err;
  const struct kz_value *x = kz__value(g, n->in[0]), *y = kz__value(g, n->out);
  if (!n->diff_in[0]) return 0;
  void *dx = kz__diff_in(g, n, 0);
  if (!n->add_in[0]) g->be->kernels->fill(x->diff_dtype, (int64_t)kz_dims_count(x->dims), 0, dx);
  g->be->kernels->copy_rows(x->diff_dtype, rows_of(x->dims), y->dims.c, kz__diff(g, n->out),
                            y->dims.c, channel(dx, n->arg[0], x->diff_dtype), x->dims.c, true);
  return 0;
}

static const struct kz_op slice = {.name = "slice", .forward = slice_forward,
                                   .backward = slice_backward};

kz_var kz_slice(struct kz_graph *g, kz_var x, int first, int count)
{
  if (!kz__building(g)) return KZ_NONE;
  struct kz_dims d = kz__dims(g, x);
  if (first < 0 || count < 1 || first + count > d.c)
    return kz__fail(g, KZ_ESHAPE, "slice: channels %d to %d of %d", first, first + count - 1, d.c);
  d.c = count;
  struct kz_node *n = kz__node(g, &slice, KZ_IN(x, KZ_NONE, KZ_NONE), d, kz__value(g, x)->dtype);
  if (!n) return KZ_NONE;
  n->arg[0] = first;
  return n->out;
}

/* ---- tokens of a, then of b: rows of a whole sample ---- */

static int append_forward(struct kz_graph *g, struct kz_node *n, struct kz_err *err)
{
  (void)err;
  struct kz_dims o = kz__dims(g, n->out);
  for (int i = 0, at = 0; i < 2; i++) {
    const struct kz_value *x = kz__value(g, n->in[i]);
    int count = x->dims.w * x->dims.c;
    g->be->kernels->copy_rows(x->dtype, o.n, count, x->data, count,
                              channel(kz__data(g, n->out), at, x->dtype), (int64_t)o.w * o.c,
                              false);
    at += count;
  }
  return 0;
}

static int append_backward(struct kz_graph *g, struct kz_node *n, struct kz_err *err)
{
  (void)err;
  struct kz_dims o = kz__dims(g, n->out);
  for (int i = 0, at = 0; i < 2; i++) {
    const struct kz_value *x = kz__value(g, n->in[i]);
    int count = x->dims.w * x->dims.c;
    if (n->diff_in[i])
      g->be->kernels->copy_rows(x->diff_dtype, o.n, count,
                                channel(kz__diff(g, n->out), at, x->diff_dtype),
                                (int64_t)o.w * o.c, kz__diff_in(g, n, i), count, n->add_in[i]);
    at += count;
  }
  return 0;
}

static const struct kz_op append = {.name = "append", .forward = append_forward,
                                    .backward = append_backward};

kz_var kz_append(struct kz_graph *g, kz_var a, kz_var b)
{
  if (!kz__building(g)) return KZ_NONE;
  struct kz_dims x = kz__dims(g, a), y = kz__dims(g, b);
  if (x.n != y.n || x.h != 1 || y.h != 1 || x.c != y.c ||
      kz__value(g, a)->dtype != kz__value(g, b)->dtype)
    return kz__fail(g, KZ_ESHAPE, "append: [%d,%d,%d,%d] and [%d,%d,%d,%d] are not two lists of "
                    "like tokens", x.n, x.h, x.w, x.c, y.n, y.h, y.w, y.c);
  x.w += y.w;
  struct kz_node *n = kz__node(g, &append, KZ_IN(a, b, KZ_NONE), x, kz__value(g, a)->dtype);
  return n ? n->out : KZ_NONE;
}
