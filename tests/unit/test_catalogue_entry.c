/* The images that are in, as those see them who use a data set. */
#include "catalogue_fixture.h"

/* Three good images, one that is reviewed out, one without a file; facts of all sources. */
static const char rows[] =
    "INSERT INTO image(id, sha256, bytes, format, width, height, added) VALUES"
    " (1, 'cc', 10, 'JPEG', 300, 200, ''), (2, 'aa', 20, 'PNG', 400, 500, ''),"
    " (3, 'bb', 30, 'TIFF', 640, 480, ''), (4, 'dd', 40, 'PNG', 9, 9, ''),"
    " (5, 'ee', 50, 'PNG', 9, 9, '');"
    "INSERT INTO file(path, image, size, mtime_ns, inode, gone) VALUES"
    " (CAST('/p/b.jpg' AS BLOB), 1, 0, 0, 0, 0), (CAST('/p/a.jpg' AS BLOB), 1, 0, 0, 0, 1),"
    " (CAST('/p/c.jpg' AS BLOB), 1, 0, 0, 0, 0), (x'2f70ff0a', 2, 0, 0, 0, 0),"
    " (CAST('/p/t.tif' AS BLOB), 3, 0, 0, 0, 0), (CAST('/p/d.png' AS BLOB), 4, 0, 0, 0, 0),"
    " (CAST('/p/e.png' AS BLOB), 5, 0, 0, 0, 1);"
    "INSERT INTO review(image, verdict, reason, who, at) VALUES(4, 'out', 'r', 'w', '');"
    "INSERT INTO damage(image, map) VALUES(2, zeroblob(4096)), (3, x'00');"
    "INSERT INTO split(image, part) VALUES(1, 'train'), (2, 'val'), (3, 'train');"
    "INSERT INTO fact(image, key, value, source) VALUES"
    " (1, 'site', 'by the file', 'exif'), (1, 'site', 'by the list', 'sidecar l.csv'),"
    " (1, 'site', 'by hand', 'hand Mei'), (1, 'period', 'Tang', 'sidecar l.csv'),"
    " (1, 'caption', 'listed', 'sidecar l.csv'), (2, 'date', '2001', 'exif'),"
    " (2, 'date', '2002', 'sidecar l.csv'), (2, 'caption-zh', '表', 'sidecar l.csv');"
    "INSERT INTO caption(image, language, source, text) VALUES(1, 'en', 'made', 'made'),"
    " (1, 'zh', 'made', '作'), (2, 'en', 'made', 'made'), (2, 'en', 'hand Mei', 'by hand'),"
    " (2, 'zh', 'made', '作');";

struct seen {
  char text[2000];
  int count, stop_at;
};

static int see(void *user, const struct kz_catalogue_entry *e, struct kz_err *err) {
  struct seen *s = user;
  size_t used = strlen(s->text);
  char *to = s->text + used;
  used += (size_t)snprintf(to, sizeof s->text - used, "%s %s %s %lld %dx%d %s %s en:%s zh:%s",
                           e->sha256, e->path, e->format, (long long)e->bytes, e->width, e->height,
                           e->damage ? "map" : "-", e->part ? e->part : "-",
                           e->caption[0] ? e->caption[0] : "-",
                           e->caption[1] ? e->caption[1] : "-");
  for (int i = 0; i < e->fact_count; i++)
    used += (size_t)snprintf(s->text + used, sizeof s->text - used, " %s=%s(%s)", e->facts[i].key,
                             e->facts[i].value, e->facts[i].source);
  assert_true(used + 2 < sizeof s->text);
  s->text[used] = '\n';
  if (++s->count == s->stop_at) return kz_err_set(err, KZ_EINTR, "enough");
  return 0;
}

static void test_each(void **state) {
  (void)state;
  struct kz_err err = {0};
  struct kz_catalogue *c = open_catalogue("a.db");
  struct seen s = {0};
  assert_ok(kz__db_exec(c, rows, &err));
  assert_ok(kz_catalogue_each(c, NULL, see, &s, &err));
  assert_string_equal(
      s.text,
      "aa /p\xff\n PNG 20 400x500 map val en:by hand zh:表 caption-zh=表(sidecar l.csv)"
      " date=2002(sidecar l.csv)\n"
      "bb /p/t.tif TIFF 30 640x480 - train en:- zh:-\n"
      "cc /p/b.jpg JPEG 10 300x200 - train en:listed zh:作 caption=listed(sidecar l.csv)"
      " period=Tang(sidecar l.csv) site=by hand(hand Mei)\n");
  kz_catalogue_close(c);
}

static void test_part(void **state) {
  (void)state;
  struct kz_err err = {0};
  struct kz_catalogue *c = open_catalogue("a.db");
  struct seen s = {0};
  assert_ok(kz__db_exec(c, rows, &err));
  assert_ok(kz_catalogue_each(c, "train", see, &s, &err));
  assert_int_equal(s.count, 2);
  s = (struct seen){0};
  assert_ok(kz_catalogue_each(c, "test", see, &s, &err));
  assert_int_equal(s.count, 0);
  s = (struct seen){.stop_at = 2};
  assert_fails(kz_catalogue_each(c, NULL, see, &s, &err), KZ_EINTR, "enough");
  assert_int_equal(s.count, 2);
  kz_catalogue_close(c);
}

/* What another process adds in between is not seen: all visits are of one state. */
struct meddler {
  struct kz_catalogue *other;
  int count;
};

static int meddle(void *user, const struct kz_catalogue_entry *e, struct kz_err *err) {
  struct meddler *m = user;
  (void)e;
  if (m->count++) return 0;
  return kz__db_exec(m->other,
                     "INSERT INTO image(id, sha256, bytes, format, width, height, added)"
                     " VALUES(9, 'zz', 1, 'PNG', 9, 9, '');"
                     "INSERT INTO file(path, image, size, mtime_ns, inode)"
                     " VALUES(CAST('/z' AS BLOB), 9, 0, 0, 0)",
                     err);
}

static void test_one_state(void **state) {
  (void)state;
  struct kz_err err = {0};
  struct kz_catalogue *c = open_catalogue("a.db");
  struct meddler m = {0};
  assert_ok(kz__db_exec(c, rows, &err));
  assert_ok(kz_catalogue_open(in_folder("a.db"), &m.other, &err));
  assert_ok(kz_catalogue_each(c, NULL, meddle, &m, &err));
  assert_int_equal(m.count, 3);
  m.count = 1;
  assert_ok(kz_catalogue_each(c, NULL, meddle, &m, &err));
  assert_int_equal(m.count, 5);
  kz_catalogue_close(m.other);
  kz_catalogue_close(c);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup(test_each, clean_folder),
      cmocka_unit_test_setup(test_part, clean_folder),
      cmocka_unit_test_setup(test_one_state, clean_folder),
  };
  return cmocka_run_group_tests(tests, catalogue_setup, catalogue_teardown);
}
