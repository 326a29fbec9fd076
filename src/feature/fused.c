/* Fused features: how the scratch memory is laid out, and which build of fused_isa.c computes.
 *
 * The order of work, each step in the file named after it:
 *   sweep     one pass over the rows: luma, its 3 x 3 normalised smoothing, products of
 *             derivatives, band energies and mean colours summed into cells of 2, 4 and 8 px
 *   grid      cells smoothed, then filled where little is known from ever coarser cells; beyond
 *             those they fade to zero with their confidence
 *   line      across the flow (dark against both sides), then along it
 *   distance  exact Euclidean, capped at 127 px
 * Outside the picture is as unknown as a hole, so that a part of a picture, with a margin of
 * KZ_FUSED_HALO px, gives what the whole gives. */
#include "feature/fused.h"

#include <stdbool.h>
#include <string.h>

#include "feature/fused_private.h"

static int cells(int n, int size) { return (n + size - 1) / size; }

/* Hands out consecutive pieces; with no memory it only counts. */
struct arena {
  float *base;
  size_t used;
};

static float *take(struct arena *a, size_t count) {
  float *p = a->base ? a->base + a->used : NULL;
  a->used += (count + 15) / 16 * 16;
  return p;
}

/* One level: cells of `size` px. */
static void take_grid(struct arena *a, struct kz__grid *g, int planes, int w, int h, int size) {
  g->w = cells(w, size);
  g->h = cells(h, size);
  g->data = take(a, (size_t)planes * g->w * g->h);
}

size_t kz__fused_layout(int w, int h, float *scratch, struct kz__fused_space *s) {
  struct arena a = {.base = scratch};
  size_t pixels = (size_t)w * h;
  *s = (struct kz__fused_space){.w = w, .h = h, .hw = cells(w, 2), .hh = cells(h, 2)};
  s->stride = w + w % 2 + 2 * KZ__FUSED_PAD;
  size_t padded = (size_t)s->stride * (h + h % 2 + 2 * KZ__FUSED_PAD) * 2;
  s->tone = take(&a, padded);
  s->ridge = take(&a, padded);
  s->half = take(&a, 2 * (size_t)s->hw * s->hh);
  for (int k = 0; k < KZ__FUSED_LEVELS; k++) {
    take_grid(&a, &s->tensor[k], 4, w, h, 2 << k);
    take_grid(&a, &s->texture[k], 3, w, h, 4 << k);
  }
  for (int k = 0; k < KZ__FUSED_COLOUR_LEVELS; k++)
    take_grid(&a, &s->colour[k], 4, w, h, 8 << k);
  s->bins = (uint8_t *)take(&a, (size_t)s->hw * s->hh / 4 + 1);
  for (int k = 0; k < 2; k++) s->below[k] = (uint8_t *)take(&a, pixels / 4 + 1);
  s->rows = take(&a, (size_t)KZ__FUSED_ROWS * (w + 2 * KZ__FUSED_ROW_PAD));
  return a.used;
}

size_t kz_fused_scratch(int w, int h) {
  struct kz__fused_space s;
  return kz__fused_layout(w, h, NULL, &s);
}

static const struct kz__fused_code *code(void) {
#if defined(__x86_64__)
  __builtin_cpu_init();
  if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
      __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq") &&
      __builtin_cpu_supports("avx512cd"))
    return &kz__fused_avx512;
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") &&
      __builtin_cpu_supports("bmi2"))
    return &kz__fused_avx2;
#endif
  return &kz__fused_sse42;
}

void kz_fused_compute(const struct kz_fused_input *in, float *out, float *scratch) {
  struct kz__fused_space s;
  kz__fused_layout(in->w, in->h, scratch, &s);
  code()->compute(in, &s, out);
}

void kz_fused_line(int w, int h, const float *rgb, const float *mask, uint8_t *line,
                   float *scratch) {
  struct kz__fused_space s;
  struct kz_fused_input in = {.w = w, .h = h, .rgb = rgb, .mask = mask};
  kz__fused_layout(w, h, scratch, &s);
  code()->line(&in, &s, line);
}
