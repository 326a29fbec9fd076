/* What the files of the report share. The page is written into memory without its pictures, each
 * noted with its place; they are made afterwards, in threads, and all goes to the file at once. So
 * the catalogue is read in one short look, and nothing is decoded twice. */
#ifndef KZ_EXPORT_PAGE_H
#define KZ_EXPORT_PAGE_H

#include <stdbool.h>
#include <stdio.h>

#include <kizil/export.h>

#include "catalogue/tally.h"
#include "clean/clean.h"
#include "image/thumb.h"

enum { KZ__THUMB_WIDTH = 208, KZ__THUMB_HEIGHT = 156 }; /* px; shown at three quarters of it */

/* A photograph to be shown, however often. */
struct kz__shown {
  int64_t image, bytes, pixels;
  char *path; /* NULL: no file is left */
  struct kz_thumb thumb;
  const char *why; /* there is no thumbnail; static words */
};

/* A place on the page. */
struct kz__slot {
  size_t at;  /* in the text */
  int shown;  /* which */
  char *alt;
};

struct kz__page {
  struct kz_catalogue *c;
  const struct kz_export_page_options *o;
  const struct kz_catalogue_host *host;
  FILE *f; /* the text */
  char *text;
  size_t size;
  struct kz__shown *shown;
  struct kz__slot *slots;
  int shown_count, slot_count, shown_room, slot_room;
  int strip; /* images in a row of examples */
  const char *name; /* the catalogue's file name, without its folder */
  char *folder; /* that all files lie in, with a slash at its end */
  struct kz__totals totals;
  struct kz__thresholds thresholds;
  int64_t unlicensed, undated; /* chosen images without a licence, a period */
  int64_t out[KZ__MEASURES_MOST];  /* verdicts by measure, */
  int64_t fail[KZ__MEASURES_MOST]; /* and what fails by the thresholds that hold now */
  bool stale;                      /* they differ */
  int leaks;                   /* what the check of the parts returned */
  char *leak_text;             /* and said: HTML */
  int code; /* the first error; later calls do nothing */
  struct kz_err *err;
};

/* ---- writing (page_write.c) ---- */

int kz__page_fail(struct kz__page *p, int code, const char *words); /* notes it; returns it */
/* Visit the rows of a query; returns how many there were. */
int64_t kz__page_each(struct kz__page *p, enum kz__tally what, const struct kz__tally_key *key,
                      kz__tally_visit *visit, void *user);
/* Text of any origin: what is not UTF-8 is shown as \xNN. */
void kz__page_text(struct kz__page *p, const char *text);
void kz__page_bytes(struct kz__page *p, const void *bytes, size_t size);
/* 10277 as "10,277". */
void kz__page_count(struct kz__page *p, int64_t n);
/* "1 image", "10,277 images". */
void kz__page_images(struct kz__page *p, int64_t n);
/* "62 %", "under 1 %"; nothing of nothing is 0 %. */
void kz__page_share(struct kz__page *p, int64_t part, int64_t whole);
/* The path of an image's file, from the page's folder on, as a link to it. */
void kz__page_path(struct kz__page *p, const struct kz__tally_row *r);
/* "Blurred" of the measure's reason "blurred: edges are %g px wide"; buf holds 64. */
const char *kz__page_title(const char *reason, char *buf);
/* A line to be typed: "kizil dataset WORDS" with the catalogue's name for %s. */
void kz__page_command(struct kz__page *p, const char *fmt);

/* ---- pictures (page_write.c) ---- */

/* One image on a contact sheet: picture, number, `figure` (may be NULL), path, and a tag ("stays")
 * or NULL. What lies outside `keep` (px of the stored file; NULL: no such) is shaded. */
void kz__page_card(struct kz__page *p, const struct kz__tally_row *r, const char *figure,
                   const char *tag, const struct kz_clean_rect *keep);
void kz__page_strip(struct kz__page *p, const char *heading); /* opens a row of cards */
void kz__page_strip_end(struct kz__page *p);
/* Make the thumbnails (page_thumbs.c). */
int kz__page_thumbs(struct kz__page *p, struct kz_err *err);

/* ---- plots (page_plot.c) ---- */

struct kz__plot {
  const double *values; /* ascending */
  int count;
  const char *name, *unit;
  double threshold; /* NaN: none */
  int sense;        /* as a measure's */
};
/* True if the outermost bars hold images that lie beyond them: kz__page_ends says so in words. */
bool kz__page_plot(struct kz__page *p, const struct kz__plot *plot);
void kz__page_ends(struct kz__page *p, bool beyond);
/* All values of a query, ascending; the caller frees. Count in *count; NULL: none, or p->code. */
double *kz__page_values(struct kz__page *p, enum kz__tally what, const char *name, int *count);
/* A bar as wide as a share of the whole. */
void kz__page_bar(struct kz__page *p, int64_t part, int64_t whole);

/* ---- sections, in their order ---- */

void kz__page_reasons(struct kz__page *p);    /* page_reasons.c: why images are out, by how many */
void kz__page_measures(struct kz__page *p);   /* page_measures.c: each with plot and sheets */
void kz__page_broken(struct kz__page *p);     /* page_reasons.c: undecodable, lost, by hand */
void kz__page_duplicates(struct kz__page *p); /* page_groups.c */
void kz__page_cleaning(struct kz__page *p);   /* page_cleaning.c */
void kz__page_damage(struct kz__page *p);     /* page_groups.c */
void kz__page_parts(struct kz__page *p);      /* page_tables.c */
void kz__page_origin(struct kz__page *p);     /* page_tables.c: licences, sources, missing facts */
void kz__page_files(struct kz__page *p);      /* page_tables.c: formats, sizes, profiles */

/* Whether a fact says nothing: none, empty, "none stated", "unknown". */
bool kz__page_unstated(const char *value);

#endif
