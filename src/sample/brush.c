/* Washes and lines. A wash is a body colour, then its shadow and its light
 * through tiles of noise (clouds, and streaks as of hairs), then soft rings
 * that darken the rim, which is how the caves' painters modelled. A line is a
 * filled ribbon, because a stroked one has the same breadth everywhere. */
#include "sample/brush.h"

#include <math.h>

double kz__between(const struct kz__brush *b, double lo, double hi) {
  return lo + (hi - lo) * (double)kz_rng_uniform(b->rng);
}

static void source(const struct kz__brush *b, struct kz__colour c, double alpha) {
  cairo_set_source_rgba(b->cr, c.r, c.g, c.b, alpha);
}

/* Lay a colour over the clip through a tile of noise, shifted, turned and stretched at random. */
static void mottle(const struct kz__brush *b, cairo_surface_t *tile, struct kz__colour c,
                   double alpha, double turn) {
  cairo_pattern_t *noise = cairo_pattern_create_for_surface(tile);
  cairo_matrix_t m;
  double scale = kz__between(b, 0.8, 1.5) / fmax(b->unit, 0.3);
  cairo_matrix_init_rotate(&m, turn);
  cairo_matrix_scale(&m, scale, scale);
  cairo_matrix_translate(&m, kz__between(b, 0, 256), kz__between(b, 0, 256));
  cairo_pattern_set_matrix(noise, &m);
  cairo_pattern_set_extend(noise, CAIRO_EXTEND_REPEAT);
  source(b, c, 1);
  cairo_push_group(b->cr);
  cairo_mask(b->cr, noise);
  cairo_pop_group_to_source(b->cr);
  cairo_paint_with_alpha(b->cr, alpha);
  cairo_pattern_destroy(noise);
}

static double extent(const struct kz__path *p) {
  double x0 = p->x[0], x1 = x0, y0 = p->y[0], y1 = y0;
  for (int i = 1; i < p->n; i++) {
    x0 = fmin(x0, p->x[i]);
    x1 = fmax(x1, p->x[i]);
    y0 = fmin(y0, p->y[i]);
    y1 = fmax(y1, p->y[i]);
  }
  return fmin(x1 - x0, y1 - y0);
}

/* No two shells of paint are alike: the same pigment, ground coarser or laid thinner. */
static struct kz__colour vary(struct kz__colour c, struct kz__colour towards, double by,
                              double light) {
  struct kz__colour v = {(c.r + (towards.r - c.r) * by) * light,
                         (c.g + (towards.g - c.g) * by) * light,
                         (c.b + (towards.b - c.b) * by) * light};
  return v;
}

void kz__wash(const struct kz__brush *b, const struct kz__path *p,
              const struct kz__pigment *pigment, double rim) {
  double size = extent(p), turn = kz__between(b, 0, 6.28);
  double by = kz__between(b, -0.12, 0.3), light = kz__between(b, 0.92, 1.06);
  if (p->n < 3) return;
  cairo_save(b->cr);
  kz__trace(b, p);
  source(b, vary(pigment->mid, pigment->light, by, light), 0.93);
  cairo_fill_preserve(b->cr);
  cairo_clip_preserve(b->cr);
  cairo_path_t *outline = cairo_copy_path(b->cr);
  cairo_new_path(b->cr);
  mottle(b, b->cloud, pigment->dark, 0.42, turn);
  mottle(b, b->cloud, pigment->light, 0.5, turn + 2);
  if (size > 8 * b->unit) mottle(b, b->streak, pigment->light, 0.28, turn + 1);
  cairo_append_path(b->cr, outline);
  cairo_path_destroy(outline);
  cairo_set_line_join(b->cr, CAIRO_LINE_JOIN_ROUND);
  for (int i = 1; i <= 4 && rim > 0; i++) {
    cairo_set_line_width(b->cr, size * 0.11 * i);
    source(b, pigment->dark, 0.3 * rim);
    cairo_stroke_preserve(b->cr);
  }
  cairo_restore(b->cr);
  cairo_new_path(b->cr);
}

/* Half the breadth at point i of n: swelling by slow noise, thin at the ends of open lines. */
static double half_breadth(const struct kz__path *p, int i, double half, double swell) {
  double t = p->n > 1 ? (double)i / (p->n - 1) : 0, lift = 1;
  if (!p->closed) lift = 0.3 + 0.7 * fmin(1, 5 * fmin(t + 0.02, 1 - t));
  return half * lift * fmax(0.3, 1 + swell);
}

void kz__contour(const struct kz__brush *b, const struct kz__path *p, struct kz__colour colour,
                 double width, double alpha) {
  double lx[KZ__PATH_MAX], ly[KZ__PATH_MAX], rx[KZ__PATH_MAX], ry[KZ__PATH_MAX], swell = 0;
  if (p->n < 2) return;
  for (int i = 0; i < p->n; i++) {
    int before = i > 0 ? i - 1 : p->closed ? p->n - 1 : 0;
    int after = i + 1 < p->n ? i + 1 : p->closed ? 0 : i;
    double dx = p->x[after] - p->x[before], dy = p->y[after] - p->y[before];
    double l = fmax(hypot(dx, dy), 1e-6), h;
    swell = 0.88 * swell + 0.2 * (double)kz_rng_normal(b->rng);
    h = half_breadth(p, i, 0.5 * width * b->unit, swell);
    lx[i] = p->x[i] - h * dy / l;
    ly[i] = p->y[i] + h * dx / l;
    rx[i] = p->x[i] + h * dy / l;
    ry[i] = p->y[i] - h * dx / l;
  }
  cairo_new_path(b->cr);
  for (int i = 0; i < p->n; i++) cairo_line_to(b->cr, lx[i], ly[i]);
  if (p->closed) cairo_line_to(b->cr, lx[0], ly[0]);
  if (p->closed) cairo_line_to(b->cr, rx[0], ry[0]);
  for (int i = p->n - 1; i >= 0; i--) cairo_line_to(b->cr, rx[i], ry[i]);
  cairo_close_path(b->cr);
  cairo_set_fill_rule(b->cr, CAIRO_FILL_RULE_WINDING);
  source(b, colour, alpha);
  cairo_fill(b->cr);
}

void kz__paint(const struct kz__brush *b, struct kz__path *p, const struct kz__pigment *pigment,
               double rim, double width) {
  p->closed = true;
  kz__tremble(b, p, 1);
  kz__wash(b, p, pigment, rim);
  if (width > 0) kz__contour(b, p, kz__ink, width, 0.85);
}

void kz__dot(const struct kz__brush *b, double x, double y, double r, struct kz__colour colour,
             double alpha) {
  struct kz__path p;
  kz__oval(b, &p, x, y, r * kz__between(b, 0.85, 1.1), r * kz__between(b, 0.85, 1.1));
  kz__trace(b, &p);
  source(b, colour, alpha);
  cairo_fill(b->cr);
}
