/* Running a graph. Nothing here allocates. */
#include <time.h>

#include "nn/node.h"

static double now(void)
{
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* Lay the weights out anew if the optimiser has changed them: once for inference, once a step in
 * training. */
static int pack(struct kz_graph *g, struct kz_err *err)
{
  int rc = 0;
  if (g->packed_version == g->o.params->version) return 0;
  for (int i = 0; !rc && i < g->nodes; i++) {
    struct kz_node *n = &g->node[i];
    if (n->conv)
      rc = g->be->conv_pack(n->conv, kz__weight(g, n, 0), g->packed + n->packed,
                            g->packed + n->packed_backward, kz__temp_data(g, n, 0), err);
  }
  if (!rc) g->packed_version = g->o.params->version;
  return rc;
}

static void add_staged(struct kz_graph *g, const struct kz_node *n)
{
  for (int k = 0; k < n->nin; k++) {
    if (!n->stage[k]) continue;
    const struct kz_value *x = kz__value(g, n->in[k]);
    void *diff = kz__diff(g, n->in[k]);
    g->be->kernels->add(x->diff_dtype, (int64_t)kz_dims_count(x->dims), diff,
                        kz__data(g, n->stage[k]), diff);
  }
}

static int run_node(struct kz_graph *g, struct kz_node *n, bool backward, struct kz_err *err)
{
  double start = g->profile ? now() : 0;
  int rc = backward ? n->op->backward(g, n, err) : n->op->forward(g, n, err);
  if (!rc && backward) add_staged(g, n);
  if (g->profile) n->seconds[backward] += now() - start;
  return rc;
}

int kz_graph_forward(struct kz_graph *g, struct kz_err *err)
{
  int rc = pack(g, err);
  for (int i = 0; !rc && i < g->nodes; i++) rc = run_node(g, &g->node[i], false, err);
  return rc;
}

int kz_graph_backward(struct kz_graph *g, struct kz_err *err)
{
  int rc = 0;
  for (int i = g->nodes - 1; !rc && i >= 0; i--)
    if (g->node[i].backward) rc = run_node(g, &g->node[i], true, err);
  return rc;
}

void kz_graph_profile(struct kz_graph *g, bool on)
{
  g->profile = on;
  for (int i = 0; i < g->nodes; i++) g->node[i].seconds[0] = g->node[i].seconds[1] = 0;
}

int kz_graph_profile_rows(struct kz_graph *g, int max, const char **op, double *forward,
                          double *backward)
{
  int rows = 0;
  for (int i = 0; i < g->nodes; i++) {
    int r = 0;
    while (r < rows && op[r] != g->node[i].op->name) r++;
    if (r == max) continue;
    if (r == rows) op[rows] = g->node[i].op->name, forward[rows] = backward[rows] = 0, rows++;
    forward[r] += g->node[i].seconds[0];
    backward[r] += g->node[i].seconds[1];
  }
  return rows;
}
