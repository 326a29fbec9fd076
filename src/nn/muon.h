/* Muon (Jordan et al., 2024): steepest descent for matrices under the spectral norm. The momentum
 * of a weight matrix U S V^T is replaced by U V^T, so that directions which the gradient rarely
 * shows are learned as fast as the few that dominate it. U V^T comes from five Newton-Schulz
 * steps X <- (a I + b A + c A^2) X, A = X X^T, which are products of matrices and nothing else.
 *
 * It takes all weights that are matrices of at least 32 x 32, filters as [oc, ic * kh * kw]; AdamW
 * takes the rest. Steps are scaled by 0.2 sqrt(max(rows, columns)) (Liu et al., 2025): the root
 * mean square of AdamW's, so one rate serves both. */
#ifndef KZ_MUON_H
#define KZ_MUON_H

#include "nn/params.h"

struct kz_muon;

/* Plans and buffers for all of `params` (borrowed, allocated for training). dtype: of the products;
 * bf16 is enough, as X only has to come near U V^T. */
int kz_muon_new(struct kz_paramset *params, enum kz_dtype dtype, struct kz_muon **out,
                struct kz_err *err);
void kz_muon_free(struct kz_muon *u);
/* Momentum turns over in about 1 / (1 - beta) updates, so its direction need not be worked out at
 * each: matrix k moves at updates with (step + k) % interval = 0, `interval` times as far. */
struct kz_muon_turn {
  double momentum; /* beta */
  int64_t step;    /* number of this update */
  int interval;    /* 1: every matrix at every update */
};
/* One update of the set; `a` as for AdamW over the whole set. Allocates nothing of its own; the same
 * thread count gives the same bytes. */
int kz_muon_update(struct kz_muon *u, const struct kz_adamw *a, const struct kz_muon_turn *turn,
                   struct kz_err *err);

#endif
