/* A strip plot: rows are groups, each pair a dot at its value, shifted up or down a little by its
 * number so that equal ones stay apart; over them the mean with its interval. */
#include "eval/page.h"

enum { LEFT = 84, RIGHT = 14, WIDTH = 430, ROW = 30, TOP = 8, AXIS = 34, DOTS = 400 };

struct axis {
  double min, max;
};

static double shown(double v, double ceiling) { return ceiling > 0 && v > ceiling ? ceiling : v; }

/* What to show of row i in group g; NaN for nothing. */
static double value_of(const struct kz_eval *e, int m, int g, int i) {
  const struct kz__row *r = &e->table.rows[i];
  return kz__table_in(&e->table, r, g) ? shown(r->value[m], kz_eval_metrics[m]->ceiling) : NAN;
}

static struct axis find_axis(const struct kz_eval *e, int m) {
  struct axis a = {INFINITY, -INFINITY};
  for (int i = 0; i < e->table.count; i++) {
    double v = value_of(e, m, e->table.group_count, i);
    if (isnan(v)) continue;
    a.min = fmin(a.min, v);
    a.max = fmax(a.max, v);
  }
  if (!(a.min <= a.max)) return (struct axis){0, 1};
  double room = a.max > a.min ? .04 * (a.max - a.min) : fmax(.5, fabs(a.max) * .1);
  return (struct axis){a.min - room, a.max + room};
}

static double place(struct axis a, double v) {
  return LEFT + (v - a.min) / (a.max - a.min) * (WIDTH - LEFT - RIGHT);
}

/* 1, 2 or 5 times a power of ten, so that there are about five of them. */
static double tick_step(struct axis a) {
  double rough = (a.max - a.min) / 5, base = pow(10, floor(log10(rough))), times = rough / base;
  return base * (times < 1.5 ? 1 : times < 3.5 ? 2 : times < 7.5 ? 5 : 10);
}

static void put_ticks(FILE *f, struct axis a, int bottom) {
  double step = tick_step(a);
  for (double i = ceil(a.min / step); i * step <= a.max; i++) {
    double x = place(a, i * step);
    fprintf(f, "<line class='grid' x1='%.1f' x2='%.1f' y1='%d' y2='%d'/>"
               "<text class='tick' x='%.1f' y='%d'>%g</text>\n",
            x, x, TOP, bottom, x, bottom + 16, i == 0 ? 0 : i * step);
  }
}

static void put_dots(FILE *f, const struct kz_eval *e, int m, int g, struct axis a, int y) {
  int members = 0, k = 0;
  for (int i = 0; i < e->table.count; i++) members += !isnan(value_of(e, m, g, i));
  int every = members / DOTS + 1;
  for (int i = 0; i < e->table.count; i++) {
    double v = value_of(e, m, g, i);
    if (isnan(v) || k++ % every) continue;
    fprintf(f, "<circle cx='%.1f' cy='%.1f' r='2'/>", place(a, v),
            y + ((k * 5) % 13 - 6) * .9);
  }
}

static void put_mean(FILE *f, const struct kz__stat *s, struct axis a, int y) {
  if (isnan(s->mean)) return;
  if (!isnan(s->lo))
    fprintf(f, "<line class='interval' x1='%.1f' x2='%.1f' y1='%d' y2='%d'/>", place(a, s->lo),
            place(a, s->hi), y, y);
  fprintf(f, "<path class='mean' d='M%.1f %d v18'/>\n", place(a, s->mean), y - 9);
}

void kz__put_plot(FILE *f, const struct kz_eval *e, int m) {
  const struct kz_eval_metric *d = kz_eval_metrics[m];
  struct axis a = find_axis(e, m);
  int rows = e->table.group_count + 1, bottom = TOP + rows * ROW;
  if (rows == 2) rows = 1, bottom = TOP + ROW; /* one group is all */
  fputs("<figure class='plot'><figcaption><b>", f);
  kz__put_html(f, d->name);
  fprintf(f, "</b>%s%s, %s is better</figcaption>", *d->unit ? ", " : "", d->unit,
          d->higher_is_better ? "higher" : "lower");
  fprintf(f, "<svg viewBox='0 0 %d %d' role='img' aria-label='%s'>\n", WIDTH, bottom + AXIS - 10,
          d->name);
  put_ticks(f, a, bottom);
  for (int g = 0; g < rows; g++) {
    int y = TOP + g * ROW + ROW / 2;
    fprintf(f, "<text class='row' x='%d' y='%d'>", LEFT - 8, y + 4);
    kz__put_html(f, kz__table_group(&e->table, g));
    fputs("</text>", f);
    put_dots(f, e, m, g, a, y);
    put_mean(f, kz__stat_of(e, g, m), a, y);
  }
  fputs("</svg></figure>\n", f);
}
