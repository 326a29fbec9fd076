/* The files that a restoration writes beside its pictures. */
#ifndef KZ_RESTORATION_PRODUCTS_H
#define KZ_RESTORATION_PRODUCTS_H

#include <kizil/restoration.h>

struct kz__products {
  int count;                                 /* of results */
  char *results[KZ_CANDIDATES_MOST];
  char *records[KZ_CANDIDATES_MOST];         /* NULL: there are none */
  const char *pointers[KZ_CANDIDATES_MOST];  /* as the results' metadata name them, or NULL */
  char *filled;                              /* NULL: is not needed */
  char *doubt;                               /* the job's, or one that layers or a page need */
};
/* Init, and refuse what is there already or was named twice; only what candidates do not refuse
 * themselves. */
int kz__products_make(struct kz__products *n, const struct kz_restoration_job *job,
                   const struct kz_restoration_options *options, struct kz_err *err);
void kz__products_release(struct kz__products *n);

#endif
