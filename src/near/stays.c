/* Which of the pictures that show the same stay. Copies are one picture, whoever they were found to
 * be copies of, and the best of them stands for all. Views that merely overlap are not: along a
 * wall each overlaps the next, and what is linked by way of others may have nothing in common. So
 * from the best to the least, each stays that shares too much with none that stays already. What
 * lies within a view that is out, and that within the one that stays, is out by both: such pairs
 * are not all found. */
#include <stdlib.h>

#include "near/near.h"

#define WITHIN 0.9f /* what is shown of a picture that is a part of another */

static const unsigned copies = 1u << KZ_NEAR_SAME | 1u << KZ_NEAR_REENCODED |
                               1u << KZ_NEAR_RESIZED | 1u << KZ_NEAR_TURNED |
                               1u << KZ_NEAR_MIRRORED;

/* What picture `from`, a root among copies, has to do with `to`. */
struct link {
  int from, to;
  bool within, out; /* all of `from` lies in `to`; they share so much that one goes */
};

struct choice {
  const double *quality;
  int *stays;
  bool *within; /* by root: all of it lies in what stays for it */
  struct link *link;
  int links;
};

/* Of roots, from the best; the links of one are together, those to better ones first. */
static bool better(const double *quality, int a, int b) {
  return quality[a] > quality[b] || (quality[a] == quality[b] && a < b);
}

static int by_from(const void *a, const void *b, void *quality) {
  const struct link *p = a, *q = b;
  if (p->from != q->from) return better(quality, p->from, q->from) ? -1 : 1;
  if (p->to != q->to) return better(quality, p->to, q->to) ? -1 : 1;
  return (q->within - p->within) * 2 + (q->out - p->out);
}

/* Only to better ones: the others have no say. */
static void gather(struct choice *c, const struct kz_near_pairs *p, double overlap) {
  for (int i = 0; i < p->count; i++) {
    const struct kz_near_pair *q = &p->pair[i];
    int a = c->stays[q->a], b = c->stays[q->b];
    if (a == b || copies >> q->kind & 1) continue;
    float of_a = q->of_a, of_b = q->of_b, most = of_a > of_b ? of_a : of_b;
    bool out = q->kind == KZ_NEAR_CROPPED || (double)most > overlap;
    if (better(c->quality, a, b))
      c->link[c->links++] = (struct link){b, a, of_b >= WITHIN, out};
    else
      c->link[c->links++] = (struct link){a, b, of_a >= WITHIN, out};
  }
}

static void choose(struct choice *c) {
  for (int i = 0; i < c->links; i++) {
    const struct link *l = &c->link[i];
    int best = c->stays[l->to];
    if (c->stays[l->from] != l->from) continue; /* out already, for a better one */
    bool by_way = best != l->to;
    if (by_way ? !l->within || !c->within[l->to] : !l->out) continue;
    c->stays[l->from] = best;
    c->within[l->from] = l->within;
  }
}

int kz_near_stays(const struct kz_near_pairs *p, double overlap, int n, const double *quality,
                  int *stays, struct kz_err *err) {
  struct choice c = {.quality = quality, .stays = stays};
  int code = kz_near_groups(p, copies, n, quality, stays, err);
  if (code) return code;
  c.within = calloc((size_t)n + 1, sizeof *c.within);
  c.link = malloc(((size_t)p->count + 1) * sizeof *c.link);
  if (!c.within || !c.link) {
    code = kz_err_set(err, KZ_ENOMEM, "no memory for %d pairs", p->count);
    goto out;
  }
  gather(&c, p, overlap);
  qsort_r(c.link, (size_t)c.links, sizeof *c.link, by_from, (void *)quality);
  choose(&c);
  for (int i = 0; i < n; i++) stays[i] = stays[stays[i]];
out:
  free(c.within);
  free(c.link);
  return code;
}
