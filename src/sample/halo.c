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

static void ring_dots(const struct kz__brush *b, double rx, double ry, double size) {
  int n = (int)(3.6 * (rx + ry) / size);
  for (int i = 0; i < n; i++) {
    double a = 6.2831853 * i / n;
    kz__dot(b, rx * cos(a), ry * sin(a), 0.36 * size, i % 4 ? kz__chalk.light : kz__ochre.light,
            0.85);
  }
}

/* Rings are narrow and broad by turns; every other broad one has dots, the rest rays. */
void kz__halo(const struct kz__brush *b, double rx, double ry,
              const struct kz__pigment *const *rings, int count) {
  double k = 1, narrow = 0.055, broad = 0.14;
  for (int i = 0; i < count; i++) {
    struct kz__path p;
    kz__oval(b, &p, 0, 0, rx * k, ry * k);
    kz__paint(b, &p, rings[i], i + 1 == count ? 0.4 : 0.15, 1.5);
    if (i % 4 == 1 && rx > 50)
      ring_dots(b, rx * (k - 0.5 * broad), ry * (k - 0.5 * broad), rx * broad * 0.55);
    else if (i % 2 == 1)
      ring_rays(b, rx * k, ry * k, broad, rings[i]->dark);
    kz__oval(b, &p, 0, 0, rx * k - 2.2, ry * k - 2.2);
    kz__tremble(b, &p, 0.8);
    kz__contour(b, &p, rings[i]->light, 1.2, 0.5);
    k -= i % 2 ? broad : narrow;
  }
}
