/* Line drawings: the only pictures whose alpha says something, so they are read here with it. */
#include "feature/drawing.h"

#include <stdbool.h>

#include "image/vips_io.h"

enum { STRIP = 64 };

static inline float sample(const void *row, bool deep, size_t i) {
  return deep ? ((const uint16_t *)row)[i] / 65535.0f : ((const uint8_t *)row)[i] / 255.0f;
}

static void read_row(const void *row, bool deep, int bands, int w, uint8_t *drawn) {
  int colours = bands < 3 ? 1 : 3;
  for (int x = 0; x < w; x++) {
    size_t at = (size_t)x * bands;
    float least = sample(row, deep, at);
    for (int c = 1; c < colours; c++) {
      float v = sample(row, deep, at + c);
      if (v < least) least = v;
    }
    float alpha = bands > colours ? sample(row, deep, at + colours) : 1;
    drawn[x] = (uint8_t)(255 * alpha * (1 - least) + 0.5f);
  }
}

int kz_drawing_read(struct kz_image *im, int x, int y, int w, int h, uint8_t *drawn,
                    struct kz_err *err) {
  VipsImage *v = im->vips;
  if (x < 0 || y < 0 || w < 1 || h < 1 || x > v->Xsize - w || y > v->Ysize - h)
    return kz_err_set(err, KZ_ERANGE, "%s: rectangle %d x %d at %d, %d leaves the %d x %d drawing",
                      im->path, w, h, x, y, v->Xsize, v->Ysize);
  bool deep = v->BandFmt == VIPS_FORMAT_USHORT;
  VipsRegion *region = vips_region_new(v);
  int code = 0;
  for (int top = y; top < y + h && !code; top += STRIP) {
    VipsRect r = {x, top, w, VIPS_MIN(STRIP, y + h - top)};
    if (vips_region_prepare(region, &r)) {
      code = kz__vips_fail(err, KZ_EFORMAT, "%s: cannot decode rows %d to %d", im->path, r.top,
                           r.top + r.height - 1);
      break;
    }
    for (int i = 0; i < r.height; i++)
      read_row(VIPS_REGION_ADDR(region, x, top + i), deep, v->Bands, w,
               drawn + (size_t)(top + i - y) * w);
  }
  g_object_unref(region);
  return code;
}
