/* Search in a set: all planted pairs, none between strangers, turned and mirrored too; many copies
 * are all linked; what is new only; stopping; groups, and which picture of each stays. */
#include "near_fixture.h"

enum { ORIGINALS = 30, W = 320, H = 280 };

static const float ways[][6] = {{1, 0, 0, 0, 1, 0},  {0, 1, 0, -1, 0, H}, {-1, 0, W, 0, 1, 0},
                                {1, 0, 40, 0, 1, 20}, {0, 1, 30, 1, 0, 30}};
static const int sizes[][2] = {{W, H}, {H, W}, {W, H}, {260, 230}, {230, 260}};
static const enum kz_near_kind kinds[] = {KZ_NEAR_REENCODED, KZ_NEAR_TURNED, KZ_NEAR_MIRRORED,
                                          KZ_NEAR_CROPPED, KZ_NEAR_CROPPED};

static void add(struct kz_near_set *s, struct picture p) {
  struct kz_near_print print = print_of(p);
  uint8_t bytes[KZ_NEAR_PACKED];
  size_t n = kz_near_pack(&print, bytes);
  assert_int_equal(kz_near_set_add_packed(s, bytes, n, NULL), 0);
}

/* Picture 0 .. ORIGINALS - 1, then one changed copy of each. */
static struct kz_near_set *planted(void) {
  struct kz_near_set *s = NULL;
  assert_int_equal(kz_near_set_new(&s, NULL), 0);
  for (int i = 0; i < ORIGINALS; i++) add(s, picture_painted(W, H, 500 + (uint64_t)i));
  for (int i = 0; i < ORIGINALS; i++) {
    struct picture a = picture_painted(W, H, 500 + (uint64_t)i);
    struct picture b = picture_through(&a, sizes[i % 5][0], sizes[i % 5][1], ways[i % 5]);
    picture_noise(&b, 5, (uint64_t)i);
    free(a.rgb);
    add(s, b);
  }
  return s;
}

static void test_planted_pairs(void **state) {
  (void)state;
  struct kz_near_set *s = planted();
  struct kz_near_pairs p, again;
  assert_int_equal(kz_near_set_count(s), 2 * ORIGINALS);
  assert_true(kz_near_set_bytes(s) < 2200 * 2 * ORIGINALS + 4096);
  assert_int_equal(kz_near_search(s, 0, NULL, &p, NULL), 0);
  assert_int_equal(p.count, ORIGINALS);
  for (int i = 0; i < p.count; i++) {
    assert_int_equal(p.pair[i].a, i);
    assert_int_equal(p.pair[i].b, ORIGINALS + i);
    assert_int_equal(p.pair[i].kind, kinds[i % 5]);
  }
  assert_int_equal(kz_near_search(s, 0, NULL, &again, NULL), 0);
  assert_int_equal(again.count, p.count);
  assert_memory_equal(again.pair, p.pair, (size_t)p.count * sizeof *p.pair);
  kz_near_pairs_release(&again);
  kz_near_pairs_release(&p);
  assert_int_equal(kz_near_search(s, ORIGINALS + 10, NULL, &p, NULL), 0);
  assert_int_equal(p.count, ORIGINALS - 10);
  assert_int_equal(p.pair[0].a, 10);
  kz_near_pairs_release(&p);
  kz_near_set_free(s);
}

static void test_many_copies_are_linked(void **state) {
  (void)state;
  enum { COPIES = 150 };
  struct kz_near_set *s = NULL;
  struct kz_near_pairs p;
  double quality[COPIES];
  int group[COPIES];
  assert_int_equal(kz_near_set_new(&s, NULL), 0);
  for (int i = 0; i < COPIES; i++) {
    struct picture a = picture_painted(160, 160, 77);
    picture_noise(&a, 3, (uint64_t)i);
    add(s, a);
    quality[i] = i == 91 ? 2 : 1;
  }
  assert_int_equal(kz_near_search(s, 0, NULL, &p, NULL), 0);
  assert_true(p.count >= COPIES - 1);
  assert_int_equal(kz_near_groups(&p, ~0u, COPIES, quality, group, NULL), 0);
  for (int i = 0; i < COPIES; i++) assert_int_equal(group[i], 91);
  kz_near_pairs_release(&p);
  kz_near_set_free(s);
}

static void test_empty_and_flat(void **state) {
  (void)state;
  struct kz_near_set *s = NULL;
  struct kz_near_pairs p;
  assert_int_equal(kz_near_set_new(&s, NULL), 0);
  assert_int_equal(kz_near_search(s, 0, NULL, &p, NULL), 0);
  assert_int_equal(p.count, 0);
  for (int i = 0; i < 40; i++) add(s, picture_flat(100, 100, 6 * i));
  assert_int_equal(kz_near_search(s, 0, NULL, &p, NULL), 0);
  assert_int_equal(p.count, 0);
  kz_near_pairs_release(&p);
  assert_int_equal(kz_near_set_add_packed(s, "no print", 8, NULL), KZ_EFORMAT);
  assert_int_equal(kz_near_set_count(s), 40);
  kz_near_set_free(s);
}

struct told {
  int last, calls, stop_at;
};

static void progress(void *user, int done, int total) {
  struct told *t = user;
  assert_int_equal(total, 100);
  assert_in_range(done, t->last, total);
  t->last = done;
  t->calls++;
}

static bool stop(void *user) {
  struct told *t = user;
  return t->calls >= t->stop_at;
}

static void test_host(void **state) {
  (void)state;
  struct kz_near_set *s = planted();
  struct told t = {0, 0, 1000};
  struct kz_near_host host = {&t, stop, progress};
  struct kz_near_pairs p = {0};
  assert_int_equal(kz_near_search(s, 0, &host, &p, NULL), 0);
  assert_int_equal(t.last, 100);
  int calls = t.calls;
  kz_near_pairs_release(&p);
  for (int at = 1; at < calls; at += 6) {
    t = (struct told){0, 0, at};
    assert_int_equal(kz_near_search(s, 0, &host, &p, NULL), KZ_EINTR);
    assert_null(p.pair);
    assert_int_equal(t.calls, at);
  }
  kz_near_set_free(s);
}

static void test_groups(void **state) {
  (void)state;
  struct kz_near_pair pair[] = {{.a = 0, .b = 3, .kind = KZ_NEAR_SAME},
                                {.a = 1, .b = 2, .kind = KZ_NEAR_OVERLAP},
                                {.a = 3, .b = 5, .kind = KZ_NEAR_CROPPED}};
  const struct kz_near_pairs p = {pair, 3};
  const double quality[6] = {1, 4, 4, 2, 0, 1.5};
  int group[6];
  assert_int_equal(kz_near_groups(&p, ~0u, 6, quality, group, NULL), 0);
  static const int all[6] = {3, 1, 1, 3, 4, 3}, most[6] = {3, 1, 2, 3, 4, 3};
  assert_memory_equal(group, all, sizeof all);
  assert_int_equal(kz_near_groups(&p, ~(1u << KZ_NEAR_OVERLAP), 6, quality, group, NULL), 0);
  assert_memory_equal(group, most, sizeof most);
  assert_int_equal(kz_near_groups(&p, ~0u, 5, quality, group, NULL), KZ_ERANGE);
}

static struct kz_near_pair seen(int a, int b, enum kz_near_kind kind, float of_a, float of_b) {
  return (struct kz_near_pair){.a = a, .b = b, .kind = kind, .of_a = of_a, .of_b = of_b};
}

/* Six views along a wall, each sharing 60 % with the next; 6 is a copy of 2, and the better. */
static void test_stays_along_a_wall(void **state) {
  (void)state;
  const double quality[7] = {1, 9, 4, 2, 8, 3, 7};
  struct kz_near_pair pair[6];
  for (int i = 0; i < 5; i++) pair[i] = seen(i, i + 1, KZ_NEAR_OVERLAP, 0.6f, 0.55f);
  pair[5] = seen(2, 6, KZ_NEAR_MIRRORED, 1, 1);
  const struct kz_near_pairs p = {pair, 6};
  static const int most[7] = {1, 1, 1, 4, 4, 4, 1}, none[7] = {0, 1, 6, 3, 4, 5, 6};
  int stays[7];
  assert_int_equal(kz_near_stays(&p, 0.5, 7, quality, stays, NULL), 0);
  assert_memory_equal(stays, most, sizeof most);
  assert_int_equal(kz_near_stays(&p, 0.6001, 7, quality, stays, NULL), 0);
  assert_memory_equal(stays, none, sizeof none);
  assert_int_equal(kz_near_stays(&p, 0.5, 6, quality, stays, NULL), KZ_ERANGE);
}

/* 1 is a part of 0, 2 of 1, though of 0 and 2 no pair was found; 3 is not all within 1; 4 shows 1
 * and more, but is worse than 0. The same in any order of the pairs. */
static void test_stays_of_parts(void **state) {
  (void)state;
  const double quality[5] = {9, 5, 1, 2, 3};
  struct kz_near_pair pair[4] = {
      seen(0, 1, KZ_NEAR_CROPPED, 0.5f, 1), seen(1, 2, KZ_NEAR_CROPPED, 0.4f, 0.97f),
      seen(1, 3, KZ_NEAR_OVERLAP, 0.7f, 0.7f), seen(1, 4, KZ_NEAR_CROPPED, 1, 0.2f)};
  const struct kz_near_pairs p = {pair, 4};
  static const int want[5] = {0, 0, 0, 3, 4};
  int stays[5];
  for (int round = 0; round < 4; round++) {
    assert_int_equal(kz_near_stays(&p, 1, 5, quality, stays, NULL), 0);
    assert_memory_equal(stays, want, sizeof want);
    struct kz_near_pair first = pair[0];
    memmove(pair, pair + 1, sizeof pair - sizeof *pair);
    pair[3] = first;
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_planted_pairs), cmocka_unit_test(test_many_copies_are_linked),
      cmocka_unit_test(test_empty_and_flat), cmocka_unit_test(test_host),
      cmocka_unit_test(test_groups), cmocka_unit_test(test_stays_along_a_wall),
      cmocka_unit_test(test_stays_of_parts),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
