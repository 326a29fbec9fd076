/* A training step allocates nothing once the run is warm: batch, noise, loss, update and all. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "../allocations.h"
#include "diffusion/train.h"
#include "perceptual_fixture.h"

#define SIZE 32
#define COUNT 4
#define GUIDED_SIZE 256 /* of one crop; see test_steps */
#define ARM_AT 3
#define DISARM_AT 7

static uint8_t rgb[GUIDED_SIZE * GUIDED_SIZE * 3], mask[GUIDED_SIZE * GUIDED_SIZE];

static int next(void *self, int64_t index, int count, int size, struct kz_batch *b,
                struct kz_err *err) {
  (void)self, (void)err;
  for (int i = 0; i < count * size * size; i++) mask[i] = i % size / 8 == index % 4 ? 255 : 0;
  for (int i = 0; i < 3 * count * size * size; i++) rgb[i] = (uint8_t)(i * 7 + index);
  *b = (struct kz_batch){.count = count, .size = size, .rgb = rgb, .mask = mask};
  if (index == ARM_AT) armed = 1;
  if (index == DISARM_AT) armed = 0;
  return 0;
}

static void run(int threads, int precision, int optimiser, bool perceptual, bool guides) {
  struct kz_train_options o;
  struct kz_err err = {0};
  const struct kz_train_host host = {.next = next};
  char dir[] = "/tmp/kizil-steps-XXXXXX", command[64], weights[64];
  assert_non_null(mkdtemp(dir));
  kz_params_defaults(kz_train_params, &o);
  for (int i = 0; i < 4; i++) o.width[i] = 32;
  o.structure[0] = o.detail = 0;
  o.crop_small = guides ? GUIDED_SIZE : SIZE;
  o.batch_small = guides ? 1 : COUNT;
  o.small_share = 1;
  o.minutes = 0;
  o.steps = DISARM_AT + 1;
  o.threads = threads;
  o.precision = precision;
  o.optimiser = optimiser;
  for (int i = 0; i < 4 && guides; i++) o.structure[i] = 16;
  if (guides) o.text = o.detail = 16;
  if (perceptual) {
    snprintf(weights, sizeof weights, "%s/random.safetensors", dir);
    assert_int_equal(perceptual_write(weights, &err), 0);
    o.perceptual = weights;
    o.perceptual_from = 0;
  }
  counted = 0;
  largest_new = 0;
  int code = kz_train(&o, &host, dir, false, &err);
  snprintf(command, sizeof command, "rm -rf '%s'", dir);
  assert_int_equal(system(command), 0);
  if (code) fail_msg("%s", err.msg);
  assert_int_equal(armed, 0);
  if (counted) fail_msg("%d allocations in %d steps", counted, DISARM_AT - ARM_AT);
  if (largest_new > SMALL) fail_msg("oneDNN allocated %zu bytes", largest_new);
}

static void test_steps(void **state) {
  (void)state;
  if (!COUNTS) skip();
  run(1, KZ_PRECISION_F32, KZ_OPTIMISER_ADAMW, false, false);
  run(2, KZ_PRECISION_F32, KZ_OPTIMISER_ADAMW, false, false);
  run(1, KZ_PRECISION_BF16, KZ_OPTIMISER_ADAMW, false, false);
  run(2, KZ_PRECISION_F32, KZ_OPTIMISER_MUON, false, false);
  run(1, KZ_PRECISION_AUTO, KZ_OPTIMISER_MUON, false, false);
  run(1, KZ_PRECISION_F32, KZ_OPTIMISER_ADAMW, true, false);
  run(2, KZ_PRECISION_AUTO, KZ_OPTIMISER_ADAMW, true, false);
  /* For the weights' gradient of a dilated convolution oneDNN 2.6 has no kernel of its own in f32, nor
   * in bf16 on less than 8 x 8 positions; the matrix product it falls back to allocates. */
  run(1, KZ_PRECISION_BF16, KZ_OPTIMISER_MUON, false, true);
  run(2, KZ_PRECISION_BF16, KZ_OPTIMISER_ADAMW, false, true);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_steps)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
