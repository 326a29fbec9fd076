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
 * that was met. */
#include "image/ink.h"

#include <math.h>
#include <stdbool.h>
#include <string.h>

enum { STEPS = 12 };
static const float enough = 0.05f / 255; /* of any channel */

static float distance(const float a[3], const float b[3]) {
  float worst = 0;
  for (int k = 0; k < 3; k++) worst = fmaxf(worst, fabsf(a[k] - b[k]));
  return worst;
}

/* Columns of J by a difference of 1 % towards the middle. */
static void slopes(cmsHTRANSFORM show, const float ink[4], const float shown[3], double j[3][4]) {
  float in[16], out[12];
  for (int c = 0; c < 4; c++) {
    memcpy(in + 4 * c, ink, 4 * sizeof *ink);
    in[5 * c] += ink[c] < 50 ? 1 : -1;
  }
  cmsDoTransform(show, in, out, 4);
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

void kz__ink_refine(cmsHTRANSFORM show, const float srgb[3], float ink[4]) {
  float at[4], shown[3], best;
  for (int i = 0; i < 4; i++) at[i] = ink[i] = fminf(fmaxf(ink[i], 0), 100);
  cmsDoTransform(show, at, shown, 1);
  best = distance(shown, srgb);
  for (int n = 0; n < STEPS && best > enough; n++) {
    double j[3][4], want[3];
    for (int k = 0; k < 3; k++) want[k] = (double)srgb[k] - shown[k];
    slopes(show, at, shown, j);
    if (!move(j, want, at)) break;
    cmsDoTransform(show, at, shown, 1);
    float now = distance(shown, srgb);
    if (now < best) memcpy(ink, at, sizeof at);
    best = fminf(best, now);
  }
}
