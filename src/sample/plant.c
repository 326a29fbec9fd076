/* What grows between the mountains: trees with fan-shaped crowns, ponds,
 * lotus flowers, and the lotus as a seat. */
#include <math.h>

#include "sample/motif.h"

static void blossoms(const struct kz__brush *b, double x, double y, double r) {
  for (int i = 0; i < 9; i++) {
    double a = kz__between(b, 0, 6.28), d = r * sqrt(kz__between(b, 0.05, 0.8));
    kz__dot(b, x + d * cos(a), y + d * sin(a), kz__between(b, 1.4, 2.4),
            i % 3 ? kz__chalk.light : kz__iron.mid, 0.8);
  }
}

void kz__tree(const struct kz__brush *b) {
  const struct kz__pigment *leaf = kz__between(b, 0, 1) < 0.6 ? &kz__malachite : &kz__azurite;
  struct kz__path p;
  kz__move(b, &p, -2.5, 0);
  kz__curve(b, &p, -1, -10, -4, -18, -1, -30);
  kz__line(b, &p, 2, -30);
  kz__curve(b, &p, 1, -18, 4, -10, 3, 0);
  kz__paint(b, &p, &kz__umber, 0.3, 0.9);
  for (int i = 0; i < 3; i++) {
    static const double at[3][3] = {{-9, -32, 11}, {9, -33, 11}, {0, -43, 13}};
    kz__oval(b, &p, at[i][0], at[i][1], at[i][2], at[i][2] * 0.95);
    kz__paint(b, &p, leaf, 1, 1.2);
    blossoms(b, at[i][0], at[i][1], at[i][2] - 2);
  }
}

void kz__pond(const struct kz__brush *b) {
  struct kz__path p;
  kz__oval(b, &p, 0, 0, 25, 12);
  kz__paint(b, &p, &kz__chalk, 0.2, 1.2);
  kz__oval(b, &p, 0, 0, 21, 9);
  kz__paint(b, &p, &kz__azurite, 0.8, 0.8);
  for (int i = -1; i <= 1; i++) {
    kz__move(b, &p, -12, i * 4.5);
    for (int k = 0; k < 3; k++)
      kz__curve(b, &p, -10 + 8 * k, i * 4.5 - 4, -6 + 8 * k, i * 4.5 - 4, -4 + 8 * k, i * 4.5);
    kz__tremble(b, &p, 0.5);
    kz__contour(b, &p, kz__chalk.light, 1.2, 0.65);
  }
}

/* A petal from the origin, leaning by `lean` rad off the vertical. */
static void petal(const struct kz__brush *b, double lean, double length, double breadth,
                  const struct kz__pigment *pigment) {
  struct kz__brush c = *b;
  struct kz__path p;
  c.frame = kz__frame_at(&b->frame, 0, 0, 1, false, lean);
  kz__move(&c, &p, 0, 0);
  kz__curve(&c, &p, -breadth, -length * 0.25, -breadth * 0.9, -length * 0.75, 0, -length);
  kz__curve(&c, &p, breadth * 0.9, -length * 0.75, breadth, -length * 0.25, 0, 0);
  kz__paint(&c, &p, pigment, 0.5, 1.3);
  kz__move(&c, &p, 0, -length * 0.97);
  kz__curve(&c, &p, -2, -length * 0.7, 2, -length * 0.5, 0, -length * 0.3);
  kz__tremble(&c, &p, 0.5);
  kz__contour(&c, &p, kz__rust, 1.6, 0.5);
}

void kz__lotus(const struct kz__brush *b, const struct kz__pigment *petals) {
  static const double lean[7] = {-1.25, 1.25, -0.85, 0.85, -0.42, 0.42, 0};
  struct kz__path p;
  for (int i = 0; i < 7; i++) petal(b, lean[i], i < 2 ? 27 : 30, 8.5, petals);
  kz__move(b, &p, -13, -5);
  kz__curve(b, &p, -8, 6, 8, 6, 13, -5);
  kz__curve(b, &p, 6, -1, -6, -1, -13, -5);
  kz__paint(b, &p, &kz__malachite, 0.6, 1.2);
}

void kz__lotus_seat(const struct kz__brush *b) {
  struct kz__path p;
  kz__move(b, &p, -80, 0);
  kz__curve(b, &p, -66, 40, 66, 40, 80, 0);
  kz__line(b, &p, -80, 0);
  kz__paint(b, &p, &kz__ochre, 0.6, 1.6);
  for (int row = 0; row < 2; row++)
    for (int i = -5; i <= 5; i++) {
      struct kz__brush c = *b;
      double x = i * 14.5 + row * 7.2;
      if (row && i == 5) continue;
      c.frame = kz__frame_at(&b->frame, x, 2 + row, 1, false, 3.1415927 - 0.006 * x);
      petal(&c, 0, (row ? 27 : 31) - x * x * 0.0016, 8, row ? &kz__chalk : &kz__malachite);
    }
}
