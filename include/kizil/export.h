/* What leaves a catalogue: lists, tables and archives of the images that are in, for training, for
 * other programs and for people. Nothing here changes the catalogue or the pictures. */
#ifndef KIZIL_EXPORT_H
#define KIZIL_EXPORT_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include <kizil/catalogue.h>
#include <kizil/err.h>
#include <kizil/param.h>

/* ---- lists, tables, archives ---- */

/* The first line of a training list (`--as list`), which `kizil train --images LIST` streams; CSV
 * by RFC 4180 (kizil/csv.h). A reader finds columns by name; only `file` must be there.
 *   file         the path's bytes as they are, UTF-8 or not; relative to the list's folder if it is
 *                not absolute
 *   sha256       of the file, 64 hex digits
 *   part         "train", "val", "test", or empty: not split
 *   width,height of the file as stored, px
 *   crop         "X Y WIDTH HEIGHT" of what is kept, px of the file as stored; empty: all of it
 *   orientation  1 to 8, EXIF's numbers; empty: as the file says
 *   srgb         "yes": convert by the file's ICC profile; else empty
 *   gains        "R G B", on linear light, after all else; empty: none
 *   caption, caption-zh    by a person; one that was made is of the whole picture, and training
 *                makes each crop's own
 *   subject, kind, period, site    UTF-8, as the captions; may be empty */
#define KZ_EXPORT_LIST_HEADER                                                               \
  "file,sha256,part,width,height,crop,orientation,srgb,gains,caption,caption-zh,subject,kind," \
  "period,site"

/* A way to write the images that are in. Names in tables and records:
 *   file, file-base64, sha256, part, bytes, format, width, height, crop, orientation, srgb, gains,
 *   caption, caption-zh, review, review-by, review-reason, then every fact by its key, then
 *   score:MEASURE for what was measured.
 * A fact whose key is one of these names is not repeated. A path that is not UTF-8 stands in `file`
 * with \xNN for each odd byte and \\ for a backslash, and byte by byte in `file-base64`, which is
 * empty otherwise. */
struct kz_export_format {
  const char *name; /* "webdataset" */
  const char *help; /* one line */
  bool text;        /* one file of text: may go to a stream */
  bool folder;      /* `out` is a folder to fill */
  const struct kz__export_ops *ops;
};
extern const struct kz_export_format *const kz_export_formats[]; /* NULL-ended */
/* KZ_ENOENT, naming the nearest, if there is none of that name. */
int kz_export_format_find(const char *name, const struct kz_export_format **out,
                          struct kz_err *err);

struct kz_export_options {
  const struct kz_export_format *as;
  const char *out;  /* file, folder, or FOLDER/NAME for shards NAME-000000.tar, ...; NULL: `to` */
  FILE *to;         /* where text goes if there is no `out`; paths are absolute then */
  const char *part; /* "train"; NULL: all */
  bool overwrite;   /* what is there */
  bool resume;      /* shards: go on after those that are finished */
  /* By kz_export_params. */
  bool pixels;        /* shards, folders: pictures as cleaning shows them, not the files' bytes */
  int64_t short_side; /* of those, reduced to; 0: as they are */
  int encoding;       /* of those: 0 JPEG of quality 95, 1 PNG */
  int language;       /* of captions where there is room for one: enum kz_language */
  int64_t shard_size, shard_count; /* at most: megabytes (10^6), images */
};
extern const struct kz_param kz_export_params[];

struct kz_export_told {
  int64_t images;   /* written; `before` of them by the run that is resumed */
  int64_t before;
  int64_t left_out; /* gone, changed since they were added, or not to be decoded */
  int64_t files;    /* written */
  int64_t bytes;    /* in them */
  double seconds;
};

/* Write the chosen images, in the order of their SHA-256; the same catalogue, options and place
 * give the same bytes. Files are written beside and renamed, shards one by one with an index after
 * each; what fails or is stopped (KZ_EINTR) leaves nothing half-written. A file that is gone, or is
 * not any more what was added, is told to host->failed and left out (csv and jsonl, which speak of
 * the catalogue, hold it). Where images have parts, what leaks between them is an error
 * (kz_catalogue_check_split). KZ_ENOENT if there is no image to write, KZ_EEXIST if anything is
 * there, KZ_EIO with what is needed and free where the disk is too small. */
int kz_export(struct kz_catalogue *c, const struct kz_export_options *o,
              const struct kz_catalogue_host *host, struct kz_export_told *told,
              struct kz_err *err);

/* ---- the report ---- */

struct kz_export_page_options {
  int64_t thumbs;    /* pictures on the page, at most; 0: none */
  int64_t threads;   /* that make them; 0: two */
  const char *title; /* NULL: the catalogue's name */
  const char *date;  /* as it shall stand there; NULL: today's */
};
extern const struct kz_param kz_export_page_params[]; /* thumbs, threads, title, date */

/* Write the report of a catalogue: one HTML page that needs no other file and loads nothing. What is
 * in, what is out and why, how the measures lie about their thresholds, images to look at,
 * duplicates, cleaning, parts and what leaks between them, licences, missing facts. A picture that
 * is gone or broken is replaced by words. The same catalogue and options give the same bytes. Needs
 * kz_image_startup. `path` must end in .html or .htm; a page that is there is replaced, whole or not
 * at all. KZ_EINTR if host->stop said so; host->progress counts pictures; both are called from this
 * thread. */
int kz_export_page(struct kz_catalogue *c, const char *path,
                   const struct kz_export_page_options *o, const struct kz_catalogue_host *host,
                   struct kz_err *err);

#endif
