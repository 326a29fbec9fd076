/* Comma-separated values by RFC 4180: quoted fields may hold commas, line ends and doubled quotes;
 * lines end in LF or CRLF; a UTF-8 byte order mark is skipped, as are empty lines. */
#ifndef KIZIL_CSV_H
#define KIZIL_CSV_H

#include <stdbool.h>

#include <kizil/err.h>

#define KZ_CSV_FIELDS 256 /* that a record may have */

struct kz_csv {
  char *text; /* owned; fields are cut out of it in place */
  char *at;
  int line; /* that `at` stands in, from 1 */
};

struct kz_csv_record {
  int line;            /* it starts in */
  int count;           /* fields */
  char *fields[KZ_CSV_FIELDS]; /* into the text */
  const char *problem; /* why it cannot be read, or NULL */
};

/* Read a file of at most 64 MiB. */
int kz_csv_load(struct kz_csv *c, const char *path, struct kz_err *err);
void kz_csv_release(struct kz_csv *c);
/* The next record; false at the end. After a problem the next line is tried. */
bool kz_csv_next(struct kz_csv *c, struct kz_csv_record *r);

#endif
