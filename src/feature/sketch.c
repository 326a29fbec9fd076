/* A rough hand drawing out of a true line drawing.
 *
 * What a hand does is imitated in the order it would do it: which strokes it sees (weak ones and
 * flecks are left out, by connected component), with which pen (thresholded or soft, thickened
 * unevenly), how well it aims (the drawing is moved as a whole, and wobbles), where it lifts (gaps,
 * pressure). What varies over the picture is a field: random values at the nodes of a grid,
 * bilinear between, so that bounds on the nodes hold everywhere: a displacement drawn from a disc
 * stays in that disc. Pixels are fetched from where the field points, with bilinear weights.
 *
 * So nothing is drawn further from a true line than SHIFT by displacement, one pixel by
 * interpolation and THICKEN by the pen, each way. */
#include "feature/sketch.h"

#include <math.h>
#include <stdbool.h>
#include <string.h>

enum { SHIFT = 3, THICKEN = 2, INK = 48, CELL = 8, FIELDS = 2 };

/* Shares of all draws. What is left of the last is blobs. */
static const float nowhere = 0.3f, everywhere = 0.6f, half_plane = 0.74f, rectangle = 0.87f;
static const float untouched = 0.2f, thresholded = 0.6f;

struct run {
  int begin, end, up; /* [begin, end) of its row; a run of the same component, itself if first */
  int size, peak;     /* of the first: pixels, darkest value */
};

struct field {
  int cell, across; /* px between nodes; nodes in a row */
  float *node;
};

struct sketch {
  struct kz_rng *rng;
  int w, h;
  uint8_t *line, *other; /* the drawing; room for what it becomes */
  struct run *runs;
  int *row_runs;         /* [h + 1] first run of each row */
  struct field field[FIELDS];
  float *row[FIELDS];
};

static size_t node_count(int w, int h) {
  return (size_t)(w / CELL + 2) * (size_t)(h / CELL + 2);
}

static size_t most_runs(int w, int h) { return (size_t)h * ((size_t)(w + 1) / 2); }

size_t kz_sketch_scratch(int w, int h) {
  return sizeof(struct run) + most_runs(w, h) * sizeof(struct run) +
         (size_t)(h + 1) * sizeof(int) + FIELDS * (node_count(w, h) + (size_t)w) * sizeof(float) +
         (size_t)w * (size_t)h;
}

static void lay_out(struct sketch *s, uint8_t *scratch) {
  const uintptr_t unit = _Alignof(struct run);
  scratch += (unit - (uintptr_t)scratch % unit) % unit;
  s->runs = (struct run *)scratch;
  s->row_runs = (int *)(s->runs + most_runs(s->w, s->h));
  float *at = (float *)(s->row_runs + s->h + 1);
  for (int i = 0; i < FIELDS; i++) {
    s->field[i].node = at;
    s->row[i] = at + node_count(s->w, s->h);
    at = s->row[i] + s->w;
  }
  s->other = (uint8_t *)at;
}

static bool chance(struct sketch *s, float share) { return kz_rng_uniform(s->rng) < share; }

/* A grid of nodes `cell` px apart, still without values; returns how many it has. */
static int field_init(struct sketch *s, int which, int cell) {
  struct field *f = &s->field[which];
  f->cell = cell;
  f->across = s->w / cell + 2;
  return f->across * (s->h / cell + 2);
}

/* Uniform in [0, 1) at the nodes. */
static void field_draw(struct sketch *s, int which, int cell) {
  const int count = field_init(s, which, cell);
  for (int i = 0; i < count; i++) s->field[which].node[i] = kz_rng_uniform(s->rng);
}

static const float *field_row(struct sketch *s, int which, int y) {
  const struct field *f = &s->field[which];
  const float *top = f->node + (size_t)(y / f->cell) * f->across, *low = top + f->across;
  const float step = 1 / (float)f->cell, down = (float)(y % f->cell) * step;
  float *row = s->row[which];
  for (int i = 0; i * f->cell < s->w; i++) {
    const float a = top[i] + (low[i] - top[i]) * down;
    const float slope = (top[i + 1] + (low[i + 1] - top[i + 1]) * down - a) * step;
    const int begin = i * f->cell, rest = s->w - begin, count = rest < f->cell ? rest : f->cell;
    for (int k = 0; k < count; k++) row[begin + k] = a + slope * (float)k;
  }
  return row;
}

/* Components: runs of ink along rows, joined with those that touch them in the row before. */
static int first_of(struct run *runs, int i) {
  while (runs[i].up != i) i = runs[i].up = runs[runs[i].up].up;
  return i;
}

static void find_runs(struct sketch *s) {
  int count = 0;
  for (int y = 0; y < s->h; y++) {
    const uint8_t *line = s->line + (size_t)y * s->w;
    s->row_runs[y] = count;
    for (int x = 0; x < s->w; x++) {
      if (line[x] < INK) continue;
      struct run r = {x, x, count, 0, 0};
      for (; r.end < s->w && line[r.end] >= INK; r.end++)
        if (r.peak < line[r.end]) r.peak = line[r.end];
      r.size = r.end - r.begin;
      s->runs[count++] = r;
      x = r.end;
    }
  }
  s->row_runs[s->h] = count;
}

static void join_runs(struct sketch *s) {
  struct run *runs = s->runs;
  for (int y = 1; y < s->h; y++) {
    int i = s->row_runs[y - 1], j = s->row_runs[y];
    const int i_end = j, j_end = s->row_runs[y + 1];
    while (i < i_end && j < j_end) {
      if (runs[i].begin <= runs[j].end && runs[j].begin <= runs[i].end) {
        int a = first_of(runs, i), b = first_of(runs, j);
        runs[a > b ? a : b].up = a < b ? a : b;
      }
      if (runs[i].end < runs[j].end) i++;
      else j++;
    }
  }
  for (int i = 0; i < s->row_runs[s->h]; i++) {
    int a = first_of(runs, i);
    if (a == i) continue;
    runs[a].size += runs[i].size;
    if (runs[a].peak < runs[i].peak) runs[a].peak = runs[i].peak;
  }
}

/* Leaves out flecks, weak strokes, and some at random; and what is too faint to be in a run. */
static void drop_strokes(struct sketch *s) {
  const int fleck = kz_rng_int(s->rng, 0, 40), weak = kz_rng_int(s->rng, INK, 150);
  const float lost = kz_rng_range(s->rng, 0, 0.15f);
  find_runs(s);
  join_runs(s);
  memset(s->other, 0, (size_t)s->w * (size_t)s->h);
  for (int y = 0; y < s->h; y++)
    for (int i = s->row_runs[y]; i < s->row_runs[y + 1]; i++) {
      struct run *r = &s->runs[i], *first = &s->runs[first_of(s->runs, i)];
      const size_t at = (size_t)y * s->w + (size_t)r->begin;
      if (r == first && (r->size < fleck || r->peak < weak || chance(s, lost))) r->size = 0;
      if (first->size) memcpy(s->other + at, s->line + at, (size_t)(r->end - r->begin));
    }
  memcpy(s->line, s->other, (size_t)s->w * (size_t)s->h);
}

static void threshold(struct sketch *s) {
  const int level = kz_rng_int(s->rng, 60, 170);
  const int64_t count = (int64_t)s->w * s->h;
  for (int64_t i = 0; i < count; i++) s->line[i] = s->line[i] >= level ? 255 : 0;
}

static inline uint8_t darker(uint8_t a, uint8_t b) { return a > b ? a : b; }

/* other = the darkest of each pixel and its four neighbours. */
static void grow(struct sketch *s) {
  const int w = s->w, h = s->h;
  for (int y = 0; y < h; y++) {
    const uint8_t *here = s->line + (size_t)y * w;
    const uint8_t *above = y > 0 ? here - w : here, *below = y + 1 < h ? here + w : here;
    uint8_t *restrict to = s->other + (size_t)y * w;
    for (int x = 0; x < w; x++) to[x] = darker(here[x], darker(above[x], below[x]));
    for (int x = 1; x < w; x++) to[x] = darker(to[x], here[x - 1]);
    for (int x = 0; x + 1 < w; x++) to[x] = darker(to[x], here[x + 1]);
  }
}

/* A pixel thicker, at most THICKEN times, each time over a part of the picture or all of it. */
static void thicken(struct sketch *s) {
  const int times = kz_rng_int(s->rng, 0, THICKEN);
  for (int i = 0; i < times; i++) {
    const float from = kz_rng_range(s->rng, -0.3f, 0.7f);
    field_draw(s, 0, kz_rng_int(s->rng, 2 * CELL, 6 * CELL));
    grow(s);
    for (int y = 0; y < s->h; y++) {
      const float *f = field_row(s, 0, y);
      uint8_t *line = s->line + (size_t)y * s->w;
      const uint8_t *thick = s->other + (size_t)y * s->w;
      for (int x = 0; x < s->w; x++) line[x] = f[x] > from ? thick[x] : line[x];
    }
  }
}

/* A vector of at most `radius`. */
static void draw_in_disc(struct kz_rng *rng, float radius, float *x, float *y) {
  const float angle = kz_rng_range(rng, 0, 6.2831853f), r = radius * sqrtf(kz_rng_uniform(rng));
  *x = r * cosf(angle);
  *y = r * sinf(angle);
}

/* All moved together by a part of SHIFT, and each node by what is left. */
static void draw_shift(struct sketch *s) {
  const float whole = kz_rng_range(s->rng, 0, SHIFT), share = kz_rng_uniform(s->rng);
  const int cell = kz_rng_int(s->rng, CELL, 6 * CELL);
  const int count = field_init(s, 0, cell);
  float x, y;
  field_init(s, 1, cell);
  draw_in_disc(s->rng, whole * share, &x, &y);
  for (int i = 0; i < count; i++) {
    float *to_x = s->field[0].node + i, *to_y = s->field[1].node + i;
    draw_in_disc(s->rng, whole * (1 - share), to_x, to_y);
    *to_x += x;
    *to_y += y;
  }
}

static float within(float v, float most) { return v < 0 ? 0 : v > most ? most : v; }

static void displace(struct sketch *s) {
  const int w = s->w, h = s->h;
  draw_shift(s);
  for (int y = 0; y < h; y++) {
    const float *dx = field_row(s, 0, y), *dy = field_row(s, 1, y);
    uint8_t *to = s->other + (size_t)y * w;
    for (int x = 0; x < w; x++) {
      const float fx = within((float)x + dx[x], (float)(w - 1));
      const float fy = within((float)y + dy[x], (float)(h - 1));
      const int ix = (int)fx, iy = (int)fy;
      const float tx = fx - (float)ix, ty = fy - (float)iy;
      const int64_t right = ix + 1 < w, below = iy + 1 < h ? w : 0;
      const uint8_t *p = s->line + (int64_t)iy * w + ix;
      const float a = (float)p[0] + (float)(p[right] - p[0]) * tx;
      const float b = (float)p[below] + (float)(p[below + right] - p[below]) * tx;
      to[x] = (uint8_t)(a + (b - a) * ty + 0.5f);
    }
  }
  memcpy(s->line, s->other, (size_t)w * (size_t)h);
}

static void erase_disc(struct sketch *s, float x, float y, float radius) {
  for (int i = (int)within(y - radius, (float)s->h); i < s->h && (float)i <= y + radius; i++)
    for (int j = (int)within(x - radius, (float)s->w); j < s->w && (float)j <= x + radius; j++) {
      const float dx = (float)j - x, dy = (float)i - y;
      if (dx * dx + dy * dy <= radius * radius) s->line[(size_t)i * s->w + (size_t)j] = 0;
    }
}

static void lift_pen(struct sketch *s) {
  const float most = (float)s->w * (float)s->h / 400;
  const int count = (int)kz_rng_range(s->rng, 0, most);
  for (int i = 0; i < count; i++) {
    const float x = kz_rng_range(s->rng, 0, (float)s->w), y = kz_rng_range(s->rng, 0, (float)s->h);
    erase_disc(s, x, y, kz_rng_range(s->rng, 1, 5));
  }
}

static void press_unevenly(struct sketch *s) {
  const float least = kz_rng_range(s->rng, 0.4f, 1);
  field_draw(s, 0, kz_rng_int(s->rng, CELL, 8 * CELL));
  for (int y = 0; y < s->h; y++) {
    const float *f = field_row(s, 0, y);
    uint8_t *line = s->line + (size_t)y * s->w;
    for (int x = 0; x < s->w; x++)
      line[x] = (uint8_t)((float)line[x] * (least + (1 - least) * f[x]) + 0.5f);
  }
}

static void draw_by_hand(struct sketch *s) {
  if (chance(s, thresholded)) threshold(s);
  drop_strokes(s);
  thicken(s);
  displace(s);
  if (chance(s, 0.6f)) lift_pen(s);
  if (chance(s, 0.5f)) press_unevenly(s);
}

/* One side of a line through the middle half of the picture. */
static void show_half(struct sketch *s, uint8_t *valid) {
  const float angle = kz_rng_range(s->rng, 0, 6.2831853f), c = cosf(angle), d = sinf(angle);
  const float x0 = (float)s->w * kz_rng_range(s->rng, 0.25f, 0.75f);
  const float y0 = (float)s->h * kz_rng_range(s->rng, 0.25f, 0.75f);
  for (int y = 0; y < s->h; y++)
    for (int x = 0; x < s->w; x++)
      *valid++ = ((float)x - x0) * c + ((float)y - y0) * d > 0 ? 255 : 0;
}

/* Sides of at least a quarter of the picture's. */
static void show_rectangle(struct sketch *s, uint8_t *valid) {
  const int w = kz_rng_int(s->rng, (s->w + 3) / 4, s->w), x = kz_rng_int(s->rng, 0, s->w - w);
  const int h = kz_rng_int(s->rng, (s->h + 3) / 4, s->h), y = kz_rng_int(s->rng, 0, s->h - h);
  for (int i = y; i < y + h; i++) memset(valid + (size_t)i * s->w + x, 255, (size_t)w);
}

static void show_blobs(struct sketch *s, uint8_t *valid) {
  const float from = kz_rng_range(s->rng, 0.35f, 0.65f);
  field_draw(s, 0, kz_rng_int(s->rng, 2 * CELL, 10 * CELL));
  for (int y = 0; y < s->h; y++) {
    const float *f = field_row(s, 0, y);
    for (int x = 0; x < s->w; x++) *valid++ = f[x] > from ? 255 : 0;
  }
}

/* Where the drawing counts; false: nowhere. */
static bool choose_valid(struct sketch *s, uint8_t *valid) {
  const size_t count = (size_t)s->w * (size_t)s->h;
  const float which = kz_rng_uniform(s->rng);
  memset(valid, which >= nowhere && which < everywhere ? 255 : 0, count);
  if (which < nowhere) return false;
  if (which < everywhere) return true;
  if (which < half_plane)
    show_half(s, valid);
  else if (which < rectangle)
    show_rectangle(s, valid);
  else
    show_blobs(s, valid);
  return true;
}

void kz_sketch_roughen(struct kz_rng *rng, int w, int h, uint8_t *line, uint8_t *valid,
                       uint8_t *scratch) {
  struct sketch s = {.rng = rng, .w = w, .h = h, .line = line};
  const size_t count = (size_t)w * (size_t)h;
  lay_out(&s, scratch);
  const bool some = choose_valid(&s, valid);
  if (some && !chance(&s, untouched)) draw_by_hand(&s);
  for (size_t i = 0; i < count; i++) line[i] &= valid[i];
}
