/* Pictures before and after cleaning, side by side, so that a person goes through them quickly.
 * All that was found is shown, applied or not: what is to be judged is the finding. */
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "catalogue/clean.h"
#include "catalogue/show.h"

enum { SHORT_SIDE = 256, BETWEEN = 12, GREY = 128 };

struct one {
  int64_t image;
  char *path;
  struct kz_view view;
};

static int side_by_side(const struct kz_pixels *a, const struct kz_pixels *b,
                        struct kz_pixels *out, struct kz_err *err) {
  int h = a->height > b->height ? a->height : b->height;
  int code = kz_pixels_init(out, a->width + BETWEEN + b->width, h, 3, err);
  if (code) return code;
  size_t line = 3 * (size_t)out->width, right = 3 * (size_t)(a->width + BETWEEN);
  memset(out->data, GREY, line * (size_t)h);
  for (int y = 0; y < a->height; y++)
    memcpy(out->data + line * (size_t)y, a->data + 3 * (size_t)a->width * (size_t)y,
           3 * (size_t)a->width);
  for (int y = 0; y < b->height; y++)
    memcpy(out->data + line * (size_t)y + right, b->data + 3 * (size_t)b->width * (size_t)y,
           3 * (size_t)b->width);
  return 0;
}

/* What cannot be read is passed over, with a word about it; what cannot be written is an error. */
static int preview(const struct one *o, const char *folder, const struct kz_catalogue_host *host,
                   int64_t *written, struct kz_err *err) {
  struct kz_pixels before = {0}, after = {0}, both = {0};
  struct kz_view as_is = {.orientation = o->view.orientation};
  struct kz_err why = {0};
  char *to = NULL;
  int code = kz_pixels_load_view(o->path, &as_is, SHORT_SIDE, 0, &before, &why);
  if (!code) code = kz_pixels_load_view(o->path, &o->view, SHORT_SIDE, 0, &after, &why);
  if (code) {
    char *shown = kz__show(why.msg, strlen(why.msg));
    if (host && host->failed) host->failed(host->user, shown ? shown : "a picture is not readable");
    free(shown);
    code = 0;
    goto out;
  }
  to = kz_format("%s/%lld.jpg", folder, (long long)o->image);
  code = to ? 0 : kz_err_set(err, KZ_ENOMEM, "no memory for a preview");
  if (!code) code = side_by_side(&before, &after, &both, err);
  if (!code) code = kz_pixels_save(&both, to, err);
  if (!code) ++*written;
out:
  kz_pixels_release(&before);
  kz_pixels_release(&after);
  kz_pixels_release(&both);
  free(to);
  return code;
}

static int preview_row(struct kz_catalogue *c, sqlite3_stmt *s, const char *folder,
                       const struct kz_catalogue_host *host, int64_t *written,
                       struct kz_err *err) {
  struct one o = {.image = sqlite3_column_int64(s, 0)};
  int code = kz__clean_proposal(c, o.image, &o.view, err);
  if (code) return code;
  o.path = kz_format("%.*s", sqlite3_column_bytes(s, 1), (const char *)sqlite3_column_blob(s, 1));
  code = o.path ? preview(&o, folder, host, written, err)
                : kz_err_set(err, KZ_ENOMEM, "no memory for a preview");
  free(o.path);
  return code;
}

int kz_catalogue_preview_cleaning(struct kz_catalogue *c, const char *folder,
                                  const struct kz_catalogue_host *host, int64_t *written,
                                  struct kz_err *err) {
  sqlite3_stmt *s = NULL;
  *written = 0;
  int code = kz_mkdirs(folder, err);
  if (!code)
    code = kz__db_prepare(c,
                          "SELECT k.image, (SELECT min(path) FROM file f WHERE f.image = k.image"
                          " AND NOT f.gone) AS path FROM cleaning k"
                          " WHERE kind IN ('crop', 'card', 'cast') AND path IS NOT NULL"
                          " GROUP BY 1 ORDER BY 1",
                          &s, err);
  while (code >= 0 && (code = kz__db_step(c, s, err)) == 1) {
    code = preview_row(c, s, folder, host, written, err);
    if (!code && host && host->stop && host->stop(host->user))
      code = kz_err_set(err, KZ_EINTR, "stopped after %lld previews", (long long)*written);
  }
  sqlite3_finalize(s);
  return code;
}
