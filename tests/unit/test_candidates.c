/* Candidates, where they disagree, and what each region of damage has to go by: figures that were
 * worked out by hand, then files. A function stands in for the network, but for the last tests. */
#include "image_fixture.h"

#include <math.h>

#include "base/file.h"
#include "restore/candidates.h"
#include "restore/doubt.h"
#include "tiny_model.h"

/* ---- evidence ---- */

/* '#' is damaged; rows end with '/'. */
static void holes_of(struct kz__holes *h, const char *drawn) {
  struct kz_err err;
  const int w = (int)strcspn(drawn, "/");
  const int rows = (int)((strlen(drawn) + 1) / (size_t)(w + 1));
  uint8_t *row = malloc((size_t)w);
  assert_non_null(row);
  assert_int_equal(kz__holes_init(h, w, rows, &err), 0);
  for (int y = 0; y < rows; y++) {
    for (int x = 0; x < w; x++) row[x] = drawn[y * (w + 1) + x] == '#';
    assert_int_equal(kz__holes_add_row(h, y, row, &err), 0);
  }
  free(row);
}

struct expected {
  int x, y, width, height, area;
  double known, distance;
};

static void check_regions(const char *drawn, int ring, const struct expected *e, int count) {
  struct kz__holes h;
  struct kz__regions g;
  struct kz_err err;
  holes_of(&h, drawn);
  if (kz__regions_find(&g, &h, ring, &err)) fail_msg("%s", err.msg);
  assert_int_equal(g.count, count);
  for (int i = 0; i < count; i++) {
    const struct kz_region *r = &g.list[i];
    if (r->x != e[i].x || r->y != e[i].y || r->width != e[i].width || r->height != e[i].height ||
        r->area != e[i].area || fabs(r->known - e[i].known) > 1e-9 ||
        fabs(r->distance - e[i].distance) > 1e-9)
      fail_msg("%s, region %d: %d,%d %d x %d area %d known %.9g distance %.9g", drawn, i, r->x,
               r->y, r->width, r->height, (int)r->area, r->known, r->distance);
  }
  kz__regions_release(&g);
  kz__holes_release(&h);
}

static void regions_by_hand(void **state) {
  (void)state;
  /* One pixel in the middle: 8 around, all known. */
  check_regions("...../...../..#../...../.....", 1,
                (struct expected[]){{2, 2, 1, 1, 1, 1, 1}}, 1);
  /* In the corner: 3 of 8 lie in the image. With a ring of 2: 8 of 24. */
  check_regions("#..../...../.....", 1, (struct expected[]){{0, 0, 1, 1, 1, 3 / 8.0, 1}}, 1);
  check_regions("#..../...../.....", 2, (struct expected[]){{0, 0, 1, 1, 1, 8 / 24.0, 1}}, 1);
  /* Two, one pixel apart: each is unknown to the other. */
  check_regions("......./..#.#../.......", 1,
                (struct expected[]){{2, 1, 1, 1, 1, 1, 1}, {4, 1, 1, 1, 1, 1, 1}}, 2);
  check_regions("......./......./..#.#../......./.......", 2,
                (struct expected[]){{2, 2, 1, 1, 1, 23 / 24.0, 1}, {4, 2, 1, 1, 1, 23 / 24.0, 1}},
                2);
  /* Joined over a corner: 2 x 9 - 4 of overlap - 2 around. */
  check_regions("...../.#.../..#../.....", 1,
                (struct expected[]){{1, 1, 2, 2, 2, 1, 1}}, 1);
  /* A square of 3: its middle is 2 away; 16 around. */
  check_regions("...../.###./.###./.###./.....", 1,
                (struct expected[]){{1, 1, 3, 3, 9, 1, 2}}, 1);
  /* Damage around a known pixel, to which its corners are no nearer than to what is outside. */
  check_regions("...../.###./.#.#./.###./.....", 1,
                (struct expected[]){{1, 1, 3, 3, 8, 1, 1}}, 1);
  /* All but one corner: the opposite one is 3 across and 2 down from it; the ring has the known
   * pixel and 6 x 5 - 12 - 1 outside (the corner beyond it touches nothing). */
  check_regions(".###/####/####", 1, (struct expected[]){{0, 0, 4, 3, 11, 1 / 18.0, sqrt(13)}}, 1);
  /* Over the whole height, open to the right only. */
  check_regions("###./###.", 1, (struct expected[]){{0, 0, 3, 2, 6, 2 / 14.0, 3}}, 1);
}

/* Every figure again, pixel against pixel, on masks drawn at random. */
static void regions_as_counted_slowly(void **state) {
  (void)state;
  enum { W0 = 40, H0 = 27, RING = 3 };
  struct kz_rng rng;
  struct kz_err err;
  kz_rng_init(&rng, 11);
  for (int trial = 0; trial < 40; trial++) {
    struct kz__holes h;
    struct kz__regions g;
    uint8_t mask[H0][W0] = {{0}};
    int region[H0][W0];
    for (int blot = 0; blot < 3 + trial; blot++) {
      int x0 = kz_rng_int(&rng, 0, W0 - 1), y0 = kz_rng_int(&rng, 0, H0 - 1);
      int w = kz_rng_int(&rng, 1, 7), t = kz_rng_int(&rng, 1, 7);
      for (int y = y0; y < y0 + t && y < H0; y++)
        for (int x = x0; x < x0 + w && x < W0; x++) mask[y][x] = 1;
    }
    assert_int_equal(kz__holes_init(&h, W0, H0, &err), 0);
    for (int y = 0; y < H0; y++) assert_int_equal(kz__holes_add_row(&h, y, mask[y], &err), 0);
    if (kz__regions_find(&g, &h, RING, &err)) fail_msg("%s", err.msg);
    for (int y = 0; y < H0; y++)
      for (int x = 0; x < W0; x++)
        region[y][x] = mask[y][x] ? g.of_run[kz__holes_find(&h, y, x)] : -1;
    for (int i = 0; i < g.count; i++) {
      int64_t around = 0, known = 0, area = 0;
      double distance = 0;
      for (int y = -RING; y < H0 + RING; y++)
        for (int x = -RING; x < W0 + RING; x++) {
          bool inside = x >= 0 && y >= 0 && x < W0 && y < H0, near = false;
          for (int v = y - RING; v <= y + RING; v++)
            for (int u = x - RING; u <= x + RING; u++)
              near |= u >= 0 && v >= 0 && u < W0 && v < H0 && region[v][u] == i;
          if (inside && region[y][x] == i) {
            double least = INFINITY;
            for (int v = 0; v < H0; v++)
              for (int u = 0; u < W0; u++)
                if (!mask[v][u]) least = fmin(least, hypot(u - x, v - y));
            distance = fmax(distance, least);
            area++;
          } else if (near) {
            around++;
            known += inside && !mask[y][x];
          }
        }
      assert_int_equal(area, g.list[i].area);
      assert_true(fabs(g.list[i].known - (double)known / (double)around) < 1e-12);
      assert_true(fabs(g.list[i].distance - distance) < 1e-9);
    }
    kz__regions_release(&g);
    kz__holes_release(&h);
  }
}

/* ---- disagreement ---- */

static void set_grey(struct kz__fills *f, int k, int64_t pixel, int v) {
  for (int c = 0; c < 3; c++) kz__fills_at(f, k, pixel)[c] = (uint16_t)v;
}

static void doubt_by_hand(void **state) {
  (void)state;
  struct kz__holes h;
  struct kz__fills f;
  struct kz__regions g;
  struct kz_err err;
  float doubt[20];
  holes_of(&h, "......................./.####################../.......................");
  assert_int_equal(h.count, 20);
  assert_int_equal(kz__fills_init(&f, &h, 2, &err), 0);
  for (int64_t n = 0; n < 20; n++)
    for (int k = 0; k < 2; k++) set_grey(&f, k, n, 30000);
  /* Black and white are 100 apart in L: a standard deviation of 100 / sqrt 2. */
  set_grey(&f, 0, 3, 0);
  set_grey(&f, 1, 3, 65535);
  /* sRGB 119/255 has L 50.03. */
  set_grey(&f, 0, 7, 0);
  set_grey(&f, 1, 7, 119 * 257);
  kz__fills_doubt(&f, doubt);
  for (int n = 0; n < 20; n++) {
    double expected = n == 3 ? 100 / sqrt(2) : n == 7 ? 50.03 / sqrt(2) : 0;
    if (n == 3 || n == 7)
      assert_true(fabs(doubt[n] - expected) < 0.02);
    else
      assert_true(doubt[n] == 0); /* equal fills: exactly none */
  }
  assert_int_equal(kz__regions_find(&g, &h, 2, &err), 0);
  assert_int_equal(kz__regions_doubt(&g, &h, doubt, &err), 0);
  assert_int_equal(g.count, 1);
  assert_true(fabs(g.list[0].doubt - (doubt[3] + doubt[7]) / 20) < 1e-5);
  assert_true(g.list[0].doubt_95 == doubt[7]); /* the 19th of 20 */
  kz__regions_release(&g);
  kz__fills_release(&f);
  kz__holes_release(&h);
}

static int grey_read(void *self, int x, int y, int w, int h, float *rgb, struct kz_err *err) {
  (void)self, (void)x, (void)y, (void)err;
  for (int i = 0; i < w * h * 3; i++) rgb[i] = 0.5f;
  return 0;
}

/* Three fills in grey around 0.5: dark, as it is around, light but less far. The middle one is
 * nearest to the mean and to what is around; of the others the dark one is the farther off. */
static void ranks_by_hand(void **state) {
  (void)state;
  struct kz__holes h;
  struct kz__fills f;
  struct kz__regions g;
  struct kz_err err;
  struct kz_candidate list[3] = {{0}};
  const struct kz__known known = {NULL, grey_read};
  holes_of(&h, "......./..###../..###../.......");
  assert_int_equal(kz__fills_init(&f, &h, 3, &err), 0);
  for (int64_t n = 0; n < h.count; n++) {
    set_grey(&f, 0, n, 10000);
    set_grey(&f, 1, n, 32768);
    set_grey(&f, 2, n, 45000);
  }
  assert_int_equal(kz__regions_find(&g, &h, 2, &err), 0);
  g.list[0].filled = true;
  if (kz__fills_rank(&f, &g, &known, list, &err)) fail_msg("%s", err.msg);
  assert_true(list[1].rank == 1 && list[2].rank == 2 && list[0].rank == 3);
  assert_true(list[1].step < 0.01 && list[0].step > list[2].step);
  double off = 0, step = 0, score = 0;
  for (int k = 0; k < 3; k++) off += list[k].off_mean, step += list[k].step, score += list[k].score;
  assert_true(fabs(score - 6) < 1e-9); /* each figure over its mean, over three */
  /* A grey fill is off by L alone, and the offsets from a mean sum to nothing. */
  assert_true(fabs(list[0].off_mean - (list[1].off_mean + list[2].off_mean)) < 1e-3);
  assert_true(fabs(list[0].step + list[2].step - list[0].off_mean - list[2].off_mean) < 0.02);
  g.list[0].filled = false;
  assert_int_equal(kz__fills_rank(&f, &g, &known, list, &err), 0);
  for (int k = 0; k < 3; k++) assert_true(list[k].score == 0 && list[k].rank == k + 1);
  kz__regions_release(&g);
  kz__fills_release(&f);
  kz__holes_release(&h);
}

/* ---- files ---- */

/* A network that paints one colour at first, and from the second step on what `in` holds (x_t), so
 * that every seed differs; or one colour only. */
struct painter {
  size_t pixels;
  bool flat;
  int calls, fail_at;
};
static int painter_bind(void *self, int h, int w, int tiles, int *batch, struct kz_err *err) {
  struct painter *p = self;
  (void)tiles, (void)err;
  p->pixels = (size_t)h * w;
  *batch = 1;
  return 0;
}
static int painter_run(void *self, int n, const float *in, const float *features, const float *t,
                       float *x0, struct kz_err *err) {
  struct painter *p = self;
  (void)features;
  if (++p->calls == p->fail_at) return kz_err_set(err, KZ_EBACKEND, "out of paint");
  for (size_t i = 0; i < (size_t)n * p->pixels; i++)
    for (int c = 0; c < 3; c++)
      x0[i * 3 + c] = p->flat || t[0] > 0.99f ? 0.25f : 0.2f * in[i * KZ__IN + c];
  return 0;
}

static const struct kz_restore_options plain = {.steps = 2, .thin = 4, .views = 1, .tile = 256,
                                               .overlap = 64, .guidance_text = 1,
                                               .guidance_structure = 1};
static const struct kz_candidates_options three = {.count = 3, .ring = 8};

static int candidates(struct painter *p, const struct kz_restore_options *o,
                      const struct kz_candidates_options *c, const char *out,
                      struct kz_candidates *all, struct kz_err *err) {
  const struct kz__denoise denoise = {.self = p, .bind = painter_bind, .run = painter_run};
  const struct kz_candidates_job job = {.image = in_folder("image.png"),
                                        .mask = in_folder("mask.png"), .out = in_folder(out),
                                        .doubt = in_folder("doubt.png"),
                                        .heat = in_folder("heat.png")};
  return kz__candidates(&denoise, &job, o, c, NULL, all, err);
}

/* A block of 20 x 20 at (10, 10) and a crack of 2 px at row 40. */
static bool block(int x, int y) { return x >= 10 && x < 30 && y >= 10 && y < 30; }
static bool crack(int x, int y) { return x >= 5 && x < 75 && y >= 40 && y < 42; }

static void make_scene(int bands, int bits) {
  struct kz_pixels m;
  struct kz_err err;
  make_file("image.png", "", 80, 60, bands, bits, false);
  assert_int_equal(kz_pixels_init(&m, 80, 60, 1, &err), 0);
  for (int y = 0; y < 60; y++)
    for (int x = 0; x < 80; x++) m.data[y * 80 + x] = block(x, y) || crack(x, y) ? 255 : 0;
  assert_int_equal(kz_pixels_save(&m, in_folder("mask.png"), &err), 0);
  kz_pixels_release(&m);
}

static void maps_show_the_damage(void **state) {
  (void)state;
  struct painter p = {0};
  struct kz_candidates all;
  struct kz_err err;
  make_scene(3, 8);
  if (candidates(&p, &plain, &three, "out.png", &all, &err)) fail_msg("%s", err.msg);
  assert_int_equal(count_files(""), 7);
  assert_true(all.count == 3 && all.region_count == 2 && !all.conjecture && !all.unfilled);
  assert_true(all.regions[0].sampled && !all.regions[1].sampled);
  assert_true(all.regions[0].doubt > 1 && all.regions[0].doubt_95 > all.regions[0].doubt);
  assert_int_equal(all.stats.calls, 3 * (1 + 2));
  VipsImage *map, *heat;
  uint16_t *v = decode("doubt.png", &map);
  uint8_t *rgba = decode("heat.png", &heat);
  assert_true(map->Bands == 1 && map->BandFmt == VIPS_FORMAT_USHORT);
  assert_true(heat->Bands == 4 && heat->BandFmt == VIPS_FORMAT_UCHAR && heat->Xsize == 80);
  double sum = 0;
  for (int y = 0; y < 60; y++)
    for (int x = 0; x < 80; x++) {
      const int i = y * 80 + x;
      const bool damaged = block(x, y) || crack(x, y);
      if (block(x, y)) sum += v[i];
      if (!block(x, y)) assert_int_equal(v[i], 0);
      assert_int_equal(rgba[i * 4 + 3], damaged ? 255 : 0);
      /* Half a hundredth in the map is a fifth of a level of red. */
      assert_true(fabs(rgba[i * 4] - fmin(v[i] / 100.0 * 3 / 20, 1) * 255) <= 0.75);
    }
  assert_true(fabs(sum / 400 / 100 - all.regions[0].doubt) < 0.006);
  g_free(v);
  g_free(rgba);
  g_object_unref(map);
  g_object_unref(heat);
  kz_candidates_release(&all);
  empty_folder();
}

static void equal_fills_leave_no_doubt(void **state) {
  (void)state;
  struct painter p = {.flat = true};
  struct kz_candidates all;
  struct kz_err err;
  make_scene(3, 8);
  if (candidates(&p, &plain, &three, "out.png", &all, &err)) fail_msg("%s", err.msg);
  for (int i = 0; i < 2; i++)
    assert_true(all.regions[i].doubt == 0 && all.regions[i].doubt_95 == 0);
  for (int k = 0; k < 3; k++)
    assert_true(all.list[k].off_mean == 0 && all.list[k].rank == k + 1);
  VipsImage *map;
  uint16_t *v = decode("doubt.png", &map);
  for (int i = 0; i < 80 * 60; i++) assert_int_equal(v[i], 0);
  g_free(v);
  g_object_unref(map);
  kz_candidates_release(&all);
  empty_folder();
}

/* Over a limit: the pixels are the image's; with leave to guess they are filled. */
static void conjecture_is_left_unfilled(void **state) {
  (void)state;
  struct kz_candidates_options o = three;
  make_scene(3, 16);
  for (int leave = 0; leave < 2; leave++) {
    struct painter p = {0};
    struct kz_candidates all;
    struct kz_err err;
    struct kz_restore_options over = plain;
    over.overwrite = true;
    o.most_distance = 5;
    o.allow_conjecture = leave;
    if (candidates(&p, &over, &o, "out.png", &all, &err)) fail_msg("%s", err.msg);
    assert_int_equal(all.conjecture, 1);
    assert_int_equal(all.unfilled, !leave);
    assert_int_equal(all.regions[0].conjecture, KZ_CONJECTURE_FAR);
    assert_true(all.regions[0].filled == (leave != 0) && all.regions[1].filled);
    assert_true(all.regions[0].distance == 10);
    VipsImage *im, *out;
    uint16_t *a = decode("image.png", &im), *b = decode("out-2.png", &out);
    int changed[2] = {0};
    for (int y = 0; y < 60; y++)
      for (int x = 0; x < 80; x++) {
        const bool same = !memcmp(a + (y * 80 + x) * 3, b + (y * 80 + x) * 3, 6);
        if (!block(x, y) && !crack(x, y)) assert_true(same);
        changed[crack(x, y)] += !same;
      }
    assert_int_equal(changed[0], leave ? 400 : 0);
    assert_int_equal(changed[1], 140);
    g_free(a);
    g_free(b);
    g_object_unref(im);
    g_object_unref(out);
    kz_candidates_release(&all);
  }
  empty_folder();
}

static void each_limit_has_its_reason(void **state) {
  (void)state;
  struct kz_candidates_options o = three;
  struct kz_candidates all;
  struct kz_err err;
  struct painter p = {0};
  make_scene(3, 8);
  o.least_known = 0.99, o.most_doubt = 0.5;
  if (candidates(&p, &plain, &o, "out.png", &all, &err)) fail_msg("%s", err.msg);
  /* The block's ring ends at row 37, before the crack. Of the 86 columns of the crack's ring 80 lie
   * in the image, and all of its 18 rows. */
  assert_true(all.regions[0].known == 1);
  assert_int_equal(all.regions[0].conjecture, KZ_CONJECTURE_DISAGREE);
  assert_true(fabs(all.regions[1].known - (80 * 18 - 140) / (86 * 18 - 140.0)) < 1e-9);
  assert_int_equal(all.regions[1].conjecture, KZ_CONJECTURE_FEW_KNOWN);
  assert_int_equal(all.unfilled, 2);
  for (int k = 0; k < 3; k++) assert_true(all.list[k].score == 0);
  kz_candidates_release(&all);
  empty_folder();
}

static void refused(const struct kz_restore_options *o, const struct kz_candidates_options *c,
                    const char *out, int code, const char *words) {
  struct painter p = {0};
  struct kz_candidates all;
  struct kz_err err = {0};
  const int before = count_files("");
  assert_int_equal(candidates(&p, o, c, out, &all, &err), code);
  if (!strstr(err.msg, words)) fail_msg("\"%s\" does not say \"%s\"", err.msg, words);
  assert_int_equal(p.calls, 0);
  assert_int_equal(count_files(""), before);
}

static void what_cannot_be_done_is_refused_first(void **state) {
  (void)state;
  struct kz_candidates_options o = three;
  struct kz_restore_options bad = plain;
  make_scene(3, 8);
  o.count = 17;
  refused(&plain, &o, "out.png", KZ_ERANGE, "give 2 to 16");
  o.count = 1;
  refused(&plain, &o, "out.png", KZ_ERANGE, "nothing to disagree");
  o = three, o.most_distance = 1e-9;
  refused(&plain, &o, "out.png", KZ_ERANGE, "--allow-conjecture");
  o = three, o.ring = 0;
  refused(&plain, &o, "out.png", KZ_ERANGE, "ring");
  o = three, o.least_known = NAN;
  refused(&plain, &o, "out.png", KZ_ERANGE, "least-known");
  o = three, o.most_doubt = -1;
  refused(&plain, &o, "out.png", KZ_ERANGE, "most-doubt");
  bad.steps = 0;
  refused(&bad, &three, "out.png", KZ_ERANGE, "steps");
  refused(&plain, &three, "out.xyz", KZ_EUNSUPPORTED, "out-1.xyz");
  refused(&plain, &three, "no/out.png", KZ_EIO, "no/out-1.png");
  write_bytes(in_folder("out-3.png"), "mine", 4);
  refused(&plain, &three, "out.png", KZ_EEXIST, "out-3.png");
  unlink(in_folder("out-3.png"));
  write_bytes(in_folder("heat.png"), "mine", 4);
  refused(&plain, &three, "out.png", KZ_EEXIST, "heat.png");
  assert_int_equal(rename(in_folder("mask.png"), in_folder("heat.png")), 0);
  assert_int_equal(symlink(in_folder("heat.png"), in_folder("mask.png")), 0);
  bad = plain, bad.overwrite = true;
  refused(&bad, &three, "out.png", KZ_EEXIST, "what is read");
  empty_folder();
}

static void a_network_that_fails_leaves_nothing(void **state) {
  (void)state;
  struct kz_candidates all;
  struct kz_err err;
  struct painter p = {.fail_at = 5};
  make_scene(3, 8);
  assert_int_equal(candidates(&p, &plain, &three, "out.png", &all, &err), KZ_EBACKEND);
  assert_int_equal(count_files(""), 2);
  empty_folder();
}

static void names_and_seeds(void **state) {
  (void)state;
  static const char *const names[][2] = {
      {"a/wall.tif", "a/wall-12.tif"}, {"a.b/wall", "a.b/wall-12"}, {"x.y.png", "x.y-12.png"}};
  for (int i = 0; i < 3; i++) {
    char *path = kz_candidate_path(names[i][0], 12);
    assert_string_equal(path, names[i][1]);
    free(path);
  }
  assert_true(kz_candidate_seed(7, 1) == 7 && kz_candidate_seed(7, 4) == 10);
  const int64_t top = (int64_t)1 << 53;
  assert_true(kz_candidate_seed(top, 1) == top && kz_candidate_seed(top, 2) == 0);
}

/* ---- with a network ---- */

static void each_candidate_is_what_its_seed_gives(void **state) {
  (void)state;
  struct kz_model *m = NULL;
  struct kz_restorer *r = NULL;
  struct kz_err err;
  if (tiny_model_write(in_folder("model.safetensors"), 3, &err)) fail_msg("%s", err.msg);
  if (kz_model_load(in_folder("model.safetensors"), KZ_PRECISION_F32, &m, &err))
    fail_msg("%s", err.msg);
  assert_int_equal(kz_restorer_new(m, &r, &err), 0);
  for (int kind = 0; kind < 2; kind++) { /* grey of 8 bits, RGB of 16 */
    struct kz_candidates all;
    struct kz_restore_options o = plain;
    o.seed = 5;
    o.overwrite = true;
    make_scene(kind ? 3 : 1, kind ? 16 : 8);
    const struct kz_candidates_job job = {.image = in_folder("image.png"),
                                          .mask = in_folder("mask.png"),
                                          .out = in_folder("out.png")};
    const char *single = in_folder("one.png");
    if (kz_restorer_candidates(r, &job, &o, &three, NULL, &all, &err)) fail_msg("%s", err.msg);
    assert_true(all.regions[0].doubt > 1 && all.regions[1].doubt < 0.01);
    for (int k = 0; k < 3; k++) {
      size_t a, b;
      assert_int_equal(all.list[k].seed, 5 + k);
      o.seed = all.list[k].seed;
      if (kz_restorer_run(r, job.image, job.mask, single, &o, NULL, NULL, &err))
        fail_msg("%s", err.msg);
      char *one = read_whole(single, &a), *of = read_whole(all.list[k].path, &b);
      assert_int_equal(a, b);
      assert_memory_equal(one, of, a);
      free(one);
      free(of);
    }
    kz_candidates_release(&all);
  }
  kz_restorer_free(r);
  kz_model_free(m);
  empty_folder();
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(regions_by_hand),
      cmocka_unit_test(regions_as_counted_slowly),
      cmocka_unit_test(doubt_by_hand),
      cmocka_unit_test(ranks_by_hand),
      cmocka_unit_test(maps_show_the_damage),
      cmocka_unit_test(equal_fills_leave_no_doubt),
      cmocka_unit_test(conjecture_is_left_unfilled),
      cmocka_unit_test(each_limit_has_its_reason),
      cmocka_unit_test(what_cannot_be_done_is_refused_first),
      cmocka_unit_test(a_network_that_fails_leaves_nothing),
      cmocka_unit_test(names_and_seeds),
      cmocka_unit_test(each_candidate_is_what_its_seed_gives),
  };
  return cmocka_run_group_tests(tests, fixture_setup, fixture_teardown);
}
