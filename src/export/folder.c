/* A folder of pictures, by part and SHA-256, with a training list of them; mostly to hand pictures
 * on as cleaning shows them. */
#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "export/format.h"

struct folder {
  struct kz_atomic_file list;
  struct kz__picture picture;
  char *made; /* the folder that was made last */
};

static bool is_empty(const char *path) {
  DIR *d = opendir(path);
  int found = 0;
  if (!d) return errno == ENOENT;
  for (const struct dirent *e; found < 3 && (e = readdir(d));) found++;
  closedir(d);
  return found < 3; /* . and .. */
}

static int begin(struct kz__export *x, struct kz_err *err) {
  struct folder *s = x->state = calloc(1, sizeof *s);
  if (!s) return kz__export_no_memory(x, err);
  s->picture.fd = -1;
  if (!x->o->overwrite && !is_empty(x->o->out))
    return kz_err_set(err, KZ_EEXIST, "%s: is there already and not empty", x->o->out);
  int code = kz_mkdirs(x->o->out, err);
  char *path = kz_format("%s/list.csv", x->o->out);
  if (!code && !path) code = kz__export_no_memory(x, err);
  if (!code) code = kz_atomic_open(&s->list, path, err);
  if (!code) fputs(KZ_EXPORT_LIST_HEADER "\n", s->list.f);
  free(path);
  return code;
}

struct writing {
  const struct kz__export *x;
  struct kz_atomic_file file;
};

static int write_piece(void *user, const void *data, size_t size, struct kz_err *err) {
  struct writing *w = user;
  if (fwrite(data, 1, size, w->file.f) == size) return 0;
  return kz__export_write_error(w->x, w->file.path, errno, err);
}

static int write_picture(struct kz__export *x, const struct kz_catalogue_entry *e,
                         const char *path, struct kz_err *err) {
  struct folder *s = x->state;
  struct writing w = {.x = x};
  if (kz_same_file(path, e->path))
    return kz_err_set(err, KZ_EEXIST, "%s: is an image of the catalogue itself: export elsewhere",
                      path);
  int code = kz_atomic_open(&w.file, path, err);
  if (code) return code;
  code = kz__picture_copy(&s->picture, e, write_piece, &w, err);
  if (!code && fflush(w.file.f)) code = kz__export_write_error(x, path, errno, err);
  if (!code) return kz_atomic_commit(&w.file, err);
  kz_atomic_abort(&w.file);
  return code;
}

static int put_picture(struct kz__export *x, const struct kz_catalogue_entry *e,
                       struct kz_err *err) {
  struct folder *s = x->state;
  const char *part = e->part ? e->part : "";
  int code = 0;
  char *name = kz_format("%s%s%s.%s", part, *part ? "/" : "", e->sha256, s->picture.suffix);
  char *path = name ? kz_format("%s/%s", x->o->out, name) : NULL;
  char *folder = path ? kz__export_folder_of(path) : NULL;
  if (!folder) {
    code = kz__export_no_memory(x, err);
    goto out;
  }
  if (!s->made || strcmp(s->made, folder)) {
    code = kz_mkdirs(folder, err);
    free(s->made);
    s->made = strdup(folder);
  }
  if (!code) code = write_picture(x, e, path, err);
  if (code) goto out;
  kz__list_put(s->list.f, name, s->picture.width, s->picture.height,
               x->o->pixels ? NULL : &e->view, e);
  x->told->images++;
  x->told->files++;
  x->told->bytes += s->picture.size;
out:
  free(name);
  free(path);
  free(folder);
  return code;
}

static int put(struct kz__export *x, const struct kz_catalogue_entry *e, struct kz_err *err) {
  struct folder *s = x->state;
  int code = kz__picture_open(x, &s->picture, e, err);
  if (code < 1) return code;
  code = put_picture(x, e, err);
  kz__picture_close(&s->picture);
  return code;
}

static int end(struct kz__export *x, struct kz_err *err) {
  struct folder *s = x->state;
  x->told->files++;
  return kz_atomic_commit(&s->list, err);
}

static void release(struct kz__export *x) {
  struct folder *s = x->state;
  if (!s) return;
  kz_atomic_abort(&s->list);
  kz__picture_release(&s->picture);
  free(s->made);
  free(s);
}

static const struct kz__export_ops ops = {
    .begin = begin, .put = put, .end = end, .release = release};
const struct kz_export_format kz__export_folder = {
    .name = "folder", .folder = true, .ops = &ops,
    .help = "pictures by part and SHA-256, and a list.csv of them to train on"};
