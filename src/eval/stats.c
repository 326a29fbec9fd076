/* Each unit is reduced to a sum and a count first, so that a resample costs one addition for each
 * unit drawn. The stream of random numbers is named by seed and place in the tables: an interval
 * does not change because a metric is added before it. */
#include "eval/stats.h"

#include <math.h>
#include <stdlib.h>

#include <kizil/rng.h>

struct unit {
  int id, count;
  double sum;
};

static int by_id(const void *a, const void *b) {
  const struct unit *x = a, *y = b;
  return (x->id > y->id) - (x->id < y->id);
}

static int by_value(const void *a, const void *b) {
  double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

/* One entry for each unit with a value; mean, sd, n and capped on the way. */
static int gather(const struct kz__sample *s, struct unit *u, struct kz__stat *st) {
  double sum = 0, squares = 0;
  int count = 0, units = 0;
  for (int i = 0; i < s->count; i++) {
    double v = s->value[i];
    if (isnan(v)) continue;
    if (s->ceiling > 0 && v > s->ceiling) v = s->ceiling, st->capped++;
    u[count++] = (struct unit){s->unit[i], 1, v};
    sum += v;
  }
  st->n = count;
  if (!count) return 0;
  st->mean = sum / count;
  for (int i = 0; i < count; i++) squares += (u[i].sum - st->mean) * (u[i].sum - st->mean);
  if (count > 1) st->sd = sqrt(squares / (count - 1));
  qsort(u, (size_t)count, sizeof *u, by_id);
  for (int i = 0; i < count; i++) {
    if (units && u[units - 1].id == u[i].id) {
      u[units - 1].sum += u[i].sum;
      u[units - 1].count++;
    } else {
      u[units++] = u[i];
    }
  }
  return units;
}

double kz__percentile(const double *sorted, int n, double share) {
  double at = share * (n - 1);
  int i = (int)at;
  return i + 1 < n ? sorted[i] + (at - i) * (sorted[i + 1] - sorted[i]) : sorted[n - 1];
}

static void resample(const struct unit *u, int units, const struct kz__resampling *r,
                     double *means) {
  struct kz_rng rng;
  kz_rng_init_stream(&rng, r->seed, r->stream);
  for (int k = 0; k < r->resamples; k++) {
    double sum = 0;
    int64_t count = 0;
    for (int i = 0; i < units; i++) {
      const struct unit *d = &u[kz_rng_below(&rng, (uint32_t)units)];
      sum += d->sum;
      count += d->count;
    }
    means[k] = sum / (double)count;
  }
}

int kz__summarise(const struct kz__sample *s, const struct kz__resampling *r, struct kz__stat *out,
                  struct kz_err *err) {
  struct kz__stat st = {.mean = NAN, .sd = NAN, .lo = NAN, .hi = NAN};
  struct unit *u = malloc((size_t)(s->count ? s->count : 1) * sizeof *u);
  double *means = malloc((size_t)r->resamples * sizeof *means);
  int code = 0;
  if (!u || !means) {
    code = kz_err_set(err, KZ_ENOMEM, "no memory for %d resamples of %d values", r->resamples,
                      s->count);
    goto out;
  }
  st.units = gather(s, u, &st);
  if (st.units > 1) {
    resample(u, st.units, r, means);
    qsort(means, (size_t)r->resamples, sizeof *means, by_value);
    st.lo = kz__percentile(means, r->resamples, .025);
    st.hi = kz__percentile(means, r->resamples, .975);
  }
  *out = st;
out:
  free(u);
  free(means);
  return code;
}
