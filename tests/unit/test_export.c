/* What leaves a catalogue, read back by other means: CSV, JSON, COCO, tar; what is left out,
 * refused, stopped, resumed; a disk that is full. */
#include "catalogue_fixture.h"

#include <archive.h>
#include <archive_entry.h>
#include <dirent.h>
#include <glib.h>
#include <jansson.h>
#include <signal.h>
#include <sys/resource.h>

#include <kizil/csv.h>
#include <kizil/export.h>

#include "base/file.h"

enum { IMAGES = 6 };
static const char *const names[IMAGES] = {"plain.png",  "a, \"b\".png", "new\nline.png",
                                          "bad\xff.png", " space.png",   "photo.jpg"};

/* Six images in p/ with facts and parts, and one that is out. */
static struct kz_catalogue *make_catalogue(void) {
  static const char list[] =
      "file,site,licence,caption,caption-zh\n"
      "plain.png,\"Mogao, west\",CC BY,\"He said \"\"a\nb\"\"\",\xe5\xa3\x81\xe7\x94\xbb\n"
      "\"new\nline.png\",Kizil,,,\nphoto.jpg,,CC BY,\"flying, apsara\",\n";
  struct kz_err err = {0};
  struct kz_catalogue_added added;
  struct kz_catalogue_told told;
  char name[64];
  mkdir(in_folder("p"), 0700);
  for (int i = 0; i < IMAGES; i++) {
    snprintf(name, sizeof name, "p/%s", names[i]);
    make_picture(name, 24 + i, 20, (uint32_t)i + 1);
  }
  make_picture("p/small.png", 24, 12, 99);
  write_file(in_folder("list.csv"), list, sizeof list - 1);
  struct kz_catalogue *c = open_catalogue("a.db");
  assert_ok(add_to(c, in_folder("p"), NULL, NULL, &added, &err));
  assert_ok(kz_catalogue_meta(c, in_folder("list.csv"), NULL, &told, &err));
  assert_int_equal(told.used, 3);
  assert_ok(kz_catalogue_judge(c, &err));
  assert_ok(kz__db_exec(c, "INSERT INTO split SELECT id, CASE WHEN width % 2 THEN 'val' ELSE"
                           " 'train' END FROM image JOIN chosen USING(id)", &err));
  assert_int_equal(ask(c, "SELECT count(*) FROM chosen"), IMAGES);
  return c;
}

static struct kz_export_options options(const char *as, const char *out) {
  static char kept[256]; /* of the options made last; in_folder's own texts do not last */
  struct kz_export_options o;
  struct kz_err err = {0};
  memset(&o, 0, sizeof o);
  kz_params_defaults(kz_export_params, &o);
  assert_ok(kz_export_format_find(as, &o.as, &err));
  if (out) snprintf(kept, sizeof kept, "%s", out);
  o.out = out ? kept : NULL;
  return o;
}

static struct kz_export_told export_as(struct kz_catalogue *c, const char *as, const char *out) {
  struct kz_export_options o = options(as, out);
  struct kz_export_told told;
  struct kz_err err = {0};
  assert_ok(kz_export(c, &o, NULL, &told, &err));
  return told;
}

/* Files of the folder whose names hold `part`. */
static int count_files(const char *where, const char *part) {
  DIR *d = opendir(in_folder(where));
  assert_non_null(d);
  int count = 0;
  for (const struct dirent *e; (e = readdir(d));)
    if (strcmp(e->d_name, ".") && strcmp(e->d_name, "..") && strstr(e->d_name, part)) count++;
  closedir(d);
  return count;
}

static bool same_bytes(const char *a, const char *b) {
  size_t na, nb;
  void *x = read_file(in_folder(a), &na), *y = read_file(in_folder(b), &nb);
  bool same = na == nb && !memcmp(x, y, na);
  free(x);
  free(y);
  return same;
}

/* ---- text ---- */

static const char *field(const struct kz_csv_record *head, const struct kz_csv_record *r,
                         const char *name) {
  assert_null(r->problem);
  assert_int_equal(head->count, r->count);
  for (int i = 0; i < head->count; i++)
    if (!strcmp(head->fields[i], name)) return r->fields[i];
  fail_msg("no column %s", name);
  return NULL;
}

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

/* ---- what is left out ---- */

struct heard {
  int count, stop_after;
  char text[2000];
};

static void hear(void *user, const char *message) {
  struct heard *h = user;
  h->count++;
  size_t n = strlen(h->text);
  snprintf(h->text + n, sizeof h->text - n, "%s\n", message);
}

static bool stop_later(void *user) {
  struct heard *h = user;
  return h->stop_after && !--h->stop_after;
}

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

/* ---- stopped, full, resumed ---- */

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
      cmocka_unit_test_setup(test_shards, clean_folder),
      cmocka_unit_test_setup(test_large_file, clean_folder),
      cmocka_unit_test_setup(test_left_out, clean_folder),
      cmocka_unit_test_setup(test_stop_and_resume, clean_folder),
      cmocka_unit_test_setup(test_disk_full, clean_folder),
      cmocka_unit_test_setup(test_pixels, clean_folder),
      cmocka_unit_test_setup(test_refused, clean_folder),
  };
  return cmocka_run_group_tests(tests, catalogue_setup, catalogue_teardown);
}
