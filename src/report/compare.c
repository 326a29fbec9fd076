/* Figures of a restoration. The hole is what matters: the rest is the input. */
#include <math.h>
#include <stdlib.h>

#include <kizil/report.h>

static double psnr(uint64_t squares, int64_t pixels) {
  if (squares == 0) return INFINITY;
  return 10.0 * log10(255.0 * 255.0 * 3.0 * (double)pixels / (double)squares);
}

int kz_report_compare(const struct kz_pixels *original, const struct kz_pixels *restored,
                      const struct kz_pixels *mask, struct kz_figures *figures,
                      struct kz_err *err) {
  const struct kz_pixels *a = original, *b = restored;
  if (a->width != b->width || a->height != b->height || a->width != mask->width ||
      a->height != mask->height || a->channels != 3 || b->channels != 3 || mask->channels != 1)
    return kz_err_set(err, KZ_ESHAPE,
                      "the original is %d x %d px, the restored picture %d x %d, the mask %d x %d: "
                      "they must be of one size",
                      a->width, a->height, b->width, b->height, mask->width, mask->height);
  int64_t n = (int64_t)a->width * a->height;
  uint64_t inside = 0, outside = 0;
  struct kz_figures f = {0};
  for (int64_t i = 0; i < n; i++) {
    bool hole = mask->data[i] > 127;
    f.damaged += hole;
    for (int64_t k = 3 * i; k < 3 * i + 3; k++) {
      int d = abs(a->data[k] - b->data[k]);
      if (hole) inside += (uint64_t)(d * d);
      else outside += (uint64_t)(d * d);
      if (!hole && d > f.largest_outside) f.largest_outside = d;
    }
  }
  f.cover = (double)f.damaged / (double)n;
  f.hole_psnr = psnr(inside, f.damaged);
  f.full_psnr = psnr(inside + outside, n);
  *figures = f;
  return 0;
}
