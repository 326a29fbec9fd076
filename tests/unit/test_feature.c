/* Fused features: what a hole holds reaches no channel; pictures whose features are known;
 * distances against brute force; a part against the whole; the odd sizes; every instruction set. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <kizil/rng.h>

#include "feature/fused.h"
#include "feature/fused_private.h"

struct scene {
  int w, h;
  float *rgb, *mask, *out, *scratch;
};

static void *grab(size_t bytes) {
  void *p = malloc(bytes ? bytes : 1);
  assert_non_null(p);
  return p;
}

/* Strokes and grain, so that every channel has something to see. */
static struct scene make_scene(int w, int h, uint64_t seed) {
  size_t n = (size_t)w * h;
  struct scene s = {w, h, grab(3 * n * sizeof(float)), grab(n * sizeof(float)),
                    grab(KZ_FUSED * n * sizeof(float)),
                    grab(kz_fused_scratch(w, h) * sizeof(float))};
  struct kz_rng rng;
  kz_rng_init(&rng, seed);
  for (size_t i = 0; i < n; i++) {
    float x = (float)(i % (size_t)w), y = (float)(i / (size_t)w);
    float v = 0.3f * sinf(x * 0.21f) + 0.3f * cosf(y * 0.13f + x * 0.05f);
    if (fabsf(fmodf(x + 0.6f * y, 37) - 18) < 2) v -= 0.6f;
    for (int c = 0; c < 3; c++)
      s.rgb[3 * i + c] = 0.7f * v + 0.1f * (float)c + 0.05f * (float)kz_rng_int(&rng, -2, 2);
  }
  memset(s.mask, 0, n * sizeof(float));
  memset(s.out, 0xff, KZ_FUSED * n * sizeof(float));
  memset(s.scratch, 0xff, kz_fused_scratch(w, h) * sizeof(float));
  return s;
}

static void free_scene(struct scene *s) {
  free(s->rgb);
  free(s->mask);
  free(s->out);
  free(s->scratch);
}

static void compute(struct scene *s) {
  struct kz_fused_input in = {.w = s->w, .h = s->h, .rgb = s->rgb, .mask = s->mask};
  kz_fused_compute(&in, s->out, s->scratch);
}

static float at(const struct scene *s, int x, int y, int channel) {
  return s->out[((size_t)y * s->w + x) * KZ_FUSED + channel];
}

/* ---- holes ---- */

enum { HOLES = 7 };

static bool in_hole(int kind, int w, int h, int x, int y, struct kz_rng *rng) {
  int dx = x - w / 2, dy = y - h / 2, r = (w < h ? w : h) / 4;
  switch (kind) {
    case 0: return dx * dx + dy * dy <= r * r;
    case 1: return x >= w - w / 3 && y >= h / 4;         /* to the right border and the corner */
    case 2: return x < 2 || y >= h - 1;                  /* along two borders */
    case 3: return kz_rng_int(rng, 0, 9) == 0;           /* scattered */
    case 4: return abs(x - y) <= 1;                      /* a crack */
    case 5: return !(x == w / 3 && y == h / 3);          /* one pixel is known */
    default: return true;
  }
}

static void cut_hole(struct scene *s, int kind) {
  struct kz_rng rng;
  kz_rng_init(&rng, 5);
  for (int y = 0; y < s->h; y++)
    for (int x = 0; x < s->w; x++)
      s->mask[(size_t)y * s->w + x] = in_hole(kind, s->w, s->h, x, y, &rng) ? 1 : 0;
}

static void stuff_hole(struct scene *s, int content) {
  static const float values[] = {0, -1, 1, NAN, INFINITY, -1e30f};
  struct kz_rng rng;
  kz_rng_init(&rng, (uint64_t)content);
  for (size_t i = 0; i < (size_t)s->w * s->h; i++)
    for (int c = 0; c < 3 && s->mask[i] >= 0.5f; c++)
      s->rgb[3 * i + c] = content < 6 ? values[content] : (float)kz_rng_int(&rng, -9, 9) * 0.1f;
}

static void test_hole_content_is_not_seen(void **state) {
  (void)state;
  static const int sizes[][2] = {{96, 80}, {67, 45}, {1, 40}, {40, 1}, {2, 3}, {256, 64}};
  for (size_t k = 0; k < sizeof sizes / sizeof *sizes; k++)
    for (int kind = 0; kind < HOLES; kind++) {
      struct scene s = make_scene(sizes[k][0], sizes[k][1], 3);
      size_t n = (size_t)s.w * s.h;
      float *first = grab(n * KZ_FUSED * sizeof *first);
      uint8_t *line = grab(2 * n);
      cut_hole(&s, kind);
      for (int content = 0; content < 8; content++) {
        stuff_hole(&s, content);
        compute(&s);
        kz_fused_line(s.w, s.h, s.rgb, s.mask, line + (content ? n : 0), s.scratch);
        if (!content) memcpy(first, s.out, n * KZ_FUSED * sizeof *first);
        assert_memory_equal(first, s.out, n * KZ_FUSED * sizeof *first);
        assert_memory_equal(line, line + (content ? n : 0), n);
      }
      free(first);
      free(line);
      free_scene(&s);
    }
}

/* The picture outside does reach in: a hole is not just blank. */
static void test_structure_is_carried_in(void **state) {
  (void)state;
  struct scene s = make_scene(128, 128, 4);
  for (int y = 0; y < 128; y++)
    for (int x = 0; x < 128; x++)
      for (int c = 0; c < 3; c++)
        s.rgb[3 * (y * 128 + x) + c] = 0.5f * sinf((float)(x + y) * 0.4f) + (c ? 0 : 0.3f);
  cut_hole(&s, 0);
  compute(&s);
  assert_true(at(&s, 64, 64, KZ_FUSED_SIN) < -0.5f); /* stripes rise to the right: theta = -45 */
  assert_true(fabsf(at(&s, 64, 64, KZ_FUSED_COS)) < 0.2f);
  assert_true(fabsf(at(&s, 64, 64, KZ_FUSED_A) - at(&s, 10, 10, KZ_FUSED_A)) < 0.05f);
  assert_true(fabsf(at(&s, 64, 64, KZ_FUSED_GRADIENT) / at(&s, 20, 20, KZ_FUSED_GRADIENT) - 1) <
              0.2f);
  free_scene(&s);
}

/* ---- pictures that are known ---- */

static void paint(struct scene *s, float r, float g, float b) {
  for (size_t i = 0; i < (size_t)s->w * s->h; i++) {
    s->rgb[3 * i] = r;
    s->rgb[3 * i + 1] = g;
    s->rgb[3 * i + 2] = b;
  }
}

static void test_line_and_its_direction(void **state) {
  (void)state;
  enum { SIDE = 96 };
  static const float tones[][2] = {{0.6f, -0.8f}, {0.3f, -0.1f}};
  for (int degrees = 0; degrees < 180; degrees += 15)
    for (int k = 0; k < 6; k++) { /* widths of 2, 4, 8 px; strong and weak */
      float width = (float)(2 << k / 2), angle = (float)degrees * 3.14159265f / 180;
      float c = cosf(angle), n = sinf(angle), ground = tones[k % 2][0], dark = tones[k % 2][1];
      struct scene s = make_scene(SIDE, SIDE, 1);
      for (int i = 0; i < SIDE * SIDE; i++) {
        float x = (float)(i % SIDE - SIDE / 2), y = (float)(i / SIDE - SIDE / 2);
        float cover = fminf(fmaxf(width / 2 + 0.5f - fabsf(x * n - y * c), 0), 1);
        for (int j = 0; j < 3; j++) s.rgb[3 * i + j] = ground + cover * (dark - ground);
      }
      compute(&s);
      for (int t = -20; t <= 20; t += 4) {
        int x = SIDE / 2 + (int)lrintf(c * (float)t), y = SIDE / 2 + (int)lrintf(n * (float)t);
        int side_x = x - (int)lrintf(n * 16), side_y = y + (int)lrintf(c * 16);
        assert_true(at(&s, x, y, KZ_FUSED_LINE) > (k % 2 ? 0.5f : 0.95f));
        assert_true(at(&s, side_x, side_y, KZ_FUSED_LINE) < 0.05f);
        assert_true(at(&s, x, y, KZ_FUSED_GRADIENT) > 0.1f);
        float cosine = at(&s, x, y, KZ_FUSED_COS), sine = at(&s, x, y, KZ_FUSED_SIN);
        assert_true(cosine * cosf(2 * angle) + sine * sinf(2 * angle) > 0.85f);
      }
      free_scene(&s);
    }
}

static void test_edge_is_no_line(void **state) {
  (void)state;
  struct scene s = make_scene(64, 64, 1);
  for (int i = 0; i < 64 * 64; i++)
    for (int c = 0; c < 3; c++) s.rgb[3 * i + c] = i % 64 < 30 ? -0.7f : 0.7f;
  compute(&s);
  for (int y = 0; y < 64; y++)
    for (int x = 0; x < 64; x++) assert_true(at(&s, x, y, KZ_FUSED_LINE) < 0.02f);
  assert_true(at(&s, 30, 30, KZ_FUSED_GRADIENT) > 0.5f);
  free_scene(&s);
}

static void test_constant(void **state) {
  (void)state;
  /* CIE's own conversion of sRGB primaries, D65 */
  static const float known[][6] = {
      {1, -1, -1, 53.241f, 80.092f, 67.203f},  {-1, 1, -1, 87.735f, -86.183f, 83.179f},
      {-1, -1, 1, 32.297f, 79.188f, -107.860f}, {1, 1, 1, 100, 0, 0}, {-1, -1, -1, 0, 0, 0},
      {0.003921569f, 0.003921569f, 0.003921569f, 53.585f, 0, 0}};
  for (size_t k = 0; k < sizeof known / sizeof *known; k++) {
    struct scene s = make_scene(75, 52, 1);
    const float *p = known[k];
    paint(&s, p[0], p[1], p[2]);
    s.mask[20 * 75 + 33] = 1;
    compute(&s);
    for (int y = 0; y < s.h; y++)
      for (int x = 0; x < s.w; x++) {
        assert_true(at(&s, x, y, KZ_FUSED_LINE) == 0);
        assert_true(at(&s, x, y, KZ_FUSED_GRADIENT) < 1e-5f);
        assert_true(fabsf(at(&s, x, y, KZ_FUSED_COS)) < 1e-5f);
        assert_true(fabsf(at(&s, x, y, KZ_FUSED_SIN)) < 1e-5f);
        assert_true(at(&s, x, y, KZ_FUSED_TEXTURE) < 1e-5f);
        assert_true(at(&s, x, y, KZ_FUSED_TEXTURE_2) < 1e-5f);
        assert_true(fabsf(at(&s, x, y, KZ_FUSED_L) - (p[3] - 50) / 50) < 2e-2f);
        assert_true(fabsf(at(&s, x, y, KZ_FUSED_A) - p[4] / 50) < 2e-2f);
        assert_true(fabsf(at(&s, x, y, KZ_FUSED_B) - p[5] / 50) < 2e-2f);
      }
    assert_true(fabsf(at(&s, 40, 30, KZ_FUSED_L) - (p[3] - 50) / 50) < 5e-4f);
    assert_true(fabsf(at(&s, 40, 30, KZ_FUSED_B) - p[5] / 50) < 1e-3f);
    free_scene(&s);
  }
}

static void test_texture_bands(void **state) {
  (void)state;
  struct scene s = make_scene(64, 64, 1);
  float fine[2], coarse[2];
  for (int k = 0; k < 2; k++) { /* stripes of 3 px, of 7 px */
    for (int i = 0; i < 64 * 64; i++)
      for (int c = 0; c < 3; c++)
        s.rgb[3 * i + c] = 0.3f * sinf((float)(i % 64) * 6.2832f / (k ? 7.0f : 3.0f));
    compute(&s);
    fine[k] = at(&s, 32, 32, KZ_FUSED_TEXTURE);
    coarse[k] = at(&s, 32, 32, KZ_FUSED_TEXTURE_2);
  }
  assert_true(fine[0] > 0.5f && fine[0] > 3 * fine[1]);
  assert_true(coarse[1] > 0.3f && coarse[1] > 2 * fine[1] && coarse[1] > 4 * coarse[0]);
  free_scene(&s);
}

/* ---- distance ---- */

static float brute(const struct scene *s, int x0, int y0) {
  bool hole = s->mask[(size_t)y0 * s->w + x0] >= 0.5f;
  double least = 127.0 * 127.0;
  for (int y = 0; y < s->h; y++)
    for (int x = 0; x < s->w; x++)
      if ((s->mask[(size_t)y * s->w + x] >= 0.5f) != hole)
        least = fmin(least, (double)(x - x0) * (x - x0) + (double)(y - y0) * (y - y0));
  double v = log2(1 + sqrt(least)) / 8;
  return (float)(hole ? v : -v);
}

static void test_distance(void **state) {
  (void)state;
  static const int sizes[][2] = {{70, 50}, {1, 30}, {200, 3}, {300, 20}, {33, 140}, {1, 1}};
  for (size_t k = 0; k < sizeof sizes / sizeof *sizes; k++)
    for (int kind = 0; kind < HOLES + 1; kind++) {
      struct scene s = make_scene(sizes[k][0], sizes[k][1], 2);
      if (kind < HOLES) cut_hole(&s, kind); /* else no hole at all */
      compute(&s);
      for (int y = 0; y < s.h; y++)
        for (int x = 0; x < s.w; x++)
          assert_true(fabsf(at(&s, x, y, KZ_FUSED_DISTANCE) - brute(&s, x, y)) < 2e-5f);
      free_scene(&s);
    }
}

/* ---- sizes, parts, drawings ---- */

static void test_any_size_is_finite(void **state) {
  (void)state;
  static const int sizes[][2] = {{1, 1}, {1, 2}, {2, 1}, {1, 100}, {100, 1}, {3, 3},
                                 {7, 9}, {8, 8}, {65, 63}, {129, 31}};
  for (size_t k = 0; k < sizeof sizes / sizeof *sizes; k++)
    for (int kind = 0; kind < HOLES + 1; kind++) {
      struct scene s = make_scene(sizes[k][0], sizes[k][1], 2);
      if (kind < HOLES) cut_hole(&s, kind);
      compute(&s);
      for (size_t i = 0; i < (size_t)s.w * s.h * KZ_FUSED; i++) {
        float v = s.out[i];
        bool colour = i % KZ_FUSED >= KZ_FUSED_L && i % KZ_FUSED <= KZ_FUSED_B;
        assert_true(v >= -1.0f - colour * 1.2f && v <= 1.0f + colour * 1.2f);
        if (kind == HOLES - 1 && i % KZ_FUSED != KZ_FUSED_DISTANCE) assert_true(v == 0);
        if (kind == HOLES - 1 && i % KZ_FUSED == KZ_FUSED_DISTANCE)
          assert_true(fabsf(v - 0.875f) < 1e-5f);
      }
      free_scene(&s);
    }
}

static void test_no_mask_is_an_empty_one(void **state) {
  (void)state;
  struct scene s = make_scene(61, 47, 2);
  size_t n = (size_t)s.w * s.h;
  float *first = grab(n * KZ_FUSED * sizeof *first);
  uint8_t *line = grab(n);
  compute(&s);
  memcpy(first, s.out, n * KZ_FUSED * sizeof *first);
  struct kz_fused_input in = {.w = s.w, .h = s.h, .rgb = s.rgb};
  kz_fused_compute(&in, s.out, s.scratch);
  assert_memory_equal(first, s.out, n * KZ_FUSED * sizeof *first);
  kz_fused_line(s.w, s.h, s.rgb, NULL, line, s.scratch);
  bool any = false;
  for (size_t i = 0; i < n; i++) {
    assert_int_equal(line[i], (int)(first[i * KZ_FUSED + KZ_FUSED_LINE] * 255 + 0.5f));
    any = any || line[i] > 200;
  }
  assert_true(any);
  free(first);
  free(line);
  free_scene(&s);
}

static void test_part_is_as_whole(void **state) {
  (void)state;
  enum { W = 700, H = 640, X = 32, Y = 96, PW = 576, PH = 448, M = KZ_FUSED_HALO };
  struct scene s = make_scene(W, H, 8), part = make_scene(PW, PH, 9);
  struct kz_rng rng;
  kz_rng_init(&rng, 11);
  for (int k = 0; k < 30; k++) {
    int x0 = kz_rng_int(&rng, 0, W - 1), y0 = kz_rng_int(&rng, 0, H - 1);
    int side = kz_rng_int(&rng, 3, 90);
    for (int y = y0; y < y0 + side && y < H; y++)
      for (int x = x0; x < x0 + side && x < W; x++) s.mask[y * W + x] = 1;
  }
  for (int y = 0; y < PH; y++) {
    memcpy(part.rgb + 3 * y * PW, s.rgb + 3 * ((y + Y) * W + X), 3 * PW * sizeof(float));
    memcpy(part.mask + y * PW, s.mask + (y + Y) * W + X, PW * sizeof(float));
  }
  compute(&s);
  compute(&part);
  for (int y = M; y < PH - M; y++)
    for (int x = M; x < PW - M; x++)
      for (int c = 0; c < KZ_FUSED; c++)
        assert_true(fabsf(at(&part, x, y, c) - at(&s, x + X, y + Y, c)) < 1e-5f);
  free_scene(&s);
  free_scene(&part);
}

static void test_drawing(void **state) {
  (void)state;
  struct scene s = make_scene(40, 30, 2);
  size_t n = 40 * 30;
  uint8_t *drawn = grab(n), *valid = grab(n);
  cut_hole(&s, 0);
  for (size_t i = 0; i < n; i++) drawn[i] = (uint8_t)(i * 5), valid[i] = i % 40 < 20 ? 255 : 0;
  struct kz_fused_input in = {.w = 40, .h = 30, .rgb = s.rgb, .mask = s.mask, .drawn = drawn,
                              .drawn_valid = valid};
  kz_fused_compute(&in, s.out, s.scratch);
  for (size_t i = 0; i < n; i++) {
    bool counts = s.mask[i] > 0 && valid[i];
    assert_true(s.out[i * KZ_FUSED + KZ_FUSED_DRAWN_VALID] == (counts ? 1.0f : 0.0f));
    assert_true(fabsf(s.out[i * KZ_FUSED + KZ_FUSED_DRAWN] - (counts ? drawn[i] / 255.0f : 0)) <
                1e-6f);
  }
  in.drawn = NULL;
  kz_fused_compute(&in, s.out, s.scratch);
  for (size_t i = 0; i < n; i++)
    assert_true(s.out[i * KZ_FUSED + KZ_FUSED_DRAWN_VALID] == 0);
  free(drawn);
  free(valid);
  free_scene(&s);
}

/* ---- instruction sets ---- */

static void compare_code(const struct kz__fused_code *code, const struct scene *s,
                         const float *first) {
  struct kz__fused_space space;
  struct kz_fused_input in = {.w = s->w, .h = s->h, .rgb = s->rgb, .mask = s->mask};
  size_t off = 0, count = (size_t)s->w * s->h * KZ_FUSED;
  kz__fused_layout(s->w, s->h, s->scratch, &space);
  code->compute(&in, &space, s->out);
  for (size_t i = 0; i < count; i++) off += fabsf(first[i] - s->out[i]) > 2e-4f;
  assert_true(off <= count / 2000); /* a direction between two steps may round either way */
}

static void test_every_instruction_set(void **state) {
  (void)state;
#if defined(__x86_64__)
  struct scene s = make_scene(203, 149, 6);
  size_t bytes = (size_t)s.w * s.h * KZ_FUSED * sizeof(float);
  float *first = grab(bytes);
  cut_hole(&s, 3);
  compute(&s);
  memcpy(first, s.out, bytes);
  compare_code(&kz__fused_sse42, &s, first);
  __builtin_cpu_init();
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"))
    compare_code(&kz__fused_avx2, &s, first);
  free(first);
  free_scene(&s);
#else
  skip();
#endif
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_hole_content_is_not_seen),
      cmocka_unit_test(test_structure_is_carried_in),
      cmocka_unit_test(test_line_and_its_direction),
      cmocka_unit_test(test_edge_is_no_line),
      cmocka_unit_test(test_constant),
      cmocka_unit_test(test_texture_bands),
      cmocka_unit_test(test_distance),
      cmocka_unit_test(test_any_size_is_finite),
      cmocka_unit_test(test_no_mask_is_an_empty_one),
      cmocka_unit_test(test_part_is_as_whole),
      cmocka_unit_test(test_drawing),
      cmocka_unit_test(test_every_instruction_set),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
