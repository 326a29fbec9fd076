/* What time does to the finished painting. */
#ifndef KZ_SAMPLE_AGING_H
#define KZ_SAMPLE_AGING_H

#include <stdint.h>

/* Cairo RGB24 rows of `stride` bytes to rgb [height, width, 3]: softened a little, mottled,
 * grained, rubbed by `wear` (0 to 1). `unit` as in struct kz__brush. */
void kz__age(const uint8_t *rows, int stride, int width, int height, uint32_t seed, double unit,
             double wear, uint8_t *rgb);

#endif
