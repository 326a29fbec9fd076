/* Files that are whole or absent. Everything that is written goes to a hidden name in the target's
 * own folder (a rename across file systems would copy), is synced, and takes its name last. */
#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/sha256.h"

char *kz_format(const char *fmt, ...) {
  char *text = NULL;
  va_list ap;
  va_start(ap, fmt);
  int n = vasprintf(&text, fmt, ap);
  va_end(ap);
  return n < 0 ? NULL : text;
}

double kz_now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static const char *base_name(const char *path) {
  const char *slash = strrchr(path, '/');
  return slash ? slash + 1 : path;
}

/* "a/b" -> "a/", "b" -> "./"; the caller frees. */
static char *folder_of(const char *path) {
  const char *base = base_name(path);
  return base == path ? strdup("./") : strndup(path, (size_t)(base - path));
}

char *kz_temp_beside(const char *path) {
  static _Atomic unsigned serial; /* names only; nothing else depends on it */
  const char *base = base_name(path), *dot = strrchr(base, '.');
  if (!dot || dot == base) dot = base + strlen(base);
  return kz_format("%.*s.%.*s.%ld-%u%s", (int)(base - path), path, (int)(dot - base), base,
                   (long)getpid(), serial++, dot);
}

static int system_error(struct kz_err *err, const char *what, const char *path, int number) {
  int code = number == ENOENT ? KZ_ENOENT : number == ENOMEM ? KZ_ENOMEM : KZ_EIO;
  return kz_err_set(err, code, "%s: cannot %s: %s", path, what, strerror(number));
}

/* ---- atomic files ---- */

int kz_atomic_open(struct kz_atomic_file *a, const char *path, struct kz_err *err) {
  int code = 0, fd = -1;
  *a = (struct kz_atomic_file){.path = strdup(path)};
  do { /* a name that another host's process took is not ours */
    free(a->tmp);
    a->tmp = kz_temp_beside(path);
    if (!a->path || !a->tmp) {
      code = kz_err_set(err, KZ_ENOMEM, "%s: no memory for a file name", path);
      goto out;
    }
    fd = open(a->tmp, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
  } while (fd < 0 && errno == EEXIST);
  if (fd < 0 || !(a->f = fdopen(fd, "wb"))) code = system_error(err, "write", path, errno);
out:
  if (code) {
    if (fd >= 0) {
      close(fd);
      unlink(a->tmp);
    }
    free(a->path);
    free(a->tmp);
    *a = (struct kz_atomic_file){0};
  }
  return code;
}

void kz_atomic_abort(struct kz_atomic_file *a) {
  if (a->f) fclose(a->f);
  if (a->tmp) unlink(a->tmp);
  free(a->path);
  free(a->tmp);
  *a = (struct kz_atomic_file){0};
}

int kz_atomic_commit(struct kz_atomic_file *a, struct kz_err *err) {
  int code = 0;
  FILE *f = a->f;
  a->f = NULL;
  bool failed_before = ferror(f) != 0;
  int closed = fclose(f);
  if (failed_before || closed)
    code = system_error(err, "write", a->path, failed_before ? EIO : errno);
  else
    code = kz_rename_into(a->tmp, a->path, err);
  if (!code) {
    free(a->tmp);
    a->tmp = NULL;
  }
  kz_atomic_abort(a);
  return code;
}

/* Some file systems cannot sync a folder and say EINVAL: then there is nothing to do. */
static int sync_path(const char *path, int flags) {
  int fd = open(path, O_RDONLY | O_CLOEXEC | flags);
  if (fd < 0) return errno;
  int number = fsync(fd) && errno != EINVAL && errno != EROFS ? errno : 0;
  close(fd);
  return number;
}

int kz_rename_into(const char *tmp, const char *path, struct kz_err *err) {
  char *folder = folder_of(path);
  if (!folder) {
    unlink(tmp);
    return kz_err_set(err, KZ_ENOMEM, "%s: no memory for a file name", path);
  }
  int number = sync_path(tmp, 0);
  if (!number && rename(tmp, path)) number = errno;
  if (number)
    unlink(tmp);
  else
    number = sync_path(folder, O_DIRECTORY);
  free(folder);
  return number ? system_error(err, "write", path, number) : 0;
}

int kz_file_write(const char *path, const void *data, size_t len, struct kz_err *err) {
  struct kz_atomic_file a;
  int code = kz_atomic_open(&a, path, err);
  if (code) return code;
  if (len && fwrite(data, 1, len, a.f) != len) {
    code = system_error(err, "write", path, errno);
    kz_atomic_abort(&a);
    return code;
  }
  return kz_atomic_commit(&a, err);
}

/* ---- reading ---- */

int kz_file_read(const char *path, size_t limit, char **data, size_t *len, struct kz_err *err) {
  int code = 0;
  char *text = NULL;
  size_t used = 0, room = 0;
  FILE *f = fopen(path, "rbe");
  if (!f) return system_error(err, "read", path, errno);
  while (!feof(f)) { /* grows rather than asking for the size, so that a pipe can be read too */
    if (used + 1 >= room) {
      size_t more = room ? room * 2 : 65536;
      char *grown = realloc(text, more);
      if (!grown) {
        code = kz_err_set(err, KZ_ENOMEM, "%s: no memory for %zu bytes", path, more);
        goto out;
      }
      text = grown;
      room = more;
    }
    used += fread(text + used, 1, room - used - 1, f);
    if (ferror(f)) {
      code = system_error(err, "read", path, errno);
      goto out;
    }
    if (used > limit) {
      code = kz_err_set(err, KZ_ERANGE, "%s: larger than the %zu bytes allowed", path, limit);
      goto out;
    }
  }
  text[used] = '\0';
  *data = text;
  *len = used;
  text = NULL;
out:
  free(text);
  fclose(f);
  return code;
}

int kz_file_sha256(const char *path, char hex[65], struct kz_err *err) {
  enum { CHUNK = 1 << 16 };
  int code = 0;
  char *chunk = NULL;
  FILE *f = fopen(path, "rbe");
  if (!f) return system_error(err, "read", path, errno);
  if (!(chunk = malloc(CHUNK))) {
    code = kz_err_set(err, KZ_ENOMEM, "%s: no memory for %d bytes", path, CHUNK);
    goto out;
  }
  struct kz_sha256 h;
  kz_sha256_init(&h);
  for (size_t n; (n = fread(chunk, 1, CHUNK, f)) > 0;) kz_sha256_add(&h, chunk, n);
  if (ferror(f)) {
    code = system_error(err, "read", path, errno);
    goto out;
  }
  kz_sha256_hex(&h, hex);
out:
  free(chunk);
  fclose(f);
  return code;
}

/* ---- names ---- */

bool kz_file_exists(const char *path) { return access(path, F_OK) == 0; }

/* The real folder and the name in it, for a file that need not be there; the caller frees. */
static char *real_name(const char *path) {
  char *whole = realpath(path, NULL);
  if (whole) return whole;
  char *folder = folder_of(path), *real = folder ? realpath(folder, NULL) : NULL;
  if (real) whole = kz_format("%s/%s", real, base_name(path));
  free(folder);
  free(real);
  return whole;
}

bool kz_same_file(const char *a, const char *b) {
  struct stat sa, sb;
  if (!stat(a, &sa) && !stat(b, &sb)) return sa.st_dev == sb.st_dev && sa.st_ino == sb.st_ino;
  char *ra = real_name(a), *rb = real_name(b);
  bool same = ra && rb && !strcmp(ra, rb);
  free(ra);
  free(rb);
  return same;
}

int kz_mkdirs(const char *path, struct kz_err *err) {
  if (!*path) return kz_err_set(err, KZ_ENOENT, "cannot make a folder without a name");
  int code = 0;
  char *part = strdup(path);
  if (!part) return kz_err_set(err, KZ_ENOMEM, "%s: no memory for a file name", path);
  for (char *p = part + 1;; p++) {
    if (*p && *p != '/') continue;
    char end = *p;
    *p = '\0';
    struct stat s;
    if (mkdir(part, 0777)) {
      int number = errno; /* a folder that is there may also say EROFS or EACCES */
      if (stat(part, &s) || !S_ISDIR(s.st_mode)) {
        code = system_error(err, "make folder", part, number);
        break;
      }
    }
    if (!(*p = end)) break;
  }
  free(part);
  return code;
}

int kz_folder_check(const char *path, struct kz_err *err) {
  const char *slash = strrchr(path, '/');
  char *folder = slash ? strndup(path, (size_t)(slash - path) + 1) : strdup(".");
  int rc = 0;
  if (!folder)
    rc = kz_err_set(err, KZ_ENOMEM, "%s: no memory", path);
  else if (access(folder, W_OK | X_OK))
    rc = kz_err_set(err, KZ_EIO, "%s: the folder is missing or may not be written to", path);
  free(folder);
  return rc;
}
