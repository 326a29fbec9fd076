/* Peak signal to noise, over the whole picture and in the hole, and what changed outside. The whole
 * picture flatters every method: most of it is the input. */
#include <stdlib.h>

#include "eval/metric.h"

struct squares {
  uint64_t inside, outside; /* sums over all samples */
  int largest;              /* change outside */
};

static struct squares add_up(const struct kz__scene *s) {
  const uint8_t *a = s->original.data, *b = s->result.data;
  const int64_t n = (int64_t)s->original.width * s->original.height;
  struct squares q = {0};
  for (int64_t i = 0; i < n; i++, a += 3, b += 3) {
    bool hole = kz__is_hole(s, i);
    for (int c = 0; c < 3; c++) {
      int d = abs(a[c] - b[c]);
      *(hole ? &q.inside : &q.outside) += (uint64_t)(d * d);
      if (!hole && d > q.largest) q.largest = d;
    }
  }
  return q;
}

/* 10 log10(255^2 / mean square); infinite for no difference, undefined for no pixel. */
static double psnr(uint64_t squares, int64_t pixels) {
  if (pixels == 0) return NAN;
  if (squares == 0) return INFINITY;
  return 10 * log10(255. * 255. * 3. * (double)pixels / (double)squares);
}

static int full(const struct kz__scene *s, double *value, struct kz_err *err) {
  struct squares q = add_up(s);
  (void)err;
  *value = psnr(q.inside + q.outside, (int64_t)s->original.width * s->original.height);
  return 0;
}

static int hole(const struct kz__scene *s, double *value, struct kz_err *err) {
  (void)err;
  *value = psnr(add_up(s).inside, s->damaged);
  return 0;
}

static int outside(const struct kz__scene *s, double *value, struct kz_err *err) {
  const int64_t n = (int64_t)s->original.width * s->original.height;
  (void)err;
  *value = s->damaged == n ? NAN : add_up(s).largest;
  return 0;
}

const struct kz_eval_metric kz__metric_psnr = {
    .name = "psnr", .unit = "dB", .help = "PSNR over the whole picture, 8-bit RGB",
    .higher_is_better = true, .digits = 2, .ceiling = 100, .measure = full};

const struct kz_eval_metric kz__metric_hole_psnr = {
    .name = "hole-psnr", .unit = "dB", .help = "PSNR of the damaged pixels alone",
    .higher_is_better = true, .digits = 2, .ceiling = 100, .measure = hole};

const struct kz_eval_metric kz__metric_outside = {
    .name = "outside-max", .unit = "levels",
    .help = "largest change of a sample outside the mask; 0 is as it should be",
    .digits = 0, .measure = outside};
