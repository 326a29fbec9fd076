/* The ops: what model code calls. Each adds a node to the graph and returns its
 * result; parameters are declared under `name` ("d.0.0.c1" gives
 * "d.0.0.c1.weight" and "d.0.0.c1.bias"). Shapes that do not fit are the graph's
 * first error. Activations are [n, h, w, c] in the graph's dtype unless said. */
#ifndef KZ_OPS_H
#define KZ_OPS_H

#include "nn/graph.h"

struct kz_conv_options {
  int oc, kernel;                    /* square kernel */
  int stride, dilation, pad, groups; /* 0 stands for 1, 1, kernel/2 * dilation, 1 */
  bool no_bias, no_pad;
  enum kz_init init;                 /* of the weights; the bias is zero if the weights are */
  bool f32_dst;                      /* keep the result in f32 (the last layer) */
  kz_var residual;                   /* added to the result, or KZ_NONE */
};
#define KZ_CONV(...) ((struct kz_conv_options){__VA_ARGS__})

kz_var kz_conv2d(struct kz_graph *g, const char *name, kz_var x, struct kz_conv_options o);
/* [n, h, w, ic] -> [n, h, w, oc], weight [oc, ic]. */
kz_var kz_linear(struct kz_graph *g, const char *name, kz_var x, int oc, enum kz_init init);
/* Group norm with optional film [n, 1, 1, 2c] and activation, fused. */
kz_var kz_group_norm(struct kz_graph *g, const char *name, kz_var x, int groups, kz_var film,
                     enum kz_act act);
/* Over c, each position. */
kz_var kz_layer_norm(struct kz_graph *g, const char *name, kz_var x);
kz_var kz_activate(struct kz_graph *g, kz_var x, enum kz_act act);
kz_var kz_softmax(struct kz_graph *g, kz_var x); /* over c */
/* q [n, ., ., heads*d]; kv [n, ., ., 2*heads*d] (keys, then values): cross-attention. */
kz_var kz_cross_attention(struct kz_graph *g, kz_var q, kz_var kv, int heads);
/* qkv [n, h, w, 3*heads*d]: self-attention over the h*w tokens. */
kz_var kz_self_attention(struct kz_graph *g, kz_var qkv, int heads);
kz_var kz_resize_nearest(struct kz_graph *g, kz_var x, int factor);
kz_var kz_resize_bilinear(struct kz_graph *g, kz_var x, int oh, int ow);
/* Largest value of each window, no padding. With ceil_mode a last window that begins inside hangs
 * over the edge, without it what is left there is dropped (PyTorch's max_pool2d). */
kz_var kz_max_pool(struct kz_graph *g, kz_var x, int kernel, int stride, bool ceil_mode);
kz_var kz_space_to_depth(struct kz_graph *g, kz_var x, int block); /* result in graph dtype */
kz_var kz_depth_to_space(struct kz_graph *g, kz_var x, int block); /* keeps x's dtype */
/* Channels of a, then of b; the smaller is enlarged to the other's size by nearest neighbour (by an
 * integer factor). */
kz_var kz_concat(struct kz_graph *g, kz_var a, kz_var b);
/* Tokens [n, 1, ta, c] of a, then [n, 1, tb, c] of b. */
kz_var kz_append(struct kz_graph *g, kz_var a, kz_var b);
kz_var kz_slice(struct kz_graph *g, kz_var x, int first, int count); /* channels */
kz_var kz_add(struct kz_graph *g, kz_var a, kz_var b);
kz_var kz_multiply(struct kz_graph *g, kz_var a, kz_var b);
kz_var kz_film(struct kz_graph *g, kz_var x, kz_var film); /* x (1 + scale) + shift */
kz_var kz_global_mean(struct kz_graph *g, kz_var x);       /* [n, 1, 1, c] */
/* index: int32 [n, 1, t, 1] stored in an F32-sized input; result [n, 1, t, c]. */
kz_var kz_embedding(struct kz_graph *g, const char *name, kz_var index, int rows, int c);

#endif
