/* Errors: codes, messages, prefixes, truncation, a NULL receiver. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <kizil/err.h>

static void test_set_formats_and_returns_code(void **state) {
  (void)state;
  struct kz_err err;
  assert_int_equal(kz_err_set(&err, KZ_ERANGE, "%s: %d", "a.png", 7), KZ_ERANGE);
  assert_int_equal(err.code, KZ_ERANGE);
  assert_string_equal(err.msg, "a.png: 7");
}

static void test_set_without_receiver(void **state) {
  (void)state;
  assert_int_equal(kz_err_set(NULL, KZ_EIO, "unheard"), KZ_EIO);
}

static void test_set_may_quote_itself(void **state) {
  (void)state;
  struct kz_err err;
  kz_err_set(&err, KZ_EIO, "inner");
  kz_err_set(&err, KZ_EFORMAT, "outer (%s)", err.msg);
  assert_string_equal(err.msg, "outer (inner)");
  assert_int_equal(err.code, KZ_EFORMAT);
}

static void test_prefix(void **state) {
  (void)state;
  struct kz_err err;
  kz_err_set(&err, KZ_ESHAPE, "17 x 4");
  assert_int_equal(kz_err_prefix(&err, "tile %d", 3), KZ_ESHAPE);
  assert_string_equal(err.msg, "tile 3: 17 x 4");
  assert_int_equal(kz_err_prefix(NULL, "tile"), KZ_EIO);
}

static void test_long_messages_end_with_dots(void **state) {
  (void)state;
  struct kz_err err;
  char text[3000];
  memset(text, 'x', sizeof text - 1);
  text[sizeof text - 1] = '\0';
  kz_err_set(&err, KZ_EIO, "%s", text);
  assert_int_equal(strlen(err.msg), sizeof err.msg - 1);
  assert_string_equal(err.msg + sizeof err.msg - 5, "x...");
  kz_err_prefix(&err, "%s", "file");
  assert_int_equal(strlen(err.msg), sizeof err.msg - 1);
  assert_memory_equal(err.msg, "file: x", 7);
  kz_err_prefix(&err, "%s", text);
  assert_string_equal(err.msg + sizeof err.msg - 4, "...");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_set_formats_and_returns_code),
      cmocka_unit_test(test_set_without_receiver),
      cmocka_unit_test(test_set_may_quote_itself),
      cmocka_unit_test(test_prefix),
      cmocka_unit_test(test_long_messages_end_with_dots),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
