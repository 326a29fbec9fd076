/* Convolution and linear layers.
 *
 *   dst = weights * src + bias (+ residual)
 *   diff_src = weights^T * diff_dst,  diff_weights = diff_dst x src,  diff_bias = sum diff_dst,
 *   diff_residual = diff_dst
 * Bias and residual are fused into the convolution. A linear layer is a 1 x 1
 * convolution over all its rows, seen as the pixels of one long image line: as so
 * many images of one pixel, oneDNN's passes took 3 to 14 times as long. */
#include "nn/node.h"
#include "nn/ops.h"

enum { OC, KERNEL, STRIDE, DILATION, PAD, GROUPS, BIAS, ROWS }; /* n->arg */
enum { SCRATCH_FORWARD, SCRATCH_BACKWARD };

static struct kz_conv_desc describe(const struct kz_graph *g, const struct kz_node *n)
{
  struct kz_dims s = kz__dims(g, n->in[0]);
  if (n->arg[ROWS]) s = (struct kz_dims){1, 1, s.n * s.h * s.w, s.c};
  return (struct kz_conv_desc){
      .mb = s.n, .ic = s.c, .oc = n->arg[OC], .ih = s.h, .iw = s.w,
      .kh = n->arg[KERNEL], .kw = n->arg[KERNEL], .stride = n->arg[STRIDE],
      .dilation = n->arg[DILATION], .pad = n->arg[PAD], .groups = n->arg[GROUPS],
      .dtype = g->o.dtype, .dst_dtype = kz__value(g, n->out)->dtype,
      .bias = n->arg[BIAS], .residual = n->in[1] != KZ_NONE,
      .backward_data = n->backward && n->diff_in[0], .backward_weights = n->backward && kz__learns(g)};
}

static int prepare(struct kz_graph *g, struct kz_node *n, struct kz_err *err)
{
  struct kz_conv_desc d = describe(g, n);
  int rc = g->be->conv_new(&d, &n->conv, err);
  if (rc) return rc;
  rc = kz__temp(g, n, SCRATCH_FORWARD, g->be->conv_scratch_size(n->conv, false), KZ_SPAN_FORWARD,
                err);
  size_t scratch = g->be->conv_scratch_size(n->conv, true);
  return rc ? rc : kz__temp(g, n, SCRATCH_BACKWARD, scratch, KZ_SPAN_BACKWARD, err);
}

static int forward(struct kz_graph *g, struct kz_node *n, struct kz_err *err)
{
  return g->be->conv_forward(n->conv, kz__data(g, n->in[0]), g->packed + n->packed,
                             n->arg[BIAS] ? kz__weight(g, n, 1) : NULL, kz__data(g, n->in[1]),
                             kz__data(g, n->out), kz__temp_data(g, n, SCRATCH_FORWARD), err);
}

static void backward_residual(struct kz_graph *g, struct kz_node *n, const void *diff_dst)
{
  const struct kz_value *r = kz__value(g, n->in[1]);
  int64_t rows = (int64_t)kz_dims_count(r->dims) / r->dims.c;
  g->be->kernels->copy_rows(r->diff_dtype, rows, r->dims.c, diff_dst, r->dims.c,
                            kz__diff_in(g, n, 1), r->dims.c, n->add_in[1]);
}

static int backward(struct kz_graph *g, struct kz_node *n, struct kz_err *err)
{
  const void *diff_dst = kz__diff(g, n->out);
  int rc = 0;
  if (kz__learns(g))
    rc = g->be->conv_backward_weights(
        n->conv, kz__data(g, n->in[0]), diff_dst, kz__weight_diff(g, n, 0),
        n->arg[BIAS] ? kz__weight_diff(g, n, 1) : NULL, kz__temp_data(g, n, SCRATCH_BACKWARD), err);
  if (!rc && n->diff_in[0])
    rc = g->be->conv_backward_data(n->conv, diff_dst, g->packed + n->packed_backward,
                                   kz__diff_in(g, n, 0), kz__temp_data(g, n, SCRATCH_BACKWARD),
                                   err);
  if (!rc && n->diff_in[1]) backward_residual(g, n, diff_dst);
  return rc;
}

static double flops(const struct kz_graph *g, const struct kz_node *n)
{
  struct kz_dims s = kz__dims(g, n->in[0]);
  return 2. * (double)kz_dims_count(kz__dims(g, n->out)) * s.c / n->arg[GROUPS] * n->arg[KERNEL] *
         n->arg[KERNEL];
}

static const struct kz_op conv = {.name = "convolution", .keeps_in = 1, .overwrites = 1, .inexact_out = true,
                                  .prepare = prepare, .forward = forward, .backward = backward,
                                  .flops = flops};
static const struct kz_op linear = {.name = "linear", .keeps_in = 1, .overwrites = 1, .prepare = prepare,
                                    .forward = forward, .backward = backward, .flops = flops};

static void declare(struct kz_graph *g, struct kz_node *n, const char *name, int ic,
                    enum kz_init init)
{
  int oc = n->arg[OC], k = n->arg[KERNEL], in = ic / n->arg[GROUPS];
  int rank = n->arg[ROWS] ? 2 : 4;
  kz__param(g, n, name, "weight", rank, (int[]){oc, in, k, k}, in * k * k, init);
  if (n->arg[BIAS])
    kz__param(g, n, name, "bias", 1, &oc, in * k * k,
              init == KZ_INIT_KAIMING ? KZ_INIT_KAIMING : KZ_INIT_ZERO);
}

static int defaulted(int value, int def) { return value ? value : def; }

kz_var kz_conv2d(struct kz_graph *g, const char *name, kz_var x, struct kz_conv_options o)
{
  if (!kz__building(g)) return KZ_NONE;
  struct kz_dims s = kz__dims(g, x);
  int stride = defaulted(o.stride, 1), dilation = defaulted(o.dilation, 1);
  int groups = defaulted(o.groups, 1), pad = defaulted(o.pad, o.kernel / 2 * dilation);
  if (o.no_pad) pad = 0;
  int reach = dilation * (o.kernel - 1) + 1;
  struct kz_dims d = {s.n, (s.h + 2 * pad - reach) / stride + 1,
                      (s.w + 2 * pad - reach) / stride + 1, o.oc};
  if (o.oc < 1 || o.kernel < 1 || s.c % groups || o.oc % groups || s.h + 2 * pad < reach ||
      s.w + 2 * pad < reach)
    return kz__fail(g, KZ_ESHAPE, "convolution '%s': kernel %d, groups %d, %d channels out do not "
                    "fit input [%d,%d,%d,%d]", name, o.kernel, groups, o.oc, s.n, s.h, s.w, s.c);
  if (o.residual != KZ_NONE) {
    struct kz_dims r = kz__dims(g, o.residual);
    if (memcmp(&r, &d, sizeof r) || o.f32_dst)
      return kz__fail(g, KZ_ESHAPE, "convolution '%s': the residual is [%d,%d,%d,%d], the result "
                      "[%d,%d,%d,%d]", name, r.n, r.h, r.w, r.c, d.n, d.h, d.w, d.c);
  }
  x = kz__cast(g, x);
  struct kz_node *n = kz__node(g, &conv, KZ_IN(x, o.residual, KZ_NONE), d,
                               o.f32_dst ? KZ_F32 : g->o.dtype);
  if (!n) return KZ_NONE;
  memcpy(n->arg, (int[]){o.oc, o.kernel, stride, dilation, pad, groups, !o.no_bias, 0},
         sizeof n->arg);
  declare(g, n, name, s.c, o.init);
  return n->out;
}

kz_var kz_linear(struct kz_graph *g, const char *name, kz_var x, int oc, enum kz_init init)
{
  if (!kz__building(g)) return KZ_NONE;
  struct kz_dims s = kz__dims(g, x);
  x = kz__cast(g, x);
  struct kz_node *n = kz__node(g, &linear, KZ_IN(x, KZ_NONE, KZ_NONE),
                               (struct kz_dims){s.n, s.h, s.w, oc}, g->o.dtype);
  if (!n) return KZ_NONE;
  memcpy(n->arg, (int[]){oc, 1, 1, 1, 0, 1, 1, 1}, sizeof n->arg);
  declare(g, n, name, s.c, init);
  return n->out;
}
