/* What the files of the page share. Words go straight to the file as they are made; pictures are
 * read, encoded and written one at a time, so memory holds one of them and not the page. Nothing
 * that comes from a record or a file's name is written but through kz__folio_text. */
#ifndef KZ_PAGE_PAGE_H
#define KZ_PAGE_PAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <kizil/image.h>
#include <kizil/page.h>
#include <kizil/record.h>
#include <kizil/treat.h>

struct kz__entry {
  const char *path; /* of the record */
  struct kz_record r;
  bool sealed;
  int section; /* number of its picture; the first entry of a section is the one that is shown */
};

/* A file that a record names. */
struct kz__folio_file {
  char *path;             /* from the working folder; NULL: the record names none */
  struct kz_image *image; /* NULL: it is not shown, and */
  char why[160];          /* this is why */
};

/* The picture of a section, with what lies over it on the grid of its overview. */
struct kz__scene {
  const struct kz__entry *entry;
  struct kz__folio_file source, result, filled, doubt;
  int orientation;   /* EXIF's number: pictures are shown upright, figures are of the stored file */
  int width, height; /* px of the grid */
  uint8_t *cover;    /* [h,w] 0: nothing is filled there, 255: all of it; 1 for the least */
  uint8_t *cls;      /* [h,w] class of damage + 1; 0: none */
  float *heat;       /* [h,w] the most disagreement, delta E; NULL: no map */
  double most_heat;  /* of all */
  int64_t filled_px; /* -1: not known */
};

struct kz__folio {
  FILE *f;
  const struct kz_page_options *o;
  const struct kz_restore_host *host;
  struct kz__entry *entries;
  int count, sections;
  double share;    /* bytes of pictures for each section, before base64 */
  int orientation; /* of the pictures that are put now */
};

/* ---- words (text.c) ---- */

/* At most `most` bytes of text of any origin; what is no UTF-8, moves a cursor or turns the
 * direction of writing is shown as an escape. NULL is "". */
void kz__folio_text(FILE *f, const char *text, size_t most);
/* 10277 as "10,277". */
void kz__folio_count(FILE *f, int64_t n);
/* "1 region", "10,277 regions". */
void kz__folio_many(FILE *f, int64_t n, const char *one);
/* 0.0213 as "2.1 %". */
void kz__folio_share(FILE *f, double share);
/* An argument of a shell command. */
void kz__folio_argument(FILE *f, const char *name);
/* The part of a path after its last slash. */
const char *kz__folio_name(const char *path);

/* ---- pictures (picture.c) ---- */

enum kz__picture_kind { KZ__PHOTO, KZ__FLAT, KZ__SHADED }; /* JPEG; WebP, lossless; lossy */

/* Write an <img> of 3 (photo) or 4 channels, upright, of at most `most` bytes before base64:
 * coarser, then smaller, until it fits. `class` are words of ours, `about` and `name` make its
 * alternative text. width and height as shown, px; 0: its own. */
struct kz__shown {
  enum kz__picture_kind kind;
  const char *class, *about, *name;
  int width, height;
  double most;
};
int kz__folio_picture(struct kz__folio *p, const struct kz_pixels *px, const struct kz__shown *how,
                      struct kz_err *err);

/* A rectangle of a picture of width x height px as it stands upright. */
struct kz__box {
  int x, y, w, h;
};
struct kz__box kz__folio_upright(struct kz__box b, int width, int height, int orientation);

/* ---- reading (scene.c, over.c) ---- */

int kz__scene_open(struct kz__scene *s, const struct kz__folio *p, const struct kz__entry *e,
                   struct kz_err *err);
void kz__scene_close(struct kz__scene *s);
/* A file of a record, opened, if it is there, the recorded one and of the picture's size. */
int kz__folio_open(struct kz__folio_file *file, const struct kz__folio *p,
                   const struct kz__entry *e, const struct kz_record_file *named,
                   struct kz_err *err);
void kz__folio_close(struct kz__folio_file *file);
/* All of an image at width x height px, 8-bit sRGB. */
int kz__folio_overview(struct kz_image *im, int width, int height, struct kz_pixels *out,
                       struct kz_err *err);
/* A rectangle at full resolution. */
int kz__folio_crop(struct kz_image *im, int x, int y, int w, int h, struct kz_pixels *out,
                   struct kz_err *err);
/* cover, cls, heat, of what is there. */
int kz__scene_read(struct kz__scene *s, struct kz_err *err);
/* Layers to lay over the overview, RGBA. */
int kz__layer_classes(const struct kz__scene *s, struct kz_pixels *out, struct kz_err *err);
int kz__layer_heat(const struct kz__scene *s, struct kz_pixels *out, struct kz_err *err);
int kz__layer_veil(const struct kz__scene *s, struct kz_pixels *out, struct kz_err *err);
/* sRGB of a disagreement, as in the heat overlay of kz_candidates_job. */
void kz__heat_colour(double doubt, uint8_t rgb[3]);

/* ---- regions (regions.c) ---- */

struct kz__zoom {
  const struct kz_record_region *region; /* NULL: chosen by the mask, the record lists none */
  int64_t number;                        /* in the record, from 0 */
  int x, y, w, h;                        /* px, the window */
  bool part;                             /* the region is larger */
};
/* The regions that matter most, at most `most`; the caller frees. Count, or a code. */
int kz__folio_choose(const struct kz__scene *s, int most, struct kz__zoom **out,
                     struct kz_err *err);

/* ---- sections ---- */

/* How a section's share of the page is divided. */
#define KZ__SHARE_WHOLE 0.25      /* before; after */
#define KZ__SHARE_LAYER 0.04      /* each of three */
#define KZ__SHARE_ZOOMS 0.22      /* all of them */
#define KZ__SHARE_CANDIDATES 0.15 /* all of them */
enum { KZ__LEAST_ZOOM = 12000 };  /* bytes that a pair of crops is worth having with */

/* section.c, zooms.c, candidates.c, tables.c (two), words.c */
int kz__folio_section(struct kz__folio *p, int section, struct kz_err *err);
int kz__folio_zooms(struct kz__folio *p, const struct kz__scene *s, const struct kz__zoom *zooms,
                    int count, struct kz_err *err);
int kz__folio_candidates(struct kz__folio *p, const struct kz__scene *s,
                         const struct kz__zoom *zooms, int count, struct kz_err *err);
void kz__folio_classes(struct kz__folio *p, const struct kz__scene *s);
void kz__folio_left(struct kz__folio *p, const struct kz_record *r);
void kz__folio_words(struct kz__folio *p, const struct kz__scene *s);
/* What has no picture on the page: "<p class='gone'>NAME WHY</p>". */
void kz__folio_gone(struct kz__folio *p, const struct kz__folio_file *file); /* section.c */
/* KZ_EINTR if the host asks to stop, else 0. */
int kz__folio_pause(const struct kz__folio *p, struct kz_err *err);   /* page.c */
/* Outcome of a region in words, and the class of its mark on the page. */
const char *kz__folio_outcome(const struct kz_record_region *g, const char **mark);
/* "share of known pixels 62 %, ..." */
void kz__folio_evidence(struct kz__folio *p, const struct kz_record_region *g);
/* A small square of a colour. */
void kz__folio_swatch(struct kz__folio *p, const uint8_t rgb[3]);
/* A class of damage by its id: its English name, Chinese name and colour; `rgb` may be NULL. */
const char *kz__folio_class(const char *id, const char **chinese, uint8_t rgb[3]);

#endif
