/* The denoising U-Net, read top to bottom as in FEDR's description: a residual block, attention to
 * the picture and to the guides, the way down with skips and the structure added, the way up, and a
 * last look at half resolution. What the guides add starts as nothing (zero weights), so that a
 * network without them can be trained on with them. */
#include <math.h>

#include "model/parts.h"

struct net {
  struct kz_graph *g;
  const struct kz_fedr_config *c;
  kz_var time;                   /* embedding [n, 1, 1, time_width], activated */
  kz_var structure[KZ__LEVELS];
  kz_var tokens;                 /* of the text, or KZ_NONE */
};

#define NAME KZ__NAME

/* x + conv(silu(film(norm(conv(silu(norm(x))))))) (Dhariwal and Nichol, 2021) */
static kz_var residual_block(const struct net *s, const char *name, kz_var x, int oc)
{
  char b[80];
  struct kz_graph *g = s->g;
  int groups = s->c->groups, ic = kz_graph_dims(g, x).c;
  kz_var film = kz_linear(g, NAME(b, "%s.t", name), s->time, 2 * oc, KZ_INIT_KAIMING);
  kz_var h = kz_group_norm(g, NAME(b, "%s.n1", name), x, groups, KZ_NONE, KZ_ACT_SILU);
  h = kz_conv2d(g, NAME(b, "%s.c1", name), h, KZ_CONV(.oc = oc, .kernel = 3));
  h = kz_group_norm(g, NAME(b, "%s.n2", name), h, groups, film, KZ_ACT_SILU);
  kz_var skip = ic == oc ? x : kz_conv2d(g, NAME(b, "%s.k", name), x, KZ_CONV(.oc = oc, .kernel = 1));
  return kz_conv2d(g, NAME(b, "%s.c2", name), h,
                   KZ_CONV(.oc = oc, .kernel = 3, .init = KZ_INIT_ZERO, .residual = skip));
}

static kz_var attention_block(const struct net *s, const char *name, kz_var x)
{
  char b[80];
  struct kz_graph *g = s->g;
  int c = kz_graph_dims(g, x).c;
  kz_var h = kz_group_norm(g, NAME(b, "%s.n", name), x, s->c->groups, KZ_NONE, KZ_ACT_NONE);
  h = kz_conv2d(g, NAME(b, "%s.q", name), h, KZ_CONV(.oc = 3 * c, .kernel = 1));
  h = kz_self_attention(g, h, s->c->heads);
  return kz_conv2d(g, NAME(b, "%s.o", name), h,
                   KZ_CONV(.oc = c, .kernel = 1, .init = KZ_INIT_ZERO, .residual = x));
}

/* To the tokens of the text (Rombach et al., 2022). */
static kz_var cross_block(const struct net *s, const char *name, kz_var x)
{
  char b[80];
  struct kz_graph *g = s->g;
  int c = kz_graph_dims(g, x).c;
  kz_var h = kz_group_norm(g, NAME(b, "%s.n", name), x, s->c->groups, KZ_NONE, KZ_ACT_NONE);
  kz_var q = kz_conv2d(g, NAME(b, "%s.q", name), h, KZ_CONV(.oc = c, .kernel = 1));
  kz_var kv = kz_linear(g, NAME(b, "%s.kv", name), s->tokens, 2 * c, KZ_INIT_KAIMING);
  return kz_conv2d(g, NAME(b, "%s.o", name), kz_cross_attention(g, q, kv, s->c->heads),
                   KZ_CONV(.oc = c, .kernel = 1, .init = KZ_INIT_ZERO, .residual = x));
}

/* Two residual blocks, and attention on the two coarsest levels (16 x 16 and 8 x 8 of a
 * 256-pixel picture). */
static kz_var level(const struct net *s, char side, int at, int l, kz_var x)
{
  char b[16];
  x = residual_block(s, NAME(b, "%c.%d.0", side, at), x, s->c->width[l]);
  x = residual_block(s, NAME(b, "%c.%d.1", side, at), x, s->c->width[l]);
  if (l < 2) return x;
  x = attention_block(s, NAME(b, "%c.%d.2", side, at), x);
  return s->tokens == KZ_NONE ? x : cross_block(s, NAME(b, "%c.%d.3", side, at), x);
}

static kz_var time_embedding(const struct net *s, kz_var time)
{
  kz_var h = kz_linear(s->g, "te.0", time, s->c->time_width, KZ_INIT_KAIMING);
  h = kz_activate(s->g, h, KZ_ACT_SILU);
  h = kz_linear(s->g, "te.2", h, s->c->time_width, KZ_INIT_KAIMING);
  return kz_activate(s->g, h, KZ_ACT_SILU);
}

/* h and what the structure branch says at level l. */
static kz_var add_structure(const struct net *s, int l, kz_var h)
{
  char b[16];
  if (!s->c->structure[0]) return h;
  return kz_conv2d(s->g, NAME(b, "s.%d.z", l), s->structure[l],
                   KZ_CONV(.oc = kz_graph_dims(s->g, h).c, .kernel = 1, .init = KZ_INIT_ZERO,
                           .residual = h));
}

static void build_guides(struct net *s, const struct kz_fedr *net)
{
  const struct kz_fedr_config *c = s->c;
  if (c->structure[0]) kz__structure_build(s->g, c, net->features, s->structure);
  if (c->text) s->tokens = kz__text_build(s->g, c, net->text, net->position);
}

/* Fine lines at half resolution: what the U-Net found, and the input as it is. */
static kz_var detail(const struct net *s, kz_var x, kz_var h)
{
  struct kz_graph *g = s->g;
  int c = s->c->detail;
  h = kz_concat(g, kz_depth_to_space(g, h, 2), kz_space_to_depth(g, x, 2));
  h = kz_conv2d(g, "f.0", h, KZ_CONV(.oc = c, .kernel = 3));
  h = kz_group_norm(g, "f.1", h, s->c->groups, KZ_NONE, KZ_ACT_SILU);
  h = kz_conv2d(g, "f.2", h, KZ_CONV(.oc = c, .kernel = 3));
  h = kz_group_norm(g, "f.3", h, s->c->groups, KZ_NONE, KZ_ACT_SILU);
  h = kz_conv2d(g, "f.4", h, KZ_CONV(.oc = 12, .kernel = 3, .init = KZ_INIT_ZERO, .f32_dst = true));
  return kz_depth_to_space(g, h, 2);
}

static kz_var core(struct net *s, const struct kz_fedr *net)
{
  char b[80];
  struct kz_graph *g = s->g;
  const struct kz_fedr_config *c = s->c;
  kz_var skip[KZ__LEVELS];
  s->time = time_embedding(s, net->time);
  kz_var h = kz_conv2d(g, "i", kz_space_to_depth(g, net->x, KZ__BLOCK),
                       KZ_CONV(.oc = c->width[0], .kernel = 3));
  for (int l = 0; l < KZ__LEVELS; l++) {
    h = skip[l] = level(s, 'd', l, l, add_structure(s, l, h));
    if (l < KZ__LEVELS - 1)
      h = kz_conv2d(g, NAME(b, "ds.%d", l), h,
                    KZ_CONV(.oc = c->width[l], .kernel = 3, .stride = 2));
  }
  for (int l = KZ__LEVELS - 1; l >= 0; l--) /* h is enlarged to the skip's size */
    h = level(s, 'u', KZ__LEVELS - 1 - l, l, kz_concat(g, h, skip[l]));
  h = kz_group_norm(g, "o.0", h, c->groups, KZ_NONE, KZ_ACT_SILU);
  kz_var out = kz_conv2d(g, "o.2", h, KZ_CONV(.oc = 3 * KZ__BLOCK * KZ__BLOCK, .kernel = 3,
                                              .init = KZ_INIT_ZERO, .f32_dst = true));
  out = kz_depth_to_space(g, out, KZ__BLOCK);
  return c->detail ? kz_add(g, out, detail(s, net->x, h)) : out;
}

void kz_fedr_inputs(struct kz_graph *g, const struct kz_fedr_config *c, int n, int h, int w,
                    struct kz_fedr *net)
{
  *net = (struct kz_fedr){0};
  net->x = kz_graph_input(g, "x", KZ_F32, (struct kz_dims){n, h, w, KZ_FEDR_IN}, false);
  net->time = kz_graph_input(g, "t", KZ_F32, (struct kz_dims){n, 1, 1, KZ_FEDR_TIME}, false);
  if (c->structure[0])
    net->features = kz_graph_input(g, "features", KZ_F32,
                                   (struct kz_dims){n, h, w, KZ_FEDR_FEATURES}, false);
  const struct kz_dims tokens = {n, 1, KZ_FEDR_TOKENS, 1};
  if (c->text) {
    net->text = kz_graph_input(g, "text", KZ_F32, tokens, false);
    net->position = kz_graph_input(g, "position", KZ_F32, tokens, false);
  }
}

kz_var kz_fedr_build(struct kz_graph *g, const struct kz_fedr_config *c, struct kz_fedr *net)
{
  struct net s = {.g = g, .c = c};
  build_guides(&s, net);
  net->out = core(&s, net);
  kz_graph_output(g, net->out);
  return net->out;
}

void kz_fedr_ready(struct kz_graph *g, const struct kz_fedr *net)
{
  if (net->position == KZ_NONE) return;
  struct kz_dims d = kz_graph_dims(g, net->position);
  int32_t *index = kz_graph_data(g, net->position);
  for (int i = 0; i < d.n * d.w; i++) index[i] = i % d.w;
}

void kz_fedr_time_features(float t, float features[KZ_FEDR_TIME])
{
  int half = KZ_FEDR_TIME / 2;
  for (int i = 0; i < half; i++) {
    float f = expf(-logf(1e4f) * (float)i / (float)half) * t * 1000.f;
    features[i] = sinf(f);
    features[half + i] = cosf(f);
  }
}
