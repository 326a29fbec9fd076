/* How sure a share is, and how far raters agree. */
#ifndef KZ_EVAL_STUDY_STATS_H
#define KZ_EVAL_STUDY_STATS_H

#include "eval/stats.h"

/* 95 % interval of a share of k in n (Wilson, 1927); NaN for n = 0. */
void kz__wilson(int k, int n, double *lo, double *hi);

/* Ratings of `subjects`, each into one of `categories`. Subjects of one stratum share their
 * categories, and those of another have other ones. */
struct kz__ratings {
  int subjects, categories, strata;
  const int *counts;  /* [subjects][categories] */
  const int *stratum; /* [subjects]; NULL: all of one */
  const int *unit;    /* [subjects], for the resampling: 0 and up */
};

struct kz__agreement {
  int subjects, ratings; /* that could be used: of subjects rated twice or more */
  double observed;       /* mean share of pairs of ratings that agree; NaN without any */
  double kappa;          /* NaN where undefined too: all ratings in one category */
  double lo, hi;         /* 95 % interval, or NaN */
};

/* Fleiss' kappa as kz_study_analyse (study.h) describes it. The interval is left out where more
 * than a tenth of the resamples have no kappa. */
int kz__agree(const struct kz__ratings *t, const struct kz__resampling *r,
              struct kz__agreement *out, struct kz_err *err);

/* Of n > 0 values, which are sorted. */
double kz__median(double *values, int n);

#endif
