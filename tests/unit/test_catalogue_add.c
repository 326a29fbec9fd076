/* Adding to a catalogue: what is in it afterwards, again, after moves; stopped, killed, on a full
 * disk, two at once. */
#include "catalogue_fixture.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>

enum { MANY = 150 }; /* files; 100 contents */

/* Pictures are told apart by what follows them: decoders pass it over, hashes do not. */
static void make_many(int count) {
  char name[64];
  mkdir(in_folder("p"), 0700);
  mkdir(in_folder("p/q"), 0700);
  for (int size = 0; size < 5; size++) {
    size_t bytes;
    char *data = read_file(make_picture("one.png", 20 + size, 30, 7), &bytes);
    for (int i = size; i < count; i += 5) {
      data[bytes] = (char)(i % 100); /* some contents come twice */
      snprintf(name, sizeof name, "p/%s%03d.png", i % 3 ? "" : "q/", i);
      write_file(in_folder(name), data, bytes + 1);
    }
    free(data);
  }
}

static void test_adds(void **state) {
  (void)state;
  struct kz_err err = {0};
  struct kz_catalogue_added added;
  struct kz_catalogue *c = open_catalogue("a.db");
  make_many(30);
  write_file(in_folder("p/notes.txt"), "x", 1);
  write_file(in_folder("p/.hidden.png"), "x", 1);
  make_picture("p/small.jpg", 40, 12, 5);
  fixture_measured = 0;
  assert_ok(add_to(c, in_folder("p"), NULL, NULL, &added, &err));
  assert_int_equal(added.total.found, 31);
  assert_int_equal(added.total.done, 31);
  assert_int_equal(added.total.images, 31);
  assert_int_equal(added.passed_over, 1);
  assert_int_equal(added.broken + added.again + added.unreadable + added.gone, 0);
  assert_int_equal(fixture_measured, 31);
  assert_int_equal(ask(c, "SELECT count(*) FROM image"), 31);
  assert_int_equal(ask(c, "SELECT count(*) FROM file"), 31);
  assert_int_equal(ask(c, "SELECT count(*) FROM score WHERE measure = 'odd' AND value IS NULL"),
                   31);
  assert_int_equal(ask(c, "SELECT count(*) FROM damage"), 31);
  assert_int_equal(ask(c, "SELECT version FROM print"), 7);
  assert_string_equal(ask_text(c, "SELECT reason FROM verdict"), "too small: 12 px (less than 16)");
  assert_string_equal(
      ask_text(c, "SELECT printf('%s %d %d %d %d', format, width, height, bands, bits) FROM image"
                  " WHERE format = 'JPEG'"),
      "JPEG 40 12 3 8");
  assert_int_equal(ask(c, "SELECT count(*) FROM run WHERE ended IS NOT NULL"), 1);

  /* Again: nothing is read, nothing changes, verdicts made anew are the same. */
  char *before = dump(c);
  assert_ok(add_to(c, in_folder("p"), NULL, NULL, &added, &err));
  assert_int_equal(added.unchanged, 31);
  assert_int_equal(added.total.images + added.again + added.total.bytes, 0);
  assert_int_equal(fixture_measured, 31);
  assert_ok(kz_catalogue_judge(c, &err));
  char *after = dump(c);
  assert_string_equal(before, after);
  free(before);
  free(after);
  kz_catalogue_close(c);
}

static void test_moves(void **state) {
  (void)state;
  struct kz_err err = {0};
  struct kz_catalogue_added added;
  struct kz_catalogue *c = open_catalogue("a.db");
  make_many(10);
  assert_ok(add_to(c, in_folder("p"), NULL, NULL, &added, &err));
  fixture_measured = 0;
  assert_int_equal(rename(in_folder("p/001.png"), in_folder("p/q/moved.png")), 0);
  assert_int_equal(rename(in_folder("p/002.png"), in_folder("aside.png")), 0);
  assert_int_equal(link(in_folder("p/004.png"), in_folder("p/second.png")), 0);
  assert_ok(add_to(c, in_folder("p"), NULL, NULL, &added, &err));
  assert_int_equal(added.moved, 1);
  assert_int_equal(added.gone, 1);
  assert_int_equal(added.again, 2);
  assert_int_equal(added.total.images, 0);
  assert_int_equal(fixture_measured, 0);
  assert_int_equal(ask(c, "SELECT count(*) FROM image"), 10);
  assert_int_equal(ask(c, "SELECT count(*) FROM chosen"), 9);

  /* It comes back; another has new content; a touched one is read but not decoded. */
  assert_int_equal(rename(in_folder("aside.png"), in_folder("p/002.png")), 0);
  make_picture("p/005.png", 25, 30, 999);
  assert_int_equal(utimensat(AT_FDCWD, in_folder("p/007.png"),
                             (struct timespec[2]){{.tv_sec = 5}, {.tv_sec = 5}}, 0), 0);
  assert_ok(add_to(c, in_folder("p"), NULL, NULL, &added, &err));
  assert_int_equal(added.again, 2);
  assert_int_equal(added.total.images, 1);
  assert_int_equal(fixture_measured, 1);
  assert_int_equal(ask(c, "SELECT count(*) FROM file WHERE gone"), 1);
  assert_int_equal(ask(c, "SELECT count(*) FROM image"), 11);
  assert_int_equal(ask(c, "SELECT count(*) FROM chosen"), 10);

  /* A part of the folder: what is elsewhere is not gone. */
  assert_ok(add_to(c, in_folder("p/q"), NULL, NULL, &added, &err));
  assert_int_equal(added.gone + added.moved, 0);
  assert_fails(add_to(c, in_folder("none"), NULL, NULL, &added, &err), KZ_ENOENT, "none");
  kz_catalogue_close(c);
}

static void test_walk(void **state) {
  (void)state;
  struct kz_err err = {0};
  struct kz_catalogue_added added;
  char name[64];
  struct kz_catalogue *c = open_catalogue("a.db");
  mkdir(in_folder("w"), 0700);
  mkdir(in_folder("w/a"), 0700);
  mkdir(in_folder("w/b"), 0700);
  mkdir(in_folder("out"), 0700);
  make_picture("w/a/one.png", 20, 20, 1);
  make_picture("w/b/two.png", 20, 20, 2);
  make_picture("out/three.png", 20, 20, 3);
  assert_int_equal(rename(make_picture("w/x.png", 20, 20, 4), in_folder("w/new\nline.png")), 0);
  assert_int_equal(rename(make_picture("w/x.png", 20, 20, 5), in_folder("w/bad\xff\xfe.png")), 0);
  /* Folders that link to each other in every way, and to what is outside. */
  assert_int_equal(symlink("..", in_folder("w/a/up")), 0);
  for (int i = 0; i < 12; i++) {
    snprintf(name, sizeof name, "w/%c/link%d", "ab"[i % 2], i);
    assert_int_equal(symlink(i % 2 ? "../a" : "../b", in_folder(name)), 0);
  }
  assert_int_equal(symlink("self", in_folder("w/self")), 0);
  assert_int_equal(symlink("self.png", in_folder("w/self.png")), 0);
  assert_int_equal(symlink("../out", in_folder("w/z-link")), 0);
  assert_int_equal(symlink("../out", in_folder("w/y-link")), 0);
  assert_int_equal(symlink("a/one.png", in_folder("w/one-link.png")), 0);
  assert_ok(add_to(c, in_folder("w"), NULL, NULL, &added, &err));
  assert_int_equal(added.total.images, 5);
  assert_int_equal(added.total.found, 6);
  assert_int_equal(added.unreadable, 1); /* self.png */
  assert_int_equal(ask(c, "SELECT count(*) FROM file WHERE instr(path, x'0a') > 0"), 1);
  assert_int_equal(ask(c, "SELECT count(*) FROM file WHERE instr(path, x'fffe') > 0"), 1);
  assert_int_equal(ask(c, "SELECT count(*) FROM file WHERE instr(path, CAST('/y-link/' AS BLOB))"),
                   1);
  char *text = NULL;
  int64_t image;
  assert_ok(kz_catalogue_find(c, in_folder("w/bad\xff\xfe.png"), &image, &err));
  assert_ok(kz_catalogue_tell_image(c, image, &text, &err));
  assert_non_null(strstr(text, "/bad\\xff\\xfe.png"));
  free(text);
  kz_catalogue_close(c);
}

static void test_copies(void **state) {
  (void)state;
  struct kz_err err = {0};
  struct kz_catalogue_added added;
  struct kz_catalogue *c = open_catalogue("a.db");
  make_many(4);
  write_file(in_folder("p/broken.jpg"), "text", 4);
  assert_ok(add_to(c, in_folder("p"), NULL, NULL, &added, &err));
  assert_ok(add_to(c, in_folder("p"), in_folder("copies"), NULL, &added, &err));
  assert_int_equal(added.again, 4);
  assert_int_equal(ask(c, "SELECT count(*) FROM file"), 9);
  char path[600];
  snprintf(path, sizeof path, "%s", ask_text(c, "SELECT CAST(f.path AS TEXT) FROM file f JOIN image"
           " i ON i.id = f.image WHERE instr(f.path, CAST(substr(sha256, 1, 2) || '/' || sha256 ||"
           " '.png' AS BLOB)) > 0"));
  assert_non_null(strstr(path, "/copies/"));
  assert_int_equal(access(path, R_OK), 0);
  assert_ok(add_to(c, in_folder("p"), in_folder("copies"), NULL, &added, &err));
  assert_int_equal(added.unchanged, 5);
  /* The originals go: the copies are the images' files. */
  for (int i = 0; i < 4; i++) {
    char name[32];
    snprintf(name, sizeof name, "p/%s%03d.png", i % 3 ? "" : "q/", i);
    unlink(in_folder(name));
  }
  assert_ok(add_to(c, in_folder("p"), NULL, NULL, &added, &err));
  assert_int_equal(added.moved, 4);
  assert_int_equal(ask(c, "SELECT count(*) FROM chosen"), 4);
  assert_fails(add_to(c, in_folder("p"), in_folder("p/broken.jpg"), NULL, &added, &err), KZ_EIO,
               "broken.jpg");
  kz_catalogue_close(c);
}

static void other_measure(const struct kz_screen_picture *p, int factor, int w, int h,
                          struct kz__measured *out, void *scratch) {
  fixture_measure(p, factor, w, h, out, scratch);
  out->values[2] = 5;
}

static void test_again(void **state) {
  (void)state;
  struct kz_err err = {0};
  struct kz_catalogue_added added;
  const struct kz_catalogue_add_options o = {.threads = 2};
  struct kz__measuring other = fixture_measuring;
  struct kz_catalogue *c = open_catalogue("a.db");
  make_many(MANY);
  write_file(in_folder("p/broken.jpg"), "text", 4);
  assert_ok(add_to(c, in_folder("p"), NULL, NULL, &added, &err));
  assert_ok(kz_catalogue_review(c, 1, true, "x", "Li", &err));
  char *before = dump(c);
  assert_ok(kz_catalogue_again(c, &o, NULL, &added, &err));
  assert_int_equal(added.total.images, 101);
  assert_int_equal(added.broken, 1);
  char *after = dump(c);
  assert_string_equal(before, after);
  free(before);
  free(after);

  /* Other measures; an image whose file is gone keeps the old ones. */
  other.measure = other_measure;
  c->measuring = &other;
  assert_int_equal(ask(c, "SELECT count(*) FROM verdict WHERE measure = 'odd'"), 0);
  unlink(in_folder("p/001.png"));
  unlink(in_folder("p/101.png")); /* of the same content */
  assert_ok(kz_catalogue_again(c, &o, NULL, &added, &err));
  assert_int_equal(added.total.images, 100);
  assert_int_equal(ask(c, "SELECT count(*) FROM image"), 101);
  assert_int_equal(ask(c, "SELECT count(*) FROM verdict WHERE measure = 'odd'"), 99);
  assert_int_equal(ask(c, "SELECT count(*) FROM score"), 300);
  assert_int_equal(ask(c, "SELECT count(*) FROM review"), 1);
  kz_catalogue_close(c);
}

/* ---- faults ---- */

struct stopper {
  int64_t after;
  int64_t done;
};

static bool stop_after(void *user) {
  struct stopper *s = user;
  return s->done >= s->after;
}

static void see_progress(void *user, const struct kz_catalogue_progress *p) {
  ((struct stopper *)user)->done = p->done;
}

static void slow_measure(const struct kz_screen_picture *p, int factor, int w, int h,
                         struct kz__measured *out, void *scratch) {
  usleep(2000);
  fixture_measure(p, factor, w, h, out, scratch);
}

static struct kz__measuring slow(void) {
  struct kz__measuring m = fixture_measuring;
  m.measure = slow_measure;
  return m;
}

/* The dump of an unbroken run over p. */
static char *unbroken(void) {
  struct kz_err err = {0};
  struct kz_catalogue_added added;
  struct kz_catalogue *c = open_catalogue("unbroken.db");
  assert_ok(add_to(c, in_folder("p"), NULL, NULL, &added, &err));
  char *text = dump(c);
  kz_catalogue_close(c);
  return text;
}

/* Add again and compare. */
static void assert_mends(const char *name, const char *wanted) {
  struct kz_err err = {0};
  struct kz_catalogue_added added;
  struct kz_catalogue *c = open_catalogue(name);
  assert_string_equal(ask_text(c, "PRAGMA integrity_check"), "ok");
  assert_int_equal(ask(c, "SELECT count(*) FROM image i WHERE error IS NULL AND NOT EXISTS("
                          "SELECT 1 FROM damage d WHERE d.image = i.id)"), 0);
  assert_ok(add_to(c, in_folder("p"), NULL, NULL, &added, &err));
  char *text = dump(c);
  assert_string_equal(text, wanted);
  free(text);
  kz_catalogue_close(c);
}

static void test_stopped(void **state) {
  (void)state;
  struct kz_err err = {0};
  struct kz_catalogue_added added;
  struct stopper s = {.after = 40};
  const struct kz_catalogue_host host = {.user = &s, .stop = stop_after, .progress = see_progress};
  struct kz__measuring m = slow();
  make_many(MANY);
  char *wanted = unbroken();
  struct kz_catalogue *c = open_catalogue("a.db");
  c->measuring = &m;
  assert_fails(add_to(c, in_folder("p"), NULL, &host, &added, &err), KZ_EINTR, "goes on");
  int64_t there = ask(c, "SELECT count(*) FROM image");
  assert_true(there >= 20 && there < 100);
  assert_int_equal(added.total.images, there);
  assert_int_equal(ask(c, "SELECT count(*) FROM run WHERE ended IS NULL"), 1);
  kz_catalogue_close(c);
  assert_mends("a.db", wanted);
  free(wanted);
}

/* Run in another process: this program again, see main. */
static pid_t start_child(const char *catalogue, int die_after) {
  char number[16], name[512], what[512];
  snprintf(number, sizeof number, "%d", die_after);
  snprintf(name, sizeof name, "%s", in_folder(catalogue));
  snprintf(what, sizeof what, "%s", in_folder("p"));
  pid_t child = fork();
  if (!child) {
    execl("/proc/self/exe", "test_catalogue_add", "--child", name, what, number, (char *)NULL);
    _Exit(127);
  }
  return child;
}

static int child_dies_after;

static void deadly_measure(const struct kz_screen_picture *p, int factor, int w, int h,
                           struct kz__measured *out, void *scratch) {
  slow_measure(p, factor, w, h, out, scratch);
  if (__atomic_load_n(&fixture_measured, __ATOMIC_RELAXED) == child_dies_after) raise(SIGKILL);
}

static int child(const char *catalogue, const char *what, const char *die_after) {
  struct kz_err err = {0};
  struct kz_catalogue_added added;
  struct kz_catalogue *c = NULL;
  struct kz__measuring m = fixture_measuring;
  m.measure = deadly_measure;
  child_dies_after = (int)strtol(die_after, NULL, 10);
  if (kz_image_startup("child", 1, &err) || kz_catalogue_open(catalogue, &c, &err)) return 1;
  c->measuring = &m;
  int code = add_to(c, what, NULL, NULL, &added, &err);
  if (code) fprintf(stderr, "child: %s\n", err.msg);
  kz_catalogue_close(c);
  return code ? 1 : 0;
}

static void test_killed(void **state) {
  (void)state;
  static const int moments[] = {1, 63, 64, 65, 80, 99};
  make_many(MANY);
  char *wanted = unbroken();
  for (size_t i = 0; i < sizeof moments / sizeof *moments; i++) {
    char name[32];
    int status;
    snprintf(name, sizeof name, "k%d.db", moments[i]);
    kz_catalogue_close(open_catalogue(name));
    pid_t id = start_child(name, moments[i]);
    assert_int_equal(waitpid(id, &status, 0), id);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
    struct kz_catalogue *c = open_catalogue(name);
    int64_t there = ask(c, "SELECT count(*) FROM image");
    kz_catalogue_close(c);
    /* At most a batch of 64 and what was on its way to it is lost. */
    assert_true(there >= moments[i] - 64 - 36 && there <= moments[i]);
    assert_mends(name, wanted);
  }
  free(wanted);
}

static void test_two_at_once(void **state) {
  (void)state;
  make_many(MANY);
  char *wanted = unbroken();
  kz_catalogue_close(open_catalogue("two.db"));
  pid_t ids[2] = {start_child("two.db", -1), start_child("two.db", -1)};
  for (int i = 0; i < 2; i++) {
    int status;
    assert_int_equal(waitpid(ids[i], &status, 0), ids[i]);
    assert_int_equal(status, 0);
  }
  struct kz_catalogue *c = open_catalogue("two.db");
  char *text = dump(c);
  assert_string_equal(text, wanted);
  assert_int_equal(ask(c, "SELECT count(*) FROM run WHERE ended IS NOT NULL"), 2);
  kz_catalogue_close(c);
  free(text);
  free(wanted);
}

static void test_disk_full(void **state) {
  (void)state;
  struct kz_err err = {0};
  struct kz_catalogue_added added;
  make_many(MANY);
  char *wanted = unbroken(), sql[64];
  struct kz_catalogue *c = open_catalogue("full.db");
  snprintf(sql, sizeof sql, "PRAGMA max_page_count = %d", (int)ask(c, "PRAGMA page_count") + 100);
  assert_ok(kz__db_exec(c, sql, &err));
  assert_fails(add_to(c, in_folder("p"), NULL, NULL, &added, &err), KZ_EIO, "the disk is full");
  assert_non_null(strstr(err.msg, "full.db"));
  int64_t there = ask(c, "SELECT count(*) FROM image");
  assert_true(there < 100);
  assert_int_equal(added.total.images, there);
  kz_catalogue_close(c);
  assert_mends("full.db", wanted);
  free(wanted);
}

int main(int argc, char **argv) {
  if (argc == 5 && !strcmp(argv[1], "--child")) return child(argv[2], argv[3], argv[4]);
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup(test_adds, clean_folder),
      cmocka_unit_test_setup(test_moves, clean_folder),
      cmocka_unit_test_setup(test_walk, clean_folder),
      cmocka_unit_test_setup(test_copies, clean_folder),
      cmocka_unit_test_setup(test_again, clean_folder),
      cmocka_unit_test_setup(test_stopped, clean_folder),
      cmocka_unit_test_setup(test_killed, clean_folder),
      cmocka_unit_test_setup(test_two_at_once, clean_folder),
      cmocka_unit_test_setup(test_disk_full, clean_folder),
  };
  return cmocka_run_group_tests_name("catalogue_add", tests, catalogue_setup, catalogue_teardown);
}
