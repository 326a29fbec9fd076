/* A sheet of panels with captions, drawn with Cairo: the same few lines place
 * the panels in one row or in several. */
#include <math.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <kizil/report.h>

#include "image/surface.h"
#include "report/plaster.h"

enum { MARGIN = 14, CAPTION = 30, LETTERS = 17, PANELS = 4 };

#define FIELD(f) offsetof(struct kz_sheet_options, f)
const struct kz_param kz_sheet_params[] = {
    {.name = "panel", .type = KZ_PARAM_INT, .offset = FIELD(panel),
     .def = 700, .min = 32, .max = 4096, .unit = "px", .help = "largest width of a panel"},
    {.name = "columns", .type = KZ_PARAM_INT, .offset = FIELD(columns),
     .def = 4, .min = 1, .max = 4, .unit = "", .help = "panels in a row"},
    {.name = NULL},
};
#undef FIELD

struct panel {
  const struct kz_pixels *pixels; /* RGB or grey */
  const struct kz_pixels *holes;  /* painted out, or NULL */
  char caption[64];
};

static uint32_t word(const struct panel *p, int64_t i) {
  const uint8_t *c = p->pixels->data + i * p->pixels->channels;
  if (p->holes && p->holes->data[i] > 127) c = kz__plaster;
  if (p->pixels->channels == 1) return c[0] * 0x010101u;
  return (uint32_t)c[0] << 16 | (uint32_t)c[1] << 8 | c[2];
}

/* The panel as a Cairo surface at full size. */
static cairo_surface_t *surface_of(const struct panel *p) {
  int w = p->pixels->width, h = p->pixels->height;
  cairo_surface_t *s = cairo_image_surface_create(CAIRO_FORMAT_RGB24, w, h);
  uint8_t *data = cairo_image_surface_get_data(s);
  int stride = cairo_image_surface_get_stride(s);
  for (int y = 0; data && y < h; y++) {
    uint32_t *row = (uint32_t *)(void *)(data + (ptrdiff_t)y * stride);
    for (int x = 0; x < w; x++) row[x] = word(p, (int64_t)y * w + x);
  }
  if (data) cairo_surface_mark_dirty(s);
  return s;
}

static cairo_status_t draw_panel(cairo_t *cr, const struct panel *p, double x, double y,
                                 double scale) {
  cairo_surface_t *s = surface_of(p);
  cairo_status_t status = cairo_surface_status(s);
  cairo_set_source_rgb(cr, 0.16, 0.13, 0.12);
  cairo_move_to(cr, x, y + LETTERS + 3);
  cairo_show_text(cr, p->caption);
  cairo_save(cr);
  cairo_translate(cr, x, y + CAPTION);
  cairo_scale(cr, scale, scale);
  cairo_set_source_surface(cr, s, 0, 0);
  cairo_pattern_set_filter(cairo_get_source(cr), scale < 1 ? CAIRO_FILTER_BEST
                                                           : CAIRO_FILTER_NEAREST);
  cairo_pattern_set_extend(cairo_get_source(cr), CAIRO_EXTEND_PAD);
  cairo_rectangle(cr, 0, 0, p->pixels->width, p->pixels->height);
  cairo_fill(cr);
  cairo_restore(cr);
  cairo_surface_destroy(s);
  return status;
}

static int check_size(const struct kz_pixels *p, const struct kz_pixels *like, int channels,
                      const char *what, struct kz_err *err) {
  if (!p || (p->width == like->width && p->height == like->height && p->channels == channels))
    return 0;
  return kz_err_set(err, KZ_ESHAPE, "the %s is %d x %d px with %d channels, the restored picture "
                    "%d x %d", what, p->width, p->height, p->channels, like->width, like->height);
}

static int collect(const struct kz_sheet *s, struct panel panel[PANELS], int *count,
                   struct kz_err *err) {
  const struct kz_pixels *r = s->restored;
  struct kz_figures f;
  int n = 0, code;
  if ((code = check_size(r, r, 3, "restored picture", err))) return code;
  if ((code = check_size(s->original, r, 3, "original", err))) return code;
  if ((code = check_size(s->damaged, r, 3, "damaged picture", err))) return code;
  if ((code = check_size(s->mask, r, 1, "mask", err))) return code;
  code = kz_report_compare(s->original ? s->original : r, r, s->mask, &f, err);
  if (code) return code;
  if (s->original) panel[n++] = (struct panel){.pixels = s->original, .caption = "original"};
  panel[n++] = s->damaged ? (struct panel){.pixels = s->damaged, .caption = "damaged"}
                          : (struct panel){.pixels = s->original ? s->original : r,
                                           .holes = s->mask, .caption = "damaged"};
  panel[n] = (struct panel){.pixels = s->mask};
  snprintf(panel[n++].caption, sizeof panel->caption, "mask, %.1f %%", 100 * f.cover);
  panel[n] = (struct panel){.pixels = r, .caption = "restored"};
  if (s->original && isfinite(f.hole_psnr))
    snprintf(panel[n].caption, sizeof panel->caption, "restored, hole %.2f dB", f.hole_psnr);
  *count = n + 1;
  return 0;
}

int kz_sheet_draw(const struct kz_sheet *sheet, const struct kz_sheet_options *options,
                  struct kz_pixels *out, struct kz_err *err) {
  struct panel panel[PANELS];
  int count, width = sheet->restored->width, code = collect(sheet, panel, &count, err);
  if (code) return code;
  double scale = fmin(1.0, (double)options->panel / width);
  int columns = count < (int)options->columns ? count : (int)options->columns;
  int rows = (count + columns - 1) / columns;
  int w = (int)ceil(width * scale), h = (int)ceil(sheet->restored->height * scale) + CAPTION;
  cairo_surface_t *s = cairo_image_surface_create(
      CAIRO_FORMAT_RGB24, columns * (w + MARGIN) + MARGIN, rows * (h + MARGIN) + MARGIN);
  cairo_t *cr = cairo_create(s);
  cairo_status_t status = CAIRO_STATUS_SUCCESS;
  cairo_set_source_rgb(cr, 0.93, 0.91, 0.88);
  cairo_paint(cr);
  cairo_select_font_face(cr, "sans", CAIRO_FONT_SLANT_NORMAL, CAIRO_FONT_WEIGHT_NORMAL);
  cairo_set_font_size(cr, fmin(LETTERS, w / 14.0));
  for (int i = 0; i < count && !status; i++)
    status = draw_panel(cr, &panel[i], MARGIN + i % columns * (w + MARGIN),
                        MARGIN + i / columns * (h + MARGIN), scale);
  if (!status) status = cairo_status(cr);
  if (status)
    code = kz_err_set(err, status == CAIRO_STATUS_NO_MEMORY ? KZ_ENOMEM : KZ_EUNSUPPORTED,
                      "sheet of %d x %d px pictures: %s", width, sheet->restored->height,
                      cairo_status_to_string(status));
  else
    code = kz__surface_pixels(s, out, err);
  cairo_destroy(cr);
  cairo_surface_destroy(s);
  return code;
}
