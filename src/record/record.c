/* A record made, written and read. The seal is taken over the bytes of the file, so that any tool
 * can check it (put zeros for its digits, take the SHA-256) and nothing in the file, not even its
 * white space, escapes it. */
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/sha256.h"
#include "record/field.h"

enum { SEAL = 64, MOST_BYTES = 256 << 20 };

void kz_record_init(struct kz_record *r) {
  kz__shape_init(&kz__record_shape, r);
  r->format = KZ_RECORD_FORMAT;
}

void kz_record_release(struct kz_record *r) { kz__shape_release(&kz__record_shape, r); }

int kz_record_say(char **to, const char *text, struct kz_err *err) {
  char *copy = text && *text ? strdup(text) : NULL;
  if (text && *text && !copy) return kz_err_set(err, KZ_ENOMEM, "no memory for the record");
  free(*to);
  *to = copy;
  return 0;
}

static void *add_to(struct kz_record *r, const char *list) {
  const struct kz__field *f = kz__record_shape.fields;
  while (strcmp(f->name, list)) f++;
  return kz__list_add(f, r);
}
struct kz_record_class *kz_record_add_class(struct kz_record *r) { return add_to(r, "classes"); }
struct kz_record_region *kz_record_add_region(struct kz_record *r) { return add_to(r, "regions"); }
struct kz_record_candidate *kz_record_add_candidate(struct kz_record *r) {
  return add_to(r, "candidates");
}

/* ---- making ---- */

/* `hash` may be NULL; `record` NULL: the path as it is, and no hash. */
static int say_file(struct kz_record_file *f, const char *path, const char *hash,
                    const char *record, struct kz_err *err) {
  char hex[65], *named = NULL;
  if (!path || !*path) return 0;
  if (!record) return kz_record_say(&f->path, path, err);
  int code = hash ? 0 : kz__record_hash(path, hex, err);
  if (!code) code = kz_record_say(&f->sha256, hash ? hash : hex, err);
  if (!code) code = kz__record_relative(record, path, &named, err);
  if (code) return code;
  free(f->path);
  f->path = named;
  return 0;
}

int kz_record_say_file(struct kz_record_file *to, const char *path, const char *record,
                       struct kz_err *err) {
  return say_file(to, path, NULL, record, err);
}

/* A copy of options whose strings are its own. */
static int copy_options(struct kz_restore_options *to, const struct kz_restore_options *from,
                        const char *lines, struct kz_err *err) {
  char *json = kz_params_to_json(kz_restore_params, from);
  if (!json) return kz_err_set(err, KZ_ENOMEM, "no memory for the parameters");
  int code = kz_params_from_json(kz_restore_params, to, json, "parameters", err);
  if (!code && lines) code = kz_params_set(kz_restore_params, to, "lines", lines, err);
  free(json);
  return code;
}

static int say_files(struct kz_record *r, const struct kz_record_inputs *in, const char *path,
                     struct kz_err *err) {
  int code = say_file(&r->files.source, in->source, NULL, path, err);
  if (!code) code = say_file(&r->files.mask, in->mask, NULL, path, err);
  if (!code) code = say_file(&r->files.filled, in->filled, NULL, path, err);
  if (!code) code = say_file(&r->files.lines, in->options->lines, NULL, path, err);
  if (!code) code = say_file(&r->files.policy, in->policy, NULL, path, err);
  if (!code) code = say_file(&r->files.doubt, in->doubt, NULL, path, err);
  if (!code) code = say_file(&r->files.model, in->model, in->model_sha256, path, err);
  return code ? code : say_file(&r->files.result, in->result, NULL, path, err);
}

int kz_record_make(struct kz_record *r, const struct kz_record_inputs *in, const char *path,
                   struct kz_err *err) {
  const struct kz_restore_stats *s = in->stats;
  kz_record_init(r);
  int code = say_files(r, in, path, err);
  if (!code) code = copy_options(&r->options, in->options, r->files.lines.path, err);
  if (!code) code = kz_record_say(&r->kizil, KZ_VERSION, err);
  if (!code) code = kz_record_say(&r->caption, s->caption, err);
  if (!code) code = kz__record_machine(r, err);
  if (code) {
    kz_record_release(r);
    return code;
  }
  if (in->evidence) r->evidence = *in->evidence;
  if (in->style) r->style = *in->style;
  if (in->treatment) r->treatment = *in->treatment;
  r->caption_by = !s->caption[0]     ? KZ_RECORD_CAPTION_NONE
                  : s->caption_made ? KZ_RECORD_CAPTION_KIZIL
                                    : KZ_RECORD_CAPTION_USER;
  r->width = s->width;
  r->height = s->height;
  r->figures.tiles = s->tiles;
  r->figures.calls = s->calls;
  r->figures.damaged = s->damaged;
  r->figures.seconds = s->seconds;
  return 0;
}

int kz_record_options(const struct kz_record *r, const char *record,
                      struct kz_restore_options *options, struct kz_err *err) {
  char *lines = r->files.lines.path ? kz_record_path(record, r->files.lines.path) : NULL;
  if (r->files.lines.path && !lines) return kz_err_set(err, KZ_ENOMEM, "no memory for a name");
  kz_params_defaults(kz_restore_params, options);
  int code = copy_options(options, &r->options, lines, err);
  if (code) kz_params_release(kz_restore_params, options);
  free(lines);
  return code;
}

/* ---- files ---- */

/* The seal of `text`, which holds one at `at`. */
static void seal_of(const char *text, size_t len, const char *at, char hex[65]) {
  char zeros[SEAL];
  struct kz_sha256 h;
  size_t before = (size_t)(at - text);
  memset(zeros, '0', SEAL);
  kz_sha256_init(&h);
  kz_sha256_add(&h, text, before);
  kz_sha256_add(&h, zeros, SEAL);
  kz_sha256_add(&h, at + SEAL, len - before - SEAL);
  kz_sha256_hex(&h, hex);
}

/* Where `seal` last stands in text. */
static char *find_seal(char *text, const char *seal) {
  char *last = NULL;
  for (char *at = text; (at = strstr(at, seal)); at++) last = at;
  return last;
}

static int parse(const char *text, const char *origin, json_t **out, struct kz_err *err) {
  json_error_t where;
  *out = json_loads(text, JSON_REJECT_DUPLICATES, &where);
  if (*out) return 0;
  return kz_err_set(err, KZ_EFORMAT, "%s: line %d: %s", origin, where.line, where.text);
}

int kz_record_validate(const char *json, const char *origin, struct kz_err *err) {
  struct kz_record r;
  json_t *root;
  int code = parse(json, origin, &root, err);
  if (code) return code;
  kz_record_init(&r);
  code = kz__shape_decode(&kz__record_shape, &r, root, origin, err);
  kz_record_release(&r);
  json_decref(root);
  return code;
}

int kz_record_write(const struct kz_record *r, const char *path, struct kz_err *err) {
  char zeros[SEAL + 1], hex[65], *text = NULL, *whole = NULL;
  json_t *root = kz__shape_encode(&kz__record_shape, r);
  int code = 0;
  memset(zeros, '0', SEAL);
  zeros[SEAL] = 0;
  if (root && !json_object_set_new(root, "seal", json_string(zeros)))
    text = json_dumps(root, JSON_INDENT(2));
  if (text) whole = kz_format("%s\n", text);
  if (!whole) {
    code = kz_err_set(err, KZ_EFORMAT, "%s: the record cannot be written: a name or a text is not "
                      "UTF-8, a number is not finite, or memory is out", path);
    goto out;
  }
  code = kz_record_validate(whole, path, err);
  if (code) goto out;
  char *at = find_seal(whole, zeros);
  seal_of(whole, strlen(whole), at, hex);
  memcpy(at, hex, SEAL);
  code = kz_file_write(path, whole, strlen(whole), err);
out:
  json_decref(root);
  free(text);
  free(whole);
  return code;
}

int kz_record_read(struct kz_record *r, const char *path, bool *sealed, struct kz_err *err) {
  char hex[65], *text = NULL;
  json_t *root = NULL;
  size_t len;
  kz_record_init(r);
  int code = kz_file_read(path, MOST_BYTES, &text, &len, err);
  if (code) goto out;
  code = strlen(text) == len ? parse(text, path, &root, err)
                             : kz_err_set(err, KZ_EFORMAT, "%s: holds a zero byte", path);
  if (!code) code = kz__shape_decode(&kz__record_shape, r, root, path, err);
  if (code || !sealed) goto out;
  const char *seal = json_string_value(json_object_get(root, "seal"));
  const char *at = find_seal(text, seal); /* NULL: spelt with escapes, as nothing writes it */
  *sealed = false;
  if (!at) goto out;
  seal_of(text, len, at, hex);
  *sealed = !strcmp(hex, seal);
out:
  if (code) kz_record_release(r);
  json_decref(root);
  free(text);
  return code;
}
