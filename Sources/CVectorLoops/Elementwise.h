// Elementwise loops and row-wise reductions. Included after Vector.h once for each instruction set.

INLINE Vec NAMED(gelu_slope)(Vec x, Vec cdf) {
    return cdf + x * 0.39894228040143268f * NAMED(exp)(x * x * -0.5f);
}

static void NAMED(tanh_forward)(float *y, const float *x, size_t count) {
    size_t i = 0;
    for (; i + LANES <= count; i += LANES) NAMED(store)(y + i, NAMED(tanh)(NAMED(load)(x + i)));
    if (i < count) NAMED(store_part)(y + i, NAMED(tanh)(NAMED(load_part)(x + i, count - i, 0)), count - i);
}

static void NAMED(tanh_backward)(float *dx, const float *dy, const float *y, size_t count) {
    for (size_t i = 0; i < count; i++) dx[i] = dy[i] * (1.0f - y[i] * y[i]);
}

static void NAMED(add)(float *y, const float *a, const float *b, size_t count) {
    for (size_t i = 0; i < count; i++) y[i] = a[i] + b[i];
}

static void NAMED(add_scaled)(float *y, const float *x, float a, size_t count) {
    for (size_t i = 0; i < count; i++) y[i] += a * x[i];
}

static void NAMED(scale)(float *y, const float *x, float a, size_t count) {
    for (size_t i = 0; i < count; i++) y[i] = a * x[i];
}

// One row's softmax and the logarithm of its sum of exponentials; lanes past the row's end are left out of the sum.
INLINE float NAMED(softmax_row)(float *y, const float *x, size_t width) {
    size_t whole = width / LANES * LANES, rest = width - whole;
    Vec top = NAMED(spread)(-3.0e38f);
    for (size_t j = 0; j < whole; j += LANES) top = NAMED(max)(top, NAMED(load)(x + j));
    if (rest) top = NAMED(max)(top, NAMED(load_part)(x + whole, rest, -3.0e38f));
    float high = NAMED(largest)(top);
    Vec total = {0};
    for (size_t j = 0; j < whole; j += LANES) {
        Vec e = NAMED(exp)(NAMED(load)(x + j) - high);
        NAMED(store)(y + j, e);
        total += e;
    }
    if (rest) {
        NAMED(store_part)(y + whole, NAMED(exp)(NAMED(load_part)(x + whole, rest, high) - high), rest);
        total += NAMED(load_part)(y + whole, rest, 0);
    }
    float sum = NAMED(sum)(total), factor = 1.0f / sum;
    for (size_t j = 0; j < width; j++) y[j] *= factor;
    return high + __builtin_logf(sum);
}

static void NAMED(softmax_forward)(
    float *y, float *log_sum, const float *x, size_t rows, size_t width, size_t stride) {
    for (size_t r = 0; r < rows; r++) {
        float value = NAMED(softmax_row)(y + r * stride, x + r * stride, width);
        if (log_sum) log_sum[r] = value;
    }
}

static void NAMED(softmax_recompute)(
    float *y, const float *log_sum, const float *x, size_t rows, size_t width, size_t stride) {
    for (size_t r = 0; r < rows; r++, y += stride, x += stride) {
        size_t j = 0;
        for (; j + LANES <= width; j += LANES) NAMED(store)(y + j, NAMED(exp)(NAMED(load)(x + j) - log_sum[r]));
        if (j < width)
            NAMED(store_part)(y + j, NAMED(exp)(NAMED(load_part)(x + j, width - j, 0) - log_sum[r]), width - j);
    }
}

INLINE float NAMED(dot)(const float *a, const float *b, size_t count) {
    Vec total = {0};
    size_t i = 0;
    for (; i + LANES <= count; i += LANES) total += NAMED(load)(a + i) * NAMED(load)(b + i);
    if (i < count) total += NAMED(load_part)(a + i, count - i, 0) * NAMED(load_part)(b + i, count - i, 0);
    return NAMED(sum)(total);
}

static void NAMED(softmax_backward)(
    float *dx, const float *dy, const float *y, size_t rows, size_t width, size_t stride) {
    for (size_t r = 0; r < rows; r++, dx += stride, dy += stride, y += stride) {
        float along = NAMED(dot)(dy, y, width);
        for (size_t j = 0; j < width; j++) dx[j] = y[j] * (dy[j] - along);
    }
}

static void NAMED(fill_rows)(float *y, const float *bias, const float *residual, size_t rows, size_t width) {
    for (size_t r = 0; r < rows; r++, y += width) {
        const float *from = residual ? residual + r * width : NULL;
        if (bias && from)
            for (size_t j = 0; j < width; j++) y[j] = bias[j] + from[j];
        else if (bias)
            for (size_t j = 0; j < width; j++) y[j] = bias[j];
        else if (from)
            for (size_t j = 0; j < width; j++) y[j] = from[j];
        else
            for (size_t j = 0; j < width; j++) y[j] = 0;
    }
}

static void NAMED(sum_rows)(float *sums, const float *x, size_t rows, size_t width, size_t stride) {
    for (size_t r = 0; r < rows; r++, x += stride)
        for (size_t j = 0; j < width; j++) sums[j] += x[j];
}

static void NAMED(sum_rows_bf16)(float *sums, const uint16_t *x, size_t rows, size_t width, size_t stride) {
    for (size_t r = 0; r < rows; r++, x += stride) {
        size_t j = 0;
        for (; j + LANES <= width; j += LANES)
            NAMED(store)(sums + j, NAMED(load)(sums + j) + NAMED(load_bf16)(x + j));
        if (j < width) {
            size_t rest = width - j;
            Vec sum = NAMED(load_part)(sums + j, rest, 0) + NAMED(load_bf16_part)(x + j, rest, 0);
            NAMED(store_part)(sums + j, sum, rest);
        }
    }
}

static void NAMED(narrow)(uint16_t *y, const float *x, size_t count) {
    size_t i = 0;
    for (; i + LANES <= count; i += LANES) NAMED(store_bf16)(y + i, NAMED(load)(x + i));
    if (i < count) NAMED(store_bf16_part)(y + i, NAMED(load_part)(x + i, count - i, 0), count - i);
}

static void NAMED(widen)(float *y, const uint16_t *x, size_t count) {
    size_t i = 0;
    for (; i + LANES <= count; i += LANES) NAMED(store)(y + i, NAMED(load_bf16)(x + i));
    if (i < count) NAMED(store_part)(y + i, NAMED(load_bf16_part)(x + i, count - i, 0), count - i);
}
