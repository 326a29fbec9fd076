/* SHA-256: the standard's own examples, by plain code and by the processor's instructions, and both
 * alike at every length and cut. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/sha256.h"

static void hash(bool fast, const void *data, size_t len, size_t cut, char hex[65]) {
  struct kz_sha256 h;
  kz_sha256_init(&h);
  h.fast = h.fast && fast;
  kz_sha256_add(&h, data, cut);
  kz_sha256_add(&h, (const char *)data + cut, len - cut);
  kz_sha256_hex(&h, hex);
}

static void test_examples(void **state) {
  (void)state;
  static const struct {
    const char *text, *hex;
  } cases[] = {
      {"", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
      {"abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
      {"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
       "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"}};
  for (int fast = 0; fast < 2; fast++)
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
      char hex[65];
      hash(fast, cases[i].text, strlen(cases[i].text), 0, hex);
      assert_string_equal(hex, cases[i].hex);
    }
}

static void test_lengths(void **state) {
  (void)state;
  uint8_t data[300];
  for (size_t i = 0; i < sizeof data; i++) data[i] = (uint8_t)(i * 37 + 11);
  for (size_t len = 0; len <= sizeof data; len++) {
    char plain[65], fast[65], cut[65];
    hash(false, data, len, 0, plain);
    hash(true, data, len, 0, fast);
    hash(true, data, len, len * 2 / 3, cut);
    assert_string_equal(plain, fast);
    assert_string_equal(plain, cut);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_examples),
                                     cmocka_unit_test(test_lengths)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
