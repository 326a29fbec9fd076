/* One-op graphs by name: what the golden test compares with PyTorch and the
 * gradient test differentiates numerically. The names are those of make_ops.py;
 * parameters are declared under "op". */
#ifndef KZ_TEST_OP_CASES_H
#define KZ_TEST_OP_CASES_H

#include "nn/ops.h"

struct op_case {
  const char *name;
  kz_var (*build)(struct kz_graph *g, const kz_var *x);
  int inputs;
  struct kz_dims dims[4];
  bool index; /* input 0 holds int32 indices: no gradient */
};

#define OP(id, expr)                                                             \
  static kz_var build_##id(struct kz_graph *g, const kz_var *x) { return expr; }
#define CONV(...) kz_conv2d(g, "op", x[0], KZ_CONV(__VA_ARGS__))
/* KZ_CONV would name .residual twice, which gcc warns of. */
#define RESIDUAL_CONV(...)                                                       \
  kz_conv2d(g, "op", x[0],                                                       \
            (struct kz_conv_options){                                            \
                .init = KZ_INIT_KAIMING, .residual = x[1], __VA_ARGS__})

OP(conv3, CONV(.oc = 9, .kernel = 3))
OP(conv3_16, CONV(.oc = 16, .kernel = 3))
OP(conv1, CONV(.oc = 10, .kernel = 1))
OP(conv5, CONV(.oc = 5, .kernel = 5))
OP(conv3_stride2, CONV(.oc = 6, .kernel = 3, .stride = 2))
OP(conv3_dilation2, CONV(.oc = 5, .kernel = 3, .dilation = 2))
OP(conv3_groups2, CONV(.oc = 8, .kernel = 3, .groups = 2))
OP(conv3_depthwise, CONV(.oc = 9, .kernel = 3, .groups = 9))
OP(conv3_no_bias, CONV(.oc = 4, .kernel = 3, .no_bias = true))
OP(conv3_residual, RESIDUAL_CONV(.oc = 6, .kernel = 3))
OP(conv1_residual, RESIDUAL_CONV(.oc = 8, .kernel = 1))
OP(linear, kz_linear(g, "op", x[0], 11, KZ_INIT_KAIMING))
OP(group_norm, kz_group_norm(g, "op", x[0], 4, KZ_NONE, KZ_ACT_NONE))
OP(group_norm_silu, kz_group_norm(g, "op", x[0], 3, KZ_NONE, KZ_ACT_SILU))
OP(group_norm_film, kz_group_norm(g, "op", x[0], 5, x[1], KZ_ACT_NONE))
OP(group_norm_film_silu, kz_group_norm(g, "op", x[0], 16, x[1], KZ_ACT_SILU))
OP(layer_norm, kz_layer_norm(g, "op", x[0]))
OP(silu, kz_activate(g, x[0], KZ_ACT_SILU))
OP(gelu, kz_activate(g, x[0], KZ_ACT_GELU))
OP(softmax, kz_softmax(g, x[0]))
OP(self_attention, kz_self_attention(g, x[0], 3))
OP(self_attention_wide, kz_self_attention(g, x[0], 2))
OP(cross_attention, kz_cross_attention(g, x[0], x[1], 2))
OP(nearest2, kz_resize_nearest(g, x[0], 2))
OP(nearest3, kz_resize_nearest(g, x[0], 3))
OP(bilinear_up, kz_resize_bilinear(g, x[0], 8, 10))
OP(bilinear_down, kz_resize_bilinear(g, x[0], 3, 4))
OP(bilinear_odd, kz_resize_bilinear(g, x[0], 7, 5))
OP(space_to_depth, kz_space_to_depth(g, x[0], 4))
OP(depth_to_space, kz_depth_to_space(g, x[0], 2))
OP(concat, kz_concat(g, x[0], x[1]))
OP(slice, kz_slice(g, x[0], 3, 5))
OP(add, kz_add(g, x[0], x[1]))
OP(multiply, kz_multiply(g, x[0], x[1]))
OP(film, kz_film(g, x[0], x[1]))
OP(global_mean, kz_global_mean(g, x[0]))
OP(embedding, kz_embedding(g, "op", x[0], 9, 6))
OP(append, kz_append(g, x[0], x[1]))
OP(conv7_depthwise, CONV(.oc = 8, .kernel = 7, .groups = 8))
OP(relu, kz_activate(g, x[0], KZ_ACT_RELU))
OP(max_pool, kz_max_pool(g, x[0], 3, 2, false))
OP(max_pool_ceil, kz_max_pool(g, x[0], 3, 2, true))
OP(max_pool2, kz_max_pool(g, x[0], 2, 2, false))
OP(conv3_no_pad, CONV(.oc = 6, .kernel = 3, .stride = 2, .no_pad = true))

/* clang-format off */
static const struct op_case op_cases[] = {
  {"conv3", build_conv3, 1, {{2, 5, 7, 6}}, false},
  {"conv3_16", build_conv3_16, 1, {{1, 4, 5, 16}}, false},
  {"conv1", build_conv1, 1, {{2, 3, 5, 7}}, false},
  {"conv5", build_conv5, 1, {{1, 7, 6, 3}}, false},
  {"conv3_stride2", build_conv3_stride2, 1, {{1, 7, 9, 4}}, false},
  {"conv3_stride2_even", build_conv3_stride2, 1, {{1, 8, 6, 4}}, false},
  {"conv3_dilation2", build_conv3_dilation2, 1, {{1, 7, 8, 4}}, false},
  {"conv3_groups2", build_conv3_groups2, 1, {{2, 5, 4, 6}}, false},
  {"conv3_depthwise", build_conv3_depthwise, 1, {{1, 6, 5, 9}}, false},
  {"conv3_no_bias", build_conv3_no_bias, 1, {{1, 5, 5, 5}}, false},
  {"conv3_residual", build_conv3_residual, 2, {{2, 3, 5, 5}, {2, 3, 5, 6}}, false},
  {"conv1_residual", build_conv1_residual, 2, {{1, 5, 3, 6}, {1, 5, 3, 8}}, false},
  {"linear", build_linear, 1, {{3, 1, 2, 7}}, false},
  {"group_norm", build_group_norm, 1, {{2, 5, 3, 12}}, false},
  {"group_norm_silu", build_group_norm_silu, 1, {{2, 3, 5, 9}}, false},
  {"group_norm_film", build_group_norm_film, 2, {{2, 3, 3, 10}, {2, 1, 1, 20}}, false},
  {"group_norm_film_silu", build_group_norm_film_silu, 2, {{2, 4, 3, 32}, {2, 1, 1, 64}}, false},
  {"layer_norm", build_layer_norm, 1, {{2, 3, 2, 13}}, false},
  {"silu", build_silu, 1, {{2, 3, 5, 7}}, false},
  {"gelu", build_gelu, 1, {{2, 3, 5, 7}}, false},
  {"softmax", build_softmax, 1, {{2, 3, 3, 11}}, false},
  {"self_attention", build_self_attention, 1, {{2, 3, 5, 45}}, false},
  {"self_attention_wide", build_self_attention_wide, 1, {{1, 9, 5, 96}}, false},
  {"cross_attention", build_cross_attention, 2, {{2, 3, 4, 12}, {2, 1, 7, 24}}, false},
  {"nearest2", build_nearest2, 1, {{2, 3, 4, 5}}, false},
  {"nearest3", build_nearest3, 1, {{1, 2, 3, 7}}, false},
  {"bilinear_up", build_bilinear_up, 1, {{2, 4, 5, 3}}, false},
  {"bilinear_down", build_bilinear_down, 1, {{2, 7, 9, 3}}, false},
  {"bilinear_odd", build_bilinear_odd, 1, {{1, 5, 8, 6}}, false},
  {"space_to_depth", build_space_to_depth, 1, {{2, 8, 12, 3}}, false},
  {"depth_to_space", build_depth_to_space, 1, {{2, 3, 5, 12}}, false},
  {"concat", build_concat, 2, {{2, 3, 5, 4}, {2, 3, 5, 7}}, false},
  {"concat_up", build_concat, 2, {{2, 6, 10, 4}, {2, 3, 5, 7}}, false},
  {"slice", build_slice, 1, {{2, 3, 5, 11}}, false},
  {"add", build_add, 2, {{2, 3, 5, 7}, {2, 3, 5, 7}}, false},
  {"multiply", build_multiply, 2, {{2, 3, 5, 7}, {2, 3, 5, 7}}, false},
  {"film", build_film, 2, {{2, 3, 5, 7}, {2, 1, 1, 14}}, false},
  {"global_mean", build_global_mean, 1, {{3, 5, 3, 7}}, false},
  {"embedding", build_embedding, 1, {{2, 1, 5, 1}}, true},
  {"append", build_append, 2, {{2, 1, 3, 5}, {2, 1, 4, 5}}, false},
  {"conv7_depthwise", build_conv7_depthwise, 1, {{1, 9, 6, 8}}, false},
  {"relu", build_relu, 1, {{2, 3, 5, 7}}, false},
  {"max_pool", build_max_pool, 1, {{2, 7, 8, 5}}, false},
  {"max_pool_ceil", build_max_pool_ceil, 1, {{1, 6, 8, 19}}, false},
  {"max_pool2", build_max_pool2, 1, {{2, 5, 6, 4}}, false},
  {"conv3_no_pad", build_conv3_no_pad, 1, {{2, 7, 6, 5}}, false},
};
/* clang-format on */
/* Cases whose slope jumps where values are equal or zero. */
static inline bool has_kinks(const struct op_case *c) {
  return c->build == build_relu || c->build == build_max_pool ||
         c->build == build_max_pool_ceil || c->build == build_max_pool2;
}
#define OP_CASE_COUNT ((int)(sizeof op_cases / sizeof *op_cases))

#endif
