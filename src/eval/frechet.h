/* Frechet distance between normal distributions; formulas in metric_frechet.c. */
#ifndef KZ_EVAL_FRECHET_H
#define KZ_EVAL_FRECHET_H

#include <kizil/err.h>

struct kz__features;

/* Sum of the singular values of m [rows, columns], which is overwritten. */
double kz__nuclear_norm(int rows, int columns, double *m);
/* Means [d] and covariances [d, d]. */
int kz__frechet_gaussians(int d, const double *m1, const double *s1, const double *m2,
                          const double *s2, double *distance, struct kz_err *err);
/* Of two sets of as many pictures; NaN for fewer than 2. */
int kz__frechet(const struct kz__features *f, double *distance, struct kz_err *err);

#endif
