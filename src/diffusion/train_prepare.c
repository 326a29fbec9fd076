/* From crops to what the network sees and is judged by:
 *   x_t = alpha x0 + sigma eps in the hole, x0 outside;  in = precondition(x_t, coarse, mask)
 *   target = x0 - coarse: the network corrects the coarse fill (x0 prediction)
 *   weight = 1 in the hole, + border_weight within 2 px of a known pixel; known_weight outside
 * Samples are independent and cost the same, so threads take samples; a sample's planes stay in
 * the second-level cache from pixels to input. All is a function of (seed, index), never of
 * time or of which thread took what. */
#include <math.h>
#include <omp.h>

#include "bridge/coarse.h"
#include "diffusion/train.h"
#include "feature/fused.h"
#include "text/vocabulary.h"

/* The network's idea of its guides, and their makers'. */
_Static_assert(KZ_FEDR_FEATURES == KZ_FUSED, "features");
_Static_assert(KZ_FEDR_TOKENS == KZ_TEXT_TOKENS && KZ_FEDR_ROWS == KZ_TEXT_ROWS, "tokens");
_Static_assert(KZ_FEDR_BEGIN == KZ_TEXT_BEGIN && KZ_FEDR_END == KZ_TEXT_END, "marks");

#define DROP_SEED 0x64726f70736b7a6cull
#define LEAST_SHARE (1 / 256.f) /* of the hole, in crop_weight */
#define BORDER 2

int kz__prepare_init(struct kz__prepare *p, const struct kz_backend *backend, int n, int size,
                     struct kz_err *err) {
  size_t pixels = (size_t)size * (size_t)size, all = pixels * (size_t)n;
  *p = (struct kz__prepare){
      .backend = backend, .n = n, .size = size, .threads = backend->threads()};
  if (p->threads > n) p->threads = n;
  size_t coarse = kz_coarse_scratch(size, size), fused = kz_fused_scratch(size, size);
  p->scratch_len = (coarse > fused ? coarse : fused) + 7 * pixels;
  p->noise = backend->alloc(all * 3 * sizeof *p->noise);
  p->target = backend->alloc(all * 3 * sizeof *p->target);
  p->weight = backend->alloc(all * sizeof *p->weight);
  p->t = backend->alloc((size_t)n * sizeof *p->t);
  p->weight_sum = backend->alloc((size_t)n * sizeof *p->weight_sum);
  p->relative = backend->alloc((size_t)n * sizeof *p->relative);
  p->scratch = backend->alloc((size_t)p->threads * p->scratch_len * sizeof *p->scratch);
  p->border = backend->alloc((size_t)p->threads * 2 * pixels);
  p->plain = backend->alloc((size_t)n * sizeof *p->plain);
  p->silent = backend->alloc((size_t)n * sizeof *p->silent);
  if (p->noise && p->target && p->weight && p->t && p->weight_sum && p->scratch && p->border &&
      p->plain && p->silent && p->relative)
    return 0;
  kz__prepare_release(p);
  return kz_err_set(err, KZ_ENOMEM, "out of memory for %d crops of %d px", n, size);
}

void kz__prepare_release(struct kz__prepare *p) {
  if (!p->backend) return;
  void *buffers[] = {p->noise,   p->target, p->weight, p->t,     p->weight_sum,
                     p->scratch, p->border, p->plain,  p->silent, p->relative};
  for (size_t i = 0; i < sizeof buffers / sizeof *buffers; i++)
    if (buffers[i]) p->backend->free(buffers[i]);
  *p = (struct kz__prepare){0};
}

/* near = least value of mask over a square of 2 BORDER + 1: 0 where a known pixel is close.
 * Separable; the picture's edge is not a border of the hole. */
static void erode(int size, const uint8_t *mask, uint8_t *rows, uint8_t *near) {
  for (int y = 0; y < size; y++) {
    const uint8_t *s = mask + (size_t)y * size;
    uint8_t *d = rows + (size_t)y * size;
    memcpy(d, s, (size_t)size);
    for (int k = 1; k <= BORDER; k++) {
      for (int x = 0; x < size - k; x++) d[x] = d[x] < s[x + k] ? d[x] : s[x + k];
      for (int x = k; x < size; x++) d[x] = d[x] < s[x - k] ? d[x] : s[x - k];
    }
  }
  for (int y = 0; y < size; y++) {
    uint8_t *d = near + (size_t)y * size;
    memcpy(d, rows + (size_t)y * size, (size_t)size);
    for (int k = -BORDER; k <= BORDER; k++) {
      if (!k || y + k < 0 || y + k >= size) continue;
      const uint8_t *s = rows + (size_t)(y + k) * size;
      for (int x = 0; x < size; x++) d[x] = d[x] < s[x] ? d[x] : s[x];
    }
  }
}

/* Of two crops the one with the larger hole has more pixels in the loss: with `balance` the weight of
 * a crop's pixels falls with the hole's share, so that cracks count beside wide losses. */
static float crop_weight(const struct kz__recipe *r, int64_t pixels, const float *m) {
  int64_t hole = 0;
  for (int64_t i = 0; i < pixels; i++) hole += m[i] > 0;
  return powf(fmaxf((float)hole / (float)pixels, LEAST_SHARE), -(float)r->balance);
}

static double weigh(const struct kz__recipe *r, int64_t pixels, const float *m,
                    const uint8_t *near, float *weight) {
  const float crop = crop_weight(r, pixels, m);
  const float known = crop * (float)r->known_weight, border = 1 + (float)r->border_weight;
  double sum = 0;
  for (int64_t i = 0; i < pixels; i++) {
    float hole = near[i] ? 1 : border;
    weight[i] = m[i] > 0 ? crop * hole : known;
    sum += weight[i];
  }
  return sum;
}

/* The features of a sample, from its pixels x and mask m; or none. */
static void put_features(const struct kz__prepare *p, const struct kz_batch *b, int i,
                         const float *x, const float *m, float *features, float *scratch) {
  const int64_t pixels = (int64_t)p->size * p->size, at = i * pixels;
  const struct kz_fused_input input = {.w = p->size,
                                       .h = p->size,
                                       .rgb = x,
                                       .mask = m,
                                       .drawn = b->drawn ? b->drawn + at : NULL,
                                       .drawn_valid = b->drawn_valid ? b->drawn_valid + at : NULL};
  features += at * KZ_FUSED;
  if (p->plain[i])
    memset(features, 0, (size_t)pixels * KZ_FUSED * sizeof *features);
  else
    kz_fused_compute(&input, features, scratch);
}

static void put_text(const struct kz__prepare *p, const struct kz_batch *b, int i, int32_t *text) {
  const char *caption = b->captions ? b->captions + (size_t)i * KZ_CAPTION_MOST : NULL;
  kz_text_encode(p->silent[i] ? NULL : caption, text + (size_t)i * KZ_TEXT_TOKENS);
}

/* One sample: everything but t, the noise and which guides it does without. */
static double prepare_sample(struct kz__prepare *p, const struct kz_batch *b,
                             const struct kz__recipe *r, int i, int thread,
                             const struct kz__inputs *to) {
  const int64_t pixels = (int64_t)p->size * p->size, at = i * pixels;
  const uint8_t *rgb = b->rgb + at * 3, *mask = b->mask + at;
  uint8_t *near = p->border + (size_t)thread * 2 * (size_t)pixels;
  float *x = p->scratch + (size_t)thread * p->scratch_len, *c = x + 3 * pixels;
  float *m = c + 3 * pixels, *scratch = m + pixels;
  for (int64_t k = 0; k < 3 * pixels; k++) x[k] = (float)rgb[k] * (1 / 127.5f) - 1;
  for (int64_t k = 0; k < pixels; k++) m[k] = mask[k] ? 1 : 0;
  kz_coarse_fill(p->size, p->size, x, m, c, scratch);

  const float alpha = (float)kz_schedule_alpha(p->t[i]), sigma = (float)kz_schedule_sigma(p->t[i]);
  const float *eps = p->noise + at * 3;
  float *target = p->target + at * 3;
  float *in = to->in + at * KZ_FEDR_IN;
  for (int64_t k = 0; k < 3 * pixels; k++) target[k] = x[k] - c[k];
  for (int64_t k = 0; k < pixels; k++) {
    for (int j = 0; j < 3; j++) {
      float noisy = alpha * x[3 * k + j] + sigma * eps[3 * k + j];
      in[7 * k + j] = m[k] > 0 ? noisy : x[3 * k + j];
      in[7 * k + 3 + j] = c[3 * k + j];
    }
    in[7 * k + 6] = m[k];
  }
  kz_fedr_precondition(r->config, p->t[i], pixels, in);
  if (to->features) put_features(p, b, i, x, m, to->features, scratch);
  if (to->text) put_text(p, b, i, to->text);
  erode(p->size, mask, near + pixels, near);
  return weigh(r, pixels, m, near, p->weight + at);
}

int kz__prepare_pure(const struct kz__recipe *r, int n) {
  return (int)floor(r->pure_noise_share * n + 1e-9);
}

/* Which samples do without a guide; drawn apart from noise and times, which stay what they are. */
static void draw_drops(struct kz__prepare *p, const struct kz__recipe *r) {
  struct kz_rng rng;
  kz_rng_init_stream(&rng, r->seed ^ DROP_SEED, r->index);
  for (int i = 0; i < p->n; i++) {
    p->plain[i] = kz_rng_uniform(&rng) < (float)r->structure_drop;
    p->silent[i] = kz_rng_uniform(&rng) < (float)r->text_drop;
  }
}

double kz__prepare_batch(struct kz__prepare *p, const struct kz_batch *b,
                         const struct kz__recipe *r, const struct kz__inputs *to) {
  struct kz_rng rng;
  kz_rng_init_stream(&rng, r->seed, r->index);
  int pure = kz__prepare_pure(r, p->n);
  for (int i = 0; i < p->n; i++) {
    float t = kz_rng_uniform(&rng);
    p->t[i] = i < pure ? 1 : t;
    kz_fedr_time_features(p->t[i], to->time + (size_t)i * KZ_FEDR_TIME);
  }
  draw_drops(p, r);
  int64_t values = 3 * (int64_t)p->n * p->size * p->size;
  p->backend->kernels->normal(r->seed, r->index << 32, values, p->noise);
  if (p->threads == 1) { /* a region of one thread would allocate its team each time */
    for (int i = 0; i < p->n; i++) p->weight_sum[i] = prepare_sample(p, b, r, i, 0, to);
  } else {
#pragma omp parallel for schedule(dynamic, 1) num_threads(p->threads)
    for (int i = 0; i < p->n; i++)
      p->weight_sum[i] = prepare_sample(p, b, r, i, omp_get_thread_num(), to);
  }
  double sum = 0;
  for (int i = 0; i < p->n; i++) sum += p->weight_sum[i];
  return 3 * sum;
}
