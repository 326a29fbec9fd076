/* kz_features_file: what is asked is checked before anything is computed; then bands of rows, each
 * by tiles in parallel, go to the spool and to the sheet. The band is as high as a tile, or lower
 * where the picture is very wide, so that memory stays bounded for any shape. */
#include <kizil/feature.h>

#include <omp.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "feature/spool.h"
#include "image/vips_io.h"

enum { MOST_THREADS = 4, ALIGN = 32 };
static const double band_bytes = 256e6;

/* ---- checks ---- */

static int open_like(const char *path, const char *what, const struct kz__job *job,
                     struct kz_image **out, struct kz_err *err) {
  int code = path ? kz_image_open(path, out, err) : 0;
  return code || !path ? code : kz_image_same_size(job->image, *out, what, err);
}

static int check_output(const struct kz__job *job, const char *mask, const char *lines,
                        const char *path, struct kz_err *err) {
  const char *const inputs[] = {mask, lines};
  int code = kz_image_can_write(job->image, path, true, err);
  if (code) return code;
  for (int k = 0; k < 2; k++)
    if (inputs[k] && kz_same_file(inputs[k], path))
      return kz_err_set(err, KZ_EEXIST, "%s: would overwrite an input; choose another name", path);
  if (!job->o->overwrite && kz_file_exists(path))
    return kz_err_set(err, KZ_EEXIST, "%s: is there already; --overwrite replaces it", path);
  return 0;
}

static int check_drawing(const struct kz__job *job, const char *mask, const char *lines,
                         const struct kz__spool *s, struct kz_err *err) {
  const char *path = s->drawing;
  enum kz_format format;
  int code = kz__format_of_name(path, &format, err);
  if (code) return code;
  if (format != KZ_FORMAT_PNG)
    return kz_err_set(err, KZ_EUNSUPPORTED, "%s: a drawing is written as .png", path);
  if (kz_same_file(path, s->png) || kz_same_file(path, s->sheet))
    return kz_err_set(err, KZ_EEXIST, "%s: would be written twice; name the drawing otherwise",
                      path);
  return check_output(job, mask, lines, path, err);
}

static int open_job(struct kz__job *job, const char *image, const char *mask, const char *lines,
                    const char *out, const struct kz__spool *s, struct kz_err *err) {
  struct kz_image_info info;
  int code = kz_image_open(image, &job->image, err);
  if (code) return code;
  kz_image_get_info(job->image, &info);
  job->w = info.width;
  job->h = info.height;
  if ((double)job->h * KZ_FEATURES > 1e7)
    return kz_err_set(err, KZ_ERANGE, "%s is %d px high; 769230 is the most", image, job->h);
  if (kz_same_file(out, image) || (mask && kz_same_file(out, mask)) ||
      (lines && kz_same_file(out, lines)))
    return kz_err_set(err, KZ_EEXIST, "%s: is an input; give another name", out);
  code = open_like(mask, "mask", job, &job->mask, err);
  if (!code) code = open_like(lines, "drawing", job, &job->lines, err);
  if (!code) code = check_output(job, mask, lines, s->tiff, err);
  if (!code) code = check_output(job, mask, lines, s->png, err);
  if (!code) code = check_output(job, mask, lines, s->sheet, err);
  if (!code && s->drawing) code = check_drawing(job, mask, lines, s, err);
  return code;
}

/* ---- computing ---- */

struct work {
  const struct kz__job *job;
  const struct kz_features_host *host;
  struct kz__tile *tiles[MOST_THREADS];
  int threads, columns, done, total;
  int code;
  struct kz_err *err; /* of the first failure */
};

static void fail(struct work *w, const struct kz_err *err) {
#pragma omp critical(kz_features)
  if (!w->code) {
    w->code = err->code;
    if (w->err) *w->err = *err;
  }
}

static bool may_go_on(struct work *w) {
  const struct kz_features_host *host = w->host;
  bool go;
#pragma omp critical(kz_features)
  {
    if (!w->code && host && host->stop && host->stop(host->self))
      w->code = kz_err_set(w->err, KZ_EINTR, "stopped");
    go = !w->code;
  }
  return go;
}

static void tell(struct work *w) {
  const struct kz_features_host *host = w->host;
#pragma omp critical(kz_features)
  {
    w->done++;
    if (host && host->progress) host->progress(host->self, w->done, w->total);
  }
}

static void compute_band(struct work *w, struct kz__band *b) {
#pragma omp parallel for schedule(dynamic) num_threads(w->threads)
  for (int k = 0; k < w->columns; k++) {
    struct kz_err err = {0};
    int x0 = k * KZ__TILE, x1 = x0 + KZ__TILE < b->w ? x0 + KZ__TILE : b->w;
    if (!may_go_on(w)) continue;
    if (kz__tile_compute(w->job, w->tiles[omp_get_thread_num()], b, x0, x1, &err))
      fail(w, &err);
    else
      tell(w);
  }
}

static int thread_count(const struct kz__job *job, int columns) {
  int n = job->o->threads > 0 ? (int)job->o->threads : omp_get_max_threads();
  if (n > MOST_THREADS) n = MOST_THREADS;
  return n < columns ? n : columns;
}

static int band_rows(const struct kz__job *job) {
  double rows = band_bytes / ((2.0 * KZ_FEATURES + 7) * job->w);
  int n = rows < KZ__TILE ? (int)rows / ALIGN * ALIGN : KZ__TILE;
  return n < ALIGN ? ALIGN : n;
}

static int least(int a, int b) { return a < b ? a : b; }

static int work_init(struct work *w, const struct kz__job *job, int rows, struct kz_err *err) {
  int width = least(job->w, KZ__TILE + 2 * KZ_FUSED_HALO), code = 0;
  int height = least(job->h, rows + 2 * KZ_FUSED_HALO);
  w->columns = (job->w + KZ__TILE - 1) / KZ__TILE;
  w->threads = thread_count(job, w->columns);
  w->total = w->columns * ((job->h + rows - 1) / rows);
  for (int k = 0; k < w->threads && !code; k++)
    code = kz__tile_new(width, height, &w->tiles[k], err);
  return code;
}

static int band_init(struct kz__band *b, const struct kz__job *job, int rows,
                     struct kz_err *err) {
  size_t n = (size_t)job->w * least(rows, job->h);
  *b = (struct kz__band){.w = job->w};
  b->pages = malloc(n * KZ_FEATURES * sizeof *b->pages);
  b->view = malloc(n * 3);
  b->photo = malloc(n * 3);
  if (job->o->drawing) b->drawing = malloc(n);
  if (b->pages && b->view && b->photo && (b->drawing || !job->o->drawing)) return 0;
  return kz_err_set(err, KZ_ENOMEM, "no memory for %d rows of %d px", rows, job->w);
}

static int compute_all(const struct kz__job *job, struct kz__spool *s, struct kz__contact *sheet,
                       const struct kz_features_host *host, int64_t *damaged,
                       struct kz_err *err) {
  struct work w = {.job = job, .host = host, .err = err};
  struct kz__band b = {0};
  int rows = band_rows(job), code = work_init(&w, job, rows, err);
  if (!code) code = band_init(&b, job, rows, err);
  if (!code) code = kz__spool_open(s, err);
  for (; b.y < job->h && !code; b.y += rows) {
    b.h = least(rows, job->h - b.y);
    compute_band(&w, &b);
    code = w.code;
    if (code) break;
    kz__contact_add(sheet, job, &b);
    code = kz__spool_add(s, job, &b, err);
  }
  *damaged = b.damaged;
  for (int k = 0; k < w.threads; k++) kz__tile_free(w.tiles[k]);
  free(b.pages);
  free(b.view);
  free(b.photo);
  free(b.drawing);
  return code;
}

static void close_job(struct kz__job *job) {
  kz_image_close(job->image);
  kz_image_close(job->mask);
  kz_image_close(job->lines);
  free(job->nearest);
}

int kz_features_file(const char *image, const char *mask, const char *lines, const char *out,
                     const struct kz_features_options *options,
                     const struct kz_features_host *host, struct kz_features_stats *stats,
                     struct kz_err *err) {
  double start = kz_now();
  struct kz__job job = {.o = options};
  struct kz__spool spool;
  struct kz__contact *sheet = NULL;
  struct kz_pixels drawn = {0};
  int64_t damaged = 0;
  int code = kz__spool_init(&spool, out, options->drawing, err);
  if (!code) code = open_job(&job, image, mask, lines, out, &spool, err);
  if (!code) code = kz__job_colours(&job, err);
  if (!code) code = kz__contact_new(&job, &sheet, err);
  if (!code) code = compute_all(&job, &spool, sheet, host, &damaged, err);
  if (!code) code = kz__contact_draw(sheet, &job, &drawn, err);
  if (!code) code = kz__spool_finish(&spool, &job, &drawn, err);
  if (code || !stats) goto out;
  *stats = (struct kz_features_stats){.width = job.w, .height = job.h,
                                      .damaged = (double)damaged / ((double)job.w * job.h),
                                      .seconds = kz_now() - start};
  kz__palette_text(&job.palette, stats->palette, sizeof stats->palette);
out:
  kz_pixels_release(&drawn);
  kz__contact_free(sheet);
  kz__spool_release(&spool);
  close_job(&job);
  return code;
}
