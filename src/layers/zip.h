/* A zip archive of members that are stored as they are. */
#ifndef KZ_LAYERS_ZIP_H
#define KZ_LAYERS_ZIP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/file.h"

enum { KZ__ZIP_MEMBERS = 64 };

struct kz__zip_member {
  char name[48];
  uint64_t at, size; /* of the local header; of the content */
  uint32_t crc;
  bool large; /* its sizes have 64 bits */
};

struct kz__zip {
  struct kz_atomic_file file;
  struct kz__zip_member members[KZ__ZIP_MEMBERS];
  int count;
  int number;          /* errno of what failed first */
  uint64_t wide_from;  /* offsets from here on are written with 64 bits; tests lower it */
  uint32_t table[256]; /* of the CRC */
};

int kz__zip_open(struct kz__zip *z, const char *path, struct kz_err *err);
/* Start a member. `large`: it may come to 4 GiB; a reader must know zip64 then. */
int kz__zip_begin(struct kz__zip *z, const char *name, bool large, struct kz_err *err);
/* 0, or -1 with z->number set. Any thread, one at a time. */
int kz__zip_write(struct kz__zip *z, const void *data, size_t size);
int kz__zip_end(struct kz__zip *z, struct kz_err *err);
int kz__zip_commit(struct kz__zip *z, struct kz_err *err);
void kz__zip_abort(struct kz__zip *z); /* after a failure of any but commit */
int kz__zip_failed(const struct kz__zip *z, struct kz_err *err);

#endif
