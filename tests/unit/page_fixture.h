/* What the tests of the restoration page share: a picture with its result, mask and disagreement, a
 * record of it with regions of every outcome, and a look at what a page holds. */
#ifndef PAGE_FIXTURE_H
#define PAGE_FIXTURE_H

#include "image_fixture.h"

#include "base/file.h"
#include "page/page.h"

enum { WIDE = 300, HIGH = 200 };

/* ---- scenes ---- */

/* Two squares of damage and a line of one pixel. */
static inline bool damaged(int x, int y) {
  return (x >= 20 && x < 60 && y >= 10 && y < 50) || (x >= 200 && x < 220 && y >= 150 && y < 165) ||
         (y == 100 && x < WIDE);
}

static inline void put_picture(const char *name, int w, int h, uint32_t seed, uint32_t inside) {
  uint8_t *a = make_samples(w, h, 3, 8, seed), *b = make_samples(w, h, 3, 8, inside);
  for (int i = 0; i < w * h; i++)
    if (damaged(i % w, i / w)) memcpy(a + 3 * (size_t)i, b + 3 * (size_t)i, 3);
  VipsImage *im = make_vips(a, w, h, 3, 8);
  save_vips(im, name, "");
  g_object_unref(im);
  free(a);
  free(b);
}

static inline void put_mask(const char *name, int w, int h) {
  struct kz_pixels m;
  assert_int_equal(kz_pixels_init(&m, w, h, 1, NULL), 0);
  for (int i = 0; i < w * h; i++) m.data[i] = damaged(i % w, i / w) ? 255 : 0;
  assert_int_equal(kz_pixels_save(&m, in_folder(name), NULL), 0);
  kz_pixels_release(&m);
}

/* wall.tif, mask.png, out.tif, doubt.png, a model. */
static inline void make_files(int w, int h) {
  put_picture("wall.tif", w, h, 5, 6);
  put_picture("out.tif", w, h, 5, 7);
  put_mask("mask.png", w, h);
  uint16_t *doubt = calloc((size_t)w * h, sizeof *doubt);
  for (int i = 0; i < w * h; i++) doubt[i] = damaged(i % w, i / w) ? 731 : 0;
  VipsImage *im = make_vips(doubt, w, h, 1, 16);
  save_vips(im, "doubt.png", "");
  g_object_unref(im);
  free(doubt);
  write_bytes(in_folder("model"), "weights", 7);
}

static inline void say(char **to, const char *text) {
  struct kz_err err;
  if (kz_record_say(to, text, &err)) fail_msg("%s", err.msg);
}

static inline struct kz_record_region *add_region(struct kz_record *r, int x, int y, int w, int h,
                                           int outcome) {
  struct kz_record_region *g = kz_record_add_region(r);
  assert_non_null(g);
  g->x = x, g->y = y, g->width = w, g->height = h, g->pixels = (int64_t)w * h;
  g->outcome = outcome;
  return g;
}

static inline void make_record(struct kz_record *r, int w, int h, const char *result) {
  struct kz_restore_options o;
  const struct kz_restore_stats s = {.width = w, .height = h, .tiles = 1, .calls = 3,
                                     .damaged = 0.03, .seconds = 1.5, .caption = "飞天"};
  struct kz_err err;
  kz_params_defaults(kz_restore_params, &o);
  o.seed = 1234;
  o.steps = 7;
  const struct kz_record_inputs in = {
      .source = in_folder("wall.tif"), .mask = in_folder("mask.png"), .result = in_folder(result),
      .model = in_folder("model"), .doubt = in_folder("doubt.png"), .options = &o, .stats = &s};
  if (kz_record_make(r, &in, in_folder("out.tif.json"), &err)) fail_msg("%s", err.msg);
}

static inline void write_record(const struct kz_record *r, const char *name) {
  struct kz_err err;
  if (kz_record_write(r, in_folder(name), &err)) fail_msg("%s", err.msg);
}

/* A record with classes, regions of every outcome, people. */
static inline void make_full(struct kz_record *r) {
  make_files(WIDE, HIGH);
  make_record(r, WIDE, HIGH, "out.tif");
  const char *const ids[] = {"paint-loss", "crack"};
  for (int i = 0; i < 2; i++) {
    struct kz_record_class *c = kz_record_add_class(r);
    say(&c->id, ids[i]);
    c->policy = i ? KZ_RECORD_LEAVE : KZ_RECORD_RESTORE;
    c->pixels = 1600;
  }
  struct kz_record_region *g = add_region(r, 20, 10, 40, 40, KZ_RECORD_FILLED);
  g->known = 0.625, g->distance = 20, g->disagreement = 7.31;
  say(&g->damage, "paint-loss");
  g = add_region(r, 200, 150, 20, 15, KZ_RECORD_ALLOWED);
  say(&g->conjecture, "far from known pixels");
  g = add_region(r, 0, 100, 300, 1, KZ_RECORD_UNFILLED);
  say(&g->damage, "crack");
  g->policy = KZ_RECORD_LEAVE;
  g = add_region(r, 250, 20, 9, 9, KZ_RECORD_CONJECTURE);
  say(&g->conjecture, "few known pixels around");
  say(&r->people.who, "Li Wen");
  say(&r->people.why, "for the spring campaign");
}

/* What a record may say. */
static const char hostile[] = "</title><script>alert(1)</script>' onload=\"x\" & ]]> <!-- "
                              "\x1b[31m \xe2\x80\xae evil";

/* ---- pages ---- */

static inline struct kz_page_options defaults(void) {
  struct kz_page_options o;
  kz_params_defaults(kz_page_params, &o);
  o.overwrite = true;
  return o;
}

static inline char *read_page(size_t *size) {
  char *text;
  struct kz_err err;
  if (kz_file_read(in_folder("page.html"), 64 << 20, &text, size, &err)) fail_msg("%s", err.msg);
  assert_int_equal(strlen(text), *size);
  return text;
}

static inline char *page_of(const char *const *records, int count, const struct kz_page_options *o) {
  struct kz_err err;
  size_t size;
  if (kz_page_write(records, count, in_folder("page.html"), o, NULL, &err))
    fail_msg("%s", err.msg);
  return read_page(&size);
}

static inline char *page_of_one(const char *name, const struct kz_page_options *o) {
  const char *record = in_folder(name);
  return page_of(&record, 1, o);
}

static inline void holds(const char *text, const char *words) {
  if (!strstr(text, words)) fail_msg("the page lacks '%s'", words);
}

static inline void lacks(const char *text, const char *words) {
  if (strstr(text, words)) fail_msg("the page holds '%s'", words);
}

static inline int times(const char *text, const char *words) {
  int n = 0;
  for (; (text = strstr(text, words)); text += strlen(words)) n++;
  return n;
}

#endif
