/* The door to layered files: what is refused before anything is written, and the layers that a
 * restoration has. */
#include <string.h>
#include <strings.h>

#include "base/file.h"
#include "base/utf8.h"
#include "image/vips_io.h"
#include "layers/picture.h"

enum { MOST_LAYERS = 32 };

enum kind { OPENRASTER, PAGES };

static int kind_of(const char *path, enum kind *kind, struct kz_err *err) {
  const char *dot = strrchr(path, '.');
  if (dot && !strcasecmp(dot, ".ora"))
    *kind = OPENRASTER;
  else if (dot && (!strcasecmp(dot, ".tif") || !strcasecmp(dot, ".tiff")))
    *kind = PAGES;
  else
    return kz_err_set(err, KZ_EUNSUPPORTED, "%s: a file with layers ends in .ora or .tif", path);
  return 0;
}

int kz_layers_check(const char *path, struct kz_err *err) {
  enum kind kind;
  return kind_of(path, &kind, err);
}

static int check_name(const char *name, int number, struct kz_err *err) {
  uint32_t code;
  for (const char *p = name; *p;) {
    int n = kz_utf8_step(p, &code);
    if (n == 0) return kz_err_set(err, KZ_EFORMAT, "layer %d: its name is not UTF-8", number);
    if (code < ' ')
      return kz_err_set(err, KZ_EFORMAT, "layer %d: there is a control character in its name",
                        number);
    p += n;
  }
  return 0;
}

static int check_source(const struct kz_image *first, const struct kz_image *im, const char *path,
                        struct kz_err *err) {
  if (!im) return 0;
  if (kz_same_file(im->path, path))
    return kz_err_set(err, KZ_EEXIST, "%s: would overwrite its own source; choose another name",
                      path);
  return kz_image_same_size(first, im, "layer", err);
}

int kz_layers_write(const struct kz_layer *layers, int count, struct kz_image *merged,
                    const char *path, bool overwrite, struct kz_err *err) {
  enum kind kind = PAGES;
  int rc = kind_of(path, &kind, err);
  if (rc) return rc;
  if (count < 1 || count > MOST_LAYERS)
    return kz_err_set(err, KZ_ERANGE, "%s: %d layers; 1 to %d can be written", path, count,
                      MOST_LAYERS);
  if (kind == OPENRASTER && !merged)
    return kz_err_set(err, KZ_ERANGE, "%s: OpenRaster needs the merged picture too", path);
  if (!overwrite && kz_file_exists(path))
    return kz_err_set(err, KZ_EEXIST, "%s: is there already", path);
  rc = check_source(layers[0].image, merged, path, err);
  for (int i = 0; i < count && !rc; i++) {
    rc = check_name(layers[i].name, i + 1, err);
    if (!rc) rc = check_source(layers[0].image, layers[i].image, path, err);
    if (!rc) rc = check_source(layers[0].image, layers[i].mask, path, err);
  }
  if (rc) return rc;
  return kind == OPENRASTER ? kz__layers_openraster(layers, count, merged, path, err)
                            : kz__layers_pages(layers, count, merged, path, err);
}

int kz_layers_write_files(const struct kz_layers_files *files, const char *path, bool overwrite,
                          struct kz_err *err) {
  struct kz_image *original = NULL, *result = NULL, *mask = NULL, *doubt = NULL;
  struct kz_layer layers[4];
  int count = 0;
  int rc = kz_image_open(files->original, &original, err);
  if (!rc) rc = kz_image_open(files->result, &result, err);
  if (!rc) rc = kz_image_open(files->mask, &mask, err);
  if (!rc && files->disagreement) rc = kz_image_open(files->disagreement, &doubt, err);
  if (rc) goto out;
  if (doubt)
    layers[count++] = (struct kz_layer){.name = "disagreement", .image = doubt, .hidden = true};
  layers[count++] = (struct kz_layer){.name = "mask", .image = mask, .hidden = true};
  layers[count++] = (struct kz_layer){.name = "fill", .image = result, .mask = mask};
  layers[count++] = (struct kz_layer){.name = "original", .image = original};
  rc = kz_layers_write(layers, count, result, path, overwrite, err);
out:
  kz_image_close(original);
  kz_image_close(result);
  kz_image_close(mask);
  kz_image_close(doubt);
  return rc;
}
