/* A picture put together of samples that other pictures hold. */
#ifndef KZ_PIECES_H
#define KZ_PIECES_H

#include <kizil/image.h>

/* A run of samples, which come from images[from]. */
struct kz__piece {
  int x, y, len; /* px */
  int from;
};

struct kz__pieces {
  struct kz_image *const *images; /* NULL: no piece is of it */
  int image_count;
  const struct kz__piece *list; /* in reading order; none overlap */
  int64_t count;
};

/* Write `base` with these pieces laid over it, as kz_image_write_patched writes, but for the
 * samples, which are copied as the images hold them and never become colours. KZ_ESHAPE unless all
 * images have base's size, bands and samples; KZ_ERANGE for a piece that leaves them. */
int kz__image_write_pieces(struct kz_image *base, const struct kz__pieces *pieces, const char *path,
                           bool overwrite, struct kz_err *err);

#endif
