/* What pages have in common: text that is not theirs, and pictures inside them. */
#ifndef KZ_REPORT_HTML_H
#define KZ_REPORT_HTML_H

#include <stddef.h>
#include <stdio.h>

/* Text with &, <, > and quotes as entities. */
void kz__put_html(FILE *f, const char *text);

/* Bytes as base64, handed over in any portions. Start with {.f = FILE}. */
struct kz__base64 {
  FILE *f;
  unsigned char rest[3];
  int count; /* of rest */
};
void kz__base64_put(struct kz__base64 *b, const void *data, size_t size);
void kz__base64_end(struct kz__base64 *b);

#endif
