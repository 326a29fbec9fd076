/* Disagreement and damage as pictures. The encoder asks for strips and gets nothing, with the
 * damage on it, so that a map of a wall needs no more memory than its damage. */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <vips/vips.h>

#include "base/file.h"
#include "restore/doubt.h"

#define HEAT_TOP 20.0f /* delta E that shows white */

struct map {
  const struct kz__holes *h;
  const float *doubt;
  void (*put)(const struct map *m, int64_t pixel, void *to);
  int bands, bits; /* bits: 1, 8 or 16, in the file */
};

static void put_hundredths(const struct map *m, int64_t pixel, void *to) {
  const float v = m->doubt[pixel] * 100 + 0.5f;
  *(uint16_t *)to = v < 65535 ? (uint16_t)v : 65535;
}

static void put_white(const struct map *m, int64_t pixel, void *to) {
  (void)m, (void)pixel;
  *(uint8_t *)to = 255;
}

static uint8_t byte(float v) { return v > 0 ? v < 1 ? (uint8_t)(v * 255 + 0.5f) : 255 : 0; }

static void put_heat(const struct map *m, int64_t pixel, void *to) {
  const float t = 3 * m->doubt[pixel] / HEAT_TOP;
  const uint8_t rgba[4] = {byte(t), byte(t - 1), byte(t - 2), 255};
  memcpy(to, rgba, sizeof rgba);
}

/* VipsGenerateFn: nothing, then what is damaged of this region. */
static int generate(VipsRegion *out, void *seq, void *a, void *b, gboolean *stop) {
  const struct map *m = b;
  const VipsRect *r = &out->valid;
  const size_t size = VIPS_IMAGE_SIZEOF_PEL(out->im);
  (void)seq, (void)a, (void)stop;
  for (int y = 0; y < r->height; y++)
    memset(VIPS_REGION_ADDR(out, r->left, r->top + y), 0, size * (size_t)r->width);
  struct kz__span s;
  for (kz__span_start(&s, m->h, r->left, r->top, r->width, r->height); kz__span_next(&s);) {
    VipsPel *to = VIPS_REGION_ADDR(out, s.x, s.y);
    for (int i = 0; i < s.len; i++, to += size) m->put(m, s.first + i, to);
  }
  return 0;
}

static int save(struct map m, const char *path, struct kz_err *err) {
  char *tmp = kz_temp_beside(path);
  VipsImage *im = vips_image_new();
  int code = 0;
  if (!tmp) {
    code = kz_err_set(err, KZ_ENOMEM, "%s: no memory for its temporary name", path);
    goto out;
  }
  vips_image_init_fields(im, m.h->width, m.h->height, m.bands,
                         m.bits == 16 ? VIPS_FORMAT_USHORT : VIPS_FORMAT_UCHAR, VIPS_CODING_NONE,
                         m.bits == 16   ? VIPS_INTERPRETATION_GREY16
                         : m.bands == 1 ? VIPS_INTERPRETATION_B_W
                                        : VIPS_INTERPRETATION_sRGB, 1, 1);
  if (vips_image_pipelinev(im, VIPS_DEMAND_STYLE_THINSTRIP, NULL) ||
      vips_image_generate(im, NULL, generate, NULL, NULL, &m) ||
      vips_pngsave(im, tmp, "compression", 3, "bitdepth", m.bits, NULL)) {
    unlink(tmp);
    code = kz_err_set(err, KZ_EIO, "%s: cannot write: %s", path, vips_error_buffer());
    vips_error_clear();
    goto out;
  }
  code = kz_rename_into(tmp, path, err);
out:
  g_object_unref(im);
  free(tmp);
  return code;
}

int kz__doubt_save(const struct kz__holes *h, const float *doubt, const char *path,
                   struct kz_err *err) {
  return save((struct map){h, doubt, put_hundredths, 1, 16}, path, err);
}

int kz__heat_save(const struct kz__holes *h, const float *doubt, const char *path,
                  struct kz_err *err) {
  return save((struct map){h, doubt, put_heat, 4, 8}, path, err);
}

int kz__holes_save(const struct kz__holes *h, const char *path, struct kz_err *err) {
  return save((struct map){h, NULL, put_white, 1, 1}, path, err);
}
