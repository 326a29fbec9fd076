/* Weights of LPIPS files (torchvision's names: features.N..., and lin0.weight and on) into graphs;
 * the first layer and the head are alike for all networks. */
#include "model/lpips_net.h"

#include <stdio.h>

const float kz__lpips_mean[3] = {-.030f, -.088f, -.188f};
const float kz__lpips_deviation[3] = {.458f, .448f, .450f};

/* Blocks that the first kernel reaches over. */
static int reach(const struct kz__lpips_net *net) {
  return (net->kernel + net->stride - 1) / net->stride;
}

int kz__lpips_input_side(const struct kz__lpips_net *net, int side) {
  int results = (side + 2 * net->margin - net->kernel) / net->stride + 1;
  return net->stride * (results + reach(net) - 1);
}

void kz__lpips_build(const struct kz__lpips_net *net, struct kz_graph *g, kz_var in,
                     kz_var *feature) {
  kz_var x = kz_conv2d(g, "features.0", kz_space_to_depth(g, in, net->stride),
                       KZ_CONV(.oc = net->first, .kernel = reach(net), .no_pad = true));
  feature[0] = kz_activate(g, x, KZ_ACT_RELU);
  net->build(g, feature[0], feature);
  for (int i = 0; i < net->slices; i++) kz_graph_output(g, feature[i]);
}

/* Element i of a tensor, which need not be aligned. */
static float element(const struct kz_st_tensor *t, size_t i) {
  float f;
  memcpy(&f, (const char *)t->data + i * sizeof f, sizeof f);
  return f;
}

/* rank 4: [oc, ic, k, k]; rank 1: [oc]. */
static const struct kz_st_tensor *find(const struct kz__lpips_file *l, const char *name, int rank,
                                       int oc, int ic, int k) {
  const struct kz_st_tensor *t = kz_safetensors_find(l->file, name);
  const int64_t shape[4] = {oc, ic, k, k};
  if (!t) {
    kz_err_set(l->err, KZ_EFORMAT, "%s: tensor '%s' is missing (not LPIPS weights over %s?)",
               l->path, name, l->net->full_name);
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

static float *param(const struct kz__lpips_file *l, const char *name) {
  return l->to->data + l->to->info[kz_paramset_find(l->to, name)].offset;
}

/* conv(w, (x - mean) / deviation) + b = conv(w / deviation, x) + b - sum w mean / deviation; and a
 * tap (y, x) is tap (y / S, x / S) of the block's pixel (y % S, x % S). */
static int load_first(const struct kz__lpips_file *l) {
  const int oc = l->net->first, k = l->net->kernel, s = l->net->stride, r = reach(l->net);
  const struct kz_st_tensor *w = find(l, "features.0.weight", 4, oc, 3, k);
  const struct kz_st_tensor *b = w ? find(l, "features.0.bias", 1, oc, 0, 0) : NULL;
  if (!b) return KZ_EFORMAT;
  if (!l->to) return 0;
  float *weight = param(l, "features.0.weight"), *bias = param(l, "features.0.bias");
  for (int o = 0; o < oc; o++) {
    double sum = element(b, (size_t)o);
    for (int i = 0; i < 3 * k * k; i++) {
      int ch = i / (k * k), y = i / k % k, x = i % k, pixel = (ch * s + y % s) * s + x % s;
      double v = element(w, (size_t)o * 3 * k * k + (size_t)i) / (double)kz__lpips_deviation[ch];
      weight[((o * 3 * s * s + pixel) * r + y / s) * r + x / s] = (float)v;
      sum -= v * kz__lpips_mean[ch];
    }
    bias[o] = (float)sum;
  }
  return 0;
}

int kz__lpips_load_pair(const struct kz__lpips_file *l, int layer, const char *part, int oc, int ic,
                        int k) {
  static const char *const suffix[2] = {"weight", "bias"};
  for (int i = 0; i < 2; i++) {
    char name[64];
    snprintf(name, sizeof name, "features.%d.%s%s%s", layer, part ? part : "", part ? "." : "",
             suffix[i]);
    const struct kz_st_tensor *t = find(l, name, i ? 1 : 4, oc, ic, k);
    if (!t) return KZ_EFORMAT;
    if (l->to) memcpy(param(l, name), t->data, t->bytes);
  }
  return 0;
}

int kz__lpips_load(const struct kz__lpips_net *net, const char *path, struct kz_paramset *to,
                   float *lin, struct kz_err *err) {
  struct kz_safetensors *file = NULL;
  int code = kz_safetensors_open(path, &file, err);
  if (code) return code;
  const struct kz__lpips_file l = {net, file, path, to, err};
  code = load_first(&l);
  if (!code) code = net->load(&l);
  for (int i = 0; i < net->slices && !code; i++) {
    char name[32];
    snprintf(name, sizeof name, "lin%d.weight", i);
    const struct kz_st_tensor *t = find(&l, name, 4, 1, net->channels[i], 1);
    if (!t) {
      code = KZ_EFORMAT;
    } else if (lin) {
      memcpy(lin, t->data, t->bytes);
      lin += net->channels[i];
    }
  }
  kz_safetensors_close(file);
  if (!code && to) to->version++;
  return code;
}
