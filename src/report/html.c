/* Pages are written by hand, so every text that is not ours must pass here. */
#include "report/html.h"

void kz__put_html(FILE *f, const char *text) {
  for (; *text; text++) {
    switch (*text) {
    case '&': fputs("&amp;", f); break;
    case '<': fputs("&lt;", f); break;
    case '>': fputs("&gt;", f); break;
    case '"': fputs("&quot;", f); break;
    case '\'': fputs("&#39;", f); break;
    default: fputc(*text, f);
    }
  }
}

static void put_group(struct kz__base64 *b) {
  static const char digit[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  unsigned v = (unsigned)b->rest[0] << 16 | (unsigned)b->rest[1] << 8 | b->rest[2];
  for (int i = 0; i < 4; i++)
    fputc(i <= b->count ? digit[v >> (18 - 6 * i) & 63] : '=', b->f);
  b->count = 0;
  b->rest[0] = b->rest[1] = b->rest[2] = 0;
}

void kz__base64_put(struct kz__base64 *b, const void *data, size_t size) {
  const unsigned char *bytes = data;
  for (size_t i = 0; i < size; i++) {
    b->rest[b->count++] = bytes[i];
    if (b->count == 3) put_group(b);
  }
}

void kz__base64_end(struct kz__base64 *b) {
  if (b->count) put_group(b);
}
