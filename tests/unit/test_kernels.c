/* The kernels over flat arrays and pixels: every table against the reference, f32 and bf16, odd
 * sizes, adding and overwriting, in place, one and two threads. */
#include "test_kernels_scene.h"

static const int64_t counts[] = {1, 15, 16, 17, 64, 1003, 40000};
static const int widths[] = {1, 3, 16, 17, 48, 64, 100, 192};
#define EACH(i, list) for (size_t i = 0; i < sizeof(list) / sizeof *(list); i++)
#define EACH_DTYPE(t) for (enum kz_dtype t = KZ_F32; t <= KZ_BF16; t++)

static void run_act_forward(const struct kz_kernels *k, struct scene *s) {
  k->act_forward(s->act, s->t, s->b[0].count, s->b[0].data, s->b[s->in_place ? 0 : 1].data);
}

static void run_act_backward(const struct kz_kernels *k, struct scene *s) {
  k->act_backward(s->act, s->t, s->b[0].count, s->b[0].data, s->b[1].data,
                  s->b[s->in_place ? 1 : 2].data, s->accumulate);
}

static void test_act(void **state) {
  (void)state;
  EACH_DTYPE(t) EACH(i, counts) for (int v = 0; v < 8; v++) {
    struct scene s = {.t = t, .act = (enum kz_act)(v % 4), .in_place = v > 3, .n = (int)counts[i]};
    scene_add(&s, t, counts[i], -9, 9);
    scene_add(&s, t, counts[i], -1, 1);
    scene_check(&s, run_act_forward, "act forward");
    s = (struct scene){.t = t, .act = (enum kz_act)(v % 4), .accumulate = v > 3, .c = v};
    for (int b = 0; b < 3; b++) scene_add(&s, t, counts[i], b ? -1 : -9, b ? 1 : 9);
    scene_check(&s, run_act_backward, "act backward");
  }
}

/* Far out, the activations are 0 or the identity, never NaN. */
static void test_act_extremes(void **state) {
  (void)state;
  const float src[] = {-1e30f, -1000, -100, -89, 0, 89, 100, 1000, 1e30f};
  EACH(i, all_isas) {
    const struct kz_kernels *k = kz_kernels_get(all_isas[i]);
    if (!k) continue;
    for (enum kz_act act = KZ_ACT_SILU; act <= KZ_ACT_RELU; act++) EACH_DTYPE(t) {
      float dst[9];
      kz_bf16 half[9];
      void *p = t == KZ_F32 ? (void *)dst : half;
      k->convert(KZ_F32, t, 9, src, p);
      k->act_forward(act, t, 9, p, p);
      k->convert(t, KZ_F32, 9, p, dst);
      for (int j = 0; j < 9; j++) {
        float want = src[j] < 0 ? 0 : src[j];
        assert_true(fabsf(dst[j] - want) <= 0.004f * fabsf(want) + 1e-5f);
      }
    }
  }
}

static void run_binary(const struct kz_kernels *k, struct scene *s) {
  void *dst = s->b[s->in_place ? 0 : 2].data;
  if (s->i0 == 0) k->add(s->t, s->b[0].count, s->b[0].data, s->b[1].data, dst);
  if (s->i0 == 1) k->mul(s->t, s->b[0].count, s->b[0].data, s->b[1].data, dst);
  if (s->i0 == 2) k->mul_add(s->t, s->b[0].count, s->b[0].data, s->b[1].data, s->b[2].data);
  if (s->i0 == 3) k->fill(s->t, s->b[2].count, -1.375f, s->b[2].data);
}

static void test_binary(void **state) {
  (void)state;
  EACH_DTYPE(t) EACH(i, counts) for (int v = 0; v < 8; v++) {
    struct scene s = {.t = t, .i0 = v % 4, .in_place = v > 3, .n = v};
    for (int b = 0; b < 3; b++) scene_add(&s, t, counts[i], -2, 2);
    scene_check(&s, run_binary, "binary");
  }
}

static void run_softmax(const struct kz_kernels *k, struct scene *s) {
  k->softmax_forward(s->t, s->n, s->c, s->b[0].data, s->b[s->in_place ? 0 : 1].data);
  k->softmax_backward(s->t, s->n, s->c, s->b[1].data, s->b[2].data, s->b[3].data, s->accumulate);
}

static void test_softmax(void **state) {
  (void)state;
  EACH_DTYPE(t) EACH(i, widths) for (int v = 0; v < 4; v++) {
    struct scene s = {.t = t, .n = v < 2 ? 7 : 200, .c = widths[i], .accumulate = v & 1};
    for (int b = 0; b < 4; b++) scene_add(&s, t, (int64_t)s.n * s.c, -4, 4);
    s.in_place = v == 3;
    scene_check(&s, run_softmax, "softmax");
  }
}

static void run_film(const struct kz_kernels *k, struct scene *s) {
  k->film_forward(s->t, s->n, s->hw, s->c, s->b[0].data, s->b[1].data, s->b[2].data);
  k->film_backward(s->t, s->n, s->hw, s->c, s->b[0].data, s->b[1].data, s->b[3].data,
                   s->b[4].data, s->accumulate, s->film ? s->b[5].data : NULL);
}

static void test_film(void **state) {
  (void)state;
  EACH_DTYPE(t) EACH(i, widths) for (int v = 0; v < 4; v++) {
    struct scene s = {.t = t, .n = 3, .hw = v < 2 ? 7 : 64, .c = widths[i]};
    s.accumulate = v & 1;
    s.film = v != 2;
    for (int b = 0; b < 6; b++)
      scene_add(&s, t, (int64_t)s.n * s.c * (b == 1 || b == 5 ? 2 : s.hw), -1, 1);
    scene_check(&s, run_film, "film");
  }
}

/* Strides wider than the rows: what lies between them must stay. */
static void run_copy(const struct kz_kernels *k, struct scene *s) {
  k->copy_rows(s->t, s->n, s->c, s->b[0].data, s->i0, s->b[1].data, s->i1, s->accumulate);
}

static void test_copy_rows(void **state) {
  (void)state;
  EACH_DTYPE(t) EACH(i, widths) for (int v = 0; v < 8; v++) {
    struct scene s = {.t = t, .n = v < 4 ? 5 : 900, .c = widths[i], .accumulate = v & 1};
    s.i0 = s.c + (v & 2 ? 13 : 0);
    s.i1 = s.c + (v & 2 ? 0 : 8);
    scene_add(&s, t, (int64_t)s.n * s.i0, -1, 1);
    scene_add(&s, t, (int64_t)s.n * s.i1, -1, 1);
    scene_check(&s, run_copy, "copy rows");
  }
}

static void run_nearest(const struct kz_kernels *k, struct scene *s) {
  struct kz_dims d = {s->n, s->hw, s->hw + 1, s->c};
  k->nearest_forward(s->t, d, s->i0, s->b[0].data, s->b[1].data, s->i1);
  k->nearest_backward(s->t, d, s->i0, s->b[2].data, s->i1, s->b[3].data, s->accumulate);
}

static void test_nearest(void **state) {
  (void)state;
  EACH_DTYPE(t) EACH(i, widths) for (int v = 0; v < 4; v++) {
    struct scene s = {.t = t, .n = 2, .hw = v < 2 ? 1 : 9, .c = widths[i], .accumulate = v & 1};
    int64_t pixels = (int64_t)s.n * s.hw * (s.hw + 1);
    s.i0 = v == 3 ? 3 : 2;
    s.i1 = s.c + v;
    scene_add(&s, t, pixels * s.c, -1, 1);
    scene_add(&s, t, pixels * s.i0 * s.i0 * s.i1, -1, 1);
    scene_add(&s, t, pixels * s.i0 * s.i0 * s.i1, -1, 1);
    scene_add(&s, t, pixels * s.c, -1, 1);
    scene_check(&s, run_nearest, "nearest");
  }
}

static void run_bilinear(const struct kz_kernels *k, struct scene *s) {
  struct kz_dims d = {s->n, s->hw, s->tk, s->c};
  k->bilinear_forward(s->t, d, s->i0, s->i1, s->b[0].data, s->b[1].data);
  k->bilinear_backward(s->t, d, s->i0, s->i1, s->b[2].data, s->b[3].data, s->accumulate);
}

static void test_bilinear(void **state) {
  static const int sizes[][4] = {/* h, w, oh, ow */
                                 {1, 1, 3, 4}, {4, 5, 8, 10}, {8, 10, 4, 5}, {7, 3, 2, 11},
                                 {9, 9, 1, 1}, {5, 5, 5, 5},  {3, 16, 13, 17}};
  (void)state;
  EACH_DTYPE(t) EACH(i, sizes) EACH(j, widths) {
    struct scene s = {.t = t, .n = 2, .hw = sizes[i][0], .tk = sizes[i][1], .i0 = sizes[i][2],
                      .i1 = sizes[i][3], .c = widths[j], .accumulate = j & 1};
    if (j % 3 != i % 3) continue;
    for (int b = 0; b < 4; b++)
      scene_add(&s, t, (int64_t)s.n * s.c * (b == 1 || b == 2 ? s.i0 * s.i1 : s.hw * s.tk), -1, 1);
    scene_check(&s, run_bilinear, "bilinear");
  }
}

static void run_pool(const struct kz_kernels *k, struct scene *s) {
  struct kz_dims d = {s->n, s->hw, s->hw + 2, s->c};
  int oh = s->tk, ow = s->heads, kernel = s->i0, stride = s->i1;
  uint8_t *winner = s->b[4].data; /* bytes in pairs: compared through the bf16 buffer they lie in */
  k->max_pool_forward(s->t, d, kernel, stride, oh, ow, s->b[0].data, s->b[1].data, winner);
  k->max_pool_backward(s->t, d, kernel, stride, oh, ow, s->b[2].data, winner, s->b[3].data,
                       s->accumulate);
  if (s->film)
    k->max_pool_forward(s->t, d, kernel, stride, oh, ow, s->b[0].data, s->b[1].data, NULL);
}

static void test_pool(void **state) {
  static const int cases[][5] = {/* h (w = h + 2), kernel, stride, oh, ow */
                                 {7, 3, 2, 3, 4}, {8, 3, 2, 4, 5}, {9, 2, 2, 4, 5},
                                 {5, 3, 1, 3, 5}, {9, 2, 3, 3, 4}, {3, 3, 3, 1, 2}};
  (void)state;
  EACH_DTYPE(t) EACH(i, cases) EACH(j, widths) {
    const int *p = cases[i];
    struct scene s = {.t = t, .n = j % 2 ? 2 : 9, .hw = p[0], .i0 = p[1], .i1 = p[2], .tk = p[3],
                      .heads = p[4], .c = widths[j], .accumulate = j & 1, .film = j % 3 == 0};
    int64_t large = (int64_t)s.n * p[0] * (p[0] + 2) * s.c;
    int64_t small = (int64_t)s.n * p[3] * p[4] * s.c;
    for (int b = 0; b < 4; b++) scene_add(&s, t, b % 3 ? small : large, -1, 1);
    scene_add(&s, KZ_BF16, (small + 1) / 2, 0, 0);
    scene_check(&s, run_pool, "max pool");
  }
}

/* Of equal values the first wins; NaN is larger than all. */
static void test_pool_ties(void **state) {
  const float src[] = {1, 3, 3, NAN, 3, -1, 3, 2}; /* 2 x 4, one channel */
  const float diff[] = {5, 7};
  (void)state;
  EACH(i, all_isas) {
    const struct kz_kernels *k = kz_kernels_get(all_isas[i]);
    const struct kz_dims d = {1, 2, 4, 1};
    float dst[2], back[8];
    uint8_t winner[2];
    if (!k) continue;
    k->max_pool_forward(KZ_F32, d, 2, 2, 1, 2, src, dst, winner);
    assert_true(dst[0] == 3 && isnan(dst[1]));
    assert_true(winner[0] == 1 && winner[1] == 1);
    k->max_pool_backward(KZ_F32, d, 2, 2, 1, 2, diff, winner, back, false);
    for (int p = 0; p < 8; p++) assert_true(back[p] == (p == 1 ? 5 : p == 3 ? 7 : 0));
  }
}

static void run_depth(const struct kz_kernels *k, struct scene *s) {
  struct kz_dims d = {s->n, s->hw * s->i0, (s->hw + 1) * s->i0, s->c};
  k->space_to_depth(s->b[0].t, s->b[1].t, d, s->i0, s->b[0].data, s->b[1].data, s->accumulate);
  k->depth_to_space(s->b[1].t, s->b[2].t, d, s->i0, s->b[3].data, s->b[2].data, s->accumulate);
}

static void test_depth(void **state) {
  static const int channels[] = {1, 3, 7, 16, 130}; /* 16 by 4: groups of 8 blocks, and 2 */
  (void)state;
  for (int v = 0; v < 8; v++) EACH(i, channels) for (int b = 1; b <= 4; b++) {
    enum kz_dtype from = v & 1 ? KZ_BF16 : KZ_F32, to = v & 2 ? KZ_BF16 : KZ_F32;
    struct scene s = {.t = from, .n = 3, .hw = b == 4 ? 9 : 2, .c = channels[i], .i0 = b};
    int64_t count = (int64_t)s.n * s.hw * b * (s.hw + 1) * b * s.c;
    s.accumulate = v > 3;
    if (to == KZ_BF16) s.t = KZ_BF16;
    for (int j = 0; j < 4; j++) scene_add(&s, j % 2 ? to : from, count, -1, 1);
    scene_check(&s, run_depth, "space to depth and back");
  }
}

static void run_mean(const struct kz_kernels *k, struct scene *s) {
  k->mean_forward(s->t, s->n, s->hw, s->c, s->b[0].data, s->b[1].data);
  k->mean_backward(s->t, s->n, s->hw, s->c, s->b[2].data, s->b[3].data, s->accumulate);
}

static void test_mean(void **state) {
  static const int pixels[] = {1, 7, 64, 700};
  (void)state;
  EACH_DTYPE(t) EACH(i, pixels) EACH(j, widths) {
    struct scene s = {.t = t, .n = 2, .hw = pixels[i], .c = widths[j], .accumulate = j & 1};
    for (int b = 0; b < 4; b++)
      scene_add(&s, t, (int64_t)s.n * s.c * (b == 1 || b == 2 ? 1 : s.hw), -1, 1);
    scene_check(&s, run_mean, "mean");
  }
}

static void run_embedding(const struct kz_kernels *k, struct scene *s) {
  int32_t index[500];
  for (int i = 0; i < s->n; i++) index[i] = (i * 7 + i / 3) % s->hw;
  k->embedding_forward(s->t, s->n, s->c, s->b[0].data, index, s->b[1].data);
  k->embedding_backward(s->t, s->n, s->c, index, s->b[2].data, s->b[3].data);
}

static void test_embedding(void **state) {
  (void)state;
  EACH_DTYPE(t) EACH(i, widths) for (int v = 0; v < 2; v++) {
    struct scene s = {.t = t, .n = v ? 500 : 9, .hw = 11, .c = widths[i]}; /* indices repeat */
    scene_add(&s, KZ_F32, (int64_t)s.hw * s.c, -1, 1);
    scene_add(&s, t, (int64_t)s.n * s.c, -1, 1);
    scene_add(&s, t, (int64_t)s.n * s.c, -1, 1);
    scene_add(&s, KZ_F32, (int64_t)s.hw * s.c, -1, 1);
    scene_check(&s, run_embedding, "embedding");
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_act),       cmocka_unit_test(test_act_extremes),
      cmocka_unit_test(test_binary),    cmocka_unit_test(test_softmax),
      cmocka_unit_test(test_film), cmocka_unit_test(test_copy_rows),
      cmocka_unit_test(test_nearest),   cmocka_unit_test(test_bilinear),
      cmocka_unit_test(test_depth),     cmocka_unit_test(test_mean),
      cmocka_unit_test(test_embedding), cmocka_unit_test(test_pool),
      cmocka_unit_test(test_pool_ties),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
