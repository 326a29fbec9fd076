/* The tables, as steps from each version to the next. */
#ifndef KZ_CATALOGUE_SCHEMA_H
#define KZ_CATALOGUE_SCHEMA_H

#include "catalogue/db.h"

/* Step i leads from version i to i + 1. Steps that were released are never changed. */
extern const char *const kz__schema_steps[];
extern const int kz__schema_version; /* number of steps */

/* Whether the file is a catalogue, and not newer than this program. Writes nothing. */
int kz__schema_check(const struct kz_catalogue *c, struct kz_err *err);
/* Bring the file to version `count` in one transaction; nothing happens if it is there already. */
int kz__schema_migrate(const struct kz_catalogue *c, const char *const *steps, int count,
                       struct kz_err *err);

#endif
