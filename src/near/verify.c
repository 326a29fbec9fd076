/* Whether b is of the same picture as a, and how it lies on it. Locals that are each other's
 * nearest are matched; any two matches make a similarity, and the one that most others agree with
 * is fitted to them by least squares. Nothing is drawn at random: 40 matches make 780 pairs at
 * most, and few of those agree in turn and size with what their locals say. Where the hash found
 * the pair, the way it lies is known, and locals only have to agree.
 *
 * A mirrored b is turned into a plain one first: its places, and its bits, by changing halves. */
#include <math.h>
#include <string.h>

#include "near/private.h"

enum { N = KZ_NEAR_THUMB, FEWEST_CELLS = 48 };
#define TURN_AGREES 14   /* 128ths of a turn between a similarity and one local's */
#define SIZE_AGREES 1.6f /* levels between them */
#define CLOSE 4.5f       /* px of the small luma between a place and where it should be */
#define FAR_APART 12.0f  /* px between two matches that make a similarity */

struct spot {
  float x, y; /* px of the small luma */
  int scale, angle;
};
struct match {
  struct spot a, b;
};
struct scene {
  const struct kz__near_view *a, *b;
  float unit_a, unit_b; /* px of the picture in one of the small luma */
  bool mirror;
  int count;
  struct match match[KZ_NEAR_LOCALS];
};
/* x' = c x - s y + tx, y' = s x + c y + ty: of the small luma of b (mirrored) to a's */
struct similarity {
  float c, s, tx, ty;
};

static float unit_of(const struct kz__near_view *v) {
  return sqrtf((float)v->width * (float)v->height) / KZ__NEAR_SIDE;
}

static struct spot spot_of(const struct kz__near_view *v, int i, float unit, bool mirror) {
  struct kz_near_local l = kz__near_placed(v->place[i]);
  float x = ((float)l.x + 0.5f) / 2048, y = ((float)l.y + 0.5f) / 2048;
  return (struct spot){(mirror ? 1 - x : x) * (float)v->width / unit, y * (float)v->height / unit,
                       l.scale, mirror ? (64 - l.angle) & 127 : l.angle};
}

/* ---- matches ---- */

static void nearest(const struct kz__near_view *a, const struct kz__near_view *b, bool mirror,
                    int *of_a, int *of_b) {
  int least_a[KZ_NEAR_LOCALS], least_b[KZ_NEAR_LOCALS];
  for (int j = 0; j < b->count; j++) least_b[j] = KZ__NEAR_ALIKE + 1, of_b[j] = -1;
  for (int i = 0; i < a->count; i++) {
    const uint64_t *p = a->bits[i];
    const uint64_t turned[4] = {p[2], p[3], p[0], p[1]}, *bits = mirror ? turned : p;
    least_a[i] = KZ__NEAR_ALIKE + 1, of_a[i] = -1;
    for (int j = 0; j < b->count; j++) {
      int d = kz__near_distance(bits, b->bits[j]);
      if (d < least_a[i]) least_a[i] = d, of_a[i] = j;
      if (d < least_b[j]) least_b[j] = d, of_b[j] = i;
    }
  }
}

static void pair_up(struct scene *s) {
  int of_a[KZ_NEAR_LOCALS], of_b[KZ_NEAR_LOCALS];
  nearest(s->a, s->b, s->mirror, of_a, of_b);
  s->count = 0;
  for (int i = 0; i < s->a->count; i++)
    if (of_a[i] >= 0 && of_b[of_a[i]] == i)
      s->match[s->count++] = (struct match){spot_of(s->a, i, s->unit_a, false),
                                            spot_of(s->b, of_a[i], s->unit_b, s->mirror)};
}

/* ---- the similarity ---- */

static bool place_agrees(const struct similarity *t, const struct match *m) {
  float dx = t->c * m->b.x - t->s * m->b.y + t->tx - m->a.x;
  float dy = t->s * m->b.x + t->c * m->b.y + t->ty - m->a.y;
  return dx * dx + dy * dy <= CLOSE * CLOSE;
}

static bool turn_agrees(const struct match *m, int turn, float size) {
  int off = (m->a.angle - m->b.angle - turn) & 127;
  return (off <= TURN_AGREES || off >= 128 - TURN_AGREES) &&
         fabsf((float)(m->a.scale - m->b.scale) - size) <= SIZE_AGREES;
}

static void turn_and_size(const struct similarity *t, int *turn, float *size) {
  *turn = (int)lrintf(atan2f(t->s, t->c) * (64 / 3.14159265f));
  *size = 1.5f * log2f(t->c * t->c + t->s * t->s);
}

static int agreeing(const struct scene *s, const struct similarity *t, bool *agrees) {
  int turn, n = 0;
  float size;
  turn_and_size(t, &turn, &size);
  for (int i = 0; i < s->count; i++) {
    agrees[i] = place_agrees(t, &s->match[i]) && turn_agrees(&s->match[i], turn, size);
    n += agrees[i];
  }
  return n;
}

/* The similarity that leaves the least squares over the matches marked; false if they are all at
 * one place. */
static bool fit(const struct scene *s, const bool *use, struct similarity *t) {
  double n = 0, ax = 0, ay = 0, bx = 0, by = 0, dot = 0, cross = 0, square = 0;
  for (int i = 0; i < s->count; i++) {
    if (!use[i]) continue;
    n++;
    ax += (double)s->match[i].a.x, ay += (double)s->match[i].a.y;
    bx += (double)s->match[i].b.x, by += (double)s->match[i].b.y;
  }
  if (n < 2) return false;
  ax /= n, ay /= n, bx /= n, by /= n;
  for (int i = 0; i < s->count; i++) {
    if (!use[i]) continue;
    double px = (double)s->match[i].a.x - ax, py = (double)s->match[i].a.y - ay;
    double qx = (double)s->match[i].b.x - bx, qy = (double)s->match[i].b.y - by;
    dot += px * qx + py * qy;
    cross += py * qx - px * qy;
    square += qx * qx + qy * qy;
  }
  double c = dot / square, d = cross / square;
  if (!(square > 1) || c * c + d * d < 0.01) return false;
  *t = (struct similarity){(float)c, (float)d, (float)(ax - c * bx + d * by),
                           (float)(ay - d * bx - c * by)};
  return true;
}

static bool of_two(const struct match *p, const struct match *q, struct similarity *t) {
  float ax = q->a.x - p->a.x, ay = q->a.y - p->a.y, bx = q->b.x - p->b.x, by = q->b.y - p->b.y;
  float a2 = ax * ax + ay * ay, b2 = bx * bx + by * by;
  if (a2 < FAR_APART * FAR_APART || b2 < FAR_APART * FAR_APART) return false;
  float c = (ax * bx + ay * by) / b2, s = (ay * bx - ax * by) / b2;
  *t = (struct similarity){c, s, p->a.x - c * p->b.x + s * p->b.y,
                           p->a.y - s * p->b.x - c * p->b.y};
  return true;
}

/* Best similarity; returns how many agree with it. */
static int align(const struct scene *s, struct similarity *best) {
  bool agrees[KZ_NEAR_LOCALS];
  int most = 0;
  for (int i = 0; i < s->count; i++)
    for (int j = i + 1; j < s->count; j++) {
      struct similarity t;
      int turn, n;
      float size;
      if (!of_two(&s->match[i], &s->match[j], &t)) continue;
      turn_and_size(&t, &turn, &size);
      if (!turn_agrees(&s->match[i], turn, size)) continue;
      if (!turn_agrees(&s->match[j], turn, size)) continue;
      if ((n = agreeing(s, &t, agrees)) > most) most = n, *best = t;
    }
  for (int round = 0; most >= 3 && round < 3; round++) {
    struct similarity t = *best;
    agreeing(s, best, agrees);
    if (!fit(s, agrees, &t)) break;
    int n = agreeing(s, &t, agrees);
    if (n < most) break;
    most = n, *best = t;
  }
  return most;
}

/* ---- transforms in px of the pictures ---- */

static void to_pixels(const struct scene *s, const struct similarity *t, float m[6]) {
  float k = s->unit_a / s->unit_b, sign = s->mirror ? -1.0f : 1.0f;
  float from = s->mirror ? (float)s->b->width : 0; /* mirrored x = from + sign x */
  m[0] = k * t->c * sign, m[1] = -k * t->s, m[2] = k * t->c * from + t->tx * s->unit_a;
  m[3] = k * t->s * sign, m[4] = k * t->c, m[5] = k * t->s * from + t->ty * s->unit_a;
}

/* b laid `way` has its hash as a: so does its frame lie on a's. */
static void way_to_pixels(const struct scene *s, int way, float m[6]) {
  float aw = (float)s->a->width, ah = (float)s->a->height;
  float bw = (float)s->b->width, bh = (float)s->b->height;
  float x[3] = {1 / bw, 0, 0}, y[3] = {0, 1 / bh, 0}; /* of the unit square, from px of b */
  if (way & 1) x[0] = -x[0], x[2] = 1;
  if (way & 2) y[1] = -y[1], y[2] = 1;
  for (int i = 0; i < 3; i++) {
    m[i] = aw * (way & 4 ? y[i] : x[i]);
    m[3 + i] = ah * (way & 4 ? x[i] : y[i]);
  }
}

static bool invert(const float m[6], float r[6]) {
  float det = m[0] * m[4] - m[1] * m[3];
  if (!(fabsf(det) > 1e-12f)) return false;
  r[0] = m[4] / det, r[1] = -m[1] / det, r[3] = -m[3] / det, r[4] = m[0] / det;
  r[2] = -(r[0] * m[2] + r[1] * m[5]);
  r[5] = -(r[3] * m[2] + r[4] * m[5]);
  return true;
}

/* ---- what both show ---- */

static float thumb_at(const uint8_t *thumb, int i) {
  return (float)(thumb[i >> 1] >> (4 * (i & 1)) & 15);
}

/* Between four cells; x, y in cells. */
static float thumb_mix(const float *t, float x, float y) {
  x = fminf(fmaxf(x - 0.5f, 0), N - 1.001f);
  y = fminf(fmaxf(y - 0.5f, 0), N - 1.001f);
  int i = (int)x, j = (int)y;
  float fx = x - (float)i, fy = y - (float)j;
  const float *p = t + j * N + i;
  return (1 - fy) * ((1 - fx) * p[0] + fx * p[1]) + fy * ((1 - fx) * p[N] + fx * p[N + 1]);
}

/* Correlation of the thumbnails where both are, m from px of b to px of a; how many cells of a. */
static float correlate(const struct scene *s, const float m[6], int *cells) {
  float r[6], tb[N * N];
  double n = 0, sa = 0, sb = 0, aa = 0, bb = 0, ab = 0;
  float cx = (float)s->a->width / N, cy = (float)s->a->height / N;
  *cells = 0;
  if (!invert(m, r)) return 0;
  for (int i = 0; i < N * N; i++) tb[i] = thumb_at(s->b->thumb, i);
  for (int i = 0; i < N * N; i++) {
    float ax = ((float)(i % N) + 0.5f) * cx, ay = ((float)(i / N) + 0.5f) * cy;
    float x = (r[0] * ax + r[1] * ay + r[2]) / (float)s->b->width;
    float y = (r[3] * ax + r[4] * ay + r[5]) / (float)s->b->height;
    if (x < 0 || x > 1 || y < 0 || y > 1) continue;
    double u = (double)thumb_at(s->a->thumb, i), v = (double)thumb_mix(tb, x * N, y * N);
    n++, sa += u, sb += v, aa += u * u, bb += v * v, ab += u * v;
  }
  *cells = (int)n;
  double va = n * aa - sa * sa, vb = n * bb - sb * sb;
  return va > 0 && vb > 0 ? (float)((n * ab - sa * sb) / sqrt(va * vb)) : 0;
}

/* What is left of the polygon on the inner side of x >= 0 (axis 0) or y >= 0, or of <= limit. */
static int clip(float (*p)[2], int n, int axis, float limit, bool below) {
  float out[12][2];
  int count = 0;
  for (int i = 0; i < n; i++) {
    const float *u = p[i], *v = p[(i + 1) % n];
    float du = below ? limit - u[axis] : u[axis] - limit;
    float dv = below ? limit - v[axis] : v[axis] - limit;
    if (du >= 0) memcpy(out[count++], u, sizeof out[0]);
    if ((du >= 0) == (dv >= 0)) continue;
    float f = du / (du - dv);
    out[count][0] = u[0] + f * (v[0] - u[0]);
    out[count++][1] = u[1] + f * (v[1] - u[1]);
  }
  memcpy(p, out, (size_t)count * sizeof out[0]);
  return count;
}

/* Shares of a and of b that the other shows. */
static void share(const struct scene *s, const float m[6], float *of_a, float *of_b) {
  float w = (float)s->b->width, h = (float)s->b->height, p[12][2];
  float corner[4][2] = {{0, 0}, {w, 0}, {w, h}, {0, h}}, area = 0;
  int n = 4;
  for (int i = 0; i < 4; i++) {
    p[i][0] = m[0] * corner[i][0] + m[1] * corner[i][1] + m[2];
    p[i][1] = m[3] * corner[i][0] + m[4] * corner[i][1] + m[5];
  }
  n = clip(p, n, 0, 0, false);
  n = clip(p, n, 0, (float)s->a->width, true);
  n = clip(p, n, 1, 0, false);
  n = clip(p, n, 1, (float)s->a->height, true);
  for (int i = 0; i < n; i++)
    area += p[i][0] * p[(i + 1) % n][1] - p[i][1] * p[(i + 1) % n][0];
  area = fabsf(area) / 2;
  *of_a = area / ((float)s->a->width * (float)s->a->height);
  *of_b = area / (fabsf(m[0] * m[4] - m[1] * m[3]) * w * h);
}

/* ---- judgement ---- */

/* Locals of v that lie in the other's frame, with m from px of v to px of it. */
static int covered(const struct kz__near_view *v, const struct kz__near_view *other,
                   const float m[6]) {
  int n = 0;
  for (int i = 0; i < v->count; i++) {
    struct kz_near_local l = kz__near_placed(v->place[i]);
    float x = (float)l.x * (float)v->width / 2048, y = (float)l.y * (float)v->height / 2048;
    float u = m[0] * x + m[1] * y + m[2], w = m[3] * x + m[4] * y + m[5];
    n += u >= 0 && u < (float)other->width && w >= 0 && w < (float)other->height;
  }
  return n;
}

static enum kz_near_kind kind_of(const struct scene *s, const float m[6], float of_a, float of_b) {
  const struct kz__near_view *a = s->a, *b = s->b;
  if (of_a < 0.9f && of_b < 0.9f) return KZ_NEAR_OVERLAP;
  if (of_a < 0.9f || of_b < 0.9f) return KZ_NEAR_CROPPED;
  if (m[0] * m[4] - m[1] * m[3] < 0) return KZ_NEAR_MIRRORED;
  if (fabsf(atan2f(m[3] - m[1], m[0] + m[4])) > 0.05f) return KZ_NEAR_TURNED;
  if (a->width != b->width || a->height != b->height) return KZ_NEAR_RESIZED;
  if (a->count == b->count && !memcmp(a->bits, b->bits, kz__near_block(a->count)))
    return KZ_NEAR_SAME;
  return KZ_NEAR_REENCODED;
}

static void report(const struct scene *s, const float m[6], int locals, float correlation,
                   struct kz_near_pair *pair) {
  float of_a, of_b;
  share(s, m, &of_a, &of_b);
  pair->kind = kind_of(s, m, of_a, of_b);
  pair->overlap = of_a > 0 ? 1 / (1 / of_a + 1 / of_b - 1) : 0;
  pair->of_a = fminf(of_a, 1);
  pair->of_b = fminf(of_b, 1);
  pair->correlation = correlation;
  pair->locals = locals;
  memcpy(pair->transform, m, sizeof pair->transform);
}

/* So many locals that it cannot be chance; fewer, if what both show looks the same. */
static bool convinces(int locals, int expected, float correlation, int cells) {
  if (cells < FEWEST_CELLS || locals < 5) return false;
  float part = (float)locals / (float)(expected > 5 ? expected : 5);
  return correlation >= 0.9f    ? part >= 0.15f
         : correlation >= 0.75f ? locals >= 6 && part >= 0.2f
                                : correlation >= 0.5f && locals >= 9 && part >= 0.3f;
}

static bool by_locals(struct scene *s, struct kz_near_pair *pair) {
  struct similarity t;
  float m[6], r[6];
  pair_up(s);
  if (s->count < 5) return false;
  int cells, n = align(s, &t);
  if (n < 5) return false;
  to_pixels(s, &t, m);
  if (!invert(m, r)) return false;
  int of_a = covered(s->a, s->b, r), of_b = covered(s->b, s->a, m);
  float correlation = correlate(s, m, &cells);
  if (!convinces(n, of_a < of_b ? of_a : of_b, correlation, cells)) return false;
  report(s, m, n, correlation, pair);
  return true;
}

/* Of the locals of both, how many of a are where m says, and alike. */
static int in_place(const struct scene *s, const float m[6]) {
  int n = 0;
  float reach = CLOSE * s->unit_a;
  for (int i = 0; i < s->a->count; i++) {
    struct spot p = spot_of(s->a, i, 1, false);
    const uint64_t *q = s->a->bits[i];
    const uint64_t turned[4] = {q[2], q[3], q[0], q[1]}, *bits = s->mirror ? turned : q;
    for (int j = 0; j < s->b->count; j++) {
      struct spot o = spot_of(s->b, j, 1, false);
      float dx = m[0] * o.x + m[1] * o.y + m[2] - p.x, dy = m[3] * o.x + m[4] * o.y + m[5] - p.y;
      if (dx * dx + dy * dy > reach * reach) continue;
      if (kz__near_distance(bits, s->b->bits[j]) > KZ__NEAR_ALIKE) continue;
      n++;
      break;
    }
  }
  return n;
}

static bool by_way(struct scene *s, int way, struct kz_near_pair *pair) {
  float m[6], ratio = (float)s->a->width / (float)s->a->height;
  float other = (float)s->b->width / (float)s->b->height;
  int cells;
  ratio *= way & 4 ? other : 1 / other;
  if (ratio < 0.9f || ratio > 1.11f) return false;
  way_to_pixels(s, way, m);
  s->mirror = m[0] * m[4] - m[1] * m[3] < 0;
  float correlation = correlate(s, m, &cells);
  if (correlation < 0.9f) return false;
  int n = in_place(s, m), least = s->a->count < s->b->count ? s->a->count : s->b->count;
  int most = s->a->count + s->b->count - least;
  bool bare = most < 8 && correlation >= 0.98f; /* hardly anything stands out in either */
  if (!bare && (n < 4 || n * 4 < least)) return false;
  report(s, m, n, correlation, pair);
  return true;
}

bool kz__near_verify(const struct kz__near_view *a, const struct kz__near_view *b, int how,
                     struct kz_near_pair *pair) {
  struct scene s = {.a = a, .b = b, .unit_a = unit_of(a), .unit_b = unit_of(b)};
  if (how < KZ__NEAR_WAYS) return by_way(&s, how, pair);
  s.mirror = how >= KZ__NEAR_MIRROR;
  return by_locals(&s, pair);
}
