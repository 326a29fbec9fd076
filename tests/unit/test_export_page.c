/* The report: its figures against the catalogue's, what may stand on a page and what not, pictures
 * that are there and that are not, and a page that is whole or absent. */
#include <vips/vips.h>

#include <kizil/export.h>

#include "catalogue_fixture.h"
#include "image/thumb.h"

static const struct kz_export_page_options plain = {.thumbs = 100, .date = "a day"};

static char *page_of(struct kz_catalogue *c, const struct kz_export_page_options *o) {
  struct kz_err err = {0};
  size_t size;
  assert_ok(kz_export_page(c, in_folder("page.html"), o, NULL, &err));
  char *text = read_file(in_folder("page.html"), &size);
  text[size] = '\0';
  assert_int_equal(strlen(text), size);
  return text;
}

static void holds(const char *text, const char *words) {
  if (!strstr(text, words)) fail_msg("the page lacks '%s'", words);
}

static void lacks(const char *text, const char *words) {
  const char *at = strstr(text, words);
  if (at) fail_msg("the page holds '%.80s'", at);
}

static int times(const char *text, const char *words) {
  int n = 0;
  for (; (text = strstr(text, words)); text += strlen(words)) n++;
  return n;
}

/* The whole number after `words`, thousands with commas. */
static int64_t number_after(const char *text, const char *words) {
  const char *at = strstr(text, words);
  int64_t n = 0;
  if (!at) fail_msg("the page lacks '%s'", words);
  for (at += strlen(words); (*at >= '0' && *at <= '9') || *at == ','; at++)
    if (*at != ',') n = 10 * n + *at - '0';
  return n;
}

/* Six pictures, of which two are too small, one no picture, one too bright. */
static struct kz_catalogue *make_catalogue(void) {
  struct kz_err err = {0};
  struct kz_catalogue_added added;
  mkdir(in_folder("p"), 0700);
  make_picture("p/a.png", 60, 40, 1);
  make_picture("p/b.png", 70, 50, 2);
  make_picture("p/c.png", 20, 30, 3);
  make_picture("p/small.png", 12, 30, 4);
  make_picture("p/smaller.png", 9, 30, 5);
  write_file(in_folder("p/broken.jpg"), "text", 4);
  struct kz_catalogue *c = open_catalogue("a.db");
  assert_ok(add_to(c, in_folder("p"), NULL, NULL, &added, &err));
  assert_ok(kz_catalogue_set_threshold(c, "mean", 120, &err));
  assert_ok(kz_catalogue_judge(c, &err));
  return c;
}

static int64_t id_of(struct kz_catalogue *c, const char *name) {
  struct kz_err err = {0};
  int64_t id = 0;
  assert_ok(kz_catalogue_find(c, in_folder(name), &id, &err));
  return id;
}

static void run(struct kz_catalogue *c, const char *sql) {
  struct kz_err err = {0};
  assert_ok(kz__db_exec(c, sql, &err));
}

/* ---- figures ---- */

static void test_figures(void **state) {
  (void)state;
  struct kz_err err = {0};
  struct kz_catalogue *c = make_catalogue();
  assert_ok(kz_catalogue_review(c, id_of(c, "p/small.png"), true, "a seal", "Li", &err));
  char *text = page_of(c, &plain);
  int64_t in = ask(c, "SELECT count(*) FROM chosen");
  assert_int_equal(number_after(text, "<p class='lead'><b>"), in);
  assert_int_equal(number_after(text, "</b> of "), 6);
  assert_int_equal(number_after(text, "<span class='key broken'></span><b>"), 1);
  assert_int_equal(number_after(text, "<span class='key out'></span><b>"), 5 - in);
  assert_int_equal(number_after(text, "<code>short-side</code></th><td>"),
                   ask(c, "SELECT count(*) FROM verdict WHERE measure = 'short-side'"));
  assert_int_equal(number_after(text, "<code>decode</code></th><td>"), 1);
  assert_int_equal(number_after(text, "<tr><th scope='row'>PNG</th><td>"), 5);
  /* The plot's words, and the sheets: two of three that are told of fail. */
  holds(text, "short-side: 5 images from 9 to 50 px, half of them below 20; 2 fail the threshold "
              "16'");
  holds(text, "taken in by hand");
  holds(text, "taken in, by Li");
  holds(text, "a seal (");
  lacks(text, "Verdicts are older");
  holds(text, "<td class='rule'>below 16&nbsp;px</td>");
  holds(text, "below <b>16&nbsp;px</b>.");
  holds(text, "above <b>120</b>, which was set for this catalogue; built in is 250");
  holds(text, "broken.jpg</a></td><td>not a JPEG");
  holds(text, "· a day · kizil ");
  holds(text, "No duplicates are on record");
  holds(text, "No parts");
  free(text);
  kz_catalogue_close(c);
}

/* What another version, or another program, left behind is told as it is. */
static void test_stale(void **state) {
  (void)state;
  struct kz_catalogue *c = make_catalogue();
  run(c, "INSERT INTO threshold VALUES('short-side', 45);"
         "INSERT INTO verdict SELECT id, 'odder', 'a reason' FROM image WHERE error IS NULL");
  char *text = page_of(c, &plain);
  holds(text, "Verdicts are older than the thresholds");
  assert_int_equal(number_after(text, "<code>short-side</code></th><td>"), 2);
  assert_int_equal(number_after(text, "by it now: "), 4);
  holds(text, "<th scope='row'>odder <code>odder</code></th><td>5</td>");
  lacks(text, "href='#odder'");
  free(text);
  kz_catalogue_close(c);
}

static void test_groups_and_parts(void **state) {
  (void)state;
  char sql[600];
  struct kz_catalogue *c = make_catalogue();
  long long a = id_of(c, "p/a.png"), b = id_of(c, "p/b.png");
  run(c, "DELETE FROM threshold; DELETE FROM verdict WHERE measure = 'mean'");
  snprintf(sql, sizeof sql,
           "INSERT INTO pair(a, b, kind, overlap, correlation)"
           " VALUES(%lld, %lld, 'resized', 0.97, 0.9);"
           "INSERT INTO grp(image, grp, best) VALUES(%lld, %lld, %lld), (%lld, %lld, %lld);"
           "INSERT INTO clean(image, kind, params, confidence, applied) VALUES(%lld, 'crop',"
           " '{\"x\": 3, \"y\": 4, \"w\": 50, \"h\": 30}', 0.83, 1)",
           a < b ? a : b, a < b ? b : a, a, a, a, b, a, a, a);
  run(c, sql);
  snprintf(sql, sizeof sql,
           "INSERT INTO fact VALUES(%lld, 'period', 'hand x', 'Tang'), (%lld, 'period', 'exif',"
           " 'wrong'), (%lld, 'licence', 'sidecar l', 'None stated'), (%lld, 'licence',"
           " 'sidecar l', 'CC BY');"
           "INSERT INTO split(image, part) VALUES(%lld, 'train'), (%lld, 'test')",
           a, a, a, b, a, b);
  run(c, sql);
  char *text = page_of(c, &plain);
  holds(text, "<h4>2 images, 1 left out</h4>");
  holds(text, "resized, 97 % in common");
  holds(text, "sure by 83 %");
  holds(text, "<rect x='3' y='4' width='50' height='30'/>");
  holds(text, "<tr><th scope='row'>Tang</th><td>1</td><td>1</td>");
  lacks(text, "wrong");
  holds(text, "<th scope='row'>train</th><td>1</td>");
  assert_int_equal(number_after(text, "No licence is stated for "), 2); /* of a, b and c */
  holds(text, "seen in more than one part");
  holds(text, "The parts leak");
  free(text);
  run(c, "UPDATE split SET part = 'train'");
  text = page_of(c, &plain);
  holds(text, "Checked: nothing of one part is seen in another");
  lacks(text, "leak</a>");
  free(text);
  kz_catalogue_close(c);
}

/* ---- what may stand on a page ---- */

static void test_escaping(void **state) {
  (void)state;
  struct kz_err err = {0};
  struct kz_catalogue_added added;
  mkdir(in_folder("p"), 0700);
  make_picture("p/<script>&'\".png", 12, 12, 1);
  make_picture("p/line\nbreak.png", 12, 13, 2);
  make_picture("p/b\xff\xfe.png", 12, 14, 3);
  make_picture("p/a.png", 40, 40, 4);
  struct kz_catalogue *c = open_catalogue("a.db");
  assert_ok(add_to(c, in_folder("p"), NULL, NULL, &added, &err));
  assert_int_equal(added.total.images, 4);
  run(c, "INSERT INTO fact SELECT id, 'period', 'x', '<img src=http://e.org/x>' || x'ff0a' FROM"
         " image; INSERT INTO fact SELECT id, '<b>', 'x', 'v' FROM image");
  struct kz_export_page_options o = plain;
  o.title = "<i>'title'</i>";
  char *text = page_of(c, &o);
  assert_true(g_utf8_validate(text, -1, NULL));
  lacks(text, "<script");
  lacks(text, "<i>'title");
  lacks(text, "<img src=http");
  lacks(text, "src='http");
  lacks(text, "href='http");
  lacks(text, "url(");
  lacks(text, "@import");
  lacks(text, "<b>v");
  holds(text, "&lt;script&gt;&amp;&#39;&quot;.png");
  holds(text, "line\\x0abreak.png");
  holds(text, "b\\xff\\xfe.png");
  holds(text, "b%FF%FE.png'>");
  holds(text, "line%0Abreak.png'>");
  holds(text, "&lt;img src=http://e.org/x&gt;\\xff\\x0a");
  free(text);
  kz_catalogue_close(c);
}

/* ---- pictures ---- */

static void test_pictures(void **state) {
  (void)state;
  struct kz_catalogue *c = make_catalogue();
  struct kz_export_page_options o = plain;
  char *text = page_of(c, &o), *again;
  int shown = times(text, "src='data:image/jpeg;base64,/9j/");
  assert_true(shown >= 5);
  assert_int_equal(times(text, "<img "), shown);
  assert_int_equal(times(text, "<img alt='image "), shown);
  o.threads = 3;
  again = page_of(c, &o);
  assert_string_equal(text, again); /* the same bytes, whoever made them */
  free(text);
  free(again);
  o.thumbs = 2;
  text = page_of(c, &o);
  assert_int_equal(times(text, "<img "), 2);
  free(text);
  o.thumbs = 0;
  text = page_of(c, &o);
  assert_int_equal(times(text, "<img "), 0);
  holds(text, "<figure class='card'>");
  free(text);
  /* Gone, changed, and broken at the same length. */
  size_t size;
  char *data = read_file(in_folder("p/small.png"), &size);
  memset(data + 40, 0, size - 40);
  write_file(in_folder("p/small.png"), data, size);
  free(data);
  unlink(in_folder("p/smaller.png"));
  write_file(in_folder("p/c.png"), "short", 5);
  text = page_of(c, &plain);
  holds(text, "smaller.png: the file is gone'>the file is gone<");
  holds(text, "c.png: the file has changed since it was added'>");
  holds(text, "small.png: cannot be decoded any more'>");
  assert_true(times(text, "<img ") < shown);
  free(text);
  kz_catalogue_close(c);
}

/* Left half red, right half blue, as JPEG of orientation 6: upright, red is above. */
static void test_thumb(void **state) {
  (void)state;
  struct kz_err err = {0};
  struct kz_pixels p, small;
  struct kz_thumb t;
  VipsImage *im;
  assert_ok(kz_pixels_init(&p, 1600, 800, 3, &err));
  for (int i = 0; i < 1600 * 800; i++) p.data[3 * i + (i % 1600 < 800 ? 0 : 2)] = 220;
  im = vips_image_new_from_memory(p.data, 1600 * 800 * 3, 1600, 800, 3, VIPS_FORMAT_UCHAR);
  im->Type = VIPS_INTERPRETATION_sRGB;
  VipsImage *turned;
  assert_int_equal(vips_copy(im, &turned, NULL), 0);
  vips_image_set_int(turned, VIPS_META_ORIENTATION, 6);
  assert_int_equal(vips_jpegsave(turned, in_folder("t.jpg"), "Q", 95, NULL), 0);
  assert_int_equal(vips_pngsave(im, in_folder("t.png"), NULL), 0);
  g_object_unref(turned);
  g_object_unref(im);
  kz_pixels_release(&p);
  assert_ok(kz_thumb_make(in_folder("t.jpg"), 100, 80, &t, &err));
  assert_int_equal(t.width, 40);
  assert_int_equal(t.height, 80);
  write_file(in_folder("small.jpg"), t.jpeg, t.size);
  kz_thumb_release(&t);
  assert_ok(kz_pixels_load(in_folder("small.jpg"), 0, 0, &small, &err));
  assert_int_equal(small.width, 40);
  assert_int_equal(small.height, 80);
  const uint8_t *above = small.data + 3 * (20 * 40 + 20), *below = small.data + 3 * (60 * 40 + 20);
  assert_true(above[0] > 200 && above[2] < 30);
  assert_true(below[2] > 200 && below[0] < 30);
  kz_pixels_release(&small);
  assert_ok(kz_thumb_make(in_folder("t.png"), 100, 80, &t, &err));
  assert_int_equal(t.width, 100);
  assert_int_equal(t.height, 50);
  kz_thumb_release(&t);
  make_picture("tiny.png", 3, 5, 1);
  assert_ok(kz_thumb_make(in_folder("tiny.png"), 100, 80, &t, &err));
  assert_int_equal(t.width, 3); /* never enlarged */
  kz_thumb_release(&t);
  mkfifo(in_folder("pipe.jpg"), 0600);
  assert_fails(kz_thumb_make(in_folder("pipe.jpg"), 9, 9, &t, &err), KZ_EFORMAT, "not a file");
  assert_fails(kz_thumb_make(in_folder("none.jpg"), 9, 9, &t, &err), KZ_ENOENT, "cannot read");
  assert_null(t.jpeg);
}

/* ---- whole or absent ---- */

static bool always(void *user) {
  (void)user;
  return true;
}

static void test_refusals(void **state) {
  (void)state;
  struct kz_err err = {0};
  struct kz_catalogue *c = make_catalogue();
  const struct kz_catalogue_host host = {.stop = always};
  char *text;
  size_t size;
  assert_fails(kz_export_page(c, in_folder("a.db"), &plain, NULL, &err), KZ_ERANGE, ".html");
  assert_fails(kz_export_page(c, in_folder("no/p.html"), &plain, NULL, &err), KZ_ENOENT, "no/p");
  write_file(in_folder("page.html"), "earlier", 7);
  assert_fails(kz_export_page(c, in_folder("page.html"), &plain, &host, &err), KZ_EINTR,
               "interrupted");
  text = read_file(in_folder("page.html"), &size);
  assert_int_equal(size, 7);
  free(text);
  /* The catalogue is not held: it can be written to at once. */
  assert_ok(kz_catalogue_set_threshold(c, "mean", 130, &err));
  run(c, "DROP TABLE threshold; CREATE TABLE threshold(a)");
  assert_fails(kz_export_page(c, in_folder("page.html"), &plain, NULL, &err), KZ_EIO, "a.db");
  text = read_file(in_folder("page.html"), &size);
  assert_int_equal(size, 7);
  free(text);
  kz_catalogue_close(c);
}

static void test_empty(void **state) {
  (void)state;
  struct kz_catalogue *c = open_catalogue("a.db");
  char *text = page_of(c, &plain);
  assert_int_equal(number_after(text, "<p class='lead'><b>"), 0);
  holds(text, "None: nothing is out");
  lacks(text, "nan");
  lacks(text, "inf%");
  free(text);
  kz_catalogue_close(c);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup(test_figures, clean_folder),
      cmocka_unit_test_setup(test_stale, clean_folder),
      cmocka_unit_test_setup(test_groups_and_parts, clean_folder),
      cmocka_unit_test_setup(test_escaping, clean_folder),
      cmocka_unit_test_setup(test_pictures, clean_folder),
      cmocka_unit_test_setup(test_thumb, clean_folder),
      cmocka_unit_test_setup(test_refusals, clean_folder),
      cmocka_unit_test_setup(test_empty, clean_folder),
  };
  return cmocka_run_group_tests_name("export_page", tests, catalogue_setup, catalogue_teardown);
}
