/* A print: luma reduced once, and from it the thumbnail, the hash and the locals.
 *
 * The hash is the signs of the 63 lowest cosine coefficients but the mean, each against 0 and not
 * against their median: so a mirrored picture's has the odd ones turned round and a turned one's
 * has rows and columns changed about, and one hash does for all eight. A coefficient that is
 * nothing has no sign to speak of; comparisons allow for a few. */
#include <math.h>
#include <string.h>

#include "near/private.h"

enum { N = KZ_NEAR_THUMB };
#define FLAT 24.0f /* of KZ__NEAR_WHITE: a thumbnail that varies by less than 1.5 of 255 is empty */

static size_t round_up(size_t bytes) { return (bytes + 63) & ~(size_t)63; }

size_t kz_near_scratch(int w, int h) {
  int lw, lh;
  kz__near_size(w, h, &lw, &lh);
  return round_up(kz__near_reduce_work(w) * sizeof(uint32_t)) +
         round_up((size_t)lw * (size_t)lh * sizeof(uint16_t)) + kz__near_locals_scratch(lw, lh);
}

static void shared_range(const float *small, float *lo, float *hi) {
  *lo = *hi = small[0];
  for (int i = 1; i < N * N; i++) {
    *lo = fminf(*lo, small[i]);
    *hi = fmaxf(*hi, small[i]);
  }
}

static void quantise(const float *small, float lo, float hi, uint8_t *thumb) {
  float scale = 15.0f / (hi - lo);
  for (int i = 0; i < N * N; i++) thumb[i] = (uint8_t)((small[i] - lo) * scale + 0.5f);
}

/* Bit 8 v + u: whether coefficient (u, v) of the cosine transform is above 0. */
static uint64_t hash_of(const float *small) {
  float cosine[N][8], across[8], sum[8][8] = {{0}};
  uint64_t hash = 0;
  for (int x = 0; x < N; x++)
    for (int u = 0; u < 8; u++)
      cosine[x][u] = (float)cos(3.14159265358979323846 * u * (2 * x + 1) / (2 * N));
  for (int y = 0; y < N; y++) {
    memset(across, 0, sizeof across);
    for (int x = 0; x < N; x++)
      for (int u = 0; u < 8; u++) across[u] += small[y * N + x] * cosine[x][u];
    for (int v = 0; v < 8; v++)
      for (int u = 0; u < 8; u++) sum[v][u] += across[u] * cosine[y][v];
  }
  for (int i = 1; i < 64; i++)
    if (sum[i / 8][i % 8] > 0) hash |= (uint64_t)1 << i;
  return hash;
}

/* First x, then y is mirrored: odd columns, odd rows change sign; then the 8 x 8 is transposed.
 * The mean, bit 0, is in no hash. */
uint64_t kz__near_hash_laid(uint64_t hash, int way) {
  uint64_t t;
  if (way & 1) hash ^= 0xaaaaaaaaaaaaaaaau;
  if (way & 2) hash ^= 0xff00ff00ff00ff00u;
  if (!(way & 4)) return hash;
  t = (hash ^ (hash >> 7)) & 0x00aa00aa00aa00aau;
  hash ^= t ^ (t << 7);
  t = (hash ^ (hash >> 14)) & 0x0000cccc0000ccccu;
  hash ^= t ^ (t << 14);
  t = (hash ^ (hash >> 28)) & 0x00000000f0f0f0f0u;
  return hash ^ t ^ (t << 28);
}

void kz_near_make(int w, int h, const uint8_t *rgb, struct kz_near_print *out, void *scratch) {
  float small[N * N], lo, hi;
  int lw, lh;
  uint32_t *work = scratch;
  kz__near_size(w, h, &lw, &lh);
  uint16_t *luma = (uint16_t *)((char *)scratch + round_up(kz__near_reduce_work(w) * sizeof *work));
  void *rest = (char *)luma + round_up((size_t)lw * (size_t)lh * sizeof *luma);
  memset(out, 0, sizeof *out);
  out->width = w;
  out->height = h;
  kz__near_reduce(w, h, rgb, lw, lh, luma, work);
  kz__near_shrink(lw, lh, luma, N, small, work);
  shared_range(small, &lo, &hi);
  if (hi - lo < FLAT) return; /* nothing to know it by */
  quantise(small, lo, hi, out->thumb);
  out->global = hash_of(small);
  out->count = kz__near_locals(lw, lh, luma, out->local, rest);
}
