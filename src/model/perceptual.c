/* LPIPS as a graph and a head.
 *
 * The graph is SqueezeNet's feature layers, frozen. The first convolution (3 x 3, stride 2, no
 * padding, over three channels) is laid out as a 2 x 2 convolution over blocks of 2 x 2 pixels: the
 * same sums, but with twelve channels to make vectors of. Into its weights the scaling of the input
 * is folded, which without padding is exact too.
 *
 * A batch goes through a few samples at a time: what lies between the first layer and the last then
 * stays in the cache, and memory does not grow with the batch. The head (unit length, weighted
 * squares, and their gradient) is cut into tasks of a few positions; each leaves its part of the
 * distance in its own place, so that the sum does not depend on which thread took it. */
#include "model/perceptual.h"

#include <math.h>
#include <omp.h>
#include <stdio.h>
#include <stdlib.h>

#include "nn/safetensors.h"

#define SLICES 7
#define FIRES 8
#define FIRST 64           /* channels of the first convolution */
#define PIXELS (128 * 128) /* that go through at a time, or one sample */
#define POSITIONS 16       /* a task */
#define EPS 1e-10f

static const struct fire {
  int layer, ic, squeeze, expand; /* in torchvision's `features`; channels */
  bool pool, slice;               /* after a pooling; compared */
} fires[FIRES] = {{3, 64, 16, 64, true, false},    {4, 128, 16, 64, false, true},
                  {6, 128, 32, 128, true, false},  {7, 256, 32, 128, false, true},
                  {9, 256, 48, 192, true, true},   {10, 384, 48, 192, false, true},
                  {11, 384, 64, 256, false, true}, {12, 512, 64, 256, false, true}};
static const int channels[SLICES] = {64, 128, 256, 384, 384, 512, 512};
static const float mean[3] = {-.030f, -.088f, -.188f}, deviation[3] = {.458f, .448f, .450f};

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

/* ---- weights ---- */

struct loader {
  const struct kz_safetensors *file;
  const char *path;
  struct kz_perceptual *to; /* NULL: only look whether all is there */
  struct kz_err *err;
};

/* Element i of a tensor, which need not be aligned. */
static float element(const struct kz_st_tensor *t, size_t i) {
  float f;
  memcpy(&f, (const char *)t->data + i * sizeof f, sizeof f);
  return f;
}

/* rank 4: [oc, ic, k, k]; rank 1: [oc]. */
static const struct kz_st_tensor *find(const struct loader *l, const char *name, int rank, int oc,
                                       int ic, int k) {
  const struct kz_st_tensor *t = kz_safetensors_find(l->file, name);
  const int64_t shape[4] = {oc, ic, k, k};
  if (!t) {
    kz_err_set(l->err, KZ_EFORMAT,
               "%s: tensor '%s' is missing (not LPIPS weights over SqueezeNet 1.1?)", l->path,
               name);
    return NULL;
  }
  bool same = t->dtype == KZ_ST_F32 && t->rank == rank;
  for (int i = 0; same && i < rank; i++) same = t->shape[i] == shape[i];
  if (same) return t;
  if (rank == 1)
    kz_err_set(l->err, KZ_EFORMAT, "%s: tensor '%s' is not F32 [%d]", l->path, name, oc);
  else
    kz_err_set(l->err, KZ_EFORMAT, "%s: tensor '%s' is not F32 [%d,%d,%d,%d]", l->path, name, oc,
               ic, k, k);
  return NULL;
}

static float *param(const struct loader *l, const char *name) {
  const struct kz_paramset *p = &l->to->params;
  return p->data + p->info[kz_paramset_find(p, name)].offset;
}

/* conv(w, (x - mean) / deviation) + b = conv(w / deviation, x) + b - sum w mean / deviation; and a
 * tap (y, x) is tap (y / 2, x / 2) of the block's pixel (y % 2, x % 2). */
static int load_first(const struct loader *l) {
  const struct kz_st_tensor *w = find(l, "features.0.weight", 4, FIRST, 3, 3);
  const struct kz_st_tensor *b = w ? find(l, "features.0.bias", 1, FIRST, 0, 0) : NULL;
  if (!b) return KZ_EFORMAT;
  if (!l->to) return 0;
  float *weight = param(l, "features.0.weight"), *bias = param(l, "features.0.bias");
  for (int oc = 0; oc < FIRST; oc++) {
    double sum = element(b, (size_t)oc);
    for (int i = 0; i < 27; i++) {
      int ch = i / 9, y = i / 3 % 3, x = i % 3, block = ch * 4 + y % 2 * 2 + x % 2;
      double v = element(w, (size_t)oc * 27 + (size_t)i) / (double)deviation[ch];
      weight[(oc * 12 + block) * 4 + y / 2 * 2 + x / 2] = (float)v;
      sum -= v * mean[ch];
    }
    bias[oc] = (float)sum;
  }
  return 0;
}

/* "features.LAYER.PART" with its bias. */
static int load_pair(const struct loader *l, int layer, const char *part, int oc, int ic, int k) {
  static const char *const suffix[2] = {"weight", "bias"};
  for (int i = 0; i < 2; i++) {
    char name[64];
    snprintf(name, sizeof name, "features.%d.%s.%s", layer, part, suffix[i]);
    const struct kz_st_tensor *t = find(l, name, i ? 1 : 4, oc, ic, k);
    if (!t) return KZ_EFORMAT;
    if (l->to) memcpy(param(l, name), t->data, t->bytes);
  }
  return 0;
}

static int load_fire(const struct loader *l, const struct fire *f) {
  int code = load_pair(l, f->layer, "squeeze", f->squeeze, f->ic, 1);
  if (!code) code = load_pair(l, f->layer, "expand1x1", f->expand, f->squeeze, 1);
  if (!code) code = load_pair(l, f->layer, "expand3x3", f->expand, f->squeeze, 3);
  return code;
}

static int load(const char *path, struct kz_perceptual *to, struct kz_err *err) {
  struct kz_safetensors *file = NULL;
  int code = kz_safetensors_open(path, &file, err);
  if (code) return code;
  const struct loader l = {file, path, to, err};
  code = load_first(&l);
  for (int i = 0; i < FIRES && !code; i++) code = load_fire(&l, &fires[i]);
  for (int i = 0; i < SLICES && !code; i++) {
    char name[16];
    snprintf(name, sizeof name, "lin%d.weight", i);
    const struct kz_st_tensor *t = find(&l, name, 4, 1, channels[i], 1);
    if (!t) code = KZ_EFORMAT;
    else if (to) memcpy(to->lin[i], t->data, t->bytes);
  }
  kz_safetensors_close(file);
  if (!code && to) to->params.version++;
  return code;
}

int kz_perceptual_check(const char *path, struct kz_err *err) { return load(path, NULL, err); }

/* ---- building ---- */

static kz_var part(struct kz_graph *g, int layer, const char *name, kz_var x, int oc, int kernel) {
  char full[64];
  snprintf(full, sizeof full, "features.%d.%s", layer, name);
  return kz_conv2d(g, full, x, KZ_CONV(.oc = oc, .kernel = kernel));
}

/* Fewer channels, then more again by kernels of two sizes, side by side. */
static kz_var fire(struct kz_graph *g, const struct fire *f, kz_var x) {
  kz_var s = kz_activate(g, part(g, f->layer, "squeeze", x, f->squeeze, 1), KZ_ACT_RELU);
  kz_var one = part(g, f->layer, "expand1x1", s, f->expand, 1);
  return kz_activate(g, kz_concat(g, one, part(g, f->layer, "expand3x3", s, f->expand, 3)),
                     KZ_ACT_RELU);
}

static int build(struct kz_perceptual *p, int h, int w, struct kz_err *err) {
  const struct kz_graph_options o = {.backend = p->backend, .params = &p->params,
                                     .dtype = p->dtype, .train = true, .frozen = true};
  int code = kz_graph_new(&o, &p->graph, err), slice = 0;
  if (code) return code;
  struct kz_graph *g = p->graph;
  p->in = kz_graph_input(g, "picture", KZ_F32, (struct kz_dims){p->chunk, h, w, 3}, true);
  kz_var x = kz_conv2d(g, "features.0", kz_space_to_depth(g, p->in, 2),
                       KZ_CONV(.oc = FIRST, .kernel = 2, .no_pad = true));
  x = kz_activate(g, x, KZ_ACT_RELU);
  p->feature[slice++] = x;
  for (int i = 0; i < FIRES; i++) {
    if (fires[i].pool) x = kz_max_pool(g, x, 3, 2, true);
    x = fire(g, &fires[i], x);
    if (fires[i].slice) p->feature[slice++] = x;
  }
  for (int i = 0; i < SLICES; i++) kz_graph_output(g, p->feature[i]);
  return kz_graph_finish(g, err);
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
    size_t values = (size_t)p->chunk * (size_t)positions(p, i) * (size_t)channels[i];
    p->target[i] = b->alloc(values * kz_dtype_size(p->dtype));
    all = all && p->target[i];
    lin += (size_t)channels[i];
  }
  p->lin[0] = b->alloc(lin * sizeof(float));
  if (!all || !p->tasks || !p->parts || !p->scratch || !p->lin[0])
    return kz_err_set(err, KZ_ENOMEM, "out of memory for the perceptual loss");
  for (int i = 1; i < SLICES; i++) p->lin[i] = p->lin[i - 1] + channels[i - 1];
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
  if (!code) code = load(path, p, err);
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
  const int c = channels[t->slice], count = t->count * c;
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
