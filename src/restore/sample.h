/* Filling with whatever network it is given: the real one, or a test's function. */
#ifndef KZ_RESTORE_SAMPLE_H
#define KZ_RESTORE_SAMPLE_H

#include <kizil/restore.h>

#include "restore/guide.h"
#include "restore/repair.h"

struct kz__denoise {
  void *self;
  /* Make ready for tiles of h x w, at most `tiles` of them at all; *batch: how many go into a
   * call. */
  int (*bind)(void *self, int h, int w, int tiles, int *batch, struct kz_err *err);
  /* in [n, h, w, 7], features [n, h, w, KZ_FUSED] (NULL unless `structure`), t [n] -> x0
   * [n, h, w, 3], n = the batch of bind. */
  int (*run)(void *self, int n, const float *in, const float *features, const float *t, float *x0,
             struct kz_err *err);
  bool structure; /* wants features */
  /* The caption, before the first call; NULL: wants none. */
  void (*say)(void *self, const char *caption);
};

/* Borrowed. */
const struct kz_model *kz__restorer_model(const struct kz_restorer *r);
/* The network of a restorer, with the threads and the guidance of `options`; for one run. */
struct kz__denoise kz__restorer_denoise(struct kz_restorer *r,
                                        const struct kz_restore_options *options);

/* What an image is sampled with. */
struct kz__means {
  const struct kz__known *known;
  const struct kz__drawn *drawn; /* NULL: no drawing */
  const struct kz__denoise *denoise;
  const struct kz_restore_options *options;
  const struct kz_restore_host *host; /* may be NULL */
  int level;       /* how often the image was halved: each size has noise of its own */
  int done, total; /* tiles computed so far, and in all: for the host */
};
/* Fill the damage under `tiles` by steps `first` to steps - 1 of `steps` (one step: as many calls
 * as options->views): there c->x becomes the result. With first > 0 c->x is what the steps begin
 * from, an estimate of the picture; else they begin from noise. Tiles should cover all of the
 * repair that is wanted; what they leave out is damage to them, and its value afterwards means
 * nothing. */
int kz__sample(struct kz__repair *c, const struct kz__tiles *tiles, int first, int steps,
               struct kz__means *m, struct kz_err *err);

/* Fill all damage of a repair: thin damage first, in one call, then wide damage with what was thin
 * among the known, then holes wider than the network's field, coarse to fine (fill.c). *tiles: how
 * many were computed; *calls: how often, in all. */
int kz__fill(struct kz__repair *c, const struct kz__means *means, int *tiles, int *calls,
             struct kz_err *err);

/* What filling takes. */
struct kz__effort {
  int64_t tiles, calls;
  double megapixels; /* through the network, all calls together */
};
int kz__fill_foresee(const struct kz__holes *h, const struct kz_restore_options *o,
                     struct kz__effort *effort, struct kz_err *err);

/* kz_restore_file over any network: see kizil/restore.h. */
int kz__restore(const struct kz__denoise *denoise, const char *image, const char *mask,
                const char *out, const struct kz_restore_options *o,
                const struct kz_restore_host *host, struct kz_restore_stats *stats,
                struct kz_err *err);

#endif
