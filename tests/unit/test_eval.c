/* A run as a whole: lists, files, groups, failures, stopping; two runs compared. Weights are random
 * ones: what LPIPS is worth is test_lpips.c's business. */
#include "eval_fixture.h"

#include <jansson.h>
#include <sys/stat.h>

#include "eval/eval.h"
#include "perceptual_fixture.h"

enum { W = 48, H = 40, PAIRS = 6 };

struct seen {
  int progress, failed, stop_after;
  char message[4][512];
};

static void progress(void *user, int done, int total) {
  struct seen *s = user;
  assert_true(done > s->progress && done <= total);
  s->progress = done;
}

static void failed(void *user, const char *message) {
  struct seen *s = user;
  if (s->failed < 4) snprintf(s->message[s->failed], sizeof s->message[0], "%s", message);
  s->failed++;
}

static bool stop(void *user) {
  struct seen *s = user;
  return s->progress >= s->stop_after;
}

/* PAIRS pictures; the results differ in the hole by 4 + i levels. The last two are bad rows if
 * `bad`. */
static void make_list(const char *name, bool bad, int better) {
  char list[4096] = "group,original,mask,result,remark\n";
  for (int i = 0; i < PAIRS; i++) {
    struct kz_pixels p = eval_picture((uint32_t)i / 2, W, H);
    struct kz_pixels q = eval_picture((uint32_t)i / 2, W, H);
    struct kz_pixels m = eval_mask(W, H, 10, 8, 30 + i, 18);
    char file[3][32];
    snprintf(file[0], 32, "o%d.png", i / 2);
    snprintf(file[1], 32, "m%d.png", i);
    snprintf(file[2], 32, "r%d%d.png", better, i);
    for (int k = 0; k < W * H; k++)
      for (int c = 0; c < 3 && m.data[k]; c++)
        q.data[3 * k + c] = (uint8_t)(q.data[3 * k + c] ^ (better ? 2 : 4 + i));
    eval_save(p, file[0]);
    eval_save(m, file[1]);
    eval_save(q, file[2]);
    size_t at = strlen(list);
    snprintf(list + at, sizeof list - at, "\"%s, %d\",%s,%s,%s,x\n", "kind", i % 2,
             in_dir(file[0]), in_dir(file[1]),
             bad && i == 4 ? "/none.png" : in_dir(file[2]));
  }
  size_t end = strlen(list);
  if (bad) snprintf(list + end, sizeof list - end, "kind,only,three\n");
  eval_write(name, list);
}

static struct kz_eval_options options(void) {
  struct kz_eval_options o;
  kz_params_defaults(kz_eval_params, &o);
  return o;
}

static json_t *read_json(const char *path) {
  json_error_t e;
  json_t *j = json_load_file(path, 0, &e);
  if (!j) fail_msg("%s: line %d: %s", path, e.line, e.text);
  return j;
}

static double number_at(json_t *j, int group, const char *metric, const char *key) {
  json_t *g = json_array_get(json_object_get(j, "groups"), (size_t)group);
  return json_number_value(json_object_get(json_object_get(json_object_get(g, "scores"), metric),
                                           key));
}

static char *read_text(const char *path) {
  char *text = calloc(1, 1 << 20);
  FILE *f = fopen(path, "r");
  assert_true(text && f);
  size_t got = fread(text, 1, (1 << 20) - 1, f);
  fclose(f);
  assert_true(got > 0);
  return text;
}

static void check_json(void) {
  json_t *j = read_json(in_dir("out/scores/scores.json"));
  assert_int_equal(json_integer_value(json_object_get(j, "pairs")), PAIRS);
  assert_string_equal(json_string_value(json_object_get(json_object_get(j, "lpips"), "network")),
                      "squeeze");
  assert_int_equal(json_array_size(json_object_get(j, "groups")), 3);
  assert_int_equal(json_array_size(json_object_get(j, "scores")), PAIRS);
  for (int g = 0; g < 3; g++) {
    double mean = number_at(j, g, "hole-psnr", "mean");
    assert_true(mean > 20 && mean < 60);
    assert_int_equal(number_at(j, g, "ssim", "n"), g < 2 ? 3 : 6);
    assert_true(number_at(j, g, "lpips", "mean") > 0);
    assert_true(number_at(j, g, "frechet-lpips", "mean") > 0);
    assert_true(number_at(j, g, "outside-max", "mean") == 0);
  }
  json_decref(j);
}

static void test_run(void **state) {
  struct kz_eval *e = NULL;
  struct kz_err err = {0};
  struct seen s = {.stop_after = 1000};
  const struct kz_eval_host host = {&s, stop, progress, failed};
  struct kz_eval_options o = options();
  struct stat st;
  (void)state;
  make_list("list.csv", false, 0);
  assert_ok(perceptual_write(in_dir("lpips.safetensors"), &err));
  o.lpips = in_dir("lpips.safetensors");
  assert_ok(kz_eval_load(in_dir("list.csv"), &e, &err));
  assert_ok(kz_eval_can_write(e, in_dir("out/scores"), &err));
  assert_int_not_equal(stat(in_dir("out"), &st), 0);
  assert_ok(kz_eval_run(e, &o, &host, &err));
  assert_true(s.progress == PAIRS && s.failed == 0 && kz_eval_failures(e) == 0);
  assert_ok(kz_eval_write(e, in_dir("out/scores"), &err));
  check_json();
  char *csv = read_text(in_dir("out/scores/scores.csv"));
  const char head[] = "original,mask,result,group,psnr,hole-psnr,ssim,lpips,border-rmse,"
                      "border-jump,edge-f1,outside-max\n";
  assert_memory_equal(csv, head, sizeof head - 1);
  assert_non_null(strstr(csv, ",\"kind, 1\","));
  char *page = read_text(in_dir("out/scores/index.html"));
  assert_non_null(strstr(page, "<td>kind, 1<small>3 pairs"));
  assert_non_null(strstr(page, "Worst by lpips, each against"));
  int pictures = 0;
  for (const char *p = page; (p = strstr(p, "src='data:image/png;base64,iVBORw0KGgo")); p++)
    pictures++;
  assert_int_equal(pictures, 3 * PAIRS);
  assert_null(strstr(page, "http"));
  char *table = kz_eval_table(e);
  assert_non_null(strstr(table, "kind, 0      psnr"));
  assert_non_null(strstr(table, "frechet-lpips"));
  free(table);
  free(page);
  free(csv);
  kz_eval_free(e);
}

/* One thread or three, once or twice: the same bytes. */
static void test_same_again(void **state) {
  char *text[3];
  struct kz_err err = {0};
  (void)state;
  for (int k = 0; k < 3; k++) {
    struct kz_eval *e = NULL;
    struct kz_eval_options o = options();
    o.lpips = in_dir("lpips.safetensors");
    o.threads = k == 1 ? 3 : 1;
    assert_ok(kz_eval_load(in_dir("list.csv"), &e, &err));
    assert_ok(kz_eval_run(e, &o, NULL, &err));
    if (k == 2) assert_ok(kz_eval_run(e, &o, NULL, &err));
    assert_ok(kz_eval_write(e, in_dir("again"), &err));
    text[k] = read_text(in_dir("again/scores.json"));
    kz_eval_free(e);
  }
  assert_string_equal(text[0], text[1]);
  assert_string_equal(text[0], text[2]);
  for (int k = 0; k < 3; k++) free(text[k]);
}

static void test_bad_rows(void **state) {
  struct kz_eval *e = NULL;
  struct kz_err err = {0};
  struct seen s = {.stop_after = 1000};
  const struct kz_eval_host host = {&s, NULL, NULL, failed};
  struct kz_eval_options o = options();
  (void)state;
  make_list("bad.csv", true, 0);
  assert_ok(kz_eval_load(in_dir("bad.csv"), &e, &err));
  assert_ok(kz_eval_run(e, &o, &host, &err));
  assert_int_equal(s.failed, 2);
  assert_int_equal(kz_eval_failures(e), 2);
  assert_int_equal(kz_eval_pairs(e), PAIRS + 1);
  assert_non_null(strstr(s.message[0], "bad.csv: line 6: "));
  assert_non_null(strstr(s.message[0], "/none.png"));
  assert_non_null(strstr(s.message[1], "bad.csv: line 8: fewer fields"));
  assert_ok(kz_eval_write(e, in_dir("bad"), &err));
  json_t *j = read_json(in_dir("bad/scores.json"));
  assert_int_equal(json_array_size(json_object_get(j, "failed")), 2);
  assert_int_equal(json_array_size(json_object_get(j, "scores")), PAIRS - 1);
  assert_null(json_object_get(j, "lpips"));
  assert_int_equal(number_at(j, 2, "psnr", "n"), PAIRS - 1);
  json_decref(j);
  kz_eval_free(e);
}

static void test_stop(void **state) {
  struct kz_eval *e = NULL;
  struct kz_err err = {0};
  struct seen s = {.stop_after = 1};
  const struct kz_eval_host host = {&s, stop, progress, failed};
  struct kz_eval_options o = options();
  (void)state;
  o.threads = 1;
  assert_ok(kz_eval_load(in_dir("list.csv"), &e, &err));
  assert_int_equal(kz_eval_run(e, &o, &host, &err), KZ_EINTR);
  assert_non_null(strstr(err.msg, "2 of 6 pairs"));
  kz_eval_free(e);
}

static void refused(const char *text, int code, const char *words) {
  struct kz_eval *e = NULL;
  struct kz_err err = {0};
  eval_write("wrong.csv", text);
  assert_int_equal(kz_eval_load(in_dir("wrong.csv"), &e, &err), code);
  if (!strstr(err.msg, words)) fail_msg("'%s' lacks '%s'", err.msg, words);
  assert_null(e);
}

static void test_wrong_lists(void **state) {
  struct kz_eval *e = NULL;
  struct kz_err err = {0};
  (void)state;
  refused("", KZ_EFORMAT, "the list is empty");
  refused("original,mask\na,b\n", KZ_EFORMAT, "no column \"result\"");
  refused("mask,mask,original,result\n", KZ_EFORMAT, "two columns \"mask\"");
  refused("original,mask,result\n", KZ_EFORMAT, "no rows");
  assert_int_equal(kz_eval_load("/none.csv", &e, &err), KZ_ENOENT);
  /* Where its own files would be written over. */
  make_list("scores.csv", false, 0);
  assert_ok(kz_eval_load(in_dir("scores.csv"), &e, &err));
  assert_int_equal(kz_eval_can_write(e, eval_dir, &err), KZ_EEXIST);
  assert_non_null(strstr(err.msg, "would write over a file of the list"));
  assert_int_equal(kz_eval_can_write(e, in_dir("o0.png/x"), &err), KZ_EEXIST);
  assert_non_null(strstr(err.msg, "is no folder"));
  struct kz_eval_options o = options();
  o.lpips = in_dir("o0.png");
  assert_int_equal(kz_eval_run(e, &o, NULL, &err), KZ_EFORMAT);
  kz_eval_free(e);
  unlink(in_dir("scores.csv"));
}

/* ---- two runs ---- */

static struct kz_eval_comparison *compare(const char *a, const char *b) {
  struct kz_eval_comparison *c = NULL;
  struct kz_eval_options o = options();
  struct kz_err err = {0};
  assert_ok(kz_eval_compare(a, b, &o, &c, &err));
  return c;
}

static void test_compare_runs(void **state) {
  struct kz_eval *e = NULL;
  struct kz_err err = {0};
  struct kz_eval_options o = options();
  (void)state;
  make_list("list2.csv", false, 1);
  assert_ok(kz_eval_load(in_dir("list2.csv"), &e, &err));
  assert_ok(kz_eval_run(e, &o, NULL, &err));
  assert_ok(kz_eval_write(e, in_dir("better"), &err));
  kz_eval_free(e);
  char a[256], b[256];
  snprintf(a, sizeof a, "%s", in_dir("out/scores/scores.csv"));
  snprintf(b, sizeof b, "%s", in_dir("better/scores.csv"));
  struct kz_eval_comparison *c = compare(a, b);
  assert_ok(kz_eval_comparison_write(c, in_dir("c.json"), &err));
  assert_int_equal(kz_eval_comparison_write(c, a, &err), KZ_EEXIST);
  char *table = kz_eval_comparison_table(c);
  assert_non_null(strstr(table, "6 pairs in both"));
  assert_non_null(strstr(table, "B better"));
  assert_null(strstr(table, "A better"));
  assert_null(strstr(table, "lpips")); /* only one run has it */
  json_t *j = read_json(in_dir("c.json"));
  assert_true(number_at(j, 2, "psnr", "difference") > 3);
  assert_true(fabs(number_at(j, 2, "psnr", "b") - number_at(j, 2, "psnr", "a") -
                   number_at(j, 2, "psnr", "difference")) < 1e-6);
  json_decref(j);
  free(table);
  kz_eval_comparison_free(c);
}

static void test_compare_by_hand(void **state) {
  (void)state;
  eval_write("a.csv", "original,mask,group,psnr,ssim,colour\n1,m,g,20,0.5,1\n2,m,g,inf,,1\n"
                      "3,m,h,30,0.5,1\n4,m,h,1,1,1\n");
  eval_write("b.csv", "mask,original,ssim,psnr,extra\nm,3,0.25,28,\nm,2,0.5,90,\nm,1,0.5,22,\n"
                      "m,9,0,0,\n");
  struct kz_eval_comparison *c = compare(in_dir("a.csv"), in_dir("b.csv"));
  char *table = kz_eval_comparison_table(c), *text = kz_eval_comparison_json(c);
  assert_non_null(strstr(table, "3 pairs in both; 1 in A only and 1 in B only"));
  json_t *j = json_loads(text, 0, NULL);
  assert_non_null(j);
  assert_true(number_at(j, 0, "psnr", "difference") == -4);     /* +2, and 100 to 90 */
  assert_true(number_at(j, 0, "ssim", "n") == 1);               /* one is not defined */
  assert_true(number_at(j, 1, "psnr", "difference") == -2);
  assert_true(fabs(number_at(j, 2, "psnr", "difference") + 10. / 3) < 1e-6);
  assert_true(number_at(j, 2, "ssim", "difference") == -.125);
  json_decref(j);
  free(table);
  free(text);
  kz_eval_comparison_free(c);
}

static void incomparable(const char *a, const char *b, const char *words) {
  struct kz_eval_comparison *c = NULL;
  struct kz_eval_options o = options();
  struct kz_err err = {0};
  eval_write("a.csv", a);
  eval_write("b.csv", b);
  assert_int_equal(kz_eval_compare(in_dir("a.csv"), in_dir("b.csv"), &o, &c, &err), KZ_EFORMAT);
  if (!strstr(err.msg, words)) fail_msg("'%s' lacks '%s'", err.msg, words);
  assert_null(c);
}

static void test_incomparable(void **state) {
  (void)state;
  const char good[] = "original,mask,psnr\n1,m,20\n";
  incomparable(good, "original,mask,psnr\n2,m,20\n", "no pair of original and mask in common");
  incomparable(good, "original,mask,ssim\n1,m,20\n", "no column of scores in common");
  incomparable("original,mask,psnr\n1,m,20\n2,m,1\n1,m,3\n", good, "lines 2 and 4 are one pair");
  incomparable(good, "original,mask,psnr\n1,m,good\n", "line 2: a score is no number");
  incomparable(good, "original,psnr\n1,20\n", "no column \"mask\"");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_run),          cmocka_unit_test(test_same_again),
      cmocka_unit_test(test_bad_rows),     cmocka_unit_test(test_stop),
      cmocka_unit_test(test_wrong_lists),  cmocka_unit_test(test_compare_runs),
      cmocka_unit_test(test_compare_by_hand), cmocka_unit_test(test_incomparable),
  };
  return cmocka_run_group_tests_name("eval", tests, eval_setup, eval_teardown);
}
