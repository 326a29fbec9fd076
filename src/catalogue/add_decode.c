/* One file's bytes to 8-bit RGB, fully decoded, whatever it claims to be.
 *
 * What a header claims is checked before memory is taken for it: an image is decoded strip by
 * strip, in this thread, from the top, and where its pixels and what measuring them needs do not
 * fit the budget, it is averaged down by a whole factor on the way. Formats whose decoders hold the
 * whole image themselves are refused above that.
 *
 * libvips has one error text for the process. So that what is stored of a broken file does not
 * depend on what another thread met at that moment, a file that fails is decoded once more with the
 * other decoders held up; its reason is taken from then. */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "catalogue/add.h"
#include "catalogue/format.h"
#include "image/vips_io.h"

enum { STRIP_BYTES = 1 << 17, KEPT_BYTES = 24 << 20 };
static const double most_pixels = 500e6;

/* ---- the budget ---- */

void kz__budget_init(struct kz__budget *b, size_t total) {
  *b = (struct kz__budget){.total = total};
  pthread_mutex_init(&b->mutex, NULL);
  pthread_cond_init(&b->changed, NULL);
}

void kz__budget_release(struct kz__budget *b) {
  pthread_cond_destroy(&b->changed);
  pthread_mutex_destroy(&b->mutex);
}

void kz__budget_take(struct kz__budget *b, size_t bytes) {
  pthread_mutex_lock(&b->mutex);
  while (b->used + bytes > b->total) pthread_cond_wait(&b->changed, &b->mutex);
  b->used += bytes;
  pthread_mutex_unlock(&b->mutex);
}

void kz__budget_give(struct kz__budget *b, size_t bytes) {
  pthread_mutex_lock(&b->mutex);
  b->used -= bytes;
  pthread_cond_broadcast(&b->changed);
  pthread_mutex_unlock(&b->mutex);
}

/* ---- what is to be decoded ---- */

struct job {
  VipsImage *file, *rgb; /* as it is; with 8 or 16 bits, grey or RGB, perhaps alpha */
  int factor, w, h;      /* of the reduced picture */
  size_t need;
};

static int plan(struct kz__decoder *d, const struct kz__photo_format *f, struct job *j,
                struct kz_err *err) {
  const VipsImage *im = j->file;
  double inside = kz__photo_held(im, f), total = (double)d->budget->total;
  if ((double)im->Xsize * im->Ysize > most_pixels)
    return kz_err_set(err, KZ_ERANGE, "too large to decode: %d x %d px; at most %.0f megapixels",
                      im->Xsize, im->Ysize, most_pixels / 1e6);
  for (j->factor = 1; inside < total / 2 && j->factor < 1000; j->factor++) {
    j->w = (im->Xsize + j->factor - 1) / j->factor;
    j->h = (im->Ysize + j->factor - 1) / j->factor;
    double need = inside + 3.0 * j->w * j->h + (double)d->measuring->scratch(j->w, j->h) +
                  STRIP_BYTES + 64.0 * im->Xsize * im->Bands;
    j->need = (size_t)need;
    if (need <= total) return 0;
  }
  return kz_err_set(err, KZ_ERANGE,
                    "too large to decode: %d x %d px of %s take about %.0f MB at once",
                    im->Xsize, im->Ysize, f->name, inside / 1e6);
}

/* ---- pixels ---- */

static void row_to_rgb(const VipsImage *im, const void *row, uint8_t *to) {
  int bands = im->Bands, g = bands < 3 ? 0 : 1, b = bands < 3 ? 0 : 2, w = im->Xsize;
  if (im->BandFmt == VIPS_FORMAT_USHORT) {
    const uint16_t *p = row;
    for (int x = 0; x < w; x++, p += bands, to += 3) {
      to[0] = (uint8_t)((p[0] * 255u + 32895u) >> 16);
      to[1] = (uint8_t)((p[g] * 255u + 32895u) >> 16);
      to[2] = (uint8_t)((p[b] * 255u + 32895u) >> 16);
    }
  } else if (bands == 3) {
    memcpy(to, row, 3 * (size_t)w);
  } else {
    const uint8_t *p = row;
    for (int x = 0; x < w; x++, p += bands, to += 3) to[0] = p[0], to[1] = p[g], to[2] = p[b];
  }
}

/* Sums of factor x factor px; a row of them becomes a row of the picture. */
struct reducer {
  uint8_t *row;   /* [3 w] of the file */
  uint32_t *sums; /* [3 w / factor] */
};

static void reduce_row(const struct job *j, const struct reducer *r, int y, uint8_t *rgb) {
  int width = j->rgb->Xsize, height = j->rgb->Ysize, f = j->factor;
  const uint8_t *p = r->row;
  for (int x = 0; x < width; x++, p += 3) {
    uint32_t *sum = r->sums + 3 * (x / f);
    sum[0] += p[0], sum[1] += p[1], sum[2] += p[2];
  }
  if ((y + 1) % f && y + 1 < height) return;
  int rows = y % f + 1;
  uint8_t *to = rgb + 3 * (size_t)(y / f) * j->w;
  for (int x = 0; x < j->w; x++) {
    uint32_t n = (uint32_t)(rows * (x * f + f <= width ? f : width - x * f));
    for (int c = 0; c < 3; c++) to[3 * x + c] = (uint8_t)((r->sums[3 * x + c] + n / 2) / n);
  }
  memset(r->sums, 0, 3 * (size_t)j->w * sizeof *r->sums);
}

static int read_pixels(const struct job *j, uint8_t *rgb, struct kz_err *err) {
  VipsImage *v = j->rgb;
  int code = 0, strip = (int)(STRIP_BYTES / VIPS_IMAGE_SIZEOF_LINE(v));
  strip = VIPS_CLIP(16, strip, 256);
  struct reducer r = {0};
  VipsRegion *region = vips_region_new(v);
  if (j->factor > 1) {
    r.row = malloc(3 * (size_t)v->Xsize);
    r.sums = calloc(3 * (size_t)j->w, sizeof *r.sums);
    if (!r.row || !r.sums) code = kz_err_set(err, KZ_ENOMEM, "no memory for a row of pixels");
  }
  for (int y = 0; y < v->Ysize && !code; y += strip) {
    VipsRect want = {0, y, v->Xsize, VIPS_MIN(strip, v->Ysize - y)};
    if (vips_region_prepare(region, &want)) {
      code = kz__vips_fail(err, KZ_EFORMAT, "cannot decode all of it");
      break;
    }
    for (int i = 0; i < want.height; i++) {
      const void *row = VIPS_REGION_ADDR(region, 0, y + i);
      row_to_rgb(v, row, r.row ? r.row : rgb + 3 * (size_t)(y + i) * v->Xsize);
      if (r.row) reduce_row(j, &r, y + i, rgb);
    }
  }
  g_object_unref(region);
  free(r.row);
  free(r.sums);
  return code;
}

/* ---- one file ---- */

static int grow(uint8_t **buffer, size_t *size, size_t wanted, struct kz_err *err) {
  if (wanted <= *size) return 0;
  free(*buffer);
  *buffer = malloc(wanted);
  *size = *buffer ? wanted : 0;
  return *buffer ? 0 : kz_err_set(err, KZ_ENOMEM, "no memory for %zu bytes of pixels", wanted);
}

/* What a large picture needed is given back; what small ones need stays. */
static void shrink(uint8_t **buffer, size_t *size) {
  if (*size <= KEPT_BYTES) return;
  free(*buffer);
  *buffer = NULL;
  *size = 0;
}

void kz__decoder_release(struct kz__decoder *d) {
  free(d->rgb);
  free(d->scratch);
}

static int measure(struct kz__decoder *d, const struct job *j, struct kz__row *row,
                   struct kz_err *err) {
  size_t scratch = d->measuring->scratch(j->w, j->h) + 1;
  int code = grow(&d->rgb, &d->rgb_size, 3 * (size_t)j->w * j->h, err);
  if (!code) code = grow(&d->scratch, &d->scratch_size, scratch, err);
  if (!code) code = read_pixels(j, d->rgb, err);
  if (!code) {
    struct kz_screen_picture p = {.w = j->w, .h = j->h, .rgb = d->rgb, .bits = row->info.bits};
    d->measuring->measure(&p, j->factor, j->file->Xsize, j->file->Ysize, &row->measured,
                          d->scratch);
  }
  shrink(&d->rgb, &d->rgb_size);
  shrink(&d->scratch, &d->scratch_size);
  return code;
}

static int attempt(struct kz__decoder *d, const struct kz__photo_source *from, struct kz__row *row,
                   struct kz_err *err) {
  const struct kz__photo_format *format = NULL;
  struct job j = {0};
  int code = kz__photo_load(from, &format, &j.file, err);
  if (format) row->info.format = format->name;
  if (code) goto out;
  kz__format_tell(j.file, &row->info);
  kz__facts_of_exif(j.file, &row->facts);
  code = plan(d, format, &j, err);
  if (!code) code = kz__photo_plain(j.file, false, &j.rgb, err);
  if (code) goto out;
  kz__budget_take(d->budget, j.need);
  code = measure(d, &j, row, err);
  /* The decoder's own memory counts too: it goes before the budget is given back. */
  g_clear_object(&j.rgb);
  g_clear_object(&j.file);
  kz__budget_give(d->budget, j.need);
out:
  if (j.rgb) g_object_unref(j.rgb);
  if (j.file) g_object_unref(j.file);
  return code;
}

int kz__decode(struct kz__decoder *d, const struct kz__photo_source *from, struct kz__row *row,
               struct kz_err *err) {
  struct kz_err why = {0};
  pthread_rwlock_rdlock(d->lock);
  int code = attempt(d, from, row, &why);
  pthread_rwlock_unlock(d->lock);
  if (code == KZ_EFORMAT) {
    pthread_rwlock_wrlock(d->lock);
    vips_error_clear();
    code = attempt(d, from, row, &why);
    pthread_rwlock_unlock(d->lock);
  }
  if (code == KZ_ENOMEM) {
    kz_err_set(err, code, "%s", why.msg);
    return kz_err_prefix(err, "%s", from->path);
  }
  if (code && !(row->error = strdup(why.msg)))
    return kz_err_set(err, KZ_ENOMEM, "%s: no memory for a message", from->path);
  return 0;
}
