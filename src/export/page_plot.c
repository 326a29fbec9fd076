/* Histograms as inline SVG: how the images lie about a threshold. The few that lie far out count in
 * the outermost bars, so that the rest can be told apart. */
#include <math.h>
#include <stdlib.h>

#include "export/page.h"

enum { WIDTH = 620, HEIGHT = 128, TOP = 18, SIDE = 10, BARS = 56 };

struct axis {
  double min, max;
};

static struct axis find_axis(const struct kz__plot *plot) {
  int n = plot->count, out = n / 200; /* a half percent on each side */
  struct axis a = {plot->values[out], plot->values[n - 1 - out]};
  if (!isnan(plot->threshold)) {
    a.min = fmin(a.min, plot->threshold);
    a.max = fmax(a.max, plot->threshold);
  }
  double room = a.max > a.min ? .02 * (a.max - a.min) : fmax(.5, fabs(a.max) * .1);
  a.max += room;
  a.min = a.min >= 0 && a.min < room ? 0 : a.min - room;
  return a;
}

static double place(struct axis a, double v) {
  return SIDE + (v - a.min) / (a.max - a.min) * (WIDTH - 2 * SIDE);
}

/* 1, 2 or 5 times a power of ten, so that there are about six of them. */
static double tick_step(struct axis a) {
  double rough = (a.max - a.min) / 6, base = pow(10, floor(log10(rough))), times = rough / base;
  return base * (times < 1.5 ? 1 : times < 3.5 ? 2 : times < 7.5 ? 5 : 10);
}

static void put_ticks(FILE *f, struct axis a, const char *unit) {
  double step = tick_step(a);
  fprintf(f, "<line class='axis' x1='%d' x2='%d' y1='%d' y2='%d'/>", SIDE, WIDTH - SIDE,
          TOP + HEIGHT, TOP + HEIGHT);
  for (double i = ceil(a.min / step); i * step <= a.max; i++) {
    double x = place(a, i * step), v = i == 0 ? 0 : i * step;
    bool last = i * step + step > a.max;
    fprintf(f, "<line class='axis' x1='%.1f' x2='%.1f' y1='%d' y2='%d'/>"
            "<text class='tick' x='%.1f' y='%d'>%g%s%s</text>", x, x, TOP + HEIGHT,
            TOP + HEIGHT + 4, x, TOP + HEIGHT + 18, v, last && *unit ? " " : "", last ? unit : "");
  }
}

static bool fails(const struct kz__plot *plot, double v) {
  if (isnan(plot->threshold)) return false;
  return plot->sense > 0 ? v > plot->threshold : v < plot->threshold;
}

/* Each bar is two, one on the other, where the threshold lies in it. */
static void put_bars(FILE *f, const struct kz__plot *plot, struct axis a) {
  int bars[BARS][2] = {{0}}, most = 1;
  for (int i = 0; i < plot->count; i++) {
    int at = (int)((plot->values[i] - a.min) / (a.max - a.min) * BARS);
    int *bar = bars[at < 0 ? 0 : at >= BARS ? BARS - 1 : at];
    bar[fails(plot, plot->values[i])]++;
    if (bar[0] + bar[1] > most) most = bar[0] + bar[1];
  }
  double wide = (WIDTH - 2.0 * SIDE) / BARS;
  for (int i = 0; i < BARS; i++) {
    double y = TOP + HEIGHT;
    for (int side = 0; side < 2; side++) {
      double high = bars[i][side] ? fmax(1.5, (double)bars[i][side] / most * HEIGHT) : 0;
      if (high > 0)
        fprintf(f, "<rect class='%s' x='%.1f' y='%.1f' width='%.1f' height='%.1f'/>",
                side ? "out" : "in", SIDE + i * wide + .5, y - high, wide - 1, high);
      y -= high;
    }
  }
}

static void put_threshold(FILE *f, const struct kz__plot *plot, struct axis a) {
  double x = place(a, plot->threshold);
  bool left = x > WIDTH * .7;
  fprintf(f, "<line class='threshold' x1='%.1f' x2='%.1f' y1='4' y2='%d'/>"
          "<text class='limit' x='%.1f' y='13' text-anchor='%s'>threshold %g%s%s</text>",
          x, x, TOP + HEIGHT, left ? x - 6 : x + 6, left ? "end" : "start", plot->threshold,
          *plot->unit ? " " : "", plot->unit);
}

bool kz__page_plot(struct kz__page *p, const struct kz__plot *plot) {
  if (!plot->count) return false;
  struct axis a = find_axis(plot);
  int failed = 0;
  for (int i = 0; i < plot->count; i++) failed += fails(plot, plot->values[i]);
  fprintf(p->f, "<svg class='plot' viewBox='0 0 %d %d' role='img' aria-label='%s: %d images from "
          "%.3g to %.3g %s, half of them below %.3g", WIDTH, TOP + HEIGHT + 26, plot->name,
          plot->count, plot->values[0], plot->values[plot->count - 1], plot->unit,
          plot->values[plot->count / 2]);
  if (!isnan(plot->threshold))
    fprintf(p->f, "; %d fail the threshold %g", failed, plot->threshold);
  fputs("'>\n", p->f);
  put_bars(p->f, plot, a);
  put_ticks(p->f, a, plot->unit);
  if (!isnan(plot->threshold)) put_threshold(p->f, plot, a);
  fputs("</svg>\n", p->f);
  return plot->values[0] < a.min || plot->values[plot->count - 1] > a.max;
}

void kz__page_ends(struct kz__page *p, bool beyond) {
  if (beyond) fputs("; the outermost bars hold what lies beyond them", p->f);
}

/* ---- values ---- */

struct values {
  struct kz__page *p;
  double *list;
  int count, room;
};

static int take_value(void *user, const struct kz__tally_row *r) {
  struct values *v = user;
  if (v->count == v->room) {
    v->room = v->room ? 2 * v->room : 1024;
    double *grown = realloc(v->list, (size_t)v->room * sizeof *grown);
    if (!grown) return kz_err_set(v->p->err, KZ_ENOMEM, "no memory for %d figures", v->room);
    v->list = grown;
  }
  v->list[v->count++] = r->value;
  return 0;
}

double *kz__page_values(struct kz__page *p, enum kz__tally what, const char *name, int *count) {
  struct values v = {.p = p};
  const struct kz__tally_key key = {.name = name};
  kz__page_each(p, what, &key, take_value, &v);
  *count = p->code ? 0 : v.count;
  return v.list;
}

void kz__page_bar(struct kz__page *p, int64_t part, int64_t whole) {
  double percent = whole > 0 ? 100.0 * (double)part / (double)whole : 0;
  fprintf(p->f, "<span class='bar' aria-hidden='true'><i style='width:%.2f%%'></i></span>",
          percent);
}
