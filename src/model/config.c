/* The network's configuration as JSON, in every model file's metadata under "fedr".
 * Strict: a model that was made by another program, or by a later one with a field
 * that changes what the weights mean, is refused by name instead of being run wrongly. */
#include <jansson.h>
#include <string.h>

#include "model/fedr.h"

/* In the order of enum kz_fedr_input. */
static const char *const inputs[] = {"noisy", "posterior", NULL};

void kz_fedr_config_defaults(struct kz_fedr_config *c) {
  *c = (struct kz_fedr_config){
      .width = {64, 128, 192, 256}, .heads = 4, .groups = 16, .time_width = 256,
      .input = KZ_FEDR_POSTERIOR};
}

char *kz_fedr_config_to_json(const struct kz_fedr_config *c) {
  json_t *root = json_pack("{s:[i,i,i,i], s:i, s:i, s:i, s:s}", "width", c->width[0], c->width[1],
                           c->width[2], c->width[3], "heads", c->heads, "groups", c->groups,
                           "time-width", c->time_width, "input",
                           inputs[c->input]);
  char *text = root ? json_dumps(root, JSON_COMPACT) : NULL;
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

static int read_field(struct kz_fedr_config *c, const char *key, const json_t *v,
                      const char *origin, struct kz_err *err) {
  int code = 0;
  if (!strcmp(key, "heads")) return read_int(v, key, 64, &c->heads, origin, err);
  if (!strcmp(key, "groups")) return read_int(v, key, 256, &c->groups, origin, err);
  if (!strcmp(key, "time-width")) return read_int(v, key, 4096, &c->time_width, origin, err);
  if (!strcmp(key, "input")) {
    const char *name = json_string_value(v);
    for (int i = 0; name && inputs[i]; i++)
      if (!strcmp(name, inputs[i])) return c->input = i, 0;
    return kz_err_set(err, KZ_EUNSUPPORTED,
                      "%s: input: only \"noisy\" and \"posterior\" are known", origin);
  }
  if (!strcmp(key, "width")) {
    if (!json_is_array(v) || json_array_size(v) != 4)
      return kz_err_set(err, KZ_EFORMAT, "%s: width: not four numbers", origin);
    for (size_t i = 0; i < 4 && !code; i++)
      code = read_int(json_array_get(v, i), key, 4096, &c->width[i], origin, err);
    return code;
  }
  return kz_err_set(err, KZ_EUNSUPPORTED,
                    "%s: %s: unknown field (the model needs a newer kizil?)", origin, key);
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
  for (int i = 0; i < 4; i++)
    if (r.width[i] % r.groups || r.width[i] % r.heads) {
      code = kz_err_set(err, KZ_EFORMAT,
                        "%s: width: %d is not a multiple of groups %d and heads %d", origin,
                        r.width[i], r.groups, r.heads);
      goto out;
    }
  *c = r;
out:
  json_decref(root);
  return code;
}
