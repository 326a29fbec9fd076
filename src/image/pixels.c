/* Plain 8-bit pixels: whole images for training, and pictures that kizil makes.
 *
 * Loading is for thousands of photographs of any origin, so it converts where kz_image_open would
 * keep: to 8-bit RGB, upright, reduced. The file is read once, top to bottom; only the reduced
 * image is held, so that a picture of hundreds of megapixels can be asked for at a size for
 * training. Decoders that need all of it at once are held to a limit of their own. */
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "image/photo.h"
#include "image/vips_io.h"

enum { STRIP = 64 }; /* rows */
static const double decoded_limit = 500e6;           /* px, of the file */
static const double made_limit = 100e6;              /* px, of what is handed out */
static const double held_limit = 1.0 * (1 << 30);    /* B, inside a decoder */

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

/* Each stage leaves its image in the next place of t; `n` is the last place used. */
struct stages {
  VipsImage *t[10];
  int n;
};

static int turn(struct stages *s, int orientation) {
  VipsImage **t = s->t + s->n;
  /* Turning needs random access; the file gives its rows in order only. */
  t[1] = vips_image_copy_memory(t[0]);
  if (!t[1]) return -1;
  vips_image_set_int(t[1], VIPS_META_ORIENTATION, orientation);
  s->n += 2;
  return vips_autorot(t[1], &t[2], NULL);
}

static int convert(struct stages *s, const struct kz_view *view, double scale) {
  VipsImage **t = s->t;
  int orientation = view->orientation ? view->orientation : vips_image_get_orientation(t[s->n]);
  int colours = t[s->n]->Bands < 3 ? 1 : 3;
  if (t[s->n]->Bands != colours) {
    if (vips_extract_band(t[s->n], &t[s->n + 1], 0, "n", colours, NULL)) return -1;
    s->n++;
  }
  if (t[s->n]->BandFmt == VIPS_FORMAT_USHORT) { /* to the nearest: uchar output truncates */
    if (vips_linear1(t[s->n], &t[s->n + 1], 1 / 257.0, 0.5, "uchar", TRUE, NULL)) return -1;
    s->n++;
  }
  if (scale != 1) {
    if (vips_resize(t[s->n], &t[s->n + 1], scale, "kernel",
                    scale < 1 ? VIPS_KERNEL_LANCZOS3 : VIPS_KERNEL_CUBIC, NULL))
      return -1;
    s->n++;
  }
  return orientation > 1 ? turn(s, orientation) : 0;
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

/* On the linear light behind sRGB's curve. */
static void apply_gains(struct kz_pixels *p, const double gain[3]) {
  uint8_t table[3][256];
  for (int c = 0; c < 3; c++)
    for (int i = 0; i < 256; i++) {
      double v = i / 255.0;
      v = gain[c] * (v <= 0.04045 ? v / 12.92 : pow((v + 0.055) / 1.055, 2.4));
      v = v <= 0.0031308 ? v * 12.92 : 1.055 * pow(v, 1 / 2.4) - 0.055;
      table[c][i] = (uint8_t)(255 * VIPS_CLIP(0, v, 1) + 0.5);
    }
  size_t count = (size_t)p->width * p->height;
  for (size_t i = 0; i < count; i++)
    for (int c = 0; c < 3; c++) p->data[3 * i + c] = table[c][p->data[3 * i + c]];
}

static int check_view(const char *path, const VipsImage *im, const struct kz_view *v,
                      struct kz_err *err) {
  for (int c = 0; c < 3; c++)
    if (v->gain[0] != 0 && !(v->gain[c] > 0 && v->gain[c] < 1e6))
      return kz_err_set(err, KZ_ERANGE, "%s: %g is no gain of a colour", path, v->gain[c]);
  if (v->orientation < 0 || v->orientation > 8)
    return kz_err_set(err, KZ_ERANGE, "%s: orientation %d; 1 to 8 there are", path, v->orientation);
  if (!v->w && !v->h) return 0;
  if (v->w > 0 && v->h > 0 && v->x >= 0 && v->y >= 0 && v->w <= im->Xsize && v->h <= im->Ysize &&
      v->x <= im->Xsize - v->w && v->y <= im->Ysize - v->h)
    return 0;
  return kz_err_set(err, KZ_ERANGE,
                    "%s: the part to keep, %d x %d px at %d, %d, leaves the picture of %d x %d px: "
                    "is it another file now?", path, v->w, v->h, v->x, v->y, im->Xsize, im->Ysize);
}

static int check_area(const char *path, const VipsImage *im, const struct kz__photo_format *f,
                      double made, struct kz_err *err) {
  double area = (double)im->Xsize * im->Ysize, held = kz__photo_held(im, f);
  if (area > decoded_limit)
    return kz_err_set(err, KZ_ERANGE, "%s: %d x %d px is over the limit of %.0f megapixels", path,
                      im->Xsize, im->Ysize, decoded_limit / 1e6);
  if (made > made_limit)
    return kz_err_set(err, KZ_ERANGE,
                      "%s: %d x %d px%s is over the limit of %.0f megapixels at once", path,
                      im->Xsize, im->Ysize, made > area ? ", enlarged as asked," : "",
                      made_limit / 1e6);
  if (held > held_limit)
    return kz_err_set(err, KZ_ERANGE,
                      "%s: %d x %d px of this %s take %.1f GB to decode at once; convert it to a "
                      "plain TIFF or PNG", path, im->Xsize, im->Ysize, f->name, held / 1e9);
  return 0;
}

/* Decode and forget the rows above what is kept: libvips would hold them all at once. */
static int skip_rows(VipsImage *im, int rows) {
  VipsRegion *region = vips_region_new(im);
  int failed = 0;
  for (int y = 0; y < rows && !failed; y += STRIP) {
    VipsRect r = {0, y, im->Xsize, VIPS_MIN(STRIP, rows - y)};
    failed = vips_region_prepare(region, &r);
  }
  g_object_unref(region);
  return failed;
}

/* The file's header, and what its pixels will be, not yet decoded. */
static int prepare(struct stages *s, const struct kz__photo_source *from,
                   const struct kz_view *view, int short_side, int at_least, struct kz_err *err) {
  const struct kz__photo_format *format = NULL;
  struct kz_err why;
  VipsImage **t = s->t;
  int rc = kz__photo_load(from, &format, &t[0], &why);
  if (rc) return kz_err_set(err, format ? rc : KZ_EFORMAT, "%s: %s", from->path, why.msg);
  rc = check_view(from->path, t[0], view, err);
  if (rc) return rc;
  int w = view->w ? view->w : t[0]->Xsize, h = view->w ? view->h : t[0]->Ysize;
  double scale = scale_for(w, h, short_side, at_least);
  rc = check_area(from->path, t[0], format, (double)w * h * scale * scale, err);
  if (rc) return rc;
  if (view->w) {
    if (skip_rows(t[0], view->y)) goto failed;
    if (vips_extract_area(t[0], &t[1], view->x, view->y, w, h, NULL)) goto failed;
    s->n = 1;
  }
  rc = kz__photo_plain(t[s->n], view->to_srgb, &t[s->n + 1], &why);
  if (rc) return kz_err_set(err, rc, "%s: %s", from->path, why.msg);
  s->n++;
  if (!convert(s, view, scale)) return 0;
failed:
  return kz__vips_fail(err, KZ_EFORMAT, "%s: cannot decode this %s file", from->path, format->name);
}

static int open_source(const char *path, struct kz__photo_source *from, struct kz_err *err) {
  struct stat st;
  *from = (struct kz__photo_source){.path = path};
  from->fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
  if (from->fd < 0 || fstat(from->fd, &st))
    return kz_err_set(err, errno == ENOENT ? KZ_ENOENT : KZ_EIO, "%s: cannot open: %s", path,
                      strerror(errno));
  if (!S_ISREG(st.st_mode))
    return kz_err_set(err, KZ_EIO, "%s: cannot read: %s", path,
                      S_ISDIR(st.st_mode) ? strerror(EISDIR) : "not a file");
  from->size = (size_t)st.st_size;
  return 0;
}

int kz_pixels_load_view(const char *path, const struct kz_view *view, int short_side, int at_least,
                        struct kz_pixels *out, struct kz_err *err) {
  struct stages s = {0};
  struct kz__photo_source from;
  uint8_t *bytes = NULL;
  size_t size = 0;
  int rc = open_source(path, &from, err);
  if (!rc) rc = prepare(&s, &from, view, short_side, at_least, err);
  if (rc) goto out;
  bytes = vips_image_write_to_memory(s.t[s.n], &size);
  if (bytes)
    rc = take_bytes(s.t[s.n], bytes, out, err);
  else
    rc = kz__vips_fail(err, KZ_EFORMAT, "%s: cannot decode all of it", path);
  if (!rc && view->gain[0] != 0) apply_gains(out, view->gain);
out:
  for (size_t i = 0; i < sizeof s.t / sizeof *s.t; i++)
    if (s.t[i]) g_object_unref(s.t[i]);
  g_free(bytes);
  if (from.fd >= 0) close(from.fd);
  return rc;
}

int kz_pixels_load(const char *path, int short_side, int at_least, struct kz_pixels *out,
                   struct kz_err *err) {
  const struct kz_view all = {0};
  return kz_pixels_load_view(path, &all, short_side, at_least, out, err);
}

int kz_pixels_probe(const char *path, int *width, int *height, struct kz_err *err) {
  const struct kz__photo_format *format = NULL;
  struct kz__photo_source from;
  struct kz_err why;
  VipsImage *im = NULL;
  int rc = open_source(path, &from, err);
  if (!rc) {
    rc = kz__photo_load(&from, &format, &im, &why);
    if (rc) rc = kz_err_set(err, format ? rc : KZ_EFORMAT, "%s: %s", path, why.msg);
  }
  if (!rc) {
    *width = im->Xsize;
    *height = im->Ysize;
  }
  if (im) g_object_unref(im);
  if (from.fd >= 0) close(from.fd);
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
