/* Milliseconds of an optimiser's update of the full-size network's parameters: AdamW, Muon with every
 * matrix at every step, and Muon with matrices taking turns as training has them. */
#include "bench.h"
#include "nn/muon.h"

struct update {
  struct kz_paramset *params;
  struct kz_muon *muon; /* NULL: AdamW */
  struct kz_muon_turn turn;
};

static int step(void *self, struct kz_err *err) {
  struct update *u = self;
  struct kz_paramset *p = u->params;
  const struct kz_adamw a = {.count = p->count, .rate = 1e-4f, .beta1 = .9f, .beta2 = .99f,
                             .eps = 1e-8f, .correction1 = .5f, .correction2 = .5f, .grad_scale = 1,
                             .ema_rate = .01f, .w = p->data, .m = p->m, .v = p->v, .ema = p->ema,
                             .g = p->grad};
  p->backend->kernels->normal(7, (uint64_t)u->turn.step++ << 32, p->count, p->grad);
  if (u->muon) return kz_muon_update(u->muon, &a, &u->turn, err);
  p->backend->kernels->adamw(&a);
  return 0;
}

int main(int argc, char **argv) {
  struct bench_options o = {.batch = 1, .size = 64, .rounds = 12};
  static const int intervals[] = {0, 1, 3};
  struct kz_err err = {0};
  struct bench_net b;
  if (bench_parse(argc, argv, &o)) return 2;
  if (bench_net_init(&b, &o, true, &err)) return bench_die(err.msg);
  struct update u = {.params = &b.params};
  for (int i = 0; i < 3; i++) {
    u.turn = (struct kz_muon_turn){.momentum = .95, .interval = intervals[i]};
    if (i == 1 && kz_muon_new(&b.params, o.dtype, &u.muon, &err)) return bench_die(err.msg);
    double s = bench_rounds(step, &u, 3, o.rounds, &err);
    if (s < 0) return bench_die(err.msg);
    if (i == 0)
      printf("AdamW %.1f ms (gradients made anew among them, as below)\n", s * 1000);
    else
      printf("Muon, interval %d: %.1f ms\n", intervals[i], s * 1000);
  }
  kz_muon_free(u.muon);
  bench_net_release(&b);
  return 0;
}
