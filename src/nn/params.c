/* Parameter sets: see params.h. */
#include "nn/params.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#define ALIGN_ELEMENTS 16

void kz_paramset_init(struct kz_paramset *p, const struct kz_backend *backend)
{
  *p = (struct kz_paramset){.backend = backend, .version = 1};
}

void kz_paramset_release(struct kz_paramset *p)
{
  float *arrays[] = {p->data, p->grad, p->m, p->v, p->ema};
  for (size_t i = 0; i < sizeof arrays / sizeof *arrays; i++)
    if (arrays[i]) p->backend->free(arrays[i]);
  free(p->info);
  *p = (struct kz_paramset){0};
}

int kz_paramset_find(const struct kz_paramset *p, const char *name)
{
  for (int i = 0; i < p->len; i++)
    if (!strcmp(p->info[i].name, name)) return i;
  return -1;
}

static int check_same(const struct kz_paraminfo *i, int rank, const int *shape, struct kz_err *err)
{
  bool same = i->rank == rank;
  for (int k = 0; same && k < rank; k++) same = i->shape[k] == shape[k];
  return same ? 0 : kz_err_set(err, KZ_ESHAPE, "parameter '%s' is declared twice with different "
                               "shapes", i->name);
}

int kz_paramset_declare(struct kz_paramset *p, const char *name, int rank, const int *shape,
                        int fan_in, enum kz_init init, struct kz_err *err)
{
  int at = kz_paramset_find(p, name);
  if (at >= 0) {
    int rc = check_same(&p->info[at], rank, shape, err);
    return rc ? rc : at;
  }
  if (p->data)
    return kz_err_set(err, KZ_ENOENT, "parameter '%s' is not part of this network", name);
  if (p->len == p->cap) {
    int cap = p->cap ? p->cap * 2 : 64;
    struct kz_paraminfo *more = realloc(p->info, (size_t)cap * sizeof *more);
    if (!more) return kz_err_set(err, KZ_ENOMEM, "out of memory for parameter '%s'", name);
    p->info = more;
    p->cap = cap;
  }
  struct kz_paraminfo *i = &p->info[p->len];
  *i = (struct kz_paraminfo){.rank = rank, .fan_in = fan_in, .init = init, .offset = p->count,
                             .count = 1};
  snprintf(i->name, sizeof i->name, "%s", name);
  for (int k = 0; k < rank; k++) i->count *= i->shape[k] = shape[k];
  p->count += (i->count + ALIGN_ELEMENTS - 1) / ALIGN_ELEMENTS * ALIGN_ELEMENTS;
  return p->len++;
}

int kz_paramset_allocate(struct kz_paramset *p, bool train, struct kz_err *err)
{
  float **arrays[] = {&p->data, &p->grad, &p->m, &p->v, &p->ema};
  int count = train ? 5 : 1;
  for (int i = 0; i < count; i++) {
    if (*arrays[i]) continue;
    *arrays[i] = p->backend->alloc((size_t)(p->count ? p->count : 1) * sizeof(float));
    if (!*arrays[i])
      return kz_err_set(err, KZ_ENOMEM, "out of memory for %lld parameters", (long long)p->count);
  }
  return 0;
}

static void fill(const struct kz_paraminfo *i, float *to, struct kz_rng *rng)
{
  float bound = i->fan_in > 0 ? 1.f / sqrtf((float)i->fan_in) : 0;
  for (int64_t k = 0; k < i->count; k++) {
    switch (i->init) {
    case KZ_INIT_ZERO: to[k] = 0; break;
    case KZ_INIT_ONE: to[k] = 1; break;
    case KZ_INIT_KAIMING: to[k] = kz_rng_range(rng, -bound, bound); break;
    case KZ_INIT_NORMAL: to[k] = .02f * kz_rng_normal(rng); break;
    }
  }
}

void kz_paramset_randomise(struct kz_paramset *p, struct kz_rng *rng)
{
  for (int i = 0; i < p->len; i++) fill(&p->info[i], p->data + p->info[i].offset, rng);
  size_t bytes = (size_t)p->count * sizeof(float);
  if (p->ema) memcpy(p->ema, p->data, bytes);
  if (p->m) memset(p->m, 0, bytes);
  if (p->v) memset(p->v, 0, bytes);
  if (p->grad) memset(p->grad, 0, bytes);
  p->version++;
}
