/* The coarse fill against PyTorch (golden/coarse.bin), against plain loops at every size, and at
 * its edges: nothing known, nothing missing, rubbish in the hole, scratch of the size it says. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <math.h>

#include "bridge/coarse.h"

static float uniform(uint32_t *state) {
  *state = *state * 1664525u + 1013904223u;
  return (float)(*state >> 8) / (float)(1 << 24);
}

static float *floats(size_t count) {
  float *p = malloc((count ? count : 1) * sizeof *p);
  assert_non_null(p);
  return p;
}

/* Allocations of exact size, so that the sanitizer sees a read or write beyond. */
static float *fill_of(int w, int h, const float *rgb, const float *mask) {
  float *fill = floats((size_t)w * h * 3), *scratch = floats(kz_coarse_scratch(w, h));
  kz_coarse_fill(w, h, rgb, mask, fill, scratch);
  free(scratch);
  return fill;
}

/* ---- plain loops ---- */

struct plain {
  int w, h;
  double v[64][64][4];
};

/* Bilinear sample of `s` enlarged by 2 (PyTorch, align_corners=False). */
static double enlarged(const struct plain *s, int x, int y, int c) {
  double sx = fmax(0, (x + 0.5) / 2 - 0.5), sy = fmax(0, (y + 0.5) / 2 - 0.5);
  int x0 = (int)sx, y0 = (int)sy;
  int x1 = x0 + 1 < s->w ? x0 + 1 : x0, y1 = y0 + 1 < s->h ? y0 + 1 : y0;
  double fx = sx - x0, fy = sy - y0;
  return (1 - fy) * ((1 - fx) * s->v[y0][x0][c] + fx * s->v[y0][x1][c]) +
         fy * ((1 - fx) * s->v[y1][x0][c] + fx * s->v[y1][x1][c]);
}

static void plain_reduce(const struct plain *s, struct plain *d) {
  d->w = (s->w + 1) / 2;
  d->h = (s->h + 1) / 2;
  for (int y = 0; y < d->h; y++)
    for (int x = 0; x < d->w; x++) {
      double sum[4] = {0};
      for (int k = 0; k < 4; k++) {
        int u = 2 * x + k % 2, v = 2 * y + k / 2;
        if (u >= s->w) u = s->w - 1;
        if (v >= s->h) v = s->h - 1;
        for (int c = 0; c < 4; c++) sum[c] += s->v[v][u][c];
      }
      for (int c = 0; c < 4; c++) d->v[y][x][c] = sum[3] > 0 ? sum[c] / sum[3] : 0;
    }
}

static void plain_fill(struct plain *levels, int w, int h, const float *rgb, const float *mask) {
  int n = 0;
  levels[0].w = w;
  levels[0].h = h;
  for (int i = 0; i < w * h; i++)
    for (int c = 0; c < 4; c++)
      levels[0].v[i / w][i % w][c] = mask[i] > 0 ? 0 : c < 3 ? rgb[3 * i + c] : 1;
  for (; levels[n].w > 2 || levels[n].h > 2; n++) plain_reduce(&levels[n], &levels[n + 1]);
  for (; n > 0; n--)
    for (int y = 0; y < levels[n - 1].h; y++)
      for (int x = 0; x < levels[n - 1].w; x++)
        for (int c = 0; c < 3; c++)
          if (levels[n - 1].v[y][x][3] == 0)
            levels[n - 1].v[y][x][c] = enlarged(&levels[n], x, y, c);
}

static void test_every_size(void **state) {
  (void)state;
  struct plain *levels = malloc(8 * sizeof *levels);
  assert_non_null(levels);
  uint32_t seed = 1;
  for (int w = 1; w <= 36; w++)
    for (int h = 1; h <= 36; h++) {
      float *rgb = floats((size_t)w * h * 3), *mask = floats((size_t)w * h);
      float missing = uniform(&seed);
      for (int i = 0; i < w * h * 3; i++) rgb[i] = 2 * uniform(&seed) - 1;
      for (int i = 0; i < w * h; i++) mask[i] = uniform(&seed) < missing;
      float *fill = fill_of(w, h, rgb, mask);
      plain_fill(levels, w, h, rgb, mask);
      for (int i = 0; i < w * h * 3; i++) {
        double want = levels[0].v[i / 3 / w][i / 3 % w][i % 3];
        if (!(fabs(fill[i] - want) < 1e-5))
          fail_msg("%d x %d: value %d is %g, not %g", w, h, i, fill[i], want);
      }
      free(rgb);
      free(mask);
      free(fill);
    }
  free(levels);
}

/* ---- PyTorch ---- */

static void test_golden(void **state) {
  (void)state;
  enum { N = 16 * 16 };
  const char *source = getenv("KIZIL_SOURCE");
  char path[4096];
  float data[2][7 * N];
  snprintf(path, sizeof path, "%s/tests/golden/coarse.bin", source ? source : ".");
  FILE *f = fopen(path, "rb");
  if (!f) fail_msg("%s is missing", path);
  assert_int_equal(fread(data, sizeof data, 1, f), 1);
  fclose(f);
  for (int k = 0; k < 2; k++) {
    const float *want = data[k] + 4 * N;
    float *fill = fill_of(16, 16, data[k], data[k] + 3 * N);
    for (int i = 0; i < 3 * N; i++)
      if (!(fabsf(fill[i] - want[i]) < 2e-6f))
        fail_msg("case %d: value %d is %g, not %g", k, i, fill[i], want[i]);
    free(fill);
  }
}

/* ---- edges ---- */

static void test_known_bits_and_rubbish(void **state) {
  (void)state;
  enum { W = 45, H = 33 };
  uint32_t seed = 9;
  float rgb[W * H * 3], mask[W * H];
  for (int i = 0; i < W * H; i++) {
    mask[i] = uniform(&seed) < 0.3f;
    for (int c = 0; c < 3; c++) rgb[3 * i + c] = uniform(&seed);
  }
  float *clean = fill_of(W, H, rgb, mask);
  for (int i = 0; i < W * H; i++)
    for (int c = 0; mask[i] > 0 && c < 3; c++) rgb[3 * i + c] = c ? NAN : INFINITY;
  float *fill = fill_of(W, H, rgb, mask);
  assert_memory_equal(fill, clean, sizeof rgb);
  for (int i = 0; i < W * H; i++)
    if (mask[i] == 0) assert_memory_equal(fill + 3 * i, rgb + 3 * i, 3 * sizeof(float));
  free(clean);
  free(fill);
}

static void test_all_or_nothing(void **state) {
  (void)state;
  enum { N = 20 };
  float rgb[N * N * 3], mask[N * N];
  for (int i = 0; i < N * N * 3; i++) rgb[i] = (float)i;
  for (int i = 0; i < N * N; i++) mask[i] = 1;
  float *fill = fill_of(N, N, rgb, mask);
  for (int i = 0; i < N * N * 3; i++) assert_true(fill[i] == 0);
  free(fill);
  memset(mask, 0, sizeof mask);
  fill = fill_of(N, N, rgb, mask);
  assert_memory_equal(fill, rgb, sizeof rgb);
  free(fill);
}

/* A flat picture stays flat, right to its borders. */
static void test_flat(void **state) {
  (void)state;
  enum { W = 70, H = 24 };
  uint32_t seed = 4;
  float rgb[W * H * 3], mask[W * H];
  for (int i = 0; i < W * H * 3; i++) rgb[i] = 0.625f;
  for (int i = 0; i < W * H; i++) mask[i] = uniform(&seed) < 0.6f;
  for (int y = 0; y < H; y++) mask[y * W + W - 1] = 1;
  float *fill = fill_of(W, H, rgb, mask);
  for (int i = 0; i < W * H * 3; i++) assert_true(fabsf(fill[i] - 0.625f) < 1e-6f);
  free(fill);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_every_size),
      cmocka_unit_test(test_golden),
      cmocka_unit_test(test_known_bits_and_rubbish),
      cmocka_unit_test(test_all_or_nothing),
      cmocka_unit_test(test_flat),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
