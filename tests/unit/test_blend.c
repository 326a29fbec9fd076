/* Sampling over tiles, the coarse fill and the blend, with a function in place of the network. */
#include "mask_fixture.h"

#include <math.h>

#include "bridge/coarse.h"
#include "diffusion/sampler.h"
#include "restore/draft.h"
#include "restore/sample.h"

/* ---- a picture given by a formula ---- */

struct world {
  int w, h, tile_w, tile_h, batch, calls;
  bool garbage, tilted, broken;
  const uint8_t *mask;
  float t_seen[64];
};

static float truth(int x, int y, int k) { /* in [-0.95, 0.95] */
  return 0.95f * sinf(0.02f * x * (k + 1) + 0.03f * y + k);
}

static int read_truth(void *self, int x, int y, int w, int h, float *rgb, struct kz_err *err) {
  const struct world *a = self;
  (void)err;
  assert_true(x >= 0 && y >= 0 && x + w <= a->w && y + h <= a->h);
  for (int v = 0; v < h; v++)
    for (int u = 0; u < w; u++)
      for (int k = 0; k < 3; k++) {
        bool hole = a->mask[(size_t)(y + v) * a->w + x + u];
        rgb[((size_t)v * w + u) * 3 + k] = hole ? 77 : truth(x + u, y + v, k) * 0.5f + 0.5f;
      }
  return 0;
}

static int fake_bind(void *self, int h, int w, int tiles, int *batch, struct kz_err *err) {
  struct world *a = self;
  (void)err;
  assert_true(h % 32 == 0 && w % 32 == 0 && tiles > 0);
  a->tile_w = w;
  a->tile_h = h;
  *batch = a->batch;
  return 0;
}

/* Finds where the tile lies by the picture's own known pixels: the test's network knows nothing of
 * the plan. */
static void locate(const struct world *a, const float *in, int *x, int *y) {
  for (*y = 0; *y < a->h; ++*y)
    for (*x = 0; *x < a->w; ++*x) {
      bool fits = true;
      int ew = a->tile_w < a->w ? a->tile_w : a->w, eh = a->tile_h < a->h ? a->tile_h : a->h;
      if (*x + ew > a->w || *y + eh > a->h) continue;
      for (int p = 0; p < ew * eh && fits; p += 1 + p / 7) {
        const float *q = in + ((size_t)(p / ew) * a->tile_w + p % ew) * KZ__IN;
        bool hole = a->mask[(size_t)(*y + p / ew) * a->w + *x + p % ew];
        fits = (q[6] == 1) == hole;
        for (int k = 0; k < 3 && fits && !hole; k++)
          fits = fabsf(q[k] - truth(*x + p % ew, *y + p / ew, k)) < 1e-4f;
      }
      if (fits) return;
    }
  fail_msg("a tile that is nowhere in the picture");
}

static void fake_tile(const struct world *a, const float *in, float *x0) {
  int x = 0, y = 0;
  locate(a, in, &x, &y);
  for (int v = 0; v < a->tile_h; v++)
    for (int u = 0; u < a->tile_w; u++)
      for (int k = 0; k < 3; k++) {
        size_t p = (size_t)v * a->tile_w + u;
        const float *q = in + p * KZ__IN;
        bool outside = x + u >= a->w || y + v >= a->h;
        if (!q[6] && !outside) { /* known pixels come clean, whatever the step */
          assert_true(fabsf(q[k] - truth(x + u, y + v, k)) < 1e-5f);
          assert_true(q[k] == q[k + 3]);
        }
        x0[p * 3 + k] = truth(x + u, y + v, k);
        /* An estimate that is wrong by more the nearer it is to the tile's left rim. */
        if (a->tilted) x0[p * 3 + k] = 0.5f * u / a->tile_w;
        if (outside && a->garbage) x0[p * 3 + k] = NAN;
        if (a->broken) x0[p * 3 + k] = NAN;
      }
}

static int fake_run(void *self, int n, const float *in, const float *features,
                    const float *t, float *x0, struct kz_err *err) {
  (void)features;
  struct world *a = self;
  (void)err;
  assert_int_equal(n, a->batch);
  if (a->calls < 64) a->t_seen[a->calls] = t[0];
  a->calls++;
  size_t pixels = (size_t)a->tile_w * a->tile_h;
  for (int k = 0; k < n; k++) {
    bool empty = true; /* a place of the last batch that was never filled */
    for (size_t p = 0; p < pixels && empty; p++) empty = in[(k * pixels + p) * KZ__IN + 6] == 0;
    if (!empty) fake_tile(a, in + k * pixels * KZ__IN, x0 + k * pixels * 3);
  }
  return 0;
}

static const struct kz_restore_options plain = {.steps = 3, .views = 1, .tile = 256, .overlap = 64,
                                               .guidance_text = 1, .guidance_structure = 1};

/* Samples a world; the canvas is the caller's to release. */
static int sample(struct world *a, const struct kz_restore_options *o,
                  const struct kz_restore_host *host, struct kz__holes *holes,
                  struct kz__repair *c, int *tiles, struct kz_err *err) {
  const struct kz__known known = {a, read_truth};
  const struct kz__denoise denoise = {.self = a, .bind = fake_bind, .run = fake_run};
  if (!a->batch) a->batch = 1;
  make_holes(holes, a->mask, a->w, a->h);
  assert_int_equal(kz__repair_init(c, holes, kz_samplers[o->sampler]->history > 0, err), 0);
  const struct kz__means means = {
      .known = &known, .denoise = &denoise, .options = o, .host = host};
  int calls = 0, code = kz__fill(c, &means, tiles, &calls, err);
  assert_true(code || (calls >= *tiles * ((int)o->steps - 1) && calls <= *tiles * (int)o->steps));
  return code;
}

static void blend_equals_the_truth(void **state) {
  (void)state;
  for (int i = 0; i < SIZES; i++)
    for (int sampler = 0; sampler < 2; sampler++) {
      int w = sizes[i][0], h = sizes[i][1], tiles = 0;
      uint8_t *mask = make_mask(w, h, 0.3, (uint64_t)i);
      struct world a = {.w = w, .h = h, .mask = mask, .garbage = true, .batch = 1 + i % 3};
      struct kz_restore_options o = plain;
      struct kz__holes holes;
      struct kz__repair c;
      struct kz__span s;
      struct kz_err err;
      o.sampler = sampler;
      o.tile = sampler ? 0 : 256;
      assert_int_equal(sample(&a, &o, NULL, &holes, &c, &tiles, &err), 0);
      assert_in_range(a.calls, 3 * ((tiles + a.batch - 1) / a.batch), 3 * tiles); /* by group */
      for (kz__span_start(&s, &holes, 0, 0, w, h); kz__span_next(&s);)
        for (int n = 0; n < s.len; n++)
          for (int k = 0; k < 3; k++)
            assert_true(fabsf(c.x[(s.first + n) * 3 + k] - truth(s.x + n, s.y, k)) < 1e-5f);
      kz__repair_release(&c);
      kz__holes_release(&holes);
      free(mask);
    }
}

/* Tiles that disagree by a quarter of the range must still meet without a step. */
static void disagreement_leaves_no_seam(void **state) {
  (void)state;
  enum { W = 700, H = 500 };
  uint8_t *mask = calloc(W * H, 1);
  for (int y = 100; y < 400; y++) memset(mask + y * W + 20, 255, W - 40);
  struct world a = {.w = W, .h = H, .mask = mask, .tilted = true};
  struct kz_restore_options o = plain;
  struct kz__holes holes;
  struct kz__repair c;
  struct kz_err err;
  int tiles;
  float most = 0;
  o.steps = 1;
  assert_int_equal(sample(&a, &o, NULL, &holes, &c, &tiles, &err), 0);
  assert_true(tiles > 4);
  for (int r = 0; r < holes.run_count; r++)
    for (int n = 1; n < holes.runs[r].len; n++) {
      const float *p = c.x + (holes.runs[r].first + n) * 3;
      most = fmaxf(most, fabsf(p[0] - p[-3]));
    }
  assert_true(most < 0.02f); /* a hard edge would show 0.25 or more */
  kz__repair_release(&c);
  kz__holes_release(&holes);
  free(mask);
}

static void noise_follows_seed_and_place(void **state) {
  (void)state;
  enum { W = 90, H = 70 };
  uint8_t *small = make_mask(W, H, 0.1, 1), *large = make_mask(W, H, 0.6, 2);
  for (int i = 0; i < W * H; i++) large[i] |= small[i];
  struct kz__holes hs, hl;
  struct kz__draft cs, cl, other;
  struct kz_err err;
  make_holes(&hs, small, W, H);
  make_holes(&hl, large, W, H);
  kz__draft_init(&cs, &hs, false, &err);
  kz__draft_init(&cl, &hl, false, &err);
  kz__draft_init(&other, &hl, false, &err);
  kz__draft_noise(&cs, 7);
  kz__draft_noise(&cl, 7);
  kz__draft_noise(&other, 8);
  double sum = 0, squares = 0;
  for (int64_t i = 0; i < hl.count * 3; i++) sum += cl.x[i], squares += cl.x[i] * cl.x[i];
  assert_true(fabs(sum / (double)(hl.count * 3)) < 0.03);
  assert_true(fabs(squares / (double)(hl.count * 3) - 1) < 0.05);
  assert_memory_not_equal(cl.x, other.x, (size_t)hl.count * 12);
  struct kz__span s;
  for (kz__span_start(&s, &hs, 0, 0, W, H); kz__span_next(&s);) { /* another mask, same noise */
    struct kz__span l;
    kz__span_start(&l, &hl, s.x, s.y, s.len, 1);
    assert_true(kz__span_next(&l));
    assert_memory_equal(cs.x + s.first * 3, cl.x + l.first * 3, (size_t)s.len * 12);
  }
  kz__draft_release(&cs);
  kz__draft_release(&cl);
  kz__draft_release(&other);
  kz__holes_release(&hs);
  kz__holes_release(&hl);
  free(small);
  free(large);
}

static void coarse_is_that_of_the_whole_picture(void **state) {
  (void)state;
  enum { W = 256, H = 256 };
  uint8_t *mask = make_mask(W, H, 0.3, 3);
  struct world a = {.w = W, .h = H, .mask = mask};
  const struct kz__known known = {&a, read_truth};
  float *rgb = malloc(W * H * 12), *m = malloc(W * H * 4), *fill = malloc(W * H * 12);
  float *scratch = malloc(kz_coarse_scratch(W, H) * 4);
  struct kz__holes holes;
  struct kz__repair c;
  struct kz__span s;
  struct kz_err err;
  make_holes(&holes, mask, W, H);
  assert_int_equal(kz__repair_init(&c, &holes, false, &err), 0);
  assert_int_equal(kz__repair_coarse(&c, &known, NULL, &err), 0);
  read_truth(&a, 0, 0, W, H, rgb, &err);
  for (int i = 0; i < W * H * 3; i++) rgb[i] = rgb[i] * 2 - 1;
  for (int i = 0; i < W * H; i++) m[i] = mask[i] != 0;
  kz_coarse_fill(W, H, rgb, m, fill, scratch);
  for (kz__span_start(&s, &holes, 0, 0, W, H); kz__span_next(&s);)
    assert_memory_equal(c.x + s.first * 3, fill + ((size_t)s.y * W + s.x) * 3,
                        (size_t)s.len * 12);
  kz__repair_release(&c);
  kz__holes_release(&holes);
  free(mask), free(rgb), free(m), free(fill), free(scratch);
}

/* A hole wider than a window of the coarse fill: no step anywhere, and nothing left unset. */
static void coarse_of_a_vast_hole_is_smooth(void **state) {
  (void)state;
  enum { W = 3000, H = 1400 };
  uint8_t *mask = calloc((size_t)W * H, 1);
  for (int y = 0; y < H; y++) memset(mask + (size_t)y * W + 300, 255, 2400);
  struct world a = {.w = W, .h = H, .mask = mask};
  const struct kz__known known = {&a, read_truth};
  struct kz__holes holes;
  struct kz__repair c;
  struct kz_err err;
  make_holes(&holes, mask, W, H);
  assert_int_equal(kz__repair_init(&c, &holes, false, &err), 0);
  assert_int_equal(kz__repair_coarse(&c, &known, NULL, &err), 0);
  for (int64_t i = 0; i < holes.count * 3; i++) {
    assert_true(fabsf(c.x[i]) <= 1);
    if (i / 3 % 2400) assert_true(fabsf(c.x[i] - c.x[i - 3]) < 0.08f);
    if (i / 3 >= 2400) assert_true(fabsf(c.x[i] - c.x[i - 3 * 2400]) < 0.08f);
  }
  kz__repair_release(&c);
  kz__holes_release(&holes);
  free(mask);
}

/* Past the image a tile mirrors it, so nothing but the image is in what the network reads. */
static void padding_mirrors_the_image(void **state) {
  (void)state;
  enum { W = 13, H = 40 };
  uint8_t *mask = make_mask(W, H, 0.3, 9);
  struct world a = {.w = W, .h = H, .mask = mask};
  const struct kz__known known = {&a, read_truth};
  struct kz__holes holes;
  struct kz__draft c;
  struct kz__tiles t;
  struct kz_err err;
  float *rgb = malloc(64 * 64 * 12), *in = malloc(64 * 64 * KZ__IN * 4);
  make_holes(&holes, mask, W, H);
  assert_int_equal(kz__draft_init(&c, &holes, false, &err), 0);
  struct kz__repair made = {.holes = &holes, .x = c.coarse};
  assert_int_equal(kz__repair_coarse(&made, &known, NULL, &err), 0);
  kz__draft_noise(&c, 0);
  assert_int_equal(kz__tiles_plan(&t, &holes, 256, 64, &err), 0);
  assert_int_equal(t.ax.size, 32);
  assert_int_equal(t.ay.size, 64);
  assert_int_equal(kz__tile_load(&c, &t, 0, &known, rgb, in, &err), 0);
  for (int y = 0; y < 64; y++)
    for (int x = 0; x < 32; x++) {
      int u = x < 13 ? x : x < 26 ? 25 - x : x - 26, v = y < 40 ? y : 79 - y;
      assert_memory_equal(in + (y * 32 + x) * KZ__IN, in + (v * 32 + u) * KZ__IN, KZ__IN * 4);
    }
  kz__tiles_release(&t);
  kz__draft_release(&c);
  kz__holes_release(&holes);
  free(mask), free(rgb), free(in);
}

static void steps_walk_the_samplers_times(void **state) {
  (void)state;
  uint8_t *mask = make_mask(64, 64, 0.1, 1);
  struct world a = {.w = 64, .h = 64, .mask = mask};
  struct kz_restore_options o = plain;
  struct kz__holes holes;
  struct kz__repair c;
  struct kz_err err;
  int tiles;
  o.steps = 7;
  assert_int_equal(sample(&a, &o, NULL, &holes, &c, &tiles, &err), 0);
  assert_int_equal(a.calls, 7);
  for (int i = 0; i < 7; i++) assert_true(a.t_seen[i] == (float)kz_sampler_time(i, 7));
  kz__repair_release(&c);
  kz__holes_release(&holes);
  free(mask);
}

static void values_that_are_no_numbers_are_refused(void **state) {
  (void)state;
  uint8_t *mask = make_mask(64, 64, 0.1, 1);
  struct world a = {.w = 64, .h = 64, .mask = mask, .broken = true};
  struct kz__holes holes;
  struct kz__repair c;
  struct kz_err err;
  int tiles;
  assert_int_equal(sample(&a, &plain, NULL, &holes, &c, &tiles, &err), KZ_EBACKEND);
  assert_non_null(strstr(err.msg, "model"));
  kz__repair_release(&c);
  kz__holes_release(&holes);
  free(mask);
}

struct host {
  int asked, limit, reports, last, total;
};
static bool host_stop(void *self) {
  struct host *h = self;
  return ++h->asked > h->limit;
}
static void host_progress(void *self, int done, int total) {
  struct host *h = self;
  h->reports++;
  assert_true(done > h->last && done <= total);
  h->last = done;
  h->total = total;
}

static void host_is_told_and_may_stop(void **state) {
  (void)state;
  uint8_t *mask = make_mask(600, 300, 0.2, 1);
  struct host seen = {.limit = 1000};
  const struct kz_restore_host host = {&seen, host_progress, host_stop};
  struct kz__holes holes;
  struct kz__repair c;
  struct kz_err err;
  int tiles;
  struct world a = {.w = 600, .h = 300, .mask = mask, .batch = 2};
  assert_int_equal(sample(&a, &plain, &host, &holes, &c, &tiles, &err), 0);
  assert_int_equal(seen.last, seen.total);
  assert_int_equal(seen.total, 3 * tiles);
  kz__repair_release(&c);
  kz__holes_release(&holes);
  seen = (struct host){.limit = 3};
  assert_int_equal(sample(&a, &plain, &host, &holes, &c, &tiles, &err), KZ_EINTR);
  assert_int_equal(seen.asked, 4);
  kz__repair_release(&c);
  kz__holes_release(&holes);
  free(mask);
}

/* A crack and a blot: the network is asked once with both missing, then three times with the crack
 * filled by its first answer. Its answer is a grey that depends on the number of the call. */
struct asked {
  int calls, holes[8];
  float t[8], crack[8];
};

static float grey_of(int call) { return 0.1f * (float)(call + 1); }

static int asked_bind(void *self, int h, int w, int tiles, int *batch, struct kz_err *err) {
  (void)self, (void)err;
  assert_true(h == 64 && w == 64 && tiles == 1);
  *batch = 1;
  return 0;
}

static int asked_run(void *self, int n, const float *in, const float *features,
                     const float *t, float *x0, struct kz_err *err) {
  (void)features;
  struct asked *a = self;
  (void)n, (void)err;
  assert_true(a->calls < 8);
  for (int p = 0; p < 64 * 64; p++) a->holes[a->calls] += in[p * KZ__IN + 6] == 1;
  a->t[a->calls] = t[0];
  a->crack[a->calls] = in[(5 * 64 + 30) * KZ__IN];
  for (int i = 0; i < 64 * 64 * 3; i++) x0[i] = grey_of(a->calls);
  a->calls++;
  return 0;
}

static void thin_damage_is_closed_first(void **state) {
  (void)state;
  static uint8_t mask[64 * 64];
  for (int x = 0; x < 64; x++) mask[5 * 64 + x] = mask[6 * 64 + x] = 255;
  for (int y = 20; y < 40; y++) memset(mask + y * 64 + 20, 255, 20);
  for (int sampler = 0; sampler < 2; sampler++) {
    struct world a = {.w = 64, .h = 64, .mask = mask};
    struct asked asked = {0};
    const struct kz__known known = {&a, read_truth};
    const struct kz__denoise denoise = {.self = &asked, .bind = asked_bind, .run = asked_run};
    struct kz_restore_options o = {.steps = 3, .thin = 2, .views = 1, .tile = 256, .overlap = 64,
                                               .guidance_text = 1, .guidance_structure = 1};
    struct kz__holes holes;
    struct kz__repair c;
    struct kz_err err;
    int tiles, calls;
    o.sampler = sampler;
    make_holes(&holes, mask, 64, 64);
    assert_int_equal(kz__repair_init(&c, &holes, sampler > 0, &err), 0);
    const struct kz__means means = {.known = &known, .denoise = &denoise, .options = &o};
    assert_int_equal(kz__fill(&c, &means, &tiles, &calls, &err), 0);
    assert_true(tiles == 2 && calls == 4 && asked.calls == 4);
    assert_true(asked.holes[0] == 128 + 400 && asked.t[0] == 1);
    for (int i = 1; i < 4; i++) {
      assert_true(asked.holes[i] == 400 && asked.t[i] == (float)kz_sampler_time(i - 1, 3));
      assert_true(fabsf(asked.crack[i] - grey_of(0)) < 1e-6f);
    }
    for (int i = 0; i < 128 * 3; i++) assert_true(fabsf(c.x[i] - grey_of(0)) < 1e-6f);
    for (int i = 128 * 3; i < 528 * 3; i++) assert_true(fabsf(c.x[i] - grey_of(3)) < 1e-5f);
    kz__repair_release(&c);
    kz__holes_release(&holes);
  }
}

/* Says where it is in the tile as it sees it, and the coarse fill there. */
static int placed_run(void *self, int n, const float *in, const float *features, const float *t,
                      float *x0, struct kz_err *err) {
  int *calls = self;
  (void)n, (void)features, (void)t, (void)err;
  for (int p = 0; p < 64 * 64; p++) {
    x0[p * 3] = (float)(p % 64) / 64;
    x0[p * 3 + 1] = (float)(p / 64) / 64;
    x0[p * 3 + 2] = in[p * KZ__IN + 5];
  }
  ++*calls;
  return 0;
}

/* Mirrored, the tile's places change sides; what belongs to a pixel stays with it. */
static void views_are_averaged(void **state) {
  (void)state;
  static const int views[] = {1, 2, 4};
  static uint8_t mask[64 * 64];
  for (int y = 20; y < 40; y++) memset(mask + y * 64 + 10, 255, 30);
  struct world a = {.w = 64, .h = 64, .mask = mask};
  const struct kz__known known = {&a, read_truth};
  for (int i = 0; i < 3; i++) {
    int tiles, calls = 0, said = 0;
    const struct kz__denoise denoise = {.self = &calls, .bind = asked_bind, .run = placed_run};
    struct kz_restore_options o = {.steps = 1, .views = views[i], .tile = 256, .overlap = 64,
                                   .guidance_text = 1, .guidance_structure = 1};
    struct kz__holes holes;
    struct kz__repair c, coarse;
    struct kz__span s;
    struct kz_err err;
    make_holes(&holes, mask, 64, 64);
    assert_int_equal(kz__repair_init(&c, &holes, false, &err), 0);
    assert_int_equal(kz__repair_init(&coarse, &holes, false, &err), 0);
    assert_int_equal(kz__repair_coarse(&coarse, &known, NULL, &err), 0);
    const struct kz__means means = {.known = &known, .denoise = &denoise, .options = &o};
    assert_int_equal(kz__fill(&c, &means, &tiles, &said, &err), 0);
    assert_true(calls == views[i] && said == calls);
    const float middle = 63.f / 128;
    for (kz__span_start(&s, &holes, 0, 0, 64, 64); kz__span_next(&s);)
      for (int k = 0; k < s.len; k++) {
        const float *x = c.x + (s.first + k) * 3, *there = coarse.x + (s.first + k) * 3;
        assert_true(fabsf(x[0] - (views[i] > 1 ? middle : (float)(s.x + k) / 64)) < 1e-6f);
        assert_true(fabsf(x[1] - (views[i] > 2 ? middle : (float)s.y / 64)) < 1e-6f);
        assert_true(fabsf(x[2] - there[2]) < 1e-6f);
      }
    kz__repair_release(&c);
    kz__repair_release(&coarse);
    kz__holes_release(&holes);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(blend_equals_the_truth),
      cmocka_unit_test(disagreement_leaves_no_seam),
      cmocka_unit_test(views_are_averaged),
      cmocka_unit_test(noise_follows_seed_and_place),
      cmocka_unit_test(coarse_is_that_of_the_whole_picture),
      cmocka_unit_test(coarse_of_a_vast_hole_is_smooth),
      cmocka_unit_test(padding_mirrors_the_image),
      cmocka_unit_test(steps_walk_the_samplers_times),
      cmocka_unit_test(values_that_are_no_numbers_are_refused),
      cmocka_unit_test(host_is_told_and_may_stop),
      cmocka_unit_test(thin_damage_is_closed_first),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
