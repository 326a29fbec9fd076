/* WebP with EXIF as it was, where libvips has libexif make it anew. WebP's encoder hands its file
 * over at once; EXIF and XMP are the last of its chunks (WebP container specification), so that
 * the file is cut behind the pixels and both are written again. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "image/sink.h"
#include "image/vips_io.h"

enum { FIRST = 12, EXIF_FLAG = 8 };

static size_t le32(const unsigned char *p) {
  return (size_t)p[0] | (size_t)p[1] << 8 | (size_t)p[2] << 16 | (size_t)p[3] << 24;
}

static void put_le32(unsigned char *p, size_t v) {
  for (int i = 0; i < 4; i++) p[i] = (unsigned char)(v >> (8 * i));
}

static int write_chunk(struct kz__sink *s, const char *type, const void *data, size_t size) {
  unsigned char head[8];
  memcpy(head, type, 4);
  put_le32(head + 4, size);
  if (kz__sink_write(s, head, sizeof head) || kz__sink_write(s, data, size)) return -1;
  return size % 2 ? kz__sink_write(s, "", 1) : 0;
}

/* `file` with its EXIF left out and ours put in. */
static int write_file(struct kz__sink *s, unsigned char *file, size_t n, const uint8_t *exif,
                      size_t exif_size) {
  size_t total = 4 + 8 + exif_size + exif_size % 2, size;
  for (size_t at = FIRST; at + 8 <= n; at += size) {
    size = 8 + le32(file + at + 4) + le32(file + at + 4) % 2;
    if (memcmp(file + at, "EXIF", 4)) total += size;
    if (!memcmp(file + at, "VP8X", 4)) file[at + 8] |= EXIF_FLAG;
  }
  put_le32(file + 4, total);
  bool put = false;
  if (kz__sink_write(s, file, FIRST)) return -1;
  for (size_t at = FIRST; at + 8 <= n; at += size) {
    size = VIPS_MIN(8 + le32(file + at + 4) + le32(file + at + 4) % 2, n - at);
    if (!put && !memcmp(file + at, "XMP ", 4)) {
      if (write_chunk(s, "EXIF", exif, exif_size)) return -1;
      put = true;
    }
    if (memcmp(file + at, "EXIF", 4) && kz__sink_write(s, file + at, size)) return -1;
  }
  return put ? 0 : write_chunk(s, "EXIF", exif, exif_size);
}

int kz__webp_save(VipsImage *im, const char *path) {
  struct kz__sink s = {.fd = -1, .passed = true};
  void *file = NULL;
  size_t size, n;
  const uint8_t *exif = kz__exif_of(im, &size);
  if (!exif) return vips_webpsave(im, path, "lossless", TRUE, NULL);
  if (vips_webpsave_buffer(im, &file, &n, "lossless", TRUE, NULL)) return -1;
  VipsTarget *target = kz__sink_open(&s, path);
  int rc = target ? write_file(&s, file, n, exif, size) : -1;
  g_free(file);
  return kz__sink_close(&s, target, rc);
}
