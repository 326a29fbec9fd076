/* Candidates over any network: see kizil/candidates.h. */
#ifndef KZ_RESTORE_CANDIDATES_H
#define KZ_RESTORE_CANDIDATES_H

#include <kizil/candidates.h>

#include "restore/sample.h"

int kz__candidates(const struct kz__denoise *denoise, const struct kz_candidates_job *job,
                   const struct kz_restore_options *options,
                   const struct kz_candidates_options *candidates,
                   const struct kz_restore_host *host, struct kz_candidates *out,
                   struct kz_err *err);

#endif
