/* Near duplicates: a print of a picture, made once from its pixels; a set of prints; the pairs of a
 * set that show the same picture, or parts of it; and groups of such pairs.
 *
 * A print is small (at most KZ_NEAR_PACKED bytes) and is all that the search needs: pictures are
 * found again turned, mirrored, resized, re-encoded, cropped, or overlapping. Two pictures of one
 * scene by different hands, or of one wall at different times, are not the same picture. Knows no
 * files and no database; plain arithmetic, so that the same pixels give the same bytes. */
#ifndef KZ_NEAR_H
#define KZ_NEAR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <kizil/err.h>

#define KZ_NEAR_VERSION 1 /* of what kz_near_make computes; prints of another one do not compare */
enum {
  KZ_NEAR_LOCALS = 40,
  KZ_NEAR_THUMB = 32,
  KZ_NEAR_HEAD = 20, /* bytes of a packed print without its thumbnail and locals */
  KZ_NEAR_PACKED = KZ_NEAR_HEAD + KZ_NEAR_THUMB * KZ_NEAR_THUMB / 2 + KZ_NEAR_LOCALS * 36
};

/* A place that stands out, and what is around it, in the direction in which it is brightest. */
struct kz_near_local {
  uint64_t bits[4]; /* the mirrored picture has [0], [1] and [2], [3] changed about */
  uint16_t x, y;    /* in 2048ths of the width, of the height */
  uint8_t scale;    /* 0 to 7: size 2^(scale / 3) */
  uint8_t angle;    /* 0 to 127: clockwise from the right, in 128ths of a turn */
};

struct kz_near_print {
  int width, height; /* of the picture, px */
  uint64_t global;   /* signs of the lowest cosine coefficients; 0: flat */
  int count;
  struct kz_near_local local[KZ_NEAR_LOCALS]; /* strongest first */
  uint8_t thumb[KZ_NEAR_THUMB * KZ_NEAR_THUMB]; /* 0 to 15, stretched; all 0: flat */
};

/* Bytes of scratch for a picture, aligned as malloc's. */
size_t kz_near_scratch(int w, int h);
/* rgb [h, w, 3], w, h >= 1. Never fails, allocates nothing; callable from any thread. */
void kz_near_make(int w, int h, const uint8_t *rgb, struct kz_near_print *out, void *scratch);

/* For storing: bytes written to `to`, at most KZ_NEAR_PACKED; the same on every machine. */
size_t kz_near_pack(const struct kz_near_print *p, uint8_t to[KZ_NEAR_PACKED]);
/* KZ_EFORMAT if it is cut short, of another version, or no print. */
int kz_near_unpack(const void *from, size_t bytes, struct kz_near_print *p, struct kz_err *err);

/* Prints to be searched, numbered 0, 1, ... as they are added. Under 2.2 KB each. */
struct kz_near_set;
int kz_near_set_new(struct kz_near_set **out, struct kz_err *err);
void kz_near_set_free(struct kz_near_set *s);
int kz_near_set_add(struct kz_near_set *s, const struct kz_near_print *p, struct kz_err *err);
/* The same from its packed form. */
int kz_near_set_add_packed(struct kz_near_set *s, const void *from, size_t bytes,
                           struct kz_err *err);
int kz_near_set_count(const struct kz_near_set *s);
size_t kz_near_set_bytes(const struct kz_near_set *s); /* of memory held */

/* What one picture of a pair is to the other. By falling strictness: the first that fits. */
enum kz_near_kind {
  KZ_NEAR_SAME,      /* the same pixels, as far as prints tell */
  KZ_NEAR_REENCODED, /* the same size */
  KZ_NEAR_RESIZED,
  KZ_NEAR_TURNED,
  KZ_NEAR_MIRRORED, /* turned too, perhaps */
  KZ_NEAR_CROPPED,  /* one is a part of the other; turned, mirrored too, perhaps */
  KZ_NEAR_OVERLAP,  /* each has something that the other has not */
  KZ_NEAR_KINDS
};
extern const char *const kz_near_kind_names[KZ_NEAR_KINDS]; /* "same", "re-encoded", ... */

struct kz_near_pair {
  int a, b; /* a < b */
  enum kz_near_kind kind;
  float overlap;      /* what both show, of what either shows: 0 to 1 */
  float of_a, of_b;   /* what both show, of what a, what b shows: 0 to 1 */
  float correlation;  /* of their luma there, -1 to 1 */
  int locals;         /* that agree */
  float transform[6]; /* px of b to px of a: x' = t0 x + t1 y + t2, y' = t3 x + t4 y + t5 */
};
struct kz_near_pairs {
  struct kz_near_pair *pair; /* by a, then b */
  int count;
};
void kz_near_pairs_release(struct kz_near_pairs *p);

/* Called from the thread that searches; each may be NULL, as may the host. */
struct kz_near_host {
  void *user;
  bool (*stop)(void *user); /* true: end with KZ_EINTR */
  void (*progress)(void *user, int done, int total);
};

/* All pairs of which at least one is number `since` or higher (0: all). Of many copies of one
 * picture not each is paired with each, but all are linked. Time grows about as n log n. */
int kz_near_search(const struct kz_near_set *s, int since, const struct kz_near_host *host,
                   struct kz_near_pairs *out, struct kz_err *err);
/* Whether two prints are of one picture, without a set. Fills `pair` (a = 0, b = 1) if so. */
bool kz_near_compare(const struct kz_near_print *a, const struct kz_near_print *b,
                     struct kz_near_pair *pair);

/* Groups: what pairs of the given kinds link, directly or by way of others. group[i] becomes the
 * number of i's group, which is that of the picture that stays: the best by `quality`, the first of
 * equals; group[i] = i for what stays alone. kinds: bits 1 << kind. */
int kz_near_groups(const struct kz_near_pairs *p, unsigned kinds, int n, const double *quality,
                   int *group, struct kz_err *err);
/* Which picture stays for each: the best of its copies, if no better picture that stays shows more
 * than `overlap` (0 to 1) of the smaller of the two; else that one. A part of a picture never stays
 * beside a better whole, whatever `overlap` is. Of a chain of views that each overlap the next, so
 * many stay that each is a copy of one of them or shares more than `overlap` with one. */
int kz_near_stays(const struct kz_near_pairs *p, double overlap, int n, const double *quality,
                  int *stays, struct kz_err *err);

#endif
