/* Where a wall has lost its paint, a crop teaches the network to restore plaster. So a crop is
 * drawn again where its window is damaged by the map of screening, a few times: the choice leans to
 * what is sound, but a picture that is damaged all over still gives crops, as many as others of its
 * size, since pictures are picked before windows. A first draw that is sound is taken as it is, so
 * that a picture without damage gives the very crops it would give without a map. */
#include "dataset/sound.h"

#include <kizil/catalogue.h>

#define SMALL 0.20 /* mean damage that is taken at once: the map of sound paint has up to this */
enum { TRIES = 8, SIDE = KZ_CATALOGUE_MAP };

/* Where a point of the upright picture lies in the stored one, both as shares of width and height.
 * EXIF: 1 as it is, 2 mirrored, 3 half a turn, 4 flipped, 5 to 8 the same across the diagonal. */
static void to_stored(int orientation, double u, double v, double *x, double *y) {
  static const struct {
    unsigned char swap, flip_x, flip_y; /* of what is asked; of the stored place */
  } ways[9] = {{0, 0, 0}, {0, 0, 0}, {0, 1, 0}, {0, 1, 1}, {0, 0, 1},
               {1, 0, 0}, {1, 0, 1}, {1, 1, 1}, {1, 1, 0}};
  double a = ways[orientation].swap ? v : u, b = ways[orientation].swap ? u : v;
  *x = ways[orientation].flip_x ? 1 - a : a;
  *y = ways[orientation].flip_y ? 1 - b : b;
}

/* Share of cell i within [from, to), in cells. */
static double cover(int i, double from, double to) {
  double low = from > i ? from : i, high = to < i + 1 ? to : i + 1;
  return high > low ? high - low : 0;
}

static double mean_in(const uint8_t *map, double x0, double y0, double x1, double y1) {
  double sum = 0, all = 0;
  for (int y = y0 > 0 ? (int)y0 : 0; y < SIDE && y < y1; y++) {
    double tall = cover(y, y0, y1);
    for (int x = x0 > 0 ? (int)x0 : 0; x < SIDE && x < x1; x++) {
      double area = tall * cover(x, x0, x1);
      sum += area * map[y * SIDE + x];
      all += area;
    }
  }
  return all > 0 ? sum / (255 * all) : 0;
}

double kz__sound_damage(const struct kz__item *item, int width, int height,
                        const struct kz__cut *cut) {
  const struct kz__notes *n = item->notes;
  const struct kz_view *v = &item->view;
  if (!n || !n->damage || n->width < 1 || n->height < 1) return 0;
  int turn = v->orientation ? v->orientation : n->orientation;
  double x[2], y[2];
  for (int i = 0; i < 2; i++) {
    double u = (cut->x + i * (double)cut->window) / width;
    to_stored(turn >= 1 && turn <= 8 ? turn : 1, u, (cut->y + i * (double)cut->window) / height,
              &x[i], &y[i]);
    x[i] = (v->x + x[i] * item->width) * SIDE / n->width;
    y[i] = (v->y + y[i] * item->height) * SIDE / n->height;
  }
  bool right = x[1] > x[0], down = y[1] > y[0];
  return mean_in(n->damage, x[!right], y[!down], x[right], y[down]);
}

void kz__sound_draw(struct kz__cut *cut, struct kz_rng *rng, const struct kz__item *item, int width,
                    int height, int size) {
  kz__cut_draw(cut, rng, width, height, size);
  double least = kz__sound_damage(item, width, height, cut);
  for (int i = 1; i < TRIES && least > SMALL; i++) {
    struct kz__cut other;
    kz__cut_draw(&other, rng, width, height, size);
    double damage = kz__sound_damage(item, width, height, &other);
    if (damage >= least) continue;
    least = damage;
    *cut = other;
  }
}
