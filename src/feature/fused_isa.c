/* One instruction set's fused features. This file is compiled once for each of them, with
 * KZ_ISA_NAME the suffix of the table's name and -march set to match (as src/tensor/kernels_isa.c):
 * the parts are headers, so that each build has its own static copies. */
#include <math.h>
#include <stdbool.h>
#include <string.h>

#include "feature/fused_distance.inc.h"
#include "feature/fused_grid.inc.h"
#include "feature/fused_line.inc.h"
#include "feature/fused_sweep.inc.h"

enum { /* row buffers while rows of all channels are put together */
  ROW_WORK,                        /* 4 */
  ROW_DISTANCE = 4,                /* 5 */
  ROW_CHANNEL = ROW_DISTANCE + 5,  /* KZ_FUSED */
  ROW_END = ROW_CHANNEL + KZ_FUSED
};
_Static_assert((int)ROW_END <= (int)KZ__FUSED_ROWS && (int)ROW_FREE <= (int)KZ__FUSED_ROWS,
               "row buffers");
_Static_assert(SIDE_FROM + SIDE - 1 <= KZ__FUSED_PAD - 2 && ALONG <= KZ__FUSED_PAD - 2, "margins");
_Static_assert(REACH + 8 <= KZ__FUSED_ROW_PAD, "margins of a row");

static void texture_field(const struct kz__fused_space *s) {
  const struct kz__grid *g = &s->texture[0];
  size_t count = (size_t)g->w * g->h;
  for (int p = 0; p < 3; p++) smooth5(g->w, g->h, plane(g, p), s->half, row_buffer(s, 1));
  fill_grid(s, s->texture, KZ__FUSED_LEVELS, 2);
  for (int p = 0; p < 2; p++) {
    float *restrict e = plane(g, p);
    for (size_t i = 0; i < count; i++) e[i] = 12 * sqrtf(e[i] > 0 ? e[i] : 0.0f);
  }
}

static void colour_field(const struct kz__fused_space *s) {
  const struct kz__grid *g = &s->colour[0];
  for (int p = 0; p < 4; p++) smooth5(g->w, g->h, plane(g, p), s->half, row_buffer(s, 1));
  fill_grid(s, s->colour, KZ__FUSED_COLOUR_LEVELS, 3);
}

static void drawn_row(const struct kz_fused_input *in, int y, float *restrict drawn,
                      float *restrict valid) {
  size_t at = (size_t)y * in->w, bytes = (size_t)in->w * sizeof *drawn;
  memset(drawn, 0, bytes);
  memset(valid, 0, bytes);
  if (!in->drawn || !in->drawn_valid || !in->mask) return;
  const uint8_t *restrict d = in->drawn + at, *restrict v = in->drawn_valid + at;
  const float *restrict mask = in->mask + at;
  for (int x = 0; x < in->w; x++) {
    float here = mask[x] < 0.5f ? 0.0f : v[x] * (1.0f / 255);
    drawn[x] = here * (d[x] * (1.0f / 255));
    valid[x] = here;
  }
}

typedef float quad __attribute__((vector_size(16), aligned(4), may_alias));

/* Four pixels of four channels: rows to columns. */
INLINE void turn4(float *const row[4], int x, float *out) {
  typedef int order __attribute__((vector_size(16)));
  quad a = *(const quad *)(row[0] + x), b = *(const quad *)(row[1] + x);
  quad c = *(const quad *)(row[2] + x), d = *(const quad *)(row[3] + x);
  quad e = __builtin_shuffle(a, b, (order){0, 4, 1, 5});
  quad f = __builtin_shuffle(c, d, (order){0, 4, 1, 5});
  quad g = __builtin_shuffle(a, b, (order){2, 6, 3, 7});
  quad h = __builtin_shuffle(c, d, (order){2, 6, 3, 7});
  *(quad *)out = __builtin_shuffle(e, f, (order){0, 1, 4, 5});
  *(quad *)(out + KZ_FUSED) = __builtin_shuffle(e, f, (order){2, 3, 6, 7});
  *(quad *)(out + 2 * KZ_FUSED) = __builtin_shuffle(g, h, (order){0, 1, 4, 5});
  *(quad *)(out + 3 * KZ_FUSED) = __builtin_shuffle(g, h, (order){2, 3, 6, 7});
}

_Static_assert(KZ_FUSED % 4 == 0, "interleaved in fours");

static void interleave(int w, float *const row[KZ_FUSED], float *out) {
  int x = 0;
  for (; x + 4 <= w; x += 4)
    for (int c = 0; c < KZ_FUSED; c += 4) turn4(row + c, x, out + (size_t)x * KZ_FUSED + c);
  for (; x < w; x++)
    for (int c = 0; c < KZ_FUSED; c++) out[(size_t)x * KZ_FUSED + c] = row[c][x];
}

static void smooth_channels(const struct kz__fused_space *s, int y, float *const row[KZ_FUSED]) {
  float *v = row_buffer(s, ROW_WORK);
  for (int k = 0; k < 3; k++) {
    enlarge_to_row(2, &s->tensor[0], k, y, row[KZ_FUSED_GRADIENT + k], v);
    enlarge_to_row(8, &s->colour[0], k, y, row[KZ_FUSED_L + k], v);
  }
  for (int k = 0; k < 2; k++)
    enlarge_to_row(4, &s->texture[0], k, y, row[KZ_FUSED_TEXTURE + k], v);
}

static void put_together(const struct kz_fused_input *in, const struct kz__fused_space *s,
                         const struct taps *t, float *out) {
  float *row[KZ_FUSED];
  struct distance d = {0};
  for (int c = 0; c < KZ_FUSED; c++) row[c] = row_buffer(s, ROW_CHANNEL + c);
  if (in->mask) {
    look_below(in, s);
    start_distance(s, ROW_DISTANCE, &d);
  } else {
    for (int x = 0; x < s->w; x++) row[KZ_FUSED_DISTANCE][x] = -0.125f * log2_of(1 + REACH);
  }
  for (int y = 0; y < s->h; y++) {
    along_row(s, t, y, row[KZ_FUSED_LINE]);
    smooth_channels(s, y, row);
    if (in->mask) distance_row(in, s, &d, y, row[KZ_FUSED_DISTANCE]);
    drawn_row(in, y, row[KZ_FUSED_DRAWN], row[KZ_FUSED_DRAWN_VALID]);
    interleave(s->w, row, out + (size_t)y * s->w * KZ_FUSED);
  }
}

static void compute(const struct kz_fused_input *in, const struct kz__fused_space *s, float *out) {
  struct taps t;
  make_taps(s, &t);
  sweep_picture(in, s, true);
  tensor_field(s);
  texture_field(s);
  colour_field(s);
  cross_flow(s, &t);
  put_together(in, s, &t, out);
}

static void line_alone(const struct kz_fused_input *in, const struct kz__fused_space *s,
                       uint8_t *line) {
  struct taps t;
  float *row = row_buffer(s, ROW_CHANNEL);
  make_taps(s, &t);
  sweep_picture(in, s, false);
  tensor_field(s);
  cross_flow(s, &t);
  for (int y = 0; y < s->h; y++) {
    along_row(s, &t, y, row);
    for (int x = 0; x < s->w; x++) line[(size_t)y * s->w + x] = (uint8_t)(row[x] * 255 + 0.5f);
  }
}

#define JOIN(a, b) a##b
#define TABLE(name) JOIN(kz__fused_, name)
const struct kz__fused_code TABLE(KZ_ISA_NAME) = {compute, line_alone};
