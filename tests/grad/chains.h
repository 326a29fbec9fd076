/* Small graphs of several ops, made to go wrong if gradients of a value that is
 * used more than once are not added up, or if storage is shared too early. */
#ifndef KZ_TEST_CHAINS_H
#define KZ_TEST_CHAINS_H

#include "../golden/op_cases.h"

static kz_var plain_conv(struct kz_graph *g, const char *name, kz_var x, int oc, int kernel) {
  return kz_conv2d(g, name, x, KZ_CONV(.oc = oc, .kernel = kernel));
}

static kz_var conv_plus(struct kz_graph *g, const char *name, kz_var x, int oc, kz_var residual) {
  struct kz_conv_options o = KZ_CONV(.oc = oc, .kernel = 3);
  o.residual = residual;
  return kz_conv2d(g, name, x, o);
}

static kz_var build_used_twice(struct kz_graph *g, const kz_var *x) {
  kz_var h = plain_conv(g, "a", x[0], 6, 3);
  return kz_add(g, kz_multiply(g, kz_activate(g, h, KZ_ACT_SILU), h), h);
}

static kz_var build_input_shared(struct kz_graph *g, const kz_var *x) {
  kz_var h = kz_activate(g, x[0], KZ_ACT_GELU);
  kz_var a = plain_conv(g, "a", h, 5, 3), b = plain_conv(g, "b", h, 5, 1);
  return kz_add(g, kz_add(g, a, b), h);
}

/* The residual is the convolution's own input, then a value used again later. */
static kz_var build_residual_self(struct kz_graph *g, const kz_var *x) {
  kz_var a = conv_plus(g, "a", x[0], 6, x[0]);
  kz_var b = conv_plus(g, "b", a, 6, a);
  return kz_multiply(g, conv_plus(g, "c", b, 6, a), b);
}

static kz_var build_same_twice(struct kz_graph *g, const kz_var *x) {
  kz_var h = kz_activate(g, x[0], KZ_ACT_SILU);
  return kz_concat(g, kz_add(g, h, h), kz_concat(g, kz_multiply(g, h, h), h));
}

static kz_var build_slices(struct kz_graph *g, const kz_var *x) {
  kz_var h = plain_conv(g, "a", x[0], 9, 1);
  kz_var p = kz_multiply(g, kz_slice(g, h, 0, 4), kz_slice(g, h, 3, 4));
  return kz_add(g, p, kz_slice(g, h, 5, 4));
}

static kz_var res_block(struct kz_graph *g, const char *prefix, kz_var x, int oc, kz_var time) {
  char n[5][32];
  const char *part[5] = {"n1", "c1", "t", "n2", "c2"};
  for (int i = 0; i < 5; i++) snprintf(n[i], sizeof n[i], "%s.%s", prefix, part[i]);
  kz_var h = plain_conv(g, n[1], kz_group_norm(g, n[0], x, 2, KZ_NONE, KZ_ACT_SILU), oc, 3);
  kz_var film = kz_linear(g, n[2], time, 2 * oc, KZ_INIT_KAIMING);
  h = kz_group_norm(g, n[3], h, 2, film, KZ_ACT_SILU);
  kz_var skip = x;
  if (kz_graph_dims(g, x).c != oc) {
    char k[32];
    snprintf(k, sizeof k, "%s.k", prefix);
    skip = plain_conv(g, k, x, oc, 1);
  }
  return conv_plus(g, n[4], h, oc, skip);
}

static kz_var attention_block(struct kz_graph *g, kz_var x, int heads) {
  int c = kz_graph_dims(g, x).c;
  kz_var q = plain_conv(g, "at.q", kz_group_norm(g, "at.n", x, 2, KZ_NONE, KZ_ACT_NONE), 3 * c, 1);
  struct kz_conv_options o = KZ_CONV(.oc = c, .kernel = 1);
  o.residual = x;
  return kz_conv2d(g, "at.o", kz_self_attention(g, q, heads), o);
}

/* Two levels, skip connections, one time embedding that films every block. */
static kz_var build_unet(struct kz_graph *g, const kz_var *x) {
  kz_var time = kz_activate(g, kz_linear(g, "te", x[1], 10, KZ_INIT_KAIMING), KZ_ACT_SILU);
  kz_var h0 = res_block(g, "d0", plain_conv(g, "in", kz_space_to_depth(g, x[0], 2), 4, 3), 4, time);
  kz_var down = kz_conv2d(g, "ds", h0, KZ_CONV(.oc = 4, .kernel = 3, .stride = 2));
  kz_var h1 = attention_block(g, res_block(g, "d1", down, 6, time), 2);
  kz_var m = res_block(g, "u1", kz_concat(g, h1, h1), 6, time);
  kz_var u = res_block(g, "u0", kz_concat(g, h0, m), 4, time);
  u = kz_group_norm(g, "on", u, 2, KZ_NONE, KZ_ACT_SILU);
  struct kz_conv_options last = KZ_CONV(.oc = 12, .kernel = 3, .f32_dst = true);
  return kz_depth_to_space(g, kz_conv2d(g, "out", u, last), 2);
}

/* Text to picture: a table, keys and values from it, queries from the picture. */
static kz_var build_text(struct kz_graph *g, const kz_var *x) {
  kz_var words = kz_layer_norm(g, "ln", kz_embedding(g, "words", x[0], 9, 6));
  kz_var kv = kz_linear(g, "kv", words, 16, KZ_INIT_KAIMING);
  kz_var q = plain_conv(g, "q", x[1], 8, 1);
  kz_var mixed = kz_add(g, kz_cross_attention(g, q, kv, 2), q);
  return kz_film(g, mixed, kz_linear(g, "f", kz_global_mean(g, mixed), 16, KZ_INIT_KAIMING));
}

/* clang-format off */
static const struct op_case chain_cases[] = {
  {"used_twice", build_used_twice, 1, {{2, 3, 5, 4}}, false},
  {"input_shared", build_input_shared, 1, {{2, 5, 3, 5}}, false},
  {"residual_self", build_residual_self, 1, {{1, 4, 5, 6}}, false},
  {"same_twice", build_same_twice, 1, {{2, 3, 4, 5}}, false},
  {"slices", build_slices, 1, {{2, 4, 3, 5}}, false},
  {"unet", build_unet, 2, {{2, 8, 12, 3}, {2, 1, 1, 7}}, false},
  {"text", build_text, 2, {{2, 1, 5, 1}, {2, 3, 4, 5}}, true},
};
/* clang-format on */
#define CHAIN_CASE_COUNT ((int)(sizeof chain_cases / sizeof *chain_cases))

/* A case as a graph with random values in place; shared by the tests of this folder. */
struct case_graph {
  const struct op_case *c;
  struct kz_paramset params;
  struct kz_graph *g;
  kz_var x[4], y;
};

static size_t value_count(const struct case_graph *b, kz_var v) {
  return kz_dims_count(kz_graph_dims(b->g, v));
}

static void build_case_as(struct case_graph *b, const struct op_case *c, enum kz_dtype t,
                          bool train, bool frozen) {
  struct kz_err err = {0};
  const struct kz_backend *backend = kz_backend_cpu(2);
  memset(b, 0, sizeof *b);
  b->c = c;
  kz_paramset_init(&b->params, backend);
  struct kz_graph_options o = {backend, &b->params, t, train, frozen};
  assert_ok(kz_graph_new(&o, &b->g, &err));
  for (int i = 0; i < c->inputs; i++) {
    char name[16];
    bool index = c->index && i == 0;
    snprintf(name, sizeof name, "x%d", i);
    b->x[i] = kz_graph_input(b->g, name, index ? KZ_F32 : t, c->dims[i], train && !index);
  }
  b->y = c->build(b->g, b->x);
  kz_graph_output(b->g, b->y);
  if (kz_graph_finish(b->g, &err)) fail_msg("%s: %s", c->name, err.msg);
}

static void build_case(struct case_graph *b, const struct op_case *c, enum kz_dtype t,
                       bool train) {
  build_case_as(b, c, t, train, false);
}

static void set_params(struct case_graph *b) {
  for (int i = 0; i < b->params.len; i++) {
    const struct kz_paraminfo *p = &b->params.info[i];
    float *w = b->params.data + p->offset, scale = p->rank > 1 ? 0.5f : 0.25f;
    float shift = p->init == KZ_INIT_ONE ? 1 : 0;
    for (int64_t j = 0; j < p->count; j++) w[j] = shift + scale * noise_at(50u + i, (uint32_t)j);
  }
  b->params.version++;
}

/* All different, by 0.1 at least, and none within 0.04 of zero. */
static float apart(size_t i, size_t count) {
  return 0.1f * ((float)(i * 7919 % count) - (float)(count / 2)) + 0.05f;
}

static void set_values(struct case_graph *b) {
  for (int i = 0; i < b->c->inputs; i++) {
    void *p = kz_graph_data(b->g, b->x[i]);
    size_t count = value_count(b, b->x[i]);
    assert_non_null(p);
    for (size_t j = 0; j < count; j++) {
      float v = noise_at(10u + (uint32_t)i, (uint32_t)j);
      if (b->c->index && i == 0) ((int32_t *)p)[j] = (int32_t)(4.5f + 4.4f * v);
      else put_at(kz_graph_dtype(b->g, b->x[i]), p, j,
                  has_kinks(b->c) ? apart(j, count) : 1.5f * v);
    }
  }
}

static void set_diff(struct case_graph *b) {
  void *p = kz_graph_diff(b->g, b->y);
  assert_non_null(p);
  for (size_t j = 0; j < value_count(b, b->y); j++)
    put_at(kz_graph_dtype(b->g, b->y), p, j, noise_at(30, (uint32_t)j));
}

static void release_case(struct case_graph *b) {
  kz_graph_free(b->g);
  kz_paramset_release(&b->params);
}

#endif
