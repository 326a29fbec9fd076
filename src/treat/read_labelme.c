/* LabelMe's JSON, one file an image. A line or a point has no area, and how wide a crack is cannot
 * be guessed, so these are refused by name and not drawn in a width of our own. */
#include <math.h>
#include <string.h>

#include "treat/parts.h"

struct shape {
  int number; /* from 1 */
  const char *label, *type;
  const json_t *points;
};

static int broken(const struct kz__reading *r, const struct shape *s, const char *what,
                  struct kz_err *err) {
  return kz_err_set(err, KZ_EFORMAT, "%s: shape %d (\"%.100s\"): %s", r->path, s->number, s->label,
                    what);
}

static bool point(const struct shape *s, size_t i, double p[2]) {
  const json_t *at = json_array_get(s->points, i);
  const json_t *x = json_array_get(at, 0), *y = json_array_get(at, 1);
  p[0] = json_number_value(x);
  p[1] = json_number_value(y);
  return json_is_number(x) && json_is_number(y);
}

static int draw(const struct kz__reading *r, const struct shape *s, struct kz__outline *o,
                struct kz_err *err) {
  size_t n = json_array_size(s->points);
  double a[2], b[2];
  bool polygon = !strcmp(s->type, "polygon"), rectangle = !strcmp(s->type, "rectangle");
  if (!polygon && !rectangle && strcmp(s->type, "circle"))
    return kz_err_set(err, KZ_EUNSUPPORTED,
                      "%s: shape %d (\"%.100s\"): a %.40s is not read; draw a polygon, a rectangle "
                      "or a circle around the damage",
                      r->path, s->number, s->label, s->type);
  if (polygon ? n < 3 : n < 2 || n > 4) return broken(r, s, "too few or too many points", err);
  for (size_t i = 0; i < n; i++)
    if (!point(s, i, b)) return broken(r, s, "a point is not [x, y]", err);
  point(s, 0, a);
  if (polygon || n > 2) { /* newer versions write all four corners of a rectangle */
    for (size_t i = 0; i < n; i++) {
      point(s, i, b);
      kz__outline_line(o, b[0], b[1]);
    }
  } else {
    double radius = hypot(b[0] - a[0], b[1] - a[1]);
    if (rectangle)
      kz__outline_rectangle(o, a[0], a[1], b[0] - a[0], b[1] - a[1]);
    else
      kz__outline_ellipse(o, a[0], a[1], radius, radius);
  }
  return 0;
}

static int read_shape(const struct kz__reading *r, const struct shape *s, struct kz__outline *o,
                      struct kz_err *err) {
  int cls = kz__name_class(r->policy, s->label);
  if (cls == KZ_IGNORE) return 0;
  if (cls == -1) return kz__name_unknown(r->path, "label", s->label, err);
  int code = draw(r, s, o, err);
  if (code) return code;
  code = kz__outline_fill(o, r->paint, cls, err);
  return code ? kz_err_prefix(err, "%s: shape %d: ", r->path, s->number) : 0;
}

int kz__read_labelme(const struct kz__reading *r, const json_t *root, struct kz_err *err) {
  const json_t *shapes = json_object_get(root, "shapes");
  const json_t *w = json_object_get(root, "imageWidth"), *h = json_object_get(root, "imageHeight");
  struct kz__outline o = {0};
  int code = 0;
  if (json_is_integer(w) && json_is_integer(h))
    code = kz__same_size(r, json_integer_value(w), json_integer_value(h), err);
  for (size_t i = 0; i < json_array_size(shapes) && !code; i++) {
    const json_t *v = json_array_get(shapes, i);
    const char *type = json_string_value(json_object_get(v, "shape_type"));
    struct shape s = {(int)i + 1, json_string_value(json_object_get(v, "label")),
                      type ? type : "polygon", json_object_get(v, "points")};
    if (!s.label)
      code = kz_err_set(err, KZ_EFORMAT, "%s: shape %d has no \"label\"", r->path, s.number);
    else
      code = read_shape(r, &s, &o, err);
  }
  kz__outline_release(&o);
  return code;
}
