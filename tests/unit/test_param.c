/* Parameter tables: defaults, text, JSON, help, errors and their words. */
#include <locale.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <kizil/param.h>

struct options {
  int64_t steps;
  double rate;
  bool fast;
  const char *folder, *note;
  int sampler;
};

static const char *const samplers[] = {"ddim", "dpm++2m", NULL};

static const struct kz_param table[] = {
    {"steps", KZ_PARAM_INT, offsetof(struct options, steps), 8, 1, 1000, NULL, NULL, "calls",
     "network calls"},
    {"hole-rate", KZ_PARAM_FLOAT, offsetof(struct options, rate), 4e-4, 0, 1, NULL, NULL, "",
     "learning rate"},
    {"fast", KZ_PARAM_BOOL, offsetof(struct options, fast), 1, 0, 1, NULL, NULL, "", "hurry"},
    {"folder", KZ_PARAM_STRING, offsetof(struct options, folder), 0, 0, 0, "here", NULL, "",
     "where"},
    {"note", KZ_PARAM_STRING, offsetof(struct options, note), 0, 0, 0, NULL, NULL, "", "a word"},
    {"sampler", KZ_PARAM_CHOICE, offsetof(struct options, sampler), 1, 0, 1, NULL, samplers, "",
     "which"},
    {0}};

static int fresh(void **state) {
  struct options *o = malloc(sizeof *o);
  if (!o) return -1;
  kz_params_defaults(table, o);
  *state = o;
  return 0;
}

static int done(void **state) {
  kz_params_release(table, *state);
  free(*state);
  return 0;
}

static void test_defaults(void **state) {
  struct options *o = *state;
  assert_int_equal(o->steps, 8);
  assert_true(o->rate == 4e-4);
  assert_true(o->fast);
  assert_string_equal(o->folder, "here");
  assert_null(o->note);
  assert_int_equal(o->sampler, 1);
}

static void test_find(void **state) {
  (void)state;
  assert_ptr_equal(kz_param_find(table, "fast"), &table[2]);
  assert_null(kz_param_find(table, "fas"));
  assert_null(kz_param_find(table, ""));
}

static void test_set_each_type(void **state) {
  struct options *o = *state;
  struct kz_err err;
  assert_int_equal(kz_params_set(table, o, "steps", "1000", &err), 0);
  assert_int_equal(o->steps, 1000);
  assert_int_equal(kz_params_set(table, o, "hole-rate", "2.5e-1", &err), 0);
  assert_true(o->rate == 0.25);
  assert_int_equal(kz_params_set(table, o, "fast", "No", &err), 0);
  assert_false(o->fast);
  assert_int_equal(kz_params_set(table, o, "fast", "1", &err), 0);
  assert_true(o->fast);
  assert_int_equal(kz_params_set(table, o, "folder", "there", &err), 0);
  assert_int_equal(kz_params_set(table, o, "folder", "elsewhere", &err), 0); /* frees "there" */
  assert_string_equal(o->folder, "elsewhere");
  assert_int_equal(kz_params_set(table, o, "sampler", "ddim", &err), 0);
  assert_int_equal(o->sampler, 0);
}

static void assert_refused(struct options *o, const char *name, const char *text, int code,
                           const char *message) {
  struct kz_err err;
  struct options before = *o;
  assert_int_equal(kz_params_set(table, o, name, text, &err), code);
  assert_int_equal(err.code, code);
  assert_string_equal(err.msg, message);
  assert_memory_equal(o, &before, sizeof before);
}

static void test_set_refusals(void **state) {
  struct options *o = *state;
  assert_refused(o, "steps", "0", KZ_ERANGE, "steps is 0; it must be 1 to 1000 calls");
  assert_refused(o, "steps", "1001", KZ_ERANGE, "steps is 1001; it must be 1 to 1000 calls");
  assert_refused(o, "steps", "99999999999999999999", KZ_ERANGE,
                 "steps is 99999999999999999999; it must be 1 to 1000 calls");
  assert_refused(o, "steps", "8.5", KZ_EFORMAT,
                 "steps is '8.5'; it must be a whole number, 1 to 1000 calls");
  assert_refused(o, "steps", "", KZ_EFORMAT,
                 "steps is ''; it must be a whole number, 1 to 1000 calls");
  assert_refused(o, "hole-rate", "fast", KZ_EFORMAT,
                 "hole-rate is 'fast'; it must be a number, 0 to 1");
  assert_refused(o, "hole-rate", "nan", KZ_ERANGE, "hole-rate is nan; it must be 0 to 1");
  assert_refused(o, "hole-rate", "1.0001", KZ_ERANGE, "hole-rate is 1.0001; it must be 0 to 1");
  assert_refused(o, "fast", "maybe", KZ_EFORMAT, "fast is 'maybe'; it must be true or false");
  assert_refused(o, "sampler", "euler", KZ_ERANGE,
                 "sampler is 'euler'; it must be one of ddim, dpm++2m");
  assert_refused(o, "step", "8", KZ_ENOENT, "no parameter 'step'; did you mean 'steps'?");
  assert_refused(o, "zzzzzzzz", "8", KZ_ENOENT, "no parameter 'zzzzzzzz'");
}

static void test_json_round_trip(void **state) {
  struct options *o = *state, back;
  struct kz_err err;
  o->rate = 0.1 + 0.2; /* needs 17 digits */
  o->steps = 77;
  assert_int_equal(kz_params_set(table, o, "note", "say \"hi\"\n\xc3\xa9", &err), 0);
  char *json = kz_params_to_json(table, o);
  assert_non_null(json);
  kz_params_defaults(table, &back);
  assert_int_equal(kz_params_from_json(table, &back, json, "x.json", &err), 0);
  assert_true(back.rate == o->rate);
  assert_int_equal(back.steps, 77);
  assert_string_equal(back.note, o->note);
  assert_string_equal(back.folder, "here");
  assert_int_equal(back.sampler, 1);
  kz_params_release(table, &back);
  free(json);
}

static void test_json_text(void **state) {
  struct options *o = *state;
  char *json = kz_params_to_json(table, o);
  assert_string_equal(json, "{\n  \"steps\": 8,\n  \"hole-rate\": 0.0004,\n  \"fast\": true,\n"
                            "  \"folder\": \"here\",\n  \"note\": null,\n"
                            "  \"sampler\": \"dpm++2m\"\n}\n");
  free(json);
}

static void test_json_keeps_absent_keys(void **state) {
  struct options *o = *state;
  struct kz_err err;
  o->steps = 5;
  assert_int_equal(kz_params_from_json(table, o, "{\"hole-rate\": 1}", "x", &err), 0);
  assert_int_equal(o->steps, 5);
  assert_true(o->rate == 1.0);
}

static void test_json_refusals(void **state) {
  struct options *o = *state;
  static const struct {
    const char *json, *words;
    int code;
  } cases[] = {
      {"{\"step\": 1}", "c.json: no parameter 'step'; did you mean 'steps'?", KZ_ENOENT},
      {"{\"steps\": 0}", "c.json: steps is 0; it must be 1 to 1000 calls", KZ_ERANGE},
      {"{\"steps\": 1.5}", "c.json: steps must be a whole number", KZ_EFORMAT},
      {"{\"steps\": \"8\"}", "c.json: steps must be a whole number", KZ_EFORMAT},
      {"{\"hole-rate\": true}", "c.json: hole-rate must be a number", KZ_EFORMAT},
      {"{\"hole-rate\": -0.5}", "c.json: hole-rate is -0.5; it must be 0 to 1", KZ_ERANGE},
      {"{\"fast\": 1}", "c.json: fast must be true or false", KZ_EFORMAT},
      {"{\"folder\": 1}", "c.json: folder must be a string or null", KZ_EFORMAT},
      {"{\"sampler\": \"x\"}", "c.json: sampler is 'x'; it must be one of ddim, dpm++2m",
       KZ_ERANGE},
      {"{\"sampler\": 0}", "c.json: sampler must be a string", KZ_EFORMAT},
      {"[1]", "c.json: must be a JSON object", KZ_EFORMAT},
      {"{\"steps\": 1", "c.json: line 1", KZ_EFORMAT},
      {"{\"steps\": 1, \"steps\": 2}", "c.json: line 1", KZ_EFORMAT},
      {"", "c.json: line", KZ_EFORMAT},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    struct kz_err err;
    assert_int_equal(kz_params_from_json(table, o, cases[i].json, "c.json", &err), cases[i].code);
    assert_memory_equal(err.msg, cases[i].words, strlen(cases[i].words));
  }
}

static void test_load(void **state) {
  struct options *o = *state;
  struct kz_err err;
  char path[] = "/tmp/kizil-test-param-XXXXXX";
  int fd = mkstemp(path);
  assert_true(fd >= 0);
  FILE *f = fdopen(fd, "w");
  fputs("{\"steps\": 12}", f);
  fflush(f);
  assert_int_equal(kz_params_load(table, o, path, &err), 0);
  assert_int_equal(o->steps, 12);
  fputc('\0', f);
  fclose(f);
  assert_int_equal(kz_params_load(table, o, path, &err), KZ_EFORMAT);
  assert_non_null(strstr(err.msg, path));
  assert_int_equal(remove(path), 0);
  assert_int_equal(kz_params_load(table, o, path, &err), KZ_ENOENT);
}

static void test_help(void **state) {
  (void)state;
  char *text;
  size_t len;
  FILE *f = open_memstream(&text, &len);
  assert_non_null(f);
  kz_params_help(table, f);
  fclose(f);
  assert_non_null(
      strstr(text, "  --steps N             network calls (default 8, 1 to 1000 calls)\n"));
  assert_non_null(strstr(text, "  --[no-]fast           hurry (default yes)\n"));
  assert_non_null(strstr(text, "  --folder TEXT         where (default here)\n"));
  assert_non_null(strstr(text, "  --note TEXT           a word\n"));
  assert_non_null(
      strstr(text, "  --sampler NAME        which (default dpm++2m; ddim, dpm++2m)\n"));
  free(text);
}

static void test_help_in_halves(void **state) {
  (void)state;
  char *text;
  size_t len;
  FILE *f = open_memstream(&text, &len);
  assert_non_null(f);
  static const char *const names[] = {"steps", "fast", "note"};
  for (int i = 0; i < 3; i++) {
    kz_param_term(kz_param_find(table, names[i]), f);
    fputc('|', f);
    kz_param_explain(kz_param_find(table, names[i]), f);
    fputc('\n', f);
  }
  fclose(f);
  assert_string_equal(text, "--steps N|network calls (default 8, 1 to 1000 calls)\n"
                            "--[no-]fast|hurry (default yes)\n"
                            "--note TEXT|a word\n");
  free(text);
}

static void test_other_locales_do_not_matter(void **state) {
  struct options *o = *state;
  struct kz_err err;
  const char *comma = NULL; /* one whose decimal point is a comma, if the machine has any */
  static const char *const names[] = {"de_DE.UTF-8", "fr_FR.UTF-8", "nl_NL.UTF-8"};
  for (int i = 0; i < 3 && !comma; i++) comma = setlocale(LC_ALL, names[i]);
  if (!comma) skip();
  int code = kz_params_set(table, o, "hole-rate", "0.5", &err);
  char *json = kz_params_to_json(table, o);
  setlocale(LC_ALL, "C");
  assert_int_equal(code, 0);
  assert_non_null(strstr(json, "\"hole-rate\": 0.5,"));
  free(json);
}

static void test_name_distance(void **state) {
  (void)state;
  assert_int_equal(kz_name_distance("kitten", "sitting"), 3);
  assert_int_equal(kz_name_distance("restore", "restore"), 0);
  assert_int_equal(kz_name_distance("", "abc"), 3);
  assert_int_equal(kz_name_distance("abc", ""), 3);
  char long_name[200];
  memset(long_name, 'x', sizeof long_name - 1);
  long_name[sizeof long_name - 1] = '\0';
  assert_int_equal(kz_name_distance(long_name, ""), 63);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(test_defaults, fresh, done),
      cmocka_unit_test(test_find),
      cmocka_unit_test_setup_teardown(test_set_each_type, fresh, done),
      cmocka_unit_test_setup_teardown(test_set_refusals, fresh, done),
      cmocka_unit_test_setup_teardown(test_json_round_trip, fresh, done),
      cmocka_unit_test_setup_teardown(test_json_text, fresh, done),
      cmocka_unit_test_setup_teardown(test_json_keeps_absent_keys, fresh, done),
      cmocka_unit_test_setup_teardown(test_json_refusals, fresh, done),
      cmocka_unit_test_setup_teardown(test_load, fresh, done),
      cmocka_unit_test(test_help),
      cmocka_unit_test(test_help_in_halves),
      cmocka_unit_test_setup_teardown(test_other_locales_do_not_matter, fresh, done),
      cmocka_unit_test(test_name_distance),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
