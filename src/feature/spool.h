/* Results that come by bands of rows and are encoded plane by plane: raw samples in a file beside
 * the output, then read through once by the encoder, so that memory does not follow the picture. */
#ifndef KZ_FEATURE_SPOOL_H
#define KZ_FEATURE_SPOOL_H

#include "feature/job.h"

/* The outputs of a job: three, and a drawing where one is asked for, else NULL. */
struct kz__spool {
  char *tiff, *png, *sheet, *drawing;                 /* final names */
  char *raw_pages, *raw_view, *raw_drawing;           /* raw samples */
  char *new_tiff, *new_png, *new_sheet, *new_drawing; /* encoded, not yet renamed */
  int pages, view, lines;                             /* file descriptors, -1: none */
};

/* Names from `out` and `drawing` (NULL: none); nothing is made yet. */
int kz__spool_init(struct kz__spool *s, const char *out, const char *drawing, struct kz_err *err);
int kz__spool_open(struct kz__spool *s, struct kz_err *err);
int kz__spool_add(struct kz__spool *s, const struct kz__job *job, const struct kz__band *b,
                  struct kz_err *err);
/* Encode, then rename them all. */
int kz__spool_finish(struct kz__spool *s, const struct kz__job *job,
                     const struct kz_pixels *sheet, struct kz_err *err);
/* Removes whatever is not finished. */
void kz__spool_release(struct kz__spool *s);

#endif
