/* What tables of the data set hold beside an entry of kz_catalogue_each: scores, and the last word
 * of a person. Asked for each image by statements that are prepared once. */
#ifndef KZ_CATALOGUE_MORE_H
#define KZ_CATALOGUE_MORE_H

#include "catalogue/db.h"

/* Sorted, each once; owned. */
struct kz__names {
  char **name;
  int count;
};
int kz__names_of_facts(const struct kz_catalogue *c, struct kz__names *out, struct kz_err *err);
int kz__names_of_measures(const struct kz_catalogue *c, struct kz__names *out, struct kz_err *err);
void kz__names_release(struct kz__names *n);

struct kz__more {
  struct kz_catalogue *c;
  sqlite3_stmt *scores, *review;
};
int kz__more_open(struct kz_catalogue *c, struct kz__more *out, struct kz_err *err);
void kz__more_close(struct kz__more *m);

/* Visit what was measured of an image and is defined for it; a visitor that returns non-zero ends
 * it with that code. */
typedef int kz__score_visit(void *user, const char *measure, double value, struct kz_err *err);
int kz__more_scores(struct kz__more *m, int64_t image, kz__score_visit *visit, void *user,
                    struct kz_err *err);

struct kz__word {
  const char *verdict, *reason, *who; /* valid until the next question; NULL: nobody spoke */
};
int kz__more_review(struct kz__more *m, int64_t image, struct kz__word *word, struct kz_err *err);

#endif
