/* Training a FEDR network over a source of batches, and sampling from one. */
#ifndef KIZIL_DIFFUSION_H
#define KIZIL_DIFFUSION_H

#include <stdbool.h>
#include <stdint.h>

#include <kizil/data.h>
#include <kizil/err.h>
#include <kizil/model.h>
#include <kizil/param.h>

/* ---- sampling ---- */

struct kz_sampler_info {
  const char *name; /* "ddim", "dpm++2m" */
  const char *help;
};
/* Terminated by a NULL name. */
const struct kz_sampler_info *kz_sampler_list(void);

/* ---- training ---- */

/* AdamW (Loshchilov and Hutter, 2019) for all weights, or Muon (Jordan et al., 2024) for the
 * matrices among them. */
enum kz_optimiser { KZ_OPTIMISER_ADAMW, KZ_OPTIMISER_MUON };

/* Every parameter of a run; kz_train_params describes it for the command line and config.json. */
struct kz_train_options {
  /* network */
  int64_t width[4]; /* channels at each of four levels, multiples of 16 */
  int64_t structure[4]; /* channels of the structure branch at each level, 16k; 0: no branch */
  int64_t text, text_layers; /* channels and layers of the text encoder; 0 channels: none */
  int64_t detail;      /* channels of the layers at half resolution; 0: none */
  const char *init; /* file of a model (or run) to begin from; NULL or "": random weights */
  /* data */
  int64_t crop_small, batch_small; /* first stage: crop side px, crops a step */
  int64_t crop_large, batch_large; /* second stage */
  double small_share;              /* share of the time (or steps) given to the first stage */
  /* length: whichever comes first; 0 = no limit. A resumed run counts the time it had. */
  double minutes;
  int64_t steps;
  /* optimiser */
  int optimiser;           /* enum kz_optimiser */
  double momentum;         /* Muon's beta */
  int64_t muon_interval;   /* updates between two steps of a matrix */
  double rate, rate_final; /* peak, and share of it at the end of the cosine */
  int64_t warmup;          /* steps */
  double beta1, beta2, epsilon, decay, clip;
  double ema;         /* decay of the exponential moving average of the weights */
  int64_t accumulate; /* batches whose gradients are added up before one update */
  /* loss and noise */
  double l1_weight, l2_weight;    /* loss = l1 |e| + l2 e^2 */
  /* The same for samples at t = 1. There the noise says nothing and the best answer is a mean, which
   * squared error alone leads to. */
  double pure_l1_weight, pure_l2_weight;
  bool pure_relative; /* by its logarithm, crop by crop: PSNR's own measure */
  double known_weight;            /* weight of pixels outside the hole (inside: 1) */
  double border_weight;           /* extra weight of hole pixels within 2 px of known ones */
  double balance;                 /* a crop weighs (share of it that is hole)^-balance */
  double pure_noise_share;        /* share of samples at t = 1 */
  double structure_drop, text_drop; /* shares of samples that do without a guide */
  /* A perceptual loss besides, from a share of the run on: a file of weights, or NULL. */
  const char *perceptual;
  double perceptual_weight, perceptual_from;
  /* run */
  int64_t seed, threads;
  int precision;                  /* enum kz_precision: 0 auto, 1 f32, 2 bf16 */
  double checkpoint_minutes, preview_minutes;
};
extern const struct kz_param kz_train_params[];

struct kz_train_progress {
  int64_t step;
  double loss;          /* mean since the last report */
  double perceptual;    /* the same of the perceptual loss; < 0: not in use */
  double rate;          /* learning rate */
  double gradient_norm; /* before clipping, mean since the last report */
  double seconds;       /* trained so far, over all resumed runs */
  double remaining;     /* estimate, s; < 0 unknown */
  double pixels_per_second;
  double waited;        /* s the step waited for data, since the start of this run */
  int crop, batch;
};

/* What the trainer asks of its caller. Diffusion does not know where crops come from. */
struct kz_train_host {
  void *self;
  /* Batch `index` of the training stream. */
  int (*next)(void *self, int64_t index, int count, int size, struct kz_batch *batch,
              struct kz_err *err);
  /* Fixed batch of held-out crops for validation and previews; may be NULL. */
  int (*held_out)(void *self, int64_t index, int count, int size, struct kz_batch *batch,
                  struct kz_err *err);
  double (*waited)(void *self);
  void (*report)(void *self, const struct kz_train_progress *p); /* every 20 steps */
  /* After a checkpoint: mean PSNR in the holes of held-out crops, one call, averaged weights, dB. */
  void (*validated)(void *self, int64_t step, double hole_psnr);
  /* A preview: rows of damaged | coarse | restored | original, rgb [height, width, 3]. */
  void (*preview)(void *self, int64_t step, int width, int height, const uint8_t *rgb);
  /* Asked after every step; true leaves a checkpoint and returns KZ_EINTR. */
  bool (*stop)(void *self);
};

/* Train into folder `out` (made if missing): last.safetensors (everything needed to resume),
 * model.safetensors (EMA weights at half precision, for `kizil restore`), config.json.
 * With `resume`, continues out/last.safetensors bit for bit. Files are written beside and renamed.
 * Without it, a folder that holds a run is refused (KZ_EEXIST). */
int kz_train(const struct kz_train_options *o, const struct kz_train_host *host, const char *out,
             bool resume, struct kz_err *err);

#endif
