/* Group normalisation and attention: every table against the reference, and the reference's
 * gradients against finite differences of its own forward pass. */
#include "test_kernels_scene.h"

/* Buffers of a normalisation scene. */
enum { SRC, GAMMA, BETA, FILM, MEAN, RSTD, DST, DIFF_DST, DIFF_SRC, DIFF_GAMMA, DIFF_BETA,
       DIFF_FILM };

static struct scene norm_scene(enum kz_dtype t, int n, int hw, int c, int groups) {
  struct scene s = {.t = t, .n = n, .hw = hw, .c = c, .groups = groups};
  const int64_t all = (int64_t)n * hw * c;
  scene_add(&s, t, all, -1, 3);
  scene_add(&s, KZ_F32, c, 0.5f, 1.5f);
  scene_add(&s, KZ_F32, c, -1, 1);
  scene_add(&s, t, 2 * (int64_t)n * c, -0.5f, 0.5f);
  scene_add(&s, KZ_F32, (int64_t)n * groups, 0, 1);
  scene_add(&s, KZ_F32, (int64_t)n * groups, 0, 1);
  scene_add(&s, t, all, 0, 1);
  scene_add(&s, t, all, -1, 1);
  scene_add(&s, t, all, -1, 1);
  scene_add(&s, KZ_F32, c, -1, 1);
  scene_add(&s, KZ_F32, c, -1, 1);
  scene_add(&s, t, 2 * (int64_t)n * c, -1, 1);
  return s;
}

static struct kz_norm norm_of(struct scene *s) {
  return (struct kz_norm){
      .dtype = s->t, .n = s->n, .hw = s->hw, .c = s->c, .groups = s->groups, .eps = 1e-3f,
      .act = s->act, .src = s->b[SRC].data, .gamma = s->b[GAMMA].data, .beta = s->b[BETA].data,
      .film = s->film ? s->b[FILM].data : NULL, .mean = s->b[MEAN].data,
      .rstd = s->b[RSTD].data, .dst = s->b[s->in_place ? SRC : DST].data,
      .diff_dst = s->b[DIFF_DST].data, .diff_src = s->b[DIFF_SRC].data,
      .accumulate = s->accumulate, .diff_gamma = s->b[DIFF_GAMMA].data,
      .diff_beta = s->b[DIFF_BETA].data,
      .diff_film = s->film ? s->b[DIFF_FILM].data : NULL, .scratch = s->scratch};
}

static void run_norm(const struct kz_kernels *k, struct scene *s) {
  const size_t room = kz_norm_scratch(s->n, s->c, omp_get_max_threads());
  s->scratch = malloc(room * sizeof(float));
  assert_non_null(s->scratch);
  memset(s->scratch, 0xff, room * sizeof(float)); /* NaN: nothing may be read before written */
  struct kz_norm a = norm_of(s);
  k->norm_forward(&a);
  if (!s->in_place) k->norm_backward(&a);
  free(s->scratch);
}

static void check_norm(enum kz_dtype t, int n, int hw, int c, int groups, int variant) {
  struct scene s = norm_scene(t, n, hw, c, groups);
  s.act = variant & 1 ? KZ_ACT_SILU : KZ_ACT_NONE;
  s.film = variant & 2;
  s.accumulate = variant & 4;
  s.in_place = variant & 8;
  s.threads = variant == 3 ? 3 : 2; /* three divide few batches: threads share samples */
  scene_check(&s, run_norm, "norm");
}

static void test_norm_shapes(void **state) {
  static const int shapes[][4] = {/* n, hw, c, groups */
                                  {2, 7, 1, 1},    {2, 7, 3, 1},     {3, 64, 3, 3},
                                  {2, 7, 16, 4},   {1, 64, 17, 17},  {3, 7, 48, 8},
                                  {1, 256, 64, 32}, {5, 64, 100, 20}, {2, 65, 192, 32},
                                  {40, 16, 64, 32}, {100, 3, 16, 1},  {1, 700, 192, 32},
                                  {7, 64, 64, 8}};
  (void)state;
  for (enum kz_dtype t = KZ_F32; t <= KZ_BF16; t++)
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++)
      for (int v = 0; v < 10; v++)
        check_norm(t, shapes[i][0], shapes[i][1], shapes[i][2], shapes[i][3],
                   v < 8 ? v : v == 8 ? 8 : 11);
}

/* Layer norm: rows as samples. */
static void test_layer_norm(void **state) {
  static const int widths[] = {1, 17, 64, 256, 300};
  (void)state;
  for (enum kz_dtype t = KZ_F32; t <= KZ_BF16; t++)
    for (size_t i = 0; i < sizeof widths / sizeof *widths; i++) {
      check_norm(t, 130, 1, widths[i], 1, 0);
      check_norm(t, 5, 1, widths[i], 1, 4);
    }
}

/* A mean a thousand times the deviation: sums of squares would lose the variance. */
static void test_norm_far_mean(void **state) {
  (void)state;
  for (size_t i = 0; i < sizeof all_isas / sizeof *all_isas; i++) {
    const struct kz_kernels *k = kz_kernels_get(all_isas[i]);
    if (!k) continue;
    for (int n = 1; n <= 40; n += 39) {
      struct scene s = norm_scene(KZ_F32, n, 1024, 64, 32), want;
      float *src = s.b[SRC].data;
      for (int64_t j = 0; j < s.b[SRC].count; j++) src[j] = 100.0f + 0.0866f * (src[j] - 1);
      want = scene_clone(&s);
      omp_set_num_threads(2);
      run_norm(k, &s);
      run_norm(kz_kernels_reference(), &want);
      buffer_compare(&s.b[RSTD], &want.b[RSTD], 1e-5, 0, k->isa, RSTD);
      buffer_compare(&s.b[DST], &want.b[DST], 1e-4, 1e-4, k->isa, DST);
      scene_free(&s);
      scene_free(&want);
    }
  }
}

/* Attention, q, k and v inside one projection or apart. */
enum { QKV, OUT, LSE, DIFF_OUT, DIFF_QKV };

static void run_attention(const struct kz_kernels *k, struct scene *s) {
  const int d = s->c, row = s->heads * d;
  const size_t room = kz_attention_scratch(d, s->hw, s->tk, omp_get_max_threads());
  const int64_t stride = s->i0, tokens = s->hw > s->tk ? s->hw : s->tk;
  const size_t head = (size_t)row * kz_dtype_size(s->t);
  char *in = s->b[QKV].data, *diff = s->b[DIFF_QKV].data;
  float *scratch = malloc(room * sizeof(float));
  assert_non_null(scratch);
  memset(scratch, 0xff, room * sizeof(float));
  struct kz_attention a = {
      .dtype = s->t, .n = s->n, .heads = s->heads, .d = d, .tq = s->hw, .tk = s->tk,
      .scale = 1 / sqrtf((float)d), .q = in, .k = in + head, .v = in + 2 * head,
      .q_stride = stride, .k_stride = stride, .v_stride = stride, .q_batch = stride * tokens,
      .k_batch = stride * tokens, .v_batch = stride * tokens, .dst = s->b[OUT].data,
      .lse = s->b[LSE].data, .diff_dst = s->b[DIFF_OUT].data, .diff_q = diff,
      .diff_k = diff + head, .diff_v = diff + 2 * head, .scratch = scratch};
  k->attention_forward(&a);
  k->attention_backward(&a);
  free(scratch);
}

static struct scene attention_scene(enum kz_dtype t, int n, int heads, int d, int tq, int tk) {
  struct scene s = {.t = t, .n = n, .heads = heads, .c = d, .hw = tq, .tk = tk};
  const int64_t out = (int64_t)n * tq * heads * d, tokens = tq > tk ? tq : tk;
  s.i0 = 3 * heads * d + 5;
  scene_add(&s, t, n * tokens * s.i0, -3, 3);
  scene_add(&s, t, out, -1, 1);
  scene_add(&s, KZ_F32, (int64_t)n * heads * tq, -1, 1);
  scene_add(&s, t, out, -1, 1);
  scene_add(&s, t, n * tokens * s.i0, -1, 1);
  return s;
}

static void test_attention(void **state) {
  static const int shapes[][5] = {/* n, heads, d, tq, tk */
                                  {1, 1, 1, 1, 1},     {2, 1, 3, 5, 7},     {1, 3, 17, 30, 33},
                                  {2, 2, 48, 16, 16},  {1, 2, 64, 70, 64},  {1, 1, 16, 64, 300},
                                  {1, 1, 64, 130, 40}, {3, 1, 100, 20, 65}, {1, 1, 128, 9, 520}};
  (void)state;
  for (enum kz_dtype t = KZ_F32; t <= KZ_BF16; t++)
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++) {
      struct scene s = attention_scene(t, shapes[i][0], shapes[i][1], shapes[i][2], shapes[i][3],
                                       shapes[i][4]);
      s.threads = 3;
      scene_check(&s, run_attention, "attention");
    }
}

/* Finite differences: the loss is sum(dst * diff_dst), in f32, from the reference's forward. */
static double scene_loss(scene_fn *run, const struct scene *s, int dst, int diff) {
  struct scene c = scene_clone(s);
  double loss = 0;
  run(kz_kernels_reference(), &c);
  for (int64_t i = 0; i < c.b[dst].count; i++)
    loss += buffer_get(&c.b[dst], i) * buffer_get(&c.b[diff], i);
  scene_free(&c);
  return loss;
}

static void check_gradient(scene_fn *run, struct scene *s, int dst, int diff_dst, int in,
                           int diff_in) {
  struct scene back = scene_clone(s);
  float *x = s->b[in].data, *zero = back.b[diff_in].data;
  memset(zero, 0, (size_t)back.b[diff_in].count * sizeof(float)); /* some are added to */
  run(kz_kernels_reference(), &back);
  double most = 0;
  for (int64_t i = 0; i < s->b[in].count; i++)
    most = fmax(most, fabs(buffer_get(&back.b[diff_in], i)));
  for (int64_t i = 0; i < s->b[in].count; i++) {
    const float keep = x[i], step = 4e-3f;
    x[i] = keep + step;
    double up = scene_loss(run, s, dst, diff_dst);
    x[i] = keep - step;
    double down = scene_loss(run, s, dst, diff_dst), want = (up - down) / (2 * step);
    x[i] = keep;
    double got = buffer_get(&back.b[diff_in], i);
    if (!(fabs(got - want) <= 4e-3 * most))
      fail_msg("operand %d, element %ld: gradient %g, by differences %g", in, (long)i, got, want);
  }
  scene_free(&back);
}

static void test_norm_gradients(void **state) {
  (void)state;
  for (int v = 0; v < 4; v++) {
    struct scene s = norm_scene(KZ_F32, 2, 5, 6, 3);
    s.act = v & 1 ? KZ_ACT_SILU : KZ_ACT_NONE;
    s.film = v & 2;
    check_gradient(run_norm, &s, DST, DIFF_DST, SRC, DIFF_SRC);
    check_gradient(run_norm, &s, DST, DIFF_DST, GAMMA, DIFF_GAMMA);
    check_gradient(run_norm, &s, DST, DIFF_DST, BETA, DIFF_BETA);
    if (s.film) check_gradient(run_norm, &s, DST, DIFF_DST, FILM, DIFF_FILM);
    scene_free(&s);
  }
}

static void test_attention_gradients(void **state) {
  (void)state;
  struct scene s = attention_scene(KZ_F32, 2, 2, 3, 4, 5);
  check_gradient(run_attention, &s, OUT, DIFF_OUT, QKV, DIFF_QKV);
  scene_free(&s);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_norm_shapes),    cmocka_unit_test(test_layer_norm),
      cmocka_unit_test(test_norm_far_mean),  cmocka_unit_test(test_attention),
      cmocka_unit_test(test_norm_gradients), cmocka_unit_test(test_attention_gradients),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
