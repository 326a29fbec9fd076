/* Flat rectangles: what colour cards and grey scales are made of, and paintings hardly hold.
 *
 * The picture is looked at in blocks of 4 x 4 px of a copy of at most 512 px. Most blocks of a
 * photograph are ruled out by one comparison of bytes; the few that are of one colour are joined
 * with their neighbours, and what fills a rectangle is measured at the pixel. */
#include <string.h>

#include "clean/parts.h"

enum {
  SIDE = 512,      /* px, of the copy at most */
  BLOCK = 4,       /* px */
  EVEN = 22,       /* levels within a block, from end to end */
  ALIKE = 12,      /* levels between blocks of a patch */
  MOST_BLOCKS = 28, /* across a patch */
  LEAST = 6        /* px across one */
};

struct grid {
  struct kz__plane p; /* the copy, or the picture itself */
  int factor, columns, rows;
  uint8_t *copy, *low, *high; /* [3 w] lines */
  uint8_t *mean;              /* [rows, columns, 3] */
  uint8_t *flat;              /* [rows, columns]: 1 until it is taken */
  uint16_t *stack;
};

static int factor_for(int w, int h) {
  int side = w > h ? w : h;
  return (side + SIDE - 1) / SIDE;
}

size_t kz__clean_patch_scratch(int w, int h) {
  int f = factor_for(w, h);
  size_t cw = (size_t)(w / f), ch = (size_t)(h / f), blocks = (cw / BLOCK + 1) * (ch / BLOCK + 1);
  return (f > 1 ? 3 * cw * ch : 0) + 6 * cw + blocks * (3 + 1 + sizeof(uint16_t)) + 16;
}

static void lay_grid(const struct kz__plane *p, struct grid *g, void *scratch) {
  g->factor = factor_for(p->w, p->h);
  g->p = *p;
  g->p.w = p->w / g->factor;
  g->p.h = p->h / g->factor;
  g->columns = g->p.w / BLOCK;
  g->rows = g->p.h / BLOCK;
  size_t blocks = (size_t)g->columns * (size_t)g->rows, line = 3 * (size_t)g->p.w;
  uint8_t *at = scratch;
  at += (uintptr_t)at % sizeof(uint16_t);
  g->stack = (uint16_t *)at;
  g->mean = (uint8_t *)(g->stack + blocks);
  g->flat = g->mean + 3 * blocks;
  g->low = g->flat + blocks;
  g->high = g->low + line;
  g->copy = g->high + line;
}

/* Every pixel of the copy is the mean of four that lie in its cell. */
static void reduce(const struct kz__plane *from, struct grid *g) {
  if (g->factor == 1) return;
  int f = g->factor, half = f / 2;
  uint8_t *to = g->copy;
  for (int y = 0; y < g->p.h; y++)
    for (int x = 0; x < g->p.w; x++, to += 3) {
      const uint8_t *a = kz__at(from, x * f, y * f), *b = kz__at(from, x * f, y * f + half);
      const uint8_t *c = a + 3 * half, *d = b + 3 * half;
      for (int i = 0; i < 3; i++) to[i] = (uint8_t)((a[i] + b[i] + c[i] + d[i] + 2) / 4);
    }
  g->p.rgb = g->copy;
}

/* ---- blocks ---- */

static void extremes(const struct grid *g, int row) {
  const uint8_t *r = kz__at(&g->p, 0, row * BLOCK);
  size_t n = 3 * (size_t)g->p.w;
  uint8_t *restrict low = g->low, *restrict high = g->high;
  const uint8_t *restrict a = r, *restrict b = r + n, *restrict c = b + n, *restrict d = c + n;
  for (size_t i = 0; i < n; i++) {
    uint8_t l = a[i] < b[i] ? a[i] : b[i], h = a[i] > b[i] ? a[i] : b[i];
    uint8_t m = c[i] < d[i] ? c[i] : d[i], k = c[i] > d[i] ? c[i] : d[i];
    low[i] = l < m ? l : m;
    high[i] = h > k ? h : k;
  }
}

static bool even(const uint8_t *low, const uint8_t *high) {
  if (high[0] - low[0] > EVEN || high[7] - low[7] > EVEN) return false; /* most end here */
  for (int c = 0; c < 3; c++) {
    int l = 255, h = 0;
    for (int i = 0; i < BLOCK; i++) {
      l = low[3 * i + c] < l ? low[3 * i + c] : l;
      h = high[3 * i + c] > h ? high[3 * i + c] : h;
    }
    if (h - l > EVEN) return false;
  }
  return true;
}

static void mark_blocks(const struct grid *g) {
  for (int y = 0; y < g->rows; y++) {
    extremes(g, y);
    for (int x = 0; x < g->columns; x++) {
      size_t at = (size_t)y * (size_t)g->columns + (size_t)x;
      const uint8_t *low = g->low + 3 * BLOCK * x, *high = g->high + 3 * BLOCK * x;
      g->flat[at] = even(low, high);
      if (!g->flat[at]) continue;
      for (int c = 0; c < 3; c++) {
        int sum = 0;
        for (int i = 0; i < BLOCK; i++) sum += low[3 * i + c] + high[3 * i + c];
        g->mean[3 * at + (size_t)c] = (uint8_t)(sum / (2 * BLOCK));
      }
    }
  }
}

/* ---- patches ---- */

struct blob {
  int left, top, right, bottom, count; /* blocks; the ends excluded */
  uint8_t rgb[3];
};

static void take(const struct grid *g, struct blob *b, int at, int *waiting) {
  int x = at % g->columns, y = at / g->columns;
  g->flat[at] = 0;
  g->stack[(*waiting)++] = (uint16_t)at;
  b->left = x < b->left ? x : b->left;
  b->right = x >= b->right ? x + 1 : b->right;
  b->top = y < b->top ? y : b->top;
  b->bottom = y >= b->bottom ? y + 1 : b->bottom;
  b->count++;
}

static void gather(const struct grid *g, int seed, struct blob *b) {
  int waiting = 0;
  *b = (struct blob){g->columns, g->rows, 0, 0, 0, {0}};
  memcpy(b->rgb, g->mean + 3 * (size_t)seed, 3);
  take(g, b, seed, &waiting);
  while (waiting) {
    int at = g->stack[--waiting], x = at % g->columns;
    const int next[] = {x > 0 ? at - 1 : -1, x + 1 < g->columns ? at + 1 : -1, at - g->columns,
                        at + g->columns};
    for (int i = 0; i < 4; i++) {
      int n = next[i];
      if (n < 0 || n >= g->columns * g->rows || !g->flat[n]) continue;
      if (kz__apart(g->mean + 3 * (size_t)n, b->rgb) <= ALIKE) take(g, b, n, &waiting);
    }
  }
}

/* Share of the middle half of a line of pixels that has the colour. */
static bool of_colour(const struct kz__plane *p, int x, int y, int dx, int dy, int n,
                      const uint8_t rgb[3]) {
  int near = 0, all = 0;
  for (int i = n / 4; i < n - n / 4; i++, all++)
    near += kz__apart(kz__at(p, x + i * dx, y + i * dy), rgb) <= EVEN;
  return 4 * near >= 3 * all;
}

/* From blocks to pixels: a side grows while the next line has the colour. */
static void grow(const struct kz__plane *p, const struct blob *b, struct kz__patch *r) {
  int x = b->left * BLOCK, y = b->top * BLOCK, right = b->right * BLOCK, bottom = b->bottom * BLOCK;
  int w = right - x, h = bottom - y, most = 2 * BLOCK;
  for (int i = 0; i < most && x > 0 && of_colour(p, x - 1, y, 0, 1, h, b->rgb); i++) x--;
  for (int i = 0; i < most && right < p->w && of_colour(p, right, y, 0, 1, h, b->rgb); i++) right++;
  for (int i = 0; i < most && y > 0 && of_colour(p, b->left * BLOCK, y - 1, 1, 0, w, b->rgb); i++)
    y--;
  for (int i = 0;
       i < most && bottom < p->h && of_colour(p, b->left * BLOCK, bottom, 1, 0, w, b->rgb); i++)
    bottom++;
  *r = (struct kz__patch){x, y, right - x, bottom - y, {b->rgb[0], b->rgb[1], b->rgb[2]}};
}

static bool is_patch(const struct blob *b) {
  int w = b->right - b->left, h = b->bottom - b->top;
  return w <= MOST_BLOCKS && h <= MOST_BLOCKS && 10 * b->count >= 7 * w * h && w <= 4 * h &&
         h <= 4 * w;
}

int kz__clean_patches(const struct kz__plane *p, struct kz__patch *out, void *scratch) {
  struct grid g;
  int count = 0;
  lay_grid(p, &g, scratch);
  reduce(p, &g);
  mark_blocks(&g);
  for (int at = 0; at < g.columns * g.rows && count < KZ__PATCHES; at++) {
    struct blob b;
    struct kz__patch r;
    if (!g.flat[at]) continue;
    gather(&g, at, &b);
    if (!is_patch(&b)) continue;
    grow(&g.p, &b, &r);
    if (r.w < LEAST || r.h < LEAST || r.w > 3 * r.h || r.h > 3 * r.w) continue;
    r.x *= g.factor, r.y *= g.factor, r.w *= g.factor, r.h *= g.factor;
    out[count++] = r;
  }
  return count;
}
