/* FEDR: a denoising U-Net over 4 x 4 blocks of pixels, with two guides.
 *
 *   x        [n, h, w, 7] f32: what the noisy hole says (3), coarse fill (3), mask (1)
 *   time     [n, 1, 1, 128] f32: kz_fedr_time_features of t
 *   features [n, h, w, 12] f32: the feature-fusion image (structure); all 0: not given
 *   text     [n, 1, 77, 1] int32: tokens of a caption (meaning); the empty text: not given
 *   out      [n, h, w, 3] f32: correction to the coarse fill: x0 = coarse + out
 * h and w are multiples of 32; pixels in [-1, 1]; mask 1 = hole. What a network has of the guides
 * is its configuration. Parameter names and order of channels are those of the PyTorch peer in
 * bench/peers. */
#ifndef KZ_FEDR_H
#define KZ_FEDR_H

#include <kizil/model.h>

#include "nn/ops.h"

#define KZ_FEDR_IN 7
#define KZ_FEDR_TIME 128
#define KZ_FEDR_FEATURES 12 /* as many as feature/fused.h has */
#define KZ_FEDR_TOKENS 77   /* as many as text/vocabulary.h has */
#define KZ_FEDR_ROWS 1024   /* of the vocabulary, and its tokens for begin and end of a text */
#define KZ_FEDR_BEGIN 1
#define KZ_FEDR_END 2
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
  int structure[4]; /* channels a level of the structure branch; 0: there is none */
  int text;       /* channels of a token; 0: no text */
  int text_layers;
  int detail;     /* channels of the layers at half resolution; 0: none */
};
/* The core alone: no guides, no detail. */
void kz_fedr_config_defaults(struct kz_fedr_config *c);
/* JSON object text for a model file's metadata ("fedr"); the caller frees. */
char *kz_fedr_config_to_json(const struct kz_fedr_config *c);
int kz_fedr_config_from_json(struct kz_fedr_config *c, const char *json, const char *origin,
                             struct kz_err *err);
/* KZ_ERANGE, or 0 if a network can be built. Messages start with `origin`. */
int kz_fedr_config_check(const struct kz_fedr_config *c, const char *origin, struct kz_err *err);

/* f = exp(-ln(1e4) i/64) * t * 1000, i = 0..63; [sin f, cos f] (Vaswani et al., 2017). */
void kz_fedr_time_features(float t, float features[KZ_FEDR_TIME]);

/* A network in a graph. KZ_NONE where the configuration has no such part. */
struct kz_fedr {
  kz_var x, time, features, text; /* inputs, to be filled */
  kz_var position;                /* an input that kz_fedr_ready fills */
  kz_var out;
};
/* Declare the inputs. */
void kz_fedr_inputs(struct kz_graph *g, const struct kz_fedr_config *c, int n, int h, int w,
                    struct kz_fedr *net);
/* The network over them; returns net->out, an output of the graph. */
kz_var kz_fedr_build(struct kz_graph *g, const struct kz_fedr_config *c, struct kz_fedr *net);
/* Once, after kz_graph_finish. */
void kz_fedr_ready(struct kz_graph *g, const struct kz_fedr *net);

/* One sample's input, in place: from x_t with clean known pixels, coarse fill and mask to what the
 * network reads at time t. With KZ_FEDR_POSTERIOR the first three channels become 0 outside. */
void kz_fedr_precondition(const struct kz_fedr_config *c, float t, int64_t pixels, float *in);
/* x0 [pixels, 3] from the network's input and output. */
void kz_fedr_estimate(int64_t pixels, const float *in, const float *out, float *x0);

/* The guides of a model, asked of a loaded one. */
bool kz_model_has_structure(const struct kz_model *m);
bool kz_model_has_text(const struct kz_model *m);

/* A loaded model bound to one shape, for sampling. The model must outlive it; one thread at a time. */
struct kz_denoiser;
int kz_denoiser_new(struct kz_model *m, int n, int h, int w, int threads, struct kz_denoiser **out,
                    struct kz_err *err);
void kz_denoiser_free(struct kz_denoiser *d);

/* What guides a call; a guide that the model does not have is not looked at. */
struct kz_guides {
  const float *features; /* [n, h, w, 12]; NULL: not given */
  const int32_t *tokens; /* [77], of all samples; NULL: not given */
  /* Classifier-free guidance (Ho and Salimans, 2022), one guide after the other:
   *   x0 = e(-, -) + structure (e(F, -) - e(-, -)) + text (e(F, T) - e(F, -))
   * e(F, T): estimate with features F and text T. 1 and 1 is e(F, T), one run of the network. */
  float structure, text;
};
/* in [n, h, w, 7]: x_t with clean known pixels (3), coarse fill (3), mask (1); t [n] in [0, 1]
 * -> x0 [n, h, w, 3], not clamped. `guides` NULL: none. */
int kz_denoiser_run(struct kz_denoiser *d, const float *in, const float *t,
                    const struct kz_guides *guides, float *x0, struct kz_err *err);

#endif
