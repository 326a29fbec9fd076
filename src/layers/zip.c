/* Zip with stored members only (APPNOTE 6.3; zip64 where it must be).
 *
 * libarchive writes zip too, but puts fields of its own between a member's name and its content,
 * and sizes after it. OpenRaster is known by "mimetype" at byte 30 and "image/openraster" at byte
 * 38 (shared-mime-info), so nothing may stand between. PNG does not deflate any further, so storing
 * loses nothing; sizes and CRC are put into the header when a member ends. Times are constant: the
 * same members make the same bytes. */
#include "layers/zip.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

enum { BUFFER = 1 << 18, LOCAL = 30, CENTRAL = 46, WIDE_LOCAL = 20, DAY_ONE = 0x21 };
static const uint64_t all_ones = 0xffffffffu;

int kz__zip_failed(const struct kz__zip *z, struct kz_err *err) {
  return kz_err_set(err, KZ_EIO, "%s: cannot write: %s", z->file.path, strerror(z->number));
}

static unsigned char *put(unsigned char *p, uint64_t v, int bytes) {
  for (int i = 0; i < bytes; i++) *p++ = (unsigned char)(v >> (8 * i));
  return p;
}

static int put_out(struct kz__zip *z, const void *data, size_t size) {
  if (z->number) return -1;
  if (fwrite(data, 1, size, z->file.f) == size) return 0;
  z->number = errno ? errno : EIO;
  return -1;
}

static uint64_t position(const struct kz__zip *z) { return (uint64_t)ftello(z->file.f); }

static void seek_to(struct kz__zip *z, uint64_t at) {
  if (fseeko(z->file.f, (off_t)at, SEEK_SET) && !z->number) z->number = errno;
}

int kz__zip_open(struct kz__zip *z, const char *path, struct kz_err *err) {
  *z = (struct kz__zip){.wide_from = all_ones};
  for (uint32_t i = 0; i < 256; i++) {
    uint32_t c = i;
    for (int k = 0; k < 8; k++) c = c & 1 ? 0xedb88320u ^ (c >> 1) : c >> 1;
    z->table[i] = c;
  }
  int rc = kz_atomic_open(&z->file, path, err);
  if (!rc) setvbuf(z->file.f, NULL, _IOFBF, BUFFER);
  return rc;
}

/* What local header and directory have in common, from "version needed" on. */
static unsigned char *put_common(unsigned char *p, const struct kz__zip_member *m, bool wide) {
  p = put(p, wide ? 45 : 10, 2); /* version that can read it */
  p = put(p, 0, 4);              /* flags, method: stored */
  p = put(p, (uint64_t)DAY_ONE << 16, 4);
  p = put(p, m->crc, 4);
  p = put(p, m->large ? all_ones : m->size, 4);
  p = put(p, m->large ? all_ones : m->size, 4);
  return put(p, strlen(m->name), 2);
}

static int put_local(struct kz__zip *z, const struct kz__zip_member *m) {
  unsigned char b[LOCAL + sizeof m->name + WIDE_LOCAL], *p = put(b, 0x04034b50, 4);
  p = put_common(p, m, m->large);
  p = put(p, m->large ? WIDE_LOCAL : 0, 2);
  memcpy(p, m->name, strlen(m->name));
  p += strlen(m->name);
  if (m->large) {
    p = put(p, 1, 2); /* zip64 */
    p = put(p, WIDE_LOCAL - 4, 2);
    p = put(p, m->size, 8);
    p = put(p, m->size, 8);
  }
  return put_out(z, b, (size_t)(p - b));
}

int kz__zip_begin(struct kz__zip *z, const char *name, bool large, struct kz_err *err) {
  struct kz__zip_member *m = &z->members[z->count];
  if (z->count == KZ__ZIP_MEMBERS || strlen(name) >= sizeof m->name)
    return kz_err_set(err, KZ_ERANGE, "%s: no room for member %s", z->file.path, name);
  *m = (struct kz__zip_member){.at = position(z), .crc = (uint32_t)all_ones, .large = large};
  memcpy(m->name, name, strlen(name));
  return put_local(z, m) ? kz__zip_failed(z, err) : 0;
}

int kz__zip_write(struct kz__zip *z, const void *data, size_t size) {
  struct kz__zip_member *m = &z->members[z->count];
  const unsigned char *p = data;
  uint32_t c = m->crc;
  for (size_t i = 0; i < size; i++) c = z->table[(c ^ p[i]) & 255] ^ (c >> 8);
  m->crc = c;
  m->size += size;
  if (!m->large && m->size >= all_ones && !z->number) z->number = EFBIG;
  return put_out(z, data, size);
}

int kz__zip_end(struct kz__zip *z, struct kz_err *err) {
  struct kz__zip_member *m = &z->members[z->count];
  uint64_t end = position(z);
  m->crc ^= (uint32_t)all_ones;
  seek_to(z, m->at);
  put_local(z, m);
  seek_to(z, end);
  if (z->number) return kz__zip_failed(z, err);
  z->count++;
  return 0;
}

static void put_central(struct kz__zip *z, const struct kz__zip_member *m) {
  unsigned char b[CENTRAL + sizeof m->name + 32], *p = put(b, 0x02014b50, 4);
  bool far = m->at >= z->wide_from;
  int wide = (m->large ? 16 : 0) + (far ? 8 : 0);
  p = put(p, 45, 2); /* made by: any system */
  p = put_common(p, m, wide > 0);
  p = put(p, wide ? (uint64_t)wide + 4 : 0, 2);
  p = put(p, 0, 6); /* comment, disk, internal attributes */
  p = put(p, 0, 4); /* external attributes */
  p = put(p, far ? all_ones : m->at, 4);
  memcpy(p, m->name, strlen(m->name));
  p += strlen(m->name);
  if (wide) {
    p = put(p, 1, 2);
    p = put(p, (uint64_t)wide, 2);
    if (m->large) p = put(put(p, m->size, 8), m->size, 8);
    if (far) p = put(p, m->at, 8);
  }
  put_out(z, b, (size_t)(p - b));
}

static void put_end(struct kz__zip *z, uint64_t start, uint64_t end) {
  unsigned char b[56 + 20 + 22], *p = b;
  bool far = end >= z->wide_from;
  uint64_t count = (uint64_t)z->count;
  if (far) {
    p = put(p, 0x06064b50, 4); /* zip64 end of directory */
    p = put(p, 44, 8);
    p = put(put(p, 45, 2), 45, 2);
    p = put(p, 0, 8);
    p = put(put(p, count, 8), count, 8);
    p = put(put(p, end - start, 8), start, 8);
    p = put(put(p, 0x07064b50, 4), 0, 4); /* where that is */
    p = put(put(p, end, 8), 1, 4);
  }
  p = put(put(p, 0x06054b50, 4), 0, 4);
  p = put(put(p, count, 2), count, 2);
  p = put(p, end - start, 4);
  p = put(p, far ? all_ones : start, 4);
  p = put(p, 0, 2);
  put_out(z, b, (size_t)(p - b));
}

int kz__zip_commit(struct kz__zip *z, struct kz_err *err) {
  uint64_t start = position(z);
  for (int i = 0; i < z->count; i++) put_central(z, &z->members[i]);
  put_end(z, start, position(z));
  if (!z->number) return kz_atomic_commit(&z->file, err);
  int rc = kz__zip_failed(z, err);
  kz_atomic_abort(&z->file);
  return rc;
}

void kz__zip_abort(struct kz__zip *z) { kz_atomic_abort(&z->file); }
