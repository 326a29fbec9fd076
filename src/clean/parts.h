/* What the files of this module share. */
#ifndef KZ_CLEAN_PARTS_H
#define KZ_CLEAN_PARTS_H

#include <stdbool.h>

#include "clean/clean.h"

struct kz__plane {
  int w, h;
  const uint8_t *rgb; /* [h, w, 3] */
};

static inline const uint8_t *kz__at(const struct kz__plane *p, int x, int y) {
  return p->rgb + 3 * ((size_t)y * (size_t)p->w + (size_t)x);
}

/* The largest difference of any channel. */
static inline int kz__apart(const uint8_t *a, const uint8_t *b) {
  int r = a[0] > b[0] ? a[0] - b[0] : b[0] - a[0];
  int g = a[1] > b[1] ? a[1] - b[1] : b[1] - a[1];
  int m = a[2] > b[2] ? a[2] - b[2] : b[2] - a[2];
  r = r > g ? r : g;
  return r > m ? r : m;
}

/* ---- frame.c ---- */

/* Fills out->crop, with the part of `from` to be kept. */
void kz__clean_frame(const struct kz__plane *p, const struct kz_clean_rect *from,
                     struct kz_clean_found *out);

/* ---- card.c ---- */

/* A flat rectangle: px, and its colour. */
struct kz__patch {
  int x, y, w, h;
  uint8_t rgb[3];
};

enum { KZ__PATCHES = 320, KZ__MEMBERS = 160 };

/* Those of a card. */
struct kz__card {
  struct kz_clean_rect at; /* w = 0: none */
  double confidence;
  int count;
  struct kz__patch member[KZ__MEMBERS];
};

size_t kz__clean_patch_scratch(int w, int h);
/* At most KZ__PATCHES flat rectangles; how many. */
int kz__clean_patches(const struct kz__plane *p, struct kz__patch *out, void *scratch);

/* ---- pattern.c ---- */

/* The patches that stand in a row or grid, of one size and of many colours. `trial` is scratch. */
void kz__clean_card(const struct kz__plane *p, const struct kz__patch *patches, int count,
                    struct kz__card *trial, struct kz__card *card);

/* ---- cast.c ---- */

void kz__clean_cast(const struct kz__card *card, struct kz_clean_found *out);

#endif
