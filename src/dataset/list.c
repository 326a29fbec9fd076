/* Which images of a folder take part is decided by names alone: a walk sorted by relative path, and
 * a split by a hash of each picture's group. Neither depends on the order in which a file system
 * lists its entries, nor (the split) on which other files are there, so that pictures added to a
 * folder later never move one from one side to the other. */
#include "dataset/list.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

#include <kizil/catalogue.h>
#include <kizil/image.h>

#include "base/file.h"
#include "base/sha256.h"

enum { SMALLEST_SIDE = 32 }; /* px; enlarging less than this to a crop teaches nothing */

/* One folder of the chain from the root to where the walk is. */
struct folder {
  const struct folder *parent;
  dev_t dev;
  ino_t ino;
};

struct walk {
  struct kz__list *list;
  struct kz__log *log;
  size_t root_length; /* of "root/" */
};

/* ---- names ---- */

static bool is_image_name(const char *name) {
  static const char *const suffixes[] = {".jpg", ".jpeg", ".png", ".tif", ".tiff", ".webp"};
  const char *dot = strrchr(name, '.');
  if (!dot || dot == name) return false;
  for (size_t i = 0; i < sizeof suffixes / sizeof *suffixes; i++)
    if (!strcasecmp(dot, suffixes[i])) return true;
  return false;
}

/* FNV-1a (Fowler, Noll, Vo), finished with splitmix64's mixer so that the top bits are good. */
static uint64_t hash_bytes(const char *text, size_t length) {
  uint64_t h = 0xcbf29ce484222325u;
  for (size_t i = 0; i < length; i++) h = (h ^ (unsigned char)text[i]) * 0x100000001b3u;
  h = (h ^ (h >> 30)) * 0xbf58476d1ce4e5b9u;
  h = (h ^ (h >> 27)) * 0x94d049bb133111ebu;
  return h ^ (h >> 31);
}

double kz__split_rank(const char *name) {
  const char *slash = strrchr(name, '/');
  const char *stem = slash ? slash + 1 : name;
  const char *dot = strrchr(stem, '.');
  const char *end = dot && dot != stem ? dot : stem + strlen(stem);
  const char *token = end;
  while (token > stem && token[-1] != '-') token--;
  const char *from = name;
  if (token < end && isalpha((unsigned char)token[0]) && isdigit((unsigned char)end[-1]))
    from = token;
  return (double)(hash_bytes(from, (size_t)(end - from)) >> 11) * 0x1p-53;
}

int kz__short_target(int width, int height, int short_side, int at_least) {
  int side = width < height ? width : height;
  if (short_side < at_least) short_side = at_least;
  return side > short_side ? short_side : side < at_least ? at_least : side;
}

/* ---- the walk ---- */

static int add_file(struct walk *w, const char *path, struct kz_err *err) {
  struct kz__item item = {.path = strdup(path)};
  if (!item.path) return kz_err_set(err, KZ_ENOMEM, "no memory for a list of images");
  item.name = item.path + w->root_length;
  return kz__list_append(w->list, &item, err);
}

static void log_folder(struct walk *w, const char *path, int error) {
  bool root = strlen(path) < w->root_length;
  struct kz__item item = {.path = (char *)path, .name = root ? path : path + w->root_length};
  kz__log_add(w->log, &item, strerror(error));
}

static int walk_folder(struct walk *w, const char *path, const struct folder *at,
                       struct kz_err *err);

/* What is behind one name: an image, a folder to go into, or nothing of ours. */
static int walk_entry(struct walk *w, const char *path, const char *name,
                      const struct folder *parent, struct kz_err *err) {
  struct stat st;
  if (stat(path, &st)) {
    if (is_image_name(name)) log_folder(w, path, errno);
    return 0;
  }
  if (S_ISREG(st.st_mode)) return is_image_name(name) ? add_file(w, path, err) : 0;
  if (!S_ISDIR(st.st_mode)) return 0;
  for (const struct folder *f = parent; f; f = f->parent)
    if (f->dev == st.st_dev && f->ino == st.st_ino) return 0; /* a link back up: a loop */
  struct folder here = {parent, st.st_dev, st.st_ino};
  return walk_folder(w, path, &here, err);
}

static int walk_folder(struct walk *w, const char *path, const struct folder *at,
                       struct kz_err *err) {
  DIR *dir = opendir(path);
  if (!dir) {
    log_folder(w, path, errno);
    return 0;
  }
  int code = 0;
  for (struct dirent *e; !code && (e = readdir(dir));) {
    if (e->d_name[0] == '.') continue;
    char *child = kz_format("%s/%s", path, e->d_name);
    code = child ? walk_entry(w, child, e->d_name, at, err)
                 : kz_err_set(err, KZ_ENOMEM, "no memory to list '%s'", path);
    free(child);
  }
  closedir(dir);
  return code;
}

static int by_name(const void *a, const void *b) {
  return strcmp(((const struct kz__item *)a)->name, ((const struct kz__item *)b)->name);
}

int kz__list_walk(struct kz__list *list, const char *root, struct kz__log *log,
                  struct kz_err *err) {
  struct stat st;
  if (stat(root, &st))
    return kz_err_set(err, KZ_ENOENT, "image folder '%s': %s", root, strerror(errno));
  if (!S_ISDIR(st.st_mode)) return kz_err_set(err, KZ_ENOENT, "'%s' is not a folder", root);
  size_t length = strlen(root);
  while (length > 1 && root[length - 1] == '/') length--;
  char *clean = strndup(root, length);
  if (!clean) return kz_err_set(err, KZ_ENOMEM, "no memory to list '%s'", root);
  struct walk w = {list, log, strlen(clean) + 1};
  struct folder top = {NULL, st.st_dev, st.st_ino};
  int code = 0;
  DIR *dir = opendir(root); /* the one folder that must be readable */
  if (!dir) code = kz_err_set(err, KZ_EIO, "image folder '%s': %s", root, strerror(errno));
  if (dir) closedir(dir);
  if (!code) code = walk_folder(&w, clean, &top, err);
  free(clean);
  if (code) kz__list_release(list);
  else if (list->count) qsort(list->items, (size_t)list->count, sizeof *list->items, by_name);
  return code;
}

/* ---- the list ---- */

static void item_release(struct kz__item *item) {
  if (item->notes) {
    free(item->notes->text);
    free(item->notes->damage);
    free(item->notes);
  }
  free(item->path);
}

int kz__list_append(struct kz__list *list, struct kz__item *item, struct kz_err *err) {
  if (list->count == list->room) {
    int room = list->room ? list->room * 2 : 256;
    struct kz__item *items = realloc(list->items, (size_t)room * sizeof *items);
    if (!items) {
      item_release(item);
      return kz_err_set(err, KZ_ENOMEM, "no memory for a list of %d images", room);
    }
    list->items = items;
    list->room = room;
  }
  list->items[list->count++] = *item;
  return 0;
}

void kz__list_split(struct kz__list *list, double share, int held_out) {
  int kept = 0;
  for (int i = 0; i < list->count; i++) {
    bool is_held_out = kz__split_rank(list->items[i].name) < share;
    if (is_held_out == !!held_out) list->items[kept++] = list->items[i];
    else item_release(&list->items[i]);
  }
  list->count = kept;
}

/* The file that was meant is there. */
static int check_file(const struct kz__item *item, struct kz_err *err) {
  struct stat st;
  if (stat(item->path, &st)) return kz_err_set(err, KZ_ENOENT, "%s", strerror(errno));
  if (!item->notes->bytes || item->notes->bytes == (int64_t)st.st_size) return 0;
  return kz_err_set(err, KZ_EFORMAT, "another file than the one in the catalogue: it has changed "
                    "since kizil dataset add");
}

/* The size of what is kept, and as the file is stored. A folder's pictures are those that can be
 * restored too; who lists a file by name may have any. */
static int read_size(struct kz__item *item, struct kz_err *err) {
  struct kz_image_info info;
  const struct kz_view *v = &item->view;
  struct kz__notes *n = item->notes;
  int code = 0;
  if (!n) {
    code = kz_image_probe(item->path, &info, err);
    if (code) return code;
    item->width = info.width;
    item->height = info.height;
    return 0;
  }
  code = check_file(item, err);
  if (!code && (!n->width || !n->height))
    code = kz_pixels_probe(item->path, &n->width, &n->height, err);
  item->width = v->w ? v->w : n->width;
  item->height = v->w ? v->h : n->height;
  return code;
}

/* False if the image is of no use, which is then logged. */
static bool probe_item(struct kz__item *item, struct kz__log *log, int *code,
                       struct kz_err *err) {
  struct kz_err why;
  int failed = read_size(item, &why);
  if (failed == KZ_ENOMEM) {
    *code = kz_err_set(err, KZ_ENOMEM, "%s", why.msg);
    return false;
  }
  if (failed) {
    kz__log_add(log, item, why.msg);
    return false;
  }
  if (item->width >= SMALLEST_SIDE && item->height >= SMALLEST_SIDE) return true;
  kz_err_set(&why, KZ_ESHAPE, "%d x %d px, smaller than %d", item->width, item->height,
             SMALLEST_SIDE);
  kz__log_add(log, item, why.msg);
  return false;
}

int kz__list_probe(struct kz__list *list, int short_side, int at_least, struct kz__log *log,
                   struct kz_err *err) {
  int code = 0, kept = 0;
  uint64_t end = 0;
  for (int i = 0; i < list->count; i++) {
    struct kz__item item = list->items[i];
    if (code || !probe_item(&item, log, &code, err)) {
      item_release(&item);
      continue;
    }
    double side = item.width < item.height ? item.width : item.height;
    double scale = kz__short_target(item.width, item.height, short_side, at_least) / side;
    end += (uint64_t)(scale * item.width * scale * item.height);
    item.end = end;
    list->items[kept++] = item;
  }
  list->count = kept;
  return code;
}

void kz__list_release(struct kz__list *list) {
  for (int i = 0; i < list->count; i++) item_release(&list->items[i]);
  free(list->items);
  *list = (struct kz__list){0};
}

static void digest_text(struct kz_sha256 *h, const char *text) {
  kz_sha256_add(h, text, strlen(text) + 1);
}

void kz__list_identity(const struct kz__list *list, char hex[65]) {
  struct kz_sha256 h;
  kz_sha256_init(&h);
  for (int i = 0; i < list->count; i++) {
    const struct kz__item *item = &list->items[i];
    const struct kz__notes *n = item->notes;
    const struct kz_view *v = &item->view;
    char text[256];
    digest_text(&h, n && n->sha256 ? n->sha256 : item->name);
    snprintf(text, sizeof text, "%d %d, %d %d %d %d, %d %d, %.9g %.9g %.9g", item->width,
             item->height, v->x, v->y, v->w, v->h, v->orientation, v->to_srgb, v->gain[0],
             v->gain[1], v->gain[2]);
    digest_text(&h, text);
    if (n && n->damage) kz_sha256_add(&h, n->damage, KZ_CATALOGUE_MAP * KZ_CATALOGUE_MAP);
  }
  kz_sha256_hex(&h, hex);
}

/* ---- the log ---- */

int kz__log_init(struct kz__log *log, struct kz_err *err) {
  *log = (struct kz__log){0};
  log->view = calloc(1, 1);
  if (!log->view) return kz_err_set(err, KZ_ENOMEM, "no memory for a log");
  pthread_mutex_init(&log->lock, NULL);
  return 0;
}

void kz__log_release(struct kz__log *log) {
  if (!log->view) return;
  pthread_mutex_destroy(&log->lock);
  free(log->text);
  free(log->view);
}

void kz__log_add(struct kz__log *log, const struct kz__item *item, const char *reason) {
  size_t prefix = strlen(item->path);
  if (reason[0] == '\'' && !strncmp(reason + 1, item->path, prefix) &&
      reason[prefix + 1] == '\'')
    reason += prefix + 2;
  else if (!strncmp(reason, item->path, prefix))
    reason += prefix;
  while (*reason == ':' || *reason == ' ') reason++;
  pthread_mutex_lock(&log->lock);
  size_t need = log->length + strlen(item->name) + strlen(reason) + 4;
  if (need > log->room) {
    char *text = realloc(log->text, need * 2);
    if (!text) goto out; /* a line the less: nothing hangs on it */
    log->text = text;
    log->room = need * 2;
  }
  log->length += (size_t)snprintf(log->text + log->length, log->room - log->length, "%s: %s\n",
                                  item->name, reason);
out:
  pthread_mutex_unlock(&log->lock);
}

const char *kz__log_text(struct kz__log *log) {
  pthread_mutex_lock(&log->lock);
  char *view = malloc(log->length + 1);
  if (view) {
    if (log->length) memcpy(view, log->text, log->length);
    view[log->length] = 0;
    free(log->view);
    log->view = view;
  }
  pthread_mutex_unlock(&log->lock);
  return log->view;
}
