/* Where the network looks: equal tiles, spread evenly over the image, each axis by itself.
 *
 *   - An axis of at most one and a half tiles is a single tile, rounded up to a multiple of 32;
 *     what sticks out past the image mirrors it.
 *   - Otherwise tiles overlap by at least `overlap`. The middles of the overlaps cut the axis into
 *     cores, one a tile, so a pixel of a core is overlap/2 or more from its tile's rim, except at
 *     the rim of the image. A tile is kept only if its core contains damage.
 *   - A tile's weight at a pixel falls as a raised cosine to nothing at its rim. The blend, the
 *     weighted mean over kept tiles, is therefore without steps whichever tiles are left out. */
#ifndef KZ_RESTORE_TILES_H
#define KZ_RESTORE_TILES_H

#include "restore/holes.h"

#define KZ__TILE_MULTIPLE 32

struct kz__axis {
  int length; /* of the image, px */
  int size;   /* of a tile; greater than length only for a lone tile */
  int count;  /* tiles */
  int ramp;   /* px over which the weight rises */
};
void kz__axis_plan(struct kz__axis *a, int length, int tile, int overlap);
int kz__axis_at(const struct kz__axis *a, int i);   /* first pixel of tile i */
int kz__axis_core(const struct kz__axis *a, int i); /* first pixel of core i; i = count: length */
int kz__axis_extent(const struct kz__axis *a);      /* pixels of a tile inside the image */
/* Weights of tile i at its pixels; w [extent], in (0, 1]. */
void kz__axis_weights(const struct kz__axis *a, int i, float *w);

struct kz__tile {
  int ix, iy; /* number along each axis */
  int x, y;   /* first pixel */
};

struct kz__tiles {
  struct kz__axis ax, ay;
  struct kz__tile *list; /* kept tiles, in raster order */
  int count;
};
int kz__tiles_plan(struct kz__tiles *t, const struct kz__holes *h, int tile, int overlap,
                   struct kz_err *err);
/* Drop tiles all of whose damage some kept neighbour shows as well, overlap/4 or more from its rim:
 * a small spot where cores meet takes one tile and not two or four. */
int kz__tiles_thin_out(struct kz__tiles *t, const struct kz__holes *h, int overlap,
                       struct kz_err *err);
void kz__tiles_release(struct kz__tiles *t);

/* The plan with the tile size, 256 to 512 px, that computes the fewest pixels: small tiles for
 * scattered spots, large ones, which overlap less, for damage everywhere. Within a tenth of each
 * other: the larger. */
int kz__tiles_choose(struct kz__tiles *t, const struct kz__holes *h, int overlap,
                     struct kz_err *err);

#endif
