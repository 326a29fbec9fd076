/* Reading pictures and masks as restoring sees them: rows as they are stored,
 * 16 bits reduced here. By strips, so that the floats of a large picture are
 * never in memory at once. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <kizil/report.h>

#include "base/file.h"
#include "report/plaster.h"

enum { STRIP = 64 };

static int read_rgb(struct kz_image *im, struct kz_pixels *p, struct kz_err *err) {
  size_t row = (size_t)p->width * 3;
  float *strip = malloc(row * STRIP * sizeof *strip);
  int code = 0;
  if (!strip) return kz_err_set(err, KZ_ENOMEM, "no memory for rows of %d px", p->width);
  for (int y = 0; y < p->height && !code; y += STRIP) {
    int rows = p->height - y < STRIP ? p->height - y : STRIP;
    uint8_t *dst = p->data + row * (size_t)y;
    code = kz_image_read_rgb(im, 0, y, p->width, rows, strip, err);
    for (size_t i = 0; !code && i < row * (size_t)rows; i++)
      dst[i] = (uint8_t)lrintf(255.0f * fminf(fmaxf(strip[i], 0.0f), 1.0f));
  }
  free(strip);
  return code;
}

static int load(const char *path, int channels, struct kz_pixels *out, struct kz_err *err) {
  struct kz_image *im = NULL;
  struct kz_image_info info;
  struct kz_pixels p = {0};
  int code = kz_image_open(path, &im, err);
  if (code) return code;
  kz_image_get_info(im, &info);
  code = kz_pixels_init(&p, info.width, info.height, channels, err);
  if (code) goto out;
  code = channels == 3 ? read_rgb(im, &p, err)
                       : kz_image_read_mask(im, 0, 0, p.width, p.height, p.data, err);
  if (code) kz_pixels_release(&p);
  else *out = p;
out:
  kz_image_close(im);
  return code;
}

int kz_report_load(const char *path, struct kz_pixels *out, struct kz_err *err) {
  return load(path, 3, out, err);
}

int kz_report_load_mask(const char *path, struct kz_pixels *out, struct kz_err *err) {
  return load(path, 1, out, err);
}

int kz_report_save(const struct kz_pixels *p, const char *path, const char *const *sources,
                   struct kz_err *err) {
  for (; *sources; sources++)
    if (kz_same_file(path, *sources))
      return kz_err_set(err, KZ_EEXIST, "%s: would write over %s; choose another name", path,
                        *sources);
  return kz_pixels_save(p, path, err);
}

int kz_report_plaster(const char *path, const struct kz_pixels *mask, const char *out,
                      struct kz_err *err) {
  struct kz_image *im = NULL;
  struct kz_image_info info;
  struct kz_patch patch = {.w = mask->width, .h = mask->height, .mask = mask->data};
  size_t n = (size_t)mask->width * (size_t)mask->height;
  int code = kz_image_open(path, &im, err);
  if (code) return code;
  kz_image_get_info(im, &info);
  if (info.width != mask->width || info.height != mask->height) {
    code = kz_err_set(err, KZ_ESHAPE, "%s is %d x %d px, the mask %d x %d", path, info.width,
                      info.height, mask->width, mask->height);
    goto out;
  }
  patch.rgb = malloc(n * 3 * sizeof *patch.rgb);
  if (!patch.rgb) {
    code = kz_err_set(err, KZ_ENOMEM, "%s: no memory for %d x %d px", path, info.width,
                      info.height);
    goto out;
  }
  for (size_t i = 0; i < 3 * n; i++) patch.rgb[i] = (float)kz__plaster[i % 3] / 255.0f;
  code = kz_image_write_patched(im, &patch, 1, out, true, err);
out:
  free(patch.rgb);
  kz_image_close(im);
  return code;
}
