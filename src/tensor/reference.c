/* The reference backend: convolutions as the six loops of their definition, in
 * f32 on one thread, beside the reference kernels. Slow, obvious, and what the
 * tests compare the others with; also the shortest example of a backend. */
#include <stdlib.h>

#include "tensor/backend.h"

struct kz_conv {
  struct kz_conv_desc d;
  int oh, ow;
};

static void *ref_alloc(size_t bytes)
{
  size_t size = (bytes + 63) / 64 * 64;
  void *p = aligned_alloc(64, size ? size : 64);
  if (p) memset(p, 0, size);
  return p;
}

static int ref_threads(void) { return 1; }

static int conv_new(const struct kz_conv_desc *d, struct kz_conv **out, struct kz_err *err)
{
  if (d->dtype != KZ_F32 || d->dst_dtype != KZ_F32)
    return kz_err_set(err, KZ_EUNSUPPORTED, "the reference backend computes in f32 only");
  struct kz_conv *c = calloc(1, sizeof *c);
  if (!c) return kz_err_set(err, KZ_ENOMEM, "out of memory for a convolution plan");
  c->d = *d;
  c->oh = (d->ih + 2 * d->pad - d->dilation * (d->kh - 1) - 1) / d->stride + 1;
  c->ow = (d->iw + 2 * d->pad - d->dilation * (d->kw - 1) - 1) / d->stride + 1;
  *out = c;
  return 0;
}

static void conv_free(struct kz_conv *c) { free(c); }

static size_t weight_bytes(const struct kz_conv_desc *d)
{
  return (size_t)d->oc * (d->ic / d->groups) * d->kh * d->kw * sizeof(float);
}

static size_t conv_packed_size(const struct kz_conv *c, bool backward)
{
  return backward && !c->d.backward_data ? 0 : weight_bytes(&c->d);
}

static size_t conv_scratch_size(const struct kz_conv *c, bool backward)
{
  (void)c, (void)backward;
  return 0;
}

static int conv_pack(struct kz_conv *c, const float *weights, void *fwd, void *bwd, void *scratch,
                     struct kz_err *err)
{
  (void)scratch, (void)err;
  memcpy(fwd, weights, weight_bytes(&c->d));
  if (bwd && c->d.backward_data) memcpy(bwd, weights, weight_bytes(&c->d));
  return 0;
}

/* Every product of a convolution: dst[o] meets src[s] through weights[w]. */
typedef void product(void *self, size_t dst, size_t src, size_t weight);

static void each_tap(const struct kz_conv *c, int n, int oc, int y, int x, product *f, void *self)
{
  const struct kz_conv_desc *d = &c->d;
  int icg = d->ic / d->groups, first = oc / (d->oc / d->groups) * icg;
  size_t dst = (((size_t)n * c->oh + y) * c->ow + x) * d->oc + oc;
  for (int ky = 0; ky < d->kh; ky++) {
    int sy = y * d->stride - d->pad + ky * d->dilation;
    if (sy < 0 || sy >= d->ih) continue;
    for (int kx = 0; kx < d->kw; kx++) {
      int sx = x * d->stride - d->pad + kx * d->dilation;
      if (sx < 0 || sx >= d->iw) continue;
      size_t src = (((size_t)n * d->ih + sy) * d->iw + sx) * d->ic + first;
      for (int i = 0; i < icg; i++)
        f(self, dst, src + i, (((size_t)oc * icg + i) * d->kh + ky) * d->kw + kx);
    }
  }
}

static void each_product(const struct kz_conv *c, product *f, void *self)
{
  for (int n = 0; n < c->d.mb; n++)
    for (int y = 0; y < c->oh; y++)
      for (int x = 0; x < c->ow; x++)
        for (int oc = 0; oc < c->d.oc; oc++) each_tap(c, n, oc, y, x, f, self);
}

struct arrays {
  const float *a, *b;
  float *to;
};

static void to_dst(void *self, size_t dst, size_t src, size_t w)
{
  struct arrays *s = self; /* a: src, b: weights */
  s->to[dst] += s->a[src] * s->b[w];
}

static void to_src(void *self, size_t dst, size_t src, size_t w)
{
  struct arrays *s = self; /* a: diff_dst, b: weights */
  s->to[src] += s->a[dst] * s->b[w];
}

static void to_weights(void *self, size_t dst, size_t src, size_t w)
{
  struct arrays *s = self; /* a: diff_dst, b: src */
  s->to[w] += s->a[dst] * s->b[src];
}

static int conv_forward(struct kz_conv *c, const void *src, const void *packed, const float *bias,
                        const void *residual, void *dst, void *scratch, struct kz_err *err)
{
  (void)scratch, (void)err;
  size_t count = (size_t)c->d.mb * c->oh * c->ow * c->d.oc;
  const float *add = residual;
  float *to = dst;
  for (size_t i = 0; i < count; i++)
    to[i] = (bias ? bias[i % (size_t)c->d.oc] : 0) + (add ? add[i] : 0);
  each_product(c, to_dst, &(struct arrays){src, packed, to});
  return 0;
}

static int conv_backward_data(struct kz_conv *c, const void *diff_dst, const void *packed,
                              void *diff_src, void *scratch, struct kz_err *err)
{
  (void)scratch, (void)err;
  memset(diff_src, 0, (size_t)c->d.mb * c->d.ih * c->d.iw * c->d.ic * sizeof(float));
  each_product(c, to_src, &(struct arrays){diff_dst, packed, diff_src});
  return 0;
}

static int conv_backward_weights(struct kz_conv *c, const void *src, const void *diff_dst,
                                 float *diff_weights, float *diff_bias, void *scratch,
                                 struct kz_err *err)
{
  (void)scratch, (void)err;
  const float *d = diff_dst;
  size_t count = (size_t)c->d.mb * c->oh * c->ow * c->d.oc;
  each_product(c, to_weights, &(struct arrays){d, src, diff_weights});
  for (size_t i = 0; diff_bias && i < count; i++) diff_bias[i % (size_t)c->d.oc] += d[i];
  return 0;
}

struct kz_matmul {
  struct kz_matmul_desc d;
};

static int matmul_new(const struct kz_matmul_desc *d, struct kz_matmul **out, struct kz_err *err)
{
  if (d->dtype != KZ_F32)
    return kz_err_set(err, KZ_EUNSUPPORTED, "the reference backend computes in f32 only");
  *out = calloc(1, sizeof **out);
  if (!*out) return kz_err_set(err, KZ_ENOMEM, "out of memory for a matrix product");
  (*out)->d = *d;
  return 0;
}

static void matmul_free(struct kz_matmul *matmul) { free(matmul); }

static size_t matmul_scratch_size(const struct kz_matmul *matmul)
{
  (void)matmul;
  return 0;
}

static int matmul(struct kz_matmul *mm, const void *a, const void *b, void *c, void *scratch,
                  struct kz_err *err)
{
  const struct kz_matmul_desc *d = &mm->d;
  const float *x = a, *y = b;
  float *z = c;
  (void)scratch, (void)err;
  for (int i = 0; i < d->m; i++)
    for (int j = 0; j < d->n; j++) {
      double sum = 0;
      for (int k = 0; k < d->k; k++)
        sum += (double)x[d->a_transposed ? k * d->m + i : i * d->k + k] *
               y[d->b_transposed ? j * d->k + k : k * d->n + j];
      z[(size_t)i * d->n + j] = (float)sum;
    }
  return 0;
}

const struct kz_backend *kz_backend_reference(void)
{
  static struct kz_backend reference = {
      .name = "reference",
      .threads = ref_threads,
      .alloc = ref_alloc,
      .free = free,
      .conv_new = conv_new,
      .conv_free = conv_free,
      .conv_packed_size = conv_packed_size,
      .conv_scratch_size = conv_scratch_size,
      .conv_pack = conv_pack,
      .conv_forward = conv_forward,
      .conv_backward_data = conv_backward_data,
      .conv_backward_weights = conv_backward_weights,
      .matmul_new = matmul_new,
      .matmul_free = matmul_free,
      .matmul_scratch_size = matmul_scratch_size,
      .matmul = matmul,
  };
  reference.kernels = kz_kernels_reference();
  return &reference;
}
