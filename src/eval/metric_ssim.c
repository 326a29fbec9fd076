/* Structural similarity (Wang et al., 2004) of the luma, mean over all pixels:
 *   (2 ma mb + C1) (2 cab + C2) / ((ma^2 + mb^2 + C1) (va + vb + C2)),
 *   C1 = (0.01 x 255)^2, C2 = (0.03 x 255)^2
 * with means, variances and covariance under a Gaussian window of 11 x 11 px, deviation 1.5; beyond
 * the border the picture is mirrored about its outermost pixels. Rows come in order: of the rows
 * blurred sideways only the last 11 are held. */
#include <stdlib.h>

#include "eval/metric.h"

enum { RADIUS = 5, WINDOW = 2 * RADIUS + 1, MOMENTS = 5 };
static const double C1 = 6.5025, C2 = 58.5225;

/* Mirrored without repeating the outermost: -1 is 1; any distance, any size. */
static int mirror(int i, int n) {
  if (n == 1) return 0;
  int period = 2 * (n - 1);
  i = abs(i) % period;
  return i < n ? i : period - i;
}

static void make_window(double w[WINDOW]) {
  double sum = 0;
  for (int i = 0; i < WINDOW; i++)
    sum += w[i] = exp(-(double)((i - RADIUS) * (i - RADIUS)) / (2 * 1.5 * 1.5));
  for (int i = 0; i < WINDOW; i++) w[i] /= sum;
}

/* a, b, a^2, b^2, ab of row y, blurred sideways: dst [MOMENTS, width]. */
static void blur_row(const struct kz__scene *s, int y, const double *w, const int *at,
                     double *dst) {
  const int width = s->original.width;
  const uint8_t *a = s->grey[0].data + (size_t)y * (size_t)width;
  const uint8_t *b = s->grey[1].data + (size_t)y * (size_t)width;
  for (int x = 0; x < width; x++) {
    double sum[MOMENTS] = {0};
    for (int k = 0; k < WINDOW; k++) {
      double u = a[at[x + k]], v = b[at[x + k]];
      sum[0] += w[k] * u;
      sum[1] += w[k] * v;
      sum[2] += w[k] * u * u;
      sum[3] += w[k] * v * v;
      sum[4] += w[k] * u * v;
    }
    for (int m = 0; m < MOMENTS; m++) dst[m * width + x] = sum[m];
  }
}

static double similarity(const double m[MOMENTS]) {
  double va = m[2] - m[0] * m[0], vb = m[3] - m[1] * m[1], cab = m[4] - m[0] * m[1];
  return (2 * m[0] * m[1] + C1) * (2 * cab + C2) /
         ((m[0] * m[0] + m[1] * m[1] + C1) * (va + vb + C2));
}

/* One row of the result from the rows around it, whose places in the ring are known by number. */
static double sum_row(const double *ring, int y, int width, int height, const double *w) {
  double sum = 0;
  for (int x = 0; x < width; x++) {
    double m[MOMENTS] = {0};
    for (int k = 0; k < WINDOW; k++) {
      const double *row = ring + (size_t)(mirror(y + k - RADIUS, height) % WINDOW) *
                                     (size_t)(MOMENTS * width);
      for (int i = 0; i < MOMENTS; i++) m[i] += w[k] * row[i * width + x];
    }
    sum += similarity(m);
  }
  return sum;
}

static int measure(const struct kz__scene *s, double *value, struct kz_err *err) {
  const int width = s->original.width, height = s->original.height;
  double w[WINDOW], sum = 0;
  double *ring = malloc((size_t)width * MOMENTS * WINDOW * sizeof *ring);
  int *at = malloc((size_t)(width + WINDOW) * sizeof *at), code = 0;
  if (!ring || !at) {
    code = kz_err_set(err, KZ_ENOMEM, "no memory for the SSIM of %d x %d px", width, height);
    goto out;
  }
  make_window(w);
  for (int i = 0; i < width + WINDOW; i++) at[i] = mirror(i - RADIUS, width);
  int ready = 0; /* rows blurred; mirrored ones are never further off than the window */
  for (int y = 0; y < height; y++) {
    for (; ready < height && ready <= y + RADIUS; ready++)
      blur_row(s, ready, w, at, ring + (size_t)(ready % WINDOW) * (size_t)(MOMENTS * width));
    sum += sum_row(ring, y, width, height, w);
  }
  *value = sum / ((double)width * height);
out:
  free(ring);
  free(at);
  return code;
}

const struct kz_eval_metric kz__metric_ssim = {
    .name = "ssim", .unit = "", .help = "structural similarity of the luma, whole picture",
    .higher_is_better = true, .digits = 4, .measure = measure};
