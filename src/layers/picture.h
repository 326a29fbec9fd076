/* What the writers of layered files share: a layer's samples as they will be stored. */
#ifndef KZ_LAYERS_PICTURE_H
#define KZ_LAYERS_PICTURE_H

#include <vips/vips.h>

#include <kizil/layers.h>

/* Lazy, the caller's to unref: 8 or 16 bits, grey or RGB, perhaps with alpha. */
int kz__layer_picture(const struct kz_layer *layer, VipsImage **out, struct kz_err *err);
int kz__layers_openraster(const struct kz_layer *layers, int count, struct kz_image *merged,
                          const char *path, struct kz_err *err);
int kz__layers_pages(const struct kz_layer *layers, int count, struct kz_image *merged,
                     const char *path, struct kz_err *err);

#endif
