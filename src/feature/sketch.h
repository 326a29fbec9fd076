/* From a true line drawing to one as a hand would draw it, for training: thickened, shifted,
 * broken, uneven, and shown in a part of the picture only. */
#ifndef KZ_SKETCH_H
#define KZ_SKETCH_H

#include <stddef.h>
#include <stdint.h>

#include <kizil/rng.h>

/* line [h, w] 255 = line, in place: at random left as it is, thresholded, thickened by 0 to 2 px,
 * displaced by a smooth field of up to 3 px, broken by gaps, weak strokes dropped. valid [h, w] is
 * written: 255 where the drawing counts: now everywhere, now a half-plane, blobs or a rectangle,
 * now nowhere (about a third of all draws), and outside it `line` becomes 0. Nothing is drawn
 * further than 6 px each way from a true line: 3 by displacement, 2 by thickness, 1 by
 * interpolation. Everything follows from `rng`. scratch: kz_sketch_scratch(w, h) bytes. One thread,
 * no allocation. */
size_t kz_sketch_scratch(int w, int h);
void kz_sketch_roughen(struct kz_rng *rng, int w, int h, uint8_t *line, uint8_t *valid,
                       uint8_t *scratch);

#endif
