/* From flat rectangles to a colour card: those of one size that stand side by side at one distance.
 * A painted border may repeat a flat shape too, in two colours or three; a card shows many. */
#include <stdlib.h>
#include <string.h>

#include "clean/parts.h"

enum { FEWEST = 6, COLOURS_FEWEST = 5, NEW_COLOUR = 14, RANGE = 70 };
static const double nearest = 0.8, farthest = 2.3; /* sizes from centre to centre */

struct search {
  const struct kz__patch *patch;
  int count;
  int right, down; /* the usual steps, in half pixels; 0: any */
  int16_t group[KZ__PATCHES], queue[KZ__PATCHES];
};

static bool same_size(const struct kz__patch *a, const struct kz__patch *b) {
  int w = a->w > b->w ? a->w : b->w, h = a->h > b->h ? a->h : b->h;
  return abs(a->w - b->w) <= 2 + w / 5 && abs(a->h - b->h) <= 2 + h / 5;
}

/* Distance between centres along an axis in half pixels. */
static int apart(int a, int size_a, int b, int size_b) { return 2 * b + size_b - 2 * a - size_a; }

/* Whether a step of that many half pixels, by sizes of that many together, leads to a neighbour. */
static bool is_step(int step, int sizes, int usual) {
  step = abs(step);
  if (step < nearest * sizes || step > farthest * sizes) return false;
  return !usual || abs(step - usual) <= 2 + usual / 8 || abs(step - 2 * usual) <= 2 + usual / 8;
}

static bool beside(const struct search *s, const struct kz__patch *a, const struct kz__patch *b) {
  if (!same_size(a, b)) return false;
  int r = apart(a->x, a->w, b->x, b->w), d = apart(a->y, a->h, b->y, b->h);
  int w = a->w + b->w, h = a->h + b->h;
  return (4 * abs(d) <= h && is_step(r, w, s->right)) ||
         (4 * abs(r) <= w && is_step(d, h, s->down));
}

/* Those of group `from` that hang together with the seed become group `to`; how many. */
static int collect(struct search *s, int seed, int from, int to) {
  int head = 0, tail = 0;
  s->group[seed] = (int16_t)to;
  s->queue[tail++] = (int16_t)seed;
  while (head < tail) {
    const struct kz__patch *a = &s->patch[s->queue[head++]];
    for (int j = 0; j < s->count; j++) {
      if (s->group[j] != from || !beside(s, a, &s->patch[j])) continue;
      s->group[j] = (int16_t)to;
      s->queue[tail++] = (int16_t)j;
    }
  }
  return tail;
}

/* The step to the next on the right, or below, that most members of a group share; 0: fewer than
 * three do. */
static int usual_step(const struct search *s, int group, bool down) {
  int step[KZ__PATCHES], n = 0, most = 0, usual = 0;
  for (int i = 0; i < s->count; i++) {
    const struct kz__patch *a = &s->patch[i];
    int least = 0;
    for (int j = 0; j < s->count && s->group[i] == group; j++) {
      const struct kz__patch *b = &s->patch[j];
      if (s->group[j] != group || !same_size(a, b)) continue;
      int r = apart(a->x, a->w, b->x, b->w), d = apart(a->y, a->h, b->y, b->h);
      int along = down ? d : r, across = down ? r : d;
      int size = down ? a->h + b->h : a->w + b->w, width = down ? a->w + b->w : a->h + b->h;
      if (along > 0 && is_step(along, size, 0) && 4 * abs(across) <= width &&
          (!least || along < least))
        least = along;
    }
    if (least) step[n++] = least;
  }
  for (int i = 0; i < n; i++) {
    int near = 0;
    for (int j = 0; j < n; j++) near += abs(step[j] - step[i]) <= 2 + step[i] / 8;
    if (near > most || (near == most && step[i] < usual)) most = near, usual = step[i];
  }
  return most >= 3 ? usual : 0;
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

static double ramp(double v, double none, double full) {
  double t = (v - none) / (full - none);
  return t < 0 ? 0 : t > 1 ? 1 : t;
}

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

/* How many it has of the places that its rows and columns make. */
static double filled(const struct kz__card *c, const struct search *s) {
  struct kz_clean_rect r;
  bounds(c, &r);
  int across = s->right ? (2 * r.w + s->right / 2) / s->right : 1;
  int along = s->down ? (2 * r.h + s->down / 2) / s->down : 1;
  double places = (double)(across > 0 ? across : 1) * (along > 0 ? along : 1);
  return c->count / places;
}

static double likeness(const struct kz__card *c, const struct search *s) {
  int range, colours = distinct(c, &range);
  if (colours < COLOURS_FEWEST || range < RANGE) return 0;
  return ramp(c->count, 2, 8) * ramp(filled(c, s), 0.3, 0.6) *
         ramp((double)colours / c->count, 0.25, 0.6);
}

/* ---- its body ---- */

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
    if (k > 1 && 2 * near < n) return lines; /* a label may lie on it */
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

/* Of a group those that stand at its usual steps, again by what hangs together; the likest. */
static void try_group(struct search *s, int group, struct kz__card *trial, struct kz__card *best) {
  s->right = usual_step(s, group, false);
  s->down = usual_step(s, group, true);
  for (int i = 0; i < s->count && (s->right || s->down); i++) {
    if (s->group[i] != group) continue;
    int n = collect(s, i, group, -1);
    if (n < FEWEST || n > KZ__MEMBERS) continue;
    trial->count = n;
    for (int k = 0; k < n; k++) trial->member[k] = s->patch[s->queue[k]];
    trial->confidence = likeness(trial, s);
    if (trial->confidence > best->confidence) *best = *trial;
  }
  s->right = s->down = 0;
}

void kz__clean_card(const struct kz__plane *p, const struct kz__patch *patches, int count,
                    struct kz__card *trial, struct kz__card *card) {
  struct search s = {.patch = patches, .count = count};
  static const double least = 0.4;
  card->at.w = card->count = 0;
  card->confidence = least;
  for (int i = 0, number = 0; i < count; i++)
    if (!s.group[i] && collect(&s, i, 0, ++number) >= FEWEST) try_group(&s, number, trial, card);
  if (!card->count) return;
  bounds(card, &card->at);
  add_border(p, card);
}
