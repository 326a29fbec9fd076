/* The machine's limit: oneDNN's own 3 x 3 convolutions at the network's shapes,
 * channels-last, weights in whatever layout oneDNN likes, nothing fused, nothing
 * else between them. A pass runs each as often as the network does, so the rate
 * of a pass is the average weighted by FLOP. This program talks to oneDNN itself
 * rather than through the backend, so that it measures oneDNN and not us.
 *
 * `bench_conv depthwise` is about the structure branch's 7 x 7 convolutions, a channel by itself:
 * oneDNN's primitives and what our backend makes of them, against the bytes that must move. */
#include <dnnl.h>

#include "bench.h"

enum { FORWARD, BACKWARD_DATA, BACKWARD_WEIGHTS, PASSES };

/* Convolutions of the network, its grid being size / 4: `shift` halvings of it, how many. */
static const struct shape {
  int ic, oc, shift, stride, times;
} shapes[] = {
    {112, 64, 0, 1, 1}, {64, 64, 0, 1, 7},  {192, 64, 0, 1, 1},  {64, 64, 0, 2, 1},
    {64, 48, 0, 1, 1},  {64, 128, 1, 1, 1}, {128, 128, 1, 1, 6}, {320, 128, 1, 1, 1},
    {128, 128, 1, 2, 1}, {128, 192, 2, 1, 1}, {192, 192, 2, 1, 6}, {448, 192, 2, 1, 1},
    {192, 192, 2, 2, 1}, {192, 256, 3, 1, 1}, {256, 256, 3, 1, 6}, {512, 256, 3, 1, 1},
};
#define SHAPES ((int)(sizeof shapes / sizeof *shapes))

struct conv {
  dnnl_primitive_t p[PASSES];
  dnnl_exec_arg_t args[PASSES][3];
  double flops; /* of one pass of one */
};

struct limit {
  dnnl_engine_t engine;
  dnnl_stream_t stream;
  struct conv conv[SHAPES];
  bool train;
};

#define CHECK(call)                                                        \
  do {                                                                     \
    dnnl_status_t status_ = (call);                                        \
    if (status_ != dnnl_success) {                                         \
      fprintf(stderr, "%s: oneDNN status %d\n", #call, (int)status_);      \
      exit(1);                                                             \
    }                                                                      \
  } while (0)

/* Memory of its own for an argument, with values that are not denormal. */
static void add_arg(struct limit *l, dnnl_exec_arg_t *to, int arg, const dnnl_memory_desc_t *md,
                    bool bf16) {
  void *p;
  *to = (dnnl_exec_arg_t){arg, NULL};
  CHECK(dnnl_memory_create(&to->memory, md, l->engine, DNNL_MEMORY_ALLOCATE));
  CHECK(dnnl_memory_get_data_handle(to->memory, &p));
  size_t count = dnnl_memory_desc_get_size(md) / (bf16 ? 2 : 4);
  for (size_t i = 0; i < count; i++) {
    float v = (float)((i * 2654435761u >> 16) % 2001) / 1000 - 1;
    if (bf16) ((kz_bf16 *)p)[i] = kz_f32_to_bf16(v);
    else ((float *)p)[i] = v;
  }
}

static const dnnl_memory_desc_t *query(dnnl_primitive_desc_t pd, dnnl_query_t what) {
  return dnnl_primitive_desc_query_md(pd, what, 0);
}

static void create(struct limit *l, struct conv *c, int pass, const dnnl_convolution_desc_t *cd,
                   dnnl_primitive_desc_t hint, dnnl_primitive_desc_t *pd, bool bf16) {
  static const struct {
    int arg;
    dnnl_query_t query;
  } of[PASSES][3] = {{{DNNL_ARG_SRC, dnnl_query_src_md},
                      {DNNL_ARG_WEIGHTS, dnnl_query_weights_md},
                      {DNNL_ARG_DST, dnnl_query_dst_md}},
                     {{DNNL_ARG_DIFF_DST, dnnl_query_diff_dst_md},
                      {DNNL_ARG_WEIGHTS, dnnl_query_weights_md},
                      {DNNL_ARG_DIFF_SRC, dnnl_query_diff_src_md}},
                     {{DNNL_ARG_SRC, dnnl_query_src_md},
                      {DNNL_ARG_DIFF_DST, dnnl_query_diff_dst_md},
                      {DNNL_ARG_DIFF_WEIGHTS, dnnl_query_diff_weights_md}}};
  CHECK(dnnl_primitive_desc_create(pd, cd, NULL, l->engine, hint));
  CHECK(dnnl_primitive_create(&c->p[pass], *pd));
  for (int i = 0; i < 3; i++)
    add_arg(l, &c->args[pass][i], of[pass][i].arg, query(*pd, of[pass][i].query), bf16);
}

/* [mb, ic, in, in] to [mb, oc, out, out]. */
struct geometry {
  int mb, ic, oc, in, kernel, stride, groups;
};

static void init_conv(struct limit *l, struct conv *c, const struct geometry *s, bool bf16) {
  const int out = (s->in + s->stride - 1) / s->stride, half = s->kernel / 2;
  const bool grouped = s->groups > 1;
  dnnl_data_type_t t = bf16 ? dnnl_bf16 : dnnl_f32;
  dnnl_memory_desc_t src, dst, weights;
  dnnl_convolution_desc_t cd;
  dnnl_primitive_desc_t pd[PASSES] = {NULL};
  dnnl_dims_t sd = {s->mb, s->ic, s->in, s->in}, dd = {s->mb, s->oc, out, out};
  dnnl_dims_t wd = {s->groups, s->oc / s->groups, s->ic / s->groups, s->kernel, s->kernel};
  dnnl_dims_t stride = {s->stride, s->stride}, pad = {half, half};
  c->flops = 2.0 * s->kernel * s->kernel * s->ic / s->groups * s->oc * out * out * s->mb;
  CHECK(dnnl_memory_desc_init_by_tag(&src, 4, sd, t, dnnl_nhwc));
  CHECK(dnnl_memory_desc_init_by_tag(&dst, 4, dd, t, dnnl_nhwc));
  CHECK(dnnl_memory_desc_init_by_tag(&weights, grouped ? 5 : 4, grouped ? wd : wd + 1, t,
                                     dnnl_format_tag_any));
  CHECK(dnnl_convolution_forward_desc_init(&cd, dnnl_forward_training, dnnl_convolution_direct,
                                           &src, &weights, NULL, &dst, stride, pad, pad));
  create(l, c, FORWARD, &cd, NULL, &pd[FORWARD], bf16);
  if (l->train) {
    CHECK(dnnl_convolution_backward_data_desc_init(&cd, dnnl_convolution_direct, &src, &weights,
                                                   &dst, stride, pad, pad));
    create(l, c, BACKWARD_DATA, &cd, pd[FORWARD], &pd[BACKWARD_DATA], bf16);
    CHECK(dnnl_convolution_backward_weights_desc_init(&cd, dnnl_convolution_direct, &src, &weights,
                                                      NULL, &dst, stride, pad, pad));
    create(l, c, BACKWARD_WEIGHTS, &cd, pd[FORWARD], &pd[BACKWARD_WEIGHTS], bf16);
  }
  for (int i = 0; i < PASSES; i++)
    if (pd[i]) dnnl_primitive_desc_destroy(pd[i]);
}

static void init_shape(struct limit *l, int i, const struct bench_options *o) {
  const struct shape *s = &shapes[i];
  const struct geometry g = {.mb = o->batch, .ic = s->ic, .oc = s->oc, .in = o->size / 4 >> s->shift,
                             .kernel = 3, .stride = s->stride, .groups = 1};
  init_conv(l, &l->conv[i], &g, o->dtype == KZ_BF16);
}

static int run(struct limit *l, int shape, int pass) {
  struct conv *c = &l->conv[shape];
  CHECK(dnnl_primitive_execute(c->p[pass], l->stream, 3, c->args[pass]));
  CHECK(dnnl_stream_wait(l->stream));
  return 0;
}

/* All convolutions of one forward pass, or of one training step. */
static int step(void *self, struct kz_err *err) {
  struct limit *l = self;
  (void)err;
  for (int pass = 0; pass < (l->train ? PASSES : 1); pass++)
    for (int i = 0; i < SHAPES; i++)
      for (int k = 0; k < shapes[i].times; k++) run(l, i, pass);
  return 0;
}

static double median_of(struct limit *l, int shape, int pass, int rounds) {
  static double seconds[BENCH_MAX_ROUNDS];
  for (int i = -2; i < rounds; i++) {
    double start = bench_now();
    run(l, shape, pass);
    if (i >= 0) seconds[i] = bench_now() - start;
  }
  return bench_median(seconds, rounds);
}

static void table(struct limit *l, const struct bench_options *o) {
  double flops = 0, seconds[PASSES] = {0};
  printf("%4s %4s %5s %6s %3s   GFLOP/s: forward, backward-data, backward-weights\n", "ic", "oc",
         "side", "stride", "x");
  for (int i = 0; i < SHAPES; i++) {
    const struct shape *s = &shapes[i];
    flops += l->conv[i].flops * s->times;
    printf("%4d %4d %5d %6d %3d  ", s->ic, s->oc, o->size / 4 >> s->shift, s->stride, s->times);
    for (int pass = 0; pass < (l->train ? PASSES : 1); pass++) {
      double t = median_of(l, i, pass, o->rounds);
      seconds[pass] += t * s->times;
      printf(" %7.0f", 1e-9 * l->conv[i].flops / t);
    }
    printf("\n");
  }
  printf("%s B%d@%d, weighted by FLOP (%.3f GFLOP a pass):", o->dtype == KZ_BF16 ? "bf16" : "f32",
         o->batch, o->size, 1e-9 * flops);
  double sum = 0;
  for (int pass = 0; pass < (l->train ? PASSES : 1); pass++) {
    sum += seconds[pass];
    printf(" %.0f", 1e-9 * flops / seconds[pass]);
  }
  if (l->train) printf("; a training step's %.0f", 3e-9 * flops / sum);
  printf(" GFLOP/s\n");
}

/* Convolutions of a channel by itself, 7 x 7, as the structure branch has them. */
static const struct geometry depthwise[] = {
    {10, 48, 48, 64, 7, 1, 48}, {10, 96, 96, 32, 7, 1, 96},
    {10, 128, 128, 16, 7, 1, 128}, {40, 48, 48, 32, 7, 1, 48},
};

struct ours {
  const struct kz_backend *be;
  struct kz_conv *conv;
  void *src, *dst, *diff, *forward, *backward, *scratch;
  float *weights, *bias;
};

static void init_ours(struct ours *u, const struct geometry *s, enum kz_dtype dtype) {
  const struct kz_conv_desc d = {
      .mb = s->mb, .ic = s->ic, .oc = s->oc, .ih = s->in, .iw = s->in, .kh = s->kernel,
      .kw = s->kernel, .stride = s->stride, .dilation = 1, .pad = s->kernel / 2,
      .groups = s->groups, .dtype = dtype, .dst_dtype = dtype, .bias = true, .backward_data = true,
      .backward_weights = true};
  const size_t count = (size_t)s->mb * s->in * s->in * s->ic;
  struct kz_err err = {0};
  if (u->be->conv_new(&d, &u->conv, &err)) exit(bench_die(err.msg));
  const size_t f = u->be->conv_scratch_size(u->conv, false);
  const size_t b = u->be->conv_scratch_size(u->conv, true);
  float *noise = bench_noise(u->be, 1, count);
  u->src = u->be->alloc(count * kz_dtype_size(dtype));
  u->dst = u->be->alloc(count * kz_dtype_size(dtype));
  u->diff = u->be->alloc(count * kz_dtype_size(dtype));
  u->forward = u->be->alloc(u->be->conv_packed_size(u->conv, false));
  u->backward = u->be->alloc(u->be->conv_packed_size(u->conv, true));
  u->scratch = u->be->alloc(f > b ? f : b);
  u->weights = bench_noise(u->be, 2, (size_t)s->oc * s->kernel * s->kernel);
  u->bias = bench_noise(u->be, 3, (size_t)s->oc);
  if (!noise || !u->src || !u->dst || !u->diff || !u->scratch || !u->weights || !u->bias)
    exit(bench_die("out of memory"));
  u->be->kernels->convert(KZ_F32, dtype, (int64_t)count, noise, u->src);
  if (u->be->conv_pack(u->conv, u->weights, u->forward, u->backward, u->scratch, &err))
    exit(bench_die(err.msg));
  u->be->free(noise);
}

static void release_ours(struct ours *u) {
  void *all[] = {u->src, u->dst, u->diff, u->forward, u->backward, u->scratch, u->weights, u->bias};
  for (size_t i = 0; i < sizeof all / sizeof *all; i++) u->be->free(all[i]);
  u->be->conv_free(u->conv);
}

static void run_ours(struct ours *u, int pass) {
  struct kz_err err = {0};
  int rc = pass == FORWARD
               ? u->be->conv_forward(u->conv, u->src, u->forward, u->bias, NULL, u->dst, u->scratch,
                                     &err)
           : pass == BACKWARD_DATA
               ? u->be->conv_backward_data(u->conv, u->src, u->backward, u->diff, u->scratch, &err)
               : u->be->conv_backward_weights(u->conv, u->src, u->diff, u->weights, u->bias,
                                              u->scratch, &err);
  if (rc) exit(bench_die(err.msg));
}

/* Seconds of a pass by oneDNN and by us, in turn, the middle one of all rounds. */
static void depthwise_row(struct limit *l, struct ours *u, const struct bench_options *o,
                          const struct geometry *s) {
  static double theirs[BENCH_MAX_ROUNDS], own[BENCH_MAX_ROUNDS];
  const double bytes = 2.0 * s->mb * s->in * s->in * s->ic * (double)kz_dtype_size(o->dtype);
  printf("[%d, %d, %d, %d]", s->mb, s->in, s->in, s->ic);
  for (int pass = 0; pass < PASSES; pass++) {
    for (int i = -2; i < o->rounds; i++) {
      double start = bench_now(), middle;
      run(l, 0, pass);
      middle = bench_now();
      run_ours(u, pass);
      if (i < 0) continue;
      theirs[i] = middle - start;
      own[i] = bench_now() - middle;
    }
    const double t = bench_median(theirs, o->rounds), w = bench_median(own, o->rounds);
    printf(" | %6.3f ms %5.1f GB/s, %6.3f ms %5.1f GB/s", 1e3 * t, 1e-9 * bytes / t, 1e3 * w,
           1e-9 * bytes / w);
  }
  printf("\n");
}

static int depthwise_table(struct limit *l, const struct bench_options *o) {
  l->train = true;
  printf("7 x 7 depthwise, %s; forward | backward-data | backward-weights: oneDNN, our backend\n",
         o->dtype == KZ_BF16 ? "bf16" : "f32");
  for (size_t i = 0; i < sizeof depthwise / sizeof *depthwise; i++) {
    struct ours u = {.be = kz_backend_cpu(o->threads)};
    init_conv(l, &l->conv[0], &depthwise[i], o->dtype == KZ_BF16);
    init_ours(&u, &depthwise[i], o->dtype);
    depthwise_row(l, &u, o, &depthwise[i]);
    release_ours(&u);
  }
  return 0;
}

int main(int argc, char **argv) {
  struct bench_options o = {.batch = 10, .size = 256, .rounds = 9};
  static struct limit l;
  struct kz_err err = {0};
  double flops = 0;
  l.train = !(argc > 1 && !strcmp(argv[1], "forward"));
  const bool by_channel = argc > 1 && !strcmp(argv[1], "depthwise");
  if (argc > 1 && (!strcmp(argv[1], "forward") || !strcmp(argv[1], "train") || by_channel))
    argc--, argv++;
  if (bench_parse(argc, argv, &o)) return 2;
  kz_backend_cpu(o.threads); /* sets the number of threads */
  CHECK(dnnl_engine_create(&l.engine, dnnl_cpu, 0));
  CHECK(dnnl_stream_create(&l.stream, l.engine, dnnl_stream_default_flags));
  if (by_channel) return depthwise_table(&l, &o);
  for (int i = 0; i < SHAPES; i++) {
    init_shape(&l, i, &o);
    flops += l.conv[i].flops * shapes[i].times * (l.train ? PASSES : 1);
  }
  if (!o.serve) {
    table(&l, &o);
    return 0;
  }
  bench_rounds(step, &l, 1, 1, &err);
  return bench_serve(step, &l, flops, &err);
}
