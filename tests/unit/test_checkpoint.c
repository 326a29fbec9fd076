/* A parameter set to disk and back, and every way a file can fail to be one. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/file.h"
#include "model/fedr.h"
#include "nn/checkpoint.h"

static char dir[64], path[96];

static int setup(void **state) {
  (void)state;
  snprintf(dir, sizeof dir, "/tmp/kizil-ck-XXXXXX");
  if (!mkdtemp(dir)) return -1;
  snprintf(path, sizeof path, "%s/a.safetensors", dir);
  return 0;
}

static int teardown(void **state) {
  (void)state;
  unlink(path);
  return rmdir(dir);
}

static void make(struct kz_paramset *p, bool train) {
  struct kz_err err = {0};
  const int kernel[4] = {3, 2, 3, 3}, bias[1] = {3};
  struct kz_rng rng;
  kz_paramset_init(p, kz_backend_cpu(2));
  assert_int_equal(kz_paramset_declare(p, "c.weight", 4, kernel, 18, KZ_INIT_KAIMING, &err), 0);
  assert_int_equal(kz_paramset_declare(p, "c.bias", 1, bias, 0, KZ_INIT_NORMAL, &err), 1);
  assert_int_equal(kz_paramset_allocate(p, train, &err), 0);
  kz_rng_init(&rng, 5);
  kz_paramset_randomise(p, &rng);
  for (int64_t i = 0; train && i < p->count; i++) {
    p->m[i] = .1f * (float)i;
    p->v[i] = 1e-9f * (float)i;
    p->ema[i] = p->data[i] + 1;
  }
}

/* Equal bits wherever a parameter is; padding between them is nobody's. */
static bool same(const struct kz_paramset *p, const float *a, const float *b) {
  for (int i = 0; i < p->len; i++)
    if (memcmp(a + p->info[i].offset, b + p->info[i].offset,
               (size_t)p->info[i].count * sizeof(float)))
      return false;
  return true;
}

static int load(struct kz_paramset *p, bool all, struct kz_err *err) {
  struct kz_safetensors *s = NULL;
  int code = kz_safetensors_open(path, &s, err);
  if (!code) code = kz_checkpoint_load(p, s, all, err);
  kz_safetensors_close(s);
  return code;
}

static void test_all(void **state) {
  (void)state;
  struct kz_paramset a, b;
  struct kz_err err = {0};
  const struct kz_st_meta meta[] = {{"step", "7"}};
  make(&a, true);
  make(&b, true);
  for (int64_t i = 0; i < b.count; i++) b.data[i] = b.m[i] = b.v[i] = b.ema[i] = -9;
  uint64_t version = b.version;
  assert_int_equal(kz_checkpoint_save(&a, path, meta, 1, &err), 0);
  assert_int_equal(load(&b, true, &err), 0);
  assert_true(same(&a, a.data, b.data) && same(&a, a.ema, b.ema));
  assert_true(same(&a, a.m, b.m) && same(&a, a.v, b.v));
  assert_true(b.version > version);
  kz_paramset_release(&b);

  make(&b, false); /* for use: the average */
  assert_int_equal(load(&b, false, &err), 0);
  assert_true(same(&a, a.ema, b.data));
  kz_paramset_release(&a);
  kz_paramset_release(&b);
}

static void test_weights(void **state) {
  (void)state;
  struct kz_paramset a, b;
  struct kz_err err = {0};
  make(&a, true);
  make(&b, false);
  assert_int_equal(kz_weights_save(&a, path, KZ_ST_F32, NULL, 0, &err), 0);
  assert_int_equal(load(&b, false, &err), 0);
  assert_true(same(&a, a.ema, b.data));
  assert_int_equal(kz_weights_save(&a, path, KZ_ST_F16, NULL, 0, &err), 0);
  assert_int_equal(load(&b, false, &err), 0);
  assert_false(same(&a, a.ema, b.data));
  for (int i = 0; i < a.len; i++)
    for (int64_t k = a.info[i].offset; k < a.info[i].offset + a.info[i].count; k++)
      assert_true(fabsf(a.ema[k] - b.data[k]) <= fabsf(a.ema[k]) / 2048 + 1e-7f);
  assert_int_equal(load(&a, true, &err), KZ_EFORMAT); /* not a run */
  assert_non_null(strstr(err.msg, "'ema.c.weight' is missing"));
  kz_paramset_release(&a);
  kz_paramset_release(&b);
}

static void refused(const struct kz_st_write *t, int count, const char *want) {
  struct kz_paramset p;
  struct kz_err err = {0};
  make(&p, false);
  float first = p.data[0];
  assert_int_equal(kz_safetensors_save(path, t, count, NULL, 0, &err), 0);
  int code = load(&p, false, &err);
  if (code != KZ_EFORMAT || !strstr(err.msg, want)) fail_msg("%d '%s'", code, err.msg);
  assert_true(p.data[0] == first); /* refused before anything is touched */
  kz_paramset_release(&p);
}

static void test_refusals(void **state) {
  (void)state;
  static const float zero[64];
  static const int64_t whole[3];
  struct kz_st_write t[3] = {{"c.weight", KZ_ST_F32, 4, {3, 2, 3, 3}, zero, 0},
                             {"c.bias", KZ_ST_F32, 1, {3}, zero, 0},
                             {"d.bias", KZ_ST_F32, 1, {3}, zero, 0}};
  refused(t, 1, "'c.bias' is missing");
  refused(t, 3, "'d.bias' is not part");
  t[1].shape[0] = 4;
  refused(t, 2, "'c.bias': shape: 4 in the file, the network wants 3");
  t[1] = (struct kz_st_write){"c.bias", KZ_ST_F32, 2, {3, 1}, zero, 0};
  refused(t, 2, "'c.bias': shape: 3x1");
  t[1] = (struct kz_st_write){"c.bias", KZ_ST_I64, 1, {3}, whole, 0};
  refused(t, 2, "'c.bias': dtype");
}

static void test_config(void **state) {
  (void)state;
  struct kz_fedr_config a, b = {0};
  struct kz_err err = {0};
  kz_fedr_config_defaults(&a);
  assert_true(a.width[0] == 64 && a.width[3] == 256 && a.heads == 4 && a.groups == 16);
  a.width[1] = 48;
  char *json = kz_fedr_config_to_json(&a);
  assert_int_equal(kz_fedr_config_from_json(&b, json, "here", &err), 0);
  assert_memory_equal(&a, &b, sizeof a);
  free(json);
  static const struct {
    const char *json, *want;
  } bad[] = {{"[]", "not a JSON object"},
             {"{", "not a JSON object"},
             {"{}", "width: missing"},
             {"{\"width\":[16,16,16]}", "width: not four"},
             {"{\"width\":[16,16,16,\"a\"]}", "width: not a whole"},
             {"{\"width\":[16,16,16,1000000]}", "width: not a whole"},
             {"{\"width\":[16,16,16,24]}", "width: 24 is not a multiple"},
             {"{\"width\":[16,16,16,16],\"heads\":0}", "heads"},
             {"{\"width\":[16,16,16,16],\"guides\":2}", "guides: unknown field"},
             {"{\"width\":[16,16,16,16],\"input\":\"clean\"}", "input"}};
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
    b = a;
    assert_true(kz_fedr_config_from_json(&b, bad[i].json, "here", &err) < 0);
    if (!strstr(err.msg, bad[i].want) || !strstr(err.msg, "here")) fail_msg("'%s'", err.msg);
    assert_memory_equal(&a, &b, sizeof a);
  }
}

/* A model file must say that it is one. */
static void test_foreign_model(void **state) {
  (void)state;
  static const float zero[4];
  const struct kz_st_write t = {"c", KZ_ST_F32, 1, {4}, zero, 0};
  const struct kz_st_meta format = {"format", "kizil-model-1"};
  const struct kz_st_meta both[] = {{"format", "kizil-model-1"},
                                    {"fedr", "{\"width\":[16,16,16,16]}"}};
  struct kz_err err = {0};
  struct kz_model *m = NULL;
  assert_int_equal(kz_safetensors_save(path, &t, 1, NULL, 0, &err), 0);
  assert_int_equal(kz_model_load(path, KZ_PRECISION_F32, &m, &err), KZ_EFORMAT);
  assert_non_null(strstr(err.msg, "__metadata__.format"));
  assert_int_equal(kz_safetensors_save(path, &t, 1, &format, 1, &err), 0);
  assert_int_equal(kz_model_load(path, KZ_PRECISION_F32, &m, &err), KZ_EFORMAT);
  assert_non_null(strstr(err.msg, "__metadata__.fedr"));
  assert_int_equal(kz_safetensors_save(path, &t, 1, both, 2, &err), 0);
  assert_int_equal(kz_model_load(path, KZ_PRECISION_F32, &m, &err), KZ_EFORMAT);
  assert_non_null(strstr(err.msg, "'c' is not part"));
  assert_non_null(strstr(err.msg, path));
  assert_int_equal(kz_model_load("/nonexistent/m", KZ_PRECISION_F32, &m, &err), KZ_ENOENT);
  assert_null(m);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_all),      cmocka_unit_test(test_weights),
      cmocka_unit_test(test_refusals), cmocka_unit_test(test_config),
      cmocka_unit_test(test_foreign_model),
  };
  return cmocka_run_group_tests(tests, setup, teardown);
}
