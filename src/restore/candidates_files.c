/* A name that cannot be written to is found out now and not after an hour's work. */
#include "restore/candidates_files.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/file.h"

/* A map is written as PNG whatever the image is, and over nothing that is read or written. */
static int check_map(const struct kz__outputs *out, const struct kz_candidates_job *job,
                     const struct kz_restore_options *o, const char *path, struct kz_err *err) {
  const char *dot = strrchr(path, '.');
  if (!dot || strcasecmp(dot, ".png"))
    return kz_err_set(err, KZ_EUNSUPPORTED, "%s: maps are written as .png", path);
  for (int i = 0; i < out->file_count; i++)
    if (!strcmp(out->files[i].path, path) || kz_same_file(out->files[i].path, path))
      return kz_err_set(err, KZ_EEXIST, "%s: is named for two outputs", path);
  if (kz_same_file(job->image, path) || kz_same_file(job->mask, path) ||
      (o->lines && kz_same_file(o->lines, path)))
    return kz_err_set(err, KZ_EEXIST, "%s: would overwrite what is read; choose another name",
                      path);
  if (!o->overwrite && kz_file_exists(path))
    return kz_err_set(err, KZ_EEXIST, "%s: is there already; --overwrite replaces it", path);
  return kz_folder_check(path, err);
}

static void add(struct kz__outputs *out, enum kz__output_kind what, const char *path) {
  out->files[out->file_count++] = (struct kz__output){what, path};
}

static int name_pictures(struct kz__outputs *out, const char *path, int64_t seed,
                         struct kz_err *err) {
  for (int k = 0; k < out->count; k++) {
    struct kz_candidate *c = &out->list[k];
    c->seed = kz_candidate_seed(seed, k + 1);
    c->path = out->count > 1 ? kz_candidate_path(path, k + 1) : strdup(path);
    if (!c->path) return kz_err_set(err, KZ_ENOMEM, "%s: no memory for its names", path);
    add(out, KZ__OUTPUT_PICTURE, c->path);
  }
  return 0;
}

int kz__outputs_name(struct kz__outputs *out, const struct kz_candidates_job *job,
                     const struct kz_restore_options *options, int count, struct kz_err *err) {
  const struct kz__output maps[] = {{KZ__OUTPUT_DOUBT, job->doubt},
                                    {KZ__OUTPUT_HEAT, job->heat},
                                    {KZ__OUTPUT_FILLED, job->filled}};
  *out = (struct kz__outputs){.count = count, .list = calloc((size_t)count, sizeof *out->list)};
  if (!out->list) return kz_err_set(err, KZ_ENOMEM, "no memory for %d names", count);
  int code = name_pictures(out, job->out, options->seed, err);
  for (int i = 0; i < 3 && !code; i++) {
    if (!maps[i].path) continue;
    code = check_map(out, job, options, maps[i].path, err);
    if (!code) add(out, maps[i].what, maps[i].path);
  }
  return code;
}

void kz__outputs_release(struct kz__outputs *out) {
  for (int k = 0; out->list && k < out->count; k++) free(out->list[k].path);
  free(out->list);
  *out = (struct kz__outputs){0};
}
