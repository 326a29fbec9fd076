/* What the tests of the catalogue share: a folder of their own, pictures in it, measuring that is
 * fast and known, and a dump of a catalogue without numbers and times. */
#ifndef CATALOGUE_FIXTURE_H
#define CATALOGUE_FIXTURE_H

#include <ftw.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include <kizil/catalogue.h>
#include <kizil/image.h>

#include "catalogue/db.h"
#include "catalogue/measure.h"

#define FIXTURE_UNUSED __attribute__((unused))
#define assert_ok(call)                                    \
  do {                                                     \
    int code_ = (call);                                    \
    if (code_) fail_msg("%s: %d %s", #call, code_, err.msg); \
  } while (0)
/* The call fails with this code, and a message that holds these words. */
#define assert_fails(call, wanted, words)                                                   \
  do {                                                                                      \
    err = (struct kz_err){0};                                                               \
    int code_ = (call);                                                                     \
    if (code_ != (wanted)) fail_msg("%s: %d %s", #call, code_, err.msg);                    \
    if (!strstr(err.msg, words)) fail_msg("%s: '%s' lacks '%s'", #call, err.msg, words);    \
  } while (0)

static FIXTURE_UNUSED char folder[64];

static FIXTURE_UNUSED const char *in_folder(const char *name) {
  static char path[8][512];
  static int turn;
  turn = (turn + 1) % 8;
  snprintf(path[turn], sizeof path[turn], "%s/%s", folder, name);
  return path[turn];
}

static FIXTURE_UNUSED int remove_one(const char *path, const struct stat *st, int kind,
                                     struct FTW *at) {
  (void)st, (void)kind, (void)at;
  return remove(path);
}

static FIXTURE_UNUSED int catalogue_setup(void **state) {
  (void)state;
  struct kz_err err;
  snprintf(folder, sizeof folder, "/tmp/kizil-catalogue-XXXXXX");
  return kz_image_startup("test", 1, &err) || !mkdtemp(folder) ? -1 : 0;
}

static FIXTURE_UNUSED int catalogue_teardown(void **state) {
  (void)state;
  return nftw(folder, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

/* Each test begins with nothing. */
static FIXTURE_UNUSED int clean_folder(void **state) {
  catalogue_teardown(state);
  return mkdir(folder, 0700);
}

/* ---- measuring ---- */

static const struct kz_screen_measure fixture_side = {
    .name = "short-side", .unit = "px", .help = "", .threshold = 16, .sense = -1,
    .reason = "too small: %g px"};
static const struct kz_screen_measure fixture_mean = {
    .name = "mean", .unit = "", .help = "", .threshold = 250, .sense = 1,
    .reason = "too bright: %g"};
static const struct kz_screen_measure fixture_odd = {
    .name = "odd", .unit = "", .help = "", .threshold = 1, .sense = 1, .reason = "odd: %g"};
static const struct kz_screen_measure *const fixture_measures[] = {&fixture_side, &fixture_mean,
                                                                   &fixture_odd, NULL};

static size_t fixture_scratch(int w, int h) { return (size_t)w * (size_t)h; }

static FIXTURE_UNUSED int fixture_measured; /* pictures; atomic */

static void fixture_measure(const struct kz_screen_picture *p, int factor, int full_w, int full_h,
                            struct kz__measured *out, void *scratch) {
  double sum = 0;
  size_t n = 3 * (size_t)p->w * (size_t)p->h;
  memset(scratch, 1, (size_t)p->w * (size_t)p->h);
  for (size_t i = 0; i < n; i++) sum += p->rgb[i];
  out->values[0] = full_w < full_h ? full_w : full_h;
  out->values[1] = sum / (double)n;
  out->values[2] = NAN;
  memset(out->map, factor, sizeof out->map);
  memcpy(out->print, p->rgb, 3);
  out->print_size = 3;
  __atomic_add_fetch(&fixture_measured, 1, __ATOMIC_RELAXED);
}

static FIXTURE_UNUSED const struct kz__measuring fixture_measuring = {
    .measures = fixture_measures,
    .print_version = 7,
    .scratch = fixture_scratch,
    .measure = fixture_measure,
};

/* ---- pictures and files ---- */

static FIXTURE_UNUSED void write_file(const char *path, const void *data, size_t size) {
  FILE *f = fopen(path, "wb");
  if (!f) fail_msg("%s", path);
  assert_int_equal(fwrite(data, 1, size, f), size);
  assert_int_equal(fclose(f), 0);
}

static FIXTURE_UNUSED void *read_file(const char *path, size_t *size) {
  FILE *f = fopen(path, "rb");
  if (!f) fail_msg("%s", path);
  fseek(f, 0, SEEK_END);
  *size = (size_t)ftell(f);
  rewind(f);
  void *data = malloc(*size + 1);
  assert_non_null(data);
  assert_int_equal(fread(data, 1, *size, f), *size);
  fclose(f);
  return data;
}

/* Noise of a seed, by suffix of the name in the folder. */
static FIXTURE_UNUSED const char *make_picture(const char *name, int w, int h, uint32_t seed) {
  struct kz_pixels p;
  struct kz_err err = {0};
  assert_ok(kz_pixels_init(&p, w, h, 3, &err));
  for (int i = 0; i < w * h * 3; i++) {
    seed = seed * 1664525u + 1013904223u;
    p.data[i] = (uint8_t)(60 + (seed >> 25));
  }
  assert_ok(kz_pixels_save(&p, in_folder(name), &err));
  kz_pixels_release(&p);
  return in_folder(name);
}

/* ---- catalogues ---- */

static FIXTURE_UNUSED struct kz_catalogue *open_catalogue(const char *name) {
  struct kz_err err = {0};
  struct kz_catalogue *c = NULL;
  if (access(in_folder(name), F_OK)) assert_ok(kz_catalogue_create(in_folder(name), &err));
  assert_ok(kz_catalogue_open(in_folder(name), &c, &err));
  c->measuring = &fixture_measuring;
  return c;
}

/* The first column of the first row as a number. */
static FIXTURE_UNUSED int64_t ask(struct kz_catalogue *c, const char *sql) {
  struct kz_err err = {0};
  int64_t value = 0;
  assert_ok(kz__db_number(c, sql, -1, &value, &err));
  return value;
}

/* The same as text; static buffer. */
static FIXTURE_UNUSED const char *ask_text(struct kz_catalogue *c, const char *sql) {
  static char text[600];
  struct kz_err err = {0};
  sqlite3_stmt *s = NULL;
  assert_ok(kz__db_prepare(c, sql, &s, &err));
  const char *found = sqlite3_step(s) == SQLITE_ROW ? (const char *)sqlite3_column_text(s, 0) : "";
  snprintf(text, sizeof text, "%s", found ? found : "");
  sqlite3_finalize(s);
  return text;
}

/* All that does not depend on when, or in which order, it was written; the caller frees. */
static FIXTURE_UNUSED char *dump(struct kz_catalogue *c) {
  static const char *const queries[] = {
      "SELECT sha256, bytes, format, width, height, bands, bits, is_float, frames, profile,"
      " orientation, error FROM image ORDER BY 1",
      "SELECT hex(path), sha256, size, mtime_ns, inode, gone, f.error FROM file f"
      " LEFT JOIN image i ON i.id = f.image ORDER BY 1",
      "SELECT sha256, key, value, source FROM fact JOIN image i ON i.id = image ORDER BY 1, 2, 4",
      "SELECT sha256, measure, value FROM score JOIN image i ON i.id = image ORDER BY 1, 2",
      "SELECT sha256, hex(map) FROM damage JOIN image i ON i.id = image ORDER BY 1",
      "SELECT sha256, version, hex(print) FROM print JOIN image i ON i.id = image ORDER BY 1",
      "SELECT sha256, kind, params, confidence, applied FROM clean JOIN image i ON i.id = image"
      " ORDER BY 1, 2",
      "SELECT sha256, measure, reason FROM verdict JOIN image i ON i.id = image ORDER BY 1, 2",
  };
  struct kz_err err = {0};
  char *text = NULL;
  size_t size;
  FILE *f = open_memstream(&text, &size);
  assert_non_null(f);
  for (size_t q = 0; q < sizeof queries / sizeof *queries; q++) {
    sqlite3_stmt *s = NULL;
    int row;
    assert_ok(kz__db_prepare(c, queries[q], &s, &err));
    while ((row = kz__db_step(c, s, &err)) == 1) {
      for (int i = 0; i < sqlite3_column_count(s); i++) {
        const char *v = (const char *)sqlite3_column_text(s, i);
        fprintf(f, "%s|", v ? v : "NULL");
      }
      fputc('\n', f);
    }
    assert_int_equal(row, 0);
    sqlite3_finalize(s);
    fputc('\n', f);
  }
  fclose(f);
  return text;
}

static FIXTURE_UNUSED int add_to(struct kz_catalogue *c, const char *what, const char *copy,
                                 const struct kz_catalogue_host *host,
                                 struct kz_catalogue_added *added, struct kz_err *err) {
  const char *folders[] = {what};
  struct kz_catalogue_add_options o = {.threads = 2, .copy = copy};
  return kz_catalogue_add(c, folders, 1, &o, host, added, err);
}

#endif
