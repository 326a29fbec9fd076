/* Pictures inside the page. The page has a bound that is kept whatever is shown: each picture has
 * its share of it and is made coarser, then smaller, until it fits. */
#include <math.h>
#include <string.h>

#include "image/vips_io.h"
#include "page/page.h"
#include "report/html.h"

enum { LEAST_BYTES = 1024, TRIES = 24 };

static VipsImage *wrap(const struct kz_pixels *px) {
  VipsImage *im =
      vips_image_new_from_memory(px->data, (size_t)px->width * px->height * px->channels, px->width,
                                 px->height, px->channels, VIPS_FORMAT_UCHAR);
  if (im) im->Type = VIPS_INTERPRETATION_sRGB;
  return im;
}

/* `im` turned upright and reduced; the caller's. NULL: failed. */
static VipsImage *make(VipsImage *im, int orientation, double scale) {
  VipsImage *small = NULL, *turned = NULL;
  if (scale < 1 ? vips_resize(im, &small, scale, NULL) : vips_copy(im, &small, NULL)) return NULL;
  if (orientation <= 1) return small;
  vips_image_set_int(small, VIPS_META_ORIENTATION, orientation);
  if (vips_autorot(small, &turned, NULL)) turned = NULL;
  g_object_unref(small);
  return turned;
}

static int encode(VipsImage *im, enum kz__picture_kind kind, int quality, void **bytes,
                  size_t *size) {
  if (kind == KZ__PHOTO)
    return vips_jpegsave_buffer(im, bytes, size, "Q", quality, "strip", TRUE, "optimize_coding",
                                TRUE, NULL);
  return vips_webpsave_buffer(im, bytes, size, "Q", quality, "lossless", kind == KZ__FLAT, "strip",
                              TRUE, NULL);
}

/* The first of ever coarser and smaller pictures that fits; *bytes NULL: none does. */
static int fit(VipsImage *im, int orientation, const struct kz__shown *how, void **bytes,
               size_t *size, struct kz_err *err) {
  static const int qualities[] = {86, 76, 64};
  double scale = 1;
  for (int i = 0; i < TRIES && scale * im->Xsize >= 8 && scale * im->Ysize >= 1; i++) {
    VipsImage *made = make(im, orientation, scale);
    if (!made || encode(made, how->kind, qualities[i < 3 ? i : 2], bytes, size)) {
      if (made) g_object_unref(made);
      return kz__vips_fail(err, KZ_EBACKEND, "%s: the picture cannot be made for the page",
                           how->name ? how->name : how->about);
    }
    g_object_unref(made);
    if ((double)*size <= how->most) return 0;
    g_free(*bytes);
    *bytes = NULL;
    if (i >= 2 || how->kind == KZ__FLAT)
      scale *= fmax(0.3, fmin(0.85, 0.95 * sqrt(how->most / (double)*size)));
  }
  return 0;
}

struct kz__box kz__folio_upright(struct kz__box b, int width, int height, int orientation) {
  struct kz__box r = b;
  if (orientation == 2 || orientation == 3) r.x = width - b.x - b.w;
  if (orientation == 3 || orientation == 4) r.y = height - b.y - b.h;
  if (orientation >= 5)
    r = (struct kz__box){orientation == 5 || orientation == 8 ? b.y : height - b.y - b.h,
                         orientation == 5 || orientation == 6 ? b.x : width - b.x - b.w, b.h, b.w};
  return r;
}

int kz__folio_picture(struct kz__folio *p, const struct kz_pixels *px, const struct kz__shown *how,
                      struct kz_err *err) {
  void *bytes = NULL;
  size_t size = 0;
  VipsImage *im = wrap(px);
  const bool turned = p->orientation >= 5;
  const int w = how->width ? how->width : px->width, h = how->height ? how->height : px->height;
  int code = im ? 0 : kz__vips_fail(err, KZ_ENOMEM, "%s: no memory for the page", how->about);
  if (!code && how->most >= LEAST_BYTES) code = fit(im, p->orientation, how, &bytes, &size, err);
  if (im) g_object_unref(im);
  if (code) return code;
  if (!bytes) {
    fputs("<p class='gone'>There is no room for this picture on a page of so many.</p>", p->f);
    return 0;
  }
  fprintf(p->f, "<img class='%s' width='%d' height='%d' alt='", how->class, turned ? h : w,
          turned ? w : h);
  kz__folio_text(p->f, how->about, 400);
  if (how->name) {
    fputs(": ", p->f);
    kz__folio_text(p->f, how->name, 200);
  }
  fprintf(p->f, "' src='data:image/%s;base64,", how->kind == KZ__PHOTO ? "jpeg" : "webp");
  struct kz__base64 b = {.f = p->f};
  kz__base64_put(&b, bytes, size);
  kz__base64_end(&b);
  fputs("'>", p->f);
  g_free(bytes);
  return 0;
}
