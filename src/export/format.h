/* What the formats share: the export they are part of, records of images, and ways to fail. A
 * format is one file with a table of four calls; kz_export visits the images and calls it for each. */
#ifndef KZ_EXPORT_FORMAT_H
#define KZ_EXPORT_FORMAT_H

#include <jansson.h>

#include <kizil/export.h>

#include "base/file.h"
#include "base/sha256.h"
#include "catalogue/more.h"

struct kz__export {
  struct kz_catalogue *c;
  const struct kz_export_options *o;
  const struct kz_catalogue_host *host;
  struct kz_export_told *told;
  FILE *f;      /* of text formats */
  char *folder; /* real, of what is written, with a slash at its end; NULL: paths are absolute */
  struct kz__more more;
  struct kz__names facts, measures; /* that chosen images have */
  int64_t images, bytes;            /* chosen; in their files */
  char fingerprint[65];             /* of all records and options; "" where nobody asks */
  void *state;                      /* the format's */
};

struct kz__export_ops {
  bool opens;        /* images whose files are gone or of another size are left out before put */
  bool fingerprints;
  /* Each may be NULL but put; release follows in any case where begin was called. */
  int (*begin)(struct kz__export *x, struct kz_err *err);
  int (*put)(struct kz__export *x, const struct kz_catalogue_entry *e, struct kz_err *err);
  int (*end)(struct kz__export *x, struct kz_err *err);
  void (*release)(struct kz__export *x);
};
extern const struct kz_export_format kz__export_list, kz__export_csv, kz__export_jsonl,
    kz__export_coco, kz__export_webdataset, kz__export_folder;

/* Tell that an image is not in the export, and why: "is not there any more". */
void kz__export_leave_out(struct kz__export *x, const struct kz_catalogue_entry *e,
                          const char *why);
/* KZ_EIO for errno `number`; a full disk with what is needed and free. */
int kz__export_write_error(const struct kz__export *x, const char *path, int number,
                           struct kz_err *err);
int kz__export_no_memory(const struct kz__export *x, struct kz_err *err);
/* Bytes free for us where `path` is to lie; -1: not known. */
int64_t kz__export_free_space(const char *path);
/* Folder of the output: "a/b" gives "a/", "b" gives "./"; the caller frees. */
char *kz__export_folder_of(const char *path);

/* ---- records ---- */

/* Names of what every image has, in order, NULL-ended. */
extern const char *const kz__record_names[];
/* All that is known of an image as one flat object, as the header of kizil/export.h says; names
 * without a value are absent. */
int kz__record(struct kz__export *x, const struct kz_catalogue_entry *e, json_t **out,
               struct kz_err *err);
/* The path as a table shows it (relative to x->folder where it lies below), UTF-8; *exact is the
 * same in base64 where that differs from its bytes, else NULL. The caller frees both. */
int kz__record_path(const struct kz__export *x, const char *path, char **shown, char **exact,
                    struct kz_err *err);
/* The path as it is, relative where it lies below x->folder; borrowed from `path`. */
const char *kz__record_raw_path(const struct kz__export *x, const char *path);
/* Text as a JSON string; what is not UTF-8 in it is shown as \xNN. NULL: no memory. */
json_t *kz__record_text(const char *text);
/* The value of a fact, or NULL. */
const char *kz__record_fact(const struct kz_catalogue_entry *e, const char *key);
/* One field of CSV, quoted where it must be. */
void kz__csv_put(FILE *f, const char *text);
/* A line of a training list: of the file as it is, or of a picture of this size that was made of it
 * (view NULL). */
void kz__list_put(FILE *f, const char *path, int width, int height, const struct kz_view *view,
                  const struct kz_catalogue_entry *e);

/* ---- tar ---- */

/* An archive that is written beside and renamed: ustar, without times and owners. */
struct kz__tar {
  const struct kz__export *x;
  struct kz_atomic_file file;
  struct archive *archive; /* NULL: none is open */
  int64_t bytes;
  int number;    /* errno of a write that failed */
  bool given_up; /* nothing more is written */
};
int kz__tar_open(struct kz__tar *t, const struct kz__export *x, const char *path,
                 struct kz_err *err);
/* The next member; `size` bytes must follow, in pieces. */
int kz__tar_member(struct kz__tar *t, const char *name, int64_t size, struct kz_err *err);
int kz__tar_write(struct kz__tar *t, const void *data, size_t size, struct kz_err *err);
int kz__tar_commit(struct kz__tar *t, struct kz_err *err);
void kz__tar_abort(struct kz__tar *t);
/* Bytes that a member of so many takes. */
int64_t kz__tar_space(int64_t size);

/* ---- pictures ---- */

/* Where the bytes of an image's picture come from: the file as it is, or what cleaning shows of it,
 * encoded. Start with {.fd = -1}; used for one image after another. */
struct kz__picture {
  const char *suffix; /* "jpg" */
  int64_t size;
  int width, height;
  char *data;         /* owned: all of it, or, of large files as they are, the first part */
  size_t held, room;
  int fd;             /* of a large file, to read once more; else -1 */
  char sha256[65];    /* what the bytes written must have, of files as they are */
};
enum { KZ__PICTURE_HELD = 16 << 20 }; /* bytes of a file as it is that are kept in memory */
/* 1: ready; 0: the image was left out; < 0: failed. */
int kz__picture_open(struct kz__export *x, struct kz__picture *p,
                     const struct kz_catalogue_entry *e, struct kz_err *err);
/* Hand all bytes on, in pieces. `write` returns 0 or a code. KZ_EIO if a large file has changed
 * since kz__picture_open. */
typedef int kz__picture_write(void *user, const void *data, size_t size, struct kz_err *err);
int kz__picture_copy(struct kz__picture *p, const struct kz_catalogue_entry *e,
                     kz__picture_write *write, void *user, struct kz_err *err);
void kz__picture_close(struct kz__picture *p); /* the file; memory is kept for the next */
void kz__picture_release(struct kz__picture *p);

#endif
