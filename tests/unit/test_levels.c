/* Coarse to fine: pictures halved and enlarged, tiles in groups, and the order in which damage of
 * all widths is filled, with a function in place of the network. */
#include "mask_fixture.h"

#include <math.h>

#include "diffusion/sampler.h"
#include "restore/groups.h"
#include "restore/levels.h"
#include "restore/sample.h"

/* ---- halving and enlarging, against the plain way ---- */

struct picture {
  int w, h;
  const uint8_t *mask; /* NULL: all known */
};

static float colour(int x, int y, int k) { return 0.1f + 0.001f * (float)(x * (k + 1) + y); }

static int read_picture(void *self, int x, int y, int w, int h, float *rgb, struct kz_err *err) {
  const struct picture *p = self;
  (void)err;
  assert_true(x >= 0 && y >= 0 && w > 0 && h > 0 && x + w <= p->w && y + h <= p->h);
  for (int v = y; v < y + h; v++)
    for (int u = x; u < x + w; u++)
      for (int k = 0; k < 3; k++)
        *rgb++ = p->mask && p->mask[(size_t)v * p->w + u] ? 77 : colour(u, v, k);
  return 0;
}

static int read_lines(void *self, int x, int y, int w, int h, uint8_t *drawn, struct kz_err *err) {
  (void)self, (void)err;
  for (int v = y; v < y + h; v++)
    for (int u = x; u < x + w; u++) *drawn++ = u % 10 == 3 || v % 14 == 5 ? 255 : 0;
  return 0;
}

/* The four pixels or fewer that one of the half picture stands for. */
static void check_half_pixel(const struct picture *p, int x, int y, const float *rgb, uint8_t line,
                             const struct kz__holes *half) {
  double sum[3] = {0};
  int known = 0, all = 0, drawn = 0;
  for (int v = 2 * y; v < 2 * y + 2 && v < p->h; v++)
    for (int u = 2 * x; u < 2 * x + 2 && u < p->w; u++, all++) {
      drawn |= u % 10 == 3 || v % 14 == 5;
      if (p->mask[(size_t)v * p->w + u]) continue;
      for (int k = 0; k < 3; k++) sum[k] += colour(u, v, k);
      known++;
    }
  assert_int_equal(kz__holes_any(half, x, y, 1, 1), 2 * (all - known) > all);
  assert_int_equal(line, drawn ? 255 : 0);
  for (int k = 0; k < 3; k++)
    assert_true(fabs(rgb[k] - (known ? sum[k] / known : 0)) < 1e-5);
}

static void half_is_the_mean_of_what_is_known(void **state) {
  (void)state;
  for (int i = 0; i < SIZES; i++) {
    int w = sizes[i][0], h = sizes[i][1], hw = (w + 1) / 2, hh = (h + 1) / 2;
    uint8_t *mask = make_mask(w, h, 0.4, (uint64_t)i), *lines = malloc((size_t)hw * hh);
    float *rgb = malloc((size_t)hw * hh * 12);
    struct picture p = {w, h, mask};
    const struct kz__known known = {&p, read_picture};
    const struct kz__drawn drawn = {&p, read_lines};
    struct kz__holes holes, half;
    struct kz_err err;
    make_holes(&holes, mask, w, h);
    assert_int_equal(kz__holes_halve(&holes, &half, &err), 0);
    assert_true(half.width == hw && half.height == hh);
    struct kz__half view = {&known, &holes, &drawn};
    int x = hw / 3, y = hh / 3; /* not from the corner */
    assert_int_equal(kz__half_read(&view, x, y, hw - x, hh - y, rgb, &err), 0);
    assert_int_equal(kz__half_read_drawn(&view, x, y, hw - x, hh - y, lines, &err), 0);
    for (int v = y; v < hh; v++)
      for (int u = x; u < hw; u++) {
        size_t at = (size_t)(v - y) * (hw - x) + (u - x);
        check_half_pixel(&p, u, v, rgb + at * 3, lines[at], &half);
      }
    kz__holes_release(&holes);
    kz__holes_release(&half);
    free(mask), free(lines), free(rgb);
  }
}

/* What is even stays even: a slope comes back as it was, but for the outermost pixels. */
static void a_slope_survives_halving_and_enlarging(void **state) {
  (void)state;
  enum { W = 1301, H = 900 };
  uint8_t *mask = make_mask(W, H, 0.2, 4);
  struct picture p = {W, H, NULL};
  const struct kz__known known = {&p, read_picture};
  struct kz__holes holes, none;
  struct kz__repair c;
  struct kz__span s;
  struct kz_err err;
  make_holes(&holes, mask, W, H);
  memset(mask, 0, W * H);
  make_holes(&none, mask, W, H);
  struct kz__half view = {&known, &none, NULL};
  const struct kz__known half = {&view, kz__half_read};
  assert_int_equal(kz__repair_init(&c, &holes, false, &err), 0);
  assert_int_equal(kz__repair_enlarge(&c, &half, &err), 0);
  for (kz__span_start(&s, &holes, 0, 0, W, H); kz__span_next(&s);)
    for (int n = 0; n < s.len; n++) {
      int x = s.x + n, y = s.y;
      bool rim = x < 1 || y < 1 || x > W - 3 || y > H - 2;
      for (int k = 0; k < 3; k++)
        assert_true(fabsf(c.x[(s.first + n) * 3 + k] - (colour(x, y, k) * 2 - 1)) <
                    (rim ? 0.005f : 1e-4f));
    }
  kz__repair_release(&c);
  kz__holes_release(&holes);
  kz__holes_release(&none);
  free(mask);
}

/* ---- groups ---- */

static bool share_damage(const struct kz__holes *h, const struct kz__tiles *a,
                         const struct kz__tiles *b) {
  for (int i = 0; i < a->count; i++)
    for (int j = 0; j < b->count; j++) {
      const struct kz__tile *p = &a->list[i], *q = &b->list[j];
      int x = p->x > q->x ? p->x : q->x, y = p->y > q->y ? p->y : q->y;
      int w = (p->x < q->x ? p->x : q->x) + a->ax.size - x;
      int v = (p->y < q->y ? p->y : q->y) + a->ay.size - y;
      if (w > 0 && v > 0 && kz__holes_any(h, x, y, w, v)) return true;
    }
  return false;
}

/* Every tile is in one group, a group has all damage that its tiles show, and no damage is shown by
 * tiles of two. */
static void groups_do_not_touch(void **state) {
  (void)state;
  enum { W = 1500, H = 1100, MOST = 400 };
  uint8_t *mask = make_mask(W, H, 0.004, 6);
  struct kz__holes holes, part[MOST];
  struct kz__tiles all, tiles[MOST];
  struct kz__groups groups;
  struct kz_err err;
  int count = 0, total = 0;
  make_holes(&holes, mask, W, H);
  assert_int_equal(kz__tiles_plan(&all, &holes, 64, 16, &err), 0);
  assert_int_equal(kz__groups_init(&groups, &holes, &all, &err), 0);
  for (int from = 0; from < all.count; from += tiles[count++].count) {
    assert_true(count < MOST);
    assert_int_equal(kz__groups_get(&groups, from, &tiles[count], &part[count], &err), 0);
    assert_true(tiles[count].count > 0 && part[count].count > 0);
    total += tiles[count].count;
  }
  assert_int_equal(total, all.count);
  assert_true(count > 3 && count < all.count);
  for (int i = 0; i < count; i++) {
    for (int n = 0; n < tiles[i].count; n++) {
      struct kz__span a, b;
      const struct kz__tile *t = &tiles[i].list[n];
      kz__span_start(&b, &part[i], t->x, t->y, 64, 64);
      for (kz__span_start(&a, &holes, t->x, t->y, 64, 64); kz__span_next(&a);)
        assert_true(kz__span_next(&b) && a.x == b.x && a.y == b.y && a.len == b.len);
    }
    for (int j = 0; j < i; j++) assert_false(share_damage(&holes, &tiles[i], &tiles[j]));
  }
  for (int i = 0; i < count; i++) kz__holes_release(&part[i]);
  kz__groups_release(&groups);
  kz__tiles_release(&all);
  kz__holes_release(&holes);
  free(mask);
}

/* ---- the order of filling ---- */

/* The network paints the level it is at; what it was asked is kept. */
struct asked {
  int calls;
  struct {
    int w, h, holes;
    float t, mean; /* of x_t where it is damaged */
  } call[64];
  int w, h;
};

static int asked_bind(void *self, int h, int w, int tiles, int *batch, struct kz_err *err) {
  struct asked *a = self;
  (void)tiles, (void)err;
  a->w = w;
  a->h = h;
  *batch = 1;
  return 0;
}

static int asked_run(void *self, int n, const float *in, const float *features, const float *t,
                     float *x0, struct kz_err *err) {
  struct asked *a = self;
  double sum = 0;
  int holes = 0;
  (void)n, (void)features, (void)err;
  assert_true(a->calls < 64);
  for (int p = 0; p < a->w * a->h; p++) {
    for (int k = 0; k < 3; k++) x0[p * 3 + k] = 0.9f;
    if (in[p * KZ__IN + 6] == 0) continue;
    sum += in[p * KZ__IN];
    holes++;
  }
  a->call[a->calls].w = a->w;
  a->call[a->calls].h = a->h;
  a->call[a->calls].holes = holes;
  a->call[a->calls].t = t[0];
  a->call[a->calls].mean = (float)(sum / (holes ? holes : 1));
  a->calls++;
  return 0;
}

static int fill(struct kz__repair *c, struct picture *p, const struct kz_restore_options *o,
                struct asked *asked, int *tiles) {
  const struct kz__known known = {p, read_picture};
  const struct kz__denoise denoise = {.self = asked, .bind = asked_bind, .run = asked_run};
  const struct kz__means means = {.known = &known, .denoise = &denoise, .options = o};
  struct kz__effort effort;
  struct kz_err err;
  int calls;
  assert_int_equal(kz__fill(c, &means, tiles, &calls, &err), 0);
  assert_int_equal(kz__fill_foresee(c->holes, o, &effort, &err), 0);
  assert_true(calls == asked->calls && effort.calls == calls && effort.tiles == *tiles);
  return calls;
}

static void square(uint8_t *mask, int width, int x, int y, int side) {
  for (int v = y; v < y + side; v++) memset(mask + (size_t)v * width + x, 255, (size_t)side);
}

/* A blot, then a hole of 340 px: at a quarter of its size (85 px), half of it, all of it; each size
 * begins at the second step from what the one before left. */
static void a_vast_hole_is_filled_coarse_to_fine(void **state) {
  (void)state;
  enum { SIDE = 512 };
  const struct kz_restore_options o = {.steps = 3, .thin = 6, .views = 1, .overlap = 64};
  const float t1 = (float)kz_sampler_time(1, 3), t2 = (float)kz_sampler_time(2, 3);
  uint8_t *mask = calloc(SIDE * SIDE, 1);
  struct picture p = {SIDE, SIDE, mask};
  struct asked asked = {0};
  struct kz__holes holes;
  struct kz__repair c;
  struct kz_err err;
  int tiles;
  square(mask, SIDE, 20, 20, 30);
  square(mask, SIDE, 100, 100, 340);
  make_holes(&holes, mask, SIDE, SIDE);
  assert_int_equal(kz__repair_init(&c, &holes, false, &err), 0);
  assert_int_equal(fill(&c, &p, &o, &asked, &tiles), 3 + 3 + 2 + 2);
  assert_int_equal(tiles, 4);
  static const int side[] = {256, 256, 256, 128, 128, 128, 256, 256, 512, 512};
  enum { BLOT = 900 + 156 * 156 }; /* with as much of the other as its tile shows */
  static const int hole[] = {BLOT, BLOT, BLOT, 7225, 7225, 7225, 28900, 28900, 115600, 115600};
  const float time[] = {1, t1, t2, 1, t1, t2, t1, t2, t1, t2};
  for (int i = 0; i < 10; i++) {
    assert_true(asked.call[i].w == side[i] && asked.call[i].h == side[i]);
    assert_int_equal(asked.call[i].holes, hole[i]);
    assert_true(asked.call[i].t == time[i]);
  }
  float begun = 0.9f * (float)kz_schedule_alpha(t1); /* noise has no mean */
  assert_true(fabsf(asked.call[6].mean - begun) < 0.03f);
  assert_true(fabsf(asked.call[8].mean - begun) < 0.02f);
  for (int64_t i = 0; i < holes.count * 3; i++) assert_true(fabsf(c.x[i] - 0.9f) < 1e-5f);
  kz__repair_release(&c);
  kz__holes_release(&holes);
  free(mask);
}

/* Up to 160 px a side, and whatever its length, a hole is filled as it is. */
static void what_fits_the_field_is_not_reduced(void **state) {
  (void)state;
  enum { W = 500, H = 256 };
  const struct kz_restore_options o = {.steps = 3, .thin = 6, .views = 1, .overlap = 64};
  for (int side = 160; side <= 161; side++) {
    uint8_t *mask = calloc(W * H, 1);
    struct picture p = {W, H, mask};
    struct asked asked = {0};
    struct kz__holes holes;
    struct kz__repair c;
    struct kz_err err;
    int tiles;
    for (int y = 50; y < 50 + side; y++) memset(mask + y * W + 10, 255, W - 20);
    make_holes(&holes, mask, W, H);
    assert_int_equal(kz__repair_init(&c, &holes, false, &err), 0);
    fill(&c, &p, &o, &asked, &tiles);
    assert_int_equal(asked.call[0].w, side == 160 ? 512 : 256);
    assert_true(asked.call[0].t == 1);
    kz__repair_release(&c);
    kz__holes_release(&holes);
    free(mask);
  }
}

/* Four million runs are sorted, planned and grouped within seconds. */
static void millions_of_runs_are_no_burden(void **state) {
  (void)state;
  enum { W = 4000, H = 2000 };
  uint8_t *mask = calloc(W, 1);
  struct kz__holes holes, thin, wide;
  struct kz__tiles t;
  struct kz__groups groups;
  struct kz_err err;
  assert_int_equal(kz__holes_init(&holes, W, H, &err), 0);
  for (int y = 0; y < H; y++) {
    for (int x = 0; x < W; x++) mask[x] = (x + y) % 2 ? 255 : 0;
    assert_int_equal(kz__holes_add_row(&holes, y, mask, &err), 0);
  }
  assert_int_equal(holes.run_count, W / 2 * H);
  assert_int_equal(kz__holes_split(&holes, 6, &thin, &wide, &err), 0);
  assert_int_equal(thin.run_count, W / 2 * H);
  assert_int_equal(kz__tiles_choose(&t, &thin, 64, &err), 0);
  assert_int_equal(t.count, t.ax.count * t.ay.count);
  assert_int_equal(kz__groups_init(&groups, &thin, &t, &err), 0);
  assert_int_equal(groups.group[t.count - 1], 0);
  kz__groups_release(&groups);
  kz__tiles_release(&t);
  kz__holes_release(&holes);
  kz__holes_release(&thin);
  kz__holes_release(&wide);
  free(mask);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(half_is_the_mean_of_what_is_known),
      cmocka_unit_test(a_slope_survives_halving_and_enlarging),
      cmocka_unit_test(groups_do_not_touch),
      cmocka_unit_test(a_vast_hole_is_filled_coarse_to_fine),
      cmocka_unit_test(what_fits_the_field_is_not_reduced),
      cmocka_unit_test(millions_of_runs_are_no_burden),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
