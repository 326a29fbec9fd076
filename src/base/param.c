/* Parameter tables: one description from which defaults, parsing, help and JSON follow. Numbers
 * are read and written in the C locale whatever the process has set, because a configuration file
 * written under one locale is read under another. JSON is written here rather than by jansson so
 * that 0.0004 stays 0.0004 (the shortest digits that give the same double). */
#include <kizil/param.h>

#include <errno.h>
#include <jansson.h>
#include <locale.h>
#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/file.h"

enum { MAX_CONFIG_BYTES = 1 << 20 };

static void *field(const struct kz_param *p, void *options) { return (char *)options + p->offset; }

static const void *const_field(const struct kz_param *p, const void *options) {
  return (const char *)options + p->offset;
}

/* ---- numbers in the C locale ---- */

static locale_t enter_c_locale(locale_t *c) {
  *c = newlocale(LC_ALL_MASK, "C", (locale_t)0);
  return *c ? uselocale(*c) : (locale_t)0;
}

static void leave_c_locale(locale_t c, locale_t before) {
  if (!c) return;
  uselocale(before);
  freelocale(c);
}

/* The shortest text that reads back as `value`; returns buf. */
static char *number_text(double value, char buf[40]) {
  locale_t c, before = enter_c_locale(&c);
  for (int digits = 6; digits <= 17; digits++) {
    snprintf(buf, 40, "%.*g", digits, value);
    if (strtod(buf, NULL) == value) break;
  }
  leave_c_locale(c, before);
  return buf;
}

static bool read_number(const char *text, double *value) {
  locale_t c, before = enter_c_locale(&c);
  char *end;
  *value = strtod(text, &end);
  leave_c_locale(c, before);
  return end != text && !*end;
}

/* ---- names ---- */

int kz_name_distance(const char *a, const char *b) {
  enum { MOST = 63 };
  int row[MOST + 1], m = (int)strnlen(a, MOST), n = (int)strnlen(b, MOST);
  for (int j = 0; j <= n; j++) row[j] = j;
  for (int i = 1; i <= m; i++) {
    int diagonal = row[0];
    row[0] = i;
    for (int j = 1; j <= n; j++) {
      int best = diagonal + (a[i - 1] != b[j - 1]);
      diagonal = row[j];
      if (row[j] + 1 < best) best = row[j] + 1;
      if (row[j - 1] + 1 < best) best = row[j - 1] + 1;
      row[j] = best;
    }
  }
  return row[n];
}

const struct kz_param *kz_param_find(const struct kz_param *table, const char *name) {
  for (const struct kz_param *p = table; p->name; p++)
    if (!strcmp(p->name, name)) return p;
  return NULL;
}

static int unknown_name(const struct kz_param *table, const char *name, const char *origin,
                        struct kz_err *err) {
  const char *nearest = NULL;
  int least = (int)strlen(name) / 2 + 1; /* further off is no help */
  for (const struct kz_param *p = table; p->name; p++) {
    int distance = kz_name_distance(p->name, name);
    if (distance <= least) {
      least = distance - 1;
      nearest = p->name;
    }
  }
  return kz_err_set(err, KZ_ENOENT, "%s%sno parameter '%s'%s%s%s", origin ? origin : "",
                    origin ? ": " : "", name, nearest ? "; did you mean '" : "",
                    nearest ? nearest : "", nearest ? "'?" : "");
}

/* ---- defaults and ownership ---- */

void kz_params_defaults(const struct kz_param *table, void *options) {
  for (const struct kz_param *p = table; p->name; p++) {
    void *to = field(p, options);
    switch (p->type) {
    case KZ_PARAM_INT: *(int64_t *)to = (int64_t)p->def; break;
    case KZ_PARAM_FLOAT: *(double *)to = p->def; break;
    case KZ_PARAM_BOOL: *(bool *)to = p->def != 0; break;
    case KZ_PARAM_STRING: *(const char **)to = p->def_text; break;
    case KZ_PARAM_CHOICE: *(int *)to = (int)p->def; break;
    }
  }
}

/* A string other than the table's own default was copied here. */
static void drop_string(const struct kz_param *p, void *options) {
  const char **text = field(p, options);
  if (*text != p->def_text) free((char *)*text);
  *text = p->def_text;
}

void kz_params_release(const struct kz_param *table, void *options) {
  for (const struct kz_param *p = table; p->name; p++)
    if (p->type == KZ_PARAM_STRING) drop_string(p, options);
}

/* ---- ranges as words ---- */

static const char *range_text(const struct kz_param *p, char *buf, size_t size) {
  char lo[40], hi[40];
  const char *unit = p->unit ? p->unit : "";
  snprintf(buf, size, "%s to %s%s%s", number_text(p->min, lo), number_text(p->max, hi),
           *unit ? " " : "", unit);
  return buf;
}

static const char *choices_text(const struct kz_param *p, char *buf, size_t size) {
  size_t used = 0;
  buf[0] = '\0';
  for (int i = 0; p->choices[i] && used < size; i++)
    used += (size_t)snprintf(buf + used, size - used, "%s%s", i ? ", " : "", p->choices[i]);
  return buf;
}

/* ---- setting, with checks ---- */

/* Values from text and from JSON arrive here; `shown` is how the user wrote them. */
static int set_number(const struct kz_param *p, void *options, double value, int64_t whole,
                      const char *shown, struct kz_err *err) {
  char range[128];
  if (!(value >= p->min && value <= p->max))
    return kz_err_set(err, KZ_ERANGE, "%s is %s; it must be %s", p->name, shown,
                      range_text(p, range, sizeof range));
  if (p->type == KZ_PARAM_INT)
    *(int64_t *)field(p, options) = whole;
  else
    *(double *)field(p, options) = value;
  return 0;
}

static int set_choice(const struct kz_param *p, void *options, const char *text,
                      struct kz_err *err) {
  char all[256];
  for (int i = 0; p->choices[i]; i++)
    if (!strcmp(p->choices[i], text)) {
      *(int *)field(p, options) = i;
      return 0;
    }
  return kz_err_set(err, KZ_ERANGE, "%s is '%s'; it must be one of %s", p->name, text,
                    choices_text(p, all, sizeof all));
}

static int set_string(const struct kz_param *p, void *options, const char *text,
                      struct kz_err *err) {
  char *copy = strdup(text);
  if (!copy) return kz_err_set(err, KZ_ENOMEM, "%s: no memory for its text", p->name);
  drop_string(p, options);
  *(const char **)field(p, options) = copy;
  return 0;
}

static int set_bool(const struct kz_param *p, void *options, const char *text,
                    struct kz_err *err) {
  static const char *const words[] = {"false", "true", "no", "yes", "off", "on", "0", "1"};
  for (size_t i = 0; i < sizeof words / sizeof *words; i++)
    if (!strcasecmp(words[i], text)) {
      *(bool *)field(p, options) = i % 2;
      return 0;
    }
  return kz_err_set(err, KZ_EFORMAT, "%s is '%s'; it must be true or false", p->name, text);
}

static int set_int(const struct kz_param *p, void *options, const char *text,
                   struct kz_err *err) {
  char *end, range[128];
  errno = 0;
  long long value = strtoll(text, &end, 10);
  if (end == text || *end)
    return kz_err_set(err, KZ_EFORMAT, "%s is '%s'; it must be a whole number, %s", p->name, text,
                      range_text(p, range, sizeof range));
  double judged = errno != ERANGE ? (double)value : value < 0 ? -INFINITY : INFINITY;
  return set_number(p, options, judged, value, text, err);
}

static int set_float(const struct kz_param *p, void *options, const char *text,
                     struct kz_err *err) {
  double value;
  char range[128];
  if (!read_number(text, &value))
    return kz_err_set(err, KZ_EFORMAT, "%s is '%s'; it must be a number, %s", p->name, text,
                      range_text(p, range, sizeof range));
  return set_number(p, options, value, 0, text, err);
}

int kz_params_set(const struct kz_param *table, void *options, const char *name, const char *text,
                  struct kz_err *err) {
  const struct kz_param *p = kz_param_find(table, name);
  if (!p) return unknown_name(table, name, NULL, err);
  switch (p->type) {
  case KZ_PARAM_INT: return set_int(p, options, text, err);
  case KZ_PARAM_FLOAT: return set_float(p, options, text, err);
  case KZ_PARAM_BOOL: return set_bool(p, options, text, err);
  case KZ_PARAM_STRING: return set_string(p, options, text, err);
  case KZ_PARAM_CHOICE: return set_choice(p, options, text, err);
  }
  return kz_err_set(err, KZ_EUNSUPPORTED, "%s has an unknown type", name);
}

/* ---- help ---- */

static const char *value_word(const struct kz_param *p) {
  switch (p->type) {
  case KZ_PARAM_INT: return " N";
  case KZ_PARAM_FLOAT: return " X";
  case KZ_PARAM_STRING: return " TEXT";
  case KZ_PARAM_CHOICE: return " NAME";
  case KZ_PARAM_BOOL: break;
  }
  return "";
}

static void print_values(const struct kz_param *p, FILE *to) {
  char text[256], number[40];
  switch (p->type) {
  case KZ_PARAM_INT:
  case KZ_PARAM_FLOAT:
    fprintf(to, " (default %s, %s)", number_text(p->def, number),
            range_text(p, text, sizeof text));
    break;
  case KZ_PARAM_BOOL: fprintf(to, " (default %s)", p->def != 0 ? "yes" : "no"); break;
  case KZ_PARAM_STRING:
    if (p->def_text) fprintf(to, " (default %s)", p->def_text);
    break;
  case KZ_PARAM_CHOICE:
    fprintf(to, " (default %s; %s)", p->choices[(int)p->def],
            choices_text(p, text, sizeof text));
    break;
  }
}

void kz_param_term(const struct kz_param *p, FILE *to) {
  fprintf(to, "--%s%s%s", p->type == KZ_PARAM_BOOL ? "[no-]" : "", p->name, value_word(p));
}

void kz_param_explain(const struct kz_param *p, FILE *to) {
  fputs(p->help, to);
  print_values(p, to);
}

void kz_params_help(const struct kz_param *table, FILE *to) {
  for (const struct kz_param *p = table; p->name; p++) {
    int negatable = p->type == KZ_PARAM_BOOL ? (int)strlen("[no-]") : 0;
    int width = 4 + negatable + (int)strlen(p->name) + (int)strlen(value_word(p));
    fputs("  ", to);
    kz_param_term(p, to);
    fprintf(to, "%*s", width < 24 ? 24 - width : 1, "");
    kz_param_explain(p, to);
    fputc('\n', to);
  }
}

/* ---- JSON ---- */

static void write_string(FILE *to, const char *text) {
  json_t *value = text ? json_string(text) : json_null();
  char *quoted = value ? json_dumps(value, JSON_ENCODE_ANY) : NULL;
  fputs(quoted ? quoted : "null", to); /* null, too, for text that is not UTF-8 */
  free(quoted);
  json_decref(value);
}

static void write_value(FILE *to, const struct kz_param *p, const void *options) {
  const void *from = const_field(p, options);
  char number[40];
  switch (p->type) {
  case KZ_PARAM_INT: fprintf(to, "%lld", (long long)*(const int64_t *)from); break;
  case KZ_PARAM_FLOAT: fputs(number_text(*(const double *)from, number), to); break;
  case KZ_PARAM_BOOL: fputs(*(const bool *)from ? "true" : "false", to); break;
  case KZ_PARAM_STRING: write_string(to, *(const char *const *)from); break;
  case KZ_PARAM_CHOICE: write_string(to, p->choices[*(const int *)from]); break;
  }
}

char *kz_params_to_json(const struct kz_param *table, const void *options) {
  char *text = NULL;
  size_t len;
  FILE *to = open_memstream(&text, &len);
  if (!to) return NULL;
  fputc('{', to);
  for (const struct kz_param *p = table; p->name; p++) {
    fprintf(to, "%s\n  \"%s\": ", p == table ? "" : ",", p->name);
    write_value(to, p, options);
  }
  fputs("\n}\n", to);
  bool failed = ferror(to) != 0;
  if (fclose(to) || failed) {
    free(text);
    return NULL;
  }
  return text;
}

static int wrong_type(const struct kz_param *p, const char *wanted, struct kz_err *err) {
  return kz_err_set(err, KZ_EFORMAT, "%s must be %s", p->name, wanted);
}

static int set_json(const struct kz_param *p, void *options, const json_t *value,
                    struct kz_err *err) {
  char shown[40];
  switch (p->type) {
  case KZ_PARAM_INT:
    if (!json_is_integer(value)) return wrong_type(p, "a whole number", err);
    snprintf(shown, sizeof shown, "%lld", (long long)json_integer_value(value));
    return set_number(p, options, (double)json_integer_value(value), json_integer_value(value),
                      shown, err);
  case KZ_PARAM_FLOAT:
    if (!json_is_number(value)) return wrong_type(p, "a number", err);
    return set_number(p, options, json_number_value(value), 0,
                      number_text(json_number_value(value), shown), err);
  case KZ_PARAM_BOOL:
    if (!json_is_boolean(value)) return wrong_type(p, "true or false", err);
    *(bool *)field(p, options) = json_is_true(value);
    return 0;
  case KZ_PARAM_STRING:
    if (json_is_null(value)) {
      drop_string(p, options);
      return 0;
    }
    if (!json_is_string(value)) return wrong_type(p, "a string or null", err);
    return set_string(p, options, json_string_value(value), err);
  case KZ_PARAM_CHOICE:
    if (!json_is_string(value)) return wrong_type(p, "a string", err);
    return set_choice(p, options, json_string_value(value), err);
  }
  return kz_err_set(err, KZ_EUNSUPPORTED, "%s has an unknown type", p->name);
}

int kz_params_from_json(const struct kz_param *table, void *options, const char *json,
                        const char *origin, struct kz_err *err) {
  json_error_t where;
  const char *key;
  json_t *value, *root = json_loads(json, JSON_REJECT_DUPLICATES, &where);
  int code = 0;
  if (!root)
    return kz_err_set(err, KZ_EFORMAT, "%s: line %d: %s", origin, where.line, where.text);
  if (!json_is_object(root)) {
    code = kz_err_set(err, KZ_EFORMAT, "%s: must be a JSON object", origin);
    goto out;
  }
  json_object_foreach(root, key, value) {
    const struct kz_param *p = kz_param_find(table, key);
    if (!p) {
      code = unknown_name(table, key, origin, err);
      goto out;
    }
    if ((code = set_json(p, options, value, err))) {
      kz_err_prefix(err, "%s", origin);
      goto out;
    }
  }
out:
  json_decref(root);
  return code;
}

int kz_params_load(const struct kz_param *table, void *options, const char *path,
                   struct kz_err *err) {
  char *text;
  size_t len;
  int code = kz_file_read(path, MAX_CONFIG_BYTES, &text, &len, err);
  if (code) return code;
  code = strlen(text) == len ? kz_params_from_json(table, options, text, path, err)
                             : kz_err_set(err, KZ_EFORMAT, "%s: holds a zero byte", path);
  free(text);
  return code;
}
