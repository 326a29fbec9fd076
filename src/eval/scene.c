/* A pair in memory. Pixels are read as restoring reads them, by the report module: as they are
 * stored, whatever EXIF says, because that is how mask and picture belong together. */
#include <kizil/report.h>

#include "eval/metric.h"

/* Luma by Rec. 601 in 15-bit fixed point, which gives OpenCV's grey to the last bit. */
static int make_grey(const struct kz_pixels *rgb, struct kz_pixels *grey, struct kz_err *err) {
  int code = kz_pixels_init(grey, rgb->width, rgb->height, 1, err);
  if (code) return code;
  const uint8_t *s = rgb->data;
  const int64_t n = (int64_t)rgb->width * rgb->height;
  for (int64_t i = 0; i < n; i++, s += 3)
    grey->data[i] = (uint8_t)((9798 * s[0] + 19235 * s[1] + 3735 * s[2] + (1 << 14)) >> 15);
  return 0;
}

static int check_size(const struct kz_pixels *p, const struct kz_pixels *like, const char *path,
                      const char *original, struct kz_err *err) {
  if (p->width == like->width && p->height == like->height) return 0;
  return kz_err_set(err, KZ_ESHAPE,
                    "%s is %d x %d px, the original %s %d x %d: they must be of one size", path,
                    p->width, p->height, original, like->width, like->height);
}

int kz__scene_load(struct kz__scene *s, const char *original, const char *mask, const char *result,
                   struct kz_err *err) {
  *s = (struct kz__scene){0};
  int code = kz_report_load(original, &s->original, err);
  if (!code) code = kz_report_load_mask(mask, &s->mask, err);
  if (!code) code = check_size(&s->mask, &s->original, mask, original, err);
  if (!code) code = kz_report_load(result, &s->result, err);
  if (!code) code = check_size(&s->result, &s->original, result, original, err);
  if (!code) code = make_grey(&s->original, &s->grey[0], err);
  if (!code) code = make_grey(&s->result, &s->grey[1], err);
  if (code) {
    kz__scene_release(s);
    return code;
  }
  const int64_t n = (int64_t)s->mask.width * s->mask.height;
  for (int64_t i = 0; i < n; i++) s->damaged += kz__is_hole(s, i);
  return 0;
}

void kz__scene_release(struct kz__scene *s) {
  kz_pixels_release(&s->original);
  kz_pixels_release(&s->mask);
  kz_pixels_release(&s->result);
  for (int i = 0; i < 2; i++) kz_pixels_release(&s->grey[i]);
}
