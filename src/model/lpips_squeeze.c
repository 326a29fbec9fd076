/* SqueezeNet 1.1's feature layers (Iandola et al., 2016), compared at seven depths. */
#include <stdio.h>

#include "model/lpips_net.h"

enum { FIRES = 8 };

static const struct fire {
  int layer, ic, squeeze, expand; /* in torchvision's `features`; channels */
  bool pool, slice;               /* after a pooling; compared */
} fires[FIRES] = {{3, 64, 16, 64, true, false},    {4, 128, 16, 64, false, true},
                  {6, 128, 32, 128, true, false},  {7, 256, 32, 128, false, true},
                  {9, 256, 48, 192, true, true},   {10, 384, 48, 192, false, true},
                  {11, 384, 64, 256, false, true}, {12, 512, 64, 256, false, true}};

static kz_var part(struct kz_graph *g, int layer, const char *name, kz_var x, int oc, int kernel) {
  char full[64];
  snprintf(full, sizeof full, "features.%d.%s", layer, name);
  return kz_conv2d(g, full, x, KZ_CONV(.oc = oc, .kernel = kernel));
}

/* Fewer channels, then more again by kernels of two sizes, side by side. */
static kz_var fire(struct kz_graph *g, const struct fire *f, kz_var x) {
  kz_var s = kz_activate(g, part(g, f->layer, "squeeze", x, f->squeeze, 1), KZ_ACT_RELU);
  kz_var one = part(g, f->layer, "expand1x1", s, f->expand, 1);
  return kz_activate(g, kz_concat(g, one, part(g, f->layer, "expand3x3", s, f->expand, 3)),
                     KZ_ACT_RELU);
}

static void build(struct kz_graph *g, kz_var x, kz_var *feature) {
  int slice = 1;
  for (int i = 0; i < FIRES; i++) {
    if (fires[i].pool) x = kz_max_pool(g, x, 3, 2, true);
    x = fire(g, &fires[i], x);
    if (fires[i].slice) feature[slice++] = x;
  }
}

static int load(const struct kz__lpips_file *l) {
  int code = 0;
  for (const struct fire *f = fires; f < fires + FIRES && !code; f++) {
    code = kz__lpips_load_pair(l, f->layer, "squeeze", f->squeeze, f->ic, 1);
    if (!code) code = kz__lpips_load_pair(l, f->layer, "expand1x1", f->expand, f->squeeze, 1);
    if (!code) code = kz__lpips_load_pair(l, f->layer, "expand3x3", f->expand, f->squeeze, 3);
  }
  return code;
}

const struct kz__lpips_net kz__lpips_squeeze = {
    .name = "squeeze", .full_name = "SqueezeNet 1.1", .sign = "features.3.squeeze.weight",
    .kernel = 3, .stride = 2, .margin = 0, .first = 64,
    .slices = 7, .channels = {64, 128, 256, 384, 384, 512, 512},
    .build = build, .load = load};
