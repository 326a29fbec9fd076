/* A lattice of hashed values, blended by a smooth step. Cheap, seeded by an
 * argument, and the same on every machine that rounds as IEEE asks. */
#include "sample/noise.h"

#include <math.h>

static uint32_t hash(uint32_t seed, int32_t x, int32_t y) {
  uint32_t h = seed ^ (uint32_t)x * 0x9e3779b1u ^ (uint32_t)y * 0x85ebca77u;
  h = (h ^ (h >> 15)) * 0x2c1b3c6du;
  h = (h ^ (h >> 12)) * 0x297a2d39u;
  return h ^ (h >> 15);
}

static float corner(uint32_t seed, int32_t x, int32_t y) {
  return (float)(hash(seed, x, y) >> 8) * (2.0f / 16777215.0f) - 1.0f;
}

float kz__noise(uint32_t seed, float x, float y) {
  float fx = floorf(x), fy = floorf(y), u = x - fx, v = y - fy;
  int32_t i = (int32_t)fx, j = (int32_t)fy;
  u = u * u * (3.0f - 2.0f * u);
  v = v * v * (3.0f - 2.0f * v);
  float a = corner(seed, i, j), b = corner(seed, i + 1, j);
  float c = corner(seed, i, j + 1), d = corner(seed, i + 1, j + 1);
  return (a + (b - a) * u) * (1.0f - v) + (c + (d - c) * u) * v;
}

float kz__noise_sum(uint32_t seed, float x, float y, int octaves) {
  float sum = 0, height = 0.6f;
  for (int i = 0; i < octaves; i++) {
    sum += height * kz__noise(seed + (uint32_t)i * 101u, x, y);
    x = 2.0f * x + 17.3f;
    y = 2.0f * y - 9.1f;
    height *= 0.5f;
  }
  return sum;
}
