/* Heads after the Kucha manner: a round face, features small and drawn
 * together in its middle, heavy modelling along the contour. */
#include <math.h>

#include "sample/motif.h"

static void stroke(const struct kz__brush *b, struct kz__path *p, struct kz__colour c,
                   double width) {
  kz__tremble(b, p, 0.35);
  kz__contour(b, p, c, width, 0.9);
}

static void eye(const struct kz__brush *b, double x) {
  struct kz__path p;
  kz__move(b, &p, x - 4.2, -1);
  kz__curve(b, &p, x - 2, -3.4, x + 2, -3.4, x + 4.2, -0.6);
  kz__curve(b, &p, x + 2, 0.6, x - 2, 0.6, x - 4.2, -1);
  p.closed = true;
  kz__wash(b, &p, &kz__chalk, 0);
  kz__dot(b, x, -1.3, 1.3, kz__ink, 0.95);
  kz__move(b, &p, x - 4.6, -1);
  kz__curve(b, &p, x - 2, -3.6, x + 2, -3.6, x + 4.6, -0.5);
  stroke(b, &p, kz__ink, 1.3);
  kz__move(b, &p, x - 5, -4.8);
  kz__curve(b, &p, x - 2, -8, x + 2.5, -8, x + 5.2, -5);
  stroke(b, &p, kz__ink, 1.4);
}

static void features(const struct kz__brush *b, double look) {
  struct kz__path p;
  double x = 3.5 * look;
  eye(b, x - 6.3);
  eye(b, x + 6.3);
  kz__move(b, &p, x - 2.2 + look, -4.5);
  kz__curve(b, &p, x - 1.2 + look, 0, x - 1 + 2 * look, 3, x - 2.4 + 2 * look, 5.6);
  kz__curve(b, &p, x - 1, 7, x + 1.5, 6.8, x + 2.4, 5.6);
  stroke(b, &p, kz__rust, 1.3);
  kz__move(b, &p, x - 3.8, 10);
  kz__curve(b, &p, x - 1.5, 8.4, x + 1.5, 8.4, x + 3.8, 10);
  kz__curve(b, &p, x + 1.5, 12.4, x - 1.5, 12.4, x - 3.8, 10);
  p.closed = true;
  kz__wash(b, &p, &kz__iron, 0);
  kz__move(b, &p, x - 4, 10);
  kz__curve(b, &p, x - 1, 10.8, x + 1, 10.8, x + 4, 10);
  stroke(b, &p, kz__ink, 0.9);
  kz__move(b, &p, x - 3, 16);
  kz__curve(b, &p, x - 1, 17.4, x + 1, 17.4, x + 3, 16);
  stroke(b, &p, kz__rust, 0.9);
}

static void ear(const struct kz__brush *b, double side) {
  struct kz__path p;
  kz__oval(b, &p, side * 20, 3, 3.6, 9.5);
  kz__paint(b, &p, &kz__skin, 0.8, 1.1);
}

static void hair(const struct kz__brush *b, bool bun) {
  const struct kz__pigment *pigment = bun ? &kz__azurite : &kz__umber;
  struct kz__path p;
  if (bun) {
    kz__oval(b, &p, 0, -26, 9, 8);
    kz__paint(b, &p, pigment, 0.6, 1.3);
  }
  kz__move(b, &p, -20.5, -3);
  kz__curve(b, &p, -22, -32, 22, -32, 20.5, -3);
  kz__curve(b, &p, 14, -16, 6, -15, 0, -12.5);
  kz__curve(b, &p, -6, -15, -14, -16, -20.5, -3);
  kz__paint(b, &p, pigment, 0.6, 1.4);
  if (bun) return;
  for (int i = -2; i <= 2; i++) kz__dot(b, i * 7.4, -18 + 0.9 * i * i, 2.6, kz__ochre.light, 0.95);
  kz__dot(b, 0, -23, 4.2, kz__malachite.mid, 0.95);
  kz__dot(b, 0, -23, 2, kz__chalk.light, 0.9);
}

void kz__head(const struct kz__brush *b, double look, bool bun) {
  struct kz__path p;
  ear(b, -1);
  ear(b, 1);
  kz__move(b, &p, -20, -4);
  kz__curve(b, &p, -20, -32, 20, -32, 20, -4);
  kz__curve(b, &p, 20, 14, 9, 24, 0, 24);
  kz__curve(b, &p, -9, 24, -20, 14, -20, -4);
  kz__paint(b, &p, &kz__skin, 1, 1.7);
  features(b, look);
  hair(b, bun);
  if (bun) kz__dot(b, 3.5 * look, -8, 1.4, kz__chalk.light, 0.9);
}
