/* A picture from what is asked to all that is handed over, with a tiny network: what is written, what
 * the record says of it, and that nothing stays of what failed. */
#include "image_fixture.h"

#include <math.h>
#include <sys/stat.h>

#include <kizil/restoration.h>

#include "base/file.h"
#include "tiny_model.h"

enum { WIDE = 96, HIGH = 64 };

static struct kz_model *model;
static struct kz_restorer *restorer;

/* A block, a crack of 2 px and a block in the corner. */
static bool block(int x, int y) { return x >= 20 && x < 44 && y >= 10 && y < 34; }
static bool crack(int x, int y) { return x >= 10 && x < 80 && y >= 44 && y < 46; }
static bool corner(int x, int y) { return x >= 70 && y < 20; }

static void save_mask(const char *name, bool (*a)(int, int), bool (*b)(int, int),
                      bool (*c)(int, int)) {
  struct kz_pixels m;
  struct kz_err err;
  assert_int_equal(kz_pixels_init(&m, WIDE, HIGH, 1, &err), 0);
  for (int i = 0; i < WIDE * HIGH; i++) {
    const int x = i % WIDE, y = i / WIDE;
    m.data[i] = a(x, y) || (b && b(x, y)) || (c && c(x, y)) ? 255 : 0;
  }
  if (kz_pixels_save(&m, in_folder(name), &err)) fail_msg("%s", err.msg);
  kz_pixels_release(&m);
}

static void make_scene(void) {
  struct kz_err err;
  empty_folder();
  if (tiny_model_write(in_folder("model.safetensors"), 3, &err)) fail_msg("%s", err.msg);
  if (kz_model_load(in_folder("model.safetensors"), KZ_PRECISION_F32, &model, &err))
    fail_msg("%s", err.msg);
  assert_int_equal(kz_restorer_new(model, &restorer, &err), 0);
  make_file("image.tif", "", WIDE, HIGH, 3, 16, false);
  save_mask("mask.png", block, crack, corner);
}

static void clear(void) {
  kz_restorer_free(restorer);
  kz_model_free(model);
  empty_folder();
}

/* As in_folder, and stays. */
static const char *kept(const char *name) {
  static char paths[64][256];
  static int next;
  snprintf(paths[next % 64], sizeof paths[0], "%s", in_folder(name));
  return paths[next++ % 64];
}

static struct kz_restoration_job job_of(const char *out) {
  return (struct kz_restoration_job){.image = kept("image.tif"),
                                     .mask = kept("mask.png"),
                                     .out = kept(out),
                                     .model = kept("model.safetensors")};
}

static struct kz_restoration_options asked(void) {
  struct kz_restoration_options o;
  kz_restoration_defaults(&o);
  o.restore.steps = 2;
  return o;
}

static void make(const struct kz_restoration_job *job, const struct kz_restoration_options *o,
                 struct kz_record *r) {
  struct kz_err err;
  if (kz_restoration_make(restorer, job, o, NULL, r, &err)) fail_msg("%s", err.msg);
}

static void assert_proved(const char *record) {
  struct kz_record_report report;
  struct kz_err err;
  if (kz_record_verify(in_folder(record), NULL, NULL, &report, &err)) fail_msg("%s", err.msg);
  for (int i = 0; i < KZ_CHECKS; i++)
    if (report.findings[i].state > KZ_STATE_PROVED) fail_msg("%s", report.findings[i].text);
  assert_true(report.proved && report.changed > 0 && report.outside == 0);
}

/* Whether the file's pixels differ from the image's at (x, y). */
static bool changed(const char *name, int x, int y) {
  VipsImage *a, *b;
  uint16_t *from = decode("image.tif", &a), *to = decode(name, &b);
  const bool differs = memcmp(from + 3 * (y * WIDE + x), to + 3 * (y * WIDE + x), 6) != 0;
  g_free(from);
  g_free(to);
  g_object_unref(a);
  g_object_unref(b);
  return differs;
}

/* ---- */

static void a_result_and_its_record(void **state) {
  (void)state;
  struct kz_restoration_options o = asked();
  struct kz_restoration_forecast f;
  struct kz_record r;
  struct kz_err err;
  make_scene();
  struct kz_restoration_job job = job_of("out.tif");
  job.who = "A. Li";
  job.why = "condition report";
  if (kz_restoration_foresee(restorer, &job, &o, &f, &err)) fail_msg("%s", err.msg);
  assert_int_equal(count_files("out"), 0);
  make(&job, &o, &r);
  assert_int_equal(count_files("out"), 2); /* no picture of what was filled: all of the mask was */
  assert_proved("out.tif.json");
  assert_int_equal(r.region_count, 3);
  assert_string_equal(r.regions[0].damage, "unclassified");
  assert_true(r.regions[0].outcome == KZ_RECORD_FILLED && r.regions[0].known > 0.1);
  assert_true(isnan(r.regions[0].disagreement) && r.candidate_count == 0);
  assert_string_equal(r.people.who, "A. Li");
  assert_true(f.width == WIDE && f.height == HIGH && f.regions == 3 && f.unfilled == 0);
  assert_int_equal(f.damaged, 24 * 24 + 70 * 2 + 26 * 20);
  assert_int_equal(f.restored, f.damaged);
  assert_true(f.calls == r.figures.calls && f.tiles == r.figures.tiles && f.megapixels > 0);
  kz_record_release(&r);
  clear();
}

/* The crack is restored, graffiti asked about, the old repair recorded only. */
static void classes_are_treated_as_the_policy_says(void **state) {
  (void)state;
  struct kz_restoration_options o = asked();
  struct kz_record r;
  make_scene();
  struct kz_restoration_job job = job_of("out.tif");
  const char *masks = kept("masks");
  job.mask = masks;
  assert_int_equal(mkdir(masks, 0700), 0);
  save_mask("masks/crack.png", crack, NULL, NULL);
  save_mask("masks/graffiti.png", block, NULL, NULL);
  save_mask("masks/old-repair.png", corner, NULL, NULL);
  for (int answer = 0; answer < 2; answer++) {
    o.treat.asked = answer ? KZ_RESTORE : KZ_LEAVE;
    o.restore.overwrite = answer != 0;
    make(&job, &o, &r);
    assert_int_equal(count_files("out.tif"), 3);
    assert_proved("out.tif.json");
    assert_true(changed("out.tif", 40, 44));
    assert_true(changed("out.tif", 30, 20) == (answer != 0));
    assert_false(changed("out.tif", 90, 5));
    assert_true(r.class_count == 3 && r.region_count == 3);
    for (int i = 0; i < 3; i++) {
      const struct kz_record_region *g = &r.regions[i];
      const bool graffiti = !strcmp(g->damage, "graffiti");
      if (!strcmp(g->damage, "crack"))
        assert_true(g->policy == KZ_RECORD_RESTORE && g->outcome == KZ_RECORD_FILLED &&
                    g->pixels == 72 * 4 - 4 && g->distance >= 2); /* widened by a disc of 1 px */
      else
        assert_true(g->policy == (graffiti ? KZ_RECORD_ASK : KZ_RECORD_ONLY) &&
                    g->outcome == (graffiti && answer ? KZ_RECORD_FILLED : KZ_RECORD_UNFILLED));
    }
    kz_record_release(&r);
  }
  unlink(in_folder("masks/crack.png"));
  unlink(in_folder("masks/graffiti.png"));
  unlink(in_folder("masks/old-repair.png"));
  rmdir(masks);
  clear();
}

static void conjecture_is_in_the_record(void **state) {
  (void)state;
  struct kz_restoration_options o = asked();
  struct kz_record r;
  make_scene();
  const struct kz_restoration_job job = job_of("out.tif");
  o.candidates.most_distance = 12.5; /* the corner's inmost pixel is 20 px from a known one */
  make(&job, &o, &r);
  assert_proved("out.tif.json");
  assert_int_equal(count_files("out.tif"), 3);
  assert_true(r.regions[0].outcome == KZ_RECORD_CONJECTURE || /* by first pixels: the corner */
              r.regions[1].outcome == KZ_RECORD_CONJECTURE);
  assert_string_equal(r.regions[0].conjecture, "far from known pixels");
  assert_false(changed("out.tif", 90, 5));
  assert_true(changed("out.tif", 30, 20));
  kz_record_release(&r);
  o.candidates.allow_conjecture = o.restore.overwrite = true;
  make(&job, &o, &r);
  assert_int_equal(r.regions[0].outcome, KZ_RECORD_ALLOWED);
  assert_int_equal(count_files("out.tif"), 2); /* the picture of what was filled is gone again */
  assert_true(changed("out.tif", 90, 5));
  kz_record_release(&r);
  clear();
}

static void candidates_have_a_record_each(void **state) {
  (void)state;
  struct kz_restoration_options o = asked();
  struct kz_record r, other;
  struct kz_err err;
  bool sealed;
  make_scene();
  struct kz_restoration_job job = job_of("out.png");
  job.layers = kept("out.ora");
  o.candidates.count = 3;
  o.restore.seed = 7;
  make(&job, &o, &r);
  assert_int_equal(count_files("out-"), 6);
  assert_int_equal(count_files("out.png.doubt.png"), 1);
  assert_int_equal(count_files("out.ora"), 1);
  assert_int_equal(r.candidate_count, 3);
  int best = 0;
  while (r.candidates[best].rank != 1) best++;
  assert_string_equal(r.files.result.path, r.candidates[best].file.path);
  assert_int_equal(r.regions[0].candidate, best);
  assert_true(r.regions[1].disagreement > 0 && r.evidence.count == 3);
  for (int k = 0; k < 3; k++) {
    char name[32];
    snprintf(name, sizeof name, "out-%d.png.json", k + 1);
    assert_proved(name);
    if (kz_record_read(&other, in_folder(name), &sealed, &err)) fail_msg("%s", err.msg);
    assert_true(sealed && other.candidates[k].seed == 7 + k && other.regions[2].candidate == k);
    assert_string_equal(other.files.result.sha256, r.candidates[k].file.sha256);
    kz_record_release(&other);
  }
  kz_record_release(&r);
  clear();
}

static void an_unrecorded_one_is_alone(void **state) {
  (void)state;
  struct kz_restoration_options o = asked();
  struct kz_record r;
  make_scene();
  struct kz_restoration_job job = job_of("out.tif");
  job.unrecorded = true;
  job.model = NULL;
  o.candidates.most_distance = 12.5;
  o.style.style = KZ_STYLE_OUTLINE;
  make(&job, &o, &r);
  assert_int_equal(count_files("out"), 1);
  assert_true(r.files.source.sha256 == NULL && !strcmp(r.files.source.path, job.image));
  kz_record_release(&r);
  clear();
}

/* ---- refusals ---- */

static void refused(const struct kz_restoration_job *job, const struct kz_restoration_options *o,
                    int code, const char *words) {
  struct kz_restoration_forecast f;
  struct kz_err err = {0};
  const int before = count_files("");
  assert_int_equal(kz_restoration_make(restorer, job, o, NULL, NULL, &err), code);
  if (!strstr(err.msg, words)) fail_msg("\"%s\" does not say \"%s\"", err.msg, words);
  assert_int_equal(kz_restoration_foresee(restorer, job, o, &f, &err), code);
  assert_int_equal(count_files(""), before);
}

static void what_cannot_be_done_is_refused_first(void **state) {
  (void)state;
  struct kz_restoration_options o = asked();
  make_scene();
  struct kz_restoration_job job = job_of("out.tif");
  write_bytes(in_folder("out.tif.json"), "mine", 4);
  refused(&job, &o, KZ_EEXIST, "out.tif.json: is there already");
  job.record = kept("image.tif");
  refused(&job, &o, KZ_EEXIST, "overwrite what is read");
  job.record = job.out;
  refused(&job, &o, KZ_EEXIST, "two outputs");
  job.record = kept("mine.json");
  o.candidates.count = 2;
  refused(&job, &o, KZ_ERANGE, "a record of its own");
  o.candidates.count = 0;
  job.unrecorded = true;
  refused(&job, &o, KZ_ERANGE, "without a record");
  job.unrecorded = false;
  job.model = NULL;
  refused(&job, &o, KZ_ERANGE, "model");
  job = job_of("new.jpg");
  job.layers = kept("new.ora");
  refused(&job, &o, KZ_EUNSUPPORTED, "stored exactly");
  job = job_of("new.tif");
  job.layers = kept("new.psd");
  refused(&job, &o, KZ_EUNSUPPORTED, ".ora or .tif");
  job.layers = kept("no/new.ora");
  refused(&job, &o, KZ_EIO, "the folder is missing");
  job.layers = NULL;
  job.page = kept("no/new.html");
  refused(&job, &o, KZ_EIO, "the folder is missing");
  job = job_of("new.tif");
  job.policy = kept("none.json");
  refused(&job, &o, KZ_ENOENT, "none.json");
  clear();
}

static void nothing_to_restore_has_its_reason(void **state) {
  (void)state;
  static const char *const leave[] = {
      "{\"kizil-policy\": 1, \"classes\": {\"unclassified\": {\"decision\": \"ask\"}}}",
      "{\"kizil-policy\": 1, \"classes\": {\"unclassified\": {\"decision\": \"leave\"}}}",
      "{\"kizil-policy\": 1, \"all\": {\"least\": 100000}}"};
  static const char *const words[] = {"--asked restore", "leaves all of the 3 regions",
                                      "--no-drop-specks"};
  struct kz_restoration_options o = asked();
  make_scene();
  struct kz_restoration_job job = job_of("out.tif");
  job.policy = kept("policy.json");
  o.treat.groom = KZ_GROOM_YES;
  for (int i = 0; i < 3; i++) {
    write_bytes(job.policy, leave[i], strlen(leave[i]));
    refused(&job, &o, KZ_ERANGE, words[i]);
  }
  clear();
}

/* What fails after the pictures takes them with it. */
static void a_late_failure_leaves_nothing(void **state) {
  (void)state;
  struct kz_restoration_options o = asked();
  struct kz_err err;
  make_scene();
  struct kz_restoration_job job = job_of("out.tif");
  o.candidates.most_distance = 12.5;
  job.layers = kept("layers.tif");
  job.why = "\xff\xfe"; /* no record can hold it */
  const int before = count_files("");
  assert_int_equal(kz_restoration_make(restorer, &job, &o, NULL, NULL, &err), KZ_EFORMAT);
  assert_int_equal(count_files(""), before);
  job.why = NULL;
  job.layers = kept("no/layers.tif");
  assert_int_not_equal(kz_restoration_make(restorer, &job, &o, NULL, NULL, &err), 0);
  assert_int_equal(count_files(""), before);
  clear();
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_result_and_its_record),
      cmocka_unit_test(classes_are_treated_as_the_policy_says),
      cmocka_unit_test(conjecture_is_in_the_record),
      cmocka_unit_test(candidates_have_a_record_each),
      cmocka_unit_test(an_unrecorded_one_is_alone),
      cmocka_unit_test(what_cannot_be_done_is_refused_first),
      cmocka_unit_test(nothing_to_restore_has_its_reason),
      cmocka_unit_test(a_late_failure_leaves_nothing),
  };
  return cmocka_run_group_tests(tests, fixture_setup, fixture_teardown);
}
