/* What Cairo has drawn, as pixels. */
#ifndef KZ_IMAGE_SURFACE_H
#define KZ_IMAGE_SURFACE_H

#include <cairo.h>

#include <kizil/image.h>

/* RGB of an RGB24 or ARGB32 surface; the caller's to release. */
int kz__surface_pixels(cairo_surface_t *s, struct kz_pixels *out, struct kz_err *err);

#endif
