/* How different two pictures look, as a measure: LPIPS v0.1 (Zhang et al., 2018) over AlexNet or
 * SqueezeNet 1.1, in f32, for pictures of any size from 32 px. Weights are a safetensors file of
 * the user's; which network it is for is seen from its tensors. The training loss is
 * perceptual.h. */
#ifndef KZ_LPIPS_H
#define KZ_LPIPS_H

#include "tensor/backend.h"

#define KZ_LPIPS_MIN 32 /* least height and width, px */

struct kz_lpips;

/* KZ_EFORMAT for a file of neither network, or not whole. */
int kz_lpips_open(const char *path, const struct kz_backend *backend, struct kz_lpips **out,
                  struct kz_err *err);
void kz_lpips_close(struct kz_lpips *l);
const char *kz_lpips_name(const struct kz_lpips *l); /* "alex", "squeeze" */
int kz_lpips_channels(const struct kz_lpips *l);     /* of the deepest features */
/* a, b [h, w, 3] 8-bit RGB. The distance and, unless NULL, the deepest features of both, each
 * averaged over positions: pooled [2, channels]. Pictures of one size after another share their
 * plans. One thread at a time; it uses the backend's threads. */
int kz_lpips_compare(struct kz_lpips *l, int w, int h, const uint8_t *a, const uint8_t *b,
                     double *distance, float *pooled, struct kz_err *err);

#endif
