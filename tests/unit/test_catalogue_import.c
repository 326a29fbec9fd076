/* What enters a catalogue by a list: the pictures it names, facts, parts, reviews; and that what an
 * export wrote comes back the same. */
#include "catalogue_fixture.h"

#include <kizil/export.h>

#include "catalogue/listing.h"

struct heard {
  int count;
  char text[2000];
};

static void hear(void *user, const char *message) {
  struct heard *h = user;
  h->count++;
  size_t n = strlen(h->text);
  snprintf(h->text + n, sizeof h->text - n, "%s\n", message);
}

static int import(struct kz_catalogue *c, const char *list, const char *root, struct heard *h,
                  struct kz_catalogue_imported *i, struct kz_err *err) {
  const struct kz_catalogue_host host = {.user = h, .failed = hear};
  const struct kz_catalogue_import_options o = {
      .list = list, .root = root, .split = true, .threads = 1};
  *h = (struct heard){0};
  return kz_catalogue_import(c, &o, &host, i, err);
}

static void write_text(const char *name, const char *text) {
  write_file(in_folder(name), text, strlen(text));
}

/* a/one.png a/two.png a/three.png b/one.png; two pictures called one.png. */
static void make_pictures(void) {
  mkdir(in_folder("a"), 0700);
  mkdir(in_folder("b"), 0700);
  make_picture("a/one.png", 24, 20, 1);
  make_picture("a/two.png", 25, 20, 2);
  make_picture("a/three.png", 26, 20, 3);
  make_picture("b/one.png", 27, 20, 4);
}

static void test_manifest(void **state) {
  (void)state;
  struct kz_err err = {0};
  struct kz_catalogue_imported i;
  struct heard h;
  make_pictures();
  write_text("list.csv", "file,width,split,site,caption\n"
                         "a/one.png,24,train,Kizil,\"one, of two\"\nb/one.png,27,val,Mogao,\n"
                         "a/none.png,1,train,Kizil,\na/two.png,25,unused,Kizil,\n");
  struct kz_catalogue *c = open_catalogue("a.db");
  assert_ok(import(c, in_folder("list.csv"), NULL, &h, &i, &err));
  assert_int_equal(i.told.lines, 4);
  assert_int_equal(i.told.used, 3);
  assert_int_equal(i.told.unknown, 1);
  assert_int_equal(i.added.total.images, 3);
  assert_int_equal(i.unlisted, 1);
  assert_int_equal(i.parted, 2);
  assert_int_equal(h.count, 2);
  assert_non_null(strstr(h.text, "line 4: 'a/none.png' is not there"));
  assert_non_null(strstr(h.text, "a/three.png: is not in the list"));
  assert_string_equal(ask_text(c, "SELECT group_concat(part || width) FROM (SELECT part, width FROM"
                                  " split JOIN image ON id = image ORDER BY width)"),
                      "train24,val27");
  /* Two of one name are told apart, which the end of a path would not. */
  assert_string_equal(ask_text(c, "SELECT value FROM fact JOIN image ON id = image"
                                  " WHERE key = 'site' AND width = 27"), "Mogao");
  assert_string_equal(ask_text(c, "SELECT value FROM fact WHERE key = 'caption'"), "one, of two");

  /* Again: nothing new. Then elsewhere than its pictures. */
  assert_ok(import(c, in_folder("list.csv"), NULL, &h, &i, &err));
  assert_int_equal(i.added.total.images, 0);
  assert_int_equal(i.added.unchanged, 3);
  assert_int_equal(i.parted, 2);
  mkdir(in_folder("lists"), 0700);
  assert_int_equal(rename(in_folder("list.csv"), in_folder("lists/list.csv")), 0);
  assert_ok(import(c, in_folder("lists/list.csv"), NULL, &h, &i, &err));
  assert_int_equal(i.told.used, 0);
  assert_ok(import(c, in_folder("lists/list.csv"), folder, &h, &i, &err));
  assert_int_equal(i.told.used, 3);
  assert_fails(import(c, in_folder("lists/list.csv"), in_folder("none"), &h, &i, &err), KZ_ENOENT,
               "no such folder");
  assert_fails(import(c, in_folder("none.csv"), NULL, &h, &i, &err), KZ_ENOENT, "none.csv");
  kz_catalogue_close(c);
}

/* The hash of a list holds, whatever the file is called; a part that leaks is not taken. */
static void test_content_and_leaks(void **state) {
  (void)state;
  struct kz_err err = {0};
  struct kz_catalogue_imported i;
  struct heard h;
  char text[500];
  make_pictures();
  struct kz_catalogue *c = open_catalogue("a.db");
  snprintf(text, sizeof text,
           "{\"file\": \"a/one.png\", \"sha256\": \"%064d\", \"site\": \"Kizil\"}\n\n"
           "{\"file\": \"a/two.png\", \"site\": \"Mogao\", \"year\": 1906, \"split\": \"train\"}\n"
           "{\"file\": \"b/one.png\", \"mural\": \"x\", \"split\": \"val\"}\n", 7);
  write_text("list.jsonl", text);
  assert_ok(import(c, in_folder("list.jsonl"), NULL, &h, &i, &err));
  assert_int_equal(i.told.used, 2);
  assert_non_null(strstr(h.text, "line 1: 'a/one.png' has other content than the list says"));
  assert_int_equal(ask(c, "SELECT count(*) FROM fact WHERE value = 'Kizil'"), 0);
  assert_int_equal(ask(c, "SELECT value FROM fact WHERE key = 'year'"), 1906);
  assert_int_equal(i.parted, 2);

  assert_ok(kz__db_exec(c, "DELETE FROM split; INSERT INTO pair(a, b, kind, overlap, correlation)"
                           " SELECT min(id), max(id), 'same', 1, 1"
                           " FROM image WHERE width IN (25, 27)", &err));
  assert_fails(import(c, in_folder("list.jsonl"), NULL, &h, &i, &err), KZ_EFORMAT,
               "its parts are not taken");
  assert_int_equal(i.told.used, 2);
  assert_int_equal(i.parted, 0);
  assert_int_equal(ask(c, "SELECT count(*) FROM split"), 0);

  write_text("bad.jsonl", "{\"file\": \"a/one.png\"}\n{\"file\"\n");
  assert_fails(import(c, in_folder("bad.jsonl"), NULL, &h, &i, &err), KZ_EFORMAT,
               "bad.jsonl: line 2");
  write_text("bad.jsonl", "{\"site\": \"Kizil\"}\n");
  assert_fails(import(c, in_folder("bad.jsonl"), NULL, &h, &i, &err), KZ_EFORMAT,
               "neither 'file' nor 'sha256'");
  kz_catalogue_close(c);
}

/* ---- there and back ---- */

static int tell_entry(void *user, const struct kz_catalogue_entry *e, struct kz_err *err) {
  FILE *f = user;
  (void)err;
  fprintf(f, "%s %s %s|%s|%s", e->sha256, e->path, e->part ? e->part : "-",
          e->caption[0] ? e->caption[0] : "-", e->caption[1] ? e->caption[1] : "-");
  for (int i = 0; i < e->fact_count; i++)
    if (strcmp(e->facts[i].key, "split")) fprintf(f, "|%s=%s", e->facts[i].key, e->facts[i].value);
  fputc('\n', f);
  return 0;
}

static char *tell(struct kz_catalogue *c) {
  struct kz_err err = {0};
  char *text = NULL;
  size_t size;
  FILE *f = open_memstream(&text, &size);
  assert_ok(kz_catalogue_each(c, NULL, tell_entry, f, &err));
  fclose(f);
  return text;
}

static void make_original(struct kz_catalogue *c) {
  struct kz_err err = {0};
  struct kz_catalogue_added added;
  struct kz_catalogue_told told;
  int64_t image = 0;
  make_pictures();
  assert_int_equal(rename(in_folder("a/two.png"), in_folder("a/tw\xff,\n\\o.png")), 0);
  make_picture("a/small.png", 40, 12, 7);
  make_picture("a/out.png", 40, 40, 8);
  assert_ok(add_to(c, in_folder("a"), NULL, NULL, &added, &err));
  assert_ok(add_to(c, in_folder("b"), NULL, NULL, &added, &err));
  write_text("facts.csv", "file,site,caption,caption-zh,note of hand\n"
                          "a/one.png,\"Ki, \"\"zil\"\"\","
                          "\"two\r\nlines\",\xe9\xa3\x9e\xe5\xa4\xa9,  x \n");
  assert_ok(kz_catalogue_meta(c, in_folder("facts.csv"), NULL, &told, &err));
  assert_ok(kz_catalogue_find(c, in_folder("a/small.png"), &image, &err));
  assert_ok(kz_catalogue_review(c, image, true, "a seal, \"small\"", "Li", &err));
  assert_ok(kz_catalogue_find(c, in_folder("a/out.png"), &image, &err));
  assert_ok(kz_catalogue_review(c, image, false, "not ours", "Li", &err));
  assert_ok(kz__db_exec(c, "INSERT INTO split SELECT id, CASE WHEN width = 26 THEN 'test'"
                           " ELSE 'train' END FROM image JOIN chosen USING(id)"
                           " WHERE width <> 24", &err));
  assert_int_equal(ask(c, "SELECT count(*) FROM chosen"), 5);
}

static void test_there_and_back(void **state) {
  (void)state;
  static const char *const formats[] = {"csv", "jsonl", "list"};
  struct kz_err err = {0};
  struct kz_catalogue_imported i;
  struct kz_export_told told;
  struct heard h;
  struct kz_catalogue *c = open_catalogue("a.db");
  make_original(c);
  char *before = tell(c), name[64];
  for (int k = 0; k < 3; k++) {
    struct kz_export_options o = {0};
    kz_params_defaults(kz_export_params, &o);
    assert_ok(kz_export_format_find(formats[k], &o.as, &err));
    snprintf(name, sizeof name, "t.%s", formats[k]);
    o.out = in_folder(name);
    assert_ok(kz_export(c, &o, NULL, &told, &err));
    char list[200];
    snprintf(list, sizeof list, "%.190s", o.out);
    snprintf(name, sizeof name, "%s.db", formats[k]);
    struct kz_catalogue *copy = open_catalogue(name);
    assert_ok(import(copy, list, NULL, &h, &i, &err));
    assert_int_equal(h.count, 0);
    assert_int_equal(i.added.total.images, 5);
    if (k < 2) { /* a training list holds neither all facts nor words of persons */
      assert_int_equal(i.reviews, 1);
      assert_string_equal(ask_text(copy, "SELECT reason || who FROM review"),
                          "a seal, \"small\"Li");
      char *after = tell(copy);
      assert_string_equal(before, after);
      free(after);
      /* No figure of kizil's own became a fact. */
      assert_int_equal(ask(copy, "SELECT count(*) FROM fact WHERE key NOT IN ('site', 'split',"
                                 " 'caption', 'caption-zh', 'note of hand')"), 0);
      assert_ok(import(copy, list, NULL, &h, &i, &err));
      assert_int_equal(i.reviews, 0);
    }
    assert_int_equal(ask(copy, "SELECT count(*) FROM split"), k < 2 ? 4 : 3);
    kz_catalogue_close(copy);
  }
  free(before);
  kz_catalogue_close(c);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup(test_manifest, clean_folder),
      cmocka_unit_test_setup(test_content_and_leaks, clean_folder),
      cmocka_unit_test_setup(test_there_and_back, clean_folder),
  };
  return cmocka_run_group_tests(tests, catalogue_setup, catalogue_teardown);
}
