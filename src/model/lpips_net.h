/* What the training loss (perceptual.c) and the measure (lpips.c) share: the networks over whose
 * features LPIPS is defined, each a descriptor, and how their weights come out of a file.
 *
 * The first convolution (kernel K, stride S, padding P, over three channels) is laid out as a
 * ceil(K / S) convolution without stride or padding over blocks of S x S pixels: the same sums, but
 * with many channels to make vectors of. Into its weights the scaling of the input is folded; what
 * it would see as zero padding is then a margin of the picture, in the colour that is scaled to
 * zero, which whoever fills the input puts there. */
#ifndef KZ_LPIPS_NET_H
#define KZ_LPIPS_NET_H

#include "nn/ops.h"
#include "nn/safetensors.h"

enum { KZ__LPIPS_SLICES = 7 };

struct kz__lpips_file;

struct kz__lpips_net {
  const char *name;      /* short: "squeeze" */
  const char *full_name; /* "SqueezeNet 1.1" */
  const char *sign;      /* a tensor that only its files have */
  int kernel, stride, margin, first; /* of the first convolution; its channels */
  int slices, channels[KZ__LPIPS_SLICES];
  /* From the first layer's activations; feature[1] and on. */
  void (*build)(struct kz_graph *g, kz_var x, kz_var *feature);
  /* Weights of all that follows the first layer. */
  int (*load)(const struct kz__lpips_file *f);
};

extern const struct kz__lpips_net kz__lpips_squeeze, kz__lpips_alex;
extern const float kz__lpips_mean[3], kz__lpips_deviation[3]; /* of inputs in [-1, 1] */

/* A file being read; with `to` NULL it is only seen whether all is there. */
struct kz__lpips_file {
  const struct kz__lpips_net *net;
  const struct kz_safetensors *file;
  const char *path;
  const struct kz_paramset *to;
  struct kz_err *err;
};

/* Height or width of the graph's input for a picture's: the margins, and what completes the last
 * block (never looked at) or is left over (never reached). */
int kz__lpips_input_side(const struct kz__lpips_net *net, int side);
/* feature[net->slices] from in [n, h, w, 3] in [-1, 1], sides as above; marked as outputs. */
void kz__lpips_build(const struct kz__lpips_net *net, struct kz_graph *g, kz_var in,
                     kz_var *feature);
/* "features.LAYER.PART.weight" [oc, ic, k, k] and ".bias" [oc]; PART may be NULL. */
int kz__lpips_load_pair(const struct kz__lpips_file *f, int layer, const char *part, int oc, int ic,
                        int k);
/* The whole file into a built graph's parameters and, slice after slice, the head's weights. With
 * both NULL it is only checked. */
int kz__lpips_load(const struct kz__lpips_net *net, const char *path, struct kz_paramset *to,
                   float *lin, struct kz_err *err);

#endif
