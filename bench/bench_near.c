/* Near duplicates: what a print costs, and how the search grows; processor time, one thread.
 *
 *     bench_near                       both: prints of 500 x 500; sets of 2500, 5000, 10000, 100000
 *     bench_near --prints              prints only
 *     bench_near COUNT...              the search of sets of so many
 *     bench_near --pairs < LIST        pairs among the files of a list, a path a line (near.py)
 *
 * The sets are of paintings made up of strokes, one in ten a changed copy of the one before:
 * turned, mirrored or cropped. A set's prints are made while it is filled, which is not counted.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

#include <kizil/image.h>
#include <kizil/rng.h>

#include "near/near.h"

enum { SIDE = 208 };

static double busy(void) {
  struct timespec t;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
  return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static void stroke(struct kz_rng *rng, uint8_t *rgb) {
  int x = kz_rng_int(rng, 0, SIDE - 1), y = kz_rng_int(rng, 0, SIDE - 1);
  int w = kz_rng_int(rng, 3, 34), h = kz_rng_int(rng, 3, 34), lean = kz_rng_int(rng, -12, 12);
  uint32_t colour = (uint32_t)kz_rng_u64(rng);
  for (int j = 0; j < h; j++) {
    int from = x + lean * j / h, to = from + w - abs(2 * j - h) * w / (2 * h);
    if (y + j >= SIDE) break;
    for (int i = from < 0 ? 0 : from; i < to && i < SIDE; i++)
      for (int k = 0; k < 3; k++)
        rgb[3 * ((y + j) * SIDE + i) + k] = (uint8_t)(30 + (colour >> (8 * k) & 127) + j);
  }
}

static void paint(uint64_t seed, uint8_t *rgb) {
  struct kz_rng rng;
  kz_rng_init(&rng, seed);
  memset(rgb, 140, SIDE * SIDE * 3);
  for (int i = 0; i < 150; i++) stroke(&rng, rgb);
}

/* Turned by a quarter, mirrored, or 64 % of it. Returns the side. */
static int change(int how, const uint8_t *from, uint8_t *to) {
  int side = how ? SIDE : SIDE * 4 / 5;
  for (int y = 0; y < side; y++)
    for (int x = 0; x < side; x++) {
      int u = how == 1 ? y : how == 2 ? SIDE - 1 - x : x + 20;
      int v = how == 1 ? SIDE - 1 - x : how == 2 ? y : y + 10;
      memcpy(to + 3 * (y * side + x), from + 3 * (v * SIDE + u), 3);
    }
  return side;
}

/* Every tenth is a copy of the one before. */
static int fill(struct kz_near_set *s, int count, struct kz_err *err) {
  static uint8_t rgb[SIDE * SIDE * 3], other[SIDE * SIDE * 3];
  static struct kz_near_print print;
  void *scratch = malloc(kz_near_scratch(SIDE, SIDE));
  int code = scratch ? 0 : kz_err_set(err, KZ_ENOMEM, "no memory");
  for (int i = 0; !code && i < count; i++) {
    bool copy = i % 10 == 9;
    int side = SIDE;
    if (copy) side = change(i / 10 % 3, rgb, other);
    else paint((uint64_t)i + 1, rgb);
    kz_near_make(side, side, copy ? other : rgb, &print, scratch);
    code = kz_near_set_add(s, &print, err);
  }
  free(scratch);
  return code;
}

static int search(int count, struct kz_err *err) {
  struct kz_near_set *s = NULL;
  struct kz_near_pairs p = {0};
  struct rusage usage;
  int code = kz_near_set_new(&s, err), right = 0;
  if (!code) code = fill(s, count, err);
  double start = busy();
  if (!code) code = kz_near_search(s, 0, NULL, &p, err);
  double took = busy() - start;
  for (int i = 0; i < p.count; i++)
    right += p.pair[i].b == p.pair[i].a + 1 && p.pair[i].b % 10 == 9;
  getrusage(RUSAGE_SELF, &usage);
  if (!code)
    printf("%7d prints: %7.2f s, %6.1f us each; %d of %d copies found, %d other pairs; "
           "set %.0f MB, process %.0f MB\n",
           count, took, 1e6 * took / count, right, count / 10, p.count - right,
           (double)kz_near_set_bytes(s) / 1e6, (double)usage.ru_maxrss / 1e3);
  fflush(stdout);
  kz_near_pairs_release(&p);
  kz_near_set_free(s);
  return code;
}

static int prints(struct kz_err *err) {
  enum { W = 500, ROUNDS = 400 };
  static uint8_t small[SIDE * SIDE * 3], rgb[W * W * 3];
  struct kz_near_print print;
  double best = 1e9;
  void *scratch = malloc(kz_near_scratch(W, W));
  if (!scratch) return kz_err_set(err, KZ_ENOMEM, "no memory");
  paint(7, small);
  for (int i = 0; i < W * W; i++)
    memcpy(rgb + 3 * i, small + 3 * ((i / W * SIDE / W) * SIDE + i % W * SIDE / W), 3);
  for (int i = 0; i < ROUNDS; i++) {
    double start = busy();
    kz_near_make(W, W, rgb, &print, scratch);
    double took = busy() - start;
    if (took < best) best = took;
  }
  printf("print of %d x %d: %.3f ms, %d locals\n", W, W, 1e3 * best, print.count);
  free(scratch);
  return 0;
}

static int add_file(struct kz_near_set *s, const char *path, struct kz_err *err) {
  struct kz_pixels p = {0};
  struct kz_near_print print;
  int code = kz_pixels_load(path, 0, 0, &p, err);
  if (code) return code;
  void *scratch = malloc(kz_near_scratch(p.width, p.height));
  if (scratch) kz_near_make(p.width, p.height, p.data, &print, scratch);
  code = scratch ? kz_near_set_add(s, &print, err) : kz_err_set(err, KZ_ENOMEM, "no memory");
  free(scratch);
  kz_pixels_release(&p);
  return code;
}

/* A line for each pair: numbers in the list, kind, overlap, correlation, locals. */
static int pairs_of_list(struct kz_err *err) {
  struct kz_near_set *s = NULL;
  struct kz_near_pairs p = {0};
  char path[4096];
  int code = kz_image_startup("bench_near", 1, err);
  if (!code) code = kz_near_set_new(&s, err);
  while (!code && fgets(path, sizeof path, stdin)) {
    path[strcspn(path, "\n")] = 0;
    code = add_file(s, path, err);
  }
  if (!code) code = kz_near_search(s, 0, NULL, &p, err);
  for (int i = 0; i < p.count; i++) {
    const struct kz_near_pair *q = &p.pair[i];
    printf("%d\t%d\t%s\t%.3f\t%.3f\t%d\n", q->a, q->b, kz_near_kind_names[q->kind],
           (double)q->overlap, (double)q->correlation, q->locals);
  }
  kz_near_pairs_release(&p);
  kz_near_set_free(s);
  return code;
}

int main(int argc, char **argv) {
  static const int counts[] = {2500, 5000, 10000, 100000};
  struct kz_err err = {0};
  int code = 0;
  if (argc == 2 && !strcmp(argv[1], "--pairs")) code = pairs_of_list(&err);
  else if (argc == 2 && !strcmp(argv[1], "--prints")) code = prints(&err);
  else if (argc > 1)
    for (int i = 1; !code && i < argc; i++) code = search((int)strtol(argv[i], NULL, 10), &err);
  else {
    code = prints(&err);
    for (int i = 0; !code && i < 4; i++) code = search(counts[i], &err);
  }
  if (code) fprintf(stderr, "%s\n", err.msg);
  return code ? 1 : 0;
}
