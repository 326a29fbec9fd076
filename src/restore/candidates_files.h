/* The files that candidates are written to, named and checked before anything is computed. */
#ifndef KZ_RESTORE_CANDIDATES_FILES_H
#define KZ_RESTORE_CANDIDATES_FILES_H

#include <kizil/candidates.h>

enum kz__output_kind { KZ__OUTPUT_PICTURE, KZ__OUTPUT_DOUBT, KZ__OUTPUT_HEAT, KZ__OUTPUT_FILLED };

struct kz__output {
  enum kz__output_kind what;
  const char *path; /* a candidate's, or the job's */
};

/* What is wrong with the options, and with maps that one restoration does not have. */
int kz__candidates_check(const struct kz_candidates_job *job,
                         const struct kz_candidates_options *o, struct kz_err *err);

struct kz__outputs {
  struct kz_candidate *list; /* [count] names and seeds */
  int count;
  struct kz__output files[KZ_CANDIDATES_MOST + 3]; /* the pictures first, then maps */
  int file_count;
};
/* Init. What is wrong with pictures is for kz__task_open to say. */
int kz__outputs_name(struct kz__outputs *out, const struct kz_candidates_job *job,
                     const struct kz_restore_options *options, int count, struct kz_err *err);
void kz__outputs_release(struct kz__outputs *out);

#endif
