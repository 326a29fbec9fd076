/* What the tests of records share: a source, a mask, a result and their record in one folder. */
#ifndef RECORD_FIXTURE_H
#define RECORD_FIXTURE_H

#include "image_fixture.h"

#include <kizil/record.h>

static inline struct kz_record_inputs inputs_of(const struct kz_restore_options *o,
                                                const struct kz_restore_stats *s) {
  return (struct kz_record_inputs){
      .source = in_folder("source.tif"), .mask = in_folder("mask.png"),
      .result = in_folder("result.tif"), .model = in_folder("model"), .options = o, .stats = s};
}

static inline bool damaged(int x, int y) { return x >= 20 && x < 60 && y >= 10 && y < 50; }

/* A source, a result that differs from it in the mask, and a model. */
static inline void make_scene(int bands, int bits) {
  uint8_t *a = make_samples(W, H, bands, bits, 5), *b = make_samples(W, H, bands, bits, 6);
  size_t pel = (size_t)bands * bits / 8;
  struct kz_pixels m;
  assert_int_equal(kz_pixels_init(&m, W, H, 1, NULL), 0);
  for (int i = 0; i < W * H; i++) {
    m.data[i] = damaged(i % W, i / W) ? 255 : 0;
    if (!m.data[i]) memcpy(b + pel * i, a + pel * i, pel);
  }
  const uint8_t *const samples[] = {a, b};
  const char *const names[] = {"source.tif", "result.tif"};
  for (int i = 0; i < 2; i++) {
    VipsImage *im = make_vips(samples[i], W, H, bands, bits);
    save_vips(im, names[i], i ? "[tile,tile_width=32,tile_height=32,compression=lzw]" : "");
    g_object_unref(im);
  }
  assert_int_equal(kz_pixels_save(&m, in_folder("mask.png"), NULL), 0);
  write_bytes(in_folder("model"), "weights", 7);
  kz_pixels_release(&m);
  free(a);
  free(b);
}

static inline void make_record(struct kz_record *r) {
  struct kz_restore_options o;
  struct kz_restore_stats s = {.width = W, .height = H, .tiles = 1, .calls = 3, .damaged = 0.25,
                               .seconds = 1.5, .caption = "飞天", .caption_made = false};
  struct kz_err err;
  kz_params_defaults(kz_restore_params, &o);
  o.seed = 9007199254740991;
  o.steps = 7;
  o.guidance_text = 0.1;
  o.text = "飞天";
  o.lines = in_folder("mask.png");
  const struct kz_record_inputs in = inputs_of(&o, &s);
  if (kz_record_make(r, &in, in_folder("result.tif.json"), &err)) fail_msg("%s", err.msg);
}

static inline void write_record(const struct kz_record *r) {
  struct kz_err err;
  if (kz_record_write(r, in_folder("result.tif.json"), &err)) fail_msg("%s", err.msg);
}

#endif
