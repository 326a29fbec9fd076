/* What verifying a record finds when one thing is changed, and that it finds nothing else. */
#include "record_fixture.h"

static void verify(struct kz_record_report *report) {
  struct kz_err err;
  if (kz_record_verify(in_folder("result.tif.json"), NULL, NULL, report, &err))
    fail_msg("%s", err.msg);
}

/* Only `check` (and pixels, if `pixels`) is in `state`. */
static void only(const struct kz_record_report *r, enum kz_record_check check,
                 enum kz_record_state state, const char *words) {
  assert_false(r->proved);
  for (int c = 0; c < KZ_CHECKS; c++) {
    enum kz_record_state is = r->findings[c].state;
    if (c != (int)check && is != KZ_STATE_PROVED && is != KZ_STATE_ABSENT)
      fail_msg("%s: %s", kz_record_check_name(c), r->findings[c].text);
  }
  assert_int_equal(r->findings[check].state, state);
  if (!strstr(r->findings[check].text, words)) fail_msg("%s", r->findings[check].text);
}

static void what_holds_is_proved(void **state) {
  (void)state;
  for (int bands = 1; bands <= 4; bands++)
    for (int bits = 8; bits <= 16; bits += 8) {
      struct kz_record r;
      struct kz_record_report report;
      make_scene(bands, bits);
      make_record(&r);
      write_record(&r);
      kz_record_release(&r);
      verify(&report);
      if (!report.proved) fail_msg("%s", report.findings[KZ_CHECK_PIXELS].text);
      assert_true(report.changed > 1500 && report.changed <= 1600);
      assert_true(!report.outside && report.first_x == -1);
      assert_int_equal(report.findings[KZ_CHECK_FILLED].state, KZ_STATE_ABSENT);
    }
  empty_folder();
}

/* The lowest bit of one sample, in a result that the record knows: its hash is right. */
static void one_bit_outside_the_mask_is_found(void **state) {
  (void)state;
  static const int spots[][2] = {{0, 0}, {96, 60}, {19, 10}, {60, 49}, {20, 50}};
  for (int i = 0; i < 5; i++) {
    struct kz_record r;
    struct kz_record_report report;
    char words[64];
    make_scene(3, 16);
    VipsImage *im;
    uint16_t *samples = decode("result.tif", &im);
    g_object_unref(im);
    samples[(spots[i][1] * W + spots[i][0]) * 3 + 2] ^= 1;
    im = make_vips(samples, W, H, 3, 16);
    save_vips(im, "result.tif", "");
    g_object_unref(im);
    g_free(samples);
    make_record(&r);
    write_record(&r);
    kz_record_release(&r);
    verify(&report);
    snprintf(words, sizeof words, "first at x %d, y %d:", spots[i][0], spots[i][1]);
    only(&report, KZ_CHECK_PIXELS, KZ_STATE_WRONG, words);
    assert_int_equal(report.outside, 1);
    assert_true(report.first_x == spots[i][0] && report.first_y == spots[i][1]);
  }
  empty_folder();
}

static void changed_and_missing_files_are_named(void **state) {
  (void)state;
  struct kz_record r;
  struct kz_record_report report;
  struct kz_err err;
  make_scene(3, 8);
  make_record(&r);
  write_record(&r);
  kz_record_release(&r);
  write_bytes(in_folder("model"), "weighty", 7);
  verify(&report);
  only(&report, KZ_CHECK_MODEL, KZ_STATE_WRONG, "is not the file of the record");
  rename(in_folder("model"), in_folder("elsewhere"));
  verify(&report);
  only(&report, KZ_CHECK_MODEL, KZ_STATE_UNKNOWN, "is not there");
  write_bytes(in_folder("elsewhere"), "weights", 7);
  const struct kz_record_places now = {.model = in_folder("elsewhere")};
  assert_int_equal(kz_record_verify(in_folder("result.tif.json"), &now, NULL, &report, &err), 0);
  assert_true(report.proved);
  unlink(in_folder("source.tif"));
  assert_int_equal(kz_record_verify(in_folder("result.tif.json"), &now, NULL, &report, &err), 0);
  assert_int_equal(report.findings[KZ_CHECK_SOURCE].state, KZ_STATE_UNKNOWN);
  assert_int_equal(report.findings[KZ_CHECK_PIXELS].state, KZ_STATE_UNKNOWN);
  assert_false(report.proved);
  empty_folder();
}

/* Samples that kizil converts to restore are compared as they are: one unit in the last place. */
static void float_and_cmyk_are_compared_as_they_are(void **state) {
  (void)state;
  static const VipsInterpretation colours[] = {VIPS_INTERPRETATION_scRGB, VIPS_INTERPRETATION_CMYK};
  for (int cmyk = 0; cmyk < 2; cmyk++)
    for (int changed = 0; changed < 2; changed++) {
      int bands = cmyk ? 4 : 3;
      size_t at = ((size_t)7 * W + 90) * bands + 1, size = cmyk ? 1 : 4;
      struct kz_record r;
      struct kz_record_report report;
      make_scene(3, 8);
      uint8_t *samples = calloc((size_t)W * H * bands, size);
      assert_non_null(samples);
      for (int i = 0; i < W * H * bands; i++) {
        float f = (float)i / 7;
        memcpy(samples + size * i, cmyk ? (void *)&i : (void *)&f, size);
      }
      for (int i = 0; i < 2; i++) {
        if (i && changed) samples[size * at] ^= 1;
        VipsImage *im = vips_image_new_from_memory_copy(
            samples, size * W * H * bands, W, H, bands,
            cmyk ? VIPS_FORMAT_UCHAR : VIPS_FORMAT_FLOAT);
        assert_non_null(im);
        im->Type = colours[cmyk];
        save_vips(im, i ? "result.tif" : "source.tif", "");
        g_object_unref(im);
      }
      free(samples);
      make_record(&r);
      write_record(&r);
      kz_record_release(&r);
      verify(&report);
      if (changed)
        only(&report, KZ_CHECK_PIXELS, KZ_STATE_WRONG, "first at x 90, y 7:");
      else
        assert_true(report.proved && !report.changed);
    }
  empty_folder();
}

/* Where an image of what was filled is there, it decides and not the mask. */
static void what_was_filled_decides(void **state) {
  (void)state;
  struct kz_record_report report;
  struct kz_err err;
  const struct kz_restore_stats s = {.width = W, .height = H};
  struct kz_restore_options o;
  kz_params_defaults(kz_restore_params, &o);
  for (int wider = 0; wider < 2; wider++) {
    struct kz_record r;
    struct kz_pixels p;
    make_scene(3, 8);
    rename(in_folder("mask.png"), in_folder("filled.png"));
    assert_int_equal(kz_pixels_init(&p, W, H, 1, &err), 0);
    memset(p.data, wider ? 255 : 0, (size_t)W * H);
    assert_int_equal(kz_pixels_save(&p, in_folder("mask.png"), &err), 0);
    kz_pixels_release(&p);
    for (int with = 0; with < 2; with++) {
      struct kz_record_inputs in = inputs_of(&o, &s); /* the names last for eight more */
      in.filled = with ? in_folder("filled.png") : NULL;
      if (kz_record_make(&r, &in, in_folder("result.tif.json"), &err)) fail_msg("%s", err.msg);
      write_record(&r);
      kz_record_release(&r);
      verify(&report);
      assert_int_equal(report.proved, with || wider);
      if (!with && !wider) assert_true(report.first_x == 20 && report.first_y == 10);
    }
    write_bytes(in_folder("filled.png"), "other", 5);
    verify(&report);
    assert_int_equal(report.findings[KZ_CHECK_FILLED].state, KZ_STATE_WRONG);
    assert_int_equal(report.findings[KZ_CHECK_MASK].state, KZ_STATE_PROVED);
  }
  empty_folder();
}

/* Images that the record knows but that do not fit together, or are none. */
static void images_that_do_not_fit(void **state) {
  (void)state;
  static const struct {
    int w, bands, bits;
    const char *words;
  } cases[] = {{W + 1, 3, 8, "98 x 61"}, {W, 4, 8, "has 4 bands"}, {W, 3, 16, "ushort"}};
  struct kz_record r;
  struct kz_record_report report;
  for (int i = 0; i < 3; i++) {
    make_scene(3, 8);
    make_file("result.tif", "", cases[i].w, H, cases[i].bands, cases[i].bits, false);
    make_record(&r);
    write_record(&r);
    kz_record_release(&r);
    verify(&report);
    only(&report, KZ_CHECK_PIXELS, KZ_STATE_WRONG, cases[i].words);
  }
  make_scene(3, 8);
  write_bytes(in_folder("result.tif"), "no image at all", 15);
  make_record(&r);
  write_record(&r);
  kz_record_release(&r);
  verify(&report);
  only(&report, KZ_CHECK_PIXELS, KZ_STATE_UNKNOWN, "result.tif: cannot be read as an image");
  empty_folder();
}

static bool stop(void *self) { return (*(int *)self)++ > 0; }

static void verifying_can_be_stopped(void **state) {
  (void)state;
  int asked = 0;
  const struct kz_restore_host host = {&asked, NULL, stop};
  struct kz_record r;
  struct kz_record_report report;
  struct kz_err err;
  make_scene(1, 8);
  make_record(&r);
  write_record(&r);
  kz_record_release(&r);
  assert_int_equal(kz_record_verify(in_folder("result.tif.json"), NULL, &host, &report, &err),
                   KZ_EINTR);
  assert_int_equal(asked, 2);
  empty_folder();
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(what_holds_is_proved),
      cmocka_unit_test(one_bit_outside_the_mask_is_found),
      cmocka_unit_test(changed_and_missing_files_are_named),
      cmocka_unit_test(float_and_cmyk_are_compared_as_they_are),
      cmocka_unit_test(what_was_filled_decides),
      cmocka_unit_test(images_that_do_not_fit),
      cmocka_unit_test(verifying_can_be_stopped),
  };
  return cmocka_run_group_tests_name("record_verify", tests, fixture_setup, fixture_teardown);
}
