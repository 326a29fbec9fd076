/* A network's parameters: named f32 tensors in one flat array, with gradients
 * and optimiser state beside it in arrays of the same layout, so that AdamW,
 * clipping and the moving average are each one pass over memory. */
#ifndef KZ_PARAMS_H
#define KZ_PARAMS_H

#include <stdbool.h>
#include <stdint.h>

#include <kizil/err.h>
#include <kizil/rng.h>

#include "tensor/backend.h"

enum kz_init {
  KZ_INIT_KAIMING, /* uniform in +-1/sqrt(fan_in), PyTorch's default */
  KZ_INIT_ZERO,
  KZ_INIT_ONE,
  KZ_INIT_NORMAL /* standard deviation 0.02 */
};

struct kz_paraminfo {
  char name[96];
  int rank;
  int shape[4];
  int fan_in; /* for KZ_INIT_KAIMING: bound 1/sqrt(fan_in) */
  enum kz_init init;
  int64_t offset, count; /* in elements, offset a multiple of 16 */
};

struct kz_paramset {
  const struct kz_backend *backend;
  struct kz_paraminfo *info;
  int len, cap;
  int64_t count;      /* elements of each flat array, padding included */
  uint64_t version;   /* raised by whoever changes `data`: graphs re-pack */
  float *data;        /* after kz_paramset_allocate */
  float *grad;        /* training only, as are the next three */
  float *m, *v, *ema;
};

void kz_paramset_init(struct kz_paramset *p, const struct kz_backend *backend);
void kz_paramset_release(struct kz_paramset *p);
/* Declare, or find again with the same shape (a second graph over the same set). Returns the
 * index, or a negative code (another shape under that name: KZ_ESHAPE; new after allocation). */
int kz_paramset_declare(struct kz_paramset *p, const char *name, int rank, const int *shape,
                        int fan_in, enum kz_init init, struct kz_err *err);
int kz_paramset_find(const struct kz_paramset *p, const char *name); /* index or -1 */
/* Allocate the arrays (graph_finish does it, for the first graph). Calling again is free. */
int kz_paramset_allocate(struct kz_paramset *p, bool train, struct kz_err *err);
/* Random values from `rng`, parameter by parameter in order; ema = data; m = v = 0. */
void kz_paramset_randomise(struct kz_paramset *p, struct kz_rng *rng);

#endif
