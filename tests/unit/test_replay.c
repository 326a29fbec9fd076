/* Making again: what was recorded comes back byte for byte, and where it does not, or cannot, that
 * is said. */
#include "pick_fixture.h"

static void what_was_made_is_made_again(void **state) {
  (void)state;
  static const char *const images[] = {"image.tif", "image.png", "image.jpg", "image.webp"};
  static const char *const suffixes[] = {"tif", "png", "jpg", "webp"};
  for (int i = 0; i < 4; i++)
    for (int count = 0; count < 3; count += 2) {
      struct kz_restoration_options o = asked(count);
      char out[16], record[32], again[16];
      make_scene(images[i], i == 3 ? "[lossless]" : "", 3, i < 2 ? 16 : 8);
      o.restore.seed = 5;
      o.candidates.most_distance = count ? 128 : 8; /* one region is left unfilled */
      o.candidates.least_known = 0;
      o.style.style = i % 2 ? KZ_STYLE_OUTLINE : KZ_STYLE_PLAIN;
      snprintf(out, sizeof out, "out.%s", suffixes[i]);
      restore(images[i], out, &o);
      if (count) snprintf(out, sizeof out, "out-2.%s", suffixes[i]);
      snprintf(record, sizeof record, "%s.json", out);
      snprintf(again, sizeof again, "again.%s", suffixes[i]);
      const int before = count_files("");
      replay(record, again, out);
      assert_int_equal(count_files(""), before + 1);
      clear();
    }
}

/* A choice of lossy candidates, written in that format again. */
static void a_choice_of_lossy_ones_is_made_again(void **state) {
  (void)state;
  const int64_t region = 1;
  const int taken = 1;
  const struct kz_restoration_choice c = {.regions = &region, .taken = &taken, .count = 1};
  const struct kz_restoration_options o = asked(2);
  make_scene("image.jpg", "", 3, 8);
  restore("image.jpg", "out.jpg", &o);
  pick("out-1.jpg.json", &c, "mine.jpg");
  replay("mine.jpg.json", "again.jpg", "mine.jpg");
  pick("out-1.jpg.json", &c, "mine.png");
  replay("mine.png.json", "again.png", "mine.png");
  clear();
}

static void not_replayed(const char *record, const struct kz_record_places *places, const char *out,
                         int code, const char *words) {
  struct kz_restoration_replay result;
  struct kz_err err = {0};
  const int before = count_files("");
  assert_int_equal(kz_restoration_replay(restorer, kept(record), places, kept(out), false, NULL,
                                         &result, &err), code);
  if (!strstr(err.msg, words)) fail_msg("\"%s\" does not say \"%s\"", err.msg, words);
  assert_int_equal(count_files(""), before);
}

static void what_cannot_be_replayed_is_refused(void **state) {
  (void)state;
  static const char *const names[] = {"image.png", "mask.png", "model.safetensors"};
  const struct kz_restoration_options o = asked(0);
  struct kz_restoration_replay result;
  struct kz_err err;
  make_scene("image.png", "", 3, 8);
  restore("image.png", "out.png", &o);
  for (int i = 0; i < 3; i++) {
    touch(names[i]);
    not_replayed("out.png.json", NULL, "again.png", KZ_EBACKEND, names[i]);
    touch(names[i]);
    rename(in_folder(names[i]), in_folder("moved"));
    not_replayed("out.png.json", NULL, "again.png", KZ_ENOENT, names[i]);
    const char *moved = kept("moved");
    const struct kz_record_places places = {.source = i == 0 ? moved : NULL,
                                            .mask = i == 1 ? moved : NULL,
                                            .model = i == 2 ? moved : NULL};
    if (kz_restoration_replay(restorer, kept("out.png.json"), &places, kept("again.png"), false,
                              NULL, &result, &err))
      fail_msg("%s", err.msg);
    assert_true(result.same);
    unlink(in_folder("again.png"));
    rename(in_folder("moved"), in_folder(names[i]));
  }
  struct kz_restorer *right = restorer;
  struct kz_model *other;
  assert_int_equal(tiny_model_write(in_folder("other.safetensors"), 4, &err), 0);
  if (kz_model_load(in_folder("other.safetensors"), KZ_PRECISION_F32, &other, &err))
    fail_msg("%s", err.msg);
  assert_int_equal(kz_restorer_new(other, &restorer, &err), 0);
  not_replayed("out.png.json", NULL, "again.png", KZ_EBACKEND, "model that was loaded is not");
  kz_restorer_free(restorer);
  kz_model_free(other);
  restorer = right;
  not_replayed("out.png.json", NULL, "out.png", KZ_EEXIST, "the recorded result");
  not_replayed("out.png.json", NULL, "image.png", KZ_EEXIST, "the photograph");
  not_replayed("out.png.json", NULL, "mask.png", KZ_EEXIST, "the mask");
  not_replayed("out.png.json", NULL, "again.tif", KZ_EUNSUPPORTED, "recorded result is a PNG");
  not_replayed("out.png.json", NULL, "no/again.png", KZ_EIO, "folder is missing");
  write_bytes(in_folder("again.png"), "mine", 4);
  not_replayed("out.png.json", NULL, "again.png", KZ_EEXIST, "again.png: is there already");
  size_t size;
  char *text = read_whole(in_folder("out.png.json"), &size);
  text[size - 1] = ' ';
  write_bytes(in_folder("out.png.json"), text, size);
  free(text);
  not_replayed("out.png.json", NULL, "new.png", KZ_EBACKEND, "its seal does not fit");
  clear();
}

/* A record that tells of another result: what differs is said, and that nothing here is another. */
static void what_is_not_the_same_is_told(void **state) {
  (void)state;
  const struct kz_restoration_options o = asked(0);
  struct kz_restoration_replay result;
  struct kz_record r;
  struct kz_err err;
  make_scene("image.png", "", 3, 8);
  restore("image.png", "out.png", &o);
  for (int what = 0; what < 3; what++) {
    if (kz_record_read(&r, in_folder("out.png.json"), NULL, &err)) fail_msg("%s", err.msg);
    if (what == 0) r.options.seed++; /* other pixels */
    if (what == 2) {
      assert_int_equal(kz_record_say(&r.machine.processor, "an abacus", &err), 0);
      r.options.seed++;
      unlink(in_folder("out.png"));
    }
    /* Only the name that the metadata point to is another. */
    if (kz_record_write(&r, in_folder("other.json"), &err)) fail_msg("%s", err.msg);
    kz_record_release(&r);
    if (kz_restoration_replay(restorer, kept("other.json"), NULL, kept("again.png"), true, NULL,
                              &result, &err))
      fail_msg("%s", err.msg);
    assert_false(result.same);
    static const char *const words[] = {"pixels of", "all pixels are the recorded ones",
                                        "nothing to compare them with"};
    if (!strstr(result.text, words[what])) fail_msg("%s", result.text);
    if (!strstr(result.text, what < 2 ? "libraries are the recorded ones" : "was an abacus, is "))
      fail_msg("%s", result.text);
  }
  clear();
}

static bool stop(void *self) { return ++*(int *)self > 2; }

static void replaying_can_be_stopped(void **state) {
  (void)state;
  const struct kz_restoration_options o = asked(2);
  int times = 0;
  const struct kz_restore_host host = {&times, NULL, stop};
  struct kz_restoration_replay result;
  struct kz_err err;
  make_scene("image.png", "", 3, 8);
  restore("image.png", "out.png", &o);
  const int before = count_files("");
  assert_int_equal(kz_restoration_replay(restorer, kept("out-1.png.json"), NULL, kept("again.png"),
                                         false, &host, &result, &err), KZ_EINTR);
  assert_int_equal(count_files(""), before);
  clear();
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(what_was_made_is_made_again),
      cmocka_unit_test(a_choice_of_lossy_ones_is_made_again),
      cmocka_unit_test(what_cannot_be_replayed_is_refused),
      cmocka_unit_test(what_is_not_the_same_is_told),
      cmocka_unit_test(replaying_can_be_stopped),
  };
  return cmocka_run_group_tests_name("replay", tests, fixture_setup, fixture_teardown);
}
