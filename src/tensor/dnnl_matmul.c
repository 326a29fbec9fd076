/* Products of matrices: one primitive a shape, plain layouts on every side (a transposed factor
 * is a stride, not a copy). */
#include "tensor/dnnl_matmul.h"

#include <stdlib.h>

#include "tensor/dnnl_primitive.h"

struct kz_matmul {
  struct kz_matmul_desc desc;
  struct kz__primitive prim;
};

static int fail(struct kz_err *err, const struct kz_matmul_desc *d, dnnl_status_t status)
{
  return kz_err_set(err, status == dnnl_out_of_memory ? KZ_ENOMEM : KZ_EBACKEND,
                    "oneDNN: product of matrices, %d x %d by %d x %d: status %d", d->m, d->k, d->k,
                    d->n, (int)status);
}

static dnnl_status_t make(struct kz_matmul *m)
{
  const struct kz_matmul_desc *d = &m->desc;
  struct kz__primitive *p = &m->prim;
  dnnl_data_type_t t = kz__dnnl_type(d->dtype);
  dnnl_memory_desc_t a, b, c;
  dnnl_matmul_desc_t md;
  dnnl_primitive_attr_t attr;
  dnnl_memory_desc_init_by_tag(&a, 2, (dnnl_dims_t){d->m, d->k}, t,
                               d->a_transposed ? dnnl_ba : dnnl_ab);
  dnnl_memory_desc_init_by_tag(&b, 2, (dnnl_dims_t){d->k, d->n}, t,
                               d->b_transposed ? dnnl_ba : dnnl_ab);
  dnnl_memory_desc_init_by_tag(&c, 2, (dnnl_dims_t){d->m, d->n}, t, dnnl_ab);
  dnnl_status_t s = dnnl_primitive_attr_create(&attr);
  if (s != dnnl_success) return s;
  dnnl_primitive_attr_set_scratchpad_mode(attr, dnnl_scratchpad_mode_user);
  s = dnnl_matmul_desc_init(&md, &a, &b, NULL, &c);
  if (s == dnnl_success) s = dnnl_primitive_desc_create(&p->pd, &md, attr, kz__dnnl_engine, NULL);
  dnnl_primitive_attr_destroy(attr);
  if (s == dnnl_success) s = kz__dnnl_arg(p, DNNL_ARG_SRC, &a);
  if (s == dnnl_success) s = kz__dnnl_arg(p, DNNL_ARG_WEIGHTS, &b);
  if (s == dnnl_success) s = kz__dnnl_arg(p, DNNL_ARG_DST, &c);
  return s == dnnl_success ? kz__dnnl_finish(p) : s;
}

int kz__dnnl_matmul_new(const struct kz_matmul_desc *desc, struct kz_matmul **out,
                        struct kz_err *err)
{
  int rc = kz__dnnl_start(err);
  if (rc) return rc;
  struct kz_matmul *m = calloc(1, sizeof *m);
  if (!m) return kz_err_set(err, KZ_ENOMEM, "out of memory for a product of matrices");
  m->desc = *desc;
  dnnl_status_t s = make(m);
  if (s != dnnl_success) {
    kz__dnnl_matmul_free(m);
    return fail(err, desc, s);
  }
  *out = m;
  return 0;
}

void kz__dnnl_matmul_free(struct kz_matmul *m)
{
  if (!m) return;
  kz__dnnl_release(&m->prim);
  free(m);
}

size_t kz__dnnl_matmul_scratch_size(const struct kz_matmul *m) { return m->prim.scratch; }

int kz__dnnl_matmul(struct kz_matmul *m, const void *a, const void *b, void *c, void *scratch,
                    struct kz_err *err)
{
  dnnl_status_t s = kz__dnnl_run(&m->prim, (void *[]){(void *)a, (void *)b, c}, scratch);
  return s == dnnl_success ? 0 : fail(err, &m->desc, s);
}
