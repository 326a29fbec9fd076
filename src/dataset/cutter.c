/* Cutting shares the processor with training, so it is done in integers, row by row, in one pass
 * over the window: reduce vertically (the compiler makes vector code of it), reduce horizontally,
 * recolour, and lay the row down mirrored or turned. A window is at most 1.5 times the crop, so an
 * output pixel covers at most three input pixels a direction: three taps with 8-bit weights are
 * exact area averaging.
 *
 * The colour change is one matrix. Brightness b, saturation s and a hue rotation by h about the
 * grey axis commute, and together are circulant:
 *   colour = b (1/3 + s (2/3) cos h,  1/3 - s (cos h / 3 + sin h / sqrt 3),
 *               1/3 - s (cos h / 3 - sin h / sqrt 3))
 * whose rows add up to b: greys stay grey. */
#include "dataset/cutter.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define MAX_SCALE 1.5f
#define JITTER 0.08f
#define SIXTH_OF_CIRCLE 1.04719755f

struct kz__tap {
  int first;
  uint16_t weight[3]; /* add up to 256 */
};

/* ---- drawing ---- */

static void draw_colour(struct kz__cut *cut, struct kz_rng *rng) {
  float brightness = kz_rng_range(rng, 1 - JITTER, 1 + JITTER);
  float saturation = kz_rng_range(rng, 1 - JITTER, 1 + JITTER);
  float hue = SIXTH_OF_CIRCLE * kz_rng_range(rng, -JITTER, JITTER);
  float along = saturation * cosf(hue) / 3, across = saturation * sinf(hue) / sqrtf(3);
  cut->colour[1] = (int)lrintf(4096 * brightness * (1.f / 3 - along - across));
  cut->colour[2] = (int)lrintf(4096 * brightness * (1.f / 3 - along + across));
  cut->colour[0] = (int)lrintf(4096 * brightness) - cut->colour[1] - cut->colour[2];
}

void kz__cut_draw(struct kz__cut *cut, struct kz_rng *rng, int width, int height, int size) {
  int side = width < height ? width : height;
  float most = (float)side / (float)size;
  if (most > MAX_SCALE) most = MAX_SCALE;
  *cut = (struct kz__cut){.window = size};
  if (kz_rng_below(rng, 2)) cut->window = (int)((float)size * powf(most, kz_rng_uniform(rng)));
  if (cut->window > side) cut->window = side;
  cut->x = (int)kz_rng_below(rng, (uint32_t)(width - cut->window + 1));
  cut->y = (int)kz_rng_below(rng, (uint32_t)(height - cut->window + 1));
  cut->transpose = !kz_rng_below(rng, 4);
  cut->flip_x = kz_rng_below(rng, 2);
  /* Transposed and mirrored once is a quarter turn; either direction, mirrored or not. */
  cut->flip_y = cut->transpose && kz_rng_below(rng, 2);
  cut->recolour = kz_rng_below(rng, 2);
  if (cut->recolour) draw_colour(cut, rng);
}

void kz__cut_draw_plain(struct kz__cut *cut, struct kz_rng *rng, int width, int height,
                        int size) {
  int free_x = width - size, free_y = height - size;
  *cut = (struct kz__cut){.window = size};
  cut->x = free_x / 4 + (int)kz_rng_below(rng, (uint32_t)(free_x / 2 + 1));
  cut->y = free_y / 4 + (int)kz_rng_below(rng, (uint32_t)(free_y / 2 + 1));
}

/* ---- cutting ---- */

int kz__cutter_resize(struct kz__cutter *c, int size, struct kz_err *err) {
  if (c->size == size) return 0;
  kz__cutter_release(c);
  c->tall = malloc((size_t)(size * MAX_SCALE + 1) * 3);
  c->row = malloc((size_t)size * 3);
  c->taps = malloc((size_t)size * sizeof *c->taps);
  if (!c->tall || !c->row || !c->taps) {
    kz__cutter_release(c);
    return kz_err_set(err, KZ_ENOMEM, "no memory to cut crops of %d px", size);
  }
  c->size = size;
  return 0;
}

void kz__cutter_release(struct kz__cutter *c) {
  free(c->tall);
  free(c->row);
  free(c->taps);
  *c = (struct kz__cutter){0};
}

/* Output pixel i covers [i window, (i + 1) window) in units of 1/size px. Needs window > size. */
static void make_taps(struct kz__tap *taps, int size, int window) {
  for (int i = 0; i < size; i++) {
    int begin = i * window, end = begin + window, first = begin / size, sum = 0, largest = 0;
    if (first > window - 3) first = window - 3;
    for (int k = 0; k < 3; k++) {
      int from = (first + k) * size, to = from + size;
      int overlap = (to < end ? to : end) - (from > begin ? from : begin);
      taps[i].weight[k] = overlap > 0 ? (uint16_t)(overlap * 256 / window) : 0;
      sum += taps[i].weight[k];
      if (taps[i].weight[k] > taps[i].weight[largest]) largest = k;
    }
    taps[i].weight[largest] = (uint16_t)(taps[i].weight[largest] + 256 - sum);
    taps[i].first = first;
  }
}

static void reduce_row(struct kz__cutter *c, const uint8_t *restrict window_row, size_t stride,
                       const struct kz__tap *tap, int window) {
  const uint8_t *restrict a = window_row, *restrict b = a + stride, *restrict d = b + stride;
  uint8_t *restrict tall = c->tall;
  uint16_t wa = tap->weight[0], wb = tap->weight[1], wd = tap->weight[2];
  for (int i = 0; i < window * 3; i++)
    tall[i] = (uint8_t)((uint16_t)(a[i] * wa + b[i] * wb + d[i] * wd + 128) >> 8);
  uint8_t *restrict row = c->row;
  for (int i = 0; i < c->size; i++) {
    const uint8_t *p = tall + (size_t)c->taps[i].first * 3;
    const uint16_t *w = c->taps[i].weight;
    for (int k = 0; k < 3; k++)
      row[3 * i + k] = (uint8_t)((p[k] * w[0] + p[3 + k] * w[1] + p[6 + k] * w[2] + 128) >> 8);
  }
}

static inline uint8_t clamp(int v) { return (uint8_t)(v < 0 ? 0 : v > 255 ? 255 : v); }

static void recolour_row(uint8_t *restrict row, int size, const int colour[3]) {
  int p = colour[0], q = colour[1], r = colour[2];
  for (int i = 0; i < size; i++) {
    int red = row[3 * i], green = row[3 * i + 1], blue = row[3 * i + 2];
    row[3 * i] = clamp((p * red + q * green + r * blue + 2048) >> 12);
    row[3 * i + 1] = clamp((r * red + p * green + q * blue + 2048) >> 12);
    row[3 * i + 2] = clamp((q * red + r * green + p * blue + 2048) >> 12);
  }
}

/* Lay row y of the crop down where transposing and flipping puts it. */
static void place_row(const uint8_t *row, int size, int y, const struct kz__cut *cut,
                      uint8_t *dst) {
  ptrdiff_t line = (ptrdiff_t)size * 3, start, step;
  if (!cut->transpose && !cut->flip_x) {
    memcpy(dst + y * line, row, (size_t)line);
    return;
  }
  if (!cut->transpose) {
    start = y * line + line - 3;
    step = -3;
  } else {
    start = (cut->flip_x ? size - 1 - y : y) * 3 + (cut->flip_y ? (size - 1) * line : 0);
    step = cut->flip_y ? -line : line;
  }
  uint8_t *to = dst + start;
  for (int i = 0; i < size; i++, row += 3) {
    to[0] = row[0];
    to[1] = row[1];
    to[2] = row[2];
    if (i + 1 < size) to += step;
  }
}

void kz__cutter_cut(struct kz__cutter *c, const struct kz_pixels *from, const struct kz__cut *cut,
                    uint8_t *dst) {
  size_t stride = (size_t)from->width * 3;
  const uint8_t *corner = from->data + (size_t)cut->y * stride + (size_t)cut->x * 3;
  bool reduce = cut->window > c->size;
  if (reduce) make_taps(c->taps, c->size, cut->window);
  for (int y = 0; y < c->size; y++) {
    const uint8_t *row = corner + (size_t)y * stride;
    if (reduce) {
      reduce_row(c, corner + (size_t)c->taps[y].first * stride, stride, &c->taps[y], cut->window);
      row = c->row;
    }
    if (cut->recolour) {
      if (!reduce) memcpy(c->row, row, (size_t)c->size * 3);
      recolour_row(c->row, c->size, cut->colour);
      row = c->row;
    }
    place_row(row, c->size, y, cut, dst);
  }
}
