/* Styles of a fill: tratteggio keeps the mean of every cell and its lines their place, tiles fit
 * without a seam, what is not filled is not touched. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <math.h>

#include <kizil/layers.h>

enum { WIDTH = 131, HEIGHT = 67, COUNT = WIDTH * HEIGHT };

static struct kz_style_options options_of(int style) {
  struct kz_style_options o;
  kz_params_defaults(kz_style_params, &o);
  o.style = style;
  return o;
}

static uint32_t next(uint32_t *s) {
  *s = *s * 1664525u + 1013904223u;
  return *s >> 8;
}

/* A fill of noise, black and white in it, under two blobs, a bar and single pixels. */
static struct kz_patch scene(void) {
  struct kz_patch p = {.w = WIDTH, .h = HEIGHT, .rgb = malloc(COUNT * 3 * sizeof(float)),
                       .mask = calloc(COUNT, 1)};
  uint32_t seed = 3;
  assert_true(p.rgb && p.mask);
  for (int i = 0; i < 3 * COUNT; i++) {
    int x = i / 3 % WIDTH;
    float v = (float)(next(&seed) % 1000) / 999.0f;
    p.rgb[i] = x < 60 ? 0.4f + 0.2f * v : v * 1.2f - 0.1f;
  }
  for (int y = 0; y < HEIGHT; y++)
    for (int x = 0; x < WIDTH; x++)
      if (hypot(x - 30, y - 30) < 24 || hypot(x - 95, y - 33) < 30 || (y > 40 && y < 46) ||
          next(&seed) % 97 == 0)
        p.mask[y * WIDTH + x] = 255;
  p.rgb[3 * (30 * WIDTH + 30)] = NAN;
  return p;
}

static struct kz_patch blank(int x, int y, int w, int h) {
  return (struct kz_patch){x, y, w, h, calloc((size_t)w * h, 3 * sizeof(float)), NULL};
}

static void release(struct kz_patch *p) {
  free(p->rgb);
  free(p->mask);
}

static void apply(const struct kz_style_options *o, const struct kz_patch *src,
                  struct kz_patch *dst) {
  struct kz_err err = {0};
  if (kz_style_apply(o, src, dst, &err)) fail_msg("%s", err.msg);
}

static float stored(float v) { return v > 0 ? (v < 1 ? v : 1) : 0; }

static void test_defaults_and_pitch(void **state) {
  (void)state;
  struct kz_style_options o = options_of(KZ_STYLE_TRATTEGGIO);
  assert_int_equal(kz_style_pitch(&o), 12); /* 1 mm at 300 px an inch: 11.8 */
  o.scale = 0.5;
  assert_int_equal(kz_style_pitch(&o), 24);
  o.scale = 1;
  o.line = 1;
  assert_int_equal(kz_style_pitch(&o), 24);
  o.dpi = 10;
  assert_int_equal(kz_style_pitch(&o), 4);
  o = options_of(KZ_STYLE_PLAIN);
  assert_int_equal(o.style, KZ_STYLE_PLAIN);
  assert_int_equal(kz_style_margin(&o), 0);
}

/* The mean of every cell, as 8-bit samples too, and lines that are there. */
static void test_tratteggio_keeps_the_mean(void **state) {
  (void)state;
  struct kz_style_options o = options_of(KZ_STYLE_TRATTEGGIO);
  struct kz_patch src = scene(), dst = blank(0, 0, WIDTH, HEIGHT);
  int pitch = kz_style_pitch(&o), cells = 0;
  double strongest = 0, worst = 0, worst_level = 0;
  apply(&o, &src, &dst);
  for (int y = 0; y < HEIGHT; y++)
    for (int x0 = 0; x0 < WIDTH; x0 += pitch)
      for (int c = 0; c < 3; c++) {
        double before = 0, after = 0, before8 = 0, after8 = 0;
        int n = 0;
        for (int x = x0; x < x0 + pitch && x < WIDTH; x++) {
          size_t i = (size_t)y * WIDTH + x;
          if (!src.mask[i]) continue;
          float v = stored(src.rgb[3 * i + c]), q = dst.rgb[3 * i + c];
          assert_true(q >= 0 && q <= 1);
          before += v;
          after += q;
          before8 += floor(255 * v + 0.5);
          after8 += floor(255 * q + 0.5);
          strongest = fmax(strongest, fabs(q - v));
          n++;
        }
        if (!n) continue;
        worst = fmax(worst, fabs(after - before) / n);
        worst_level = fmax(worst_level, fabs(after8 - before8) / n);
        cells++;
      }
  assert_true(cells > 500);
  assert_true(strongest > 0.11);
  if (worst > 1e-5) fail_msg("a cell's mean moved by %g", worst);
  if (worst_level > 1) fail_msg("a cell's mean moved by %g of 255", worst_level);
  release(&src);
  release(&dst);
}

/* Over an even fill the same line runs from top to bottom, one period a pitch. */
static void test_tratteggio_lines(void **state) {
  (void)state;
  struct kz_style_options o = options_of(KZ_STYLE_TRATTEGGIO);
  struct kz_patch src = scene(), dst = blank(0, 0, WIDTH, HEIGHT);
  int pitch = kz_style_pitch(&o);
  for (int i = 0; i < 3 * COUNT; i++) src.rgb[i] = 0.5f;
  memset(src.mask, 255, COUNT);
  apply(&o, &src, &dst);
  for (int y = 0; y < HEIGHT; y++)
    for (int x = 0; x + 2 * pitch <= WIDTH; x++) {
      const float *q = dst.rgb + 3 * (y * WIDTH + x);
      assert_float_equal(q[0], dst.rgb[3 * x], 1e-6);
      assert_float_equal(q[0], q[3 * pitch], 1e-5);
      if (x % pitch < pitch / 2) assert_true(q[0] > 0.5f + 0.02f);
      if (x % pitch >= pitch / 2) assert_true(q[0] < 0.5f - 0.02f);
    }
  release(&src);
  release(&dst);
}

/* Every style in tiles, each shown with its margin, is the style of the whole. */
static void test_tiles(void **state) {
  (void)state;
  struct kz_patch src = scene(), whole = blank(0, 0, WIDTH, HEIGHT);
  for (int style = KZ_STYLE_PLAIN; style <= KZ_STYLE_OUTLINE; style++) {
    struct kz_style_options o = options_of(style);
    o.outline = 2;
    apply(&o, &src, &whole);
    int m = kz_style_margin(&o);
    for (int y = 0; y < HEIGHT; y += 29)
      for (int x = 0; x < WIDTH; x += 37) {
        int w = WIDTH - x < 37 ? WIDTH - x : 37, h = HEIGHT - y < 29 ? HEIGHT - y : 29;
        int x0 = x > m ? x - m : 0, y0 = y > m ? y - m : 0;
        int x1 = x + w + m < WIDTH ? x + w + m : WIDTH;
        int y1 = y + h + m < HEIGHT ? y + h + m : HEIGHT;
        struct kz_patch part = blank(x0, y0, x1 - x0, y1 - y0), tile = blank(x, y, w, h);
        part.mask = malloc((size_t)part.w * part.h);
        for (int v = 0; v < part.h; v++) {
          size_t from = (size_t)(y0 + v) * WIDTH + x0, to = (size_t)v * part.w;
          memcpy(part.mask + to, src.mask + from, (size_t)part.w);
          memcpy(part.rgb + 3 * to, src.rgb + 3 * from, 3 * sizeof(float) * part.w);
        }
        apply(&o, &part, &tile);
        for (int v = 0; v < h; v++)
          assert_memory_equal(tile.rgb + 3 * v * w, whole.rgb + 3 * ((y + v) * WIDTH + x),
                              3 * sizeof(float) * w);
        release(&part);
        release(&tile);
      }
  }
  release(&src);
  release(&whole);
}

/* Patches that meet in the middle of a region are styled as one picture; the rest stays. */
static void test_patches(void **state) {
  (void)state;
  struct kz_err err = {0};
  struct kz_patch src = scene(), whole = blank(0, 0, WIDTH, HEIGHT), parts[2];
  for (int style = KZ_STYLE_TRATTEGGIO; style <= KZ_STYLE_OUTLINE; style++) {
    struct kz_style_options o = options_of(style);
    apply(&o, &src, &whole);
    for (int k = 0; k < 2; k++) {
      int x0 = k ? 91 : 0, w = k ? WIDTH - 91 : 91;
      parts[k] = blank(x0, 0, w, HEIGHT);
      parts[k].mask = malloc((size_t)w * HEIGHT);
      for (int y = 0; y < HEIGHT; y++) {
        memcpy(parts[k].mask + y * w, src.mask + y * WIDTH + x0, (size_t)w);
        memcpy(parts[k].rgb + 3 * y * w, src.rgb + 3 * (y * WIDTH + x0), 3 * sizeof(float) * w);
      }
    }
    if (kz_style_patches(&o, WIDTH, HEIGHT, parts, 2, &err)) fail_msg("%s", err.msg);
    for (int k = 0; k < 2; k++) {
      for (int y = 0; y < HEIGHT; y++)
        assert_memory_equal(parts[k].rgb + 3 * y * parts[k].w,
                            whole.rgb + 3 * (y * WIDTH + parts[k].x),
                            3 * sizeof(float) * parts[k].w);
    }
    parts[1].x++;
    assert_int_equal(kz_style_patches(&o, WIDTH, HEIGHT, parts, 2, &err), KZ_ERANGE);
    release(&parts[0]);
    release(&parts[1]);
  }
  release(&src);
  release(&whole);
}

static void test_unfilled_stays(void **state) {
  (void)state;
  struct kz_patch src = scene(), dst = blank(0, 0, WIDTH, HEIGHT);
  for (int style = KZ_STYLE_PLAIN; style <= KZ_STYLE_OUTLINE; style++) {
    struct kz_style_options o = options_of(style);
    int changed = 0;
    apply(&o, &src, &dst);
    for (size_t i = 0; i < COUNT; i++) {
      if (!src.mask[i]) assert_memory_equal(dst.rgb + 3 * i, src.rgb + 3 * i, 3 * sizeof(float));
      if (src.mask[i]) changed += fabsf(dst.rgb[3 * i] - stored(src.rgb[3 * i])) > 0.02f;
    }
    if (style == KZ_STYLE_PLAIN)
      assert_int_equal(changed, 0);
    else
      assert_true(changed > 100);
  }
  release(&src);
  release(&dst);
}

static void test_lowered(void **state) {
  (void)state;
  struct kz_style_options o = options_of(KZ_STYLE_LOWERED);
  float rgb[3] = {0.9f, 0.3f, 0.1f}, to[3];
  uint8_t mask = 255;
  struct kz_patch src = {.w = 1, .h = 1, .rgb = rgb, .mask = &mask}, dst = src;
  dst.rgb = to;
  float grey = 0.2126f * 0.9f + 0.7152f * 0.3f + 0.0722f * 0.1f;
  o.fade = 1;
  o.lower = 0;
  apply(&o, &src, &dst);
  for (int c = 0; c < 3; c++) assert_float_equal(to[c], grey, 1e-6);
  o.fade = 0.5;
  o.lower = 0.2;
  apply(&o, &src, &dst);
  for (int c = 0; c < 3; c++)
    assert_float_equal(to[c], 0.1f + 0.8f * (rgb[c] + grey) / 2, 1e-6);
}

/* A square with a line of 1 to 3 px along its inside, white on dark and black on light. */
static void test_outline(void **state) {
  (void)state;
  struct kz_patch src = scene(), dst = blank(0, 0, WIDTH, HEIGHT);
  memset(src.mask, 0, COUNT);
  for (int y = 10; y < 50; y++) memset(src.mask + y * WIDTH + 20, 255, 60);
  for (int width = 1; width <= 3; width++)
    for (int light = 0; light < 2; light++) {
      struct kz_style_options o = options_of(KZ_STYLE_OUTLINE);
      o.outline = width;
      float fill = light ? 0.7f : 0.3f, line = light ? 0 : 1;
      for (int i = 0; i < 3 * COUNT; i++) src.rgb[i] = fill;
      apply(&o, &src, &dst);
      for (int y = 10; y < 50; y++)
        for (int x = 20; x < 80; x++) {
          bool edge = x < 20 + width || x >= 80 - width || y < 10 + width || y >= 50 - width;
          assert_float_equal(dst.rgb[3 * (y * WIDTH + x) + 1], edge ? line : fill, 1e-6);
        }
    }
  release(&src);
  release(&dst);
}

static void test_refused(void **state) {
  (void)state;
  struct kz_err err = {0};
  struct kz_patch src = scene(), dst = blank(0, 0, WIDTH, HEIGHT);
  struct kz_style_options o = options_of(KZ_STYLE_OUTLINE);
  dst.x = 1;
  assert_int_equal(kz_style_apply(&o, &src, &dst, &err), KZ_ERANGE);
  dst.x = 0;
  o.outline = 4;
  assert_int_equal(kz_style_apply(&o, &src, &dst, &err), KZ_ERANGE);
  assert_non_null(strstr(err.msg, "style-outline is 4"));
  o = options_of(KZ_STYLE_TRATTEGGIO);
  o.dpi = NAN;
  assert_int_equal(kz_style_apply(&o, &src, &dst, &err), KZ_ERANGE);
  o = options_of(4);
  assert_int_equal(kz_style_apply(&o, &src, &dst, &err), KZ_ERANGE);
  release(&src);
  release(&dst);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_defaults_and_pitch), cmocka_unit_test(test_tratteggio_keeps_the_mean),
      cmocka_unit_test(test_tratteggio_lines),   cmocka_unit_test(test_tiles),
      cmocka_unit_test(test_patches),            cmocka_unit_test(test_unfilled_stays),
      cmocka_unit_test(test_lowered),            cmocka_unit_test(test_outline),
      cmocka_unit_test(test_refused),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
