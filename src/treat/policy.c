/* A policy is read over the default one, so that a file says only where it differs; what is written
 * is whole, so that a record does not depend on what the default once was. Members that are not
 * known are refused: a misspelt "dilate" must not pass for an answer. */
#include <stdlib.h>
#include <string.h>

#include "treat/parts.h"

enum { DILATE_MOST = 64 };
#define PIXELS_MOST 1000000000000 /* more than any image has */

void kz_policy_defaults(struct kz_policy *policy) {
  *policy = (struct kz_policy){0};
  for (int i = 0; i < KZ_DAMAGE_CLASSES; i++) {
    bool thin = kz_damage_classes[i].kind == KZ_DAMAGE_THIN;
    policy->rule[i] = (struct kz_policy_rule){.decision = kz_damage_classes[i].decision,
                                              .dilate = thin ? 1 : 2,
                                              .least = 4,
                                              .fill_holes = !thin,
                                              .largest_hole = 64,
                                              .fast = true};
  }
}

void kz_policy_release(struct kz_policy *policy) {
  for (int i = 0; i < policy->name_count; i++) free(policy->names[i].name);
  free(policy->names);
  *policy = (struct kz_policy){0};
}

static int meaning_of(const char *meaning) {
  return !strcmp(meaning, "ignore") ? KZ_IGNORE : kz_damage_class_find(meaning);
}

int kz_policy_name(struct kz_policy *policy, const char *name, const char *meaning,
                   struct kz_err *err) {
  int cls = meaning_of(meaning);
  if (cls == -1)
    return kz_err_set(err, KZ_ENOENT,
                      "\"%.100s\" cannot mean \"%.100s\": that is no class of damage and not "
                      "\"ignore\"",
                      name, meaning);
  for (int i = 0; i < policy->name_count; i++)
    if (kz__name_same(policy->names[i].name, name)) {
      policy->names[i].cls = cls;
      return 0;
    }
  struct kz_policy_name *grown =
      realloc(policy->names, ((size_t)policy->name_count + 1) * sizeof *grown);
  if (grown) policy->names = grown;
  char *copy = grown ? strdup(name) : NULL;
  if (!copy) return kz_err_set(err, KZ_ENOMEM, "no memory for the names of a policy");
  policy->names[policy->name_count++] = (struct kz_policy_name){copy, cls};
  return 0;
}

/* ---- reading ---- */

/* Where a member is: "p.json: classes: crack". */
struct place {
  const char *path, *part, *cls;
};

static int wrong(const struct place *at, const char *key, const char *want, struct kz_err *err) {
  return kz_err_set(err, KZ_EFORMAT, "%s: %s%s%s: \"%.60s\" must be %s", at->path, at->part,
                    *at->cls ? ": " : "", at->cls, key, want);
}

static int get_number(const struct place *at, const char *key, const json_t *v, int64_t most,
                      int64_t *out, struct kz_err *err) {
  if (!json_is_integer(v)) return wrong(at, key, "a whole number", err);
  int64_t n = json_integer_value(v);
  if (n < 0 || n > most)
    return kz_err_set(err, KZ_ERANGE, "%s: %s%s%s: \"%s\" is %lld; it must be 0 to %lld", at->path,
                      at->part, *at->cls ? ": " : "", at->cls, key, (long long)n, (long long)most);
  *out = n;
  return 0;
}

static int get_flag(const struct place *at, const char *key, const json_t *v, bool *out,
                    struct kz_err *err) {
  if (!json_is_boolean(v)) return wrong(at, key, "true or false", err);
  *out = json_is_true(v);
  return 0;
}

static int get_member(const struct place *at, const char *key, const json_t *v,
                      struct kz_policy_rule *r, struct kz_err *err) {
  int64_t n = 0;
  int code = 0;
  if (!strcmp(key, "decision")) {
    int d = json_is_string(v) ? kz_decision_find(json_string_value(v)) : -1;
    if (d < 0) return wrong(at, key, "\"restore\", \"leave\", \"ask\" or \"record\"", err);
    r->decision = (enum kz_decision)d;
  } else if (!strcmp(key, "dilate")) {
    code = get_number(at, key, v, DILATE_MOST, &n, err);
    if (!code) r->dilate = (int)n;
  } else if (!strcmp(key, "least")) {
    code = get_number(at, key, v, PIXELS_MOST, &r->least, err);
  } else if (!strcmp(key, "largest-hole")) {
    code = get_number(at, key, v, PIXELS_MOST, &r->largest_hole, err);
  } else if (!strcmp(key, "fill-holes")) {
    code = get_flag(at, key, v, &r->fill_holes, err);
  } else if (!strcmp(key, "fast")) {
    code = get_flag(at, key, v, &r->fast, err);
  } else {
    code = wrong(at, key,
                 "\"decision\", \"dilate\", \"least\", \"fill-holes\", \"largest-hole\" or "
                 "\"fast\"",
                 err);
  }
  return code;
}

static int get_rule(const struct place *at, const json_t *object, struct kz_policy_rule *r,
                    struct kz_err *err) {
  const char *key;
  json_t *v;
  int code = 0;
  if (!json_is_object(object))
    return kz_err_set(err, KZ_EFORMAT, "%s: %s%s%s must be an object", at->path, at->part,
                      *at->cls ? ": " : "", at->cls);
  json_object_foreach((json_t *)(uintptr_t)object, key, v) {
    code = get_member(at, key, v, r, err);
    if (code) break;
  }
  return code;
}

static int get_classes(const char *path, const json_t *classes, struct kz_policy *p,
                       struct kz_err *err) {
  const char *key;
  json_t *v;
  json_object_foreach((json_t *)(uintptr_t)classes, key, v) {
    int cls = kz_damage_class_find(key);
    if (cls < 0)
      return kz_err_set(err, KZ_ENOENT, "%s: classes: \"%.100s\" is no class of damage", path, key);
    struct place at = {path, "classes", kz_damage_classes[cls].id};
    int code = get_rule(&at, v, &p->rule[cls], err);
    if (code) return code;
  }
  return 0;
}

static int get_names(const char *path, const json_t *names, struct kz_policy *p,
                     struct kz_err *err) {
  const char *key;
  json_t *v;
  json_object_foreach((json_t *)(uintptr_t)names, key, v) {
    struct place at = {path, "names", ""};
    if (!json_is_string(v)) return wrong(&at, key, "the name of a class, or \"ignore\"", err);
    int code = kz_policy_name(p, key, json_string_value(v), err);
    if (code) return kz_err_prefix(err, "%s: names: ", path);
  }
  return 0;
}

static int get_policy(const char *path, const json_t *root, struct kz_policy *p,
                      struct kz_err *err) {
  static const char *const known[] = {"kizil-policy", "all", "classes", "names"};
  const json_t *part[4] = {0};
  const char *key;
  json_t *v;
  json_object_foreach((json_t *)(uintptr_t)root, key, v) {
    int i = 0;
    while (i < 4 && strcmp(key, known[i])) i++;
    if (i == 4 || (i && !json_is_object(v)))
      return kz_err_set(err, KZ_EFORMAT,
                        "%s: member \"%.60s\": a policy has \"kizil-policy\": 1 and the objects "
                        "\"all\", \"classes\" and \"names\"",
                        path, key);
    part[i] = v;
  }
  if (!json_is_integer(part[0]) || json_integer_value(part[0]) != 1)
    return kz_err_set(err, KZ_EFORMAT, "%s: not a policy: it must begin {\"kizil-policy\": 1",
                      path);
  int code = 0;
  struct place at = {path, "all", ""};
  for (int i = 0; part[1] && i < KZ_DAMAGE_CLASSES && !code; i++)
    code = get_rule(&at, part[1], &p->rule[i], err);
  if (!code && part[2]) code = get_classes(path, part[2], p, err);
  if (!code && part[3]) code = get_names(path, part[3], p, err);
  return code;
}

int kz_policy_load(struct kz_policy *policy, const char *path, struct kz_err *err) {
  json_t *root = NULL;
  kz_policy_defaults(policy);
  int code = kz__treat_json_load(path, &root, err);
  if (!code) code = get_policy(path, root, policy, err);
  json_decref(root);
  if (code) kz_policy_release(policy);
  return code;
}

/* ---- writing ---- */

static json_t *rule_json(const struct kz_policy_rule *r) {
  return json_pack("{ss si sI sb sI sb}", "decision", kz_decision_name(r->decision), "dilate",
                   r->dilate, "least", (json_int_t)r->least, "fill-holes", (int)r->fill_holes,
                   "largest-hole", (json_int_t)r->largest_hole, "fast", (int)r->fast);
}

char *kz_policy_to_json(const struct kz_policy *policy) {
  json_t *classes = json_object(), *names = json_object();
  bool failed = false;
  for (int i = 0; i < KZ_DAMAGE_CLASSES; i++)
    failed |=
        json_object_set_new(classes, kz_damage_classes[i].id, rule_json(&policy->rule[i])) != 0;
  for (int i = 0; i < policy->name_count; i++) {
    const struct kz_policy_name *n = &policy->names[i];
    const char *meaning = n->cls == KZ_IGNORE ? "ignore" : kz_damage_classes[n->cls].id;
    failed |= json_object_set_new(names, n->name, json_string(meaning)) != 0;
  }
  json_t *root = json_pack("{si sO sO}", "kizil-policy", 1, "classes", classes, "names", names);
  char *text = root && !failed ? json_dumps(root, JSON_INDENT(2)) : NULL;
  json_decref(classes);
  json_decref(names);
  json_decref(root);
  return text;
}
