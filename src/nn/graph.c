/* Building a graph: values, nodes, the backward pass that follows from them. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "nn/node.h"

void kz_graph_free(struct kz_graph *g)
{
  if (!g) return;
  for (int i = 0; i < g->nodes; i++)
    if (g->node[i].conv) g->be->conv_free(g->node[i].conv);
  if (g->memory) g->be->free(g->memory);
  if (g->packed) g->be->free(g->packed);
  free(g->node);
  free(g->value);
  free(g);
}

kz_var kz__fail(struct kz_graph *g, int code, const char *fmt, ...)
{
  if (g->err.code) return KZ_NONE;
  va_list ap;
  va_start(ap, fmt);
  g->err.code = code;
  vsnprintf(g->err.msg, sizeof g->err.msg, fmt, ap);
  va_end(ap);
  return KZ_NONE;
}

/* Room for one more of `size` bytes in a growing array; NULL: no memory. */
static void *grow(void *array, int len, int *cap, size_t size)
{
  if (len < *cap) return array;
  int more = *cap ? *cap * 2 : 64;
  void *p = realloc(array, (size_t)more * size);
  if (p) *cap = more;
  return p;
}

static kz_var add_value(struct kz_graph *g, struct kz_dims d, enum kz_dtype t, size_t bytes)
{
  struct kz_value *v = grow(g->value, g->values, &g->value_cap, sizeof *v);
  if (!v) return kz__fail(g, KZ_ENOMEM, "out of memory for a graph's values");
  g->value = v;
  v[g->values] = (struct kz_value){.dims = d, .dtype = t, .diff_dtype = t, .bytes = bytes,
                                   .producer = -1, .birth = -1, .death = -1};
  return g->values++;
}

int kz_graph_new(const struct kz_graph_options *o, struct kz_graph **out, struct kz_err *err)
{
  struct kz_graph *g = calloc(1, sizeof *g);
  if (!g) return kz_err_set(err, KZ_ENOMEM, "out of memory for a graph");
  g->o = *o;
  g->be = o->backend;
  add_value(g, (struct kz_dims){0, 0, 0, 0}, o->dtype, 0); /* KZ_NONE */
  if (g->err.code) {
    free(g);
    return kz_err_set(err, KZ_ENOMEM, "out of memory for a graph");
  }
  *out = g;
  return 0;
}

kz_var kz_graph_input(struct kz_graph *g, const char *name, enum kz_dtype t, struct kz_dims d,
                      bool diff)
{
  if (!kz__building(g)) return KZ_NONE;
  if (d.n < 1 || d.h < 1 || d.w < 1 || d.c < 1)
    return kz__fail(g, KZ_ESHAPE, "input '%s': shape [%d,%d,%d,%d] has an empty dimension", name,
                    d.n, d.h, d.w, d.c);
  kz_var v = add_value(g, d, t, kz_dims_count(d) * kz_dtype_size(t));
  if (v == KZ_NONE) return v;
  g->value[v].pinned = true;
  g->value[v].needs_diff = diff && g->o.train;
  return v;
}

void kz_graph_output(struct kz_graph *g, kz_var v)
{
  if (kz__building(g) && v != KZ_NONE) g->value[v].pinned = true;
}

struct kz_dims kz_graph_dims(const struct kz_graph *g, kz_var v)
{
  return v == KZ_NONE ? (struct kz_dims){1, 1, 1, 1} : g->value[v].dims;
}

enum kz_dtype kz_graph_dtype(const struct kz_graph *g, kz_var v)
{
  return v == KZ_NONE ? g->o.dtype : g->value[v].dtype;
}

struct kz_node *kz__node(struct kz_graph *g, const struct kz_op *op, const kz_var in[KZ_MAX_IN],
                         struct kz_dims dims, enum kz_dtype dtype)
{
  if (!kz__building(g)) return NULL;
  struct kz_node *all = grow(g->node, g->nodes, &g->node_cap, sizeof *all);
  kz_var out = add_value(g, dims, dtype, kz_dims_count(dims) * kz_dtype_size(dtype));
  if (all) g->node = all;
  if (!all || out == KZ_NONE) {
    kz__fail(g, KZ_ENOMEM, "out of memory for a graph's nodes");
    return NULL;
  }
  struct kz_node *n = &g->node[g->nodes];
  *n = (struct kz_node){.op = op, .out = out};
  for (int i = 0; i < KZ_MAX_IN; i++) {
    n->in[i] = in[i];
    if (in[i] == KZ_NONE) continue;
    n->nin = i + 1;
    n->diff_in[i] = g->value[in[i]].needs_diff;
    if (n->diff_in[i]) g->value[out].needs_diff = true;
  }
  g->value[out].producer = g->nodes++;
  if (op->inexact_out) g->value[out].diff_dtype = g->o.dtype;
  return n;
}

void kz__param(struct kz_graph *g, struct kz_node *n, const char *name, const char *suffix,
               int rank, const int *shape, int fan_in, enum kz_init init)
{
  if (!n || !kz__building(g)) return;
  char full[96];
  snprintf(full, sizeof full, "%s.%s", name, suffix);
  int i = kz_paramset_declare(g->o.params, full, rank, shape, fan_in, init, &g->err);
  if (i < 0) return;
  n->param[n->nparam++] = i;
  if (g->o.train) g->value[n->out].needs_diff = true; /* frozen too: the same backward pass */
}

int kz__temp(struct kz_graph *g, struct kz_node *n, int k, size_t bytes, enum kz_span span,
             struct kz_err *err)
{
  if (!bytes || (span == KZ_SPAN_BACKWARD && !n->backward)) return 0;
  kz_var v = add_value(g, (struct kz_dims){1, 1, 1, 1}, KZ_F32, bytes);
  if (v == KZ_NONE) return kz_err_set(err, KZ_ENOMEM, "out of memory for a graph's temporaries");
  int at = g->value[n->out].producer, back = 2 * g->nodes - 1 - at;
  g->value[v].birth = span == KZ_SPAN_BACKWARD ? back : at;
  g->value[v].death = span == KZ_SPAN_FORWARD || !n->backward ? at : back;
  n->temp[k] = v;
  return 0;
}

/* Walk the tape backwards: which nodes have a backward pass, which inputs' gradients are written
 * first and which are added to. A gradient nobody writes (its value feeds nothing that matters)
 * stops there. */
static void derive_backward(struct kz_graph *g)
{
  /* The caller writes the gradients of outputs. */
  for (int i = 0; i < g->values; i++)
    g->value[i].diff_seen = g->value[i].pinned && g->value[i].producer >= 0;
  for (int i = g->nodes - 1; i >= 0; i--) {
    struct kz_node *n = &g->node[i];
    const struct kz_value *out = &g->value[n->out];
    n->backward = g->o.train && out->needs_diff && out->diff_seen;
    for (int k = 0; k < n->nin; k++) {
      if (n->in[k] == KZ_NONE) continue;
      struct kz_value *in = &g->value[n->in[k]];
      n->diff_in[k] = n->backward && in->needs_diff;
      if (!n->diff_in[k]) continue;
      n->add_in[k] = in->diff_seen;
      in->diff_seen = true;
    }
  }
}

static int add_gradients(struct kz_graph *g, struct kz_err *err)
{
  int count = g->values;
  for (int i = 0; i < count; i++) {
    if (!g->o.train || !g->value[i].needs_diff || !g->value[i].diff_seen) continue;
    struct kz_dims d = g->value[i].dims;
    enum kz_dtype t = g->value[i].diff_dtype;
    kz_var v = add_value(g, d, t, kz_dims_count(d) * kz_dtype_size(t));
    if (v == KZ_NONE) return kz_err_set(err, KZ_ENOMEM, "out of memory for gradients");
    g->value[v].pinned = g->value[i].pinned;
    g->value[i].diff = v;
  }
  return 0;
}

/* Ops that cannot add write beside, where another consumer has written the gradient before. */
static int add_stages(struct kz_graph *g, struct kz_err *err)
{
  for (int i = 0; i < g->nodes; i++) {
    struct kz_node *n = &g->node[i];
    for (int k = 0; k < n->nin; k++) {
      if (!n->add_in[k] || !(n->op->overwrites >> k & 1)) continue;
      struct kz_dims d = g->value[n->in[k]].dims;
      enum kz_dtype t = g->value[n->in[k]].diff_dtype;
      kz_var v = add_value(g, d, t, kz_dims_count(d) * kz_dtype_size(t));
      if (v == KZ_NONE) return kz_err_set(err, KZ_ENOMEM, "out of memory for gradients");
      g->value[v].birth = g->value[v].death = 2 * g->nodes - 1 - i;
      n->stage[k] = v;
    }
  }
  return 0;
}

static int allocate_packed(struct kz_graph *g, struct kz_err *err)
{
  size_t at = 0;
  for (int i = 0; i < g->nodes; i++) {
    struct kz_node *n = &g->node[i];
    if (!n->conv) continue;
    n->packed = at;
    at += (g->be->conv_packed_size(n->conv, false) + 63) / 64 * 64;
    n->packed_backward = at;
    at += (g->be->conv_packed_size(n->conv, true) + 63) / 64 * 64;
  }
  g->packed_bytes = at;
  g->packed = at ? g->be->alloc(at) : NULL;
  return at && !g->packed ? kz_err_set(err, KZ_ENOMEM, "out of memory: %zu bytes of weights", at)
                          : 0;
}

int kz_graph_finish(struct kz_graph *g, struct kz_err *err)
{
  if (g->err.code) {
    if (err) *err = g->err;
    return g->err.code;
  }
  int rc = kz_paramset_allocate(g->o.params, kz__learns(g), err);
  derive_backward(g);
  if (!rc) rc = add_gradients(g, err);
  if (!rc) rc = add_stages(g, err);
  for (int i = 0; !rc && i < g->nodes; i++)
    if (g->node[i].op->prepare) rc = g->node[i].op->prepare(g, &g->node[i], err);
  if (!rc) rc = kz__plan_memory(g, err);
  if (!rc) rc = allocate_packed(g, err);
  g->packed_version = g->o.params->version - 1;
  g->ready = !rc;
  return rc;
}

void *kz_graph_data(struct kz_graph *g, kz_var v) { return kz__data(g, v); }
void *kz_graph_diff(struct kz_graph *g, kz_var v) { return kz__diff(g, v); }

void kz_graph_get_stats(const struct kz_graph *g, struct kz_graph_stats *s)
{
  *s = (struct kz_graph_stats){.planned_bytes = g->memory_bytes,
                               .unshared_bytes = g->unshared_bytes,
                               .packed_bytes = g->packed_bytes};
  for (int i = 0; i < g->nodes; i++)
    if (g->node[i].op->flops) s->flops += g->node[i].op->flops(g, &g->node[i]);
}
