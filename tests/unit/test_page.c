/* The restoration page: what it tells of a record and of files that are there, changed or gone;
 * that nothing a record says can be more than text. */
#include "page_fixture.h"

/* ---- what it tells ---- */

static void the_record_is_told(void **state) {
  (void)state;
  struct kz_record r;
  make_full(&r);
  write_record(&r, "out.tif.json");
  struct kz_page_options o = defaults();
  char *text = page_of_one("out.tif.json", &o);
  holds(text, "<title>wall.tif · virtual restoration</title>");
  holds(text, "<b>2,200 pixels</b>, 3.7&nbsp;% of 300 × 200&nbsp;px, were filled");
  holds(text, "in 2 regions.");
  holds(text, " 1 region was left as it was.");
  holds(text, " 1 region could be filled by conjecture only and was left.");
  holds(text, " 1 region is conjecture and was filled as was asked.");
  holds(text, "paint loss</th><td lang='zh-Hans'>颜料层脱落</td><td>restore</td><td>1,600</td>"
              "<td>1</td><td>0</td>");
  holds(text, "裂隙</td><td>leave as it is</td><td>1,600</td><td>0</td><td>1</td>");
  holds(text, "Known around it: <b>62&nbsp;%</b>; its middle is <b>20&nbsp;px</b> from what is "
              "known; candidates differ by <b>ΔE&nbsp;7.3</b>.");
  holds(text, "conjecture: far from known pixels");
  holds(text, "few known pixels around");
  holds(text, "Disagreement is not error");
  holds(text, "the most here is 7.3");
  holds(text, "<dt>Made by</dt><dd><bdi>Li Wen</bdi>");
  holds(text, "<dt>Purpose and grounds</dt><dd><bdi>for the spring campaign</bdi>");
  holds(text, "<dt>Words given to it</dt><dd><bdi>飞天</bdi>");
  holds(text, "<code>steps</code>&nbsp;7; all others have their defaults");
  holds(text, "<dt>Seed</dt><dd>1234</dd>");
  holds(text, r.files.model.sha256);
  holds(text, "<pre class='command'>kizil verify out.tif</pre>");
  holds(text, "<pre class='command'>kizil replay out.tif.json</pre>");
  holds(text, "whose seal fits");
  lacks(text, "<p class='alert'>");
  lacks(text, "class='gone'");
  lacks(text, "http:");
  lacks(text, "https:");
  free(text);
  kz_record_release(&r);
}

static void the_seal_is_looked_at(void **state) {
  (void)state;
  struct kz_record r;
  size_t size;
  char *json;
  struct kz_err err;
  make_full(&r);
  write_record(&r, "out.tif.json");
  kz_record_release(&r);
  assert_int_equal(kz_file_read(in_folder("out.tif.json"), 1 << 20, &json, &size, &err), 0);
  char *at = strstr(json, "Li Wen");
  assert_non_null(at);
  *at = 'X';
  write_bytes(in_folder("out.tif.json"), json, size);
  free(json);
  struct kz_page_options o = defaults();
  char *text = page_of_one("out.tif.json", &o);
  holds(text, "<p class='alert'>This record was changed after it was written");
  holds(text, "Xi Wen");
  free(text);
}

/* A plain record: no classes, no regions. Places are found in the mask. */
static void a_plain_record_will_do(void **state) {
  (void)state;
  struct kz_record r;
  make_files(WIDE, HIGH);
  make_record(&r, WIDE, HIGH, "out.tif");
  say(&r.files.doubt.path, NULL);
  say(&r.files.doubt.sha256, NULL);
  write_record(&r, "out.tif.json");
  kz_record_release(&r);
  struct kz_page_options o = defaults();
  char *text = page_of_one("out.tif.json", &o);
  holds(text, "<h4 id='p1-w1'>Place 1</h4>");
  holds(text, "href='#p1-w1'");
  lacks(text, "Damage and its treatment");
  lacks(text, "class='t-heat'");
  lacks(text, "conjecture begins");
  free(text);
  o.zooms = 0;
  text = page_of_one("out.tif.json", &o);
  lacks(text, "A closer look");
  free(text);
}

static void candidates_stand_side_by_side(void **state) {
  (void)state;
  struct kz_record r, q;
  struct kz_err err;
  char hex[65];
  make_full(&r);
  put_picture("out-2.tif", WIDE, HIGH, 5, 8);
  const char *const names[] = {"out.tif", "out-2.tif", "lost.tif"};
  for (int i = 0; i < 3; i++) {
    struct kz_record_candidate *c = kz_record_add_candidate(&r);
    c->seed = 500 + i;
    c->rank = 3 - i;
    c->score = 1.5 + i;
    say(&c->file.path, names[i]);
    say(&c->file.sha256, r.files.model.sha256);
    if (i == 2) continue;
    assert_int_equal(kz_file_sha256(in_folder(names[i]), hex, &err), 0);
    say(&c->file.sha256, hex);
  }
  write_record(&r, "out.tif.json");
  kz_record_release(&r);
  make_record(&q, WIDE, HIGH, "out-2.tif");
  write_record(&q, "other.json");
  kz_record_release(&q);
  struct kz_page_options o = defaults();
  char *text = page_of_one("out.tif.json", &o);
  holds(text, "Candidate 1 <span class='tag filled'>shown above</span><small>rank 3<br>seed 500<br>"
              "score 1.5<br><bdi>out.tif</bdi>");
  holds(text, "Candidate 2<small>rank 2<br>seed 501");
  holds(text, "<p class='gone'><bdi>lost.tif</bdi> is not there any more.</p>");
  assert_int_equal(times(text, "alt='a candidate: "), 2 * 3); /* the whole and two regions */
  free(text);
  /* Another record of the picture adds nothing if its result is a candidate, */
  const char *records[3];
  records[0] = in_folder("out.tif.json");
  records[1] = in_folder("other.json");
  text = page_of(records, 2, &o);
  assert_int_equal(times(text, "<section "), 1);
  lacks(text, "Another result");
  free(text);
  /* and stands beside the first if it is not. */
  records[0] = in_folder("other.json");
  records[1] = in_folder("out.tif.json");
  text = page_of(records, 2, &o);
  assert_int_equal(times(text, "<section "), 1);
  holds(text, "Other results");
  holds(text, "Another result<small>seed 1234<br><bdi>out.tif</bdi>");
  free(text);
}

/* ---- files ---- */

static void files_must_be_those_of_the_record(void **state) {
  (void)state;
  struct kz_record r;
  make_full(&r);
  write_record(&r, "out.tif.json");
  kz_record_release(&r);
  struct kz_page_options o = defaults();
  put_picture("wall.tif", WIDE, HIGH, 9, 9);
  unlink(in_folder("out.tif"));
  unlink(in_folder("doubt.png"));
  char *text = page_of_one("out.tif.json", &o);
  holds(text, "<p class='gone'><bdi>wall.tif</bdi> is not the file of the record: it was changed "
              "since.</p>");
  holds(text, "<p class='gone'><bdi>out.tif</bdi> is not there any more.</p>");
  lacks(text, "alt='Before");
  lacks(text, "alt='After");
  lacks(text, "class='t-heat'");
  free(text);
  o.check = false;
  text = page_of_one("out.tif.json", &o);
  holds(text, "alt='Before: wall.tif'");
  holds(text, "The files were not compared with the record");
  free(text);
  put_picture("wall.tif", WIDE + 1, HIGH, 9, 9);
  write_bytes(in_folder("out.tif"), "no picture", 10);
  text = page_of_one("out.tif.json", &o);
  holds(text, "wall.tif</bdi> is of another size than the record says.");
  holds(text, "out.tif</bdi> cannot be decoded.");
  free(text);
}

static void turned_pictures_stand_upright(void **state) {
  (void)state;
  struct kz_record r;
  make_files(WIDE, HIGH);
  uint8_t *a = make_samples(WIDE, HIGH, 3, 8, 5);
  VipsImage *im = make_vips(a, WIDE, HIGH, 3, 8);
  vips_image_set_int(im, VIPS_META_ORIENTATION, 6);
  save_vips(im, "wall.tif", "");
  g_object_unref(im);
  free(a);
  make_record(&r, WIDE, HIGH, "out.tif");
  add_region(&r, 20, 10, 40, 30, KZ_RECORD_FILLED);
  write_record(&r, "out.tif.json");
  kz_record_release(&r);
  struct kz_page_options o = defaults();
  char *text = page_of_one("out.tif.json", &o);
  holds(text, "<img class='whole' width='200' height='300' alt='Before: wall.tif'");
  holds(text, "<img class='whole' width='200' height='300' alt='After: out.tif'");
  holds(text, "<svg class='numbers' viewBox='0 0 200 300'");
  holds(text, "<rect x='160' y='20' width='30' height='40'/>");
  holds(text, "of 300 × 200&nbsp;px");
  free(text);
}

/* ---- text is text ---- */

static void nothing_but_text(void **state) {
  (void)state;
  struct kz_record r;
  make_full(&r);
  rename(in_folder("wall.tif"), in_folder("a'b\"<script>&]]>.tif"));
  say(&r.files.source.path, "a'b\"<script>&]]>.tif");
  say(&r.people.who, hostile);
  say(&r.people.why, hostile);
  say(&r.caption, hostile);
  say(&r.kizil, hostile);
  say(&r.machine.name, hostile);
  say(&r.machine.processor, hostile);
  say(&r.classes[0].id, hostile);
  say(&r.regions[0].damage, hostile);
  say(&r.regions[0].note, hostile);
  say(&r.regions[1].conjecture, hostile);
  say(&r.software[0].name, hostile);
  say(&r.files.lines.path, hostile);
  say(&r.files.lines.sha256, r.files.model.sha256);
  write_record(&r, "r\xff'<b>.json");
  kz_record_release(&r);
  struct kz_page_options o = defaults();
  o.title = hostile;
  char *text = page_of_one("r\xff'<b>.json", &o);
  assert_int_equal(times(text, "<script"), 1);
  assert_int_equal(times(text, "</title>"), 1);
  assert_int_equal(times(text, "<!--"), 0);
  lacks(text, "<b>.json");
  lacks(text, "\x1b");
  lacks(text, "\xe2\x80\xae");
  lacks(text, "onload=\"");
  holds(text, "\\u001b[31m \\u202e evil");
  holds(text, "a&#39;b&quot;&lt;script&gt;&amp;]]&gt;.tif");
  holds(text, "r\\xff&#39;&lt;b&gt;.json");
  holds(text, "alt='Before: a&#39;b&quot;&lt;script&gt;&amp;]]&gt;.tif'");
  assert_true(g_utf8_validate(text, -1, NULL));
  free(text);
  unlink(in_folder("r\xff'<b>.json"));
}

/* An argument as a shell would have it. */
static void commands_are_quoted(void **state) {
  (void)state;
  static const struct {
    const char *name, *shown;
  } cases[] = {{"wall.tif", "wall.tif"},
               {"-rf", "./-rf"},
               {"a b", "&#39;a b&#39;"},
               {"it's; rm", "&#39;it&#39;\\&#39;&#39;s; rm&#39;"},
               {"", "&#39;&#39;"},
               {"飞天.png", "飞天.png"}};
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    char *text = NULL;
    size_t size = 0;
    FILE *f = open_memstream(&text, &size);
    kz__folio_argument(f, cases[i].name);
    fclose(f);
    assert_string_equal(text, cases[i].shown);
    free(text);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(the_record_is_told),
      cmocka_unit_test(the_seal_is_looked_at),
      cmocka_unit_test(a_plain_record_will_do),
      cmocka_unit_test(candidates_stand_side_by_side),
      cmocka_unit_test(files_must_be_those_of_the_record),
      cmocka_unit_test(turned_pictures_stand_upright),
      cmocka_unit_test(nothing_but_text),
      cmocka_unit_test(commands_are_quoted),
  };
  return cmocka_run_group_tests_name("page", tests, fixture_setup, fixture_teardown);
}
