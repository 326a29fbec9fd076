/* One image being restored: what is open and what has been found, so that it can be filled more
 * than once. The steps of kz_restore_file, which candidates take in another order. */
#ifndef KZ_RESTORE_TASK_H
#define KZ_RESTORE_TASK_H

#include <kizil/image.h>
#include <kizil/layers.h>
#include <kizil/treat.h>

#include "restore/sample.h"

struct kz__task {
  const struct kz__denoise *denoise;        /* borrowed, as are the options */
  const struct kz_restore_options *options;
  struct kz_image *im, *lines; /* lines: NULL without a drawing */
  struct kz__holes holes;
  struct kz__repair canvas;
  struct kz_restore_stats stats; /* caption, tiles, calls so far */
  double start;
};

/* What is read. */
struct kz__source {
  const char *image, *mask;
  const struct kz_treat_plan *plan; /* the damage; NULL: what `mask` shows */
};
/* Check all that can be known beforehand, read the damage, find a caption. outs: every picture that
 * will be written, NULL at the end. `t` stays where it is until its release. */
int kz__task_open(struct kz__task *t, const struct kz__denoise *denoise,
                  const struct kz__source *source, const char *const *outs,
                  const struct kz_restore_options *o, struct kz_err *err);
void kz__task_release(struct kz__task *t);
/* A fill is kept in 16 bits: more than any network knows, and half the memory. kz__task_fill rounds,
 * so that a fill that was kept is the fill that was made. */
static inline uint16_t kz__fill_to(float v) {
  return v > 0 ? v < 1 ? (uint16_t)(v * 65535 + 0.5f) : 65535 : 0;
}
static inline float kz__fill_from(uint16_t v) { return (float)v / 65535; }

/* canvas.x [count, 3] becomes the fill in [0, 1], rounded to 16 bits. The seed of the options is not
 * looked at. */
int kz__task_fill(struct kz__task *t, int64_t seed, const struct kz_restore_host *host,
                  struct kz_err *err);
/* How a picture is written. */
struct kz__finish {
  const struct kz_style_options *style; /* NULL: plain */
  const char *record;                   /* that its metadata point to; NULL: none */
};
/* Lay the fill over the image: a patch for each run of `h` (all of the damage, or a part that
 * numbers its own pixels), its pixels lent by rgb [h->count, 3], which a style changes, its mask by
 * one row of 255 that all share. */
int kz__task_write(struct kz__task *t, const struct kz__holes *h, float *rgb,
                   const struct kz__finish *finish, const char *out, struct kz_err *err);
struct kz__known kz__task_known(const struct kz__task *t);
struct kz_restore_stats kz__task_stats(const struct kz__task *t);

#endif
