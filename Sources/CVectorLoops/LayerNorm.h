// Layer normalisation. Included after Elementwise.h once for each instruction set.

INLINE float NAMED(row_sum)(const float *x, size_t width) {
    Vec total = {0};
    size_t j = 0;
    for (; j + LANES <= width; j += LANES) total += NAMED(load)(x + j);
    if (j < width) total += NAMED(load_part)(x + j, width - j, 0);
    return NAMED(sum)(total);
}

// Σ (x - mean)²
INLINE float NAMED(row_spread)(const float *x, float mean, size_t width) {
    Vec total = {0};
    size_t j = 0;
    for (; j + LANES <= width; j += LANES) {
        Vec d = NAMED(load)(x + j) - mean;
        total += d * d;
    }
    if (j < width) {
        Vec d = NAMED(load_part)(x + j, width - j, mean) - mean;
        total += d * d;
    }
    return NAMED(sum)(total);
}

// y and bf16, where they are not null, = (x - m) s gamma + beta.
INLINE void NAMED(norm_row)(
    float *y, uint16_t *bf16, float m, float s, const float *x, const float *gamma, const float *beta, size_t width) {
    size_t j = 0;
    for (; j + LANES <= width; j += LANES) {
        Vec v = (NAMED(load)(x + j) - m) * s * NAMED(load)(gamma + j) + NAMED(load)(beta + j);
        if (y) NAMED(store)(y + j, v);
        if (bf16) NAMED(store_bf16)(bf16 + j, v);
    }
    if (j < width) {
        size_t rest = width - j;
        Vec v = (NAMED(load_part)(x + j, rest, 0) - m) * s * NAMED(load_part)(gamma + j, rest, 0) +
                NAMED(load_part)(beta + j, rest, 0);
        if (y) NAMED(store_part)(y + j, v, rest);
        if (bf16) NAMED(store_bf16_part)(bf16 + j, v, rest);
    }
}

static void NAMED(layer_norm_forward)(
    float *y, uint16_t *bf16, float *mean, float *rstd, const float *x, const float *gamma, const float *beta,
    float epsilon, size_t rows, size_t width) {
    for (size_t r = 0; r < rows; r++, x += width) {
        float m = NAMED(row_sum)(x, width) / (float)width;
        float variance = NAMED(row_spread)(x, m, width) / (float)width;
        mean[r] = m;
        rstd[r] = 1.0f / __builtin_sqrtf(variance + epsilon);
        NAMED(norm_row)(
            y ? y + r * width : NULL, bf16 ? bf16 + r * width : NULL, m, rstd[r], x, gamma, beta, width);
    }
}

static void NAMED(layer_norm_recompute)(
    float *y, uint16_t *bf16, const float *mean, const float *rstd, const float *x, const float *gamma,
    const float *beta, size_t rows, size_t width) {
    for (size_t r = 0; r < rows; r++)
        NAMED(norm_row)(
            y ? y + r * width : NULL, bf16 ? bf16 + r * width : NULL, mean[r], rstd[r], x + r * width, gamma,
            beta, width);
}

// The two sums of a row's gradient: Σ dy γ and Σ dy γ x̂.
INLINE void NAMED(row_gradient_sums)(
    float *plain, float *along, const float *dy, const float *x, float m, float s, const float *gamma, size_t width) {
    Vec first = {0}, second = {0};
    size_t j = 0;
    for (; j + LANES <= width; j += LANES) {
        Vec g = NAMED(load)(dy + j) * NAMED(load)(gamma + j);
        first += g;
        second += g * ((NAMED(load)(x + j) - m) * s);
    }
    if (j < width) {
        size_t rest = width - j;
        Vec g = NAMED(load_part)(dy + j, rest, 0) * NAMED(load_part)(gamma + j, rest, 0);
        first += g;
        second += g * ((NAMED(load_part)(x + j, rest, 0) - m) * s);
    }
    *plain = NAMED(sum)(first) / (float)width;
    *along = NAMED(sum)(second) / (float)width;
}

// dx = s (dy γ - mean(dy γ) - x̂ mean(dy γ x̂)) + residual;  dγ += dy x̂;  dβ += dy
static void NAMED(layer_norm_backward)(
    float *dx, float *dgamma, float *dbeta, const float *dy, const float *x, const float *mean,
    const float *rstd, const float *gamma, const float *residual, size_t rows, size_t width) {
    for (size_t r = 0; r < rows; r++, dx += width, dy += width, x += width) {
        float m = mean[r], s = rstd[r], plain, along;
        NAMED(row_gradient_sums)(&plain, &along, dy, x, m, s, gamma, width);
        if (dgamma)
            for (size_t j = 0; j < width; j++) dgamma[j] += dy[j] * ((x[j] - m) * s);
        if (dbeta)
            for (size_t j = 0; j < width; j++) dbeta[j] += dy[j];
        if (residual) {
            const float *from = residual + r * width;
            for (size_t j = 0; j < width; j++)
                dx[j] = s * (dy[j] * gamma[j] - plain - (x[j] - m) * s * along) + from[j];
        } else {
            for (size_t j = 0; j < width; j++) dx[j] = s * (dy[j] * gamma[j] - plain - (x[j] - m) * s * along);
        }
    }
}
