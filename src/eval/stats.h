/* Mean, spread, and how sure the mean is. */
#ifndef KZ_EVAL_STATS_H
#define KZ_EVAL_STATS_H

#include <stdint.h>

#include <kizil/err.h>

/* Undefined fields are NaN: all of them for n = 0; sd and the interval for n or units = 1. */
struct kz__stat {
  int n;       /* values that are defined */
  int units;   /* originals that they come from */
  int capped;  /* values that count as the ceiling */
  double mean, sd, lo, hi; /* 95 % interval */
};

struct kz__sample {
  const double *value; /* NaN: not defined, passed over */
  const int *unit;     /* the original each comes from, 0 and up */
  int count;
  double ceiling;      /* or 0 */
};

struct kz__resampling {
  uint64_t seed, stream;
  int resamples;
};

/* The interval is the percentile bootstrap's (Efron, 1979). Originals are drawn, each with all its
 * values: results of one picture under several masks are no independent witnesses. */
int kz__summarise(const struct kz__sample *s, const struct kz__resampling *r, struct kz__stat *out,
                  struct kz_err *err);
/* The value below which `share` of n > 0 sorted values lie, between the neighbours in rank. */
double kz__percentile(const double *sorted, int n, double share);

#endif
