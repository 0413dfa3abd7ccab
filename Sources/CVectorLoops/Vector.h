// Vectors of LANES floats and the elementary functions on them, all branch-free. Included once for each instruction
// set, inside a `#pragma clang attribute` that selects it, with LANES defined and NAMED(x) giving each symbol its
// suffix. No include guard, by intent.

typedef float NAMED(Vec) __attribute__((vector_size(LANES * 4)));
typedef float NAMED(LooseVec) __attribute__((vector_size(LANES * 4), aligned(4), may_alias));
typedef int NAMED(IntVec) __attribute__((vector_size(LANES * 4)));
typedef unsigned int NAMED(WordVec) __attribute__((vector_size(LANES * 4)));
typedef unsigned int NAMED(LooseWordVec) __attribute__((vector_size(LANES * 4), aligned(4), may_alias));
typedef unsigned short NAMED(BF16Vec) __attribute__((vector_size(LANES * 2)));
typedef unsigned short NAMED(LooseBF16Vec) __attribute__((vector_size(LANES * 2), aligned(2), may_alias));
#define Vec NAMED(Vec)
#define IntVec NAMED(IntVec)
#define WordVec NAMED(WordVec)
#define INLINE static inline __attribute__((always_inline))

INLINE Vec NAMED(load)(const float *p) { return *(const NAMED(LooseVec) *)p; }
INLINE void NAMED(store)(float *p, Vec v) { *(NAMED(LooseVec) *)p = v; }
INLINE Vec NAMED(spread)(float x) { return x - (Vec){0}; }

// The first `count` (< LANES) elements; the other lanes hold `rest`.
INLINE Vec NAMED(load_part)(const float *p, size_t count, float rest) {
    float lanes[LANES];
    for (size_t i = 0; i < LANES; i++) lanes[i] = i < count ? p[i] : rest;
    return NAMED(load)(lanes);
}
INLINE void NAMED(store_part)(float *p, Vec v, size_t count) {
    float lanes[LANES];
    NAMED(store)(lanes, v);
    for (size_t i = 0; i < count; i++) p[i] = lanes[i];
}

// bfloat16 is the upper half of an fp32. Rounding is to the nearest, ties to even; a NaN stays one.
INLINE Vec NAMED(load_bf16)(const uint16_t *p) {
    return (Vec)(__builtin_convertvector(*(const NAMED(LooseBF16Vec) *)p, WordVec) << 16);
}
INLINE void NAMED(store_bf16)(uint16_t *p, Vec v) {
#ifdef BF16_PRODUCTS
    *(NAMED(LooseBF16Vec) *)p = (NAMED(BF16Vec))_mm512_cvtneps_pbh((__m512)v);
#else
    WordVec bits = (WordVec)v, rounded = (bits + 0x7fffu + ((bits >> 16) & 1u)) >> 16;
    WordVec isNaN = (WordVec)(v != v);
    rounded = (isNaN & 0x7fc0u) | (~isNaN & rounded);
    *(NAMED(LooseBF16Vec) *)p = __builtin_convertvector(rounded, NAMED(BF16Vec));
#endif
}
INLINE Vec NAMED(load_bf16_part)(const uint16_t *p, size_t count, float rest) {
    float lanes[LANES];
    for (size_t i = 0; i < LANES; i++) {
        union { uint32_t bits; float value; } wide = {i < count ? (uint32_t)p[i] << 16 : 0};
        lanes[i] = i < count ? wide.value : rest;
    }
    return NAMED(load)(lanes);
}
INLINE void NAMED(store_bf16_part)(uint16_t *p, Vec v, size_t count) {
    uint16_t lanes[LANES];
    NAMED(store_bf16)(lanes, v);
    for (size_t i = 0; i < count; i++) p[i] = lanes[i];
}

INLINE WordVec NAMED(load_words)(const uint32_t *p) { return *(const NAMED(LooseWordVec) *)p; }

// sum + the products of both bfloat16 of each pair.
INLINE Vec NAMED(add_pairs)(Vec sum, WordVec a, WordVec b) {
#ifdef BF16_PRODUCTS
    return (Vec)_mm512_dpbf16_ps((__m512)sum, (__m512bh)a, (__m512bh)b);
#else
    sum += (Vec)(a & 0xffff0000u) * (Vec)(b & 0xffff0000u);
    return sum + (Vec)(a << 16) * (Vec)(b << 16);
#endif
}

INLINE Vec NAMED(select)(IntVec mask, Vec yes, Vec no) {
    return (Vec)((mask & (IntVec)yes) | (~mask & (IntVec)no));
}
INLINE Vec NAMED(max)(Vec a, Vec b) { return __builtin_elementwise_max(a, b); }
// x within low...high; unlike minima and maxima, which give the number of a number and a NaN, it leaves a NaN one.
INLINE Vec NAMED(clamp)(Vec x, float low, float high) {
    x = NAMED(select)(x < low, NAMED(spread)(low), x);
    return NAMED(select)(x > high, NAMED(spread)(high), x);
}
INLINE Vec NAMED(abs)(Vec a) { return __builtin_elementwise_abs(a); }

INLINE float NAMED(sum)(Vec v) {
    float lanes[LANES];
    NAMED(store)(lanes, v);
    for (int half = LANES / 2; half > 0; half /= 2)
        for (int i = 0; i < half; i++) lanes[i] += lanes[i + half];
    return lanes[0];
}
INLINE float NAMED(largest)(Vec v) {
    float lanes[LANES];
    NAMED(store)(lanes, v);
    for (int half = LANES / 2; half > 0; half /= 2)
        for (int i = 0; i < half; i++) lanes[i] = lanes[i] > lanes[i + half] ? lanes[i] : lanes[i + half];
    return lanes[0];
}

#include "Exponential.h"

// e^x for activations.
INLINE Vec NAMED(exp)(Vec x) { return NAMED(exp_within)(x, -87.0f, 88.0f); }

// tanh x: Cephes' polynomial below 0.625, 1 - 2 / (e^2|x| + 1) above.
INLINE Vec NAMED(tanh)(Vec x) {
    Vec magnitude = NAMED(abs)(x);
    Vec square = x * x;
    Vec p = square * -5.70498872745e-3f + 2.06390887954e-2f;
    p = p * square - 5.37397155531e-2f;
    p = p * square + 1.33314422036e-1f;
    p = p * square - 3.33332819422e-1f;
    p = p * square * x + x;
    Vec large = 1.0f - 2.0f / (NAMED(exp)(magnitude + magnitude) + 1.0f);
    IntVec sign = (IntVec)x & (int)0x80000000;
    large = (Vec)((IntVec)large | sign);
    return NAMED(select)(magnitude < 0.625f, p, large);
}

// erf x: Eigen's rational approximation x P(x²) / Q(x²) on [-4, 4], a few units in the last place.
// NaN stays NaN.
INLINE Vec NAMED(erf)(Vec x) {
    x = NAMED(clamp)(x, -4.0f, 4.0f);
    Vec square = x * x;
    Vec p = square * -2.72614225801306e-10f + 2.77068142495902e-08f;
    p = p * square - 2.10102402082508e-06f;
    p = p * square - 5.69250639462346e-05f;
    p = p * square - 7.34990630326855e-04f;
    p = p * square - 2.95459980854025e-03f;
    p = p * square - 1.60960333262415e-02f;
    Vec q = square * -1.45660718464996e-05f - 2.13374055278905e-04f;
    q = q * square - 1.68282697438203e-03f;
    q = q * square - 7.37332916720468e-03f;
    q = q * square - 1.42647390514189e-02f;
    return x * p / q;
}

// Φ(x), the standard normal distribution function.
INLINE Vec NAMED(normal_cdf)(Vec x) { return 0.5f + 0.5f * NAMED(erf)(x * 0.70710678118654752f); }
