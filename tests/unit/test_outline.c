/* Outlines: closed around a shape of another colour, where the shape is and nowhere else; none in
 * flat paint, in grain, beside a painted line, or at a hole; what a hole holds is unseen. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <kizil/rng.h>

#include "feature/fused.h"
#include "feature/outline.h"

enum { W = 101, H = 90 };

struct scene {
  int w, h;
  float *rgb, *mask, *scratch;
  uint8_t *line;
};

static void scene_init(struct scene *s, int w, int h) {
  size_t n = (size_t)w * h, line = kz_fused_scratch(w, h), outline = kz_outline_scratch(w, h);
  *s = (struct scene){.w = w, .h = h};
  s->rgb = calloc(n * 3, sizeof *s->rgb);
  s->mask = calloc(n, sizeof *s->mask);
  s->scratch = malloc((line > outline ? line : outline) * sizeof *s->scratch);
  s->line = calloc(n, 1);
  assert_true(s->rgb && s->mask && s->scratch && s->line);
}

static void scene_release(struct scene *s) {
  free(s->rgb);
  free(s->mask);
  free(s->scratch);
  free(s->line);
}

static void paint(struct scene *s, int x, int y, float red, float green, float blue) {
  float *p = s->rgb + 3 * ((size_t)y * s->w + x);
  p[0] = red;
  p[1] = green;
  p[2] = blue;
}

static void outline(struct scene *s, bool masked, float threshold) {
  struct kz_outline_input in = {s->w, s->h, s->rgb, masked ? s->mask : NULL, threshold};
  /* what is left in the scratch memory must not count */
  memset(s->scratch, 0x7f, kz_outline_scratch(s->w, s->h) * sizeof *s->scratch);
  kz_outline_draw(&in, s->line, s->scratch);
}

static int inked(const struct scene *s, int from) {
  int n = 0;
  for (int i = 0; i < s->w * s->h; i++) n += s->line[i] >= from;
  return n;
}

/* Red on a green as light: L* of both is about 52. Signed distance of the middle of a pixel. */
static float from_disc(int x, int y) { return hypotf((float)x - 50, (float)y - 44) - 26; }

static void paint_disc(struct scene *s) {
  for (int y = 0; y < s->h; y++)
    for (int x = 0; x < s->w; x++)
      if (from_disc(x, y) < 0)
        paint(s, x, y, 0.50f, -0.24f, -0.30f);
      else
        paint(s, x, y, -0.40f, 0.08f, -0.30f);
}

/* How many pixels a walk over pixels without ink reaches from the middle. */
static int flood(const struct scene *s, int x, int y) {
  static int stack[4 * W * H];
  static bool seen[W * H];
  int n = 0, reached = 0;
  memset(seen, 0, sizeof seen);
  stack[n++] = y * s->w + x;
  while (n) {
    int i = stack[--n], u = i % s->w, v = i / s->w;
    if (seen[i] || s->line[i] >= 64) continue;
    seen[i] = true;
    reached++;
    if (u > 0) stack[n++] = i - 1;
    if (u + 1 < s->w) stack[n++] = i + 1;
    if (v > 0) stack[n++] = i - s->w;
    if (v + 1 < s->h) stack[n++] = i + s->w;
  }
  return reached;
}

static void a_disc_of_the_same_lightness_is_outlined(void **state) {
  (void)state;
  struct scene s;
  scene_init(&s, W, H);
  paint_disc(&s);
  outline(&s, false, KZ_OUTLINE_SPARSE);
  int reached = flood(&s, 50, 44);
  assert_true(reached > 1700 && reached < 2124); /* pi 26^2, less half the pen */
  double ink = 0;
  for (int i = 0; i < W * H; i++) {
    float d = fabsf(from_disc(i % W, i / W));
    ink += s.line[i] / 255.0;
    if (d > 2.5f) assert_int_equal(s.line[i], 0);
    if (d < 0.25f) assert_true(s.line[i] > 128);
  }
  double width = ink / (2 * 3.14159265 * 26);
  assert_true(width > 1.2 && width < 1.8);
  scene_release(&s);
}

static void a_high_threshold_draws_nothing(void **state) {
  (void)state;
  struct scene s;
  scene_init(&s, W, H);
  paint_disc(&s);
  outline(&s, false, 200);
  assert_int_equal(inked(&s, 1), 0);
  scene_release(&s);
}

static void flat_paint_and_grain_have_none(void **state) {
  (void)state;
  struct scene s;
  struct kz_rng rng;
  scene_init(&s, W, H);
  outline(&s, false, KZ_OUTLINE_DETAILED);
  assert_int_equal(inked(&s, 1), 0);
  for (uint64_t seed = 0; seed < 20; seed++) { /* 12 of 255 levels either way */
    kz_rng_init(&rng, seed);
    for (int i = 0; i < W * H * 3; i++) s.rgb[i] = kz_rng_range(&rng, -0.094f, 0.094f);
    outline(&s, false, KZ_OUTLINE_DETAILED);
    assert_int_equal(inked(&s, 1), 0);
  }
  scene_release(&s);
}

static void specks_have_none(void **state) {
  (void)state;
  struct scene s;
  scene_init(&s, W, H);
  for (int y = 0; y < H; y++)
    for (int x = 0; x < W; x++) {
      bool speck = hypotf((float)(x % 25) - 12, (float)(y % 25) - 12) < 3.5f;
      paint(&s, x, y, speck ? 0.8f : -0.2f, speck ? 0.7f : -0.2f, speck ? 0.6f : -0.3f);
    }
  outline(&s, false, KZ_OUTLINE_DETAILED);
  assert_int_equal(inked(&s, 1), 0);
  scene_release(&s);
}

/* A dark line `width` px wide, aslant, on a light ground. */
static void paint_line(struct scene *s, float width) {
  for (int y = 0; y < s->h; y++)
    for (int x = 0; x < s->w; x++) {
      float far = fabsf(0.8f * (float)x - 0.6f * (float)y - 13) - width / 2 + 0.5f;
      float dark = 0.9f * (1 - fminf(fmaxf(far, 0), 1));
      paint(s, x, y, 0.4f - dark, 0.3f - dark, 0.1f - dark);
    }
}

static void a_painted_line_is_drawn_once(void **state) {
  (void)state;
  struct scene s;
  uint8_t *alone = malloc(W * H);
  assert_non_null(alone);
  for (int width = 2; width <= 6; width++) {
    scene_init(&s, W, H);
    paint_line(&s, (float)width);
    outline(&s, false, KZ_OUTLINE_DETAILED);
    assert_true(inked(&s, 128) > 150); /* both its sides, had nobody drawn it */
    kz_fused_line(W, H, s.rgb, NULL, s.line, s.scratch);
    memcpy(alone, s.line, W * H);
    assert_true(inked(&s, 128) > 100);
    outline(&s, false, KZ_OUTLINE_DETAILED);
    assert_memory_equal(s.line, alone, W * H);
    scene_release(&s);
  }
  free(alone);
}

static void what_is_drawn_stays(void **state) {
  (void)state;
  struct scene s;
  scene_init(&s, W, H);
  paint_disc(&s);
  for (int i = 0; i < W * H; i++) s.line[i] = (uint8_t)(i % 7 == 0 ? 100 : 3);
  uint8_t *before = malloc(W * H);
  assert_non_null(before);
  memcpy(before, s.line, W * H);
  outline(&s, false, KZ_OUTLINE_DETAILED);
  for (int i = 0; i < W * H; i++) assert_true(s.line[i] >= before[i]);
  assert_true(inked(&s, 200) > 100); /* faint lines do not keep outlines away */
  free(before);
  scene_release(&s);
}

static void the_same_bytes_again(void **state) {
  (void)state;
  struct scene a, b;
  scene_init(&a, W, H);
  scene_init(&b, W, H);
  paint_disc(&a);
  paint_disc(&b);
  outline(&a, false, 15);
  memset(b.scratch, 0, kz_outline_scratch(W, H) * sizeof *b.scratch);
  struct kz_outline_input in = {W, H, b.rgb, NULL, 15};
  kz_outline_draw(&in, b.line, b.scratch);
  assert_memory_equal(a.line, b.line, W * H);
  assert_true(inked(&a, 255) > 0);
  scene_release(&a);
  scene_release(&b);
}

/* A hole right of the disc's middle that cuts its edge; another wholly on flat ground. */
static bool in_hole(int x, int y) { return (x > 60 && y > 30 && y < 60) || (x < 15 && y < 20); }

static void fill_hole(struct scene *s, float value) {
  for (int i = 0; i < W * H; i++) {
    if (!in_hole(i % W, i / W)) continue;
    s->mask[i] = 1;
    for (int c = 0; c < 3; c++) s->rgb[3 * i + c] = value;
  }
}

static bool near_hole(int x, int y) {
  for (int v = y - 1; v <= y + 1; v++)
    for (int u = x - 1; u <= x + 1; u++)
      if (u >= 0 && v >= 0 && u < W && v < H && in_hole(u, v)) return true;
  return false;
}

static void holes_have_no_rim(void **state) {
  (void)state;
  struct scene s, other;
  scene_init(&s, W, H);
  scene_init(&other, W, H);
  paint_disc(&s);
  paint_disc(&other);
  fill_hole(&s, -1);
  fill_hole(&other, NAN);
  outline(&s, true, KZ_OUTLINE_DETAILED);
  outline(&other, true, KZ_OUTLINE_DETAILED);
  assert_memory_equal(s.line, other.line, W * H);
  for (int y = 0; y < H; y++)
    for (int x = 0; x < W; x++) {
      int ink = s.line[y * W + x];
      if (near_hole(x, y) || fabsf(from_disc(x, y)) > 2.5f) assert_int_equal(ink, 0);
    }
  assert_true(inked(&s, 200) > 80); /* the rest of the disc is outlined */
  scene_release(&s);
  scene_release(&other);
}

static void an_edge_under_the_rim_is_not_drawn_beside_it(void **state) {
  (void)state;
  struct scene s;
  for (int edge = 39; edge <= 44; edge++) { /* the rim is at 40 */
    scene_init(&s, W, H);
    for (int y = 0; y < H; y++)
      for (int x = 0; x < W; x++) {
        paint(&s, x, y, x < edge ? 0.5f : -0.5f, x < edge ? 0.4f : -0.4f, 0);
        s.mask[y * W + x] = x >= 40 && x < 60;
      }
    outline(&s, true, KZ_OUTLINE_DETAILED);
    assert_int_equal(inked(&s, 1), 0);
    scene_release(&s);
  }
}

static void all_hole(void **state) {
  (void)state;
  struct scene s;
  scene_init(&s, W, H);
  paint_disc(&s);
  for (int i = 0; i < W * H; i++) s.mask[i] = 1;
  outline(&s, true, KZ_OUTLINE_DETAILED);
  assert_int_equal(inked(&s, 1), 0);
  scene_release(&s);
}

static void narrow_pictures(void **state) {
  (void)state;
  static const int sizes[][2] = {{1, 1}, {1, 40}, {40, 1},  {2, 2},  {2, 50},  {3, 3},
                                 {3, 60}, {4, 60}, {60, 4}, {5, 5}, {17, 16}, {16, 33}};
  for (size_t k = 0; k < sizeof sizes / sizeof *sizes; k++)
    for (int masked = 0; masked < 2; masked++) {
      struct scene s;
      scene_init(&s, sizes[k][0], sizes[k][1]);
      for (int i = 0; i < s.w * s.h; i++) {
        bool dark = i / s.w >= s.h / 2;
        paint(&s, i % s.w, i / s.w, dark ? -0.7f : 0.7f, dark ? -0.7f : 0.7f, 0);
        s.mask[i] = i % 11 == 0;
        s.line[i] = 9;
      }
      outline(&s, masked, KZ_OUTLINE_DETAILED);
      if (s.w < 5 || s.h < 5) assert_int_equal(inked(&s, 10), 0);
      if (s.w >= 16 && s.h >= 16 && !masked) assert_true(inked(&s, 150) >= 12);
      assert_int_equal(inked(&s, 9), s.w * s.h);
      scene_release(&s);
    }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_disc_of_the_same_lightness_is_outlined),
      cmocka_unit_test(a_high_threshold_draws_nothing),
      cmocka_unit_test(flat_paint_and_grain_have_none),
      cmocka_unit_test(specks_have_none),
      cmocka_unit_test(a_painted_line_is_drawn_once),
      cmocka_unit_test(what_is_drawn_stays),
      cmocka_unit_test(the_same_bytes_again),
      cmocka_unit_test(holes_have_no_rim),
      cmocka_unit_test(an_edge_under_the_rim_is_not_drawn_beside_it),
      cmocka_unit_test(all_hole),
      cmocka_unit_test(narrow_pictures),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
