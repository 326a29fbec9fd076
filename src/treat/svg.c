/* The SVG that annotation tools put into selectors: a few shapes in an <svg> or a <g>, in the
 * image's pixels. So this is no SVG reader: it takes shapes and paths with all their commands, and
 * refuses what would move them (transforms) or has no area (lines), rather than paint elsewhere. */
#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "treat/parts.h"

struct word {
  const char *at;
  size_t len;
};

/* ---- numbers ---- */

static const char *skip(const char *s, const char *end) {
  while (s < end && (isspace((unsigned char)*s) || *s == ',')) s++;
  return s;
}

/* SVG runs numbers together ("1-2", "1.5.5"); a number ends where no longer one can be read. */
static bool number(const char **s, const char *end, double *out) {
  char text[64];
  size_t n = 0;
  bool point = false, power = false, digit = false;
  const char *p = skip(*s, end);
  for (; p < end && n + 1 < sizeof text; p++) {
    bool sign = *p == '-' || *p == '+';
    if (sign && n > 0 && tolower((unsigned char)text[n - 1]) != 'e') break;
    if (*p == '.' && (point || power)) break;
    if ((*p == 'e' || *p == 'E') && (power || !digit)) break;
    if (!sign && *p != '.' && *p != 'e' && *p != 'E' && !isdigit((unsigned char)*p)) break;
    point |= *p == '.';
    power |= *p == 'e' || *p == 'E';
    digit |= isdigit((unsigned char)*p) != 0;
    text[n++] = *p;
  }
  text[n] = 0;
  if (!digit) return false;
  *out = strtod(text, NULL);
  *s = p;
  return true;
}

static bool numbers(const char **s, const char *end, double *out, int n) {
  for (int i = 0; i < n; i++)
    if (!number(s, end, &out[i])) return false;
  return true;
}

/* A flag of an arc is one digit, and the next number may follow at once. */
static bool flag(const char **s, const char *end, bool *out) {
  const char *p = skip(*s, end);
  if (p >= end || (*p != '0' && *p != '1')) return false;
  *out = *p == '1';
  *s = p + 1;
  return true;
}

/* ---- paths ---- */

struct pen {
  struct kz__outline *o;
  double at[2], start[2], control[2]; /* control: of the curve before, for S and T */
  char before;                        /* command, upper case */
};

static void arrive(struct pen *p, const double to[2]) {
  p->at[0] = to[0];
  p->at[1] = to[1];
}

/* The control point of a smooth curve: that of the curve before, mirrored; else where the pen is.
 */
static void mirrored(const struct pen *p, const char *kin, double c[2]) {
  bool smooth = strchr(kin, p->before) != NULL;
  for (int k = 0; k < 2; k++) c[k] = smooth ? 2 * p->at[k] - p->control[k] : p->at[k];
}

static void curve(struct pen *p, char command, double *v) {
  double c[2];
  if (command == 'C' || command == 'Q') {
    if (command == 'C')
      kz__outline_cubic(p->o, v, v + 2, v + 4);
    else
      kz__outline_quadratic(p->o, v, v + 2);
    memcpy(p->control, command == 'C' ? v + 2 : v, sizeof p->control);
    arrive(p, command == 'C' ? v + 4 : v + 2);
  } else if (command == 'S') {
    mirrored(p, "CS", c);
    kz__outline_cubic(p->o, c, v, v + 2);
    memcpy(p->control, v, sizeof p->control);
    arrive(p, v + 2);
  } else {
    mirrored(p, "QT", c);
    kz__outline_quadratic(p->o, c, v);
    memcpy(p->control, c, sizeof c);
    arrive(p, v);
  }
}

static bool arc(struct pen *p, const char **s, const char *end, bool relative) {
  struct kz__arc a;
  double v[3], to[2];
  if (!numbers(s, end, v, 3) || !flag(s, end, &a.large) || !flag(s, end, &a.sweep) ||
      !numbers(s, end, to, 2))
    return false;
  a.rx = v[0];
  a.ry = v[1];
  a.turn = v[2];
  for (int k = 0; relative && k < 2; k++) to[k] += p->at[k];
  kz__outline_arc(p->o, &a, to);
  arrive(p, to);
  return true;
}

/* One set of a command's numbers. */
static bool step(struct pen *p, char command, const char **s, const char *end) {
  static const char letters[] = "MLHVCSQTA";
  static const int counts[] = {2, 2, 1, 1, 6, 4, 4, 2, 0};
  char upper = (char)toupper((unsigned char)command);
  bool relative = command != upper;
  double v[6], to[2] = {p->at[0], p->at[1]};
  const char *which = strchr(letters, upper);
  if (!which) return false;
  if (upper == 'A') {
    if (!arc(p, s, end, relative)) return false;
    p->before = upper;
    return true;
  }
  int n = counts[which - letters];
  if (!numbers(s, end, v, n)) return false;
  for (int i = 0; relative && i < n; i++) v[i] += p->at[upper == 'V' ? 1 : i & 1];
  if (upper == 'M' || upper == 'L' || upper == 'H' || upper == 'V') {
    if (upper != 'V') to[0] = v[0];
    if (upper != 'H') to[1] = upper == 'V' ? v[0] : v[1];
    if (upper == 'M') {
      kz__outline_move(p->o, to[0], to[1]);
      memcpy(p->start, to, sizeof to);
    } else {
      kz__outline_line(p->o, to[0], to[1]);
    }
    arrive(p, to);
  } else {
    curve(p, upper, v);
  }
  p->before = upper;
  return true;
}

static bool path(struct kz__outline *o, struct word d) {
  struct pen p = {.o = o};
  const char *s = d.at, *end = d.at + d.len;
  char command = 0;
  for (s = skip(s, end); s < end; s = skip(s, end)) {
    if (isalpha((unsigned char)*s)) {
      command = *s++;
      if (!p.before && toupper((unsigned char)command) != 'M') return false;
      if (command == 'Z' || command == 'z') {
        if (p.before != 'Z') arrive(&p, p.start);
        p.before = 'Z';
        continue;
      }
    } else if (command == 'M' || command == 'm') {
      command = command == 'M' ? 'L' : 'l'; /* further pairs after a move are lines */
    }
    if (command == 'Z' || command == 'z' || !command) return false;
    if (p.before == 'Z' && toupper((unsigned char)command) != 'M')
      kz__outline_move(o, p.start[0], p.start[1]);
    if (!step(&p, command, &s, end)) return false;
  }
  return true;
}

/* ---- elements ---- */

/* The value of an attribute in `tag` (all between '<' and '>'); len 0: it is not there. */
static struct word attribute(struct word tag, const char *name) {
  const char *s = tag.at, *end = tag.at + tag.len;
  size_t want = strlen(name);
  while (s < end && !isspace((unsigned char)*s)) s++;
  while (s < end) {
    while (s < end && (isspace((unsigned char)*s) || *s == '/')) s++;
    const char *key = s;
    while (s < end && *s != '=' && !isspace((unsigned char)*s)) s++;
    size_t len = (size_t)(s - key);
    while (s < end && *s != '"' && *s != '\'') s++;
    if (s >= end) break;
    const char *value = s + 1, *close = memchr(value, *s, (size_t)(end - value));
    if (!close) break;
    if (len == want && !memcmp(key, name, want))
      return (struct word){value, (size_t)(close - value)};
    s = close + 1;
  }
  return (struct word){"", 0};
}

static double length(struct word tag, const char *name) {
  struct word w = attribute(tag, name);
  const char *s = w.at;
  double v = 0;
  return number(&s, w.at + w.len, &v) ? v : 0;
}

static bool points(struct kz__outline *o, struct word list) {
  const char *s = list.at, *end = list.at + list.len;
  double v[2];
  int n = 0;
  for (s = skip(s, end); s < end; s = skip(s, end), n++) {
    if (!numbers(&s, end, v, 2)) return false;
    kz__outline_line(o, v[0], v[1]);
  }
  return n >= 3;
}

static bool named(struct word tag, const char *name) {
  size_t n = 0, want = strlen(name);
  const char *s = tag.at;
  while (n < tag.len && !isspace((unsigned char)s[n]) && s[n] != '/') n++;
  const char *colon = memchr(s, ':', n);
  if (colon) {
    n -= (size_t)(colon + 1 - s);
    s = colon + 1;
  }
  return n == want && !memcmp(s, name, want);
}

/* 1: a shape was drawn; 0: not a shape; negative: an error. */
static int draw(struct word tag, struct kz__outline *o, struct kz_err *err) {
  bool good = true, known = true;
  if (named(tag, "polygon") || named(tag, "polyline"))
    good = points(o, attribute(tag, "points"));
  else if (named(tag, "path"))
    good = path(o, attribute(tag, "d")) && o->count;
  else if (named(tag, "rect"))
    kz__outline_rectangle(o, length(tag, "x"), length(tag, "y"), length(tag, "width"),
                          length(tag, "height"));
  else if (named(tag, "circle"))
    kz__outline_ellipse(o, length(tag, "cx"), length(tag, "cy"), length(tag, "r"),
                        length(tag, "r"));
  else if (named(tag, "ellipse"))
    kz__outline_ellipse(o, length(tag, "cx"), length(tag, "cy"), length(tag, "rx"),
                        length(tag, "ry"));
  else
    known = false;
  int shown = tag.len < 80 ? (int)tag.len : 80;
  if (named(tag, "line") || named(tag, "text") || named(tag, "use") || named(tag, "image"))
    return kz_err_set(err, KZ_EUNSUPPORTED,
                      "<%.*s>: this has no area that can be read; draw a "
                      "polygon or a path around the damage",
                      shown, tag.at);
  if (attribute(tag, "transform").len)
    return kz_err_set(err, KZ_EUNSUPPORTED,
                      "<%.*s>: transforms are not read; write the shape in "
                      "the image's own pixels",
                      shown, tag.at);
  if (!good)
    return kz_err_set(err, KZ_EFORMAT, "<%.*s>: its points or its path cannot be read", shown,
                      tag.at);
  return known;
}

int kz__svg_paint(const char *svg, struct kz__paint *p, int cls, struct kz_err *err) {
  struct kz__outline o = {0};
  int drawn = 0, code = 0;
  for (const char *s = strchr(svg, '<'); s && code >= 0; s = s ? strchr(s, '<') : NULL) {
    const char *close = !strncmp(s, "<!--", 4) ? strstr(s, "-->") : strchr(s, '>');
    if (!close) {
      code = kz_err_set(err, KZ_EFORMAT, "the SVG ends inside <%.40s", s + 1);
      break;
    }
    struct word tag = {s + 1, (size_t)(close - s - 1)};
    s = close + 1;
    if (!tag.len || strchr("!?/", *tag.at)) continue;
    code = draw(tag, &o, err);
    if (code > 0) {
      drawn++;
      code = kz__outline_fill(&o, p, cls, err);
    }
  }
  kz__outline_release(&o);
  if (code < 0) return code;
  return drawn ? 0 : kz_err_set(err, KZ_EFORMAT, "the SVG holds no shape");
}
