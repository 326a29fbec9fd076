/* The catalogue's file: made, opened, refused, migrated; facts from lists; verdicts; reviews. */
#include "catalogue_fixture.h"

#include "catalogue/fact.h"
#include "catalogue/schema.h"
#include "catalogue/show.h"
#include "catalogue/verdict.h"

/* ---- the file ---- */

static void test_create(void **state) {
  (void)state;
  struct kz_err err;
  struct kz_catalogue *c = open_catalogue("a.db");
  assert_int_equal(ask(c, "PRAGMA application_id"), KZ__APPLICATION_ID);
  assert_int_equal(ask(c, "PRAGMA user_version"), kz__schema_version);
  assert_int_equal(ask(c, "PRAGMA foreign_keys"), 1);
  assert_string_equal(ask_text(c, "PRAGMA journal_mode"), "wal");
  kz_catalogue_close(c);
  assert_fails(kz_catalogue_create(in_folder("a.db"), &err), KZ_EEXIST, "a.db");
  assert_fails(kz_catalogue_create(in_folder("none/a.db"), &err), KZ_ENOENT, "none/a.db");
  assert_fails(kz_catalogue_open(in_folder("b.db"), &c, &err), KZ_ENOENT, "b.db");
}

static void test_refused(void **state) {
  (void)state;
  struct kz_err err;
  struct kz_catalogue *c = NULL;
  char text[5000];
  memset(text, 'x', sizeof text);
  write_file(in_folder("text.db"), text, sizeof text);
  assert_fails(kz_catalogue_open(in_folder("text.db"), &c, &err), KZ_EFORMAT, "text.db: not a cat");
  write_file(in_folder("empty.db"), text, 0);
  assert_fails(kz_catalogue_open(in_folder("empty.db"), &c, &err), KZ_EFORMAT, "not a catalogue");

  c = open_catalogue("new.db");
  assert_ok(kz__db_exec(c, "PRAGMA user_version = 1000", &err));
  kz_catalogue_close(c);
  size_t before, after;
  void *was = read_file(in_folder("new.db"), &before);
  assert_fails(kz_catalogue_open(in_folder("new.db"), &c, &err), KZ_EUNSUPPORTED,
               "new.db: its schema is version 1000");
  void *is = read_file(in_folder("new.db"), &after);
  assert_int_equal(before, after);
  assert_memory_equal(was, is, before);
  free(was);
  free(is);

  c = open_catalogue("other.db");
  assert_ok(kz__db_exec(c, "PRAGMA application_id = 99", &err));
  kz_catalogue_close(c);
  assert_fails(kz_catalogue_open(in_folder("other.db"), &c, &err), KZ_EFORMAT, "another program");
}

/* A file of version 0, as a program that stopped in the middle of making one would leave it. */
static void test_version_0(void **state) {
  (void)state;
  sqlite3 *db;
  assert_int_equal(sqlite3_open(in_folder("v0.db"), &db), SQLITE_OK);
  assert_int_equal(sqlite3_exec(db, "PRAGMA application_id = 0x6b7a6361", NULL, NULL, NULL), 0);
  sqlite3_close(db);
  struct kz_catalogue *c = open_catalogue("v0.db");
  assert_int_equal(ask(c, "PRAGMA user_version"), kz__schema_version);
  assert_int_equal(ask(c, "SELECT count(*) FROM image"), 0);
  kz_catalogue_close(c);
}

static void test_migration(void **state) {
  (void)state;
  struct kz_err err = {0};
  static const char *const good[] = {"", "CREATE TABLE one(x); INSERT INTO one VALUES(1)",
                                     "ALTER TABLE one ADD COLUMN y DEFAULT 2"};
  static const char *const bad[] = {"", "", "", "CREATE TABLE two(x)", "CREATE TABEL three(x)"};
  struct kz_catalogue *c = open_catalogue("m.db");
  assert_int_equal(kz__schema_version, 1);
  assert_ok(kz__schema_migrate(c, good, 3, &err));
  assert_int_equal(ask(c, "PRAGMA user_version"), 3);
  assert_int_equal(ask(c, "SELECT y FROM one"), 2);
  assert_ok(kz__schema_migrate(c, good, 3, &err));
  assert_fails(kz__schema_migrate(c, bad, 5, &err), KZ_EIO, "schema version 5");
  assert_int_equal(ask(c, "PRAGMA user_version"), 3);
  assert_int_equal(ask(c, "SELECT count(*) FROM sqlite_master WHERE name = 'two'"), 0);
  kz_catalogue_close(c);
}

/* ---- verdicts ---- */

static void add_image(struct kz_catalogue *c, int id, const char *path, double side, double mean) {
  struct kz_err err = {0};
  char sql[600];
  snprintf(sql, sizeof sql,
           "INSERT INTO image(id, sha256, bytes, added) VALUES(%d, '%064x', 1, '');"
           "INSERT INTO file(path, image, size, mtime_ns, inode) VALUES(CAST('%s' AS BLOB), %d, 1,"
           " 1, 1);"
           "INSERT INTO score VALUES(%d, 'short-side', %g), (%d, 'mean', %g), (%d, 'odd', NULL),"
           " (%d, 'of another version', 1e9)",
           id, id, path, id, id, side, id, mean, id, id);
  assert_ok(kz__db_exec(c, sql, &err));
}

static void test_judge(void **state) {
  (void)state;
  struct kz_err err = {0};
  struct kz_catalogue *c = open_catalogue("j.db");
  add_image(c, 1, "/p/a.jpg", 100, 100);
  add_image(c, 2, "/p/b.jpg", 10, 251.23456);
  add_image(c, 3, "/p/c.jpg", 16, 250);
  add_image(c, 4, "/p/d.jpg", 100, 100);
  assert_ok(kz__db_exec(c, "UPDATE image SET error = 'cut short' WHERE id = 4;"
                           "INSERT INTO grp VALUES(1, 1, 1), (3, 1, 1);"
                           "INSERT INTO pair VALUES(1, 3, 'turned', 1, 1, 1)", &err));
  assert_ok(kz_catalogue_judge(c, &err));
  assert_int_equal(ask(c, "SELECT count(*) FROM verdict"), 4);
  assert_string_equal(ask_text(c, "SELECT reason FROM verdict WHERE image=2 AND measure='mean'"),
                      "too bright: 251 (more than 250)");
  assert_string_equal(ask_text(c, "SELECT reason FROM verdict WHERE image = 3"),
                      "duplicate of image 1 (turned)");
  assert_string_equal(ask_text(c, "SELECT reason FROM verdict WHERE image = 4"), "cut short");
  assert_string_equal(ask_text(c, "SELECT group_concat(id) FROM chosen"), "1");

  assert_ok(kz_catalogue_set_threshold(c, "short-side", 101, &err));
  assert_ok(kz_catalogue_set_threshold(c, "mean", 252, &err));
  assert_ok(kz_catalogue_judge(c, &err));
  assert_int_equal(ask(c, "SELECT count(*) FROM verdict WHERE measure = 'short-side'"), 4);
  assert_int_equal(ask(c, "SELECT count(*) FROM verdict WHERE measure = 'mean'"), 0);
  assert_ok(kz_catalogue_set_threshold(c, "short-side", NAN, &err));
  assert_ok(kz_catalogue_judge(c, &err));
  assert_int_equal(ask(c, "SELECT count(*) FROM verdict WHERE measure = 'short-side'"), 1);
  assert_fails(kz_catalogue_set_threshold(c, "men", 1, &err), KZ_ENOENT, "mean");
  assert_fails(kz_catalogue_set_threshold(c, "mean", INFINITY, &err), KZ_ERANGE, "number");
  kz_catalogue_close(c);
}

static void test_review(void **state) {
  (void)state;
  struct kz_err err = {0};
  int64_t image = 0;
  char *text = NULL;
  struct kz_catalogue *c = open_catalogue("r.db");
  add_image(c, 1, "/p/a.jpg", 100, 100);
  add_image(c, 2, "/p/b.jpg", 10, 100);
  add_image(c, 3, "/q/c.jpg", 100, 100);
  assert_ok(kz__db_exec(c, "UPDATE image SET error = 'cut short' WHERE id = 3", &err));
  assert_ok(kz_catalogue_judge(c, &err));

  assert_ok(kz_catalogue_find(c, "/p/b.jpg", &image, &err));
  assert_int_equal(image, 2);
  assert_ok(kz_catalogue_find(c, "3", &image, &err));
  assert_int_equal(image, 3);
  char hash[65];
  snprintf(hash, sizeof hash, "%064x", 1);
  assert_ok(kz_catalogue_find(c, hash, &image, &err));
  assert_int_equal(image, 1);
  assert_fails(kz_catalogue_find(c, "000000000000a", &image, &err), KZ_ENOENT, "no image is");
  assert_fails(kz_catalogue_find(c, "00000000000000000000", &image, &err), KZ_ENOENT, "several");
  assert_fails(kz_catalogue_find(c, "/p/\033.jpg", &image, &err), KZ_ENOENT, "\\x1b");

  assert_string_equal(ask_text(c, "SELECT group_concat(id) FROM chosen"), "1");
  assert_ok(kz_catalogue_review(c, 2, true, "small but rare", "Li", &err));
  assert_ok(kz_catalogue_review(c, 1, false, "a replica", "Li", &err));
  assert_string_equal(ask_text(c, "SELECT group_concat(id) FROM chosen"), "2");
  assert_ok(kz_catalogue_review(c, 1, true, "no replica", "Wang", &err));
  assert_string_equal(ask_text(c, "SELECT group_concat(id) FROM chosen"), "1,2");
  assert_ok(kz_catalogue_judge(c, &err));
  assert_string_equal(ask_text(c, "SELECT group_concat(id) FROM chosen"), "1,2");
  assert_fails(kz_catalogue_review(c, 3, true, "x", "Li", &err), KZ_EFORMAT, "cut short");
  assert_ok(kz_catalogue_review(c, 3, false, "x", "Li", &err));
  assert_fails(kz_catalogue_review(c, 9, true, "x", "Li", &err), KZ_ENOENT, "no image 9");
  assert_fails(kz_catalogue_review(c, 1, true, "", "Li", &err), KZ_ERANGE, "reason");
  assert_fails(kz_catalogue_review(c, 1, true, "x", "\xff", &err), KZ_ERANGE, "name");
  assert_fails(kz__db_exec(c, "DELETE FROM review", &err), KZ_EIO, "history");
  assert_fails(kz__db_exec(c, "UPDATE review SET reason = ''", &err), KZ_EIO, "history");
  assert_int_equal(ask(c, "SELECT count(*) FROM review"), 4);

  assert_ok(kz_catalogue_reviews(c, &text, &err));
  assert_non_null(strstr(text, "image 1 in by Wang: no replica"));
  assert_true(strstr(text, "Wang") < strstr(text, "a replica"));
  free(text);
  assert_ok(kz_catalogue_tell_image(c, 2, &text, &err));
  assert_non_null(strstr(text, "image 2: in"));
  assert_non_null(strstr(text, "too small: 10 px (less than 16)"));
  assert_non_null(strstr(text, "small but rare"));
  free(text);
  assert_ok(kz_catalogue_tell(c, &text, &err));
  assert_non_null(strstr(text, "short-side              1  1 of them overruled"));
  free(text);
  assert_fails(kz_catalogue_tell_image(c, 9, &text, &err), KZ_ENOENT, "no image 9");
  kz_catalogue_close(c);
}

/* ---- facts ---- */

static const char *fact(struct kz_catalogue *c, int image, const char *key) {
  char sql[200];
  snprintf(sql, sizeof sql, "SELECT value FROM fact WHERE image = %d AND key = '%s'", image, key);
  return ask_text(c, sql);
}

static void write_text(const char *name, const char *text) {
  write_file(in_folder(name), text, strlen(text));
}

static struct kz_catalogue *catalogue_of_four(void) {
  struct kz_catalogue *c = open_catalogue("f.db");
  add_image(c, 1, "/data/cave1/a.jpg", 100, 100);
  add_image(c, 2, "/data/cave2/a.jpg", 100, 100);
  add_image(c, 3, "/data/cave2/b.jpg", 100, 100);
  add_image(c, 4, "/data/x\ny\xff.jpg", 100, 100);
  return c;
}

static void count_failed(void *user, const char *message) {
  (void)message;
  ++*(int *)user;
}

static void test_csv(void **state) {
  (void)state;
  struct kz_err err = {0};
  struct kz_catalogue_told told;
  int failed = 0;
  const struct kz_catalogue_host host = {.user = &failed, .failed = count_failed};
  struct kz_catalogue *c = catalogue_of_four();
  char text[800];
  snprintf(text, sizeof text,
           "site,file,sha256,period\r\n"
           "Mogao,elsewhere/cave1/a.jpg,,\"Wei, Northern\"\n"
           "Kizil,./cave2/a.jpg,,\n"
           "Yulin,a.jpg,,\n"
           "Yulin,none.jpg,,\n"
           "Bezeklik,,%064x,Tang\n"
           "Mogao,\"x\ny\xff.jpg\",,\n",
           3);
  write_text("m.csv", text);
  assert_ok(kz_catalogue_meta(c, in_folder("m.csv"), &host, &told, &err));
  assert_int_equal(told.lines, 6);
  assert_int_equal(told.used, 4);
  assert_int_equal(told.unclear, 1);
  assert_int_equal(told.unknown, 1);
  assert_int_equal(told.facts, 6);
  assert_int_equal(failed, 2);
  assert_string_equal(fact(c, 1, "period"), "Wei, Northern");
  assert_string_equal(fact(c, 2, "site"), "Kizil");
  assert_string_equal(fact(c, 2, "period"), "");
  assert_string_equal(fact(c, 3, "site"), "Bezeklik");
  assert_string_equal(fact(c, 4, "site"), "Mogao");

  write_text("m.csv", "file,subject\ncave1/a.jpg,apsara\n");
  assert_ok(kz_catalogue_meta(c, in_folder("m.csv"), &host, &told, &err));
  assert_int_equal(ask(c, "SELECT count(*) FROM fact"), 1);
  assert_string_equal(fact(c, 1, "subject"), "apsara");

  write_text("m.csv", "file,subject\ncave1/a.jpg,monk\ncave1/a.jpg,\"open\n");
  assert_fails(kz_catalogue_meta(c, in_folder("m.csv"), NULL, &told, &err), KZ_EFORMAT, "line 3");
  assert_string_equal(fact(c, 1, "subject"), "apsara");
  write_text("m.csv", "name,subject\na,b\n");
  assert_fails(kz_catalogue_meta(c, in_folder("m.csv"), NULL, &told, &err), KZ_EFORMAT, "'file'");
  write_text("m.csv", "file,a,a\n");
  assert_fails(kz_catalogue_meta(c, in_folder("m.csv"), NULL, &told, &err), KZ_EFORMAT, "two col");
  write_text("m.csv", "");
  assert_fails(kz_catalogue_meta(c, in_folder("m.csv"), NULL, &told, &err), KZ_EFORMAT, "empty");
  assert_fails(kz_catalogue_meta(c, in_folder("n.csv"), NULL, &told, &err), KZ_ENOENT, "n.csv");
  kz_catalogue_close(c);
}

static void test_json(void **state) {
  (void)state;
  struct kz_err err = {0};
  struct kz_catalogue_told told;
  struct kz_catalogue *c = catalogue_of_four();
  write_text("a.json", "[{\"file\": \"b.jpg\", \"cave\": 17, \"copy\": true, \"x\": null,"
                       " \"y\": 1.5}, {\"file\": \"nothing.jpg\"}]");
  assert_ok(kz_catalogue_meta(c, in_folder("a.json"), NULL, &told, &err));
  assert_string_equal(fact(c, 3, "cave"), "17");
  assert_string_equal(fact(c, 3, "copy"), "yes");
  assert_string_equal(fact(c, 3, "y"), "1.5");
  assert_int_equal(told.facts, 3);
  assert_int_equal(told.unknown, 1);
  write_text("b.json", "{\"cave1/a.jpg\": {\"site\": \"\xe8\x8e\xab\xe9\xab\x98\"}}");
  assert_ok(kz_catalogue_meta(c, in_folder("b.json"), NULL, &told, &err));
  assert_string_equal(fact(c, 1, "site"), "\xe8\x8e\xab\xe9\xab\x98");
  static const struct {
    const char *text, *words;
  } bad[] = {{"[1]", "no object"}, {"[{\"a\": 1}]", "neither 'file'"}, {"3", "line 1"},
             {"[{]", "line 1"},    {"[{\"file\": 3}]", "neither 'file'"}};
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
    write_text("bad.json", bad[i].text);
    assert_fails(kz_catalogue_meta(c, in_folder("bad.json"), NULL, &told, &err), KZ_EFORMAT,
                 bad[i].words);
  }
  assert_int_equal(ask(c, "SELECT count(*) FROM fact"), 4);
  assert_string_equal(ask_text(c, "PRAGMA integrity_check"), "ok");
  kz_catalogue_close(c);
}

static const char *value_of(const struct kz__facts *f, const char *key) {
  for (int i = 0; i < f->count; i++)
    if (!strcmp(f->fact[i].key, key)) return f->fact[i].value;
  return "";
}

static void test_exif(void **state) {
  (void)state;
  struct kz__facts f = {0};
  VipsImage *im = vips_image_new();
  static const char *const tags[][2] = {
      {"exif-ifd0-Make", "Canon (Canon, ASCII, 6 components, 6 bytes)"},
      {"exif-ifd0-Model", "Canon EOS (5D), ASCII, (Canon EOS (5D), ASCII, , ASCII, 9 components"},
      {"exif-ifd2-LensModel", "EF 50mm (EF 50mm, ASCII, 8 components, 8 bytes)"},
      {"exif-ifd2-DateTimeOriginal", "2019:05:01 10:00:00 (2019:05:01 10:00:00, ASCII, 20 c"},
      {"exif-ifd0-Artist", "\xff\xfe (\xff\xfe, ASCII, 3 components, 3 bytes)"},
      {"exif-ifd0-Copyright", "  (  , ASCII, 3 components, 3 bytes)"},
      {"exif-ifd3-GPSLatitude", "40/1 30/1 3600/100 (40, 30, 36.00, Rational, 3 components)"},
      {"exif-ifd3-GPSLatitudeRef", "S (S, ASCII, 2 components, 2 bytes)"},
      {"exif-ifd3-GPSLongitude", "82/1 0/1 0/1 (82,  0,  0, Rational, 3 components, 24 bytes)"},
  };
  for (size_t i = 0; i < sizeof tags / sizeof *tags; i++)
    vips_image_set_string(im, tags[i][0], tags[i][1]);
  kz__facts_of_exif(im, &f);
  assert_string_equal(value_of(&f, "camera"), "Canon EOS (5D), ASCII,");
  assert_string_equal(value_of(&f, "lens"), "EF 50mm");
  assert_string_equal(value_of(&f, "date"), "2019:05:01 10:00:00");
  assert_string_equal(value_of(&f, "author"), "");
  assert_string_equal(value_of(&f, "holder"), "");
  assert_string_equal(value_of(&f, "place"), "-40.510000, 82.000000");
  vips_image_set_string(im, "exif-ifd3-GPSLatitude", "40/1 30/0 0/1");
  vips_image_set_string(im, "exif-ifd0-Make", "Nikon (Nikon, ASCII, 6 components, 6 bytes)");
  kz__facts_of_exif(im, &f);
  assert_string_equal(value_of(&f, "place"), "");
  assert_string_equal(value_of(&f, "camera"), "Nikon Canon EOS (5D), ASCII,");
  g_object_unref(im);
}

static void test_show(void **state) {
  (void)state;
  static const struct {
    const char *bytes, *text;
  } cases[] = {{"plain", "plain"}, {"a\nb", "a\\x0ab"}, {"\\x0a", "\\\\x0a"},
               {"\xe8\x8e\xab", "\xe8\x8e\xab"}, {"\xe8\x8e", "\\xe8\\x8e"}, {"\x7f", "\\x7f"}};
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    char *shown = kz__show(cases[i].bytes, strlen(cases[i].bytes));
    assert_string_equal(shown, cases[i].text);
    free(shown);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup(test_create, clean_folder),
      cmocka_unit_test_setup(test_refused, clean_folder),
      cmocka_unit_test_setup(test_version_0, clean_folder),
      cmocka_unit_test_setup(test_migration, clean_folder),
      cmocka_unit_test_setup(test_judge, clean_folder),
      cmocka_unit_test_setup(test_review, clean_folder),
      cmocka_unit_test_setup(test_csv, clean_folder),
      cmocka_unit_test_setup(test_json, clean_folder),
      cmocka_unit_test(test_exif),
      cmocka_unit_test(test_show),
  };
  return cmocka_run_group_tests_name("catalogue", tests, catalogue_setup, catalogue_teardown);
}
