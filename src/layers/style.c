/* Styles of a fill, so that a viewer can tell it from the original.
 *
 * A style is a function of the picture, not of a tile: the place of a line follows from x alone,
 * and what a pixel needs from around it lies within kz_style_margin. Tratteggio works by cells, one
 * row high and one pitch wide, at multiples of the pitch. Within a cell the filled samples get
 *
 *   v' = v + a (p - mean p),   p(x) = sin(2 pi (x + 1/2) / pitch)
 *
 * with the means over the filled samples, so that the cell's mean stays for any a; a is the
 * contrast, or the largest at which no sample leaves [0,1]. */
#include <math.h>
#include <stddef.h>
#include <stdlib.h>

#include <kizil/layers.h>

static const double mm_per_inch = 25.4;

enum { LOOK_AROUND = 8, LEAST_PITCH = 4, MOST_PITCH = 4096, MOST_OUTLINE = 3 };

static const char *const style_names[] = {"plain", "tratteggio", "lowered", "outline", NULL};

const struct kz_param kz_style_params[] = {
    {.name = "style", .type = KZ_PARAM_CHOICE, .offset = offsetof(struct kz_style_options, style),
     .choices = style_names, .max = 3, .help = "how a fill is told from the original"},
    {.name = "style-dpi", .type = KZ_PARAM_FLOAT, .offset = offsetof(struct kz_style_options, dpi),
     .def = 300, .min = 10, .max = 10000, .unit = "px/inch",
     .help = "resolution at which the picture is printed"},
    {.name = "style-scale", .type = KZ_PARAM_FLOAT,
     .offset = offsetof(struct kz_style_options, scale), .def = 1, .min = 0.01, .max = 100,
     .help = "size of the print, to that by the resolution"},
    {.name = "style-line", .type = KZ_PARAM_FLOAT,
     .offset = offsetof(struct kz_style_options, line), .def = 0.5, .min = 0.1, .max = 5,
     .unit = "mm", .help = "tratteggio: width of a line on the print"},
    {.name = "style-contrast", .type = KZ_PARAM_FLOAT,
     .offset = offsetof(struct kz_style_options, contrast), .def = 0.12, .min = 0.01, .max = 0.5,
     .help = "tratteggio: lines against the fill"},
    {.name = "style-lower", .type = KZ_PARAM_FLOAT,
     .offset = offsetof(struct kz_style_options, lower), .def = 0.15, .max = 1,
     .help = "lowered: share of the way to grey"},
    {.name = "style-fade", .type = KZ_PARAM_FLOAT,
     .offset = offsetof(struct kz_style_options, fade), .def = 0.4, .max = 1,
     .help = "lowered: share of the colour taken away"},
    {.name = "style-outline", .type = KZ_PARAM_INT,
     .offset = offsetof(struct kz_style_options, outline), .def = 1, .min = 1,
     .max = MOST_OUTLINE, .unit = "px", .help = "outline: width"},
    {0}};

int kz_style_pitch(const struct kz_style_options *o) {
  double px = 2 * o->line * o->dpi / (mm_per_inch * o->scale);
  if (!(px < MOST_PITCH)) return MOST_PITCH;
  int pitch = 2 * (int)(px / 2 + 0.5);
  return pitch < LEAST_PITCH ? LEAST_PITCH : pitch;
}

int kz_style_margin(const struct kz_style_options *o) {
  switch (o->style) {
    case KZ_STYLE_TRATTEGGIO: return kz_style_pitch(o) - 1;
    case KZ_STYLE_OUTLINE: return LOOK_AROUND > o->outline ? LOOK_AROUND : (int)o->outline;
    default: return 0;
  }
}

static float clamp01(float v) { return v > 0 ? (v < 1 ? v : 1) : 0; }

static float luma(const float *v) {
  return 0.2126f * clamp01(v[0]) + 0.7152f * clamp01(v[1]) + 0.0722f * clamp01(v[2]);
}

static size_t at(const struct kz_patch *p, int x, int y) {
  return (size_t)(y - p->y) * p->w + (size_t)(x - p->x);
}

/* ---- tratteggio ---- */

/* The part of a cell that src shows: filled samples of `channel` from x0 to x1 of row y. */
struct cell {
  const float *v;      /* first sample; three apart */
  const uint8_t *mask;
  int count;           /* px */
  const float *profile; /* of its first px */
};

/* Mean of the profile over what is filled; false: nothing is. */
static bool cell_mean(const struct cell *c, float *mean) {
  double sum = 0;
  int n = 0;
  for (int i = 0; i < c->count; i++)
    if (c->mask[i]) {
      sum += c->profile[i];
      n++;
    }
  *mean = n ? (float)(sum / n) : 0;
  return n > 0;
}

/* The largest amplitude up to `most` at which all samples stay within [0,1]. */
static float cell_amplitude(const struct cell *c, float mean, float most) {
  for (int i = 0; i < c->count; i++) {
    float p = c->profile[i] - mean, v = clamp01(c->v[3 * (size_t)i]);
    if (!c->mask[i]) continue;
    if (p > 0 && most * p > 1 - v) most = (1 - v) / p;
    if (p < 0 && most * -p > v) most = v / -p;
  }
  return most;
}

/* Row y of dst, cell by cell. */
static void hatch_row(const struct kz_patch *src, struct kz_patch *dst, int y, int pitch,
                      const float *profile, float contrast) {
  for (int x = dst->x - dst->x % pitch; x < dst->x + dst->w; x += pitch) {
    int x0 = x > src->x ? x : src->x;
    int x1 = x + pitch < src->x + src->w ? x + pitch : src->x + src->w;
    size_t first = at(src, x0, y);
    struct cell c = {.mask = src->mask + first, .count = x1 - x0, .profile = profile + (x0 - x)};
    float mean;
    if (!cell_mean(&c, &mean)) continue;
    for (int channel = 0; channel < 3; channel++) {
      c.v = src->rgb + 3 * first + channel;
      float a = cell_amplitude(&c, mean, contrast);
      for (int i = 0; i < c.count; i++) {
        int px = x0 + i;
        if (!c.mask[i] || px < dst->x || px >= dst->x + dst->w) continue;
        float v = clamp01(c.v[3 * (size_t)i]) + a * (c.profile[i] - mean);
        dst->rgb[3 * at(dst, px, y) + channel] = clamp01(v);
      }
    }
  }
}

static int hatch(const struct kz_style_options *o, const struct kz_patch *src,
                 struct kz_patch *dst, struct kz_err *err) {
  int pitch = kz_style_pitch(o);
  float *profile = malloc((size_t)pitch * sizeof *profile);
  if (!profile) return kz_err_set(err, KZ_ENOMEM, "no memory for a line of %d px", pitch);
  for (int i = 0; i < pitch; i++) profile[i] = (float)sin(2 * M_PI * (i + 0.5) / pitch);
  for (int y = dst->y; y < dst->y + dst->h; y++)
    hatch_row(src, dst, y, pitch, profile, (float)o->contrast);
  free(profile);
  return 0;
}

/* ---- lowered ---- */

static void lower(const struct kz_style_options *o, const struct kz_patch *src,
                  struct kz_patch *dst) {
  float fade = (float)o->fade, share = (float)o->lower;
  for (int y = dst->y; y < dst->y + dst->h; y++)
    for (int x = dst->x; x < dst->x + dst->w; x++) {
      const float *v = src->rgb + 3 * at(src, x, y);
      float *q = dst->rgb + 3 * at(dst, x, y), grey = luma(v);
      if (!src->mask[at(src, x, y)]) continue;
      for (int c = 0; c < 3; c++) {
        float faded = clamp01(v[c]) + fade * (grey - clamp01(v[c]));
        q[c] = faded + share * (0.5f - faded);
      }
    }
}

/* ---- outline ---- */

struct window {
  int x0, y0, x1, y1;
};

/* What src shows within r px of (x, y). */
static struct window around(const struct kz_patch *src, int x, int y, int r) {
  struct window w = {x - r, y - r, x + r + 1, y + r + 1};
  if (w.x0 < src->x) w.x0 = src->x;
  if (w.y0 < src->y) w.y0 = src->y;
  if (w.x1 > src->x + src->w) w.x1 = src->x + src->w;
  if (w.y1 > src->y + src->h) w.y1 = src->y + src->h;
  return w;
}

static bool at_border(const struct kz_patch *src, int x, int y, int r) {
  struct window w = around(src, x, y, r);
  for (int v = w.y0; v < w.y1; v++)
    for (int u = w.x0; u < w.x1; u++)
      if (!src->mask[at(src, u, v)] && (u - x) * (u - x) + (v - y) * (v - y) <= r * r) return true;
  return false;
}

static bool dark_around(const struct kz_patch *src, int x, int y) {
  struct window w = around(src, x, y, LOOK_AROUND);
  double sum = 0;
  int n = 0;
  for (int v = w.y0; v < w.y1; v++)
    for (int u = w.x0; u < w.x1; u++)
      if (src->mask[at(src, u, v)]) {
        sum += luma(src->rgb + 3 * at(src, u, v));
        n++;
      }
  return sum < 0.5 * n;
}

static void outline(const struct kz_style_options *o, const struct kz_patch *src,
                    struct kz_patch *dst) {
  for (int y = dst->y; y < dst->y + dst->h; y++)
    for (int x = dst->x; x < dst->x + dst->w; x++) {
      if (!src->mask[at(src, x, y)] || !at_border(src, x, y, (int)o->outline)) continue;
      float *q = dst->rgb + 3 * at(dst, x, y);
      q[0] = q[1] = q[2] = dark_around(src, x, y) ? 1 : 0;
    }
}

/* ---- all ---- */

static int check(const struct kz_style_options *o, const struct kz_patch *src,
                 const struct kz_patch *dst, struct kz_err *err) {
  if (dst->w < 1 || dst->h < 1 || dst->x < 0 || dst->y < 0 || dst->x < src->x ||
      dst->y < src->y || dst->w > src->w - (dst->x - src->x) ||
      dst->h > src->h - (dst->y - src->y))
    return kz_err_set(err, KZ_ERANGE, "%d x %d px at %d, %d to style leave the %d x %d at %d, %d",
                      dst->w, dst->h, dst->x, dst->y, src->w, src->h, src->x, src->y);
  for (const struct kz_param *p = kz_style_params; p->name; p++) {
    const char *field = (const char *)o + p->offset;
    double v = p->type == KZ_PARAM_FLOAT  ? *(const double *)(const void *)field
               : p->type == KZ_PARAM_INT ? (double)*(const int64_t *)(const void *)field
                                         : *(const int *)(const void *)field;
    if (!(v >= p->min && v <= p->max))
      return kz_err_set(err, KZ_ERANGE, "%s is %g; it goes from %g to %g", p->name, v, p->min,
                        p->max);
  }
  return 0;
}

int kz_style_apply(const struct kz_style_options *o, const struct kz_patch *src,
                   struct kz_patch *dst, struct kz_err *err) {
  int rc = check(o, src, dst, err);
  if (rc) return rc;
  for (int y = dst->y; y < dst->y + dst->h; y++)
    for (int x = dst->x; x < dst->x + dst->w; x++) {
      const float *v = src->rgb + 3 * at(src, x, y);
      float *q = dst->rgb + 3 * at(dst, x, y);
      for (int c = 0; c < 3; c++) q[c] = src->mask[at(src, x, y)] ? clamp01(v[c]) : v[c];
    }
  switch (o->style) {
    case KZ_STYLE_TRATTEGGIO: return hatch(o, src, dst, err);
    case KZ_STYLE_LOWERED: lower(o, src, dst); break;
    case KZ_STYLE_OUTLINE: outline(o, src, dst); break;
    default: break;
  }
  return 0;
}
