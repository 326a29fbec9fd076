/* Kernels over flat arrays: activation, addition, products, conversion. Each is one body
 * over a range, made for f32 and for bf16 by WITH_DTYPE. */
#ifndef KZ_KERNELS_ELEM_H
#define KZ_KERNELS_ELEM_H

#include "tensor/kernels_math.inc.h"

struct elem_args {
  enum kz_dtype t;
  enum kz_act act;
  bool accumulate;
  const void *a, *b;
  void *dst;
};

INLINE void act_forward_body(enum kz_dtype t, enum kz_act act, const struct elem_args *x,
                             int64_t begin, int64_t end) {
  for (int64_t i = begin; i < end; i += VL) {
    int n = lanes(i, end);
    stn(t, x->dst, i, n, act_value(act, t == KZ_BF16, ldn(t, x->a, i, n)));
  }
}

INLINE void act_backward_body(enum kz_dtype t, enum kz_act act, const struct elem_args *x,
                              int64_t begin, int64_t end) {
  for (int64_t i = begin; i < end; i += VL) {
    int n = lanes(i, end);
    vf d = ldn(t, x->b, i, n) * act_slope(act, t == KZ_BF16, ldn(t, x->a, i, n));
    if (x->accumulate) d += ldn(t, x->dst, i, n);
    stn(t, x->dst, i, n, d);
  }
}

/* Both constants bound: dtype and activation. */
#define WITH_ACT(act, body, ...) \
  do { \
    if ((act) == KZ_ACT_SILU) \
      body(T, KZ_ACT_SILU, __VA_ARGS__); \
    else if ((act) == KZ_ACT_GELU) \
      body(T, KZ_ACT_GELU, __VA_ARGS__); \
    else if ((act) == KZ_ACT_RELU) \
      body(T, KZ_ACT_RELU, __VA_ARGS__); \
    else \
      body(T, KZ_ACT_NONE, __VA_ARGS__); \
  } while (0)

static void act_forward_range(const void *args, int64_t begin, int64_t end) {
  const struct elem_args *x = args;
  WITH_DTYPE(x->t, WITH_ACT(x->act, act_forward_body, x, begin, end));
}

static void act_backward_range(const void *args, int64_t begin, int64_t end) {
  const struct elem_args *x = args;
  WITH_DTYPE(x->t, WITH_ACT(x->act, act_backward_body, x, begin, end));
}

static void act_forward(enum kz_act act, enum kz_dtype t, int64_t count, const void *src,
                        void *dst) {
  struct elem_args x = {.t = t, .act = act, .a = src, .dst = dst};
  split(count, 64, 4, act_forward_range, &x);
}

static void act_backward(enum kz_act act, enum kz_dtype t, int64_t count, const void *src,
                         const void *diff_dst, void *diff_src, bool accumulate) {
  struct elem_args x = {t, act, accumulate, src, diff_dst, diff_src};
  split(count, 64, 4, act_backward_range, &x);
}

enum binary { ADD, MUL, MUL_ADD };

INLINE void binary_body(enum kz_dtype t, enum binary op, const struct elem_args *x, int64_t begin,
                        int64_t end) {
  for (int64_t i = begin; i < end; i += VL) {
    int n = lanes(i, end);
    vf a = ldn(t, x->a, i, n), b = ldn(t, x->b, i, n);
    vf r = op == ADD ? a + b : op == MUL ? a * b : a * b + ldn(t, x->dst, i, n);
    stn(t, x->dst, i, n, r);
  }
}

static void add_range(const void *args, int64_t begin, int64_t end) {
  const struct elem_args *x = args;
  WITH_DTYPE(x->t, binary_body(T, ADD, x, begin, end));
}

static void mul_range(const void *args, int64_t begin, int64_t end) {
  const struct elem_args *x = args;
  WITH_DTYPE(x->t, binary_body(T, MUL, x, begin, end));
}

static void mul_add_range(const void *args, int64_t begin, int64_t end) {
  const struct elem_args *x = args;
  WITH_DTYPE(x->t, binary_body(T, MUL_ADD, x, begin, end));
}

static void add(enum kz_dtype t, int64_t count, const void *a, const void *b, void *dst) {
  split(count, 64, 1, add_range, &(struct elem_args){.t = t, .a = a, .b = b, .dst = dst});
}

static void mul(enum kz_dtype t, int64_t count, const void *a, const void *b, void *dst) {
  split(count, 64, 1, mul_range, &(struct elem_args){.t = t, .a = a, .b = b, .dst = dst});
}

static void mul_add(enum kz_dtype t, int64_t count, const void *a, const void *b, void *dst) {
  split(count, 64, 1, mul_add_range, &(struct elem_args){.t = t, .a = a, .b = b, .dst = dst});
}

struct fill_args {
  enum kz_dtype t;
  float value;
  void *dst;
};

static void fill_range(const void *args, int64_t begin, int64_t end) {
  const struct fill_args *x = args;
  vf v = vset(x->value);
  for (int64_t i = begin; i < end; i += VL)
    WITH_DTYPE(x->t, stn(T, x->dst, i, lanes(i, end), v));
}

static void fill(enum kz_dtype t, int64_t count, float value, void *dst) {
  split(count, 64, 1, fill_range, &(struct fill_args){t, value, dst});
}

/* IEEE half precision by integer arithmetic, so that every build has it: it is for files only. */
static float from_f16(uint16_t h) {
  uint32_t sign = (uint32_t)(h & 0x8000u) << 16, e = (h >> 10) & 31u, m = h & 0x3ffu, u;
  float f;
  if (e == 0) { /* zero or subnormal: m * 2^-24 exactly */
    f = (float)m * 5.9604644775390625e-8f;
    return sign ? -f : f;
  }
  u = sign | (e == 31 ? 0x7f800000u | m << 13 : (e + 112) << 23 | m << 13);
  memcpy(&f, &u, 4);
  return f;
}

static uint16_t to_f16(float f) {
  uint32_t u;
  memcpy(&u, &f, 4);
  uint32_t sign = u >> 16 & 0x8000u;
  u &= 0x7fffffffu;
  if (u > 0x7f800000u) return (uint16_t)(sign | 0x7e00u | (u >> 13 & 0x3ffu));
  if (u >= 0x477ff000u) return (uint16_t)(sign | 0x7c00u); /* rounds past 65504 */
  if (u < 0x38800000u) { /* subnormal: adding 0.5 leaves round(m * 2^24) in the low bits */
    memcpy(&f, &u, 4);
    f += 0.5f;
    memcpy(&u, &f, 4);
    return (uint16_t)(sign | (u - 0x3f000000u));
  }
  return (uint16_t)(sign | ((u - 0x38000000u + 0xfffu + (u >> 13 & 1u)) >> 13));
}

struct convert_args {
  enum kz_dtype src_t, dst_t;
  const void *src;
  void *dst;
};

static float load_any(enum kz_dtype t, const void *p, int64_t i) {
  return t == KZ_F16 ? from_f16(((const uint16_t *)p)[i]) : ld1(t, p, i);
}

static void convert_range(const void *args, int64_t begin, int64_t end) {
  const struct convert_args *x = args;
  if (x->src_t == KZ_F16 || x->dst_t == KZ_F16) {
    for (int64_t i = begin; i < end; i++) {
      float v = load_any(x->src_t, x->src, i);
      if (x->dst_t == KZ_F16)
        ((uint16_t *)x->dst)[i] = to_f16(v);
      else
        st1(x->dst_t, x->dst, i, v);
    }
    return;
  }
  for (int64_t i = begin; i < end; i += VL) {
    int n = lanes(i, end);
    vf v = x->src_t == KZ_F32 ? ldn(KZ_F32, x->src, i, n) : ldn(KZ_BF16, x->src, i, n);
    WITH_DTYPE(x->dst_t, stn(T, x->dst, i, n, v));
  }
}

static void convert(enum kz_dtype src_t, enum kz_dtype dst_t, int64_t count, const void *src,
                    void *dst) {
  split(count, 64, 1, convert_range, &(struct convert_args){src_t, dst_t, src, dst});
}

#endif
