/* Paths: sampled when they are added to, in pixels, so that what follows sees
 * nothing but polylines. */
#include <math.h>

#include "sample/brush.h"

enum { SAMPLES = 20 };

struct kz__frame kz__frame_at(const struct kz__frame *f, double x, double y, double scale,
                              bool mirror, double turn) {
  double co = cos(f->turn), si = sin(f->turn), u = x * f->sx, v = y * f->sy;
  double way = f->sx * f->sy < 0 ? -1 : 1; /* in a mirror, clocks run backwards */
  struct kz__frame g = {f->x + u * co - v * si, f->y + u * si + v * co,
                        f->sx * (mirror ? -scale : scale), f->sy * scale, f->turn + way * turn};
  return g;
}

static void add(struct kz__path *p, double x, double y) {
  if (p->n == KZ__PATH_MAX) return;
  p->x[p->n] = x;
  p->y[p->n++] = y;
}

static void add_local(const struct kz__brush *b, struct kz__path *p, double x, double y) {
  struct kz__frame at = kz__frame_at(&b->frame, x, y, 1, false, 0);
  add(p, at.x, at.y);
}

void kz__move(const struct kz__brush *b, struct kz__path *p, double x, double y) {
  p->n = 0;
  p->closed = false;
  add_local(b, p, x, y);
}

void kz__line(const struct kz__brush *b, struct kz__path *p, double x, double y) {
  add_local(b, p, x, y);
}

/* The last point, back in local units. */
static void last_local(const struct kz__brush *b, const struct kz__path *p, double *x, double *y) {
  const struct kz__frame *f = &b->frame;
  double dx = p->x[p->n - 1] - f->x, dy = p->y[p->n - 1] - f->y;
  double co = cos(f->turn), si = sin(f->turn);
  *x = (dx * co + dy * si) / f->sx;
  *y = (dy * co - dx * si) / f->sy;
}

void kz__curve(const struct kz__brush *b, struct kz__path *p, double x1, double y1, double x2,
               double y2, double x3, double y3) {
  double x0, y0;
  last_local(b, p, &x0, &y0);
  for (int i = 1; i <= SAMPLES; i++) {
    double t = (double)i / SAMPLES, s = 1 - t;
    double k0 = s * s * s, k1 = 3 * s * s * t, k2 = 3 * s * t * t, k3 = t * t * t;
    add_local(b, p, k0 * x0 + k1 * x1 + k2 * x2 + k3 * x3, k0 * y0 + k1 * y1 + k2 * y2 + k3 * y3);
  }
}

void kz__arc(const struct kz__brush *b, struct kz__path *p, double x, double y, double rx,
             double ry, double a0, double a1) {
  int n = 6 + (int)(fabs(a1 - a0) * 7);
  for (int i = 0; i <= n; i++) {
    double a = a0 + (a1 - a0) * i / n;
    add_local(b, p, x + rx * cos(a), y + ry * sin(a));
  }
}

void kz__oval(const struct kz__brush *b, struct kz__path *p, double x, double y, double rx,
              double ry) {
  p->n = 0;
  kz__arc(b, p, x, y, rx, ry, 0, 6.15);
  p->closed = true;
}

/* Points about `step` px apart along `p`, into `q`; more widely if they would not fit. */
static void resample(const struct kz__path *p, double step, struct kz__path *q) {
  int edges = p->closed ? p->n : p->n - 1;
  double length = 0, carried = 0;
  for (int i = 0; i < edges; i++) {
    int j = (i + 1) % p->n;
    length += hypot(p->x[j] - p->x[i], p->y[j] - p->y[i]);
  }
  step = fmax(step, length / (KZ__PATH_MAX - 4));
  q->n = 0;
  q->closed = p->closed;
  for (int i = 0; i < edges; i++) {
    int j = (i + 1) % p->n;
    double dx = p->x[j] - p->x[i], dy = p->y[j] - p->y[i], l = hypot(dx, dy), at = -carried;
    if (at < 0) at += step;
    if (q->n == 0) at = 0;
    for (; at < l; at += step) add(q, p->x[i] + dx * at / l, p->y[i] + dy * at / l);
    carried = l - (at - step);
  }
  if (!p->closed) add(q, p->x[p->n - 1], p->y[p->n - 1]);
}

void kz__tremble(const struct kz__brush *b, struct kz__path *p, double amount) {
  struct kz__path q;
  double u = 0, v = 0, keep = 0.86, push = 0.2 * amount * b->unit;
  if (p->n < 2) return;
  resample(p, 3 * fmax(b->unit, 0.4), &q);
  for (int i = 0; i < q.n; i++) {
    double near = p->closed ? fmin(1, (q.n - i) / 8.0) : 1; /* come back to where it began */
    u = keep * u + push * kz_rng_normal(b->rng);
    v = keep * v + push * kz_rng_normal(b->rng);
    q.x[i] += u * near;
    q.y[i] += v * near;
  }
  *p = q;
}

void kz__trace(const struct kz__brush *b, const struct kz__path *p) {
  cairo_new_path(b->cr);
  for (int i = 0; i < p->n; i++) cairo_line_to(b->cr, p->x[i], p->y[i]);
  if (p->closed) cairo_close_path(b->cr);
}
