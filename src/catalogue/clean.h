/* What cleaning found in an image, and what a person said of it, as rows; and what follows of both:
 * how the image is to be seen.
 *
 * A finding is a row of `clean`: kind, parameters, how sure it is, and whether it is applied, which
 * is so from the kind's threshold on. What a person says is added to `clean_review` and never
 * changed; the last word on an image and kind wins over the finding. The view `cleaning` joins the
 * two. Pixels are never written. */
#ifndef KZ_CATALOGUE_CLEAN_H
#define KZ_CATALOGUE_CLEAN_H

#include "catalogue/db.h"
#include "clean/clean.h"

struct kz__picture_info;

/* What applies to an image. {0} where nothing does. */
int kz__clean_view(struct kz_catalogue *c, int64_t image, struct kz_view *view,
                   struct kz_err *err);
/* The same with everything that was found applied, but for what a person refused. */
int kz__clean_proposal(struct kz_catalogue *c, int64_t image, struct kz_view *view,
                       struct kz_err *err);
/* The kind of that name, or -1. */
int kz__clean_find(const char *name);

/* The statement that the next one is given. */
#define KZ__CLEAN_SQL                                                                             \
  "INSERT OR REPLACE INTO clean(image, kind, params, confidence, applied) VALUES(?1, ?2, ?3, ?4," \
  " ?4 >= coalesce((SELECT value FROM threshold WHERE measure = 'clean-' || ?2), ?5))"
/* Write the rows of one image: what its header says, and what was found in its pixels. */
int kz__clean_put(const struct kz_catalogue *c, sqlite3_stmt *insert, int64_t image,
                  const struct kz__picture_info *info, const struct kz_clean_found *found,
                  struct kz_err *err);

#endif
