/* What the tests of picking and of making again share: a photograph with three regions of damage, a
 * tiny network, and the steps from one to the other. */
#ifndef PICK_FIXTURE_H
#define PICK_FIXTURE_H

#include "image_fixture.h"

#include <kizil/restoration.h>

#include "base/file.h"
#include "tiny_model.h"

enum { WIDE = 96, HIGH = 64 };

static struct kz_model *model;
static struct kz_restorer *restorer;

/* Regions in the order of their first pixels: a block in the corner, one in the middle, one
 * below. */
static inline int region_at(int x, int y) {
  if (x >= 74 && y < 14) return 0;
  if (x >= 20 && x < 40 && y >= 10 && y < 30) return 1;
  if (x >= 10 && x < 60 && y >= 44 && y < 56) return 2;
  return -1;
}

/* As in_folder, and stays. */
static inline const char *kept(const char *name) {
  static char paths[64][256];
  static int next;
  char *path = paths[next++ % 64];
  snprintf(path, sizeof paths[0], "%s", in_folder(name));
  return path;
}

static inline void make_scene(const char *image, const char *options, int bands, int bits) {
  struct kz_pixels m;
  struct kz_err err;
  empty_folder();
  if (tiny_model_write(in_folder("model.safetensors"), 3, &err)) fail_msg("%s", err.msg);
  if (kz_model_load(in_folder("model.safetensors"), KZ_PRECISION_F32, &model, &err))
    fail_msg("%s", err.msg);
  assert_int_equal(kz_restorer_new(model, &restorer, &err), 0);
  make_file(image, options, WIDE, HIGH, bands, bits, true);
  assert_int_equal(kz_pixels_init(&m, WIDE, HIGH, 1, &err), 0);
  for (int i = 0; i < WIDE * HIGH; i++) m.data[i] = region_at(i % WIDE, i / WIDE) < 0 ? 0 : 255;
  if (kz_pixels_save(&m, in_folder("mask.png"), &err)) fail_msg("%s", err.msg);
  kz_pixels_release(&m);
}

static inline void clear(void) {
  kz_restorer_free(restorer);
  kz_model_free(model);
  empty_folder();
}

static inline struct kz_restoration_options asked(int count) {
  struct kz_restoration_options o;
  kz_restoration_defaults(&o);
  o.restore.steps = 2;
  o.restore.thin = 0;
  o.candidates.count = count;
  o.candidates.most_doubt = 0;
  return o;
}

static inline void restore(const char *image, const char *out,
                           const struct kz_restoration_options *o) {
  const struct kz_restoration_job job = {.image = kept(image), .mask = kept("mask.png"),
                                         .out = kept(out), .model = kept("model.safetensors"),
                                         .who = "A. Li"};
  struct kz_err err;
  if (kz_restoration_make(restorer, &job, o, NULL, NULL, &err)) fail_msg("%s", err.msg);
}

static inline void pick(const char *record, const struct kz_restoration_choice *c,
                        const char *out) {
  struct kz_err err;
  if (kz_restoration_pick(kept(record), c, kept(out), false, &err)) fail_msg("%s", err.msg);
}

static inline void assert_proved(const char *record) {
  struct kz_record_report report;
  struct kz_err err;
  if (kz_record_verify(in_folder(record), NULL, NULL, &report, &err)) fail_msg("%s", err.msg);
  for (int i = 0; i < KZ_CHECKS; i++)
    if (report.findings[i].state > KZ_STATE_PROVED) fail_msg("%s", report.findings[i].text);
  assert_true(report.proved && report.changed > 0 && report.outside == 0);
}

static inline void assert_same_bytes(const char *a, const char *b) {
  char one[65], two[65];
  assert_int_equal(kz_file_sha256(in_folder(a), one, NULL), 0);
  assert_int_equal(kz_file_sha256(in_folder(b), two, NULL), 0);
  assert_string_equal(one, two);
}

static inline void replay(const char *record, const char *out, const char *like) {
  struct kz_restoration_replay result;
  struct kz_err err;
  if (kz_restoration_replay(restorer, kept(record), NULL, kept(out), false, NULL, &result, &err))
    fail_msg("%s", err.msg);
  if (!result.same) fail_msg("%s: %s", record, result.text);
  assert_string_equal(result.text, "");
  assert_same_bytes(out, like);
}

/* Change the last byte of a file, or give it back. */
static inline void touch(const char *name) {
  size_t size;
  char *data = read_whole(in_folder(name), &size);
  data[size - 1] ^= 1;
  write_bytes(in_folder(name), data, size);
  free(data);
}

#endif
