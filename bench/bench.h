/* What the benchmark programs share: the full-size network with seeded weights
 * and inputs, a clock, a median, and the protocol of bench/peers/compare.py
 * ("ready FLOPS", then for each line with a count the seconds one step took). */
#ifndef KZ_BENCH_H
#define KZ_BENCH_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "model/fedr.h"

#define BENCH_MAX_ROUNDS 1000

struct bench_net {
  const struct kz_backend *backend;
  struct kz_paramset params;
  struct kz_graph *g;
  struct kz_fedr net;
  kz_var x, time, y;
  int batch, size, threads;
  float *target, *weight;
  double flops; /* of one forward pass */
};

struct bench_options {
  int batch, size, rounds, threads;
  enum kz_dtype dtype;
  bool serve, profile;
  int structure, text, detail; /* of the network, as kz_train_options has them */
};

static inline double bench_now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static inline int bench_die(const char *message) {
  fprintf(stderr, "%s\n", message);
  return 1;
}

static inline int bench_by_value(const void *a, const void *b) {
  double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

static inline double bench_median(double *v, int n) {
  qsort(v, (size_t)n, sizeof *v, bench_by_value);
  return v[n / 2];
}

/* --batch N --size N --rounds N --threads N --f32 --serve --profile. Returns 0, or 1 with a word
 * on stderr. */
static inline int bench_parse(int argc, char **argv, struct bench_options *o) {
  o->dtype = kz_cpu_has_bf16() ? KZ_BF16 : KZ_F32;
  o->threads = 2;
  for (int i = 1; i < argc; i++) {
    int *to = !strcmp(argv[i], "--batch")     ? &o->batch
              : !strcmp(argv[i], "--size")    ? &o->size
              : !strcmp(argv[i], "--rounds")  ? &o->rounds
              : !strcmp(argv[i], "--threads") ? &o->threads
              : !strcmp(argv[i], "--structure") ? &o->structure
              : !strcmp(argv[i], "--text")      ? &o->text
              : !strcmp(argv[i], "--detail")    ? &o->detail
                                              : NULL;
    if (to && i + 1 < argc) *to = (int)strtol(argv[++i], NULL, 10);
    else if (!strcmp(argv[i], "--f32")) o->dtype = KZ_F32;
    else if (!strcmp(argv[i], "--serve")) o->serve = true;
    else if (!strcmp(argv[i], "--profile")) o->profile = true;
    else return bench_die("options: --batch N --size N --rounds N --threads N --f32 --serve "
                          "--profile");
  }
  if (o->batch < 1 || o->size < 32 || o->size % 32 || o->rounds < 1 ||
      o->rounds > BENCH_MAX_ROUNDS || o->threads < 1)
    return bench_die("batch, rounds (up to 1000) and threads must be positive, size a multiple "
                     "of 32");
  return 0;
}

static inline float *bench_noise(const struct kz_backend *be, uint64_t seed, size_t count) {
  float *p = be->alloc(count * sizeof(float));
  if (p) be->kernels->normal(seed, 0, (int64_t)count, p);
  return p;
}

static inline int bench_net_init(struct bench_net *b, const struct bench_options *o, bool train,
                                 struct kz_err *err) {
  struct kz_fedr_config c;
  struct kz_rng rng;
  struct kz_graph_stats stats;
  size_t pixels = (size_t)o->batch * o->size * o->size;
  memset(b, 0, sizeof *b);
  b->backend = kz_backend_cpu(o->threads);
  b->batch = o->batch;
  b->size = o->size;
  b->threads = o->threads;
  kz_fedr_config_defaults(&c);
  for (int i = 0; i < 4 && o->structure; i++)
    c.structure[i] = i == 0 ? o->structure : i == 1 ? 64 : 96;
  c.text = o->text;
  c.text_layers = 2;
  c.detail = o->detail;
  kz_paramset_init(&b->params, b->backend);
  struct kz_graph_options go = {
      .backend = b->backend, .params = &b->params, .dtype = o->dtype, .train = train};
  int rc = kz_graph_new(&go, &b->g, err);
  if (rc) return rc;
  kz_fedr_inputs(b->g, &c, o->batch, o->size, o->size, &b->net);
  b->x = b->net.x;
  b->time = b->net.time;
  b->y = kz_fedr_build(b->g, &c, &b->net);
  if ((rc = kz_graph_finish(b->g, err))) return rc;
  kz_fedr_ready(b->g, &b->net);
  if (b->net.text) /* some caption; the features' content costs nothing */
    for (int i = 0; i < o->batch * KZ_FEDR_TOKENS; i++)
      ((int32_t *)kz_graph_data(b->g, b->net.text))[i] = i * 7 % KZ_FEDR_ROWS;
  if (b->net.features)
    b->backend->kernels->normal(5, 0, (int64_t)pixels * KZ_FEDR_FEATURES,
                                kz_graph_data(b->g, b->net.features));
  kz_rng_init(&rng, 1);
  kz_paramset_randomise(&b->params, &rng);
  b->params.version++;
  b->backend->kernels->normal(2, 0, (int64_t)pixels * KZ_FEDR_IN, kz_graph_data(b->g, b->x));
  for (int i = 0; i < o->batch; i++)
    kz_fedr_time_features(0.5f, (float *)kz_graph_data(b->g, b->time) + i * KZ_FEDR_TIME);
  b->target = bench_noise(b->backend, 3, pixels * 3);
  b->weight = bench_noise(b->backend, 4, pixels);
  if (!b->target || !b->weight) return kz_err_set(err, KZ_ENOMEM, "out of memory");
  kz_graph_get_stats(b->g, &stats);
  b->flops = stats.flops;
  return 0;
}

static inline void bench_net_release(struct bench_net *b) {
  kz_graph_free(b->g);
  kz_paramset_release(&b->params);
  b->backend->free(b->target);
  b->backend->free(b->weight);
}

/* Read counts from stdin, do as many steps, print seconds a step, until the end of input. */
static inline int bench_serve(int (*step)(void *, struct kz_err *), void *self, double flops,
                              struct kz_err *err) {
  char line[64];
  int rc = 0;
  printf("ready %.6g\n", flops);
  fflush(stdout);
  while (!rc && fgets(line, sizeof line, stdin)) {
    int count = (int)strtol(line, NULL, 10);
    double start = bench_now();
    for (int i = 0; !rc && i < count; i++) rc = step(self, err);
    printf("%.9f\n", (bench_now() - start) / (count > 0 ? count : 1));
    fflush(stdout);
  }
  return rc;
}

/* Median seconds of `rounds` steps after `warm` others; negative after an error. */
static inline double bench_rounds(int (*step)(void *, struct kz_err *), void *self, int warm,
                                  int rounds, struct kz_err *err) {
  static double seconds[BENCH_MAX_ROUNDS];
  for (int i = -warm; i < rounds; i++) {
    double start = bench_now();
    if (step(self, err)) return -1;
    if (i >= 0) seconds[i] = bench_now() - start;
  }
  return bench_median(seconds, rounds);
}

static inline void bench_profile(struct bench_net *b, int steps) {
  const char *op[32];
  double forward[32], backward[32];
  int rows = kz_graph_profile_rows(b->g, 32, op, forward, backward);
  for (int i = 0; i < rows; i++)
    printf("  %-16s forward %8.2f ms, backward %8.2f ms\n", op[i], forward[i] * 1000 / steps,
           backward[i] * 1000 / steps);
}

#endif
