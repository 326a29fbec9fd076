/* Megapixels a second of the whole set of fused features, and how near that is to what memory
 * gives: crops of 256 as training takes them, and a picture of 2048 x 2048 cut as `kizil features`
 * cuts it (tiles of 768 with their halo; only the picture's own pixels are counted).
 *   bench_features [--rounds N] [--threads N] */
#include <math.h>
#include <omp.h>
#include <stdint.h>

#include "bench.h"
#include "feature/fused.h"
#include "feature/outline.h"

enum { SIDE = 2048, CROP = 256, TILE = 768, MOST = TILE + 2 * KZ_FUSED_HALO };

struct worker {
  float *rgb, *mask, *out, *scratch;
  uint8_t *line;
};

static float *picture, *holes; /* [SIDE, SIDE, 3], [SIDE, SIDE] */

static int worker_init(struct worker *k) {
  size_t n = (size_t)MOST * MOST;
  k->rgb = malloc(n * 3 * sizeof(float));
  k->mask = malloc(n * sizeof(float));
  k->out = malloc(n * KZ_FUSED * sizeof(float));
  size_t fused = kz_fused_scratch(MOST, MOST), outline = kz_outline_scratch(CROP, CROP);
  k->scratch = malloc((fused > outline ? fused : outline) * sizeof(float));
  k->line = malloc(n);
  return k->rgb && k->mask && k->out && k->scratch && k->line;
}

/* Strokes, grain, blots over about a seventh. */
static void paint(void) {
  uint32_t seed = 1;
  for (int y = 0; y < SIDE; y++)
    for (int x = 0; x < SIDE; x++) {
      size_t i = (size_t)y * SIDE + x;
      float v = 0.5f * sinf((float)x * 0.07f) * cosf((float)y * 0.05f);
      if ((x + y / 3) % 47 < 3) v -= 0.4f;
      seed = seed * 1664525u + 1013904223u;
      for (int c = 0; c < 3; c++)
        picture[3 * i + c] = 0.8f * v + 0.05f * (float)c + 1e-10f * (float)(seed >> 2);
      int dx = x % 150 - 75, dy = y % 130 - 65;
      holes[i] = dx * dx + dy * dy < 900 ? 1 : 0;
    }
}

static void cut(struct worker *k, int x, int y, int w, int h) {
  for (int r = 0; r < h; r++) {
    size_t at = (size_t)(y + r) * SIDE + x;
    memcpy(k->rgb + (size_t)3 * r * w, picture + 3 * at, (size_t)w * 3 * sizeof(float));
    memcpy(k->mask + (size_t)r * w, holes + at, (size_t)w * sizeof(float));
  }
}

static int low(int v) { return v > KZ_FUSED_HALO ? v - KZ_FUSED_HALO : 0; }
static int high(int v) { return v + KZ_FUSED_HALO < SIDE ? v + KZ_FUSED_HALO : SIDE; }

enum job { CROPS, UNDAMAGED, LINES, OUTLINES, TILES, COPY, JOBS };
static const char *const names[JOBS] = {"crops of 256, damaged", "crops of 256, no mask",
                                        "crops of 256, lines alone", "crops of 256, outlines alone",
                                        "2048 x 2048 by tiles",
                                        "memcpy of what crops read and write"};

static void draw_outlines(struct worker *k, int w, int h) {
  const struct kz_outline_input in = {.w = w, .h = h, .rgb = k->rgb, .threshold = 16};
  memset(k->line, 0, (size_t)w * h);
  kz_outline_draw(&in, k->line, k->scratch);
}

static void do_part(enum job job, int part, struct worker *k) {
  int side = job == TILES ? TILE : CROP, across = (SIDE + side - 1) / side;
  int x = part % across * side, y = part / across * side, w = side, h = side;
  if (job == TILES) {
    w = high(x + side < SIDE ? x + side : SIDE) - low(x);
    h = high(y + side < SIDE ? y + side : SIDE) - low(y);
    x = low(x);
    y = low(y);
  }
  cut(k, x, y, w, h);
  const struct kz_fused_input in = {.w = w, .h = h, .rgb = k->rgb,
                                    .mask = job == UNDAMAGED ? NULL : k->mask};
  if (job == LINES)
    kz_fused_line(w, h, k->rgb, k->mask, k->line, k->scratch);
  else if (job == OUTLINES)
    draw_outlines(k, w, h);
  else if (job == COPY) /* 16 bytes a pixel come in by cut(), KZ_FUSED floats go out */
    memcpy(k->out, k->scratch, (size_t)w * h * KZ_FUSED * sizeof(float));
  else
    kz_fused_compute(&in, k->out, k->scratch);
}

static double once(enum job job, int threads, struct worker *workers) {
  int side = job == TILES ? TILE : CROP, across = (SIDE + side - 1) / side;
  double start = bench_now();
#pragma omp parallel for schedule(dynamic) num_threads(threads)
  for (int part = 0; part < across * across; part++)
    do_part(job, part, &workers[omp_get_thread_num()]);
  return bench_now() - start;
}

int main(int argc, char **argv) {
  struct bench_options o = {.batch = 1, .size = 256, .rounds = 9};
  static double seconds[JOBS][BENCH_MAX_ROUNDS];
  struct worker workers[16];
  if (bench_parse(argc, argv, &o)) return 1;
  if (o.threads > 16) return bench_die("at most 16 threads");
  picture = malloc((size_t)SIDE * SIDE * 3 * sizeof *picture);
  holes = malloc((size_t)SIDE * SIDE * sizeof *holes);
  if (!picture || !holes) return bench_die("out of memory");
  for (int k = 0; k < o.threads; k++)
    if (!worker_init(&workers[k])) return bench_die("out of memory");
  paint();
  for (int job = 0; job < JOBS; job++) once((enum job)job, o.threads, workers);
  for (int r = 0; r < o.rounds; r++) /* in turn, so that all see the same machine */
    for (int job = 0; job < JOBS; job++) seconds[job][r] = once((enum job)job, o.threads, workers);
  for (int job = 0; job < JOBS; job++) {
    double t = bench_median(seconds[job], o.rounds);
    printf("%-36s %7.1f Mpx/s on %d threads, %5.1f ns a pixel and thread\n", names[job],
           SIDE * SIDE / t * 1e-6, o.threads, t * o.threads * 1e9 / (SIDE * SIDE));
  }
  return 0;
}
