/* Tiles that have to be sampled together: those that show a common part of the damage, and those
 * that show a common part with them. What is sampled in one group does not depend on another, so
 * working memory follows the largest group, not all damage, and a group's tiles are read once. */
#ifndef KZ_RESTORE_GROUPS_H
#define KZ_RESTORE_GROUPS_H

#include "restore/tiles.h"

struct kz__groups {
  const struct kz__holes *holes; /* borrowed, as are the axes */
  struct kz__tiles tiles;        /* a list of its own: group by group, each in raster order */
  int *group;                    /* of each of these tiles, from 0 on without gaps */
  int *first, *next;             /* of each group its first run, of each run the group's next; -1 */
};
int kz__groups_init(struct kz__groups *g, const struct kz__holes *h, const struct kz__tiles *tiles,
                    struct kz_err *err);
void kz__groups_release(struct kz__groups *g);

/* The group that begins at tile `from`: its tiles (the list is lent) and its damage, run by run all
 * parts that they show, to be released. */
int kz__groups_get(const struct kz__groups *g, int from, struct kz__tiles *tiles,
                   struct kz__holes *holes, struct kz_err *err);

#endif
