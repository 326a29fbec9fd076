/* Judging by eye: a page on which experts choose, blind, which of two results they prefer, and what
 * their answers say. */
#ifndef KIZIL_STUDY_H
#define KIZIL_STUDY_H

#include <stdbool.h>
#include <stdint.h>

#include <kizil/err.h>
#include <kizil/param.h>

struct kz_study_options {
  int64_t seed;       /* making: of order, sides and names; analysing: of the resampling */
  double repeat;      /* share of trials shown twice */
  const char *title;  /* of the page */
  int lang;           /* of the page: index into en, zh */
  bool show_original; /* beside the damaged picture */
  int64_t resamples;  /* analysing: bootstrap samples for each interval */
};
extern const struct kz_param kz_study_params[];

/* Called from the thread that makes a study; each may be NULL. */
struct kz_study_host {
  void *user;
  bool (*stop)(void *user); /* true: end with KZ_EINTR */
  void (*progress)(void *user, int done, int total);
};

struct kz_study_made {
  int pictures, methods, trials, repeats; /* repeats are among the trials */
};

/* Make a study of a list with the columns original, mask and, if you like, group; every other
 * column is a method, by its name, with the paths of its results: two at least. A trial is a
 * picture with two methods' results; each such pair is shown, in an order and on sides that follow
 * from the seed and the list; of each pair of methods each is on the left in half of the trials
 * (give or take one), repeats aside, which exchange the sides of a trial half a study later.
 *
 * Writes folder/page (for raters: index.html and pictures, none of which tells a method) and
 * folder/key.json (for who analyses the answers). Both or neither; neither may be there before
 * (KZ_EEXIST). All pictures of a row must be of one size (KZ_ESHAPE). Needs kz_image_startup. Same
 * list, same pictures, same options: same study. `made` may be NULL. */
int kz_study_make(const char *list, const char *folder, const struct kz_study_options *o,
                  const struct kz_study_host *host, struct kz_study_made *made,
                  struct kz_err *err);

struct kz_study_analysis;

/* Analyse `count` > 0 files of answers to the study of `key`. A rater's unanswered trials are
 * passed over; of a repeated trial the first showing counts, the second measures the rater's
 * agreement with himself only.
 *
 * For each group and pair of methods: the share that prefers each, with Wilson's interval (1927),
 * which takes the answers as independent, and the bootstrap's over originals, which does not.
 *
 * Fleiss' kappa (1971) in the general form for unequal numbers of ratings, over the trials with two
 * ratings or more: agreement in a trial with n ratings is the share of its n (n - 1) ordered pairs
 * that agree; agreement by chance is of the shares of the two methods over all those ratings. Over
 * several pairs of methods chance is the mean over trials of their own pair's. Interval: bootstrap
 * over originals, all trials of one together.
 *
 * KZ_EFORMAT for answers that are broken, of another study, of one rater twice, to a trial that
 * there is not. Uses seed and resamples of `o`. */
int kz_study_analyse(const char *key, const char *const *answers, int count,
                     const struct kz_study_options *o, struct kz_study_analysis **out,
                     struct kz_err *err);
void kz_study_analysis_free(struct kz_study_analysis *a);
/* As lines of text, and as JSON; malloc'd. NULL: no memory. */
char *kz_study_analysis_table(const struct kz_study_analysis *a);
char *kz_study_analysis_json(const struct kz_study_analysis *a);
/* Write the JSON; refuses (KZ_EEXIST) to write over the key or the answers. */
int kz_study_analysis_write(const struct kz_study_analysis *a, const char *path,
                            struct kz_err *err);

#endif
