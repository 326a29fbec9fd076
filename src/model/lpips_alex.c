/* AlexNet's feature layers as torchvision has them (Krizhevsky, 2014), compared after each of the
 * five convolutions. */
#include <stdio.h>

#include "model/lpips_net.h"

enum { LAYERS = 4 };

static const struct layer {
  int index, ic, oc, kernel; /* in torchvision's `features` */
  bool pool;                 /* after a pooling */
} layers[LAYERS] = {{3, 64, 192, 5, true}, {6, 192, 384, 3, true}, {8, 384, 256, 3, false},
                    {10, 256, 256, 3, false}};

static void build(struct kz_graph *g, kz_var x, kz_var *feature) {
  for (int i = 0; i < LAYERS; i++) {
    char name[32];
    snprintf(name, sizeof name, "features.%d", layers[i].index);
    if (layers[i].pool) x = kz_max_pool(g, x, 3, 2, false);
    x = kz_activate(g, kz_conv2d(g, name, x, KZ_CONV(.oc = layers[i].oc,
                                                     .kernel = layers[i].kernel)), KZ_ACT_RELU);
    feature[1 + i] = x;
  }
}

static int load(const struct kz__lpips_file *l) {
  int code = 0;
  for (const struct layer *a = layers; a < layers + LAYERS && !code; a++)
    code = kz__lpips_load_pair(l, a->index, NULL, a->oc, a->ic, a->kernel);
  return code;
}

const struct kz__lpips_net kz__lpips_alex = {
    .name = "alex", .full_name = "AlexNet", .sign = "features.10.weight",
    .kernel = 11, .stride = 4, .margin = 2, .first = 64,
    .slices = 5, .channels = {64, 192, 384, 256, 256},
    .build = build, .load = load};
