/* Mirrored views of a tile. The network does not answer a mirrored picture with its mirrored answer;
 * the mean of both is nearer to the truth than either. */
#ifndef KZ_RESTORE_VIEW_H
#define KZ_RESTORE_VIEW_H

#include <stdbool.h>

struct kz__view {
  bool x, y; /* columns, rows in reverse order */
};

#define KZ__VIEWS 4
/* As it is, mirrored, upside down and mirrored, upside down: neighbours differ in one direction. */
struct kz__view kz__view_at(int i);
/* Reverse columns and/or rows of tile [h, w, channels] in place. */
void kz__view_turn(struct kz__view by, int w, int h, int channels, float *tile);

#endif
