/* Names are bytes; messages are text. */
#ifndef KZ_CATALOGUE_SHOW_H
#define KZ_CATALOGUE_SHOW_H

#include <stddef.h>

/* The bytes as text: what is not UTF-8 or would move a terminal's cursor becomes \xNN. malloc'd;
 * NULL: no memory. */
char *kz__show(const void *bytes, size_t size);

#endif
