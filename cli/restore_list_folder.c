/* Pictures of a folder with the masks of another. A mask is found by its picture's name without
 * the suffix, whatever its own; two that would do are a fault, because one of them is meant. */
#include "restore_list.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include <kizil/image.h>

/* ---- a folder's names ---- */

struct names {
  char **all; /* owned */
  int count, cap;
};

static void names_release(struct names *n) {
  for (int i = 0; i < n->count; i++) free(n->all[i]);
  free(n->all);
  *n = (struct names){0};
}

static int names_add(struct names *n, const char *name, struct kz_err *err) {
  if (n->count == n->cap) {
    int cap = n->cap ? n->cap * 2 : 64;
    char **grown = realloc(n->all, (size_t)cap * sizeof *grown);
    if (!grown) return kz_err_set(err, KZ_ENOMEM, "no memory for %d names", cap);
    n->all = grown;
    n->cap = cap;
  }
  n->all[n->count] = strdup(name);
  if (!n->all[n->count]) return kz_err_set(err, KZ_ENOMEM, "no memory for a name");
  n->count++;
  return 0;
}

/* A folder's name, "cave.12/", has no suffix. */
static size_t stem_length(const char *name) {
  const char *dot = strrchr(name, '.'), *slash = strchr(name, '/');
  if (slash) return (size_t)(slash - name);
  return dot && dot != name ? (size_t)(dot - name) : strlen(name);
}

/* By the name without its suffix, then by the whole. */
static int by_stem(const void *a, const void *b) {
  const char *x = *(char *const *)a, *y = *(char *const *)b;
  size_t m = stem_length(x), n = stem_length(y);
  int order = memcmp(x, y, m < n ? m : n);
  if (!order) order = (m > n) - (m < n);
  return order ? order : strcmp(x, y);
}

static bool is_picture(const char *name) {
  bool lossless;
  return !kz_image_lossless(name, &lossless, NULL);
}

static bool is_folder(const char *path) {
  struct stat st;
  return !stat(path, &st) && S_ISDIR(st.st_mode);
}

static char *join(const char *folder, const char *name) {
  size_t n = strlen(folder);
  char *path = NULL;
  if (asprintf(&path, "%s%s%s", folder, n && folder[n - 1] == '/' ? "" : "/", name) < 0)
    return NULL;
  return path;
}

/* A folder of masks is kept with a slash at the end of its name. */
static int add_mask(struct names *n, const char *folder, const char *name, struct kz_err *err) {
  const char *dot = strrchr(name, '.');
  char *path = join(folder, name);
  char *within = path && is_folder(path) ? join(name, "") : NULL;
  int code = 0;
  if (!path) code = kz_err_set(err, KZ_ENOMEM, "no memory for a name");
  if (within)
    code = names_add(n, within, err);
  else if (is_picture(name) || (dot && !strcasecmp(dot, ".json")))
    code = names_add(n, name, err);
  free(within);
  free(path);
  return code;
}

/* All names of a folder that are pictures, or masks, sorted. Hidden ones are passed over: what is
 * being written has such a name. */
static int names_read(struct names *n, const char *folder, bool masks, struct kz_err *err) {
  int code = 0;
  DIR *dir = opendir(folder);
  *n = (struct names){0};
  if (!dir) return kz_err_set(err, KZ_ENOENT, "%s: is no folder that can be read", folder);
  for (struct dirent *e; !code && (e = readdir(dir));) {
    if (e->d_name[0] == '.') continue;
    if (masks)
      code = add_mask(n, folder, e->d_name, err);
    else if (is_picture(e->d_name))
      code = names_add(n, e->d_name, err);
  }
  closedir(dir);
  if (!code && n->count) qsort(n->all, (size_t)n->count, sizeof *n->all, by_stem);
  return code;
}

/* ---- one picture ---- */

/* How many masks a picture has, in the list from *first on. */
static int masks_of(const struct names *masks, const char *picture, int *first) {
  size_t n = stem_length(picture);
  int low = 0, high = masks->count;
  while (low < high) {
    int middle = low + (high - low) / 2;
    const char *name = masks->all[middle];
    size_t m = stem_length(name);
    int order = memcmp(name, picture, m < n ? m : n);
    if (order < 0 || (order == 0 && m < n))
      low = middle + 1;
    else
      high = middle;
  }
  *first = low;
  int count = 0;
  while (low + count < masks->count && stem_length(masks->all[low + count]) == n &&
         !memcmp(masks->all[low + count], picture, n))
    count++;
  return count;
}

/* The result's name: the picture's own if that format keeps every sample, else PNG, and TIFF for
 * inks, which PNG does not hold. */
static char *output_of(const char *folder, const char *name, const char *path) {
  struct kz_image_info info;
  bool lossless = false;
  char *file = NULL, *out;
  kz_image_lossless(name, &lossless, NULL);
  if (lossless) return join(folder, name);
  const char *suffix = !kz_image_probe(path, &info, NULL) && info.cmyk ? "tif" : "png";
  if (asprintf(&file, "%.*s.%s", (int)stem_length(name), name, suffix) < 0) return NULL;
  out = join(folder, file);
  free(file);
  return out;
}

static int set_mask(struct kz_cli_picture *picture, const struct kz_cli_batch *b,
                    const struct names *masks, const char *name, struct kz_err *err) {
  char problem[1024];
  int first, count = masks_of(masks, name, &first);
  if (count == 0) {
    picture->standing = KZ_CLI_UNMASKED;
    return 0;
  }
  if (count > 1) {
    snprintf(problem, sizeof problem, "%s: two masks in %s, %s and %s; keep one",
             picture->job.image, b->masks, masks->all[first], masks->all[first + 1]);
    return kz_cli_picture_fails(picture, problem, err);
  }
  picture->job.mask = picture->owned[1] = join(b->masks, masks->all[first]);
  return picture->job.mask ? 0 : kz_err_set(err, KZ_ENOMEM, "no memory for a name");
}

static int add_picture(struct kz_cli_pictures *p, const struct kz_cli_batch *b,
                       const struct names *masks, const char *name, struct kz_err *err) {
  struct kz_cli_picture *picture = kz_cli_pictures_add(p, &b->common, err);
  if (!picture) return KZ_ENOMEM;
  picture->job.image = picture->owned[0] = join(b->list, name);
  picture->job.mask = NULL;
  if (picture->job.image)
    picture->job.out = picture->owned[2] = output_of(b->out, name, picture->job.image);
  if (!picture->job.image || !picture->job.out)
    return kz_err_set(err, KZ_ENOMEM, "no memory for a name");
  return set_mask(picture, b, masks, name, err);
}

/* ---- the folders ---- */

static bool same_folder(const char *a, const char *b) {
  struct stat x, y;
  return !stat(a, &x) && !stat(b, &y) && x.st_dev == y.st_dev && x.st_ino == y.st_ino;
}

/* What can be said of the folder of results before hours of work. */
static int check_output(const struct kz_cli_batch *b, struct kz_err *err) {
  if (access(b->out, F_OK))
    return kz_err_set(err, KZ_ENOENT, "%s: there is no such folder; make it first", b->out);
  if (!is_folder(b->out))
    return kz_err_set(err, KZ_EEXIST, "%s: is a file; -o takes a folder, as --batch does", b->out);
  if (access(b->out, W_OK | X_OK))
    return kz_err_set(err, KZ_EIO, "%s: this folder cannot be written into", b->out);
  if (same_folder(b->out, b->list))
    return kz_err_set(err, KZ_EEXIST, "%s: is the folder of the originals; give another with -o",
                      b->out);
  if (same_folder(b->out, b->masks))
    return kz_err_set(err, KZ_EEXIST, "%s: is the folder of the masks; give another with -o",
                      b->out);
  return 0;
}

static int check_masks(const struct kz_cli_pictures *p, const struct kz_cli_batch *b,
                       struct kz_err *err) {
  for (int i = 0; i < p->count; i++)
    if (p->all[i].standing != KZ_CLI_UNMASKED) return 0;
  return kz_err_set(err, KZ_ENOENT, "%s: none of the %d pictures of %s has a mask here; the mask of "
                    "wall.tif is wall.png, wall.json or a folder wall", b->masks, p->count, b->list);
}

int kz_cli_pictures_scan(struct kz_cli_pictures *p, const struct kz_cli_batch *b,
                         struct kz_err *err) {
  struct names pictures = {0}, masks = {0};
  int code = names_read(&pictures, b->list, false, err);
  if (!code) code = names_read(&masks, b->masks, true, err);
  if (!code) code = check_output(b, err);
  if (!code && !pictures.count)
    code = kz_err_set(err, KZ_ENOENT, "%s: there is no picture in this folder (PNG, JPEG, TIFF or "
                      "WebP, by their suffixes)", b->list);
  for (int i = 0; i < pictures.count && !code; i++)
    code = add_picture(p, b, &masks, pictures.all[i], err);
  if (!code) code = check_masks(p, b, err);
  names_release(&masks);
  names_release(&pictures);
  return code;
}
