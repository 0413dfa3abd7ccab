// SGD with and without momentum, and the moving average of weights. Part of Update.h, whose macros and helpers it uses.

// torch's weight decay is part of the gradient, and so of the momentum.
INLINE float NAMED(decayed)(MawsSGD s, float gradient, float weight) { return gradient * s.clip + weight * s.decay; }
INLINE float NAMED(next_momentum)(MawsSGD s, float momentum, float gradient) {
    return momentum * s.momentum + gradient;
}
// With Nesterov's momentum the step looks ahead to where the momentum will lead.
INLINE float NAMED(moved)(MawsSGD s, float weight, float gradient, float momentum, int is_nesterov) {
    float direction = is_nesterov ? gradient + momentum * s.momentum : momentum;
    return weight + direction * s.step_size;
}

static void NAMED(sgd)(float *next, const float *weights, const float *gradient, MawsSGD s, size_t count) {
    EACH_ELEMENT next[i] = weights[i] + NAMED(decayed)(s, gradient[i], weights[i]) * s.step_size;
}

INLINE void NAMED(sgd_momentum_part)(
    float *next, const float *weights, const float *gradient, float *momentum, MawsSGD s, size_t count,
    int is_nesterov) {
    EACH_ELEMENT {
        float g = NAMED(decayed)(s, gradient[i], weights[i]);
        float m = NAMED(next_momentum)(s, momentum[i], g);
        momentum[i] = m;
        next[i] = NAMED(moved)(s, weights[i], g, m, is_nesterov);
    }
}

// Where nothing decays, the momentum of elements that never had a gradient stays zero: it is not written, so that pages
// of nothing else take no memory, and the weights are those of before.
static void NAMED(sgd_momentum)(
    float *next, const float *weights, const float *gradient, float *momentum, MawsSGD s, size_t total) {
    for (size_t start = 0; start < total; start += PART) {
        size_t count = total - start < PART ? total - start : PART;
        float *to = next + start, *m = momentum + start;
        const float *w = weights + start, *g = gradient + start;
        if (s.decay == 0 && NAMED(is_zero)(g, count) && NAMED(is_zero)(m, count))
            EACH_ELEMENT to[i] = w[i];
        else if (s.is_nesterov)
            NAMED(sgd_momentum_part)(to, w, g, m, s, count, 1);
        else
            NAMED(sgd_momentum_part)(to, w, g, m, s, count, 0);
    }
}

INLINE void NAMED(sgd_bf16_part)(
    float *next, const float *weights, const float *gradient, uint16_t *momentum, MawsSGD s, const uint32_t *random,
    size_t count, int is_nesterov) {
    EACH_ELEMENT {
        float g = NAMED(decayed)(s, gradient[i], weights[i]);
        float m = NAMED(next_momentum)(s, NAMED(as_float)((uint32_t)momentum[i] << 16), g);
        momentum[i] = (uint16_t)((NAMED(as_bits)(m) + (random[i] & 0xffffu)) >> 16);
        next[i] = NAMED(moved)(s, weights[i], g, m, is_nesterov);
    }
}

static void NAMED(sgd_momentum_bf16)(
    float *next, const float *weights, const float *gradient, uint16_t *momentum, MawsSGD s, const uint32_t key[2],
    uint32_t step, uint64_t block, uint64_t element, size_t count) {
    uint32_t words[PART + 4];
    for (size_t start = 0; start < count; start += PART) {
        size_t part = count - start < PART ? count - start : PART, skipped = (element + start) % 4;
        NAMED(philox)(words, key, step, (block << 40) + (element + start) / 4, (skipped + part + 3) / 4);
        const uint32_t *random = words + skipped;
        if (s.is_nesterov)
            NAMED(sgd_bf16_part)(
                next + start, weights + start, gradient + start, momentum + start, s, random, part, 1);
        else
            NAMED(sgd_bf16_part)(
                next + start, weights + start, gradient + start, momentum + start, s, random, part, 0);
    }
}

static void NAMED(sgd_momentum_int8)(
    float *next, const float *weights, const float *gradient, uint8_t *momentum, float *scales, MawsSGD s,
    const MawsCodeMap *map, uint64_t element, size_t count) {
    float m[GROUP];
    size_t start = 0;
    for (size_t group = 0; start < count; group++) {
        size_t room = GROUP - (element + start) % GROUP, part = count - start < room ? count - start : room;
        NAMED(decode)(m, momentum + start, scales[group], map, part);
        NAMED(sgd_momentum)(next + start, weights + start, gradient + start, m, s, part);
        scales[group] = NAMED(encode)(momentum + start, m, map, part);
        start += part;
    }
}

// torch.lerp goes from the nearer end, so that a gain of 1 copies.
static void NAMED(average)(float *average, const float *weights, float gain, size_t count) {
    if (gain < 0.5f)
        EACH_ELEMENT average[i] = average[i] + (weights[i] - average[i]) * gain;
    else
        EACH_ELEMENT average[i] = weights[i] - (weights[i] - average[i]) * (1 - gain);
}
