/* What the files of this module share: runs by rows, a heap of painted runs that becomes a map, and
 * outlines that are painted. The heap and the outline carry their first failure and are asked once,
 * so that the readers of annotations read like the formats. */
#ifndef KZ_TREAT_PARTS_H
#define KZ_TREAT_PARTS_H

#include <jansson.h>

#include <kizil/treat.h>

/* ---- runs by rows ---- */

/* Starts empty; rows are then ended from 0 to height - 1. */
int kz__rows_init(struct kz_treat_rows *r, int width, int height, struct kz_err *err);
void kz__rows_release(struct kz_treat_rows *r);
/* A run of the row that has not been ended, right of those it has. */
int kz__rows_add(struct kz_treat_rows *r, int x, int len, int id, struct kz_err *err);
void kz__rows_end(struct kz_treat_rows *r, int y);
/* Row y from classes + 1 (0: none) in buffer [width], which is cleared; only [x0, x1) is looked at.
 * Ends the row. */
int kz__rows_take(struct kz_treat_rows *r, int y, uint8_t *buffer, int x0, int x1,
                  struct kz_err *err);

/* ---- painting ---- */

struct kz__dab {
  int x, y, len, cls;
};

struct kz__paint {
  int width, height;
  struct kz__dab *dabs;
  int64_t count, cap;
  bool failed; /* memory was out */
};

/* What leaves the image is cut off. */
void kz__paint_run(struct kz__paint *p, int x, int y, int len, int cls);
/* Sort into a map; where classes overlap, the later holds. Empties the heap. */
int kz__paint_finish(struct kz__paint *p, struct kz_treat_map *map, struct kz_err *err);
void kz__paint_release(struct kz__paint *p);

/* ---- outlines ---- */

struct kz__corner {
  double x, y;
  bool first; /* of a contour */
};

struct kz__outline {
  struct kz__corner *corners;
  int count, cap;
  bool failed; /* memory was out */
  bool wild;   /* a number was no number, or far from any image */
};

void kz__outline_move(struct kz__outline *o, double x, double y);
void kz__outline_line(struct kz__outline *o, double x, double y);
/* Curves are cut into chords that stay within 0.05 px. */
void kz__outline_quadratic(struct kz__outline *o, const double control[2], const double end[2]);
void kz__outline_cubic(struct kz__outline *o, const double a[2], const double b[2],
                       const double end[2]);
void kz__outline_ellipse(struct kz__outline *o, double x, double y, double rx, double ry);
void kz__outline_rectangle(struct kz__outline *o, double x, double y, double w, double h);
/* SVG's elliptic arc from the last corner; `turn` in degrees. */
struct kz__arc {
  double rx, ry, turn;
  bool large, sweep;
};
void kz__outline_arc(struct kz__outline *o, const struct kz__arc *arc, const double end[2]);
/* Paint the pixels whose centres are inside (even-odd over all contours), and empty the outline. */
int kz__outline_fill(struct kz__outline *o, struct kz__paint *p, int cls, struct kz_err *err);
void kz__outline_release(struct kz__outline *o);
/* Paint what an SVG fragment shows: polygons, paths, rectangles, circles, ellipses. The message of
 * an error says what is wrong in the fragment, not where the fragment is. */
int kz__svg_paint(const char *svg, struct kz__paint *p, int cls, struct kz_err *err);

/* ---- names ---- */

/* The class that `name` means by the policy's names (NULL: none), then by the classes' own;
 * KZ_IGNORE, or -1 for none. */
int kz__name_class(const struct kz_policy *policy, const char *name);
/* Names alike but for case, '-', '_' and ' '. */
bool kz__name_same(const char *a, const char *b);
/* KZ_ENOENT: `name` in `path`, which is `where` ("category"), is no class; says how to name it. */
int kz__name_unknown(const char *path, const char *where, const char *name, struct kz_err *err);

/* ---- readers ---- */

struct kz__reading {
  const char *path;
  const struct kz_treat_source *source;
  const struct kz_policy *policy;
  struct kz__paint *paint;
};

int kz__read_mask(const struct kz__reading *r, const char *path, int cls, struct kz_err *err);
int kz__read_indexed(const struct kz__reading *r, struct kz_err *err);
int kz__read_folder(const struct kz__reading *r, struct kz_err *err);
int kz__read_coco(const struct kz__reading *r, const json_t *root, struct kz_err *err);
int kz__read_labelme(const struct kz__reading *r, const json_t *root, struct kz_err *err);
int kz__read_w3c(const struct kz__reading *r, const json_t *root, struct kz_err *err);
/* Whether a PNG has a palette of more than black and white. */
bool kz__is_indexed(const char *path);
int kz__treat_json_load(const char *path, json_t **out, struct kz_err *err);
/* KZ_ESHAPE unless width and height are those of the image. */
int kz__same_size(const struct kz__reading *r, int64_t width, int64_t height, struct kz_err *err);

/* ---- grooming ---- */

/* Each makes *rows anew; `pixels` counts what changed. */
int kz__drop_specks(struct kz_treat_rows *rows, const struct kz_policy *policy, int64_t *pixels,
                    struct kz_err *err);
int kz__fill_holes(struct kz_treat_rows *rows, const struct kz_policy *policy, int64_t *pixels,
                   struct kz_err *err);
int kz__dilate(struct kz_treat_rows *rows, const struct kz_policy *policy, int64_t *pixels,
               struct kz_err *err);
bool kz__groomed(const struct kz_policy *policy, int cls);

/* Number the parts of equal id that hang together (over corners too if `diagonal`), in raster order
 * of their first pixels: label [run_count], malloc'd. */
int kz__label(const struct kz_treat_rows *rows, bool diagonal, int **label, int *count,
              struct kz_err *err);

#endif
