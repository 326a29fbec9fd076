/* Attendants and celestials: bare chest, jewels, a long skirt, and a scarf
 * that takes its own way through the air. */
#include <math.h>

#include "sample/motif.h"

static void necklace(const struct kz__brush *b, double x, double y, double r) {
  for (int i = -4; i <= 4; i++) {
    double a = 1.5707963 + i * 0.27;
    kz__dot(b, x + r * cos(a), y + 0.8 * r * sin(a), 1.9, i % 2 ? kz__ochre.light : kz__chalk.light,
            0.95);
  }
}

static void chest(const struct kz__brush *b) {
  struct kz__path p;
  kz__move(b, &p, -18, -48);
  kz__curve(b, &p, -18, -64, -28, -76, -29, -86);
  kz__curve(b, &p, -22, -96, -8, -96, -6, -106);
  kz__line(b, &p, 6, -106);
  kz__curve(b, &p, 8, -96, 22, -96, 29, -86);
  kz__curve(b, &p, 28, -76, 18, -64, 18, -48);
  kz__paint(b, &p, &kz__skin, 1, 1.7);
  necklace(b, 0, -94, 15);
}

static void folds(const struct kz__brush *b, const struct kz__pigment *skirt) {
  for (int i = 0; i < 6; i++) {
    struct kz__path p;
    double x = -30 + 13 * i;
    kz__move(b, &p, -12 + 5 * i, -46);
    kz__curve(b, &p, x * 0.6, -34, x, -22, x * 1.2, -3);
    kz__tremble(b, &p, 0.8);
    kz__contour(b, &p, i % 2 ? skirt->light : skirt->dark, 1.7, 0.75);
  }
}

/* Both hands joined before the chest. */
static void joined_hands(const struct kz__brush *b) {
  struct kz__path p;
  kz__move(b, &p, -29, -88);
  kz__curve(b, &p, -38, -72, -30, -58, -18, -60);
  kz__line(b, &p, 14, -78);
  kz__line(b, &p, 11, -86);
  kz__curve(b, &p, -6, -78, -16, -72, -20, -74);
  kz__line(b, &p, -20, -86);
  kz__paint(b, &p, &kz__skin, 0.7, 1.5);
  kz__move(b, &p, 29, -88);
  kz__curve(b, &p, 40, -72, 34, -60, 24, -62);
  kz__line(b, &p, 12, -78);
  kz__line(b, &p, 17, -86);
  kz__line(b, &p, 24, -76);
  kz__line(b, &p, 21, -88);
  kz__paint(b, &p, &kz__skin, 0.7, 1.5);
  kz__move(b, &p, 9, -79);
  kz__curve(b, &p, 9, -90, 13, -98, 17, -103);
  kz__curve(b, &p, 19, -96, 20, -88, 17, -78);
  kz__paint(b, &p, &kz__skin, 0.5, 1.4);
  kz__dot(b, -27, -64, 3, kz__ochre.light, 0.9);
  kz__dot(b, 30, -67, 3, kz__ochre.light, 0.9);
}

void kz__attendant(const struct kz__brush *b, const struct kz__pigment *skirt,
                   const struct kz__pigment *scarf) {
  static const struct kz__pigment *const rings[3] = {&kz__chalk, &kz__malachite, &kz__lead};
  static const double behind[][2] = {{26, -90}, {48, -70}, {50, -40},
                                     {62, -14}, {54, 16},  {70, 34}};
  static const double before[][2] = {{-24, -92}, {-50, -78}, {-44, -44}, {-62, -20}, {-50, 12},
                                     {-66, 36}};
  struct kz__brush c = *b;
  struct kz__path p;
  c.frame = kz__frame_at(&b->frame, 0, -130, 1, false, 0);
  kz__halo(&c, 37, 39, rings, 3);
  kz__ribbon(b, behind, 6, 15, scarf);
  kz__move(b, &p, -20, -52);
  kz__curve(b, &p, -34, -34, -56, -22, -50, 0);
  kz__curve(b, &p, -20, 8, 30, 8, 56, -1);
  kz__curve(b, &p, 58, -22, 34, -34, 20, -52);
  kz__paint(b, &p, skirt, 0.9, 1.9);
  folds(b, skirt);
  chest(b);
  kz__move(b, &p, -20, -50);
  kz__curve(b, &p, -6, -44, 6, -44, 20, -50);
  kz__tremble(b, &p, 0.5);
  kz__contour(b, &p, kz__ochre.light, 5, 0.95);
  kz__ribbon(b, before, 6, 15, scarf);
  joined_hands(b);
  kz__head(&c, 0.8, false);
}

/* From the hips, at the origin, back to the feet. */
static void trailing_skirt(const struct kz__brush *b, const struct kz__pigment *skirt) {
  struct kz__path p;
  for (int i = 0; i < 2; i++) { /* feet */
    kz__oval(b, &p, -116 + 3 * i, -40 + 12 * i, 9, 3.6);
    kz__paint(b, &p, &kz__skin, 0.5, 1.2);
  }
  kz__move(b, &p, -9, -15);
  kz__curve(b, &p, -40, -30, -78, -50, -116, -50);
  kz__curve(b, &p, -106, -44, -112, -34, -118, -26);
  kz__curve(b, &p, -84, -6, -40, 22, 10, 16);
  kz__paint(b, &p, skirt, 0.9, 1.8);
  for (int i = 0; i < 5; i++) {
    kz__move(b, &p, -6 + 2.5 * i, -9 + 5 * i);
    kz__curve(b, &p, -36, -22 + 8 * i, -72, -40 + 7 * i, -104 - i, -46 + 4 * i);
    kz__tremble(b, &p, 0.8);
    kz__contour(b, &p, i % 2 ? skirt->light : skirt->dark, 1.6, 0.75);
  }
  kz__move(b, &p, -9, -15);
  kz__curve(b, &p, -4, -4, 4, 6, 10, 16);
  kz__tremble(b, &p, 0.4);
  kz__contour(b, &p, kz__ochre.light, 5, 0.95);
}

void kz__celestial(const struct kz__brush *b, const struct kz__pigment *skirt,
                   const struct kz__pigment *scarf) {
  static const struct kz__pigment *const rings[3] = {&kz__chalk, &kz__azurite, &kz__lead};
  static const double over[][2] = {{34, -26}, {14, -66}, {-30, -66}, {-70, -84}, {-108, -66},
                                   {-148, -82}};
  static const double under[][2] = {{36, 4},   {34, 34},  {2, 48},   {-38, 36},
                                    {-76, 44}, {-112, 26}, {-146, 36}};
  struct kz__brush head = *b, body = *b;
  body.frame = kz__frame_at(&b->frame, 0, 0, 0.92, false, 0.95);
  body.frame = kz__frame_at(&body.frame, 0, 48, 1, false, 0); /* the waist on the origin */
  head.frame = kz__frame_at(&b->frame, 60, -46, 0.88, false, 0.3);
  kz__ribbon(b, over, 6, 15, scarf);
  kz__halo(&head, 37, 39, rings, 3);
  trailing_skirt(b, skirt);
  chest(&body);
  joined_hands(&body);
  kz__ribbon(b, under, 7, 14, scarf);
  kz__head(&head, 0.7, false);
}
