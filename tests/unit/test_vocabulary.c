/* Tokens against a plain reading of the rule (every merge in its order, over the whole word), decoded
 * back to the text, for English, Chinese, broken UTF-8 and random bytes; limits; length of captions. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include <kizil/rng.h>

#include "text/merges.inc.h"
#include "text/vocabulary.h"

enum { FIRST_MERGE = KZ_TEXT_FIRST_BYTE + 256, MERGES = KZ_TEXT_ROWS - FIRST_MERGE };

static int append_row(int row, char *text, int n) {
  if (row >= FIRST_MERGE) {
    n = append_row(merges[row - FIRST_MERGE][0], text, n);
    return append_row(merges[row - FIRST_MERGE][1], text, n);
  }
  text[n] = (char)(row - KZ_TEXT_FIRST_BYTE);
  return n + 1;
}

static void decode(const int32_t tokens[KZ_TEXT_TOKENS], char text[2048]) {
  int n = 0;
  assert_int_equal(tokens[0], KZ_TEXT_BEGIN);
  for (int i = 1; tokens[i] != KZ_TEXT_END; i++) {
    assert_in_range(tokens[i], KZ_TEXT_FIRST_BYTE, KZ_TEXT_ROWS - 1);
    assert_true(i < KZ_TEXT_TOKENS - 1);
    n = append_row(tokens[i], text, n);
  }
  text[n] = 0;
}

static void assert_decodes(const char *text, const char *wanted) {
  int32_t tokens[KZ_TEXT_TOKENS];
  char back[2048];
  int count = kz_text_encode(text, tokens);
  assert_in_range(count, 0, KZ_TEXT_TOKENS - 2);
  decode(tokens, back);
  assert_string_equal(back, wanted);
  assert_int_equal(tokens[1 + count], KZ_TEXT_END);
  for (int i = count + 2; i < KZ_TEXT_TOKENS; i++) assert_int_equal(tokens[i], KZ_TEXT_PAD);
}

/* The rule by the letter, for one word that needs no normalising. */
static int by_rule(const char *word, int32_t *rows) {
  int n = (int)strlen(word);
  for (int i = 0; i < n; i++) rows[i] = KZ_TEXT_FIRST_BYTE + (unsigned char)word[i];
  for (int m = 0; m < MERGES; m++)
    for (int i = 0; i + 1 < n; i++)
      if (rows[i] == merges[m][0] && rows[i + 1] == merges[m][1]) {
        rows[i] = FIRST_MERGE + m;
        for (int j = i + 1; j + 1 < n; j++) rows[j] = rows[j + 1];
        n--;
      }
  return n;
}

static void assert_by_rule(const char *const *words) {
  char text[1024] = "";
  int32_t rows[1024], tokens[KZ_TEXT_TOKENS];
  int n = 0, count;
  for (; *words; words++) {
    snprintf(text + strlen(text), sizeof text - strlen(text), "%s", *words);
    n += by_rule(*words, rows + n);
  }
  count = kz_text_encode(text, tokens);
  assert_int_equal(count, n);
  assert_memory_equal(tokens + 1, rows,
                      sizeof *rows * (size_t)(n < KZ_TEXT_TOKENS - 2 ? n : KZ_TEXT_TOKENS - 2));
}

static void test_table(void **state) {
  (void)state;
  assert_int_equal(sizeof merges / sizeof merges[0], MERGES);
  assert_int_equal(sizeof by_pair / sizeof by_pair[0], MERGES);
  for (int m = 0; m < MERGES; m++) { /* made of rows that are there by then */
    assert_in_range(merges[m][0], KZ_TEXT_FIRST_BYTE, FIRST_MERGE + m - 1);
    assert_in_range(merges[m][1], KZ_TEXT_FIRST_BYTE, FIRST_MERGE + m - 1);
  }
  for (int i = 1; i < MERGES; i++) {
    const uint16_t *a = merges[by_pair[i - 1]], *b = merges[by_pair[i]];
    assert_true(a[0] < b[0] || (a[0] == b[0] && a[1] < b[1]));
  }
}

static void test_words(void **state) {
  (void)state;
  static const char *const english[] = {"flying", " apsara",  ",",    " northern", " liang",
                                        " dynasty", " mural", ",",    " mogao",    ";",
                                        " cinnabar", " red",  " ground", NULL};
  static const char *const chinese[] = {"飞天", "，", "北凉壁画", "，", "莫高窟", "；",
                                        "右侧铁赭深红地", "，", "下部石绿", NULL};
  static const char *const mixed[] = {"cave", " 272", "b", " (", "莫高窟", ")--", "é", " naïve",
                                      " 飞天", "xyzzy", NULL};
  static const char *const alike[] = {"aaaaaaaaa", " rerererer", " ananananan", "。。。。", NULL};
  assert_by_rule(english);
  assert_by_rule(chinese);
  assert_by_rule(mixed);
  assert_by_rule(alike);
}

/* Words of letters that meet many merges, and runs of Chinese of any length. */
static void test_random_words(void **state) {
  (void)state;
  static const char letters[] = "aeinrstlhgdou";
  static const char *const han[] = {"石", "绿", "青", "朱", "砂", "地", "上", "部", "壁", "画", "魏", "窗"};
  struct kz_rng rng;
  kz_rng_init(&rng, 5);
  for (int round = 0; round < 300; round++) {
    char word[256] = " ", run[256] = "";
    int n = kz_rng_int(&rng, 1, 60);
    for (int i = 1; i <= n; i++) word[i] = letters[kz_rng_below(&rng, sizeof letters - 1)];
    for (int i = 0; i < n; i++)
      snprintf(run + strlen(run), sizeof run - strlen(run), "%s", han[kz_rng_below(&rng, 12)]);
    const char *const words[] = {"x", word, run, NULL};
    assert_by_rule(words);
  }
}

static void test_round_trip(void **state) {
  (void)state;
  assert_decodes("Flying  APSARA,\tSui\r\n dynasty ", "flying apsara, sui dynasty");
  assert_decodes("飞天，北凉壁画", "飞天，北凉壁画");
  assert_decodes("  a  ", "a");
  assert_decodes("\xe7\x9f broken \xff\xc0\xaf", "\xe7\x9f broken \xff\xc0\xaf");
  assert_decodes("\xf0\xa0\x80\x80 and \xf0\x9f\x8e\xa8", "\xf0\xa0\x80\x80 and \xf0\x9f\x8e\xa8");
  assert_decodes("ÀÉ", "ÀÉ"); /* only ASCII is lower-cased */
}

static void test_empty(void **state) {
  (void)state;
  static const char *const empty[] = {NULL, "", "  \t\n"};
  for (int i = 0; i < 3; i++) {
    int32_t tokens[KZ_TEXT_TOKENS];
    memset(tokens, 1, sizeof tokens);
    assert_int_equal(kz_text_encode(empty[i], tokens), 0);
    assert_int_equal(tokens[0], KZ_TEXT_BEGIN);
    assert_int_equal(tokens[1], KZ_TEXT_END);
    for (int j = 2; j < KZ_TEXT_TOKENS; j++) assert_int_equal(tokens[j], KZ_TEXT_PAD);
  }
}

/* Cut after KZ_TEXT_TOKENS - 2 tokens, counted on to KZ_TEXT_MOST bytes, not read beyond. */
static void test_long(void **state) {
  (void)state;
  static char text[100000];
  int32_t tokens[KZ_TEXT_TOKENS], again[KZ_TEXT_TOKENS];
  memset(text, '!', sizeof text - 1);
  for (size_t i = 0; i < sizeof text - 1; i += 2) text[i] = 'q';
  assert_int_equal(kz_text_encode(text, tokens), KZ_TEXT_MOST);
  assert_int_equal(tokens[KZ_TEXT_TOKENS - 1], KZ_TEXT_END);
  text[KZ_TEXT_MOST] = 0;
  assert_int_equal(kz_text_encode(text, again), KZ_TEXT_MOST);
  assert_memory_equal(tokens, again, sizeof tokens);
  text[75] = 0;
  assert_int_equal(kz_text_encode(text, again), 75);
  assert_memory_equal(tokens, again, sizeof tokens); /* fits as it is */
  for (size_t i = 0; i + 3 < sizeof text; i += 3) memcpy(text + i, "龘", 3);
  assert_int_equal(kz_text_encode(text, tokens) * 3 > KZ_TEXT_MOST - 3, 1);
}

static void test_captions_are_short(void **state) {
  (void)state;
  static const char *const captions[] = {
      "flying apsara, Northern Wei dynasty mural, Western Thousand Buddha; pale malachite green "
      "ground above, ink wash grey below, buff plaster below, pale azurite blue above, "
      "ink black at left",
      "scene or ornament, Five Dynasties painted replica, Yulin; lapis lazuli blue ground in the "
      "centre, darkened lead brown at right, smoked brown plaster above, verdigris blue-green "
      "below, massicot pale yellow at left",
      "供养菩萨，西夏壁画，西千佛洞；中央青金石蓝地，右侧变色铅褐，上部烟褐泥壁，下部密陀僧浅黄，左侧氯铜绿"};
  for (int i = 0; i < 3; i++) {
    int32_t tokens[KZ_TEXT_TOKENS];
    assert_in_range(kz_text_encode(captions[i], tokens), 15, 60);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_table),      cmocka_unit_test(test_words),
      cmocka_unit_test(test_random_words), cmocka_unit_test(test_round_trip),
      cmocka_unit_test(test_empty),      cmocka_unit_test(test_long),
      cmocka_unit_test(test_captions_are_short),
  };
  return cmocka_run_group_tests_name("vocabulary", tests, NULL, NULL);
}
