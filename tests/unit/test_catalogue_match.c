/* Duplicates in a catalogue: which are found is src/near's matter; here, what is stored of it, and
 * which of a group stays. */
#include "catalogue_fixture.h"

#include <vips/vips.h>

#include "near/near.h"

static size_t print_scratch(int w, int h) { return kz_near_scratch(w, h); }

static void print_measure(const struct kz_screen_picture *p, int factor, int full_w, int full_h,
                          struct kz__measured *out, void *scratch) {
  struct kz_near_print print;
  memset(out->map, factor, sizeof out->map);
  out->values[0] = full_w < full_h ? full_w : full_h;
  out->values[1] = out->values[2] = 0;
  kz_near_make(p->w, p->h, p->rgb, &print, scratch);
  out->print_size = kz_near_pack(&print, out->print);
}

static const struct kz__measuring printing = {.measures = fixture_measures,
                                              .print_version = KZ_NEAR_VERSION,
                                              .scratch = print_scratch,
                                              .measure = print_measure};

static double next_random(uint32_t *seed) {
  *seed = *seed * 1664525u + 1013904223u;
  return (*seed >> 8) / 16777216.;
}

/* Discs of all sizes and colours. */
static VipsImage *painting(uint32_t seed, int w, int h) {
  uint8_t *p = calloc((size_t)(w * h), 3);
  assert_non_null(p);
  for (int n = 0; n < 150; n++) {
    double x = next_random(&seed) * w, y = next_random(&seed) * h;
    double r = 4 + next_random(&seed) * next_random(&seed) * w / 5;
    uint8_t colour[3];
    for (int c = 0; c < 3; c++) colour[c] = (uint8_t)(255 * next_random(&seed));
    for (int j = 0; j < h; j++)
      for (int i = 0; i < w; i++)
        if ((i - x) * (i - x) + (j - y) * (j - y) < r * r)
          memcpy(p + 3 * (j * w + i), colour, 3);
  }
  VipsImage *im = vips_image_new_from_memory_copy(p, (size_t)(w * h * 3), w, h, 3,
                                                  VIPS_FORMAT_UCHAR);
  assert_non_null(im);
  im->Type = VIPS_INTERPRETATION_sRGB;
  free(p);
  return im;
}

static void save(VipsImage *im, const char *name) {
  if (vips_image_write_to_file(im, in_folder(name), NULL)) fail_msg("%s", vips_error_buffer());
}

/* Takes the result of a libvips call over. */
#define SAVE(call, name)            \
  do {                              \
    VipsImage *made = NULL;         \
    assert_int_equal(call, 0);      \
    save(made, name);               \
    g_object_unref(made);           \
  } while (0)

/* The id of a file in p. */
static int64_t id_of(struct kz_catalogue *c, const char *name) {
  struct kz_err err = {0};
  int64_t image = 0;
  char path[200];
  snprintf(path, sizeof path, "p/%s", name);
  assert_ok(kz_catalogue_find(c, in_folder(path), &image, &err));
  return image;
}

static int64_t best_of(struct kz_catalogue *c, const char *name) {
  char sql[100];
  snprintf(sql, sizeof sql, "SELECT best FROM grp WHERE image = %lld",
           (long long)id_of(c, name));
  return ask(c, sql);
}

static void make_pictures(void) {
  mkdir(in_folder("p"), 0700);
  VipsImage *a = painting(1, 640, 480), *b = painting(2, 600, 500);
  save(a, "p/a.png");
  save(a, "p/a.jpg");
  SAVE(vips_resize(a, &made, .7, NULL), "p/a-small.png");
  SAVE(vips_flip(a, &made, VIPS_DIRECTION_HORIZONTAL, NULL), "p/a-mirrored.png");
  save(b, "p/b.png");
  SAVE(vips_extract_area(b, &made, 0, 0, 420, 500, NULL), "p/b-left.png");
  SAVE(vips_extract_area(b, &made, 180, 0, 420, 500, NULL), "p/b-right.png");
  g_object_unref(a);
  a = painting(3, 500, 500);
  save(a, "p/c.png");
  g_object_unref(a);
  g_object_unref(b);
}

static void test_match(void **state) {
  (void)state;
  struct kz_err err = {0};
  struct kz_catalogue_added added;
  struct kz_catalogue_matched m;
  struct kz_catalogue *c = open_catalogue("m.db");
  c->measuring = &printing;
  make_pictures();
  assert_ok(add_to(c, in_folder("p"), NULL, NULL, &added, &err));
  assert_ok(kz_catalogue_match(c, NULL, &m, &err));
  assert_ok(kz_catalogue_judge(c, &err));
  assert_int_equal(m.images, 8);
  assert_int_equal(m.groups, 2);
  assert_int_equal(ask(c, "SELECT count(*) FROM grp"), 7); /* c is like nothing */
  assert_int_equal(ask(c, "SELECT count(DISTINCT grp) FROM grp"), 2);
  assert_int_equal(ask(c, "SELECT count(*) FROM pair WHERE a >= b"), 0);
  /* One of the largest of a; the whole of b. */
  int64_t best = best_of(c, "a-small.png");
  assert_true(best != id_of(c, "a-small.png"));
  assert_int_equal(best_of(c, "a.png"), best);
  assert_int_equal(best_of(c, "a.jpg"), best);
  assert_int_equal(best_of(c, "a-mirrored.png"), best);
  assert_int_equal(best_of(c, "b-left.png"), id_of(c, "b.png"));
  assert_int_equal(best_of(c, "b-right.png"), id_of(c, "b.png"));
  assert_int_equal(ask(c, "SELECT count(*) FROM chosen"), 3);
  assert_int_equal(ask(c, "SELECT count(*) FROM verdict WHERE measure = 'duplicate' AND"
                          " reason LIKE 'duplicate of image %'"), 5);

  /* A frame makes it no larger: what is left without it counts. */
  char sql[200];
  snprintf(sql, sizeof sql,
           "INSERT INTO clean(image, kind, params, confidence, applied)"
           " VALUES(%lld, 'crop', '{\"x\": 8, \"y\": 0, \"w\": 200, \"h\": 100}', 1, 1)",
           (long long)best);
  assert_ok(kz__db_exec(c, sql, &err));
  assert_ok(kz_catalogue_match(c, NULL, &m, &err));
  assert_true(best_of(c, "a-small.png") != best);
  assert_true(best_of(c, "a-small.png") != id_of(c, "a-small.png"));

  /* What a person took in stays for the others; again, the same comes out. */
  assert_ok(kz_catalogue_review(c, id_of(c, "a-small.png"), true, "the colours", "Li", &err));
  assert_ok(kz_catalogue_match(c, NULL, &m, &err));
  assert_ok(kz_catalogue_judge(c, &err));
  assert_int_equal(best_of(c, "a.png"), id_of(c, "a-small.png"));
  assert_int_equal(ask(c, "SELECT count(*) FROM chosen"), 3);

  /* Without the whole, the halves only overlap, by 240 of 420 px: one group, and both stay if more
   * is allowed; else one. */
  unlink(in_folder("p/b.png"));
  assert_ok(add_to(c, in_folder("p"), NULL, NULL, &added, &err));
  assert_ok(kz_catalogue_set_threshold(c, "overlap", 65, &err));
  assert_ok(kz_catalogue_match(c, NULL, &m, &err));
  assert_ok(kz_catalogue_judge(c, &err));
  assert_int_equal(m.images, 7);
  assert_int_equal(best_of(c, "b-left.png"), id_of(c, "b-left.png"));
  assert_int_equal(best_of(c, "b-right.png"), id_of(c, "b-right.png"));
  assert_int_equal(ask(c, "SELECT count(DISTINCT grp) FROM grp"), 2);
  assert_int_equal(ask(c, "SELECT count(*) FROM chosen"), 4);
  assert_ok(kz_catalogue_set_threshold(c, "overlap", NAN, &err));
  assert_ok(kz_catalogue_match(c, NULL, &m, &err));
  assert_ok(kz_catalogue_judge(c, &err));
  assert_int_equal(best_of(c, "b-left.png"), best_of(c, "b-right.png"));
  assert_int_equal(ask(c, "SELECT count(*) FROM chosen"), 3);
  assert_int_equal(ask(c, "SELECT count(*) FROM verdict WHERE reason GLOB"
                          " 'duplicate of image * (overlap 5[678] %)'"), 1);
  assert_fails(kz_catalogue_set_threshold(c, "overlap", 101, &err), KZ_ERANGE, "0 to 100");
  assert_fails(kz_catalogue_set_threshold(c, "overlaps", 40, &err), KZ_ENOENT, "overlap");
  kz_catalogue_close(c);
}

static bool always(void *user) { return user == NULL; }

static void test_nothing(void **state) {
  (void)state;
  struct kz_err err = {0};
  struct kz_catalogue_matched m;
  struct kz_catalogue *c = open_catalogue("m.db");
  c->measuring = &printing;
  assert_ok(kz_catalogue_match(c, NULL, &m, &err));
  assert_int_equal(m.images + m.pairs + m.groups, 0);
  /* A print that is none is an error that names the catalogue's fault, not a crash. */
  struct kz_catalogue_added added;
  const struct kz_catalogue_host host = {.stop = always};
  make_pictures();
  assert_ok(add_to(c, in_folder("p"), NULL, NULL, &added, &err));
  assert_fails(kz_catalogue_match(c, &host, &m, &err), KZ_EINTR, "");
  assert_ok(kz__db_exec(c, "UPDATE print SET print = x'00'", &err));
  assert_int_equal(kz_catalogue_match(c, NULL, &m, &err), KZ_EFORMAT);
  kz_catalogue_close(c);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup(test_match, clean_folder),
      cmocka_unit_test_setup(test_nothing, clean_folder),
  };
  return cmocka_run_group_tests_name("catalogue_match", tests, catalogue_setup,
                                     catalogue_teardown);
}
