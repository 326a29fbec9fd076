/* What the two files of the reference kernels share. */
#ifndef KZ_KERNELS_REFERENCE_H
#define KZ_KERNELS_REFERENCE_H

#include "tensor/kernels_private.h"

double kz__ref_get(enum kz_dtype t, const void *p, int64_t i);
void kz__ref_set(enum kz_dtype t, void *p, int64_t i, double v);
/* Set, or add. */
void kz__ref_put(enum kz_dtype t, void *p, int64_t i, double v, bool accumulate);

void kz__ref_film_forward(enum kz_dtype t, int n, int hw, int c, const void *src,
                          const void *film, void *dst);
void kz__ref_film_backward(enum kz_dtype t, int n, int hw, int c, const void *src,
                           const void *film, const void *diff_dst, void *diff_src,
                           bool accumulate, void *diff_film);
void kz__ref_copy_rows(enum kz_dtype t, int64_t rows, int c, const void *src, int64_t src_stride,
                       void *dst, int64_t dst_stride, bool accumulate);
void kz__ref_nearest_forward(enum kz_dtype t, struct kz_dims d, int f, const void *src, void *dst,
                             int64_t stride);
void kz__ref_nearest_backward(enum kz_dtype t, struct kz_dims d, int f, const void *diff_dst,
                              int64_t stride, void *diff_src, bool accumulate);
void kz__ref_bilinear_forward(enum kz_dtype t, struct kz_dims d, int oh, int ow, const void *src,
                              void *dst);
void kz__ref_bilinear_backward(enum kz_dtype t, struct kz_dims d, int oh, int ow,
                               const void *diff_dst, void *diff_src, bool accumulate);
void kz__ref_max_pool_forward(enum kz_dtype t, struct kz_dims d, int kernel, int stride, int oh,
                              int ow, const void *src, void *dst, uint8_t *winner);
void kz__ref_max_pool_backward(enum kz_dtype t, struct kz_dims d, int kernel, int stride, int oh,
                               int ow, const void *diff_dst, const uint8_t *winner,
                               void *diff_src, bool accumulate);
void kz__ref_space_to_depth(enum kz_dtype src_t, enum kz_dtype dst_t, struct kz_dims d, int b,
                            const void *src, void *dst, bool accumulate);
void kz__ref_depth_to_space(enum kz_dtype src_t, enum kz_dtype dst_t, struct kz_dims d, int b,
                            const void *src, void *dst, bool accumulate);
void kz__ref_mean_forward(enum kz_dtype t, int n, int hw, int c, const void *src, void *dst);
void kz__ref_mean_backward(enum kz_dtype t, int n, int hw, int c, const void *diff_dst,
                           void *diff_src, bool accumulate);
void kz__ref_embedding_forward(enum kz_dtype t, int64_t rows, int c, const float *table,
                               const int32_t *index, void *dst);
void kz__ref_embedding_backward(enum kz_dtype t, int64_t rows, int c, const int32_t *index,
                                const void *diff_dst, float *diff_table);
void kz__ref_convert(enum kz_dtype src_t, enum kz_dtype dst_t, int64_t count, const void *src,
                     void *dst);
void kz__ref_fill(enum kz_dtype t, int64_t count, float value, void *dst);

#endif
