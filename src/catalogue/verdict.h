/* From scores and thresholds to verdicts. */
#ifndef KZ_CATALOGUE_VERDICT_H
#define KZ_CATALOGUE_VERDICT_H

#include "catalogue/db.h"
#include "catalogue/measure.h"

/* The thresholds that hold, by the measure's number. */
struct kz__thresholds {
  double value[KZ__MEASURES_MOST];
};

int kz__thresholds_load(const struct kz_catalogue *c, struct kz__thresholds *t,
                        struct kz_err *err);
/* Whether a value fails; a value that is not defined (NaN) does not. */
bool kz__fails(const struct kz_screen_measure *m, double threshold, double value);
/* The statement that the next two are given. */
#define KZ__VERDICT_SQL \
  "INSERT OR REPLACE INTO verdict(image, measure, reason) VALUES(?1, ?2, ?3)"
/* Write a verdict if the value fails. */
int kz__verdict_put(const struct kz_catalogue *c, sqlite3_stmt *insert, int64_t image,
                    const struct kz_screen_measure *m, double threshold, double value,
                    struct kz_err *err);
/* The verdict on an image that cannot be decoded. */
int kz__verdict_put_error(const struct kz_catalogue *c, sqlite3_stmt *insert, int64_t image,
                          const char *error, struct kz_err *err);

#endif
