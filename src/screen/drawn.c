/* What is not painted: colours laid on by a program. Text over a picture is strokes of one neutral
 * black or white, close together on one line. Inscriptions and white paper between strokes of ink
 * are that too; but ink and paper are found all over their picture, and text laid over it in one
 * line of it only; and black on what is as light as paper is taken for writing. Drawings and
 * screenshots are areas of exactly one colour, and few colours at that. Faint watermarks of a tone
 * between, and those repeated all over, are not found. */
#include <math.h>
#include <stdbool.h>
#include <string.h>

#include "screen/parts.h"

enum { SAMPLED = 60000, LIGHT = 238, DARK = 8, NEUTRAL = 12, STEP = 60, WIDEST = 12 };
enum { CELLS = KZ__TEXT_CELLS, ACROSS = 6, ALONG = 2, LEAST = 64 };
enum { PAPER = 190 }; /* luma; black on lighter is ink */
enum { RARE = 1, COMMON = 8 }; /* %, of the tone elsewhere in the picture */

static void count_equal(int n, const uint8_t *restrict p, uint32_t *sum) {
  uint32_t equal = 0;
  for (int x = 0; x < n; x++)
    equal += (p[3 * x] == p[3 * x + 3]) & (p[3 * x + 1] == p[3 * x + 4]) &
             (p[3 * x + 2] == p[3 * x + 5]);
  *sum += equal;
}

static double share_equal(const struct kz__screen *s) {
  uint32_t equal = 0, rows = 0;
  const int step = kz__screen_step(s, SAMPLED);
  const int n = s->right - s->left - 1;
  if (n < 1) return NAN;
  for (int y = s->top + step / 2 % (s->bottom - s->top); y < s->bottom; y += step, rows++)
    count_equal(n, s->rgb + 3 * ((size_t)y * (size_t)s->w + (size_t)s->left), &equal);
  return 100.0 * equal / ((double)rows * n);
}

static double distinct_colours(struct kz__screen *s) {
  uint32_t *seen = s->part.colours;
  int count = 0;
  const int step = kz__screen_step(s, SAMPLED);
  memset(seen, 0, sizeof s->part.colours);
  for (int y = step / 2; y < s->h; y += step) {
    const uint8_t *p = s->rgb + 3 * (size_t)y * (size_t)s->w;
    for (int x = 0; x < s->w; x++, p += 3) {
      unsigned c = (unsigned)(p[0] >> 3) << 10 | (unsigned)(p[1] >> 3) << 5 | p[2] >> 3;
      seen[c >> 5] |= 1u << (c & 31);
    }
  }
  for (int i = 0; i < 1024; i++) count += __builtin_popcount(seen[i]);
  return count;
}

static bool neutral(const uint8_t *p) {
  int low = p[0] < p[1] ? p[0] : p[1], high = p[0] > p[1] ? p[0] : p[1];
  low = low < p[2] ? low : p[2];
  high = high > p[2] ? high : p[2];
  return high - low <= NEUTRAL;
}

/* Runs of white [1] or black [0], no wider than a stroke, that end in a step on both sides. */
static void find_strokes(struct kz__screen *s, int y) {
  const uint8_t *p = s->luma + (size_t)y * (size_t)s->w;
  const uint8_t *rgb = s->rgb + 3 * (size_t)y * (size_t)s->w;
  const int band = (int)((int64_t)y * CELLS / s->h);
  for (int x = 2; x + 2 < s->w;) {
    if (p[x] < LIGHT && p[x] > DARK) {
      x++;
      continue;
    }
    bool light = p[x] >= LIGHT;
    int from = x;
    while (x < s->w && (light ? p[x] >= LIGHT : p[x] <= DARK)) x++;
    s->part.text.toned[light][band] += (uint32_t)(x - from);
    if (x - from > WIDEST || x + 2 > s->w) continue;
    if (!light && p[from - 2] > PAPER && p[x + 1] > PAPER) continue;
    int before = p[from - 2] - p[from], after = p[x + 1] - p[x - 1];
    if ((light ? before < -STEP && after < -STEP : before > STEP && after > STEP) &&
        neutral(rgb + 3 * ((from + x) / 2)))
      s->part.text.strokes[light][band][(int64_t)from * CELLS / s->w]++;
  }
}

/* Pixels of the tone outside of bands [from, to), %, of all there. */
static double elsewhere(const uint32_t *toned, const int *rows, int from, int to, int w) {
  uint64_t sum = 0, all = 0;
  for (int i = 0; i < CELLS; i++)
    if (i < from || i >= to) {
      sum += toned[i];
      all += (uint64_t)rows[i] * (uint64_t)w;
    }
  return all ? 100 * (double)sum / (double)all : 0;
}

/* n strokes a row in the field of 6 x 2 of 32 x 32 cells that has most, times the share of all
 * strokes that the field's line of text holds, less where the tone is common elsewhere. */
static double line_of_text(uint32_t strokes[CELLS][CELLS], const uint32_t *toned, const int *rows,
                           int w) {
  uint32_t best = 0, band = 0, all = 0;
  int at = 0, lines = 0;
  for (int y = 0; y + ALONG <= CELLS; y++)
    for (int x = 0; x + ACROSS <= CELLS; x++) {
      uint32_t sum = 0;
      for (int j = 0; j < ALONG; j++)
        for (int i = 0; i < ACROSS; i++) sum += strokes[y + j][x + i];
      if (sum > best) at = y;
      best = sum > best ? sum : best;
    }
  const int from = at > 0 ? at - 1 : 0, to = at + ALONG + 1 < CELLS ? at + ALONG + 1 : CELLS;
  for (int y = 0; y < CELLS; y++) {
    for (int x = 0; x < CELLS; x++) {
      all += strokes[y][x];
      if (y >= from && y < to) band += strokes[y][x];
    }
    lines += rows[y];
  }
  double common = (elsewhere(toned, rows, from, to, w) - RARE) / (COMMON - RARE);
  common = common < 0 ? 0 : common > 1 ? 1 : common;
  return all ? best * (double)CELLS / (ALONG * (double)lines) * band / all * (1 - common) : 0;
}

static double text(struct kz__screen *s) {
  int rows[CELLS] = {0};
  const int step = kz__screen_step(s, 2 * SAMPLED);
  if (s->w < LEAST || s->h < LEAST) return NAN;
  memset(&s->part.text, 0, sizeof s->part.text);
  for (int y = step / 2; y < s->h; y += step) {
    find_strokes(s, y);
    rows[(int64_t)y * CELLS / s->h]++;
  }
  double dark = line_of_text(s->part.text.strokes[0], s->part.text.toned[0], rows, s->w);
  double light = line_of_text(s->part.text.strokes[1], s->part.text.toned[1], rows, s->w);
  return dark > light ? dark : light;
}

void kz__screen_drawn(struct kz__screen *s, double *values) {
  values[KZ__FLAT] = share_equal(s);
  values[KZ__COLOURS] = (double)s->w * s->h < LEAST * LEAST ? NAN : distinct_colours(s);
  values[KZ__TEXT_OVERLAY] = text(s);
}
