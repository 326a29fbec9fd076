/* A restoration that is on record, taken up again: its files as they are now, and its regions. */
#ifndef KZ_RESTORATION_RECORDED_H
#define KZ_RESTORATION_RECORDED_H

#include "restoration/plan.h"

enum kz__given { KZ__SOURCE, KZ__MASK, KZ__POLICY, KZ__LINES, KZ__MODEL, KZ__GIVEN };

struct kz__recorded {
  struct kz_record record;
  const char *place;        /* where it lies; borrowed */
  char *files[KZ__GIVEN];   /* where they lie now; NULL: the record names none */
  struct kz__damage damage; /* region i of the plan is region i of the record */
  bool planned;             /* the record lists regions, and there is a plan */
};

/* Init: read a record, find its files (`places` may be NULL) and make the plan again. The first
 * `checked` files have to be the recorded ones. KZ_EBACKEND for a record or a file that was
 * changed, and where the plan is another today; KZ_ENOENT for a file that is not there. */
int kz__recorded_open(struct kz__recorded *c, const char *path,
                      const struct kz_record_places *places, enum kz__given checked,
                      struct kz_err *err);
void kz__recorded_release(struct kz__recorded *c);
/* KZ_EBACKEND unless the file at `path` is the one of the record. */
int kz__recorded_check(const struct kz_record_file *file, const char *path, struct kz_err *err);
/* The candidate whose picture is the result of the record, -1: it was put together, or there are no
 * candidates. */
int kz__recorded_candidate(const struct kz_record *r);
/* KZ_EEXIST if `path` is a file of the record: what was given, a candidate, the result, the record
 * itself. */
int kz__recorded_spare(const struct kz__recorded *c, const char *path, struct kz_err *err);

/* Put a picture together: of the regions of the plan, those with taken[i] >= 0 have their samples
 * from pictures[taken[i]], and all else is the source's. */
struct kz__assembly {
  const char *source;
  const struct kz_treat_plan *plan;
  const int *taken;            /* [plan->region_count] */
  char *const *pictures;       /* [count] NULL: nothing is taken from it */
  int count;
  const char *record;          /* as of kz_image_marks */
};
int kz__assemble(const struct kz__assembly *a, const char *out, bool overwrite, struct kz_err *err);

#endif
