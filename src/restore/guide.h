/* The structure guide of a restoration: features of a tile, and the drawing under it. */
#ifndef KZ_RESTORE_GUIDE_H
#define KZ_RESTORE_GUIDE_H

#include "feature/fused.h"
#include "restore/draft.h"
#include "restore/view.h"

/* Where a line drawing comes from. */
struct kz__drawn {
  void *self;
  /* drawn [h, w], 255 = line. */
  int (*read)(void *self, int x, int y, int w, int h, uint8_t *drawn, struct kz_err *err);
};

/* Scratch for tiles of one size. */
struct kz__featurer {
  int w, h;
  float *rgb, *mask, *scratch;
  uint8_t *part, *drawn, *valid; /* what is read; the tile of it; all 255 */
};
int kz__featurer_init(struct kz__featurer *f, int w, int h, struct kz_err *err);
void kz__featurer_release(struct kz__featurer *f);
/* Features [size_y, size_x, KZ_FUSED] of a tile that has been loaded into `in`, and turned to
 * `view`; `drawn` may be NULL. */
int kz__tile_features(struct kz__featurer *f, const struct kz__tiles *t, int i,
                      const struct kz__drawn *drawn, struct kz__view view, const float *in,
                      float *features, struct kz_err *err);

#endif
