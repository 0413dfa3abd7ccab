#include "CPanelLoops.h"

#include "InstructionSets.h"

#if defined(__x86_64__)

#include <immintrin.h>

#define INLINE static inline __attribute__((always_inline))
#define LANES 16
// 24 accumulators, 3 vectors of the right operand and an element of the left fill 28 of 32 registers.
#define TILE_ROWS 8
#define TILE_VECTORS 3
#define TILE_COLUMNS (TILE_VECTORS * LANES)
// Steps of a sum that the right operand is fetched from the second-level cache ahead of its use.
#define AHEAD 16
// Words of a sum, and columns of the right operand, of a gradient that are packed at a time: the strip stays in the
// second-level cache while all rows of the left operand pass.
#define SLAB_WORDS 400
#define STRIP_COLUMNS 96

INLINE size_t smaller(size_t a, size_t b) { return a < b ? a : b; }
INLINE size_t panels_of(size_t columns) { return (columns + LANES - 1) / LANES; }

COMPILE_FOR_AVX512

INLINE __mmask16 mask_of(size_t columns) { return columns >= LANES ? 0xffff : (__mmask16)((1u << columns) - 1); }

INLINE void prefetch_rows(const float *c, size_t c_row, size_t rows) {
    for (size_t i = 0; i < rows; i++)
        for (size_t v = 0; v < TILE_VECTORS; v++) __builtin_prefetch(c + i * c_row + v * LANES, 1);
}

// c += sums.
INLINE void add_tile(
    float *c, size_t c_row, const float (*sums)[TILE_COLUMNS], size_t rows, size_t columns) {
    for (size_t i = 0; i < rows; i++)
        for (size_t v = 0; v < columns; v += LANES) {
            float *to = c + i * c_row + v;
            __m512 sum = _mm512_load_ps(sums[i] + v);
            __mmask16 mask = mask_of(columns - v);
            if (mask == 0xffff) _mm512_storeu_ps(to, _mm512_add_ps(_mm512_loadu_ps(to), sum));
            else _mm512_mask_storeu_ps(to, mask, _mm512_add_ps(_mm512_maskz_loadu_ps(mask, to), sum));
        }
}

// bfloat16, to the nearest, ties to even; a NaN stays one.
INLINE __m256i narrowed(__m512 x) {
    __m512i bits = _mm512_castps_si512(x), odd = _mm512_and_si512(_mm512_srli_epi32(bits, 16), _mm512_set1_epi32(1));
    __m512i rounded = _mm512_add_epi32(bits, _mm512_add_epi32(odd, _mm512_set1_epi32(0x7fff)));
    __mmask16 nan = _mm512_cmp_ps_mask(x, x, _CMP_UNORD_Q);
    rounded = _mm512_mask_mov_epi32(rounded, nan, _mm512_set1_epi32(0x7fc00000));
    return _mm512_cvtepi32_epi16(_mm512_srli_epi32(rounded, 16));
}

#include "PanelLayouts.h"

#define PANEL(name) float_##name
#define WORD float
#define WORD_COLUMNS 1
#define ELEMENT float
#define SPREAD(x) _mm512_castps_si512(_mm512_set1_ps(x))
#define MULTIPLY_ADD(sum, left, right) \
    _mm512_fmadd_ps(_mm512_castsi512_ps(left), _mm512_castsi512_ps(right), sum)
#define NARROW(x) narrowed(x)
#include "PanelProduct.h"

COMPILE_FOR_ANY

COMPILE_FOR_AVX512_BF16

#define PANEL(name) bf16_##name
#define WORD uint32_t
#define WORD_COLUMNS 2
#define ELEMENT uint16_t
#define SPREAD(x) _mm512_set1_epi32((int)(x))
#define MULTIPLY_ADD(sum, left, right) _mm512_dpbf16_ps(sum, (__m512bh)(left), (__m512bh)(right))
#define NARROW(x) ((__m256i)_mm512_cvtneps_pbh(x))
#include "PanelProduct.h"

COMPILE_FOR_ANY

static const MawsPanelLoops float_loops = {float_product, float_gradient, float_pack};
static const MawsPanelLoops bf16_loops = {bf16_product, bf16_gradient, bf16_pack};

const MawsPanelLoops *maws_panel_loops(int bf16_operands) {
    if (bf16_operands) return maws_cpu_runs("avx512_bf16") ? &bf16_loops : NULL;
    return maws_cpu_runs("avx512") ? &float_loops : NULL;
}

size_t maws_panel_bytes(size_t words, size_t n) { return panels_of(n) * LANES * words * 4; }

size_t maws_gradient_scratch_bytes(size_t m) {
    return (panels_of(m) * LANES + STRIP_COLUMNS) * SLAB_WORDS * 4;
}

#else

const MawsPanelLoops *maws_panel_loops(int bf16_operands) { return NULL; }
size_t maws_panel_bytes(size_t words, size_t n) { return 0; }
size_t maws_gradient_scratch_bytes(size_t m) { return 0; }

#endif
