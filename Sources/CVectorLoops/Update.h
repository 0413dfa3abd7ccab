// The update of a server's shard. Included once for each instruction set, by UpdateLoops.c, with contraction off.
// The compiler makes the vectors; `assume_safety` says that outputs overlap inputs at the same element only.

#define EACH_ELEMENT _Pragma("clang loop vectorize(assume_safety) interleave(enable)") for (size_t i = 0; i < count; i++)
#define INLINE static inline __attribute__((always_inline))
// Elements whose random words or decoded moments are held at a time.
#define PART 1024
#define GROUP 256

INLINE float NAMED(as_float)(uint32_t bits) {
    float value;
    memcpy(&value, &bits, sizeof value);
    return value;
}
INLINE uint32_t NAMED(as_bits)(float value) {
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    return bits;
}

INLINE float NAMED(next_first)(MawsAdamW a, float first, float gradient) {
    return first + (gradient - first) * a.first_gain;
}
INLINE float NAMED(next_second)(MawsAdamW a, float second, float gradient) {
    return second * a.second_keep + (gradient * a.second_gain) * gradient;
}
INLINE float NAMED(next_weight)(MawsAdamW a, float weight, float first, float second) {
    float denominator = __builtin_elementwise_sqrt(second) / a.root_correction + a.epsilon;
    return weight * a.keep + (first * a.step_size) / denominator;
}

INLINE void NAMED(adamw_part)(
    float *next, const float *weights, const float *gradient, float *first, float *second, MawsAdamW a, size_t count) {
    EACH_ELEMENT {
        float g = gradient[i] * a.clip;
        float m = NAMED(next_first)(a, first[i], g), v = NAMED(next_second)(a, second[i], g);
        first[i] = m;
        second[i] = v;
        next[i] = NAMED(next_weight)(a, weights[i], m, v);
    }
}

INLINE int NAMED(is_zero)(const float *x, size_t count) {
    uint32_t any = 0;
    if (NAMED(as_bits)(x[0])) return 0;
    EACH_ELEMENT any |= NAMED(as_bits)(x[i]);
    return any == 0;
}

// Moments of elements that never had a gradient, rows of a word table for instance, stay zero: they are not written, so
// that pages of nothing else take no memory.
static void NAMED(adamw)(
    float *next, const float *weights, const float *gradient, float *first, float *second, MawsAdamW a, size_t total) {
    for (size_t start = 0; start < total; start += PART) {
        size_t count = total - start < PART ? total - start : PART;
        if (NAMED(is_zero)(gradient + start, count) && NAMED(is_zero)(first + start, count)
            && NAMED(is_zero)(second + start, count))
            EACH_ELEMENT next[start + i] = weights[start + i] * a.keep;
        else
            NAMED(adamw_part)(
                next + start, weights + start, gradient + start, first + start, second + start, a, count);
    }
}

// Word w of block b to words[4 b + w], for blocks at counter (0, step, index + b).
static void NAMED(philox)(uint32_t *words, const uint32_t key[2], uint32_t step, uint64_t index, size_t count) {
    EACH_ELEMENT {
        uint64_t position = index + i;
        uint32_t x = 0, y = step, z = (uint32_t)position, w = (uint32_t)(position >> 32), k0 = key[0], k1 = key[1];
        for (int round = 0; round < 10; round++) {
            uint64_t left = (uint64_t)x * 0xD2511F53u, right = (uint64_t)z * 0xCD9E8D57u;
            x = (uint32_t)(right >> 32) ^ y ^ k0;
            y = (uint32_t)right;
            z = (uint32_t)(left >> 32) ^ w ^ k1;
            w = (uint32_t)left;
            k0 += 0x9E3779B9u;
            k1 += 0xBB67AE85u;
        }
        words[4 * i] = x;
        words[4 * i + 1] = y;
        words[4 * i + 2] = z;
        words[4 * i + 3] = w;
    }
}

static void NAMED(adamw_bf16_part)(
    float *next, const float *weights, const float *gradient, uint16_t *first, uint16_t *second, MawsAdamW a,
    const uint32_t *random, size_t count) {
    EACH_ELEMENT {
        float g = gradient[i] * a.clip;
        float m = NAMED(next_first)(a, NAMED(as_float)((uint32_t)first[i] << 16), g);
        float v = NAMED(next_second)(a, NAMED(as_float)((uint32_t)second[i] << 16), g);
        first[i] = (uint16_t)((NAMED(as_bits)(m) + (random[i] & 0xffffu)) >> 16);
        second[i] = (uint16_t)((NAMED(as_bits)(v) + (random[i] >> 16)) >> 16);
        next[i] = NAMED(next_weight)(a, weights[i], m, v);
    }
}

static void NAMED(adamw_bf16)(
    float *next, const float *weights, const float *gradient, uint16_t *first, uint16_t *second, MawsAdamW adamw,
    const uint32_t key[2], uint32_t step, uint64_t block, uint64_t element, size_t count) {
    uint32_t words[PART + 4];
    for (size_t start = 0; start < count; start += PART) {
        size_t part = count - start < PART ? count - start : PART, skipped = (element + start) % 4;
        NAMED(philox)(words, key, step, (block << 40) + (element + start) / 4, (skipped + part + 3) / 4);
        NAMED(adamw_bf16_part)(
            next + start, weights + start, gradient + start, first + start, second + start, adamw, words + skipped,
            part);
    }
}

INLINE void NAMED(decode)(float *values, const uint8_t *codes, float scale, const MawsCodeMap *map, size_t count) {
    EACH_ELEMENT values[i] = map->values[codes[i]] * scale;
}

// Quotients by the largest magnitude, which is the group's scale, to their codes.
INLINE float NAMED(encode)(uint8_t *codes, float *values, const MawsCodeMap *map, size_t count) {
    float scale = 0;
    EACH_ELEMENT scale = __builtin_elementwise_max(scale, __builtin_elementwise_abs(values[i]));
    float divisor = scale > 0 ? scale : 1;
    EACH_ELEMENT values[i] = values[i] / divisor;
    for (size_t i = 0; i < count; i++) {
        uint8_t code = map->codes[NAMED(as_bits)(values[i]) >> 16];
        codes[i] = (uint8_t)(code + (values[i] > map->middles[code]));
    }
    return scale;
}

static void NAMED(adamw_int8)(
    float *next, const float *weights, const float *gradient, uint8_t *first, uint8_t *second, float *first_scales,
    float *second_scales, MawsAdamW adamw, const MawsCodeMap *signed_map, const MawsCodeMap *unsigned_map,
    uint64_t element, size_t count) {
    float m[GROUP], v[GROUP];
    size_t start = 0;
    for (size_t group = 0; start < count; group++) {
        size_t room = GROUP - (element + start) % GROUP, part = count - start < room ? count - start : room;
        NAMED(decode)(m, first + start, first_scales[group], signed_map, part);
        NAMED(decode)(v, second + start, second_scales[group], unsigned_map, part);
        NAMED(adamw)(next + start, weights + start, gradient + start, m, v, adamw, part);
        first_scales[group] = NAMED(encode)(first + start, m, signed_map, part);
        second_scales[group] = NAMED(encode)(second + start, v, unsigned_map, part);
        start += part;
    }
}

#include "MomentumUpdate.h"

static void NAMED(add)(float *sum, const float *other, size_t count) {
    EACH_ELEMENT sum[i] += other[i];
}

static double NAMED(squares)(const float *x, size_t count) {
    typedef float NAMED(Floats) __attribute__((vector_size(32), aligned(4), may_alias));
    typedef double NAMED(Doubles) __attribute__((vector_size(64)));
    NAMED(Doubles) lanes = {0};
    size_t i = 0;
    for (; i + 8 <= count; i += 8) {
        NAMED(Doubles) part = __builtin_convertvector(*(const NAMED(Floats) *)(x + i), NAMED(Doubles));
        lanes += part * part;
    }
    double sum = 0;
    for (int lane = 0; lane < 8; lane++) sum += lanes[lane];
    for (; i < count; i++) sum += (double)x[i] * (double)x[i];
    return sum;
}

static const MawsUpdateLoops NAMED(update_loops) = {
    .name = LOOPS_NAME,
    .adamw = NAMED(adamw),
    .adamw_bf16 = NAMED(adamw_bf16),
    .adamw_int8 = NAMED(adamw_int8),
    .sgd = NAMED(sgd),
    .sgd_momentum = NAMED(sgd_momentum),
    .sgd_momentum_bf16 = NAMED(sgd_momentum_bf16),
    .sgd_momentum_int8 = NAMED(sgd_momentum_int8),
    .average = NAMED(average),
    .add = NAMED(add),
    .squares = NAMED(squares),
};

#undef EACH_ELEMENT
#undef INLINE
#undef PART
#undef GROUP
