/* Writing an image with restored patches laid over it, strip by strip.
 *
 * The result is never held: it is a libvips image whose pixels are generated when the encoder asks
 * for them, by copying the source's samples and replacing those under a mask. Metadata (ICC, EXIF,
 * XMP, resolution) rides along with the header that is copied from the source. The encoder calls
 * from several threads, so the patch list is sorted once and only read after that. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "image/vips_io.h"

struct overlay {
  const struct kz__colour *colour;
  const struct kz_patch **by_y; /* sorted by top */
  int count, tallest;
  const struct kz_image *image;
  struct kz__generator pixels;
};

static int compare_tops(const void *a, const void *b) {
  const struct kz_patch *p = *(const struct kz_patch *const *)a;
  const struct kz_patch *q = *(const struct kz_patch *const *)b;
  return p->y != q->y ? (p->y < q->y ? -1 : 1) : (p->x > q->x) - (p->x < q->x);
}

static int overlay_init(struct overlay *o, const struct kz_image *image,
                        const struct kz_patch *patches, int count, struct kz_err *err) {
  const VipsImage *im = image->vips;
  *o = (struct overlay){.colour = image->colour, .count = count, .image = image};
  o->by_y = malloc((size_t)(count + 1) * sizeof *o->by_y);
  if (!o->by_y) return kz_err_set(err, KZ_ENOMEM, "no memory for %d patches", count);
  for (int i = 0; i < count; i++) {
    const struct kz_patch *p = &patches[i];
    if (p->x < 0 || p->y < 0 || p->w < 1 || p->h < 1 || p->x > im->Xsize - p->w ||
        p->y > im->Ysize - p->h)
      return kz_err_set(err, KZ_ERANGE, "patch %d, %d x %d at %d, %d, leaves the %d x %d image", i,
                        p->w, p->h, p->x, p->y, im->Xsize, im->Ysize);
    o->by_y[i] = p;
    o->tallest = VIPS_MAX(o->tallest, p->h);
  }
  qsort(o->by_y, (size_t)count, sizeof *o->by_y, compare_tops);
  return 0;
}

/* First patch whose top is at or below y. */
static int first_from(const struct overlay *o, int y) {
  int lo = 0, hi = o->count;
  while (lo < hi) {
    int mid = lo + (hi - lo) / 2;
    if (o->by_y[mid]->y < y)
      lo = mid + 1;
    else
      hi = mid;
  }
  return lo;
}


/* Lay n colours in [0,1] over `out`, to the nearest sample. Alpha is not touched. */
static void lay_samples(const float *device, int n, int colours, VipsImage *im, void *out) {
  for (int x = 0; x < n; x++)
    for (int c = 0; c < colours; c++) {
      float v = device[(size_t)x * colours + c];
      size_t at = (size_t)x * im->Bands + c;
      if (im->BandFmt == VIPS_FORMAT_FLOAT)
        ((float *)out)[at] = v;
      else if (im->BandFmt == VIPS_FORMAT_USHORT)
        ((uint16_t *)out)[at] = (uint16_t)(v * 65535 + 0.5f);
      else
        ((uint8_t *)out)[at] = (uint8_t)(v * 255 + 0.5f);
    }
}

/* Lay one row of a patch over `out`, run by run of its mask. `device`: room for a row. */
static void lay_row(const struct overlay *o, const float *rgb, const uint8_t *mask, int w,
                    float *device, VipsImage *im, uint8_t *out) {
  int colours = kz__colour_bands(o->colour);
  for (int x = 0, n; x < w; x += n) {
    for (n = 0; x + n < w && !mask[x + n] == !mask[x];) n++;
    if (!mask[x]) continue;
    kz__colour_from_srgb(o->colour, rgb + 3 * (size_t)x, n, device);
    lay_samples(device, n, colours, im, out + (size_t)x * VIPS_IMAGE_SIZEOF_PEL(im));
  }
}

static int lay_patch(const struct overlay *o, const struct kz_patch *p, VipsRegion *out) {
  VipsRect whole = {p->x, p->y, p->w, p->h}, r;
  vips_rect_intersectrect(&whole, &out->valid, &r);
  if (r.width < 1 || r.height < 1) return 0;
  float *device = malloc((size_t)r.width * (size_t)kz__colour_bands(o->colour) * sizeof *device);
  if (!device) {
    vips_error("write", "no memory for a row of %d px", r.width);
    return -1;
  }
  for (int i = 0; i < r.height; i++) {
    size_t at = (size_t)(r.top + i - p->y) * p->w + (r.left - p->x);
    lay_row(o, p->rgb + 3 * at, p->mask + at, r.width, device, out->im,
            VIPS_REGION_ADDR(out, r.left, r.top + i));
  }
  free(device);
  return 0;
}

/* VipsGenerateFn: source pixels, then the patches that meet this region. */
static int generate(VipsRegion *out, void *seq, void *a, void *b, gboolean *stop) {
  VipsRegion *in = seq;
  struct overlay *o = b;
  VipsRect *r = &out->valid;
  (void)a, (void)stop;
  if (vips_region_prepare(in, r)) {
    g_atomic_pointer_set(&o->pixels.unread, o->image->path);
    return -1;
  }
  vips_region_copy(in, out, r, r->left, r->top);
  for (int i = first_from(o, r->top - o->tallest); i < o->count; i++) {
    if (o->by_y[i]->y >= VIPS_RECT_BOTTOM(r)) break;
    if (lay_patch(o, o->by_y[i], out)) return -1;
  }
  return 0;
}

/* An image of `in`'s kind, with its metadata, and pixels that are made when the encoder asks. */
static int generated(VipsImage *in, struct kz__generator *g, VipsImage **out) {
  VipsImage *im = vips_image_new();
  bool deep = in->BandFmt == VIPS_FORMAT_USHORT;
  if (vips_image_pipelinev(im, VIPS_DEMAND_STYLE_THINSTRIP, in, NULL)) goto fail;
  /* The encoders choose depth and colours by this field; some files leave it at "multiband". */
  if (in->Type == VIPS_INTERPRETATION_CMYK)
    im->Type = in->Type;
  else if (in->BandFmt == VIPS_FORMAT_FLOAT)
    im->Type = in->Bands < 3 ? VIPS_INTERPRETATION_B_W : VIPS_INTERPRETATION_scRGB;
  else if (in->Bands < 3)
    im->Type = deep ? VIPS_INTERPRETATION_GREY16 : VIPS_INTERPRETATION_B_W;
  else
    im->Type = deep ? VIPS_INTERPRETATION_RGB16 : VIPS_INTERPRETATION_sRGB;
  if (vips_image_generate(im, g->start, g->generate, g->stop, g->a, g->b)) goto fail;
  *out = im;
  return 0;
fail:
  g_object_unref(im);
  return -1;
}

static int check_fits(const struct kz_image *im, const char *path, enum kz_format format,
                      struct kz_err *err) {
  const struct kz_format_info *f = &kz__formats[format];
  struct kz_image_info info;
  kz_image_get_info(im, &info);
  if (info.bits == 16 && !f->deep)
    return kz_err_set(err, KZ_EUNSUPPORTED,
                      "%s: %s cannot hold the 16 bits of %s; write .png or .tif", path, f->name,
                      im->path);
  if (info.bits == 32 && !f->real)
    return kz_err_set(err, KZ_EUNSUPPORTED,
                      "%s: %s cannot hold the floating-point samples of %s; write .tif", path,
                      f->name, im->path);
  if (info.cmyk && (!f->inks || (info.alpha && !f->ink_alpha)))
    return kz_err_set(err, KZ_EUNSUPPORTED, "%s: %s cannot hold the CMYK%s of %s; write .tif", path,
                      f->name, f->inks ? " and alpha" : " inks", im->path);
  if (info.alpha && !f->alpha)
    return kz_err_set(err, KZ_EUNSUPPORTED,
                      "%s: %s cannot hold the alpha band of %s; write .png, .tif or .webp", path,
                      f->name, im->path);
  if (f->max_side && (info.width > f->max_side || info.height > f->max_side))
    return kz_err_set(err, KZ_EUNSUPPORTED, "%s: %d x %d px is over %s's limit of %d; write .tif",
                      path, info.width, info.height, f->name, f->max_side);
  return 0;
}

int kz_image_can_write(const struct kz_image *im, const char *path, bool overwrite,
                       struct kz_err *err) {
  enum kz_format format;
  int rc = kz__format_of_name(path, &format, err);
  if (!rc) rc = check_fits(im, path, format, err);
  if (rc) return rc;
  if (kz_same_file(im->path, path))
    return kz_err_set(err, KZ_EEXIST, "%s: would overwrite its own source; choose another name",
                      path);
  if (!overwrite && kz_file_exists(path))
    return kz_err_set(err, KZ_EEXIST, "%s: is there already", path);
  return kz_folder_check(path, err);
}

int kz__image_write(struct kz_image *im, struct kz__generator *pixels, const char *path,
                    bool overwrite, struct kz_err *err) {
  VipsImage *result = NULL;
  enum kz_format format;
  int rc = kz_image_can_write(im, path, overwrite, err);
  if (!rc) rc = kz__format_of_name(path, &format, err);
  if (rc) return rc;
  char *tmp = kz_temp_beside(path);
  if (!tmp) return kz_err_set(err, KZ_ENOMEM, "%s: no memory for its temporary name", path);
  struct kz__save_options options = {
      .tiled = im->tiled, .pyramid = im->pyramid, .subifds = im->subifds,
      .resolution = im->format == KZ_FORMAT_TIFF, .compression = im->compression};
  if (generated(im->vips, pixels, &result) || kz__mark(im, format, result) ||
      kz__save(result, format, tmp, &options)) {
    const char *unread = g_atomic_pointer_get(&pixels->unread);
    unlink(tmp);
    if (unread)
      rc = kz__vips_fail(err, KZ_EFORMAT, "%s: cannot decode it to write %s", unread, path);
    else
      rc = kz__vips_fail(err, KZ_EIO, "%s: cannot write", path);
    goto out;
  }
  rc = kz_rename_into(tmp, path, err);
out:
  if (result) g_object_unref(result);
  free(tmp);
  return rc;
}

int kz_image_write_patched(struct kz_image *im, const struct kz_patch *patches, int count,
                           const char *path, bool overwrite, struct kz_err *err) {
  struct overlay o;
  int rc = overlay_init(&o, im, patches, count, err);
  o.pixels = (struct kz__generator){.start = vips_start_one, .generate = generate,
                                    .stop = vips_stop_one, .a = im->vips, .b = &o};
  if (!rc) rc = kz__image_write(im, &o.pixels, path, overwrite, err);
  free(o.by_y);
  return rc;
}
