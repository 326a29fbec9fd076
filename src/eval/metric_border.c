/* The rim of the hole, where a seam shows first.
 *
 * border-rmse: root mean square error, over channels, of damaged pixels within 3 px (Euclidean) of
 * a known one. border-jump: over all pairs of neighbours (four sides) of which one is damaged and
 * one known, and over channels, the mean of max(0, |step in the result| - |step in the original|):
 * what the border adds to the edges that belong there. */
#include <stdlib.h>

#include "eval/metric.h"

enum { WIDTH = 3 };

/* Whether a known pixel lies within WIDTH of the damaged one at (x, y). */
static bool near_known(const struct kz__scene *s, int x, int y) {
  const int w = s->mask.width, h = s->mask.height;
  for (int dy = -WIDTH; dy <= WIDTH; dy++) {
    if (y + dy < 0 || y + dy >= h) continue;
    for (int dx = -WIDTH; dx <= WIDTH; dx++)
      if (dx * dx + dy * dy <= WIDTH * WIDTH && x + dx >= 0 && x + dx < w &&
          !kz__is_hole(s, (int64_t)(y + dy) * w + x + dx))
        return true;
  }
  return false;
}

static int rmse(const struct kz__scene *s, double *value, struct kz_err *err) {
  const int w = s->mask.width, h = s->mask.height;
  int64_t pixels = 0;
  uint64_t sum = 0;
  (void)err;
  for (int y = 0; y < h; y++)
    for (int x = 0; x < w; x++) {
      int64_t i = (int64_t)y * w + x;
      if (!kz__is_hole(s, i) || !near_known(s, x, y)) continue;
      pixels++;
      for (int64_t k = 3 * i; k < 3 * i + 3; k++) {
        int d = s->original.data[k] - s->result.data[k];
        sum += (uint64_t)(d * d);
      }
    }
  *value = pixels ? sqrt((double)sum / (3. * (double)pixels)) : NAN;
  return 0;
}

static int excess(const struct kz__scene *s, int64_t i, int64_t k) {
  const uint8_t *a = s->original.data, *b = s->result.data;
  int sum = 0;
  for (int c = 0; c < 3; c++) {
    int more = abs(b[3 * i + c] - b[3 * k + c]) - abs(a[3 * i + c] - a[3 * k + c]);
    if (more > 0) sum += more;
  }
  return sum;
}

static int jump(const struct kz__scene *s, double *value, struct kz_err *err) {
  const int w = s->mask.width, h = s->mask.height;
  int64_t pairs = 0, sum = 0;
  (void)err;
  for (int y = 0; y < h; y++)
    for (int x = 0; x < w; x++) {
      int64_t i = (int64_t)y * w + x;
      bool hole = kz__is_hole(s, i);
      if (x + 1 < w && kz__is_hole(s, i + 1) != hole) pairs++, sum += excess(s, i, i + 1);
      if (y + 1 < h && kz__is_hole(s, i + w) != hole) pairs++, sum += excess(s, i, i + w);
    }
  *value = pairs ? (double)sum / (3. * (double)pairs) : NAN;
  return 0;
}

const struct kz_eval_metric kz__metric_border_rmse = {
    .name = "border-rmse", .unit = "levels",
    .help = "root mean square error of the damaged pixels within 3 px of the border",
    .digits = 2, .measure = rmse};

const struct kz_eval_metric kz__metric_border_jump = {
    .name = "border-jump", .unit = "levels",
    .help = "by how much steps across the border exceed the original's, mean",
    .digits = 2, .measure = jump};
