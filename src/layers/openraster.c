/* OpenRaster 0.0.6 (freedesktop.org): a zip whose first member says what it is, a stack of layers
 * in XML, a PNG a layer, the merged picture and a thumbnail. PNGs go from libvips' encoder straight
 * into the archive: neither a picture nor its PNG is held. */
#include <stdlib.h>
#include <string.h>

#include "image/photo.h"
#include "image/vips_io.h"
#include "layers/picture.h"
#include "layers/zip.h"

enum { THUMBNAIL = 256 };
static const char mimetype[] = "image/openraster";
static const double large_from = 3.5e9; /* B of samples, whose PNG might pass 4 GiB */

static gint64 on_write(VipsTargetCustom *target, const void *data, gint64 length, void *user) {
  (void)target;
  return kz__zip_write(user, data, (size_t)length) ? -1 : length;
}

static int put_text(struct kz__zip *z, const char *name, const char *text, size_t size,
                    struct kz_err *err) {
  int rc = kz__zip_begin(z, name, false, err);
  if (rc) return rc;
  return kz__zip_write(z, text, size) ? kz__zip_failed(z, err) : kz__zip_end(z, err);
}

static int put_png(struct kz__zip *z, const char *name, VipsImage *im, const char *source,
                   struct kz_err *err) {
  int rc = kz__zip_begin(z, name, kz__decoded_bytes(im) > large_from, err);
  if (rc) return rc;
  VipsTargetCustom *target = vips_target_custom_new();
  g_signal_connect(target, "write", G_CALLBACK(on_write), z);
  int failed = vips_pngsave_target(im, VIPS_TARGET(target), "compression", 3, "filter",
                                   VIPS_FOREIGN_PNG_FILTER_ALL, "bitdepth",
                                   im->BandFmt == VIPS_FORMAT_USHORT ? 16 : 8, NULL);
  g_object_unref(target);
  if (z->number) {
    vips_error_clear();
    return kz__zip_failed(z, err);
  }
  if (failed) return kz__vips_fail(err, KZ_EFORMAT, "%s: cannot decode it for a layer", source);
  return kz__zip_end(z, err);
}

static void put_escaped(FILE *f, const char *text) {
  for (; *text; text++) switch (*text) {
      case '&': fputs("&amp;", f); break;
      case '<': fputs("&lt;", f); break;
      case '>': fputs("&gt;", f); break;
      case '"': fputs("&quot;", f); break;
      default: fputc(*text, f);
    }
}

/* stack.xml, malloc'd. */
static int make_stack(const struct kz_layer *layers, int count, const VipsImage *im, char **text,
                      size_t *size, struct kz_err *err) {
  FILE *f = open_memstream(text, size);
  if (!f) return kz_err_set(err, KZ_ENOMEM, "no memory for a stack of %d layers", count);
  fputs("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n", f);
  fprintf(f, "<image version=\"0.0.6\" w=\"%d\" h=\"%d\"", im->Xsize, im->Ysize);
  double x = im->Xres * 25.4, y = im->Yres * 25.4;
  if (x >= 2 && y >= 2 && x < 1e6 && y < 1e6) /* px/mm; libvips says 1 where nothing is known */
    if (im->Xres != 1 || im->Yres != 1)
      fprintf(f, " xres=\"%.0f\" yres=\"%.0f\"", x, y);
  fputs(">\n  <stack>\n", f);
  for (int i = 0; i < count; i++) {
    fputs("    <layer name=\"", f);
    put_escaped(f, layers[i].name);
    fprintf(f, "\" src=\"data/layer%d.png\" x=\"0\" y=\"0\" opacity=\"1.0\" visibility=\"%s\""
               " composite-op=\"svg:src-over\"/>\n",
            i, layers[i].hidden ? "hidden" : "visible");
  }
  fputs("  </stack>\n</image>\n", f);
  int failed = ferror(f);
  if (!fclose(f) && !failed) return 0;
  free(*text);
  *text = NULL;
  return kz_err_set(err, KZ_ENOMEM, "no memory for a stack of %d layers", count);
}

static int put_layer(struct kz__zip *z, const char *name, const struct kz_layer *layer,
                     struct kz_err *err) {
  VipsImage *im = NULL;
  int rc = kz__layer_picture(layer, &im, err);
  if (!rc) rc = put_png(z, name, im, layer->image->path, err);
  if (im) g_object_unref(im);
  return rc;
}

static int put_thumbnail(struct kz__zip *z, struct kz_image *merged, struct kz_err *err) {
  VipsImage *small = NULL, *bare = NULL, *seen = NULL;
  struct kz_err why;
  int rc = kz__photo_plain(merged->vips, true, &seen, &why);
  if (rc) {
    kz_err_set(err, rc, "%s: %s", merged->path, why.msg);
    goto out;
  }
  if (vips_thumbnail_image(seen, &small, THUMBNAIL, "height", THUMBNAIL, "size", VIPS_SIZE_DOWN,
                           "no_rotate", TRUE, NULL) ||
      vips_copy(small, &bare, NULL)) {
    rc = kz__vips_fail(err, KZ_EFORMAT, "%s: cannot decode it for a thumbnail", merged->path);
    goto out;
  }
  vips_image_remove(bare, VIPS_META_XMP_NAME); /* may be larger than the thumbnail */
  rc = put_png(z, "Thumbnails/thumbnail.png", bare, merged->path, err);
out:
  if (bare) g_object_unref(bare);
  if (small) g_object_unref(small);
  if (seen) g_object_unref(seen);
  return rc;
}

int kz__layers_openraster(const struct kz_layer *layers, int count, struct kz_image *merged,
                          const char *path, struct kz_err *err) {
  const struct kz_layer whole = {.name = "", .image = merged};
  struct kz__zip z;
  char *stack = NULL, name[32];
  size_t size = 0;
  int rc = kz__zip_open(&z, path, err);
  if (rc) return rc;
  rc = put_text(&z, "mimetype", mimetype, sizeof mimetype - 1, err);
  if (!rc) rc = make_stack(layers, count, merged->vips, &stack, &size, err);
  if (!rc) rc = put_text(&z, "stack.xml", stack, size, err);
  for (int i = 0; i < count && !rc; i++) {
    snprintf(name, sizeof name, "data/layer%d.png", i);
    rc = put_layer(&z, name, &layers[i], err);
  }
  if (!rc) rc = put_layer(&z, "mergedimage.png", &whole, err);
  if (!rc) rc = put_thumbnail(&z, merged, err);
  free(stack);
  if (!rc) return kz__zip_commit(&z, err);
  kz__zip_abort(&z);
  return rc;
}
