/* The real network behind the sampling loop. Binding a network to a tile size lays out all weights
 * again, so the last sizes used are kept: a batch of photographs of one size pays once. */
#include <kizil/restore.h>

#include <stdlib.h>

#include "model/fedr.h"
#include "restore/sample.h"
#include "text/vocabulary.h"

#define BATCH 1 /* tiles a call: more gave no speed on two cores and takes memory */
#define KEPT 2  /* sizes kept */

struct bound {
  struct kz_denoiser *denoiser; /* NULL: free place */
  int n, h, w, threads;
};

struct kz_restorer {
  struct kz_model *model; /* borrowed */
  int threads;            /* of the run that is going on, as are the guides */
  struct kz_guides guides;
  int32_t tokens[KZ_TEXT_TOKENS];
  struct bound bound[KEPT]; /* last used first */
};

int kz_restorer_new(struct kz_model *model, struct kz_restorer **out, struct kz_err *err) {
  struct kz_restorer *r = calloc(1, sizeof *r);
  if (!r) return kz_err_set(err, KZ_ENOMEM, "no memory for a restorer");
  r->model = model;
  *out = r;
  return 0;
}

void kz_restorer_free(struct kz_restorer *r) {
  if (!r) return;
  for (int i = 0; i < KEPT; i++) kz_denoiser_free(r->bound[i].denoiser);
  free(r);
}

/* Move place i to the front. */
static void use(struct kz_restorer *r, int i) {
  struct bound b = r->bound[i];
  for (; i > 0; i--) r->bound[i] = r->bound[i - 1];
  r->bound[0] = b;
}

static int bind(void *self, int h, int w, int tiles, int *batch, struct kz_err *err) {
  struct kz_restorer *r = self;
  int n = tiles < BATCH ? tiles : BATCH;
  *batch = n;
  for (int i = 0; i < KEPT; i++) {
    const struct bound *b = &r->bound[i];
    if (!b->denoiser || b->n != n || b->h != h || b->w != w || b->threads != r->threads) continue;
    use(r, i);
    return 0;
  }
  struct bound *last = &r->bound[KEPT - 1];
  kz_denoiser_free(last->denoiser);
  *last = (struct bound){.n = n, .h = h, .w = w, .threads = r->threads};
  int code = kz_denoiser_new(r->model, n, h, w, r->threads, &last->denoiser, err);
  if (code) {
    last->denoiser = NULL;
    return code;
  }
  use(r, KEPT - 1);
  return 0;
}

static int run(void *self, int n, const float *in, const float *features, const float *t, float *x0,
               struct kz_err *err) {
  struct kz_restorer *r = self;
  struct kz_guides guides = r->guides;
  (void)n;
  guides.features = features;
  return kz_denoiser_run(r->bound[0].denoiser, in, t, &guides, x0, err);
}

static void say(void *self, const char *caption) {
  struct kz_restorer *r = self;
  kz_text_encode(caption, r->tokens);
  r->guides.tokens = r->tokens;
}

const struct kz_model *kz__restorer_model(const struct kz_restorer *r) { return r->model; }

struct kz__denoise kz__restorer_denoise(struct kz_restorer *r,
                                        const struct kz_restore_options *options) {
  r->threads = (int)options->threads;
  r->guides = (struct kz_guides){.structure = (float)options->guidance_structure,
                                 .text = (float)options->guidance_text};
  return (struct kz__denoise){.self = r, .bind = bind, .run = run,
                              .structure = kz_model_has_structure(r->model),
                              .say = kz_model_has_text(r->model) ? say : NULL};
}

int kz_restorer_run(struct kz_restorer *r, const char *image, const char *mask, const char *out,
                    const struct kz_restore_options *options, const struct kz_restore_host *host,
                    struct kz_restore_stats *stats, struct kz_err *err) {
  const struct kz__denoise denoise = kz__restorer_denoise(r, options);
  return kz__restore(&denoise, image, mask, out, options, host, stats, err);
}

int kz_restore_file(struct kz_model *model, const char *image, const char *mask, const char *out,
                    const struct kz_restore_options *options, const struct kz_restore_host *host,
                    struct kz_restore_stats *stats, struct kz_err *err) {
  struct kz_restorer *r = NULL;
  int code = kz_restorer_new(model, &r, err);
  if (!code) code = kz_restorer_run(r, image, mask, out, options, host, stats, err);
  kz_restorer_free(r);
  return code;
}
