/* A decoder of one character: the smallest number that each length may write is what rules out
 * overlong forms, and continuation bytes are looked at one by one, so that a NUL ends the reading. */
#include "base/utf8.h"

int kz_utf8_step(const char *text, uint32_t *code) {
  static const uint32_t least[5] = {0, 0, 0x80, 0x800, 0x10000};
  const unsigned char *p = (const unsigned char *)text;
  uint32_t c = p[0];
  int n = c < 0x80 ? 1 : c < 0xc0 ? 0 : c < 0xe0 ? 2 : c < 0xf0 ? 3 : c < 0xf8 ? 4 : 0;
  if (n > 1) c &= 0x7fu >> n;
  for (int i = 1; i < n; i++) {
    if ((p[i] & 0xc0) != 0x80) return 0;
    c = c << 6 | (p[i] & 0x3fu);
  }
  if (n == 0 || c < least[n] || c > 0x10ffff || (c >= 0xd800 && c < 0xe000)) return 0;
  *code = c;
  return n;
}
