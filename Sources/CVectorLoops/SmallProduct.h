// Matrix product for operands that lie in the cache. Included after Vector.h twice for each instruction set: for
// operands of fp32, and for pairs of bfloat16, the neighbours in the direction that is summed over. With TILE_VECTORS,
// the vectors a tile is wide, such that TILE_ROWS · TILE_VECTORS accumulators fit the registers; and PRODUCT(name)
// names of the functions OPERAND, OPERAND_VECTOR  type of an element of a and b, and of a vector of them LOAD_RIGHT(p)
// a vector of b's elements SPREAD_LEFT(x)       an element of a in every lane MULTIPLY_ADD(s, l, r)  s + l · r

#define TILE_ROWS 6

// The last vector of a row of c where it is not whole. A function of its own: inlined into every tile, its lanes would
// be most of the code.
static __attribute__((noinline)) void PRODUCT(finish_part)(float *c, Vec value, int adds, size_t rest) {
    NAMED(store_part)(c, adds ? NAMED(load_part)(c, rest, 0) + value : value, rest);
}

// One vector of a finished tile, to columns from `first` on of a row of c.
INLINE void PRODUCT(finish)(float *c, size_t first, Vec value, int adds, size_t columns) {
    if (first + LANES <= columns) {
        NAMED(store)(c + first, adds ? NAMED(load)(c + first) + value : value);
    } else {
        PRODUCT(finish_part)(c + first, value, adds, columns - first);
    }
}

// A tile of rows × vectors sums, kept in registers. Both counts are constants at every call, so the loops unroll.
INLINE void PRODUCT(tile)(
    const int rows, const int vectors, float *c, size_t c_stride, const OPERAND *a, size_t a_row, size_t a_column,
    const OPERAND *b, size_t b_stride, float alpha, int adds, size_t columns, size_t depth) {
    Vec sums[TILE_ROWS][TILE_VECTORS];
#pragma clang loop unroll(full)
    for (int i = 0; i < rows; i++)
#pragma clang loop unroll(full)
        for (int v = 0; v < vectors; v++) sums[i][v] = (Vec){0};
    for (size_t k = 0; k < depth; k++, a += a_column, b += b_stride) {
        OPERAND_VECTOR right[TILE_VECTORS];
#pragma clang loop unroll(full)
        for (int v = 0; v < vectors; v++) right[v] = LOAD_RIGHT(b + v * LANES);
#pragma clang loop unroll(full)
        for (int i = 0; i < rows; i++) {
            OPERAND_VECTOR left = SPREAD_LEFT(a[i * a_row]);
#pragma clang loop unroll(full)
            for (int v = 0; v < vectors; v++) sums[i][v] = MULTIPLY_ADD(sums[i][v], left, right[v]);
        }
    }
#pragma clang loop unroll(full)
    for (int i = 0; i < rows; i++)
#pragma clang loop unroll(full)
        for (int v = 0; v < vectors; v++) {
            PRODUCT(finish)(c + i * c_stride, (size_t)v * LANES, sums[i][v] * alpha, adds, columns);
        }
}

#define TILE(rows, vectors) \
    PRODUCT(tile)(rows, vectors, c, c_stride, a, a_row, a_column, b, b_stride, alpha, adds, columns, depth)

INLINE void PRODUCT(tile_rows)(
    size_t rows, const int vectors, float *c, size_t c_stride, const OPERAND *a, size_t a_row, size_t a_column,
    const OPERAND *b, size_t b_stride, float alpha, int adds, size_t columns, size_t depth) {
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

static void PRODUCT(product)(
    float *c, size_t c_stride, const OPERAND *a, size_t a_row, size_t a_column, const OPERAND *b, size_t b_stride,
    float alpha, int adds, size_t rows, size_t columns, size_t depth) {
    const size_t step = TILE_VECTORS * LANES;
    for (; columns > 0; c += step, b += step) {
        size_t vectors = (columns + LANES - 1) / LANES;
        if (vectors >= TILE_VECTORS) {
            PRODUCT(tile_rows)(
                rows, TILE_VECTORS, c, c_stride, a, a_row, a_column, b, b_stride, alpha, adds, columns, depth);
        } else if (vectors == 1) {
            PRODUCT(tile_rows)(rows, 1, c, c_stride, a, a_row, a_column, b, b_stride, alpha, adds, columns, depth);
        } else if (vectors == 2) {
            PRODUCT(tile_rows)(rows, 2, c, c_stride, a, a_row, a_column, b, b_stride, alpha, adds, columns, depth);
        } else {
            PRODUCT(tile_rows)(
                rows, TILE_VECTORS - 1, c, c_stride, a, a_row, a_column, b, b_stride, alpha, adds, columns, depth);
        }
        if (columns <= step) break;
        columns -= step;
    }
}

#undef TILE
#undef TILE_ROWS
#undef PRODUCT
#undef OPERAND
#undef OPERAND_VECTOR
#undef LOAD_RIGHT
#undef SPREAD_LEFT
#undef MULTIPLY_ADD
