/* Which pairs are worth a look, without looking at all: those that fall into one bucket of a hash
 * table by some bits of the picture's hash, laid in any of the eight ways, or by some bits of a
 * local. There are several tables, each of other bits, so that a few that differ do no harm; the
 * number of bits grows with the logarithm of what is in the table, so that a bucket holds about as
 * many strangers for any number of pictures.
 *
 * A table is built by counting and holds 4 bytes an entry; only two are there at a time. A local of
 * a mirrored picture has the halves of its bits changed about: so what a table of bits from `o` on
 * holds for it, the table from o + 128 on holds for the picture that is not mirrored. In a crowded
 * bucket an entry is held only against those next to it: of many copies each then meets some. */
#include <stdlib.h>
#include <string.h>

#include "near/private.h"

enum { HASH_TABLES = 16, LOCAL_TABLES = 8, HASH_ALIKE = 10, LOCAL_ALIKE = 40, NEXT = 24 };
enum { LONG_LIST = 1 << 21 };
enum { VOTES = 2 }; /* locals that say the same; the hash says it alone */
enum { MORE = 5 }; /* bits that two locals of a bucket must share besides the bucket's */
enum { HASH_STEP = 1, LOCAL_STEP = 3 }; /* of progress */

struct table {
  int bits;
  size_t count;
  uint32_t *start; /* [2^bits + 1] */
  uint32_t *id;    /* by bucket, rising in each */
};

struct search {
  const struct kz_near_set *set;
  int n, since, bits; /* bits: of a local in a table */
  struct kz__near_list list;
};

bool kz__near_tell(const struct kz_near_host *host, int done) {
  if (host && host->progress) host->progress(host->user, done, 100);
  return host && host->stop && host->stop(host->user);
}

/* ---- the list ---- */

static int by_number(const void *a, const void *b) {
  uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
  return (x > y) - (x < y);
}

/* One item for each pair and way, its votes added up. */
static void tidy(struct kz__near_list *l) {
  size_t kept = 0;
  if (l->count) qsort(l->item, l->count, sizeof *l->item, by_number);
  for (size_t i = 0; i < l->count; i++) {
    uint64_t item = l->item[i], *last = l->item + kept - 1;
    if (!kept || item >> 7 != *last >> 7) l->item[kept++] = item;
    else if ((*last & KZ__NEAR_VOTES) + (item & KZ__NEAR_VOTES) <= KZ__NEAR_VOTES)
      *last += item & KZ__NEAR_VOTES;
    else *last |= KZ__NEAR_VOTES;
  }
  l->count = kept;
}

static void drop_the_few(struct kz__near_list *l) {
  size_t kept = 0;
  for (size_t i = 0; i < l->count; i++)
    if ((l->item[i] & KZ__NEAR_VOTES) >= VOTES) l->item[kept++] = l->item[i];
  l->count = kept;
}

/* Votes for one pair are brought together before room is made. A list of millions forgets those
 * that are alone so far, so that memory is bounded by what is likely. */
static int note(struct search *s, int a, int b, int how, uint64_t votes, struct kz_err *err) {
  struct kz__near_list *l = &s->list;
  if (l->count == l->room) {
    tidy(l);
    if (l->room >= LONG_LIST) drop_the_few(l);
    if (l->count * 4 >= l->room * 3) {
      size_t room = l->room ? l->room * 2 : 1024;
      uint64_t *item = realloc(l->item, room * sizeof *item);
      if (!item) return kz_err_set(err, KZ_ENOMEM, "no memory for %zu possible pairs", room);
      l->item = item;
      l->room = room;
    }
  }
  l->item[l->count++] =
      (a < b ? kz__near_maybe(a, b, how) : kz__near_maybe(b, a, how)) | votes;
  return 0;
}

/* ---- tables ---- */

static int bits_for(size_t count, int more) {
  int bits = 0;
  while (bits < 40 && (size_t)1 << bits < count) bits++;
  bits += more;
  return bits < 8 ? 8 : bits;
}

static int table_init(struct table *t, int bits, size_t count, struct kz_err *err) {
  size_t buckets = ((size_t)1 << bits) + 1;
  *t = (struct table){.bits = bits};
  t->start = malloc(buckets * sizeof *t->start);
  t->id = malloc((count + 1) * sizeof *t->id);
  if (t->start && t->id) return 0;
  return kz_err_set(err, KZ_ENOMEM, "no memory for a table of %zu entries", count);
}

static void table_release(struct table *t) {
  free(t->start);
  free(t->id);
}

static void table_clear(struct table *t) {
  memset(t->start, 0, (((size_t)1 << t->bits) + 1) * sizeof *t->start);
}

/* From counts at start[key + 1] to the first place of each bucket. */
static void table_open(struct table *t) {
  size_t buckets = (size_t)1 << t->bits;
  for (size_t i = 0; i < buckets; i++) t->start[i + 1] += t->start[i];
  t->count = t->start[buckets];
}

/* After filling by id[start[key]++], each start is where the next begins. */
static void table_close(struct table *t) {
  size_t buckets = (size_t)1 << t->bits;
  memmove(t->start + 1, t->start, buckets * sizeof *t->start);
  t->start[0] = 0;
}

/* First place in bucket `key` whose id is `id` or above. */
static uint32_t table_seek(const struct table *t, uint32_t key, uint32_t id) {
  uint32_t lo = t->start[key], hi = t->start[key + 1];
  while (lo < hi) {
    uint32_t mid = lo + (hi - lo) / 2;
    if (t->id[mid] < id) lo = mid + 1;
    else hi = mid;
  }
  return lo;
}

/* ---- by the hash ---- */

static uint64_t hash_of(const struct search *s, int i) {
  return kz__near_set_get(s->set, i)->global;
}

static uint32_t hash_key(uint64_t hash, uint64_t mask, int bits) {
  return (uint32_t)(((hash & mask) * 0x9e3779b97f4a7c15u) >> (64 - bits));
}

static uint64_t scramble(uint64_t x) {
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
  x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
  return x ^ (x >> 31);
}

/* `bits` of bits 1 to 63, others for each table. */
static uint64_t mask_of(int table, int bits) {
  uint64_t mask = 0;
  for (uint64_t i = 0; kz__near_bits(mask) < bits; i++)
    mask |= (uint64_t)1 << (1 + scramble((uint64_t)(table + 1) << 32 | i) % 63);
  return mask;
}

static void hash_fill(const struct search *s, struct table *t, uint64_t mask) {
  table_clear(t);
  for (int i = 0; i < s->n; i++)
    if (hash_of(s, i)) t->start[hash_key(hash_of(s, i), mask, t->bits) + 1]++;
  table_open(t);
  for (int i = 0; i < s->n; i++)
    if (hash_of(s, i)) t->id[t->start[hash_key(hash_of(s, i), mask, t->bits)]++] = (uint32_t)i;
  table_close(t);
}

/* b, laid each way, against those before it. */
static int hash_ask(struct search *s, const struct table *t, uint64_t mask, int b,
                    struct kz_err *err) {
  for (int way = 0; way < KZ__NEAR_WAYS; way++) {
    uint64_t laid = kz__near_hash_laid(hash_of(s, b), way);
    uint32_t key = hash_key(laid, mask, t->bits), at = table_seek(t, key, (uint32_t)b);
    for (int k = 0; k < NEXT && at > t->start[key]; k++) {
      int a = (int)t->id[--at];
      if (kz__near_bits(hash_of(s, a) ^ laid) > HASH_ALIKE) continue;
      int code = note(s, a, b, way, VOTES, err);
      if (code) return code;
    }
  }
  return 0;
}

static int by_hash(struct search *s, const struct kz_near_host *host, struct kz_err *err) {
  struct table t;
  int chosen = bits_for((size_t)s->n, 2);
  int code = table_init(&t, bits_for((size_t)s->n, 0), (size_t)s->n, err);
  if (chosen > 48) chosen = 48;
  for (int i = 0; !code && i < HASH_TABLES; i++) {
    uint64_t mask = mask_of(i, chosen);
    if (kz__near_tell(host, i * HASH_STEP)) code = kz_err_set(err, KZ_EINTR, "stopped");
    if (!code) hash_fill(s, &t, mask);
    for (int b = s->since; !code && b < s->n; b++)
      if (hash_of(s, b)) code = hash_ask(s, &t, mask, b, err);
  }
  table_release(&t);
  return code;
}

/* ---- by locals: number `picture * KZ_NEAR_LOCALS + i` ---- */

static int first_bit(int table) { return table * 128 / LOCAL_TABLES; }

static uint32_t local_key(const uint64_t bits[4], int from, int n) {
  int word = from >> 6 & 3, shift = from & 63;
  uint64_t v = bits[word] >> shift;
  if (shift) v |= bits[(word + 1) & 3] << (64 - shift);
  return (uint32_t)(v & (((uint64_t)1 << n) - 1));
}

static const uint64_t *local_bits(const struct search *s, uint32_t id) {
  return kz__near_set_get(s->set, (int)(id / KZ_NEAR_LOCALS))->bits[id % KZ_NEAR_LOCALS];
}

static int local_angle(const struct search *s, uint32_t id) {
  return kz__near_placed(kz__near_set_get(s->set, (int)(id / KZ_NEAR_LOCALS))
                             ->place[id % KZ_NEAR_LOCALS]).angle;
}

static void local_fill(const struct search *s, struct table *t, int from) {
  table_clear(t);
  for (int i = 0; i < s->n; i++) {
    const struct kz__near_view *v = kz__near_set_get(s->set, i);
    for (int k = 0; k < v->count; k++) t->start[local_key(v->bits[k], from, t->bits) + 1]++;
  }
  table_open(t);
  for (int i = 0; i < s->n; i++) {
    const struct kz__near_view *v = kz__near_set_get(s->set, i);
    for (int k = 0; k < v->count; k++)
      t->id[t->start[local_key(v->bits[k], from, t->bits)]++] =
          (uint32_t)(i * KZ_NEAR_LOCALS + k);
  }
  table_close(t);
}

/* Whether two locals fell together in a table before number `table`: each counts once. */
static bool met_before(const uint64_t x[4], const uint64_t y[4], int table, int bits) {
  for (int i = 0; i < table; i++) {
    int from = first_bit(i);
    if (local_key(x, from, bits) == local_key(y, from, bits)) return true;
    if (local_key(x, from + 128, bits) == local_key(y, from + 128, bits)) return true;
  }
  return false;
}

/* Two that fell together in the tables of number `table`, in the second if `half`. */
static int meet(struct search *s, uint32_t p, uint32_t q, int table, bool half, bool mirror,
                struct kz_err *err) {
  int a = (int)(p / KZ_NEAR_LOCALS), b = (int)(q / KZ_NEAR_LOCALS), other = first_bit(table);
  if (a == b || (a < s->since && b < s->since)) return 0;
  const uint64_t *x = local_bits(s, p), *y = local_bits(s, q);
  const uint64_t turned[4] = {x[2], x[3], x[0], x[1]};
  int from = half ? other + 128 : other;
  if (mirror) x = turned, other += 128;
  if (local_key(x, from, s->bits) != local_key(y, from, s->bits)) return 0;
  if (kz__near_distance(x, y) > LOCAL_ALIKE || met_before(x, y, table, s->bits)) return 0;
  if ((half || (mirror && p > q)) &&
      local_key(x, other, s->bits) == local_key(y, other, s->bits)) return 0;
  int ap = local_angle(s, p), aq = local_angle(s, q);
  int turn = mirror ? ap + aq - 64 : a < b ? ap - aq : aq - ap; /* of b, to lie as a does */
  int how = (mirror ? KZ__NEAR_MIRROR : KZ__NEAR_PLAIN) + (((turn + 8) & 127) >> 4);
  return note(s, a, b, how, 1, err);
}

static int local_join(struct search *s, const struct table *t, int table, bool half,
                      struct kz_err *err) {
  size_t buckets = (size_t)1 << t->bits;
  int code = 0;
  for (size_t key = 0; !code && key < buckets; key++)
    for (uint32_t i = t->start[key] + 1; !code && i < t->start[key + 1]; i++) {
      uint32_t first = t->start[key], from = i - first > NEXT ? i - NEXT : first;
      for (uint32_t k = from; !code && k < i; k++)
        code = meet(s, t->id[k], t->id[i], table, half, false, err);
    }
  return code;
}

/* t: bits from o on; half: from o + 128 on. */
static int mirror_join(struct search *s, const struct table *t, const struct table *half, int table,
                       struct kz_err *err) {
  uint32_t buckets = (uint32_t)1 << t->bits;
  int code = 0;
  for (uint32_t key = 0; !code && key < buckets; key++)
    for (uint32_t i = half->start[key]; !code && i < half->start[key + 1]; i++) {
      uint32_t first = t->start[key], end = t->start[key + 1];
      uint32_t at = table_seek(t, key, half->id[i]);
      uint32_t from = at - first > NEXT / 2 ? at - NEXT / 2 : first;
      uint32_t to = end - at > NEXT / 2 ? at + NEXT / 2 : end;
      for (uint32_t k = from; !code && k < to; k++)
        code = meet(s, half->id[i], t->id[k], table, false, true, err);
    }
  return code;
}

static int by_locals(struct search *s, const struct kz_near_host *host, struct kz_err *err) {
  struct table t = {0}, half = {0};
  size_t locals = 0;
  int code;
  for (int i = 0; i < s->n; i++) locals += (size_t)kz__near_set_get(s->set, i)->count;
  int bits = bits_for(locals, 0);
  s->bits = bits + MORE < 32 ? bits + MORE : 32;
  if ((code = table_init(&t, bits, locals, err))) goto out;
  if ((code = table_init(&half, bits, locals, err))) goto out;
  for (int i = 0; !code && i < LOCAL_TABLES; i++) {
    int from = first_bit(i);
    if (kz__near_tell(host, HASH_TABLES * HASH_STEP + i * LOCAL_STEP)) {
      code = kz_err_set(err, KZ_EINTR, "stopped");
      goto out;
    }
    local_fill(s, &t, from);
    local_fill(s, &half, from + 128);
    if ((code = local_join(s, &t, i, false, err))) goto out;
    if ((code = local_join(s, &half, i, true, err))) goto out;
    code = mirror_join(s, &t, &half, i, err);
  }
out:
  table_release(&t);
  table_release(&half);
  return code;
}

int kz__near_candidates(const struct kz_near_set *set, int since, const struct kz_near_host *host,
                        struct kz__near_list *out, struct kz_err *err) {
  struct search s = {.set = set, .n = kz_near_set_count(set), .since = since < 0 ? 0 : since};
  int code = by_hash(&s, host, err);
  if (!code) code = by_locals(&s, host, err);
  if (code) {
    free(s.list.item);
    return code;
  }
  tidy(&s.list);
  drop_the_few(&s.list);
  *out = s.list;
  return 0;
}
