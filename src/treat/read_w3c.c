/* W3C Web Annotations, alone, in a list, or in a page (IIIF Presentation 3). The class is what a
 * body says: the first text, label or name of a concept that names one. Where, is what a selector
 * says, SVG or a fragment, inside the target or at the end of its address. */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "treat/parts.h"

struct note {
  const struct kz__reading *r;
  int number; /* from 1 */
  int cls;
  bool placed; /* a selector was painted */
};

static int broken(const struct note *n, int code, const char *what, struct kz_err *err) {
  return kz_err_set(err, code, "%s: annotation %d: %s", n->r->path, n->number, what);
}

/* ---- what ---- */

static const char *text_of(const json_t *body) {
  static const char *const keys[] = {"value", "label", "name"};
  if (json_is_string(body)) return json_string_value(body);
  for (int i = 0; i < 3; i++) {
    const char *s = json_string_value(json_object_get(body, keys[i]));
    if (s) return s;
  }
  const json_t *source = json_object_get(body, "source"); /* a SpecificResource */
  return source && !json_is_string(source) ? text_of(source) : NULL;
}

static int find_class(struct note *n, const json_t *body, struct kz_err *err) {
  const char *said = NULL;
  bool many = json_is_array(body);
  size_t count = many ? json_array_size(body) : 1;
  for (size_t i = 0; i < count; i++) {
    const char *s = text_of(many ? json_array_get(body, i) : body);
    if (!s) continue;
    if (!said) said = s;
    n->cls = kz__name_class(n->r->policy, s);
    if (n->cls != -1) return 0;
  }
  if (!said)
    return broken(n, KZ_EFORMAT,
                  "no body says what the damage is; give it one such as "
                  "{\"type\": \"TextualBody\", \"value\": \"crack\"}",
                  err);
  char where[48];
  snprintf(where, sizeof where, "annotation %d: the body", n->number);
  return kz__name_unknown(n->r->path, where, said, err);
}

/* ---- where ---- */

/* xywh=10,20,30,40, xywh=pixel:..., xywh=percent:... (Media Fragments 1.0). */
static int fragment(struct note *n, const char *s, struct kz_err *err) {
  const struct kz_treat_source *image = n->r->source;
  double v[4], sx = 1, sy = 1;
  struct kz__outline o = {0};
  const char *at = strstr(s, "xywh=");
  at = at ? at + 5 : "";
  if (!strncmp(at, "pixel:", 6)) at += 6;
  if (!strncmp(at, "percent:", 8)) {
    at += 8;
    sx = image->width / 100.0;
    sy = image->height / 100.0;
  }
  for (int i = 0; i < 4; i++) {
    char *end = NULL;
    bool digit = isdigit((unsigned char)*at) || *at == '.' || *at == '-';
    v[i] = digit ? strtod(at, &end) : 0;
    if (!digit || end == at || *end != (i < 3 ? ',' : *end))
      return broken(n, KZ_EFORMAT, "its fragment is not xywh=X,Y,WIDTH,HEIGHT", err);
    at = i < 3 ? end + 1 : end;
  }
  kz__outline_rectangle(&o, v[0] * sx, v[1] * sy, v[2] * sx, v[3] * sy);
  int code = kz__outline_fill(&o, n->r->paint, n->cls, err);
  kz__outline_release(&o);
  n->placed = true;
  return code ? kz_err_prefix(err, "%s: annotation %d: ", n->r->path, n->number) : 0;
}

static int selector(struct note *n, const json_t *s, struct kz_err *err) {
  const char *type = json_string_value(json_object_get(s, "type"));
  const char *value = json_string_value(json_object_get(s, "value"));
  if (!type || !value)
    return broken(n, KZ_EFORMAT, "a selector needs a \"type\" and a \"value\"", err);
  if (!strcmp(type, "FragmentSelector")) return fragment(n, value, err);
  if (strcmp(type, "SvgSelector"))
    return kz_err_set(err, KZ_EUNSUPPORTED,
                      "%s: annotation %d: a %.60s is not read; use an SvgSelector or a "
                      "FragmentSelector",
                      n->r->path, n->number, type);
  n->placed = true;
  int code = kz__svg_paint(value, n->r->paint, n->cls, err);
  return code ? kz_err_prefix(err, "%s: annotation %d: ", n->r->path, n->number) : 0;
}

/* Several selectors of one target say the same thing in several ways: an SVG one is the exact one.
 */
static const json_t *best_selector(const json_t *list) {
  for (size_t i = 0; i < json_array_size(list); i++) {
    const json_t *s = json_array_get(list, i);
    const char *type = json_string_value(json_object_get(s, "type"));
    if (type && !strcmp(type, "SvgSelector")) return s;
  }
  return json_array_get(list, 0);
}

static int target(struct note *n, const json_t *t, struct kz_err *err) {
  const json_t *s = json_object_get(t, "selector");
  const char *address = json_string_value(json_is_string(t) ? t : json_object_get(t, "source"));
  if (!address) address = json_string_value(json_object_get(t, "id"));
  if (s) return selector(n, json_is_array(s) ? best_selector(s) : s, err);
  const char *hash = address ? strchr(address, '#') : NULL;
  return hash && strstr(hash, "xywh=") ? fragment(n, hash, err) : 0;
}

/* ---- the file ---- */

static int annotation(struct note *n, const json_t *a, struct kz_err *err) {
  const json_t *t = json_object_get(a, "target");
  int code = 0;
  n->placed = false;
  n->cls = -1;
  if (!t) return broken(n, KZ_EFORMAT, "it has no \"target\"", err);
  code = find_class(n, json_object_get(a, "body"), err);
  if (code || n->cls == KZ_IGNORE) return code;
  if (json_is_array(t))
    for (size_t i = 0; i < json_array_size(t) && !code; i++)
      code = target(n, json_array_get(t, i), err);
  else
    code = target(n, t, err);
  if (!code && !n->placed)
    code = broken(n, KZ_EFORMAT, "no selector says which part of the image it means", err);
  return code;
}

int kz__read_w3c(const struct kz__reading *r, const json_t *root, struct kz_err *err) {
  const json_t *items = json_is_array(root) ? root : json_object_get(root, "items");
  struct note n = {.r = r};
  int code = 0;
  if (!items) {
    n.number = 1;
    return annotation(&n, root, err);
  }
  for (size_t i = 0; i < json_array_size(items) && !code; i++) {
    n.number = (int)i + 1;
    code = annotation(&n, json_array_get(items, i), err);
  }
  return code;
}
