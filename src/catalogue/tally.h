/* What a report asks a catalogue: figures, and lists of images that a person should look at. Each
 * is one query, in tally.c, so that anyone with SQLite's own program can ask the same. */
#ifndef KZ_CATALOGUE_TALLY_H
#define KZ_CATALOGUE_TALLY_H

#include "catalogue/db.h"
#include "catalogue/verdict.h"

struct kz__totals {
  int64_t images, decodable, chosen; /* offered; of those; the data set */
  int64_t bytes;                     /* of all images */
  double megapixels;                 /* of the chosen */
  int64_t taken_in, taken_out;       /* by hand, where that is the last word */
  int64_t nowhere;                   /* decodable images of which no file is left */
  int64_t pairs, groups, doubles;    /* found; of images; images that another stands for */
  int64_t split;                     /* chosen with a part */
};
int kz__tally_totals(const struct kz_catalogue *c, struct kz__totals *t, struct kz_err *err);
/* The folder that all files that are there lie in, with a slash at its end; malloc'd. */
int kz__tally_folder(const struct kz_catalogue *c, char **folder, struct kz_err *err);

/* What a query may need; see each. */
struct kz__tally_key {
  const char *name;
  double threshold;
  int64_t image, limit;
};

/* A row. Text is the catalogue's, valid during the visit; not checked to be UTF-8. */
struct kz__tally_row {
  const char *name, *text; /* may be NULL */
  int64_t count, also;
  double value;  /* NaN: none */
  int64_t image; /* 0: the row is of no single image; then nothing follows */
  const void *path; /* bytes; NULL: no file is left */
  int path_size;
  int width, height, orientation; /* 0: not known */
  int64_t bytes;
  bool chosen, broken;
  const char *word; /* "in", "out": a person's last; NULL */
};

enum kz__tally {
  KZ__TALLY_REASONS,     /* name measure, count fails it, also only it, value taken in by hand */
  KZ__TALLY_VALUES,      /* of measure `name`: value, upwards; not defined ones are left out */
  KZ__TALLY_CHOSEN_VALUES, /* the same of chosen images only */
  KZ__TALLY_FORMATS,     /* name format, count, also chosen */
  KZ__TALLY_DEPTHS,      /* name "8 bits, RGB", count, also chosen */
  KZ__TALLY_PROFILES,    /* name ICC profile or NULL, count, also chosen */
  KZ__TALLY_MEGAPIXELS,  /* value, upwards: of decodable images */
  KZ__TALLY_FACT_VALUES, /* of fact `name`: name value or NULL, count offered, also chosen */
  KZ__TALLY_FACT_PARTS,  /* of fact `name` among the chosen: name value or NULL, text part, count */
  KZ__TALLY_FACT_KEYS,   /* name fact, count chosen images that have it */
  KZ__TALLY_PARTS,       /* name part, count images, value megapixels */
  KZ__TALLY_PAIRS,       /* name kind, count, value mean overlap */
  KZ__TALLY_CLEANED,     /* name kind of change, count proposed, also applied */
  /* Of one image each, `limit` of them. */
  KZ__TALLY_FAILED_NEAR,  /* measure `name`: text reason, value; nearest to `threshold` first */
  KZ__TALLY_FAILED_FAR,   /* the same, farthest first */
  KZ__TALLY_PASSED_NEAR,  /* chosen ones that pass: value; nearest first */
  KZ__TALLY_BROKEN,       /* text why it cannot be decoded */
  KZ__TALLY_REVIEWS,      /* name who, text why and when, by hand, the last first */
  KZ__TALLY_LOST,         /* decodable, but no file is left */
  KZ__TALLY_GROUPS,       /* the image that names a group: count images, also left out */
  KZ__TALLY_MEMBERS,      /* of group `image`: name kind of likeness to the one that stays for it;
                             NULL: it stays itself; value overlap; count that one's number */
  KZ__TALLY_QUANTILES,    /* chosen ones at `limit` even steps of measure `name`: value */
  KZ__TALLY_CHANGES,      /* kind `name`: name who said so or NULL, text parameters (JSON), also
                             applied, value confidence; the least sure of the applied first,
                             then the surest of the others, `limit` of each */
  KZ__TALLY_COUNT
};

/* Visit the rows; a visitor that returns non-zero ends it with that code. */
typedef int kz__tally_visit(void *user, const struct kz__tally_row *r);
int kz__tally_each(const struct kz_catalogue *c, enum kz__tally what,
                   const struct kz__tally_key *key, kz__tally_visit *visit, void *user,
                   struct kz_err *err);

#endif
