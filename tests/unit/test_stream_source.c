/* Crops from a catalogue and from a list: the right images, seen as cleaning says, away from
 * damage, told in their own words; the same whoever lists them; and what is refused. */
#include "catalogue_fixture.h"

#include <stdbool.h>

#include <kizil/data.h>
#include <kizil/export.h>

#include "dataset/sound.h"
#include "dataset/source.h"

enum { IMAGES = 8, BATCHES = 4 };

static void run_sql(struct kz_catalogue *c, const char *sql) {
  struct kz_err err = {0};
  assert_ok(kz__db_exec(c, sql, &err));
}

/* Eight pictures, of which two judge, one tests, and the last is out; no damage known. */
static void make_catalogue(bool split) {
  struct kz_err err = {0};
  struct kz_catalogue_added added;
  char name[32];
  assert_int_equal(mkdir(in_folder("p"), 0700), 0);
  for (int i = 0; i < IMAGES; i++) {
    snprintf(name, sizeof name, "p/mural%d.png", i);
    make_picture(name, 300 + 10 * i, 280 + 5 * i, (uint32_t)i + 1);
  }
  struct kz_catalogue *c = open_catalogue("c.db");
  assert_ok(add_to(c, in_folder("p"), NULL, NULL, &added, &err));
  assert_int_equal(added.total.images, IMAGES);
  run_sql(c, "DELETE FROM damage");
  run_sql(c, "INSERT INTO verdict SELECT image, 'blur', 'blurred' FROM file"
             " WHERE CAST(path AS TEXT) GLOB '*mural7.png'");
  if (split)
    run_sql(c, "INSERT INTO split SELECT image, CASE substr(CAST(path AS TEXT), -5, 1)"
               " WHEN '5' THEN 'val' WHEN '3' THEN 'val' WHEN '6' THEN 'test' ELSE 'train' END"
               " FROM file WHERE NOT CAST(path AS TEXT) GLOB '*mural7.png'");
  kz_catalogue_close(c);
}

static void change(const char *sql) {
  struct kz_catalogue *c = open_catalogue("c.db");
  run_sql(c, sql);
  kz_catalogue_close(c);
}

static struct kz_stream_options options(const char *images) {
  struct kz_stream_options o;
  kz_stream_options_defaults(&o);
  o.images = images;
  o.seed = 3;
  return o;
}

static struct kz_stream *open_stream(const struct kz_stream_options *o) {
  struct kz_stream *s = NULL;
  struct kz_err err = {0};
  assert_ok(kz_stream_open(o, &s, &err));
  return s;
}

static struct kz_batch next(struct kz_stream *s, int64_t index, int count, int size) {
  struct kz_batch b = {0};
  struct kz_err err = {0};
  assert_ok(kz_stream_next(s, index, count, size, &b, &err));
  return b;
}

static uint64_t hash_stream(struct kz_stream *s) {
  uint64_t h = 0xcbf29ce484222325u;
  for (int i = 0; i < BATCHES; i++) {
    struct kz_batch b = next(s, i, 5, 64);
    size_t area = 5 * 64 * 64;
    for (size_t k = 0; k < 3 * area; k++) h = (h ^ b.rgb[k]) * 0x100000001b3u;
    for (size_t k = 0; k < area; k++) h = (h ^ b.mask[k]) * 0x100000001b3u;
    for (int k = 0; b.captions && k < 5; k++)
      for (const char *t = b.captions + k * KZ_CAPTION_MOST; *t; t++)
        h = (h ^ (unsigned char)*t) * 0x100000001b3u;
  }
  return h;
}

static uint64_t hash_of(const struct kz_stream_options *o, char identity[65]) {
  struct kz_stream *s = open_stream(o);
  uint64_t h = hash_stream(s);
  if (identity) snprintf(identity, 65, "%s", kz_stream_identity(s));
  kz_stream_close(s);
  return h;
}

static void expect_error(const struct kz_stream_options *o, int code, const char *words) {
  struct kz_stream *s = NULL;
  struct kz_err err = {0};
  assert_fails(kz_stream_open(o, &s, &err), code, words);
  assert_null(s);
}

/* ---- parts ---- */

static void test_parts(void **state) {
  (void)state;
  int found;
  make_catalogue(true);
  struct kz_stream_options o = options(in_folder("c.db"));
  struct kz_stream *s = open_stream(&o);
  assert_int_equal(kz_stream_images(s, &found), 4);
  assert_int_equal(found, 4);
  assert_non_null(strstr(kz_stream_told(s), "c.db: part train, 4 of 7 images that are in"));
  kz_stream_close(s);
  o.held_out_only = 1;
  o.held_out = 0; /* says nothing here */
  s = open_stream(&o);
  assert_int_equal(kz_stream_images(s, NULL), 2);
  assert_non_null(strstr(kz_stream_told(s), "part val, 2 of 7"));
  kz_stream_close(s);
  change("DELETE FROM split WHERE part = 'val'");
  expect_error(&o, KZ_ENOENT, "none of the 7 images");
  o.held_out_only = 0;
  s = open_stream(&o);
  assert_non_null(strstr(kz_stream_told(s), "2 that came later are of no part"));
  kz_stream_close(s);
}

static void test_refused(void **state) {
  (void)state;
  make_catalogue(false);
  struct kz_stream_options o = options(in_folder("c.db"));
  expect_error(&o, KZ_ENOENT, "first run kizil dataset split");
  change("INSERT INTO split SELECT id, CASE WHEN id % 3 THEN 'train' ELSE 'val' END FROM chosen");
  hash_of(&o, NULL);
  /* One of each part shows the same. */
  change("INSERT INTO pair(a, b, kind, overlap, correlation) SELECT min(image), max(image),"
         " 'cropped', 0.7, 0.99 FROM (SELECT min(image) AS image FROM split WHERE part = 'train'"
         " UNION ALL SELECT max(image) FROM split WHERE part = 'val')");
  change("INSERT INTO grp SELECT a, a, a FROM pair UNION ALL SELECT b, a, b FROM pair");
  expect_error(&o, KZ_EFORMAT, "the split leaks: 1 pair");
  change("DELETE FROM grp");
  change("DELETE FROM pair");
  hash_of(&o, NULL);
  change("INSERT OR REPLACE INTO verdict SELECT id, 'blur', 'blurred' FROM image");
  expect_error(&o, KZ_ENOENT, "no image of the catalogue");
  write_file(in_folder("other.db"), "SQLite format 3\0and nothing else", 32);
  o.images = in_folder("other.db");
  expect_error(&o, KZ_EFORMAT, "other.db");
}

/* ---- the same crops ---- */

static void test_same_crops(void **state) {
  (void)state;
  char first[65], again[65];
  make_catalogue(true);
  struct kz_stream_options o = options(in_folder("c.db"));
  uint64_t h = hash_of(&o, first);
  o.threads = 3;
  o.cache_bytes = 1;
  assert_true(hash_of(&o, again) == h);
  assert_string_equal(first, again);
  struct kz_stream *s = open_stream(&o); /* from the middle, as a run that is resumed */
  struct kz_batch b = next(s, 2, 5, 64);
  uint8_t *copy = malloc(5 * 64 * 64 * 3);
  assert_non_null(copy);
  memcpy(copy, b.rgb, 5 * 64 * 64 * 3);
  kz_stream_close(s);
  s = open_stream(&o);
  for (int i = 0; i < 3; i++) b = next(s, i, 5, 64);
  assert_memory_equal(copy, b.rgb, 5 * 64 * 64 * 3);
  free(copy);
  kz_stream_close(s);
  /* The files lie elsewhere: known again by content, the same crops. */
  struct kz_err err = {0};
  struct kz_catalogue_added added;
  assert_int_equal(rename(in_folder("p"), in_folder("q")), 0);
  struct kz_catalogue *c = open_catalogue("c.db");
  assert_ok(add_to(c, in_folder("q"), NULL, NULL, &added, &err));
  kz_catalogue_close(c);
  assert_true(hash_of(&o, again) == h);
  assert_string_equal(first, again);
  /* Another image more, and another view: other crops, and the digest says so. */
  change("UPDATE split SET part = 'train' WHERE part = 'test'");
  assert_true(hash_of(&o, again) != h);
  assert_string_not_equal(first, again);
  change("UPDATE split SET part = 'test' WHERE image = (SELECT max(image) FROM split WHERE part ="
         " 'train')");
  hash_of(&o, first);
  change("INSERT INTO clean SELECT id, 'crop', '{\"x\":1,\"y\":2,\"w\":200,\"h\":200}', 1, 1"
         " FROM image");
  hash_of(&o, again);
  assert_string_not_equal(first, again);
}

/* A line of a list for each entry, as kizil/export.h has them. */
static int put_line(void *user, const struct kz_catalogue_entry *e, struct kz_err *err) {
  FILE *f = user;
  const struct kz_view *v = &e->view;
  (void)err;
  fprintf(f, "%s,%s,%s,%d,%d,", strrchr(e->path, '/') + 1, e->sha256, e->part, e->width,
          e->height);
  if (v->w) fprintf(f, "%d %d %d %d", v->x, v->y, v->w, v->h);
  fputc(',', f);
  if (v->orientation) fprintf(f, "%d", v->orientation);
  fprintf(f, ",%s,", v->to_srgb ? "yes" : "");
  if (v->gain[0] > 0) fprintf(f, "%.17g %.17g %.17g", v->gain[0], v->gain[1], v->gain[2]);
  fprintf(f, ",%s,%s,%s,%s,%s,%s\n", e->caption[0] ? e->caption[0] : "",
          e->caption[1] ? e->caption[1] : "", "deer", "mural", "Northern Wei", "Mogao");
  return 0;
}

static void write_list(const char *name) {
  struct kz_err err = {0};
  struct kz_catalogue *c = open_catalogue("c.db");
  FILE *f = fopen(in_folder(name), "wb");
  assert_non_null(f);
  fputs(KZ_EXPORT_LIST_HEADER "\r\n", f);
  assert_ok(kz_catalogue_each(c, NULL, put_line, f, &err));
  assert_int_equal(fclose(f), 0);
  kz_catalogue_close(c);
}

/* A list gives the crops and the captions of the catalogue it was taken from. */
static void test_list_as_catalogue(void **state) {
  (void)state;
  char first[65], again[65];
  make_catalogue(true);
  change("INSERT INTO clean SELECT id, 'crop', '{\"x\":9,\"y\":4,\"w\":270,\"h\":261}', 1, 1"
         " FROM image WHERE id % 2");
  change("INSERT INTO clean SELECT id, 'cast', '{\"gain\":[1.1, 0.9, 1.3]}', 1, 1 FROM image"
         " WHERE id % 3 = 1");
  change("INSERT INTO clean SELECT id, 'orientation', '{\"orientation\":6}', 1, 1 FROM image"
         " WHERE id % 3 = 2");
  change("INSERT INTO caption(image, language, source, text)"
         " SELECT id, 'en', 'hand me', 'two deer kneel' FROM image");
  change("INSERT INTO caption(image, language, source, text)"
         " SELECT id, 'zh', 'hand me', '\xe9\xb9\xbf' FROM image");
  change("INSERT INTO fact SELECT id, 'subject', 'list', 'deer' FROM image UNION ALL"
         " SELECT id, 'kind', 'list', 'mural' FROM image UNION ALL"
         " SELECT id, 'period', 'list', 'Northern Wei' FROM image UNION ALL"
         " SELECT id, 'site', 'list', 'Mogao' FROM image");
  write_list("p/list.csv");
  struct kz_stream_options a = options(in_folder("c.db")), b = options(in_folder("p/list.csv"));
  a.guides = b.guides = true;
  assert_true(hash_of(&a, first) == hash_of(&b, again));
  assert_string_equal(first, again);
  struct kz_stream *s = open_stream(&b);
  assert_non_null(strstr(kz_stream_told(s), "list.csv: part train, 4 of 7 pictures"));
  int told = 0, in_chinese = 0;
  for (int i = 0; i < 12; i++) {
    struct kz_batch batch = next(s, i, 5, 64);
    for (int k = 0; k < 5; k++) {
      const char *text = batch.captions + k * KZ_CAPTION_MOST;
      told += strstr(text, "two deer kneel") != NULL;
      in_chinese += strstr(text, "\xe9\xb9\xbf") != NULL;
      assert_false(strstr(text, "two deer kneel") && strstr(text, "\xe9\xb9\xbf"));
    }
  }
  assert_in_range(told, 15, 45); /* of 60: 0.7 are told at all, 0.7 of these in English */
  assert_in_range(in_chinese, 4, 25);
  kz_stream_close(s);
  /* A caption that was made is of the whole picture: it is left out, and made for each crop. */
  change("UPDATE caption SET source = 'made', text = 'made up'");
  s = open_stream(&a);
  for (int i = 0; i < 6; i++) {
    struct kz_batch batch = next(s, i, 5, 64);
    for (int k = 0; k < 5; k++)
      assert_null(strstr(batch.captions + k * KZ_CAPTION_MOST, "made up"));
  }
  kz_stream_close(s);
}

/* Held-out crops lie in what the view keeps, turned as it says. */
static void test_view_is_seen(void **state) {
  (void)state;
  struct kz_err err = {0};
  struct kz_pixels p;
  struct kz_view view = {.x = 20, .y = 10, .w = 280, .h = 260, .orientation = 8,
                         .gain = {1, 0.8, 1.2}};
  assert_int_equal(mkdir(in_folder("p"), 0700), 0);
  make_picture("p/a.png", 330, 300, 9);
  write_file(in_folder("list.csv"), "file,crop,orientation,gains,part\n"
             "p/a.png,20 10 280 260,8,1 0.8 1.2,val\n", 70);
  assert_ok(kz_pixels_load_view(in_folder("p/a.png"), &view, 440, 256, &p, &err));
  assert_int_equal(p.width, 260);
  struct kz_stream_options o = options(in_folder("list.csv"));
  o.held_out_only = 1;
  struct kz_stream *s = open_stream(&o);
  struct kz_batch b = next(s, 0, 3, 64);
  for (int c = 0; c < 3; c++) {
    const uint8_t *crop = b.rgb + (size_t)c * 64 * 64 * 3;
    bool found = false;
    for (int y = 0; y <= p.height - 64 && !found; y++)
      for (int x = 0; x <= p.width - 64 && !found; x++) {
        found = true;
        for (int r = 0; r < 64 && found; r++)
          found = !memcmp(crop + r * 192, p.data + 3 * ((y + r) * p.width + x), 192);
      }
    assert_true(found);
  }
  kz_stream_close(s);
  kz_pixels_release(&p);
}

/* ---- damage ---- */

/* A picture whose pixels are its damage map tells what lies under a window. */
static void test_damage_under_a_window(void **state) {
  (void)state;
  enum { CELL_W = 5, CELL_H = 4, FULL_W = 64 * CELL_W, FULL_H = 64 * CELL_H };
  struct kz_err err = {0};
  struct kz_pixels p;
  uint8_t map[64 * 64];
  struct kz__notes notes = {.width = FULL_W, .height = FULL_H, .orientation = 3, .damage = map};
  uint32_t seed = 4;
  for (int i = 0; i < 64 * 64; i++) {
    seed = seed * 1664525u + 1013904223u;
    map[i] = (uint8_t)(seed >> 24);
  }
  assert_ok(kz_pixels_init(&p, FULL_W, FULL_H, 3, &err));
  for (int i = 0; i < FULL_W * FULL_H * 3; i++)
    p.data[i] = map[i / 3 / FULL_W / CELL_H * 64 + i / 3 % FULL_W / CELL_W];
  assert_ok(kz_pixels_save(&p, in_folder("map.png"), &err));
  kz_pixels_release(&p);
  for (int turn = 0; turn <= 8; turn++)
    for (int cropped = 0; cropped < 2; cropped++) {
      struct kz__item item = {.width = cropped ? 201 : FULL_W, .height = cropped ? 120 : FULL_H,
                              .view = {.orientation = turn}, .notes = &notes};
      if (cropped) item.view = (struct kz_view){.x = 33, .y = 51, .w = 201, .h = 120,
                                                .orientation = turn};
      struct kz_view seen = item.view;
      seen.orientation = turn ? turn : notes.orientation;
      assert_ok(kz_pixels_load_view(in_folder("map.png"), &seen, 0, 0, &p, &err));
      for (int i = 0; i < 20; i++) {
        struct kz__cut cut = {.window = 17 + 4 * i};
        cut.x = i * 31 % (p.width - cut.window);
        cut.y = i * 17 % (p.height - cut.window);
        double sum = 0;
        for (int y = 0; y < cut.window; y++)
          for (int x = 0; x < cut.window; x++)
            sum += p.data[3 * ((cut.y + y) * p.width + cut.x + x)];
        sum /= 255.0 * cut.window * cut.window;
        double got = kz__sound_damage(&item, p.width, p.height, &cut);
        if (fabs(got - sum) > 1e-9) fail_msg("turn %d: %g, not %g", turn, got, sum);
      }
      kz_pixels_release(&p);
    }
}

/* A wall that is bare but for its top left quarter, which is bright; its file is turned. */
static void test_crops_keep_away(void **state) {
  (void)state;
  struct kz_err err = {0};
  struct kz_pixels p;
  struct kz_catalogue_added added;
  double bright[2];
  assert_int_equal(mkdir(in_folder("p"), 0700), 0);
  assert_ok(kz_pixels_init(&p, 640, 512, 3, &err));
  for (int i = 0; i < 640 * 512; i++)
    memset(p.data + 3 * i, i % 640 < 320 && i / 640 < 256 ? 200 : 50 + i % 7, 3);
  assert_ok(kz_pixels_save(&p, in_folder("p/wall.png"), &err));
  kz_pixels_release(&p);
  struct kz_catalogue *c = open_catalogue("c.db");
  assert_ok(add_to(c, in_folder("p"), NULL, NULL, &added, &err));
  run_sql(c, "INSERT INTO split SELECT id, 'train' FROM image");
  run_sql(c, "INSERT INTO clean SELECT id, 'orientation', '{\"orientation\":7}', 1, 1 FROM image");
  run_sql(c, "DELETE FROM damage");
  for (int known = 0; known < 2; known++) {
    struct kz_stream_options o = options(in_folder("c.db"));
    struct kz_stream *s = open_stream(&o);
    double sum = 0;
    for (int i = 0; i < 8; i++) {
      struct kz_batch b = next(s, i, 8, 64);
      for (int k = 0; k < 8 * 64 * 64; k++) sum += b.rgb[3 * k + 1] > 120;
    }
    bright[known] = sum / (64 * 64 * 64);
    kz_stream_close(s);
    run_sql(c, "INSERT INTO damage SELECT id, zeroblob(0) FROM image WHERE NOT EXISTS(SELECT 1"
               " FROM damage)");
    sqlite3_stmt *st = NULL;
    uint8_t map[64 * 64];
    for (int i = 0; i < 64 * 64; i++) map[i] = i % 64 < 32 && i / 64 < 32 ? 0 : 255;
    assert_ok(kz__db_prepare(c, "UPDATE damage SET map = ?1", &st, &err));
    sqlite3_bind_blob(st, 1, map, sizeof map, SQLITE_STATIC);
    assert_int_equal(sqlite3_step(st), SQLITE_DONE);
    sqlite3_finalize(st);
  }
  kz_catalogue_close(c);
  assert_true(bright[0] > 0.1 && bright[0] < 0.45);
  assert_true(bright[1] > 0.75);
}

/* Where the map shows nothing, crops are those of a picture without one. */
static void test_sound_pictures_are_cut_as_ever(void **state) {
  (void)state;
  make_catalogue(true);
  struct kz_stream_options o = options(in_folder("c.db"));
  uint64_t h = hash_of(&o, NULL);
  change("INSERT INTO damage SELECT id, zeroblob(4096) FROM image");
  assert_true(hash_of(&o, NULL) == h);
  struct kz_rng a, b;
  struct kz__cut x, y;
  const struct kz__item plain = {.width = 500, .height = 400};
  kz_rng_init_stream(&a, 5, 6);
  kz_rng_init_stream(&b, 5, 6);
  for (int i = 0; i < 50; i++) {
    memset(&x, 0, sizeof x);
    memset(&y, 0, sizeof y);
    kz__cut_draw(&x, &a, 500, 400, 64);
    kz__sound_draw(&y, &b, &plain, 500, 400, 64);
    assert_memory_equal(&x, &y, sizeof x);
  }
}

/* ---- what cannot be used ---- */

static void test_files_that_changed(void **state) {
  (void)state;
  int found;
  make_catalogue(true);
  make_picture("p/mural0.png", 90, 80, 77);
  unlink(in_folder("p/mural1.png"));
  struct kz_stream_options o = options(in_folder("c.db"));
  struct kz_stream *s = open_stream(&o);
  assert_int_equal(kz_stream_images(s, &found), 2);
  assert_int_equal(found, 4);
  assert_non_null(strstr(kz_stream_skipped(s), "mural0.png: another file than the one in the"));
  assert_non_null(strstr(kz_stream_skipped(s), "mural1.png: No such file"));
  kz_stream_close(s);
}

static void expect_list_error(const char *text, int code, const char *words) {
  write_file(in_folder("list.csv"), text, strlen(text));
  struct kz_stream_options o = options(in_folder("list.csv"));
  o.held_out = 0;
  expect_error(&o, code, words);
}

static void test_bad_lists(void **state) {
  (void)state;
  make_picture("a.png", 300, 280, 1);
  expect_list_error("", KZ_EFORMAT, "not a list of pictures: no column 'file'");
  expect_list_error("name,part\na.png,train\n", KZ_EFORMAT, "no column 'file'");
  expect_list_error("file,part,part\na.png,train,val\n", KZ_EFORMAT, "two columns 'part'");
  expect_list_error("file\n", KZ_ENOENT, "names no pictures");
  expect_list_error("file,part\n,train\n", KZ_EFORMAT, "list.csv:2: names no file");
  expect_list_error("file,part\na.png,\n", KZ_ENOENT, "run kizil dataset split before");
  expect_list_error("file,part\na.png,test\n", KZ_ENOENT, "is of part train");
  expect_list_error("file,crop\na.png,1 2 3\n", KZ_EFORMAT, "list.csv:2: crop '1 2 3'");
  expect_list_error("file,crop\na.png,0 0 0 9\n", KZ_EFORMAT, "crop");
  expect_list_error("file,crop\na.png,-1 0 5 9\n", KZ_EFORMAT, "crop");
  expect_list_error("file,crop\na.png,0 0 1e300 9\n", KZ_EFORMAT, "crop");
  expect_list_error("file,orientation\na.png,9\n", KZ_EFORMAT, "orientation '9': 1 to 8");
  expect_list_error("file,gains\na.png,1 nan 1\n", KZ_EFORMAT, "gains");
  expect_list_error("file,srgb\na.png,perhaps\n", KZ_EFORMAT, "srgb 'perhaps'");
  expect_list_error("file,width\na.png,wide\n", KZ_EFORMAT, "width 'wide'");
  expect_list_error("file\n\"a.png\n", KZ_EFORMAT, "list.csv:2: ");
  expect_list_error("file,crop\na.png,100 0 300 200\n", KZ_ENOENT, "leaves the picture");
  expect_list_error("file\nnone.png\n", KZ_ENOENT, "none.png: No such file");
}

/* Without a column of parts a list is parted by names, as a folder is. */
static void test_plain_list(void **state) {
  (void)state;
  FILE *f = fopen(in_folder("list.csv"), "wb");
  assert_non_null(f);
  fputs("\xef\xbb\xbf" "colour,file\r\n", f);
  int held = 0, count;
  for (int i = 0; i < 12; i++) {
    char name[32];
    snprintf(name, sizeof name, "a, %d.png", i);
    make_picture(name, 260, 256, (uint32_t)i);
    fprintf(f, "red,\"%s\"\n", i % 2 ? name : in_folder(name));
    held += kz__split_rank(i % 2 ? name : in_folder(name)) < 0.4;
  }
  assert_int_equal(fclose(f), 0);
  struct kz_stream_options o = options(in_folder("list.csv"));
  for (int i = 0; i < 2; i++) {
    o.held_out = 0.4 * i;
    struct kz_stream *s = open_stream(&o);
    assert_int_equal(kz_stream_images(s, &count), 12 - i * held);
    kz_stream_close(s);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup(test_parts, clean_folder),
      cmocka_unit_test_setup(test_refused, clean_folder),
      cmocka_unit_test_setup(test_same_crops, clean_folder),
      cmocka_unit_test_setup(test_list_as_catalogue, clean_folder),
      cmocka_unit_test_setup(test_view_is_seen, clean_folder),
      cmocka_unit_test_setup(test_damage_under_a_window, clean_folder),
      cmocka_unit_test_setup(test_crops_keep_away, clean_folder),
      cmocka_unit_test_setup(test_sound_pictures_are_cut_as_ever, clean_folder),
      cmocka_unit_test_setup(test_files_that_changed, clean_folder),
      cmocka_unit_test_setup(test_bad_lists, clean_folder),
      cmocka_unit_test_setup(test_plain_list, clean_folder),
  };
  return cmocka_run_group_tests(tests, catalogue_setup, catalogue_teardown);
}
