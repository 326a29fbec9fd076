/* The outputs of a features job. All are encoded under temporary names before the first is
 * renamed, so that a failure leaves what was there before. */
#include "feature/spool.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "base/file.h"
#include "image/vips_io.h"

static int no_memory(struct kz_err *err) {
  return kz_err_set(err, KZ_ENOMEM, "no memory for file names");
}

/* `out` without a suffix that is one of ours. */
static char *stem_of(const char *out) {
  static const char *const suffixes[] = {".tif", ".tiff", ".png"};
  size_t n = strlen(out);
  for (size_t k = 0; k < sizeof suffixes / sizeof *suffixes; k++) {
    size_t m = strlen(suffixes[k]);
    if (n > m && out[n - m - 1] != '/' && !strcasecmp(out + n - m, suffixes[k]))
      return strndup(out, n - m);
  }
  return strdup(out);
}

static int name_drawing(struct kz__spool *s, const char *drawing, struct kz_err *err) {
  if (!drawing) return 0;
  s->drawing = strdup(drawing);
  s->raw_drawing = kz_temp_beside(drawing);
  s->new_drawing = kz_temp_beside(drawing);
  return s->drawing && s->raw_drawing && s->new_drawing ? 0 : no_memory(err);
}

int kz__spool_init(struct kz__spool *s, const char *out, const char *drawing, struct kz_err *err) {
  *s = (struct kz__spool){.pages = -1, .view = -1, .lines = -1};
  char *stem = stem_of(out);
  if (!stem) return no_memory(err);
  size_t n = strlen(stem);
  if (!n || stem[n - 1] == '/') {
    free(stem);
    return kz_err_set(err, KZ_ERANGE, "'%s' is no name for files; give one without a suffix", out);
  }
  s->tiff = kz_format("%s.tif", stem);
  s->png = kz_format("%s.png", stem);
  s->sheet = kz_format("%s-sheet.png", stem);
  free(stem);
  if (!s->tiff || !s->png || !s->sheet) return no_memory(err);
  s->raw_pages = kz_temp_beside(s->tiff);
  s->raw_view = kz_temp_beside(s->png);
  s->new_tiff = kz_temp_beside(s->tiff);
  s->new_png = kz_temp_beside(s->png);
  s->new_sheet = kz_temp_beside(s->sheet);
  if (!s->raw_pages || !s->raw_view || !s->new_tiff || !s->new_png || !s->new_sheet)
    return no_memory(err);
  return name_drawing(s, drawing, err);
}

static int open_raw(const char *path, int *fd, struct kz_err *err) {
  *fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (*fd >= 0) return 0;
  return kz_err_set(err, KZ_EIO, "%s: cannot write: %s", path, strerror(errno));
}

int kz__spool_open(struct kz__spool *s, struct kz_err *err) {
  int code = open_raw(s->raw_pages, &s->pages, err);
  if (!code) code = open_raw(s->raw_view, &s->view, err);
  if (!code && s->drawing) code = open_raw(s->raw_drawing, &s->lines, err);
  return code;
}

static int write_at(int fd, const char *path, const void *data, size_t size, off_t at,
                    struct kz_err *err) {
  const char *p = data;
  while (size) {
    ssize_t n = pwrite(fd, p, size, at);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return kz_err_set(err, KZ_EIO, "%s: cannot write: %s", path, strerror(errno));
    p += n;
    at += n;
    size -= (size_t)n;
  }
  return 0;
}

int kz__spool_add(struct kz__spool *s, const struct kz__job *job, const struct kz__band *b,
                  struct kz_err *err) {
  size_t plane = (size_t)b->w * b->h;
  off_t whole = (off_t)job->w * job->h, first = (off_t)b->y * b->w;
  int code = write_at(s->view, s->raw_view, b->view, plane * 3, first * 3, err);
  for (int k = 0; k < KZ_FEATURES && !code; k++)
    code = write_at(s->pages, s->raw_pages, b->pages + plane * k, plane * 2,
                    (whole * k + first) * 2, err);
  if (!code && s->drawing)
    code = write_at(s->lines, s->raw_drawing, b->drawing, plane, first, err);
  return code;
}

/* Names and ranges of the pages, and the palette: what ImageDescription holds. NULL: no memory. */
static char *describe(const struct kz__job *job) {
  const struct kz_palette *p = &job->palette;
  json_t *pages = json_array(), *colours = json_array();
  for (const struct kz_feature *f = kz_features; f->name; f++)
    json_array_append_new(pages, json_pack("{ss ss sf sf ss}", "name", f->name, "unit", f->unit,
                                           "min", f->min, "max", f->max, "help", f->help));
  for (int k = 0; k < p->count; k++) {
    const struct kz_palette_colour *c = &p->colours[k];
    json_array_append_new(colours,
                          json_pack("{ss ss s[fff] sf}", "pigment", c->pigment->name, "colour",
                                    c->pigment->colour, "lab", c->lab[0], c->lab[1], c->lab[2],
                                    "share", c->share));
  }
  json_t *all = json_pack("{ss so so}", "kizil", "features", "pages", pages, "palette", colours);
  char *text = all ? json_dumps(all, JSON_COMPACT | JSON_REAL_PRECISION(5)) : NULL;
  json_decref(all);
  return text;
}

static int save_tiff(const struct kz__spool *s, const struct kz__job *job, struct kz_err *err) {
  VipsImage *raw = NULL, *im = NULL;
  double bytes = 2.0 * KZ_FEATURES * job->w * job->h;
  char *text = describe(job);
  int code = 0;
  if (!text) return kz_err_set(err, KZ_ENOMEM, "no memory for the pages' names");
  if (vips_rawload(s->raw_pages, &raw, job->w, job->h * KZ_FEATURES, 1, "format",
                   VIPS_FORMAT_USHORT, "interpretation", VIPS_INTERPRETATION_GREY16, NULL) ||
      vips_copy(raw, &im, NULL)) {
    code = kz__vips_fail(err, KZ_EIO, "%s: cannot read back", s->raw_pages);
    goto out;
  }
  vips_image_set_int(im, VIPS_META_PAGE_HEIGHT, job->h);
  vips_image_set_string(im, VIPS_META_IMAGEDESCRIPTION, text);
  if (vips_tiffsave(im, s->new_tiff, "compression", VIPS_FOREIGN_TIFF_COMPRESSION_LZW, "predictor",
                    VIPS_FOREIGN_TIFF_PREDICTOR_HORIZONTAL, "page_height", job->h, "bigtiff",
                    (gboolean)(bytes > 2e9), NULL))
    code = kz__vips_fail(err, KZ_EIO, "%s: cannot write", s->tiff);
out:
  if (im) g_object_unref(im);
  if (raw) g_object_unref(raw);
  free(text);
  return code;
}

/* Raw bytes as the PNG that will be `path`. */
static int save_png(const char *raw_path, const struct kz__job *job, int bands,
                    VipsInterpretation space, const char *new_path, const char *path,
                    struct kz_err *err) {
  VipsImage *raw = NULL;
  int code = 0;
  if (vips_rawload(raw_path, &raw, job->w, job->h, bands, "interpretation", space, NULL))
    return kz__vips_fail(err, KZ_EIO, "%s: cannot read back", raw_path);
  if (kz__save(raw, KZ_FORMAT_PNG, new_path, NULL))
    code = kz__vips_fail(err, KZ_EIO, "%s: cannot write", path);
  g_object_unref(raw);
  return code;
}

static int close_raw(int *fd, const char *path, struct kz_err *err) {
  int failed = close(*fd);
  *fd = -1;
  return failed ? kz_err_set(err, KZ_EIO, "%s: cannot write: %s", path, strerror(errno)) : 0;
}

static int finish_drawing(struct kz__spool *s, const struct kz__job *job, struct kz_err *err) {
  if (!s->drawing) return 0;
  int code = close_raw(&s->lines, s->raw_drawing, err);
  return code ? code : save_png(s->raw_drawing, job, 1, VIPS_INTERPRETATION_B_W, s->new_drawing,
                                s->drawing, err);
}

int kz__spool_finish(struct kz__spool *s, const struct kz__job *job,
                     const struct kz_pixels *sheet, struct kz_err *err) {
  int code = close_raw(&s->pages, s->raw_pages, err);
  if (!code) code = close_raw(&s->view, s->raw_view, err);
  if (!code) code = save_tiff(s, job, err);
  if (!code)
    code = save_png(s->raw_view, job, 3, VIPS_INTERPRETATION_sRGB, s->new_png, s->png, err);
  if (!code) code = finish_drawing(s, job, err);
  if (!code) code = kz_pixels_save(sheet, s->new_sheet, err);
  if (!code) code = kz_rename_into(s->new_tiff, s->tiff, err);
  if (!code) code = kz_rename_into(s->new_png, s->png, err);
  if (!code) code = kz_rename_into(s->new_sheet, s->sheet, err);
  if (!code && s->drawing) code = kz_rename_into(s->new_drawing, s->drawing, err);
  return code;
}

void kz__spool_release(struct kz__spool *s) {
  char *const unfinished[] = {s->raw_pages, s->raw_view, s->raw_drawing, s->new_tiff,
                              s->new_png,   s->new_sheet, s->new_drawing};
  if (s->pages >= 0) close(s->pages);
  if (s->view >= 0) close(s->view);
  if (s->lines >= 0) close(s->lines);
  for (size_t k = 0; k < sizeof unfinished / sizeof *unfinished; k++) {
    if (unfinished[k]) unlink(unfinished[k]);
    free(unfinished[k]);
  }
  free(s->tiff);
  free(s->png);
  free(s->sheet);
  free(s->drawing);
}
