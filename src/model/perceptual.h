/* How different two pictures look: LPIPS v0.1 (Zhang et al., 2018) over the features of SqueezeNet
 * 1.1 (Iandola et al., 2016), with its gradient, as a term of the training loss.
 *
 * At seven depths of the network the features of both pictures are brought to unit length at each
 * position; the distance is the weighted sum of their squared differences, averaged over positions
 * and summed over depths. Weights are a safetensors file of the user's. */
#ifndef KZ_PERCEPTUAL_H
#define KZ_PERCEPTUAL_H

#include "nn/ops.h"

#define KZ_PERCEPTUAL_MIN 32 /* least height and width; both even */

struct kz_perceptual;

/* 0 if the file holds every tensor that is needed, as f32 and in its shape. Torchvision's names:
 * features.N.weight, .squeeze, .expand1x1, .expand3x3; and lin0.weight to lin6.weight. */
int kz_perceptual_check(const char *path, struct kz_err *err);
/* For n pairs of h x w pixels. */
int kz_perceptual_new(const char *path, const struct kz_backend *backend, enum kz_dtype dtype,
                      int n, int h, int w, struct kz_perceptual **out, struct kz_err *err);
void kz_perceptual_free(struct kz_perceptual *p);
/* target, x [n, h, w, 3], RGB in [-1, 1]. loss = sum of scale[i] * distance(target_i, x_i); diff
 * [n, h, w, 3] = d loss / d x. Where scale is 0 a pair adds nothing and, if its neighbours in the
 * batch add nothing either, costs nothing. Allocates nothing. */
int kz_perceptual_loss(struct kz_perceptual *p, const float *target, const float *x,
                       const float *scale, double *loss, float *diff, struct kz_err *err);

#endif
