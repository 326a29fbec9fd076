/* The water birds that rest between Kizil's mountains. */
#include "sample/motif.h"

void kz__bird(const struct kz__brush *b) {
  struct kz__path p;
  for (int i = 0; i < 2; i++) { /* legs */
    kz__move(b, &p, -3 + 6 * i, -8);
    kz__line(b, &p, -2 + 6 * i, 0);
    kz__line(b, &p, 2 + 6 * i, 1);
    kz__tremble(b, &p, 0.4);
    kz__contour(b, &p, kz__rust, 1.6, 0.9);
  }
  kz__move(b, &p, -25, -17);
  kz__curve(b, &p, -12, -24, 2, -26, 8, -22);
  kz__curve(b, &p, 12, -28, 10, -38, 17, -40);
  kz__curve(b, &p, 24, -40, 24, -32, 19, -30);
  kz__curve(b, &p, 18, -22, 18, -6, 0, -6);
  kz__curve(b, &p, -12, -6, -20, -10, -25, -17);
  kz__paint(b, &p, &kz__chalk, 0.8, 1.5);
  kz__move(b, &p, -22, -18);
  kz__curve(b, &p, -10, -23, 0, -24, 7, -17);
  kz__curve(b, &p, 0, -9, -12, -11, -22, -18);
  kz__paint(b, &p, &kz__lead, 0.8, 1.2);
  kz__move(b, &p, 22, -37);
  kz__line(b, &p, 29, -34);
  kz__line(b, &p, 21, -33);
  kz__paint(b, &p, &kz__ochre, 0.2, 0.9);
  kz__dot(b, 18.5, -36, 1.2, kz__ink, 0.95);
}
