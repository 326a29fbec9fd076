/* UTF-8, strictly: what is not well-formed is told from what is. */
#ifndef KZ_UTF8_H
#define KZ_UTF8_H

#include <stdint.h>

/* Bytes of the character at `text` (1 to 4; *code is its number), or 0 if they are not well-formed
 * (RFC 3629: no overlong forms, no surrogates, nothing over 10FFFF). A NUL is a character of one
 * byte; nothing after a NUL is read. */
int kz_utf8_step(const char *text, uint32_t *code);

#endif
