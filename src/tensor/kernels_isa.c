/* One instruction set's kernels. This file is compiled once for each of them, with KZ_ISA_NAME the
 * suffix of the table's name and -march set to match; the parts are headers so that each build has
 * its own static copies and none can be linked into another's. */
#include <math.h>

#include "tensor/kernels_attention.inc.h"
#include "tensor/kernels_depth.inc.h"
#include "tensor/kernels_elem.inc.h"
#include "tensor/kernels_norm.inc.h"
#include "tensor/kernels_optim.inc.h"
#include "tensor/kernels_pool.inc.h"
#include "tensor/kernels_reduce.inc.h"
#include "tensor/kernels_shape.inc.h"

#define JOIN(a, b) a##b
#define TABLE(name) JOIN(kz__kernels_, name)

#if defined(__AVX512BF16__)
#define ISA "avx512-bf16"
#elif defined(__AVX512F__)
#define ISA "avx512"
#elif defined(__AVX2__)
#define ISA "avx2"
#else
#define ISA "sse4.2"
#endif

const struct kz_kernels TABLE(KZ_ISA_NAME) = {
    .isa = ISA,
    .norm_forward = norm_forward,
    .norm_backward = norm_backward,
    .attention_forward = attention_forward,
    .attention_backward = attention_backward,
    .act_forward = act_forward,
    .act_backward = act_backward,
    .softmax_forward = softmax_forward,
    .softmax_backward = softmax_backward,
    .add = add,
    .mul = mul,
    .mul_add = mul_add,
    .film_forward = film_forward,
    .film_backward = film_backward,
    .copy_rows = copy_rows,
    .nearest_forward = nearest_forward,
    .nearest_backward = nearest_backward,
    .bilinear_forward = bilinear_forward,
    .bilinear_backward = bilinear_backward,
    .max_pool_forward = max_pool_forward,
    .max_pool_backward = max_pool_backward,
    .space_to_depth = space_to_depth,
    .depth_to_space = depth_to_space,
    .mean_forward = mean_forward,
    .mean_backward = mean_backward,
    .embedding_forward = embedding_forward,
    .embedding_backward = embedding_backward,
    .loss = loss,
    .convert = convert,
    .fill = fill,
    .sum_squares = sum_squares,
    .sum = sum,
    .adamw = adamw,
    .momentum = momentum,
    .descent = descent,
    .combine = combine,
    .normal = normal,
};
