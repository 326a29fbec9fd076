/* Writing a study. All of the page is made in a hidden folder beside, which takes its name when the
 * key is there: a page without its key would be worth nothing. Pictures are written in the order of
 * their names, by one writer, from plain pixels, and get one date: nothing about a file but its
 * pixels tells where it comes from. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <kizil/report.h>

#include "base/file.h"
#include "eval/study.h"
#include "report/plaster.h"

#define FIELD(f) offsetof(struct kz_study_options, f)
static const char *const langs[] = {"en", "zh", NULL};
const struct kz_param kz_study_params[] = {
    {.name = "seed", .type = KZ_PARAM_INT, .offset = FIELD(seed), .def = 0, .min = 0,
     .max = 9007199254740992.0, .unit = "",
     .help = "of order and sides; of the resampling behind intervals"},
    {.name = "repeat", .type = KZ_PARAM_FLOAT, .offset = FIELD(repeat), .def = .1, .min = 0,
     .max = .5, .unit = "", .help = "share of trials shown twice, sides exchanged"},
    {.name = "title", .type = KZ_PARAM_STRING, .offset = FIELD(title), .help = "of the page"},
    {.name = "lang", .type = KZ_PARAM_CHOICE, .offset = FIELD(lang), .choices = langs, .unit = "",
     .help = "language of the page"},
    {.name = "show-original", .type = KZ_PARAM_BOOL, .offset = FIELD(show_original), .max = 1,
     .unit = "", .help = "show the undamaged original too"},
    {.name = "resamples", .type = KZ_PARAM_INT, .offset = FIELD(resamples), .def = 2000, .min = 100,
     .max = 100000, .unit = "", .help = "bootstrap samples for each interval"},
    {0}};
#undef FIELD

/* ---- pictures ---- */

/* Plaster, hatched so that it cannot be taken for part of the painting. */
static void mark_damage(struct kz_pixels *p, const struct kz_pixels *mask) {
  const int shorter = p->width < p->height ? p->width : p->height;
  const int line = shorter / 256 + 1, period = 6 * line;
  for (int y = 0; y < p->height; y++)
    for (int x = 0; x < p->width; x++) {
      int64_t i = (int64_t)y * p->width + x;
      if (mask->data[i] <= 127) continue;
      bool dark = (x + y) % period < line;
      for (int c = 0; c < 3; c++)
        p->data[3 * i + c] = dark ? kz__plaster[c] / 2 : kz__plaster[c];
    }
}

/* Sizes once more: a file may have changed since its header was read. */
static int load_damaged(const struct kz__study_row *r, struct kz_pixels *p, struct kz_err *err) {
  struct kz_pixels mask = {0};
  int code = kz_report_load(r->original, p, err);
  if (!code) code = kz_report_load_mask(r->mask, &mask, err);
  if (!code && (mask.width != p->width || mask.height != p->height))
    code = kz_err_set(err, KZ_ESHAPE, "%s is %d x %d px, the original %s %d x %d", r->mask,
                      mask.width, mask.height, r->original, p->width, p->height);
  if (!code) mark_damage(p, &mask);
  kz_pixels_release(&mask);
  return code;
}

static int write_picture(const struct kz__study *s, int file, const char *path,
                         struct kz_err *err) {
  const int kinds = KZ__RESULTS + s->method_count, kind = file % kinds;
  const struct kz__study_row *r = &s->rows[file / kinds];
  struct kz_pixels p = {0};
  int code = kind == KZ__DAMAGED ? load_damaged(r, &p, err)
                                 : kz_report_load(kind == KZ__ORIGINAL ? r->original
                                                  : r->result[kind - KZ__RESULTS], &p, err);
  if (code) kz_err_prefix(err, "%s: line %d", s->path, r->line);
  if (!code) code = kz_pixels_save(&p, path, err);
  kz_pixels_release(&p);
  return code;
}

struct named {
  const char *name;
  int file;
};

static int by_name(const void *a, const void *b) {
  return strcmp(((const struct named *)a)->name, ((const struct named *)b)->name);
}

static int write_pictures(const struct kz__study *s, const struct kz_study_options *o,
                          const kz__name *names, const char *folder,
                          const struct kz_study_host *h, struct kz_err *err) {
  const int files = kz__study_files(s), kinds = KZ__RESULTS + s->method_count;
  struct named *order = malloc((size_t)files * sizeof *order);
  int n = 0, code = 0;
  if (!order) return kz_err_set(err, KZ_ENOMEM, "%s: no memory for %d pictures", s->path, files);
  for (int i = 0; i < files; i++)
    if (i % kinds != KZ__ORIGINAL || o->show_original) order[n++] = (struct named){names[i], i};
  qsort(order, (size_t)n, sizeof *order, by_name);
  for (int i = 0; i < n && !code; i++) {
    char *path = kz_format("%s/%s.png", folder, order[i].name);
    if (h->stop && h->stop(h->user))
      code = kz_err_set(err, KZ_EINTR, "stopped after %d of %d pictures; nothing is kept", i, n);
    else if (!path)
      code = kz_err_set(err, KZ_ENOMEM, "%s: out of memory", folder);
    else
      code = write_picture(s, order[i].file, path, err);
    free(path);
    if (!code && h->progress) h->progress(h->user, i + 1, n);
  }
  free(order);
  return code;
}

/* ---- the folder ---- */

static int fail(struct kz_err *err, const char *path, const char *what) {
  return kz_err_set(err, KZ_EIO, "%s: cannot %s: %s", path, what, strerror(errno));
}

static void remove_folder(const char *folder) {
  DIR *d = opendir(folder);
  if (!d) return;
  for (struct dirent *e; (e = readdir(d));)
    if (strcmp(e->d_name, ".") && strcmp(e->d_name, "..")) unlinkat(dirfd(d), e->d_name, 0);
  closedir(d);
  rmdir(folder);
}

/* One date for all files: the first of January 2000. */
static int set_dates(const char *folder, struct kz_err *err) {
  const struct timespec date[2] = {{.tv_sec = 946684800}, {.tv_sec = 946684800}};
  DIR *d = opendir(folder);
  int code = d ? 0 : fail(err, folder, "read");
  for (struct dirent *e; !code && (e = readdir(d));)
    if (strcmp(e->d_name, "..") && utimensat(dirfd(d), e->d_name, date, 0))
      code = fail(err, folder, "date its files");
  if (d) closedir(d);
  return code;
}

struct places {
  char *page, *key, *made, *index;
  bool new_folder;
};

static int find_places(struct places *p, const char *folder, struct kz_err *err) {
  p->page = kz_format("%s/page", folder);
  p->key = kz_format("%s/key.json", folder);
  p->made = p->page ? kz_temp_beside(p->page) : NULL;
  p->index = p->made ? kz_format("%s/index.html", p->made) : NULL;
  if (!p->page || !p->key || !p->index)
    return kz_err_set(err, KZ_ENOMEM, "%s: out of memory", folder);
  for (int k = 0; k < 2; k++)
    if (kz_file_exists(k ? p->key : p->page))
      return kz_err_set(err, KZ_EEXIST, "%s: a study is there already; choose another folder",
                        k ? p->key : p->page);
  p->new_folder = !kz_file_exists(folder);
  int code = kz_mkdirs(folder, err);
  if (!code && mkdir(p->made, 0777)) code = fail(err, p->made, "make the folder");
  return code;
}

static int write_all(const struct kz__study *s, const struct kz_study_options *o,
                     const kz__name *names, const char *folder, const struct kz_study_host *h,
                     struct kz_err *err) {
  struct places p = {0};
  int code = find_places(&p, folder, err);
  if (!code) code = write_pictures(s, o, names, p.made, h, err);
  if (!code) code = kz__study_write_page(s, o, names, p.index, err);
  if (!code) code = set_dates(p.made, err);
  if (!code) code = kz__study_write_key(s, o, names, p.key, err);
  if (!code && rename(p.made, p.page)) {
    code = fail(err, p.page, "write");
    unlink(p.key);
  }
  if (code && p.made) remove_folder(p.made);
  if (code && p.new_folder) rmdir(folder);
  free(p.page);
  free(p.key);
  free(p.made);
  free(p.index);
  return code;
}

int kz_study_make(const char *list, const char *folder, const struct kz_study_options *o,
                  const struct kz_study_host *host, struct kz_study_made *made,
                  struct kz_err *err) {
  static const struct kz_study_host alone = {0};
  struct kz__study s;
  kz__name *names = NULL;
  int code = kz__study_load_list(&s, list, err);
  if (code) return code;
  code = kz__study_plan(&s, o, &names, err);
  if (!code)
    code = write_all(&s, o, (const kz__name *)names, folder, host ? host : &alone, err);
  if (!code && made) {
    *made = (struct kz_study_made){.pictures = s.count, .methods = s.method_count,
                                   .trials = s.trial_count};
    made->repeats = s.trial_count - s.count * kz__study_pairs(&s);
  }
  free(names);
  kz__study_release(&s);
  return code;
}
