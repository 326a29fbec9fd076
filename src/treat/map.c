/* Which reader a class map needs, told by what the file is and not by its name, for the suffix
 * .json says nothing. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/file.h"
#include "treat/parts.h"

static const size_t json_limit = (size_t)512 << 20; /* B */

int kz__treat_json_load(const char *path, json_t **out, struct kz_err *err) {
  char *text = NULL;
  size_t size = 0;
  json_error_t why;
  int code = kz_file_read(path, json_limit, &text, &size, err);
  if (code) return code;
  const char *from = size >= 3 && !memcmp(text, "\xef\xbb\xbf", 3) ? text + 3 : text;
  *out = json_loadb(from, size - (size_t)(from - text), 0, &why);
  if (!*out)
    code = kz_err_set(err, KZ_EFORMAT, "%s: broken JSON in line %d, column %d: %s", path, why.line,
                      why.column, why.text);
  free(text);
  return code;
}

int kz__same_size(const struct kz__reading *r, int64_t width, int64_t height, struct kz_err *err) {
  const struct kz_treat_source *s = r->source;
  if (width == s->width && height == s->height) return 0;
  return kz_err_set(err, KZ_ESHAPE,
                    "%s: made for an image of %lld x %lld px, but this one is %d x %d; use the "
                    "annotations of this image",
                    r->path, (long long)width, (long long)height, s->width, s->height);
}

/* The first character that is no space, for an image has none of JSON's there. */
static bool is_json(const char *path) {
  FILE *f = fopen(path, "rb");
  int c = EOF;
  if (!f) return false;
  do c = fgetc(f);
  while (c == ' ' || c == '\n' || c == '\r' || c == '\t' || c == 0xef || c == 0xbb || c == 0xbf);
  fclose(f);
  return c == '{' || c == '[';
}

static bool is_array(const json_t *root, const char *key) {
  return json_is_array(json_object_get(root, key));
}

static int read_json(const struct kz__reading *r, enum kz_treat_format format, struct kz_err *err) {
  json_t *root = NULL;
  int code = kz__treat_json_load(r->path, &root, err);
  if (code) return code;
  bool coco = is_array(root, "annotations") && is_array(root, "images");
  bool labelme = is_array(root, "shapes");
  bool w3c = json_is_array(root) || is_array(root, "items") || json_object_get(root, "target");
  if (coco && (format == KZ_TREAT_AUTO || format == KZ_TREAT_COCO))
    code = kz__read_coco(r, root, err);
  else if (labelme && (format == KZ_TREAT_AUTO || format == KZ_TREAT_LABELME))
    code = kz__read_labelme(r, root, err);
  else if (w3c && (format == KZ_TREAT_AUTO || format == KZ_TREAT_W3C))
    code = kz__read_w3c(r, root, err);
  else
    code =
        kz_err_set(err, KZ_EFORMAT,
                   "%s: not %s: COCO has \"images\" and \"annotations\", LabelMe \"shapes\", Web "
                   "Annotations \"items\" or \"target\"",
                   r->path,
                   format == KZ_TREAT_COCO      ? "COCO"
                   : format == KZ_TREAT_LABELME ? "LabelMe's JSON"
                   : format == KZ_TREAT_W3C     ? "Web Annotations"
                                                : "annotations that are known");
  json_decref(root);
  return code;
}

static enum kz_treat_format tell(const char *path) {
  struct stat st;
  if (!stat(path, &st) && S_ISDIR(st.st_mode)) return KZ_TREAT_FOLDER;
  if (is_json(path)) return KZ_TREAT_AUTO;
  return kz__is_indexed(path) ? KZ_TREAT_INDEXED : KZ_TREAT_MASK;
}

static int check_class(int cls, struct kz_err *err) {
  if (cls >= 0 && cls < KZ_DAMAGE_CLASSES) return 0;
  return kz_err_set(err, KZ_ERANGE, "%d is no class of damage; they are 0 to %d", cls,
                    KZ_DAMAGE_CLASSES - 1);
}

int kz_treat_map_load(struct kz_treat_map *map, const char *path,
                      const struct kz_treat_source *source, const struct kz_policy *policy,
                      struct kz_err *err) {
  struct kz__paint paint = {.width = source->width, .height = source->height};
  struct kz__reading r = {path, source, policy, &paint};
  enum kz_treat_format format = source->format == KZ_TREAT_AUTO ? tell(path) : source->format;
  *map = (struct kz_treat_map){0};
  int code = check_class(source->mask_class, err);
  if (code) return code;
  switch (format) {
  case KZ_TREAT_MASK: code = kz__read_mask(&r, path, source->mask_class, err); break;
  case KZ_TREAT_INDEXED: code = kz__read_indexed(&r, err); break;
  case KZ_TREAT_FOLDER: code = kz__read_folder(&r, err); break;
  default: code = read_json(&r, format, err); break;
  }
  if (!code) code = kz__paint_finish(&paint, map, err);
  if (!code) map->format = format;
  kz__paint_release(&paint);
  return code;
}

int kz_treat_map_load_masks(struct kz_treat_map *map, const char *const *paths, const int *classes,
                            int count, const struct kz_treat_source *source, struct kz_err *err) {
  struct kz__paint paint = {.width = source->width, .height = source->height};
  int code = 0;
  *map = (struct kz_treat_map){0};
  for (int i = 0; i < count && !code; i++) {
    struct kz__reading r = {paths[i], source, NULL, &paint};
    code = check_class(classes[i], err);
    if (!code) code = kz__read_mask(&r, paths[i], classes[i], err);
  }
  if (!code) code = kz__paint_finish(&paint, map, err);
  kz__paint_release(&paint);
  return code;
}
