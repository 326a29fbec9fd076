/* Seeded random numbers: xoshiro256++ (Blackman and Vigna, 2018), seeded by
 * splitmix64. The state is a value that the caller owns, copies and saves;
 * nothing is global, so the same seed gives the same bytes. */
#ifndef KIZIL_RNG_H
#define KIZIL_RNG_H

#include <stdint.h>

struct kz_rng {
  uint64_t s[4];
};

void kz_rng_init(struct kz_rng *rng, uint64_t seed);
/* A generator for stream `stream` of `seed`; streams do not overlap in practice. */
void kz_rng_init_stream(struct kz_rng *rng, uint64_t seed, uint64_t stream);
uint64_t kz_rng_u64(struct kz_rng *rng);
/* Uniform in [0, n), n > 0, without modulo bias (Lemire, 2019). */
uint32_t kz_rng_below(struct kz_rng *rng, uint32_t n);
/* Uniform integer in [lo, hi], lo <= hi. */
int kz_rng_int(struct kz_rng *rng, int lo, int hi);
/* Uniform in [0, 1), 24 bits. */
float kz_rng_uniform(struct kz_rng *rng);
/* Uniform in [lo, hi). */
float kz_rng_range(struct kz_rng *rng, float lo, float hi);
/* Standard normal (Box and Muller, 1958; one value a call, no hidden state). */
float kz_rng_normal(struct kz_rng *rng);

#endif
