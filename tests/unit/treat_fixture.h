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

static inline void put32(FILE *f, uint32_t v, uint32_t *crc) {
  uint8_t b[4] = {(uint8_t)(v >> 24), (uint8_t)(v >> 16), (uint8_t)(v >> 8), (uint8_t)v};
  fwrite(b, 1, 4, f);
  *crc = 0;
}

static inline void put_chunk(FILE *f, const char *name, const uint8_t *data, size_t n) {
  uint32_t crc;
  put32(f, (uint32_t)n, &crc);
  fwrite(name, 1, 4, f);
  if (n) fwrite(data, 1, n, f);
  crc = 0xffffffffu;
  for (size_t i = 0; i < n + 4; i++) {
    crc ^= i < 4 ? (uint8_t)name[i] : data[i - 4];
    for (int k = 0; k < 8; k++) crc = crc & 1 ? 0xedb88320u ^ (crc >> 1) : crc >> 1;
  }
  put32(f, crc ^ 0xffffffffu, &crc);
}

/* A PNG of indices (or grey values, without a palette), stored and not packed. */
static inline void put_depth(const char *path, int w, int h, int depth, const char *indices,
                             const uint8_t *palette, int colours) {
  uint8_t head[13] = {0, 0, 0, (uint8_t)w, 0, 0, 0, (uint8_t)h, (uint8_t)depth, palette ? 3 : 0};
  uint8_t z[1024] = {0x78, 1, 1};
  uint32_t a = 1, b = 0;
  size_t n = 7, bytes = ((size_t)w * depth + 7) / 8, raw = (bytes + 1) * h;
  FILE *f = fopen(path, "wb");
  assert_non_null(f);
  assert_true(raw < 1000);
  z[3] = (uint8_t)raw;
  z[4] = (uint8_t)(raw >> 8);
  z[5] = (uint8_t)~z[3];
  z[6] = (uint8_t)~z[4];
  for (int y = 0; y < h; y++, n += bytes + 1)
    for (int x = 0; x < w; x++)
      z[n + 1 + (size_t)(x * depth / 8)] |=
          (uint8_t)((indices[y * w + x] - '0') << (8 - depth - x * depth % 8));
  for (size_t i = 7; i < n; i++) {
    a = (a + z[i]) % 65521;
    b = (b + a) % 65521;
  }
  for (int i = 0; i < 4; i++) z[n++] = (uint8_t)((b << 16 | a) >> (24 - 8 * i));
  fwrite("\x89PNG\r\n\x1a\n", 1, 8, f);
  put_chunk(f, "IHDR", head, 13);
  if (palette) put_chunk(f, "PLTE", palette, (size_t)colours * 3);
  put_chunk(f, "IDAT", z, n);
  put_chunk(f, "IEND", NULL, 0);
  fclose(f);
}

#endif
