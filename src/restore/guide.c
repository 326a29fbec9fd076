/* Features are computed from a tile as the network reads it, mirrored rims and all, just as in
 * training they are computed from a crop: the tile is all there is. They do not depend on the noise,
 * so a tile that is kept has them computed once for all its calls. */
#include "restore/guide.h"

#include <stdlib.h>
#include <string.h>

int kz__featurer_init(struct kz__featurer *f, int w, int h, struct kz_err *err) {
  size_t pixels = (size_t)w * (size_t)h;
  *f = (struct kz__featurer){.w = w, .h = h};
  f->rgb = malloc(pixels * 3 * sizeof *f->rgb);
  f->mask = malloc(pixels * sizeof *f->mask);
  f->scratch = malloc(kz_fused_scratch(w, h) * sizeof *f->scratch);
  f->part = malloc(pixels);
  f->drawn = malloc(pixels);
  f->valid = malloc(pixels);
  if (f->rgb && f->mask && f->scratch && f->part && f->drawn && f->valid) {
    memset(f->valid, 255, pixels);
    return 0;
  }
  kz__featurer_release(f);
  return kz_err_set(err, KZ_ENOMEM, "no memory for the features of tiles of %d x %d", w, h);
}

void kz__featurer_release(struct kz__featurer *f) {
  free(f->rgb);
  free(f->mask);
  free(f->scratch);
  free(f->part);
  free(f->drawn);
  free(f->valid);
  *f = (struct kz__featurer){0};
}

static int mirrored(int x, int n) {
  x %= 2 * n;
  return x < n ? x : 2 * n - 1 - x;
}

/* The drawing under a tile, as the view has it; what lies past the image mirrors it, as the tile
 * does. */
static int read_drawn(struct kz__featurer *f, const struct kz__tiles *t, int i,
                      const struct kz__drawn *drawn, struct kz__view view, struct kz_err *err) {
  int w = kz__axis_extent(&t->ax), h = kz__axis_extent(&t->ay);
  int code = drawn->read(drawn->self, t->list[i].x, t->list[i].y, w, h, f->part, err);
  for (int y = 0; y < f->h && !code; y++) {
    const uint8_t *from = f->part + (size_t)mirrored(view.y ? f->h - 1 - y : y, h) * w;
    uint8_t *to = f->drawn + (size_t)y * f->w;
    for (int x = 0; x < f->w; x++) to[x] = from[mirrored(view.x ? f->w - 1 - x : x, w)];
  }
  return code;
}

int kz__tile_features(struct kz__featurer *f, const struct kz__tiles *t, int i,
                      const struct kz__drawn *drawn, struct kz__view view, const float *in,
                      float *features, struct kz_err *err) {
  int64_t pixels = (int64_t)f->w * f->h;
  int code = drawn ? read_drawn(f, t, i, drawn, view, err) : 0;
  if (code) return code;
  for (int64_t p = 0; p < pixels; p++, in += KZ__IN) {
    memcpy(f->rgb + 3 * p, in + 3, 3 * sizeof *in); /* the coarse fill is the picture where known */
    f->mask[p] = in[KZ__IN - 1];
  }
  const struct kz_fused_input input = {.w = f->w, .h = f->h, .rgb = f->rgb, .mask = f->mask,
                                       .drawn = drawn ? f->drawn : NULL,
                                       .drawn_valid = drawn ? f->valid : NULL};
  kz_fused_compute(&input, features, f->scratch);
  return 0;
}
