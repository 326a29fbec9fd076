/* From flat rectangles to a colour card: those of one size that stand side by side at one distance.
 * A painted border may repeat a flat shape too, in two colours or three; a card shows many. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "clean/parts.h"

enum { FEWEST = 6, COLOURS_FEWEST = 5, NEW_COLOUR = 16, RANGE = 70 };
static const double nearest = 0.8, farthest = 2.3; /* sizes from centre to centre */

struct search {
  const struct kz__patch *patch;
  int count;
  int16_t group[KZ__PATCHES], queue[KZ__PATCHES];
};

static bool same_size(const struct kz__patch *a, const struct kz__patch *b) {
  int w = a->w > b->w ? a->w : b->w, h = a->h > b->h ? a->h : b->h;
  return abs(a->w - b->w) <= 2 + w / 4 && abs(a->h - b->h) <= 2 + h / 4;
}

/* Distance between centres along an axis in twice the pixels. */
static int gap(int a, int size_a, int b, int size_b) { return 2 * b + size_b - 2 * a - size_a; }

/* Steps in sizes to the right and down. */
static void steps(const struct kz__patch *a, const struct kz__patch *b, double *right,
                  double *down) {
  *right = (double)gap(a->x, a->w, b->x, b->w) / (a->w + b->w);
  *down = (double)gap(a->y, a->h, b->y, b->h) / (a->h + b->h);
}

static bool beside(const struct kz__patch *a, const struct kz__patch *b) {
  double r, d;
  if (!same_size(a, b)) return false;
  steps(a, b, &r, &d);
  r = fabs(r), d = fabs(d);
  return (d <= 0.3 && r >= nearest && r <= farthest) || (r <= 0.3 && d >= nearest && d <= farthest);
}

static int collect(struct search *s, int seed, int number) {
  int head = 0, tail = 0;
  s->group[seed] = (int16_t)number;
  s->queue[tail++] = (int16_t)seed;
  while (head < tail) {
    const struct kz__patch *a = &s->patch[s->queue[head++]];
    for (int j = 0; j < s->count; j++) {
      if (s->group[j] || !beside(a, &s->patch[j])) continue;
      s->group[j] = (int16_t)number;
      s->queue[tail++] = (int16_t)j;
    }
  }
  return tail;
}

/* ---- how much like a card ---- */

static int distinct(const struct kz__card *c, int *range) {
  uint8_t seen[KZ__MEMBERS][3], low[3] = {255, 255, 255}, high[3] = {0};
  int colours = 0;
  for (int i = 0; i < c->count; i++) {
    const uint8_t *p = c->member[i].rgb;
    int j = 0;
    while (j < colours && kz__apart(seen[j], p) > NEW_COLOUR) j++;
    if (j == colours) memcpy(seen[colours++], p, 3);
    for (int k = 0; k < 3; k++) {
      low[k] = p[k] < low[k] ? p[k] : low[k];
      high[k] = p[k] > high[k] ? p[k] : high[k];
    }
  }
  *range = kz__apart(low, high);
  return colours;
}

/* Share of the members whose next to the right, or below, is at the usual distance. */
static double regular(const struct kz__card *c, bool down) {
  double step[KZ__MEMBERS], usual = 1e9;
  int n = 0, good = 0;
  for (int i = 0; i < c->count; i++) {
    double least = 1e9;
    for (int j = 0; j < c->count; j++) {
      double r, d;
      steps(&c->member[i], &c->member[j], &r, &d);
      double along = down ? d : r, across = down ? r : d;
      if (along >= nearest && fabs(across) <= 0.3 && along < least) least = along;
    }
    if (least <= farthest) step[n++] = least;
  }
  if (n < 3) return down ? 1 : 0;
  /* The usual is that with the most others near it. */
  for (int i = 0; i < n; i++) {
    int near = 0;
    for (int j = 0; j < n; j++)
      near += fabs(step[j] - step[i]) <= 0.12 || fabs(step[j] - 2 * step[i]) <= 0.12;
    if (near > good || (near == good && step[i] < usual)) good = near, usual = step[i];
  }
  return (double)good / n;
}

static double ramp(double v, double none, double full) {
  double t = (v - none) / (full - none);
  return t < 0 ? 0 : t > 1 ? 1 : t;
}

static double likeness(const struct kz__card *c) {
  int range, colours = distinct(c, &range);
  double across = regular(c, false), down = regular(c, true);
  double order = across > 0 ? fmin(across, down) : down;
  if (colours < COLOURS_FEWEST || range < RANGE) return 0;
  return ramp(c->count, 3, 10) * ramp(order, 0.5, 0.85) *
         ramp((double)colours / c->count, 0.25, 0.6);
}

/* ---- its body ---- */

static void bounds(const struct kz__card *c, struct kz_clean_rect *r) {
  int right = 0, bottom = 0;
  *r = (struct kz_clean_rect){c->member[0].x, c->member[0].y, 0, 0};
  for (int i = 0; i < c->count; i++) {
    const struct kz__patch *m = &c->member[i];
    r->x = m->x < r->x ? m->x : r->x;
    r->y = m->y < r->y ? m->y : r->y;
    right = m->x + m->w > right ? m->x + m->w : right;
    bottom = m->y + m->h > bottom ? m->y + m->h : bottom;
  }
  r->w = right - r->x;
  r->h = bottom - r->y;
}

/* How far the card's own border goes on outwards from (x, y): lines of n px, `most` at most. */
static int border(const struct kz__plane *p, int x, int y, int dx, int dy, int n, int most) {
  const bool across = dy != 0;
  uint8_t body[3];
  int lines = 0;
  for (int k = 0; k < most; k++, lines++) {
    int lx = x + dx * k, ly = y + dy * k, near = 0;
    if (lx < 0 || ly < 0 || lx >= p->w || ly >= p->h) return lines;
    if (k == 1 || k == 0) { /* the first may still be half a patch */
      int sum[3] = {0};
      for (int i = 0; i < n; i++) {
        const uint8_t *q = kz__at(p, across ? lx + i : lx, across ? ly : ly + i);
        for (int c = 0; c < 3; c++) sum[c] += q[c];
      }
      for (int c = 0; c < 3; c++) body[c] = (uint8_t)(sum[c] / n);
    }
    for (int i = 0; i < n; i++)
      near += kz__apart(kz__at(p, across ? lx + i : lx, across ? ly : ly + i), body) <= 28;
    if (k > 1 && 10 * near < 7 * n) return lines;
  }
  return lines;
}

static void add_border(const struct kz__plane *p, struct kz__card *c) {
  struct kz_clean_rect r = c->at;
  const struct kz__patch *m = &c->member[0];
  int most = m->w > m->h ? m->w : m->h;
  int left = border(p, r.x - 1, r.y, -1, 0, r.h, most);
  int right = border(p, r.x + r.w, r.y, 1, 0, r.h, most);
  int top = border(p, r.x, r.y - 1, 0, -1, r.w, most);
  int bottom = border(p, r.x, r.y + r.h, 0, 1, r.w, most);
  c->at = (struct kz_clean_rect){r.x - left, r.y - top, r.w + left + right, r.h + top + bottom};
}

void kz__clean_card(const struct kz__plane *p, const struct kz__patch *patches, int count,
                    struct kz__card *card) {
  struct search s = {.patch = patches, .count = count};
  static const double least = 0.2;
  double best = least;
  int chosen = 0, number = 0;
  card->at.w = card->count = 0;
  card->confidence = 0;
  for (int i = 0; i < count; i++) {
    if (s.group[i]) continue;
    int n = collect(&s, i, ++number);
    if (n < FEWEST || n > KZ__MEMBERS) continue;
    card->count = n;
    for (int k = 0; k < n; k++) card->member[k] = patches[s.queue[k]];
    double t = likeness(card);
    if (t > best) best = t, chosen = number;
  }
  card->count = 0;
  if (!chosen) return;
  for (int i = 0; i < count; i++)
    if (s.group[i] == chosen) card->member[card->count++] = patches[i];
  card->confidence = best;
  bounds(card, &card->at);
  add_border(p, card);
}
