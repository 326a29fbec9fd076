/* Disagreement and ranking. Distances are taken in CIELAB, where equal numbers look about equally
 * far apart; a difference in sRGB would count a shade of a dark ground for less than the same shade
 * of a light one. */
#include "restore/doubt.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

struct lab {
  float v[3];
};

int kz__fills_init(struct kz__fills *f, const struct kz__holes *h, int count, struct kz_err *err) {
  *f = (struct kz__fills){.holes = h, .count = count};
  f->rgb = malloc((size_t)count * (size_t)h->count * 3 * sizeof *f->rgb);
  f->linear = malloc(65536 * sizeof *f->linear);
  if (!f->rgb || !f->linear) {
    kz__fills_release(f);
    return kz_err_set(err, KZ_ENOMEM, "no memory for %d candidates of %lld damaged pixels", count,
                      (long long)h->count);
  }
  for (int i = 0; i < 65536; i++) {
    const double v = i / 65535.0;
    f->linear[i] = (float)(v <= 0.04045 ? v / 12.92 : pow((v + 0.055) / 1.055, 2.4));
  }
  return 0;
}

void kz__fills_release(struct kz__fills *f) {
  free(f->rgb);
  free(f->linear);
  *f = (struct kz__fills){0};
}

uint16_t *kz__fills_at(const struct kz__fills *f, int k, int64_t pixel) {
  return f->rgb + ((int64_t)k * f->holes->count + pixel) * 3;
}

/* ---- CIELAB, D65 ---- */

static float bend(float t) { return t > 0.008856452f ? cbrtf(t) : 7.787037f * t + 16.0f / 116; }

static struct lab lab_of(const struct kz__fills *f, const uint16_t rgb[3]) {
  const float r = f->linear[rgb[0]], g = f->linear[rgb[1]], b = f->linear[rgb[2]];
  const float x = bend((0.4124564f * r + 0.3575761f * g + 0.1804375f * b) / 0.95047f);
  const float y = bend(0.2126729f * r + 0.7151522f * g + 0.0721750f * b);
  const float z = bend((0.0193339f * r + 0.1191920f * g + 0.9503041f * b) / 1.08883f);
  return (struct lab){{116 * y - 16, 500 * (x - y), 200 * (y - z)}};
}

static float square_distance(const struct lab *a, const struct lab *b) {
  float sum = 0;
  for (int i = 0; i < 3; i++) sum += (a->v[i] - b->v[i]) * (a->v[i] - b->v[i]);
  return sum;
}

/* All fills of a pixel, and their mean. */
static struct lab labs_of(const struct kz__fills *f, int64_t pixel, struct lab *all) {
  struct lab mean = {{0}};
  for (int k = 0; k < f->count; k++) {
    all[k] = lab_of(f, kz__fills_at(f, k, pixel));
    for (int i = 0; i < 3; i++) mean.v[i] += (all[k].v[i] - mean.v[i]) / (float)(k + 1);
  }
  return mean;
}

/* ---- disagreement ---- */

void kz__fills_doubt(const struct kz__fills *f, float *doubt) {
  struct lab all[KZ_CANDIDATES_MOST];
  for (int64_t n = 0; n < f->holes->count; n++) {
    const struct lab mean = labs_of(f, n, all);
    float sum = 0;
    for (int k = 0; k < f->count; k++) sum += square_distance(&all[k], &mean);
    doubt[n] = sqrtf(sum / (float)(f->count - 1));
  }
}

static int by_value(const void *a, const void *b) {
  const float p = *(const float *)a, q = *(const float *)b;
  return (p > q) - (p < q);
}

int kz__regions_doubt(struct kz__regions *g, const struct kz__holes *h, const float *doubt,
                      struct kz_err *err) {
  int64_t most = 1;
  for (int i = 0; i < g->count; i++)
    if (g->list[i].area > most) most = g->list[i].area;
  float *values = malloc((size_t)most * sizeof *values);
  if (!values) return kz_err_set(err, KZ_ENOMEM, "no memory for %lld px", (long long)most);
  for (int i = 0; i < g->count; i++) {
    struct kz_region *to = &g->list[i];
    float *end = values;
    double sum = 0;
    for (int k = g->first[i]; k < g->first[i + 1]; k++) {
      const struct kz__run *run = &h->runs[g->runs[k]];
      memcpy(end, doubt + run->first, (size_t)run->len * sizeof *end);
      end += run->len;
    }
    for (const float *v = values; v < end; v++) sum += *v;
    qsort(values, (size_t)to->area, sizeof *values, by_value);
    to->doubt = sum / (double)to->area;
    to->doubt_95 = values[(to->area * 95 + 99) / 100 - 1];
  }
  free(values);
  return 0;
}

/* ---- ranking ---- */

struct ranking {
  const struct kz__fills *f;
  const struct kz__regions *g;
  struct kz_candidate *list;
  int64_t pixels, joints;
};

static void sum_off_mean(struct ranking *r) {
  const struct kz__holes *h = r->f->holes;
  struct lab all[KZ_CANDIDATES_MOST];
  for (int i = 0; i < h->run_count; i++) {
    const struct kz__run *run = &h->runs[i];
    if (!r->g->list[r->g->of_run[i]].filled) continue;
    for (int64_t n = run->first; n < run->first + run->len; n++) {
      const struct lab mean = labs_of(r->f, n, all);
      for (int k = 0; k < r->f->count; k++) r->list[k].off_mean += square_distance(&all[k], &mean);
    }
    r->pixels += run->len;
  }
}

/* A window on the known pixels, a rim of one pixel around what is looked at. */
struct window {
  int x, y, w, h;
  float *rgb;
  uint8_t *damaged; /* [h, w] */
};

static void add_joints(struct ranking *r, const struct window *in, int x, int y, int64_t pixel) {
  static const int beside[4][2] = {{0, -1}, {-1, 0}, {1, 0}, {0, 1}};
  struct lab all[KZ_CANDIDATES_MOST];
  bool have = false;
  for (int i = 0; i < 4; i++) {
    const int u = x + beside[i][0] - in->x, v = y + beside[i][1] - in->y;
    if (u < 0 || v < 0 || u >= in->w || v >= in->h || in->damaged[v * in->w + u]) continue;
    const float *p = in->rgb + ((size_t)v * in->w + u) * 3;
    uint16_t rgb[3];
    for (int c = 0; c < 3; c++) rgb[c] = (uint16_t)(fminf(fmaxf(p[c], 0), 1) * 65535 + 0.5f);
    const struct lab known = lab_of(r->f, rgb);
    if (!have) labs_of(r->f, pixel, all);
    have = true;
    for (int k = 0; k < r->f->count; k++)
      r->list[k].step += sqrtf(square_distance(&all[k], &known));
    r->joints++;
  }
}

/* Joints of the damage in a rectangle. */
static int sum_steps(struct ranking *r, const struct kz__known *known, int x, int y, int w, int h,
                     struct kz_err *err) {
  const struct kz__holes *holes = r->f->holes;
  const int right = x + w < holes->width ? x + w + 1 : x + w;
  const int bottom = y + h < holes->height ? y + h + 1 : y + h;
  struct window in = {.x = x ? x - 1 : 0, .y = y ? y - 1 : 0};
  in.w = right - in.x;
  in.h = bottom - in.y;
  in.rgb = malloc((size_t)in.w * in.h * 3 * sizeof *in.rgb);
  in.damaged = calloc((size_t)in.w, (size_t)in.h);
  int code = 0;
  struct kz__span s;
  if (in.rgb && in.damaged)
    code = known->read(known->self, in.x, in.y, in.w, in.h, in.rgb, err);
  else
    code = kz_err_set(err, KZ_ENOMEM, "no memory for a window of %d x %d", in.w, in.h);
  if (code) goto out;
  for (kz__span_start(&s, holes, in.x, in.y, in.w, in.h); kz__span_next(&s);)
    memset(in.damaged + (size_t)(s.y - in.y) * in.w + (s.x - in.x), 1, (size_t)s.len);
  for (kz__span_start(&s, holes, x, y, w, h); kz__span_next(&s);) {
    const int run = kz__holes_find(holes, s.y, s.x);
    if (!r->g->list[r->g->of_run[run]].filled) continue;
    for (int i = 0; i < s.len; i++) add_joints(r, &in, s.x + i, s.y, s.first + i);
  }
out:
  free(in.rgb);
  free(in.damaged);
  return code;
}

static int sum_all_steps(struct ranking *r, const struct kz__known *known, struct kz_err *err) {
  struct kz__tiles t;
  int code = kz__tiles_plan(&t, r->f->holes, 256, 0, err);
  for (int i = 0; i < t.count && !code; i++) {
    const struct kz__tile *at = &t.list[i];
    const int x = kz__axis_core(&t.ax, at->ix), y = kz__axis_core(&t.ay, at->iy);
    code = sum_steps(r, known, x, y, kz__axis_core(&t.ax, at->ix + 1) - x,
                     kz__axis_core(&t.ay, at->iy + 1) - y, err);
  }
  kz__tiles_release(&t);
  return code;
}

static void set_scores(struct kz_candidate *list, int count) {
  double off_mean = 0, step = 0;
  for (int k = 0; k < count; k++) {
    off_mean += list[k].off_mean / count;
    step += list[k].step / count;
  }
  for (int k = 0; k < count; k++)
    list[k].score = (off_mean > 0 ? list[k].off_mean / off_mean : 0) +
                    (step > 0 ? list[k].step / step : 0);
  for (int k = 0; k < count; k++) {
    list[k].rank = 1;
    for (int j = 0; j < count; j++)
      list[k].rank += list[j].score < list[k].score || (list[j].score == list[k].score && j < k);
  }
}

int kz__fills_rank(const struct kz__fills *f, const struct kz__regions *g,
                   const struct kz__known *known, struct kz_candidate *list, struct kz_err *err) {
  struct ranking r = {.f = f, .g = g, .list = list};
  for (int k = 0; k < f->count; k++) list[k].off_mean = list[k].step = 0;
  sum_off_mean(&r);
  int code = sum_all_steps(&r, known, err);
  if (code) return code;
  for (int k = 0; k < f->count; k++) {
    if (r.pixels) list[k].off_mean = sqrt(list[k].off_mean / (double)r.pixels);
    if (r.joints) list[k].step /= (double)r.joints;
  }
  set_scores(list, f->count);
  return 0;
}
