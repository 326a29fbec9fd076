/* A study back from its key. The key is the runner's own file, but it may have been cut short or
 * mended by hand, so every part is looked at before it is used. */
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "eval/study.h"
#include "eval/study_json.h"

int kz__json_load(const char *path, json_t **out, struct kz_err *err) {
  json_error_t e;
  char *text = NULL;
  size_t length;
  int code = kz_file_read(path, (size_t)64 << 20, &text, &length, err);
  if (code) return code;
  *out = json_loadb(text, length, JSON_REJECT_DUPLICATES, &e);
  free(text);
  if (*out) return 0;
  return kz_err_set(err, KZ_EFORMAT, "%s: line %d, column %d: %s", path, e.line, e.column, e.text);
}

const char *kz__json_text(const json_t *object, const char *key) {
  const char *text = json_string_value(json_object_get(object, key));
  return text ? text : "";
}

int kz__json_int(const json_t *object, const char *key) {
  json_t *v = json_object_get(object, key);
  json_int_t n = json_is_integer(v) ? json_integer_value(v) : -1;
  return n < 0 || n > 2 * KZ__SHOWINGS ? -1 : (int)n;
}

static int wrong(const struct kz__study *s, const char *what, size_t number, struct kz_err *err) {
  return kz_err_set(err, KZ_EFORMAT, "%s: %s %zu cannot be read; is it a key that kizil study "
                    "wrote?", s->path, what, number);
}

static int read_methods(struct kz__study *s, struct kz_err *err) {
  json_t *list = json_object_get(s->key, "methods"), *v;
  size_t i;
  json_array_foreach(list, i, v) {
    if (!json_is_string(v) || i >= KZ__METHODS) return wrong(s, "method", i + 1, err);
    s->methods[s->method_count++] = json_string_value(v);
  }
  if (s->method_count > 1) return 0;
  return kz_err_set(err, KZ_EFORMAT, "%s: is no key of a study (no methods)", s->path);
}

static int read_pictures(struct kz__study *s, struct kz_err *err) {
  json_t *v;
  size_t i;
  json_array_foreach(json_object_get(s->key, "pictures"), i, v) {
    const struct kz__study_row row = {
        .original = kz__json_text(v, "original"), .mask = kz__json_text(v, "mask"),
        .group = json_string_value(json_object_get(v, "group"))};
    if (!*row.original) return wrong(s, "picture", i + 1, err);
    int code = kz__study_add_row(s, &row, err);
    if (code) return code;
  }
  return 0;
}

static int method_of(const struct kz__study *s, const char *name) {
  for (int m = 0; m < s->method_count; m++)
    if (!strcmp(s->methods[m], name)) return m;
  return -1;
}

static bool read_trial(const struct kz__study *s, const json_t *v, int at, struct kz__trial *t) {
  *t = (struct kz__trial){.row = kz__json_int(v, "picture") - 1,
                          .left = method_of(s, kz__json_text(v, "left")),
                          .right = method_of(s, kz__json_text(v, "right")),
                          .first = -1};
  if (t->row < 0 || t->row >= s->count || t->left < 0 || t->right < 0 || t->left == t->right)
    return false;
  if (kz__json_int(v, "trial") != at + 1) return false;
  if (!json_object_get(v, "repeats")) return true;
  t->first = kz__json_int(v, "repeats") - 1;
  if (t->first < 0 || t->first >= at) return false;
  const struct kz__trial *f = &s->trials[t->first];
  return f->row == t->row && f->first < 0 &&
         kz__study_pair(s, f->left, f->right) == kz__study_pair(s, t->left, t->right);
}

static int read_trials(struct kz__study *s, struct kz_err *err) {
  json_t *list = json_object_get(s->key, "trials"), *v;
  size_t i;
  s->trials = calloc(json_array_size(list) + 1, sizeof *s->trials);
  if (!s->trials) return kz_err_set(err, KZ_ENOMEM, "%s: no memory for its trials", s->path);
  json_array_foreach(list, i, v) {
    if (i >= 2 * KZ__SHOWINGS || !read_trial(s, v, (int)i, &s->trials[i]))
      return wrong(s, "trial", i + 1, err);
    s->trial_count++;
  }
  if (s->trial_count) return 0;
  return kz_err_set(err, KZ_EFORMAT, "%s: is no key of a study (no trials)", s->path);
}

int kz__study_load_key(struct kz__study *s, const char *path, struct kz_err *err) {
  *s = (struct kz__study){.path = strdup(path)};
  if (!s->path) return kz_err_set(err, KZ_ENOMEM, "%s: no memory for the key", path);
  int code = kz__json_load(path, &s->key, err);
  if (!code && (strlen(kz__json_text(s->key, "study")) != 16))
    code = kz_err_set(err, KZ_EFORMAT, "%s: is no key of a study (no \"study\")", path);
  if (!code) {
    memcpy(s->id, kz__json_text(s->key, "study"), sizeof s->id);
    s->title = kz__json_text(s->key, "title");
    code = read_methods(s, err);
  }
  if (!code) code = read_pictures(s, err);
  if (!code) code = read_trials(s, err);
  if (!code) code = kz__study_number(s, err);
  if (code) kz__study_release(s);
  return code;
}
