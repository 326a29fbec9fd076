/* Outlines of any number of contours and corners, painted exactly: a pixel belongs to the inside if
 * its centre does, by the even-odd rule. Where an edge crosses a row is worked out anew for every
 * row and always from the edge's upper end, in doubles, so two outlines that share an edge share
 * out its pixels without gap or overlap. Curves become chords. (The rasteriser of damage synthesis
 * is made for speed: single precision, few corners, steps from row to row.) */
#include <math.h>
#include <stdlib.h>

#include "treat/parts.h"

static const double far = 1e9;        /* px; nothing drawn on an image is farther out */
static const double tolerance = 0.05; /* px between a curve and its chords */
static const double pi = 3.14159265358979323846;

static void add(struct kz__outline *o, double x, double y, bool first) {
  if (!(fabs(x) < far && fabs(y) < far)) o->wild = true;
  if (o->wild || o->failed) return;
  if (o->count == o->cap) {
    int cap = o->cap ? o->cap * 2 : 64;
    struct kz__corner *grown = NULL;
    if (cap < 1 << 28) grown = realloc(o->corners, (size_t)cap * sizeof *grown);
    if (!grown) {
      o->failed = true;
      return;
    }
    o->corners = grown;
    o->cap = cap;
  }
  o->corners[o->count++] = (struct kz__corner){x, y, first};
}

void kz__outline_move(struct kz__outline *o, double x, double y) { add(o, x, y, true); }

void kz__outline_line(struct kz__outline *o, double x, double y) { add(o, x, y, o->count == 0); }

/* ---- curves ---- */

/* Chords for a curve whose second differences are at most `bend` px (Wang's formula). */
static int chords(double bend, double factor) {
  double n = ceil(sqrt(factor * bend / tolerance));
  return n < 1 || !isfinite(n) ? 1 : n > 1000 ? 1000 : (int)n;
}

static double second(const double *a, const double *b, const double *c) {
  return hypot(a[0] - 2 * b[0] + c[0], a[1] - 2 * b[1] + c[1]);
}

static void last_corner(const struct kz__outline *o, double at[2]) {
  at[0] = o->count ? o->corners[o->count - 1].x : 0;
  at[1] = o->count ? o->corners[o->count - 1].y : 0;
}

void kz__outline_quadratic(struct kz__outline *o, const double control[2], const double end[2]) {
  double from[2];
  last_corner(o, from);
  int n = chords(second(from, control, end), 0.25);
  for (int i = 1; i <= n; i++) {
    double t = (double)i / n, a = (1 - t) * (1 - t), b = 2 * t * (1 - t), c = t * t;
    kz__outline_line(o, a * from[0] + b * control[0] + c * end[0],
                     a * from[1] + b * control[1] + c * end[1]);
  }
}

void kz__outline_cubic(struct kz__outline *o, const double p[2], const double q[2],
                       const double end[2]) {
  double from[2];
  last_corner(o, from);
  int n = chords(fmax(second(from, p, q), second(p, q, end)), 0.75);
  for (int i = 1; i <= n; i++) {
    double t = (double)i / n, u = 1 - t;
    double a = u * u * u, b = 3 * u * u * t, c = 3 * u * t * t, d = t * t * t;
    kz__outline_line(o, a * from[0] + b * p[0] + c * q[0] + d * end[0],
                     a * from[1] + b * p[1] + c * q[1] + d * end[1]);
  }
}

/* Chords for `angle` of a circle of radius r. */
static int arc_chords(double r, double angle) {
  double step = r > tolerance ? 2 * acos(1 - tolerance / r) : pi / 2;
  double n = ceil(fabs(angle) / fmin(step, pi / 4));
  return n < 1 || !isfinite(n) ? 1 : n > 8192 ? 8192 : (int)n;
}

void kz__outline_ellipse(struct kz__outline *o, double x, double y, double rx, double ry) {
  int n = arc_chords(fmax(rx, ry), 2 * pi);
  for (int i = 0; i < n; i++) {
    double a = 2 * pi * i / n;
    add(o, x + rx * cos(a), y + ry * sin(a), i == 0);
  }
}

void kz__outline_rectangle(struct kz__outline *o, double x, double y, double w, double h) {
  add(o, x, y, true);
  add(o, x + w, y, false);
  add(o, x + w, y + h, false);
  add(o, x, y + h, false);
}

/* SVG 1.1, F.6.5: from end points to the centre, radii enlarged where they are too small. */
void kz__outline_arc(struct kz__outline *o, const struct kz__arc *arc, const double end[2]) {
  double from[2], rx = fabs(arc->rx), ry = fabs(arc->ry);
  last_corner(o, from);
  if (rx > 0 && ry > 0 && (from[0] != end[0] || from[1] != end[1])) {
    double co = cos(arc->turn * pi / 180), si = sin(arc->turn * pi / 180);
    double dx = (from[0] - end[0]) / 2, dy = (from[1] - end[1]) / 2;
    double x = co * dx + si * dy, y = co * dy - si * dx;
    double over = x * x / (rx * rx) + y * y / (ry * ry);
    if (over > 1) {
      rx *= sqrt(over);
      ry *= sqrt(over);
      over = 1;
    }
    double k = sqrt((1 - over) / over) * (arc->large == arc->sweep ? -1 : 1);
    double cx = k * rx * y / ry, cy = -k * ry * x / rx;
    double a0 = atan2((y - cy) / ry, (x - cx) / rx), a1 = atan2((-y - cy) / ry, (-x - cx) / rx);
    double sweep = a1 - a0;
    if (arc->sweep && sweep < 0) sweep += 2 * pi;
    if (!arc->sweep && sweep > 0) sweep -= 2 * pi;
    double mx = (from[0] + end[0]) / 2, my = (from[1] + end[1]) / 2;
    int n = arc_chords(fmax(rx, ry), sweep);
    for (int i = 1; i < n; i++) {
      double a = a0 + sweep * i / n, ex = cx + rx * cos(a), ey = cy + ry * sin(a);
      kz__outline_line(o, mx + co * ex - si * ey, my + si * ex + co * ey);
    }
  }
  kz__outline_line(o, end[0], end[1]);
}

/* ---- painting ---- */

struct edge {
  double x, y, slope; /* upper end; px across a row */
  int first, last;    /* rows whose centres it crosses */
};

static int by_first(const void *a, const void *b) {
  const struct edge *p = a, *q = b;
  return (p->first > q->first) - (p->first < q->first);
}

static int by_value(const void *a, const void *b) {
  double p = *(const double *)a, q = *(const double *)b;
  return (p > q) - (p < q);
}

/* Rows with centres in [upper y, lower y): a corner on a centre belongs to one edge only. */
static int add_edge(struct edge *e, int height, const struct kz__corner *a,
                    const struct kz__corner *b) {
  if (a->y > b->y) {
    const struct kz__corner *t = a;
    a = b;
    b = t;
  }
  double lo = fmax(ceil(a->y - 0.5), 0), hi = fmin(ceil(b->y - 0.5) - 1, height - 1);
  if (!(lo <= hi)) return 0;
  *e = (struct edge){a->x, a->y, (b->x - a->x) / (b->y - a->y), (int)lo, (int)hi};
  return 1;
}

static int make_edges(const struct kz__outline *o, int height, struct edge *edges) {
  int n = 0, start = 0;
  for (int i = 0; i < o->count; i++) {
    if (o->corners[i].first) start = i;
    bool closes = i + 1 == o->count || o->corners[i + 1].first;
    n += add_edge(&edges[n], height, &o->corners[i], &o->corners[closes ? start : i + 1]);
  }
  qsort(edges, (size_t)n, sizeof *edges, by_first);
  return n;
}

/* The first pixel whose centre is at or right of x. */
static int pixel_from(double x, int width) {
  double p = ceil(x - 0.5);
  return p < 0 ? 0 : p > width ? width : (int)p;
}

static void fill_row(struct kz__paint *p, int y, double *cross, int n, int cls) {
  qsort(cross, (size_t)n, sizeof *cross, by_value);
  for (int i = 0; i + 1 < n; i += 2) {
    int x0 = pixel_from(cross[i], p->width), x1 = pixel_from(cross[i + 1], p->width);
    kz__paint_run(p, x0, y, x1 - x0, cls);
  }
}

static void fill(struct kz__paint *p, struct edge *edges, int count, int *active, double *cross,
                 int cls) {
  int n = 0, next = 0;
  for (int y = count ? edges[0].first : 0; n > 0 || next < count; y++) {
    int kept = 0;
    if (n == 0 && edges[next].first > y) y = edges[next].first;
    for (int i = 0; i < n; i++)
      if (edges[active[i]].last >= y) active[kept++] = active[i];
    for (n = kept; next < count && edges[next].first == y; next++) active[n++] = next;
    for (int i = 0; i < n; i++) {
      const struct edge *e = &edges[active[i]];
      cross[i] = e->x + (y + 0.5 - e->y) * e->slope;
    }
    fill_row(p, y, cross, n, cls);
  }
}

int kz__outline_fill(struct kz__outline *o, struct kz__paint *p, int cls, struct kz_err *err) {
  int code = 0;
  size_t n = (size_t)o->count + 1;
  struct edge *edges = NULL;
  int *active = NULL;
  double *cross = NULL;
  if (o->wild) {
    code = kz_err_set(err, KZ_ERANGE, "a coordinate is no number, or over 1e9");
    goto out;
  }
  edges = malloc(n * sizeof *edges);
  active = malloc(n * sizeof *active);
  cross = malloc(n * sizeof *cross);
  if (o->failed || !edges || !active || !cross) {
    code = kz_err_set(err, KZ_ENOMEM, "no memory for an outline of %d corners", o->count);
    goto out;
  }
  fill(p, edges, make_edges(o, p->height, edges), active, cross, cls);
out:
  free(edges);
  free(active);
  free(cross);
  o->count = 0;
  o->wild = false;
  return code;
}

void kz__outline_release(struct kz__outline *o) {
  free(o->corners);
  *o = (struct kz__outline){0};
}
