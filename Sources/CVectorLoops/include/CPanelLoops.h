#pragma once

#include <stddef.h>
#include <stdint.h>

/// Large matrix products for AVX-512, on the calling thread alone. Sums are fp32.
///
/// The right operand lies in **panels**: 16 columns side by side, all rows of a panel one after the other, zeros behind
/// the last column. A **word** is what one column contributes to one step of a sum: an fp32, or a pair of bfloat16, the
/// upper of two neighbours of the column in its low half.
typedef struct MawsPanelProduct {
    /// [m, n], rows `c_row` elements apart; fp32, or bfloat16 where `bf16_result`.
    void *c;
    /// [m, k words], rows `a_row` words apart.
    const void *a;
    /// Panels of [k words, n].
    const void *b;
    /// [n] and [m, n] with rows `c_row` apart, fp32; may be null (zeros).
    const float *bias, *residual;
    size_t m, n, k, c_row, a_row;
    int bf16_result;
} MawsPanelProduct;

/// c [m, n] += Σ over rows of a[row][i] b[row][j], rows `a_row` and `b_row` elements apart; c is fp32.
typedef struct MawsGradientProduct {
    float *c;
    const void *a, *b;
    size_t m, n, rows, c_row, a_row, b_row;
} MawsGradientProduct;

typedef struct MawsPanelLoops {
    /// c = a b + bias + residual.
    void (*product)(const MawsPanelProduct *product);
    /// - Parameter scratch: `maws_gradient_scratch_bytes`, 64-byte aligned.
    void (*gradient)(const MawsGradientProduct *product, void *scratch);
    /// Panels of fp32 b [k, n], neighbours in a column `b_row` and in a row `b_column` elements apart, one of which is
    /// 1; of bfloat16, k is even.
    void (*pack)(void *panels, const float *b, size_t b_row, size_t b_column, size_t n, size_t k);
} MawsPanelLoops;

/// For fp32 operands, or for bfloat16 ones; null where this CPU has no instructions for them.
const MawsPanelLoops *maws_panel_loops(int bf16_operands);
/// Bytes of the panels of [words, n].
size_t maws_panel_bytes(size_t words, size_t n);
size_t maws_gradient_scratch_bytes(size_t m);
