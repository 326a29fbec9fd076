/* A network as a graph, built once for a shape, run many times.
 *
 * Build: declare inputs and parameters, call op builders (nn/ops.h), ask once
 * for an error in kz_graph_finish, which derives the backward pass, plans
 * memory (buffers share storage when their lives do not overlap) and allocates.
 * Run: kz_graph_forward, kz_graph_backward; neither touches the heap.
 *
 * A kz_var is an index into the graph's values; value 0, KZ_NONE, stands for "no
 * tensor" and is also what a builder returns after the first error. */
#ifndef KZ_GRAPH_H
#define KZ_GRAPH_H

#include <kizil/err.h>

#include "nn/params.h"
#include "tensor/backend.h"

typedef int kz_var;
#define KZ_NONE 0

struct kz_graph;

struct kz_graph_options {
  const struct kz_backend *backend;
  struct kz_paramset *params; /* borrowed; must outlive the graph */
  enum kz_dtype dtype;        /* of activations: F32 or BF16 */
  bool train;                 /* make a backward pass */
  bool frozen; /* with train: gradients flow to inputs declared with diff, parameters get none and
                * their set holds nothing but values */
};

int kz_graph_new(const struct kz_graph_options *o, struct kz_graph **out, struct kz_err *err);
void kz_graph_free(struct kz_graph *g);

/* An input that the caller fills through kz_graph_data before each run. With `diff`, its gradient
 * is computed too (tests). Inputs live for the whole run. */
kz_var kz_graph_input(struct kz_graph *g, const char *name, enum kz_dtype t, struct kz_dims d,
                      bool diff);
/* Keep `v` (and its gradient) readable after a run; the loss's prediction is one. */
void kz_graph_output(struct kz_graph *g, kz_var v);

struct kz_dims kz_graph_dims(const struct kz_graph *g, kz_var v);
enum kz_dtype kz_graph_dtype(const struct kz_graph *g, kz_var v);

/* The first error of building, or 0 and a graph ready to run. */
int kz_graph_finish(struct kz_graph *g, struct kz_err *err);

/* Storage of inputs and outputs, and of their gradients (NULL if there is none). */
void *kz_graph_data(struct kz_graph *g, kz_var v);
void *kz_graph_diff(struct kz_graph *g, kz_var v);

/* Re-lays-out weights if the parameter set has changed since the last run. */
int kz_graph_forward(struct kz_graph *g, struct kz_err *err);
/* Expects the gradients of outputs to be in place; adds to the parameters' gradients. */
int kz_graph_backward(struct kz_graph *g, struct kz_err *err);

struct kz_graph_stats {
  size_t planned_bytes;   /* activations, gradients, workspaces, with sharing */
  size_t unshared_bytes;  /* what they would take without */
  size_t packed_bytes;    /* re-laid-out weights */
  double flops;           /* multiply-adds x 2 of convolutions and attention, one forward pass */
};
void kz_graph_get_stats(const struct kz_graph *g, struct kz_graph_stats *s);

/* Accumulated seconds for each kind of op, forward and backward, one line each (a profile). */
void kz_graph_profile(struct kz_graph *g, bool on);
int kz_graph_profile_rows(struct kz_graph *g, int max, const char **op, double *forward,
                          double *backward);

#endif
