/* Captions word by word in both languages, facts of every kind of dirt, texts at the limit; lists of
 * pictures: every column, every refusal and its message. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include <kizil/caption.h>

#include "../allocations.h"
#include "base/utf8.h"

enum { W = 90, H = 60 };

static const struct kz_caption_facts apsara = {.subject = "flying apsara",
                                               .kind = "mural",
                                               .period = "Northern Liang",
                                               .site = "Mogao"};

/* Red ground, a white square in the middle, green along the top. */
static void paint(uint8_t rgb[W * H * 3]) {
  static const uint8_t red[3] = {170, 72, 66}, white[3] = {232, 226, 218}, green[3] = {112, 150, 124};
  for (int y = 0; y < H; y++)
    for (int x = 0; x < W; x++)
      memcpy(rgb + 3 * (y * W + x),
             y < 9 ? green : x >= 30 && x < 60 && y >= 20 && y < 40 ? white : red, 3);
}

static void assert_caption(enum kz_language language, const struct kz_caption_facts *facts,
                           const char *wanted) {
  char text[KZ_CAPTION_MOST];
  kz_caption_write(text, language, facts, 0, 0, NULL, NULL);
  assert_string_equal(text, wanted);
}

static void test_picture(void **state) {
  (void)state;
  uint8_t rgb[W * H * 3], mask[W * H];
  char text[KZ_CAPTION_MOST], again[KZ_CAPTION_MOST];
  paint(rgb);
  memset(mask, 0, sizeof mask);
  kz_caption_write(text, KZ_LANGUAGE_EN, &apsara, W, H, rgb, NULL);
  assert_string_equal(text, "flying apsara, Northern Liang dynasty mural, Mogao; cinnabar red "
                            "ground, malachite green above, lead white in the centre");
  kz_caption_write(text, KZ_LANGUAGE_ZH, &apsara, W, H, rgb, NULL);
  assert_string_equal(text, "飞天，北凉壁画，莫高窟；朱砂红地，上部石绿，中央铅白");
  kz_caption_write(text, KZ_LANGUAGE_EN, NULL, W, H, rgb, NULL);
  assert_string_equal(text, "cinnabar red ground, malachite green above, lead white in the centre");
  for (int i = 0; i < 9 * W; i++) mask[i] = 1; /* the green is lost */
  kz_caption_write(text, KZ_LANGUAGE_EN, NULL, W, H, rgb, mask);
  assert_string_equal(text, "cinnabar red ground, lead white in the centre");
  memset(rgb, 0, 9 * W * 3); /* what the hole holds is not looked at */
  kz_caption_write(again, KZ_LANGUAGE_EN, NULL, W, H, rgb, mask);
  assert_string_equal(text, again);
  memset(mask, 1, sizeof mask);
  kz_caption_write(text, KZ_LANGUAGE_EN, &apsara, W, H, rgb, mask);
  assert_string_equal(text, "flying apsara, Northern Liang dynasty mural, Mogao");
  kz_caption_write(text, KZ_LANGUAGE_ZH, NULL, W, H, rgb, mask);
  assert_string_equal(text, "");
}

/* A colour left and right of the middle of what is known, not of the picture. */
static void test_places(void **state) {
  (void)state;
  uint8_t rgb[W * H * 3], mask[W * H];
  char text[KZ_CAPTION_MOST];
  for (int i = 0; i < W * H; i++) {
    static const uint8_t red[3] = {170, 72, 66}, blue[3] = {96, 118, 144};
    int x = i % W;
    memcpy(rgb + 3 * i, x < 20 ? blue : red, 3);
    mask[i] = x >= 45;
  }
  kz_caption_write(text, KZ_LANGUAGE_EN, NULL, W, H, rgb, mask);
  assert_string_equal(text, "cinnabar red ground at right, azurite blue at left");
  kz_caption_write(text, KZ_LANGUAGE_ZH, NULL, W, H, rgb, mask);
  assert_string_equal(text, "右侧朱砂红地，左侧石青");
}

/* What is under the mask is said first, where in the picture it lies; without a mask nothing is. */
static void test_lost(void **state) {
  (void)state;
  enum { SIDE = 128 };
  static uint8_t rgb[SIDE * SIDE * 3], mask[SIDE * SIDE];
  const struct kz_caption_facts f = {.subject = "deer", .lost = true};
  char text[KZ_CAPTION_MOST], plain[KZ_CAPTION_MOST];
  for (int i = 0; i < SIDE * SIDE; i++) {
    mask[i] = i / SIDE < 32 && i % SIDE < 64 ? 255 : 0; /* a red patch above, on blue */
    memcpy(rgb + 3 * i, mask[i] ? (uint8_t[]){190, 60, 45} : (uint8_t[]){50, 80, 140}, 3);
  }
  kz_caption_write(plain, KZ_LANGUAGE_EN, &(struct kz_caption_facts){.subject = "deer"}, SIDE, SIDE,
                   rgb, mask);
  assert_null(strstr(plain, "red"));
  kz_caption_write(text, KZ_LANGUAGE_EN, &f, SIDE, SIDE, rgb, mask);
  assert_int_equal(strncmp(text, "lost: ", 6), 0);
  const char *rest = strstr(text, "; deer");
  assert_non_null(rest);
  assert_string_equal(rest + 2, plain);
  assert_true(strstr(text, "red above") && strstr(text, "red above") < rest);
  kz_caption_write(text, KZ_LANGUAGE_ZH, &f, SIDE, SIDE, rgb, mask);
  assert_int_equal(strncmp(text, "缺失处：上部", strlen("缺失处：上部")), 0);
  kz_caption_write(text, KZ_LANGUAGE_EN, &f, SIDE, SIDE, rgb, NULL);
  assert_int_equal(strncmp(text, "deer; ", 6), 0);
}

static void test_facts(void **state) {
  (void)state;
  struct kz_caption_facts f = {0};
  assert_caption(KZ_LANGUAGE_EN, NULL, "");
  assert_caption(KZ_LANGUAGE_EN, &f, "");
  assert_caption(KZ_LANGUAGE_ZH, &f, "");
  f = (struct kz_caption_facts){"", "mural", "", "", "", false};
  assert_caption(KZ_LANGUAGE_EN, &f, "mural");
  f = (struct kz_caption_facts){"deer", "thangka", NULL, NULL, NULL, false};
  assert_caption(KZ_LANGUAGE_EN, &f, "deer, thangka");
  assert_caption(KZ_LANGUAGE_ZH, &f, "鹿，唐卡");
  f = (struct kz_caption_facts){NULL, NULL, "early Tang", "Yulin", NULL, false};
  assert_caption(KZ_LANGUAGE_EN, &f, "early Tang dynasty, Yulin");
  assert_caption(KZ_LANGUAGE_ZH, &f, "初唐，榆林窟");
  f = (struct kz_caption_facts){NULL, "mural", "Five Dynasties", NULL, NULL, false};
  assert_caption(KZ_LANGUAGE_EN, &f, "Five Dynasties mural");
  assert_caption(KZ_LANGUAGE_ZH, &f, "五代壁画");
  f = (struct kz_caption_facts){"two suites", "mural", "12th century", "Suixian", NULL, false};
  assert_caption(KZ_LANGUAGE_EN, &f, "two suites, 12th century mural, Suixian");
  assert_caption(KZ_LANGUAGE_ZH, &f, "two suites，12th century 壁画，Suixian");
  f = (struct kz_caption_facts){"飞天", "壁画", "北凉", "莫高窟", NULL, false};
  assert_caption(KZ_LANGUAGE_ZH, &f, "飞天，北凉壁画，莫高窟");
}

static void test_caption_by_hand(void **state) {
  (void)state;
  struct kz_caption_facts f = apsara;
  f.caption = "Dunhuang mural, scene or ornament";
  assert_caption(KZ_LANGUAGE_EN, &f, "Dunhuang mural, scene or ornament, Mogao");
  assert_caption(KZ_LANGUAGE_ZH, &f, "敦煌壁画，场景或纹饰，莫高窟");
  f.caption = "Tibetan thangka";
  f.site = "Tibet";
  assert_caption(KZ_LANGUAGE_EN, &f, "Tibetan thangka");
  f.caption = "  \n ";
  f.site = NULL;
  assert_caption(KZ_LANGUAGE_EN, &f, "flying apsara, Northern Liang dynasty mural");
}

static void test_dirt(void **state) {
  (void)state;
  struct kz_caption_facts f = {.subject = " \n two\r\n\tdeer\x01\x7f \xc2\x85 ", .site = "\xff\xc0\xaf"};
  assert_caption(KZ_LANGUAGE_EN, &f, "two deer");
  f.site = "Mo\xffgao\xe7\x9f"; /* broken UTF-8 is left out */
  assert_caption(KZ_LANGUAGE_EN, &f, "two deer, Mogao");
  f.subject = "飞天\xe3\x80\x80壁画"; /* an ideographic blank */
  f.site = NULL;
  assert_caption(KZ_LANGUAGE_EN, &f, "飞天 壁画");
  assert_caption(KZ_LANGUAGE_ZH, &f, "飞天壁画");
}

/* At any length: ended, whole characters, and a colour is whole or absent. */
static void test_limit(void **state) {
  (void)state;
  uint8_t rgb[W * H * 3];
  paint(rgb);
  for (int n = 420; n < 540; n++) {
    char subject[3 * 200 + 1] = "", text[KZ_CAPTION_MOST];
    for (int i = 0; i < n / 3; i++) memcpy(subject + 3 * i, "飞", 4);
    for (int i = 0; i < n % 3; i++) memcpy(subject + n - n % 3 + i, "x", 2);
    struct kz_caption_facts f = {.subject = subject};
    kz_caption_write(text, n & 1 ? KZ_LANGUAGE_ZH : KZ_LANGUAGE_EN, &f, W, H, rgb, NULL);
    size_t length = strlen(text), fits = n < KZ_CAPTION_MOST ? (size_t)n : 510;
    assert_true(length < KZ_CAPTION_MOST && length + 3 >= (fits < 511 ? fits : 511));
    uint32_t c;
    for (const char *p = text; *p; p += kz_utf8_step(p, &c)) assert_true(kz_utf8_step(p, &c) > 0);
    const char *colours = strstr(text, "; ");
    if (colours)
      assert_true(!strcmp(colours, "; cinnabar red ground") ||
                  !strcmp(colours, "; cinnabar red ground, malachite green above") ||
                  !strcmp(colours, "; cinnabar red ground, malachite green above, "
                                   "lead white in the centre"));
  }
}

static void test_heap_untouched(void **state) {
  (void)state;
#if COUNTS
  uint8_t rgb[W * H * 3];
  char text[KZ_CAPTION_MOST];
  paint(rgb);
  counted = 0;
  armed = 1;
  kz_caption_write(text, KZ_LANGUAGE_EN, &apsara, W, H, rgb, NULL);
  kz_caption_write(text, KZ_LANGUAGE_ZH, &apsara, W, H, rgb, NULL);
  armed = 0;
  assert_int_equal(counted, 0);
#else
  skip();
#endif
}

/* ---- lists ---- */

static char list[] = "/tmp/kizil-caption-XXXXXX";

static int load(const char *content, struct kz_manifest **m, struct kz_err *err) {
  FILE *f = fopen(list, "wb");
  assert_non_null(f);
  fputs(content, f);
  assert_int_equal(fclose(f), 0);
  *m = NULL;
  return kz_manifest_load(list, m, err);
}

static void test_list(void **state) {
  (void)state;
  struct kz_manifest *m;
  struct kz_err err = {0};
  assert_int_equal(load("\xef\xbb\xbfkind,width,file,subject,period,site,caption\r\n"
                        "mural,10,a/z.png,flying apsara,Sui,Mogao,\r\n"
                        "thangka,10,b/a.png,\"deer, \"\"lotus\"\"\",,,\"by\nhand\"\r\n"
                        "\r\n"
                        "fresco,10,m.png\r\n"
                        "mural,99,c/z.png,flying apsara,Sui,Mogao,\r\n", /* said twice alike */
                        &m, &err),
                   0);
  assert_int_equal(kz_manifest_count(m), 3);
  const struct kz_caption_facts *f = kz_manifest_find(m, "/elsewhere/z.png");
  assert_non_null(f);
  assert_string_equal(f->subject, "flying apsara");
  assert_string_equal(f->period, "Sui");
  assert_string_equal(f->site, "Mogao");
  assert_string_equal(f->kind, "mural");
  assert_string_equal(f->caption, "");
  f = kz_manifest_find(m, "a.png");
  assert_non_null(f);
  assert_string_equal(f->subject, "deer, \"lotus\"");
  assert_caption(KZ_LANGUAGE_EN, f, "by hand");
  f = kz_manifest_find(m, "m.png");
  assert_non_null(f);
  assert_string_equal(f->kind, "fresco");
  assert_null(f->subject);
  assert_null(kz_manifest_find(m, "none.png"));
  assert_null(kz_manifest_find(m, ""));
  assert_null(kz_manifest_find(m, "z.png/"));
  kz_manifest_free(m);
  assert_int_equal(load("file\n", &m, &err), 0); /* nothing is listed */
  assert_int_equal(kz_manifest_count(m), 0);
  assert_null(kz_manifest_find(m, "a.png"));
  kz_manifest_free(m);
  kz_manifest_free(NULL);
}

static void test_lists_refused(void **state) {
  (void)state;
  static const struct {
    const char *content, *message;
  } cases[] = {
      {"", "empty"},
      {"name,subject\na.png,x\n", "no column 'file'"},
      {"file,kind,kind\n", "two columns 'kind'"},
      {"file,kind\na.png,mural\nb/a.png,thangka\n", ":3: 'a.png' is in line 2 already"},
      {"kind,file\nmural,\n", ":2: names no file"},
      {"kind,file\nmural,folder/\n", ":2: names no file"},
      {"kind,file\nmural\n", ":2: names no file"},
      {"file,kind\na.png,\"mural\n", ":2: a quote is not closed"},
      {"file,\"kind\n", ":1: a quote is not closed"},
  };
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    struct kz_manifest *m;
    struct kz_err err = {0};
    assert_int_equal(load(cases[i].content, &m, &err), KZ_EFORMAT);
    assert_null(m);
    if (!strstr(err.msg, cases[i].message) || !strstr(err.msg, list))
      fail_msg("'%s' lacks '%s'", err.msg, cases[i].message);
  }
  struct kz_manifest *m = NULL;
  struct kz_err err = {0};
  assert_int_equal(kz_manifest_load("/nowhere/list.csv", &m, &err), KZ_ENOENT);
  assert_non_null(strstr(err.msg, "/nowhere/list.csv"));
  assert_null(m);
}

/* Many pictures, out of order: each is found. */
static void test_long_list(void **state) {
  (void)state;
  enum { COUNT = 700 };
  static char text[COUNT * 32];
  struct kz_manifest *m;
  struct kz_err err = {0};
  int n = snprintf(text, sizeof text, "file,subject\n");
  for (int i = 0; i < COUNT; i++)
    n += snprintf(text + n, sizeof text - (size_t)n, "p/%d.jpg,%d\n", i * 37 % COUNT, i * 37 % COUNT);
  assert_int_equal(load(text, &m, &err), 0);
  assert_int_equal(kz_manifest_count(m), COUNT);
  for (int i = 0; i < COUNT; i++) {
    char name[32];
    snprintf(name, sizeof name, "%d.jpg", i);
    const struct kz_caption_facts *f = kz_manifest_find(m, name);
    assert_non_null(f);
    assert_int_equal(strtol(f->subject, NULL, 10), i);
  }
  kz_manifest_free(m);
}

static int set_up(void **state) {
  (void)state;
  int fd = mkstemp(list);
  return fd < 0 || close(fd);
}

static int tear_down(void **state) {
  (void)state;
  return unlink(list);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_picture),
      cmocka_unit_test(test_places),
      cmocka_unit_test(test_lost),
      cmocka_unit_test(test_facts),
      cmocka_unit_test(test_caption_by_hand),
      cmocka_unit_test(test_dirt),
      cmocka_unit_test(test_limit),
      cmocka_unit_test(test_heap_untouched),
      cmocka_unit_test(test_list),
      cmocka_unit_test(test_lists_refused),
      cmocka_unit_test(test_long_list),
  };
  return cmocka_run_group_tests_name("caption", tests, set_up, tear_down);
}
