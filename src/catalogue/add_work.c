/* A worker's round: read a file once, hash it, and if its content is new, decode it from the bytes
 * that were hashed. A file that changes meanwhile is read again. Contents over 32 MiB are not held
 * in memory but read a second time by the decoder, from the same descriptor. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/sha256.h"
#include "catalogue/add.h"

enum { IN_MEMORY = 32 << 20, CHUNK = 1 << 20, TRIES = 3 };

struct worker {
  struct kz__work *work;
  struct kz__decoder decoder;
  char *buffer; /* the file's content, or a chunk of it */
  size_t room;
};

/* ---- rows ---- */

struct kz__found *kz__found_new(const char *path, const struct stat *st) {
  struct kz__found *f = calloc(1, sizeof *f);
  if (!f || !(f->path = strdup(path))) {
    free(f);
    return NULL;
  }
  f->size = st->st_size;
  f->mtime_ns = (int64_t)st->st_mtim.tv_sec * 1000000000 + st->st_mtim.tv_nsec;
  f->inode = (int64_t)st->st_ino;
  return f;
}

void kz__found_free(struct kz__found *f) {
  if (!f) return;
  free(f->path);
  free(f);
}

void kz__row_free(struct kz__row *r) {
  if (!r) return;
  kz__found_free(r->file);
  kz__found_free(r->copy);
  free(r->error);
  free(r);
}

static int no_memory(const char *path, struct kz_err *err) {
  return kz_err_set(err, KZ_ENOMEM, "%s: no memory to read it", path);
}

static int unreadable(struct kz__row *row, const char *what, int number, struct kz_err *err) {
  row->unreadable = true;
  row->error = number ? kz_format("%s: %s", what, strerror(number)) : strdup(what);
  return row->error ? 0 : no_memory(row->file->path, err);
}

/* ---- reading ---- */

static bool same_state(const struct stat *a, const struct stat *b) {
  return a->st_size == b->st_size && a->st_mtim.tv_sec == b->st_mtim.tv_sec &&
         a->st_mtim.tv_nsec == b->st_mtim.tv_nsec;
}

static int need_room(struct worker *w, size_t size, const char *path, struct kz_err *err) {
  if (size < CHUNK) size = CHUNK;
  if (size <= w->room) return 0;
  free(w->buffer);
  w->buffer = malloc(size);
  w->room = w->buffer ? size : 0;
  return w->buffer ? 0 : no_memory(path, err);
}

/* Read and hash from the start; the content stays in the buffer if it is small. errno or 0. */
static int read_through(struct worker *w, int fd, size_t size, char hex[65], size_t *length) {
  struct kz_sha256 h;
  bool whole = size <= IN_MEMORY;
  kz_sha256_init(&h);
  *length = 0;
  for (;;) {
    size_t room = whole ? size - *length : CHUNK;
    if (room > CHUNK) room = CHUNK;
    if (!room) break;
    char *to = w->buffer + (whole ? *length : 0);
    ssize_t n = pread(fd, to, room, (off_t)*length);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return errno;
    if (!n) break;
    kz_sha256_add(&h, to, (size_t)n);
    *length += (size_t)n;
  }
  kz_sha256_hex(&h, hex);
  return 0;
}

/* Fills the row's hash and size and says where the content is, or why it cannot be read. */
static int read_file(struct worker *w, int fd, struct kz__row *row,
                     struct kz__photo_source *content, struct kz_err *err) {
  for (int i = 0; i < TRIES; i++) {
    struct stat before, after;
    size_t length;
    if (fstat(fd, &before)) return unreadable(row, "cannot read", errno, err);
    if (!S_ISREG(before.st_mode)) return unreadable(row, "no longer a file", 0, err);
    size_t size = (size_t)before.st_size;
    int code = need_room(w, size <= IN_MEMORY ? size : CHUNK, row->file->path, err);
    if (code) return code;
    int number = read_through(w, fd, size, row->hex, &length);
    if (number) return unreadable(row, "cannot read", number, err);
    if (fstat(fd, &after) || !same_state(&before, &after) || length != size) continue;
    row->bytes = (int64_t)size;
    row->file->size = (int64_t)size;
    row->file->mtime_ns =
        (int64_t)after.st_mtim.tv_sec * 1000000000 + after.st_mtim.tv_nsec;
    row->file->inode = (int64_t)after.st_ino;
    *content = (struct kz__photo_source){.path = row->file->path, .fd = fd, .size = size,
                                    .data = size <= IN_MEMORY ? w->buffer : NULL};
    __atomic_add_fetch(&w->work->bytes, row->bytes, __ATOMIC_RELAXED);
    return 0;
  }
  return unreadable(row, "changes while it is read", 0, err);
}

/* ---- copies ---- */

static int write_copy(struct worker *w, const struct kz__photo_source *from, const char *path,
                      struct kz_err *err) {
  if (from->data) return kz_file_write(path, from->data, from->size, err);
  struct kz_atomic_file a;
  int code = need_room(w, CHUNK, path, err);
  if (!code) code = kz_atomic_open(&a, path, err);
  if (code) return code;
  for (size_t at = 0; at < from->size;) {
    ssize_t n = pread(from->fd, w->buffer, CHUNK, (off_t)at);
    if (n <= 0 || fwrite(w->buffer, 1, (size_t)n, a.f) != (size_t)n) {
      kz_err_set(err, KZ_EIO, "%s: cannot write: %s", path, n ? strerror(errno) : "cut short");
      kz_atomic_abort(&a);
      return KZ_EIO;
    }
    at += (size_t)n;
  }
  return kz_atomic_commit(&a, err);
}

/* Copy to DIR/ab/abcdef....jpg, unless that is there. */
static int copy_file(struct worker *w, const struct kz__photo_source *from, struct kz__row *row,
                     struct kz_err *err) {
  const struct kz__photo_format *format = kz__photo_format_of(from);
  char *folder = kz_format("%s/%.2s", w->work->copy, row->hex);
  char *path = folder && format ? kz_format("%s/%s.%s", folder, row->hex, format->suffix) : NULL;
  struct stat st;
  int code = 0;
  if (!path)
    code = no_memory(row->file->path, err);
  else if (stat(path, &st) || st.st_size != (off_t)from->size) {
    code = kz_mkdirs(folder, err);
    if (!code) code = write_copy(w, from, path, err);
    if (!code && stat(path, &st))
      code = kz_err_set(err, KZ_EIO, "%s: %s", path, strerror(errno));
  }
  if (!code && !(row->copy = kz__found_new(path, &st))) code = no_memory(path, err);
  free(folder);
  free(path);
  return code;
}

/* ---- one file ---- */

static int look_at(struct worker *w, int fd, struct kz__row *row, struct kz_err *err) {
  struct kz__photo_source content;
  int code = read_file(w, fd, row, &content, err);
  if (code || row->unreadable) return code;
  int state = kz__known_claim(w->work->known, row->hex, err);
  if (state < 0) return state;
  row->is_new = state == KZ__CONTENT_NEW;
  if (row->is_new) code = kz__decode(&w->decoder, &content, row, err);
  bool good = state == KZ__CONTENT_GOOD || (row->is_new && !row->error);
  if (!code && good && w->work->copy) code = copy_file(w, &content, row, err);
  return code;
}

/* Takes the file over; the row is made unless memory is out. */
static int process(struct worker *w, struct kz__found *file, struct kz__row **out,
                   struct kz_err *err) {
  int code, fd = -1;
  struct kz__row *row = calloc(1, sizeof *row);
  if (!row) {
    code = no_memory(file->path, err);
    kz__found_free(file);
    return code;
  }
  row->file = file;
  fd = open(file->path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
  if (fd < 0)
    code = unreadable(row, "cannot read", errno, err);
  else
    code = look_at(w, fd, row, err);
  if (fd >= 0) close(fd);
  if (code)
    kz__row_free(row);
  else
    *out = row;
  return code;
}

int kz__work_run(struct kz__work *work, struct kz_err *err) {
  struct worker w = {.work = work,
                     .decoder = {.budget = &work->budget, .lock = &work->lock,
                                 .measuring = work->measuring}};
  int code = 0;
  void *file;
  while (!code && kz__queue_pop(work->files, -1, &file) == KZ__POPPED) {
    struct kz__row *row = NULL;
    code = process(&w, file, &row, err);
    if (!code && !kz__queue_push(work->rows, row)) kz__row_free(row);
  }
  kz__decoder_release(&w.decoder);
  free(w.buffer);
  return code;
}
