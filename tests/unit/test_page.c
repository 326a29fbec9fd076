/* The restoration page: what it tells of a record and of files that are there, changed or gone; that
 * nothing a record says can be more than text; its bound; what is refused. */
#include "image_fixture.h"

#include <math.h>
#include <sys/stat.h>

#include "base/file.h"
#include "page/page.h"

enum { WIDE = 300, HIGH = 200 };

/* ---- scenes ---- */

/* Two squares of damage and a line of one pixel. */
static bool damaged(int x, int y) {
  return (x >= 20 && x < 60 && y >= 10 && y < 50) || (x >= 200 && x < 220 && y >= 150 && y < 165) ||
         (y == 100 && x < WIDE);
}

static void put_picture(const char *name, int w, int h, uint32_t seed, uint32_t inside) {
  uint8_t *a = make_samples(w, h, 3, 8, seed), *b = make_samples(w, h, 3, 8, inside);
  for (int i = 0; i < w * h; i++)
    if (damaged(i % w, i / w)) memcpy(a + 3 * (size_t)i, b + 3 * (size_t)i, 3);
  VipsImage *im = make_vips(a, w, h, 3, 8);
  save_vips(im, name, "");
  g_object_unref(im);
  free(a);
  free(b);
}

static void put_mask(const char *name, int w, int h) {
  struct kz_pixels m;
  assert_int_equal(kz_pixels_init(&m, w, h, 1, NULL), 0);
  for (int i = 0; i < w * h; i++) m.data[i] = damaged(i % w, i / w) ? 255 : 0;
  assert_int_equal(kz_pixels_save(&m, in_folder(name), NULL), 0);
  kz_pixels_release(&m);
}

/* wall.tif, mask.png, out.tif, doubt.png, a model. */
static void make_files(int w, int h) {
  put_picture("wall.tif", w, h, 5, 6);
  put_picture("out.tif", w, h, 5, 7);
  put_mask("mask.png", w, h);
  uint16_t *doubt = calloc((size_t)w * h, sizeof *doubt);
  for (int i = 0; i < w * h; i++) doubt[i] = damaged(i % w, i / w) ? 731 : 0;
  VipsImage *im = make_vips(doubt, w, h, 1, 16);
  save_vips(im, "doubt.png", "");
  g_object_unref(im);
  free(doubt);
  write_bytes(in_folder("model"), "weights", 7);
}

static void say(char **to, const char *text) {
  struct kz_err err;
  if (kz_record_say(to, text, &err)) fail_msg("%s", err.msg);
}

static struct kz_record_region *add_region(struct kz_record *r, int x, int y, int w, int h,
                                           int outcome) {
  struct kz_record_region *g = kz_record_add_region(r);
  assert_non_null(g);
  g->x = x, g->y = y, g->width = w, g->height = h, g->pixels = (int64_t)w * h;
  g->outcome = outcome;
  return g;
}

static void make_record(struct kz_record *r, int w, int h, const char *result) {
  struct kz_restore_options o;
  const struct kz_restore_stats s = {.width = w, .height = h, .tiles = 1, .calls = 3,
                                     .damaged = 0.03, .seconds = 1.5, .caption = "飞天"};
  struct kz_err err;
  kz_params_defaults(kz_restore_params, &o);
  o.seed = 1234;
  o.steps = 7;
  const struct kz_record_inputs in = {
      .source = in_folder("wall.tif"), .mask = in_folder("mask.png"), .result = in_folder(result),
      .model = in_folder("model"), .doubt = in_folder("doubt.png"), .options = &o, .stats = &s};
  if (kz_record_make(r, &in, in_folder("out.tif.json"), &err)) fail_msg("%s", err.msg);
}

static void write_record(const struct kz_record *r, const char *name) {
  struct kz_err err;
  if (kz_record_write(r, in_folder(name), &err)) fail_msg("%s", err.msg);
}

/* A record with classes, regions of every outcome, people. */
static void make_full(struct kz_record *r) {
  make_files(WIDE, HIGH);
  make_record(r, WIDE, HIGH, "out.tif");
  const char *const ids[] = {"paint-loss", "crack"};
  for (int i = 0; i < 2; i++) {
    struct kz_record_class *c = kz_record_add_class(r);
    say(&c->id, ids[i]);
    c->policy = i ? KZ_RECORD_LEAVE : KZ_RECORD_RESTORE;
    c->pixels = 1600;
  }
  struct kz_record_region *g = add_region(r, 20, 10, 40, 40, KZ_RECORD_FILLED);
  g->known = 0.625, g->distance = 20, g->disagreement = 7.31;
  say(&g->damage, "paint-loss");
  g = add_region(r, 200, 150, 20, 15, KZ_RECORD_ALLOWED);
  say(&g->conjecture, "far from known pixels");
  g = add_region(r, 0, 100, 300, 1, KZ_RECORD_UNFILLED);
  say(&g->damage, "crack");
  g->policy = KZ_RECORD_LEAVE;
  g = add_region(r, 250, 20, 9, 9, KZ_RECORD_CONJECTURE);
  say(&g->conjecture, "few known pixels around");
  say(&r->people.who, "Li Wen");
  say(&r->people.why, "for the spring campaign");
}

/* ---- pages ---- */

static struct kz_page_options defaults(void) {
  struct kz_page_options o;
  kz_params_defaults(kz_page_params, &o);
  o.overwrite = true;
  return o;
}

static char *read_page(size_t *size) {
  char *text;
  struct kz_err err;
  if (kz_file_read(in_folder("page.html"), 64 << 20, &text, size, &err)) fail_msg("%s", err.msg);
  assert_int_equal(strlen(text), *size);
  return text;
}

static char *page_of(const char *const *records, int count, const struct kz_page_options *o) {
  struct kz_err err;
  size_t size;
  if (kz_page_write(records, count, in_folder("page.html"), o, NULL, &err)) fail_msg("%s", err.msg);
  return read_page(&size);
}

static char *page_of_one(const char *name, const struct kz_page_options *o) {
  const char *record = in_folder(name);
  return page_of(&record, 1, o);
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

static const char hostile[] = "</title><script>alert(1)</script>' onload=\"x\" & ]]> <!-- "
                              "\x1b[31m \xe2\x80\xae evil";

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

/* ---- bounds ---- */

static void the_page_has_a_bound(void **state) {
  (void)state;
  enum { PICTURES = 9, SIDE = 900 };
  char name[32];
  const char *records[PICTURES];
  char *paths[PICTURES];
  struct kz_err err;
  size_t size;
  struct kz_page_options o = defaults();
  make_files(SIDE, SIDE); /* noise: nothing is harder to make small */
  for (int i = 0; i < PICTURES; i++) {
    struct kz_record r;
    make_record(&r, SIDE, SIDE, "out.tif");
    for (int k = 0; k < 300; k++) {
      struct kz_record_region *g = add_region(&r, 3 * k, k, 1, 1, k % 4);
      if (k % 4 == KZ_RECORD_CONJECTURE) say(&g->conjecture, hostile);
      say(&g->note, hostile);
    }
    char *why = malloc(100001);
    memset(why, '<', 100000);
    why[100000] = 0;
    say(&r.people.why, why);
    free(why);
    /* Another mask's hash, so that each is a picture of its own. */
    r.files.mask.sha256[0] = "0123456789abcdef"[i];
    snprintf(name, sizeof name, "r%d.json", i);
    write_record(&r, name);
    kz_record_release(&r);
    records[i] = paths[i] = strdup(in_folder(name));
  }
  o.megabytes = 1;
  o.check = false;
  if (kz_page_write(records, PICTURES, in_folder("page.html"), &o, NULL, &err))
    fail_msg("%s", err.msg);
  char *text = read_page(&size);
  assert_int_equal(times(text, "<section "), PICTURES);
  assert_int_equal(times(text, "alt='Before"), PICTURES);
  assert_int_equal(times(text, "<tr><th scope='row'><a href='#p"), PICTURES);
  size_t pictures = 0;
  for (const char *at = text; (at = strstr(at, ";base64,"));) {
    at += 8;
    pictures += strcspn(at, "'");
  }
  assert_true(pictures > (1 << 18));
  assert_true(pictures <= 1 << 20);
  assert_true(size - pictures <= (size_t)PICTURES * (256 << 10));
  free(text);
  o.megabytes = 24;
  text = page_of_one("r0.json", &o);
  assert_true(strlen(text) > 1 << 20);
  free(text);
  for (int i = 0; i < PICTURES; i++) free(paths[i]);
}

/* ---- reading ---- */

/* A crack of one pixel is seen in a picture that is shown at a tenth of its size. */
static void a_thin_crack_stays(void **state) {
  (void)state;
  enum { SIDE = 4000 };
  struct kz_pixels m, w;
  struct kz_err err;
  struct kz_page_options o = defaults();
  struct kz__folio p = {.o = &o, .share = 1e6};
  struct kz__scene s;
  struct kz__entry e = {.path = in_folder("out.tif.json"), .r = {.width = SIDE, .height = SIDE}};
  struct kz_pixels layer;
  assert_int_equal(kz_pixels_init(&m, SIDE, SIDE, 1, NULL), 0);
  assert_int_equal(kz_pixels_init(&w, SIDE, SIDE, 3, NULL), 0);
  for (int i = 0; i < SIDE; i++) m.data[(size_t)i * SIDE + i] = 255;
  assert_int_equal(kz_pixels_save(&m, in_folder("mask.png"), &err), 0);
  assert_int_equal(kz_pixels_save(&w, in_folder("wall.tif"), &err), 0);
  kz_pixels_release(&m);
  kz_pixels_release(&w);
  char mask[] = "mask.png", wall[] = "wall.tif";
  e.r.files.mask.path = mask;
  e.r.files.source.path = e.r.files.result.path = wall;
  o.side = 400;
  o.check = false;
  if (kz__scene_open(&s, &p, &e, &err) || kz__scene_read(&s, &err)) fail_msg("%s", err.msg);
  assert_int_equal(s.width, 400);
  assert_int_equal(s.filled_px, SIDE);
  for (int i = 0; i < 400; i++) {
    assert_true(s.cover[i * 400 + i] > 0);
    assert_int_equal(s.cls[i * 400 + i], KZ_UNCLASSIFIED + 1);
    if (i > 1) assert_int_equal(s.cover[i * 400], 0);
  }
  assert_int_equal(kz__layer_classes(&s, &layer, &err), 0);
  assert_int_equal(layer.data[4 * (7 * 400 + 7)], 255);
  assert_int_equal(layer.data[4 * (7 * 400 + 9) + 3], 0);
  kz_pixels_release(&layer);
  assert_int_equal(kz__layer_veil(&s, &layer, &err), 0);
  assert_true(layer.data[4 * (7 * 400 + 7) + 3] < 255);
  assert_int_equal(layer.data[4 * (7 * 400 + 9) + 3], 255);
  kz_pixels_release(&layer);
  kz__scene_close(&s);
}

/* A crop has the pixels of the file; an overview of a small picture too. */
static void crops_are_exact(void **state) {
  (void)state;
  struct kz_image *im;
  struct kz_pixels crop, all;
  struct kz_err err;
  uint8_t *a = make_samples(50, 40, 3, 8, 3);
  VipsImage *v = make_vips(a, 50, 40, 3, 8);
  save_vips(v, "wall.tif", "");
  g_object_unref(v);
  assert_int_equal(kz_image_open(in_folder("wall.tif"), &im, &err), 0);
  assert_int_equal(kz__folio_crop(im, 11, 7, 20, 9, &crop, &err), 0);
  assert_int_equal(kz__folio_overview(im, 50, 40, &all, &err), 0);
  for (int y = 0; y < 9; y++)
    assert_memory_equal(crop.data + 60 * (size_t)y, a + 3 * (50 * (size_t)(y + 7) + 11), 60);
  assert_memory_equal(all.data, a, 50 * 40 * 3);
  kz_pixels_release(&crop);
  kz_pixels_release(&all);
  kz_image_close(im);
  free(a);
}

/* Special regions, large ones and doubtful ones in turn, in windows inside the picture. */
static void regions_are_chosen_in_turn(void **state) {
  (void)state;
  static uint8_t cover[100 * 100];
  struct kz_record r;
  struct kz_err err;
  struct kz_image *image = (struct kz_image *)&r; /* that there is one is all that is asked */
  struct kz__zoom *zooms;
  kz_record_init(&r);
  r.width = r.height = 10000;
  add_region(&r, 9990, 9990, 10, 10, KZ_RECORD_FILLED)->disagreement = 9;
  add_region(&r, 4000, 0, 2000, 3000, KZ_RECORD_FILLED)->disagreement = 1;
  add_region(&r, 100, 100, 50, 50, KZ_RECORD_UNFILLED);
  add_region(&r, 900, 900, 20, 20, KZ_RECORD_CONJECTURE);
  add_region(&r, 7000, 7000, 30, 30, KZ_RECORD_FILLED)->disagreement = 3;
  add_region(&r, 910, 910, 5, 5, KZ_RECORD_CONJECTURE); /* is seen with the other */
  for (int y = 20; y < 25; y++) memset(cover + 100 * y + 50, 255, 5);
  const struct kz__entry e = {.path = "record", .r = r};
  struct kz__scene s = {.entry = &e, .width = 100, .height = 100, .cover = cover};
  s.source.image = image;
  const int64_t order[] = {3, 1, 0, 2, 4};
  int n = kz__folio_choose(&s, 12, &zooms, &err);
  assert_int_equal(n, 5);
  for (int i = 0; i < n; i++) {
    assert_int_equal(zooms[i].number, order[i]);
    assert_true(zooms[i].x >= 0 && zooms[i].x + zooms[i].w <= 10000);
    assert_true(zooms[i].y >= 0 && zooms[i].y + zooms[i].h <= 10000);
    assert_int_equal(zooms[i].part, order[i] == 1);
  }
  /* Of the large one, the part with the fill. */
  assert_true(zooms[1].x + zooms[1].w > 5000 && zooms[1].x < 5500);
  assert_true(zooms[1].y + zooms[1].h > 2000 && zooms[1].y < 2500);
  free(zooms);
  assert_int_equal(kz__folio_choose(&s, 2, &zooms, &err), 2);
  free(zooms);
  kz_record_release(&r);
}

/* ---- refusals ---- */

static void refused(const char *record, const char *out, const struct kz_page_options *o, int code,
                    const char *words) {
  struct kz_err err = {0};
  assert_int_equal(kz_page_write(&record, record ? 1 : 0, out, o, NULL, &err), code);
  if (!strstr(err.msg, words)) fail_msg("'%s' lacks '%s'", err.msg, words);
}

static void what_is_refused_leaves_nothing(void **state) {
  (void)state;
  struct kz_record r;
  empty_folder();
  make_full(&r);
  kz_record_add_candidate(&r)->seed = 1;
  put_picture("out-1.tif", WIDE, HIGH, 5, 8);
  say(&r.candidates[0].file.path, "out-1.tif");
  say(&r.candidates[0].file.sha256, r.files.model.sha256);
  write_record(&r, "out.tif.json");
  kz_record_release(&r);
  char *record = strdup(in_folder("out.tif.json"));
  struct kz_page_options o = defaults();
  const int files = count_files("");
  refused(NULL, in_folder("page.html"), &o, KZ_ERANGE, "a page needs a record");
  refused(in_folder("none.json"), in_folder("page.html"), &o, KZ_ENOENT, "none.json");
  refused(in_folder("wall.tif"), in_folder("page.html"), &o, KZ_EFORMAT, "wall.tif");
  refused(record, record, &o, KZ_EEXIST, "is the record itself");
  refused(record, in_folder("wall.tif"), &o, KZ_EEXIST, "names this file");
  refused(record, in_folder("model"), &o, KZ_EEXIST, "names this file");
  refused(record, in_folder("out-1.tif"), &o, KZ_EEXIST, "names this file");
  refused(record, in_folder("nowhere/page.html"), &o, KZ_ENOENT, "nowhere");
  assert_int_equal(count_files(""), files);
  write_bytes(in_folder("page.html"), "mine", 4);
  o.overwrite = false;
  refused(record, in_folder("page.html"), &o, KZ_EEXIST, "is there already");
  o.overwrite = true;
  free(page_of_one("out.tif.json", &o));
  assert_int_equal(count_files(""), files + 1);
  free(record);
}

struct stopper {
  int after, asked, told;
};

static bool stop(void *self) {
  struct stopper *s = self;
  return s->asked++ >= s->after;
}

static void tell(void *self, int done, int total) {
  struct stopper *s = self;
  assert_int_equal(total, 1);
  s->told += done;
}

static void it_can_be_stopped(void **state) {
  (void)state;
  struct kz_record r;
  struct kz_err err;
  empty_folder();
  make_full(&r);
  write_record(&r, "out.tif.json");
  kz_record_release(&r);
  const char *record = in_folder("out.tif.json");
  const struct kz_page_options o = defaults();
  const int files = count_files("");
  int after = 0, code;
  do {
    struct stopper s = {.after = after++};
    const struct kz_restore_host host = {&s, tell, stop};
    code = kz_page_write(&record, 1, in_folder("page.html"), &o, &host, &err);
    assert_int_equal(count_files(""), files + !code);
    assert_int_equal(s.told, !code);
  } while (code == KZ_EINTR && after < 100);
  assert_int_equal(code, 0);
  assert_true(after > 3);
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
      cmocka_unit_test(the_page_has_a_bound),
      cmocka_unit_test(a_thin_crack_stays),
      cmocka_unit_test(crops_are_exact),
      cmocka_unit_test(regions_are_chosen_in_turn),
      cmocka_unit_test(what_is_refused_leaves_nothing),
      cmocka_unit_test(it_can_be_stopped),
  };
  return cmocka_run_group_tests_name("page", tests, fixture_setup, fixture_teardown);
}
