/* The JSON Schema of a record, from the table that reads it. docs/record.schema.json is this text;
 * a test compares them. */
#include "record/field.h"

static json_t *object_of(const struct kz__shape *shape);

/* Whole numbers as such: a schema that says 9007199254740992.0 is right but reads badly. */
static json_t *number(double v) {
  return v == (double)(int64_t)v ? json_integer((json_int_t)v) : json_real(v);
}

static json_t *range_of(const char *type, double min, double max) {
  return json_pack("{s:s, s:o, s:o}", "type", type, "minimum", number(min), "maximum", number(max));
}

static json_t *one_of(const char *const *choices) {
  json_t *list = json_array();
  for (; list && *choices; choices++) json_array_append_new(list, json_string(*choices));
  return json_pack("{s:o}", "enum", list);
}

static json_t *pattern_of(const char *pattern) {
  return json_pack("{s:s, s:s}", "type", "string", "pattern", pattern);
}

static json_t *parameter_of(const struct kz_param *p) {
  switch (p->type) {
  case KZ_PARAM_INT: return range_of("integer", p->min, p->max);
  case KZ_PARAM_FLOAT: return range_of("number", p->min, p->max);
  case KZ_PARAM_BOOL: return json_pack("{s:s}", "type", "boolean");
  case KZ_PARAM_STRING: return json_pack("{s:[s, s]}", "type", "string", "null");
  case KZ_PARAM_CHOICE: return one_of(p->choices);
  }
  return NULL;
}

static json_t *described(json_t *value, const char *help, const char *unit) {
  if (value && help)
    json_object_set_new(value, "description",
                        unit && *unit ? json_sprintf("%s, %s", help, unit) : json_string(help));
  return value;
}

static json_t *parameters_of(const struct kz_param *p) {
  json_t *members = json_object();
  for (; members && p->name; p++)
    json_object_set_new(members, p->name, described(parameter_of(p), p->help, p->unit));
  return json_pack("{s:s, s:o, s:b}", "type", "object", "properties", members,
                   "additionalProperties", 0);
}

static json_t *schema_of(const struct kz__field *f) {
  switch (f->kind) {
  case KZ__TEXT: return json_pack("{s:s, s:i}", "type", "string", "minLength", 1);
  case KZ__HASH:
  case KZ__SEAL: return pattern_of("^[0-9a-f]{64}$");
  case KZ__TIME:
    return pattern_of("^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z$");
  case KZ__INT: return range_of("integer", f->min, f->max);
  case KZ__REAL: return range_of("number", f->min, f->max);
  case KZ__CHOICE: return one_of(f->choices);
  case KZ__OBJECT: return object_of(f->shape);
  case KZ__LIST: return json_pack("{s:s, s:o}", "type", "array", "items", object_of(f->shape));
  case KZ__OPTIONS: return parameters_of(f->params);
  }
  return NULL;
}

static json_t *object_of(const struct kz__shape *shape) {
  json_t *members = json_object(), *needed = json_array();
  for (const struct kz__field *f = shape->fields; members && needed && f->name; f++) {
    json_object_set_new(members, f->name, described(schema_of(f), f->help, NULL));
    if (f->needed || f->kind == KZ__INT || f->kind == KZ__CHOICE)
      json_array_append_new(needed, json_string(f->name));
  }
  return json_pack("{s:s, s:o, s:o, s:b}", "type", "object", "properties", members, "required",
                   needed, "additionalProperties", 0);
}

char *kz_record_schema(void) {
  json_t *body = object_of(&kz__record_shape);
  json_t *all = json_pack("{s:s, s:s, s:s}", "$schema",
                          "https://json-schema.org/draft/2020-12/schema", "title",
                          "Record of a restoration by kizil", "description",
                          "What was restored, from what, by what, by whom and why.");
  char *text = NULL;
  if (all && body && !json_object_update(all, body)) text = json_dumps(all, JSON_INDENT(2));
  json_decref(all);
  json_decref(body);
  return text;
}
