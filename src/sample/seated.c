/* The seated figure: crossed legs, one hand raised, a robe that leaves the
 * right shoulder bare and falls in rope-like folds. */
#include <math.h>

#include "sample/motif.h"

static void fold(const struct kz__brush *b, const double c[8], double width) {
  struct kz__path p;
  kz__move(b, &p, c[0], c[1]);
  kz__curve(b, &p, c[2], c[3], c[4], c[5], c[6], c[7]);
  kz__tremble(b, &p, 0.7);
  kz__contour(b, &p, kz__iron.dark, width, 0.75);
  for (int i = 0; i < p.n; i++) p.y[i] += 1.7 * b->unit;
  kz__contour(b, &p, kz__iron.light, width * 0.8, 0.5);
}

static void legs(const struct kz__brush *b) {
  static const double line[][8] = {
      {-78, -12, -50, -34, -14, -30, 8, -8},  {78, -14, 52, -36, 20, -34, -2, -20},
      {-66, -6, -40, -20, -20, -18, -2, -4},  {68, -6, 44, -24, 28, -22, 12, -8},
      {-58, -26, -40, -36, -22, -38, -8, -34}, {56, -26, 40, -38, 24, -40, 12, -36}};
  struct kz__path p;
  kz__move(b, &p, -84, -6);
  kz__curve(b, &p, -86, -26, -50, -40, -26, -46);
  kz__line(b, &p, 26, -46);
  kz__curve(b, &p, 50, -40, 86, -26, 84, -6);
  kz__curve(b, &p, 60, 6, -60, 6, -84, -6);
  kz__paint(b, &p, &kz__iron, 0.9, 2);
  for (unsigned i = 0; i < sizeof line / sizeof line[0]; i++) fold(b, line[i], 1.5);
  kz__oval(b, &p, 22, -7, 15, 6);
  kz__paint(b, &p, &kz__skin, 0.8, 1.4);
}

static void torso(const struct kz__brush *b) {
  static const double line[][8] = {
      {34, -112, 20, -96, -4, -84, -24, -64}, {40, -104, 28, -84, 6, -70, -20, -52},
      {42, -92, 36, -72, 20, -58, -6, -46},   {44, -80, 42, -64, 32, -54, 14, -46},
      {26, -117, 12, -104, -8, -94, -26, -78}};
  struct kz__path p;
  kz__move(b, &p, -30, -46);
  kz__curve(b, &p, -30, -74, -38, -90, -42, -106);
  kz__curve(b, &p, -34, -120, -14, -120, -8, -124);
  kz__line(b, &p, 8, -124);
  kz__curve(b, &p, 14, -120, 36, -120, 44, -106);
  kz__curve(b, &p, 40, -88, 34, -70, 32, -44);
  kz__paint(b, &p, &kz__skin, 0.9, 1.8);
  kz__move(b, &p, 10, -123);
  kz__curve(b, &p, 22, -121, 40, -118, 46, -104);
  kz__curve(b, &p, 52, -84, 50, -60, 40, -42);
  kz__line(b, &p, -30, -42);
  kz__curve(b, &p, -32, -62, -32, -78, -30, -86);
  kz__curve(b, &p, -12, -94, 4, -106, 10, -123);
  kz__paint(b, &p, &kz__iron, 0.8, 1.9);
  for (unsigned i = 0; i < sizeof line / sizeof line[0]; i++) fold(b, line[i], 1.5);
  kz__move(b, &p, 8, -122); /* the hem, in green */
  kz__curve(b, &p, 2, -106, -12, -92, -32, -84);
  kz__tremble(b, &p, 0.7);
  kz__contour(b, &p, kz__malachite.mid, 5.5, 0.95);
  kz__contour(b, &p, kz__malachite.light, 1.4, 0.8);
}

static void hand(const struct kz__brush *b, double x, double y) {
  struct kz__path p;
  kz__oval(b, &p, x, y, 7.5, 8.5);
  kz__paint(b, &p, &kz__skin, 0.6, 1.3);
  for (int i = 0; i < 4; i++) {
    double fx = x - 5.4 + 3.6 * i;
    kz__oval(b, &p, fx, y - 12, 2, 7.5 - fabs(i - 1.4));
    kz__paint(b, &p, &kz__skin, 0.3, 1.1);
  }
  kz__oval(b, &p, x + 8.6, y - 3, 2.2, 6);
  kz__paint(b, &p, &kz__skin, 0.3, 1.1);
}

static void arms(const struct kz__brush *b) {
  struct kz__path p;
  kz__move(b, &p, -42, -110);
  kz__curve(b, &p, -56, -100, -62, -74, -58, -58);
  kz__curve(b, &p, -54, -50, -46, -52, -44, -60);
  kz__curve(b, &p, -44, -76, -36, -84, -32, -96);
  kz__paint(b, &p, &kz__skin, 0.9, 1.7);
  kz__move(b, &p, -58, -60);
  kz__curve(b, &p, -54, -48, -44, -52, -42, -60);
  kz__curve(b, &p, -44, -74, -48, -84, -50, -92);
  kz__line(b, &p, -60, -91);
  kz__curve(b, &p, -60, -82, -62, -70, -58, -60);
  kz__paint(b, &p, &kz__skin, 0.7, 1.5);
  hand(b, -55, -97);
  kz__move(b, &p, 44, -108);
  kz__curve(b, &p, 58, -98, 61, -62, 51, -45);
  kz__curve(b, &p, 40, -34, 18, -32, 6, -36);
  kz__curve(b, &p, 20, -46, 34, -52, 38, -64);
  kz__paint(b, &p, &kz__iron, 0.9, 1.8);
  kz__oval(b, &p, 1, -36, 12, 5.5);
  kz__paint(b, &p, &kz__skin, 0.7, 1.4);
}

void kz__seated(const struct kz__brush *b) {
  struct kz__brush c = *b;
  struct kz__path p;
  legs(b);
  kz__move(b, &p, -9, -116);
  kz__line(b, &p, -9, -136);
  kz__line(b, &p, 9, -136);
  kz__line(b, &p, 9, -116);
  kz__paint(b, &p, &kz__skin, 0.6, 1.4);
  torso(b);
  arms(b);
  for (int i = 0; i < 2; i++) { /* rings of the neck */
    kz__move(b, &p, -8, -122 - 4 * i);
    kz__curve(b, &p, -3, -119 - 4 * i, 3, -119 - 4 * i, 8, -122 - 4 * i);
    kz__tremble(b, &p, 0.3);
    kz__contour(b, &p, kz__rust, 1, 0.7);
  }
  c.frame = kz__frame_at(&b->frame, 0, -152, 1, false, 0);
  kz__head(&c, 0, true);
}
