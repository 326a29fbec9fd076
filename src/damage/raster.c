/* Every shape is a function "for each row, these spans" behind one gate. Far
 * from the limit (its box would fit) a shape is drawn at once; near it, the
 * rows are run dry first to learn the exact number of new pixels. */
#include "damage/raster.h"

#include <math.h>
#include <string.h>

struct box {
  float x0, y0, x1, y1;
};

void kz__canvas_init(struct kz__canvas *c, int width, int height, uint8_t *mask) {
  *c = (struct kz__canvas){
      .width = width, .height = height, .mask = mask, .limit = INT64_MAX};
}

/* Bytes of p[0..n) that are set; bytes are 0 or 255. */
static int count_set(const uint8_t *p, int n) {
  int bits = 0;
  uint64_t word;
  for (; n >= 8; n -= 8, p += 8) {
    memcpy(&word, p, 8);
    bits += __builtin_popcountll(word);
  }
  word = 0;
  memcpy(&word, p, (size_t)n);
  return (bits + __builtin_popcountll(word)) / 8;
}

static inline void span(struct kz__canvas *c, int y, float left, float right) {
  int x0 = (int)ceilf(fmaxf(left, 0.0f));
  int x1 = (int)floorf(fminf(right, (float)(c->width - 1)));
  if (x1 < x0) return;
  uint8_t *row = c->mask + (int64_t)y * c->width + x0;
  int n = x1 - x0 + 1;
  int fresh = n - count_set(row, n);
  if (c->dry) {
    c->pending += fresh;
  } else if (fresh > 0) {
    memset(row, 255, (size_t)n);
    c->count += fresh;
  }
}

/* Rows of the canvas between y0 and y1; false if there are none. */
static bool rows(const struct kz__canvas *c, float y0, float y1, int *first, int *last) {
  float lo = fmaxf(ceilf(y0), 0.0f), hi = fminf(floorf(y1), (float)(c->height - 1));
  if (!(lo <= hi)) return false;
  *first = (int)lo;
  *last = (int)hi;
  return true;
}

typedef void (*shape_fn)(struct kz__canvas *c, const void *shape);

static void gate(struct kz__canvas *c, struct box b, shape_fn fill, const void *shape) {
  double w = fminf(b.x1, (float)c->width) - fmaxf(b.x0, -1.0f) + 1.0;
  double h = fminf(b.y1, (float)c->height) - fmaxf(b.y0, -1.0f) + 1.0;
  if (w <= 0 || h <= 0) return;
  if ((double)c->count + w * h > (double)c->limit) {
    c->dry = true;
    c->pending = 0;
    fill(c, shape);
    c->dry = false;
    if (c->count + c->pending > c->limit) {
      c->closed = true;
      return;
    }
  }
  fill(c, shape);
}

/* ---- capsule ---- */

struct capsule {
  struct kz__point a, b;
  float radius;
};

/* Narrow [left, right] to lo <= k x + offset <= hi; `inverse` is 1 / k, 0 for a level slab. */
static inline void slab(float inverse, float offset, float lo, float hi, float *left,
                        float *right) {
  if (inverse == 0.0f) {
    if (offset < lo || offset > hi) *right = -INFINITY;
    return;
  }
  float p = (lo - offset) * inverse, q = (hi - offset) * inverse;
  *left = fmaxf(*left, fminf(p, q));
  *right = fminf(*right, fmaxf(p, q));
}

static inline void widen(float x, float dy, float radius, float *left, float *right) {
  float s = radius * radius - dy * dy;
  if (s < 0) return;
  s = sqrtf(s);
  *left = fminf(*left, x - s);
  *right = fmaxf(*right, x + s);
}

static inline float inverse_of(float k) { return fabsf(k) < 1e-6f ? 0.0f : 1.0f / k; }

/* The union of two discs and the rectangle between them is convex: one span a row. */
static void fill_capsule(struct kz__canvas *c, const void *shape) {
  const struct capsule *s = shape;
  float dx = s->b.x - s->a.x, dy = s->b.y - s->a.y, r = s->radius;
  float length = sqrtf(dx * dx + dy * dy);
  float ux = length > 0 ? dx / length : 1.0f, uy = length > 0 ? dy / length : 0.0f;
  float along = inverse_of(ux), across = inverse_of(-uy);
  int y, last;
  if (!rows(c, fminf(s->a.y, s->b.y) - r, fmaxf(s->a.y, s->b.y) + r, &y, &last)) return;
  for (; y <= last; y++) {
    float ya = (float)y - s->a.y, left = -INFINITY, right = INFINITY;
    slab(along, ya * uy, 0.0f, length, &left, &right);
    slab(across, ya * ux, -r, r, &left, &right);
    if (left <= right) {
      left += s->a.x;
      right += s->a.x;
    } else {
      left = INFINITY;
      right = -INFINITY;
    }
    widen(s->a.x, ya, r, &left, &right);
    widen(s->b.x, (float)y - s->b.y, r, &left, &right);
    if (left <= right) span(c, y, left, right);
  }
}

void kz__capsule(struct kz__canvas *c, struct kz__point a, struct kz__point b, float radius) {
  struct capsule s = {a, b, radius};
  struct box box = {fminf(a.x, b.x) - radius, fminf(a.y, b.y) - radius,
                    fmaxf(a.x, b.x) + radius, fmaxf(a.y, b.y) + radius};
  gate(c, box, fill_capsule, &s);
}

/* ---- ellipse ---- */

/* A turned ellipse cut by the row at dy: centre `shear` dy, half width
 * `half` sqrt(1 - (dy / height)^2). */
struct ellipse {
  struct kz__point centre;
  float height, shear, half;
};

static void fill_ellipse(struct kz__canvas *c, const void *shape) {
  const struct ellipse *s = shape;
  int y, last;
  if (!rows(c, s->centre.y - s->height, s->centre.y + s->height, &y, &last)) return;
  for (; y <= last; y++) {
    float dy = (float)y - s->centre.y, t = dy / s->height;
    float half = s->half * sqrtf(fmaxf(0.0f, 1.0f - t * t)), mid = s->centre.x + s->shear * dy;
    span(c, y, mid - half, mid + half);
  }
}

void kz__ellipse(struct kz__canvas *c, struct kz__point centre, float rx, float ry, float angle) {
  float co = cosf(angle), si = sinf(angle);
  float hh = rx * rx * si * si + ry * ry * co * co;
  float wide = sqrtf(rx * rx * co * co + ry * ry * si * si);
  struct ellipse s = {centre, sqrtf(hh), (rx * rx - ry * ry) * si * co / hh,
                      rx * ry / sqrtf(hh)};
  struct box box = {centre.x - wide, centre.y - s.height, centre.x + wide, centre.y + s.height};
  gate(c, box, fill_ellipse, &s);
}

/* ---- polygon ---- */

struct edge {
  int first, last; /* rows it crosses */
  float x, slope;  /* where, at row `first`; change a row */
};

struct polygon {
  struct edge edge[KZ__POLYGON_MAX]; /* by `first` */
  int count;
};

static void add_edge(struct polygon *s, int height, struct kz__point a, struct kz__point b) {
  if (a.y > b.y) {
    struct kz__point t = a;
    a = b;
    b = t;
  }
  /* Rows in [a.y, b.y): a vertex on a row belongs to one edge only. */
  float lo = fmaxf(ceilf(a.y), 0.0f), hi = fminf(ceilf(b.y) - 1.0f, (float)(height - 1));
  if (!(lo <= hi)) return;
  float slope = (b.x - a.x) / (b.y - a.y);
  struct edge e = {(int)lo, (int)hi, a.x + (lo - a.y) * slope, slope};
  int i = s->count++;
  for (; i > 0 && s->edge[i - 1].first > e.first; i--) s->edge[i] = s->edge[i - 1];
  s->edge[i] = e;
}

/* The active edges in the order of x at the current row; nearly sorted already. */
static void sort_active(struct edge *active, int n) {
  for (int i = 1; i < n; i++) {
    struct edge e = active[i];
    int j = i;
    for (; j > 0 && active[j - 1].x > e.x; j--) active[j] = active[j - 1];
    active[j] = e;
  }
}

static void fill_polygon(struct kz__canvas *c, const void *shape) {
  const struct polygon *s = shape;
  struct edge active[KZ__POLYGON_MAX];
  int n = 0, next = 0;
  if (s->count == 0) return;
  for (int y = s->edge[0].first; n > 0 || next < s->count; y++) {
    int kept = 0;
    for (int i = 0; i < n; i++)
      if (active[i].last >= y) active[kept++] = active[i];
    n = kept;
    while (next < s->count && s->edge[next].first == y) active[n++] = s->edge[next++];
    sort_active(active, n);
    for (int i = 0; i + 1 < n; i += 2) span(c, y, active[i].x, active[i + 1].x);
    for (int i = 0; i < n; i++) active[i].x += active[i].slope;
  }
}

void kz__polygon(struct kz__canvas *c, const struct kz__point *p, int n) {
  struct polygon s;
  struct box box = {p[0].x, p[0].y, p[0].x, p[0].y};
  s.count = 0;
  for (int i = 0; i < n; i++) {
    add_edge(&s, c->height, p[i], p[(i + 1) % n]);
    box.x0 = fminf(box.x0, p[i].x);
    box.y0 = fminf(box.y0, p[i].y);
    box.x1 = fmaxf(box.x1, p[i].x);
    box.y1 = fmaxf(box.y1, p[i].y);
  }
  gate(c, box, fill_polygon, &s);
}
