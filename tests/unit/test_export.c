/* What leaves a catalogue as text, read back by other means: CSV, JSON, COCO; what is left out,
 * what is refused, a disk that is full. */
#include "export_fixture.h"

#include <glib.h>
#include <jansson.h>
#include <signal.h>
#include <sys/resource.h>

#include "base/file.h"

/* ---- text ---- */

static void test_list(void **state) {
  (void)state;
  struct kz_err err = {0};
  struct kz_csv csv;
  struct kz_csv_record head, r;
  char hex[65];
  int rows = 0, seen = 0;
  struct kz_catalogue *c = make_catalogue();
  struct kz_export_told told = export_as(c, "list", in_folder("train.csv"));
  assert_int_equal(told.images, IMAGES);
  assert_int_equal(told.files, 1);
  assert_ok(kz_csv_load(&csv, in_folder("train.csv"), &err));
  assert_int_equal(strncmp(csv.text, KZ_EXPORT_LIST_HEADER "\n", sizeof KZ_EXPORT_LIST_HEADER), 0);
  assert_true(kz_csv_next(&csv, &head));
  for (; kz_csv_next(&csv, &r); rows++) {
    /* The path's bytes, relative: it opens, and holds what the hash says. */
    const char *file = field(&head, &r, "file");
    assert_ok(kz_file_sha256(in_folder(file), hex, &err));
    assert_string_equal(hex, field(&head, &r, "sha256"));
    for (int i = 0; i < IMAGES; i++) seen |= !strcmp(file + 2, names[i]) << i;
    int width = (int)strtol(field(&head, &r, "width"), NULL, 10);
    assert_string_equal(field(&head, &r, "part"), width % 2 ? "val" : "train");
    assert_string_equal(field(&head, &r, "height"), "20");
    assert_string_equal(field(&head, &r, "crop"), "");
    if (strcmp(file, "p/plain.png")) continue;
    assert_string_equal(field(&head, &r, "caption"), "He said \"a\nb\"");
    assert_string_equal(field(&head, &r, "caption-zh"), "\xe5\xa3\x81\xe7\x94\xbb");
    assert_string_equal(field(&head, &r, "site"), "Mogao, west");
  }
  assert_int_equal(rows, IMAGES);
  assert_int_equal(seen, (1 << IMAGES) - 1);
  kz_csv_release(&csv);
  kz_catalogue_close(c);
}

/* The value of a column as the table would show it. */
static void show_value(const json_t *v, char *to, size_t size) {
  if (json_is_string(v)) snprintf(to, size, "%s", json_string_value(v));
  else if (json_is_integer(v)) snprintf(to, size, "%lld", (long long)json_integer_value(v));
  else if (json_is_real(v)) snprintf(to, size, "%.9g", json_real_value(v));
  else if (json_is_true(v)) snprintf(to, size, "yes");
  else if (json_is_array(v)) {
    size_t n = 0, i;
    json_t *one;
    json_array_foreach(v, i, one) {
      if (i) to[n++] = ' ';
      show_value(one, to + n, size - n);
      n += strlen(to + n);
    }
  } else snprintf(to, size, "%s", "");
}

static void test_tables(void **state) {
  (void)state;
  struct kz_err err = {0};
  struct kz_csv csv;
  struct kz_csv_record head, r;
  char shown[600], path[300];
  int rows = 0, odd = 0;
  struct kz_catalogue *c = make_catalogue();
  const struct kz_view crop = {.x = 2, .y = 3, .w = 10, .h = 11};
  int64_t image = 0;
  assert_ok(kz_catalogue_find(c, in_folder("p/plain.png"), &image, &err));
  assert_ok(kz_catalogue_clean(c, image, KZ_CATALOGUE_CROP, KZ_CATALOGUE_CLEAN_GIVEN, &crop,
                               "a frame", "Li", &err));
  assert_ok(kz_catalogue_review(c, image, true, "good, \"very\"", "Li", &err));
  export_as(c, "csv", in_folder("t.csv"));
  export_as(c, "jsonl", in_folder("t.jsonl"));
  FILE *lines = fopen(in_folder("t.jsonl"), "rb");
  assert_non_null(lines);
  assert_ok(kz_csv_load(&csv, in_folder("t.csv"), &err));
  assert_true(kz_csv_next(&csv, &head));
  for (; kz_csv_next(&csv, &r); rows++) {
    json_t *object = json_loadf(lines, JSON_DISABLE_EOF_CHECK, NULL);
    assert_non_null(object);
    int filled = 0;
    for (int i = 0; i < head.count; i++) {
      const json_t *v = json_object_get(object, head.fields[i]);
      show_value(v, shown, sizeof shown);
      assert_string_equal(r.fields[i], shown);
      filled += v != NULL;
    }
    assert_int_equal(filled, json_object_size(object)); /* no column is missing */
    const char *exact = field(&head, &r, "file-base64");
    gsize size = 0;
    guchar *bytes = *exact ? g_base64_decode(exact, &size) : NULL;
    snprintf(path, sizeof path, "%.*s", (int)size, bytes ? (const char *)bytes : "");
    if (!bytes) snprintf(path, sizeof path, "%s", field(&head, &r, "file"));
    assert_int_equal(access(in_folder(path), R_OK), 0);
    if (bytes) {
      odd++;
      assert_string_equal(path, "p/bad\xff.png");
      assert_string_equal(field(&head, &r, "file"), "p/bad\\xff.png");
    }
    g_free(bytes);
    if (!strcmp(path, "p/plain.png")) {
      assert_string_equal(field(&head, &r, "crop"), "2 3 10 11");
      assert_string_equal(field(&head, &r, "review"), "in");
      assert_string_equal(field(&head, &r, "review-reason"), "good, \"very\"");
      assert_string_equal(field(&head, &r, "score:short-side"), "20");
      assert_string_equal(field(&head, &r, "licence"), "CC BY");
    }
    json_decref(object);
  }
  assert_int_equal(rows, IMAGES);
  assert_int_equal(odd, 1);
  fclose(lines);
  kz_csv_release(&csv);
  kz_catalogue_close(c);
}

static void test_coco(void **state) {
  (void)state;
  struct kz_catalogue *c = make_catalogue();
  export_as(c, "coco", in_folder("coco.json"));
  json_t *all = json_load_file(in_folder("coco.json"), 0, NULL), *one;
  size_t i;
  int captions = 0;
  assert_non_null(all);
  json_t *images = json_object_get(all, "images");
  assert_int_equal(json_array_size(images), IMAGES);
  assert_int_equal(json_array_size(json_object_get(all, "licenses")), 2);
  json_array_foreach(images, i, one) {
    int licence = (int)json_integer_value(json_object_get(one, "license"));
    assert_int_equal(json_integer_value(json_object_get(one, "id")), i + 1);
    assert_in_range(licence, 1, 2);
    json_t *row = json_array_get(json_object_get(all, "licenses"), (size_t)licence - 1);
    assert_int_equal(json_integer_value(json_object_get(row, "id")), licence);
    const char *name = json_string_value(json_object_get(one, "file_name"));
    bool free_one = strstr(name, "plain") || strstr(name, "photo");
    assert_string_equal(json_string_value(json_object_get(row, "name")),
                        free_one ? "CC BY" : "none stated");
  }
  json_array_foreach(json_object_get(all, "annotations"), i, one) {
    size_t image = (size_t)json_integer_value(json_object_get(one, "image_id"));
    const char *caption = json_string_value(json_object_get(one, "caption"));
    const char *name =
        json_string_value(json_object_get(json_array_get(images, image - 1), "file_name"));
    assert_int_equal(json_integer_value(json_object_get(one, "id")), i + 1);
    assert_string_equal(caption, strstr(name, "photo") ? "flying, apsara" : "He said \"a\nb\"");
    captions++;
  }
  assert_int_equal(captions, 2);
  json_decref(all);
  kz_catalogue_close(c);
}

static void test_stream_and_part(void **state) {
  (void)state;
  struct kz_err err = {0};
  struct kz_export_told told;
  char *text = NULL;
  size_t size;
  struct kz_catalogue *c = make_catalogue();
  struct kz_export_options o = options("jsonl", NULL);
  o.to = open_memstream(&text, &size);
  o.part = "val";
  assert_ok(kz_export(c, &o, NULL, &told, &err));
  assert_int_equal(told.images, IMAGES / 2);
  fflush(o.to);
  assert_non_null(strstr(text, "\"file\":\"/")); /* a stream lies nowhere */
  assert_null(strstr(text, "\"part\":\"train\""));
  o.part = "test";
  assert_fails(kz_export(c, &o, NULL, &told, &err), KZ_ENOENT, "no image is in part 'test'");
  o.as = kz_export_formats[4];
  assert_fails(kz_export(c, &o, NULL, &told, &err), KZ_EUNSUPPORTED, "stream");
  fclose(o.to);
  free(text);
  /* Parts that leak. */
  o = options("list", in_folder("leak.csv"));
  assert_ok(kz__db_exec(c, "INSERT INTO pair(a, b, kind, overlap, correlation)"
                           " SELECT min(id), max(id), 'same', 1, 1 FROM image"
                           " WHERE width IN (24, 25) AND height = 20", &err));
  assert_int_equal(ask(c, "SELECT count(DISTINCT part) FROM split JOIN pair ON image IN (a, b)"),
                   2);
  err = (struct kz_err){0};
  assert_int_equal(kz_export(c, &o, NULL, &told, &err), KZ_EFORMAT);
  assert_int_not_equal(access(in_folder("leak.csv"), F_OK), 0);
  kz_catalogue_close(c);
}

/* ---- what is left out ---- */

static void test_left_out(void **state) {
  (void)state;
  struct kz_err err = {0};
  struct kz_export_told told;
  size_t size;
  struct kz_catalogue *c = make_catalogue();
  assert_int_equal(unlink(in_folder("p/plain.png")), 0);
  char *data = read_file(in_folder("p/photo.jpg"), &size);
  data[size / 2] ^= 1; /* of the same size: only its hash tells */
  write_file(in_folder("p/photo.jpg"), data, size);
  free(data);
  for (int i = 0; kz_export_formats[i]; i++) {
    const char *as = kz_export_formats[i]->name;
    struct heard h = {0};
    const struct kz_catalogue_host host = {.user = &h, .failed = hear};
    char out[64];
    snprintf(out, sizeof out, "out-%s", as);
    struct kz_export_options o = options(as, in_folder(out));
    assert_ok(kz_export(c, &o, &host, &told, &err));
    bool all = !strcmp(as, "csv") || !strcmp(as, "jsonl");
    int expected = all ? 0 : kz_export_formats[i]->text ? 1 : 2;
    assert_int_equal(told.left_out, expected);
    assert_int_equal(told.images, IMAGES - expected);
    assert_int_equal(h.count, expected);
    if (expected) assert_non_null(strstr(h.text, "plain.png: left out: is not there any more"));
    if (expected == 2) assert_non_null(strstr(h.text, "photo.jpg: left out: has changed since"));
  }
  kz_catalogue_close(c);
}

/* ---- a full disk ---- */

static void test_disk_full(void **state) {
  (void)state;
  struct kz_err err = {0};
  struct kz_export_told told;
  struct rlimit was, limit;
  struct kz_catalogue *c = make_catalogue();
  mkdir(in_folder("full"), 0700);
  for (int i = 0; kz_export_formats[i]; i++) {
    struct kz_export_options o = options(kz_export_formats[i]->name, in_folder("full/x"));
    signal(SIGXFSZ, SIG_IGN);
    getrlimit(RLIMIT_FSIZE, &was);
    limit = (struct rlimit){.rlim_cur = 500, .rlim_max = was.rlim_max};
    setrlimit(RLIMIT_FSIZE, &limit);
    err = (struct kz_err){0};
    int code = kz_export(c, &o, NULL, &told, &err);
    setrlimit(RLIMIT_FSIZE, &was);
    assert_int_equal(code, KZ_EIO);
    assert_non_null(strstr(err.msg, "cannot write: File too large"));
    if (!kz_export_formats[i]->text) assert_non_null(strstr(err.msg, "MB are needed"));
    if (kz_export_formats[i]->folder) { /* whole files may stay; here none fits */
      rmdir(in_folder("full/x/train"));
      rmdir(in_folder("full/x/val"));
      assert_int_equal(rmdir(in_folder("full/x")), 0);
    }
    assert_int_equal(count_files("full", ""), 0);
  }
  kz_catalogue_close(c);
}

/* ---- refusals ---- */

static void test_refused(void **state) {
  (void)state;
  struct kz_err err = {0};
  struct kz_export_told told;
  struct kz_catalogue *c = make_catalogue();
  const struct kz_export_format *f;
  assert_fails(kz_export_format_find("webdatset", &f, &err), KZ_ENOENT, "'webdataset'");
  struct kz_export_options o = options("csv", in_folder("a.db"));
  o.overwrite = true;
  assert_fails(kz_export(c, &o, NULL, &told, &err), KZ_EEXIST, "the catalogue itself");
  o.out = in_folder("p/plain.png");
  assert_fails(kz_export(c, &o, NULL, &told, &err), KZ_EEXIST, "an image of the catalogue");
  o.out = in_folder("none/t.csv");
  assert_fails(kz_export(c, &o, NULL, &told, &err), KZ_ENOENT, "no such folder");
  o.out = in_folder("p");
  assert_fails(kz_export(c, &o, NULL, &told, &err), KZ_EEXIST, "is a folder");
  o.out = in_folder("list.csv");
  o.overwrite = false;
  assert_fails(kz_export(c, &o, NULL, &told, &err), KZ_EEXIST, "--overwrite");
  o.resume = true;
  assert_fails(kz_export(c, &o, NULL, &told, &err), KZ_EUNSUPPORTED, "resumed");
  o = options("folder", in_folder("p"));
  assert_fails(kz_export(c, &o, NULL, &told, &err), KZ_EEXIST, "not empty");
  kz_catalogue_close(c);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup(test_list, clean_folder),
      cmocka_unit_test_setup(test_tables, clean_folder),
      cmocka_unit_test_setup(test_coco, clean_folder),
      cmocka_unit_test_setup(test_stream_and_part, clean_folder),
      cmocka_unit_test_setup(test_left_out, clean_folder),
      cmocka_unit_test_setup(test_disk_full, clean_folder),
      cmocka_unit_test_setup(test_refused, clean_folder),
  };
  return cmocka_run_group_tests(tests, catalogue_setup, catalogue_teardown);
}
