/* Random numbers: xoshiro256++ with its state filled by splitmix64, as its authors advise. Floats
 * take the high bits, which are the better ones. */
#include <kizil/rng.h>

#include <assert.h>
#include <math.h>

static uint64_t rotate_left(uint64_t x, int k) { return (x << k) | (x >> (64 - k)); }

/* splitmix64 (Steele, Lea and Flood, 2014). */
static uint64_t splitmix(uint64_t *x) {
  uint64_t z = (*x += 0x9e3779b97f4a7c15u);
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
  return z ^ (z >> 31);
}

void kz_rng_init(struct kz_rng *rng, uint64_t seed) {
  for (int i = 0; i < 4; i++) rng->s[i] = splitmix(&seed);
}

void kz_rng_init_stream(struct kz_rng *rng, uint64_t seed, uint64_t stream) {
  /* Hash both before they meet: neighbouring seeds and streams must not cancel out. */
  uint64_t a = seed, b = ~stream;
  uint64_t mixed = splitmix(&a) + rotate_left(splitmix(&b), 32);
  kz_rng_init(rng, mixed);
}

uint64_t kz_rng_u64(struct kz_rng *rng) {
  uint64_t *s = rng->s;
  uint64_t result = rotate_left(s[0] + s[3], 23) + s[0];
  uint64_t t = s[1] << 17;
  s[2] ^= s[0];
  s[3] ^= s[1];
  s[1] ^= s[2];
  s[0] ^= s[3];
  s[2] ^= t;
  s[3] = rotate_left(s[3], 45);
  return result;
}

uint32_t kz_rng_below(struct kz_rng *rng, uint32_t n) {
  assert(n > 0);
  uint64_t m = (kz_rng_u64(rng) >> 32) * n;
  if ((uint32_t)m < n) {
    uint32_t least = -n % n; /* 2^32 mod n: products below it would be drawn once too often */
    while ((uint32_t)m < least) m = (kz_rng_u64(rng) >> 32) * n;
  }
  return (uint32_t)(m >> 32);
}

int kz_rng_int(struct kz_rng *rng, int lo, int hi) {
  assert(lo <= hi);
  uint32_t span = (uint32_t)hi - (uint32_t)lo + 1;
  uint32_t offset = span ? kz_rng_below(rng, span) : (uint32_t)(kz_rng_u64(rng) >> 32);
  return (int)((int64_t)lo + offset);
}

float kz_rng_uniform(struct kz_rng *rng) {
  return (float)(kz_rng_u64(rng) >> 40) * 0x1p-24f;
}

float kz_rng_range(struct kz_rng *rng, float lo, float hi) {
  float r = lo + (hi - lo) * kz_rng_uniform(rng);
  return r < hi || lo == hi ? r : nextafterf(hi, lo); /* rounding may reach hi */
}

float kz_rng_normal(struct kz_rng *rng) {
  const double two_pi = 6.283185307179586;
  double u = (double)((kz_rng_u64(rng) >> 11) + 1) * 0x1p-53; /* (0, 1] */
  double v = (double)(kz_rng_u64(rng) >> 11) * 0x1p-53;
  return (float)(sqrt(-2.0 * log(u)) * cos(two_pi * v));
}
