/* The inside of a graph, for ops and the planner.
 *
 * Time runs over the tape: node i of N runs forward at time i and backward at
 * 2N-1-i. A value lives from `birth` to `death` on that scale, and the planner
 * gives values whose lives overlap different storage. */
#ifndef KZ_NODE_H
#define KZ_NODE_H

#include "nn/graph.h"

#define KZ_MAX_IN 4
#define KZ_MAX_PARAM 2
#define KZ_MAX_TEMP 2

struct kz_value {
  struct kz_dims dims;
  enum kz_dtype dtype, diff_dtype;
  size_t bytes;
  int producer;    /* node, or -1: an input */
  int diff;        /* the value that holds the gradient, or KZ_NONE */
  bool needs_diff; /* something upstream learns, or the caller asked */
  bool pinned;     /* readable before and after a run */
  bool diff_seen;  /* while planning: a consumer has written the gradient already */
  int birth, death;
  size_t offset;
  void *data;
};

/* When a temporary must keep its content. */
enum kz_span { KZ_SPAN_FORWARD, KZ_SPAN_BACKWARD, KZ_SPAN_BOTH };

struct kz_node {
  const struct kz_op *op;
  int nin, nparam, ntemp;
  kz_var in[KZ_MAX_IN], out;
  int param[KZ_MAX_PARAM]; /* indices into the parameter set */
  int temp[KZ_MAX_TEMP];   /* values; KZ_NONE where not asked for */
  bool diff_in[KZ_MAX_IN]; /* the gradient of this input is wanted */
  bool add_in[KZ_MAX_IN];  /* ... and is added to what is there */
  kz_var stage[KZ_MAX_IN]; /* where an op that cannot add leaves it, to be added afterwards */
  bool backward;           /* has a backward pass at all */
  int arg[8];              /* the op's own integers */
  struct kz_conv *conv;    /* plan, if the op is a convolution */
  size_t packed, packed_backward; /* offsets of its weights in the graph's packed block */
  double seconds[2];
};

/* An op is one file: shapes (its builder), forward, backward. */
struct kz_op {
  const char *name;
  unsigned keeps_in; /* bit i: backward reads input i */
  bool keeps_out;    /* backward reads the output */
  unsigned overwrites; /* bit i: backward cannot add to the gradient of input i */
  bool inexact_out;  /* output's gradient has the graph's dtype though the output is f32 */
  int (*prepare)(struct kz_graph *g, struct kz_node *n, struct kz_err *err); /* may be NULL */
  int (*forward)(struct kz_graph *g, struct kz_node *n, struct kz_err *err);
  int (*backward)(struct kz_graph *g, struct kz_node *n, struct kz_err *err);
  double (*flops)(const struct kz_graph *g, const struct kz_node *n); /* may be NULL */
};

struct kz_graph {
  struct kz_graph_options o;
  const struct kz_backend *be;
  struct kz_err err; /* the first error of building */
  struct kz_value *value;
  int values, value_cap;
  struct kz_node *node;
  int nodes, node_cap;
  char *memory, *packed; /* planned activations; re-laid-out weights */
  size_t memory_bytes, unshared_bytes, packed_bytes;
  uint64_t packed_version;
  bool ready, profile;
};

/* ---- for builders ---- */

/* True (and no error yet) if building may go on. */
static inline bool kz__building(const struct kz_graph *g) { return g->err.code == 0; }
/* Record the first error; returns KZ_NONE. */
kz_var kz__fail(struct kz_graph *g, int code, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
/* Append a node over inputs a, b, c (KZ_NONE where there is none); its output has `dims` and
 * `dtype`. NULL after an error, including an input that is KZ_NONE because of one. */
struct kz_node *kz__node(struct kz_graph *g, const struct kz_op *op, const kz_var in[KZ_MAX_IN],
                         struct kz_dims dims, enum kz_dtype dtype);
#define KZ_IN(...) ((const kz_var[KZ_MAX_IN]){__VA_ARGS__})
/* Declare parameter "name.suffix" for the node. */
void kz__param(struct kz_graph *g, struct kz_node *n, const char *name, const char *suffix,
               int rank, const int *shape, int fan_in, enum kz_init init);
/* x in the graph's dtype: itself, or a conversion. */
kz_var kz__cast(struct kz_graph *g, kz_var x);

/* ---- for prepare ---- */

/* Ask for `bytes` of temporary number `k`. */
int kz__temp(struct kz_graph *g, struct kz_node *n, int k, size_t bytes, enum kz_span span,
             struct kz_err *err);

/* ---- while running ---- */

static inline struct kz_value *kz__value(const struct kz_graph *g, kz_var v) { return &g->value[v]; }
static inline void *kz__data(const struct kz_graph *g, kz_var v)
{
  return v == KZ_NONE ? NULL : g->value[v].data;
}
static inline void *kz__diff(const struct kz_graph *g, kz_var v)
{
  return v == KZ_NONE ? NULL : kz__data(g, g->value[v].diff);
}
/* Where the backward pass of `n` puts the gradient of input k; NULL: not wanted. */
static inline void *kz__diff_in(const struct kz_graph *g, const struct kz_node *n, int k)
{
  if (!n->diff_in[k]) return NULL;
  return n->stage[k] ? kz__data(g, n->stage[k]) : kz__diff(g, n->in[k]);
}
static inline struct kz_dims kz__dims(const struct kz_graph *g, kz_var v) { return g->value[v].dims; }
static inline void *kz__temp_data(const struct kz_graph *g, const struct kz_node *n, int k)
{
  return kz__data(g, n->temp[k]);
}
static inline float *kz__weight(const struct kz_graph *g, const struct kz_node *n, int k)
{
  return g->o.params->data + g->o.params->info[n->param[k]].offset;
}
/* Whether parameters have gradients. */
static inline bool kz__learns(const struct kz_graph *g) { return g->o.train && !g->o.frozen; }
static inline float *kz__weight_diff(const struct kz_graph *g, const struct kz_node *n, int k)
{
  return g->o.params->grad + g->o.params->info[n->param[k]].offset;
}

/* nn/plan.c: lives, storage. */
int kz__plan_memory(struct kz_graph *g, struct kz_err *err);

#endif
