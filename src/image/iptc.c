/* IPTC between TIFF, where it stands alone, and JPEG, where it is one of Photoshop's resources.
 * libvips hands over what it finds as it finds it.
 *
 * A resource: "8BIM", a number of 2 bytes, a name (a byte that counts, padded to an even total), a
 * size of 4 bytes, content padded to an even size; all numbers with the high byte first. */
#include <stdlib.h>
#include <string.h>

#include "image/vips_io.h"

enum { IPTC = 0x0404, HEAD = 12 /* of a resource without a name */ };

static const char photoshop[] = "Photoshop 3.0"; /* and a zero */

static size_t be(const unsigned char *p, int bytes) {
  size_t v = 0;
  for (int i = 0; i < bytes; i++) v = v << 8 | p[i];
  return v;
}

/* IPTC among resources; NULL: it is not there. */
static const unsigned char *find_iptc(const unsigned char *p, size_t n, size_t *size) {
  while (n >= HEAD && !memcmp(p, "8BIM", 4)) {
    size_t name = (p[6] + 2) & ~(size_t)1, head = 6 + name + 4;
    if (head > n) return NULL;
    *size = be(p + head - 4, 4);
    if (*size > n - head) return NULL;
    if (be(p + 4, 2) == IPTC) return p + head;
    size_t all = head + *size + *size % 2;
    if (all > n) return NULL;
    p += all;
    n -= all;
  }
  return NULL;
}

static int unwrap(VipsImage *im, const unsigned char *p, size_t n) {
  size_t size;
  const unsigned char *found = find_iptc(p + sizeof photoshop, n - sizeof photoshop, &size);
  unsigned char *copy = found ? malloc(size + 1) : NULL;
  if (found && !copy) return -1;
  if (found) {
    memcpy(copy, found, size); /* what is found lies in the field that is set */
    vips_image_set_blob_copy(im, VIPS_META_IPTC_NAME, copy, size);
  } else {
    vips_image_remove(im, VIPS_META_IPTC_NAME);
  }
  free(copy);
  return 0;
}

static int wrap(VipsImage *im, const unsigned char *p, size_t n) {
  static const unsigned char head[] = {'8', 'B', 'I', 'M', IPTC >> 8, IPTC & 255, 0, 0};
  size_t total = sizeof photoshop + HEAD + n + n % 2;
  unsigned char *whole = calloc(1, total), *to = whole;
  if (!whole) return -1;
  to = mempcpy(to, photoshop, sizeof photoshop);
  to = mempcpy(to, head, sizeof head);
  for (int i = 0; i < 4; i++) *to++ = (unsigned char)(n >> (24 - 8 * i));
  memcpy(to, p, n);
  vips_image_set_blob_copy(im, VIPS_META_IPTC_NAME, whole, total);
  free(whole);
  return 0;
}

int kz__iptc_fit(VipsImage *im, enum kz_format format) {
  const void *p;
  size_t n;
  int rc = 0;
  if (!vips_image_get_typeof(im, VIPS_META_IPTC_NAME)) return 0;
  if (vips_image_get_blob(im, VIPS_META_IPTC_NAME, &p, &n)) return -1;
  bool wrapped = n >= sizeof photoshop && !memcmp(p, photoshop, sizeof photoshop);
  if (format == KZ_FORMAT_TIFF && wrapped) rc = unwrap(im, p, n);
  if (format == KZ_FORMAT_JPEG && !wrapped) rc = wrap(im, p, n);
  if (rc) vips_error("write", "no memory for %zu bytes of IPTC", n);
  return rc;
}
