/* Prints of synthetic paintings: found again through every known change, with the right kind and
 * transform; not found where there is nothing; packed and read back; the same every time. */
#include "near_fixture.h"

enum { W = 420, H = 340 };

struct change {
  const char *name;
  int w, h;
  float m[6]; /* px of the changed picture to px of the first */
  enum kz_near_kind kind;
  float overlap;
};

static const struct change changes[] = {
    {"noise", W, H, {1, 0, 0, 0, 1, 0}, KZ_NEAR_REENCODED, 1},
    {"half", W / 2, H / 2, {2, 0, 0, 0, 2, 0}, KZ_NEAR_RESIZED, 1},
    {"enlarged", 630, 510, {W / 630.0f, 0, 0, 0, H / 510.0f, 0}, KZ_NEAR_RESIZED, 1},
    {"quarter turn", H, W, {0, 1, 0, -1, 0, H}, KZ_NEAR_TURNED, 1},
    {"half turn", W, H, {-1, 0, W, 0, -1, H}, KZ_NEAR_TURNED, 1},
    {"mirrored", W, H, {-1, 0, W, 0, 1, 0}, KZ_NEAR_MIRRORED, 1},
    {"upside down", W, H, {1, 0, 0, 0, -1, H}, KZ_NEAR_MIRRORED, 1},
    {"transposed", H, W, {0, 1, 0, 1, 0, 0}, KZ_NEAR_MIRRORED, 1},
    {"cropped to 64 %", 336, 272, {1, 0, 30, 0, 1, 50}, KZ_NEAR_CROPPED, 0.64f},
    {"cropped, mirrored", 336, 272, {-1, 0, 366, 0, 1, 20}, KZ_NEAR_CROPPED, 0.64f},
    {"cropped, turned by 5 degrees", 340, 270, {0.9962f, -0.0872f, 50, 0.0872f, 0.9962f, 15},
     KZ_NEAR_CROPPED, 0.643f},
};

static struct kz_near_print changed(const struct change *c, uint64_t seed) {
  struct picture a = picture_painted(W, H, seed), b = picture_through(&a, c->w, c->h, c->m);
  picture_noise(&b, 6, seed + 1);
  free(a.rgb);
  return print_of(b);
}

/* Corners of b land within `most` px of where they should. */
static void assert_transform(const struct change *c, const float t[6], float most) {
  for (int i = 0; i < 4; i++) {
    float x = i & 1 ? (float)c->w : 0, y = i & 2 ? (float)c->h : 0;
    float dx = (t[0] - c->m[0]) * x + (t[1] - c->m[1]) * y + t[2] - c->m[2];
    float dy = (t[3] - c->m[3]) * x + (t[4] - c->m[4]) * y + t[5] - c->m[5];
    if (!(hypotf(dx, dy) <= most))
      fail_msg("%s: corner %d is off by %g, %g px", c->name, i, (double)dx, (double)dy);
  }
}

static void test_changes(void **state) {
  (void)state;
  for (uint64_t seed = 1; seed <= 3; seed++) {
    struct kz_near_print a = print_of(picture_painted(W, H, seed));
    for (size_t i = 0; i < sizeof changes / sizeof *changes; i++) {
      const struct change *c = &changes[i];
      struct kz_near_print b = changed(c, seed);
      struct kz_near_pair pair;
      if (!kz_near_compare(&a, &b, &pair)) fail_msg("%s is not found", c->name);
      if (pair.kind != c->kind)
        fail_msg("%s is taken for %s", c->name, kz_near_kind_names[pair.kind]);
      if (fabsf(pair.overlap - c->overlap) > 0.06f)
        fail_msg("%s overlaps by %g", c->name, (double)pair.overlap);
      assert_true(pair.correlation > 0.8f && pair.locals >= 5);
      assert_transform(c, pair.transform, 8);
    }
  }
}

static void test_overlapping_views(void **state) {
  (void)state;
  for (uint64_t seed = 1; seed <= 4; seed++) {
    struct picture whole = picture_painted(600, 400, seed);
    static const float left[6] = {1, 0, 0, 0, 1, 0}, right[6] = {1, 0, 200, 0, 1, 0};
    struct kz_near_print a = print_of(picture_through(&whole, 400, 400, left));
    struct kz_near_print b = print_of(picture_through(&whole, 400, 400, right));
    struct kz_near_pair pair;
    free(whole.rgb);
    assert_true(kz_near_compare(&a, &b, &pair));
    assert_int_equal(pair.kind, KZ_NEAR_OVERLAP);
    assert_true(fabsf(pair.overlap - 1 / 3.0f) < 0.05f);
    assert_true(fabsf(pair.transform[2] - 200) < 8 && fabsf(pair.transform[5]) < 8);
  }
}

static void test_same(void **state) {
  (void)state;
  struct kz_near_print a = print_of(picture_painted(W, H, 5));
  struct kz_near_print b = print_of(picture_painted(W, H, 5));
  struct kz_near_pair pair;
  assert_memory_equal(&a, &b, sizeof a);
  assert_true(kz_near_compare(&a, &b, &pair));
  assert_int_equal(pair.kind, KZ_NEAR_SAME);
  assert_true(pair.overlap == 1 && pair.correlation > 0.9999f);
}

static void test_unrelated(void **state) {
  (void)state;
  enum { N = 24 };
  static struct kz_near_print p[N];
  for (int i = 0; i < N; i++) p[i] = print_of(picture_painted(300, 260, 100 + (uint64_t)i));
  for (int i = 0; i < N; i++)
    for (int j = 0; j < i; j++) {
      struct kz_near_pair pair;
      if (kz_near_compare(&p[i], &p[j], &pair)) fail_msg("%d and %d are taken for one", i, j);
    }
}

/* The same coarse composition, with other details on it: another hand. */
static void test_another_hand(void **state) {
  (void)state;
  struct picture p[2];
  for (int k = 0; k < 2; k++) {
    p[k] = picture_new(400, 400);
    for (int i = 0; i < 400 * 400; i++) {
      int dx = i % 400 - 200, dy = i / 400 - 200;
      memset(p[k].rgb + 3 * i, dx * dx + 2 * dy * dy < 30000 ? 190 : 70, 3);
    }
    struct kz_rng rng;
    kz_rng_init(&rng, 40 + (uint64_t)k);
    for (int i = 0; i < 120; i++) {
      struct picture small = {400, 400, p[k].rgb};
      dab(&small, &rng);
    }
  }
  struct kz_near_print a = print_of(p[0]), b = print_of(p[1]);
  struct kz_near_pair pair;
  assert_false(kz_near_compare(&a, &b, &pair));
}

static void test_nothing_to_see(void **state) {
  (void)state;
  static const int sizes[][2] = {{1, 1}, {1, 700}, {700, 1}, {3, 1000}, {1000, 3}, {2, 2}, {31, 33},
                                 {300, 200}, {1500, 40}};
  struct kz_near_print p[9];
  struct kz_near_pair pair;
  for (int i = 0; i < 9; i++) {
    p[i] = print_of(picture_flat(sizes[i][0], sizes[i][1], 128));
    assert_int_equal(p[i].count, 0);
    assert_true(p[i].global == 0);
    assert_int_equal(p[i].width, sizes[i][0]);
    for (int j = 0; j < i; j++) assert_false(kz_near_compare(&p[i], &p[j], &pair));
    assert_false(kz_near_compare(&p[i], &p[i], &pair));
  }
}

static void test_odd_sizes(void **state) {
  (void)state;
  static const int sizes[][2] = {{1, 1}, {1, 700}, {3, 1000}, {1000, 3}, {5, 4}, {33, 31},
                                 {64, 900}, {2500, 1800}, {250, 257}};
  for (int i = 0; i < 9; i++) {
    struct picture p = picture_flat(sizes[i][0], sizes[i][1], 0);
    picture_noise(&p, 255, 9);
    struct kz_near_print print = print_of(p);
    assert_in_range(print.count, 0, KZ_NEAR_LOCALS);
    for (int k = 0; k < print.count; k++) {
      const struct kz_near_local *l = &print.local[k];
      assert_true(l->x < 2048 && l->y < 2048 && l->scale < 8 && l->angle < 128);
    }
    for (int k = 0; k < KZ_NEAR_THUMB * KZ_NEAR_THUMB; k++) assert_in_range(print.thumb[k], 0, 15);
  }
}

static void test_packing(void **state) {
  (void)state;
  struct kz_near_print a = print_of(picture_painted(W, H, 6)), b;
  uint8_t bytes[KZ_NEAR_PACKED];
  struct kz_err err = {0};
  size_t n = kz_near_pack(&a, bytes);
  assert_int_equal(n, KZ_NEAR_HEAD + 512 + a.count * 36);
  assert_int_equal(kz_near_unpack(bytes, n, &b, &err), 0);
  assert_int_equal(err.code, 0);
  assert_memory_equal(&a, &b, sizeof a);
  for (size_t cut = 0; cut < n; cut++) {
    uint8_t *part = malloc(cut + 1); /* a read past `cut` + 1 is seen */
    assert_non_null(part);
    memcpy(part, bytes, cut);
    assert_int_equal(kz_near_unpack(part, cut, &b, NULL), KZ_EFORMAT);
    free(part);
  }
  bytes[2]++;
  assert_int_equal(kz_near_unpack(bytes, n, &b, &err), KZ_EFORMAT);
  assert_non_null(strstr(err.msg, "version"));
  bytes[2]--;
  memset(bytes + 4, 0, 4);
  assert_int_equal(kz_near_unpack(bytes, n, &b, &err), KZ_EFORMAT);
  struct kz_near_print flat = print_of(picture_flat(9, 9, 3));
  n = kz_near_pack(&flat, bytes);
  assert_int_equal(kz_near_unpack(bytes, n, &b, &err), 0);
  assert_memory_equal(&flat, &b, sizeof b);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_changes),      cmocka_unit_test(test_overlapping_views),
      cmocka_unit_test(test_same),         cmocka_unit_test(test_unrelated),
      cmocka_unit_test(test_another_hand), cmocka_unit_test(test_nothing_to_see),
      cmocka_unit_test(test_odd_sizes),    cmocka_unit_test(test_packing),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
