/* Milliseconds a crop of what training adds on one thread: the matching loss, and a line drawing
 * made rough. By processor time, the least of many rounds for the loss (its work is the same every
 * time) and the mean and the most over many draws for the drawing (where its is not). */
#include "bench.h"
#include "feature/sketch.h"
#include "model/matching.h"

enum { RING = 4 };

static double busy(void) {
  struct timespec t;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
  return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static int bench_loss(const struct bench_options *o, const struct kz_matching *m, bool whole,
                      const char *name) {
  const struct kz_backend *be = kz_backend_cpu(1);
  const int n = o->size;
  const size_t pixels = (size_t)n * (size_t)n;
  float *x = bench_noise(be, 1, 3 * pixels), *target = bench_noise(be, 2, 3 * pixels);
  float *diff = calloc(3 * pixels, sizeof *diff);
  float *scratch = malloc(kz_matching_scratch(n) * sizeof *scratch);
  uint8_t *hole = calloc(pixels, 1);
  if (!x || !target || !diff || !scratch || !hole) return bench_die("out of memory");
  for (size_t i = 0; i < pixels; i++) /* a quarter of the crop, or all of it */
    hole[i] = whole || (i % n > (size_t)n / 4 && i % n < (size_t)n * 3 / 4 &&
                        i / n > (size_t)n / 4 && i / n < (size_t)n * 3 / 4);
  double least = 1e9;
  for (int i = 0; i < o->rounds; i++) {
    double start = busy();
    kz_matching_loss(m, n, x, target, hole, 1e-9f, diff, NULL, scratch);
    start = busy() - start;
    if (start < least) least = start;
  }
  printf("%-28s %s  %.3f ms, %.1f ns a pixel\n", name, whole ? "all hole    " : "quarter hole",
         1e3 * least, 1e9 * least / (double)pixels);
  be->free(x);
  be->free(target);
  free(diff);
  free(scratch);
  free(hole);
  return 0;
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
  static const struct {
    const char *name;
    struct kz_matching m;
  } rows[] = {{"gradient", {.gradient = 1, .ring = RING}},
              {"structure", {.structure = 1, .ring = RING}},
              {"colour", {.colour = 1, .ring = RING}},
              {"matching loss", {1, 1, 1, RING}}};
  struct bench_options o = {.batch = 1, .size = 256, .rounds = 50};
  if (bench_parse(argc, argv, &o)) return 2;
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
    for (int whole = 0; whole < 2; whole++)
      if (bench_loss(&o, &rows[i].m, whole, rows[i].name)) return 1;
  return bench_sketch(&o);
}
