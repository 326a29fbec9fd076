/* A parameter set on disk. */
#ifndef KZ_CHECKPOINT_H
#define KZ_CHECKPOINT_H

#include "nn/params.h"
#include "nn/safetensors.h"

/* Everything a run needs to go on: weights (name), EMA (ema.name), AdamW moments (m.name, v.name),
 * all f32, and `meta` (configuration, step, seconds, rng... by the caller). */
int kz_checkpoint_save(const struct kz_paramset *p, const char *path, const struct kz_st_meta *meta,
                       int meta_count, struct kz_err *err);
/* Weights for use: the EMA where there is one, else data, under plain names, at `dtype` (F16 or
 * F32). */
int kz_weights_save(const struct kz_paramset *p, const char *path, enum kz_st_dtype dtype,
                    const struct kz_st_meta *meta, int meta_count, struct kz_err *err);
/* Fill an allocated set. Every parameter must be there with its shape, and nothing else
 * (a missing, extra or misshapen tensor is named). `all` also wants ema., m. and v.; without it
 * such tensors are ignored and plain names are read (ema. preferred when present).
 * Raises p->version. */
int kz_checkpoint_load(struct kz_paramset *p, const struct kz_safetensors *s, bool all,
                       struct kz_err *err);

/* The plain names of the file (ema. preferred) into the set, whose other parameters stay as they are.
 * Tensors that are not part of the set are left; one of another shape is an error. */
int kz_checkpoint_adopt(struct kz_paramset *p, const struct kz_safetensors *s, struct kz_err *err);

#endif
