/* Kappa is computed from subjects with a weight each, so that a bootstrap sample is a set of
 * weights and the same arithmetic. */
#include "eval/study_stats.h"

#include <math.h>
#include <stdlib.h>

#include <kizil/rng.h>

void kz__wilson(int k, int n, double *lo, double *hi) {
  const double z = 1.959963984540054, zz = z * z;
  *lo = *hi = NAN;
  if (n < 1) return;
  double p = (double)k / n, scale = 1 / (1 + zz / n), centre = p + zz / (2 * n);
  double half = z * sqrt(p * (1 - p) / n + zz / (4.0 * n * n));
  *lo = k == 0 ? 0 : (centre - half) * scale;
  *hi = k == n ? 1 : (centre + half) * scale;
}

static int by_value(const void *a, const void *b) {
  double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

double kz__median(double *values, int n) {
  qsort(values, (size_t)n, sizeof *values, by_value);
  return (values[(n - 1) / 2] + values[n / 2]) / 2;
}

/* ---- kappa ---- */

struct work {
  double *share;  /* [strata][categories]: sums of ratings */
  double *weight; /* [strata]: of subjects */
  int *drawn;     /* [subjects]: how often a resample holds each */
  int *units;     /* [count]: that have a usable subject */
  int *times;     /* [largest unit + 1] */
  int count, largest;
  double *kappa;  /* [resamples] */
};

static int ratings_of(const struct kz__ratings *t, int i) {
  int n = 0;
  for (int c = 0; c < t->categories; c++) n += t->counts[i * t->categories + c];
  return n;
}

/* Mean over subjects of the agreement that chance gives: sum of squared shares, by stratum. */
static double by_chance(const struct kz__ratings *t, const struct work *w, double weight) {
  double sum = 0;
  for (int s = 0; s < t->strata; s++) {
    const double *share = &w->share[s * t->categories];
    double total = 0, squares = 0;
    for (int c = 0; c < t->categories; c++) total += share[c];
    for (int c = 0; c < t->categories && total > 0; c++)
      squares += share[c] / total * (share[c] / total);
    sum += w->weight[s] * squares;
  }
  return sum / weight;
}

static double kappa(const struct kz__ratings *t, struct work *w, double *observed) {
  double agreed = 0, weight = 0;
  for (int k = 0; k < t->strata * t->categories; k++) w->share[k] = 0;
  for (int s = 0; s < t->strata; s++) w->weight[s] = 0;
  for (int i = 0; i < t->subjects; i++) {
    const int *counts = &t->counts[i * t->categories], n = ratings_of(t, i);
    const int s = t->stratum ? t->stratum[i] : 0;
    double same = 0, d = w->drawn[i];
    if (n < 2 || !w->drawn[i]) continue;
    for (int c = 0; c < t->categories; c++) {
      same += (double)counts[c] * (counts[c] - 1);
      w->share[s * t->categories + c] += d * counts[c];
    }
    agreed += d * same / ((double)n * (n - 1));
    w->weight[s] += d;
    weight += d;
  }
  *observed = weight > 0 ? agreed / weight : NAN;
  if (!(weight > 0)) return NAN;
  double chance = by_chance(t, w, weight);
  return chance < 1 - 1e-12 ? (*observed - chance) / (1 - chance) : NAN;
}

static void find_units(const struct kz__ratings *t, struct work *w) {
  for (int i = 0; i < t->subjects; i++) {
    if (ratings_of(t, i) < 2 || w->times[t->unit[i]]) continue;
    w->times[t->unit[i]] = 1;
    w->units[w->count++] = t->unit[i];
  }
}

static void resample(const struct kz__ratings *t, struct work *w, const struct kz__resampling *r,
                     struct kz__agreement *out) {
  struct kz_rng rng;
  double observed;
  int n = 0;
  kz_rng_init_stream(&rng, r->seed, r->stream);
  for (int k = 0; k < r->resamples; k++) {
    for (int i = 0; i < w->count; i++) w->times[w->units[i]] = 0;
    for (int i = 0; i < w->count; i++)
      w->times[w->units[kz_rng_below(&rng, (uint32_t)w->count)]]++;
    for (int i = 0; i < t->subjects; i++) w->drawn[i] = w->times[t->unit[i]];
    double value = kappa(t, w, &observed);
    if (!isnan(value)) w->kappa[n++] = value;
  }
  if (n < r->resamples - r->resamples / 10) return;
  qsort(w->kappa, (size_t)n, sizeof *w->kappa, by_value);
  out->lo = kz__percentile(w->kappa, n, .025);
  out->hi = kz__percentile(w->kappa, n, .975);
}

int kz__agree(const struct kz__ratings *t, const struct kz__resampling *r,
              struct kz__agreement *out, struct kz_err *err) {
  struct work w = {0};
  struct kz__agreement a = {.observed = NAN, .kappa = NAN, .lo = NAN, .hi = NAN};
  const size_t n = (size_t)t->subjects + 1;
  int code = 0;
  for (int i = 0; i < t->subjects; i++)
    if (t->unit[i] > w.largest) w.largest = t->unit[i];
  w.share = calloc((size_t)(t->strata * t->categories), sizeof *w.share);
  w.weight = calloc((size_t)t->strata, sizeof *w.weight);
  w.drawn = calloc(n, sizeof *w.drawn);
  w.units = calloc(n, sizeof *w.units);
  w.times = calloc((size_t)w.largest + 1, sizeof *w.times);
  w.kappa = calloc((size_t)r->resamples, sizeof *w.kappa);
  if (!w.share || !w.weight || !w.drawn || !w.units || !w.times || !w.kappa) {
    code = kz_err_set(err, KZ_ENOMEM, "no memory for the agreement on %d trials", t->subjects);
    goto out;
  }
  for (int i = 0; i < t->subjects; i++) {
    int ratings = ratings_of(t, i);
    w.drawn[i] = 1;
    if (ratings < 2) continue;
    a.subjects++;
    a.ratings += ratings;
  }
  a.kappa = kappa(t, &w, &a.observed);
  find_units(t, &w);
  if (w.count > 1 && !isnan(a.kappa)) resample(t, &w, r, &a);
  *out = a;
out:
  free(w.share);
  free(w.weight);
  free(w.drawn);
  free(w.units);
  free(w.times);
  free(w.kappa);
  return code;
}
