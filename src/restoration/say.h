/* What a record says of a restoration beyond its files and parameters. */
#ifndef KZ_RESTORATION_SAY_H
#define KZ_RESTORATION_SAY_H

#include "restoration/plan.h"

/* Classes, regions with evidence and outcome, in the plan's order. */
int kz__say_damage(struct kz_record *r, const struct kz__damage *d, const struct kz_candidates *c,
                   struct kz_err *err);
/* Candidates with their files; `record` as of kz_record_say_file. Nothing for one restoration. */
int kz__say_candidates(struct kz_record *r, const struct kz_candidates *c, const char *record,
                       struct kz_err *err);
/* The record becomes that of candidate k. */
int kz__say_result(struct kz_record *r, int k, struct kz_err *err);

#endif
