/* Records: written, read, refused, sealed. */
#include "record_fixture.h"

#include <math.h>

#include "base/file.h"

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

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(what_is_written_is_read),
      cmocka_unit_test(options_come_back),
      cmocka_unit_test(paths_start_from_the_record),
      cmocka_unit_test(incomplete_records_are_not_written),
      cmocka_unit_test(wrong_members_are_named),
      cmocka_unit_test(any_byte_breaks_the_seal),
      cmocka_unit_test(schema_is_as_published),
  };
  return cmocka_run_group_tests_name("record", tests, fixture_setup, fixture_teardown);
}
