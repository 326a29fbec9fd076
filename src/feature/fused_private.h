/* What fused.c (plans, picks the instruction set) and fused_isa.c (computes; compiled once for each
 * set) share: where everything lies in the scratch memory. */
#ifndef KZ_FUSED_PRIVATE_H
#define KZ_FUSED_PRIVATE_H

#include <stddef.h>
#include <stdint.h>

#include "feature/fused.h"

enum {
  KZ__FUSED_PAD = 10,      /* px of nothing around the pair planes: the longest tap and a pair */
  KZ__FUSED_REACH = 127,   /* px: distances are capped here */
  KZ__FUSED_ROW_PAD = 136, /* on each side of a row buffer; the distance looks REACH far */
  KZ__FUSED_ROWS = 40,
  KZ__FUSED_LEVELS = 4,    /* of the tensor's and the texture's grids */
  KZ__FUSED_COLOUR_LEVELS = 3
};

/* Cells of a picture: value planes, then the plane of weights, [planes, h, w]. */
struct kz__grid {
  int w, h;
  float *data;
};

struct kz__fused_space {
  int w, h;
  int hw, hh;       /* cells of 2 px */
  ptrdiff_t stride; /* pairs in a padded row */
  float *tone;      /* [h + 2 PAD, stride, 2] smoothed luma and weight */
  float *ridge;     /* the same: line response and weight */
  float *half;      /* [2, hh, hw] luma and weight of 2 px cells; later a plane to spare */
  struct kz__grid tensor[KZ__FUSED_LEVELS];  /* cells of 2 to 16 px: xx, xy, yy, weight */
  struct kz__grid texture[KZ__FUSED_LEVELS]; /* 4 to 32 px: fine, coarse, weight */
  struct kz__grid colour[KZ__FUSED_COLOUR_LEVELS]; /* 8 to 32 px: L, a, b, weight */
  uint8_t *bins;    /* [hh, hw] direction of the flow */
  uint8_t *below[2]; /* [h, w] px down to the next known pixel, to the next hole */
  float *rows;      /* KZ__FUSED_ROWS buffers of w + 2 ROW_PAD */
};

/* Pieces of `scratch` (NULL: only count) for a picture; returns how many floats they take. */
size_t kz__fused_layout(int w, int h, float *scratch, struct kz__fused_space *s);

struct kz__fused_code {
  void (*compute)(const struct kz_fused_input *in, const struct kz__fused_space *s, float *out);
  void (*line)(const struct kz_fused_input *in, const struct kz__fused_space *s, uint8_t *line);
};

extern const struct kz__fused_code kz__fused_sse42, kz__fused_avx2, kz__fused_avx512;

#endif
