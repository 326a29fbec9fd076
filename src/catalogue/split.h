/* What placing, checking and telling of a split share: the chosen images in memory, with what
 * links them. */
#ifndef KZ_CATALOGUE_SPLIT_H
#define KZ_CATALOGUE_SPLIT_H

#include "catalogue/db.h"

struct kz__split_image {
  int64_t image;
  double pixels;
  char *part;   /* it has; NULL: none */
  char *fact;   /* `split` says; NULL: nothing */
  char *link;   /* "cave '285' of site 'mogao'": equal ones never part; NULL: none */
  char *period, *site; /* NULL: not known */
  int64_t group; /* of duplicates; 0: none */
  int unit;      /* number of the unit's first image */
};

struct kz__split_pair {
  int a, b; /* numbers of images */
  char *how; /* "cropped" */
};

/* Images in the order of their SHA-256. */
struct kz__split {
  struct kz_catalogue *c;
  struct kz__split_image *images;
  int count, room;
  struct kz__split_pair *pairs; /* both of which are chosen */
  int pair_count, pair_room;
};

/* Load what is chosen and make units of it. by: as in kz_catalogue_split_options, or NULL: the
 * mural or else the cave. `strict`: a key that no image has is an error (KZ_ENOENT). The caller
 * releases in any case. */
int kz__split_load(struct kz__split *s, struct kz_catalogue *c, const char *by, bool strict,
                   struct kz_err *err);
void kz__split_release(struct kz__split *s);

/* Number the texts at `offset` of each image (NULL is none: -1) in their order, from 0. Returns how
 * many differ, or a negative code. */
int kz__split_number(const struct kz__split *s, size_t offset, int *number, struct kz_err *err);

/* Index in kz_catalogue_parts, or -1. */
int kz__split_part(const char *name);

/* ---- drawing (split_draw.c) ---- */

struct kz__split_draw {
  const struct kz__split *split;
  const int *fixed; /* [count]: the part an image has already, -1: its unit's, -2: none at all */
  double share[KZ_CATALOGUE_PARTS]; /* of 1 */
  int64_t seed;
};
/* Fill part[count] with the part of every image, -1 for those that get none. */
int kz__split_draw(const struct kz__split_draw *d, int *part, struct kz_err *err);

#endif
