/* The structure branch: what the feature-fusion image says, for every scale of the U-Net.
 *
 * Its block is a dynamic feature-adaptive convolution: three branches that see a little (3 x 3), more
 * (3 x 3 dilated by 2) and much (7 x 7, each channel for itself), and a small network that weighs
 * them for each position by what is there, by the picture as a whole and by the mask: at the rim of
 * a hole other fields of view help than on sound paint. The other two blocks are there to be
 * measured against: weights for each channel of the whole picture, and plain convolutions. */
#include "model/parts.h"

#define GATE 16 /* channels of the network that weighs the branches */

static kz_var conv1(struct kz_graph *g, const char *name, kz_var x, int oc, kz_var residual)
{
  return kz_conv2d(g, name, x, (struct kz_conv_options){.oc = oc, .kernel = 1,
                                                        .residual = residual});
}

/* Weights [n, h, w, 3], which add up to 1. */
static kz_var gate(struct kz_graph *g, const char *name, kz_var h, kz_var mask, int f)
{
  char b[96];
  kz_var m = kz_space_to_depth(g, mask, f); /* all of the mask that a position stands for */
  kz_var w = conv1(g, KZ__NAME(b, "%s.gm", name), m, GATE,
                   conv1(g, KZ__NAME(b, "%s.gx", name), h, GATE, KZ_NONE));
  kz_var whole = kz_linear(g, KZ__NAME(b, "%s.gp", name), kz_global_mean(g, h), 2 * GATE,
                           KZ_INIT_KAIMING);
  w = kz_activate(g, kz_film(g, w, whole), KZ_ACT_SILU);
  w = conv1(g, KZ__NAME(b, "%s.go", name), w, GATE, KZ_NONE); /* a full vector; three are used */
  return kz_softmax(g, kz_slice(g, w, 0, 3));
}

static kz_var mix_by_channel(struct kz_graph *g, const char *name, kz_var h, const kz_var branch[3])
{
  char b[96];
  kz_var pooled = kz_global_mean(g, h), sum = KZ_NONE;
  int c = kz_graph_dims(g, h).c;
  for (int k = 0; k < 3; k++) {
    kz_var film = kz_linear(g, KZ__NAME(b, "%s.g%d", name, k), pooled, 2 * c, KZ_INIT_KAIMING);
    kz_var part = kz_film(g, branch[k], film);
    sum = k ? kz_add(g, sum, part) : part;
  }
  return sum;
}

kz_var kz__dfa_block(struct kz_graph *g, const struct kz_fedr_config *c, const char *name, kz_var x,
                     kz_var mask, int f)
{
  char b[96];
  int oc = kz_graph_dims(g, x).c;
  kz_var y, h = kz_group_norm(g, KZ__NAME(b, "%s.n", name), x, c->groups, KZ_NONE, KZ_ACT_SILU);
  if (c->dfa == KZ_FEDR_DFA_PLAIN) {
    y = kz_conv2d(g, KZ__NAME(b, "%s.a", name), h, KZ_CONV(.oc = oc, .kernel = 3));
    y = kz_group_norm(g, KZ__NAME(b, "%s.m", name), y, c->groups, KZ_NONE, KZ_ACT_SILU);
    y = kz_conv2d(g, KZ__NAME(b, "%s.b", name), y, KZ_CONV(.oc = oc, .kernel = 3));
  } else {
    const kz_var branch[3] = {
        kz_conv2d(g, KZ__NAME(b, "%s.a", name), h, KZ_CONV(.oc = oc, .kernel = 3)),
        kz_conv2d(g, KZ__NAME(b, "%s.b", name), h, KZ_CONV(.oc = oc, .kernel = 3, .dilation = 2)),
        kz_conv2d(g, KZ__NAME(b, "%s.c", name), h, KZ_CONV(.oc = oc, .kernel = 7, .groups = oc))};
    y = c->dfa == KZ_FEDR_DFA_POSITION
            ? kz_mix_branches(g, gate(g, name, h, mask, f), branch[0], branch[1], branch[2])
            : mix_by_channel(g, name, h, branch);
  }
  return kz_conv2d(g, KZ__NAME(b, "%s.o", name), y,
                   KZ_CONV(.oc = oc, .kernel = 1, .init = KZ_INIT_ZERO, .residual = x));
}

void kz__structure_build(struct kz_graph *g, const struct kz_fedr_config *c, kz_var features,
                         kz_var mask, kz_var level[KZ__LEVELS])
{
  char b[32];
  kz_var h = conv1(g, "s.i", kz_space_to_depth(g, features, KZ__BLOCK), c->structure[0], KZ_NONE);
  for (int l = 0; l < KZ__LEVELS; l++) {
    if (l)
      h = kz_conv2d(g, KZ__NAME(b, "s.d.%d", l - 1), h,
                    KZ_CONV(.oc = c->structure[l], .kernel = 3, .stride = 2));
    h = level[l] = kz__dfa_block(g, c, KZ__NAME(b, "s.%d", l), h, mask, KZ__BLOCK << l);
  }
}
