/* Judging restorations: a list of originals, masks and results in; scores of each, means with
 * intervals for each group, tables and a page to look at out. And two such runs compared, pair by
 * pair. */
#ifndef KIZIL_EVAL_H
#define KIZIL_EVAL_H

#include <stdbool.h>
#include <stdint.h>

#include <kizil/err.h>
#include <kizil/param.h>

struct kz__scene;
struct kz__features;

/* What is measured. NaN is a value that is not defined (an empty cell): a figure of the hole where
 * the mask is empty. */
struct kz_eval_metric {
  const char *name; /* as in the head of scores.csv */
  const char *unit; /* "dB", "levels" (of 255), "" */
  const char *help; /* one line */
  bool higher_is_better;
  bool network;   /* needs the LPIPS network, and is absent without */
  int digits;     /* to show after the point */
  double ceiling; /* a value above, infinity too, counts as this in means; 0: none */
  /* One of the two: a figure of a pair; a figure of a group, from its pictures' features. */
  int (*measure)(const struct kz__scene *s, double *value, struct kz_err *err);
  int (*of_group)(const struct kz__features *f, double *value, struct kz_err *err);
};

/* All of them, NULL-terminated. */
extern const struct kz_eval_metric *const kz_eval_metrics[];
/* NULL if there is none of that name. */
const struct kz_eval_metric *kz_eval_metric_find(const char *name);

struct kz_eval_options {
  int64_t seed;      /* of the resampling */
  int64_t resamples; /* bootstrap samples for each interval */
  int64_t cases;     /* worst and best pairs on the page, together */
  int64_t threads;   /* 0: all processors */
  const char *lpips; /* weights, or NULL */
};
extern const struct kz_param kz_eval_params[];

/* Called from the thread that runs; each may be NULL. */
struct kz_eval_host {
  void *user;
  bool (*stop)(void *user); /* true: end with KZ_EINTR */
  void (*progress)(void *user, int done, int total);
  /* A pair that could not be measured; the others go on. */
  void (*failed)(void *user, const char *message);
};

struct kz_eval; /* pairs and, after kz_eval_run, their scores */

/* Read a list with the columns original, mask, result and optionally group, in any order; others
 * are passed over. Paths are relative to the current directory. KZ_EFORMAT for a list without one
 * of the three columns or without a row; a row that cannot be read fails later, by itself. */
int kz_eval_load(const char *list, struct kz_eval **out, struct kz_err *err);
void kz_eval_free(struct kz_eval *e);
/* Whether the files of kz_eval_write can be made in `folder` as far as that can be known before:
 * to be asked before measuring. Makes nothing. */
int kz_eval_can_write(const struct kz_eval *e, const char *folder, struct kz_err *err);
/* Measure all pairs: 8-bit RGB as stored (never turned by EXIF), damaged where the mask is above
 * half. Needs kz_image_startup. An error is one that concerns all: no weights, no memory, stopped.
 * Same list, same files, same options: same scores, for any number of threads. */
int kz_eval_run(struct kz_eval *e, const struct kz_eval_options *o,
                const struct kz_eval_host *host, struct kz_err *err);
int kz_eval_failures(const struct kz_eval *e); /* pairs that could not be measured */
int kz_eval_pairs(const struct kz_eval *e);
/* Write scores.csv (a row for each pair), scores.json (those, and the groups) and index.html
 * (plots and cases, all in one file) to `folder`, which is made if need be. Each file is whole or
 * absent; files of those names are replaced, unless they are one of the pictures or the list. */
int kz_eval_write(const struct kz_eval *e, const char *folder, struct kz_err *err);
/* The groups' means and intervals as lines of text, malloc'd. NULL: no memory. */
char *kz_eval_table(const struct kz_eval *e);

struct kz_eval_comparison; /* b - a, pair by pair */

/* Compare the scores.csv of two runs over the same originals and masks; other pairs are counted and
 * passed over, as are columns that are no metric or in one file only. KZ_EFORMAT if nothing is left
 * to compare, or a pair stands twice in a file. Uses seed and resamples of `o`. */
int kz_eval_compare(const char *a, const char *b, const struct kz_eval_options *o,
                    struct kz_eval_comparison **out, struct kz_err *err);
void kz_eval_comparison_free(struct kz_eval_comparison *c);
char *kz_eval_comparison_table(const struct kz_eval_comparison *c);
char *kz_eval_comparison_json(const struct kz_eval_comparison *c);
int kz_eval_comparison_write(const struct kz_eval_comparison *c, const char *path,
                             struct kz_err *err);

#endif
