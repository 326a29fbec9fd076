/* What the files of this module share: the luma that a print is made of, its cosine hash and what a
 * turn does to it, and the comparison of two prints behind a hypothesis of how they lie. */
#ifndef KZ_NEAR_PRIVATE_H
#define KZ_NEAR_PRIVATE_H

#include "near/near.h"

/* The picture reduced to about as many pixels as a square of this side has. */
enum { KZ__NEAR_SIDE = 208, KZ__NEAR_LONGEST = 1024 };
#define KZ__NEAR_WHITE 4080 /* luma of white: 255, with four bits behind the point */

/* Size of that luma. */
void kz__near_size(int w, int h, int *lw, int *lh);
/* Entries of `work` for the two below. */
size_t kz__near_reduce_work(int w);
/* rgb [h, w, 3] -> luma [lh, lw]; each is the mean of what it covers. */
void kz__near_reduce(int w, int h, const uint8_t *rgb, int lw, int lh, uint16_t *luma,
                     uint32_t *work);
/* The same from luma to small [n, n]. */
void kz__near_shrink(int w, int h, const uint16_t *luma, int n, float *small, uint32_t *work);

size_t kz__near_locals_scratch(int lw, int lh);
/* Find and describe; returns how many. luma [lh, lw]. */
int kz__near_locals(int lw, int lh, const uint16_t *luma,
                    struct kz_near_local to[KZ_NEAR_LOCALS], void *scratch);

/* The eight ways to lay a picture: bit 0 mirrors left and right, bit 1 top and bottom, then bit 2
 * changes x and y about. */
enum { KZ__NEAR_WAYS = 8 };
uint64_t kz__near_hash_laid(uint64_t hash, int way);
static inline int kz__near_bits(uint64_t x) { return __builtin_popcountll(x); }
static inline int kz__near_distance(const uint64_t a[4], const uint64_t b[4]) {
  return kz__near_bits(a[0] ^ b[0]) + kz__near_bits(a[1] ^ b[1]) + kz__near_bits(a[2] ^ b[2]) +
         kz__near_bits(a[3] ^ b[3]);
}
/* How many bits two locals of one place differ by, at most. */
enum { KZ__NEAR_ALIKE = 72 };

/* A local's place in 32 bits: from the lowest, x 11, y 11, scale 3, angle 7. */
static inline uint32_t kz__near_place(const struct kz_near_local *l) {
  return (uint32_t)l->x | (uint32_t)l->y << 11 | (uint32_t)l->scale << 22 |
         (uint32_t)l->angle << 25;
}
static inline struct kz_near_local kz__near_placed(uint32_t place) {
  return (struct kz_near_local){.x = place & 2047, .y = place >> 11 & 2047,
                                .scale = place >> 22 & 7, .angle = (uint8_t)(place >> 25)};
}

/* A print as a set keeps it; the arrays are one block. */
struct kz__near_view {
  int width, height, count;
  uint64_t global;
  uint64_t (*bits)[4];  /* [count] */
  uint32_t *place;      /* [count] */
  uint8_t *thumb;       /* two to a byte, the first in the low half */
};
enum { KZ__NEAR_THUMB_BYTES = KZ_NEAR_THUMB * KZ_NEAR_THUMB / 2 };
/* Bytes of that block; lay the arrays out in it; fill them. */
size_t kz__near_block(int count);
void kz__near_view_init(struct kz__near_view *v, const struct kz_near_print *p, void *block);
const struct kz__near_view *kz__near_set_get(const struct kz_near_set *s, int i);

/* A possible pair: ordered as the number is, by a, then b, then how. The low 7 bits are votes. */
enum { KZ__NEAR_VOTES = 127 };
static inline uint64_t kz__near_maybe(int a, int b, int how) {
  return (uint64_t)a << 38 | (uint64_t)b << 12 | (uint64_t)how << 7;
}
static inline int kz__near_maybe_how(uint64_t item) { return (int)(item >> 7 & 31); }
struct kz__near_list {
  uint64_t *item;
  size_t count, room;
};
/* Pairs that share a hash nearly, or locals; each once, ordered. The caller frees item. Progress
 * is told as the first KZ__NEAR_STEPS of 100. */
enum { KZ__NEAR_STEPS = 40 };
int kz__near_candidates(const struct kz_near_set *s, int since, const struct kz_near_host *host,
                        struct kz__near_list *out, struct kz_err *err);
/* Tell the host; true if it wants to stop. */
bool kz__near_tell(const struct kz_near_host *host, int done);
/* Prints in a set: a local of one has a number of 32 bits. */
enum { KZ__NEAR_MOST = 1 << 26 };

/* How b may lie on a: by the hash in one of the ways; or as locals say, plain or mirrored, and then
 * by how many eighths of a turn, which serves to bring votes together. */
enum { KZ__NEAR_PLAIN = 8, KZ__NEAR_MIRROR = 16, KZ__NEAR_HOWS = 24 };
/* Try `how`; fills all of `pair` but a and b, if they are of one picture. */
bool kz__near_verify(const struct kz__near_view *a, const struct kz__near_view *b, int how,
                     struct kz_near_pair *pair);

#endif
