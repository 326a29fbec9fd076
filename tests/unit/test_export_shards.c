/* Pictures that leave a catalogue: WebDataset's shards, read back by libarchive, stopped and
 * resumed; folders; as the files are and as cleaning shows them. */
#include "export_fixture.h"

#include <archive.h>
#include <archive_entry.h>
#include <jansson.h>

#include "base/file.h"

/* ---- shards ---- */

struct member {
  char name[80];
  char *data;
  size_t size;
};

/* Read all members of a tar; returns how many. */
static int read_tar(const char *name, struct member *members, int room) {
  struct archive *a = archive_read_new();
  struct archive_entry *e;
  int count = 0;
  archive_read_support_format_tar(a);
  assert_int_equal(archive_read_open_filename(a, in_folder(name), 10240), ARCHIVE_OK);
  while (archive_read_next_header(a, &e) == ARCHIVE_OK) {
    assert_in_range(count, 0, room - 1);
    struct member *m = &members[count++];
    snprintf(m->name, sizeof m->name, "%s", archive_entry_pathname(e));
    assert_int_equal(archive_entry_mtime(e), 0);
    assert_int_equal(archive_entry_uid(e) + archive_entry_gid(e), 0);
    m->size = (size_t)archive_entry_size(e);
    m->data = malloc(m->size + 1);
    assert_int_equal(archive_read_data(a, m->data, m->size), m->size);
    m->data[m->size] = 0;
  }
  assert_int_equal(archive_errno(a), 0);
  archive_read_free(a);
  return count;
}

static void free_members(struct member *m, int count) {
  for (int i = 0; i < count; i++) free(m[i].data);
}

static void hash(const struct member *m, char hex[65]) {
  struct kz_err err = {0};
  write_file(in_folder("member"), m->data, m->size);
  assert_ok(kz_file_sha256(in_folder("member"), hex, &err));
}

static void test_shards(void **state) {
  (void)state;
  struct kz_err err = {0};
  struct kz_export_told told;
  struct member m[3 * IMAGES];
  char hex[65], last[65] = "", name[64];
  int samples = 0, captioned = 0;
  struct kz_catalogue *c = make_catalogue();
  struct kz_export_options o = options("webdataset", in_folder("w/mur"));
  o.shard_count = 4;
  assert_ok(kz_export(c, &o, NULL, &told, &err));
  assert_int_equal(told.images, IMAGES);
  assert_int_equal(told.files, 2);
  for (int shard = 0; shard < 2; shard++) {
    snprintf(name, sizeof name, "w/mur-%06d.tar", shard);
    int count = read_tar(name, m, 3 * IMAGES);
    assert_int_equal(count, shard ? 6 : 12);
    for (int i = 0; i < count; i += 3, samples++) {
      hash(&m[i], hex); /* the file's own bytes, by the key of their hash, in order */
      assert_int_equal(strncmp(m[i].name, hex, 16), 0);
      assert_int_equal(strncmp(m[i + 1].name, hex, 16), 0);
      assert_string_equal(strchr(m[i + 1].name, '.'), ".json");
      assert_string_equal(strchr(m[i + 2].name, '.'), ".txt");
      assert_true(strcmp(last, hex) < 0);
      snprintf(last, sizeof last, "%s", hex);
      json_t *record = json_loads(m[i + 1].data, 0, NULL);
      assert_string_equal(json_string_value(json_object_get(record, "file")), m[i].name);
      assert_string_equal(json_string_value(json_object_get(record, "sha256")), hex);
      assert_null(strstr(m[i + 1].data, folder)); /* no path of this machine */
      const char *caption = json_string_value(json_object_get(record, "caption"));
      assert_string_equal(m[i + 2].data, caption ? caption : "");
      captioned += caption != NULL;
      json_decref(record);
    }
    free_members(m, count);
  }
  assert_int_equal(samples, IMAGES);
  assert_int_equal(captioned, 2);
  json_t *index = json_load_file(in_folder("w/mur.json"), 0, NULL);
  json_t *list = json_object_get(index, "shardlist"), *first = json_array_get(list, 0);
  struct stat st;
  assert_int_equal(stat(in_folder("w/mur-000000.tar"), &st), 0);
  assert_int_equal(json_array_size(list), 2);
  assert_int_equal(json_integer_value(json_object_get(first, "nsamples")), 4);
  assert_int_equal(json_integer_value(json_object_get(first, "filesize")), st.st_size);
  json_decref(index);

  /* The same bytes again, elsewhere. */
  o.out = in_folder("again/mur");
  assert_ok(kz_export(c, &o, NULL, &told, &err));
  assert_true(same_bytes("w/mur-000000.tar", "again/mur-000000.tar"));
  assert_true(same_bytes("w/mur-000001.tar", "again/mur-000001.tar"));
  assert_true(same_bytes("w/mur.json", "again/mur.json"));

  /* A place that is taken; anew, fewer shards. */
  assert_fails(kz_export(c, &o, NULL, &told, &err), KZ_EEXIST, "mur.json: is there already");
  o.overwrite = true;
  o.shard_count = 100;
  assert_ok(kz_export(c, &o, NULL, &told, &err));
  assert_int_equal(count_files("again", ".tar"), 1);
  kz_catalogue_close(c);
}

static void test_large_file(void **state) {
  (void)state;
  enum { TAIL = 17 << 20 };
  struct kz_err err = {0};
  struct kz_catalogue_added added;
  struct member m[3];
  size_t size;
  char hex[65];
  struct kz_catalogue *c = open_catalogue("a.db");
  mkdir(in_folder("p"), 0700);
  char *data = read_file(make_picture("p/one.png", 30, 20, 5), &size);
  data = realloc(data, size + TAIL); /* what follows a picture is passed over by decoders */
  for (size_t i = 0; i < TAIL; i++) data[size + i] = (char)(i * 2654435761u >> 24);
  write_file(in_folder("p/one.png"), data, size + TAIL);
  free(data);
  assert_ok(add_to(c, in_folder("p"), NULL, NULL, &added, &err));
  struct kz_export_told told = export_as(c, "webdataset", in_folder("big"));
  assert_int_equal(told.images, 1);
  assert_int_equal(read_tar("big-000000.tar", m, 3), 3);
  assert_int_equal(m[0].size, size + TAIL);
  hash(&m[0], hex);
  assert_int_equal(strncmp(m[0].name, hex, 16), 0);
  free_members(m, 3);
  kz_catalogue_close(c);
}

/* ---- stopped, resumed ---- */

static void test_stop_and_resume(void **state) {
  (void)state;
  struct kz_err err = {0};
  struct kz_export_told told;
  struct heard h = {.stop_after = IMAGES + 4}; /* asked once for each image in each of two visits */
  const struct kz_catalogue_host host = {.user = &h, .stop = stop_later};
  struct kz_catalogue *c = make_catalogue();
  struct kz_export_options o = options("webdataset", in_folder("whole/mur"));
  o.shard_count = 2;
  assert_ok(kz_export(c, &o, NULL, &told, &err));
  o = options("webdataset", in_folder("cut/mur"));
  o.shard_count = 2;
  assert_int_equal(kz_export(c, &o, &host, &told, &err), KZ_EINTR);
  assert_int_equal(count_files("cut", ""), 2); /* one shard and the index; no part of another */
  assert_fails(kz_export(c, &o, NULL, &told, &err), KZ_EEXIST, "--resume");
  o.resume = true;
  assert_ok(kz_export(c, &o, NULL, &told, &err));
  assert_int_equal(told.before, 2);
  assert_int_equal(told.images, IMAGES);
  assert_int_equal(told.files, 2);
  for (int i = 0; i < 3; i++) {
    char a[64], b[64];
    snprintf(a, sizeof a, "whole/mur-%06d.tar", i);
    snprintf(b, sizeof b, "cut/mur-%06d.tar", i);
    assert_true(same_bytes(a, b));
  }
  assert_true(same_bytes("whole/mur.json", "cut/mur.json"));
  /* Finished: nothing more to do. Changed since: refused. A shard lost: refused. */
  assert_ok(kz_export(c, &o, NULL, &told, &err));
  assert_int_equal(told.files, 0);
  assert_int_equal(told.before, IMAGES);
  assert_int_equal(unlink(in_folder("cut/mur-000001.tar")), 0);
  assert_fails(kz_export(c, &o, NULL, &told, &err), KZ_EEXIST, "missing or changed");
  assert_ok(kz__db_exec(c, "UPDATE fact SET value = 'x' WHERE key = 'site'", &err));
  assert_fails(kz_export(c, &o, NULL, &told, &err), KZ_EEXIST, "have changed");
  write_file(in_folder("cut/mur.json"), "{}", 2);
  assert_fails(kz_export(c, &o, NULL, &told, &err), KZ_EEXIST, "not an index");
  kz_catalogue_close(c);
}

/* ---- pictures as cleaning shows them ---- */

static void test_pixels(void **state) {
  (void)state;
  struct kz_err err = {0};
  struct kz_export_told told;
  struct kz_pixels whole, part, small;
  char name[200];
  int64_t image = 0;
  const struct kz_view crop = {.x = 2, .y = 3, .w = 18, .h = 16};
  struct kz_catalogue *c = make_catalogue();
  assert_ok(kz_catalogue_find(c, in_folder("p/plain.png"), &image, &err));
  assert_ok(kz_catalogue_clean(c, image, KZ_CATALOGUE_CROP, KZ_CATALOGUE_CLEAN_GIVEN, &crop,
                               "frame", "Li", &err));
  struct kz_export_options o = options("folder", in_folder("f"));
  o.pixels = true;
  o.encoding = 1;
  assert_ok(kz_export(c, &o, NULL, &told, &err));
  assert_int_equal(told.images, IMAGES);
  assert_int_equal(count_files("f/train", ".png"), IMAGES / 2);
  assert_ok(kz_pixels_load(in_folder("p/plain.png"), 0, 0, &whole, &err));
  snprintf(name, sizeof name, "f/train/%.64s.png",
           ask_text(c, "SELECT sha256 FROM image WHERE width = 24 AND height = 20"));
  assert_ok(kz_pixels_load(in_folder(name), 0, 0, &part, &err));
  assert_int_equal(part.width, 18);
  assert_int_equal(part.height, 16);
  for (int y = 0; y < 16; y++)
    assert_memory_equal(part.data + y * 18 * 3, whole.data + ((y + 3) * 24 + 2) * 3, 18 * 3);
  /* Its list speaks of what is written. */
  struct kz_csv csv;
  struct kz_csv_record head, r;
  int rows = 0;
  assert_ok(kz_csv_load(&csv, in_folder("f/list.csv"), &err));
  assert_true(kz_csv_next(&csv, &head));
  for (; kz_csv_next(&csv, &r); rows++) {
    snprintf(name, sizeof name, "f/%.150s", field(&head, &r, "file"));
    assert_ok(kz_pixels_load(in_folder(name), 0, 0, &small, &err));
    assert_int_equal(small.width, strtol(field(&head, &r, "width"), NULL, 10));
    assert_string_equal(field(&head, &r, "crop"), "");
    kz_pixels_release(&small);
  }
  assert_int_equal(rows, IMAGES);
  kz_csv_release(&csv);
  kz_pixels_release(&whole);
  kz_pixels_release(&part);
  /* In shards, reduced; the record's size is the picture's. */
  struct member m[3 * IMAGES];
  o = options("webdataset", in_folder("px"));
  o.pixels = true;
  o.short_side = 8;
  assert_ok(kz_export(c, &o, NULL, &told, &err));
  int count = read_tar("px-000000.tar", m, 3 * IMAGES);
  assert_int_equal(count, 3 * IMAGES);
  for (int i = 0; i < count; i += 3) {
    write_file(in_folder("one.jpg"), m[i].data, m[i].size);
    assert_ok(kz_pixels_load(in_folder("one.jpg"), 0, 0, &small, &err));
    json_t *record = json_loads(m[i + 1].data, 0, NULL);
    assert_int_equal(small.width < small.height ? small.width : small.height, 8);
    assert_int_equal(json_integer_value(json_object_get(record, "width")), small.width);
    assert_null(json_object_get(record, "crop"));
    json_decref(record);
    kz_pixels_release(&small);
  }
  free_members(m, count);
  kz_catalogue_close(c);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup(test_shards, clean_folder),
      cmocka_unit_test_setup(test_large_file, clean_folder),
      cmocka_unit_test_setup(test_stop_and_resume, clean_folder),
      cmocka_unit_test_setup(test_pixels, clean_folder),
  };
  return cmocka_run_group_tests(tests, catalogue_setup, catalogue_teardown);
}
