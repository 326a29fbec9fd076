/* The CPU backend: oneDNN's convolutions and matrix products beside our vector kernels. */
#include <omp.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/mman.h>

#include "tensor/dnnl_conv.h"
#include "tensor/dnnl_matmul.h"

#define HUGE_PAGE ((size_t)2 << 20)

/* Large blocks ask for huge pages: a training step walks hundreds of megabytes, and the TLB is a
 * good part of what that costs. */
static void *cpu_alloc(size_t bytes)
{
  size_t align = bytes >= HUGE_PAGE ? HUGE_PAGE : 64;
  size_t size = (bytes + align - 1) / align * align;
  void *p = aligned_alloc(align, size ? size : align);
  if (!p) return NULL;
  if (align == HUGE_PAGE) madvise(p, size, MADV_HUGEPAGE);
  memset(p, 0, size);
  return p;
}

static int cpu_threads(void) { return omp_get_max_threads(); }

static struct kz_backend cpu = {
    .name = "cpu",
    .threads = cpu_threads,
    .alloc = cpu_alloc,
    .free = free,
    .conv_new = kz__dnnl_conv_new,
    .conv_free = kz__dnnl_conv_free,
    .conv_packed_size = kz__dnnl_conv_packed_size,
    .conv_scratch_size = kz__dnnl_conv_scratch_size,
    .conv_pack = kz__dnnl_conv_pack,
    .conv_forward = kz__dnnl_conv_forward,
    .conv_backward_data = kz__dnnl_conv_backward_data,
    .conv_backward_weights = kz__dnnl_conv_backward_weights,
    .matmul_new = kz__dnnl_matmul_new,
    .matmul_free = kz__dnnl_matmul_free,
    .matmul_scratch_size = kz__dnnl_matmul_scratch_size,
    .matmul = kz__dnnl_matmul,
};

static void choose_kernels(void)
{
  cpu.kernels = kz_kernels_get(getenv("KIZIL_ISA"));
  if (!cpu.kernels) cpu.kernels = kz_kernels_get(NULL);
}

const struct kz_backend *kz_backend_cpu(int threads)
{
  static pthread_once_t once = PTHREAD_ONCE_INIT; /* threads share the table */
  pthread_once(&once, choose_kernels);
  omp_set_num_threads(threads > 0 ? threads : omp_get_num_procs());
  return &cpu;
}
