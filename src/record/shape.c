/* A struct and its JSON by a table of fields. Reading is checking: nothing that the table does not
 * allow comes through, and a message says which member is meant, as "regions[3].known". */
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "record/field.h"

static void *member(const struct kz__field *f, const void *at) { return (char *)at + f->offset; }

static int64_t *counter(const struct kz__field *f, const void *at) {
  return (int64_t *)(void *)((char *)at + f->count);
}

static bool is_text(enum kz__kind kind) {
  return kind == KZ__TEXT || kind == KZ__HASH || kind == KZ__TIME;
}

/* ---- contents ---- */

static void init_fields(const struct kz__shape *shape, void *at) {
  for (const struct kz__field *f = shape->fields; f->name; f++) {
    if (f->kind == KZ__REAL) *(double *)member(f, at) = NAN;
    if (f->kind == KZ__OPTIONS) kz_params_defaults(f->params, member(f, at));
    if (f->kind == KZ__OBJECT) init_fields(f->shape, member(f, at));
  }
}

void kz__shape_init(const struct kz__shape *shape, void *at) {
  memset(at, 0, shape->size);
  init_fields(shape, at);
}

static void release_list(const struct kz__field *f, void *at) {
  char *items = *(char **)member(f, at);
  for (int64_t i = 0; i < *counter(f, at); i++)
    kz__shape_release(f->shape, items + (size_t)i * f->shape->size);
  free(items);
}

void kz__shape_release(const struct kz__shape *shape, void *at) {
  for (const struct kz__field *f = shape->fields; f->name; f++) {
    if (is_text(f->kind)) free(*(char **)member(f, at));
    if (f->kind == KZ__OPTIONS) kz_params_release(f->params, member(f, at));
    if (f->kind == KZ__OBJECT) kz__shape_release(f->shape, member(f, at));
    if (f->kind == KZ__LIST) release_list(f, at);
  }
}

/* The room doubles whenever the number is a power of two, so that it need not be kept. */
void *kz__list_add(const struct kz__field *f, void *at) {
  char **items = member(f, at);
  int64_t n = *counter(f, at);
  if (!(n & (n - 1))) {
    char *grown = realloc(*items, (size_t)(n ? 2 * n : 1) * f->shape->size);
    if (!grown) return NULL;
    *items = grown;
  }
  void *item = *items + (size_t)n * f->shape->size;
  kz__shape_init(f->shape, item);
  ++*counter(f, at);
  return item;
}

/* ---- to JSON ---- */

static json_t *encode_list(const struct kz__field *f, const void *at) {
  const char *items = *(char **)member(f, at);
  json_t *list = json_array();
  for (int64_t i = 0; list && i < *counter(f, at); i++) {
    json_t *item = kz__shape_encode(f->shape, items + (size_t)i * f->shape->size);
    if (json_array_append_new(list, item)) { /* which takes NULL for a failure */
      json_decref(list);
      list = NULL;
    }
  }
  return list;
}

static json_t *encode_options(const struct kz_param *params, const void *options) {
  char *text = kz_params_to_json(params, options);
  json_t *value = text ? json_loads(text, 0, NULL) : NULL;
  free(text);
  return value;
}

/* NULL with *absent: there is nothing to say. */
static json_t *encode_field(const struct kz__field *f, const void *at, bool *absent) {
  const void *p = member(f, at);
  switch (f->kind) {
  case KZ__TEXT:
  case KZ__HASH:
  case KZ__TIME:
    *absent = !*(char *const *)p;
    return *absent ? NULL : json_string(*(char *const *)p);
  case KZ__INT: return json_integer(*(const int64_t *)p);
  case KZ__REAL:
    *absent = isnan(*(const double *)p);
    return *absent ? NULL : json_real(*(const double *)p);
  case KZ__CHOICE: {
    int index = *(const int *)p, known = 0;
    while (f->choices[known]) known++;
    return index < 0 || index >= known ? json_integer(index) : json_string(f->choices[index]);
  }
  case KZ__LIST: return encode_list(f, at);
  case KZ__OPTIONS: return encode_options(f->params, p);
  case KZ__OBJECT: {
    json_t *value = kz__shape_encode(f->shape, p);
    *absent = value && !json_object_size(value);
    if (!*absent) return value;
    json_decref(value);
    return NULL;
  }
  case KZ__SEAL: break;
  }
  *absent = true;
  return NULL;
}

json_t *kz__shape_encode(const struct kz__shape *shape, const void *at) {
  json_t *object = json_object();
  for (const struct kz__field *f = shape->fields; object && f->name; f++) {
    bool absent = false;
    json_t *value = encode_field(f, at, &absent);
    if (absent || !json_object_set_new(object, f->name, value)) continue;
    json_decref(object);
    object = NULL;
  }
  return object;
}

/* ---- from JSON ---- */

/* Where in the file we are: a chain from the inside out. */
struct spot {
  const struct spot *outer; /* NULL: the file itself */
  const char *name;         /* a member, or the file; NULL: of a list */
  int64_t index;
};

static size_t write_spot(const struct spot *s, char *to, size_t size) {
  size_t n = s->outer ? write_spot(s->outer, to, size) : 0;
  const char *between = !s->outer ? "" : !s->outer->outer ? ": " : ".";
  if (n >= size) return n;
  int more = s->name ? snprintf(to + n, size - n, "%s%s", between, s->name)
                     : snprintf(to + n, size - n, "[%lld]", (long long)s->index);
  return n + (size_t)more;
}

static int __attribute__((format(printf, 4, 5)))
wrong(const struct spot *s, int code, struct kz_err *err, const char *fmt, ...) {
  char where[600], what[300];
  va_list args;
  va_start(args, fmt);
  vsnprintf(what, sizeof what, fmt, args);
  va_end(args);
  write_spot(s, where, sizeof where);
  return kz_err_set(err, code, "%s%s %s", where, s->outer ? "" : ":", what);
}

static bool is_hash(const char *t) {
  return strlen(t) == 64 && strspn(t, "0123456789abcdef") == 64;
}

/* "2026-03-01T12:00:00Z"; whether the month has such a day is not looked at. */
static bool is_time(const char *t) {
  static const char shape[] = "dddd-dd-ddTdd:dd:ddZ";
  if (strlen(t) != sizeof shape - 1) return false;
  for (int i = 0; shape[i]; i++)
    if (shape[i] == 'd' ? t[i] < '0' || t[i] > '9' : t[i] != shape[i]) return false;
  return true;
}

static int decode_text(const struct kz__field *f, char **to, const json_t *value,
                       const struct spot *s, struct kz_err *err) {
  const char *text = json_string_value(value);
  if (!text || !*text) return wrong(s, KZ_EFORMAT, err, "must be text that is not empty");
  if (f->kind == KZ__TIME && !is_time(text))
    return wrong(s, KZ_EFORMAT, err, "must be a time as 2026-03-01T12:00:00Z, not %.40s", text);
  if (f->kind != KZ__TEXT && f->kind != KZ__TIME && !is_hash(text))
    return wrong(s, KZ_EFORMAT, err, "must be 64 hexadecimal digits in lower case");
  if (!to) return 0;
  *to = strdup(text);
  return *to ? 0 : wrong(s, KZ_ENOMEM, err, "does not fit into memory");
}

static int decode_number(const struct kz__field *f, void *to, const json_t *value,
                         const struct spot *s, struct kz_err *err) {
  bool whole = f->kind == KZ__INT;
  if (whole ? !json_is_integer(value) : !json_is_number(value))
    return wrong(s, KZ_EFORMAT, err, "must be a %snumber", whole ? "whole " : "");
  double v = json_number_value(value);
  if (v < f->min || v > f->max)
    return wrong(s, KZ_ERANGE, err, "is %.15g: must be %.15g to %.15g", v, f->min, f->max);
  if (whole)
    *(int64_t *)to = json_integer_value(value);
  else
    *(double *)to = v;
  return 0;
}

static int decode_choice(const struct kz__field *f, int *to, const json_t *value,
                         const struct spot *s, struct kz_err *err) {
  const char *text = json_string_value(value);
  char known[200] = "";
  size_t n = 0;
  for (int i = 0; f->choices[i]; i++) {
    if (text && !strcmp(text, f->choices[i])) {
      *to = i;
      return 0;
    }
    n += (size_t)snprintf(known + n, sizeof known - n, "%s%s", i ? ", " : "", f->choices[i]);
  }
  return wrong(s, KZ_EFORMAT, err, "must be one of %s", known);
}

static int decode_options(const struct kz__field *f, void *to, const json_t *value,
                          const struct spot *s, struct kz_err *err) {
  char where[600], *text = json_is_object(value) ? json_dumps(value, 0) : NULL;
  if (!text) return wrong(s, KZ_EFORMAT, err, "must be an object");
  write_spot(s, where, sizeof where);
  int code = kz_params_from_json(f->params, to, text, where, err);
  free(text);
  return code;
}

static int decode_shape(const struct kz__shape *shape, void *at, const json_t *value,
                        const struct spot *s, struct kz_err *err);

static int decode_list(const struct kz__field *f, void *at, const json_t *value,
                       const struct spot *s, struct kz_err *err) {
  if (!json_is_array(value)) return wrong(s, KZ_EFORMAT, err, "must be a list");
  int code = 0;
  for (size_t i = 0; i < json_array_size(value) && !code; i++) {
    const struct spot inner = {s, NULL, (int64_t)i};
    void *item = kz__list_add(f, at);
    if (!item) return wrong(&inner, KZ_ENOMEM, err, "does not fit into memory");
    code = decode_shape(f->shape, item, json_array_get(value, i), &inner, err);
  }
  return code;
}

static int decode_field(const struct kz__field *f, void *at, const json_t *value,
                        const struct spot *s, struct kz_err *err) {
  void *to = member(f, at);
  switch (f->kind) {
  case KZ__TEXT:
  case KZ__HASH:
  case KZ__TIME: return decode_text(f, to, value, s, err);
  case KZ__SEAL: return decode_text(f, NULL, value, s, err);
  case KZ__INT:
  case KZ__REAL: return decode_number(f, to, value, s, err);
  case KZ__CHOICE: return decode_choice(f, to, value, s, err);
  case KZ__OBJECT: return decode_shape(f->shape, to, value, s, err);
  case KZ__LIST: return decode_list(f, at, value, s, err);
  case KZ__OPTIONS: return decode_options(f, to, value, s, err);
  }
  return 0;
}

static int unknown_member(const struct kz__shape *shape, const json_t *value, const struct spot *s,
                          struct kz_err *err) {
  const char *key;
  json_t *v;
  json_object_foreach((json_t *)value, key, v) {
    const struct kz__field *f = shape->fields;
    while (f->name && strcmp(f->name, key)) f++;
    if (!f->name) return wrong(s, KZ_EFORMAT, err, "has an unknown member \"%.100s\"", key);
  }
  return 0;
}

static int decode_shape(const struct kz__shape *shape, void *at, const json_t *value,
                        const struct spot *s, struct kz_err *err) {
  if (!json_is_object(value)) return wrong(s, KZ_EFORMAT, err, "must be an object");
  int code = unknown_member(shape, value, s, err);
  for (const struct kz__field *f = shape->fields; f->name && !code; f++) {
    const struct spot inner = {s, f->name, 0};
    const json_t *v = json_object_get(value, f->name);
    bool needed = f->needed || f->kind == KZ__INT || f->kind == KZ__CHOICE;
    if (v)
      code = decode_field(f, at, v, &inner, err);
    else if (needed)
      code = wrong(&inner, KZ_EFORMAT, err, "is missing");
  }
  return code;
}

int kz__shape_decode(const struct kz__shape *shape, void *at, const json_t *value,
                     const char *origin, struct kz_err *err) {
  const struct spot file = {NULL, origin, 0};
  return decode_shape(shape, at, value, &file, err);
}
