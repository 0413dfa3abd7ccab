#pragma once

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/// Matrix products of oneDNN 2 and 3, each on the calling thread alone. The only place that knows oneDNN's interface.
///
/// c [m, n] = a [m, k] · b [k, n] + bias [n] + residual [m, n] (+ c), operands fp32 or bfloat16, sums fp32.
typedef struct MawsProductShape {
    int64_t m, n, k;
    /// Distance in elements between the neighbours in a row and in a column of each matrix; b's are unused when packed.
    int64_t a_row, a_column, b_row, b_column, c_row, residual_row;
    /// bfloat16 instead of fp32: both operands, the result.
    int32_t bf16_operands, bf16_result;
    /// b is in the layout that `maws_onednn_pack` makes.
    int32_t packed;
    int32_t has_bias, has_residual, adds;
} MawsProductShape;

typedef struct MawsProduct MawsProduct;

/// `2.6.3`; the instruction set that its kernels use here, `avx512_core_bf16` for instance.
const char *maws_onednn_version(void);
const char *maws_onednn_instruction_set(void);
/// Whether this CPU multiplies bfloat16 in hardware through oneDNN.
int maws_onednn_multiplies_bf16(void);

/// A product of this shape, or null when oneDNN has none on this CPU.
MawsProduct *maws_onednn_product(const MawsProductShape *shape);
void maws_onednn_free(MawsProduct *product);
size_t maws_onednn_scratch_bytes(const MawsProduct *product);
/// - Parameter scratch: at least `maws_onednn_scratch_bytes`, 64-byte aligned.
void maws_onednn_run(
    MawsProduct *product, void *c, const void *a, const void *b, const float *bias, const float *residual,
    void *scratch);

/// Bytes of the right operand b [k, n] in the layout that products like best; 0 when that is the plain fp32 one.
size_t maws_onednn_packed_bytes(int64_t n, int64_t k, int32_t bf16_operands);
/// Converts fp32 b with the given strides to that layout, 64-byte aligned.
void maws_onednn_pack(
    void *packed, const float *b, int64_t b_row, int64_t b_column, int64_t n, int64_t k, int32_t bf16_operands);

#ifdef __cplusplus
}
#endif
