/* Findings in a catalogue: what is written of them, when they apply, whose word counts, and how
 * images are seen in the end. */
#include "catalogue_fixture.h"

#include "catalogue/add.h"
#include "catalogue/clean.h"

static struct kz_catalogue *with_image(const char *name) {
  struct kz_err err = {0};
  struct kz_catalogue *c = open_catalogue(name);
  assert_ok(kz__db_exec(c,
                        "INSERT INTO image(id, sha256, bytes, width, height, added)"
                        " VALUES(1, 'a', 1, 400, 300, ''), (2, 'b', 1, 400, 300, '');"
                        "INSERT INTO image(id, sha256, bytes, error, added)"
                        " VALUES(3, 'c', 1, 'cut short', '')",
                        &err));
  return c;
}

static void put(struct kz_catalogue *c, int64_t image, const struct kz__picture_info *info,
                const struct kz_clean_found *found) {
  struct kz_err err = {0};
  sqlite3_stmt *s = NULL;
  assert_ok(kz__db_prepare(c, KZ__CLEAN_SQL, &s, &err));
  assert_ok(kz__clean_put(c, s, image, info, found, &err));
  sqlite3_finalize(s);
}

static struct kz_view view_of(struct kz_catalogue *c, int64_t image) {
  struct kz_err err = {0};
  struct kz_view v;
  memset(&v, 0xff, sizeof v);
  assert_ok(kz__clean_view(c, image, &v, &err));
  return v;
}

static void assert_kept(const struct kz_view *v, int x, int y, int w, int h) {
  if (v->x != x || v->y != y || v->w != w || v->h != h)
    fail_msg("%d x %d at %d, %d", v->w, v->h, v->x, v->y);
}

static int say(struct kz_catalogue *c, enum kz_catalogue_clean_kind_id kind,
               enum kz_catalogue_clean_word word, const struct kz_view *given,
               struct kz_err *err) {
  return kz_catalogue_clean(c, 1, kind, word, given, "seen", "Li", err);
}

static struct kz_clean_found everything(double crop, double card, double cast) {
  return (struct kz_clean_found){
      .crop = {{10, 20, 380, 270}, crop, KZ_CLEAN_TOP | KZ_CLEAN_LEFT, {255, 254, 253}},
      .card = {{0, 250, 120, 50}, {0, 0, 400, 250}, card, 24},
      .cast = {KZ_CLEAN_GREYS, {0.9, 1, 1.25}, cast}};
}

static const struct kz__picture_info turned = {
    .format = "JPEG", .width = 400, .height = 300, .orientation = 6, .profile = "Adobe RGB (1998)"};

static void test_rows(void **unused) {
  (void)unused;
  struct kz_catalogue *c = with_image("rows.db");
  const struct kz_clean_found f = everything(0.9, 0.3, 0.95), none = {0};
  const struct kz__picture_info plain = {.orientation = 1, .profile = "sRGB IEC61966-2.1"};
  put(c, 1, &turned, &f);
  put(c, 2, &plain, &none);
  assert_int_equal(ask(c, "SELECT count(*) FROM clean"), 5);
  assert_string_equal(ask_text(c, "SELECT group_concat(kind || applied) FROM (SELECT * FROM clean"
                                  " ORDER BY kind)"),
                      "card0,cast1,crop1,orientation1,profile1");
  assert_string_equal(ask_text(c, "SELECT params FROM clean WHERE kind = 'crop'"),
                      "{\"x\":10,\"y\":20,\"w\":380,\"h\":270,\"sides\":[\"top\",\"left\"],"
                      "\"colour\":[255,254,253]}");
  assert_string_equal(ask_text(c, "SELECT params FROM clean WHERE kind = 'card'"),
                      "{\"x\":0,\"y\":250,\"w\":120,\"h\":50,\"patches\":24,"
                      "\"keep\":{\"x\":0,\"y\":0,\"w\":400,\"h\":250}}");
  assert_int_equal(ask(c, "SELECT json_extract(params, '$.gain[2]') * 100 FROM clean"
                          " WHERE kind = 'cast'"), 125);
  struct kz_view v = view_of(c, 1), empty = view_of(c, 2);
  assert_kept(&v, 10, 20, 380, 270);
  assert_int_equal(v.orientation, 6);
  assert_true(v.to_srgb);
  assert_float_equal(v.gain[2], 1.25, 1e-4);
  assert_kept(&empty, 0, 0, 0, 0);
  assert_false(empty.to_srgb || empty.orientation || empty.gain[0] != 0);
  kz_catalogue_close(c);
}

static void test_thresholds(void **unused) {
  (void)unused;
  struct kz_err err = {0};
  struct kz_catalogue *c = with_image("thresholds.db");
  const struct kz_clean_found f = everything(0.9, 0.65, 0.5);
  put(c, 1, &turned, &f);
  struct kz_view v = view_of(c, 1);
  assert_kept(&v, 10, 20, 380, 230); /* without the card */
  assert_true(v.gain[0] == 0);
  assert_ok(kz_catalogue_set_cleaning(c, "card", 0.8, &err));
  assert_ok(kz_catalogue_set_cleaning(c, "cast", 0.5, &err));
  v = view_of(c, 1);
  assert_kept(&v, 10, 20, 380, 270);
  assert_float_equal(v.gain[0], 0.9, 1e-4);
  assert_ok(kz_catalogue_set_cleaning(c, "crop", 2, &err));
  assert_ok(kz_catalogue_set_cleaning(c, "orientation", 2, &err));
  assert_ok(kz_catalogue_set_cleaning(c, "profile", 2, &err));
  v = view_of(c, 1);
  assert_kept(&v, 0, 0, 0, 0);
  assert_int_equal(v.orientation, 1); /* as stored: not turned as the file says */
  assert_false(v.to_srgb);
  /* What is found later is held against the same; measures do not mind. */
  put(c, 2, &turned, &f);
  assert_int_equal(ask(c, "SELECT sum(applied) FROM clean WHERE image = 2"), 1);
  assert_ok(kz_catalogue_judge(c, &err));
  assert_ok(kz_catalogue_set_cleaning(c, "crop", NAN, &err));
  assert_int_equal(ask(c, "SELECT sum(applied) FROM clean WHERE kind = 'crop'"), 2);
  assert_int_equal(ask(c, "SELECT count(*) FROM threshold"), 4);
  assert_fails(kz_catalogue_set_cleaning(c, "frame", 1, &err), KZ_ENOENT, "crop, card, cast");
  assert_fails(kz_catalogue_set_cleaning(c, "crop", -1, &err), KZ_ERANGE, "crop");
  assert_fails(kz_catalogue_set_threshold(c, "clean-crop", 1, &err), KZ_ENOENT, "no measure");
  kz_catalogue_close(c);
}

static void test_words(void **unused) {
  (void)unused;
  struct kz_err err = {0};
  struct kz_catalogue *c = with_image("words.db");
  const struct kz_clean_found f = everything(0.9, 0.9, 0.3);
  const struct kz_view given = {.x = 5, .y = 6, .w = 395, .h = 294, .orientation = 3,
                                .gain = {1, 1.1, 0.8}};
  put(c, 1, &turned, &f);
  assert_ok(say(c, KZ_CATALOGUE_CROP, KZ_CATALOGUE_CLEAN_GIVEN, &given, &err));
  struct kz_view v = view_of(c, 1);
  assert_kept(&v, 5, 6, 395, 294); /* the card is in it: a person has seen that */
  assert_ok(say(c, KZ_CATALOGUE_CROP, KZ_CATALOGUE_CLEAN_NONE, NULL, &err));
  v = view_of(c, 1);
  assert_kept(&v, 0, 0, 0, 0);
  assert_ok(say(c, KZ_CATALOGUE_CROP, KZ_CATALOGUE_CLEAN_DEFAULT, NULL, &err));
  v = view_of(c, 1);
  assert_kept(&v, 10, 20, 380, 230);
  assert_ok(say(c, KZ_CATALOGUE_CARD, KZ_CATALOGUE_CLEAN_NONE, NULL, &err));
  assert_ok(say(c, KZ_CATALOGUE_CAST, KZ_CATALOGUE_CLEAN_FOUND, NULL, &err));
  assert_ok(say(c, KZ_CATALOGUE_ORIENTATION, KZ_CATALOGUE_CLEAN_GIVEN, &given, &err));
  v = view_of(c, 1);
  assert_kept(&v, 10, 20, 380, 270);
  assert_float_equal(v.gain[2], 1.25, 1e-4);
  assert_int_equal(v.orientation, 3);
  /* Where nothing was found, too. */
  assert_ok(kz_catalogue_clean(c, 2, KZ_CATALOGUE_CAST, KZ_CATALOGUE_CLEAN_GIVEN, &given, "by eye",
                               "Li", &err));
  v = view_of(c, 2);
  assert_float_equal(v.gain[1], 1.1, 1e-6);
  assert_int_equal(ask(c, "SELECT count(*) FROM cleaning WHERE image = 2"), 1);
  /* It is history. */
  assert_int_equal(ask(c, "SELECT count(*) FROM clean_review"), 7);
  assert_fails(kz__db_exec(c, "DELETE FROM clean_review", &err), KZ_EIO, "history");
  assert_fails(kz__db_exec(c, "UPDATE clean_review SET who = 'x'", &err), KZ_EIO, "history");
  kz_catalogue_close(c);
}

static void test_refusals(void **unused) {
  (void)unused;
  struct kz_err err = {0};
  struct kz_catalogue *c = with_image("refusals.db");
  const struct kz_view out = {.x = 300, .y = 0, .w = 101, .h = 10, .orientation = 9,
                              .gain = {1, -1, 1}};
  const struct kz_view wide = {.x = 1, .y = 1, .w = 2147483647, .h = 1};
  const enum kz_catalogue_clean_word given = KZ_CATALOGUE_CLEAN_GIVEN;
  assert_fails(say(c, KZ_CATALOGUE_CROP, given, &out, &err), KZ_ERANGE, "leaves the picture");
  assert_fails(say(c, KZ_CATALOGUE_CROP, given, &wide, &err), KZ_ERANGE, "leaves the picture");
  assert_fails(say(c, KZ_CATALOGUE_CAST, given, &out, &err), KZ_ERANGE, "gain -1");
  assert_fails(say(c, KZ_CATALOGUE_ORIENTATION, given, &out, &err), KZ_ERANGE, "orientation 9");
  assert_fails(say(c, KZ_CATALOGUE_CARD, given, &out, &err), KZ_ERANGE, "card cannot be given");
  assert_fails(say(c, KZ_CATALOGUE_CROP, KZ_CATALOGUE_CLEAN_FOUND, NULL, &err), KZ_ENOENT,
               "no crop was found");
  assert_fails(kz_catalogue_clean(c, 3, KZ_CATALOGUE_CROP, KZ_CATALOGUE_CLEAN_NONE, NULL, "r", "w",
                                  &err), KZ_EFORMAT, "cut short");
  assert_fails(kz_catalogue_clean(c, 9, KZ_CATALOGUE_CROP, KZ_CATALOGUE_CLEAN_NONE, NULL, "r", "w",
                                  &err), KZ_ENOENT, "no image 9");
  assert_fails(kz_catalogue_clean(c, 1, KZ_CATALOGUE_CROP, KZ_CATALOGUE_CLEAN_NONE, NULL, "", "w",
                                  &err), KZ_ERANGE, "reason");
  assert_int_equal(ask(c, "SELECT count(*) FROM clean_review"), 0);
  /* Parameters that are not ours apply nothing, and break nothing. */
  assert_ok(kz__db_exec(c,
                        "INSERT INTO clean VALUES(1, 'crop', 'not JSON', 1, 1),"
                        " (1, 'cast', '{\"gain\":[0,1]}', 1, 1), (1, 'frob', '{}', 1, 1),"
                        " (1, 'card', '{\"x\":1,\"keep\":{\"x\":-4,\"y\":0,\"w\":3,\"h\":3}}', 1,"
                        " 1),"
                        " (1, 'orientation', '{\"orientation\":77}', 1, 1)",
                        &err));
  struct kz_view v = view_of(c, 1);
  char *text = NULL;
  assert_kept(&v, 0, 0, 0, 0);
  assert_true(v.gain[0] == 0 && v.orientation == 1);
  assert_ok(kz_catalogue_tell_cleaning(c, NULL, &text, &err));
  free(text);
  kz_catalogue_close(c);
}

/* ---- from files to views ---- */

/* Noise in a white frame of `edge` px. */
static void make_framed(const char *name, int w, int h, int edge, uint32_t seed) {
  struct kz_err err = {0};
  struct kz_pixels p;
  assert_ok(kz_pixels_init(&p, w, h, 3, &err));
  for (int y = 0; y < h; y++)
    for (int x = 0; x < w; x++)
      for (int c = 0; c < 3; c++) {
        bool frame = x < edge || y < edge || x >= w - edge || y >= h - edge;
        seed = seed * 1664525u + 1013904223u;
        p.data[3 * (y * w + x) + c] = frame ? 255 : (uint8_t)(40 + (seed >> 25));
      }
  assert_ok(kz_pixels_save(&p, in_folder(name), &err));
  kz_pixels_release(&p);
}

static void test_add_and_again(void **unused) {
  (void)unused;
  struct kz_err err = {0};
  struct kz_catalogue_added added;
  const struct kz_catalogue_add_options o = {.threads = 1};
  struct kz_catalogue *c = open_catalogue("add.db");
  c->measuring = &kz__measuring;
  mkdir(in_folder("p"), 0700);
  make_framed("p/framed.png", 200, 160, 12, 1);
  make_framed("p/whole.png", 200, 160, 0, 2);
  const char *folders[] = {in_folder("p")};
  assert_ok(kz_catalogue_add(c, folders, 1, &o, NULL, &added, &err));
  int64_t framed, whole;
  assert_ok(kz_catalogue_find(c, in_folder("p/framed.png"), &framed, &err));
  assert_ok(kz_catalogue_find(c, in_folder("p/whole.png"), &whole, &err));
  struct kz_view v = view_of(c, framed), all = view_of(c, whole);
  assert_kept(&v, 12, 12, 176, 136);
  assert_kept(&all, 0, 0, 0, 0);
  const struct kz_view mine = {.x = 20, .y = 20, .w = 100, .h = 100};
  assert_ok(kz_catalogue_clean(c, framed, KZ_CATALOGUE_CROP, KZ_CATALOGUE_CLEAN_GIVEN, &mine,
                               "the figure", "Li", &err));
  assert_ok(kz__db_exec(c, "UPDATE clean SET confidence = 0.01, applied = 0", &err));
  assert_ok(kz_catalogue_again(c, &o, NULL, &added, &err));
  assert_true(ask(c, "SELECT confidence * 100 FROM clean WHERE kind = 'crop'") > 80);
  v = view_of(c, framed);
  assert_kept(&v, 20, 20, 100, 100); /* a person's word survives */

  /* The preview has the whole on its left, the crop on its right. */
  int64_t written;
  struct kz_pixels p;
  assert_ok(kz_catalogue_preview_cleaning(c, in_folder("look"), NULL, &written, &err));
  assert_int_equal(written, 1);
  char name[64];
  snprintf(name, sizeof name, "look/%d.jpg", (int)framed);
  assert_ok(kz_pixels_load(in_folder(name), 0, 0, &p, &err));
  assert_int_equal(p.width, 200 + 12 + 100);
  assert_int_equal(p.height, 160);
  assert_true(p.data[0] > 245);                                /* the frame */
  assert_true(p.data[3 * (80 * p.width + 204)] > 120 && p.data[3 * (80 * p.width + 206)] < 136);
  assert_true(p.data[3 * (50 * p.width + 220)] < 245);
  kz_pixels_release(&p);
  kz_catalogue_close(c);
}

/* A picture that was measured reduced is cut where the file has its frame. */
static void test_reduced(void **unused) {
  (void)unused;
  enum { W = 240, H = 180, FACTOR = 3 };
  uint8_t *rgb = malloc(3 * W * H);
  uint8_t *scratch = malloc(kz__measuring.scratch(W, H));
  struct kz__measured *m = calloc(1, sizeof *m);
  uint32_t seed = 5;
  for (int i = 0; i < W * H * 3; i++) {
    int x = i / 3 % W, y = i / 3 / W;
    bool frame = x < 20 || y < 10 || x >= W - 20 || y >= H - 10;
    seed = seed * 1664525u + 1013904223u;
    rgb[i] = frame ? 0 : (uint8_t)(90 + (seed >> 25));
  }
  const struct kz_screen_picture p = {.w = W, .h = H, .rgb = rgb, .bits = 8};
  kz__measuring.measure(&p, FACTOR, W * FACTOR - 2, H * FACTOR - 1, m, scratch);
  assert_int_equal(m->clean.crop.keep.x, 60);
  assert_int_equal(m->clean.crop.keep.y, 30);
  assert_int_equal(m->clean.crop.keep.w, 600);
  assert_int_equal(m->clean.crop.keep.h, 480);
  free(rgb);
  free(scratch);
  free(m);
}

static void test_told(void **unused) {
  (void)unused;
  struct kz_err err = {0};
  struct kz_catalogue *c = with_image("told.db");
  const struct kz_clean_found f = everything(0.9, 0.9, 0.3);
  char *text = NULL;
  put(c, 1, &turned, &f);
  assert_ok(say(c, KZ_CATALOGUE_CARD, KZ_CATALOGUE_CLEAN_NONE, NULL, &err));
  assert_ok(kz_catalogue_tell_cleaning(c, NULL, &text, &err));
  static const char *const words[] = {
      "keeps 380 x 270 px at 10, 20; cuts top left", "refused by Li: seen", "24 patches",
      "gains 0.9 1 1.25, from greys", "Adobe RGB (1998)"};
  for (size_t i = 0; i < sizeof words / sizeof *words; i++)
    if (!strstr(text, words[i])) fail_msg("'%s' lacks '%s'", text, words[i]);
  free(text);
  assert_ok(kz_catalogue_tell_cleaning(c, "cast", &text, &err));
  assert_null(strstr(text, "Adobe"));
  free(text);
  kz_catalogue_close(c);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup(test_rows, clean_folder),
      cmocka_unit_test_setup(test_thresholds, clean_folder),
      cmocka_unit_test_setup(test_words, clean_folder),
      cmocka_unit_test_setup(test_refusals, clean_folder),
      cmocka_unit_test_setup(test_add_and_again, clean_folder),
      cmocka_unit_test_setup(test_reduced, clean_folder),
      cmocka_unit_test_setup(test_told, clean_folder),
  };
  return cmocka_run_group_tests(tests, catalogue_setup, catalogue_teardown);
}
