/* Writes a model file with a tiny network and random weights, so that tests of what surrounds the
 * network need no trained one. */
#ifndef TINY_MODEL_H
#define TINY_MODEL_H

#include <stdlib.h>

#include "model/fedr.h"
#include "nn/checkpoint.h"

/* A model with random weights; `guided`: with a structure branch, a text encoder and detail. */
static inline int tiny_model_write_as(const char *path, uint64_t seed, bool guided,
                                      struct kz_err *err) {
  struct kz_fedr_config config;
  struct kz_paramset params;
  struct kz_graph *g = NULL;
  struct kz_rng rng;
  const struct kz_backend *backend = kz_backend_cpu(0);
  kz_fedr_config_defaults(&config);
  for (int i = 0; i < 4; i++) config.width[i] = 16;
  config.groups = 4;
  config.time_width = 32;
  for (int i = 0; i < 4 && guided; i++) config.structure[i] = 16;
  if (guided) config.text = config.detail = 16, config.text_layers = 1;
  kz_paramset_init(&params, backend);
  char *json = kz_fedr_config_to_json(&config);
  const struct kz_graph_options o = {.backend = backend, .params = &params, .dtype = KZ_F32};
  int code = kz_graph_new(&o, &g, err);
  if (code) goto out;
  struct kz_fedr fedr;
  kz_fedr_inputs(g, &config, 1, 32, 32, &fedr);
  kz_fedr_build(g, &config, &fedr);
  code = kz_graph_finish(g, err);
  if (code) goto out;
  kz_rng_init(&rng, seed);
  kz_paramset_randomise(&params, &rng);
  /* The last layers start at zero, which would leave the coarse fill as it is. */
  for (int64_t i = 0; i < params.count; i++) params.data[i] += 0.05f * kz_rng_normal(&rng);
  const struct kz_st_meta meta[] = {{"format", "kizil-model-1"}, {"fedr", json}};
  code = kz_weights_save(&params, path, KZ_ST_F32, meta, 2, err);
out:
  kz_graph_free(g);
  kz_paramset_release(&params);
  free(json);
  return code;
}

static inline int tiny_model_write(const char *path, uint64_t seed, struct kz_err *err) {
  return tiny_model_write_as(path, seed, false, err);
}

#endif
