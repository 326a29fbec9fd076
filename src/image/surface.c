/* Cairo keeps a pixel in a 32-bit word, blue lowest. */
#include "image/surface.h"

int kz__surface_pixels(cairo_surface_t *s, struct kz_pixels *out, struct kz_err *err) {
  int w = cairo_image_surface_get_width(s), h = cairo_image_surface_get_height(s);
  int code = kz_pixels_init(out, w, h, 3, err);
  if (code) return code;
  cairo_surface_flush(s);
  const uint8_t *data = cairo_image_surface_get_data(s);
  int stride = cairo_image_surface_get_stride(s);
  uint8_t *dst = out->data;
  for (int y = 0; y < h; y++) {
    const uint32_t *row = (const uint32_t *)(const void *)(data + (ptrdiff_t)y * stride);
    for (int x = 0; x < w; x++, dst += 3) {
      dst[0] = (uint8_t)(row[x] >> 16);
      dst[1] = (uint8_t)(row[x] >> 8);
      dst[2] = (uint8_t)row[x];
    }
  }
  return 0;
}
