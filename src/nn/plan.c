/* Storage for a graph: one block, values placed largest first at the lowest
 * offset that no value alive at the same time occupies (the greedy-by-size
 * planner of Pisarchyk and Lee, 2020). A few hundred values: the quadratic
 * search takes a millisecond, once. */
#include <stdlib.h>

#include "nn/node.h"

#define ALIGN ((size_t)64)

static void live_at(struct kz_value *v, int t)
{
  if (v->birth < 0 || t < v->birth) v->birth = t;
  if (t > v->death) v->death = t;
}

/* Lives of activations and gradients from who reads and writes them when. */
static void mark_lives(struct kz_graph *g)
{
  int end = 2 * g->nodes;
  for (int i = 0; i < g->nodes; i++) {
    const struct kz_node *n = &g->node[i];
    int back = end - 1 - i;
    live_at(&g->value[n->out], i);
    if (n->backward) {
      if (n->op->keeps_out) live_at(&g->value[n->out], back);
      live_at(&g->value[g->value[n->out].diff], back);
    }
    for (int k = 0; k < n->nin; k++) {
      if (n->in[k] == KZ_NONE) continue;
      struct kz_value *in = &g->value[n->in[k]];
      live_at(in, i);
      if (n->backward && (n->op->keeps_in >> k & 1)) live_at(in, back);
      if (n->diff_in[k]) live_at(&g->value[in->diff], back);
    }
  }
  for (int i = 0; i < g->values; i++)
    if (g->value[i].pinned) g->value[i].birth = 0, g->value[i].death = end;
}

struct order {
  size_t bytes;
  int value;
};

static int larger_first(const void *a, const void *b)
{
  const struct order *x = a, *y = b;
  if (x->bytes != y->bytes) return x->bytes < y->bytes ? 1 : -1;
  return x->value - y->value;
}

static bool overlap(const struct kz_value *a, const struct kz_value *b)
{
  return a->birth <= b->death && b->birth <= a->death;
}

/* The lowest offset where `v` fits between the placed values that live at the same time;
 * `placed` is sorted by offset. */
static size_t lowest_fit(const struct kz_graph *g, const int *placed, int count,
                         const struct kz_value *v)
{
  size_t at = 0;
  for (int i = 0; i < count; i++) {
    const struct kz_value *p = &g->value[placed[i]];
    if (!overlap(p, v)) continue;
    if (p->offset >= at + v->bytes) break;
    size_t after = (p->offset + p->bytes + ALIGN - 1) / ALIGN * ALIGN;
    if (after > at) at = after;
  }
  return at;
}

static void insert_by_offset(const struct kz_graph *g, int *placed, int count, int value)
{
  int i = count;
  for (; i > 0 && g->value[placed[i - 1]].offset > g->value[value].offset; i--)
    placed[i] = placed[i - 1];
  placed[i] = value;
}

static void place(struct kz_graph *g, struct order *order, int *placed, int count)
{
  qsort(order, (size_t)count, sizeof *order, larger_first);
  for (int i = 0; i < count; i++) {
    struct kz_value *v = &g->value[order[i].value];
    v->offset = lowest_fit(g, placed, i, v);
    insert_by_offset(g, placed, i, order[i].value);
    if (v->offset + v->bytes > g->memory_bytes) g->memory_bytes = v->offset + v->bytes;
    g->unshared_bytes += v->bytes;
  }
}

int kz__plan_memory(struct kz_graph *g, struct kz_err *err)
{
  int rc = 0, count = 0;
  mark_lives(g);
  struct order *order = malloc((size_t)g->values * sizeof *order);
  int *placed = malloc((size_t)g->values * sizeof *placed);
  if (!order || !placed) {
    rc = kz_err_set(err, KZ_ENOMEM, "out of memory for planning a graph");
    goto out;
  }
  for (int i = 0; i < g->values; i++)
    if (g->value[i].birth >= 0) order[count++] = (struct order){g->value[i].bytes, i};
  place(g, order, placed, count);
  g->memory = g->be->alloc(g->memory_bytes + ALIGN);
  if (!g->memory) {
    rc = kz_err_set(err, KZ_ENOMEM, "out of memory: %zu MiB for activations; use smaller crops, "
                    "batches or tiles", g->memory_bytes >> 20);
    goto out;
  }
  for (int i = 0; i < g->values; i++)
    if (g->value[i].birth >= 0) g->value[i].data = g->memory + g->value[i].offset;
out:
  free(placed);
  free(order);
  return rc;
}
