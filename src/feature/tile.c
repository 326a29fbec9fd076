/* One tile of a features job: read with the halo that the features look into, computed, and its
 * inside laid into the band. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "feature/drawing.h"
#include "feature/job.h"
#include "feature/outline.h"

struct kz__tile {
  float *rgb, *mask, *fused, *scratch;
  uint8_t *mask_bytes, *drawn, *valid, *line;
};

static size_t scratch_size(int w, int h) {
  size_t fused = kz_fused_scratch(w, h), outline = kz_outline_scratch(w, h);
  return fused > outline ? fused : outline;
}

int kz__tile_new(int w, int h, struct kz__tile **out, struct kz_err *err) {
  size_t n = (size_t)w * h;
  struct kz__tile *t = calloc(1, sizeof *t);
  if (t) {
    t->rgb = malloc(n * 3 * sizeof *t->rgb);
    t->mask = calloc(n, sizeof *t->mask);
    t->fused = malloc(n * KZ_FUSED * sizeof *t->fused);
    t->scratch = malloc(scratch_size(w, h) * sizeof *t->scratch);
    t->mask_bytes = calloc(n, 1);
    t->drawn = malloc(n);
    t->valid = malloc(n);
    t->line = malloc(n);
  }
  if (!t || !t->rgb || !t->mask || !t->fused || !t->scratch || !t->mask_bytes || !t->drawn ||
      !t->valid || !t->line) {
    kz__tile_free(t);
    return kz_err_set(err, KZ_ENOMEM, "no memory for a tile of %d x %d px", w, h);
  }
  memset(t->valid, 255, n);
  *out = t;
  return 0;
}

void kz__tile_free(struct kz__tile *t) {
  if (!t) return;
  free(t->rgb);
  free(t->mask);
  free(t->fused);
  free(t->scratch);
  free(t->mask_bytes);
  free(t->drawn);
  free(t->valid);
  free(t->line);
  free(t);
}

struct rect {
  int x, y, w, h;
};

static int from(int v) { return v > KZ_FUSED_HALO ? v - KZ_FUSED_HALO : 0; }

static int upto(int v, int end) { return v < end - KZ_FUSED_HALO ? v + KZ_FUSED_HALO : end; }

static int read_inputs(const struct kz__job *job, struct kz__tile *t, struct rect r,
                       struct kz_err *err) {
  size_t n = (size_t)r.w * r.h;
  int code = kz_image_read_rgb(job->image, r.x, r.y, r.w, r.h, t->rgb, err);
  if (!code && job->mask) {
    code = kz_image_read_mask(job->mask, r.x, r.y, r.w, r.h, t->mask_bytes, err);
    for (size_t i = 0; !code && i < n; i++) t->mask[i] = t->mask_bytes[i] ? 1 : 0;
  }
  if (!code && job->lines)
    code = kz_drawing_read(job->lines, r.x, r.y, r.w, r.h, t->drawn, err);
  for (size_t i = 0; !code && i < 3 * n; i++) t->rgb[i] = 2 * t->rgb[i] - 1;
  return code;
}

static uint16_t to_page(const struct kz_feature *f, float v) {
  float share = (v - (float)f->min) / (float)(f->max - f->min);
  return (uint16_t)(65535 * fminf(fmaxf(share, 0), 1) + 0.5f);
}

/* One row of a page; n pixels from `fused`. */
static void page_row(int channel, int n, const float *fused, uint16_t *page) {
  const struct kz_feature *f = &kz_features[channel];
  float scale = 65535 / (float)(f->max - f->min), shift = 0.5f - (float)f->min * scale;
  for (int x = 0; x < n; x++) {
    float v = fused[(size_t)x * KZ_FUSED + channel] * scale + shift;
    v = v > 0 ? v : 0.0f;
    page[x] = (uint16_t)(v < 65535 ? v : 65535.0f);
  }
}

/* The image's own row: palette numbers and the photograph with holes blank. Returns its holes. */
static int colour_row(const struct kz__job *job, int n, const float *rgb, const float *mask,
                      uint16_t *page, uint8_t *photo) {
  uint16_t of[KZ_PALETTE_MOST + 1];
  int holes = 0;
  for (int k = 0; k <= KZ_PALETTE_MOST; k++) of[k] = to_page(&kz_features[KZ_FUSED], (float)k);
  for (int x = 0; x < n; x++, rgb += 3, photo += 3) {
    if (mask[x] >= 0.5f) {
      page[x] = of[0];
      memcpy(photo, kz__blank, 3);
      holes++;
      continue;
    }
    for (int c = 0; c < 3; c++) photo[c] = (uint8_t)(127.5f * rgb[c] + 128);
    page[x] = of[job->nearest[photo[0] >> 3 << 10 | photo[1] >> 3 << 5 | photo[2] >> 3]];
  }
  return holes;
}

/* The line drawing of a tile. In holes is nothing: what was there is for a person to say. */
static void draw_lines(const struct kz__job *job, struct kz__tile *t, struct rect r) {
  const size_t n = (size_t)r.w * r.h;
  const float threshold = (float)job->o->line_threshold, gain = 255 / (1 - threshold);
  for (size_t i = 0; i < n; i++) {
    float v = (t->fused[i * KZ_FUSED + KZ_FUSED_LINE] - threshold) * gain + 0.5f;
    t->line[i] = t->mask[i] >= 0.5f || v < 0 ? 0 : (uint8_t)v;
  }
  const struct kz_outline_input in = {.w = r.w, .h = r.h, .rgb = t->rgb,
                                      .mask = job->mask ? t->mask : NULL,
                                      .threshold = (float)job->o->outline};
  if (in.threshold > 0) kz_outline_draw(&in, t->line, t->scratch);
}

int kz__tile_compute(const struct kz__job *job, struct kz__tile *t, struct kz__band *band, int x0,
                     int x1, struct kz_err *err) {
  int n = x1 - x0;
  int64_t damaged = 0;
  struct rect r = {.x = from(x0), .y = from(band->y)};
  r.w = upto(x1, job->w) - r.x;
  r.h = upto(band->y + band->h, job->h) - r.y;
  int code = read_inputs(job, t, r, err);
  if (code) return code;
  struct kz_fused_input in = {.w = r.w, .h = r.h, .rgb = t->rgb,
                              .mask = job->mask ? t->mask : NULL,
                              .drawn = job->lines ? t->drawn : NULL, .drawn_valid = t->valid};
  kz_fused_compute(&in, t->fused, t->scratch);
  if (band->drawing) draw_lines(job, t, r);
  for (int y = 0; y < band->h; y++) {
    size_t src = (size_t)(band->y + y - r.y) * r.w + (x0 - r.x);
    size_t dst = (size_t)y * band->w + x0, plane = (size_t)band->w * band->h;
    for (int c = 0; c < KZ_FUSED; c++)
      page_row(c, n, t->fused + src * KZ_FUSED, band->pages + plane * c + dst);
    damaged += colour_row(job, n, t->rgb + 3 * src, t->mask + src,
                          band->pages + plane * KZ_FUSED + dst, band->photo + 3 * dst);
    kz__view_row(job, x0, band->y + y, n, t->fused + src * KZ_FUSED, t->mask + src,
                 band->view + 3 * dst);
    for (int x = 0; band->drawing && x < n; x++)
      band->drawing[dst + x] = (uint8_t)(255 - t->line[src + x]);
  }
#pragma omp atomic
  band->damaged += damaged;
  return 0;
}
