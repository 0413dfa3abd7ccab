#pragma once

#include <stddef.h>
#include <stdint.h>

#include "CContrastiveLoops.h"
#include "CPanelLoops.h"
#include "CUpdateLoops.h"

/// The inner loops of the reference backend, compiled for several instruction sets and chosen when the process starts.
///
/// Arrays are fp32, or bfloat16 (`uint16_t`, in functions named `_bf16`), without alignment; arithmetic is fp32.
/// Outputs come first, then inputs, then shapes. Sums run over lanes and then over vectors in a fixed order, so that a
/// call's result depends on its arguments and the instruction set alone.
typedef struct MawsVectorLoops {
    /// `avx512_bf16`, `avx512`, `avx2` or `baseline`.
    const char *name;

    /// y = x Φ(x); `y` may be `x`.
    void (*gelu_forward)(float *y, const float *x, size_t count);
    /// dx = dy (Φ(x) + x φ(x)), and y = x Φ(x) where `y` is not null. `dx` may be `dy`, `y` may be `x`.
    void (*gelu_backward)(float *dx, float *y, const float *dy, const float *x, size_t count);
    void (*gelu_forward_bf16)(uint16_t *y, const uint16_t *x, size_t count);
    void (*gelu_backward_bf16)(uint16_t *dx, uint16_t *y, const uint16_t *dy, const uint16_t *x, size_t count);
    void (*tanh_forward)(float *y, const float *x, size_t count);
    /// dx = dy (1 - y²)
    void (*tanh_backward)(float *dx, const float *dy, const float *y, size_t count);
    /// y = a + b
    void (*add)(float *y, const float *a, const float *b, size_t count);
    /// y += a x
    void (*add_scaled)(float *y, const float *x, float a, size_t count);
    /// y = a x
    void (*scale)(float *y, const float *x, float a, size_t count);

    /// y = softmax of each row of x, rows `stride` apart in both; keeps log Σ exp of each row where `log_sum` is not
    /// null.
    void (*softmax_forward)(float *y, float *log_sum, const float *x, size_t rows, size_t width, size_t stride);
    /// y = exp(x - log_sum): the softmax once more.
    void (*softmax_recompute)(
        float *y, const float *log_sum, const float *x, size_t rows, size_t width, size_t stride);
    void (*softmax_backward)(float *dx, const float *dy, const float *y, size_t rows, size_t width, size_t stride);
    /// Each row normalised, times gamma, plus beta, to `y` and `bf16` where they are not null; keeps mean and
    /// reciprocal standard deviation of each row.
    void (*layer_norm_forward)(
        float *y, uint16_t *bf16, float *mean, float *rstd, const float *x, const float *gamma,
        const float *beta, float epsilon, size_t rows, size_t width);
    /// The same once more from the kept mean and reciprocal standard deviation.
    void (*layer_norm_recompute)(
        float *y, uint16_t *bf16, const float *mean, const float *rstd, const float *x, const float *gamma,
        const float *beta, size_t rows, size_t width);
    /// dx = gradient + residual (which may be null); adds to dgamma and dbeta where they are not null.
    void (*layer_norm_backward)(
        float *dx, float *dgamma, float *dbeta, const float *dy, const float *x, const float *mean,
        const float *rstd, const float *gamma, const float *residual, size_t rows, size_t width);
    /// Each row of y = bias + the row of residual; either may be null (0).
    void (*fill_rows)(float *y, const float *bias, const float *residual, size_t rows, size_t width);
    /// sums[column] += Σ over rows of x[row * stride + column], for `width` columns.
    void (*sum_rows)(float *sums, const float *x, size_t rows, size_t width, size_t stride);

    void (*sum_rows_bf16)(float *sums, const uint16_t *x, size_t rows, size_t width, size_t stride);
    /// y = x rounded to bfloat16, to the nearest, ties to even.
    void (*narrow)(uint16_t *y, const float *x, size_t count);
    void (*widen)(float *y, const uint16_t *x, size_t count);

    /// y[column * y_stride + row] = x[row * x_stride + column], and zeros up to y_stride.
    void (*transpose)(float *y, size_t y_stride, const float *x, size_t x_stride, size_t rows, size_t width);
    /// c[i * c_stride + j] = alpha Σ over k of a[i * a_row + k * a_column] b[k * b_stride + j], plus c where `adds`.
    /// Reads b up to the next multiple of 16 columns; writes exactly `columns` columns of c.
    void (*small_product)(
        float *c, size_t c_stride, const float *a, size_t a_row, size_t a_column, const float *b, size_t b_stride,
        float alpha, int adds, size_t rows, size_t columns, size_t depth);

    /// Pairs of rows of x, bfloat16: y[i * y_stride + j] holds x[2i][j] in its low half and x[2i + 1][j], or 0 behind
    /// the last row, in its high half; zeros up to y_stride.
    void (*pair_rows)(uint32_t *y, size_t y_stride, const uint16_t *x, size_t x_stride, size_t rows, size_t width);
    /// Rows of x rounded to bfloat16, with zeros up to y_stride.
    void (*narrow_rows)(uint16_t *y, size_t y_stride, const float *x, size_t x_stride, size_t rows, size_t width);
    /// As `small_product` with a and b of pairs, `depth` of them, strides in pairs; sums are fp32. One instruction a
    /// pair where the CPU multiplies bfloat16.
    void (*pair_product)(
        float *c, size_t c_stride, const uint32_t *a, size_t a_row, size_t a_column, const uint32_t *b,
        size_t b_stride, float alpha, int adds, size_t rows, size_t columns, size_t depth);
} MawsVectorLoops;

/// The loops for this machine's widest instruction set; never null.
const MawsVectorLoops *maws_vector_loops(void);
/// The loops of that name, or null when this machine cannot run them.
const MawsVectorLoops *maws_vector_loops_named(const char *name);
