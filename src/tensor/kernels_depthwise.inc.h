/* The weights' gradient of a convolution of each channel by itself. oneDNN 2.6 takes twenty times
 * as long for it as for the forward pass, which has as many products.
 *
 * The rows of the batch are cut into slots by shape alone; a slot and a block of VL channels make a
 * unit of work, with sums of its own, which are added in the order of slots: the bytes do not
 * depend on the number of threads. Within a unit, tiles of DW_TILE columns go down the rows with
 * the k rows of src that a row of diff_dst meets, in f32, in a ring that stays in the first cache,
 * zeros beyond the edges. Then each value of diff_dst is read once for the k taps of a row, whose
 * sums stay in registers. */
#ifndef KZ_KERNELS_DEPTHWISE_H
#define KZ_KERNELS_DEPTHWISE_H

#include "tensor/kernels_vec.inc.h"

enum { DW_TILE = 32, DW_MOST = 9 };

struct depthwise_args {
  const struct kz_depthwise *a;
  int slots, blocks;
};

/* Sums of a unit, and what it reads of a tile. */
struct depthwise_tile {
  vf sum[DW_MOST * DW_MOST], bias;
  vf src[DW_MOST][DW_TILE + DW_MOST - 1], diff[DW_TILE];
  int next; /* row of src that the ring still lacks */
};

/* Columns [from, from + count) of a row that begins at element `base`, the first n channels. */
INLINE void depthwise_pack(enum kz_dtype t, const struct kz_depthwise *a, const void *p,
                           int64_t base, int from, int count, int n, vf *to) {
  for (int i = 0; i < count; i++) {
    const int x = from + i;
    to[i] = x < 0 || x >= a->w ? (vf){0} : ldn(t, p, base + (int64_t)x * a->c, n);
  }
}

INLINE void depthwise_taps(int k, int count, const vf *diff, const vf *src, vf *sum) {
  vf s[DW_MOST];
#pragma GCC unroll 9
  for (int i = 0; i < k; i++) s[i] = sum[i];
  for (int x = 0; x < count; x++) {
    const vf d = diff[x];
#pragma GCC unroll 9
    for (int i = 0; i < k; i++) s[i] += d * src[x + i];
  }
#pragma GCC unroll 9
  for (int i = 0; i < k; i++) sum[i] = s[i];
}

/* One row of diff_dst, the batch's r-th, against the rows of src around it. */
INLINE void depthwise_row(enum kz_dtype t, int k, const struct kz_depthwise *a, int64_t r, int x0,
                          int columns, int channel, int n, struct depthwise_tile *tile) {
  const int half = k / 2, y = (int)(r % a->h);
  const int first = y > half ? y - half : 0, last = y + half < a->h ? y + half : a->h - 1;
  const int64_t row = (int64_t)a->w * a->c, top = (r - y) * row + channel;
  if (tile->next < first) tile->next = first;
  for (; tile->next <= last; tile->next++)
    depthwise_pack(t, a, a->src, top + tile->next * row, x0 - half, columns + k - 1, n,
                   tile->src[tile->next % k]);
  depthwise_pack(t, a, a->diff_dst, top + y * row, x0, columns, n, tile->diff);
  for (int x = 0; x < columns; x++) tile->bias += tile->diff[x];
  for (int sy = first; sy <= last; sy++)
    depthwise_taps(k, columns, tile->diff, tile->src[sy % k], tile->sum + (sy - y + half) * k);
}

INLINE void depthwise_unit(enum kz_dtype t, int k, const struct depthwise_args *g, int slot,
                           int channel) {
  const struct kz_depthwise *a = g->a;
  const int64_t rows = (int64_t)a->n * a->h, taps = k * k;
  const int64_t begin = cut(rows, 1, slot, g->slots), end = cut(rows, 1, slot + 1, g->slots);
  const int n = lanes(channel, a->c);
  struct depthwise_tile tile;
  float *to = a->scratch + slot * (taps + 1) * a->c + channel;
  memset(&tile, 0, sizeof tile);
  for (int x0 = 0; x0 < a->w; x0 += DW_TILE) {
    const int columns = a->w - x0 < DW_TILE ? a->w - x0 : DW_TILE;
    for (int64_t r = begin; r < end; r++) {
      if (r == begin || r % a->h == 0) tile.next = 0;
      depthwise_row(t, k, a, r, x0, columns, channel, n, &tile);
    }
  }
  for (int i = 0; i < taps; i++) stn(KZ_F32, to, i * a->c, n, tile.sum[i]);
  stn(KZ_F32, to, taps * a->c, n, tile.bias);
}

static void depthwise_units(const void *args, int64_t begin, int64_t end) {
  const struct depthwise_args *g = args;
  for (int64_t u = begin; u < end; u++) {
    const int slot = (int)(u / g->blocks), channel = (int)(u % g->blocks) * VL;
    switch (g->a->kernel) {
    case 3: WITH_DTYPE(g->a->dtype, depthwise_unit(T, 3, g, slot, channel)); break;
    case 5: WITH_DTYPE(g->a->dtype, depthwise_unit(T, 5, g, slot, channel)); break;
    case 7: WITH_DTYPE(g->a->dtype, depthwise_unit(T, 7, g, slot, channel)); break;
    default: WITH_DTYPE(g->a->dtype, depthwise_unit(T, 9, g, slot, channel)); break;
    }
  }
}

/* The slots' sums of channels [begin, end) added up, and to the gradients. */
static void depthwise_add(const void *args, int64_t begin, int64_t end) {
  const struct depthwise_args *g = args;
  const struct kz_depthwise *a = g->a;
  const int64_t taps = (int64_t)a->kernel * a->kernel, slot = (taps + 1) * a->c;
  for (int64_t c = begin; c < end; c += VL) {
    const int n = lanes(c, end);
    for (int64_t i = 0; i <= taps; i++) {
      vf sum = {0};
      for (int s = 0; s < g->slots; s++) sum += ldn(KZ_F32, a->scratch, s * slot + i * a->c + c, n);
      for (int j = 0; j < n && i < taps; j++) a->diff_weights[(c + j) * taps + i] += sum[j];
      for (int j = 0; j < n && i == taps && a->diff_bias; j++) a->diff_bias[c + j] += sum[j];
    }
  }
}

static void depthwise_backward_weights(const struct kz_depthwise *a) {
  const int64_t rows = (int64_t)a->n * a->h;
  const struct depthwise_args g = {
      .a = a,
      .slots = rows < KZ__DEPTHWISE_SLOTS ? (int)rows : KZ__DEPTHWISE_SLOTS,
      .blocks = (a->c + VL - 1) / VL};
  const int64_t taps = (int64_t)a->kernel * a->kernel;
  split((int64_t)g.slots * g.blocks, 1, rows * a->w * taps * VL / g.slots, depthwise_units, &g);
  split(a->c, 16, (taps + 1) * g.slots, depthwise_add, &g);
}

#endif
