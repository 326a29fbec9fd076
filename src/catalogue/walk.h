/* Folders, walked by several threads: every file whose name is a picture's, once. */
#ifndef KZ_CATALOGUE_WALK_H
#define KZ_CATALOGUE_WALK_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>

#include <kizil/err.h>

struct kz__walk;

/* Called from the walking threads; `path` is absolute, `st` of what a link leads to. */
struct kz__walk_host {
  void *user;
  /* false: stop walking. */
  bool (*file)(void *user, const char *path, const struct stat *st);
  /* A folder or file that cannot be read. */
  void (*failed)(void *user, const char *message);
};

/* Check the roots (folders, or single files; KZ_ENOENT names the first that is not there). */
int kz__walk_new(const char *const *roots, int count, const struct kz__walk_host *host,
                 struct kz__walk **out, struct kz_err *err);
/* To be called by each of the walking threads; returns when all is walked. */
int kz__walk_run(struct kz__walk *w, struct kz_err *err);
void kz__walk_stop(struct kz__walk *w); /* from any thread */
int64_t kz__walk_passed_over(const struct kz__walk *w); /* files with other names */
/* Whether a path lies in one of the roots. */
bool kz__walk_covers(const struct kz__walk *w, const char *path);
void kz__walk_free(struct kz__walk *w);
/* Whether a file of this name is taken for a picture. */
bool kz__walk_takes(const char *name);

#endif
