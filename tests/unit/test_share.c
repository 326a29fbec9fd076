/* One model, several threads: each restores with a restorer of its own, and all get the file that one
 * alone makes. */
#include "image_fixture.h"

#include <math.h>
#include <pthread.h>

#include <kizil/restore.h>

#include "base/file.h"
#include "tiny_model.h"

enum { WIDE = 300, HIGH = 90, THREADS = 4, TIMES = 3 };

struct hand {
  pthread_t thread;
  struct kz_model *model;
  char image[256], mask[256], out[TIMES][256];
  int seed;
  int code;
  double rate;
  struct kz_err err;
};

static struct kz_restore_options options_of(int seed) {
  struct kz_restore_options o;
  kz_params_defaults(kz_restore_params, &o);
  o.seed = seed;
  o.threads = 1;
  o.thin = 0;
  o.tile = 64;
  o.overlap = 32;
  return o;
}

static void *restore(void *self) {
  struct hand *h = self;
  struct kz_restorer *r = NULL;
  h->code = kz_restorer_new(h->model, &r, &h->err);
  for (int i = 0; i < TIMES && !h->code; i++) {
    const struct kz_restore_options o = options_of(h->seed + i);
    h->code = kz_restorer_run(r, h->image, h->mask, h->out[i], &o, NULL, NULL, &h->err);
    if (!h->code && i == 0) h->code = kz_restorer_rate(r, &o, &h->rate, &h->err);
  }
  kz_restorer_free(r);
  return NULL;
}

static struct hand hand_of(struct kz_model *model, const char *name, int seed) {
  struct hand h = {.model = model, .seed = seed};
  char file[64];
  snprintf(h.image, sizeof h.image, "%s", in_folder("image.tif"));
  snprintf(h.mask, sizeof h.mask, "%s", in_folder("mask.png"));
  for (int i = 0; i < TIMES; i++) {
    snprintf(file, sizeof file, "%s-%d.tif", name, i);
    snprintf(h.out[i], sizeof h.out[i], "%s", in_folder(file));
  }
  return h;
}

static void make_scene(void) {
  struct kz_pixels m;
  struct kz_err err;
  empty_folder();
  if (tiny_model_write_as(in_folder("model.safetensors"), 3, true, &err)) fail_msg("%s", err.msg);
  make_file("image.tif", "", WIDE, HIGH, 3, 8, false);
  assert_int_equal(kz_pixels_init(&m, WIDE, HIGH, 1, &err), 0);
  for (int i = 0; i < WIDE * HIGH; i++) m.data[i] = i % WIDE % 40 < 12 && i / WIDE > 9 ? 255 : 0;
  if (kz_pixels_save(&m, in_folder("mask.png"), &err)) fail_msg("%s", err.msg);
  kz_pixels_release(&m);
}

static void assert_same_file(const char *a, const char *b) {
  char x[65], y[65];
  assert_int_equal(kz_file_sha256(a, x, NULL), 0);
  assert_int_equal(kz_file_sha256(b, y, NULL), 0);
  assert_string_equal(x, y);
}

static void threads_share_a_model(void **state) {
  (void)state;
  struct kz_model *model = NULL;
  struct kz_err err;
  struct hand alone[THREADS], together[THREADS];
  char name[32], hash[2][65];
  make_scene();
  if (kz_model_load(in_folder("model.safetensors"), KZ_PRECISION_F32, &model, &err))
    fail_msg("%s", err.msg);
  for (int i = 0; i < THREADS; i++) { /* the first threads to run any network: they start all */
    snprintf(name, sizeof name, "together-%d", i);
    together[i] = hand_of(model, name, 10 * i);
    snprintf(name, sizeof name, "alone-%d", i);
    alone[i] = hand_of(model, name, 10 * i);
  }
  for (int i = 0; i < THREADS; i++)
    assert_int_equal(pthread_create(&together[i].thread, NULL, restore, &together[i]), 0);
  for (int i = 0; i < THREADS; i++) pthread_join(together[i].thread, NULL);
  for (int i = 0; i < THREADS; i++) {
    restore(&alone[i]);
    if (together[i].code) fail_msg("%s", together[i].err.msg);
    if (alone[i].code) fail_msg("%s", alone[i].err.msg);
    assert_true(isfinite(together[i].rate) && together[i].rate > 0);
    for (int k = 0; k < TIMES; k++) assert_same_file(together[i].out[k], alone[i].out[k]);
  }
  assert_int_equal(kz_file_sha256(alone[0].out[0], hash[0], NULL), 0);
  assert_int_equal(kz_file_sha256(alone[1].out[0], hash[1], NULL), 0);
  assert_string_not_equal(hash[0], hash[1]); /* the seed counts, so equal files say something */
  kz_model_free(model);
  empty_folder();
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(threads_share_a_model)};
  return cmocka_run_group_tests(tests, fixture_setup, fixture_teardown);
}
