/* All names are known before anything is computed: what stands in the way is said at once. */
#include "restoration/products.h"

#include <stdlib.h>
#include <string.h>

#include <kizil/image.h>

#include "base/file.h"

static int no_memory(const char *path, struct kz_err *err) {
  return kz_err_set(err, KZ_ENOMEM, "%s: no memory for its names", path);
}

/* `record` as the picture at `result` may name it: only where they lie in one folder. */
static const char *pointer_of(const char *result, const char *record) {
  const char *a = strrchr(result, '/'), *b = strrchr(record, '/');
  const size_t n = a ? (size_t)(a - result) + 1 : 0, m = b ? (size_t)(b - record) + 1 : 0;
  return n == m && !memcmp(result, record, n) ? record + m : NULL;
}

static int name_results(struct kz__products *n, const struct kz_restoration_job *job,
                        struct kz_err *err) {
  for (int k = 0; k < n->count; k++) {
    n->results[k] = n->count > 1 ? kz_candidate_path(job->out, k + 1) : strdup(job->out);
    if (!n->results[k]) return no_memory(job->out, err);
    if (job->unrecorded) continue;
    n->records[k] = job->record ? strdup(job->record) : kz_record_place(n->results[k]);
    if (!n->records[k]) return no_memory(job->out, err);
    n->pointers[k] = pointer_of(n->results[k], n->records[k]);
  }
  return 0;
}

static int name_maps(struct kz__products *n, const struct kz_restoration_job *job,
                     struct kz_err *err) {
  const bool doubt = n->count > 1 && (job->layers || job->page);
  if (job->doubt)
    n->doubt = strdup(job->doubt);
  else if (doubt)
    n->doubt = kz_format("%s.doubt.png", job->out);
  if (!job->unrecorded || job->layers) n->filled = kz_format("%s.filled.png", job->out);
  if (((job->doubt || doubt) && !n->doubt) || ((!job->unrecorded || job->layers) && !n->filled))
    return no_memory(job->out, err);
  return 0;
}

/* Every file of the job that is read or written before `path` is. */
static int check_file(const struct kz__products *n, const struct kz_restoration_job *job,
                      const struct kz_restoration_options *o, const char *path,
                      struct kz_err *err) {
  const char *const read[] = {job->image, job->mask, job->policy, job->model, o->restore.lines};
  const char *const written[] = {n->filled, n->doubt, job->heat, job->layers, job->page};
  if (!path) return 0;
  for (size_t i = 0; i < sizeof read / sizeof *read; i++)
    if (read[i] && *read[i] && kz_same_file(read[i], path))
      return kz_err_set(err, KZ_EEXIST, "%s: would overwrite what is read; choose another name",
                        path);
  for (size_t i = 0; i < sizeof written / sizeof *written; i++)
    if (written[i] && written[i] != path && !strcmp(written[i], path))
      return kz_err_set(err, KZ_EEXIST, "%s: is named for two outputs", path);
  for (int k = 0; k < n->count; k++)
    if (!strcmp(n->results[k], path) ||
        (n->records[k] && n->records[k] != path && !strcmp(n->records[k], path)))
      return kz_err_set(err, KZ_EEXIST, "%s: is named for two outputs", path);
  if (!o->restore.overwrite && kz_file_exists(path))
    return kz_err_set(err, KZ_EEXIST, "%s: is there already; --overwrite replaces it", path);
  return kz_folder_check(path, err);
}

static int check_job(const struct kz__products *n, const struct kz_restoration_job *job,
                     struct kz_err *err) {
  bool lossless = true;
  if (n->count > 1 && job->record)
    return kz_err_set(err, KZ_ERANGE, "%s: each candidate has a record of its own, beside it; name "
                      "none", job->record);
  if (job->unrecorded && (job->record || job->page))
    return kz_err_set(err, KZ_ERANGE, "%s: cannot be made without a record",
                      job->record ? job->record : job->page);
  if (!job->unrecorded && !job->model)
    return kz_err_set(err, KZ_ERANGE, "%s: the record needs the model's file", job->out);
  int code = kz_folder_check(job->out, err);
  if (!code && job->layers) code = kz_layers_check(job->layers, err);
  if (!code && job->layers) code = kz_image_lossless(job->out, &lossless, err);
  if (!code && !lossless)
    return kz_err_set(err, KZ_EUNSUPPORTED, "%s: layers are taken from a result that is stored "
                      "exactly; give OUT as .png or .tif", job->layers);
  return code;
}

int kz__products_make(struct kz__products *n, const struct kz_restoration_job *job,
                   const struct kz_restoration_options *options, struct kz_err *err) {
  const int64_t count = options->candidates.count;
  *n = (struct kz__products){.count = count > 1 ? (int)count : 1};
  if (count < 0 || count > KZ_CANDIDATES_MOST)
    return kz_err_set(err, KZ_ERANGE, "%lld candidates: give 2 to %d", (long long)count,
                      KZ_CANDIDATES_MOST);
  int code = check_job(n, job, err);
  if (!code) code = name_results(n, job, err);
  if (!code) code = name_maps(n, job, err);
  for (int k = 0; k < n->count && !code; k++)
    code = check_file(n, job, options, n->records[k], err);
  if (!code) code = check_file(n, job, options, job->layers, err);
  if (!code) code = check_file(n, job, options, job->page, err);
  if (code) kz__products_release(n);
  return code;
}

void kz__products_release(struct kz__products *n) {
  for (int k = 0; k < KZ_CANDIDATES_MOST; k++) {
    free(n->results[k]);
    free(n->records[k]);
  }
  free(n->filled);
  free(n->doubt);
  *n = (struct kz__products){0};
}
