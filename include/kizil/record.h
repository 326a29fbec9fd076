/* The record of a restoration (its paradata): what was restored, from what, by what, by whom and
 * why, so that a reader can tell given from made, prove that nothing else was changed, and make it
 * again.
 *
 * A record is a JSON file beside the result. Its shape is published as a JSON Schema
 * (docs/record.schema.json, kz_record_schema), made from the table that also writes, reads and
 * checks it. Paths in it start from the record's folder where the files lie near it, so that a
 * folder can be moved whole. Its last member, "seal", is the SHA-256 of the file with the seal's
 * own digits as zeros: it shows that a record was changed by accident or in passing, but not if
 * whoever changed it made a new seal. */
#ifndef KIZIL_RECORD_H
#define KIZIL_RECORD_H

#include <stdbool.h>
#include <stdint.h>

#include <kizil/candidates.h>
#include <kizil/err.h>
#include <kizil/layers.h>
#include <kizil/restore.h>
#include <kizil/treat.h>

enum { KZ_RECORD_FORMAT = 1 };

/* Text is UTF-8 and owned by the record; NULL is "not said" and is left out of the file. So are a
 * NaN, and a file without a path. */
struct kz_record_file {
  char *path;
  char *sha256; /* of the file's bytes, 64 hex digits */
};

enum kz_record_caption { KZ_RECORD_CAPTION_NONE, KZ_RECORD_CAPTION_USER, KZ_RECORD_CAPTION_KIZIL };

/* What a policy said of a class of damage; as enum kz_decision. */
enum kz_record_policy {
  KZ_RECORD_RESTORE,
  KZ_RECORD_LEAVE,
  KZ_RECORD_ASK,
  KZ_RECORD_ONLY
};

struct kz_record_class {
  char *id; /* "paint-loss" */
  int policy;
  int64_t pixels;
};

/* What became of a region. */
enum kz_record_outcome {
  KZ_RECORD_FILLED,
  KZ_RECORD_UNFILLED,   /* by policy, or because nobody answered */
  KZ_RECORD_CONJECTURE, /* unfilled: there is too little to go by */
  KZ_RECORD_ALLOWED     /* filled all the same, as was asked for */
};

struct kz_record_region {
  int64_t x, y, width, height, pixels; /* px; the box around it and what it holds */
  char *damage; /* class */
  int policy, outcome;
  double known;        /* share of known pixels around it, 0 to 1; NaN: not measured */
  double distance;     /* px, from its innermost pixel to what is known; NaN */
  double disagreement; /* of the candidates, delta E, the mean; NaN */
  char *conjecture;    /* why it is conjecture; NULL: it is not */
  int64_t candidate;   /* which was taken, from 0 */
  char *note;          /* of who decided */
};

struct kz_record_candidate {
  struct kz_record_file file; /* as it was when the record was made */
  int64_t seed, rank;         /* rank from 1, the best; 0: not ranked */
  double score;               /* by which they were ranked, the least first; NaN */
};

struct kz_record_software {
  char *name, *version;
};

struct kz_record {
  int64_t format; /* KZ_RECORD_FORMAT */
  char *kizil;    /* version */
  struct {
    /* `filled`: an image of what was filled in fact, where that is not what `mask` marks
     * (classes, groomed masks, annotations); without it `mask` is an image and all that it marks
     * was filled. */
    struct kz_record_file source, mask, filled, lines, policy, model, result;
    struct kz_record_file doubt; /* disagreement by pixel, as kz_candidates_job.doubt */
  } files;
  int64_t width, height;             /* px */
  struct kz_restore_options options; /* every parameter; strings belong to the record */
  struct kz_candidates_options evidence;
  struct kz_style_options style;
  struct kz_treat_options treatment;
  char *caption;                     /* that was used */
  int caption_by;
  struct {
    int64_t tiles, calls;
    double damaged, seconds; /* share of pixels; s */
  } figures;
  struct kz_record_class *classes;
  int64_t class_count;
  struct kz_record_region *regions;
  int64_t region_count;
  struct kz_record_candidate *candidates;
  int64_t candidate_count;
  struct {
    char *who, *organisation, *why; /* given by the caller */
    char *reviewer, *decision;
  } people;
  char *time; /* UTC, "2026-03-01T12:00:00Z" */
  struct {
    char *name, *system, *processor, *instructions; /* the last: what the network was run with */
    int64_t threads;
  } machine;
  struct kz_record_software *software; /* libraries on which the bytes depend */
  int64_t software_count;
};

/* ---- making ---- */

/* What a restoration knows. What may be NULL says so. */
struct kz_record_inputs {
  const char *source, *mask, *result; /* paths, from the working folder */
  const char *model;                  /* path */
  const char *model_sha256;           /* NULL: is computed */
  const char *filled, *policy, *doubt; /* paths or NULL */
  const struct kz_restore_options *options; /* `lines` and `text` among them */
  const struct kz_candidates_options *evidence; /* these may be NULL: the defaults */
  const struct kz_style_options *style;
  const struct kz_treat_options *treatment;
  const struct kz_restore_stats *stats;
};

/* An empty record: nothing said. */
void kz_record_init(struct kz_record *r);
void kz_record_release(struct kz_record *r);
/* Init, then fill in files with their hashes, sizes, parameters, caption, figures, time, machine
 * and software. `path` is where the record will lie; NULL: it is not to be written, so that paths
 * stay as they are given and nothing is hashed. Classes, regions, candidates and people are left
 * to the caller. On failure nothing is kept. */
int kz_record_make(struct kz_record *r, const struct kz_record_inputs *inputs, const char *path,
                   struct kz_err *err);
/* `to` (a member of the record at `record`) becomes the file at `path`, with its hash; of a folder,
 * what `cd FOLDER && sha256sum *` says, hashed. A path that is NULL or "" says nothing. */
int kz_record_say_file(struct kz_record_file *to, const char *path, const char *record,
                       struct kz_err *err);
/* `to` (a member of the record) becomes a copy of `text`, or NULL. */
int kz_record_say(char **to, const char *text, struct kz_err *err);
/* A new, empty member of a list, to be filled in; NULL: no memory. Earlier ones may move. */
struct kz_record_class *kz_record_add_class(struct kz_record *r);
struct kz_record_region *kz_record_add_region(struct kz_record *r);
struct kz_record_candidate *kz_record_add_candidate(struct kz_record *r);

/* ---- files ---- */

/* "RESULT.json", where a result's record lies if nothing else is said; the caller frees. NULL: no
 * memory. */
char *kz_record_place(const char *result);
/* Check and write, whole or not at all, with a seal. KZ_EFORMAT or KZ_ERANGE names the member that
 * is missing or wrong: what is written can be read. */
int kz_record_write(const struct kz_record *r, const char *path, struct kz_err *err);
/* Init from a file. KZ_EFORMAT and KZ_ERANGE name the member. *sealed (may be NULL): the seal
 * fits the file. On failure nothing is kept. */
int kz_record_read(struct kz_record *r, const char *path, bool *sealed, struct kz_err *err);
/* 0 if the text is a record by the schema; `origin` names it in messages. The seal is not
 * checked. */
int kz_record_validate(const char *json, const char *origin, struct kz_err *err);
/* The JSON Schema (draft 2020-12) of records; the caller frees. NULL: no memory. */
char *kz_record_schema(void);

/* ---- proving and making again ---- */

/* A path of the record as it is seen from the working folder; the caller frees. NULL: no memory.
 * `record` is where the record lies. */
char *kz_record_path(const char *record, const char *path);
/* The options of the restoration, to make it again: a copy whose `lines` is a path from the working
 * folder. Released by kz_params_release(kz_restore_params, options). */
int kz_record_options(const struct kz_record *r, const char *record,
                      struct kz_restore_options *options, struct kz_err *err);

enum kz_record_check {
  KZ_CHECK_RECORD, /* its seal */
  KZ_CHECK_SOURCE,
  KZ_CHECK_MASK,
  KZ_CHECK_FILLED,
  KZ_CHECK_LINES,
  KZ_CHECK_POLICY,
  KZ_CHECK_MODEL,
  KZ_CHECK_RESULT,
  KZ_CHECK_PIXELS, /* the result is the source wherever the mask is not set */
  KZ_CHECKS
};

enum kz_record_state {
  KZ_STATE_ABSENT, /* the record names no such file */
  KZ_STATE_PROVED,
  KZ_STATE_WRONG,
  KZ_STATE_UNKNOWN /* a file is missing or cannot be read, so nothing was shown */
};

struct kz_record_finding {
  enum kz_record_state state;
  char text[1024]; /* one line that names the file and what is the matter with it */
};

struct kz_record_report {
  struct kz_record_finding findings[KZ_CHECKS];
  int64_t changed;             /* px that differ where the mask is set */
  int64_t outside;             /* px that differ elsewhere */
  int64_t first_x, first_y;    /* the first of these in reading order; -1: none */
  bool proved;                 /* nothing is wrong and nothing unknown */
};

/* Where files lie now, if not where the record says; any may be NULL. */
struct kz_record_places {
  const char *source, *mask, *filled, *lines, *policy, *model, *result;
};

/* Check everything that the record at `path` says of files. All checks are made, whatever fails,
 * and what fails is in the report, not an error: errors are a record that cannot be read, memory,
 * and KZ_EINTR from the host. Images are compared sample by sample in strips, as they are stored:
 * any size, depth or colour model that libvips opens. The host's progress counts rows. */
int kz_record_verify(const char *path, const struct kz_record_places *places,
                     const struct kz_restore_host *host, struct kz_record_report *report,
                     struct kz_err *err);
/* "record", "source" ... "pixels". */
const char *kz_record_check_name(enum kz_record_check check);

#endif
