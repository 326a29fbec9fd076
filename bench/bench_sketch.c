/* Milliseconds a crop of making a line drawing rough, on one thread: by processor time, the mean and
 * the most over many draws. */
#include "bench.h"
#include "feature/sketch.h"

static double busy(void) {
  struct timespec t;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
  return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* Strokes of all strengths, and specks. */
static void draw(int n, uint8_t *line) {
  for (int i = 0; i < n * n; i++) {
    const int x = i % n, y = i / n;
    const bool stroke = (x + y / 3) % 23 < 2 || (x * x / 100 + y) % 31 < 3;
    line[i] = stroke ? (uint8_t)(255 - x % 50 * 3) : (x * 7919 + y * 104729) % 97 == 0 ? 70 : 0;
  }
}

static int bench_sketch(const struct bench_options *o) {
  const int n = o->size, draws = 20 * o->rounds;
  const size_t pixels = (size_t)n * (size_t)n;
  uint8_t *line = malloc(pixels), *valid = malloc(pixels);
  uint8_t *scratch = malloc(kz_sketch_scratch(n, n));
  double sum = 0, most = 0;
  struct kz_rng rng;
  if (!line || !valid || !scratch) return bench_die("out of memory");
  kz_rng_init(&rng, 1);
  for (int i = 0; i < draws; i++) {
    draw(n, line);
    double start = busy();
    kz_sketch_roughen(&rng, n, n, line, valid, scratch);
    start = busy() - start;
    sum += start;
    if (start > most) most = start;
  }
  printf("rough drawing                mean %.3f ms, most %.3f ms of %d draws\n", 1e3 * sum / draws,
         1e3 * most, draws);
  free(line);
  free(valid);
  free(scratch);
  return 0;
}

int main(int argc, char **argv) {
  struct bench_options o = {.batch = 1, .size = 256, .rounds = 50};
  return bench_parse(argc, argv, &o) ? 2 : bench_sketch(&o);
}
