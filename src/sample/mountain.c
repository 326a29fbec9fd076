/* Lozenge mountains: the scale-like landscape that fills Kizil's vaults. The
 * upper edges carry lobes, the inside an echo of the outline in white. */
#include <math.h>

#include "sample/motif.h"

static void lobes(const struct kz__brush *b, struct kz__path *p, double x0, double y0, double x1,
                  double y1, int n) {
  for (int i = 0; i < n; i++) {
    double ax = x0 + (x1 - x0) * i / n, ay = y0 + (y1 - y0) * i / n;
    double bx = x0 + (x1 - x0) * (i + 1) / n, by = y0 + (y1 - y0) * (i + 1) / n;
    double out = kz__between(b, 6, 10), nx = by - ay, ny = ax - bx, l = hypot(nx, ny);
    nx *= out / l;
    ny *= out / l;
    kz__curve(b, p, ax + nx, ay + ny, bx + nx, by + ny, bx, by);
  }
}

static void outline(const struct kz__brush *b, struct kz__path *p, double s) {
  kz__move(b, p, -46 * s, 2 * s);
  lobes(b, p, -46 * s, 2 * s, 0, -50 * s, 3);
  lobes(b, p, 0, -50 * s, 46 * s, 2 * s, 3);
  kz__curve(b, p, 36 * s, 24 * s, 14 * s, 40 * s, 0, 54 * s);
  kz__curve(b, p, -14 * s, 40 * s, -36 * s, 24 * s, -46 * s, 2 * s);
  p->closed = true;
}

/* Fine rays from the foot, as of grass or rock. */
static void rays(const struct kz__brush *b, struct kz__colour colour) {
  struct kz__path p;
  for (int i = -3; i <= 3; i++) {
    double a = i * 0.24 + kz__between(b, -0.05, 0.05), far = kz__between(b, 42, 54);
    kz__move(b, &p, 14 * sin(a), 34 - 12 * cos(a));
    kz__line(b, &p, far * sin(a) * 0.8, 34 - far * cos(a));
    kz__tremble(b, &p, 0.8);
    kz__contour(b, &p, colour, 1.1, 0.35);
  }
}

void kz__mountain(const struct kz__brush *b, const struct kz__pigment *pigment) {
  struct kz__path p;
  outline(b, &p, 1);
  kz__paint(b, &p, pigment, 0.8, 2.0);
  outline(b, &p, 0.8);
  kz__tremble(b, &p, 1);
  kz__contour(b, &p, pigment->light, 2.2, 0.6);
  rays(b, pigment == &kz__chalk ? kz__rust : pigment->dark);
}
