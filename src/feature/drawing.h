/* The user's line drawing, from whatever file it came in. */
#ifndef KZ_DRAWING_H
#define KZ_DRAWING_H

#include <stdint.h>

#include <kizil/image.h>

/* Read a rectangle of a line drawing: drawn [h, w], 0 where nothing is drawn, 255 where a line is.
 * Black or coloured strokes on white or on transparent ground:
 *     drawn = 255 alpha (1 - min(r, g, b))
 * which is one minus the tone for greys, and the distance from white for colours, so that a yellow
 * stroke counts as much as a black one. The rectangle must lie inside (KZ_ERANGE). Callable from
 * several threads on one image. */
int kz_drawing_read(struct kz_image *im, int x, int y, int w, int h, uint8_t *drawn,
                    struct kz_err *err);

#endif
