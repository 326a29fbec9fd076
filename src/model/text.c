/* Meaning: a caption read by a small transformer (Vaswani et al., 2017; norm before each part). */
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
