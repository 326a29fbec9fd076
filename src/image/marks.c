/* What a picture says about itself, in its XMP. */
#include <stdlib.h>
#include <string.h>

#include "image/vips_io.h"
#include "image/xmp.h"

enum { JPEG_LIMIT = 60000 }; /* B; libvips drops XMP over it */

static const char generated_type[] =
    "http://cv.iptc.org/newscodes/digitalsourcetype/compositeWithTrainedAlgorithmicMedia";

/* Percent-encoded but for what RFC 3986 leaves alone, and '/'. */
static char *uri_of(const char *name) {
  static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~/";
  static const char hex[] = "0123456789ABCDEF";
  char *uri = malloc(3 * strlen(name) + 1), *to = uri;
  if (!uri) return NULL;
  for (const char *p = name; *p; p++) {
    unsigned char c = (unsigned char)*p;
    if (strchr(plain, *p)) {
      *to++ = *p;
    } else {
      *to++ = '%';
      *to++ = hex[c >> 4];
      *to++ = hex[c & 15];
    }
  }
  *to = 0;
  return uri;
}

int kz_image_set_marks(struct kz_image *im, const struct kz_image_marks *marks,
                       struct kz_err *err) {
  const char *name = marks->record;
  char *uri = NULL;
  if (name && (!*name || *name == '/'))
    return kz_err_set(err, KZ_ERANGE,
                      "%s: its record's name, '%s', must be one from the picture's folder",
                      im->path, name);
  if (name && !(uri = uri_of(name)))
    return kz_err_set(err, KZ_ENOMEM, "%s: no memory for the record's name", im->path);
  free(im->record);
  im->record = uri;
  im->generated = marks->generated;
  return 0;
}

const char *kz__xmp_of(VipsImage *im, size_t *size) {
  const void *data = NULL;
  *size = 0;
  if (vips_image_get_typeof(im, VIPS_META_XMP_NAME) &&
      vips_image_get_blob(im, VIPS_META_XMP_NAME, &data, size))
    vips_error_clear();
  return *size ? data : NULL;
}

bool kz__xmp_unread(VipsImage *im) {
  size_t size;
  const char *packet = kz__xmp_of(im, &size);
  return packet && !kz__xmp_readable(packet, size);
}

int kz__mark(const struct kz_image *im, enum kz_format format, VipsImage *out) {
  size_t size;
  if (!im->generated && !im->record) return 0;
  const char *packet = kz__xmp_of(out, &size), *type = im->generated ? generated_type : NULL;
  char *marked = kz__xmp_state(packet, &size, type, im->record);
  if (marked && format == KZ_FORMAT_JPEG && size > JPEG_LIMIT) {
    free(marked);
    marked = kz__xmp_state(NULL, &size, type, im->record);
  }
  if (!marked) {
    vips_error("write", "no memory for XMP");
    return -1;
  }
  vips_image_set_blob_copy(out, VIPS_META_XMP_NAME, marked, size);
  free(marked);
  return 0;
}
