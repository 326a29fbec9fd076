/* EXIF and XMP in PNG. libvips 8.14 writes EXIF twice, made anew, or not at all, as libpng is; and
 * XMP as a zTXt, where its specification asks for an iTXt. Both are put in here, byte by byte.
 *
 * Reading walks the chunks up to the pixels and a little beyond. Writing lets libvips encode into
 * a target of ours, which passes the bytes to the file and puts the chunks after the header:
 * a PNG starts with 8 bytes of signature and 25 of IHDR, always. libvips' "exif-data" is the
 * chunk's content after the six bytes "Exif\0\0" (PNG specification, third edition, 11.3.4.5).
 *
 * Compression 3 with adaptive filters: on photographs of murals as small as level 6, or a little
 * smaller, in half the time. */
#include <stdlib.h>
#include <string.h>

#include "image/sink.h"
#include "image/vips_io.h"

enum { PNG_START = 33, LIMIT = 16 << 20, PREFIX = KZ__EXIF_PREFIX };

static uint32_t be32(const unsigned char *p) {
  return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static void put_be32(unsigned char *p, uint32_t v) {
  for (int i = 0; i < 4; i++) p[i] = (unsigned char)(v >> (24 - 8 * i));
}

/* CRC-32 of PNG's annex D, bit by bit: the chunk is small. */
static uint32_t crc32_of(const unsigned char *p, size_t n) {
  uint32_t c = 0xffffffffu;
  for (size_t i = 0; i < n; i++) {
    c ^= p[i];
    for (int k = 0; k < 8; k++) c = c & 1 ? 0xedb88320u ^ (c >> 1) : c >> 1;
  }
  return c ^ 0xffffffffu;
}

/* ---- reading ---- */

static uint32_t tiff_number(const unsigned char *p, int bytes, bool big) {
  uint32_t v = 0;
  for (int i = 0; i < bytes; i++) v = v << 8 | p[big ? i : bytes - 1 - i];
  return v;
}

/* Tag 0x0112 of the first directory; 1 where there is none or it makes no sense. */
static int exif_orientation(const unsigned char *t, size_t size) {
  if (size < 8 || (memcmp(t, "II*\0", 4) && memcmp(t, "MM\0*", 4))) return 1;
  bool big = t[0] == 'M';
  size_t at = tiff_number(t + 4, 4, big);
  if (at > size - 2) return 1;
  size_t count = tiff_number(t + at, 2, big);
  for (size_t i = 0; i < count && at + 2 + 12 * (i + 1) <= size; i++) {
    const unsigned char *entry = t + at + 2 + 12 * i;
    if (tiff_number(entry, 2, big) != 0x0112) continue;
    uint32_t v = tiff_number(entry + 8, 2, big);
    return v >= 1 && v <= 8 ? (int)v : 1;
  }
  return 1;
}

/* The chunk's content to the image's metadata. */
static void keep_exif(FILE *f, uint32_t size, VipsImage *im) {
  unsigned char *data = malloc(PREFIX + (size_t)size);
  if (!data) return;
  memcpy(data, "Exif\0", PREFIX);
  if (fread(data + PREFIX, 1, size, f) == size) {
    vips_image_set_blob_copy(im, VIPS_META_EXIF_NAME, data, PREFIX + (size_t)size);
    vips_image_set_int(im, VIPS_META_ORIENTATION, exif_orientation(data + PREFIX, size));
  }
  free(data);
}

void kz__png_read_exif(const char *path, VipsImage *im) {
  unsigned char head[8];
  FILE *f = fopen(path, "rb");
  if (!f || fseek(f, 8, SEEK_SET)) goto out;
  while (fread(head, 1, 8, f) == 8 && memcmp(head + 4, "IEND", 4)) {
    uint32_t size = be32(head);
    if (!memcmp(head + 4, "eXIf", 4)) {
      if (size > 0 && size <= LIMIT) keep_exif(f, size, im);
      break;
    }
    if (fseek(f, (long)size + 4, SEEK_CUR)) break;
  }
out:
  if (f) fclose(f);
}

/* ---- writing ---- */

static size_t header_size(const unsigned char *p, size_t n) {
  (void)p, (void)n;
  return PNG_START;
}

static int write_header(struct kz__sink *s, const unsigned char *p, size_t n) {
  return kz__sink_write(s, p, n) || (s->more && kz__sink_write(s, s->more, s->size)) ? -1 : 0;
}

/* One more chunk: `head`, of `head_size` bytes, and `data`. */
static int add_chunk(struct kz__sink *s, const char *type, const char *head, size_t head_size,
                     const void *data, size_t size) {
  size_t content = head_size + size;
  unsigned char *more = realloc(s->more, s->size + content + 12), *p;
  if (!more) {
    vips_error("write", "no memory for %zu bytes of %s", size, type);
    return -1;
  }
  s->more = more;
  p = more + s->size;
  put_be32(p, (uint32_t)content);
  memcpy(p + 4, type, 4);
  memcpy(p + 8, head, head_size);
  memcpy(p + 8 + head_size, data, size);
  put_be32(p + 8 + content, crc32_of(p + 4, content + 4));
  s->size += content + 12;
  return 0;
}

/* Take EXIF and XMP from libvips; what is too large goes nowhere. */
static int make_chunks(VipsImage *im, struct kz__sink *s) {
  /* Keyword, not compressed, no language, no translation of the keyword. */
  static const char xmp_head[] = "XML:com.adobe.xmp\0\0\0\0";
  size_t size;
  const void *data = kz__exif_of(im, &size);
  if (data && size <= LIMIT && add_chunk(s, "eXIf", "", 0, data, size)) return -1;
  data = kz__xmp_of(im, &size);
  if (data && size <= LIMIT && add_chunk(s, "iTXt", xmp_head, sizeof xmp_head, data, size))
    return -1;
  vips_image_remove(im, VIPS_META_EXIF_NAME);
  vips_image_remove(im, VIPS_META_XMP_NAME);
  return 0;
}

int kz__png_save(VipsImage *im, const char *path) {
  struct kz__sink s = {.header_size = header_size, .write_header = write_header, .fd = -1};
  VipsTarget *target = NULL;
  int rc = make_chunks(im, &s);
  if (!rc) {
    target = kz__sink_open(&s, path);
    rc = target ? vips_pngsave_target(im, target, "compression", 3, "filter",
                                      VIPS_FOREIGN_PNG_FILTER_ALL, "bitdepth",
                                      im->BandFmt == VIPS_FORMAT_USHORT ? 16 : 8, NULL)
                : -1;
  }
  return kz__sink_close(&s, target, rc);
}
