/* LPIPS as a graph and a head.
 *
 * The graph is SqueezeNet's feature layers (lpips_squeeze.c), frozen.
 *
 * A batch goes through a few samples at a time: what lies between the first layer and the last then
 * stays in the cache, and memory does not grow with the batch. The head (unit length, weighted
 * squares, and their gradient) is cut into tasks of a few positions; each leaves its part of the
 * distance in its own place, so that the sum does not depend on which thread took it. */
#include "model/perceptual.h"

#include <math.h>
#include <omp.h>
#include <stdlib.h>

#include "model/lpips_net.h"

#define SLICES 7
#define PIXELS (128 * 128) /* that go through at a time, or one sample */
#define POSITIONS 16       /* a task */
#define EPS 1e-10f

static int channels(int slice) { return kz__lpips_squeeze.channels[slice]; }

struct task {
  int slice, sample, count; /* of positions */
  int64_t first;            /* among all positions of the chunk */
  float share;              /* 1 / positions of a sample */
};

struct kz_perceptual {
  const struct kz_backend *backend;
  struct kz_paramset params;
  struct kz_graph *graph;
  enum kz_dtype dtype;
  int n, chunk, threads;
  int64_t pixels; /* of a sample */
  kz_var in, feature[SLICES];
  void *target[SLICES]; /* features of the target */
  float *lin[SLICES];   /* weights of the head; the first points to all */
  float *scratch;       /* 3 x POSITIONS x channels for each thread */
  struct task *tasks;
  double *parts; /* of each task */
  int task_count;
};

int kz_perceptual_check(const char *path, struct kz_err *err) {
  return kz__lpips_load(&kz__lpips_squeeze, path, NULL, NULL, err);
}

/* ---- building ---- */

static int build(struct kz_perceptual *p, int h, int w, struct kz_err *err) {
  const struct kz_graph_options o = {.backend = p->backend, .params = &p->params,
                                     .dtype = p->dtype, .train = true, .frozen = true};
  int code = kz_graph_new(&o, &p->graph, err);
  if (code) return code;
  p->in = kz_graph_input(p->graph, "picture", KZ_F32, (struct kz_dims){p->chunk, h, w, 3}, true);
  kz__lpips_build(&kz__lpips_squeeze, p->graph, p->in, p->feature);
  return kz_graph_finish(p->graph, err);
}

static int64_t positions(const struct kz_perceptual *p, int slice) {
  struct kz_dims d = kz_graph_dims(p->graph, p->feature[slice]);
  return (int64_t)d.h * d.w;
}

/* Cut every slice into runs of positions that lie in one sample. With `to` NULL only counts. */
static int cut_tasks(const struct kz_perceptual *p, struct task *to) {
  int count = 0;
  for (int slice = 0; slice < SLICES; slice++) {
    int64_t all = positions(p, slice);
    for (int sample = 0; sample < p->chunk; sample++)
      for (int64_t at = 0; at < all; at += POSITIONS, count++)
        if (to)
          to[count] = (struct task){slice, sample,
                                    (int)(all - at < POSITIONS ? all - at : POSITIONS),
                                    sample * all + at, 1 / (float)all};
  }
  return count;
}

static int allocate(struct kz_perceptual *p, struct kz_err *err) {
  const struct kz_backend *b = p->backend;
  size_t lin = 0;
  bool all = true;
  p->threads = b->threads();
  p->task_count = cut_tasks(p, NULL);
  p->tasks = b->alloc((size_t)p->task_count * sizeof *p->tasks);
  p->parts = b->alloc((size_t)p->task_count * sizeof *p->parts);
  p->scratch = b->alloc((size_t)p->threads * 3 * POSITIONS * 512 * sizeof *p->scratch);
  for (int i = 0; i < SLICES; i++) {
    size_t values = (size_t)p->chunk * (size_t)positions(p, i) * (size_t)channels(i);
    p->target[i] = b->alloc(values * kz_dtype_size(p->dtype));
    all = all && p->target[i];
    lin += (size_t)channels(i);
  }
  p->lin[0] = b->alloc(lin * sizeof(float));
  if (!all || !p->tasks || !p->parts || !p->scratch || !p->lin[0])
    return kz_err_set(err, KZ_ENOMEM, "out of memory for the perceptual loss");
  for (int i = 1; i < SLICES; i++) p->lin[i] = p->lin[i - 1] + channels(i - 1);
  cut_tasks(p, p->tasks);
  return 0;
}

int kz_perceptual_new(const char *path, const struct kz_backend *backend, enum kz_dtype dtype,
                      int n, int h, int w, struct kz_perceptual **out, struct kz_err *err) {
  if (n < 1 || h < KZ_PERCEPTUAL_MIN || w < KZ_PERCEPTUAL_MIN || h % 2 || w % 2)
    return kz_err_set(err, KZ_ESHAPE,
                      "perceptual loss: %d of %d x %d px; sides must be even and at least %d", n,
                      w, h, KZ_PERCEPTUAL_MIN);
  struct kz_perceptual *p = calloc(1, sizeof *p);
  if (!p) return kz_err_set(err, KZ_ENOMEM, "out of memory for the perceptual loss");
  p->backend = backend;
  p->dtype = dtype;
  p->n = n;
  p->pixels = (int64_t)h * w;
  p->chunk = p->pixels < PIXELS ? (int)(PIXELS / p->pixels) : 1;
  if (p->chunk > n) p->chunk = n;
  kz_paramset_init(&p->params, backend);
  int code = kz_perceptual_check(path, err); /* before the work of planning */
  if (!code) code = build(p, h, w, err);
  if (!code) code = allocate(p, err);
  if (!code) code = kz__lpips_load(&kz__lpips_squeeze, path, &p->params, p->lin[0], err);
  if (code)
    kz_perceptual_free(p);
  else
    *out = p;
  return code;
}

void kz_perceptual_free(struct kz_perceptual *p) {
  if (!p) return;
  void *blocks[] = {p->tasks, p->parts, p->scratch, p->lin[0]};
  for (size_t i = 0; i < sizeof blocks / sizeof *blocks; i++)
    if (blocks[i]) p->backend->free(blocks[i]);
  for (int i = 0; i < SLICES; i++)
    if (p->target[i]) p->backend->free(p->target[i]);
  kz_graph_free(p->graph);
  kz_paramset_release(&p->params);
  free(p);
}

/* ---- head ---- */

/* One position: u = x / (|x| + eps), v likewise from the target y;
 *   distance = sum w (u - v)^2,  G = d distance / d u = 2 w (u - v),
 *   d distance / d x = s (G - x (G . x) s / |x|),  s = 1 / (|x| + eps)
 * Returns the distance; diff = factor times the gradient. Where x is all zero, what lies below is
 * not moved by any gradient, and none is given. */
static float compare(int c, const float *restrict w, const float *restrict y,
                     const float *restrict x, float factor, float *restrict diff) {
  float xx = 0, yy = 0, distance = 0, along = 0;
#pragma omp simd reduction(+ : xx, yy)
  for (int i = 0; i < c; i++) xx += x[i] * x[i], yy += y[i] * y[i];
  float length = sqrtf(xx), s = 1 / (length + EPS), sy = 1 / (sqrtf(yy) + EPS);
#pragma omp simd reduction(+ : distance, along)
  for (int i = 0; i < c; i++) {
    float e = s * x[i] - sy * y[i], g = w[i] * e;
    distance += g * e;
    along += g * x[i];
    diff[i] = g;
  }
  float outer = length > 0 ? 2 * factor * s : 0, pull = length > 0 ? along * s / length : 0;
#pragma omp simd
  for (int i = 0; i < c; i++) diff[i] = outer * (diff[i] - pull * x[i]);
  return distance;
}

static void run_task(const struct kz_perceptual *p, int number, const float *scale,
                     float *scratch) {
  const struct task *t = &p->tasks[number];
  const struct kz_kernels *k = p->backend->kernels;
  const int c = channels(t->slice), count = t->count * c;
  const size_t at = (size_t)t->first * (size_t)c * kz_dtype_size(p->dtype);
  const float factor = scale[t->sample] * t->share;
  float *x = scratch, *y = x + POSITIONS * c, *diff = y + POSITIONS * c;
  double sum = 0;
  k->convert(p->dtype, KZ_F32, count, (char *)kz_graph_data(p->graph, p->feature[t->slice]) + at,
             x);
  k->convert(p->dtype, KZ_F32, count, (char *)p->target[t->slice] + at, y);
  for (int i = 0; i < count; i += c)
    sum += compare(c, p->lin[t->slice], y + i, x + i, factor, diff + i);
  k->convert(KZ_F32, p->dtype, count, diff,
             (char *)kz_graph_diff(p->graph, p->feature[t->slice]) + at);
  p->parts[number] = sum * factor;
}

/* The loss of the chunk; the gradients of the features are in place afterwards. */
static double head(const struct kz_perceptual *p, const float *scale) {
  double sum = 0;
  if (p->threads == 1) { /* a region of one thread would allocate its team each time */
    for (int i = 0; i < p->task_count; i++) run_task(p, i, scale, p->scratch);
  } else {
#pragma omp parallel for schedule(dynamic, 8) num_threads(p->threads)
    for (int i = 0; i < p->task_count; i++)
      run_task(p, i, scale, p->scratch + (size_t)omp_get_thread_num() * 3 * POSITIONS * 512);
  }
  for (int i = 0; i < p->task_count; i++) sum += p->parts[i];
  return sum;
}

/* ---- running ---- */

/* `count` pictures into the graph, and through it; what is left of the chunk stays as it was. */
static int forward(struct kz_perceptual *p, const float *pictures, int count, struct kz_err *err) {
  memcpy(kz_graph_data(p->graph, p->in), pictures,
         (size_t)count * (size_t)p->pixels * 3 * sizeof *pictures);
  return kz_graph_forward(p->graph, err);
}

static void keep_target(struct kz_perceptual *p) {
  for (int i = 0; i < SLICES; i++) {
    size_t values = kz_dims_count(kz_graph_dims(p->graph, p->feature[i]));
    memcpy(p->target[i], kz_graph_data(p->graph, p->feature[i]),
           values * kz_dtype_size(p->dtype));
  }
}

static int run_chunk(struct kz_perceptual *p, const float *target, const float *x,
                     const float *scale, int count, double *loss, float *diff,
                     struct kz_err *err) {
  size_t bytes = (size_t)count * (size_t)p->pixels * 3 * sizeof *diff;
  float factor[PIXELS / (KZ_PERCEPTUAL_MIN * KZ_PERCEPTUAL_MIN)] = {0};
  bool idle = true;
  for (int i = 0; i < count; i++) {
    factor[i] = scale[i];
    if (scale[i] != 0) idle = false;
  }
  if (idle) {
    memset(diff, 0, bytes);
    return 0;
  }
  int code = forward(p, target, count, err);
  if (code) return code;
  keep_target(p);
  if ((code = forward(p, x, count, err)) != 0) return code;
  *loss += head(p, factor);
  if ((code = kz_graph_backward(p->graph, err)) != 0) return code;
  memcpy(diff, kz_graph_diff(p->graph, p->in), bytes);
  return 0;
}

int kz_perceptual_loss(struct kz_perceptual *p, const float *target, const float *x,
                       const float *scale, double *loss, float *diff, struct kz_err *err) {
  *loss = 0;
  for (int i = 0; i < p->n; i += p->chunk) {
    int count = p->n - i < p->chunk ? p->n - i : p->chunk;
    int64_t at = 3 * p->pixels * i;
    int code = run_chunk(p, target + at, x + at, scale + i, count, loss, diff + at, err);
    if (code) return code;
  }
  return 0;
}
