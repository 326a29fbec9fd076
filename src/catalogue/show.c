/* File names in messages and tables. A backslash is shown doubled, so that no two names look the
 * same. */
#include "catalogue/show.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"

char *kz__show(const void *bytes, size_t size) {
  char *copy = malloc(size + 1), *text = malloc(4 * size + 1), *to = text;
  if (!copy || !text) {
    free(text);
    text = NULL;
    goto out;
  }
  memcpy(copy, bytes, size); /* with a NUL, which ends a character that is cut short */
  copy[size] = 0;
  for (size_t i = 0; i < size;) {
    uint32_t code = 0;
    int step = kz_utf8_step(copy + i, &code);
    if (step && code >= ' ' && code != 127 && !(code >= 0x80 && code < 0xa0) && code != '\\') {
      memcpy(to, copy + i, (size_t)step);
      to += step;
      i += (size_t)step;
    } else if (code == '\\' && step) {
      *to++ = '\\';
      *to++ = '\\';
      i++;
    } else {
      to += snprintf(to, 5, "\\x%02x", (unsigned char)copy[i]);
      i++;
    }
  }
  *to = 0;
out:
  free(copy);
  return text;
}
