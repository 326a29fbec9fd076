/* Between file.c, which leads, and the files that each do a part of `kizil features`. */
#ifndef KZ_FEATURE_JOB_H
#define KZ_FEATURE_JOB_H

#include <kizil/feature.h>
#include <kizil/image.h>

#include "feature/fused.h"
#include "feature/palette.h"

enum { KZ__TILE = 768, KZ__NEAREST = 32 * 32 * 32 };

struct kz__job {
  struct kz_image *image, *mask, *lines; /* the last two may be NULL */
  int w, h;
  const struct kz_features_options *o;
  struct kz_palette palette;
  uint8_t swatch[KZ_PALETTE_MOST + 1][3]; /* sRGB of its colours, from 1; 0: the plaster */
  uint8_t *nearest;  /* [32, 32, 32] number of the colour nearest to sRGB of five bits */
  uint8_t gamma[4096]; /* linear light to an sRGB byte */
};

/* Whole rows of results. */
struct kz__band {
  int y, w, h;
  uint16_t *pages; /* [KZ_FEATURES, h, w] */
  uint8_t *view;   /* [h, w, 3] the fused picture */
  uint8_t *photo;  /* [h, w, 3] the image, holes blank */
  uint8_t *drawing; /* [h, w] 0 = line, 255 = none; NULL: not asked for */
  int64_t damaged;
};

/* ---- colours.c ---- */
extern const uint8_t kz__blank[3]; /* plaster: what a hole looks like */
/* The palette, from a sample of the image, and the tables. job->nearest is the caller's to free. */
int kz__job_colours(struct kz__job *job, struct kz_err *err);
void kz__job_srgb(const struct kz__job *job, const float lab[3], uint8_t rgb[3]);

/* ---- tile.c ---- */
struct kz__tile;
int kz__tile_new(int w, int h, struct kz__tile **out, struct kz_err *err); /* largest, with halo */
void kz__tile_free(struct kz__tile *t);
/* Columns x0 to x1 of a band. Its rows belong to this call there. */
int kz__tile_compute(const struct kz__job *job, struct kz__tile *t, struct kz__band *band, int x0,
                     int x1, struct kz_err *err);

/* ---- view.c ---- */
/* n pixels at (x, y) of the fused picture. */
void kz__view_row(const struct kz__job *job, int x, int y, int n, const float *fused,
                  const float *mask, uint8_t *view);

/* ---- contact.c ---- */
struct kz__contact;
int kz__contact_new(const struct kz__job *job, struct kz__contact **out, struct kz_err *err);
void kz__contact_free(struct kz__contact *c);
void kz__contact_add(struct kz__contact *c, const struct kz__job *job, const struct kz__band *b);
int kz__contact_draw(const struct kz__contact *c, const struct kz__job *job, struct kz_pixels *out,
                     struct kz_err *err);
/* "azurite 34 %, cinnabar 21 %" */
void kz__palette_text(const struct kz_palette *p, char *text, int size);

#endif
