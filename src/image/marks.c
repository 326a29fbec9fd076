/* What a picture says about itself, in its XMP. */
#include <stdlib.h>
#include <string.h>

#include "image/vips_io.h"

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
                      "%s: its record's name, '%s', must be one from the picture's folder", im->path,
                      name);
  if (name && !(uri = uri_of(name)))
    return kz_err_set(err, KZ_ENOMEM, "%s: no memory for the record's name", im->path);
  free(im->record);
  im->record = uri;
  im->generated = marks->generated;
  return 0;
}
