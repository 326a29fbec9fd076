/* Files that are whole or absent: written beside, synced, renamed. */
#ifndef KZ_FILE_H
#define KZ_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include <kizil/err.h>

struct kz_atomic_file {
  FILE *f;          /* write here */
  char *path, *tmp; /* final name; temporary in the same folder */
};
int kz_atomic_open(struct kz_atomic_file *a, const char *path, struct kz_err *err);
/* Flush, fsync, rename, fsync the folder. On failure the temporary is removed. */
int kz_atomic_commit(struct kz_atomic_file *a, struct kz_err *err);
void kz_atomic_abort(struct kz_atomic_file *a);
/* A name in path's folder, hidden, unique to this process, keeping path's suffix; caller frees. */
char *kz_temp_beside(const char *path);
/* fsync `tmp`, rename it to `path`, fsync the folder; removes tmp on failure. */
int kz_rename_into(const char *tmp, const char *path, struct kz_err *err);

/* Whole file into malloc'd memory, a NUL after it. Over `limit` bytes: KZ_ERANGE. */
int kz_file_read(const char *path, size_t limit, char **data, size_t *len, struct kz_err *err);
int kz_file_write(const char *path, const void *data, size_t len, struct kz_err *err); /* atomic */
bool kz_file_exists(const char *path);
bool kz_same_file(const char *a, const char *b); /* same device and inode, or the same real path */
int kz_mkdirs(const char *path, struct kz_err *err);
/* KZ_EIO unless the folder of `path` is there and may be written to. */
int kz_folder_check(const char *path, struct kz_err *err);
/* SHA-256 of a file as 64 hex digits and a NUL. */
int kz_file_sha256(const char *path, char hex[65], struct kz_err *err);
double kz_now(void); /* monotonic seconds */
/* Text in malloc'd memory; NULL: no memory. */
char *kz_format(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

#endif
