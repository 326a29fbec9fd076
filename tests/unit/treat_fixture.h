/* What the tests of treatment share: pictures of letters. A map or a plan is shown as one letter a
 * pixel, so that a test reads as the picture it means. */
#ifndef TREAT_FIXTURE_H
#define TREAT_FIXTURE_H

#include "image_fixture.h"

#include <kizil/treat.h>

enum { CRACK = 0, CRAQUELURE = 1, LOSS = 3, REPAIR = 18 };

/* The class of a letter, and back; '.' is sound. */
static inline int class_of(char c) {
  static const char letters[] = "cqflpbdseoxtmygawGrU";
  const char *at = c == '.' ? NULL : strchr(letters, c);
  return at ? (int)(at - letters) : -1;
}

static inline char letter_of(int cls) { return "cqflpbdseoxtmygawGrU"[cls]; }

static inline void show_rows(const struct kz_treat_rows *r, char *out) {
  for (int y = 0; y < r->height; y++) {
    memset(out, '.', (size_t)r->width);
    int end = 0;
    for (int64_t i = r->row[y]; i < r->row[y + 1]; i++) {
      assert_true(r->runs[i].x >= end && r->runs[i].len > 0);
      end = r->runs[i].x + r->runs[i].len;
      assert_true(end <= r->width);
      memset(out + r->runs[i].x, letter_of(r->runs[i].id), (size_t)r->runs[i].len);
    }
    out += r->width;
    *out++ = '\n';
  }
  *out = 0;
}

static inline void assert_map(const struct kz_treat_map *map, const char *want) {
  char got[4096];
  assert_true((map->rows.width + 1) * map->rows.height < (int)sizeof got);
  show_rows(&map->rows, got);
  assert_string_equal(got, want);
}

static inline void put_text(const char *path, const char *text) {
  FILE *f = fopen(path, "wb");
  assert_non_null(f);
  assert_int_equal(fwrite(text, 1, strlen(text), f), strlen(text));
  fclose(f);
}

/* A map from a picture of letters. */
static inline void make_map(struct kz_treat_map *map, const char *picture) {
  *map = (struct kz_treat_map){0};
  struct kz_treat_rows *r = &map->rows;
  size_t size = strlen(picture);
  r->width = (int)(strchr(picture, '\n') - picture);
  r->height = (int)size / (r->width + 1);
  r->row = calloc((size_t)r->height + 1, sizeof *r->row);
  r->runs = calloc(size, sizeof *r->runs);
  r->run_cap = (int64_t)size;
  for (int y = 0; y < r->height; y++) {
    const char *p = picture + (size_t)y * (r->width + 1);
    for (int x = 0; x < r->width;) {
      int end = x + 1;
      while (end < r->width && p[end] == p[x]) end++;
      if (p[x] != '.') {
        r->runs[r->run_count++] = (struct kz_treat_run){x, end - x, class_of(p[x])};
        map->area[class_of(p[x])] += end - x;
      }
      x = end;
    }
    r->row[y + 1] = r->run_count;
  }
}

#endif
