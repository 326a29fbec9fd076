/* The fused picture, for people: a ground of low-passed colour, where texture is grain and lively
 * colour, lines are ink, a hole is hatched plaster and what the user drew is red. All follows
 * from the place in the picture, so that tiles meet without a seam. */
#include <math.h>

#include "feature/job.h"

enum { HATCH = 10, STROKE = 2 };

/* -1 to 1, by place. */
static float grain_at(int x, int y) {
  uint32_t v = (uint32_t)x * 0x9e3779b1u ^ (uint32_t)y * 0x85ebca77u;
  v = (v ^ v >> 15) * 0x2c1b3c6du;
  v = (v ^ v >> 12) * 0x297a2d39u;
  return (float)(v >> 8 & 0xffff) / 32767.5f - 1;
}

static uint8_t mix(uint8_t a, uint8_t b, float share) {
  return (uint8_t)((float)a + share * ((float)b - (float)a) + 0.5f);
}

static void paint_hole(int x, int y, float drawn, uint8_t *rgb) {
  static const uint8_t red[3] = {170, 30, 24};
  float plaster = (x + y) % HATCH < STROKE ? 0.95f : 0.45f;
  for (int c = 0; c < 3; c++) {
    rgb[c] = mix(rgb[c], kz__blank[c], plaster);
    rgb[c] = mix(rgb[c], red[c], drawn);
  }
}

void kz__view_row(const struct kz__job *job, int x, int y, int n, const float *fused,
                  const float *mask, uint8_t *view) {
  float threshold = (float)job->o->line_threshold, gain = 1 / (1 - threshold);
  float grain = (float)job->o->grain;
  for (int i = 0; i < n; i++, fused += KZ_FUSED, view += 3) {
    float fine = fminf(fused[KZ_FUSED_TEXTURE], 1), coarse = fminf(fused[KZ_FUSED_TEXTURE_2], 1);
    float ink = fmaxf(fused[KZ_FUSED_LINE] - threshold, 0) * gain;
    float speck = fine * grain_at(x + i, y) + coarse * grain_at((x + i) / 2, y / 2 + 7919);
    float colour = 50 * (0.8f + grain * 0.5f * fine) * (1 - 0.8f * ink);
    float lab[3] = {(fused[KZ_FUSED_L] * 50 + 50 + 12 * grain * speck) * (1 - 0.92f * ink),
                    fused[KZ_FUSED_A] * colour, fused[KZ_FUSED_B] * colour};
    kz__job_srgb(job, lab, view);
    if (mask[i] >= 0.5f) paint_hole(x + i, y, fused[KZ_FUSED_DRAWN], view);
  }
}
