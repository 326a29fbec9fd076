/* Seconds of one training step of the full-size network: forward, loss, backward,
 * clipping, AdamW with the moving average. Prints crops of 256 x 256 a second,
 * and FLOP/s by the graph's own count, a step being three forward passes. */
#include <math.h>

#include "bench.h"

struct trainer {
  struct bench_net net;
  int64_t at;
};

static int step(void *self, struct kz_err *err) {
  struct trainer *t = self;
  struct bench_net *b = &t->net;
  const struct kz_kernels *k = b->backend->kernels;
  int64_t rows = (int64_t)b->batch * b->size * b->size;
  int rc = kz_graph_forward(b->g, err);
  if (rc) return rc;
  k->loss(KZ_F32, rows, 3, 0.5f, 1, 3.0 * (double)rows, kz_graph_data(b->g, b->y), b->target,
          b->weight, kz_graph_diff(b->g, b->y));
  if ((rc = kz_graph_backward(b->g, err))) return rc;
  double norm = sqrt(k->sum_squares(b->params.count, b->params.grad));
  t->at++;
  struct kz_adamw a = {.count = b->params.count, .rate = 1e-4f, .beta1 = 0.9f, .beta2 = 0.999f,
                       .eps = 1e-8f, .decay = 0.01f, .ema_rate = 0.001f, .w = b->params.data,
                       .m = b->params.m, .v = b->params.v, .ema = b->params.ema,
                       .g = b->params.grad};
  a.correction1 = 1 - powf(a.beta1, (float)t->at);
  a.correction2 = 1 - powf(a.beta2, (float)t->at);
  a.grad_scale = norm > 1 ? (float)(1 / norm) : 1;
  k->adamw(&a);
  b->params.version++;
  return 0;
}

int main(int argc, char **argv) {
  struct bench_options o = {.batch = 40, .size = 128, .rounds = 7};
  struct kz_err err = {0};
  struct trainer t = {.at = 0};
  struct kz_graph_stats stats;
  if (bench_parse(argc, argv, &o)) return 2;
  if (bench_net_init(&t.net, &o, true, &err)) return bench_die(err.msg);
  int rc = 0;
  if (o.serve) {
    if (bench_rounds(step, &t, 1, 2, &err) < 0) return bench_die(err.msg);
    rc = bench_serve(step, &t, 3 * t.net.flops, &err);
  } else {
    if (bench_rounds(step, &t, 0, 2, &err) < 0) return bench_die(err.msg);
    kz_graph_profile(t.net.g, o.profile);
    double s = bench_rounds(step, &t, 0, o.rounds, &err);
    if (s < 0) return bench_die(err.msg);
    kz_graph_get_stats(t.net.g, &stats);
    printf("train B%d@%d %s %s, %d threads: %.1f ms, %.2f crops of 256 a second, %.2f GFLOP a "
           "step, %.0f GFLOP/s, %zu MiB planned (%zu unshared), %zu MiB of weights\n",
           o.batch, o.size, o.dtype == KZ_F32 ? "f32" : "bf16", t.net.backend->kernels->isa,
           o.threads, s * 1000, o.batch * (double)o.size * o.size / 65536 / s,
           3e-9 * t.net.flops, 3e-9 * t.net.flops / s, stats.planned_bytes >> 20,
           stats.unshared_bytes >> 20, stats.packed_bytes >> 20);
    if (o.profile) bench_profile(&t.net, o.rounds);
  }
  bench_net_release(&t.net);
  return rc ? bench_die(err.msg) : 0;
}
