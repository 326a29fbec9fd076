/* Products of matrices by oneDNN, for the CPU backend's table. */
#ifndef KZ_DNNL_MATMUL_H
#define KZ_DNNL_MATMUL_H

#include "tensor/backend.h"

int kz__dnnl_matmul_new(const struct kz_matmul_desc *desc, struct kz_matmul **out,
                        struct kz_err *err);
void kz__dnnl_matmul_free(struct kz_matmul *matmul);
size_t kz__dnnl_matmul_scratch_size(const struct kz_matmul *matmul);
int kz__dnnl_matmul(struct kz_matmul *matmul, const void *a, const void *b, void *c, void *scratch,
                    struct kz_err *err);

#endif
