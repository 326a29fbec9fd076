/* How far the results as a set are from the originals as a set: the Frechet distance of two normal
 * distributions fitted to the LPIPS network's deepest features, averaged over positions,
 *   |m1 - m2|^2 + tr(S1) + tr(S2) - 2 tr((S1 S2)^(1/2))
 * (Dowson and Landau, 1982). It is not the FID, which has Inception's features: its numbers compare
 * with nothing but runs over the same list with the same network, and are the smaller the more
 * pictures there are.
 *
 * With F' F = S for both, tr((S1 S2)^(1/2)) is the sum of the singular values of F1 F2', because
 * the eigenvalues of S1 S2 are their squares. F is the centred features themselves (over
 * sqrt(n - 1)) where there are fewer pictures than features, else the covariance's Cholesky factor.
 * Singular values come from one-sided Jacobi rotations (Hestenes, 1958), which work on whole
 * rows. */
#include "eval/frechet.h"

#include <stdlib.h>
#include <string.h>

#include "eval/metric.h"

enum { SWEEPS = 60 };

static double dot(int n, const double *restrict a, const double *restrict b) {
  double sum = 0;
#pragma omp simd reduction(+ : sum)
  for (int i = 0; i < n; i++) sum += a[i] * b[i];
  return sum;
}

static void rotate(int n, double *restrict a, double *restrict b, double c, double s) {
#pragma omp simd
  for (int i = 0; i < n; i++) {
    double u = a[i], v = b[i];
    a[i] = c * u - s * v;
    b[i] = s * u + c * v;
  }
}

/* Turn each pair of rows until all are at right angles; their lengths are the singular values. */
double kz__nuclear_norm(int rows, int columns, double *m) {
  bool turned = true;
  double largest = 0, sum = 0;
  for (int i = 0; i < rows; i++) {
    const double *a = m + (size_t)i * (size_t)columns;
    largest = fmax(largest, dot(columns, a, a));
  }
  for (int sweep = 0; sweep < SWEEPS && turned; sweep++) {
    turned = false;
    for (int p = 0; p < rows; p++)
      for (int q = p + 1; q < rows; q++) {
        double *a = m + (size_t)p * (size_t)columns, *b = m + (size_t)q * (size_t)columns;
        double aa = dot(columns, a, a), bb = dot(columns, b, b), ab = dot(columns, a, b);
        if (fabs(ab) <= 1e-12 * sqrt(aa * bb) + 1e-28 * largest) continue;
        double zeta = (bb - aa) / (2 * ab);
        double t = (zeta < 0 ? -1 : 1) / (fabs(zeta) + sqrt(1 + zeta * zeta));
        double c = 1 / sqrt(1 + t * t);
        rotate(columns, a, b, c, c * t);
        turned = true;
      }
  }
  for (int i = 0; i < rows; i++) {
    const double *a = m + (size_t)i * (size_t)columns;
    sum += sqrt(dot(columns, a, a));
  }
  return sum;
}

/* f [d, d] with f' f = s, upper triangular (f = L', s = L L'); directions without variance get
 * zeros. */
static void factorise(int d, const double *s, double *f) {
  double largest = 0;
  for (int i = 0; i < d; i++) largest = fmax(largest, s[(size_t)i * (size_t)d + (size_t)i]);
  memset(f, 0, (size_t)d * (size_t)d * sizeof *f);
  for (int k = 0; k < d; k++) {
    double *row = f + (size_t)k * (size_t)d, pivot = s[(size_t)k * (size_t)d + (size_t)k];
    for (int i = 0; i < k; i++) pivot -= f[(size_t)i * (size_t)d + (size_t)k] *
                                         f[(size_t)i * (size_t)d + (size_t)k];
    if (pivot <= 1e-12 * largest) continue;
    row[k] = sqrt(pivot);
    for (int j = k + 1; j < d; j++) {
      double v = s[(size_t)k * (size_t)d + (size_t)j];
      for (int i = 0; i < k; i++) v -= f[(size_t)i * (size_t)d + (size_t)k] *
                                       f[(size_t)i * (size_t)d + (size_t)j];
      row[j] = v / row[k];
    }
  }
}

/* tr((S1 S2)^(1/2)) from factors [k, d]. */
static int cross_term(int k, int d, const double *f1, const double *f2, double *out,
                      struct kz_err *err) {
  double *m = malloc((size_t)k * (size_t)k * sizeof *m);
  if (!m) return kz_err_set(err, KZ_ENOMEM, "no memory for the Frechet distance of %d rows", k);
  for (int i = 0; i < k; i++)
    for (int j = 0; j < k; j++)
      m[(size_t)i * (size_t)k + (size_t)j] =
          dot(d, f1 + (size_t)i * (size_t)d, f2 + (size_t)j * (size_t)d);
  *out = kz__nuclear_norm(k, k, m);
  free(m);
  return 0;
}

int kz__frechet_gaussians(int d, const double *m1, const double *s1, const double *m2,
                          const double *s2, double *distance, struct kz_err *err) {
  const size_t square = (size_t)d * (size_t)d;
  double *f = malloc(2 * square * sizeof *f), cross, sum = 0;
  if (!f) return kz_err_set(err, KZ_ENOMEM, "no memory for the Frechet distance of %d features", d);
  factorise(d, s1, f);
  factorise(d, s2, f + square);
  int code = cross_term(d, d, f, f + square, &cross, err);
  free(f);
  if (code) return code;
  for (int i = 0; i < d; i++) {
    size_t at = (size_t)i * (size_t)d + (size_t)i;
    sum += (m1[i] - m2[i]) * (m1[i] - m2[i]) + s1[at] + s2[at];
  }
  *distance = fmax(0, sum - 2 * cross);
  return 0;
}

/* Mean, and rows less the mean over sqrt(n - 1). */
static void centre(int n, int d, const float *x, double *mean, double *centred) {
  for (int c = 0; c < d; c++) {
    mean[c] = 0;
    for (int i = 0; i < n; i++) mean[c] += x[(size_t)i * (size_t)d + (size_t)c];
    mean[c] /= n;
    for (int i = 0; i < n; i++) {
      size_t at = (size_t)i * (size_t)d + (size_t)c;
      centred[at] = (x[at] - mean[c]) / sqrt(n - 1);
    }
  }
}

static void covariance(int n, int d, const double *centred, double *s) {
  memset(s, 0, (size_t)d * (size_t)d * sizeof *s);
  for (int i = 0; i < n; i++) {
    const double *row = centred + (size_t)i * (size_t)d;
    for (int a = 0; a < d; a++)
      for (int b = 0; b < d; b++) s[(size_t)a * (size_t)d + (size_t)b] += row[a] * row[b];
  }
}

static int of_few(int n, int d, const double *mean, const double *centred, double *distance,
                  struct kz_err *err) {
  const size_t rows = (size_t)n * (size_t)d;
  double cross, sum = 0;
  int code = cross_term(n, d, centred, centred + rows, &cross, err);
  if (code) return code;
  for (int c = 0; c < d; c++) sum += (mean[c] - mean[d + c]) * (mean[c] - mean[d + c]);
  for (size_t i = 0; i < 2 * rows; i++) sum += centred[i] * centred[i];
  *distance = fmax(0, sum - 2 * cross);
  return 0;
}

int kz__frechet(const struct kz__features *f, double *distance, struct kz_err *err) {
  const int n = f->n, d = f->d;
  const size_t rows = (size_t)n * (size_t)d, square = (size_t)d * (size_t)d;
  double *mean = NULL, *centred = NULL, *s = NULL;
  int code;
  *distance = NAN;
  if (n < 2) return 0;
  mean = malloc(2 * (size_t)d * sizeof *mean);
  centred = malloc(2 * rows * sizeof *centred);
  s = malloc(2 * square * sizeof *s);
  if (!mean || !centred || !s) {
    code = kz_err_set(err, KZ_ENOMEM, "no memory for the Frechet distance of %d pictures", n);
    goto out;
  }
  centre(n, d, f->original, mean, centred);
  centre(n, d, f->result, mean + d, centred + rows);
  if (n <= d) {
    code = of_few(n, d, mean, centred, distance, err);
    goto out;
  }
  covariance(n, d, centred, s);
  covariance(n, d, centred + rows, s + square);
  code = kz__frechet_gaussians(d, mean, s, mean + d, s + square, distance, err);
out:
  free(mean);
  free(centred);
  free(s);
  return code;
}

const struct kz_eval_metric kz__metric_frechet = {
    .name = "frechet-lpips", .unit = "",
    .help = "Frechet distance of the LPIPS network's deepest features, of a group; not the FID",
    .network = true, .digits = 3, .of_group = kz__frechet};
