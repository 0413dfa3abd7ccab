// From rows to panels.

// Four neighbouring columns of words change places with four rows, in each 128-bit lane and then among the lanes: a
// square of 16 words, mirrored.
INLINE void mirror(__m512i rows[LANES]) {
    __m512i pairs[LANES], fours[LANES];
    for (int i = 0; i < LANES; i += 2) {
        pairs[i] = _mm512_unpacklo_epi32(rows[i], rows[i + 1]);
        pairs[i + 1] = _mm512_unpackhi_epi32(rows[i], rows[i + 1]);
    }
    for (int i = 0; i < LANES; i += 4)
        for (int j = 0; j < 2; j++) {
            fours[i + 2 * j] = _mm512_unpacklo_epi64(pairs[i + j], pairs[i + j + 2]);
            fours[i + 2 * j + 1] = _mm512_unpackhi_epi64(pairs[i + j], pairs[i + j + 2]);
        }
    for (int i = 0; i < 4; i++) {
        __m512i even = _mm512_shuffle_i32x4(fours[i], fours[i + 4], 0x88);
        __m512i odd = _mm512_shuffle_i32x4(fours[i], fours[i + 4], 0xdd);
        __m512i evenBelow = _mm512_shuffle_i32x4(fours[i + 8], fours[i + 12], 0x88);
        __m512i oddBelow = _mm512_shuffle_i32x4(fours[i + 8], fours[i + 12], 0xdd);
        rows[i] = _mm512_shuffle_i32x4(even, evenBelow, 0x88);
        rows[i + 4] = _mm512_shuffle_i32x4(odd, oddBelow, 0x88);
        rows[i + 8] = _mm512_shuffle_i32x4(even, evenBelow, 0xdd);
        rows[i + 12] = _mm512_shuffle_i32x4(odd, oddBelow, 0xdd);
    }
}

// The pairs of two rows of fp32, rounded.
INLINE __m512i paired(__m512 upper, __m512 lower) {
    __m512i high = _mm512_slli_epi32(_mm512_cvtepu16_epi32(narrowed(lower)), 16);
    return _mm512_or_si512(_mm512_cvtepu16_epi32(narrowed(upper)), high);
}

// 16 words of a column of fp32 that lies in one piece, from the first of `count` on.
INLINE __m512i float_column(const float *p, size_t count) {
    return _mm512_castps_si512(_mm512_maskz_loadu_ps(mask_of(count), p));
}
INLINE __m512i bf16_column(const float *p, size_t count) {
    __m512 first = _mm512_maskz_loadu_ps(mask_of(count), p);
    __m512 second = count > LANES ? _mm512_maskz_loadu_ps(mask_of(count - LANES), p + LANES) : _mm512_setzero_ps();
    return _mm512_inserti64x4(_mm512_castsi256_si512(narrowed(first)), narrowed(second), 1);
}
// 16 words of a row of fp32, of which `count` are there.
INLINE __m512i float_row(const float *p, size_t row, size_t count) {
    return _mm512_castps_si512(_mm512_maskz_loadu_ps(mask_of(count), p));
}
INLINE __m512i bf16_row(const float *p, size_t row, size_t count) {
    __mmask16 mask = mask_of(count);
    return paired(_mm512_maskz_loadu_ps(mask, p), _mm512_maskz_loadu_ps(mask, p + row));
}

#define PACK(kind, word_columns) \
    static void kind##_pack( \
        void *panels, const float *b, size_t b_row, size_t b_column, size_t n, size_t k) { \
        size_t words = k / word_columns; \
        __m512i *to = panels; \
        for (size_t column = 0; column < n; column += LANES, to += words) \
            if (b_column == 1) \
                for (size_t word = 0; word < words; word++) \
                    _mm512_storeu_si512( \
                        to + word, kind##_row(b + word * word_columns * b_row + column, b_row, n - column)); \
            else \
                for (size_t word = 0; word < words; word += LANES) { \
                    __m512i square[LANES]; \
                    for (size_t i = 0; i < LANES; i++) \
                        square[i] = column + i < n ? kind##_column( \
                                                         b + (column + i) * b_column + word * word_columns, \
                                                         k - word * word_columns) \
                                                   : _mm512_setzero_si512(); \
                    mirror(square); \
                    for (size_t i = 0; i < smaller(LANES, words - word); i++) \
                        _mm512_storeu_si512(to + word + i, square[i]); \
                } \
    }
PACK(float, 1)
PACK(bf16, 2)
#undef PACK

// 16 words of a row to one panel, or to two of the left operand's narrower ones.
INLINE void put(void *panels, size_t word, size_t words, size_t column, const size_t width, __m512i values) {
    uint32_t *to = (uint32_t *)panels + column * words + word * width;
    if (width == LANES) return _mm512_storeu_si512(to, values);
    _mm256_storeu_si256((__m256i *)to, _mm512_castsi512_si256(values));
    _mm256_storeu_si256((__m256i *)(to + words * width), _mm512_extracti64x4_epi64(values, 1));
}

// Panels, `width` columns wide, of rows of an activation.
INLINE void float_panels(
    float *panels, const size_t width, const float *x, size_t x_row, size_t columns, size_t rows) {
    for (size_t row = 0; row < rows; row++, x += x_row)
        for (size_t column = 0; column < columns; column += LANES) {
            __builtin_prefetch(x + 8 * x_row + column);
            __m512 values = _mm512_maskz_loadu_ps(mask_of(columns - column), x + column);
            put(panels, row, rows, column, width, _mm512_castps_si512(values));
        }
}

INLINE void bf16_panels(
    uint32_t *panels, const size_t width, const uint16_t *x, size_t x_row, size_t columns, size_t rows) {
    const __m512i first = _mm512_set_epi16(
        47, 15, 46, 14, 45, 13, 44, 12, 43, 11, 42, 10, 41, 9, 40, 8, 39, 7, 38, 6, 37, 5, 36, 4, 35, 3, 34, 2, 33, 1,
        32, 0);
    const __m512i second = _mm512_add_epi16(first, _mm512_set1_epi16(LANES));
    size_t words = (rows + 1) / 2;
    for (size_t word = 0; word < words; word++, x += 2 * x_row)
        for (size_t column = 0; column < columns; column += 2 * LANES) {
            size_t rest = columns - column;
            __mmask32 mask = rest >= 2 * LANES ? 0xffffffff : (1u << rest) - 1;
            __builtin_prefetch(x + 16 * x_row + column);
            __builtin_prefetch(x + 17 * x_row + column);
            __m512i upper = _mm512_maskz_loadu_epi16(mask, x + column);
            __m512i lower = 2 * word + 1 < rows ? _mm512_maskz_loadu_epi16(mask, x + x_row + column)
                                                : _mm512_setzero_si512();
            put(panels, word, words, column, width, _mm512_permutex2var_epi16(upper, first, lower));
            if (rest > LANES)
                put(panels, word, words, column + LANES, width, _mm512_permutex2var_epi16(upper, second, lower));
        }
}
