/* The catalogue of a data set: one SQLite file that knows every image that was offered, what it is,
 * where it lies, what was measured of it, and why it is in or out. Pictures stay where they are.
 *
 * A catalogue belongs to the thread that opened it; several processes may have the file open. What
 * is written is written in transactions: a file is sound after a kill at any moment. */
#ifndef KIZIL_CATALOGUE_H
#define KIZIL_CATALOGUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <kizil/caption.h>
#include <kizil/err.h>
#include <kizil/image.h>
#include <kizil/param.h>

struct kz_catalogue;

/* Make an empty catalogue. KZ_EEXIST if anything is there. */
int kz_catalogue_create(const char *path, struct kz_err *err);
/* Open one that is there. An older schema is migrated, all or nothing; a newer one, another
 * program's database and what is no database are refused by name (KZ_EUNSUPPORTED, KZ_EFORMAT). */
int kz_catalogue_open(const char *path, struct kz_catalogue **out, struct kz_err *err);
void kz_catalogue_close(struct kz_catalogue *c);

/* ---- add ---- */

struct kz_catalogue_add_options {
  int64_t threads;  /* that read, decode and measure; 0: all processors, at most 2 */
  const char *copy; /* folder to copy new pictures to, named by their content, or NULL */
};
extern const struct kz_param kz_catalogue_add_params[];

struct kz_catalogue_progress {
  int64_t found, done;   /* picture files that the walk has met; that are finished */
  int64_t images;        /* new to the catalogue */
  int64_t bytes;         /* read */
  double seconds;        /* since the start */
  bool walking;          /* `found` still grows */
};

/* Called from the thread that runs; each may be NULL. */
struct kz_catalogue_host {
  void *user;
  bool (*stop)(void *user); /* true: finish what is in flight, end with KZ_EINTR */
  void (*progress)(void *user, const struct kz_catalogue_progress *p);
  /* A folder or file that cannot be read, a picture that cannot be decoded, a line of a list that
   * names nothing; the rest goes on. */
  void (*failed)(void *user, const char *message);
};

struct kz_catalogue_added {
  struct kz_catalogue_progress total;
  int64_t unchanged;  /* files known by size, time and inode: not read */
  int64_t again;      /* files whose content is known: another path, a move, or a touch */
  int64_t moved;      /* of those, to a name that is new from one that is gone */
  int64_t broken;     /* new images that cannot be decoded */
  int64_t unreadable; /* files and folders */
  int64_t gone;       /* known files that are no longer there */
  int64_t passed_over; /* files whose names are not a picture's */
};

/* Walk the folders (a file may be named too) and take in every JPEG, PNG, TIFF, WebP, HEIC, AVIF
 * and JPEG XL by its name: read once, hashed, decoded fully, measured. Hidden names are passed
 * over; links are followed, each folder is visited once. Commits at most 64 images or one second at
 * a time; after an error or KZ_EINTR what was committed stays, and the next run goes on. Needs
 * kz_image_startup. `added` is filled in any case. */
int kz_catalogue_add(struct kz_catalogue *c, const char *const *folders, int count,
                     const struct kz_catalogue_add_options *o,
                     const struct kz_catalogue_host *host, struct kz_catalogue_added *added,
                     struct kz_err *err);

/* Decode and measure every image again, from a file of each, and replace what was measured: after a
 * measure has changed. Reviews and the facts of lists stay. An image without a file keeps what it
 * has. `added` counts the images measured as `total.images`. */
int kz_catalogue_again(struct kz_catalogue *c, const struct kz_catalogue_add_options *o,
                       const struct kz_catalogue_host *host, struct kz_catalogue_added *added,
                       struct kz_err *err);

struct kz_catalogue_told {
  int64_t lines;   /* of the list, without its head */
  int64_t used;    /* that named a picture of the catalogue */
  int64_t unknown; /* that named none */
  int64_t unclear; /* that named pictures that differ */
  int64_t facts;
};

/* Take facts (site, cave, period, subject, source, licence, holder, ...) from a list: CSV with a
 * line of column names, or JSON (an array of objects, or an object of objects). Column `file` names
 * the picture by as much of the end of its path as is given, or `sha256` by its content; every
 * other column is a fact. Facts that an earlier reading of this list left are replaced. */
int kz_catalogue_meta(struct kz_catalogue *c, const char *path,
                      const struct kz_catalogue_host *host, struct kz_catalogue_told *told,
                      struct kz_err *err);

/* ---- import ---- */

struct kz_catalogue_import_options {
  const char *list; /* CSV, JSON or JSON Lines, as for kz_catalogue_meta */
  const char *root; /* folder that its paths start from; NULL: the list's own */
  bool split;       /* take the parts that it names, for the images that are in */
  int64_t threads;  /* as for kz_catalogue_add */
};
extern const struct kz_param kz_catalogue_import_params[];

struct kz_catalogue_imported {
  struct kz_catalogue_added added;
  struct kz_catalogue_told told;
  int64_t unlisted; /* pictures in the folders of listed ones that the list does not name */
  int64_t reviews;  /* words of persons taken over */
  int64_t parted;   /* images with a part */
};

/* Add the pictures that a list names and take what it says of them: facts, captions, parts, and of a
 * list that kizil exported what persons said. Lines whose picture is not there, or has another
 * SHA-256 than the list gives, and pictures that lie beside but are not listed (unless kizil wrote
 * the list: it names what was in) are told to host->failed. Importing again changes nothing. Parts
 * that leak into each other (KZ_EFORMAT) are not taken; all else is. */
int kz_catalogue_import(struct kz_catalogue *c, const struct kz_catalogue_import_options *o,
                        const struct kz_catalogue_host *host,
                        struct kz_catalogue_imported *imported, struct kz_err *err);

/* ---- verdicts ---- */

/* How much of the smaller of two views a better one may show before it is out, %: a threshold named
 * `overlap`, which holds from the next kz_catalogue_match on. */
#define KZ_CATALOGUE_OVERLAP 50.0
/* Set the threshold of a measure; NaN: the built-in one. KZ_ENOENT for an unknown measure. */
int kz_catalogue_set_threshold(struct kz_catalogue *c, const char *measure, double value,
                               struct kz_err *err);
struct kz_catalogue_matched {
  int64_t images; /* that were compared */
  int64_t pairs, groups;
  double seconds;
};

/* Search all images for duplicates, by their stored prints: whole or in part, turned, mirrored,
 * resized, cropped. Pairs and groups are made anew; kz_catalogue_judge makes verdicts of them. */
int kz_catalogue_match(struct kz_catalogue *c, const struct kz_catalogue_host *host,
                       struct kz_catalogue_matched *matched, struct kz_err *err);
/* Make all verdicts anew from stored errors, scores, thresholds and groups; nothing is decoded. */
int kz_catalogue_judge(struct kz_catalogue *c, struct kz_err *err);

/* The id of an image named by number, by SHA-256 (8 digits or more) or by path. */
int kz_catalogue_find(struct kz_catalogue *c, const char *name, int64_t *image,
                      struct kz_err *err);
/* Overrule: `in` or out, from now on, whatever the verdicts. Kept for ever with who and why; the
 * last word counts. KZ_EFORMAT for `in` where the image cannot be decoded. */
int kz_catalogue_review(struct kz_catalogue *c, int64_t image, bool in, const char *reason,
                        const char *who, struct kz_err *err);

/* ---- the images that are in ---- */

#define KZ_CATALOGUE_MAP 64 /* cells a side of a damage map */

struct kz_catalogue_fact {
  const char *key, *value, *source; /* "site", "Mogao", "sidecar list.csv" */
};

/* One image of the data set, with all that its users ask for. Text is UTF-8, paths are bytes. */
struct kz_catalogue_entry {
  int64_t image;
  const char *sha256;
  const char *path;   /* absolute; a file that was there when `add` looked last */
  const char *format; /* "JPEG" */
  int64_t bytes;
  int width, height;   /* as stored, before `view` */
  int orientation;     /* 1 to 8, as the file says */
  struct kz_view view; /* what cleaning applies */
  const uint8_t *damage; /* [64, 64] over the file as stored: 0 sound to 255 bare; NULL: not known */
  const char *part;      /* "train", "val", "test", ...; NULL: not split */
  const char *caption[2]; /* by enum kz_language: by hand, else from a list, else made; or NULL */
  bool caption_made[2];   /* of facts and colours, by kizil dataset caption */
  const struct kz_catalogue_fact *facts; /* one for each key, by key; a hand's before a list's */
  int fact_count;                        /* before EXIF's */
};

/* Visit the chosen images (of one part, or part = NULL: of all), in the order of their SHA-256, which
 * does not depend on who was added first or lies where. What an entry points to is valid during
 * the call. A visitor that returns non-zero ends it with that code; it may read the catalogue, but
 * writes to it after the last visit. */
typedef int (*kz_catalogue_visitor)(void *user, const struct kz_catalogue_entry *e,
                                    struct kz_err *err);
int kz_catalogue_each(struct kz_catalogue *c, const char *part, kz_catalogue_visitor visit,
                      void *user, struct kz_err *err);

/* ---- cleaning ---- */

/* What surrounds a painting, or lies over its colours, is found by `add` and written down with how
 * sure it is. From the threshold of its kind on it is applied where pictures are read (struct
 * kz_view), unless a person said otherwise; no file is ever changed. */
enum kz_catalogue_clean_kind_id {
  KZ_CATALOGUE_CROP,
  KZ_CATALOGUE_CARD,
  KZ_CATALOGUE_CAST,
  KZ_CATALOGUE_ORIENTATION,
  KZ_CATALOGUE_PROFILE,
  KZ_CATALOGUE_CLEAN_KINDS
};
struct kz_catalogue_clean_kind {
  const char *name;
  double threshold; /* the built-in one */
  const char *help;
};
extern const struct kz_catalogue_clean_kind /* by id; ends with a NULL name */
    kz_catalogue_clean_kinds[KZ_CATALOGUE_CLEAN_KINDS + 1];

/* Apply findings of a kind from this confidence on (0 to 1; more than 1: none; NaN: the built-in
 * threshold). KZ_ENOENT for an unknown kind, naming those there are. */
int kz_catalogue_set_cleaning(struct kz_catalogue *c, const char *kind, double confidence,
                              struct kz_err *err);

enum kz_catalogue_clean_word {
  KZ_CATALOGUE_CLEAN_NONE,   /* nothing of this kind is applied */
  KZ_CATALOGUE_CLEAN_FOUND,  /* what was found is right, however sure it was */
  KZ_CATALOGUE_CLEAN_GIVEN,  /* what is right is given */
  KZ_CATALOGUE_CLEAN_DEFAULT /* whatever was said is taken back */
};
/* A person's word, which holds from now on, after measuring again too. Kept for ever with who and
 * why; the last word on an image and kind counts. given: for _GIVEN, x, y, w, h of a crop (px of the
 * file as it is stored), gain of a cast, orientation; a profile and a card cannot be given.
 * KZ_ERANGE for what cannot be, KZ_ENOENT if nothing was found. */
int kz_catalogue_clean(struct kz_catalogue *c, int64_t image, enum kz_catalogue_clean_kind_id kind,
                       enum kz_catalogue_clean_word word, const struct kz_view *given,
                       const char *reason, const char *who, struct kz_err *err);

/* Lines of text, malloc'd: counts by kind, then what was found in each image, the least sure first;
 * of one kind, or kind = NULL: of all. */
int kz_catalogue_tell_cleaning(struct kz_catalogue *c, const char *kind, char **text,
                               struct kz_err *err);
/* For each image with a finding or a word about crops, cards or casts, a JPEG in the folder: the
 * picture as it is and as it would be with all of that applied, side by side, NUMBER.jpg. Pictures
 * that cannot be read are told to host->failed. `written` counts. Needs kz_image_startup. */
int kz_catalogue_preview_cleaning(struct kz_catalogue *c, const char *folder,
                                  const struct kz_catalogue_host *host, int64_t *written,
                                  struct kz_err *err);

/* ---- split ---- */

enum { KZ_CATALOGUE_PARTS = 3 };
extern const char *const kz_catalogue_parts[KZ_CATALOGUE_PARTS + 1]; /* train, val, test, NULL */

struct kz_catalogue_split_options {
  double share[KZ_CATALOGUE_PARTS]; /* in percent, or of 1; they must add up */
  const char *by; /* facts that keep images together: keys with commas between, the first that an
                     image has counts; cave and mural are told apart by site, and cave */
  int64_t seed;
  bool anew;       /* forget earlier parts */
  bool from_facts; /* take the parts that the fact `split` names */
};
extern const struct kz_param kz_catalogue_split_params[];
/* What the last split of this catalogue was asked (strings to be freed by kz_params_release), or
 * the defaults. */
int kz_catalogue_split_asked(struct kz_catalogue *c, struct kz_catalogue_split_options *o,
                             struct kz_err *err);

struct kz_catalogue_split_done {
  int64_t images, units; /* chosen; that never part */
  int64_t kept, moved;   /* images that have the part they had; that had another */
  int64_t elsewhere;     /* whose fact `split` is no name of a part: they have none */
  int64_t parted[KZ_CATALOGUE_PARTS]; /* images by part */
};

/* Give every chosen image a part: train, val or test. Images that share the fact named by `by`, or
 * something that is to be seen in both (table grp, and all links between), are a unit and never
 * part. Units are placed largest first, by lot in proportion to what the parts still lack; of many
 * such draws that is taken whose sizes are nearest to what is asked, and of those the one whose
 * periods are spread most evenly. The same images and seed give the same parts, whoever was added
 * first. Images that have a part keep it, so that what is added later changes nothing else, unless
 * `anew`; a unit that has come to lie in several goes to the first of train, val and test that it
 * lies in: what was trained on cannot test. With `from_facts` the facts' parts are taken as they
 * are, never moved, and the images without such a fact are placed around them.
 * Ends with kz_catalogue_check_split; if that fails the catalogue is as before. KZ_ERANGE for
 * shares that do not add up, KZ_ENOENT for a fact that no image has, or without images. */
int kz_catalogue_split(struct kz_catalogue *c, const struct kz_catalogue_split_options *o,
                       struct kz_catalogue_split_done *done, struct kz_err *err);
/* Whether anything of one part is seen in another: pairs, groups and units of chosen images.
 * KZ_EFORMAT if so: the message counts the leaks and shows the first. Each is told to
 * host->failed (host may be NULL). 0 where there is no split. */
int kz_catalogue_check_split(struct kz_catalogue *c, const struct kz_catalogue_host *host,
                             struct kz_err *err);
/* The parts as a table, malloc'd: images, units, megapixels, and counts by period and site. */
int kz_catalogue_tell_split(struct kz_catalogue *c, char **text, struct kz_err *err);

/* ---- captions ---- */

struct kz_catalogue_caption_options {
  int language; /* enum kz_language, or 2: both */
  bool anew;    /* those too that are as they would be made */
};
extern const struct kz_param kz_catalogue_caption_params[];

struct kz_catalogue_captioned {
  int64_t images; /* that are in */
  int64_t made;   /* captions, of either language */
  int64_t kept;   /* that were made before, of the same template, facts and view */
  int64_t failed; /* images that cannot be decoded any more */
  double seconds;
};

/* Set the template of a language; NULL: the built-in one, which says what 'kizil caption' does. It is
 * text with fields, "{subject}", and parts that are left out if a field in them says nothing,
 * "[, {site}]" (all of it: src/catalogue/caption_template.c); or, without any "{", the name of a file
 * with such text. KZ_EFORMAT names the place of what is wrong. */
int kz_catalogue_caption_template(struct kz_catalogue *c, enum kz_language language,
                                  const char *template, struct kz_err *err);
/* Make the captions of all chosen images from their facts and colours. Captions by hand and of
 * lists stay beside them and come first. Commits 64 images or a second at a time: after KZ_EINTR
 * the next call goes on. A picture that cannot be decoded is told to host->failed. */
int kz_catalogue_caption(struct kz_catalogue *c, const struct kz_catalogue_caption_options *o,
                         const struct kz_catalogue_host *host,
                         struct kz_catalogue_captioned *done, struct kz_err *err);
/* A person's caption, in place of an earlier one by anybody's hand; "": takes that back. */
int kz_catalogue_caption_by_hand(struct kz_catalogue *c, int64_t image, enum kz_language language,
                                 const char *text, const char *who, struct kz_err *err);
/* The captions that hold, with where they come from, malloc'd; of one image, or 0: of all. */
int kz_catalogue_tell_captions(struct kz_catalogue *c, int64_t image, char **text,
                               struct kz_err *err);

/* ---- texts ---- */

/* Lines of text, malloc'd: all reviews, the last first; the whole catalogue; one image. */
int kz_catalogue_reviews(struct kz_catalogue *c, char **text, struct kz_err *err);
int kz_catalogue_tell(struct kz_catalogue *c, char **text, struct kz_err *err);
int kz_catalogue_tell_image(struct kz_catalogue *c, int64_t image, char **text,
                            struct kz_err *err);

#endif
