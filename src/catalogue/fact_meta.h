/* Facts from a list whose files lie where it says. */
#ifndef KZ_CATALOGUE_FACT_META_H
#define KZ_CATALOGUE_FACT_META_H

#include "catalogue/db.h"

/* kz_catalogue_meta of a list whose `file` is a path from `root`, or absolute; lines that give a
 * SHA-256 go by that alone. root NULL: by the ends of paths. */
int kz__meta_at(struct kz_catalogue *c, const char *path, const char *root,
                const struct kz_catalogue_host *host, struct kz_catalogue_told *told,
                struct kz_err *err);
/* What facts of a list have as their source, malloc'd; NULL: it is not there, or no memory. */
char *kz__meta_source(const char *path);
/* The real path of a file that a list names, malloc'd; NULL: it is not there, or no memory. */
char *kz__meta_real(const char *root, const char *file);

#endif
