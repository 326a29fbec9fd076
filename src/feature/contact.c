/* The contact sheet: every page of the TIFF reduced to a panel, with the photograph and the fused
 * picture before them and the palette's colours below. Panels are gathered as sums while bands go
 * by, so that a large picture is never held. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "feature/job.h"
#include "image/surface.h"

enum { MARGIN = 14, CAPTION = 26, LETTERS = 15, COLUMNS = 5, LEGEND = 84, SWATCH = 46 };
enum { PHOTO, VIEW, PALETTE, COLOURED, PAGES = KZ_FUSED, PANELS = COLOURED + PAGES };

/* How a page's value is shown. */
enum look { INK, GREY, FAINT, SIGNED };
static const enum look looks[PAGES] = {
    [KZ_FUSED_LINE] = INK,        [KZ_FUSED_GRADIENT] = FAINT, [KZ_FUSED_COS] = SIGNED,
    [KZ_FUSED_SIN] = SIGNED,      [KZ_FUSED_TEXTURE] = FAINT,  [KZ_FUSED_TEXTURE_2] = FAINT,
    [KZ_FUSED_L] = GREY,          [KZ_FUSED_A] = SIGNED,       [KZ_FUSED_B] = SIGNED,
    [KZ_FUSED_DISTANCE] = SIGNED, [KZ_FUSED_DRAWN] = INK,      [KZ_FUSED_DRAWN_VALID] = GREY,
};

struct kz__contact {
  int w, h, step;        /* of a panel; each of its pixels stands for step x step */
  uint64_t *sum[PANELS]; /* [h, w], of three channels for the first COLOURED */
};

static size_t sums_of(const struct kz__contact *c, int panel) {
  return (size_t)c->w * c->h * (panel < COLOURED ? 3 : 1);
}

int kz__contact_new(const struct kz__job *job, struct kz__contact **out, struct kz_err *err) {
  int longest = job->w > job->h ? job->w : job->h, side = (int)job->o->panel;
  struct kz__contact *c = calloc(1, sizeof *c);
  int code = 0;
  if (!c) return kz_err_set(err, KZ_ENOMEM, "no memory for the sheet");
  c->step = (longest + side - 1) / side;
  c->w = (job->w + c->step - 1) / c->step;
  c->h = (job->h + c->step - 1) / c->step;
  for (int k = 0; k < PANELS && !code; k++) {
    c->sum[k] = calloc(sums_of(c, k), sizeof **c->sum);
    if (!c->sum[k]) code = kz_err_set(err, KZ_ENOMEM, "no memory for the sheet");
  }
  if (code)
    kz__contact_free(c);
  else
    *out = c;
  return code;
}

void kz__contact_free(struct kz__contact *c) {
  if (!c) return;
  for (int k = 0; k < PANELS; k++) free(c->sum[k]);
  free(c);
}

static void add_page_row(int w, int step, const uint16_t *page, uint64_t *sum) {
  for (int x = 0; x < w; x += step, sum++) {
    int end = x + step < w ? x + step : w;
    uint32_t part = 0; /* at most 2048 x 65535 */
    for (int i = x; i < end; i++) part += page[i];
    *sum += part;
  }
}

static void add_colour_row(int w, int step, const uint8_t *rgb, uint64_t *sum) {
  for (int x = 0; x < w; x += step, sum += 3) {
    int end = x + step < w ? x + step : w;
    for (int i = x; i < end; i++)
      for (int c = 0; c < 3; c++) sum[c] += rgb[3 * i + c];
  }
}

static void add_palette_row(const struct kz__job *job, int step, const uint16_t *page,
                            uint64_t *sum) {
  for (int x = 0; x < job->w; x++) {
    const uint8_t *rgb = job->swatch[(page[x] * KZ_PALETTE_MOST + 32767) / 65535];
    for (int c = 0; c < 3; c++) sum[x / step * 3 + c] += rgb[c];
  }
}

void kz__contact_add(struct kz__contact *c, const struct kz__job *job, const struct kz__band *b) {
  size_t plane = (size_t)b->w * b->h;
#pragma omp parallel for schedule(dynamic)
  for (int k = 0; k < PANELS; k++)
    for (int y = 0; y < b->h; y++) {
      size_t at = (size_t)y * b->w, to = (size_t)((b->y + y) / c->step) * c->w;
      if (k == PHOTO)
        add_colour_row(b->w, c->step, b->photo + 3 * at, c->sum[k] + 3 * to);
      else if (k == VIEW)
        add_colour_row(b->w, c->step, b->view + 3 * at, c->sum[k] + 3 * to);
      else if (k == PALETTE)
        add_palette_row(job, c->step, b->pages + plane * KZ_FUSED + at, c->sum[k] + 3 * to);
      else
        add_page_row(b->w, c->step, b->pages + plane * (size_t)(k - COLOURED) + at,
                     c->sum[k] + to);
    }
}

/* ---- drawing ---- */

static uint32_t word_of(float r, float g, float b) {
  const float v[3] = {r, g, b};
  uint32_t word = 0;
  for (int c = 0; c < 3; c++)
    word = word << 8 | (uint32_t)(255 * fminf(fmaxf(v[c], 0), 1) + 0.5f);
  return word;
}

/* v: 0 to 1 of the page's range. */
static uint32_t word_of_value(enum look look, float v) {
  float s = 2 * v - 1, m = sqrtf(fabsf(s));
  if (look == INK) return word_of(1 - v, 1 - v, 1 - v);
  if (look == GREY) return word_of(v, v, v);
  if (look == FAINT) return word_of(sqrtf(v), sqrtf(v), sqrtf(v));
  return s < 0 ? word_of(1 - 0.8f * m, 1 - 0.55f * m, 1 - 0.25f * m)
               : word_of(1 - 0.2f * m, 1 - 0.7f * m, 1 - 0.85f * m);
}

static uint32_t word_at(const struct kz__contact *c, const struct kz__job *job, int panel, int x,
                        int y) {
  int wide = job->w - x * c->step < c->step ? job->w - x * c->step : c->step;
  int high = job->h - y * c->step < c->step ? job->h - y * c->step : c->step;
  float share = 1.0f / ((float)wide * (float)high);
  size_t at = (size_t)y * c->w + x;
  if (panel >= COLOURED)
    return word_of_value(looks[panel - COLOURED], (float)c->sum[panel][at] * share / 65535);
  const uint64_t *sum = c->sum[panel] + 3 * at;
  share /= 255;
  return word_of((float)sum[0] * share, (float)sum[1] * share, (float)sum[2] * share);
}

static cairo_status_t draw_panel(cairo_t *cr, const struct kz__contact *c,
                                 const struct kz__job *job, int panel, double x0, double y0) {
  cairo_surface_t *s = cairo_image_surface_create(CAIRO_FORMAT_RGB24, c->w, c->h);
  cairo_status_t status = cairo_surface_status(s);
  uint8_t *data = cairo_image_surface_get_data(s);
  int stride = cairo_image_surface_get_stride(s);
  for (int y = 0; data && y < c->h; y++) {
    uint32_t *row = (uint32_t *)(void *)(data + (ptrdiff_t)y * stride);
    for (int x = 0; x < c->w; x++) row[x] = word_at(c, job, panel, x, y);
  }
  if (data) cairo_surface_mark_dirty(s);
  static const char *const names[COLOURED] = {"photograph", "fused", "palette"};
  cairo_set_source_rgb(cr, 0.16, 0.13, 0.12);
  cairo_move_to(cr, x0, y0 + LETTERS + 3);
  cairo_show_text(cr, panel < COLOURED ? names[panel] : kz_features[panel - COLOURED].name);
  cairo_set_source_surface(cr, s, x0, y0 + CAPTION);
  cairo_paint(cr);
  cairo_surface_destroy(s);
  return status;
}

/* Swatches of the palette with the pigments' names and shares. */
static void draw_legend(cairo_t *cr, const struct kz__job *job, double y, double width) {
  const struct kz_palette *p = &job->palette;
  double step = (width - MARGIN) / (p->count ? p->count : 1);
  for (int k = 0; k < p->count; k++) {
    const uint8_t *rgb = job->swatch[k + 1];
    char share[32];
    double x = MARGIN + k * step;
    snprintf(share, sizeof share, "%.0f %%", 100 * p->colours[k].share);
    cairo_set_source_rgb(cr, rgb[0] / 255.0, rgb[1] / 255.0, rgb[2] / 255.0);
    cairo_rectangle(cr, x, y, step - MARGIN, SWATCH);
    cairo_fill(cr);
    cairo_save(cr);
    cairo_rectangle(cr, x, y, step - MARGIN, LEGEND);
    cairo_clip(cr);
    cairo_set_source_rgb(cr, 0.16, 0.13, 0.12);
    cairo_move_to(cr, x, y + SWATCH + LETTERS);
    cairo_show_text(cr, p->colours[k].pigment->name);
    cairo_move_to(cr, x, y + SWATCH + 2 * LETTERS + 3);
    cairo_show_text(cr, share);
    cairo_restore(cr);
  }
}

int kz__contact_draw(const struct kz__contact *c, const struct kz__job *job, struct kz_pixels *out,
                     struct kz_err *err) {
  int cell = c->w > 110 ? c->w : 110, rows = (PANELS + COLUMNS - 1) / COLUMNS;
  int width = COLUMNS * (cell + MARGIN) + MARGIN;
  int grid = rows * (c->h + CAPTION + MARGIN) + MARGIN, code = 0;
  cairo_surface_t *s =
      cairo_image_surface_create(CAIRO_FORMAT_RGB24, width, grid + LEGEND + MARGIN);
  cairo_t *cr = cairo_create(s);
  cairo_status_t status = CAIRO_STATUS_SUCCESS;
  cairo_set_source_rgb(cr, 0.93, 0.91, 0.88);
  cairo_paint(cr);
  cairo_select_font_face(cr, "sans", CAIRO_FONT_SLANT_NORMAL, CAIRO_FONT_WEIGHT_NORMAL);
  cairo_set_font_size(cr, fmin(LETTERS, cell / 8.0));
  for (int k = 0; k < PANELS && !status; k++)
    status = draw_panel(cr, c, job, k, MARGIN + k % COLUMNS * (cell + MARGIN),
                        k / COLUMNS * (c->h + CAPTION + MARGIN));
  draw_legend(cr, job, grid, width);
  if (!status) status = cairo_status(cr);
  if (status)
    code = kz_err_set(err, status == CAIRO_STATUS_NO_MEMORY ? KZ_ENOMEM : KZ_EUNSUPPORTED,
                      "sheet of %d x %d px panels: %s", c->w, c->h,
                      cairo_status_to_string(status));
  else
    code = kz__surface_pixels(s, out, err);
  cairo_destroy(cr);
  cairo_surface_destroy(s);
  return code;
}

void kz__palette_text(const struct kz_palette *p, char *text, int size) {
  int used = 0;
  text[0] = 0;
  for (int k = 0; k < p->count && used < size; k++)
    used += snprintf(text + used, (size_t)(size - used), "%s%s %.0f %%", k ? ", " : "",
                     p->colours[k].pigment->name, 100 * p->colours[k].share);
}
