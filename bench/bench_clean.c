/* Milliseconds that looking for frames, cards and casts takes on one thread, by processor time;
 * and, for bench/cleaning.py, what is found:
 *
 *     bench_clean [WIDTH HEIGHT]    the time: of a painting, and of one with a frame and a card
 *     bench_clean --find            reads "WIDTH HEIGHT\n" and RGB bytes, over and over; writes for
 *                                   each: crop x y w h confidence, card x y w h confidence, gains
 *                                   of R G B and their confidence, and from what they are read */
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "clean/clean.h"

enum { ROUNDS = 200, MOST_SIDE = 20000 };

static double busy(void) {
  struct timespec t;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
  return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static int by_value(const void *a, const void *b) {
  double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

/* Strokes, washes and grain; and a white margin with a row of flat squares. */
static void paint(int w, int h, bool framed, uint8_t *rgb) {
  uint32_t state = 1;
  for (int y = 0; y < h; y++)
    for (int x = 0; x < w; x++) {
      double wash = 120 + 50 * sin(x * 0.031 + y * 0.017) + 30 * cos(y * 0.043);
      bool line = (x + y / 2 + (int)(9 * sin(y * 0.05))) % 41 < 3;
      bool margin = framed && (x < w / 8 || y < h / 8 || x >= w - w / 8 || y >= h - h / 8);
      bool card = margin && y > h - h / 10 && y < h - h / 40 && x > w / 8 && x % 20 < 16;
      state = state * 1664525u + 1013904223u;
      int grain = (int)(state >> 24) / 16 - 8;
      for (int c = 0; c < 3; c++) {
        double v = (line ? 40 : wash - 20 * c) + grain;
        if (margin) v = card ? x / 20 * 83 * (c + 1) % 256 : 240;
        rgb[3 * ((size_t)y * (size_t)w + (size_t)x) + (size_t)c] = (uint8_t)v;
      }
    }
}

static int measure_time(int w, int h, bool framed) {
  double seconds[ROUNDS];
  struct kz_clean_found found;
  uint8_t *rgb = malloc(3 * (size_t)w * (size_t)h);
  void *scratch = malloc(kz_clean_scratch(w, h));
  int rc = rgb && scratch ? 0 : 1;
  if (rc) goto out;
  paint(w, h, framed, rgb);
  for (int i = 0; i < ROUNDS; i++) {
    double start = busy();
    kz_clean_propose(w, h, rgb, &found, scratch);
    seconds[i] = busy() - start;
  }
  qsort(seconds, ROUNDS, sizeof *seconds, by_value);
  printf("%-28s %d x %d   median %.3f ms, least %.3f ms\n",
         framed ? "a painting, margin and card" : "a painting", w, h, 1e3 * seconds[ROUNDS / 2],
         1e3 * seconds[0]);
out:
  free(scratch);
  free(rgb);
  return rc;
}

static void print_rect(const struct kz_clean_rect *r, double confidence) {
  printf("%d %d %d %d %.3f ", r->x, r->y, r->w, r->h, confidence);
}

static int find_one(int w, int h) {
  struct kz_clean_found f;
  size_t bytes = 3 * (size_t)w * (size_t)h;
  uint8_t *rgb = malloc(bytes);
  void *scratch = malloc(kz_clean_scratch(w, h));
  int rc = rgb && scratch && fread(rgb, 1, bytes, stdin) == bytes ? 0 : 1;
  if (!rc) {
    double start = busy();
    kz_clean_propose(w, h, rgb, &f, scratch);
    double seconds = busy() - start;
    print_rect(&f.crop.keep, f.crop.confidence);
    print_rect(&f.card.at, f.card.confidence);
    printf("%.4f %.4f %.4f %.3f %d %d %.4f\n", f.cast.gain[0], f.cast.gain[1], f.cast.gain[2],
           f.cast.confidence, (int)f.cast.from, f.card.patches, 1e3 * seconds);
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
    rc = sound ? find_one((int)w, (int)h) : 1;
  }
  return rc;
}

int main(int argc, char **argv) {
  if (argc == 2 && !strcmp(argv[1], "--find")) return serve();
  long w = argc > 2 ? strtol(argv[1], NULL, 10) : 500;
  long h = argc > 2 ? strtol(argv[2], NULL, 10) : 500;
  if (w < 1 || h < 1 || w > MOST_SIDE || h > MOST_SIDE) return 2;
  return measure_time((int)w, (int)h, false) || measure_time((int)w, (int)h, true);
}
