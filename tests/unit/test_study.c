/* A study from its list to its verdict: plans that are fair, pages that tell nothing, raters whose
 * answers are known beforehand, files that must be refused. Figures are in test_study_stats.c. */
#include "eval_fixture.h"

#include <dirent.h>
#include <jansson.h>
#include <sys/stat.h>

#include <kizil/study.h>

#include "base/file.h"
#include "eval/study.h"

enum { W = 24, H = 20, ROWS = 8, TRIALS = 24, REPEATS = 6 };

/* ---- making ---- */

static struct kz_study_options options(void) {
  struct kz_study_options o;
  kz_params_defaults(kz_study_params, &o);
  o.repeat = .25;
  return o;
}

/* ROWS pictures of two groups, methods secretone, secrettwo, secretthree. */
static void make_list(void) {
  char list[4096] = "secretone,original,group,mask,secrettwo,secretthree\n", line[1024];
  for (int i = 0; i < ROWS; i++) {
    char file[5][40];
    snprintf(file[0], sizeof file[0], "o%d.png", i);
    snprintf(file[1], sizeof file[0], "m%d.png", i);
    eval_save(eval_picture((uint32_t)i, W, H), file[0]);
    eval_save(eval_mask(W, H, 6, 4, 18, 12), file[1]);
    for (int m = 0; m < 3; m++) {
      snprintf(file[2 + m], sizeof file[0], "secret%d%d.png", m, i);
      eval_save(eval_picture((uint32_t)(100 + 10 * m + i), W, H), file[2 + m]);
    }
    snprintf(line, sizeof line, "%s,%s,\"g, %d\",%s,%s,%s\n", in_dir(file[2]), in_dir(file[0]),
             i % 2, in_dir(file[1]), in_dir(file[3]), in_dir(file[4]));
    strncat(list, line, sizeof list - strlen(list) - 1);
  }
  eval_write("list.csv", list);
}

static void make(const char *folder, const struct kz_study_options *o) {
  struct kz_err err = {0};
  struct kz_study_made made;
  assert_ok(kz_study_make(in_dir("list.csv"), in_dir(folder), o, NULL, &made, &err));
  assert_int_equal(made.pictures, ROWS);
  assert_int_equal(made.methods, 3);
  assert_int_equal(made.trials, TRIALS + REPEATS);
  assert_int_equal(made.repeats, REPEATS);
}

/* Inlined, gcc 12 takes what is returned for the local pointer itself. */
__attribute__((noinline)) static char *read_text(const char *path, size_t *size) {
  struct kz_err err = {0};
  char *text = NULL;
  size_t length;
  assert_ok(kz_file_read(path, 1 << 20, &text, &length, &err));
  if (size) *size = length;
  return text;
}

static void test_sides(void **state) {
  struct kz__study s;
  struct kz_err err = {0};
  int left[3][3] = {{0}}, grouped[2][3][3] = {{{0}}}, repeats = 0;
  int in_a_row = 0, last = -1;
  const struct kz_study_options o = options();
  (void)state;
  make("sides", &o);
  assert_ok(kz__study_load_key(&s, in_dir("sides/key.json"), &err));
  assert_int_equal(s.trial_count, TRIALS + REPEATS);
  assert_int_equal(s.group_count, 2);
  for (int i = 0; i < s.trial_count; i++) {
    const struct kz__trial *t = &s.trials[i], *f = t->first < 0 ? NULL : &s.trials[t->first];
    if (f) {
      repeats++;
      assert_true(f->row == t->row && f->left == t->right && f->right == t->left);
      assert_true(i - t->first >= TRIALS / 2);
      continue;
    }
    left[t->left][t->right]++;
    grouped[s.rows[t->row].in_group][t->left][t->right]++;
    in_a_row += t->row == last;
    last = t->row;
  }
  assert_true(in_a_row <= 2);
  assert_int_equal(repeats, REPEATS);
  for (int a = 0; a < 3; a++)
    for (int b = 0; b < 3; b++) {
      assert_int_equal(left[a][b], a == b ? 0 : ROWS / 2);
      for (int g = 0; g < 2; g++) assert_int_equal(grouped[g][a][b], a == b ? 0 : ROWS / 4);
    }
  kz__study_release(&s);
}

static bool same_file(const char *a, const char *b) {
  size_t n, m;
  char *x = read_text(a, &n), *y = read_text(b, &m);
  bool same = n == m && !memcmp(x, y, n);
  free(x);
  free(y);
  return same;
}

static void test_seed(void **state) {
  struct kz_study_options o = options();
  (void)state;
  make("seed/one", &o);
  make("seed/two", &o);
  assert_true(same_file(in_dir("seed/one/page/index.html"), in_dir("seed/two/page/index.html")));
  assert_true(same_file(in_dir("seed/one/key.json"), in_dir("seed/two/key.json")));
  o.seed = 5;
  make("seed/three", &o);
  assert_false(same_file(in_dir("seed/one/page/index.html"),
                         in_dir("seed/three/page/index.html")));
}

/* No name of a method or of its files, no date, no note inside a picture; all pictures there. */
static void test_blind(void **state) {
  struct kz_study_options o = options();
  char path[512];
  int pictures = 0;
  (void)state;
  o.title = "</script><b>Cave";
  make("blind", &o);
  DIR *d = opendir(in_dir("blind/page"));
  assert_non_null(d);
  for (struct dirent *e; (e = readdir(d));) {
    struct stat st;
    size_t size;
    if (e->d_name[0] == '.') continue;
    snprintf(path, sizeof path, "%s/%s", in_dir("blind/page"), e->d_name);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mtime, 946684800);
    char *text = read_text(path, &size);
    assert_null(memmem(text, size, "secret", 6));
    assert_null(memmem(text, size, "kizil-eval-", 11));
    assert_null(memmem(text, size, "tEXt", 4));
    assert_null(memmem(text, size, "tIME", 4));
    if (!strcmp(e->d_name, "index.html")) {
      assert_non_null(strstr(text, "<title>&lt;/script&gt;&lt;b&gt;Cave</title>"));
      assert_null(strstr(text, "</script><b>"));
      assert_null(strstr(text, "http"));
      assert_null(strstr(text, "\"original\":"));
    } else {
      assert_int_equal(strlen(e->d_name), 20);
      pictures++;
    }
    free(text);
  }
  closedir(d);
  assert_int_equal(pictures, ROWS * 4); /* damaged, and three results */
}

/* The damaged picture hides the original under the mask and is the original elsewhere. */
static void test_pictures(void **state) {
  struct kz_study_options o = options();
  struct kz_err err = {0};
  o.show_original = true, o.lang = 1;
  (void)state;
  make("shown", &o);
  char *page = read_text(in_dir("shown/page/index.html"), NULL), name[64];
  assert_non_null(strstr(page, "<html lang=\"zh-Hans\">"));
  struct kz_pixels damaged = {0}, original = {0};
  for (int k = 0; k < 2; k++) {
    const char *key = k ? "\"original\":\"" : "\"damaged\":\"";
    const char *at = strstr(page, key);
    assert_non_null(at);
    snprintf(name, sizeof name, "shown/page/%.16s.png", at + strlen(key));
    assert_ok(kz_pixels_load(in_dir(name), 0, 0, k ? &original : &damaged, &err));
  }
  int same = 0, differ = 0;
  for (int y = 0; y < H; y++)
    for (int x = 0; x < W; x++) {
      bool hole = x >= 6 && x < 18 && y >= 4 && y < 12;
      bool equal = !memcmp(&damaged.data[3 * (y * W + x)], &original.data[3 * (y * W + x)], 3);
      if (!hole) assert_true(equal);
      *(hole ? &differ : &same) += hole ? !equal : equal;
    }
  assert_true(same == W * H - 96 && differ > 90);
  kz_pixels_release(&damaged);
  kz_pixels_release(&original);
  free(page);
}

/* ---- answers ---- */

/* By a rater who always prefers one method, and else, or without one (-1), tosses a coin, which
 * knows rater, row and pair of methods but no order: that follows from the folder's name. Of the
 * trials before `end`. */
static bool coin(const char *rater, int row, int pair) {
  return noise_at((uint32_t)rater[0], (uint32_t)(16 * row + pair)) > 0;
}
static void answer(const char *folder, const char *rater, int favourite, int end) {
  struct kz__study s;
  struct kz_err err = {0};
  char path[64], text[8192];
  snprintf(path, sizeof path, "%s/key.json", folder);
  assert_ok(kz__study_load_key(&s, in_dir(path), &err));
  snprintf(text, sizeof text, "{\"study\":\"%s\",\"rater\":\"%s\",\"answers\":[", s.id, rater);
  for (int i = 0; i < s.trial_count && i < end; i++) {
    const struct kz__trial *t = &s.trials[i];
    bool lower = coin(rater, t->row, kz__study_pair(&s, t->left, t->right));
    bool left = lower == (t->left < t->right);
    if (t->left == favourite) left = true;
    if (t->right == favourite) left = false;
    snprintf(text + strlen(text), sizeof text - strlen(text),
             "%s{\"trial\":%d,\"choice\":\"%s\",\"seconds\":%d.5}", i ? "," : "", i + 1,
             left ? "left" : "right", i + 1);
  }
  strncat(text, "]}\n", sizeof text - strlen(text) - 1);
  kz__study_release(&s);
  snprintf(path, sizeof path, "%s-%s.json", folder, rater);
  eval_write(path, text);
}

static struct kz_study_analysis *analyse(const char *folder, int count, const char *const *raters) {
  struct kz_study_analysis *a = NULL;
  struct kz_err err = {0};
  const struct kz_study_options o = options();
  const char *paths[6];
  char name[64], key[64];
  for (int i = 0; i < count; i++) {
    snprintf(name, sizeof name, "%s-%s.json", folder, raters[i]);
    paths[i] = in_dir(name);
  }
  snprintf(key, sizeof key, "%s/key.json", folder);
  assert_ok(kz_study_analyse(in_dir(key), paths, count, &o, &a, &err));
  return a;
}

static void test_favourite(void **state) {
  const struct kz_study_options o = options();
  struct kz_err err = {0};
  (void)state;
  make("fav", &o);
  answer("fav", "anna", 1, 1000);
  answer("fav", "bert", 1, 1000);
  answer("fav", "carl", 1, 20);
  struct kz_study_analysis *a = analyse("fav", 3, (const char *[]){"anna", "bert", "carl"});
  const struct kz__preference *all = &a->preference[2 * 3]; /* pairs (0,1), (0,2), (1,2) */
  assert_true(all[0].share.mean == 0 && all[0].first == 0 && all[0].hi < .25);
  assert_true(all[2].share.mean == 1 && all[2].share.lo == 1 && all[2].lo > .75);
  assert_true(all[2].n >= 2 * ROWS && all[2].n <= 3 * ROWS && all[2].share.units == ROWS);
  const struct kz__agreement *g = &a->agreement[2 * 4];
  assert_true(g[0].observed == 1 && isnan(g[0].kappa) && g[0].subjects == ROWS);
  assert_true(g[1].observed <= 1 && g[3].subjects == TRIALS);
  assert_int_equal(a->raters[0].answered, TRIALS + REPEATS);
  assert_int_equal(a->raters[0].again, REPEATS);
  assert_true(a->raters[0].median == 16 && a->raters[2].median == 11);
  char *table = kz_study_analysis_table(a);
  assert_non_null(strstr(table, "1 rater did not answer all trials"));
  assert_non_null(strstr(table, "B preferred"));
  assert_non_null(strstr(table, "A preferred"));
  assert_non_null(strstr(table, "20 of 30"));
  free(table);
  assert_ok(kz_study_analysis_write(a, in_dir("fav.json"), &err));
  json_t *j = json_load_file(in_dir("fav.json"), 0, NULL);
  json_t *group = json_array_get(json_object_get(j, "groups"), 2);
  json_t *pair = json_array_get(json_object_get(group, "pairs"), 2);
  assert_string_equal(json_string_value(json_object_get(group, "name")), "all");
  assert_string_equal(json_string_value(json_object_get(pair, "preferred")), "secrettwo");
  assert_true(json_number_value(json_object_get(pair, "share_a")) == 1);
  json_t *first = json_array_get(json_object_get(j, "groups"), 0); /* 4 pictures are too few */
  pair = json_array_get(json_object_get(first, "pairs"), 2);
  assert_string_equal(json_string_value(json_object_get(pair, "preferred")), "undecided");
  json_decref(j);
  assert_int_equal(kz_study_analysis_write(a, in_dir("fav/key.json"), &err), KZ_EEXIST);
  assert_int_equal(kz_study_analysis_write(a, in_dir("fav-bert.json"), &err), KZ_EEXIST);
  kz_study_analysis_free(a);
}

static void test_random(void **state) {
  const struct kz_study_options o = options();
  (void)state;
  make("coin", &o);
  const char *const raters[] = {"h", "i", "j", "k", "l", "m"};
  for (int i = 0; i < 6; i++) answer("coin", raters[i], -1, 1000);
  struct kz_study_analysis *a = analyse("coin", 6, raters), *again = analyse("coin", 6, raters);
  for (int p = 0; p < 3; p++) {
    const struct kz__preference *q = &a->preference[2 * 3 + p];
    assert_int_equal(q->n, 6 * ROWS);
    assert_true(q->lo < .5 && q->hi > .5 && q->share.lo < .5 && q->share.hi > .5);
  }
  const struct kz__agreement *k = &a->agreement[2 * 4 + 3];
  assert_true(fabs(k->kappa) < .15 && k->lo <= k->kappa && k->hi >= k->kappa);
  char *one = kz_study_analysis_json(a), *two = kz_study_analysis_json(again);
  assert_string_equal(one, two);
  free(one);
  free(two);
  kz_study_analysis_free(a);
  kz_study_analysis_free(again);
}

/* ---- refusals ---- */

static void refuses_list(const char *text, int code, const char *message) {
  struct kz_err err = {0};
  const struct kz_study_options o = options();
  eval_write("bad.csv", text);
  assert_int_equal(kz_study_make(in_dir("bad.csv"), in_dir("bad"), &o, NULL, NULL, &err), code);
  if (!strstr(err.msg, message)) fail_msg("'%s' lacks '%s'", err.msg, message);
  assert_int_not_equal(access(in_dir("bad"), F_OK), 0);
}

static void test_bad_lists(void **state) {
  char text[1024];
  const char *const head = "original,mask,x,y\n";
  (void)state;
  make_list();
  eval_save(eval_picture(1, W + 1, H), "wide.png");
  refuses_list("", KZ_EFORMAT, "the list is empty");
  refuses_list(head, KZ_EFORMAT, "no rows");
  refuses_list("original,x,y\n", KZ_EFORMAT, "no column \"mask\"");
  refuses_list("original,mask,group,x\n", KZ_EFORMAT, "only one method");
  refuses_list("original,mask,x,x\n", KZ_EFORMAT, "two columns \"x\"");
  refuses_list("original,mask,x,\n", KZ_EFORMAT, "column 4 has no name");
  refuses_list("original,mask,x,\xff\n", KZ_EFORMAT, "line 1: is not UTF-8");
  refuses_list("original,mask,x,y\na,b,c\n", KZ_EFORMAT, "line 2: fewer fields");
  refuses_list("original,mask,x,y\na,b,c,\n", KZ_EFORMAT, "line 2, column \"y\": empty");
  refuses_list("original,mask,x,y\na,b,c,d\na,b,e,f\n", KZ_EFORMAT, "lines 2 and 3 are one");
  snprintf(text, sizeof text, "%s%s,%s,%s,%s\n", head, in_dir("o0.png"), in_dir("m0.png"),
           in_dir("o1.png"), in_dir("nowhere.png"));
  refuses_list(text, KZ_ENOENT, "line 2, column \"y\"");
  snprintf(text, sizeof text, "%s%s,%s,%s,%s\n", head, in_dir("o0.png"), in_dir("m0.png"),
           in_dir("wide.png"), in_dir("o1.png"));
  refuses_list(text, KZ_ESHAPE, "line 2, column \"x\"");
  /* Sound in its head, cut short after it: found when the pictures are written. */
  FILE *f = fopen(in_dir("o0.png"), "r+");
  assert_non_null(f);
  assert_int_equal(ftruncate(fileno(f), 400), 0);
  fclose(f);
  snprintf(text, sizeof text, "%s%s,%s,%s,%s\n", head, in_dir("o1.png"), in_dir("m0.png"),
           in_dir("o0.png"), in_dir("o1.png"));
  refuses_list(text, KZ_EFORMAT, "bad.csv: line 2: ");
  make_list();
}

static bool stop_at_once(void *user) {
  (void)user;
  return true;
}

static void test_places(void **state) {
  struct kz_study_options o = options();
  struct kz_err err = {0};
  const struct kz_study_host host = {.stop = stop_at_once};
  (void)state;
  make("twice", &o);
  const char *list = in_dir("list.csv");
  assert_int_equal(kz_study_make(list, in_dir("twice"), &o, NULL, NULL, &err), KZ_EEXIST);
  assert_non_null(strstr(err.msg, "a study is there already"));
  assert_int_equal(kz_study_make(list, in_dir("stopped"), &o, &host, NULL, &err), KZ_EINTR);
  assert_int_not_equal(access(in_dir("stopped"), F_OK), 0);
  o.title = "\xff";
  assert_int_equal(kz_study_make(list, in_dir("stopped"), &o, NULL, NULL, &err), KZ_EFORMAT);
  assert_int_not_equal(access(in_dir("stopped"), F_OK), 0);
}

static void refuses_answers(const char *key, const char *text, const char *message) {
  struct kz_study_analysis *a = NULL;
  struct kz_err err = {0};
  const struct kz_study_options o = options();
  if (text) eval_write("bad.json", text);
  const char *const paths[] = {in_dir("bad.json")};
  assert_int_equal(kz_study_analyse(in_dir(key), paths, 1, &o, &a, &err), KZ_EFORMAT);
  if (!strstr(err.msg, message)) fail_msg("'%s' lacks '%s'", err.msg, message);
  assert_null(a);
}

static void refuses_answer(const char *id, const char *answers, const char *message) {
  char text[512];
  snprintf(text, sizeof text, "{\"study\":\"%s\",\"rater\":\"r\",\"answers\":[%s]}", id, answers);
  refuses_answers("ref/key.json", text, message);
}

static void test_bad_answers(void **state) {
  const struct kz_study_options o = options();
  struct kz_study_analysis *a = NULL;
  struct kz_err err = {0};
  struct kz__study s;
  char id[17];
  (void)state;
  make("ref", &o);
  assert_ok(kz__study_load_key(&s, in_dir("ref/key.json"), &err));
  memcpy(id, s.id, sizeof id);
  kz__study_release(&s);
  const char good[] = "{\"trial\":1,\"choice\":\"left\",\"seconds\":1}";
  char two[256];
  snprintf(two, sizeof two, "%s,%s", good, good);
  refuses_answers("ref/key.json", "{\"study\":\n oops", "bad.json: line 2, column ");
  refuses_answers("ref/key.json", "[]", "no file of answers");
  refuses_answers("ref/key.json", "{\"study\":\"x\",\"answers\":[]}", "no \"rater\"");
  refuses_answer("0123456789abcdef", good, "answers study 0123456789abcdef, not ");
  refuses_answer(id, "", "holds no answer");
  refuses_answer(id, two, "answer 2: trial 1 is answered twice");
  refuses_answer(id, "{\"trial\":31,\"choice\":\"left\",\"seconds\":1}", "trial 31 is not in");
  refuses_answer(id, "{\"trial\":0,\"choice\":\"left\",\"seconds\":1}", "trial 0 is not in");
  refuses_answer(id, "{\"choice\":\"left\",\"seconds\":1}", "answer 1: no trial");
  refuses_answer(id, "{\"trial\":1,\"choice\":\"both\",\"seconds\":1}", "neither \"left\"");
  refuses_answer(id, "{\"trial\":1,\"choice\":\"left\",\"seconds\":-1}", "is no time");
  refuses_answer(id, "7", "answer 1: no trial");
  answer("ref", "r", 0, 3);
  const char *const twice[] = {in_dir("ref-r.json"), in_dir("ref-r.json")};
  assert_int_equal(kz_study_analyse(in_dir("ref/key.json"), twice, 2, &o, &a, &err), KZ_EFORMAT);
  assert_non_null(strstr(err.msg, "are both by rater \"r\""));
  assert_int_equal(kz_study_analyse(in_dir("none.json"), twice, 1, &o, &a, &err), KZ_ENOENT);
}

static void test_bad_keys(void **state) {
  char text[1024];
  const char *const start = "{\"study\":\"0123456789abcdef\",\"methods\":[\"a\",\"b\"],"
                            "\"pictures\":[{\"original\":\"o\"}],\"trials\":[";
  static const struct {
    const char *trials, *message;
  } cases[] = {{"", "no trials"},
               {"{\"trial\":1,\"picture\":2,\"left\":\"a\",\"right\":\"b\"}", "trial 1 cannot"},
               {"{\"trial\":1,\"picture\":1,\"left\":\"a\",\"right\":\"a\"}", "trial 1 cannot"},
               {"{\"trial\":1,\"picture\":1,\"left\":\"a\",\"right\":\"c\"}", "trial 1 cannot"},
               {"{\"trial\":2,\"picture\":1,\"left\":\"a\",\"right\":\"b\"}", "trial 1 cannot"},
               {"{\"trial\":1,\"picture\":1,\"left\":\"a\",\"right\":\"b\",\"repeats\":1}",
                "trial 1 cannot"}};
  (void)state;
  eval_write("bad.json", "{}");
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    snprintf(text, sizeof text, "%s%s]}", start, cases[i].trials);
    eval_write("key.json", text);
    refuses_answers("key.json", NULL, cases[i].message);
  }
  eval_write("key.json", "{}");
  refuses_answers("key.json", NULL, "is no key of a study");
  eval_write("key.json", "{\"study\":\"0123456789abcdef\",\"methods\":[\"a\",3]}");
  refuses_answers("key.json", NULL, "method 2 cannot");
}

static int setup(void **state) {
  if (eval_setup(state)) return -1;
  make_list();
  return 0;
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_sides),      cmocka_unit_test(test_seed),
      cmocka_unit_test(test_blind),      cmocka_unit_test(test_pictures),
      cmocka_unit_test(test_favourite),  cmocka_unit_test(test_random),
      cmocka_unit_test(test_bad_lists),  cmocka_unit_test(test_places),
      cmocka_unit_test(test_bad_answers), cmocka_unit_test(test_bad_keys)};
  return cmocka_run_group_tests(tests, setup, eval_teardown);
}
