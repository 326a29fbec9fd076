/* Which pairs are worth a look, without looking at all: those that fall into one bucket of a hash
 * table by some bits of the picture's hash, laid in any of the eight ways, or by some bits of a
 * local. There are several tables, each of other bits, so that a few that differ do no harm; the
 * number of bits grows with the logarithm of what is in the table, so that a bucket holds about as
 * many strangers for any number of pictures.
 *
 * A table is built by counting and holds 4 bytes an entry, and for locals 4 more: the rest of the
 * key, and some other bits. Most that share a bucket differ there, and so their prints, which lie
 * far apart in memory, are left alone. Only two tables are there at a time, and of locals only a
 * part of each, which is one value of the key's lowest bits. A local of a mirrored picture has the
 * halves of its bits changed about: so what a table of bits from `o` on holds for it, the table
 * from o + 128 on holds for the picture that is not mirrored. In a crowded bucket an entry is held
 * only against those next to it, and the fewer the more there are: what many share tells little,
 * and of many copies each still meets some. */
#include <stdlib.h>
#include <string.h>

#include "near/private.h"

enum { HASH_TABLES = 16, LOCAL_TABLES = 8, HASH_ALIKE = 10, LOCAL_ALIKE = 40 };
enum { NEXT = 24, CROWD = 96, CROWD_OF = 20000 }; /* a crowd of so many pictures */
enum { LONG_LIST = 3 << 19 };
enum { VOTES = 2 }; /* locals that say the same; the hash says it alone */
enum { MORE = 5 };      /* bits that two locals of a bucket must share besides the bucket's */
enum { SKETCH = 27, SKETCH_ALIKE = 8, SKETCH_AT = 64 }; /* from the key's first bit on */
enum { PART_BITS = 2 }; /* of the key: parts in which a table of locals is made */
enum { HASH_STEP = 1, LOCAL_STEP = 3 }; /* of progress */

struct table {
  int bits;
  size_t count;
  uint32_t *start; /* [2^bits + 1] */
  uint32_t *id;    /* by bucket, rising in each */
  uint32_t *more;  /* of each id, of locals only: SKETCH other bits, above them the key's rest */
  size_t room;     /* for ids */
};

/* Two locals of one key in the tables of number `table`. */
struct meeting {
  uint32_t p, q;
  int table;
  bool half, mirror; /* in the second table; p is mirrored */
};

enum { AHEAD = 16 };

struct search {
  const struct kz_near_set *set;
  int n, since, bits; /* bits: of a local in a table */
  struct meeting soon[AHEAD];
  unsigned met;
  uint32_t crowd;
  struct kz__near_list list;
};

bool kz__near_tell(const struct kz_near_host *host, int done) {
  if (host && host->progress) host->progress(host->user, done, 100);
  return host && host->stop && host->stop(host->user);
}

/* ---- the list ---- */

enum { DIGIT = 8, FEW = 32 };

static void sort_few(uint64_t *item, size_t n) {
  for (size_t i = 1; i < n; i++) {
    uint64_t x = item[i];
    size_t k = i;
    for (; k && item[k - 1] > x; k--) item[k] = item[k - 1];
    item[k] = x;
  }
}

/* By digits from the highest, each item put where it belongs by turns: no memory but a table. */
static void sort(uint64_t *item, size_t n, int shift) {
  size_t at[1 << DIGIT] = {0}, end[1 << DIGIT];
  const uint64_t mask = (1u << DIGIT) - 1;
  for (size_t i = 0; i < n; i++) at[item[i] >> shift & mask]++;
  for (size_t k = 0, sum = 0; k <= mask; k++) {
    size_t count = at[k];
    at[k] = sum;
    end[k] = sum += count;
  }
  for (size_t k = 0; k <= mask; k++)
    while (at[k] < end[k]) {
      uint64_t x = item[at[k]], home;
      while ((home = x >> shift & mask) != k) {
        uint64_t other = item[at[home]];
        item[at[home]++] = x;
        x = other;
      }
      item[at[k]++] = x;
    }
  for (size_t k = 0, first = 0; shift && k <= mask; first = end[k++]) {
    if (end[k] - first <= FEW) sort_few(item + first, end[k] - first);
    else sort(item + first, end[k] - first, shift - DIGIT);
  }
}

/* One item for each pair and way, its votes added up. */
static void tidy(struct kz__near_list *l) {
  size_t kept = 0;
  sort(l->item, l->count, 64 - DIGIT);
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
      if (l->room < LONG_LIST && room > LONG_LIST) room = LONG_LIST;
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

/* What was in it is lost. */
static int table_room(struct table *t, size_t count, struct kz_err *err) {
  if (count < t->room) return 0;
  free(t->id);
  free(t->more);
  t->room = count + 1;
  t->id = malloc(t->room * sizeof *t->id);
  t->more = malloc(t->room * sizeof *t->more);
  if (t->id && t->more) return 0;
  return kz_err_set(err, KZ_ENOMEM, "no memory for a table of %zu entries", count);
}

static int table_init(struct table *t, int bits, size_t count, struct kz_err *err) {
  size_t buckets = ((size_t)1 << bits) + 1;
  *t = (struct table){.bits = bits};
  t->start = malloc(buckets * sizeof *t->start);
  if (!t->start) return kz_err_set(err, KZ_ENOMEM, "no memory for a table of %zu", buckets);
  return table_room(t, count, err);
}

static void table_release(struct table *t) {
  free(t->start);
  free(t->id);
  free(t->more);
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

static bool in_part(uint32_t key, uint32_t part) {
  return (key & ((1u << PART_BITS) - 1)) == part;
}

/* Whether the prints of two of one bucket, or of a bucket and its mirror, are worth a look. */
static bool alike(uint32_t x, uint32_t y) {
  uint32_t differ = x ^ y;
  return !(differ >> SKETCH) && __builtin_popcount(differ) <= SKETCH_ALIKE;
}

static uint32_t bucket_of(const struct table *t, uint32_t key) {
  return key >> PART_BITS & ((1u << t->bits) - 1);
}

static int local_fill(const struct search *s, struct table *t, int from, uint32_t part,
                      struct kz_err *err) {
  table_clear(t);
  for (int i = 0; i < s->n; i++) {
    const struct kz__near_view *v = kz__near_set_get(s->set, i);
    for (int k = 0; k < v->count; k++) {
      uint32_t key = local_key(v->bits[k], from, s->bits);
      if (in_part(key, part)) t->start[bucket_of(t, key) + 1]++;
    }
  }
  table_open(t);
  int code = table_room(t, t->count, err);
  for (int i = 0; !code && i < s->n; i++) {
    const struct kz__near_view *v = kz__near_set_get(s->set, i);
    for (int k = 0; k < v->count; k++) {
      uint32_t key = local_key(v->bits[k], from, s->bits);
      if (!in_part(key, part)) continue;
      uint32_t at = t->start[bucket_of(t, key)]++;
      t->id[at] = (uint32_t)(i * KZ_NEAR_LOCALS + k);
      t->more[at] = local_key(v->bits[k], from + SKETCH_AT, SKETCH) |
                    key >> (PART_BITS + t->bits) << SKETCH;
    }
  }
  table_close(t);
  return code;
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

static int meet(struct search *s, const struct meeting *m, struct kz_err *err) {
  int a = (int)(m->p / KZ_NEAR_LOCALS), b = (int)(m->q / KZ_NEAR_LOCALS);
  int other = first_bit(m->table) + (m->mirror ? 128 : 0);
  const uint64_t *x = local_bits(s, m->p), *y = local_bits(s, m->q);
  const uint64_t turned[4] = {x[2], x[3], x[0], x[1]};
  if (m->mirror) x = turned;
  if (kz__near_distance(x, y) > LOCAL_ALIKE || met_before(x, y, m->table, s->bits)) return 0;
  if ((m->half || (m->mirror && m->p > m->q)) &&
      local_key(x, other, s->bits) == local_key(y, other, s->bits)) return 0;
  int ap = local_angle(s, m->p), aq = local_angle(s, m->q);
  int turn = m->mirror ? ap + aq - 64 : a < b ? ap - aq : aq - ap; /* of b, to lie as a does */
  int how = (m->mirror ? KZ__NEAR_MIRROR : KZ__NEAR_PLAIN) + (((turn + 8) & 127) >> 4);
  return note(s, a, b, how, 1, err);
}

/* They meet after AHEAD others, when their bits have come from memory. */
static int meet_soon(struct search *s, struct meeting m, struct kz_err *err) {
  uint32_t a = m.p / KZ_NEAR_LOCALS, b = m.q / KZ_NEAR_LOCALS;
  struct meeting *to = &s->soon[s->met % AHEAD];
  if (a == b || (a < (uint32_t)s->since && b < (uint32_t)s->since)) return 0;
  __builtin_prefetch(local_bits(s, m.p));
  __builtin_prefetch(local_bits(s, m.q));
  int code = s->met >= AHEAD ? meet(s, to, err) : 0;
  *to = m;
  s->met++;
  return code;
}

static int meet_rest(struct search *s, struct kz_err *err) {
  int code = 0;
  for (unsigned i = s->met < AHEAD ? 0 : s->met - AHEAD; !code && i < s->met; i++)
    code = meet(s, &s->soon[i % AHEAD], err);
  s->met = 0;
  return code;
}

/* From how many in a bucket on it is crowded. What is common fills a few buckets, and the more of
 * them the larger the set is, while the list of possible pairs has to stay short. */
static uint32_t crowd_of(int n) {
  if (n <= CROWD_OF) return CROWD;
  uint32_t fewer = (uint32_t)((uint64_t)CROWD * CROWD_OF / (uint64_t)n);
  return fewer > NEXT ? fewer : NEXT;
}

/* How many of a bucket of locals one of them meets on one side. */
static uint32_t window(const struct search *s, uint32_t in_bucket) {
  uint32_t fewer = NEXT * s->crowd / (in_bucket + 1);
  return in_bucket < s->crowd ? NEXT : fewer > 2 ? fewer : 2;
}

static int local_join(struct search *s, const struct table *t, int table, bool half,
                      struct kz_err *err) {
  size_t buckets = (size_t)1 << t->bits;
  int code = 0;
  for (size_t key = 0; !code && key < buckets; key++)
    for (uint32_t i = t->start[key] + 1; !code && i < t->start[key + 1]; i++) {
      uint32_t first = t->start[key], next = window(s, t->start[key + 1] - first);
      uint32_t from = i - first > next ? i - next : first;
      for (uint32_t k = from; !code && k < i; k++)
        if (alike(t->more[k], t->more[i]))
          code = meet_soon(s, (struct meeting){t->id[k], t->id[i], table, half, false}, err);
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
      uint32_t next = window(s, end - first) / 2;
      uint32_t from = at - first > next ? at - next : first;
      uint32_t to = end - at > next ? at + next : end;
      for (uint32_t k = from; !code && k < to; k++)
        if (alike(t->more[k], half->more[i]))
          code = meet_soon(s, (struct meeting){half->id[i], t->id[k], table, false, true}, err);
    }
  return code;
}

static int join(struct search *s, struct table *t, struct table *half, int table, uint32_t part,
                struct kz_err *err) {
  int from = first_bit(table);
  int code = local_fill(s, t, from, part, err);
  if (!code) code = local_fill(s, half, from + 128, part, err);
  if (!code) code = local_join(s, t, table, false, err);
  if (!code) code = local_join(s, half, table, true, err);
  if (!code) code = mirror_join(s, t, half, table, err);
  if (!code) code = meet_rest(s, err);
  return code;
}

static int by_locals(struct search *s, const struct kz_near_host *host, struct kz_err *err) {
  struct table t = {0}, half = {0};
  size_t locals = 0;
  s->crowd = crowd_of(s->n);
  for (int i = 0; i < s->n; i++) locals += (size_t)kz__near_set_get(s->set, i)->count;
  int bits = bits_for(locals, 0) - PART_BITS;
  s->bits = bits + PART_BITS + MORE < 32 ? bits + PART_BITS + MORE : 32;
  int code = table_init(&t, bits, locals >> PART_BITS, err);
  if (!code) code = table_init(&half, bits, locals >> PART_BITS, err);
  for (int i = 0; !code && i < LOCAL_TABLES; i++) {
    if (kz__near_tell(host, HASH_TABLES * HASH_STEP + i * LOCAL_STEP))
      code = kz_err_set(err, KZ_EINTR, "stopped");
    for (uint32_t part = 0; !code && part < 1u << PART_BITS; part++)
      code = join(s, &t, &half, i, part, err);
  }
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
