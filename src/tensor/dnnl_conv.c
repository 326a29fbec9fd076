/* Convolutions over oneDNN 2.6's C API.
 *
 * A plan holds the primitives and one memory object for each argument, made
 * once; running a plan sets pointers and executes, so nothing is allocated.
 * Activations are nhwc as they stand; weights take whatever blocked layout the
 * primitive prefers, reached by reorders from PyTorch's order. Scratchpads are
 * the caller's ("user mode"), so that graphs can share them. */
#include "tensor/dnnl_conv.h"

#include <stdlib.h>

#include "tensor/dnnl_primitive.h"

enum { FWD, BWD_DATA, BWD_WEIGHTS, PACK_FWD, PACK_BWD, UNPACK, PRIMITIVES };

struct kz_conv {
  struct kz_conv_desc desc;
  struct kz__primitive prim[PRIMITIVES];
  dnnl_memory_desc_t src, dst, diff_dst, bias, plain; /* plain: f32 weights in PyTorch's order */
  size_t fwd_bytes, bwd_bytes, diff_weights_bytes;
};

static int fail(struct kz_err *err, const struct kz_conv_desc *d, const char *what,
                dnnl_status_t status)
{
  return kz_err_set(err, status == dnnl_out_of_memory ? KZ_ENOMEM : KZ_EBACKEND,
                    "oneDNN: %s of a %dx%d convolution, %d to %d channels, input %dx%dx%d, "
                    "stride %d, dilation %d, groups %d: status %d",
                    what, d->kh, d->kw, d->ic, d->oc, d->mb, d->ih, d->iw, d->stride, d->dilation,
                    d->groups, (int)status);
}

static int out_size(int in, int k, const struct kz_conv_desc *d)
{
  return (in + 2 * d->pad - d->dilation * (k - 1) - 1) / d->stride + 1;
}

static void init_weights(dnnl_memory_desc_t *md, const struct kz_conv_desc *d, dnnl_data_type_t t,
                         bool plain)
{
  dnnl_dims_t grouped = {d->groups, d->oc / d->groups, d->ic / d->groups, d->kh, d->kw};
  bool g = d->groups > 1;
  dnnl_format_tag_t tag = !plain ? dnnl_format_tag_any : g ? dnnl_goihw : dnnl_oihw;
  dnnl_memory_desc_init_by_tag(md, g ? 5 : 4, g ? grouped : grouped + 1, t, tag);
}

static void init_descs(struct kz_conv *c)
{
  const struct kz_conv_desc *d = &c->desc;
  dnnl_dims_t src = {d->mb, d->ic, d->ih, d->iw}, bias = {d->oc};
  dnnl_dims_t dst = {d->mb, d->oc, out_size(d->ih, d->kh, d), out_size(d->iw, d->kw, d)};
  dnnl_memory_desc_init_by_tag(&c->src, 4, src, kz__dnnl_type(d->dtype), dnnl_nhwc);
  dnnl_memory_desc_init_by_tag(&c->dst, 4, dst, kz__dnnl_type(d->dst_dtype), dnnl_nhwc);
  dnnl_memory_desc_init_by_tag(&c->diff_dst, 4, dst, kz__dnnl_type(d->dtype), dnnl_nhwc);
  dnnl_memory_desc_init_by_tag(&c->bias, 1, bias, dnnl_f32, dnnl_x);
  init_weights(&c->plain, d, dnnl_f32, true);
}

static dnnl_status_t make_reorder(struct kz__primitive *p, const dnnl_memory_desc_t *from,
                                  const dnnl_memory_desc_t *to, bool accumulate)
{
  dnnl_primitive_attr_t attr;
  dnnl_post_ops_t sum = NULL;
  dnnl_status_t s = dnnl_primitive_attr_create(&attr);
  if (s != dnnl_success) return s;
  dnnl_primitive_attr_set_scratchpad_mode(attr, dnnl_scratchpad_mode_user);
  if (accumulate && (s = dnnl_post_ops_create(&sum)) == dnnl_success &&
      (s = dnnl_post_ops_append_sum(sum, 1.f)) == dnnl_success)
    s = dnnl_primitive_attr_set_post_ops(attr, sum);
  if (s == dnnl_success)
    s = dnnl_reorder_primitive_desc_create(&p->pd, from, kz__dnnl_engine, to, kz__dnnl_engine,
                                           attr);
  if (s == dnnl_success) s = kz__dnnl_arg(p, DNNL_ARG_FROM, from);
  if (s == dnnl_success) s = kz__dnnl_arg(p, DNNL_ARG_TO, to);
  if (s == dnnl_success) s = kz__dnnl_finish(p);
  if (sum) dnnl_post_ops_destroy(sum);
  dnnl_primitive_attr_destroy(attr);
  return s;
}

/* Strides, dilation (oneDNN counts the gaps: 0 is dense) and padding of a desc. */
#define GEOMETRY(d)                                                               \
  (dnnl_dims_t){(d)->stride, (d)->stride},                                        \
      (dnnl_dims_t){(d)->dilation - 1, (d)->dilation - 1},                        \
      (dnnl_dims_t){(d)->pad, (d)->pad}, (dnnl_dims_t) { (d)->pad, (d)->pad }

static dnnl_status_t make_forward(struct kz_conv *c, dnnl_primitive_attr_t attr)
{
  const struct kz_conv_desc *d = &c->desc;
  struct kz__primitive *p = &c->prim[FWD];
  dnnl_convolution_desc_t cd;
  dnnl_memory_desc_t weights;
  dnnl_post_ops_t post = NULL;
  bool train = d->backward_data || d->backward_weights;
  init_weights(&weights, d, kz__dnnl_type(d->dtype), false);
  dnnl_status_t s = dnnl_dilated_convolution_forward_desc_init(
      &cd, train ? dnnl_forward_training : dnnl_forward_inference, dnnl_convolution_direct, &c->src,
      &weights, d->bias ? &c->bias : NULL, &c->dst, GEOMETRY(d));
  if (s == dnnl_success && d->residual && (s = dnnl_post_ops_create(&post)) == dnnl_success &&
      (s = dnnl_post_ops_append_binary(post, dnnl_binary_add, &c->dst)) == dnnl_success)
    s = dnnl_primitive_attr_set_post_ops(attr, post);
  if (s == dnnl_success) s = dnnl_primitive_desc_create(&p->pd, &cd, attr, kz__dnnl_engine, NULL);
  if (post) dnnl_post_ops_destroy(post);
  if (s != dnnl_success) return s;

  const dnnl_memory_desc_t *w = kz__dnnl_query(p, dnnl_query_weights_md);
  c->fwd_bytes = dnnl_memory_desc_get_size(w);
  if ((s = kz__dnnl_arg(p, DNNL_ARG_SRC, &c->src)) != dnnl_success) return s;
  if ((s = kz__dnnl_arg(p, DNNL_ARG_WEIGHTS, w)) != dnnl_success) return s;
  if ((s = kz__dnnl_arg(p, DNNL_ARG_DST, &c->dst)) != dnnl_success) return s;
  if (d->bias && (s = kz__dnnl_arg(p, DNNL_ARG_BIAS, &c->bias)) != dnnl_success) return s;
  if (d->residual && (s = kz__dnnl_arg(p, DNNL_ARG_ATTR_MULTIPLE_POST_OP(0) | DNNL_ARG_SRC_1,
                                  &c->dst)) != dnnl_success)
    return s;
  if ((s = kz__dnnl_finish(p)) != dnnl_success) return s;
  return make_reorder(&c->prim[PACK_FWD], &c->plain, w, false);
}

/* oneDNN wants the forward plan that a backward plan belongs to as a hint; it must have the
 * gradient's data types, so it is made anew. */
static dnnl_status_t make_hint(struct kz_conv *c, dnnl_primitive_desc_t *hint)
{
  const struct kz_conv_desc *d = &c->desc;
  dnnl_convolution_desc_t cd;
  dnnl_memory_desc_t weights;
  init_weights(&weights, d, kz__dnnl_type(d->dtype), false);
  dnnl_status_t s = dnnl_dilated_convolution_forward_desc_init(
      &cd, dnnl_forward_training, dnnl_convolution_direct, &c->src, &weights,
      d->bias ? &c->bias : NULL, &c->diff_dst, GEOMETRY(d));
  return s == dnnl_success ? dnnl_primitive_desc_create(hint, &cd, NULL, kz__dnnl_engine, NULL) : s;
}

static dnnl_status_t make_backward_data(struct kz_conv *c, dnnl_primitive_attr_t attr,
                                        dnnl_primitive_desc_t hint)
{
  const struct kz_conv_desc *d = &c->desc;
  struct kz__primitive *p = &c->prim[BWD_DATA];
  dnnl_convolution_desc_t cd;
  dnnl_memory_desc_t weights;
  init_weights(&weights, d, kz__dnnl_type(d->dtype), false);
  dnnl_status_t s = dnnl_dilated_convolution_backward_data_desc_init(
      &cd, dnnl_convolution_direct, &c->src, &weights, &c->diff_dst, GEOMETRY(d));
  if (s == dnnl_success) s = dnnl_primitive_desc_create(&p->pd, &cd, attr, kz__dnnl_engine, hint);
  if (s != dnnl_success) return s;
  const dnnl_memory_desc_t *w = kz__dnnl_query(p, dnnl_query_weights_md);
  c->bwd_bytes = dnnl_memory_desc_get_size(w);
  if ((s = kz__dnnl_arg(p, DNNL_ARG_DIFF_DST, &c->diff_dst)) != dnnl_success) return s;
  if ((s = kz__dnnl_arg(p, DNNL_ARG_WEIGHTS, w)) != dnnl_success) return s;
  if ((s = kz__dnnl_arg(p, DNNL_ARG_DIFF_SRC, &c->src)) != dnnl_success) return s;
  if ((s = kz__dnnl_finish(p)) != dnnl_success) return s;
  return make_reorder(&c->prim[PACK_BWD], &c->plain, w, false);
}

static dnnl_status_t make_backward_weights(struct kz_conv *c, dnnl_primitive_attr_t attr,
                                           dnnl_primitive_desc_t hint)
{
  const struct kz_conv_desc *d = &c->desc;
  struct kz__primitive *p = &c->prim[BWD_WEIGHTS];
  dnnl_convolution_desc_t cd;
  dnnl_memory_desc_t weights;
  init_weights(&weights, d, dnnl_f32, false);
  dnnl_status_t s = dnnl_dilated_convolution_backward_weights_desc_init(
      &cd, dnnl_convolution_direct, &c->src, &weights, d->bias ? &c->bias : NULL, &c->diff_dst,
      GEOMETRY(d));
  if (s == dnnl_success) s = dnnl_primitive_desc_create(&p->pd, &cd, attr, kz__dnnl_engine, hint);
  if (s != dnnl_success) return s;
  const dnnl_memory_desc_t *w = kz__dnnl_query(p, dnnl_query_diff_weights_md);
  c->diff_weights_bytes = (dnnl_memory_desc_get_size(w) + 63) / 64 * 64;
  if ((s = kz__dnnl_arg(p, DNNL_ARG_SRC, &c->src)) != dnnl_success) return s;
  if ((s = kz__dnnl_arg(p, DNNL_ARG_DIFF_DST, &c->diff_dst)) != dnnl_success) return s;
  if ((s = kz__dnnl_arg(p, DNNL_ARG_DIFF_WEIGHTS, w)) != dnnl_success) return s;
  if (d->bias && (s = kz__dnnl_arg(p, DNNL_ARG_DIFF_BIAS, &c->bias)) != dnnl_success) return s;
  if ((s = kz__dnnl_finish(p)) != dnnl_success) return s;
  return make_reorder(&c->prim[UNPACK], w, &c->plain, true);
}

static int make_plans(struct kz_conv *c, struct kz_err *err)
{
  const struct kz_conv_desc *d = &c->desc;
  dnnl_primitive_attr_t forward = NULL, backward = NULL;
  dnnl_primitive_desc_t hint = NULL;
  const char *what = "attributes";
  dnnl_status_t s = dnnl_primitive_attr_create(&forward);
  if (s == dnnl_success) s = dnnl_primitive_attr_create(&backward);
  if (s != dnnl_success) goto out;
  dnnl_primitive_attr_set_scratchpad_mode(forward, dnnl_scratchpad_mode_user);
  dnnl_primitive_attr_set_scratchpad_mode(backward, dnnl_scratchpad_mode_user);

  what = "forward pass";
  if ((s = make_forward(c, forward)) != dnnl_success) goto out;
  if (!d->backward_data && !d->backward_weights) goto out;
  if ((s = make_hint(c, &hint)) != dnnl_success) goto out;
  what = "backward pass (data)";
  if (d->backward_data && (s = make_backward_data(c, backward, hint)) != dnnl_success) goto out;
  what = "backward pass (weights)";
  if (d->backward_weights) s = make_backward_weights(c, backward, hint);
out:
  if (hint) dnnl_primitive_desc_destroy(hint);
  if (backward) dnnl_primitive_attr_destroy(backward);
  if (forward) dnnl_primitive_attr_destroy(forward);
  return s == dnnl_success ? 0 : fail(err, d, what, s);
}

int kz__dnnl_conv_new(const struct kz_conv_desc *desc, struct kz_conv **out, struct kz_err *err)
{
  int rc = kz__dnnl_start(err);
  if (rc) return rc;
  struct kz_conv *c = calloc(1, sizeof *c);
  if (!c) return kz_err_set(err, KZ_ENOMEM, "out of memory for a convolution plan");
  c->desc = *desc;
  init_descs(c);
  rc = make_plans(c, err);
  if (rc) kz__dnnl_conv_free(c);
  else *out = c;
  return rc;
}

void kz__dnnl_conv_free(struct kz_conv *c)
{
  if (!c) return;
  for (int i = 0; i < PRIMITIVES; i++) kz__dnnl_release(&c->prim[i]);
  free(c);
}

size_t kz__dnnl_conv_packed_size(const struct kz_conv *c, bool backward)
{
  return backward ? c->bwd_bytes : c->fwd_bytes;
}

static size_t bias_bytes(const struct kz_conv *c)
{
  return ((size_t)c->desc.oc * 4 + 63) / 64 * 64;
}

static size_t larger(size_t a, size_t b) { return a > b ? a : b; }

size_t kz__dnnl_conv_scratch_size(const struct kz_conv *c, bool backward)
{
  const struct kz__primitive *p = c->prim;
  if (!backward)
    return larger(p[FWD].scratch, larger(p[PACK_FWD].scratch, p[PACK_BWD].scratch));
  size_t most = larger(p[BWD_DATA].scratch, larger(p[BWD_WEIGHTS].scratch, p[UNPACK].scratch));
  /* The weights' gradient arrives in oneDNN's layout, then is added to the plain one. */
  return most + (c->desc.backward_weights ? c->diff_weights_bytes + bias_bytes(c) : 0);
}

int kz__dnnl_conv_pack(struct kz_conv *c, const float *weights, void *fwd, void *bwd, void *scratch,
                       struct kz_err *err)
{
  dnnl_status_t s = kz__dnnl_run(&c->prim[PACK_FWD], (void *[]){(void *)weights, fwd}, scratch);
  if (s == dnnl_success && bwd && c->desc.backward_data)
    s = kz__dnnl_run(&c->prim[PACK_BWD], (void *[]){(void *)weights, bwd}, scratch);
  return s == dnnl_success ? 0 : fail(err, &c->desc, "laying out the weights", s);
}

int kz__dnnl_conv_forward(struct kz_conv *c, const void *src, const void *packed, const float *bias,
                          const void *residual, void *dst, void *scratch, struct kz_err *err)
{
  void *data[KZ__DNNL_ARGS] = {(void *)src, (void *)packed, dst};
  int n = 3;
  if (c->desc.bias) data[n++] = (void *)bias;
  if (c->desc.residual) data[n++] = (void *)residual;
  dnnl_status_t s = kz__dnnl_run(&c->prim[FWD], data, scratch);
  return s == dnnl_success ? 0 : fail(err, &c->desc, "running the forward pass", s);
}

int kz__dnnl_conv_backward_data(struct kz_conv *c, const void *diff_dst, const void *packed,
                                void *diff_src, void *scratch, struct kz_err *err)
{
  void *data[KZ__DNNL_ARGS] = {(void *)diff_dst, (void *)packed, diff_src};
  dnnl_status_t s = kz__dnnl_run(&c->prim[BWD_DATA], data, scratch);
  return s == dnnl_success ? 0 : fail(err, &c->desc, "running the backward pass (data)", s);
}

int kz__dnnl_conv_backward_weights(struct kz_conv *c, const void *src, const void *diff_dst,
                                   float *diff_weights, float *diff_bias, void *scratch,
                                   struct kz_err *err)
{
  char *packed = scratch;
  float *bias = (float *)(packed + c->diff_weights_bytes);
  char *rest = (char *)bias + bias_bytes(c);
  dnnl_status_t s = kz__dnnl_run(&c->prim[BWD_WEIGHTS],
                        (void *[]){(void *)src, (void *)diff_dst, packed, bias, NULL}, rest);
  if (s == dnnl_success) s = kz__dnnl_run(&c->prim[UNPACK], (void *[]){packed, diff_weights}, rest);
  if (s != dnnl_success) return fail(err, &c->desc, "running the backward pass (weights)", s);
  if (c->desc.bias)
    for (int i = 0; i < c->desc.oc; i++) diff_bias[i] += bias[i];
  return 0;
}
