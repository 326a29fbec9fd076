/* Real folders first, links to folders last and in order of their names, one at a time: each folder
 * is entered once, by its device and inode, so that neither loops nor links that cross (which have
 * paths without number) can hold the walk up, and which of several paths a file is known by does
 * not depend on the threads' timing. Names are bytes; only their suffix is looked at. */
#include "catalogue/walk.h"

#include <dirent.h>
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/file.h"

struct names {
  char **list;
  int count, room;
};

struct place {
  dev_t dev;
  ino_t ino;
};

struct kz__walk {
  struct kz__walk_host host;
  struct names roots;         /* absolute, real */
  struct names folders;       /* to walk, files that were named too; a stack */
  struct names links;         /* to folders, for later */
  struct place *seen;         /* folders entered; open addressing, ino 0 is free */
  int seen_count, seen_room;  /* room: a power of two */
  int busy;                   /* threads in a folder */
  bool stopped;
  int code;                   /* the first error */
  struct kz_err err;
  int64_t passed_over;
  pthread_mutex_t mutex;
  pthread_cond_t changed;
};

/* ---- lists ---- */

static bool names_add(struct names *n, char *name) {
  if (n->count == n->room) {
    int room = n->room ? 2 * n->room : 64;
    char **grown = realloc(n->list, (size_t)room * sizeof *grown);
    if (!grown) return false;
    n->list = grown;
    n->room = room;
  }
  n->list[n->count++] = name;
  return true;
}

static void names_release(struct names *n) {
  for (int i = 0; i < n->count; i++) free(n->list[i]);
  free(n->list);
}

static struct place *slot_of(struct place *table, int room, struct place p) {
  uint64_t h = ((uint64_t)p.ino ^ (uint64_t)p.dev << 40) * 0x9e3779b97f4a7c15u;
  int at = (int)(h >> 33) & (room - 1);
  while (table[at].ino && (table[at].ino != p.ino || table[at].dev != p.dev))
    at = (at + 1) & (room - 1);
  return &table[at];
}

/* 1: was not there, 0: was there, -1: no memory. */
static int remember(struct kz__walk *w, struct place p) {
  if (2 * (w->seen_count + 1) > w->seen_room) {
    int room = w->seen_room ? 2 * w->seen_room : 1024;
    struct place *table = calloc((size_t)room, sizeof *table);
    if (!table) return -1;
    for (int i = 0; i < w->seen_room; i++)
      if (w->seen[i].ino) *slot_of(table, room, w->seen[i]) = w->seen[i];
    free(w->seen);
    w->seen = table;
    w->seen_room = room;
  }
  struct place *slot = slot_of(w->seen, w->seen_room, p);
  if (slot->ino) return 0;
  *slot = p;
  w->seen_count++;
  return 1;
}

/* ---- one folder ---- */

bool kz__walk_takes(const char *name) {
  static const char *const suffixes[] = {".jpg",  ".jpeg", ".jpe",  ".png",  ".tif", ".tiff",
                                         ".webp", ".heic", ".heif", ".avif", ".jxl"};
  const char *dot = strrchr(name, '.');
  if (!dot || dot == name) return false;
  for (size_t i = 0; i < sizeof suffixes / sizeof *suffixes; i++)
    if (!strcasecmp(dot, suffixes[i])) return true;
  return false;
}

static void complain(struct kz__walk *w, const char *path, int number) {
  char *text = kz_format("%s: cannot read: %s", path, strerror(number));
  if (text && w->host.failed) w->host.failed(w->host.user, text);
  free(text);
}

static int out_of_memory(struct kz_err *err) {
  return kz_err_set(err, KZ_ENOMEM, "no memory for the list of folders");
}

/* Takes `path` over if it is kept. */
static int keep(struct kz__walk *w, struct names *list, char **path, struct kz_err *err) {
  pthread_mutex_lock(&w->mutex);
  bool added = names_add(list, *path);
  if (added) *path = NULL;
  pthread_cond_signal(&w->changed);
  pthread_mutex_unlock(&w->mutex);
  return added ? 0 : out_of_memory(err);
}

void kz__walk_stop(struct kz__walk *w) {
  pthread_mutex_lock(&w->mutex);
  w->stopped = true;
  pthread_cond_broadcast(&w->changed);
  pthread_mutex_unlock(&w->mutex);
}

static void hand_over(struct kz__walk *w, const char *path, const struct stat *st) {
  if (!w->host.file(w->host.user, path, st)) kz__walk_stop(w);
}

static int walk_entry(struct kz__walk *w, char **path, const char *name, struct kz_err *err) {
  struct stat st;
  if (lstat(*path, &st)) {
    if (errno != ENOENT) complain(w, *path, errno); /* else gone since it was listed */
    return 0;
  }
  bool link = S_ISLNK(st.st_mode);
  if (link && stat(*path, &st)) { /* a link to nothing, or to itself */
    if (kz__walk_takes(name)) complain(w, *path, errno);
    return 0;
  }
  if (S_ISDIR(st.st_mode)) return keep(w, link ? &w->links : &w->folders, path, err);
  if (!S_ISREG(st.st_mode)) return 0;
  if (kz__walk_takes(name))
    hand_over(w, *path, &st);
  else
    __atomic_add_fetch(&w->passed_over, 1, __ATOMIC_RELAXED);
  return 0;
}

static bool stopped(struct kz__walk *w) {
  pthread_mutex_lock(&w->mutex);
  bool yes = w->stopped;
  pthread_mutex_unlock(&w->mutex);
  return yes;
}

static int list_folder(struct kz__walk *w, const char *path, struct kz_err *err) {
  DIR *d = opendir(path);
  if (!d) {
    complain(w, path, errno);
    return 0;
  }
  int code = 0;
  const char *between = path[strlen(path) - 1] == '/' ? "" : "/";
  struct dirent *e;
  for (errno = 0; !code && !stopped(w) && (e = readdir(d)); errno = 0) {
    if (e->d_name[0] == '.') continue;
    char *child = kz_format("%s%s%s", path, between, e->d_name);
    code = child ? walk_entry(w, &child, e->d_name, err) : out_of_memory(err);
    free(child);
  }
  if (!code && errno) complain(w, path, errno);
  closedir(d);
  return code;
}

/* A folder, or a file that was named by itself. */
static int walk_one(struct kz__walk *w, const char *path, struct kz_err *err) {
  struct stat st;
  if (stat(path, &st)) {
    complain(w, path, errno);
    return 0;
  }
  if (!S_ISDIR(st.st_mode)) {
    hand_over(w, path, &st);
    return 0;
  }
  pthread_mutex_lock(&w->mutex);
  int fresh = remember(w, (struct place){st.st_dev, st.st_ino});
  pthread_mutex_unlock(&w->mutex);
  if (fresh < 0) return out_of_memory(err);
  return fresh ? list_folder(w, path, err) : 0;
}

/* ---- all of them ---- */

static int last_first(const void *a, const void *b) {
  return -strcmp(*(char *const *)a, *(char *const *)b);
}

/* The next folder, with the mutex held; NULL: none left, or stopped. */
static char *next_folder(struct kz__walk *w) {
  while (!w->stopped) {
    if (w->folders.count) return w->folders.list[--w->folders.count];
    if (!w->busy) {
      if (!w->links.count) return NULL;
      qsort(w->links.list, (size_t)w->links.count, sizeof *w->links.list, last_first);
      return w->links.list[--w->links.count];
    }
    pthread_cond_wait(&w->changed, &w->mutex);
  }
  return NULL;
}

int kz__walk_run(struct kz__walk *w, struct kz_err *err) {
  struct kz_err own;
  pthread_mutex_lock(&w->mutex);
  for (char *path; (path = next_folder(w));) {
    w->busy++;
    pthread_mutex_unlock(&w->mutex);
    int code = walk_one(w, path, &own);
    free(path);
    pthread_mutex_lock(&w->mutex);
    w->busy--;
    if (code && !w->code) {
      w->code = code;
      w->err = own;
      w->stopped = true;
    }
    pthread_cond_broadcast(&w->changed);
  }
  int code = w->code;
  if (code && err) *err = w->err;
  pthread_cond_broadcast(&w->changed);
  pthread_mutex_unlock(&w->mutex);
  return code;
}

static int add_root(struct kz__walk *w, const char *root, struct kz_err *err) {
  struct stat st;
  char *real = realpath(root, NULL), *again = real ? strdup(real) : NULL;
  int code = 0;
  if (!real || stat(real, &st))
    code = kz_err_set(err, errno == ENOENT ? KZ_ENOENT : KZ_EIO, "%s: %s", root, strerror(errno));
  else if (!S_ISREG(st.st_mode) && !S_ISDIR(st.st_mode))
    code = kz_err_set(err, KZ_EFORMAT, "%s: neither a folder nor a file", root);
  else if (names_add(&w->roots, real)) {
    real = NULL;
    if (again && names_add(&w->folders, again)) again = NULL;
    else code = out_of_memory(err);
  } else {
    code = out_of_memory(err);
  }
  free(real);
  free(again);
  return code;
}

int kz__walk_new(const char *const *roots, int count, const struct kz__walk_host *host,
                 struct kz__walk **out, struct kz_err *err) {
  struct kz__walk *w = calloc(1, sizeof *w);
  if (!w) return out_of_memory(err);
  w->host = *host;
  pthread_mutex_init(&w->mutex, NULL);
  pthread_cond_init(&w->changed, NULL);
  int code = 0;
  for (int i = 0; i < count && !code; i++) code = add_root(w, roots[i], err);
  if (code)
    kz__walk_free(w);
  else
    *out = w;
  return code;
}

void kz__walk_free(struct kz__walk *w) {
  if (!w) return;
  names_release(&w->roots);
  names_release(&w->folders);
  names_release(&w->links);
  free(w->seen);
  pthread_mutex_destroy(&w->mutex);
  pthread_cond_destroy(&w->changed);
  free(w);
}

int64_t kz__walk_passed_over(const struct kz__walk *w) { return w->passed_over; }

bool kz__walk_covers(const struct kz__walk *w, const char *path) {
  for (int i = 0; i < w->roots.count; i++) {
    size_t n = strlen(w->roots.list[i]);
    if (strncmp(path, w->roots.list[i], n)) continue;
    if (!path[n] || path[n] == '/' || w->roots.list[i][n - 1] == '/') return true;
  }
  return false;
}
