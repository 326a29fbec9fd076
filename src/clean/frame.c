/* Frames and margins, side by side until nothing more comes off.
 *
 * From a side inwards every line of pixels along it is looked at, at a hundred places. A line of
 * one colour belongs to a frame, whatever the colour of the line before: mats, rules and shadows
 * are so many lines. Lines of few strokes with paper behind them are captions and page numbers.
 * What ends a frame is a line where most places differ at once. Plain ground inside of a painting
 * ends here and there, not along a straight edge; that, evenness, and what the sides have in common
 * tell how sure it is. */
#include <string.h>

#include "clean/parts.h"

enum { PLACES = 96, TOLERANCE = 14, LINES_OF_EDGE = 10, SMALLEST = 24 };
static const double deepest = 0.42;    /* of the picture, that one side may lose */
static const double stray = 0.045;     /* places of a plain line that may differ */
static const double stroke_share = 0.55; /* and of a line of text */
static const double text_height = 0.06; /* of the picture's height: a line of text at most */

/* A side of what is left: where its lines lie. */
struct side {
  const struct kz__plane *p;
  const uint8_t *start; /* the first place of the outermost line */
  ptrdiff_t place[PLACES], inward; /* offsets from start; from line to line */
  int places, length, depth;
};

struct line {
  uint8_t mean[3];
  double off;   /* share of places that differ from what it is compared with */
  double noise; /* of those that do not: mean absolute difference */
};

/* What a side's frame was. */
struct edge {
  int depth;        /* lines; 0: none */
  double jump;      /* share of places that differ just inside */
  double contrast;  /* levels, across the edge */
  double noise;     /* levels, within lines */
  double trust;     /* 0 to 1: that it is no part of the painting */
  uint8_t rgb[3];
};

static void lay_side(const struct kz__plane *p, const struct kz_clean_rect *r,
                     enum kz_clean_side which, struct side *s) {
  bool across = which == KZ_CLEAN_TOP || which == KZ_CLEAN_BOTTOM;
  ptrdiff_t row = 3 * (ptrdiff_t)p->w;
  s->p = p;
  s->length = across ? r->w : r->h;
  s->depth = across ? r->h : r->w;
  s->inward = which == KZ_CLEAN_TOP      ? row
              : which == KZ_CLEAN_BOTTOM ? -row
              : which == KZ_CLEAN_LEFT   ? 3
                                         : -3;
  s->start = kz__at(p, which == KZ_CLEAN_RIGHT ? r->x + r->w - 1 : r->x,
                    which == KZ_CLEAN_BOTTOM ? r->y + r->h - 1 : r->y);
  s->places = s->length < PLACES ? s->length : PLACES;
  for (int i = 0; i < s->places; i++) {
    int at = (int)(((int64_t)2 * i + 1) * s->length / (2 * s->places));
    s->place[i] = at * (across ? 3 : row);
  }
}

/* Line k against a colour. */
static void look(const struct side *s, int k, const uint8_t ref[3], struct line *l) {
  const uint8_t *p = s->start + k * s->inward;
  int sum[3] = {0}, near = 0, noise = 0;
  for (int i = 0; i < s->places; i++) {
    const uint8_t *q = p + s->place[i];
    int apart = kz__apart(q, ref);
    if (apart > TOLERANCE) continue;
    for (int c = 0; c < 3; c++) sum[c] += q[c];
    noise += apart;
    near++;
  }
  for (int c = 0; c < 3; c++)
    l->mean[c] = near ? (uint8_t)((sum[c] + near / 2) / near) : ref[c];
  l->off = 1 - (double)near / s->places;
  /* A shade that all places share is no noise. */
  l->noise = near ? (double)noise / near - kz__apart(l->mean, ref) : 0;
  if (l->noise < 0) l->noise = 0;
}

static void average(const struct side *s, int k, uint8_t mean[3]) {
  const uint8_t *p = s->start + k * s->inward;
  int sum[3] = {0};
  for (int i = 0; i < s->places; i++)
    for (int c = 0; c < 3; c++) sum[c] += p[s->place[i] + c];
  for (int c = 0; c < 3; c++) mean[c] = (uint8_t)((sum[c] + s->places / 2) / s->places);
}

/* ---- one side ---- */

static int window(const struct side *s) {
  int n = s->depth / 50;
  return n < 3 ? 3 : n > LINES_OF_EDGE ? LINES_OF_EDGE : n;
}

/* The edge behind the plain line k - 1, whose colour is ref: where half of those places differ that
 * differ a little further in. */
static void find_edge(const struct side *s, int k, const uint8_t ref[3], struct edge *e) {
  struct line l[LINES_OF_EDGE];
  int n = window(s), at = 0;
  double sum = 0;
  if (n > s->depth - k) n = s->depth - k;
  e->jump = 0;
  for (int i = 0; i < n; i++) {
    look(s, k + i, ref, &l[i]);
    if (l[i].off > e->jump) e->jump = l[i].off;
  }
  while (at < n - 1 && l[at].off < 0.5 * e->jump) at++;
  e->depth = k + at;
  int inside = k + at + 1 < s->depth ? k + at + 1 : s->depth - 1;
  for (int i = 0; i < s->places; i++)
    sum += kz__apart(s->start + inside * s->inward + s->place[i], ref);
  e->contrast = sum / s->places;
  memcpy(e->rgb, ref, 3);
}

static double ramp(double v, double none, double full) {
  double t = (v - none) / (full - none);
  return t < 0 ? 0 : t > 1 ? 1 : t;
}

/* How sure it is that this is no part of the painting. */
static double trust(const struct edge *e, int depth) {
  double t = ramp(e->jump, 0.3, 0.7) * ramp(e->noise, 7, 3.5);
  t *= ramp(e->contrast - 2 * e->noise, 4, 24);
  return t * ramp(e->depth, 0, depth < 300 ? 2 : 3);
}

/* Lines of one colour: from the first given to `end`, which does not belong any more. */
struct band {
  uint8_t ref[3];
  int end;
  double noise; /* levels, of the usual line: near the edge JPEG adds its own */
};

static double median_noise(const int *lines, int count) {
  int at = 0;
  for (int sum = lines[0]; 2 * sum < count && at < 2 * TOLERANCE; sum += lines[at]) at++;
  return 0.5 * at;
}

static void follow(const struct side *s, int from, int limit, int most_gap, struct band *b) {
  int noise[2 * TOLERANCE + 1] = {0}; /* lines, by half levels of theirs */
  struct line l;
  int lines = 0, run = 0;
  average(s, from, b->ref);
  look(s, from, b->ref, &l);
  memcpy(b->ref, l.mean, 3);
  b->end = from;
  if (l.off > stray) return;
  for (int k = from; k < limit && k - b->end <= most_gap; k++) {
    look(s, k, b->ref, &l);
    if (l.off > stroke_share) break;
    run = l.off <= stray ? run + 1 : 0;
    if (!run || (k != b->end && run < 2)) continue;
    b->end = k + 1;
    for (int c = 0; c < 3; c++) b->ref[c] = (uint8_t)((b->ref[c] + l.mean[c] + 1) / 2);
    noise[(int)(2 * l.noise)]++;
    lines++;
  }
  b->noise = median_noise(noise, lines);
}

/* Bands one behind the other; the innermost that ends at an edge, unless one further out is much
 * surer. */
static void examine(const struct side *s, struct edge *best) {
  int limit = (int)(deepest * s->depth), gap = (int)(text_height * s->depth), k = 0;
  double noise = 0;
  *best = (struct edge){0};
  while (k < limit) {
    struct band b;
    struct edge e;
    follow(s, k, limit, gap > 3 ? gap : 3, &b);
    if (b.end == k || b.end >= limit) return;
    find_edge(s, b.end, b.ref, &e);
    noise = b.noise > noise ? b.noise : noise;
    e.noise = noise;
    e.trust = trust(&e, s->depth);
    if (e.trust >= 0.8 * best->trust && e.trust > 0) *best = e;
    k = b.end;
  }
}

/* ---- the four sides ---- */

struct cutting {
  struct kz_clean_rect rect;
  unsigned sides;
  double trust[4], share[4]; /* by side: of its widest cut */
  uint8_t rgb[4][3];
};

static void cut(struct cutting *c, int i, const struct edge *e, int depth) {
  const enum kz_clean_side which = 1 << i;
  double share = (double)e->depth / depth;
  if (which == KZ_CLEAN_TOP) c->rect.y += e->depth;
  if (which == KZ_CLEAN_LEFT) c->rect.x += e->depth;
  if (which == KZ_CLEAN_TOP || which == KZ_CLEAN_BOTTOM)
    c->rect.h -= e->depth;
  else
    c->rect.w -= e->depth;
  c->sides |= which;
  if (share <= c->share[i]) return;
  c->share[i] = share;
  c->trust[i] = e->trust;
  memcpy(c->rgb[i], e->rgb, 3);
}

/* All that can be cut where each cut is trusted that much. A side that lost something may lose the
 * blurred rest of it on less. */
static void cut_all(const struct kz__plane *p, const struct kz_clean_rect *from, double least,
                    struct cutting *c) {
  const double rest = 0.1;
  *c = (struct cutting){.rect = *from};
  bool more = true;
  for (int round = 0; round < 4 && more; round++) {
    more = false;
    for (int i = 0; i < 4; i++) {
      struct side s;
      struct edge e;
      lay_side(p, &c->rect, 1 << i, &s);
      if (s.length < SMALLEST || s.depth < SMALLEST) return;
      examine(&s, &e);
      if (!e.depth) continue;
      bool trim = c->sides & 1u << i && e.depth <= 3;
      if (e.trust < (trim ? rest : least)) continue;
      cut(c, i, &e, s.depth);
      more = true;
    }
  }
}

/* Opposite sides of one colour speak for each other. */
static double together(const struct cutting *c, int i) {
  const int o = i ^ 1;
  bool pair = c->sides & 1u << o && kz__apart(c->rgb[i], c->rgb[o]) <= TOLERANCE &&
              c->share[i] < 3 * c->share[o] && c->share[o] < 3 * c->share[i];
  return pair ? 1 - (1 - c->trust[i]) * (1 - 0.7 * c->trust[o]) : c->trust[i];
}

void kz__clean_frame(const struct kz__plane *p, const struct kz_clean_rect *from,
                     struct kz_clean_found *out) {
  const double steps[] = {0.5, 0.15};
  struct cutting c = {0};
  for (int i = 0; i < 2 && !c.sides; i++) cut_all(p, from, steps[i], &c);
  if (!c.sides) return;
  double widest = 0;
  out->crop.confidence = 1;
  for (int i = 0; i < 4; i++) {
    if (!(c.sides & 1u << i)) continue;
    double t = together(&c, i);
    if (t < out->crop.confidence) out->crop.confidence = t;
    if (c.share[i] <= widest) continue;
    widest = c.share[i];
    memcpy(out->crop.rgb, c.rgb[i], 3);
  }
  out->crop.keep = c.rect;
  out->crop.sides = c.sides;
}
