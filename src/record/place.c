/* Where files lie, as a record says it. A folder of pictures, masks and results is copied and
 * archived whole, so files near the record are named from its folder, at most two folders up;
 * others, such as an installed model, by their absolute path. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "record/field.h"

static char *folder_of(const char *path) {
  const char *slash = strrchr(path, '/');
  if (!slash) return strdup(".");
  return strndup(path, slash == path ? 1 : (size_t)(slash - path));
}

/* The rest of `path` below `folder`, or NULL if it is not there. */
static const char *below(const char *folder, const char *path) {
  size_t n = strlen(folder);
  return !strncmp(folder, path, n) && path[n] == '/' ? path + n + 1 : NULL;
}

int kz__record_relative(const char *record, const char *path, char **out, struct kz_err *err) {
  static const char *const up[] = {"", "../", "../../"};
  char *near = folder_of(record), *folder = near ? realpath(near, NULL) : NULL;
  char *whole = realpath(path, NULL), *found = NULL;
  int code = 0;
  if (!near || !folder || !whole) {
    code = kz_err_set(err, errno == ENOENT ? KZ_ENOENT : KZ_EIO, "%s: cannot be found: %s",
                      folder || !near ? path : near, strerror(errno));
    goto out;
  }
  for (int i = 0; i < 3 && folder[1] && !found; i++) {
    const char *rest = below(folder, whole);
    if (rest) found = kz_format("%s%s", up[i], rest);
    char *slash = strrchr(folder, '/');
    slash[slash == folder] = 0;
  }
  *out = found ? found : strdup(whole);
  if (!*out) code = kz_err_set(err, KZ_ENOMEM, "%s: no memory for its name", path);
out:
  free(near);
  free(folder);
  free(whole);
  return code;
}

char *kz_record_path(const char *record, const char *path) {
  const char *slash = strrchr(record, '/');
  if (*path == '/' || !slash) return strdup(path);
  return kz_format("%.*s/%s", (int)(slash - record), record, path);
}

char *kz_record_place(const char *result) { return kz_format("%s.json", result); }
