/* Writes a file of random LPIPS weights, in place of the trained ones that are not ours to ship. */
#ifndef PERCEPTUAL_FIXTURE_H
#define PERCEPTUAL_FIXTURE_H

#include <stdio.h>
#include <stdlib.h>

#include <kizil/rng.h>

#include "nn/safetensors.h"

enum { PERCEPTUAL_TENSORS = 2 + 8 * 6 + 7 };

struct perceptual_weights {
  struct kz_st_write tensor[PERCEPTUAL_TENSORS];
  char name[PERCEPTUAL_TENSORS][64];
  int count;
};

/* Kaiming's spread for kernels, so that signals keep their size; heads are positive. */
static inline void perceptual_add(struct perceptual_weights *w, struct kz_rng *rng, int rank,
                                  int oc, int ic, int k, const char *name) {
  struct kz_st_write *t = &w->tensor[w->count];
  int64_t count = rank == 1 ? oc : (int64_t)oc * ic * k * k;
  float *data = malloc((size_t)count * sizeof *data);
  float bound = rank == 1 ? .05f : 2.4f / __builtin_sqrtf((float)(ic * k * k));
  snprintf(w->name[w->count], sizeof w->name[0], "%s", name);
  *t = (struct kz_st_write){.name = w->name[w->count++], .dtype = KZ_ST_F32, .rank = rank,
                            .shape = {oc, ic, k, k}, .data = data};
  for (int64_t i = 0; data && i < count; i++)
    data[i] = oc == 1 ? kz_rng_range(rng, 0, .1f) : kz_rng_range(rng, -bound, bound);
}

static inline void perceptual_add_fire(struct perceptual_weights *w, struct kz_rng *rng, int layer,
                                       int ic, int squeeze, int expand) {
  static const char *const part[3] = {"squeeze", "expand1x1", "expand3x3"};
  const int oc[3] = {squeeze, expand, expand}, k[3] = {1, 1, 3};
  for (int i = 0; i < 3; i++) {
    char name[64];
    snprintf(name, sizeof name, "features.%d.%s.weight", layer, part[i]);
    perceptual_add(w, rng, 4, oc[i], i ? squeeze : ic, k[i], name);
    snprintf(name, sizeof name, "features.%d.%s.bias", layer, part[i]);
    perceptual_add(w, rng, 1, oc[i], 0, 0, name);
  }
}

static inline void perceptual_fill(struct perceptual_weights *w) {
  static const int fire[8][4] = {{3, 64, 16, 64},    {4, 128, 16, 64},   {6, 128, 32, 128},
                                 {7, 256, 32, 128},  {9, 256, 48, 192},  {10, 384, 48, 192},
                                 {11, 384, 64, 256}, {12, 512, 64, 256}};
  static const int lin[7] = {64, 128, 256, 384, 384, 512, 512};
  struct kz_rng rng;
  kz_rng_init(&rng, 77);
  w->count = 0;
  perceptual_add(w, &rng, 4, 64, 3, 3, "features.0.weight");
  perceptual_add(w, &rng, 1, 64, 0, 0, "features.0.bias");
  for (int i = 0; i < 8; i++)
    perceptual_add_fire(w, &rng, fire[i][0], fire[i][1], fire[i][2], fire[i][3]);
  for (int i = 0; i < 7; i++) {
    char name[16];
    snprintf(name, sizeof name, "lin%d.weight", i);
    perceptual_add(w, &rng, 4, 1, lin[i], 1, name);
  }
}

static inline void perceptual_release(struct perceptual_weights *w) {
  for (int i = 0; i < w->count; i++) free((void *)w->tensor[i].data);
}

static inline int perceptual_write(const char *path, struct kz_err *err) {
  static struct perceptual_weights w;
  perceptual_fill(&w);
  int code = kz_safetensors_save(path, w.tensor, w.count, NULL, 0, err);
  perceptual_release(&w);
  return code;
}

#endif
