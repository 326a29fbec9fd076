/* Claim: the vector kernels run near what memory allows. For each kernel at shapes of training
 * (batch 40 of 128-pixel crops) and of inference (one 256 x 256 picture): microseconds, GB/s of
 * what it must read and write once, and the time of a memcpy that moves as many bytes over as
 * large a set, same threads, taken in turn with it (best of each).
 *
 *   bench_kernels [ISA [THREADS]]     ISA as in KIZIL_ISA; default: the best, two threads */
#include <math.h>
#include <omp.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "tensor/kernels.h"

static const struct kz_kernels *k;
static int threads = 2;

/* One thread is timed by its own processor time, which a busy machine disturbs less. */
static double now(void) {
  struct timespec t;
  clock_gettime(threads == 1 ? CLOCK_THREAD_CPUTIME_ID : CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static void *buffer(size_t bytes) {
  bytes = (bytes + 63) / 64 * 64;
  char *p = aligned_alloc(64, bytes);
  if (!p) abort();
  for (size_t i = 0; i < bytes / 2; i++) ((uint16_t *)(void *)p)[i] = (uint16_t)(0x3f00 + i % 251);
  return p;
}

static float *floats(size_t count) {
  float *p = buffer(count * sizeof(float));
  for (size_t i = 0; i < count; i++) p[i] = 0.5f + (float)(i % 97) / 97;
  return p;
}

static void copy_bytes(char *dst, const char *src, size_t bytes) {
#pragma omp parallel num_threads(threads)
  {
    size_t part = bytes / (size_t)omp_get_num_threads(), at = part * (size_t)omp_get_thread_num();
    memcpy(dst + at, src + at, part);
  }
}

typedef void run_fn(void *args);

/* `bytes` must be read or written; half of it is what the memcpy copies. */
static void measure(const char *name, const char *shape, double bytes, double flops, run_fn *run,
                    void *args) {
  size_t half = (size_t)(bytes / 2);
  char *a = buffer(half + 64), *b = buffer(half + 64);
  double best = 1e9, copy = 1e9, start = now();
  for (int i = 0; i < 5 || now() - start < 0.6; i++) {
    double t0 = now();
    run(args);
    double t1 = now();
    copy_bytes(a, b, half);
    double t2 = now();
    if (t1 - t0 < best) best = t1 - t0;
    if (t2 - t1 < copy) copy = t2 - t1;
  }
  printf("%-20s %-22s %9.1f us %7.1f GB/s  memcpy %8.1f us", name, shape, best * 1e6,
         bytes / best * 1e-9, copy * 1e6);
  if (flops > 0)
    printf("  %7.1f GFLOP/s\n", flops / best * 1e-9);
  else
    printf("  %5.2f x\n", best / copy);
  fflush(stdout);
  free(a);
  free(b);
}

static void norm_forward(void *a) { k->norm_forward(a); }
static void norm_backward(void *a) { k->norm_backward(a); }

static void bench_norm(enum kz_dtype t, int n, int hw, int c) {
  const size_t count = (size_t)n * hw * c, size = kz_dtype_size(t);
  struct kz_norm a = {.dtype = t, .n = n, .hw = hw, .c = c, .groups = 32, .eps = 1e-5f,
                      .act = KZ_ACT_SILU, .src = buffer(count * size), .dst = buffer(count * size),
                      .diff_dst = buffer(count * size), .diff_src = buffer(count * size),
                      .film = NULL, .gamma = floats(c), .beta = floats(c),
                      .mean = floats((size_t)n * 32), .rstd = floats((size_t)n * 32),
                      .diff_gamma = floats(c), .diff_beta = floats(c),
                      .scratch = floats(kz_norm_scratch(n, c, threads))};
  char shape[64];
  snprintf(shape, sizeof shape, "%s [%d,%d,%d]", t == KZ_F32 ? "f32" : "bf16", n, hw, c);
  measure("norm+silu forward", shape, 2.0 * count * size, 0, norm_forward, &a);
  measure("norm+silu backward", shape, 3.0 * count * size, 0, norm_backward, &a);
  free((void *)a.src), free(a.dst), free((void *)a.diff_dst), free(a.diff_src);
  free((void *)a.gamma), free((void *)a.beta), free(a.mean), free(a.rstd);
  free(a.diff_gamma), free(a.diff_beta), free(a.scratch);
}

static void attention_forward(void *a) { k->attention_forward(a); }
static void attention_backward(void *a) { k->attention_backward(a); }

static void bench_attention(enum kz_dtype t, int n, int heads, int d, int tokens) {
  const size_t size = kz_dtype_size(t), row = (size_t)heads * d, out = (size_t)n * tokens * row;
  char *in = buffer(3 * out * size), *diff = buffer(3 * out * size), shape[64];
  const int64_t stride = (int64_t)row * 3;
  struct kz_attention a = {
      .dtype = t, .n = n, .heads = heads, .d = d, .tq = tokens, .tk = tokens,
      .scale = 1 / sqrtf((float)d), .q = in, .k = in + row * size, .v = in + 2 * row * size,
      .q_stride = stride, .k_stride = stride, .v_stride = stride, .q_batch = stride * tokens,
      .k_batch = stride * tokens, .v_batch = stride * tokens, .dst = buffer(out * size),
      .lse = floats((size_t)n * heads * tokens), .diff_dst = buffer(out * size),
      .diff_q = diff, .diff_k = diff + row * size, .diff_v = diff + 2 * row * size,
      .scratch = floats(kz_attention_scratch(d, tokens, tokens, threads))};
  double product = 2.0 * n * heads * d * tokens * tokens;
  snprintf(shape, sizeof shape, "%s [%d,%dx%d,%d]", t == KZ_F32 ? "f32" : "bf16", n, heads, d,
           tokens);
  measure("attention forward", shape, 4.0 * out * size, 2 * product, attention_forward, &a);
  measure("attention backward", shape, 8.0 * out * size, 5 * product, attention_backward, &a);
  free(in), free(diff), free(a.dst), free(a.lse), free((void *)a.diff_dst), free(a.scratch);
}

struct flat {
  int64_t count;
  void *a, *b, *c;
  struct kz_adamw adamw;
};

static void run_adamw(void *args) { k->adamw(&((struct flat *)args)->adamw); }

static void run_copy(void *args) {
  struct flat *f = args;
  k->copy_rows(KZ_BF16, f->count / 128, 128, f->a, 128, f->b, 192, false);
}

static void run_copy_add(void *args) {
  struct flat *f = args;
  k->copy_rows(KZ_BF16, f->count / 128, 128, f->a, 192, f->b, 128, true);
}

static void run_add(void *args) {
  struct flat *f = args;
  k->add(KZ_BF16, f->count, f->a, f->b, f->c);
}

static void run_silu(void *args) {
  struct flat *f = args;
  k->act_forward(KZ_ACT_SILU, KZ_BF16, f->count, f->a, f->b);
}

static void run_convert(void *args) {
  struct flat *f = args;
  k->convert(KZ_F32, KZ_BF16, f->count, f->a, f->b);
}

static void run_squares(void *args) {
  struct flat *f = args;
  k->sum_squares(f->count, f->a);
}

static void run_normal(void *args) {
  struct flat *f = args;
  k->normal(1, 0, f->count, f->a);
}

static void run_nearest(void *args) {
  struct flat *f = args;
  k->nearest_forward(KZ_BF16, (struct kz_dims){40, 16, 16, 128}, 2, f->a, f->b, 192);
}

static void run_nearest_back(void *args) {
  struct flat *f = args;
  k->nearest_backward(KZ_BF16, (struct kz_dims){40, 16, 16, 128}, 2, f->b, 192, f->a, false);
}

static void run_depth(void *args) {
  struct flat *f = args;
  k->space_to_depth(KZ_F32, KZ_BF16, (struct kz_dims){40, 128, 128, 7}, 4, f->a, f->b, false);
}

static void run_space(void *args) {
  struct flat *f = args;
  k->depth_to_space(KZ_BF16, KZ_F32, (struct kz_dims){40, 128, 128, 3}, 4, f->b, f->a, false);
}

static void run_loss(void *args) {
  struct flat *f = args;
  k->loss(KZ_F32, f->count / 3, 3, 0.5f, 1, 100, f->a, f->b, f->c, f->b);
}

static void bench_flat(void) {
  enum { MANY = 13000000, BATCH = 40 * 1024 * 128, PIXELS = 40 * 128 * 128 };
  struct flat f = {.count = MANY};
  f.adamw = (struct kz_adamw){.count = MANY, .rate = 1e-4f, .beta1 = 0.9f, .beta2 = 0.99f,
                              .eps = 1e-8f, .decay = 0.01f, .correction1 = 1, .correction2 = 1,
                              .grad_scale = 1, .ema_rate = 1e-3f, .w = floats(MANY),
                              .m = floats(MANY), .v = floats(MANY), .ema = floats(MANY),
                              .g = floats(MANY)};
  measure("adamw+ema", "13 M", 40.0 * MANY, 0, run_adamw, &f);
  f.a = f.adamw.w, f.b = f.adamw.m, f.c = f.adamw.v;
  measure("sum of squares", "13 M f32", 4.0 * MANY, 0, run_squares, &f);
  f.count = 2000000;
  measure("normal", "2 M f32", 4.0 * f.count, 0, run_normal, &f);
  k->fill(KZ_F32, MANY, 0.25f, f.a);
  k->fill(KZ_F32, MANY, 0.25f, f.b);
  f.count = BATCH;
  measure("convert f32 to bf16", "[40,1024,128]", 6.0 * BATCH, 0, run_convert, &f);
  measure("copy rows", "128 into 192", 4.0 * BATCH, 0, run_copy, &f);
  measure("copy rows, add", "128 of 192", 6.0 * BATCH, 0, run_copy_add, &f);
  measure("add bf16", "[40,1024,128]", 6.0 * BATCH, 0, run_add, &f);
  measure("silu bf16", "[40,1024,128]", 4.0 * BATCH, 0, run_silu, &f);
  measure("nearest x2", "[40,16,16,128]", 2.5 * BATCH, 0, run_nearest, &f);
  measure("nearest x2 backward", "[40,16,16,128]", 2.5 * BATCH, 0, run_nearest_back, &f);
  measure("space to depth 4", "[40,128,128,7] to bf16", 6.0 * 7 * PIXELS, 0, run_depth, &f);
  measure("depth to space 4", "[40,128,128,3] to f32", 6.0 * 3 * PIXELS, 0, run_space, &f);
  f.count = 3 * PIXELS;
  measure("loss", "[40,128,128,3]", 12.0 * f.count, 0, run_loss, &f);
  free(f.adamw.w), free(f.adamw.m), free(f.adamw.v), free(f.adamw.ema), free(f.adamw.g);
}

int main(int argc, char **argv) {
  k = kz_kernels_get(argc > 1 ? argv[1] : NULL);
  if (argc > 2) threads = (int)strtol(argv[2], NULL, 10);
  if (!k || threads < 1) {
    fprintf(stderr, "usage: bench_kernels [sse4.2|avx2|avx512|avx512-bf16 [THREADS]]\n");
    return 2;
  }
  omp_set_num_threads(threads);
  printf("%s, %d threads\n", k->isa, threads);
  bench_norm(KZ_BF16, 40, 1024, 64);
  bench_norm(KZ_BF16, 40, 1024, 192);
  bench_norm(KZ_BF16, 40, 256, 128);
  bench_norm(KZ_BF16, 40, 64, 384);
  bench_norm(KZ_BF16, 40, 16, 512);
  bench_norm(KZ_BF16, 10, 4096, 64);
  bench_norm(KZ_BF16, 1, 4096, 64);
  bench_norm(KZ_BF16, 1, 4096, 192);
  bench_norm(KZ_BF16, 1, 1024, 128);
  bench_norm(KZ_BF16, 1, 64, 512);
  bench_norm(KZ_F32, 40, 1024, 64);
  bench_attention(KZ_BF16, 40, 4, 48, 64);
  bench_attention(KZ_BF16, 40, 4, 64, 16);
  bench_attention(KZ_BF16, 10, 4, 48, 256);
  bench_attention(KZ_BF16, 1, 4, 48, 256);
  bench_attention(KZ_BF16, 1, 4, 48, 1024);
  bench_attention(KZ_F32, 10, 4, 64, 256);
  bench_flat();
  return 0;
}
