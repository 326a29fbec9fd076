/* Splits: sizes, what never parts, what stays when images come later, and that every kind of leak
 * is found. */
#include "catalogue_fixture.h"

#include "catalogue/split.h"

static void sql(struct kz_catalogue *c, const char *text) {
  struct kz_err err = {0};
  assert_ok(kz__db_exec(c, text, &err));
}

/* An image of a content (which orders it), with a file. */
static void add_image(struct kz_catalogue *c, int id, int content) {
  char text[400];
  snprintf(text, sizeof text,
           "INSERT INTO image(id, sha256, bytes, format, width, height, added)"
           " VALUES(%d, '%064x', 1, 'PNG', 1000, 500, '');"
           "INSERT INTO file(path, image, size, mtime_ns, inode)"
           " VALUES(CAST('/p/%04d.png' AS BLOB), %d, 1, 1, 1)",
           id, content, content, id);
  sql(c, text);
}

static void add_fact(struct kz_catalogue *c, int id, const char *key, const char *value) {
  char text[300];
  snprintf(text, sizeof text, "INSERT INTO fact(image, key, source, value)"
                              " VALUES(%d, '%s', 'sidecar l.csv', '%s')", id, key, value);
  sql(c, text);
}

static void add_cave(struct kz_catalogue *c, int id, int cave) {
  char value[16];
  snprintf(value, sizeof value, "%d", cave);
  add_fact(c, id, "cave", value);
}

static struct kz_catalogue_split_options options(void) {
  struct kz_catalogue_split_options o;
  kz_params_defaults(kz_catalogue_split_params, &o);
  return o;
}

static struct kz_catalogue_split_done done;

static void split(struct kz_catalogue *c, const struct kz_catalogue_split_options *o) {
  struct kz_err err = {0};
  assert_ok(kz_catalogue_split(c, o, &done, &err));
}

/* "0:train,1:val", by content. */
static char *parts(struct kz_catalogue *c) {
  static const char query[] =
      "SELECT group_concat(p, ',') FROM (SELECT substr(sha256, 60) || ':' || part AS p"
      " FROM split JOIN image i ON i.id = image ORDER BY sha256)";
  struct kz_err err = {0};
  sqlite3_stmt *s = NULL;
  assert_ok(kz__db_prepare(c, query, &s, &err));
  assert_int_equal(sqlite3_step(s), SQLITE_ROW);
  const char *text = (const char *)sqlite3_column_text(s, 0);
  char *copy = strdup(text ? text : "");
  sqlite3_finalize(s);
  return copy;
}

#define PARTED_CAVES                                                                           \
  "SELECT count(*) FROM (SELECT 1 FROM split s JOIN fact f ON f.image = s.image AND"           \
  " f.key = 'cave' GROUP BY f.value HAVING count(DISTINCT part) > 1)"

/* ---- placing ---- */

/* Caves of 1 to 30 images: 465 in all. */
static void test_sizes(void **state) {
  (void)state;
  struct kz_err err = {0};
  struct kz_catalogue *c = open_catalogue("s.db");
  struct kz_catalogue_split_options o = options();
  int id = 0;
  sql(c, "BEGIN");
  for (int cave = 1; cave <= 30; cave++)
    for (int i = 0; i < cave; i++) {
      id++;
      add_image(c, id, id);
      add_cave(c, id, cave);
    }
  sql(c, "COMMIT");
  for (o.seed = 1; o.seed <= 8; o.seed++) {
    o.anew = true;
    split(c, &o);
    assert_int_equal(done.images, 465);
    assert_int_equal(done.units, 30);
    assert_in_range(done.parted[0], 371, 373); /* 372 */
    assert_in_range(done.parted[1], 46, 47);   /* 46.5 */
    assert_in_range(done.parted[2], 46, 47);
    assert_int_equal(ask(c, "SELECT count(*) FROM split"), 465);
    assert_int_equal(ask(c, PARTED_CAVES), 0);
  }
  /* Another seed puts other caves, and not only the smallest, into test. */
  assert_true(ask(c, "SELECT max(CAST(value AS INT)) FROM fact JOIN split USING(image)"
                     " WHERE part <> 'train'") > 8);
  /* As shares of 1, without a test set. */
  o.share[0] = .5, o.share[1] = .5, o.share[2] = 0;
  split(c, &o);
  assert_in_range(done.parted[0], 232, 233);
  assert_int_equal(done.parted[2], 0);
  assert_ok(kz_catalogue_check_split(c, NULL, &err));
  kz_catalogue_close(c);
}

/* Few units, and one part that would stay empty. */
static void test_few(void **state) {
  (void)state;
  struct kz_catalogue *c = open_catalogue("s.db");
  struct kz_catalogue_split_options o = options();
  for (int id = 1; id <= 60; id++) {
    add_image(c, id, id);
    add_cave(c, id, id % 3);
  }
  split(c, &o);
  for (int p = 0; p < 3; p++) assert_int_equal(done.parted[p], 20);
  sql(c, "DELETE FROM fact WHERE value <> '0'; DELETE FROM file WHERE image % 3");
  o.anew = true;
  split(c, &o); /* one cave */
  assert_int_equal(done.parted[0], 20);
  assert_int_equal(ask(c, "SELECT count(*) FROM split"), 20);
  kz_catalogue_close(c);
}

static struct kz_catalogue *catalogue_of(const char *name, bool backwards) {
  struct kz_catalogue *c = open_catalogue(name);
  sql(c, "BEGIN");
  for (int i = 0; i < 120; i++) {
    int id = backwards ? 120 - i : i + 1;
    add_image(c, id, i);
    if (i % 3) add_cave(c, id, i % 17);
  }
  for (int i = 0; i < 120; i += 10) { /* contents i and i + 2 are of one group, named by id */
    char text[200];
    int a = backwards ? 120 - i : i + 1, b = backwards ? 118 - i : i + 3;
    int group = a < b ? a : b;
    snprintf(text, sizeof text, "INSERT INTO grp VALUES(%d, %d, %d), (%d, %d, %d)", a, group, a, b,
             group, b);
    sql(c, text);
  }
  sql(c, "COMMIT");
  return c;
}

static void test_order(void **state) {
  (void)state;
  struct kz_catalogue *a = catalogue_of("a.db", false), *b = catalogue_of("b.db", true);
  struct kz_catalogue_split_options o = options();
  split(a, &o);
  split(b, &o);
  char *of_a = parts(a), *of_b = parts(b);
  assert_string_equal(of_a, of_b);
  assert_true(strlen(of_a) > 120 * 9);
  o.anew = true;
  o.seed = 2;
  split(b, &o);
  free(of_b);
  of_b = parts(b);
  assert_string_not_equal(of_a, of_b);
  o.seed = 1;
  split(b, &o);
  free(of_b);
  of_b = parts(b);
  assert_string_equal(of_a, of_b);
  free(of_a);
  free(of_b);
  kz_catalogue_close(a);
  kz_catalogue_close(b);
}

static void test_periods(void **state) {
  (void)state;
  struct kz_catalogue *c = open_catalogue("s.db");
  struct kz_catalogue_split_options o = options();
  sql(c, "BEGIN");
  for (int id = 1; id <= 200; id++) {
    add_image(c, id, id);
    add_fact(c, id, "period", id % 10 < 2 ? "Tang" : "Sui");
  }
  sql(c, "COMMIT");
  split(c, &o);
  assert_int_equal(done.parted[1], 20);
  /* 4 of 40 would be even; left to chance, fewer than 3 or more than 5 come one time in two. */
  static const char query[] = "SELECT count(*) FROM split JOIN fact USING(image)"
                              " WHERE value = 'Tang' AND part = '%s'";
  for (int p = 1; p < 3; p++) {
    char text[200];
    snprintf(text, sizeof text, query, kz_catalogue_parts[p]);
    assert_in_range(ask(c, text), 3, 5);
  }
  kz_catalogue_close(c);
}

/* ---- units ---- */

static void same_part(struct kz_catalogue *c, const char *images) {
  char text[200];
  snprintf(text, sizeof text, "SELECT count(DISTINCT part) FROM split WHERE image IN (%s)", images);
  assert_int_equal(ask(c, text), 1);
}

static void test_units(void **state) {
  (void)state;
  struct kz_catalogue *c = open_catalogue("s.db");
  struct kz_catalogue_split_options o = options();
  for (int id = 1; id <= 40; id++) add_image(c, id, id);
  add_fact(c, 1, "cave", "039"), add_fact(c, 1, "site", "Mogao");
  add_fact(c, 2, "cave", " 39 "), add_fact(c, 2, "site", "MOGAO");
  add_fact(c, 3, "cave", "39"), add_fact(c, 3, "site", "Kizil");
  add_fact(c, 4, "cave", "39");
  add_fact(c, 5, "mural", "north"), add_fact(c, 5, "cave", "39"), add_fact(c, 5, "site", "Mogao");
  add_fact(c, 6, "mural", "North"), add_fact(c, 6, "cave", "39"), add_fact(c, 6, "site", "Mogao");
  add_fact(c, 7, "mural", "north"), add_fact(c, 7, "cave", "40"), add_fact(c, 7, "site", "Mogao");
  add_fact(c, 8, "site", "Mogao");
  split(c, &o); /* 1 2 | 3 | 4 | 5 6 | 7 | ... */
  assert_int_equal(done.units, 38);
  same_part(c, "1, 2");
  same_part(c, "5, 6");
  o.by = "cave,site"; /* 1 2 5 6 | 3 | 4 | 7 | 8 | ... */
  split(c, &o);
  assert_int_equal(done.units, 37);
  same_part(c, "1, 2, 5, 6");
  o.by = "site"; /* 1 2 5 6 7 8 | 3 | ... */
  split(c, &o);
  assert_int_equal(done.units, 35);
  same_part(c, "1, 2, 5, 6, 7, 8");

  /* A person's word comes before the list's. */
  o.by = NULL;
  sql(c, "INSERT INTO fact VALUES(3, 'site', 'hand Li', 'Mogao')");
  split(c, &o); /* 1 2 3 | 4 | 5 6 */
  assert_int_equal(done.units, 37);

  /* Groups hold over an image that is out: 10 - 11 - 12, 11 out; and join caves: 3 - 30. */
  sql(c, "INSERT INTO grp VALUES(10, 10, 10), (11, 10, 10), (12, 10, 12), (3, 3, 3), (30, 3, 30);"
         "INSERT INTO review(image, verdict, reason, who, at) VALUES(11, 'out', 'x', 'Li', '');"
         "INSERT INTO pair(a, b, kind) VALUES(20, 21, 'overlap'), (21, 22, 'overlap')");
  split(c, &o);
  assert_int_equal(done.images, 39);
  assert_int_equal(done.units, 37 - 1 - 1 - 1 - 2);
  same_part(c, "10, 12");
  same_part(c, "1, 2, 3, 30");
  same_part(c, "20, 21, 22");
  assert_int_equal(ask(c, "SELECT count(*) FROM split WHERE image = 11"), 0);
  kz_catalogue_close(c);
}

/* ---- later ---- */

static void test_later(void **state) {
  (void)state;
  struct kz_err err = {0};
  struct kz_catalogue *c = open_catalogue("s.db");
  struct kz_catalogue_split_options o = options();
  sql(c, "BEGIN");
  for (int id = 1; id <= 100; id++) {
    add_image(c, id, id);
    add_cave(c, id, id % 25);
  }
  sql(c, "COMMIT");
  split(c, &o);
  assert_int_equal(done.kept + done.moved, 0);
  char *before = parts(c);

  /* Others come, before and between them by content: they go where they are lacking. */
  for (int id = 101; id <= 200; id++) {
    add_image(c, id, 100 + id);
    if (id > 150) add_cave(c, id, id % 25);
  }
  split(c, &o);
  assert_int_equal(done.kept, 100);
  assert_int_equal(done.moved, 0);
  assert_int_equal(done.parted[0] + done.parted[1] + done.parted[2], 200);
  assert_in_range(done.parted[0], 158, 162);
  assert_int_equal(ask(c, PARTED_CAVES), 0);
  char *after = parts(c);
  assert_memory_equal(before, after, strlen(before));

  /* One of test is found to be one of train, a third of val: what was trained on cannot test. */
  sql(c, "CREATE TEMP TABLE t AS SELECT min(image) FILTER(WHERE part = 'train') AS a,"
         " min(image) FILTER(WHERE part = 'test') AS b, min(image) FILTER(WHERE part = 'val') AS d"
         " FROM split;"
         "INSERT INTO grp SELECT a, a, a FROM t UNION SELECT b, a, b FROM t;"
         "INSERT INTO pair(a, b, kind) SELECT min(b, d), max(b, d), 'overlap' FROM t");
  assert_fails(kz_catalogue_check_split(c, NULL, &err), KZ_EFORMAT, "1 pair, 1 group and 0 places");
  split(c, &o);
  assert_int_equal(ask(c, "SELECT count(*) FROM split, t WHERE image IN (a, b, d) AND"
                          " part = 'train'"), 3);
  assert_true(done.moved >= 2);
  assert_int_equal(ask(c, PARTED_CAVES), 0);

  /* What was asked is kept, without "anew". */
  struct kz_catalogue_split_options asked;
  o.seed = 9, o.by = "cave", o.anew = true, o.share[0] = 70, o.share[1] = 20;
  split(c, &o);
  assert_int_equal(done.kept, 0);
  assert_ok(kz_catalogue_split_asked(c, &asked, &err));
  assert_int_equal(asked.seed, 9);
  assert_string_equal(asked.by, "cave");
  assert_true(asked.share[1] == 20 && !asked.anew);
  kz_params_release(kz_catalogue_split_params, &asked);
  free(before);
  free(after);
  kz_catalogue_close(c);
}

/* ---- leaks ---- */

struct heard {
  int count;
  char last[400];
};

static void hear(void *user, const char *message) {
  struct heard *h = user;
  h->count++;
  snprintf(h->last, sizeof h->last, "%s", message);
}

/* Images 1 to 12: 1 to 8 train, 9 and 10 val, 11 and 12 test; caves of two. */
static struct kz_catalogue *catalogue_of_parts(void) {
  struct kz_catalogue *c = open_catalogue("s.db");
  for (int id = 1; id <= 12; id++) {
    char text[100];
    add_image(c, id, id);
    add_cave(c, id, (id + 1) / 2);
    snprintf(text, sizeof text, "INSERT INTO split VALUES(%d, '%s')", id,
             id <= 8 ? "train" : id <= 10 ? "val" : "test");
    sql(c, text);
  }
  return c;
}

static void test_leaks(void **state) {
  (void)state;
  struct kz_err err = {0};
  struct heard h = {0};
  const struct kz_catalogue_host host = {.user = &h, .failed = hear};
  struct kz_catalogue *c = catalogue_of_parts();
  assert_ok(kz_catalogue_check_split(c, &host, &err));
  assert_int_equal(h.count, 0);

  static const struct {
    const char *change, *back, *words, *heard;
    int count;
  } cases[] = {
      /* a hand edit */
      {"UPDATE split SET part = 'test' WHERE image = 2", "UPDATE split SET part = 'train' WHERE"
       " image = 2", "0 pairs, 0 groups and 1 place lie in",
       "train '/p/0001.png' and test '/p/0002.png': both are of cave '1'", 1},
      {"UPDATE split SET part = 'Train' WHERE image = 2", "UPDATE split SET part = 'train' WHERE"
       " image = 2", "1 place lie", "Train '/p/0002.png'", 1},
      /* a view that overlaps, found later */
      {"INSERT INTO pair(a, b, kind) VALUES(3, 9, 'overlap'); INSERT INTO grp VALUES(3, 3, 3),"
       " (9, 3, 9)", "DELETE FROM pair; DELETE FROM grp", "1 pair, 0 groups",
       "train '/p/0003.png' and val '/p/0009.png': they show the same (overlap)", 1},
      /* two that are linked over a third, which is out */
      {"INSERT INTO grp VALUES(4, 4, 4), (5, 4, 4), (12, 4, 12); INSERT INTO verdict VALUES(5,"
       " 'duplicate', 'x')", "DELETE FROM grp; DELETE FROM verdict", "0 pairs, 1 group",
       "test '/p/0012.png': they are of one group of duplicates", 1},
      /* a fact corrected */
      {"UPDATE fact SET value = '01' WHERE image = 11", "UPDATE fact SET value = '6' WHERE"
       " image = 11", "1 place lie",
       "train '/p/0001.png' and test '/p/0011.png': both are of cave '1'", 1},
      /* linked by an image without a part */
      {"DELETE FROM split WHERE image = 1; INSERT INTO pair(a, b, kind) VALUES(1, 9, 'turned')",
       "DELETE FROM pair; INSERT INTO split VALUES(1, 'train')", "1 group",
       "val '/p/0009.png': they belong together by way of others", 1},
      /* many */
      {"UPDATE split SET part = 'val' WHERE image % 2", "UPDATE split SET part = CASE WHEN image"
       " <= 8 THEN 'train' WHEN image <= 10 THEN 'val' ELSE 'test' END", "; and 2 more; 'kizil",
       "", 5},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    h = (struct heard){0};
    sql(c, cases[i].change);
    assert_fails(kz_catalogue_check_split(c, &host, &err), KZ_EFORMAT, cases[i].words);
    if (!strstr(h.last, cases[i].heard)) fail_msg("'%s' lacks '%s'", h.last, cases[i].heard);
    assert_int_equal(h.count, cases[i].count);
    sql(c, cases[i].back);
    assert_ok(kz_catalogue_check_split(c, &host, &err));
  }

  /* A duplicate that is out is in no set, and leaks nothing. */
  sql(c, "INSERT INTO pair(a, b, kind) VALUES(3, 9, 'same');"
         "INSERT INTO verdict VALUES(9, 'duplicate', 'x')");
  assert_ok(kz_catalogue_check_split(c, NULL, &err));
  sql(c, "DELETE FROM verdict; DELETE FROM split");
  assert_ok(kz_catalogue_check_split(c, NULL, &err));
  kz_catalogue_close(c);
}

/* Names of any bytes and length. */
static void test_names(void **state) {
  (void)state;
  struct kz_err err = {0};
  struct kz_catalogue *c = catalogue_of_parts();
  char text[2000], path[900];
  for (int i = 0; i < 300; i++) memcpy(path + 3 * i, "\xe8\x8e\xab", 3);
  snprintf(text, sizeof text, "UPDATE file SET path = CAST('/%.*s' AS BLOB) || x'0aff' WHERE"
                              " image = 3;"
                              "INSERT INTO pair(a, b, kind) VALUES(3, 9, 'same')",
           (int)sizeof path, path);
  sql(c, text);
  assert_fails(kz_catalogue_check_split(c, NULL, &err), KZ_EFORMAT, "\xab\\x0a\\xff' and val '/p/");
  assert_non_null(strstr(err.msg, "train '...\xe8"));
  kz_catalogue_close(c);
}

/* ---- from facts ---- */

static void test_facts(void **state) {
  (void)state;
  struct kz_err err = {0};
  struct kz_catalogue *c = open_catalogue("s.db");
  struct kz_catalogue_split_options o = options();
  o.from_facts = true;
  for (int id = 1; id <= 20; id++) {
    add_image(c, id, id);
    add_cave(c, id, (id + 1) / 2);
    if (id <= 14) add_fact(c, id, "split", id <= 8 ? "train" : id <= 12 ? "val" : "mask");
  }
  sql(c, "DELETE FROM fact WHERE key = 'split' AND image = 9");
  split(c, &o);
  assert_int_equal(ask(c, "SELECT count(*) FROM split WHERE image <= 8 AND part = 'train'"), 8);
  assert_int_equal(ask(c, "SELECT count(*) FROM split WHERE image IN (9, 10, 11, 12) AND"
                          " part = 'val'"), 4); /* 9 with 10 */
  assert_int_equal(done.elsewhere, 2);
  assert_int_equal(ask(c, "SELECT count(*) FROM split WHERE image > 14"), 6);
  assert_int_equal(done.parted[2], 2); /* of the six, so that test is not empty */

  /* Its own leak is told, and nothing is changed. */
  char *before = parts(c);
  sql(c, "UPDATE fact SET value = 'test' WHERE image = 1 AND key = 'split'");
  assert_fails(kz_catalogue_split(c, &o, &done, &err), KZ_EFORMAT,
               "test '/p/0001.png' and train '/p/0002.png': both are of cave '1'");
  char *after = parts(c);
  assert_string_equal(before, after);
  o.from_facts = false;
  split(c, &o); /* without them it goes well */
  free(before);
  free(after);
  kz_catalogue_close(c);
}

/* ---- refusals, texts ---- */

static void test_refused(void **state) {
  (void)state;
  struct kz_err err = {0};
  struct kz_catalogue *c = open_catalogue("s.db");
  struct kz_catalogue_split_options o = options();
  assert_fails(kz_catalogue_split(c, &o, &done, &err), KZ_ENOENT, "no image is in");
  add_image(c, 1, 1);
  split(c, &o);
  assert_int_equal(done.parted[0], 1);
  o.share[1] = 20;
  assert_fails(kz_catalogue_split(c, &o, &done, &err), KZ_ERANGE, "add up to 110");
  o.share[0] = 0, o.share[1] = 90;
  assert_fails(kz_catalogue_split(c, &o, &done, &err), KZ_ERANGE, "train must");
  o = options();
  o.by = "cavern";
  assert_fails(kz_catalogue_split(c, &o, &done, &err), KZ_ENOENT, "a fact 'cavern'");
  o.by = "cave,,site";
  assert_fails(kz_catalogue_split(c, &o, &done, &err), KZ_EFORMAT, "commas between");
  assert_int_equal(ask(c, "SELECT count(*) FROM split"), 1);
  sql(c, "UPDATE setting SET value = '{\"seed\": \"x\"}'");
  assert_fails(kz_catalogue_check_split(c, NULL, &err), KZ_EFORMAT, "seed");
  kz_catalogue_close(c);
}

static void test_tell(void **state) {
  (void)state;
  struct kz_err err = {0};
  char *text = NULL;
  struct kz_catalogue *c = catalogue_of_parts();
  for (int id = 1; id <= 9; id++) add_fact(c, id, "period", id < 3 ? "Tang" : "Sui\033");
  sql(c, "UPDATE split SET part = 'mine' WHERE image > 10; DELETE FROM split WHERE image = 10");
  assert_ok(kz_catalogue_tell_split(c, &text, &err));
  assert_non_null(strstr(text, "part      images     share   asked  groups  megapixels\n"
                               "train          8    72.7 %    80 %       4         4.0\n"
                               "val            1     9.1 %    10 %       1         0.5\n"
                               "test           0     0.0 %    10 %       0         0.0\n"
                               "others         2    18.2 %       -       1         1.0\n"
                               "none           1         -       -       0         0.5\n"));
  assert_non_null(strstr(text, "   train     val    test  others    none  period\n"
                               "       6       1       0       0       0  Sui\\x1b\n"
                               "       2       0       0       0       0  Tang\n"
                               "       0       0       0       2       1  (not known)\n"));
  assert_null(strstr(text, "site"));
  free(text);
  kz_catalogue_close(c);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup(test_sizes, clean_folder),
      cmocka_unit_test_setup(test_few, clean_folder),
      cmocka_unit_test_setup(test_order, clean_folder),
      cmocka_unit_test_setup(test_periods, clean_folder),
      cmocka_unit_test_setup(test_units, clean_folder),
      cmocka_unit_test_setup(test_later, clean_folder),
      cmocka_unit_test_setup(test_leaks, clean_folder),
      cmocka_unit_test_setup(test_names, clean_folder),
      cmocka_unit_test_setup(test_facts, clean_folder),
      cmocka_unit_test_setup(test_refused, clean_folder),
      cmocka_unit_test_setup(test_tell, clean_folder),
  };
  return cmocka_run_group_tests_name("catalogue_split", tests, catalogue_setup,
                                     catalogue_teardown);
}
