/* The hash of what a record names. A folder of masks has that of the list which sha256sum(1) prints of
 * its files, so that anybody can make it again. */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/file.h"
#include "base/sha256.h"
#include "record/field.h"

static int shown(const struct dirent *e) { return e->d_name[0] != '.'; }

static int by_bytes(const struct dirent **a, const struct dirent **b) {
  return strcmp((*a)->d_name, (*b)->d_name);
}

/* One line of the list, of a plain file; of anything else none. */
static int add_line(struct kz_sha256 *list, const char *folder, const char *name,
                    struct kz_err *err) {
  struct stat st;
  char hex[65], *path = kz_format("%s/%s", folder, name);
  if (!path) return kz_err_set(err, KZ_ENOMEM, "%s: no memory for its names", folder);
  int code = 0;
  if (!stat(path, &st) && S_ISREG(st.st_mode)) {
    code = kz_file_sha256(path, hex, err);
    if (!code) {
      kz_sha256_add(list, hex, 64);
      kz_sha256_add(list, "  ", 2);
      kz_sha256_add(list, name, strlen(name));
      kz_sha256_add(list, "\n", 1);
    }
  }
  free(path);
  return code;
}

int kz__record_hash(const char *path, char hex[65], struct kz_err *err) {
  struct stat st;
  struct dirent **names = NULL;
  struct kz_sha256 list;
  int code = 0;
  if (stat(path, &st) || !S_ISDIR(st.st_mode)) return kz_file_sha256(path, hex, err);
  const int count = scandir(path, &names, shown, by_bytes);
  if (count < 0)
    return kz_err_set(err, KZ_EIO, "%s: cannot read the folder: %s", path, strerror(errno));
  kz_sha256_init(&list);
  for (int i = 0; i < count; i++) {
    if (!code) code = add_line(&list, path, names[i]->d_name, err);
    free(names[i]);
  }
  free(names);
  if (!code) kz_sha256_hex(&list, hex);
  return code;
}
