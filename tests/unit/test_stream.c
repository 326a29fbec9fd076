/* The stream of crops: what it gives depends on seed, index and images alone, not on threads, the
 * cache, or where one begins; and what cannot be read is named and left aside. */
#include <dirent.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include <kizil/data.h>
#include <kizil/image.h>

#include "base/file.h"
#include "dataset/list.h"

static char root[256]; /* one temporary folder for all tests */

/* ---- pictures ---- */

static char *path_in(const char *folder, const char *name) {
  static char path[4][1024];
  static int turn;
  char *to = path[turn++ % 4];
  snprintf(to, sizeof path[0], "%s/%s/%s", root, folder, name);
  return to;
}

static const char *folder_of(const char *folder) {
  static char path[4][1024];
  static int turn;
  char *to = path[turn++ % 4];
  snprintf(to, sizeof path[0], "%s/%s", root, folder);
  return to;
}

/* A ramp with a chequered pattern, told apart from others by `tint`. */
static void make_picture(const char *path, int width, int height, int tint) {
  struct kz_pixels p;
  struct kz_err err;
  assert_int_equal(kz_pixels_init(&p, width, height, 3, &err), 0);
  for (int y = 0; y < height; y++)
    for (int x = 0; x < width; x++) {
      uint8_t *to = p.data + 3 * ((size_t)y * (size_t)width + (size_t)x);
      to[0] = (uint8_t)(x * 200 / width + tint);
      to[1] = (uint8_t)(y * 200 / height + ((x / 8 + y / 8) & 1) * 30);
      to[2] = (uint8_t)(tint * 5);
    }
  assert_int_equal(kz_pixels_save(&p, path, &err), 0);
  kz_pixels_release(&p);
}

static void write_text(const char *path, const char *text) {
  FILE *f = fopen(path, "wb");
  assert_non_null(f);
  assert_true(fputs(text, f) >= 0);
  assert_int_equal(fclose(f), 0);
}

/* "main": twelve pictures of four groups and their own, in two folders. */
static void make_main(void) {
  static const char *const names[] = {
      "a-0001-cave1.png", "a-0002-cave1.png", "a-0003-cave2.png", "b-0004-cave2.png",
      "b-0005-cave3.png", "b-0006-cave3.png", "b-0007-cave4.png", "sub/b-0008-cave4.png",
      "sub/plain.png",    "sub/other.PNG",    "sub/third.jpg",    "zeta.tif"};
  struct kz_err err;
  assert_int_equal(kz_mkdirs(folder_of("main/sub"), &err), 0);
  for (int i = 0; i < 12; i++)
    make_picture(path_in("main", names[i]), 260 + 13 * i, 300 - 3 * i, 4 * i);
}

static int remove_tree(const char *path) {
  DIR *dir = opendir(path);
  for (struct dirent *e; dir && (e = readdir(dir));) {
    char child[2048];
    struct stat st;
    if (!strcmp(e->d_name, ".") || !strcmp(e->d_name, "..")) continue;
    snprintf(child, sizeof child, "%s/%s", path, e->d_name);
    if (!lstat(child, &st) && S_ISDIR(st.st_mode)) remove_tree(child);
    else unlink(child);
  }
  if (dir) closedir(dir);
  return rmdir(path);
}

static int set_up(void **state) {
  (void)state;
  struct kz_err err;
  const char *place = getenv("TMPDIR");
  snprintf(root, sizeof root, "%s/kizil-stream-XXXXXX", place ? place : "/tmp");
  if (!mkdtemp(root) || kz_image_startup("test_stream", 1, &err)) return -1;
  make_main();
  return 0;
}

static int tear_down(void **state) {
  (void)state;
  kz_image_shutdown();
  return remove_tree(root);
}

/* ---- helpers ---- */

static struct kz_stream_options options(const char *folder) {
  struct kz_stream_options o;
  kz_stream_options_defaults(&o);
  o.images = folder_of(folder);
  o.held_out = 0;
  o.seed = 7;
  return o;
}

static struct kz_stream *open_stream(const struct kz_stream_options *o) {
  struct kz_stream *s = NULL;
  struct kz_err err = {0};
  int code = kz_stream_open(o, &s, &err);
  if (code) print_error("%s\n", err.msg);
  assert_int_equal(code, 0);
  return s;
}

static struct kz_batch next(struct kz_stream *s, int64_t index, int count, int size) {
  struct kz_batch b = {0};
  struct kz_err err = {0};
  int code = kz_stream_next(s, index, count, size, &b, &err);
  if (code) print_error("%s\n", err.msg);
  assert_int_equal(code, 0);
  assert_int_equal(b.count, count);
  assert_int_equal(b.size, size);
  return b;
}

static uint64_t hash(const uint8_t *data, size_t length, uint64_t h) {
  for (size_t i = 0; i < length; i++) h = (h ^ data[i]) * 0x100000001b3u;
  return h;
}

static uint64_t batch_hash(const struct kz_batch *b) {
  size_t area = (size_t)b->count * (size_t)b->size * (size_t)b->size;
  return hash(b->mask, area, hash(b->rgb, 3 * area, 0xcbf29ce484222325u));
}

enum { BATCHES = 5 };

static void hash_run(const struct kz_stream_options *o, uint64_t to[BATCHES]) {
  struct kz_stream *s = open_stream(o);
  for (int i = 0; i < BATCHES; i++) {
    struct kz_batch b = next(s, i, 6, 64);
    to[i] = batch_hash(&b);
  }
  kz_stream_close(s);
}

static void expect_open_error(const struct kz_stream_options *o, int code, const char *words) {
  struct kz_stream *s = NULL;
  struct kz_err err = {0};
  assert_int_equal(kz_stream_open(o, &s, &err), code);
  assert_null(s);
  if (!strstr(err.msg, words)) fail_msg("'%s' does not say '%s'", err.msg, words);
}

/* ---- determinism ---- */

static void same_bytes_for_any_threads(void **state) {
  (void)state;
  struct kz_stream_options o = options("main");
  uint64_t one[BATCHES], many[BATCHES];
  hash_run(&o, one);
  o.threads = 4;
  hash_run(&o, many);
  assert_memory_equal(one, many, sizeof one);
}

static void same_bytes_with_a_tiny_cache(void **state) {
  (void)state;
  struct kz_stream_options o = options("main");
  uint64_t roomy[BATCHES], tiny[BATCHES];
  hash_run(&o, roomy);
  o.cache_bytes = 1;
  hash_run(&o, tiny);
  assert_memory_equal(roomy, tiny, sizeof roomy);
  o.threads = 3;
  o.cache_bytes = 600000; /* about two pictures */
  hash_run(&o, tiny);
  assert_memory_equal(roomy, tiny, sizeof roomy);
}

static void same_bytes_from_any_start(void **state) {
  (void)state;
  struct kz_stream_options o = options("main");
  uint64_t all[BATCHES];
  hash_run(&o, all);
  static const int order[] = {3, 4, 0, 0, 2, 1, 4};
  struct kz_stream *s = open_stream(&o);
  for (size_t i = 0; i < sizeof order / sizeof *order; i++) {
    struct kz_batch b = next(s, order[i], 6, 64);
    assert_true(batch_hash(&b) == all[order[i]]);
  }
  next(s, 5, 3, 128); /* another shape in between leaves no trace */
  next(s, 6, 2, 300);
  struct kz_batch b = next(s, 2, 6, 64);
  assert_true(batch_hash(&b) == all[2]);
  kz_stream_close(s);
}

static void batches_and_seeds_differ(void **state) {
  (void)state;
  struct kz_stream_options o = options("main");
  uint64_t a[BATCHES], b[BATCHES];
  hash_run(&o, a);
  o.seed = 8;
  hash_run(&o, b);
  for (int i = 0; i < BATCHES; i++) {
    for (int j = 0; j < BATCHES; j++) assert_true(a[i] != b[j]);
    for (int j = 0; j < i; j++) assert_true(a[i] != a[j]);
  }
}

static void masks_are_neither_empty_nor_full(void **state) {
  (void)state;
  static const int sizes[] = {32, 64, 128, 256};
  struct kz_stream_options o = options("main");
  struct kz_stream *s = open_stream(&o);
  for (int k = 0; k < 4; k++)
    for (int i = 0; i < 8; i++) {
      struct kz_batch b = next(s, i, 4, sizes[k]);
      size_t area = (size_t)b.size * (size_t)b.size;
      for (int c = 0; c < b.count; c++) {
        const uint8_t *mask = b.mask + (size_t)c * area;
        size_t damaged = 0;
        for (size_t p = 0; p < area; p++) {
          assert_true(mask[p] == 0 || mask[p] == 255);
          damaged += mask[p] == 255;
        }
        assert_true(damaged > 0 && damaged < area);
      }
    }
  assert_true(kz_stream_waited(s) > 0);
  kz_stream_close(s);
}

/* ---- the split ---- */

static void neighbours_fall_on_one_side(void **state) {
  (void)state;
  double cave = kz__split_rank("apsara-0001-northern-liang-cave272.jpg");
  assert_true(cave >= 0 && cave < 1);
  assert_true(cave == kz__split_rank("else/where-0999-cave272.png"));
  assert_true(cave != kz__split_rank("apsara-0001-northern-liang-cave275.jpg"));
  assert_true(kz__split_rank("scene-0001-mural.jpg") != kz__split_rank("scene-0002-mural.jpg"));
  assert_true(kz__split_rank("photo-0001.jpg") != kz__split_rank("other-0001.jpg"));
  assert_true(kz__split_rank("a/scene.jpg") != kz__split_rank("b/scene.jpg"));
  assert_true(kz__split_rank("scene.jpg") == kz__split_rank("scene.png"));
  assert_true(kz__split_rank("x-.jpg") != kz__split_rank("y-.jpg"));
}

static int count_below(const struct kz__list *list, double share) {
  int n = 0;
  for (int i = 0; i < list->count; i++) n += kz__split_rank(list->items[i].name) < share;
  return n;
}

static void held_out_and_training_are_disjoint(void **state) {
  (void)state;
  struct kz__list all = {0};
  struct kz__log log;
  struct kz_err err;
  assert_int_equal(kz__log_init(&log, &err), 0);
  assert_int_equal(kz__list_walk(&all, folder_of("main"), &log, &err), 0);
  assert_int_equal(all.count, 12);
  for (int i = 1; i < all.count; i++)
    assert_true(strcmp(all.items[i - 1].name, all.items[i].name) < 0);
  struct kz_stream_options o = options("main");
  o.held_out = 0.5;
  int expected = count_below(&all, 0.5), found;
  assert_true(expected > 0 && expected < 12);
  struct kz_stream *training = open_stream(&o);
  o.held_out_only = 1;
  struct kz_stream *held_out = open_stream(&o);
  assert_int_equal(kz_stream_images(held_out, &found), expected);
  assert_int_equal(found, expected);
  assert_int_equal(kz_stream_images(training, &found), 12 - expected);
  struct kz__list kept = {0};
  assert_int_equal(kz__list_walk(&kept, folder_of("main"), &log, &err), 0);
  kz__list_split(&kept, 0.5, 1);
  assert_int_equal(kept.count, expected);
  assert_int_equal(count_below(&kept, 0.5), expected);
  kz__list_release(&kept);
  kz__list_release(&all);
  kz__log_release(&log);
  kz_stream_close(training);
  kz_stream_close(held_out);
}

/* Held-out crops are pieces of the picture as it is: found again in it, pixel for pixel. */
static void held_out_crops_are_plain(void **state) {
  (void)state;
  struct kz_err err;
  assert_int_equal(kz_mkdirs(folder_of("plain"), &err), 0);
  make_picture(path_in("plain", "one.png"), 400, 300, 9);
  struct kz_pixels p;
  assert_int_equal(kz_pixels_load(path_in("plain", "one.png"), 440, 256, &p, &err), 0);
  struct kz_stream_options o = options("plain");
  o.held_out = 0.999;
  o.held_out_only = 1;
  struct kz_stream *s = open_stream(&o);
  struct kz_batch b = next(s, 0, 3, 128);
  for (int c = 0; c < 3; c++) {
    const uint8_t *crop = b.rgb + (size_t)c * 128 * 128 * 3;
    int found = 0;
    for (int y = 0; y <= p.height - 128 && !found; y++)
      for (int x = 0; x <= p.width - 128 && !found; x++) {
        found = 1;
        for (int r = 0; r < 128 && found; r++)
          found = !memcmp(crop + r * 384, p.data + 3 * ((y + r) * p.width + x), 384);
      }
    assert_true(found);
  }
  kz_pixels_release(&p);
  kz_stream_close(s);
}

/* ---- what is left aside ---- */

static void unreadable_files_are_named(void **state) {
  (void)state;
  struct kz_err err;
  int found;
  assert_int_equal(kz_mkdirs(folder_of("broken/deep"), &err), 0);
  make_picture(path_in("broken", "good.png"), 300, 280, 3);
  make_picture(path_in("broken", "cut.png"), 300, 280, 3);
  make_picture(path_in("broken", "tiny.png"), 20, 300, 3);
  assert_int_equal(truncate(path_in("broken", "cut.png"), 200), 0);
  write_text(path_in("broken", "deep/not.jpg"), "words, not pixels");
  write_text(path_in("broken", "notes.txt"), "not looked at");
  write_text(path_in("broken", ".hidden.png"), "not looked at");
  assert_int_equal(symlink("..", path_in("broken", "deep/loop")), 0);
  struct kz_stream_options o = options("broken");
  struct kz_stream *s = open_stream(&o);
  for (int i = 0; i < 8; i++) next(s, i, 4, 64); /* meets the truncated one sooner or later */
  const char *skipped = kz_stream_skipped(s);
  assert_non_null(strstr(skipped, "cut.png: "));
  assert_non_null(strstr(skipped, "tiny.png: 20 x 300 px, smaller than 32"));
  assert_non_null(strstr(skipped, "deep/not.jpg: "));
  assert_null(strstr(skipped, root)); /* names, not paths */
  assert_null(strstr(skipped, "good"));
  assert_null(strstr(skipped, "notes"));
  assert_null(strstr(skipped, "hidden"));
  assert_null(strstr(skipped, "loop"));
  assert_int_equal(kz_stream_images(s, &found), 1);
  assert_int_equal(found, 4);
  kz_stream_close(s);
}

static void bad_folders_are_errors(void **state) {
  (void)state;
  struct kz_err err;
  assert_int_equal(kz_mkdirs(folder_of("empty"), &err), 0);
  assert_int_equal(kz_mkdirs(folder_of("junk"), &err), 0);
  write_text(path_in("empty", "readme.txt"), "no images");
  write_text(path_in("junk", "one.jpg"), "junk");
  struct kz_stream_options o = options("nowhere");
  expect_open_error(&o, KZ_ENOENT, "nowhere': No such file or directory");
  o = options("main/zeta.tif");
  expect_open_error(&o, KZ_EFORMAT, "is not a folder, not a catalogue, and not a list");
  o = options("empty");
  expect_open_error(&o, KZ_ENOENT, "jpg, jpeg, png, tif, tiff and webp");
  o = options("junk");
  expect_open_error(&o, KZ_ENOENT, "the first: one.jpg: ");
  o.images = NULL;
  expect_open_error(&o, KZ_ERANGE, "no images were given");
}

static void bad_options_are_errors(void **state) {
  (void)state;
  struct kz_stream_options o = options("main");
  o.held_out_only = 1;
  expect_open_error(&o, KZ_ENOENT, "is held out at a share of 0");
  o = options("plain");
  o.held_out = 0.999;
  expect_open_error(&o, KZ_ENOENT, "none is left to train on");
  o = options("main");
  o.held_out = 1;
  expect_open_error(&o, KZ_ERANGE, "not in [0, 1)");
  o.held_out = NAN;
  expect_open_error(&o, KZ_ERANGE, "not in [0, 1)");
  o = options("main");
  o.threads = 0;
  expect_open_error(&o, KZ_ERANGE, "0 data threads");
  o = options("main");
  o.short_side = 10;
  expect_open_error(&o, KZ_ERANGE, "short side 10 px");
  o = options("main");
  o.cache_bytes = -1;
  expect_open_error(&o, KZ_ERANGE, "cache of -1 bytes");
}

static void bad_requests_are_errors(void **state) {
  (void)state;
  struct kz_stream_options o = options("main");
  struct kz_stream *s = open_stream(&o);
  struct kz_batch b;
  struct kz_err err;
  assert_int_equal(kz_stream_next(s, -1, 4, 64, &b, &err), KZ_ERANGE);
  assert_non_null(strstr(err.msg, "batch number -1"));
  assert_int_equal(kz_stream_next(s, 0, 0, 64, &b, &err), KZ_ERANGE);
  assert_int_equal(kz_stream_next(s, 0, 4, 8, &b, &err), KZ_ERANGE);
  assert_int_equal(kz_stream_next(s, 0, 4, 5000, &b, &err), KZ_ERANGE);
  assert_non_null(strstr(err.msg, "4 crops of 5000 px"));
  next(s, 0, 4, 64); /* none of it did harm */
  kz_stream_close(s);
  kz_stream_close(NULL);
}

/* A picture that decoded once and is gone later is an error, not another picture. */
static void a_vanished_picture_is_an_error(void **state) {
  (void)state;
  struct kz_err err = {0};
  assert_int_equal(kz_mkdirs(folder_of("gone"), &err), 0);
  make_picture(path_in("gone", "one.png"), 300, 280, 3);
  struct kz_stream_options o = options("gone");
  o.cache_bytes = 0;
  struct kz_stream *s = open_stream(&o);
  next(s, 0, 2, 64);
  assert_int_equal(unlink(path_in("gone", "one.png")), 0);
  struct kz_batch b;
  assert_true(kz_stream_next(s, 100, 2, 64, &b, &err) < 0);
  assert_non_null(strstr(err.msg, "one.png"));
  kz_stream_close(s);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(same_bytes_for_any_threads),
      cmocka_unit_test(same_bytes_with_a_tiny_cache),
      cmocka_unit_test(same_bytes_from_any_start),
      cmocka_unit_test(batches_and_seeds_differ),
      cmocka_unit_test(masks_are_neither_empty_nor_full),
      cmocka_unit_test(neighbours_fall_on_one_side),
      cmocka_unit_test(held_out_and_training_are_disjoint),
      cmocka_unit_test(held_out_crops_are_plain),
      cmocka_unit_test(unreadable_files_are_named),
      cmocka_unit_test(bad_folders_are_errors),
      cmocka_unit_test(bad_options_are_errors),
      cmocka_unit_test(bad_requests_are_errors),
      cmocka_unit_test(a_vanished_picture_is_an_error),
  };
  return cmocka_run_group_tests(tests, set_up, tear_down);
}
