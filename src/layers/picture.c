/* A layer's samples: the image's own, and where there is a mask an alpha band from it. Pixels are
 * generated when an encoder asks for them, from several threads. What the mask leaves out is 0 in
 * every band, so that it deflates to almost nothing and nothing of the original hides in it. */
#include "layers/picture.h"

#include <stdlib.h>
#include <string.h>

#include "image/photo.h"
#include "image/vips_io.h"

static bool storable(const VipsImage *im) {
  if (im->Coding != VIPS_CODING_NONE || im->Bands > 4) return false;
  if (im->BandFmt != VIPS_FORMAT_UCHAR && im->BandFmt != VIPS_FORMAT_USHORT) return false;
  switch (im->Type) {
    case VIPS_INTERPRETATION_CMYK:
    case VIPS_INTERPRETATION_LAB:
    case VIPS_INTERPRETATION_LABS:
    case VIPS_INTERPRETATION_XYZ: return false;
    default: return true;
  }
}

static VipsInterpretation meaning(const VipsImage *im) {
  bool deep = im->BandFmt == VIPS_FORMAT_USHORT;
  if (im->Bands < 3) return deep ? VIPS_INTERPRETATION_GREY16 : VIPS_INTERPRETATION_B_W;
  return deep ? VIPS_INTERPRETATION_RGB16 : VIPS_INTERPRETATION_sRGB;
}

static int plain(const struct kz_image *im, VipsImage **out, struct kz_err *err) {
  struct kz_err why;
  if (!storable(im->vips)) {
    int rc = kz__photo_plain(im->vips, true, out, &why);
    return rc ? kz_err_set(err, rc, "%s: %s", im->path, why.msg) : 0;
  }
  if (vips_copy(im->vips, out, "interpretation", meaning(im->vips), NULL))
    return kz__vips_fail(err, KZ_ENOMEM, "%s: cannot make a layer of it", im->path);
  return 0;
}

/* One row: samples of `size` bytes, `bands` of them a pixel, with alpha last or, if not `has`,
 * without. */
static void cut_row(const uint8_t *in, const uint8_t *mask, int w, int bands, bool has, size_t size,
                    uint8_t *out) {
  size_t from = (size_t)bands * size, to = from + (has ? 0 : size);
  for (int x = 0; x < w; x++, in += from, out += to) {
    memset(out, mask[x], to); /* opaque, unless the image says otherwise */
    if (mask[x]) memcpy(out, in, from);
  }
}

/* VipsGenerateFn: `b` is the mask. */
static int generate(VipsRegion *out, void *seq, void *a, void *b, gboolean *stop) {
  VipsRegion *in = seq;
  VipsRect *r = &out->valid;
  struct kz_err why;
  (void)a, (void)stop;
  uint8_t *mask = malloc((size_t)r->width * r->height);
  int rc = -1;
  if (!mask) {
    vips_error("layers", "no memory");
    goto out;
  }
  if (kz_image_read_mask(b, r->left, r->top, r->width, r->height, mask, &why)) {
    vips_error("layers", "%s", why.msg);
    goto out;
  }
  if (vips_region_prepare(in, r)) goto out;
  size_t size = VIPS_IMAGE_SIZEOF_ELEMENT(in->im);
  for (int y = 0; y < r->height; y++)
    cut_row(VIPS_REGION_ADDR(in, r->left, r->top + y), mask + (size_t)y * r->width, r->width,
            in->im->Bands, in->im->Bands == out->im->Bands, size,
            VIPS_REGION_ADDR(out, r->left, r->top + y));
  rc = 0;
out:
  free(mask);
  return rc;
}

int kz__layer_picture(const struct kz_layer *layer, VipsImage **out, struct kz_err *err) {
  VipsImage *in = NULL, *im = NULL;
  int rc = plain(layer->image, &in, err);
  if (rc || !layer->mask) {
    *out = in;
    return rc;
  }
  im = vips_image_new();
  vips_object_local(im, in);
  if (vips_image_pipelinev(im, VIPS_DEMAND_STYLE_THINSTRIP, in, NULL)) goto fail;
  if (im->Bands % 2) im->Bands++;
  if (vips_image_generate(im, vips_start_one, generate, vips_stop_one, in, layer->mask)) goto fail;
  *out = im;
  return 0;
fail:
  rc = kz__vips_fail(err, KZ_ENOMEM, "%s: cannot make a layer of it", layer->image->path);
  g_object_unref(im);
  return rc;
}
