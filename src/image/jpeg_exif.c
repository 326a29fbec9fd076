/* JPEG with EXIF as it was. libvips has libexif make it anew, which drops and adds entries, and
 * leaves out all of one that it did not read from a JPEG. Its segment is replaced by ours, in front
 * of the others but for JFIF's, which claims the first place. */
#include <stdlib.h>
#include <string.h>

#include "image/sink.h"
#include "image/vips_io.h"

enum { LARGEST = 65533 - KZ__EXIF_PREFIX }; /* a segment counts its own two bytes of size */

/* The segment at p, with its marker; 0: it is not whole, or none. */
static size_t segment(const unsigned char *p, size_t n) {
  if (n < 4 || p[0] != 0xff) return 0;
  size_t size = 2 + ((size_t)p[2] << 8 | p[3]);
  return size <= n ? size : 0;
}

/* All before the start of scan. */
static size_t header_size(const unsigned char *p, size_t n) {
  size_t at = 2, size;
  while (at + 2 <= n && p[at + 1] != 0xda && (size = segment(p + at, n - at))) at += size;
  return at + 2 <= n && p[at] == 0xff && p[at + 1] == 0xda ? at : 0;
}

static int write_header(struct kz__sink *s, const unsigned char *p, size_t n) {
  size_t at = 2, size;
  bool put = false;
  if (!s->more) return kz__sink_write(s, p, n);
  if (kz__sink_write(s, p, at)) return -1;
  for (; at < n; at += size) {
    size = segment(p + at, n - at);
    bool exif = p[at + 1] == 0xe1 && size > 10 && !memcmp(p + at + 4, "Exif", 5);
    if (!put && p[at + 1] != 0xe0) {
      if (kz__sink_write(s, s->more, s->size)) return -1;
      put = true;
    }
    if (!exif && kz__sink_write(s, p + at, size)) return -1;
  }
  return 0;
}

static int make_segment(VipsImage *im, struct kz__sink *s) {
  static const unsigned char head[] = {0xff, 0xe1, 0, 0, 'E', 'x', 'i', 'f', 0, 0};
  size_t size;
  const uint8_t *exif = kz__exif_of(im, &size);
  if (!exif || size > LARGEST) return 0;
  s->size = sizeof head + size;
  s->more = malloc(s->size);
  if (!s->more) {
    vips_error("write", "no memory for %zu bytes of EXIF", size);
    return -1;
  }
  memcpy(mempcpy(s->more, head, sizeof head), exif, size);
  s->more[2] = (unsigned char)((s->size - 2) >> 8);
  s->more[3] = (unsigned char)(s->size - 2);
  return 0;
}

int kz__jpeg_save(VipsImage *im, const char *path) {
  struct kz__sink s = {.header_size = header_size, .write_header = write_header, .fd = -1};
  VipsTarget *target = NULL;
  int rc = make_segment(im, &s);
  if (!rc) {
    vips_image_remove(im, VIPS_META_EXIF_NAME);
    target = kz__sink_open(&s, path);
    rc = target ? vips_jpegsave_target(im, target, "Q", 95, "optimize_coding", TRUE, NULL) : -1;
  }
  return kz__sink_close(&s, target, rc);
}
