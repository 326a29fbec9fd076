/* Both pictures go through the network as one batch of two, forward only, so that the features to
 * compare lie one after the other. The graph is made anew when the size changes: a list of pictures
 * of one size, which is the rule, makes one. Sums over positions are kept by row and added in order,
 * so that the figure does not depend on threads. */
#include "model/lpips.h"

#include <math.h>
#include <stdlib.h>

#include "model/lpips_net.h"

#define EPS 1e-10f

struct kz_lpips {
  const struct kz_backend *backend;
  const struct kz__lpips_net *net;
  char *path;
  struct kz_paramset params;
  struct kz_graph *graph;
  int w, h; /* that the graph is for */
  kz_var in, feature[KZ__LPIPS_SLICES];
  float *lin;   /* head, slice after slice; NULL until the first graph */
  double *rows; /* sums of the rows of a slice */
};

/* ---- opening ---- */

static int recognise(const char *path, const struct kz__lpips_net **net, struct kz_err *err) {
  static const struct kz__lpips_net *const nets[] = {&kz__lpips_squeeze, &kz__lpips_alex};
  struct kz_safetensors *file = NULL;
  int code = kz_safetensors_open(path, &file, err);
  if (code) return code;
  *net = NULL;
  for (size_t i = 0; i < sizeof nets / sizeof *nets && !*net; i++)
    if (kz_safetensors_find(file, nets[i]->sign)) *net = nets[i];
  kz_safetensors_close(file);
  if (*net) return 0;
  return kz_err_set(err, KZ_EFORMAT,
                    "%s: these are not LPIPS weights over AlexNet ('%s' is missing) or SqueezeNet "
                    "1.1 ('%s' is missing)",
                    path, kz__lpips_alex.sign, kz__lpips_squeeze.sign);
}

int kz_lpips_open(const char *path, const struct kz_backend *backend, struct kz_lpips **out,
                  struct kz_err *err) {
  const struct kz__lpips_net *net;
  int code = recognise(path, &net, err);
  if (!code) code = kz__lpips_load(net, path, NULL, NULL, err);
  if (code) return code;
  struct kz_lpips *l = calloc(1, sizeof *l);
  char *copy = strdup(path);
  if (!l || !copy) {
    free(l);
    free(copy);
    return kz_err_set(err, KZ_ENOMEM, "%s: out of memory", path);
  }
  l->backend = backend;
  l->net = net;
  l->path = copy;
  kz_paramset_init(&l->params, backend);
  *out = l;
  return 0;
}

void kz_lpips_close(struct kz_lpips *l) {
  if (!l) return;
  kz_graph_free(l->graph);
  kz_paramset_release(&l->params);
  free(l->lin);
  free(l->rows);
  free(l->path);
  free(l);
}

const char *kz_lpips_name(const struct kz_lpips *l) { return l->net->name; }
int kz_lpips_channels(const struct kz_lpips *l) { return l->net->channels[l->net->slices - 1]; }

/* ---- one size ---- */

static int build(struct kz_lpips *l, int w, int h, struct kz_err *err) {
  const struct kz_graph_options o = {.backend = l->backend, .params = &l->params, .dtype = KZ_F32};
  int iw = kz__lpips_input_side(l->net, w), ih = kz__lpips_input_side(l->net, h);
  int code = kz_graph_new(&o, &l->graph, err);
  if (code) return code;
  l->in = kz_graph_input(l->graph, "picture", KZ_F32, (struct kz_dims){2, ih, iw, 3}, false);
  kz__lpips_build(l->net, l->graph, l->in, l->feature);
  return kz_graph_finish(l->graph, err);
}

static int load_weights(struct kz_lpips *l, struct kz_err *err) {
  size_t count = 0;
  for (int i = 0; i < l->net->slices; i++) count += (size_t)l->net->channels[i];
  float *lin = malloc(count * sizeof *lin);
  if (!lin) return kz_err_set(err, KZ_ENOMEM, "%s: out of memory", l->path);
  int code = kz__lpips_load(l->net, l->path, &l->params, lin, err);
  if (code) free(lin);
  else l->lin = lin;
  return code;
}

static int prepare(struct kz_lpips *l, int w, int h, struct kz_err *err) {
  if (w < KZ_LPIPS_MIN || h < KZ_LPIPS_MIN)
    return kz_err_set(err, KZ_ESHAPE, "LPIPS: %d x %d px; sides must be at least %d", w, h,
                      KZ_LPIPS_MIN);
  if (l->graph && l->w == w && l->h == h) return 0;
  kz_graph_free(l->graph);
  free(l->rows);
  l->graph = NULL;
  l->w = w, l->h = h;
  l->rows = malloc((size_t)h * sizeof *l->rows);
  int code = l->rows ? build(l, w, h, err) : kz_err_set(err, KZ_ENOMEM, "LPIPS: out of memory");
  if (!code && !l->lin) code = load_weights(l, err);
  if (code) {
    kz_graph_free(l->graph);
    l->graph = NULL;
  }
  return code;
}

/* The picture within its margin; what is beyond it has the mean colour, which counts as zero. */
static void fill(const struct kz_lpips *l, const uint8_t *rgb, float *dst) {
  struct kz_dims d = kz_graph_dims(l->graph, l->in);
  int margin = l->net->margin;
  for (int y = 0; y < d.h; y++)
    for (int x = 0; x < d.w; x++, dst += 3) {
      int sy = y - margin, sx = x - margin;
      bool inside = sy >= 0 && sy < l->h && sx >= 0 && sx < l->w;
      const uint8_t *s = inside ? rgb + 3 * ((size_t)sy * (size_t)l->w + (size_t)sx) : NULL;
      for (int c = 0; c < 3; c++) dst[c] = s ? (float)s[c] / 127.5f - 1 : kz__lpips_mean[c];
    }
}

/* ---- comparing ---- */

/* sum_c w (u - v)^2 with u = x / (|x| + eps), v likewise from y. */
static float apart(int c, const float *restrict w, const float *restrict x,
                   const float *restrict y) {
  float xx = 0, yy = 0, sum = 0;
#pragma omp simd reduction(+ : xx, yy)
  for (int i = 0; i < c; i++) xx += x[i] * x[i], yy += y[i] * y[i];
  float sx = 1 / (sqrtf(xx) + EPS), sy = 1 / (sqrtf(yy) + EPS);
#pragma omp simd reduction(+ : sum)
  for (int i = 0; i < c; i++) {
    float e = sx * x[i] - sy * y[i];
    sum += w[i] * e * e;
  }
  return sum;
}

static double slice_distance(struct kz_lpips *l, int slice, const float *w) {
  struct kz_dims d = kz_graph_dims(l->graph, l->feature[slice]);
  const float *x = kz_graph_data(l->graph, l->feature[slice]);
  const size_t row = (size_t)d.w * (size_t)d.c, picture = row * (size_t)d.h;
  double sum = 0;
#pragma omp parallel for num_threads(l->backend->threads())
  for (int y = 0; y < d.h; y++) {
    const float *at = x + row * (size_t)y;
    l->rows[y] = 0;
    for (size_t i = 0; i < row; i += (size_t)d.c)
      l->rows[y] += apart(d.c, w, at + i, at + picture + i);
  }
  for (int y = 0; y < d.h; y++) sum += l->rows[y];
  return sum / ((double)d.h * d.w);
}

static void pool(struct kz_lpips *l, float *pooled) {
  kz_var deepest = l->feature[l->net->slices - 1];
  struct kz_dims d = kz_graph_dims(l->graph, deepest);
  const float *x = kz_graph_data(l->graph, deepest);
  const int positions = d.h * d.w;
  for (int n = 0; n < 2; n++)
    for (int c = 0; c < d.c; c++) {
      const float *at = x + (size_t)n * (size_t)positions * (size_t)d.c + c;
      double sum = 0;
      for (int i = 0; i < positions; i++) sum += at[(size_t)i * (size_t)d.c];
      pooled[n * d.c + c] = (float)(sum / positions);
    }
}

int kz_lpips_compare(struct kz_lpips *l, int w, int h, const uint8_t *a, const uint8_t *b,
                     double *distance, float *pooled, struct kz_err *err) {
  int code = prepare(l, w, h, err);
  if (code) return code;
  struct kz_dims d = kz_graph_dims(l->graph, l->in);
  float *in = kz_graph_data(l->graph, l->in);
  fill(l, a, in);
  fill(l, b, in + (size_t)d.h * (size_t)d.w * 3);
  if ((code = kz_graph_forward(l->graph, err)) != 0) return code;
  const float *lin = l->lin;
  *distance = 0;
  for (int i = 0; i < l->net->slices; lin += l->net->channels[i++])
    *distance += slice_distance(l, i, lin);
  if (pooled) pool(l, pooled);
  return 0;
}
