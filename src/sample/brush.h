/* What a painter of murals has: pigments, outlines drawn by an unsteady hand,
 * washes laid in layers, and contour lines that swell and thin out.
 *
 * Motifs are written in their own units; the brush's frame carries them to the
 * wall. Paths are polylines, resampled finely so that the hand can tremble. */
#ifndef KZ_SAMPLE_BRUSH_H
#define KZ_SAMPLE_BRUSH_H

#include <stdbool.h>

#include <cairo.h>

#include <kizil/rng.h>

struct kz__colour {
  double r, g, b;
};

/* A pigment as it is laid: shadow, body, light. */
struct kz__pigment {
  struct kz__colour dark, mid, light;
};

extern const struct kz__pigment kz__malachite, kz__azurite, kz__chalk, kz__iron, kz__ochre,
    kz__skin, kz__umber, kz__lead;
extern const struct kz__colour kz__ink, kz__rust;

/* Local units to pixels: scale (sx < 0 mirrors), turn, move. */
struct kz__frame {
  double x, y, sx, sy, turn;
};

struct kz__brush {
  cairo_t *cr;
  struct kz_rng *rng;
  cairo_surface_t *cloud, *streak; /* A8 tiles of noise */
  struct kz__frame frame;
  double unit; /* px; 1 where the wall is 512 px high: breadth of lines, tremble */
};

enum { KZ__PATH_MAX = 512 };

/* A polyline in pixels. Points beyond the capacity are dropped. */
struct kz__path {
  int n;
  bool closed;
  double x[KZ__PATH_MAX], y[KZ__PATH_MAX];
};

/* ---- paths, in the frame's units ---- */
void kz__move(const struct kz__brush *b, struct kz__path *p, double x, double y);
void kz__line(const struct kz__brush *b, struct kz__path *p, double x, double y);
void kz__curve(const struct kz__brush *b, struct kz__path *p, double x1, double y1, double x2,
               double y2, double x3, double y3);
/* From angle a0 to a1 (rad); a path that is empty starts there. */
void kz__arc(const struct kz__brush *b, struct kz__path *p, double x, double y, double rx,
             double ry, double a0, double a1);
/* A new closed ellipse. */
void kz__oval(const struct kz__brush *b, struct kz__path *p, double x, double y, double rx,
              double ry);
/* Let the hand tremble: `amount` 1 is ordinary. Resamples to about 3 px. */
void kz__tremble(const struct kz__brush *b, struct kz__path *p, double amount);
/* The path's points as Cairo's current path. */
void kz__trace(const struct kz__brush *b, const struct kz__path *p);

/* ---- paint ---- */
/* Body colour, mottled by its own shadow and light, darker along the rim by `rim` (0 to 1). */
void kz__wash(const struct kz__brush *b, const struct kz__path *p,
              const struct kz__pigment *pigment, double rim);
/* A line of about `width` units that swells and thins, with the brush lifted at open ends. */
void kz__contour(const struct kz__brush *b, const struct kz__path *p, struct kz__colour colour,
                 double width, double alpha);
/* Wash, then contour in ink. */
void kz__paint(const struct kz__brush *b, struct kz__path *p, const struct kz__pigment *pigment,
               double rim, double width);
/* A round touch of the brush. */
void kz__dot(const struct kz__brush *b, double x, double y, double r, struct kz__colour colour,
             double alpha);

double kz__between(const struct kz__brush *b, double lo, double hi);
/* Frame moved within the present one. */
struct kz__frame kz__frame_at(const struct kz__frame *f, double x, double y, double scale,
                              bool mirror, double turn);

#endif
