/* The machine's limit: oneDNN's own 3 x 3 convolutions at the network's shapes,
 * channels-last, weights in whatever layout oneDNN likes, nothing fused, nothing
 * else between them. A pass runs each as often as the network does, so the rate
 * of a pass is the average weighted by FLOP. This program talks to oneDNN itself
 * rather than through the backend, so that it measures oneDNN and not us. */
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

static void init_conv(struct limit *l, struct conv *c, const struct shape *s,
                      const struct bench_options *o) {
  int in = o->size / 4 >> s->shift, out = (in + s->stride - 1) / s->stride;
  bool bf16 = o->dtype == KZ_BF16;
  dnnl_data_type_t t = bf16 ? dnnl_bf16 : dnnl_f32;
  dnnl_memory_desc_t src, dst, weights;
  dnnl_convolution_desc_t cd;
  dnnl_primitive_desc_t pd[PASSES] = {NULL};
  dnnl_dims_t sd = {o->batch, s->ic, in, in}, dd = {o->batch, s->oc, out, out};
  dnnl_dims_t wd = {s->oc, s->ic, 3, 3}, stride = {s->stride, s->stride}, pad = {1, 1};
  c->flops = 2.0 * 9 * s->ic * s->oc * out * out * o->batch;
  CHECK(dnnl_memory_desc_init_by_tag(&src, 4, sd, t, dnnl_nhwc));
  CHECK(dnnl_memory_desc_init_by_tag(&dst, 4, dd, t, dnnl_nhwc));
  CHECK(dnnl_memory_desc_init_by_tag(&weights, 4, wd, t, dnnl_format_tag_any));
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

int main(int argc, char **argv) {
  struct bench_options o = {.batch = 10, .size = 256, .rounds = 9};
  static struct limit l;
  struct kz_err err = {0};
  double flops = 0;
  l.train = !(argc > 1 && !strcmp(argv[1], "forward"));
  if (argc > 1 && (!strcmp(argv[1], "forward") || !strcmp(argv[1], "train"))) argc--, argv++;
  if (bench_parse(argc, argv, &o)) return 2;
  kz_backend_cpu(o.threads); /* sets the number of threads */
  CHECK(dnnl_engine_create(&l.engine, dnnl_cpu, 0));
  CHECK(dnnl_stream_create(&l.stream, l.engine, dnnl_stream_default_flags));
  for (int i = 0; i < SHAPES; i++) {
    init_conv(&l, &l.conv[i], &shapes[i], &o);
    flops += l.conv[i].flops * shapes[i].times * (l.train ? PASSES : 1);
  }
  if (!o.serve) {
    table(&l, &o);
    return 0;
  }
  bench_rounds(step, &l, 1, 1, &err);
  return bench_serve(step, &l, flops, &err);
}
