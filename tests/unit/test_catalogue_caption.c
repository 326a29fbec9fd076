/* Captions: what templates say, that the built-in ones say what kizil caption says, which caption of
 * an image holds, and that making them goes on where it was. */
#include "catalogue_fixture.h"

#include "catalogue/caption.h"

static void sql(struct kz_catalogue *c, const char *text) {
  struct kz_err err = {0};
  assert_ok(kz__db_exec(c, text, &err));
}

static void add_fact(struct kz_catalogue *c, int id, const char *key, const char *value) {
  char text[300];
  snprintf(text, sizeof text, "INSERT INTO fact(image, key, source, value)"
                              " VALUES(%d, '%s', 'sidecar l.csv', '%s')", id, key, value);
  sql(c, text);
}

/* ---- templates ---- */

static const struct kz_catalogue_fact deer[] = {
    {"cave", "285", ""},        {"kind", " wall  painting ", ""}, {"period", "Sui", ""},
    {"site", "Mogao", ""},      {"site-zh", "敦煌莫高窟", ""},    {"subject", "deer, lotus", ""},
    {"note", "of Mogao", ""},   {"blank", " \n ", ""},            {"odd", "a\xff{b}\x01", ""}};
enum { DEER = sizeof deer / sizeof *deer };

static const struct {
  enum kz_language language;
  const char *template, *text;
} drafts[] = {
    {0, "{subject}", "deer, lotus"},
    {0, "a {kind} of {none}.", "a wall painting of."},
    {0, "[{none}, ]{kind}", "wall painting"},
    {0, "[, {subject}][, {none}][ in {site}]", "deer, lotus in Mogao"},
    {0, "{period}: {era}", "Sui: Sui dynasty"},
    {0, "[{none}|{blank}|a {kind}|b]", "a wall painting"},
    {0, "[{none}|wall]", "wall"},
    {0, "x[ [a{none}][b{blank}]]y", "xy"},
    {0, "x[ [a{none}][b{cave}]]y", "x b285y"},
    {0, "x [, {none}]y", "x y"}, /* the blank is still there */
    {0, "{note}[, {?site}][, {?cave}]", "of Mogao, 285"},
    {0, "{odd}", "a{b}"},
    {0, "\\{\\[\\|\\\\\\]\\}{cave}", "{[|\\]}285"},
    {0, "{cave} , {cave}", "285, 285"},
    {0, "[{subject}; ]{palette}.", "deer, lotus; \x01."},
    {1, "{subject}", "鹿，莲花"},
    {1, "{era} {kind}", "隋代壁画"},
    {1, "{cave} {kind}", "285 壁画"},
    {1, "{site}，{era}", "敦煌莫高窟，隋代"},
    {1, "{site-zh}", "敦煌莫高窟"},
    {0, "{site-zh}", "敦煌莫高窟"},
    {1, "[{none}，]{subject}[；{palette}]", "鹿，莲花；\x01"},
};

static void test_drafts(void **state) {
  (void)state;
  for (size_t i = 0; i < sizeof drafts / sizeof *drafts; i++) {
    char text[KZ_CAPTION_MOST];
    kz__caption_draft(text, drafts[i].template, drafts[i].language, deer, DEER);
    if (strcmp(text, drafts[i].text))
      fail_msg("'%s': '%s', not '%s'", drafts[i].template, text, drafts[i].text);
  }
}

/* Red over green, with a stripe. */
static void paint(uint8_t rgb[64 * 48 * 3]) {
  for (int i = 0; i < 64 * 48; i++) {
    uint8_t *p = rgb + 3 * i;
    p[0] = i < 64 * 20 ? 170 : i % 64 < 9 ? 30 : 90;
    p[1] = i < 64 * 20 ? 60 : i % 64 < 9 ? 30 : 140;
    p[2] = i < 64 * 20 ? 45 : i % 64 < 9 ? 35 : 110;
  }
}

/* All combinations of facts, in both languages: the built-in templates are another way to say what
 * kz_caption_write does. */
static void test_built_in(void **state) {
  (void)state;
  static const char *const values[5][4] = {
      {NULL, "flying apsara", "Mogao cave 285, deer", "a, b , 飞天"},
      {NULL, "mural", "painted replica", "odd kind"},
      {NULL, "Sui", "18th century", "early tang"},
      {NULL, "Mogao", "Tibet", "nowhere"},
      {NULL, NULL, "two deer ", "Dunhuang mural, scene or ornament"}};
  static const char *const keys[] = {"subject", "kind", "period", "site", "caption"};
  static uint8_t rgb[64 * 48 * 3];
  paint(rgb);
  for (int n = 0; n < 1024 * 2; n++) {
    struct kz_catalogue_fact facts[5];
    const char *v[5];
    int count = 0;
    for (int k = 0; k < 5; k++) {
      v[k] = values[k][n >> (2 * k) & 3];
      if (v[k]) facts[count++] = (struct kz_catalogue_fact){keys[k], v[k], ""};
    }
    const struct kz_caption_facts as = {
        .subject = v[0], .kind = v[1], .period = v[2], .site = v[3], .caption = v[4]};
    enum kz_language language = (enum kz_language)(n >> 10);
    char wanted[KZ_CAPTION_MOST], draft[KZ_CAPTION_MOST], colours[KZ_CAPTION_MOST];
    char text[KZ_CAPTION_MOST];
    kz_caption_write(wanted, language, &as, 64, 48, rgb, NULL);
    kz_caption_write(colours, language, NULL, 64, 48, rgb, NULL);
    kz__caption_draft(draft, kz__caption_templates[language], language, facts, count);
    kz__caption_finish(text, draft, colours);
    if (strcmp(text, wanted)) fail_msg("'%s', not '%s'", text, wanted);
  }
}

/* Colours are written whole. */
static void test_long(void **state) {
  (void)state;
  char value[700], draft[KZ_CAPTION_MOST], text[KZ_CAPTION_MOST];
  struct kz_catalogue_fact fact = {"subject", value, ""};
  memset(value, 'x', sizeof value);
  value[480] = 0;
  kz__caption_draft(draft, "{subject}; {palette}", KZ_LANGUAGE_EN, &fact, 1);
  kz__caption_finish(text, draft, "azurite blue ground, cinnabar red above, malachite green");
  assert_string_equal(text + 480, "; azurite blue ground");
  value[480] = 'x';
  value[699] = 0;
  kz__caption_draft(draft, "{subject}; {palette}", KZ_LANGUAGE_EN, &fact, 1);
  assert_int_equal(strlen(draft), KZ_CAPTION_MOST - 1);
  for (int i = 0; i < 200; i++) memcpy(value + 3 * i, "莫", 3);
  value[600] = 0;
  kz__caption_draft(draft, "{subject}", KZ_LANGUAGE_ZH, &fact, 1);
  assert_int_equal(strlen(draft), 510);
}

static void test_refused(void **state) {
  (void)state;
  struct kz_err err = {0};
  struct kz_catalogue *c = open_catalogue("c.db");
  sql(c, "INSERT INTO image(id, sha256, bytes, added) VALUES(1, 'a', 1, '')");
  add_fact(c, 1, "wall", "north");
  add_fact(c, 1, "colour-zh", "红");
  static const struct {
    const char *template, *words;
  } bad[] = {
      {"{subject", "character 1, '{subject': this { has no }"},
      {"莫高 {wal}", "character 4, '{wal}': no image has such a fact"},
      {"a} {site}", "character 2, '} {site}': this } has no {"},
      {"{site} [a", "character 8, '[a': this [ has no ]"},
      {"{site}]", "character 7"},
      {"{a[b}", "this { has no }"},
      {"{}", "a field needs a name"},
      {"{?}", "a field needs a name"},
      {"{site}|b", "choices stand in [ ]"},
      {"{site}\\n", "after \\ comes one of"},
      {"{site}\\", "after \\ comes one of"},
      {"{site}\xff", "no UTF-8"},
      {"[[[[[[[[[{site}]]]]]]]]]", "too many parts"},
  };
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
    assert_fails(kz_catalogue_caption_template(c, KZ_LANGUAGE_EN, bad[i].template, &err),
                 KZ_EFORMAT, bad[i].words);
  assert_int_equal(ask(c, "SELECT count(*) FROM setting"), 0);
  assert_ok(kz_catalogue_caption_template(c, KZ_LANGUAGE_EN, "{wall}[, {?colour}]", &err));
  write_file(in_folder("t.txt"), "{wall}\n{site}\r\n", 15);
  assert_ok(kz_catalogue_caption_template(c, KZ_LANGUAGE_ZH, in_folder("t.txt"), &err));
  assert_string_equal(ask_text(c, "SELECT value FROM setting WHERE key = 'caption-template-zh'"),
                      "{wall}\n{site}");
  write_file(in_folder("t.txt"), "{wall}\n{", 8);
  assert_fails(kz_catalogue_caption_template(c, KZ_LANGUAGE_ZH, in_folder("t.txt"), &err),
               KZ_EFORMAT, "t.txt: the template is wrong at character 8");
  write_file(in_folder("t.txt"), "", 0);
  assert_fails(kz_catalogue_caption_template(c, KZ_LANGUAGE_ZH, in_folder("t.txt"), &err),
               KZ_EFORMAT, "no field");
  assert_fails(kz_catalogue_caption_template(c, KZ_LANGUAGE_ZH, in_folder("none"), &err),
               KZ_ENOENT, "none");
  assert_ok(kz_catalogue_caption_template(c, KZ_LANGUAGE_ZH, NULL, &err));
  assert_int_equal(ask(c, "SELECT count(*) FROM setting"), 1);
  kz_catalogue_close(c);
}

/* What passes the check can be drawn up, whatever it is; what does not is told in words. */
static void test_random(void **state) {
  (void)state;
  static const char *const pieces[] = {"{", "}", "[", "]", "|", "\\", "{site}", "{?kind}", "{none}",
                                       "{palette}", ", ", " ", "莫", "a", "[{cave}", "\xe8", "?"};
  struct kz_err err = {0};
  struct kz_catalogue *c = open_catalogue("c.db");
  uint32_t seed = 5;
  int passed = 0;
  sql(c, "INSERT INTO image(id, sha256, bytes, added) VALUES(1, 'a', 1, ''); BEGIN");
  add_fact(c, 1, "none", "x");
  add_fact(c, 1, "cave", "x");
  for (int n = 0; n < 20000; n++) {
    char template[200] = "", draft[KZ_CAPTION_MOST], text[KZ_CAPTION_MOST];
    for (int i = 0; i < 1 + n % 12; i++) {
      seed = seed * 1664525u + 1013904223u;
      size_t used = strlen(template);
      snprintf(template + used, sizeof template - used, "%s",
               pieces[(seed >> 16) % (sizeof pieces / sizeof *pieces)]);
    }
    if (!strchr(template, '{')) continue;
    int code = kz_catalogue_caption_template(c, KZ_LANGUAGE_ZH, template, &err);
    if (code) assert_int_equal(code, KZ_EFORMAT);
    if (code) continue;
    passed++;
    for (int l = 0; l < 2; l++) {
      kz__caption_draft(draft, template, (enum kz_language)l, deer, DEER);
      kz__caption_finish(text, draft, "azurite blue ground, ink black");
      assert_null(strchr(text, KZ__CAPTION_PALETTE));
    }
  }
  assert_in_range(passed, 500, 19000);
  sql(c, "COMMIT");
  kz_catalogue_close(c);
}

/* ---- making ---- */

static int64_t id_of(struct kz_catalogue *c, const char *name) {
  struct kz_err err = {0};
  int64_t image = 0;
  assert_ok(kz_catalogue_find(c, in_folder(name), &image, &err));
  return image;
}

/* A painting, of two colours that depend on the seed. */
static void make_painting(const char *name, int seed) {
  struct kz_pixels p;
  struct kz_err err = {0};
  assert_ok(kz_pixels_init(&p, 100 + seed, 80, 3, &err));
  for (int i = 0; i < p.width * p.height; i++) {
    static const uint8_t colours[][3] = {
        {170, 60, 45}, {60, 90, 150}, {90, 140, 110}, {200, 170, 90}};
    memcpy(p.data + 3 * i, colours[(seed + (i > p.width * 30)) % 4], 3);
    p.data[3 * i] = (uint8_t)(p.data[3 * i] + i % 3);
  }
  assert_ok(kz_pixels_save(&p, in_folder(name), &err));
  kz_pixels_release(&p);
}

static struct kz_catalogue *catalogue_of_paintings(int count) {
  struct kz_err err = {0};
  struct kz_catalogue_added added;
  struct kz_catalogue *c = open_catalogue("c.db");
  mkdir(in_folder("p"), 0700);
  for (int i = 0; i < count; i++) {
    char name[32];
    snprintf(name, sizeof name, "p/%03d.png", i);
    make_painting(name, i);
  }
  assert_ok(add_to(c, in_folder("p"), NULL, NULL, &added, &err));
  return c;
}

static const char *caption_of(struct kz_catalogue *c, int64_t image, const char *language) {
  char text[200];
  snprintf(text, sizeof text, "SELECT text FROM caption WHERE image = %lld AND language = '%s'"
                              " AND source = 'made'", (long long)image, language);
  return ask_text(c, text);
}

static const struct kz_catalogue_caption_options both = {.language = 2};
static struct kz_catalogue_captioned done;

static void make(struct kz_catalogue *c, const struct kz_catalogue_caption_options *o) {
  struct kz_err err = {0};
  assert_ok(kz_catalogue_caption(c, o, NULL, &done, &err));
}

static void test_make(void **state) {
  (void)state;
  struct kz_err err = {0};
  char wanted[KZ_CAPTION_MOST];
  struct kz_catalogue *c = catalogue_of_paintings(5);
  const struct kz_caption_facts facts = {.subject = "deer", .period = "Sui", .site = "Mogao"};
  int64_t first = id_of(c, "p/000.png"), second = id_of(c, "p/001.png");
  add_fact(c, (int)first, "subject", "deer");
  add_fact(c, (int)first, "period", "Sui");
  add_fact(c, (int)first, "site", "Mogao");
  make(c, &both);
  assert_int_equal(done.images, 5);
  assert_int_equal(done.made, 10);
  for (int l = 0; l < 2; l++) {
    assert_ok(kz_caption_image(in_folder("p/000.png"), NULL, (enum kz_language)l, &facts, wanted,
                               &err));
    assert_string_equal(caption_of(c, first, l ? "zh" : "en"), wanted);
    assert_ok(kz_caption_image(in_folder("p/001.png"), NULL, (enum kz_language)l, NULL, wanted,
                               &err));
    assert_string_equal(caption_of(c, second, l ? "zh" : "en"), wanted);
  }

  /* Again: only what has changed. A fact, the view, the template; all of it with `anew`. */
  make(c, &both);
  assert_int_equal(done.made, 0);
  assert_int_equal(done.kept, 10);
  sql(c, "UPDATE fact SET value = 'monk' WHERE key = 'subject'");
  make(c, &both);
  assert_int_equal(done.made, 2);
  assert_memory_equal(caption_of(c, first, "en"), "monk, Sui", 9);
  const struct kz_catalogue_caption_options anew = {.language = 0, .anew = true};
  make(c, &anew);
  assert_int_equal(done.made, 5);
  assert_int_equal(done.kept, 0);
  assert_ok(kz_catalogue_caption_template(c, KZ_LANGUAGE_EN, "[{site}: ]{subject}", &err));
  make(c, &both);
  assert_int_equal(done.made, 1); /* of others nothing is known */
  assert_int_equal(done.kept, 5);
  assert_string_equal(caption_of(c, first, "en"), "Mogao: monk");
  assert_string_equal(caption_of(c, second, "en"), "");
  assert_int_equal(ask(c, "SELECT count(*) FROM caption"), 6);

  /* Who is out gets none; a file that is no picture any more is told. */
  assert_ok(kz_catalogue_caption_template(c, KZ_LANGUAGE_EN, NULL, &err));
  assert_ok(kz_catalogue_review(c, first, false, "x", "Li", &err));
  write_file(in_folder("p/001.png"), "text", 4);
  make(c, &both);
  assert_int_equal(done.images, 4);
  assert_int_equal(done.failed, 1);
  assert_int_equal(done.made, 3);
  kz_catalogue_close(c);
}

/* A part of the picture: its colours, not those of the rest. */
static void test_view(void **state) {
  (void)state;
  struct kz_catalogue *c = catalogue_of_paintings(1);
  const struct kz_catalogue_caption_options english = {.language = 0};
  make(c, &english);
  char *whole = strdup(caption_of(c, 1, "en"));
  assert_non_null(strstr(whole, ", "));
  sql(c, "INSERT INTO clean(image, kind, params, confidence, applied) VALUES(1, 'crop',"
         " '{\"x\": 0, \"y\": 40, \"w\": 100, \"h\": 40}', 1, 1)");
  make(c, &english);
  assert_int_equal(done.made, 1);
  const char *part = caption_of(c, 1, "en");
  assert_null(strchr(part, ','));
  assert_string_not_equal(part, whole);
  free(whole);
  kz_catalogue_close(c);
}

/* ---- stopping ---- */

static bool stop_at(void *user) { return --*(int *)user < 0; }

static void test_stop(void **state) {
  (void)state;
  struct kz_err err = {0};
  struct kz_catalogue *c = catalogue_of_paintings(12);
  int calls = 12 + 7; /* once for each draft, then once for each picture */
  const struct kz_catalogue_host host = {.user = &calls, .stop = stop_at};
  assert_fails(kz_catalogue_caption(c, &both, &host, &done, &err), KZ_EINTR, "goes on");
  assert_int_equal(ask(c, "SELECT count(*) FROM caption"), 14);
  make(c, &both);
  assert_int_equal(done.made, 10);
  assert_int_equal(done.kept, 14);
  calls = 3;
  assert_fails(kz_catalogue_caption(c, &both, &host, &done, &err), KZ_EINTR, "interrupted");
  assert_int_equal(ask(c, "SELECT count(*) FROM caption"), 24);
  kz_catalogue_close(c);
}

/* ---- which holds ---- */

struct held {
  char caption[2][KZ_CAPTION_MOST];
};

static int hold(void *user, const struct kz_catalogue_entry *e, struct kz_err *err) {
  struct held *h = user;
  (void)err;
  if (e->image == 1)
    for (int l = 0; l < 2; l++)
      snprintf(h->caption[l], KZ_CAPTION_MOST, "%s", e->caption[l] ? e->caption[l] : "none");
  return 0;
}

static struct held held(struct kz_catalogue *c) {
  struct kz_err err = {0};
  struct held h;
  assert_ok(kz_catalogue_each(c, NULL, hold, &h, &err));
  return h;
}

static void test_by_hand(void **state) {
  (void)state;
  struct kz_err err = {0};
  char *text = NULL, long_text[600];
  struct kz_catalogue *c = catalogue_of_paintings(2);
  assert_string_equal(held(c).caption[0], "none");
  assert_ok(kz_catalogue_caption_template(c, KZ_LANGUAGE_EN, "[{subject}|wall]", &err));
  assert_ok(kz_catalogue_caption_template(c, KZ_LANGUAGE_ZH, "[{subject}|墙]", &err));
  make(c, &both);
  assert_string_equal(held(c).caption[0], "wall");
  add_fact(c, 1, "caption", "of a list");
  assert_string_equal(held(c).caption[0], "of a list");
  assert_string_equal(held(c).caption[1], "墙");
  add_fact(c, 1, "caption-zh", "名单");
  assert_string_equal(held(c).caption[1], "名单");
  assert_ok(kz_catalogue_caption_by_hand(c, 1, KZ_LANGUAGE_EN, "by Li", "Li", &err));
  assert_ok(kz_catalogue_caption_by_hand(c, 1, KZ_LANGUAGE_EN, "by Wang", "Wang", &err));
  make(c, &both);
  assert_string_equal(held(c).caption[0], "by Wang");
  assert_string_equal(held(c).caption[1], "名单");

  assert_ok(kz_catalogue_tell_captions(c, 1, &text, &err));
  assert_non_null(strstr(text, ".png\n  en  by Wang  (hand Wang)\n"
                               "  zh  名单  (sidecar l.csv)\n"));
  free(text);
  assert_ok(kz_catalogue_tell_captions(c, 0, &text, &err));
  assert_non_null(strstr(text, ".png\n  en  wall  (made)\n  zh  墙  (made)\n"));
  free(text);

  assert_ok(kz_catalogue_caption_by_hand(c, 1, KZ_LANGUAGE_EN, "", "Li", &err));
  assert_string_equal(held(c).caption[0], "of a list");
  assert_fails(kz_catalogue_caption_by_hand(c, 9, KZ_LANGUAGE_EN, "x", "Li", &err), KZ_ENOENT,
               "no image 9");
  assert_fails(kz_catalogue_caption_by_hand(c, 1, KZ_LANGUAGE_EN, "x\ny", "Li", &err), KZ_ERANGE,
               "a line");
  assert_fails(kz_catalogue_caption_by_hand(c, 1, KZ_LANGUAGE_EN, "x", "", &err), KZ_ERANGE,
               "a name");
  memset(long_text, 'x', sizeof long_text);
  long_text[512] = 0;
  assert_fails(kz_catalogue_caption_by_hand(c, 1, KZ_LANGUAGE_EN, long_text, "Li", &err),
               KZ_ERANGE, "at most 511");
  assert_ok(kz_catalogue_review(c, 2, false, "x", "Li", &err));
  assert_fails(kz_catalogue_tell_captions(c, 2, &text, &err), KZ_ENOENT, "not in the data set");
  kz_catalogue_close(c);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_drafts),
      cmocka_unit_test(test_built_in),
      cmocka_unit_test(test_long),
      cmocka_unit_test_setup(test_refused, clean_folder),
      cmocka_unit_test_setup(test_random, clean_folder),
      cmocka_unit_test_setup(test_make, clean_folder),
      cmocka_unit_test_setup(test_view, clean_folder),
      cmocka_unit_test_setup(test_stop, clean_folder),
      cmocka_unit_test_setup(test_by_hand, clean_folder),
  };
  return cmocka_run_group_tests_name("catalogue_caption", tests, catalogue_setup,
                                     catalogue_teardown);
}
