/* Plaster, before anything is painted on it. */
#include "sample/motif.h"

void kz__ground(const struct kz__brush *b, int width, int height) {
  static const struct kz__pigment plaster = {
      {0.55, 0.42, 0.31}, {0.72, 0.59, 0.46}, {0.83, 0.74, 0.61}};
  struct kz__path p = {.n = 4, .closed = true};
  p.x[1] = p.x[2] = width;
  p.y[2] = p.y[3] = height;
  kz__wash(b, &p, &plaster, 0);
}
