/* The network with its guides against PyTorch (tests/golden/make_network.py guided): structure
 * branch, caption, detail. The first configuration has all of them and is compared in every
 * gradient, the others have what it lacks. */
#include "network_scene.h"

#define WIDTH .width = {16, 8, 24, 16}, .heads = 4, .groups = 4, .time_width = 48, .input = 0

/* As GUIDED in make_network.py. */
static const struct kz_fedr_config all = {
    WIDTH, .structure = {16, 8, 16, 16}, .text = 16, .text_layers = 2, .detail = 8};
static const struct kz_fedr_config structure = {WIDTH, .structure = {16, 8, 24, 16}};
static const struct kz_fedr_config text = {WIDTH, .text = 16, .text_layers = 1};

static const struct kz_dims pair = {2, 32, 64, 7}, one = {1, 32, 32, 7};

static void test_all_f32(void **state)
{
  (void)state;
  struct net t;
  net_init(&t, &all, pair, KZ_F32, true, "guided");
  assert_int_equal(check_narrow(&t, "", true, 1e-4), t.params.len);
  net_release(&t);
}

static void test_all_bf16(void **state)
{
  (void)state;
  if (!kz_cpu_has_bf16()) skip();
  struct net t;
  net_init(&t, &all, pair, KZ_BF16, true, "guided");
  assert_int_equal(check_narrow(&t, "", false, 0.99), t.params.len);
  net_release(&t);
}

static void test_structure(void **state)
{
  (void)state;
  struct net t;
  net_init(&t, &structure, one, KZ_F32, true, "guided");
  assert_int_equal(check_narrow(&t, "structure.", true, 1e-4), 10);
  net_release(&t);
}

static void test_text(void **state)
{
  (void)state;
  struct net t;
  net_init(&t, &text, one, KZ_F32, true, "guided");
  assert_int_equal(check_narrow(&t, "text.", true, 1e-4), 12);
  net_release(&t);
}

/* The graph for use computes what the graph for training computes. */
static void test_inference_same(void **state)
{
  (void)state;
  struct kz_err err = {0};
  struct net t;
  net_init(&t, &all, pair, KZ_F32, false, "guided");
  narrow_weights(&t, "");
  assert_ok(kz_graph_forward(t.g, &err));
  check_output(&t, "", true);
  net_release(&t);
}

/* What a guide says reaches the output: another caption, other features. */
static void test_guides_matter(void **state)
{
  (void)state;
  struct kz_err err = {0};
  struct net t;
  net_init(&t, &all, one, KZ_F32, false, "guided");
  narrow_weights(&t, "");
  const size_t count = kz_dims_count(kz_graph_dims(t.g, t.y));
  float *before = malloc(count * sizeof *before), *got = kz_graph_data(t.g, t.y);
  float *features = kz_graph_data(t.g, t.fedr.features);
  assert_non_null(before);
  assert_ok(kz_graph_forward(t.g, &err));
  memcpy(before, got, count * sizeof *before);
  ((int32_t *)kz_graph_data(t.g, t.fedr.text))[76] = 5;
  assert_ok(kz_graph_forward(t.g, &err));
  assert_true(relative_error(KZ_F32, got, before, count) > 1e-5);
  memcpy(before, got, count * sizeof *before);
  features[0] += 1;
  assert_ok(kz_graph_forward(t.g, &err));
  assert_true(relative_error(KZ_F32, got, before, count) > 1e-5);
  free(before);
  net_release(&t);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_all_f32), cmocka_unit_test(test_all_bf16),
      cmocka_unit_test(test_structure), cmocka_unit_test(test_text),
      cmocka_unit_test(test_inference_same), cmocka_unit_test(test_guides_matter),
  };
  return cmocka_run_group_tests_name("guided network", tests, NULL, NULL);
}
