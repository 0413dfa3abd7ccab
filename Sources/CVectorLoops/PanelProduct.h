// Products of panels, for one type of operand. Included once for each, with
// PANEL(name)              names of the functions
// WORD, WORD_COLUMNS       type of a word, and how many neighbours of a column it holds
// ELEMENT                  type of an element of an activation
// SPREAD(x)                a word in every lane
// MULTIPLY_ADD(s, l, r)    s + l · r
// NARROW(x)                a vector rounded to bfloat16

// rows × vectors sums, kept in registers. Both counts are constants at every call, so the loops unroll.
INLINE void PANEL(sum)(
    const int rows, const int vectors, __m512 (*tile)[TILE_VECTORS], const WORD *a, size_t a_row, size_t a_step,
    const WORD *b, size_t k) {
#pragma clang loop unroll(full)
    for (int i = 0; i < rows; i++)
#pragma clang loop unroll(full)
        for (int v = 0; v < vectors; v++) tile[i][v] = _mm512_setzero_ps();
    for (size_t step = 0; step < k; step++, a += a_step, b += LANES) {
        __m512i right[TILE_VECTORS];
#pragma clang loop unroll(full)
        for (int v = 0; v < vectors; v++) {
            right[v] = _mm512_loadu_si512(b + v * k * LANES);
            __builtin_prefetch(b + v * k * LANES + AHEAD * LANES);
        }
#pragma clang loop unroll(full)
        for (int i = 0; i < rows; i++) {
            __m512i left = SPREAD(a[i * a_row]);
#pragma clang loop unroll(full)
            for (int v = 0; v < vectors; v++) tile[i][v] = MULTIPLY_ADD(tile[i][v], left, right[v]);
        }
    }
}

// A tile at a border, by way of memory.
INLINE void PANEL(tile)(
    const int rows, const int vectors, float (*sums)[TILE_COLUMNS], const WORD *a, size_t a_row, size_t a_step,
    const WORD *b, size_t k) {
    __m512 tile[TILE_ROWS][TILE_VECTORS];
    PANEL(sum)(rows, vectors, tile, a, a_row, a_step, b, k);
#pragma clang loop unroll(full)
    for (int i = 0; i < rows; i++)
#pragma clang loop unroll(full)
        for (int v = 0; v < vectors; v++) _mm512_store_ps(sums[i] + v * LANES, tile[i][v]);
}

// A whole tile of a product, from registers to where it belongs.
static void PANEL(product_tile)(const MawsPanelProduct *p, size_t row, size_t column, const WORD *a, const WORD *b) {
    __m512 tile[TILE_ROWS][TILE_VECTORS];
    PANEL(sum)(TILE_ROWS, TILE_VECTORS, tile, a, p->a_row, 1, b, p->k);
    size_t at = row * p->c_row + column;
    if (p->bias)
#pragma clang loop unroll(full)
        for (int v = 0; v < TILE_VECTORS; v++) {
            __m512 bias = _mm512_loadu_ps(p->bias + column + v * LANES);
#pragma clang loop unroll(full)
            for (int i = 0; i < TILE_ROWS; i++) tile[i][v] = _mm512_add_ps(tile[i][v], bias);
        }
    if (p->residual)
#pragma clang loop unroll(full)
        for (int i = 0; i < TILE_ROWS; i++)
#pragma clang loop unroll(full)
            for (int v = 0; v < TILE_VECTORS; v++)
                tile[i][v] = _mm512_add_ps(tile[i][v], _mm512_loadu_ps(p->residual + at + i * p->c_row + v * LANES));
    if (p->bf16_result)
#pragma clang loop unroll(full)
        for (int i = 0; i < TILE_ROWS; i++)
#pragma clang loop unroll(full)
            for (int v = 0; v < TILE_VECTORS; v++)
                _mm256_storeu_si256(
                    (__m256i *)((uint16_t *)p->c + at + i * p->c_row + v * LANES), NARROW(tile[i][v]));
    else
#pragma clang loop unroll(full)
        for (int i = 0; i < TILE_ROWS; i++)
#pragma clang loop unroll(full)
            for (int v = 0; v < TILE_VECTORS; v++)
                _mm512_storeu_ps((float *)p->c + at + i * p->c_row + v * LANES, tile[i][v]);
}

// A whole tile of a gradient, added to c.
static void PANEL(gradient_tile)(float *c, size_t c_row, const WORD *a, const WORD *b, size_t k) {
    __m512 tile[TILE_ROWS][TILE_VECTORS];
    PANEL(sum)(TILE_ROWS, TILE_VECTORS, tile, a, 1, TILE_ROWS, b, k);
#pragma clang loop unroll(full)
    for (int i = 0; i < TILE_ROWS; i++)
#pragma clang loop unroll(full)
        for (int v = 0; v < TILE_VECTORS; v++) {
            float *to = c + i * c_row + v * LANES;
            _mm512_storeu_ps(to, _mm512_add_ps(_mm512_loadu_ps(to), tile[i][v]));
        }
}

// The first columns of a vector.
INLINE void PANEL(store_part)(void *to, int bf16, __m512 sum, size_t columns) {
    if (!bf16) return _mm512_mask_storeu_ps(to, mask_of(columns), sum);
    uint16_t lanes[LANES];
    _mm256_storeu_si256((__m256i *)lanes, NARROW(sum));
    for (size_t i = 0; i < columns; i++) ((uint16_t *)to)[i] = lanes[i];
}

// A tile at a border with bias and residual, to where the product's result belongs.
static void PANEL(finish)(
    const MawsPanelProduct *p, size_t row, size_t column, const float (*sums)[TILE_COLUMNS], size_t rows,
    size_t columns) {
    for (size_t i = 0; i < rows; i++)
        for (size_t v = 0; v < columns; v += LANES) {
            size_t at = (row + i) * p->c_row + column + v;
            __mmask16 mask = mask_of(columns - v);
            __m512 sum = _mm512_load_ps(sums[i] + v);
            if (p->bias) sum = _mm512_add_ps(sum, _mm512_maskz_loadu_ps(mask, p->bias + column + v));
            if (p->residual) sum = _mm512_add_ps(sum, _mm512_maskz_loadu_ps(mask, p->residual + at));
            void *to = p->bf16_result ? (void *)((uint16_t *)p->c + at) : (void *)((float *)p->c + at);
            if (mask != 0xffff) PANEL(store_part)(to, p->bf16_result, sum, columns - v);
            else if (p->bf16_result) _mm256_storeu_si256(to, NARROW(sum));
            else _mm512_storeu_ps(to, sum);
        }
}

#define TILES(rows) \
    case rows: \
        if (vectors == 3) PANEL(tile)(rows, 3, sums, a, a_row, a_step, b, k); \
        else if (vectors == 2) PANEL(tile)(rows, 2, sums, a, a_row, a_step, b, k); \
        else PANEL(tile)(rows, 1, sums, a, a_row, a_step, b, k); \
        break;

INLINE void PANEL(tile_of)(
    size_t rows, size_t vectors, float (*sums)[TILE_COLUMNS], const WORD *a, size_t a_row, size_t a_step,
    const WORD *b, size_t k) {
    switch (rows) {
    TILES(8)
    TILES(7)
    TILES(6)
    TILES(5)
    TILES(4)
    TILES(3)
    TILES(2)
    default: TILES(1)
    }
}
#undef TILES

static void PANEL(product)(const MawsPanelProduct *p) {
    float sums[TILE_ROWS][TILE_COLUMNS] __attribute__((aligned(64)));
    size_t tiles = (p->m + TILE_ROWS - 1) / TILE_ROWS;
    for (size_t column = 0; column < p->n; column += TILE_COLUMNS) {
        size_t columns = smaller(TILE_COLUMNS, p->n - column);
        const WORD *b = (const WORD *)p->b + column * p->k;
        // The next columns of the right operand come to the second-level cache while all rows pass these.
        size_t vectors = panels_of(smaller(TILE_COLUMNS, p->n - column - columns)) * p->k, fetched = 0;
        for (size_t row = 0; row < p->m; row += TILE_ROWS) {
            size_t rows = smaller(TILE_ROWS, p->m - row), end = smaller(fetched + vectors / tiles + 1, vectors);
            for (; fetched < end; fetched++) __builtin_prefetch(b + TILE_COLUMNS * p->k + fetched * LANES, 0, 2);
            const WORD *a = (const WORD *)p->a + row * p->a_row;
            if (p->residual) prefetch_rows(p->residual + row * p->c_row + column, p->c_row, rows);
            if (rows == TILE_ROWS && columns == TILE_COLUMNS) {
                PANEL(product_tile)(p, row, column, a, b);
                continue;
            }
            PANEL(tile_of)(rows, panels_of(columns), sums, a, p->a_row, 1, b, p->k);
            PANEL(finish)(p, row, column, sums, rows, columns);
        }
    }
}

static void PANEL(gradient)(const MawsGradientProduct *p, void *scratch) {
    float sums[TILE_ROWS][TILE_COLUMNS] __attribute__((aligned(64)));
    WORD *left = scratch, *right = left + panels_of(p->m) * LANES * SLAB_WORDS;
    // Slabs of nearly the same size: each brings c through the cache once.
    const size_t words = (p->rows + WORD_COLUMNS - 1) / WORD_COLUMNS, slabs = (words + SLAB_WORDS - 1) / SLAB_WORDS;
    const size_t slab = slabs ? (words + slabs - 1) / slabs * WORD_COLUMNS : 1;
    for (size_t first = 0; first < p->rows; first += slab) {
        size_t rows = smaller(slab, p->rows - first), k = (rows + WORD_COLUMNS - 1) / WORD_COLUMNS;
        PANEL(panels)(left, TILE_ROWS, (const ELEMENT *)p->a + first * p->a_row, p->a_row, p->m, rows);
        for (size_t strip = 0; strip < p->n; strip += STRIP_COLUMNS) {
            size_t width = smaller(STRIP_COLUMNS, p->n - strip);
            PANEL(panels)(right, LANES, (const ELEMENT *)p->b + first * p->b_row + strip, p->b_row, width, rows);
            for (size_t column = 0; column < width; column += TILE_COLUMNS) {
                size_t columns = smaller(TILE_COLUMNS, width - column);
                for (size_t row = 0; row < p->m; row += TILE_ROWS) {
                    size_t count = smaller(TILE_ROWS, p->m - row);
                    float *c = p->c + row * p->c_row + strip + column;
                    prefetch_rows(c, p->c_row, count);
                    if (count == TILE_ROWS && columns == TILE_COLUMNS) {
                        PANEL(gradient_tile)(c, p->c_row, left + row * k, right + column * k, k);
                        continue;
                    }
                    PANEL(tile_of)(
                        count, panels_of(columns), sums, left + row * k, 1, TILE_ROWS, right + column * k, k);
                    add_tile(c, p->c_row, sums, count, columns);
                }
            }
        }
    }
}

#undef PANEL
#undef WORD
#undef WORD_COLUMNS
#undef ELEMENT
#undef SPREAD
#undef MULTIPLY_ADD
#undef NARROW
