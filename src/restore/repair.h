/* What filling leaves behind: a colour for each damaged pixel. And what is known around them. */
#ifndef KZ_RESTORE_REPAIR_H
#define KZ_RESTORE_REPAIR_H

#include <kizil/restore.h>

#include "restore/tiles.h"

/* Where known pixels come from: an image, or a test. */
struct kz__known {
  void *self;
  /* The rectangle as [h, w, 3] in [0, 1]; values of damaged pixels are ignored. */
  int (*read)(void *self, int x, int y, int w, int h, float *rgb, struct kz_err *err);
};

struct kz__repair {
  const struct kz__holes *holes; /* borrowed */
  bool history;                  /* the sampler looks at its step before */
  float *x; /* [count, 3] in [-1, 1], in the order of `holes`: what sampling begins from (the coarse
               fill, or a fill to be refined), then the result */
};
int kz__repair_init(struct kz__repair *c, const struct kz__holes *h, bool history,
                    struct kz_err *err);
void kz__repair_release(struct kz__repair *c);
/* Copy what the part has into the whole, or back; the part's runs are runs of the whole. */
void kz__repair_take(struct kz__repair *whole, const struct kz__repair *part);
void kz__repair_give(const struct kz__repair *whole, struct kz__repair *part);

/* Known pixels with the repair's own where it has been filled; `known` has this as its self. */
struct kz__filled {
  const struct kz__known *image;
  const struct kz__repair *repair;
};
int kz__filled_read(void *self, int x, int y, int w, int h, float *rgb, struct kz_err *err);

/* KZ_EINTR if the host (or NULL) wants to stop. */
int kz__stopped(const struct kz_restore_host *host, struct kz_err *err);

/* x = normalised-convolution fill, in overlapping windows that are blended like tiles; one window
 * for images up to 1152 px a side. The host, or NULL, is asked whether to stop. */
int kz__repair_coarse(struct kz__repair *c, const struct kz__known *known,
                      const struct kz_restore_host *host, struct kz_err *err);

#endif
