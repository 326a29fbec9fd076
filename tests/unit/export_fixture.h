/* What the tests of exports share: a catalogue with names that are hard to write down, exports in a
 * line, a listener. */
#ifndef EXPORT_FIXTURE_H
#define EXPORT_FIXTURE_H

#include "catalogue_fixture.h"

#include <dirent.h>

#include <kizil/csv.h>
#include <kizil/export.h>

enum { IMAGES = 6 };
static const char *const names[IMAGES] = {"plain.png",  "a, \"b\".png", "new\nline.png",
                                          "bad\xff.png", " space.png",   "photo.jpg"};

/* Six images in p/ with facts and parts, and one that is out. */
static FIXTURE_UNUSED struct kz_catalogue *make_catalogue(void) {
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

static FIXTURE_UNUSED struct kz_export_options options(const char *as, const char *out) {
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

static FIXTURE_UNUSED struct kz_export_told export_as(struct kz_catalogue *c, const char *as,
                                                       const char *out) {
  struct kz_export_options o = options(as, out);
  struct kz_export_told told;
  struct kz_err err = {0};
  assert_ok(kz_export(c, &o, NULL, &told, &err));
  return told;
}

/* Files of the folder whose names hold `part`. */
static FIXTURE_UNUSED int count_files(const char *where, const char *part) {
  DIR *d = opendir(in_folder(where));
  assert_non_null(d);
  int count = 0;
  for (const struct dirent *e; (e = readdir(d));)
    if (strcmp(e->d_name, ".") && strcmp(e->d_name, "..") && strstr(e->d_name, part)) count++;
  closedir(d);
  return count;
}

static FIXTURE_UNUSED bool same_bytes(const char *a, const char *b) {
  size_t na, nb;
  void *x = read_file(in_folder(a), &na), *y = read_file(in_folder(b), &nb);
  bool same = na == nb && !memcmp(x, y, na);
  free(x);
  free(y);
  return same;
}

static FIXTURE_UNUSED const char *field(const struct kz_csv_record *head,
                                         const struct kz_csv_record *r, const char *name) {
  assert_null(r->problem);
  assert_int_equal(head->count, r->count);
  for (int i = 0; i < head->count; i++)
    if (!strcmp(head->fields[i], name)) return r->fields[i];
  fail_msg("no column %s", name);
  return NULL;
}

struct heard {
  int count, stop_after;
  char text[2000];
};

static FIXTURE_UNUSED void hear(void *user, const char *message) {
  struct heard *h = user;
  h->count++;
  size_t n = strlen(h->text);
  snprintf(h->text + n, sizeof h->text - n, "%s\n", message);
}

static FIXTURE_UNUSED bool stop_later(void *user) {
  struct heard *h = user;
  return h->stop_after && !--h->stop_after;
}

#endif
