/* A oneDNN primitive with the memory objects of its arguments, made once; running it sets pointers
 * and executes. Everything here is the C API of version 2.6: another version changes the files
 * named dnnl_*.c and nothing else. */
#ifndef KZ_DNNL_PRIMITIVE_H
#define KZ_DNNL_PRIMITIVE_H

#include <dnnl.h>

#include "tensor/backend.h"

#define KZ__DNNL_ARGS 6

struct kz__primitive {
  dnnl_primitive_desc_t pd;
  dnnl_primitive_t p;
  dnnl_exec_arg_t args[KZ__DNNL_ARGS];
  int count;
  size_t scratch; /* bytes of its scratchpad */
};

/* The process's one engine, after kz__dnnl_start: oneDNN's CPU engine holds no state of its own. */
extern dnnl_engine_t kz__dnnl_engine;
int kz__dnnl_start(struct kz_err *err);

dnnl_data_type_t kz__dnnl_type(enum kz_dtype t);
/* Add an argument whose pointer is set at each run. */
dnnl_status_t kz__dnnl_arg(struct kz__primitive *p, int arg, const dnnl_memory_desc_t *md);
/* After the last argument: make the primitive of p->pd, with its scratchpad as one more. */
dnnl_status_t kz__dnnl_finish(struct kz__primitive *p);
void kz__dnnl_release(struct kz__primitive *p);
/* data: a pointer for each argument, in the order they were added. */
dnnl_status_t kz__dnnl_run(struct kz__primitive *p, void *const *data, void *scratch);
const dnnl_memory_desc_t *kz__dnnl_query(const struct kz__primitive *p, dnnl_query_t what);

#endif
