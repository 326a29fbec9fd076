/* The structure branch: what the feature-fusion image says, for every scale of the U-Net. Plain
 * convolutions: branches of several fields of view, weighed by position or by channel, learnt to
 * follow a drawing more slowly and came no further (models/README.md has the figures). */
#include "model/parts.h"

/* x + conv(silu(norm(conv(silu(norm(x)))))), without the time. */
static kz_var block(struct kz_graph *g, const struct kz_fedr_config *c, const char *name, kz_var x)
{
  char b[96];
  int oc = kz_graph_dims(g, x).c;
  kz_var h = kz_group_norm(g, KZ__NAME(b, "%s.n", name), x, c->groups, KZ_NONE, KZ_ACT_SILU);
  h = kz_conv2d(g, KZ__NAME(b, "%s.a", name), h, KZ_CONV(.oc = oc, .kernel = 3));
  h = kz_group_norm(g, KZ__NAME(b, "%s.m", name), h, c->groups, KZ_NONE, KZ_ACT_SILU);
  return kz_conv2d(g, KZ__NAME(b, "%s.b", name), h,
                   KZ_CONV(.oc = oc, .kernel = 3, .init = KZ_INIT_ZERO, .residual = x));
}

void kz__structure_build(struct kz_graph *g, const struct kz_fedr_config *c, kz_var features,
                         kz_var level[KZ__LEVELS])
{
  char b[32];
  kz_var h = kz_conv2d(g, "s.i", kz_space_to_depth(g, features, KZ__BLOCK),
                       KZ_CONV(.oc = c->structure[0], .kernel = 1));
  for (int l = 0; l < KZ__LEVELS; l++) {
    if (l)
      h = kz_conv2d(g, KZ__NAME(b, "s.d.%d", l - 1), h,
                    KZ_CONV(.oc = c->structure[l], .kernel = 3, .stride = 2));
    h = level[l] = block(g, c, KZ__NAME(b, "s.%d", l), h);
  }
}
