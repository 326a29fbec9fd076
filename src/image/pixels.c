/* Plain 8-bit pixels: whole images for training, and pictures that kizil makes.
 *
 * Loading is for thousands of photographs of any origin, so it converts where kz_image_open would
 * keep: to 8-bit RGB, upright, reduced. The file is read once, top to bottom; only the reduced
 * image is held. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "image/vips_io.h"

static const double pixel_limit = 100e6; /* px, of what is decoded and of what is handed out */

int kz_pixels_init(struct kz_pixels *p, int width, int height, int channels, struct kz_err *err) {
  if (width < 1 || height < 1 || channels < 1 || channels > 4)
    return kz_err_set(err, KZ_ERANGE, "pixels of %d x %d with %d channels cannot be", width,
                      height, channels);
  uint8_t *data = calloc((size_t)width * height, (size_t)channels);
  if (!data)
    return kz_err_set(err, KZ_ENOMEM, "no memory for %d x %d pixels of %d channels", width, height,
                      channels);
  *p = (struct kz_pixels){width, height, channels, data};
  return 0;
}

void kz_pixels_release(struct kz_pixels *p) {
  if (!p) return;
  free(p->data);
  *p = (struct kz_pixels){0};
}

/* ---- load ---- */

static double scale_for(int width, int height, int short_side, int at_least) {
  int side = VIPS_MIN(width, height);
  if (short_side > 0 && side > short_side) return (double)short_side / side;
  if (at_least > 0 && side < at_least) return (double)at_least / side;
  return 1;
}

/* Each stage leaves its image in the next place of t; returns the last place used, or -1. */
static int convert(VipsImage *t[], double scale) {
  int n = 0, colours = t[0]->Bands < 3 ? 1 : 3;
  if (t[n]->Bands != colours) {
    if (vips_extract_band(t[n], &t[n + 1], 0, "n", colours, NULL)) return -1;
    n++;
  }
  if (t[n]->BandFmt == VIPS_FORMAT_USHORT) { /* to the nearest: uchar output truncates */
    if (vips_linear1(t[n], &t[n + 1], 1 / 257.0, 0.5, "uchar", TRUE, NULL)) return -1;
    n++;
  }
  if (scale != 1) {
    if (vips_resize(t[n], &t[n + 1], scale, "kernel",
                    scale < 1 ? VIPS_KERNEL_LANCZOS3 : VIPS_KERNEL_CUBIC, NULL))
      return -1;
    n++;
  }
  if (vips_image_get_orientation(t[n]) > 1) {
    /* Turning needs random access; the file gives its rows in order only. */
    t[n + 1] = vips_image_copy_memory(t[n]);
    if (!t[n + 1] || vips_autorot(t[n + 1], &t[n + 2], NULL)) return -1;
    n += 2;
  }
  return n;
}

/* Packed grey or RGB bytes to p's RGB. */
static int take_bytes(const VipsImage *im, const uint8_t *bytes, struct kz_pixels *p,
                      struct kz_err *err) {
  struct kz_pixels made;
  int rc = kz_pixels_init(&made, im->Xsize, im->Ysize, 3, err);
  if (rc) return rc;
  size_t count = (size_t)im->Xsize * im->Ysize;
  if (im->Bands == 3)
    memcpy(made.data, bytes, 3 * count);
  else
    for (size_t i = 0; i < count; i++) memset(made.data + 3 * i, bytes[i], 3);
  *p = made;
  return 0;
}

static int check_area(const char *path, const VipsImage *im, double scale, struct kz_err *err) {
  double area = (double)im->Xsize * im->Ysize, made = area * scale * scale;
  if (area <= pixel_limit && made <= pixel_limit) return 0;
  return kz_err_set(err, KZ_ERANGE, "%s: %d x %d px%s is over the limit of %.0f megapixels", path,
                    im->Xsize, im->Ysize, area <= pixel_limit ? ", enlarged as asked," : "",
                    pixel_limit / 1e6);
}

int kz_pixels_load(const char *path, int short_side, int at_least, struct kz_pixels *out,
                   struct kz_err *err) {
  enum { STAGES = 8 };
  VipsImage *t[STAGES] = {NULL};
  uint8_t *bytes = NULL;
  size_t size = 0;
  enum kz_format format;
  int rc = kz__format_of_file(path, &format, err);
  if (!rc) rc = kz__load(path, format, VIPS_ACCESS_SEQUENTIAL, &t[0], err);
  if (rc) goto out;
  double scale = scale_for(t[0]->Xsize, t[0]->Ysize, short_side, at_least);
  rc = check_area(path, t[0], scale, err);
  if (rc) goto out;
  int n = convert(t, scale);
  if (n >= 0) bytes = vips_image_write_to_memory(t[n], &size);
  if (bytes)
    rc = take_bytes(t[n], bytes, out, err);
  else
    rc = kz__vips_fail(err, KZ_EFORMAT, "%s: cannot decode this %s file", path,
                       kz__formats[format].name);
out:
  for (int i = 0; i < STAGES; i++)
    if (t[i]) g_object_unref(t[i]);
  g_free(bytes);
  return rc;
}

/* ---- save ---- */

int kz_pixels_save(const struct kz_pixels *p, const char *path, struct kz_err *err) {
  VipsImage *im = NULL;
  char *tmp = NULL;
  enum kz_format format;
  int rc = kz__format_of_name(path, &format, err);
  if (rc) return rc;
  if (p->channels != 1 && p->channels != 3)
    return kz_err_set(err, KZ_ERANGE, "%s: %d channels; 1 or 3 can be saved", path, p->channels);
  size_t size = (size_t)p->width * p->height * p->channels;
  im = vips_image_new_from_memory(p->data, size, p->width, p->height, p->channels,
                                  VIPS_FORMAT_UCHAR);
  tmp = kz_temp_beside(path);
  if (!im || !tmp) {
    rc = kz__vips_fail(err, KZ_ENOMEM, "%s: no memory to save it", path);
    goto out;
  }
  im->Type = p->channels == 1 ? VIPS_INTERPRETATION_B_W : VIPS_INTERPRETATION_sRGB;
  if (kz__save(im, format, tmp, NULL)) {
    unlink(tmp);
    rc = kz__vips_fail(err, KZ_EIO, "%s: cannot write", path);
    goto out;
  }
  rc = kz_rename_into(tmp, path, err);
out:
  if (im) g_object_unref(im);
  free(tmp);
  return rc;
}
