/* A picture inside a page: Cairo reduces it and writes the PNG, which becomes base64 on its way. */
#include <cairo.h>
#include <math.h>

#include "eval/page.h"
#include "report/plaster.h"

static cairo_status_t put_bytes(void *user, const unsigned char *data, unsigned length) {
  kz__base64_put(user, data, length);
  return CAIRO_STATUS_SUCCESS;
}

static cairo_surface_t *surface_of(const struct kz_pixels *p, const struct kz_pixels *holes) {
  cairo_surface_t *s = cairo_image_surface_create(CAIRO_FORMAT_RGB24, p->width, p->height);
  unsigned char *data = cairo_image_surface_get_data(s);
  const int stride = cairo_image_surface_get_stride(s);
  for (int y = 0; data && y < p->height; y++) {
    uint32_t *row = (uint32_t *)(void *)(data + (ptrdiff_t)y * stride);
    for (int x = 0; x < p->width; x++) {
      int64_t i = (int64_t)y * p->width + x;
      const uint8_t *c = holes && holes->data[i] > 127 ? kz__plaster : p->data + 3 * i;
      row[x] = (uint32_t)c[0] << 16 | (uint32_t)c[1] << 8 | c[2];
    }
  }
  if (data) cairo_surface_mark_dirty(s);
  return s;
}

static cairo_surface_t *reduce(cairo_surface_t *s, const struct kz_pixels *p, double scale) {
  int w = (int)fmax(1, lrint(p->width * scale)), h = (int)fmax(1, lrint(p->height * scale));
  cairo_surface_t *small = cairo_image_surface_create(CAIRO_FORMAT_RGB24, w, h);
  cairo_t *cr = cairo_create(small);
  cairo_scale(cr, (double)w / p->width, (double)h / p->height);
  cairo_set_source_surface(cr, s, 0, 0);
  cairo_pattern_set_filter(cairo_get_source(cr), CAIRO_FILTER_BEST);
  cairo_pattern_set_extend(cairo_get_source(cr), CAIRO_EXTEND_PAD);
  cairo_paint(cr);
  cairo_destroy(cr);
  cairo_surface_destroy(s);
  return small;
}

int kz__put_picture(FILE *f, const struct kz_pixels *p, const struct kz_pixels *holes, int side,
                    struct kz_err *err) {
  struct kz__base64 b = {.f = f};
  double scale = (double)side / (p->width > p->height ? p->width : p->height);
  cairo_surface_t *s = surface_of(p, holes);
  if (scale < 1) s = reduce(s, p, scale);
  fputs("data:image/png;base64,", f);
  cairo_status_t status = cairo_surface_write_to_png_stream(s, put_bytes, &b);
  kz__base64_end(&b);
  cairo_surface_destroy(s);
  if (!status) return 0;
  return kz_err_set(err, status == CAIRO_STATUS_NO_MEMORY ? KZ_ENOMEM : KZ_EUNSUPPORTED,
                    "a picture of %d x %d px for the page: %s", p->width, p->height,
                    cairo_status_to_string(status));
}
