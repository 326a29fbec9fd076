/* Records: written, read, refused, sealed; and what verifying finds when one thing is changed. */
#include "image_fixture.h"

#include <math.h>

#include <jansson.h>

#include <kizil/record.h>

#include "base/file.h"

static struct kz_record_inputs inputs_of(const struct kz_restore_options *o,
                                         const struct kz_restore_stats *s) {
  return (struct kz_record_inputs){
      .source = in_folder("source.tif"), .mask = in_folder("mask.png"),
      .result = in_folder("result.tif"), .model = in_folder("model"), .options = o, .stats = s};
}

static bool damaged(int x, int y) { return x >= 20 && x < 60 && y >= 10 && y < 50; }

/* A source, a result that differs from it in the mask, and a model. */
static void make_scene(int bands, int bits) {
  uint8_t *a = make_samples(W, H, bands, bits, 5), *b = make_samples(W, H, bands, bits, 6);
  size_t pel = (size_t)bands * bits / 8;
  struct kz_pixels m;
  assert_int_equal(kz_pixels_init(&m, W, H, 1, NULL), 0);
  for (int i = 0; i < W * H; i++) {
    m.data[i] = damaged(i % W, i / W) ? 255 : 0;
    if (!m.data[i]) memcpy(b + pel * i, a + pel * i, pel);
  }
  const uint8_t *const samples[] = {a, b};
  const char *const names[] = {"source.tif", "result.tif"};
  for (int i = 0; i < 2; i++) {
    VipsImage *im = make_vips(samples[i], W, H, bands, bits);
    save_vips(im, names[i], i ? "[tile,tile_width=32,tile_height=32,compression=lzw]" : "");
    g_object_unref(im);
  }
  assert_int_equal(kz_pixels_save(&m, in_folder("mask.png"), NULL), 0);
  write_bytes(in_folder("model"), "weights", 7);
  kz_pixels_release(&m);
  free(a);
  free(b);
}

static void make_record(struct kz_record *r) {
  struct kz_restore_options o;
  struct kz_restore_stats s = {.width = W, .height = H, .tiles = 1, .calls = 3, .damaged = 0.25,
                               .seconds = 1.5, .caption = "飞天", .caption_made = false};
  struct kz_err err;
  kz_params_defaults(kz_restore_params, &o);
  o.seed = 9007199254740991;
  o.steps = 7;
  o.guidance_text = 0.1;
  o.text = "飞天";
  o.lines = in_folder("mask.png");
  const struct kz_record_inputs in = inputs_of(&o, &s);
  if (kz_record_make(r, &in, in_folder("result.tif.json"), &err)) fail_msg("%s", err.msg);
}

static void write_record(const struct kz_record *r) {
  struct kz_err err;
  if (kz_record_write(r, in_folder("result.tif.json"), &err)) fail_msg("%s", err.msg);
}

static void what_is_written_is_read(void **state) {
  (void)state;
  struct kz_record r, q;
  struct kz_err err;
  bool sealed = false;
  make_scene(3, 8);
  make_record(&r);
  struct kz_record_class *c = kz_record_add_class(&r);
  assert_int_equal(kz_record_say(&c->id, "crack", &err), 0);
  c->policy = KZ_RECORD_LEAVE;
  for (int i = 0; i < 5; i++) {
    struct kz_record_region *g = kz_record_add_region(&r);
    g->x = i, g->width = g->height = g->pixels = 1 + i;
    assert_true(isnan(g->known));
    if (i == 3) g->known = 1.0 / 3, g->outcome = KZ_RECORD_CONJECTURE;
  }
  kz_record_add_candidate(&r)->seed = 11;
  assert_int_equal(kz_record_say(&r.people.who, "Li", &err), 0);
  write_record(&r);
  if (kz_record_read(&q, in_folder("result.tif.json"), &sealed, &err)) fail_msg("%s", err.msg);
  assert_true(sealed);
  assert_string_equal(q.files.source.path, "source.tif");
  assert_string_equal(q.files.model.sha256, r.files.model.sha256);
  assert_null(q.files.filled.path);
  assert_null(q.people.why);
  assert_string_equal(q.people.who, "Li");
  assert_string_equal(q.caption, "飞天");
  assert_int_equal(q.caption_by, KZ_RECORD_CAPTION_USER);
  assert_true(q.figures.damaged == 0.25 && q.figures.calls == 3);
  assert_int_equal(q.region_count, 5);
  assert_true(q.regions[3].known == 1.0 / 3 && q.regions[3].outcome == KZ_RECORD_CONJECTURE);
  assert_true(isnan(q.regions[4].known) && q.regions[4].pixels == 5);
  assert_int_equal(q.candidates[0].seed, 11);
  assert_string_equal(q.classes[0].id, "crack");
  assert_int_equal(q.classes[0].policy, KZ_RECORD_LEAVE);
  assert_int_equal(q.software_count, 2);
  assert_string_equal(q.time, r.time);
  kz_record_release(&q);
  kz_record_release(&r);
  empty_folder();
}

static void options_come_back(void **state) {
  (void)state;
  struct kz_record r, q;
  struct kz_restore_options o;
  struct kz_err err;
  make_scene(1, 8);
  make_record(&r);
  write_record(&r);
  assert_int_equal(kz_record_read(&q, in_folder("result.tif.json"), NULL, &err), 0);
  assert_string_equal(q.options.lines, "mask.png");
  assert_int_equal(kz_record_options(&q, in_folder("result.tif.json"), &o, &err), 0);
  assert_true(o.seed == 9007199254740991 && o.steps == 7 && o.guidance_text == 0.1);
  assert_string_equal(o.text, "飞天");
  assert_string_equal(o.lines, in_folder("mask.png"));
  kz_params_release(kz_restore_params, &o);
  kz_record_release(&q);
  kz_record_release(&r);
  empty_folder();
}

static void paths_start_from_the_record(void **state) {
  (void)state;
  struct kz_record r;
  struct kz_restore_options o;
  struct kz_restore_stats s = {.width = W, .height = H};
  struct kz_err err;
  make_scene(1, 8);
  kz_params_defaults(kz_restore_params, &o);
  struct kz_record_inputs in = inputs_of(&o, &s);
  in.model = "/proc/version";
  assert_int_equal(kz_mkdirs(in_folder("deep"), &err), 0);
  const char *record = in_folder("deep/r.json");
  if (kz_record_make(&r, &in, record, &err)) fail_msg("%s", err.msg);
  assert_string_equal(r.files.source.path, "../source.tif");
  assert_string_equal(r.files.model.path, "/proc/version");
  char *back = kz_record_path(record, r.files.source.path);
  assert_true(kz_same_file(back, in.source));
  free(back);
  kz_record_release(&r);
  in.mask = in_folder("gone.png");
  assert_int_equal(kz_record_make(&r, &in, record, &err), KZ_ENOENT);
  assert_non_null(strstr(err.msg, "gone.png"));
  rmdir(in_folder("deep"));
  empty_folder();
}

/* ---- what is refused ---- */

static void incomplete_records_are_not_written(void **state) {
  (void)state;
  struct kz_record r;
  struct kz_err err;
  kz_record_init(&r);
  assert_int_equal(kz_record_write(&r, in_folder("r.json"), &err), KZ_EFORMAT);
  assert_non_null(strstr(err.msg, "r.json: kizil is missing"));
  kz_record_release(&r);
  make_scene(1, 8);
  make_record(&r);
  r.figures.damaged = 1.5;
  assert_int_equal(kz_record_write(&r, in_folder("r.json"), &err), KZ_ERANGE);
  assert_non_null(strstr(err.msg, "figures.damaged is 1.5: must be 0 to 1"));
  r.figures.damaged = INFINITY;
  assert_int_equal(kz_record_write(&r, in_folder("r.json"), &err), KZ_EFORMAT);
  r.figures.damaged = 0.5;
  assert_int_equal(kz_record_say(&r.people.why, "\xff", &err), 0);
  assert_int_equal(kz_record_write(&r, in_folder("r.json"), &err), KZ_EFORMAT);
  assert_int_equal(count_files("r.json"), 0);
  kz_record_release(&r);
  empty_folder();
}

/* Validate the record's text with `from` replaced by `to`. */
static int validate_with(const char *from, const char *to, struct kz_err *err) {
  size_t size;
  char *text = read_whole(in_folder("result.tif.json"), &size);
  char *whole = kz_format("%.*s", (int)size, text);
  free(text);
  char *at = strstr(whole, from);
  if (!at) fail_msg("no %s in %s", from, whole);
  char *changed = kz_format("%.*s%s%s", (int)(at - whole), whole, to, at + strlen(from));
  int code = kz_record_validate(changed, "r", err);
  free(whole);
  free(changed);
  return code;
}

static void wrong_members_are_named(void **state) {
  (void)state;
  static const struct {
    const char *from, *to, *message;
    int code;
  } cases[] = {
      {"\"kizil-record\": 1", "\"kizil-record\": 2", "r: kizil-record is 2", KZ_ERANGE},
      {"\"kizil-record\": 1,", "", "r: kizil-record is missing", KZ_EFORMAT},
      {"\"width\": 97", "\"width\": \"97\"", "r: width must be a whole number", KZ_EFORMAT},
      {"\"width\": 97", "\"width\": 97.5", "r: width must be a whole number", KZ_EFORMAT},
      {"\"width\": 97", "\"width\": 97, \"wide\": 1", "unknown member \"wide\"", KZ_EFORMAT},
      {"\"known\": 0.5", "\"known\": 1.5", "r: regions[1].known is 1.5", KZ_ERANGE},
      {"\"conjecture\"", "\"guess\"", "regions[1].outcome must be one of filled,", KZ_EFORMAT},
      {"\"steps\": 7", "\"steps\": 0", "r: parameters: ", KZ_ERANGE},
      {"\"steps\": 7", "\"stops\": 7", "steps", KZ_ENOENT},
      {"\"source.tif\"", "\"\"", "r: files.source.path must be text", KZ_EFORMAT},
      {"\"sha256\": \"", "\"sha256\": \"0", "files.source.sha256 must be 64", KZ_EFORMAT},
      {"Z\",", "\",", "r: time must be a time", KZ_EFORMAT},
      {"\"candidates\": []", "\"candidates\": {}", "candidates must be a list", KZ_EFORMAT},
      {"{", "[{", "r: line ", KZ_EFORMAT},
  };
  struct kz_record r;
  struct kz_err err;
  make_scene(1, 8);
  make_record(&r);
  for (int i = 0; i < 2; i++) {
    struct kz_record_region *g = kz_record_add_region(&r);
    g->width = g->height = g->pixels = 1;
    if (i) g->known = 0.5, g->outcome = KZ_RECORD_CONJECTURE;
  }
  write_record(&r);
  kz_record_release(&r);
  assert_int_equal(validate_with("97", "97", &err), 0);
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    err.msg[0] = 0;
    int code = validate_with(cases[i].from, cases[i].to, &err);
    if (code != cases[i].code || !strstr(err.msg, cases[i].message))
      fail_msg("case %d: %d, %s", (int)i, code, err.msg);
  }
  empty_folder();
}

/* Anyone can check the seal: zeros for its digits, then SHA-256. */
static void any_byte_breaks_the_seal(void **state) {
  (void)state;
  struct kz_record r;
  struct kz_err err;
  bool sealed;
  size_t size;
  make_scene(1, 8);
  make_record(&r);
  write_record(&r);
  kz_record_release(&r);
  char *text = read_whole(in_folder("result.tif.json"), &size);
  text[size - 1] = ' '; /* the last newline */
  write_bytes(in_folder("r.json"), text, size);
  assert_int_equal(kz_record_read(&r, in_folder("r.json"), &sealed, &err), 0);
  assert_false(sealed);
  kz_record_release(&r);
  text[size - 1] = '\n';
  char seal[65] = "", hex[65], *at = text;
  for (char *p = text; p + 8 < text + size; p++)
    if (!memcmp(p, "\"seal\": \"", 9)) at = p + 9;
  memcpy(seal, at, 64);
  memset(at, '0', 64);
  write_bytes(in_folder("r.json"), text, size);
  assert_int_equal(kz_file_sha256(in_folder("r.json"), hex, &err), 0);
  assert_string_equal(hex, seal);
  free(text);
  empty_folder();
}

static void schema_is_as_published(void **state) {
  (void)state;
  char path[4096], *published;
  struct kz_err err;
  size_t len;
  const char *source = getenv("KIZIL_SOURCE");
  if (!source) skip();
  snprintf(path, sizeof path, "%s/docs/record.schema.json", source);
  if (kz_file_read(path, 1 << 20, &published, &len, &err)) fail_msg("%s", err.msg);
  char *schema = kz_record_schema();
  assert_non_null(schema);
  assert_int_equal(len, strlen(schema) + 1); /* made by kizil verify --schema: with a newline */
  assert_memory_equal(published, schema, len - 1);
  free(published);
  free(schema);
}

/* ---- verifying ---- */

static void verify(struct kz_record_report *report) {
  struct kz_err err;
  if (kz_record_verify(in_folder("result.tif.json"), NULL, NULL, report, &err))
    fail_msg("%s", err.msg);
}

/* Only `check` (and pixels, if `pixels`) is in `state`. */
static void only(const struct kz_record_report *r, enum kz_record_check check,
                 enum kz_record_state state, const char *words) {
  assert_false(r->proved);
  for (int c = 0; c < KZ_CHECKS; c++) {
    enum kz_record_state is = r->findings[c].state;
    if (c != (int)check && is != KZ_STATE_PROVED && is != KZ_STATE_ABSENT)
      fail_msg("%s: %s", kz_record_check_name(c), r->findings[c].text);
  }
  assert_int_equal(r->findings[check].state, state);
  if (!strstr(r->findings[check].text, words)) fail_msg("%s", r->findings[check].text);
}

static void what_holds_is_proved(void **state) {
  (void)state;
  for (int bands = 1; bands <= 4; bands++)
    for (int bits = 8; bits <= 16; bits += 8) {
      struct kz_record r;
      struct kz_record_report report;
      make_scene(bands, bits);
      make_record(&r);
      write_record(&r);
      kz_record_release(&r);
      verify(&report);
      if (!report.proved) fail_msg("%s", report.findings[KZ_CHECK_PIXELS].text);
      assert_true(report.changed > 1500 && report.changed <= 1600);
      assert_true(!report.outside && report.first_x == -1);
      assert_int_equal(report.findings[KZ_CHECK_FILLED].state, KZ_STATE_ABSENT);
    }
  empty_folder();
}

/* The lowest bit of one sample, in a result that the record knows: its hash is right. */
static void one_bit_outside_the_mask_is_found(void **state) {
  (void)state;
  static const int spots[][2] = {{0, 0}, {96, 60}, {19, 10}, {60, 49}, {20, 50}};
  for (int i = 0; i < 5; i++) {
    struct kz_record r;
    struct kz_record_report report;
    char words[64];
    make_scene(3, 16);
    VipsImage *im;
    uint16_t *samples = decode("result.tif", &im);
    g_object_unref(im);
    samples[(spots[i][1] * W + spots[i][0]) * 3 + 2] ^= 1;
    im = make_vips(samples, W, H, 3, 16);
    save_vips(im, "result.tif", "");
    g_object_unref(im);
    g_free(samples);
    make_record(&r);
    write_record(&r);
    kz_record_release(&r);
    verify(&report);
    snprintf(words, sizeof words, "first at x %d, y %d:", spots[i][0], spots[i][1]);
    only(&report, KZ_CHECK_PIXELS, KZ_STATE_WRONG, words);
    assert_int_equal(report.outside, 1);
    assert_true(report.first_x == spots[i][0] && report.first_y == spots[i][1]);
  }
  empty_folder();
}

static void changed_and_missing_files_are_named(void **state) {
  (void)state;
  struct kz_record r;
  struct kz_record_report report;
  struct kz_err err;
  make_scene(3, 8);
  make_record(&r);
  write_record(&r);
  kz_record_release(&r);
  write_bytes(in_folder("model"), "weighty", 7);
  verify(&report);
  only(&report, KZ_CHECK_MODEL, KZ_STATE_WRONG, "is not the file of the record");
  rename(in_folder("model"), in_folder("elsewhere"));
  verify(&report);
  only(&report, KZ_CHECK_MODEL, KZ_STATE_UNKNOWN, "is not there");
  write_bytes(in_folder("elsewhere"), "weights", 7);
  const struct kz_record_places now = {.model = in_folder("elsewhere")};
  assert_int_equal(kz_record_verify(in_folder("result.tif.json"), &now, NULL, &report, &err), 0);
  assert_true(report.proved);
  unlink(in_folder("source.tif"));
  assert_int_equal(kz_record_verify(in_folder("result.tif.json"), &now, NULL, &report, &err), 0);
  assert_int_equal(report.findings[KZ_CHECK_SOURCE].state, KZ_STATE_UNKNOWN);
  assert_int_equal(report.findings[KZ_CHECK_PIXELS].state, KZ_STATE_UNKNOWN);
  assert_false(report.proved);
  empty_folder();
}

/* Where an image of what was filled is there, it decides and not the mask. */
static void what_was_filled_decides(void **state) {
  (void)state;
  struct kz_record_report report;
  struct kz_err err;
  const struct kz_restore_stats s = {.width = W, .height = H};
  struct kz_restore_options o;
  kz_params_defaults(kz_restore_params, &o);
  for (int wider = 0; wider < 2; wider++) {
    struct kz_record r;
    struct kz_pixels p;
    make_scene(3, 8);
    rename(in_folder("mask.png"), in_folder("filled.png"));
    assert_int_equal(kz_pixels_init(&p, W, H, 1, &err), 0);
    memset(p.data, wider ? 255 : 0, (size_t)W * H);
    assert_int_equal(kz_pixels_save(&p, in_folder("mask.png"), &err), 0);
    kz_pixels_release(&p);
    for (int with = 0; with < 2; with++) {
      struct kz_record_inputs in = inputs_of(&o, &s); /* the names last for eight more */
      in.filled = with ? in_folder("filled.png") : NULL;
      if (kz_record_make(&r, &in, in_folder("result.tif.json"), &err)) fail_msg("%s", err.msg);
      write_record(&r);
      kz_record_release(&r);
      verify(&report);
      assert_int_equal(report.proved, with || wider);
      if (!with && !wider) assert_true(report.first_x == 20 && report.first_y == 10);
    }
    write_bytes(in_folder("filled.png"), "other", 5);
    verify(&report);
    assert_int_equal(report.findings[KZ_CHECK_FILLED].state, KZ_STATE_WRONG);
    assert_int_equal(report.findings[KZ_CHECK_MASK].state, KZ_STATE_PROVED);
  }
  empty_folder();
}

/* Images that the record knows but that do not fit together, or are none. */
static void images_that_do_not_fit(void **state) {
  (void)state;
  static const struct {
    int w, bands, bits;
    const char *words;
  } cases[] = {{W + 1, 3, 8, "98 x 61"}, {W, 4, 8, "has 4 bands"}, {W, 3, 16, "ushort"}};
  struct kz_record r;
  struct kz_record_report report;
  for (int i = 0; i < 3; i++) {
    make_scene(3, 8);
    make_file("result.tif", "", cases[i].w, H, cases[i].bands, cases[i].bits, false);
    make_record(&r);
    write_record(&r);
    kz_record_release(&r);
    verify(&report);
    only(&report, KZ_CHECK_PIXELS, KZ_STATE_WRONG, cases[i].words);
  }
  make_scene(3, 8);
  write_bytes(in_folder("result.tif"), "no image at all", 15);
  make_record(&r);
  write_record(&r);
  kz_record_release(&r);
  verify(&report);
  only(&report, KZ_CHECK_PIXELS, KZ_STATE_UNKNOWN, "result.tif: cannot be read as an image");
  empty_folder();
}

static bool stop(void *self) { return (*(int *)self)++ > 0; }

static void verifying_can_be_stopped(void **state) {
  (void)state;
  int asked = 0;
  const struct kz_restore_host host = {&asked, NULL, stop};
  struct kz_record r;
  struct kz_record_report report;
  struct kz_err err;
  make_scene(1, 8);
  make_record(&r);
  write_record(&r);
  kz_record_release(&r);
  assert_int_equal(kz_record_verify(in_folder("result.tif.json"), NULL, &host, &report, &err),
                   KZ_EINTR);
  assert_int_equal(asked, 2);
  empty_folder();
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(what_is_written_is_read),
      cmocka_unit_test(options_come_back),
      cmocka_unit_test(paths_start_from_the_record),
      cmocka_unit_test(incomplete_records_are_not_written),
      cmocka_unit_test(wrong_members_are_named),
      cmocka_unit_test(any_byte_breaks_the_seal),
      cmocka_unit_test(schema_is_as_published),
      cmocka_unit_test(what_holds_is_proved),
      cmocka_unit_test(one_bit_outside_the_mask_is_found),
      cmocka_unit_test(changed_and_missing_files_are_named),
      cmocka_unit_test(what_was_filled_decides),
      cmocka_unit_test(images_that_do_not_fit),
      cmocka_unit_test(verifying_can_be_stopped),
  };
  return cmocka_run_group_tests_name("record", tests, fixture_setup, fixture_teardown);
}
