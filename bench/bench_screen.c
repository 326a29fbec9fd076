/* Milliseconds that all measures of a picture take on one thread, by processor time; and, for
 * bench/screening.py, the measures themselves:
 *
 *     bench_screen [WIDTH HEIGHT]    the time
 *     bench_screen --list            name, threshold and sense of each measure
 *     bench_screen --measure         reads "WIDTH HEIGHT\n" and RGB bytes, over and over; writes a
 *                                    line of values for each */
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "screen/screen.h"

enum { ROUNDS = 200, MOST_VALUES = 32, MOST_SIDE = 20000 };

static double busy(void) {
  struct timespec t;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
  return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static int by_value(const void *a, const void *b) {
  double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

/* Strokes, washes and grain. */
static void paint(int w, int h, uint8_t *rgb) {
  uint32_t state = 1;
  for (int y = 0; y < h; y++)
    for (int x = 0; x < w; x++) {
      double wash = 120 + 50 * sin(x * 0.031 + y * 0.017) + 30 * cos(y * 0.043);
      bool line = (x + y / 2 + (int)(9 * sin(y * 0.05))) % 41 < 3;
      state = state * 1664525u + 1013904223u;
      int grain = (int)(state >> 24) / 16 - 8;
      for (int c = 0; c < 3; c++)
        rgb[3 * ((size_t)y * (size_t)w + (size_t)x) + (size_t)c] =
            (uint8_t)((line ? 40 : wash - 20 * c) + grain);
    }
}

static int measure_time(int w, int h) {
  double values[MOST_VALUES], seconds[ROUNDS];
  uint8_t map[KZ_SCREEN_MAP * KZ_SCREEN_MAP];
  uint8_t *rgb = malloc(3 * (size_t)w * (size_t)h);
  void *scratch = malloc(kz_screen_scratch(w, h));
  int rc = rgb && scratch ? 0 : 1;
  if (rc) goto out;
  paint(w, h, rgb);
  struct kz_screen_picture p = {.w = w, .h = h, .rgb = rgb, .bits = 8};
  for (int i = 0; i < ROUNDS; i++) {
    double start = busy();
    kz_screen_measure_all(&p, values, map, scratch);
    seconds[i] = busy() - start;
  }
  qsort(seconds, ROUNDS, sizeof *seconds, by_value);
  printf("all measures of %d x %d        median %.3f ms, least %.3f ms\n", w, h,
         1e3 * seconds[ROUNDS / 2], 1e3 * seconds[0]);
out:
  free(scratch);
  free(rgb);
  return rc;
}

static int measure_one(int w, int h) {
  double values[MOST_VALUES];
  uint8_t map[KZ_SCREEN_MAP * KZ_SCREEN_MAP];
  size_t bytes = 3 * (size_t)w * (size_t)h;
  uint8_t *rgb = malloc(bytes);
  void *scratch = malloc(kz_screen_scratch(w, h));
  int rc = rgb && scratch && fread(rgb, 1, bytes, stdin) == bytes ? 0 : 1;
  if (!rc) {
    struct kz_screen_picture p = {.w = w, .h = h, .rgb = rgb, .bits = 8};
    kz_screen_measure_all(&p, values, map, scratch);
    for (int i = 0; i < kz_screen_count(); i++) printf("%.6g ", values[i]);
    printf("\n");
    fflush(stdout);
  }
  free(scratch);
  free(rgb);
  return rc;
}

static int serve(void) {
  char line[64];
  int rc = 0;
  while (!rc && fgets(line, sizeof line, stdin)) {
    char *end;
    long w = strtol(line, &end, 10), h = strtol(end, NULL, 10);
    bool sound = w > 0 && h > 0 && w <= MOST_SIDE && h <= MOST_SIDE;
    rc = sound ? measure_one((int)w, (int)h) : 1;
  }
  return rc;
}

int main(int argc, char **argv) {
  if (argc == 2 && !strcmp(argv[1], "--measure")) return serve();
  if (argc == 2 && !strcmp(argv[1], "--list")) {
    for (int i = 0; i < kz_screen_count(); i++)
      printf("%s %g %d\n", kz_screen_measures[i]->name, kz_screen_measures[i]->threshold,
             kz_screen_measures[i]->sense);
    return 0;
  }
  long w = argc > 2 ? strtol(argv[1], NULL, 10) : 500;
  long h = argc > 2 ? strtol(argv[2], NULL, 10) : 500;
  if (w < 1 || h < 1 || w > MOST_SIDE || h > MOST_SIDE) return 2;
  return measure_time((int)w, (int)h);
}
