/* The denoising U-Net, read top to bottom as in FEDR's description: a residual
 * block, self-attention, the way down with skips, the way up. */
#include "model/fedr.h"

#include <math.h>
#include <stdio.h>

#define LEVELS 4
#define BLOCK 4 /* pixels a side that space-to-depth gathers */

struct net {
  struct kz_graph *g;
  const struct kz_fedr_config *c;
  kz_var time; /* embedding [n, 1, 1, time_width], activated */
};

#define NAME(buf, ...) (snprintf(buf, sizeof buf, __VA_ARGS__), buf)

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

/* Two residual blocks, and attention on the two coarsest levels (16 x 16 and 8 x 8 of a
 * 256-pixel picture). */
static kz_var level(const struct net *s, char side, int at, int l, kz_var x)
{
  char b[16];
  x = residual_block(s, NAME(b, "%c.%d.0", side, at), x, s->c->width[l]);
  x = residual_block(s, NAME(b, "%c.%d.1", side, at), x, s->c->width[l]);
  return l >= 2 ? attention_block(s, NAME(b, "%c.%d.2", side, at), x) : x;
}

static kz_var time_embedding(const struct net *s, kz_var time)
{
  kz_var h = kz_linear(s->g, "te.0", time, s->c->time_width, KZ_INIT_KAIMING);
  h = kz_activate(s->g, h, KZ_ACT_SILU);
  h = kz_linear(s->g, "te.2", h, s->c->time_width, KZ_INIT_KAIMING);
  return kz_activate(s->g, h, KZ_ACT_SILU);
}

kz_var kz_fedr_build(struct kz_graph *g, const struct kz_fedr_config *c, kz_var x, kz_var time)
{
  char b[80];
  struct net s = {.g = g, .c = c};
  kz_var skip[LEVELS];
  s.time = time_embedding(&s, time);
  kz_var h = kz_conv2d(g, "i", kz_space_to_depth(g, x, BLOCK),
                       KZ_CONV(.oc = c->width[0], .kernel = 3));
  for (int l = 0; l < LEVELS; l++) {
    h = skip[l] = level(&s, 'd', l, l, h);
    if (l < LEVELS - 1)
      h = kz_conv2d(g, NAME(b, "ds.%d", l), h, KZ_CONV(.oc = c->width[l], .kernel = 3, .stride = 2));
  }
  for (int l = LEVELS - 1; l >= 0; l--) /* h is enlarged to the skip's size */
    h = level(&s, 'u', LEVELS - 1 - l, l, kz_concat(g, h, skip[l]));
  h = kz_group_norm(g, "o.0", h, c->groups, KZ_NONE, KZ_ACT_SILU);
  h = kz_conv2d(g, "o.2", h, KZ_CONV(.oc = 3 * BLOCK * BLOCK, .kernel = 3, .init = KZ_INIT_ZERO,
                                     .f32_dst = true));
  return kz_depth_to_space(g, h, BLOCK);
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
