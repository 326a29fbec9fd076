/* Seconds of one forward pass of the full-size network, as sampling runs it. */
#include "bench.h"

static int step(void *self, struct kz_err *err) {
  return kz_graph_forward(((struct bench_net *)self)->g, err);
}

int main(int argc, char **argv) {
  struct bench_options o = {.batch = 1, .size = 256, .rounds = 31};
  struct kz_err err = {0};
  struct bench_net b;
  struct kz_graph_stats stats;
  if (bench_parse(argc, argv, &o)) return 2;
  double start = bench_now();
  if (bench_net_init(&b, &o, false, &err)) return bench_die(err.msg);
  start = bench_now() - start;
  if (bench_rounds(step, &b, 5, 5, &err) < 0) return bench_die(err.msg);
  int rc = 0;
  if (o.serve) {
    rc = bench_serve(step, &b, b.flops, &err);
  } else {
    kz_graph_profile(b.g, o.profile);
    double s = bench_rounds(step, &b, 0, o.rounds, &err);
    if (s < 0) return bench_die(err.msg);
    kz_graph_get_stats(b.g, &stats);
    printf("forward B%d@%d %s %s, %d threads: %.2f ms, %.3f GFLOP, %.0f GFLOP/s; graph built in "
           "%.0f ms; %zu MiB planned (%zu unshared), %zu MiB of weights\n",
           o.batch, o.size, o.dtype == KZ_F32 ? "f32" : "bf16", b.backend->kernels->isa, o.threads,
           s * 1000, 1e-9 * b.flops, 1e-9 * b.flops / s, start * 1000, stats.planned_bytes >> 20,
           stats.unshared_bytes >> 20, stats.packed_bytes >> 20);
    if (o.profile) bench_profile(&b, o.rounds);
  }
  bench_net_release(&b);
  return rc ? bench_die(err.msg) : 0;
}
