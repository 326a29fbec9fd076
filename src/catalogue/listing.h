/* Lists of pictures and what is known of them, read record by record: CSV with a line of column
 * names, JSON (an array of objects, or an object of objects), JSON Lines. */
#ifndef KZ_CATALOGUE_LISTING_H
#define KZ_CATALOGUE_LISTING_H

#include <stdbool.h>

#include <kizil/csv.h>
#include <kizil/err.h>

/* Valid during the visit. Of a list that `kizil dataset export` wrote, which is known by its
 * columns `sha256` and `srgb`, facts do not hold what kizil measured itself, and a part is a fact
 * `split`. */
struct kz__listed {
  int line;  /* or number of the entry */
  bool ours; /* such a list */
  const char *file, *sha256;              /* either may be NULL or "" */
  const char *review, *who, *reason;      /* of such a list: what a person said; else NULL */
  const char *keys[KZ_CSV_FIELDS], *values[KZ_CSV_FIELDS]; /* facts; values may be "" */
  int count;
};
typedef int kz__listing_visit(void *user, const struct kz__listed *r, struct kz_err *err);

/* The kind is told by the name: .json, .jsonl or .ndjson, else CSV. A visitor that returns non-zero
 * ends it with that code. KZ_EFORMAT names the line. */
int kz__listing_read(const char *path, kz__listing_visit *visit, void *user, struct kz_err *err);
/* Well-formed UTF-8. */
bool kz__listing_utf8(const char *text);

#endif
