/* A span rasteriser for byte masks: capsules, ellipses, polygons.
 *
 * Training draws tens of masks a step on the processor that trains, so shapes
 * are filled by row spans: a shape works out where a row enters and leaves it,
 * and memset does the rest. The canvas counts what it sets, so that coverage
 * is known without looking at the mask again, and it refuses a shape that
 * would take it over its limit. Pixel centres have integer coordinates. */
#ifndef KZ_RASTER_H
#define KZ_RASTER_H

#include <stdbool.h>
#include <stdint.h>

enum { KZ__POLYGON_MAX = 128 };

struct kz__canvas {
  int width, height;
  uint8_t *mask;  /* [height, width], 0 or 255 */
  int64_t count;  /* pixels that this canvas has set */
  int64_t limit;  /* a shape that would bring count above it is not drawn */
  bool closed;    /* a shape was refused; a figure of many shapes stops here */
  bool dry;       /* count into `pending`, do not draw */
  int64_t pending;
};

struct kz__point {
  float x, y;
};

/* A canvas over `mask` as it is, without a limit. */
void kz__canvas_init(struct kz__canvas *c, int width, int height, uint8_t *mask);
/* All points within `radius` of the segment a-b. */
void kz__capsule(struct kz__canvas *c, struct kz__point a, struct kz__point b, float radius);
/* Half axes rx, ry > 0; turned by `angle`, rad. */
void kz__ellipse(struct kz__canvas *c, struct kz__point centre, float rx, float ry, float angle);
/* Even-odd rule; 3 <= n <= KZ__POLYGON_MAX. */
void kz__polygon(struct kz__canvas *c, const struct kz__point *p, int n);

#endif
