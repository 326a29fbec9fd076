/* What a catalogue knew when `add` began, for the threads that must not touch the database: files
 * by path, contents by SHA-256. */
#ifndef KZ_CATALOGUE_KNOWN_H
#define KZ_CATALOGUE_KNOWN_H

#include "catalogue/db.h"

struct kz__known;

/* A content: what became of it, or that a worker is at it. */
enum kz__content_state { KZ__CONTENT_NEW, KZ__CONTENT_GOOD, KZ__CONTENT_BROKEN, KZ__CONTENT_TAKEN };

/* copy: a folder; a picture without a copy there counts as changed. NULL: none. again: every file
 * counts as changed and every content as new. */
int kz__known_load(struct kz_catalogue *c, const char *copy, bool again, struct kz__known **out,
                   struct kz_err *err);
void kz__known_free(struct kz__known *k);
/* Whether the file is as it was; it is marked as seen in any case. Any thread. */
bool kz__known_unchanged(struct kz__known *k, const char *path, int64_t size, int64_t mtime_ns,
                         int64_t inode);
/* NEW once for each content, which is then TAKEN: the caller is to decode it. < 0: no memory. */
int kz__known_claim(struct kz__known *k, const char hex[65], struct kz_err *err);
/* Files that were known and not seen, one after another, from *at = 0; NULL: no more. */
const char *kz__known_unseen(const struct kz__known *k, int *at);

#endif
