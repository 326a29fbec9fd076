/* A picture at half its size: what is known of it, its damage, the drawing over it. */
#ifndef KZ_RESTORE_LEVELS_H
#define KZ_RESTORE_LEVELS_H

#include "restore/guide.h"
#include "restore/repair.h"

/* Init `half`, (width + 1) / 2 by (height + 1) / 2: a pixel is damaged if more than half of what it
 * stands for is. */
int kz__holes_halve(const struct kz__holes *h, struct kz__holes *half, struct kz_err *err);

/* Reads of the half picture are made from the whole one, strip by strip. */
struct kz__half {
  const struct kz__known *known; /* of the whole picture */
  const struct kz__holes *holes; /* what is not known of it */
  const struct kz__drawn *drawn; /* NULL: none */
};
/* Means of what is known; black where nothing is. self: struct kz__half. */
int kz__half_read(void *self, int x, int y, int w, int h, float *rgb, struct kz_err *err);
/* A line where any of four pixels has one. */
int kz__half_read_drawn(void *self, int x, int y, int w, int h, uint8_t *drawn,
                        struct kz_err *err);

/* c->x becomes the half picture enlarged, bilinearly. half: reads it, damage filled. */
int kz__repair_enlarge(struct kz__repair *c, const struct kz__known *half, struct kz_err *err);

#endif
