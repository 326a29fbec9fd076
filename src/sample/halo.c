/* Haloes and mandorlas: nested rings, each a wash of its own, with a row of
 * small rays in every second one. */
#include <math.h>

#include "sample/motif.h"

static void ring_rays(const struct kz__brush *b, double rx, double ry, double depth,
                      struct kz__colour colour) {
  int n = 24 + (int)((rx + ry) / 5);
  for (int i = 0; i < n; i++) {
    struct kz__path p;
    double a = 6.2831853 * i / n, k = 1 - depth * kz__between(b, 0.65, 0.85);
    kz__move(b, &p, rx * cos(a) * 0.985, ry * sin(a) * 0.985);
    kz__line(b, &p, rx * k * cos(a + 0.02), ry * k * sin(a + 0.02));
    kz__tremble(b, &p, 0.5);
    kz__contour(b, &p, colour, 1.1, 0.5);
  }
}

void kz__halo(const struct kz__brush *b, double rx, double ry,
              const struct kz__pigment *const *rings, int count) {
  for (int i = 0; i < count; i++) {
    double k = 1 - (i > 0) * 0.07 - 0.145 * i;
    struct kz__path p;
    kz__oval(b, &p, 0, 0, rx * k, ry * k);
    kz__paint(b, &p, rings[i], i + 1 == count ? 0.4 : 0.15, 1.5);
    if (i % 2 == 1 && i + 1 < count) ring_rays(b, rx * k, ry * k, 0.13, rings[i]->dark);
    kz__oval(b, &p, 0, 0, rx * k - 2.4, ry * k - 2.4);
    kz__tremble(b, &p, 0.8);
    kz__contour(b, &p, kz__chalk.light, 1.3, 0.6);
  }
}
