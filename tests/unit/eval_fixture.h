/* A folder with pictures and lists for the tests of eval. */
#ifndef EVAL_FIXTURE_H
#define EVAL_FIXTURE_H

#include "../golden/harness.h"

#include <kizil/image.h>

static HARNESS_UNUSED char eval_dir[64];

static inline int eval_setup(void **state) {
  struct kz_err err;
  (void)state;
  snprintf(eval_dir, sizeof eval_dir, "/tmp/kizil-eval-XXXXXX");
  return kz_image_startup("test", 1, &err) || !mkdtemp(eval_dir) ? -1 : 0;
}

static inline int eval_teardown(void **state) {
  char command[96];
  (void)state;
  snprintf(command, sizeof command, "rm -rf '%s'", eval_dir);
  int status = system(command);
  kz_image_shutdown();
  return status;
}

/* A path in the folder; one of eight static buffers. */
static HARNESS_UNUSED const char *in_dir(const char *name) {
  static char path[8][256];
  static int turn;
  turn = (turn + 1) % 8;
  snprintf(path[turn], sizeof path[turn], "%s/%s", eval_dir, name);
  return path[turn];
}

/* Smooth colour with grain. */
static HARNESS_UNUSED struct kz_pixels eval_picture(uint32_t seed, int w, int h) {
  struct kz_pixels p;
  struct kz_err err = {0};
  assert_ok(kz_pixels_init(&p, w, h, 3, &err));
  for (int y = 0; y < h; y++)
    for (int x = 0; x < w; x++)
      for (int c = 0; c < 3; c++) {
        int at = (y * w + x) * 3 + c;
        float v = .7f * sinf(.15f * (float)(x * (c + 1)) + .2f * (float)y + (float)seed) +
                  .2f * noise_at(seed, (uint32_t)at);
        p.data[at] = (uint8_t)lrintf(127.5f + 127.5f * v);
      }
  return p;
}

/* Damaged in [x0, x1) x [y0, y1). */
static HARNESS_UNUSED struct kz_pixels eval_mask(int w, int h, int x0, int y0, int x1, int y1) {
  struct kz_pixels p;
  struct kz_err err = {0};
  assert_ok(kz_pixels_init(&p, w, h, 1, &err));
  for (int y = y0; y < y1; y++)
    for (int x = x0; x < x1; x++) p.data[y * w + x] = 255;
  return p;
}

static HARNESS_UNUSED void eval_save(struct kz_pixels p, const char *name) {
  struct kz_err err = {0};
  assert_ok(kz_pixels_save(&p, in_dir(name), &err));
  kz_pixels_release(&p);
}

static HARNESS_UNUSED void eval_write(const char *name, const char *text) {
  FILE *f = fopen(in_dir(name), "w");
  assert_non_null(f);
  assert_true(fputs(text, f) >= 0 && fclose(f) == 0);
}

#endif
