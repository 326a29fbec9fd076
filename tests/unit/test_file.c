/* Files: atomic writing, refusals, SHA-256 against published digests. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <dirent.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/sha256.h"

static char folder[] = "/tmp/kizil-test-file-XXXXXX";
static char name[512];

static const char *in_folder(const char *leaf) {
  snprintf(name, sizeof name, "%s/%s", folder, leaf);
  return name;
}

static bool is_dots(const char *leaf) { return !strcmp(leaf, ".") || !strcmp(leaf, ".."); }

static int files_in_folder(void) {
  int count = 0;
  DIR *d = opendir(folder);
  assert_non_null(d);
  for (struct dirent *e; (e = readdir(d));) count += !is_dots(e->d_name);
  closedir(d);
  return count;
}

static void empty_folder(void) {
  DIR *d = opendir(folder);
  assert_non_null(d);
  for (struct dirent *e; (e = readdir(d));)
    if (!is_dots(e->d_name)) assert_int_equal(remove(in_folder(e->d_name)), 0);
  closedir(d);
}

static int make_folder(void **state) {
  (void)state;
  return mkdtemp(folder) ? 0 : -1;
}

static int drop_folder(void **state) {
  (void)state;
  return rmdir(folder);
}

static int clean(void **state) {
  (void)state;
  empty_folder();
  return 0;
}

static void assert_holds(const char *leaf, const char *expected) {
  char *data;
  size_t len;
  struct kz_err err;
  assert_int_equal(kz_file_read(in_folder(leaf), 1000, &data, &len, &err), 0);
  assert_int_equal(len, strlen(expected));
  assert_string_equal(data, expected);
  free(data);
}

static void test_write_and_read(void **state) {
  (void)state;
  struct kz_err err;
  assert_int_equal(kz_file_write(in_folder("a.txt"), "hello", 5, &err), 0);
  assert_holds("a.txt", "hello");
  assert_int_equal(kz_file_write(in_folder("a.txt"), "", 0, &err), 0);
  assert_holds("a.txt", "");
  assert_int_equal(files_in_folder(), 1);
}

static void test_abort_leaves_the_old_file(void **state) {
  (void)state;
  struct kz_err err;
  struct kz_atomic_file a;
  assert_int_equal(kz_file_write(in_folder("a.txt"), "old", 3, &err), 0);
  assert_int_equal(kz_atomic_open(&a, in_folder("a.txt"), &err), 0);
  fputs("half a new fi", a.f);
  fflush(a.f);
  assert_int_equal(files_in_folder(), 2);
  assert_holds("a.txt", "old");
  kz_atomic_abort(&a);
  assert_holds("a.txt", "old");
  assert_int_equal(files_in_folder(), 1);
}

static void test_failed_write_leaves_nothing(void **state) {
  (void)state;
  struct kz_err err;
  struct kz_atomic_file a;
  assert_int_equal(kz_atomic_open(&a, in_folder("a.txt"), &err), 0);
  FILE *full = fopen("/dev/full", "w");
  assert_non_null(full);
  fclose(a.f); /* a disk that fills up under the writer */
  a.f = full;
  fputs("more than there is room for", a.f);
  assert_int_equal(kz_atomic_commit(&a, &err), KZ_EIO);
  assert_non_null(strstr(err.msg, "a.txt: cannot write"));
  assert_int_equal(files_in_folder(), 0);
}

static void test_commit_onto_a_folder_fails(void **state) {
  (void)state;
  struct kz_err err;
  assert_int_equal(mkdir(in_folder("d"), 0777), 0);
  assert_int_equal(kz_file_write(in_folder("d"), "x", 1, &err), KZ_EIO);
  assert_int_equal(files_in_folder(), 1);
}

static void test_open_in_missing_folder(void **state) {
  (void)state;
  struct kz_err err;
  struct kz_atomic_file a;
  assert_int_equal(kz_atomic_open(&a, in_folder("none/a.txt"), &err), KZ_ENOENT);
  assert_null(a.f);
  assert_non_null(strstr(err.msg, "none/a.txt"));
}

static void test_temp_name(void **state) {
  (void)state;
  char *a = kz_temp_beside("dir/picture.tif"), *b = kz_temp_beside("dir/picture.tif");
  char *bare = kz_temp_beside("noext");
  assert_memory_equal(a, "dir/.picture.", 13);
  assert_string_equal(strrchr(a, '.'), ".tif");
  assert_string_not_equal(a, b);
  assert_memory_equal(bare, ".noext.", 7);
  assert_null(strchr(bare, '/'));
  free(a);
  free(b);
  free(bare);
}

static void test_read_refusals(void **state) {
  (void)state;
  char *data = NULL;
  size_t len = 77;
  struct kz_err err;
  assert_int_equal(kz_file_read(in_folder("none"), 10, &data, &len, &err), KZ_ENOENT);
  assert_non_null(strstr(err.msg, "No such file"));
  assert_int_equal(kz_file_write(in_folder("big"), "0123456789", 10, &err), 0);
  assert_int_equal(kz_file_read(in_folder("big"), 9, &data, &len, &err), KZ_ERANGE);
  assert_non_null(strstr(err.msg, "9 bytes"));
  assert_int_equal(kz_file_read(folder, 10, &data, &len, &err), KZ_EIO);
  assert_null(data);
  assert_int_equal(len, 77);
}

static void test_read_grows(void **state) {
  (void)state;
  enum { SIZE = 300001 };
  char *text = malloc(SIZE), *data;
  size_t len;
  struct kz_err err;
  assert_non_null(text);
  for (int i = 0; i < SIZE; i++) text[i] = (char)(i * 7 + i / 256);
  assert_int_equal(kz_file_write(in_folder("big"), text, SIZE, &err), 0);
  assert_int_equal(kz_file_read(in_folder("big"), SIZE, &data, &len, &err), 0);
  assert_int_equal(len, SIZE);
  assert_memory_equal(text, data, SIZE);
  assert_int_equal(data[SIZE], 0);
  free(text);
  free(data);
}

static void test_same_file(void **state) {
  (void)state;
  struct kz_err err;
  char a[512], b[512];
  snprintf(a, sizeof a, "%s/a", folder);
  snprintf(b, sizeof b, "%s/b", folder);
  assert_int_equal(kz_file_write(a, "x", 1, &err), 0);
  assert_false(kz_same_file(a, b));
  assert_int_equal(link(a, b), 0);
  assert_true(kz_same_file(a, b));
  assert_int_equal(unlink(b), 0);
  assert_int_equal(symlink(a, b), 0);
  assert_true(kz_same_file(a, b));
  snprintf(b, sizeof b, "%s/./new", folder);
  assert_true(kz_same_file(b, in_folder("new"))); /* not there yet, but one name */
  assert_false(kz_same_file(b, in_folder("other")));
}

static void test_mkdirs(void **state) {
  (void)state;
  struct kz_err err;
  assert_int_equal(kz_mkdirs(in_folder("p/q//r"), &err), 0);
  assert_int_equal(kz_mkdirs(in_folder("p/q/r"), &err), 0);
  assert_true(kz_file_exists(in_folder("p/q/r")));
  assert_int_equal(kz_file_write(in_folder("p/q/r/f"), "x", 1, &err), 0);
  assert_int_equal(kz_mkdirs(in_folder("p/q/r/f/g"), &err), KZ_EIO);
  assert_non_null(strstr(err.msg, "r/f: cannot make folder"));
  assert_int_equal(kz_mkdirs("", &err), KZ_ENOENT);
  assert_int_equal(kz_mkdirs("/", &err), 0);
  assert_int_equal(remove(in_folder("p/q/r/f")), 0);
  assert_int_equal(remove(in_folder("p/q/r")), 0);
  assert_int_equal(remove(in_folder("p/q")), 0);
}

/* FIPS 180-4's examples (NIST), and lengths around a block, fed in uneven pieces. */
static void test_sha256(void **state) {
  (void)state;
  static const struct {
    const char *text, *hex;
  } known[] = {
      {"", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
      {"abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
      {"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
       "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"},
  };
  char hex[65];
  struct kz_sha256 h;
  for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
    kz_sha256_init(&h);
    kz_sha256_add(&h, known[i].text, strlen(known[i].text));
    kz_sha256_hex(&h, hex);
    assert_string_equal(hex, known[i].hex);
  }
  kz_sha256_init(&h);
  char a[1024];
  memset(a, 'a', sizeof a);
  size_t left = 1000000; /* a million times 'a' */
  for (size_t piece = 1; left > 0; piece = piece % 997 + 13) {
    size_t n = piece < left ? piece : left;
    kz_sha256_add(&h, a, n);
    left -= n;
  }
  kz_sha256_hex(&h, hex);
  assert_string_equal(hex, "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

static void test_sha256_of_a_file(void **state) {
  (void)state;
  char hex[65];
  struct kz_err err;
  assert_int_equal(kz_file_write(in_folder("abc"), "abc", 3, &err), 0);
  assert_int_equal(kz_file_sha256(in_folder("abc"), hex, &err), 0);
  assert_string_equal(hex, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  assert_int_equal(kz_file_sha256(in_folder("none"), hex, &err), KZ_ENOENT);
  assert_int_equal(kz_file_sha256(folder, hex, &err), KZ_EIO);
}

static void test_format_and_clock(void **state) {
  (void)state;
  char *text = kz_format("%s-%03d", "x", 7);
  assert_string_equal(text, "x-007");
  free(text);
  double before = kz_now();
  usleep(2000);
  double passed = kz_now() - before;
  assert_true(passed >= 0.002 && passed < 5);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_teardown(test_write_and_read, clean),
      cmocka_unit_test_teardown(test_abort_leaves_the_old_file, clean),
      cmocka_unit_test_teardown(test_failed_write_leaves_nothing, clean),
      cmocka_unit_test_teardown(test_commit_onto_a_folder_fails, clean),
      cmocka_unit_test_teardown(test_open_in_missing_folder, clean),
      cmocka_unit_test(test_temp_name),
      cmocka_unit_test_teardown(test_read_refusals, clean),
      cmocka_unit_test_teardown(test_read_grows, clean),
      cmocka_unit_test_teardown(test_same_file, clean),
      cmocka_unit_test_teardown(test_mkdirs, clean),
      cmocka_unit_test(test_sha256),
      cmocka_unit_test_teardown(test_sha256_of_a_file, clean),
      cmocka_unit_test(test_format_and_clock),
  };
  return cmocka_run_group_tests(tests, make_folder, drop_folder);
}
