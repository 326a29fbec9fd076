/* Tiles leave no line in what they fill. The network is a function whose answer differs from tile
 * to tile, as a real one's does: it smooths the noise it is given and adds what it thinks of the
 * whole tile. Where tiles are not blended that shows, and the measure must say so. */
#include "mask_fixture.h"

#include <math.h>

#include "diffusion/sampler.h"
#include "restore/sample.h"

enum { W = 640, H = 420, TILE = 128, OVERLAP = 32, REACH = 2 };

static int read_picture(void *self, int x, int y, int w, int h, float *rgb, struct kz_err *err) {
  (void)self, (void)err;
  for (int v = y; v < y + h; v++)
    for (int u = x; u < x + w; u++)
      for (int k = 0; k < 3; k++) *rgb++ = 0.5f + 0.45f * sinf(0.02f * u + 0.03f * v + k);
  return 0;
}

static int bind_tiles(void *self, int h, int w, int tiles, int *batch, struct kz_err *err) {
  (void)self, (void)err;
  assert_true(h == TILE && w == TILE && tiles > 0);
  *batch = 1;
  return 0;
}

static float smoothed(const float *in, int x, int y, int k) {
  float sum = 0;
  int count = 0;
  for (int v = y < REACH ? 0 : y - REACH; v <= y + REACH && v < TILE; v++)
    for (int u = x < REACH ? 0 : x - REACH; u <= x + REACH && u < TILE; u++) {
      sum += in[(v * TILE + u) * KZ__IN + k];
      count++;
    }
  return sum / (float)count;
}

static int run_tile(void *self, int n, const float *in, const float *features, const float *t,
                    float *x0, struct kz_err *err) {
  float mean = 0;
  (void)self, (void)n, (void)features, (void)t, (void)err;
  for (int p = 0; p < TILE * TILE; p++) mean += in[p * KZ__IN + 3] / (TILE * TILE);
  for (int y = 0; y < TILE; y++)
    for (int x = 0; x < TILE; x++)
      for (int k = 0; k < 3; k++) *x0++ = 0.6f * smoothed(in, x, y, k) + 0.4f * mean;
  return 0;
}

/* ---- the measure: bench/seams.py's, of one difference ---- */

struct steps {
  double sum[2], count[2]; /* elsewhere; across a line where tiles meet */
};

static bool meets(const struct kz__axis *a, int at) {
  for (int i = 0; i < a->count; i++)
    if (at == kz__axis_at(a, i) || at == kz__axis_at(a, i) + a->size || at == kz__axis_core(a, i))
      return true;
  return false;
}

static void add_step(struct steps *s, bool line, const float *a, const float *b) {
  for (int k = 0; k < 3; k++) s->sum[line] += fabsf(a[k] - b[k]);
  s->count[line] += 3;
}

static double ratio_of(const struct kz__repair *c, const struct kz__tiles *t) {
  struct steps s = {0};
  const struct kz__run *run = c->holes->runs;
  const int wide = run->len; /* the hole is a rectangle */
  for (int r = 0; r < c->holes->run_count; r++)
    for (int n = 0; n < wide; n++) {
      const float *p = c->x + (run[r].first + n) * 3;
      if (n) add_step(&s, meets(&t->ax, run[r].x + n), p - 3, p);
      if (r) add_step(&s, meets(&t->ay, run[r].y), p - (size_t)wide * 3, p);
    }
  return s.sum[1] / s.count[1] / (s.sum[0] / s.count[0]);
}

/* ---- three ways to fill ---- */

static void together(struct kz__repair *c, struct kz__tiles *t, struct kz__means *m) {
  struct kz_err err;
  assert_int_equal(kz__sample(c, t, 0, (int)m->options->steps, m, &err), 0);
}

/* Every tile counts the same all over. */
static void without_ramps(struct kz__repair *c, struct kz__tiles *t, struct kz__means *m) {
  t->ax.ramp = t->ay.ramp = 0;
  together(c, t, m);
}

/* Every tile by itself from the first step to the last, of which its core is taken. */
static void alone(struct kz__repair *c, struct kz__tiles *t, struct kz__means *m) {
  struct kz__repair part;
  struct kz_err err;
  assert_int_equal(kz__repair_init(&part, c->holes, false, &err), 0);
  for (int i = 0; i < t->count; i++) {
    struct kz__tiles one = *t;
    struct kz__span s;
    one.list = t->list + i;
    one.count = 1;
    together(&part, &one, m);
    int x = kz__axis_core(&t->ax, one.list->ix), y = kz__axis_core(&t->ay, one.list->iy);
    for (kz__span_start(&s, c->holes, x, y, kz__axis_core(&t->ax, one.list->ix + 1) - x,
                        kz__axis_core(&t->ay, one.list->iy + 1) - y);
         kz__span_next(&s);)
      memcpy(c->x + s.first * 3, part.x + s.first * 3, (size_t)s.len * 12);
  }
  kz__repair_release(&part);
}

typedef void filler(struct kz__repair *c, struct kz__tiles *t, struct kz__means *m);

static double ratio_with(filler *fill) {
  uint8_t *mask = calloc(W * H, 1);
  for (int y = 30; y < H - 30; y++) memset(mask + y * W + 30, 255, W - 60);
  const struct kz__known known = {NULL, read_picture};
  const struct kz__denoise denoise = {.bind = bind_tiles, .run = run_tile};
  const struct kz_restore_options o = {.steps = 4, .views = 1, .seed = 3};
  struct kz__means means = {.known = &known, .denoise = &denoise, .options = &o};
  struct kz__holes holes;
  struct kz__repair c;
  struct kz__tiles t;
  struct kz_err err;
  make_holes(&holes, mask, W, H);
  assert_int_equal(kz__repair_init(&c, &holes, false, &err), 0);
  assert_int_equal(kz__tiles_plan(&t, &holes, TILE, OVERLAP, &err), 0);
  assert_true(t.count == t.ax.count * t.ay.count && t.count > 20);
  const struct kz__tiles planned = t;
  fill(&c, &t, &means);
  double ratio = ratio_of(&c, &planned);
  kz__tiles_release(&t);
  kz__repair_release(&c);
  kz__holes_release(&holes);
  free(mask);
  return ratio;
}

static void tiles_leave_no_line(void **state) {
  (void)state;
  assert_true(ratio_with(together) <= 1.05);
}

static void the_measure_sees_what_is_not_blended(void **state) {
  (void)state;
  assert_true(ratio_with(without_ramps) > 1.2);
  assert_true(ratio_with(alone) > 1.5);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(tiles_leave_no_line),
      cmocka_unit_test(the_measure_sees_what_is_not_blended),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
