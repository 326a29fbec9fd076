/* A thumbnail is made of as little as will do: libjpeg decodes to an eighth at the least, all else
 * is reduced row by row. */
#include "image/thumb.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "image/photo.h"
#include "image/vips_io.h"

enum { QUALITY = 72, STAGES = 6 };
static const double held_limit = 256e6, pixel_limit = 500e6;

/* Of 1, 2, 4, 8: so that what is left is still twice as large as asked. */
static int shrink_for(const VipsImage *im, int width, int height) {
  int n = 8;
  while (n > 1 && (im->Xsize / n < 2 * width && im->Ysize / n < 2 * height)) n /= 2;
  return n;
}

/* The header first: only then is it known how coarsely the pixels may be decoded. */
static int load(const struct kz__photo_source *from, int width, int height, VipsImage **out,
                struct kz_err *err) {
  const struct kz__photo_format *format;
  VipsImage *im = NULL;
  int code = kz__photo_load(from, &format, &im, err);
  if (code) return code;
  if (kz__photo_held(im, format) > held_limit || (double)im->Xsize * im->Ysize > pixel_limit) {
    code = kz_err_set(err, KZ_ERANGE, "%d x %d px of %s are too large", im->Xsize, im->Ysize,
                      format->name);
  } else if (strcmp(format->name, "JPEG") != 0) {
    *out = im;
    return 0;
  }
  int shrink = shrink_for(im, width, height);
  g_object_unref(im);
  if (code) return code;
  lseek(from->fd, 0, SEEK_SET);
  VipsSource *source = vips_source_new_from_descriptor(from->fd);
  if (!source || vips_call(format->loader, source, out, "access", VIPS_ACCESS_SEQUENTIAL,
                           "fail_on", VIPS_FAIL_ON_ERROR, "shrink", shrink, NULL))
    code = kz__vips_fail(err, KZ_EFORMAT, "cannot decode this %s file", format->name);
  if (source) g_object_unref(source);
  return code;
}

/* Each stage leaves its image in the next place of t; returns the last place used, or -1. */
static int reduce(VipsImage *t[], int width, int height) {
  int n = 0, colours = t[0]->Bands < 3 ? 1 : 3;
  if (t[n]->Bands != colours) {
    if (vips_extract_band(t[n], &t[n + 1], 0, "n", colours, NULL)) return -1;
    n++;
  }
  if (t[n]->BandFmt == VIPS_FORMAT_USHORT) {
    if (vips_linear1(t[n], &t[n + 1], 1 / 257.0, 0.5, "uchar", TRUE, NULL)) return -1;
    n++;
  }
  if (vips_copy(t[n], &t[n + 1], "interpretation",
                colours == 1 ? VIPS_INTERPRETATION_B_W : VIPS_INTERPRETATION_sRGB, NULL))
    return -1;
  n++;
  if (vips_thumbnail_image(t[n], &t[n + 1], width, "height", height, "size", VIPS_SIZE_DOWN, NULL))
    return -1;
  return n + 1;
}

static int make(const struct kz__photo_source *from, int width, int height, struct kz_thumb *out,
                struct kz_err *err) {
  VipsImage *file = NULL, *t[STAGES] = {NULL};
  int code = load(from, width, height, &file, err);
  if (!code) code = kz__photo_plain(file, true, &t[0], err);
  if (!code) {
    int n = reduce(t, width, height);
    if (n < 0 || vips_jpegsave_buffer(t[n], &out->jpeg, &out->size, "Q", QUALITY, "strip", TRUE,
                                      "optimize_coding", TRUE, NULL)) {
      code = kz__vips_fail(err, KZ_EFORMAT, "cannot decode it");
    } else {
      out->width = t[n]->Xsize;
      out->height = t[n]->Ysize;
    }
  }
  for (int i = 0; i < STAGES; i++)
    if (t[i]) g_object_unref(t[i]);
  if (file) g_object_unref(file);
  return code;
}

int kz_thumb_make(const char *path, int width, int height, struct kz_thumb *out,
                  struct kz_err *err) {
  struct stat st;
  int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK), code; /* a pipe must not hold us up */
  *out = (struct kz_thumb){0};
  if (fd < 0 || fstat(fd, &st)) {
    code = kz_err_set(err, errno == ENOENT ? KZ_ENOENT : KZ_EIO, "cannot read it: %s",
                      strerror(errno));
  } else {
    const struct kz__photo_source from = {.path = path, .fd = fd, .size = (size_t)st.st_size};
    code = S_ISREG(st.st_mode) ? make(&from, width, height, out, err)
                               : kz_err_set(err, KZ_EFORMAT, "not a file");
  }
  if (fd >= 0) close(fd);
  return code;
}

void kz_thumb_release(struct kz_thumb *t) {
  g_free(t->jpeg);
  *t = (struct kz_thumb){0};
}
