/* Candidates and regions as JSON: what a person needs to choose, and what a record quotes. */
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include <kizil/candidates.h>

#include "base/file.h"

static json_t *candidate_json(const struct kz_candidate *c, int number) {
  return json_pack("{s:i, s:s, s:I, s:i, s:f, s:f, s:f}", "number", number, "file", c->path, "seed",
                   (json_int_t)c->seed, "rank", c->rank, "off-mean", c->off_mean, "step", c->step,
                   "score", c->score);
}

static json_t *reasons_json(unsigned conjecture) {
  json_t *list = json_array();
  for (int i = 0; list && kz_conjecture_name(i); i++)
    if (conjecture >> i & 1) json_array_append_new(list, json_string(kz_conjecture_name(i)));
  return list;
}

static json_t *region_json(const struct kz_region *r, int number) {
  return json_pack("{s:i, s:[i,i,i,i], s:I, s:f, s:f, s:b, s:f, s:f, s:o, s:b}", "number", number,
                   "bounds", r->x, r->y, r->width, r->height, "area", (json_int_t)r->area, "known",
                   r->known, "distance", r->distance, "sampled", r->sampled, "doubt", r->doubt,
                   "doubt-95", r->doubt_95, "conjecture", reasons_json(r->conjecture), "filled",
                   r->filled);
}

/* NULL if any part is. */
static json_t *all_json(const struct kz_candidates *c, const struct kz_candidates_job *job,
                        json_t *parameters) {
  json_t *list = json_array(), *regions = json_array(), *root = NULL;
  bool good = list && regions;
  for (int k = 0; k < c->count && good; k++)
    good = !json_array_append_new(list, candidate_json(&c->list[k], k + 1));
  for (int i = 0; i < c->region_count && good; i++)
    good = !json_array_append_new(regions, region_json(&c->regions[i], i + 1));
  if (good)
    root = json_pack("{s:s, s:s, s:s, s:s?, s:s?, s:O, s:O, s:O}", "kizil", KZ_VERSION, "image",
                     job->image, "mask", job->mask, "doubt", job->doubt, "heat", job->heat,
                     "parameters", parameters, "candidates", list, "regions", regions);
  json_decref(list);
  json_decref(regions);
  return root;
}

int kz_candidates_save(const struct kz_candidates *c, const struct kz_candidates_job *job,
                       const struct kz_candidates_options *options, const char *path,
                       struct kz_err *err) {
  if (kz_same_file(path, job->image) || kz_same_file(path, job->mask))
    return kz_err_set(err, KZ_EEXIST, "%s: would overwrite what was read; choose another name",
                      path);
  char *words = kz_params_to_json(kz_candidates_params, options), *text = NULL;
  json_t *parameters = words ? json_loads(words, 0, NULL) : NULL;
  json_t *root = parameters ? all_json(c, job, parameters) : NULL;
  int code = 0;
  if (root) text = json_dumps(root, JSON_INDENT(2) | JSON_REAL_PRECISION(6));
  if (text)
    code = kz_file_write(path, text, strlen(text), err);
  else
    code = kz_err_set(err, KZ_EFORMAT, "%s: the list of candidates cannot be written: a name is "
                      "not UTF-8, or memory is out", path);
  json_decref(root);
  json_decref(parameters);
  free(words);
  free(text);
  return code;
}
