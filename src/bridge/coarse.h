/* The coarse fill: what the known pixels alone suggest for the hole, by a
 * normalised-convolution pyramid (Knutsson and Westin, 1993): known pixels are
 * averaged down by 2 until nothing is missing, holes are filled from the
 * coarser level, enlarged bilinearly. */
#ifndef KZ_COARSE_H
#define KZ_COARSE_H

#include <stddef.h>

/* rgb [h, w, 3] (values in holes ignored), mask [h, w] (1 = hole, 0 = known) -> fill [h, w, 3]:
 * known pixels as they are, holes filled. Any size >= 1; odd sizes pad by replication. Equals the
 * trial's coarse_fill for power-of-two squares. scratch: kz_coarse_scratch(w, h) floats.
 * One thread; no allocation; call in parallel over samples. If nothing is known: all zero. */
size_t kz_coarse_scratch(int w, int h);
void kz_coarse_fill(int w, int h, const float *rgb, const float *mask, float *fill, float *scratch);

#endif
