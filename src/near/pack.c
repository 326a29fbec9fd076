/* A print in bytes, little end first:
 *
 *     0  "KN", version, count of locals: a byte each
 *     4  width, 4; height, 4; hash, 8
 *    20  thumbnail, two to a byte, 512
 *   532  locals, each its place, 4, and its bits, 32
 *
 * What is read back is checked, for it comes from a file that others may have written. */
#include <string.h>

#include "near/private.h"

enum { THUMB_AT = KZ_NEAR_HEAD, LOCALS_AT = THUMB_AT + KZ__NEAR_THUMB_BYTES, LOCAL = 36 };

static void put(uint8_t *to, uint64_t v, int bytes) {
  for (int i = 0; i < bytes; i++) to[i] = (uint8_t)(v >> (8 * i));
}

static uint64_t get(const uint8_t *from, int bytes) {
  uint64_t v = 0;
  for (int i = 0; i < bytes; i++) v |= (uint64_t)from[i] << (8 * i);
  return v;
}

size_t kz_near_pack(const struct kz_near_print *p, uint8_t to[KZ_NEAR_PACKED]) {
  uint8_t *at = to + LOCALS_AT;
  to[0] = 'K';
  to[1] = 'N';
  to[2] = KZ_NEAR_VERSION;
  to[3] = (uint8_t)p->count;
  put(to + 4, (uint64_t)p->width, 4);
  put(to + 8, (uint64_t)p->height, 4);
  put(to + 12, p->global, 8);
  for (int i = 0; i < KZ__NEAR_THUMB_BYTES; i++)
    to[THUMB_AT + i] = (uint8_t)(p->thumb[2 * i] | p->thumb[2 * i + 1] << 4);
  for (int i = 0; i < p->count; i++, at += LOCAL) {
    put(at, kz__near_place(&p->local[i]), 4);
    for (int k = 0; k < 4; k++) put(at + 4 + 8 * k, p->local[i].bits[k], 8);
  }
  return (size_t)(at - to);
}

int kz_near_unpack(const void *from, size_t bytes, struct kz_near_print *p, struct kz_err *err) {
  const uint8_t *b = from;
  if (bytes < LOCALS_AT || b[0] != 'K' || b[1] != 'N')
    return kz_err_set(err, KZ_EFORMAT, "%zu bytes that are no print of a picture", bytes);
  if (b[2] != KZ_NEAR_VERSION)
    return kz_err_set(err, KZ_EFORMAT, "a print of version %d, and this is %d: make it again", b[2],
                      KZ_NEAR_VERSION);
  uint64_t width = get(b + 4, 4), height = get(b + 8, 4);
  if (b[3] > KZ_NEAR_LOCALS || bytes != LOCALS_AT + (size_t)b[3] * LOCAL || width < 1 ||
      width > INT32_MAX || height < 1 || height > INT32_MAX)
    return kz_err_set(err, KZ_EFORMAT, "a print of %zu bytes that do not fit together", bytes);
  memset(p, 0, sizeof *p);
  p->width = (int)width;
  p->height = (int)height;
  p->global = get(b + 12, 8);
  p->count = b[3];
  for (int i = 0; i < KZ__NEAR_THUMB_BYTES; i++) {
    p->thumb[2 * i] = b[THUMB_AT + i] & 15;
    p->thumb[2 * i + 1] = b[THUMB_AT + i] >> 4;
  }
  for (int i = 0; i < p->count; i++) {
    const uint8_t *at = b + LOCALS_AT + i * LOCAL;
    p->local[i] = kz__near_placed((uint32_t)get(at, 4));
    for (int k = 0; k < 4; k++) p->local[i].bits[k] = get(at + 4 + 8 * k, 8);
  }
  return 0;
}
