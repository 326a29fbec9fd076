/* The files behind a section. A record outlives its files: what is missing, was changed or cannot
 * be decoded is no error here but a sentence in its place, for the page shows nothing that is not
 * the record's. */
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "image/vips_io.h"
#include "page/page.h"

/* ---- opening ---- */

static int check_hash(struct kz__folio_file *file, const struct kz_record_file *named,
                      struct kz_err *err) {
  char hex[65];
  struct kz_err why;
  int code = kz_file_sha256(file->path, hex, &why);
  if (code == KZ_ENOMEM) return kz_err_set(err, code, "%s", why.msg);
  if (code)
    snprintf(file->why, sizeof file->why, "cannot be read");
  else if (named->sha256 && strcmp(hex, named->sha256) != 0)
    snprintf(file->why, sizeof file->why, "is not the file of the record: it was changed since");
  return 0;
}

int kz__folio_open(struct kz__folio_file *file, const struct kz__folio *p,
                   const struct kz__entry *e, const struct kz_record_file *named,
                   struct kz_err *err) {
  struct kz_err why;
  struct kz_image_info info;
  int code = 0;
  *file = (struct kz__folio_file){0};
  if (!named->path) return 0;
  file->path = kz_record_path(e->path, named->path);
  if (!file->path) return kz_err_set(err, KZ_ENOMEM, "%s: no memory for a name", e->path);
  if (!kz_file_exists(file->path))
    snprintf(file->why, sizeof file->why, "is not there any more");
  else if (p->o->check)
    code = check_hash(file, named, err);
  if (code || *file->why) return code;
  code = kz_image_open(file->path, &file->image, &why);
  if (code == KZ_ENOMEM) return kz_err_set(err, code, "%s", why.msg);
  if (code) {
    file->image = NULL;
    snprintf(file->why, sizeof file->why, "cannot be decoded");
    return 0;
  }
  kz_image_get_info(file->image, &info);
  if (info.width != e->r.width || info.height != e->r.height) {
    kz_image_close(file->image);
    file->image = NULL;
    snprintf(file->why, sizeof file->why, "is of another size than the record says");
  }
  return 0;
}

void kz__folio_close(struct kz__folio_file *file) {
  kz_image_close(file->image);
  free(file->path);
  *file = (struct kz__folio_file){0};
}

/* The grid: not larger than asked, nor than the section's share of the page is worth. */
static void set_grid(struct kz__scene *s, const struct kz__folio *p) {
  const double w = (double)s->entry->r.width, h = (double)s->entry->r.height;
  const double longest = w > h ? w : h, worth = p->share; /* about a byte a pixel is worth having */
  double scale = 1;
  if (longest > (double)p->o->side) scale = (double)p->o->side / longest;
  while (scale * w * scale * h > worth && scale * longest > 64) scale *= 0.9;
  s->width = (int)(scale * w + 0.5) < 1 ? 1 : (int)(scale * w + 0.5);
  s->height = (int)(scale * h + 0.5) < 1 ? 1 : (int)(scale * h + 0.5);
}

int kz__scene_open(struct kz__scene *s, const struct kz__folio *p, const struct kz__entry *e,
                   struct kz_err *err) {
  const struct kz_record *r = &e->r;
  *s = (struct kz__scene){.entry = e, .orientation = 1, .filled_px = -1};
  set_grid(s, p);
  int code = kz__folio_open(&s->source, p, e, &r->files.source, err);
  if (!code) code = kz__folio_open(&s->result, p, e, &r->files.result, err);
  if (!code)
    code = kz__folio_open(&s->filled, p, e,
                          r->files.filled.path ? &r->files.filled : &r->files.mask, err);
  if (!code) code = kz__folio_open(&s->doubt, p, e, &r->files.doubt, err);
  if (code)
    kz__scene_close(s);
  else if (s->source.image)
    s->orientation = vips_image_get_orientation(s->source.image->vips);
  return code;
}

void kz__scene_close(struct kz__scene *s) {
  kz__folio_close(&s->source);
  kz__folio_close(&s->result);
  kz__folio_close(&s->filled);
  kz__folio_close(&s->doubt);
  free(s->cover);
  free(s->cls);
  free(s->heat);
  s->cover = s->cls = NULL;
  s->heat = NULL;
}

/* ---- pixels ---- */

static uint8_t byte(float v) { return v > 0 ? v < 1 ? (uint8_t)(v * 255 + 0.5f) : 255 : 0; }

static void to_bytes(const float *rgb, size_t n, uint8_t *bytes) {
  for (size_t i = 0; i < n; i++) bytes[i] = byte(rgb[i]);
}

/* Reduced as the file stores it, then brought to sRGB: the other way about a large picture would go
 * through its profile pixel by pixel. The file is opened once more, to be read from top to bottom:
 * every tile is decoded once then. The gap lets libvips take means of whole pixels before it
 * filters. */
static int reduce(struct kz_image *im, int width, int height, VipsImage **out, struct kz_err *err) {
  VipsImage *t[3] = {NULL};
  int code = kz__load(im->path, im->format, VIPS_ACCESS_SEQUENTIAL, &t[0], err);
  if (code) return code;
  const int bits = kz__bits_of(t[0]);
  const double full = bits == 32 ? 1 : bits == 16 ? 65535 : 255;
  int failed = width == t[0]->Xsize && height == t[0]->Ysize
                   ? vips_copy(t[0], &t[1], NULL)
                   : vips_resize(t[0], &t[1], (double)width / t[0]->Xsize, "vscale",
                                 (double)height / t[0]->Ysize, "gap", 2.0, NULL);
  if (!failed) failed = vips_linear1(t[1], &t[2], 1 / full, 0, NULL);
  if (!failed) failed = vips_cast_float(t[2], out, NULL);
  for (int i = 0; i < 3; i++)
    if (t[i]) g_object_unref(t[i]);
  return failed ? kz__vips_fail(err, KZ_EFORMAT, "%s: cannot be reduced", im->path) : 0;
}

static int take_rows(const struct kz_image *im, const VipsImage *small, const float *samples,
                     struct kz_pixels *out, struct kz_err *err) {
  const int bands = small->Bands, colours = kz__colour_bands(im->colour);
  const size_t w = (size_t)out->width;
  float *line = malloc(w * (size_t)(colours + 3) * sizeof *line);
  if (!line) return kz_err_set(err, KZ_ENOMEM, "%s: no memory for a row", im->path);
  float *rgb = line + w * (size_t)colours;
  for (int y = 0; y < out->height; y++) {
    const float *row = samples + (size_t)y * w * (size_t)bands;
    for (size_t x = 0; x < w; x++)
      for (int c = 0; c < colours; c++)
        line[x * (size_t)colours + (size_t)c] = row[x * (size_t)bands + (size_t)c];
    kz__colour_to_srgb(im->colour, line, out->width, rgb);
    to_bytes(rgb, 3 * w, out->data + 3 * w * (size_t)y);
  }
  free(line);
  return 0;
}

int kz__folio_overview(struct kz_image *im, int width, int height, struct kz_pixels *out,
                       struct kz_err *err) {
  VipsImage *small = NULL;
  struct kz_pixels made = {0};
  float *samples = NULL;
  size_t size = 0;
  int code = reduce(im, width, height, &small, err);
  if (!code && !(samples = vips_image_write_to_memory(small, &size)))
    code = kz__vips_fail(err, KZ_EFORMAT, "%s: cannot decode all of it", im->path);
  if (!code) code = kz_pixels_init(&made, small->Xsize, small->Ysize, 3, err);
  if (!code) code = take_rows(im, small, samples, &made, err);
  if (small) g_object_unref(small);
  g_free(samples);
  if (code)
    kz_pixels_release(&made);
  else
    *out = made;
  return code;
}

int kz__folio_crop(struct kz_image *im, int x, int y, int w, int h, struct kz_pixels *out,
                   struct kz_err *err) {
  float *rgb = malloc((size_t)w * h * 3 * sizeof *rgb);
  struct kz_pixels made = {0};
  int code = rgb ? kz_pixels_init(&made, w, h, 3, err)
                 : kz_err_set(err, KZ_ENOMEM, "%s: no memory for %d x %d px", im->path, w, h);
  if (!code) code = kz_image_read_rgb(im, x, y, w, h, rgb, err);
  if (!code) {
    to_bytes(rgb, (size_t)w * h * 3, made.data);
    *out = made;
  } else {
    kz_pixels_release(&made);
  }
  free(rgb);
  return code;
}
