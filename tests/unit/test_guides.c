/* Guides, from the stream of crops to a restored file: crops stay what they are with and without
 * them, features of a tile are those of a crop, drawings and words change the fill and nothing else,
 * and guidance is the sum it is said to be. */
#include "image_fixture.h"

#include <math.h>

#include <kizil/data.h>

#include "base/file.h"
#include "feature/fused.h"
#include "restore/guide.h"
#include "restore/sample.h"
#include "text/vocabulary.h"
#include "tiny_model.h"

static void write_text(const char *name, const char *text) {
  FILE *f = fopen(in_folder(name), "wb");
  assert_non_null(f);
  assert_true(fputs(text, f) >= 0);
  assert_int_equal(fclose(f), 0);
}

/* A picture with lines to be drawn: dark bars on a ramp. */
static void make_bars(const char *name, int w, int h) {
  struct kz_pixels p;
  struct kz_err err;
  assert_int_equal(kz_pixels_init(&p, w, h, 3, &err), 0);
  for (int i = 0; i < w * h; i++) {
    int x = i % w, y = i / w;
    for (int c = 0; c < 3; c++)
      p.data[3 * i + c] = (uint8_t)((x + 2 * y) % 48 < 4 ? 30 : 150 + 20 * c + x * 40 / w);
  }
  assert_int_equal(kz_pixels_save(&p, in_folder(name), &err), 0);
  kz_pixels_release(&p);
}

/* One channel: 255 where (x + y) % period < width. */
static void make_stripes(const char *name, int w, int h, int period, int width, bool invert) {
  struct kz_pixels p;
  struct kz_err err;
  assert_int_equal(kz_pixels_init(&p, w, h, 1, &err), 0);
  for (int i = 0; i < w * h; i++)
    p.data[i] = (((i % w + i / w) % period < width) != invert) ? 255 : 0;
  assert_int_equal(kz_pixels_save(&p, in_folder(name), &err), 0);
  kz_pixels_release(&p);
}

/* ---- the stream ---- */

static struct kz_stream *open_stream(bool guides, const struct kz_manifest *manifest,
                                     bool held_out) {
  struct kz_stream_options o;
  struct kz_stream *s = NULL;
  struct kz_err err;
  static char images[512];
  snprintf(images, sizeof images, "%s", in_folder("."));
  kz_stream_options_defaults(&o);
  o.images = images;
  o.guides = guides;
  o.manifest = manifest;
  o.held_out = held_out ? .5 : 0;
  o.held_out_only = held_out;
  o.seed = 5;
  if (kz_stream_open(&o, &s, &err)) fail_msg("%s", err.msg);
  return s;
}

static void guides_leave_crops_alone(void **state) {
  (void)state;
  enum { N = 12, S = 64 };
  struct kz_batch a, b, again;
  struct kz_err err;
  make_bars("a.png", 300, 280);
  make_bars("b.png", 270, 310);
  struct kz_stream *plain = open_stream(false, NULL, false);
  struct kz_stream *guided = open_stream(true, NULL, false);
  struct kz_stream *twin = open_stream(true, NULL, false);
  int shown = 0, drawn = 0, said = 0;
  for (int64_t i = 3; i < 6; i++) {
    assert_int_equal(kz_stream_next(plain, i, N, S, &a, &err), 0);
    assert_int_equal(kz_stream_next(guided, i, N, S, &b, &err), 0);
    assert_int_equal(kz_stream_next(twin, i, N, S, &again, &err), 0);
    assert_null(a.drawn);
    assert_null(a.captions);
    assert_memory_equal(a.rgb, b.rgb, N * S * S * 3);
    assert_memory_equal(a.mask, b.mask, N * S * S);
    assert_memory_equal(b.drawn, again.drawn, N * S * S);
    assert_memory_equal(b.drawn_valid, again.drawn_valid, N * S * S);
    for (int k = 0; k < N * S * S; k++) {
      if (!b.drawn_valid[k]) assert_int_equal(b.drawn[k], 0);
      shown += b.drawn_valid[k] != 0;
      drawn += b.drawn[k] > 127;
    }
    for (int k = 0; k < N; k++) {
      const char *text = b.captions + k * KZ_CAPTION_MOST;
      assert_non_null(memchr(text, 0, KZ_CAPTION_MOST));
      assert_string_equal(text, again.captions + k * KZ_CAPTION_MOST);
      said += *text != 0;
    }
  }
  assert_true(shown > N * S * S / 2 && shown < 3 * N * S * S);
  assert_true(drawn > shown / 100);
  assert_true(said > N);
  kz_stream_close(plain);
  kz_stream_close(guided);
  kz_stream_close(twin);
}

static void the_manifest_is_quoted(void **state) {
  (void)state;
  enum { N = 24, S = 32 };
  struct kz_manifest *m = NULL;
  struct kz_batch b;
  struct kz_err err;
  write_text("list.csv", "file,subject,period\nsome/where/a.png,wheel of law,Kushan\n"
                         "b.png,wheel of law,Kushan\n");
  if (kz_manifest_load(in_folder("list.csv"), &m, &err)) fail_msg("%s", err.msg);
  struct kz_stream *s = open_stream(true, m, false);
  int quoted = 0;
  assert_int_equal(kz_stream_next(s, 0, N, S, &b, &err), 0);
  for (int k = 0; k < N; k++)
    quoted += strstr(b.captions + k * KZ_CAPTION_MOST, "wheel of law") != NULL;
  assert_true(quoted > N / 4 && quoted < N);
  kz_stream_close(s);
  kz_manifest_free(m);
}

/* Held-out crops are seen as a user's picture without drawing or words is. */
static void held_out_crops_have_no_drawing(void **state) {
  (void)state;
  enum { N = 4, S = 64 };
  struct kz_batch b;
  struct kz_err err;
  struct kz_stream *s = open_stream(true, NULL, true);
  assert_int_equal(kz_stream_next(s, 0, N, S, &b, &err), 0);
  for (int k = 0; k < N * S * S; k++) assert_int_equal(b.drawn[k] | b.drawn_valid[k], 0);
  for (int k = 0; k < N; k++) assert_true(b.captions[k * KZ_CAPTION_MOST] != 0);
  kz_stream_close(s);
  empty_folder();
}

/* ---- a tile ---- */

struct drawn_lines {
  int reads;
};
static int read_diagonals(void *self, int x, int y, int w, int h, uint8_t *drawn,
                          struct kz_err *err) {
  struct drawn_lines *d = self;
  (void)err;
  d->reads++;
  for (int i = 0; i < w * h; i++) drawn[i] = (x + i % w + y + i / w) % 9 == 0 ? 255 : 0;
  return 0;
}

/* What is past the image mirrors it in the drawing as in the tile; lines count in holes only. */
static void a_tile_mirrors_its_drawing(void **state) {
  (void)state;
  enum { W = 50, H = 40, TW = 64, TH = 64 };
  struct kz__tile place = {0};
  const struct kz__tiles t = {.ax = {W, TW, 1, 0}, .ay = {H, TH, 1, 0}, .list = &place, .count = 1};
  struct kz__featurer f;
  struct kz_err err;
  struct drawn_lines lines = {0};
  const struct kz__view straight = {0}, upside_down = {.y = true}, mirrored = {.x = true};
  const struct kz__drawn drawn = {&lines, read_diagonals};
  static float in[TW * TH * KZ__IN], features[TW * TH * KZ_FUSED], none[TW * TH * KZ_FUSED];
  for (int i = 0; i < TW * TH; i++) in[i * KZ__IN + 6] = (i % TW + i / TW) % 3 == 0;
  assert_int_equal(kz__featurer_init(&f, TW, TH, &err), 0);
  assert_int_equal(kz__tile_features(&f, &t, 0, &drawn, straight, in, features, &err), 0);
  assert_int_equal(kz__tile_features(&f, &t, 0, NULL, straight, in, none, &err), 0);
  assert_int_equal(lines.reads, 1);
  for (int i = 0; i < TW * TH; i++) {
    int x = i % TW, y = i / TW, sx = x < W ? x : 2 * W - 1 - x, sy = y < H ? y : 2 * H - 1 - y;
    bool hole = in[i * KZ__IN + 6] > 0;
    assert_true(features[i * KZ_FUSED + KZ_FUSED_DRAWN] == (hole && (sx + sy) % 9 == 0));
    assert_true(features[i * KZ_FUSED + KZ_FUSED_DRAWN_VALID] == hole);
    assert_true(none[i * KZ_FUSED + KZ_FUSED_DRAWN_VALID] == 0);
    for (int c = 0; c < KZ_FUSED_DRAWN; c++)
      assert_true(features[i * KZ_FUSED + c] == none[i * KZ_FUSED + c]);
  }
  /* Turned to a view, the drawing is; a turned tile has the line where the tile had it. */
  kz__view_turn(upside_down, TW, TH, KZ__IN, in);
  assert_int_equal(kz__tile_features(&f, &t, 0, &drawn, upside_down, in, none, &err), 0);
  for (int i = 0; i < TW * TH; i++) {
    int turned = (TH - 1 - i / TW) * TW + i % TW;
    assert_true(none[i * KZ_FUSED + KZ_FUSED_DRAWN] == features[turned * KZ_FUSED + KZ_FUSED_DRAWN]);
  }
  kz__view_turn(upside_down, TW, TH, KZ__IN, in);
  kz__view_turn(mirrored, TW, TH, KZ__IN, in);
  assert_int_equal(kz__tile_features(&f, &t, 0, &drawn, mirrored, in, none, &err), 0);
  for (int i = 0; i < TW * TH; i++) {
    int turned = i / TW * TW + TW - 1 - i % TW;
    assert_true(none[i * KZ_FUSED + KZ_FUSED_DRAWN] == features[turned * KZ_FUSED + KZ_FUSED_DRAWN]);
  }
  kz__featurer_release(&f);
}

/* ---- guidance ---- */

static struct kz_model *load_tiny(bool guided) {
  struct kz_model *m = NULL;
  struct kz_err err;
  if (tiny_model_write_as(in_folder("model.safetensors"), 3, guided, &err)) fail_msg("%s", err.msg);
  if (kz_model_load(in_folder("model.safetensors"), KZ_PRECISION_F32, &m, &err))
    fail_msg("%s", err.msg);
  return m;
}

static void guidance_is_the_sum(void **state) {
  (void)state;
  enum { S = 32, V = S * S * 3 };
  static float in[S * S * KZ_FEDR_IN], features[S * S * KZ_FUSED], x0[5][V];
  int32_t tokens[KZ_TEXT_TOKENS];
  struct kz_model *m = load_tiny(true);
  struct kz_denoiser *d = NULL;
  struct kz_err err;
  const float t = .6f;
  for (int i = 0; i < S * S * KZ_FEDR_IN; i++) in[i] = (float)((i * 37) % 101) / 101 - .5f;
  for (int i = 0; i < S * S; i++) in[i * KZ_FEDR_IN + 6] = i % 5 == 0;
  for (int i = 0; i < S * S * KZ_FUSED; i++) features[i] = (float)((i * 53) % 97) / 97 - .3f;
  kz_text_encode("cinnabar red ground", tokens);
  assert_true(kz_model_has_structure(m) && kz_model_has_text(m));
  if (kz_denoiser_new(m, 1, S, S, 2, &d, &err)) fail_msg("%s", err.msg);
  const struct kz_guides all[5] = {{0},
                                   {features, NULL, 1, 1},
                                   {features, tokens, 1, 1},
                                   {features, tokens, 1.5f, 2},
                                   {NULL, tokens, 1, 0}};
  for (int i = 0; i < 5; i++)
    assert_int_equal(kz_denoiser_run(d, in, &t, &all[i], x0[i], &err), 0);
  double moved[2] = {0};
  for (int i = 0; i < V; i++) {
    double want = x0[0][i] + 1.5 * (x0[1][i] - x0[0][i]) + 2 * (x0[2][i] - x0[1][i]);
    assert_true(fabs(x0[3][i] - want) < 2e-5);
    assert_true(x0[4][i] == x0[0][i]); /* words that do not count */
    moved[0] += fabs(x0[1][i] - x0[0][i]);
    moved[1] += fabs(x0[2][i] - x0[1][i]);
  }
  assert_true(moved[0] > 1e-3 && moved[1] > 1e-3);
  kz_denoiser_free(d);
  kz_model_free(m);
  empty_folder();
}

/* ---- files ---- */

/* A path that outlives the ring of in_folder. */
static const char *kept(const char *name) {
  static char paths[4][512];
  static int turn;
  snprintf(paths[turn % 4], sizeof paths[0], "%s", in_folder(name));
  return paths[turn++ % 4];
}

static const struct kz_restore_options options = {
    .views = 1, .steps = 2, .tile = 256, .overlap = 64, .guidance_text = 1, .guidance_structure = 1};

/* How many samples inside and outside the mask two pictures differ in. */
static void difference(const char *one, const char *other, const char *mask, int count[2]) {
  struct kz_pixels a, b, m;
  struct kz_err err;
  assert_int_equal(kz_pixels_load(in_folder(one), 0, 0, &a, &err), 0);
  assert_int_equal(kz_pixels_load(in_folder(other), 0, 0, &b, &err), 0);
  assert_int_equal(kz_pixels_load(in_folder(mask), 0, 0, &m, &err), 0);
  count[0] = count[1] = 0;
  for (int i = 0; i < a.width * a.height * 3; i++)
    count[m.data[i] < 128] += a.data[i] != b.data[i];
  kz_pixels_release(&a);
  kz_pixels_release(&b);
  kz_pixels_release(&m);
}

static int run(struct kz_model *m, const struct kz_restore_options *o, const char *out,
               struct kz_restore_stats *stats, struct kz_err *err) {
  return kz_restore_file(m, in_folder("image.png"), in_folder("mask.png"), in_folder(out), o, NULL,
                         stats, err);
}

static void make_scene(int w, int h) {
  make_bars("image.png", w, h);
  make_stripes("mask.png", w, h, 40, 12, false);
  make_stripes("lines.png", w, h, 16, 3, true);
}

static void drawings_and_words_change_the_fill(void **state) {
  (void)state;
  struct kz_model *m = load_tiny(true);
  struct kz_restore_options lines = options, text = options;
  struct kz_restore_stats stats;
  struct kz_err err;
  int count[2];
  make_scene(450, 300); /* two tiles */
  if (run(m, &options, "plain.png", &stats, &err)) fail_msg("%s", err.msg);
  assert_true(stats.caption_made && strlen(stats.caption) > 8);
  lines.lines = kept("lines.png");
  if (run(m, &lines, "lined.png", &stats, &err)) fail_msg("%s", err.msg);
  text.text = "飞天，青金石蓝地";
  if (run(m, &text, "told.png", &stats, &err)) fail_msg("%s", err.msg);
  assert_true(!stats.caption_made);
  assert_string_equal(stats.caption, text.text);
  difference("image.png", "lined.png", "mask.png", count);
  assert_true(count[0] > 0 && count[1] == 0);
  difference("plain.png", "lined.png", "mask.png", count);
  assert_true(count[0] > 0 && count[1] == 0);
  difference("plain.png", "told.png", "mask.png", count);
  assert_true(count[0] > 0 && count[1] == 0);
  text.guidance_text = 0; /* words that do not count: as with other words that do not */
  if (run(m, &text, "a.png", &stats, &err)) fail_msg("%s", err.msg);
  text.text = "graffiti";
  if (run(m, &text, "b.png", &stats, &err)) fail_msg("%s", err.msg);
  difference("a.png", "b.png", "mask.png", count);
  assert_true(count[0] == 0 && count[1] == 0);
  kz_model_free(m);
  empty_folder();
}

static void what_a_model_lacks_is_refused(void **state) {
  (void)state;
  struct kz_model *m = load_tiny(false);
  struct kz_restore_options lines = options, text = options;
  struct kz_err err = {0};
  make_scene(96, 64);
  lines.lines = kept("lines.png");
  text.text = "flying apsara";
  assert_int_equal(run(m, &lines, "out.png", NULL, &err), KZ_EUNSUPPORTED);
  assert_non_null(strstr(err.msg, "does not follow line drawings"));
  assert_int_equal(run(m, &text, "out.png", NULL, &err), KZ_EUNSUPPORTED);
  assert_non_null(strstr(err.msg, "does not read text"));
  kz_model_free(m);
  m = load_tiny(true);
  make_stripes("lines.png", 95, 64, 16, 3, true);
  if (run(m, &lines, "out.png", NULL, &err) != KZ_ESHAPE) fail_msg("%s", err.msg);
  assert_non_null(strstr(err.msg, "95 x 64"));
  lines.lines = kept("none.png");
  assert_int_equal(run(m, &lines, "out.png", NULL, &err), KZ_ENOENT);
  lines.lines = kept("out.png");
  assert_int_equal(run(m, &lines, "out.png", NULL, &err), KZ_EEXIST);
  assert_false(kz_file_exists(in_folder("out.png")));
  kz_model_free(m);
  empty_folder();
}

static void stats_say_who_spoke(void **state) {
  (void)state;
  struct kz_model *m = load_tiny(true);
  struct kz_restore_options o = options;
  struct kz_restore_stats stats;
  struct kz_err err;
  make_scene(96, 64);
  o.overwrite = true;
  o.text = NULL;
  if (run(m, &o, "out.png", &stats, &err)) fail_msg("%s", err.msg);
  assert_true(stats.caption_made && *stats.caption);
  o.text = "a \"quoted\" 飞天";
  if (run(m, &o, "out.png", &stats, &err)) fail_msg("%s", err.msg);
  assert_false(stats.caption_made);
  assert_string_equal(stats.caption, o.text);
  char saga[KZ_CAPTION_MOST + 64];
  memset(saga, 'a', sizeof saga); /* a text that is cut is cut between two characters */
  memcpy(saga + KZ_CAPTION_MOST - 3, "飞天", sizeof "飞天");
  o.text = saga;
  if (run(m, &o, "out.png", &stats, &err)) fail_msg("%s", err.msg);
  assert_int_equal(strlen(stats.caption), KZ_CAPTION_MOST - 3);
  kz_model_free(m);
  empty_folder();
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(guides_leave_crops_alone),
      cmocka_unit_test(the_manifest_is_quoted),
      cmocka_unit_test(held_out_crops_have_no_drawing),
      cmocka_unit_test(a_tile_mirrors_its_drawing),
      cmocka_unit_test(guidance_is_the_sum),
      cmocka_unit_test(drawings_and_words_change_the_fill),
      cmocka_unit_test(what_a_model_lacks_is_refused),
      cmocka_unit_test(stats_say_who_spoke),
  };
  return cmocka_run_group_tests(tests, fixture_setup, fixture_teardown);
}
