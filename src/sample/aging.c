/* Aging works on pixels, in one pass: a 3 x 3 blur takes away the edge that
 * only a computer draws; slow noise shifts lightness and warmth, finer noise
 * is the plaster's relief, lit from the left; where a slow and a fast noise
 * agree, paint is rubbed off and plaster shows. */
#include "sample/aging.h"

#include <math.h>

#include "sample/noise.h"

static float clamp(float v) { return fminf(fmaxf(v, 0.0f), 255.0f); }

/* Cairo's rows hold native 32-bit words: x r g b. */
static void soft(const uint8_t *rows, int stride, int w, int h, int x, int y, float c[3]) {
  static const int weight[3] = {1, 4, 1};
  int sum[3] = {0, 0, 0};
  for (int j = -1; j <= 1; j++) {
    int yy = y + j < 0 ? 0 : y + j >= h ? h - 1 : y + j;
    const uint32_t *row = (const uint32_t *)(const void *)(rows + (int64_t)yy * stride);
    for (int i = -1; i <= 1; i++) {
      int xx = x + i < 0 ? 0 : x + i >= w ? w - 1 : x + i, k = weight[i + 1] * weight[j + 1];
      sum[0] += k * (int)(row[xx] >> 16 & 255);
      sum[1] += k * (int)(row[xx] >> 8 & 255);
      sum[2] += k * (int)(row[xx] & 255);
    }
  }
  for (int k = 0; k < 3; k++) c[k] = (float)sum[k] / 36.0f;
}

/* 0 untouched, 1 bare. */
static float rubbed(uint32_t seed, float x, float y, float wear) {
  float slow = kz__noise_sum(seed + 7, x / 95.0f, y / 95.0f, 3);
  float fast = kz__noise_sum(seed + 8, x / 6.0f, y / 6.0f, 3);
  float v = slow + 0.75f * fast - (1.05f - 0.8f * wear);
  return fminf(fmaxf(4.0f * v, 0.0f), 0.9f);
}

void kz__age(const uint8_t *rows, int stride, int width, int height, uint32_t seed, double unit,
             double wear, uint8_t *rgb) {
  static const float plaster[3] = {196, 168, 134};
  float k = 1.0f / fmaxf((float)unit, 0.25f);
  for (int y = 0; y < height; y++)
    for (int x = 0; x < width; x++) {
      float c[3], u = (float)x * k, v = (float)y * k;
      soft(rows, stride, width, height, x, y, c);
      float slow = kz__noise_sum(seed, u / 170.0f, v / 170.0f, 3);
      float warm = kz__noise_sum(seed + 1, u / 110.0f, v / 110.0f, 2);
      float spot = kz__noise_sum(seed + 2, u / 11.0f, v / 11.0f, 3);
      float relief = kz__noise_sum(seed + 3, u / 3.2f, v / 3.2f, 3) -
                     kz__noise_sum(seed + 3, (u + 1.3f) / 3.2f, (v + 0.8f) / 3.2f, 3);
      float light = 1.0f + 0.12f * slow + 0.09f * spot + 0.08f * relief;
      float bare = rubbed(seed, u, v, (float)wear);
      float faded = 0.05f + 0.16f * fmaxf(0, kz__noise_sum(seed + 4, u / 60.0f, v / 45.0f, 4));
      for (int i = 0; i < 3; i++) {
        float tint = 1.0f + (i == 0 ? 0.05f : i == 2 ? -0.07f : 0.0f) * warm;
        float paint = c[i] + (plaster[i] - c[i]) * fmaxf(faded, bare);
        *rgb++ = (uint8_t)lrintf(clamp(paint * light * tint));
      }
    }
}
