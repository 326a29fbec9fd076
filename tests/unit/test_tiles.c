/* Runs of damaged pixels, and the tile plan. */
#include "mask_fixture.h"

#include <math.h>

#include "restore/tiles.h"

/* ---- runs ---- */

static void runs_follow_the_mask(void **state) {
  (void)state;
  for (int i = 0; i < SIZES; i++) {
    int w = sizes[i][0], h = sizes[i][1];
    uint8_t *mask = make_mask(w, h, 0.2, (uint64_t)i);
    uint8_t *again = calloc((size_t)w * h, 1);
    struct kz__holes holes;
    struct kz__span s;
    make_holes(&holes, mask, w, h);
    int64_t count = 0;
    for (kz__span_start(&s, &holes, 0, 0, w, h); kz__span_next(&s); count += s.len) {
      assert_int_equal(s.first, count);
      memset(again + (size_t)s.y * w + s.x, 255, (size_t)s.len);
    }
    assert_int_equal(count, holes.count);
    assert_memory_equal(mask, again, (size_t)w * h);
    kz__holes_release(&holes);
    free(mask);
    free(again);
  }
}

static void spans_are_cut_to_the_rectangle(void **state) {
  (void)state;
  enum { W = 120, H = 90 };
  uint8_t *mask = make_mask(W, H, 0.4, 5);
  int64_t number[H][W], count = 0;
  struct kz__holes holes;
  struct kz_rng rng;
  make_holes(&holes, mask, W, H);
  for (int y = 0; y < H; y++)
    for (int x = 0; x < W; x++) number[y][x] = mask[y * W + x] ? count++ : -1;
  kz_rng_init(&rng, 1);
  for (int trial = 0; trial < 500; trial++) {
    int x = kz_rng_int(&rng, 0, W - 1), y = kz_rng_int(&rng, 0, H - 1);
    int w = kz_rng_int(&rng, 1, W - x), h = kz_rng_int(&rng, 1, H - y), seen = 0, expected = 0;
    struct kz__span s;
    for (kz__span_start(&s, &holes, x, y, w, h); kz__span_next(&s); seen += s.len) {
      assert_true(s.len > 0 && s.x >= x && s.x + s.len <= x + w && s.y >= y && s.y < y + h);
      for (int k = 0; k < s.len; k++) assert_int_equal(number[s.y][s.x + k], s.first + k);
    }
    for (int v = y; v < y + h; v++)
      for (int u = x; u < x + w; u++) expected += number[v][u] >= 0;
    assert_int_equal(seen, expected);
    assert_int_equal(kz__holes_any(&holes, x, y, w, h), expected > 0);
  }
  kz__holes_release(&holes);
  free(mask);
}

/* The part that holds (x, y), marked 2; true if a square of width + 1 lies in the mask within it. */
static bool flood(uint8_t *mask, int w, int h, int x, int y, int width) {
  int *stack = malloc((size_t)w * h * sizeof *stack), top = 0;
  bool wide = false;
  mask[y * w + x] = 2;
  stack[top++] = y * w + x;
  while (top) {
    int at = stack[--top], px = at % w, py = at / w;
    bool square = px + width < w && py + width < h;
    for (int v = py; square && v <= py + width; v++)
      for (int u = px; square && u <= px + width; u++) square = mask[v * w + u] != 0;
    wide |= square;
    for (int v = py - 1; v <= py + 1; v++)
      for (int u = px - 1; u <= px + 1; u++)
        if (u >= 0 && v >= 0 && u < w && v < h && mask[v * w + u] == 255) {
          mask[v * w + u] = 2;
          stack[top++] = v * w + u;
        }
  }
  free(stack);
  return wide;
}

static void check_split(uint8_t *mask, int w, int h, int width, int64_t parts[2]) {
  struct kz__holes all, thin, wide;
  struct kz_err err;
  make_holes(&all, mask, w, h);
  assert_int_equal(kz__holes_split(&all, width, &thin, &wide, &err), 0);
  assert_int_equal(thin.count + wide.count, all.count);
  for (int y = 0; y < h; y++)
    for (int x = 0; x < w; x++) {
      if (mask[y * w + x] != 255) continue;
      bool is_wide = flood(mask, w, h, x, y, width);
      parts[is_wide]++;
      for (int v = 0; v < h; v++) /* the part just marked; 1 once it has been checked */
        for (int u = 0; u < w; u++) {
          if (mask[v * w + u] != 2) continue;
          assert_int_equal(kz__holes_any(&wide, u, v, 1, 1), is_wide);
          assert_int_equal(kz__holes_any(&thin, u, v, 1, 1), !is_wide);
          mask[v * w + u] = 1;
        }
    }
  kz__holes_release(&all);
  kz__holes_release(&thin);
  kz__holes_release(&wide);
}

/* Against flood fill and squares tried one by one. */
static void thin_parts_are_told_from_wide_ones(void **state) {
  (void)state;
  enum { W = 90, H = 70 };
  int64_t parts[2] = {0};
  for (int trial = 0; trial < 24; trial++) {
    uint8_t *mask = calloc(W * H, 1);
    struct kz_rng rng;
    kz_rng_init(&rng, (uint64_t)trial);
    for (int i = 0; i < 14; i++) { /* bars of all widths, some across others, some at the rim */
      int x = kz_rng_int(&rng, 0, W - 1), y = kz_rng_int(&rng, 0, H - 1);
      int a = kz_rng_int(&rng, 1, 7), b = kz_rng_int(&rng, 1, 20), slant = kz_rng_int(&rng, -1, 1);
      for (int v = 0; v < b; v++)
        for (int u = 0; u < a; u++) {
          int px = x + u + slant * v, py = y + v;
          if (px >= 0 && px < W && py < H) mask[py * W + px] = 255;
        }
    }
    check_split(mask, W, H, trial % 6, parts);
    free(mask);
  }
  assert_true(parts[0] > 20 && parts[1] > 20);
}

/* ---- the plan ---- */

static void axis_covers_with_margins(void **state) {
  (void)state;
  static const int tiles[][2] = {{256, 64}, {256, 0}, {256, 128}, {64, 16}, {96, 48}, {512, 64}};
  for (int k = 0; k < 6; k++)
    for (int length = 1; length < 2000; length += length < 700 ? 1 : 37) {
      int tile = tiles[k][0], overlap = tiles[k][1];
      struct kz__axis a;
      kz__axis_plan(&a, length, tile, overlap);
      assert_int_equal(a.size % KZ__TILE_MULTIPLE, 0);
      if (length <= tile * 3 / 2) {
        assert_int_equal(a.count, 1);
        assert_in_range(a.size, length, length + KZ__TILE_MULTIPLE - 1);
      } else {
        assert_int_equal(a.size, tile);
      }
      for (int i = 0; i < a.count; i++) {
        int at = kz__axis_at(&a, i), core = kz__axis_core(&a, i), end = kz__axis_core(&a, i + 1);
        assert_true(at >= 0 && at + kz__axis_extent(&a) <= length && core < end);
        assert_true(i == 0 ? at == 0 && core == 0 : core - at >= overlap / 2);
        if (i == a.count - 1)
          assert_true(at + kz__axis_extent(&a) == length && end == length);
        else
          assert_true(at + a.size - end >= overlap / 2);
      }
    }
}

static void plan_of_known_sizes(void **state) {
  (void)state;
  struct kz__axis a;
  kz__axis_plan(&a, 256, 256, 64); /* one tile without padding */
  assert_int_equal(a.count, 1);
  assert_int_equal(a.size, 256);
  kz__axis_plan(&a, 31, 256, 64);
  assert_int_equal(a.size, 32);
  kz__axis_plan(&a, 384, 256, 64);
  assert_int_equal(a.count, 1);
  assert_int_equal(a.size, 384);
  kz__axis_plan(&a, 512, 256, 64);
  assert_int_equal(a.count, 3);
  assert_int_equal(kz__axis_at(&a, 1), 128);
  kz__axis_plan(&a, 512, 512, 64);
  assert_int_equal(a.count, 1);
}

static void weights_rise_from_the_rim(void **state) {
  (void)state;
  struct kz__axis a;
  float w[256];
  kz__axis_plan(&a, 1000, 256, 64);
  for (int i = 0; i < a.count; i++) {
    kz__axis_weights(&a, i, w);
    for (int p = 0; p < 256; p++) {
      assert_true(w[p] > 0 && w[p] <= 1);
      if (p >= 64 && p < 192) assert_true(w[p] == 1);
      if (p) assert_true(fabsf(w[p] - w[p - 1]) < 0.03);
    }
    assert_true(i == 0 ? w[0] == 1 : w[0] < 0.001);
    assert_true(i == a.count - 1 ? w[255] == 1 : w[255] < 0.001);
  }
}

/* Every damaged pixel lies in a kept tile, away from its rim unless that is the image's; every
 * kept tile holds damage. The same for tiles that were thinned out (odd trials). */
static void kept_tiles_cover_the_damage(void **state) {
  (void)state;
  for (int i = 0; i < SIZES; i++)
    for (int trial = 0; trial < 6; trial++) {
      int k = trial / 2;
      int w = sizes[i][0], h = sizes[i][1], tile = k == 2 ? 64 : 256, overlap = k == 1 ? 128 : 32;
      uint8_t *mask = make_mask(w, h, 0.03, (uint64_t)(i + 10 * k));
      struct kz__holes holes;
      struct kz__tiles t;
      struct kz_err err;
      make_holes(&holes, mask, w, h);
      assert_int_equal(kz__tiles_plan(&t, &holes, tile, overlap, &err), 0);
      assert_true(t.count >= 1 && t.count <= t.ax.count * t.ay.count);
      if (trial % 2) assert_int_equal(kz__tiles_thin_out(&t, &holes, overlap, &err), 0);
      int tw = kz__axis_extent(&t.ax), th = kz__axis_extent(&t.ay);
      int rim = trial % 2 ? overlap / 4 : overlap / 2;
      for (int n = 0; n < t.count; n++)
        assert_true(kz__holes_any(&holes, t.list[n].x, t.list[n].y, tw, th));
      for (int y = 0; y < h; y++)
        for (int x = 0; x < w; x++) {
          if (!mask[(size_t)y * w + x]) continue;
          bool inside = false;
          for (int n = 0; n < t.count && !inside; n++) {
            int l = t.list[n].x, u = t.list[n].y, r = l + tw, b = u + th;
            inside = (l == 0 ? x >= 0 : x >= l + rim) && (r == w ? x < w : x < r - rim) &&
                     (u == 0 ? y >= 0 : y >= u + rim) && (b == h ? y < h : y < b - rim);
          }
          assert_true(inside);
        }
      kz__tiles_release(&t);
      kz__holes_release(&holes);
      free(mask);
    }
}

/* A spot over the meeting point of four cores needs one tile; one that no tile holds, all four. */
static void spots_take_one_tile(void **state) {
  (void)state;
  enum { W = 2000, H = 1500 };
  for (int side = 20; side <= 60; side += 40) {
    uint8_t *mask = calloc(W * H, 1);
    struct kz__holes holes;
    struct kz__tiles t;
    struct kz_err err;
    kz__axis_plan(&t.ax, W, 256, 64);
    kz__axis_plan(&t.ay, H, 256, 64);
    const int x0 = kz__axis_core(&t.ax, 3) - side / 2, y0 = kz__axis_core(&t.ay, 2) - side / 2;
    for (int y = y0; y < y0 + side; y++) memset(mask + y * W + x0, 255, (size_t)side);
    make_holes(&holes, mask, W, H);
    assert_int_equal(kz__tiles_plan(&t, &holes, 256, 64, &err), 0);
    assert_int_equal(t.count, 4);
    assert_int_equal(kz__tiles_thin_out(&t, &holes, 64, &err), 0);
    assert_int_equal(t.count, side == 20 ? 1 : 4);
    kz__tiles_release(&t);
    kz__holes_release(&holes);
    free(mask);
  }
}

static void sound_tiles_are_left_out(void **state) {
  (void)state;
  enum { W = 2000, H = 1500 };
  uint8_t *mask = calloc(W * H, 1);
  struct kz__holes holes;
  struct kz__tiles t;
  struct kz_err err;
  for (int x = 300; x < 303; x++) mask[700 * W + x] = 255;
  make_holes(&holes, mask, W, H);
  assert_int_equal(kz__tiles_plan(&t, &holes, 256, 64, &err), 0);
  assert_int_equal(t.count, 1);
  kz__tiles_release(&t);
  kz__holes_release(&holes);
  free(mask);
}

static void size_is_chosen_by_the_damage(void **state) {
  (void)state;
  enum { W = 2000, H = 1500 };
  uint8_t *mask = calloc(W * H, 1);
  struct kz__holes holes;
  struct kz__tiles t;
  struct kz_err err;
  mask[700 * W + 300] = 255; /* a spot: one small tile */
  make_holes(&holes, mask, W, H);
  assert_int_equal(kz__tiles_choose(&t, &holes, 64, &err), 0);
  assert_true(t.count == 1 && t.ax.size == 256 && t.ay.size == 256);
  kz__tiles_release(&t);
  kz__holes_release(&holes);
  for (int i = 0; i < W * H; i += 50) mask[i] = 255; /* everywhere: few large ones */
  make_holes(&holes, mask, W, H);
  assert_int_equal(kz__tiles_choose(&t, &holes, 64, &err), 0);
  assert_true(t.ax.size == 512 && t.ay.size == 512 && t.count == t.ax.count * t.ay.count);
  kz__tiles_release(&t);
  kz__holes_release(&holes);
  make_holes(&holes, mask, 512, 512); /* a single pass */
  assert_int_equal(kz__tiles_choose(&t, &holes, 64, &err), 0);
  assert_true(t.count == 1 && t.ax.size == 512 && t.ay.size == 512);
  kz__tiles_release(&t);
  kz__holes_release(&holes);
  make_holes(&holes, mask, 256, 256); /* the evaluation set */
  assert_int_equal(kz__tiles_choose(&t, &holes, 64, &err), 0);
  assert_true(t.count == 1 && t.ax.size == 256 && t.ay.size == 256);
  kz__tiles_release(&t);
  kz__holes_release(&holes);
  free(mask);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(runs_follow_the_mask),
      cmocka_unit_test(thin_parts_are_told_from_wide_ones),
      cmocka_unit_test(spans_are_cut_to_the_rectangle),
      cmocka_unit_test(axis_covers_with_margins),
      cmocka_unit_test(plan_of_known_sizes),
      cmocka_unit_test(weights_rise_from_the_rim),
      cmocka_unit_test(kept_tiles_cover_the_damage),
      cmocka_unit_test(spots_take_one_tile),
      cmocka_unit_test(sound_tiles_are_left_out),
      cmocka_unit_test(size_is_chosen_by_the_damage),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
