/* Choosing among candidates: every sample of a choice comes from where it was taken, and nothing is
 * taken from files that are not the recorded ones. */
#include "pick_fixture.h"

#include "image/pieces.h"

/* ---- pieces ---- */

/* Runs at the edges, over strips and tiles, of two images over a third: each sample is that of the
 * image it was taken from, whatever bands and bits. */
static void pieces_are_samples_of_their_images(void **state) {
  (void)state;
  for (int bands = 1; bands <= 4; bands++)
    for (int bits = 8; bits <= 16; bits += 8) {
      static const char *const names[] = {"a.tif", "b.png", "c.tif"};
      const size_t pel = (size_t)bands * bits / 8;
      uint8_t *samples[3];
      struct kz_image *images[3];
      struct kz__piece list[HIGH * 3];
      int count = 0;
      for (int i = 0; i < 3; i++) {
        samples[i] = make_samples(WIDE, HIGH, bands, bits, 7u + (uint32_t)i);
        VipsImage *im = make_vips(samples[i], WIDE, HIGH, bands, bits);
        save_vips(im, names[i], i ? "" : "[tile,tile_width=32,tile_height=16]");
        g_object_unref(im);
        assert_int_equal(kz_image_open(in_folder(names[i]), &images[i], NULL), 0);
      }
      for (int y = 0; y < HIGH; y += 1 + y % 3) {
        list[count++] = (struct kz__piece){0, y, 1 + y, y % 2};
        if (y + 5 < WIDE) list[count++] = (struct kz__piece){y + 5, y, WIDE - y - 5, 1 - y % 2};
      }
      struct kz_image *const from[] = {images[1], images[2]};
      const struct kz__pieces pieces = {from, 2, list, count};
      struct kz_err err;
      if (kz__image_write_pieces(images[0], &pieces, in_folder("out.tif"), false, &err))
        fail_msg("%s", err.msg);
      for (int i = 0; i < count; i++) {
        const size_t at = pel * ((size_t)list[i].y * WIDE + list[i].x);
        memcpy(samples[0] + at, samples[1 + list[i].from] + at, pel * (size_t)list[i].len);
      }
      VipsImage *header;
      uint8_t *out = decode("out.tif", &header);
      assert_memory_equal(out, samples[0], pel * WIDE * HIGH);
      g_free(out);
      g_object_unref(header);
      for (int i = 0; i < 3; i++) {
        kz_image_close(images[i]);
        free(samples[i]);
      }
      empty_folder();
    }
}

static void pieces_that_do_not_fit_are_refused(void **state) {
  (void)state;
  static const struct kz__piece wrong[] = {{-1, 0, 2, 0}, {0, -1, 1, 0}, {WIDE - 1, 0, 2, 0},
                                           {0, HIGH, 1, 0}, {0, 0, 0, 0}, {0, 0, 1, 1},
                                           {0, 0, 1, -1}, {0, 0, INT32_MAX, 0}};
  static const struct {
    int w, bands, bits;
  } other[] = {{WIDE + 1, 3, 8}, {WIDE, 4, 8}, {WIDE, 3, 16}};
  struct kz_image *base, *im;
  struct kz_err err;
  make_file("a.png", "", WIDE, HIGH, 3, 8, false);
  assert_int_equal(kz_image_open(in_folder("a.png"), &base, NULL), 0);
  for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
    const struct kz__pieces pieces = {&base, 1, &wrong[i], 1};
    assert_int_equal(kz__image_write_pieces(base, &pieces, in_folder("o.png"), false, &err),
                     KZ_ERANGE);
  }
  for (int i = 0; i < 3; i++) {
    make_file("b.png", "", other[i].w, HIGH, other[i].bands, other[i].bits, false);
    assert_int_equal(kz_image_open(in_folder("b.png"), &im, NULL), 0);
    const struct kz__pieces pieces = {&im, 1, &(struct kz__piece){0, 0, 1, 0}, 1};
    assert_int_equal(kz__image_write_pieces(base, &pieces, in_folder("o.png"), false, &err),
                     KZ_ESHAPE);
    assert_non_null(strstr(err.msg, "b.png"));
    kz_image_close(im);
  }
  kz_image_close(base);
  assert_int_equal(count_files("o.png"), 0);
  empty_folder();
}

/* ---- picking ---- */

/* Each sample of `out` is that of the picture that its region was taken from. */
static void assert_taken(const char *out, const char *image, const char *const pictures[3],
                         size_t pel) {
  VipsImage *header[5];
  const char *const names[5] = {out, image, pictures[0], pictures[1], pictures[2]};
  uint8_t *samples[5];
  int64_t own = 0;
  for (int i = 0; i < 5; i++) samples[i] = decode(names[i], &header[i]);
  for (int i = 0; i < WIDE * HIGH; i++) {
    const int from = 2 + region_at(i % WIDE, i / WIDE); /* 1: the image */
    if (memcmp(samples[0] + pel * i, samples[from] + pel * i, pel))
      fail_msg("%s: x %d, y %d is not that of %s", out, i % WIDE, i / WIDE, names[from]);
    own += from > 1 && memcmp(samples[0] + pel * i, samples[1] + pel * i, pel);
  }
  assert_true(own > 100);
  for (int i = 0; i < 5; i++) {
    g_free(samples[i]);
    g_object_unref(header[i]);
  }
}

static void a_choice_by_region(void **state) {
  (void)state;
  const int64_t regions[] = {2, 0};
  const int taken[] = {0, -1};
  const struct kz_restoration_choice c = {.whole = 2,
                                          .regions = regions,
                                          .taken = taken,
                                          .count = 2,
                                          .reviewer = "M. Chen",
                                          .decision = "accepted but for one"};
  const struct kz_restoration_options o = asked(3);
  struct kz_record r;
  struct kz_err err;
  bool sealed;
  make_scene("image.tif", "[compression=lzw]", 4, 16);
  restore("image.tif", "out.tif", &o);
  pick("out-2.tif.json", &c, "mine.tif");
  assert_int_equal(count_files("mine"), 3);
  static const char *const pictures[] = {"image.tif", "out-3.tif", "out-1.tif"};
  assert_taken("mine.tif", "image.tif", pictures, 8);
  assert_proved("mine.tif.json");
  if (kz_record_read(&r, in_folder("mine.tif.json"), &sealed, &err)) fail_msg("%s", err.msg);
  assert_true(sealed && r.candidate_count == 3 && r.region_count == 3);
  assert_string_equal(r.files.result.path, "mine.tif");
  assert_string_equal(r.files.filled.path, "mine.tif.filled.png");
  assert_string_equal(r.people.reviewer, "M. Chen");
  assert_string_equal(r.people.decision, "accepted but for one");
  assert_string_equal(r.people.who, "A. Li");
  assert_int_equal(r.regions[0].outcome, KZ_RECORD_UNFILLED);
  assert_non_null(r.regions[0].note);
  assert_true(r.regions[1].outcome == KZ_RECORD_FILLED && r.regions[1].candidate == 2);
  assert_true(r.regions[2].outcome == KZ_RECORD_FILLED && r.regions[2].candidate == 0);
  kz_record_release(&r);
  replay("mine.tif.json", "again.tif", "mine.tif");
  clear();
}

/* Whole: the samples are the candidate's; no picture of what was filled is needed. In a folder of
 * its own the record names the files from there. */
static void a_choice_of_a_whole_one(void **state) {
  (void)state;
  const struct kz_restoration_choice c = {.whole = 1};
  const struct kz_restoration_options o = asked(2);
  struct kz_record r;
  struct kz_err err;
  make_scene("image.png", "", 3, 8);
  restore("image.png", "out.png", &o);
  const char *sub = kept("sub");
  assert_int_equal(kz_mkdirs(sub, &err), 0);
  unlink(in_folder("model.safetensors")); /* is not asked for, and keeps its name */
  pick("out-1.png.json", &c, "sub/mine.png");
  static const char *const pictures[] = {"out-2.png", "out-2.png", "out-2.png"};
  assert_taken("sub/mine.png", "image.png", pictures, 3);
  if (kz_record_read(&r, in_folder("sub/mine.png.json"), NULL, &err)) fail_msg("%s", err.msg);
  assert_string_equal(r.files.source.path, "../image.png");
  assert_string_equal(r.candidates[1].file.path, "../out-2.png");
  assert_string_equal(r.files.result.path, "mine.png");
  assert_true(r.files.model.path[0] == '/' && strstr(r.files.model.path, "model.safetensors"));
  assert_null(r.files.filled.path);
  kz_record_release(&r);
  assert_int_equal(tiny_model_write(in_folder("model.safetensors"), 3, &err), 0);
  assert_proved("sub/mine.png.json");
  replay("sub/mine.png.json", "again.png", "sub/mine.png");
  unlink(in_folder("sub/mine.png"));
  unlink(in_folder("sub/mine.png.json"));
  assert_int_equal(rmdir(sub), 0);
  clear();
}

static void refused(const char *record, const struct kz_restoration_choice *c, const char *out,
                    int code, const char *words) {
  struct kz_err err = {0};
  const int before = count_files("");
  assert_int_equal(kz_restoration_pick(kept(record), c, kept(out), false, &err), code);
  if (!strstr(err.msg, words)) fail_msg("\"%s\" does not say \"%s\"", err.msg, words);
  assert_int_equal(count_files(""), before);
}

static void what_cannot_be_picked_is_refused(void **state) {
  (void)state;
  int64_t region = 0;
  int taken = 1;
  struct kz_restoration_choice c = {.whole = 0, .regions = &region, .taken = &taken, .count = 1};
  struct kz_restoration_options o = asked(2);
  make_scene("image.tif", "", 3, 8);
  o.candidates.most_distance = 11; /* the corner's inmost pixel is 14 px from a known one */
  o.candidates.least_known = 0;
  restore("image.tif", "out.tif", &o);
  refused("out-1.tif.json", &c, "new.tif", KZ_ERANGE,
          "region 1 was left as it was in all candidates: far");
  region = 3;
  refused("out-1.tif.json", &c, "new.tif", KZ_ERANGE, "no region 4; there are 1 to 3");
  region = -1;
  refused("out-1.tif.json", &c, "new.tif", KZ_ERANGE, "no region 0");
  region = 2;
  taken = 2;
  refused("out-1.tif.json", &c, "new.tif", KZ_ERANGE, "region 3: there is no candidate 3");
  taken = -1;
  c.whole = 2;
  refused("out-1.tif.json", &c, "new.tif", KZ_ERANGE, "no candidate 3; there are 1 to 2");
  c.whole = 0;
  refused("none.json", &c, "new.tif", KZ_ENOENT, "none.json");
  refused("out-1.tif.json", &c, "image.tif", KZ_EEXIST, "would overwrite the photograph");
  refused("out-1.tif.json", &c, "out-2.tif", KZ_EEXIST, "would overwrite a candidate");
  refused("out-1.tif.json", &c, "mask.png", KZ_EEXIST, "would overwrite the mask");
  refused("out-1.tif.json", &c, "no/new.tif", KZ_EIO, "folder is missing");
  refused("out-1.tif.json", &c, "new.gif", KZ_EUNSUPPORTED, "new.gif");
  write_bytes(in_folder("new.tif"), "mine", 4);
  refused("out-1.tif.json", &c, "new.tif", KZ_EEXIST, "new.tif: is there already");
  rename(in_folder("new.tif"), in_folder("new.tif.json"));
  refused("out-1.tif.json", &c, "new.tif", KZ_EEXIST, "new.tif.json: is there already");
  rename(in_folder("new.tif.json"), in_folder("new.tif.filled.png"));
  refused("out-1.tif.json", &c, "new.tif", KZ_EEXIST, "new.tif.filled.png: is there already");
  c.decision = "\xff\xfe"; /* no record can hold it */
  refused("out-1.tif.json", &c, "other.tif", KZ_EFORMAT, "other.tif.json");
  const int64_t all[] = {1, 2};
  const int none[] = {-1, -1};
  c = (struct kz_restoration_choice){.regions = all, .taken = none, .count = 2};
  refused("out-1.tif.json", &c, "other.tif", KZ_ERANGE, "every region is left");
  const int64_t twice[] = {2, 2};
  c.regions = twice;
  refused("out-1.tif.json", &c, "other.tif", KZ_ERANGE, "region 3 is named twice");
  clear();
}

static void records_that_are_of_no_candidate(void **state) {
  (void)state;
  int64_t region = 0;
  int taken = 1;
  struct kz_restoration_choice c = {.whole = 1};
  struct kz_restoration_options o = asked(0);
  make_scene("image.png", "", 3, 8);
  restore("image.png", "one.png", &o);
  refused("one.png.json", &c, "new.png", KZ_EFORMAT, "has no candidates");
  o = asked(2);
  o.style.style = KZ_STYLE_TRATTEGGIO;
  restore("image.png", "out.png", &o);
  pick("out-1.png.json", &c, "whole.png");
  assert_proved("whole.png.json");
  replay("whole.png.json", "again.png", "whole.png");
  refused("whole.png.json", &c, "new.png", KZ_EFORMAT, "a choice that was made already");
  c = (struct kz_restoration_choice){.regions = &region, .taken = &taken, .count = 1};
  refused("out-1.png.json", &c, "new.png", KZ_EUNSUPPORTED, "styled");
  clear();
}

static void changed_files_are_not_picked_from(void **state) {
  (void)state;
  static const char *const names[] = {"image.tif", "mask.png", "out-2.tif"};
  const struct kz_restoration_choice c = {.whole = 1};
  const struct kz_restoration_options o = asked(2);
  make_scene("image.tif", "", 3, 8);
  restore("image.tif", "out.tif", &o);
  for (int i = 0; i < 3; i++) {
    touch(names[i]);
    refused("out-1.tif.json", &c, "new.tif", KZ_EBACKEND, names[i]);
    touch(names[i]);
    rename(in_folder(names[i]), in_folder("elsewhere"));
    refused("out-1.tif.json", &c, "new.tif", KZ_ENOENT, names[i]);
    rename(in_folder("elsewhere"), in_folder(names[i]));
  }
  size_t size;
  char *text = read_whole(in_folder("out-1.tif.json"), &size);
  char *seed = memmem(text, size, "\"seed\": 1", 9);
  assert_non_null(seed);
  seed[8] = '2';
  write_bytes(in_folder("changed.json"), text, size);
  free(text);
  refused("changed.json", &c, "new.tif", KZ_EBACKEND, "changed after it was written");
  touch("out-1.tif"); /* which is not taken from */
  pick("out-2.tif.json", &c, "new.tif");
  clear();
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(pieces_are_samples_of_their_images),
      cmocka_unit_test(pieces_that_do_not_fit_are_refused),
      cmocka_unit_test(a_choice_by_region),
      cmocka_unit_test(a_choice_of_a_whole_one),
      cmocka_unit_test(what_cannot_be_picked_is_refused),
      cmocka_unit_test(records_that_are_of_no_candidate),
      cmocka_unit_test(changed_files_are_not_picked_from),
  };
  return cmocka_run_group_tests_name("pick", tests, fixture_setup, fixture_teardown);
}
