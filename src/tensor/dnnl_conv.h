/* Convolution plans by oneDNN, for the CPU backend's table. */
#ifndef KZ_DNNL_CONV_H
#define KZ_DNNL_CONV_H

#include "tensor/backend.h"

int kz__dnnl_conv_new(const struct kz_conv_desc *desc, struct kz_conv **out, struct kz_err *err);
void kz__dnnl_conv_free(struct kz_conv *conv);
size_t kz__dnnl_conv_packed_size(const struct kz_conv *conv, bool backward);
size_t kz__dnnl_conv_scratch_size(const struct kz_conv *conv, bool backward);
int kz__dnnl_conv_pack(struct kz_conv *conv, const float *weights, void *fwd, void *bwd,
                       void *scratch, struct kz_err *err);
int kz__dnnl_conv_forward(struct kz_conv *conv, const void *src, const void *packed,
                          const float *bias, const void *residual, void *dst, void *scratch,
                          struct kz_err *err);
int kz__dnnl_conv_backward_data(struct kz_conv *conv, const void *diff_dst, const void *packed,
                                void *diff_src, void *scratch, struct kz_err *err);
int kz__dnnl_conv_backward_weights(struct kz_conv *conv, const void *src, const void *diff_dst,
                                   float *diff_weights, float *diff_bias, void *scratch,
                                   struct kz_err *err);

#endif
