/* oneDNN primitives: see dnnl_primitive.h. */
#include "tensor/dnnl_primitive.h"

#include <pthread.h>

dnnl_engine_t kz__dnnl_engine;
static dnnl_stream_t stream;

static void start(void)
{
  if (dnnl_engine_create(&kz__dnnl_engine, dnnl_cpu, 0) == dnnl_success)
    dnnl_stream_create(&stream, kz__dnnl_engine, dnnl_stream_default_flags);
}

/* Threads share the stream: one of a CPU runs a primitive in the thread that asks for it. */
int kz__dnnl_start(struct kz_err *err)
{
  static pthread_once_t once = PTHREAD_ONCE_INIT;
  pthread_once(&once, start);
  return stream ? 0 : kz_err_set(err, KZ_EBACKEND, "oneDNN: no CPU engine");
}

dnnl_data_type_t kz__dnnl_type(enum kz_dtype t) { return t == KZ_F32 ? dnnl_f32 : dnnl_bf16; }

dnnl_status_t kz__dnnl_arg(struct kz__primitive *p, int arg, const dnnl_memory_desc_t *md)
{
  dnnl_memory_t m;
  dnnl_status_t s = dnnl_memory_create(&m, md, kz__dnnl_engine, DNNL_MEMORY_NONE);
  if (s == dnnl_success) p->args[p->count++] = (dnnl_exec_arg_t){arg, m};
  return s;
}

dnnl_status_t kz__dnnl_finish(struct kz__primitive *p)
{
  const dnnl_memory_desc_t *pad = dnnl_primitive_desc_query_md(p->pd, dnnl_query_scratchpad_md, 0);
  p->scratch = pad ? (dnnl_memory_desc_get_size(pad) + 63) / 64 * 64 : 0;
  dnnl_status_t s = dnnl_primitive_create(&p->p, p->pd);
  if (s == dnnl_success && p->scratch) s = kz__dnnl_arg(p, DNNL_ARG_SCRATCHPAD, pad);
  return s;
}

void kz__dnnl_release(struct kz__primitive *p)
{
  for (int i = 0; i < p->count; i++) dnnl_memory_destroy(p->args[i].memory);
  if (p->p) dnnl_primitive_destroy(p->p);
  if (p->pd) dnnl_primitive_desc_destroy(p->pd);
}

dnnl_status_t kz__dnnl_run(struct kz__primitive *p, void *const *data, void *scratch)
{
  for (int i = 0; i < p->count; i++) {
    void *at = p->args[i].arg == DNNL_ARG_SCRATCHPAD ? scratch : data[i];
    dnnl_status_t s = dnnl_memory_set_data_handle(p->args[i].memory, at);
    if (s != dnnl_success) return s;
  }
  dnnl_status_t s = dnnl_primitive_execute(p->p, stream, p->count, p->args);
  return s == dnnl_success ? dnnl_stream_wait(stream) : s;
}

const dnnl_memory_desc_t *kz__dnnl_query(const struct kz__primitive *p, dnnl_query_t what)
{
  return dnnl_primitive_desc_query_md(p->pd, what, 0);
}
