/* Outlines of painted shapes, for line drawings: the edge of a halo, of a scarf against the ground,
 * of a dark figure. Painted contours, darker than both sides, are fused.h's; a person who draws a
 * mural draws both. */
#ifndef KZ_OUTLINE_H
#define KZ_OUTLINE_H

#include <stddef.h>
#include <stdint.h>

/* Thresholds that make sense: a drawing of the main shapes, and one of every fold. */
#define KZ_OUTLINE_SPARSE 26.0f
#define KZ_OUTLINE_DETAILED 10.0f

struct kz_outline_input {
  int w, h;          /* any size >= 1 */
  const float *rgb;  /* [h, w, 3] in [-1, 1]; values in holes are ignored */
  const float *mask; /* [h, w], 1 = hole, 0 = known; NULL: all is known */
  float threshold;   /* contrast of the two sides from which an edge is drawn, about CIELAB units;
                      * > 0 */
};

/* line [h, w], in and out: what is there (255 = line, as kz_fused_line draws it), or the outline
 * where that is stronger. No outline is drawn along a line that is there (3 px to either side, 6 on
 * the edge of the dark stroke it stands for), of less than 12 px, in a hole or at its rim. What is
 * further than 20 px away does not count, except that weak stretches of a strong edge are drawn.
 * scratch: kz_outline_scratch(w, h) floats. One thread, no allocation; the same picture gives the
 * same bytes. */
size_t kz_outline_scratch(int w, int h);
void kz_outline_draw(const struct kz_outline_input *in, uint8_t *line, float *scratch);

#endif
