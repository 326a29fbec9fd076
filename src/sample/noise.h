/* Smooth noise by hashing a lattice: what mottles plaster and pigment. */
#ifndef KZ_SAMPLE_NOISE_H
#define KZ_SAMPLE_NOISE_H

#include <stdint.h>

/* Value noise in [-1, 1]; features about 1 apart. */
float kz__noise(uint32_t seed, float x, float y);
/* Octaves of it, each at twice the frequency and half the height; about [-1, 1]. */
float kz__noise_sum(uint32_t seed, float x, float y, int octaves);

#endif
