/* The pearl border: a strip of iron red between ochre lines, white pearls with
 * a shaded side, and a small lozenge of azurite after every third. */
#include "sample/motif.h"

static void strip(const struct kz__brush *b, double length, double y0, double y1,
                  const struct kz__pigment *pigment, double rim) {
  struct kz__path p;
  kz__move(b, &p, -8, y0);
  kz__line(b, &p, length + 8, y0);
  kz__line(b, &p, length + 8, y1);
  kz__line(b, &p, -8, y1);
  kz__paint(b, &p, pigment, rim, 1.3);
}

static void pearl(const struct kz__brush *b, double x, double y, double r) {
  struct kz__path p;
  kz__oval(b, &p, x, y, r, r);
  kz__paint(b, &p, &kz__chalk, 0.7, 1.3);
  kz__dot(b, x - 0.25 * r, y - 0.3 * r, 0.3 * r, kz__chalk.light, 0.9);
}

static void lozenge(const struct kz__brush *b, double x, double y, double r) {
  struct kz__path p;
  kz__move(b, &p, x - 0.8 * r, y);
  kz__line(b, &p, x, y - 1.2 * r);
  kz__line(b, &p, x + 0.8 * r, y);
  kz__line(b, &p, x, y + 1.2 * r);
  kz__paint(b, &p, &kz__azurite, 0.5, 1.2);
  kz__dot(b, x, y, 0.28 * r, kz__chalk.light, 0.9);
}

void kz__pearls(const struct kz__brush *b, double length, double breadth) {
  double r = 0.27 * breadth, step = 2.5 * r;
  strip(b, length, 0, breadth, &kz__ochre, 0);
  strip(b, length, 0.13 * breadth, 0.87 * breadth, &kz__iron, 0.3);
  for (int i = 0; i * step < length + step; i++) {
    double x = (i + 0.5) * step;
    if (i % 4 == 3) lozenge(b, x, 0.5 * breadth, r);
    else pearl(b, x, 0.5 * breadth, r);
  }
}
