// Matrix product for operands that lie in the cache. Included after Vector.h once for each instruction set, with
// TILE_VECTORS, the vectors a tile is wide, such that TILE_ROWS · TILE_VECTORS accumulators fit the registers.

#define TILE_ROWS 6

// One vector of a finished tile, to columns from `first` on of a row of c.
INLINE void NAMED(finish)(float *c, size_t first, Vec value, int adds, size_t columns) {
    if (first + LANES <= columns) {
        NAMED(store)(c + first, adds ? NAMED(load)(c + first) + value : value);
    } else {
        size_t rest = columns - first;
        NAMED(store_part)(c + first, adds ? NAMED(load_part)(c + first, rest, 0) + value : value, rest);
    }
}

// A tile of rows × vectors sums, kept in registers. Both counts are constants at every call, so the loops unroll.
INLINE void NAMED(tile)(
    const int rows, const int vectors, float *c, size_t c_stride, const float *a, size_t a_row, size_t a_column,
    const float *b, size_t b_stride, float alpha, int adds, size_t columns, size_t depth) {
    Vec sums[TILE_ROWS][TILE_VECTORS];
#pragma clang loop unroll(full)
    for (int i = 0; i < rows; i++)
#pragma clang loop unroll(full)
        for (int v = 0; v < vectors; v++) sums[i][v] = (Vec){0};
    for (size_t k = 0; k < depth; k++, a += a_column, b += b_stride) {
        Vec right[TILE_VECTORS];
#pragma clang loop unroll(full)
        for (int v = 0; v < vectors; v++) right[v] = NAMED(load)(b + v * LANES);
#pragma clang loop unroll(full)
        for (int i = 0; i < rows; i++) {
            Vec left = NAMED(spread)(a[i * a_row]);
#pragma clang loop unroll(full)
            for (int v = 0; v < vectors; v++) sums[i][v] += left * right[v];
        }
    }
#pragma clang loop unroll(full)
    for (int i = 0; i < rows; i++)
#pragma clang loop unroll(full)
        for (int v = 0; v < vectors; v++) {
            NAMED(finish)(c + i * c_stride, (size_t)v * LANES, sums[i][v] * alpha, adds, columns);
        }
}

#define TILE(rows, vectors) \
    NAMED(tile)(rows, vectors, c, c_stride, a, a_row, a_column, b, b_stride, alpha, adds, columns, depth)

INLINE void NAMED(tile_rows)(
    size_t rows, const int vectors, float *c, size_t c_stride, const float *a, size_t a_row, size_t a_column,
    const float *b, size_t b_stride, float alpha, int adds, size_t columns, size_t depth) {
    for (; rows >= TILE_ROWS; rows -= TILE_ROWS, c += TILE_ROWS * c_stride, a += TILE_ROWS * a_row)
        TILE(TILE_ROWS, vectors);
    switch (rows) {
    case 5: TILE(5, vectors); break;
    case 4: TILE(4, vectors); break;
    case 3: TILE(3, vectors); break;
    case 2: TILE(2, vectors); break;
    case 1: TILE(1, vectors); break;
    default: break;
    }
}

static void NAMED(transpose)(
    float *y, size_t y_stride, const float *x, size_t x_stride, size_t rows, size_t width) {
    for (size_t column = 0; column < width; column++, y += y_stride) {
        for (size_t row = 0; row < rows; row++) y[row] = x[row * x_stride + column];
        for (size_t row = rows; row < y_stride; row++) y[row] = 0;
    }
}

static void NAMED(small_product)(
    float *c, size_t c_stride, const float *a, size_t a_row, size_t a_column, const float *b, size_t b_stride,
    float alpha, int adds, size_t rows, size_t columns, size_t depth) {
    const size_t step = TILE_VECTORS * LANES;
    for (; columns > 0; c += step, b += step) {
        size_t vectors = (columns + LANES - 1) / LANES;
        if (vectors >= TILE_VECTORS) {
            NAMED(tile_rows)(
                rows, TILE_VECTORS, c, c_stride, a, a_row, a_column, b, b_stride, alpha, adds, columns, depth);
        } else if (vectors == 1) {
            NAMED(tile_rows)(rows, 1, c, c_stride, a, a_row, a_column, b, b_stride, alpha, adds, columns, depth);
        } else if (vectors == 2) {
            NAMED(tile_rows)(rows, 2, c, c_stride, a, a_row, a_column, b, b_stride, alpha, adds, columns, depth);
        } else {
            NAMED(tile_rows)(
                rows, TILE_VECTORS - 1, c, c_stride, a, a_row, a_column, b, b_stride, alpha, adds, columns, depth);
        }
        if (columns <= step) break;
        columns -= step;
    }
}

#undef TILE
#undef TILE_ROWS
