/* Tar archives through libarchive. Times, owners and padding are constant, so that the same members
 * make the same bytes wherever and whenever they are written. */
#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <string.h>

#include "export/format.h"

enum { BLOCK = 512, BUFFER = 1 << 18 };

int64_t kz__tar_space(int64_t size) { return BLOCK + (size + BLOCK - 1) / BLOCK * BLOCK; }

static la_ssize_t write_piece(struct archive *a, void *user, const void *data, size_t size) {
  struct kz__tar *t = user;
  if (t->given_up) return (la_ssize_t)size;
  if (fwrite(data, 1, size, t->file.f) == size) {
    t->bytes += (int64_t)size;
    return (la_ssize_t)size;
  }
  t->number = errno;
  archive_set_error(a, errno, "cannot write");
  return -1;
}

static int fail(const struct kz__tar *t, struct kz_err *err) {
  if (t->number) return kz__export_write_error(t->x, t->file.path, t->number, err);
  return kz_err_set(err, KZ_EIO, "%s: cannot write: %s", t->file.path,
                    archive_error_string(t->archive));
}

int kz__tar_open(struct kz__tar *t, const struct kz__export *x, const char *path,
                 struct kz_err *err) {
  *t = (struct kz__tar){.x = x};
  int code = kz_atomic_open(&t->file, path, err);
  if (code) return code;
  setvbuf(t->file.f, NULL, _IOFBF, BUFFER);
  struct archive *a = t->archive = archive_write_new();
  if (!a)
    code = kz__export_no_memory(x, err);
  else if (archive_write_set_format_ustar(a) || archive_write_set_bytes_per_block(a, 0) ||
           archive_write_open(a, t, NULL, write_piece, NULL))
    code = fail(t, err);
  if (code) kz__tar_abort(t);
  return code;
}

int kz__tar_member(struct kz__tar *t, const char *name, int64_t size, struct kz_err *err) {
  struct archive_entry *entry = archive_entry_new();
  if (!entry) return kz__export_no_memory(t->x, err);
  archive_entry_set_pathname(entry, name);
  archive_entry_set_size(entry, size);
  archive_entry_set_filetype(entry, AE_IFREG);
  archive_entry_set_perm(entry, 0644);
  archive_entry_set_mtime(entry, 0, 0);
  int failed = archive_write_header(t->archive, entry) != ARCHIVE_OK;
  archive_entry_free(entry);
  return failed ? fail(t, err) : 0;
}

int kz__tar_write(struct kz__tar *t, const void *data, size_t size, struct kz_err *err) {
  while (size) {
    la_ssize_t n = archive_write_data(t->archive, data, size);
    if (n <= 0) return fail(t, err);
    data = (const char *)data + n;
    size -= (size_t)n;
  }
  return 0;
}

int kz__tar_commit(struct kz__tar *t, struct kz_err *err) {
  int code = 0;
  if (archive_write_close(t->archive) != ARCHIVE_OK) {
    code = fail(t, err);
  } else if (fflush(t->file.f)) {
    t->number = errno;
    code = fail(t, err);
  }
  archive_write_free(t->archive);
  t->archive = NULL;
  if (code)
    kz_atomic_abort(&t->file);
  else
    code = kz_atomic_commit(&t->file, err);
  return code;
}

void kz__tar_abort(struct kz__tar *t) {
  t->given_up = true; /* libarchive frees all only where it may end the archive properly */
  if (t->archive) {
    archive_write_close(t->archive);
    archive_write_free(t->archive);
  }
  t->archive = NULL;
  kz_atomic_abort(&t->file);
}
