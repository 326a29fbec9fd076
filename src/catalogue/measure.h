/* The seam between the catalogue and the arithmetic on pixels: what is measured of a picture, and
 * by whom. Tests put a table of their own here, to be fast, to fail, or to wait. */
#ifndef KZ_CATALOGUE_MEASURE_H
#define KZ_CATALOGUE_MEASURE_H

#include <stddef.h>
#include <stdint.h>

#include "clean/clean.h"
#include "near/near.h"
#include "screen/screen.h"

enum { KZ__MEASURES_MOST = 32, KZ__MAP_SIDE = 64 };

/* What one picture gave. */
struct kz__measured {
  double values[KZ__MEASURES_MOST]; /* NaN: not defined */
  uint8_t map[KZ__MAP_SIDE * KZ__MAP_SIDE];
  uint8_t print[KZ_NEAR_PACKED]; /* packed */
  size_t print_size;
  struct kz_clean_found clean; /* px of the file */
};

struct kz__measuring {
  const struct kz_screen_measure *const *measures; /* NULL-ended; at most KZ__MEASURES_MOST */
  int print_version;
  size_t (*scratch)(int w, int h);
  /* p may be the file's picture reduced `factor` times, where that is too large for memory;
   * full_w x full_h is the file's size. Any thread. */
  void (*measure)(const struct kz_screen_picture *p, int factor, int full_w, int full_h,
                  struct kz__measured *out, void *scratch);
};

extern const struct kz__measuring kz__measuring;

int kz__measure_count(const struct kz__measuring *m);
/* -1 if there is none of that name. */
int kz__measure_find(const struct kz__measuring *m, const char *name);

#endif
