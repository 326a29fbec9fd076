/* Flat rectangles: what colour cards and grey scales are made of, and paintings hardly hold.
 *
 * The picture is looked at in blocks of 4 x 4 px (in a small one 3 x 3) of a copy of at most 512.
 * Most blocks of a photograph are ruled out by one comparison of bytes; the few that are of one
 * colour are joined with their neighbours, and what fills a rectangle with an edge on each side is
 * measured at the pixel. */
#include <string.h>

#include "clean/parts.h"

enum {
  SIDE = 512,       /* px, of the copy at most */
  SMALL = 384,      /* px: up to here blocks are small */
  EVEN = 16,        /* levels within a block, from end to end */
  ALIKE = 8,        /* levels between blocks of a patch */
  OTHER = 10,       /* levels that make another colour */
  MOST_BLOCKS = 28, /* across a patch */
  LEAST = 5,        /* px across one */
  BARELY = 7,       /* levels to what is around a patch, */
  CLEARLY = 18      /* on two opposite sides */
};

struct grid {
  struct kz__plane p; /* the copy, or the picture itself */
  int factor, block, columns, rows;
  uint8_t *low, *high, *wide; /* [3 w] lines of the copy */
  uint8_t *copy, *line;       /* one line [3 w] of the picture */
  uint8_t *mean;              /* [rows, columns, 3] */
  uint8_t *flat;              /* [rows, columns]: 1 until it is taken */
  uint16_t *stack;
};

static int factor_for(int w, int h) {
  int side = w > h ? w : h;
  return (side + SIDE - 1) / SIDE;
}

static int block_for(int w, int h) { return w <= SMALL && h <= SMALL ? 3 : 4; }

size_t kz__clean_patch_scratch(int w, int h) {
  int f = factor_for(w, h), block = block_for(w / f, h / f);
  size_t cw = (size_t)(w / f), ch = (size_t)(h / f);
  size_t blocks = (cw / (size_t)block) * (ch / (size_t)block);
  return (f > 1 ? 3 * cw * ch + 3 * (size_t)w : 0) + 9 * cw +
         blocks * (3 + 1 + sizeof(uint16_t)) + sizeof(uint16_t);
}

static void lay_grid(const struct kz__plane *p, struct grid *g, void *scratch) {
  g->factor = factor_for(p->w, p->h);
  g->p = *p;
  g->p.w = p->w / g->factor;
  g->p.h = p->h / g->factor;
  g->block = block_for(g->p.w, g->p.h);
  g->columns = g->p.w / g->block;
  g->rows = g->p.h / g->block;
  size_t blocks = (size_t)g->columns * (size_t)g->rows, line = 3 * (size_t)g->p.w;
  uint8_t *at = scratch;
  at += (uintptr_t)at % sizeof(uint16_t);
  g->stack = (uint16_t *)at;
  g->mean = (uint8_t *)(g->stack + blocks);
  g->flat = g->mean + 3 * blocks;
  g->low = g->flat + blocks;
  g->high = g->low + line;
  g->wide = g->high + line;
  g->line = g->wide + line;
  g->copy = g->line + 3 * (size_t)p->w;
}

/* Every pixel of the copy is the mean of two that lie in its cell, one below the other. */
static void reduce(const struct kz__plane *from, struct grid *g) {
  if (g->factor == 1) return;
  const int f = g->factor, w = g->p.w, h = g->p.h;
  const size_t n = 3 * (size_t)from->w;
  uint8_t *restrict to = g->copy, *restrict line = g->line;
  for (int y = 0; y < h; y++) {
    const uint8_t *restrict a = kz__at(from, 0, y * f);
    const uint8_t *restrict b = kz__at(from, 0, y * f + f / 2);
    for (size_t i = 0; i < n; i++) line[i] = (uint8_t)((a[i] + b[i] + 1) >> 1);
    for (int x = 0; x < w; x++, to += 3) memcpy(to, line + 3 * (size_t)(x * f), 3);
  }
  g->p.rgb = g->copy;
}

/* ---- blocks ---- */

static void extremes(const struct grid *g, int row) {
  const uint8_t *r = kz__at(&g->p, 0, row * g->block);
  size_t n = 3 * (size_t)g->p.w;
  uint8_t *restrict low = g->low, *restrict high = g->high, *restrict wide = g->wide;
  const uint8_t *restrict a = r, *restrict b = r + n, *restrict c = b + n;
  const uint8_t *restrict d = g->block == 4 ? c + n : c;
  for (size_t i = 0; i < n; i++) {
    uint8_t l = a[i] < b[i] ? a[i] : b[i], h = a[i] > b[i] ? a[i] : b[i];
    uint8_t m = c[i] < d[i] ? c[i] : d[i], k = c[i] > d[i] ? c[i] : d[i];
    low[i] = l < m ? l : m;
    high[i] = h > k ? h : k;
  }
  for (size_t i = 0; i < n; i++) {
    uint8_t range = high[i] - low[i];
    wide[i] = range > EVEN ? range : 0;
  }
}

static bool even(const uint8_t *low, const uint8_t *high, int block) {
  for (int c = 0; c < 3; c++) {
    int l = 255, h = 0;
    for (int i = 0; i < block; i++) {
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
      const uint8_t *low = g->low + 3 * g->block * x, *high = g->high + 3 * g->block * x;
      uint64_t wide; /* the 8 first bytes, of 9 or 12: most end here */
      memcpy(&wide, g->wide + 3 * g->block * x, sizeof wide);
      g->flat[at] = !wide && even(low, high, g->block);
      if (!g->flat[at]) continue;
      for (int c = 0; c < 3; c++) {
        int sum = 0;
        for (int i = 0; i < g->block; i++) sum += low[3 * i + c] + high[3 * i + c];
        g->mean[3 * at + (size_t)c] = (uint8_t)(sum / (2 * g->block));
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

/* Whether the middle half of a line of pixels has the colour. */
static bool of_colour(const struct kz__plane *p, int x, int y, int dx, int dy, int n,
                      const uint8_t rgb[3]) {
  int near = 0, all = 0;
  for (int i = n / 4; i < n - n / 4; i++, all++)
    near += kz__apart(kz__at(p, x + i * dx, y + i * dy), rgb) <= OTHER;
  return 4 * near >= 3 * all;
}

/* How far the mean of a line's middle half is from the colour; 255 outside of the picture. */
static int contrast(const struct kz__plane *p, int x, int y, int dx, int dy, int n,
                    const uint8_t rgb[3]) {
  int sum[3] = {0}, all = 0;
  uint8_t mean[3];
  if (x < 0 || y < 0 || x >= p->w || y >= p->h) return 255;
  for (int i = n / 4; i < n - n / 4; i++, all++) {
    const uint8_t *q = kz__at(p, x + i * dx, y + i * dy);
    for (int c = 0; c < 3; c++) sum[c] += q[c];
  }
  for (int c = 0; c < 3; c++) mean[c] = (uint8_t)(sum[c] / all);
  return kz__apart(mean, rgb);
}

/* Filled to its corners, and other colours around it, clearly so on two opposite sides. */
static bool stands_out(const struct kz__plane *p, const struct kz__patch *r) {
  const int right = r->x + r->w, bottom = r->y + r->h;
  const int corner[4][2] = {{r->x + 1, r->y + 1}, {right - 2, r->y + 1}, {r->x + 1, bottom - 2},
                            {right - 2, bottom - 2}};
  for (int i = 0; i < 4; i++)
    if (kz__apart(kz__at(p, corner[i][0], corner[i][1]), r->rgb) > 2 * OTHER) return false;
  int a = contrast(p, r->x - 2, r->y, 0, 1, r->h, r->rgb);
  int b = contrast(p, right + 1, r->y, 0, 1, r->h, r->rgb);
  int c = contrast(p, r->x, r->y - 2, 1, 0, r->w, r->rgb);
  int d = contrast(p, r->x, bottom + 1, 1, 0, r->w, r->rgb);
  int across = a < b ? a : b, along = c < d ? c : d;
  return across >= BARELY && along >= BARELY && (across >= CLEARLY || along >= CLEARLY);
}

/* From blocks to pixels: each side grows while the next line has the colour. False if one does not
 * end: then it is a part of something larger. The picture's edge ends it too. */
static bool grow(const struct grid *g, const struct blob *b, struct kz__patch *r) {
  const struct kz__plane *p = &g->p;
  const int x = b->left * g->block, y = b->top * g->block, most = 2 * g->block;
  const int w = (b->right - b->left) * g->block, h = (b->bottom - b->top) * g->block;
  int left = 0, right = 0, up = 0, down = 0;
  while (left <= most && x - left > 0 && of_colour(p, x - left - 1, y, 0, 1, h, b->rgb)) left++;
  if (left > most) return false;
  while (right <= most && x + w + right < p->w && of_colour(p, x + w + right, y, 0, 1, h, b->rgb))
    right++;
  if (right > most) return false;
  while (up <= most && y - up > 0 && of_colour(p, x, y - up - 1, 1, 0, w, b->rgb)) up++;
  if (up > most) return false;
  while (down <= most && y + h + down < p->h && of_colour(p, x, y + h + down, 1, 0, w, b->rgb))
    down++;
  if (down > most) return false;
  *r = (struct kz__patch){x - left, y - up, w + left + right, h + up + down,
                          {b->rgb[0], b->rgb[1], b->rgb[2]}};
  return r->w >= LEAST && r->h >= LEAST && r->w <= 3 * r->h && r->h <= 3 * r->w &&
         stands_out(p, r);
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
    if (!is_patch(&b) || !grow(&g, &b, &r)) continue;
    r.x *= g.factor, r.y *= g.factor, r.w *= g.factor, r.h *= g.factor;
    out[count++] = r;
  }
  return count;
}
