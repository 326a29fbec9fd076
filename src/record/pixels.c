/* Two images compared as they are stored. They are read by libvips' own choice of loader, from top
 * to bottom in strips, and not as kizil sees a picture for restoring: a proof that went through the
 * same conversions as the work would share its mistakes. Rows that are equal, nearly all, cost one
 * memcmp. */
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "image/vips_io.h"
#include "record/pixels.h"

enum { STRIP_BYTES = 8 << 20 };

struct pair {
  const char *names[2]; /* source, result */
  VipsImage *images[2];
  VipsRegion *regions[2];
  struct kz_image *mask;
  uint8_t *damaged; /* [strip, width] */
};

static int __attribute__((format(printf, 3, 4)))
tell(struct kz_record_report *report, enum kz_record_state state, const char *fmt, ...) {
  struct kz_record_finding *f = &report->findings[KZ_CHECK_PIXELS];
  va_list args;
  va_start(args, fmt);
  vsnprintf(f->text, sizeof f->text, fmt, args);
  va_end(args);
  f->state = state;
  return 1;
}

/* By libvips' search over file contents; the name is not read for options in brackets. */
static VipsImage *open_image(const char *path, struct kz_err *err) {
  VipsImage *im = NULL;
  const char *loader = vips_foreign_find_load(path);
  if (loader && !vips_call(loader, path, &im, "access", VIPS_ACCESS_SEQUENTIAL, "fail_on",
                           VIPS_FAIL_ON_TRUNCATED, NULL))
    return im;
  kz__vips_fail(err, KZ_EFORMAT, "%s: cannot be read as an image", path);
  return NULL;
}

/* 0: ready; 1: told why not. */
static int open_pair(struct pair *p, const char *mask, struct kz_record_report *report) {
  struct kz_err err;
  for (int i = 0; i < 2; i++) {
    p->images[i] = open_image(p->names[i], &err);
    if (!p->images[i]) return tell(report, KZ_STATE_UNKNOWN, "%s", err.msg);
    p->regions[i] = vips_region_new(p->images[i]);
  }
  const VipsImage *a = p->images[0], *b = p->images[1];
  if (a->Xsize != b->Xsize || a->Ysize != b->Ysize)
    return tell(report, KZ_STATE_WRONG, "%s is %d x %d but %s is %d x %d", p->names[1], b->Xsize,
                b->Ysize, p->names[0], a->Xsize, a->Ysize);
  if (a->Bands != b->Bands || a->BandFmt != b->BandFmt)
    return tell(report, KZ_STATE_WRONG, "%s has %d bands of %s but %s has %d of %s", p->names[1],
                b->Bands, vips_enum_nick(VIPS_TYPE_BAND_FORMAT, b->BandFmt), p->names[0], a->Bands,
                vips_enum_nick(VIPS_TYPE_BAND_FORMAT, a->BandFmt));
  struct kz_image_info info;
  if (kz_image_open(mask, &p->mask, &err)) return tell(report, KZ_STATE_UNKNOWN, "%s", err.msg);
  kz_image_get_info(p->mask, &info);
  if (info.width != a->Xsize || info.height != a->Ysize)
    return tell(report, KZ_STATE_WRONG, "%s is %d x %d but %s is %d x %d", mask, info.width,
                info.height, p->names[0], a->Xsize, a->Ysize);
  return 0;
}

static double sample_at(const void *pel, VipsBandFormat format, int band) {
  switch (format) {
  case VIPS_FORMAT_UCHAR: return ((const uint8_t *)pel)[band];
  case VIPS_FORMAT_CHAR: return ((const int8_t *)pel)[band];
  case VIPS_FORMAT_USHORT: return ((const uint16_t *)pel)[band];
  case VIPS_FORMAT_SHORT: return ((const int16_t *)pel)[band];
  case VIPS_FORMAT_UINT: return ((const uint32_t *)pel)[band];
  case VIPS_FORMAT_INT: return ((const int32_t *)pel)[band];
  case VIPS_FORMAT_FLOAT: return ((const float *)pel)[band];
  case VIPS_FORMAT_DOUBLE: return ((const double *)pel)[band];
  default: return 0;
  }
}

/* "12 40 7", at most eight bands. */
static void write_samples(const void *pel, const VipsImage *im, char *to, size_t size) {
  size_t n = 0;
  *to = 0;
  for (int b = 0; b < im->Bands && b < 8 && n < size; b++)
    n += (size_t)snprintf(to + n, size - n, "%s%.9g", b ? " " : "",
                          sample_at(pel, im->BandFmt, b));
}

static void tell_first(const struct pair *p, const void *a, const void *b, int x, int y,
                       struct kz_record_report *report) {
  char was[200], is[200];
  write_samples(a, p->images[0], was, sizeof was);
  write_samples(b, p->images[1], is, sizeof is);
  report->first_x = x;
  report->first_y = y;
  tell(report, KZ_STATE_WRONG,
       "%s differs from %s outside the mask, first at x %d, y %d: %s, where the source has %s",
       p->names[1], p->names[0], x, y, is, was);
}

static void compare_row(const struct pair *p, int y, const uint8_t *damaged,
                        struct kz_record_report *report) {
  size_t pel = VIPS_IMAGE_SIZEOF_PEL(p->images[0]);
  int width = p->images[0]->Xsize;
  const VipsPel *a = VIPS_REGION_ADDR(p->regions[0], 0, y);
  const VipsPel *b = VIPS_REGION_ADDR(p->regions[1], 0, y);
  if (!memcmp(a, b, pel * (size_t)width)) return;
  for (int x = 0; x < width; x++) {
    if (!memcmp(a + pel * (size_t)x, b + pel * (size_t)x, pel)) continue;
    if (damaged[x]) {
      report->changed++;
      continue;
    }
    if (!report->outside++) tell_first(p, a + pel * (size_t)x, b + pel * (size_t)x, x, y, report);
  }
}

/* 0: done; 1: told why it cannot be; or an error. */
static int compare_strip(struct pair *p, int y, int rows, struct kz_record_report *report) {
  struct kz_err err;
  const VipsRect r = {0, y, p->images[0]->Xsize, rows};
  for (int i = 0; i < 2; i++)
    if (vips_region_prepare(p->regions[i], &r)) {
      kz__vips_fail(&err, KZ_EFORMAT, "%s: cannot decode rows %d to %d", p->names[i], y,
                    y + rows - 1);
      return tell(report, KZ_STATE_UNKNOWN, "%s", err.msg);
    }
  if (kz_image_read_mask(p->mask, 0, y, r.width, rows, p->damaged, &err))
    return tell(report, KZ_STATE_UNKNOWN, "%s", err.msg);
  for (int i = 0; i < rows; i++)
    compare_row(p, y + i, p->damaged + (size_t)i * r.width, report);
  return 0;
}

static int compare(struct pair *p, const struct kz_restore_host *host,
                   struct kz_record_report *report, struct kz_err *err) {
  const VipsImage *im = p->images[0];
  int strip = VIPS_CLIP(1, (int)(STRIP_BYTES / (double)VIPS_IMAGE_SIZEOF_LINE(im)), im->Ysize);
  p->damaged = malloc((size_t)strip * (size_t)im->Xsize);
  if (!p->damaged) return kz_err_set(err, KZ_ENOMEM, "no memory for a strip of the mask");
  for (int y = 0; y < im->Ysize; y += strip) {
    if (host && host->stop && host->stop(host->self))
      return kz_err_set(err, KZ_EINTR, "interrupted");
    int failed = compare_strip(p, y, VIPS_MIN(strip, im->Ysize - y), report);
    if (failed) return failed;
    if (host && host->progress)
      host->progress(host->self, VIPS_MIN(y + strip, im->Ysize), im->Ysize);
  }
  if (!report->outside)
    tell(report, KZ_STATE_PROVED,
         "%s is %s wherever the mask is not set; %lld pixels under it differ", p->names[1],
         p->names[0], (long long)report->changed);
  return 0;
}

int kz__record_compare(const char *source, const char *mask, const char *result,
                       const struct kz_restore_host *host, struct kz_record_report *report,
                       struct kz_err *err) {
  struct pair p = {.names = {source, result}};
  int code = open_pair(&p, mask, report);
  if (!code) code = compare(&p, host, report, err);
  for (int i = 0; i < 2; i++) {
    if (p.regions[i]) g_object_unref(p.regions[i]);
    if (p.images[i]) g_object_unref(p.images[i]);
  }
  kz_image_close(p.mask);
  free(p.damaged);
  return code > 0 ? 0 : code;
}
