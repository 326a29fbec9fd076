/* Classes, policies, and what grooming makes of small maps whose outcome can be seen. */
#include "treat_fixture.h"

static void test_classes(void **state) {
  (void)state;
  for (int i = 0; i < KZ_DAMAGE_CLASSES; i++) {
    const struct kz_damage_class *c = &kz_damage_classes[i];
    assert_int_equal(kz_damage_class_find(c->id), i);
    assert_int_equal(kz_damage_class_find(c->english), i);
    assert_int_equal(kz_damage_class_find(c->chinese), i);
    for (int k = 0; k < i; k++)
      assert_memory_not_equal(c->colour, kz_damage_classes[k].colour, 3);
  }
  assert_int_equal(kz_damage_class_find("Paint_Loss"), LOSS);
  assert_int_equal(kz_damage_class_find("overpaint"), REPAIR);
  assert_int_equal(kz_damage_class_find("变色"), kz_damage_class_find("fading"));
  assert_int_equal(kz_damage_class_find("paint"), -1);
  assert_int_equal(kz_damage_class_find(""), -1);
  assert_string_equal(kz_damage_classes[KZ_UNCLASSIFIED].id, "unclassified");
  assert_int_equal(kz_damage_classes[kz_damage_class_find("graffiti")].decision, KZ_ASK);
  assert_int_equal(kz_damage_classes[REPAIR].decision, KZ_RECORD);
  assert_int_equal(kz_damage_classes[kz_damage_class_find("soot")].decision, KZ_RECORD);
  assert_int_equal(kz_decision_find("ask"), KZ_ASK);
  assert_int_equal(kz_decision_find("Ask"), -1);
}

/* What docs/treatment.md tells of the default policy is what it is. */
static void test_the_documented_default(void **state) {
  (void)state;
  static const char *const kinds[] = {"area", "thin", "tonal", "unseen"};
  const char *root = getenv("KIZIL_SOURCE");
  char path[512], row[256];
  static char text[1 << 14];
  struct kz_policy p;
  if (!root) skip();
  snprintf(path, sizeof path, "%s/docs/treatment.md", root);
  FILE *f = fopen(path, "rb");
  assert_non_null(f);
  text[fread(text, 1, sizeof text - 1, f)] = 0;
  fclose(f);
  kz_policy_defaults(&p);
  for (int i = 0; i < KZ_DAMAGE_CLASSES; i++) {
    const struct kz_damage_class *c = &kz_damage_classes[i];
    const struct kz_policy_rule *r = &p.rule[i];
    int n = snprintf(row, sizeof row, "| %s | %s %s | #%02x%02x%02x | %s | %s | ", c->id,
                     c->english, c->chinese, c->colour[0], c->colour[1], c->colour[2],
                     kinds[c->kind], kz_decision_name(r->decision));
    if (r->decision == KZ_RESTORE || r->decision == KZ_ASK)
      snprintf(row + n, sizeof row - (size_t)n, "%d px | %s |\n", r->dilate,
               r->fill_holes ? "yes" : "no");
    if (!strstr(text, row)) fail_msg("docs/treatment.md lacks: %s", row);
    assert_true(r->least == 4 && r->largest_hole == 64);
    assert_true(r->fast);
  }
  kz_policy_release(&p);
}

static void test_policy_is_read_over_the_default(void **state) {
  (void)state;
  struct kz_policy p, again;
  struct kz_err err;
  const char *path = in_folder("p.json");
  put_text(path, "{\"kizil-policy\": 1, \"all\": {\"dilate\": 3},"
                 "\"classes\": {\"crack\": {\"decision\": \"leave\", \"fast\": false},"
                 "\"paint loss\": {\"least\": 9, \"dilate\": 0, \"fill-holes\": false}},"
                 "\"names\": {\"Riss\": \"crack\", \"3\": \"颜料层脱落\", \"frame\": \"ignore\"}}");
  assert_int_equal(kz_policy_load(&p, path, &err), 0);
  assert_int_equal(p.rule[CRACK].decision, KZ_LEAVE);
  assert_int_equal(p.rule[CRACK].dilate, 3);
  assert_false(p.rule[CRACK].fast);
  assert_true(p.rule[CRAQUELURE].fast);
  assert_int_equal(p.rule[LOSS].least, 9);
  assert_int_equal(p.rule[LOSS].dilate, 0);
  assert_false(p.rule[LOSS].fill_holes);
  assert_int_equal(p.rule[REPAIR].decision, KZ_RECORD);
  assert_int_equal(p.name_count, 3);
  char *text = kz_policy_to_json(&p);
  assert_non_null(text);
  put_text(path, text);
  assert_int_equal(kz_policy_load(&again, path, &err), 0);
  char *second = kz_policy_to_json(&again);
  assert_string_equal(second, text);
  free(text);
  free(second);
  kz_policy_release(&p);
  kz_policy_release(&again);
}

static void test_bad_policies_are_refused(void **state) {
  (void)state;
  static const struct {
    const char *text, *says;
    int code;
  } bad[] = {
      {"{\"kizil-policy\": 1, \"classes\": {\"crack\": {\"dilated\": 2}}}", "crack: \"dilated\"",
       KZ_EFORMAT},
      {"{\"kizil-policy\": 1, \"all\": {\"dilate\": 65}}", "\"dilate\" is 65", KZ_ERANGE},
      {"{\"kizil-policy\": 1, \"all\": {\"dilate\": -1}}", "0 to 64", KZ_ERANGE},
      {"{\"kizil-policy\": 1, \"all\": {\"dilate\": \"2\"}}", "a whole number", KZ_EFORMAT},
      {"{\"kizil-policy\": 1, \"all\": {\"decision\": \"maybe\"}}", "\"record\"", KZ_EFORMAT},
      {"{\"kizil-policy\": 1, \"all\": {\"fast\": 1}}", "true or false", KZ_EFORMAT},
      {"{\"kizil-policy\": 1, \"classes\": {\"rust\": {}}}", "\"rust\" is no class", KZ_ENOENT},
      {"{\"kizil-policy\": 1, \"classes\": {\"crack\": 3}}", "must be an object", KZ_EFORMAT},
      {"{\"kizil-policy\": 1, \"names\": {\"a\": \"rust\"}}", "\"rust\"", KZ_ENOENT},
      {"{\"kizil-policy\": 1, \"extra\": {}}", "\"extra\"", KZ_EFORMAT},
      {"{\"kizil-policy\": 2}", "not a policy", KZ_EFORMAT},
      {"{}", "not a policy", KZ_EFORMAT},
      {"[1]", "not a policy", KZ_EFORMAT},
      {"{\"kizil-policy\": 1,", "line 1", KZ_EFORMAT},
  };
  const char *path = in_folder("bad.json");
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
    struct kz_policy p;
    struct kz_err err = {0};
    put_text(path, bad[i].text);
    assert_int_equal(kz_policy_load(&p, path, &err), bad[i].code);
    assert_non_null(strstr(err.msg, path));
    if (!strstr(err.msg, bad[i].says)) fail_msg("%s: %s", bad[i].text, err.msg);
  }
}

/* ---- grooming ---- */

/* A policy under which class 'c', 'l' and 'U' are restored as they are; 'r' is recorded. */
static void plain_policy(struct kz_policy *p) {
  kz_policy_defaults(p);
  for (int i = 0; i < KZ_DAMAGE_CLASSES; i++) {
    p->rule[i].dilate = 0;
    p->rule[i].least = 0;
    p->rule[i].fill_holes = false;
  }
}

static void groom(const char *picture, const struct kz_policy *policy,
                  const struct kz_treat_options *o, struct kz_treat_plan *plan) {
  struct kz_treat_map map;
  struct kz_err err;
  make_map(&map, picture);
  assert_int_equal(kz_treat_apply(plan, &map, policy, o, &err), 0);
  kz_treat_map_release(&map);
}

/* The plan as classes. */
static void assert_plan(const struct kz_treat_plan *plan, const char *want) {
  char got[4096], *out = got;
  const struct kz_treat_rows *r = &plan->rows;
  for (int y = 0; y < r->height; y++) {
    memset(out, '.', (size_t)r->width);
    for (int64_t i = r->row[y]; i < r->row[y + 1]; i++)
      memset(out + r->runs[i].x, letter_of(plan->regions[r->runs[i].id].cls),
             (size_t)r->runs[i].len);
    out += r->width;
    *out++ = '\n';
  }
  *out = 0;
  assert_string_equal(got, want);
}

static void test_specks(void **state) {
  (void)state;
  struct kz_policy p;
  struct kz_treat_plan plan;
  plain_policy(&p);
  p.rule[LOSS].least = p.rule[REPAIR].least = 3;
  const char *picture = "l...l.\n"
                        ".l...l\n"
                        "..l...\n"
                        "r...cc\n";
  groom(picture, &p, NULL, &plan);
  assert_plan(&plan, "l.....\n"
                     ".l....\n"
                     "..l...\n"
                     "r...cc\n"); /* the diagonal hangs together; what is recorded stays */
  assert_int_equal(plan.dropped, 2);
  kz_treat_plan_release(&plan);
  struct kz_treat_options off;
  kz_treat_options_defaults(&off);
  off.drop_specks = false;
  groom(picture, &p, &off, &plan);
  assert_plan(&plan, picture);
  kz_treat_plan_release(&plan);
}

static void test_holes(void **state) {
  (void)state;
  struct kz_policy p;
  struct kz_treat_plan plan;
  plain_policy(&p);
  p.rule[LOSS].fill_holes = true;
  p.rule[LOSS].largest_hole = 2;
  groom("lllll.lll.\n"
        "l.l.l.l..l\n"
        "l.l.l.ll.l\n"
        "lllrl..lll\n"
        "l.l.l.....\n",
        &p, NULL, &plan);
  /* A hole of two is filled; one of three is not, nor one open below; another class stays. */
  assert_plan(&plan, "lllll.lll.\n"
                     "lll.l.l..l\n"
                     "lll.l.ll.l\n"
                     "lllrl..lll\n"
                     "l.l.l.....\n");
  assert_int_equal(plan.filled, 2);
  kz_treat_plan_release(&plan);
  p.rule[LOSS].largest_hole = 3;
  groom("lllll\n"
        "l.l.l\n"
        "l.lrl\n"
        "lllll\n",
        &p, NULL, &plan);
  assert_plan(&plan, "lllll\n"
                     "lllll\n"
                     "lllrl\n"
                     "lllll\n");
  assert_int_equal(plan.filled, 3);
  kz_treat_plan_release(&plan);
}

static void test_dilation_takes_no_pixel_of_another_class(void **state) {
  (void)state;
  struct kz_policy p;
  struct kz_treat_plan plan;
  plain_policy(&p);
  p.rule[LOSS].dilate = 2;
  p.rule[CRACK].dilate = 1;
  p.rule[REPAIR].dilate = 2;
  groom(".........\n"
        ".........\n"
        "...l.....\n"
        "....r....\n"
        "........c\n"
        "r........\n",
        &p, NULL, &plan);
  assert_plan(&plan, "...l.....\n"
                     "..lll....\n"
                     ".lllll...\n"
                     "..llr...c\n"
                     "...l...cc\n"
                     "r.......c\n");
  assert_int_equal(plan.dilated, 14);
  kz_treat_plan_release(&plan);
}

static void test_regions_and_answers(void **state) {
  (void)state;
  struct kz_policy p;
  struct kz_treat_plan plan;
  uint8_t mask[8];
  plain_policy(&p);
  p.rule[LOSS].decision = KZ_ASK;
  groom("cc....l.\n"
        "..c...ll\n"
        "r..l...l\n",
        &p, NULL, &plan);
  assert_int_equal(plan.region_count, 4);
  const struct kz_treat_region *g = plan.regions;
  assert_int_equal(g[0].cls, CRACK);
  assert_true(g[0].x == 0 && g[0].y == 0 && g[0].width == 3 && g[0].height == 2);
  assert_true(g[0].area == 3 && g[0].marked == 3 && g[0].fast);
  assert_int_equal(g[1].cls, LOSS);
  assert_true(g[1].x == 6 && g[1].y == 0 && g[1].width == 2 && g[1].height == 3);
  assert_true(g[1].area == 4 && g[1].fast);
  assert_int_equal(g[1].decision, KZ_ASK);
  assert_int_equal(g[2].cls, REPAIR);
  assert_int_equal(g[2].decision, KZ_RECORD);
  assert_int_equal(g[3].area, 1);
  assert_int_equal(kz_treat_plan_count(&plan), 3);
  kz_treat_plan_row(&plan, 2, mask);
  for (int x = 0; x < 8; x++) assert_int_equal(mask[x], 0);
  plan.regions[3].decision = KZ_RESTORE; /* the answer */
  kz_treat_plan_row(&plan, 2, mask);
  for (int x = 0; x < 8; x++) assert_int_equal(mask[x], x == 3 ? 255 : 0);
  assert_int_equal(kz_treat_plan_count(&plan), 4);
  kz_treat_plan_release(&plan);
}

/* A ring is one region however its arms meet, and marked counts what a person drew. */
static void test_ring(void **state) {
  (void)state;
  struct kz_policy p;
  struct kz_treat_plan plan;
  plain_policy(&p);
  p.rule[LOSS].dilate = 1;
  groom("..l.l.\n"
        ".l.l.l\n"
        "l...l.\n"
        ".l.l..\n"
        "..l...\n",
        &p, NULL, &plan);
  assert_int_equal(plan.region_count, 1);
  assert_int_equal(plan.regions[0].marked, 10);
  assert_true(plan.regions[0].area > 10);
  assert_int_equal(plan.regions[0].area, 10 + plan.dilated);
  kz_treat_plan_release(&plan);
}

static void test_nothing_is_damaged(void **state) {
  (void)state;
  struct kz_policy p;
  struct kz_treat_plan plan;
  kz_policy_defaults(&p);
  groom("...\n...\n", &p, NULL, &plan);
  assert_int_equal(plan.region_count, 0);
  assert_int_equal(kz_treat_plan_count(&plan), 0);
  kz_treat_plan_release(&plan);
  kz_policy_release(&p);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_classes),
      cmocka_unit_test(test_the_documented_default),
      cmocka_unit_test(test_policy_is_read_over_the_default),
      cmocka_unit_test(test_bad_policies_are_refused),
      cmocka_unit_test(test_specks),
      cmocka_unit_test(test_holes),
      cmocka_unit_test(test_dilation_takes_no_pixel_of_another_class),
      cmocka_unit_test(test_regions_and_answers),
      cmocka_unit_test(test_ring),
      cmocka_unit_test(test_nothing_is_damaged),
  };
  return cmocka_run_group_tests(tests, fixture_setup, fixture_teardown);
}
