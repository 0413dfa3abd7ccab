// Between the layouts of small products' operands. A pair holds two neighbours of a column, bfloat16, the upper one in
// the low half of a word.

static void NAMED(transpose)(
    float *y, size_t y_stride, const float *x, size_t x_stride, size_t rows, size_t width) {
    for (size_t column = 0; column < width; column++, y += y_stride) {
        for (size_t row = 0; row < rows; row++) y[row] = x[row * x_stride + column];
        for (size_t row = rows; row < y_stride; row++) y[row] = 0;
    }
}

// Two rows as one row of pairs; `second` may be null (zeros).
INLINE void NAMED(pair_row)(uint32_t *y, const uint16_t *first, const uint16_t *second, size_t width) {
    if (second)
        for (size_t column = 0; column < width; column++)
            y[column] = first[column] | (uint32_t)second[column] << 16;
    else
        for (size_t column = 0; column < width; column++) y[column] = first[column];
}

static void NAMED(pair_rows)(
    uint32_t *y, size_t y_stride, const uint16_t *x, size_t x_stride, size_t rows, size_t width) {
    for (size_t row = 0; row < rows; row += 2, y += y_stride, x += 2 * x_stride) {
        NAMED(pair_row)(y, x, row + 1 < rows ? x + x_stride : NULL, width);
        memset(y + width, 0, (y_stride - width) * sizeof *y);
    }
}

static void NAMED(narrow_rows)(
    uint16_t *y, size_t y_stride, const float *x, size_t x_stride, size_t rows, size_t width) {
    for (size_t row = 0; row < rows; row++, y += y_stride, x += x_stride) {
        NAMED(narrow)(y, x, width);
        memset(y + width, 0, (y_stride - width) * sizeof *y);
    }
}
