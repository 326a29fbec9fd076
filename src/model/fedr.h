/* FEDR's core: a denoising U-Net over 4 x 4 blocks of pixels.
 *
 *   in   [n, h, w, 7] f32: what the noisy hole says (3), coarse fill (3), mask (1)
 *   time [n, 1, 1, 128] f32: kz_fedr_time_features of t
 *   out  [n, h, w, 3] f32: correction to the coarse fill: x0 = coarse + out
 * h and w are multiples of 32; pixels in [-1, 1]; mask 1 = hole. Parameter names
 * and order of channels are those of the PyTorch peer in bench/peers. */
#ifndef KZ_FEDR_H
#define KZ_FEDR_H

#include <kizil/model.h>

#include "nn/ops.h"

#define KZ_FEDR_IN 7
#define KZ_FEDR_TIME 128
#define KZ_FEDR_MULTIPLE 32 /* of height and width */

/* How the network sees the noisy hole: as x_t; or as how far the linear estimate of x0 from coarse
 * fill and x_t lies from the coarse fill (the default; see precondition.c). */
enum kz_fedr_input { KZ_FEDR_NOISY, KZ_FEDR_POSTERIOR };

struct kz_fedr_config {
  int width[4];   /* channels a level */
  int heads;      /* 4 */
  int groups;     /* 16, of every group norm */
  int time_width; /* 256 */
  enum kz_fedr_input input;
};
void kz_fedr_config_defaults(struct kz_fedr_config *c);
/* JSON object text for a model file's metadata ("fedr"); the caller frees. */
char *kz_fedr_config_to_json(const struct kz_fedr_config *c);
int kz_fedr_config_from_json(struct kz_fedr_config *c, const char *json, const char *origin,
                             struct kz_err *err);

/* f = exp(-ln(1e4) i/64) * t * 1000, i = 0..63; [sin f, cos f] (Vaswani et al., 2017). */
void kz_fedr_time_features(float t, float features[KZ_FEDR_TIME]);
kz_var kz_fedr_build(struct kz_graph *g, const struct kz_fedr_config *c, kz_var x, kz_var time);

/* One sample's input, in place: from x_t with clean known pixels, coarse fill and mask to what the
 * network reads at time t. With KZ_FEDR_POSTERIOR the first three channels become 0 outside. */
void kz_fedr_precondition(const struct kz_fedr_config *c, float t, int64_t pixels, float *in);
/* x0 [pixels, 3] from the network's input and output. */
void kz_fedr_estimate(int64_t pixels, const float *in, const float *out, float *x0);

/* A loaded model bound to one shape, for sampling. The model must outlive it; one thread at a time. */
struct kz_denoiser;
int kz_denoiser_new(struct kz_model *m, int n, int h, int w, int threads, struct kz_denoiser **out,
                    struct kz_err *err);
void kz_denoiser_free(struct kz_denoiser *d);
/* in [n, h, w, 7]: x_t with clean known pixels (3), coarse fill (3), mask (1); t [n] in [0, 1]
 * -> x0 [n, h, w, 3], not clamped. */
int kz_denoiser_run(struct kz_denoiser *d, const float *in, const float *t, float *x0,
                    struct kz_err *err);

#endif
