/* A study as the files that make it (study_list.c, study_plan.c, study_make.c, study_page.c) and
 * those that read its answers (study_key.c, study_answers.c, study_analyse.c, study_tell.c) see it:
 * rows of pictures and a series of trials. It comes from a list, with the trials planned, or from
 * its key, with the trials read; text points into either, which the study owns. */
#ifndef KZ_EVAL_STUDY_H
#define KZ_EVAL_STUDY_H

#include <jansson.h>

#include <kizil/csv.h>
#include <kizil/study.h>

#include "eval/study_stats.h"

enum { KZ__METHODS = 62, KZ__SHOWINGS = 10000 };

struct kz__study_row {
  int line; /* in the list; 0 from a key */
  const char *original, *mask, *group; /* group: NULL without */
  const char *result[KZ__METHODS];     /* NULL from a key */
  int in_group, unit;                  /* index of its group, or -1; of its original */
  int width, height;                   /* px; 0 from a key */
};

/* A showing of a row's results by two methods. */
struct kz__trial {
  int row, left, right;
  int first; /* the trial that this one repeats, or -1 */
};

struct kz__study {
  char *path; /* of the list or key */
  struct kz_csv csv;
  json_t *key;
  char id[17]; /* of the study: list, seed, plan and all pictures' bytes */
  const char *title;
  int method_count;
  const char *methods[KZ__METHODS];
  struct kz__study_row *rows;
  int count, cap;
  const char **groups; /* in order of appearance */
  int group_count;
  struct kz__trial *trials;
  int trial_count;
};

void kz__study_release(struct kz__study *s);
int kz__study_add_row(struct kz__study *s, const struct kz__study_row *row, struct kz_err *err);
/* Number groups and originals once all rows are there. */
int kz__study_number(struct kz__study *s, struct kz_err *err);
/* Name of group g; of g = group_count, which stands for all rows: "all". */
const char *kz__study_group(const struct kz__study *s, int g);
static inline int kz__study_pairs(const struct kz__study *s) {
  return s->method_count * (s->method_count - 1) / 2;
}
/* Of two methods in either order; pairs go (0,1), (0,2) .. (1,2) .. */
int kz__study_pair(const struct kz__study *s, int a, int b);

/* ---- making ---- */

/* Rows and methods; sizes are looked at, pixels are not. */
int kz__study_load_list(struct kz__study *s, const char *path, struct kz_err *err);

/* Names of the files on the page, 16 hex digits: of row r DAMAGED, ORIGINAL, then the methods. */
enum { KZ__DAMAGED, KZ__ORIGINAL, KZ__RESULTS };
typedef char kz__name[17];
static inline int kz__study_files(const struct kz__study *s) {
  return s->count * (KZ__RESULTS + s->method_count);
}
static inline int kz__study_file(const struct kz__study *s, int row, int kind) {
  return row * (KZ__RESULTS + s->method_count) + kind;
}
/* Trials, id, and malloc'd names. */
int kz__study_plan(struct kz__study *s, const struct kz_study_options *o, kz__name **names,
                   struct kz_err *err);
int kz__study_write_page(const struct kz__study *s, const struct kz_study_options *o,
                         const kz__name *names, const char *path, struct kz_err *err);
int kz__study_write_key(const struct kz__study *s, const struct kz_study_options *o,
                        const kz__name *names, const char *path, struct kz_err *err);

/* ---- analysing ---- */

int kz__study_load_key(struct kz__study *s, const char *path, struct kz_err *err);

enum kz__choice { KZ__NONE, KZ__LEFT, KZ__RIGHT };
struct kz__rater {
  char *path;
  json_t *json;
  const char *name;
  unsigned char *choice; /* [trials], of enum kz__choice */
  double *seconds;       /* [trials] */
  int answered, left;    /* of all trials, repeats too */
  int again, agreed;     /* repeats answered; those with the same method preferred */
  double median;         /* s a trial; NaN without */
};
void kz__rater_release(struct kz__rater *r);
int kz__rater_load(struct kz__rater *r, const struct kz__study *s, const char *path,
                   struct kz_err *err);
/* The method that was preferred; -1 without an answer. */
static inline int kz__preferred(const struct kz__rater *r, const struct kz__study *s, int trial) {
  if (r->choice[trial] == KZ__NONE) return -1;
  return r->choice[trial] == KZ__LEFT ? s->trials[trial].left : s->trials[trial].right;
}

struct kz__preference {
  int n, first; /* answers; those that prefer the pair's first method */
  struct kz__stat share; /* of the first; units are originals */
  double lo, hi;         /* Wilson's interval */
};

struct kz_study_analysis {
  struct kz__study s;
  struct kz__rater *raters;
  int rater_count;
  int64_t seed, resamples;
  struct kz__preference *preference; /* [groups + 1][pairs] */
  struct kz__agreement *agreement;   /* [groups + 1][pairs + 1], the last over all pairs */
  double median;                     /* s a trial, of all */
};

#endif
