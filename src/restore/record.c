/* The record of a restoration: what was used and said, so that a reader can tell what was given by a
 * person and what was made, and the restoration can be made again. */
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include <kizil/restore.h>

#include "base/file.h"

static json_t *guides(const struct kz_restore_options *o, const struct kz_restore_stats *s) {
  const char *by = !s->caption[0] ? "nobody" : s->caption_made ? "kizil, from the known pixels" : "user";
  json_t *lines = o->lines && *o->lines ? json_string(o->lines) : json_null();
  return json_pack("{s:s, s:s, s:o}", "caption", s->caption, "caption-by", by, "lines", lines);
}

int kz_restore_record(const struct kz_model *model, const char *image, const char *mask,
                      const char *out, const struct kz_restore_options *options,
                      const struct kz_restore_stats *stats, const char *path, struct kz_err *err) {
  char *parameters = kz_params_to_json(kz_restore_params, options), *text = NULL;
  json_t *all = parameters ? json_loads(parameters, 0, NULL) : NULL;
  json_t *root = all ? json_pack("{s:s, s:s, s:s, s:s, s:s, s:O, s:o, s:i, s:i, s:f, s:i, s:i, s:f}",
                                 "kizil", KZ_VERSION, "image", image, "mask", mask, "output", out,
                                 "model-sha256", kz_model_hash(model), "parameters", all, "guides",
                                 guides(options, stats), "width", stats->width, "height",
                                 stats->height, "damaged", stats->damaged, "tiles", stats->tiles,
                                 "calls", stats->calls, "seconds", stats->seconds)
                     : NULL;
  int code = 0;
  if (root) text = json_dumps(root, JSON_INDENT(2));
  if (text)
    code = kz_file_write(path, text, strlen(text), err);
  else
    code = kz_err_set(err, KZ_EFORMAT, "%s: the record cannot be written: a name or the caption is "
                      "not UTF-8, or memory is out", path);
  json_decref(root);
  json_decref(all);
  free(parameters);
  free(text);
  return code;
}
