/* Inks that show a colour.
 *
 * A profile's table from colours to inks is coarse: there and back, the mid greys of the profile
 * that libvips brings are off by 10 levels of 255, which a fill would show as a patch. Its table
 * from inks to colours, through which the original is seen, is taken as the truth instead, and the
 * inks moved until they show what was asked for: Gauss-Newton with the shortest step, since four
 * inks make three colours,
 *
 *   d = J' (J J' + e I)^-1 (srgb - show(ink)),   J [3,4] by differences,
 *
 * inks that would leave 0 to 100 % held where they are. The profile's own mix of black and colours
 * is where it starts, so that it stays nearly so. A colour that no inks show ends at the nearest
 * that was met.
 *
 * That takes some twenty looks through the profile, so it is done for the nodes of a lattice only,
 * which keeps the inks and J' (J J' + e I)^-1 of each. Any other colour starts between its nodes,
 * within a level or two, and takes the nearest node's matrix: one or two looks, many colours at a
 * time. What is not shown after that goes the long way. */
#include "image/ink.h"

#include <math.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

enum { STEPS = 12, SIDE = 33, ROUNDS = 4, CHUNK = 256 };
static const float enough = 0.05f / 255; /* of any channel */

struct node {
  float ink[4];
  float per_colour[4][3]; /* what to add to the inks for a colour that is missing */
};

struct kz__inks {
  const struct kz__show *show;
  cmsHTRANSFORM from;
  pthread_mutex_t lock; /* while it is filled */
  bool filled;
  struct node node[SIDE][SIDE][SIDE];
};

static float distance(const float a[3], const float b[3]) {
  float worst = 0;
  for (int k = 0; k < 3; k++) worst = fmaxf(worst, fabsf(a[k] - b[k]));
  return worst;
}

/* Columns of J by a difference of 1 % towards the middle. */
static void slopes(const struct kz__show *show, const float ink[4], const float shown[3],
                   double j[3][4]) {
  float in[16], out[12];
  for (int c = 0; c < 4; c++) {
    memcpy(in + 4 * c, ink, 4 * sizeof *ink);
    in[5 * c] += ink[c] < 50 ? 1 : -1;
  }
  kz__show_samples(show, in, 4, out);
  for (int c = 0; c < 4; c++)
    for (int k = 0; k < 3; k++) j[k][c] = (out[3 * c + k] - shown[k]) / (ink[c] < 50 ? 1 : -1);
}

/* a x = b by Cramer's rule; false: singular. */
static bool solve(const double a[3][3], const double b[3], double x[3]) {
  double minor[3][3], det = 0;
  for (int r = 0; r < 3; r++)
    for (int c = 0; c < 3; c++) {
      int p = (r + 1) % 3, q = (r + 2) % 3, s = (c + 1) % 3, t = (c + 2) % 3;
      minor[r][c] = a[p][s] * a[q][t] - a[p][t] * a[q][s];
    }
  for (int c = 0; c < 3; c++) det += a[0][c] * minor[0][c];
  if (!(fabs(det) > 1e-30)) return false;
  for (int c = 0; c < 3; c++)
    x[c] = (b[0] * minor[0][c] + b[1] * minor[1][c] + b[2] * minor[2][c]) / det;
  return true;
}

/* The shortest step by the inks that are not held. */
static bool step_of(const double j[3][4], const bool held[4], const double want[3], double d[4]) {
  double a[3][3] = {{0}}, x[3];
  for (int r = 0; r < 3; r++)
    for (int c = 0; c < 3; c++)
      for (int i = 0; i < 4; i++)
        if (!held[i]) a[r][c] += j[r][i] * j[c][i];
  for (int r = 0; r < 3; r++) a[r][r] += 1e-9;
  if (!solve(a, want, x)) return false;
  for (int i = 0; i < 4; i++) d[i] = held[i] ? 0 : j[0][i] * x[0] + j[1][i] * x[1] + j[2][i] * x[2];
  return true;
}

/* Move `ink`; false: it cannot be. */
static bool move(const double j[3][4], const double want[3], float ink[4]) {
  bool held[4] = {false};
  double d[4];
  for (int round = 0; round < 4; round++) {
    bool leaves = false;
    if (!step_of(j, held, want, d)) return false;
    for (int i = 0; i < 4; i++)
      if ((ink[i] <= 0 && d[i] < 0) || (ink[i] >= 100 && d[i] > 0)) held[i] = leaves = true;
    if (!leaves) break;
  }
  for (int i = 0; i < 4; i++)
    if (!held[i]) ink[i] = fminf(fmaxf(ink[i] + (float)d[i], 0), 100);
  return true;
}

/* Improve `ink`, which shows nearly `srgb`, until it shows it or no nearer inks are found. */
static void refine(const struct kz__show *show, const float srgb[3], float ink[4]) {
  float at[4], shown[3], best;
  int stalled = 0;
  for (int i = 0; i < 4; i++) at[i] = ink[i] = fminf(fmaxf(ink[i], 0), 100);
  kz__show_samples(show, at, 1, shown);
  best = distance(shown, srgb);
  for (int n = 0; n < STEPS && best > enough && stalled < 3; n++) {
    double j[3][4], want[3];
    for (int k = 0; k < 3; k++) want[k] = (double)srgb[k] - shown[k];
    slopes(show, at, shown, j);
    if (!move(j, want, at)) break;
    kz__show_samples(show, at, 1, shown);
    float now = distance(shown, srgb);
    stalled = now < 0.98f * best ? 0 : stalled + 1;
    if (now < best) memcpy(ink, at, sizeof at);
    best = fminf(best, now);
  }
}

/* ---- the lattice ---- */

static void set_matrix(const struct kz__show *show, struct node *node) {
  double j[3][4], d[4];
  float shown[3];
  bool held[4];
  kz__show_samples(show, node->ink, 1, shown);
  slopes(show, node->ink, shown, j);
  for (int i = 0; i < 4; i++) held[i] = node->ink[i] <= 0 || node->ink[i] >= 100;
  for (int k = 0; k < 3; k++) {
    const double one[3] = {k == 0, k == 1, k == 2};
    bool solved = step_of(j, held, one, d);
    for (int i = 0; i < 4; i++) node->per_colour[i][k] = solved ? (float)d[i] : 0;
  }
}

struct kz__inks *kz__inks_new(const struct kz__show *show, cmsHTRANSFORM from) {
  struct kz__inks *t = malloc(sizeof *t);
  if (!t) return NULL;
  t->show = show;
  t->from = from;
  t->filled = false;
  pthread_mutex_init(&t->lock, NULL);
  return t;
}

void kz__inks_free(struct kz__inks *t) {
  if (!t) return;
  pthread_mutex_destroy(&t->lock);
  free(t);
}

static void fill(struct kz__inks *t) {
  const float step = 1.0f / (SIDE - 1);
  for (int i = 0; i < SIDE * SIDE * SIDE; i++) {
    struct node *node = &t->node[i / SIDE / SIDE][i / SIDE % SIDE][i % SIDE];
    const float srgb[3] = {step * (float)(i / SIDE / SIDE), step * (float)(i / SIDE % SIDE),
                           step * (float)(i % SIDE)};
    cmsDoTransform(t->from, srgb, node->ink, 1);
    refine(t->show, srgb, node->ink);
    set_matrix(t->show, node);
  }
}

static void fill_once(struct kz__inks *t) {
  pthread_mutex_lock(&t->lock);
  if (!t->filled) fill(t);
  t->filled = true;
  pthread_mutex_unlock(&t->lock);
}

/* The cell of a colour in [0,1] along one axis, and how far into it. */
static int cell_of(float v, float *part) {
  float at = v * (SIDE - 1);
  int i = at >= SIDE - 2 ? SIDE - 2 : (int)at;
  *part = at - (float)i;
  return i;
}

/* Inks between the eight nodes around a colour; the nearest of these nodes. */
static const struct node *between(const struct kz__inks *t, const float srgb[3], float ink[4]) {
  float part[3];
  int at[3];
  for (int k = 0; k < 3; k++) at[k] = cell_of(srgb[k], &part[k]);
  memset(ink, 0, 4 * sizeof *ink);
  for (int corner = 0; corner < 8; corner++) {
    int r = corner >> 2, g = corner >> 1 & 1, b = corner & 1;
    float weight = (r ? part[0] : 1 - part[0]) * (g ? part[1] : 1 - part[1]) *
                   (b ? part[2] : 1 - part[2]);
    const float *node = t->node[at[0] + r][at[1] + g][at[2] + b].ink;
    for (int i = 0; i < 4; i++) ink[i] += weight * node[i];
  }
  return &t->node[at[0] + (part[0] > 0.5f)][at[1] + (part[1] > 0.5f)][at[2] + (part[2] > 0.5f)];
}

/* Colours of a chunk that are not shown yet. */
struct waiting {
  int count;
  int index[CHUNK];
  float ink[4 * CHUNK], shown[3 * CHUNK]; /* tried; packed */
  const struct node *node[CHUNK];         /* by index, */
  float best[CHUNK];                      /* and how far the inks that are kept are off */
};

/* Look at what was tried, keep what is nearer, and try on with what is still off. */
static void look(const struct kz__inks *t, const float *srgb, float *ink, struct waiting *w) {
  int still = 0;
  kz__show_samples(t->show, w->ink, w->count, w->shown);
  for (int n = 0; n < w->count; n++) {
    int at = w->index[n];
    const float *want = srgb + 3 * at, *shown = w->shown + 3 * n;
    float off = distance(shown, want), next[4];
    if (off < w->best[at]) {
      w->best[at] = off;
      memcpy(ink + 4 * at, w->ink + 4 * n, sizeof next);
    }
    if (w->best[at] <= enough) continue;
    for (int i = 0; i < 4; i++) {
      const float *per = w->node[at]->per_colour[i];
      float d = per[0] * (want[0] - shown[0]) + per[1] * (want[1] - shown[1]) +
                per[2] * (want[2] - shown[2]);
      next[i] = fminf(fmaxf(w->ink[4 * n + i] + d, 0), 100);
    }
    w->index[still] = at;
    memcpy(w->ink + 4 * still++, next, sizeof next);
  }
  w->count = still;
}

static void chunk_of(const struct kz__inks *t, const float *srgb, int n, float *ink) {
  struct waiting w = {.count = n};
  for (int i = 0; i < n; i++) {
    w.index[i] = i;
    w.best[i] = INFINITY;
    w.node[i] = between(t, srgb + 3 * i, w.ink + 4 * i);
  }
  for (int round = 0; round < ROUNDS && w.count; round++) look(t, srgb, ink, &w);
  for (int i = 0; i < w.count; i++) {
    int at = w.index[i];
    refine(t->show, srgb + 3 * at, ink + 4 * at);
  }
}

void kz__inks_of(struct kz__inks *t, const float *srgb, int n, float *ink) {
  fill_once(t);
  for (int at = 0; at < n; at += CHUNK)
    chunk_of(t, srgb + 3 * (size_t)at, n - at < CHUNK ? n - at : CHUNK, ink + 4 * (size_t)at);
}
