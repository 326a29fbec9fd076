/* What the files of `add` share. Data flows one way: the walk hands files to workers, workers read,
 * hash, decode and measure them and hand rows to the thread that called kz_catalogue_add, which is
 * the only one that touches the database. */
#ifndef KZ_CATALOGUE_ADD_H
#define KZ_CATALOGUE_ADD_H

#include <pthread.h>
#include <sys/stat.h>

#include "catalogue/db.h"
#include "catalogue/fact.h"
#include "catalogue/known.h"
#include "catalogue/measure.h"
#include "catalogue/queue.h"
#include "image/photo.h"

/* ---- a file to look at ---- */

struct kz__found {
  char *path;
  int64_t size, mtime_ns, inode;
};

struct kz__found *kz__found_new(const char *path, const struct stat *st);
void kz__found_free(struct kz__found *f);

/* ---- what a picture is ---- */

struct kz__picture_info {
  const char *format; /* "JPEG"; static; NULL: unknown */
  int width, height, bands, bits, frames, orientation;
  bool is_float;
  char profile[128]; /* the ICC profile's description; "" without one */
};

/* ---- a row to write ---- */

struct kz__row {
  struct kz__found *file;
  bool unreadable;          /* no content: `error` says why */
  char hex[65];             /* of the content */
  int64_t bytes;
  bool is_new;              /* the content was not known: what follows counts */
  char *error;              /* it cannot be decoded, or the file not be read */
  struct kz__picture_info info;
  struct kz__facts facts;
  struct kz__measured measured; /* if there is no error */
  struct kz__found *copy;   /* where it was copied to, or NULL */
};

void kz__row_free(struct kz__row *r);

/* ---- memory ---- */

/* Bytes that all workers together may hold decoded. One that needs more than is free waits. */
struct kz__budget {
  size_t total, used;
  pthread_mutex_t mutex;
  pthread_cond_t changed;
};
void kz__budget_init(struct kz__budget *b, size_t total);
void kz__budget_release(struct kz__budget *b);
void kz__budget_take(struct kz__budget *b, size_t bytes); /* at most `total` */
void kz__budget_give(struct kz__budget *b, size_t bytes);

/* ---- add_decode.c ---- */

/* Buffers of a worker, kept from file to file. */
struct kz__decoder {
  struct kz__budget *budget;
  pthread_rwlock_t *lock; /* libvips' one error text: see add_decode.c */
  const struct kz__measuring *measuring;
  uint8_t *rgb, *scratch;
  size_t rgb_size, scratch_size;
};
void kz__decoder_release(struct kz__decoder *d);
/* Decode fully and measure: fills the row's info, facts and measured, or its error. < 0 only for
 * what is not the picture's fault: no memory. */
int kz__decode(struct kz__decoder *d, const struct kz__photo_source *from, struct kz__row *row,
               struct kz_err *err);

/* ---- add_work.c ---- */

struct kz__work {
  struct kz__known *known;
  struct kz__queue *files, *rows;
  struct kz__budget budget;
  pthread_rwlock_t lock;
  const struct kz__measuring *measuring;
  const char *copy; /* folder, real; or NULL */
  int64_t bytes, done; /* atomic */
};
/* Take files and make rows until there are no more. */
int kz__work_run(struct kz__work *w, struct kz_err *err);

/* ---- add_write.c ---- */

struct kz__writer;
/* again: what is known of a content is replaced. */
int kz__writer_new(struct kz_catalogue *c, bool again, const struct kz_catalogue_host *host,
                   struct kz_catalogue_added *added, struct kz__writer **out, struct kz_err *err);
/* Takes the row over, on failure too. Writes when a batch is full or old. */
int kz__writer_add(struct kz__writer *w, struct kz__row *row, struct kz_err *err);
/* Write a batch that has waited for a second. */
int kz__writer_tick(struct kz__writer *w, struct kz_err *err);
/* Write what is there. */
int kz__writer_flush(struct kz__writer *w, struct kz_err *err);
void kz__writer_free(struct kz__writer *w);

#endif
