/* The restoration page: its bound, what is read of large pictures, what is refused and leaves
 * nothing. */
#include "page_fixture.h"

/* ---- bounds ---- */

static void the_page_has_a_bound(void **state) {
  (void)state;
  enum { PICTURES = 9, SIDE = 900 };
  char name[32];
  const char *records[PICTURES];
  char *paths[PICTURES];
  struct kz_err err;
  size_t size;
  struct kz_page_options o = defaults();
  make_files(SIDE, SIDE); /* noise: nothing is harder to make small */
  for (int i = 0; i < PICTURES; i++) {
    struct kz_record r;
    make_record(&r, SIDE, SIDE, "out.tif");
    for (int k = 0; k < 300; k++) {
      struct kz_record_region *g = add_region(&r, 3 * k, k, 1, 1, k % 4);
      if (k % 4 == KZ_RECORD_CONJECTURE) say(&g->conjecture, hostile);
      say(&g->note, hostile);
    }
    char *why = malloc(100001);
    memset(why, '<', 100000);
    why[100000] = 0;
    say(&r.people.why, why);
    free(why);
    /* Another mask's hash, so that each is a picture of its own. */
    r.files.mask.sha256[0] = "0123456789abcdef"[i];
    snprintf(name, sizeof name, "r%d.json", i);
    write_record(&r, name);
    kz_record_release(&r);
    records[i] = paths[i] = strdup(in_folder(name));
  }
  o.megabytes = 1;
  o.check = false;
  if (kz_page_write(records, PICTURES, in_folder("page.html"), &o, NULL, &err))
    fail_msg("%s", err.msg);
  char *text = read_page(&size);
  assert_int_equal(times(text, "<section "), PICTURES);
  assert_int_equal(times(text, "alt='Before"), PICTURES);
  assert_int_equal(times(text, "<tr><th scope='row'><a href='#p"), PICTURES);
  size_t pictures = 0;
  for (const char *at = text; (at = strstr(at, ";base64,"));) {
    at += 8;
    pictures += strcspn(at, "'");
  }
  assert_true(pictures > (1 << 18));
  assert_true(pictures <= 1 << 20);
  assert_true(size - pictures <= (size_t)PICTURES * (256 << 10));
  free(text);
  o.megabytes = 24;
  text = page_of_one("r0.json", &o);
  assert_true(strlen(text) > 1 << 20);
  free(text);
  for (int i = 0; i < PICTURES; i++) free(paths[i]);
}

/* ---- reading ---- */

/* A crack of one pixel is seen in a picture that is shown at a tenth of its size. */
static void a_thin_crack_stays(void **state) {
  (void)state;
  enum { SIDE = 4000 };
  struct kz_pixels m, w;
  struct kz_err err;
  struct kz_page_options o = defaults();
  struct kz__folio p = {.o = &o, .share = 1e6};
  struct kz__scene s;
  struct kz__entry e = {.path = in_folder("out.tif.json"), .r = {.width = SIDE, .height = SIDE}};
  struct kz_pixels layer;
  assert_int_equal(kz_pixels_init(&m, SIDE, SIDE, 1, NULL), 0);
  assert_int_equal(kz_pixels_init(&w, SIDE, SIDE, 3, NULL), 0);
  for (int i = 0; i < SIDE; i++) m.data[(size_t)i * SIDE + i] = 255;
  assert_int_equal(kz_pixels_save(&m, in_folder("mask.png"), &err), 0);
  assert_int_equal(kz_pixels_save(&w, in_folder("wall.tif"), &err), 0);
  kz_pixels_release(&m);
  kz_pixels_release(&w);
  char mask[] = "mask.png", wall[] = "wall.tif";
  e.r.files.mask.path = mask;
  e.r.files.source.path = e.r.files.result.path = wall;
  o.side = 400;
  o.check = false;
  if (kz__scene_open(&s, &p, &e, &err) || kz__scene_read(&s, &err)) fail_msg("%s", err.msg);
  assert_int_equal(s.width, 400);
  assert_int_equal(s.filled_px, SIDE);
  for (int i = 0; i < 400; i++) {
    assert_true(s.cover[i * 400 + i] > 0);
    assert_int_equal(s.cls[i * 400 + i], KZ_UNCLASSIFIED + 1);
    if (i > 1) assert_int_equal(s.cover[i * 400], 0);
  }
  assert_int_equal(kz__layer_classes(&s, &layer, &err), 0);
  assert_int_equal(layer.data[4 * (7 * 400 + 7)], 255);
  assert_int_equal(layer.data[4 * (7 * 400 + 9) + 3], 0);
  kz_pixels_release(&layer);
  assert_int_equal(kz__layer_veil(&s, &layer, &err), 0);
  assert_true(layer.data[4 * (7 * 400 + 7) + 3] < 255);
  assert_int_equal(layer.data[4 * (7 * 400 + 9) + 3], 255);
  kz_pixels_release(&layer);
  kz__scene_close(&s);
}

/* A crop has the pixels of the file; an overview of a small picture too. */
static void crops_are_exact(void **state) {
  (void)state;
  struct kz_image *im;
  struct kz_pixels crop, all;
  struct kz_err err;
  uint8_t *a = make_samples(50, 40, 3, 8, 3);
  VipsImage *v = make_vips(a, 50, 40, 3, 8);
  save_vips(v, "wall.tif", "");
  g_object_unref(v);
  assert_int_equal(kz_image_open(in_folder("wall.tif"), &im, &err), 0);
  assert_int_equal(kz__folio_crop(im, 11, 7, 20, 9, &crop, &err), 0);
  assert_int_equal(kz__folio_overview(im, 50, 40, &all, &err), 0);
  for (int y = 0; y < 9; y++)
    assert_memory_equal(crop.data + 60 * (size_t)y, a + 3 * (50 * (size_t)(y + 7) + 11), 60);
  assert_memory_equal(all.data, a, 50 * 40 * 3);
  kz_pixels_release(&crop);
  kz_pixels_release(&all);
  kz_image_close(im);
  free(a);
}

/* Special regions, large ones and doubtful ones in turn, in windows inside the picture. */
static void regions_are_chosen_in_turn(void **state) {
  (void)state;
  static uint8_t cover[100 * 100];
  struct kz_record r;
  struct kz_err err;
  struct kz_image *image = (struct kz_image *)&r; /* that there is one is all that is asked */
  struct kz__zoom *zooms;
  kz_record_init(&r);
  r.width = r.height = 10000;
  add_region(&r, 9990, 9990, 10, 10, KZ_RECORD_FILLED)->disagreement = 9;
  add_region(&r, 4000, 0, 2000, 3000, KZ_RECORD_FILLED)->disagreement = 1;
  add_region(&r, 100, 100, 50, 50, KZ_RECORD_UNFILLED);
  add_region(&r, 900, 900, 20, 20, KZ_RECORD_CONJECTURE);
  add_region(&r, 7000, 7000, 30, 30, KZ_RECORD_FILLED)->disagreement = 3;
  add_region(&r, 910, 910, 5, 5, KZ_RECORD_CONJECTURE); /* is seen with the other */
  for (int y = 20; y < 25; y++) memset(cover + 100 * y + 50, 255, 5);
  const struct kz__entry e = {.path = "record", .r = r};
  struct kz__scene s = {.entry = &e, .width = 100, .height = 100, .cover = cover};
  s.source.image = image;
  const int64_t order[] = {3, 1, 0, 2, 4};
  int n = kz__folio_choose(&s, 12, &zooms, &err);
  assert_int_equal(n, 5);
  for (int i = 0; i < n; i++) {
    assert_int_equal(zooms[i].number, order[i]);
    assert_true(zooms[i].x >= 0 && zooms[i].x + zooms[i].w <= 10000);
    assert_true(zooms[i].y >= 0 && zooms[i].y + zooms[i].h <= 10000);
    assert_int_equal(zooms[i].part, order[i] == 1);
  }
  /* Of the large one, the part with the fill. */
  assert_true(zooms[1].x + zooms[1].w > 5000 && zooms[1].x < 5500);
  assert_true(zooms[1].y + zooms[1].h > 2000 && zooms[1].y < 2500);
  free(zooms);
  assert_int_equal(kz__folio_choose(&s, 2, &zooms, &err), 2);
  free(zooms);
  kz_record_release(&r);
}

/* ---- refusals ---- */

static void refused(const char *record, const char *out, const struct kz_page_options *o, int code,
                    const char *words) {
  struct kz_err err = {0};
  assert_int_equal(kz_page_write(&record, record ? 1 : 0, out, o, NULL, &err), code);
  if (!strstr(err.msg, words)) fail_msg("'%s' lacks '%s'", err.msg, words);
}

static void what_is_refused_leaves_nothing(void **state) {
  (void)state;
  struct kz_record r;
  empty_folder();
  make_full(&r);
  kz_record_add_candidate(&r)->seed = 1;
  put_picture("out-1.tif", WIDE, HIGH, 5, 8);
  say(&r.candidates[0].file.path, "out-1.tif");
  say(&r.candidates[0].file.sha256, r.files.model.sha256);
  write_record(&r, "out.tif.json");
  kz_record_release(&r);
  char *record = strdup(in_folder("out.tif.json"));
  struct kz_page_options o = defaults();
  const int files = count_files("");
  refused(NULL, in_folder("page.html"), &o, KZ_ERANGE, "a page needs a record");
  refused(in_folder("none.json"), in_folder("page.html"), &o, KZ_ENOENT, "none.json");
  refused(in_folder("wall.tif"), in_folder("page.html"), &o, KZ_EFORMAT, "wall.tif");
  refused(record, record, &o, KZ_EEXIST, "is the record itself");
  refused(record, in_folder("wall.tif"), &o, KZ_EEXIST, "names this file");
  refused(record, in_folder("model"), &o, KZ_EEXIST, "names this file");
  refused(record, in_folder("out-1.tif"), &o, KZ_EEXIST, "names this file");
  refused(record, in_folder("nowhere/page.html"), &o, KZ_ENOENT, "nowhere");
  assert_int_equal(count_files(""), files);
  write_bytes(in_folder("page.html"), "mine", 4);
  o.overwrite = false;
  refused(record, in_folder("page.html"), &o, KZ_EEXIST, "is there already");
  o.overwrite = true;
  free(page_of_one("out.tif.json", &o));
  assert_int_equal(count_files(""), files + 1);
  free(record);
}

struct stopper {
  int after, asked, told;
};

static bool stop(void *self) {
  struct stopper *s = self;
  return s->asked++ >= s->after;
}

static void tell(void *self, int done, int total) {
  struct stopper *s = self;
  assert_int_equal(total, 1);
  s->told += done;
}

static void it_can_be_stopped(void **state) {
  (void)state;
  struct kz_record r;
  struct kz_err err;
  empty_folder();
  make_full(&r);
  write_record(&r, "out.tif.json");
  kz_record_release(&r);
  const char *record = in_folder("out.tif.json");
  const struct kz_page_options o = defaults();
  const int files = count_files("");
  int after = 0, code;
  do {
    struct stopper s = {.after = after++};
    const struct kz_restore_host host = {&s, tell, stop};
    code = kz_page_write(&record, 1, in_folder("page.html"), &o, &host, &err);
    assert_int_equal(count_files(""), files + !code);
    assert_int_equal(s.told, !code);
  } while (code == KZ_EINTR && after < 100);
  assert_int_equal(code, 0);
  assert_true(after > 3);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(the_page_has_a_bound),
      cmocka_unit_test(a_thin_crack_stays),
      cmocka_unit_test(crops_are_exact),
      cmocka_unit_test(regions_are_chosen_in_turn),
      cmocka_unit_test(what_is_refused_leaves_nothing),
      cmocka_unit_test(it_can_be_stopped),
  };
  return cmocka_run_group_tests_name("page limits", tests, fixture_setup, fixture_teardown);
}
