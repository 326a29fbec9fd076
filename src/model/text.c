/* Meaning: a caption read by a small transformer (Vaswani et al., 2017; norm before each part), and
 * tokens of style that are pooled from the picture by learned queries (Jaegle et al., 2021). */
#include "model/parts.h"

/* x + attention(norm(x)), then x + mlp(norm(x)) */
static kz_var layer(struct kz_graph *g, const struct kz_fedr_config *c, int i, kz_var x)
{
  char b[32];
  kz_var h = kz_layer_norm(g, KZ__NAME(b, "t.%d.n1", i), x);
  h = kz_linear(g, KZ__NAME(b, "t.%d.q", i), h, 3 * c->text, KZ_INIT_KAIMING);
  h = kz_self_attention(g, h, c->heads);
  x = kz_add(g, x, kz_linear(g, KZ__NAME(b, "t.%d.o", i), h, c->text, KZ_INIT_KAIMING));
  h = kz_layer_norm(g, KZ__NAME(b, "t.%d.n2", i), x);
  h = kz_linear(g, KZ__NAME(b, "t.%d.u", i), h, 4 * c->text, KZ_INIT_KAIMING);
  h = kz_linear(g, KZ__NAME(b, "t.%d.d", i), kz_activate(g, h, KZ_ACT_GELU), c->text,
                KZ_INIT_KAIMING);
  return kz_add(g, x, h);
}

kz_var kz__text_build(struct kz_graph *g, const struct kz_fedr_config *c, kz_var text,
                      kz_var position)
{
  kz_var x = kz_add(g, kz_embedding(g, "t.e", text, KZ_FEDR_ROWS, c->text),
                    kz_embedding(g, "t.p", position, KZ_FEDR_TOKENS, c->text));
  for (int i = 0; i < c->text_layers; i++) x = layer(g, c, i, x);
  return kz_layer_norm(g, "t.n", x);
}

kz_var kz__style_build(struct kz_graph *g, const struct kz_fedr_config *c, kz_var x, kz_var query,
                       int width)
{
  kz_var q = kz_embedding(g, "y.e", query, c->style, width);
  kz_var kv = kz_group_norm(g, "y.n", x, c->groups, KZ_NONE, KZ_ACT_NONE);
  kv = kz_conv2d(g, "y.kv", kv, KZ_CONV(.oc = 2 * width, .kernel = 1));
  q = kz_add(g, q, kz_linear(g, "y.o", kz_cross_attention(g, q, kv, c->heads), width,
                             KZ_INIT_KAIMING));
  return kz_layer_norm(g, "y.l", q);
}
