/* What a training run leaves in its folder besides the checkpoint: metrics.csv and previews. */
#ifndef KZ_TRAIN_LOG_H
#define KZ_TRAIN_LOG_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include <kizil/diffusion.h>

enum { KZ_TRAIN_LOG_RECENT = 5, KZ_TRAIN_LOG_LANDMARK = 10 };

struct kz_train_log {
  const char *out; /* the run's folder; borrowed */
  FILE *metrics;
  double seconds, since; /* trained at the last report, and when that was; < 0: not known yet */
  bool failed;    /* a row or a picture could not be written: said once */
  int64_t recent[KZ_TRAIN_LOG_RECENT]; /* steps of the newest previews, oldest first */
  int recents, older; /* how many; and how many there were before them */
};

/* Start metrics.csv, or, with `resume`, cut off what it says about steps after `step`. */
int kz_train_log_open(struct kz_train_log *log, const char *out, bool resume, int64_t step,
                      struct kz_err *err);
void kz_train_log_close(struct kz_train_log *log);
void kz_train_log_report(struct kz_train_log *log, const struct kz_train_progress *p);
void kz_train_log_validated(struct kz_train_log *log, int64_t step, double hole_psnr);
/* Saves preview-STEP.png; of the older ones, the newest five and every tenth stay. */
void kz_train_log_preview(struct kz_train_log *log, int64_t step, int width, int height,
                          const uint8_t *rgb);

/* Whole text file, malloc'd; and its counterpart, which writes beside and renames. */
int kz_text_read(const char *path, char **text, struct kz_err *err);
int kz_text_write(const char *path, const char *text, size_t length, struct kz_err *err);

#endif
