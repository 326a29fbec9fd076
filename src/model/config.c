/* The network's configuration as JSON, in every model file's metadata under "fedr".
 * Strict: a model that was made by another program, or by a later one with a field
 * that changes what the weights mean, is refused by name instead of being run wrongly. */
#include <jansson.h>
#include <string.h>

#include "model/fedr.h"

/* In the order of enum kz_fedr_input. */
static const char *const inputs[] = {"noisy", "posterior", NULL};

#define VOCABULARY "kizil-bpe-1" /* KZ_TEXT_NAME: what tokens mean */

void kz_fedr_config_defaults(struct kz_fedr_config *c) {
  *c = (struct kz_fedr_config){
      .width = {64, 128, 192, 256}, .heads = 4, .groups = 16, .time_width = 256,
      .input = KZ_FEDR_POSTERIOR};
}

/* Parts that a network does not have are not written: an older kizil can read it then. */
static int put_guides(json_t *root, const struct kz_fedr_config *c) {
  const int *s = c->structure;
  int bad = 0;
  if (s[0])
    bad |= json_object_set_new(root, "structure",
                               json_pack("[i,i,i,i]", s[0], s[1], s[2], s[3]));
  if (c->text)
    bad |= json_object_set_new(root, "text", json_integer(c->text)) |
           json_object_set_new(root, "text-layers", json_integer(c->text_layers)) |
           json_object_set_new(root, "vocabulary", json_string(VOCABULARY));
  if (c->detail) bad |= json_object_set_new(root, "detail", json_integer(c->detail));
  return bad;
}

char *kz_fedr_config_to_json(const struct kz_fedr_config *c) {
  json_t *root = json_pack("{s:[i,i,i,i], s:i, s:i, s:i, s:s}", "width", c->width[0], c->width[1],
                           c->width[2], c->width[3], "heads", c->heads, "groups", c->groups,
                           "time-width", c->time_width, "input",
                           inputs[c->input]);
  char *text = root && !put_guides(root, c) ? json_dumps(root, JSON_COMPACT) : NULL;
  json_decref(root);
  return text;
}

static int read_int(const json_t *v, const char *name, int max, int *dst, const char *origin,
                    struct kz_err *err) {
  if (!json_is_integer(v) || json_integer_value(v) < 1 || json_integer_value(v) > max)
    return kz_err_set(err, KZ_EFORMAT, "%s: %s: not a whole number from 1 to %d", origin, name,
                      max);
  *dst = (int)json_integer_value(v);
  return 0;
}

static int read_four(const json_t *v, const char *name, int dst[4], const char *origin,
                     struct kz_err *err) {
  int code = 0;
  if (!json_is_array(v) || json_array_size(v) != 4)
    return kz_err_set(err, KZ_EFORMAT, "%s: %s: not four numbers", origin, name);
  for (size_t i = 0; i < 4 && !code; i++)
    code = read_int(json_array_get(v, i), name, 4096, &dst[i], origin, err);
  return code;
}

/* One of a list of names, as its number. */
static int read_name(const json_t *v, const char *field, const char *const *names, int *dst,
                     const char *origin, struct kz_err *err) {
  const char *name = json_string_value(v);
  for (int i = 0; name && names[i]; i++)
    if (!strcmp(name, names[i])) return *dst = i, 0;
  return kz_err_set(err, KZ_EUNSUPPORTED, "%s: %s: '%.40s' is not known (only \"%s\", \"%s\"...)",
                    origin, field, name ? name : "", names[0], names[1]);
}

static int read_field(struct kz_fedr_config *c, const char *key, const json_t *v,
                      const char *origin, struct kz_err *err) {
  const struct { const char *name; int most, *dst; } numbers[] = {
      {"heads", 64, &c->heads},    {"groups", 256, &c->groups},
      {"time-width", 4096, &c->time_width}, {"text", 1024, &c->text},
      {"text-layers", 16, &c->text_layers}, {"detail", 256, &c->detail}};
  int choice = 0, code;
  for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
    if (!strcmp(key, numbers[i].name))
      return read_int(v, key, numbers[i].most, numbers[i].dst, origin, err);
  if (!strcmp(key, "width")) return read_four(v, key, c->width, origin, err);
  if (!strcmp(key, "structure")) return read_four(v, key, c->structure, origin, err);
  if (!strcmp(key, "input")) {
    code = read_name(v, key, inputs, &choice, origin, err);
    c->input = choice;
    return code;
  }
  if (!strcmp(key, "vocabulary")) {
    const char *name = json_string_value(v);
    if (name && !strcmp(name, VOCABULARY)) return 0;
    return kz_err_set(err, KZ_EUNSUPPORTED,
                      "%s: vocabulary: only \"" VOCABULARY "\" is known (a newer model?)", origin);
  }
  return kz_err_set(err, KZ_EUNSUPPORTED,
                    "%s: %s: unknown field (the model needs a newer kizil?)", origin, key);
}

/* Channels that norms and heads can share out. */
static int check_channels(int c, const char *what, const struct kz_fedr_config *r,
                          const char *origin, struct kz_err *err) {
  if (c % r->groups == 0 && c % r->heads == 0) return 0;
  return kz_err_set(err, KZ_EFORMAT, "%s: %s: %d is not a multiple of groups %d and heads %d",
                    origin, what, c, r->groups, r->heads);
}

int kz_fedr_config_check(const struct kz_fedr_config *c, const char *origin, struct kz_err *err) {
  int code = 0;
  for (int i = 0; i < 4 && !code; i++) code = check_channels(c->width[i], "width", c, origin, err);
  for (int i = 0; i < 4 && !code && c->structure[0]; i++)
    code = c->structure[i] ? check_channels(c->structure[i], "structure", c, origin, err)
                           : kz_err_set(err, KZ_EFORMAT, "%s: structure: a level has 0 channels",
                                        origin);
  if (!code && c->text) code = check_channels(c->text, "text", c, origin, err);
  if (!code && c->detail) code = check_channels(c->detail, "detail", c, origin, err);
  return code;
}

int kz_fedr_config_from_json(struct kz_fedr_config *c, const char *json, const char *origin,
                             struct kz_err *err) {
  json_error_t e;
  struct kz_fedr_config r;
  int code = 0;
  const char *key;
  json_t *value, *root = json_loads(json, JSON_REJECT_DUPLICATES, &e);
  kz_fedr_config_defaults(&r);
  if (!json_is_object(root)) {
    code = kz_err_set(err, KZ_EFORMAT, "%s: not a JSON object", origin);
    goto out;
  }
  if (!json_object_get(root, "width")) {
    code = kz_err_set(err, KZ_EFORMAT, "%s: width: missing", origin);
    goto out;
  }
  json_object_foreach(root, key, value)
    if ((code = read_field(&r, key, value, origin, err)) != 0) goto out;
  if ((code = kz_fedr_config_check(&r, origin, err)) != 0) goto out;
  *c = r;
out:
  json_decref(root);
  return code;
}
