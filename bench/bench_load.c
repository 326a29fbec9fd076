/* Milliseconds of loading a model, as `kizil restore` does once: file to parameters (with its
 * SHA-256), and binding it to a 512 x 512 tile (plans, memory, weights laid out by the first call).
 *   bench_load MODEL */
#include "bench.h"

#define ROUNDS 7
#define SIDE 512

static int once(const char *path, double *load, double *bind, struct kz_err *err) {
  struct kz_model *m = NULL;
  struct kz_denoiser *d = NULL;
  double start = bench_now();
  int code = kz_model_load(path, KZ_PRECISION_AUTO, &m, err);
  *load = bench_now() - start;
  start = bench_now();
  if (!code) code = kz_denoiser_new(m, 1, SIDE, SIDE, 2, &d, err);
  *bind = bench_now() - start;
  kz_denoiser_free(d);
  kz_model_free(m);
  return code;
}

int main(int argc, char **argv) {
  double load[ROUNDS], bind[ROUNDS];
  struct kz_err err = {0};
  if (argc != 2) return bench_die("usage: bench_load MODEL");
  for (int i = 0; i < ROUNDS; i++)
    if (once(argv[1], &load[i], &bind[i], &err)) return bench_die(err.msg);
  double first = load[0], first_bind = bind[0];
  printf("load %.0f ms at first, median %.0f ms; bind to %d x %d %.0f ms at first, median %.0f ms\n",
         first * 1000, bench_median(load, ROUNDS) * 1000, SIDE, SIDE, first_bind * 1000,
         bench_median(bind, ROUNDS) * 1000);
  return 0;
}
