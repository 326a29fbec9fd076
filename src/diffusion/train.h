/* The parts of a training run. One struct for each: what a batch is turned into before
 * the network sees it (kz__prepare), the network at one shape (kz__stage), validation
 * on held-out crops (kz__judge), and the run that owns them (kz__run). */
#ifndef KZ_TRAIN_H
#define KZ_TRAIN_H

#include "diffusion/sampler.h"
#include "model/fedr.h"
#include "model/perceptual.h"
#include "nn/checkpoint.h"
#include "nn/muon.h"

/* Buffers that turn crops into the network's input, target and loss weights. */
struct kz__prepare {
  const struct kz_backend *backend;
  int n, size, threads;
  float *noise, *target; /* [n, size, size, 3] */
  float *weight;         /* [n, size, size] */
  float *t;              /* [n] */
  double *weight_sum;    /* [n] */
  double *relative;      /* [n] scratch of the loss */
  bool *plain, *silent;  /* [n] does without features; without a caption */
  float *scratch;        /* for each thread */
  uint8_t *border;       /* for each thread, 2 x [size, size] */
  size_t scratch_len;
};
int kz__prepare_init(struct kz__prepare *p, const struct kz_backend *backend, int n, int size,
                     struct kz_err *err);
void kz__prepare_release(struct kz__prepare *p);

/* What the noise and the loss are made of; equal arguments, equal bytes. */
struct kz__recipe {
  const struct kz_fedr_config *config;
  uint64_t seed, index;    /* of the run; of the batch */
  double pure_noise_share; /* samples at t = 1, the first ones of the batch */
  double known_weight, border_weight, balance;
  double structure_drop, text_drop;
};
/* How many samples of a batch of n are at t = 1; they are its first. */
int kz__prepare_pure(const struct kz__recipe *r, int n);
/* What the network is given; features and text NULL if it takes none. */
struct kz__inputs {
  float *in;       /* [n, size, size, 7] */
  float *time;     /* [n, 1, 1, 128] */
  float *features; /* [n, size, size, 12] */
  int32_t *text;   /* [n, 77] */
};
/* Fill the inputs, and target, weight and t of `p`. Returns the sum of all weights times 3. Allocates
 * nothing. */
double kz__prepare_batch(struct kz__prepare *p, const struct kz_batch *b,
                         const struct kz__recipe *r, const struct kz__inputs *to);

/* The perceptual loss at one shape; made when the run reaches it. */
struct kz__perceptual {
  const struct kz_backend *backend;
  struct kz_perceptual *net; /* NULL: not in use */
  float *target, *x, *diff;  /* [n, size, size, 3] */
  float *scale;              /* [n] */
};
void kz__perceptual_release(struct kz__perceptual *p);

/* A network at one shape, with its buffers. */
struct kz__stage {
  struct kz_graph *graph;
  struct kz_fedr net;
  struct kz__prepare prepare;
  struct kz__perceptual perceptual;
};
struct kz__inputs kz__stage_inputs(const struct kz__stage *s);
int kz__stage_init(struct kz__stage *s, struct kz_paramset *params, const struct kz_fedr_config *c,
                   enum kz_dtype dtype, bool train, int n, int size, struct kz_err *err);
void kz__stage_release(struct kz__stage *s);

/* Held-out crops through the averaged weights. Built at its first use, once. */
#define KZ__JUDGE_CROPS 4    /* a batch */
#define KZ__JUDGE_BATCHES 8  /* a validation */
#define KZ__PREVIEW_CALLS 8
struct kz__judge {
  struct kz_paramset params; /* a copy of the average */
  struct kz__stage stage;
  float *x, *x0, *x0_prev;   /* [crops, size, size, 3] */
  uint8_t *sheet;            /* [crops * size, 4 * size, 3] */
};

struct kz__run {
  const struct kz_train_options *o;
  const struct kz_train_host *host;
  const char *out;
  const struct kz_backend *backend;
  struct kz_fedr_config config;
  enum kz_dtype dtype;
  struct kz_paramset params;
  struct kz_muon *muon; /* NULL: AdamW for all */
  struct kz__stage stage;
  int stage_number; /* 0 none, 1 small crops, 2 large */
  struct kz__judge judge;
  int64_t step;     /* updates done */
  double seconds;   /* of the runs before this one */
  double started;   /* kz_now() */
  double best;      /* best held-out PSNR so far, dB; negative: none */
  /* since the last report */
  double loss_sum, norm_sum, busy, pixels;
  double perceptual_sum;
  int64_t steps_since, perceptual_since;
};
static inline bool kz__has_judge(const struct kz__run *r) { return r->host->held_out != NULL; }
double kz__run_seconds(const struct kz__run *r); /* trained in all */

/* The learning rate of update `step`, `done` of the run (0 to 1) being over. */
double kz__update_rate(const struct kz_train_options *o, int64_t step, double done);
/* One update from the gradients that are there; sets them to zero. */
int kz__update(struct kz__run *r, double done, struct kz_err *err);

/* An element of the network's output, which may be bf16; and adding to one of its gradient. */
static inline float kz__get(enum kz_dtype t, const void *p, int64_t i) {
  return t == KZ_F32 ? ((const float *)p)[i] : kz_bf16_to_f32(((const kz_bf16 *)p)[i]);
}
static inline void kz__add_to(enum kz_dtype t, void *p, int64_t i, float v) {
  if (t == KZ_F32)
    ((float *)p)[i] += v;
  else
    ((kz_bf16 *)p)[i] = kz_f32_to_bf16(kz_bf16_to_f32(((kz_bf16 *)p)[i]) + v);
}

/* Whether the perceptual loss is in use when `done` of the run is over. */
bool kz__perceptual_wanted(const struct kz_train_options *o, double done);
/* Make it for the stage at hand, if that has not been done. */
int kz__perceptual_init(struct kz__run *r, struct kz_err *err);
/* Adds `weight` times the gradient of the perceptual loss of the batch to the gradient of the
 * network's output, after a forward pass; and the loss (without `weight`) to *loss. */
int kz__perceptual_gradient(struct kz__stage *s, const struct kz_batch *b, double weight,
                            double *loss, struct kz_err *err);

/* The pixel loss of the batch after a forward pass, its first `pure` samples being at t = 1; its
 * gradient replaces what is in the network's output's. `norm` is kz__prepare_batch's. */
#define KZ__LEAST_LOSS 0.008 /* 2 e^2 at about 30 dB: below that a crop is good enough */
double kz__pixel_gradient(const struct kz__run *r, int pure, double norm);

void kz__judge_release(struct kz__judge *j);
/* Mean over the held-out crops of the PSNR in the hole at t = 1, dB. */
int kz__judge_validate(struct kz__run *r, double *psnr, struct kz_err *err);
/* Hands host->preview rows of damaged | coarse | restored | original. */
int kz__judge_preview(struct kz__run *r, struct kz_err *err);

/* Write last.safetensors and model.safetensors; with `validate`, judge first and keep the best
 * as best.safetensors. */
int kz__state_save(struct kz__run *r, bool validate, struct kz_err *err);
int kz__state_load(struct kz__run *r, struct kz_err *err);
/* Weights, and the average, from the model (or the average of the run) that options name. */
int kz__state_init(struct kz__run *r, struct kz_err *err);
/* KZ_EEXIST if the folder holds a run. */
int kz__state_refuse(const struct kz__run *r, struct kz_err *err);
int kz__state_write_config(const struct kz__run *r, struct kz_err *err);

#endif
