/* Ribbons: a smooth line through knots (Catmull and Rom), given a breadth that
 * breathes, with the back of the cloth showing where it turns, and a notched
 * tongue at the end. */
#include <math.h>

#include "sample/motif.h"

enum { STEPS = 14, SPINE = 160 };

struct spine {
  int n;
  double x[SPINE], y[SPINE];
};

static double spline(double a, double b, double c, double d, double t) {
  return 0.5 * (2 * b + (c - a) * t + (2 * a - 5 * b + 4 * c - d) * t * t +
                (3 * b - a - 3 * c + d) * t * t * t);
}

static void follow(struct spine *s, const double (*k)[2], int n) {
  s->n = 0;
  for (int i = 0; i + 1 < n; i++) {
    const double *a = k[i > 0 ? i - 1 : 0], *b = k[i], *c = k[i + 1];
    const double *d = k[i + 2 < n ? i + 2 : n - 1];
    for (int j = 0; j < STEPS && s->n < SPINE; j++, s->n++) {
      double t = (double)j / STEPS;
      s->x[s->n] = spline(a[0], b[0], c[0], d[0], t);
      s->y[s->n] = spline(a[1], b[1], c[1], d[1], t);
    }
  }
}

/* The point `side` (-1 left, 1 right, 0 middle) of the ribbon at i. */
static void rim(const struct spine *s, int i, double side, double breadth, double *x, double *y) {
  int a = i > 0 ? i - 1 : 0, c = i + 1 < s->n ? i + 1 : i;
  double dx = s->x[c] - s->x[a], dy = s->y[c] - s->y[a], l = fmax(hypot(dx, dy), 1e-9);
  double t = (double)i / (s->n - 1);
  double half = 0.5 * breadth * (0.55 + 0.3 * sin(9.0 * t) + 0.25 * t) * fmin(1, 8 * t + 0.2);
  *x = s->x[i] - side * half * dy / l;
  *y = s->y[i] + side * half * dx / l;
}

void kz__ribbon(const struct kz__brush *b, const double (*knot)[2], int n, double breadth,
                const struct kz__pigment *pigment) {
  struct spine s;
  struct kz__path p;
  double x, y;
  follow(&s, knot, n);
  p.n = 0;
  for (int i = 0; i < s.n; i += 2) {
    rim(&s, i, -1, breadth, &x, &y);
    kz__line(b, &p, x, y);
  }
  rim(&s, s.n - 4, 0, breadth, &x, &y); /* the notch */
  kz__line(b, &p, x, y);
  for (int i = s.n - 1; i >= 0; i -= 2) {
    rim(&s, i, 1, breadth, &x, &y);
    kz__line(b, &p, x, y);
  }
  kz__paint(b, &p, pigment, 0.4, 1.3);
  for (int k = 0; k < 2; k++) { /* folds along it */
    p.n = 0;
    p.closed = false;
    for (int i = 4; i < s.n - 6; i += 2) {
      rim(&s, i, k ? 0.45 : -0.2, breadth, &x, &y);
      kz__line(b, &p, x, y);
    }
    kz__tremble(b, &p, 0.7);
    kz__contour(b, &p, k ? pigment->light : pigment->dark, k ? 1.5 : 1.1, 0.75);
  }
}
