/* Many pictures by one command: a list or two folders become pictures to restore, these are done
 * several at a time, and a line is printed for each and a summary at the end.
 *
 * cmd_restore.c takes the command line apart and calls the first part of this header; the rest is
 * between the files restore_list*.c. */
#ifndef KZ_RESTORE_LIST_H
#define KZ_RESTORE_LIST_H

#include <kizil/csv.h>
#include <kizil/restoration.h>

#include "cli.h"

struct kz_cli_batch {
  const char *list;  /* of --batch: LIST.csv, or a folder of pictures; NULL: `common` alone, as one
                      * picture, for --dry-run and --json */
  const char *masks, *out;         /* folders, with a folder of pictures; else NULL */
  const char *jobs;                /* of --jobs, as it was written; NULL: as many as measured best */
  bool dry_run;                    /* say what would be done; nothing is written */
  bool json;                       /* an object a line on standard output, for programs */
  struct kz_restoration_job common; /* what a row does not say; `model` is set */
  const struct kz_restoration_options *options;
};

/* Usage errors of the members above and their combination: reported, 2; else -1. To be asked before
 * anything is loaded. `out` may be set without `list`. */
int kz_cli_batch_check(const struct kz_cli_batch *b);
/* Do it, after kz_image_startup and kz_cli_catch_interrupts. Returns the exit status: 1 if a picture
 * failed, 130 when interrupted. `model` is only read, by all workers. */
int kz_cli_batch_run(const struct kz_cli_batch *b, struct kz_model *model);

/* ---- between restore_list*.c ---- */

enum kz_cli_standing {
  KZ_CLI_WAITING,     /* to be done */
  KZ_CLI_DONE,
  KZ_CLI_THERE,       /* its output exists, and so does its record, if it is to have one */
  KZ_CLI_UNRECORDED,  /* its output exists, its record does not: a run was killed between the two */
  KZ_CLI_UNMASKED,    /* a picture of a folder without a mask */
  KZ_CLI_FAILED,
  KZ_CLI_STANDINGS
};

struct kz_cli_picture {
  struct kz_restoration_job job;
  const char *lines, *text; /* NULL: as the options say */
  int line;                 /* of the list; 0: from a folder */
  enum kz_cli_standing standing;
  double megapixels;        /* of the picture; 0: not looked at yet */
  char *problem;            /* why it failed, or cannot be done at all; owned */
  char *owned[4];           /* strings of the job that are no part of a list's text */
};

struct kz_cli_pictures {
  const char *origin; /* the list or the folder; NULL: one picture */
  struct kz_csv csv;
  struct kz_cli_picture *all;
  int count, cap;
};

/* Room for one more, which starts as `common`; NULL: no memory (said in err). Earlier ones move. */
struct kz_cli_picture *kz_cli_pictures_add(struct kz_cli_pictures *p,
                                           const struct kz_restoration_job *common,
                                           struct kz_err *err);
/* It cannot be done: `problem` is copied. */
int kz_cli_picture_fails(struct kz_cli_picture *picture, const char *problem, struct kz_err *err);
void kz_cli_pictures_release(struct kz_cli_pictures *p);
/* Init from a list or from folders; broken rows are pictures with a problem. Of several with one
 * output all but the first have one. On failure the caller releases all the same. */
int kz_cli_pictures_load(struct kz_cli_pictures *p, const struct kz_cli_batch *b,
                         struct kz_err *err);
int kz_cli_pictures_scan(struct kz_cli_pictures *p, const struct kz_cli_batch *b,
                         struct kz_err *err);
/* Whether a picture is done already, by the files that are there. */
enum kz_cli_standing kz_cli_standing_of(const struct kz_cli_picture *picture,
                                        const struct kz_restoration_options *options);
/* Whether its output is there, and would be replaced. */
bool kz_cli_replaces(const struct kz_cli_picture *picture,
                     const struct kz_restoration_options *options);

/* What all pictures together came to, or will. */
struct kz_cli_tally {
  int count[KZ_CLI_STANDINGS]; /* pictures; of a dry run, KZ_CLI_DONE are those that would be */
  int64_t unfilled, calls;     /* regions; calls of the network */
  double megapixels;           /* that the network computes in them; dry run only */
  double rate;                 /* megapixels a second, of all workers; dry run only */
  double seconds;              /* since the start; of a dry run: that it would take */
  int jobs, threads;           /* at once; of each, 0: all processors */
  bool interrupted;
};

/* What is printed: whole lines, by one thread at a time. */
void kz_cli_tell_made(const struct kz_cli_batch *b, const struct kz_cli_picture *picture,
                      const struct kz_record *record);
void kz_cli_tell_planned(const struct kz_cli_batch *b, const struct kz_cli_picture *picture,
                         const struct kz_restoration_forecast *f, double seconds);
/* Of one that is skipped or failed. */
void kz_cli_tell_undone(const struct kz_cli_batch *b, const struct kz_cli_picture *picture);
void kz_cli_tell_summary(const struct kz_cli_batch *b, const struct kz_cli_pictures *p,
                         const struct kz_cli_tally *t);

#endif
